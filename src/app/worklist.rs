//! The worklist: open lines, who works on them, what was done, how old they are.

use chrono::TimeDelta;
use serde_json::json;
use uuid::Uuid;

use crate::ctx::Ctx;
use crate::domain::calendar::{self, Day, Instant};
use crate::domain::clearing::CLEARING;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::Account;
use crate::domain::money::Cents;
use crate::domain::reconciliation::work::{Work, WorkState};
use crate::domain::reconciliation::{AgeBucket, Code, Flag, LineKind};
use crate::domain::text::Text;
use crate::domain::trail::{AuditAction, AuditChange, AuditedEntity};
pub use crate::store::refusals::OpenRefusals;
pub use crate::store::worklist::{Done, Overpaid};
use crate::store::{self, Conn, Tx, db::Retry};

use super::reconciliation::{View, view};

/// What can end a use case about the worklist.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No line has this id.
    #[error("no reconciliation has this id")]
    Unknown,
    /// The caller changed an older revision.
    #[error("the work item is at revision {current} by now")]
    Stale {
        /// The revision it has.
        current: i64,
    },
    /// The line is explained, or not ours.
    #[error("there is nothing to do about this line")]
    NothingToDo,
    /// The database's.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Retry for Error {
    fn retryable(&self) -> bool {
        match self {
            Error::Store(error) => error.retryable(),
            Error::Unknown | Error::Stale { .. } | Error::NothingToDo => false,
        }
    }
}

/// A line, and who works on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The line.
    pub view: View,
    /// The work.
    pub work: Work,
}

/// Which open lines a list shows.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// With this code.
    pub code: Option<Code>,
    /// Of this kind.
    pub kind: Option<LineKind>,
    /// On which this one works.
    pub assignee: Option<String>,
    /// On which somebody works, or nobody.
    pub assigned: Option<bool>,
    /// Which are this far.
    pub state: Option<WorkState>,
    /// This old.
    pub bucket: Option<AgeBucket>,
    /// With this flag.
    pub flag: Option<Flag>,
}

/// The day so many days before another.
fn before(today: Day, days: i64) -> Day {
    today
        .checked_sub_signed(TimeDelta::days(days))
        .unwrap_or(Day::MIN)
}

/// The days since which a line of a bucket waits: the first and the last, where there are bounds.
fn days_of(bucket: AgeBucket, today: Day) -> (Option<Day>, Option<Day>) {
    let (youngest, oldest) = bucket.ages();
    let day = |age: Option<i64>| age.map(|age| before(today, age));
    (day(oldest), day(youngest))
}

/// One page of open lines, in the order they were first classified, after the given id.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    question: &Question,
    slice: (Option<Uuid>, i64),
    now: Instant,
) -> Result<Vec<Item>, Error> {
    let today = calendar::today(now);
    let asked = |code: &Code| question.code.is_none_or(|asked| asked == *code);
    let (since_from, since_until) = question
        .bucket
        .map_or((None, None), |bucket| days_of(bucket, today));
    let filter = store::worklist::Filter {
        codes: Code::ALL
            .iter()
            .copied()
            .filter(|code| code.is_open() && asked(code))
            .collect(),
        kind: question.kind,
        assignee: question.assignee.clone(),
        assigned: question.assigned,
        state: question.state,
        since_until,
        since_from,
        flag: question.flag,
    };
    let found = store::worklist::page(conn, creditor, &filter, slice)?;
    let item = |(filed, work)| Item {
        view: view(filed, today),
        work,
    };
    Ok(found.into_iter().map(item).collect())
}

/// One line with the work on it, whether it is open or not.
///
/// # Errors
/// [`Error::Unknown`], or the database's.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid, now: Instant) -> Result<Item, Error> {
    let filed = store::reconciliation::get(conn, creditor, id)?.ok_or(Error::Unknown)?;
    Ok(Item {
        view: view(filed, calendar::today(now)),
        work: store::worklist::work(conn, creditor, id)?,
    })
}

/// What somebody does about a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Act {
    /// Gives it to somebody, or takes it from whoever has it.
    pub assignee: Option<Option<Text<70>>>,
    /// Says how far it is.
    pub state: Option<WorkState>,
    /// Says something about it.
    pub remark: Option<Text<1000>>,
}

