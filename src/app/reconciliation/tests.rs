//! What is stored, set by set and in any order, is what the rules find in all facts at once.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::app::settlement::tests::{World, credit, line, receipt, town};
use crate::app::{payments, treasury};
use crate::domain::notice_number::{NoticeNumber, SegregationCode};
use crate::domain::position::Position;
use crate::domain::receipt::{Receipt, ReceiptTransfer};
use crate::domain::reconciliation::{
    Case, Credit, Flag, Flow, Notice, Paid, Quality, Reported, classify_credit,
};
use crate::domain::settlement::{Line, Outcome, flow_key, totals};
use crate::domain::treasury::{DocumentKind, Movement, Operation, parse};

/// Numbers that look like chance and are the same for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }

    fn amount(&mut self) -> i64 {
        [100, 200, 300][self.below(3)]
    }
}

type Revision = (String, i64, Vec<Line>);

/// Facts of one town: about 2,000 lines.
struct Facts {
    receipts: Vec<Receipt>,
    flows: Vec<Revision>,
    cash: Vec<Movement>,
}

/// What is filed at a time.
enum Event<'a> {
    Receipts(&'a [Receipt]),
    Flow(&'a Revision),
    Cash(&'a [Movement]),
}

/// The day on which the clock of the world stands.
fn today() -> Day {
    "2026-03-02".parse().unwrap()
}

fn name(flow: usize) -> String {
    format!("2026-03-03PSPX-{flow:04}")
}

impl Facts {
    fn random(seed: u64, positions: [&Position; 2]) -> Facts {
        let mut chance = Chance(seed);
        let receipts = (0..500)
            .map(|n| random_receipt(&mut chance, n, positions))
            .collect::<Vec<Receipt>>();
        let mut flows = Vec::new();
        for flow in 0..40 {
            for revision in 1..=[1, 1, 1, 2, 3][chance.below(5)] {
                let lines = (1..=25)
                    .map(|n| random_line(&mut chance, n, &receipts))
                    .collect();
                flows.push((name(flow), revision, lines));
            }
        }
        let cash = (1..=200)
            .map(|n| random_cash(&mut chance, n, (&receipts, &flows)))
            .collect();
        Facts {
            receipts,
            flows,
            cash,
        }
    }

    fn lines(&self) -> usize {
        let transfers: usize = self.receipts.iter().map(|r| r.transfers.len()).sum();
        let rows: usize = self.flows.iter().map(|(_, _, lines)| lines.len()).sum();
        transfers + rows + self.cash.len()
    }

    /// Everything in handfuls, in an order of its own.
    fn events(&self, seed: u64) -> Vec<Event<'_>> {
        let mut chance = Chance(seed);
        let receipts = self.receipts.chunks(50).map(Event::Receipts);
        let flows = self.flows.iter().map(Event::Flow);
        let cash = self.cash.chunks(20).map(Event::Cash);
        let mut events: Vec<Event<'_>> = receipts.chain(flows).chain(cash).collect();
        for at in (1..events.len()).rev() {
            events.swap(at, chance.below(at + 1));
        }
        events
    }
}

/// A few are for the notices of the positions, the others for notices that are not in the books.
fn random_receipt(chance: &mut Chance, n: usize, [tari, fine]: [&Position; 2]) -> Receipt {
    let id = format!("r{n}");
    let mut made = match chance.below(25) {
        0 => receipt(tari, chance.below(tari.notices.len()), &id),
        1 => receipt(fine, 0, &id),
        _ => {
            let mut made = receipt(fine, 0, &id);
            let code = SegregationCode::parse("01").unwrap();
            let number = 1000 + u64::try_from(chance.below(400)).unwrap();
            made.notice_number = NoticeNumber::generate(&code, number).unwrap();
            made.iuv = made.notice_number.iuv();
            made.amount = Cents::new(chance.amount()).unwrap();
            made.transfers[0].amount = made.amount;
            made
        }
    };
    made.stand_in = chance.below(9) == 0;
    made
}

/// Mostly a row that reports a receipt, with its amount or another one.
fn random_line(chance: &mut Chance, n: i32, receipts: &[Receipt]) -> Line {
    let of = &receipts[chance.below(receipts.len())];
    let transfer = &of.transfers[chance.below(of.transfers.len())];
    let amount = match chance.below(4) {
        0 => chance.amount(),
        _ => transfer.amount.get(),
    };
    let mut made = line(n, of.iuv.as_str(), &of.receipt_id, amount);
    made.transfer = i16::from(transfer.index);
    match chance.below(9) {
        0 => made.iur = format!("x{n}"),
        1 => made.iuv = format!("0100000009{:07}", chance.below(50)),
        2 => made.outcome = Outcome::Revoked,
        3 => made.outcome = Outcome::NoReceipt,
        _ => {}
    }
    made
}

/// Cash of a flow, whole or cut, of a payment, of nothing; some of it taken back.
fn random_cash(
    chance: &mut Chance,
    n: i64,
    (receipts, flows): (&[Receipt], &[Revision]),
) -> Movement {
    let (flow, _, lines) = &flows[chance.below(flows.len())];
    let sum = totals(lines).unwrap().sum.get();
    let paid = &receipts[chance.below(receipts.len())];
    let uri = |flow: &str| format!("/PUR/LGPE-RIVERSAMENTO/URI/{flow}");
    let (amount, text) = match chance.below(7) {
        0 => {
            let kept = flow.len() - 1 - chance.below(3);
            (sum, uri(flow.get(..kept).unwrap()))
        }
        1 => (paid.amount.get(), format!("/RFB/{}", paid.iuv.as_str())),
        2 => (chance.amount(), format!("/RFB/{}", paid.iuv.as_str())),
        3 => (chance.amount(), "VERSAMENTO".to_owned()),
        4 => (sum / 2, uri(flow)),
        _ => (sum, uri(flow)),
    };
    let mut made = credit(n, amount.abs().max(1), &text);
    match chance.below(12) {
        0 => made.operation = Operation::Reversed,
        1 => made.document = DocumentKind::Other,
        2 => made.operation = Operation::Regularised,
        _ => {}
    }
    made
}

/// What is compared of a line.
type Shown = (Code, BTreeSet<Flag>, String, i64, Day);

fn file(world: &mut World, events: &[Event<'_>]) {
    for event in events {
        match event {
            Event::Receipts(receipts) => {
                let receipts = *receipts;
                world.write(|tx, now, ctx| {
                    for receipt in receipts {
                        payments::receive(tx, now, ctx, receipt, b"<rt/>")?;
                    }
                    Ok::<_, payments::Error>(())
                });
            }
            Event::Flow((flow_id, revision, lines)) => {
                world.flow((flow_id, *revision), lines);
            }
            Event::Cash(movements) => {
                let movements = *movements;
                world.write(|tx, now, ctx| treasury::ingest(tx, now, ctx, &town(), movements));
            }
        }
    }
}

fn stored(world: &mut World) -> BTreeMap<String, Shown> {
    let filter = Filter::default();
    let all = store::reconciliation::page(&mut world.conn, &town(), &filter, None, 10_000).unwrap();
    all.into_iter()
        .map(|filed| {
            let key = format!("{} {}", filed.line.kind, filed.line.key);
            let v = filed.verdict;
            (key, (v.code, v.flags, v.rule, v.amount.get(), v.since))
        })
        .collect()
}

/// The same by the rules alone: every fact in memory, no sets, no queries.
#[expect(
    clippy::too_many_lines,
    reason = "what the store spreads over queries is read from top to bottom here"
)]
fn pure(facts: &Facts, positions: [&Position; 2]) -> BTreeMap<String, Shown> {
    let known: Vec<KnownFlow> = facts
        .flows
        .iter()
        .map(|(flow_id, _, _)| KnownFlow {
            key: flow_key(flow_id),
            psp_id: "PSPX".into(),
        })
        .collect();
    let credit_of = |movement: &Movement| match parse(&movement.text) {
        Reference::Flow(reference) => match reference.choose(&known) {
            Chosen::Exact(flow) => (Some(flow), Quality::Whole, None, Vec::new()),
            Chosen::Truncated(flow) => (Some(flow), Quality::Beginning, None, Vec::new()),
            Chosen::Ambiguous(several) => (None, Quality::Whole, None, several),
            Chosen::Nothing => (None, Quality::Whole, None, Vec::new()),
        },
        Reference::Single(iuv) => (None, Quality::Whole, Some(iuv), Vec::new()),
        Reference::None => (None, Quality::Whole, None, Vec::new()),
    };
    let credit = |movement: &Movement| {
        let (_, match_quality, iuv, _) = credit_of(movement);
        let in_scope = movement.in_scope();
        Credit {
            key: movement.key(),
            effect: movement.effect(),
            booked_on: movement.booked_on,
            iuv,
            match_quality: if in_scope {
                match_quality
            } else {
                Quality::Whole
            },
        }
    };
    let in_scope: Vec<&Movement> = facts.cash.iter().filter(|m| m.in_scope()).collect();
    let flow = |(flow_id, revision, lines): &Revision| {
        let revisions = || facts.flows.iter().filter(|(id, _, _)| id == flow_id);
        let live = revisions().all(|(_, other, _)| other <= revision);
        let ours = |m: &&&Movement| {
            let of = credit_of(m).0;
            live && of.is_some_and(|flow| flow.key == flow_key(flow_id))
        };
        let mut credits: Vec<Credit> = in_scope.iter().filter(ours).map(|m| credit(m)).collect();
        credits.sort_by(|a, b| a.key.cmp(&b.key));
        Flow {
            name: format!("PSPX/{flow_id}"),
            revision: *revision,
            live,
            previous: revisions()
                .map(|(_, n, _)| *n)
                .filter(|n| n < revision)
                .max(),
            regulation_on: "2026-03-03".parse().unwrap(),
            sum: totals(lines).unwrap().sum,
            header_mismatch: false,
            wrong_body: false,
            credits,
            companions: Vec::new(),
            tolerance: Cents::ZERO,
        }
    };
    let flows: Vec<Flow> = facts.flows.iter().map(flow).collect();
    let mut cases: BTreeMap<String, Case<'_>> = BTreeMap::new();
    let mut debts: BTreeMap<String, String> = BTreeMap::new();
    for position in positions {
        for notice in &position.notices {
            let iuv = notice.number.iuv().as_str().to_owned();
            debts.insert(iuv.clone(), position.id.to_string());
            let case = cases.entry(position.id.to_string()).or_default();
            case.notices.push(Notice {
                number: notice.number.to_string(),
                iuv,
                option: i16::try_from(notice.option).unwrap(),
                withdrawn: false,
            });
        }
    }
    let debt = |iuv: &str| debts.get(iuv).cloned().unwrap_or_else(|| iuv.to_owned());
    let mut all_paid = Vec::new();
    for receipt in &facts.receipts {
        for transfer in &receipt.transfers {
            let paid = Paid {
                receipt_id: receipt.receipt_id.clone(),
                iuv: receipt.iuv.as_str().to_owned(),
                transfer: i16::from(transfer.index),
                amount: transfer.amount,
                total: receipt.amount,
                own_notice: true,
                issuer: town().to_string(),
                in_scope: transfer.beneficiary == town(),
                paid_on: "2026-03-02".parse().unwrap(),
                stand_in: receipt.stand_in,
                remarks: unkeyed(receipt, transfer),
            };
            cases
                .entry(debt(&paid.iuv))
                .or_default()
                .paid
                .push(paid.clone());
            all_paid.push(paid);
        }
    }
    for ((_, _, lines), flow) in facts.flows.iter().zip(&flows) {
        for line in lines {
            let reported = Reported {
                key: format!("{}/{}/{}", flow.name, flow.revision, line.number),
                flow,
                iuv: line.iuv.clone(),
                iur: line.iur.clone(),
                transfer: line.transfer,
                amount: line.amount,
                effect: line.effect(),
                outcome: line.outcome,
                paid_on: line.paid_on,
                own_iuv: true,
            };
            cases
                .entry(debt(&line.iuv))
                .or_default()
                .reported
                .push(reported);
        }
    }
    for credit in in_scope.iter().map(|m| credit(m)) {
        if let Some(iuv) = &credit.iuv {
            cases.entry(debt(iuv)).or_default().singles.push(credit);
        }
    }
    for case in cases.values_mut() {
        case.today = today();
    }
    let mut found: Vec<Finding> = cases.values().flat_map(rules::classify).collect();
    for movement in &facts.cash {
        let (of, _, iuv, several) = credit_of(movement);
        let live = |flow: &&Flow| {
            let named = of.as_ref().map(|of| of.key.clone());
            flow.live && named.is_some_and(|key| flow_key(&flow.name).ends_with(&key))
        };
        let names = |flow: KnownFlow| format!("{}/{}", flow.psp_id, flow.key);
        let target = match (flows.iter().find(live), iuv) {
            _ if !movement.in_scope() => CreditTarget::OutOfScope,
            (Some(flow), _) => CreditTarget::Flow(flow),
            (None, Some(iuv)) => of_payment(&iuv, &all_paid, &in_scope),
            (None, None) if parse(&movement.text) == Reference::None => CreditTarget::NoReference,
            (None, None) => CreditTarget::Unknown(several.into_iter().map(names).collect()),
        };
        found.push(classify_credit(&credit(movement), &target, today()));
    }
    found
        .into_iter()
        .map(|f| {
            let key = format!("{} {}", f.line.kind, f.line.key);
            (
                key,
                (f.code, f.flags, f.rule.to_owned(), f.amount.get(), f.since),
            )
        })
        .collect()
}

