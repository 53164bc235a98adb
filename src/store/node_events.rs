//! The journal of events, and the messages kept apart from it.

use diesel::prelude::*;
use uuid::Uuid;

use super::schema::{node_event, node_event_message};
use super::types::{At, Id};
use super::{Conn, Error, Tx};
use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::node_event::{Caller, Messages, NodeEvent};

const TABLE: &str = "node_event";
/// Rows of one statement.
const ROWS_MAX: usize = 50;

/// Which events a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// About this notice.
    pub notice_number: Option<String>,
    /// About this payment reference.
    pub iuv: Option<String>,
    /// With this receipt id.
    pub receipt_id: Option<String>,
    /// Of this operation.
    pub operation: Option<String>,
    /// With this outcome.
    pub outcome: Option<String>,
    /// Asked at this instant or later.
    pub from: Option<Instant>,
    /// Asked before this instant.
    pub before: Option<Instant>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = node_event, treat_none_as_default_value = false)]
struct EventRow {
    creditor: String,
    id: Id,
    asked_at: At,
    millis: i64,
    caller: String,
    operation: String,
    station: Option<String>,
    notice_number: Option<String>,
    iuv: Option<String>,
    receipt_id: Option<String>,
    psp_id: Option<String>,
    outcome: String,
}

#[derive(Insertable)]
#[diesel(table_name = node_event_message, treat_none_as_default_value = false)]
struct MessageRow<'a> {
    creditor: &'a str,
    event_id: Id,
    asked_at: At,
    request: &'a [u8],
    response: &'a [u8],
}

/// Adds events with their messages. Those that are there stay as they are, so that a batch may come twice.
///
/// # Errors
/// The database's.
pub fn insert(tx: &mut Tx<'_>, events: &[(NodeEvent, Messages)]) -> Result<(), Error> {
    for chunk in events.chunks(ROWS_MAX) {
        let rows: Vec<EventRow> = chunk.iter().map(|(event, _)| EventRow::of(event)).collect();
        on!(&mut **tx, |c| diesel::insert_into(node_event::table)
            .values(&rows)
            .on_conflict_do_nothing()
            .execute(c))?;
        let rows: Vec<MessageRow<'_>> = chunk.iter().map(MessageRow::of).collect();
        on!(&mut **tx, |c| diesel::insert_into(
            node_event_message::table
        )
        .values(&rows)
        .on_conflict_do_nothing()
        .execute(c))?;
    }
    Ok(())
}

/// The event with this id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Option<NodeEvent>, Error> {
    let row: Option<EventRow> = on!(conn, |c| node_event::table
        .find((creditor.as_str(), Id(id)))
        .get_result(c)
        .optional())?;
    row.map(EventRow::into_domain).transpose()
}

/// The messages of an event, as long as they are kept.
///
/// # Errors
/// The database's.
pub fn messages(
    conn: &mut Conn,
    creditor: &FiscalCode,
    id: Uuid,
) -> Result<Option<Messages>, Error> {
    let found: Option<(Vec<u8>, Vec<u8>)> = on!(conn, |c| node_event_message::table
        .find((creditor.as_str(), Id(id)))
        .select((node_event_message::request, node_event_message::response))
        .get_result(c)
        .optional())?;
    Ok(found.map(|(request, response)| Messages { request, response }))
}

