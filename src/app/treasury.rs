//! The treasurer's entries: file each once, find the flow it pays, book and classify.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::app::{reconciliation, settlement};
use crate::ctx::Ctx;
use crate::domain::calendar::{self, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::{About, Account, Entry, Posting, Reason};
use crate::domain::reconciliation::{LineKind, Quality};
use crate::domain::text::fit;
use crate::domain::treasury::{Chosen, KnownFlow, Movement, Operation, Reference, parse};
use crate::store::treasury::Matched;
use crate::store::treasury::files;
pub use crate::store::treasury::files::{File, Refusal};
pub use crate::store::treasury::{Filed, Filter};
use crate::store::{self, Conn, Tx, db::Retry};

/// What can end a use case about the treasury.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No entry has this id.
    #[error("no treasury entry has this id")]
    UnknownEntry,
    /// What follows from an entry failed.
    #[error(transparent)]
    Settlement(#[from] settlement::Error),
    /// The database's.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Retry for Error {
    fn retryable(&self) -> bool {
        match self {
            Error::Store(error) => error.retryable(),
            Error::Settlement(error) => error.retryable(),
            Error::UnknownEntry => false,
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
}

/// An entry that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// Its line, or the entry of an XML file, from 1.
    pub line: i64,
    /// What it says, as it came.
    pub text: String,
    /// The rule it breaks.
    pub reason: String,
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
    let file = File {
        id: ctx.ids.next(),
        sha256: document.sha256,
        ingested_at: now,
    };
    if files::insert_once(tx, creditor, &file)?.already() {
        let file = files::find(tx, creditor, document.sha256)?.unwrap_or(file);
        return Ok(Imported { file, outcomes });
    }
    let refusal = |line: i64, text: &str, reason: &str| Refusal {
        id: ctx.ids.next(),
        file: file.id,
        line,
        text: fit(&text.replace('\0', " "), KEPT_CHARS_MAX),
        reason: reason.to_owned(),
        ingested_at: now,
    };
    let unread = document.unread.iter();
    let unread = unread.map(|one| refusal(one.line, &one.text, &one.reason));
    let conflicting = movements
        .iter()
        .zip(&outcomes)
        .filter_map(|((line, one), outcome)| {
            let conflicts = matches!(outcome, Outcome::Conflicting(_));
            let key = one.key();
            let text = format!("{key} {} {} {}", one.booked_on, one.effect(), one.text);
            conflicts.then(|| refusal(*line, &text, "contradicts the entry of this name"))
        });
    let kept: Vec<Refusal> = unread.chain(conflicting).collect();
    files::keep(tx, creditor, &kept)?;
    Ok(Imported { file, outcomes })
}

/// One page of what could not be filed, in the order it came, after the given id.
///
/// # Errors
/// The database's.
pub fn refusals(
    conn: &mut Conn,
    creditor: &FiscalCode,
    slice: (Option<Uuid>, i64),
) -> Result<Vec<Refusal>, Error> {
    Ok(files::page(conn, creditor, slice)?)
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
    let mut outcomes = Vec::with_capacity(movements.len());
    let mut fresh = Vec::new();
    for movement in movements {
        let name = (
            movement.year,
            movement.account.as_str(),
            movement.number.as_str(),
        );
        if let Some(held) = store::treasury::find(tx, creditor, name)? {
            let same = held.movement == *movement;
            let outcome = if same {
                Outcome::AlreadyFiled
            } else {
                Outcome::Conflicting
            };
            outcomes.push(outcome(held.id));
            continue;
        }
        let filed = Filed {
            id: ctx.ids.next(),
            movement: movement.clone(),
            reference: reference(tx, creditor, movement)?,
            matched: None,
            ingested_at: now,
        };
        if store::treasury::insert_once(tx, creditor, &filed)?.already() {
            let (table, id) = ("treasury_entry", movement.key());
            return Err(store::Error::Changed { table, id }.into());
        }
        book(tx, now, ctx, creditor, &filed)?;
        outcomes.push(Outcome::Filed(filed.id));
        fresh.extend(followers(tx, creditor, &filed)?);
        fresh.push(filed);
    }
    classify(tx, now, ctx, creditor, &fresh)?;
    Ok(outcomes)
}

/// What an entry refers to: its text, or that of the entry which it takes back or restores.
fn reference(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    movement: &Movement,
) -> Result<Reference, store::Error> {
    let own = parse(&movement.text);
    let Some(provisional) = movement.provisional.filter(|_| movement.follows()) else {
        return Ok(own);
    };
    if own != Reference::None {
        return Ok(own);
    }
    let name = (movement.year, provisional);
    let others = store::treasury::of_provisional(tx, creditor, name)?;
    let named = others
        .into_iter()
        .filter(|other| same_account(other, movement));
    let mut named = named.map(|other| other.reference);
    Ok(named
        .find(|reference| *reference != Reference::None)
        .unwrap_or(own))
}

/// Entries that take back or restore this one, filed before it and until now without a reference: they
/// are given its own, so that the order of arrival does not matter.
fn followers(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    filed: &Filed,
) -> Result<Vec<Filed>, store::Error> {
    let movement = &filed.movement;
    let Some(provisional) = movement.provisional.filter(|_| movement.in_scope()) else {
        return Ok(Vec::new());
    };
    if filed.reference == Reference::None {
        return Ok(Vec::new());
    }
    let name = (movement.year, provisional);
    let mut followers = store::treasury::of_provisional(tx, creditor, name)?;
    followers.retain(|other| {
        other.id != filed.id
            && other.reference == Reference::None
            && other.movement.follows()
            && same_account(other, movement)
    });
    for follower in &mut followers {
        follower.reference = filed.reference.clone();
        store::treasury::set_reference(tx, creditor, follower.id, &filed.reference)?;
    }
    Ok(followers)
}

fn same_account(other: &Filed, movement: &Movement) -> bool {
    other.movement.in_scope() && other.movement.account == movement.account
}

/// Finds the flows of new entries and classifies all they concern.
fn classify(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    fresh: &[Filed],
) -> Result<(), Error> {
    let flows = rematch(tx, now, ctx, creditor, fresh)?;
    for flow in &flows {
        settlement::classify_flow(tx, now, ctx, creditor, flow)?;
    }
    let singles = fresh.iter().filter_map(|filed| match &filed.reference {
        Reference::Single(iuv) => Some(iuv.clone()),
        Reference::Flow(_) | Reference::None => None,
    });
    let singles: BTreeSet<String> = singles.collect();
    reconciliation::classify(tx, now, ctx, creditor, &singles)?;
    let mut others = Vec::new();
    for filed in fresh {
        others.extend(store::treasury::get(tx, creditor, filed.id)?);
    }
    reconciliation::classify_credits(tx, now, ctx, creditor, &others)?;
    Ok(())
}

/// Looks for the flows of these entries again; whatever changes is booked. Returns the flows whose cash
/// has changed.
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
    let mut moved = BTreeSet::new();
    for entry in entries.iter().filter(|entry| entry.movement.in_scope()) {
        let Reference::Flow(reference) = &entry.reference else {
            continue;
        };
        let found = match reconciliation::choose(tx, creditor, reference)? {
            Chosen::Exact(flow) => Some(Matched {
                flow,
                quality: Quality::Whole,
            }),
            Chosen::Truncated(flow) => Some(Matched {
                flow,
                quality: Quality::Beginning,
            }),
            Chosen::Ambiguous(_) | Chosen::Nothing => None,
        };
        if found == entry.matched {
            continue;
        }
        let mut postings = Vec::new();
        if let Some(old) = &entry.matched {
            moved.insert(old.flow.clone());
            let accounts = (Account::Announced, Account::UnexplainedCash);
            postings.push((Reason::CashUnmatched, accounts));
        }
        if let Some(new) = &found {
            moved.insert(new.flow.clone());
            let accounts = (Account::UnexplainedCash, Account::Announced);
            postings.push((Reason::CashMatched, accounts));
        }
        for (reason, accounts) in postings {
            post(tx, now, ctx, creditor, (entry, reason, accounts))?;
        }
        store::treasury::set_match(tx, creditor, entry.id, found.as_ref())?;
    }
    Ok(moved)
}

/// Books the cash itself, not yet explained.
fn book(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    filed: &Filed,
) -> Result<(), store::Error> {
    if !filed.movement.in_scope() {
        return Ok(());
    }
    let reason = match filed.movement.operation {
        Operation::Reversed => Reason::CashReversed,
        Operation::Executed | Operation::Restored | Operation::Regularised => Reason::Cash,
    };
    let accounts = (Account::Bank, Account::UnexplainedCash);
    post(tx, now, ctx, creditor, (filed, reason, accounts))
}

fn post(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    (filed, reason, (debit, credit)): (&Filed, Reason, (Account, Account)),
) -> Result<(), store::Error> {
    let about = About {
        notice: None,
        service_code: None,
        beneficiary: creditor,
    };
    let posting = Posting::new(debit, credit, filed.movement.effect(), about);
    let entry = Entry {
        reason,
        day: calendar::today(now),
        reference: filed.movement.key(),
        postings: posting.into_iter().collect(),
    };
    store::ledger::post(tx, creditor, [(ctx.ids.next(), entry)])
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
