//! Reports of many rows, from a real engine: what they cost in memory does not grow with them.

use futures_util::StreamExt as _;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::database::{Database, Engine};
use crate::programs::{Land, Town, number, visit};

/// Rows of the large reports.
const ROWS: u64 = 200_000;
/// What the engine may hold more than for a report without rows. In memory, the rows would be several times
/// as much.
const MORE_KIB: u64 = 48 * 1024;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Days with the rows, and days without any.
const FULL: &str = "from_date=2026-01-01&to_date=2026-12-31";
const EMPTY: &str = "from_date=2019-01-01&to_date=2019-12-31";

/// What the databases write each in their own way: the numbers up to [`ROWS`] as `i`, a new id, and a day so
/// many days later.
struct Sql {
    numbers: String,
    new_id: &'static str,
    later: fn(&str) -> String,
}

#[test]
fn large_reports_do_not_grow_memory_on_sqlite() {
    let database = Database::empty(Engine::Sqlite).unwrap();
    let sql = Sql {
        numbers: format!(
            "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) SELECT i FROM n)"
        ),
        new_id: "randomblob(16)",
        later: |day| format!("date({day}, '+' || (n.i % 240) || ' days')"),
    };
    visit(database, Land::New, |town| large(town, sql));
}

#[test]
fn large_reports_do_not_grow_memory_on_postgres() {
    let Some(database) = Database::empty(Engine::Postgres) else {
        eprintln!("not run: PostgreSQL is switched off");
        return;
    };
    let sql = Sql {
        numbers: format!("(SELECT i FROM generate_series(1, {ROWS}) AS s(i))"),
        new_id: "gen_random_uuid()",
        later: |day| format!("{day} + (n.i % 240)"),
    };
    visit(database, Land::New, |town| large(town, sql));
}

/// Copies the only receipt, its transfer and its code so many times.
fn copies(sql: &Sql) -> String {
    let Sql {
        numbers,
        new_id,
        later,
    } = sql;
    let (paid_on, since) = (later("paid_on"), later("since"));
    format!(
        "INSERT INTO receipt (creditor, receipt_id, id, notice_number, iuv, primary_creditor, position_id, service_code, \
           amount_cents, fee_cents, description, paid_at, paid_on, application_on, transfer_on, psp_id, psp_name, \
           psp_channel, method, parties, stand_in, anomaly, received_at) \
         SELECT creditor, 'copy-' || n.i, {new_id}, notice_number, iuv, primary_creditor, position_id, service_code, \
           amount_cents, fee_cents, description, paid_at, {paid_on}, application_on, transfer_on, psp_id, psp_name, \
           psp_channel, method, parties, stand_in, anomaly, received_at FROM receipt, {numbers} n \
         WHERE receipt_id NOT LIKE 'copy-%';
         INSERT INTO receipt_transfer (creditor, receipt_id, idx, beneficiary, iban, amount_cents, taxonomy, own, stamp) \
         SELECT creditor, 'copy-' || n.i, idx, beneficiary, iban, amount_cents, taxonomy, own, stamp \
         FROM receipt_transfer, {numbers} n WHERE receipt_id NOT LIKE 'copy-%';
         INSERT INTO reconciliation (creditor, id, line_kind, line_key, code, flags, rule, rule_version, explanation, \
           amount_cents, since, iuv, updated_at, period) \
         SELECT creditor, {new_id}, line_kind, 'copy-' || n.i || '/1', code, flags, rule, rule_version, explanation, \
           amount_cents, {since}, iuv, updated_at, period FROM reconciliation, {numbers} n \
         WHERE line_kind = 'receipt' AND line_key NOT LIKE 'copy-%'"
    )
}

/// Asks for a report and reads it block by block: its bytes and what its header says of its rows.
async fn pull(town: &Town, path: &str, accept: &str) -> (u64, String) {
    let call = town.accounts(Method::GET, path).header("accept", accept);
    let answer = call.timeout(std::time::Duration::MAX).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{path} {accept}");
    let rows = answer.headers().get("report-rows");
    let rows = rows.map(|rows| rows.to_str().unwrap().to_owned());
    let (mut bytes, mut blocks) = (0u64, answer.bytes_stream());
    while let Some(block) = blocks.next().await {
        bytes += u64::try_from(block.unwrap().len()).unwrap();
    }
    (bytes, rows.unwrap_or_default())
}

async fn large(town: Town, sql: Sql) -> Town {
    let position = town.lamps(1).await;
    let story = town.play(number(&position), "pay").await;
    assert_eq!(story["result"], "paid", "{story}");
    town.tamper(&copies(&sql));
    let asked = [("receipts", XLSX), ("transfers", "application/jsonl")];
    for (report, accept) in asked {
        pull(&town, &format!("reports/{report}?{EMPTY}"), accept).await;
    }
    let before = town.peak_kib();
    for (report, accept) in asked {
        let (bytes, rows) = pull(&town, &format!("reports/{report}?{FULL}"), accept).await;
        let peak = town.peak_kib();
        println!("{report} {accept}: {rows} rows, {bytes} bytes, {peak} KiB after {before}");
        assert_eq!(rows, (ROWS + 1).to_string(), "{report}");
        assert!(
            peak < before + MORE_KIB,
            "{report} as {accept}: {before} KiB became {peak}"
        );
    }
    let report = by_job(&town).await;
    assert_eq!(report["rows_written"], json!(ROWS + 1), "{report}");
    let path = format!(
        "report-jobs/{}/file",
        report["report_job_id"].as_str().unwrap()
    );
    let (bytes, _) = pull(&town, &path, "*/*").await;
    assert_eq!(json!(bytes), report["file_bytes"]);
    let peak = town.peak_kib();
    assert!(
        peak < before + MORE_KIB,
        "by a job: {before} KiB became {peak}"
    );
    // A print has its limit, and says what to do.
    let call = town.accounts(Method::GET, &format!("reports/receipts?{FULL}"));
    let refused = call
        .header("accept", "application/pdf")
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let told = refused.text().await.unwrap();
    assert!(
        told.contains("more than 5000 rows: ask for fewer days"),
        "{told}"
    );
    town
}

/// The report once a job has made it.
async fn by_job(town: &Town) -> Value {
    let wanted = json!({"report": "not-reconciled", "format": "csv", "from_date": "2026-01-01", "to_date": "2026-12-31"});
    let call = town.accounts(Method::POST, "report-jobs").json(&wanted);
    let asked = call
        .header("idempotency-key", "report-key-1")
        .send()
        .await
        .unwrap();
    assert_eq!(asked.status(), StatusCode::ACCEPTED);
    let asked: Value = serde_json::from_str(&asked.text().await.unwrap()).unwrap();
    let path = format!("report-jobs/{}", asked["report_job_id"].as_str().unwrap());
    loop {
        let seen = town.read(&path).await;
        match seen["state"].as_str() {
            Some("queued" | "running") => tokio::task::yield_now().await,
            _ => return seen,
        }
    }
}
