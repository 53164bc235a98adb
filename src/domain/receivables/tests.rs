use super::*;
use proptest::prelude::*;

fn c(cents: i64) -> Cents {
    Cents::new(cents).unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn year(in_year: i64, next_year: i64, later: i64, open: i64) -> Claims {
    Claims {
        in_year: c(in_year),
        next_year: c(next_year),
        later: c(later),
        open: c(open),
    }
}

#[test]
fn buckets_change_on_their_days() {
    let today = day("2026-07-01");
    for (due, bucket) in [
        ("2026-07-02", DueBucket::NotYet),
        ("2026-07-01", DueBucket::NotYet),
        ("2026-06-30", DueBucket::Month),
        ("2026-06-01", DueBucket::Month),
        ("2026-05-31", DueBucket::Quarter),
        ("2026-04-02", DueBucket::Quarter),
        ("2026-04-01", DueBucket::HalfYear),
        ("2026-01-02", DueBucket::HalfYear),
        ("2026-01-01", DueBucket::Year),
        ("2025-07-01", DueBucket::Year),
        ("2025-06-30", DueBucket::FiveYears),
        ("2021-07-02", DueBucket::FiveYears),
        ("2021-07-01", DueBucket::Older),
    ] {
        assert_eq!(DueBucket::of(Some(day(due)), today), bucket, "{due}");
    }
    assert_eq!(DueBucket::of(None, today), DueBucket::Undated);
}

#[test]
fn what_is_collected_counts_by_the_years_that_passed() {
    let mut claims = Claims::default();
    for (paid, amount) in [
        (2024, 1),
        (2025, 10),
        (2026, 100),
        (2027, 1000),
        (2030, 10_000),
    ] {
        claims.collect(c(amount), 2025, paid).unwrap();
    }
    assert_eq!(claims, year(11, 100, 11_000, 0));
    assert_eq!(claims.residual(), Ok(c(11_100)));
}

/// A town whose waste tax is collected at 80, 75, 70, 72.50 and 77.50 per cent within the year after.
#[test]
fn five_years_make_a_mean_and_what_is_set_aside() {
    let claims = BTreeMap::from([
        (2019, year(0, 0, 0, 50_000)),
        (2020, year(70_000, 10_000, 5_000, 15_000)),
        (2021, year(100_000, 50_000, 0, 50_000)),
        (2022, year(30_000, 40_000, 0, 30_000)),
        (2023, year(70_000, 2_500, 0, 27_500)),
        (2024, year(77_500, 0, 0, 22_500)),
        (2025, year(0, 0, 0, 100_000)),
    ]);
    let capacity = Capacity::before(2025, &claims).unwrap().unwrap();
    assert_eq!(capacity.mean_bp, 7500);
    // 4,500 of 6,000 euro.
    assert_eq!(capacity.of_sums_bp, 7500);
    assert_eq!(complement(capacity.mean_bp), 2500);
    assert_eq!(c(295_000).share(complement(7500)), Ok(c(73_750)));
}

#[test]
fn the_means_differ_when_years_do_and_years_without_claims_do_not_count() {
    let claims = BTreeMap::from([
        (2022, year(0, 0, 0, 0)),
        (2023, year(1_000, 0, 0, 9_000)),
        (2024, year(90_000, 0, 0, 0)),
    ]);
    let capacity = Capacity::before(2025, &claims).unwrap().unwrap();
    assert_eq!((capacity.mean_bp, capacity.of_sums_bp), (5500, 9100));
    assert_eq!(Capacity::before(2020, &claims), Ok(None));
}

proptest! {
    #[test]
    fn rates_lie_between_nothing_and_the_whole(figures in prop::collection::vec((0i64..1_000_000_000, 0i64..1_000_000_000, 0i64..1_000_000_000, 0i64..1_000_000_000), 1..8)) {
        let claims: BTreeMap<i32, Claims> =
            (2018..).zip(figures).map(|(of, (a, b, d, e))| (of, year(a, b, d, e))).collect();
        if let Some(capacity) = Capacity::before(2025, &claims).unwrap() {
            let rates: Vec<u32> = claims
                .range(2020..2025)
                .filter_map(|(_, one)| rate_bp(one.prompt().unwrap(), one.assessed().unwrap()).unwrap())
                .collect();
            let (least, most) = (*rates.iter().min().unwrap(), *rates.iter().max().unwrap());
            for mean in [capacity.mean_bp, capacity.of_sums_bp] {
                prop_assert!(mean <= WHOLE_BP && least <= mean && mean <= most, "{mean} of {rates:?}");
                prop_assert_eq!(mean + complement(mean), WHOLE_BP);
            }
        }
    }
}
