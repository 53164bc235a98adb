//! What a receipt says against the price of its notice on the day it was paid.

use std::collections::BTreeSet;

use super::Flag;
use crate::domain::calendar::Day;
use crate::domain::money::Cents;
use crate::domain::position::Notice;
use crate::domain::receipt::Receipt;
use crate::domain::service::Step;

/// What is odd about the amounts of a receipt: a reduced amount after its term, or the right sum with other
/// shares of the beneficiaries.
#[must_use]
pub fn price_remarks(notice: &Notice, receipt: &Receipt, paid_on: Day) -> BTreeSet<Flag> {
    let steps = notice.schedule.steps();
    let asked = |step: &&Step| {
        let sum = Cents::sum(step.amounts.iter().copied());
        sum.is_ok_and(|sum| sum == receipt.amount)
    };
    let mut flags = BTreeSet::new();
    let due = notice.schedule.due_on(paid_on);
    if due.is_some_and(|due| receipt.amount < due.total) {
        let over = |step: &&Step| step.until.is_some_and(|until| until < paid_on);
        if steps.iter().filter(over).any(|step| asked(&step)) {
            flags.insert(Flag::PaidLateTier);
        }
    }
    let mut same_sum = steps.iter().filter(asked).peekable();
    if same_sum.peek().is_some() && !same_sum.any(|step| same_shares(notice, step, receipt)) {
        flags.insert(Flag::TefaSplitMismatch);
    }
    flags
}

/// Whether each beneficiary receives what the step asks for it. A digital stamp is asked for in the
/// creditor's name, so that its beneficiary is not compared.
fn same_shares(notice: &Notice, step: &Step, receipt: &Receipt) -> bool {
    let asked = (1u8..).zip(notice.transfers.iter().zip(&step.amounts));
    let mut shares = asked.map(|(index, (transfer, amount))| {
        let paid = receipt.transfers.iter().find(|paid| paid.index == index);
        match paid {
            Some(paid) => {
                let stamp = paid.iban.is_none();
                paid.amount == *amount && (stamp || paid.beneficiary == transfer.to.tax_code)
            }
            None => *amount == Cents::ZERO,
        }
    });
    shares.all(|same| same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::position::tests::{cents, day, fine, tari};
    use crate::domain::receipt::tests::receipt_for;

    #[test]
    fn a_reduced_amount_after_its_term_is_late() {
        let fine = fine();
        let notice = &fine.notices[0];
        let [first, second] = [0, 1].map(|n| notice.schedule.steps()[n].clone());
        let until = first.until.unwrap();
        let paid = receipt_for(&fine, 0, &[first.amounts[0].get()]);
        assert!(price_remarks(notice, &paid, until).is_empty());
        let late = until.succ_opt().unwrap();
        assert_eq!(
            price_remarks(notice, &paid, late),
            BTreeSet::from([Flag::PaidLateTier])
        );
        let mut whole = paid.clone();
        whole.amount = second.amounts[0];
        whole.transfers[0].amount = second.amounts[0];
        assert!(price_remarks(notice, &whole, late).is_empty());
        let mut other = paid;
        other.amount = cents(1);
        other.transfers[0].amount = cents(1);
        assert!(price_remarks(notice, &other, late).is_empty());
    }

    #[test]
    fn the_right_sum_in_other_shares_is_a_mismatch() {
        let tari = tari();
        let asked: Vec<i64> = tari.notices[0]
            .nominal()
            .map(|(_, one)| one.get())
            .collect();
        let paid = receipt_for(&tari, 0, &asked);
        let on = day("2026-04-01");
        assert!(price_remarks(&tari.notices[0], &paid, on).is_empty());
        let mut moved = paid.clone();
        moved.transfers[0].amount = moved.transfers[0].amount.plus(cents(1)).unwrap();
        moved.transfers[1].amount = moved.transfers[1].amount.minus(cents(1)).unwrap();
        let mismatch = BTreeSet::from([Flag::TefaSplitMismatch]);
        assert_eq!(price_remarks(&tari.notices[0], &moved, on), mismatch);
        let mut swapped = paid;
        swapped.transfers[1].beneficiary = swapped.transfers[0].beneficiary.clone();
        assert_eq!(price_remarks(&tari.notices[0], &swapped, on), mismatch);
    }
}
