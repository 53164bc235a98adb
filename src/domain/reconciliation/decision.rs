//! What officers decide about lines: two of them, when the creditor wants it so.

use uuid::Uuid;

use super::{Code, Finding, LineRef};
use crate::domain::calendar::Instant;
use crate::domain::money::Cents;
use crate::domain::text::Text;

/// How a creditor wants its lines reconciled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReconciliationTerms {
    /// Cash may differ from what it pays by this much and still agree.
    pub tolerance: Cents,
    /// What one officer decides holds when another one approves it.
    pub second_approver: bool,
}

/// What a decision is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A line is closed, whatever the rules find.
    Force {
        /// Its reconciliation.
        reconciliation_id: Uuid,
        /// Which line.
        line: LineRef,
    },
    /// These entries are the cash of these flows, all together.
    Match {
        /// Treasury entries.
        credits: Vec<Uuid>,
        /// Flows, each by one of its revisions.
        flows: Vec<Uuid>,
    },
    /// These entries are the cash of one payment, all together.
    MatchReceipt {
        /// Treasury entries.
        credits: Vec<Uuid>,
        /// Its receipt.
        receipt_id: String,
    },
    /// These entries are not the cash of the flow, or of the payment, that their text names.
    Unmatch {
        /// Treasury entries.
        credits: Vec<Uuid>,
    },
}

/// Which of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DecisionKind {
    /// A line is closed.
    Force,
    /// Cash is given to flows, or to a payment.
    Match,
    /// Cash is taken from what its text names.
    Unmatch,
}

names!(DecisionKind, {
    DecisionKind::Force => "force",
    DecisionKind::Match => "match",
    DecisionKind::Unmatch => "unmatch",
});

impl Subject {
    /// Which of the three.
    #[must_use]
    pub fn kind(&self) -> DecisionKind {
        match self {
            Subject::Force { .. } => DecisionKind::Force,
            Subject::Match { .. } | Subject::MatchReceipt { .. } => DecisionKind::Match,
            Subject::Unmatch { .. } => DecisionKind::Unmatch,
        }
    }
}

/// Why an officer decides; the note says the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DecisionReason {
    /// The bank's text names nothing.
    ReferenceMissing,
    /// The bank's text names something wrong, or holds only a part.
    ReferenceWrong,
    /// One transfer for several flows, or several for one.
    OtherGrouping,
    /// The money came, or was given back, on another way.
    SettledElsewhere,
    /// The payer has the money back.
    Refunded,
    /// A difference too small to pursue.
    Rounding,
    /// A fault of the bank, the provider or the node, which they have confirmed.
    ConfirmedFault,
    /// None of these.
    Other,
}

names!(DecisionReason, {
    DecisionReason::ReferenceMissing => "reference_missing",
    DecisionReason::ReferenceWrong => "reference_wrong",
    DecisionReason::OtherGrouping => "other_grouping",
    DecisionReason::SettledElsewhere => "settled_elsewhere",
    DecisionReason::Refunded => "refunded",
    DecisionReason::Rounding => "rounding",
    DecisionReason::ConfirmedFault => "confirmed_fault",
    DecisionReason::Other => "other",
});

/// Where a decision stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DecisionState {
    /// It waits for another officer.
    Proposed,
    /// It holds.
    InForce,
    /// Another officer refused it, or who proposed it took it back.
    Refused,
    /// It held, and holds no more: the rules decide again.
    Reopened,
}

names!(DecisionState, {
    DecisionState::Proposed => "proposed",
    DecisionState::InForce => "in_force",
    DecisionState::Refused => "refused",
    DecisionState::Reopened => "reopened",
});

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The client of the API.
    pub by: Uuid,
    /// When.
    pub at: Instant,
    /// What there is to say about it.
    pub note: Option<Text<1000>>,
}

/// A decision. Its marks are written once each, so that they are its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// UUID version 7.
    pub id: Uuid,
    /// What it is about.
    pub subject: Subject,
    /// Why.
    pub reason: DecisionReason,
    /// Where it stands.
    pub state: DecisionState,
    /// Who decided, with the note that every decision has.
    pub proposed: Mark,
    /// Who approved or refused it; nobody when no approval is asked for.
    pub decided: Option<Mark>,
    /// Who reopened it.
    pub reopened: Option<Mark>,
    /// Grows with every step.
    pub revision: i64,
}

/// What can be done about a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionStep {
    /// It shall hold.
    Approve,
    /// It shall not hold.
    Refuse,
    /// It shall hold no more.
    Reopen,
}

/// Why a step is not possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// Nobody approves what they proposed.
    #[error("who proposes a decision cannot approve it")]
    SamePerson,
    /// The decision is past this step.
    #[error("a decision that is {} cannot take this step", .0.as_str())]
    Past(DecisionState),
}

impl Decision {
    /// A decision of one officer: it holds at once, or waits for another.
    #[must_use]
    pub fn new(
        id: Uuid,
        subject: Subject,
        reason: DecisionReason,
        proposed: Mark,
        terms: ReconciliationTerms,
    ) -> Decision {
        let state = match terms.second_approver {
            true => DecisionState::Proposed,
            false => DecisionState::InForce,
        };
        Decision {
            id,
            subject,
            reason,
            state,
            proposed,
            decided: None,
            reopened: None,
            revision: 1,
        }
    }

