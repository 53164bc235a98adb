//! The rules of the debt. Only `std`, chrono and thiserror live here: no I/O, no clock, no chance.
#![deny(clippy::arithmetic_side_effects)]

pub mod calendar;
pub mod findings;
pub mod fiscal_code;
pub mod iban;
pub mod money;
pub mod notice_number;
pub mod taxonomy;
pub mod text;

pub mod document;
pub mod payload;

pub mod service;
