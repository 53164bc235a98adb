use super::*;
use proptest::prelude::*;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn declared(isee_cents: i64, from: Option<&str>, to: Option<&str>) -> IseeDeclaration {
    IseeDeclaration {
        isee_cents,
        valid_from: from.map(day),
        valid_to: to.map(day),
    }
}

#[test]
fn the_isee_handed_in_last_decides_from_the_next_month_or_from_its_day() {
    let isee = [
        declared(100, None, None),
        declared(200, Some("2026-03-12"), Some("2026-12-31")),
    ];
    for (on, by_month, by_day) in [
        ("2026-03-11", Some(100), Some(100)),
        ("2026-03-12", Some(100), Some(200)),
        ("2026-04-01", Some(200), Some(200)),
        ("2026-12-31", Some(200), Some(200)),
        ("2027-01-01", Some(100), Some(100)),
    ] {
        assert_eq!(
            IseeEffective::NextMonth.on(&isee, day(on)),
            by_month,
            "{on}"
        );
        assert_eq!(IseeEffective::Date.on(&isee, day(on)), by_day, "{on}");
    }
    let expired = [declared(100, None, Some("2025-12-31"))];
    assert_eq!(IseeEffective::Date.on(&expired, day("2026-01-01")), None);
    assert_eq!(
        IseeEffective::NextMonth.on(&expired, day("2026-01-31")),
        None
    );
}

fn broken(check: impl Fn(&mut Findings)) -> Vec<String> {
    let mut findings = Findings::default();
    check(&mut findings);
    let errors = findings.result().err().unwrap_or_default();
    errors.into_iter().map(|error| error.pointer).collect()
}

#[test]
fn terms_that_cannot_be_a_tariff_are_told() {
    let point = |isee_cents, price_cents| IseePoint {
        isee_cents,
        price_cents,
    };
    let line = IseePrice::Linear {
        from: point(200, 9),
        to: point(200, 8),
        full_cents: Some(11),
    };
    assert_eq!(
        broken(|found| line.check("/price", 10, found)),
        [
            "/price/linear/to/isee_cents",
            "/price/linear/full_cents",
            "/price/linear/to/price_cents"
        ]
    );
    let flat = IseePrice::Flat { price_cents: -1 };
    assert_eq!(
        broken(|found| flat.check("", 10, found)),
        ["/flat/price_cents"]
    );
    let rule = |from_order, pays| SiblingRule { from_order, pays };
    let rules = [
        rule(3, SiblingPrice::PriceCents(11)),
        rule(1, SiblingPrice::DiscountBp(0)),
    ];
    assert_eq!(
        broken(|found| check_siblings("/siblings", &rules, 10, found)),
        [
            "/siblings/0/pays/price_cents",
            "/siblings/1/from_order",
            "/siblings/1/pays/discount_bp",
            "/siblings",
        ]
    );
    let isee = [
        declared(-1, Some("2026-02-01"), Some("2026-01-31")),
        declared(1, Some("2026-02-01"), None),
    ];
    assert_eq!(
        broken(|found| check_declarations("/isee", &isee, found)),
        [
            "/isee/0/isee_cents",
            "/isee/0/valid_to",
            "/isee/1/valid_from"
        ]
    );
}

/// Any price that passes its own check.
fn any_price() -> impl Strategy<Value = IseePrice> {
    let steps = proptest::collection::vec((1i64..500_000, 0i64..200), 0..8);
    let brackets = (steps, 0i64..200).prop_map(|(rises, more)| {
        let (mut up_to_cents, mut price_cents) = (0, 0);
        let steps = rises.into_iter().map(|(isee, price)| {
            up_to_cents += isee;
            price_cents += price;
            IseeBracket {
                up_to_cents,
                price_cents,
            }
        });
        let steps: Vec<IseeBracket> = steps.collect();
        let last = steps.last().map_or(0, |step| step.price_cents);
        IseePrice::Brackets {
            steps,
            full_cents: last + more,
        }
    });
    let line = (
        0i64..1_000_000,
        1i64..3_000_000,
        0i64..500,
        0i64..2_000,
        0i64..200,
    );
    let line = line.prop_map(|(isee, width, price, rise, more)| IseePrice::Linear {
        from: IseePoint {
            isee_cents: isee,
            price_cents: price,
        },
        to: IseePoint {
            isee_cents: isee + width,
            price_cents: price + rise,
        },
        full_cents: Some(price + rise + more),
    });
    prop_oneof![
        brackets,
        line,
        (0i64..2_000).prop_map(|price_cents| IseePrice::Flat { price_cents })
    ]
}

proptest! {
    #[test]
    fn the_price_never_falls_when_the_isee_rises_and_is_highest_without_one(
        price in any_price(), isee in 0i64..4_000_000, more in 0i64..500_000,
    ) {
        prop_assert_eq!(broken(|found| price.check("", 10_000, found)), Vec::<String>::new());
        let (low, high) = (price.price(Some(isee)).unwrap(), price.price(Some(isee + more)).unwrap());
        prop_assert!(Cents::ZERO <= low && low <= high);
        prop_assert!(high <= price.price(None).unwrap());
    }

    #[test]
    fn a_sibling_never_pays_more_than_the_family_s_own_price(
        own in 0i64..2_000, fixed in 0i64..2_000, bp in 1u32..=10_000, order in 1i64..6,
    ) {
        let rules = [
            SiblingRule { from_order: 2, pays: SiblingPrice::PriceCents(fixed) },
            SiblingRule { from_order: 3, pays: SiblingPrice::DiscountBp(bp) },
        ];
        let own = Cents::new(own).unwrap();
        let child = ChildPrice::of(own, &rules, order).unwrap();
        prop_assert!(child.unit <= own);
        prop_assert!(child.unit.share(child.discount_bp).unwrap() <= child.unit);
        prop_assert_eq!(child.discount_bp > 0, order >= 3);
        if order == 1 {
            prop_assert_eq!(child.unit, own);
        }
    }
}
