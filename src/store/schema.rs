//! The tables, with portable types only. One file per migration.

mod accounting;
mod canteen;
mod creditors;
mod decisions;
mod fines;
mod jobs;
mod node_events;
mod platform;
mod platform_calls;
mod positions;
mod report_jobs;
mod settlement;

pub use accounting::*;
pub use canteen::*;
pub use creditors::*;
pub use decisions::*;
pub use fines::*;
pub use jobs::*;
pub use node_events::*;
pub use platform::*;
pub use platform_calls::*;
pub use positions::*;
pub use report_jobs::*;
pub use settlement::*;

#[cfg(test)]
mod tests;
