//! What is stored, set by set and in any order, is what the rules find in all facts at once; whatever people
//! decide meanwhile, and however many days pass.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::app::decisions::{self, New, Wanted};
use crate::app::settlement::tests::{World, credit, line, receipt, town};
use crate::app::{audit, payments, periods};
use crate::domain::accounting::{AccountingPlan, AccountingPlans, PlanCode};
use crate::domain::creditor::Validity;
use crate::domain::notice_number::{NoticeNumber, SegregationCode};
use crate::domain::position::Position;
use crate::domain::receipt::{Receipt, ReceiptTransfer};
use crate::domain::reconciliation::decision::{
    Decision, DecisionReason, DecisionStep, Forcing, Mark, Subject,
};
use crate::domain::reconciliation::period::Month;
use crate::domain::reconciliation::{
    Case, Companion, Credit, Flag, Flow, Notice, Paid, Quality, Reported, classify_credit,
};
use crate::domain::settlement::{Line, Outcome, flow_key, totals};
use crate::domain::text::Text;
use crate::domain::treasury::{DocumentKind, Movement, Operation, cash_of_payment, parse};

mod facts;
mod oracle;

use facts::{Act, Event, Facts, Revision};
use oracle::Oracle;

/// What is compared of a line.
type Shown = (Code, BTreeSet<Flag>, String, i64, Day);

/// A decision that holds, and what was asked for.
#[derive(Debug, Clone)]
struct Decided {
    act: Act,
    decision: Decision,
}

/// What people have done to a world.
#[derive(Default)]
struct Done {
    decided: Vec<Decided>,
    tolerance: Cents,
}

fn mark(at: Instant) -> Mark {
    Mark {
        by: Uuid::from_u128(7),
        at,
        note: Some(Text::parse("per prova").unwrap()),
    }
}

impl Done {
    /// Does it, unless it is refused.
    fn act(&mut self, world: &mut World, facts: &Facts, act: &Act) {
        match act {
            Act::Match(..) | Act::MatchReceipt(..) | Act::Unmatch(_) | Act::Force(_) => {
                if let Some(wanted) = wanted(world, facts, act) {
                    self.decide(world, wanted, act);
                }
            }
            Act::Reopen(nth) => {
                let held = self.decided.len();
                if held > 0 {
                    let before = self.decided.remove(nth % held).decision;
                    let id = (before.id, before.revision);
                    world.write(|tx, now, ctx| {
                        let step = (DecisionStep::Reopen, mark(now));
                        decisions::amend(tx, now, ctx, (&town(), id.0, id.1), step)
                    });
                }
            }
            Act::Tolerance(cents) => {
                self.tolerance = Cents::new(*cents).unwrap();
                let terms = ReconciliationTerms {
                    tolerance: self.tolerance,
                    ..ReconciliationTerms::default()
                };
                world.write(|tx, now, ctx| {
                    let officer = (&town(), Uuid::from_u128(7));
                    decisions::set_terms(tx, now, ctx, officer, (terms, None))
                });
            }
            Act::Close(month) => {
                let month = Month::parse(month).unwrap();
                let ctx = world.scratch.ctx.clone();
                let closed = world.conn.write(|tx| {
                    ctx.acted(tx, ctx.now(), |tx, now| {
                        periods::close(tx, &ctx, &town(), (month, mark(now)))
                    })
                });
                // It may be closed already.
                drop(closed);
            }
            Act::Wait(days) => {
                let days = chrono::TimeDelta::days(*days);
                world.scratch.ctx.clock.advance(days).unwrap();
            }
        }
    }

    fn decide(&mut self, world: &mut World, wanted: Wanted, act: &Act) {
        let ctx = world.scratch.ctx.clone();
        let new = New {
            wanted,
            reason: DecisionReason::Other,
            note: Text::parse("per prova").unwrap(),
        };
        let officer = (&town(), Uuid::from_u128(7));
        let made = world.conn.write(|tx| {
            ctx.acted(tx, ctx.now(), |tx, now| {
                decisions::decide(tx, now, &ctx, officer, new.clone())
            })
        });
        match made {
            Ok(decision) => self.decided.push(Decided {
                act: act.clone(),
                decision,
            }),
            Err(decisions::Error::Details(_)) => {}
            Err(other) => panic!("{act:?}: {other}"),
        }
    }

    /// What closes a line, by its key.
    fn closing(&self) -> BTreeMap<String, Forcing> {
        let closed = self
            .decided
            .iter()
            .filter_map(|one| match &one.decision.subject {
                Subject::Force { line, .. } => {
                    let by = Forcing {
                        decision: one.decision.id,
                        reason: one.decision.reason,
                    };
                    Some((format!("{} {}", line.kind, line.key), by))
                }
                Subject::Match { .. } | Subject::MatchReceipt { .. } | Subject::Unmatch { .. } => {
                    None
                }
            });
        closed.collect()
    }
}

