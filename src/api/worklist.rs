//! The worklist: open lines, who works on them, what was done about them, and how old they are.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, patch, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::Caller;
use super::faults::Faults;
use super::input::{Conditions, FromBody, FromPath, FromQuery, IdempotencyKey};
use super::page::Slice;
use super::problem::Problem;
use super::reconciliation::{
    LineKind, ReconciliationCode, ReconciliationFlag, ReconciliationPath, ReconciliationView,
};
use super::repeat::Asked;
use super::scalars::{
    Count, EntityTagHeader, EntityTagsHeader, IdempotencyKeyHeader, Line70, Line1000, NoticeNumber,
    ReceiptId, Revision, ServiceCode, SignedCents, TotalCents, UriHeader, Word,
};
use super::tagged;
use crate::app::idempotency;
use crate::app::worklist::{self, Act, Done, Error, Item, Overpaid, Question};
use crate::domain::reconciliation as rules;
use crate::domain::reconciliation::work;
use crate::domain::text::Text;

/// How far somebody is with an open line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WorkState {
    /// Nobody has begun.
    New,
    /// Somebody looks into it.
    InProgress,
    /// The bank, the provider or another office has been asked.
    Waiting,
}

twins!(WorkState = work::WorkState: New, InProgress, Waiting);

/// How long a line has been where it is, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgeBucket {
    /// Up to three days.
    Fresh,
    /// Four to ten days.
    Week,
    /// Eleven to thirty days.
    Month,
    /// More than thirty days.
    Older,
}

twins!(AgeBucket = rules::AgeBucket: Fresh, Week, Month, Older);

/// An open line and who works on it.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkItem {
    /// The line.
    pub reconciliation: ReconciliationView,
    /// How long it has been there.
    pub age_bucket: AgeBucket,
    /// The person or office that works on it; absent when nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub assignee: Option<Line70>,
    /// How far they are.
    pub state: WorkState,
    /// Revision of the work; 0 when nothing was done.
    pub revision: Revision,
}

/// One page of the worklist.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkItemPage {
    /// The items, in the order their lines were first classified.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<WorkItem>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// Which items.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WorkItemQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
    /// Only that have ended here.
    #[param(nullable = false, inline)]
    pub code: Option<ReconciliationCode>,
    /// Only of this kind of line.
    #[param(nullable = false, inline)]
    pub line_kind: Option<LineKind>,
    /// Only on which this person or office works.
    #[param(nullable = false, inline)]
    pub assignee: Option<Line70>,
    /// Only on which somebody works, or on which nobody does.
    #[param(nullable = false)]
    pub assigned: Option<bool>,
    /// Only which are this far.
    #[param(nullable = false, inline)]
    pub state: Option<WorkState>,
    /// Only this old.
    #[param(nullable = false, inline)]
    pub age_bucket: Option<AgeBucket>,
    /// Only with this flag.
    #[param(nullable = false, inline)]
    pub flag: Option<ReconciliationFlag>,
}

/// A change of the work on a line, a merge patch.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1, example = json!({"assignee": "Ufficio Ragioneria", "state": "in_progress"}))]
pub struct WorkItemAmendment {
    /// The person or office that works on it from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub assignee: Option<Line70>,
    /// `false` takes it from whoever has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub assigned: Option<bool>,
    /// How far it is from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub state: Option<WorkState>,
}

/// Something to say about a line.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"text": "Chiesto il dettaglio alla tesoreria"}))]
pub struct NewWorkComment {
    /// What.
    pub text: Line1000,
}

/// Something that was done about a line.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkEvent {
    /// Identifier.
    pub work_event_id: Uuid,
    /// The client.
    pub client_id: Uuid,
    /// Who works on the line since; absent when nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub assignee: Option<Line70>,
    /// How far it is since.
    pub state: WorkState,
    /// What was said; absent when something else changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub text: Option<Line1000>,
    /// The instant.
    pub at: DateTime<Utc>,
}

/// One page of what was done about a line.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkEventPage {
    /// What was done, oldest first.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<WorkEvent>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// A part of what was done.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WorkEventQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
}

/// Open lines of one kind, code and age.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgedLines {
    /// How old.
    pub age_bucket: AgeBucket,
    /// Which kind of line.
    pub line_kind: LineKind,
    /// Where they have ended.
    pub code: ReconciliationCode,
    /// How many.
    pub count: Count,
    /// Their sum.
    pub amount_cents: SignedCents,
}

