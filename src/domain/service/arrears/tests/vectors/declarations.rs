//! Declarations, stages of the office and instalments: worked by hand from the figures of §2.7.

use super::*;

/// An assessment of 482.10 due on 2 December 2025, as in T14, with a declaration.
fn assessed(act: &str, declaration: &Value) -> Value {
    json!({"act": act, "year": 2025, "on": "2026-11-23", "costs_cents": 970, "debts": [
        {"tax_cents": 48210, "due_on": "2025-12-02", "declaration": declaration},
    ]})
}

#[test]
fn an_omitted_declaration_costs_the_tax_again_and_a_third_of_it_to_who_accepts() {
    let mut details = assessed("assessment", &json!({"fault": "omitted"}));
    details["notified_on"] = json!("2026-12-01");
    let assessment = issued("2026-11-23", &details);
    assert_eq!(
        amounts(&assessment),
        [
            ("tax", 48210),
            ("penalty", 48210),
            ("interest", 768),
            ("costs", 970),
            ("acceptance", -32140),
        ]
    );
    // Charges of 3 % and 6 % on 981.58.
    assert_eq!(
        steps(&assessment),
        [
            (Some(day("2027-02-01")), 66018),
            (Some(day("2027-04-02")), 101_103),
            (None, 104_047),
        ]
    );
}

#[test]
fn the_office_may_ask_twice_the_tax() {
    let declaration = json!({"fault": "omitted", "penalty_bp": 20_000});
    let assessment = issued("2026-11-23", &assessed("assessment", &declaration));
    assert_eq!(amounts(&assessment)[1], ("penalty", 96420));
    assert_eq!(amounts(&assessment)[4], ("acceptance", -64280));
}

#[test]
fn an_unfaithful_declaration_costs_fifty_euro_at_least() {
    let details = json!({"act": "assessment", "year": 2025, "on": "2026-11-23", "debts": [
        {"tax_cents": 3000, "due_on": "2025-12-02", "declaration": {"fault": "unfaithful"}},
    ]});
    let assessment = issued("2026-11-23", &details);
    assert_eq!(
        amounts(&assessment),
        [
            ("tax", 3000),
            ("penalty", 5000),
            ("interest", 48),
            ("acceptance", -3333)
        ]
    );
    assert_eq!(steps(&assessment), [(None, 4715)]);
}

#[test]
fn an_agreement_asks_a_third_within_twenty_days() {
    let assessment = issued(
        "2026-11-23",
        &assessed("agreement", &json!({"fault": "omitted"})),
    );
    assert_eq!(
        amounts(&assessment),
        [
            ("tax", 48210),
            ("penalty", 16070),
            ("interest", 768),
            ("costs", 970)
        ]
    );
    // 13 December 2026 is a Sunday.
    assert_eq!(notice(&assessment).due_on, Some(day("2026-12-14")));
    assert_eq!(steps(&assessment), [(None, 66018)]);
}

#[test]
fn the_province_has_no_least_penalty_and_bears_its_part_of_the_acceptance() {
    let details = json!({"act": "assessment", "year": 2025, "on": "2026-11-23", "debts": [
        {"tax_cents": 20903, "province_cents": 1045, "due_on": "2025-12-02",
            "declaration": {"fault": "omitted"}},
    ]});
    let assessment = issued("2026-11-23", &details);
    let amounts: Vec<i64> = notice(&assessment).schedule.steps()[0]
        .amounts
        .iter()
        .map(|amount| amount.get())
        .collect();
    // 209.03 + a third of it (69.68) + 3.33; TEFA 10.45, its interest 0.17, a third of its penalty.
    assert_eq!(amounts, [20903 + 6968 + 333, 1045, 17, 348]);
}

#[test]
fn after_the_draft_act_the_penalty_is_a_sixth_of_a_quarter() {
    for (stage, penalty) in [
        ("draft_act", 4167),
        ("report", 5000),
        ("draft_act_on_report", 6250),
    ] {
        let details = json!({"act": "correction", "year": 2025, "on": "2026-03-04", "stage": stage,
            "debts": [{"tax_cents": 100_000, "due_on": "2025-03-03"}]});
        let assessment = issued("2026-03-04", &details);
        let rows = [("tax", 100_000), ("penalty", penalty), ("interest", 1936)];
        assert_eq!(amounts(&assessment), rows, "{stage}");
    }
}

#[test]
fn six_instalments_of_an_assessment() {
    let mut details = assessed("assessment", &json!(null));
    details["instalments"] = json!({"count": 6, "starts_on": "2027-02-01"});
    let assessment = issued("2026-11-23", &details);
    let plan = &assessment.options[1];
    let due = |notice: &NoticeDraft| (notice.due_on.unwrap(), notice.schedule.nominal().get());
    // 620.01 in six, with 1.6 % on what is left: 27, 31, 30, 31, 30 and 31 days.
    assert_eq!(
        plan.notices.iter().map(due).collect::<Vec<_>>(),
        [
            (day("2027-03-01"), 10406),
            (day("2027-03-31"), 10403),
            (day("2027-04-30"), 10387),
            (day("2027-05-31"), 10375),
            (day("2027-06-30"), 10360),
            (day("2027-08-02"), 10350),
        ]
    );
    assert_eq!(
        plan.notices[5].description,
        "TARI - anni precedenti - accertamento 2025 - rata 6 di 6"
    );
}

#[test]
fn how_many_instalments_depends_on_the_sum() {
    for (cents, allowed) in [
        (10_000, None),
        (10_001, Some((2, 4))),
        (50_000, Some((2, 4))),
        (50_001, Some((5, 12))),
        (300_001, Some((13, 24))),
        (600_001, Some((25, 36))),
        (2_000_000, Some((25, 36))),
        (2_000_001, Some((37, 72))),
    ] {
        let of = |count: i64| {
            let details = json!({"act": "reminder", "year": 2025,
                "instalments": {"count": count, "starts_on": "2026-11-23"},
                "debts": [{"tax_cents": cents, "due_on": "2025-12-02"}]});
            let mut service = service("arrears");
            service.issued_on = day("2026-11-23");
            Arrears.assess(&details, &service)
        };
        let granted: Vec<i64> = (2..=72).filter(|count| of(*count).is_ok()).collect();
        assert_eq!(
            granted.first().copied().zip(granted.last().copied()),
            allowed,
            "{cents}"
        );
        let refusal = of(if allowed == Some((37, 72)) { 36 } else { 72 }).unwrap_err();
        let pointer = if allowed.is_some() {
            "/instalments/count"
        } else {
            "/instalments"
        };
        assert_eq!(refusal[0].pointer, pointer);
    }
}
