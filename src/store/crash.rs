//! Points at which a process can be told to die, so that a test sees that nothing is lost there. The
//! configuration refuses to tell a production process.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// A step of a use case, inside its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    /// A position is inserted, with the answer to its request.
    PositionRegistered,
    /// A receipt is filed, booked and classified.
    ReceiptFiled,
    /// The bytes of flows are kept, nothing is decided about them.
    FlowKept,
    /// Flows are filed, booked and classified.
    FlowFiled,
    /// A document of the treasurer is filed.
    CashFiled,
    /// A worker holds jobs that it has not begun.
    JobClaimed,
    /// The end of a job is written down.
    JobRecorded,
}

names!(Point, {
    Point::PositionRegistered => "position.registered",
    Point::ReceiptFiled => "receipt.filed",
    Point::FlowKept => "flow.kept",
    Point::FlowFiled => "flow.filed",
    Point::CashFiled => "cash.filed",
    Point::JobClaimed => "job.claimed",
    Point::JobRecorded => "job.recorded",
});

/// On which side of the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Nothing of the transaction is durable.
    Before,
    /// All of it is, and nobody has been told.
    After,
}

names!(Side, {
    Side::Before => "before",
    Side::After => "after",
});

/// Where to die.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crash {
    point: Point,
    side: Side,
}

impl Crash {
    /// Reads `receipt.filed:before`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Crash> {
        let (point, side) = text.split_once(':')?;
        Some(Crash {
            point: Point::from_name(point)?,
            side: Side::from_name(side)?,
        })
    }
}

static ARMED: OnceLock<Crash> = OnceLock::new();
/// The point was passed in a transaction that is not committed yet.
static PASSED: AtomicBool = AtomicBool::new(false);

/// Tells this process to die at a point; only the first telling counts.
pub fn arm(crash: Crash) {
    let _first = ARMED.set(crash);
}

/// Marks a point.
pub fn point(here: Point) {
    match ARMED.get() {
        Some(armed) if armed.point == here => match armed.side {
            Side::Before => die(armed),
            Side::After => PASSED.store(true, Ordering::Release),
        },
        Some(_) | None => {}
    }
}

/// A commit has become durable.
pub(super) fn committed() {
    if let Some(armed) = ARMED.get()
        && PASSED.load(Ordering::Acquire)
    {
        die(armed);
    }
}

fn die(armed: &Crash) {
    tracing::error!(point = %armed.point, side = %armed.side, "crash point reached");
    std::process::abort();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_is_a_point_and_a_side() {
        for point in Point::ALL {
            for side in Side::ALL {
                let crash = Crash::parse(&format!("{point}:{side}")).unwrap();
                assert_eq!((crash.point, crash.side), (*point, *side));
            }
        }
        for wrong in ["", "receipt.filed", "receipt.filed:during", "tea:before"] {
            assert_eq!(Crash::parse(wrong), None, "{wrong}");
        }
    }
}