/// Does something about an open line, on the revision the caller has seen if that matters; a remark may be
/// made about any line.
///
/// # Errors
/// [`Error::Unknown`], [`Error::Stale`], [`Error::NothingToDo`], or the database's.
pub fn act(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    (creditor, id, seen): (&FiscalCode, Uuid, Option<i64>),
    (client, act): (Uuid, Act),
) -> Result<(Item, Done), Error> {
    store::settlement::hold(tx, creditor)?;
    let item = get(tx, creditor, id, now)?;
    let current = item.work.revision;
    if seen.is_some_and(|seen| seen != current) {
        return Err(Error::Stale { current });
    }
    let only_remark = act.assignee.is_none() && act.state.is_none();
    if !only_remark && !item.view.filed.verdict.code.is_open() {
        return Err(Error::NothingToDo);
    }
    let before = json!({
        "state": item.work.state.as_str(),
        "assigned": item.work.assignee.is_some(),
    });
    let done = Done {
        id: ctx.ids.next(),
        client,
        assignee: act.assignee.unwrap_or(item.work.assignee),
        state: act.state.unwrap_or(item.work.state),
        remark: act.remark,
        at: now,
    };
    let revision = current.saturating_add(1);
    store::worklist::record(tx, creditor, id, (&done, revision))?;
    // Who has it is a person's name: the trail says that somebody has, and where it is written who.
    let action = match only_remark {
        true => AuditAction::Commented,
        false => AuditAction::Changed,
    };
    let after = json!({
        "state": done.state.as_str(),
        "assigned": done.assignee.is_some(),
        "work_event_id": done.id,
    });
    let change = AuditChange::new(creditor, action, (AuditedEntity::WorkItem, id), after);
    tx.note(change.from(&before));
    let work = Work {
        assignee: done.assignee.clone(),
        state: done.state,
        revision,
    };
    let view = item.view;
    Ok((Item { view, work }, done))
}

/// One page of what was done about a line, oldest first, after the given id.
///
/// # Errors
/// [`Error::Unknown`], or the database's.
pub fn done(
    conn: &mut Conn,
    creditor: &FiscalCode,
    id: Uuid,
    slice: (Option<Uuid>, i64),
) -> Result<Vec<Done>, Error> {
    store::reconciliation::get(conn, creditor, id)?.ok_or(Error::Unknown)?;
    Ok(store::worklist::done(conn, creditor, id, slice)?)
}

/// Open lines of one kind, code and age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AgedLines {
    /// How old.
    pub bucket: AgeBucket,
    /// Which lines.
    pub kind: LineKind,
    /// Their code.
    pub code: Code,
    /// How many.
    pub count: i64,
    /// Their sum.
    pub amount: Cents,
}

/// An account of the ledger that should come back to zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clearing {
    /// Which account.
    pub account: Account,
    /// Debits less credits.
    pub balance: Cents,
    /// Since when the oldest open line behind it waits.
    pub oldest: Option<Day>,
}

/// How old open lines are, and the clearing accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aging {
    /// The day the ages are of.
    pub today: Day,
    /// Open lines.
    pub lines: Vec<AgedLines>,
    /// The clearing accounts.
    pub clearing: Vec<Clearing>,
    /// What could not be read of the treasurer's files and waits for somebody.
    pub refusals: OpenRefusals,
    /// What could not be read of flows and waits for somebody.
    pub flow_refusals: OpenRefusals,
}

/// How old open lines are today.
///
/// # Errors
/// The database's.
pub fn aging(conn: &mut Conn, creditor: &FiscalCode, now: Instant) -> Result<Aging, Error> {
    let today = calendar::today(now);
    let bounds = AgeBucket::LAST_DAYS.map(|age| before(today, age));
    let mut aged = store::worklist::aged(conn, creditor, bounds)?;
    aged.retain(|one| one.code.is_open());
    let mut clearing = Vec::new();
    let kinds = [LineKind::Receipt, LineKind::FlowLine, LineKind::Treasury];
    for (account, kind) in CLEARING.into_iter().zip(kinds) {
        let behind = aged.iter().filter(|one| one.kind == kind);
        clearing.push(Clearing {
            account,
            balance: store::ledger::balance(conn, creditor, account)?,
            oldest: behind.map(|one| one.oldest).min(),
        });
    }
    let bucket = |place: i64| AgeBucket::nth(usize::try_from(place).unwrap_or(0));
    let mut lines: Vec<AgedLines> = aged
        .into_iter()
        .map(|one| AgedLines {
            bucket: bucket(one.bucket),
            kind: one.kind,
            code: one.code,
            count: one.count,
            amount: one.amount,
        })
        .collect();
    lines.sort();
    Ok(Aging {
        today,
        lines,
        clearing,
        refusals: store::treasury::refusals::open(conn, creditor)?,
        flow_refusals: store::settlement::refusals::open(conn, creditor)?,
    })
}

/// One page of payments of what was not owed and was not given back, in the order they came, after the given
/// id.
///
/// # Errors
/// The database's.
pub fn overpaid(
    conn: &mut Conn,
    creditor: &FiscalCode,
    slice: (Option<Uuid>, i64),
) -> Result<Vec<Overpaid>, Error> {
    Ok(super::refunds::owed(conn, creditor, slice)?)
}
