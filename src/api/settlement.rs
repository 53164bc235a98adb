//! Settlement flows: what providers say they have transferred.

mod changes;
mod refusals;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::Caller;
use super::input::{FromPath, FromQuery, IdempotencyKey};
use super::jobs::JobView;
use super::page::Slice;
use super::problem::Problem;
use super::reconciliation::ReconciliationCode;
use super::repeat::Asked;
use super::scalars::{
    BankReference, Count, FlowCode, IdempotencyKeyHeader, Iuv, PspCode, ReceiptId, Revision,
    SignedCents, UriHeader,
};
use crate::app::settlement::{self, Filed, Filter, LineView};
use crate::app::{StoreError, idempotency, jobs, reconciliation};
use crate::domain::settlement::Outcome;
use crate::domain::text::fit;
pub(super) use changes::list_settlement_flow_changes;
pub use changes::{
    FlowChangeKind, FlowEntryVersion, IssuedCollectionOrder, SettlementFlowChange,
    SettlementFlowChangePage,
};
pub use refusals::{
    ClosedFlowRefusal, FlowRefusalClosing, SettlementFlowRefusal, SettlementFlowRefusalPage,
    SettlementFlowRefusalPath,
};
pub(super) use refusals::{close_settlement_flow_refusal, list_settlement_flow_refusals};

/// The kind of job that asks the payment node for flows.
const PULL: &str = "pull_flows";

/// Whether a revision of a flow counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlowState {
    /// The newest revision.
    Live,
    /// A newer revision has replaced it.
    Superseded,
}

/// How many entries of a flow have ended where.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodeCount {
    /// Where they have ended.
    pub code: ReconciliationCode,
    /// How many.
    pub entries: Count,
    /// Their sum.
    pub amount_cents: SignedCents,
}

/// A settlement flow.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SettlementFlow)]
pub struct SettlementFlowView {
    /// Identifier.
    pub settlement_flow_id: Uuid,
    /// Provider that sent it.
    pub psp: PspCode,
    /// The name that the provider gave it, which is in the bank's text.
    pub flow_code: FlowCode,
    /// Revision of the provider.
    pub revision: Revision,
    /// Whether this revision counts.
    pub state: FlowState,
    /// Bank reference of the transfer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub transfer_reference: Option<BankReference>,
    /// Day of the transfer.
    pub regulation_date: NaiveDate,
    /// Instant at which the flow was made.
    pub made_at: DateTime<Utc>,
    /// Instant at which we have stored it.
    pub received_at: DateTime<Utc>,
    /// Sum that the head declares.
    pub declared_amount_cents: SignedCents,
    /// Sum of the entries.
    pub computed_amount_cents: SignedCents,
    /// Number of entries that the head declares.
    pub declared_entries: Count,
    /// Number of entries.
    pub computed_entries: Count,
    /// Number of rows that could not be read and are kept among the refusals; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub unread_entries: Option<Count>,
    /// Where the entries have ended; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_items = 0, max_items = 15)]
    pub counts: Option<Vec<CodeCount>>,
}

/// One page of settlement flows.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettlementFlowPage {
    /// The flows, in the order they reached us.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<SettlementFlowView>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// Outcome of a payment, as a flow tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlowOutcome {
    /// Code 0: executed.
    Executed,
    /// Code 3: revoked.
    Revoked,
    /// Code 4: executed in stand-in.
    StandIn,
    /// Code 8: executed in stand-in, without a receipt.
    StandInWithoutReceipt,
    /// Code 9: executed without a receipt.
    WithoutReceipt,
    /// A code that we do not know.
    Unknown,
}

/// One line of a settlement flow.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettlementFlowEntry {
    /// Place in the flow, from 1.
    #[schema(format = Int32, minimum = 0, maximum = 2_147_483_647)]
    pub place: i32,
    /// Reference of the payment.
    pub iuv: Iuv,
    /// Reference of the collection (IUR), which is the receipt identifier in most cases.
    pub collection_reference: ReceiptId,
    /// Which transfer of the payment.
    #[schema(format = Int32, minimum = 0, maximum = 32_767)]
    pub transfer_index: i16,
    /// Amount; providers write some revocations below zero.
    pub amount_cents: SignedCents,
    /// Outcome.
    pub outcome: FlowOutcome,
    /// Day of the payment.
    pub paid_date: NaiveDate,
    /// Where it has ended; absent until it is classified.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code: Option<ReconciliationCode>,
}

