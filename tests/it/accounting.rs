//! From a payment to the order of collection: accounting plans, provisional credits, what covers them.

use actix_web::http::Method;
use avviso::app::settlement;
use avviso::domain::ledger::Account;
use avviso::domain::money::Cents;
use avviso::domain::settlement::{Header, Line, Outcome};
use serde_json::{Value, json};

use crate::app::{TOWN, TestApp};
use crate::given::{self, single};
use crate::reconciliation::paid;
use crate::rest::Caller;
use crate::soap::Message;

const FLOW: &str = "2026-04-02PSPX-0001";
const YEAR: &str = "from_date=2026-01-01&to_date=2026-12-31";

pub(crate) fn plans(service: &str) -> String {
    format!("/creditors/{TOWN}/services/{service}/accounting-plans")
}

/// The waste tax: the components on a chapter of their own, the rest on two.
pub(crate) fn tari_plan() -> Value {
    json!({"versions": [{"valid_from_date": "2026-01-01", "keys": [
        {"chapter": "9001", "plan_code": "E.9.02.04.01.001", "row_codes": ["ur1", "ur2", "ur3"]},
        {"chapter": "101", "article": "1", "claim": {"year": 2026, "number": "145"},
         "plan_code": "E.1.01.01.51.001", "share_bp": 7000},
        {"chapter": "101", "article": "2", "claim": {"year": 2025, "number": "88/2"},
         "plan_code": "E.1.01.01.51.002", "share_bp": 3000},
    ]}]})
}

/// The rows of a report, by column.
pub(crate) async fn report(caller: &Caller, name: &str, more: &str) -> Vec<Value> {
    let days = format!("{YEAR}{more}");
    crate::receivables::report(caller, name, &days).await.0
}

/// The amounts of the elements with a name, in cents.
fn cents(xml: &str, name: &str) -> Vec<i64> {
    let tag = format!("<{name}>");
    let parts = xml.split(&tag).skip(1);
    let text = parts.map(|part| part.split_once('<').unwrap().0.replace('.', ""));
    text.map(|digits| digits.parse().unwrap()).collect()
}

fn sum(rows: &[Value], column: &str) -> i64 {
    rows.iter().map(|row| row[column].as_i64().unwrap()).sum()
}

/// A waste tax and a fine paid and reported in one flow: what the flow is worth.
pub(crate) async fn reported(app: &TestApp) -> i64 {
    let mut lines = Vec::new();
    for (number, command) in [(1, given::tari()), (2, given::fine())] {
        let position = given::position(app, command).await;
        let receipt_id = format!("token-{number}");
        let notice = single(&position);
        given::paid(app, &notice, &receipt_id).await;
        let own = app.rows(&format!(
            "SELECT CAST(SUM(amount_cents) AS TEXT) AS row FROM receipt_transfer WHERE receipt_id = '{receipt_id}' AND own"
        ));
        let amount = Cents::new(own[0].parse().unwrap()).unwrap();
        lines.push(Line {
            number,
            iuv: notice.strip_prefix('3').unwrap().to_owned(),
            iur: receipt_id,
            transfer: 1,
            amount,
            outcome: Outcome::Executed,
            paid_on: "2026-04-01".parse().unwrap(),
        });
    }
    let total = Cents::sum(lines.iter().map(|line| line.amount)).unwrap();
    let at = app.ctx.now();
    let header = Header {
        psp_id: "PSPX".to_owned(),
        flow_id: FLOW.to_owned(),
        revision: 1,
        flow_at: at,
        regulation: "SCT1".to_owned(),
        regulation_on: "2026-04-02".parse().unwrap(),
        receiver: TOWN.to_owned(),
        declared_count: 2,
        declared_sum: total,
        published_at: at,
    };
    let (ctx, town) = (app.ctx.clone(), app.town());
    let ingest = move |tx: &mut avviso::store::Tx<'_>, now| {
        let (header, lines) = (&header, lines.as_slice());
        settlement::ingest(
            tx,
            now,
            &ctx,
            &town,
            &[settlement::Arrived {
                header,
                lines,
                unread: &[],
            }],
        )
    };
    app.ctx.write(ingest).await.unwrap();
    total.get()
}

