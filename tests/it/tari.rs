//! What a waste-tax notice says beside its amount, over REST and on paper (ARERA resolution 444/2019).

use serde_json::{Value, json};

use crate::soap::check_text;

/// A household with all that its notice says of it.
fn household() -> Value {
    json!({
        "occupants": 3, "area_m2": 100, "annex_area_m2": 20, "plan": "three",
        "changes": [{"from": "2026-09-16", "occupants": 4}],
        "reductions": ["composting"],
        "user_code": "U-000123", "premises_code": "UT-000456", "previous_unpaid_cents": 0,
        "premises_address": "Via Garibaldi 12", "cadastral_reference": "foglio 12, particella 345, sub. 6",
    })
}

fn position(details: &Value) -> Value {
    json!({
        "service_code": "TARI",
        "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
        "details": {"tari": details},
    })
}

/// Path of the notice at a place of a position: option and sequence from 0.
fn path(position: &Value, option: usize, notice: usize) -> String {
    let notices = &position["payment_options"][option]["notices"];
    let number = notices[notice]["notice_number"].as_str().unwrap();
    format!("/creditors/99999000203/notices/{number}")
}

/// How many pages a PDF has.
fn pages(file: &[u8]) -> usize {
    let text = String::from_utf8_lossy(file);
    text.matches("/Type/Page").count() - text.matches("/Type/Pages").count()
}

both_databases! {
    async fn a_notice_says_what_the_authority_asks_for(app: TestApp) {
        let office = app.office().await;
        let made = office.post("/debt-positions", &position(&household())).send().await.expect(201);
        let whole = office.get(&path(&made, 0, 0)).send().await.expect(200);
        check_text("tari_topics", &serde_json::to_string_pretty(&whole["topics"]).unwrap());
        // An instalment says the same, and its print shows the whole debt.
        let instalment = office.get(&path(&made, 1, 1)).send().await.expect(200);
        assert_eq!(instalment["topics"], whole["topics"]);
        for (option, notice) in [(0, 0), (1, 1)] {
            let print = format!("{}/pdf", path(&made, option, notice));
            let print = office.get(&print).header("accept", "application/pdf").send().await;
            assert_eq!(print.status, 200, "{}", print.complaint());
            assert_eq!(pages(&print.body), 3);
        }
        let found = office.post("/searches", &json!({"text": "ut 000456"}));
        let found = found.send().await.expect(200);
        assert!(found.to_string().contains(made["debt_position_id"].as_str().unwrap()), "{found}");
    }

    async fn other_charges_need_no_more_than_the_notice(app: TestApp) {
        let office = app.office().await;
        let lamps = json!({
            "service_code": "LAMPADE",
            "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
            "details": {"generic": crate::given::of_lamps(2)},
        });
        let made = office.post("/debt-positions", &lamps).send().await.expect(201);
        let notice = office.get(&path(&made, 0, 0)).send().await.expect(200);
        assert_eq!(notice["topics"], json!([]));
        let print = format!("{}/pdf", path(&made, 0, 0));
        let print = office.get(&print).header("accept", "application/pdf").send().await;
        assert_eq!(pages(&print.body), 1);
    }
}