/// One page of events, oldest first, after the given id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    filter: &Filter,
    (after, limit): (Option<Uuid>, i64),
) -> Result<Vec<NodeEvent>, Error> {
    let after = Id(after.unwrap_or_default());
    let rows: Vec<EventRow> = on!(conn, |c| {
        let mut query = node_event::table
            .filter(node_event::creditor.eq(creditor.as_str()))
            .filter(node_event::id.gt(after))
            .order(node_event::id)
            .limit(limit)
            .into_boxed();
        if let Some(number) = &filter.notice_number {
            query = query.filter(node_event::notice_number.eq(number));
        }
        if let Some(iuv) = &filter.iuv {
            query = query.filter(node_event::iuv.eq(iuv));
        }
        if let Some(id) = &filter.receipt_id {
            query = query.filter(node_event::receipt_id.eq(id));
        }
        if let Some(operation) = &filter.operation {
            query = query.filter(node_event::operation.eq(operation));
        }
        if let Some(outcome) = &filter.outcome {
            query = query.filter(node_event::outcome.eq(outcome));
        }
        if let Some(from) = filter.from {
            query = query.filter(node_event::asked_at.ge(At(from)));
        }
        if let Some(before) = filter.before {
            query = query.filter(node_event::asked_at.lt(At(before)));
        }
        query.load(c)
    })?;
    rows.into_iter().map(EventRow::into_domain).collect()
}

/// Forgets the oldest events of a creditor that were asked before an instant, so many at most; how many.
///
/// # Errors
/// The database's.
pub fn forget_events(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    before: Instant,
    most: i64,
) -> Result<usize, Error> {
    let old: Vec<Id> = on!(&mut **tx, |c| node_event::table
        .filter(node_event::creditor.eq(creditor.as_str()))
        .filter(node_event::asked_at.lt(At(before)))
        .order(node_event::asked_at)
        .limit(most)
        .select(node_event::id)
        .load(c))?;
    let these = super::prepared::among_ids(node_event::id, &old);
    Ok(on!(&mut **tx, |c| diesel::delete(
        node_event::table
            .filter(node_event::creditor.eq(creditor.as_str()))
            .filter(these)
    )
    .execute(c))?)
}

/// As [`forget_events`], of the messages.
///
/// # Errors
/// The database's.
pub fn forget_messages(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    before: Instant,
    most: i64,
) -> Result<usize, Error> {
    let old: Vec<Id> = on!(&mut **tx, |c| node_event_message::table
        .filter(node_event_message::creditor.eq(creditor.as_str()))
        .filter(node_event_message::asked_at.lt(At(before)))
        .order(node_event_message::asked_at)
        .limit(most)
        .select(node_event_message::event_id)
        .load(c))?;
    let these = super::prepared::among_ids(node_event_message::event_id, &old);
    Ok(on!(&mut **tx, |c| diesel::delete(
        node_event_message::table
            .filter(node_event_message::creditor.eq(creditor.as_str()))
            .filter(these)
    )
    .execute(c))?)
}

impl EventRow {
    fn of(event: &NodeEvent) -> EventRow {
        EventRow {
            creditor: event.creditor.to_string(),
            id: Id(event.id),
            asked_at: At(event.asked_at),
            millis: event.millis,
            caller: event.caller.as_str().to_owned(),
            operation: event.operation.clone(),
            station: event.station.clone(),
            notice_number: event.notice_number.clone(),
            iuv: event.iuv.clone(),
            receipt_id: event.receipt_id.clone(),
            psp_id: event.psp_id.clone(),
            outcome: event.outcome.clone(),
        }
    }

    fn into_domain(self) -> Result<NodeEvent, Error> {
        let corrupt = |why: &str| Error::corrupt(TABLE, self.id.0, why);
        Ok(NodeEvent {
            creditor: FiscalCode::as_stated(&self.creditor).map_err(|_code| corrupt("creditor"))?,
            caller: Caller::from_name(&self.caller).ok_or_else(|| corrupt("caller"))?,
            id: self.id.0,
            asked_at: self.asked_at.0,
            millis: self.millis,
            operation: self.operation,
            station: self.station,
            notice_number: self.notice_number,
            iuv: self.iuv,
            receipt_id: self.receipt_id,
            psp_id: self.psp_id,
            outcome: self.outcome,
        })
    }
}

impl<'a> MessageRow<'a> {
    fn of((event, messages): &'a (NodeEvent, Messages)) -> MessageRow<'a> {
        MessageRow {
            creditor: event.creditor.as_str(),
            event_id: Id(event.id),
            asked_at: At(event.asked_at),
            request: &messages.request,
            response: &messages.response,
        }
    }
}
