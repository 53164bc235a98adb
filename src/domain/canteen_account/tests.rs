use super::*;
use crate::domain::service::samples::{day, service};

mod vectors;

const ONE: &str = "TRDVLI16C61A241T";
const TWO: &str = "LNCNCL18S08A515N";

fn c(cents: i64) -> Cents {
    Cents::new(cents).unwrap()
}

fn family() -> CanteenFamily {
    let pupil = |code: &str, sibling_order| EnrolledPupil {
        pupil_tax_code: code.to_owned(),
        pupil_name: "Viola Tarducci".to_owned(),
        school: None,
        sibling_order,
        reductions: Vec::new(),
    };
    CanteenFamily {
        resident: true,
        isee: vec![IseeDeclaration {
            isee_cents: 1_800_000,
            valid_from: None,
            valid_to: None,
        }],
        pupils: vec![pupil(ONE, 1), pupil(TWO, 2)],
    }
}

fn pointers(checked: Result<(), Vec<DetailsError>>) -> Vec<String> {
    let errors = checked.err().unwrap_or_default();
    errors.into_iter().map(|error| error.pointer).collect()
}

#[test]
fn a_family_is_checked_whole() {
    let service = service("canteen_credit");
    let terms = CanteenCreditTerms::of(&service).unwrap();
    assert_eq!(family().check(&terms.tariff), Ok(()));
    let mut broken = family();
    broken.pupils[0].pupil_name = " ".to_owned();
    broken.pupils[0].reductions = vec!["none".to_owned()];
    broken.pupils[1].sibling_order = 1;
    broken.isee[0].isee_cents = -1;
    assert_eq!(
        pointers(broken.check(&terms.tariff)),
        [
            "/isee/0/isee_cents",
            "/pupils/0/pupil_name",
            "/pupils/0/reductions/0",
            "/pupils/1"
        ]
    );
}

#[test]
fn meals_have_the_price_of_the_child_and_none_is_sold_on_a_holiday() {
    let service = service("canteen_credit");
    let terms = CanteenCreditTerms::of(&service).unwrap();
    let monday = day("2026-04-13");
    assert_eq!(family().meal(terms, ONE, monday), Ok(c(308)));
    assert_eq!(family().meal(terms, TWO, monday), Ok(c(273)));
    let stranger = family()
        .meal(terms, "RSSMRA80A01H501U", monday)
        .unwrap_err();
    assert_eq!(stranger.pointer, "/pupil_tax_code");
    let easter = family().meal(terms, ONE, day("2026-04-06")).unwrap_err();
    assert_eq!(easter.pointer, "/meal_date");
}

#[test]
fn the_only_pupil_need_not_be_named() {
    let mut alone = family();
    assert!(alone.pupil(None).is_err());
    alone.pupils.truncate(1);
    assert_eq!(alone.pupil(None).unwrap().pupil_tax_code, ONE);
}

#[test]
fn a_free_meal_is_had_at_any_balance() {
    assert_eq!(taken(c(-5000), c(0), c(0)), Ok(c(-5000)));
    assert!(taken(c(-5000), c(1), c(0)).is_err());
    assert_eq!(taken(c(100), c(100), c(0)), Ok(c(0)));
}

proptest::proptest! {
    #[test]
    fn an_account_never_falls_below_its_floor(
        start in 0i64..5_000, floor in -2_000i64..=0, takes in proptest::collection::vec(1i64..800, 0..40),
    ) {
        let mut balance = c(start);
        for amount in takes {
            match taken(balance, c(amount), c(floor)) {
                Ok(left) => balance = left,
                Err(_) => proptest::prop_assert!(balance.minus(c(amount)).unwrap() < c(floor)),
            }
            proptest::prop_assert!(balance >= c(floor));
        }
    }
}
