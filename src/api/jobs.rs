//! Work that goes on after the answer.

use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::Caller;
use super::creditors::PageQuery;
use super::input::{FromPath, FromQuery};
use super::page::Slice;
use super::problem::{Problem, catalogue};
use super::scalars::{Count, Line1000, Word};
use crate::app::jobs::{self, Job};
use crate::domain::text::fit;

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waiting for a worker, or for another try.
    Queued,
    /// A worker has it.
    Running,
    /// Done.
    Done,
    /// Given up.
    Failed,
}

/// A job.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Job)]
pub struct JobView {
    /// Identifier.
    pub job_id: Uuid,
    /// What it does.
    pub kind: Word,
    /// How far it is.
    pub state: JobState,
    /// Tries so far.
    pub attempts: Count,
    /// What came of it, or what went wrong at the last try.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub outcome: Option<Line1000>,
    /// Instant at which it was asked for.
    pub created_at: DateTime<Utc>,
    /// Instant at which it ended; absent while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub ended_at: Option<DateTime<Utc>>,
}

/// One page of jobs.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobPage {
    /// The jobs, newest first.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<JobView>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// The job of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct JobPath {
    /// Identifier of the job.
    pub job_id: Uuid,
}

/// List jobs
///
/// Newest first, those of the creditor.
#[utoipa::path(operation_id = "list_jobs", tag = "jobs", security(("client" = [])), params(PageQuery),
    responses((status = 200, description = "One page.", body = JobPage)))]
#[get("/jobs")]
pub(super) async fn list_jobs(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let (creditor, now) = (caller.creditor()?.clone(), state.ctx.now());
    let slice = Slice {
        cursor: query.0.cursor,
        limit: query.0.limit,
    };
    let read = move |conn: &mut _| jobs::page(conn, &creditor, (slice.cursor, slice.fetch()), now);
    let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |job| job.id);
    let items = found.iter().map(JobView::of).collect();
    Ok(HttpResponse::Ok().json(JobPage { items, next_cursor }))
}

/// Show a job
///
/// Ask again until it is done or failed.
#[utoipa::path(operation_id = "show_job", tag = "jobs", security(("client" = [])), params(JobPath),
    responses((status = 200, description = "The job.", body = JobView)))]
#[get("/jobs/{job_id}")]
pub(super) async fn show_job(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<JobPath>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id, now) = (caller.creditor()?.clone(), path.0.job_id, state.ctx.now());
    let found = state
        .ctx
        .read(move |conn| jobs::get(conn, &creditor, id, now))
        .await?;
    let job = found.ok_or_else(|| Problem::of(&catalogue::NOT_FOUND))?;
    Ok(HttpResponse::Ok().json(JobView::of(&job)))
}

impl JobView {
    /// A job as it stands.
    #[must_use]
    pub fn of(job: &Job) -> JobView {
        let result = job.result.as_ref().map(ToString::to_string);
        let said = result.or_else(|| job.last_error.clone());
        let said = said.map(|text| fit(&text.replace(char::is_control, " "), 1000));
        JobView {
            job_id: job.id,
            kind: Word::new(job.kind.as_str()),
            state: match job.state {
                jobs::JobState::Waiting => JobState::Queued,
                jobs::JobState::Running => JobState::Running,
                jobs::JobState::Done => JobState::Done,
                jobs::JobState::Dead => JobState::Failed,
            },
            attempts: Count(job.attempts.into()),
            outcome: said.filter(|text| !text.is_empty()).map(Line1000::new),
            created_at: job.created_at,
            ended_at: job.finished_at,
        }
    }
}
