//! The vectors of `charges.md` §2.9: tariffs T0 of the samples, TEFA 5 %, UR 0.10 + 1.50 + 6.00.

use super::*;

mod balances;
mod premises;

/// A service with the tariffs that some vectors add to T0.
fn town() -> Service {
    let mut service = service("tari");
    service.terms["plans"] = json!([
        {"code": "three", "due_on": ["2026-05-16", "2026-07-16", "2026-12-02"]},
        {
            "code": "shares",
            "due_on": ["2026-05-16", "2026-10-31", "2026-12-02"],
            "shares_bp": [3500, 3500, 3000],
        },
        {
            "code": "advance",
            "due_on": ["2026-10-31", "2026-12-02"],
            "shares_bp": [7000, 3000],
            "basis": "previous_year",
        },
    ]);
    service
}

fn priced(details: &Value) -> Assessment {
    Tari.assess(details, &town()).unwrap()
}

/// Every row, and the total.
fn rows(assessment: &Assessment) -> (Vec<i64>, i64) {
    let rows = assessment.rows.iter().map(|row| row.amount.get());
    (rows.collect(), total(assessment))
}

/// Amounts of the instalments of the plan with this code, by beneficiary and in all.
fn plan(mut details: Value, code: &str) -> (Vec<Vec<i64>>, Vec<i64>) {
    details["plan"] = json!(code);
    let assessment = priced(&details);
    let plan = notices(&assessment.options[1]);
    let totals = plan.iter().map(|parts| parts.iter().sum()).collect();
    (plan, totals)
}

fn t1() -> Value {
    json!({"occupants": 3, "area_m2": 100})
}

#[test]
fn t1_three_persons_on_a_hundred_metres() {
    let owed = (vec![7798, 13105, 1045, 10, 150, 600], 22708);
    assert_eq!(rows(&priced(&t1())), owed);
}

#[test]
fn t2_one_person_with_a_reduction_of_the_variable_part() {
    let details = json!({"occupants": 1, "area_m2": 62, "reductions": ["single"]});
    let owed = (vec![4077, 5114, -1534, 383, 10, 150, 600], 8800);
    assert_eq!(rows(&priced(&details)), owed);
}

#[test]
fn t3_a_garage_at_the_same_address_pays_the_fixed_part_only() {
    let details = json!({"occupants": 4, "area_m2": 120, "annex_area_m2": 20});
    let owed = (vec![10092, 1682, 16621, 1420, 10, 150, 600], 30575);
    assert_eq!(rows(&priced(&details)), owed);
}

#[test]
fn t4_a_part_of_the_year_with_components_by_days() {
    let details = json!({"occupants": 2, "area_m2": 85, "occupied_from": "2026-05-10"});
    let owed = (vec![3950, 6613, 528, 6, 97, 388], 11582);
    assert_eq!(rows(&priced(&details)), owed);
}

#[test]
fn t4b_a_part_of_the_year_with_components_in_full() {
    let details = json!({"occupants": 2, "area_m2": 85, "occupied_from": "2026-05-10"});
    let mut service = town();
    service.terms["ur_prorata"] = json!("full");
    let assessment = Tari.assess(&details, &service).unwrap();
    let owed = (vec![3950, 6613, 528, 10, 150, 600], 11851);
    assert_eq!(rows(&assessment), owed);
}

#[test]
fn t5_a_child_is_born_in_september() {
    let details = json!({
        "occupants": 2, "area_m2": 90, "changes": [{"from": "2026-09-16", "occupants": 3}],
    });
    let assessment = priced(&details);
    let owed = (vec![4572, 7230, 2057, 3842, 885, 10, 150, 600], 19346);
    assert_eq!(rows(&assessment), owed);
    let labels: Vec<&str> = assessment
        .rows
        .iter()
        .map(|row| row.label.as_str())
        .collect();
    assert_eq!(labels[0], "Quota fissa: 90 m² × 0,7187 € × 258/365 giorni");
    assert_eq!(
        labels[3],
        "Quota variabile: 3 occupanti, 131,05 € × 107/365 giorni"
    );
}

#[test]
fn t6_a_pensioner_abroad_owes_a_third() {
    let details = json!({"occupants": 1, "area_m2": 70, "reductions": ["aire"]});
    let assessment = priced(&details);
    let owed = (vec![4603, 5114, -6478, 162, 10, 150, 600], 4161);
    assert_eq!(rows(&assessment), owed);
    let label = &assessment.rows[2].label;
    assert_eq!(label, "Pensionato residente all'estero (-2/3)");
}

#[test]
fn t7_a_bar() {
    let assessment = priced(&json!({"category": "24", "area_m2": 80}));
    let owed = (vec![25166, 49768, 3747, 10, 150, 600], 79441);
    assert_eq!(rows(&assessment), owed);
    let label = &assessment.rows[0].label;
    assert_eq!(
        label,
        "Quota fissa: cat. 24 bar, caffè, pasticceria, 80 m² × 3,1458 €"
    );
}

#[test]
fn t8_an_office_with_two_reductions_one_after_the_other() {
    let details = json!({
        "category": "11", "area_m2": 145, "occupied_from": "2026-03-01",
        "reductions": ["recycling", "outskirts"],
    });
    let owed = (vec![12441, 24455, -3668, -3323, 1495, 8, 126, 503], 32037);
    assert_eq!(rows(&priced(&details)), owed);
}

