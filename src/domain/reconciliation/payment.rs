//! Rules 2 to 12 about what was paid: the receipts and the rows of one debt.

use std::collections::BTreeSet;

use super::lookup::{Lookup, Place, Standing, place_of_paid, place_of_row};
use super::{
    Case, Cash, Code, Credit, Explanation, Finding, Flag, LATE_AFTER_DAYS, LineKind, LineRef,
    Notice, Paid, Reported, Verdict, facts, verdict,
};
use crate::domain::calendar::Day;
use crate::domain::settlement::Outcome;

/// Decides every receipt line and flow line of one debt.
#[must_use]
pub fn classify(case: &Case<'_>) -> Vec<Finding> {
    let known = Lookup::new(case);
    let chain = Chain {
        case,
        known: &known,
        paid: None,
        row: None,
        standing: Standing::Counted,
    };
    let receipts = case.paid.iter().map(|paid| about_receipt(&chain, paid));
    let lines = case.reported.iter().map(|row| about_flow_line(&chain, row));
    let mut findings: Vec<Finding> = receipts.chain(lines).collect();
    findings.sort_by(|a, b| a.line.cmp(&b.line));
    findings
}

/// What the rules look at for one payment: the receipt, its row, their flow.
struct Chain<'a> {
    case: &'a Case<'a>,
    known: &'a Lookup<'a>,
    paid: Option<&'a Paid>,
    row: Option<&'a Reported<'a>>,
    /// What the row is to the receipt.
    standing: Standing,
}

fn about_receipt<'a>(known: &Chain<'a>, paid: &'a Paid) -> Finding {
    let chain = Chain {
        paid: Some(paid),
        row: known.known.row_of(paid),
        ..*known
    };
    let verdict = if paid.in_scope {
        chain.decide()
    } else {
        verdict(Code::OutOfScope, "other_body")
    };
    let mut flags = chain.flags();
    if chain.known.has_vanished(paid) {
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
        day: paid.paid_on,
        iuv: Some(paid.iuv.clone()),
        code: verdict.code,
    }
}

fn about_flow_line<'a>(known: &Chain<'a>, row: &'a Reported<'a>) -> Finding {
    let paid = known.known.paid_of(row);
    let chain = Chain {
        paid: paid.map(|(paid, _)| paid),
        row: Some(row),
        standing: paid.map_or(Standing::Counted, |(_, standing)| standing),
        ..*known
    };
    let other_broker = paid.is_none() && chain.known.notice(&row.iuv).is_none() && !row.own_iuv;
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
    if row.flow.live && chain.known.was_revised(row) {
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
        day: since,
        iuv: Some(row.iuv.clone()),
        code: verdict.code,
    }
}

impl<'a> Chain<'a> {
    /// The first rule that holds.
    fn decide(&self) -> Verdict {
        let times = self.place().map(|place| self.known.times_paid(place));
        if times.is_some_and(|times| times > 1) {
            return verdict(Code::DoublePayment, "same_notice");
        }
        if self.excluded_option_paid() {
            return verdict(Code::DoublePayment, "other_option");
        }
        match (self.paid, self.row) {
            (_, Some(row)) if row.outcome == Outcome::Revoked => {
                verdict(Code::Revoked, "revoked_by_flow")
            }
            (_, Some(row)) => self.reported(row, self.known.notice(&row.iuv)),
            (Some(paid), None) => self.not_reported(paid),
            // A chain is built around a receipt or a row, so one of them is always there.
            (None, None) => verdict(Code::OutOfScope, "no_facts"),
        }
    }

    /// Rules 4 and 6 to 11: a live row, with or without its receipt. A receipt explains one row: the same
    /// payment once more, in this flow or another, is a row without a receipt.
    fn reported(&self, row: &Reported<'_>, notice: Option<&Notice>) -> Verdict {
        let again = self.standing == Standing::Again;
        let paid = self.paid.filter(|_| !again);
        let agree = paid.is_some_and(|paid| paid.amount == row.amount);
        let alone = if again { "row_again" } else { "no_receipt" };
        match (row.flow.compare(self.case.today), paid.is_some()) {
            (Cash::Equal, _) if agree => verdict(Code::MatchedSettled, "chain_complete"),
            (Cash::Less, _) => verdict(Code::SettledPartial, "cash_below_flow"),
            (Cash::Short, _) => verdict(Code::SettledAmountDiff, "rest_did_not_come"),
            (Cash::More, _) => verdict(Code::SettledAmountDiff, "cash_above_flow"),
            (Cash::None, _) if agree => verdict(Code::ReportedNotSettled, "no_cash_yet"),
            (Cash::None | Cash::Equal, true) => verdict(Code::ReportedAmountDiff, "amounts_differ"),
            (Cash::None | Cash::Equal, false) if notice.is_some() => {
                verdict(Code::ReportedWithoutReceipt, alone)
            }
            (Cash::None | Cash::Equal, false) => verdict(Code::ReportedUnknownDebt, "no_debt"),
        }
    }

