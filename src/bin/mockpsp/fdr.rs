//! The node's REST door for reporting flows, as a creditor sees it. A flow is visible from the
//! simulated day on which it was published.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{HttpServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, ResponseError, web};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::app::App;
use crate::disturbances::{Leg, Trouble};
use crate::flows::{Edit, Flow, Revision, from_rome};
use crate::money::euro;
use crate::psps;
use crate::state::{Day, Reported, State};

const LARGEST_PAGE: usize = 1000;

/// Routes under `/fdr-org/service/v1`.
pub(crate) fn scope() -> impl HttpServiceFactory + 'static {
    let flow = "/organizations/{org}/fdrs/{fdr}/revisions/{revision}/psps/{psp}";
    web::scope("/fdr-org/service/v1")
        .wrap(from_fn(disturbed))
        .route("/organizations/{org}/fdrs", web::get().to(list))
        .route(flow, web::get().to(one))
        .route(&format!("{flow}/payments"), web::get().to(payments))
}

/// A question for which trouble waits: no answer, or half of one.
pub(crate) async fn disturbed<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let app = request.app_data::<Data<App>>().cloned();
    let trouble = app.and_then(|app| app.node.disturbances.next(Leg::Flows));
    let broken = match trouble {
        None => return Ok(next.call(request).await?.map_into_boxed_body()),
        Some(Trouble::MalformAnswer) => HttpResponse::Ok()
            .content_type("application/json")
            .body(r#"{"metadata": {"pageSize": 1000, "#),
        Some(_) => HttpResponse::ServiceUnavailable().finish(),
    };
    Ok(request.into_response(broken))
}

/// An error in the door's own shape.
#[derive(Debug, thiserror::Error)]
#[error("{code}: {message}")]
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn bad(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "FDR-1000",
            message: message.into(),
        }
    }

    fn not_found(fdr: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: "FDR-3001",
            message: format!("Flow with ID [{fdr}] not found"),
        }
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status).json(json!({
            "httpStatusCode": self.status.as_u16(),
            "httpStatusDescription": self.status.canonical_reason().unwrap_or_default(),
            "appErrorCode": self.code,
            "errors": [{"message": self.message}],
        }))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListQuery {
    psp_id: Option<String>,
    published_gt: Option<String>,
    flow_date: Option<String>,
    page: Option<usize>,
    size: Option<usize>,
}

#[derive(Debug, Deserialize)]
struct PageQuery {
    page: Option<usize>,
    size: Option<usize>,
}

/// `org`, `fdr`, `revision`, `psp`.
type FlowPath = Path<(String, String, u64, String)>;

async fn list(
    app: Data<App>,
    org: Path<String>,
    query: Query<ListQuery>,
) -> Result<Json<Value>, Refusal> {
    let today = today(&app);
    let floor = start_of_previous_month(today);
    let published_gt = instant(query.published_gt.as_deref(), "publishedGt")?.unwrap_or(floor);
    let flow_date = instant(query.flow_date.as_deref(), "flowDate")?.unwrap_or(floor);
    let page = PageQuery {
        page: query.page,
        size: query.size,
    };
    app.read(|state| {
        let mut found: Vec<(&Flow, u64, &Revision)> = Vec::new();
        for flow in state.flows.iter().filter(|flow| flow.org == *org) {
            let wanted = query
                .psp_id
                .as_deref()
                .is_none_or(|id| psps::get(flow.psp).id == id);
            let Some((number, revision)) = flow.latest(today).filter(|_| wanted) else {
                continue;
            };
            if revision.published > published_gt && revision.fdr_date >= flow_date {
                found.push((flow, number, revision));
            }
        }
        found.sort_by(|a, b| (a.2.published, &a.0.fdr).cmp(&(b.2.published, &b.0.fdr)));
        paged(&found, &page, |(flow, number, revision)| {
            json!({
                "fdr": flow.fdr,
                "pspId": psps::get(flow.psp).id,
                "revision": number,
                "published": text(revision.published),
                "flowDate": text(revision.fdr_date),
            })
        })
    })
}

