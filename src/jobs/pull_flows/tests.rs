use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::ctx::scratch::Scratch;
use crate::store::{self, settlement as flows};

/// Answers by path; what is not there is a 404, an empty answer is a 500.
type Shelf = Arc<Mutex<BTreeMap<String, String>>>;

const TOWN: &str = "99999000203";

fn serve(shelf: Shelf) -> String {
    let server = HttpServer::new(move || {
        let shelf = Arc::clone(&shelf);
        App::new().default_service(web::to(move |request: HttpRequest| {
            let page = request
                .query_string()
                .split('&')
                .find(|p| p.starts_with("page="))
                .unwrap_or("");
            let held = shelf
                .lock()
                .unwrap()
                .get(&format!("{}?{page}", request.path()))
                .cloned();
            async move {
                match held {
                    Some(body) if body.is_empty() => HttpResponse::NotImplemented().finish(),
                    Some(body) => HttpResponse::Ok().body(body),
                    None => HttpResponse::NotFound().finish(),
                }
            }
        }))
    })
    .workers(1)
    .disable_signals()
    .bind("127.0.0.1:0")
    .unwrap();
    let address = server.addrs()[0];
    tokio::spawn(server.run());
    format!("http://{address}")
}

fn page(page: u32, pages: u32, rows: &[String]) -> String {
    format!(
        r#"{{"metadata":{{"pageSize":1,"pageNumber":{page},"totPage":{pages}}},"count":{},"data":[{}]}}"#,
        rows.len(),
        rows.join(",")
    )
}

fn listed(flow: &str, revision: i64, hour: u32) -> String {
    format!(
        r#"{{"fdr":"{flow}","pspId":"PSPX","revision":{revision},"published":"2026-03-03T{hour:02}:00:00Z","flowDate":"2026-03-03T08:00:00Z"}}"#
    )
}

fn head(flow: &str, revision: i64) -> String {
    format!(
        r#"{{"status":"PUBLISHED","revision":{revision},"fdr":"{flow}","fdrDate":"2026-03-03T08:00:00Z","regulation":"TRN","regulationDate":"2026-03-03","sender":{{"type":"LEGAL_PERSON","id":"X","pspId":"PSPX","pspName":"Banca","pspBrokerId":"B","channelId":"C"}},"receiver":{{"id":"Y","organizationId":"{TOWN}","organizationName":"Comune"}},"published":"2026-03-03T09:00:00Z","totPayments":2,"sumPayments":30.10}}"#
    )
}

fn payment(index: u32, pay: &str) -> String {
    format!(
        r#"{{"index":{index},"iuv":"0100000000000{index:04}","iur":"r{index}","idTransfer":1,"pay":{pay},"payStatus":"EXECUTED","payDate":"2026-03-01T23:30:00Z"}}"#
    )
}

/// The flow and its two pages of one payment each.
fn put(shelf: &Shelf, flow: &str, revision: i64) {
    put_amounts(shelf, (flow, revision), ["10.05", "20.05"]);
}

fn put_amounts(shelf: &Shelf, (flow, revision): (&str, i64), [one, two]: [&str; 2]) {
    let base = format!("/organizations/{TOWN}/fdrs/{flow}/revisions/{revision}/psps/PSPX");
    let mut shelf = shelf.lock().unwrap();
    shelf.insert(format!("{base}?"), head(flow, revision));
    shelf.insert(
        format!("{base}/payments?page=1"),
        page(1, 2, &[payment(1, one)]),
    );
    shelf.insert(
        format!("{base}/payments?page=2"),
        page(2, 2, &[payment(2, two)]),
    );
}

fn put_list(shelf: &Shelf, pages: &[Vec<String>]) {
    for (n, rows) in (1u32..).zip(pages) {
        let total = u32::try_from(pages.len()).unwrap();
        shelf.lock().unwrap().insert(
            format!("/organizations/{TOWN}/fdrs?page={n}"),
            page(n, total, rows),
        );
    }
}

struct Bench {
    scratch: Scratch,
    client: FlowClient,
    shelf: Shelf,
    town: FiscalCode,
}

