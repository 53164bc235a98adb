//! What the engine tells the platform and asks of it: the archive of notices, and receipts nobody sent.

use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use avviso::app::settlement;
use avviso::domain::fiscal_code::FiscalCode;
use avviso::domain::ledger::Account;
use avviso::domain::money::Cents;
use avviso::domain::position::Position;
use avviso::domain::settlement::{Header, Line, Outcome};
use avviso::jobs::feed_archive::{self, Fed};
use avviso::jobs::recover_receipts;
use avviso::jobs::write_lapses;
use avviso::node::client::{PlatformClient, Service};
use serde_json::{Value, json};

use crate::app::{TOWN, TestApp};
use crate::given::{self, instalment, single};
use crate::lapses::in_instalments;
use crate::soap::Message;

/// A call that the platform got: path and body.
type Got = Arc<Mutex<Vec<(String, Value)>>>;
/// What it answers to a path: status and body.
type Answers = Arc<Mutex<Box<dyn Fn(&str) -> (u16, String) + Send>>>;

/// The platform, as far as it is called.
struct Platform {
    got: Got,
    answers: Answers,
    client: PlatformClient,
}

impl Platform {
    fn start() -> Platform {
        let got = Got::default();
        let answers: Answers = Arc::new(Mutex::new(Box::new(|_| (200, "{}".to_owned()))));
        let (heard, answer) = (Arc::clone(&got), Arc::clone(&answers));
        let server = HttpServer::new(move || {
            let (heard, answer) = (Arc::clone(&heard), Arc::clone(&answer));
            App::new().default_service(web::to(move |request: HttpRequest, body: web::Bytes| {
                let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
                let key = request.headers().get("ocp-apim-subscription-key");
                assert_eq!(key.unwrap().to_str().unwrap(), "secret");
                heard
                    .lock()
                    .unwrap()
                    .push((request.path().to_owned(), body));
                let (status, body) = answer.lock().unwrap()(request.path());
                let status = actix_web::http::StatusCode::from_u16(status).unwrap();
                async move { HttpResponse::build(status).body(body) }
            }))
        });
        let server = server
            .workers(1)
            .disable_signals()
            .bind("127.0.0.1:0")
            .unwrap();
        let url = format!("http://{}/base/", server.addrs()[0]);
        actix_web::rt::spawn(server.run());
        let client = PlatformClient::new(Service {
            url: &url,
            key: Some("secret"),
        })
        .unwrap();
        Platform {
            got,
            answers,
            client,
        }
    }

    fn answer(&self, answer: impl Fn(&str) -> (u16, String) + Send + 'static) {
        *self.answers.lock().unwrap() = Box::new(answer);
    }

    /// What came since the last look.
    fn got(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut *self.got.lock().unwrap())
    }

    /// Number and cents of every notice that was told, in order.
    fn told(&self) -> Vec<(String, i64)> {
        let got = self.got().into_iter();
        got.map(|(path, body)| {
            assert_eq!(path, "/base/paCreatePosition");
            (
                body["nav"].as_str().unwrap().to_owned(),
                body["amount"].as_i64().unwrap(),
            )
        })
        .collect()
    }

    async fn feed(&self, app: &TestApp) -> Fed {
        feed_archive::run(&app.ctx, &app.town(), &self.client)
            .await
            .unwrap()
    }
}

fn fed(told: usize, refused: usize) -> Fed {
    Fed { told, refused }
}

/// The notices of a position with what each costs now.
fn priced(position: &Position, cents: &[i64]) -> Vec<(String, i64)> {
    let numbers = position
        .notices
        .iter()
        .map(|notice| notice.number.as_str().to_owned());
    numbers.zip(cents.iter().copied()).collect()
}

