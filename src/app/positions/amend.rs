//! Changes of a position that stands: load, decide, apply, on the revision that the caller has seen.

use uuid::Uuid;

use super::audited::changed;
use super::{Error, get, numbers_from, place};
use crate::app::archive;
use crate::ctx::Ctx;
use crate::domain::calendar::{Day, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::lifecycle::{Move, State};
use crate::domain::notice_number::NoticeNumber;
use crate::domain::position::{Change, Position, Replan};
use crate::domain::trail::AuditAction;
use crate::store::notices::Advance;
use crate::store::{self, Tx};

/// Who moves notices when an office wants it, in their history.
pub(in crate::app) const OFFICE: &str = "office";

/// What an office may want of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Make payable a draft, what is suspended, or what was withdrawn.
    Open,
    /// Stop it while an appeal is decided.
    Suspend,
    /// Withdraw what is not paid.
    Withdraw,
    /// Stop payments of what is not paid; it stays owed.
    Expire,
    /// Give what is not paid a later last day.
    Extend(Day),
}

/// Carries an intent out on the revision the caller has seen.
///
/// # Errors
/// [`Error::Unknown`], [`Error::Stale`], [`Error::Refused`], or the database's.
pub fn amend(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    (creditor, id, seen): (&FiscalCode, Uuid, Option<i64>),
    intent: Intent,
) -> Result<Position, Error> {
    let position = store::positions::lock(tx, creditor, id)?.ok_or(Error::Unknown)?;
    if let Some(current) = stale(&position, seen) {
        return Err(Error::Stale { current });
    }
    let today = crate::domain::calendar::today(now);
    let change = match intent {
        Intent::Open if position.stands_in(&[State::Cancelled, State::Paid, State::Settled]) => {
            let booked = store::ledger::of_reference(tx, creditor, &id.to_string())?;
            let restored = position.restore(&booked, today)?;
            let notices = position.notices.iter();
            let numbers: Vec<&str> = notices.map(|notice| notice.number.as_str()).collect();
            store::receipts::owe_again(tx, creditor, &numbers)?;
            restored
        }
        Intent::Open => position.open(today)?,
        Intent::Suspend => position.suspend()?,
        Intent::Withdraw => position.withdraw(today)?,
        Intent::Expire => position.expire()?,
        Intent::Extend(until) => position.extend(until, today)?,
    };
    let published = change.moves.iter().any(|(_, step)| {
        step.to() == State::Open && matches!(step.from(), State::Draft | State::Cancelled)
    });
    if !apply(tx, now, ctx, &position, (change, OFFICE))? {
        return Err(Error::NumberTaken);
    }
    if published {
        place::take(tx, now, ctx, &position)?;
    }
    let amended = get(tx, creditor, id)?;
    let action = match intent {
        Intent::Open => AuditAction::Opened,
        Intent::Suspend => AuditAction::Suspended,
        Intent::Withdraw => AuditAction::Withdrawn,
        Intent::Expire => AuditAction::Expired,
        Intent::Extend(_) => AuditAction::Extended,
    };
    changed(tx, action, (&position, &amended));
    Ok(amended)
}

/// Carries a change out: notices, books, archive, and the position's revision. `false` when a new number is
/// taken: the caller gives the transaction up then.
///
/// # Errors
/// The database's.
pub(in crate::app) fn apply(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    position: &Position,
    (change, actor): (Change, &str),
) -> Result<bool, store::Error> {
    let creditor = &position.creditor;
    let steps = advances(ctx, change.moves);
    store::notices::advance(tx, creditor, &steps, now, actor)?;
    archive::changed(tx, now, ctx, creditor, position.id)?;
    for notice in &change.rewritten {
        store::notices::rewrite(tx, position, notice)?;
    }
    if !store::notices::add(tx, position, &change.added)? {
        return Ok(false);
    }
    let entries = change
        .entries
        .into_iter()
        .map(|entry| (ctx.ids.next(), entry));
    store::ledger::post(tx, creditor, entries.collect::<Vec<_>>())?;
    store::positions::advance_revision(tx, creditor, position.id, position.revision)?;
    Ok(true)
}

/// The steps of notices, as they are written.
pub(in crate::app) fn advances(
    ctx: &Ctx,
    moves: impl IntoIterator<Item = (NoticeNumber, Move)>,
) -> Vec<Advance> {
    let advance = |(number, step)| Advance {
        id: ctx.ids.next(),
        number,
        step,
        paid_on: None,
    };
    moves.into_iter().map(advance).collect()
}

/// Another way to pay what is unpaid.
#[derive(Debug, Clone)]
pub struct Rest {
    /// Last day to pay each instalment, in order; one for the whole rest at once.
    pub due_on: Vec<Day>,
    /// Own valid numbers, one per instalment in order; empty to have them issued.
    pub numbers: Vec<String>,
}

/// Puts what is unpaid on new notices and withdraws the others, in one transaction, on the revision the
/// caller has seen. `seal` as in [`super::create`].
///
/// # Errors
/// [`Error`]; nothing is stored then.
pub async fn replan<R: Send + 'static>(
    ctx: &Ctx,
    (creditor, id, seen): (&FiscalCode, Uuid, Option<i64>),
    rest: Rest,
    seal: impl Fn(&mut Tx<'_>, Instant, &Position) -> Result<R, Error> + Send + 'static,
) -> Result<R, Error> {
    let held = creditor.clone();
    let position = ctx.read(move |conn| get(conn, &held, id)).await?;
    let service = ctx
        .registry
        .service(creditor, &position.service_code, position.issued_on);
    let plan = Replan {
        minimum: service.and_then(|service| service.minimum_instalment()),
        due_on: rest.due_on,
    };
    let from = ctx.registry.creditor(creditor).ok_or(Error::NoStation)?;
    let from = (from.as_ref(), ctx.today());
    let numbers = numbers_from(ctx, from, &rest.numbers, plan.due_on.len()).await?;
    let (own, creditor) = (ctx.clone(), creditor.clone());
    ctx.write(move |tx, now| {
        let position = store::positions::lock(tx, &creditor, id)?.ok_or(Error::Unknown)?;
        if let Some(current) = stale(&position, seen) {
            return Err(Error::Stale { current });
        }
        let today = crate::domain::calendar::today(now);
        let change = position.replan(&plan, numbers.clone(), today)?;
        if !apply(tx, now, &own, &position, (change, OFFICE))? {
            return Err(Error::NumberTaken);
        }
        let made = get(tx, &creditor, id)?;
        changed(tx, AuditAction::Replanned, (&position, &made));
        seal(tx, now, &made)
    })
    .await
}

/// The revision of a position, when it is not the one that was seen.
fn stale(position: &Position, seen: Option<i64>) -> Option<i64> {
    seen.filter(|seen| *seen != position.revision)
        .map(|_| position.revision)
}
