//! What the books say of money that goes back to who paid it. Before it does, it stands as a receivable below
//! zero: what such receivables are worth is what is owed back.

use crate::domain::calendar::Day;
use crate::domain::ledger::{About, Account, Entry, Posting, Reason};
use crate::domain::money::Cents;
use crate::domain::reconciliation::decision::DecisionReason;

/// Whether an officer closes a payment of what was not owed as given back. Otherwise the creditor keeps it (set
/// off against another debt, given up by the payer), and it is not owed back any more.
#[must_use]
pub fn gives_back(reason: DecisionReason) -> bool {
    match reason {
        DecisionReason::Refunded => true,
        DecisionReason::ReferenceMissing
        | DecisionReason::ReferenceWrong
        | DecisionReason::OtherGrouping
        | DecisionReason::SettledElsewhere
        | DecisionReason::Rounding
        | DecisionReason::ConfirmedFault
        | DecisionReason::Other => false,
    }
}

/// A payment of what was not owed is closed by an officer: it was given back, or the creditor keeps it.
#[must_use]
pub fn closed(
    reason: DecisionReason,
    (reference, day): (String, Day),
    (amount, about): (Cents, About<'_>),
) -> Entry {
    let (reason, to) = match gives_back(reason) {
        true => (Reason::Refunded, Account::Refunds),
        false => (Reason::Kept, Account::RevenueDue),
    };
    let posting = Posting::new(Account::Receivable, to, amount, about);
    Entry {
        reason,
        day,
        reference,
        postings: posting.into_iter().collect(),
    }
}

/// Money of something that was owed and paid, and is paid back because less of it was done (meals that were
/// not eaten, credit of a family that leaves): revenue that is no more.
#[must_use]
pub fn paid_back((reference, day): (String, Day), (amount, about): (Cents, About<'_>)) -> Entry {
    let posting = Posting::new(Account::RevenueDue, Account::Refunds, amount, about);
    Entry {
        reason: Reason::Refunded,
        day,
        reference,
        postings: posting.into_iter().collect(),
    }
}

/// The entry that takes another one back, for a decision that is reopened.
#[must_use]
pub fn reopened(entry: &Entry, day: Day) -> Entry {
    Entry {
        reason: Reason::RefundReversed,
        day,
        reference: entry.reference.clone(),
        postings: entry.postings.iter().map(Posting::reversed).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::fiscal_code::FiscalCode;

    fn town() -> FiscalCode {
        FiscalCode::parse("99999000203").unwrap()
    }

    /// Balances by account: debits less credits.
    fn book(balances: &mut BTreeMap<Account, i64>, entry: &Entry) {
        for posting in &entry.postings {
            *balances.entry(posting.debit).or_default() += posting.amount.get();
            *balances.entry(posting.credit).or_default() -= posting.amount.get();
        }
    }

    const REASONS: [DecisionReason; 3] = [
        DecisionReason::Refunded,
        DecisionReason::SettledElsewhere,
        DecisionReason::Other,
    ];

    proptest! {
        #[test]
        fn the_receivable_below_zero_is_what_is_owed_back(
            // Payments of what was not owed; whether each is closed, why, and whether that is reopened.
            payments in prop::collection::vec((1i64..1_000_000, 0usize..4, any::<bool>()), 0..40),
            // What is paid back of what was owed.
            others in prop::collection::vec(1i64..10_000, 0..20),
        ) {
            let (town, day) = (town(), "2026-04-01".parse().unwrap());
            let about = About { notice: None, service_code: Some("MENSA"), beneficiary: &town };
            let (mut balances, mut owed, mut back) = (BTreeMap::new(), 0i64, 0i64);
            for (at, (cents, reason, again)) in payments.iter().enumerate() {
                let amount = Cents::new(*cents).unwrap();
                let paid = Entry {
                    reason: Reason::Receipt,
                    day,
                    reference: at.to_string(),
                    postings: Posting::new(Account::InTransit, Account::Receivable, amount, about)
                        .into_iter().collect(),
                };
                book(&mut balances, &paid);
                owed += cents;
                let Some(reason) = REASONS.get(*reason) else { continue };
                let entry = closed(*reason, (at.to_string(), day), (amount, about));
                book(&mut balances, &entry);
                if *again {
                    book(&mut balances, &reopened(&entry, day));
                } else {
                    owed -= cents;
                    back += if *reason == DecisionReason::Refunded { *cents } else { 0 };
                }
            }
            for cents in &others {
                let amount = Cents::new(*cents).unwrap();
                book(&mut balances, &paid_back(("movement".to_owned(), day), (amount, about)));
                back += cents;
            }
            let of = |account| balances.get(&account).copied().unwrap_or_default();
            prop_assert_eq!(of(Account::Receivable), -owed);
            prop_assert_eq!(of(Account::Refunds), -back);
            prop_assert_eq!(balances.values().sum::<i64>(), 0);
        }
    }
}
