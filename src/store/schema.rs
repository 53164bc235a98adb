//! The tables, with portable types only. One file per migration.

mod creditors;
pub use creditors::*;

mod jobs;
pub use jobs::*;
