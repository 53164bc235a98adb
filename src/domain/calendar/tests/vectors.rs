//! The days of `charges.md` §2.9 (taxes) and §4.3 (fines).

use super::{Calendar, day};

fn fine(notified: &str, five: &str, sixty: &str) {
    let from = day(notified);
    assert_eq!(Calendar::Civil.deadline(from, 5), day(five));
    assert_eq!(Calendar::Civil.deadline(from, 60), day(sixty));
}

fn tax(due: &str, rolled: &str) {
    assert_eq!(Calendar::Tax.roll(day(due)), day(rolled));
}

#[test]
fn fine_notified_2026_04_29() {
    fine("2026-04-29", "2026-05-04", "2026-06-29");
}

#[test]
fn fine_notified_2023_12_19() {
    fine("2023-12-19", "2023-12-27", "2024-02-17");
}

#[test]
fn fine_notified_2014_12_20() {
    fine("2014-12-20", "2014-12-27", "2015-02-18");
}

#[test]
fn fine_notified_2018_12_17() {
    fine("2018-12-17", "2018-12-22", "2019-02-15");
}

#[test]
fn fine_notified_2018_12_20() {
    fine("2018-12-20", "2018-12-27", "2019-02-18");
}

#[test]
fn fine_notified_2026_12_20() {
    fine("2026-12-20", "2026-12-28", "2027-02-18");
}

#[test]
fn fine_notified_2026_03_31() {
    fine("2026-03-31", "2026-04-07", "2026-05-30");
}

#[test]
fn fine_notified_2027_09_29() {
    fine("2027-09-29", "2027-10-05", "2027-11-29");
}

#[test]
fn fine_notified_2026_06_11() {
    fine("2026-06-11", "2026-06-16", "2026-08-10");
}

#[test]
fn fine_notified_2026_03_09() {
    fine("2026-03-09", "2026-03-14", "2026-05-08");
}

#[test]
fn fine_notified_2026_03_10() {
    fine("2026-03-10", "2026-03-16", "2026-05-09");
}

#[test]
fn tax_due_2026_05_16_saturday() {
    tax("2026-05-16", "2026-05-18");
}

#[test]
fn tax_due_2026_10_31_saturday_before_a_sunday_holiday() {
    tax("2026-10-31", "2026-11-02");
}

#[test]
fn tax_due_2026_08_15_holiday_on_saturday() {
    tax("2026-08-15", "2026-08-17");
}

#[test]
fn tax_due_2025_06_01_sunday_before_a_holiday() {
    tax("2025-06-01", "2025-06-03");
}

#[test]
fn tax_due_2026_06_16_stays() {
    tax("2026-06-16", "2026-06-16");
}

#[test]
fn tax_due_2026_12_02_stays() {
    tax("2026-12-02", "2026-12-02");
}
