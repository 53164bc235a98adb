//! The forms of the notices, and who may not pay less.

use super::*;
use crate::domain::service::DetailsError;

fn two_notices() -> Service {
    let mut service = service("fine");
    service.terms["form"] = json!("two_notices");
    service
}

/// Description, last day in time and steps of each option's only notice.
type Shown = Vec<(String, Option<Day>, Vec<(Option<Day>, i64)>)>;

fn shown(details: &Value, service: &Service) -> Shown {
    let assessment = Fine.assess(details, service).unwrap();
    let show = |option: OptionDraft| {
        let [notice] = option.notices.as_slice() else {
            panic!("one notice");
        };
        let steps = notice.schedule.steps().iter();
        let steps = steps.map(|step| (step.until, step.amounts[0].get()));
        (notice.description.clone(), notice.due_on, steps.collect())
    };
    assessment.options.into_iter().map(show).collect()
}

fn pointers(result: Result<Assessment, Vec<DetailsError>>) -> Vec<String> {
    let errors = result.unwrap_err();
    errors.into_iter().map(|error| error.pointer).collect()
}

const DISCOUNTED: &str = "Violazione CdS - verbale V/2026/1234, importo scontato";
const REDUCED: &str = "Violazione CdS - verbale V/2026/1234, importo ridotto";

#[test]
fn at_print_both_notices_are_payable_without_end() {
    let details = report(&[("142-8", false)], 1630, None);
    let expected: Shown = vec![
        (DISCOUNTED.to_owned(), None, vec![(None, 13_740)]),
        (REDUCED.to_owned(), None, vec![(None, 18_930)]),
    ];
    assert_eq!(shown(&details, &two_notices()), expected);
    let rows = Fine.assess(&details, &two_notices()).unwrap().rows;
    let sum = Cents::sum(rows.iter().map(|row| row.amount)).unwrap();
    assert_eq!(sum.get(), 13_740, "the rows explain the first");
}

#[test]
fn once_notified_each_notice_has_its_term_and_then_what_follows() {
    let details = report(&[("142-8", false)], 1630, Some("2026-04-29"));
    let (d5, d60) = (Some(day("2026-05-04")), Some(day("2026-06-29")));
    let later = vec![(d60, 18_930), (None, 36_330)];
    let mut service = two_notices();
    let whole = vec![(d5, 13_740), (d60, 18_930), (None, 36_330)];
    let expected: Shown = vec![
        (DISCOUNTED.to_owned(), d5, whole),
        (REDUCED.to_owned(), d60, later.clone()),
    ];
    assert_eq!(shown(&details, &service), expected);
    service.terms["cds_repricing"] = json!(false);
    let expected: Shown = vec![
        (DISCOUNTED.to_owned(), d5, vec![(d5, 13_740)]),
        (REDUCED.to_owned(), d60, later),
    ];
    assert_eq!(shown(&details, &service), expected);
    service.terms["after_60"] = json!("expired");
    let expected: Shown = vec![
        (DISCOUNTED.to_owned(), d5, vec![(d5, 13_740)]),
        (REDUCED.to_owned(), d60, vec![(d60, 18_930)]),
    ];
    assert_eq!(shown(&details, &service), expected);
}

#[test]
fn without_a_discount_there_is_one_notice() {
    let details = report(&[("142-9", false)], 1630, None);
    let expected: Shown = vec![(
        "Violazione CdS - verbale V/2026/1234".to_owned(),
        None,
        vec![(None, 55_930)],
    )];
    assert_eq!(shown(&details, &two_notices()), expected);
}

#[test]
fn issued_after_the_discount_only_the_reduced_payment_is_offered() {
    let details = report(&[("142-8", false)], 1630, Some("2026-03-15"));
    let options = shown(&details, &two_notices());
    assert_eq!(options.len(), 1);
    assert_eq!(options[0].0, REDUCED);
}

#[test]
fn a_notice_that_would_be_born_expired_is_refused() {
    let mut service = service("fine");
    service.terms["after_60"] = json!("expired");
    service.issued_on = day("2026-07-01");
    let details = report(&[("142-8", false)], 1630, Some("2026-04-29"));
    assert_eq!(pointers(Fine.assess(&details, &service)), ["/notification"]);
}

