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

    async fn several_premises_are_one_position(app: TestApp) {
        let office = app.office().await;
        let moved = json!({"user_code": "U-000123", "premises": [
            {"occupants": 3, "area_m2": 100, "occupied_to": "2026-06-30", "premises_code": "UT-1"},
            {"occupants": 3, "area_m2": 80, "occupied_from": "2026-07-01", "premises_code": "UT-2",
                "reduction_periods": [
                    {"reduction": "composting", "from": "2026-09-01", "to": "2026-12-31"}]},
        ]});
        let price = json!({"service_code": "TARI", "details": {"tari": moved}});
        let price = office.post("/assessments", &price).without("idempotency-key").send().await.expect(200);
        check_text("tari_premises", &serde_json::to_string_pretty(&price["assessment"]).unwrap());
        let made = office.post("/debt-positions", &position(&moved)).send().await.expect(201);
        assert_eq!(made["assessment"], price["assessment"]);
        let notice = office.get(&path(&made, 0, 0)).send().await.expect(200);
        let titles: Vec<&str> =
            notice["topics"].as_array().unwrap().iter().map(|topic| topic["title"].as_str().unwrap()).collect();
        assert_eq!(titles[..4], ["Importi e scadenze", "Utente", "Utenza 1", "Utenza 2"]);
        let wrong = json!({"premises": [{"occupants": 3, "area_m2": 1, "reduction_periods": [
            {"reduction": "composting", "from": "2025-12-31", "to": "2026-01-31"}]}]});
        let wrong = office.post("/debt-positions", &position(&wrong)).header("accept-language", "it").send().await;
        let problem = wrong.json();
        assert_eq!(wrong.status, 422, "{problem}");
        assert_eq!(
            problem["errors"][0]["pointer"],
            "/details/tari/premises/0/reduction_periods/0/from"
        );
        assert_eq!(problem["errors"][0]["detail"], "deve essere un giorno dal 2026-01-01 al 2026-12-31");
    }

    async fn an_assessment_costs_less_while_it_may_be_accepted(app: TestApp) {
        let office = app.office().await;
        let assessment = json!({
            "service_code": "TARI-PREC",
            "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
            "details": {"arrears": {"act": "assessment", "year": 2025, "debts": [
                {"tax_cents": 48210, "due_on": "2025-12-02", "declaration": {"fault": "omitted"}}]}},
        });
        let made = office.post("/debt-positions", &assessment).send().await;
        let position = made.expect(201);
        // 482.10, a third of the same, 2.69 of interest.
        assert_eq!(position["total_amount_cents"], 64549);
        let notification = format!("/debt-positions/{}/notification", position["debt_position_id"].as_str().unwrap());
        let by_hand = json!({"channel": "by_hand", "on": "2026-04-10"});
        app.set_clock("2026-04-12T08:00:00Z");
        let notified = office.put(&notification, &by_hand).header("if-match", made.header("etag")).send().await;
        notified.expect(200);
        for (day, cents) in [("2026-06-09", 64549), ("2026-06-10", 99590)] {
            let quote = format!("{}/amount?on={day}", path(&position, 0, 0));
            assert_eq!(office.get(&quote).send().await.expect(200)["amount_cents"], cents, "{day}");
        }
        // Whoever asks for instalments gets as many as the sum allows.
        let mut asked = assessment.clone();
        asked["details"]["arrears"]["instalments"] = json!({"count": 4, "starts_on": "2026-05-01"});
        let refused = office.post("/debt-positions", &asked).header("accept-language", "it").send().await;
        let problem = refused.json();
        assert_eq!(problem["errors"][0]["pointer"], "/details/arrears/instalments/count", "{problem}");
        assert_eq!(problem["errors"][0]["detail"], "per questa somma le rate possono essere da 5 a 12");
        asked["details"]["arrears"]["instalments"]["count"] = json!(5);
        let granted = office.post("/debt-positions", &asked).send().await.expect(201);
        assert_eq!(granted["payment_options"][1]["notices"].as_array().unwrap().len(), 5);
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
