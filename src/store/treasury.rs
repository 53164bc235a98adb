//! The treasurer's entries and the flows they name.

mod entries;
pub mod files;
mod matching;
mod naming;
pub mod orders;
pub mod provisionals;
pub mod refusals;
mod row;

use uuid::Uuid;

use crate::domain::calendar::{Day, Instant};
use crate::domain::reconciliation::Quality;
use crate::domain::treasury::{KnownFlow, Movement, Reference};

pub use entries::{
    by_key, by_keys, find, followers, free_between, get, get_all, insert_new, of_bank_reference,
    of_provisional, of_provisionals, page,
};
pub use matching::{Held, held_by, hold, set_explained, set_reference};
pub use naming::{flows_that_differ, hold_if_named, matched_to, naming, single_payments, singles};

/// A stored entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// UUID version 7.
    pub id: Uuid,
    /// As the treasurer wrote it.
    pub movement: Movement,
    /// What its text refers to.
    pub reference: Reference,
    /// The flow that explains it.
    pub matched: Option<Matched>,
    /// When it came.
    pub ingested_at: Instant,
    /// The decision that says what it pays, whatever its text names.
    pub held_by: Option<Uuid>,
    /// The payment that the decision says it is for.
    pub given: Option<String>,
    /// The payment that explains it, without a flow.
    pub paid: Option<String>,
}

impl Filed {
    /// The payment that it is for, as its text or an officer says.
    #[must_use]
    pub fn payment(&self) -> Option<&str> {
        match (&self.reference, self.held_by) {
            (_, Some(_)) => self.given.as_deref(),
            (Reference::Single(iuv), None) => Some(iuv),
            (Reference::Flow(_) | Reference::None, None) => None,
        }
    }

    /// What explains it.
    #[must_use]
    pub fn explained(&self) -> Option<Explained> {
        let flow = self.matched.clone().map(Explained::Flow);
        flow.or_else(|| self.paid.clone().map(Explained::Payment))
    }
}

/// What explains an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Explained {
    /// A flow.
    Flow(Matched),
    /// A payment without a flow, by its reference.
    Payment(String),
}

/// The flow that explains an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// Which flow.
    pub flow: KnownFlow,
    /// How much of its identifier the text held.
    pub quality: Quality,
}

/// Which entries a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this financial year.
    pub year: Option<i32>,
    /// Explained by a flow, or not.
    pub matched: Option<bool>,
    /// Booked on this day or later.
    pub booked_from: Option<Day>,
    /// Booked on this day or earlier.
    pub booked_to: Option<Day>,
}
