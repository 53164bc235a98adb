//! What moves the credit of an account: each intent under its own key.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::CanteenAccountPath;
use super::view::{
    CanteenCorrection, CanteenMeal, CanteenMovementOutcome, CanteenMovementPage,
    CanteenMovementView, CanteenRefund, CanteenTopUp, CanteenTransfer,
};
use crate::api::State;
use crate::api::auth::Caller;
use crate::api::faults::Faults;
use crate::api::input::{FromBody, FromPath, FromQuery, IdempotencyKey};
use crate::api::page::Slice;
use crate::api::positions::{DebtPositionView, sealed};
use crate::api::problem::Problem;
use crate::api::repeat::Asked;
use crate::api::scalars::{EntityTagHeader, IdempotencyKeyHeader, TaxCode, UriHeader};
use crate::app::canteen::{self, Error, Moved, Refund};
use crate::app::{Tx, idempotency, positions};
use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::text::Text;

/// Which movements of an account.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CanteenMovementQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "crate::api::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
}

/// List the movements of an account
///
/// In the order they were written; their sum is the balance.
#[utoipa::path(operation_id = "list_canteen_movements", tag = "canteen-accounts", security(("client" = ["positions:read"])),
    params(CanteenAccountPath, CanteenMovementQuery), responses((status = 200, description = "One page.", body = CanteenMovementPage)))]
#[get("/canteen-accounts/{canteen_account_id}/movements")]
pub(in crate::api) async fn list_canteen_movements(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<CanteenAccountPath>,
    query: FromQuery<CanteenMovementQuery>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (caller.creditor()?.clone(), path.0.canteen_account_id);
    let slice = Slice {
        cursor: query.0.cursor,
        limit: query.0.limit,
    };
    let read =
        move |conn: &mut _| canteen::movements(conn, &creditor, id, (slice.cursor, slice.fetch()));
    let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |movement| movement.id);
    let items = found.iter().map(CanteenMovementView::of).collect();
    Ok(HttpResponse::Ok().json(CanteenMovementPage { items, next_cursor }))
}

/// Ask for a top-up
///
/// Registers a debt position of this amount for the holder. The receipt of its payment credits the account,
/// once, in the transaction that files it.
#[utoipa::path(operation_id = "top_up_canteen_account", tag = "canteen-accounts", security(("client" = ["positions:write"])),
    params(CanteenAccountPath, ("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body = CanteenTopUp,
    responses((status = 201, description = "Registered.", body = DebtPositionView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource."),
                ("Location" = inline(UriHeader), description = "Where the resource is.")))))]
#[post("/canteen-accounts/{canteen_account_id}/top-ups")]
pub(in crate::api) async fn top_up_canteen_account(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<CanteenAccountPath>,
    key: IdempotencyKey,
    body: FromBody<CanteenTopUp>,
) -> Result<HttpResponse, Problem> {
    let id = path.0.canteen_account_id;
    let asked = Asked::of(&caller, ("top_up_canteen_account", id), &key, body.digest)?;
    if let Some(answer) = asked.before(&state).await? {
        return Ok(answer);
    }
    let (creditor, wanted) = (caller.creditor()?.clone(), body.value);
    let of = creditor.clone();
    let command = state.ctx.read(move |conn| {
        let pupil = wanted.pupil_tax_code.as_ref().map(TaxCode::as_str);
        canteen::top_up(conn, &of, id, (wanted.amount_cents.0, pupil))
    });
    let command = command.await?;
    let acting = state.by(&caller);
    let made = positions::create(&acting, &creditor, command, sealed(&asked, &state));
    let made = made.await.map_err(|error| {
        if let positions::Error::Details(found) = error {
            Problem::of_canteen(Error::Details(found), "")
        } else {
            error.into()
        }
    });
    asked.end(&state, made).await
}

/// Take a meal
///
/// At the price of the pupil on that day. The same meal again is found, whatever the key: a pupil eats once
/// a day. An account never falls below the floor of its service.
#[utoipa::path(operation_id = "debit_canteen_meal", tag = "canteen-accounts", security(("client" = ["positions:write"])),
    params(CanteenAccountPath, ("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body = CanteenMeal,
    responses((status = 201, description = "On file.", body = CanteenMovementOutcome,
        headers(("Location" = inline(UriHeader), description = "Where the movements are listed.")))))]
#[post("/canteen-accounts/{canteen_account_id}/meals")]
pub(in crate::api) async fn debit_canteen_meal(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<CanteenAccountPath>,
    key: IdempotencyKey,
    body: FromBody<CanteenMeal>,
) -> Result<HttpResponse, Problem> {
    let (ctx, creditor) = (state.ctx.clone(), caller.creditor()?.clone());
    let (id, meal) = (path.0.canteen_account_id, body.value);
    let intent = Intent::new(&caller, ("debit_canteen_meal", id), &key, body.digest)?;
    let taken = move |tx: &mut Tx<'_>, now| {
        let meal = (meal.pupil_tax_code.as_str(), meal.meal_date);
        canteen::debit(tx, now, &ctx, (&creditor, id), meal)
    };
    intent.carry_out(&state, taken).await
}

/// Transfer credit
///
/// To another account of the same canteen: a brother or sister, the other parent.
#[utoipa::path(operation_id = "transfer_canteen_credit", tag = "canteen-accounts", security(("client" = ["positions:write"])),
    params(CanteenAccountPath, ("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body = CanteenTransfer,
    responses((status = 201, description = "Transferred.", body = CanteenMovementOutcome,
        headers(("Location" = inline(UriHeader), description = "Where the movements are listed.")))))]
