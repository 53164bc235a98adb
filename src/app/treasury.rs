//! The treasurer's entries: file each once, find what it pays, book and classify.

mod matching;
mod refusals;

use serde_json::json;
use uuid::Uuid;

use crate::app::reconciliation::{self, Touched};
use crate::ctx::Ctx;
use crate::domain::calendar::Instant;
use crate::domain::collection_order::OrderCover;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::{Account, Reason};
use crate::domain::reconciliation::{Cause, LineKind};
use crate::domain::text::{Said, fit};
use crate::domain::trail::{AuditAction, AuditChange, AuditedEntity};
use crate::domain::treasury::{Movement, Operation, parse};
use crate::store::crash::{self, Point};
pub use refusals::{close_refusal, contradiction, refusals};

pub use crate::store::refusals::{Closing, OpenRefusals, Refusal};
pub use crate::store::treasury::files::File;
pub use crate::store::treasury::refusals::Place;
pub use crate::store::treasury::{Filed, Filter};
use crate::store::treasury::{files, orders, refusals as refused};
use crate::store::{self, Conn, Tx, db::Retry};
pub(super) use matching::{follow, followers, give, of_payments, rematch, unbind};

/// What can end a use case about the treasury.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No entry has this id.
    #[error("no treasury entry has this id")]
    UnknownEntry,
    /// No refusal has this id.
    #[error("no treasury refusal has this id")]
    UnknownRefusal,
    /// Somebody has closed the refusal.
    #[error("the treasury refusal is closed")]
    Closed,
    /// The entry in whose place a refusal is said to stand is not there.
    #[error("no treasury entry has the id of the closing")]
    UnknownReplacement,
    /// The database's.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Retry for Error {
    fn retryable(&self) -> bool {
        match self {
            Error::Store(error) => error.retryable(),
            Error::UnknownEntry
            | Error::UnknownRefusal
            | Error::Closed
            | Error::UnknownReplacement => false,
        }
    }
}

/// What became of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is new and filed.
    Filed(Uuid),
    /// The same entry was filed before: nothing changes.
    AlreadyFiled(Uuid),
    /// An entry with this year, account and number was filed before and says something else; the first
    /// one is kept.
    Conflicting(Uuid),
}

/// A file of the treasurer or the bank, or a piece of it, beside the entries that could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// What collection orders cover of provisional credits.
    pub covers: Vec<OrderCover>,
}

/// An entry that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Its line, or the entry of an XML file, from 1.
    pub line: i64,
    /// What it says, as it came.
    pub text: String,
    /// The rule it breaks.
    pub reason: Said,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The file; the same for the same bytes.
    pub file: File,
    /// One for each entry that could be read.
    pub outcomes: Vec<Outcome>,
}

/// Longest text kept of what could not be filed, in characters.
const KEPT_CHARS_MAX: usize = 20_000;

/// Files what a document, or a piece of one, says. The same again changes nothing; what could not be read is
/// kept as it came, and so is an entry that contradicts one filed before.
///
/// # Errors
/// The database's.
pub fn import(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    (document, movements): (&Document, &[(i64, Movement)]),
) -> Result<Imported, Error> {
    let entries: Vec<Movement> = movements.iter().map(|(_, one)| one.clone()).collect();
    let outcomes = ingest(tx, now, ctx, creditor, &entries)?;
    orders::keep(tx, creditor, &document.covers)?;
    let file = File {
        id: ctx.ids.next(),
        sha256: document.sha256,
        ingested_at: now,
    };
    let already = files::insert_once(tx, creditor, &file)?.already();
    let file = match files::find(tx, creditor, document.sha256)? {
        Some(known) if already => known,
        Some(_) | None => file,
    };
    let conflicting = movements.iter().zip(&outcomes);
    let conflicting = conflicting.filter(|(_, outcome)| matches!(outcome, Outcome::Conflicting(_)));
    let conflicting = conflicting.map(|((line, one), _)| contradiction(*line, one));
    let unread = document.unread.iter().cloned().chain(conflicting);
    let refusal = |one: Unread| Refusal {
        id: ctx.ids.next(),
        place: Place {
            file: file.id,
            line: one.line,
        },
        text: fit(&one.text.replace('\0', " "), KEPT_CHARS_MAX),
        reason: one.reason,
        came_at: now,
        closing: None,
    };
    let mut kept: Vec<Refusal<Place>> = unread.map(refusal).collect();
    let lines = || kept.iter().map(|one| one.place.line);
    if already && let (Some(first), Some(last)) = (lines().min(), lines().max()) {
        // Read by another description the same bytes may be refused for other reasons.
        let before = refused::of_file(tx, creditor, file.id, (first, last))?;
        kept.retain(|one| !before.iter().any(|old| old.says(one)));
    }
    refused::insert(tx, creditor, &kept)?;
    let new = |outcome: &&Outcome| matches!(outcome, Outcome::Filed(_));
    let said = json!({
        "sha256": document.sha256.map(|byte| format!("{byte:02x}")).concat(),
        "entries": outcomes.len(),
        "new_entries": outcomes.iter().filter(new).count(),
        "refusals": kept.len(),
    });
    let what = (AuditedEntity::TreasuryImport, file.id);
    tx.note(AuditChange::new(
        creditor,
        AuditAction::Imported,
        what,
        said,
    ));
    crash::point(Point::CashFiled);
    Ok(Imported { file, outcomes })
}