/// An account of the ledger that comes back to zero when all is explained.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClearingAccount {
    /// Which: `in_transit`, `announced`, `unexplained_cash`.
    pub account: Word,
    /// Debits less credits.
    pub balance_cents: SignedCents,
    /// Since when the oldest open line behind it waits; absent when none is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub oldest_date: Option<NaiveDate>,
    /// Days since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub age_days: Option<Count>,
}

/// How old open lines are.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Aging {
    /// The day of the ages.
    pub as_of_date: NaiveDate,
    /// Open lines by age, kind and code.
    #[schema(min_items = 0, max_items = 200)]
    pub lines: Vec<AgedLines>,
    /// The clearing accounts.
    #[schema(min_items = 3, max_items = 3)]
    pub clearing_accounts: Vec<ClearingAccount>,
    /// What could not be read of the treasurer's files and waits for somebody.
    pub treasury_refusals: OpenRefusals,
    /// What could not be read of settlement flows and waits for somebody.
    pub settlement_flow_refusals: OpenRefusals,
}

/// Refusals that wait for somebody.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenRefusals {
    /// How many.
    pub count: Count,
    /// When the oldest of them came; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub oldest_received_at: Option<DateTime<Utc>>,
}

/// A payment of what was not owed.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundOwed {
    /// The payment.
    pub payment_id: Uuid,
    /// Its receipt.
    pub receipt_id: ReceiptId,
    /// The notice.
    pub notice_number: NoticeNumber,
    /// The creditor's service; absent when the notice is not in these books.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub service_code: Option<ServiceCode>,
    /// The creditor's own share, to be given back.
    pub amount_cents: TotalCents,
    /// Legal day of payment.
    pub paid_date: NaiveDate,
}

/// One page of refunds owed.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefundOwedPage {
    /// The payments, in the order they came.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<RefundOwed>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// Which refunds.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RefundOwedQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
}

/// List open lines
///
/// What is not explained yet and what is wrong, with who works on it. A line leaves the list by itself when
/// facts or a decision explain it.
#[utoipa::path(operation_id = "list_work_items", tag = "worklist", security(("client" = ["reconciliations:read"])),
    params(WorkItemQuery), responses((status = 200, description = "One page.", body = WorkItemPage)))]
#[get("/work-items")]
pub(super) async fn list_work_items(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<WorkItemQuery>,
) -> Result<HttpResponse, Problem> {
    let (creditor, query, now) = (caller.creditor()?.clone(), query.0, state.ctx.now());
    let question = Question {
        code: query.code.map(rules::Code::from),
        kind: query.line_kind.map(rules::LineKind::from),
        assignee: query.assignee.map(|name| name.as_str().to_owned()),
        assigned: query.assigned,
        state: query.state.map(work::WorkState::from),
        bucket: query.age_bucket.map(rules::AgeBucket::from),
        flag: query.flag.map(rules::Flag::from),
    };
    let slice = Slice {
        cursor: query.cursor,
        limit: query.limit,
    };
    let read = move |conn: &mut _| {
        worklist::page(
            conn,
            &creditor,
            &question,
            (slice.cursor, slice.fetch()),
            now,
        )
    };
    let found = state.ctx.read(read).await?;
    let (found, next_cursor) = slice.cut(found, |item| item.view.filed.id);
    let items = found.iter().map(WorkItem::of).collect();
    Ok(HttpResponse::Ok().json(WorkItemPage { items, next_cursor }))
}

/// Show the work on a line
///
/// Of any line, also of one that is explained by now.
#[utoipa::path(operation_id = "show_work_item", tag = "worklist", security(("client" = ["reconciliations:read"])),
    params(ReconciliationPath),
    responses((status = 200, description = "The line and the work on it.", body = WorkItem,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the work; the line has none.")))))]
#[get("/work-items/{reconciliation_id}")]
pub(super) async fn show_work_item(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<ReconciliationPath>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id, now) = (
        caller.creditor()?.clone(),
        path.0.reconciliation_id,
        state.ctx.now(),
    );
    let read = move |conn: &mut _| worklist::get(conn, &creditor, id, now);
    let found = state.ctx.read(read).await?;
    Ok(tagged(&WorkItem::of(&found), found.work.revision))
}

/// Assign a line, or say how far it is
///
/// A merge patch; `If-Match` must carry the version that was read. Only open lines are worked on.
#[utoipa::path(operation_id = "amend_work_item", tag = "worklist", security(("client" = ["reconciliations:write"])),
    params(ReconciliationPath, ("If-Match" = inline(EntityTagsHeader), Header, description = "Version that was read; without it the answer is 428.")),
    request_body(content = WorkItemAmendment, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The line and the work on it.", body = WorkItem,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the work.")))))]
