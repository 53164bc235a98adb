//! What days do by themselves: terms that end, plans that end because instalments were missed, and the job
//! that writes both down.

use avviso::app::positions::Create;
use avviso::domain::fiscal_code::FiscalCode;
use avviso::domain::ledger::Account;
use avviso::jobs::write_lapses::{self, Written};
use serde_json::{Value, json};

use crate::app::{TOWN, TestApp};
use crate::fines::{asked, path, receipt, tag};
use crate::given::{self, instalment, single};
use crate::rest::Caller;

/// 543 to 2 170 euro and 16.30 of costs, notified on 1 April, in five instalments due on the 16th of each
/// month from May. After 1 June half the maximum is asked: 1 101.30.
pub(crate) fn in_instalments() -> Create {
    let mut fine = given::fine();
    fine.details["violations"][0]["article"] = json!("142-9");
    fine.details["instalments"] = json!({
        "count": 5, "requested_on": "2026-04-01", "starts_on": "2026-04-16",
        "income_cents": 900_000, "relatives": 0,
    });
    fine
}

/// A service of fines that cannot be paid after the days of the reduced payment.
pub(crate) async fn strict_fines(office: &Caller) {
    let article = json!({"code": "142-8", "label": "art. 142 c. 8 CdS", "valid_from": "2021-01-01",
        "minimum_cents": 17_300, "maximum_cents": 69_400});
    let service = json!({"versions": [{
        "valid_from_date": "2026-01-01", "kind": "fine", "title": "Verbali",
        "taxonomy_code": "9/0102100SA/", "iban": "IT69F9999940440000000000202",
        "accounting_key": "E.3.02.02.01.004",
        "terms": {"discount_bp": 3000, "discount_days": 5, "reduced_days": 60, "after_60": "expired",
            "articles": [article]},
    }]});
    let path = format!("/creditors/{TOWN}/services/VERBALI");
    let put = office.put(&path, &service).header("if-none-match", "*");
    assert!(put.send().await.status.is_success());
}

pub(crate) fn strict_fine() -> Create {
    Create {
        service_code: "VERBALI".to_owned(),
        ..given::fine()
    }
}

async fn written(app: &TestApp, town: &FiscalCode) -> (usize, usize) {
    let Written {
        expired,
        plans_ended,
    } = write_lapses::run(&app.ctx, town).await.unwrap();
    (expired, plans_ended)
}

async fn amend(office: &Caller, position: &avviso::domain::position::Position, to: Value) -> Value {
    let tag = tag(office, position).await;
    let amended = office.patch(&path(position), &tag, &to).send().await;
    amended.expect(200)
}

