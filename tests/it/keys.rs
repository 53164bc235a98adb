//! Money without its place in the budget: flagged while it has none, found by its flag; and what comes in of
//! the year before.

use avviso::domain::position::Position;
use serde_json::{Value, json};

use crate::accounting::plans;
use crate::app::TestApp;
use crate::given::{self, single};
use crate::receivables;
use crate::reconciliation::{LAMP, cash, flow, iuv, line, names, paid};
use crate::rest::Caller;
use crate::soap::Message;

const F: &str = "2026-04-02AGID_01-0001";

/// A plan of votive lamps for some days.
fn version(days: [&str; 2], key: Value) -> Value {
    let mut key = key;
    key["plan_code"] = json!("E.3.01.02.01.014");
    key["share_bp"] = json!(10_000);
    let mut version = json!({"valid_from_date": days[0], "keys": [key]});
    if !days[1].is_empty() {
        version["valid_to_date"] = json!(days[1]);
    }
    version
}

async fn put(caller: &Caller, versions: Value) {
    let put = caller.put(&plans("LAMPADE"), &json!({"versions": versions}));
    let answer = put.send().await;
    assert!(answer.status.is_success(), "{}", answer.complaint());
}

/// Keys of the lines of a list, in its order.
async fn listed(caller: &Caller, path: &str) -> Vec<String> {
    let page = caller.get(path).send().await.expect(200);
    let items = page["items"].as_array().unwrap().iter();
    let key = |item: &Value| {
        let line = item.get("reconciliation").unwrap_or(item);
        line["line_key"].as_str().unwrap().to_owned()
    };
    items.map(key).collect()
}

