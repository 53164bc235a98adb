//! The journal of events: every call between the payment node and the creditor.

use actix_web::{HttpResponse, get, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::Caller;
use super::input::{FromPath, FromQuery};
use super::page::Slice;
use super::problem::{Problem, catalogue};
use super::scalars::{
    AskedNumber, CallOutcome, Count, Iuv, MessageFile, OperationName, PspCode, ReceiptId,
    StationCode,
};
use crate::app::node_events::{self, Filter, NodeEvent};
use crate::domain::{calendar, node_event};

/// Who called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallDirection {
    /// The node called the creditor.
    FromNode,
    /// The creditor called the platform.
    ToNode,
}

/// One call, question and answer.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NodeEvent)]
pub struct NodeEventView {
    /// Identifier.
    pub node_event_id: Uuid,
    /// Instant at which it was asked.
    pub asked_at: DateTime<Utc>,
    /// How long the answer took.
    pub duration_milliseconds: Count,
    /// Who called.
    pub direction: CallDirection,
    /// What was called.
    pub operation: OperationName,
    /// The station that was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub station_id: Option<StationCode>,
    /// The notice it was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub notice_number: Option<AskedNumber>,
    /// Its payment reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub iuv: Option<Iuv>,
    /// The receipt it was about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub receipt_id: Option<ReceiptId>,
    /// The provider that the message names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub psp: Option<PspCode>,
    /// `OK`, or the code of the fault.
    pub outcome: CallOutcome,
}

/// One page of the journal.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeEventPage {
    /// The calls.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<NodeEventView>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// The messages of a call.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeEventMessages {
    /// What was asked, base64; absent for a question without a body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub request: Option<MessageFile>,
    /// What was answered, base64; absent when nothing came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub response: Option<MessageFile>,
}

/// The call of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct NodeEventPath {
    /// Identifier of the call.
    pub node_event_id: Uuid,
}

/// Which calls.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NodeEventQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
    /// Only about this notice.
    #[param(nullable = false, inline)]
    pub notice_number: Option<AskedNumber>,
    /// Only about this payment reference.
    #[param(nullable = false, inline)]
    pub iuv: Option<Iuv>,
    /// Only with this receipt.
    #[param(nullable = false, inline)]
    pub receipt_id: Option<ReceiptId>,
    /// Only of this operation.
    #[param(nullable = false, inline)]
    pub operation: Option<OperationName>,
    /// Only with this outcome.
    #[param(nullable = false, inline)]
    pub outcome: Option<CallOutcome>,
    /// Only asked on this day or later.
    #[param(nullable = false)]
    pub asked_from_date: Option<NaiveDate>,
    /// Only asked on this day or earlier.
    #[param(nullable = false)]
    pub asked_to_date: Option<NaiveDate>,
}

/// List calls of the node
///
/// The journal of events, in the order of the calls; a call shows within a second. It holds no personal data,
/// and is kept for two years at least.
#[utoipa::path(operation_id = "list_node_events", tag = "node-events", security(("client" = ["events:read"])), params(NodeEventQuery),
    responses((status = 200, description = "One page.", body = NodeEventPage)))]
#[get("/node-events")]
pub(super) async fn list_node_events(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<NodeEventQuery>,
) -> Result<HttpResponse, Problem> {
    let (creditor, query) = (caller.creditor()?.clone(), query.0);
    let day_after = query.asked_to_date.and_then(|day| day.succ_opt());
    let filter = Filter {
        notice_number: query.notice_number.map(|text| text.as_str().to_owned()),
        iuv: query.iuv.map(|text| text.as_str().to_owned()),
        receipt_id: query.receipt_id.map(|text| text.as_str().to_owned()),
        operation: query.operation.map(|text| text.as_str().to_owned()),
        outcome: query.outcome.map(|text| text.as_str().to_owned()),
        from: query.asked_from_date.map(calendar::start_of),
        before: day_after.map(calendar::start_of),
    };
    let slice = Slice {
        cursor: query.cursor,
        limit: query.limit,
    };
    let read = move |conn: &mut _| {
        node_events::page(conn, &creditor, &filter, (slice.cursor, slice.fetch()))
    };
    let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |event| event.id);
    let items = found.iter().map(NodeEventView::of).collect();
    Ok(HttpResponse::Ok().json(NodeEventPage { items, next_cursor }))
}

/// Show a call of the node
///
/// What was asked about, how it ended and how long it took; without its messages.
#[utoipa::path(operation_id = "show_node_event", tag = "node-events", security(("client" = ["events:read"])), params(NodeEventPath),
    responses((status = 200, description = "The call.", body = NodeEventView)))]
#[get("/node-events/{node_event_id}")]
pub(super) async fn show_node_event(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<NodeEventPath>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.node_event_id);
    let read = move |conn: &mut _| node_events::get(conn, &creditor, id);
    let found = state.ctx.read(read).await?;
    let event = found.ok_or_else(|| Problem::of(&catalogue::NOT_FOUND))?;
    Ok(HttpResponse::Ok().json(NodeEventView::of(&event)))
}

/// Show the messages of a call
///
/// Question and answer as they went over the wire. They hold personal data: this takes a scope of its own, and
/// they are kept for a shorter time than the call.
#[utoipa::path(operation_id = "show_node_event_messages", tag = "node-events", security(("client" = ["events:messages"])), params(NodeEventPath),
    responses((status = 200, description = "The messages.", body = NodeEventMessages)))]
#[get("/node-events/{node_event_id}/messages")]
pub(super) async fn show_node_event_messages(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<NodeEventPath>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.node_event_id);
    tracing::info!(client = %caller.client_id, event = %id, "messages of a call are read");
    let read = move |conn: &mut _| node_events::messages(conn, &creditor, id);
    let found = state.ctx.read(read).await?;
    let messages = found.ok_or_else(|| Problem::of(&catalogue::NOT_FOUND))?;
    let file =
        |bytes: Vec<u8>| (!bytes.is_empty()).then(|| MessageFile::new(STANDARD.encode(bytes)));
    Ok(HttpResponse::Ok().json(NodeEventMessages {
        request: file(messages.request),
        response: file(messages.response),
    }))
}

impl NodeEventView {
    fn of(event: &NodeEvent) -> NodeEventView {
        let station = event.station.as_deref().filter(|text| {
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        });
        NodeEventView {
            node_event_id: event.id,
            asked_at: event.asked_at,
            duration_milliseconds: Count(event.millis.max(0)),
            direction: match event.caller {
                node_event::Caller::Node => CallDirection::FromNode,
                node_event::Caller::Creditor => CallDirection::ToNode,
            },
            operation: OperationName::new(event.operation.as_str()),
            station_id: station.map(StationCode::new),
            notice_number: event.notice_number.as_deref().map(AskedNumber::new),
            iuv: event.iuv.as_deref().map(Iuv::new),
            receipt_id: event.receipt_id.as_deref().map(ReceiptId::new),
            psp: event.psp_id.as_deref().map(PspCode::new),
            outcome: CallOutcome::new(event.outcome.as_str()),
        }
    }
}
