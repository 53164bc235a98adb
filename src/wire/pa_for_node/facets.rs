//! The simple types of the schemas, one function each: the text of an element in, its value out.
//!
//! White space around a value is tolerated everywhere. Lengths count characters, as the XSD does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::NaiveDate;

use super::fields::Rule;
use crate::wire::amount::Amount;
use crate::wire::text::is_space;
use crate::wire::time::{self, Timestamp};

/// The schema gives `receiptId` no length. It is the key under which a receipt is stored, so it
/// must not be empty, and this bounds it (real ones are payment tokens of at most 35).
const RECEIPT_ID_CHARS_MAX: usize = 255;

/// `stText16` … `stText210`: 1 to `MAX` characters.
pub(super) fn text<const MAX: usize>(raw: &str) -> Result<String, Rule> {
    bounded(raw, 1, MAX)
}

/// An optional text; one of blanks alone counts as absent (some senders fill elements with one).
pub(super) fn present(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.chars().all(is_space))
}

/// `stIdentificativoServizio` and its sibling: exactly `LENGTH` characters.
pub(super) fn exactly<const LENGTH: usize>(raw: &str) -> Result<String, Rule> {
    bounded(raw, LENGTH, LENGTH)
}

/// `stEntityUniqueIdentifierValue`: 2 to 16 characters.
pub(super) fn subject_code(raw: &str) -> Result<String, Rule> {
    bounded(raw, 2, 16)
}

/// `receiptId`.
pub(super) fn receipt_id(raw: &str) -> Result<String, Rule> {
    let id = bounded(raw, 1, RECEIPT_ID_CHARS_MAX)?;
    if id.chars().all(is_space) {
        Err(Rule::Empty)
    } else {
        Ok(id)
    }
}

/// `stFiscalCodePA`.
pub(super) fn fiscal_code_pa(raw: &str) -> Result<String, Rule> {
    digits(raw, 11, "11 digits")
}

/// `stNoticeNumber`. The check digits are not verified here: the node itself sends wrong ones.
pub(super) fn notice_number(raw: &str) -> Result<String, Rule> {
    digits(raw, 18, "18 digits")
}

/// `stAmount`.
pub(super) fn amount(raw: &str) -> Result<Amount, Rule> {
    Amount::parse(trimmed(raw)).ok_or(Rule::Form("an amount as 0.00, at most 999999999.99"))
}

/// `stAmountNotZero`.
pub(super) fn amount_not_zero(raw: &str) -> Result<Amount, Rule> {
    let amount = amount(raw)?;
    if amount.is_zero() {
        Err(Rule::Form("an amount of at least 0.01"))
    } else {
        Ok(amount)
    }
}

/// `stIdTransfer`.
pub(super) fn id_transfer(raw: &str) -> Result<u8, Rule> {
    match trimmed(raw).parse() {
        Ok(id @ 1..=5) => Ok(id),
        Ok(_) | Err(_) => Err(Rule::Form("a number from 1 to 5")),
    }
}

/// `xsd:boolean`.
pub(super) fn boolean(raw: &str) -> Result<bool, Rule> {
    match trimmed(raw) {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(Rule::Form("true, false, 1 or 0")),
    }
}

/// `stISODate`.
pub(super) fn date(raw: &str) -> Result<NaiveDate, Rule> {
    time::date(trimmed(raw)).ok_or(Rule::Form("a date as 2026-12-31"))
}

/// `stISODateTime`.
pub(super) fn timestamp(raw: &str) -> Result<Timestamp, Rule> {
    Timestamp::parse(trimmed(raw)).ok_or(Rule::Form("a date and time as 2026-12-31T23:59:59"))
}

/// `xsd:base64Binary`, decoded. White space may stand anywhere in it.
pub(super) fn base64(raw: &str) -> Result<Vec<u8>, Rule> {
    let dense: String = raw.chars().filter(|c| !is_space(*c)).collect();
    STANDARD.decode(dense).or(Err(Rule::Form("base64")))
}

/// `stNazioneProvincia`.
pub(super) fn country(raw: &str) -> Result<String, Rule> {
    let code = trimmed(raw);
    if is_country(code) {
        Ok(code.to_owned())
    } else {
        Err(Rule::Form("two capital letters"))
    }
}

/// `stEMail`.
pub(super) fn email(raw: &str) -> Result<String, Rule> {
    let address = trimmed(raw);
    if is_email(address) {
        Ok(address.to_owned())
    } else {
        Err(Rule::Form("an e-mail address"))
    }
}

/// Whether `code` satisfies `[A-Z]{2}`.
pub(super) fn is_country(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Whether `address` satisfies `stEMail`: `[a-zA-Z0-9_.+-]+@[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*`, at
/// most 256 characters.
pub(super) fn is_email(address: &str) -> bool {
    let Some((local, domain)) = address.split_once('@') else {
        return false;
    };
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    address.len() <= 256
        && !local.is_empty()
        && local
            .bytes()
            .all(|byte| word(byte) || matches!(byte, b'_' | b'.' | b'+'))
        && domain
            .split('.')
            .all(|label| !label.is_empty() && label.bytes().all(word))
}

fn digits(raw: &str, length: usize, form: &'static str) -> Result<String, Rule> {
    let text = trimmed(raw);
    if text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err(Rule::Form(form))
    }
}

fn bounded(raw: &str, min: usize, max: usize) -> Result<String, Rule> {
    if raw.is_empty() {
        return Err(Rule::Empty);
    }
    let text = trimmed(raw);
    let found = text.chars().count();
    if (min..=max).contains(&found) {
        return Ok(text.to_owned());
    }
    // Blanks count for the schema: a text of blanks alone is legal and kept as it is.
    let whole = raw.chars().count();
    if found < min && (min..=max).contains(&whole) {
        return Ok(raw.to_owned());
    }
    let found = if found < min { whole } else { found };
    Err(Rule::Length { min, max, found })
}

fn trimmed(raw: &str) -> &str {
    raw.trim_matches(is_space)
}
