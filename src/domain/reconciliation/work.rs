//! The worklist: who works on an open line, and how far they are.

use crate::domain::text::Text;

/// How far somebody is with an open line. It leaves the list by itself when the rules or a decision explain it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkState {
    /// Nobody has begun.
    New,
    /// Somebody looks into it.
    InProgress,
    /// The bank, the provider or another office has been asked.
    Waiting,
}

names!(WorkState, {
    WorkState::New => "new",
    WorkState::InProgress => "in_progress",
    WorkState::Waiting => "waiting",
});

/// Who works on a line, and how far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// A person or an office, as the creditor calls them.
    pub assignee: Option<Text<70>>,
    /// How far.
    pub state: WorkState,
    /// Grows with every change; 0 before the first.
    pub revision: i64,
}

impl Work {
    /// What nobody has begun.
    pub const NONE: Work = Work {
        assignee: None,
        state: WorkState::New,
        revision: 0,
    };
}
