//! Reports: one definition (name, columns and what they mean, control totals) for every format. Rows come in a total order, so that two runs on the same facts give the same bytes.

mod cash;
mod catalogue;
mod certificate;
mod childcare;
mod clearing;
mod columns;
mod cover;
mod flows;
mod orders;
mod payments;
mod receivables;
mod revenue;
mod revisions;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicI64, Ordering};

use uuid::Uuid;

use crate::ctx::Ctx;
use crate::domain::calendar::{self, Day, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::{Cents, MoneyError};
use crate::domain::reconciliation::{AgeBucket, Code, Flag};
pub use catalogue::Name;

pub use crate::render::csv::{Cell, Column, Dialect, Unit};
pub use crate::render::report::{ControlTotal, Form, PDF_ROWS_MAX, Trailer, WriteError};
use crate::render::report::{Head, Report};
pub use crate::store::reports::Period;
use crate::store::{self, Conn, db::Retry};

/// What is asked of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Which report.
    pub name: Name,
    /// Days of payment (receipts, revenue), of transfer (flows), or since when a line waits.
    pub period: Period,
    /// Only this flow (flow reconciliation, payments of provisional credits).
    pub flow: Option<Uuid>,
    /// Only the provisional credit with this number (credits, payments and orders).
    pub provisional: Option<i64>,
    /// Only this service of the creditor (what is about receipts or charges).
    pub service: Option<String>,
    /// Only lines with this flag (what is not reconciled).
    pub flag: Option<Flag>,
}

/// What a report may be narrowed to, beside its days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Narrowing {
    /// A settlement flow.
    Flow,
    /// A provisional credit.
    Provisional,
    /// A service.
    Service,
    /// A flag of lines.
    Flag,
}

impl Question {
    /// What is asked for that this report knows nothing of: ignored, it would be a wrong report.
    #[must_use]
    pub fn idle(&self) -> Option<Narrowing> {
        let asked = [
            (Narrowing::Flow, self.flow.is_some()),
            (Narrowing::Provisional, self.provisional.is_some()),
            (Narrowing::Service, self.service.is_some()),
            (Narrowing::Flag, self.flag.is_some()),
        ];
        let idle = |(narrowing, asked): &(Narrowing, bool)| *asked && !self.name.takes(*narrowing);
        asked.into_iter().find(idle).map(|(narrowing, _)| narrowing)
    }

    /// What it is narrowed to, as people read it.
    fn filters(&self) -> Vec<(&'static str, String)> {
        let flow = self.flow.map(|id| ("Flusso", id.to_string()));
        let credit = self
            .provisional
            .map(|number| ("Provvisorio", number.to_string()));
        let service = self.service.clone().map(|code| ("Servizio", code));
        let flag = self.flag.map(|flag| ("Segnalazione", flag.to_string()));
        [flow, credit, service, flag]
            .into_iter()
            .flatten()
            .collect()
    }
}

/// What can end a report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No flow has this id.
    #[error("no settlement flow has this id")]
    UnknownFlow,
    /// More rows than the format takes.
    #[error("more than {PDF_ROWS_MAX} rows cannot be printed")]
    TooLong,
    /// The file cannot be written.
    #[error("the report cannot be written")]
    Write(#[source] WriteError),
    /// A sum overflows.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The database's.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Retry for Error {
    fn retryable(&self) -> bool {
        match self {
            Error::Store(error) => error.retryable(),
            Error::UnknownFlow | Error::TooLong | Error::Write(_) | Error::Money(_) => false,
        }
    }
}

/// Rows asked for in one query.
const PAGE: i64 = 1000;

/// Where rows go, one after the other; a row that it does not take is the last.
type Sink<'s> = dyn FnMut(Vec<Cell>) -> Result<(), Error> + 's;

/// Writes the report in a format, row by row: whatever its length, memory does not grow with it.
///
/// # Errors
/// [`Error`].
pub fn write(
    conn: &mut Conn,
    ctx: &Ctx,
    creditor: &FiscalCode,
    asked: (&Question, Form, Instant),
    out: &mut (dyn Write + Send),
) -> Result<Trailer, Error> {
    write_counting(conn, ctx, creditor, asked, (out, &AtomicI64::new(0)))
}

