//! What cannot be read of flows: a row beside those that can, a whole revision, or a row of the list of flows.

use diesel::prelude::*;
use uuid::Uuid;

use super::RevisionKey;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::text::Said;
use crate::store::refusals::{Closing, OpenRefusals, Refusal};
use crate::store::schema::flow_refusal;
use crate::store::types::{At, Id};
use crate::store::{Conn, Error, Inserted, Tx};

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

#[derive(Queryable, Selectable, Insertable)]
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
    fn from_domain(creditor: &FiscalCode, one: &Refusal<Place>) -> Row {
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
            refused_at: At(one.came_at),
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

    fn into_domain(mut self) -> Result<Refusal<Place>, Error> {
        let place = self.place();
        let place = place.ok_or_else(|| Error::corrupt("flow_refusal", self.id.0, "place"))?;
        let (client, note) = (self.closed_by, self.closed_note);
        Ok(Refusal {
            id: self.id.0,
            place,
            text: self.body,
            reason: Said::new(self.reason_it, self.reason),
            came_at: self.refused_at.0,
            closing: self.closed_at.map(|at| Closing {
                client: client.map(|id| id.0),
                note: note.unwrap_or_default(),
                entry: None,
                at: at.0,
            }),
        })
    }
}

/// Keeps what could not be filed.
///
/// # Errors
/// The database's.
pub fn insert(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    refusals: &[Refusal<Place>],
) -> Result<(), Error> {
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
    refusals: &[Refusal<Place>],
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
) -> Result<Vec<Refusal<Place>>, Error> {
    let rows: Vec<Row> = on!(conn, |c| flow_refusal::table
        .filter(flow_refusal::creditor.eq(creditor.as_str()))
        .filter(flow_refusal::psp_id.eq(key.psp_id))
        .filter(flow_refusal::flow_id.eq(key.flow_id))
        .filter(flow_refusal::revision.eq(key.revision))
        .filter(flow_refusal::place.is_null())
        .filter(flow_refusal::closed_at.is_null())
        .select(Row::as_select())
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

refusal_list!(flow_refusal, Row, Place, refused_at, Closed::of);

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
