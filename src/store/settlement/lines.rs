//! The rows of flows.

use std::collections::BTreeSet;

use diesel::prelude::*;
use uuid::Uuid;

use super::FlowState;
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::settlement::{Line, Outcome};
use crate::domain::treasury::KnownFlow;
use crate::store::prepared::{among, among_ids};
use crate::store::schema::{flow, flow_line};
use crate::store::types::Id;
use crate::store::{Conn, Error, Tx};

#[derive(Queryable, Insertable)]
#[diesel(table_name = flow_line, treat_none_as_default_value = false)]
struct LineRow {
    creditor: String,
    flow: Id,
    line_no: i32,
    iuv: String,
    iur: String,
    idx: i16,
    amount_cents: i64,
    outcome: i16,
    paid_on: Day,
}

/// Stores the rows of a new revision.
///
/// # Errors
/// The database's.
pub(super) fn append(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    flow: Uuid,
    lines: &[Line],
) -> Result<(), Error> {
    let rows: Vec<LineRow> = lines
        .iter()
        .map(|line| LineRow::from_domain(creditor, flow, line))
        .collect();
    append_rows!(tx, flow_line::table, &rows);
    Ok(())
}

/// Rows of a revision, in order, after the given number.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn lines(
    conn: &mut Conn,
    creditor: &FiscalCode,
    id: Uuid,
    after: i32,
    limit: i64,
) -> Result<Vec<Line>, Error> {
    let rows: Vec<LineRow> = on!(conn, |c| flow_line::table
        .filter(flow_line::creditor.eq(creditor.as_str()))
        .filter(flow_line::flow.eq(Id(id)))
        .filter(flow_line::line_no.gt(after))
        .order(flow_line::line_no)
        .limit(limit)
        .load(c))?;
    rows.into_iter()
        .map(|row| row.into_domain().map(|(_, line)| line))
        .collect()
}

/// The rows of some flows, flow by flow, in their order.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn lines_of(
    conn: &mut Conn,
    creditor: &FiscalCode,
    flows: &[Uuid],
) -> Result<Vec<(Uuid, Line)>, Error> {
    if flows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Id> = flows.iter().copied().map(Id).collect();
    let rows: Vec<LineRow> = on!(conn, |c| flow_line::table
        .filter(flow_line::creditor.eq(creditor.as_str()))
        .filter(among_ids(flow_line::flow, &ids))
        .order((flow_line::flow, flow_line::line_no))
        .load(c))?;
    rows.into_iter().map(LineRow::into_domain).collect()
}

/// Rows of any flow, in force or not, with one of these references, and the flows they stand in.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn lines_by_iuvs(
    conn: &mut Conn,
    creditor: &FiscalCode,
    iuvs: &[&str],
) -> Result<Vec<(Uuid, Line)>, Error> {
    if iuvs.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<LineRow> = on!(conn, |c| flow_line::table
        .filter(flow_line::creditor.eq(creditor.as_str()))
        .filter(among(flow_line::iuv, iuvs))
        .order((flow_line::flow, flow_line::line_no))
        .load(c))?;
    rows.into_iter().map(LineRow::into_domain).collect()
}

/// What live flows have announced already of a receipt, row by row: transfer and amount.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn reported(
    conn: &mut Conn,
    creditor: &FiscalCode,
    iuv: &str,
    receipt_id: &str,
) -> Result<Vec<(u8, Cents)>, Error> {
    let mut rows = reporting(conn, creditor, &[receipt_id])?;
    rows.retain(|row| row.iuv == iuv);
    rows.iter()
        .map(|line| {
            let transfer = u8::try_from(line.transfer)
                .map_err(|why| Error::corrupt("flow_line", receipt_id, why))?;
            Ok((transfer, line.effect()))
        })
        .collect()
}

/// Rows in force that name one of these receipts.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn reporting(
    conn: &mut Conn,
    creditor: &FiscalCode,
    receipt_ids: &[&str],
) -> Result<Vec<Line>, Error> {
    if receipt_ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<LineRow> = on!(conn, |c| flow_line::table
        .inner_join(
            flow::table.on(flow::creditor
                .eq(flow_line::creditor)
                .and(flow::id.eq(flow_line::flow)))
        )
        .filter(flow_line::creditor.eq(creditor.as_str()))
        .filter(among(flow_line::iur, receipt_ids))
        .filter(flow::state.eq(FlowState::Live.as_str()))
        .order((flow_line::flow, flow_line::line_no))
        .select(flow_line::all_columns)
        .load(c))?;
    rows.into_iter()
        .map(|row| row.into_domain().map(|(_, line)| line))
        .collect()
}

/// References in the rows of these flows, of the revision in force.
///
/// # Errors
/// The database's.
pub fn live_iuvs(
    conn: &mut Conn,
    creditor: &FiscalCode,
    flows: &BTreeSet<KnownFlow>,
) -> Result<BTreeSet<String>, Error> {
    let keys: Vec<&str> = flows.iter().map(|flow| flow.key.as_str()).collect();
    if keys.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows: Vec<(String, String, String)> = on!(conn, |c| flow::table
        .inner_join(
            flow_line::table.on(flow_line::creditor
                .eq(flow::creditor)
                .and(flow_line::flow.eq(flow::id)))
        )
        .filter(flow::creditor.eq(creditor.as_str()))
        .filter(flow::state.eq(FlowState::Live.as_str()))
        .filter(among(flow::flow_key, &keys))
        .select((flow::flow_key, flow::psp_id, flow_line::iuv))
        .load(c))?;
    let ours = rows
        .into_iter()
        .filter_map(|(key, psp_id, iuv)| flows.contains(&KnownFlow { key, psp_id }).then_some(iuv));
    Ok(ours.collect())
}

impl LineRow {
    fn from_domain(creditor: &FiscalCode, flow: Uuid, line: &Line) -> LineRow {
        LineRow {
            creditor: creditor.to_string(),
            flow: Id(flow),
            line_no: line.number,
            iuv: line.iuv.clone(),
            iur: line.iur.clone(),
            idx: line.transfer,
            amount_cents: line.amount.get(),
            outcome: line.outcome.code(),
            paid_on: line.paid_on,
        }
    }

    fn into_domain(self) -> Result<(Uuid, Line), Error> {
        let amount = Cents::new(self.amount_cents)
            .map_err(|why| Error::corrupt("flow_line", self.flow.0, why))?;
        let line = Line {
            number: self.line_no,
            iuv: self.iuv,
            iur: self.iur,
            transfer: self.idx,
            amount,
            outcome: Outcome::from_code(self.outcome),
            paid_on: self.paid_on,
        };
        Ok((self.flow.0, line))
    }
}
