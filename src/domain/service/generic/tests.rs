use super::*;
use crate::domain::service::samples::{day, service};
use serde_json::json;

fn priced(price: &Value) -> Service {
    let mut service = service("generic");
    service.terms["price"] = price.clone();
    service
}

fn nominal(details: &Value, service: &Service) -> i64 {
    let assessment = Generic.assess(details, service).unwrap();
    assessment.options[0].notices[0].schedule.nominal().get()
}

fn refused(details: &Value, service: &Service) -> Vec<(String, String)> {
    let errors = Generic.assess(details, service).unwrap_err();
    errors
        .into_iter()
        .map(|error| (error.pointer, error.said.it))
        .collect()
}

#[test]
fn a_price_is_fixed_by_unit_or_free() {
    // An identity card, three votive lamps, a donation.
    let fixed = priced(&json!({"fixed": {"amount_cents": 2221}}));
    assert_eq!(nominal(&json!({}), &fixed), 2221);
    let tariff = priced(&json!({"tariff": {"unit_cents": 1708, "unit_label": "lampada"}}));
    assert_eq!(nominal(&json!({"quantity": 3}), &tariff), 5124);
    let free = priced(&json!({"free": {"minimum_cents": 500, "maximum_cents": 100_000}}));
    assert_eq!(nominal(&json!({"amount_cents": 28600}), &free), 28600);
}

#[test]
fn a_field_the_price_does_not_use_is_refused_and_one_it_needs_is_wanted() {
    let fixed = priced(&json!({"fixed": {"amount_cents": 2221}}));
    let errors = refused(&json!({"quantity": 1, "amount_cents": 5}), &fixed);
    let pointers: Vec<&str> = errors.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(pointers, ["/quantity", "/amount_cents"]);
    let free = priced(&json!({"free": {"minimum_cents": 500, "maximum_cents": 100_000}}));
    assert_eq!(refused(&json!({}), &free)[0].0, "/amount_cents");
    let (pointer, detail) = refused(&json!({"amount_cents": 499}), &free).remove(0);
    assert_eq!(pointer, "/amount_cents");
    assert_eq!(detail, "deve essere un numero intero da 500 a 100000");
}

#[test]
fn the_due_day_is_the_one_typed_or_that_of_the_terms() {
    let of = |details: &Value| {
        let mut assessment = Generic.assess(details, &service("generic")).unwrap();
        assessment.options.pop().unwrap().notices.pop().unwrap()
    };
    assert_eq!(of(&json!({"quantity": 1})).due_on, Some(day("2026-05-02")));
    assert_eq!(of(&json!({"quantity": 1})).description, "Lampade votive");
    let typed = of(&json!({"quantity": 1, "due_on": "2026-05-01", "description": "loculo 12"}));
    assert_eq!(typed.due_on, Some(day("2026-05-01")));
    assert_eq!(typed.description, "Lampade votive - loculo 12");
    let errors = refused(
        &json!({"quantity": 1, "due_on": "2026-03-31"}),
        &service("generic"),
    );
    assert_eq!(errors[0].0, "/due_on");
}

#[test]
fn more_than_a_notice_can_carry_is_refused() {
    let dear = priced(&json!({"tariff": {"unit_cents": 99_999_999_999_i64, "unit_label": "m²"}}));
    assert_eq!(refused(&json!({"quantity": 2}), &dear).len(), 1);
    assert_eq!(refused(&json!({"quantity": 100_000}), &dear).len(), 1);
}

#[test]
fn terms_that_make_no_price_are_refused() {
    for (price, pointer) in [
        (
            json!({"fixed": {"amount_cents": 0}}),
            "/price/fixed/amount_cents",
        ),
        (
            json!({"tariff": {"unit_cents": 1, "unit_label": ""}}),
            "/price/tariff/unit_label",
        ),
        (
            json!({"free": {"minimum_cents": 2, "maximum_cents": 1}}),
            "/price/free/maximum_cents",
        ),
        (
            json!({"free": {"minimum_cents": 2}}),
            "/price/free/maximum_cents",
        ),
        (json!({"gift": {}}), "/price/gift"),
    ] {
        let errors = Generic.check_terms(&priced(&price).terms).unwrap_err();
        assert_eq!(errors[0].pointer, pointer, "{price}: {errors:?}");
    }
}
