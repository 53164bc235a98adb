//! Reports over the wire: one definition in every format, with the same rows.

use serde_json::{Value, json};

use crate::given::{self, single};
use crate::rest::{Caller, Reply};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

const FORMATS: [&str; 5] = [
    "application/json",
    "application/jsonl",
    "text/csv",
    XLSX,
    "application/pdf",
];

async fn ask(caller: &Caller, accept: &str) -> Reply {
    let path = "/reports/receipts-by-day?from_date=2026-01-01&to_date=2026-12-31";
    let reply = caller.get(path).header("accept", accept).send().await;
    assert_eq!(
        reply.status.as_u16(),
        200,
        "{accept}: {}",
        String::from_utf8_lossy(&reply.body)
    );
    assert!(reply.header("content-type").starts_with(accept), "{accept}");
    reply
}

both_databases! {
    async fn every_format_tells_the_same_rows_and_totals(app: TestApp) {
        let number = single(&given::position(&app, given::tari()).await);
        given::paid(&app, &number, "token-1").await;
        let office = app.office().await;
        let mut said = Vec::new();
        for accept in FORMATS {
            let reply = ask(&office, accept).await;
            said.push(["report-rows", "report-rows-sha256", "report-control-totals"].map(|name| reply.header(name).to_owned()));
            let begins: &[u8] = match accept {
                "application/pdf" => b"%PDF-",
                XLSX => b"PK",
                "text/csv" => b"paid_on,",
                _ => b"{",
            };
            assert!(reply.body.starts_with(begins), "{accept}");
        }
        assert_eq!(said[0][0], "1");
        assert!(said[0][2].starts_with("\"Ricevute\";count=1;cents="), "{}", said[0][2]);
        assert!(said.iter().all(|one| *one == said[0]), "{said:?}");

        let document = ask(&office, "application/json").await.json();
        assert_eq!(document["rows_sha256"], said[0][1]);
        let lines = ask(&office, "application/jsonl").await.body;
        let lines = String::from_utf8(lines).unwrap();
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["receipts"], json!(1));
        assert_eq!(lines[0]["amount"].to_string(), document["items"][0]["cells"][3].as_str().unwrap());
        assert_eq!(lines[1]["control_totals"], document["control_totals"]);

        let neighbour = app.neighbour().await;
        let theirs = app.client(&neighbour, &["accounting"]).await;
        for accept in FORMATS {
            assert_eq!(ask(&theirs, accept).await.header("report-rows"), "0", "{accept}");
        }
    }
}
