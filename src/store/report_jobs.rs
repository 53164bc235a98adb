//! Reports made by a job: what is asked, how far it is, and the file in parts until it expires.

use diesel::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::schema::{report_job, report_part};
use super::types::{At, Id, Json};
use super::{Conn, Error, Tx};
use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::text::Said;

const TABLE: &str = "report_job";

/// How far a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportState {
    /// Waiting for a worker.
    Queued,
    /// Being written.
    Running,
    /// Its file can be read.
    Ready,
    /// It cannot be made.
    Failed,
    /// Its file is gone.
    Expired,
}

impl ReportState {
    const ALL: [ReportState; 5] = [
        ReportState::Queued,
        ReportState::Running,
        ReportState::Ready,
        ReportState::Failed,
        ReportState::Expired,
    ];

    fn as_str(self) -> &'static str {
        match self {
            ReportState::Queued => "queued",
            ReportState::Running => "running",
            ReportState::Ready => "ready",
            ReportState::Failed => "failed",
            ReportState::Expired => "expired",
        }
    }
}

/// What a finished file says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// Bytes.
    pub length: i64,
    /// SHA-256 of the rows.
    pub rows_sha256: String,
    /// Control totals, as whoever wrote them reads them.
    pub control_totals: Value,
}

/// A report that somebody asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportJob {
    /// UUID version 7.
    pub id: Uuid,
    /// What is asked, as whoever wrote it reads it.
    pub question: Value,
    /// How far it is.
    pub state: ReportState,
    /// Rows written so far.
    pub rows_written: i64,
    /// Its file, once it is made; what it was, once it is gone.
    pub made: Option<Made>,
    /// Why it cannot be made.
    pub failure: Option<Said>,
    /// When it was asked for.
    pub created_at: Instant,
    /// When its file was made.
    pub made_at: Option<Instant>,
    /// When its file goes.
    pub expires_at: Option<Instant>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = report_job, treat_none_as_default_value = false)]
struct ReportRow {
    creditor: String,
    id: Id,
    question: Json,
    state: String,
    rows_written: i64,
    length: Option<i64>,
    rows_sha256: Option<String>,
    control_totals: Option<Json>,
    failure: Option<Json>,
    created_at: At,
    made_at: Option<At>,
    expires_at: Option<At>,
}

