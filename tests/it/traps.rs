//! The twenty-five traps of the pagoPA protocol that systems of creditors are known to fall into, each at the
//! wire under its number: what is asked and answered about a notice (1 to 9, 17 to 20), what a receipt may
//! be (10 to 16), what flows and banks write (21 to 25).

mod flows;
mod notices;
mod receipts;

use crate::app::{TOWN, TestApp};

/// A postal account of the town.
pub(crate) const POSTAL: &str = "IT45S0760103600000012345678";

/// Gives the town a postal account, through the door of its manager.
pub(crate) async fn postal_account(app: &TestApp) {
    let manager = app.client(&app.town(), &["admin"]).await;
    let path = format!("/creditors/{TOWN}");
    let read = manager.get(&path).send().await;
    let (tag, mut town) = (read.header("etag").to_owned(), read.expect(200));
    let members = town.as_object_mut().unwrap();
    for shown in ["creditor_tax_code", "revision"] {
        members.remove(shown);
    }
    let account = serde_json::json!({
        "iban": POSTAL, "label": "Conto corrente postale", "valid_from_date": "2026-01-01",
    });
    members["accounts"].as_array_mut().unwrap().push(account);
    let put = manager
        .put(&path, &town)
        .header("if-match", &tag)
        .send()
        .await;
    assert!(put.status.is_success(), "{}", put.complaint());
}
