//! Proposed collection orders as a file for the treasurer's systems.

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;

use super::State;
use super::auth::Caller;
use super::input::FromQuery;
use super::problem::Problem;
use super::reports::period;
use super::scalars::{File, RowsHeader};
use crate::app::collection_orders::export::{self, Wanted};

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
