use proptest::prelude::*;

use super::*;
use crate::domain::notice_number::{NoticeNumber, SegregationCode};
use crate::domain::position::tests::{cents, day, fine, tari, with_state};
use crate::domain::position::{NotPayable, Replan, ReplanError, Summary};
use crate::domain::receipt::tests::receipt_for;
use crate::domain::receipt::{self, Seen};
use crate::domain::service::{OptionKind, Schedule};

/// Numbers that no position of these tests has yet.
fn fresh(position: &Position, count: usize) -> Vec<NoticeNumber> {
    let code = SegregationCode::parse("01").unwrap();
    let used = u64::try_from(position.notices.len()).unwrap();
    (1..)
        .map(|n| NoticeNumber::generate(&code, 1000 + used + n).unwrap())
        .take(count)
        .collect()
}

/// The position after a change, as the store would read it back.
fn after(mut position: Position, change: &Change) -> Position {
    for (number, step) in &change.moves {
        let notice = position
            .notices
            .iter_mut()
            .find(|n| n.number == *number)
            .unwrap();
        assert_eq!(notice.state, step.from());
        notice.state = step.to();
    }
    for new in &change.rewritten {
        let notice = position
            .notices
            .iter_mut()
            .find(|n| n.number == new.number)
            .unwrap();
        (notice.due_on, notice.schedule) = (new.due_on, new.schedule.clone());
    }
    position.notices.extend(change.added.iter().cloned());
    position
}

fn plan(days: &[&str]) -> Replan {
    Replan {
        due_on: days.iter().map(|text| day(text)).collect(),
        minimum: None,
    }
}

fn replanned(position: &Position, days: &[&str]) -> Result<Change, ReplanError> {
    let numbers = fresh(position, days.len());
    position.replan(&plan(days), numbers, day("2026-06-01"))
}

fn amounts(notice: &Notice) -> Vec<i64> {
    nominal(notice).into_iter().map(Cents::get).collect()
}

#[test]
fn the_rest_of_a_plan_fits_on_one_notice() {
    let position = with_state(tari(), 1, State::Paid);
    let change = replanned(&position, &["2026-09-30"]).unwrap();
    assert_eq!(change.entries, []);
    let made = after(position, &change);
    let states: Vec<State> = made.notices.iter().map(|n| n.state).collect();
    let withdrawn = State::Cancelled;
    assert_eq!(states, [withdrawn, State::Paid, withdrawn, State::Open]);
    let rest = &made.notices[3];
    assert_eq!(amounts(rest), [10832, 523]);
    assert_eq!(rest.description.as_str(), "TARI 2026 - residuo");
    assert_eq!((rest.option, rest.option_kind), (3, OptionKind::Single));
    let replaced = [&made.notices[0].number, &made.notices[2].number];
    assert_eq!(rest.replaces.iter().collect::<Vec<_>>(), replaced);
    let on = day("2027-01-01");
    assert_eq!(made.payable_on(rest, on).unwrap().total, cents(11355));
    let old = made.payable_on(&made.notices[2], on);
    assert_eq!(old, Err(NotPayable::Withdrawn));
    assert_eq!(made.summary(on), Summary::PartiallyPaid);
    assert_eq!(with_state(made, 3, State::Paid).summary(on), Summary::Paid);
}

#[test]
fn the_rest_is_split_for_each_beneficiary_and_the_last_takes_the_odd_cents() {
    let days = ["2026-07-31", "2026-08-31", "2026-09-30"];
    let change = replanned(&tari(), &days).unwrap();
    let parts: Vec<Vec<i64>> = change.added.iter().map(amounts).collect();
    assert_eq!(parts, [[7221, 348], [7221, 348], [7221, 349]]);
    let due: Vec<Option<Day>> = change.added.iter().map(|n| n.due_on).collect();
    assert_eq!(due, days.map(|text| Some(day(text))));
    assert_eq!(change.moves.len(), 3);
    assert_eq!(
        change.added[2].description.as_str(),
        "TARI 2026 - residuo, rata 3 di 3"
    );
    let made = after(tari(), &change);
    assert_eq!(made.summary(day("2026-06-01")), Summary::Open);
    assert_eq!(made.total(), cents(22708));
}

#[test]
fn a_rest_can_be_planned_again() {
    let first = after(
        tari(),
        &replanned(&tari(), &["2026-07-31", "2026-08-31"]).unwrap(),
    );
    let paid = with_state(first, 3, State::Settled);
    let change = replanned(&paid, &["2026-12-31"]).unwrap();
    let made = after(paid, &change);
    assert_eq!(amounts(made.notices.last().unwrap()), [10832, 523]);
    assert_eq!(made.notices.last().unwrap().option, 4);
    assert_eq!(made.summary(day("2026-06-01")), Summary::PartiallyPaid);
}

