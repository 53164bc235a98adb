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
mod given;
#[cfg(test)]
mod rest;
#[cfg(test)]
mod soap;
#[cfg(test)]
mod xsd;

#[cfg(test)]
mod arch;
#[cfg(test)]
mod bad_requests;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod door;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod leaks;
#[cfg(test)]
mod numbers;
#[cfg(test)]
mod office;
#[cfg(test)]
mod payments;
#[cfg(test)]
mod prepared;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod schema;
