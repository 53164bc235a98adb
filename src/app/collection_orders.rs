//! Proposals of collection orders (*reversali*): each provisional credit by accounting key, with what the
//! journal says is covered already.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

pub mod export;

use crate::app::accounting::bookkeeping::{self, Bookkeeping};
use crate::ctx::Ctx;
use crate::domain::accounting::AccountingKey;
use crate::domain::collection_order::{CoverState, OrderCover, fill};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::{Cents, MoneyError};
use crate::domain::treasury::KnownFlow;
use crate::store::reports::Period;
use crate::store::settlement::Filed as Flow;
pub use crate::store::treasury::provisionals::Provisional;
use crate::store::{self, Conn, db::Retry};

/// What can end such a question.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A sum overflows.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The database's.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<bookkeeping::Error> for Error {
    fn from(error: bookkeeping::Error) -> Error {
        match error {
            bookkeeping::Error::Money(why) => Error::Money(why),
            bookkeeping::Error::Store(why) => Error::Store(why),
        }
    }
}

impl Retry for Error {
    fn retryable(&self) -> bool {
        match self {
            Error::Store(error) => error.retryable(),
            Error::Money(_) => false,
        }
    }
}

/// One order that is proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedOrder {
    /// Where the money belongs; `None` when nobody has said so.
    pub key: Option<AccountingKey>,
    /// Payments behind it; when a flow was credited in several parts, those of all of them.
    pub payments: i64,
    /// How much.
    pub amount: Cents,
}

/// What is proposed for a provisional credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The credit.
    pub provisional: Provisional,
    /// The flow that explains it, in the revision in force, and those that officers have put together with it.
    pub flows: Vec<Flow>,
    /// Orders by key. With `unexplained` they add up to the credit.
    pub orders: Vec<ProposedOrder>,
    /// What nothing explains.
    pub unexplained: Cents,
    /// What orders cover already.
    pub covered: Cents,
    /// Numbers of those orders, as the journal says.
    pub covered_by: Vec<i64>,
}

impl Proposal {
    /// How far orders cover it.
    #[must_use]
    pub fn state(&self) -> CoverState {
        CoverState::of(self.provisional.amount, self.covered)
    }
}

/// Key, payments and sum.
type Groups = BTreeMap<Option<AccountingKey>, (i64, Cents)>;

/// The provisional credits of a period by year and number, one with this number when it is said, each with
/// its orders. A credit that was taken back whole is passed over.
///
/// # Errors
/// [`Error`], or what `each` says.
pub fn propose<E: From<Error>>(
    conn: &mut Conn,
    ctx: &Ctx,
    creditor: &FiscalCode,
    (period, number): (Period, Option<i64>),
    each: &mut dyn FnMut(&mut Conn, &Bookkeeping<'_>, Proposal) -> Result<(), E>,
) -> Result<(), E> {
    let store = |error: store::Error| E::from(Error::Store(error));
    let books = Bookkeeping::load(conn, ctx, creditor).map_err(store)?;
    let credits = store::treasury::provisionals::of_period(conn, creditor, period);
    let mut covers = BTreeMap::<i32, Vec<OrderCover>>::new();
    for provisional in credits.map_err(store)? {
        let asked = number.is_none_or(|number| number == provisional.number);
        if !asked || !provisional.amount.is_positive() {
            continue;
        }
        let year = provisional.year;
        let known = match covers.entry(year) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let found = store::treasury::orders::of_year(conn, creditor, year);
                place.insert(found.map_err(store)?)
            }
        };
        let proposal = proposal(conn, creditor, (&books, known), provisional)?;
        each(conn, &books, proposal)?;
    }
    Ok(())
}

