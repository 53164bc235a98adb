//! What may belong to a line that is not explained: asked for, computed, and forgotten.

use std::collections::{BTreeSet, HashMap};

use chrono::TimeDelta;
use uuid::Uuid;

use super::{Error, load, single_payment};
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::reconciliation::suggestion::{SUGGESTIONS_MAX, Side, Suggestion, suggest};
use crate::domain::reconciliation::{Code, LineKind, Paid, ReconciliationTerms};
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
    /// The receipt of the line, or the one that is suggested; none when it is about flows.
    pub receipt: Option<String>,
    /// Why, and how sure.
    pub suggestion: Suggestion,
}

/// What may belong to a line: flows, or a receipt that no flow reports, to cash; cash to a row, to a receipt of
/// a flow, and to a receipt by itself. Nothing for a line whose sides are together.
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
            None => for_receipt(conn, (creditor, terms), &filed),
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
        entry.movement.in_scope() && entry.explained().is_none() && entry.held_by.is_none()
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
        receipt: None,
        suggestion,
    });
    let mut all: Vec<Suggested> = of_entry.collect();
    let receipts = unreported(conn, creditor, between)?;
    let sides: Vec<Side> = receipts.iter().map(|(side, _)| side.clone()).collect();
    // One receipt at a time: a transfer for several payments is a flow.
    let found = suggest(&wanted, &sides, terms.tolerance).into_iter();
    all.extend(found.filter_map(|suggestion| {
        let [one] = suggestion.others.as_slice() else {
            return None;
        };
        let receipt = receipts.iter().find(|(side, _)| side.id == *one)?.1.clone();
        Some(Suggested {
            credit: Some(entry.id),
            flow: None,
            receipt: Some(receipt),
            suggestion,
        })
    }));
    // Stable: of equal ones flows come first.
    all.sort_by_key(|one| std::cmp::Reverse(one.suggestion.score));
    all.truncate(SUGGESTIONS_MAX);
    Ok(all)
}

/// Receipts paid on these days that no flow reports, with their ids: each once, under one of its lines.
fn unreported(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (from, to): (Day, Day),
) -> Result<Vec<(Side, String)>, Error> {
    let filter = store::reconciliation::Filter {
        codes: vec![Code::PaidNotReported],
        kind: Some(LineKind::Receipt),
        since_from: Some(from),
        since_until: Some(to),
        ..store::reconciliation::Filter::default()
    };
    let lines = store::reconciliation::page(conn, creditor, &filter, None, LOOKED_AT)?;
    sides_of_receipts(conn, creditor, &lines)
}

fn sides_of_receipts(
    conn: &mut Conn,
    creditor: &FiscalCode,
    lines: &[Filed],
) -> Result<Vec<(Side, String)>, Error> {
    let iuvs: BTreeSet<&str> = lines
        .iter()
        .filter_map(|line| line.iuv.as_deref())
        .collect();
    let iuvs: Vec<&str> = iuvs.into_iter().collect();
    let paid = store::reconciliation::paid(conn, creditor, &iuvs)?;
    let by_line: HashMap<String, &Paid> = paid
        .iter()
        .map(|fact| (fact.paid.key(), &fact.paid))
        .collect();
    let mut seen = BTreeSet::new();
    let mut sides = Vec::with_capacity(lines.len());
    for line in lines {
        let Some(paid) = by_line.get(&line.line.key) else {
            continue;
        };
        if seen.insert(paid.receipt_id.as_str()) {
            let side = Side {
                id: line.id,
                amount: paid.total,
                day: paid.paid_on,
                text: paid.iuv.clone(),
            };
            sides.push((side, paid.receipt_id.clone()));
        }
    }
    Ok(sides)
}

fn for_receipt(
    conn: &mut Conn,
    (creditor, terms): (&FiscalCode, ReconciliationTerms),
    filed: &Filed,
) -> Result<Vec<Suggested>, Error> {
    let waits = filed.verdict.code == Code::PaidNotReported;
    let found = sides_of_receipts(conn, creditor, std::slice::from_ref(filed))?.pop();
    let Some((wanted, receipt)) = found.filter(|_| waits) else {
        return Ok(Vec::new());
    };
    let between = days(wanted.day, DAYS_EARLIER, DAYS_LATER);
    let entries = store::treasury::free_between(conn, creditor, between, LOOKED_AT)?;
    let free = entries.iter().filter(|entry| entry.movement.in_scope());
    let waiting: Vec<Side> = free.map(side).collect();
    let found = suggest(&wanted, &waiting, terms.tolerance).into_iter();
    let of_receipt = found.map(|suggestion| Suggested {
        credit: None,
        flow: None,
        receipt: Some(receipt.clone()),
        suggestion,
    });
    Ok(of_receipt.collect())
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
        receipt: None,
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
