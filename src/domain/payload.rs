//! What machines read off the paper: the QR code of pagoPA and the Data Matrix of Poste Italiane.

use std::fmt;

use super::fiscal_code::FiscalCode;
use super::iban::Iban;
use super::money::Cents;
use super::notice_number::NoticeNumber;

/// Why a payload cannot be written or read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// Not five fields beginning with `PAGOPA|002`.
    #[error("not a pagoPA QR code of version 002")]
    NotPagoPa,
    /// The notice number of a QR code is malformed.
    #[error("the QR code has no 18-digit notice number")]
    NoticeNumber,
    /// The creditor is not a body.
    #[error("the creditor must have a tax code of 11 digits")]
    Creditor,
    /// Nothing to pay, or more than the symbol can carry.
    #[error("the amount does not fit the code")]
    Amount,
    /// The account is not at Poste Italiane, or its number is not numeric.
    #[error("the account is not a postal account")]
    NotPostal,
}

/// Content of the QR code on a notice: `PAGOPA|002|number|creditor|cents`
/// (guide to the notices, "Codice QR"; at most 53 characters).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrPayload {
    notice_number: NoticeNumber,
    creditor: FiscalCode,
    amount: Cents,
}

impl QrPayload {
    /// A payload of these parts.
    ///
    /// # Errors
    /// [`PayloadError::Creditor`] unless 11 digits, [`PayloadError::Amount`] unless between
    /// one cent and [`Cents::NOTICE_MAX`].
    pub fn new(
        notice_number: NoticeNumber,
        creditor: FiscalCode,
        amount: Cents,
    ) -> Result<QrPayload, PayloadError> {
        if !creditor.has_body_form() {
            return Err(PayloadError::Creditor);
        }
        if !amount.is_positive() || amount > Cents::NOTICE_MAX {
            return Err(PayloadError::Amount);
        }
        Ok(QrPayload {
            notice_number,
            creditor,
            amount,
        })
    }

    /// Reads what a scanner read. Other issuers pad the amount with more zeros: they are accepted.
    ///
    /// # Errors
    /// [`PayloadError`] naming the first field that is wrong.
    pub fn parse(text: &str) -> Result<QrPayload, PayloadError> {
        let fields: Vec<&str> = text.split('|').collect();
        let &["PAGOPA", "002", number, creditor, amount] = fields.as_slice() else {
            return Err(PayloadError::NotPagoPa);
        };
        let number = NoticeNumber::parse(number).map_err(|_bad| PayloadError::NoticeNumber)?;
        let creditor = FiscalCode::parse(creditor).map_err(|_bad| PayloadError::Creditor)?;
        let digits = (1..=11).contains(&amount.len()) && amount.bytes().all(|b| b.is_ascii_digit());
        let cents = amount
            .parse()
            .ok()
            .filter(|_| digits)
            .ok_or(PayloadError::Amount)?;
        let amount = Cents::new(cents).map_err(|_too_much| PayloadError::Amount)?;
        QrPayload::new(number, creditor, amount)
    }

    /// The notice to pay.
    #[must_use]
    pub fn notice_number(&self) -> &NoticeNumber {
        &self.notice_number
    }

    /// Who is to be paid.
    #[must_use]
    pub fn creditor(&self) -> &FiscalCode {
        &self.creditor
    }

    /// How much was asked when the notice was printed.
    #[must_use]
    pub fn amount(&self) -> Cents {
        self.amount
    }
}

/// The text of the code. The amount has at least two digits: five cents are `05`.
impl fmt::Display for QrPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = self.amount.get();
        write!(
            f,
            "PAGOPA|002|{}|{}|{cents:02}",
            self.notice_number, self.creditor
        )
    }
}

/// The most a postal slip can ask, 99 999 999.99 euro: its amount has ten digits, one less than SOAP's.
pub const POSTAL_MAX: Cents = match Cents::new(9_999_999_999) {
    Ok(cents) => cents,
    Err(_) => Cents::ZERO,
};

/// What the Data Matrix of a postal slip (document type 896) says.
#[derive(Debug, Clone, Copy)]
pub struct PostalSlip<'a> {
    /// The notice to pay.
    pub notice_number: &'a NoticeNumber,
    /// The postal account of the creditor.
    pub account: &'a Iban,
    /// How much.
    pub amount: Cents,
    /// The creditor, 11 digits.
    pub creditor: &'a FiscalCode,
    /// Tax code of the debtor; cut at 16 characters.
    pub debtor_tax_code: &'a str,
    /// Name of the debtor; folded, cut at 40 characters.
    pub debtor_name: &'a str,
    /// What it is for; folded, cut at 110 characters.
    pub subject: &'a str,
}

