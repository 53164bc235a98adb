use std::sync::Arc;

use super::*;
use crate::domain::calendar::Day;
use crate::domain::service::samples::{day, service};
use crate::domain::service::{NoticeDraft, OptionDraft, OptionKind};
use proptest::prelude::*;
use serde_json::json;

mod notice;
mod premises;
mod vectors;

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
    // 13105 x 10 %, then 11794 (13105 - 1311) x 30 %, then (7798 + 8256) x 2/3.
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
    service.terms["ur_prorata"] = json!("full");
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
    let pair = |key: &str, value: &str| Arc::from([(key.to_owned(), value.to_owned())]);
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
    service.terms["reductions"][2]["fraction"] = json!([1, 1]);
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
            "/premises_address",
            "/plan",
        ]
    );
    assert_eq!(errors[0].1, "deve essere un numero intero da 1 a 99");
    assert_eq!(errors[9].1, "valori previsti dal servizio: three, balance");
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

#[test]
fn on_full_reductions_are_taken_from_the_full_tax() {
    let mut service = service("tari");
    service.terms["reduction_mode"] = json!("on_full");
    let details = json!({"occupants": 3, "area_m2": 100, "reductions": ["composting", "single"]});
    let taken = |service: &Service| -> Vec<i64> {
        let rows = Tari.assess(&details, service).unwrap().rows;
        let rows = rows.iter().filter(|row| row.code == "reduction");
        rows.map(|row| row.amount.get()).collect()
    };
    // 10 % and 30 % of 131.05, each rounded.
    assert_eq!(taken(&service), [-1311, -3932]);
    // A fifth of 209.03 in all.
    service.terms["reduction_cap_bp"] = json!(2000);
    assert_eq!(taken(&service), [-1311, -2870]);
    service.terms["reductions"][1]["cap_cents"] = json!(500);
    service.terms["reductions"][1]["order"] = json!(-1);
    assert_eq!(taken(&service), [-500, -1311]);
}

#[test]
fn reductions_never_take_more_than_their_base() {
    let mut service = service("tari");
    service.terms["reduction_mode"] = json!("on_full");
    service.terms["reductions"] = json!([
        {"code": "a", "label": "A", "base": "variable", "bp": 9000},
        {"code": "b", "label": "B", "base": "both", "bp": 9000},
        {"code": "c", "label": "C", "base": "fixed", "bp": 10_000},
    ]);
    let details = json!({"occupants": 3, "area_m2": 100, "reductions": ["a", "b", "c"]});
    let assessment = Tari.assess(&details, &service).unwrap();
    let amounts: Vec<i64> = assessment.rows.iter().map(|row| row.amount.get()).collect();
    // 117.95 of the variable part; then all that is left; then nothing.
    assert_eq!(amounts[2..5], [-11795, -9108, 0]);
    assert_eq!(total(&assessment), 760);
}

#[test]
fn below_the_minimum_of_the_year_nothing_is_asked() {
    let mut service = service("tari");
    let details = json!({
        "occupants": 1, "area_m2": 30, "occupied_from": "2026-12-01", "occupied_to": "2026-12-31",
    });
    // 1.68 + 4.34 + 0.30 + 0.01 + 0.13 + 0.51.
    assert_eq!(total(&Tari.assess(&details, &service).unwrap()), 697);
    service
        .terms
        .as_object_mut()
        .unwrap()
        .remove("min_amount_cents");
    let refusal = &refused(&details, &service)[0];
    assert_eq!(refusal.0, "");
    assert!(refusal.1.contains("12,00"), "{refusal:?}");
    let daily = json!({"category": "24", "area_m2": 24, "daily_days": 12});
    assert_eq!(total(&Tari.assess(&daily, &service).unwrap()), 1164);
}

#[test]
fn every_instalment_is_brought_to_the_euro_and_they_sum_to_the_whole() {
    let mut service = service("tari");
    service.terms["euro_rounding"] = json!("total");
    for remainder_on in ["last", "first"] {
        service.terms["plans"][0]["remainder_on"] = json!(remainder_on);
        let details = json!({"occupants": 3, "area_m2": 100, "plan": "three"});
        let assessment = Tari.assess(&details, &service).unwrap();
        let parts = notices(&assessment.options[1]);
        assert!(
            parts
                .iter()
                .all(|parts| parts.iter().sum::<i64>() % 100 == 0),
            "{parts:?}"
        );
        let sum: i64 = parts.iter().flatten().sum();
        assert_eq!((sum, total(&assessment)), (22700, 22700));
        // 69.67 + 3.48 = 73.15 loses 15 cents.
        assert_eq!(parts[1], [6952, 348]);
    }
}

