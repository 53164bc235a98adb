use std::borrow::Cow;

use super::*;
use crate::domain::iban::Iban;
use crate::domain::notice_number::SegregationCode;
use crate::domain::service::{Beneficiary, Destination, NoticeDraft, OptionDraft, Step};
use crate::domain::taxonomy::TaxonomyCode;

pub(crate) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub(crate) fn cents(amount: i64) -> Cents {
    Cents::new(amount).unwrap()
}

fn to(tax_code: &str, iban: &str, taxonomy: &str) -> TransferDraft {
    let to = Beneficiary {
        tax_code: FiscalCode::parse(tax_code).unwrap(),
        legal_name: "Ente".into(),
        account: Destination::Iban(Iban::parse(iban).unwrap()),
        taxonomy: TaxonomyCode::parse(taxonomy).unwrap(),
    };
    TransferDraft {
        to: to.into(),
        metadata: [].into(),
    }
}

pub(crate) fn town() -> TransferDraft {
    to("99999000203", "IT92E9999940440000000000201", "0101101IM")
}

pub(crate) fn province() -> TransferDraft {
    to("90002000660", "IT82C9999903600000000000401", "0201102IM")
}

fn notice(description: &str, schedule: Schedule, transfers: Vec<TransferDraft>) -> NoticeDraft {
    NoticeDraft {
        description: description.into(),
        due_on: None,
        transfers,
        schedule,
    }
}

pub(crate) fn numbers(count: u64) -> Vec<NoticeNumber> {
    let code = SegregationCode::parse("01").unwrap();
    (1..=count)
        .map(|n| NoticeNumber::generate(&code, n).unwrap())
        .collect()
}

pub(crate) fn position(options: Vec<OptionDraft>, publication: Publication) -> Position {
    let new = NewPosition {
        creditor: FiscalCode::parse("99999000203").unwrap(),
        id: Uuid::from_u128(1),
        reference: None,
        service_code: "TARI".into(),
        debtor: Debtor {
            kind: DebtorKind::Person,
            tax_code: FiscalCode::parse("MRSBTL54E03A515D").unwrap(),
            full_name: Text::parse("Bartolomeo Marsicano").unwrap(),
            address: None,
            email: None,
        },
        joint_debtors: Vec::new(),
        description: Text::parse("TARI 2026").unwrap(),
        details: serde_json::Value::Null,
        issued_on: day("2026-03-01"),
        created_at: "2026-03-01T08:00:00Z".parse().unwrap(),
    };
    let needed: usize = options.iter().map(|option| option.notices.len()).sum();
    let rows = vec![Row {
        code: Cow::Borrowed("fixed_part"),
        label: "Quota fissa".into(),
        amount: cents(22708),
    }];
    let assessment = Assessment { rows, options };
    let numbers = numbers(u64::try_from(needed).unwrap());
    Position::new(new, assessment, numbers, publication).unwrap()
}

/// 227.08 at once, or in two instalments; TEFA to the Province.
pub(crate) fn tari() -> Position {
    let both = || vec![town(), province()];
    let flat = |a: i64, b: i64| Schedule::flat("nominale", vec![cents(a), cents(b)]).unwrap();
    let single = OptionDraft {
        kind: OptionKind::Single,
        lapse: None,
        notices: vec![notice("TARI 2026 rata unica", flat(21663, 1045), both())],
    };
    let plan = OptionDraft {
        kind: OptionKind::Plan,
        lapse: None,
        notices: vec![
            notice("TARI 2026 rata 1 di 2", flat(10831, 522), both()),
            notice("TARI 2026 rata 2 di 2", flat(10832, 523), both()),
        ],
    };
    position(vec![single, plan], Publication::Now)
}

/// 44.90 until 4 May, 57.50 until 29 June, 102.00 afterwards.
pub(crate) fn fine() -> Position {
    let step = |until: Option<&str>, amount: i64| Step {
        until: until.map(day),
        reason: "importo".into(),
        amounts: vec![cents(amount)],
    };
    let steps = vec![
        step(Some("2026-05-04"), 4490),
        step(Some("2026-06-29"), 5750),
        step(None, 10200),
    ];
    let schedule = Schedule::new(steps, 1).unwrap();
    let single = OptionDraft {
        kind: OptionKind::Single,
        lapse: None,
        notices: vec![notice("Verbale 123", schedule, vec![town()])],
    };
    position(vec![single], Publication::Now)
}

pub(crate) fn with_state(mut position: Position, index: usize, state: State) -> Position {
    position.notices[index].state = state;
    position
}

#[test]
fn a_fine_costs_what_its_day_says() {
    let fine = fine();
    let due = |on: &str| {
        fine.payable_on(&fine.notices[0], day(on))
            .unwrap()
            .total
            .get()
    };
    assert_eq!(due("2026-05-04"), 4490);
    assert_eq!(due("2026-05-05"), 5750);
    assert_eq!(due("2026-06-29"), 5750);
    assert_eq!(due("2026-06-30"), 10200);
}

