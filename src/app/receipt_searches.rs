//! Receipts that flows name and nobody sent: which they are, and when the platform may be asked for them.

use chrono::TimeDelta;

use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
pub use crate::store::receipt_searches::Missing;
use crate::store::{self, Conn, Tx};

/// Calls that the platform allows in [`WINDOW`].
const CALLS_MAX: usize = 10;
/// The time in which calls are counted.
const WINDOW: TimeDelta = TimeDelta::minutes(60);
/// A receipt that the platform does not know is asked for again after this time, doubled each time.
const FIRST_WAIT: TimeDelta = TimeDelta::hours(6);
/// Times that one receipt is asked for.
const ATTEMPTS_MAX: i32 = 5;
/// A receipt that is not asked for any more.
const NEVER: TimeDelta = TimeDelta::days(36_500);

/// What to do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Ask for this receipt.
    Ask(Missing),
    /// The platform allows the next call at this instant.
    Wait(Instant),
    /// No receipt is missing that may be asked for.
    Nothing,
}

/// The next call, if one is due and allowed. The limit is kept in the database: a restart does not forget it.
///
/// # Errors
/// The database's.
pub fn next(conn: &mut Conn, creditor: &FiscalCode, now: Instant) -> Result<Next, store::Error> {
    let Some(missing) = store::receipt_searches::missing(conn, creditor, now, 1)?.pop() else {
        return Ok(Next::Nothing);
    };
    let since = now.checked_sub_signed(WINDOW).unwrap_or(now);
    let asked = store::receipt_searches::asked_since(conn, creditor, since)?;
    // With all calls used, the next one is free when the oldest of them leaves the window.
    let oldest = asked
        .len()
        .checked_sub(CALLS_MAX)
        .and_then(|first| asked.get(first));
    Ok(match oldest.and_then(|at| at.checked_add_signed(WINDOW)) {
        Some(free) => Next::Wait(free),
        None => Next::Ask(missing),
    })
}

/// Counts a call before it is made. Until its answer is known it may be repeated after the first wait.
///
/// # Errors
/// The database's.
pub fn asking(
    tx: &mut Tx<'_>,
    now: Instant,
    creditor: &FiscalCode,
    missing: &Missing,
) -> Result<(), store::Error> {
    let attempts = missing.attempts.saturating_add(1);
    let wait = wait(attempts);
    let next = now.checked_add_signed(wait).unwrap_or(now);
    let asked = Missing {
        attempts,
        ..missing.clone()
    };
    store::receipt_searches::record(tx, creditor, &asked, (now, next), "asked")
}

/// Doubled each time; after the last attempt nobody asks again.
fn wait(attempts: i32) -> TimeDelta {
    if attempts >= ATTEMPTS_MAX {
        return NEVER;
    }
    let doublings = u32::try_from(attempts).unwrap_or(1).saturating_sub(1);
    let factor = 1i32.checked_shl(doublings).unwrap_or(i32::MAX);
    FIRST_WAIT.checked_mul(factor).unwrap_or(NEVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end() {
        let hours: Vec<i64> = (1..=5).map(|attempts| wait(attempts).num_hours()).collect();
        assert_eq!(hours, [6, 12, 24, 48, 36_500 * 24]);
    }
}
