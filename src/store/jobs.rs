//! Work to do later: enqueued with the business event, leased by one worker, done, repeated or given up.
//!
//! A lease that runs out is a worker that died: the job is claimed again, so its work must bear repetition.

use diesel::prelude::*;
use serde_json::Value;

use super::crash::{self, Point};
use super::schema::job;
use super::types::{At, Id, Json};
use super::{Conn, Error, Inserted, Tx};
use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;

/// A job to enqueue.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// The creditor it works for.
    pub creditor: FiscalCode,
    /// Its id.
    pub id: uuid::Uuid,
    /// Code of a kind of job.
    pub kind: String,
    /// At most one job of a kind has this key, for ever; `None` when there may be many.
    pub once_key: Option<String>,
    /// What the kind needs to know.
    pub payload: Value,
    /// Not before.
    pub run_at: Instant,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// To be run at its time.
    Waiting,
    /// A worker holds its lease.
    Running,
    /// Done, with a result.
    Done,
    /// Given up after too many failures.
    Dead,
}

/// A job as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The creditor it works for.
    pub creditor: FiscalCode,
    /// Its id.
    pub id: uuid::Uuid,
    /// Code of its kind.
    pub kind: String,
    /// What the kind needs to know.
    pub payload: Value,
    /// Where it stands.
    pub state: JobState,
    /// Not before.
    pub run_at: Instant,
    /// Times it was begun since it last succeeded.
    pub attempts: u32,
    /// Why it failed last.
    pub last_error: Option<String>,
    /// What it made.
    pub result: Option<Value>,
    /// When it was enqueued.
    pub created_at: Instant,
    /// When it was done or given up.
    pub finished_at: Option<Instant>,
}

/// A worker's hold on jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// The worker: an id made when the process starts.
    pub by: uuid::Uuid,
    /// When the hold ends by itself.
    pub until: Instant,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// Done, with a result to show.
    Done(Value),
    /// Done for now; it runs again at this instant (a timer).
    Again(Instant),
    /// Failed; it is tried again at this instant.
    Retry {
        /// When.
        at: Instant,
        /// Why it failed, without personal data.
        why: String,
    },
    /// Given up.
    Dead {
        /// Why it failed, without personal data.
        why: String,
    },
}

const WAITING: i16 = 0;
const DONE: i16 = 1;
const DEAD: i16 = 2;

#[derive(Queryable, Selectable, Insertable, Clone)]
#[diesel(table_name = job, treat_none_as_default_value = false)]
struct JobRow {
    creditor: String,
    id: Id,
    kind: String,
    once_key: Option<String>,
    payload: Json,
    state: i16,
    run_at: At,
    attempts: i32,
    lease_until: Option<At>,
    lease_by: Option<Id>,
    last_error: Option<String>,
    result: Option<Json>,
    created_at: At,
    finished_at: Option<At>,
}

