//! The use cases: one public function each, and one file for each resource.
//!
//! A use case has one shape. It takes the transaction, the instant and checked values; it *loads* what it
//! needs from the store, lets the domain *decide*, and *applies* the decision. The transaction is opened by
//! the edge, `ctx.write(move |tx, now| app::positions::publish(tx, now, …)).await`, so the closure may run
//! again: nothing here talks to anybody but the database. Each file has one `Error`; it is translated once,
//! to problems by `api` and to the node's faults by `node`.

pub mod accounting;
pub mod archive;
pub mod audit;
pub mod canteen;
pub mod clearing;
pub mod clients;
pub mod collection_orders;
pub mod creditors;
pub mod decisions;
pub mod demands;
pub mod health;
pub mod idempotency;
pub mod jobs;
pub mod node_events;
pub mod notices;
pub mod numbers;
pub mod payments;
pub mod periods;
pub mod positions;
pub mod receipt_searches;
pub mod reconciliation;
mod refunds;
pub mod report_jobs;
pub mod reports;
pub mod repricing;
pub mod search;
pub mod settlement;
pub mod trail;
pub mod treasury;
pub mod worklist;

/// What the database may answer to any use case; the edges translate it without knowing the store.
pub use crate::store::Error as StoreError;

/// Says of an error whether the same transaction may be run again.
pub use crate::store::db::Retry;

/// A connection and a write transaction, as the edges hand them on to a use case.
pub use crate::store::{Conn, Tx};
