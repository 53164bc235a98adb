//! Proposed collection orders as a file for the treasurer's systems, and what the office records of its orders.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, get, post, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::Caller;
use super::faults::Faults;
use super::input::{FromBody, FromQuery, IdempotencyKey};
use super::page::Slice;
use super::problem::Problem;
use super::repeat::Asked;
use super::reports::period;
use super::scalars::{
    Count, File, IdempotencyKeyHeader, Line35, RowsHeader, SignedCents, UriHeader,
};
use crate::app::collection_orders::coverings::{self, NewCovering, Recorded};
use crate::app::collection_orders::export::{self, Wanted};
use crate::app::idempotency;
use crate::domain::collection_order::CoverState;
use crate::domain::money::Cents;

/// Which credits, and how the orders are numbered.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CollectionOrderQuery {
    /// First day of booking; the first of this month when absent.
    #[param(nullable = false)]
    pub from_date: Option<NaiveDate>,
    /// Last day of booking, included; today when absent.
    #[param(nullable = false)]
    pub to_date: Option<NaiveDate>,
    /// Only the provisional credit with this number.
    #[param(nullable = false, format = Int64, minimum = 1, maximum = 999_999_999_999_999_999_i64)]
    pub provisional_number: Option<i64>,
    /// Number of the first order; 1 when absent. The numbers are the office's.
    #[param(nullable = false, format = Int32, minimum = 1, maximum = 9_999_999)]
    pub first_order_number: Option<i64>,
    /// Day of the orders; today when absent.
    #[param(nullable = false)]
    pub order_date: Option<NaiveDate>,
}

/// Export proposed collection orders
///
/// A flow of OPI (`flusso_ordinativi`), complete but for the signatures of who sends it: one order (`reversale`) for
/// each key of each provisional credit that no order covers yet. What has no chapter, what nothing explains, credits
/// covered in part and credits of another year than that of the orders are left out, and counted in a header. The
/// report `collection-orders` shows all of it. The head needs the creditor's `treasurer`.
#[utoipa::path(operation_id = "export_collection_orders", tag = "treasury", security(("client" = ["reports:read"])),
    params(CollectionOrderQuery),
    responses((status = 200, description = "The orders.", content((File = "application/xml")),
        headers(
            ("Collection-Orders" = inline(RowsHeader), description = "Number of orders."),
            ("Collection-Orders-Left-Out" = inline(RowsHeader), description = "Rows of the proposal that are not in it.")))))]
#[get("/collection-orders")]
pub(super) async fn export_collection_orders(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<CollectionOrderQuery>,
) -> Result<HttpResponse, Problem> {
    let (creditor, query, today) = (caller.creditor()?.clone(), query.0, state.ctx.today());
    let days = (query.from_date, query.to_date);
    let wanted = Wanted {
        period: period(days, today, "#query/from_date")?,
        provisional: query.provisional_number,
        first_number: query.first_order_number.unwrap_or(1),
        day: query.order_date.unwrap_or(today),
    };
    let (ctx, now) = (state.ctx.clone(), state.ctx.now());
    let read = move |conn: &mut _| export::export(conn, &ctx, &creditor, &wanted, now);
    let file = state.ctx.report(read).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/xml"))
        .insert_header((
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"reversali.xml\"",
        ))
        .insert_header(("collection-orders", file.orders.to_string()))
        .insert_header(("collection-orders-left-out", file.left_out.to_string()))
        .body(file.xml))
}

/// What an order covers of a provisional credit, as the office records it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrderCovering {
    /// Financial year of the credit and of the order.
    #[schema(format = Int32, minimum = 1999, maximum = 2099)]
    pub year: i32,
    /// The treasurer's account.
    pub account: Line35,
    /// Number of the provisional credit.
    #[schema(format = Int64, minimum = 1, maximum = 999_999_999_999_999_999_i64)]
    pub provisional_number: i64,
    /// Number of the order (*reversale*).
    #[schema(format = Int32, minimum = 1, maximum = 9_999_999)]
    pub order_number: i64,
    /// What it covers of the credit; below zero to take back what was recorded.
    pub amount_cents: SignedCents,
    /// Day of the order.
    pub order_date: NaiveDate,
}

/// How far orders cover a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CreditCoverState {
    /// No order yet.
    Open,
    /// Orders for a part of it.
    Partly,
    /// Orders for all of it.
    Covered,
}

