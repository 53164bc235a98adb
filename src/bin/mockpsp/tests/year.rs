//! Simulated days.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::Gateway;
use super::station::{PROVINCE, Station, TOWN};

/// Forty debts payable at once or in two instalments; sixty payments with every mischief.
fn batch() -> Value {
    let mut notices = Vec::new();
    for group in 0..40 {
        for (option, sequence, due) in [
            (0, 1, "2026-03-20"),
            (1, 1, "2026-03-20"),
            (1, 2, "2026-04-20"),
        ] {
            notices.push(json!({
                "notice_number": format!("301{group:013}{option}{sequence}"),
                "group": format!("debt {group}"), "option": option, "sequence": sequence,
                "issued_on": "2026-03-01", "due_on": due,
            }));
        }
    }
    let mischief = json!({
        "double_payment": 3, "lost_receipt": 4, "late_payment": 2,
        "paid_after_withdrawal": 2, "lost_answer": 2, "late_outcome": 2,
    });
    json!({"batch": "tari-2026", "creditor": TOWN, "pay": 60, "mischief": mischief, "notices": notices})
}

/// Runs March to the middle of June; `stop_at` stops the gateway on that day and starts it again.
async fn year(folder: &Path, station: &Station, stop_at: Option<&str>) -> (Value, Gateway) {
    let mut gateway = Gateway::open(folder);
    gateway.register(station, 2).await;
    gateway
        .ok(
            "PUT",
            "/control/mischief",
            json!({"flow_wrong_sum": 100, "flow_revised": 100, "cash_split": 200}),
        )
        .await;
    let plan = gateway.ok("POST", "/control/notices", batch()).await;
    assert_eq!(plan["pay"], 60);
    assert_eq!(gateway.ok("POST", "/control/notices", batch()).await, plan);
    let mut day: chrono::NaiveDate = "2026-03-01".parse().unwrap();
    while day.to_string().as_str() < "2026-06-15" {
        if stop_at == Some(day.to_string().as_str()) {
            gateway.stop.send_replace(true);
            let (status, text) = gateway
                .call("POST", "/control/days", json!({"date": day}))
                .await;
            assert_eq!(status, 503, "{text}");
            drop(gateway);
            gateway = Gateway::open(folder);
        }
        let figures = gateway
            .ok("POST", "/control/days", json!({"date": day}))
            .await;
        assert_eq!(
            gateway
                .ok("POST", "/control/days", json!({"date": day}))
                .await,
            figures
        );
        day = day.succ_opt().unwrap();
    }
    (
        gateway.ok("GET", "/control/summary", Value::Null).await,
        gateway,
    )
}

/// The busiest day of the plan, to be stopped on.
const BUSY: &str = "2026-03-18";

#[tokio::test(flavor = "multi_thread")]
async fn a_year_pays_what_was_planned_and_a_restart_changes_nothing() {
    let (folder, station) = (tempfile::tempdir().unwrap(), Station::start());
    let (summary, gateway) = year(folder.path(), &station, None).await;
    assert_eq!(
        (
            summary["notices_paid"].as_u64(),
            summary["payments"].as_u64()
        ),
        (Some(60), Some(63))
    );
    assert_eq!(
        (
            summary["receipts_delivered"].as_u64(),
            summary["planned_left"].as_u64()
        ),
        (Some(63), Some(0))
    );
    assert_eq!(summary["refused"], json!({}));
    assert_eq!(
        summary["by_beneficiary"][TOWN],
        json!({"count": 63, "cents": 630_000})
    );
    assert_eq!(
        summary["by_beneficiary"][PROVINCE],
        json!({"count": 63, "cents": 31_500})
    );
    for org in [TOWN, PROVINCE] {
        let flows = &summary["flows"]["by_beneficiary"][org];
        assert_eq!(flows["rows"], 63);
        assert_eq!(flows["flow_cents"], flows["credit_cents"]);
        assert_eq!(flows["flow_cents"], summary["by_beneficiary"][org]["cents"]);
    }
    for kind in [
        "double_payment",
        "lost_receipt",
        "late_payment",
        "paid_after_withdrawal",
        "lost_answer",
        "late_outcome",
    ] {
        assert_eq!(
            summary["mischief"][kind]["planned"], summary["mischief"][kind]["done"],
            "{kind}"
        );
    }
    let anomalies = listed(&gateway, &summary).await;
    let receipts: BTreeSet<String> = station.take_receipts().into_iter().collect();
    assert_eq!(receipts.len(), 63);
    drop(gateway);

    let again = tempfile::tempdir().unwrap();
    let (stopped, gateway) = year(again.path(), &station, Some(BUSY)).await;
    assert_eq!(stopped, summary);
    assert_eq!(
        station.take_receipts().into_iter().collect::<BTreeSet<_>>(),
        receipts
    );
    drop(gateway);
    let gateway = Gateway::open(again.path());
    assert_eq!(
        gateway.ok("GET", "/control/summary", Value::Null).await,
        summary
    );
    assert_eq!(listed(&gateway, &summary).await, anomalies);
}

