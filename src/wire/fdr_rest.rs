//! The REST reporting-flow API, organisation side (`fdr-org/service/v1`): the paths to ask and the
//! answers to read.
//!
//! Amounts are JSON numbers in euro. They are read as the text they are written in, into integer
//! cents: a double cannot hold most of them. Unknown members are ignored.

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde_json::value::RawValue;

pub(super) use answers::{
    AMOUNT, COUNT, COUNT_MAX, DATE, IDENTIFIER, INDEX, REFERENCE, is_identifier, is_reference,
};
pub use answers::{ApiError, error, flow, flows, payments};

mod answers;

#[cfg(test)]
mod tests;

/// Largest answer read, in bytes. A full page of payments is about 250 KiB.
pub const ANSWER_BYTES_MAX: usize = 4 << 20;
/// Rows of a page at most, as the API allows.
pub const PAGE_SIZE_MAX: u32 = 1_000;

/// Which page of a list; pages count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageAt {
    /// From 1.
    pub page: u32,
    /// 1 to [`PAGE_SIZE_MAX`].
    pub size: u32,
}

/// What flows to list. Both bounds default, at the server, to the start of the previous calendar
/// month: set both when catching up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FlowsQuery {
    /// Only flows of this PSP.
    pub psp_id: Option<String>,
    /// Only flows published after this instant.
    pub published_gt: Option<DateTime<Utc>>,
    /// Only flows dated from this instant on.
    pub flow_date: Option<DateTime<Utc>>,
}

/// What names one revision of a flow to one organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowKey {
    /// Fiscal code of the creditor.
    pub organization_id: String,
    /// `fdr`: identificativoFlusso.
    pub flow_id: String,
    /// From 1.
    pub revision: i64,
    /// The PSP that made it.
    pub psp_id: String,
}

/// Path and query of the list of flows, relative to the base of the service.
pub fn flows_path(organization_id: &str, query: &FlowsQuery, at: PageAt) -> String {
    let mut path = format!("/organizations/{}/fdrs?", encoded(organization_id));
    if let Some(psp_id) = &query.psp_id {
        let _ = write!(path, "pspId={}&", encoded(psp_id));
    }
    for (name, instant) in [
        ("publishedGt", query.published_gt),
        ("flowDate", query.flow_date),
    ] {
        if let Some(instant) = instant {
            let text = instant.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            let _ = write!(path, "{name}={}&", encoded(&text));
        }
    }
    let _ = write!(path, "page={}&size={}", at.page, at.size);
    path
}

/// Path of one flow, relative to the base of the service.
pub fn flow_path(key: &FlowKey) -> String {
    format!(
        "/organizations/{}/fdrs/{}/revisions/{}/psps/{}",
        encoded(&key.organization_id),
        encoded(&key.flow_id),
        key.revision,
        encoded(&key.psp_id)
    )
}

/// Path and query of a page of its payments.
pub fn payments_path(key: &FlowKey, at: PageAt) -> String {
    format!(
        "{}/payments?page={}&size={}",
        flow_path(key),
        at.page,
        at.size
    )
}

/// Percent-encodes all but RFC 3986's unreserved characters.
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The rows, in the order of the answer, each read by itself.
    pub rows: Vec<Result<T, Unread<Error>>>,
    /// Pages in the whole list; stop after this one. 1 when the answer does not say.
    pub pages: u32,
    /// `count`, when the answer says it.
    pub count: Option<i64>,
}

/// A line of the list of flows: the latest revision of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowSummary {
    /// `fdr`.
    pub flow_id: String,
    /// `pspId`.
    pub psp_id: String,
    /// From 1; a later one replaces the earlier whole.
    pub revision: i64,
    /// `published`: the cursor of polling.
    pub published_at: Option<DateTime<Utc>>,
    /// `flowDate`.
    pub flow_at: Option<DateTime<Utc>>,
}

/// The head of a flow. Totals are as declared; checking them against the payments is not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowHeader {
    /// `fdr`.
    pub flow_id: String,
    /// `fdrDate`: dataOraFlusso.
    pub flow_at: DateTime<Utc>,
    /// `revision`.
    pub revision: i64,
    /// `status`, as `PUBLISHED`.
    pub status: Option<String>,
    /// `published`.
    pub published_at: Option<DateTime<Utc>>,
    /// `regulation`: the TRN or CRO of the credit transfer; empty when there is none.
    pub regulation: String,
    /// `regulationDate`: when it settles.
    pub regulation_on: NaiveDate,
    /// `bicCodePouringBank`.
    pub bic_pouring_bank: Option<String>,
    /// Who made the flow.
    pub sender: Sender,
    /// To whom.
    pub receiver: Receiver,
    /// `totPayments`.
    pub payments_count: i64,
    /// `sumPayments`, in cents.
    pub payments_cents: i64,
    /// `computedTotPayments`: what the platform counted.
    pub computed_count: Option<i64>,
    /// `computedSumPayments`, in cents.
    pub computed_cents: Option<i64>,
}

/// `sender`; its password is never read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// `type`: `LEGAL_PERSON`, `ABI_CODE` or `BIC_CODE`.
    pub kind: Option<String>,
    /// `id`.
    pub id: Option<String>,
    /// `pspId`.
    pub psp_id: String,
    /// `pspName`.
    pub psp_name: Option<String>,
    /// `pspBrokerId`.
    pub broker_id: Option<String>,
    /// `channelId`.
    pub channel_id: Option<String>,
}

