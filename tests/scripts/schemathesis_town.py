"""Brings a town to life, so that generated requests find something: three positions, a payment, its flow, its cash."""

import json
import sys
import time
import urllib.error
import urllib.request

rest, mock, node, keys = sys.argv[1:]
KEYS = dict(line.split() for line in open(keys))
TOWN = "99999000203"


def ask(method, url, body=None, key=None, media_type="application/json", intent=None):
    """Sends a request and reads the answer; a refusal ends the program and is shown."""
    headers = {"Content-Type": media_type}
    if key:
        headers["Authorization"] = f"Bearer {KEYS[key]}"
    if intent:
        headers["Idempotency-Key"] = intent
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)) as answer:
            text = answer.read()
    except urllib.error.HTTPError as refusal:
        sys.exit(f"{method} {url}: {refusal.code} {refusal.read().decode()}")
    return text if answer.headers.get_content_type() == "text/csv" else json.loads(text)


station = {"station_id": "99999000302_01", "segregation_code": "01", "url": node, "version": 2}
creditor = {"legal_name": "Comune di Avezzano", "broker_tax_code": "99999000302", "ibans": [], "stations": [station]}
ask("PUT", f"{mock}/control/creditors/{TOWN}", creditor)
for n in range(3):
    position = {
        "service_code": "LAMPADE",
        "details": {"generic": {"inputs": [{"input": "lamps", "value": str(n + 1)}]}},
        "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
    }
    made = ask("POST", f"{rest}/v1/debt-positions", position, "portal", intent=f"town-{n:06}")
notice = made["payment_options"][0]["notices"][0]["notice_number"]
ask("POST", f"{mock}/control/payments", {"creditor": TOWN, "notice_number": notice, "on": "2026-04-01"})
for day in ("2026-04-01", "2026-04-02", "2026-04-03"):
    ask("POST", f"{mock}/control/days", {"date": day})
journal = ask("GET", f"{mock}/control/treasury/{TOWN}?from=2026-04-01&to=2026-04-30")
ask("POST", f"{rest}/v1/treasury-imports", journal, "accounting", "text/csv", "town-cash")
ask("POST", f"{rest}/v1/settlement-flow-pulls", None, "accounting", intent="town-flows")
for _ in range(300):
    if ask("GET", f"{rest}/v1/settlement-flows", key="accounting")["items"]:
        break
    time.sleep(0.1)
else:
    sys.exit("the flow was not pulled")