#[test]
fn the_components_come_with_the_chosen_instalment() {
    let mut service = service("tari");
    service.terms["plans"][0]["ur_instalment"] = json!(1);
    let assessment = Tari
        .assess(&json!({"occupants": 3, "area_m2": 100}), &service)
        .unwrap();
    let parts = notices(&assessment.options[1]);
    assert_eq!(parts, [[7727, 348], [6967, 348], [6969, 349]]);
}

#[test]
fn a_plan_with_an_instalment_below_the_least_is_not_offered() {
    let mut service = service("tari");
    service.terms["min_instalment_cents"] = json!(10_000);
    let details = json!({"occupants": 3, "area_m2": 100});
    let assessment = Tari.assess(&details, &service).unwrap();
    assert_eq!(assessment.options.len(), 1);
    let details = json!({"occupants": 3, "area_m2": 100, "plan": "three"});
    assert_eq!(refused(&details, &service)[0].0, "/plan");
    // Without a single payment nothing is left to offer.
    service
        .terms
        .as_object_mut()
        .unwrap()
        .remove("single_due_on");
    let details = json!({"occupants": 3, "area_m2": 100});
    assert_eq!(refused(&details, &service)[0].0, "");
}

#[test]
fn without_a_single_due_day_only_plans_are_offered() {
    let mut service = service("tari");
    service
        .terms
        .as_object_mut()
        .unwrap()
        .remove("single_due_on");
    let assessment = Tari
        .assess(&json!({"occupants": 3, "area_m2": 100}), &service)
        .unwrap();
    assert!(
        assessment
            .options
            .iter()
            .all(|option| option.kind == OptionKind::Plan)
    );
    service.terms["plans"] = json!([]);
    let errors = Tari.check_terms(&service.terms).unwrap_err();
    assert_eq!(errors[0].pointer, "/single_due_on");
}

#[test]
fn who_is_billed_late_still_has_twenty_days() {
    let mut service = service("tari");
    service.issued_on = day("2026-07-10");
    let assessment = Tari
        .assess(&json!({"occupants": 3, "area_m2": 100}), &service)
        .unwrap();
    let due = |option: usize| -> Vec<Option<Day>> {
        let notices = assessment.options[option].notices.iter();
        notices.map(|notice| notice.due_on).collect()
    };
    let soonest = Some(day("2026-07-30"));
    assert_eq!(due(0), [soonest]);
    assert_eq!(due(1), [soonest, soonest, Some(day("2026-12-02"))]);
    // A day of the town's saint is not a day to pay on.
    service.terms["patron"] = json!({"month": 7, "day": 30});
    let assessment = Tari
        .assess(&json!({"occupants": 3, "area_m2": 100}), &service)
        .unwrap();
    assert_eq!(
        assessment.options[0].notices[0].due_on,
        Some(day("2026-07-31"))
    );
}

#[test]
fn advances_never_exceed_the_tax_of_the_year() {
    let mut service = service("tari");
    service.terms["plans"][1]["basis"] = json!("previous_year");
    let mut details =
        json!({"occupants": 3, "area_m2": 100, "plan": "balance", "advance_base_cents": 50_000});
    let assessment = Tari.assess(&details, &service).unwrap();
    let parts = notices(&assessment.options[1]);
    // TEFA of the year before was 25.00: 8.75 and the rest, 1.70.
    assert_eq!(parts, [vec![17500, 875], vec![3403, 170], vec![760]]);
    // Who was not there the year before pays shares of this year's tax.
    details
        .as_object_mut()
        .unwrap()
        .remove("advance_base_cents");
    let assessment = Tari.assess(&details, &service).unwrap();
    assert_eq!(
        notices(&assessment.options[1]),
        [[7316, 366], [7316, 366], [7031, 313]]
    );
}

