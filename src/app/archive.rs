//! The platform's archive of notices (ACA), from which the node answers while this engine cannot be asked: it is
//! told of every change of a position, because a notice left open there can be paid twice.

use uuid::Uuid;

use crate::ctx::Ctx;
use crate::domain::calendar::{self, Day, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::position::{Notice, Position};
pub use crate::store::archive::Due;
use crate::store::{self, Conn, Tx};

/// Marks a position that changes, in the transaction of the change. Where no archive is configured nothing is
/// kept.
///
/// # Errors
/// The database's.
pub(super) fn changed(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    position_id: Uuid,
) -> Result<(), store::Error> {
    if ctx.config.archive.is_none() {
        return Ok(());
    }
    store::archive::mark(tx, creditor, position_id, now)
}

/// The positions to be told of now, with what they are.
///
/// # Errors
/// The database's.
pub fn due(
    conn: &mut Conn,
    creditor: &FiscalCode,
    now: Instant,
    most: i64,
) -> Result<Vec<(Due, Position)>, store::Error> {
    let mut found = Vec::new();
    for due in store::archive::due(conn, creditor, now, most)? {
        if let Some(position) = store::positions::get(conn, creditor, due.position_id)? {
            found.push((due, position));
        }
    }
    Ok(found)
}

/// What a notice costs on a day for the archive: nothing closes it there.
#[must_use]
pub fn amount(position: &Position, notice: &Notice, day: Day) -> Cents {
    let due = position.payable_on(notice, day);
    due.map_or(Cents::ZERO, |due| due.total)
}

/// Writes down that the archive knows a position as it is on a day. It is told again on the day on which the
/// price of one of its notices changes by itself.
///
/// # Errors
/// The database's.
pub fn told(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    (told, position): (Due, &Position),
    day: Day,
) -> Result<(), store::Error> {
    let changes = position
        .notices
        .iter()
        .filter_map(|notice| position.next_change(notice, day));
    let next = changes.map(|(from, _)| calendar::start_of(from)).min();
    let told = Due {
        attempts: 0,
        ..told
    };
    store::archive::told(tx, creditor, told, next)
}

/// Writes down that the archive refused a position: it is told again at an instant.
///
/// # Errors
/// The database's.
pub fn refused(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    refused: Due,
    again_at: Instant,
) -> Result<(), store::Error> {
    let attempts = refused.attempts.saturating_add(1);
    store::archive::told(
        tx,
        creditor,
        Due {
            attempts,
            ..refused
        },
        Some(again_at),
    )
}
