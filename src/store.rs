//! All SQL. Free functions; reads take [`Conn`], writes take [`Tx`]; rows are private to their file.
//!
//! Every primary key and index begins with the creditor; no sequences, no triggers, no foreign key across
//! creditors, so that the same tables can be distributed by creditor.

#[macro_use]
pub mod conn;
pub mod crash;
pub mod db;
mod joint_debtors;
pub mod lapses;
pub mod ledger;
pub mod node_events;
pub mod notices;
pub mod positions;
pub mod prepared;
pub mod prices;
pub mod receipt_searches;
pub mod receipts;
pub mod room;
pub mod schema;
pub mod types;

pub mod accounting;
pub mod archive;
pub mod audit;
pub mod bonds;
pub mod canteen;
pub mod clients;
pub mod creditors;
pub mod decisions;
pub mod idempotency;
pub mod jobs;
pub mod periods;

#[macro_use]
pub mod refusals;

pub mod reconciliation;
pub mod report_jobs;
pub mod reports;
pub mod search;
pub mod settlement;
pub mod trail;
pub mod treasury;
pub mod worklist;

pub use conn::{Conn, Tx};
pub use db::Db;

/// What can end a question or a write.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database is busy; the same call may succeed a moment later.
    #[error("the database is busy")]
    Busy,
    /// The database cannot be reached.
    #[error("the database cannot be reached: {0}")]
    Down(String),
    /// A stored row breaks a rule that every writer keeps.
    #[error("row {id} of {table} is corrupt: {why}")]
    Corrupt {
        /// Table of the row.
        table: &'static str,
        /// Key of the row.
        id: String,
        /// The broken rule.
        why: String,
    },
    /// There is no room for what is to be written; nothing of it was.
    #[error("the storage of the database is full: {0}")]
    Full(String),
    /// The database takes no writes.
    #[error("the database takes no writes: {0}")]
    ReadOnly(String),
    /// A row changed between reading and writing; the caller may run again on the new state.
    #[error("{table} {id} changed meanwhile")]
    Changed {
        /// Table of the row.
        table: &'static str,
        /// Key of the row.
        id: String,
    },
    /// A statement that should not fail did.
    #[error("statement failed: {0}")]
    Bug(diesel::result::Error),
}

impl Error {
    /// A corrupt row, with the rule it breaks.
    pub fn corrupt(
        table: &'static str,
        id: impl std::fmt::Display,
        why: impl std::fmt::Display,
    ) -> Error {
        Error::Corrupt {
            table,
            id: id.to_string(),
            why: why.to_string(),
        }
    }

    /// Whether running the same transaction again may succeed.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Error::Busy | Error::Changed { .. } => true,
            Error::Down(_)
            | Error::Full(_)
            | Error::ReadOnly(_)
            | Error::Corrupt { .. }
            | Error::Bug(_) => false,
        }
    }

    /// What a closure is told whose work was right and was not kept, because the commit that others share with
    /// it failed like this.
    fn of_commit(&self) -> Error {
        match self {
            Error::Full(why) => Error::Full(why.clone()),
            Error::ReadOnly(why) => Error::ReadOnly(why.clone()),
            Error::Busy
            | Error::Down(_)
            | Error::Corrupt { .. }
            | Error::Changed { .. }
            | Error::Bug(_) => Error::Busy,
        }
    }
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Error {
        use diesel::result::{DatabaseErrorKind as Kind, Error as Diesel};
        // The database had taken the transaction back itself: why it was not kept is what counts, and who finds
        // it gone before its end may try again.
        if let Diesel::RollbackErrorOnCommit { commit_error, .. } = error {
            return Error::from(*commit_error);
        }
        if matches!(error, Diesel::BrokenTransactionManager) {
            return Error::Busy;
        }
        if let Diesel::DatabaseError(kind, why) = &error {
            let message = why.message();
            // The texts are those of SQLITE_BUSY and of PostgreSQL's 40P01 and 55P03.
            let conflict = matches!(kind, Kind::SerializationFailure)
                || message.contains("database is locked")
                || message.contains("deadlock detected")
                || message.contains("due to lock timeout");
            if conflict {
                return Error::Busy;
            }
            if matches!(kind, Kind::ClosedConnection) {
                return Error::Down(message.into());
            }
            // SQLITE_FULL and SQLITE_READONLY; 53100 and 25006 of PostgreSQL.
            let full = message.contains("database or disk is full")
                || message.contains("No space left on device");
            if full {
                return room::refused(Error::Full(message.into()));
            }
            let read_only = matches!(kind, Kind::ReadOnlyTransaction)
                || message.contains("attempt to write a readonly database")
                || message.contains("in a read-only transaction");
            if read_only {
                return room::refused(Error::ReadOnly(message.into()));
            }
        }
        Error::Bug(error)
    }
}

/// Whether an insert made the row or found it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    /// The row is new.
    New,
    /// A row with this key was there already.
    Already,
}

impl Inserted {
    /// From the number of rows an `ON CONFLICT DO NOTHING` insert made.
    #[must_use]
    pub fn from_count(count: usize) -> Inserted {
        if count == 0 {
            Inserted::Already
        } else {
            Inserted::New
        }
    }

    /// Whether the row was there before.
    #[must_use]
    pub fn already(self) -> bool {
        self == Inserted::Already
    }
}