    /// The decision after a step; `None` when it is there already.
    ///
    /// # Errors
    /// [`DecisionError`].
    pub fn step(&self, step: DecisionStep, mark: Mark) -> Result<Option<Decision>, DecisionError> {
        use DecisionState::{InForce, Proposed, Refused, Reopened};
        let to = match (step, self.state) {
            (DecisionStep::Approve, InForce)
            | (DecisionStep::Refuse, Refused)
            | (DecisionStep::Reopen, Reopened) => return Ok(None),
            (DecisionStep::Approve, Proposed) if mark.by == self.proposed.by => {
                return Err(DecisionError::SamePerson);
            }
            (DecisionStep::Approve, Proposed) => InForce,
            (DecisionStep::Refuse, Proposed) => Refused,
            (DecisionStep::Reopen, InForce) => Reopened,
            (
                DecisionStep::Approve | DecisionStep::Refuse | DecisionStep::Reopen,
                Proposed | InForce | Refused | Reopened,
            ) => return Err(DecisionError::Past(self.state)),
        };
        let mut next = Decision {
            state: to,
            revision: self.revision.saturating_add(1),
            ..self.clone()
        };
        match step {
            DecisionStep::Approve | DecisionStep::Refuse => next.decided = Some(mark),
            DecisionStep::Reopen => next.reopened = Some(mark),
        }
        Ok(Some(next))
    }
}

/// What closes a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forcing {
    /// The decision.
    pub decision: Uuid,
    /// Its reason.
    pub reason: DecisionReason,
}

/// What a closed line would be without the decision that closes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forced {
    /// What closes it.
    pub by: Forcing,
    /// What the rules find.
    pub instead_of: Code,
}

impl Finding {
    /// The first rule: an officer has closed the line. What the rules find stays in its explanation.
    #[must_use]
    pub fn forced(mut self, by: Forcing) -> Finding {
        self.explanation.forced = Some(Forced {
            by,
            instead_of: self.code,
        });
        self.code = Code::Forced;
        self.rule = "closed_by_officer";
        self
    }
}

/// What made a line's code another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// A receipt came.
    Receipt,
    /// A flow came, or a revision of one.
    Flow,
    /// Entries of the treasurer came.
    Cash,
    /// An officer decided.
    Decision,
    /// The creditor's terms of reconciliation are others.
    Terms,
    /// Days have passed, and what was waited for has not come.
    Age,
}

names!(Cause, {
    Cause::Receipt => "receipt",
    Cause::Flow => "flow",
    Cause::Cash => "cash",
    Cause::Decision => "decision",
    Cause::Terms => "terms",
    Cause::Age => "age",
});

/// What a change of codes comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// What happened.
    pub cause: Cause,
    /// The decision, when it was one.
    pub decision: Option<Uuid>,
    /// The client of the API who did it; facts have none.
    pub actor: Option<Uuid>,
}

impl From<Cause> for Origin {
    fn from(cause: Cause) -> Origin {
        Origin {
            cause,
            decision: None,
            actor: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(by: u128) -> Mark {
        Mark {
            by: Uuid::from_u128(by),
            at: "2026-03-04T10:00:00Z".parse().unwrap(),
            note: None,
        }
    }

    fn decision(second_approver: bool) -> Decision {
        let terms = ReconciliationTerms {
            second_approver,
            ..ReconciliationTerms::default()
        };
        let subject = Subject::Unmatch {
            credits: vec![Uuid::nil()],
        };
        Decision::new(Uuid::nil(), subject, DecisionReason::Other, mark(1), terms)
    }

    #[test]
    fn one_officer_decides_unless_the_creditor_wants_two() {
        assert_eq!(decision(false).state, DecisionState::InForce);
        let proposed = decision(true);
        assert_eq!(proposed.state, DecisionState::Proposed);
        let own = proposed.step(DecisionStep::Approve, mark(1));
        assert_eq!(own, Err(DecisionError::SamePerson));
        let held = proposed
            .step(DecisionStep::Approve, mark(2))
            .unwrap()
            .unwrap();
        assert_eq!((held.state, held.revision), (DecisionState::InForce, 2));
        assert_eq!(held.decided, Some(mark(2)));
        let back = proposed
            .step(DecisionStep::Refuse, mark(1))
            .unwrap()
            .unwrap();
        assert_eq!(back.state, DecisionState::Refused);
    }

    #[test]
    fn every_step_from_every_state_ends_somewhere_or_is_refused() {
        use DecisionState::*;
        let held = decision(false);
        let waiting = decision(true);
        let refused = waiting
            .step(DecisionStep::Refuse, mark(2))
            .unwrap()
            .unwrap();
        let reopened = held.step(DecisionStep::Reopen, mark(2)).unwrap().unwrap();
        let ends = |from: &Decision| {
            [
                DecisionStep::Approve,
                DecisionStep::Refuse,
                DecisionStep::Reopen,
            ]
            .map(|step| from.step(step, mark(3)).map(|to| to.map(|to| to.state)))
        };
        let past = |state| Err(DecisionError::Past(state));
        assert_eq!(
            ends(&waiting),
            [Ok(Some(InForce)), Ok(Some(Refused)), past(Proposed)]
        );
        assert_eq!(ends(&held), [Ok(None), past(InForce), Ok(Some(Reopened))]);
        assert_eq!(ends(&refused), [past(Refused), Ok(None), past(Refused)]);
        assert_eq!(ends(&reopened), [past(Reopened), past(Reopened), Ok(None)]);
        assert_eq!(reopened.proposed, held.proposed);
    }
}
