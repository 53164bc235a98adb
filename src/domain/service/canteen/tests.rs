use super::*;
use crate::domain::service::samples::{day, details, service, terms};
use serde_json::json;

const CHILDREN: [&str; 3] = ["LNCNCL18S08A515N", "TRDVLI16C61A241T", "RSSMRA80A01H501U"];

fn bill(isee_cents: Option<i64>, resident: bool, meals: &[i64]) -> Value {
    let pupil = |(i, meals): (usize, &i64)| json!({"pupil_tax_code": CHILDREN[i], "sibling_order": i.checked_add(1), "meals": meals});
    let pupils: Vec<Value> = meals.iter().enumerate().map(pupil).collect();
    let mut bill = json!({"year": 2026, "month": 3, "resident": resident, "pupils": pupils});
    if let Some(isee) = isee_cents {
        bill["isee_cents"] = json!(isee);
    }
    bill
}

fn parts(details: &Value) -> Vec<i64> {
    let assessment = Canteen.assess(details, &service("canteen")).unwrap();
    assessment.rows.iter().map(|row| row.amount.get()).collect()
}

fn price(isee_cents: Option<i64>, sibling_order: i64) -> i64 {
    let terms: CanteenTerms = serde_json::from_value(terms("canteen")).unwrap();
    let mut details: CanteenDetails = serde_json::from_value(details("canteen")).unwrap();
    details.isee_cents = isee_cents;
    terms.price_cents(&details, sibling_order)
}

#[test]
fn a_bracket_includes_its_bound() {
    for (isee, cents) in [
        (Some(580_000), 0),
        (Some(600_000), 0),
        (Some(600_001), 214),
        (Some(1_254_400), 214),
        (Some(1_254_401), 273),
        (Some(1_500_000), 273),
        (Some(1_500_001), 308),
        (Some(2_100_000), 308),
        (Some(2_100_001), 348),
        (None, 348),
    ] {
        assert_eq!(price(isee, 1), cents, "{isee:?}");
    }
}

#[test]
fn a_sibling_pays_the_lower_of_two_prices() {
    assert_eq!(
        (price(Some(1_000_000), 2), price(Some(1_000_000), 3)),
        (214, 110)
    );
    assert_eq!(
        (price(Some(1_800_000), 2), price(Some(1_800_000), 5)),
        (273, 110)
    );
    assert_eq!(price(Some(500_000), 3), 0, "an exemption wins");
}

#[test]
fn a_month_is_billed_by_child() {
    assert_eq!(parts(&bill(Some(1_800_000), true, &[17])), [5236]);
    assert_eq!(
        parts(&bill(Some(1_800_000), true, &[16, 15, 18])),
        [4928, 4095, 1980]
    );
    assert_eq!(parts(&bill(None, true, &[21])), [7308]);
    assert_eq!(parts(&bill(Some(500_000), false, &[21])), [7308]);
}

#[test]
fn the_notice_names_the_month_and_falls_due_after_the_days_of_the_terms() {
    let assessment = Canteen
        .assess(
            &bill(Some(1_800_000), true, &[16, 15, 18]),
            &service("canteen"),
        )
        .unwrap();
    let notice = &assessment.options[0].notices[0];
    assert_eq!(notice.description, "Mensa scolastica - marzo 2026");
    // 30 days from 1 April end on 1 May, a holiday.
    assert_eq!(notice.due_on, Some(day("2026-05-02")));
    assert_eq!(notice.schedule.nominal().get(), 11003);
    assert_eq!(assessment.rows[1].label, "2° figlio: 15 pasti × 2,73 €");
}

#[test]
fn free_meals_are_no_notice() {
    let errors = Canteen
        .assess(&bill(Some(500_000), true, &[10]), &service("canteen"))
        .unwrap_err();
    assert_eq!(errors[0].pointer, "/pupils");
}

#[test]
fn every_broken_rule_is_told_at_once() {
    let details = json!({
        "year": 1999, "month": 13, "resident": true, "isee_cents": -1,
        "pupils": [
            {"pupil_tax_code": "RSSMRA80A01H501A", "sibling_order": 1, "meals": 0},
            {"pupil_tax_code": "ANONIMO", "sibling_order": 1, "meals": 1},
            {"pupil_tax_code": "lncncl18s08a515n", "sibling_order": 21, "meals": 100},
        ],
    });
    let errors = Canteen.assess(&details, &service("canteen")).unwrap_err();
    let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/year",
            "/month",
            "/isee_cents",
            "/pupils/0/pupil_tax_code",
            "/pupils/0/meals",
            "/pupils/1/pupil_tax_code",
            "/pupils/1/sibling_order",
            "/pupils/2/pupil_tax_code",
            "/pupils/2/sibling_order",
            "/pupils/2/meals",
        ]
    );
    assert!(
        errors
            .iter()
            .all(|error| !error.said.it.contains("RSSMRA") && !error.said.en.contains("RSSMRA"))
    );
}

#[test]
fn brackets_must_rise() {
    let mut terms = terms("canteen");
    terms["brackets"][1]["up_to_cents"] = json!(600_000);
    terms["brackets"][1]["price_cents"] = json!(309);
    terms["full_price_cents"] = json!(100);
    let errors = Canteen.check_terms(&terms).unwrap_err();
    let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/brackets", "/brackets", "/full_price_cents"]);
}

proptest::proptest! {
    #[test]
    fn the_price_never_falls_when_isee_rises(isee in 0i64..3_000_000, more in 0i64..100_000) {
        let richer = isee.saturating_add(more);
        for order in 1..4 {
            proptest::prop_assert!(price(Some(isee), order) <= price(Some(richer), order));
            proptest::prop_assert!(price(Some(richer), order) <= price(None, order));
            proptest::prop_assert!(price(Some(isee), order) <= price(Some(isee), 1));
        }
    }
}