#[test]
fn t9_three_equal_instalments() {
    let parts = vec![vec![6967, 348], vec![6967, 348], vec![7729, 349]];
    assert_eq!(plan(t1(), "three"), (parts, vec![7315, 7315, 8078]));
}

#[test]
fn t9_or_all_at_once() {
    assert_eq!(notices(&priced(&t1()).options[0]), [[21663, 1045]]);
}

#[test]
fn t9b_shares_35_35_30() {
    // The components, 7.60, come with the last instalment.
    let parts = vec![vec![7316, 366], vec![7316, 366], vec![6271 + 760, 313]];
    assert_eq!(plan(t1(), "shares"), (parts, vec![7682, 7682, 7344]));
}

/// The total of a vector rounded to the euro, and the row that says so.
fn to_euro(details: &Value) -> (i64, Option<i64>) {
    let mut service = town();
    service.terms["euro_rounding"] = json!("total");
    let assessment = Tari.assess(details, &service).unwrap();
    let rounding = assessment.rows.iter().find(|row| row.code == "rounding");
    (total(&assessment), rounding.map(|row| row.amount.get()))
}

#[test]
fn t10_t1_loses_eight_cents() {
    assert_eq!(to_euro(&t1()), (22700, Some(-8)));
}

#[test]
fn t10_t2_is_whole_already() {
    let details = json!({"occupants": 1, "area_m2": 62, "reductions": ["single"]});
    assert_eq!(to_euro(&details), (8800, None));
}

#[test]
fn t10_t3_gains_twenty_five_cents() {
    let details = json!({"occupants": 4, "area_m2": 120, "annex_area_m2": 20});
    assert_eq!(to_euro(&details), (30600, Some(25)));
}

#[test]
fn t10_t4_gains_eighteen_cents() {
    let details = json!({"occupants": 2, "area_m2": 85, "occupied_from": "2026-05-10"});
    assert_eq!(to_euro(&details), (11600, Some(18)));
}

#[test]
fn t11_the_social_bonus_lowers_the_first_instalment() {
    let mut details = t1();
    details["social_bonus_base_cents"] = json!(19876);
    let (parts, totals) = plan(details.clone(), "three");
    assert_eq!(parts[0], [1998, 348]);
    assert_eq!(totals, [2346, 7315, 8078]);
    let assessment = priced(&details);
    let bonus = assessment.rows.last().unwrap();
    assert_eq!(
        (bonus.code.as_ref(), bonus.amount.get()),
        ("social_bonus", -4969)
    );
    assert_eq!(bonus.label, "Bonus sociale rifiuti: 25 % di 198,76 €");
}

#[test]
fn t11b_what_the_first_instalment_cannot_take_is_carried_to_the_second() {
    let mut details = t1();
    details["social_bonus_base_cents"] = json!(33000);
    let (parts, totals) = plan(details, "three");
    // 82.50 - 69.67 = 12.83.
    assert_eq!(parts, [[0, 348], [5684, 348], [7729, 349]]);
    assert_eq!(6967 - parts[1][0], 1283);
    assert_eq!(totals, [348, 6032, 8078]);
}

#[test]
fn t15_bags_beyond_the_included_ones() {
    let mut service = town();
    service.terms["domestic"][2]["variable_micro"] = json!(118_000_000);
    let details = json!({"occupants": 3, "area_m2": 100, "bags": 19});
    let assessment = Tari.assess(&details, &service).unwrap();
    let owed = (vec![7798, 11800, 2160, 1088, 10, 150, 600], 23606);
    assert_eq!(rows(&assessment), owed);
    assert_eq!(
        assessment.rows[2].label,
        "Quota variabile puntuale: 19 sacchi, 13 inclusi, 6 × 3,60 €"
    );
}

#[test]
fn t16_a_leap_year() {
    let mut service = town();
    service.terms["year"] = json!(2028);
    let details = json!({"occupants": 3, "area_m2": 100, "occupied_from": "2028-02-01"});
    let assessment = Tari.assess(&details, &service).unwrap();
    let owed = (vec![7138, 11995, 957, 9, 137, 549], 20785);
    assert_eq!(rows(&assessment), owed);
}

#[test]
fn t17_the_advance_is_a_share_of_last_years_tax() {
    let mut details = t1();
    details["advance_base_cents"] = json!(24310);
    let (parts, totals) = plan(details, "advance");
    assert_eq!((parts[0].clone(), totals[0]), (vec![17017, 851], 17868));
}

#[test]
fn t17_the_balance_settles_the_tax_of_the_year() {
    let mut details = t1();
    details["advance_base_cents"] = json!(24310);
    let (parts, totals) = plan(details, "advance");
    assert_eq!((parts[1].clone(), totals[1]), (vec![3886 + 760, 194], 4840));
}

#[test]
fn t18_twelve_days_on_the_market() {
    let details = json!({"category": "24", "area_m2": 24, "daily_days": 12});
    let assessment = priced(&details);
    assert_eq!(rows(&assessment), (vec![1109, 55], 1164));
    assert_eq!(
        assessment.rows[0].label,
        "Tassa giornaliera: cat. 24 bar, caffè, pasticceria, 24 m² × 9,3668 € × 12/365 giorni + 50 %"
    );
}
