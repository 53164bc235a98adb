//! What explains entries: the flows that their texts name, the payments, what an officer says. Whatever changes
//! is booked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use crate::app::reconciliation;
use crate::ctx::Ctx;
use crate::domain::calendar::{self, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::{About, Account, Entry, Posting, Reason};
use crate::domain::reconciliation::Quality;
use crate::domain::settlement::Outcome;
use crate::domain::treasury::{
    Chosen, KnownFlow, Movement, PaymentCash, Reference, cash_of_payment,
};
use crate::store::settlement::FlowState;
use crate::store::treasury::{Explained, Filed, Held, Matched};
use crate::store::{self, Conn, Tx};

/// Gives entries that take back or restore another one what that one has, whichever of them came first: its
/// reference, and what a decision says about it. Older entries that get theirs now join the new ones. Returns
/// the flows whose cash has changed.
///
/// # Errors
/// The database's.
pub(in crate::app) fn follow(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    fresh: &mut Vec<Filed>,
) -> Result<BTreeSet<KnownFlow>, store::Error> {
    let mut moved = BTreeSet::new();
    for together in kin_of(tx, creditor, fresh)? {
        let leader = leader(&together).cloned();
        let mut named = together.iter().map(|one| &one.reference);
        let named = named.find(|named| **named != Reference::None).cloned();
        for mut follower in together.into_iter().filter(|one| one.movement.follows()) {
            let silent = follower.reference == Reference::None;
            let named = named.as_ref().filter(|_| silent);
            let held = leader.as_ref().filter(|_| follower.held_by.is_none());
            let held = held.filter(|leader| leader.held_by.is_some());
            if let Some(named) = named {
                store::treasury::set_reference(tx, creditor, follower.id, named)?;
                follower.reference = named.clone();
            }
            if let Some(leader) = held {
                moved.extend(join(tx, now, ctx, creditor, (&mut follower, leader))?);
            }
            if named.is_none() && held.is_none() {
                continue;
            }
            match fresh.iter_mut().find(|filed| filed.id == follower.id) {
                Some(filed) => *filed = follower,
                None => fresh.push(follower),
            }
        }
    }
    Ok(moved)
}

/// The entries that belong together with these, group by group: by the number of their provisional document,
/// or where there is none by the bank's own reference, if anything may follow by it.
fn kin_of(
    conn: &mut Conn,
    creditor: &FiscalCode,
    fresh: &[Filed],
) -> Result<Vec<Vec<Filed>>, store::Error> {
    let in_scope = || fresh.iter().filter(|filed| filed.movement.in_scope());
    let movements = in_scope().map(|filed| &filed.movement);
    let names: BTreeSet<(i32, i64, &str)> = movements
        .filter_map(|one| Some((one.year, one.provisional?, one.account.as_str())))
        .collect();
    let mut groups = Vec::with_capacity(names.len());
    for (year, provisional, account) in names {
        let mut together = store::treasury::of_provisional(conn, creditor, (year, provisional))?;
        together.retain(|one| one.movement.in_scope() && one.movement.account == account);
        groups.push(together);
    }
    let by_reference = in_scope().filter_map(|filed| {
        let named = filed.movement.bank_reference.as_deref();
        named.filter(|_| filed.movement.provisional.is_none())
    });
    let references: BTreeSet<&str> = by_reference.collect();
    let references: Vec<&str> = references.into_iter().collect();
    for follower in store::treasury::followers(conn, creditor, &references)? {
        groups.push(kin(conn, creditor, &follower.movement)?);
    }
    Ok(groups)
}

/// The entries that belong together with one.
fn kin(
    conn: &mut Conn,
    creditor: &FiscalCode,
    movement: &Movement,
) -> Result<Vec<Filed>, store::Error> {
    let mut together = match (movement.provisional, &movement.bank_reference) {
        (Some(number), _) => {
            store::treasury::of_provisional(conn, creditor, (movement.year, number))?
        }
        (None, Some(reference)) => store::treasury::of_bank_reference(conn, creditor, reference)?,
        (None, None) => Vec::new(),
    };
    together.retain(|one| one.movement.in_scope() && one.movement.account == movement.account);
    Ok(together)
}

/// The entry that others take back or restore: the first by number.
fn leader(together: &[Filed]) -> Option<&Filed> {
    let first = together.iter().filter(|one| !one.movement.follows());
    first.min_by_key(|one| one.movement.key())
}

/// Puts a follower under the decision that holds what it takes back or restores.
fn join(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    (follower, leader): (&mut Filed, &Filed),
) -> Result<BTreeSet<KnownFlow>, store::Error> {
    let Some(decision) = leader.held_by else {
        return Ok(BTreeSet::new());
    };
    let held = Held {
        decision,
        payment: leader.given.clone(),
    };
    let mut moved = unbind(tx, creditor, &[follower.id])?;
    store::treasury::hold(tx, creditor, &[follower.id], Some(&held))?;
    (follower.held_by, follower.given) = (Some(decision), held.payment);
    let explained = leader.explained();
    moved.extend(give(
        tx,
        now,
        ctx,
        creditor,
        &[(follower, explained.clone())],
    )?);
    (follower.matched, follower.paid) = match explained {
        Some(Explained::Flow(matched)) => (Some(matched), None),
        Some(Explained::Payment(iuv)) => (None, Some(iuv)),
        None => (None, None),
    };
    Ok(moved)
}

/// The entries that take back or restore these and that no decision holds.
///
/// # Errors
/// The database's.
pub(in crate::app) fn followers(
    conn: &mut Conn,
    creditor: &FiscalCode,
    entries: &[Filed],
) -> Result<Vec<Filed>, store::Error> {
    let mut found: BTreeMap<Uuid, Filed> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| !entry.movement.follows()) {
        let together = kin(conn, creditor, &entry.movement)?;
        if leader(&together).is_none_or(|leader| leader.id != entry.id) {
            continue;
        }
        let free = together.into_iter().filter(|one| {
            let named = entries.iter().any(|entry| entry.id == one.id);
            one.movement.follows() && one.held_by.is_none() && !named
        });
        found.extend(free.map(|one| (one.id, one)));
    }
    Ok(found.into_values().collect())
}

