//! Reporting flows: keep the answer, file the revision, book its rows, classify what it concerns.
//!
//! Two walks on purpose: the bytes are stored before anything is decided, so that deciding can be
//! repeated, improved and audited.

mod booking;
mod refusals;
mod revised;

use serde_json::json;
use uuid::Uuid;

use crate::app::reconciliation::{self, Touched};
use crate::app::treasury;
use crate::ctx::Ctx;
use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::MoneyError;
use crate::domain::reconciliation::Cause;
use crate::domain::settlement::{self as rules, Arrival, Header, Line};
use crate::domain::trail::{AuditAction, AuditChange, AuditedEntity};
use crate::store::crash::{self, Point};
pub use crate::store::settlement::{Filed, Filter, FlowState, RevisionKey};
use crate::store::{self, Conn, Tx, db::Retry};
pub use refusals::{
    Closing, FlowName, Place, Refusal, Unread, close_refusal, refusals, refuse, refuse_listed,
};
pub(crate) use revised::against_previous;
pub use revised::{Revised, revised};

/// What can end a use case about flows.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No flow has this id.
    #[error("no settlement flow has this id")]
    UnknownFlow,
    /// No refusal has this id.
    #[error("no refusal of flows has this id")]
    UnknownRefusal,
    /// Somebody has closed the refusal.
    #[error("the refusal is closed")]
    Closed,
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
            Error::UnknownFlow | Error::UnknownRefusal | Error::Closed | Error::Money(_) => false,
        }
    }
}

/// A revision of a flow, as fetched.
#[derive(Debug, Clone, Copy)]
pub struct Arrived<'a> {
    /// Its head.
    pub header: &'a Header,
    /// Its rows, numbered by their places.
    pub lines: &'a [Line],
    /// The rows that cannot be read.
    pub unread: &'a [Unread],
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
    store::settlement::insert_documents(tx, creditor, key, bodies, now)?;
    crash::point(Point::FlowKept);
    Ok(())
}

