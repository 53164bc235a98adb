//! The classifier: every line of a receipt (E), of a reporting flow (R) and of the treasury (T) has
//! exactly one primary code, the first rule that holds, with flags and an explanation.
//!
//! Pure and total: the same facts give the same findings, whatever order they arrived in. Lines out of
//! scope are set aside first; then the rules hold in the order of [`Code::ALL`]. Two readings are ours:
//! [`Code::ReportedNotSettled`] asks that receipt and row agree, so that a row without receipt is named as
//! such before its cash arrives; a flow whose cash differs names that difference on every row of it.

mod codes;
pub mod decision;
mod facts;

use std::collections::BTreeSet;

pub use codes::{AgeBucket, Code, Flag, Group, LineKind};
pub use decision::{Cause, Decision, Forced, Forcing, Origin, ReconciliationTerms};
pub use facts::{
    Case, Cash, Companion, Credit, CreditTarget, Flow, Notice, Paid, Quality, Reported,
};

use crate::domain::calendar::Day;
use crate::domain::money::Cents;
use crate::domain::settlement::Outcome;

/// Version of the rules; a change of any rule raises it.
pub const RULES_VERSION: i16 = 3;
/// A row is late when the transfer is made more than this many days after the payment, cash when it is
/// booked more than as many after the transfer: one working day (SANP), and room for a long week-end.
pub const LATE_AFTER_DAYS: i64 = 5;

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

/// Decides every receipt line and flow line of one debt.
#[must_use]
pub fn classify(case: &Case<'_>) -> Vec<Finding> {
    let receipts = case.paid.iter().map(|paid| about_receipt(case, paid));
    let lines = case.reported.iter().map(|line| about_flow_line(case, line));
    let mut findings: Vec<Finding> = receipts.chain(lines).collect();
    findings.sort_by(|a, b| a.line.cmp(&b.line));
    findings
}

/// Whether a live row reports this part of a receipt.
#[must_use]
pub fn reports(line: &Reported<'_>, paid: &Paid) -> bool {
    line.iuv == paid.iuv && line.iur == paid.receipt_id && line.transfer == paid.transfer
}

/// What the rules look at for one payment: the receipt, its row, their flow.
struct Chain<'a> {
    case: &'a Case<'a>,
    paid: Option<&'a Paid>,
    row: Option<&'a Reported<'a>>,
}

struct Verdict {
    code: Code,
    rule: &'static str,
}

fn verdict(code: Code, rule: &'static str) -> Verdict {
    Verdict { code, rule }
}

fn about_receipt(case: &Case<'_>, paid: &Paid) -> Finding {
    let mut rows: Vec<&Reported<'_>> = case.live().filter(|line| reports(line, paid)).collect();
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    let chain = Chain {
        case,
        paid: Some(paid),
        row: rows.first().copied(),
    };
    let verdict = if paid.in_scope {
        chain.decide()
    } else {
        verdict(Code::OutOfScope, "other_body")
    };
    let mut flags = chain.flags();
    let vanished = rows.is_empty()
        && case
            .reported
            .iter()
            .any(|line| !line.flow.live && reports(line, paid));
    if vanished {
        flags.insert(Flag::FlowRevised);
    }
    Finding {
        line: LineRef {
            kind: LineKind::Receipt,
            key: paid.key(),
        },
        flags,
        rule: verdict.rule,
        explanation: chain.explanation(verdict.code),
        amount: paid.amount,
        since: chain.since(verdict.code, paid.paid_on),
        iuv: Some(paid.iuv.clone()),
        code: verdict.code,
    }
}