/// `SingleFlowResponse`; sums are decimal text in the JSON, never floats.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SingleFlow {
    status: &'static str,
    revision: u64,
    created: String,
    updated: String,
    fdr: String,
    fdr_date: String,
    regulation: String,
    regulation_date: Day,
    bic_code_pouring_bank: &'static str,
    sender: Value,
    receiver: Value,
    published: String,
    computed_tot_payments: usize,
    computed_sum_payments: Box<RawValue>,
    tot_payments: u64,
    sum_payments: Box<RawValue>,
}

async fn one(app: Data<App>, path: FlowPath) -> Result<Json<SingleFlow>, Refusal> {
    let today = today(&app);
    app.read(|state| {
        let (flow, revision) = find(state, today, &path)?;
        let psp = psps::get(flow.psp);
        let rows = rows(state, flow, revision);
        let receiver = flow.receiver(revision);
        Ok(Json(SingleFlow {
            status: "PUBLISHED",
            revision: path.2,
            created: text(revision.fdr_date),
            updated: text(revision.published),
            fdr: flow.fdr.clone(),
            fdr_date: text(revision.fdr_date),
            regulation: flow.regulation.clone(),
            regulation_date: flow.regulation_date,
            bic_code_pouring_bank: psp.id,
            sender: json!({
                "type": "BIC_CODE",
                "id": psp.id,
                "pspId": psp.id,
                "pspName": psp.name,
                "pspBrokerId": psp.tax_code,
                "channelId": psp.channel,
            }),
            receiver: json!({
                "id": receiver,
                "organizationId": receiver,
                "organizationName": flow.org_name,
            }),
            published: text(revision.published),
            computed_tot_payments: rows.len(),
            computed_sum_payments: number(rows.iter().map(|row| row.cents).sum())?,
            tot_payments: revision.total_payments,
            sum_payments: number(revision.sum_cents)?,
        }))
    })
}

/// One line of a flow.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    pub(crate) index: usize,
    pub(crate) iuv: &'a str,
    pub(crate) iur: &'a str,
    pub(crate) transfer: u8,
    pub(crate) cents: u64,
    pub(crate) paid_at: DateTime<Utc>,
    pub(crate) reported: Reported,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RowOut {
    index: usize,
    iuv: String,
    iur: String,
    id_transfer: u8,
    pay: Box<RawValue>,
    pay_status: &'static str,
    pay_date: String,
}

#[derive(Debug, Serialize)]
struct RowsOut {
    metadata: Value,
    count: usize,
    data: Vec<RowOut>,
}

async fn payments(
    app: Data<App>,
    path: FlowPath,
    page: Query<PageQuery>,
) -> Result<Json<RowsOut>, Refusal> {
    let today = today(&app);
    app.read(|state| {
        let (flow, revision) = find(state, today, &path)?;
        let rows = rows(state, flow, revision);
        let (part, metadata) = slice(&rows, &page)?;
        let data: Result<Vec<RowOut>, Refusal> = part.iter().map(row_out).collect();
        let data = data?;
        Ok(Json(RowsOut {
            metadata,
            count: data.len(),
            data,
        }))
    })
}

fn row_out(row: &Row<'_>) -> Result<RowOut, Refusal> {
    Ok(RowOut {
        index: row.index,
        iuv: row.iuv.to_owned(),
        iur: row.iur.to_owned(),
        id_transfer: row.transfer,
        pay: number(row.cents)?,
        pay_status: row.reported.pay_status(),
        pay_date: text(row.paid_at),
    })
}

fn find<'a>(
    state: &'a State,
    today: Day,
    path: &FlowPath,
) -> Result<(&'a Flow, &'a Revision), Refusal> {
    let (org, fdr, revision, psp) = &**path;
    let named =
        |flow: &&Flow| flow.org == *org && flow.fdr == *fdr && psps::get(flow.psp).id == psp;
    let flow = state
        .flows
        .iter()
        .find(named)
        .ok_or_else(|| Refusal::not_found(fdr))?;
    let (latest, _) = flow.latest(today).ok_or_else(|| Refusal::not_found(fdr))?;
    let index = usize::try_from(*revision).unwrap_or(0).checked_sub(1);
    let found = index
        .and_then(|index| flow.revisions.get(index))
        .filter(|_| *revision <= latest);
    found
        .map(|revision| (flow, revision))
        .ok_or_else(|| Refusal::not_found(fdr))
}

