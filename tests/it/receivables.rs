//! What is owed by due day, and what is set aside for claims that are not collected.

use serde_json::{Value, json};

use crate::app::{TOWN, TestApp};
use crate::given::{self, single};
use crate::rest::Caller;

/// The rows of a report over some days, by column, and its control totals.
pub(crate) async fn report(caller: &Caller, name: &str, days: &str) -> (Vec<Value>, Value) {
    let path = format!("/reports/{name}?{days}");
    let lines = caller
        .get(&path)
        .header("accept", "application/jsonl")
        .send()
        .await;
    assert_eq!(lines.status.as_u16(), 200, "{name}: {}", lines.complaint());
    let text = String::from_utf8(lines.body).unwrap();
    let mut rows: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let last = rows.pop().unwrap();
    assert_eq!(last["rows"], json!(rows.len()));
    (rows, last["control_totals"].clone())
}

/// These columns of each row.
fn columns<const N: usize>(rows: &[Value], names: [&str; N]) -> Vec<[Value; N]> {
    rows.iter()
        .map(|row| names.map(|name| row[name].clone()))
        .collect()
}

/// Lamps of 17.08 paid and of 34.16 open, recorded for a quarter each in 2024 and 2025 and for the rest in
/// 2026; a draft and a withdrawn charge that nobody owes.
async fn lamps(app: &TestApp) -> Caller {
    let accounts = app.client(&app.town(), &["accounting"]).await;
    let key = |year: i32, bp: u32| json!({"chapter": "310", "claim": {"year": year, "number": "7"}, "plan_code": "E.3.01.02.01.014", "share_bp": bp});
    let plan = json!({"versions": [{"valid_from_date": "2026-01-01", "keys": [key(2024, 2500), key(2025, 2500), key(2026, 5000)]}]});
    let path = format!("/creditors/{TOWN}/services/LAMPADE/accounting-plans");
    let put = accounts.put(&path, &plan).header("if-none-match", "*");
    put.send().await.expect(201);
    let paid = given::position(app, given::lamps(1)).await;
    given::paid(app, &single(&paid), "token-1").await;
    given::position(app, given::lamps(2)).await;
    given::position(app, given::draft(given::lamps(3))).await;
    let withdrawn = given::position(app, given::lamps(4)).await;
    given::withdrawn(app, &withdrawn).await;
    app.office().await
}

