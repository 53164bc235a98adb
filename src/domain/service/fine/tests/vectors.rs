//! The cases of `charges.md` §4.3 and §4.7, each a test of its own.

use super::super::instalments::divide;
use super::*;
use crate::domain::calendar::Calendar;
use chrono::NaiveTime;

/// Prices within the discount, within the reduced payment, and after it.
macro_rules! prices {
    ($($name:ident: $articles:expr, $costs:literal => [$d5:literal, $d60:literal, $late:literal];)+) => {$(
        #[test]
        fn $name() {
            assert_eq!(tiers(&$articles, $costs), [$d5, $d60, $late]);
        }
    )+};
}

prices! {
    f1_parking_on_the_spot: [("142-7", false)], 0 => [2_940, 4_200, 8_650];
    f2_speed_by_mail: [("142-7", false)], 1550 => [4_490, 5_750, 10_200];
    f3_speed_by_mail: [("142-8", false)], 1630 => [13_740, 18_930, 36_330];
    f4_speed_at_night: [("142-8", true)], 1630 => [17_777, 24_697, 47_897];
    f6_restricted_zone: [("7-14", false)], 1550 => [7_360, 9_850, 18_150];
    f7_red_light: [("146-3", false)], 1630 => [13_320, 18_330, 34_880];
    f7n_red_light_at_night: [("146-3", true)], 1630 => [17_217, 23_897, 45_963];
    f8_no_insurance: [("193-2", false)], 1630 => [62_250, 88_230, 174_830];
    f8b_place_for_disabled: [("158-5", false)], 1550 => [7_640, 10_250, 18_750];
    f9_speed_at_night: [("142-7", true)], 1630 => [5_550, 7_230, 13_163];
    f12_platform_costs: [("7-14", false)], 200 => [6_010, 8_500, 16_800];
    fm_two_violations_costs_once: [("142-8", false), ("142-7", false)], 1630 => [16_680, 23_130, 44_980];
    // Suspension of the licence: the first five days cost what the sixty do.
    f5_suspension: [("142-9", false)], 1630 => [55_930, 55_930, 110_130];
    f5n_suspension_at_night: [("142-9", true)], 1630 => [74_030, 74_030, 146_297];
    f10_suspension: [("142-9bis", false)], 1630 => [86_130, 86_130, 170_730];
}

/// Which day counts as notified, and the last days of the two terms.
macro_rules! terms_of {
    ($($name:ident: $notification:expr => $notified:literal, $d5:literal, $d60:literal;)+) => {$(
        #[test]
        fn $name() {
            let notified_on = $notification.day();
            assert_eq!(notified_on, day($notified));
            let expected = Deadlines { discounted: day($d5), reduced: day($d60) };
            assert_eq!(Deadlines::after(notified_on, (5, 60), Calendar::Civil.with(None)), expected);
        }
    )+};
}

fn by_hand(on: &str) -> Notification {
    Notification::ByHand { on: day(on) }
}

fn send_pec(on: &str, hour: u32, minute: u32) -> Notification {
    Notification::SendPec {
        on: day(on),
        at: NaiveTime::from_hms_opt(hour, minute, 0).unwrap(),
        opened_on: None,
    }
}

fn deposited(sent: &str, collected: Option<&str>) -> Notification {
    Notification::MailDeposited {
        notice_sent_on: day(sent),
        collected_on: collected.map(day),
    }
}

terms_of! {
    t0_29_april_2026_immediate: Notification::Immediate { on: day("2026-04-29") } => "2026-04-29", "2026-05-04", "2026-06-29";
    t0_19_december_2023_by_hand: by_hand("2023-12-19") => "2023-12-19", "2023-12-27", "2024-02-17";
    t0_20_december_2014_by_hand: by_hand("2014-12-20") => "2014-12-20", "2014-12-27", "2015-02-18";
    t0_17_december_2018_by_mail: Notification::Mail { on: day("2018-12-17") } => "2018-12-17", "2018-12-22", "2019-02-15";
    t0_20_december_2018_by_pec: Notification::Pec { on: day("2018-12-20") } => "2018-12-20", "2018-12-27", "2019-02-18";
    t0_20_december_2026_by_hand: by_hand("2026-12-20") => "2026-12-20", "2026-12-28", "2027-02-18";
    t0_31_march_2026_by_hand: by_hand("2026-03-31") => "2026-03-31", "2026-04-07", "2026-05-30";
    t0_29_september_2027_by_hand: by_hand("2027-09-29") => "2027-09-29", "2027-10-05", "2027-11-29";
    t0_deposited_not_collected: deposited("2026-06-01", None) => "2026-06-11", "2026-06-16", "2026-08-10";
    t0_deposited_collected_before: deposited("2026-06-01", Some("2026-06-05")) => "2026-06-05", "2026-06-10", "2026-08-04";
    t0_deposited_collected_after: deposited("2026-06-01", Some("2026-06-20")) => "2026-06-11", "2026-06-16", "2026-08-10";
    t0_send_pec_in_the_morning: send_pec("2026-03-02", 9, 0) => "2026-03-09", "2026-03-14", "2026-05-08";
    t0_send_pec_at_night: send_pec("2026-03-02", 22, 30) => "2026-03-10", "2026-03-16", "2026-05-09";
    t0_send_pec_at_21: send_pec("2026-03-02", 21, 0) => "2026-03-10", "2026-03-16", "2026-05-09";
    t0_send_pec_before_21: send_pec("2026-03-02", 20, 59) => "2026-03-09", "2026-03-14", "2026-05-08";
    t0_send_pec_before_7: send_pec("2026-03-02", 6, 59) => "2026-03-10", "2026-03-16", "2026-05-09";
    t0_send_pec_at_7: send_pec("2026-03-02", 7, 0) => "2026-03-09", "2026-03-14", "2026-05-08";
    t0_send_pec_opened_at_once: Notification::SendPec { on: day("2026-03-02"), at: NaiveTime::MIN, opened_on: Some(day("2026-03-03")) } => "2026-03-03", "2026-03-09", "2026-05-02";
    t0_send_mailbox_full: Notification::SendPecUndelivered { on: day("2026-03-02"), opened_on: None } => "2026-03-17", "2026-03-23", "2026-05-16";
    t0_send_paper: Notification::SendPaper { on: day("2026-06-01"), opened_on: None } => "2026-06-11", "2026-06-16", "2026-08-10";
}

