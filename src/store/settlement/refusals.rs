//! What cannot be read of flows: a row beside those that can, or a whole revision.

use diesel::prelude::*;
use uuid::Uuid;

use super::RevisionKey;
use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::text::Said;
use crate::store::schema::flow_refusal;
use crate::store::treasury::files::OpenRefusals;
use crate::store::types::{At, Id};
use crate::store::{Conn, Error, Inserted, Tx};

/// Something about money in a flow that could not be filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// UUID version 7.
    pub id: Uuid,
    /// PSP that sent the flow.
    pub psp_id: String,
    /// Identifier of the flow.
    pub flow_id: String,
    /// Its version.
    pub revision: i64,
    /// Place of the row, from 1; none when it is the whole flow.
    pub place: Option<i32>,
    /// What it says, as it came; of a whole flow, how it begins.
    pub text: String,
    /// The rule it breaks.
    pub reason: Said,
    /// When it came.
    pub refused_at: Instant,
    /// What was done about it.
    pub closing: Option<Closing>,
}

/// What was done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The client; none when the flow could be read later.
    pub client: Option<Uuid>,
    /// What was done.
    pub note: String,
    /// When.
    pub at: Instant,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = flow_refusal, treat_none_as_default_value = false)]
struct Row {
    creditor: String,
    id: Id,
    psp_id: String,
    flow_id: String,
    revision: i64,
    place: Option<i32>,
    body: String,
    reason: String,
    reason_it: String,
    refused_at: At,
    closed_at: Option<At>,
    closed_by: Option<Id>,
    closed_note: Option<String>,
}

#[derive(AsChangeset)]
#[diesel(table_name = flow_refusal, treat_none_as_null = true)]
struct Closed<'a> {
    closed_at: Option<At>,
    closed_by: Option<Id>,
    closed_note: Option<&'a str>,
}

impl Closed<'_> {
    fn of(closing: &Closing) -> Closed<'_> {
        Closed {
            closed_at: Some(At(closing.at)),
            closed_by: closing.client.map(Id),
            closed_note: Some(&closing.note),
        }
    }
}

impl Row {
    fn from_domain(creditor: &FiscalCode, one: &Refusal) -> Row {
        let closing = one.closing.as_ref();
        Row {
            creditor: creditor.to_string(),
            id: Id(one.id),
            psp_id: one.psp_id.clone(),
            flow_id: one.flow_id.clone(),
            revision: one.revision,
            place: one.place,
            body: one.text.clone(),
            reason: one.reason.en.clone(),
            reason_it: one.reason.it.clone(),
            refused_at: At(one.refused_at),
            closed_at: closing.map(|closing| At(closing.at)),
            closed_by: closing.and_then(|closing| closing.client).map(Id),
            closed_note: closing.map(|closing| closing.note.clone()),
        }
    }

    fn into_domain(self) -> Refusal {
        let (client, note) = (self.closed_by, self.closed_note);
        Refusal {
            id: self.id.0,
            psp_id: self.psp_id,
            flow_id: self.flow_id,
            revision: self.revision,
            place: self.place,
            text: self.body,
            reason: Said::new(self.reason_it, self.reason),
            refused_at: self.refused_at.0,
            closing: self.closed_at.map(|at| Closing {
                client: client.map(|id| id.0),
                note: note.unwrap_or_default(),
                at: at.0,
            }),
        }
    }
}

/// Keeps what could not be filed.
///
/// # Errors
/// The database's.
pub fn insert(tx: &mut Tx<'_>, creditor: &FiscalCode, refusals: &[Refusal]) -> Result<(), Error> {
    let rows: Vec<Row> = refusals
        .iter()
        .map(|one| Row::from_domain(creditor, one))
        .collect();
    append_rows!(tx, flow_refusal::table, &rows);
    Ok(())
}

/// What waits for somebody because a whole revision could not be read.
///
/// # Errors
/// The database's.
pub fn whole(
    conn: &mut Conn,
    creditor: &FiscalCode,
    key: RevisionKey<'_>,
) -> Result<Vec<Refusal>, Error> {
    let rows: Vec<Row> = on!(conn, |c| flow_refusal::table
        .filter(flow_refusal::creditor.eq(creditor.as_str()))
        .filter(flow_refusal::psp_id.eq(key.psp_id))
        .filter(flow_refusal::flow_id.eq(key.flow_id))
        .filter(flow_refusal::revision.eq(key.revision))
        .filter(flow_refusal::place.is_null())
        .filter(flow_refusal::closed_at.is_null())
        .load(c))?;
    Ok(rows.into_iter().map(Row::into_domain).collect())
}

