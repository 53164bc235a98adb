//! Jobs, as whoever asked for them sees them.

pub use crate::store::jobs::{Job, JobState};

use uuid::Uuid;

use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::trail::{AuditAction, AuditChange, AuditedEntity};
use crate::store::{self, Conn, Tx};

/// The job with this id, if the creditor has one.
///
/// # Errors
/// The database's.
pub fn get(
    conn: &mut Conn,
    creditor: &FiscalCode,
    id: Uuid,
    now: Instant,
) -> Result<Option<Job>, store::Error> {
    store::jobs::get(conn, creditor, id, now)
}

/// Jobs of a creditor, the newest first, older than the one given.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (before, limit): (Option<Uuid>, i64),
    now: Instant,
) -> Result<Vec<Job>, store::Error> {
    store::jobs::page(conn, creditor, before, limit, now)
}

/// Enqueues one run of a kind of job for a creditor, as soon as a worker is free: `once` tells a kind that
/// repeats by itself that this run does not.
///
/// # Errors
/// The database's, or [`store::Error::Changed`] when it is gone already.
pub fn enqueue(
    tx: &mut Tx<'_>,
    now: Instant,
    creditor: &FiscalCode,
    (id, kind): (Uuid, &str),
) -> Result<Job, store::Error> {
    let new = store::jobs::NewJob {
        creditor: creditor.clone(),
        id,
        kind: kind.to_owned(),
        once_key: None,
        payload: serde_json::json!({ "once": true }),
        run_at: now,
    };
    store::jobs::enqueue(tx, now, &new)?;
    let (what, asked) = (
        (AuditedEntity::Job, id),
        serde_json::json!({ "kind": kind }),
    );
    tx.note(AuditChange::new(
        creditor,
        AuditAction::Requested,
        what,
        asked,
    ));
    let gone = || store::Error::Changed {
        table: "job",
        id: id.to_string(),
    };
    store::jobs::get(tx, creditor, id, now)?.ok_or_else(gone)
}
