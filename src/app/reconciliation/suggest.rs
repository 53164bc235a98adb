//! What may belong to a line that is not explained: asked for, computed, and forgotten.

use chrono::TimeDelta;
use uuid::Uuid;

use super::{Error, load, single_payment};
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::reconciliation::suggestion::{Side, Suggestion, suggest};
use crate::domain::reconciliation::{LineKind, ReconciliationTerms};
use crate::domain::settlement::flow_key;
use crate::store::reconciliation::Filed;
use crate::store::{self, Conn};

/// Days between a transfer and its booking that are looked at, and between a booking and a transfer that was
/// dated after it.
const DAYS_LATER: i64 = 20;
const DAYS_EARLIER: i64 = 5;
/// Flows or entries looked at.
const LOOKED_AT: i64 = 500;

/// What may belong together with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggested {
    /// The treasury entry of the line; none when entries are suggested.
    pub credit: Option<Uuid>,
    /// The flow of the line; none when flows are suggested.
    pub flow: Option<Uuid>,
    /// Why, and how sure.
    pub suggestion: Suggestion,
}

/// What may belong to a line: flows to cash, cash to a row or a receipt of a flow. Nothing for a line whose
/// sides are together.
///
/// # Errors
/// [`Error::UnknownLine`], or the database's.
pub fn suggestions(
    conn: &mut Conn,
    creditor: &FiscalCode,
    id: Uuid,
) -> Result<Vec<Suggested>, Error> {
    let filed = store::reconciliation::get(conn, creditor, id)?.ok_or(Error::UnknownLine)?;
    let terms = store::decisions::terms(conn, creditor)?.0;
    match filed.line.kind {
        LineKind::Treasury => for_cash(conn, (creditor, terms), &filed),
        LineKind::FlowLine => for_flow(conn, (creditor, terms), &filed.line.key),
        LineKind::Receipt => match reported_by(&filed) {
            Some(row) => for_flow(conn, (creditor, terms), &row),
            None => Ok(Vec::new()),
        },
    }
}

/// The row that reports a receipt, as its explanation names it.
fn reported_by(filed: &Filed) -> Option<String> {
    let rows = filed.verdict.explanation.pointer("/inputs/flow_lines/0")?;
    rows.as_str().map(str::to_owned)
}

fn days(day: Day, before: i64, after: i64) -> (Day, Day) {
    let from = day.checked_sub_signed(TimeDelta::days(before));
    let to = day.checked_add_signed(TimeDelta::days(after));
    (from.unwrap_or(day), to.unwrap_or(day))
}

/// What flows still wait for.
fn missing(
    conn: &mut Conn,
    around: (&FiscalCode, ReconciliationTerms),
    flows: Vec<store::settlement::Filed>,
) -> Result<Vec<Side>, Error> {
    let loaded = load::flows(conn, around, flows)?;
    let side = |flow: load::LoadedFlow| {
        let amount = flow.fact.announced().minus(flow.fact.cash()).ok()?;
        Some(Side {
            id: flow.id,
            amount,
            day: flow.fact.regulation_on,
            text: flow.key,
        })
    };
    let mut sides: Vec<Side> = loaded.into_iter().filter_map(side).collect();
    sides.retain(|side| side.amount != Cents::ZERO);
    Ok(sides)
}

fn for_cash(
    conn: &mut Conn,
    (creditor, terms): (&FiscalCode, ReconciliationTerms),
    filed: &Filed,
) -> Result<Vec<Suggested>, Error> {
    let entry = store::treasury::by_key(conn, creditor, &filed.line.key)?;
    let free = |entry: &store::treasury::Filed| {
        entry.movement.in_scope() && entry.matched.is_none() && entry.held_by.is_none()
    };
    let Some(entry) = entry.filter(free) else {
        return Ok(Vec::new());
    };
    let wanted = side(&entry);
    let between = days(wanted.day, DAYS_LATER, DAYS_EARLIER);
    let flows = store::settlement::live_between(conn, creditor, between, LOOKED_AT)?;
    let waiting = missing(conn, (creditor, terms), flows)?;
    let found = suggest(&wanted, &waiting, terms.tolerance).into_iter();
    let of_entry = found.map(|suggestion| Suggested {
        credit: Some(entry.id),
        flow: None,
        suggestion,
    });
    Ok(of_entry.collect())
}

fn for_flow(
    conn: &mut Conn,
    (creditor, terms): (&FiscalCode, ReconciliationTerms),
    row: &str,
) -> Result<Vec<Suggested>, Error> {
    // `psp/flow/revision/row`
    let named = row.split_once('/').and_then(|(psp_id, rest)| {
        let (rest, _) = rest.rsplit_once('/')?;
        let (flow_id, _) = rest.rsplit_once('/')?;
        Some((psp_id, flow_key(flow_id)))
    });
    let Some((psp_id, key)) = named else {
        return Ok(Vec::new());
    };
    let mut live = store::settlement::live_by_keys(conn, creditor, &[key.as_str()])?;
    live.retain(|flow| flow.header.psp_id == psp_id);
    let Some(wanted) = missing(conn, (creditor, terms), live)?.pop() else {
        return Ok(Vec::new());
    };
    let between = days(wanted.day, DAYS_EARLIER, DAYS_LATER);
    let entries = store::treasury::free_between(conn, creditor, between, LOOKED_AT)?;
    let free = entries.iter().filter(|entry| entry.movement.in_scope());
    let free = free.filter(|entry| single_payment(entry).is_none());
    let waiting: Vec<Side> = free.map(side).collect();
    let found = suggest(&wanted, &waiting, terms.tolerance).into_iter();
    let of_flow = found.map(|suggestion| Suggested {
        credit: None,
        flow: Some(wanted.id),
        suggestion,
    });
    Ok(of_flow.collect())
}

fn side(entry: &store::treasury::Filed) -> Side {
    Side {
        id: entry.id,
        amount: entry.movement.effect(),
        day: entry.movement.booked_on,
        text: entry.movement.text.clone(),
    }
}
