//! The office registers, shows, lists, amends and searches debt positions over REST.

use serde_json::{Value, json};

use crate::given;
use crate::soap::{Message, check_text};

/// The body of a TARI position.
fn tari() -> Value {
    json!({
        "service_code": "TARI",
        "reference": "RUOLO-2026-000123",
        "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
        "details": {"tari": {
            "occupants": 3, "area_m2": 100,
            "occupied_from": "2026-01-01", "occupied_to": "2026-12-31",
            "plan": "three",
            "premises_address": "Via Garibaldi 12",
            "cadastral_reference": "foglio 12, particella 345, sub. 6"}},
    })
}

fn lamps(quantity: i64) -> Value {
    json!({
        "service_code": "LAMPADE",
        "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
        "details": {"generic": given::of_lamps(quantity)},
    })
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// Number of the notice at a place: option and sequence from 0.
fn number(position: &Value, option: usize, notice: usize) -> String {
    position["payment_options"][option]["notices"][notice]["notice_number"]
        .as_str()
        .unwrap()
        .to_owned()
}

both_databases! {
    async fn a_tari_position_is_registered_paid_and_read_back(app: TestApp) {
        let office = app.office().await;
        let registered = office.post("/debt-positions", &tari()).send().await;
        let position = registered.expect(201);
        check_text("office_tari_position", &pretty(&position));
        let id = position["debt_position_id"].as_str().unwrap();
        assert!(registered.header("location").ends_with(&format!("/v1/debt-positions/{id}")));
        let number = number(&position, 0, 0);
        assert_eq!(Message::verify(&number).send(&app).await.outcome(), "OK");
        given::paid(&app, &number, "token-1").await;
        let paid = office.get(&format!("/debt-positions/{id}")).send().await.expect(200);
        assert_eq!((&paid["state"], &paid["paid"]), (&json!("paid"), &json!(true)));
        let payments = office.get("/payments").send().await.expect(200);
        check_text("office_payments", &pretty(&payments));
    }

    async fn a_repeated_request_gets_the_first_answer(app: TestApp) {
        let office = app.office().await;
        let post = |body: &Value| office.post("/debt-positions", body).header("idempotency-key", "key-00000001");
        let first = post(&lamps(1)).send().await;
        first.expect(201);
        let before = app.dump();
        for _ in 0..3 {
            let again = post(&lamps(1)).send().await;
            assert_eq!((again.status, &again.body), (first.status, &first.body));
            for name in ["etag", "location"] {
                assert_eq!(again.header(name), first.header(name));
            }
        }
        assert_eq!(app.dump(), before);
        let other = post(&lamps(2)).send().await;
        assert_eq!(other.complaint(), "422 idempotency-key-reused");
        assert_eq!(app.dump(), before);
        // Another client may choose the same key.
        let colleague = app.office().await;
        let own = colleague.post("/debt-positions", &lamps(1)).header("idempotency-key", "key-00000001");
        own.send().await.expect(201);
    }

    async fn the_same_request_at_once_makes_one_position(app: TestApp) {
        let office = app.office().await;
        let calls = (0..6).map(|_| {
            let call = office.post("/debt-positions", &lamps(1)).header("idempotency-key", "key-00000001");
            actix_web::rt::spawn(call.send())
        });
        let mut made = std::collections::BTreeSet::new();
        for call in calls.collect::<Vec<_>>() {
            made.insert(call.await.unwrap().expect(201)["debt_position_id"].to_string());
        }
        assert_eq!(made.len(), 1);
        assert_eq!(app.rows("SELECT COUNT(*) || '' AS row FROM position"), ["1"]);
    }

    async fn a_reference_is_used_once(app: TestApp) {
        let office = app.office().await;
        office.post("/debt-positions", &tari()).send().await.expect(201);
        let before = app.dump();
        let again = office.post("/debt-positions", &tari()).send().await;
        assert_eq!(again.complaint(), "409 reference-taken");
        assert_eq!(app.dump(), before);
    }

    async fn a_draft_is_opened_and_then_cancelled(app: TestApp) {
        let office = app.office().await;
        let mut draft = lamps(1);
        draft["publish"] = json!(false);
        let registered = office.post("/debt-positions", &draft).send().await;
        let position = registered.expect(201);
        let path = format!("/debt-positions/{}", position["debt_position_id"].as_str().unwrap());
        let number = number(&position, 0, 0);
        let wanted = |state: &str| json!({"state": state});
        let opened = office.patch(&path, registered.header("etag"), &wanted("open")).send().await;
        assert_eq!(opened.expect(200)["state"], "open");
        assert_eq!(Message::verify(&number).send(&app).await.outcome(), "OK");
        let stale = office.patch(&path, registered.header("etag"), &wanted("cancelled")).send().await;
        assert_eq!(stale.complaint(), "412 precondition-failed");
        let cancelled = office.patch(&path, opened.header("etag"), &wanted("cancelled")).send().await;
        assert_eq!(cancelled.expect(200)["state"], "cancelled");
        assert_eq!(Message::verify(&number).send(&app).await.outcome(), "PAA_PAGAMENTO_ANNULLATO");
        let again = office.patch(&path, cancelled.header("etag"), &wanted("cancelled")).send().await;
        assert_eq!(again.slug(), "state-forbids");
    }

    async fn pages_hold_everything_once(app: TestApp) {
        let office = app.office().await;
        for quantity in 1..=7 {
            office.post("/debt-positions", &lamps(quantity)).send().await.expect(201);
        }
        let mut seen = Vec::new();
        let mut path = "/debt-positions?limit=3".to_owned();
        loop {
            let page = office.get(&path).send().await.expect(200);
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 3);
            seen.extend(items.iter().map(|item| item["debt_position_id"].as_str().unwrap().to_owned()));
            match page["next_cursor"].as_str() {
                Some(cursor) => path = format!("/debt-positions?limit=3&cursor={cursor}"),
                None => break,
            }
        }
        let distinct: std::collections::BTreeSet<&String> = seen.iter().collect();
        assert_eq!((seen.len(), distinct.len()), (7, 7));
    }

    async fn positions_are_found_by_debtor_number_and_reference(app: TestApp) {
        let office = app.office().await;
        let position = office.post("/debt-positions", &tari()).send().await.expect(201);
        office.post("/debt-positions", &lamps(1)).send().await.expect(201);
        let found = async |body: Value| {
            let page = office.post("/debt-position-searches", &body).without("idempotency-key").send().await;
            page.expect(200)["items"].as_array().unwrap().len()
        };
        assert_eq!(found(json!({"debtor_tax_code": "RSSMRA85T10A562S"})).await, 2);
        assert_eq!(found(json!({"notice_number": number(&position, 1, 2)})).await, 1);
        assert_eq!(found(json!({"reference": "RUOLO-2026-000123"})).await, 1);
        assert_eq!(found(json!({"reference": "another"})).await, 0);
    }

    async fn a_notice_is_shown_priced_and_printed(app: TestApp) {
        let office = app.office().await;
        let position = office.post("/debt-positions", &tari()).send().await.expect(201);
        let path = format!("/creditors/99999000203/notices/{}", number(&position, 0, 0));
        let notice = office.get(&path).send().await.expect(200);
        check_text("office_notice", &pretty(&notice));
        let quote = office.get(&format!("{path}/amount?on=2026-06-01")).send().await;
        assert!(quote.status.is_success(), "{}", quote.complaint());
        let page = office.get(&format!("{path}/pdf")).header("accept", "application/pdf").send().await;
        assert_eq!(page.status, 200, "{}", page.complaint());
        assert!(page.body.starts_with(b"%PDF-"));
    }
}