/// One movement of the treasurer's journal: kind, operation, document number, cents and what is in it.
fn movement(
    number: i64,
    (document, operation): (&str, &str),
    (of_document, cents): (i64, i64),
    rest: &str,
) -> String {
    format!(
        "<movimento_conto_evidenza><numero_movimento>{number}</numero_movimento><tipo_movimento>ENTRATA</tipo_movimento>\
         <tipo_documento>{document}</tipo_documento><tipo_operazione>{operation}</tipo_operazione>\
         <numero_documento>{of_document}</numero_documento><importo>{}.{:02}</importo>\
         <data_movimento>2026-04-03</data_movimento>{rest}</movimento_conto_evidenza>",
        cents / 100,
        cents % 100,
    )
}

pub(crate) fn credit(number: i64, provisional: i64, cents: i64) -> String {
    let text = format!("<causale>/PUR/LGPE-RIVERSAMENTO/URI/{FLOW}</causale>");
    movement(
        number,
        ("SOSPESO ENTRATA", "ESEGUITO"),
        (provisional, cents),
        &text,
    )
}

fn order(number: i64, operation: &str, of_document: i64, covers: &[(i64, i64)]) -> String {
    let child = |(provisional, cents): &(i64, i64)| {
        format!(
            "<sospeso><numero_provvisorio>{provisional}</numero_provvisorio>\
             <importo_provvisorio>{}.{:02}</importo_provvisorio></sospeso>",
            cents / 100,
            cents % 100
        )
    };
    let children: String = covers.iter().map(child).collect();
    let whole = covers.iter().map(|(_, cents)| cents).sum();
    movement(
        number,
        ("REVERSALE", operation),
        (of_document, whole),
        &children,
    )
}

pub(crate) async fn journal(caller: &Caller, key: &str, movements: &[String]) -> Value {
    let text = format!(
        "<flusso_giornale_di_cassa><esercizio>2026</esercizio><informazioni_conto_evidenza>\
         <conto_evidenza>0000100</conto_evidenza>{}</informazioni_conto_evidenza></flusso_giornale_di_cassa>",
        movements.concat()
    );
    let call = caller
        .call(Method::POST, "/treasury-imports")
        .header("idempotency-key", key);
    call.bytes("application/xml", text.into_bytes())
        .send()
        .await
        .expect(201)
}

type Reports = std::collections::BTreeMap<&'static str, Vec<Value>>;

/// Every report that the laws are about.
async fn pulled(office: &Caller) -> Reports {
    let mut books = Reports::new();
    for name in crate::laws::NAMES {
        let path = format!("/reports/{name}?{}", crate::laws::DAYS);
        let lines = office.get(&path).header("accept", "application/jsonl");
        let lines = lines.send().await;
        assert_eq!(lines.status.as_u16(), 200, "{name}");
        let rows = crate::laws::Books::rows(std::str::from_utf8(&lines.body).unwrap());
        books.insert(name, rows);
    }
    books
}

