//! Clearing accounts: the accounts of the ledger that come back to zero when every payment has been reported
//! and credited, and what each line that is left in them waits for.

use crate::domain::ledger::Account;
use crate::domain::money::{Cents, MoneyError};

/// The clearing accounts, in the order in which money passes through them.
pub const CLEARING: [Account; 3] = [
    Account::InTransit,
    Account::Announced,
    Account::UnexplainedCash,
];

/// What a line of a clearing account is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The creditor's own part of a receipt.
    Receipt,
    /// A flow, with the flows that the same cash pays.
    Flow,
    /// A provisional credit, or another movement of the treasurer.
    Provisional,
}

names!(Source, {
    Source::Receipt => "receipt",
    Source::Flow => "flow",
    Source::Provisional => "provisional",
});

/// What brings a line of a clearing account to zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Awaited {
    /// A flow that reports the payment.
    Flow,
    /// A revision of a flow: more was reported or credited than was paid.
    Revision,
    /// The transfer of the provider.
    Transfer,
    /// The rest of a transfer that came in part.
    Rest,
    /// More came than the flow announces: the flow of the rest, or the provider gets it back.
    Excess,
    /// A flow or a payment that says what the cash is for.
    Explanation,
    /// The movement that this one takes back.
    Reversed,
}

impl Awaited {
    /// What an amount on a clearing account waits for. `None` on the accounts that are none. Unexplained cash
    /// stands on the credit side: below zero there is money.
    #[must_use]
    pub fn of(account: Account, amount: Cents, credited: Cents) -> Option<Awaited> {
        let below = amount < Cents::ZERO;
        match (account, below) {
            (Account::InTransit, false) => Some(Awaited::Flow),
            (Account::InTransit, true) => Some(Awaited::Revision),
            (Account::Announced, false) if credited == Cents::ZERO => Some(Awaited::Transfer),
            (Account::Announced, false) => Some(Awaited::Rest),
            (Account::Announced, true) if credited == Cents::ZERO => Some(Awaited::Revision),
            (Account::Announced, true) => Some(Awaited::Excess),
            (Account::UnexplainedCash, true) => Some(Awaited::Explanation),
            (Account::UnexplainedCash, false) => Some(Awaited::Reversed),
            (
                Account::Receivable
                | Account::RevenueDue
                | Account::Bank
                | Account::OutsideCash
                | Account::ThirdParties
                | Account::Refunds,
                _,
            ) => None,
        }
    }

    /// As accountants say it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Awaited::Flow => "Il flusso che lo rendiconta",
            Awaited::Revision => "Una revisione del flusso: rendicontato più del pagato",
            Awaited::Transfer => "L'accredito del PSP",
            Awaited::Rest => "Il resto dell'accredito",
            Awaited::Excess => "Il flusso di ciò che è accreditato in più",
            Awaited::Explanation => "Il flusso o il pagamento che lo spiega",
            Awaited::Reversed => "Il movimento che questo storna",
        }
    }
}

names!(Awaited, {
    Awaited::Flow => "flow",
    Awaited::Revision => "revision",
    Awaited::Transfer => "transfer",
    Awaited::Rest => "rest",
    Awaited::Excess => "excess",
    Awaited::Explanation => "explanation",
    Awaited::Reversed => "reversed",
});

/// Takes cash off the parts of a payment, the first one first and none below zero; what is more than all of
/// them, or takes back more than it brought, is of the last one. The parts change by the cash to the cent.
///
/// # Errors
/// [`MoneyError`].
pub fn take_off(parts: &mut [&mut Cents], cash: Cents) -> Result<(), MoneyError> {
    let mut left = cash;
    for part in &mut *parts {
        let taken = left.min(**part);
        if taken.is_positive() {
            **part = part.minus(taken)?;
            left = left.minus(taken)?;
        }
    }
    if let Some(last) = parts.last_mut() {
        **last = last.minus(left)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cents(amount: i64) -> Cents {
        Cents::new(amount).unwrap()
    }

    #[test]
    fn every_clearing_account_waits_for_something_and_no_other_does() {
        for account in Account::ALL {
            let clears = CLEARING.contains(account);
            for amount in [-1, 1] {
                let waits = Awaited::of(*account, cents(amount), Cents::ZERO);
                assert_eq!(waits.is_some(), clears, "{account} {amount}");
            }
        }
    }

    #[test]
    fn what_a_line_waits_for_depends_on_its_side_and_its_cash() {
        let of = |account, amount, credited| {
            Awaited::of(account, cents(amount), cents(credited)).unwrap()
        };
        assert_eq!(of(Account::InTransit, 10, 0), Awaited::Flow);
        assert_eq!(of(Account::InTransit, -10, 0), Awaited::Revision);
        assert_eq!(of(Account::Announced, 10, 0), Awaited::Transfer);
        assert_eq!(of(Account::Announced, 10, 5), Awaited::Rest);
        assert_eq!(of(Account::Announced, -10, 0), Awaited::Revision);
        assert_eq!(of(Account::Announced, -10, 20), Awaited::Excess);
        assert_eq!(of(Account::UnexplainedCash, -10, 0), Awaited::Explanation);
        assert_eq!(of(Account::UnexplainedCash, 10, 0), Awaited::Reversed);
    }

    proptest! {
        #[test]
        fn cash_is_taken_off_to_the_cent(
            amounts in prop::collection::vec(-500i64..10_000, 1..6),
            cash in -20_000i64..40_000,
        ) {
            let before: Vec<Cents> = amounts.iter().copied().map(cents).collect();
            let mut after = before.clone();
            take_off(&mut after.iter_mut().collect::<Vec<_>>(), cents(cash)).unwrap();
            let sum = |parts: &[Cents]| parts.iter().map(|part| part.get()).sum::<i64>();
            prop_assert_eq!(sum(&after), sum(&before) - cash);
            // None but the last is overdrawn, and none but the last grows.
            let (_, others) = after.split_last().unwrap();
            for (now, was) in others.iter().zip(&before) {
                prop_assert!(now <= was && (*now >= Cents::ZERO || now == was));
            }
        }
    }
}
