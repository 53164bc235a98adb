use super::*;
use crate::domain::lifecycle::Anomaly;
use crate::domain::position::tests::{cents, day, fine, numbers, position, town, with_state};
use crate::domain::position::{NotPayable, Publication, Summary};
use crate::domain::receipt::tests::receipt_for;
use crate::domain::receipt::{self, Seen};
use crate::domain::service::{OptionDraft, PlanLapse, Schedule, Step};

fn draft(amount: i64, due_on: Option<&str>) -> NoticeDraft {
    NoticeDraft {
        description: "Verbale 125".into(),
        due_on: due_on.map(day),
        transfers: vec![town()],
        schedule: Schedule::flat("importo", vec![cents(amount)]).unwrap(),
    }
}

/// 559.30 at once, or four instalments due on the 16th of June to September, the first at index 1.
fn in_instalments() -> Position {
    let once = OptionDraft {
        kind: OptionKind::Single,
        lapse: None,
        notices: vec![draft(55_930, None)],
    };
    let days = ["2026-06-16", "2026-07-16", "2026-08-16", "2026-09-16"];
    let plan = OptionDraft {
        kind: OptionKind::Plan,
        lapse: Some(PlanLapse { missed: 2 }),
        notices: days.map(|due| draft(14_000, Some(due))).to_vec(),
    };
    position(vec![once, plan], Publication::Now)
}

fn paid(position: Position, instalments: &[usize]) -> Position {
    let pay = |position, index: &usize| with_state(position, *index, State::Paid);
    instalments.iter().fold(position, pay)
}

fn payable(position: &Position, index: usize, on: &str) -> Result<i64, NotPayable> {
    let due = position.payable_on(&position.notices[index], day(on))?;
    Ok(due.total.get())
}

#[test]
fn a_missed_first_instalment_ends_the_plan_and_leaves_the_payment_at_once() {
    let position = in_instalments();
    assert_eq!(payable(&position, 1, "2026-06-16"), Ok(14_000));
    for index in 1..=4 {
        let refused = payable(&position, index, "2026-06-17");
        assert_eq!(refused, Err(NotPayable::PlanLapsed));
    }
    assert_eq!(payable(&position, 0, "2026-06-17"), Ok(55_930));
    assert!(!position.wants_rest(day("2026-06-17")));
    assert!(position.lapsed(day("2026-06-16")).is_empty());
    let steps = position.lapsed(day("2026-06-17"));
    assert_eq!(steps.len(), 4);
    assert!(steps.iter().all(|(_, step)| step.to() == State::Expired));
    assert_eq!(position.summary(day("2026-06-17")), Summary::Open);
}

#[test]
fn later_two_missed_instalments_end_it_and_one_does_not() {
    let position = paid(in_instalments(), &[1]);
    assert_eq!(payable(&position, 4, "2026-08-16"), Ok(14_000));
    assert_eq!(
        payable(&position, 2, "2026-08-16"),
        Ok(14_000),
        "late, not lost"
    );
    assert!(position.lapsed(day("2026-08-16")).is_empty());
    let ended = "2026-08-17";
    assert_eq!(payable(&position, 4, ended), Err(NotPayable::PlanLapsed));
    assert!(position.wants_rest(day(ended)) && !position.wants_rest(day("2026-08-16")));
    // What was paid late was not missed.
    let late = paid(in_instalments(), &[1, 2]);
    assert_eq!(payable(&late, 4, ended), Ok(14_000));
    assert_eq!(
        payable(&late, 4, "2026-09-17"),
        Err(NotPayable::PlanLapsed),
        "the third and the fourth"
    );
}

#[test]
fn a_town_may_be_stricter_and_other_plans_never_end() {
    let mut strict = paid(in_instalments(), &[1]);
    for notice in &mut strict.notices {
        notice.lapse = notice.lapse.map(|_| PlanLapse { missed: 1 });
    }
    assert_eq!(
        payable(&strict, 4, "2026-07-17"),
        Err(NotPayable::PlanLapsed)
    );
    let mut plain = in_instalments();
    for notice in &mut plain.notices {
        notice.lapse = None;
    }
    assert_eq!(payable(&plain, 1, "2027-01-01"), Ok(14_000));
    assert!(plain.lapsed(day("2027-01-01")).is_empty());
    assert!(
        plain
            .notices
            .iter()
            .all(|notice| notice.ends_on().is_none())
    );
}

#[test]
fn the_rest_falls_due_on_one_notice_and_the_books_get_what_it_costs_more() {
    let position = paid(in_instalments(), &[1]);
    let rest = draft(110_130 - 14_000, None);
    let number = numbers(9).pop().unwrap();
    let change = position.end_plan(rest, number.clone(), day("2026-08-22"));
    let change = change.unwrap();
    let [added] = change.added.as_slice() else {
        panic!("one notice for the rest");
    };
    assert_eq!((&added.number, added.option), (&number, 3));
    assert_eq!(added.schedule.nominal(), cents(96_130));
    assert_eq!(
        added.replaces.len(),
        4,
        "the payment at once and three instalments"
    );
    assert!(
        change
            .moves
            .iter()
            .all(|(_, step)| step.to() == State::Cancelled)
    );
    // Three instalments of 140.00 were booked; half the maximum asks 541.30 more.
    let [entry] = change.entries.as_slice() else {
        panic!("one entry");
    };
    let booked: Vec<i64> = entry.postings.iter().map(|p| p.amount.get()).collect();
    assert_eq!(booked, [96_130 - 3 * 14_000]);
}

#[test]
fn a_payment_after_the_end_is_kept_and_flagged_before_the_end_is_written_down() {
    let anomaly = |position: &Position, index: usize, at: &str| {
        let mut receipt = receipt_for(position, index, &[4_490]);
        receipt.paid_at = Some(at.parse().unwrap());
        let today = day("2026-12-01");
        let change = receipt::receive(Some(position), &receipt, &Seen::default(), today);
        change.unwrap().anomaly
    };
    let position = in_instalments();
    // In Rome the 16th ends at 22:00 UTC.
    assert_eq!(anomaly(&position, 1, "2026-06-16T21:59:59Z"), None);
    let late = anomaly(&position, 1, "2026-06-16T22:00:00Z");
    assert_eq!(late, Some(Anomaly::PaidAfterExpiry));
    let mut fine = fine();
    let steps = fine.notices[0].schedule.steps()[..2].to_vec();
    fine.notices[0].schedule = Schedule::new(steps, 1).unwrap();
    assert_eq!(anomaly(&fine, 0, "2026-06-29T10:00:00Z"), None);
    let late = anomaly(&fine, 0, "2026-06-30T10:00:00Z");
    assert_eq!(late, Some(Anomaly::PaidAfterExpiry));
}

#[test]
fn a_term_that_has_ended_is_found_on_the_day_after() {
    let step = |until: &str, amount| Step {
        until: Some(day(until)),
        reason: "importo".into(),
        amounts: vec![cents(amount)],
    };
    let mut slip = fine();
    let steps = vec![step("2026-05-04", 4_490), step("2026-06-29", 5_750)];
    slip.notices[0].schedule = Schedule::new(steps, 1).unwrap();
    assert_eq!(slip.notices[0].ends_on(), Some(day("2026-06-29")));
    assert!(slip.lapsed(day("2026-06-29")).is_empty());
    assert_eq!(slip.lapsed(day("2026-06-30")).len(), 1);
    let expired = with_state(slip, 0, State::Expired);
    assert!(expired.lapsed(day("2026-06-30")).is_empty(), "once");
    assert_eq!(expired.summary(day("2026-06-30")), Summary::Expired);
}
