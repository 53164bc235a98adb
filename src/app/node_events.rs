//! The journal of events: list, show, hand out messages, forget what is old.

use chrono::{Months, TimeDelta};
use uuid::Uuid;

use crate::ctx::Ctx;
use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
pub use crate::domain::node_event::{Caller, Messages, NodeEvent};
pub use crate::store::node_events::Filter;
use crate::store::{self, Conn, Tx};

/// Rows forgotten in one transaction.
pub const BATCH: i64 = 500;

/// The event with this id.
///
/// # Errors
/// The database's.
pub fn get(
    conn: &mut Conn,
    creditor: &FiscalCode,
    id: Uuid,
) -> Result<Option<NodeEvent>, store::Error> {
    store::node_events::get(conn, creditor, id)
}

/// The messages of an event; `None` when there is no such event or they are forgotten.
///
/// # Errors
/// The database's.
pub fn messages(
    conn: &mut Conn,
    creditor: &FiscalCode,
    id: Uuid,
) -> Result<Option<Messages>, store::Error> {
    store::node_events::messages(conn, creditor, id)
}

/// One page of events, oldest first.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    filter: &Filter,
    from: (Option<Uuid>, i64),
) -> Result<Vec<NodeEvent>, store::Error> {
    store::node_events::page(conn, creditor, filter, from)
}

/// Forgets events and messages of a creditor that are kept no longer, one batch of each; whether that was
/// all.
///
/// # Errors
/// The database's.
pub fn forget(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
) -> Result<bool, store::Error> {
    let months = Months::new(ctx.config.event_months);
    let days = TimeDelta::days(i64::from(ctx.config.message_days));
    let full = usize::try_from(BATCH).unwrap_or(usize::MAX);
    let mut all = true;
    if let Some(before) = now.checked_sub_signed(days) {
        all &= store::node_events::forget_messages(tx, creditor, before, BATCH)? < full;
    }
    if let Some(before) = now.checked_sub_months(months) {
        all &= store::node_events::forget_events(tx, creditor, before, BATCH)? < full;
    }
    Ok(all)
}
