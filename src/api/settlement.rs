//! Settlement flows: what providers say they have transferred.

use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::auth::Caller;
use super::creditors::PageQuery;
use super::input::{FromPath, FromQuery, IdempotencyKey};
use super::jobs::JobView;
use super::problem::{Problem, catalogue};
use super::reconciliation::ReconciliationCode;
use super::scalars::{
    BankReference, Count, FlowCode, IdempotencyKeyHeader, Iuv, Line140, PspCode, ReceiptId,
    Revision, TotalCents, UriHeader,
};

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
    pub amount_cents: TotalCents,
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
    /// Name of the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub psp_legal_name: Option<Line140>,
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
    pub declared_amount_cents: TotalCents,
    /// Sum of the entries.
    pub computed_amount_cents: TotalCents,
    /// Number of entries that the head declares.
    pub declared_entries: Count,
    /// Number of entries.
    pub computed_entries: Count,
    /// Where the entries have ended.
    #[schema(min_items = 0, max_items = 15)]
    pub counts: Vec<CodeCount>,
}

/// One page of settlement flows.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettlementFlowPage {
    /// The flows, newest first.
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
    /// Identifier.
    pub flow_entry_id: Uuid,
    /// Place in the flow.
    pub place: Count,
    /// Reference of the payment.
    pub iuv: Iuv,
    /// Reference of the collection (IUR), which is the receipt identifier in most cases.
    pub collection_reference: ReceiptId,
    /// Which transfer of the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int32, minimum = 0, maximum = 999)]
    pub transfer_index: Option<u16>,
    /// Amount.
    pub amount_cents: TotalCents,
    /// Outcome.
    pub outcome: FlowOutcome,
    /// Day of the outcome.
    pub outcome_date: NaiveDate,
    /// Where it has ended.
    pub code: ReconciliationCode,
    /// The payment; absent when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payment_id: Option<Uuid>,
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
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
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
/// Newest first; superseded revisions are listed too.
#[utoipa::path(operation_id = "list_settlement_flows", tag = "settlement-flows", security(("client" = ["settlements:read"])),
    params(SettlementFlowQuery), responses((status = 200, description = "One page.", body = SettlementFlowPage)))]
#[get("/settlement-flows")]
pub(super) async fn list_settlement_flows(
    caller: Caller,
    query: FromQuery<SettlementFlowQuery>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _ = query.0;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}

/// Show a settlement flow
///
/// With its totals, declared and computed, and where its entries have ended.
#[utoipa::path(operation_id = "show_settlement_flow", tag = "settlement-flows", security(("client" = ["settlements:read"])),
    params(SettlementFlowPath), responses((status = 200, description = "The flow.", body = SettlementFlowView)))]
#[get("/settlement-flows/{settlement_flow_id}")]
pub(super) async fn show_settlement_flow(
    caller: Caller,
    path: FromPath<SettlementFlowPath>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _ = path.0.settlement_flow_id;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}

/// List the entries of a settlement flow
///
/// In pages, because a flow may have a hundred thousand.
#[utoipa::path(operation_id = "list_settlement_flow_entries", tag = "settlement-flows", security(("client" = ["settlements:read"])),
    params(SettlementFlowPath, PageQuery), responses((status = 200, description = "One page.", body = SettlementFlowEntryPage)))]
#[get("/settlement-flows/{settlement_flow_id}/entries")]
pub(super) async fn list_settlement_flow_entries(
    caller: Caller,
    path: FromPath<SettlementFlowPath>,
    query: FromQuery<PageQuery>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _ = (path.0.settlement_flow_id, query.0);
    Err(Problem::of(&catalogue::UNAVAILABLE))
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
    caller: Caller,
    key: IdempotencyKey,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _ = key.as_str();
    Err(Problem::of(&catalogue::UNAVAILABLE))
}
