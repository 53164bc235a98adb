//! The clearing accounts come back to zero, or say line by line what they wait for and since when.

use serde_json::{Value, json};

use crate::receivables::report;
use crate::reconciliation::{LAMP, cash, decide, flow, flow_id, names, paid, revision};
use crate::rest::Caller;

const YEAR: &str = "from_date=2026-01-01&to_date=2026-12-31";
const F: &str = "2026-04-02AGID_01-0001";
const G: &str = "2026-04-02AGID_01-0002";

/// What is in the clearing accounts: account, line, amount, what it waits for. The sums are those of `/aging`.
async fn lines(office: &Caller) -> Vec<(String, String, i64, String)> {
    let (rows, totals) = report(office, "clearing-accounts", YEAR).await;
    let aging = office.get("/aging").send().await.expect(200);
    let accounts = aging["clearing_accounts"].as_array().unwrap();
    for (account, total) in accounts.iter().zip(totals.as_array().unwrap()) {
        assert_eq!(account["balance_cents"], total["amount_cents"], "{account}");
        let of_account = rows
            .iter()
            .filter(|row| row["account"] == account["account"]);
        let sum: i64 = of_account.map(|row| row["amount"].as_i64().unwrap()).sum();
        assert_eq!(account["balance_cents"], json!(sum), "{account}");
    }
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    rows.iter()
        .map(|row| {
            let amount = row["amount"].as_i64().unwrap();
            (
                text(row, "account"),
                text(row, "line"),
                amount,
                text(row, "waits_for"),
            )
        })
        .collect()
}

fn line(account: &str, key: &str, amount: i64, waits_for: &str) -> (String, String, i64, String) {
    (account.into(), key.into(), amount, waits_for.into())
}

/// A movement under a provisional number of its own.
async fn credit(office: &Caller, number: i64, amount: i64, operation: &str) {
    let entry = json!({
        "account": "1", "number": format!("m{number}{operation}"), "direction": "in", "provisional_number": number,
        "amount_cents": amount, "booked_date": "2026-04-03", "remittance": "BONIFICO", "operation": operation,
    });
    let filed = office.post("/treasury-entries", &entry).send().await;
    filed.expect(201);
}