both_databases! {
    async fn money_without_a_chapter_is_flagged_until_it_has_one(app: TestApp) {
        let office = app.office().await;
        let iuv = paid(&app, 1, "r1").await;
        paid(&app, 2, "r2").await;
        flow(&app, F, &[(&iuv, "r1", LAMP)]).await;
        cash(&office, "7", 999, "VARIE").await;
        let keyless = json!(["accounting_incomplete"]);
        let row = format!("AGID_01/{F}/1/1");
        // A town without plans keeps its budget elsewhere.
        let flagged = "/work-items?flag=accounting_incomplete";
        assert_eq!(line(&office, "r1/1").await["flags"], json!([]));
        assert_eq!(listed(&office, flagged).await, Vec::<String>::new());
        let ended = version(["2025-01-01", "2025-12-31"], json!({"chapter": "301"}));
        put(&office, json!([ended])).await;
        for key in ["r1/1", "r2/1", &row] {
            assert_eq!(line(&office, key).await["flags"], keyless, "{key}");
        }
        assert_eq!(line(&office, "2026/1/7").await["flags"], json!([]));
        assert_eq!(listed(&office, flagged).await, ["r1/1", "r2/1", &row]);
        assert_eq!(listed(&office, &format!("{flagged}&line_kind=receipt&limit=1")).await, ["r1/1"]);
        // Nothing is classified again: what is stored of lines stays as it is.
        let stored = || app.rows("SELECT line_key || flags AS row FROM reconciliation_history ORDER BY 1");
        let before = stored();
        let all = ["2026-01-01", ""];
        put(&office, json!([version(all, json!({"chapter": "301"}))])).await;
        for key in ["r1/1", "r2/1", &row] {
            assert_eq!(line(&office, key).await["flags"], json!([]), "{key}");
        }
        assert_eq!(listed(&office, flagged).await, Vec::<String>::new());
        put(&office, json!([version(all, json!({}))])).await;
        assert_eq!(listed(&office, flagged).await, ["r1/1", "r2/1", &row]);
        put(&office, json!([version(["2026-01-01", "2026-03-31"], json!({"chapter": "301"}))])).await;
        assert_eq!(listed(&office, flagged).await, ["r1/1", "r2/1", &row]);
        assert_eq!(stored(), before);
        // What is settled is no work any more, and still flagged.
        cash(&office, "8", LAMP, &names(F)).await;
        assert_eq!(listed(&office, flagged).await, ["r2/1"]);
        assert_eq!(line(&office, "r1/1").await["flags"], keyless);
        assert_eq!(listed(&office, "/reconciliations?flag=accounting_incomplete").await, ["r1/1", "r2/1", &row]);
    }

    async fn open_lines_are_listed_by_their_flags(app: TestApp) {
        let office = app.office().await;
        let lamps = single(&given::position(&app, given::lamps(1)).await);
        let payment = given::activated(&app, &lamps).await;
        let elsewhere = Message::send_rt("paSendRTV2", &lamps, "elsewhere", &payment)
            .with_transfers(|parts| parts[0].iban = "IT60X0542811101000000123456".to_owned());
        let unknown = Message::send_rt("paSendRTV2", "301999999999999999", "unknown", &payment).with("iuv", "01999999999999999");
        for message in [elsewhere, unknown] {
            assert_eq!(message.send(&app).await.outcome(), "OK");
        }
        paid(&app, 2, "plain").await;
        put(&office, json!([version(["2026-01-01", ""], json!({"chapter": "301"}))])).await;
        for (flag, expected) in [
            ("iban_mismatch", &["elsewhere/1"][..]),
            // No plan is for money whose debt is not known.
            ("accounting_incomplete", &["unknown/1"]),
            ("no_rpt", &[]),
            ("unknown_esito", &[]),
        ] {
            for list in ["/work-items", "/reconciliations"] {
                assert_eq!(listed(&office, &format!("{list}?flag={flag}")).await, expected, "{list} {flag}");
            }
            let days = format!("from_date=2026-01-01&to_date=2026-12-31&flag={flag}");
            let (rows, totals) = receivables::report(&office, "not-reconciled", &days).await;
            let told: Vec<&str> = rows.iter().map(|row| row["line"].as_str().unwrap()).collect();
            assert_eq!(told, expected, "{flag}");
            let counted: i64 = totals.as_array().unwrap().iter().map(|one| one["count"].as_i64().unwrap()).sum();
            assert_eq!(usize::try_from(counted).unwrap(), expected.len(), "{flag}");
        }
        let wrong = office.get("/work-items?flag=odd").send().await;
        assert_eq!(wrong.slug(), "contract-violation");
        let idle = office.get("/reports/receipts?flag=late").send().await;
        assert_eq!(idle.complaint(), "422 rule-violation [#query/flag the report receipts cannot be narrowed to it]");
        let job = json!({"report": "not-reconciled", "format": "jsonl", "flag": "iban_mismatch", "from_date": "2026-01-01"});
        let asked = office.post("/report-jobs", &job).send().await.expect(202);
        let made = crate::report_jobs::work(&app, &office, &asked).await;
        assert_eq!((&made["state"], &made["rows_written"]), (&json!("ready"), &json!(1)));
        // Another town has its own lines and its own plans.
        let theirs = app.client(&app.neighbour().await, &["accounting"]).await;
        for flag in ["iban_mismatch", "accounting_incomplete"] {
            assert_eq!(listed(&theirs, &format!("/work-items?flag={flag}")).await, Vec::<String>::new());
        }
    }

    async fn what_comes_in_of_the_year_before_stays_on_its_claim(app: TestApp) {
        let office = app.office().await;
        let of_year = |year: i32, number: &str| json!({"chapter": "301", "claim": {"year": year, "number": number}});
        let old = version(["2026-01-01", "2026-12-31"], of_year(2026, "88/2"));
        put(&office, json!([old])).await;
        app.set_clock("2026-12-10T08:00:00Z");
        let before = given::position(&app, given::lamps(1)).await;
        app.set_clock("2027-01-10T08:00:00Z");
        let after = given::position(&app, given::lamps(2)).await;
        let mut rows = Vec::new();
        for (position, receipt, amount) in [(&before, "old", LAMP), (&after, "new", 2 * LAMP)] {
            let number = received(&app, position, receipt).await;
            rows.push((iuv(&number), receipt, amount));
        }
        let name = "2027-01-11AGID_01-0001";
        let of_flow: Vec<(&str, &str, i64)> = rows.iter().map(|(iuv, id, amount)| (iuv.as_str(), *id, *amount)).collect();
        flow(&app, name, &of_flow).await;
        let entry = json!({
            "account": "1", "number": "9", "direction": "in", "provisional_number": 12, "amount_cents": 3 * LAMP,
            "booked_date": "2027-01-12", "remittance": names(name),
        });
        office.post("/treasury-entries", &entry).send().await.expect(201);

        // The plan of the old year has ended: what was issued under it is its, what came after has no plan.
        assert_eq!(line(&office, "old/1").await["flags"], json!([]));
        assert_eq!(line(&office, "new/1").await["flags"], json!(["accounting_incomplete"]));
        let figures = [
            ("transfers", ["chapter", "claim", "amount"]),
            ("revenue-by-key", ["claim", "current", "residual"]),
            ("collection-orders", ["claim", "management", "amount"]),
        ];
        let told = async |(name, columns): (&str, [&str; 3])| {
            let (rows, _) = receivables::report(&office, name, "from_date=2027-01-01&to_date=2027-12-31").await;
            let cells = |row: &Value| columns.map(|column| row[column].clone());
            let mut told: Vec<[Value; 3]> = rows.iter().map(cells).collect();
            told.sort_by_key(|row| row[2].to_string() + &row[0].to_string());
            told
        };
        let (none, old_claim, new_claim) = (Value::Null, json!("2026/88/2"), json!("2027/7"));
        let row = |a: &Value, b: Value, c: Value| [a.clone(), b, c];
        assert_eq!(told(figures[0]).await, [row(&json!("301"), old_claim.clone(), json!(LAMP)), row(&none, none.clone(), json!(2 * LAMP))]);
        // The office opens the new year: only what was issued in it follows.
        put(&office, json!([old, version(["2027-01-01", ""], of_year(2027, "7"))])).await;
        for key in ["old/1", "new/1"] {
            assert_eq!(line(&office, key).await["flags"], json!([]), "{key}");
        }
        let both = |b: &str, d: &str| [row(&old_claim, json!(b), json!(LAMP)), row(&new_claim, json!(d), json!(2 * LAMP))];
        assert_eq!(told(figures[2]).await, both("RESIDUO", "COMPETENZA"));
        let expected = [row(&new_claim, json!(2 * LAMP), json!(0)), row(&old_claim, json!(0), json!(LAMP))];
        assert_eq!(told(figures[1]).await, expected);
        let export = office.get("/collection-orders?from_date=2027-01-01&to_date=2027-12-31&order_date=2027-01-20").send().await;
        let xml = String::from_utf8(export.body).unwrap().replace('\n', "");
        assert!(xml.contains("<gestione>RESIDUO</gestione><anno_residuo>2026</anno_residuo>"), "{xml}");
        assert!(xml.contains("<gestione>COMPETENZA</gestione>"), "{xml}");
    }
}

/// Pays a notice on 10 January 2027; its number.
async fn received(app: &TestApp, position: &Position, receipt: &str) -> String {
    let number = single(position);
    let payment = given::activated(app, &number).await;
    let sent = Message::send_rt("paSendRTV2", &number, receipt, &payment)
        .with("payment_date_time", "2027-01-10T10:15:00")
        .with("application_date", "2027-01-10")
        .with("transfer_date", "2027-01-11");
    assert_eq!(sent.send(app).await.outcome(), "OK");
    number
}
