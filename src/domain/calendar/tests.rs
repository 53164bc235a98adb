use super::*;

mod vectors;

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
fn a_feast_of_the_town_moves_a_deadline_only_where_it_is_kept() {
    let rupert = PatronSaint { month: 5, day: 4 };
    assert!(rupert.exists());
    for (calendar, end) in [
        (Calendar::Civil.with(None), "2026-05-04"),
        (Calendar::Civil.with(Some(rupert)), "2026-05-05"),
        (Calendar::Tax.with(Some(rupert)), "2026-05-05"),
    ] {
        assert_eq!(calendar.deadline(day("2026-04-29"), 5), day(end));
    }
    let never = PatronSaint { month: 2, day: 30 };
    assert!(!never.exists());
    assert!(PatronSaint { month: 2, day: 29 }.exists());
}

#[test]
fn a_tax_deadline_also_skips_saturdays_and_a_civil_one_does_not() {
    assert_eq!(Calendar::Civil.roll(day("2026-05-16")), day("2026-05-16"));
    let beyond = Calendar::Tax.deadline(Day::MAX, 1);
    assert_eq!(beyond.max(day("2026-01-01")), Day::MAX);
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
