//! The anomalies of the year, one by one: those that the gateway brought about, and those that the engine
//! has found. The two lists are equal, or the demonstration fails.

use std::collections::{BTreeMap, BTreeSet};

use avviso::domain::calendar::Day;
use serde::Deserialize;

/// Something that the gateway did wrong on purpose.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Injected {
    DoublePayment {
        notice_number: String,
    },
    LostReceipt {
        notice_number: String,
        /// The day on which the receipt was sent after all.
        sent_on: Day,
        /// The day on which a flow told of the payment.
        reported_on: Option<Day>,
    },
    LatePayment {
        notice_number: String,
    },
    PaidAfterWithdrawal {
        notice_number: String,
    },
    LostAnswer,
    LateOutcome,
    FlowWrongSum {
        flow: String,
    },
    FlowRevised {
        flow: String,
    },
    CashSplit {
        flow: String,
        movements: Vec<String>,
    },
}

/// A word of the engine, and the notice, flow or movement that it is about.
type Finding = (String, String);

fn finding(word: &str, subject: &str) -> Finding {
    (word.to_owned(), subject.to_owned())
}

impl Injected {
    /// The gateway's word for it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Injected::DoublePayment { .. } => "double_payment",
            Injected::LostReceipt { .. } => "lost_receipt",
            Injected::LatePayment { .. } => "late_payment",
            Injected::PaidAfterWithdrawal { .. } => "paid_after_withdrawal",
            Injected::LostAnswer => "lost_answer",
            Injected::LateOutcome => "late_outcome",
            Injected::FlowWrongSum { .. } => "flow_wrong_sum",
            Injected::FlowRevised { .. } => "flow_revised",
            Injected::CashSplit { .. } => "cash_split",
        }
    }

    /// What the engine has to find because of it: all of this, and nothing else.
    fn expected(&self) -> Vec<Finding> {
        match self {
            Injected::DoublePayment { notice_number } => {
                vec![
                    finding("paid_twice", notice_number),
                    finding("double_payment", notice_number),
                ]
            }
            Injected::LostReceipt {
                notice_number,
                sent_on,
                reported_on,
            } => {
                // Flows are pulled in the evening. A receipt that came before its flow is nothing to note.
                let after = reported_on.is_some_and(|reported_on| reported_on < *sent_on);
                after
                    .then(|| finding("receipt_after_flow", notice_number))
                    .into_iter()
                    .collect()
            }
            Injected::LatePayment { notice_number } => vec![finding(LATE, notice_number)],
            Injected::PaidAfterWithdrawal { notice_number } => vec![
                finding("paid_after_withdrawal", notice_number),
                finding("paid_after_cancel", notice_number),
            ],
            // A repeated receipt and an outcome out of time leave no trace in the books, as it should be.
            Injected::LostAnswer | Injected::LateOutcome => Vec::new(),
            Injected::FlowWrongSum { flow } => {
                vec![finding(WRONG_SUM, flow), finding(REVISED, flow)]
            }
            Injected::FlowRevised { flow } => vec![finding(REVISED, flow)],
            Injected::CashSplit { flow, movements } => std::iter::once(flow)
                .chain(movements)
                .map(|subject| finding("split_transfer", subject))
                .collect(),
        }
    }
}

/// Paid after the day that is printed on the notice.
const LATE: &str = "paid_late";
/// A flow declares another sum or count than it has.
const WRONG_SUM: &str = "flow_header_mismatch";
/// A flow is there in an older revision as well.
const REVISED: &str = "flow_revised";
/// Flags that are about the notice; the others are about the flow or the movement.
const OF_NOTICE: [&str; 3] = ["paid_after_cancel", "stand_in", "no_rpt"];

/// A payment, as far as it is looked at.
#[derive(Debug, Deserialize)]
pub(crate) struct Payment {
    pub(crate) payment_id: String,
    pub(crate) notice_number: String,
    pub(crate) amount_cents: i64,
    paid_date: Day,
    pub(crate) anomalies: Vec<PaymentAnomaly>,
}

/// The engine's word for what is odd about a payment.
#[derive(Debug, Deserialize)]
pub(crate) struct PaymentAnomaly {
    pub(crate) code: String,
}

/// A revision of a flow.
#[derive(Debug, Deserialize)]
pub(crate) struct Flow {
    flow_code: String,
    state: String,
    declared_amount_cents: i64,
    pub(crate) computed_amount_cents: i64,
    declared_entries: u64,
    pub(crate) computed_entries: u64,
}

impl Flow {
    /// Whether no newer revision replaces it.
    pub(crate) fn is_live(&self) -> bool {
        self.state == "live"
    }
}

/// A line of money and where it has ended.
#[derive(Debug, Deserialize)]
pub(crate) struct Line {
    pub(crate) line_kind: String,
    line_key: String,
    pub(crate) code: Option<String>,
    pub(crate) group: String,
    rule: String,
    flags: Vec<String>,
    pub(crate) iuv: Option<String>,
    pub(crate) amount_cents: i64,
    explanation: Explanation,
}

#[derive(Debug, Default, Deserialize)]
struct Explanation {
    inputs: Inputs,
}

#[derive(Debug, Default, Deserialize)]
struct Inputs {
    flow_lines: Vec<String>,
}

