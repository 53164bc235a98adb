//! What officers do about lines that the rules cannot explain, over the wire.

use avviso::app::settlement;
use avviso::domain::ledger::Account;
use avviso::domain::money::Cents;
use avviso::domain::settlement::{Header, Line, Outcome};
use avviso::jobs::age_lines;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::given::{self, single};
use crate::rest::{Caller, Reply};

/// What a notice of one lamp costs.
pub(crate) const LAMP: i64 = 1708;

/// The reference of a notice.
pub(crate) fn iuv(number: &str) -> String {
    number.strip_prefix('3').unwrap().to_owned()
}

/// A notice of some lamps, paid with a receipt of this name; its reference.
pub(crate) async fn paid(app: &TestApp, lamps: i64, receipt: &str) -> String {
    let number = single(&given::position(app, given::lamps(lamps)).await);
    given::paid(app, &number, receipt).await;
    iuv(&number)
}

/// Files a flow of these rows: reference, receipt, amount.
pub(crate) async fn flow(app: &TestApp, flow_id: &str, rows: &[(&str, &str, i64)]) {
    revision(app, (flow_id, 1), rows).await;
}

/// Files a revision of a flow.
pub(crate) async fn revision(
    app: &TestApp,
    (flow_id, revision): (&str, i64),
    rows: &[(&str, &str, i64)],
) {
    let at = app.ctx.now();
    let amount = |cents: i64| Cents::new(cents).unwrap();
    let lines: Vec<Line> = (1..)
        .zip(rows)
        .map(|(number, (iuv, iur, cents))| Line {
            number,
            iuv: (*iuv).to_owned(),
            iur: (*iur).to_owned(),
            transfer: 1,
            amount: amount(*cents),
            outcome: Outcome::Executed,
            paid_on: "2026-04-01".parse().unwrap(),
        })
        .collect();
    let header = Header {
        psp_id: "AGID_01".to_owned(),
        flow_id: flow_id.to_owned(),
        revision,
        flow_at: at,
        regulation: "SCT1".to_owned(),
        regulation_on: "2026-04-02".parse().unwrap(),
        receiver: app.town().to_string(),
        declared_count: i64::try_from(rows.len()).unwrap(),
        declared_sum: amount(rows.iter().map(|row| row.2).sum()),
        published_at: at,
    };
    let (ctx, town) = (app.ctx.clone(), app.town());
    let ingest = move |tx: &mut avviso::store::Tx<'_>, now| {
        let (header, lines) = (&header, lines.as_slice());
        let arrived = settlement::Arrived {
            header,
            lines,
            unread: &[],
        };
        settlement::ingest(tx, now, &ctx, &town, &[arrived])
    };
    app.ctx.write(ingest).await.unwrap();
}

