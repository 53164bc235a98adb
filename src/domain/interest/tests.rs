use super::*;
use proptest::prelude::*;

fn c(cents: i64) -> Cents {
    Cents::new(cents).unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// The legal rates since 2020.
fn legal() -> InterestTerms {
    let rates = [
        ("2020-01-01", 500),
        ("2021-01-01", 100),
        ("2022-01-01", 12_500),
        ("2023-01-01", 50_000),
        ("2024-01-01", 25_000),
        ("2025-01-01", 20_000),
        ("2026-01-01", 16_000),
    ];
    let rate = |(from, rate_ppm)| LegalRate {
        valid_from: day(from),
        rate_ppm,
    };
    InterestTerms {
        legal_rates: rates.into_iter().map(rate).collect(),
        spread_bp: 0,
        year_days: 365,
    }
}

fn interest(cents: i64, due: &str, paid: &str) -> i64 {
    let accrued = legal().accrue(c(cents), day(due), day(paid)).unwrap();
    accrued.amount.get()
}

#[test]
fn each_calendar_year_has_its_rate_and_the_sum_is_rounded_once() {
    let accrued = legal()
        .accrue(c(48_210), day("2025-10-31"), day("2026-03-16"))
        .unwrap();
    let stretch = |days, rate_ppm| RatedDays { days, rate_ppm };
    assert_eq!(
        accrued.stretches,
        [stretch(61, 20_000), stretch(75, 16_000)]
    );
    assert_eq!(accrued.amount, c(320));
    // Rounded apart, 0.05 + 0.05 euro-cents would vanish.
    let halves = [stretch(1, 20_000), stretch(1, 20_000)];
    let whole = simple_interest(c(9_125), &halves, 365);
    let apart = simple_interest(c(9_125), &halves[..1], 365);
    assert_eq!((whole, apart), (Ok(c(1)), Ok(c(1))));
    let whole = simple_interest(c(6_000), &halves, 365);
    let apart = simple_interest(c(6_000), &halves[..1], 365);
    assert_eq!((whole, apart), (Ok(c(1)), Ok(c(0))));
}

#[test]
fn the_day_it_is_due_costs_nothing() {
    assert_eq!(interest(100_000, "2026-06-16", "2026-06-16"), 0);
    assert_eq!(interest(100_000, "2026-06-16", "2026-06-10"), 0);
    assert_eq!(interest(100_000, "2026-06-16", "2026-06-17"), 4);
}

#[test]
fn a_rate_within_the_year_takes_over_on_its_day() {
    let mut terms = legal();
    terms.legal_rates.push(LegalRate {
        valid_from: day("2026-07-01"),
        rate_ppm: 30_000,
    });
    let accrued = terms.accrue(c(100_000), day("2026-06-20"), day("2026-07-20"));
    let stretch = |days, rate_ppm| RatedDays { days, rate_ppm };
    assert_eq!(
        accrued.unwrap().stretches,
        [stretch(10, 16_000), stretch(20, 30_000)]
    );
}

#[test]
fn a_spread_moves_the_rate_but_not_below_zero() {
    let mut terms = legal();
    let of = |terms: &InterestTerms| {
        let accrued = terms.accrue(c(100_000), day("2026-01-01"), day("2027-01-01"));
        accrued.map(|accrued| accrued.amount)
    };
    assert_eq!(of(&terms), Err(InterestError::NoRate(day("2027-01-01"))));
    terms.legal_rates.push(LegalRate {
        valid_from: day("2027-01-01"),
        rate_ppm: 16_000,
    });
    assert_eq!(of(&terms), Ok(c(1600)));
    terms.spread_bp = 300;
    assert_eq!(of(&terms), Ok(c(4600)));
    terms.spread_bp = -300;
    assert_eq!(of(&terms), Ok(c(0)));
}

#[test]
fn a_year_without_a_rate_is_not_guessed() {
    let accrued = legal().accrue(c(100), day("2019-12-30"), day("2019-12-31"));
    assert_eq!(accrued, Err(InterestError::NoRate(day("2019-12-31"))));
}

#[test]
fn terms_out_of_order_are_refused_with_their_place() {
    let mut terms = legal();
    terms.legal_rates.swap(0, 1);
    terms.legal_rates[2].rate_ppm = -1;
    terms.spread_bp = 301;
    terms.year_days = 0;
    let mut findings = Findings::default();
    terms.check("/interest", &mut findings);
    let errors = findings.result().unwrap_err();
    let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/interest/legal_rates/2/rate_ppm",
            "/interest/legal_rates",
            "/interest/spread_bp",
            "/interest/year_days",
        ]
    );
}

proptest! {
    #[test]
    fn interest_never_falls_with_time(
        cents in 0i64..1_000_000_000, due in 0u64..2_000, late in 0u64..400,
    ) {
        let due = day("2020-01-01").checked_add_days(chrono::Days::new(due)).unwrap();
        let paid = due.checked_add_days(chrono::Days::new(late)).unwrap();
        let of = |paid: Day| legal().accrue(c(cents), due, paid).map(|a| a.amount);
        let next = paid.succ_opt().unwrap();
        if next <= day("2026-12-31") {
            prop_assert!(of(paid).unwrap() <= of(next).unwrap());
        }
    }

    #[test]
    fn the_stretches_cover_every_day_once(due in 0u64..2_000, late in 0u64..400) {
        let due = day("2020-01-01").checked_add_days(chrono::Days::new(due)).unwrap();
        let paid = due.checked_add_days(chrono::Days::new(late)).unwrap();
        if paid <= day("2026-12-31") {
            let accrued = legal().accrue(c(1), due, paid).unwrap();
            let days: i64 = accrued.stretches.iter().map(|stretch| stretch.days).sum();
            prop_assert_eq!(days, i64::try_from(late).unwrap());
        }
    }
}