/// Sanction, semesters, surcharge and the sum with it.
macro_rules! surcharges {
    ($($name:ident: $sanction:literal, $semesters:literal => $more:literal, $sum:literal;)+) => {$(
        #[test]
        fn $name() {
            let sanction = Cents::new($sanction).unwrap();
            let more = amounts::surcharge(sanction, 1_000, $semesters).unwrap();
            assert_eq!((more.get(), sanction.plus(more).unwrap().get()), ($more, $sum));
        }
    )+};
}

surcharges! {
    f14_three_semesters: 34_700, 3 => 10_410, 45_110;
    f14_five_semesters: 8_650, 5 => 4_325, 12_975;
    f14_seven_semesters: 16_625, 7 => 11_638, 28_263;
}

#[test]
fn f14_only_whole_semesters_count() {
    let semesters = |from, to| amounts::semesters(day(from), day(to));
    assert_eq!(semesters("2024-03-15", "2026-11-21"), 5);
    assert_eq!(semesters("2024-03-15", "2026-09-14"), 4);
    assert_eq!(semesters("2024-03-15", "2026-09-15"), 5);
    assert_eq!(semesters("2024-08-31", "2025-02-28"), 1);
    assert_eq!(semesters("2026-03-15", "2024-03-15"), 0);
}

/// The reduced payment of other laws, for a minimum and a maximum.
fn administrative(minimum: Option<i64>, maximum: i64, giunta: Option<i64>, costs: i64) -> i64 {
    let mut service = service("fine");
    let mut article = json!({
        "code": "R-12", "label": "art. 12 regolamento di polizia urbana",
        "valid_from": "2021-01-01", "regime": "administrative", "maximum_cents": maximum,
    });
    if let Some(minimum) = minimum {
        article["minimum_cents"] = json!(minimum);
    }
    if let Some(set) = giunta {
        article["giunta_cents"] = json!(set);
    }
    service.terms["articles"] = json!([article]);
    let details = report(&[("R-12", false)], costs, Some("2026-04-01"));
    let assessment = Fine.assess(&details, &service).unwrap();
    let [option] = assessment.options.as_slice() else {
        panic!("one way to pay");
    };
    let schedule = &option.notices[0].schedule;
    // There is no discount, and after sixty days an injunction follows.
    let ends: Vec<_> = schedule.steps().iter().map(|step| step.until).collect();
    assert_eq!(ends, [Some(day("2026-06-01"))]);
    schedule.nominal().get()
}

macro_rules! administrative {
    ($($name:ident: $minimum:expr, $maximum:literal, $giunta:expr, $costs:literal => $reduced:literal;)+) => {$(
        #[test]
        fn $name() {
            assert_eq!(administrative($minimum, $maximum, $giunta, $costs), $reduced);
        }
    )+};
}

administrative! {
    f15_25_to_500: Some(2_500), 50_000, None, 1550 => 6_550;
    f15_100_to_400: Some(10_000), 40_000, None, 1550 => 14_883;
    f15_80_to_480: Some(8_000), 48_000, None, 1550 => 17_550;
    f15_50_to_300: Some(5_000), 30_000, None, 1550 => 11_550;
    f15_516_without_minimum: None, 51_600, None, 1550 => 18_750;
    f15_516_to_3099: Some(51_600), 309_900, None, 1550 => 104_750;
    f15_set_by_the_giunta: Some(2_500), 50_000, Some(10_000), 0 => 10_000;
}

#[test]
fn f16_ten_instalments_of_1101_30() {
    let sum = Cents::new(110_130).unwrap();
    let parts = divide(
        sum,
        10,
        (day("2026-11-16"), 450),
        Calendar::Civil.with(None),
    )
    .unwrap();
    let interest: Vec<i64> = parts.iter().map(|part| part.interest.get()).collect();
    assert_eq!(interest, [407, 379, 337, 266, 253, 204, 168, 122, 84, 42]);
    assert!(parts.iter().all(|part| part.principal.get() == 11_013));
    let asked = |part: &instalments::Instalment| part.principal.plus(part.interest).unwrap().get();
    let asked: Vec<i64> = parts.iter().map(asked).collect();
    let expected = [
        11_420, 11_392, 11_350, 11_279, 11_266, 11_217, 11_181, 11_135, 11_097, 11_055,
    ];
    assert_eq!(asked, expected);
    assert_eq!(asked.iter().sum::<i64>(), 112_392);
    // 16 May 2027 is a Sunday: the term moves, the interest does not.
    assert_eq!(parts[5].due_on, day("2027-05-17"));
}

#[test]
fn f16_no_more_instalments_than_a_hundred_euro_allow() {
    let terms: FineTerms = serde_json::from_value(terms("fine")).unwrap();
    let most = |cents| {
        let rules = terms.instalments.as_ref().unwrap();
        rules.most(Cents::new(cents).unwrap())
    };
    assert_eq!(most(110_130), 11);
    assert_eq!(most(200_000), 12);
    assert_eq!(most(200_001), 20);
    assert_eq!(most(500_000), 24);
    assert_eq!(most(1_000_000), 60);
}
