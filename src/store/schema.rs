//! The tables, with portable types only. One file per migration.

mod canteen;
mod creditors;
mod decisions;
mod fines;
mod jobs;
mod platform;
mod positions;
mod settlement;

pub use canteen::*;
pub use creditors::*;
pub use decisions::*;
pub use fines::*;
pub use jobs::*;
pub use platform::*;
pub use positions::*;
pub use settlement::*;

#[cfg(test)]
mod tests;
