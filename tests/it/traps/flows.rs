//! What flows and banks write: wrong totals, revisions, rare outcomes, equal numbers, broken texts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use avviso::domain::ledger::Account;
use avviso::jobs::pull_flows::{PullSummary, pull_from};
use avviso::node::client::{FlowClient, RestFlows, Retries, Service};
use serde_json::{Value, json};

use crate::app::{TOWN, TestApp};
use crate::given::{self, single};
use crate::rest::Caller;
use crate::soap::Message;

/// The node's REST interface for flows, as far as it is asked: an answer for each path.
struct Node {
    shelf: Arc<Mutex<BTreeMap<String, String>>>,
    url: String,
    listed: Vec<String>,
}

/// A revision of a flow before it is published.
struct Flow {
    name: &'static str,
    revision: i64,
    receiver: &'static str,
    /// What the head says: how many rows, and their sum in euro.
    declared: (usize, &'static str),
    rows: Vec<String>,
}

impl Flow {
    /// A first revision for the town, whose head agrees with its rows when the caller's sum does.
    fn of(name: &'static str, sum: &'static str, rows: Vec<String>) -> Flow {
        Flow {
            name,
            revision: 1,
            receiver: TOWN,
            declared: (rows.len(), sum),
            rows,
        }
    }
}

/// A row: index, IUV, IUR, part, amount as written, outcome.
fn row(index: usize, (iuv, iur): (&str, &str), (pay, status): (&str, &str)) -> String {
    format!(
        r#"{{"index":{index},"iuv":"{iuv}","iur":"{iur}","idTransfer":1,"pay":{pay},"payStatus":"{status}","payDate":"2026-04-01T10:00:00Z"}}"#
    )
}

fn page(rows: &[String]) -> String {
    format!(
        r#"{{"metadata":{{"pageSize":1000,"pageNumber":1,"totPage":1}},"count":{},"data":[{}]}}"#,
        rows.len(),
        rows.join(",")
    )
}

impl Node {
    fn start() -> Node {
        let shelf = Arc::<Mutex<BTreeMap<String, String>>>::default();
        let held = Arc::clone(&shelf);
        let server = HttpServer::new(move || {
            let held = Arc::clone(&held);
            App::new().default_service(web::to(move |request: HttpRequest| {
                let found = held.lock().unwrap().get(request.path()).cloned();
                async move {
                    match found {
                        Some(body) => HttpResponse::Ok().body(body),
                        None => HttpResponse::NotFound().finish(),
                    }
                }
            }))
        });
        let server = server
            .workers(1)
            .disable_signals()
            .bind("127.0.0.1:0")
            .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        actix_web::rt::spawn(server.run());
        Node {
            shelf,
            url,
            listed: Vec::new(),
        }
    }

    /// Publishes a revision; the list has the newest one of a flow, as the node's.
    fn publish(&mut self, flow: &Flow) {
        let Flow {
            name,
            revision,
            receiver,
            declared: (count, sum),
            rows,
        } = flow;
        let hour = 8 + i64::try_from(self.listed.len()).unwrap() + revision;
        self.listed
            .retain(|listed| !listed.contains(&format!("\"{name}\"")));
        self.listed.push(format!(
            r#"{{"fdr":"{name}","pspId":"PSPX","revision":{revision},"published":"2026-04-02T{hour:02}:00:00Z","flowDate":"2026-04-02T08:00:00Z"}}"#
        ));
        let head = format!(
            r#"{{"status":"PUBLISHED","revision":{revision},"fdr":"{name}","fdrDate":"2026-04-02T08:00:00Z","regulation":"TRN-{name}","regulationDate":"2026-04-02","sender":{{"type":"LEGAL_PERSON","id":"X","pspId":"PSPX","pspName":"Banca","pspBrokerId":"B","channelId":"C"}},"receiver":{{"id":"{receiver}","organizationId":"{receiver}","organizationName":"Comune"}},"published":"2026-04-02T{hour:02}:00:00Z","totPayments":{count},"sumPayments":{sum}}}"#
        );
        let base = format!("/organizations/{TOWN}/fdrs");
        let of_flow = format!("{base}/{name}/revisions/{revision}/psps/PSPX");
        let mut shelf = self.shelf.lock().unwrap();
        shelf.insert(base, page(&self.listed));
        shelf.insert(format!("{of_flow}/payments"), page(rows));
        shelf.insert(of_flow, head);
    }

