//! The resources of the chain, over the edge.

use super::*;

fn body(answer: &Answer) -> Value {
    let text = String::from_utf8_lossy(&answer.body);
    assert!(answer.status < 300, "{} {text}", answer.status);
    serde_json::from_slice(&answer.body).unwrap()
}

fn new_position(reference: &str) -> Value {
    json!({
        "service_code": "CIE", "reference": reference,
        "debtor": {"type": "person", "tax_code": "RSSMRA80A01H501U", "full_name": "Mario Rossi",
            "address": {"street": "Via Roma 1", "postal_code": "67051", "city": "Avezzano", "province": "AQ", "country": "IT"}},
        "details": {"generic": {}}
    })
}

fn create(key: &str, position: &Value) -> TestRequest {
    let request = TestRequest::post().uri("/v1/debt-positions");
    with("portal", request.insert_header(("Idempotency-Key", key))).set_json(position)
}

fn read(role: &str, uri: &str) -> TestRequest {
    with(role, TestRequest::get().uri(uri))
}

/// A fresh position and its first notice number.
async fn position(reference: &str) -> (Value, String) {
    let answer = call(create(
        &format!("key-of-{reference}"),
        &new_position(reference),
    ))
    .await;
    let made = body(&answer);
    let number = &made["payment_options"][0]["notices"][0]["notice_number"];
    let number = number.as_str().unwrap().to_owned();
    (made, number)
}

#[actix_web::test]
async fn a_position_is_registered_once_shown_and_searched() {
    let reference = "ONCE-1";
    let answer = call(create("once-1-key", &new_position(reference))).await;
    let made = body(&answer);
    assert_eq!((answer.status, answer.header("etag")), (201, "\"1\""));
    assert_eq!(made["state"], "open");
    let id = made["debt_position_id"].as_str().unwrap();
    let location = format!("https://notices.example.it/v1/debt-positions/{id}");
    assert_eq!(answer.header("location"), location);

    let again = call(create("once-1-key", &new_position(reference))).await;
    assert_eq!(
        (again.status, again.header("idempotent-replayed")),
        (201, "true")
    );
    assert_eq!(again.body, answer.body);
    let other = call(create("once-1-key", &new_position("ONCE-2"))).await;
    assert_eq!(other.slug(), "idempotency-key-reused");
    let taken = call(create("once-2-key", &new_position(reference))).await;
    assert_eq!(taken.slug(), "reference-taken");

    let shown = call(read("portal", &format!("/v1/debt-positions/{id}"))).await;
    assert_eq!(body(&shown), made);
    let search = with(
        "portal",
        TestRequest::post().uri("/v1/debt-position-searches"),
    );
    let found = call(search.set_json(json!({"reference": reference}))).await;
    assert_eq!(body(&found)["items"][0], made);
}

#[actix_web::test]
async fn the_same_intent_at_the_same_time_is_carried_out_once() {
    let position = new_position("RACE-1");
    let (a, b) = futures_util::future::join(
        call(create("race-1-key", &position)),
        call(create("race-1-key", &position)),
    )
    .await;
    assert_eq!((a.status, b.status), (201, 201));
    assert_eq!(a.body, b.body);
}

#[actix_web::test]
async fn a_position_of_others_is_not_found() {
    let (made, number) = position("MINE-1").await;
    let id = made["debt_position_id"].as_str().unwrap();
    let other = format!("Bearer {}", key_of(OTHER, "portal").reveal());
    for uri in [
        format!("/v1/debt-positions/{id}"),
        format!("/v1/creditors/{TOWN}/notices/{number}"),
    ] {
        let request = TestRequest::get()
            .uri(&uri)
            .insert_header(("Authorization", other.clone()));
        assert_eq!(call(request).await.slug(), "not-found", "{uri}");
    }
    let list = TestRequest::get()
        .uri("/v1/debt-positions")
        .insert_header(("Authorization", other));
    assert_eq!(body(&call(list).await)["items"], json!([]));
    let platform = format!("Bearer {}", key_of("platform", "admin").reveal());
    let list = TestRequest::get()
        .uri("/v1/creditors")
        .insert_header(("Authorization", platform));
    assert_eq!(
        body(&call(list).await)["items"].as_array().unwrap().len(),
        2
    );
}

