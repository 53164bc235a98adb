use super::*;
use crate::domain::service::samples::{day, service};
use serde_json::json;

fn assess(details: &Value) -> Assessment {
    Tari.assess(details, &service("tari")).unwrap()
}

fn refused(details: &Value, service: &Service) -> Vec<(String, String)> {
    let errors = Tari.assess(details, service).unwrap_err();
    errors.into_iter().map(|e| (e.pointer, e.said.it)).collect()
}

fn amounts(assessment: &Assessment) -> Vec<(&str, i64)> {
    assessment
        .rows
        .iter()
        .map(|row| (row.code.as_ref(), row.amount.get()))
        .collect()
}

/// Amounts by transfer of every notice of an option.
fn notices(option: &OptionDraft) -> Vec<Vec<i64>> {
    let of = |notice: &NoticeDraft| {
        notice.schedule.steps()[0]
            .amounts
            .iter()
            .map(|amount| amount.get())
            .collect()
    };
    option.notices.iter().map(of).collect()
}

fn total(assessment: &Assessment) -> i64 {
    assessment.options[0].notices[0].schedule.nominal().get()
}

#[test]
fn three_persons_on_a_hundred_metres_owe_227_08() {
    let assessment = assess(&json!({"occupants": 3, "area_m2": 100}));
    assert_eq!(
        amounts(&assessment),
        [
            ("fixed_part", 7798),
            ("variable_part", 13105),
            ("tefa", 1045),
            ("ur1", 10),
            ("ur2", 150),
            ("ur3", 600),
        ]
    );
    assert_eq!(assessment.rows[0].label, "Quota fissa: 100 m² × 0,7798 €");
    assert_eq!(
        assessment.rows[1].label,
        "Quota variabile: 3 occupanti, 131,05 €"
    );
    assert_eq!(assessment.rows[2].label, "TEFA 5 % alla Provincia");
    let single = &assessment.options[0];
    assert_eq!(single.kind, OptionKind::Single);
    assert_eq!(notices(single), [[21663, 1045]]);
    assert_eq!(single.notices[0].description, "TARI 2026 - rata unica");
    assert_eq!(single.notices[0].due_on, Some(day("2026-06-16")));
}

#[test]
fn larger_families_pay_the_last_tariff_of_the_table() {
    let of = |occupants: i64| total(&assess(&json!({"occupants": occupants, "area_m2": 100})));
    // 9404 + 23973, TEFA 1669, components 760.
    assert_eq!((of(6), of(7), of(99)), (35806, 35806, 35806));
    assert!(of(5) < of(6));
}

#[test]
fn reductions_and_annexes_follow_the_regulation() {
    for (details, parts, owed) in [
        (
            json!({"occupants": 1, "area_m2": 62, "reductions": ["single"]}),
            vec![4077, 5114, -1534, 383, 10, 150, 600],
            8800,
        ),
        (
            json!({"occupants": 4, "area_m2": 120, "annex_area_m2": 20}),
            vec![10092, 1682, 16621, 1420, 10, 150, 600],
            30575,
        ),
        (
            json!({"occupants": 1, "area_m2": 70, "reductions": ["aire"]}),
            vec![4603, 5114, -6478, 162, 10, 150, 600],
            4161,
        ),
    ] {
        let assessment = assess(&details);
        let rows: Vec<i64> = assessment.rows.iter().map(|row| row.amount.get()).collect();
        assert_eq!((rows, total(&assessment)), (parts, owed), "{details}");
    }
}

#[test]
fn reductions_apply_one_after_the_other() {
    let details =
        json!({"occupants": 3, "area_m2": 100, "reductions": ["composting", "single", "aire"]});
    let taken: Vec<i64> = assess(&details)
        .rows
        .iter()
        .filter(|row| row.code == "reduction")
        .map(|row| row.amount.get())
        .collect();
    // 13105 x 10 %, then 11794 (13105 - 1311) x 30 %, then (7798 + 8256) x 66.67 %.
    assert_eq!(taken, [-1311, -3538, -10703]);
}

#[test]
fn a_part_of_the_year_is_counted_by_days() {
    let details = json!({"occupants": 2, "area_m2": 85, "occupied_from": "2026-05-10"});
    let mut service = service("tari");
    let by_days = Tari.assess(&details, &service).unwrap();
    let rows: Vec<i64> = by_days.rows.iter().map(|row| row.amount.get()).collect();
    assert_eq!(
        (rows, total(&by_days)),
        (vec![3950, 6613, 528, 6, 97, 388], 11582)
    );
    assert_eq!(
        by_days.rows[0].label,
        "Quota fissa: 85 m² × 0,7187 € × 236/365 giorni"
    );
    service.terms["ur_whole_year"] = json!(true);
    assert_eq!(total(&Tari.assess(&details, &service).unwrap()), 11851);
}

#[test]
fn a_leap_year_has_366_days() {
    let mut service = service("tari");
    service.terms["year"] = json!(2028);
    let details = json!({"occupants": 3, "area_m2": 100, "occupied_from": "2028-02-01"});
    let assessment = Tari.assess(&details, &service).unwrap();
    let rows: Vec<i64> = assessment.rows.iter().map(|row| row.amount.get()).collect();
    assert_eq!(
        (rows, total(&assessment)),
        (vec![7138, 11995, 957, 9, 137, 549], 20785)
    );
}

