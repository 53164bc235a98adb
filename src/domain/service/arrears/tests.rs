use super::*;
use crate::domain::service::samples::{day, service};
use proptest::prelude::*;
use serde_json::json;

mod granted;
mod vectors;

/// Prices a position issued on a day.
fn issued(on: &str, details: &Value) -> Assessment {
    let mut service = service("arrears");
    service.issued_on = day(on);
    Arrears.assess(details, &service).unwrap()
}

fn refused(details: &Value, service: &Service) -> Vec<(String, String)> {
    let errors = Arrears.assess(details, service).unwrap_err();
    errors.into_iter().map(|e| (e.pointer, e.said.it)).collect()
}

fn amounts(assessment: &Assessment) -> Vec<(&str, i64)> {
    let rows = assessment.rows.iter();
    rows.map(|row| (row.code.as_ref(), row.amount.get()))
        .collect()
}

fn notice(assessment: &Assessment) -> &NoticeDraft {
    &assessment.options[0].notices[0]
}

/// Last day and total of every step.
fn steps(assessment: &Assessment) -> Vec<(Option<Day>, i64)> {
    let steps = notice(assessment).schedule.steps().iter();
    let total = |step: &Step| step.amounts.iter().map(|amount| amount.get()).sum();
    steps.map(|step| (step.until, total(step))).collect()
}

#[test]
fn a_reminder_asks_the_tax_and_its_costs() {
    let assessment = issued(
        "2026-09-01",
        &json!({
            "act": "reminder", "year": 2026, "costs_cents": 650, "debts": [
                {"tax_cents": 20903, "province_cents": 1045, "exempt_cents": 760, "due_on": "2026-06-16"},
            ],
        }),
    );
    assert_eq!(
        amounts(&assessment),
        [
            ("tax", 20903),
            ("tefa", 1045),
            ("components", 760),
            ("costs", 650)
        ]
    );
    let notice = notice(&assessment);
    assert_eq!(
        notice.description,
        "TARI - anni precedenti - sollecito 2026"
    );
    assert_eq!(notice.due_on, Some(day("2026-10-01")));
    assert_eq!(steps(&assessment), [(None, 23358)]);
}

#[test]
fn a_correction_can_be_paid_on_its_day_only() {
    let details = json!({"act": "correction", "year": 2026, "on": "2026-07-06",
        "debts": [{"tax_cents": 20903, "due_on": "2026-06-16"}]});
    let assessment = issued("2026-07-01", &details);
    assert_eq!(steps(&assessment), [(Some(day("2026-07-06")), 21182)]);
    let mut service = service("arrears");
    service.issued_on = day("2026-07-07");
    assert_eq!(refused(&details, &service)[0].0, "/on");
}

#[test]
fn the_province_is_paid_tax_interest_and_penalty_apart() {
    let details = json!({"act": "correction", "year": 2026, "on": "2026-07-06", "debts": [
        {"tax_cents": 20903, "province_cents": 1045, "exempt_cents": 760, "due_on": "2026-06-16"},
    ]});
    let assessment = issued("2026-07-01", &details);
    let notice = notice(&assessment);
    let metadata: Vec<String> = notice
        .transfers
        .iter()
        .flat_map(|transfer| transfer.metadata.iter())
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    assert_eq!(
        metadata,
        [
            "TARI-TEFA-1=A515|2026|3944",
            "TARI-TEFA-2=A515|2026|TEFA",
            "TARI-TEFA-3=A515|2026|TEFN",
            "TARI-TEFA-4=A515|2026|TEFZ",
        ]
    );
    let amounts: Vec<i64> = notice.schedule.steps()[0]
        .amounts
        .iter()
        .map(|a| a.get())
        .collect();
    // 211.82 and the components; TEFA 10.45, interest 0.01, penalty 0.13.
    assert_eq!(amounts, [21942, 1045, 1, 13]);
}

#[test]
fn an_assessment_grows_when_it_becomes_enforceable() {
    let mut details = json!({"act": "assessment", "year": 2025, "on": "2026-11-23",
        "notified_on": "2026-12-01", "costs_cents": 970, "act_number": "A/17",
        "debts": [{"tax_cents": 48210, "due_on": "2025-12-02"}]});
    let assessment = issued("2026-11-23", &details);
    assert_eq!(
        steps(&assessment),
        [
            (Some(day("2027-02-01")), 62001),
            (Some(day("2027-04-02")), 63861),
            (None, 65721),
        ]
    );
    assert_eq!(
        notice(&assessment).description,
        "TARI - anni precedenti - accertamento n. A/17"
    );
    // Issued when it is enforceable already: the charge is a row.
    let late = issued("2027-02-10", &details);
    assert_eq!(amounts(&late).last(), Some(&("collection_charges", 1860)));
    assert_eq!(
        steps(&late),
        [(Some(day("2027-04-02")), 63861), (None, 65721)]
    );
    let later = issued("2027-04-03", &details);
    assert_eq!(amounts(&later).last(), Some(&("collection_charges", 3720)));
    assert_eq!(steps(&later), [(None, 65721)]);
    details.as_object_mut().unwrap().remove("notified_on");
    let unknown = issued("2026-11-23", &details);
    assert_eq!(
        (notice(&unknown).due_on, steps(&unknown)),
        (None, vec![(None, 62001)])
    );
}

