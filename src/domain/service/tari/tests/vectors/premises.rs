//! Several premises in one position, and reductions of some days: worked by hand with the tariffs T0.

use super::*;

#[test]
fn a_dwelling_a_shop_and_a_second_home_are_one_position() {
    let details = json!({"premises": [
        {"occupants": 3, "area_m2": 100},
        {"category": "24", "area_m2": 80},
        {"occupants": 2, "area_m2": 60},
    ]});
    // TEFA is 5 % of 1103.77.
    let owed = vec![
        7798, 13105, 25166, 49768, 4312, 10228, 5519, 10, 150, 600, 10, 150, 600, 10, 150, 600,
    ];
    assert_eq!(rows(&priced(&details)), (owed, 118_176));
}

#[test]
fn tefa_of_two_bars_is_rounded_once() {
    let bar = json!({"category": "24", "area_m2": 80});
    let both = priced(&json!({"premises": [bar, bar]}));
    // 5 % of 1498.68 is 74.93; of 749.34 twice it is 74.94.
    let tefa: Vec<i64> = both
        .rows
        .iter()
        .filter(|row| row.code == "tefa")
        .map(|row| row.amount.get())
        .collect();
    assert_eq!((tefa, total(&both)), (vec![7493], 149_868 + 7493 + 1520));
}

#[test]
fn a_garage_at_another_address_pays_the_fixed_part_and_the_components() {
    let details = json!({"premises": [
        {"occupants": 4, "area_m2": 120},
        {"occupants": 4, "area_m2": 20, "is_annex": true},
    ]});
    let owed = vec![10092, 16621, 1682, 1420, 10, 150, 600, 10, 150, 600];
    assert_eq!(rows(&priced(&details)), (owed, 31335));
}

#[test]
fn who_moves_house_pays_each_by_its_days() {
    let details = json!({"premises": [
        {"occupants": 3, "area_m2": 100, "occupied_to": "2026-06-30"},
        {"occupants": 3, "area_m2": 80, "occupied_from": "2026-07-01"},
    ]});
    let owed = vec![3867, 6499, 3145, 6606, 1006, 5, 74, 298, 5, 76, 302];
    assert_eq!(rows(&priced(&details)), (owed, 21883));
}

#[test]
fn composting_from_march_lowers_the_days_from_march() {
    let details = json!({
        "occupants": 3, "area_m2": 100,
        "reduction_periods": [{"reduction": "composting", "from": "2026-03-01", "to": "2026-12-31"}],
    });
    let owed = vec![1260, 2118, 6538, 10987, -1099, 990, 10, 150, 600];
    assert_eq!(rows(&priced(&details)), (owed, 21554));
}

#[test]
fn a_reduction_of_some_days_follows_one_of_the_year() {
    let details = json!({
        "occupants": 1, "area_m2": 62, "reductions": ["single"],
        "reduction_periods": [{"reduction": "composting", "from": "2026-07-01", "to": "2026-12-31"}],
    });
    // 30 % of 51.14 falls on the two halves as 7.61 and 7.73; 10 % of what is left of the second.
    let owed = vec![2021, 2536, 2055, 2578, -1534, -181, 374, 10, 150, 600];
    assert_eq!(rows(&priced(&details)), (owed, 8609));
}