fn about_flow_line(case: &Case<'_>, row: &Reported<'_>) -> Finding {
    let paid = case
        .paid
        .iter()
        .find(|paid| paid.in_scope && reports(row, paid));
    let chain = Chain {
        case,
        paid,
        row: Some(row),
    };
    let other_broker = paid.is_none() && case.notice(&row.iuv).is_none() && !row.own_iuv;
    let (verdict, mut flags) = if !row.flow.live {
        (
            verdict(Code::OutOfScope, "superseded_revision"),
            BTreeSet::from([Flag::FlowRevised]),
        )
    } else if other_broker {
        (verdict(Code::OutOfScope, "other_broker"), chain.flags())
    } else {
        (chain.decide(), chain.flags())
    };
    if row.flow.live && case.was_revised(row) {
        flags.insert(Flag::FlowRevised);
    }
    let since = row.flow.regulation_on;
    Finding {
        line: LineRef {
            kind: LineKind::FlowLine,
            key: row.key.clone(),
        },
        flags,
        rule: verdict.rule,
        explanation: chain.explanation(verdict.code),
        amount: row.effect,
        since: chain.since(verdict.code, since),
        iuv: Some(row.iuv.clone()),
        code: verdict.code,
    }
}

impl<'a> Chain<'a> {
    /// The first rule that holds.
    fn decide(&self) -> Verdict {
        if self.payments().len() > 1 {
            return verdict(Code::DoublePayment, "same_notice");
        }
        if self.excluded_option_paid() {
            return verdict(Code::DoublePayment, "other_option");
        }
        match (self.paid, self.row) {
            (_, Some(row)) if row.outcome == Outcome::Revoked => {
                verdict(Code::Revoked, "revoked_by_flow")
            }
            (paid, Some(row)) => reported(paid, row, self.case.notice(&row.iuv)),
            (Some(paid), None) => not_reported(self.case, paid),
            // A chain is built around a receipt or a row, so one of them is always there.
            (None, None) => verdict(Code::OutOfScope, "no_facts"),
        }
    }

    /// IUV, transfer and which other body's notice it is: secondary bodies see equal IUVs of different
    /// issuers.
    fn place(&self) -> Option<(&'a str, i16, Option<&'a str>)> {
        let of_paid = |paid: &'a Paid| (paid.iuv.as_str(), paid.transfer, paid.other_issuer());
        let of_row = |row: &'a Reported<'a>| (row.iuv.as_str(), row.transfer, None);
        self.paid.map(of_paid).or(self.row.map(of_row))
    }

