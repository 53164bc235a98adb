//! What holds for every report (`charges.md` §10).

use super::*;
use crate::domain::calendar::{Calendar, is_holiday};
use chrono::Days;
use proptest::prelude::*;

fn some_day() -> impl Strategy<Value = Day> {
    (0u64..9_000).prop_map(|later| {
        let first = day("2021-01-01");
        first.checked_add_days(Days::new(later)).unwrap()
    })
}

fn limits() -> impl Strategy<Value = (i64, i64)> {
    (1i64..=1_000_000).prop_flat_map(|minimum| {
        let twice = minimum.checked_mul(2).unwrap();
        (Just(minimum), twice..=4_000_000)
    })
}

proptest! {
    #[test]
    fn who_pays_later_never_pays_less(
        (minimum, maximum) in limits(),
        night in any::<bool>(),
        costs in 0i64..=10_000,
        discount in 0u32..=9_999,
        two in any::<bool>(),
    ) {
        let mut service = service("fine");
        service.terms["discount_bp"] = json!(discount);
        service.terms["articles"][3]["minimum_cents"] = json!(minimum);
        service.terms["articles"][3]["maximum_cents"] = json!(maximum);
        service.terms["form"] = json!(if two { "two_notices" } else { "one_notice" });
        let details = report(&[("142-8", night)], costs, Some("2026-04-29"));
        let assessment = match Fine.assess(&details, &service) {
            Ok(assessment) => assessment,
            // A discount of nearly everything leaves less than half a cent, which nobody can pay.
            Err(errors) => {
                prop_assert_eq!(errors[0].pointer.as_str(), "");
                prop_assert!(costs == 0 && minimum * i64::from(10_000 - discount) * 4 / 3 < 5_000);
                return Ok(());
            }
        };
        for notice in assessment.options.iter().flat_map(|option| &option.notices) {
            let sums: Vec<Cents> = notice.schedule.steps().iter().map(|step| step.amounts[0]).collect();
            prop_assert!(sums.is_sorted());
            prop_assert!(sums.iter().all(|sum| sum.is_positive() && *sum <= Cents::NOTICE_MAX));
        }
        prop_assert_eq!(Fine.assess(&details, &service), Ok(assessment));
    }

    #[test]
    fn terms_end_on_working_days_and_never_go_back(
        notified in some_day(), days in 1u32..=30, saturday in any::<bool>(),
    ) {
        let calendar = if saturday { Calendar::Tax } else { Calendar::Civil }.with(None);
        let reduced = days.checked_add(55).unwrap();
        let last = Deadlines::after(notified, (days, reduced), calendar);
        prop_assert!(notified < last.discounted && last.discounted <= last.reduced);
        prop_assert!(!is_holiday(last.discounted) && !is_holiday(last.reduced));
        let next = Deadlines::after(notified.succ_opt().unwrap(), (days, reduced), calendar);
        prop_assert!(last.discounted <= next.discounted && last.reduced <= next.reduced);
    }

    #[test]
    fn a_later_delivery_is_never_an_earlier_notification(on in some_day(), minute in 0u32..1_440) {
        let next = on.succ_opt().unwrap();
        let at = chrono::NaiveTime::from_num_seconds_from_midnight_opt(minute * 60, 0).unwrap();
        let pec = |on| Notification::SendPec { on, at, opened_on: None }.day();
        let mail = |on| Notification::MailDeposited { notice_sent_on: on, collected_on: None }.day();
        let paper = |on| Notification::SendPaper { on, opened_on: None }.day();
        prop_assert!(pec(on) < pec(next) && mail(on) < mail(next) && paper(on) < paper(next));
        prop_assert!(pec(on) > on && mail(on) > on && paper(on) > on);
    }

    #[test]
    fn instalments_sum_to_what_is_owed_and_their_interest_falls(
        sum in 20_001i64..=2_000_000, count in 2u16..=60, starts in some_day(),
    ) {
        let sum = Cents::new(sum).unwrap();
        let parts = instalments::divide(sum, count, (starts, 450), Calendar::Civil.with(None)).unwrap();
        prop_assert_eq!(parts.len(), usize::from(count));
        prop_assert_eq!(Cents::sum(parts.iter().map(|part| part.principal)), Ok(sum));
        prop_assert!(parts.iter().all(|part| part.interest >= Cents::ZERO && !is_holiday(part.due_on)));
        prop_assert!(parts.is_sorted_by_key(|part| part.due_on));
    }
}