/// Only the notices of the positions have an accounting key.
fn unkeyed(receipt: &Receipt, transfer: &ReceiptTransfer) -> BTreeSet<Flag> {
    let known = receipt.iuv.as_str() < "01000000000100000";
    let unkeyed = !known && transfer.beneficiary == town();
    unkeyed
        .then_some(Flag::AccountingIncomplete)
        .into_iter()
        .collect()
}

fn of_payment<'a>(iuv: &str, paid: &[Paid], cash: &[&Movement]) -> CreditTarget<'a> {
    let ours = || paid.iter().filter(|paid| paid.iuv == iuv);
    let totals: BTreeMap<&str, Cents> = ours().map(|p| (p.receipt_id.as_str(), p.total)).collect();
    if totals.is_empty() {
        return CreditTarget::Unknown(Vec::new());
    }
    let same = |m: &&&Movement| parse(&m.text) == Reference::Single(iuv.to_owned());
    let effects = cash.iter().filter(same).map(|m| m.effect());
    CreditTarget::Single {
        receipts: ours().map(Paid::key).collect(),
        total: Cents::sum(totals.into_values()).unwrap(),
        cash: Cents::sum(effects).unwrap(),
        tolerance: Cents::ZERO,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2, max_shrink_iters: 0, ..ProptestConfig::default() })]

    #[test]
    fn what_is_stored_in_any_order_is_what_the_rules_find_at_once(seed in any::<u64>(), order in any::<u64>()) {
        let mut world = World::new();
        let (tari, fine) = (world.tari.clone(), world.fine.clone());
        let facts = Facts::random(seed, [&tari, &fine]);
        prop_assert!(facts.lines() >= 1900, "only {} lines", facts.lines());
        file(&mut world, &facts.events(order));
        let (stored, pure) = (stored(&mut world), pure(&facts, [&tari, &fine]));
        prop_assert_eq!(stored.len(), facts.lines());
        for (line, expected) in &pure {
            prop_assert_eq!(stored.get(line), Some(expected), "{}", line);
        }
        let codes: BTreeSet<Code> = pure.values().map(|shown| shown.0).collect();
        prop_assert!(codes.len() >= 12, "only {:?}", codes);

        // A second look finds nothing new.
        let mut touched = Touched::by(Cause::Flow);
        touched.iuvs = facts.receipts.iter().map(|r| r.iuv.as_str().to_owned()).collect();
        let known = |(id, _, _): &Revision| KnownFlow { key: flow_key(id), psp_id: "PSPX".into() };
        touched.flows = facts.flows.iter().map(known).collect();
        let changed = world.write(|tx, now, ctx| classify(tx, now, ctx, &town(), touched.clone()));
        prop_assert_eq!(changed, 0);
    }
}
