//! Proposals of collection orders (*reversali*): each provisional credit by accounting key, with what the
//! journal says is covered already.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

mod behind;
pub mod coverings;
pub mod export;

use behind::Behind;

use crate::app::accounting::bookkeeping::{self, Bookkeeping};
use crate::ctx::Ctx;
use crate::domain::accounting::AccountingKey;
use crate::domain::collection_order::{self, CoverState, OrderCover, fill};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::{Cents, MoneyError};
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
    /// What credits before this one take of the same payments.
    pub before: Cents,
    /// What all those payments are worth.
    pub whole: Cents,
}

/// What is proposed for a provisional credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The credit.
    pub provisional: Provisional,
    /// The flow that explains it, in the revision in force, and those that officers have put together with it.
    pub flows: Vec<Flow>,
    /// Payments behind it; when a flow was credited in several parts, those of all of them.
    pub payments: i64,
    /// Of how many of them the receipt is missing.
    pub without_receipt: i64,
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

/// Credits whose payments are read in one go.
const CHUNK: usize = 500;

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
    let mut credits = credits.map_err(store)?;
    credits.retain(|credit| {
        number.is_none_or(|number| number == credit.number) && credit.amount.is_positive()
    });
    let mut covers = BTreeMap::<i32, Vec<OrderCover>>::new();
    let mut credits = credits.into_iter().peekable();
    while credits.peek().is_some() {
        let chunk: Vec<Provisional> = credits.by_ref().take(CHUNK).collect();
        let behind = Behind::load(conn, &books, creditor, &chunk)?;
        for provisional in chunk {
            let year = provisional.year;
            let known = match covers.entry(year) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(place) => {
                    let found = store::treasury::orders::of_year(conn, creditor, year);
                    place.insert(found.map_err(store)?)
                }
            };
            let proposal = proposal(&behind, known, provisional).map_err(Error::Money)?;
            each(conn, &books, proposal)?;
        }
    }
    Ok(())
}

fn proposal(
    behind: &Behind,
    known: &[OrderCover],
    provisional: Provisional,
) -> Result<Proposal, MoneyError> {
    let known_flows = behind.together(&provisional);
    let flows = behind.live(&known_flows);
    let payments = behind.payments(&provisional, &flows)?;
    let credits = behind.credits(&provisional, &known_flows)?;
    let own = credits.iter().position(|(number, account, _)| {
        (*number, account) == (provisional.number, &provisional.account)
    });
    let amounts: Vec<Cents> = credits.iter().map(|(_, _, amount)| *amount).collect();
    let groups: Vec<_> = payments.groups.iter().collect();
    let sums: Vec<Cents> = groups.iter().map(|(_, (_, sum))| *sum).collect();
    let filled = fill(&amounts, &sums)?.unwrap_or_default();
    let takes = own
        .and_then(|at| filled.get(at))
        .map_or(&[][..], Vec::as_slice);
    let orders: Vec<ProposedOrder> = takes
        .iter()
        .filter_map(|(at, amount)| {
            let (key, (payments, whole)) = groups.get(*at)?;
            let earlier = filled.iter().take(own?).flatten();
            let earlier = earlier.filter(|(other, _)| other == at);
            Some(ProposedOrder {
                key: (*key).clone(),
                payments: *payments,
                amount: *amount,
                before: Cents::sum(earlier.map(|(_, taken)| *taken)).ok()?,
                whole: *whole,
            })
        })
        .collect();
    let explained = Cents::sum(orders.iter().map(|order| order.amount))?;
    let (covered, covered_by) = covered(known, &provisional)?;
    Ok(Proposal {
        unexplained: provisional.amount.minus(explained)?,
        payments: payments.count,
        without_receipt: payments.without_receipt,
        flows,
        orders,
        covered,
        covered_by,
        provisional,
    })
}

/// What orders cover of a credit, and their numbers. The journal may say it twice: by the order, which
/// names the credit, and by the credit, which names no order; that counts when no order does.
pub(super) fn covered(
    known: &[OrderCover],
    provisional: &Provisional,
) -> Result<(Cents, Vec<i64>), MoneyError> {
    let account = provisional.account.as_str();
    let place = (provisional.year, provisional.number, account);
    let (sum, orders) = collection_order::covered(known, place)?;
    Ok(match orders.is_empty() {
        true => (provisional.regularised, orders),
        false => (sum, orders),
    })
}
