//! Notices: everything that is printed, the print itself, and the price on a day.

use actix_web::{HttpResponse, get};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::auth::Caller;
use super::input::{FromPath, FromQuery};
use super::positions::{Debtor, NoticeState, PaymentOptionKind, Transfer};
use super::problem::{Problem, catalogue};
use super::scalars::{
    CbillCode, Cents, CreditorTaxCode, File, Iuv, Line70, Line140, Line1000, NoticeNumber,
    ServiceCode,
};

/// The notice of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct NoticePath {
    /// Tax code of the public body.
    #[param(inline)]
    pub creditor_tax_code: CreditorTaxCode,
    /// Number of the notice.
    #[param(inline)]
    pub notice_number: NoticeNumber,
}

/// What is printed for a postal account.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostalSlip {
    /// Number of the account, 12 digits.
    #[schema(min_length = 12, max_length = 12, pattern = "^[0-9]{12}$")]
    pub account_number: String,
    /// Whom the account belongs to.
    pub holder: Line70,
    /// The authorisation to print.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub authorisation: Option<Line140>,
    /// Text of the Data Matrix code; absent when the notice cannot have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub data_matrix_text: Option<Line1000>,
}

/// A notice, with everything that is printed on it.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Notice)]
pub struct NoticeView {
    /// Its number.
    pub notice_number: NoticeNumber,
    /// Reference in payment messages.
    pub iuv: Iuv,
    /// The debt position it belongs to.
    pub debt_position_id: Uuid,
    /// Tax code of the creditor.
    pub creditor_tax_code: CreditorTaxCode,
    /// Name of the creditor.
    pub creditor_legal_name: Line140,
    /// Office that answers the citizen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub creditor_office: Option<Line70>,
    /// Where the citizen finds help.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub creditor_contact_line: Option<Line140>,
    /// Code for bank channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cbill_code: Option<CbillCode>,
    /// The service that is charged.
    pub service_code: ServiceCode,
    /// Who owes.
    pub debtor: Debtor,
    /// What is paid.
    pub description: Line140,
    /// At once, or an instalment of a plan.
    pub kind: PaymentOptionKind,
    /// Which instalment; absent for a single payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int32, minimum = 1, maximum = 100)]
    pub instalment: Option<u8>,
    /// Of how many; absent for a single payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int32, minimum = 1, maximum = 100)]
    pub instalments: Option<u8>,
    /// Last day to pay in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub due_date: Option<NaiveDate>,
    /// What it costs today; absent when it cannot be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub amount_cents: Option<Cents>,
    /// The amount that is printed.
    pub printed_amount_cents: Cents,
    /// Its state today.
    pub state: NoticeState,
    /// Who receives what.
    #[schema(min_items = 1, max_items = 5)]
    pub transfers: Vec<Transfer>,
    /// Text of the QR code.
    pub qr_text: Line140,
    /// The postal part; absent when the creditor has no postal account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub postal_slip: Option<PostalSlip>,
}

/// A price and the last day it holds.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceStep {
    /// Last day of this price; absent when it holds for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub until_date: Option<NaiveDate>,
    /// Sum over the beneficiaries.
    pub amount_cents: Cents,
    /// Why this amount.
    pub reason: Line140,
}

/// What a notice costs on a day, and why.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeAmount {
    /// Its number.
    pub notice_number: NoticeNumber,
    /// The day that is meant.
    pub on_date: NaiveDate,
    /// Its state today.
    pub state: NoticeState,
    /// Whether it can be paid on that day, as far as is known today.
    pub payable: bool,
    /// What it costs on that day; absent when it cannot be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub amount_cents: Option<Cents>,
    /// Why this amount, or why it cannot be paid.
    pub reason: Line140,
    /// Who receives what on that day.
    #[schema(min_items = 0, max_items = 5)]
    pub transfers: Vec<Transfer>,
    /// All its prices, in the order of time.
    #[schema(min_items = 0, max_items = 50)]
    pub steps: Vec<PriceStep>,
}

/// On which day.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AmountQuery {
    /// Day of payment in Italy; today when absent.
    #[param(nullable = false)]
    pub on: Option<NaiveDate>,
}

/// Show a notice
///
/// Everything that is printed on it, for a portal that prints on its own.
#[utoipa::path(operation_id = "show_notice", tag = "notices", security(("client" = ["notices:read"])), params(NoticePath),
    responses((status = 200, description = "The notice.", body = NoticeView)))]
#[get("/creditors/{creditor_tax_code}/notices/{notice_number}")]
pub(super) async fn show_notice(
    caller: Caller,
    path: FromPath<NoticePath>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor_of_path(path.0.creditor_tax_code.as_str())?;
    let _ = path.0.notice_number;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}

/// Print a notice
///
/// The PDF that the citizen takes to a bank, a tobacconist or a post office.
#[utoipa::path(operation_id = "print_notice", tag = "notices", security(("client" = ["notices:read"])), params(NoticePath),
    responses((status = 200, description = "The print.", body = File, content_type = "application/pdf")))]
#[get("/creditors/{creditor_tax_code}/notices/{notice_number}/pdf")]
pub(super) async fn print_notice(
    caller: Caller,
    path: FromPath<NoticePath>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor_of_path(path.0.creditor_tax_code.as_str())?;
    let _ = path.0.notice_number;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}

/// Quote a notice
///
/// What it costs on a day, and why; today unless `on` says another day.
#[utoipa::path(operation_id = "quote_notice", tag = "notices", security(("client" = ["notices:read"])), params(NoticePath, AmountQuery),
    responses((status = 200, description = "The price on that day.", body = NoticeAmount)))]
#[get("/creditors/{creditor_tax_code}/notices/{notice_number}/amount")]
pub(super) async fn quote_notice(
    caller: Caller,
    path: FromPath<NoticePath>,
    query: FromQuery<AmountQuery>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor_of_path(path.0.creditor_tax_code.as_str())?;
    let _ = (path.0.notice_number, query.0.on);
    Err(Problem::of(&catalogue::UNAVAILABLE))
}
