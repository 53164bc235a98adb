//! What days change: the rest of a flow that came in part is waited for, and then it is missed.

use chrono::TimeDelta;
use uuid::Uuid;

use super::{CHUNK, Touched, classify};
use crate::ctx::Ctx;
use crate::domain::calendar::{self, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::reconciliation::{Cause, Code, PENDING_DAYS_MAX};
use crate::store::reconciliation::Filed;
use crate::store::{self, Tx};

/// What a batch did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Aged {
    /// Lines that have another code, or another explanation, by now.
    pub changed: usize,
    /// The last line that was looked at; none when there is no further one.
    pub last: Option<Uuid>,
}

/// The codes under which lines wait for the rest of their flow. Those that officers have closed say what they
/// would be, so they are among them.
pub const AGING: [Code; 2] = [Code::SettledPartial, Code::Forced];

/// Days after which a closed line is not looked at any more: it ended waiting long before. There are more of
/// them every year, and the job that looks runs several times a day.
const CLOSED_DAYS_MAX: i64 = 90;

/// Classifies again a batch of lines with one of the [`AGING`] codes that were waiting for the rest of their
/// flow longer than is waited for, after the given one.
///
/// # Errors
/// The database's.
pub fn age(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    (code, after): (Code, Option<Uuid>),
) -> Result<Aged, store::Error> {
    store::settlement::hold(tx, creditor)?;
    let today = calendar::today(now);
    let before = |days: i64| today.checked_sub_signed(TimeDelta::days(days));
    let filter = store::reconciliation::Filter {
        codes: vec![code],
        // The last day since which nothing more is waited for.
        since_until: before(PENDING_DAYS_MAX.saturating_add(1)).or(Some(today)),
        since_from: before(CLOSED_DAYS_MAX).filter(|_| code == Code::Forced),
        ..store::reconciliation::Filter::default()
    };
    let limit = i64::try_from(CHUNK).unwrap_or(i64::MAX);
    let page = store::reconciliation::page(tx, creditor, &filter, after, limit)?;
    let last = page.last().map(|filed| filed.id);
    let mut touched = Touched::by(Cause::Age);
    touched.lines(tx, creditor, page.iter().filter(|filed| waits(filed)))?;
    let iuvs: Vec<&str> = touched.iuvs.iter().map(String::as_str).collect();
    store::settlement::hold_positions(tx, creditor, &iuvs)?;
    let changed = classify(tx, now, ctx, creditor, touched)?;
    Ok(Aged { changed, last })
}

/// Whether a line waits for the rest of its flow, or would if it were not closed.
fn waits(filed: &Filed) -> bool {
    let name = "/closed_by/instead_of";
    let instead = filed.verdict.explanation.pointer(name);
    let instead = instead.and_then(|code| code.as_str());
    filed.verdict.code == Code::SettledPartial
        || instead.is_some_and(|code| code.eq_ignore_ascii_case(Code::SettledPartial.as_str()))
}
