use std::collections::BTreeSet;

use super::*;

fn whole() -> Year {
    Year::of(2026, WHOLE, PAYMENTS)
}

#[test]
fn a_whole_year_has_twenty_five_thousand_notices_of_which_eighteen_thousand_are_paid() {
    let year = whole();
    assert_eq!(year.notices(), 25_000);
    assert_eq!(
        year.quotas.values().map(|quota| quota.pay).sum::<u64>(),
        18_000
    );
    assert_eq!(OTHERS.iter().map(|other| other.count).sum::<u64>(), 5500);
}

#[test]
fn references_and_numbers_never_repeat() {
    let year = whole();
    let code = SegregationCode::parse("01").unwrap();
    let (mut references, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    for issue in &year.issues {
        assert!(references.insert(issue.reference()));
        let body = year.body(issue, &code);
        for number in body["notice_numbers"].as_array().unwrap() {
            assert!(numbers.insert(number.as_str().unwrap().to_owned()));
        }
    }
    assert_eq!(numbers.len(), 25_000);
}

#[test]
fn two_years_of_one_seed_are_equal_and_of_two_seeds_are_not() {
    let code = SegregationCode::parse("01").unwrap();
    let bodies = |seed| -> Vec<String> {
        let year = Year::of(seed, 200, 360);
        year.issues
            .iter()
            .map(|issue| year.body(issue, &code).to_string())
            .collect()
    };
    assert_eq!(bodies(1), bodies(1));
    assert_ne!(bodies(1), bodies(2));
}

#[test]
fn every_kind_of_mischief_happens_in_a_year_and_no_batch_bears_more_than_a_quarter() {
    for (scale, payments) in [(WHOLE, PAYMENTS), (200, 360)] {
        let year = Year::of(2026, scale, payments);
        let mut all: BTreeMap<&str, u64> = BTreeMap::new();
        for quota in year.quotas.values() {
            assert!(quota.mischief.values().sum::<u64>() * 4 <= quota.pay);
            for (kind, count) in &quota.mischief {
                *all.entry(kind).or_default() += count;
            }
        }
        assert_eq!(all.len(), MISCHIEF.len(), "{scale}: {all:?}");
        assert_eq!(
            year.quotas.values().map(|quota| quota.pay).sum::<u64>(),
            payments
        );
    }
}

#[test]
fn everything_is_issued_on_days_of_the_year_that_are_not_holidays() {
    for issue in whole().issues {
        assert_eq!(issue.day.year(), YEAR);
        assert!(!calendar::is_holiday(issue.day), "{}", issue.day);
    }
}