both_databases! {
    async fn each_cent_on_its_way_is_a_line_until_it_is_on_the_account(app: TestApp) {
        let office = app.office().await;
        assert_eq!(lines(&office).await, []);
        let a = paid(&app, 1, "r1").await;
        paid(&app, 2, "r2").await;
        let in_transit = |receipt: &str, amount| line("in_transit", receipt, amount, "flow");
        assert_eq!(lines(&office).await, [in_transit("r1/1", LAMP), in_transit("r2/1", 2 * LAMP)]);
        // A flow says more than was paid.
        flow(&app, F, &[(&a, "r1", LAMP + 10)]).await;
        let announced = |amount, waits_for| line("announced", &format!("AGID_01/{F}"), amount, waits_for);
        assert_eq!(lines(&office).await, [
            line("in_transit", "r1/1", -10, "revision"),
            in_transit("r2/1", 2 * LAMP),
            announced(LAMP + 10, "transfer"),
        ]);
        revision(&app, (F, 2), &[(&a, "r1", LAMP)]).await;
        cash(&office, "7", 1000, &names(F)).await;
        assert_eq!(lines(&office).await, [in_transit("r2/1", 2 * LAMP), announced(LAMP - 1000, "rest")]);
        // More cash than rows.
        cash(&office, "8", 1000, &names(F)).await;
        assert_eq!(lines(&office).await, [in_transit("r2/1", 2 * LAMP), announced(LAMP - 2000, "excess")]);
    }

    async fn lines_say_whose_they_are_and_how_old(app: TestApp) {
        let office = app.office().await;
        let a = paid(&app, 1, "r1").await;
        flow(&app, F, &[(&a, "r1", LAMP)]).await;
        let b = paid(&app, 2, "r2").await;
        cash(&office, "9", 5, "BONIFICO").await;
        app.set_clock("2026-04-20T08:00:00Z");
        let (rows, totals) = report(&office, "clearing-accounts", YEAR).await;
        let [payment, flow, cash] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!(payment["iuv"], json!(b));
        assert_eq!(payment["notice_number"], json!(format!("3{b}")));
        assert_eq!((&payment["service_code"], &payment["beneficiary_tax_code"]), (&json!("LAMPADE"), &json!("99999000203")));
        assert_eq!((&payment["source"], &payment["code"]), (&json!("receipt"), &json!("PAID_NOT_REPORTED")));
        assert_eq!((&flow["day"], &flow["age_days"], &flow["age_bucket"]), (&json!("2026-04-02"), &json!(18), &json!("11-30")));
        assert_eq!((&flow["source"], &flow["code"]), (&json!("flow"), &json!(null)));
        assert_eq!((&cash["day"], &cash["amount"], &cash["code"]), (&json!("2026-04-03"), &json!(-5), &json!("CASH_UNIDENTIFIED")));
        assert_eq!(cash["waits_for_label"], "Il flusso o il pagamento che lo spiega");
        let sums: Vec<_> = totals.as_array().unwrap().iter().map(|one| one["amount_cents"].as_i64().unwrap()).collect();
        assert_eq!(sums, [2 * LAMP, LAMP, -5]);
        // The days are those of the lines.
        let (later, _) = report(&office, "clearing-accounts", "from_date=2026-04-03&to_date=2026-04-30").await;
        assert_eq!(later.len(), 1);
        // The oldest line is what the aging says.
        let aging = office.get("/aging").send().await.expect(200);
        let ages: Vec<_> = aging["clearing_accounts"].as_array().unwrap().iter().map(|one| one["oldest_date"].clone()).collect();
        assert_eq!(ages, [&payment["day"], &flow["day"], &cash["day"]].map(Clone::clone));
        let refused = office.get("/reports/clearing-accounts?service_code=LAMPADE").send().await;
        assert_eq!(refused.complaint(), "422 rule-violation [#query/service_code the report clearing-accounts cannot be narrowed to it]");
        // Another town sees nothing of it.
        let theirs = app.client(&app.neighbour().await, &["accounting"]).await;
        assert_eq!(lines(&theirs).await, []);
    }

    async fn flows_of_one_credit_are_one_line(app: TestApp) {
        let office = app.office().await;
        let (a, b) = (paid(&app, 1, "r1").await, paid(&app, 2, "r2").await);
        flow(&app, F, &[(&a, "r1", LAMP)]).await;
        flow(&app, G, &[(&b, "r2", 2 * LAMP)]).await;
        let entry = cash(&office, "7", 3 * LAMP - 1, "BONIFICO").await;
        let both = [flow_id(&office, F).await, flow_id(&office, G).await];
        let matched = json!({"match": {"treasury_entry_ids": [entry], "settlement_flow_ids": both}});
        decide(&office, matched).await.expect(201);
        let key = format!("AGID_01/{F} AGID_01/{G}");
        assert_eq!(lines(&office).await, [line("announced", &key, 1, "rest")]);
        cash(&office, "8", 1, &names(G)).await;
        assert_eq!(lines(&office).await, []);
    }

    async fn cash_of_a_payment_is_taken_off_it(app: TestApp) {
        let office = app.office().await;
        paid(&app, 2, "r2").await;
        let entry = cash(&office, "7", 2 * LAMP - 8, "BONIFICO").await;
        let matched = json!({"match": {"treasury_entry_ids": [entry], "receipt_id": "r2"}});
        decide(&office, matched).await.expect(201);
        assert_eq!(lines(&office).await, [line("in_transit", "r2/1", 8, "flow")]);
    }

    async fn what_takes_cash_back_is_on_its_line(app: TestApp) {
        let office = app.office().await;
        credit(&office, 5, 900, "executed").await;
        let left = |amount| line("unexplained_cash", "2026/1/m5executed", amount, "explanation");
        assert_eq!(lines(&office).await, [left(-900)]);
        credit(&office, 5, 400, "reversed").await;
        assert_eq!(lines(&office).await, [left(-500)]);
        credit(&office, 5, 400, "restored").await;
        assert_eq!(lines(&office).await, [left(-900)]);
        // Nothing is known of what this takes back.
        credit(&office, 6, 30, "reversed").await;
        assert_eq!(lines(&office).await, [left(-900), line("unexplained_cash", "2026/1/m6reversed", 30, "reversed")]);
    }
}
