//! Reporting flows: documents as they came, revisions, rows, and how far the pull has got.

pub mod refusals;

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::upsert::excluded;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::prepared::{among, among_ids};
use super::schema::{
    flow, flow_cursor, flow_document, flow_line, notice, position, settlement_lock,
};
use super::types::{At, Id};
use super::{Conn, Error, Tx};
use crate::domain::calendar::{Day, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::settlement::{Header, Line, Outcome, Totals, flow_key};
use crate::domain::treasury::KnownFlow;

const TABLE: &str = "flow";

/// Whether a revision is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlowState {
    /// The newest revision.
    Live,
    /// A newer one replaced it.
    Superseded,
}

impl FlowState {
    /// The name in the database and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            FlowState::Live => "live",
            FlowState::Superseded => "superseded",
        }
    }

    fn from_name(name: &str) -> Option<FlowState> {
        [FlowState::Live, FlowState::Superseded]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = flow, treat_none_as_default_value = false)]
struct FlowRow {
    creditor: String,
    id: Id,
    psp_id: String,
    flow_id: String,
    flow_key: String,
    revision: i64,
    flow_at: At,
    regulation: String,
    regulation_on: Day,
    receiver: String,
    declared_count: i64,
    declared_sum_cents: i64,
    computed_count: i64,
    computed_sum_cents: i64,
    state: String,
    previous_revision: Option<i64>,
    published_at: At,
    fetched_at: At,
}

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

#[derive(Insertable)]
#[diesel(table_name = flow_document, treat_none_as_default_value = false)]
struct DocumentRow<'a> {
    creditor: &'a str,
    psp_id: &'a str,
    flow_id: &'a str,
    revision: i64,
    part: i32,
    body: &'a [u8],
    sha256: Vec<u8>,
    fetched_at: At,
}

/// A stored revision of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// UUID version 7.
    pub id: Uuid,
    /// As its sender wrote it.
    pub header: Header,
    /// What its rows come to.
    pub totals: Totals,
    /// Whether it is in force.
    pub state: FlowState,
    /// The stored revision before it.
    pub previous: Option<i64>,
    /// When it was fetched.
    pub fetched_at: Instant,
}

impl Filed {
    /// `psp/flow`: the same for every revision.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.header.psp_id, self.header.flow_id)
    }

    /// What names this revision.
    #[must_use]
    pub fn key(&self) -> RevisionKey<'_> {
        RevisionKey {
            psp_id: &self.header.psp_id,
            flow_id: &self.header.flow_id,
            revision: self.header.revision,
        }
    }
}

/// Which flows a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// With this identifier.
    pub flow_id: Option<String>,
    /// Of this PSP.
    pub psp_id: Option<String>,
    /// In this state.
    pub state: Option<FlowState>,
    /// Transferred on this day or later.
    pub regulation_from: Option<Day>,
    /// Transferred on this day or earlier.
    pub regulation_to: Option<Day>,
}

/// What names one revision of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevisionKey<'a> {
    /// PSP that sent it.
    pub psp_id: &'a str,
    /// Identifier.
    pub flow_id: &'a str,
    /// Version.
    pub revision: i64,
}

/// Lets one transaction at a time match flows and cash of a creditor. SQLite has one writer anyway.
///
/// # Errors
/// The database's.
pub fn hold(tx: &mut Tx<'_>, creditor: &FiscalCode) -> Result<(), Error> {
    if let Conn::Pg(c) = &mut **tx {
        diesel::insert_into(settlement_lock::table)
            .values(settlement_lock::creditor.eq(creditor.as_str()))
            .on_conflict(settlement_lock::creditor)
            .do_update()
            .set(settlement_lock::creditor.eq(excluded(settlement_lock::creditor)))
            .execute(c)?;
    }
    Ok(())
}

/// Holds the positions behind these references until the transaction ends, as filing a receipt does.
///
/// # Errors
/// The database's.
pub fn hold_positions(tx: &mut Tx<'_>, creditor: &FiscalCode, iuvs: &[&str]) -> Result<(), Error> {
    if let Conn::Pg(c) = &mut **tx {
        let of_notices = notice::table
            .filter(notice::creditor.eq(creditor.as_str()))
            .filter(among(notice::iuv, iuvs))
            .select(notice::position_id);
        let _held: Vec<Id> = position::table
            .filter(position::creditor.eq(creditor.as_str()))
            .filter(position::id.eq_any(of_notices))
            .order(position::id)
            .select(position::id)
            .for_update()
            .load(c)?;
    }
    Ok(())
}