impl Line {
    /// What a word about this line is about.
    fn subject(&self, word: &str) -> String {
        let notice = self.iuv.as_ref().map(|iuv| format!("3{iuv}"));
        let flow = match self.line_kind.as_str() {
            "flow_line" => flow_of(&self.line_key),
            _ => self
                .explanation
                .inputs
                .flow_lines
                .first()
                .and_then(|line| flow_of(line)),
        };
        let of_notice = OF_NOTICE.contains(&word) || self.code.as_deref() == Some(word);
        let subject = if of_notice {
            notice
        } else {
            flow.map(str::to_owned)
        };
        subject.unwrap_or_else(|| self.line_key.clone())
    }

    /// Whether an officer would have to look at it, or wonder why it is there.
    fn is_odd(&self) -> bool {
        match self.group.as_str() {
            "ok" => false,
            // The Province's share, and rows that a newer revision repeats.
            "neutral" => !matches!(self.rule.as_str(), "other_body" | "superseded_revision"),
            _ => true,
        }
    }
}

/// The flow in `psp/flow/revision/row`.
fn flow_of(line_key: &str) -> Option<&str> {
    line_key.split('/').nth(1)
}

/// The report of the lines that are not reconciled.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct OpenLines {
    columns: Vec<Column>,
    items: Vec<Cells>,
}

#[derive(Debug, Deserialize)]
struct Column {
    column: String,
}

#[derive(Debug, Deserialize)]
struct Cells {
    cells: Vec<Option<String>>,
}

impl OpenLines {
    /// Code and line of each row.
    fn rows(&self) -> BTreeSet<Finding> {
        let at = |name: &str| self.columns.iter().position(|column| column.column == name);
        let (code, line) = (at("code"), at("line"));
        let text = |row: &Cells, at: Option<usize>| {
            let cell = at
                .and_then(|at| row.cells.get(at))
                .and_then(Option::as_deref);
            cell.unwrap_or_default().to_ascii_lowercase()
        };
        self.items
            .iter()
            .map(|row| (text(row, code), text(row, line)))
            .collect()
    }
}

/// What the engine has found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    findings: BTreeSet<Finding>,
    /// Code and line of everything that is not reconciled.
    open: BTreeSet<Finding>,
}

impl Found {
    /// Both.
    pub(crate) fn and(mut self, other: Found) -> Found {
        self.findings.extend(other.findings);
        self.open.extend(other.open);
        self
    }

    /// What is odd about a payment, given the day printed on each notice.
    pub(crate) fn add_payment(&mut self, payment: &Payment, due: &BTreeMap<String, Day>) {
        let number = payment.notice_number.as_str();
        let words = payment
            .anomalies
            .iter()
            .map(|anomaly| anomaly.code.as_str());
        self.findings
            .extend(words.map(|word| finding(word, number)));
        if due.get(number).is_some_and(|due| payment.paid_date > *due) {
            self.findings.insert(finding(LATE, number));
        }
    }

    /// What is odd about a revision of a flow.
    pub(crate) fn add_flow(&mut self, flow: &Flow) {
        let declared = (flow.declared_amount_cents, flow.declared_entries);
        if declared != (flow.computed_amount_cents, flow.computed_entries) {
            self.findings.insert(finding(WRONG_SUM, &flow.flow_code));
        }
        if !flow.is_live() {
            self.findings.insert(finding(REVISED, &flow.flow_code));
        }
    }

    /// What is odd about a line of money.
    pub(crate) fn add_line(&mut self, line: &Line) {
        let words = line
            .flags
            .iter()
            .chain(line.code.iter().filter(|_| line.is_odd()));
        self.findings
            .extend(words.map(|word| (word.clone(), line.subject(word))));
        if let (Some(code), "pending" | "anomaly") = (&line.code, line.group.as_str()) {
            self.open
                .insert((code.clone(), line.line_key.to_ascii_lowercase()));
        }
    }

    /// Holds what was injected against what was found and what the engine's report says.
    pub(crate) fn compare(&self, injected: &[Injected], report: &OpenLines) -> Comparison {
        let here = |finding: &Finding| self.findings.contains(finding);
        let accounted = injected
            .iter()
            .filter(|one| one.expected().iter().all(here))
            .count();
        let expected: BTreeSet<Finding> = injected.iter().flat_map(Injected::expected).collect();
        let report = report.rows();
        let tell = |told: &'static str| {
            move |(word, subject): &Finding| format!("{told} {word} {subject}")
        };
        let missing = expected.difference(&self.findings).map(tell("not found:"));
        let causeless = self.findings.difference(&expected);
        let unreported = self.open.difference(&report);
        let only_reported = report.difference(&self.open);
        Comparison {
            injected: injected.len(),
            accounted,
            causeless: causeless.clone().count(),
            differences: missing
                .chain(causeless.map(tell("not injected:")))
                .chain(unreported.map(tell("not in the report:")))
                .chain(only_reported.map(tell("only in the report:")))
                .collect(),
        }
    }
}

/// What was injected, held against what was found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Comparison {
    pub(crate) injected: usize,
    /// Of which the books say what they have to.
    pub(crate) accounted: usize,
    /// Findings that nothing injected explains.
    pub(crate) causeless: usize,
    /// Every difference, the engine's report included.
    pub(crate) differences: Vec<String>,
}

#[cfg(test)]
mod tests;
