//! The doors the creditor calls.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::station::{PROVINCE, Station, TOWN};
use super::{Gateway, NOTICE};

#[tokio::test(flavor = "multi_thread")]
async fn flows_are_read_through_the_rest_door_when_their_day_has_come() {
    let (folder, station) = (tempfile::tempdir().unwrap(), Station::start());
    let gateway = Gateway::open(folder.path());
    gateway.register(&station, 2).await;
    let mut receipts = BTreeSet::new();
    for n in 0..12 {
        let number = format!("301{n:015}");
        let body = json!({"creditor": TOWN, "notice_number": number, "psp": "MNTDIT51XXX", "on": "2026-03-02"});
        let story = gateway.ok("POST", "/control/payments", body).await;
        assert_eq!(story["result"], "paid");
        receipts.insert(story["payments"][0].as_str().unwrap().to_owned());
    }
    read_flows(&gateway, &receipts).await;
    let path = format!("/control/treasury/{PROVINCE}?from=2026-03-01&to=2026-03-31");
    let (_, csv) = gateway.call("GET", &path, Value::Null).await;
    let expected = ";60,00;2026-03-03;2026-03-03;Moneta Diretta S.p.A. Servizio pagoPA;/PUR/LGPE-RIVERSAMENTO/";
    assert!(csv.contains(expected), "{csv}");
}

async fn read_flows(gateway: &Gateway, receipts: &BTreeSet<String>) {
    let base = format!("/fdr-org/service/v1/organizations/{TOWN}/fdrs");
    gateway
        .ok("POST", "/control/days", json!({"date": "2026-03-02"}))
        .await;
    assert_eq!(gateway.ok("GET", &base, Value::Null).await["count"], 0);
    for day in ["2026-03-03", "2026-03-04"] {
        gateway
            .ok("POST", "/control/days", json!({"date": day}))
            .await;
    }
    let list = gateway
        .ok(
            "GET",
            &format!("{base}?publishedGt=2026-03-01T00:00:00Z&page=1&size=10"),
            Value::Null,
        )
        .await;
    assert_eq!(
        (list["count"].as_u64(), list["metadata"]["totPage"].as_u64()),
        (Some(1), Some(1))
    );
    let flow = &list["data"][0];
    let fdr = flow["fdr"].as_str().unwrap();
    assert_eq!(fdr, "2026-03-03MNTDIT51XXX-000000001");
    let one = format!("{base}/{fdr}/revisions/1/psps/MNTDIT51XXX");
    let (_, text) = gateway.call("GET", &one, Value::Null).await;
    assert!(
        text.contains(r#""sumPayments":1200.00"#) && text.contains(r#""totPayments":12"#),
        "{text}"
    );
    assert!(
        text.contains(r#""regulationDate":"2026-03-03""#)
            && text.contains(r#""status":"PUBLISHED""#),
        "{text}"
    );
    let page = gateway
        .ok("GET", &format!("{one}/payments?page=3&size=5"), Value::Null)
        .await;
    assert_eq!(
        (page["count"].as_u64(), page["metadata"]["totPage"].as_u64()),
        (Some(2), Some(3))
    );
    assert_eq!(
        (
            page["data"][1]["index"].as_u64(),
            page["data"][1]["idTransfer"].as_u64()
        ),
        (Some(12), Some(1))
    );
    rows_stand_in_the_order_of_payment(gateway, &one, receipts).await;
    let (status, text) = gateway
        .call(
            "GET",
            &format!("{base}/{fdr}/revisions/2/psps/MNTDIT51XXX"),
            Value::Null,
        )
        .await;
    assert!(
        status == 404 && text.contains("FDR-3001"),
        "{status} {text}"
    );
    flows_are_not_listed_twice(gateway, &base, flow["published"].as_str().unwrap()).await;
}

async fn rows_stand_in_the_order_of_payment(
    gateway: &Gateway,
    flow: &str,
    receipts: &BTreeSet<String>,
) {
    let path = format!("{flow}/payments?page=1&size=1000");
    let page = gateway.ok("GET", &path, Value::Null).await;
    let rows = page["data"].as_array().unwrap();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let reported: BTreeSet<String> = rows.iter().map(|row| text(row, "iur")).collect();
    assert_eq!((rows.len(), &reported), (12, receipts));
    assert!(rows.is_sorted_by_key(|row| text(row, "payDate")));
}

async fn flows_are_not_listed_twice(gateway: &Gateway, base: &str, published: &str) {
    let later = format!("{base}?publishedGt={}", published);
    assert_eq!(gateway.ok("GET", &later, Value::Null).await["count"], 0);
    let (status, text) = gateway
        .call("GET", &format!("{base}?size=1001"), Value::Null)
        .await;
    assert!(
        status == 400 && text.contains("FDR-1000"),
        "{status} {text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_never_came_is_read_ten_times_an_hour() {
    let folder = tempfile::tempdir().unwrap();
    let (station, gateway) = (Station::start(), Gateway::open(folder.path()));
    gateway.register(&station, 2).await;
    let story = gateway.pay(NOTICE, "late_receipt").await;
    let token = story["payments"][0].as_str().unwrap().to_owned();
    let base = |org: &str| format!("/bizevents/service/v1/organizations/{org}/receipts/{token}");
    let iuv = NOTICE.strip_prefix('3').unwrap();
    let path = format!("{}/paymentoptions/{iuv}", base(TOWN));
    let receipt = gateway.ok("GET", &path, Value::Null).await;
    assert_eq!(receipt["receiptId"], token.as_str());
    assert_eq!(receipt["debtor"]["fullName"], "Mario Rossi");
    let amounts: Vec<&Value> = receipt["transferList"]
        .as_array()
        .unwrap()
        .iter()
        .map(|transfer| &transfer["transferAmount"])
        .collect();
    assert_eq!(amounts, [&json!(100.0), &json!(5.0)]);
    let status = async |path: &str| gateway.call("GET", path, Value::Null).await.0;
    assert_eq!(
        status(&format!("{}/paymentoptions/0", base(TOWN))).await,
        404
    );
    assert_eq!(status(&base(PROVINCE)).await, 200, "a beneficiary may ask");
    for _ in 2..10 {
        assert_eq!(status(&base(TOWN)).await, 200);
    }
    assert_eq!(status(&path).await, 429);
    gateway
        .ok("POST", "/control/receipts/deliver", json!({}))
        .await;
    assert_eq!(status(&base(PROVINCE)).await, 404, "it has arrived");
}