#[test]
fn a_plan_that_breaks_a_rule_is_refused() {
    let refused = |days: &[&str]| replanned(&tari(), days).unwrap_err();
    assert_eq!(refused(&["2026-05-31"]), ReplanError::DueDay { index: 0 });
    assert_eq!(
        refused(&["2026-06-01", "2026-07-31", "2026-07-31"]),
        ReplanError::DueDay { index: 2 }
    );
    let minimum = Some(cents(10000));
    let small = Replan {
        minimum,
        ..plan(&["2026-07-31", "2026-08-31", "2026-09-30"])
    };
    let today = day("2026-06-01");
    assert_eq!(
        tari().replan(&small, fresh(&tari(), 3), today),
        Err(ReplanError::TooSmall {
            smallest: cents(7569),
            minimum: cents(10000)
        })
    );
    let numbers = tari().replan(&small, fresh(&tari(), 2), today);
    assert_eq!(
        numbers,
        Err(ReplanError::Numbers {
            given: 2,
            needed: 3
        })
    );
    for state in [State::Paid, State::Cancelled, State::Elsewhere] {
        let closed = with_state(fine(), 0, state);
        let refused = replanned(&closed, &["2026-07-31"]);
        assert!(matches!(refused, Err(ReplanError::Refused(_))), "{state}");
    }
}

#[test]
fn a_rest_costs_what_its_day_says_and_the_books_follow() {
    let fine = fine();
    let late = fine.replan(&plan(&["2026-12-31"]), fresh(&fine, 1), day("2026-06-30"));
    let change = late.unwrap();
    assert_eq!(amounts(&change.added[0]), [10200]);
    let booked = &change.entries[0];
    assert_eq!(booked.reason, Reason::Replanned);
    // 44.90 was booked at publication.
    assert_eq!(booked.postings[0].amount, cents(10200 - 4490));
    assert_eq!(booked.postings[0].debit, Account::Receivable);
}

#[test]
fn a_late_payment_of_what_was_replaced_stops_the_rest_until_it_is_planned_again() {
    let position = with_state(tari(), 1, State::Paid);
    let planned = after(
        position.clone(),
        &replanned(&position, &["2026-07-31", "2026-08-31"]).unwrap(),
    );
    // Notice 0, the whole, is paid after all.
    let stray = with_state(planned.clone(), 0, State::Paid);
    let on = day("2026-06-01");
    assert_eq!(
        stray.payable_on(&stray.notices[3], on),
        Err(NotPayable::OtherOptionPaid)
    );
    assert_eq!(stray.summary(on), Summary::Paid);
    assert!(matches!(
        replanned(&stray, &["2026-07-31"]),
        Err(ReplanError::Refused(_))
    ));
    // What a withdrawal takes back then is nothing: the debt is paid.
    assert_eq!(stray.withdraw(on).unwrap().entries[0].postings, []);

    // A part of it is paid after all: the old instalment of one half.
    let first = after(
        tari(),
        &replanned(&tari(), &["2026-07-31", "2026-08-31"]).unwrap(),
    );
    let stray = with_state(first, 1, State::Paid);
    assert_eq!(
        stray.payable_on(&stray.notices[3], on),
        Err(NotPayable::OtherOptionPaid)
    );
    assert_eq!(stray.summary(on), Summary::PartiallyPaid);
    let again = replanned(&stray, &["2026-09-30"]).unwrap();
    assert_eq!(amounts(&again.added[0]), [10832, 523]);
    assert_eq!(again.entries, []);
    let made = after(stray, &again);
    assert!(made.payable_on(made.notices.last().unwrap(), on).is_ok());
}

#[test]
fn what_has_lapsed_is_extended_under_the_same_number() {
    let mut tari = tari();
    let steps = vec![crate::domain::service::Step {
        until: Some(day("2026-06-16")),
        reason: "entro il termine".into(),
        amounts: vec![cents(21663), cents(1045)],
    }];
    tari.notices[0].schedule = Schedule::new(steps, 2).unwrap();
    tari.notices[0].due_on = Some(day("2026-06-16"));
    let (number, late) = (tari.notices[0].number.clone(), day("2026-07-01"));
    assert_eq!(
        tari.payable_on(&tari.notices[0], late),
        Err(NotPayable::Expired)
    );
    assert_eq!(
        tari.extend(day("2026-06-30"), late),
        Err(IntentError::TermPassed)
    );
    let change = tari.extend(day("2026-07-31"), late).unwrap();
    assert_eq!(change.entries, []);
    let made = after(tari, &change);
    let notice = made.notice(&number).unwrap();
    assert_eq!(notice.due_on, Some(day("2026-07-31")));
    assert_eq!(
        made.payable_on(notice, day("2026-07-31")).unwrap().total,
        cents(22708)
    );
    assert_eq!(
        made.payable_on(notice, day("2026-08-01")),
        Err(NotPayable::Expired)
    );
    // There is nothing more to extend to an earlier day.
    assert!(matches!(
        made.extend(day("2026-07-15"), late),
        Err(IntentError::Refused(_))
    ));
}