#[test]
fn paying_one_option_closes_the_others_and_not_the_rest_of_its_plan() {
    let on = day("2026-04-01");
    let single_paid = with_state(tari(), 0, State::Paid);
    let notices = &single_paid.notices;
    assert_eq!(
        single_paid.payable_on(&notices[0], on),
        Err(NotPayable::AlreadyPaid)
    );
    assert_eq!(
        single_paid.payable_on(&notices[1], on),
        Err(NotPayable::OtherOptionPaid)
    );
    assert_eq!(single_paid.summary(on), Summary::Paid);

    let first_paid = with_state(tari(), 1, State::Paid);
    let notices = &first_paid.notices;
    assert_eq!(
        first_paid.payable_on(&notices[0], on),
        Err(NotPayable::OtherOptionPaid)
    );
    assert_eq!(
        first_paid.payable_on(&notices[2], on).unwrap().total,
        cents(11355)
    );
    assert_eq!(first_paid.summary(on), Summary::PartiallyPaid);
}

#[test]
fn a_debt_is_booked_once_however_many_ways_there_are_to_pay_it() {
    let entry = tari().published(day("2026-03-01")).unwrap();
    let amounts: Vec<i64> = entry
        .postings
        .iter()
        .map(|posting| posting.amount.get())
        .collect();
    assert_eq!(amounts, [21663, 1045]);
    assert_eq!(tari().total(), cents(22708));
}

#[test]
fn withdrawing_takes_back_what_is_still_owed() {
    let withdrawn = tari().withdraw(day("2026-04-01")).unwrap();
    assert_eq!(withdrawn.moves.len(), 3);
    let amounts: Vec<i64> = withdrawn.entries[0]
        .postings
        .iter()
        .map(|p| p.amount.get())
        .collect();
    assert_eq!(amounts, [21663, 1045]);

    let half_paid = with_state(tari(), 1, State::Paid)
        .withdraw(day("2026-04-01"))
        .unwrap();
    assert_eq!(half_paid.moves.len(), 2);
    let amounts: Vec<i64> = half_paid.entries[0]
        .postings
        .iter()
        .map(|p| p.amount.get())
        .collect();
    assert_eq!(amounts, [10832, 523]);

    let paid = with_state(fine(), 0, State::Paid).withdraw(day("2026-04-01"));
    assert!(matches!(paid, Err(IntentError::Refused(_))));
}

#[test]
fn a_position_needs_one_number_for_each_notice() {
    let tari = tari();
    let new = NewPosition {
        creditor: tari.creditor,
        id: tari.id,
        reference: None,
        service_code: tari.service_code,
        debtor: tari.debtor,
        joint_debtors: Vec::new(),
        description: tari.description,
        details: tari.details,
        issued_on: tari.issued_on,
        created_at: tari.created_at,
    };
    let assessment = Assessment {
        rows: Vec::new(),
        options: Vec::new(),
    };
    let made = Position::new(new, assessment, numbers(1), Publication::Later);
    assert_eq!(
        made,
        Err(PositionError::Numbers {
            given: 1,
            needed: 0
        })
    );
}

#[test]
fn a_term_still_to_come_is_shown_as_some_months_after_the_issue() {
    let fine = fine();
    for (on, months, due) in [
        ("2026-03-01", 12, "2027-03-01"),
        ("2027-03-01", 12, "2027-03-01"),
        ("2027-03-02", 12, "2028-03-01"),
        ("2026-03-01", 3, "2026-06-01"),
        ("2026-06-02", 3, "2026-09-01"),
        ("2055-03-02", 12, "2056-03-01"),
        ("2057-01-01", 1, "2057-01-01"),
    ] {
        let shown = fine.technical_due_on(day(on), months);
        assert_eq!(shown, day(due), "{on}");
    }
}

#[test]
fn an_appeal_stops_what_is_open_and_its_end_opens_it_again() {
    let on = day("2026-04-01");
    let tari = with_state(tari(), 1, State::Cancelled);
    let stopped = tari.suspend().unwrap();
    assert_eq!(stopped.entries, Vec::new());
    let moved = |change: &Change| -> Vec<State> {
        change.moves.iter().map(|(_, step)| step.to()).collect()
    };
    assert_eq!(moved(&stopped), [State::Suspended, State::Suspended]);
    let suspended = with_state(fine(), 0, State::Suspended);
    assert_eq!(suspended.summary(on), Summary::Suspended);
    assert_eq!(
        suspended.payable_on(&suspended.notices[0], on),
        Err(NotPayable::Suspended)
    );
    assert!(matches!(suspended.suspend(), Err(IntentError::Refused(_))));
    let opened = suspended.open(on).unwrap();
    assert_eq!(moved(&opened), [State::Open]);
    assert_eq!(
        opened.entries,
        Vec::new(),
        "it was booked when it was published"
    );
    assert!(matches!(fine().resume(), Err(IntentError::Refused(_))));
}

#[test]
fn a_debtor_owes_once() {
    let one = fine();
    let new = |joint_debtors: Vec<Debtor>| NewPosition {
        creditor: one.creditor.clone(),
        id: one.id,
        reference: None,
        service_code: one.service_code.clone(),
        debtor: one.debtor.clone(),
        joint_debtors,
        description: one.description.clone(),
        details: one.details.clone(),
        issued_on: one.issued_on,
        created_at: one.created_at,
    };
    let driver = Debtor {
        tax_code: FiscalCode::parse("BNCLNE87L54A241C").unwrap(),
        ..one.debtor.clone()
    };
    assert_eq!(check_debtors(&new(vec![driver.clone()])), Ok(()));
    for joint in [vec![one.debtor.clone()], vec![driver.clone(), driver]] {
        assert_eq!(check_debtors(&new(joint)), Err(PositionError::JointDebtors));
    }
}
