//! Changes of a debt position that stands: its state, its term, and new notices for what is unpaid.

use actix_web::{HttpResponse, patch, post, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::view::DebtPositionView;
use super::{DebtPositionPath, numbers, sealed, seen};
use crate::api::auth::Caller;
use crate::api::input::{Conditions, FromBody, FromPath, IdempotencyKey};
use crate::api::problem::{Problem, catalogue};
use crate::api::repeat::Asked;
use crate::api::scalars::{
    EntityTagHeader, EntityTagsHeader, IdempotencyKeyHeader, NoticeNumber, UriHeader,
};
use crate::api::{State, tagged};
use crate::app::positions::{self, Intent, Rest};

/// What a debt position can be made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WantedState {
    /// Publish a draft, end a suspension, or restore what was withdrawn, under the same numbers.
    Open,
    /// Stop it while an appeal is decided: the node is told that it cannot be paid.
    Suspended,
    /// Withdraw what is not paid; it is owed no more.
    Cancelled,
    /// Take no more payments of what is not paid; it stays owed, and a later `due_date` reopens it.
    Expired,
}

/// A change of a debt position, a merge patch: one property at a time.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1, max_properties = 1, example = json!({"state": "cancelled"}))]
pub struct DebtPositionAmendment {
    /// The state that is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub state: Option<WantedState>,
    /// A later last day to pay, for every unpaid notice whose term is earlier; its number and its price
    /// stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub due_date: Option<NaiveDate>,
}

/// A new way to pay what is unpaid.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"due_dates": ["2026-09-30", "2026-10-31", "2026-11-30"]}))]
pub struct NewPaymentOption {
    /// Last day to pay each instalment, each after the one before; one day for the whole rest at once.
    #[schema(min_items = 1, max_items = 72)]
    pub due_dates: Vec<NaiveDate>,
    /// Numbers that the caller has given already, in the order of the instalments; numbers are made when absent.
    #[serde(default)]
    #[schema(min_items = 0, max_items = 72)]
    pub notice_numbers: Vec<NoticeNumber>,
}

/// Open, cancel, expire or extend a debt position
///
/// A merge patch of one property; `If-Match` must carry the version that was read. Numbers stay: what is
/// cancelled can be opened again, what has expired can be extended, and the node hears of it at once.
#[utoipa::path(operation_id = "amend_debt_position", tag = "debt-positions", security(("client" = ["positions:write"])),
    params(DebtPositionPath, ("If-Match" = inline(EntityTagsHeader), Header, description = "Version that was read; without it the answer is 428.")),
    request_body(content = DebtPositionAmendment, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The debt position as it is now.", body = DebtPositionView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource.")))))]
#[patch("/debt-positions/{debt_position_id}")]
pub(in crate::api) async fn amend_debt_position(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<DebtPositionPath>,
    conditions: Conditions,
    body: FromBody<DebtPositionAmendment>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.debt_position_id);
    let seen = seen(&state, (&creditor, id), conditions).await?;
    let intent = match (body.value.state, body.value.due_date) {
        (Some(WantedState::Open), None) => Intent::Open,
        (Some(WantedState::Suspended), None) => Intent::Suspend,
        (Some(WantedState::Cancelled), None) => Intent::Withdraw,
        (Some(WantedState::Expired), None) => Intent::Expire,
        (None, Some(until)) => Intent::Extend(until),
        // The contract has exactly one of them.
        (Some(_), Some(_)) | (None, None) => {
            return Err(Problem::of(&catalogue::CONTRACT_VIOLATION));
        }
    };
    let ctx = state.ctx.clone();
    let changed = state
        .write(&caller, move |tx, now| {
            positions::amend(tx, now, &ctx, (&creditor, id, Some(seen)), intent)
        })
        .await?;
    Ok(tagged(
        &DebtPositionView::of(&changed, state.ctx.today()),
        changed.revision,
    ))
}

/// Put what is unpaid on new notices
///
/// Makes another payment option of the same position: one notice for the whole rest, or a plan. It costs
/// what the unpaid notices cost today, beneficiary by beneficiary; the last instalment takes the odd cents.
/// Every unpaid notice is withdrawn in the same transaction. A payment of one of them that the node had
/// already started still ends in a receipt: it is kept with its anomaly, the new notices are not payable
/// any more, and the next call of this operation takes it off the rest.
#[utoipa::path(operation_id = "add_payment_option", tag = "debt-positions", security(("client" = ["positions:write"])),
    params(DebtPositionPath,
        ("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours."),
        ("If-Match" = inline(EntityTagsHeader), Header, description = "Version that was read; without it the answer is 428.")),
    request_body = NewPaymentOption,
    responses((status = 201, description = "The debt position with its new option, the last one.", body = DebtPositionView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource."),
                ("Location" = inline(UriHeader), description = "Where the debt position is.")),
        links(("shown" = (operation_id = "show_debt_position", parameters(("debt_position_id" = "$response.body#/debt_position_id")), description = "Read it back."))))))]
#[post("/debt-positions/{debt_position_id}/payment-options")]
pub(in crate::api) async fn add_payment_option(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<DebtPositionPath>,
    (key, conditions): (IdempotencyKey, Conditions),
    body: FromBody<NewPaymentOption>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.debt_position_id);
    let asked = Asked::of(&caller, ("add_payment_option", id), &key, body.digest)?;
    if let Some(answer) = asked.before(&state).await? {
        return Ok(answer);
    }
    let seen = seen(&state, (&creditor, id), conditions).await?;
    let rest = Rest {
        due_on: body.value.due_dates,
        numbers: numbers(&body.value.notice_numbers),
    };
    let seen = (&creditor, id, Some(seen));
    let acting = state.by(&caller);
    let made = positions::replan(&acting, seen, rest, sealed(&asked, &state));
    asked.end(&state, made.await.map_err(Problem::from)).await
}