/// Files a flow of the town with these payments of 17.08 euro.
async fn reported(app: &TestApp, flow_id: &str, payments: &[(String, String)]) {
    let at = app.ctx.now();
    let each = Cents::new(1708).unwrap();
    let header = Header {
        psp_id: "AGID_01".to_owned(),
        flow_id: flow_id.to_owned(),
        revision: 1,
        flow_at: at,
        regulation: "SCT1".to_owned(),
        regulation_on: "2026-04-02".parse().unwrap(),
        receiver: TOWN.to_owned(),
        declared_count: i64::try_from(payments.len()).unwrap(),
        declared_sum: Cents::sum(payments.iter().map(|_| each)).unwrap(),
        published_at: at,
    };
    let line = |(number, (iuv, iur)): (i32, &(String, String))| Line {
        number,
        iuv: iuv.clone(),
        iur: iur.clone(),
        transfer: 1,
        amount: each,
        outcome: Outcome::NoReceipt,
        paid_on: "2026-04-01".parse().unwrap(),
    };
    let lines: Vec<Line> = (1..).zip(payments).map(line).collect();
    let (ctx, town) = (app.ctx.clone(), app.town());
    let ingest = move |tx: &mut avviso::store::Tx<'_>, now| {
        let arrived = settlement::Arrived {
            header: &header,
            lines: &lines,
            unread: &[],
        };
        settlement::ingest(tx, now, &ctx, &town, &[arrived])
    };
    app.ctx.write(ingest).await.unwrap();
}

/// A receipt as the platform hands it out.
fn receipt(number: &str, receipt_id: &str) -> Value {
    json!({
        "receiptId": receipt_id, "noticeNumber": number, "fiscalCode": TOWN, "outcome": "OK",
        "creditorReferenceId": number.get(1..).unwrap(), "paymentAmount": 17.08,
        "description": "Lampade", "companyName": "Comune di Avezzano", "officeName": "",
        "debtor": {"entityUniqueIdentifierType": "F", "entityUniqueIdentifierValue": "RSSMRA85T10A562S",
                   "fullName": "Mario Rossi", "email": ""},
        "transferList": [{"idTransfer": 1, "transferAmount": 17.08, "fiscalCodePA": TOWN,
                          "iban": "IT69F9999940440000000000202", "mbdAttachment": "",
                          "remittanceInformation": "x", "transferCategory": "9/0114100TS/"}],
        "idPSP": "AGID_01", "pspCompanyName": "Banca", "idChannel": "1", "channelDescription": "app",
        "fee": 1.5, "paymentDateTime": "2026-04-01", "paymentDateTimeFormatted": "2026-04-01T10:15:00",
        "applicationDate": "2026-04-01", "transferDate": "2026-04-02",
    })
}

/// Notices of lamps that a flow reports without a receipt: number, IUV and IUR.
async fn missing(app: &TestApp, count: usize) -> Vec<(String, (String, String))> {
    let mut found = Vec::new();
    for nth in 0..count {
        let number = single(&given::position(app, given::lamps(1)).await);
        let iuv = number.get(1..).unwrap().to_owned();
        found.push((number, (iuv, format!("iur-{nth:02}"))));
    }
    let payments: Vec<_> = found.iter().map(|(_, payment)| payment.clone()).collect();
    reported(app, "2026-04-02AGID_01-1", &payments).await;
    found
}

