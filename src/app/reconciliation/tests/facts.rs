//! Worlds of chance: receipts, revisions of flows, cash and what people do about them.

use super::*;

/// Numbers that look like chance and are the same for the same seed.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn below(&mut self, n: usize) -> usize {
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

pub(super) type Revision = (String, i64, Vec<Line>);

/// Facts of one town: twenty lines for each unit of its size.
pub(super) struct Facts {
    pub(super) receipts: Vec<Receipt>,
    pub(super) flows: Vec<Revision>,
    pub(super) cash: Vec<Movement>,
    pub(super) acts: Vec<Act>,
}

/// What people do; each may be refused when its time comes.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// These entries pay these flows, by place.
    Match(Vec<usize>, Vec<usize>),
    /// These entries pay the payment of this receipt.
    MatchReceipt(Vec<usize>, usize),
    /// This entry does not pay what its text names.
    Unmatch(usize),
    /// The line of this receipt is closed.
    Force(usize),
    /// One of the decisions that hold is taken back.
    Reopen(usize),
    /// The creditor forgives differences.
    Tolerance(i64),
    /// A month is closed.
    Close(&'static str),
    /// Days pass.
    Wait(i64),
}

/// What is filed at a time.
pub(super) enum Event<'a> {
    Receipts(&'a [Receipt]),
    Flow(&'a Revision),
    Cash(&'a [Movement]),
    Act(&'a Act),
}

fn name(flow: usize) -> String {
    format!("2026-03-03PSPX-{flow:04}")
}

impl Facts {
    pub(super) fn random(seed: u64, size: usize, positions: [&Position; 2]) -> Facts {
        let mut chance = Chance(seed);
        let receipts = (0..5 * size)
            .map(|n| random_receipt(&mut chance, n, positions))
            .collect::<Vec<Receipt>>();
        let mut flows = Vec::new();
        for flow in 0..(2 * size).div_ceil(5) {
            for revision in 1..=[1, 1, 1, 2, 3][chance.below(5)] {
                let lines = (1..=25)
                    .map(|n| random_line(&mut chance, n, &receipts))
                    .collect();
                flows.push((name(flow), revision, lines));
            }
        }
        let mut cash: Vec<Movement> = Vec::new();
        for n in 1..=i64::try_from(2 * size).unwrap() {
            let made = match cash.len() {
                earlier @ 1.. if chance.below(8) == 0 => {
                    taken_back(n, &cash[chance.below(earlier)])
                }
                _ => random_cash(&mut chance, n, (&receipts, &flows)),
            };
            cash.push(made);
        }
        let sizes = (receipts.len(), flows.len(), cash.len());
        let acts = (0..size.div_ceil(2).min(12)).map(|_| random_act(&mut chance, sizes));
        Facts {
            acts: acts.collect(),
            receipts,
            flows,
            cash,
        }
    }

    pub(super) fn lines(&self) -> usize {
        let transfers: usize = self.receipts.iter().map(|r| r.transfers.len()).sum();
        let rows: usize = self.flows.iter().map(|(_, _, lines)| lines.len()).sum();
        transfers + rows + self.cash.len()
    }

    /// Everything in handfuls, in an order of its own.
    pub(super) fn events(&self, seed: u64) -> Vec<Event<'_>> {
        let mut chance = Chance(seed);
        let receipts = self.receipts.chunks(50).map(Event::Receipts);
        let flows = self.flows.iter().map(Event::Flow);
        let cash = self.cash.chunks(20).map(Event::Cash);
        let acts = self.acts.iter().map(Event::Act);
        let mut events: Vec<Event<'_>> = receipts.chain(flows).chain(cash).chain(acts).collect();
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
    if chance.below(8) == 0 {
        made.application_on = Some("2026-02-20".parse().unwrap());
    }
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
    let (other, _, more) = &flows[chance.below(flows.len())];
    // Few name two flows: the whole town would hang together.
    let kind = match chance.below(16) {
        0 => 7 + chance.below(2),
        _ => chance.below(7),
    };
    let (amount, text) = match kind {
        7 => (
            sum + totals(more).unwrap().sum.get(),
            format!("{} /URI/{other}", uri(flow)),
        ),
        8 => (sum, format!("{} /URI/{other}", uri(flow))),
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

/// Takes an entry back; its text names nothing, its provisional number does.
fn taken_back(n: i64, of: &Movement) -> Movement {
    let mut made = credit(n, of.amount.get(), "STORNO");
    made.operation = Operation::Reversed;
    made.provisional = of.provisional;
    made
}

fn random_act(chance: &mut Chance, (receipts, flows, cash): (usize, usize, usize)) -> Act {
    let mut some = |of: usize, most: usize| {
        let count = 1 + chance.below(most);
        (0..count).map(|_| chance.below(of)).collect::<Vec<usize>>()
    };
    let (entries, several) = (some(cash, 2), some(flows, 3));
    match chance.below(12) {
        0..=2 => Act::Match(entries, several),
        3..=4 => Act::MatchReceipt(entries, chance.below(receipts)),
        5..=6 => Act::Unmatch(chance.below(cash)),
        7 => Act::Force(chance.below(receipts)),
        8..=9 => Act::Reopen(chance.below(100)),
        10 => match chance.below(3) {
            0 => Act::Close("2026-02"),
            n => Act::Tolerance([0, 0, 100][n]),
        },
        _ => Act::Wait(i64::try_from(chance.below(8)).unwrap()),
    }
}