#[test]
fn payments_are_stopped_and_taken_again() {
    let on = day("2026-06-01");
    let expired = after(tari(), &tari().expire().unwrap());
    assert_eq!(expired.summary(on), Summary::Expired);
    assert!(expired.expire().is_err());
    let open = after(
        expired.clone(),
        &expired.extend(day("2026-12-31"), on).unwrap(),
    );
    assert_eq!(open.summary(on), Summary::Open);
    assert_eq!(open.notices[0].number, tari().notices[0].number);
}

#[test]
fn what_was_replaced_is_not_restored() {
    let position = with_state(tari(), 1, State::Paid);
    let planned = after(
        position.clone(),
        &replanned(&position, &["2026-07-31"]).unwrap(),
    );
    let on = day("2026-06-01");
    let withdrawal = planned.withdraw(on).unwrap();
    let withdrawn = after(planned, &withdrawal);
    let restored = withdrawn.restore(&withdrawal.entries, on).unwrap();
    assert_eq!(restored.moves.len(), 1);
    assert_eq!(restored.moves[0].0, withdrawn.notices[3].number);
    let postings = &restored.entries[0].postings;
    let amounts: Vec<i64> = postings.iter().map(|p| p.amount.get()).collect();
    assert_eq!(amounts, [10832, 523]);
    assert_eq!(postings[0].debit, Account::Receivable);
}

#[test]
fn a_draft_that_was_withdrawn_is_booked_when_it_comes_back() {
    let mut draft = tari();
    for notice in &mut draft.notices {
        notice.state = State::Draft;
    }
    let on = day("2026-06-01");
    let withdrawal = draft.withdraw(on).unwrap();
    assert_eq!(withdrawal.entries[0].postings, []);
    let withdrawn = after(draft, &withdrawal);
    let restored = withdrawn.restore(&[], on).unwrap();
    assert_eq!(restored.entries[0].reason, Reason::Published);
    assert_eq!(restored.entries[0].postings.len(), 2);
}

/// A position, its books and what has been paid, moved by intents and facts in any order.
struct Story {
    position: Position,
    books: Vec<Entry>,
    paid: i64,
    /// The same without second payments of one notice, which are owed back.
    paid_once: i64,
    receipts: Vec<NoticeNumber>,
    withdrawn: bool,
    /// What goes back to who paid, of the town's own.
    owed_back: i64,
    /// Something was paid while it was withdrawn and came back after.
    restored_paid: bool,
}

impl Story {
    fn act(&mut self, what: u8, which: usize) {
        let today = day("2026-06-01");
        let position = &self.position;
        let change = match what {
            0 => position.withdraw(today).inspect(|_| self.withdrawn = true),
            1 => {
                let restored = position.restore(&self.of_position(), today);
                self.restored_paid |= restored.is_ok() && self.owed_back > 0;
                restored.inspect(|_| self.withdrawn = false)
            }
            2 => {
                let days = &["2026-07-31", "2026-08-31", "2026-09-30"][..=which % 3];
                let change = replanned(position, days);
                change.map_err(|_refused| IntentError::TermPassed)
            }
            3 => position.expire(),
            4 => position.extend(day("2026-12-31"), today),
            _ => return self.pay(which % self.position.notices.len()),
        };
        if let Ok(change) = change {
            self.position = after(self.position.clone(), &change);
            self.books.extend(change.entries);
        }
    }

    fn pay(&mut self, index: usize) {
        let notice = &self.position.notices[index];
        let mut receipt = receipt_for(&self.position, index, &amounts(notice));
        receipt.receipt_id = format!("token-{}", self.receipts.len());
        let seen = Seen {
            earlier_receipt: self.receipts.contains(&notice.number),
            reported: Vec::new(),
        };
        let change =
            receipt::receive(Some(&self.position), &receipt, &seen, day("2026-06-01")).unwrap();
        self.paid += receipt.amount.get();
        if !seen.earlier_receipt {
            self.paid_once += receipt.amount.get();
        }
        self.owed_back += change.owed_back.iter().map(|(_, c)| c.get()).sum::<i64>();
        self.receipts.push(notice.number.clone());
        self.position.notices[index].state = change.step.unwrap().to();
        self.books.extend(change.entries);
    }

