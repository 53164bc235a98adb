//! Which positions the platform's archive has to be told of.

use diesel::prelude::*;
use diesel::upsert::excluded;
use uuid::Uuid;

use super::schema::archive_feed;
use super::types::{At, Id};
use super::{Conn, Error, Tx};
use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;

/// A position to be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The position.
    pub position_id: Uuid,
    /// Which change it is: the next one counts on.
    pub mark: i64,
    /// Times that the archive refused it.
    pub attempts: i32,
}

/// Marks a position: the archive is told of it at this instant.
///
/// # Errors
/// The database's.
pub fn mark(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    position_id: Uuid,
    due_at: Instant,
) -> Result<(), Error> {
    on!(&mut **tx, |c| diesel::insert_into(archive_feed::table)
        .values((
            archive_feed::creditor.eq(creditor.as_str()),
            archive_feed::position_id.eq(Id(position_id)),
            archive_feed::due_at.eq(At(due_at)),
            archive_feed::mark.eq(due_at.timestamp_micros()),
            archive_feed::attempts.eq(0),
        ))
        .on_conflict((archive_feed::creditor, archive_feed::position_id))
        .do_update()
        .set((
            archive_feed::due_at.eq(excluded(archive_feed::due_at)),
            archive_feed::mark.eq(archive_feed::mark + 1),
            archive_feed::attempts.eq(excluded(archive_feed::attempts)),
        ))
        .execute(c))?;
    Ok(())
}

/// The positions that are due, the longest waiting first.
///
/// # Errors
/// The database's.
pub fn due(
    conn: &mut Conn,
    creditor: &FiscalCode,
    now: Instant,
    most: i64,
) -> Result<Vec<Due>, Error> {
    let rows: Vec<(Id, i64, i32)> = on!(conn, |c| archive_feed::table
        .filter(archive_feed::creditor.eq(creditor.as_str()))
        .filter(archive_feed::due_at.le(At(now)))
        .order(archive_feed::due_at)
        .limit(most)
        .select((
            archive_feed::position_id,
            archive_feed::mark,
            archive_feed::attempts
        ))
        .load(c))?;
    let due = rows.into_iter().map(|(position, mark, attempts)| Due {
        position_id: position.0,
        mark,
        attempts,
    });
    Ok(due.collect())
}

/// The archive has been told: the position waits until an instant, or for its next change. Nothing happens
/// when it has changed meanwhile.
///
/// # Errors
/// The database's.
pub fn told(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    told: Due,
    again_at: Option<Instant>,
) -> Result<(), Error> {
    let row = archive_feed::table
        .find((creditor.as_str(), Id(told.position_id)))
        .filter(archive_feed::mark.eq(told.mark));
    match again_at {
        Some(at) => on!(&mut **tx, |c| diesel::update(row)
            .set((
                archive_feed::due_at.eq(At(at)),
                archive_feed::attempts.eq(told.attempts)
            ))
            .execute(c))?,
        None => on!(&mut **tx, |c| diesel::delete(row).execute(c))?,
    };
    Ok(())
}