/// Files one entry that somebody typed.
///
/// # Errors
/// The database's.
pub fn enter(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    movement: Movement,
) -> Result<Outcome, Error> {
    let said = json!({
        "year": movement.year,
        "account": movement.account,
        "number": movement.number,
        "amount_cents": movement.effect().get(),
        "booked_date": movement.booked_on,
    });
    let outcomes = ingest(tx, now, ctx, creditor, &[movement])?;
    let outcome = outcomes.first().copied().ok_or(Error::UnknownEntry)?;
    match outcome {
        Outcome::Filed(id) => {
            let what = (AuditedEntity::TreasuryEntry, id);
            tx.note(AuditChange::new(creditor, AuditAction::Created, what, said));
        }
        Outcome::AlreadyFiled(_) | Outcome::Conflicting(_) => tx.nothing_to_note(),
    }
    Ok(outcome)
}

/// Files entries, in order; the answer has one outcome for each. Sending the same file again changes
/// nothing.
///
/// # Errors
/// The database's.
pub fn ingest(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    movements: &[Movement],
) -> Result<Vec<Outcome>, Error> {
    store::settlement::hold(tx, creditor)?;
    let entry = |movement: &Movement| Filed {
        id: ctx.ids.next(),
        movement: movement.clone(),
        reference: parse(&movement.text),
        matched: None,
        ingested_at: now,
        held_by: None,
        given: None,
        paid: None,
    };
    let entries: Vec<Filed> = movements.iter().map(entry).collect();
    let outcomes = file(tx, creditor, &entries)?;
    let new = entries.into_iter().zip(&outcomes);
    let new = new.filter(|(_, outcome)| matches!(outcome, Outcome::Filed(_)));
    let mut fresh: Vec<Filed> = new.map(|(entry, _)| entry).collect();
    book(tx, now, ctx, creditor, &fresh)?;
    let led = follow(tx, now, ctx, creditor, &mut fresh)?;
    let payments = fresh.iter().filter_map(|filed| filed.payment());
    let mut touched = Touched {
        iuvs: payments.map(str::to_owned).collect(),
        entries: fresh.iter().map(|filed| filed.id).collect(),
        ..Touched::by(Cause::Cash)
    };
    // A receipt that is being filed at this moment must be seen either by it or by us.
    let iuvs: Vec<&str> = touched.iuvs.iter().map(String::as_str).collect();
    if !iuvs.is_empty() {
        store::settlement::hold_positions(tx, creditor, &iuvs)?;
    }
    touched.flows = rematch(tx, now, ctx, creditor, &fresh)?;
    touched.flows.extend(led);
    reconciliation::classify(tx, now, ctx, creditor, touched)?;
    Ok(outcomes)
}

/// Writes down what is new, and tells each entry whether it was. Mostly all of them are.
fn file(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    entries: &[Filed],
) -> Result<Vec<Outcome>, store::Error> {
    if store::treasury::insert_new(tx, creditor, entries)? == entries.len() {
        return Ok(entries
            .iter()
            .map(|entry| Outcome::Filed(entry.id))
            .collect());
    }
    let mut outcomes = Vec::with_capacity(entries.len());
    for entry in entries {
        let movement = &entry.movement;
        let name = (
            movement.year,
            movement.account.as_str(),
            movement.number.as_str(),
        );
        let held = store::treasury::find(tx, creditor, name)?;
        let held = held.ok_or_else(|| store::Error::Changed {
            table: "treasury_entry",
            id: movement.key(),
        })?;
        outcomes.push(if held.id == entry.id {
            Outcome::Filed(held.id)
        } else if held.movement == *movement {
            Outcome::AlreadyFiled(held.id)
        } else {
            Outcome::Conflicting(held.id)
        });
    }
    Ok(outcomes)
}

/// Books the cash itself, not yet explained.
fn book(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    fresh: &[Filed],
) -> Result<(), store::Error> {
    let in_scope = fresh.iter().filter(|filed| filed.movement.in_scope());
    let entries = in_scope.map(|filed| {
        let reason = match filed.movement.operation {
            Operation::Reversed => Reason::CashReversed,
            Operation::Executed | Operation::Restored | Operation::Regularised => Reason::Cash,
        };
        let accounts = (Account::Bank, Account::UnexplainedCash);
        (
            ctx.ids.next(),
            matching::posted(now, creditor, (filed, reason, accounts)),
        )
    });
    store::ledger::post(tx, creditor, entries.collect::<Vec<_>>())
}

/// An entry with its code.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// As stored.
    pub filed: Filed,
    /// Where it has ended.
    pub found: Option<store::reconciliation::Filed>,
}

/// One page of entries with their codes, in the order they were filed, after the given id.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    filter: &Filter,
    (after, limit): (Option<Uuid>, i64),
) -> Result<Vec<View>, Error> {
    let filed = store::treasury::page(conn, creditor, filter, after, limit)?;
    views(conn, creditor, filed)
}

/// One entry.
///
/// # Errors
/// [`Error::UnknownEntry`], or the database's.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<View, Error> {
    let filed = store::treasury::get(conn, creditor, id)?.ok_or(Error::UnknownEntry)?;
    views(conn, creditor, vec![filed])?
        .pop()
        .ok_or(Error::UnknownEntry)
}

fn views(conn: &mut Conn, creditor: &FiscalCode, filed: Vec<Filed>) -> Result<Vec<View>, Error> {
    let keys: Vec<String> = filed.iter().map(|entry| entry.movement.key()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let found = store::reconciliation::of_lines(conn, creditor, LineKind::Treasury, &keys)?;
    let mut codes: std::collections::HashMap<String, store::reconciliation::Filed> = found
        .into_iter()
        .map(|code| (code.line.key.clone(), code))
        .collect();
    let views = filed.into_iter().map(|filed| {
        let found = codes.remove(&filed.movement.key());
        View { filed, found }
    });
    Ok(views.collect())
}

#[cfg(test)]
mod tests;
