//! Repeated requests: the answer to an intent is stored with what the intent did, and given again.

pub use crate::store::idempotency::{Answered, Intent};

use crate::domain::calendar::Instant;
use crate::store::{self, Conn, Tx};

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
