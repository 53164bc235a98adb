//! Payments made by hand.

use serde_json::{Value, json};

use super::station::{PROVINCE, Station, TOWN};
use super::{Gateway, NOTICE, outcomes};

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_paid_once_by_either_version() {
    for version in [1, 2] {
        let (folder, station) = (tempfile::tempdir().unwrap(), Station::start());
        let gateway = Gateway::open(folder.path());
        gateway.register(&station, version).await;
        let story = gateway.pay(NOTICE, "pay").await;
        assert_eq!(
            outcomes(&story),
            ["verify OK", "activate OK", "outcome OK", "receipt OK"]
        );
        assert_eq!(story["result"], "paid");
        assert_eq!(story["steps"][0]["amount_cents"], 10_500);
        assert_eq!(
            station.receipt_ids(),
            [story["payments"][0].as_str().unwrap()]
        );
        let again = gateway.pay(NOTICE, "pay").await;
        assert_eq!(outcomes(&again), ["verify PPT_PAGAMENTO_DUPLICATO"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scenarios_follow_the_rules_of_the_node() {
    let (folder, station) = (tempfile::tempdir().unwrap(), Station::start());
    let gateway = Gateway::open(folder.path());
    gateway.register(&station, 2).await;

    let twice = gateway.pay("301000000000000201", "pay_twice").await;
    let expected = [
        "verify OK",
        "activate OK",
        "expire OK",
        "activate OK",
        "outcome PPT_TOKEN_SCADUTO",
        "outcome OK",
        "receipt OK",
        "receipt OK",
    ];
    assert_eq!(outcomes(&twice), expected);
    assert_eq!(station.take_receipts().len(), 2);

    let late = gateway.pay("301000000000000202", "late_outcome").await;
    assert_eq!(
        outcomes(&late),
        [
            "verify OK",
            "activate OK",
            "expire OK",
            "outcome PPT_TOKEN_SCADUTO",
            "receipt OK"
        ]
    );

    let lost = gateway.pay("301000000000000203", "lost_answer").await;
    assert_eq!(
        outcomes(&lost),
        [
            "verify OK",
            "activate OK",
            "outcome OK",
            "receipt LOST",
            "receipt OK"
        ]
    );
    let receipts = station.take_receipts();
    assert_eq!(receipts.len(), 3);
    assert_eq!(receipts[1], receipts[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_and_outcomes_can_be_held_back() {
    let (folder, station) = (tempfile::tempdir().unwrap(), Station::start());
    let gateway = Gateway::open(folder.path());
    gateway.register(&station, 2).await;
    let held = gateway.pay("301000000000000204", "late_receipt").await;
    assert_eq!(
        (held["result"].as_str(), station.take_receipts().len()),
        (Some("paid"), 0)
    );
    drop(gateway);
    let gateway = Gateway::open(folder.path());
    let delivered = gateway
        .ok("POST", "/control/receipts/deliver", Value::Null)
        .await;
    assert_eq!(
        (
            delivered["delivered"].as_u64(),
            station.take_receipts().len()
        ),
        (Some(1), 1)
    );

    let open = gateway.pay("301000000000000205", "activate_only").await;
    assert_eq!(open["result"], "open");
    let other = gateway.pay("301000000000000205", "pay").await;
    assert_eq!(outcomes(&other), ["verify PPT_PAGAMENTO_IN_CORSO"]);
    let path = format!(
        "/control/payments/{}/complete",
        open["payments"][0].as_str().unwrap()
    );
    assert_eq!(
        outcomes(&gateway.ok("POST", &path, Value::Null).await),
        ["outcome OK", "receipt OK"]
    );
    assert_eq!(
        outcomes(&gateway.ok("POST", &path, Value::Null).await),
        ["outcome PPT_ESITO_GIA_ACQUISITO"]
    );

    let only = gateway.pay("301000000000000206", "verify_only").await;
    assert_eq!(
        (only["result"].as_str(), outcomes(&only)),
        (Some("verified"), vec!["verify OK".to_owned()])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_tell_the_provider_what_the_creditor_said() {
    let (folder, station) = (tempfile::tempdir().unwrap(), Station::start());
    let gateway = Gateway::open(folder.path());
    gateway.register(&station, 2).await;
    station.refuse(NOTICE, "PAA_PAGAMENTO_SCADUTO");
    let story = gateway.pay(NOTICE, "pay").await;
    assert_eq!(outcomes(&story), ["verify PAA_PAGAMENTO_SCADUTO"]);
    assert_eq!(
        story["steps"][0]["fault"]["code"],
        "PPT_ERRORE_EMESSO_DA_PAA"
    );
    assert_eq!(story["result"], "refused");
    let nowhere = gateway.pay("302000000000000158", "pay").await;
    assert_eq!(
        outcomes(&nowhere),
        ["verify PPT_STAZIONE_INT_PA_SCONOSCIUTA"]
    );
    station.be_down(true);
    let down = gateway.pay("301000000000000201", "pay").await;
    assert_eq!(
        outcomes(&down),
        ["verify PPT_STAZIONE_INT_PA_IRRAGGIUNGIBILE"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_problems_with_a_readable_detail() {
    let folder = tempfile::tempdir().unwrap();
    let gateway = Gateway::open(folder.path());
    let wrong = [
        (
            "POST",
            "/control/payments",
            json!({"creditor": TOWN, "notice_number": NOTICE}),
            404,
            "not registered",
        ),
        (
            "POST",
            "/control/payments",
            json!({"creditor": TOWN, "notice_number": "1"}),
            422,
            "18 digits",
        ),
        (
            "POST",
            "/control/payments",
            json!({"creditor": TOWN, "notice": NOTICE}),
            400,
            "unknown field `notice`",
        ),
        (
            "POST",
            "/control/days",
            json!({"date": "yesterday"}),
            400,
            "expected here",
        ),
        (
            "PUT",
            "/control/mischief",
            json!({"cash_split": 1001}),
            422,
            "thousand",
        ),
        (
            "GET",
            "/control/treasury/80001230456?from=2026-01-02&to=2026-01-01",
            Value::Null,
            422,
            "after",
        ),
        ("GET", "/control/nothing", Value::Null, 404, "nothing here"),
        (
            "POST",
            "/control/payments/x/complete",
            Value::Null,
            404,
            "no payment x",
        ),
    ];
    for (method, path, body, expected, detail) in wrong {
        let (status, text) = gateway.call(method, path, body).await;
        let problem: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (status, problem["status"].as_u64()),
            (expected, Some(u64::from(expected))),
            "{path} {text}"
        );
        assert!(
            problem["detail"].as_str().unwrap().contains(detail),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_beneficiary_that_asked_for_copies_receives_the_whole_receipt() {
    let (folder, town, province) = (
        tempfile::tempdir().unwrap(),
        Station::start(),
        Station::start(),
    );
    let gateway = Gateway::open(folder.path());
    gateway.register(&town, 2).await;
    let creditor = json!({
        "legal_name": "Provincia di Roccaverde",
        "broker_tax_code": PROVINCE,
        "stations": [{"station_id": format!("{PROVINCE}_02"), "segregation_code": "02", "url": province.url, "version": 1, "broadcast": true}],
    });
    gateway
        .ok("PUT", &format!("/control/creditors/{PROVINCE}"), creditor)
        .await;
    province.be_down(true);
    let story = gateway.pay(NOTICE, "pay").await;
    assert_eq!(
        outcomes(&story).last().unwrap(),
        "receipt PPT_STAZIONE_INT_PA_IRRAGGIUNGIBILE"
    );
    province.be_down(false);
    province.take_receipts();
    let delivered = gateway
        .ok("POST", "/control/receipts/deliver", Value::Null)
        .await;
    assert_eq!(
        (
            delivered["delivered"].as_u64(),
            delivered["receipts_waiting"].as_u64()
        ),
        (Some(1), Some(0))
    );
    let (to_town, to_province) = (town.take_receipts(), province.take_receipts());
    assert_eq!((to_town.len(), to_province.len()), (1, 1));
    assert!(to_town[0].contains("paSendRTV2Request") && to_province[0].contains("paSendRTReq"));
    assert!(to_province[0].contains(&format!("<idPA>{PROVINCE}</idPA>")));
    assert!(to_province[0].contains(&format!("<fiscalCode>{TOWN}</fiscalCode>")));
}
