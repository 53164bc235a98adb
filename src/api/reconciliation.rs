//! Reconciliation: where each line of money has ended, and why.

use actix_web::{HttpResponse, get};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::auth::Caller;
use super::input::{FromPath, FromQuery};
use super::problem::{Problem, catalogue};
use super::scalars::{Count, FlowCode, Iuv, Line1000, NoticeNumber, ReceiptId, SignedCents, Word};

/// What a line of money is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// A receipt.
    Receipt,
    /// An entry of a settlement flow.
    FlowEntry,
    /// A movement on the account.
    Treasury,
}

/// Where a line has ended. One code for each line; the first that holds, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReconciliationCode {
    /// An officer has closed it, with a reason.
    Forced,
    /// More than one payment of the same thing.
    DoublePayment,
    /// The payment was revoked.
    Revoked,
    /// Paid, reported and on the account.
    MatchedSettled,
    /// Paid and on the account on its own, without a flow.
    MatchedSettledSingle,
    /// Less is on the account than reported, and more may come.
    SettledPartial,
    /// What is on the account differs from what is reported.
    SettledAmountDiff,
    /// Paid and reported, not on the account yet.
    ReportedNotSettled,
    /// Paid and reported with different amounts.
    ReportedAmountDiff,
    /// Reported, and the receipt is missing.
    ReportedWithoutReceipt,
    /// Reported, and the debt is not known.
    ReportedUnknownDebt,
    /// Paid, not reported yet.
    PaidNotReported,
    /// On the account with a reference that leads nowhere.
    CashUnknownReference,
    /// On the account without a reference.
    CashUnidentified,
    /// Not ours to reconcile.
    OutOfScope,
}

/// What a code asks of an officer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReconciliationGroup {
    /// Nothing: it is matched.
    Ok,
    /// Nothing yet: it may still come.
    Pending,
    /// To look at it.
    Anomaly,
    /// Nothing any more: an officer has closed it.
    Closed,
    /// Nothing: it is not ours.
    Neutral,
}

/// What a line was held against.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconciliationReferences {
    /// The debt position.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub debt_position_id: Option<Uuid>,
    /// Number of the notice.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub notice_number: Option<NoticeNumber>,
    /// Reference of the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub iuv: Option<Iuv>,
    /// The payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payment_id: Option<Uuid>,
    /// Identifier of the receipt.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub receipt_id: Option<ReceiptId>,
    /// The settlement flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub settlement_flow_id: Option<Uuid>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub flow_code: Option<FlowCode>,
    /// The entry of the flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub flow_entry_id: Option<Uuid>,
    /// The movements on the account.
    #[schema(min_items = 0, max_items = 100)]
    pub treasury_entry_ids: Vec<Uuid>,
}

/// Where one line of money has ended.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Reconciliation)]
pub struct ReconciliationView {
    /// Identifier.
    pub reconciliation_id: Uuid,
    /// What the line is.
    pub line_kind: LineKind,
    /// Where it has ended.
    pub code: ReconciliationCode,
    /// What that asks of an officer.
    pub group: ReconciliationGroup,
    /// Further observations.
    #[schema(min_items = 0, max_items = 30)]
    pub flags: Vec<Word>,
    /// Why, in words, with the amounts that were compared.
    pub explanation: Line1000,
    /// Amount of the line.
    pub amount_cents: SignedCents,
    /// Since when it stands there.
    pub since_at: DateTime<Utc>,
    /// Days since the line came.
    pub age_days: Count,
    /// What it was held against.
    pub references: ReconciliationReferences,
}

/// One page of reconciliations.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconciliationPage {
    /// The lines, newest first.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<ReconciliationView>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// The reconciliation of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ReconciliationPath {
    /// Identifier of the reconciliation.
    pub reconciliation_id: Uuid,
}

/// Which reconciliations.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReconciliationQuery {
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
    /// Only that ask this of an officer.
    #[param(nullable = false, inline)]
    pub group: Option<ReconciliationGroup>,
}

/// List reconciliations
///
/// Every receipt, flow entry and movement, with where it has ended.
#[utoipa::path(operation_id = "list_reconciliations", tag = "reconciliations", security(("client" = ["reconciliations:read"])),
    params(ReconciliationQuery), responses((status = 200, description = "One page.", body = ReconciliationPage)))]
#[get("/reconciliations")]
pub(super) async fn list_reconciliations(
    caller: Caller,
    query: FromQuery<ReconciliationQuery>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _ = query.0;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}

/// Show a reconciliation
///
/// Why the line has ended where it is.
#[utoipa::path(operation_id = "show_reconciliation", tag = "reconciliations", security(("client" = ["reconciliations:read"])),
    params(ReconciliationPath), responses((status = 200, description = "The reconciliation.", body = ReconciliationView)))]
#[get("/reconciliations/{reconciliation_id}")]
pub(super) async fn show_reconciliation(
    caller: Caller,
    path: FromPath<ReconciliationPath>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _ = path.0.reconciliation_id;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}