/// Writes down what is asked.
///
/// # Errors
/// The database's.
pub fn insert(
    tx: &mut Tx<'_>,
    now: Instant,
    creditor: &FiscalCode,
    (id, question): (Uuid, Value),
) -> Result<(), Error> {
    let row = ReportRow {
        creditor: creditor.to_string(),
        id: Id(id),
        question: Json(question),
        state: ReportState::Queued.as_str().to_owned(),
        rows_written: 0,
        length: None,
        rows_sha256: None,
        control_totals: None,
        failure: None,
        created_at: At(now),
        made_at: None,
        expires_at: None,
    };
    on!(&mut **tx, |c| diesel::insert_into(report_job::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// The report with this id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Option<ReportJob>, Error> {
    let row: Option<ReportRow> = on!(conn, |c| report_job::table
        .find((creditor.as_str(), Id(id)))
        .select(ReportRow::as_select())
        .get_result(c)
        .optional())?;
    row.map(ReportRow::into_domain).transpose()
}

/// Reports, the newest first, older than the one given.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (before, limit): (Option<Uuid>, i64),
) -> Result<Vec<ReportJob>, Error> {
    let before = Id(before.unwrap_or(Uuid::max()));
    let rows: Vec<ReportRow> = on!(conn, |c| report_job::table
        .filter(report_job::creditor.eq(creditor.as_str()))
        .filter(report_job::id.lt(before))
        .order(report_job::id.desc())
        .limit(limit)
        .select(ReportRow::as_select())
        .load(c))?;
    rows.into_iter().map(ReportRow::into_domain).collect()
}

/// Begins, or begins again after a worker died: what it had written is dropped.
///
/// # Errors
/// The database's.
pub fn begin(tx: &mut Tx<'_>, creditor: &FiscalCode, id: Uuid) -> Result<(), Error> {
    drop_parts(tx, creditor, id)?;
    set(tx, creditor, id, (ReportState::Running, 0))
}

/// Says how far it is.
///
/// # Errors
/// The database's.
pub fn advance(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    id: Uuid,
    rows_written: i64,
) -> Result<(), Error> {
    set(tx, creditor, id, (ReportState::Running, rows_written))
}

fn set(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    id: Uuid,
    (state, rows_written): (ReportState, i64),
) -> Result<(), Error> {
    let this = report_job::table.find((creditor.as_str(), Id(id)));
    let set = (
        report_job::state.eq(state.as_str()),
        report_job::rows_written.eq(rows_written),
    );
    on!(&mut **tx, |c| diesel::update(this).set(set).execute(c))?;
    Ok(())
}

/// Adds a part of the file.
///
/// # Errors
/// The database's.
pub fn add_part(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    (id, part): (Uuid, i32),
    body: &[u8],
) -> Result<(), Error> {
    on!(&mut **tx, |c| diesel::insert_into(report_part::table)
        .values((
            report_part::creditor.eq(creditor.as_str()),
            report_part::report.eq(Id(id)),
            report_part::part.eq(part),
            report_part::body.eq(body),
        ))
        .execute(c))?;
    Ok(())
}

/// A part of the file; `None` after the last.
///
/// # Errors
/// The database's.
pub fn part(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (id, part): (Uuid, i32),
) -> Result<Option<Vec<u8>>, Error> {
    Ok(on!(conn, |c| report_part::table
        .find((creditor.as_str(), Id(id), part))
        .select(report_part::body)
        .get_result(c)
        .optional())?)
}

/// The file is whole, until it expires.
///
/// # Errors
/// The database's.
pub fn finish(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    (id, rows, made): (Uuid, i64, &Made),
    (now, expires_at): (Instant, Instant),
) -> Result<(), Error> {
    let this = report_job::table.find((creditor.as_str(), Id(id)));
    let set = (
        report_job::state.eq(ReportState::Ready.as_str()),
        report_job::rows_written.eq(rows),
        report_job::length.eq(Some(made.length)),
        report_job::rows_sha256.eq(Some(made.rows_sha256.as_str())),
        report_job::control_totals.eq(Some(Json(made.control_totals.clone()))),
        report_job::made_at.eq(Some(At(now))),
        report_job::expires_at.eq(Some(At(expires_at))),
    );
    on!(&mut **tx, |c| diesel::update(this).set(set).execute(c))?;
    Ok(())
}

/// It cannot be made.
///
/// # Errors
/// The database's.
pub fn fail(tx: &mut Tx<'_>, creditor: &FiscalCode, id: Uuid, why: &Said) -> Result<(), Error> {
    drop_parts(tx, creditor, id)?;
    let this = report_job::table.find((creditor.as_str(), Id(id)));
    let failure = serde_json::json!({"it": why.it, "en": why.en});
    let set = (
        report_job::state.eq(ReportState::Failed.as_str()),
        report_job::failure.eq(Some(Json(failure))),
    );
    on!(&mut **tx, |c| diesel::update(this).set(set).execute(c))?;
    Ok(())
}

/// The file goes; what it was stays.
///
/// # Errors
/// The database's.
pub fn expire(tx: &mut Tx<'_>, creditor: &FiscalCode, id: Uuid) -> Result<(), Error> {
    drop_parts(tx, creditor, id)?;
    let this = report_job::table.find((creditor.as_str(), Id(id)));
    let set = report_job::state.eq(ReportState::Expired.as_str());
    on!(&mut **tx, |c| diesel::update(this).set(set).execute(c))?;
    Ok(())
}

fn drop_parts(tx: &mut Tx<'_>, creditor: &FiscalCode, id: Uuid) -> Result<(), Error> {
    on!(&mut **tx, |c| diesel::delete(
        report_part::table
            .filter(report_part::creditor.eq(creditor.as_str()))
            .filter(report_part::report.eq(Id(id)))
    )
    .execute(c))?;
    Ok(())
}

impl ReportRow {
    fn into_domain(self) -> Result<ReportJob, Error> {
        let id = self.id.0;
        let mut states = ReportState::ALL.into_iter();
        let state = states.find(|state| state.as_str() == self.state);
        let made = self.length.zip(self.rows_sha256);
        let made = made.map(|(length, rows_sha256)| Made {
            length,
            rows_sha256,
            control_totals: self
                .control_totals
                .map(|totals| totals.0)
                .unwrap_or_default(),
        });
        let failure = self.failure.map(|why| {
            let text = |language: &str| why.0.get(language).and_then(Value::as_str);
            Said::new(
                text("it").unwrap_or_default(),
                text("en").unwrap_or_default(),
            )
        });
        Ok(ReportJob {
            id,
            question: self.question.0,
            state: state.ok_or_else(|| Error::corrupt(TABLE, id, "unknown state"))?,
            rows_written: self.rows_written,
            made,
            failure,
            created_at: self.created_at.0,
            made_at: self.made_at.map(|at| at.0),
            expires_at: self.expires_at.map(|at| at.0),
        })
    }
}
