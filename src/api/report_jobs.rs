//! Reports made by a job: asked for, watched, downloaded.

use actix_web::body::SizedStream;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::Caller;
use super::creditors::PageQuery;
use super::input::{FromBody, FromPath, FromQuery, IdempotencyKey};
use super::page::Slice;
use super::problem::{Language, Problem, catalogue};
use super::reconciliation::ReconciliationFlag;
use super::repeat::Asked;
use super::reports::{ControlTotal, CsvDialect, ReportName, narrowed, period};
use super::scalars::{
    Count, File, IdempotencyKeyHeader, Line140, Line1000, ServiceCode, Sha256, SignedCents,
    UriHeader,
};
use crate::app::report_jobs::{self, ReportJob, ReportState, Wanted};
use crate::app::reports::{Form, Question};
use crate::app::{StoreError, idempotency};
use crate::ctx::Ctx;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::reconciliation::Flag;
use crate::domain::text::Said;

/// The format of a report's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportFormat {
    /// One JSON document.
    Json,
    /// JSON Lines: an object a row, then one with the totals.
    Jsonl,
    /// CSV.
    Csv,
    /// Spreadsheet.
    Xlsx,
    /// To print, at most 5000 rows.
    Pdf,
}

/// A report that is wanted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"report": "transfers", "format": "xlsx", "from_date": "2026-01-01", "to_date": "2026-12-31"}))]
pub struct NewReportJob {
    /// Which report.
    pub report: ReportName,
    /// The format of its file.
    pub format: ReportFormat,
    /// First day; the first of this month when absent.
    #[schema(nullable = false)]
    pub from_date: Option<NaiveDate>,
    /// Last day, included; today when absent.
    #[schema(nullable = false)]
    pub to_date: Option<NaiveDate>,
    /// How CSV is written.
    #[schema(nullable = false)]
    pub dialect: Option<CsvDialect>,
    /// Only this settlement flow (flow reconciliation, payments of provisional credits).
    #[schema(nullable = false)]
    pub settlement_flow_id: Option<Uuid>,
    /// Only the provisional credit with this number (credits, payments, orders).
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 999_999_999_999_999_999_i64)]
    pub provisional_number: Option<i64>,
    /// Only this service.
    #[schema(nullable = false)]
    pub service_code: Option<ServiceCode>,
    /// Only lines with this flag (not reconciled).
    #[schema(nullable = false)]
    pub flag: Option<ReconciliationFlag>,
}

/// How far a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportJobState {
    /// Waiting for a worker.
    Queued,
    /// Being written.
    Running,
    /// Its file can be downloaded.
    Ready,
    /// It cannot be made.
    Failed,
    /// Its file is gone.
    Expired,
}

/// A report made by a job.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReportJob)]
pub struct ReportJobView {
    /// Identifier.
    pub report_job_id: Uuid,
    /// Which report.
    pub report: ReportName,
    /// The format of its file.
    pub format: ReportFormat,
    /// First day.
    pub from_date: NaiveDate,
    /// Last day, included.
    pub to_date: NaiveDate,
    /// How far it is.
    pub state: ReportJobState,
    /// Rows written so far.
    pub rows_written: Count,
    /// Instant at which it was asked for.
    pub created_at: DateTime<Utc>,
    /// Instant at which its file was made; absent until it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub made_at: Option<DateTime<Utc>>,
    /// Instant at which its file goes; absent until it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expires_at: Option<DateTime<Utc>>,
    /// Where the file is; absent unless it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub file_href: Option<Line1000>,
    /// Bytes of the file; absent until it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub file_bytes: Option<Count>,
    /// SHA-256 of the rows as JSON Lines: the same in every format.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub rows_sha256: Option<Sha256>,
    /// Totals; absent until it is ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_items = 0, max_items = 50)]
    pub control_totals: Option<Vec<ControlTotal>>,
    /// Why it cannot be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub failure: Option<Line1000>,
}

/// One page of reports made by a job.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportJobPage {
    /// The reports, newest first.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<ReportJobView>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// The report job of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ReportJobPath {
    /// Identifier of the report.
    pub report_job_id: Uuid,
}

/// Ask for a report
///
/// For reports of many rows: a job writes it, `show_report_job` says how far it is, and the file is kept for a
/// day. It survives a restart.
#[utoipa::path(operation_id = "request_report", tag = "reports", security(("client" = ["reports:read"])),
    params(("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body = NewReportJob,
    responses((status = 202, description = "Under way.", body = ReportJobView,
        headers(("Location" = inline(UriHeader), description = "Where the report is.")),
        links(("shown" = (operation_id = "show_report_job", parameters(("report_job_id" = "$response.body#/report_job_id")), description = "See how far it is."))))))]
