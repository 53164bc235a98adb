//! Reports: tables with control totals, in the format that is asked for.

use std::io::{BufWriter, Read as _, Seek as _};

use actix_web::body::SizedStream;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::Caller;
use super::input::{FromPath, FromQuery, negotiate};
use super::problem::{Problem, catalogue};
use super::reconciliation::ReconciliationFlag;
use super::scalars::{
    Cell, Count, CreditorTaxCode, File, Line140, Line1000, RowsHeader, ServiceCode, Sha256,
    SignedCents, TotalsHeader, Word,
};
use crate::app::reports::{
    self, Dialect, Form, Name, Narrowing, Period, Question, Trailer, WriteError,
};
use crate::domain::calendar::Day;
use crate::domain::reconciliation::Flag;
use crate::domain::text::Said;

/// The reports there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReportName {
    /// Receipts by day of payment and service.
    ReceiptsByDay,
    /// Receipts, one by one.
    Receipts,
    /// What was paid for the creditor, transfer by transfer and accounting key by accounting key.
    Transfers,
    /// Settlement flows with what has been matched of each.
    FlowReconciliation,
    /// Settlement flows, one by one, with their cash.
    SettlementFlows,
    /// What newer revisions of settlement flows changed, with the collection orders that were issued before.
    FlowRevisions,
    /// Movements on the accounts, one by one.
    TreasuryEntries,
    /// Provisional credits, held against their flows, payments and orders.
    ProvisionalCredits,
    /// Who paid what is in a provisional credit or a flow.
    ProvisionalPayments,
    /// Collection orders that are proposed for provisional credits.
    CollectionOrders,
    /// Lines of money that are not matched, oldest first.
    NotReconciled,
    /// What the clearing accounts of the ledger hold, line by line, with its age and what it waits for; the days
    /// are those of payment, of the flow's transfer, of the booking.
    ClearingAccounts,
    /// Revenue by service and collection code.
    RevenueByService,
    /// Revenue by chapter, claim and account of the plan of accounts.
    RevenueByKey,
    /// Revenue by service and month, with a chart in XLSX and PDF.
    RevenueByMonth,
    /// What was paid of the waste tax: for the town, for the Province, of each component.
    WasteTaxShares,
    /// What was paid of fines, by article and destination.
    FinesByArticle,
    /// What was recorded, collected and is open, by how long ago it fell due; the days are due days, and
    /// days of issue for what has none.
    DueDates,
    /// What is collected of claims, year by year over the five years before that of the last day, and what
    /// is set aside for the rest (FCDE).
    DoubtfulClaims,
    /// What each payer paid for each pupil's canteen in a year, by day of payment.
    CanteenCertificate,
    /// What was paid for each child month by month, payment by payment: nursery fees that name the child
    /// (`attendance`) and canteen bills, for reimbursements by INPS.
    ChildcareCertificate,
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
    /// An integer of basis points; per cent with two decimals elsewhere.
    BasisPoints,
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
    /// SHA-256 of the rows as JSON Lines: the same in every format.
    pub rows_sha256: Sha256,
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
    /// Only this settlement flow (flow reconciliation, payments of provisional credits).
    #[param(nullable = false)]
    pub settlement_flow_id: Option<Uuid>,
    /// Only the provisional credit with this number (credits, payments, orders).
    #[param(nullable = false, format = Int64, minimum = 1, maximum = 999_999_999_999_999_999_i64)]
    pub provisional_number: Option<i64>,
    /// Only this service (receipts, transfers, revenue, waste tax, fines, due dates, doubtful claims, payments of
    /// provisional credits).
    #[param(nullable = false)]
    pub service_code: Option<ServiceCode>,
    /// Only lines with this flag (not reconciled).
    #[param(nullable = false, inline)]
    pub flag: Option<ReconciliationFlag>,
}

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The formats by media type, the preferred one first; the media type as it is answered; the file name's end.
const FORMS: [(&str, &str, &str); 5] = [
    ("application/json", "application/json", "json"),
    ("application/jsonl", "application/jsonl", "jsonl"),
    ("text/csv", "text/csv; charset=utf-8; header=present", "csv"),
    (XLSX, XLSX, "xlsx"),
    ("application/pdf", "application/pdf", "pdf"),
];

/// Show a report
///
/// In the format that `Accept` names: JSON, JSON Lines (an object a row keyed by column, then one with the
/// totals), CSV, XLSX (the totals on a sheet of their own) or PDF (PDF/A-2a and PDF/UA-1, at most 5000 rows).
/// CSV cells that a spreadsheet would take for a formula are quoted with an apostrophe. The headers say what
/// was written, whatever the format: number of rows, their SHA-256 as JSON Lines, and the control totals.
#[utoipa::path(operation_id = "show_report", tag = "reports", security(("client" = ["reports:read"])),
    params(ReportPath, ReportQuery),
    responses((status = 200, description = "The report.",
        content((Report = "application/json"), (File = "application/jsonl"), (File = "text/csv"),
            (File = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (File = "application/pdf")),
        headers(
            ("Report-Rows" = inline(RowsHeader), description = "Number of rows."),
            ("Report-Rows-SHA256" = inline(Sha256), description = "SHA-256 of the rows as JSON Lines."),
            ("Report-Control-Totals" = inline(TotalsHeader), description = "The control totals, as a list of structured fields.")))))]