both_databases! {
    async fn what_is_owed_is_shown_by_due_day_and_year(app: TestApp) {
        let office = lamps(&app).await;
        let days = "from_date=2026-01-01&to_date=2026-12-31";
        let figures = ["claim_year", "due", "notices", "assessed", "collected_current", "collected_residual", "open", "collected_rate"];
        let (rows, totals) = report(&office, "due-dates", days).await;
        let expected = |due: &str| vec![
            [json!("2024"), json!(due), json!(2), json!(1281), json!(0), json!(427), json!(854), json!(3333)],
            [json!("2025"), json!(due), json!(2), json!(1281), json!(0), json!(427), json!(854), json!(3333)],
            [json!("2026"), json!(due), json!(2), json!(2562), json!(854), json!(0), json!(1708), json!(3333)],
        ];
        assert_eq!(columns(&rows, figures), expected("non scaduto"));
        assert_eq!((&rows[0]["chapter"], &rows[0]["claim"]), (&json!("310"), &json!("2024/7")));
        let amounts: Vec<&Value> = totals.as_array().unwrap().iter().map(|one| &one["amount_cents"]).collect();
        assert_eq!(amounts, [&json!(5124), &json!(854), &json!(854), &json!(3416)]);
        app.pass_days(35);
        let (rows, _) = report(&office, "due-dates", days).await;
        assert_eq!(columns(&rows, figures), expected("1-30"));
        // The days are due days.
        let (rows, _) = report(&office, "due-dates", "from_date=2026-01-01&to_date=2026-04-30").await;
        assert_eq!(rows, Vec::<Value>::new());
    }

    async fn an_instalment_plan_is_owed_instalment_by_instalment(app: TestApp) {
        let office = app.office().await;
        let position = given::position(&app, given::tari()).await;
        let days = "from_date=2026-01-01&to_date=2027-12-31";
        let (whole, _) = report(&office, "due-dates", days).await;
        assert_eq!(whole.len(), 1, "one notice for the whole");
        given::paid(&app, &given::instalment(&position, 1), "token-1").await;
        app.pass_days(300);
        let (rows, _) = report(&office, "due-dates", days).await;
        let figures = ["due", "notices", "collected_current", "open"];
        let rows = columns(&rows, figures);
        let receivable = app.rows("SELECT CAST(SUM(CASE WHEN debit = 'receivable' THEN amount_cents ELSE 0 END) - SUM(CASE WHEN credit = 'receivable' THEN amount_cents ELSE 0 END) AS TEXT) AS row FROM ledger WHERE beneficiary = creditor");
        let open: i64 = rows.iter().map(|row| row[3].as_i64().unwrap()).sum();
        assert_eq!(receivable, [open.to_string()]);
        assert_eq!(rows.iter().map(|row| row[1].as_i64().unwrap()).sum::<i64>(), 3, "{rows:?}");
        assert!(rows.len() > 1 && rows.iter().any(|row| row[2] != json!(0)), "{rows:?}");
    }

    async fn what_is_not_collected_in_five_years_is_set_aside(app: TestApp) {
        let office = lamps(&app).await;
        let figures = ["row", "claim_year", "assessed", "collected_current", "collected_next_year", "collected_later", "open", "collected_rate", "complement", "set_aside"];
        let (rows, totals) = report(&office, "doubtful-claims", "from_date=2026-01-01&to_date=2026-12-31").await;
        let none = Value::Null;
        assert_eq!(columns(&rows, figures), [
            [json!("esercizio"), json!("2024"), json!(1281), json!(0), json!(0), json!(427), json!(854), json!(0), none.clone(), none.clone()],
            [json!("esercizio"), json!("2025"), json!(1281), json!(0), json!(427), json!(0), json!(854), json!(3333), none.clone(), none.clone()],
            [json!("esercizio"), json!("2026"), json!(2562), json!(854), json!(0), json!(0), json!(1708), none.clone(), none.clone(), none.clone()],
            [json!("media semplice"), none.clone(), json!(5124), json!(854), json!(427), json!(427), json!(3416), json!(1667), json!(8333), json!(2847)],
            [json!("media sui totali"), none.clone(), json!(5124), json!(854), json!(427), json!(427), json!(3416), json!(1667), json!(8333), json!(2847)],
        ]);
        assert_eq!((&rows[3]["service_codes"], &rows[3]["chapter"]), (&json!("LAMPADE"), &json!("310")));
        assert_eq!(totals[2], json!({"label": "Fondo, media semplice", "count": 1, "amount_cents": 2847}));
        // A year on, 2026 counts too.
        let (rows, _) = report(&office, "doubtful-claims", "from_date=2027-01-01&to_date=2027-12-31").await;
        assert_eq!(columns(&rows, ["row", "collected_rate"])[3], [json!("media semplice"), json!(2222)]);
        // As it stood before the payment, and before anything was charged.
        let (rows, _) = report(&office, "doubtful-claims", "from_date=2026-03-01&to_date=2026-03-31").await;
        assert_eq!(rows, Vec::<Value>::new());
        let csv = "/reports/doubtful-claims?from_date=2026-01-01&to_date=2026-12-31&dialect=it";
        let csv = office.get(csv).header("accept", "text/csv").send().await;
        let text = String::from_utf8(csv.body).unwrap();
        assert!(text.contains(";media semplice;;51,24;8,54;4,27;4,27;34,16;16,67;83,33;28,47\r\n"), "{text}");
    }
}
