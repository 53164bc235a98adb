//! Which booked meals are billed (`charges.md` §3.3): a family cancels until an hour of the day itself.

use chrono::NaiveTime;

use super::CanteenBooking;
use crate::domain::calendar::{Day, in_rome};

/// Whether a booked meal is billed: it was served that day, and nobody cancelled it by the hour, which is
/// on a clock in Rome and itself in time.
#[must_use]
pub fn billed(booking: &CanteenBooking, cutoff: NaiveTime, served: impl Fn(Day) -> bool) -> bool {
    let last_moment = in_rome(booking.date.and_time(cutoff));
    served(booking.date) && booking.cancelled_at.is_none_or(|at| at > last_moment)
}
