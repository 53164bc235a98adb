//! `xsd:date` and `xsd:dateTime`, read by their lexical rules and nothing looser.

use std::fmt;

use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};

/// An `xsd:dateTime`, which may or may not say its offset. Which zone a local one means is for the
/// reader to decide (pagoPA's documents do not say; Europe/Rome by custom).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timestamp {
    /// An instant with its offset from UTC.
    Offset(DateTime<FixedOffset>),
    /// A wall-clock time without offset.
    Local(NaiveDateTime),
}

impl Timestamp {
    /// Reads `YYYY-MM-DDThh:mm:ss[.s+][Z|±hh:mm]`. Fractions beyond the nanosecond are cut;
    /// `24:00:00` is midnight of the next day, as the schema allows. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.split_once('T')?;
        let date = plain_date(date)?;
        let (time, offset) = split_offset(rest)?;
        let local = at_time(date, time)?;
        match offset {
            None => Some(Self::Local(local)),
            Some(offset) => offset
                .from_local_datetime(&local)
                .single()
                .map(Self::Offset),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Offset(at) => write!(f, "{}", at.format("%Y-%m-%dT%H:%M:%S%.f%:z")),
            Self::Local(at) => write!(f, "{}", at.format("%Y-%m-%dT%H:%M:%S%.f")),
        }
    }
}

/// Reads an `xsd:date`; its optional zone suffix (`Z`, `+02:00`) is checked and dropped, because a
/// due date is a calendar day of the creditor.
pub fn date(text: &str) -> Option<NaiveDate> {
    let day = text.get(..10)?;
    let zone = text.get(10..)?;
    if !zone.is_empty() {
        zone_offset(zone)?;
    }
    plain_date(day)
}

/// `YYYY-MM-DD`, years 0001 to 9999.
pub(super) fn plain_date(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let year = fixed(year, 4)?;
    if year == 0 {
        return None;
    }
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, fixed(month, 2)?, fixed(day, 2)?)
}

/// A day as the schema prints it. Years past 9999 are clamped: the schema would need a fifth digit
/// and no reader expects one.
pub fn print_date(day: NaiveDate) -> String {
    let last = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or(day);
    day.min(last).format("%Y-%m-%d").to_string()
}

fn split_offset(text: &str) -> Option<(&str, Option<FixedOffset>)> {
    match text.find(['Z', '+', '-']) {
        None => Some((text, None)),
        Some(at) => {
            let (time, zone) = text.split_at_checked(at)?;
            Some((time, Some(zone_offset(zone)?)))
        }
    }
}

fn zone_offset(text: &str) -> Option<FixedOffset> {
    if text == "Z" {
        return FixedOffset::east_opt(0);
    }
    let (sign, clock) = text.split_at_checked(1)?;
    let (hours, minutes) = clock.split_once(':')?;
    let (hours, minutes) = (fixed(hours, 2)?, fixed(minutes, 2)?);
    // The schema stops at 14:00 either way.
    if minutes > 59 || hours > 14 || (hours == 14 && minutes > 0) {
        return None;
    }
    let seconds = i32::try_from(
        hours
            .checked_mul(3_600)?
            .checked_add(minutes.checked_mul(60)?)?,
    );
    match sign {
        "+" => FixedOffset::east_opt(seconds.ok()?),
        "-" => FixedOffset::west_opt(seconds.ok()?),
        _ => None,
    }
}

fn at_time(date: NaiveDate, time: &str) -> Option<NaiveDateTime> {
    let (clock, fraction) = match time.split_once('.') {
        None => (time, None),
        Some((clock, fraction)) => (clock, Some(fraction)),
    };
    let mut parts = clock.split(':');
    let (hour, minute, second) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (hour, minute, second) = (fixed(hour, 2)?, fixed(minute, 2)?, fixed(second, 2)?);
    let nanos = match fraction {
        None => 0,
        Some(fraction) => nanoseconds(fraction)?,
    };
    if hour == 24 && minute == 0 && second == 0 && nanos == 0 {
        return date.checked_add_days(Days::new(1))?.and_hms_opt(0, 0, 0);
    }
    // chrono would read nanoseconds of a 60th second as a leap second; the schema has none.
    Some(date.and_time(NaiveTime::from_hms_nano_opt(hour, minute, second, nanos)?))
}

fn nanoseconds(fraction: &str) -> Option<u32> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nine: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    nine.parse().ok()
}

/// Exactly `width` ASCII digits.
fn fixed(text: &str, width: usize) -> Option<u32> {
    let exact = text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
    if exact { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_times_come_with_and_without_fraction_and_offset() {
        for (text, printed) in [
            ("2026-03-02T10:11:12", "2026-03-02T10:11:12"),
            ("2026-03-02T10:11:12.5", "2026-03-02T10:11:12.500"),
            ("2026-03-02T10:11:12Z", "2026-03-02T10:11:12+00:00"),
            (
                "2026-03-02T10:11:12.123456789123+02:00",
                "2026-03-02T10:11:12.123456789+02:00",
            ),
            ("2026-12-31T24:00:00", "2027-01-01T00:00:00"),
        ] {
            let read = Timestamp::parse(text).unwrap();
            assert_eq!(read.to_string(), printed);
            assert_eq!(Timestamp::parse(printed).unwrap(), read);
        }
    }

    #[test]
    fn loose_date_times_are_refused() {
        for text in [
            "",
            "T",
            "2026-03-02",
            "2026-03-02 10:11:12",
            "2026-03-02T10:11",
            "2026-3-2T10:11:12",
            "2026-02-30T10:11:12",
            "2026-03-02T25:00:00",
            "2026-03-02T24:00:01",
            "2026-03-02T10:11:60",
            "2026-03-02T10:11:12.",
            "2026-03-02T10:11:12+2",
            "2026-03-02T10:11:12+15:00",
            "2026-03-02T10:11:12+é",
            "0000-01-01T00:00:00",
            "2026-03-02T10:11:12ZZ",
            "2026-03-02T10:11:12.5a",
            "+026-03-02T10:11:12",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_may_carry_a_zone_which_is_dropped() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 30);
        for text in ["2026-11-30", "2026-11-30Z", "2026-11-30+01:00"] {
            assert_eq!(date(text), day);
        }
        for text in [
            "",
            "30/11/2026",
            "2026-11-31",
            "2026-11-30T",
            "2026-11-3é",
            "2026-11-30+1",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
        assert_eq!(print_date(NaiveDate::MAX), "9999-12-31");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[-0-9T:.Z+é]{0,32}") {
            let _ = (date(&text), Timestamp::parse(&text));
        }
    }
}
