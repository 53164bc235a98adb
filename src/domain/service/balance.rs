//! A payment held against what was due on its day, once that is known.

use crate::domain::calendar::Day;
use crate::domain::money::Cents;
use crate::domain::service::NoticeDraft;

/// What has been paid towards a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payment {
    /// Sum of what was paid.
    pub amount: Cents,
    /// Legal day of the last payment.
    pub on: Day,
}

/// How a payment stands against what was due on its day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Balance {
    /// Nothing is missing.
    Even,
    /// Something is missing: the notice that asks for it.
    Short(Box<NoticeDraft>),
    /// More was paid than was due.
    Over(Cents),
}
