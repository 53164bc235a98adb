//! What could not be read of flows, and what somebody has done about it.

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::api::State;
use crate::api::auth::Caller;
use crate::api::input::{FromBody, FromPath, FromQuery, IdempotencyKey};
use crate::api::problem::{Language, Problem};
use crate::api::refusals::{List, RefusalQuery, Said};
use crate::api::scalars::{IdempotencyKeyHeader, Line140, Line1000, Revision, UriHeader, line_of};
use crate::app::settlement::{self, Place, Refusal};
use crate::domain::text::fit;

/// Something that a settlement flow says about money and that could not be stored as an entry.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettlementFlowRefusal {
    /// Identifier.
    pub settlement_flow_refusal_id: Uuid,
    /// Provider that sent the flow; absent with its name when a row of the list of flows cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub psp: Option<Line140>,
    /// The name that the provider gave to the flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub flow_code: Option<Line140>,
    /// Revision of the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub revision: Option<Revision>,
    /// Place of the row in the flow, from 1; absent when the whole flow cannot be read, or a row of the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int32, minimum = 1, maximum = 2_147_483_647)]
    pub place: Option<i32>,
    /// Why.
    pub detail: Line1000,
    /// What it says; cut to 1000 characters, absent when there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub text: Option<Line1000>,
    /// Instant at which it came.
    pub received_at: DateTime<Utc>,
    /// What was done about it; absent while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub closed: Option<ClosedFlowRefusal>,
}

/// What was done about a refusal.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosedFlowRefusal {
    /// The client; absent when the engine closed it, because the flow could be read later or was replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub client_id: Option<Uuid>,
    /// What was done.
    pub note: Line1000,
    /// The instant.
    pub at: DateTime<Utc>,
}

/// What is done about a refusal.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FlowRefusalClosing {
    /// What was done: who was asked, what they answered, why nothing is needed.
    pub note: Line1000,
}

/// The refusal of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct SettlementFlowRefusalPath {
    /// Identifier of the refusal.
    pub settlement_flow_refusal_id: Uuid,
}

/// One page of refusals.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettlementFlowRefusalPage {
    /// The refusals, in the order they came.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<SettlementFlowRefusal>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

const LIST: List<Place, SettlementFlowRefusal, settlement::Error> = List {
    address: "/settlement-flow-refusals",
    closing: "close_settlement_flow_refusal",
    page: settlement::refusals,
    close: settlement::close_refusal,
    show: SettlementFlowRefusal::of,
};

/// List refusals of flows
///
/// What settlement flows say and could not be stored as an entry, in the order it came: a row, while the other
/// rows of its flow count; a whole flow, which is tried again at every pull; or a row of the list of flows, which
/// names none, so that its flow is missing until the node lists it well. To be read by a person, who asks the
/// provider for a new revision or says why none is needed, and closes it.
#[utoipa::path(operation_id = "list_settlement_flow_refusals", tag = "settlement-flows", security(("client" = ["settlements:read"])),
    params(RefusalQuery), responses((status = 200, description = "One page.", body = SettlementFlowRefusalPage)))]
#[get("/settlement-flow-refusals")]
pub(in crate::api) async fn list_settlement_flow_refusals(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<RefusalQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let page = LIST.page(&state, &caller, query.0, &request).await?;
    let (items, next_cursor) = page;
    Ok(HttpResponse::Ok().json(SettlementFlowRefusalPage { items, next_cursor }))
}

/// Close a refusal of a flow
///
/// Somebody has read it and says what was done. It is closed once, and leaves the count of `GET /aging`.
#[utoipa::path(operation_id = "close_settlement_flow_refusal", tag = "settlement-flows", security(("client" = ["settlements:write"])),
    params(SettlementFlowRefusalPath, ("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body = FlowRefusalClosing,
    responses((status = 201, description = "Closed.", body = SettlementFlowRefusal,
        headers(("Location" = inline(UriHeader), description = "Where refusals are listed.")))))]
#[post("/settlement-flow-refusals/{settlement_flow_refusal_id}/closing")]
pub(in crate::api) async fn close_settlement_flow_refusal(
    state: web::Data<State>,
    caller: Caller,
    (path, request): (FromPath<SettlementFlowRefusalPath>, HttpRequest),
    key: IdempotencyKey,
    body: FromBody<FlowRefusalClosing>,
) -> Result<HttpResponse, Problem> {
    let said = Said {
        id: path.0.settlement_flow_refusal_id,
        note: &body.value.note,
        entry: None,
        digest: body.digest,
    };
    LIST.close(&state, &caller, (&key, &request), said).await
}

impl SettlementFlowRefusal {
    fn of(one: &Refusal<Place>, language: Language) -> SettlementFlowRefusal {
        let detail = line_of(language.of_said(&one.reason));
        let name = |text: &str| Line140::new(fit(&text.replace(char::is_control, " "), 140));
        let flow = one.place.flow();
        SettlementFlowRefusal {
            settlement_flow_refusal_id: one.id,
            psp: flow.map(|flow| name(&flow.psp_id)),
            flow_code: flow.map(|flow| name(&flow.flow_id)),
            revision: flow.map(|flow| Revision(flow.revision)),
            place: one.place.row(),
            detail: detail.unwrap_or_else(|| Line1000::new("-")),
            text: line_of(&one.text),
            received_at: one.came_at,
            closed: one.closing.as_ref().map(|closing| ClosedFlowRefusal {
                client_id: closing.client,
                note: Line1000::new(closing.note.as_str()),
                at: closing.at,
            }),
        }
    }
}
