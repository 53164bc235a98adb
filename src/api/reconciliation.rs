//! Reconciliation: where each line of money has ended, and why.

mod flags;
mod history;
mod suggestions;
mod terms;

use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

pub use flags::ReconciliationFlag;
pub(super) use history::list_reconciliation_history;
pub use history::{
    ReconciliationCause, ReconciliationChange, ReconciliationHistoryPage,
    ReconciliationHistoryQuery,
};
pub(super) use suggestions::show_reconciliation_suggestions;
pub use suggestions::{Likeness, ReconciliationSuggestion, ReconciliationSuggestions};
pub use terms::{NewReconciliationTerms, ReconciliationTermsView};
pub(super) use terms::{replace_reconciliation_terms, show_reconciliation_terms};

use super::State;
use super::auth::Caller;
use super::decisions::DecisionReason;
use super::input::{FromPath, FromQuery};
use super::page::Slice;
use super::problem::Problem;
use super::scalars::{Count, Iuv, Line140, SignedCents, Word};
use crate::app::reconciliation::{self, Filter, Question, View};
use crate::domain::reconciliation::{self as rules, Code, Group};

/// What a line of money is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// A transfer of a receipt.
    Receipt,
    /// An entry of a settlement flow.
    FlowLine,
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

/// Two amounts that were compared.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ComparedAmounts {
    /// Which two.
    pub what: Word,
    /// The first.
    pub left_cents: SignedCents,
    /// The second.
    pub right_cents: SignedCents,
    /// The first less the second.
    pub difference_cents: SignedCents,
}

/// The facts that a line was held against, by their natural keys.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconciliationInputs {
    /// Numbers of notices.
    #[schema(min_items = 0, max_items = 1000)]
    pub notices: Vec<Line140>,
    /// Receipts: identifier and transfer.
    #[schema(min_items = 0, max_items = 1000)]
    pub receipts: Vec<Line140>,
    /// Entries of flows: provider, flow, revision and place.
    #[schema(min_items = 0, max_items = 1000)]
    pub flow_lines: Vec<Line140>,
    /// Movements on the account: year, account and number.
    #[schema(min_items = 0, max_items = 1000)]
    pub credits: Vec<Line140>,
    /// Flows that a bank text may mean, when there are several.
    #[schema(min_items = 0, max_items = 1000)]
    pub candidates: Vec<Line140>,
    /// Other flows that the same cash pays, as an officer has decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(min_items = 0, max_items = 1000)]
    pub companions: Vec<Line140>,
}

/// The decision that has closed a line.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosedBy {
    /// The decision.
    pub reconciliation_decision_id: Uuid,
    /// Its reason.
    pub reason: DecisionReason,
    /// Where the line would have ended without it.
    pub instead_of: ReconciliationCode,
}

/// Why a line has ended where it is.
#[derive(Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconciliationExplanation {
    /// The facts that were looked at.
    pub inputs: ReconciliationInputs,
    /// The amounts that were compared.
    #[schema(min_items = 0, max_items = 1000)]
    pub compared: Vec<ComparedAmounts>,
    /// What has closed the line; absent when no officer has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub closed_by: Option<ClosedBy>,
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
    /// What the code means, in Italian.
    pub label: Line140,
    /// Key of the line: receipt and transfer; provider, flow, revision and place; year, account and number.
    pub line_key: Line140,
    /// Further observations.
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
    /// Reference of the payment; absent for a movement without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub iuv: Option<Iuv>,
    /// Day of the newest fact behind the code.
    pub since_date: NaiveDate,
    /// Days since then.
    pub age_days: Count,
    /// Instant of the last change.
    pub updated_at: DateTime<Utc>,
}

/// One page of reconciliations.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconciliationPage {
    /// The lines, in the order they were first classified.
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
    /// Only whose code asks this of an officer, its age not considered.
    #[param(nullable = false, inline)]
    pub group: Option<ReconciliationGroup>,
    /// Only of this payment.
    #[param(nullable = false, inline)]
    pub iuv: Option<Iuv>,
    /// Only with this flag.
    #[param(nullable = false, inline)]
    pub flag: Option<ReconciliationFlag>,
}