/// What an entry is found to pay.
struct Found {
    explained: Option<Explained>,
    /// Flows that its text binds together.
    bound: BTreeSet<KnownFlow>,
}

impl From<Option<Explained>> for Found {
    fn from(explained: Option<Explained>) -> Found {
        let bound = BTreeSet::new();
        Found { explained, bound }
    }
}

/// Looks again for what these entries pay, but for those given to flows by an officer; whatever changes is
/// booked. Returns the flows whose cash has changed.
///
/// # Errors
/// The database's.
pub(in crate::app) fn rematch(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    entries: &[Filed],
) -> Result<BTreeSet<KnownFlow>, store::Error> {
    // Named by its text and given to a payment, an entry may come twice: it is booked once.
    let entries: BTreeMap<Uuid, &Filed> = entries.iter().map(|entry| (entry.id, entry)).collect();
    let in_scope = || {
        let entries = entries.values().copied();
        entries.filter(|entry| entry.movement.in_scope())
    };
    let free = in_scope().filter(|entry| entry.held_by.is_none());
    let named = free.filter_map(|entry| match &entry.reference {
        Reference::Flow(reference) => Some((entry, (reference, entry.movement.amount))),
        Reference::Single(_) | Reference::None => None,
    });
    let (by_flow, references): (Vec<&Filed>, Vec<_>) = named.unzip();
    let chosen = reconciliation::choose(tx, creditor, &references)?;
    let mut found: Vec<(&Filed, Found)> = by_flow
        .into_iter()
        .zip(chosen.into_iter().map(Found::from))
        .collect();
    let named = in_scope().filter_map(|entry| Some((entry, entry.payment()?)));
    let (by_payment, payments): (Vec<&Filed>, Vec<&str>) = named.unzip();
    let cash = of_payments(tx, creditor, &payments)?;
    for (entry, iuv) in by_payment.into_iter().zip(payments) {
        let quality = match entry.held_by {
            Some(_) => Quality::Hand,
            None => Quality::Whole,
        };
        let explained = match cash.get(iuv) {
            Some(PaymentCash::Flow(flow)) => Some(Explained::Flow(Matched {
                flow: flow.clone(),
                quality,
            })),
            Some(PaymentCash::Receipt) => Some(Explained::Payment(iuv.to_owned())),
            Some(PaymentCash::Ambiguous(_) | PaymentCash::Nothing) | None => None,
        };
        found.push((entry, explained.into()));
    }
    let mut moved = bind(tx, creditor, &found)?;
    let moves: Vec<_> = found
        .into_iter()
        .map(|(entry, found)| (entry, found.explained))
        .collect();
    moved.extend(give(tx, now, ctx, creditor, &moves)?);
    Ok(moved)
}

impl From<Chosen> for Found {
    fn from(chosen: Chosen) -> Found {
        let matched = |flow, quality| Some(Explained::Flow(Matched { flow, quality }));
        let together = |flows: Vec<KnownFlow>, quality| Found {
            explained: flows
                .first()
                .cloned()
                .and_then(|flow| matched(flow, quality)),
            bound: flows.into_iter().collect(),
        };
        match chosen {
            Chosen::Exact(flow) => matched(flow, Quality::Whole).into(),
            Chosen::Truncated(flow) => matched(flow, Quality::Beginning).into(),
            Chosen::Together(flows) => together(flows, Quality::Whole),
            Chosen::Summed(flows) => together(flows, Quality::Beginning),
            Chosen::Ambiguous(_) | Chosen::Nothing => None.into(),
        }
    }
}

