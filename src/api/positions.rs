//! Debt positions: what a citizen owes, and the ways to pay it.

use actix_web::{HttpResponse, get, patch, post};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::auth::Caller;
use super::creditors::Address;
use super::input::{Conditions, FromBody, FromPath, FromQuery, IdempotencyKey};
use super::problem::{Problem, catalogue};
use super::scalars::{
    Cents, CreditorTaxCode, EmailAddress, EntityTagHeader, EntityTagsHeader, Iban,
    IdempotencyKeyHeader, Iuv, Line70, Line140, NoticeNumber, Reference, Revision, ServiceCode,
    SignedCents, TaxCode, TaxonomyCode, UriHeader, Word,
};

/// Name of the component that the registry of kinds fills.
pub(super) const DETAILS_SCHEMA: &str = "PositionDetails";

fn details_schema() -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(DETAILS_SCHEMA))
}

/// Person or body.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DebtorType {
    /// A natural person.
    Person,
    /// A company, an association, a public body.
    Body,
}

/// Who owes the money.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Debtor {
    /// Person or body: stated, because a person may have a provisional code of 11 digits.
    pub r#type: DebtorType,
    /// Tax code.
    pub tax_code: TaxCode,
    /// Given name and family name, or name of the body.
    pub full_name: Line70,
    /// Where notices are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub address: Option<Address>,
    /// Where receipts are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub email: Option<EmailAddress>,
}

/// A debt position to register.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "service_code": "DIRITTI-SEGRETERIA", "reference": "PROT-2026-000123",
    "debtor": {"type": "person", "tax_code": "RSSMRA80A01H501U", "full_name": "Mario Rossi"},
    "details": {}
}))]
pub struct NewDebtPosition {
    /// The service that is charged.
    pub service_code: ServiceCode,
    /// The caller's own reference, unique for each creditor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reference: Option<Reference>,
    /// Who owes.
    pub debtor: Debtor,
    /// What the citizen reads; the service's own words when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub description: Option<Line140>,
    /// What the price is made of: one property, named by the kind of the service.
    #[schema(schema_with = details_schema)]
    pub details: Value,
    /// Numbers that the caller has given already, in the order of the notices; numbers are made when absent.
    #[serde(default)]
    #[schema(min_items = 0, max_items = 100)]
    pub notice_numbers: Vec<NoticeNumber>,
    /// Day of issue; today when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub issued_date: Option<NaiveDate>,
    /// Whether the notices can be paid at once; otherwise the position is a draft.
    #[serde(default = "published")]
    #[schema(default = true)]
    pub publish: bool,
}

fn published() -> bool {
    true
}

/// State of a debt position, computed from its notices and from the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PositionState {
    /// Not payable yet.
    Draft,
    /// Payable.
    Open,
    /// A plan of which some notices are paid.
    PartiallyPaid,
    /// Paid in whole.
    Paid,
    /// Every way to pay has lapsed.
    Expired,
    /// Withdrawn by the creditor.
    Cancelled,
}

/// State of one notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoticeState {
    /// Not payable yet.
    Draft,
    /// Payable.
    Open,
    /// The term has lapsed.
    Expired,
    /// Withdrawn by the creditor.
    Cancelled,
    /// Paid to the creditor outside pagoPA.
    PaidElsewhere,
    /// A receipt has come.
    Paid,
    /// A settlement flow has reported it.
    Settled,
}

/// At once or in instalments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentOptionKind {
    /// One notice pays everything.
    Single,
    /// Every notice is an instalment.
    Plan,
}

/// One line of the explanation of the total.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssessmentRow {
    /// Stable name of the rule.
    pub code: Word,
    /// What an officer reads.
    pub label: Line140,
    /// Amount of the line, negative for reductions.
    pub amount_cents: SignedCents,
}