#[test]
fn every_beneficiary_is_split_on_its_own_and_the_components_come_last() {
    let assessment = assess(&json!({"occupants": 3, "area_m2": 100}));
    let [_, three, balance] = assessment.options.as_slice() else {
        panic!("three options")
    };
    assert_eq!(three.kind, OptionKind::Plan);
    assert_eq!(notices(three), [[6967, 348], [6967, 348], [7729, 349]]);
    assert_eq!(notices(balance), [[7316, 366], [7316, 366], [7031, 313]]);
    let due: Vec<Option<Day>> = balance.notices.iter().map(|notice| notice.due_on).collect();
    // 16 May and 31 October 2026 are Saturdays.
    assert_eq!(
        due,
        [
            Some(day("2026-05-18")),
            Some(day("2026-11-02")),
            Some(day("2026-12-02"))
        ]
    );
    assert_eq!(three.notices[1].description, "TARI 2026 - rata 2 di 3");
}

#[test]
fn a_named_plan_is_the_only_one_offered() {
    let assessment = assess(&json!({"occupants": 3, "area_m2": 100, "plan": "balance"}));
    assert_eq!(assessment.options.len(), 2);
    assert_eq!(notices(&assessment.options[1])[0], [7316, 366]);
}

#[test]
fn transfers_carry_the_reserved_metadata() {
    let assessment = assess(&json!({"occupants": 3, "area_m2": 100}));
    let transfers = &assessment.options[0].notices[0].transfers;
    let pair = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
    assert_eq!(transfers[0].metadata, pair("TARI-TEFA-1", "A515|2026|3944"));
    assert_eq!(transfers[1].metadata, pair("TARI-TEFA-2", "A515|2026|TEFA"));
    assert_eq!(transfers[1].to.taxonomy.to_string(), "9/0201102IM/");
}

#[test]
fn the_province_is_wanted_by_name_and_dropped_when_it_gets_nothing() {
    let mut service = service("tari");
    service.others.clear();
    let details = json!({"occupants": 3, "area_m2": 100});
    let errors = refused(&details, &service);
    assert_eq!(errors.len(), 1);
    assert!(errors[0].1.contains("`province`"), "{errors:?}");
    service.terms["tefa_bp"] = json!(0);
    let assessment = Tari.assess(&details, &service).unwrap();
    assert_eq!(notices(&assessment.options[0]), [[21663]]);
}

#[test]
fn who_owes_the_components_only_is_offered_no_plan() {
    let mut service = service("tari");
    service.terms["reductions"][2]["bp"] = json!(10_000);
    let details = json!({"occupants": 1, "area_m2": 70, "reductions": ["aire"]});
    let assessment = Tari.assess(&details, &service).unwrap();
    assert_eq!(assessment.options.len(), 1);
    assert_eq!(total(&assessment), 760);
    let details = json!({"occupants": 1, "area_m2": 70, "reductions": ["aire"], "plan": "three"});
    assert_eq!(refused(&details, &service)[0].0, "/plan");
}

#[test]
fn every_broken_rule_is_told_at_once() {
    let details = json!({
        "occupants": 0, "area_m2": 1_000_000, "annex_area_m2": 0,
        "occupied_from": "2025-12-31", "occupied_to": "2025-01-01",
        "reductions": ["single", "single", "none"], "plan": "seven", "premises_address": " ",
    });
    let errors = refused(&details, &service("tari"));
    let pointers: Vec<&str> = errors.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/occupants",
            "/area_m2",
            "/annex_area_m2",
            "/occupied_from",
            "/occupied_to",
            "/occupied_to",
            "/reductions/1",
            "/reductions/2",
            "/plan",
            "/premises_address",
        ]
    );
    assert_eq!(errors[0].1, "deve essere un numero intero da 1 a 99");
    assert_eq!(errors[8].1, "valori previsti dal servizio: three, balance");
}

#[test]
fn terms_out_of_order_are_refused_with_their_place() {
    let mut service = service("tari");
    let terms = &mut service.terms;
    terms["year"] = json!(1999);
    terms["cadastral_code"] = json!("a515");
    terms["tefa_bp"] = json!(501);
    terms["domestic"][1]["occupants"] = json!(3);
    terms["plans"][0]["due_on"][1] = json!("2026-05-16");
    terms["plans"][1]["shares_bp"][2] = json!(2999);
    terms["plans"][1]["code"] = json!("three");
    let errors = Tari.check_terms(&service.terms).unwrap_err();
    let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/year",
            "/cadastral_code",
            "/tefa_bp",
            "/domestic/1/occupants",
            "/plans/0/due_on",
            "/plans/1/code",
            "/plans/1/shares_bp",
        ]
    );
    let errors = refused(&json!({"occupants": 3, "area_m2": 100}), &service);
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].0, "", "the officer cannot mend the terms");
    assert!(
        errors[0].1.contains("TARI-2026") && errors[0].1.contains("/tefa_bp"),
        "{errors:?}"
    );
}
