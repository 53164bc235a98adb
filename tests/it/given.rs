//! Requests, and histories made of them by calling the use cases.

use avviso::app::positions::{self, Create, Intent};
use avviso::domain::fiscal_code::FiscalCode;
use avviso::domain::position::{Debtor, DebtorKind, Notice, Position, Publication};
use avviso::domain::text::Text;
use serde_json::{Value, json};

use crate::app::{TOWN, TestApp};
use crate::rest::Caller;
use crate::soap::{Answer, Message};

/// A household's waste tax: 100 m² and three people, at once or in three instalments.
pub(crate) fn tari() -> Create {
    let details = json!({
        "occupants": 3,
        "area_m2": 100,
        "occupied_from": "2026-01-01",
        "occupied_to": "2026-12-31",
        "plan": "three",
        "premises_address": "Via Garibaldi 12",
        "cadastral_reference": "foglio 12, particella 345, sub. 6",
    });
    request("TARI", "tari", details)
}

/// A speeding ticket, handed over on 1 April 2026.
pub(crate) fn fine() -> Create {
    let details = json!({
        "report_number": "V/2026/1234",
        "plate": "AB123CD",
        "violations": [{"article": "142-8", "committed_on": "2026-03-10", "at_night": false}],
        "costs_cents": 1630,
        "notification": {"channel": "immediate", "on": "2026-04-01"},
    });
    request("CDS-VERBALI", "fine", details)
}

/// The same ticket, printed before anybody knows when it will be notified.
pub(crate) fn fine_to_notify() -> Create {
    let mut fine = fine();
    fine.details.as_object_mut().unwrap().remove("notification");
    fine
}

/// Votive lamps: one notice.
pub(crate) fn lamps(quantity: i64) -> Create {
    request("LAMPADE", "generic", of_lamps(quantity))
}

/// The details of so many lamps.
pub(crate) fn of_lamps(quantity: i64) -> Value {
    json!({"inputs": [{"input": "lamps", "value": quantity.to_string()}]})
}

/// A filing of a firm: 60 euro to the town and two stamps of 16 to the Revenue Agency.
pub(crate) fn filing() -> Create {
    request("SUAP", "generic", of_filing())
}