    /// Every payment of the same transfer of the same notice, by receipt id.
    fn payments(&self) -> BTreeSet<&'a str> {
        let Some(place) = self.place() else {
            return BTreeSet::new();
        };
        self.case
            .payments()
            .filter(|(at, _)| *at == place)
            .map(|(_, id)| id)
            .collect()
    }

    /// Whether an option of the same debt that excludes this one has been paid.
    fn excluded_option_paid(&self) -> bool {
        let Some((iuv, _, None)) = self.place() else {
            return false;
        };
        let Some(own) = self.case.notice(iuv) else {
            return false;
        };
        self.case.payments().any(|((other, _, issuer), _)| {
            issuer.is_none()
                && self
                    .case
                    .notice(other)
                    .is_some_and(|n| n.option != own.option)
        })
    }

    fn flags(&self) -> BTreeSet<Flag> {
        let mut flags = BTreeSet::new();
        let mut set = |flag: Flag, holds: bool| {
            if holds {
                flags.insert(flag);
            }
        };
        if let Some(paid) = self.paid {
            set(Flag::StandIn, paid.stand_in);
        }
        if let Some((iuv, _, issuer)) = self.place() {
            let withdrawn = self.case.notice(iuv).is_some_and(|n| n.withdrawn);
            set(Flag::PaidAfterCancel, issuer.is_none() && withdrawn);
        }
        if let Some(row) = self.row {
            let stand_in = [Outcome::StandIn, Outcome::StandInNoReceipt].contains(&row.outcome);
            set(Flag::StandIn, stand_in);
            set(Flag::NoReceipt, row.outcome.without_receipt());
            set(Flag::UnknownOutcome, row.outcome == Outcome::Unknown);
            set(Flag::FlowRowDuplicate, self.case.has_twin(row));
            set(Flag::FlowHeaderMismatch, row.flow.header_mismatch);
            set(Flag::FlowWrongBody, row.flow.wrong_body);
            set(Flag::SplitTransfer, row.flow.credits.len() > 1);
            set(Flag::MultiFlowTransfer, row.flow.shares_cash());
            set(
                Flag::ReferenceTruncated,
                row.flow.credits.iter().any(Credit::truncated),
            );
            let days = row
                .flow
                .regulation_on
                .signed_duration_since(row.paid_on)
                .num_days();
            set(Flag::Late, days > LATE_AFTER_DAYS);
        }
        flags
    }

    fn explanation(&self, code: Code) -> Explanation {
        let mut found = Explanation::default();
        let iuv = self.place().map(|(iuv, _, _)| iuv);
        found.notices.extend(
            iuv.and_then(|iuv| self.case.notice(iuv))
                .map(|n| n.number.clone()),
        );
        found.receipts.extend(self.paid.map(Paid::key));
        found.flow_lines.extend(self.row.map(|row| row.key.clone()));
        if code == Code::DoublePayment {
            let own = self.place();
            let twins = |iuv: &str| own.is_some_and(|(own, _, _)| own == iuv);
            let same = |iuv: &str| twins(iuv) || self.case.notice(iuv).is_some();
            found.receipts.extend(
                self.case
                    .paid
                    .iter()
                    .filter(|p| same(&p.iuv))
                    .map(Paid::key),
            );
            let rows = self.case.live().filter(|row| same(&row.iuv));
            found.flow_lines.extend(rows.map(|row| row.key.clone()));
        }
        if let (Some(paid), Some(row)) = (self.paid, self.row) {
            found.compare("receipt_and_flow_line", paid.amount, row.amount);
        }
        if let Some(flow) = self
            .row
            .map(|row| row.flow)
            .filter(|flow| !flow.credits.is_empty())
        {
            found.cash_of(flow);
        }
        let alone = code == Code::SettledAmountDiff && self.row.is_none();
        let single = code == Code::MatchedSettledSingle || alone;
        if let Some(paid) = self.paid.filter(|_| single) {
            let singles = self.case.singles(&paid.iuv);
            found.compare("receipt_and_cash", paid.total, facts::sum(singles.clone()));
            found
                .credits
                .extend(singles.map(|credit| credit.key.clone()));
        }
        found
    }

    fn since(&self, code: Code, own: Day) -> Day {
        let flow = self
            .row
            .map(|row| row.flow)
            .filter(|_| code != Code::OutOfScope);
        let cash = flow.and_then(|flow| flow.credits.iter().map(|c| c.booked_on).max());
        let reported = flow.map(|flow| flow.regulation_on);
        [Some(own), reported, cash]
            .into_iter()
            .flatten()
            .max()
            .unwrap_or(own)
    }
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

/// Rules 4 and 6 to 11: a live row, with or without its receipt.
fn reported(paid: Option<&Paid>, row: &Reported<'_>, notice: Option<&Notice>) -> Verdict {
    let agree = paid.is_some_and(|paid| paid.amount == row.amount);
    match (row.flow.compare(), paid.is_some()) {
        (Cash::Equal, _) if agree => verdict(Code::MatchedSettled, "chain_complete"),
        (Cash::Less, _) => verdict(Code::SettledPartial, "cash_below_flow"),
        (Cash::More, _) => verdict(Code::SettledAmountDiff, "cash_above_flow"),
        (Cash::None, _) if agree => verdict(Code::ReportedNotSettled, "no_cash_yet"),
        (Cash::None | Cash::Equal, true) => verdict(Code::ReportedAmountDiff, "amounts_differ"),
        (Cash::None | Cash::Equal, false) if notice.is_some() => {
            verdict(Code::ReportedWithoutReceipt, "no_receipt")
        }
        (Cash::None | Cash::Equal, false) => verdict(Code::ReportedUnknownDebt, "no_debt"),
    }
}

