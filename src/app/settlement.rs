//! Reporting flows: keep the answer, file the revision, book its rows, classify what it concerns.
//!
//! Two walks on purpose: the bytes are stored before anything is decided, so that deciding can be
//! repeated, improved and audited.

mod booking;

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::app::{reconciliation, treasury};
use crate::ctx::Ctx;
use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::MoneyError;
use crate::domain::settlement::{self as rules, Arrival, Header, Line, flow_key};
use crate::domain::treasury::KnownFlow;
pub use crate::store::settlement::{Filed, Filter, FlowState, RevisionKey};
use crate::store::{self, Conn, Tx, db::Retry};

/// What can end a use case about flows.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No flow has this id.
    #[error("no settlement flow has this id")]
    UnknownFlow,
    /// A sum overflows.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The database's.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Retry for Error {
    fn retryable(&self) -> bool {
        match self {
            Error::Store(error) => error.retryable(),
            Error::UnknownFlow | Error::Money(_) => false,
        }
    }
}

/// A revision of a flow, as fetched.
#[derive(Debug, Clone, Copy)]
pub struct Arrived<'a> {
    /// Its head.
    pub header: &'a Header,
    /// Its rows.
    pub lines: &'a [Line],
}

/// What became of a revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The first of this flow, now in force.
    Filed(Uuid),
    /// In force instead of an older one, whose effects are taken back.
    Replaced(Uuid),
    /// Known already: nothing changes.
    Repeat(Uuid),
    /// Older than the one in force: kept, without effect.
    Late(Uuid),
}

impl Outcome {
    /// The flow it is about.
    #[must_use]
    pub fn flow(self) -> Uuid {
        match self {
            Outcome::Filed(id)
            | Outcome::Replaced(id)
            | Outcome::Repeat(id)
            | Outcome::Late(id) => id,
        }
    }
}

/// Keeps the answers of a revision as they came: the head first, then the pages of rows.
///
/// # Errors
/// The database's.
pub fn keep(
    tx: &mut Tx<'_>,
    now: Instant,
    creditor: &FiscalCode,
    key: RevisionKey<'_>,
    bodies: &[Vec<u8>],
) -> Result<(), store::Error> {
    for (part, body) in (0i32..).zip(bodies) {
        store::settlement::insert_document(tx, creditor, key, (part, body), now)?;
    }
    Ok(())
}

/// The stored flow of a revision, when it is there.
///
/// # Errors
/// The database's.
pub fn known(
    conn: &mut Conn,
    creditor: &FiscalCode,
    key: RevisionKey<'_>,
) -> Result<Option<Uuid>, store::Error> {
    let stored = store::settlement::revisions(conn, creditor, key.psp_id, key.flow_id)?;
    Ok(stored
        .into_iter()
        .find(|held| held.header.revision == key.revision)
        .map(|held| held.id))
}

/// Up to which publication the flows of a creditor are filed.
///
/// # Errors
/// The database's.
pub fn cursor(conn: &mut Conn, creditor: &FiscalCode) -> Result<Option<Instant>, store::Error> {
    store::settlement::cursor(conn, creditor)
}

/// Moves the cursor on; it never goes back.
///
/// # Errors
/// The database's.
pub fn advance_cursor(
    tx: &mut Tx<'_>,
    now: Instant,
    creditor: &FiscalCode,
    published_at: Instant,
) -> Result<(), store::Error> {
    let held = store::settlement::cursor(tx, creditor)?;
    let furthest = held.map_or(published_at, |held| held.max(published_at));
    store::settlement::set_cursor(tx, creditor, furthest, now)
}

/// Files a revision, undoes the one it replaces, books and classifies. Nothing about a flow is refused:
/// what is wrong with it becomes a flag.
///
/// # Errors
/// [`Error::Money`] when its sum does not fit, or the database's.
pub fn ingest(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    arrived: Arrived<'_>,
) -> Result<Outcome, Error> {
    let Arrived { header, lines } = arrived;
    store::settlement::hold(tx, creditor)?;
    let (psp_id, flow_id) = (&header.psp_id, &header.flow_id);
    let stored = store::settlement::revisions(tx, creditor, psp_id, flow_id)?;
    let numbers: Vec<i64> = stored.iter().map(|filed| filed.header.revision).collect();
    let mut filed = Filed {
        id: ctx.ids.next(),
        header: header.clone(),
        totals: rules::totals(lines)?,
        state: FlowState::Live,
        previous: numbers
            .iter()
            .copied()
            .filter(|n| *n < header.revision)
            .max(),
        fetched_at: now,
    };
    let mut touched: BTreeSet<String> = lines.iter().map(|line| line.iuv.clone()).collect();
    let outcome = match rules::arrival(&numbers, header.revision) {
        Arrival::Repeat => {
            let known = stored
                .iter()
                .find(|held| held.header.revision == header.revision);
            return Ok(Outcome::Repeat(known.map_or(filed.id, |held| held.id)));
        }
        Arrival::First => {
            store::settlement::insert(tx, creditor, &filed, lines)?;
            booking::announce(tx, now, ctx, creditor, booking::Rows::new(&filed, lines))?;
            Outcome::Filed(filed.id)
        }
        Arrival::Newer { .. } => {
            let old = stored.iter().find(|held| held.state == FlowState::Live);
            let mut before = Vec::new();
            if let Some(old) = old {
                before = store::settlement::lines(tx, creditor, old.id, 0, i64::MAX)?;
                touched.extend(before.iter().map(|line| line.iuv.clone()));
                booking::take_back(tx, now, ctx, creditor, booking::Rows::new(old, &before))?;
                store::settlement::supersede(tx, creditor, old.id)?;
            }
            store::settlement::insert(tx, creditor, &filed, lines)?;
            let rows = booking::Rows {
                before: &before,
                ..booking::Rows::new(&filed, lines)
            };
            booking::announce(tx, now, ctx, creditor, rows)?;
            Outcome::Replaced(filed.id)
        }
        Arrival::Older { .. } => {
            filed.state = FlowState::Superseded;
            store::settlement::insert(tx, creditor, &filed, lines)?;
            let next = stored
                .iter()
                .filter(|held| held.header.revision > header.revision);
            if let Some(next) = next.min_by_key(|held| held.header.revision) {
                store::settlement::set_previous(tx, creditor, next.id, Some(header.revision))?;
                let rows = store::settlement::lines(tx, creditor, next.id, 0, i64::MAX)?;
                touched.extend(rows.into_iter().map(|line| line.iuv));
            }
            Outcome::Late(filed.id)
        }
    };
    reconcile(tx, now, ctx, creditor, (&filed, &touched))?;
    Ok(outcome)
}