#[test]
fn a_slip_on_a_windscreen_has_its_own_days_and_no_costs() {
    let mut service = service("fine");
    service.terms["preavviso_days"] = json!(15);
    let details = report(&[("7-15", false)], 0, None);
    // Fifteen days from 10 March end on the 25th; then the minimum is asked until the report comes.
    let end = Some(day("2026-03-25"));
    service.issued_on = day("2026-03-10");
    let expected: Shown = vec![(
        "Violazione CdS - preavviso V/2026/1234".to_owned(),
        end,
        vec![(end, 2_940), (None, 4_200)],
    )];
    assert_eq!(shown(&details, &service), expected);
    service.terms["cds_repricing"] = json!(false);
    assert_eq!(shown(&details, &service)[0].2, [(end, 2_940)]);
    service.issued_on = day("2026-04-01");
    assert_eq!(pointers(Fine.assess(&details, &service)), ["/violations"]);
    let notified = report(&[("7-15", false)], 1550, Some("2026-03-20"));
    let refused = pointers(Fine.assess(&notified, &service));
    assert_eq!(refused, ["/costs_cents", "/notification"]);
}

#[test]
fn who_did_not_stop_pays_no_less_and_the_report_goes_to_the_prefect() {
    let mut details = report(&[("142-8", false)], 1630, None);
    details["violations"][0]["refused_to_stop"] = json!(true);
    let errors = Fine.assess(&details, &service("fine")).unwrap_err();
    assert_eq!(errors[0].pointer, "/violations/0/refused_to_stop");
    assert!(errors[0].said.it.contains("Prefetto") && errors[0].said.en.contains("Prefect"));
    let mut barred = service("fine");
    barred.terms["articles"][3]["reduced_excluded"] = json!(true);
    let details = report(&[("142-8", false)], 1630, None);
    assert_eq!(
        pointers(Fine.assess(&details, &barred)),
        ["/violations/0/article"]
    );
}

#[test]
fn two_laws_do_not_meet_in_one_report() {
    let mut service = service("fine");
    service.terms["articles"][0]["regime"] = json!("administrative");
    let details = report(&[("7-14", false), ("142-8", false)], 0, None);
    assert_eq!(pointers(Fine.assess(&details, &service)), ["/violations"]);
}

#[test]
fn what_goes_to_the_roll_grows_with_the_semesters_and_not_with_the_costs() {
    let mut service = service("fine");
    service.issued_on = day("2027-08-30");
    let mut details = report(&[("142-8", false)], 1630, Some("2026-04-29"));
    // Enforceable on 29 June 2026: two whole semesters. 347.00 and 20 % of it, and 16.30.
    details["enrolled_on"] = json!("2027-08-30");
    let assessment = Fine.assess(&details, &service).unwrap();
    let rows: Vec<(&str, i64)> = assessment
        .rows
        .iter()
        .map(|row| (row.code.as_ref(), row.amount.get()))
        .collect();
    let expected = [
        ("violation", 17_300),
        ("costs", 1_630),
        ("late_increase", 17_400),
        ("semester_surcharge", 6_940),
    ];
    assert_eq!(rows, expected);
    assert_eq!(shown(&details, &service)[0].2, [(None, 43_270)]);
    service.terms["semester_surcharge_bp"] = json!(0);
    assert_eq!(shown(&details, &service)[0].2, [(None, 36_330)]);
    details["enrolled_on"] = json!("2026-06-29");
    assert_eq!(pointers(Fine.assess(&details, &service)), ["/enrolled_on"]);
}

fn in_instalments(count: i64, requested_on: &str, income_cents: i64) -> Value {
    let mut details = report(&[("142-9", false)], 1630, Some("2026-04-01"));
    details["instalments"] = json!({
        "count": count, "requested_on": requested_on, "starts_on": "2026-05-16",
        "income_cents": income_cents, "relatives": 2,
    });
    details
}

