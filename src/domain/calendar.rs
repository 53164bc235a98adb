//! Days and instants. A legal deadline is a day in Rome, whatever UTC says.

use chrono::{DateTime, TimeZone, Utc};
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

/// The instant a day begins in Rome. Midnight exists on every Italian day: clocks change at 2 and 3.
#[must_use]
pub fn start_of(day: Day) -> Instant {
    let midnight = day.and_time(chrono::NaiveTime::MIN);
    Rome.from_local_datetime(&midnight)
        .earliest()
        .map_or_else(|| midnight.and_utc(), |t| t.with_timezone(&Utc))
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
}