/// One page of entries.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettlementFlowEntryPage {
    /// The entries.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<SettlementFlowEntry>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int32, minimum = 0, maximum = 2_147_483_647)]
    pub next_cursor: Option<i32>,
}

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SettlementFlowEntryQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false, format = Int32, minimum = 0, maximum = 2_147_483_647)]
    pub cursor: Option<i32>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
}

/// The settlement flow of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct SettlementFlowPath {
    /// Identifier of the settlement flow.
    pub settlement_flow_id: Uuid,
}

/// Which settlement flows.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SettlementFlowQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
    /// Only transferred on this day or later.
    #[param(nullable = false)]
    pub regulation_from_date: Option<NaiveDate>,
    /// Only transferred on this day or earlier.
    #[param(nullable = false)]
    pub regulation_to_date: Option<NaiveDate>,
    /// Only of this name.
    #[param(nullable = false, inline)]
    pub flow_code: Option<FlowCode>,
    /// Only in this state.
    #[param(nullable = false, inline)]
    pub state: Option<FlowState>,
}

/// List settlement flows
///
/// In the order they reached us; superseded revisions are listed too.
#[utoipa::path(operation_id = "list_settlement_flows", tag = "settlement-flows", security(("client" = ["settlements:read"])),
    params(SettlementFlowQuery), responses((status = 200, description = "One page.", body = SettlementFlowPage)))]
#[get("/settlement-flows")]
pub(super) async fn list_settlement_flows(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<SettlementFlowQuery>,
) -> Result<HttpResponse, Problem> {
    let (creditor, query) = (caller.creditor()?.clone(), query.0);
    let filter = Filter {
        flow_id: query.flow_code.map(|code| code.as_str().to_owned()),
        psp_id: None,
        state: query.state.map(|state| match state {
            FlowState::Live => settlement::FlowState::Live,
            FlowState::Superseded => settlement::FlowState::Superseded,
        }),
        regulation_from: query.regulation_from_date,
        regulation_to: query.regulation_to_date,
    };
    let slice = Slice {
        cursor: query.cursor,
        limit: query.limit,
    };
    let read = move |conn: &mut _| {
        settlement::page(conn, &creditor, &filter, (slice.cursor, slice.fetch()))
    };
    let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |filed| filed.id);
    let items = found.iter().map(SettlementFlowView::of).collect();
    Ok(HttpResponse::Ok().json(SettlementFlowPage { items, next_cursor }))
}

/// Show a settlement flow
///
/// With its totals, declared and computed, and where its entries have ended.
#[utoipa::path(operation_id = "show_settlement_flow", tag = "settlement-flows", security(("client" = ["settlements:read"])),
    params(SettlementFlowPath), responses((status = 200, description = "The flow.", body = SettlementFlowView)))]
#[get("/settlement-flows/{settlement_flow_id}")]
pub(super) async fn show_settlement_flow(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<SettlementFlowPath>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.settlement_flow_id);
    let found = state
        .ctx
        .read(move |conn| settlement::get(conn, &creditor, id))
        .await?;
    Ok(HttpResponse::Ok().json(SettlementFlowView::whole(&found)))
}

/// List the entries of a settlement flow
///
/// In pages, because a flow may have a hundred thousand.
#[utoipa::path(operation_id = "list_settlement_flow_entries", tag = "settlement-flows", security(("client" = ["settlements:read"])),
    params(SettlementFlowPath, SettlementFlowEntryQuery), responses((status = 200, description = "One page.", body = SettlementFlowEntryPage)))]
#[get("/settlement-flows/{settlement_flow_id}/entries")]
pub(super) async fn list_settlement_flow_entries(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<SettlementFlowPath>,
    query: FromQuery<SettlementFlowEntryQuery>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.settlement_flow_id);
    let slice = Slice {
        cursor: query.0.cursor,
        limit: query.0.limit,
    };
    let read = move |conn: &mut _| {
        let after = slice.cursor.unwrap_or(0);
        settlement::lines(conn, &creditor, id, (after, slice.fetch()))
    };
    let found = state.ctx.read(read).await?;
    let (found, next_cursor) = slice.cut(found, |view| view.line.number);
    let items = found.iter().map(entry).collect();
    Ok(HttpResponse::Ok().json(SettlementFlowEntryPage { items, next_cursor }))
}