/// Finds the cash of a flow that has just been filed, and classifies what it concerns.
fn reconcile(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    (filed, touched): (&Filed, &BTreeSet<String>),
) -> Result<(), Error> {
    let key = flow_key(&filed.header.flow_id);
    let naming = store::treasury::naming(tx, creditor, &key)?;
    let moved = treasury::rematch(tx, now, ctx, creditor, &naming)?;
    reconciliation::classify(tx, now, ctx, creditor, touched)?;
    for flow in moved
        .iter()
        .filter(|flow| flow.key != key || flow.psp_id != filed.header.psp_id)
    {
        classify_flow(tx, now, ctx, creditor, flow)?;
    }
    classify_cash(tx, now, ctx, creditor, &key)
}

/// Classifies every row of a flow in force, the receipts behind them, and its cash.
///
/// # Errors
/// The database's.
pub fn classify_flow(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    flow: &KnownFlow,
) -> Result<(), Error> {
    for live in store::settlement::live_by_keys(tx, creditor, &[&flow.key])? {
        if live.header.psp_id == flow.psp_id {
            let lines = store::settlement::lines(tx, creditor, live.id, 0, i64::MAX)?;
            let iuvs = lines.into_iter().map(|line| line.iuv).collect();
            reconciliation::classify(tx, now, ctx, creditor, &iuvs)?;
        }
    }
    classify_cash(tx, now, ctx, creditor, &flow.key)
}

fn classify_cash(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    key: &str,
) -> Result<(), Error> {
    let mut entries = store::treasury::matched_to(tx, creditor, &[key])?;
    entries.extend(store::treasury::naming(tx, creditor, key)?);
    entries.sort_by_key(|entry| entry.id);
    entries.dedup_by_key(|entry| entry.id);
    reconciliation::classify_credits(tx, now, ctx, creditor, &entries)?;
    Ok(())
}

/// One page of flows, in the order they were filed, after the given id.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    filter: &Filter,
    (after, limit): (Option<Uuid>, i64),
) -> Result<Vec<Filed>, Error> {
    Ok(store::settlement::page(
        conn, creditor, filter, after, limit,
    )?)
}

/// A flow, and how many of its rows have ended where.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// As stored.
    pub filed: Filed,
    /// Codes of its rows with their number and sum, in the order of the codes.
    pub counts: Vec<store::reconciliation::CodeCount>,
}

/// One flow.
///
/// # Errors
/// [`Error::UnknownFlow`], or the database's.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<View, Error> {
    let filed = store::settlement::get(conn, creditor, id)?.ok_or(Error::UnknownFlow)?;
    let prefix = format!("{}/{}/", filed.name(), filed.header.revision);
    let counts = store::reconciliation::counts(conn, creditor, &prefix)?;
    Ok(View { filed, counts })
}

/// A row of a flow with its code.
#[derive(Debug, Clone, PartialEq)]
pub struct LineView {
    /// As stored.
    pub line: Line,
    /// Where it has ended.
    pub found: Option<store::reconciliation::Filed>,
}

/// Rows of a flow with their codes, in order, after the given row number.
///
/// # Errors
/// [`Error::UnknownFlow`], or the database's.
pub fn lines(
    conn: &mut Conn,
    creditor: &FiscalCode,
    id: Uuid,
    (after, limit): (i32, i64),
) -> Result<Vec<LineView>, Error> {
    use crate::domain::reconciliation::LineKind;
    let filed = store::settlement::get(conn, creditor, id)?.ok_or(Error::UnknownFlow)?;
    let rows = store::settlement::lines(conn, creditor, id, after, limit)?;
    let key = |line: &Line| format!("{}/{}/{}", filed.name(), filed.header.revision, line.number);
    let keys: Vec<String> = rows.iter().map(key).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut codes: std::collections::HashMap<String, store::reconciliation::Filed> =
        store::reconciliation::of_lines(conn, creditor, LineKind::FlowLine, &keys)?
            .into_iter()
            .map(|filed| (filed.line.key.clone(), filed))
            .collect();
    let views = rows.into_iter().map(|line| {
        let found = codes.remove(&key(&line));
        LineView { line, found }
    });
    Ok(views.collect())
}

#[cfg(test)]
pub(crate) mod tests;
