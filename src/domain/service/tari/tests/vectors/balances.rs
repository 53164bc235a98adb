//! The rest of a year whose advance was asked before, and the limits of the social bonus.

use super::*;

/// The advance of T17, and T1 as what it turned out to be.
fn after_the_advance() -> Value {
    let mut details = t1();
    details["advance_charged"] = json!({"tari_cents": 17017, "tefa_cents": 851});
    details
}

#[test]
fn t17_the_rest_of_an_advance_that_was_issued() {
    let owed = vec![7798, 13105, 1045, 10, 150, 600, -17017, -851];
    assert_eq!(rows(&priced(&after_the_advance())), (owed, 4840));
}

#[test]
fn the_rest_may_be_paid_in_instalments_too() {
    let (parts, totals) = plan(after_the_advance(), "three");
    assert_eq!(parts, [[1295, 64], [1295, 64], [1296 + 760, 66]]);
    assert_eq!(totals.iter().sum::<i64>(), 4840);
}

#[test]
fn an_advance_above_the_tax_leaves_the_components_and_is_paid_back() {
    let mut details = t1();
    details["advance_charged"] = json!({"tari_cents": 21000, "tefa_cents": 1050});
    let assessment = priced(&details);
    let owed = vec![7798, 13105, 1045, 10, 150, 600, -20903, -1045];
    assert_eq!(rows(&assessment), (owed, 760));
    let label = &assessment.rows[6].label;
    assert_eq!(
        label,
        "Acconto già richiesto, residuo di 0,97 € da rimborsare"
    );
}

#[test]
fn an_advance_that_covers_everything_leaves_nothing_to_ask() {
    let mut service = town();
    for component in ["ur1_cents", "ur2_cents", "ur3_cents"] {
        service.terms[component] = json!(0);
    }
    let mut details = t1();
    details["advance_charged"] = json!({"tari_cents": 20903, "tefa_cents": 1045});
    assert_eq!(refused(&details, &service)[0].0, "/advance_charged");
    details["advance_charged"] = json!({"tari_cents": 0, "tefa_cents": -1});
    details["advance_base_cents"] = json!(1);
    let errors = refused(&details, &service);
    let found: Vec<&str> = errors.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        found,
        [
            "/advance_charged/tari_cents",
            "/advance_charged/tefa_cents",
            "/advance_base_cents",
        ]
    );
}

#[test]
fn the_bonus_is_for_families_within_the_limit_of_its_year() {
    let granted = |isee: i64, children: Option<i64>| {
        let mut details = t1();
        details["social_bonus_base_cents"] = json!(19876);
        details["social_bonus_isee_cents"] = json!(isee);
        if let Some(children) = children {
            details["social_bonus_children"] = json!(children);
        }
        Tari.assess(&details, &town()).is_ok()
    };
    for (isee, children, expected) in [
        (953_000, None, true),
        (953_001, None, false),
        (953_001, Some(3), false),
        (953_001, Some(4), true),
        (2_000_000, Some(5), true),
        (2_000_001, Some(5), false),
    ] {
        assert_eq!(granted(isee, children), expected, "{isee} {children:?}");
    }
    let mut details = t1();
    details["social_bonus_children"] = json!(4);
    assert_eq!(refused(&details, &town())[0].0, "/social_bonus_children");
}

#[test]
fn the_bonus_follows_the_rules_of_the_year_before() {
    let mut service = town();
    service.terms["social_bonus"] = json!([
        {"valid_from": "2025-01-01", "bp": 2500, "isee_cents": 953_000},
        {"valid_from": "2026-01-01", "bp": 3000, "isee_cents": 1_000_000},
    ]);
    let mut details = t1();
    details["social_bonus_base_cents"] = json!(19876);
    let bonus = |service: &Service| {
        let rows = Tari.assess(&details, service).unwrap().rows;
        rows.last().map(|row| row.amount.get())
    };
    assert_eq!(bonus(&service), Some(-4969));
    service.terms["year"] = json!(2027);
    assert_eq!(bonus(&service), Some(-5963));
    service.terms["year"] = json!(2025);
    assert_eq!(refused(&details, &service)[0].0, "/social_bonus_base_cents");
    service.terms["social_bonus"][1]["valid_from"] = json!("2025-01-01");
    service.terms["social_bonus"][1]["large_family"] = json!([0, 1]);
    let errors = Tari.check_terms(&service.terms).unwrap_err();
    let found: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(
        found,
        [
            "/social_bonus",
            "/social_bonus/1/large_family/0",
            "/social_bonus/1/large_family/1"
        ]
    );
}
