use super::*;
use crate::domain::service::samples::{day, service, terms};

mod forms;
mod properties;
mod short_payments;
mod vectors;

fn report(articles: &[(&str, bool)], costs_cents: i64, notified_on: Option<&str>) -> Value {
    let violation = |(article, at_night): &(&str, bool)| json!({"article": article, "committed_on": "2026-03-10", "at_night": at_night});
    let violations: Vec<Value> = articles.iter().map(violation).collect();
    let mut report = json!({
        "report_number": "V/2026/1234", "violations": violations, "costs_cents": costs_cents,
    });
    if let Some(day) = notified_on {
        report["notification"] = json!({"channel": "by_hand", "on": day});
    }
    report
}

fn notice(details: &Value) -> NoticeDraft {
    let mut assessment = Fine.assess(details, &service("fine")).unwrap();
    assessment.options.pop().unwrap().notices.pop().unwrap()
}

/// What is due on the fifth, the sixtieth and a later day, for a notification of 29 April 2026.
fn tiers(articles: &[(&str, bool)], costs_cents: i64) -> [i64; 3] {
    let notice = notice(&report(articles, costs_cents, Some("2026-04-29")));
    ["2026-05-04", "2026-06-29", "2026-06-30"]
        .map(|on| notice.schedule.due_on(day(on)).unwrap().total.get())
}

#[test]
fn suspension_of_the_licence_leaves_no_discount() {
    let unknown = notice(&report(&[("142-9", false)], 1630, None));
    assert_eq!(unknown.schedule.nominal().get(), 55930);
    // In one report each violation keeps its own rule: 543 whole, 173 at seventy percent.
    assert_eq!(tiers(&[("142-9", false), ("142-8", false)], 0)[0], 66410);
}

#[test]
fn the_night_counts_only_for_its_articles() {
    assert_eq!(
        tiers(&[("7-14", true)], 1550),
        tiers(&[("7-14", false)], 1550)
    );
}

#[test]
fn until_it_is_notified_the_lowest_price_has_no_end() {
    let notice = notice(&report(&[("142-8", false)], 1630, None));
    assert_eq!(
        (notice.due_on, notice.schedule.payable_until()),
        (None, None)
    );
    assert_eq!(notice.schedule.steps().len(), 1);
    assert_eq!(
        notice
            .schedule
            .due_on(day("2030-01-01"))
            .unwrap()
            .total
            .get(),
        13740
    );
}

#[test]
fn once_notified_the_steps_end_as_the_calendar_says() {
    let notice = notice(&report(&[("142-8", false)], 1630, Some("2026-12-20")));
    let ends: Vec<Option<Day>> = notice
        .schedule
        .steps()
        .iter()
        .map(|step| step.until)
        .collect();
    assert_eq!(
        ends,
        [Some(day("2026-12-28")), Some(day("2027-02-18")), None]
    );
    assert_eq!(notice.due_on, Some(day("2027-02-18")));
    assert_eq!(notice.description, "Violazione CdS - verbale V/2026/1234");
}

#[test]
fn a_report_issued_after_its_terms_asks_what_is_due_by_then() {
    let mut late = service("fine");
    let details = report(&[("142-8", false)], 1630, Some("2026-03-15"));
    let amounts = |service: &Service| -> Vec<(String, i64)> {
        let rows = Fine.assess(&details, service).unwrap().rows;
        rows.into_iter()
            .map(|row| (row.code.into_owned(), row.amount.get()))
            .collect()
    };
    let row = |code: &str, cents: i64| (code.to_owned(), cents);
    // On 1 April the five days are over; on 1 June the sixty are.
    assert_eq!(
        amounts(&late),
        [row("violation", 17300), row("costs", 1630)]
    );
    late.issued_on = day("2026-06-01");
    assert_eq!(
        amounts(&late),
        [
            row("violation", 17300),
            row("costs", 1630),
            row("late_increase", 17400)
        ]
    );
    late.issued_on = day("2026-03-15");
    assert_eq!(
        amounts(&late),
        [
            row("violation", 17300),
            row("costs", 1630),
            row("discount", -5190)
        ]
    );
}

#[test]
fn a_report_issued_on_the_last_day_of_the_discount_still_offers_it() {
    // Five days from Friday 27 March end on 1 April, the day of issue.
    let notice = notice(&report(&[("142-8", false)], 1630, Some("2026-03-27")));
    assert_eq!(notice.schedule.nominal().get(), 13740);
    assert_eq!(notice.schedule.payable_until(), None);
}

#[test]
fn the_amounts_are_those_in_force_on_the_day_of_the_violation() {
    let mut service = service("fine");
    let mut newer = service.terms["articles"][3].clone();
    newer["valid_from"] = json!("2026-03-11");
    newer["minimum_cents"] = json!(18000);
    service.terms["articles"]
        .as_array_mut()
        .unwrap()
        .insert(0, newer);
    let mut details = report(&[("142-8", false)], 0, None);
    let nominal = |details: &Value| {
        let assessment = Fine.assess(details, &service).unwrap();
        assessment.options[0].notices[0].schedule.nominal().get()
    };
    assert_eq!(nominal(&details), 12110);
    details["violations"][0]["committed_on"] = json!("2026-03-11");
    assert_eq!(nominal(&details), 12600);
}

#[test]
fn every_broken_rule_is_told_at_once() {
    let details = json!({
        "report_number": " ", "plate": "ab 123", "costs_cents": -1,
        "notification": {"channel": "mail", "on": "2026-03-01"},
        "violations": [
            {"article": "999", "committed_on": "2026-03-10", "at_night": false},
            {"article": "142-8", "committed_on": "2026-04-02", "at_night": false},
            {"article": "142-8", "committed_on": "1999-04-02", "at_night": false},
        ],
    });
    let errors = Fine.assess(&details, &service("fine")).unwrap_err();
    let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/report_number",
            "/plate",
            "/costs_cents",
            "/violations/0/article",
            "/violations/1/committed_on",
            "/violations/2/committed_on",
            "/violations/2/article",
            "/notification/on",
        ]
    );
}

#[test]
fn a_table_with_twins_or_a_low_maximum_is_refused() {
    let mut terms = terms("fine");
    terms["reduced_days"] = json!(5);
    terms["articles"][1]["code"] = json!("7-14");
    terms["articles"][2]["maximum_cents"] = json!(8399);
    let errors = Fine.check_terms(&terms).unwrap_err();
    let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/reduced_days",
            "/articles/1/valid_from",
            "/articles/2/maximum_cents"
        ]
    );
}
