//! What becomes known of a debt position after it was printed: its notification, and payments that came
//! short.

use actix_web::{HttpResponse, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::State;
use super::auth::Caller;
use super::input::{Conditions, FromBody, FromPath, IdempotencyKey};
use super::positions::{DebtPositionPath, DebtPositionView, sealed, seen};
use super::problem::{Problem, catalogue};
use super::repeat::Asked;
use super::scalars::{EntityTagHeader, EntityTagsHeader, IdempotencyKeyHeader, UriHeader};
use super::tagged;
use crate::app::repricing;
use crate::domain::service::fine::FineNotification;

/// A request for what is missing of a payment: the amount follows from the payments and their days.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
pub struct NewIntegration {}

/// Set the notification of a debt position
///
/// The terms of a fine and of a tax assessment start on the day it is notified, which is known after the
/// notice is printed: the position is assessed again with its details as they are then, the notices that
/// are not paid get their new prices, and the ledger gets the difference. The same notification again
/// changes nothing. Another one corrects it, until something is paid.
#[utoipa::path(operation_id = "replace_debt_position_notification", tag = "debt-positions", security(("client" = ["positions:write"])),
    params(DebtPositionPath, ("If-Match" = inline(EntityTagsHeader), Header, description = "Version that was read; without it the answer is 428.")),
    request_body = FineNotification,
    responses((status = 200, description = "The debt position as it is now.", body = DebtPositionView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource.")))))]
#[put("/debt-positions/{debt_position_id}/notification")]
pub(super) async fn replace_debt_position_notification(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<DebtPositionPath>,
    conditions: Conditions,
    body: FromBody<FineNotification>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.debt_position_id);
    let seen = seen(&state, (&creditor, id), conditions).await?;
    let notification = serde_json::to_value(&body.value)
        .map_err(|_never_for_a_struct| Problem::of(&catalogue::CONTRACT_VIOLATION))?;
    let ctx = state.ctx.clone();
    let changed = state
        .write(&caller, move |tx, now| {
            let which = (&creditor, id, seen);
            repricing::notify(tx, now, &ctx, which, notification.clone())
        })
        .await?;
    Ok(tagged(
        &DebtPositionView::of(&changed, state.ctx.today()),
        changed.revision,
    ))
}

/// Ask for what is missing of a payment
///
/// When less was paid than was due on that day, a further notice asks for the rest: of a fine, up to the
/// reduced payment within its days, up to half the maximum afterwards.
#[utoipa::path(operation_id = "register_integration", tag = "debt-positions", security(("client" = ["positions:write"])),
    params(DebtPositionPath, ("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body = NewIntegration,
    responses((status = 201, description = "The debt position with the further notice.", body = DebtPositionView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource."),
                ("Location" = inline(UriHeader), description = "Where the resource is.")))))]
#[post("/debt-positions/{debt_position_id}/integrations")]
pub(super) async fn register_integration(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<DebtPositionPath>,
    key: IdempotencyKey,
    body: FromBody<NewIntegration>,
) -> Result<HttpResponse, Problem> {
    let id = path.0.debt_position_id;
    let asked = Asked::of(&caller, ("register_integration", id), &key, body.digest)?;
    if let Some(answer) = asked.before(&state).await? {
        return Ok(answer);
    }
    let seal = sealed(&asked, &state);
    let acting = state.by(&caller);
    let made = repricing::complete(&acting, caller.creditor()?, id, seal);
    asked.end(&state, made.await.map_err(Problem::from)).await
}
