//! Health as the Italian guidelines ask for it.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::State;
use super::problem::{Problem, catalogue};
use super::scalars::Line140;
use crate::app::health;

/// Whether the service is up.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "OK", "status": 200, "detail": "The service is up."}))]
pub struct Status {
    title: Line140,
    #[schema(format = Int32, minimum = 100, maximum = 599)]
    status: u16,
    detail: Line140,
}

/// Tell whether the service is up
///
/// Answers 200 while the service can serve calls, 503 while it cannot.
#[utoipa::path(operation_id = "show_status", tag = "status", security(()),
    responses((status = 200, description = "The service is up.", body = Status)))]
#[get("/status")]
pub(super) async fn show_status(state: web::Data<State>) -> Result<HttpResponse, Problem> {
    match state.ctx.read(health::check).await {
        Ok(()) => Ok(HttpResponse::Ok().json(Status {
            title: Line140::new("OK"),
            status: 200,
            detail: Line140::new("The service is up."),
        })),
        Err(error) => {
            tracing::error!(%error, "the engine cannot serve");
            Err(Problem::of(&catalogue::UNAVAILABLE))
        }
    }
}