/// `receiver`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiver {
    /// `id`.
    pub id: Option<String>,
    /// `organizationId`: fiscal code of the creditor.
    pub organization_id: String,
    /// `organizationName`.
    pub organization_name: Option<String>,
}

/// One payment of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowPayment {
    /// `index`, unique in the flow.
    pub index: i64,
    /// `iuv`.
    pub iuv: String,
    /// `iur`: the receipt id of the payment.
    pub iur: String,
    /// `idTransfer`, 1 to 5; 1 when the answer does not say.
    pub id_transfer: u8,
    /// `pay`, in cents; a revocation may come with a minus sign.
    pub pay_cents: i64,
    /// `payStatus`.
    pub status: PayStatus,
    /// `payDate`: an instant; the legal day is the reader's to find.
    pub paid_at: DateTime<Utc>,
}

/// `payStatus`, in brackets the code of the XML flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayStatus {
    /// `EXECUTED` (0).
    Executed,
    /// `REVOKED` (3).
    Revoked,
    /// `STAND_IN` (4): with a receipt.
    StandIn,
    /// `STAND_IN_NO_RPT` (8): without.
    StandInNoRpt,
    /// `NO_RPT` (9): paid, though the PSP got no positive answer.
    NoRpt,
    /// Anything newer, cut to 35 characters: a flow is never dropped for it.
    Other(String),
}

impl PayStatus {
    /// Reads the API's word.
    pub fn parse(text: &str) -> Self {
        match text {
            "EXECUTED" => Self::Executed,
            "REVOKED" => Self::Revoked,
            "STAND_IN" => Self::StandIn,
            "STAND_IN_NO_RPT" => Self::StandInNoRpt,
            "NO_RPT" => Self::NoRpt,
            _ => Self::Other(super::text::fit(text, 35)),
        }
    }

    /// The API's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Executed => "EXECUTED",
            Self::Revoked => "REVOKED",
            Self::StandIn => "STAND_IN",
            Self::StandInNoRpt => "STAND_IN_NO_RPT",
            Self::NoRpt => "NO_RPT",
            Self::Other(text) => text,
        }
    }
}

/// What a value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// In English.
    pub en: &'static str,
    /// In Italian.
    pub it: &'static str,
}

impl Form {
    pub(super) const fn new(en: &'static str, it: &'static str) -> Form {
        Form { en, it }
    }
}

impl std::fmt::Display for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.en)
    }
}

/// A flow with its rows, each read by itself: one that cannot be read takes nothing from the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow<E> {
    /// Its head.
    pub header: FlowHeader,
    /// Its rows, in their order.
    pub payments: Vec<Result<FlowPayment, Unread<E>>>,
}

/// A row that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread<E> {
    /// As it came.
    pub text: String,
    /// Where, and why.
    pub error: E,
}

/// An answer that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More than [`ANSWER_BYTES_MAX`].
    #[error("answer larger than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
    /// Not JSON, or not of this shape.
    #[error("answer is not of the expected shape: {what} (line {line}, column {column})")]
    Shape {
        /// The reader's words: names members and types.
        what: String,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// A member whose value breaks a rule.
    #[error("{path}: must be {rule}")]
    Value {
        /// As `data[3].pay`.
        path: String,
        /// The rule.
        rule: Form,
    },
}

impl Error {
    /// What is wrong, in Italian.
    #[must_use]
    pub fn italian(&self) -> String {
        match self {
            Error::TooLarge => format!("la risposta supera {ANSWER_BYTES_MAX} byte"),
            Error::Shape { what, line, column } => format!(
                "la risposta non ha la forma attesa: {what} (riga {line}, colonna {column})"
            ),
            Error::Value { path, rule } => format!("{path}: deve essere {}", rule.it),
        }
    }
}

/// Cents of a JSON number in euro: `12`, `12.3`, `12.300`, `1.2E+1`, each with a minus sign or not. Senders
/// print decimals as their library does, and some of them strip zeros into an exponent.
/// `None` for decimals that are not cents, for what is too large, and for strings.
pub fn cents(number: &RawValue) -> Option<i64> {
    cents_of_text(number.get())
}

/// As [`cents`], of the number's text.
pub(super) fn cents_of_text(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (digits, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (digits, 0),
    };
    let (euros, decimals) = match digits.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (digits, ""),
    };
    if euros.is_empty() {
        return None;
    }
    // Zeros at the end of the decimals say nothing; the rest is digits times a power of ten.
    let decimals = decimals.trim_end_matches('0');
    let value = super::amount::digits(&format!("{euros}{decimals}"))?;
    let places = i32::try_from(decimals.len()).ok()?;
    let shift = exponent.checked_sub(places)?.checked_add(2)?;
    let power = 10i64.checked_pow(shift.unsigned_abs());
    let cents = match (shift >= 0, power) {
        _ if value == 0 => 0,
        (true, power) => value.checked_mul(power?)?,
        (false, power) => Some(value)
            .filter(|value| power.and_then(|power| value.checked_rem(power)) == Some(0))?
            .checked_div(power?)?,
    };
    if negative {
        cents.checked_neg()
    } else {
        Some(cents)
    }
}
