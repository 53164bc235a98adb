//! The payments behind a provisional credit, each with what of it the credit took.

use std::collections::BTreeMap;

use super::Error;
use crate::app::accounting::bookkeeping::{Bookkeeping, Explained};
use crate::app::collection_orders::{Proposal, ProposedOrder};
use crate::domain::accounting::{AccountingKey, Quota};
use crate::domain::money::{Cents, MoneyError};
use crate::domain::settlement::Line;
use crate::store::Conn;

/// Every payment behind a provisional credit: those of its flows, else of the one that its text names. When
/// several credits share the flows, the payments fill them in the order of the orders (ADR 0064), and one
/// that lies on the border is shown in both, with its part.
pub(super) fn each_part(
    conn: &mut Conn,
    books: &Bookkeeping<'_>,
    proposal: &Proposal,
    mut each: impl FnMut(Option<&Line>, &Explained<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut shares = Shares::of(proposal);
    let mut share = |line: Option<&Line>, part: &Explained<'_>| match shares.taken(part)? {
        Some(part) => each(line, &part),
        None => Ok(()),
    };
    for flow in &proposal.flows {
        books.of_flow(conn, flow.id, |line, part| share(Some(line), part))?;
    }
    match &proposal.provisional.iuv {
        Some(iuv) if proposal.flows.is_empty() => {
            books.of_iuvs(conn, &[iuv], |_, part| share(None, part))
        }
        Some(_) | None => Ok(()),
    }
}

/// What a credit takes of the payments of each key, and how far they have been read.
struct Shares<'p>(BTreeMap<Option<AccountingKey>, (&'p ProposedOrder, Cents)>);

impl<'p> Shares<'p> {
    fn of(proposal: &'p Proposal) -> Shares<'p> {
        let start = |order: &'p ProposedOrder| (order.key.clone(), (order, Cents::ZERO));
        Shares(proposal.orders.iter().map(start).collect())
    }

    /// The part of a payment that the credit took; `None` when other credits took it all. A credit without
    /// orders, of a flow that nothing is proposed for, shows its payments whole.
    fn taken<'e>(&mut self, part: &Explained<'e>) -> Result<Option<Explained<'e>>, MoneyError> {
        let unsplit = self.0.is_empty();
        let mut quotas = Vec::with_capacity(part.quotas.len());
        for quota in &part.quotas {
            let amount = match self.0.get_mut(&quota.key) {
                Some((order, read)) => step(order, read, quota.amount)?,
                None if unsplit => quota.amount,
                None => Cents::ZERO,
            };
            quotas.push(Quota {
                key: quota.key.clone(),
                amount,
            });
        }
        quotas.retain(|quota| quota.amount != Cents::ZERO);
        if quotas.is_empty() {
            return Ok(None);
        }
        Ok(Some(Explained {
            receipt: part.receipt,
            charge: part.charge,
            transfer: part.transfer,
            amount: Cents::sum(quotas.iter().map(|quota| quota.amount))?,
            quotas,
        }))
    }
}

/// Reads on by an amount: what of it lies in the part of the order. The parts of all orders of a key add up
/// to their amounts, also where a payment was revoked.
fn step(order: &ProposedOrder, read: &mut Cents, amount: Cents) -> Result<Cents, MoneyError> {
    if order.amount == order.whole {
        return Ok(amount);
    }
    let end = order.before.plus(order.amount)?;
    let from = (*read).clamp(order.before, end);
    *read = read.plus(amount)?;
    (*read).clamp(order.before, end).minus(from)
}
