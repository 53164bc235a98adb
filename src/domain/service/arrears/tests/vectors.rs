//! The vectors T12-T14 of `charges.md` §2.9.

use super::*;
use crate::domain::money::Cents;

mod declarations;

/// Penalty, interest and total of one tax corrected on a day.
fn corrected(tax: i64, due: &str, on: &str) -> (i64, i64, i64) {
    let details = json!({"act": "correction", "year": 2025, "on": on,
        "debts": [{"tax_cents": tax, "due_on": due}]});
    let assessment = issued(due, &details);
    let rows = amounts(&assessment);
    let [(_, owed), (_, penalty), (_, interest)] = rows.as_slice() else {
        panic!("three rows: {rows:?}")
    };
    assert_eq!(*owed, tax);
    (*penalty, *interest, steps(&assessment)[0].1)
}

fn t12() -> Assessment {
    let details = json!({"act": "correction", "year": 2026, "on": "2026-07-06", "debts": [
        {"tax_cents": 20903, "province_cents": 1045, "exempt_cents": 760, "due_on": "2026-06-16"},
    ]});
    issued("2026-06-17", &details)
}

#[test]
fn t12_the_town_tax_twenty_days_late() {
    let rows = t12();
    assert_eq!(
        amounts(&rows)[..3],
        [("tax", 20903), ("penalty", 261), ("interest", 18)]
    );
}

#[test]
fn t12_tefa_twenty_days_late() {
    let rows = t12();
    let tefa = [("tefa", 1045), ("tefa_penalty", 13), ("tefa_interest", 1)];
    assert_eq!(amounts(&rows)[3..6], tefa);
}

#[test]
fn t12_the_components_bear_nothing() {
    let rows = t12();
    assert_eq!(amounts(&rows)[6..], [("components", 760)]);
    assert_eq!(steps(&rows)[0].1, 22241 + 760);
}

#[test]
fn t13_ten_days() {
    assert_eq!(
        corrected(33355, "2026-06-16", "2026-06-26"),
        (278, 15, 33648)
    );
}

#[test]
fn t13_seventy_six_days() {
    assert_eq!(
        corrected(33355, "2026-06-16", "2026-08-31"),
        (463, 111, 33929)
    );
}

#[test]
fn t13_across_two_years() {
    assert_eq!(
        corrected(48210, "2025-10-31", "2026-03-16"),
        (1507, 320, 50037)
    );
}

#[test]
fn t13_more_than_a_year() {
    assert_eq!(
        corrected(48210, "2024-10-31", "2026-03-16"),
        (1722, 1324, 51256)
    );
}

#[test]
fn t13_the_old_law() {
    assert_eq!(
        corrected(25000, "2024-07-31", "2024-10-20"),
        (417, 139, 25556)
    );
}

#[test]
fn t13_last_days_of_the_old_law() {
    assert_eq!(
        corrected(100000, "2024-08-30", "2024-09-05"),
        (600, 41, 100641)
    );
}

#[test]
fn t13_first_days_of_the_new_law() {
    assert_eq!(
        corrected(100000, "2024-09-02", "2024-09-07"),
        (417, 34, 100451)
    );
}

#[test]
fn t13_edge_day_1() {
    assert_eq!(
        corrected(100000, "2025-03-03", "2025-03-04"),
        (83, 5, 100088)
    );
}

#[test]
fn t13_edge_day_14() {
    assert_eq!(
        corrected(100000, "2025-03-03", "2025-03-17"),
        (1167, 77, 101244)
    );
}

#[test]
fn t13_edge_day_15() {
    assert_eq!(
        corrected(100000, "2025-03-03", "2025-03-18"),
        (1250, 82, 101332)
    );
}

#[test]
fn t13_edge_day_30() {
    assert_eq!(
        corrected(100000, "2025-03-03", "2025-04-02"),
        (1250, 164, 101414)
    );
}

#[test]
fn t13_edge_day_31() {
    assert_eq!(
        corrected(100000, "2025-03-03", "2025-04-03"),
        (1389, 170, 101559)
    );
}

#[test]
fn t13_edge_day_90() {
    assert_eq!(
        corrected(100000, "2025-03-03", "2025-06-01"),
        (1389, 493, 101882)
    );
}

#[test]
fn t13_edge_day_91() {
    assert_eq!(
        corrected(100000, "2025-03-03", "2025-06-02"),
        (3125, 499, 103624)
    );
}

#[test]
fn t13_edge_day_365() {
    assert_eq!(
        corrected(100000, "2025-03-03", "2026-03-03"),
        (3125, 1932, 105057)
    );
}

#[test]
fn t13_edge_day_366() {
    assert_eq!(
        corrected(100000, "2025-03-03", "2026-03-04"),
        (3571, 1936, 105507)
    );
}

fn t14() -> Assessment {
    let details = json!({"act": "assessment", "year": 2025, "on": "2026-11-23",
        "notified_on": "2026-12-01", "costs_cents": 970,
        "debts": [{"tax_cents": 48210, "due_on": "2025-12-02"}]});
    issued("2026-11-23", &details)
}

#[test]
fn t14_an_assessment() {
    let assessment = t14();
    assert_eq!(
        amounts(&assessment),
        [
            ("tax", 48210),
            ("penalty", 12053),
            ("interest", 768),
            ("costs", 970)
        ]
    );
    assert_eq!(steps(&assessment)[0].1, 62001);
}

#[test]
fn t14_charges_within_sixty_days() {
    assert_eq!(steps(&t14())[1].1, 62001 + 1860);
}

#[test]
fn t14_charges_afterwards() {
    assert_eq!(steps(&t14())[2].1, 62001 + 3720);
}

/// The charges on a total, first and second.
fn charges(total: i64) -> Vec<i64> {
    let service = service("arrears");
    let terms: &ArrearsTerms = service.terms(terms::check).unwrap();
    let total = Cents::new(total).unwrap();
    let charges = terms.charges.iter().map(|charge| charge.of(total).unwrap());
    charges.map(Cents::get).collect()
}

#[test]
fn t14_charges_are_capped_within_sixty_days() {
    assert_eq!(charges(1_200_000)[0], 30_000);
}

#[test]
fn t14_charges_are_capped_afterwards() {
    assert_eq!(charges(1_200_000)[1], 60_000);
}