impl Bench {
    fn new() -> Bench {
        let shelf = Shelf::default();
        let url = serve(Arc::clone(&shelf));
        let source = Service {
            url: &url,
            key: None,
        };
        let scratch = Scratch::new();
        let retries = Retries {
            attempts: 1,
            wait_millis: 0,
        };
        let client =
            FlowClient::Rest(RestFlows::new(source, scratch.ctx.ids.clone(), retries).unwrap());
        Bench {
            scratch,
            client,
            shelf,
            town: FiscalCode::parse(TOWN).unwrap(),
        }
    }

    async fn pull(&self) -> PullSummary {
        pull_from(&self.scratch.ctx, &self.town, &self.client)
            .await
            .unwrap()
    }

    async fn refused(&self) -> Vec<settlement::Refusal<settlement::Place>> {
        let town = self.town.clone();
        let read = move |c: &mut store::Conn| settlement::refusals(c, &town, None, (None, 10));
        self.scratch.ctx.read(read).await.unwrap()
    }

    async fn filed(&self) -> Vec<Filed> {
        let town = self.town.clone();
        let read =
            move |c: &mut store::Conn| flows::page(c, &town, &flows::Filter::default(), None, 10);
        self.scratch.ctx.read(read).await.unwrap()
    }

    async fn lines(&self, flow: uuid::Uuid) -> Vec<Line> {
        let town = self.town.clone();
        let read = move |c: &mut store::Conn| flows::lines(c, &town, flow, 0, 10);
        self.scratch.ctx.read(read).await.unwrap()
    }

