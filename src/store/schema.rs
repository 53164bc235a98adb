//! The tables, with portable types only. One file per migration.

mod positions;

pub use positions::*;
