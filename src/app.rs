//! Use cases: load, decide, apply, in one transaction. Synchronous functions that take the transaction
//! (or a connection) and the instant; the edges hand them to the executor and await the answer.

pub mod creditors;
pub mod notices;
pub mod numbers;
pub mod payments;
pub mod positions;
