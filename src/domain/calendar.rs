//! Days and instants. A legal deadline is a day in Rome, whatever UTC says.

use chrono::{DateTime, Datelike, Days, TimeZone, Utc, Weekday};
use chrono_tz::Europe::Rome;
use serde::{Deserialize, Serialize};

/// A calendar day in Italy.
pub type Day = chrono::NaiveDate;

/// An instant in UTC, with the microseconds that both databases keep.
pub type Instant = DateTime<Utc>;

/// The legal day of an instant: the date on a clock in Rome. The only conversion of the engine.
#[must_use]
pub fn today(now: Instant) -> Day {
    now.with_timezone(&Rome).date_naive()
}

/// The instant of a wall-clock time in Rome: the first of two when clocks go back, the same hour by
/// UTC when clocks skip it.
#[must_use]
pub fn in_rome(local: chrono::NaiveDateTime) -> Instant {
    Rome.from_local_datetime(&local)
        .earliest()
        .map_or_else(|| local.and_utc(), |t| t.to_utc())
}

/// What the clocks in Rome show.
#[must_use]
pub fn wall_clock(now: Instant) -> chrono::NaiveDateTime {
    now.with_timezone(&Rome).naive_local()
}

/// The instant a day begins in Rome. Midnight exists on every Italian day: clocks change at 2 and 3.
#[must_use]
pub fn start_of(day: Day) -> Instant {
    in_rome(day.and_time(chrono::NaiveTime::MIN))
}

/// Which rule moves a deadline that ends on a day of rest (`charges.md` §0.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calendar {
    /// Art. 2963 c.c., fines and prices of services: holidays move the deadline, Saturdays do not.
    Civil,
    /// Art. 7 c. 2 lett. l D.L. 70/2011, taxes: Saturdays move it too.
    Tax,
}

impl Calendar {
    /// The day itself, or the next one on which the deadline may end.
    #[must_use]
    pub fn roll(self, day: Day) -> Day {
        self.with(None).roll(day)
    }

    /// The last day of a term of `days`: the first day does not count, holidays inside it do.
    #[must_use]
    pub fn deadline(self, from: Day, days: u32) -> Day {
        self.with(None).deadline(from, days)
    }

    /// The same rule in a town that also counts the feast of its patron saint, if it does.
    #[must_use]
    pub fn with(self, patron: Option<PatronSaint>) -> LocalCalendar {
        LocalCalendar { rule: self, patron }
    }
}

/// The feast of a town's patron saint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatronSaint {
    /// 1 to 12.
    pub month: u32,
    /// Day of the month.
    pub day: u32,
}

impl PatronSaint {
    /// Whether there is such a day, if only in leap years.
    #[must_use]
    pub fn exists(self) -> bool {
        Day::from_ymd_opt(2024, self.month, self.day).is_some()
    }
}

/// The calendar of deadlines of one town.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalCalendar {
    rule: Calendar,
    patron: Option<PatronSaint>,
}

impl LocalCalendar {
    /// As [`Calendar::roll`].
    #[must_use]
    pub fn roll(self, day: Day) -> Day {
        let mut day = day;
        while self.rests_on(day) {
            match day.succ_opt() {
                Some(next) => day = next,
                None => break,
            }
        }
        day
    }

    /// As [`Calendar::deadline`].
    #[must_use]
    pub fn deadline(self, from: Day, days: u32) -> Day {
        let end = from.checked_add_days(Days::new(u64::from(days)));
        self.roll(end.unwrap_or(Day::MAX))
    }

    fn rests_on(self, day: Day) -> bool {
        let feast = |saint: PatronSaint| (saint.month, saint.day) == (day.month(), day.day());
        is_holiday(day)
            || (self.rule == Calendar::Tax && day.weekday() == Weekday::Sat)
            || self.patron.is_some_and(feast)
    }
}

/// Sundays and the national holidays (L. 260/1949; 4 October since 2026, L. 151/2025). The feast of
/// the patron saint is local: [`Calendar::with`].
#[must_use]
pub fn is_holiday(day: Day) -> bool {
    let fixed = match (day.month(), day.day()) {
        (1, 1 | 6) | (4, 25) | (5, 1) | (6, 2) | (8, 15) | (11, 1) | (12, 8 | 25 | 26) => true,
        (10, 4) => day.year() >= 2026,
        _ => false,
    };
    // Easter Monday is between 23 March and 26 April.
    let easter_monday = || easter(day.year()).and_then(|easter| easter.succ_opt());
    fixed
        || day.weekday() == Weekday::Sun
        || (matches!(day.month(), 3 | 4) && easter_monday() == Some(day))
}

/// Easter Sunday of a Gregorian year (Butcher's computation); `None` outside the years 1583 to 9999.
#[must_use]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "the year is between 1583 and 9999, so no intermediate value leaves i32"
)]
pub fn easter(year: i32) -> Option<Day> {
    if !(1583..=9999).contains(&year) {
        return None;
    }
    let golden = year % 19;
    let (century, in_century) = (year / 100, year % 100);
    let correction = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - correction + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (in_century / 4) - epact - in_century % 4) % 7;
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let counted = epact + weekday - 7 * late + 114;
    let (month, day) = (
        u32::try_from(counted / 31).ok()?,
        u32::try_from(counted % 31 + 1).ok()?,
    );
    Day::from_ymd_opt(year, month, day)
}

/// 366 in leap years, else 365.
#[must_use]
pub fn days_in_year(year: i32) -> i64 {
    if Day::from_ymd_opt(year, 2, 29).is_some() {
        366
    } else {
        365
    }
}

/// Days from `from` to `to`, both counted; zero when `to` comes first.
#[must_use]
pub fn days_between(from: Day, to: Day) -> i64 {
    to.signed_duration_since(from)
        .num_days()
        .saturating_add(1)
        .max(0)
}

#[cfg(test)]
mod tests;
