//! The whole gateway against a small creditor that answers like a station.

mod station;

use std::collections::BTreeSet;
use std::path::Path;

use actix_web::web::Data;
use actix_web::{App as Actix, test};
use serde_json::{Value, json};
use tokio::sync::watch;

use self::station::{PROVINCE, Station, TOWN};
use crate::app::{App, Parts};
use crate::journal::Store;
use crate::node::NodeClient;
use crate::{control, fdr};

/// A gateway in this process.
struct Gateway {
    app: Data<App>,
    stop: watch::Sender<bool>,
}

impl Gateway {
    fn open(folder: &Path) -> Self {
        let (stop, stopping) = watch::channel(false);
        let _ = rustls::crypto::ring::default_provider().install_default();
        let parts = Parts {
            seed: 7,
            wall_day: "2026-02-01".parse().unwrap(),
            store: Store::open(folder, 7).unwrap(),
            node: NodeClient::new(None, stopping.clone()).unwrap(),
            stop: stopping,
        };
        Self {
            app: Data::new(App::new(parts, tokio::runtime::Handle::current())),
            stop,
        }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, String) {
        let service = Actix::new()
            .app_data(self.app.clone())
            .service(control::scope())
            .service(fdr::scope());
        let service = test::init_service(service).await;
        let mut request = test::TestRequest::default()
            .method(method.parse().unwrap())
            .uri(path);
        if !body.is_null() {
            request = request.set_json(body);
        }
        let response = test::call_service(&service, request.to_request()).await;
        let status = response.status().as_u16();
        (
            status,
            String::from_utf8(test::read_body(response).await.to_vec()).unwrap(),
        )
    }

    async fn ok(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, text) = self.call(method, path, body).await;
        assert_eq!(status, 200, "{method} {path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn register(&self, station: &Station, version: u8) {
        let creditor = json!({
            "legal_name": "Comune di Roccaverde",
            "broker_tax_code": TOWN,
            "ibans": ["IT60X0542811101000000123456"],
            "stations": [{"station_id": format!("{TOWN}_01"), "segregation_code": "01", "url": station.url, "version": version}],
        });
        self.ok("PUT", &format!("/control/creditors/{TOWN}"), creditor)
            .await;
    }

    async fn pay(&self, notice_number: &str, scenario: &str) -> Value {
        let body = json!({"creditor": TOWN, "notice_number": notice_number, "scenario": scenario});
        self.ok("POST", "/control/payments", body).await
    }
}

const NOTICE: &str = "301000000000000158";

fn outcomes(story: &Value) -> Vec<String> {
    let show = |step: &Value| {
        let code = step["fault"]["original_code"]
            .as_str()
            .or(step["fault"]["code"].as_str());
        format!(
            "{} {}",
            step["step"].as_str().unwrap(),
            code.unwrap_or(step["outcome"].as_str().unwrap())
        )
    };
    story["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(show)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_is_paid_once_by_either_version() {
    for version in [1, 2] {
        let (folder, station) = (tempfile::tempdir().unwrap(), Station::start().await);
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
    let (folder, station) = (tempfile::tempdir().unwrap(), Station::start().await);
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

    let held = gateway.pay("301000000000000204", "late_receipt").await;
    assert_eq!(
        (held["result"].as_str(), station.take_receipts().len()),
        (Some("paid"), 0)
    );
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
    let (folder, station) = (tempfile::tempdir().unwrap(), Station::start().await);
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
    let (folder, station) = (tempfile::tempdir().unwrap(), Station::start().await);
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
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_creditor_is_waited_for() {
    let (folder, station) = (tempfile::tempdir().unwrap(), Station::start().await);
    let gateway = Gateway::open(folder.path());
    gateway.register(&station, 2).await;
    gateway.ok("POST", "/control/notices", batch()).await;
    station.fail_next(25);
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
    let (folder, station) = (tempfile::tempdir().unwrap(), Station::start().await);
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

#[tokio::test(flavor = "multi_thread")]
async fn flows_are_read_through_the_rest_door_when_their_day_has_come() {
    let (folder, station) = (tempfile::tempdir().unwrap(), Station::start().await);
    let gateway = Gateway::open(folder.path());
    gateway.register(&station, 2).await;
    let mut story = Value::Null;
    for n in 0..12 {
        let number = format!("301{n:015}");
        let body = json!({"creditor": TOWN, "notice_number": number, "psp": "MNTDIT51XXX", "on": "2026-03-02"});
        story = gateway.ok("POST", "/control/payments", body).await;
    }
    assert_eq!(story["result"], "paid");
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
    assert_eq!(page["data"][1]["iur"], story["payments"][0]);
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
    let later = format!("{base}?publishedGt={}", flow["published"].as_str().unwrap());
    assert_eq!(gateway.ok("GET", &later, Value::Null).await["count"], 0);
    let (status, text) = gateway
        .call("GET", &format!("{base}?size=1001"), Value::Null)
        .await;
    assert!(
        status == 400 && text.contains("FDR-1000"),
        "{status} {text}"
    );
    let path = format!("/control/treasury/{PROVINCE}?from=2026-03-01&to=2026-03-31");
    let (_, csv) = gateway.call("GET", &path, Value::Null).await;
    assert!(csv.contains(";60,00;2026-03-03;2026-03-03;Moneta Diretta S.p.A. Servizio pagoPA;/PUR/LGPE-RIVERSAMENTO/"), "{csv}");
}
