//! The life of a notice: one table, one door.
//!
//! Intents may be refused; facts may not. A receipt or a flow line says that money has moved: there is no
//! state in which the engine may answer "no" to that. It records it, moves on, and raises an anomaly.

/// Where a notice stands. Stored on the notice only; options and positions are summaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Being prepared: the node does not know it.
    Draft,
    /// Published: can be paid.
    Open,
    /// The term after which it cannot be paid has passed.
    Expired,
    /// An appeal, or another dispute, stops it for a time.
    Suspended,
    /// Withdrawn by the creditor.
    Cancelled,
    /// Paid outside pagoPA, so says the creditor.
    Elsewhere,
    /// A receipt has arrived.
    Paid,
    /// A reporting flow has announced the money.
    Settled,
}

/// What may happen to a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// Intent: make it payable.
    Publish,
    /// Intent: withdraw it.
    Withdraw,
    /// Intent: write down that its term has passed.
    Lapse,
    /// Intent: make it payable again, or longer, with a later term.
    Extend,
    /// Intent: make payable again what was withdrawn.
    Restore,
    /// Intent: withdraw it because later notices carry its rest.
    Replace,
    /// Intent: the creditor was paid outside pagoPA.
    CloseElsewhere,
    /// Intent: make it not payable while an appeal is decided.
    Suspend,
    /// Intent: make it payable again after the appeal.
    Resume,
    /// Intent: replace its price, because what it depends on is known by now.
    Reprice,
    /// Fact: a receipt.
    Receipt,
    /// Fact: a line of a reporting flow.
    FlowLine,
}

/// What is odd about a fact. The fact is recorded all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Anomaly {
    /// Paid while still a draft.
    PaidBeforePublication,
    /// Paid after the last payable day.
    PaidAfterExpiry,
    /// Paid after the creditor withdrew it.
    PaidAfterWithdrawal,
    /// Paid while an appeal had stopped it: paying in reduced form gives the appeal up.
    PaidWhileSuspended,
    /// Paid more than once, or beside an option that excludes it: a refund is owed.
    PaidTwice,
    /// The receipt came after the flow.
    ReceiptAfterFlow,
    /// The flow came without a receipt.
    FlowWithoutReceipt,
    /// Two live flow lines for one notice.
    ReportedTwice,
}

impl Anomaly {
    /// Whether the whole payment was of something not owed, and goes back to who paid.
    #[must_use]
    pub fn owes_refund(self) -> bool {
        match self {
            Anomaly::PaidTwice | Anomaly::PaidAfterWithdrawal => true,
            Anomaly::PaidBeforePublication
            | Anomaly::PaidAfterExpiry
            | Anomaly::PaidWhileSuspended
            | Anomaly::ReceiptAfterFlow
            | Anomaly::FlowWithoutReceipt
            | Anomaly::ReportedTwice => false,
        }
    }
}

use Event::{
    CloseElsewhere, Extend, FlowLine, Lapse, Publish, Receipt, Replace, Reprice, Restore, Resume,
    Suspend, Withdraw,
};
use State::{Cancelled, Draft, Elsewhere, Expired, Open, Paid, Settled, Suspended};

/// Every allowed step. An intent that is not listed is refused; facts are listed for every state.
pub const TABLE: &[(State, Event, State, Option<Anomaly>)] = &[
    (Draft, Publish, Open, None),
    (Draft, Withdraw, Cancelled, None),
    (Open, Withdraw, Cancelled, None),
    (Open, Lapse, Expired, None),
    (Open, Extend, Open, None),
    (Open, Replace, Cancelled, None),
    (Open, CloseElsewhere, Elsewhere, None),
    (Expired, Extend, Open, None),
    (Expired, Withdraw, Cancelled, None),
    (Expired, Replace, Cancelled, None),
    (Expired, CloseElsewhere, Elsewhere, None),
    (Cancelled, Restore, Open, None),
    (Open, Suspend, Suspended, None),
    (Suspended, Resume, Open, None),
    (Suspended, Withdraw, Cancelled, None),
    (Suspended, CloseElsewhere, Elsewhere, None),
    (Draft, Reprice, Draft, None),
    (Open, Reprice, Open, None),
    (Suspended, Reprice, Suspended, None),
    (Expired, Reprice, Open, None),
    (Draft, Receipt, Paid, Some(Anomaly::PaidBeforePublication)),
    (Open, Receipt, Paid, None),
    (Expired, Receipt, Paid, Some(Anomaly::PaidAfterExpiry)),
    (Cancelled, Receipt, Paid, Some(Anomaly::PaidAfterWithdrawal)),
    (Suspended, Receipt, Paid, Some(Anomaly::PaidWhileSuspended)),
    (Elsewhere, Receipt, Paid, Some(Anomaly::PaidTwice)),
    (Paid, Receipt, Paid, Some(Anomaly::PaidTwice)),
    (Settled, Receipt, Settled, Some(Anomaly::ReceiptAfterFlow)),
    (Draft, FlowLine, Settled, Some(Anomaly::FlowWithoutReceipt)),
    (Open, FlowLine, Settled, Some(Anomaly::FlowWithoutReceipt)),
    (
        Suspended,
        FlowLine,
        Settled,
        Some(Anomaly::FlowWithoutReceipt),
    ),
    (
        Expired,
        FlowLine,
        Settled,
        Some(Anomaly::FlowWithoutReceipt),
    ),
    (
        Cancelled,
        FlowLine,
        Settled,
        Some(Anomaly::FlowWithoutReceipt),
    ),
    (
        Elsewhere,
        FlowLine,
        Settled,
        Some(Anomaly::FlowWithoutReceipt),
    ),
    (Paid, FlowLine, Settled, None),
    (Settled, FlowLine, Settled, Some(Anomaly::ReportedTwice)),
];