/// Rules 5 and 12: a receipt that no live row reports.
fn not_reported(case: &Case<'_>, paid: &Paid) -> Verdict {
    if case.singles(&paid.iuv).next().is_none() {
        return verdict(Code::PaidNotReported, "no_flow_line");
    }
    let cash = facts::sum(case.singles(&paid.iuv));
    if facts::near(cash, paid.total, case.tolerance) {
        verdict(Code::MatchedSettledSingle, "single_transfer")
    } else {
        verdict(Code::SettledAmountDiff, "single_transfer_differs")
    }
}

/// What is odd about a flow and the cash that names it.
fn flow_flags(credit: &Credit, flow: &Flow) -> impl Iterator<Item = Flag> {
    let days = credit
        .booked_on
        .signed_duration_since(flow.regulation_on)
        .num_days();
    let holds = [
        (Flag::SplitTransfer, flow.credits.len() > 1),
        (Flag::MultiFlowTransfer, flow.shares_cash()),
        (Flag::FlowHeaderMismatch, flow.header_mismatch),
        (Flag::FlowWrongBody, flow.wrong_body),
        (Flag::Late, days > LATE_AFTER_DAYS),
    ];
    let holds = holds.into_iter().filter(|(_, holds)| *holds);
    holds.map(|(flag, _)| flag)
}

/// Decides a treasury line, given what its text led to.
#[must_use]
pub fn classify_credit(credit: &Credit, target: &CreditTarget<'_>) -> Finding {
    let mut flags = BTreeSet::new();
    let mut found = Explanation::default();
    found.credits.insert(credit.key.clone());
    let verdict = match target {
        CreditTarget::OutOfScope => verdict(Code::OutOfScope, "not_a_pending_credit"),
        CreditTarget::Flow(flow) => {
            found.cash_of(flow);
            flags.extend(flow_flags(credit, flow));
            match flow.compare() {
                Cash::Equal => verdict(Code::MatchedSettled, "cash_is_flow"),
                Cash::Less => verdict(Code::SettledPartial, "cash_below_flow"),
                Cash::More => verdict(Code::SettledAmountDiff, "cash_above_flow"),
                Cash::None => verdict(Code::CashUnknownReference, "no_flow"),
            }
        }
        CreditTarget::Single {
            receipts,
            total,
            cash,
            tolerance,
        } => {
            found.receipts.extend(receipts.iter().cloned());
            found.compare("receipt_and_cash", *total, *cash);
            if facts::near(*cash, *total, *tolerance) {
                verdict(Code::MatchedSettledSingle, "single_transfer")
            } else {
                verdict(Code::SettledAmountDiff, "single_transfer_differs")
            }
        }
        CreditTarget::Unknown(candidates) => {
            if !candidates.is_empty() {
                flags.insert(Flag::Ambiguous);
            }
            found.candidates.extend(candidates.iter().cloned());
            verdict(Code::CashUnknownReference, "nothing_found")
        }
        CreditTarget::NoReference => verdict(Code::CashUnidentified, "no_reference"),
    };
    if credit.truncated() {
        flags.insert(Flag::ReferenceTruncated);
    }
    let flow = match target {
        CreditTarget::Flow(flow) => Some(flow.regulation_on),
        CreditTarget::OutOfScope
        | CreditTarget::Single { .. }
        | CreditTarget::Unknown(_)
        | CreditTarget::NoReference => None,
    };
    Finding {
        line: LineRef {
            kind: LineKind::Treasury,
            key: credit.key.clone(),
        },
        code: verdict.code,
        flags,
        rule: verdict.rule,
        explanation: found,
        amount: credit.effect,
        since: flow.map_or(credit.booked_on, |day| day.max(credit.booked_on)),
        iuv: credit.iuv.clone(),
    }
}

#[cfg(test)]
mod tests;
