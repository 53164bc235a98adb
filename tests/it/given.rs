//! Requests, and histories made of them by calling the use cases.

use avviso::app::positions::{self, Create, Intent};
use avviso::domain::fiscal_code::FiscalCode;
use avviso::domain::position::{Debtor, DebtorKind, Notice, Position, Publication};
use avviso::domain::text::Text;
use serde_json::{Value, json};

use crate::app::TestApp;
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
        "notified_on": "2026-04-01",
    });
    request("CDS-VERBALI", "fine", details)
}

/// Votive lamps: one notice.
pub(crate) fn lamps(quantity: i64) -> Create {
    request("LAMPADE", "generic", json!({"quantity": quantity}))
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