/// A movement on the account; its identifier.
pub(crate) async fn cash(office: &Caller, number: &str, amount: i64, text: &str) -> String {
    let entry = json!({
        "account": "1", "number": number, "direction": "in", "provisional_number": 1,
        "amount_cents": amount, "booked_date": "2026-04-03", "remittance": text,
    });
    let filed = office
        .post("/treasury-entries", &entry)
        .send()
        .await
        .expect(201);
    filed["treasury_entry"]["treasury_entry_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// A reversal of the movements before it, whose text names nothing.
pub(crate) async fn reversal(office: &Caller, number: &str, amount: i64) -> String {
    let entry = json!({
        "account": "1", "number": number, "direction": "in", "provisional_number": 1, "operation": "reversed",
        "amount_cents": amount, "booked_date": "2026-04-07", "remittance": "STORNO",
    });
    let filed = office
        .post("/treasury-entries", &entry)
        .send()
        .await
        .expect(201);
    filed["treasury_entry"]["treasury_entry_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// The text of a transfer that names a flow.
pub(crate) fn names(flow_id: &str) -> String {
    format!("/PUR/LGPE-RIVERSAMENTO/URI/{flow_id}")
}

async fn items(caller: &Caller, path: &str) -> Vec<Value> {
    let page = caller.get(path).send().await.expect(200);
    page["items"].as_array().unwrap().clone()
}

pub(crate) async fn flow_id(office: &Caller, code: &str) -> String {
    let flows = items(office, "/settlement-flows?limit=200").await;
    let found = flows.iter().find(|flow| flow["flow_code"] == code);
    found.unwrap()["settlement_flow_id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// The reconciliation of a line whose key begins like this.
pub(crate) async fn line(caller: &Caller, key: &str) -> Value {
    let lines = items(caller, "/reconciliations?limit=200").await;
    let found = lines
        .iter()
        .find(|line| line["line_key"].as_str().unwrap().starts_with(key));
    found.unwrap_or_else(|| panic!("{key}: {lines:?}")).clone()
}

pub(crate) async fn code(caller: &Caller, key: &str) -> String {
    line(caller, key).await["code"].as_str().unwrap().to_owned()
}

async fn history(caller: &Caller, key: &str) -> Vec<Value> {
    let id = line(caller, key).await["reconciliation_id"].clone();
    items(
        caller,
        &format!("/reconciliations/{}/history", id.as_str().unwrap()),
    )
    .await
}

pub(crate) async fn decide(caller: &Caller, what: Value) -> Reply {
    let mut body = json!({"reason": "other", "note": "Verificato con la banca"});
    body.as_object_mut()
        .unwrap()
        .append(what.clone().as_object_mut().unwrap());
    caller.post("/reconciliation-decisions", &body).send().await
}

/// Asks for another state of a decision as it was read last.
async fn amend(caller: &Caller, decision: &Reply, state: &str) -> Reply {
    let id = decision.json()["reconciliation_decision_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/reconciliation-decisions/{id}");
    let body = json!({"state": state, "note": "Riletto"});
    caller
        .patch(&path, decision.header("etag"), &body)
        .send()
        .await
}

fn matched(entries: &[&str], flows: &[&str]) -> Value {
    json!({"match": {"treasury_entry_ids": entries, "settlement_flow_ids": flows}})
}

fn force(line: &Value) -> Value {
    json!({"force": {"reconciliation_id": line["reconciliation_id"]}})
}

const F: &str = "2026-04-02AGID_01-0001";
const G: &str = "2026-04-02AGID_01-0002";

both_databases! {
    async fn cash_without_a_text_is_given_to_its_flow_and_taken_back(app: TestApp) {
        let office = app.office().await;
        let iuv = paid(&app, 1, "r1").await;
        flow(&app, F, &[(&iuv, "r1", LAMP)]).await;
        let entry = cash(&office, "7", LAMP, "BONIFICO").await;
        let flow = flow_id(&office, F).await;
        assert_eq!(code(&office, "r1/1").await, "reported_not_settled");
        assert_eq!(code(&office, "2026/1/7").await, "cash_unidentified");
        let before = office.get("/reconciliations").send().await.json();

        let body = json!({
            "match": {"treasury_entry_ids": [entry], "settlement_flow_ids": [flow]},
            "reason": "reference_missing", "note": "Importo e giorno del flusso",
        });
        let call = office.post("/reconciliation-decisions", &body);
        let made = call.clone().send().await;
        let decision = made.expect(201);
        assert_eq!((&decision["state"], &decision["kind"]), (&json!("in_force"), &json!("match")));
        for key in ["r1/1", "AGID_01/", "2026/1/7"] {
            assert_eq!(code(&office, key).await, "matched_settled", "{key}");
        }
        assert_eq!(app.balance(Account::UnexplainedCash).await, 0);
        assert_eq!(app.balance(Account::Announced).await, 0);
        let again = call.send().await;
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert_eq!(again.json(), decision);

        let past = history(&office, "2026/1/7").await;
        let causes: Vec<_> = past.iter().map(|one| one["cause"].as_str().unwrap()).collect();
        assert_eq!(causes, ["cash", "decision"]);
        assert_eq!(past[1]["reconciliation_decision_id"], decision["reconciliation_decision_id"]);
        assert_eq!(past[1]["client_id"], decision["proposed"]["client_id"]);
        assert!(past[0].get("client_id").is_none());

        let held = decide(&office, matched(&[&entry], &[&flow])).await;
        assert_eq!(held.json()["errors"][0]["pointer"], "/match/treasury_entry_ids/0");
        let reopened = amend(&office, &made, "reopened").await;
        assert_eq!(reopened.expect(200)["reopened"]["note"], "Riletto");
        let stale = amend(&office, &made, "reopened").await;
        assert_eq!(stale.slug(), "precondition-failed");
        assert_eq!(amend(&office, &reopened, "reopened").await.expect(200), reopened.json());
        assert_eq!(amend(&office, &reopened, "in_force").await.slug(), "state-forbids");
        assert_eq!(app.balance(Account::UnexplainedCash).await, -LAMP);
        assert_eq!(app.balance(Account::Announced).await, LAMP);
        let after = office.get("/reconciliations").send().await.json();
        for (old, new) in before["items"].as_array().unwrap().iter().zip(after["items"].as_array().unwrap()) {
            for name in ["code", "flags", "explanation", "reconciliation_id"] {
                assert_eq!(old[name], new[name]);
            }
        }
        assert_eq!(history(&office, "2026/1/7").await.len(), 3);
    }

    async fn one_transfer_for_two_flows_settles_both_together(app: TestApp) {
        let office = app.office().await;
        let (a, b) = (paid(&app, 1, "r1").await, paid(&app, 2, "r2").await);
        flow(&app, F, &[(&a, "r1", LAMP)]).await;
        flow(&app, G, &[(&b, "r2", 2 * LAMP)]).await;
        let entry = cash(&office, "7", 3 * LAMP - 1, &names(F)).await;
        assert_eq!(code(&office, "r1/1").await, "settled_amount_diff");
        let (f, g) = (flow_id(&office, F).await, flow_id(&office, G).await);
        let made = decide(&office, matched(&[&entry], &[&f, &g])).await;
        made.expect(201);
        assert_eq!(code(&office, "r2/1").await, "settled_partial");
        let rest = cash(&office, "8", 1, &names(G)).await;
        for key in ["r1/1", "r2/1", "2026/1/7", "2026/1/8"] {
            let line = line(&office, key).await;
            assert_eq!(line["code"], "matched_settled", "{key}");
            let flags: Vec<_> = line["flags"].as_array().unwrap().iter().collect();
            assert!(flags.contains(&&json!("multi_flow_transfer")), "{key}: {flags:?}");
            assert_eq!(line["explanation"]["inputs"]["companions"].as_array().unwrap().len(), 1);
        }
        assert_eq!(app.balance(Account::Announced).await, 0);
        // A flow is together with others once, an entry is held once.
        let twice = decide(&office, matched(&[&rest], &[&f, &g])).await;
        let pointers: Vec<_> = twice.json()["errors"].as_array().unwrap().iter()
            .map(|error| error["pointer"].as_str().unwrap().to_owned()).collect();
        assert_eq!(pointers, ["/match/settlement_flow_ids/0", "/match/settlement_flow_ids/1"]);
        amend(&office, &made, "reopened").await.expect(200);
        assert_eq!(code(&office, "r1/1").await, "settled_amount_diff");
        assert_eq!(code(&office, "r2/1").await, "settled_partial");
    }

    async fn several_transfers_settle_one_flow_and_a_wrong_one_is_taken_away(app: TestApp) {
        let office = app.office().await;
        let iuv = paid(&app, 1, "r1").await;
        flow(&app, F, &[(&iuv, "r1", LAMP)]).await;
        let wrong = cash(&office, "6", 99, &names(F)).await;
        let parts = [cash(&office, "7", 1000, "ACCONTO").await, cash(&office, "8", 708, "SALDO").await];
        let flow = flow_id(&office, F).await;
        decide(&office, matched(&[&parts[0], &parts[1]], &[&flow])).await.expect(201);
        assert_eq!(code(&office, "r1/1").await, "settled_amount_diff");
        let taken = decide(&office, json!({"unmatch": {"treasury_entry_ids": [wrong]}})).await;
        taken.expect(201);
        let settled = line(&office, "r1/1").await;
        assert_eq!(settled["code"], "matched_settled");
        assert_eq!(settled["flags"], json!(["split_transfer"]));
        assert_eq!(code(&office, "2026/1/6").await, "cash_unknown_reference");
        // New facts do not move what officers hold.
        flow_again(&app, &iuv).await;
        assert_eq!(code(&office, "2026/1/6").await, "cash_unknown_reference");
        amend(&office, &taken, "reopened").await.expect(200);
        assert_eq!(code(&office, "2026/1/6").await, "settled_amount_diff");
    }

    async fn the_rest_of_a_flow_is_missed_when_it_was_waited_for_long_enough(app: TestApp) {
        let office = app.office().await;
        let (a, b) = (paid(&app, 1, "r1").await, paid(&app, 2, "r2").await);
        flow(&app, F, &[(&a, "r1", LAMP), (&b, "r2", 2 * LAMP)]).await;
        cash(&office, "7", LAMP, &names(F)).await;
        decide(&office, force(&line(&office, "r2/1").await)).await.expect(201);
        let keys = ["r1/1", "AGID_01/2026-04-02AGID_01-0001/1/1", "2026/1/7"];
        // Booked on 3 April: waited for until the 13th.
        app.set_clock("2026-04-13T08:00:00Z");
        assert_eq!(age_lines::run(&app.ctx, &app.town()).await.unwrap(), 0);
        for key in keys {
            assert_eq!(code(&office, key).await, "settled_partial", "{key}");
        }
        app.set_clock("2026-04-14T08:00:00Z");
        // Both receipts, both rows, and the entry.
        assert_eq!(age_lines::run(&app.ctx, &app.town()).await.unwrap(), 5);
        for key in keys {
            let missed = line(&office, key).await;
            assert_eq!((&missed["code"], &missed["group"]), (&json!("settled_amount_diff"), &json!("anomaly")), "{key}");
            let last = history(&office, key).await.pop().unwrap();
            assert_eq!((&last["cause"], &last["rule"]), (&json!("age"), &json!("rest_did_not_come")), "{key}");
        }
        let closed = line(&office, "r2/1").await;
        assert_eq!((&closed["code"], &closed["explanation"]["closed_by"]["instead_of"]), (&json!("forced"), &json!("settled_amount_diff")));
        let before = app.dump();
        assert_eq!(age_lines::run(&app.ctx, &app.town()).await.unwrap(), 0);
        assert_eq!(app.dump(), before);
        // The rest comes late, and is the rest.
        cash(&office, "8", 2 * LAMP, &names(F)).await;
        for key in keys {
            assert_eq!(code(&office, key).await, "matched_settled", "{key}");
        }
    }

    async fn what_the_bank_takes_back_leaves_the_flow_waiting(app: TestApp) {
        let office = app.office().await;
        let iuv = paid(&app, 1, "r1").await;
        flow(&app, F, &[(&iuv, "r1", LAMP)]).await;
        cash(&office, "7", LAMP, &names(F)).await;
        reversal(&office, "8", LAMP).await;
        for (key, expected) in [
            ("r1/1", "reported_not_settled"), ("AGID_01/", "reported_not_settled"),
            ("2026/1/7", "out_of_scope"), ("2026/1/8", "out_of_scope"),
        ] {
            assert_eq!(code(&office, key).await, expected, "{key}");
        }
        assert_eq!(line(&office, "2026/1/8").await["rule"], "taken_back");
        assert_eq!(app.balance(Account::Announced).await, LAMP);
        assert_eq!(app.balance(Account::UnexplainedCash).await, 0);
    }

    async fn a_transfer_that_names_two_flows_pays_both_in_any_order(app: TestApp) {
        let office = app.office().await;
        let (a, b) = (paid(&app, 1, "r1").await, paid(&app, 2, "r2").await);
        let text = format!("{} /URI/{G}", names(F));
        flow(&app, F, &[(&a, "r1", LAMP)]).await;
        cash(&office, "7", 3 * LAMP, &text).await;
        // The other flow is not there yet: there is too much for the first.
        assert_eq!(code(&office, "r1/1").await, "settled_amount_diff");
        flow(&app, G, &[(&b, "r2", 2 * LAMP)]).await;
        for key in ["r1/1", "r2/1", "AGID_01/2026-04-02AGID_01-0001", "AGID_01/2026-04-02AGID_01-0002", "2026/1/7"] {
            let settled = line(&office, key).await;
            assert_eq!((&settled["code"], &settled["flags"]), (&json!("matched_settled"), &json!(["multi_flow_transfer"])), "{key}");
        }
        assert_eq!(app.balance(Account::Announced).await, 0);
        assert_eq!(app.balance(Account::UnexplainedCash).await, 0);
        // An officer knows better, and changes their mind.
        let entry = line(&office, "2026/1/7").await;
        let found = items(&office, "/treasury-entries").await;
        let entry_id = found[0]["treasury_entry_id"].as_str().unwrap();
        let taken = decide(&office, json!({"unmatch": {"treasury_entry_ids": [entry_id]}})).await;
        taken.expect(201);
        assert_eq!(code(&office, "r2/1").await, "reported_not_settled");
        amend(&office, &taken, "reopened").await.expect(200);
        assert_eq!(line(&office, "2026/1/7").await["explanation"], entry["explanation"]);
        assert_eq!(code(&office, "r2/1").await, "matched_settled");
        // Taken back, both wait again.
        reversal(&office, "8", 3 * LAMP).await;
        for key in ["r1/1", "r2/1"] {
            assert_eq!(code(&office, key).await, "reported_not_settled", "{key}");
        }
    }

    async fn a_cut_text_means_all_flows_that_begin_so_when_the_amount_is_theirs(app: TestApp) {
        let office = app.office().await;
        let (a, b) = (paid(&app, 1, "r1").await, paid(&app, 2, "r2").await);
        let text = names(F.trim_end_matches('1'));
        cash(&office, "6", 3 * LAMP - 1, &text).await;
        cash(&office, "7", 3 * LAMP, &text).await;
        flow(&app, F, &[(&a, "r1", LAMP)]).await;
        flow(&app, G, &[(&b, "r2", 2 * LAMP)]).await;
        let doubtful = line(&office, "2026/1/6").await;
        assert_eq!((&doubtful["code"], &doubtful["flags"]), (&json!("cash_unknown_reference"), &json!(["ambiguous"])));
        for key in ["r1/1", "r2/1", "2026/1/7"] {
            let settled = line(&office, key).await;
            assert_eq!((&settled["code"], &settled["flags"]), (&json!("matched_settled"), &json!(["reference_truncated", "multi_flow_transfer"])), "{key}");
        }
    }

    async fn cash_is_given_to_one_receipt_and_the_books_follow(app: TestApp) {
        let office = app.office().await;
        let iuv = paid(&app, 1, "r1").await;
        let entry = cash(&office, "7", LAMP, "BONIFICO ROSSI").await;
        assert_eq!(app.balance(Account::InTransit).await, LAMP);
        let best = suggestions(&office, "2026/1/7").await.remove(0);
        assert_eq!((&best["receipt_id"], &best["treasury_entry_ids"]), (&json!("r1"), &json!([entry])));
        let same = suggestions(&office, "r1/1").await.remove(0);
        assert_eq!((&same["receipt_id"], &same["treasury_entry_ids"]), (&json!("r1"), &json!([entry])));
        let body = json!({"match": {"treasury_entry_ids": best["treasury_entry_ids"], "receipt_id": best["receipt_id"]}});
        let made = decide(&office, body.clone()).await;
        assert_eq!(made.expect(201)["match"]["receipt_id"], "r1");
        for key in ["r1/1", "2026/1/7"] {
            assert_eq!(code(&office, key).await, "matched_settled_single", "{key}");
        }
        for account in [Account::InTransit, Account::UnexplainedCash, Account::Announced] {
            assert_eq!(app.balance(account).await, 0, "{account}");
        }
        // A storno follows, and so does what restores it.
        reversal(&office, "8", LAMP).await;
        assert_eq!(code(&office, "r1/1").await, "paid_not_reported");
        assert_eq!(code(&office, "2026/1/8").await, "out_of_scope");
        assert_eq!(app.balance(Account::InTransit).await, LAMP);
        assert_eq!(app.balance(Account::UnexplainedCash).await, 0);
        amend(&office, &made, "reopened").await.expect(200);
        for key in ["2026/1/7", "2026/1/8"] {
            assert_eq!(code(&office, key).await, "cash_unidentified", "{key}");
        }
        // Decided after the storno has come, it ends the same.
        let again = decide(&office, body).await;
        again.expect(201);
        assert_eq!(code(&office, "2026/1/8").await, "out_of_scope");
        assert_eq!(code(&office, "r1/1").await, "paid_not_reported");
        // A flow that reports the payment takes its cash over.
        amend(&office, &again, "reopened").await.expect(200);
        let other = cash(&office, "9", LAMP, "ALTRO").await;
        decide(&office, json!({"match": {"treasury_entry_ids": [other], "receipt_id": "r1"}})).await.expect(201);
        flow(&app, F, &[(&iuv, "r1", LAMP)]).await;
        for key in ["r1/1", "AGID_01/", "2026/1/9"] {
            assert_eq!(code(&office, key).await, "matched_settled", "{key}");
        }
        for account in [Account::InTransit, Account::UnexplainedCash, Account::Announced] {
            assert_eq!(app.balance(account).await, 0, "{account}");
        }
        let nobody = decide(&office, json!({"match": {"treasury_entry_ids": [entry], "receipt_id": "nobody"}})).await;
        assert_eq!(nobody.json()["errors"][0]["pointer"], "/match/receipt_id");
        let both = json!({"match": {"treasury_entry_ids": [entry], "receipt_id": "r1", "settlement_flow_ids": [entry]}});
        assert_eq!(decide(&office, both).await.slug(), "contract-violation");
    }

    async fn cash_that_names_a_payment_clears_it_with_and_without_a_flow(app: TestApp) {
        let office = app.office().await;
        let iuv = paid(&app, 1, "r1").await;
        let text = format!("/RFB/{iuv}/17.08");
        cash(&office, "7", LAMP, &text).await;
        for key in ["r1/1", "2026/1/7"] {
            assert_eq!(code(&office, key).await, "matched_settled_single", "{key}");
        }
        for account in [Account::InTransit, Account::UnexplainedCash, Account::Announced] {
            assert_eq!(app.balance(account).await, 0, "{account}");
        }
        flow(&app, F, &[(&iuv, "r1", LAMP)]).await;
        for key in ["r1/1", "AGID_01/", "2026/1/7"] {
            assert_eq!(code(&office, key).await, "matched_settled", "{key}");
        }
        for account in [Account::InTransit, Account::UnexplainedCash, Account::Announced] {
            assert_eq!(app.balance(account).await, 0, "{account}");
        }
        // Cash before its receipt: the reference is unknown until then.
        let number = single(&given::position(&app, given::lamps(2)).await);
        cash(&office, "8", 2 * LAMP, &format!("/RFB/{}", self::iuv(&number))).await;
        assert_eq!(code(&office, "2026/1/8").await, "cash_unknown_reference");
        given::paid(&app, &number, "r2").await;
        assert_eq!(code(&office, "2026/1/8").await, "matched_settled_single");
        assert_eq!(app.balance(Account::InTransit).await, 0);
    }

    async fn a_storno_follows_what_officers_have_decided(app: TestApp) {
        let office = app.office().await;
        let iuv = paid(&app, 1, "r1").await;
        flow(&app, F, &[(&iuv, "r1", LAMP)]).await;
        let entry = cash(&office, "7", LAMP, "BONIFICO").await;
        let made = decide(&office, matched(&[&entry], &[&flow_id(&office, F).await])).await;
        made.expect(201);
        reversal(&office, "8", LAMP).await;
        assert_eq!(code(&office, "r1/1").await, "reported_not_settled");
        for key in ["2026/1/7", "2026/1/8"] {
            assert_eq!(code(&office, key).await, "out_of_scope", "{key}");
        }
        amend(&office, &made, "reopened").await.expect(200);
        for key in ["2026/1/7", "2026/1/8"] {
            assert_eq!(code(&office, key).await, "cash_unidentified", "{key}");
        }
        assert_eq!(app.balance(Account::UnexplainedCash).await, 0);
    }

    async fn a_row_that_comes_twice_is_once_without_a_receipt(app: TestApp) {
        let office = app.office().await;
        let iuv = paid(&app, 1, "r1").await;
        flow(&app, F, &[(&iuv, "r1", LAMP), (&iuv, "r1", LAMP)]).await;
        cash(&office, "7", 2 * LAMP, &names(F)).await;
        for (key, expected) in [
            ("r1/1", "matched_settled"), ("AGID_01/2026-04-02AGID_01-0001/1/1", "matched_settled"),
            ("AGID_01/2026-04-02AGID_01-0001/1/2", "reported_without_receipt"), ("2026/1/7", "matched_settled"),
        ] {
            assert_eq!(code(&office, key).await, expected, "{key}");
        }
        let again = line(&office, "AGID_01/2026-04-02AGID_01-0001/1/2").await;
        assert_eq!((&again["rule"], &again["flags"]), (&json!("row_again"), &json!(["flow_row_duplicate"])));
        assert_eq!(again["explanation"]["inputs"]["receipts"], json!(["r1/1"]));
    }

    async fn two_flows_that_report_the_same_payment_name_each_other(app: TestApp) {
        let office = app.office().await;
        let iuv = paid(&app, 1, "r1").await;
        let keys = [format!("AGID_01/{F}/1/1"), format!("AGID_01/{G}/1/1")];
        flow(&app, F, &[(&iuv, "r1", LAMP)]).await;
        assert_eq!(line(&office, &keys[0]).await["flags"], json!([]));
        flow(&app, G, &[(&iuv, "r1", LAMP)]).await;
        for (key, expected) in keys.iter().zip(["reported_not_settled", "reported_without_receipt"]) {
            let row = line(&office, key).await;
            assert_eq!((&row["code"], &row["flags"]), (&json!(expected), &json!(["flow_row_duplicate"])));
            assert_eq!(row["explanation"]["inputs"]["flow_lines"], json!(keys));
        }
        // The provider takes one of them back.
        revision(&app, (G, 2), &[]).await;
        assert_eq!(line(&office, &keys[0]).await["flags"], json!([]));
    }

    async fn two_people_are_behind_a_decision_when_the_creditor_wants_it(app: TestApp) {
        let office = app.office().await;
        let (first, second) = (app.client(&app.town(), &["accounting"]).await, app.client(&app.town(), &["accounting"]).await);
        let path = format!("/creditors/{}/reconciliation-terms", app.town());
        let shown = office.get(&path).send().await;
        assert_eq!((shown.expect(200)["revision"].clone(), shown.header("etag")), (json!(0), "\"0\""));
        let terms = json!({"tolerance_cents": 0, "second_approver": true});
        assert_eq!(first.put(&path, &terms).send().await.slug(), "not-allowed");
        office.put(&path, &terms).header("if-match", "\"0\"").send().await.expect(200);
        let stale = office.put(&path, &terms).header("if-match", "\"0\"").send().await;
        assert_eq!(stale.slug(), "precondition-failed");

        paid(&app, 1, "r1").await;
        let open = line(&office, "r1/1").await;
        let proposed = decide(&first, force(&open)).await;
        assert_eq!(proposed.expect(201)["state"], "proposed");
        assert_eq!(code(&office, "r1/1").await, "paid_not_reported");
        assert_eq!(items(&office, "/reconciliation-decisions?state=proposed").await.len(), 1);
        assert_eq!(amend(&first, &proposed, "in_force").await.slug(), "second-person-required");
        let approved = amend(&second, &proposed, "in_force").await;
        let held = approved.expect(200);
        assert_ne!(held["decided"]["client_id"], held["proposed"]["client_id"]);
        let closed = line(&office, "r1/1").await;
        assert_eq!((&closed["code"], &closed["group"]), (&json!("forced"), &json!("closed")));
        assert_eq!(closed["explanation"]["closed_by"]["instead_of"], "paid_not_reported");
        assert_eq!(closed["explanation"]["closed_by"]["reconciliation_decision_id"], held["reconciliation_decision_id"]);
        let twice = decide(&first, force(&closed)).await;
        assert_eq!(twice.complaint(), "422 rule-violation [/force/reconciliation_id the line is neither pending nor an anomaly: there is nothing to close]");
        let refused = decide(&first, force(&line(&office, "r1/1").await)).await;
        assert_eq!(refused.slug(), "rule-violation");
        amend(&first, &approved, "reopened").await.expect(200);
        assert_eq!(code(&office, "r1/1").await, "paid_not_reported");
    }

    async fn a_forced_line_stays_forced_when_facts_come_and_says_what_they_would_make_of_it(app: TestApp) {
        let office = app.office().await;
        let iuv = paid(&app, 1, "r1").await;
        decide(&office, force(&line(&office, "r1/1").await)).await.expect(201);
        flow(&app, F, &[(&iuv, "r1", LAMP)]).await;
        cash(&office, "7", LAMP, &names(F)).await;
        let closed = line(&office, "r1/1").await;
        assert_eq!(closed["code"], "forced");
        assert_eq!(closed["explanation"]["closed_by"]["instead_of"], "matched_settled");
        assert_eq!(code(&office, "AGID_01/").await, "matched_settled");
        let past = history(&office, "r1/1").await;
        let told: Vec<_> = past.iter()
            .map(|one| (one["code"].as_str().unwrap(), one["cause"].as_str().unwrap())).collect();
        assert_eq!(told, [("paid_not_reported", "receipt"), ("forced", "decision"), ("forced", "flow"), ("forced", "cash")]);
    }

    async fn another_tolerance_moves_what_it_makes_agree_and_back(app: TestApp) {
        let office = app.office().await;
        let iuv = paid(&app, 1, "r1").await;
        flow(&app, F, &[(&iuv, "r1", LAMP)]).await;
        cash(&office, "7", LAMP - 3, &names(F)).await;
        let path = format!("/creditors/{}/reconciliation-terms", app.town());
        let terms = |cents: i64| json!({"tolerance_cents": cents, "second_approver": false});
        for (cents, expected) in [(2, "settled_partial"), (3, "matched_settled"), (0, "settled_partial")] {
            office.put(&path, &terms(cents)).send().await.expect(200);
            for key in ["r1/1", "AGID_01/", "2026/1/7"] {
                assert_eq!(code(&office, key).await, expected, "{cents} {key}");
            }
        }
        let last = history(&office, "r1/1").await.pop().unwrap();
        assert_eq!(last["cause"], "terms");
        assert!(last["client_id"].is_string());
    }

    async fn what_a_decision_cannot_be_about_is_named(app: TestApp) {
        let office = app.office().await;
        let iuv = paid(&app, 1, "r1").await;
        flow(&app, F, &[(&iuv, "r1", LAMP)]).await;
        let entry = cash(&office, "7", LAMP, "BONIFICO").await;
        let nobody = "00000000-0000-7000-8000-000000000000";
        let before = app.dump();
        let wrong = decide(&office, matched(&[&entry, nobody], &[nobody])).await;
        assert_eq!(wrong.complaint(), "422 rule-violation [/match/treasury_entry_ids/1 no treasury entry has this id] \
            [/match/settlement_flow_ids/0 no settlement flow has this id]");
        let line = decide(&office, json!({"force": {"reconciliation_id": nobody}})).await;
        assert_eq!(line.json()["errors"][0]["pointer"], "/force/reconciliation_id");
        let free = decide(&office, json!({"unmatch": {"treasury_entry_ids": [entry]}})).await;
        assert_eq!(free.json()["errors"][0]["pointer"], "/unmatch/treasury_entry_ids/0");
        let both = json!({"force": {"reconciliation_id": nobody}, "unmatch": {"treasury_entry_ids": [entry]}});
        assert_eq!(decide(&office, both).await.slug(), "contract-violation");
        assert_eq!(decide(&office, json!({})).await.slug(), "contract-violation");
        assert_eq!(app.dump(), before);
        let portal = app.client(&app.town(), &["portal"]).await;
        assert_eq!(decide(&portal, matched(&[&entry], &[nobody])).await.slug(), "not-allowed");
    }
}

async fn suggestions(office: &Caller, key: &str) -> Vec<Value> {
    let id = line(office, key).await["reconciliation_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let found = office
        .get(&format!("/reconciliations/{id}/suggestions"))
        .send()
        .await
        .expect(200);
    found["suggestions"].as_array().unwrap().clone()
}

both_databases! {
    async fn what_may_belong_together_is_suggested_and_changes_nothing(app: TestApp) {
        let office = app.office().await;
        let (a, b) = (paid(&app, 1, "r1").await, paid(&app, 2, "r2").await);
        flow(&app, F, &[(&a, "r1", LAMP)]).await;
        flow(&app, G, &[(&b, "r2", 2 * LAMP)]).await;
        let both = cash(&office, "7", 3 * LAMP, "GIROFONDO TESORERIA").await;
        let one = cash(&office, "8", LAMP, "URI 2026 04 02 AGID 01 00 01").await;
        let (f, g) = (flow_id(&office, F).await, flow_id(&office, G).await);
        let before = app.dump();

        let found = suggestions(&office, "2026/1/7").await;
        assert_eq!(found.len(), 1, "{found:?}");
        let mut flows = vec![f.clone(), g.clone()];
        flows.sort();
        assert_eq!((&found[0]["settlement_flow_ids"], &found[0]["treasury_entry_ids"]), (&json!(flows), &json!([both])));
        assert_eq!(found[0]["likenesses"], json!(["same_amount", "sum_of_several", "same_days"]));
        let best = &suggestions(&office, "2026/1/8").await[0];
        assert_eq!((&best["score"], &best["settlement_flow_ids"]), (&json!(100), &json!([f])));
        assert_eq!(best["likenesses"], json!(["same_amount", "same_days", "text_resembles"]));
        for key in ["r1/1", "AGID_01/2026-04-02AGID_01-0001"] {
            let found = suggestions(&office, key).await;
            assert_eq!((&found[0]["treasury_entry_ids"], &found[0]["settlement_flow_ids"]), (&json!([one]), &json!([f])), "{key}");
        }
        assert_eq!(app.dump(), before);

        let made = json!({"match": {"treasury_entry_ids": best["treasury_entry_ids"], "settlement_flow_ids": best["settlement_flow_ids"]}});
        decide(&office, made).await.expect(201);
        for key in ["2026/1/8", "r1/1"] {
            assert_eq!(code(&office, key).await, "matched_settled");
            assert_eq!(suggestions(&office, key).await, Vec::<Value>::new(), "{key}");
        }
        assert!(suggestions(&office, "2026/1/7").await.is_empty());
    }
}

async fn flags(office: &Caller, key: &str) -> Value {
    line(office, key).await["flags"].clone()
}

/// Whole cents of an amount as messages write it, and back.
fn moved(amount: &str, cents: i64) -> String {
    let now = amount.replace('.', "").parse::<i64>().unwrap() + cents;
    format!("{}.{:02}", now / 100, now % 100)
}

both_databases! {
    async fn what_price_account_and_key_say_about_a_receipt_is_flagged(app: TestApp) {
        use crate::soap::Message;
        let office = app.office().await;
        let fine = single(&given::position(&app, given::fine()).await);
        let payment = given::activated(&app, &fine).await;
        let late = Message::send_rt("paSendRTV2", &fine, "late", &payment).with("payment_date_time", "2026-04-20T10:15:00");
        let tari = single(&given::position(&app, given::tari()).await);
        let payment = given::activated(&app, &tari).await;
        let shares = Message::send_rt("paSendRTV2", &tari, "shares", &payment).with_transfers(|parts| {
            assert_eq!(parts.len(), 2);
            parts[0].amount = moved(&parts[0].amount, -1);
            parts[1].amount = moved(&parts[1].amount, 1);
        });
        let lamps = single(&given::position(&app, given::lamps(1)).await);
        let payment = given::activated(&app, &lamps).await;
        let elsewhere = Message::send_rt("paSendRTV2", &lamps, "elsewhere", &payment)
            .with_transfers(|parts| parts[0].iban = "IT60X0542811101000000123456".to_owned());
        let unknown = Message::send_rt("paSendRTV2", "301999999999999999", "unknown", &payment).with("iuv", "01999999999999999");
        for message in [late, shares, elsewhere, unknown] {
            let answer = message.send(&app).await;
            assert_eq!(answer.outcome(), "OK", "{}", answer.pretty());
        }
        paid(&app, 1, "plain").await;
        for (receipt, expected) in [
            ("late/1", json!(["paid_late_tier"])), ("shares/1", json!(["tefa_split_mismatch"])),
            ("elsewhere/1", json!(["iban_mismatch"])), ("unknown/1", json!(["accounting_incomplete"])),
            ("plain/1", json!([])),
        ] {
            assert_eq!(flags(&office, receipt).await, expected, "{receipt}");
        }
    }
}

/// A page of a list, and where the next one begins.
async fn page(caller: &Caller, path: &str) -> (Vec<Value>, Option<String>) {
    let page = caller.get(path).send().await.expect(200);
    let next = page["next_cursor"].as_str().map(str::to_owned);
    (page["items"].as_array().unwrap().clone(), next)
}

fn keys(items: &[Value]) -> Vec<&str> {
    items
        .iter()
        .map(|item| item["reconciliation"]["line_key"].as_str().unwrap())
        .collect()
}

/// Figures of a month as `kind code adjustment count cents`.
fn figures(period: &Value) -> Vec<String> {
    let told = |one: &Value| {
        let word = |name: &str| one[name].as_str().unwrap().to_owned();
        let adjusted = if one["adjustment"] == true {
            " adjusted"
        } else {
            ""
        };
        format!(
            "{} {}{adjusted} {} {}",
            word("line_kind"),
            word("code"),
            one["count"],
            one["amount_cents"]
        )
    };
    period["figures"]
        .as_array()
        .unwrap()
        .iter()
        .map(told)
        .collect()
}

async fn close(office: &Caller, month: &str) -> Reply {
    office
        .post(
            "/accounting-periods",
            &json!({"month": month, "note": "Chiusura"}),
        )
        .send()
        .await
}

async fn period(office: &Caller, closed: &Reply) -> Reply {
    let id = closed.json()["accounting_period_id"]
        .as_str()
        .unwrap()
        .to_owned();
    office
        .get(&format!("/accounting-periods/{id}"))
        .send()
        .await
}

async fn turn(office: &Caller, read: &Reply, state: &str) -> Reply {
    let id = read.json()["accounting_period_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let body = json!({"state": state, "note": "Riletto"});
    office
        .patch(
            &format!("/accounting-periods/{id}"),
            read.header("etag"),
            &body,
        )
        .send()
        .await
}

both_databases! {
    async fn open_lines_are_assigned_commented_and_leave_the_list_when_explained(app: TestApp) {
        let office = app.office().await;
        let iuv = paid(&app, 1, "r1").await;
        paid(&app, 2, "r2").await;
        cash(&office, "7", 999, "VARIE").await;
        let (all, none) = page(&office, "/work-items").await;
        assert_eq!((keys(&all), none), (vec!["r1/1", "r2/1", "2026/1/7"], None));
        let mut seen = Vec::new();
        let mut next = Some(String::new());
        while let Some(cursor) = next {
            let cursor = if cursor.is_empty() { cursor } else { format!("&cursor={cursor}") };
            let (items, after) = page(&office, &format!("/work-items?limit=1{cursor}")).await;
            seen.extend(items);
            next = after;
        }
        assert_eq!(seen, all);

        let path = format!("/work-items/{}", all[0]["reconciliation"]["reconciliation_id"].as_str().unwrap());
        let read = office.get(&path).send().await;
        assert_eq!((read.header("etag"), &read.json()["state"]), ("\"0\"", &json!("new")));
        let given = office.patch(&path, read.header("etag"), &json!({"assignee": "Anna Verdi", "state": "in_progress"})).send().await;
        assert_eq!(given.expect(200)["assignee"], "Anna Verdi");
        let stale = office.patch(&path, read.header("etag"), &json!({"state": "waiting"})).send().await;
        assert_eq!(stale.slug(), "precondition-failed");
        let said = office.post(&format!("{path}/comments"), &json!({"text": "Chiesto alla banca"}));
        let first = said.clone().send().await.expect(201);
        assert_eq!(said.send().await.expect(201), first);
        let (events, _) = page(&office, &format!("{path}/events")).await;
        let told: Vec<_> = events.iter().map(|one| (one["assignee"].as_str(), one["text"].as_str())).collect();
        assert_eq!(told, [(Some("Anna Verdi"), None), (Some("Anna Verdi"), Some("Chiesto alla banca"))]);
        for (query, expected) in [
            ("assignee=Anna%20Verdi", vec!["r1/1"]), ("assigned=false", vec!["r2/1", "2026/1/7"]),
            ("state=in_progress", vec!["r1/1"]), ("state=new", vec!["r2/1", "2026/1/7"]), ("state=waiting", vec![]),
            ("line_kind=treasury", vec!["2026/1/7"]), ("code=paid_not_reported&assigned=false", vec!["r2/1"]),
            ("code=matched_settled", vec![]), ("age_bucket=older", vec![]),
        ] {
            let (items, _) = page(&office, &format!("/work-items?{query}")).await;
            assert_eq!(keys(&items), expected, "{query}");
        }
        let read = office.get(&path).send().await;
        let taken = office.patch(&path, read.header("etag"), &json!({"assigned": false})).send().await;
        assert!(taken.expect(200).get("assignee").is_none());

        flow(&app, F, &[(&iuv, "r1", LAMP)]).await;
        cash(&office, "8", LAMP, &names(F)).await;
        let (left, _) = page(&office, "/work-items").await;
        assert_eq!(keys(&left), ["r2/1", "2026/1/7"]);
        let late = office.patch(&path, taken.header("etag"), &json!({"state": "waiting"})).send().await;
        assert_eq!(late.slug(), "state-forbids");
        let auditor = app.client(&app.town(), &["auditor"]).await;
        let refused = auditor.patch(&path, taken.header("etag"), &json!({"state": "waiting"})).send().await;
        assert_eq!(refused.slug(), "not-allowed");
    }

    async fn ages_add_up_and_clearing_accounts_say_since_when(app: TestApp) {
        let office = app.office().await;
        paid(&app, 1, "r1").await;
        app.set_clock("2026-04-06T08:00:00Z");
        cash(&office, "7", 999, "VARIE").await;
        app.set_clock("2026-04-20T08:00:00Z");
        let number = single(&given::position(&app, given::lamps(3)).await);
        let payment = given::activated(&app, &number).await;
        for receipt in ["r2", "r3"] {
            let sent = crate::soap::Message::send_rt("paSendRTV2", &number, receipt, &payment).send(&app).await;
            assert_eq!(sent.outcome(), "OK");
        }
        let aging = office.get("/aging").send().await.expect(200);
        assert_eq!(aging["as_of_date"], "2026-04-20");
        let told: Vec<String> = aging["lines"].as_array().unwrap().iter()
            .map(|one| format!("{} {} {} {}", one["age_bucket"].as_str().unwrap(), one["code"].as_str().unwrap(), one["count"], one["amount_cents"]))
            .collect();
        let sum: i64 = aging["lines"].as_array().unwrap().iter().map(|one| one["amount_cents"].as_i64().unwrap()).sum();
        assert_eq!(sum, LAMP + 999 + 6 * LAMP, "{told:?}");
        assert!(told.contains(&"month cash_unidentified 1 999".to_owned()), "{told:?}");
        let clearing: Vec<_> = aging["clearing_accounts"].as_array().unwrap().iter()
            .map(|one| (one["account"].as_str().unwrap(), one["balance_cents"].as_i64().unwrap(), one["age_days"].as_i64())).collect();
        assert_eq!(clearing[0].0, "in_transit");
        assert_eq!(clearing[0].1, 7 * LAMP);
        assert!(clearing[0].2.unwrap() >= 19, "{clearing:?}");
        assert_eq!(clearing[1], ("announced", 0, None));
        assert_eq!(clearing[2], ("unexplained_cash", -999, Some(17)));
        let (owed, _) = page(&office, "/refunds-owed").await;
        assert_eq!(owed.len(), 1, "{owed:?}");
        assert_eq!((owed[0]["notice_number"].as_str().unwrap(), &owed[0]["amount_cents"]), (number.as_str(), &json!(3 * LAMP)));
        assert_eq!((&owed[0]["service_code"], &owed[0]["receipt_id"]), (&json!("LAMPADE"), &json!("r3")));
        assert_eq!(app.balance(Account::Receivable).await, -3 * LAMP);
        let (doubles, _) = page(&office, "/work-items?code=double_payment").await;
        assert_eq!(keys(&doubles), ["r2/1", "r3/1"]);
        // The negative receivable is what is owed back; giving it back closes both.
        let close = |reason: &str| {
            let mut subject = force(&doubles[1]["reconciliation"]);
            subject["reason"] = json!(reason);
            subject["note"] = json!("mandato 12");
            subject
        };
        let books = async || (app.balance(Account::Receivable).await, app.balance(Account::Refunds).await);
        let given = decide(&office, close("refunded")).await;
        given.expect(201);
        assert_eq!(books().await, (0, -3 * LAMP));
        assert!(page(&office, "/refunds-owed").await.0.is_empty());
        amend(&office, &given, "reopened").await.expect(200);
        assert_eq!(books().await, (-3 * LAMP, 0));
        assert_eq!(page(&office, "/refunds-owed").await.0.len(), 1);
        // What is set off against another debt stays with the creditor.
        decide(&office, close("settled_elsewhere")).await.expect(201);
        assert_eq!(books().await, (0, 0));
        assert!(page(&office, "/refunds-owed").await.0.is_empty());
    }

    async fn a_closed_month_keeps_its_figures_and_the_next_one_takes_the_adjustments(app: TestApp) {
        let office = app.office().await;
        let iuv = paid(&app, 1, "r1").await;
        flow(&app, F, &[(&iuv, "r1", LAMP)]).await;
        let early = close(&office, "2026-04").await;
        assert_eq!(early.complaint(), "422 rule-violation [/month the month is not over]");
        app.set_clock("2026-05-06T08:00:00Z");
        let april = close(&office, "2026-04").await;
        let expected = ["receipt reported_not_settled 1 1708", "flow_line reported_not_settled 1 1708"];
        assert_eq!(figures(&april.expect(201)), expected);
        assert_eq!(close(&office, "2026-04").await.slug(), "state-forbids");

        cash(&office, "7", LAMP, &names(F)).await;
        for key in ["r1/1", "AGID_01/", "2026/1/7"] {
            let line = line(&office, key).await;
            assert_eq!((&line["code"], &line["flags"]), (&json!("matched_settled"), &json!(["after_period_close"])), "{key}");
        }
        assert_eq!(figures(&period(&office, &april).await.expect(200)), expected);
        app.set_clock("2026-06-02T08:00:00Z");
        let may = close(&office, "2026-05").await;
        assert_eq!(
            figures(&may.expect(201)),
            [
                "receipt matched_settled adjusted 1 1708", "receipt reported_not_settled adjusted -1 -1708",
                "flow_line matched_settled adjusted 1 1708", "flow_line reported_not_settled adjusted -1 -1708",
                "treasury matched_settled adjusted 1 1708",
            ]
        );
        let gap = close(&office, "2026-05").await;
        assert_eq!(gap.slug(), "state-forbids");

        let followed = turn(&office, &april, "reopened").await;
        assert_eq!(followed.slug(), "state-forbids");
        let open = turn(&office, &may, "reopened").await;
        assert_eq!(open.expect(200)["state"], "reopened");
        let april = turn(&office, &april, "reopened").await;
        cash(&office, "8", 500, "VARIE").await;
        let late = line(&office, "2026/1/8").await;
        assert_eq!((&late["code"], &late["flags"]), (&json!("cash_unidentified"), &json!([])));
        let again = turn(&office, &april, "closed").await;
        let mut now = expected.to_vec();
        now.push("treasury cash_unidentified 1 500");
        assert_eq!(figures(&again.expect(200)), now);
        assert!(again.json().get("reopened").is_none());
        assert_eq!(turn(&office, &again, "closed").await.expect(200), again.json());
        let listed = page(&office, "/accounting-periods").await.0;
        let states: Vec<_> = listed.iter().map(|one| (one["month"].as_str().unwrap(), one["state"].as_str().unwrap())).collect();
        assert_eq!(states, [("2026-04", "closed"), ("2026-05", "reopened")]);
        let kept = app.rows("SELECT state || ' ' || note AS row FROM accounting_period_event ORDER BY id");
        assert_eq!(kept, ["closed Chiusura", "closed Chiusura", "reopened Riletto", "reopened Riletto", "closed Riletto"]);
        app.set_clock("2026-08-02T08:00:00Z");
        assert_eq!(close(&office, "2026-07").await.complaint(), "422 rule-violation [/month 2026-05 must be closed first]");
    }
}

/// Another flow that the same transfers might be looked for in.
async fn flow_again(app: &TestApp, iuv: &str) {
    flow(app, "2026-04-02AGID_01-0009", &[(iuv, "r9", 1)]).await;
}
