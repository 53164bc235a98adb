//! Reports: tables with control totals, as JSON or as CSV.

use actix_web::{HttpRequest, HttpResponse, get};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::Caller;
use super::input::{FromPath, FromQuery, negotiate};
use super::problem::{Problem, catalogue};
use super::scalars::{Cell, Count, CreditorTaxCode, File, Line140, SignedCents, Word};

/// The reports there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReportName {
    /// Receipts by day of payment and service.
    ReceiptsByDay,
    /// Settlement flows with what has been matched of each.
    FlowReconciliation,
    /// Lines of money that are not matched, oldest first.
    NotReconciled,
    /// Revenue by service and collection code.
    RevenueByService,
}

/// How CSV is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CsvDialect {
    /// RFC 4180: comma, decimal point.
    #[default]
    Rfc4180,
    /// As Italian spreadsheets read it: semicolon, decimal comma.
    It,
}

/// What the cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ColumnUnit {
    /// Text.
    Text,
    /// An integer.
    Count,
    /// An integer of euro cents; CSV has euro with two decimals.
    Cents,
    /// A calendar day.
    Date,
    /// An instant in UTC.
    Instant,
}

/// A column of a report.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportColumn {
    /// Stable name, and the header of CSV.
    pub column: Word,
    /// What people read.
    pub label: Line140,
    /// What the cells hold.
    pub unit: ColumnUnit,
}

/// A row of a report.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportRow {
    /// One cell for each column, in their order.
    #[schema(min_items = 1, max_items = 50)]
    pub cells: Vec<Cell>,
}

/// A total that can be checked against another book.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlTotal {
    /// What is counted.
    pub label: Line140,
    /// How many.
    pub count: Count,
    /// How much.
    pub amount_cents: SignedCents,
}

/// A report.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Its name.
    pub report: ReportName,
    /// The creditor it is about.
    pub creditor_tax_code: CreditorTaxCode,
    /// First day.
    pub from_date: NaiveDate,
    /// Last day, included.
    pub to_date: NaiveDate,
    /// Instant at which it was made.
    pub made_at: DateTime<Utc>,
    /// The columns.
    #[schema(min_items = 1, max_items = 50)]
    pub columns: Vec<ReportColumn>,
    /// The rows, in an order that does not change.
    #[schema(min_items = 0, max_items = 1_000_000)]
    pub items: Vec<ReportRow>,
    /// Totals.
    #[schema(min_items = 0, max_items = 50)]
    pub control_totals: Vec<ControlTotal>,
}

/// The report of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ReportPath {
    /// Name of the report.
    #[param(inline)]
    pub report: ReportName,
}

/// Which days, written how.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// First day; the first of this month when absent.
    #[param(nullable = false)]
    pub from_date: Option<NaiveDate>,
    /// Last day, included; today when absent.
    #[param(nullable = false)]
    pub to_date: Option<NaiveDate>,
    /// How CSV is written.
    #[serde(default)]
    #[param(nullable = false, inline)]
    pub dialect: Option<CsvDialect>,
}

/// Show a report
///
/// As JSON, or as CSV with `Accept: text/csv`. CSV cells that a spreadsheet would take for a formula are
/// quoted with an apostrophe.
#[utoipa::path(operation_id = "show_report", tag = "reports", security(("client" = ["reports:read"])),
    params(ReportPath, ReportQuery),
    responses((status = 200, description = "The report.", content((Report = "application/json"), (File = "text/csv")))))]
#[get("/reports/{report}")]
pub(super) async fn show_report(
    caller: Caller,
    path: FromPath<ReportPath>,
    query: FromQuery<ReportQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let _creditor = caller.creditor()?;
    let _form = negotiate(&request, &["application/json", "text/csv"])?;
    let _ = (path.0.report, query.0.dialect.unwrap_or_default());
    Err(Problem::of(&catalogue::UNAVAILABLE))
}