/// Keeps the answers of a revision as they came: part 0 is the head, then the pages of rows. They stand in
/// place of those of an earlier try.
///
/// # Errors
/// The database's.
pub fn insert_documents(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    key: RevisionKey<'_>,
    bodies: &[Vec<u8>],
    now: Instant,
) -> Result<(), Error> {
    let rows: Vec<DocumentRow<'_>> = (0i32..)
        .zip(bodies)
        .map(|(part, body)| DocumentRow {
            creditor: creditor.as_str(),
            psp_id: key.psp_id,
            flow_id: key.flow_id,
            revision: key.revision,
            part,
            body,
            sha256: Sha256::digest(body).to_vec(),
            fetched_at: At(now),
        })
        .collect();
    let earlier = flow_document::table
        .filter(flow_document::creditor.eq(creditor.as_str()))
        .filter(flow_document::psp_id.eq(key.psp_id))
        .filter(flow_document::flow_id.eq(key.flow_id))
        .filter(flow_document::revision.eq(key.revision));
    on!(&mut **tx, |c| diesel::delete(earlier).execute(c))?;
    for row in &rows {
        on!(&mut **tx, |c| diesel::insert_into(flow_document::table)
            .values(row)
            .execute(c))?;
    }
    Ok(())
}

/// The answers of a revision, in order.
///
/// # Errors
/// The database's.
pub fn documents(
    conn: &mut Conn,
    creditor: &FiscalCode,
    key: RevisionKey<'_>,
) -> Result<Vec<Vec<u8>>, Error> {
    Ok(on!(conn, |c| flow_document::table
        .filter(flow_document::creditor.eq(creditor.as_str()))
        .filter(flow_document::psp_id.eq(key.psp_id))
        .filter(flow_document::flow_id.eq(key.flow_id))
        .filter(flow_document::revision.eq(key.revision))
        .order(flow_document::part)
        .select(flow_document::body)
        .load(c))?)
}

/// Every stored revision of the flows with these identifiers, oldest first; different PSPs may use the same
/// identifier.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn revisions(
    conn: &mut Conn,
    creditor: &FiscalCode,
    flow_ids: &[&str],
) -> Result<Vec<Filed>, Error> {
    let keys: Vec<String> = flow_ids.iter().map(|id| flow_key(id)).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let rows: Vec<FlowRow> = on!(conn, |c| flow::table
        .filter(flow::creditor.eq(creditor.as_str()))
        .filter(among(flow::flow_key, &keys))
        .order(flow::revision)
        .load(c))?;
    rows.into_iter().map(FlowRow::into_domain).collect()
}

/// Files a revision with its rows.
///
/// # Errors
/// [`Error::Changed`] when another process has filed it, or another live one, meanwhile.
pub fn insert(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    filed: &Filed,
    lines: &[Line],
) -> Result<(), Error> {
    let row = FlowRow::from_domain(creditor, filed);
    let made = on!(&mut **tx, |c| diesel::insert_into(flow::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    if made == 0 {
        return Err(Error::Changed {
            table: TABLE,
            id: filed.name(),
        });
    }
    let rows: Vec<LineRow> = lines
        .iter()
        .map(|line| LineRow::from_domain(creditor, filed.id, line))
        .collect();
    append_rows!(tx, flow_line::table, &rows);
    Ok(())
}

/// Counts what a large flow has put into the tables, for the planner: in a young database it would read all
/// rows of the town for each chunk.
///
/// # Errors
/// The database's.
pub fn count_filling(tx: &mut Tx<'_>) -> Result<(), Error> {
    tx.analyze_filling("flow_line, ledger, notice_event, reconciliation, reconciliation_history")
}

/// Writes down that a newer revision has replaced this one.
///
/// # Errors
/// [`Error::Changed`] when it is not in force any more.
pub fn supersede(tx: &mut Tx<'_>, creditor: &FiscalCode, id: Uuid) -> Result<(), Error> {
    let target = || {
        flow::table
            .find((creditor.as_str(), Id(id)))
            .filter(flow::state.eq(FlowState::Live.as_str()))
    };
    let updated = on!(&mut **tx, |c| diesel::update(target())
        .set(flow::state.eq(FlowState::Superseded.as_str()))
        .execute(c))?;
    if updated == 1 {
        Ok(())
    } else {
        Err(Error::Changed {
            table: TABLE,
            id: id.to_string(),
        })
    }
}

/// Writes down which stored revision comes before this one.
///
/// # Errors
/// The database's.
pub fn set_previous(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    id: Uuid,
    previous: Option<i64>,
) -> Result<(), Error> {
    on!(&mut **tx, |c| diesel::update(
        flow::table.find((creditor.as_str(), Id(id)))
    )
    .set(flow::previous_revision.eq(previous))
    .execute(c))?;
    Ok(())
}

/// The revision with this id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Option<Filed>, Error> {
    Ok(get_all(conn, creditor, &[id])?.pop())
}

/// The revisions with these ids.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get_all(conn: &mut Conn, creditor: &FiscalCode, ids: &[Uuid]) -> Result<Vec<Filed>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Id> = ids.iter().copied().map(Id).collect();
    let rows: Vec<FlowRow> = on!(conn, |c| flow::table
        .filter(flow::creditor.eq(creditor.as_str()))
        .filter(among_ids(flow::id, &ids))
        .order(flow::id)
        .load(c))?;
    rows.into_iter().map(FlowRow::into_domain).collect()
}

