//! The canteen paid in advance: accounts, and what moves their credit.

mod batch;
mod bill_refunds;
mod moves;
mod view;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, patch, post, web};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

pub(super) use batch::debit_canteen_meals;
pub use batch::{
    CanteenMealBatch, CanteenMealBatchOutcome, CanteenMealEntry, CanteenMealLine, CanteenMealResult,
};
pub use bill_refunds::CanteenBillRefund;
pub(super) use bill_refunds::refund_canteen_bill;
pub use moves::CanteenMovementQuery;
pub(super) use moves::{
    correct_canteen_credit, debit_canteen_meal, list_canteen_movements, refund_canteen_credit,
    top_up_canteen_account, transfer_canteen_credit,
};
pub use view::{
    CanteenAccountAmendment, CanteenAccountPage, CanteenAccountView, CanteenCorrection,
    CanteenHolder, CanteenMeal, CanteenMovementKind, CanteenMovementOutcome, CanteenMovementPage,
    CanteenMovementView, CanteenRefund, CanteenTopUp, CanteenTransfer, NewCanteenAccount,
};

use super::State;
use super::auth::Caller;
use super::faults::Faults;
use super::input::{Conditions, FromBody, FromPath, FromQuery, IdempotencyKey};
use super::page::Slice;
use super::problem::Problem;
use super::repeat::Asked;
use super::scalars::{
    EntityTagHeader, EntityTagsHeader, IdempotencyKeyHeader, ServiceCode, UriHeader,
};
use super::tagged;
use crate::app::canteen::{self, Error};
use crate::app::idempotency;
use crate::domain::canteen_account::AccountHolder;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::text::Text;

/// The account of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct CanteenAccountPath {
    /// Identifier of the account.
    pub canteen_account_id: Uuid,
}

/// Which accounts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CanteenAccountQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
    /// Only of this canteen.
    #[param(nullable = false, inline)]
    pub service_code: Option<ServiceCode>,
}

/// Open an account
///
/// For one pupil or for a family, of a canteen that is paid in advance.
#[utoipa::path(operation_id = "open_canteen_account", tag = "canteen-accounts", security(("client" = ["positions:write"])),
    params(("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body = NewCanteenAccount,
    responses((status = 201, description = "Opened.", body = CanteenAccountView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource."),
                ("Location" = inline(UriHeader), description = "Where the resource is.")),
        links(("shown" = (operation_id = "show_canteen_account", parameters(("canteen_account_id" = "$response.body#/canteen_account_id")), description = "Read it back."))))))]
#[post("/canteen-accounts")]
pub(super) async fn open_canteen_account(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
    body: FromBody<NewCanteenAccount>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::new(&caller, "open_canteen_account", &key, body.digest)?;
    if let Some(answer) = asked.before(&state).await? {
        return Ok(answer);
    }
    let (creditor, new) = (caller.creditor()?.clone(), body.value);
    let mut faults = Faults::default();
    let code = FiscalCode::parse(new.holder.tax_code.as_str());
    let tax_code = faults.read("/holder/tax_code", code);
    let name = Text::parse(new.holder.full_name.as_str());
    let full_name = faults.read("/holder/full_name", name);
    let holder = tax_code.zip(full_name);
    let holder = faults.result(holder.map(|(tax_code, full_name)| AccountHolder {
        tax_code,
        full_name,
    }))?;
    let (ctx, sealed, at) = (state.ctx.clone(), asked.clone(), state.clone());
    let made = state.write(&caller, move |tx, now| {
        let service = (&creditor, new.service_code.as_str());
        let whose = (holder.clone(), new.family.clone());
        let opened = canteen::open(tx, now, &ctx, service, whose)?;
        let location = at.address(&format!("/canteen-accounts/{}", opened.account.id));
        let view = CanteenAccountView::of(&opened);
        let revision = Some(opened.account.revision);
        let answer = sealed.answered(StatusCode::CREATED, location, (&view, revision));
        idempotency::remember(tx, now, &sealed.intent, &answer)?;
        Ok::<_, Error>(answer)
    });
    let made = made.await;
    let made = made.map_err(|error| Problem::of_canteen(error, "/family"));
    asked.end(&state, made).await
}

/// List accounts
///
/// In the order they were opened, each with its balance.
#[utoipa::path(operation_id = "list_canteen_accounts", tag = "canteen-accounts", security(("client" = ["positions:read"])),
    params(CanteenAccountQuery), responses((status = 200, description = "One page.", body = CanteenAccountPage)))]
#[get("/canteen-accounts")]
pub(super) async fn list_canteen_accounts(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<CanteenAccountQuery>,
) -> Result<HttpResponse, Problem> {
    let (creditor, query) = (caller.creditor()?.clone(), query.0);
    let slice = Slice {
        cursor: query.cursor,
        limit: query.limit,
    };
    let ctx = state.ctx.clone();
    let read = move |conn: &mut _| {
        let code = query.service_code.as_ref().map(ServiceCode::as_str);
        canteen::page(conn, &ctx, (&creditor, code), (slice.cursor, slice.fetch()))
    };
    let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |view| view.account.id);
    let items = found.iter().map(CanteenAccountView::of).collect();
    Ok(HttpResponse::Ok().json(CanteenAccountPage { items, next_cursor }))
}

/// Show an account
///
/// The balance changes with every movement, so that there is no conditional read: the version is that of
/// the family.
#[utoipa::path(operation_id = "show_canteen_account", tag = "canteen-accounts", security(("client" = ["positions:read"])),
    params(CanteenAccountPath),
    responses((status = 200, description = "The account.", body = CanteenAccountView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource.")))))]
#[get("/canteen-accounts/{canteen_account_id}")]
pub(super) async fn show_canteen_account(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<CanteenAccountPath>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.canteen_account_id);
    let ctx = state.ctx.clone();
    let found = state
        .ctx
        .read(move |conn| canteen::get(conn, &ctx, &creditor, id))
        .await?;
    Ok(tagged(
        &CanteenAccountView::of(&found),
        found.account.revision,
    ))
}

/// Change who eats on an account
///
/// A merge patch; `If-Match` must carry the version that was read. A new ISEE is added with its days, so
/// that meals are priced by the day they are eaten.
#[utoipa::path(operation_id = "amend_canteen_account", tag = "canteen-accounts", security(("client" = ["positions:write"])),
    params(CanteenAccountPath, ("If-Match" = inline(EntityTagsHeader), Header, description = "Version that was read; without it the answer is 428.")),
    request_body(content = CanteenAccountAmendment, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The account as it is now.", body = CanteenAccountView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource.")))))]
#[patch("/canteen-accounts/{canteen_account_id}")]
pub(super) async fn amend_canteen_account(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<CanteenAccountPath>,
    conditions: Conditions,
    body: FromBody<CanteenAccountAmendment>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.canteen_account_id);
    let conditions = conditions.required()?;
    let (ctx, held) = (state.ctx.clone(), creditor.clone());
    let found = state
        .ctx
        .read(move |conn| canteen::get(conn, &ctx, &held, id))
        .await?;
    conditions.check(Some(found.account.revision))?;
    let (ctx, seen, family) = (state.ctx.clone(), found.account.revision, body.value.family);
    let changed = state.write(&caller, move |tx, now| {
        canteen::amend(tx, now, &ctx, (&creditor, id, seen), family.clone())
    });
    let changed = changed
        .await
        .map_err(|error| Problem::of_canteen(error, "/family"))?;
    Ok(tagged(
        &CanteenAccountView::of(&changed),
        changed.account.revision,
    ))
}
