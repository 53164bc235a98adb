//! The bytes of the protocols: bytes in, structs out, and back. A leaf: nothing else of the crate
//! is used here, so that a schema can change without touching a rule of the debt.
//!
//! Three promises hold for every module below:
//!
//! * **fidelity**: what is written follows the schema by construction (order, lengths, no empty
//!   optional elements); what is read is checked against the facets of the schema, and an error
//!   says which element broke which rule, where;
//! * **bounds**: sizes, depth and counts are limited by constants, because strangers write here;
//! * **no panic and no opinion**: texts stay texts, amounts stay the text of the wire or become
//!   integer cents, never floats. Errors name elements and rules, never values: a value may be
//!   personal data.

pub mod amount;
pub mod text;
pub mod time;

pub mod strict_json;

pub mod soap;

pub mod pa_for_node;

pub mod aca;
pub mod biz_events;
pub mod fdr_rest;
pub mod fdr_soap;
pub mod payment_options;

pub mod giornale;
