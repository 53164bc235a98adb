//! Reports: tables with control totals, as JSON or as CSV.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::Caller;
use super::input::{FromPath, FromQuery, negotiate};
use super::problem::{Problem, catalogue};
use super::scalars::{Cell, Count, CreditorTaxCode, File, Line140, Line1000, SignedCents, Word};
use crate::app::reports::{self, Dialect, Name, Period, Question, Unit};
use crate::domain::calendar::Day;
use crate::domain::text::Said;

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
    /// What each payer paid for each pupil's canteen in a year, by day of payment.
    CanteenCertificate,
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
    /// What people read, in Italian.
    pub label: Line140,
    /// What it means, in Italian.
    pub meaning: Line1000,
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
    /// Only this settlement flow (flow reconciliation).
    #[param(nullable = false)]
    pub settlement_flow_id: Option<Uuid>,
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
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<ReportPath>,
    query: FromQuery<ReportQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let form = negotiate(&request, &["application/json", "text/csv"])?;
    let creditor = caller.creditor()?.clone();
    let (report, now) = (path.0.report, state.ctx.now());
    let question = Question {
        name: report.into(),
        period: period(&query.0, state.ctx.today())?,
        flow: query.0.settlement_flow_id,
    };
    let ctx = state.ctx.clone();
    if form == "text/csv" {
        let dialect = query.0.dialect.unwrap_or_default().into();
        let file = format!("attachment; filename=\"{}.csv\"", question.name.as_str());
        let read =
            move |conn: &mut _| reports::csv(conn, &ctx, &creditor, (&question, dialect), now);
        return Ok(HttpResponse::Ok()
            .insert_header((
                header::CONTENT_TYPE,
                "text/csv; charset=utf-8; header=present",
            ))
            .insert_header((header::CONTENT_DISPOSITION, file))
            .insert_header((header::VARY, "Accept"))
            .body(state.ctx.report(read).await?));
    }
    let (asked, of) = (question.clone(), creditor.clone());
    let read = move |conn: &mut _| reports::table(conn, &ctx, &of, &asked, now);
    let table = state.ctx.report(read).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::VARY, "Accept"))
        .json(Report {
            report,
            creditor_tax_code: CreditorTaxCode::new(creditor.as_str()),
            from_date: question.period.from,
            to_date: question.period.to,
            made_at: now,
            columns: table.columns.iter().map(column).collect(),
            items: table.rows.iter().map(|row| ReportRow::of(row)).collect(),
            control_totals: table.control_totals.iter().map(total).collect(),
        }))
}

/// The days that are asked for; this month up to today unless they are said.
fn period(query: &ReportQuery, today: Day) -> Result<Period, Problem> {
    let to = query.to_date.unwrap_or(today);
    let from = query.from_date.or_else(|| to.with_day(1)).unwrap_or(to);
    if from > to {
        let said = Said::new("non può essere dopo to_date", "must not be after to_date");
        return Err(Problem::at(
            &catalogue::RULE_VIOLATION,
            "#query/from_date",
            said,
        ));
    }
    Ok(Period { from, to })
}

fn column(column: &reports::Column) -> ReportColumn {
    ReportColumn {
        column: Word::new(column.name),
        label: Line140::new(column.label),
        meaning: Line1000::new(column.meaning),
        unit: match column.unit {
            Unit::Text => ColumnUnit::Text,
            Unit::Count => ColumnUnit::Count,
            Unit::Cents => ColumnUnit::Cents,
            Unit::Day => ColumnUnit::Date,
            Unit::Instant => ColumnUnit::Instant,
        },
    }
}

fn total(total: &reports::ControlTotal) -> ControlTotal {
    ControlTotal {
        label: Line140::new(total.label),
        count: Count(total.count),
        amount_cents: SignedCents(total.amount.get()),
    }
}

impl ReportRow {
    fn of(cells: &[reports::Cell]) -> ReportRow {
        let text = |cell: &reports::Cell| match cell {
            reports::Cell::Empty => String::new(),
            reports::Cell::Text(text) => text
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .take(1000)
                .collect(),
            reports::Cell::Count(n) => n.to_string(),
            reports::Cell::Cents(amount) => amount.get().to_string(),
            reports::Cell::Day(day) => day.to_string(),
            reports::Cell::Instant(at) => at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        };
        ReportRow {
            cells: cells.iter().map(|cell| Cell::new(text(cell))).collect(),
        }
    }
}

impl From<ReportName> for Name {
    fn from(name: ReportName) -> Name {
        match name {
            ReportName::ReceiptsByDay => Name::ReceiptsByDay,
            ReportName::FlowReconciliation => Name::FlowReconciliation,
            ReportName::NotReconciled => Name::NotReconciled,
            ReportName::RevenueByService => Name::RevenueByService,
            ReportName::CanteenCertificate => Name::CanteenCertificate,
        }
    }
}

impl From<CsvDialect> for Dialect {
    fn from(dialect: CsvDialect) -> Dialect {
        match dialect {
            CsvDialect::Rfc4180 => Dialect::Rfc4180,
            CsvDialect::It => Dialect::It,
        }
    }
}