both_databases! {
    async fn a_plan_of_which_two_instalments_are_missed_ends_and_its_rest_falls_due(app: TestApp) {
        let (office, town) = (app.office().await, app.town());
        let position = given::position(&app, in_instalments()).await;
        app.set_clock("2026-05-10T08:00:00Z");
        let payment = given::activated(&app, &instalment(&position, 1)).await;
        assert_eq!(payment.value("paymentAmount"), "113.93");
        receipt(&app, &instalment(&position, 1), ("token-1", "2026-05-10T10:15:00"), &payment).await;
        // The second is late until the third is missed too.
        app.set_clock("2026-07-16T08:00:00Z");
        assert_eq!(asked(&app, &instalment(&position, 2)).await, "113.57");
        app.set_clock("2026-07-17T08:00:00Z");
        for sequence in 2..=5 {
            assert_eq!(asked(&app, &instalment(&position, sequence)).await, "PAA_PAGAMENTO_SCADUTO");
        }
        let shown = office.get(&path(&position)).send().await.expect(200);
        assert_eq!(shown["payment_options"][1]["notices"][1]["state"], "expired");
        // Receipts of payments made in time may still come.
        assert_eq!(written(&app, &town).await, (0, 0));
        app.set_clock("2026-07-22T08:00:00Z");
        let before = app.balance(Account::Receivable).await;
        assert_eq!(written(&app, &town).await, (0, 1));
        let again = app.dump();
        assert_eq!(written(&app, &town).await, (0, 0));
        assert_eq!(app.dump(), again, "a second run changes nothing");
        let shown = office.get(&path(&position)).send().await.expect(200);
        let rest = &shown["payment_options"][2]["notices"][0];
        // Half the maximum and the costs, less what was paid.
        assert_eq!(rest["amount_cents"], 110_130 - 11_393);
        assert_eq!(shown["payment_options"][2]["replaces"].as_array().unwrap().len(), 5);
        assert_eq!(app.balance(Account::Receivable).await, 110_130 - 11_393);
        assert!(before < 110_130 - 11_393, "what the plan still asked was less");
        let number = rest["notice_number"].as_str().unwrap();
        assert_eq!(asked(&app, number).await, "987.37");
        assert_eq!(asked(&app, &instalment(&position, 2)).await, "PAA_PAGAMENTO_ANNULLATO");
        given::paid(&app, number, "token-2").await;
        let shown = office.get(&path(&position)).send().await.expect(200);
        assert_eq!(shown["state"], "paid");
        assert_eq!(app.balance(Account::Receivable).await, 0);
    }

    async fn a_plan_whose_first_instalment_is_missed_leaves_the_whole_to_pay(app: TestApp) {
        let (office, town) = (app.office().await, app.town());
        let position = given::position(&app, in_instalments()).await;
        app.set_clock("2026-05-16T08:00:00Z");
        let payment = given::activated(&app, &instalment(&position, 1)).await;
        app.set_clock("2026-05-17T08:00:00Z");
        assert_eq!(asked(&app, &instalment(&position, 1)).await, "PAA_PAGAMENTO_SCADUTO");
        assert_eq!(asked(&app, &single(&position)).await, "559.30");
        app.set_clock("2026-06-02T08:00:00Z");
        assert_eq!(asked(&app, &single(&position)).await, "1101.30");
        assert_eq!(written(&app, &town).await, (5, 0));
        let events = "SELECT event || ' ' || actor AS row FROM notice_event";
        assert_eq!(app.rows(events), ["lapse calendar"; 5]);
        assert_eq!(asked(&app, &single(&position)).await, "1101.30");
        // The office may grant more time: the plan goes on under its numbers.
        amend(&office, &position, json!({"due_date": "2026-12-31"})).await;
        assert_eq!(asked(&app, &instalment(&position, 1)).await, "113.93");
        assert_eq!(written(&app, &town).await, (0, 0));
        // A receipt is a fact, whenever it comes.
        receipt(&app, &instalment(&position, 1), ("token-1", "2026-05-16T10:15:00"), &payment).await;
        let shown = office.get(&path(&position)).send().await.expect(200);
        assert_eq!(shown["state"], "partially_paid");
    }

    async fn ended_terms_are_written_down_in_batches_and_extending_restores(app: TestApp) {
        let (office, town, neighbour) = (app.office().await, app.town(), app.neighbour().await);
        strict_fines(&office).await;
        let kept = given::position_of(&app, &neighbour, given::fine()).await;
        let mut fines = Vec::new();
        for _ in 0..203 {
            fines.push(given::position(&app, strict_fine()).await);
        }
        let endless = given::position(&app, given::fine()).await;
        // The sixtieth day is a Sunday: Monday 1 June is the last.
        app.set_clock("2026-06-06T08:00:00Z");
        assert_eq!(asked(&app, &single(&fines[0])).await, "PAA_PAGAMENTO_SCADUTO", "before any job");
        assert_eq!(written(&app, &town).await, (0, 0));
        app.set_clock("2026-06-07T08:00:00Z");
        let receivable = app.balance(Account::Receivable).await;
        assert_eq!(written(&app, &town).await, (203, 0));
        assert_eq!(written(&app, &town).await, (0, 0));
        assert_eq!(app.balance(Account::Receivable).await, receivable, "the debt stands");
        let states = "SELECT state || ' ' || COUNT(*) AS row FROM notice GROUP BY state ORDER BY state";
        assert_eq!(app.rows(states), ["expired 203", "open 3"], "not the neighbour's two");
        assert_eq!(kept.notices.len() + endless.notices.len(), 3);
        let shown = amend(&office, &fines[0], json!({"due_date": "2026-12-31"})).await;
        assert_eq!(shown["state"], "open");
        assert_eq!(asked(&app, &single(&fines[0])).await, "189.30");
        assert_eq!(written(&app, &town).await, (0, 0));
        // It ends again with its new term.
        app.set_clock("2027-01-06T08:00:00Z");
        assert_eq!(written(&app, &town).await, (1, 0));
    }

    async fn a_payment_in_time_is_no_anomaly_however_late_its_receipt_comes(app: TestApp) {
        let office = app.office().await;
        strict_fines(&office).await;
        let (first, second) = (given::position(&app, strict_fine()).await, given::position(&app, strict_fine()).await);
        app.set_clock("2026-06-01T08:00:00Z");
        let in_time = given::activated(&app, &single(&first)).await;
        let late = given::activated(&app, &single(&second)).await;
        app.set_clock("2026-06-05T08:00:00Z");
        assert_eq!(written(&app, &app.town()).await, (0, 0));
        receipt(&app, &single(&first), ("token-1", "2026-06-01T23:59:59"), &in_time).await;
        receipt(&app, &single(&second), ("token-2", "2026-06-02T00:00:00"), &late).await;
        let filed = "SELECT receipt_id || ' ' || COALESCE(anomaly, '-') AS row FROM receipt ORDER BY receipt_id";
        assert_eq!(app.rows(filed), ["token-1 -", "token-2 paid_after_expiry"]);
    }
}
