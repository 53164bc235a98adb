//! Integration tests: one feature each, through the doors of the engine, on both databases.
//!
//! `TestApp` (`app.rs`) is the engine with a clock that stands still and ids that count. `both_databases!`
//! makes a SQLite and a PostgreSQL test of one story. After each story the books are audited.

#[cfg(test)]
#[macro_use]
mod app;
#[cfg(test)]
mod database;
#[cfg(test)]
mod demands;
#[cfg(test)]
mod given;
#[cfg(test)]
mod rest;
#[cfg(test)]
mod slips;
#[cfg(test)]
mod soap;
#[cfg(test)]
mod xsd;

#[cfg(test)]
mod accounting;
#[cfg(test)]
mod adding;
#[cfg(test)]
mod alternatives;
#[cfg(test)]
mod arch;
#[cfg(test)]
mod bad_requests;
#[cfg(test)]
mod bank_files;
#[cfg(test)]
mod canteen;
#[cfg(test)]
mod clearing;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod door;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fines;
#[cfg(test)]
mod forgetting;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod lapses;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod leaks;
#[cfg(test)]
mod locks;
#[cfg(test)]
mod node_events;
#[cfg(test)]
mod numbers;
#[cfg(test)]
mod office;
#[cfg(test)]
mod opi;
#[cfg(test)]
mod outbound;
#[cfg(test)]
mod payment_options;
#[cfg(test)]
mod payments;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod prepared;
#[cfg(test)]
mod preview;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod receivables;
#[cfg(test)]
mod reconciliation;
#[cfg(test)]
mod report_jobs;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod revisions;
#[cfg(test)]
mod room;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod scripts;
#[cfg(test)]
mod search;
#[cfg(test)]
mod stamps;
#[cfg(test)]
mod tari;
#[cfg(test)]
mod trail;
#[cfg(test)]
mod traps;
#[cfg(test)]
mod treasury;
