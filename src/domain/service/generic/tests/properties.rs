//! What holds for any terms and any details (`charges.md` §10).

use proptest::prelude::*;

use super::*;
use crate::domain::service::tests::keeps_the_contract;

fn name() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec!["a", "b", "c", "d"])
}

fn few<T: std::fmt::Debug>(
    of: impl Strategy<Value = T>,
    most: usize,
) -> impl Strategy<Value = Vec<T>> {
    proptest::collection::vec(of, 0..=most)
}

/// Inputs that answer to the names: the first two are quantities, the last two choices.
fn inputs_of(decimals: u8, maximum: i64, coefficient: u32) -> Value {
    let quantity = json!({"quantity": {"maximum": maximum, "decimals": decimals}});
    let choice = json!({"choice": [
        {"value": "x", "label": "x", "coefficient_bp": coefficient},
        {"value": "y", "label": "y"},
    ]});
    let input = |(name, asks, default): (&str, &Value, &str)| json!({"name": name, "label": name, "asks": asks, "default": default});
    let of = [
        ("a", &quantity, "1"),
        ("b", &quantity, "0"),
        ("c", &choice, "x"),
        ("d", &choice, "y"),
    ];
    Value::Array(of.into_iter().map(input).collect())
}

/// Prices of the row in this place, which may be part of the rows before it.
fn price(place: usize) -> impl Strategy<Value = Value> {
    let earlier = few(name(), 2).prop_map(move |mut of| {
        of.retain(|name| ["a", "b", "c", "d"].iter().take(place).any(|a| a == name));
        of
    });
    prop_oneof![
        6 => (-500i64..20_000).prop_map(|cents| json!({ "cents": cents })),
        1 => any::<i64>().prop_map(|cents| json!({ "cents": cents })),
        3 => (0i64..90_000_000).prop_map(|micro| json!({ "micro": micro })),
        1 => (1i64..50_000, 0i64..50_000).prop_map(|(least, more)| {
            json!({"typed": {"minimum_cents": least, "maximum_cents": least.saturating_add(more)}})
        }),
        4 => (-6000i64..12_000, earlier)
            .prop_map(|(bp, of)| json!({"share": {"bp": bp, "of": of}})),
        2 => (0i64..9000, 0i64..90_000).prop_map(|(low, more)| json!({"isee": {"linear": {
            "from": {"isee_cents": 100, "price_cents": low},
            "to": {"isee_cents": 5_000_000, "price_cents": low.saturating_add(more)},
        }}})),
    ]
}

fn row(place: usize, code: &'static str) -> impl Strategy<Value = Value> {
    let quantity = proptest::sample::select(vec!["a", "b"]);
    let factor = (quantity, few(1i64..9, 1)).prop_map(|(quantity, per)| match per.first() {
        Some(per) => json!({"quantity": quantity, "per": per}),
        None => json!({ "quantity": quantity }),
    });
    let condition = prop_oneof![
        proptest::sample::select(vec!["x", "y"])
            .prop_map(|value| json!({"chosen": {"input": "c", "is": [value]}})),
        (0i64..9000).prop_map(|cents| json!({"above": {"cents": cents}})),
    ];
    let coefficients = few(proptest::sample::select(vec!["c", "d"]), 2);
    let parts = (price(place), few(factor, 2), coefficients, 1i64..13);
    (parts, few(condition, 1)).prop_map(move |((price, times, coefficients, divisor), when)| {
        json!({"code": code, "label": code, "price": price, "times": times,
               "coefficients": coefficients, "divisor": divisor, "when": when})
    })
}

prop_compose! {
    fn terms()(
        rows in (row(0, "a"), row(1, "b"), row(2, "c"), row(3, "d")),
        (decimals, maximum, coefficient) in (0u8..4, 1i64..2000, 0u32..40_000),
        (days, bp) in (1u32..200, 0u32..4000),
        late in 0usize..3,
        shares in few(1u32..9999, 1),
        stamped in any::<bool>(),
    ) -> Value {
        let shares: Vec<u32> = shares.first().map_or_else(Vec::new, |s| vec![*s, 10_000 - *s]);
        let late = (1..=late).map(|n| {
            let n = u32::try_from(n).unwrap();
            json!({"days": days * n, "bp": bp * n})
        });
        let mut terms = json!({
            "inputs": inputs_of(decimals, maximum, coefficient),
            "rows": [rows.0, rows.1, rows.2, rows.3],
            "plans": [{"code": "two", "due_days": [10, 100], "shares_bp": shares}],
            "late": late.collect::<Vec<_>>(),
            "due_days": 30,
        });
        if stamped {
            terms["stamps"] = stamp_terms();
        }
        terms
    }
}

prop_compose! {
    fn details()(
        answers in few((name(), "[0-9]{1,3}([.][0-9]{1,3})?|x|y|zz?"), 4),
        amount in few(-5i64..100_000, 1),
        isee in few(-5i64..9_000_000, 1),
        plan in few(proptest::sample::select(vec!["two", "three"]), 1),
        stamps in few(proptest::sample::select(vec![HASH, "x"]), 5),
    ) -> Value {
        let answers: Vec<(&str, &str)> = answers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut details = inputs(&answers);
        if let Some(cents) = amount.first() {
            details["amount_cents"] = json!(cents);
        }
        if let Some(cents) = isee.first() {
            details["isee_cents"] = json!(cents);
        }
        if let Some(code) = plan.first() {
            details["plan"] = json!(code);
        }
        let stamp = |hash: &&str| json!({"document_sha256": hash, "province": "AQ"});
        details["stamps"] = stamps.iter().map(stamp).collect();
        details
    }
}

/// The same details without what these terms do not take, and with what they want: `plan` is kept,
/// stamps are not.
fn mended(details: &Value, terms: &Value) -> Value {
    let rows = terms["rows"].as_array().unwrap();
    let priced = |how: &str| rows.iter().find_map(|row| row["price"].get(how));
    let mut mended = inputs(&[("a", "1")]);
    if let Some(typed) = priced("typed") {
        mended["amount_cents"] = typed["minimum_cents"].clone();
    }
    if priced("isee").is_some() {
        mended["isee_cents"] = json!(1_234_567);
    }
    if details["plan"] == json!("two") {
        mended["plan"] = json!("two");
    }
    mended
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_terms_and_details_are_refused_or_keep_the_contract(terms in terms(), details in details()) {
        let mut service = service("generic");
        service.terms = terms.into();
        let mended = mended(&details, &service.terms);
        for details in [details, mended] {
            let first = Generic.assess(&details, &service);
            prop_assert_eq!(&Generic.assess(&details, &service), &first);
            if let Ok(assessment) = first {
                prop_assert!(Generic.check_terms(&service.terms).is_ok());
                keeps_the_contract(&assessment, &service)?;
            }
        }
    }
}

/// The property above is not about refusals alone.
#[test]
fn many_of_those_terms_make_a_price() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut made = 0;
    for _ in 0..300 {
        let terms = terms().new_tree(&mut runner).unwrap().current();
        let details = details().new_tree(&mut runner).unwrap().current();
        let mut service = service("generic");
        service.terms = terms.into();
        let details = mended(&details, &service.terms);
        made += i32::from(Generic.assess(&details, &service).is_ok());
    }
    assert!(made > 100, "{made}");
}
