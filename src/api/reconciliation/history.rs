//! Where a line has been: every verdict, what it came from and who was behind it. Nothing is ever taken out.

use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    ReconciliationCode, ReconciliationExplanation, ReconciliationFlag, ReconciliationPath,
    explained, flags,
};
use crate::api::State;
use crate::api::auth::Caller;
use crate::api::input::{FromPath, FromQuery};
use crate::api::page::Slice;
use crate::api::problem::Problem;
use crate::api::scalars::{SignedCents, Word};
use crate::app::reconciliation::{self, Past};
use crate::domain::reconciliation::Cause;

/// What made a line's code another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReconciliationCause {
    /// A receipt came.
    Receipt,
    /// A settlement flow came, or a revision of one.
    Flow,
    /// Movements on the account came.
    Cash,
    /// An officer decided.
    Decision,
    /// The creditor's terms of reconciliation changed.
    Terms,
    /// Days have passed, and what was waited for has not come.
    Age,
}

twins!(ReconciliationCause = Cause: Receipt, Flow, Cash, Decision, Terms, Age);

/// What was found about a line at one time.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconciliationChange {
    /// Identifier.
    pub change_id: Uuid,
    /// Where the line had ended.
    pub code: ReconciliationCode,
    /// Further observations, as they were then; of the accounting key only whether the debt was known.
    #[schema(min_items = 0, max_items = 30)]
    pub flags: Vec<ReconciliationFlag>,
    /// The rule that decided.
    pub rule: Word,
    /// Version of the rules.
    #[schema(format = Int32, minimum = 1, maximum = 32_767)]
    pub rule_version: i16,
    /// Why.
    pub explanation: ReconciliationExplanation,
    /// Amount of the line.
    pub amount_cents: SignedCents,
    /// Day of the newest fact behind the code.
    pub since_date: NaiveDate,
    /// What it came from.
    pub cause: ReconciliationCause,
    /// The decision it came from; absent when no officer decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reconciliation_decision_id: Option<Uuid>,
    /// The client who decided or changed the terms; absent when a fact came.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub client_id: Option<Uuid>,
    /// Instant at which it was found.
    pub recorded_at: DateTime<Utc>,
}

/// One page of a line's history.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconciliationHistoryPage {
    /// What was found, oldest first.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<ReconciliationChange>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// Which part of a history.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReconciliationHistoryQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "crate::api::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
}

/// List the history of a reconciliation
///
/// Where the line has been, what each change came from, and which client was behind it.
#[utoipa::path(operation_id = "list_reconciliation_history", tag = "reconciliations", security(("client" = ["reconciliations:read"])),
    params(ReconciliationPath, ReconciliationHistoryQuery), responses((status = 200, description = "One page.", body = ReconciliationHistoryPage)))]
#[get("/reconciliations/{reconciliation_id}/history")]
pub(in crate::api) async fn list_reconciliation_history(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<ReconciliationPath>,
    query: FromQuery<ReconciliationHistoryQuery>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.reconciliation_id);
    let slice = Slice {
        cursor: query.0.cursor,
        limit: query.0.limit,
    };
    let read = move |conn: &mut _| {
        reconciliation::history(conn, &creditor, id, (slice.cursor, slice.fetch()))
    };
    let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |past| past.id);
    let items = found.iter().map(ReconciliationChange::of).collect();
    Ok(HttpResponse::Ok().json(ReconciliationHistoryPage { items, next_cursor }))
}

impl ReconciliationChange {
    fn of(past: &Past) -> ReconciliationChange {
        let verdict = &past.verdict;
        ReconciliationChange {
            change_id: past.id,
            code: verdict.code.into(),
            flags: flags::shown(&verdict.flags),
            rule: Word::new(verdict.rule.as_str()),
            rule_version: verdict.rule_version,
            explanation: explained(&verdict.explanation),
            amount_cents: SignedCents(verdict.amount.get()),
            since_date: verdict.since,
            cause: past.origin.cause.into(),
            reconciliation_decision_id: past.origin.decision,
            client_id: past.origin.actor,
            recorded_at: past.recorded_at,
        }
    }
}