/// One page of flows, in the order they were filed, after the given id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    filter: &Filter,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Filed>, Error> {
    let after = Id(after.unwrap_or_default());
    let rows: Vec<FlowRow> = on!(conn, |c| {
        let mut query = flow::table
            .filter(flow::creditor.eq(creditor.as_str()))
            .filter(flow::id.gt(after))
            .order(flow::id)
            .limit(limit)
            .into_boxed();
        if let Some(flow_id) = &filter.flow_id {
            query = query.filter(flow::flow_key.eq(flow_key(flow_id)));
        }
        if let Some(psp_id) = &filter.psp_id {
            query = query.filter(flow::psp_id.eq(psp_id));
        }
        if let Some(state) = filter.state {
            query = query.filter(flow::state.eq(state.as_str()));
        }
        if let Some(from) = filter.regulation_from {
            query = query.filter(flow::regulation_on.ge(from));
        }
        if let Some(to) = filter.regulation_to {
            query = query.filter(flow::regulation_on.le(to));
        }
        query.load(c)
    })?;
    rows.into_iter().map(FlowRow::into_domain).collect()
}

/// The revisions with a transfer in these days that replaced another one, by day and flow.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn replacing(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (from, to): (Day, Day),
) -> Result<Vec<Filed>, Error> {
    let rows: Vec<FlowRow> = on!(conn, |c| flow::table
        .filter(flow::creditor.eq(creditor.as_str()))
        .filter(flow::regulation_on.ge(from))
        .filter(flow::regulation_on.le(to))
        .filter(flow::previous_revision.is_not_null())
        .order((
            flow::regulation_on,
            flow::flow_key,
            flow::psp_id,
            flow::revision
        ))
        .load(c))?;
    rows.into_iter().map(FlowRow::into_domain).collect()
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

/// Flows in force with these keys.
///
/// # Errors
/// The database's.
pub fn known(
    conn: &mut Conn,
    creditor: &FiscalCode,
    keys: &[&str],
) -> Result<Vec<KnownFlow>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<(String, String)> = on!(conn, |c| flow::table
        .filter(flow::creditor.eq(creditor.as_str()))
        .filter(flow::state.eq(FlowState::Live.as_str()))
        .filter(among(flow::flow_key, keys))
        .select((flow::flow_key, flow::psp_id))
        .load(c))?;
    Ok(found.into_iter().map(known_flow).collect())
}

/// Flows in force whose key begins like this.
///
/// # Errors
/// The database's.
pub fn beginning(
    conn: &mut Conn,
    creditor: &FiscalCode,
    open: &str,
) -> Result<Vec<KnownFlow>, Error> {
    // Keys are upper case letters, digits, `-` and `_`: `~` comes after all of them.
    let end = format!("{open}~");
    let found: Vec<(String, String)> = on!(conn, |c| flow::table
        .filter(flow::creditor.eq(creditor.as_str()))
        .filter(flow::state.eq(FlowState::Live.as_str()))
        .filter(flow::flow_key.ge(open))
        .filter(flow::flow_key.lt(&end))
        .select((flow::flow_key, flow::psp_id))
        .load(c))?;
    Ok(found.into_iter().map(known_flow).collect())
}

