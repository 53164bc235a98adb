//! Closing a month of the books, and opening it again.

use serde_json::json;
use uuid::Uuid;

use crate::ctx::Ctx;
use crate::domain::calendar::today;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::reconciliation::decision::Mark;
use crate::domain::reconciliation::period::{Month, PeriodError};
use crate::domain::trail::{AuditAction, AuditChange, AuditedEntity};
pub use crate::store::periods::Period;
use crate::store::{self, Conn, Tx, db::Retry};

/// What can end a use case about months.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No closed month has this id.
    #[error("no accounting period has this id")]
    Unknown,
    /// The caller changed an older revision.
    #[error("the accounting period is at revision {current} by now")]
    Stale {
        /// The revision it has.
        current: i64,
    },
    /// The month was closed before: its state is changed where it is.
    #[error("the month was closed before")]
    Known,
    /// The month cannot be closed or opened.
    #[error(transparent)]
    Period(#[from] PeriodError),
    /// The database's.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Retry for Error {
    fn retryable(&self) -> bool {
        match self {
            Error::Store(error) => error.retryable(),
            Error::Unknown | Error::Stale { .. } | Error::Known | Error::Period(_) => false,
        }
    }
}

/// What a month should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Its figures stay as they are.
    Close,
    /// What comes counts in it again.
    Reopen,
}

/// Closes a month for the first time: every change from now on counts in the next one.
///
/// # Errors
/// [`Error::Known`], [`Error::Period`], or the database's.
pub fn close(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    creditor: &FiscalCode,
    (month, closed): (Month, Mark),
) -> Result<Period, Error> {
    store::settlement::hold(tx, creditor)?;
    store::periods::hold(tx, creditor)?.close(month, today(closed.at))?;
    let period = Period {
        id: ctx.ids.next(),
        month,
        closed,
        reopened: None,
        figures: store::periods::figures(tx, creditor, month)?,
        revision: 1,
    };
    match store::periods::record(tx, creditor, &period, ctx.ids.next()) {
        // It was closed and opened again.
        Err(store::Error::Changed { .. }) => Err(Error::Known),
        recorded => {
            recorded?;
            let what = (AuditedEntity::AccountingPeriod, period.id);
            let said = audited(&period);
            tx.note(AuditChange::new(creditor, AuditAction::Closed, what, said));
            Ok(period)
        }
    }
}

/// Opens a month again, or closes it again, on the revision the caller has seen. A month that is there
/// already stays as it is.
///
/// # Errors
/// [`Error::Unknown`], [`Error::Stale`], [`Error::Period`], or the database's.
pub fn amend(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (creditor, id, seen): (&FiscalCode, Uuid, i64),
    (step, mark): (Step, Mark),
) -> Result<Period, Error> {
    store::settlement::hold(tx, creditor)?;
    let books = store::periods::hold(tx, creditor)?;
    let mut period = store::periods::get(tx, creditor, id)?.ok_or(Error::Unknown)?;
    if period.revision != seen {
        return Err(Error::Stale {
            current: period.revision,
        });
    }
    let before = audited(&period);
    match (step, &period.reopened) {
        (Step::Close, None) | (Step::Reopen, Some(_)) => {
            tx.nothing_to_note();
            return shown(tx, creditor, period);
        }
        (Step::Close, Some(_)) => {
            books.close(period.month, today(mark.at))?;
            period.figures = store::periods::figures(tx, creditor, period.month)?;
            period.closed = mark;
            period.reopened = None;
        }
        (Step::Reopen, None) => {
            books.reopen(period.month)?;
            period.reopened = Some(mark);
        }
    }
    period.revision = period.revision.saturating_add(1);
    store::periods::record(tx, creditor, &period, ctx.ids.next())?;
    let action = match step {
        Step::Close => AuditAction::Closed,
        Step::Reopen => AuditAction::Reopened,
    };
    let what = (AuditedEntity::AccountingPeriod, id);
    let change = AuditChange::new(creditor, action, what, audited(&period));
    tx.note(change.from(&before));
    shown(tx, creditor, period)
}

/// What the audit trail says of a month.
fn audited(period: &Period) -> serde_json::Value {
    let state = match period.reopened {
        Some(_) => "reopened",
        None => "closed",
    };
    json!({ "month": period.month.to_string(), "state": state, "revision": period.revision })
}

/// A month that is open shows what counts in it now, a closed one what counted when it was closed.
fn shown(conn: &mut Conn, creditor: &FiscalCode, mut period: Period) -> Result<Period, Error> {
    if period.reopened.is_some() {
        period.figures = store::periods::figures(conn, creditor, period.month)?;
    }
    Ok(period)
}

/// The closed month with this id.
///
/// # Errors
/// [`Error::Unknown`], or the database's.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Period, Error> {
    let period = store::periods::get(conn, creditor, id)?.ok_or(Error::Unknown)?;
    shown(conn, creditor, period)
}

/// One page of months that were closed, in the order they were closed first, after the given id; each with
/// its figures when it was closed last.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    slice: (Option<Uuid>, i64),
) -> Result<Vec<Period>, Error> {
    Ok(store::periods::page(conn, creditor, slice)?)
}

/// Closed months whose figures are not those of their closing: there must be none.
///
/// # Errors
/// The database's.
pub fn altered(conn: &mut Conn, creditor: &FiscalCode) -> Result<Vec<Month>, store::Error> {
    let mut altered = Vec::new();
    for period in store::periods::page(conn, creditor, (None, i64::MAX))? {
        let now = store::periods::figures(conn, creditor, period.month)?;
        if period.reopened.is_none() && now != period.figures {
            altered.push(period.month);
        }
    }
    Ok(altered)
}