    /// As the store answers: entries that moved nothing have left no trace.
    fn of_position(&self) -> Vec<Entry> {
        let of = self.position.id.to_string();
        let own = self
            .books
            .iter()
            .filter(|e| e.reference == of && !e.postings.is_empty());
        own.cloned().collect()
    }

    fn receivable(&self) -> i64 {
        self.receivable_of(|_| true)
    }

    /// What the town is still owed, as the position says.
    fn open(&self) -> i64 {
        let town = self.position.creditor.clone();
        let owed = self.position.owed_to(&town).unwrap();
        owed.iter().map(|(_, amount)| amount.get()).sum()
    }

    fn receivable_of(&self, wanted: impl Fn(&FiscalCode) -> bool) -> i64 {
        let postings = self.books.iter().flat_map(|entry| &entry.postings);
        let postings = postings.filter(|p| wanted(&p.beneficiary));
        let signed = postings.map(|p| match (p.debit, p.credit) {
            (Account::Receivable, _) => p.amount.get(),
            (_, Account::Receivable) => -p.amount.get(),
            _ => 0,
        });
        signed.sum()
    }
}

proptest! {
    #[test]
    fn whatever_is_planned_withdrawn_and_paid_the_books_hold_the_debt_less_its_payments(
        acts in prop::collection::vec((0u8..8, 0usize..20), 0..25)
    ) {
        let position = tari();
        let books = vec![position.published(day("2026-03-01")).unwrap()];
        let mut story = Story { position, books, paid: 0, paid_once: 0, receipts: Vec::new(), withdrawn: false, owed_back: 0, restored_paid: false };
        for (what, which) in acts {
            story.act(what, which);
            if !story.withdrawn {
                prop_assert_eq!(story.receivable(), 22708 - story.paid);
            }
            // The receivable is what is open less what goes back.
            if !story.restored_paid {
                let town = story.position.creditor.clone();
                let booked = story.receivable_of(|body| *body == town);
                prop_assert_eq!(booked, story.open() - story.owed_back);
            }
            // What can be paid is never more than what is owed.
            let on = day("2026-06-01");
            let asked = |option: u16| -> i64 {
                let of = story.position.notices.iter().filter(|n| n.option == option);
                of.filter_map(|n| Some(story.position.payable_on(n, on).ok()?.total.get())).sum()
            };
            let options = story.position.notices.iter().map(|n| n.option).max().unwrap();
            for option in 1..=options {
                prop_assert!(asked(option) <= (22708 - story.paid_once).max(0), "option {}", option);
            }
        }
    }
}

#[test]
fn stamps_are_bought_whole_with_the_first_new_instalment() {
    use crate::domain::position::Publication;
    use crate::domain::position::tests::{position, town};
    use crate::domain::service::{Beneficiary, Destination, NoticeDraft, OptionDraft};
    use crate::domain::stamp::{DocumentHash, Province, Stamp};

    let stamp = || TransferDraft {
        to: Beneficiary {
            tax_code: FiscalCode::parse("06363391001").unwrap(),
            legal_name: "Agenzia delle entrate".into(),
            account: Destination::Stamp(Stamp {
                document: DocumentHash::parse("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
                    .unwrap(),
                province: Province::parse("AQ").unwrap(),
            }),
            taxonomy: town().to.taxonomy.clone(),
        }
        .into(),
        metadata: Vec::new().into(),
    };
    let whole = vec![cents(6_001), cents(1_600), cents(1_600)];
    let once = NoticeDraft {
        description: "Diritti di istruttoria".into(),
        due_on: None,
        // Two stamps of one document.
        transfers: vec![town(), stamp(), stamp()],
        schedule: Schedule::flat("importo dovuto", whole).unwrap(),
    };
    let option = OptionDraft {
        kind: OptionKind::Single,
        lapse: None,
        notices: vec![once],
    };
    let filing = position(vec![option], Publication::Now);
    let change = replanned(&filing, &["2026-07-31", "2026-08-31", "2026-09-30"]).unwrap();
    let parts: Vec<Vec<i64>> = change.added.iter().map(amounts).collect();
    assert_eq!(parts, [vec![2_000, 1_600, 1_600], vec![2_000], vec![2_001]]);
    let online: Vec<bool> = change.added.iter().map(Notice::has_stamps).collect();
    assert_eq!(online, [true, false, false], "the others can be printed");
    assert_eq!(change.entries, [], "the whole costs what was booked");
    // Who pays the replaced notice after all has bought both stamps.
    let planned = after(filing, &change);
    let stray = with_state(planned, 0, State::Paid);
    assert!(stray.unpaid(2, nominal).unwrap().is_empty());
}
