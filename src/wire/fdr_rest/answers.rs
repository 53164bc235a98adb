//! From JSON to the plain structs: first the shape, then the values, so that an error says which.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    ANSWER_BYTES_MAX, Error, FlowHeader, FlowPayment, FlowSummary, Form, Page, PayStatus, Receiver,
    Sender, Unread, cents,
};
use crate::wire::text::{fit, fit_optional};
use crate::wire::time::{self, Timestamp};

/// Longest piece of the JSON reader's words that is kept, in characters.
const WHAT_CHARS_MAX: usize = 200;
/// Longest name kept, in characters.
const TEXT_CHARS_MAX: usize = 255;
/// Longest identifier, in characters, in this API as in the schema of the XML flow.
pub(in crate::wire) const IDENTIFIER_CHARS_MAX: usize = 35;
/// Numbers beyond it count nothing that exists.
pub(in crate::wire) const COUNT_MAX: i64 = 1_000_000_000_000;

pub(in crate::wire) const IDENTIFIER: Form = Form::new(
    "1 to 35 characters, none of them a control character",
    "da 1 a 35 caratteri, nessuno di controllo",
);
pub(in crate::wire) const REFERENCE: Form = Form::new(
    "1 to 35 printable characters without blanks",
    "da 1 a 35 caratteri stampabili senza spazi",
);
const INSTANT: Form = Form::new(
    "an instant as 2026-12-31T23:59:59Z",
    "un istante come 2026-12-31T23:59:59Z",
);
pub(in crate::wire) const DATE: Form =
    Form::new("a date as 2026-12-31", "una data come 2026-12-31");
