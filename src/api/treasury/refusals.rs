//! What could not be read of files, and what somebody has done about it.

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
use crate::api::scalars::{Count, IdempotencyKeyHeader, Line1000, UriHeader, line_of};
use crate::app::treasury::{self, Place, Refusal};

/// Something that a file says about money and that could not be stored as a movement.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TreasuryRefusal {
    /// Identifier.
    pub treasury_refusal_id: Uuid,
    /// The file it stands in.
    pub treasury_import_id: Uuid,
    /// Its line in the file, from 1; of an XML file, the entry.
    pub line: Count,
    /// Why.
    pub detail: Line1000,
    /// What it says; cut to 1000 characters, absent when the file broke off there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub text: Option<Line1000>,
    /// Instant at which it came.
    pub received_at: DateTime<Utc>,
    /// What somebody has done about it; absent while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub closed: Option<ClosedRefusal>,
}

/// What somebody has done about a refusal.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosedRefusal {
    /// The client.
    pub client_id: Uuid,
    /// What was done.
    pub note: Line1000,
    /// The movement that was entered in its place; absent when none was needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub treasury_entry_id: Option<Uuid>,
    /// The instant.
    pub at: DateTime<Utc>,
}

/// What is done about a refusal.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefusalClosing {
    /// What was done: who was asked, what was entered, why nothing is needed.
    pub note: Line1000,
    /// The movement that was entered in its place.
    #[schema(nullable = false)]
    pub treasury_entry_id: Option<Uuid>,
}

/// The refusal of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct TreasuryRefusalPath {
    /// Identifier of the refusal.
    pub treasury_refusal_id: Uuid,
}

/// One page of refusals.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TreasuryRefusalPage {
    /// The refusals, in the order they came.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<TreasuryRefusal>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

const LIST: List<Place, TreasuryRefusal, treasury::Error> = List {
    address: "/treasury-refusals",
    closing: "close_treasury_refusal",
    page: treasury::refusals,
    close: treasury::close_refusal,
    show: TreasuryRefusal::of,
};

/// List refusals
///
/// What files say and could not be stored as a movement, in the order it came: to be read by a person, who
/// enters what is missing and closes it.
#[utoipa::path(operation_id = "list_treasury_refusals", tag = "treasury", security(("client" = ["treasury:read"])),
    params(RefusalQuery), responses((status = 200, description = "One page.", body = TreasuryRefusalPage)))]
#[get("/treasury-refusals")]
pub(in crate::api) async fn list_treasury_refusals(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<RefusalQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let page = LIST.page(&state, &caller, query.0, &request).await?;
    let (items, next_cursor) = page;
    Ok(HttpResponse::Ok().json(TreasuryRefusalPage { items, next_cursor }))
}

/// Close a refusal
///
/// Somebody has read it and says what was done: the movement that was entered in its place, or why none is
/// needed. It is closed once, and leaves the count of `GET /aging`.
#[utoipa::path(operation_id = "close_treasury_refusal", tag = "treasury", security(("client" = ["treasury:write"])),
    params(TreasuryRefusalPath, ("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body = RefusalClosing,
    responses((status = 201, description = "Closed.", body = TreasuryRefusal,
        headers(("Location" = inline(UriHeader), description = "Where refusals are listed.")))))]
#[post("/treasury-refusals/{treasury_refusal_id}/closing")]
pub(in crate::api) async fn close_treasury_refusal(
    state: web::Data<State>,
    caller: Caller,
    (path, request): (FromPath<TreasuryRefusalPath>, HttpRequest),
    key: IdempotencyKey,
    body: FromBody<RefusalClosing>,
) -> Result<HttpResponse, Problem> {
    let said = Said {
        id: path.0.treasury_refusal_id,
        note: &body.value.note,
        entry: body.value.treasury_entry_id,
        digest: body.digest,
    };
    LIST.close(&state, &caller, (&key, &request), said).await
}

impl TreasuryRefusal {
    fn of(one: &Refusal<Place>, language: Language) -> TreasuryRefusal {
        let detail = line_of(language.of_said(&one.reason));
        TreasuryRefusal {
            treasury_refusal_id: one.id,
            treasury_import_id: one.place.file,
            line: Count(one.place.line),
            detail: detail.unwrap_or_else(|| Line1000::new("-")),
            text: line_of(&one.text),
            received_at: one.came_at,
            closed: one.closing.as_ref().map(|closing| ClosedRefusal {
                // The engine closes none of this list.
                client_id: closing.client.unwrap_or_default(),
                note: Line1000::new(closing.note.as_str()),
                treasury_entry_id: closing.entry,
                at: closing.at,
            }),
        }
    }
}