/// What is asked for, when all it is about has come.
fn wanted(world: &mut World, facts: &Facts, act: &Act) -> Option<Wanted> {
    let conn = &mut world.conn;
    let mut entries = |places: &[usize]| -> Option<Vec<Uuid>> {
        let unique: BTreeSet<usize> = places.iter().copied().collect();
        let entry =
            |at: usize| store::treasury::by_key(conn, &town(), &facts.cash[at].key()).unwrap();
        unique
            .into_iter()
            .map(entry)
            .map(|one| one.map(|one| one.id))
            .collect()
    };
    Some(match act {
        Act::Match(places, flows) => {
            let credits = entries(places)?;
            let names: BTreeSet<&str> =
                flows.iter().map(|at| facts.flows[*at].0.as_str()).collect();
            let names: Vec<&str> = names.into_iter().collect();
            let filed = store::settlement::revisions(conn, &town(), &names).unwrap();
            let of = |name: &&str| filed.iter().find(|one| one.header.flow_id == **name);
            let flows = names.iter().map(|name| of(name).map(|one| one.id));
            Wanted::Match {
                credits,
                flows: flows.collect::<Option<_>>()?,
            }
        }
        Act::MatchReceipt(places, receipt) => Wanted::MatchReceipt {
            credits: entries(places)?,
            receipt_id: facts.receipts[*receipt].receipt_id.clone(),
        },
        Act::Unmatch(place) => Wanted::Unmatch(entries(&[*place])?),
        Act::Force(receipt) => {
            let key = format!("{}/1", facts.receipts[*receipt].receipt_id);
            let lines = store::reconciliation::of_lines(conn, &town(), LineKind::Receipt, &[&key]);
            Wanted::Force(lines.unwrap().pop()?.id)
        }
        Act::Reopen(_) | Act::Tolerance(_) | Act::Close(_) | Act::Wait(_) => return None,
    })
}

/// Files everything, and does what people do.
fn file(world: &mut World, facts: &Facts, order: u64) -> Done {
    let mut done = Done::default();
    for event in facts.events(order) {
        match event {
            Event::Receipts(receipts) => world.write(|tx, now, ctx| {
                for receipt in receipts {
                    payments::receive(tx, now, ctx, receipt, b"<rt/>")?;
                }
                Ok::<_, payments::Error>(())
            }),
            Event::Flow((flow_id, revision, lines)) => {
                world.flow((flow_id, *revision), lines);
            }
            Event::Cash(movements) => {
                world.write(|tx, now, ctx| treasury::ingest(tx, now, ctx, &town(), movements));
            }
            Event::Act(act) => done.act(world, facts, act),
        }
    }
    done
}

/// What the job does once a day.
fn age_all(world: &mut World) {
    for code in AGING {
        let mut after = None;
        loop {
            let aged = world.write(|tx, now, ctx| age(tx, now, ctx, &town(), (code, after)));
            if aged.last.is_none() {
                break;
            }
            after = aged.last;
        }
    }
}

/// When a line came is not what it is.
fn shown(mut flags: BTreeSet<Flag>) -> BTreeSet<Flag> {
    flags.remove(&Flag::AfterPeriodClose);
    flags
}

fn stored(world: &mut World) -> BTreeMap<String, Shown> {
    let filter = Filter::default();
    let all = store::reconciliation::page(&mut world.conn, &town(), &filter, None, 10_000).unwrap();
    let line = |filed: Filed| {
        let key = format!("{} {}", filed.line.kind, filed.line.key);
        let v = filed.verdict;
        (
            key,
            (v.code, shown(v.flags), v.rule, v.amount.get(), v.since),
        )
    };
    all.into_iter().map(line).collect()
}

/// What the rules find, as it is shown: closed lines as such, and whether the money has its place in the budget.
fn pure(
    found: &[Finding],
    debts: &BTreeSet<String>,
    (done, placed): (&Done, bool),
) -> BTreeMap<String, Shown> {
    let closing = done.closing();
    let line = |finding: &Finding| {
        let key = format!("{} {}", finding.line.kind, finding.line.key);
        let mut f = match closing.get(&key) {
            Some(by) => finding.clone().forced(*by),
            None => finding.clone(),
        };
        let ours = f.code != Code::OutOfScope && f.line.kind != LineKind::Treasury;
        if !placed && ours && f.iuv.is_some_and(|iuv| debts.contains(&iuv)) {
            f.flags.insert(Flag::AccountingIncomplete);
        }
        (
            key,
            (f.code, f.flags, f.rule.to_owned(), f.amount.get(), f.since),
        )
    };
    found.iter().map(line).collect()
}