#[test]
fn instalments_stand_beside_the_payment_at_once() {
    let details = in_instalments(5, "2026-04-20", 1_269_398);
    let assessment = Fine.assess(&details, &service("fine")).unwrap();
    let [once, plan] = assessment.options.as_slice() else {
        panic!("two ways to pay");
    };
    assert_eq!(once.notices[0].schedule.nominal().get(), 55_930);
    assert_eq!(plan.kind, OptionKind::Plan);
    // 111.86 each; interest on 559.30, 447.44, … for 31, 30, 31, 31 and 30 days.
    let asked: Vec<i64> = plan
        .notices
        .iter()
        .map(|notice| notice.schedule.nominal().get())
        .collect();
    assert_eq!(asked, [11_400, 11_351, 11_314, 11_272, 11_227]);
    assert_eq!(
        plan.notices[4].description,
        "Violazione CdS - verbale V/2026/1234, rata 5 di 5"
    );
    assert_eq!(plan.notices[0].due_on, Some(day("2026-06-16")));
}

#[test]
fn instalments_are_refused_beyond_the_limits_of_the_law() {
    let service = service("fine");
    let refused = |details| pointers(Fine.assess(&details, &service));
    assert_eq!(
        refused(in_instalments(6, "2026-04-20", 0)),
        ["/instalments/count"]
    );
    assert_eq!(
        refused(in_instalments(5, "2026-05-03", 0)),
        ["/instalments/requested_on"]
    );
    let rich = in_instalments(5, "2026-04-20", 1_269_399);
    assert_eq!(refused(rich), ["/instalments/income_cents"]);
    let mut small = in_instalments(2, "2026-04-20", 0);
    small["violations"][0]["article"] = json!("142-8");
    assert_eq!(refused(small), ["/instalments"]);
}

#[test]
fn a_notification_says_what_its_channel_needs() {
    let mut details = report(&[("142-8", false)], 1630, None);
    for (notification, pointer) in [
        (
            json!({"channel": "send_pec", "on": "2026-04-01"}),
            "/notification/at",
        ),
        (
            json!({"channel": "send_pec", "on": "2026-04-01", "at": "24:00"}),
            "/notification/at",
        ),
        (
            json!({"channel": "mail", "on": "2026-04-01", "at": "10:00"}),
            "/notification/at",
        ),
        (
            json!({"channel": "mail", "on": "2026-04-01", "collected_on": "2026-04-02"}),
            "/notification/collected_on",
        ),
        (
            json!({"channel": "mail_deposited", "on": "2026-04-01", "collected_on": "2026-03-31"}),
            "/notification/collected_on",
        ),
        (
            json!({"channel": "mail", "on": "2026-03-09"}),
            "/notification/on",
        ),
    ] {
        details["notification"] = notification.clone();
        let found = pointers(Fine.assess(&details, &service("fine")));
        assert_eq!(found, [pointer], "{notification}");
    }
    details["notification"] = json!({"channel": "send_pec", "on": "2026-04-01", "at": "22:30"});
    // The seventh day after 2 April is the 9th; five days later is the 14th.
    let steps = &shown(&details, &service("fine"))[0].2;
    assert_eq!(steps[0], (Some(day("2026-04-14")), 13_740));
}

#[test]
fn a_town_may_move_terms_beyond_saturdays_and_its_patron() {
    let mut service = service("fine");
    let details = report(&[("142-8", false)], 0, Some("2026-12-17"));
    let until = |service: &Service| shown(&details, service)[0].2[0].0;
    // Five days from Thursday 17 December end on Tuesday the 22nd.
    assert_eq!(until(&service), Some(day("2026-12-22")));
    service.terms["patron"] = json!({"month": 12, "day": 22});
    assert_eq!(until(&service), Some(day("2026-12-23")));
    let details = report(&[("142-8", false)], 0, Some("2018-12-17"));
    let mut saturday = crate::domain::service::samples::service("fine");
    saturday.terms["articles"][3]["valid_from"] = json!("2018-01-01");
    let mut details = details;
    details["violations"][0]["committed_on"] = json!("2018-12-01");
    saturday.issued_on = day("2018-12-17");
    let until = |service: &Service| shown(&details, service)[0].2[0].0;
    assert_eq!(until(&saturday), Some(day("2018-12-22")));
    saturday.terms["saturday_rolls"] = json!(true);
    assert_eq!(until(&saturday), Some(day("2018-12-24")));
}
