//! The year as the engine tells it through its REST door, and as the gateway knows it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::anomalies::{Flow, Found, Line, Payment};
use super::engine::{Engine, Position};
use super::gateway::{TrueBeneficiary, Truth};

/// How many, and how much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Sum {
    pub(crate) count: u64,
    pub(crate) cents: i64,
}

impl Sum {
    fn add(&mut self, cents: i64) {
        self.count += 1;
        self.cents += cents;
    }
}

/// Every figure of the year.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Books {
    /// Positions, and what they asked for.
    pub(crate) positions: Sum,
    pub(crate) notices: u64,
    /// Notices paid, at what was paid for each once.
    pub(crate) paid: Sum,
    /// Notices that may still be paid; the amount is what the positions still owe.
    pub(crate) open: Sum,
    /// Notices withdrawn and not paid.
    pub(crate) withdrawn: u64,
    /// Notices that nobody needs any more: the debt was paid with others.
    pub(crate) superseded: u64,
    /// Receipts, those of second payments too.
    pub(crate) receipts: Sum,
    /// Notices whose money is on the account, at the share of the town.
    pub(crate) reconciled: Sum,
    /// Payments that are owed back.
    pub(crate) refunds: Sum,
    /// Observations on payments, by name.
    pub(crate) observations: BTreeMap<String, u64>,
    /// Lines of money by primary code.
    pub(crate) codes: BTreeMap<String, Sum>,
    /// Lines of money by kind.
    pub(crate) lines: BTreeMap<String, Sum>,
    /// Lines without a code.
    pub(crate) unexplained: u64,
    pub(crate) flows: Sum,
    pub(crate) flow_rows: u64,
    pub(crate) credits: Sum,
}

#[derive(Debug, Deserialize)]
struct Movement {
    effect_cents: i64,
    code: Option<String>,
}

/// Observations that mean that the money is owed back.
const REFUNDS: [&str; 2] = ["paid_twice", "paid_after_withdrawal"];

/// A receipt to show and notices still open to print.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples {
    pub(crate) open_notices: Vec<String>,
    /// Identifier of the payment with the largest notice number: the same in every run.
    pub(crate) payment: Option<(String, String)>,
}

/// Notices printed at the end.
const OPEN_NOTICES: usize = 3;

impl Books {
    /// Reads them all.
    ///
    /// # Errors
    /// When a list cannot be read.
    pub(crate) async fn read(engine: &Engine) -> anyhow::Result<(Books, Found, Samples)> {
        let (office, accounts) = (engine.portal.as_str(), engine.accounting.as_str());
        let (mut debts, mut money) = (Books::default(), Books::default());
        let (mut open, mut last) = (BTreeSet::new(), None::<(String, String)>);
        let (mut flows, mut rows) = (Sum::default(), 0_u64);
        let (mut credits, mut codeless) = (Sum::default(), 0_u64);
        let (mut lines, mut matched) = (Books::default(), BTreeSet::new());
        let (mut in_flows, mut in_lines) = (Found::default(), Found::default());
        let (mut due, mut paid) = (BTreeMap::new(), Vec::new());
        tokio::try_join!(
            engine.every("debt-positions", "", office, |position: Position| {
                due.extend(position.due_days());
                open.extend(debts.add_position(&position));
                while open.len() > OPEN_NOTICES {
                    open.pop_last();
                }
            }),
            engine.every("payments", "", accounts, |payment: Payment| {
                money.add_payment(&payment);
                let this = (payment.notice_number.clone(), payment.payment_id.clone());
                if payment.anomalies.is_empty() && last.as_ref().is_none_or(|last| *last < this) {
                    last = Some(this);
                }
                paid.push(payment);
            }),
            engine.every("settlement-flows", "", accounts, |flow: Flow| {
                in_flows.add_flow(&flow);
                if flow.is_live() {
                    flows.add(flow.computed_amount_cents);
                    rows += flow.computed_entries;
                }
            }),
            engine.every("treasury-entries", "", accounts, |movement: Movement| {
                credits.add(movement.effect_cents);
                codeless += u64::from(movement.code.is_none());
            }),
            engine.every("reconciliations", "", accounts, |line: Line| {
                in_lines.add_line(&line);
                lines.add_line(line, &mut matched);
            }),
        )?;
        let books = Books {
            receipts: money.receipts,
            reconciled: lines.reconciled,
            refunds: money.refunds,
            observations: money.observations,
            codes: lines.codes,
            lines: lines.lines,
            unexplained: lines.unexplained + codeless,
            flows,
            flow_rows: rows,
            credits,
            ..debts
        };
        let samples = Samples {
            open_notices: open.into_iter().collect(),
            payment: last,
        };
        let mut found = in_flows.and(in_lines);
        paid.iter()
            .for_each(|payment| found.add_payment(payment, &due));
        Ok((books, found, samples))
    }