/// Pull settlement flows now
///
/// Asks the payment node for new flows instead of waiting for the next round. The job tells when it is done.
#[utoipa::path(operation_id = "pull_settlement_flows", tag = "settlement-flows", security(("client" = ["settlements:write"])),
    params(("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    responses((status = 202, description = "Under way.", body = JobView,
        headers(("Location" = inline(UriHeader), description = "Where the job is.")),
        links(("shown" = (operation_id = "show_job", parameters(("job_id" = "$response.body#/job_id")), description = "See how far it is."))))))]
#[post("/settlement-flow-pulls")]
pub(super) async fn pull_settlement_flows(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::new(&caller, "pull_settlement_flows", &key, [0; 32])?;
    if let Some(answer) = asked.before(&state).await? {
        return Ok(answer);
    }
    let (creditor, id) = (caller.creditor()?.clone(), state.ctx.ids.next());
    let (sealed, location) = (asked.clone(), state.address(&format!("/jobs/{id}")));
    let made = state.write(&caller, move |tx, now| {
        let job = jobs::enqueue(tx, now, &creditor, (id, PULL))?;
        let view = (&JobView::of(&job), None);
        let answer = sealed.answered(StatusCode::ACCEPTED, location.clone(), view);
        idempotency::remember(tx, now, &sealed.intent, &answer)?;
        Ok::<_, StoreError>(answer)
    });
    let made = made.await;
    if made.is_ok() {
        state.ctx.jobs_due.notify_one();
    }
    asked.end(&state, made.map_err(Problem::from)).await
}

impl SettlementFlowView {
    fn whole(found: &settlement::View) -> SettlementFlowView {
        let count = |count: &reconciliation::CodeCount| CodeCount {
            code: count.code.into(),
            entries: Count(count.count),
            amount_cents: SignedCents(count.amount.get()),
        };
        SettlementFlowView {
            unread_entries: Some(Count(found.unread)),
            counts: Some(found.counts.iter().map(count).collect()),
            ..SettlementFlowView::of(&found.filed)
        }
    }

    fn of(filed: &Filed) -> SettlementFlowView {
        let head = &filed.header;
        let reference = fit(&head.regulation, 70);
        let reference = Some(reference).filter(|text| !text.is_empty());
        SettlementFlowView {
            settlement_flow_id: filed.id,
            psp: PspCode::new(head.psp_id.as_str()),
            flow_code: FlowCode::new(head.flow_id.as_str()),
            revision: Revision(head.revision),
            state: match filed.state {
                settlement::FlowState::Live => FlowState::Live,
                settlement::FlowState::Superseded => FlowState::Superseded,
            },
            transfer_reference: reference.map(BankReference::new),
            regulation_date: head.regulation_on,
            made_at: head.flow_at,
            received_at: filed.fetched_at,
            declared_amount_cents: SignedCents(head.declared_sum.get()),
            computed_amount_cents: SignedCents(filed.totals.sum.get()),
            declared_entries: Count(head.declared_count),
            computed_entries: Count(filed.totals.count),
            unread_entries: None,
            counts: None,
        }
    }
}

fn entry(view: &LineView) -> SettlementFlowEntry {
    let line = &view.line;
    SettlementFlowEntry {
        place: line.number,
        iuv: Iuv::new(line.iuv.as_str()),
        collection_reference: ReceiptId::new(line.iur.as_str()),
        transfer_index: line.transfer,
        amount_cents: SignedCents(line.amount.get()),
        outcome: line.outcome.into(),
        paid_date: line.paid_on,
        code: view.found.as_ref().map(|found| found.verdict.code.into()),
    }
}

impl From<Outcome> for FlowOutcome {
    fn from(outcome: Outcome) -> FlowOutcome {
        match outcome {
            Outcome::Executed => FlowOutcome::Executed,
            Outcome::Revoked => FlowOutcome::Revoked,
            Outcome::StandIn => FlowOutcome::StandIn,
            Outcome::StandInNoReceipt => FlowOutcome::StandInWithoutReceipt,
            Outcome::NoReceipt => FlowOutcome::WithoutReceipt,
            Outcome::Unknown => FlowOutcome::Unknown,
        }
    }
}
