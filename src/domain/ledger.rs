//! The books: every posting moves an amount from one account to another, so an unbalanced entry cannot
//! be written down. Postings are never changed; a correction is a further entry, reversed.

use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::notice_number::NoticeNumber;

/// Where money is, or is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// Owed by debtors on published positions. Below zero, a refund is owed.
    Receivable,
    /// Revenue of published positions (credit side).
    RevenueDue,
    /// Collected by a PSP, not yet announced by a flow.
    InTransit,
    /// Announced by a flow, not yet on the account.
    Announced,
    /// On the creditor's bank account.
    Bank,
    /// On the bank account without a flow that explains it (credit side).
    UnexplainedCash,
    /// Paid to the creditor outside pagoPA.
    OutsideCash,
    /// Paid to other beneficiaries of the same notice (TEFA to the Province).
    ThirdParties,
    /// Given back to who had paid it (credit side).
    Refunds,
}

/// Why an entry was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A position became payable.
    Published,
    /// What was still owed was withdrawn.
    Withdrawn,
    /// What was withdrawn is owed again.
    Restored,
    /// The rest was put on new notices, at the price of that day.
    Replanned,
    /// The amount paid differs from the one booked (a fine on day five).
    Repriced,
    /// A receipt.
    Receipt,
    /// A line of a live flow.
    FlowLine,
    /// A line of a flow that a newer revision replaced.
    FlowLineReversed,
    /// A cash entry of the treasurer.
    Cash,
    /// A cash entry that the treasurer took back.
    CashReversed,
    /// Cash explained by a flow.
    CashMatched,
    /// An explanation taken back.
    CashUnmatched,
    /// Money given back to who had paid it.
    Refunded,
    /// What was not owed is not given back.
    Kept,
    /// One of these two was decided, and is open again.
    RefundReversed,
}

/// A movement from `credit` to `debit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// Account that receives.
    pub debit: Account,
    /// Account that gives.
    pub credit: Account,
    /// Above zero; [`Posting::new`] swaps the accounts of a negative amount.
    pub amount: Cents,
    /// The notice it is about.
    pub notice: Option<NoticeNumber>,
    /// The service it is about.
    pub service_code: Option<String>,
    /// Who owns the money.
    pub beneficiary: FiscalCode,
}

impl Posting {
    /// A posting of any amount: a negative one swaps the accounts, zero is none.
    #[must_use]
    pub fn new(
        debit: Account,
        credit: Account,
        amount: Cents,
        about: About<'_>,
    ) -> Option<Posting> {
        let (debit, credit, amount) = if amount < Cents::ZERO {
            (credit, debit, amount.negated())
        } else {
            (debit, credit, amount)
        };
        amount.is_positive().then(|| Posting {
            debit,
            credit,
            amount,
            notice: about.notice.cloned(),
            service_code: about.service_code.map(str::to_owned),
            beneficiary: about.beneficiary.clone(),
        })
    }

    /// The posting that takes this one back.
    #[must_use]
    pub fn reversed(&self) -> Posting {
        Posting {
            debit: self.credit,
            credit: self.debit,
            ..self.clone()
        }
    }
}

/// What a posting is about.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The notice, when there is one.
    pub notice: Option<&'a NoticeNumber>,
    /// The service, when it is known.
    pub service_code: Option<&'a str>,
    /// Who owns the money.
    pub beneficiary: &'a FiscalCode,
}

/// What one business event books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Why.
    pub reason: Reason,
    /// Legal day of the event.
    pub day: Day,
    /// What it refers to: position, receipt, flow, cash entry.
    pub reference: String,
    /// The movements; may be empty when nothing moves.
    pub postings: Vec<Posting>,
}

names!(Account, {
    Account::Receivable => "receivable",
    Account::RevenueDue => "revenue_due",
    Account::InTransit => "in_transit",
    Account::Announced => "announced",
    Account::Bank => "bank",
    Account::UnexplainedCash => "unexplained_cash",
    Account::OutsideCash => "outside_cash",
    Account::ThirdParties => "third_parties",
    Account::Refunds => "refunds",
});

names!(Reason, {
    Reason::Published => "published",
    Reason::Withdrawn => "withdrawn",
    Reason::Restored => "restored",
    Reason::Replanned => "replanned",
    Reason::Repriced => "repriced",
    Reason::Receipt => "receipt",
    Reason::FlowLine => "flow_line",
    Reason::FlowLineReversed => "flow_line_reversed",
    Reason::Cash => "cash",
    Reason::CashReversed => "cash_reversed",
    Reason::CashMatched => "cash_matched",
    Reason::CashUnmatched => "cash_unmatched",
    Reason::Refunded => "refunded",
    Reason::Kept => "kept",
    Reason::RefundReversed => "refund_reversed",
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_negative_amount_moves_the_other_way_and_zero_does_not_move() {
        let town = FiscalCode::parse("99999000203").unwrap();
        let about = About {
            notice: None,
            service_code: None,
            beneficiary: &town,
        };
        let amount = Cents::new(-500).unwrap();
        let posting =
            Posting::new(Account::Receivable, Account::RevenueDue, amount, about).unwrap();
        assert_eq!(posting.debit, Account::RevenueDue);
        assert_eq!(posting.amount.get(), 500);
        assert_eq!(posting.reversed().reversed(), posting);
        assert_eq!(
            Posting::new(Account::Bank, Account::Announced, Cents::ZERO, about),
            None
        );
    }
}
