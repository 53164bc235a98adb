//! The tables, with portable types only. One file per migration.

mod canteen;
mod creditors;
mod decisions;
mod fines;
mod jobs;
mod periods;
mod platform;
mod positions;
mod settlement;
mod worklist;

pub use canteen::*;
pub use creditors::*;
pub use decisions::*;
pub use fines::*;
pub use jobs::*;
pub use periods::*;
pub use platform::*;
pub use positions::*;
pub use settlement::*;
pub use worklist::*;

#[cfg(test)]
mod tests;