/// How many rows of a revision could not be read.
///
/// # Errors
/// The database's.
pub fn of_flow(conn: &mut Conn, creditor: &FiscalCode, key: RevisionKey<'_>) -> Result<i64, Error> {
    Ok(on!(conn, |c| flow_refusal::table
        .filter(flow_refusal::creditor.eq(creditor.as_str()))
        .filter(flow_refusal::psp_id.eq(key.psp_id))
        .filter(flow_refusal::flow_id.eq(key.flow_id))
        .filter(flow_refusal::revision.eq(key.revision))
        .filter(flow_refusal::place.is_not_null())
        .count()
        .get_result(c))?)
}

/// One refusal.
///
/// # Errors
/// The database's.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Option<Refusal>, Error> {
    let row: Option<Row> = on!(conn, |c| flow_refusal::table
        .find((creditor.as_str(), Id(id)))
        .get_result(c)
        .optional())?;
    Ok(row.map(Row::into_domain))
}

/// One page of refusals, in the order they came, after the given id; those that wait for somebody, or those
/// that do not, when asked.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    open: Option<bool>,
    (after, limit): (Option<Uuid>, i64),
) -> Result<Vec<Refusal>, Error> {
    let rows: Vec<Row> = on!(conn, |c| {
        let mut query = flow_refusal::table
            .filter(flow_refusal::creditor.eq(creditor.as_str()))
            .filter(flow_refusal::id.gt(Id(after.unwrap_or_default())))
            .order(flow_refusal::id)
            .limit(limit)
            .into_boxed();
        match open {
            Some(true) => query = query.filter(flow_refusal::closed_at.is_null()),
            Some(false) => query = query.filter(flow_refusal::closed_at.is_not_null()),
            None => {}
        }
        query.load(c)
    })?;
    Ok(rows.into_iter().map(Row::into_domain).collect())
}

/// Writes down what somebody has done about a refusal; nothing when somebody had.
///
/// # Errors
/// The database's.
pub fn close(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    id: Uuid,
    closing: &Closing,
) -> Result<Inserted, Error> {
    let open = flow_refusal::table
        .filter(flow_refusal::creditor.eq(creditor.as_str()))
        .filter(flow_refusal::id.eq(Id(id)))
        .filter(flow_refusal::closed_at.is_null());
    let set = Closed::of(closing);
    let made = on!(&mut **tx, |c| diesel::update(open).set(set).execute(c))?;
    Ok(Inserted::from_count(made))
}

/// Closes all that waits of one revision.
///
/// # Errors
/// The database's.
pub fn close_all(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    key: RevisionKey<'_>,
    closing: &Closing,
) -> Result<(), Error> {
    let open = flow_refusal::table
        .filter(flow_refusal::creditor.eq(creditor.as_str()))
        .filter(flow_refusal::psp_id.eq(key.psp_id))
        .filter(flow_refusal::flow_id.eq(key.flow_id))
        .filter(flow_refusal::revision.eq(key.revision))
        .filter(flow_refusal::closed_at.is_null());
    let set = Closed::of(closing);
    on!(&mut **tx, |c| diesel::update(open).set(set).execute(c))?;
    Ok(())
}

/// How many refusals wait for somebody.
///
/// # Errors
/// The database's.
pub fn open(conn: &mut Conn, creditor: &FiscalCode) -> Result<OpenRefusals, Error> {
    let waiting = || {
        flow_refusal::table
            .filter(flow_refusal::creditor.eq(creditor.as_str()))
            .filter(flow_refusal::closed_at.is_null())
    };
    let count: i64 = on!(conn, |c| waiting().count().get_result(c))?;
    let oldest: Option<At> = on!(conn, |c| waiting()
        .order(flow_refusal::id)
        .select(flow_refusal::refused_at)
        .first(c)
        .optional())?;
    Ok(OpenRefusals {
        count,
        oldest: oldest.map(|at| at.0),
    })
}
