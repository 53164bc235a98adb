use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::app::payments;
use crate::ctx::scratch::Scratch;
use crate::domain::calendar::{self, Day};
use crate::domain::ledger::Account;
use crate::domain::money::Cents;
use crate::domain::notice_number::{NoticeNumber, SegregationCode};
use crate::domain::position::tests::{cents, day, fine, tari};
use crate::domain::position::{DebtorKind, Position};
use crate::domain::receipt::{Party, Psp, Receipt, ReceiptTransfer};
use crate::domain::reconciliation::Code::{self, *};
use crate::domain::reconciliation::Flag;
use crate::domain::settlement::Outcome as LineOutcome;
use crate::domain::treasury::{Direction, DocumentKind, Movement, Operation};
use crate::store::conn::Access;
use crate::store::reconciliation as codes;

pub(crate) fn town() -> FiscalCode {
    FiscalCode::parse("99999000203").unwrap()
}

pub(crate) const F: &str = "2026-03-03PSPX-0001";
const G: &str = "2026-03-03PSPX-0002";

/// A town with a TARI (one notice, or two instalments) and a fine, and a connection of its own.
pub(crate) struct World {
    pub(crate) scratch: Scratch,
    pub(crate) conn: Conn,
    pub(crate) tari: Position,
    pub(crate) fine: Position,
}

fn numbered(mut position: Position, id: u128, first: u64) -> Position {
    let code = SegregationCode::parse("01").unwrap();
    position.id = Uuid::from_u128(id);
    for (n, notice) in (first..).zip(&mut position.notices) {
        notice.number = NoticeNumber::generate(&code, n).unwrap();
    }
    position
}

impl World {
    pub(crate) fn new() -> World {
        let scratch = Scratch::new();
        let conn = Conn::open(&scratch.ctx.config.database_url, Access::Write).unwrap();
        let (tari, fine) = (numbered(tari(), 1, 1), numbered(fine(), 2, 4));
        let mut world = World {
            scratch,
            conn,
            tari,
            fine,
        };
        for position in [world.tari.clone(), world.fine.clone()] {
            let ids = world.scratch.ctx.ids.clone();
            let booked = position.published(position.issued_on).unwrap();
            world.write(|tx, _, _| {
                store::positions::insert(tx, &position)?;
                store::ledger::post(tx, &town(), [(ids.next(), booked.clone())])
            });
        }
        world
    }

