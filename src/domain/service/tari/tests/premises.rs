//! Several premises of one user, and reductions of some days.

use super::*;
use crate::domain::document::TopicEntry;

/// Three premises in which everything happens.
fn premises() -> Value {
    json!([
        {
            "occupants": 3, "area_m2": 100, "premises_code": "UT-1", "reductions": ["composting"],
            "changes": [{"from": "2026-09-16", "occupants": 4}],
        },
        {"category": "24", "area_m2": 80, "premises_code": " UT-2 ", "occupied_to": "2026-06-30"},
        {"occupants": 3, "area_m2": 15, "is_annex": true},
    ])
}

#[test]
fn every_row_says_which_premises_it_is_about() {
    let assessment = assess(&json!({"premises": premises()}));
    let labels: Vec<&str> = assessment
        .rows
        .iter()
        .map(|row| row.label.as_str())
        .collect();
    assert_eq!(
        labels,
        [
            "Utenza 1 (UT-1) - Quota fissa: 100 m² × 0,7798 € × 258/365 giorni",
            "Utenza 1 (UT-1) - Quota variabile: 3 occupanti, 131,05 € × 258/365 giorni",
            "Utenza 1 (UT-1) - Quota fissa: 100 m² × 0,841 € × 107/365 giorni",
            "Utenza 1 (UT-1) - Quota variabile: 4 occupanti, 166,21 € × 107/365 giorni",
            "Utenza 1 (UT-1) - Compostaggio domestico (-10 %)",
            "Utenza 2 (UT-2) - Quota fissa: cat. 24 bar, caffè, pasticceria, 80 m² × 3,1458 € × 181/365 giorni",
            "Utenza 2 (UT-2) - Quota variabile: 80 m² × 6,221 € × 181/365 giorni",
            "Utenza 3 - Quota fissa: 15 m² × 0,7798 €",
            "TEFA 5 % alla Provincia",
            "Utenza 1 (UT-1) - Componente perequativa UR1",
            "Utenza 1 (UT-1) - Componente perequativa UR2",
            "Utenza 1 (UT-1) - Componente perequativa UR3",
            "Utenza 2 (UT-2) - Componente perequativa UR1",
            "Utenza 2 (UT-2) - Componente perequativa UR2",
            "Utenza 2 (UT-2) - Componente perequativa UR3",
            "Utenza 3 - Componente perequativa UR1",
            "Utenza 3 - Componente perequativa UR2",
            "Utenza 3 - Componente perequativa UR3",
        ]
    );
}

#[test]
fn the_notice_speaks_of_each_of_the_premises() {
    let topics = Tari.topics(&json!({"premises": premises()}), &service("tari"));
    let premises: Vec<_> = topics
        .iter()
        .filter(|topic| topic.code == "premises")
        .collect();
    let titles: Vec<&str> = premises.iter().map(|topic| topic.title.as_str()).collect();
    assert_eq!(titles, ["Utenza 1", "Utenza 2", "Utenza 3"]);
    let says = |code: &str| -> Vec<&str> {
        let facts = premises.iter().flat_map(|topic| &topic.entries);
        let texts = facts.filter_map(|entry| match entry {
            TopicEntry::Fact {
                code: own, text, ..
            } if *own == code => Some(text.as_str()),
            TopicEntry::Fact { .. } | TopicEntry::Sentence(_) => None,
        });
        texts.collect()
    };
    assert_eq!(says("premises_code"), ["UT-1", "UT-2"]);
    let uses = [
        "domestica",
        "non domestica, categoria 24 bar, caffè, pasticceria",
        "domestica, pertinenza",
    ];
    assert_eq!(says("use"), uses);
}

#[test]
fn the_two_forms_exclude_each_other() {
    let service = service("tari");
    for (details, pointers) in [
        (json!({}), vec!["/area_m2", "/occupants"]),
        (json!({"premises": []}), vec!["/area_m2", "/occupants"]),
        (
            json!({"area_m2": 1, "reductions": ["aire"], "premises": [{"occupants": 1, "area_m2": 1}]}),
            vec!["/area_m2", "/reductions"],
        ),
        (
            json!({"daily_days": 3, "premises": [{"category": "24", "area_m2": 1}]}),
            vec!["/daily_days"],
        ),
        (
            json!({"premises": vec![json!({"occupants": 1, "area_m2": 1}); 21]}),
            vec!["/premises"],
        ),
    ] {
        let errors = refused(&details, &service);
        let found: Vec<&str> = errors.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(found, pointers, "{details}");
    }
}

