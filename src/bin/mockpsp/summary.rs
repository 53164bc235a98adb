//! The ground truth: what really happened, to be compared with the engine's own reports.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::plan::Kind;
use crate::state::{State, Status, add_one};

/// Figures of everything so far.
pub(crate) fn summary(state: &State) -> Value {
    let mut paid = 0_u64;
    let (mut produced, mut delivered) = (0_u64, 0_u64);
    let mut notices = BTreeSet::new();
    let mut twice = BTreeSet::new();
    let mut by_creditor: BTreeMap<&str, Sum> = BTreeMap::new();
    let mut by_beneficiary: BTreeMap<&str, Sum> = BTreeMap::new();
    for payment in state
        .payments
        .iter()
        .filter(|payment| payment.status == Status::Paid)
    {
        let activation = &payment.activation;
        paid = paid.saturating_add(1);
        let receipt = payment.paid.is_some_and(|paid| paid.reported.has_receipt());
        produced = produced.saturating_add(u64::from(receipt));
        delivered = delivered.saturating_add(u64::from(payment.delivered));
        let key = (&activation.creditor, &activation.notice_number);
        if !notices.insert(key) {
            twice.insert(key);
        }
        by_creditor
            .entry(&activation.creditor)
            .or_default()
            .add(activation.cents);
        for transfer in &activation.transfers {
            by_beneficiary
                .entry(&transfer.org)
                .or_default()
                .add(transfer.cents);
        }
    }
    json!({
        "payments": paid,
        "notices_paid": notices.len(),
        "notices_paid_twice": twice.len(),
        "receipts_produced": produced,
        "receipts_delivered": delivered,
        "cents": by_creditor.values().map(|sum| sum.cents).sum::<u64>(),
        "by_creditor": sums(&by_creditor),
        "by_beneficiary": sums(&by_beneficiary),
        "flows": flow_figures(state),
        "mischief": mischief(state),
        "refused": merged(state, |tally| &tally.refused),
        "receipts_refused": merged(state, |tally| &tally.receipts_refused),
        "days_run": state.days.len(),
        "first_day": state.days.first_key_value().map(|(day, _)| day),
        "last_day": state.last_closed(),
        "planned": state.planned.len(),
        "planned_left": state.planned.iter().filter(|planned| state.unfinished(planned)).count(),
    })
}

#[derive(Default)]
struct Sum {
    count: u64,
    cents: u64,
}

impl Sum {
    fn add(&mut self, cents: u64) {
        self.count = self.count.saturating_add(1);
        self.cents = self.cents.saturating_add(cents);
    }
}

fn sums(sums: &BTreeMap<&str, Sum>) -> Value {
    let shown = sums.iter().map(|(name, sum)| {
        (
            (*name).to_owned(),
            json!({"count": sum.count, "cents": sum.cents}),
        )
    });
    Value::Object(shown.collect())
}

fn flow_figures(state: &State) -> Value {
    let mut by_beneficiary: BTreeMap<&str, (Sum, Sum, usize)> = BTreeMap::new();
    let (mut revised, mut wrong, mut incomplete, mut split) = (0_u64, 0_u64, 0_u64, 0_u64);
    for flow in &state.flows {
        let (flows, credits, rows) = by_beneficiary.entry(&flow.org).or_default();
        flows.add(flow.cents);
        flow.credits
            .iter()
            .for_each(|credit| credits.add(credit.cents));
        *rows = rows.saturating_add(flow.rows.len());
        revised = revised.saturating_add(u64::from(flow.revisions.len() > 1));
        if let Some(first) = flow.revisions.first() {
            incomplete = incomplete.saturating_add(u64::from(first.left_out > 0));
            wrong = wrong.saturating_add(u64::from(
                first.left_out == 0 && first.sum_cents != flow.cents,
            ));
        }
        split = split.saturating_add(u64::from(flow.credits.len() > 1));
    }
    let shown = by_beneficiary.iter().map(|(name, (flows, credits, rows))| {
        let figures = json!({
            "flows": flows.count,
            "rows": rows,
            "flow_cents": flows.cents,
            "credits": credits.count,
            "credit_cents": credits.cents,
        });
        ((*name).to_owned(), figures)
    });
    json!({
        "flows": state.flows.len(),
        "revised": revised,
        "flow_wrong_sum": wrong,
        "flow_revised": incomplete,
        "cash_split": split,
        "credits": state.flows.iter().map(|flow| flow.credits.len()).sum::<usize>(),
        "by_beneficiary": Value::Object(shown.collect()),
    })
}

/// By kind: how many were planned, and how many have happened.
fn mischief(state: &State) -> Value {
    let mut counts: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for planned in state
        .planned
        .iter()
        .filter(|planned| planned.what.kind != Kind::Plain)
    {
        let (asked, done) = counts.entry(planned.what.kind.name()).or_default();
        *asked = asked.saturating_add(1);
        *done = done.saturating_add(u64::from(state.happened(planned)));
    }
    let shown = counts
        .into_iter()
        .map(|(kind, (asked, done))| (kind.to_owned(), json!({"planned": asked, "done": done})));
    Value::Object(shown.collect())
}

fn merged(
    state: &State,
    of: impl Fn(&crate::state::Tally) -> &BTreeMap<String, u64>,
) -> BTreeMap<String, u64> {
    let mut all = BTreeMap::new();
    for (code, count) in state.tallies.values().flat_map(of) {
        for _ in 0..*count {
            add_one(&mut all, code.clone());
        }
    }
    all
}