both_databases! {
    async fn plans_are_registered_checked_and_read_back(app: TestApp) {
        let (office, accounts) = (app.office().await, app.client(&app.town(), &["accounting"]).await);
        let path = plans("TARI");
        assert_eq!(accounts.get(&path).send().await.complaint(), "404 not-found");
        let made = accounts.put(&path, &tari_plan()).header("if-none-match", "*").send().await;
        let tag = made.header("etag").to_owned();
        assert_eq!(made.expect(201)["revision"], 1);
        let read = office.get(&path).send().await.expect(200);
        assert_eq!(read["versions"][0]["keys"][2]["claim"], json!({"year": 2025, "number": "88/2"}));
        assert_eq!(read["versions"], tari_plan()["versions"]);
        let again = accounts.put(&path, &tari_plan()).header("if-match", &tag).send().await;
        assert_eq!(again.expect(200)["revision"], 1);
        let mut other = tari_plan();
        other["versions"][0]["keys"][1]["share_bp"] = json!(6999);
        let wrong = accounts.put(&path, &other).send().await;
        assert_eq!(wrong.slug(), "rule-violation");
        assert_eq!(wrong.json()["errors"][0]["pointer"], "/versions/0/keys");
        other["versions"][0]["keys"][1]["share_bp"] = json!(7000);
        other["versions"][0]["keys"][1]["chapter"] = json!("102");
        assert_eq!(accounts.put(&path, &other).send().await.expect(200)["revision"], 2);
        let stale = accounts.put(&path, &tari_plan()).header("if-match", &tag).send().await;
        assert_eq!(stale.slug(), "precondition-failed");
        let mut both = tari_plan();
        both["versions"][0]["keys"][0]["share_bp"] = json!(1);
        assert_eq!(accounts.put(&path, &both).send().await.slug(), "rule-violation");
        assert_eq!(accounts.put(&plans("NIENTE"), &tari_plan()).send().await.complaint(), "404 not-found");
        let portal = app.client(&app.town(), &["portal"]).await;
        assert_eq!(portal.put(&path, &tari_plan()).send().await.complaint(), "403 not-allowed");
    }

    async fn a_provisional_credit_becomes_orders_by_key(app: TestApp) {
        let office = app.office().await;
        let total = reported(&app).await;
        office.put(&plans("TARI"), &tari_plan()).send().await.expect(201);
        journal(&office, "journal-1", &[credit(41, 345, total)]).await;

        let rows = report(&office, "collection-orders", "").await;
        let shown: Vec<(&str, &str, &str)> = rows
            .iter()
            .map(|row| ["chapter", "claim", "siope"].map(|name| row[name].as_str().unwrap_or("-")).into())
            .collect();
        assert_eq!(shown, [
            ("-", "-", "3020201004"),
            ("101", "2026/145", "1010151001"),
            ("101", "2025/88/2", "1010151002"),
            ("9001", "-", "9020401001"),
        ]);
        assert_eq!(sum(&rows, "amount"), total);
        assert!(rows.iter().all(|row| row["state"] == "open" && row["provisional"] == "345"));
        assert_eq!(rows[2]["management"], "RESIDUO");

        // Who paid it: the same cents, payment by payment.
        let paid = report(&office, "provisional-payments", "&provisional_number=345").await;
        assert_eq!(sum(&paid, "amount"), total);
        assert!(paid.iter().all(|row| row["debtor_name"] == "Mario Rossi"));
        assert!(report(&office, "provisional-payments", "&provisional_number=346").await.is_empty());
        let credits = report(&office, "provisional-credits", "").await;
        assert_eq!((&credits[0]["rows"], &credits[0]["unexplained"]), (&json!(2), &json!(0)));
        assert_eq!((&credits[0]["cover_by"], &credits[0]["days_left"]), (&json!("2026-06-02"), &json!(62)));
        // Nobody has covered it, and the term is over: R4.
        app.set_clock("2026-06-12T08:00:00Z");
        let late = office.get(&format!("/reports/provisional-credits?{YEAR}")).send().await.expect(200);
        assert_eq!((&late["columns"][5]["column"], &late["items"][0]["cells"][5]), (&json!("days_left"), &json!("-10")));
        assert_eq!(late["control_totals"][3], json!({"label": "Da coprire, oltre il termine", "count": 1, "amount_cents": total}));

        // What was paid for the creditor has the same sum, and says what has no chapter.
        let transfers = report(&office, "transfers", "").await;
        assert_eq!(sum(&transfers, "amount"), total);
        for row in &transfers {
            let complete = if row["service_code"] == "TARI" { "sì" } else { "no" };
            assert_eq!((&row["complete"], &row["provisional"]), (&json!(complete), &json!("345/2026")));
            assert_eq!(row["code"], "MATCHED_SETTLED");
        }
        let by_key = report(&office, "revenue-by-key", "").await;
        assert_eq!((sum(&by_key, "net"), by_key.len()), (total, 4));
        assert!(sum(&by_key, "residual") > 0);
    }

    async fn open_credits_are_exported_for_the_treasurer(app: TestApp) {
        let office = app.office().await;
        let total = reported(&app).await;
        office.put(&plans("TARI"), &tari_plan()).send().await.expect(201);
        journal(&office, "journal-1", &[credit(41, 345, total)]).await;
        let path = format!("/collection-orders?{YEAR}&first_order_number=12&order_date=2026-04-30");
        let file = office.get(&path).send().await;
        assert_eq!(file.status.as_u16(), 200, "{}", file.complaint());
        // Three keys of the tax; the fine has no chapter yet.
        assert_eq!((file.header("collection-orders"), file.header("collection-orders-left-out")), ("3", "1"));
        let xml = String::from_utf8(file.body).unwrap();
        for text in [
            "<codice_fiscale_ente>99999000203</codice_fiscale_ente>",
            "<numero_reversale>12</numero_reversale>",
            "<numero_reversale>14</numero_reversale>",
            "<data_reversale>2026-04-30</data_reversale>",
            "<codice_cge>1010151002</codice_cge>",
            "<numero_accertamento>88/2</numero_accertamento>",
            "<codifica_bilancio>1010100</codifica_bilancio>",
            "<gestione>RESIDUO</gestione><anno_residuo>2025</anno_residuo>",
            "<numero_provvisorio>345</numero_provvisorio>",
        ] {
            assert!(xml.replace('\n', "").contains(text), "{text}: {xml}");
        }
        // Each order is the sum of its parts, and the orders and the fine make the credit.
        let mut ordered = 0;
        for order in xml.split("<reversale>").skip(1) {
            let [whole] = cents(order, "importo_reversale")[..] else { panic!("{order}") };
            for part in ["importo_bilancio", "importo_versante", "importo", "importo_codice_economico_siope", "importo_provvisorio"] {
                assert_eq!(cents(order, part).iter().sum::<i64>(), whole, "{part}: {order}");
            }
            ordered += whole;
        }
        let fine = report(&office, "collection-orders", "").await;
        assert_eq!(ordered + fine[0]["amount"].as_i64().unwrap(), total);
        // An order covers credits of its own year, and its number has seven digits.
        let later = format!("/collection-orders?{YEAR}&order_date=2027-01-04");
        let later = office.get(&later).send().await;
        assert_eq!((later.header("collection-orders"), later.header("collection-orders-left-out")), ("0", "4"));
        let last = format!("/collection-orders?{YEAR}&first_order_number=9999998");
        let beyond = office.get(&last).send().await;
        assert_eq!(beyond.slug(), "rule-violation");
        assert_eq!(beyond.json()["errors"][0]["pointer"], "#query/first_order_number");
        journal(&office, "journal-2", &[order(43, "REGOLARIZZATO", 12, &[(345, total)])]).await;
        let done = office.get(&path).send().await;
        assert_eq!((done.header("collection-orders"), done.header("collection-orders-left-out")), ("0", "4"));
        let neighbour = app.neighbour().await;
        let theirs = app.client(&neighbour, &["accounting"]).await.get(&path).send().await;
        assert_eq!(theirs.header("collection-orders"), "0");
        assert!(!String::from_utf8(theirs.body).unwrap().contains("345"));
    }

    async fn many_credits_are_proposed_as_each_alone(app: TestApp) {
        let office = app.office().await;
        office.put(&plans("LAMPADE"), &json!({"versions": [{"valid_from_date": "2026-01-01", "keys": [
            {"chapter": "301", "plan_code": "E.3.01.02.01.014", "share_bp": 6000},
            {"chapter": "302", "plan_code": "E.3.01.02.01.999", "share_bp": 4000},
        ]}]})).send().await.expect(201);
        // Flows credited whole, in two parts and short, one of a payment that is known by its row alone, and cash
        // that nothing explains.
        let mut movements = Vec::new();
        let credited = |number: i64, flow: &str, cents: i64| {
            movement(number, ("SOSPESO ENTRATA", "ESEGUITO"), (300 + number, cents),
                &format!("<causale>/PUR/LGPE-RIVERSAMENTO/URI/{flow}</causale>"))
        };
        let parts: [&[i64]; 5] = [&[1708], &[1000, 2416], &[1700], &[1708], &[1708]];
        let mut number = 0;
        for (at, cents) in parts.iter().enumerate() {
            let flow = format!("2026-04-02AGID_01-000{at}");
            let mut rows = Vec::new();
            for row in 0..=usize::from(at == 1) {
                let receipt = format!("r{at}-{row}");
                let iuv = if at == 4 { "01000000000099999".to_owned() } else { paid(&app, 1, &receipt).await };
                rows.push((iuv, receipt));
            }
            let rows: Vec<(&str, &str, i64)> = rows.iter().map(|(iuv, iur)| (iuv.as_str(), iur.as_str(), 1708)).collect();
            crate::reconciliation::flow(&app, &flow, &rows).await;
            for cents in *cents {
                number += 1;
                movements.push(credited(number, &flow, *cents));
            }
        }
        movements.push(credited(90, "2026-04-02NIEMALS-0000", 50));
        journal(&office, "journal-1", &movements).await;
        for name in ["collection-orders", "provisional-credits", "provisional-payments"] {
            let all = report(&office, name, "").await;
            assert!(all.len() >= 6, "{name}: {all:?}");
            let mut alone = Vec::new();
            for number in [301, 302, 303, 304, 305, 306, 390] {
                alone.extend(report(&office, name, &format!("&provisional_number={number}")).await);
            }
            assert_eq!(all, alone, "{name}");
        }
        let credits = report(&office, "provisional-credits", "").await;
        let told: Vec<(i64, i64, i64)> = credits.iter().map(|row| (
            row["rows"].as_i64().unwrap(), row["without_receipt"].as_i64().unwrap(), row["unexplained"].as_i64().unwrap(),
        )).collect();
        assert_eq!(told, [(1, 0, 0), (2, 0, 0), (2, 0, 0), (1, 0, 0), (1, 0, 0), (1, 1, 0), (0, 0, 50)]);
    }

    async fn a_revision_after_an_order_shows_what_is_different(app: TestApp) {
        let office = app.office().await;
        let name = "2026-04-02AGID_01-0001";
        let (kept, gone, new) = (paid(&app, 1, "r1").await, paid(&app, 1, "r2").await, paid(&app, 2, "r3").await);
        let revised = async |revision: i64, rows: &[(&str, &str, i64)]| {
            crate::reconciliation::revision(&app, (name, revision), rows).await;
        };
        revised(1, &[(&kept, "r1", 1708), (&gone, "r2", 1708)]).await;
        assert!(report(&office, "flow-revisions", "").await.is_empty(), "nothing was revised");
        let cash = movement(41, ("SOSPESO ENTRATA", "ESEGUITO"), (345, 3416),
            &format!("<causale>/PUR/LGPE-RIVERSAMENTO/URI/{name}</causale>"));
        journal(&office, "journal-1", &[cash, order(43, "REGOLARIZZATO", 12, &[(345, 3416)])]).await;
        // The same rows again change nothing; then one is taken away and another comes.
        revised(2, &[(&kept, "r1", 1708), (&gone, "r2", 1708)]).await;
        assert!(report(&office, "flow-revisions", "").await.is_empty(), "the rows are the same");
        revised(3, &[(&kept, "r1", 1708), (&new, "r3", 3416)]).await;
        let rows = report(&office, "flow-revisions", "").await;
        let told = |row: &Value| ["receipt_id", "before", "after", "difference", "revision", "replaced"].map(|name| row[name].to_string());
        let told: Vec<_> = rows.iter().map(told).collect();
        let expected = [["\"r2\"", "1708", "0", "-1708", "3", "2"], ["\"r3\"", "0", "3416", "3416", "3", "2"]];
        assert_eq!(told, expected.map(|row| row.map(str::to_owned)));
        assert!(rows.iter().all(|row| row["provisionals"] == "345/2026" && row["orders"] == "12" && row["covered"] == 3416));
        let credits = report(&office, "provisional-credits", "").await;
        assert_eq!((&credits[0]["state"], &credits[0]["covered"]), (&json!("covered"), &json!(3416)));
        // The order is taken back: the difference stays, without an order.
        journal(&office, "journal-2", &[order(45, "STORNATO", 12, &[(345, 3416)])]).await;
        let rows = report(&office, "flow-revisions", "").await;
        assert!(rows.iter().all(|row| row["orders"] == "" && row["covered"] == 0), "{rows:?}");
        let neighbour = app.neighbour().await;
        let theirs = app.client(&neighbour, &["accounting"]).await;
        assert!(report(&theirs, "flow-revisions", "").await.is_empty());
    }

    async fn the_journal_says_what_orders_cover(app: TestApp) {
        let office = app.office().await;
        let total = reported(&app).await;
        // The flow was credited in two parts.
        let (first, second) = (1000, total - 1000);
        let state = async |expected: [(&str, &str); 2]| {
            let credits = report(&office, "provisional-credits", "").await;
            assert_eq!((sum(&credits, "unexplained"), sum(&credits, "amount")), (0, total));
            // What is covered has no term any more.
            assert!(credits.iter().all(|row| row["days_left"].is_null() == (row["state"] == "covered")));
            let states: Vec<(&str, &str)> = credits
                .iter()
                .map(|row| (row["state"].as_str().unwrap(), row["orders"].as_str().unwrap()))
                .collect();
            assert_eq!(states, expected);
        };
        journal(&office, "journal-1", &[credit(41, 345, first), credit(42, 346, second)]).await;
        state([("open", ""), ("open", "")]).await;
        let regularised = order(43, "REGOLARIZZATO", 12, &[(345, first), (346, 500)]);
        journal(&office, "journal-2", std::slice::from_ref(&regularised)).await;
        state([("covered", "12"), ("partly", "12")]).await;
        // The same again changes nothing; a further order covers the rest.
        journal(&office, "journal-3", &[regularised, order(44, "REGOLARIZZATO", 13, &[(346, second - 500)])]).await;
        state([("covered", "12"), ("covered", "12 13")]).await;
        // An order is taken back.
        journal(&office, "journal-4", &[order(45, "STORNATO", 13, &[(346, second - 500)])]).await;
        state([("covered", "12"), ("partly", "12")]).await;
        let rows = report(&office, "collection-orders", "").await;
        let of = |number: &str| rows.iter().filter(|row| row["provisional"] == number).cloned().collect::<Vec<_>>();
        assert_eq!((sum(&of("345"), "amount"), sum(&of("346"), "amount")), (first, second));

        // Another town sees nothing of it.
        let neighbour = app.neighbour().await;
        let theirs = app.client(&neighbour, &["accounting"]).await;
        for name in ["collection-orders", "provisional-credits", "provisional-payments", "transfers"] {
            assert!(report(&theirs, name, "").await.is_empty(), "{name}");
        }
    }

    async fn an_order_is_recorded_by_hand_until_the_journal_names_it(app: TestApp) {
        let office = app.office().await;
        let accounts = app.client(&app.town(), &["accounting"]).await;
        accounts.put(&plans("TARI"), &tari_plan()).send().await.expect(201);
        let total = reported(&app).await;
        journal(&office, "journal-1", &[credit(41, 345, total)]).await;
        let account = report(&office, "provisional-credits", "").await[0]["account"].clone();
        let body = |order: i64, cents: i64| json!({
            "year": 2026, "account": account, "provisional_number": 345, "order_number": order,
            "amount_cents": cents, "order_date": "2026-04-10",
        });
        let path = "/collection-orders/coverings";
        let state = async || {
            let row = report(&office, "provisional-credits", "").await.remove(0);
            (row["state"].as_str().unwrap().to_owned(), row["covered"].as_i64().unwrap(), row["orders"].as_str().unwrap().to_owned())
        };
        let proposed = async || {
            let file = office.get("/collection-orders?from_date=2026-01-01&to_date=2026-12-31&order_date=2026-04-20").send().await;
            assert_eq!(file.status.as_u16(), 200);
            file.header("collection-orders").parse::<i64>().unwrap()
        };
        let before = proposed().await;
        assert!(before > 0);
        let call = accounts.post(path, &body(12, total - 100));
        let made = call.clone().send().await;
        let record = made.expect(201);
        assert_eq!((&record["credit_state"], &record["amount_cents"]), (&json!("partly"), &json!(total - 100)));
        assert_eq!(call.send().await.json(), record, "the same intent");
        assert_eq!(state().await, ("partly".into(), total - 100, "12".into()));
        assert_eq!(proposed().await, 0, "what is covered in part is for people");
        // What cannot be is told, and changes nothing.
        let held = app.dump();
        for (wrong, told) in [
            (body(13, 101), "/amount_cents orders would cover more than the"),
            (body(12, 100 - total - 1), "/amount_cents takes back more than was recorded of this order"),
            (body(12, 0), "/amount_cents must not be zero"),
            (json!({"year": 2025, "account": account, "provisional_number": 345, "order_number": 1, "amount_cents": 1, "order_date": "2026-04-10"}), "/provisional_number no provisional credit"),
        ] {
            let refused = accounts.post(path, &wrong).send().await.complaint();
            assert!(refused.starts_with("422 rule-violation") && refused.contains(told), "{refused}");
        }
        assert_eq!(app.dump(), held);
        let theirs = app.client(&app.neighbour().await, &["accounting"]).await;
        let foreign = theirs.post(path, &body(13, 1)).send().await.complaint();
        assert!(foreign.contains("no provisional credit"), "{foreign}");
        assert_eq!(theirs.get(path).send().await.expect(200)["items"], json!([]));
        // Taken back, and recorded again in two orders.
        accounts.post(path, &body(12, 100 - total)).send().await.expect(201);
        assert_eq!(state().await, ("open".into(), 0, String::new()));
        assert_eq!(proposed().await, before);
        accounts.post(path, &body(14, total - 500)).send().await.expect(201);
        let last = accounts.post(path, &body(15, 500)).send().await.expect(201);
        assert_eq!(last["credit_state"], "covered");
        assert_eq!(state().await, ("covered".into(), total, "14 15".into()));
        let first = accounts.get(&format!("{path}?limit=3")).send().await.expect(200);
        let cursor = first["next_cursor"].as_str().unwrap();
        let rest = accounts.get(&format!("{path}?limit=3&cursor={cursor}")).send().await.expect(200);
        let amounts: Vec<i64> = [first["items"].as_array(), rest["items"].as_array()].into_iter().flatten().flatten()
            .map(|one| one["amount_cents"].as_i64().unwrap()).collect();
        assert_eq!(amounts, [total - 100, 100 - total, total - 500, 500]);
        // The journal names one of them, with another amount: it has the last word.
        journal(&office, "journal-2", &[order(43, "REGOLARIZZATO", 14, &[(345, total - 600)])]).await;
        assert_eq!(state().await, ("partly".into(), total - 100, "14 15".into()));
        let late = accounts.post(path, &body(14, 100)).send().await.complaint();
        assert!(late.contains("/order_number the journal names this order"), "{late}");
    }

    async fn reports_of_the_same_money_say_the_same(app: TestApp) {
        let office = app.office().await;
        let accounts = app.client(&app.town(), &["accounting"]).await;
        accounts.put(&plans("TARI"), &tari_plan()).send().await.expect(201);
        let total = reported(&app).await;
        let twice = given::position(&app, given::lamps(3)).await;
        let number = single(&twice);
        let payment = given::activated(&app, &number).await;
        for receipt_id in ["token-3", "token-4"] {
            let receipt = Message::send_rt("paSendRTV2", &number, receipt_id, &payment);
            assert_eq!(receipt.send(&app).await.outcome(), "OK");
        }
        let instalments = given::position(&app, given::tari()).await;
        given::paid(&app, &given::instalment(&instalments, 1), "token-5").await;
        given::position(&app, given::lamps(5)).await;
        // The flow is credited in two parts, and a cent that nobody explains comes on top.
        journal(&office, "journal-key-1", &[credit(1, 10, total - 4000), credit(2, 11, 4001)]).await;
        let books = pulled(&office).await;
        let credits = &books["provisional-credits"];
        assert_eq!((&credits[0]["unexplained"], &credits[1]["unexplained"]), (&json!(0), &json!(1)));
        let payments = &books["provisional-payments"];
        let shown: Vec<&str> = payments.iter().filter_map(|row| row["provisional"].as_str()).collect();
        assert!(shown.contains(&"10") && shown.contains(&"11"), "{shown:?}");
        // The list of refunds is what the reports call owed back.
        let refunds = async || {
            let refunds = office.get("/refunds-owed?limit=200").send().await.expect(200);
            refunds["items"].as_array().unwrap().iter().map(|one| one["amount_cents"].as_i64().unwrap()).sum::<i64>()
        };
        let sum = |books: &Reports, column: &str| {
            books["revenue-by-key"].iter().filter_map(|row| row[column].as_i64()).sum::<i64>()
        };
        let (twice, net) = (refunds().await, sum(&books, "net"));
        assert_eq!((twice, twice > 0), (sum(&books, "owed_back"), true));
        let aging = async || office.get("/aging").send().await.expect(200);
        crate::laws::Books(books, aging().await).hold();
        // What the creditor keeps is not owed back any more, wherever it is asked, until that is taken back.
        let line = crate::reconciliation::line(&office, "token-4/1").await["reconciliation_id"].clone();
        let keep = json!({"force": {"reconciliation_id": line}, "reason": "settled_elsewhere", "note": "Compensato"});
        let kept = office.post("/reconciliation-decisions", &keep).send().await;
        let books = pulled(&office).await;
        assert_eq!((refunds().await, sum(&books, "owed_back"), sum(&books, "net")), (0, 0, net + twice));
        assert_eq!(app.balance(Account::Refunds).await, 0);
        crate::laws::Books(books, aging().await).hold();
        let id = kept.json()["reconciliation_decision_id"].as_str().unwrap().to_owned();
        let reopen = json!({"state": "reopened", "note": "Riletto"});
        let path = format!("/reconciliation-decisions/{id}");
        office.patch(&path, kept.header("etag"), &reopen).send().await.expect(200);
        let books = pulled(&office).await;
        assert_eq!((refunds().await, sum(&books, "owed_back"), sum(&books, "net")), (twice, twice, net));
        crate::laws::Books(books, aging().await).hold();
    }

    async fn a_report_is_narrowed_to_a_service_or_says_that_it_cannot_be(app: TestApp) {
        let office = app.office().await;
        reported(&app).await;
        let whole = report(&office, "receipts", "").await;
        let tax = report(&office, "receipts", "&service_code=TARI").await;
        assert_eq!((whole.len(), tax.len(), &tax[0]["service_code"]), (2, 1, &json!("TARI")));
        for name in ["receipts-by-day", "transfers", "revenue-by-service", "revenue-by-month", "revenue-by-key"] {
            let column = if name.starts_with("rev") { "collected" } else if name == "transfers" { "amount" } else { "own_amount" };
            let rows = report(&office, name, "&service_code=TARI").await;
            assert_eq!(json!(sum(&rows, column)), tax[0]["own_amount"], "{name}");
        }
        assert_eq!(report(&office, "due-dates", "&service_code=LAMPADE").await, Vec::<Value>::new());
        let refused = async |path: &str| office.get(path).send().await.complaint();
        assert_eq!(
            refused("/reports/treasury-entries?service_code=TARI").await,
            "422 rule-violation [#query/service_code the report treasury-entries cannot be narrowed to it]"
        );
        assert_eq!(
            refused("/reports/receipts?provisional_number=1").await,
            "422 rule-violation [#query/provisional_number the report receipts cannot be narrowed to it]"
        );
        let job = json!({"report": "not-reconciled", "format": "csv", "service_code": "TARI"});
        let refused = office.post("/report-jobs", &job).header("idempotency-key", "report-key-1").send().await;
        assert_eq!(refused.complaint(), "422 rule-violation [/service_code the report not-reconciled cannot be narrowed to it]");
    }

    async fn the_tax_and_the_fine_are_reported_by_whom_they_belong_to(app: TestApp) {
        let office = app.office().await;
        let total = reported(&app).await;
        let receipts = report(&office, "receipts", "").await;
        assert_eq!((receipts.len(), sum(&receipts, "own_amount")), (2, total));
        let tax: i64 = sum(&receipts[..], "amount") - total;
        let shares = report(&office, "waste-tax-shares", "").await;
        let tefa: Vec<&Value> = shares.iter().filter(|row| row["component"] == "TEFA").collect();
        assert_eq!((tefa.len(), &tefa[0]["amount"]), (1, &json!(tax)));
        assert_eq!(tefa[0]["beneficiary"], "Provincia dell'Aquila");
        let of_tax = receipts.iter().find(|row| row["service_code"] == "TARI").unwrap();
        assert_eq!(json!(sum(&shares, "amount")), of_tax["amount"]);
        let fines = report(&office, "fines-by-article", "").await;
        let of_fine = receipts.iter().find(|row| row["service_code"] == "CDS-VERBALI").unwrap();
        assert_eq!(json!(sum(&fines, "amount")), of_fine["amount"]);
        assert_eq!((&fines[0]["article"], &fines[0]["amount"]), (&json!(""), &json!(1630)));
        assert_eq!((&fines[1]["article"], &fines[1]["norm"]), (&json!("142-8"), &json!("art. 142 c. 12-bis CdS")));
        assert_eq!(fines[1]["label"], "art. 142 c. 8 CdS");
        let months = report(&office, "revenue-by-month", "").await;
        assert_eq!((months.len(), sum(&months, "collected")), (2, total));
        assert!(months.iter().all(|row| row["month"] == "2026-04"));
        let flows = report(&office, "settlement-flows", "").await;
        assert_eq!((&flows[0]["computed"], &flows[0]["missing"]), (&json!(total), &json!(total)));
    }
}