#[test]
fn what_is_wrong_with_one_of_the_premises_is_found_at_its_place() {
    let details = json!({"plan": "seven", "premises": [
        {"occupants": 1, "area_m2": 1, "premises_code": "A"},
        {"area_m2": 0, "occupied_from": "2025-01-01", "reductions": ["none"], "premises_code": " "},
        {"occupants": 1, "area_m2": 1, "is_annex": true, "annex_area_m2": 1, "bags": 1,
            "changes": [{"from": "2026-02-01", "annex_area_m2": 3}], "premises_code": "A "},
        {"category": "24", "area_m2": 1, "is_annex": true},
    ]});
    let errors = refused(&details, &service("tari"));
    let found: Vec<&str> = errors.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        found,
        [
            "/premises/1/occupants",
            "/premises/1/area_m2",
            "/premises/1/occupied_from",
            "/premises/1/reductions/0",
            "/premises/1/premises_code",
            "/premises/2/annex_area_m2",
            "/premises/2/bags",
            "/premises/2/changes/0/annex_area_m2",
            "/premises/2/premises_code",
            "/premises/3/is_annex",
            "/plan",
        ]
    );
}

#[test]
fn premises_that_make_too_many_rows_are_to_be_divided() {
    let changes: Vec<Value> = (1..=12)
        .map(|month| json!({"from": format!("2026-{month:02}-15"), "occupants": month}))
        .collect();
    let of = |count: usize| {
        let one = json!({"occupants": 3, "area_m2": 100, "annex_area_m2": 9, "changes": changes});
        json!({"premises": vec![one; count]})
    };
    // 13 stretches of 3 rows and 3 components each.
    assert_eq!(assess(&of(4)).rows.len(), 4 * 42 + 1);
    assert_eq!(refused(&of(5), &service("tari"))[0].0, "/premises");
}

#[test]
fn reductions_of_some_days_are_held_against_the_period_and_each_other() {
    let period =
        |code: &str, from: &str, to: &str| json!({"reduction": code, "from": from, "to": to});
    let details = json!({
        "occupants": 3, "area_m2": 100, "occupied_from": "2026-02-01", "reductions": ["single"],
        "reduction_periods": [
            period("composting", "2026-01-31", "2026-03-31"),
            period("composting", "2026-03-31", "2026-05-31"),
            period("composting", "2026-06-01", "2026-06-30"),
            period("single", "2026-06-01", "2027-01-01"),
            period("none", "2026-06-02", "2026-06-01"),
        ],
    });
    let errors = refused(&details, &service("tari"));
    let found: Vec<&str> = errors.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        found,
        [
            "/reduction_periods/0/from",
            "/reduction_periods/1/reduction",
            "/reduction_periods/3/to",
            "/reduction_periods/3/reduction",
            "/reduction_periods/4/to",
            "/reduction_periods/4/reduction",
        ]
    );
    let daily = json!({"category": "24", "area_m2": 9, "daily_days": 3,
        "reduction_periods": [period("aire", "2026-01-01", "2026-12-31")]});
    assert_eq!(refused(&daily, &service("tari"))[0].0, "/reduction_periods");
}

#[test]
fn a_reduction_of_some_days_says_them_and_spares_what_has_no_day() {
    let details = json!({
        "occupants": 3, "area_m2": 100, "bags": 19,
        "reduction_periods": [{"reduction": "recycling", "from": "2026-01-01", "to": "2026-12-31"}],
    });
    let rows = assess(&details).rows;
    let reduction = rows.iter().find(|row| row.code == "reduction").unwrap();
    assert_eq!(
        reduction.label,
        "Avvio al riciclo (-15 %) dal 01/01/2026 al 31/12/2026"
    );
    // 15 % of 131.05, not of the 21.60 of six more bags.
    assert_eq!(reduction.amount.get(), -1966);
}

/// A day of 2026, from 0.
fn nth(day_of_year: u64) -> Day {
    day("2026-01-01")
        .checked_add_days(chrono::Days::new(day_of_year))
        .unwrap()
}

fn sum_of(assessment: &Assessment, codes: &[&str]) -> i64 {
    let rows = assessment
        .rows
        .iter()
        .filter(|row| codes.contains(&row.code.as_ref()));
    rows.map(|row| row.amount.get()).sum()
}

/// Tax of the town after reductions.
fn tax(assessment: &Assessment) -> i64 {
    sum_of(
        assessment,
        &[
            "fixed_part",
            "fixed_part_annex",
            "variable_part",
            "reduction",
        ],
    )
}

fn some_premises() -> impl Strategy<Value = Value> {
    let household = (1i64..=8, 1i64..=300, 0u64..365, 0u64..365);
    let household = household.prop_map(|(occupants, area, from, to)| {
        json!({
            "occupants": occupants, "area_m2": area,
            "occupied_from": nth(from.min(to)), "occupied_to": nth(from.max(to)),
        })
    });
    let business = (1i64..=3_000).prop_map(|area| json!({"category": "24", "area_m2": area}));
    prop_oneof![household, business]
}