fn known_flow((key, psp_id): (String, String)) -> KnownFlow {
    KnownFlow { key, psp_id }
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

/// The revision in force of a flow, by its normalised key.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn live_by_keys(
    conn: &mut Conn,
    creditor: &FiscalCode,
    keys: &[&str],
) -> Result<Vec<Filed>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<FlowRow> = on!(conn, |c| flow::table
        .filter(flow::creditor.eq(creditor.as_str()))
        .filter(among(flow::flow_key, keys))
        .filter(flow::state.eq(FlowState::Live.as_str()))
        .order(flow::id)
        .load(c))?;
    rows.into_iter().map(FlowRow::into_domain).collect()
}

/// Flows in force whose transfer was made on these days, by that day.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn live_between(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (from, to): (Day, Day),
    limit: i64,
) -> Result<Vec<Filed>, Error> {
    let rows: Vec<FlowRow> = on!(conn, |c| flow::table
        .filter(flow::creditor.eq(creditor.as_str()))
        .filter(flow::state.eq(FlowState::Live.as_str()))
        .filter(flow::regulation_on.ge(from))
        .filter(flow::regulation_on.le(to))
        .order((flow::regulation_on, flow::id))
        .limit(limit)
        .load(c))?;
    rows.into_iter().map(FlowRow::into_domain).collect()
}

/// Up to which publication the flows of a creditor have been pulled.
///
/// # Errors
/// The database's.
pub fn cursor(conn: &mut Conn, creditor: &FiscalCode) -> Result<Option<Instant>, Error> {
    let at: Option<At> = on!(conn, |c| flow_cursor::table
        .find(creditor.as_str())
        .select(flow_cursor::published_at)
        .get_result(c)
        .optional())?;
    Ok(at.map(|at| at.0))
}

/// Moves the cursor.
///
/// # Errors
/// The database's.
pub fn set_cursor(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    published_at: Instant,
    now: Instant,
) -> Result<(), Error> {
    on!(&mut **tx, |c| diesel::insert_into(flow_cursor::table)
        .values((
            flow_cursor::creditor.eq(creditor.as_str()),
            flow_cursor::published_at.eq(At(published_at)),
            flow_cursor::pulled_at.eq(At(now)),
        ))
        .on_conflict(flow_cursor::creditor)
        .do_update()
        .set((
            flow_cursor::published_at.eq(excluded(flow_cursor::published_at)),
            flow_cursor::pulled_at.eq(excluded(flow_cursor::pulled_at)),
        ))
        .execute(c))?;
    Ok(())
}

impl FlowRow {
    fn from_domain(creditor: &FiscalCode, filed: &Filed) -> FlowRow {
        let header = filed.header.clone();
        FlowRow {
            creditor: creditor.to_string(),
            id: Id(filed.id),
            flow_key: flow_key(&header.flow_id),
            psp_id: header.psp_id,
            flow_id: header.flow_id,
            revision: header.revision,
            flow_at: At(header.flow_at),
            regulation: header.regulation,
            regulation_on: header.regulation_on,
            receiver: header.receiver,
            declared_count: header.declared_count,
            declared_sum_cents: header.declared_sum.get(),
            computed_count: filed.totals.count,
            computed_sum_cents: filed.totals.sum.get(),
            state: filed.state.as_str().to_owned(),
            previous_revision: filed.previous,
            published_at: At(header.published_at),
            fetched_at: At(filed.fetched_at),
        }
    }

    fn into_domain(self) -> Result<Filed, Error> {
        let id = self.id.0;
        let cents = |n| Cents::new(n).map_err(|why| Error::corrupt(TABLE, id, why));
        Ok(Filed {
            id,
            totals: Totals {
                count: self.computed_count,
                sum: cents(self.computed_sum_cents)?,
            },
            state: FlowState::from_name(&self.state)
                .ok_or_else(|| Error::corrupt(TABLE, id, "state"))?,
            previous: self.previous_revision,
            fetched_at: self.fetched_at.0,
            header: Header {
                psp_id: self.psp_id,
                flow_id: self.flow_id,
                revision: self.revision,
                flow_at: self.flow_at.0,
                regulation: self.regulation,
                regulation_on: self.regulation_on,
                receiver: self.receiver,
                declared_count: self.declared_count,
                declared_sum: cents(self.declared_sum_cents)?,
                published_at: self.published_at.0,
            },
        })
    }
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
