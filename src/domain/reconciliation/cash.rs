//! Rules 4 to 8, 13 and 14 seen from the treasury: what a cash entry is, given what its text led to.

use std::collections::BTreeSet;

use super::{
    Cash, Code, Credit, CreditTarget, Explanation, Finding, Flag, Flow, LATE_AFTER_DAYS, LineKind,
    LineRef, Verdict, facts, verdict,
};
use crate::domain::calendar::Day;

/// Decides a treasury line on a day, given what its text led to.
#[must_use]
pub fn classify_credit(credit: &Credit, target: &CreditTarget<'_>, today: Day) -> Finding {
    let mut flags = BTreeSet::new();
    let mut found = Explanation::default();
    found.credits.insert(credit.key.clone());
    let verdict = match target {
        CreditTarget::OutOfScope => verdict(Code::OutOfScope, "not_a_pending_credit"),
        CreditTarget::Flow(flow) => {
            found.cash_of(flow);
            flags.extend(flow_flags(credit, flow));
            of_flow(flow, today)
        }
        CreditTarget::Single {
            receipts,
            total,
            cash,
            tolerance,
        } => {
            found.receipts.extend(receipts.iter().cloned());
            found.compare("receipt_and_cash", *total, *cash);
            if facts::taken_back(*cash, *total) {
                verdict(Code::OutOfScope, "taken_back")
            } else if facts::near(*cash, *total, *tolerance) {
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
        day: credit.booked_on,
        iuv: credit.iuv.clone(),
    }
}

/// Entries that take each other back leave a flow without cash, and are nobody's to reconcile.
fn of_flow(flow: &Flow, today: Day) -> Verdict {
    match flow.compare(today) {
        Cash::Equal => verdict(Code::MatchedSettled, "cash_is_flow"),
        Cash::Less => verdict(Code::SettledPartial, "cash_below_flow"),
        Cash::Short => verdict(Code::SettledAmountDiff, "rest_did_not_come"),
        Cash::More => verdict(Code::SettledAmountDiff, "cash_above_flow"),
        Cash::None if flow.credits.is_empty() => verdict(Code::CashUnknownReference, "no_flow"),
        Cash::None => verdict(Code::OutOfScope, "taken_back"),
    }
}

/// What is odd about a flow and the cash that names it.
fn flow_flags(credit: &Credit, flow: &Flow) -> impl Iterator<Item = Flag> {
    let days = credit
        .booked_on
        .signed_duration_since(flow.regulation_on)
        .num_days();
    let holds = [
        (Flag::SplitTransfer, flow.is_split()),
        (Flag::MultiFlowTransfer, flow.shares_cash()),
        (Flag::FlowHeaderMismatch, flow.header_mismatch),
        (Flag::FlowWrongBody, flow.wrong_body),
        (Flag::Late, days > LATE_AFTER_DAYS),
    ];
    let holds = holds.into_iter().filter(|(_, holds)| *holds);
    holds.map(|(flag, _)| flag)
}
