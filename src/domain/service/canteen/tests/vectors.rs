//! The vectors of `charges.md` §3.5; M7 and M13 are of the credit account and of the certificate.

use super::*;

/// What a meal of the child at this place costs in the tariff of the vectors.
fn meal(isee_cents: Option<i64>, order: usize) -> i64 {
    let mut details = bill(isee_cents, true, &[1, 1, 1]);
    // Somebody pays, so that there is a bill.
    details["arrears"] = json!([{"pupil_tax_code": CHILDREN[0], "description": "altro",
        "amount_cents": 100, "due_on": "2026-03-31"}]);
    rows_of(&details, &service("canteen"))[order].1
}

#[test]
fn m1a_isee_5800_is_exempt() {
    assert_eq!(meal(Some(580_000), 0), 0);
}

#[test]
fn m1b_the_bound_6000_is_exempt() {
    assert_eq!(meal(Some(600_000), 0), 0);
}

#[test]
fn m1c_a_cent_above_6000_pays_214() {
    assert_eq!(meal(Some(600_001), 0), 214);
}

#[test]
fn m2a_the_bound_12544_pays_214() {
    assert_eq!(meal(Some(1_254_400), 0), 214);
}

#[test]
fn m2b_a_cent_above_12544_pays_273() {
    assert_eq!(meal(Some(1_254_401), 0), 273);
}

#[test]
fn m2c_the_bound_15000_pays_273() {
    assert_eq!(meal(Some(1_500_000), 0), 273);
}

#[test]
fn m2d_a_cent_above_15000_pays_308() {
    assert_eq!(meal(Some(1_500_001), 0), 308);
}

#[test]
fn m3a_the_bound_21000_pays_308() {
    assert_eq!(meal(Some(2_100_000), 0), 308);
}

#[test]
fn m3b_a_cent_above_21000_pays_348() {
    assert_eq!(meal(Some(2_100_001), 0), 348);
}

#[test]
fn m3c_without_isee_the_full_348() {
    assert_eq!(meal(None, 0), 348);
}

#[test]
fn m4_seventeen_meals_are_5236() {
    let details = bill(Some(1_800_000), true, &[17]);
    assert_eq!(total(&details, &service("canteen")), 5236);
}

#[test]
fn m5_three_children_are_11003() {
    let details = bill(Some(1_800_000), true, &[16, 15, 18]);
    let rows = rows_of(&details, &service("canteen"));
    let amounts: Vec<i64> = rows.iter().take(3).map(|(_, amount)| *amount).collect();
    assert_eq!(amounts, [4928, 4095, 1980]);
    assert_eq!(total(&details, &service("canteen")), 11003);
}

#[test]
fn m5b_second_child_pays_the_lower_214() {
    assert_eq!(meal(Some(1_000_000), 1), 214);
}

#[test]
fn m5b_third_child_pays_110() {
    assert_eq!(meal(Some(1_000_000), 2), 110);
}

#[test]
fn m5b_an_exemption_wins() {
    assert_eq!((meal(Some(500_000), 1), meal(Some(500_000), 2)), (0, 0));
}

#[test]
fn m6a_without_isee_21_meals_are_7308() {
    assert_eq!(total(&bill(None, true, &[21]), &service("canteen")), 7308);
}

#[test]
fn m6b_not_resident_21_meals_are_7308() {
    let details = bill(Some(500_000), false, &[21]);
    assert_eq!(total(&details, &service("canteen")), 7308);
}

#[test]
fn m6c_an_expired_isee_is_none() {
    let mut details = bill(None, true, &[21]);
    details["isee"] = json!([{"isee_cents": 500_000, "valid_to": "2025-12-31"}]);
    assert_eq!(total(&details, &service("canteen")), 7308);
}

/// A meal on the line from 4 000 → 1.00 to 28 000 → 5.50.
fn on_line(isee_cents: i64) -> i64 {
    let service = with_terms(|terms| {
        terms["tariff"]["price"] = json!({"linear": {
            "from": {"isee_cents": 400_000, "price_cents": 100},
            "to": {"isee_cents": 2_800_000, "price_cents": 550},
        }});
    });
    total(&bill(Some(isee_cents), true, &[1]), &service)
}

#[test]
fn m8a_below_the_line_100() {
    assert_eq!(on_line(350_000), 100);
}

#[test]
fn m8b_where_the_line_begins_100() {
    assert_eq!(on_line(400_000), 100);
}

#[test]
fn m8c_in_the_middle_325() {
    assert_eq!(on_line(1_600_000), 325);
}

#[test]
fn m8d_isee_16789_34_is_340() {
    assert_eq!(on_line(1_678_934), 340);
}

#[test]
fn m8e_a_cent_before_the_end_550() {
    assert_eq!(on_line(2_799_999), 550);
}

#[test]
fn m8f_where_the_line_ends_550() {
    assert_eq!(on_line(2_800_000), 550);
}

/// A meal of a flat price with a reduction.
fn reduced(price_cents: i64, bp: u32) -> Vec<(String, i64)> {
    let service = with_terms(|terms| {
        terms["tariff"]["price"] = json!({"flat": {"price_cents": price_cents}});
        terms["tariff"]["reductions"][0]["bp"] = json!(bp);
        terms["vat_bp"] = json!(0);
    });
    let mut details = bill(None, true, &[1]);
    details["months"][0]["pupils"][0]["reductions"] = json!(["home"]);
    let rows = rows_of(&details, &service);
    assert_eq!(
        rows.iter().map(|row| row.1).sum::<i64>(),
        total(&details, &service)
    );
    rows
}

