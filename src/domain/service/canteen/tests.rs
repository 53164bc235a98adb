use super::*;
use crate::domain::service::samples::{day, details, service, terms};
use serde_json::json;

mod vectors;

const CHILDREN: [&str; 3] = ["TRDVLI16C61A241T", "LNCNCL18S08A515N", "RSSMRA80A01H501U"];

/// A month of a family, without arrears.
fn bill(isee_cents: Option<i64>, resident: bool, meals: &[i64]) -> Value {
    let pupil = |(i, meals): (usize, &i64)| json!({"pupil_tax_code": CHILDREN[i], "sibling_order": i.checked_add(1), "meals": meals});
    let pupils: Vec<Value> = meals.iter().enumerate().map(pupil).collect();
    let mut bill =
        json!({"resident": resident, "months": [{"year": 2026, "month": 3, "pupils": pupils}]});
    if let Some(isee) = isee_cents {
        bill["isee"] = json!([{"isee_cents": isee}]);
    }
    bill
}

/// The sample service with other terms.
fn with_terms(change: impl Fn(&mut Value)) -> Service {
    let mut service = service("canteen");
    change(&mut service.terms);
    service
}

fn rows_of(details: &Value, service: &Service) -> Vec<(String, i64)> {
    let assessment = Canteen.assess(details, service).unwrap();
    let rows = assessment.rows.iter();
    rows.map(|row| (row.code.to_string(), row.amount.get()))
        .collect()
}

fn total(details: &Value, service: &Service) -> i64 {
    let assessment = Canteen.assess(details, service).unwrap();
    assessment.options[0].notices[0].schedule.nominal().get()
}

fn broken_at(details: &Value, service: &Service) -> Vec<String> {
    let errors = Canteen.assess(details, service).unwrap_err();
    errors.into_iter().map(|error| error.pointer).collect()
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
    let labels: Vec<&str> = assessment
        .rows
        .iter()
        .map(|row| row.label.as_str())
        .collect();
    assert_eq!(
        labels,
        [
            "marzo 2026, 1° figlio: 16 pasti × 3,08 €",
            "marzo 2026, 2° figlio: 15 pasti × 2,73 €",
            "marzo 2026, 3° figlio: 18 pasti × 1,10 €",
            "Compresi nel prezzo: imponibile 105,80 €, IVA 4 % 4,23 €",
        ]
    );
}

#[test]
fn free_meals_are_no_notice() {
    let free = bill(Some(500_000), true, &[10]);
    assert_eq!(broken_at(&free, &service("canteen")), ["/months"]);
}

#[test]
fn every_row_of_the_sample_is_explained() {
    assert_eq!(
        rows_of(&details("canteen"), &service("canteen")),
        [
            ("meals_1".to_owned(), 16 * 308),
            ("discount_1".to_owned(), -1478),
            // One of two bookings was cancelled in time.
            ("meals_2".to_owned(), 273),
            ("vat_included".to_owned(), 0),
            ("arrears_1".to_owned(), 18480),
            ("interest_1".to_owned(), 73),
            ("reminder".to_owned(), 520),
        ]
    );
}

#[test]
fn months_are_put_together_until_the_least_bill_is_reached() {
    let service = with_terms(|terms| terms["min_bill_cents"] = json!(1200));
    let mut details = bill(Some(1_800_000), true, &[3]);
    let errors = Canteen.assess(&details, &service).unwrap_err();
    assert_eq!(errors[0].pointer, "/months");
    assert!(errors[0].said.it.contains("9,24 €") && errors[0].said.it.contains("12,00 €"));
    details["last_bill"] = json!(true);
    assert_eq!(total(&details, &service), 924);
    details["last_bill"] = json!(false);
    let mut april = details["months"][0].clone();
    april["month"] = json!(4);
    details["months"].as_array_mut().unwrap().push(april);
    assert_eq!(total(&details, &service), 1848);
    let assessment = Canteen.assess(&details, &service).unwrap();
    let description = &assessment.options[0].notices[0].description;
    assert_eq!(description, "Mensa scolastica - marzo 2026 - aprile 2026");
}

#[test]
fn closed_days_strikes_and_holidays_are_never_billed() {
    let service = with_terms(|terms| terms["tariff"]["closed_days"] = json!(["2026-04-03"]));
    let on = |date: &str| json!({"date": date});
    let details = json!({
        "resident": true, "isee": [{"isee_cents": 1_800_000}],
        "months": [{
            "year": 2026, "month": 4,
            // A closed day, Easter Monday, a strike, a school day.
            "pupils": [{"pupil_tax_code": CHILDREN[0], "sibling_order": 1,
                "bookings": [on("2026-04-03"), on("2026-04-06"), on("2026-04-08"), on("2026-04-09")]}],
            "closures": [{"date": "2026-04-08", "reason": "sciopero"}],
        }],
    });
    assert_eq!(total(&details, &service), 308);
}

#[test]
fn a_number_of_meals_is_refused_where_the_isee_changes_their_price() {
    let service = with_terms(|terms| terms["tariff"]["isee_effective"] = json!("date"));
    let mut details = bill(None, true, &[17]);
    details["isee"] = json!([{"isee_cents": 1_400_000, "valid_from": "2026-03-12"}]);
    assert_eq!(broken_at(&details, &service), ["/months/0/pupils/0/meals"]);
    // From the next month on, the whole of March has the full price.
    assert_eq!(total(&details, &with_terms(|_| ())), 17 * 348);
    // Who lives elsewhere pays the full price on every day.
    details["resident"] = json!(false);
    assert_eq!(total(&details, &service), 17 * 348);
}

