//! What cannot be read of flows: a row beside those that can, a whole revision, or a row of the list of flows.

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
    /// Where it stands.
    pub place: Place,
    /// What it says, as it came; of a whole flow, how it begins.
    pub text: String,
    /// The rule it breaks.
    pub reason: Said,
    /// When it came.
    pub refused_at: Instant,
    /// What was done about it.
    pub closing: Option<Closing>,
}

/// Where something stands that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the list of flows, by the SHA-256 of the row: it names no flow, and the list shows it again.
    List([u8; 32]),
    /// It is a whole flow.
    Flow(FlowName),
    /// In a flow, by the place of the row, from 1.
    Row(FlowName, i32),
}

/// What names one revision of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowName {
    /// PSP that sent it.
    pub psp_id: String,
    /// Identifier.
    pub flow_id: String,
    /// Version.
    pub revision: i64,
}

impl Place {
    /// The flow; none of the list.
    #[must_use]
    pub fn flow(&self) -> Option<&FlowName> {
        match self {
            Place::List(_) => None,
            Place::Flow(flow) | Place::Row(flow, _) => Some(flow),
        }
    }

    /// The place of the row in its flow, from 1.
    #[must_use]
    pub fn row(&self) -> Option<i32> {
        match self {
            Place::List(_) | Place::Flow(_) => None,
            Place::Row(_, row) => Some(*row),
        }
    }
}

impl From<RevisionKey<'_>> for FlowName {
    fn from(key: RevisionKey<'_>) -> FlowName {
        FlowName {
            psp_id: key.psp_id.to_owned(),
            flow_id: key.flow_id.to_owned(),
            revision: key.revision,
        }
    }
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
    psp_id: Option<String>,
    flow_id: Option<String>,
    revision: Option<i64>,
    place: Option<i32>,
    body: String,
    reason: String,
    reason_it: String,
    refused_at: At,
    closed_at: Option<At>,
    closed_by: Option<Id>,
    closed_note: Option<String>,
    listed_sha256: Option<Vec<u8>>,
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
        let flow = one.place.flow();
        let listed = match &one.place {
            Place::List(sha256) => Some(sha256.to_vec()),
            Place::Flow(_) | Place::Row(..) => None,
        };
        Row {
            creditor: creditor.to_string(),
            id: Id(one.id),
            psp_id: flow.map(|flow| flow.psp_id.clone()),
            flow_id: flow.map(|flow| flow.flow_id.clone()),
            revision: flow.map(|flow| flow.revision),
            place: one.place.row(),
            body: one.text.clone(),
            reason: one.reason.en.clone(),
            reason_it: one.reason.it.clone(),
            refused_at: At(one.refused_at),
            closed_at: closing.map(|closing| At(closing.at)),
            closed_by: closing.and_then(|closing| closing.client).map(Id),
            closed_note: closing.map(|closing| closing.note.clone()),
            listed_sha256: listed,
        }
    }

    fn place(&mut self) -> Option<Place> {
        if let Some(sha256) = self.listed_sha256.take() {
            return Some(Place::List(sha256.try_into().ok()?));
        }
        let flow = FlowName {
            psp_id: self.psp_id.take()?,
            flow_id: self.flow_id.take()?,
            revision: self.revision?,
        };
        Some(match self.place {
            Some(row) => Place::Row(flow, row),
            None => Place::Flow(flow),
        })
    }

    fn into_domain(mut self) -> Result<Refusal, Error> {
        let place = self.place();
        let place = place.ok_or_else(|| Error::corrupt("flow_refusal", self.id.0, "place"))?;
        let (client, note) = (self.closed_by, self.closed_note);
        Ok(Refusal {
            id: self.id.0,
            place,
            text: self.body,
            reason: Said::new(self.reason_it, self.reason),
            refused_at: self.refused_at.0,
            closing: self.closed_at.map(|at| Closing {
                client: client.map(|id| id.0),
                note: note.unwrap_or_default(),
                at: at.0,
            }),
        })
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

/// Keeps rows of the list of flows; those that are known are passed over, also when somebody has closed them.
///
/// # Errors
/// The database's.
pub fn insert_listed(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    refusals: &[Refusal],
) -> Result<(), Error> {
    let rows: Vec<Row> = refusals
        .iter()
        .map(|one| Row::from_domain(creditor, one))
        .collect();
    insert_rows!(tx, &rows, |values| diesel::insert_into(flow_refusal::table)
        .values(values)
        .on_conflict_do_nothing());
    Ok(())
}

/// What waits for somebody because a whole revision could not be read.
///
/// # Errors
/// The database's, or a corrupt row.
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
    rows.into_iter().map(Row::into_domain).collect()
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
/// The database's, or a corrupt row.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Option<Refusal>, Error> {
    let row: Option<Row> = on!(conn, |c| flow_refusal::table
        .find((creditor.as_str(), Id(id)))
        .get_result(c)
        .optional())?;
    row.map(Row::into_domain).transpose()
}

/// One page of refusals, in the order they came, after the given id; those that wait for somebody, or those
/// that do not, when asked.
///
/// # Errors
/// The database's, or a corrupt row.
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
    rows.into_iter().map(Row::into_domain).collect()
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