    /// Counts a position; the answer is a notice of it that is still open, if any.
    fn add_position(&mut self, position: &Position) -> Option<String> {
        self.positions.add(position.total_amount_cents);
        let paid = |state: &str| matches!(state, "paid" | "settled" | "paid_elsewhere");
        let chosen = position
            .payment_options
            .iter()
            .position(|option| option.notices.iter().any(|notice| paid(&notice.state)));
        let mut first_open = None;
        let (mut owed, mut opened) = (0_i64, 0_u64);
        for (index, option) in position.payment_options.iter().enumerate() {
            for notice in &option.notices {
                self.notices += 1;
                if paid(&notice.state) {
                    self.paid.add(notice.amount_cents);
                } else if notice.state == "cancelled" {
                    self.withdrawn += 1;
                } else if chosen.is_some_and(|chosen| chosen != index) {
                    self.superseded += 1;
                } else {
                    opened += 1;
                    // Nothing paid yet: the ways to pay exclude each other, so the first one is owed.
                    if chosen == Some(index) || index == 0 {
                        owed += notice.amount_cents;
                    }
                    // A notice with a stamp is not printed: it is paid online only.
                    if notice
                        .transfers
                        .iter()
                        .all(|transfer| transfer.iban.is_some())
                    {
                        first_open.get_or_insert_with(|| notice.notice_number.clone());
                    }
                }
            }
        }
        self.open.count += opened;
        self.open.cents += owed;
        first_open
    }

    fn add_payment(&mut self, payment: &Payment) {
        self.receipts.add(payment.amount_cents);
        for anomaly in &payment.anomalies {
            *self.observations.entry(anomaly.code.clone()).or_default() += 1;
        }
        if payment
            .anomalies
            .iter()
            .any(|anomaly| REFUNDS.contains(&anomaly.code.as_str()))
        {
            self.refunds.add(payment.amount_cents);
        }
    }

    fn add_line(&mut self, line: Line, matched: &mut BTreeSet<String>) {
        if (line.line_kind.as_str(), line.group.as_str()) == ("receipt", "ok") {
            let first = line.iuv.is_some_and(|iuv| matched.insert(iuv));
            self.reconciled.count += u64::from(first);
            self.reconciled.cents += line.amount_cents;
        }
        self.lines
            .entry(line.line_kind)
            .or_default()
            .add(line.amount_cents);
        match line.code {
            Some(code) => self.codes.entry(code).or_default().add(line.amount_cents),
            None => self.unexplained += 1,
        }
    }

    /// Every difference between the engine's books and what really happened.
    pub(crate) fn differences(&self, truth: &Truth, creditor: &str, wanted: u64) -> Vec<String> {
        let settled = truth
            .flows
            .by_beneficiary
            .get(creditor)
            .cloned()
            .unwrap_or_default();
        let TrueBeneficiary {
            flows,
            rows,
            flow_cents,
            credits,
            credit_cents,
        } = settled;
        let sum = |count: u64, cents: i64| format!("{count} ({cents} cents)");
        let pairs = [
            (
                "notices paid",
                self.paid.count.to_string(),
                truth.notices_paid.to_string(),
            ),
            (
                "notices to be paid",
                truth.notices_paid.to_string(),
                wanted.to_string(),
            ),
            (
                "receipts",
                sum(self.receipts.count, self.receipts.cents),
                sum(truth.payments, truth.cents),
            ),
            (
                "receipts delivered",
                self.receipts.count.to_string(),
                truth.receipts_delivered.to_string(),
            ),
            (
                "flows",
                sum(self.flows.count, self.flows.cents),
                sum(flows, flow_cents),
            ),
            (
                "rows of flows",
                self.flow_rows.to_string(),
                rows.to_string(),
            ),
            (
                "credits",
                sum(self.credits.count, self.credits.cents),
                sum(credits, credit_cents),
            ),
            (
                "payments still planned",
                "0".to_owned(),
                truth.planned_left.to_string(),
            ),
            (
                "lines without a code",
                self.unexplained.to_string(),
                "0".to_owned(),
            ),
        ];
        let differ = pairs
            .into_iter()
            .filter(|(_, engine, gateway)| engine != gateway);
        let told =
            differ.map(|(what, engine, gateway)| format!("{what}: {engine}, expected {gateway}"));
        let refusals = truth.refused.iter().chain(&truth.receipts_refused);
        told.chain(refusals.map(|(code, count)| format!("refused with {code}: {count}")))
            .collect()
    }
}