#[post("/canteen-accounts/{canteen_account_id}/transfers")]
pub(in crate::api) async fn transfer_canteen_credit(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<CanteenAccountPath>,
    key: IdempotencyKey,
    body: FromBody<CanteenTransfer>,
) -> Result<HttpResponse, Problem> {
    let (ctx, creditor) = (state.ctx.clone(), caller.creditor()?.clone());
    let (id, to) = (path.0.canteen_account_id, body.value.to_canteen_account_id);
    let amount = body.value.amount_cents.map(|cents| cents.0);
    let intent = Intent::new(&caller, ("transfer_canteen_credit", id), &key, body.digest)?;
    let moved = move |tx: &mut Tx<'_>, now| {
        let amount = amount.map(Cents::new).transpose()?;
        canteen::transfer(tx, now, &ctx, (&creditor, id, to), amount)
    };
    intent.carry_out(&state, moved).await
}

/// Pay credit back
///
/// At the end of the school, or before: what is paid back is deducted from the yearly certificate.
#[utoipa::path(operation_id = "refund_canteen_credit", tag = "canteen-accounts", security(("client" = ["positions:write"])),
    params(CanteenAccountPath, ("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body = CanteenRefund,
    responses((status = 201, description = "On file.", body = CanteenMovementOutcome,
        headers(("Location" = inline(UriHeader), description = "Where the movements are listed.")))))]
#[post("/canteen-accounts/{canteen_account_id}/refunds")]
pub(in crate::api) async fn refund_canteen_credit(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<CanteenAccountPath>,
    key: IdempotencyKey,
    body: FromBody<CanteenRefund>,
) -> Result<HttpResponse, Problem> {
    let (ctx, creditor) = (state.ctx.clone(), caller.creditor()?.clone());
    let id = path.0.canteen_account_id;
    let refund = refund(body.value)?;
    let intent = Intent::new(&caller, ("refund_canteen_credit", id), &key, body.digest)?;
    let moved =
        move |tx: &mut Tx<'_>, now| canteen::refund(tx, now, &ctx, (&creditor, id), refund.clone());
    intent.carry_out(&state, moved).await
}

/// What is paid back, read.
pub(super) fn refund(asked: CanteenRefund) -> Result<Refund, Problem> {
    let mut faults = Faults::default();
    let payee = asked
        .payee_tax_code
        .map(|code| FiscalCode::parse(code.as_str()));
    let note = asked.note.map(|note| Text::parse(note.as_str()));
    let amount = asked.amount_cents.map(|cents| Cents::new(cents.0));
    let refund = Refund {
        amount: amount.and_then(|read| faults.read("/amount_cents", read)),
        payee: payee.and_then(|read| faults.read("/payee_tax_code", read)),
        pupil_tax_code: asked.pupil_tax_code.map(|code| code.as_str().to_owned()),
        paid_on: asked.paid_date,
        note: note.and_then(|read| faults.read("/note", read)),
    };
    faults.result(Some(refund))
}

/// Set credit right
///
/// A further movement with its reason; what is on file stays there.
#[utoipa::path(operation_id = "correct_canteen_credit", tag = "canteen-accounts", security(("client" = ["positions:write"])),
    params(CanteenAccountPath, ("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body = CanteenCorrection,
    responses((status = 201, description = "On file.", body = CanteenMovementOutcome,
        headers(("Location" = inline(UriHeader), description = "Where the movements are listed.")))))]
#[post("/canteen-accounts/{canteen_account_id}/corrections")]
pub(in crate::api) async fn correct_canteen_credit(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<CanteenAccountPath>,
    key: IdempotencyKey,
    body: FromBody<CanteenCorrection>,
) -> Result<HttpResponse, Problem> {
    let (ctx, creditor) = (state.ctx.clone(), caller.creditor()?.clone());
    let id = path.0.canteen_account_id;
    let mut faults = Faults::default();
    let note = faults.read("/note", Text::parse(body.value.note.as_str()));
    let amount = faults.read("/amount_cents", Cents::new(body.value.amount_cents.0));
    let (amount, note) = faults.result(amount.zip(note))?;
    let intent = Intent::new(&caller, ("correct_canteen_credit", id), &key, body.digest)?;
    let moved = move |tx: &mut Tx<'_>, now| {
        canteen::correct(tx, now, &ctx, (&creditor, id), (amount, note.clone()))
    };
    intent.carry_out(&state, moved).await
}

/// An intent about an account; a key is good for one account.
struct Intent {
    asked: Asked,
    account: Uuid,
    caller: Caller,
}

impl Intent {
    fn new(
        caller: &Caller,
        (operation, account): (&str, Uuid),
        key: &IdempotencyKey,
        digest: [u8; 32],
    ) -> Result<Intent, Problem> {
        let asked = Asked::of(caller, (operation, account), key, digest)?;
        let caller = caller.clone();
        Ok(Intent {
            asked,
            account,
            caller,
        })
    }

    /// Answers with what was answered before, or carries it out with its answer in one transaction.
    async fn carry_out(
        self,
        state: &web::Data<State>,
        act: impl Fn(&mut Tx<'_>, Instant) -> Result<Moved, Error> + Send + 'static,
    ) -> Result<HttpResponse, Problem> {
        if let Some(answer) = self.asked.before(state).await? {
            return Ok(answer);
        }
        let list = format!("/canteen-accounts/{}/movements", self.account);
        let (sealed, location) = (self.asked.clone(), state.address(&list));
        let made = state.write(&self.caller, move |tx, now| {
            let view = CanteenMovementOutcome::of(&act(tx, now)?);
            let answer = sealed.answered(StatusCode::CREATED, location.clone(), (&view, None));
            idempotency::remember(tx, now, &sealed.intent, &answer)?;
            Ok::<_, Error>(answer)
        });
        self.asked
            .end(state, made.await.map_err(Problem::from))
            .await
    }
}