/// Binds the flows that each entry names together, and parts those that it does no more. Returns the flows
/// that have other companions now.
fn bind(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    found: &[(&Filed, Found)],
) -> Result<BTreeSet<KnownFlow>, store::Error> {
    let ids: Vec<Uuid> = found.iter().map(|(entry, _)| entry.id).collect();
    let held = store::bonds::of_causes(tx, creditor, &ids)?;
    let mut moved = BTreeSet::new();
    for (entry, found) in found {
        let before = held.get(&entry.id);
        if before.map_or(found.bound.is_empty(), |before| *before == found.bound) {
            continue;
        }
        moved.extend(store::bonds::part(tx, creditor, entry.id)?);
        store::bonds::bind(tx, creditor, entry.id, &found.bound)?;
        moved.extend(found.bound.iter().cloned());
    }
    Ok(moved)
}

/// Parts the flows that the texts of these entries have bound, and names them.
///
/// # Errors
/// The database's.
pub(in crate::app) fn unbind(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    entries: &[Uuid],
) -> Result<BTreeSet<KnownFlow>, store::Error> {
    let held = store::bonds::of_causes(tx, creditor, entries)?;
    let mut parted = BTreeSet::new();
    for (entry, flows) in held {
        store::bonds::part(tx, creditor, entry)?;
        parted.extend(flows);
    }
    Ok(parted)
}

/// What explains cash for these payments, by reference.
///
/// # Errors
/// The database's.
pub(in crate::app) fn of_payments(
    conn: &mut Conn,
    creditor: &FiscalCode,
    iuvs: &[&str],
) -> Result<HashMap<String, PaymentCash>, store::Error> {
    let mut reporting = reporting(conn, creditor, iuvs)?;
    let paid = match iuvs {
        [] => Vec::new(),
        iuvs => store::reconciliation::paid(conn, creditor, iuvs)?,
    };
    let receipts: HashMap<&str, &str> = paid
        .iter()
        .map(|fact| &fact.paid)
        .filter(|paid| paid.in_scope)
        .map(|paid| (paid.iuv.as_str(), paid.receipt_id.as_str()))
        .collect();
    let of = |iuv: &&str| {
        let flows = reporting.remove(*iuv).unwrap_or_default();
        let receipt = receipts.get(iuv).copied();
        ((*iuv).to_owned(), cash_of_payment(flows, receipt))
    };
    let unique: BTreeSet<&str> = iuvs.iter().copied().collect();
    Ok(unique.iter().map(of).collect())
}

/// The flows in force that report these payments. A row that takes a payment back is no money of it.
fn reporting(
    conn: &mut Conn,
    creditor: &FiscalCode,
    iuvs: &[&str],
) -> Result<HashMap<String, BTreeSet<KnownFlow>>, store::Error> {
    let rows = store::settlement::lines_by_iuvs(conn, creditor, iuvs)?;
    let ids: BTreeSet<Uuid> = rows.iter().map(|(flow, _)| *flow).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let live: HashMap<Uuid, KnownFlow> = store::settlement::get_all(conn, creditor, &ids)?
        .into_iter()
        .filter(|flow| flow.state == FlowState::Live)
        .map(|flow| (flow.id, flow.header.known()))
        .collect();
    let mut reporting: HashMap<String, BTreeSet<KnownFlow>> = HashMap::new();
    for (flow, line) in rows {
        if let Some(flow) = live.get(&flow).filter(|_| line.outcome != Outcome::Revoked) {
            let flows = reporting.entry(line.iuv).or_default();
            flows.insert(flow.clone());
        }
    }
    Ok(reporting)
}

/// Gives entries to what explains them, or to nothing; whatever changes is booked. Returns the flows whose
/// cash has changed.
///
/// # Errors
/// The database's.
pub(in crate::app) fn give(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    moves: &[(&Filed, Option<Explained>)],
) -> Result<BTreeSet<KnownFlow>, store::Error> {
    let mut moved = BTreeSet::new();
    let mut booked = Vec::new();
    for (entry, found) in moves {
        let before = entry.explained();
        if *found == before {
            continue;
        }
        if let Some(old) = &before {
            let accounts = (cleared_by(old), Account::UnexplainedCash);
            let booking = (*entry, Reason::CashUnmatched, accounts);
            booked.push(posted(now, creditor, booking));
        }
        if let Some(new) = found {
            let accounts = (Account::UnexplainedCash, cleared_by(new));
            let booking = (*entry, Reason::CashMatched, accounts);
            booked.push(posted(now, creditor, booking));
        }
        moved.extend(before.iter().chain(found).filter_map(flow_of));
        store::treasury::set_explained(tx, creditor, entry.id, found.as_ref())?;
    }
    let booked = booked.into_iter().map(|entry| (ctx.ids.next(), entry));
    store::ledger::post(tx, creditor, booked.collect::<Vec<_>>())?;
    Ok(moved)
}

fn flow_of(explained: &Explained) -> Option<KnownFlow> {
    match explained {
        Explained::Flow(matched) => Some(matched.flow.clone()),
        Explained::Payment(_) => None,
    }
}

/// Where the money was waited for: announced by a flow, or with the provider while no flow reports it.
fn cleared_by(explained: &Explained) -> Account {
    match explained {
        Explained::Flow(_) => Account::Announced,
        Explained::Payment(_) => Account::InTransit,
    }
}

pub(super) fn posted(
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
