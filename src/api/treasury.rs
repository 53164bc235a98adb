//! Treasury: movements on the creditor's accounts.

use actix_web::{HttpResponse, get, post};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::auth::Caller;
use super::input::{FromPath, FromQuery, IdempotencyKey, TextFile};
use super::problem::{Problem, catalogue};
use super::reconciliation::ReconciliationCode;
use super::scalars::{
    BankReference, Count, FlowCode, IdempotencyKeyHeader, Iuv, Line140, Line1000, SignedCents,
    UriHeader,
};

/// A bank journal: one header line, then one movement a line, as `docs` describe it.
#[derive(ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 16_777_216, pattern = "^[^\\x00]+$",
    example = "booked_date;value_date;amount;reference;description\n2026-03-03;2026-03-03;209,03;TRN-1;/PUR/LGPE-RIVERSAMENTO/URI/2026-03-03BPPIITRRXXX-0000000001\n")]
pub struct BankJournal(#[expect(dead_code, reason = "it only names a schema")] String);

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineOutcome {
    /// Stored.
    New,
    /// It had been stored before.
    Known,
    /// It could not be read; the other lines are stored all the same.
    Refused,
}

/// What became of one line of a journal.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportedLine {
    /// Number of the line in the file, from 1.
    pub line: Count,
    /// What became of it.
    pub outcome: LineOutcome,
    /// The movement; absent when the line was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub treasury_entry_id: Option<Uuid>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<Line1000>,
}

/// Outcome of an import.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TreasuryImport {
    /// Identifier; movements can be listed by it.
    pub treasury_import_id: Uuid,
    /// Lines stored.
    pub new_lines: Count,
    /// Lines stored before.
    pub known_lines: Count,
    /// Lines refused.
    pub refused_lines: Count,
    /// Sum of the lines stored, to compare with the journal's own total.
    pub new_amount_cents: SignedCents,
    /// Every line, in the order of the file.
    #[schema(min_items = 0, max_items = 200_000)]
    pub lines: Vec<ImportedLine>,
}

/// A movement on an account.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TreasuryEntry)]
pub struct TreasuryEntryView {
    /// Identifier.
    pub treasury_entry_id: Uuid,
    /// The import it came with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub treasury_import_id: Option<Uuid>,
    /// Day of booking.
    pub booked_date: NaiveDate,
    /// Day of value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub value_date: Option<NaiveDate>,
    /// Amount, negative for what went out.
    pub amount_cents: SignedCents,
    /// The bank's or the treasurer's own reference.
    pub bank_reference: BankReference,
    /// Text of the bank, as it came.
    pub description: Line1000,
    /// Who sent the money, as the bank says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub counterparty: Option<Line140>,
    /// Name of a settlement flow found in the text, possibly cut.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub flow_code: Option<FlowCode>,
    /// Reference of a single payment found in the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub iuv: Option<Iuv>,
    /// Where it has ended.
    pub code: ReconciliationCode,
    /// Instant at which it was stored.
    pub received_at: DateTime<Utc>,
}

/// One page of movements.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TreasuryEntryPage {
    /// The movements, newest first.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<TreasuryEntryView>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// The movement of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TreasuryEntryPath {
    /// Identifier of the movement.
    pub treasury_entry_id: Uuid,
}

/// Which movements.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TreasuryEntryQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
    /// Only booked on this day or later.
    #[param(nullable = false)]
    pub booked_from_date: Option<NaiveDate>,
    /// Only booked on this day or earlier.
    #[param(nullable = false)]
    pub booked_to_date: Option<NaiveDate>,
    /// Only of this import.
    #[param(nullable = false)]
    pub treasury_import_id: Option<Uuid>,
}

/// Import a bank journal
///
/// Stores every line that can be read and says of each line what became of it. The same journal may be sent
/// again: known lines are not stored twice. Reconciliation follows by itself.
#[utoipa::path(operation_id = "import_treasury_entries", tag = "treasury", security(("client" = ["treasury:write"])),
    params(("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body(content = BankJournal, content_type = "text/csv"),
    responses((status = 201, description = "Stored, but for the lines refused.", body = TreasuryImport,
        headers(("Location" = inline(UriHeader), description = "Where the movements of this import are listed.")),
        links(("listed" = (operation_id = "list_treasury_entries", parameters(("treasury_import_id" = "$response.body#/treasury_import_id")), description = "The movements of this import."))))))]
#[post("/treasury-imports")]
pub(super) async fn import_treasury_entries(
    caller: Caller,
    key: IdempotencyKey,
    file: TextFile,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _ = (key.as_str(), file.text, file.digest);
    Err(Problem::of(&catalogue::UNAVAILABLE))
}

/// List movements
///
/// Newest first.
#[utoipa::path(operation_id = "list_treasury_entries", tag = "treasury", security(("client" = ["treasury:read"])),
    params(TreasuryEntryQuery), responses((status = 200, description = "One page.", body = TreasuryEntryPage)))]
#[get("/treasury-entries")]
pub(super) async fn list_treasury_entries(
    caller: Caller,
    query: FromQuery<TreasuryEntryQuery>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _ = query.0;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}

/// Show a movement
///
/// With what was found in the bank's text, and where it has ended.
#[utoipa::path(operation_id = "show_treasury_entry", tag = "treasury", security(("client" = ["treasury:read"])),
    params(TreasuryEntryPath), responses((status = 200, description = "The movement.", body = TreasuryEntryView)))]
#[get("/treasury-entries/{treasury_entry_id}")]
pub(super) async fn show_treasury_entry(
    caller: Caller,
    path: FromPath<TreasuryEntryPath>,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _ = path.0.treasury_entry_id;
    Err(Problem::of(&catalogue::UNAVAILABLE))
}
