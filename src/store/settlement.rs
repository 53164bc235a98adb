//! Reporting flows: documents as they came, revisions, rows, and how far the pull has got.

mod lines;
mod pulled;
pub mod refusals;

use diesel::prelude::*;
use diesel::upsert::excluded;
use uuid::Uuid;

use super::prepared::{among, among_ids};
use super::schema::{flow, notice, position, settlement_lock};
use super::types::{At, Id};
use super::{Conn, Error, Tx};
use crate::domain::calendar::{Day, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::settlement::{Header, Line, Totals, flow_key};
use crate::domain::treasury::KnownFlow;

pub use lines::{lines, lines_by_iuvs, lines_of, live_iuvs, reported, reporting};
pub use pulled::{cursor, documents, insert_documents, set_cursor};

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
    rows: &[Line],
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
    lines::append(tx, creditor, filed.id, rows)
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