fn proposal(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (books, known): (&Bookkeeping<'_>, &[OrderCover]),
    provisional: Provisional,
) -> Result<Proposal, Error> {
    let known_flows = match &provisional.flow {
        Some(known) => together(conn, creditor, known)?,
        None => BTreeSet::new(),
    };
    let flows = live(conn, creditor, &known_flows)?;
    let groups = groups(conn, books, (&provisional, &flows))?;
    let credits = credits(conn, creditor, (&provisional, &known_flows))?;
    let own = credits.iter().position(|(number, account, _)| {
        (*number, account) == (provisional.number, &provisional.account)
    });
    let amounts: Vec<Cents> = credits.iter().map(|(_, _, amount)| *amount).collect();
    let sums: Vec<Cents> = groups.values().map(|(_, sum)| *sum).collect();
    let filled = fill(&amounts, &sums)?.unwrap_or_default();
    let takes = own
        .and_then(|at| filled.get(at))
        .map_or(&[][..], Vec::as_slice);
    let orders: Vec<ProposedOrder> = takes
        .iter()
        .filter_map(|(at, amount)| {
            let (key, (payments, _)) = groups.iter().nth(*at)?;
            Some(ProposedOrder {
                key: key.clone(),
                payments: *payments,
                amount: *amount,
            })
        })
        .collect();
    let explained = Cents::sum(orders.iter().map(|order| order.amount))?;
    let (covered, covered_by) = covered(known, &provisional)?;
    Ok(Proposal {
        unexplained: provisional.amount.minus(explained)?,
        flows,
        orders,
        covered,
        covered_by,
        provisional,
    })
}

/// A flow and those that officers have put together with it: their cash is the same.
fn together(
    conn: &mut Conn,
    creditor: &FiscalCode,
    known: &KnownFlow,
) -> Result<BTreeSet<KnownFlow>, store::Error> {
    let found = store::bonds::together(conn, creditor, &[&known.key])?;
    let of_known = |one: &&store::bonds::Companionship| one.flow == *known || one.lead == *known;
    let leads: BTreeSet<KnownFlow> = found
        .iter()
        .filter(of_known)
        .map(|one| one.lead.clone())
        .collect();
    let ours = found.into_iter().filter(|one| leads.contains(&one.lead));
    let ours = ours.flat_map(|one| [one.flow, one.lead]);
    Ok(ours.chain([known.clone()]).collect())
}

/// The revisions in force of these flows, by name.
fn live(
    conn: &mut Conn,
    creditor: &FiscalCode,
    known: &BTreeSet<KnownFlow>,
) -> Result<Vec<Flow>, store::Error> {
    let keys: Vec<&str> = known.iter().map(|flow| flow.key.as_str()).collect();
    let mut found = store::settlement::live_by_keys(conn, creditor, &keys)?;
    found.retain(|flow| known.contains(&flow.header.known()));
    found.sort_by_key(Flow::name);
    Ok(found)
}

/// What a credit is made of, by key.
fn groups(
    conn: &mut Conn,
    books: &Bookkeeping<'_>,
    (provisional, flows): (&Provisional, &[Flow]),
) -> Result<Groups, Error> {
    let mut groups = Groups::new();
    let mut add = |explained: &bookkeeping::Explained<'_>| {
        for quota in &explained.quotas {
            let group = groups.entry(quota.key.clone()).or_insert((0, Cents::ZERO));
            group.0 = group.0.saturating_add(1);
            group.1 = group.1.plus(quota.amount)?;
        }
        Ok::<(), Error>(())
    };
    for flow in flows {
        books.of_flow(conn, flow.id, |_, explained| add(explained))?;
    }
    if let (Some(iuv), true) = (&provisional.iuv, flows.is_empty()) {
        books.of_iuv(conn, iuv, add)?;
    }
    Ok(groups)
}

/// Every credit of the same flows by number and account, because they share the payments; the credit itself
/// when no flow explains it.
fn credits(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (provisional, flows): (&Provisional, &BTreeSet<KnownFlow>),
) -> Result<Vec<(i64, String, Cents)>, Error> {
    if flows.is_empty() {
        let (number, account) = (provisional.number, provisional.account.clone());
        return Ok(vec![(number, account, provisional.amount)]);
    }
    let keys: Vec<&str> = flows.iter().map(|flow| flow.key.as_str()).collect();
    let mut sums = BTreeMap::<(i64, String), Cents>::new();
    for entry in store::treasury::matched_to(conn, creditor, &keys)? {
        let matched = entry.matched.as_ref();
        let of_flows = matched.is_some_and(|matched| flows.contains(&matched.flow));
        let Some(number) = entry.movement.provisional.filter(|_| of_flows) else {
            continue;
        };
        let account = entry.movement.account.clone();
        let sum = sums.entry((number, account)).or_insert(Cents::ZERO);
        *sum = sum.plus(entry.movement.effect())?;
    }
    let credits = sums.into_iter().filter(|(_, amount)| amount.is_positive());
    Ok(credits
        .map(|((number, account), amount)| (number, account, amount))
        .collect())
}

/// What orders cover of a credit, and their numbers. The journal may say it twice: by the order, which
/// names the credit, and by the credit, which names no order; that counts when no order does.
fn covered(
    known: &[OrderCover],
    provisional: &Provisional,
) -> Result<(Cents, Vec<i64>), MoneyError> {
    let mut by_order = BTreeMap::<i64, Cents>::new();
    for cover in known.iter().filter(|cover| {
        cover.provisional == provisional.number && cover.account == provisional.account
    }) {
        let sum = by_order.entry(cover.order).or_insert(Cents::ZERO);
        *sum = sum.plus(cover.amount)?;
    }
    by_order.retain(|_, sum| sum.is_positive());
    if by_order.is_empty() {
        return Ok((provisional.regularised, Vec::new()));
    }
    let sum = Cents::sum(by_order.values().copied())?;
    Ok((sum, by_order.into_keys().collect()))
}