/// Plans that a service may have: none, one without a chapter, one that has ended, one that holds.
fn plans() -> [Vec<AccountingPlan>; 4] {
    let account = PlanCode::parse("E.1.01.01.51.001").unwrap();
    let plan = |chapter: Option<&str>, from: &str, until: Option<&str>| {
        let valid = Validity {
            from: from.parse().unwrap(),
            until: until.map(|day| day.parse().unwrap()),
        };
        let mut plan = AccountingPlan::of_account(account.clone(), valid);
        plan.shares[0].key.chapter = chapter.map(|text| Text::parse(text).unwrap());
        vec![plan]
    };
    [
        Vec::new(),
        plan(None, "2025-01-01", None),
        plan(Some("101"), "2025-01-01", Some("2025-12-31")),
        plan(Some("101"), "2026-01-01", None),
    ]
}

/// What came, by kind of line.
fn sums(facts: &Facts) -> [i64; 3] {
    let transfers = facts.receipts.iter().flat_map(|one| &one.transfers);
    let rows = facts.flows.iter().flat_map(|(_, _, lines)| lines);
    [
        transfers.map(|one| one.amount.get()).sum(),
        rows.map(|one| one.effect().get()).sum(),
        facts.cash.iter().map(|one| one.effect().get()).sum(),
    ]
}

/// A world of a size, filed in an order: what is stored is what the rules find, nothing is lost, the books agree,
/// and a second look changes nothing. Returns the codes.
fn check(seed: u64, size: usize, order: u64) -> Result<BTreeSet<Code>, TestCaseError> {
    let mut world = World::new();
    let (tari, fine) = (world.tari.clone(), world.fine.clone());
    let facts = Facts::random(seed, size, [&tari, &fine]);
    let done = file(&mut world, &facts, order);
    age_all(&mut world);
    let today = calendar::today(world.scratch.ctx.now());
    let positions = [&tari, &fine];
    let found = Oracle::new(&facts, &done.decided).judge(positions, (today, done.tolerance));
    let stored = told(&mut world, &facts, (&found, &done))?;
    let of = |kind: &LineKind| {
        let prefix = format!("{kind} ");
        let ours = stored.iter().filter(|(key, _)| key.starts_with(&prefix));
        ours.map(|(_, shown)| shown.3).sum::<i64>()
    };
    let by_kind: Vec<i64> = LineKind::ALL.iter().map(of).collect();
    prop_assert_eq!(by_kind, sums(&facts).to_vec());
    for one in audit::audit(&mut world.conn, &town()).unwrap() {
        prop_assert!(one.holds(), "{}", one);
    }

    let mut touched = Touched::by(Cause::Flow);
    touched.iuvs = facts
        .receipts
        .iter()
        .map(|r| r.iuv.as_str().to_owned())
        .collect();
    let known = |(id, _, _): &Revision| KnownFlow {
        key: flow_key(id),
        psp_id: "PSPX".into(),
    };
    touched.flows = facts.flows.iter().map(known).collect();
    let changed = world.write(|tx, now, ctx| classify(tx, now, ctx, &town(), touched.clone()));
    prop_assert_eq!(changed, 0);
    Ok(stored.values().map(|shown| shown.0).collect())
}

/// What is stored, held against what the rules found, under every plan that the services may have.
fn told(
    world: &mut World,
    facts: &Facts,
    (found, done): (&[Finding], &Done),
) -> Result<BTreeMap<String, Shown>, TestCaseError> {
    let positions = [world.tari.clone(), world.fine.clone()];
    let notices = positions.iter().flat_map(|position| &position.notices);
    let debts: BTreeSet<String> = notices.map(|one| one.number.iuv().to_string()).collect();
    let mut last = BTreeMap::new();
    for plans in plans() {
        let [(service, issued_on), other] = positions
            .each_ref()
            .map(|one| (one.service_code.clone(), one.issued_on));
        prop_assert_eq!(&(service.clone(), issued_on), &other);
        world.write(|tx, _, _| {
            tx.nothing_to_note();
            store::accounting::replace(tx, &town(), &service, (&plans, 1))
        });
        let all = AccountingPlans([(service.clone(), plans.clone())].into());
        let pure = pure(found, &debts, (done, all.is_placed(&service, issued_on)));
        let stored = stored(world);
        prop_assert_eq!(stored.len(), facts.lines());
        prop_assert_eq!(pure.len(), facts.lines());
        for (line, expected) in &pure {
            prop_assert_eq!(stored.get(line), Some(expected), "{}", line);
        }
        last = stored;
    }
    Ok(last)
}

/// `make properties` asks for more; a world is worth many cases of a pure law.
fn cases(worth: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig {
        cases: (asked.cases / worth).max(1),
        max_shrink_iters: 64,
        ..asked
    }
}

proptest! {
    #![proptest_config(cases(1024))]

    #[test]
    fn what_is_stored_in_any_order_is_what_the_rules_find_at_once(seed in any::<u64>(), order in any::<u64>()) {
        let size = 100;
        let codes = check(seed, size, order)?;
        prop_assert!(codes.len() >= 12, "only {:?}", codes);
    }
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn small_worlds_end_alike_and_shrink(seed in any::<u64>(), size in 1usize..12, order in any::<u64>()) {
        check(seed, size, order)?;
    }
}