#[patch("/work-items/{reconciliation_id}")]
pub(super) async fn amend_work_item(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<ReconciliationPath>,
    conditions: Conditions,
    body: FromBody<WorkItemAmendment>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.reconciliation_id);
    let conditions = conditions.required()?;
    let (held, now) = (creditor.clone(), state.ctx.now());
    let read = move |conn: &mut _| worklist::get(conn, &held, id, now);
    let seen = state.ctx.read(read).await?.work.revision;
    conditions.check(Some(seen))?;
    let mut faults = Faults::default();
    let assignee = match (&body.value.assignee, body.value.assigned) {
        (Some(name), _) => {
            let name = faults.read("/assignee", Text::parse(name.as_str()));
            Some(Some(faults.result(name)?))
        }
        (None, Some(false)) => Some(None),
        (None, Some(true) | None) => None,
    };
    let act = Act {
        assignee,
        state: body.value.state.map(work::WorkState::from),
        remark: None,
    };
    let (ctx, client) = (state.ctx.clone(), caller.client_id);
    let changed = state.write(&caller, move |tx, now| {
        let which = (&creditor, id, Some(seen));
        worklist::act(tx, now, &ctx, which, (client, act.clone()))
    });
    let (item, _) = changed.await?;
    Ok(tagged(&WorkItem::of(&item), item.work.revision))
}

/// Comment on a line
///
/// Open or not.
#[utoipa::path(operation_id = "register_work_comment", tag = "worklist", security(("client" = ["reconciliations:write"])),
    params(ReconciliationPath, ("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body = NewWorkComment,
    responses((status = 201, description = "Kept.", body = WorkEvent,
        headers(("Location" = inline(UriHeader), description = "Where the comments are listed.")))))]
#[post("/work-items/{reconciliation_id}/comments")]
pub(super) async fn register_work_comment(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<ReconciliationPath>,
    key: IdempotencyKey,
    body: FromBody<NewWorkComment>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.reconciliation_id);
    let asked = Asked::of(&caller, ("register_work_comment", id), &key, body.digest)?;
    if let Some(answer) = asked.before(&state).await? {
        return Ok(answer);
    }
    let mut faults = Faults::default();
    let text = faults.read("/text", Text::parse(body.value.text.as_str()));
    let act = Act {
        remark: Some(faults.result(text)?),
        ..Act::default()
    };
    let location = state.address(&format!("/work-items/{id}/events"));
    let (ctx, client, sealed) = (state.ctx.clone(), caller.client_id, asked.clone());
    let made = state.write(&caller, move |tx, now| {
        let which = (&creditor, id, None);
        let (_, done) = worklist::act(tx, now, &ctx, which, (client, act.clone()))?;
        let view = (&WorkEvent::of(&done), None);
        let answer = sealed.answered(StatusCode::CREATED, location.clone(), view);
        idempotency::remember(tx, now, &sealed.intent, &answer)?;
        Ok::<_, Error>(answer)
    });
    asked.end(&state, made.await.map_err(Problem::from)).await
}

/// List what was done about a line
///
/// Assignments, states and comments, oldest first, each with the client behind it.
#[utoipa::path(operation_id = "list_work_events", tag = "worklist", security(("client" = ["reconciliations:read"])),
    params(ReconciliationPath, WorkEventQuery), responses((status = 200, description = "One page.", body = WorkEventPage)))]
#[get("/work-items/{reconciliation_id}/events")]
pub(super) async fn list_work_events(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<ReconciliationPath>,
    query: FromQuery<WorkEventQuery>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.reconciliation_id);
    let slice = Slice {
        cursor: query.0.cursor,
        limit: query.0.limit,
    };
    let read =
        move |conn: &mut _| worklist::done(conn, &creditor, id, (slice.cursor, slice.fetch()));
    let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |done| done.id);
    let items = found.iter().map(WorkEvent::of).collect();
    Ok(HttpResponse::Ok().json(WorkEventPage { items, next_cursor }))
}

