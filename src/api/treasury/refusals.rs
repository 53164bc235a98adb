//! What could not be read of files, and what somebody has done about it.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::api::State;
use crate::api::auth::Caller;
use crate::api::faults::Faults;
use crate::api::input::{FromBody, FromPath, FromQuery, IdempotencyKey};
use crate::api::page::Slice;
use crate::api::problem::{Language, Problem};
use crate::api::repeat::Asked;
use crate::api::scalars::{Count, IdempotencyKeyHeader, Line1000, UriHeader, line_of};
use crate::app::idempotency;
use crate::app::treasury::{self, Closing, Refusal};
use crate::domain::text::Text;

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

/// Which refusals.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TreasuryRefusalQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "crate::api::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
    /// Only those that wait for somebody, or only those that do not.
    #[param(nullable = false)]
    pub open: Option<bool>,
}

/// List refusals
///
/// What files say and could not be stored as a movement, in the order it came: to be read by a person, who
/// enters what is missing and closes it.
#[utoipa::path(operation_id = "list_treasury_refusals", tag = "treasury", security(("client" = ["treasury:read"])),
    params(TreasuryRefusalQuery), responses((status = 200, description = "One page.", body = TreasuryRefusalPage)))]
#[get("/treasury-refusals")]
pub(in crate::api) async fn list_treasury_refusals(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<TreasuryRefusalQuery>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let (creditor, query) = (caller.creditor()?.clone(), query.0);
    let slice = Slice {
        cursor: query.cursor,
        limit: query.limit,
    };
    let open = query.open;
    let read = move |conn: &mut _| {
        treasury::refusals(conn, &creditor, open, (slice.cursor, slice.fetch()))
    };
    let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |one| one.id);
    let language = Language::of(request.headers());
    let items = found.iter().map(|one| TreasuryRefusal::of(one, language));
    Ok(HttpResponse::Ok().json(TreasuryRefusalPage {
        items: items.collect(),
        next_cursor,
    }))
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
    let (creditor, id) = (caller.creditor()?.clone(), path.0.treasury_refusal_id);
    let asked = Asked::of(&caller, ("close_treasury_refusal", id), &key, body.digest)?;
    if let Some(answer) = asked.before(&state).await? {
        return Ok(answer);
    }
    let mut faults = Faults::default();
    let note = faults.read("/note", Text::<1000>::parse(body.value.note.as_str()));
    let note = faults.result(note)?;
    let (client, entry) = (caller.client_id, body.value.treasury_entry_id);
    let (language, sealed) = (Language::of(request.headers()), asked.clone());
    let location = state.address("/treasury-refusals");
    let made = state.write(&caller, move |tx, now| {
        let closing = Closing {
            client,
            note: note.as_str().to_owned(),
            entry,
            at: now,
        };
        let closed = treasury::close_refusal(tx, &creditor, id, &closing)?;
        let view = (&TreasuryRefusal::of(&closed, language), None);
        let answer = sealed.answered(StatusCode::CREATED, location.clone(), view);
        idempotency::remember(tx, now, &sealed.intent, &answer)?;
        Ok::<_, treasury::Error>(answer)
    });
    asked.end(&state, made.await.map_err(Problem::from)).await
}

impl TreasuryRefusal {
    fn of(one: &Refusal, language: Language) -> TreasuryRefusal {
        let detail = line_of(language.of_said(&one.reason));
        TreasuryRefusal {
            treasury_refusal_id: one.id,
            treasury_import_id: one.file,
            line: Count(one.line),
            detail: detail.unwrap_or_else(|| Line1000::new("-")),
            text: line_of(&one.text),
            received_at: one.ingested_at,
            closed: one.closing.as_ref().map(|closing| ClosedRefusal {
                client_id: closing.client,
                note: Line1000::new(closing.note.as_str()),
                treasury_entry_id: closing.entry,
                at: closing.at,
            }),
        }
    }
}
