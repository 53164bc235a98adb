//! What the passing of days did, written down: terms that have ended, and plans that ended because
//! instalments were missed. Whoever asks meanwhile is answered by the day.

use chrono::Days;
use serde_json::json;
use uuid::Uuid;

use super::{Error, balance, found, reserve};
use crate::app::positions;
use crate::ctx::Ctx;
use crate::domain::balance::Balance;
use crate::domain::calendar::{self, Day, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::lifecycle::State;
use crate::domain::position::Change;
use crate::domain::trail::{AuditAction, AuditChange, AuditedEntity};
use crate::store::lapses::Ended;
use crate::store::{self, Tx};

/// Notices looked at in one transaction.
const BATCH: i64 = 200;
/// Nothing is written down for so long: by then the receipts of payments made in time have come, or the
/// flow that reports them.
const GRACE_DAYS: Days = Days::new(5);
/// Who moves the notice, in its history.
const ACTOR: &str = "calendar";

/// What one batch did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lapsed {
    /// Where the next batch goes on; `None` when there is none.
    pub last: Option<Ended>,
    /// Notices that are written down as expired.
    pub expired: usize,
    /// Positions with a plan that has ended with a part of it paid: see [`end_plan`].
    pub plans: Vec<Uuid>,
}

/// The day up to which ends are written down.
fn settled_day(today: Day) -> Day {
    today.checked_sub_days(GRACE_DAYS).unwrap_or(today)
}

/// Writes down that terms have ended, for one batch of notices. Running again finds nothing to do.
///
/// # Errors
/// The database's.
pub fn write_lapses(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    after: Option<&Ended>,
) -> Result<Lapsed, store::Error> {
    let day = settled_day(calendar::today(now));
    let ended = store::lapses::ended(tx, creditor, day, after, BATCH)?;
    let mut ids: Vec<Uuid> = ended.iter().map(|notice| notice.position_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut done = Lapsed::default();
    let mut steps = Vec::new();
    for position in store::positions::among(tx, creditor, &ids)? {
        if position.wants_rest(day) {
            done.plans.push(position.id);
        } else {
            let moves = position.lapsed(day);
            for (number, step) in &moves {
                let what = (AuditedEntity::Notice, number.as_str());
                let said = |state: State| json!({ "state": state.as_str() });
                let change =
                    AuditChange::new(creditor, AuditAction::Expired, what, said(step.to()));
                tx.note(change.from(&said(step.from())));
            }
            steps.extend(positions::advances(ctx, moves));
        }
    }
    done.expired = steps.len();
    store::notices::advance(tx, creditor, &steps, now, ACTOR)?;
    let is_full = i64::try_from(ended.len()).is_ok_and(|found| found == BATCH);
    done.last = ended.into_iter().next_back().filter(|_| is_full);
    Ok(done)
}

/// Ends the plan of a position of which a part was paid: its open instalments are withdrawn, and one notice
/// asks for the whole rest. Whether there was such a plan; running again finds none.
///
/// # Errors
/// [`Error`]; nothing changes then.
pub async fn end_plan(ctx: &Ctx, tax_code: &FiscalCode, id: Uuid) -> Result<bool, Error> {
    let number = reserve(ctx, tax_code).await?;
    let (held, tax_code) = (ctx.clone(), tax_code.clone());
    ctx.write(move |tx, now| {
        let today = calendar::today(now);
        let position = store::positions::lock(tx, &tax_code, id)?.ok_or(Error::Unknown)?;
        if !position.wants_rest(settled_day(today)) {
            return Ok(false);
        }
        let change = match balance(tx, &held, &position, today)? {
            Balance::Short(rest) => position.end_plan(*rest, number.clone(), today)?,
            // Enough was paid for the whole: what is left of the plan asks for nothing.
            Balance::Even | Balance::Over(_) => Change {
                moves: position.lapsed(settled_day(today)),
                ..Change::default()
            },
        };
        if !positions::apply(tx, now, &held, &position, (change, ACTOR))? {
            // Reserved numbers are nobody else's, unless the caller's own took it.
            return Err(Error::NoStation);
        }
        let ended = found(tx, &tax_code, id)?;
        positions::changed(tx, AuditAction::Lapsed, (&position, &ended));
        Ok(true)
    })
    .await
}