#[test]
fn a_bonus_above_the_tax_leaves_tefa_and_components_and_is_paid_back() {
    let service = service("tari");
    let details =
        json!({"occupants": 1, "area_m2": 30, "social_bonus_base_cents": 40_000, "plan": "three"});
    // 19.73 + 51.14 = 70.87 against 100.00.
    let assessment = Tari.assess(&details, &service).unwrap();
    let bonus = assessment.rows.last().unwrap();
    assert_eq!(bonus.amount.get(), -7087);
    assert_eq!(
        bonus.label,
        "Bonus sociale rifiuti: 25 % di 400,00 €, residuo di 29,13 € da rimborsare"
    );
    assert_eq!(notices(&assessment.options[0]), [[760, 354]]);
    assert_eq!(
        notices(&assessment.options[1]),
        [[0, 118], [0, 118], [760, 118]]
    );
}

#[test]
fn bags_of_a_part_of_the_year_are_included_in_proportion() {
    let details = json!({
        "occupants": 2, "area_m2": 90, "bags": 11, "changes": [{"from": "2026-09-16", "occupants": 3}],
    });
    // (9 x 258 + 13 x 107) / 365 = 10.2: a part of a bag counts whole.
    let rows = assess(&details).rows;
    let extra = rows
        .iter()
        .find(|row| row.code == "variable_part_extra")
        .unwrap();
    assert_eq!(
        (extra.amount.get(), extra.label.as_str()),
        (
            0,
            "Quota variabile puntuale: 11 sacchi, 11 inclusi, 0 × 3,60 €"
        )
    );
}

#[test]
fn a_business_may_change_surface_and_category() {
    let details = json!({
        "category": "24", "area_m2": 80,
        "changes": [{"from": "2026-07-01", "category": "11"}, {"from": "2026-10-01", "area_m2": 60}],
    });
    let rows = assess(&details).rows;
    let fixed: Vec<&str> = rows
        .iter()
        .filter(|row| row.code == "fixed_part")
        .map(|row| row.label.as_str())
        .collect();
    assert_eq!(
        fixed,
        [
            "Quota fissa: cat. 24 bar, caffè, pasticceria, 80 m² × 3,1458 € × 181/365 giorni",
            "Quota fissa: cat. 11 uffici, agenzie, 80 m² × 1,0234 € × 92/365 giorni",
            "Quota fissa: cat. 11 uffici, agenzie, 60 m² × 1,0234 € × 92/365 giorni",
        ]
    );
}

#[test]
fn what_does_not_belong_together_is_told() {
    let mut service = service("tari");
    for (details, pointers) in [
        (json!({"area_m2": 1}), vec!["/occupants"]),
        (
            json!({"area_m2": 1, "occupants": 1, "category": "24"}),
            vec!["/category"],
        ),
        (json!({"area_m2": 1, "category": "99"}), vec!["/category"]),
        (
            json!({"area_m2": 1, "category": "24", "annex_area_m2": 1, "bags": 1}),
            vec!["/annex_area_m2", "/bags"],
        ),
        (
            json!({"area_m2": 1, "category": "24", "daily_days": 183, "occupied_from": "2026-02-01"}),
            vec!["/occupied_from", "/daily_days"],
        ),
        (
            json!({"area_m2": 1, "occupants": 1, "changes": [
                {"from": "2026-01-01", "occupants": 100},
                {"from": "2026-05-01", "category": "24"},
                {"from": "2026-05-01", "area_m2": 0, "annex_area_m2": -1},
                {"from": "2027-01-01"},
            ]}),
            vec![
                "/changes/0/from",
                "/changes/0/occupants",
                "/changes/1/category",
                "/changes/2/from",
                "/changes/2/area_m2",
                "/changes/2/annex_area_m2",
                "/changes/3/from",
            ],
        ),
        (
            json!({"area_m2": 1, "category": "24", "changes": [{"from": "2026-05-01", "occupants": 1}]}),
            vec!["/changes/0"],
        ),
    ] {
        let errors = refused(&details, &service);
        let found: Vec<&str> = errors.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(found, pointers, "{details}");
    }
    let terms = service.terms.as_object_mut().unwrap();
    terms.remove("punctual");
    for class in terms["domestic"].as_array_mut().unwrap() {
        class.as_object_mut().unwrap().remove("included_bags");
    }
    terms.remove("social_bonus");
    terms.remove("daily_surcharge_bp");
    let details = json!({"area_m2": 1, "category": "24", "daily_days": 1});
    assert_eq!(refused(&details, &service)[0].0, "/daily_days");
    let details = json!({"area_m2": 1, "occupants": 1, "social_bonus_base_cents": 1});
    assert_eq!(refused(&details, &service)[0].0, "/social_bonus_base_cents");
    let details = json!({"area_m2": 1, "occupants": 1, "bags": 1});
    assert_eq!(refused(&details, &service)[0].0, "/bags");
}

