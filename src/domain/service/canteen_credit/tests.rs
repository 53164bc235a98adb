use super::*;
use crate::domain::service::samples::{details, service, terms};
use serde_json::json;

#[test]
fn a_top_up_is_a_notice_of_the_amount_that_was_asked() {
    let assessment = CanteenCredit
        .assess(&details(KIND), &service(KIND))
        .unwrap();
    let notice = &assessment.options[0].notices[0];
    assert_eq!(notice.description, "Mensa prepagata - ricarica");
    assert_eq!(notice.schedule.nominal().get(), 3000);
    let rows: Vec<(&str, i64)> = assessment
        .rows
        .iter()
        .map(|row| (row.code.as_ref(), row.amount.get()))
        .collect();
    assert_eq!(rows, [("top_up", 3000), ("vat_included", 0)]);
}

#[test]
fn a_top_up_keeps_within_the_limits_of_the_service() {
    for (amount, fits) in [(499, false), (500, true), (30_000, true), (30_001, false)] {
        let mut details = details(KIND);
        details["amount_cents"] = json!(amount);
        let assessed = CanteenCredit.assess(&details, &service(KIND));
        assert_eq!(assessed.is_ok(), fits, "{amount}");
        if let Err(errors) = assessed {
            assert_eq!(errors[0].pointer, "/amount_cents");
        }
    }
}

#[test]
fn limits_that_exclude_each_other_and_a_floor_above_zero_are_refused() {
    let mut terms = terms(KIND);
    terms["top_up_max_cents"] = json!(499);
    terms["credit_floor_cents"] = json!(1);
    let errors = CanteenCredit.check_terms(&terms).unwrap_err();
    let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/top_up_max_cents", "/credit_floor_cents"]);
}