#[test]
fn m9a_460_less_30_percent_is_322() {
    let rows = reduced(460, 3000);
    assert_eq!((rows[0].1, rows[1].1), (460, -138));
}

#[test]
fn m9b_435_less_50_percent_is_217() {
    let rows = reduced(435, 5000);
    assert_eq!((rows[0].1, rows[1].1), (435, -218));
}

/// Bookings on these days of March 2026.
fn booked(days: &[u32]) -> Value {
    days.iter()
        .map(|day| json!({"date": format!("2026-03-{day:02}")}))
        .collect()
}

#[test]
fn m10_a_month_with_a_new_isee_is_two_parts_5241() {
    let service = with_terms(|terms| terms["tariff"]["isee_effective"] = json!("date"));
    let days = [2, 3, 4, 5, 6, 9, 10, 11, 12, 13, 16, 17, 18, 19, 20, 23, 24];
    let details = json!({
        "resident": true,
        "isee": [{"isee_cents": 1_400_000, "valid_from": "2026-03-12", "valid_to": "2026-12-31"}],
        "months": [{"year": 2026, "month": 3, "pupils":
            [{"pupil_tax_code": CHILDREN[0], "sibling_order": 1, "bookings": booked(&days)}]}],
    });
    let rows = rows_of(&details, &service);
    assert_eq!((rows[0].1, rows[1].1), (8 * 348, 9 * 273));
    assert_eq!(total(&details, &service), 5241);
}

/// A family with twenty bookings in March, four of them cancelled at these hours of the clock.
fn with_cancellations(hours: &[&str]) -> Value {
    let days: Vec<u32> = (2..=6)
        .chain(9..=13)
        .chain(16..=20)
        .chain(23..=27)
        .collect();
    let mut bookings = booked(&days);
    for (i, hour) in hours.iter().enumerate() {
        let date = bookings[i]["date"].as_str().unwrap().to_owned();
        bookings[i]["cancelled_at"] = json!(format!("{date}T{hour}+01:00"));
    }
    json!({
        "resident": true, "isee": [{"isee_cents": 1_800_000}],
        "months": [{"year": 2026, "month": 3, "pupils":
            [{"pupil_tax_code": CHILDREN[0], "sibling_order": 1, "bookings": bookings}]}],
    })
}

#[test]
fn m11_twenty_booked_three_cancelled_in_time_one_late_is_5236() {
    let details = with_cancellations(&["08:40:00", "08:40:00", "08:40:00", "09:05:00"]);
    assert_eq!(total(&details, &service("canteen")), 5236);
}

#[test]
fn m11_nine_sharp_is_in_time_and_a_moment_later_is_not() {
    let details = with_cancellations(&["09:00:00", "09:00:00.000001"]);
    assert_eq!(total(&details, &service("canteen")), 19 * 308);
}

#[test]
fn m11_the_hour_is_on_a_clock_in_rome_in_summer_too() {
    let booking = |at: &str| CanteenBooking {
        date: day("2026-05-04"),
        cancelled_at: Some(at.parse().unwrap()),
    };
    let terms: CanteenTerms = serde_json::from_value(terms("canteen")).unwrap();
    let counts = |at: &str| billed(&booking(at), terms.tariff.cutoff, |_| true);
    assert!(!counts("2026-05-04T07:00:00Z"));
    assert!(counts("2026-05-04T07:00:01Z"));
}

#[test]
fn m12_arrears_of_184_80_with_interest_and_reminder_are_19073() {
    let details = json!({
        "resident": true,
        "arrears": [{"pupil_tax_code": CHILDREN[0], "description": "novembre 2025",
            "amount_cents": 18480, "due_on": "2025-12-31"}],
        "interest_to": "2026-03-31",
    });
    let rows = rows_of(&details, &service("canteen"));
    let amounts: Vec<i64> = rows.iter().map(|(_, amount)| *amount).collect();
    assert_eq!(amounts, [18480, 73, 520]);
    assert_eq!(total(&details, &service("canteen")), 19073);
}

#[test]
fn m14_the_vat_inside_52_36_is_201_and_is_not_added() {
    let details = bill(Some(1_800_000), true, &[17]);
    let assessment = Canteen.assess(&details, &service("canteen")).unwrap();
    let note = "imponibile 50,35 €, IVA 4 % 2,01 €";
    assert!(assessment.rows[1].label.ends_with(note));
    assert_eq!(assessment.rows[1].amount, Cents::ZERO);
    let step = &assessment.options[0].notices[0].schedule.steps()[0];
    assert!(step.reason.contains(note), "{}", step.reason);
    assert_eq!(step.amounts, [Cents::new(5236).unwrap()]);
}

/// A fee of 15.00 a month and meals at 4.10.
fn with_fee(meals: i64, half: bool) -> i64 {
    let service = with_terms(|terms| {
        terms["tariff"]["price"] = json!({"flat": {"price_cents": 410}});
        terms["monthly_fee"] = json!({"flat": {"price_cents": 1500}});
    });
    let mut details = bill(None, true, &[meals]);
    details["months"][0]["pupils"][0]["half_month"] = json!(half);
    total(&details, &service)
}

#[test]
fn m15a_fee_and_twelve_meals_are_6420() {
    assert_eq!(with_fee(12, false), 6420);
}

#[test]
fn m15b_half_a_fee_and_five_meals_are_2800() {
    assert_eq!(with_fee(5, true), 2800);
}
