use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::{BatchIn, Kind, NoticeIn, PlanError, PlannedPayment, Wishes, plan};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// `groups` debts, each payable at once (option 0) or in four instalments (option 1).
fn batch(groups: usize, pay: usize) -> BatchIn {
    let mut notices = Vec::new();
    for group in 0..groups {
        let mut push = |option: u32, sequence: u32, due: &str| {
            notices.push(NoticeIn {
                notice_number: format!("3010{group:010}{option:02}{sequence:02}"),
                group: format!("g{group}"),
                option,
                sequence,
                issued_on: day("2026-02-01"),
                due_on: day(due),
                term_on: None,
            });
        };
        push(0, 1, "2026-04-30");
        for (sequence, due) in [
            (4, "2026-12-02"),
            (1, "2026-04-30"),
            (3, "2026-09-30"),
            (2, "2026-06-30"),
        ] {
            push(1, sequence, due);
        }
    }
    BatchIn {
        batch: "tari-2026".into(),
        creditor: "80001230456".into(),
        pay,
        mischief: Wishes::default(),
        notices,
    }
}

fn by_number(batch: &BatchIn) -> BTreeMap<&str, &NoticeIn> {
    batch
        .notices
        .iter()
        .map(|notice| (notice.notice_number.as_str(), notice))
        .collect()
}

fn count(planned: &[PlannedPayment], kind: Kind) -> usize {
    planned
        .iter()
        .filter(|payment| payment.kind == kind)
        .count()
}

#[test]
fn exactly_as_many_are_paid_as_asked() {
    for pay in [0, 1, 7, 100, 333, 399, 400] {
        let planned = plan(11, &batch(100, pay)).unwrap();
        assert_eq!(planned.len(), pay);
        let distinct: BTreeSet<_> = planned
            .iter()
            .map(|payment| &payment.notice_number)
            .collect();
        assert_eq!(distinct.len(), pay);
    }
    assert_eq!(
        plan(11, &batch(100, 401)).unwrap_err(),
        PlanError::TooMany {
            asked: 401,
            possible: 400
        }
    );
}

#[test]
fn options_exclude_each_other_and_instalments_come_in_order() {
    let batch = batch(200, 420);
    let planned = plan(3, &batch).unwrap();
    let notices = by_number(&batch);
    let mut groups: BTreeMap<&str, Vec<(u32, u32, NaiveDate)>> = BTreeMap::new();
    for payment in &planned {
        let notice = notices[payment.notice_number.as_str()];
        groups.entry(&notice.group).or_default().push((
            notice.option,
            notice.sequence,
            payment.day,
        ));
    }
    for (group, mut paid) in groups {
        paid.sort();
        assert!(
            paid.iter().all(|(option, ..)| *option == paid[0].0),
            "{group} {paid:?}"
        );
        for (index, (_, sequence, _)) in paid.iter().enumerate() {
            assert_eq!(
                usize::try_from(*sequence).unwrap(),
                index + 1,
                "{group} {paid:?}"
            );
        }
        assert!(
            paid.windows(2).all(|pair| pair[0].2 < pair[1].2),
            "{group} {paid:?}"
        );
    }
}

#[test]
fn the_plan_does_not_depend_on_the_order_of_arrival() {
    let straight = batch(80, 150);
    let mut turned = straight.clone();
    turned.notices.reverse();
    turned.notices.rotate_left(17);
    assert_eq!(plan(5, &straight).unwrap(), plan(5, &turned).unwrap());
    assert_ne!(plan(5, &straight).unwrap(), plan(6, &straight).unwrap());
    let mut renamed = straight.clone();
    renamed.batch = "tari-2027".into();
    assert_ne!(plan(5, &straight).unwrap(), plan(5, &renamed).unwrap());
}

#[test]
fn mischief_is_spread_in_the_numbers_asked_and_only_the_late_are_late() {
    let mut batch = batch(200, 400);
    batch.mischief = Wishes {
        double_payment: 7,
        lost_receipt: 11,
        late_payment: 13,
        paid_after_withdrawal: 5,
        lost_answer: 3,
        late_outcome: 2,
    };
    let planned = plan(42, &batch).unwrap();
    let notices = by_number(&batch);
    assert_eq!(count(&planned, Kind::DoublePayment), 7);
    assert_eq!(count(&planned, Kind::LostReceipt), 11);
    assert_eq!(count(&planned, Kind::LatePayment), 13);
    assert_eq!(count(&planned, Kind::PaidAfterWithdrawal), 5);
    assert_eq!(count(&planned, Kind::LostAnswer), 3);
    assert_eq!(count(&planned, Kind::LateOutcome), 2);
    for payment in &planned {
        let notice = notices[payment.notice_number.as_str()];
        let late = payment.day.signed_duration_since(notice.due_on).num_days();
        if payment.kind == Kind::LatePayment {
            assert!((1..=40).contains(&late));
        } else {
            assert!(late <= 0 && payment.day >= day("2026-02-03"), "{payment:?}");
        }
        if payment.kind == Kind::PaidAfterWithdrawal {
            assert_eq!(notice.sequence, 1);
        }
    }
    batch.mischief.double_payment = 500;
    assert!(matches!(
        plan(42, &batch),
        Err(PlanError::TooMuchMischief { .. })
    ));
}

#[test]
fn a_third_of_them_pays_on_the_last_days() {
    let batch = batch(400, 400);
    let notices = by_number(&batch);
    let planned = plan(9, &batch).unwrap();
    let last = planned.iter().filter(|payment| {
        notices[payment.notice_number.as_str()]
            .due_on
            .signed_duration_since(payment.day)
            .num_days()
            <= 4
    });
    let share = last.count();
    assert!((120..=220).contains(&share), "{share}");
}

#[test]
fn wrong_and_repeated_numbers_are_named() {
    let mut wrong = batch(2, 1);
    wrong.notices[0].notice_number = "301".into();
    assert_eq!(
        plan(1, &wrong).unwrap_err(),
        PlanError::NoticeNumber("301".into())
    );
    let mut twice = batch(2, 1);
    twice.notices[1].notice_number = twice.notices[0].notice_number.clone();
    assert!(matches!(plan(1, &twice), Err(PlanError::Repeated(_))));
}