#[post("/report-jobs")]
pub(super) async fn request_report(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
    body: FromBody<NewReportJob>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::new(&caller, "request_report", &key, body.digest)?;
    if let Some(answer) = asked.before(&state).await? {
        return Ok(answer);
    }
    let wanted = body.value.read(&state.ctx)?;
    let (creditor, id) = (caller.creditor()?.clone(), state.ctx.ids.next());
    let (job, sealed) = (state.ctx.ids.next(), asked.clone());
    let location = state.address(&format!("/report-jobs/{id}"));
    let made = state.write(&caller, move |tx, now| {
        let report = report_jobs::ask(tx, now, &creditor, (id, job), &wanted)?;
        let view = ReportJobView::of(&report, &location, Language::English);
        let view = view.ok_or_else(|| StoreError::corrupt("report_job", id, "unreadable"))?;
        let answer = sealed.answered(StatusCode::ACCEPTED, location.clone(), (&view, None));
        idempotency::remember(tx, now, &sealed.intent, &answer)?;
        Ok::<_, StoreError>(answer)
    });
    let made = made.await;
    if made.is_ok() {
        state.ctx.jobs_due.notify_one();
    }
    asked.end(&state, made.map_err(Problem::from)).await
}

impl NewReportJob {
    fn read(&self, ctx: &Ctx) -> Result<Wanted, Problem> {
        let days = (self.from_date, self.to_date);
        let question = Question {
            name: self.report.into(),
            period: period(days, ctx.today(), "/from_date")?,
            flow: self.settlement_flow_id,
            provisional: self.provisional_number,
            service: self
                .service_code
                .as_ref()
                .map(|code| code.as_str().to_owned()),
            flag: self.flag.map(Flag::from),
        };
        narrowed(&question, "/")?;
        Ok(Wanted {
            question,
            form: match self.format {
                ReportFormat::Json => Form::Json,
                ReportFormat::Jsonl => Form::JsonLines,
                ReportFormat::Csv => Form::Csv(self.dialect.unwrap_or_default().into()),
                ReportFormat::Xlsx => Form::Xlsx,
                ReportFormat::Pdf => Form::Pdf,
            },
        })
    }
}

/// List reports made by a job
///
/// Newest first.
#[utoipa::path(operation_id = "list_report_jobs", tag = "reports", security(("client" = ["reports:read"])),
    params(PageQuery), responses((status = 200, description = "One page.", body = ReportJobPage)))]
#[get("/report-jobs")]
pub(super) async fn list_report_jobs(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<PageQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (creditor, now) = (caller.creditor()?.clone(), state.ctx.now());
    let slice = Slice {
        cursor: query.0.cursor,
        limit: query.0.limit,
    };
    let read =
        move |conn: &mut _| report_jobs::page(conn, &creditor, (slice.cursor, slice.fetch()), now);
    let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |job| job.id);
    let language = Language::of(request.headers());
    let view = |job: &ReportJob| {
        let address = state.address(&format!("/report-jobs/{}", job.id));
        ReportJobView::of(job, &address, language)
    };
    let items = found.iter().filter_map(view).collect();
    Ok(HttpResponse::Ok().json(ReportJobPage { items, next_cursor }))
}

/// Show a report made by a job
///
/// Ask again until it is ready or failed.
#[utoipa::path(operation_id = "show_report_job", tag = "reports", security(("client" = ["reports:read"])),
    params(ReportJobPath), responses((status = 200, description = "The report.", body = ReportJobView)))]
#[get("/report-jobs/{report_job_id}")]
pub(super) async fn show_report_job(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<ReportJobPath>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let job = found(&state, caller.creditor()?, path.0.report_job_id).await?;
    let address = state.address(&format!("/report-jobs/{}", job.id));
    let view = ReportJobView::of(&job, &address, Language::of(request.headers()));
    let view = view.ok_or_else(|| Problem::of(&catalogue::NOT_FOUND))?;
    Ok(HttpResponse::Ok().json(view))
}

/// Download a report made by a job
///
/// While it is being made the answer is `state-forbids`; once it has expired, `not-found`.
#[utoipa::path(operation_id = "download_report", tag = "reports", security(("client" = ["reports:read"])),
    params(ReportJobPath),
    responses((status = 200, description = "The file.",
        content((File = "application/octet-stream")))))]