#[test]
fn tariffs_and_plans_that_contradict_themselves_are_refused() {
    let mut service = service("tari");
    let terms = &mut service.terms;
    terms["domestic"][0]["included_bags"] = json!(null);
    terms["non_domestic"][1]["code"] = json!("24");
    terms["reductions"][0]["fraction"] = json!([1, 2]);
    terms["reductions"][2]["fraction"] = json!([3, 2]);
    terms["patron"] = json!({"month": 2, "day": 30});
    terms["plans"][0]["ur_instalment"] = json!(4);
    terms["plans"][0]["basis"] = json!("previous_year");
    terms["plans"][0]["remainder_on"] = json!("first");
    let errors = Tari.check_terms(&service.terms).unwrap_err();
    let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/domestic/0/included_bags",
            "/non_domestic/1/code",
            "/reductions/0/bp",
            "/reductions/2/fraction",
            "/patron",
            "/plans/0/remainder_on",
            "/plans/0/ur_instalment",
        ]
    );
}

proptest! {
    /// Cutting a period where nothing changes costs at most a cent a row.
    #[test]
    fn adjacent_stretches_are_within_a_cent_of_the_whole(
        occupants in 1i64..=8, area in 1i64..=500, cut in 1u64..364,
    ) {
        let from = day("2026-01-01").checked_add_days(chrono::Days::new(cut)).unwrap();
        let whole = assess(&json!({"occupants": occupants, "area_m2": area}));
        let parts = assess(&json!({
            "occupants": occupants, "area_m2": area, "changes": [{"from": from, "area_m2": area}],
        }));
        for code in ["fixed_part", "variable_part"] {
            let sum = |assessment: &Assessment| -> i64 {
                let rows = assessment.rows.iter().filter(|row| row.code == code);
                rows.map(|row| row.amount.get()).sum()
            };
            prop_assert!((sum(&whole) - sum(&parts)).abs() <= 1);
        }
    }

    /// Each beneficiary gets as much from every plan as from the single payment.
    #[test]
    fn every_plan_pays_each_beneficiary_the_same(
        occupants in 1i64..=8, area in 1i64..=500, bonus in proptest::option::of(1i64..=100_000),
        base in proptest::option::of(1i64..=100_000), euro: bool, first: bool,
        charged in proptest::option::of((1i64..=100_000, 0i64..=5_000)),
    ) {
        let mut service = service("tari");
        service.terms["euro_rounding"] = json!(if euro { "total" } else { "none" });
        service.terms["plans"][0]["remainder_on"] = json!(if first { "first" } else { "last" });
        service.terms["plans"][1]["basis"] = json!("previous_year");
        let mut details = json!({"occupants": occupants, "area_m2": area});
        if let Some(bonus) = bonus {
            details["social_bonus_base_cents"] = json!(bonus);
        }
        match (charged, base) {
            (Some((tari, tefa)), _) => {
                details["advance_charged"] = json!({"tari_cents": tari, "tefa_cents": tefa});
            }
            (None, Some(base)) => details["advance_base_cents"] = json!(base),
            (None, None) => {}
        }
        let assessment = Tari.assess(&details, &service).unwrap();
        let paid = |option: &OptionDraft| -> [i64; 2] {
            let sum = |at: usize| -> i64 {
                let parts = notices(option).into_iter();
                parts.filter_map(|parts| parts.get(at).copied()).sum()
            };
            [sum(0), sum(1)]
        };
        let single = paid(&assessment.options[0]);
        let rows: i64 = assessment.rows.iter().map(|row| row.amount.get()).sum();
        prop_assert_eq!(rows, single[0] + single[1]);
        for plan in &assessment.options[1..] {
            prop_assert_eq!(paid(plan), single);
        }
    }
}