#[test]
fn arrears_without_a_rate_for_their_days_are_refused() {
    let mut details = details("canteen");
    details["arrears"][0]["due_on"] = json!("2024-06-30");
    assert_eq!(
        broken_at(&details, &service("canteen")),
        ["/arrears/0/due_on"]
    );
    let without = with_terms(|terms| {
        terms.as_object_mut().unwrap().remove("interest");
    });
    assert_eq!(total(&details, &without), 4928 - 1478 + 273 + 18480 + 520);
}

#[test]
fn each_pupil_has_a_share_without_interest_and_costs() {
    let details = details("canteen");
    let assessment = Canteen.assess(&details, &service("canteen")).unwrap();
    let rows: Vec<(&str, Cents)> = assessment
        .rows
        .iter()
        .map(|row| (row.code.as_ref(), row.amount))
        .collect();
    let details: CanteenDetails = serde_json::from_value(details).unwrap();
    let shares = shares(&details, &rows).unwrap();
    let found: Vec<(&str, Option<&str>, i64)> = shares
        .iter()
        .map(|share| (share.pupil_tax_code, share.pupil_name, share.amount.get()))
        .collect();
    assert_eq!(
        found,
        [
            ("LNCNCL18S08A515N", None, 273),
            (
                "TRDVLI16C61A241T",
                Some("Viola Tarducci"),
                4928 - 1478 + 18480
            ),
        ]
    );
}

#[test]
fn every_broken_rule_is_told_at_once() {
    let details = json!({
        "resident": true, "isee": [{"isee_cents": -1}],
        "months": [{"year": 1999, "month": 13, "pupils": [
            {"pupil_tax_code": "RSSMRA80A01H501A", "sibling_order": 1, "meals": -1},
            {"pupil_tax_code": "ANONIMO", "sibling_order": 1, "meals": 1},
            {"pupil_tax_code": "lncncl18s08a515n", "sibling_order": 21, "meals": 100,
                "reductions": ["none"], "bookings": [{"date": "2026-03-02"}]},
        ]}],
        "arrears": [{"pupil_tax_code": "X", "description": " ", "amount_cents": 0, "due_on": "1999-01-01"}],
    });
    let errors = Canteen.assess(&details, &service("canteen")).unwrap_err();
    let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/isee/0/isee_cents",
            "/months/0/year",
            "/months/0/month",
            "/months/0/pupils/0/pupil_tax_code",
            "/months/0/pupils/0/meals",
            "/months/0/pupils/1/pupil_tax_code",
            "/months/0/pupils/1/sibling_order",
            "/months/0/pupils/2/pupil_tax_code",
            "/months/0/pupils/2/sibling_order",
            "/months/0/pupils/2/reductions/0",
            "/months/0/pupils/2/bookings/0/date",
            "/months/0/pupils/2/meals",
            "/months/0/pupils/2/meals",
            "/arrears/0/pupil_tax_code",
            "/arrears/0/description",
            "/arrears/0/amount_cents",
            "/arrears/0/due_on",
        ]
    );
    let personal = |text: &str| text.contains("RSSMRA");
    assert!(
        !errors
            .iter()
            .any(|e| personal(&e.said.it) || personal(&e.said.en))
    );
    let nothing = json!({"resident": true});
    assert_eq!(broken_at(&nothing, &service("canteen")), ["/months"]);
}

#[test]
fn a_month_stands_once_and_a_pupil_keeps_the_place() {
    let mut details = bill(None, true, &[1, 1]);
    let mut again = details["months"][0].clone();
    again["pupils"][0]["sibling_order"] = json!(3);
    details["months"].as_array_mut().unwrap().push(again);
    assert_eq!(
        broken_at(&details, &service("canteen")),
        ["/months", "/months/1/pupils/0/sibling_order"]
    );
}

#[test]
fn brackets_must_rise() {
    let mut terms = terms("canteen");
    let brackets = &mut terms["tariff"]["price"]["brackets"];
    brackets["steps"][1]["up_to_cents"] = json!(600_000);
    brackets["steps"][1]["price_cents"] = json!(309);
    brackets["full_cents"] = json!(100);
    let errors = Canteen.check_terms(&terms).unwrap_err();
    let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    let at = "/tariff/price/brackets";
    assert_eq!(
        pointers,
        [
            format!("{at}/steps"),
            format!("{at}/steps"),
            format!("{at}/full_cents")
        ]
    );
}

proptest::proptest! {
    #[test]
    fn the_bill_never_falls_when_the_isee_rises_and_a_sibling_never_pays_more(
        isee in 600_001i64..3_000_000, more in 0i64..100_000, meals in 1i64..=99,
    ) {
        let service = service("canteen");
        let whole = |isee, meals: &[i64]| total(&bill(isee, true, meals), &service);
        let richer = isee.saturating_add(more);
        let all = [meals, meals, meals];
        proptest::prop_assert!(whole(Some(isee), &all) <= whole(Some(richer), &all));
        proptest::prop_assert!(whole(Some(richer), &all) <= whole(None, &all));
        let rows = rows_of(&bill(Some(isee), true, &all), &service);
        proptest::prop_assert!(rows[1].1 <= rows[0].1 && rows[2].1 <= rows[0].1);
    }
}