#[test]
fn the_spread_of_the_regulation_is_for_assessments_only() {
    let mut service = service("arrears");
    service.issued_on = day("2026-06-16");
    service.terms["interest"]["spread_bp"] = json!(300);
    for (act, interest) in [("correction", 160), ("assessment", 460)] {
        let details = json!({"act": act, "year": 2025, "on": "2026-12-31",
            "debts": [{"tax_cents": 10_000, "due_on": "2025-12-31"}]});
        let assessment = Arrears.assess(&details, &service).unwrap();
        assert!(
            amounts(&assessment).contains(&("interest", interest)),
            "{assessment:?}"
        );
    }
}

#[test]
fn a_saturday_at_the_turn_of_the_law_falls_under_the_new_one() {
    // 31 August 2024 is a Saturday: the term ends on 2 September.
    let details = json!({"act": "correction", "year": 2024, "on": "2024-09-12",
        "debts": [{"tax_cents": 100_000, "due_on": "2024-08-31"}]});
    let assessment = issued("2024-09-01", &details);
    assert!(
        amounts(&assessment).contains(&("penalty", 833)),
        "{assessment:?}"
    );
}

#[test]
fn every_broken_rule_is_told_at_once() {
    let mut service = service("arrears");
    service.others.clear();
    let details = json!({"act": "correction", "year": 1999, "on": "2026-03-01",
    "notified_on": "2026-04-01", "costs_cents": -1, "act_number": " ", "debts": [
        {"tax_cents": 0, "province_cents": 1, "exempt_cents": 0, "due_on": "2026-03-01"},
    ]});
    let errors = refused(&details, &service);
    let pointers: Vec<&str> = errors.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/year",
            "/debts/0/tax_cents",
            "/debts/0/exempt_cents",
            "/debts/0/due_on",
            "/debts/0/province_cents",
            "/on",
            "/notified_on",
            "/costs_cents",
            "/act_number",
        ]
    );
}

#[test]
fn a_year_without_rate_or_penalty_is_refused_and_not_guessed() {
    let mut service = service("arrears");
    service.issued_on = day("2027-02-01");
    let of = |due: &str| {
        json!({"act": "assessment", "year": 2025, "on": "2027-02-01",
            "debts": [{"tax_cents": 100, "due_on": due}]})
    };
    let errors = refused(&of("2026-06-16"), &service);
    assert_eq!(errors[0].0, "/debts/0/due_on");
    assert!(errors[0].1.contains("tasso legale"), "{errors:?}");
    let errors = refused(&of("2015-06-16"), &service);
    assert!(errors[0].1.contains("sanzioni"), "{errors:?}");
}

#[test]
fn terms_that_contradict_themselves_are_refused() {
    let mut service = service("arrears");
    let terms = &mut service.terms;
    terms["interest"]["year_days"] = json!(0);
    terms["regimes"][0]["valid_from"] = json!("2025-01-01");
    terms["regimes"][0]["correction"][0]["fraction"] = json!([2, 1]);
    terms["regimes"][0]["correction"][5]["up_to_days"] = json!(1000);
    terms["regimes"][1]["assessment"][0]["up_to_years"] = json!(1);
    terms["charges"][1]["bp"] = json!(200);
    terms["charges"][0]["days"] = json!(null);
    terms["reminder_days"] = json!(0);
    let errors = Arrears.check_terms(&service.terms).unwrap_err();
    let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/interest/year_days",
            "/regimes",
            "/regimes/0/correction/0/fraction",
            "/regimes/0/correction/5",
            "/regimes/1/assessment/0",
            "/charges/0/days",
            "/charges",
            "/reminder_days",
        ]
    );
}

proptest! {
    /// A later day never costs less, across tiers, years and anniversaries.
    #[test]
    fn a_correction_never_gets_cheaper(tax in 1i64..10_000_000, due in 0u64..1_200, late in 0u64..1_440) {
        // The legal rates end with 2026; a term rolls by less than ten days.
        let late = 10 + late % (1_440 - due);
        let due = day("2023-01-02").checked_add_days(chrono::Days::new(due)).unwrap();
        let on = due.checked_add_days(chrono::Days::new(late)).unwrap();
        let next = on.succ_opt().unwrap();
        let of = |on: Day| -> i64 {
            let details = json!({"act": "correction", "year": 2025, "on": on,
                "debts": [{"tax_cents": tax, "due_on": due}]});
            let assessment = issued("2023-01-01", &details);
            steps(&assessment)[0].1
        };
        prop_assert!(of(on) <= of(next));
    }
}
