//! The tables, with portable types only. One file per migration.

mod accounting;
mod canteen;
mod creditors;
mod decisions;
mod fines;
mod jobs;
mod node_events;
mod periods;
mod platform;
mod platform_calls;
mod positions;
mod report_jobs;
mod settlement;
mod trail;
mod worklist;

pub use accounting::*;
pub use canteen::*;
pub use creditors::*;
pub use decisions::*;
pub use fines::*;
pub use jobs::*;
pub use node_events::*;
pub use periods::*;
pub use platform::*;
pub use platform_calls::*;
pub use positions::*;
pub use report_jobs::*;
pub use settlement::*;
pub use trail::*;
pub use worklist::*;

#[cfg(test)]
mod tests;