#[actix_web::test]
async fn pages_follow_each_other_without_overlap() {
    for n in 0..3 {
        position(&format!("PAGE-{n}")).await;
    }
    let mut seen = Vec::new();
    let mut uri = "/v1/debt-positions?limit=2".to_owned();
    loop {
        let page = body(&call(read("portal", &uri)).await);
        for item in page["items"].as_array().unwrap() {
            seen.push(item["debt_position_id"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["next_cursor"].as_str() else {
            break;
        };
        uri = format!("/v1/debt-positions?limit=2&cursor={next}");
    }
    assert!(
        seen.len() >= 3 && seen.is_sorted_by(|a, b| a < b),
        "{seen:?}"
    );
}

#[actix_web::test]
async fn a_withdrawn_position_has_nothing_to_print_and_an_old_tag_is_refused() {
    let (made, number) = position("WITHDRAW-1").await;
    let notice = format!("/v1/creditors/{TOWN}/notices/{number}");
    let print = call(read("portal", &format!("{notice}/pdf"))).await;
    assert_eq!(
        (print.status, print.header("content-type")),
        (200, "application/pdf")
    );
    assert!(print.body.starts_with(b"%PDF"));
    let shown = body(&call(read("portal", &notice)).await);
    assert!(
        shown["qr_text"]
            .as_str()
            .unwrap()
            .starts_with("PAGOPA|002|")
    );

    let id = made["debt_position_id"].as_str().unwrap();
    let amend = |tag: &'static str| {
        let request = TestRequest::patch().uri(&format!("/v1/debt-positions/{id}"));
        let request = request.insert_header(("Content-Type", "application/merge-patch+json"));
        let request = with("portal", request).insert_header(("If-Match", tag));
        request.set_payload("{\"state\":\"cancelled\"}")
    };
    assert_eq!(call(amend("\"7\"")).await.slug(), "precondition-failed");
    assert_eq!(call(amend("1")).await.slug(), "precondition-failed");
    let changed = call(amend("\"1\"")).await;
    assert_eq!(body(&changed)["state"], "cancelled");
    assert_eq!(changed.header("etag"), "\"2\"");
    assert_eq!(call(amend("\"2\"")).await.slug(), "state-forbids");
    assert_eq!(
        call(read("portal", &format!("{notice}/pdf"))).await.slug(),
        "not-payable"
    );
    let quote = body(&call(read("portal", &format!("{notice}/amount"))).await);
    assert_eq!(
        (quote["payable"].as_bool(), quote.get("amount_cents")),
        (Some(false), None)
    );
}

#[actix_web::test]
async fn a_quote_says_the_price_of_a_day_and_why() {
    let (_, number) = position("QUOTE-1").await;
    let uri = format!("/v1/creditors/{TOWN}/notices/{number}/amount?on=2026-03-05");
    let quote = body(&call(read("portal", &uri)).await);
    assert_eq!(quote["on_date"], "2026-03-05");
    assert_eq!(quote["amount_cents"], quote["steps"][0]["amount_cents"]);
    assert!(quote["payable"].as_bool().unwrap());
}

#[actix_web::test]
async fn rules_that_the_contract_cannot_say_are_broken_with_their_places() {
    let mut wrong = new_position("RULES-1");
    wrong["debtor"]["tax_code"] = json!("RSSMRA80A01H501A");
    let problem = call(create("rules-1-key", &wrong)).await;
    assert_eq!(problem.slug(), "rule-violation");
    assert_eq!(
        problem.problem()["errors"][0]["pointer"],
        "/debtor/tax_code"
    );
    wrong = new_position("RULES-2");
    wrong["details"] = json!({"generic": {"amount_cents": 5}});
    let problem = call(create("rules-2-key", &wrong)).await.problem();
    let pointer = problem["errors"][0]["pointer"].as_str().unwrap();
    assert!(pointer.starts_with("/details/generic"), "{problem}");
    wrong["service_code"] = json!("NOTHING");
    assert_eq!(
        call(create("rules-3-key", &wrong)).await.slug(),
        "unknown-service"
    );
}

#[actix_web::test]
async fn a_creditor_is_read_back_as_it_was_put() {
    let uri = format!("/v1/creditors/{OTHER}");
    let admin = || format!("Bearer {}", key_of(OTHER, "admin").reveal());
    let get = || {
        TestRequest::get()
            .uri(&uri)
            .insert_header(("Authorization", admin()))
    };
    let before = call(get()).await;
    let mut creditor = body(&before);
    let tag = before.header("etag").to_owned();
    assert_eq!(
        call(get().insert_header(("If-None-Match", tag.clone())))
            .await
            .status,
        304
    );
    for read_only in ["creditor_tax_code", "revision"] {
        creditor.as_object_mut().unwrap().remove(read_only);
    }
    creditor["office_name"] = json!("Ufficio Entrate");
    let put = |tag: &str, creditor: &Value| {
        let request = TestRequest::put()
            .uri(&uri)
            .insert_header(("Authorization", admin()));
        request
            .insert_header(("If-Match", tag.to_owned()))
            .set_json(creditor)
    };
    let changed = call(put(&tag, &creditor)).await;
    assert_eq!(body(&changed)["office_name"], "Ufficio Entrate");
    assert_ne!(changed.header("etag"), tag);
    assert_eq!(
        call(put(&tag, &creditor)).await.slug(),
        "precondition-failed"
    );
    creditor["accounts"][0]["iban"] = json!("IT61X0542811101000000123456");
    let problem = call(put("*", &creditor)).await;
    assert_eq!(problem.slug(), "rule-violation");
    assert_eq!(
        problem.problem()["errors"][0]["pointer"],
        "/accounts/0/iban"
    );
}

#[actix_web::test]
async fn a_service_is_read_back_as_it_was_put() {
    let uri = format!("/v1/creditors/{TOWN}/services/CIE");
    let before = body(&call(read("admin", &uri)).await);
    let mut versions = before["versions"].clone();
    versions[0]["title"] = json!("Carta d'identità");
    let put = TestRequest::put().uri(&uri.replace("CIE", "CIE-2"));
    let put = put.set_json(json!({ "versions": versions }));
    let made = call(with("admin", put.insert_header(("If-None-Match", "*")))).await;
    assert_eq!((made.status, &body(&made)["versions"]), (201, &versions));
    let list = format!("/v1/creditors/{TOWN}/services?limit=200");
    let list = body(&call(read("portal", &list)).await);
    let mut items = list["items"].as_array().unwrap().iter();
    assert!(items.any(|item| item["service_code"] == "CIE-2"));
}

#[actix_web::test]
async fn a_journal_is_stored_line_by_line_and_again_without_change() {
    let journal = "esercizio;conto;numero_movimento;tipo_movimento;tipo_documento;\
        tipo_operazione;numero_provvisorio;importo;data_movimento;data_valuta;ordinante;causale\n\
        2026;1;12;ENTRATA;SOSPESO ENTRATA;ESEGUITO;45;209,03;2026-03-01;;PSP;senza riferimento\n\
        2026;1;13;ENTRATA;SOSPESO ENTRATA;ESEGUITO;46;x;2026-03-01;;PSP;\n";
    let import = |key: &'static str| {
        let request = TestRequest::post().uri("/v1/treasury-imports");
        let request = with(
            "accounting",
            request.insert_header(("Idempotency-Key", key)),
        );
        request
            .insert_header(("Content-Type", "text/csv"))
            .set_payload(journal)
    };
    let first = body(&call(import("journal-1")).await);
    assert_eq!(
        (&first["new_lines"], &first["refused_lines"]),
        (&json!(1), &json!(1)),
        "{first}"
    );
    assert_eq!(first["new_amount_cents"], 20903);
    assert_eq!(first["lines"][1]["outcome"], "refused");
    assert_eq!(
        call(import("journal-1"))
            .await
            .header("idempotent-replayed"),
        "true"
    );
    let second = body(&call(import("journal-2")).await);
    assert_eq!(
        (&second["new_lines"], &second["known_lines"]),
        (&json!(0), &json!(1))
    );

    let id = first["lines"][0]["treasury_entry_id"].as_str().unwrap();
    let entry = body(&call(read("accounting", &format!("/v1/treasury-entries/{id}"))).await);
    assert_eq!(entry["amount_cents"], 20903);
    assert_eq!(entry["code"], "cash_unidentified");
    let list = "/v1/reconciliations?group=anomaly&line_kind=treasury";
    let list = body(&call(read("accounting", list)).await);
    let found = &list["items"][0];
    assert_eq!(found["code"], "cash_unidentified");
    let id = found["reconciliation_id"].as_str().unwrap();
    let shown = call(read("accounting", &format!("/v1/reconciliations/{id}"))).await;
    assert_eq!(&body(&shown), found);
}

#[actix_web::test]
async fn flows_are_asked_for_as_a_job() {
    let request = TestRequest::post().uri("/v1/settlement-flow-pulls");
    let request = request.insert_header(("Idempotency-Key", "pull-now-1"));
    let answer = call(with("accounting", request)).await;
    let job = body(&answer);
    assert_eq!(
        (answer.status, job["state"].as_str()),
        (202, Some("queued"))
    );
    let uri = format!("/v1/jobs/{}", job["job_id"].as_str().unwrap());
    assert!(answer.header("location").ends_with(&uri));
    assert_eq!(body(&call(read("accounting", &uri)).await), job);
    assert_eq!(
        body(&call(read("accounting", "/v1/jobs")).await)["items"][0],
        job
    );
}

#[actix_web::test]
async fn empty_lists_are_lists() {
    for uri in ["/v1/payments", "/v1/settlement-flows"] {
        assert_eq!(
            body(&call(read("accounting", uri)).await),
            json!({"items": []}),
            "{uri}"
        );
    }
}

#[actix_web::test]
async fn reports_come_as_json_with_control_totals_and_as_csv() {
    let uri = "/v1/reports/receipts-by-day?from_date=2026-01-01&to_date=2026-12-31";
    let report = body(&call(read("accounting", uri)).await);
    assert!(!report["columns"].as_array().unwrap().is_empty());
    assert!(!report["control_totals"].as_array().unwrap().is_empty());
    let csv = |dialect: &str| {
        let request = read("accounting", &format!("{uri}&dialect={dialect}"));
        request.insert_header(("Accept", "text/csv"))
    };
    let answer = call(csv("it")).await;
    assert_eq!(
        answer.header("content-type"),
        "text/csv; charset=utf-8; header=present"
    );
    let text = String::from_utf8(answer.body).unwrap();
    assert!(text.contains(';') && text.starts_with('\u{feff}'), "{text}");
    let wrong = "/v1/reports/not-reconciled?from_date=2026-02-01&to_date=2026-01-01";
    assert_eq!(
        call(read("accounting", wrong)).await.slug(),
        "rule-violation"
    );
    assert_eq!(
        call(read("accounting", "/v1/reports/nothing")).await.slug(),
        "not-found"
    );
}
