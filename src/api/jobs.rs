//! Work that goes on after the answer.

use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::auth::Caller;
use super::creditors::PageQuery;
use super::input::{FromPath, FromQuery};
use super::problem::{Problem, catalogue};
use super::scalars::{Count, Line1000, Word};

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
    caller: Caller,
    query: FromQuery<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _ = query.0;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}

/// Show a job
///
/// Ask again until it is done or failed.
#[utoipa::path(operation_id = "show_job", tag = "jobs", security(("client" = [])), params(JobPath),
    responses((status = 200, description = "The job.", body = JobView)))]
#[get("/jobs/{job_id}")]
pub(super) async fn show_job(
    caller: Caller,
    path: FromPath<JobPath>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _ = path.0.job_id;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}