pub(crate) fn rows<'a>(state: &'a State, flow: &'a Flow, revision: &'a Revision) -> Vec<Row<'a>> {
    let shown = flow.rows.len().saturating_sub(revision.left_out);
    let row = |(position, (payment, transfer)): (usize, &(usize, u8))| {
        let payment = state.payment(*payment)?;
        let cents = payment
            .activation
            .transfers
            .iter()
            .find(|known| known.n == *transfer)?
            .cents;
        Some(Row {
            index: position.saturating_add(1),
            iuv: &payment.activation.iuv,
            iur: &payment.activation.token,
            transfer: *transfer,
            cents,
            paid_at: from_rome(payment.paid?.at),
            reported: payment.paid?.reported,
        })
    };
    let mut rows: Vec<Row<'_>> = flow
        .rows
        .iter()
        .take(shown)
        .enumerate()
        .filter_map(row)
        .collect();
    edited(&mut rows, revision);
    rows
}

/// What the revision says otherwise than it was.
fn edited<'a>(rows: &mut Vec<Row<'a>>, revision: &'a Revision) {
    let Some(mut more) = rows.last().copied() else {
        return;
    };
    more.index = more.index.saturating_add(1);
    match &revision.edit {
        None | Some(Edit::Receiver { .. }) => {}
        Some(Edit::LastTwice) => rows.push(more),
        Some(Edit::LastShort { cents }) => {
            if let Some(last) = rows.last_mut() {
                last.cents = last.cents.saturating_sub(*cents);
            }
        }
        Some(Edit::More { iuv, iur, cents }) => rows.push(Row {
            iuv,
            iur,
            cents: *cents,
            transfer: 1,
            ..more
        }),
    }
}

fn paged<T>(
    all: &[T],
    page: &PageQuery,
    show: impl Fn(&T) -> Value,
) -> Result<Json<Value>, Refusal> {
    let (part, metadata) = slice(all, page)?;
    let data: Vec<Value> = part.iter().map(show).collect();
    Ok(Json(
        json!({"metadata": metadata, "count": data.len(), "data": data}),
    ))
}

fn slice<'a, T>(all: &'a [T], page: &PageQuery) -> Result<(&'a [T], Value), Refusal> {
    let (number, size) = (page.page.unwrap_or(1), page.size.unwrap_or(LARGEST_PAGE));
    if number == 0 || size == 0 || size > LARGEST_PAGE {
        return Err(Refusal::bad("page begins at 1, size is 1 to 1000"));
    }
    let pages = all.len().div_ceil(size).max(1);
    let part = all
        .chunks(size)
        .nth(number.saturating_sub(1))
        .unwrap_or_default();
    Ok((
        part,
        json!({"pageSize": size, "pageNumber": number, "totPage": pages}),
    ))
}

/// The last simulated day that is over.
fn today(app: &App) -> Day {
    app.read(State::last_closed).unwrap_or(NaiveDate::MIN)
}

fn start_of_previous_month(day: Day) -> DateTime<Utc> {
    let first = day
        .with_day(1)
        .and_then(|first| first.checked_sub_months(chrono::Months::new(1)));
    first.map_or(DateTime::<Utc>::MIN_UTC, |first| {
        first.and_time(chrono::NaiveTime::MIN).and_utc()
    })
}

/// An instant with or without offset, or a plain day. A `+` that became a blank is forgiven.
fn instant(given: Option<&str>, name: &str) -> Result<Option<DateTime<Utc>>, Refusal> {
    let Some(given) = given else { return Ok(None) };
    let given = given.trim().replace(' ', "+");
    let plain = || given.parse::<NaiveDateTime>().map(|time| time.and_utc());
    let day = || {
        given
            .parse::<NaiveDate>()
            .map(|day| day.and_time(chrono::NaiveTime::MIN).and_utc())
    };
    let read = DateTime::parse_from_rfc3339(&given).map(|time| time.with_timezone(&Utc));
    let read = read.or_else(|_| plain()).or_else(|_| day());
    read.map(Some)
        .map_err(|_not_a_date| Refusal::bad(format!("{name} is not an instant: {given}")))
}

fn text(instant: DateTime<Utc>) -> String {
    instant.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn number(cents: u64) -> Result<Box<RawValue>, Refusal> {
    RawValue::from_string(euro(cents)).map_err(|error| Refusal {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        code: "FDR-0500",
        message: error.to_string(),
    })
}