#[get("/report-jobs/{report_job_id}/file")]
pub(super) async fn download_report(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<ReportJobPath>,
) -> Result<HttpResponse, Problem> {
    let creditor = caller.creditor()?.clone();
    let job = found(&state, &creditor, path.0.report_job_id).await?;
    let length = match (job.state, &job.made) {
        (ReportState::Ready, Some(made)) => made.length,
        (ReportState::Expired, _) | (ReportState::Ready, None) => {
            return Err(Problem::of(&catalogue::NOT_FOUND));
        }
        (ReportState::Queued | ReportState::Running | ReportState::Failed, _) => {
            let said = Said::new("il report non è pronto", "the report is not ready");
            return Err(Problem::of(&catalogue::STATE_FORBIDS).saying(said));
        }
    };
    let wanted = Wanted::of(&job).ok_or_else(|| Problem::of(&catalogue::NOT_FOUND))?;
    let name = wanted.question.name.as_str();
    let (_, end) = ReportFormat::of(wanted.form);
    let length = u64::try_from(length).unwrap_or_default();
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/octet-stream"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.{end}\""),
        ))
        .body(SizedStream::new(
            length,
            Box::pin(parts(state.ctx.clone(), creditor, job.id)),
        )))
}

/// A file, part by part: it is never in memory as a whole.
fn parts(
    ctx: Ctx,
    creditor: FiscalCode,
    id: Uuid,
) -> impl Stream<Item = Result<web::Bytes, std::io::Error>> {
    stream::try_unfold(
        (ctx, creditor, 0i32),
        move |(ctx, creditor, part)| async move {
            let owner = creditor.clone();
            let read = move |conn: &mut _| report_jobs::part(conn, &owner, (id, part));
            let found = ctx.report(read).await.map_err(std::io::Error::other)?;
            let next = (ctx, creditor, part.saturating_add(1));
            Ok(found.map(|body| (web::Bytes::from(body), next)))
        },
    )
}

async fn found(
    state: &web::Data<State>,
    creditor: &FiscalCode,
    id: Uuid,
) -> Result<ReportJob, Problem> {
    let (owner, now) = (creditor.clone(), state.ctx.now());
    let read = move |conn: &mut _| report_jobs::get(conn, &owner, id, now);
    let found = state.ctx.read(read).await?;
    found.ok_or_else(|| Problem::of(&catalogue::NOT_FOUND))
}

impl ReportFormat {
    /// The format, and the end of its file's name.
    fn of(form: Form) -> (ReportFormat, &'static str) {
        match form {
            Form::Json => (ReportFormat::Json, "json"),
            Form::JsonLines => (ReportFormat::Jsonl, "jsonl"),
            Form::Csv(_) => (ReportFormat::Csv, "csv"),
            Form::Xlsx => (ReportFormat::Xlsx, "xlsx"),
            Form::Pdf => (ReportFormat::Pdf, "pdf"),
        }
    }
}

impl ReportJobView {
    /// A report as it stands; `None` when this program has no such report.
    fn of(job: &ReportJob, address: &str, language: Language) -> Option<ReportJobView> {
        let wanted = Wanted::of(job)?;
        let made = job.made.as_ref();
        let ready = job.state == ReportState::Ready;
        let totals = made.map(|made| {
            let all = made.control_totals.as_array();
            all.into_iter().flatten().filter_map(total).collect()
        });
        Some(ReportJobView {
            report_job_id: job.id,
            report: wanted.question.name.into(),
            format: ReportFormat::of(wanted.form).0,
            from_date: wanted.question.period.from,
            to_date: wanted.question.period.to,
            state: match job.state {
                ReportState::Queued => ReportJobState::Queued,
                ReportState::Running => ReportJobState::Running,
                ReportState::Ready => ReportJobState::Ready,
                ReportState::Failed => ReportJobState::Failed,
                ReportState::Expired => ReportJobState::Expired,
            },
            rows_written: Count(job.rows_written),
            created_at: job.created_at,
            made_at: job.made_at,
            expires_at: job.expires_at,
            file_href: ready.then(|| Line1000::new(format!("{address}/file"))),
            file_bytes: made.map(|made| Count(made.length)),
            rows_sha256: made.map(|made| Sha256::new(made.rows_sha256.as_str())),
            control_totals: totals,
            failure: job
                .failure
                .as_ref()
                .map(|why| Line1000::new(language.of_said(why))),
        })
    }
}

/// A control total as it is stored.
fn total(stored: &serde_json::Value) -> Option<ControlTotal> {
    Some(ControlTotal {
        label: Line140::new(stored.get("label")?.as_str()?),
        count: Count(stored.get("count")?.as_i64()?),
        amount_cents: SignedCents(stored.get("amount_cents")?.as_i64()?),
    })
}
