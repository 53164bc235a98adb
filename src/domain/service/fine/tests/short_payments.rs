//! Payments that came short (`charges.md` §4.1 and F13).

use super::*;
use crate::domain::service::DetailsError;

/// The steps of the notice that asks for the rest: last day and cents.
type Rest = Vec<(Option<Day>, i64)>;

fn balance(
    service: &mut Service,
    (paid, on): (i64, &str),
    asked_on: &str,
) -> Result<Balance, Vec<DetailsError>> {
    service.issued_on = day(asked_on);
    let details = report(&[("142-7", false)], 1550, Some("2026-04-29"));
    let paid = Payment {
        amount: Cents::new(paid).unwrap(),
        on: day(on),
    };
    Fine.balance(&details, service, paid)
}

fn rest(balance: Balance) -> Rest {
    let Balance::Short(notice) = balance else {
        panic!("nothing is missing: {balance:?}");
    };
    let steps = notice.schedule.steps().iter();
    steps
        .map(|step| (step.until, step.amounts[0].get()))
        .collect()
}

mod vectors {
    use super::*;

    #[test]
    fn f13_the_reduced_sum_on_day_70_leaves_44_50() {
        let paid = balance(&mut service("fine"), (5_750, "2026-07-08"), "2026-07-10").unwrap();
        assert_eq!(rest(paid), [(None, 4_450)]);
    }

    #[test]
    fn f13_the_discounted_sum_on_day_8_is_completed_with_12_60_until_day_60() {
        let paid = balance(&mut service("fine"), (4_490, "2026-05-07"), "2026-05-08").unwrap();
        assert_eq!(
            rest(paid),
            [(Some(day("2026-06-29")), 1_260), (None, 5_710)]
        );
    }

    #[test]
    fn f13_after_day_60_the_discounted_sum_leaves_57_10() {
        let paid = balance(&mut service("fine"), (4_490, "2026-05-07"), "2026-06-30").unwrap();
        assert_eq!(rest(paid), [(None, 5_710)]);
    }
}

#[test]
fn what_was_enough_on_its_day_stays_enough() {
    let mut service = service("fine");
    for (paid, on, over) in [
        (4_490, "2026-05-04", 0),
        (5_750, "2026-06-29", 0),
        (10_200, "2026-06-30", 0),
        (5_750, "2026-05-04", 1_260),
        (10_201, "2027-01-01", 1),
    ] {
        let expected = match over {
            0 => Balance::Even,
            over => Balance::Over(Cents::new(over).unwrap()),
        };
        assert_eq!(
            balance(&mut service, (paid, on), "2027-01-01"),
            Ok(expected),
            "{paid} {on}"
        );
    }
}

#[test]
fn a_town_that_takes_no_integration_asks_half_the_maximum() {
    let mut service = service("fine");
    service.terms["allow_integration"] = json!(false);
    let paid = balance(&mut service, (4_490, "2026-05-07"), "2026-05-08").unwrap();
    assert_eq!(rest(paid), [(None, 5_710)]);
}

#[test]
fn a_town_whose_notices_expire_still_asks_the_rest() {
    let mut service = service("fine");
    service.terms["after_60"] = json!("expired");
    let paid = balance(&mut service, (5_750, "2026-07-08"), "2026-07-10").unwrap();
    assert_eq!(rest(paid), [(None, 4_450)]);
}

#[test]
fn until_the_notification_is_known_nothing_can_be_said() {
    let details = report(&[("142-7", false)], 1550, None);
    let paid = Payment {
        amount: Cents::new(4_490).unwrap(),
        on: day("2026-05-07"),
    };
    let errors = Fine.balance(&details, &service("fine"), paid).unwrap_err();
    assert_eq!(errors[0].pointer, "/notification");
}
