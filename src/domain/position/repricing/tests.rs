use super::*;
use crate::domain::position::Publication;
use crate::domain::position::tests::{cents, day, fine, numbers, position, tari, town, with_state};
use crate::domain::service::{Schedule, Step};
use serde_json::json;

type Prices<'a> = &'a [(Option<&'a str>, i64)];

fn draft(description: &str, prices: Prices<'_>) -> NoticeDraft {
    let step = |(until, amount): &(Option<&str>, i64)| Step {
        until: until.map(day),
        reason: "importo".into(),
        amounts: vec![cents(*amount)],
    };
    NoticeDraft {
        description: description.into(),
        due_on: None,
        transfers: vec![town()],
        schedule: Schedule::new(prices.iter().map(step).collect(), 1).unwrap(),
    }
}

fn priced(options: &[Prices<'_>]) -> Assessment {
    let option = |prices: &Prices<'_>| OptionDraft {
        kind: OptionKind::Single,
        lapse: None,
        notices: vec![draft("Verbale 124", prices)],
    };
    let rows = vec![Row {
        code: "violation".into(),
        label: "art. 142 c. 7 CdS".into(),
        amount: cents(5750),
    }];
    Assessment {
        rows,
        options: options.iter().map(option).collect(),
    }
}

/// 44.90 or 57.50, each on its number.
fn two_notices() -> Position {
    let options = priced(&[&[(None, 4490)], &[(None, 5750)]]).options;
    position(options, Publication::Now)
}

/// Cents moved from revenue to what is owed; negative for the other way.
fn moved(entry: Option<&Entry>) -> i64 {
    let postings = entry.map_or(&[][..], |entry| &entry.postings);
    let moved = postings
        .iter()
        .map(|p| match p.debit == Account::Receivable {
            true => p.amount.get(),
            false => p.amount.negated().get(),
        });
    moved.sum()
}

#[test]
fn an_open_notice_gets_the_new_price_and_the_books_the_difference() {
    let before = fine();
    let prices: Prices<'_> = &[(Some("2026-06-29"), 5750), (None, 10200)];
    let after = before
        .reprice(json!({"fine": {}}), priced(&[prices]), day("2026-05-10"))
        .unwrap();
    let [(notice, step)] = after.notices.as_slice() else {
        panic!("one notice");
    };
    assert_eq!(notice.number, before.notices[0].number);
    assert_eq!(notice.description.as_str(), "Verbale 124");
    assert_eq!(notice.schedule.nominal(), cents(5750));
    assert_eq!((step.from(), step.to()), (State::Open, State::Open));
    assert_eq!(moved(after.entry.as_ref()), 5750 - 4490);
    assert_eq!(after.entry.unwrap().reason, Reason::Repriced);
    assert_eq!(after.rows[0].amount, cents(5750));
}

#[test]
fn the_same_price_books_nothing_and_a_lower_one_books_back() {
    let reprice = |amount| {
        let prices: Prices<'_> = &[(None, amount)];
        let after = fine().reprice(json!({}), priced(&[prices]), day("2026-05-10"));
        moved(after.unwrap().entry.as_ref())
    };
    assert_eq!(reprice(4490), 0);
    assert_eq!(reprice(4000), -490);
}

#[test]
fn a_draft_was_never_booked() {
    let draft = with_state(fine(), 0, State::Draft);
    let prices: Prices<'_> = &[(None, 5750)];
    let after = draft.reprice(json!({}), priced(&[prices]), day("2026-05-10"));
    let after = after.unwrap();
    assert_eq!(after.entry, None);
    assert_eq!(after.notices[0].0.state, State::Draft);
}

#[test]
fn what_is_paid_keeps_its_price_and_its_explanation() {
    let paid = with_state(two_notices(), 0, State::Paid);
    let options: [Prices<'_>; 2] = [&[(Some("2026-05-04"), 4490)], &[(Some("2026-06-29"), 6000)]];
    let after = paid.reprice(json!({}), priced(&options), day("2026-05-10"));
    let after = after.unwrap();
    let priced: Vec<u16> = after.notices.iter().map(|(n, _)| n.option).collect();
    assert_eq!(priced, [2]);
    assert_eq!((after.entry, after.rows), (None, paid.rows));
}

#[test]
fn a_price_of_another_shape_or_a_withdrawn_position_is_refused() {
    let one: Prices<'_> = &[(None, 5750)];
    let reprice = |position: &Position, options: &[Prices<'_>]| {
        position.reprice(json!({}), priced(options), day("2026-05-10"))
    };
    assert_eq!(reprice(&two_notices(), &[one]), Err(RepriceError::Reshaped));
    assert_eq!(reprice(&fine(), &[one, one]), Err(RepriceError::Reshaped));
    assert_eq!(reprice(&tari(), &[one]), Err(RepriceError::Reshaped));
    let withdrawn = with_state(fine(), 0, State::Cancelled);
    let refused = Refused {
        state: State::Cancelled,
        event: Event::Reprice,
    };
    assert_eq!(
        reprice(&withdrawn, &[one]),
        Err(RepriceError::Refused(refused))
    );
}

#[test]
fn what_is_missing_is_asked_beside_what_was_paid() {
    let paid = with_state(two_notices(), 1, State::Paid);
    let number = numbers(9).pop().unwrap();
    let rest = || draft("integrazione", &[(Some("2026-06-29"), 1260), (None, 5710)]);
    let made = paid
        .complete(rest(), number.clone(), day("2026-05-10"))
        .unwrap();
    assert_eq!((made.notice.option, made.notice.sequence), (2, 2));
    assert_eq!(moved(Some(&made.entry)), 1260);
    let mut more = paid.clone();
    more.notices.push(made.notice.clone());
    let due = more.payable_on(&made.notice, day("2026-06-29")).unwrap();
    assert_eq!(due.total, cents(1260));
    let again = more.complete(rest(), number.clone(), day("2026-05-10"));
    assert_eq!(again, Err(RepriceError::StillOpen));
    let unpaid = two_notices().complete(rest(), number, day("2026-05-10"));
    assert_eq!(unpaid, Err(RepriceError::NothingPaid));
}

#[test]
fn choosing_the_dearer_option_books_the_difference_once() {
    let open = two_notices();
    let choice = |position: &Position, index: usize| {
        let entry = position.choice(&position.notices[index], day("2026-05-10"), "r");
        moved(entry.unwrap().as_ref())
    };
    assert_eq!(choice(&open, 0), 0);
    assert_eq!(choice(&open, 1), 5750 - 4490);
    assert_eq!(choice(&with_state(open, 0, State::Paid), 1), 0);
    assert_eq!(choice(&tari(), 2), 0, "options of the same price");
}
