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
//!
//! The fuzz targets (`tests/fuzz`) build the leaves alone.

#[macro_use]
pub mod domain;

pub mod wire;

#[cfg(not(fuzzing))]
pub mod store;

#[cfg(not(fuzzing))]
pub mod config;
#[cfg(not(fuzzing))]
pub mod ctx;

#[cfg(not(fuzzing))]
pub mod render;

#[cfg(not(fuzzing))]
pub mod app;

#[cfg(not(fuzzing))]
pub mod api;
#[cfg(not(fuzzing))]
pub mod jobs;
#[cfg(not(fuzzing))]
pub mod node;

#[cfg(not(fuzzing))]
pub mod boot;
