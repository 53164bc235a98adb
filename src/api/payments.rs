//! Payments: facts, as the receipts tell them.

use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::auth::Caller;
use super::input::{FromPath, FromQuery, negotiate};
use super::problem::{Problem, catalogue};
use super::scalars::{
    BankReference, CategoryCode, Cents, CreditorTaxCode, File, Iuv, Line70, Line140, NoticeNumber,
    PartyCode, PspCode, ReceiptId, ServiceCode, TotalCents, Word,
};

/// How far the money of a payment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettlementState {
    /// The receipt is all we have.
    Pending,
    /// A settlement flow reports it.
    Reported,
    /// It is matched with a movement on the account.
    Reconciled,
}

/// What one body received of a payment.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaidTransfer {
    /// Place among the transfers.
    #[schema(format = Int32, minimum = 1, maximum = 5)]
    pub index: u8,
    /// Tax code of the beneficiary.
    pub beneficiary_tax_code: CreditorTaxCode,
    /// Account that is credited, as the receipt says; absent for a revenue stamp.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub credited_account: Option<BankReference>,
    /// Collection code, as the receipt says.
    pub category: CategoryCode,
    /// Amount.
    pub amount_cents: TotalCents,
}

/// Something about a payment that an officer should look at.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Anomaly {
    /// Stable name: `paid_twice`, `paid_after_expiry` …
    pub code: Word,
    /// In words.
    pub explanation: Line140,
}

/// A payment.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Payment)]
pub struct PaymentView {
    /// Identifier.
    pub payment_id: Uuid,
    /// Identifier that the payment node gave to the receipt.
    pub receipt_id: ReceiptId,
    /// Number of the notice, as the receipt says.
    pub notice_number: NoticeNumber,
    /// Reference in payment messages.
    pub iuv: Iuv,
    /// What was paid.
    pub amount_cents: Cents,
    /// Instant of payment.
    pub paid_at: DateTime<Utc>,
    /// Instant at which the receipt reached us.
    pub received_at: DateTime<Utc>,
    /// Provider that took the money.
    pub psp: PspCode,
    /// Name of the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub psp_legal_name: Option<Line140>,
    /// The debt position; absent when the notice is not one of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub debt_position_id: Option<Uuid>,
    /// The service; absent when the notice is not one of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub service_code: Option<ServiceCode>,
    /// Who received what.
    #[schema(min_items = 0, max_items = 5)]
    pub transfers: Vec<PaidTransfer>,
    /// How far the money has come.
    pub settlement_state: SettlementState,
    /// What an officer should look at; empty for most payments.
    #[schema(min_items = 0, max_items = 50)]
    pub anomalies: Vec<Anomaly>,
}

/// One page of payments.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentPage {
    /// The payments, newest first.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<PaymentView>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// A party of a receipt.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptParty {
    /// Tax code, or ANONIMO.
    pub identifier: PartyCode,
    /// Name, as the receipt says.
    pub full_name: Line70,
}

/// A receipt.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Receipt)]
pub struct ReceiptView {
    /// The payment.
    pub payment_id: Uuid,
    /// Identifier that the payment node gave to the receipt.
    pub receipt_id: ReceiptId,
    /// Number of the notice.
    pub notice_number: NoticeNumber,
    /// Reference in payment messages.
    pub iuv: Iuv,
    /// Tax code of the creditor.
    pub creditor_tax_code: CreditorTaxCode,
    /// Name of the creditor.
    pub creditor_legal_name: Line140,
    /// What was paid for.
    pub description: Line140,
    /// Who owed; absent when the receipt does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub debtor: Option<ReceiptParty>,
    /// Who paid, when it is not the debtor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payer: Option<ReceiptParty>,
    /// Provider that took the money.
    pub psp: PspCode,
    /// Name of the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub psp_legal_name: Option<Line140>,
    /// Where it was paid: `ATM`, `APP` …
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub channel: Option<BankReference>,
    /// What was paid, without the fee.
    pub amount_cents: Cents,
    /// The provider's fee, paid by the citizen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub fee_cents: Option<TotalCents>,
    /// Instant of payment.
    pub paid_at: DateTime<Utc>,
    /// Who received what.
    #[schema(min_items = 0, max_items = 5)]
    pub transfers: Vec<PaidTransfer>,
}

/// The payment of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PaymentPath {
    /// Identifier of the payment.
    pub payment_id: Uuid,
}

/// Which payments.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PaymentQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
    /// Only paid on this day or later.
    #[param(nullable = false)]
    pub paid_from_date: Option<NaiveDate>,
    /// Only paid on this day or earlier.
    #[param(nullable = false)]
    pub paid_to_date: Option<NaiveDate>,
    /// Only of this service.
    #[param(nullable = false, inline)]
    pub service_code: Option<ServiceCode>,
    /// Only of this notice.
    #[param(nullable = false, inline)]
    pub notice_number: Option<NoticeNumber>,
    /// Only those whose money has come this far.
    #[param(nullable = false, inline)]
    pub settlement_state: Option<SettlementState>,
}

/// List payments
///
/// Newest first.
#[utoipa::path(operation_id = "list_payments", tag = "payments", security(("client" = ["payments:read"])), params(PaymentQuery),
    responses((status = 200, description = "One page.", body = PaymentPage)))]
#[get("/payments")]
pub(super) async fn list_payments(
    caller: Caller,
    query: FromQuery<PaymentQuery>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _ = query.0;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}

/// Show a payment
///
/// Who was paid, how far the money has come, and what an officer should look at.
#[utoipa::path(operation_id = "show_payment", tag = "payments", security(("client" = ["payments:read"])), params(PaymentPath),
    responses((status = 200, description = "The payment.", body = PaymentView)))]
#[get("/payments/{payment_id}")]
pub(super) async fn show_payment(
    caller: Caller,
    path: FromPath<PaymentPath>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _ = path.0.payment_id;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}

/// Show the receipt of a payment
///
/// As JSON, as the PDF for the citizen, or as the XML that the payment node sent, byte by byte.
#[utoipa::path(operation_id = "show_receipt", tag = "payments", security(("client" = ["payments:read"])), params(PaymentPath),
    responses((status = 200, description = "The receipt.",
        content((ReceiptView = "application/json"), (File = "application/pdf"), (File = "application/xml")))))]
#[get("/payments/{payment_id}/receipt")]
pub(super) async fn show_receipt(
    caller: Caller,
    path: FromPath<PaymentPath>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _form = negotiate(
        &request,
        &["application/json", "application/pdf", "application/xml"],
    )?;
    let _ = path.0.payment_id;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}
