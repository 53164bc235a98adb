//! What went wrong on purpose, one by one: the list that a creditor's own findings are held against.
//! Only what has happened is in it, as the journal tells it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::flows::{Flow, local_day};
use crate::plan::Kind;
use crate::state::{Day, Planned, State};
use crate::treasury;

/// One thing that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Anomaly {
    /// Two tokens of one notice were paid.
    DoublePayment { notice_number: String },
    /// The receipt was sent late. `reported_on`: the day on which the payment could be read in a flow, if
    /// that day has come.
    LostReceipt {
        notice_number: String,
        #[schema(value_type = String, format = Date)]
        sent_on: Day,
        #[schema(value_type = Option<String>, format = Date)]
        reported_on: Option<Day>,
    },
    /// Paid after the term, planned so or not.
    LatePayment { notice_number: String },
    /// Activated before the creditor withdrew the notice, paid after.
    PaidAfterWithdrawal { notice_number: String },
    /// The receipt was sent twice, because its answer was lost.
    LostAnswer { notice_number: String },
    /// The token expired before the outcome.
    LateOutcome { notice_number: String },
    /// The first revision declares another sum or count than it has.
    FlowWrongSum { flow: String },
    /// The first revision leaves a row out.
    FlowRevised { flow: String },
    /// The money came as two movements: year, account and number of each.
    CashSplit {
        flow: String,
        movements: Vec<String>,
    },
}

/// Everything that went wrong with the notices, flows and credits of `creditor`, in a fixed order.
pub(crate) fn of(state: &State, creditor: &str) -> Vec<Anomaly> {
    let own = |planned: &&Planned| planned.creditor == creditor;
    let planned = state.planned.iter().filter(own);
    let flows = state.flows.iter().filter(|flow| flow.org == creditor);
    let mut found: Vec<Anomaly> = planned
        .flat_map(|planned| of_payment(state, planned))
        .chain(flows.flat_map(of_flow))
        .collect();
    found.sort_unstable();
    found
}

fn of_payment(state: &State, planned: &Planned) -> Vec<Anomaly> {
    let notice_number = planned.what.notice_number.clone();
    let mut found = Vec::new();
    let paid = planned
        .tokens
        .iter()
        .filter_map(|index| state.payment(*index)?.paid);
    if paid.map(|paid| paid.day).max() > planned.what.term && planned.what.term.is_some() {
        found.push(Anomaly::LatePayment {
            notice_number: notice_number.clone(),
        });
    }
    if !state.happened(planned) {
        return found;
    }
    found.extend(match planned.what.kind {
        // What is late is seen from the day of payment.
        Kind::Plain | Kind::LatePayment => None,
        Kind::DoublePayment => Some(Anomaly::DoublePayment { notice_number }),
        Kind::LostReceipt => lost_receipt(state, planned),
        Kind::PaidAfterWithdrawal => Some(Anomaly::PaidAfterWithdrawal { notice_number }),
        Kind::LostAnswer => Some(Anomaly::LostAnswer { notice_number }),
        Kind::LateOutcome => Some(Anomaly::LateOutcome { notice_number }),
    });
    found
}

fn lost_receipt(state: &State, planned: &Planned) -> Option<Anomaly> {
    let token = *planned.tokens.first()?;
    let sent_on = state.payment(token)?.paid?.deliver_on?;
    let reported = state
        .flows
        .iter()
        .filter(|flow| flow.org == planned.creditor)
        .filter_map(|flow| first_shown(flow, token));
    Some(Anomaly::LostReceipt {
        notice_number: planned.what.notice_number.clone(),
        sent_on,
        reported_on: reported.min(),
    })
}

/// The day on which the first revision with this payment was published.
fn first_shown(flow: &Flow, payment: usize) -> Option<Day> {
    let place = flow.rows.iter().position(|(index, _)| *index == payment)?;
    let has_it = |left_out: usize| place < flow.rows.len().saturating_sub(left_out);
    flow.revisions
        .iter()
        .find(|revision| has_it(revision.left_out))
        .map(|revision| local_day(revision.published))
}

fn of_flow(flow: &Flow) -> Vec<Anomaly> {
    let name = || flow.fdr.clone();
    let first = flow.revisions.first();
    let mut found = Vec::new();
    match first.map(|first| first.left_out) {
        Some(1..) => found.push(Anomaly::FlowRevised { flow: name() }),
        Some(0) if first.is_some_and(|first| first.sum_cents != flow.cents) => {
            found.push(Anomaly::FlowWrongSum { flow: name() });
        }
        Some(0) | None => {}
    }
    let executed = |credit: &&treasury::Credit| credit.done == treasury::Done::Executed;
    if flow.credits.iter().filter(executed).count() > 1 {
        let movement = |credit| {
            let (year, account) = treasury::place(flow, credit);
            format!("{year}/{account}/{}", credit.number)
        };
        found.push(Anomaly::CashSplit {
            flow: name(),
            movements: flow.credits.iter().map(movement).collect(),
        });
    }
    found
}
