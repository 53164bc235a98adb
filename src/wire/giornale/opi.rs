//! The treasurer's own format: *flusso giornale di cassa* of OPI/SIOPE+.
//!
//! Read after version 1.5.1; what later versions add is passed over. A *movimento* is an entry, its
//! name is financial year, *conto evidenza* and *numero movimento*. The number of a *sospeso* is
//! its *numero documento*.

use super::columns;
use super::xml::Element;
use super::{Document, LineError, Movement, Order, REFERENCE_CHARS_MAX, Rule};
use crate::wire::text::fit_optional;
use crate::wire::time;

/// The root of a file.
pub(super) const ROOT: &str = "flusso_giornale_di_cassa";
/// The element of an entry.
pub(super) const ENTRY: &str = "movimento_conto_evidenza";

/// What stands above the entries.
#[derive(Debug, Clone, Default)]
pub(super) struct Head {
    year: Option<String>,
    account: Option<String>,
}

impl Head {
    /// Takes in an element outside entries.
    pub(super) fn take(&mut self, path: &[String], text: String) {
        match path.last().map(String::as_str) {
            Some("esercizio") => self.year = Some(text),
            Some("conto_evidenza") => self.account = Some(text),
            Some("informazioni_conto_evidenza") => self.account = None,
            Some(_) | None => {}
        }
    }
}

/// Reads one entry.
pub(super) fn movement(head: &Head, entry: &Element, line: u64) -> Result<Movement, LineError> {
    let error = |column, rule| LineError {
        line,
        column: Some(column),
        rule,
    };
    let text = |column: &'static str| entry.text_at(&[column]);
    let required = |column: &'static str| text(column).ok_or_else(|| error(column, Rule::Missing));
    let document = read(
        columns::document,
        required("tipo_documento")?,
        "tipo_documento",
        line,
    )?;
    let provisional = provisional(document, entry, line)?;
    let year = head
        .year
        .as_deref()
        .ok_or_else(|| error("esercizio", Rule::Missing))?;
    let account = head
        .account
        .as_deref()
        .ok_or_else(|| error("conto_evidenza", Rule::Missing))?;
    let reference = text("codice_riferimento_operazione").or(text("end_to_end_id"));
    let value_on = text("data_valuta_ente").map(|text| read(day, text, "data_valuta_ente", line));
    Ok(Movement {
        line,
        year: read(columns::year, year, "esercizio", line)?,
        account: read(columns::account, account, "conto_evidenza", line)?,
        number: read(
            columns::number,
            required("numero_movimento")?,
            "numero_movimento",
            line,
        )?
        .to_string(),
        direction: read(
            columns::direction,
            required("tipo_movimento")?,
            "tipo_movimento",
            line,
        )?,
        document,
        operation: read(
            columns::operation,
            required("tipo_operazione")?,
            "tipo_operazione",
            line,
        )?,
        provisional,
        amount_cents: read(columns::amount, required("importo")?, "importo", line)?,
        booked_on: read(day, required("data_movimento")?, "data_movimento", line)?,
        value_on: value_on.transpose()?,
        payer: entry
            .text_at(&["cliente", "anagrafica_cliente"])
            .and_then(columns::free),
        remittance: text("causale").and_then(columns::free).unwrap_or_default(),
        bank_reference: reference.and_then(|text| fit_optional(text, REFERENCE_CHARS_MAX)),
        order: order(document, entry),
    })
}

/// The order that a movement belongs to. Its children beside the money are a courtesy of the treasurer: one
/// that cannot be read is passed over, and the movement stays.
fn order(document: Document, entry: &Element) -> Option<Order> {
    match document {
        Document::CollectionOrder => {}
        Document::PendingIn
        | Document::PaymentOrder
        | Document::PendingOut
        | Document::Advance
        | Document::OwnTransfer
        | Document::CashFund
        | Document::CashDeficit => return None,
    }
    let number = columns::number(entry.text_at(&["numero_documento"])?).ok()?;
    let covers = entry.all("sospeso").filter_map(|child| {
        let provisional = columns::number(child.text_at(&["numero_provvisorio"])?);
        let amount = columns::amount(child.text_at(&["importo_provvisorio"])?);
        Some((provisional.ok()?, amount.ok()?))
    });
    Some(Order {
        number,
        covers: covers.collect(),
    })
}

/// The number of a *sospeso*; other documents have numbers of their own kind.
fn provisional(document: Document, entry: &Element, line: u64) -> Result<Option<i64>, LineError> {
    match document {
        Document::PendingIn | Document::PendingOut => {}
        Document::CollectionOrder
        | Document::PaymentOrder
        | Document::Advance
        | Document::OwnTransfer
        | Document::CashFund
        | Document::CashDeficit => return Ok(None),
    }
    let columns = ["numero_documento", "numero_bolletta_quietanza"];
    let mut found = columns
        .iter()
        .filter_map(|column| Some((*column, entry.text_at(&[column])?)));
    let number = found.next();
    let number = number.map(|(column, text)| read(columns::number, text, column, line));
    number.transpose()
}

fn day(text: &str) -> Result<chrono::NaiveDate, Rule> {
    time::date(text).ok_or(Rule::Form(
        "a date as 2026-03-31",
        "una data come 2026-03-31",
    ))
}

fn read<T>(
    rule: impl Fn(&str) -> Result<T, Rule>,
    text: &str,
    column: &'static str,
    line: u64,
) -> Result<T, LineError> {
    rule(text).map_err(|rule| LineError {
        line,
        column: Some(column),
        rule,
    })
}