/// List reconciliations
///
/// Every receipt, flow entry and movement, with where it has ended.
#[utoipa::path(operation_id = "list_reconciliations", tag = "reconciliations", security(("client" = ["reconciliations:read"])),
    params(ReconciliationQuery), responses((status = 200, description = "One page.", body = ReconciliationPage)))]
#[get("/reconciliations")]
pub(super) async fn list_reconciliations(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<ReconciliationQuery>,
) -> Result<HttpResponse, Problem> {
    let (creditor, query, now) = (caller.creditor()?.clone(), query.0, state.ctx.now());
    let question = Question {
        filter: Filter {
            codes: query.code.map(Code::from).into_iter().collect(),
            kind: query.line_kind.map(rules::LineKind::from),
            iuv: query.iuv.map(|iuv| iuv.as_str().to_owned()),
            flag: query.flag.map(rules::Flag::from),
            ..Filter::default()
        },
        group: query.group.map(Group::from),
    };
    let slice = Slice {
        cursor: query.cursor,
        limit: query.limit,
    };
    let read = move |conn: &mut _| {
        reconciliation::page(
            conn,
            &creditor,
            &question,
            (slice.cursor, slice.fetch()),
            now,
        )
    };
    let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |view| view.filed.id);
    let items = found.iter().map(ReconciliationView::of).collect();
    Ok(HttpResponse::Ok().json(ReconciliationPage { items, next_cursor }))
}

/// Show a reconciliation
///
/// Why the line has ended where it is.
#[utoipa::path(operation_id = "show_reconciliation", tag = "reconciliations", security(("client" = ["reconciliations:read"])),
    params(ReconciliationPath), responses((status = 200, description = "The reconciliation.", body = ReconciliationView)))]
#[get("/reconciliations/{reconciliation_id}")]
pub(super) async fn show_reconciliation(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<ReconciliationPath>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.reconciliation_id);
    let now = state.ctx.now();
    let found = state
        .ctx
        .read(move |conn| reconciliation::get(conn, &creditor, id, now))
        .await?;
    Ok(HttpResponse::Ok().json(ReconciliationView::of(&found)))
}

fn explained(stored: &serde_json::Value) -> ReconciliationExplanation {
    serde_json::from_value(stored.clone()).unwrap_or_default()
}

impl ReconciliationView {
    pub(super) fn of(view: &View) -> ReconciliationView {
        let (filed, verdict) = (&view.filed, &view.filed.verdict);
        ReconciliationView {
            reconciliation_id: filed.id,
            line_kind: filed.line.kind.into(),
            code: verdict.code.into(),
            group: view.group.into(),
            label: Line140::new(verdict.code.label()),
            line_key: Line140::new(filed.line.key.as_str()),
            flags: flags::shown(&verdict.flags),
            rule: Word::new(verdict.rule.as_str()),
            rule_version: verdict.rule_version,
            explanation: explained(&verdict.explanation),
            amount_cents: SignedCents(verdict.amount.get()),
            iuv: filed.iuv.as_ref().map(|iuv| Iuv::new(iuv.as_str())),
            since_date: verdict.since,
            age_days: Count(view.age_days),
            updated_at: filed.updated_at,
        }
    }
}

twins!(LineKind = rules::LineKind: Receipt, FlowLine, Treasury);
twins!(ReconciliationGroup = Group: Ok, Pending, Anomaly, Closed, Neutral);
twins!(
    ReconciliationCode = Code: Forced, DoublePayment, Revoked, MatchedSettled, MatchedSettledSingle, SettledPartial, SettledAmountDiff, ReportedNotSettled, ReportedAmountDiff, ReportedWithoutReceipt, ReportedUnknownDebt, PaidNotReported, CashUnknownReference, CashUnidentified, OutOfScope,
);
