use serde_json::json;

use super::*;

fn c(n: i64) -> Cents {
    Cents::new(n).unwrap()
}

fn report(articles: &[&str]) -> FineDetails {
    let violation = |article: &&str| json!({"article": article, "committed_on": "2026-03-10", "at_night": false});
    let violations: Vec<_> = articles.iter().map(violation).collect();
    let details = json!({"report_number": "V/1", "violations": violations, "costs_cents": 1630});
    serde_json::from_value(details).unwrap()
}

fn rows(amounts: &[i64]) -> Vec<(String, Cents)> {
    let violations = amounts.iter().map(|n| ("violation".to_owned(), c(*n)));
    violations.chain([("costs".to_owned(), c(1630))]).collect()
}

#[test]
fn costs_are_paid_first_and_the_discount_falls_on_the_violations() {
    let report = report(&["142-8", "146-3"]);
    let paid = by_article(&report, &rows(&[17_300, 16_700]), c(23_800 + 1630)).unwrap();
    let expected = [
        (Some("142-8"), c(12_110)),
        (Some("146-3"), c(11_690)),
        (None, c(1630)),
    ];
    assert_eq!(paid, expected);
    let short = by_article(&report, &rows(&[17_300, 16_700]), c(1000)).unwrap();
    let expected = [
        (Some("142-8"), Cents::ZERO),
        (Some("146-3"), Cents::ZERO),
        (None, c(1000)),
    ];
    assert_eq!(short, expected);
    assert_eq!(
        by_article(&report, &[], c(5000)).unwrap(),
        [(None, c(5000))]
    );
}

#[test]
fn every_cent_goes_somewhere() {
    let report = report(&["142-8", "146-3", "7-1"]);
    for paid in [1631, 1700, 9999, 54_321] {
        let parts = by_article(&report, &rows(&[100, 100, 100]), c(paid)).unwrap();
        let sum: i64 = parts.iter().map(|(_, amount)| amount.get()).sum();
        assert_eq!(sum, paid);
    }
}

#[test]
fn the_highway_code_binds_all_or_half() {
    let of = |article| FineDestination::of(article, FineRegime::HighwayCode);
    assert_eq!(of("142-9bis"), FineDestination::Speeding);
    assert_eq!(of("1421-1"), FineDestination::HighwayCode);
    assert_eq!(
        FineDestination::of("142-8", FineRegime::Administrative),
        FineDestination::Free
    );
    assert_eq!(of("142-8").bound(c(101)).unwrap(), c(101));
    assert_eq!(of("146-3").bound(c(101)).unwrap(), c(51));
    assert_eq!(FineDestination::Free.bound(c(101)).unwrap(), Cents::ZERO);
}