/// Enqueues a job in the transaction of its cause. A key that was used before makes none.
///
/// # Errors
/// [`Error`].
pub fn enqueue(tx: &mut Tx<'_>, now: Instant, new: &NewJob) -> Result<Inserted, Error> {
    let row = JobRow {
        creditor: new.creditor.to_string(),
        id: Id(new.id),
        kind: new.kind.clone(),
        once_key: new.once_key.clone(),
        payload: Json(new.payload.clone()),
        state: WAITING,
        run_at: At(new.run_at),
        attempts: 0,
        lease_until: None,
        lease_by: None,
        last_error: None,
        result: None,
        created_at: At(now),
        finished_at: None,
    };
    let made = on!(&mut **tx, |c| diesel::insert_into(job::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(Inserted::from_count(made))
}

/// Takes the lease of at most `most` jobs that are due, oldest first, and counts the attempt. Two workers
/// never hold the same job: PostgreSQL skips rows that another claim has locked, SQLite has one writer.
///
/// # Errors
/// [`Error`].
pub fn claim(tx: &mut Tx<'_>, now: Instant, lease: Lease, most: i64) -> Result<Vec<Job>, Error> {
    // Written once as text: the query's type names the database it is for.
    macro_rules! due {
        () => {
            job::table
                .filter(job::finished_at.is_null().and(job::run_at.le(At(now))))
                .filter(job::lease_until.is_null().or(job::lease_until.le(At(now))))
                // Its own lease may have run out while it works, when a simulated clock is set ahead.
                .filter(job::lease_by.is_null().or(job::lease_by.ne(Id(lease.by))))
                .order((job::run_at, job::id))
                .limit(most)
                .select(JobRow::as_select())
        };
    }
    let rows: Vec<JobRow> = match &mut **tx {
        Conn::Pg(c) => due!().for_update().skip_locked().load(c)?,
        Conn::Lite(c) => due!().load(c)?,
    };
    let mut claimed = Vec::with_capacity(rows.len());
    for mut row in rows {
        row.attempts = row.attempts.saturating_add(1);
        row.lease_until = Some(At(lease.until));
        row.lease_by = Some(Id(lease.by));
        let set = (
            job::attempts.eq(row.attempts),
            job::lease_until.eq(row.lease_until),
            job::lease_by.eq(row.lease_by),
        );
        let this = job::table.find((row.creditor.clone(), row.id));
        on!(&mut **tx, |c| diesel::update(this).set(set).execute(c))?;
        claimed.push(row.parse(now)?);
    }
    if !claimed.is_empty() {
        crash::point(Point::JobClaimed);
    }
    Ok(claimed)
}

/// Writes down how a run ended, if the worker still holds the lease; `false` when it does not, because
/// another one has begun again.
///
/// # Errors
/// [`Error`].
pub fn finish(
    tx: &mut Tx<'_>,
    now: Instant,
    held: &Job,
    by: uuid::Uuid,
    ending: &Ending,
) -> Result<bool, Error> {
    let (state, run_at, attempts, why, result) = match ending {
        Ending::Done(result) => (DONE, held.run_at, held.attempts, None, Some(result.clone())),
        Ending::Again(at) => (WAITING, *at, 0, None, None),
        Ending::Retry { at, why } => (WAITING, *at, held.attempts, Some(why.clone()), None),
        Ending::Dead { why } => (DEAD, held.run_at, held.attempts, Some(why.clone()), None),
    };
    let this = job::table
        .find((held.creditor.as_str().to_owned(), Id(held.id)))
        .filter(job::lease_by.eq(Id(by)));
    let set = (
        job::state.eq(state),
        job::run_at.eq(At(run_at)),
        job::attempts.eq(i32::try_from(attempts).unwrap_or(i32::MAX)),
        job::lease_until.eq(None::<At>),
        job::lease_by.eq(None::<Id>),
        job::last_error.eq(why),
        job::result.eq(result.map(Json)),
        job::finished_at.eq((state != WAITING).then_some(At(now))),
    );
    let updated = on!(&mut **tx, |c| diesel::update(this).set(set).execute(c))?;
    crash::point(Point::JobRecorded);
    Ok(updated == 1)
}

/// Prolongs every lease of a worker.
///
/// # Errors
/// [`Error`].
pub fn renew(tx: &mut Tx<'_>, lease: Lease) -> Result<usize, Error> {
    let held = job::table.filter(
        job::finished_at
            .is_null()
            .and(job::lease_by.eq(Id(lease.by))),
    );
    let set = job::lease_until.eq(Some(At(lease.until)));
    Ok(on!(&mut **tx, |c| diesel::update(held)
        .set(set)
        .execute(c))?)
}

/// Gives back every lease of a worker that stops; what it had begun is not counted as an attempt.
///
/// # Errors
/// [`Error`].
pub fn release(tx: &mut Tx<'_>, by: uuid::Uuid) -> Result<usize, Error> {
    let held = job::table.filter(job::finished_at.is_null().and(job::lease_by.eq(Id(by))));
    let set = (
        job::attempts.eq(job::attempts - 1),
        job::lease_until.eq(None::<At>),
        job::lease_by.eq(None::<Id>),
    );
    Ok(on!(&mut **tx, |c| diesel::update(held)
        .set(set)
        .execute(c))?)
}

/// A job of a creditor.
///
/// # Errors
/// [`Error`].
pub fn get(
    conn: &mut Conn,
    creditor: &FiscalCode,
    id: uuid::Uuid,
    now: Instant,
) -> Result<Option<Job>, Error> {
    let row: Option<JobRow> = on!(conn, |c| job::table
        .find((creditor.as_str(), Id(id)))
        .select(JobRow::as_select())
        .get_result(c)
        .optional())?;
    row.map(|row| row.parse(now)).transpose()
}

/// Jobs of a creditor, the newest first, older than the one given.
///
/// # Errors
/// [`Error`].
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    before: Option<uuid::Uuid>,
    most: i64,
    now: Instant,
) -> Result<Vec<Job>, Error> {
    let before = Id(before.unwrap_or(uuid::Uuid::max()));
    let rows: Vec<JobRow> = on!(conn, |c| job::table
        .filter(job::creditor.eq(creditor.as_str()).and(job::id.lt(before)))
        .order(job::id.desc())
        .limit(most)
        .select(JobRow::as_select())
        .load(c))?;
    rows.into_iter().map(|row| row.parse(now)).collect()
}

/// How many jobs wait or run, and how many were given up: for the metrics.
///
/// # Errors
/// [`Error`].
pub fn count_open_and_dead(conn: &mut Conn) -> Result<(i64, i64), Error> {
    let open = job::table.filter(job::finished_at.is_null()).count();
    let dead = job::table.filter(job::state.eq(DEAD)).count();
    Ok(on!(conn, |c| (open.get_result(c)?, dead.get_result(c)?)))
}

impl JobRow {
    fn parse(self, now: Instant) -> Result<Job, Error> {
        let corrupt = |why: &str| Error::corrupt("job", self.id.0, why);
        let leased = self.lease_until.is_some_and(|until| until.0 > now);
        let state = match self.state {
            WAITING if leased => JobState::Running,
            WAITING => JobState::Waiting,
            DONE => JobState::Done,
            DEAD => JobState::Dead,
            _ => return Err(corrupt("unknown state")),
        };
        Ok(Job {
            creditor: FiscalCode::parse(&self.creditor).map_err(|e| corrupt(&e.to_string()))?,
            id: self.id.0,
            kind: self.kind,
            payload: self.payload.0,
            state,
            run_at: self.run_at.0,
            attempts: u32::try_from(self.attempts).unwrap_or(0),
            last_error: self.last_error,
            result: self.result.map(|result| result.0),
            created_at: self.created_at.0,
            finished_at: self.finished_at.map(|at| at.0),
        })
    }
}

#[cfg(test)]
mod tests;