/// Show how old open lines are
///
/// By age, kind and code, with totals; the clearing accounts of the ledger, with the age of what they wait for;
/// and how much of the treasurer's files nobody could read or has dealt with.
#[utoipa::path(operation_id = "show_aging", tag = "worklist", security(("client" = ["reconciliations:read"])),
    responses((status = 200, description = "The ages of today.", body = Aging)))]
#[get("/aging")]
pub(super) async fn show_aging(
    state: web::Data<State>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let (creditor, now) = (caller.creditor()?.clone(), state.ctx.now());
    let read = move |conn: &mut _| worklist::aging(conn, &creditor, now);
    let found = state.ctx.read(read).await?;
    Ok(HttpResponse::Ok().json(Aging::of(&found)))
}

/// List refunds owed
///
/// Payments of something that was paid already, by another option too, or that the creditor had withdrawn. A
/// payment leaves the list when its line is closed by a decision, `refunded` for one.
#[utoipa::path(operation_id = "list_refunds_owed", tag = "worklist", security(("client" = ["reconciliations:read"])),
    params(RefundOwedQuery), responses((status = 200, description = "One page.", body = RefundOwedPage)))]
#[get("/refunds-owed")]
pub(super) async fn list_refunds_owed(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<RefundOwedQuery>,
) -> Result<HttpResponse, Problem> {
    let creditor = caller.creditor()?.clone();
    let slice = Slice {
        cursor: query.0.cursor,
        limit: query.0.limit,
    };
    let read =
        move |conn: &mut _| worklist::overpaid(conn, &creditor, (slice.cursor, slice.fetch()));
    let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |owed| owed.id);
    let items = found.iter().map(RefundOwed::of).collect();
    Ok(HttpResponse::Ok().json(RefundOwedPage { items, next_cursor }))
}

impl WorkItem {
    fn of(item: &Item) -> WorkItem {
        WorkItem {
            reconciliation: ReconciliationView::of(&item.view),
            age_bucket: item.view.bucket.into(),
            assignee: item
                .work
                .assignee
                .as_ref()
                .map(|name| Line70::new(name.as_str())),
            state: item.work.state.into(),
            revision: Revision(item.work.revision),
        }
    }
}

impl WorkEvent {
    fn of(done: &Done) -> WorkEvent {
        WorkEvent {
            work_event_id: done.id,
            client_id: done.client,
            assignee: done
                .assignee
                .as_ref()
                .map(|name| Line70::new(name.as_str())),
            state: done.state.into(),
            text: done
                .remark
                .as_ref()
                .map(|text| Line1000::new(text.as_str())),
            at: done.at,
        }
    }
}

impl RefundOwed {
    fn of(owed: &Overpaid) -> RefundOwed {
        RefundOwed {
            payment_id: owed.id,
            receipt_id: ReceiptId::new(owed.receipt_id.as_str()),
            notice_number: NoticeNumber::new(owed.notice_number.as_str()),
            service_code: owed.service_code.as_deref().map(ServiceCode::new),
            amount_cents: TotalCents(owed.amount.get()),
            paid_date: owed.paid_on,
        }
    }
}

impl Aging {
    fn of(aging: &worklist::Aging) -> Aging {
        let lines = aging.lines.iter().map(|one| AgedLines {
            age_bucket: one.bucket.into(),
            line_kind: one.kind.into(),
            code: one.code.into(),
            count: Count(one.count),
            amount_cents: SignedCents(one.amount.get()),
        });
        let days = |oldest: NaiveDate| {
            let days = aging.today.signed_duration_since(oldest).num_days();
            Count(days.max(0))
        };
        let clearing = aging.clearing.iter().map(|one| ClearingAccount {
            account: Word::new(one.account.as_str()),
            balance_cents: SignedCents(one.balance.get()),
            oldest_date: one.oldest,
            age_days: one.oldest.map(days),
        });
        Aging {
            as_of_date: aging.today,
            lines: lines.collect(),
            clearing_accounts: clearing.collect(),
            treasury_refusals: OpenRefusals::of(aging.refusals),
            settlement_flow_refusals: OpenRefusals::of(aging.flow_refusals),
        }
    }
}

impl OpenRefusals {
    fn of(open: worklist::OpenRefusals) -> OpenRefusals {
        OpenRefusals {
            count: Count(open.count),
            oldest_received_at: open.oldest,
        }
    }
}