/// What one body receives of a notice.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// Place among the transfers of the notice.
    #[schema(format = Int32, minimum = 1, maximum = 5)]
    pub index: u8,
    /// Tax code of the beneficiary.
    pub beneficiary_tax_code: CreditorTaxCode,
    /// Name of the beneficiary.
    pub beneficiary_legal_name: Line140,
    /// Account that is credited.
    pub iban: Iban,
    /// Collection code.
    pub taxonomy_code: TaxonomyCode,
    /// Amount today; a beneficiary may get nothing.
    pub amount_cents: super::scalars::TotalCents,
}

/// A payable unit: one number, one price, one term.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeSummary {
    /// Its number.
    pub notice_number: NoticeNumber,
    /// Reference in payment messages.
    pub iuv: Iuv,
    /// What is paid.
    pub description: Line140,
    /// Last day to pay in time; absent when the term starts at a notification still to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub due_date: Option<NaiveDate>,
    /// What it costs today, or what was paid; what was asked first when it can no longer be paid.
    pub amount_cents: Cents,
    /// Its state today.
    pub state: NoticeState,
    /// Who receives what.
    #[schema(min_items = 1, max_items = 5)]
    pub transfers: Vec<Transfer>,
    /// Instant of payment; absent until it is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub paid_at: Option<DateTime<Utc>>,
}

/// One way to pay the whole position. Options exclude each other.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaymentOption {
    /// At once or in instalments.
    pub kind: PaymentOptionKind,
    /// Its state today.
    pub state: PositionState,
    /// Its notices, in the order they fall due.
    #[schema(min_items = 1, max_items = 100)]
    pub notices: Vec<NoticeSummary>,
}

/// A debt position.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DebtPosition)]
pub struct DebtPositionView {
    /// Identifier.
    pub debt_position_id: Uuid,
    /// Tax code of the creditor.
    pub creditor_tax_code: CreditorTaxCode,
    /// The service that is charged.
    pub service_code: ServiceCode,
    /// The caller's own reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reference: Option<Reference>,
    /// Who owes.
    pub debtor: Debtor,
    /// What the citizen reads.
    pub description: Line140,
    /// Its state today.
    pub state: PositionState,
    /// The whole that was asked first.
    pub total_amount_cents: Cents,
    /// The lines that explain the total.
    #[schema(min_items = 0, max_items = 200)]
    pub assessment: Vec<AssessmentRow>,
    /// The ways to pay it.
    #[schema(min_items = 1, max_items = 20)]
    pub payment_options: Vec<PaymentOption>,
    /// Whether a receipt has come for all of it.
    pub paid: bool,
    /// Whether settlement flows have reported all of it.
    pub reported: bool,
    /// Whether the money is on the creditor's account.
    pub collected: bool,
    /// Day of issue.
    pub issued_date: NaiveDate,
    /// Instant of registration.
    pub created_at: DateTime<Utc>,
    /// Revision of the resource.
    pub revision: Revision,
}

/// One page of debt positions.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DebtPositionPage {
    /// The positions, newest first.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<DebtPositionView>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// What a debt position can be made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WantedState {
    /// Publish a draft.
    Open,
    /// Withdraw it.
    Cancelled,
}

/// A change of a debt position, a merge patch.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"state": "cancelled"}))]
pub struct DebtPositionAmendment {
    /// The state that is wanted.
    pub state: WantedState,
}

/// What to look for: every given property must match.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1, example = json!({"debtor_tax_code": "RSSMRA80A01H501U"}))]
pub struct DebtPositionSearch {
    /// Tax code of the debtor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub debtor_tax_code: Option<TaxCode>,
    /// Number of one of its notices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub notice_number: Option<NoticeNumber>,
    /// The caller's own reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reference: Option<Reference>,
    /// `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[schema(format = Int32, minimum = 1, maximum = 200, default = 50)]
    pub limit: u16,
}

/// The debt position of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct DebtPositionPath {
    /// Identifier of the debt position.
    pub debt_position_id: Uuid,
}

