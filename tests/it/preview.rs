//! What a charge would cost, and what a notice will cost: the same as what is asked on the day.

use avviso::domain::calendar::Day;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::given::{self, instalment, single};
use crate::rest::Caller;
use crate::soap::{Message, check_text};

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

/// What REST says that a notice costs on a day: cents, or nothing.
async fn quoted(office: &Caller, number: &str, on: Option<&str>) -> Option<i64> {
    let on = on.map_or_else(String::new, |day| format!("?on={day}"));
    let path = format!("/creditors/99999000203/notices/{number}/amount{on}");
    office.get(&path).send().await.expect(200)["amount_cents"].as_i64()
}

/// What the node is answered now, in both versions: cents, or nothing.
async fn asked(app: &TestApp, number: &str) -> Option<i64> {
    let mut amounts = Vec::new();
    for message in [
        Message::get_payment(number),
        Message::get_payment_v2(number),
    ] {
        let answer = message.send(app).await;
        let amount = (answer.outcome() == "OK").then(|| answer.value("paymentAmount"));
        amounts.push(amount.map(|text| text.replace('.', "").parse::<i64>().unwrap()));
    }
    assert_eq!(amounts[0], amounts[1]);
    amounts[0]
}

/// Holds the previews of a notice, asked today for every day, against what is asked on those days.
async fn holds(app: &TestApp, office: &Caller, number: &str, days: &[&str]) -> Vec<Option<i64>> {
    let mut previews = Vec::new();
    for day in days {
        previews.push(quoted(office, number, Some(day)).await);
    }
    for (day, preview) in days.iter().zip(&previews) {
        // The first and the last minute of the day in Rome, in summer time or not.
        let (start, end) = rome(day);
        for instant in [start, end] {
            app.set_clock(&instant);
            assert_eq!(asked(app, number).await, *preview, "{number} at {instant}");
            assert_eq!(
                quoted(office, number, None).await,
                *preview,
                "{number} at {instant}"
            );
        }
    }
    previews
}

fn rome(day: &str) -> (String, String) {
    let day: Day = day.parse().unwrap();
    let start = avviso::domain::calendar::start_of(day);
    let end =
        avviso::domain::calendar::start_of(day.succ_opt().unwrap()) - chrono::TimeDelta::minutes(1);
    (start.to_rfc3339(), end.to_rfc3339())
}

both_databases! {
    async fn the_price_of_a_fine_is_foreseen(app: TestApp) {
        let office = app.office().await;
        let number = single(&given::position(&app, given::fine()).await);
        let days = ["2026-04-01", "2026-04-06", "2026-04-07", "2026-04-08", "2026-06-01", "2026-06-02", "2027-01-01"];
        let foreseen = holds(&app, &office, &number, &days).await;
        assert_eq!(foreseen[0], Some(13_740));
        assert_eq!(foreseen[3], Some(18_930));
        assert!(foreseen[6] > foreseen[3], "{foreseen:?}");
    }

    async fn the_price_of_instalments_is_foreseen_paid_and_unpaid(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::tari()).await;
        let days = ["2026-04-02", "2026-05-18", "2026-05-19", "2026-12-31"];
        holds(&app, &office, &instalment(&position, 2), &days[..2]).await;
        given::paid(&app, &instalment(&position, 1), "token-1").await;
        for (number, payable) in [
            (instalment(&position, 1), false),
            (instalment(&position, 2), true),
            (single(&position), false),
        ] {
            let foreseen = holds(&app, &office, &number, &days[2..]).await;
            assert!(foreseen.iter().all(|amount| amount.is_some() == payable), "{number}: {foreseen:?}");
        }
    }

    async fn a_quote_says_why_and_when_it_changes(app: TestApp) {
        let office = app.office().await;
        let fine = given::position(&app, given::fine()).await;
        let path = format!("/creditors/99999000203/notices/{}/amount", single(&fine));
        let mut said = String::new();
        for on in ["2026-04-01", "2026-04-08", "2026-12-31"] {
            let quote = office.get(&format!("{path}?on={on}")).send().await.expect(200);
            said.push_str(&pretty(&quote));
        }
        given::paid(&app, &single(&fine), "token-1").await;
        said.push_str(&pretty(&office.get(&path).send().await.expect(200)));
        check_text("quotes_of_a_fine", &said);
    }

    async fn a_charge_is_priced_without_a_trace(app: TestApp) {
        let office = app.office().await;
        let charge = json!({
            "service_code": "TARI",
            "details": {"tari": {"occupants": 3, "area_m2": 100, "plan": "three"}},
            "issued_date": "2026-04-01",
        });
        let before = app.dump();
        let post = || office.post("/assessments", &charge).without("idempotency-key");
        let priced = post().send().await.expect(200);
        assert_eq!(post().send().await.expect(200), priced, "the same details cost the same");
        assert_eq!(app.dump(), before, "nothing is stored");
        check_text("assessment_of_a_household", &pretty(&priced));
        // The position costs what was said.
        let mut position = charge.clone();
        position["debtor"] = json!({"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"});
        let made = office.post("/debt-positions", &position).send().await.expect(201);
        assert_eq!(made["total_amount_cents"], priced["total_amount_cents"]);
        assert_eq!(made["assessment"], priced["assessment"]);
        let plan = |view: &Value| -> Vec<(Value, Value, Value)> {
            let options = view["payment_options"].as_array().unwrap().iter();
            let notices = options.flat_map(|option| option["notices"].as_array().unwrap());
            notices.map(|n| (n["amount_cents"].clone(), n["due_date"].clone(), n["transfers"].clone())).collect()
        };
        assert_eq!(plan(&made), plan(&priced));
    }

    async fn a_charge_is_priced_with_the_terms_of_the_caller_alone(app: TestApp) {
        let neighbour = app.neighbour().await;
        let charge = json!({"service_code": "CDS-VERBALI", "details": {"fine": {
            "report_number": "V/1", "costs_cents": 1630,
            "violations": [{"article": "142-8", "committed_on": "2026-03-10", "at_night": false}]}}});
        let own = app.office().await.post("/assessments", &charge).send().await;
        assert_eq!(own.status, 200, "{}", own.complaint());
        let theirs = app.client(&neighbour, &["portal"]).await.post("/assessments", &charge).send().await;
        let text = String::from_utf8_lossy(&theirs.body).into_owned();
        assert!(!text.contains(app.town().as_str()), "{text}");
        let stranger = app.stranger().post("/assessments", &charge).send().await;
        assert_eq!(stranger.complaint(), "401 credentials-required");
    }
}
