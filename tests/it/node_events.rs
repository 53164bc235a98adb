//! The journal of events: every call of the node is in it, found by any identifier, its messages apart.

use avviso::jobs::forget_events;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::given::{self, single};
use crate::rest::Caller;
use crate::soap::{Message, send};

/// Operation and outcome of the calls that a query finds.
async fn calls(caller: &Caller, query: &str) -> Vec<(String, String)> {
    let page = caller
        .get(&format!("/node-events?{query}"))
        .send()
        .await
        .expect(200);
    let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| (text(item, "operation"), text(item, "outcome")))
        .collect()
}

fn expected(calls: &[(&str, &str)]) -> Vec<(String, String)> {
    calls
        .iter()
        .map(|(operation, outcome)| ((*operation).to_owned(), (*outcome).to_owned()))
        .collect()
}

both_databases! {
    async fn every_call_is_found_by_any_of_its_identifiers(app: TestApp) {
        let support = app.client(&app.town(), &["support"]).await;
        let number = single(&given::position(&app, given::lamps(1)).await);
        Message::verify(&number).send(&app).await;
        let receipt = given::paid(&app, &number, "token-1").await;
        receipt.clone().with("psp_name", "Altra banca").send(&app).await;
        Message::get_payment(&number).send(&app).await;
        Message::verify("301999999999999999").send(&app).await;
        receipt.without("receipt_id").send(&app).await;
        assert_eq!(calls(&support, "").await, [], "nothing waits for the journal");
        assert_eq!(app.ctx.file_events().await.unwrap(), 7);
        assert_eq!(app.ctx.file_events().await.unwrap(), 0);
        let (verify, duplicate) = ("paVerifyPaymentNotice", "PAA_PAGAMENTO_DUPLICATO");
        let of_notice = expected(&[
            (verify, "OK"), ("paGetPaymentV2", "OK"), ("paSendRTV2", "OK"),
            ("paSendRTV2", "PAA_RECEIPT_DUPLICATA"), ("paGetPayment", duplicate),
            ("paSendRTV2", "PAA_SINTASSI_XSD"),
        ]);
        assert_eq!(calls(&support, &format!("notice_number={number}")).await, of_notice);
        assert_eq!(calls(&support, &format!("iuv={}", number.get(1..).unwrap())).await, of_notice);
        let of_receipt = expected(&[("paSendRTV2", "OK"), ("paSendRTV2", "PAA_RECEIPT_DUPLICATA")]);
        assert_eq!(calls(&support, "receipt_id=token-1").await, of_receipt);
        let unknown = expected(&[(verify, "PAA_PAGAMENTO_SCONOSCIUTO")]);
        assert_eq!(calls(&support, "outcome=PAA_PAGAMENTO_SCONOSCIUTO").await, unknown);
        assert_eq!(calls(&support, &format!("operation={verify}")).await.len(), 2);
        assert_eq!(calls(&support, "asked_from_date=2026-04-01&asked_to_date=2026-04-01").await.len(), 7);
        assert_eq!(calls(&support, "asked_to_date=2026-03-31").await, []);
        // Page by page it is the same list.
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = support.get(&format!("/node-events?limit=2{cursor}")).send().await.expect(200);
            found.extend(page["items"].as_array().unwrap().iter().map(|item| item["node_event_id"].clone()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        found.dedup();
        assert_eq!(found.len(), 7);
    }

    async fn messages_are_kept_apart_and_shown_to_few(app: TestApp) {
        let number = single(&given::position(&app, given::lamps(1)).await);
        let verify = Message::verify(&number);
        let answer = verify.send(&app).await;
        given::activated(&app, &number).await;
        app.ctx.file_events().await.unwrap();
        let support = app.client(&app.town(), &["support"]).await;
        let list = support.get("/node-events").send().await;
        let text = String::from_utf8_lossy(&list.body).into_owned();
        assert!(!text.contains("RSSMRA85T10A562S") && !text.contains("Rossi"), "no personal data: {text}");
        let event = list.expect(200)["items"][0].clone();
        let path = format!("/node-events/{}", event["node_event_id"].as_str().unwrap());
        assert_eq!(support.get(&path).send().await.expect(200), event);
        assert_eq!((&event["direction"], &event["station_id"]), (&json!("from_node"), &json!("99999000302_01")));
        let messages = support.get(&format!("{path}/messages")).send().await.expect(200);
        let decoded = |name: &str| String::from_utf8(STANDARD.decode(messages[name].as_str().unwrap()).unwrap()).unwrap();
        assert_eq!((decoded("request"), decoded("response")), (verify.text(), answer.body));
        let auditor = app.client(&app.town(), &["auditor"]).await;
        auditor.get(&path).send().await.expect(200);
        let refused = auditor.get(&format!("{path}/messages")).send().await;
        assert_eq!(refused.complaint(), "403 not-allowed");
        for role in ["portal", "accounting", "admin"] {
            let other = app.client(&app.town(), &[role]).await;
            assert_eq!(other.get("/node-events").send().await.complaint(), "403 not-allowed");
        }
    }

    async fn messages_are_forgotten_before_the_calls(app: TestApp) {
        let neighbour = app.neighbour().await;
        let number = single(&given::position(&app, given::lamps(1)).await);
        Message::verify(&number).send(&app).await;
        Message::verify(&number).with("id_pa", neighbour.as_str()).send(&app).await;
        app.ctx.file_events().await.unwrap();
        let count = |table: &str| app.rows(&format!("SELECT CAST(COUNT(*) AS TEXT) AS row FROM {table}"));
        app.pass_days(89);
        assert!(forget_events::run(&app.ctx, &app.town()).await.unwrap());
        assert_eq!(count("node_event_message"), ["2"]);
        app.pass_days(2);
        assert!(forget_events::run(&app.ctx, &app.town()).await.unwrap());
        assert_eq!((count("node_event_message"), count("node_event")), (vec!["1".to_owned()], vec!["2".to_owned()]));
        app.pass_days(700);
        assert!(forget_events::run(&app.ctx, &app.town()).await.unwrap());
        assert_eq!(count("node_event"), ["1"], "the neighbour's own job forgets the neighbour's");
    }

    async fn a_database_that_is_away_costs_no_entry_and_no_answer(app: TestApp) {
        let number = single(&given::position(&app, given::lamps(1)).await);
        app.tamper("ALTER TABLE node_event RENAME TO hidden");
        assert_eq!(Message::verify(&number).send(&app).await.outcome(), "OK");
        given::paid(&app, &number, "token-1").await;
        app.ctx.file_events().await.unwrap_err();
        app.tamper("ALTER TABLE hidden RENAME TO node_event");
        Message::verify(&number).send(&app).await;
        assert_eq!(app.ctx.file_events().await.unwrap(), 4);
        let receipts = app.rows("SELECT operation AS row FROM node_event ORDER BY id");
        assert_eq!(receipts, ["paVerifyPaymentNotice", "paGetPaymentV2", "paSendRTV2", "paVerifyPaymentNotice"]);
    }

    async fn what_cannot_be_read_or_is_nobodys_is_in_no_journal(app: TestApp) {
        send(&app, "hello").await;
        Message::verify("301999999999999999").with("id_pa", "99999000401").send(&app).await;
        assert_eq!(app.ctx.file_events().await.unwrap(), 0);
    }
}
