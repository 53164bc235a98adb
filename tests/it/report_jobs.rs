//! Reports made by a job, over the wire: asked for, made by a worker, downloaded, gone after a day.

use avviso::jobs::{KINDS, Worker};
use serde_json::{Value, json};
use std::time::Duration;

use crate::app::TestApp;
use crate::given::{self, single};
use crate::rest::{Caller, Reply};

fn wanted(format: &str) -> Value {
    json!({"report": "receipts", "format": format, "from_date": "2026-01-01", "to_date": "2026-12-31"})
}

async fn ask(caller: &Caller, key: &str, format: &str) -> Value {
    let asked = caller
        .post("/report-jobs", &wanted(format))
        .header("idempotency-key", key);
    asked.send().await.expect(202)
}

fn path(report: &Value) -> String {
    format!("/report-jobs/{}", report["report_job_id"].as_str().unwrap())
}

async fn show(caller: &Caller, report: &Value) -> Value {
    caller.get(&path(report)).send().await.expect(200)
}

async fn file(caller: &Caller, report: &Value) -> Reply {
    caller.get(&format!("{}/file", path(report))).send().await
}

/// Runs what is due now until nothing is.
pub(crate) async fn work(app: &TestApp, caller: &Caller, report: &Value) -> Value {
    let worker = Worker::start(app.ctx.clone(), KINDS);
    let seen = loop {
        let seen = show(caller, report).await;
        if !["queued", "running"].contains(&seen["state"].as_str().unwrap()) {
            break seen;
        }
        tokio::task::yield_now().await;
    };
    worker.stop(Duration::from_secs(10)).await;
    seen
}

both_databases! {
    async fn a_report_is_made_downloaded_and_gone_after_a_day(app: TestApp) {
        let office = app.office().await;
        let number = single(&given::position(&app, given::tari()).await);
        given::paid(&app, &number, "token-1").await;
        let first = ask(&office, "report-key-1", "csv").await;
        assert_eq!((&first["state"], &first["rows_written"]), (&json!("queued"), &json!(0)));
        assert_eq!(ask(&office, "report-key-1", "csv").await["report_job_id"], first["report_job_id"]);
        assert_eq!(file(&office, &first).await.slug(), "state-forbids");

        // Another process makes it, and a third one hands it out.
        let ready = work(&app.twin().await, &office, &first).await;
        assert_eq!((&ready["state"], &ready["rows_written"]), (&json!("ready"), &json!(1)), "{ready}");
        assert_eq!(ready["expires_at"], "2026-04-02T08:00:00Z");
        assert!(ready["file_href"].as_str().unwrap().ends_with(&format!("{}/file", path(&first))));
        let csv = file(&office, &first).await;
        assert_eq!(ready["file_bytes"], json!(csv.body.len()));
        let direct = "/reports/receipts?from_date=2026-01-01&to_date=2026-12-31";
        let direct = office.get(direct).header("accept", "text/csv").send().await;
        assert_eq!(csv.body, direct.body);
        assert_eq!(ready["rows_sha256"], direct.header("report-rows-sha256"));
        assert_eq!(csv.header("content-disposition"), "attachment; filename=\"receipts.csv\"");

        // Nobody else's, and only with the scope.
        let neighbour = app.neighbour().await;
        let theirs = app.client(&neighbour, &["accounting"]).await;
        assert_eq!(theirs.get(&path(&first)).send().await.complaint(), "404 not-found");
        assert_eq!(file(&theirs, &first).await.complaint(), "404 not-found");
        assert_eq!(theirs.get("/report-jobs").send().await.expect(200)["items"], json!([]));
        let portal = app.client(&app.town(), &["portal"]).await;
        assert_eq!(file(&portal, &first).await.complaint(), "403 not-allowed");

        app.pass_days(1);
        assert_eq!(show(&office, &first).await["state"], "expired");
        assert_eq!(file(&office, &first).await.complaint(), "404 not-found");
        assert_ne!(app.rows("SELECT CAST(part AS TEXT) AS row FROM report_part"), Vec::<String>::new());
        let second = ask(&office, "report-key-2", "xlsx").await;
        work(&app, &office, &second).await;
        let kept = app.rows("SELECT CAST(COUNT(DISTINCT report) AS TEXT) AS row FROM report_part");
        assert_eq!(kept, ["1"], "the first file was dropped by a worker");
    }

    async fn a_report_that_a_worker_left_half_made_is_made_again(app: TestApp) {
        let office = app.office().await;
        let number = single(&given::position(&app, given::tari()).await);
        given::paid(&app, &number, "token-1").await;
        let report = ask(&office, "report-key-1", "jsonl").await;
        // A worker took it, wrote a part of it and died.
        app.tamper(
            "UPDATE report_job SET state = 'running', rows_written = 7; \
             INSERT INTO report_part (creditor, report, part, body) SELECT creditor, id, 0, '' FROM report_job",
        );
        assert_eq!(show(&office, &report).await["rows_written"], 7);
        let ready = work(&app, &office, &report).await;
        assert_eq!((&ready["state"], &ready["rows_written"]), (&json!("ready"), &json!(1)));
        let lines = String::from_utf8(file(&office, &report).await.body).unwrap();
        assert_eq!(lines.lines().count(), 2);
    }

    async fn a_report_that_cannot_be_made_says_why(app: TestApp) {
        let office = app.office().await;
        let wanted = json!({
            "report": "flow-reconciliation", "format": "pdf",
            "settlement_flow_id": "00000000-0000-7000-8000-000000000000",
        });
        let asked = office.post("/report-jobs", &wanted).header("idempotency-key", "report-key-1");
        let report = asked.send().await.expect(202);
        assert_eq!(work(&app, &office, &report).await["state"], "failed");
        let told = office.get(&path(&report)).header("accept-language", "it").send().await.expect(200);
        assert_eq!(told["failure"], "nessun flusso di rendicontazione ha questo identificativo");
        assert_eq!(file(&office, &report).await.slug(), "state-forbids");
        let backwards = json!({"report": "receipts", "format": "csv", "from_date": "2026-02-01", "to_date": "2026-01-01"});
        let backwards = office.post("/report-jobs", &backwards).header("idempotency-key", "report-key-2");
        let refused = backwards.send().await;
        assert_eq!((refused.slug().as_str(), &refused.json()["errors"][0]["pointer"]), ("rule-violation", &json!("/from_date")));
    }
}