pub(in crate::wire) const AMOUNT: Form = Form::new(
    "an amount in euro with at most two decimals",
    "un importo in euro con al massimo due decimali",
);
const REVISION: Form = Form::new("a number from 1", "un numero da 1");
pub(in crate::wire) const INDEX: Form = Form::new("a number from 1 to 5", "un numero da 1 a 5");
pub(in crate::wire) const COUNT: Form = Form::new("a number from 0", "un numero da 0");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageJson<'a> {
    metadata: Option<MetadataJson>,
    count: Option<i64>,
    #[serde(borrow)]
    data: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetadataJson {
    tot_page: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SummaryJson {
    fdr: String,
    psp_id: String,
    revision: i64,
    published: Option<String>,
    flow_date: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HeaderJson<'a> {
    status: Option<String>,
    revision: i64,
    fdr: String,
    fdr_date: String,
    regulation: Option<String>,
    regulation_date: String,
    bic_code_pouring_bank: Option<String>,
    sender: SenderJson,
    receiver: ReceiverJson,
    published: Option<String>,
    tot_payments: i64,
    #[serde(borrow)]
    sum_payments: &'a RawValue,
    computed_tot_payments: Option<i64>,
    #[serde(borrow)]
    computed_sum_payments: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SenderJson {
    r#type: Option<String>,
    id: Option<String>,
    psp_id: String,
    psp_name: Option<String>,
    psp_broker_id: Option<String>,
    channel_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReceiverJson {
    id: Option<String>,
    organization_id: String,
    organization_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaymentJson<'a> {
    index: i64,
    iuv: String,
    iur: String,
    id_transfer: Option<i64>,
    #[serde(borrow)]
    pay: &'a RawValue,
    pay_status: String,
    pay_date: String,
}

/// The error body of the API.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiError {
    /// `appErrorCode`, as `FDR-3001` (flow not found).
    pub app_error_code: String,
    /// `httpStatusDescription`.
    pub http_status_description: Option<String>,
    /// `errorId`, to quote to the platform's support.
    pub error_id: Option<String>,
}

/// Reads the list of flows. The error of a row names the member.
///
/// # Errors
///
/// [`Error`] of the page itself.
pub fn flows(body: &[u8]) -> Result<Page<FlowSummary>, Error> {
    page(body, |at, row: SummaryJson| {
        Ok(FlowSummary {
            flow_id: identifier(&at("fdr"), &row.fdr)?,
            psp_id: identifier(&at("pspId"), &row.psp_id)?,
            revision: from(1, &at("revision"), row.revision, REVISION)?,
            published_at: optional_instant(&at("published"), row.published)?,
            flow_at: optional_instant(&at("flowDate"), row.flow_date)?,
        })
    })
}

/// Reads the head of one flow.
///
/// # Errors
///
/// [`Error`], naming the member.
pub fn flow(body: &[u8]) -> Result<FlowHeader, Error> {
    let flow: HeaderJson<'_> = json(body)?;
    let bounded = |text: Option<String>| text.and_then(|text| fit_optional(&text, TEXT_CHARS_MAX));
    Ok(FlowHeader {
        flow_id: identifier("fdr", &flow.fdr)?,
        flow_at: instant("fdrDate", &flow.fdr_date)?,
        revision: from(1, "revision", flow.revision, REVISION)?,
        status: bounded(flow.status),
        published_at: optional_instant("published", flow.published)?,
        regulation: bounded(flow.regulation).unwrap_or_default(),
        regulation_on: day("regulationDate", &flow.regulation_date)?,
        bic_pouring_bank: bounded(flow.bic_code_pouring_bank),
        sender: Sender {
            kind: bounded(flow.sender.r#type),
            id: bounded(flow.sender.id),
            psp_id: identifier("sender.pspId", &flow.sender.psp_id)?,
            psp_name: bounded(flow.sender.psp_name),
            broker_id: bounded(flow.sender.psp_broker_id),
            channel_id: bounded(flow.sender.channel_id),
        },
        receiver: Receiver {
            id: bounded(flow.receiver.id),
            organization_id: identifier("receiver.organizationId", &flow.receiver.organization_id)?,
            organization_name: bounded(flow.receiver.organization_name),
        },
        payments_count: from(0, "totPayments", flow.tot_payments, COUNT)?,
        payments_cents: amount("sumPayments", flow.sum_payments)?,
        computed_count: flow.computed_tot_payments,
        computed_cents: match flow.computed_sum_payments {
            None => None,
            Some(number) => Some(amount("computedSumPayments", number)?),
        },
    })
}

/// Reads a page of the payments of a flow. The error of a row names the member as `data[3].pay`.
///
/// # Errors
///
/// [`Error`] of the page itself.
pub fn payments(body: &[u8]) -> Result<Page<FlowPayment>, Error> {
    page(body, |at, row: PaymentJson<'_>| {
        let id_transfer = match row.id_transfer {
            None => 1,
            Some(id) => u8::try_from(id)
                .ok()
                .filter(|id| (1..=5).contains(id))
                .ok_or_else(|| value(&at("idTransfer"), INDEX))?,
        };
        Ok(FlowPayment {
            index: row.index,
            iuv: reference(&at("iuv"), &row.iuv)?,
            iur: identifier(&at("iur"), &row.iur)?,
            id_transfer,
            pay_cents: amount(&at("pay"), row.pay)?,
            status: PayStatus::parse(&row.pay_status),
            paid_at: instant(&at("payDate"), &row.pay_date)?,
        })
    })
}

/// Reads the API's error body; `None` when it is something else (a gateway's page).
pub fn error(body: &[u8]) -> Option<ApiError> {
    let error: ApiError = json(body).ok()?;
    Some(ApiError {
        app_error_code: fit(&error.app_error_code, TEXT_CHARS_MAX),
        http_status_description: error
            .http_status_description
            .map(|t| fit(&t, TEXT_CHARS_MAX)),
        error_id: error.error_id.map(|t| fit(&t, TEXT_CHARS_MAX)),
    })
}

fn json<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Error> {
    if body.len() > ANSWER_BYTES_MAX {
        return Err(Error::TooLarge);
    }
    serde_json::from_slice(body).map_err(|error| Error::Shape {
        what: fit(&error.to_string(), WHAT_CHARS_MAX),
        line: error.line(),
        column: error.column(),
    })
}

/// Reads the rows with `read`, which is handed a function from member to path.
fn page<'a, T: Deserialize<'a>, U>(
    body: &'a [u8],
    read: impl Fn(&dyn Fn(&str) -> String, T) -> Result<U, Error>,
) -> Result<Page<U>, Error> {
    let page: PageJson<'a> = json(body)?;
    let rows = page.data.into_iter().enumerate().map(|(index, raw)| {
        let row = json(raw.get().as_bytes());
        let at = |member: &str| format!("data[{index}].{member}");
        row.and_then(|row| read(&at, row)).map_err(|error| Unread {
            text: raw.get().to_owned(),
            error,
        })
    });
    let pages = page
        .metadata
        .and_then(|metadata| metadata.tot_page)
        .unwrap_or(1);
    Ok(Page {
        rows: rows.collect(),
        pages,
        count: page.count,
    })
}

fn value(path: &str, rule: Form) -> Error {
    Error::Value {
        path: path.to_owned(),
        rule,
    }
}

fn identifier(path: &str, text: &str) -> Result<String, Error> {
    is_identifier(text).ok_or_else(|| value(path, IDENTIFIER))
}

fn reference(path: &str, text: &str) -> Result<String, Error> {
    is_reference(text).ok_or_else(|| value(path, REFERENCE))
}

/// The identifier in a text, when it is one.
pub(in crate::wire) fn is_identifier(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = (1..=IDENTIFIER_CHARS_MAX).contains(&text.chars().count());
    (fits && !text.contains(char::is_control)).then(|| text.to_owned())
}

/// The payment reference in a text, when it is one.
pub(in crate::wire) fn is_reference(text: &str) -> Option<String> {
    let text = text.trim();
    let fits = (1..=IDENTIFIER_CHARS_MAX).contains(&text.len());
    (fits && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| text.to_owned())
}

fn from(min: i64, path: &str, number: i64, rule: Form) -> Result<i64, Error> {
    if (min..=COUNT_MAX).contains(&number) {
        Ok(number)
    } else {
        Err(value(path, rule))
    }
}

fn amount(path: &str, number: &RawValue) -> Result<i64, Error> {
    cents(number).ok_or_else(|| value(path, AMOUNT))
}

fn day(path: &str, text: &str) -> Result<NaiveDate, Error> {
    time::date(text).ok_or_else(|| value(path, DATE))
}

fn optional_instant(path: &str, text: Option<String>) -> Result<Option<DateTime<Utc>>, Error> {
    text.map(|text| instant(path, &text)).transpose()
}

/// The API promises instants. A time without offset is taken as UTC, a bare date as its first
/// moment: refusing a whole flow for either would help nobody.
fn instant(path: &str, text: &str) -> Result<DateTime<Utc>, Error> {
    match Timestamp::parse(text) {
        Some(Timestamp::Offset(at)) => Ok(at.with_timezone(&Utc)),
        Some(Timestamp::Local(at)) => Ok(at.and_utc()),
        None => time::date(text)
            .and_then(|day| day.and_hms_opt(0, 0, 0))
            .map(|at| at.and_utc())
            .ok_or_else(|| value(path, INSTANT)),
    }
}