/// The details of a filing.
pub(crate) fn of_filing() -> Value {
    let stamp = |hash: &str| json!({"document_sha256": hash, "province": "AQ"});
    json!({
        "inputs": [{"input": "filing", "value": "scia"}],
        "stamps": [
            stamp("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
            stamp("ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="),
        ],
    })
}

fn request(service: &str, kind: &str, details: Value) -> Create {
    Create {
        service_code: service.to_owned(),
        reference: None,
        debtor: Debtor {
            kind: DebtorKind::Person,
            tax_code: FiscalCode::parse("RSSMRA85T10A562S").unwrap(),
            full_name: Text::parse("Mario Rossi").unwrap(),
            address: None,
            email: None,
        },
        joint_debtors: Vec::new(),
        description: None,
        kind: kind.to_owned(),
        details,
        numbers: Vec::new(),
        issued_on: None,
        publication: Publication::Now,
    }
}

/// Registers a position of the town.
pub(crate) async fn position(app: &TestApp, command: Create) -> Position {
    position_of(app, &app.town(), command).await
}

/// Registers a position of a town.
pub(crate) async fn position_of(app: &TestApp, town: &FiscalCode, command: Create) -> Position {
    let seal = |_: &mut avviso::store::Tx<'_>, _, made: &Position| Ok(made.clone());
    positions::create(&app.ctx, town, command, seal)
        .await
        .unwrap()
}

/// A draft.
pub(crate) fn draft(command: Create) -> Create {
    Create {
        publication: Publication::Later,
        ..command
    }
}

pub(crate) async fn withdrawn(app: &TestApp, position: &Position) {
    amended(app, position, Intent::Withdraw).await;
}

pub(crate) async fn published(app: &TestApp, position: &Position) {
    amended(app, position, Intent::Open).await;
}

async fn amended(app: &TestApp, position: &Position, intent: Intent) {
    let (ctx, creditor, id) = (app.ctx.clone(), position.creditor.clone(), position.id);
    app.ctx
        .write(move |tx, now| positions::amend(tx, now, &ctx, (&creditor, id, None), intent))
        .await
        .unwrap();
}

/// The notice for the whole.
pub(crate) fn single(position: &Position) -> String {
    notice(position, |notice| notice.option == 1)
}

/// An instalment, from 1.
pub(crate) fn instalment(position: &Position, sequence: u16) -> String {
    notice(position, |notice| {
        notice.option == 2 && notice.sequence == sequence
    })
}

fn notice(position: &Position, wanted: impl Fn(&Notice) -> bool) -> String {
    let found = position.notices.iter().find(|notice| wanted(notice));
    found.unwrap().number.as_str().to_owned()
}

/// What the engine answers when the node activates a payment.
pub(crate) async fn activated(app: &TestApp, number: &str) -> Answer {
    let answer = Message::get_payment_v2(number).send(app).await;
    assert_eq!(answer.outcome(), "OK", "{}", answer.pretty());
    answer
}

/// Activates and pays a notice, and returns the receipt that was sent.
pub(crate) async fn paid(app: &TestApp, number: &str, receipt_id: &str) -> Message {
    let payment = activated(app, number).await;
    let receipt = Message::send_rt("paSendRTV2", number, receipt_id, &payment);
    let answer = receipt.send(app).await;
    assert_eq!(answer.outcome(), "OK", "{}", answer.pretty());
    receipt
}

/// An office of the town, which has a canteen paid in advance.
pub(crate) async fn canteen(app: &TestApp) -> Caller {
    let office = app.office().await;
    canteen_of(&office, (TOWN, "IT69F9999940440000000000202")).await;
    office
}

/// A canteen paid in advance, in the town of this office.
pub(crate) async fn canteen_of(office: &Caller, (town, iban): (&str, &str)) {
    let tariff = json!({
        "price": {"brackets": {
            "steps": [
                {"up_to_cents": 600_000, "price_cents": 0},
                {"up_to_cents": 1_254_400, "price_cents": 214},
                {"up_to_cents": 2_100_000, "price_cents": 308},
            ],
            "full_cents": 348,
        }},
        "siblings": [{"from_order": 2, "pays": {"price_cents": 273}}],
        "deduction": {"share_bp": 1900, "ceiling_cents": 100_000},
    });
    let service = json!({"versions": [{
        "valid_from_date": "2026-01-01", "kind": "canteen_credit", "title": "Mensa prepagata",
        "taxonomy_code": "9/0107101TS/", "iban": iban,
        "accounting_key": "E.3.01.02.01.008",
        "terms": {
            "tariff": tariff, "due_days": 30,
            "top_up_min_cents": 500, "top_up_max_cents": 30_000,
            "credit_floor_cents": -1000, "reminder_below_cents": 1000,
        },
    }]});
    let path = format!("/creditors/{town}/services/MENSA-CREDITO");
    let put = office
        .put(&path, &service)
        .header("if-none-match", "*")
        .send()
        .await;
    assert!(put.status.is_success(), "{}", put.complaint());
}

/// A new account of these pupils, in the order of birth, held by Mario Rossi.
pub(crate) async fn canteen_account(office: &Caller, pupils: &[&str]) -> String {
    canteen_account_of(office, ("RSSMRA85T10A562S", "Mario Rossi"), pupils).await
}

/// A new account of these pupils, in the order of birth.
pub(crate) async fn canteen_account_of(
    office: &Caller,
    (tax_code, full_name): (&str, &str),
    pupils: &[&str],
) -> String {
    let pupils: Vec<Value> = (1..)
        .zip(pupils)
        .map(|(order, code)| json!({"pupil_tax_code": code, "pupil_name": "Alunno", "sibling_order": order}))
        .collect();
    let account = json!({
        "service_code": "MENSA-CREDITO",
        "holder": {"tax_code": tax_code, "full_name": full_name},
        "family": {"resident": true, "isee": [{"isee_cents": 1_800_000}], "pupils": pupils},
    });
    let opened = office
        .post("/canteen-accounts", &account)
        .send()
        .await
        .expect(201);
    opened["canteen_account_id"].as_str().unwrap().to_owned()
}