    async fn documents(&self, (flow_id, revision): (&'static str, i64)) -> Vec<Vec<u8>> {
        let town = self.town.clone();
        let read = move |c: &mut store::Conn| {
            let psp_id = "PSPX";
            flows::documents(
                c,
                &town,
                RevisionKey {
                    psp_id,
                    flow_id,
                    revision,
                },
            )
        };
        self.scratch.ctx.read(read).await.unwrap()
    }

    async fn cursor(&self) -> Option<Instant> {
        let town = self.town.clone();
        self.scratch
            .ctx
            .read(move |c| settlement::cursor(c, &town))
            .await
            .unwrap()
    }
}

fn at(text: &str) -> Option<Instant> {
    Some(text.parse().unwrap())
}

#[actix_web::test]
async fn every_page_is_fetched_kept_and_filed_once() {
    let bench = Bench::new();
    put(&bench.shelf, "2026-03-03PSPX-1", 1);
    put(&bench.shelf, "2026-03-03PSPX-2", 1);
    let (one, two) = (
        listed("2026-03-03PSPX-1", 1, 9),
        listed("2026-03-03PSPX-2", 1, 10),
    );
    put_list(&bench.shelf, &[vec![two], vec![one]]);
    let first = bench.pull().await;
    assert_eq!(
        (first.listed, first.filed, first.failed.len()),
        (2, 2, 0),
        "{first:?}"
    );
    assert_eq!(bench.cursor().await, at("2026-03-03T10:00:00Z"));
    let again = bench.pull().await;
    assert_eq!((again.filed, again.known), (0, 2));
    let town = bench.town.clone();
    let (filed, bodies) = bench
        .scratch
        .ctx
        .read::<_, store::Error>(move |c| {
            let filed = flows::page(c, &town, &flows::Filter::default(), None, 10)?;
            let key = RevisionKey {
                psp_id: "PSPX",
                flow_id: "2026-03-03PSPX-1",
                revision: 1,
            };
            Ok((filed, flows::documents(c, &town, key)?))
        })
        .await
        .unwrap();
    assert_eq!(filed.len(), 2);
    assert_eq!(
        (filed[0].totals.count, filed[0].totals.sum.get()),
        (2, 3010)
    );
    assert_eq!(filed[0].header.declared_sum.get(), 3010);
    let kept = [
        head("2026-03-03PSPX-1", 1),
        page(1, 2, &[payment(1, "10.05")]),
        page(2, 2, &[payment(2, "20.05")]),
    ];
    assert_eq!(bodies, kept.map(String::into_bytes));
}

#[actix_web::test]
async fn a_flow_that_fails_holds_the_cursor_and_nothing_else() {
    let bench = Bench::new();
    put(&bench.shelf, "2026-03-03PSPX-2", 1);
    let (one, two) = (
        listed("2026-03-03PSPX-1", 1, 9),
        listed("2026-03-03PSPX-2", 1, 10),
    );
    put_list(&bench.shelf, &[vec![one, two]]);
    let first = bench.pull().await;
    assert_eq!((first.filed, first.failed.len()), (1, 1));
    assert_eq!(bench.cursor().await, None);
    put(&bench.shelf, "2026-03-03PSPX-1", 1);
    let second = bench.pull().await;
    assert_eq!((second.filed, second.known, second.failed.len()), (1, 1, 0));
    assert_eq!(bench.cursor().await, at("2026-03-03T10:00:00Z"));
}

#[actix_web::test]
async fn a_flow_that_cannot_be_filed_does_not_hold_up_those_fetched_with_it() {
    let bench = Bench::new();
    let flows = ["2026-03-03PSPX-1", "2026-03-03PSPX-2", "2026-03-03PSPX-3"];
    let hours = [9, 10, 11];
    let list = flows.iter().zip(hours);
    let list: Vec<String> = list.map(|(flow, hour)| listed(flow, 1, hour)).collect();
    put_list(&bench.shelf, &[list]);
    let most = ["9999999999999.99"; 2];
    put(&bench.shelf, flows[0], 1);
    put_amounts(&bench.shelf, (flows[1], 1), most);
    put(&bench.shelf, flows[2], 1);
    let pulled = bench.pull().await;
    assert_eq!((pulled.filed, pulled.failed.len()), (2, 1), "{pulled:?}");
    assert!(pulled.failed[0].starts_with(flows[1]));
    assert_eq!(bench.cursor().await, at("2026-03-03T09:00:00Z"));
    // Its sum does not fit: it waits for somebody.
    let refused = bench.refused().await;
    let told: Vec<_> = refused
        .iter()
        .map(|one| (one.place.flow().unwrap().flow_id.as_str(), one.place.row()))
        .collect();
    assert_eq!(told, [(flows[1], None)]);
    assert_eq!(refused[0].reason.en, "amount out of range");
}

#[actix_web::test]
async fn a_row_that_cannot_be_read_is_kept_beside_the_others() {
    let bench = Bench::new();
    let flow = "2026-03-03PSPX-1";
    put_amounts(&bench.shelf, (flow, 1), ["\"10,05\"", "20.05"]);
    put_list(&bench.shelf, &[vec![listed(flow, 1, 9)]]);
    let pulled = bench.pull().await;
    assert_eq!(
        (pulled.filed, pulled.unread, pulled.failed.len()),
        (1, 1, 0),
        "{pulled:?}"
    );
    assert_eq!(
        bench.cursor().await,
        at("2026-03-03T10:00:00Z").map(|at| at - TimeDelta::hours(1))
    );
    let filed = bench.filed().await;
    assert_eq!(
        (filed[0].totals.count, filed[0].totals.sum.get()),
        (1, 2005)
    );
    assert_eq!(bench.lines(filed[0].id).await[0].number, 2);
    let refused = bench.refused().await;
    assert_eq!((refused.len(), refused[0].place.row()), (1, Some(1)));
    assert_eq!(refused[0].text, payment(1, "\"10,05\""));
    assert_eq!(
        refused[0].reason.it,
        "data[0].pay: deve essere un importo in euro con al massimo due decimali"
    );
    // A revision that can be read is an answer to it.
    put(&bench.shelf, flow, 2);
    put_list(&bench.shelf, &[vec![listed(flow, 2, 11)]]);
    assert_eq!(bench.pull().await.replaced, 1);
    let refused = bench.refused().await;
    let closing = refused[0].closing.as_ref().unwrap();
    assert_eq!(
        (closing.client, closing.note.contains("revisione")),
        (None, true)
    );
}

#[actix_web::test]
async fn a_flow_that_cannot_be_read_is_kept_and_tried_again() {
    let bench = Bench::new();
    let (one, two) = ("2026-03-03PSPX-1", "2026-03-03PSPX-2");
    let broken = |what: &str| {
        put(&bench.shelf, one, 1);
        let base = format!("/organizations/{TOWN}/fdrs/{one}/revisions/1/psps/PSPX?");
        bench.shelf.lock().unwrap().insert(base, what.to_owned());
    };
    put(&bench.shelf, two, 1);
    put_list(&bench.shelf, &[vec![listed(one, 1, 9), listed(two, 1, 10)]]);
    let other = head(two, 1);
    for what in ["<html>Bad gateway</html>", other.as_str(), other.as_str()] {
        broken(what);
        let pulled = bench.pull().await;
        assert_eq!(
            (pulled.filed + pulled.known, pulled.failed.len()),
            (1, 1),
            "{pulled:?}"
        );
        assert_eq!(bench.cursor().await, None);
    }
    // Each reason is told once.
    let refused = bench.refused().await;
    let told: Vec<_> = refused
        .iter()
        .map(|one| {
            let flow = one.place.flow().unwrap();
            (flow.flow_id.as_str(), one.place.row(), one.text.as_str())
        })
        .collect();
    assert_eq!(
        told,
        [
            (one, None, "<html>Bad gateway</html>"),
            (one, None, other.as_str())
        ]
    );
    assert!(refused[1].reason.it.contains("non è quello elencato"));
    put(&bench.shelf, one, 1);
    let pulled = bench.pull().await;
    assert_eq!((pulled.filed, pulled.failed.len()), (1, 0), "{pulled:?}");
    assert_eq!(bench.cursor().await, at("2026-03-03T10:00:00Z"));
    assert!(
        bench
            .refused()
            .await
            .iter()
            .all(|one| one.closing.is_some())
    );
    let key = (one, 1);
    assert_eq!(bench.documents(key).await[0], head(one, 1).into_bytes());
}

#[actix_web::test]
async fn a_row_of_the_list_that_cannot_be_read_is_kept_and_passed() {
    let bench = Bench::new();
    let good = "2026-03-03PSPX-2";
    put(&bench.shelf, good, 1);
    let wrong = listed("2026-03-03PSPX-1", 0, 9);
    let long = listed(&format!("2026-03-03PSPX-{}", "9".repeat(21)), 1, 9);
    let rows = vec![wrong.clone(), long.clone(), listed(good, 1, 10)];
    put_list(&bench.shelf, &[rows]);
    for known in [0, 1] {
        let pulled = bench.pull().await;
        assert_eq!(
            (pulled.filed + pulled.known, pulled.known),
            (1, known),
            "{pulled:?}"
        );
        assert_eq!((pulled.unread_listed, pulled.failed.len()), (2, 0));
        assert_eq!(bench.cursor().await, at("2026-03-03T10:00:00Z"));
        // The list shows them again, and they are known.
        let refused = bench.refused().await;
        let told: Vec<_> = refused
            .iter()
            .map(|one| (one.place.flow(), one.text.as_str(), one.reason.en.as_str()))
            .collect();
        let texts = [
            "data[0].revision: must be a number from 1",
            "data[1].fdr: must be 1 to 35 characters, none of them a control character",
        ];
        assert_eq!(
            told,
            [
                (None, wrong.as_str(), texts[0]),
                (None, long.as_str(), texts[1])
            ]
        );
    }
}

#[actix_web::test]
async fn what_cannot_be_kept_of_the_list_holds_the_cursor() {
    let bench = Bench::new();
    let good = "2026-03-03PSPX-2";
    put(&bench.shelf, good, 1);
    put_list(
        &bench.shelf,
        &[vec![listed("2026-03-03PSPX-1", 0, 9), listed(good, 1, 10)]],
    );
    let ctx = &bench.scratch.ctx;
    let set = |pragma: &'static str| ctx.write::<_, store::Error>(move |tx, _| tx.execute(pragma));
    set("PRAGMA query_only=ON").await.unwrap();
    let broken = pull_from(ctx, &bench.town, &bench.client).await;
    assert!(
        matches!(broken, Err(Error::Store(store::Error::ReadOnly(_)))),
        "{broken:?}"
    );
    assert_eq!(
        (bench.cursor().await, bench.refused().await.len()),
        (None, 0)
    );
}

#[actix_web::test]
async fn a_newer_revision_replaces_and_the_legal_day_is_romes() {
    let bench = Bench::new();
    put(&bench.shelf, "2026-03-03PSPX-1", 1);
    put_list(&bench.shelf, &[vec![listed("2026-03-03PSPX-1", 1, 9)]]);
    bench.pull().await;
    put(&bench.shelf, "2026-03-03PSPX-1", 2);
    put_list(&bench.shelf, &[vec![listed("2026-03-03PSPX-1", 2, 11)]]);
    let second = bench.pull().await;
    assert_eq!((second.replaced, second.failed.len()), (1, 0), "{second:?}");
    let town = bench.town.clone();
    let lines = bench
        .scratch
        .ctx
        .read::<_, store::Error>(move |c| {
            let live = flows::Filter {
                state: Some(flows::FlowState::Live),
                ..flows::Filter::default()
            };
            let filed = flows::page(c, &town, &live, None, 10)?;
            flows::lines(c, &town, filed[0].id, 0, 10)
        })
        .await
        .unwrap();
    assert_eq!(lines[0].paid_on.to_string(), "2026-03-02");
}

#[actix_web::test]
async fn without_a_service_nothing_is_pulled() {
    let bench = Bench::new();
    let error = pull(&bench.scratch.ctx, &bench.town).await.unwrap_err();
    assert!(matches!(error, Error::NotConfigured));
}

/// A SOAP door: the list, or the flow whose identifier is asked for.
fn serve_soap(shelf: Shelf) -> String {
    let server = HttpServer::new(move || {
        let shelf = Arc::clone(&shelf);
        App::new().default_service(web::post().to(move |asked: String| {
            let after = asked.split("<identificativoFlusso>").nth(1);
            let wanted = after.map_or("list", |rest| rest.split('<').next().unwrap());
            let held = shelf.lock().unwrap().get(wanted).cloned();
            async move {
                match held {
                    Some(body) => HttpResponse::Ok().body(body),
                    None => HttpResponse::NotFound().finish(),
                }
            }
        }))
    })
    .workers(1)
    .disable_signals()
    .bind("127.0.0.1:0")
    .unwrap();
    let address = server.addrs()[0];
    tokio::spawn(server.run());
    format!("http://{address}/node-for-pa/v1")
}

fn answered(operation: &str, content: &str) -> String {
    format!(
        r#"<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><p:{operation}Risposta xmlns:p="http://ws.pagamenti.telematici.gov/">{content}</p:{operation}Risposta></e:Body></e:Envelope>"#
    )
}

/// The flow by SOAP, made at this time on a clock in Rome; rows that cannot be read when `pay` cannot.
fn put_soap(shelf: &Shelf, flows: &[(&str, &str, &str)]) {
    let mut shelf = shelf.lock().unwrap();
    let mut list = String::new();
    for (flow, made, pay) in flows {
        list.push_str(&format!(
            "<idRendicontazione><identificativoFlusso>{flow}</identificativoFlusso><dataOraFlusso>{made}</dataOraFlusso></idRendicontazione>"
        ));
        let document = format!(
            r#"<FlussoRiversamento xmlns="http://www.digitpa.gov.it/schemas/2011/Pagamenti/"><identificativoFlusso>{flow}</identificativoFlusso><dataOraFlusso>{made}</dataOraFlusso><identificativoUnivocoRegolamento>TRN</identificativoUnivocoRegolamento><dataRegolamento>2026-03-03</dataRegolamento><istitutoMittente><identificativoUnivocoMittente><codiceIdentificativoUnivoco>X</codiceIdentificativoUnivoco></identificativoUnivocoMittente></istitutoMittente><istitutoRicevente><identificativoUnivocoRicevente><codiceIdentificativoUnivoco>{TOWN}</codiceIdentificativoUnivoco></identificativoUnivocoRicevente></istitutoRicevente><numeroTotalePagamenti>1</numeroTotalePagamenti><importoTotalePagamenti>30.10</importoTotalePagamenti><datiSingoliPagamenti><identificativoUnivocoVersamento>01000000000000001</identificativoUnivocoVersamento><identificativoUnivocoRiscossione>r1</identificativoUnivocoRiscossione><singoloImportoPagato>{pay}</singoloImportoPagato><codiceEsitoSingoloPagamento>0</codiceEsitoSingoloPagamento><dataEsitoSingoloPagamento>2026-03-02</dataEsitoSingoloPagamento></datiSingoliPagamenti></FlussoRiversamento>"#
        );
        let coded = STANDARD.encode(document);
        let content = format!("<xmlRendicontazione>{coded}</xmlRendicontazione>");
        let answer = answered("nodoChiediFlussoRendicontazione", &content);
        shelf.insert((*flow).to_owned(), answer);
    }
    let list = format!("<elencoFlussiRendicontazione>{list}</elencoFlussiRendicontazione>");
    let list = answered("nodoChiediElencoFlussiRendicontazione", &list);
    shelf.insert("list".to_owned(), list);
}

#[actix_web::test]
async fn by_soap_the_later_time_is_the_next_revision_also_of_what_came_by_rest() {
    let mut bench = Bench::new();
    let (one, two) = ("2026-03-03PSPX-1", "2026-03-03PSPX-2");
    put(&bench.shelf, one, 1);
    put_list(&bench.shelf, &[vec![listed(one, 1, 9)]]);
    assert_eq!(bench.pull().await.filed, 1);
    let shelf = Shelf::default();
    let url = serve_soap(Arc::clone(&shelf));
    let station = Station {
        broker: TOWN.to_owned(),
        station: format!("{TOWN}_01"),
        password: "password".to_owned(),
    };
    let (service, ids) = (
        Service {
            url: &url,
            key: None,
        },
        bench.scratch.ctx.ids.clone(),
    );
    let retries = Retries {
        attempts: 1,
        wait_millis: 0,
    };
    bench.client = FlowClient::Soap(SoapFlows::new(service, station, ids, retries).unwrap());
    // 08:00 by UTC, the time that REST told.
    put_soap(
        &shelf,
        &[
            (one, "2026-03-03T09:00:00", "30.10"),
            (two, "2026-03-03T09:00:00", "1,00"),
        ],
    );
    let first = bench.pull().await;
    assert_eq!(
        (first.listed, first.known, first.filed, first.unread),
        (2, 1, 1, 1),
        "{first:?}"
    );
    let refused = bench.refused().await;
    assert_eq!(
        (
            refused[0].place.flow().unwrap().flow_id.as_str(),
            refused[0].place.row()
        ),
        (two, Some(1))
    );
    assert!(
        refused[0]
            .text
            .contains("<singoloImportoPagato>1,00</singoloImportoPagato>")
    );
    assert!(
        refused[0]
            .reason
            .en
            .contains("datiSingoliPagamenti[0].singoloImportoPagato")
    );
    put_soap(
        &shelf,
        &[
            (one, "2026-03-04T09:00:00", "30.10"),
            (two, "2026-03-03T09:00:00", "1,00"),
        ],
    );
    let second = bench.pull().await;
    assert_eq!(
        (second.replaced, second.known, second.failed.len()),
        (1, 1, 0),
        "{second:?}"
    );
    put_soap(
        &shelf,
        &[
            (one, "2026-03-03T10:00:00", "30.10"),
            (two, "2026-03-03T09:00:00", "1.00"),
        ],
    );
    let third = bench.pull().await;
    assert_eq!((third.known, third.failed.len()), (1, 1), "{third:?}");
    let town = bench.town.clone();
    let revisions = bench
        .scratch
        .ctx
        .read::<_, store::Error>(move |c| settlement::held(c, &town, &[one]))
        .await
        .unwrap();
    let mut revisions: Vec<i64> = revisions.iter().map(|one| one.header.revision).collect();
    revisions.sort_unstable();
    assert_eq!(revisions, [1, 2]);
    // Where publication by REST is read up to stays as it was.
    assert_eq!(bench.cursor().await, at("2026-03-03T09:00:00Z"));
}