/// What an order covers of a provisional credit, as the office has recorded it.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderCovering {
    /// Identifier of the record.
    pub order_covering_id: Uuid,
    /// Financial year of the credit and of the order.
    #[schema(format = Int32, minimum = 1999, maximum = 2099)]
    pub year: i32,
    /// The treasurer's account.
    pub account: Line35,
    /// Number of the provisional credit.
    pub provisional_number: Count,
    /// Number of the order.
    pub order_number: Count,
    /// What it covers of the credit; below zero, what was taken back.
    pub amount_cents: SignedCents,
    /// Day of the order.
    pub order_date: NaiveDate,
    /// The client that recorded it.
    pub client_id: Uuid,
    /// The instant at which it did.
    pub recorded_at: DateTime<Utc>,
    /// How far orders cover the credit once this was recorded; absent in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub credit_state: Option<CreditCoverState>,
}

/// One page of what the office has recorded.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderCoveringPage {
    /// The records, in their order.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<OrderCovering>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// Which records.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OrderCoveringQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
}

/// Record what a collection order covers
///
/// For orders that the treasurer's journal does not name yet: the proposal leaves out what they cover at once. What
/// the journal says of the same order and credit takes the place of the record. An amount below zero takes back
/// what was recorded; nothing is deleted.
#[utoipa::path(operation_id = "record_order_covering", tag = "treasury", security(("client" = ["treasury:write"])),
    params(("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body = NewOrderCovering,
    responses((status = 201, description = "Recorded.", body = OrderCovering,
        headers(("Location" = inline(UriHeader), description = "Where records are listed.")))))]
#[post("/collection-orders/coverings")]
pub(super) async fn record_order_covering(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
    body: FromBody<NewOrderCovering>,
) -> Result<HttpResponse, Problem> {
    let creditor = caller.creditor()?.clone();
    let asked = Asked::new(&caller, "record_order_covering", &key, body.digest)?;
    if let Some(answer) = asked.before(&state).await? {
        return Ok(answer);
    }
    let new = body.value;
    let mut faults = Faults::default();
    let amount = faults.read("/amount_cents", Cents::new(new.amount_cents.0));
    let new = NewCovering {
        amount: faults.result(amount)?,
        year: new.year,
        account: new.account.as_str().to_owned(),
        provisional: new.provisional_number,
        order: new.order_number,
        order_on: new.order_date,
    };
    let (ctx, client, sealed) = (state.ctx.clone(), caller.client_id, asked.clone());
    let location = state.address("/collection-orders/coverings");
    let made = state.write(&caller, move |tx, now| {
        let (recorded, covered) = coverings::record(tx, now, &ctx, (&creditor, client), &new)?;
        let view = (&OrderCovering::of(&recorded, Some(covered)), None);
        let answer = sealed.answered(StatusCode::CREATED, location.clone(), view);
        idempotency::remember(tx, now, &sealed.intent, &answer)?;
        Ok::<_, coverings::Error>(answer)
    });
    asked.end(&state, made.await.map_err(Problem::from)).await
}

/// List what the office has recorded of its orders
///
/// Every record, what takes another one back included, in the order in which they were made.
#[utoipa::path(operation_id = "list_order_coverings", tag = "treasury", security(("client" = ["treasury:read"])),
    params(OrderCoveringQuery), responses((status = 200, description = "One page.", body = OrderCoveringPage)))]
#[get("/collection-orders/coverings")]
pub(super) async fn list_order_coverings(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<OrderCoveringQuery>,
) -> Result<HttpResponse, Problem> {
    let creditor = caller.creditor()?.clone();
    let slice = Slice {
        cursor: query.0.cursor,
        limit: query.0.limit,
    };
    let read = move |conn: &mut _| coverings::page(conn, &creditor, (slice.cursor, slice.fetch()));
    let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |one| one.id);
    let items = found.iter().map(|one| OrderCovering::of(one, None));
    Ok(HttpResponse::Ok().json(OrderCoveringPage {
        items: items.collect(),
        next_cursor,
    }))
}

impl OrderCovering {
    fn of(recorded: &Recorded, covered: Option<CoverState>) -> OrderCovering {
        let cover = &recorded.cover;
        OrderCovering {
            order_covering_id: recorded.id,
            year: cover.year,
            account: Line35::new(cover.account.as_str()),
            provisional_number: Count(cover.provisional),
            order_number: Count(cover.order),
            amount_cents: SignedCents(cover.amount.get()),
            order_date: recorded.order_on,
            client_id: recorded.client,
            recorded_at: recorded.at,
            credit_state: covered.map(CreditCoverState::from),
        }
    }
}

impl From<CoverState> for CreditCoverState {
    fn from(state: CoverState) -> CreditCoverState {
        match state {
            CoverState::Open => CreditCoverState::Open,
            CoverState::Partly => CreditCoverState::Partly,
            CoverState::Covered => CreditCoverState::Covered,
        }
    }
}
