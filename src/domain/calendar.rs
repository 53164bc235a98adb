//! Days and instants. A legal deadline is a day in Rome, whatever UTC says.

use chrono::{DateTime, Datelike, Days, TimeZone, Utc, Weekday};
use chrono_tz::Europe::Rome;

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
        let mut day = day;
        while self.rests_on(day) {
            match day.succ_opt() {
                Some(next) => day = next,
                None => break,
            }
        }
        day
    }

    /// The last day of a term of `days`: the first day does not count, holidays inside it do.
    #[must_use]
    pub fn deadline(self, from: Day, days: u32) -> Day {
        let end = from.checked_add_days(Days::new(u64::from(days)));
        self.roll(end.unwrap_or(Day::MAX))
    }

    fn rests_on(self, day: Day) -> bool {
        is_holiday(day) || (self == Calendar::Tax && day.weekday() == Weekday::Sat)
    }
}

/// Sundays and the national holidays (L. 260/1949; 4 October since 2026, L. 151/2025). The feast of
/// the patron saint is local and is not counted.
#[must_use]
pub fn is_holiday(day: Day) -> bool {
    let fixed = match (day.month(), day.day()) {
        (1, 1 | 6) | (4, 25) | (5, 1) | (6, 2) | (8, 15) | (11, 1) | (12, 8 | 25 | 26) => true,
        (10, 4) => day.year() >= 2026,
        _ => false,
    };
    let easter_monday = || easter(day.year()).and_then(|easter| easter.succ_opt());
    fixed || day.weekday() == Weekday::Sun || easter_monday() == Some(day)
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
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    #[test]
    fn the_legal_day_turns_at_midnight_in_rome_in_winter_and_in_summer() {
        let day = |text: &str| text.parse::<Day>().unwrap();
        assert_eq!(today(at("2026-01-31T22:59:59Z")), day("2026-01-31"));
        assert_eq!(today(at("2026-01-31T23:00:00Z")), day("2026-02-01"));
        assert_eq!(today(at("2026-06-30T21:59:59Z")), day("2026-06-30"));
        assert_eq!(today(at("2026-06-30T22:00:00Z")), day("2026-07-01"));
    }

    #[test]
    fn daylight_saving_nights_keep_their_day() {
        for day in ["2026-03-29", "2026-10-25"] {
            let day: Day = day.parse().unwrap();
            assert_eq!(today(start_of(day)), day);
            let before = start_of(day).checked_sub_signed(chrono::TimeDelta::microseconds(1));
            assert_eq!(today(before.unwrap()), day.pred_opt().unwrap());
        }
    }

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn easter_is_the_sunday_of_the_almanac() {
        for (year, sunday) in [
            (2000, "2000-04-23"),
            (2014, "2014-04-20"),
            (2019, "2019-04-21"),
            (2024, "2024-03-31"),
            (2025, "2025-04-20"),
            (2026, "2026-04-05"),
            (2027, "2027-03-28"),
            (2038, "2038-04-25"),
            (2076, "2076-04-19"),
        ] {
            assert_eq!(easter(year), Some(day(sunday)));
        }
        assert_eq!(easter(1582), None);
        assert_eq!(easter(i32::MAX), None);
    }

    #[test]
    fn saint_francis_is_a_holiday_since_2026() {
        assert!(!is_holiday(day("2024-10-04")));
        assert!(is_holiday(day("2027-10-04")));
        assert!(is_holiday(day("2026-04-06")), "Easter Monday");
        assert!(!is_holiday(day("2026-04-07")));
    }

    #[test]
    fn the_terms_of_a_fine_end_as_in_the_table_of_the_law() {
        for (from, five, sixty) in [
            ("2026-04-29", "2026-05-04", "2026-06-29"),
            ("2023-12-19", "2023-12-27", "2024-02-17"),
            ("2014-12-20", "2014-12-27", "2015-02-18"),
            ("2018-12-17", "2018-12-22", "2019-02-15"),
            ("2018-12-20", "2018-12-27", "2019-02-18"),
            ("2026-12-20", "2026-12-28", "2027-02-18"),
            ("2026-03-31", "2026-04-07", "2026-05-30"),
            ("2027-09-29", "2027-10-05", "2027-11-29"),
            ("2026-06-11", "2026-06-16", "2026-08-10"),
            ("2026-03-09", "2026-03-14", "2026-05-08"),
            ("2026-03-10", "2026-03-16", "2026-05-09"),
        ] {
            assert_eq!(
                Calendar::Civil.deadline(day(from), 5),
                day(five),
                "{from} + 5"
            );
            assert_eq!(
                Calendar::Civil.deadline(day(from), 60),
                day(sixty),
                "{from} + 60"
            );
        }
    }

    #[test]
    fn a_tax_deadline_also_skips_saturdays() {
        for (due, rolled) in [
            ("2026-05-16", "2026-05-18"),
            ("2026-10-31", "2026-11-02"),
            ("2026-08-15", "2026-08-17"),
            ("2025-06-01", "2025-06-03"),
            ("2026-06-16", "2026-06-16"),
            ("2026-12-02", "2026-12-02"),
        ] {
            assert_eq!(Calendar::Tax.roll(day(due)), day(rolled), "{due}");
        }
        assert_eq!(Calendar::Civil.roll(day("2026-05-16")), day("2026-05-16"));
        assert_eq!(
            Calendar::Tax.deadline(Day::MAX, 1).max(day("2026-01-01")),
            Day::MAX
        );
    }

    #[test]
    fn a_period_counts_both_its_ends() {
        assert_eq!(days_between(day("2026-05-10"), day("2026-12-31")), 236);
        assert_eq!(days_between(day("2028-02-01"), day("2028-12-31")), 335);
        assert_eq!(days_between(day("2026-02-01"), day("2026-01-01")), 0);
        assert_eq!(
            (days_in_year(2026), days_in_year(2028), days_in_year(2100)),
            (365, 366, 365)
        );
    }

    proptest::proptest! {
        #[test]
        fn a_deadline_never_falls_on_a_holiday_and_never_goes_back(
            start in 0u64..36_000, days in 0u32..400,
        ) {
            let from = day("2001-01-01").checked_add_days(Days::new(start)).unwrap();
            for calendar in [Calendar::Civil, Calendar::Tax] {
                let end = calendar.deadline(from, days);
                proptest::prop_assert!(!is_holiday(end));
                proptest::prop_assert!(end <= calendar.deadline(from.succ_opt().unwrap(), days));
            }
        }
    }
}