both_databases! {
    async fn every_change_of_a_position_reaches_the_archive(app: TestApp) {
        let platform = Platform::start();
        assert_eq!(platform.feed(&app).await, fed(0, 0));
        let position = given::position(&app, given::tari()).await;
        let cents: Vec<i64> = position.notices.iter().map(|notice| notice.schedule.nominal().get()).collect();
        assert_eq!(platform.feed(&app).await, fed(1, 0));
        assert_eq!(platform.told(), priced(&position, &cents));
        assert_eq!(platform.feed(&app).await, fed(0, 0), "told once");
        // A payment closes the notice and what it excludes.
        given::paid(&app, &instalment(&position, 1), "token-1").await;
        platform.feed(&app).await;
        assert_eq!(platform.told(), priced(&position, &[0, 0, cents[2], cents[3]]));
        let lamps = given::position(&app, given::lamps(2)).await;
        platform.feed(&app).await;
        let request = platform.got().remove(0).1;
        assert_eq!(request, json!({
            "paFiscalCode": TOWN, "entityType": "F", "entityFiscalCode": "RSSMRA85T10A562S",
            "entityFullName": "Mario Rossi", "iuv": single(&lamps).get(1..).unwrap(), "nav": single(&lamps),
            "amount": 3416, "description": request["description"], "expirationDate": request["expirationDate"],
            "iban": "IT69F9999940440000000000202", "switchToExpired": false, "payStandIn": true,
        }));
        given::withdrawn(&app, &lamps).await;
        platform.feed(&app).await;
        assert_eq!(platform.told(), [(single(&lamps), 0)]);
        // A flow that reports a payment closes a notice too; a draft is not told.
        let flowed = given::position(&app, given::lamps(1)).await;
        let draft = given::position(&app, given::draft(given::lamps(1))).await;
        platform.feed(&app).await;
        assert_eq!(platform.told(), [(single(&flowed), 1708)]);
        let iuv = single(&flowed).get(1..).unwrap().to_owned();
        reported(&app, "2026-04-02AGID_01-9", &[(iuv, "iur".to_owned())]).await;
        given::published(&app, &draft).await;
        platform.feed(&app).await;
        let mut told = platform.told();
        told.sort();
        let mut expected = vec![(single(&flowed), 0), (single(&draft), 1708)];
        expected.sort();
        assert_eq!(told, expected);
    }

    async fn the_end_of_a_plan_reaches_the_archive(app: TestApp) {
        let platform = Platform::start();
        let position = given::position(&app, in_instalments()).await;
        app.set_clock("2026-05-10T08:00:00Z");
        given::paid(&app, &instalment(&position, 1), "token-1").await;
        app.set_clock("2026-07-22T08:00:00Z");
        platform.feed(&app).await;
        platform.told();
        write_lapses::run(&app.ctx, &app.town()).await.unwrap();
        platform.feed(&app).await;
        let told = platform.told();
        let open: Vec<_> = told.iter().filter(|(_, cents)| *cents > 0).collect();
        let [(number, _)] = open.as_slice() else { panic!("the rest alone is open: {told:?}") };
        assert!(position.notices.iter().all(|notice| notice.number.as_str() != number));
        assert_eq!(told.len(), position.notices.len() + 1);
    }

    async fn a_price_that_changes_by_itself_is_told_on_its_day(app: TestApp) {
        let platform = Platform::start();
        let fine = given::position(&app, given::fine()).await;
        platform.feed(&app).await;
        let first = platform.told();
        app.pass_days(4);
        assert_eq!(platform.feed(&app).await, fed(0, 0));
        app.pass_days(56);
        assert_eq!(platform.feed(&app).await, fed(1, 0));
        let later = platform.told();
        assert_eq!(later[0].0, single(&fine));
        assert!(later[0].1 > first[0].1, "{first:?} {later:?}");
    }

    async fn an_archive_that_refuses_or_is_away_loses_nothing(app: TestApp) {
        let platform = Platform::start();
        let (one, two) = (given::position(&app, given::lamps(1)).await, given::position(&app, given::lamps(2)).await);
        platform.answer(|_| (503, String::new()));
        let away = feed_archive::run(&app.ctx, &app.town(), &platform.client).await;
        assert!(away.unwrap_err().to_string().contains("503"));
        assert_eq!(platform.got().len(), 1, "the run ends");
        platform.answer(|_| (422, r#"{"title":"no"}"#.to_owned()));
        assert_eq!(platform.feed(&app).await, fed(0, 2));
        assert_eq!(platform.feed(&app).await, fed(0, 0), "not at once");
        platform.got();
        platform.answer(|_| (200, String::new()));
        app.pass_days(1);
        assert_eq!(platform.feed(&app).await, fed(2, 0));
        let mut told = platform.told();
        told.sort();
        let mut expected = vec![(single(&one), 1708), (single(&two), 3416)];
        expected.sort();
        assert_eq!(told, expected);
        // What is closed and unknown there is closed.
        platform.answer(|_| (404, String::new()));
        given::withdrawn(&app, &one).await;
        assert_eq!(platform.feed(&app).await, fed(1, 0));
        app.ctx.file_events().await.unwrap();
        let outcomes = app.rows("SELECT outcome || ' ' || caller AS row FROM node_event ORDER BY id");
        assert_eq!(outcomes, ["HTTP 503 creditor", "HTTP 422 creditor", "HTTP 422 creditor", "OK creditor", "OK creditor", "HTTP 404 creditor"]);
    }

    async fn receipts_that_a_flow_names_are_asked_for_ten_an_hour(app: TestApp) {
        let platform = Platform::start();
        let missing = missing(&app, 12).await;
        let known: Vec<(String, Value)> = missing.iter()
            .map(|(number, (iuv, iur))| (format!("/base/organizations/{TOWN}/receipts/{iur}/paymentoptions/{iuv}"), receipt(number, iur)))
            .collect();
        platform.answer(move |path| match known.iter().find(|(known, _)| known == path) {
            Some((_, receipt)) => (200, receipt.to_string()),
            None => (404, String::new()),
        });
        let run = async || recover_receipts::run(&app.ctx, &app.town(), &platform.client).await.unwrap();
        let first = run().await;
        assert_eq!((first.asked, first.filed, first.without), (10, 10, 0));
        assert_eq!(first.next, Some("2026-04-01T09:00:00Z".parse().unwrap()));
        assert_eq!(run().await.asked, 0, "a restart does not forget the limit");
        app.set_clock("2026-04-01T09:00:00Z");
        let second = run().await;
        assert_eq!((second.asked, second.filed, second.next), (2, 2, None));
        assert_eq!(run().await.asked, 0);
        let filed = "SELECT CAST(COUNT(*) AS TEXT) AS row FROM receipt WHERE position_id IS NOT NULL";
        assert_eq!(app.rows(filed), ["12"]);
        assert_eq!(app.balance(Account::Receivable).await, 0);
        // The receipt that comes after all is the same one.
        let (number, (_, iur)) = &missing[0];
        let payment = given::activated(&app, &single(&given::position(&app, given::lamps(1)).await)).await;
        let late = Message::send_rt("paSendRTV2", number, iur, &payment)
            .with("iuv", number.get(1..).unwrap()).with("description", "Lampade").with("psp_name", "Banca")
            .with("id_channel", "1").without("payment_method");
        assert_eq!(late.send(&app).await.outcome(), "OK");
    }

    async fn a_receipt_that_is_not_there_is_asked_for_less_and_less(app: TestApp) {
        let platform = Platform::start();
        missing(&app, 1).await;
        platform.answer(|_| (404, String::new()));
        let run = async || recover_receipts::run(&app.ctx, &app.town(), &platform.client).await.unwrap();
        assert_eq!((run().await.without, run().await.asked), (1, 0));
        let mut asked = vec![0];
        for quarter in 1..=60 {
            app.ctx.clock.advance(chrono::TimeDelta::hours(6)).unwrap();
            if run().await.asked > 0 {
                asked.push(quarter * 6);
            }
        }
        assert_eq!(asked, [0, 6, 18, 42, 90], "hours after the first call");
    }

    async fn a_platform_in_trouble_or_with_another_receipt_files_nothing(app: TestApp) {
        let platform = Platform::start();
        let missing = missing(&app, 1).await;
        let before = app.rows("SELECT receipt_id AS row FROM receipt");
        let other = receipt(&missing[0].0, "another").to_string();
        for (answer, fails) in [((500, String::new()), true), ((429, String::new()), true), ((200, "{}".to_owned()), false), ((200, other), false)] {
            platform.answer(move |_| answer.clone());
            let run = recover_receipts::run(&app.ctx, &app.town(), &platform.client).await;
            assert_eq!(run.is_err(), fails, "{run:?}");
            app.pass_days(4);
        }
        assert_eq!(app.rows("SELECT receipt_id AS row FROM receipt"), before);
        // Another town's flows are asked for by its own job.
        let neighbour: FiscalCode = app.neighbour().await;
        platform.got();
        let run = recover_receipts::run(&app.ctx, &neighbour, &platform.client).await.unwrap();
        assert_eq!((run.asked, platform.got().len()), (0, 0));
    }
}