/// As [`write()`], and counts the rows where somebody may look.
///
/// # Errors
/// [`Error`].
pub fn write_counting(
    conn: &mut Conn,
    ctx: &Ctx,
    creditor: &FiscalCode,
    (question, form, now): (&Question, Form, Instant),
    (out, written): (&mut (dyn Write + Send), &AtomicI64),
) -> Result<Trailer, Error> {
    let body = ctx.registry.creditor(creditor);
    let head = Head {
        name: question.name.as_str(),
        title: question.name.title(),
        creditor: creditor.clone(),
        creditor_name: body
            .map(|body| body.legal_name.to_string())
            .unwrap_or_default(),
        filters: question.filters(),
        period: (question.period.from, question.period.to),
        made_at: now,
        columns: question.name.columns(),
        chart: question.name.chart(),
    };
    let mut report = Report::begin(form, &head, out)?;
    let desk = Desk {
        ctx,
        creditor,
        today: calendar::today(now),
        service: question.service.as_deref(),
    };
    let totals = desk.run(conn, question, &mut |row| {
        report.row(&row)?;
        written.fetch_add(1, Ordering::Relaxed);
        Ok(())
    })?;
    Ok(report.finish(totals)?)
}

impl From<WriteError> for Error {
    fn from(error: WriteError) -> Error {
        match error {
            WriteError::TooLong => Error::TooLong,
            WriteError::Money(why) => Error::Money(why),
            WriteError::Io(_) | WriteError::Xlsx(_) | WriteError::Pdf(_) => Error::Write(error),
        }
    }
}

struct Desk<'a> {
    ctx: &'a Ctx,
    creditor: &'a FiscalCode,
    today: Day,
    /// The only service that is wanted.
    service: Option<&'a str>,
}

#[derive(Clone, Copy)]
struct Sum {
    label: &'static str,
    count: i64,
    amount: Cents,
}

impl Sum {
    fn new(label: &'static str) -> Sum {
        Sum {
            label,
            count: 0,
            amount: Cents::ZERO,
        }
    }

    fn add(&mut self, count: i64, amount: Cents) -> Result<(), MoneyError> {
        self.count = self.count.saturating_add(count);
        self.amount = self.amount.plus(amount)?;
        Ok(())
    }

    fn total(self) -> ControlTotal {
        ControlTotal {
            label: self.label,
            count: self.count,
            amount: self.amount,
        }
    }
}