    /// Rules 5, 7 and 12: a receipt that no live row reports.
    fn not_reported(&self, paid: &Paid) -> Verdict {
        let cash = facts::sum(self.singles(paid));
        let none = self.known.singles(&paid.iuv).is_empty();
        if none || facts::taken_back(cash, paid.total) {
            verdict(Code::PaidNotReported, "no_flow_line")
        } else if facts::near(cash, paid.total, self.case.tolerance) {
            verdict(Code::MatchedSettledSingle, "single_transfer")
        } else {
            verdict(Code::SettledAmountDiff, "single_transfer_differs")
        }
    }

    fn singles(&self, paid: &Paid) -> impl Iterator<Item = &'a Credit> + Clone {
        self.known.singles(&paid.iuv).iter().copied()
    }

    fn place(&self) -> Option<Place<'a>> {
        self.paid.map(place_of_paid).or(self.row.map(place_of_row))
    }

    /// Whether an option of the same debt that excludes this one has been paid.
    fn excluded_option_paid(&self) -> bool {
        let Some((iuv, _, None)) = self.place() else {
            return false;
        };
        let own = self.known.notice(iuv);
        own.is_some_and(|own| self.known.other_option_paid(own.option))
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
            for remark in &paid.remarks {
                set(*remark, true);
            }
        }
        if let Some((iuv, _, issuer)) = self.place() {
            let withdrawn = self.known.notice(iuv).is_some_and(|n| n.withdrawn);
            set(Flag::PaidAfterCancel, issuer.is_none() && withdrawn);
        }
        if let Some(row) = self.row {
            let stand_in = [Outcome::StandIn, Outcome::StandInNoReceipt].contains(&row.outcome);
            set(Flag::StandIn, stand_in);
            set(Flag::NoReceipt, row.outcome.without_receipt());
            set(Flag::UnknownOutcome, row.outcome == Outcome::Unknown);
            set(Flag::FlowRowDuplicate, self.known.has_twin(row));
            set(Flag::FlowHeaderMismatch, row.flow.header_mismatch);
            set(Flag::FlowWrongBody, row.flow.wrong_body);
            set(Flag::SplitTransfer, row.flow.is_split());
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
        let notice = iuv.and_then(|iuv| self.known.notice(iuv));
        found.notices.extend(notice.map(|n| n.number.clone()));
        found.receipts.extend(self.paid.map(Paid::key));
        found.flow_lines.extend(self.row.map(|row| row.key.clone()));
        if let Some(row) = self.row.filter(|row| self.known.has_twin(row)) {
            found.flow_lines.extend(self.known.twins(row));
        }
        if let Some(iuv) = iuv.filter(|_| code == Code::DoublePayment) {
            let (receipts, flow_lines) = self.known.doubles(iuv);
            found.receipts.extend(receipts);
            found.flow_lines.extend(flow_lines);
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
        if let Some(paid) = self.paid.filter(|_| self.is_single(code)) {
            let singles = self.singles(paid);
            found.compare("receipt_and_cash", paid.total, facts::sum(singles.clone()));
            found
                .credits
                .extend(singles.map(|credit| credit.key.clone()));
        }
        found
    }

    /// Whether cash of its own decided.
    fn is_single(&self, code: Code) -> bool {
        let alone = code == Code::SettledAmountDiff && self.row.is_none();
        code == Code::MatchedSettledSingle || alone
    }

    fn since(&self, code: Code, own: Day) -> Day {
        let flow = self
            .row
            .map(|row| row.flow)
            .filter(|_| code != Code::OutOfScope);
        let single = self.paid.filter(|_| self.is_single(code));
        let single = single.and_then(|paid| self.singles(paid).map(|c| c.booked_on).max());
        let cash = flow.and_then(|flow| flow.credits.iter().map(|c| c.booked_on).max());
        let reported = flow.map(|flow| flow.regulation_on);
        [Some(own), reported, cash, single]
            .into_iter()
            .flatten()
            .max()
            .unwrap_or(own)
    }
}