/// Which debt positions.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DebtPositionQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
    /// Only of this service.
    #[param(nullable = false, inline)]
    pub service_code: Option<ServiceCode>,
    /// Only registered on this day or later.
    #[param(nullable = false)]
    pub created_from_date: Option<NaiveDate>,
    /// Only registered on this day or earlier.
    #[param(nullable = false)]
    pub created_to_date: Option<NaiveDate>,
}

/// Register a debt position
///
/// The kind of the service assesses the details into rows, payment options and notices. The same
/// `Idempotency-Key` with the same body answers with the first answer; with another body it is refused.
#[utoipa::path(operation_id = "register_debt_position", tag = "debt-positions", security(("client" = ["positions:write"])),
    params(("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body = NewDebtPosition,
    responses((status = 201, description = "Registered.", body = DebtPositionView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource."),
                ("Location" = inline(UriHeader), description = "Where the resource is.")),
        links(
            ("shown" = (operation_id = "show_debt_position", parameters(("debt_position_id" = "$response.body#/debt_position_id")), description = "Read it back.")),
            ("amended" = (operation_id = "amend_debt_position", parameters(("debt_position_id" = "$response.body#/debt_position_id")), description = "Open or cancel it."))))))]
#[post("/debt-positions")]
pub(super) async fn register_debt_position(
    caller: Caller,
    key: IdempotencyKey,
    body: FromBody<NewDebtPosition>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _ = (key.as_str(), body.digest, body.value.publish);
    Err(Problem::of(&catalogue::UNAVAILABLE))
}

/// List debt positions
///
/// Newest first. To look for a debtor, use a search: personal data does not belong in addresses.
#[utoipa::path(operation_id = "list_debt_positions", tag = "debt-positions", security(("client" = ["positions:read"])),
    params(DebtPositionQuery), responses((status = 200, description = "One page.", body = DebtPositionPage)))]
#[get("/debt-positions")]
pub(super) async fn list_debt_positions(
    caller: Caller,
    query: FromQuery<DebtPositionQuery>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _ = query.0;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}

/// Show a debt position
///
/// States and amounts are those of today, so that there is no conditional read: the same version may
/// cost something else tomorrow.
#[utoipa::path(operation_id = "show_debt_position", tag = "debt-positions", security(("client" = ["positions:read"])),
    params(DebtPositionPath),
    responses((status = 200, description = "The debt position.", body = DebtPositionView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource.")))))]
#[get("/debt-positions/{debt_position_id}")]
pub(super) async fn show_debt_position(
    caller: Caller,
    path: FromPath<DebtPositionPath>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _ = path.0.debt_position_id;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}

/// Open or cancel a debt position
///
/// A merge patch; `If-Match` must carry the version that was read.
#[utoipa::path(operation_id = "amend_debt_position", tag = "debt-positions", security(("client" = ["positions:write"])),
    params(DebtPositionPath, ("If-Match" = inline(EntityTagsHeader), Header, description = "Version that was read; without it the answer is 428.")),
    request_body(content = DebtPositionAmendment, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The debt position as it is now.", body = DebtPositionView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource.")))))]
#[patch("/debt-positions/{debt_position_id}")]
pub(super) async fn amend_debt_position(
    caller: Caller,
    path: FromPath<DebtPositionPath>,
    conditions: Conditions,
    body: FromBody<DebtPositionAmendment>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _ = (
        path.0.debt_position_id,
        conditions.required()?,
        body.value.state,
    );
    Err(Problem::of(&catalogue::UNAVAILABLE))
}

/// Search debt positions
///
/// By debtor, notice number or reference, in the body and not in the address.
#[utoipa::path(operation_id = "search_debt_positions", tag = "debt-positions", security(("client" = ["positions:read"])),
    request_body = DebtPositionSearch, responses((status = 200, description = "One page.", body = DebtPositionPage)))]
#[post("/debt-position-searches")]
pub(super) async fn search_debt_positions(
    caller: Caller,
    body: FromBody<DebtPositionSearch>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _ = body.value.limit;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}