proptest! {
    /// The single form and a list of one are the same.
    #[test]
    fn a_list_of_one_is_the_single_form(premises in some_premises()) {
        prop_assert_eq!(assess(&json!({"premises": [premises]})), assess(&premises));
    }

    /// Rows make the notice, whatever the order of the premises, and their tax and components are those
    /// of notices apart; only TEFA is rounded once instead of each time.
    #[test]
    fn premises_together_owe_what_they_owe_apart(
        all in proptest::collection::vec(some_premises(), 1..=6),
    ) {
        let mut service = service("tari");
        service.terms["min_amount_cents"] = json!(0);
        let of = |details: Value| Tari.assess(&details, &service).unwrap();
        let together = of(json!({"premises": all}));
        let rows: i64 = together.rows.iter().map(|row| row.amount.get()).sum();
        prop_assert_eq!(rows, total(&together));
        let reversed: Vec<&Value> = all.iter().rev().collect();
        prop_assert_eq!(total(&of(json!({"premises": reversed}))), total(&together));
        let (mut apart, mut tefa) = (0, 0);
        for one in &all {
            let one = of(one.clone());
            apart += total(&one) - sum_of(&one, &["tefa"]);
            tefa += sum_of(&one, &["tefa"]);
        }
        prop_assert_eq!(rows - sum_of(&together, &["tefa"]), apart);
        let count = i64::try_from(all.len()).unwrap();
        prop_assert!((sum_of(&together, &["tefa"]) - tefa).abs() <= count);
    }

    /// A reduction of every day is the reduction of the period, whatever else is granted.
    #[test]
    fn a_reduction_of_all_the_days_is_one_of_the_period(
        occupants in 1i64..=8, area in 1i64..=500, from in 0u64..365, to in 0u64..365,
        code in prop_oneof![Just("composting"), Just("aire"), Just("outskirts")], on_full: bool,
    ) {
        let mut service = service("tari");
        service.terms["reduction_mode"] = json!(if on_full { "on_full" } else { "sequential" });
        service.terms["reduction_cap_bp"] = json!(7000);
        let (from, to) = (nth(from.min(to)), nth(from.max(to)));
        let mut details = json!({
            "occupants": occupants, "area_m2": area, "occupied_from": from, "occupied_to": to,
            "reductions": ["single", code],
        });
        let whole = Tari.assess(&details, &service).unwrap();
        details["reductions"] = json!(["single"]);
        details["reduction_periods"] = json!([{"reduction": code, "from": from, "to": to}]);
        let by_days = Tari.assess(&details, &service).unwrap();
        prop_assert_eq!(amounts(&by_days), amounts(&whole));
    }

    /// Cut anywhere, a reduction of two adjacent stretches is within a cent a row of that of both.
    #[test]
    fn adjacent_reductions_are_those_of_both(
        occupants in 1i64..=8, area in 1i64..=500, cut in 1u64..365,
        code in prop_oneof![Just("composting"), Just("aire"), Just("outskirts")],
    ) {
        let whole = assess(&json!({"occupants": occupants, "area_m2": area, "reductions": [code]}));
        let both = assess(&json!({"occupants": occupants, "area_m2": area, "reduction_periods": [
            {"reduction": code, "from": "2026-01-01", "to": nth(cut - 1)},
            {"reduction": code, "from": nth(cut), "to": "2026-12-31"},
        ]}));
        prop_assert!((tax(&whole) - tax(&both)).abs() <= 3, "{} {}", tax(&whole), tax(&both));
    }

    /// Whatever is granted on whichever days, no part of the tax falls below nothing, and the rows make
    /// the notice.
    #[test]
    fn reductions_of_days_never_take_more_than_there_is(
        occupants in 1i64..=8, area in 1i64..=500, on_full: bool,
        granted in proptest::collection::vec((0usize..4, 0u64..365, 0u64..365), 0..=6),
    ) {
        let mut service = service("tari");
        service.terms["reduction_mode"] = json!(if on_full { "on_full" } else { "sequential" });
        service.terms["reductions"] = json!([
            {"code": "a", "label": "A", "base": "variable", "bp": 9000},
            {"code": "b", "label": "B", "base": "both", "bp": 8000, "order": -1},
            {"code": "c", "label": "C", "base": "fixed", "bp": 10_000, "order": 1},
            {"code": "d", "label": "D", "base": "both", "fraction": [2, 3], "cap_cents": 5_000},
        ]);
        let mut periods: Vec<Value> = Vec::new();
        let mut seen: Vec<(usize, u64, u64)> = Vec::new();
        for (code, from, to) in granted {
            let (from, to) = (from.min(to), from.max(to));
            if seen.iter().any(|(other, a, b)| *other == code && from <= *b && *a <= to) {
                continue;
            }
            seen.push((code, from, to));
            let code = ["a", "b", "c", "d"][code];
            periods.push(json!({"reduction": code, "from": nth(from), "to": nth(to)}));
        }
        let details = json!({"occupants": occupants, "area_m2": area, "reduction_periods": periods});
        let assessment = Tari.assess(&details, &service).unwrap();
        prop_assert!(tax(&assessment) >= 0);
        let rows: i64 = assessment.rows.iter().map(|row| row.amount.get()).sum();
        prop_assert_eq!(rows, total(&assessment));
    }
}
