//! What could not be filed: kept as it came, read by a person, closed once.

use serde_json::json;
use uuid::Uuid;

use super::{Closing, Error, Movement, Place, Refusal, Unread};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::text::Said;
use crate::domain::trail::{AuditAction, AuditChange, AuditedEntity};
use crate::store::treasury::refusals as rows;
use crate::store::{self, Conn, Tx};

/// What is kept of an entry that contradicts the one filed under its name.
#[must_use]
pub fn contradiction(line: i64, movement: &Movement) -> Unread {
    let key = movement.key();
    Unread {
        line,
        text: format!(
            "{key} {} {} {}",
            movement.booked_on,
            movement.effect(),
            movement.text
        ),
        reason: Said::new(
            "contraddice il movimento di questo nome",
            "contradicts the entry of this name",
        ),
    }
}

/// One page of what could not be filed, in the order it came, after the given id; what waits for somebody, or
/// what does not, when asked.
///
/// # Errors
/// The database's.
pub fn refusals(
    conn: &mut Conn,
    creditor: &FiscalCode,
    open: Option<bool>,
    slice: (Option<Uuid>, i64),
) -> Result<Vec<Refusal<Place>>, Error> {
    Ok(rows::page(conn, creditor, open, slice)?)
}

/// Writes down what somebody has done about what could not be filed. Once: a mistake is corrected by entering a
/// movement, and what was said stays.
///
/// # Errors
/// [`Error::UnknownRefusal`], [`Error::Closed`], [`Error::UnknownReplacement`], or the database's.
pub fn close_refusal(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    id: Uuid,
    closing: &Closing,
) -> Result<Refusal<Place>, Error> {
    rows::get(tx, creditor, id)?.ok_or(Error::UnknownRefusal)?;
    if let Some(entry) = closing.entry {
        store::treasury::get(tx, creditor, entry)?.ok_or(Error::UnknownReplacement)?;
    }
    if rows::close(tx, creditor, id, closing)?.already() {
        return Err(Error::Closed);
    }
    let what = (AuditedEntity::TreasuryRefusal, id);
    let said = json!({ "treasury_entry_id": closing.entry });
    tx.note(AuditChange::new(creditor, AuditAction::Closed, what, said));
    rows::get(tx, creditor, id)?.ok_or(Error::UnknownRefusal)
}
