//! The day a report counts as notified (T0): every term of a fine starts there
//! (`charges.md` §4.3).

use chrono::{Days, NaiveTime};

use crate::domain::calendar::{Day, LocalCalendar};

/// How a report reached who must pay it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notification {
    /// Handed over by the officer at once (art. 200 of the highway code).
    Immediate {
        /// Day of the violation.
        on: Day,
    },
    /// Delivered by a messenger of the town.
    ByHand {
        /// Day of delivery.
        on: Day,
    },
    /// Delivered by the postman.
    Mail {
        /// Day of delivery.
        on: Day,
    },
    /// Left at the post office, because nobody was at home (L. 890/1982 art. 8).
    MailDeposited {
        /// Day the notice of deposit (CAD) was sent.
        notice_sent_on: Day,
        /// Day it was picked up, if it was.
        collected_on: Option<Day>,
    },
    /// Certified mail to the registered address (D.M. 18/12/2017).
    Pec {
        /// Day of the receipt of delivery.
        on: Day,
    },
    /// The platform SEND wrote to a certified address (D.L. 76/2020 art. 26 c. 9).
    SendPec {
        /// Day the message was delivered.
        on: Day,
        /// Hour it was delivered.
        at: NaiveTime,
        /// Day the document was opened, if it was.
        opened_on: Option<Day>,
    },
    /// The platform SEND wrote to a certified address whose mailbox was full or not valid.
    SendPecUndelivered {
        /// Day of the last attempt.
        on: Day,
        /// Day the document was opened, if it was.
        opened_on: Option<Day>,
    },
    /// The platform SEND sent a letter.
    SendPaper {
        /// Day the letter counts as delivered.
        on: Day,
        /// Day the document was opened, if it was.
        opened_on: Option<Day>,
    },
}

/// Days after the notice of deposit.
const DEPOSIT_DAYS: u64 = 10;
/// Days after a certified message of the platform.
const SEND_PEC_DAYS: u64 = 7;
/// Days when the mailbox took no message.
const SEND_UNDELIVERED_DAYS: u64 = 15;
/// Days after a letter of the platform.
const SEND_PAPER_DAYS: u64 = 10;
/// Messages count as of this day from 7:00 to 21:00; from 21:00 to 7:00 as of the next day.
const MORNING: (u32, u32) = (7, 0);
const EVENING: (u32, u32) = (21, 0);

impl Notification {
    /// The day of notification. Terms start on the day after.
    #[must_use]
    pub fn day(self) -> Day {
        match self {
            Notification::Immediate { on }
            | Notification::ByHand { on }
            | Notification::Mail { on }
            | Notification::Pec { on } => on,
            Notification::MailDeposited {
                notice_sent_on,
                collected_on,
            } => earlier(later(notice_sent_on, DEPOSIT_DAYS), collected_on),
            Notification::SendPec { on, at, opened_on } => {
                let counted_from = if is_night(at) { later(on, 1) } else { on };
                earlier(later(counted_from, SEND_PEC_DAYS), opened_on)
            }
            Notification::SendPecUndelivered { on, opened_on } => {
                earlier(later(on, SEND_UNDELIVERED_DAYS), opened_on)
            }
            Notification::SendPaper { on, opened_on } => {
                earlier(later(on, SEND_PAPER_DAYS), opened_on)
            }
        }
    }
}

/// The last days of the two terms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Last day of the discount.
    pub discounted: Day,
    /// Last day of the reduced payment.
    pub reduced: Day,
}

impl Deadlines {
    /// Both terms start on the day of notification, which does not count (art. 2963 c.c.).
    #[must_use]
    pub fn after(
        notified_on: Day,
        (discount_days, reduced_days): (u32, u32),
        calendar: LocalCalendar,
    ) -> Deadlines {
        Deadlines {
            discounted: calendar.deadline(notified_on, discount_days),
            reduced: calendar.deadline(notified_on, reduced_days),
        }
    }
}

fn later(day: Day, days: u64) -> Day {
    day.checked_add_days(Days::new(days)).unwrap_or(Day::MAX)
}

fn earlier(day: Day, other: Option<Day>) -> Day {
    other.map_or(day, |other| day.min(other))
}

fn is_night(at: NaiveTime) -> bool {
    let clock = |(hour, minute)| NaiveTime::from_hms_opt(hour, minute, 0);
    clock(MORNING).is_some_and(|morning| at < morning)
        || clock(EVENING).is_some_and(|evening| at >= evening)
}
