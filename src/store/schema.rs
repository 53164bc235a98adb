//! The tables, with portable types only. One file per migration.

mod creditors;
mod jobs;
mod positions;

pub use creditors::*;
pub use jobs::*;
pub use positions::*;

#[cfg(test)]
mod tests;
