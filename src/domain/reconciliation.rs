//! The classifier: every line of a receipt (E), of a reporting flow (R) and of the treasury (T) has
//! exactly one primary code, the first rule that holds, with flags and an explanation.
//!
//! Pure and total: the same facts give the same findings, whatever order they arrived in. Lines out of
//! scope are set aside first; then the rules hold in the order of [`Code::ALL`]. Two readings are ours:
//! [`Code::ReportedNotSettled`] asks that receipt and row agree, so that a row without receipt is named as
//! such before its cash arrives; a flow whose cash differs names that difference on every row of it.
//! What stays open turns into an anomaly as days pass, so that the day is an input too.

mod cash;
mod codes;
pub mod decision;
mod facts;
mod lookup;
mod payment;
pub mod period;
pub mod price;
pub mod suggestion;
pub mod work;

use std::collections::BTreeSet;

pub use cash::classify_credit;
pub use codes::{AgeBucket, Code, Flag, Group, LineKind, PENDING_DAYS_MAX};
pub use decision::{Cause, Decision, Forced, Forcing, Origin, ReconciliationTerms};
pub use facts::{
    Case, Cash, Companion, Credit, CreditTarget, Flow, Notice, Paid, Quality, Reported,
};
pub use payment::classify;

use crate::domain::calendar::Day;
use crate::domain::money::Cents;

/// Version of the rules; a change of any rule raises it.
pub const RULES_VERSION: i16 = 5;
/// A row is late when the transfer is made more than this many days after the payment, cash when it is
/// booked more than as many after the transfer: one working day (SANP), and room for a long week-end.
pub const LATE_AFTER_DAYS: i64 = 5;
/// Receipts, and rows, that the explanation of a double payment names besides its own.
pub const LISTED_MAX: usize = 100;

/// The line a finding is about: its kind and its natural key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineRef {
    /// E, R or T.
    pub kind: LineKind,
    /// `receipt/transfer`, `psp/flow/revision/row` or `year/account/number`.
    pub key: String,
}

/// What was found about one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which line.
    pub line: LineRef,
    /// The primary code.
    pub code: Code,
    /// What else is worth knowing.
    pub flags: BTreeSet<Flag>,
    /// The rule that decided.
    pub rule: &'static str,
    /// The facts that were looked at.
    pub explanation: Explanation,
    /// What the line itself states; a reversal or revocation is negative.
    pub amount: Cents,
    /// The day of the newest fact behind the code: its age counts from here.
    pub since: Day,
    /// The line's own day, in whose month it counts: of the payment, of the flow's transfer, of the booking.
    pub day: Day,
    /// Payment reference, for lines that have one.
    pub iuv: Option<String>,
}

/// The facts behind a code, by natural key, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Explanation {
    /// Notice numbers.
    pub notices: BTreeSet<String>,
    /// `receipt/transfer`.
    pub receipts: BTreeSet<String>,
    /// `psp/flow/revision/row`.
    pub flow_lines: BTreeSet<String>,
    /// `year/account/number`.
    pub credits: BTreeSet<String>,
    /// Flows that a reference may mean, when there are several.
    pub candidates: BTreeSet<String>,
    /// Other flows that the same cash pays.
    pub companions: BTreeSet<String>,
    /// An officer has closed the line.
    pub forced: Option<Forced>,
    /// Amounts that were compared.
    pub compared: Vec<Compared>,
}

/// Two amounts and what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// As `receipt_and_flow_line`.
    pub what: &'static str,
    /// The first.
    pub left: Cents,
    /// The second.
    pub right: Cents,
}

/// Whether a row reports this part of a receipt.
#[must_use]
pub fn reports(line: &Reported<'_>, paid: &Paid) -> bool {
    line.iuv == paid.iuv && line.iur == paid.receipt_id && line.transfer == paid.transfer
}

struct Verdict {
    code: Code,
    rule: &'static str,
}

fn verdict(code: Code, rule: &'static str) -> Verdict {
    Verdict { code, rule }
}

impl Explanation {
    fn cash_of(&mut self, flow: &Flow) {
        let keys = flow.credits.iter().map(|credit| credit.key.clone());
        self.credits.extend(keys);
        self.compare("flow_and_cash", flow.announced(), flow.cash());
        let others = flow.companions.iter().map(|other| other.name.clone());
        self.companions.extend(others);
    }

    fn compare(&mut self, what: &'static str, left: Cents, right: Cents) {
        self.compared.push(Compared { what, left, right });
    }
}

#[cfg(test)]
mod tests;