    pub(crate) fn write<T, E>(
        &mut self,
        f: impl Fn(&mut Tx<'_>, Instant, &Ctx) -> Result<T, E>,
    ) -> T
    where
        E: From<store::Error> + std::fmt::Debug,
    {
        let ctx = self.scratch.ctx.clone();
        self.conn
            .write(|tx| ctx.acted(tx, ctx.now(), |tx, now| f(tx, now, &ctx)))
            .unwrap()
    }

    pub(crate) fn pay(&mut self, receipt: &Receipt) {
        self.write(|tx, now, ctx| payments::receive(tx, now, ctx, receipt, b"<rt/>"));
    }

    pub(crate) fn flow(&mut self, (flow_id, revision): (&str, i64), lines: &[Line]) -> Outcome {
        let header = header(flow_id, revision, lines);
        let arrived = Arrived {
            header: &header,
            lines,
            unread: &[],
        };
        self.write(|tx, now, ctx| ingest(tx, now, ctx, &town(), &[arrived]))[0]
    }

    pub(crate) fn cash(&mut self, movement: &Movement) -> treasury::Outcome {
        let one = std::slice::from_ref(movement);
        let all = self.write(|tx, now, ctx| treasury::ingest(tx, now, ctx, &town(), one));
        all[0]
    }

    pub(crate) fn all(&mut self) -> Vec<codes::Filed> {
        codes::page(
            &mut self.conn,
            &town(),
            &codes::Filter::default(),
            None,
            1000,
        )
        .unwrap()
    }

    /// Codes by line, with what an officer sees of them.
    pub(crate) fn ended(&mut self) -> BTreeMap<String, (Code, String)> {
        let shown = |filed: &codes::Filed| {
            let v = &filed.verdict;
            format!(
                "{:?} {} {} {} {}",
                v.flags, v.rule, v.amount, v.since, v.explanation
            )
        };
        let all = self.all();
        all.iter()
            .map(|f| {
                (
                    format!("{} {}", f.line.kind, f.line.key),
                    (f.verdict.code, shown(f)),
                )
            })
            .collect()
    }

    pub(crate) fn code(&mut self, line: &str) -> Code {
        self.ended()
            .get(line)
            .unwrap_or_else(|| panic!("no code for {line}"))
            .0
    }

    pub(crate) fn flags(&mut self, line: &str) -> BTreeSet<Flag> {
        let all = self.all();
        let found = all
            .iter()
            .find(|f| format!("{} {}", f.line.kind, f.line.key) == line);
        found.unwrap().verdict.flags.clone()
    }

    pub(crate) fn balances(&mut self) -> Vec<(Account, i64)> {
        let conn = &mut self.conn;
        let balance = |a: &Account| store::ledger::balance(conn, &town(), *a).unwrap().get();
        Account::ALL
            .iter()
            .copied()
            .zip(Account::ALL.iter().map(balance))
            .collect()
    }

    fn balance(&mut self, account: Account) -> i64 {
        self.balances()
            .into_iter()
            .find(|(a, _)| *a == account)
            .unwrap()
            .1
    }

    fn states(&mut self) -> Vec<String> {
        let ids = [self.tari.id, self.fine.id];
        let positions = ids.map(|id| {
            store::positions::get(&mut self.conn, &town(), id)
                .unwrap()
                .unwrap()
        });
        positions
            .iter()
            .flat_map(|p| &p.notices)
            .map(|n| n.state.to_string())
            .collect()
    }
}

fn header(flow_id: &str, revision: i64, lines: &[Line]) -> Header {
    let totals = rules::totals(lines).unwrap();
    Header {
        psp_id: "PSPX".into(),
        flow_id: flow_id.into(),
        revision,
        flow_at: "2026-03-03T10:00:00Z".parse().unwrap(),
        regulation: "TRN1".into(),
        regulation_on: day("2026-03-03"),
        receiver: town().to_string(),
        declared_count: totals.count,
        declared_sum: totals.sum,
        published_at: "2026-03-03T11:00:00Z".parse().unwrap(),
    }
}

pub(crate) fn receipt(position: &Position, index: usize, id: &str) -> Receipt {
    let notice = &position.notices[index];
    let party = Party {
        kind: DebtorKind::Person,
        tax_code: position.debtor.tax_code.clone(),
        full_name: "A B".into(),
    };
    let transfers: Vec<ReceiptTransfer> = (1u8..)
        .zip(notice.nominal())
        .map(|(index, (transfer, amount))| ReceiptTransfer {
            index,
            amount,
            beneficiary: transfer.to.tax_code.clone(),
            iban: transfer.to.iban().map(ToString::to_string),
            stamp: None,
            taxonomy: transfer.to.taxonomy.to_string(),
        })
        .collect();
    Receipt {
        receiver: town(),
        receipt_id: id.into(),
        notice_number: notice.number.clone(),
        primary: town(),
        iuv: notice.iuv(),
        amount: Cents::sum(transfers.iter().map(|t| t.amount)).unwrap(),
        description: "x".into(),
        debtor: party,
        payer: None,
        transfers,
        psp: Psp {
            id: "PSPX".into(),
            name: "Banca".into(),
            channel: "C".into(),
        },
        method: None,
        fee: None,
        paid_at: None,
        application_on: Some(day("2026-03-02")),
        transfer_on: None,
        stand_in: false,
    }
}

pub(crate) fn line(number: i32, iuv: &str, iur: &str, amount: i64) -> Line {
    Line {
        number,
        iuv: iuv.into(),
        iur: iur.into(),
        transfer: 1,
        amount: cents(amount),
        outcome: LineOutcome::Executed,
        paid_on: day("2026-03-02"),
    }
}

pub(crate) fn credit(number: i64, amount: i64, text: &str) -> Movement {
    Movement {
        year: 2026,
        account: "1".into(),
        number: number.to_string(),
        direction: Direction::In,
        document: DocumentKind::PendingCredit,
        operation: Operation::Executed,
        provisional: Some(number),
        amount: cents(amount),
        booked_on: day("2026-03-04"),
        value_on: None,
        text: text.into(),
        payer: "PSPX".into(),
        bank_reference: None,
    }
}

pub(crate) fn for_flow(number: i64, amount: i64, flow_id: &str) -> Movement {
    credit(
        number,
        amount,
        &format!("/PUR/LGPE-RIVERSAMENTO/URI/{flow_id}"),
    )
}

#[test]
fn money_is_followed_from_receipt_to_bank() {
    let mut w = World::new();
    let paid = receipt(&w.fine, 0, "r4");
    w.pay(&paid);
    assert_eq!(w.code("receipt r4/1"), PaidNotReported);
    assert_eq!(w.balance(Account::InTransit), 4490);
    let row = line(1, paid.iuv.as_str(), "r4", 4490);
    assert!(matches!(w.flow((F, 1), &[row]), Outcome::Filed(_)));
    assert_eq!(w.code("receipt r4/1"), ReportedNotSettled);
    assert_eq!(
        (w.balance(Account::InTransit), w.balance(Account::Announced)),
        (0, 4490)
    );
    w.cash(&for_flow(1, 4000, F));
    assert_eq!(w.code("receipt r4/1"), SettledPartial);
    w.cash(&for_flow(2, 490, F));
    for line in [
        "receipt r4/1",
        &format!("flow_line PSPX/{F}/1/1"),
        "treasury 2026/1/1",
        "treasury 2026/1/2",
    ] {
        assert_eq!(w.code(line), MatchedSettled, "{line}");
    }
    assert!(w.flags("receipt r4/1").contains(&Flag::SplitTransfer));
    let left: Vec<_> = w
        .balances()
        .into_iter()
        .filter(|(_, cents)| *cents != 0)
        .collect();
    let tari = 22708;
    assert_eq!(
        left,
        [
            (Account::Receivable, tari),
            (Account::RevenueDue, -tari - 4490),
            (Account::Bank, 4490)
        ]
    );
    assert_eq!(w.states(), ["open", "open", "open", "settled"]);
    let history = codes::history(
        &mut w.conn,
        &town(),
        &crate::domain::reconciliation::LineRef {
            kind: crate::domain::reconciliation::LineKind::Receipt,
            key: "r4/1".into(),
        },
        (None, 10),
    );
    let past: Vec<Code> = history
        .unwrap()
        .into_iter()
        .map(|past| past.verdict.code)
        .collect();
    assert_eq!(
        past,
        [
            PaidNotReported,
            ReportedNotSettled,
            SettledPartial,
            MatchedSettled
        ]
    );
}

#[test]
fn a_new_revision_undoes_the_old_one_and_repeats_change_nothing() {
    let mut w = World::new();
    let paid = receipt(&w.fine, 0, "r4");
    w.pay(&paid);
    let wrong = [
        line(1, paid.iuv.as_str(), "r4", 4480),
        line(2, "01000000000099947", "zz", 7),
    ];
    w.flow((F, 1), &wrong);
    assert_eq!(w.code("receipt r4/1"), ReportedAmountDiff);
    assert_eq!(w.balance(Account::Announced), 4487);
    assert_eq!(
        w.code(&format!("flow_line PSPX/{F}/1/2")),
        ReportedUnknownDebt
    );
    let right = [line(1, paid.iuv.as_str(), "r4", 4490)];
    assert!(matches!(w.flow((F, 2), &right), Outcome::Replaced(_)));
    assert_eq!(w.code("receipt r4/1"), ReportedNotSettled);
    assert_eq!(w.code(&format!("flow_line PSPX/{F}/1/1")), OutOfScope);
    assert_eq!(w.code(&format!("flow_line PSPX/{F}/1/2")), OutOfScope);
    assert!(
        w.flags(&format!("flow_line PSPX/{F}/2/1"))
            .contains(&Flag::FlowRevised)
    );
    assert_eq!(
        (w.balance(Account::Announced), w.balance(Account::InTransit)),
        (4490, 0)
    );
    let (codes, books) = (w.ended(), w.balances());
    assert!(matches!(w.flow((F, 2), &right), Outcome::Repeat(_)));
    assert!(matches!(w.flow((F, 1), &wrong), Outcome::Repeat(_)));
    w.pay(&paid);
    assert_eq!((w.ended(), w.balances()), (codes, books));
    let iuv = paid.iuv.to_string();
    let changed = w.write(|tx, now, ctx| {
        let held = reconciliation::hold_for_receipt(tx, &town(), &iuv)?;
        reconciliation::classify_receipt(tx, now, ctx, &town(), (&iuv, held))
    });
    assert_eq!(changed, 0);
}

#[test]
fn a_receipt_that_comes_after_its_flow_finds_its_money_there() {
    let mut w = World::new();
    let paid = receipt(&w.fine, 0, "r4");
    w.flow((F, 1), &[line(1, paid.iuv.as_str(), "r4", 4490)]);
    assert_eq!(
        w.code(&format!("flow_line PSPX/{F}/1/1")),
        ReportedWithoutReceipt
    );
    assert_eq!(w.states()[3], "settled");
    w.cash(&for_flow(1, 4490, F));
    assert_eq!(
        w.code(&format!("flow_line PSPX/{F}/1/1")),
        ReportedWithoutReceipt
    );
    assert_eq!(w.code("treasury 2026/1/1"), MatchedSettled);
    w.pay(&paid);
    assert_eq!(w.code("receipt r4/1"), MatchedSettled);
    assert_eq!(w.code(&format!("flow_line PSPX/{F}/1/1")), MatchedSettled);
    assert_eq!(w.balance(Account::InTransit), 0);
    assert_eq!(w.balance(Account::Receivable), 22708);
}

#[test]
fn a_second_payment_marks_both_whether_it_is_the_same_notice_or_another_option() {
    let mut w = World::new();
    let (once, again) = (receipt(&w.fine, 0, "r4"), receipt(&w.fine, 0, "r5"));
    w.pay(&once);
    w.pay(&again);
    assert_eq!(
        (w.code("receipt r4/1"), w.code("receipt r5/1")),
        (DoublePayment, DoublePayment)
    );
    let (whole, instalment) = (receipt(&w.tari, 0, "r1"), receipt(&w.tari, 1, "r2"));
    w.pay(&instalment);
    assert_eq!(w.code("receipt r2/1"), PaidNotReported);
    w.pay(&whole);
    assert_eq!(
        (w.code("receipt r1/1"), w.code("receipt r2/1")),
        (DoublePayment, DoublePayment)
    );
    assert_eq!(w.code("receipt r1/2"), OutOfScope);
}

#[test]
fn cash_that_names_a_cut_or_unknown_flow_is_found_when_the_flow_comes() {
    let mut w = World::new();
    w.cash(&for_flow(1, 4490, "2026-03-03PSPX-00"));
    w.cash(&credit(2, 100, "BONIFICO"));
    w.cash(&Movement {
        direction: Direction::Out,
        ..credit(3, 50, "MANDATO")
    });
    assert_eq!(w.code("treasury 2026/1/1"), CashUnknownReference);
    assert_eq!(w.code("treasury 2026/1/2"), CashUnidentified);
    assert_eq!(w.code("treasury 2026/1/3"), OutOfScope);
    assert_eq!(w.balance(Account::UnexplainedCash), -4590);
    let paid = receipt(&w.fine, 0, "r4");
    w.pay(&paid);
    w.flow((F, 1), &[line(1, paid.iuv.as_str(), "r4", 4490)]);
    assert_eq!(w.code("treasury 2026/1/1"), MatchedSettled);
    assert!(
        w.flags("treasury 2026/1/1")
            .contains(&Flag::ReferenceTruncated)
    );
    assert_eq!(w.balance(Account::UnexplainedCash), -100);
    // A second flow with the same beginning makes the text ambiguous, and the match is undone.
    w.flow((G, 1), &[line(1, "01000000000077747", "r8", 10)]);
    assert_eq!(w.code("treasury 2026/1/1"), CashUnknownReference);
    assert!(w.flags("treasury 2026/1/1").contains(&Flag::Ambiguous));
    assert_eq!(w.code("receipt r4/1"), ReportedNotSettled);
    assert_eq!(w.balance(Account::UnexplainedCash), -4590);
}

#[test]
fn what_one_entry_names_in_full_is_not_the_only_flow_that_another_may_mean() {
    let mut w = World::new();
    let fine = w.fine.notices[0].iuv();
    let row = [line(1, fine.as_str(), "r4", 4480)];
    w.flow((F, 1), &row);
    w.flow((G, 1), &row);
    let cash = [
        for_flow(1, 4480, F),
        for_flow(2, 4480, "2026-03-03PSPX-000"),
    ];
    w.write(|tx, now, ctx| treasury::ingest(tx, now, ctx, &town(), &cash));
    assert_eq!(w.code("treasury 2026/1/1"), MatchedSettled);
    assert_eq!(w.code("treasury 2026/1/2"), CashUnknownReference);
    assert!(w.flags("treasury 2026/1/2").contains(&Flag::Ambiguous));
}

#[test]
fn several_revisions_of_a_flow_may_come_at_once() {
    let mut w = World::new();
    let fine = w.fine.notices[0].iuv();
    let paid = receipt(&w.fine, 0, "r4");
    w.pay(&paid);
    let wrong = [line(1, fine.as_str(), "r4", 4480)];
    let right = [line(1, fine.as_str(), "r4", 4490)];
    let heads = [
        header(F, 1, &wrong),
        header(F, 3, &right),
        header(F, 2, &wrong),
    ];
    let arrived: Vec<Arrived<'_>> = heads
        .iter()
        .zip([&wrong, &right, &wrong])
        .map(|(header, lines)| Arrived {
            header,
            lines,
            unread: &[],
        })
        .collect();
    let outcomes = w.write(|tx, now, ctx| ingest(tx, now, ctx, &town(), &arrived));
    assert!(matches!(
        outcomes[..],
        [Outcome::Filed(_), Outcome::Replaced(_), Outcome::Late(_)]
    ));
    let (codes, books) = (w.ended(), w.balances());
    let mut one_by_one = World::new();
    one_by_one.pay(&paid);
    one_by_one.flow((F, 1), &wrong);
    one_by_one.flow((F, 3), &right);
    one_by_one.flow((F, 2), &wrong);
    assert_eq!((one_by_one.ended(), one_by_one.balances()), (codes, books));
}

#[test]
fn the_same_entry_is_filed_once_and_a_different_one_under_its_number_is_shown() {
    let mut w = World::new();
    let entry = credit(1, 100, "BONIFICO");
    assert!(matches!(w.cash(&entry), treasury::Outcome::Filed(_)));
    assert!(matches!(w.cash(&entry), treasury::Outcome::AlreadyFiled(_)));
    assert!(matches!(
        w.cash(&credit(1, 101, "BONIFICO")),
        treasury::Outcome::Conflicting(_)
    ));
    assert_eq!(w.balance(Account::Bank), 100);
}

#[test]
fn a_flow_shows_its_rows_and_how_many_ended_where() {
    let mut w = World::new();
    let paid = receipt(&w.fine, 0, "r4");
    w.pay(&paid);
    let rows = [
        line(1, paid.iuv.as_str(), "r4", 4490),
        line(2, "01000000000099947", "zz", 7),
    ];
    let id = w.flow((F, 1), &rows).flow();
    let seen = get(&mut w.conn, &town(), id).unwrap();
    let counts: Vec<_> = seen
        .counts
        .iter()
        .map(|c| (c.code, c.count, c.amount.get()))
        .collect();
    assert_eq!(
        counts,
        [(ReportedNotSettled, 1, 4490), (ReportedUnknownDebt, 1, 7)]
    );
    let shown = lines(&mut w.conn, &town(), id, (1, 10)).unwrap();
    assert_eq!(shown.len(), 1);
    assert_eq!(
        shown[0].found.as_ref().unwrap().verdict.code,
        ReportedUnknownDebt
    );
    assert!(matches!(
        get(&mut w.conn, &town(), Uuid::nil()),
        Err(Error::UnknownFlow)
    ));
}

#[derive(Debug, Clone, Copy)]
enum Arrival {
    Pay(usize, &'static str),
    First,
    Second,
    Other,
    Cash(usize),
}

fn arrive(w: &mut World, what: Arrival) {
    let (fine, whole) = (w.fine.notices[0].iuv(), w.tari.notices[0].iuv());
    let last = w.tari.notices[2].iuv();
    let first = [
        line(1, fine.as_str(), "r4", 4480),
        line(2, whole.as_str(), "r1", 21663),
        line(3, "01000000000099947", "zz", 7),
    ];
    match what {
        Arrival::Pay(notice, id) => {
            let receipt = match notice {
                3 => receipt(&w.fine, 0, id),
                n => receipt(&w.tari, n, id),
            };
            w.pay(&receipt);
        }
        Arrival::First => {
            w.flow((F, 1), &first);
        }
        Arrival::Second => {
            w.flow(
                (F, 2),
                &[line(1, fine.as_str(), "r4", 4490), first[1].clone()],
            );
        }
        Arrival::Other => {
            let mut row = line(1, last.as_str(), "r9", 10832);
            row.outcome = LineOutcome::NoReceipt;
            w.flow((G, 1), &[row]);
        }
        Arrival::Cash(n) => {
            let cash = [
                for_flow(1, 20000, F),
                for_flow(2, 6153, &F.replace("PSPX", "PS PX")),
                for_flow(3, 10832, "2026-03-03PSPX-0002"),
                for_flow(4, 1, "2026-03-03PSPX-000"),
                credit(5, 100, "GIROCONTO"),
            ];
            w.cash(&cash[n]);
        }
    }
}

const ALL: [Arrival; 11] = [
    Arrival::Pay(0, "r1"),
    Arrival::Pay(2, "r9"),
    Arrival::Pay(3, "r4"),
    Arrival::First,
    Arrival::Second,
    Arrival::Other,
    Arrival::Cash(0),
    Arrival::Cash(1),
    Arrival::Cash(2),
    Arrival::Cash(3),
    Arrival::Cash(4),
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn any_order_of_arrival_ends_in_the_same_codes_and_books(order in Just(ALL.to_vec()).prop_shuffle()) {
        let mut straight = World::new();
        for what in ALL {
            arrive(&mut straight, what);
        }
        let mut shuffled = World::new();
        for what in order {
            arrive(&mut shuffled, what);
        }
        prop_assert_eq!(shuffled.ended(), straight.ended());
        prop_assert_eq!(shuffled.balances(), straight.balances());
        prop_assert_eq!(shuffled.states(), straight.states());
        for check in crate::app::audit::audit(&mut shuffled.conn, &town()).unwrap() {
            prop_assert!(check.holds(), "{}: {:?}", check.name, check.offenders);
        }
        // Six receipt transfers (three of them the Province's or own), six rows, five entries.
        prop_assert_eq!(straight.ended().len(), 5 + 6 + 5);
    }
}

#[test]
fn the_day_in_these_tests_is_the_clocks() {
    let w = World::new();
    let today: Day = calendar::today(w.scratch.ctx.now());
    assert_eq!(today, day("2026-03-02"));
}
