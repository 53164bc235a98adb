//! The treasurer's entries: file each once, find the flow it pays, book and classify.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::app::reconciliation::{self, Touched};
use crate::ctx::Ctx;
use crate::domain::calendar::{self, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::{About, Account, Entry, Posting, Reason};
use crate::domain::reconciliation::{LineKind, Quality};
use crate::domain::treasury::{
    Chosen, FlowReference, KnownFlow, Movement, Operation, Reference, parse,
};
use crate::store::treasury::Matched;
pub use crate::store::treasury::{Filed, Filter};
use crate::store::{self, Conn, Tx, db::Retry};

/// What can end a use case about the treasury.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No entry has this id.
    #[error("no treasury entry has this id")]
    UnknownEntry,
    /// The database's.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Retry for Error {
    fn retryable(&self) -> bool {
        match self {
            Error::Store(error) => error.retryable(),
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
    };
    let entries: Vec<Filed> = movements.iter().map(entry).collect();
    let outcomes = file(tx, creditor, &entries)?;
    let new = entries.into_iter().zip(&outcomes);
    let new = new.filter(|(_, outcome)| matches!(outcome, Outcome::Filed(_)));
    let fresh: Vec<Filed> = new.map(|(entry, _)| entry).collect();
    book(tx, now, ctx, creditor, &fresh)?;
    let singles = fresh.iter().filter_map(|filed| match &filed.reference {
        Reference::Single(iuv) => Some(iuv.clone()),
        Reference::Flow(_) | Reference::None => None,
    });
    let touched = Touched {
        iuvs: singles.collect(),
        flows: rematch(tx, now, ctx, creditor, &fresh)?,
        entries: fresh.iter().map(|filed| filed.id).collect(),
    };
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
        let name = (movement.year, movement.account.as_str(), movement.number);
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
    let named = entries.iter().filter(|entry| entry.movement.in_scope());
    let named = named.filter_map(|entry| match &entry.reference {
        Reference::Flow(reference) => Some((entry, reference)),
        Reference::Single(_) | Reference::None => None,
    });
    let (entries, references): (Vec<&Filed>, Vec<&FlowReference>) = named.unzip();
    let chosen = reconciliation::choose(tx, creditor, &references)?;
    let mut moved = BTreeSet::new();
    let mut booked = Vec::new();
    for (entry, chosen) in entries.into_iter().zip(chosen) {
        let found = match chosen {
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
        if let Some(old) = &entry.matched {
            moved.insert(old.flow.clone());
            let accounts = (Account::Announced, Account::UnexplainedCash);
            booked.push(posted(
                now,
                creditor,
                (entry, Reason::CashUnmatched, accounts),
            ));
        }
        if let Some(new) = &found {
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
