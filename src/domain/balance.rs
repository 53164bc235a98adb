//! What becomes known after a notice was printed: the notification, and payments that came short.

use crate::domain::calendar::Day;
use crate::domain::money::Cents;
use crate::domain::service::NoticeDraft;

/// The details of a charge with a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notified {
    /// None was known before.
    First(serde_json::Value),
    /// This one was known already.
    Same,
    /// Another one was known before.
    Other(serde_json::Value),
}

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