    async fn pull(&self, app: &TestApp) -> PullSummary {
        let service = Service {
            url: &self.url,
            key: None,
        };
        let retries = Retries {
            attempts: 1,
            wait_millis: 0,
        };
        let client =
            FlowClient::Rest(RestFlows::new(service, app.ctx.ids.clone(), retries).unwrap());
        let pulled = pull_from(&app.ctx, &app.town(), &client).await.unwrap();
        assert_eq!(pulled.failed, Vec::<String>::new());
        pulled
    }
}

/// A paid notice of lamps: its IUV and the receipt's identifier, and 17.08 euro.
async fn paid(app: &TestApp, token: &str) -> (String, String) {
    let number = single(&given::position(app, given::lamps(1)).await);
    given::paid(app, &number, token).await;
    (number.get(1..).unwrap().to_owned(), token.to_owned())
}

/// Code and flags of every row of flows, by the IUV.
async fn rows(office: &Caller) -> Vec<(String, String, Value)> {
    let found = office
        .get("/reconciliations?line_kind=flow_line&limit=200")
        .send()
        .await
        .expect(200);
    let items = found["items"].as_array().unwrap().iter();
    let mut rows: Vec<_> = items
        .map(|item| {
            let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
            (text("iuv"), text("code"), item["flags"].clone())
        })
        .collect();
    rows.sort_by_key(|row| format!("{row:?}"));
    rows
}

fn flags(row: &(String, String, Value)) -> Vec<&str> {
    row.2
        .as_array()
        .unwrap()
        .iter()
        .map(|flag| flag.as_str().unwrap())
        .collect()
}

/// The flow in force with this name.
async fn live(office: &Caller, name: &str) -> Value {
    let flows = office
        .get("/settlement-flows?limit=200")
        .send()
        .await
        .expect(200);
    let items = flows["items"].as_array().unwrap();
    let found = items
        .iter()
        .filter(|flow| flow["flow_code"] == name && flow["state"] == "live");
    let found: Vec<&Value> = found.collect();
    assert_eq!(found.len(), 1, "{name}: {flows}");
    found[0].clone()
}

/// A credit of the bank with this text; answers what it was taken for.
async fn credit(office: &Caller, number: usize, cents: i64, text: &str) -> String {
    let entry = json!({
        "account": "1", "number": number.to_string(), "direction": "in", "provisional_number": number,
        "amount_cents": cents, "booked_date": "2026-04-03", "remittance": text,
    });
    let filed = office
        .post("/treasury-entries", &entry)
        .send()
        .await
        .expect(201);
    filed["treasury_entry"]["code"].as_str().unwrap().to_owned()
}

both_databases! {
    async fn trap_21_a_flow_that_contradicts_itself_is_kept_with_what_is_wrong(app: TestApp) {
        let office = app.office().await;
        let (one, two, three) = (paid(&app, "t-1").await, paid(&app, "t-2").await, paid(&app, "t-3").await);
        let line = |index, (iuv, iur): &(String, String)| row(index, (iuv, iur), ("17.08", "EXECUTED"));
        let mut node = Node::start();
        node.publish(&Flow::of("2026-04-02PSPX-SUM", "2204.00", vec![line(1, &one)]));
        node.publish(&Flow { declared: (64, "17.08"), ..Flow::of("2026-04-02PSPX-COUNT", "17.08", vec![line(1, &two)]) });
        let wrong_body = "99999000401";
        node.publish(&Flow { receiver: wrong_body, ..Flow::of("2026-04-02PSPX-BODY", "17.08", vec![line(1, &three)]) });
        let four = paid(&app, "t-4").await;
        node.publish(&Flow::of("2026-04-02PSPX-TWICE", "34.16", vec![line(1, &four), line(2, &four)]));
        node.publish(&Flow::of("2026-04-02PSPX-ZERO", "0.00", vec![]));
        assert_eq!(node.pull(&app).await.filed, 5);
        let found = rows(&office).await;
        let of = |payment: &(String, String)| found.iter().filter(|row| row.0 == payment.0).collect::<Vec<_>>();
        assert!(flags(of(&one)[0]).contains(&"flow_header_mismatch"), "{found:?}");
        assert!(flags(of(&two)[0]).contains(&"flow_header_mismatch"), "{found:?}");
        assert!(flags(of(&three)[0]).contains(&"flow_wrong_body"), "{found:?}");
        assert!(of(&four).iter().any(|row| flags(row).contains(&"flow_row_duplicate")), "{found:?}");
        let sum = live(&office, "2026-04-02PSPX-SUM").await;
        assert_eq!((&sum["declared_amount_cents"], &sum["computed_amount_cents"]), (&json!(220_400), &json!(1708)));
    }

    async fn trap_21_a_row_that_nobody_can_read_stops_neither_its_flow_nor_the_others(app: TestApp) {
        let office = app.office().await;
        let (one, two, three) = (paid(&app, "t-1").await, paid(&app, "t-2").await, paid(&app, "t-3").await);
        let line = |index, (iuv, iur): &(String, String)| row(index, (iuv, iur), ("17.08", "EXECUTED"));
        let mut node = Node::start();
        let long = row(3, (&"9".repeat(36), "t-4"), ("5.00", "EXECUTED"));
        let list = vec![line(1, &one), line(2, &two).replace("17.08", "\"17,08\""), long];
        let name = "2026-04-02PSPX-ODD";
        node.publish(&Flow::of(name, "39.16", list.clone()));
        node.publish(&Flow::of("2026-04-02PSPX-GOOD", "17.08", vec![line(1, &three)]));
        let pulled = node.pull(&app).await;
        assert_eq!((pulled.filed, pulled.unread), (2, 2));
        // The rest of the flow counts, and says that something is missing.
        let found = rows(&office).await;
        assert_eq!(found.len(), 2, "{found:?}");
        let of = |payment: &(String, String)| found.iter().find(|row| row.0 == payment.0).unwrap();
        assert_eq!((of(&one).1.as_str(), flags(of(&one))), ("reported_not_settled", vec!["flow_header_mismatch"]));
        assert_eq!(flags(of(&three)), Vec::<&str>::new());
        assert_eq!(app.balance(Account::Announced).await, 2 * 1708);
        let text = format!("/PUR/LGPE-RIVERSAMENTO/URI/{name}");
        assert_eq!(credit(&office, 1, 3916, &text).await, "settled_amount_diff");
        let flow = live(&office, name).await;
        let shown = office.get(&format!("/settlement-flows/{}", flow["settlement_flow_id"].as_str().unwrap()));
        let shown = shown.send().await.expect(200);
        assert_eq!((&shown["declared_entries"], &shown["computed_entries"], &shown["unread_entries"]), (&json!(3), &json!(1), &json!(2)));

        // What is missing waits for somebody.
        let waiting = async || {
            let aging = office.get("/aging").send().await.expect(200);
            aging["settlement_flow_refusals"]["count"].as_i64().unwrap()
        };
        assert_eq!(waiting().await, 2);
        let page = office.get("/settlement-flow-refusals?open=true").header("accept-language", "it").send().await.expect(200);
        let items = page["items"].as_array().unwrap();
        assert_eq!((&items[0]["flow_code"], &items[0]["psp"], &items[0]["place"]), (&json!(name), &json!("PSPX"), &json!(2)));
        assert_eq!(items[0]["text"], json!(list[1]));
        assert_eq!(items[0]["detail"], "data[1].pay: deve essere un importo in euro con al massimo due decimali");
        assert_eq!(items[1]["detail"], "data[2].iuv: deve essere da 1 a 35 caratteri stampabili senza spazi");
        let path = format!("/settlement-flow-refusals/{}/closing", items[1]["settlement_flow_refusal_id"].as_str().unwrap());
        let body = json!({"note": "Chiesto al PSP"});
        let auditor = app.client(&app.town(), &["auditor"]).await;
        assert_eq!(auditor.post(&path, &body).send().await.slug(), "not-allowed");
        let theirs = app.client(&app.neighbour().await, &["accounting"]).await;
        assert_eq!(theirs.post(&path, &body).send().await.slug(), "not-found");
        let blank = office.post(&path, &json!({"note": " "})).send().await;
        assert_eq!(blank.json()["errors"][0]["pointer"], "/note");
        let call = office.post(&path, &body);
        let closed = call.clone().send().await.expect(201);
        assert_eq!((&closed["closed"]["note"], closed["closed"]["client_id"].is_string()), (&json!("Chiesto al PSP"), true));
        assert_eq!(call.send().await.expect(201), closed);
        assert_eq!(office.post(&path, &body).send().await.slug(), "state-forbids");
        assert_eq!(waiting().await, 1);

        // The provider corrects the flow.
        let list = vec![line(1, &one), line(2, &two)];
        node.publish(&Flow { revision: 2, ..Flow::of(name, "34.16", list) });
        assert_eq!(node.pull(&app).await.replaced, 1);
        assert_eq!(waiting().await, 0);
        let done = office.get("/settlement-flow-refusals?open=false").send().await.expect(200);
        assert_eq!(done["items"][0]["closed"]["note"], "Una revisione più recente ha sostituito il flusso.");
        assert_eq!(done["items"][0]["closed"].get("client_id"), None);
    }

    async fn trap_21_a_row_of_the_list_that_nobody_can_read_waits_for_somebody(app: TestApp) {
        let office = app.office().await;
        let one = paid(&app, "t-1").await;
        let line = |index, (iuv, iur): &(String, String)| row(index, (iuv, iur), ("17.08", "EXECUTED"));
        let mut node = Node::start();
        node.publish(&Flow::of("2026-04-02PSPX-123456789012345678901", "17.08", vec![line(1, &one)]));
        node.publish(&Flow::of("2026-04-02PSPX-GOOD", "17.08", vec![line(1, &one)]));
        let pulled = node.pull(&app).await;
        assert_eq!((pulled.filed, pulled.unread_listed), (1, 1));
        let page = async |query: &str| {
            let page = office.get(&format!("/settlement-flow-refusals{query}")).header("accept-language", "it");
            page.send().await.expect(200)["items"].as_array().unwrap().clone()
        };
        let items = page("?open=true").await;
        assert_eq!((items.len(), &items[0]["text"]), (1, &json!(node.listed[0])));
        assert_eq!(items[0]["detail"], "data[0].fdr: deve essere da 1 a 35 caratteri, nessuno di controllo");
        assert!(["psp", "flow_code", "revision", "place"].iter().all(|name| items[0].get(*name).is_none()), "{items:?}");
        assert_eq!(office.get("/aging").send().await.expect(200)["settlement_flow_refusals"]["count"], 1);
        // The list shows it as long as the node does; what was closed stays closed.
        assert_eq!(node.pull(&app).await.unread_listed, 1);
        assert_eq!(page("").await.len(), 1);
        let path = format!("/settlement-flow-refusals/{}/closing", items[0]["settlement_flow_refusal_id"].as_str().unwrap());
        office.post(&path, &json!({"note": "Il PSP ripubblica con un altro nome"})).send().await.expect(201);
        node.pull(&app).await;
        assert_eq!((page("?open=true").await.len(), page("").await.len()), (0, 1));
    }

    async fn trap_22_a_revision_replaces_and_equal_names_do_not_collide(app: TestApp) {
        let office = app.office().await;
        let (one, two) = (paid(&app, "t-1").await, paid(&app, "t-2").await);
        let line = |index, (iuv, iur): &(String, String)| row(index, (iuv, iur), ("17.08", "EXECUTED"));
        let name = "2026-04-02PSPX-0001";
        let mut node = Node::start();
        node.publish(&Flow::of(name, "17.08", vec![line(1, &one)]));
        assert_eq!(node.pull(&app).await.filed, 1);
        assert_eq!(app.balance(Account::Announced).await, 1708);
        let both = vec![line(1, &one), line(2, &two)];
        node.publish(&Flow { revision: 2, ..Flow::of(name, "34.16", both.clone()) });
        assert_eq!(node.pull(&app).await.replaced, 1);
        assert_eq!(app.balance(Account::Announced).await, 2 * 1708, "never both");
        assert_eq!(live(&office, name).await["revision"], 2);
        assert_eq!(node.pull(&app).await.known, 1, "the same revision again is known");
        node.publish(&Flow { revision: 3, ..Flow::of(name, "17.08", vec![line(1, &two)]) });
        assert_eq!(node.pull(&app).await.replaced, 1);
        assert_eq!(app.balance(Account::Announced).await, 1708);
        assert_eq!(app.balance(Account::InTransit).await, 1708);
        // A bank's text finds the flow whichever revision is in force.
        let text = format!("/PUR/LGPE-RIVERSAMENTO/URI/{name}");
        assert_eq!(credit(&office, 1, 1708, &text).await, "matched_settled");
    }

    async fn trap_23_rare_outcomes_are_facts_and_a_missing_index_is_the_first(app: TestApp) {
        let office = app.office().await;
        let stood_in = paid(&app, "t-1").await;
        let mut unpaid = Vec::new();
        for _ in 0..3 {
            unpaid.push(single(&given::position(&app, given::lamps(1)).await));
        }
        let iuv = |number: &String| number.get(1..).unwrap().to_owned();
        let activated = given::activated(&app, &unpaid[1]).await;
        let mut node = Node::start();
        let list = vec![
            row(1, (&stood_in.0, "t-1"), ("17.08", "STAND_IN")),
            row(2, (&iuv(&unpaid[0]), "r-8"), ("17.08", "STAND_IN_NO_RPT")),
            row(3, (&iuv(&unpaid[1]), "r-9"), ("17.08", "NO_RPT")).replace(r#""idTransfer":1,"#, ""),
            row(4, (&iuv(&unpaid[2]), "r-x"), ("17.08", "SOMETHING_NEW")),
            // Euro as numbers are written in JSON.
            row(5, ("RF3301600201900000053964", "r-rf"), ("1.5e1", "EXECUTED")),
        ];
        node.publish(&Flow::of("2026-04-02PSPX-0001", "83.32", list));
        assert_eq!(node.pull(&app).await.filed, 1);
        let found = rows(&office).await;
        let of = |iuv: &str| found.iter().find(|row| row.0 == iuv).unwrap();
        assert!(flags(of(&stood_in.0)).contains(&"stand_in"), "{found:?}");
        for number in unpaid.iter().take(2) {
            assert!(flags(of(&iuv(number))).contains(&"no_rpt"), "{found:?}");
            assert_eq!(Message::verify(number).send(&app).await.outcome(), "PAA_PAGAMENTO_DUPLICATO");
        }
        assert!(flags(of(&iuv(&unpaid[2]))).contains(&"unknown_esito"), "{found:?}");
        assert_eq!(of("RF3301600201900000053964").1, "reported_unknown_debt");
        // The receipt for a row of code 9 may still come: it pays nothing twice.
        let receipt = Message::send_rt("paSendRTV2", &unpaid[1], "r-9", &activated);
        assert_eq!(receipt.send(&app).await.outcome(), "OK");
        // What is left is the row that no debt of the town explains.
        assert_eq!(app.balance(Account::Receivable).await, -1500);
    }

    async fn trap_24_equal_numbers_of_different_bodies_are_different_payments(app: TestApp) {
        let neighbour = app.neighbour().await;
        let number = single(&given::position(&app, given::lamps(1)).await);
        let payment = given::activated(&app, &number).await;
        given::paid(&app, &number, "own-token").await;
        // The town is also a beneficiary of two notices of others which have the same number as its own.
        for (primary, token) in [("90002000660", "other-token"), (neighbour.as_str(), "third-token")] {
            let copy = Message::send_rt("paSendRTV2", &number, token, &payment).with("fiscal_code", primary);
            assert_eq!(copy.send(&app).await.outcome(), "OK");
        }
        let office = app.office().await;
        let payments = office.get("/payments").send().await.expect(200);
        let items = payments["items"].as_array().unwrap();
        assert_eq!(items.len(), 3);
        assert!(items.iter().all(|item| item["anomalies"] == json!([])), "{payments}");
        assert_eq!(app.balance(Account::InTransit).await, 3 * 1708);
        let iuv = number.get(1..).unwrap();
        let mut node = Node::start();
        let list = ["own-token", "other-token", "third-token"].into_iter().enumerate()
            .map(|(nth, iur)| row(nth + 1, (iuv, iur), ("17.08", "EXECUTED")));
        node.publish(&Flow::of("2026-04-02PSPX-0001", "51.24", list.collect()));
        assert_eq!(node.pull(&app).await.filed, 1);
        assert_eq!(app.balance(Account::InTransit).await, 0);
        assert_eq!(app.balance(Account::Announced).await, 3 * 1708);
        for row in rows(&office).await {
            assert_eq!(row.1, "reported_not_settled", "{row:?}");
            assert!(!flags(&row).contains(&"flow_row_duplicate"), "{row:?}");
        }
    }

    async fn trap_25_a_bank_spells_the_flow_in_many_ways(app: TestApp) {
        let office = app.office().await;
        let mut node = Node::start();
        let texts: [&str; 10] = [
            "/PUR/LGPE-RIVERSAMENTO/TXT/0/URI/{}",
            "/PUR/LGPE-RIVERSAMENTO/URI/{}",
            ":RI3:/PUR/LGPE-RIVERSAMENTO/URI/{} :SEC:CASH",
            "RI1/PUR/L GPE-RIVERSAMENTO/URI/{} ACCREDITO BOLLETTINO P.A.",
            "bonifico /pur/lgpe-riversamento/uri/{}/ZZ4/altro",
            "PUR LGPE - RIVERSAMENTO URI {}",
            "/PUR/LGPE-RIVERSAMENTO/TXT/1/URI/{}",
            "/PUR/LGPE-RIVERSAMENTO/URI/2026-04- {rest}",
            "/PUR/LGPE-RIVERSAMENTO/ URI/{}",
            "/PUR/LGPE-RIVERSAMENTO/URI/{half} {other half}",
        ];
        let names = [
            "2026-04-02PSPX-0000", "2026-04-02PSPX-0001", "2026-04-02PSPX-0002", "2026-04-02PSPX-0003",
            "2026-04-02PSPX-0004", "2026-04-02PSPX-0005", "2026-04-02PSPX-0006", "2026-04-02PSPX-0007",
            "2026-04-02PSPX-0008", "2026-04-02PSPX-0009",
        ];
        for (nth, name) in names.into_iter().enumerate() {
            let payment = paid(&app, &format!("t-{nth}")).await;
            node.publish(&Flow::of(name, "17.08", vec![row(1, (&payment.0, &payment.1), ("17.08", "EXECUTED"))]));
        }
        assert_eq!(node.pull(&app).await.filed, names.len());
        for (nth, (text, name)) in texts.into_iter().zip(names).enumerate() {
            let text = text
                .replace("{}", name)
                .replace("{rest}", name.get(8..).unwrap())
                .replace("{half}", name.get(..16).unwrap())
                .replace("{other half}", name.get(16..).unwrap());
            assert_eq!(credit(&office, nth + 1, 1708, &text).await, "matched_settled", "{text}");
        }
        assert_eq!(app.balance(Account::Announced).await, 0);
        // A single payment, and texts that name nothing.
        let single_payment = paid(&app, "t-single").await;
        let text = format!("/RFB/{}/17.08/TXT/LAMPADE", single_payment.0);
        assert_eq!(credit(&office, 90, 1708, &text).await, "matched_settled_single");
        assert_eq!(credit(&office, 91, 500, "versamento").await, "cash_unidentified");
        let unknown = "/PUR/LGPE-RIVERSAMENTO/URI/2026-04-02PSPX-9999";
        assert_eq!(credit(&office, 92, 500, unknown).await, "cash_unknown_reference");
        // What the treasurer takes back settles nothing.
        let taken = json!({
            "account": "1", "number": "93", "direction": "in", "provisional_number": 1, "operation": "reversed",
            "amount_cents": 1708, "booked_date": "2026-04-04", "remittance": "storno",
        });
        office.post("/treasury-entries", &taken).send().await.expect(201);
        let entry = rows(&office).await;
        let waits = entry.iter().filter(|row| row.1 == "reported_not_settled").count();
        assert_eq!(waits, 1, "{entry:?}");
        assert_eq!(app.balance(Account::Announced).await, 1708);
    }
}
