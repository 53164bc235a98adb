//! What the text of each column may be.

use chrono::NaiveDate;

use super::{AMOUNT_CENTS_MAX, Direction, Document, Operation, Rule};
use crate::wire::amount::digits;
use crate::wire::text::{fit_optional, is_space};
use crate::wire::time::plain_date;

const ACCOUNT_CHARS_MAX: usize = 25;
const NUMBER_DIGITS_MAX: usize = 18;

pub(super) fn year(text: &str) -> Result<u16, Rule> {
    digits(text)
        .and_then(|year| u16::try_from(year).ok())
        .filter(|year| (1999..=2099).contains(year))
        .ok_or(Rule::Form(
            "a year from 1999 to 2099",
            "un anno dal 1999 al 2099",
        ))
}

pub(super) fn account(text: &str) -> Result<String, Rule> {
    fit_optional(text, usize::MAX)
        .filter(|text| text.chars().count() <= ACCOUNT_CHARS_MAX)
        .ok_or(Rule::Form("1 to 25 characters", "da 1 a 25 caratteri"))
}

pub(super) fn number(text: &str) -> Result<i64, Rule> {
    digits(text)
        .filter(|_| text.len() <= NUMBER_DIGITS_MAX)
        .ok_or(Rule::Form(
            "a number of at most 18 digits",
            "un numero di al massimo 18 cifre",
        ))
}

pub(super) fn direction(text: &str) -> Result<Direction, Rule> {
    match word(text).as_str() {
        "ENTRATA" => Ok(Direction::In),
        "USCITA" => Ok(Direction::Out),
        _ => Err(Rule::Form("ENTRATA or USCITA", "ENTRATA o USCITA")),
    }
}

pub(super) fn document(text: &str) -> Result<Document, Rule> {
    match word(text).as_str() {
        "REVERSALE" => Ok(Document::CollectionOrder),
        "MANDATO" => Ok(Document::PaymentOrder),
        "SOSPESO ENTRATA" => Ok(Document::PendingIn),
        "SOSPESO USCITA" => Ok(Document::PendingOut),
        "ANTICIPAZIONE" => Ok(Document::Advance),
        "GIROCONTO" => Ok(Document::OwnTransfer),
        "FONDO DI CASSA" => Ok(Document::CashFund),
        "DEFICIT DI CASSA" => Ok(Document::CashDeficit),
        _ => Err(Rule::Form(
            "REVERSALE, MANDATO, SOSPESO ENTRATA, SOSPESO USCITA, ANTICIPAZIONE, GIROCONTO, FONDO DI CASSA or DEFICIT DI CASSA",
            "REVERSALE, MANDATO, SOSPESO ENTRATA, SOSPESO USCITA, ANTICIPAZIONE, GIROCONTO, FONDO DI CASSA o DEFICIT DI CASSA",
        )),
    }
}

pub(super) fn operation(text: &str) -> Result<Operation, Rule> {
    match word(text).as_str() {
        "ESEGUITO" => Ok(Operation::Executed),
        "STORNATO" => Ok(Operation::Reversed),
        "REGOLARIZZATO" => Ok(Operation::Regularised),
        "RIPRISTINATO" => Ok(Operation::Reinstated),
        _ => Err(Rule::Form(
            "ESEGUITO, STORNATO, REGOLARIZZATO or RIPRISTINATO",
            "ESEGUITO, STORNATO, REGOLARIZZATO o RIPRISTINATO",
        )),
    }
}

/// A day outside the financial years that there are.
pub(super) const OTHER_YEARS: Rule = Rule::Form(
    "a day of the years 1999 to 2099",
    "un giorno degli anni dal 1999 al 2099",
);

pub(super) fn day(text: &str) -> Result<NaiveDate, Rule> {
    let italian = || {
        let (day, rest) = text.split_once('/')?;
        let (month, year) = rest.split_once('/')?;
        plain_date(&format!("{year}-{month}-{day}"))
    };
    plain_date(text).or_else(italian).ok_or(Rule::Form(
        "a date as 2026-03-31 or 31/03/2026",
        "una data come 2026-03-31 o 31/03/2026",
    ))
}

pub(super) fn amount(text: &str) -> Result<i64, Rule> {
    euro(text)
        .filter(|cents| (1..=AMOUNT_CENTS_MAX).contains(cents))
        .ok_or(Rule::Form(
            "an amount above zero as 1.234,56, 1234,56 or 1234.56",
            "un importo maggiore di zero come 1.234,56, 1234,56 o 1234.56",
        ))
}

/// Cents of an amount with one or two decimals or none. A lone dot before three digits (`1.234`)
/// may mean thousands or thousandths and is refused.
pub(super) fn euro(text: &str) -> Option<i64> {
    let (euros, decimals) = match text.split_once(',') {
        Some((euros, decimals)) => (thousands(euros)?, Some(decimals)),
        None => match text.split_once('.') {
            Some((euros, decimals)) => (digits(euros)?, Some(decimals)),
            None => (digits(text)?, None),
        },
    };
    let cents = match decimals {
        None => 0,
        Some(decimals) => match decimals.len() {
            1 => digits(decimals)?.checked_mul(10)?,
            2 => digits(decimals)?,
            _ => return None,
        },
    };
    euros.checked_mul(100)?.checked_add(cents)
}

/// An integer, its thousands separated by dots or not at all.
fn thousands(text: &str) -> Option<i64> {
    let mut groups = text.split('.');
    let first = groups.next()?;
    let mut rest = groups.peekable();
    let separated = rest.peek().is_some();
    if (separated && first.len() > 3) || rest.any(|group| group.len() != 3) {
        return None;
    }
    digits(&text.replace('.', ""))
}

/// Capital letters, blanks joined; `SOSPESO_ENTRATA` is a common spelling.
fn word(text: &str) -> String {
    let words: Vec<_> = text
        .split(|c| is_space(c) || c == '_')
        .filter(|w| !w.is_empty())
        .collect();
    words.join(" ").to_uppercase()
}

pub(super) fn free(text: &str) -> Option<String> {
    fit_optional(text, usize::MAX)
}