/// Every stored revision of the flows with these identifiers.
///
/// # Errors
/// The database's.
pub fn held(
    conn: &mut Conn,
    creditor: &FiscalCode,
    flow_ids: &[&str],
) -> Result<Vec<Filed>, store::Error> {
    store::settlement::revisions(conn, creditor, flow_ids)
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

/// Files revisions in order, undoes what they replace, books them, then finds their cash and classifies all
/// they concern at once. The answer has one outcome for each. Nothing about a flow is refused: what is wrong
/// with it becomes a flag, and a row that cannot be read is kept beside the others.
///
/// # Errors
/// [`Error::Money`] when a sum does not fit, or the database's; nothing is filed then.
pub fn ingest(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    arrived: &[Arrived<'_>],
) -> Result<Vec<Outcome>, Error> {
    store::settlement::hold(tx, creditor)?;
    let flow_ids: Vec<&str> = arrived.iter().map(|a| a.header.flow_id.as_str()).collect();
    let mut stored = store::settlement::revisions(tx, creditor, &flow_ids)?;
    let mut touched = Touched::by(Cause::Flow);
    let mut outcomes = Vec::with_capacity(arrived.len());
    for one in arrived {
        let outcome = file(tx, now, ctx, creditor, (*one, &mut stored, &mut touched))?;
        note(tx, creditor, *one, outcome);
        outcomes.push(outcome);
    }
    let keys: Vec<&str> = touched.flows.iter().map(|flow| flow.key.as_str()).collect();
    let mut naming = store::treasury::naming(tx, creditor, &keys)?;
    // Cash for a payment that a flow reports is cash of the flow.
    let iuvs: Vec<&str> = touched.iuvs.iter().map(String::as_str).collect();
    naming.extend(store::treasury::singles(tx, creditor, &iuvs)?);
    let moved = treasury::rematch(tx, now, ctx, creditor, &naming)?;
    touched.flows.extend(moved);
    reconciliation::classify(tx, now, ctx, creditor, touched)?;
    crash::point(Point::FlowFiled);
    Ok(outcomes)
}

/// One entry of the audit trail for a flow that came in; its rows are facts.
fn note(tx: &mut Tx<'_>, creditor: &FiscalCode, arrived: Arrived<'_>, outcome: Outcome) {
    let state = match outcome {
        Outcome::Filed(_) => "filed",
        Outcome::Replaced(_) => "replaces",
        Outcome::Late(_) => "late",
        Outcome::Repeat(_) => return,
    };
    let said = json!({
        "psp": arrived.header.psp_id,
        "flow_code": arrived.header.flow_id,
        "revision": arrived.header.revision,
        "entries": arrived.lines.len(),
        "outcome": state,
    });
    let what = (AuditedEntity::SettlementFlow, outcome.flow());
    tx.note(AuditChange::new(
        creditor,
        AuditAction::Imported,
        what,
        said,
    ));
}

/// Files and books one revision among those stored, and notes what it touches.
fn file(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    (arrived, stored, touched): (Arrived<'_>, &mut Vec<Filed>, &mut Touched),
) -> Result<Outcome, Error> {
    let Arrived {
        header,
        lines,
        unread,
    } = arrived;
    let of_flow = |held: &&mut Filed| {
        held.header.psp_id == header.psp_id && held.header.flow_id == header.flow_id
    };
    let mut others: Vec<&mut Filed> = stored.iter_mut().filter(of_flow).collect();
    let numbers: Vec<i64> = others.iter().map(|held| held.header.revision).collect();
    let older = numbers.iter().copied().filter(|n| *n < header.revision);
    let mut filed = Filed {
        id: ctx.ids.next(),
        header: header.clone(),
        totals: rules::totals(lines)?,
        state: FlowState::Live,
        previous: older.max(),
        fetched_at: now,
    };
    let mut before = Vec::new();
    let outcome = match rules::arrival(&numbers, header.revision) {
        Arrival::Repeat => {
            let known = others
                .iter()
                .find(|held| held.header.revision == header.revision);
            return Ok(Outcome::Repeat(known.map_or(filed.id, |held| held.id)));
        }
        Arrival::First => Outcome::Filed(filed.id),
        Arrival::Newer { .. } => {
            let live = others.iter_mut().find(|held| held.state == FlowState::Live);
            if let Some(old) = live {
                before = store::settlement::lines(tx, creditor, old.id, 0, i64::MAX)?;
                booking::take_back(tx, now, ctx, creditor, booking::Rows::new(old, &before))?;
                store::settlement::supersede(tx, creditor, old.id)?;
                refusals::replaced(tx, now, creditor, old.key())?;
                old.state = FlowState::Superseded;
            }
            Outcome::Replaced(filed.id)
        }
        Arrival::Older { .. } => {
            filed.state = FlowState::Superseded;
            let newer = others
                .iter_mut()
                .filter(|held| held.header.revision > header.revision);
            if let Some(next) = newer.min_by_key(|held| held.header.revision) {
                store::settlement::set_previous(tx, creditor, next.id, Some(header.revision))?;
                next.previous = Some(header.revision);
                before = store::settlement::lines(tx, creditor, next.id, 0, i64::MAX)?;
            }
            Outcome::Late(filed.id)
        }
    };
    store::settlement::insert(tx, creditor, &filed, lines)?;
    refusals::keep(tx, now, ctx, creditor, (&filed, unread))?;
    if filed.state == FlowState::Live {
        let rows = booking::Rows {
            before: &before,
            ..booking::Rows::new(&filed, lines)
        };
        booking::announce(tx, now, ctx, creditor, rows)?;
    }
    let concerned = lines.iter().chain(&before).map(|line| line.iuv.clone());
    touched.iuvs.extend(concerned);
    touched.flows.insert(header.known());
    stored.push(filed);
    Ok(outcome)
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
    /// How many of its rows cannot be read.
    pub unread: i64,
}

/// One flow.
///
/// # Errors
/// [`Error::UnknownFlow`], or the database's.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<View, Error> {
    let filed = store::settlement::get(conn, creditor, id)?.ok_or(Error::UnknownFlow)?;
    let prefix = format!("{}/{}/", filed.name(), filed.header.revision);
    let counts = store::reconciliation::counts(conn, creditor, &prefix)?;
    let unread = store::settlement::refusals::of_flow(conn, creditor, filed.key())?;
    Ok(View {
        filed,
        counts,
        unread,
    })
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