impl Desk<'_> {
    /// Whether what is about a service is wanted.
    fn wants(&self, service: &str) -> bool {
        self.service.is_none_or(|wanted| wanted == service)
    }

    fn run(
        &self,
        conn: &mut Conn,
        question: &Question,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let period = question.period;
        match question.name {
            Name::Receipts => self.receipts(conn, period, sink),
            Name::Transfers => self.transfers(conn, period, sink),
            Name::SettlementFlows => self.settlement_flows(conn, period, sink),
            Name::FlowRevisions => self.flow_revisions(conn, period, sink),
            Name::TreasuryEntries => self.treasury_entries(conn, period, sink),
            Name::ProvisionalCredits => self.provisional_credits(conn, question, sink),
            Name::ProvisionalPayments => self.provisional_payments(conn, question, sink),
            Name::CollectionOrders => self.collection_orders(conn, question, sink),
            Name::RevenueByKey => self.revenue_by_key(conn, period, sink),
            Name::RevenueByMonth => self.revenue_by_month(conn, period, sink),
            Name::WasteTaxShares => self.waste_tax_shares(conn, period, sink),
            Name::FinesByArticle => self.fines_by_article(conn, period, sink),
            Name::DueDates => self.due_dates(conn, period, sink),
            Name::DoubtfulClaims => self.doubtful_claims(conn, period, sink),
            Name::ReceiptsByDay => self.receipts_by_day(conn, period, sink),
            Name::FlowReconciliation => self.flow_reconciliation(conn, question, sink),
            Name::NotReconciled => self.not_reconciled(conn, question, sink),
            Name::ClearingAccounts => self.clearing_accounts(conn, period, sink),
            Name::RevenueByService => self.revenue_by_service(conn, period, sink),
            Name::ChildcareCertificate => self.childcare_certificate(conn, period, sink),
            Name::CanteenCertificate => self.canteen_certificate(conn, period, sink),
        }
    }

    fn receipts_by_day(
        &self,
        conn: &mut Conn,
        period: Period,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let (mut all, mut own) = (Sum::new("Ricevute"), Sum::new("Di cui dell'ente"));
        let rows = store::reports::receipts_by_day(conn, self.creditor, period)?;
        for row in rows.into_iter().filter(|row| self.wants(&row.service_code)) {
            all.add(row.receipts, row.amount)?;
            own.add(row.receipts, row.own)?;
            sink(vec![
                Cell::Day(row.day),
                Cell::Text(row.service_code),
                Cell::Count(row.receipts),
                Cell::Cents(row.amount),
                Cell::Cents(row.own),
                Cell::Count(row.anomalies),
            ])?;
        }
        Ok(vec![all.total(), own.total()])
    }

    fn not_reconciled(
        &self,
        conn: &mut Conn,
        question: &Question,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        let period = question.period;
        let open = Code::ALL.iter().copied().filter(|code| code.is_open());
        let codes: Vec<Code> = open.collect();
        let mut buckets = [
            (AgeBucket::Fresh, Sum::new("Da 0 a 3 giorni")),
            (AgeBucket::Week, Sum::new("Da 4 a 10 giorni")),
            (AgeBucket::Month, Sum::new("Da 11 a 30 giorni")),
            (AgeBucket::Older, Sum::new("Oltre 30 giorni")),
        ];
        let mut after = (period.from, String::new(), String::new());
        loop {
            let asked = (codes.as_slice(), period, question.flag);
            let page = store::reports::open_lines(conn, self.creditor, asked, &after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = store::reports::line_place(last);
            for filed in &page {
                let age = self
                    .today
                    .signed_duration_since(filed.verdict.since)
                    .num_days()
                    .max(0);
                let bucket = AgeBucket::of(age);
                for (_, sum) in buckets.iter_mut().filter(|(of, _)| *of == bucket) {
                    sum.add(1, filed.verdict.amount)?;
                }
                sink(open_row(filed, age, bucket))?;
            }
        }
        Ok(buckets.map(|(_, sum)| sum.total()).to_vec())
    }

    fn revenue_by_service(
        &self,
        conn: &mut Conn,
        period: Period,
        sink: &mut Sink<'_>,
    ) -> Result<Vec<ControlTotal>, Error> {
        // The accounting key of a service may change in the period: it is the one of the day of payment.
        let mut grouped: BTreeMap<(String, String), (String, Sum, Sum)> = BTreeMap::new();
        let (mut collected, mut settled) =
            (Sum::new("Riscosso"), Sum::new("Incassato e riconciliato"));
        let rows = store::reports::revenue(conn, self.creditor, period)?;
        for row in rows.into_iter().filter(|row| self.wants(&row.service_code)) {
            let service = self
                .ctx
                .registry
                .service(self.creditor, &row.service_code, row.day);
            let key = service
                .as_ref()
                .map(|s| s.accounting_key.to_string())
                .unwrap_or_default();
            let title = service
                .as_ref()
                .map(|s| s.title.to_string())
                .unwrap_or_default();
            collected.add(row.transfers, row.collected)?;
            settled.add(row.transfers, row.settled)?;
            let group = grouped
                .entry((row.service_code, key))
                .or_insert_with(|| (title, Sum::new(""), Sum::new("")));
            group.1.add(row.transfers, row.collected)?;
            group.2.add(row.transfers, row.settled)?;
        }
        for ((service, key), (title, collected, settled)) in grouped {
            sink(vec![
                Cell::Text(service),
                Cell::Text(title),
                Cell::Text(key),
                Cell::Count(collected.count),
                Cell::Cents(collected.amount),
                Cell::Cents(settled.amount),
                Cell::Cents(collected.amount.minus(settled.amount)?),
            ])?;
        }
        Ok(vec![collected.total(), settled.total()])
    }
}

fn open_row(filed: &store::reconciliation::Filed, age: i64, bucket: AgeBucket) -> Vec<Cell> {
    let verdict = &filed.verdict;
    vec![
        Cell::Day(verdict.since),
        Cell::Count(age),
        bucket.as_str().into(),
        filed.line.kind.as_str().into(),
        Cell::Text(filed.line.key.clone()),
        filed.iuv.clone().map_or(Cell::Empty, Cell::Text),
        Cell::Cents(verdict.amount),
        verdict.code.as_str().into(),
        verdict.code.label().into(),
        verdict.code.group_at(bucket).as_str().into(),
        Cell::Text(verdict.code.mypivot().join(" ")),
        Cell::Text(flags(&verdict.flags)),
        Cell::Text(filed.id.to_string()),
    ]
}

fn flags(flags: &std::collections::BTreeSet<Flag>) -> String {
    flags
        .iter()
        .map(|flag| flag.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests;