/// The text of the Data Matrix: exactly 256 ASCII characters at fixed offsets, raised to upper case
/// after the first word, because scanners at the counter slice by position.
///
/// # Errors
/// [`PayloadError::NotPostal`], [`PayloadError::Creditor`], [`PayloadError::Amount`] above [`POSTAL_MAX`].
pub fn postal_matrix_text(slip: &PostalSlip<'_>) -> Result<String, PayloadError> {
    let account = slip
        .account
        .postal_account()
        .ok_or(PayloadError::NotPostal)?;
    if !account.bytes().all(|b| b.is_ascii_digit()) {
        return Err(PayloadError::NotPostal);
    }
    if !slip.creditor.has_body_form() {
        return Err(PayloadError::Creditor);
    }
    if !slip.amount.is_positive() || slip.amount > POSTAL_MAX {
        return Err(PayloadError::Amount);
    }
    let code_line = format!(
        "18{}12{account:0>12}10{:010}3896",
        slip.notice_number,
        slip.amount.get()
    );
    let debtor = format!(
        "{}{}{}",
        postal_field(slip.debtor_tax_code, 16),
        postal_field(slip.debtor_name, 40),
        postal_field(slip.subject, 110)
    );
    Ok(format!(
        "codfase=NBPA;{code_line}1P1{}{debtor}{:12}A",
        slip.creditor, ""
    ))
}

/// Folds to the alphabet of the slip, then cuts or pads to exactly `length` characters.
fn postal_field(text: &str, length: usize) -> String {
    let mut folded = String::with_capacity(length);
    for c in text.trim().chars() {
        fold(c, &mut folded);
    }
    let cut: String = folded.chars().take(length).collect();
    format!("{cut:length$}")
}

/// Adds what stands for one character: accents go, variants of apostrophe and hyphen become the
/// plain ones, letters are raised, and what is left of the world becomes a blank.
fn fold(c: char, into: &mut String) {
    let one = match c {
        'A'..='Z' | 'a'..='z' | '0'..='9' => c.to_ascii_uppercase(),
        ' ' | '&' | '\'' | ',' | '-' | '.' | ':' | '_' | ';' => c,
        '\u{300}'..='\u{36f}' => return,
        '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{2032}' | '`' | '´' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        'ß' | 'ẞ' => return into.push_str("SS"),
        'æ' | 'Æ' => return into.push_str("AE"),
        'œ' | 'Œ' => return into.push_str("OE"),
        'þ' | 'Þ' => return into.push_str("TH"),
        'ĳ' | 'Ĳ' => return into.push_str("IJ"),
        _ => base_letter(c),
    };
    into.push(one);
}

/// Accented letters of the Latin alphabets of Europe, by the plain letter they stand for.
const ACCENTED: [(char, &str); 19] = [
    ('A', "àáâãäåāăąǎȁȃạả"),
    ('C', "çćĉċč"),
    ('D', "ďđð"),
    ('E', "èéêëēĕėęěȅȇẽẹ"),
    ('G', "ĝğġģǧ"),
    ('H', "ĥħ"),
    ('I', "ìíîïĩīĭįıǐȉȋİ"),
    ('J', "ĵ"),
    ('K', "ķĸǩ"),
    ('L', "ĺļľŀł"),
    ('N', "ñńņňŉŋ"),
    ('O', "òóôõöøōŏőǒȍȏơọ"),
    ('R', "ŕŗřȑȓ"),
    ('S', "śŝşšș"),
    ('T', "ţťŧț"),
    ('U', "ùúûüũūŭůűųǔȕȗưụ"),
    ('W', "ŵẁẃẅ"),
    ('Y', "ýÿŷỳ"),
    ('Z', "źżž"),
];

fn base_letter(c: char) -> char {
    let mut lower = c.to_lowercase();
    let (first, more) = (lower.next().unwrap_or(c), lower.next());
    let known = |letter: char| {
        ACCENTED
            .iter()
            .find(|(_, variants)| variants.contains(letter))
    };
    let found = known(c).or_else(|| if more.is_none() { known(first) } else { None });
    found.map_or(' ', |(plain, _)| *plain)
}

#[cfg(test)]
mod tests;
