//! The treasurer's entries: file each once, find the flow it pays, book and classify.

mod refusals;

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::app::reconciliation::{self, Touched};
use crate::ctx::Ctx;
use crate::domain::calendar::{self, Instant};
use crate::domain::collection_order::OrderCover;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::{About, Account, Entry, Posting, Reason};
use crate::domain::reconciliation::{Cause, LineKind, Quality};
use crate::domain::text::{Said, fit};
use crate::domain::treasury::{
    Chosen, FlowReference, KnownFlow, Movement, Operation, Reference, parse,
};
use crate::store::crash::{self, Point};
use crate::store::treasury::Matched;
pub use refusals::{close_refusal, contradiction, refusals};

pub use crate::store::treasury::files::{Closing, File, OpenRefusals, Refusal};
pub use crate::store::treasury::{Filed, Filter};
use crate::store::treasury::{files, orders};
use crate::store::{self, Conn, Tx, db::Retry};

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

/// A file of the treasurer or the bank, beside the entries that could be read.
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

/// Files what a document says. The same file again changes nothing; what could not be read is kept as it
/// came, and so is an entry that contradicts one filed before.
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
        file: file.id,
        line: one.line,
        text: fit(&one.text.replace('\0', " "), KEPT_CHARS_MAX),
        reason: one.reason,
        ingested_at: now,
        closing: None,
    };
    let mut kept: Vec<Refusal> = unread.map(refusal).collect();
    if already && !kept.is_empty() {
        // Read by another description the same bytes may be refused for other reasons.
        let before = files::of_file(tx, creditor, file.id)?;
        kept.retain(|one| !before.iter().any(|old| old.says(one)));
    }
    files::keep(tx, creditor, &kept)?;
    crash::point(Point::CashFiled);
    Ok(Imported { file, outcomes })
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
    };
    let entries: Vec<Filed> = movements.iter().map(entry).collect();
    let outcomes = file(tx, creditor, &entries)?;
    let new = entries.into_iter().zip(&outcomes);
    let new = new.filter(|(_, outcome)| matches!(outcome, Outcome::Filed(_)));
    let mut fresh: Vec<Filed> = new.map(|(entry, _)| entry).collect();
    book(tx, now, ctx, creditor, &fresh)?;
    follow(tx, creditor, &mut fresh)?;
    let singles = fresh.iter().filter_map(|filed| match &filed.reference {
        Reference::Single(iuv) => Some(iuv.clone()),
        Reference::Flow(_) | Reference::None => None,
    });
    let touched = Touched {
        iuvs: singles.collect(),
        flows: rematch(tx, now, ctx, creditor, &fresh)?,
        entries: fresh.iter().map(|filed| filed.id).collect(),
        ..Touched::by(Cause::Cash)
    };
    reconciliation::classify(tx, now, ctx, creditor, touched)?;
    Ok(outcomes)
}

/// Gives entries that take back or restore another one its reference, whichever of them came first. They
/// belong together by the number of their provisional document, or where there is none by the bank's own
/// reference.
fn follow(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    fresh: &mut Vec<Filed>,
) -> Result<(), store::Error> {
    let in_scope = fresh.iter().map(|filed| &filed.movement);
    let in_scope = in_scope.filter(|movement| movement.in_scope());
    let names: BTreeSet<(i32, i64, String)> = in_scope
        .filter_map(|one| Some((one.year, one.provisional?, one.account.clone())))
        .collect();
    for (year, provisional, account) in names {
        let mut together = store::treasury::of_provisional(tx, creditor, (year, provisional))?;
        together.retain(|one| one.movement.account == account);
        join(tx, creditor, together, fresh)?;
    }
    let by_reference = fresh.iter().filter_map(|filed| {
        let movement = &filed.movement;
        let named = movement.bank_reference.as_deref();
        named.filter(|_| movement.in_scope() && movement.provisional.is_none())
    });
    let references: BTreeSet<&str> = by_reference.collect();
    let references: Vec<&str> = references.into_iter().collect();
    let followers = store::treasury::followers(tx, creditor, &references)?;
    for follower in followers {
        let Some(reference) = follower.movement.bank_reference.as_deref() else {
            continue;
        };
        let mut together = store::treasury::of_bank_reference(tx, creditor, reference)?;
        together.retain(|one| one.movement.account == follower.movement.account);
        join(tx, creditor, together, fresh)?;
    }
    Ok(())
}