/// An intent that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{event:?} is not possible in state {state:?}")]
pub struct Refused {
    /// Where the notice stands.
    pub state: State,
    /// What was asked.
    pub event: Event,
}

/// A step taken from the table: the only thing a state change is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    from: State,
    event: Event,
    to: State,
    anomaly: Option<Anomaly>,
}

/// Looks a step up.
///
/// # Errors
/// [`Refused`] for intents the state does not allow; facts are never refused.
pub fn step(state: State, event: Event) -> Result<Move, Refused> {
    TABLE
        .iter()
        .find(|(from, on, _, _)| *from == state && *on == event)
        .map(|(from, event, to, anomaly)| Move {
            from: *from,
            event: *event,
            to: *to,
            anomaly: *anomaly,
        })
        .ok_or(Refused { state, event })
}

/// Looks the step of a fact up. Facts are listed for every state (a test holds it), so this cannot be
/// refused; were a row missing, the fact would be recorded without moving the notice.
#[must_use]
pub fn record(state: State, fact: Event) -> Move {
    let stay = Move {
        from: state,
        event: fact,
        to: state,
        anomaly: None,
    };
    step(state, fact).unwrap_or(stay)
}

impl Move {
    /// The state it starts from.
    #[must_use]
    pub fn from(&self) -> State {
        self.from
    }

    /// The state it leads to.
    #[must_use]
    pub fn to(&self) -> State {
        self.to
    }

    /// What happened.
    #[must_use]
    pub fn event(&self) -> Event {
        self.event
    }

    /// What is odd about it.
    #[must_use]
    pub fn anomaly(&self) -> Option<Anomaly> {
        self.anomaly
    }
}

/// The table as a Mermaid state diagram; `docs/states.md` is this output.
#[must_use]
pub fn mermaid() -> String {
    let mut out = String::from("stateDiagram-v2\n    [*] --> draft\n");
    for (from, event, to, anomaly) in TABLE {
        let note = anomaly.map_or(String::new(), |a| format!(" / {a}"));
        out.push_str(&format!("    {from} --> {to}: {event}{note}\n"));
    }
    out
}

names!(State, {
    Draft => "draft",
    Open => "open",
    Expired => "expired",
    Suspended => "suspended",
    Cancelled => "cancelled",
    Elsewhere => "elsewhere",
    Paid => "paid",
    Settled => "settled",
});

names!(Event, {
    Publish => "publish",
    Withdraw => "withdraw",
    Lapse => "lapse",
    Extend => "extend",
    Restore => "restore",
    Replace => "replace",
    CloseElsewhere => "close_elsewhere",
    Suspend => "suspend",
    Resume => "resume",
    Reprice => "reprice",
    Receipt => "receipt",
    FlowLine => "flow_line",
});

names!(Anomaly, {
    Anomaly::PaidBeforePublication => "paid_before_publication",
    Anomaly::PaidAfterExpiry => "paid_after_expiry",
    Anomaly::PaidAfterWithdrawal => "paid_after_withdrawal",
    Anomaly::PaidWhileSuspended => "paid_while_suspended",
    Anomaly::PaidTwice => "paid_twice",
    Anomaly::ReceiptAfterFlow => "receipt_after_flow",
    Anomaly::FlowWithoutReceipt => "flow_without_receipt",
    Anomaly::ReportedTwice => "reported_twice",
});

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    const FACTS: [Event; 2] = [Receipt, FlowLine];

    #[test]
    fn keys_are_unique() {
        let keys: HashSet<_> = TABLE
            .iter()
            .map(|(from, event, _, _)| (from, event))
            .collect();
        assert_eq!(keys.len(), TABLE.len());
    }

    #[test]
    fn facts_are_never_refused() {
        for state in State::ALL {
            for event in FACTS {
                assert!(step(*state, event).is_ok(), "{state} {event}");
            }
        }
    }

    #[test]
    fn no_intent_leaves_paid_or_settled() {
        for state in [Paid, Settled] {
            for event in Event::ALL.iter().filter(|e| !FACTS.contains(e)) {
                assert_eq!(
                    step(state, *event),
                    Err(Refused {
                        state,
                        event: *event
                    })
                );
            }
        }
    }

    #[test]
    fn every_state_is_reached_and_every_anomaly_is_used() {
        let reached: HashSet<_> = TABLE.iter().map(|(_, _, to, _)| *to).collect();
        for state in State::ALL.iter().filter(|s| **s != Draft) {
            assert!(reached.contains(state), "{state}");
        }
        let used: HashSet<_> = TABLE
            .iter()
            .filter_map(|(_, _, _, anomaly)| *anomaly)
            .collect();
        assert_eq!(used.len(), Anomaly::ALL.len());
    }

    #[test]
    fn the_picture_in_the_documents_is_this_table() {
        let picture = include_str!("../../docs/states.md");
        assert!(picture.contains(&mermaid()), "run `make states`");
    }

    proptest! {
        #[test]
        fn money_once_seen_never_goes_back(events in prop::collection::vec(0usize..Event::ALL.len(), 0..40)) {
            let (mut state, mut paid) = (Draft, false);
            for event in events.into_iter().map(|i| Event::ALL[i]) {
                match step(state, event) {
                    Ok(taken) => state = taken.to(),
                    Err(refused) => prop_assert!(!FACTS.contains(&refused.event)),
                }
                paid |= FACTS.contains(&event);
                prop_assert_eq!(paid, matches!(state, Paid | Settled));
            }
        }
    }
}
