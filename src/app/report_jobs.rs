//! Large reports: asked for, made by a job, kept for a day.
//!
//! The file is kept in the database, in parts: whichever process made it, every other one can hand it out,
//! and it survives a restart of all of them.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::app::reports::{Dialect, Form, Name, Period, Question, Trailer};
use crate::domain::calendar::{Day, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::reconciliation::Flag;
use crate::domain::trail::{AuditAction, AuditChange, AuditedEntity};
use crate::store::jobs::NewJob;
pub use crate::store::report_jobs::{
    Made, ReportJob, ReportState, add_part, advance, begin, expire, fail,
};
use crate::store::{self, Conn, Tx, report_jobs as rows};

/// Kind of the job that makes reports.
pub const KIND: &str = "make_report";
/// How long a file is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// Bytes of a part of a file.
pub const PART: usize = 256 * 1024;

/// A report and the format it is wanted in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What is asked.
    pub question: Question,
    /// How it is written.
    pub form: Form,
}

/// As it is stored.
#[derive(Serialize, Deserialize)]
struct WantedRow {
    report: String,
    form: String,
    from: Day,
    to: Day,
    flow: Option<Uuid>,
    provisional: Option<i64>,
    /// Absent, as what follows, in what was asked for before reports knew it.
    #[serde(default)]
    service: Option<String>,
    #[serde(default)]
    flag: Option<String>,
}

/// Every format by name.
const FORMS: [(Form, &str); 6] = [
    (Form::Json, "json"),
    (Form::JsonLines, "jsonl"),
    (Form::Csv(Dialect::Rfc4180), "csv"),
    (Form::Csv(Dialect::It), "csv_it"),
    (Form::Xlsx, "xlsx"),
    (Form::Pdf, "pdf"),
];

impl Wanted {
    fn row(&self) -> WantedRow {
        let form = FORMS.iter().find(|(form, _)| *form == self.form);
        let question = &self.question;
        WantedRow {
            report: question.name.as_str().to_owned(),
            form: form.map_or("json", |(_, name)| name).to_owned(),
            from: question.period.from,
            to: question.period.to,
            flow: question.flow,
            provisional: question.provisional,
            service: question.service.clone(),
            flag: question.flag.map(|flag| flag.to_string()),
        }
    }

    /// Reads what is stored; `None` when this program has no such report.
    #[must_use]
    pub fn of(job: &ReportJob) -> Option<Wanted> {
        let row: WantedRow = serde_json::from_value(job.question.clone()).ok()?;
        let named = |name: &&Name| name.as_str() == row.report;
        let form = FORMS.iter().find(|(_, name)| *name == row.form);
        // A flag that this program does not know would make another report of it.
        let flag = match &row.flag {
            Some(name) => Some(Flag::from_name(name)?),
            None => None,
        };
        Some(Wanted {
            form: form.map(|(form, _)| *form)?,
            question: Question {
                name: *Name::ALL.iter().find(named)?,
                period: Period {
                    from: row.from,
                    to: row.to,
                },
                flow: row.flow,
                provisional: row.provisional,
                service: row.service,
                flag,
            },
        })
    }
}

/// Writes down that a report is wanted and enqueues its job, in one transaction.
///
/// # Errors
/// The database's.
pub fn ask(
    tx: &mut Tx<'_>,
    now: Instant,
    creditor: &FiscalCode,
    ids: (Uuid, Uuid),
    wanted: &Wanted,
) -> Result<ReportJob, store::Error> {
    let (id, job) = ids;
    let corrupt = |why| store::Error::corrupt("report_job", id, why);
    let question = serde_json::to_value(wanted.row()).map_err(corrupt)?;
    rows::insert(tx, now, creditor, (id, question))?;
    let new = NewJob {
        creditor: creditor.clone(),
        id: job,
        kind: KIND.to_owned(),
        once_key: None,
        payload: json!({ "report": id }),
        run_at: now,
    };
    store::jobs::enqueue(tx, now, &new)?;
    let what = (AuditedEntity::ReportJob, id);
    let asked = json!(wanted.row());
    tx.note(AuditChange::new(
        creditor,
        AuditAction::Requested,
        what,
        asked,
    ));
    let gone = || store::Error::Changed {
        table: "report_job",
        id: id.to_string(),
    };
    rows::get(tx, creditor, id)?.ok_or_else(gone)
}

/// A report of the creditor, as far as it is now: a file whose time is over is gone, whether a worker has
/// dropped it or not.
///
/// # Errors
/// The database's.
pub fn get(
    conn: &mut Conn,
    creditor: &FiscalCode,
    id: Uuid,
    now: Instant,
) -> Result<Option<ReportJob>, store::Error> {
    Ok(rows::get(conn, creditor, id)?.map(|job| at(job, now)))
}

/// Reports of the creditor, the newest first, older than the one given.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    slice: (Option<Uuid>, i64),
    now: Instant,
) -> Result<Vec<ReportJob>, store::Error> {
    let found = rows::page(conn, creditor, slice)?;
    Ok(found.into_iter().map(|job| at(job, now)).collect())
}

fn at(mut job: ReportJob, now: Instant) -> ReportJob {
    let over = job.expires_at.is_some_and(|at| at <= now);
    if over && job.state == ReportState::Ready {
        job.state = ReportState::Expired;
    }
    job
}

/// A part of a file; `None` after the last.
///
/// # Errors
/// The database's.
pub fn part(
    conn: &mut Conn,
    creditor: &FiscalCode,
    part: (Uuid, i32),
) -> Result<Option<Vec<u8>>, store::Error> {
    rows::part(conn, creditor, part)
}

/// The file is whole: it is kept for a day. Says until when.
///
/// # Errors
/// The database's.
pub fn finish(
    tx: &mut Tx<'_>,
    now: Instant,
    creditor: &FiscalCode,
    (id, length): (Uuid, i64),
    trailer: &Trailer,
) -> Result<Instant, store::Error> {
    let expires_at = now.checked_add_signed(KEPT).unwrap_or(now);
    let total = |total: &crate::app::reports::ControlTotal| json!({"label": total.label, "count": total.count, "amount_cents": total.amount.get()});
    let made = Made {
        length,
        rows_sha256: trailer.rows_sha256.clone(),
        control_totals: trailer.control_totals.iter().map(total).collect(),
    };
    rows::finish(tx, creditor, (id, trailer.rows, &made), (now, expires_at))?;
    Ok(expires_at)
}