/// What went wrong one by one, which is as much as the summary counts.
async fn listed(gateway: &Gateway, summary: &Value) -> Value {
    let path = format!("/control/anomalies/{TOWN}");
    let anomalies = gateway.ok("GET", &path, Value::Null).await;
    let all = anomalies.as_array().unwrap();
    let of = |kind: &str| all.iter().filter(|one| one["kind"] == kind).count();
    for (kind, counted) in summary["mischief"].as_object().unwrap() {
        assert_eq!(
            u64::try_from(of(kind)).ok(),
            counted["done"].as_u64(),
            "{kind}"
        );
    }
    for lost in all.iter().filter(|one| one["kind"] == "lost_receipt") {
        assert!(
            lost["reported_on"].as_str() < lost["sent_on"].as_str(),
            "{lost}"
        );
    }
    for kind in ["flow_wrong_sum", "flow_revised", "cash_split"] {
        assert!(of(kind) > 0, "{kind}");
    }
    let split = all.iter().find(|one| one["kind"] == "cash_split").unwrap();
    let (_, journal) = gateway
        .call(
            "GET",
            &format!("/control/treasury/{TOWN}?from=2026-03-01&to=2026-12-31"),
            Value::Null,
        )
        .await;
    for movement in split["movements"].as_array().unwrap() {
        let begins = movement.as_str().unwrap().replace('/', ";");
        assert!(
            journal
                .lines()
                .any(|line| line.starts_with(&format!("{begins};"))),
            "{begins}"
        );
    }
    let path = "/control/anomalies/00000000000";
    assert_eq!(gateway.ok("GET", path, Value::Null).await, json!([]));
    anomalies
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_creditor_is_waited_for() {
    let (folder, station) = (tempfile::tempdir().unwrap(), Station::start());
    let gateway = Gateway::open(folder.path());
    gateway.register(&station, 2).await;
    gateway.ok("POST", "/control/notices", batch()).await;
    station.fail_next(6);
    let figures = gateway
        .ok("POST", "/control/days", json!({"date": "2026-03-20"}))
        .await;
    assert_eq!(figures["refused"], json!({}));
    let receipts: BTreeSet<String> = station.take_receipts().into_iter().collect();
    assert_eq!(
        u64::try_from(receipts.len()).unwrap(),
        figures["receipts_delivered"].as_u64().unwrap()
    );
    assert!(receipts.len() > 20, "{figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawn_positions_get_their_receipt_on_the_next_day() {
    let (folder, station) = (tempfile::tempdir().unwrap(), Station::start());
    let gateway = Gateway::open(folder.path());
    gateway.register(&station, 2).await;
    let notice = |n: u32| json!({"notice_number": format!("301{n:015}"), "group": n.to_string(), "issued_on": "2026-03-01", "due_on": "2026-03-10"});
    let batch = json!({"batch": "b", "creditor": TOWN, "pay": 3, "mischief": {"paid_after_withdrawal": 3}, "notices": [notice(1), notice(2), notice(3)]});
    gateway.ok("POST", "/control/notices", batch).await;
    let figures = gateway
        .ok("POST", "/control/days", json!({"date": "2026-03-10"}))
        .await;
    assert_eq!(figures["held_open"].as_array().unwrap().len(), 3);
    assert_eq!(
        (figures["payments"].as_u64(), station.receipt_ids().len()),
        (Some(0), 0)
    );
    for n in 1..=3 {
        station.refuse(&format!("301{n:015}"), "PAA_PAGAMENTO_ANNULLATO");
    }
    let next = gateway
        .ok("POST", "/control/days", json!({"date": "2026-03-11"}))
        .await;
    assert_eq!(
        (
            next["payments"].as_u64(),
            next["held_open"].as_array().unwrap().len()
        ),
        (Some(3), 0)
    );
    assert_eq!(station.receipt_ids().len(), 3);
}
