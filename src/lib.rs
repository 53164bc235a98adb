//! `avviso`: from a municipal charge to a reconciled cent.
//!
//! Modules in reading order. Arrows point down only; `tests/it/arch.rs` reads the source and holds the rule:
//!
//! * `domain` and `wire` are leaves: the rules of the debt, and the bytes of the protocols.
//! * `store` is all SQL, `ctx` carries what a use case may ask for (database, clock, ids, configuration).
//! * `render` turns domain values into files.
//! * `app` is one function per use case: load, decide, apply, in one transaction.
//! * `api` (JSON), `node` (SOAP) and `jobs` (timers) translate and never decide.
//! * `boot` wires everything once.

#[macro_use]
pub mod domain;

pub mod wire;

pub mod store;

pub mod config;
pub mod ctx;

pub mod render;

pub mod app;

pub mod api;
pub mod jobs;
pub mod node;

pub mod boot;