#[get("/reports/{report}")]
pub(super) async fn show_report(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<ReportPath>,
    query: FromQuery<ReportQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let asked = negotiate(&request, &FORMS.map(|(media_type, _, _)| media_type))?;
    let creditor = caller.creditor()?.clone();
    let now = state.ctx.now();
    let days = (query.0.from_date, query.0.to_date);
    let question = Question {
        name: path.0.report.into(),
        period: period(days, state.ctx.today(), "#query/from_date")?,
        flow: query.0.settlement_flow_id,
        provisional: query.0.provisional_number,
        service: query.0.service_code.map(|code| code.as_str().to_owned()),
        flag: query.0.flag.map(Flag::from),
    };
    narrowed(&question, "#query/")?;
    let form = match asked {
        "application/jsonl" => Form::JsonLines,
        "text/csv" => Form::Csv(query.0.dialect.unwrap_or_default().into()),
        XLSX => Form::Xlsx,
        "application/pdf" => Form::Pdf,
        _ => Form::Json,
    };
    let (ctx, name) = (state.ctx.clone(), question.name);
    let read = move |conn: &mut _| {
        let mut file = tempfile::tempfile().map_err(WriteError::from)?;
        let mut out = BufWriter::new(&mut file);
        let asked = (&question, form, now);
        let trailer = reports::write(conn, &ctx, &creditor, asked, &mut out)?;
        drop(out);
        let length = file.stream_position().map_err(WriteError::from)?;
        file.rewind().map_err(WriteError::from)?;
        Ok::<_, reports::Error>((file, length, trailer))
    };
    let (file, length, trailer) = state.ctx.report(read).await?;
    let written = FORMS.iter().find(|(media_type, _, _)| *media_type == asked);
    let (_, media_type, end) = written.copied().unwrap_or_default();
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::VARY, "Accept"))
        .insert_header(("report-rows", trailer.rows.to_string()))
        .insert_header(("report-rows-sha256", trailer.rows_sha256.clone()))
        .insert_header(("report-control-totals", totals(&trailer)));
    if form != Form::Json {
        let name = format!("attachment; filename=\"{}.{end}\"", name.as_str());
        answer.insert_header((header::CONTENT_DISPOSITION, name));
    }
    Ok(answer.body(SizedStream::new(length, Box::pin(blocks(file)))))
}

/// Bytes of one block of a file on its way out.
const BLOCK: usize = 64 * 1024;

/// A file, block by block: a report is never in memory as a whole.
fn blocks(file: std::fs::File) -> impl Stream<Item = Result<web::Bytes, std::io::Error>> {
    stream::try_unfold(file, |mut file| async {
        let read = move || {
            let mut block = vec![0; BLOCK];
            let length = file.read(&mut block)?;
            block.truncate(length);
            Ok::<_, std::io::Error>((block, file))
        };
        let (block, file) = web::block(read).await.map_err(std::io::Error::other)??;
        Ok((!block.is_empty()).then(|| (web::Bytes::from(block), file)))
    })
}

/// `"Ricevute";count=2;cents=15843, …` (RFC 9651).
fn totals(trailer: &Trailer) -> String {
    let total = |total: &reports::ControlTotal| {
        let label: String = total
            .label
            .chars()
            .filter(|c| c.is_ascii() && *c != '"')
            .collect();
        format!(
            "\"{label}\";count={};cents={}",
            total.count,
            total.amount.get()
        )
    };
    let totals: Vec<String> = trailer.control_totals.iter().map(total).collect();
    totals.join(", ")
}

/// Refuses what the report cannot be narrowed to.
pub(super) fn narrowed(question: &Question, pointer: &str) -> Result<(), Problem> {
    let Some(idle) = question.idle() else {
        return Ok(());
    };
    let field = match idle {
        Narrowing::Flow => "settlement_flow_id",
        Narrowing::Provisional => "provisional_number",
        Narrowing::Service => "service_code",
        Narrowing::Flag => "flag",
    };
    let name = question.name.as_str();
    let said = Said::new(
        format!("il report {name} non si può restringere così"),
        format!("the report {name} cannot be narrowed to it"),
    );
    let at = format!("{pointer}{field}");
    Err(Problem::at(&catalogue::RULE_VIOLATION, &at, said))
}

/// The days that are asked for; this month up to today unless they are said.
pub(super) fn period(
    (from, to): (Option<Day>, Option<Day>),
    today: Day,
    pointer: &str,
) -> Result<Period, Problem> {
    let to = to.unwrap_or(today);
    let from = from.or_else(|| to.with_day(1)).unwrap_or(to);
    if from > to {
        let said = Said::new("non può essere dopo to_date", "must not be after to_date");
        return Err(Problem::at(&catalogue::RULE_VIOLATION, pointer, said));
    }
    Ok(Period { from, to })
}

twins!(ReportName = Name: ReceiptsByDay, Receipts, Transfers, FlowReconciliation, SettlementFlows, FlowRevisions, TreasuryEntries, ProvisionalCredits, ProvisionalPayments, CollectionOrders, NotReconciled, ClearingAccounts, RevenueByService, RevenueByKey, RevenueByMonth, WasteTaxShares, FinesByArticle, DueDates, DoubtfulClaims, CanteenCertificate, ChildcareCertificate);

impl From<CsvDialect> for Dialect {
    fn from(dialect: CsvDialect) -> Dialect {
        match dialect {
            CsvDialect::Rfc4180 => Dialect::Rfc4180,
            CsvDialect::It => Dialect::It,
        }
    }
}
