//! Repeated requests: the answer to an intent is stored with what the intent did, and given again for a
//! day at least.

use chrono::TimeDelta;

pub use crate::store::idempotency::{Answered, Intent};

use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
use crate::store::{self, Conn, Tx};

/// How long an answer is kept at least; the contract says so.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// Answers forgotten in one transaction.
pub const BATCH: usize = 500;

/// What was answered to an intent, if it came before.
///
/// # Errors
/// The database's.
pub fn recall(conn: &mut Conn, intent: &Intent) -> Result<Option<Answered>, store::Error> {
    store::idempotency::find(conn, intent)
}

/// Stores the answer to an intent, in the transaction of what it did.
///
/// # Errors
/// [`store::Error::Changed`] when the same intent was answered meanwhile: this transaction must not do it a
/// second time, and the caller recalls what was answered.
pub fn remember(
    tx: &mut Tx<'_>,
    now: Instant,
    intent: &Intent,
    answered: &Answered,
) -> Result<(), store::Error> {
    if store::idempotency::insert_once(tx, now, intent, answered)?.already() {
        return Err(store::Error::Changed {
            table: "idempotency",
            id: intent.key.clone(),
        });
    }
    Ok(())
}

/// Forgets the oldest answers of a creditor that nobody can count on any more, one batch of them; how many.
///
/// # Errors
/// The database's.
pub fn forget(tx: &mut Tx<'_>, now: Instant, creditor: &FiscalCode) -> Result<usize, store::Error> {
    let Some(before) = now.checked_sub_signed(KEPT) else {
        return Ok(0);
    };
    store::idempotency::forget(tx, creditor, before, BATCH)
}
