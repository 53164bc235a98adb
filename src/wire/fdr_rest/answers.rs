//! From JSON to the plain structs: first the shape, then the values, so that an error says which.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    ANSWER_BYTES_MAX, Error, FlowHeader, FlowPayment, FlowSummary, Page, PayStatus, Receiver,
    Sender, cents,
};
use crate::wire::text::fit;
use crate::wire::time::{self, Timestamp};

/// Longest piece of the JSON reader's words that is kept, in characters.
const WHAT_CHARS_MAX: usize = 200;
/// Longest identifier kept, in characters. The API says 35; what is longer is not ours to judge,
/// but must be bounded.
const TEXT_CHARS_MAX: usize = 255;

const TEXT: &str = "1 to 255 characters";
const INSTANT: &str = "an instant as 2026-12-31T23:59:59Z";
const DATE: &str = "a date as 2026-12-31";
const AMOUNT: &str = "an amount in euro with at most two decimals";
const REVISION: &str = "a number from 1";
const ID_TRANSFER: &str = "a number from 1 to 5";
const COUNT: &str = "a number from 0";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageJson<T> {
    metadata: Option<MetadataJson>,
    count: Option<i64>,
    data: Vec<T>,
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
    regulation: String,
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

/// Reads the list of flows.
///
/// # Errors
///
/// [`Error`], naming the member.
pub fn flows(body: &[u8]) -> Result<Page<FlowSummary>, Error> {
    page(json::<PageJson<SummaryJson>>(body)?, |at, row| {
        Ok(FlowSummary {
            flow_id: text(&at("fdr"), row.fdr)?,
            psp_id: text(&at("pspId"), row.psp_id)?,
            revision: at_least(1, &at("revision"), row.revision, REVISION)?,
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
    let bounded = |text: Option<String>| text.map(|text| fit(&text, TEXT_CHARS_MAX));
    Ok(FlowHeader {
        flow_id: text("fdr", flow.fdr)?,
        flow_at: instant("fdrDate", &flow.fdr_date)?,
        revision: at_least(1, "revision", flow.revision, REVISION)?,
        status: bounded(flow.status),
        published_at: optional_instant("published", flow.published)?,
        regulation: text("regulation", flow.regulation)?,
        regulation_on: day("regulationDate", &flow.regulation_date)?,
        bic_pouring_bank: bounded(flow.bic_code_pouring_bank),
        sender: Sender {
            kind: bounded(flow.sender.r#type),
            id: bounded(flow.sender.id),
            psp_id: text("sender.pspId", flow.sender.psp_id)?,
            psp_name: bounded(flow.sender.psp_name),
            broker_id: bounded(flow.sender.psp_broker_id),
            channel_id: bounded(flow.sender.channel_id),
        },
        receiver: Receiver {
            id: bounded(flow.receiver.id),
            organization_id: text("receiver.organizationId", flow.receiver.organization_id)?,
            organization_name: bounded(flow.receiver.organization_name),
        },
        payments_count: at_least(0, "totPayments", flow.tot_payments, COUNT)?,
        payments_cents: amount("sumPayments", flow.sum_payments)?,
        computed_count: flow.computed_tot_payments,
        computed_cents: match flow.computed_sum_payments {
            None => None,
            Some(number) => Some(amount("computedSumPayments", number)?),
        },
    })
}

/// Reads a page of the payments of a flow.
///
/// # Errors
///
/// [`Error`], naming the member as `data[3].pay`.
pub fn payments(body: &[u8]) -> Result<Page<FlowPayment>, Error> {
    page(json::<PageJson<PaymentJson<'_>>>(body)?, |at, row| {
        let id_transfer = match row.id_transfer {
            None => 1,
            Some(id) => u8::try_from(id)
                .ok()
                .filter(|id| (1..=5).contains(id))
                .ok_or_else(|| value(&at("idTransfer"), ID_TRANSFER))?,
        };
        Ok(FlowPayment {
            index: row.index,
            iuv: text(&at("iuv"), row.iuv)?,
            iur: text(&at("iur"), row.iur)?,
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
fn page<T, U>(
    page: PageJson<T>,
    read: impl Fn(&dyn Fn(&str) -> String, T) -> Result<U, Error>,
) -> Result<Page<U>, Error> {
    let rows = page.data.into_iter().enumerate();
    let rows = rows
        .map(|(index, row)| read(&|member| format!("data[{index}].{member}"), row))
        .collect::<Result<_, _>>()?;
    let pages = page
        .metadata
        .and_then(|metadata| metadata.tot_page)
        .unwrap_or(1);
    Ok(Page {
        rows,
        pages,
        count: page.count,
    })
}

fn value(path: &str, rule: &'static str) -> Error {
    Error::Value {
        path: path.to_owned(),
        rule,
    }
}

fn text(path: &str, text: String) -> Result<String, Error> {
    let length = text.chars().count();
    if (1..=TEXT_CHARS_MAX).contains(&length) {
        Ok(text)
    } else {
        Err(value(path, TEXT))
    }
}

fn at_least(min: i64, path: &str, number: i64, rule: &'static str) -> Result<i64, Error> {
    if number >= min {
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