/// Gives the reference of the one entry that has one to those that follow it. Older entries that get theirs
/// now join the new ones.
fn join(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    mut together: Vec<Filed>,
    fresh: &mut Vec<Filed>,
) -> Result<(), store::Error> {
    together.retain(|one| one.movement.in_scope());
    let mut named = together.iter().map(|one| &one.reference);
    let Some(named) = named.find(|named| **named != Reference::None).cloned() else {
        return Ok(());
    };
    together.retain(|one| one.reference == Reference::None && one.movement.follows());
    for mut follower in together {
        store::treasury::set_reference(tx, creditor, follower.id, &named)?;
        follower.reference = named.clone();
        match fresh.iter_mut().find(|filed| filed.id == follower.id) {
            Some(filed) => *filed = follower,
            None => fresh.push(follower),
        }
    }
    Ok(())
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

/// Looks for the flows of these entries again, but for those of which an officer has said what they pay;
/// whatever changes is booked. Returns the flows whose cash has changed.
///
/// # Errors
/// The database's.
pub fn rematch(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    entries: &[Filed],
) -> Result<BTreeSet<KnownFlow>, store::Error> {
    let free = |entry: &&Filed| entry.movement.in_scope() && entry.held_by.is_none();
    let named = entries.iter().filter(free);
    let named = named.filter_map(|entry| match &entry.reference {
        Reference::Flow(reference) => Some((entry, reference)),
        Reference::Single(_) | Reference::None => None,
    });
    let (entries, references): (Vec<&Filed>, Vec<&FlowReference>) = named.unzip();
    let chosen = reconciliation::choose(tx, creditor, &references)?;
    let found = chosen.into_iter().map(|chosen| match chosen {
        Chosen::Exact(flow) => Some(Matched {
            flow,
            quality: Quality::Whole,
        }),
        Chosen::Truncated(flow) => Some(Matched {
            flow,
            quality: Quality::Beginning,
        }),
        Chosen::Ambiguous(_) | Chosen::Nothing => None,
    });
    let moves: Vec<_> = entries.into_iter().zip(found).collect();
    give(tx, now, ctx, creditor, &moves)
}

/// Gives entries to flows, or to none; whatever changes is booked. Returns the flows whose cash has
/// changed.
///
/// # Errors
/// The database's.
pub(super) fn give(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    moves: &[(&Filed, Option<Matched>)],
) -> Result<BTreeSet<KnownFlow>, store::Error> {
    let mut moved = BTreeSet::new();
    let mut booked = Vec::new();
    for (entry, found) in moves {
        if *found == entry.matched {
            continue;
        }
        if let Some(old) = &entry.matched {
            moved.insert(old.flow.clone());
            let accounts = (Account::Announced, Account::UnexplainedCash);
            booked.push(posted(
                now,
                creditor,
                (entry, Reason::CashUnmatched, accounts),
            ));
        }
        if let Some(new) = found {
            moved.insert(new.flow.clone());
            let accounts = (Account::UnexplainedCash, Account::Announced);
            booked.push(posted(
                now,
                creditor,
                (entry, Reason::CashMatched, accounts),
            ));
        }
        store::treasury::set_match(tx, creditor, entry.id, found.as_ref())?;
    }
    let booked = booked.into_iter().map(|entry| (ctx.ids.next(), entry));
    store::ledger::post(tx, creditor, booked.collect::<Vec<_>>())?;
    Ok(moved)
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
            posted(now, creditor, (filed, reason, accounts)),
        )
    });
    store::ledger::post(tx, creditor, entries.collect::<Vec<_>>())
}

fn posted(
    now: Instant,
    creditor: &FiscalCode,
    (filed, reason, (debit, credit)): (&Filed, Reason, (Account, Account)),
) -> Entry {
    let about = About {
        notice: None,
        service_code: None,
        beneficiary: creditor,
    };
    let posting = Posting::new(debit, credit, filed.movement.effect(), about);
    Entry {
        reason,
        day: calendar::today(now),
        reference: filed.movement.key(),
        postings: posting.into_iter().collect(),
    }
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
