//! What cannot be read of flows: kept as it came, read by a person, closed once.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::{Error, Filed, FlowState, RevisionKey};
use crate::ctx::Ctx;
use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::text::{Said, fit};
use crate::domain::trail::{AuditAction, AuditChange, AuditedEntity};
use crate::store::settlement::refusals as rows;
use crate::store::{self, Conn, Tx};

pub use crate::store::refusals::{Closing, Refusal};
pub use crate::store::settlement::refusals::{FlowName, Place};

/// Longest text kept of what cannot be read, in characters. The answer itself is among the documents.
const KEPT_CHARS_MAX: usize = 20_000;

/// Notes of what the engine closes; officers read them.
const READ_LATER: &str = "Il flusso è stato letto in seguito.";
const REPLACED: &str = "Una revisione più recente ha sostituito il flusso.";

/// A row that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Its place in the flow, from 1.
    pub number: i32,
    /// As it came.
    pub text: String,
    /// The rule it breaks.
    pub reason: Said,
}

/// Keeps the rows that cannot be read of a revision that is being filed. If it could not be read at all before,
/// that is over, and so is what could not be read of the revision that it replaces.
pub(super) fn keep(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    (filed, unread): (&Filed, &[Unread]),
) -> Result<(), store::Error> {
    let key = filed.key();
    rows::close_all(tx, creditor, key, &over(now, READ_LATER))?;
    let closing = match filed.state {
        FlowState::Live => None,
        FlowState::Superseded => Some(over(now, REPLACED)),
    };
    let refusals: Vec<Refusal<Place>> = unread
        .iter()
        .map(|one| {
            let place = Place::Row(key.into(), one.number);
            Refusal {
                closing: closing.clone(),
                ..refusal(ctx, now, place, (&one.text, &one.reason))
            }
        })
        .collect();
    rows::insert(tx, creditor, &refusals)
}

/// What could not be read of a revision does not matter any more: a newer one is in force.
pub(super) fn replaced(
    tx: &mut Tx<'_>,
    now: Instant,
    creditor: &FiscalCode,
    key: RevisionKey<'_>,
) -> Result<(), store::Error> {
    rows::close_all(tx, creditor, key, &over(now, REPLACED))
}

/// Closed by the engine itself.
fn over(now: Instant, note: &str) -> Closing {
    Closing {
        client: None,
        note: note.to_owned(),
        entry: None,
        at: now,
    }
}

fn refusal(ctx: &Ctx, now: Instant, place: Place, (text, reason): (&str, &Said)) -> Refusal<Place> {
    Refusal {
        id: ctx.ids.next(),
        place,
        text: fit(&text.replace('\0', " "), KEPT_CHARS_MAX),
        reason: reason.clone(),
        came_at: now,
        closing: None,
    }
}

/// Keeps that a revision cannot be read at all; nothing when that is known and waits for somebody.
///
/// # Errors
/// The database's.
pub fn refuse(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    (key, why): (RevisionKey<'_>, &Said),
) -> Result<(), store::Error> {
    let known = rows::whole(tx, creditor, key)?;
    if known.iter().any(|one| one.reason.en == why.en) {
        return Ok(());
    }
    let head = store::settlement::documents(tx, creditor, key)?;
    let head = head.first().map(Vec::as_slice).unwrap_or_default();
    let text = String::from_utf8_lossy(head.get(..KEPT_CHARS_MAX).unwrap_or(head));
    let one = refusal(ctx, now, Place::Flow(key.into()), (&text, why));
    rows::insert(tx, creditor, &[one])
}

/// Keeps the rows of a list of flows that cannot be read, each as it came and why. The list shows them again at
/// each pull: one that is known is passed over, also when somebody has closed it.
///
/// # Errors
/// The database's.
pub fn refuse_listed(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    listed: &[(String, Said)],
) -> Result<(), store::Error> {
    let refusals: Vec<Refusal<Place>> = listed
        .iter()
        .map(|(text, why)| {
            let place = Place::List(Sha256::digest(text).into());
            refusal(ctx, now, place, (text, why))
        })
        .collect();
    rows::insert_listed(tx, creditor, &refusals)
}

/// One page of what cannot be read, in the order it came, after the given id; what waits for somebody, or what
/// does not, when asked.
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

/// Writes down what somebody has done about what cannot be read, once.
///
/// # Errors
/// [`Error::UnknownRefusal`], [`Error::Closed`], or the database's.
pub fn close_refusal(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    id: Uuid,
    closing: &Closing,
) -> Result<Refusal<Place>, Error> {
    rows::get(tx, creditor, id)?.ok_or(Error::UnknownRefusal)?;
    if rows::close(tx, creditor, id, closing)?.already() {
        return Err(Error::Closed);
    }
    let what = (AuditedEntity::SettlementFlowRefusal, id);
    tx.note(AuditChange::new(
        creditor,
        AuditAction::Closed,
        what,
        json!({}),
    ));
    rows::get(tx, creditor, id)?.ok_or(Error::UnknownRefusal)
}
