//! Money paid back of a canteen bill.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, post, web};
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::moves::refund;
use super::view::CanteenRefund;
use crate::api::State;
use crate::api::auth::Caller;
use crate::api::input::{FromBody, FromPath, IdempotencyKey};
use crate::api::payments::PaymentPath;
use crate::api::problem::Problem;
use crate::api::repeat::Asked;
use crate::api::scalars::{Cents, IdempotencyKeyHeader, Line140, PartyCode, TaxCode, UriHeader};
use crate::app::canteen::{self, Error};
use crate::app::idempotency;
use crate::domain::school_expense::BillRefund;

/// Money that was paid back of a canteen bill.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CanteenBillRefund {
    /// Identifier.
    pub canteen_bill_refund_id: Uuid,
    /// The payment.
    pub payment_id: Uuid,
    /// The pupil whose school expenses become less.
    pub pupil_tax_code: TaxCode,
    /// Who was paid.
    pub payee_tax_code: PartyCode,
    /// How much.
    pub amount_cents: Cents,
    /// Day by which it counts.
    pub paid_date: NaiveDate,
    /// Order of payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub note: Option<Line140>,
}

/// Pay back a canteen bill
///
/// Meals that were billed and not eaten: what is paid back of a payment is deducted from the yearly
/// certificate, in the year it is paid back. At most what was paid for the pupil; the money itself is paid by
/// an order of the treasurer.
#[utoipa::path(operation_id = "refund_canteen_bill", tag = "payments", security(("client" = ["positions:write"])),
    params(PaymentPath, ("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body = CanteenRefund,
    responses((status = 201, description = "On file.", body = CanteenBillRefund,
        headers(("Location" = inline(UriHeader), description = "Where the payment is.")))))]
#[post("/payments/{payment_id}/canteen-refunds")]
pub(in crate::api) async fn refund_canteen_bill(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<PaymentPath>,
    key: IdempotencyKey,
    body: FromBody<CanteenRefund>,
) -> Result<HttpResponse, Problem> {
    let (ctx, creditor) = (state.ctx.clone(), caller.creditor()?.clone());
    let id = path.0.payment_id;
    let wanted = refund(body.value)?;
    let asked = Asked::of(&caller, ("refund_canteen_bill", id), &key, body.digest)?;
    if let Some(answer) = asked.before(&state).await? {
        return Ok(answer);
    }
    let (sealed, location) = (asked.clone(), state.address(&format!("/payments/{id}")));
    let made = state.write(&caller, move |tx, now| {
        let made = canteen::refund_bill(tx, now, &ctx, (&creditor, id), wanted.clone())?;
        let view = CanteenBillRefund::of(&made, id);
        let answer = sealed.answered(StatusCode::CREATED, location.clone(), (&view, None));
        idempotency::remember(tx, now, &sealed.intent, &answer)?;
        Ok::<_, Error>(answer)
    });
    asked.end(&state, made.await.map_err(Problem::from)).await
}

impl CanteenBillRefund {
    fn of(refund: &BillRefund, payment_id: Uuid) -> CanteenBillRefund {
        CanteenBillRefund {
            canteen_bill_refund_id: refund.id,
            payment_id,
            pupil_tax_code: TaxCode::new(refund.pupil_tax_code.as_str()),
            payee_tax_code: PartyCode::new(refund.payee.as_str()),
            amount_cents: Cents(refund.amount.get()),
            paid_date: refund.paid_on,
            note: refund.note.as_ref().map(|note| Line140::new(note.as_str())),
        }
    }
}
