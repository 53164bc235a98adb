//! A slip on a windscreen and the report that follows it: one violation is asked for once.

use avviso::app::positions::Create;
use avviso::domain::ledger::Account;
use avviso::domain::position::Position;
use avviso::domain::text::Text;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::fines::{asked, path, receipt, tag};
use crate::given::{self, single};
use crate::rest::{Caller, Reply};

/// 29.40 within five days of 30 March, then 42.00 until the report comes.
fn slip(reference: &str) -> Create {
    let details = json!({
        "report_number": "P/2026/77", "plate": "AB123CD", "costs_cents": 0,
        "violations": [{"article": "7-15", "committed_on": "2026-03-30", "at_night": false}],
    });
    Create {
        service_code: "CDS-PREAVVISI".to_owned(),
        reference: Some(Text::parse(reference).unwrap()),
        details,
        ..given::fine()
    }
}

/// The report for the same violation: 42.00 and 15.50 of costs, not notified yet.
fn report(slip: &str) -> Value {
    json!({
        "service_code": "CDS-VERBALI",
        "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
        "details": {"fine": {
            "report_number": "V/2026/900", "plate": "AB123CD", "costs_cents": 1550, "slip_reference": slip,
            "violations": [{"article": "7-15", "committed_on": "2026-03-30", "at_night": false}],
        }},
    })
}

async fn issue(office: &Caller, report: &Value) -> Reply {
    office.post("/debt-positions", report).send().await
}

async fn state(office: &Caller, position: &Position) -> Value {
    office.get(&path(position)).send().await.expect(200)["state"].clone()
}

both_databases! {
    async fn a_report_closes_the_slip_in_its_own_transaction(app: TestApp) {
        let office = app.office().await;
        let left = given::position(&app, slip("PREAVVISO-77")).await;
        let number = single(&left);
        assert_eq!(asked(&app, &number).await, "29.40");
        assert_eq!(app.balance(Account::Receivable).await, 2_940);
        let payment = given::activated(&app, &number).await;
        app.set_clock("2026-04-20T08:00:00Z");
        assert_eq!(asked(&app, &number).await, "42.00");
        let made = issue(&office, &report("PREAVVISO-77")).await.expect(201);
        assert_eq!(asked(&app, &number).await, "PAA_PAGAMENTO_ANNULLATO");
        assert_eq!(state(&office, &left).await, "cancelled");
        assert_eq!(app.balance(Account::Receivable).await, 4_490, "the report's, not both");
        // A payment of the slip that arrives anyway is a fact: kept, flagged, owed back or set off.
        receipt(&app, &number, ("token-1", "2026-04-20T12:00:00"), &payment).await;
        assert_eq!(app.rows("SELECT anomaly AS row FROM receipt"), ["paid_after_withdrawal"]);
        assert_eq!(asked(&app, &number).await, "PAA_PAGAMENTO_DUPLICATO");
        let asked_for = made["payment_options"][0]["notices"][0]["notice_number"].as_str().unwrap();
        assert_eq!(asked(&app, asked_for).await, "44.90");
        // The same slip again: it stays closed, the office decides about two reports.
        let closed = given::position(&app, slip("PREAVVISO-78")).await;
        issue(&office, &report("PREAVVISO-78")).await.expect(201);
        issue(&office, &report("PREAVVISO-78")).await.expect(201);
        assert_eq!(state(&office, &closed).await, "cancelled");
    }

    async fn a_draft_of_a_report_closes_the_slip_when_it_is_published(app: TestApp) {
        let office = app.office().await;
        let left = given::position(&app, slip("PREAVVISO-77")).await;
        let mut draft = report("PREAVVISO-77");
        draft["publish"] = json!(false);
        let made = issue(&office, &draft).await.expect(201);
        assert_eq!((&made["state"], &state(&office, &left).await), (&json!("draft"), &json!("open")));
        let path = format!("/debt-positions/{}", made["debt_position_id"].as_str().unwrap());
        let shown = office.get(&path).send().await;
        let published = office.patch(&path, shown.header("etag"), &json!({"state": "open"}));
        assert_eq!(published.send().await.expect(200)["state"], "open");
        assert_eq!(state(&office, &left).await, "cancelled");
        assert_eq!(app.balance(Account::Receivable).await, 4_490);
    }

    async fn what_is_no_slip_for_the_same_violation_is_refused_and_nothing_changes(app: TestApp) {
        let office = app.office().await;
        let (left, paid) = (given::position(&app, slip("PREAVVISO-77")).await, given::position(&app, slip("PREAVVISO-78")).await);
        given::paid(&app, &single(&paid), "token-1").await;
        let other = Create { reference: Some(Text::parse("LAMPADE-1").unwrap()), ..given::lamps(1) };
        given::position(&app, other).await;
        let own = Create { reference: Some(Text::parse("VERBALE-1").unwrap()), ..given::fine() };
        given::position(&app, own).await;
        let changed = |at: &str, to: Value| {
            let mut report = report("PREAVVISO-77");
            *report["details"]["fine"].pointer_mut(at).unwrap() = to;
            report
        };
        let before = app.rows("SELECT COUNT(*) || '' AS row FROM notice_event");
        for (wrong, complaint) in [
            (report("PREAVVISO-0"), "/details/fine/slip_reference no position has this reference"),
            (report("LAMPADE-1"), "/details/fine/slip_reference the position with this reference is of another kind"),
            (report("PREAVVISO-78"), "/details/fine/slip_reference is paid already: the violation is settled"),
            (changed("/plate", json!("ZZ999ZZ")), "/details/fine/plate must be the plate of the slip"),
            (changed("/violations/0/committed_on", json!("2026-03-29")),
             "/details/fine/violations lacks the violation of 7-15 on 2026-03-30, which is on the slip"),
        ] {
            let refused = issue(&office, &wrong).await;
            assert_eq!(refused.complaint(), format!("422 rule-violation [{complaint}]"));
        }
        let no_slip = issue(&office, &report("VERBALE-1")).await.complaint();
        assert!(no_slip.contains("/details/fine/slip_reference the position with this reference is no slip"), "{no_slip}");
        assert_eq!(app.rows("SELECT COUNT(*) || '' AS row FROM notice_event"), before);
        assert_eq!(app.rows("SELECT COUNT(*) || '' AS row FROM position"), ["4"]);
        assert_eq!(asked(&app, &single(&left)).await, "29.40");
    }

    async fn a_report_is_restored_only_over_a_slip_that_nobody_has_paid(app: TestApp) {
        let office = app.office().await;
        let left = given::position(&app, slip("PREAVVISO-77")).await;
        let made = issue(&office, &report("PREAVVISO-77")).await.expect(201);
        let path_of_report = format!("/debt-positions/{}", made["debt_position_id"].as_str().unwrap());
        let want = async |path: &str, state: &str| {
            let shown = office.get(path).send().await;
            office.patch(path, shown.header("etag"), &json!({"state": state})).send().await
        };
        want(&path_of_report, "cancelled").await.expect(200);
        want(&path(&left), "open").await.expect(200);
        assert_ne!(tag(&office, &left).await, "\"1\"");
        want(&path_of_report, "open").await.expect(200);
        assert_eq!(state(&office, &left).await, "cancelled", "one of the two");
        want(&path_of_report, "cancelled").await.expect(200);
        want(&path(&left), "open").await.expect(200);
        given::paid(&app, &single(&left), "token-1").await;
        let refused = want(&path_of_report, "open").await;
        assert_eq!(refused.slug(), "rule-violation");
    }
}
