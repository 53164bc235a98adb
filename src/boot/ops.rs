//! The operations door: liveness, readiness, metrics, and the time when it is simulated.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::{HttpResponse, web};
use prometheus::{Encoder as _, TextEncoder};
use serde::{Deserialize, Serialize};

use crate::ctx::{ClockError, Ctx};
use crate::domain::calendar::Instant;
use crate::store::{self, room};

/// Whether the process takes work; false from the first signal to stop.
#[derive(Debug, Clone, Default)]
pub(super) struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// From here on the process is not ready, so that a balancer looks elsewhere.
    pub(super) fn stop(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// What is missing to serve, in words for an operator.
    async fn check(&self, ctx: &Ctx) -> Result<(), String> {
        if self.0.load(Ordering::Acquire) {
            return Err("the process is stopping".into());
        }
        if room::is_in_doubt() {
            let probe = ctx.write::<_, store::Error>(room::probe);
            probe.await.map_err(|error| error.to_string())?;
            room::is_there();
        }
        match ctx.read::<_, store::Error>(store::Conn::schema_state).await {
            Ok(state) => super::current(&state),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// A body with the time of the engine.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Time {
    now: Instant,
}

/// Mounts the door.
pub(super) fn configure(cfg: &mut web::ServiceConfig, ctx: &Ctx, readiness: &Readiness) {
    let clock = web::resource("/clock").route(web::get().to(show_clock));
    let clock = if ctx.clock.can_be_set() {
        clock.route(web::put().to(set_clock))
    } else {
        clock
    };
    cfg.app_data(web::Data::new(ctx.clone()))
        .app_data(web::Data::new(readiness.clone()))
        .route("/live", web::get().to(live))
        .route("/ready", web::get().to(ready))
        .route("/metrics", web::get().to(metrics))
        .service(clock);
}

async fn live() -> &'static str {
    "live\n"
}

async fn ready(ctx: web::Data<Ctx>, readiness: web::Data<Readiness>) -> HttpResponse {
    match readiness.check(&ctx).await {
        Ok(()) => HttpResponse::Ok().body("ready\n"),
        Err(why) => HttpResponse::ServiceUnavailable().body(format!("{why}\n")),
    }
}

async fn metrics() -> HttpResponse {
    let mut text = Vec::new();
    let encoder = TextEncoder::new();
    match encoder.encode(&prometheus::gather(), &mut text) {
        Ok(()) => HttpResponse::Ok()
            .content_type(encoder.format_type().to_owned())
            .body(text),
        Err(error) => HttpResponse::InternalServerError().body(format!("{error}\n")),
    }
}

async fn show_clock(ctx: web::Data<Ctx>) -> HttpResponse {
    HttpResponse::Ok().json(Time { now: ctx.now() })
}

/// Sets the simulated time; jobs whose time has come run at once.
async fn set_clock(ctx: web::Data<Ctx>, body: web::Json<Time>) -> HttpResponse {
    match ctx.clock.set(body.now) {
        Ok(()) => {
            ctx.jobs_due.notify_one();
            HttpResponse::Ok().json(Time { now: ctx.now() })
        }
        Err(error @ (ClockError::Real | ClockError::OutOfRange)) => {
            HttpResponse::Conflict().body(format!("{error}\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, http::Method};

    use super::*;
    use crate::ctx::Clock;
    use crate::ctx::scratch::Scratch;

    async fn call(ctx: &Ctx, readiness: &Readiness, request: TestRequest) -> (StatusCode, String) {
        let app = App::new().configure(|cfg| configure(cfg, ctx, readiness));
        let app = init_service(app).await;
        let response = call_service(&app, request.to_request()).await;
        let status = response.status();
        (
            status,
            String::from_utf8(read_body(response).await.to_vec()).unwrap(),
        )
    }

    fn get(path: &str) -> TestRequest {
        TestRequest::get().uri(path)
    }

    #[actix_web::test]
    async fn a_process_is_ready_until_it_stops_and_live_to_the_end() {
        let Scratch { ctx, .. } = &Scratch::new();
        let readiness = Readiness::default();
        let ready = call(ctx, &readiness, get("/ready")).await;
        assert_eq!(ready, (StatusCode::OK, "ready\n".into()));
        readiness.stop();
        let (status, why) = call(ctx, &readiness, get("/ready")).await;
        assert_eq!(
            (status, why.as_str()),
            (StatusCode::SERVICE_UNAVAILABLE, "the process is stopping\n")
        );
        assert_eq!(call(ctx, &readiness, get("/live")).await.0, StatusCode::OK);
        assert_eq!(
            call(ctx, &readiness, get("/metrics")).await.0,
            StatusCode::OK
        );
    }

    #[actix_web::test]
    async fn a_process_on_another_schema_is_not_ready() {
        let Scratch { ctx, .. } = &Scratch::new();
        let forget = "DELETE FROM __diesel_schema_migrations WHERE version LIKE '%000005'";
        ctx.write::<_, store::Error>(move |tx, _| tx.execute(forget))
            .await
            .unwrap();
        let (status, why) = call(ctx, &Readiness::default(), get("/ready")).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(why.contains("avviso migrate"), "{why}");
    }

    #[actix_web::test]
    async fn a_process_that_cannot_write_is_not_ready_until_it_can() {
        let Scratch { ctx, .. } = &Scratch::new();
        let set =
            |pragma: &'static str| ctx.write::<_, store::Error>(move |tx, _| tx.execute(pragma));
        let status = async || call(ctx, &Readiness::default(), get("/ready")).await;
        // No room for another page.
        set("PRAGMA max_page_count=1").await.unwrap();
        assert_eq!(status().await.0, StatusCode::OK, "nobody was refused yet");
        let refused = ctx.write::<_, store::Error>(room::probe);
        refused.await.unwrap_err();
        // The connection was opened again, and is as full as before.
        set("PRAGMA max_page_count=1").await.unwrap();
        let (code, why) = status().await;
        assert_eq!(code, StatusCode::SERVICE_UNAVAILABLE);
        assert!(why.contains("is full"), "{why}");
        set("PRAGMA max_page_count=1000000").await.unwrap();
        assert_eq!(status().await.0, StatusCode::OK);
        // From here on the connection changes nothing, not even this.
        set("PRAGMA query_only=ON").await.unwrap();
        let refused = ctx.write::<_, store::Error>(room::probe);
        refused.await.unwrap_err();
        let (code, why) = status().await;
        assert_eq!(code, StatusCode::SERVICE_UNAVAILABLE);
        assert!(why.contains("takes no writes"), "{why}");
    }

    #[actix_web::test]
    async fn only_a_simulated_time_can_be_set() {
        let scratch = Scratch::new();
        let mut ctx = scratch.ctx.clone();
        let put = || {
            let now = "2026-06-30T10:00:00Z".parse().unwrap();
            TestRequest::default()
                .method(Method::PUT)
                .uri("/clock")
                .set_json(Time { now })
        };
        let (status, body) = call(&ctx, &Readiness::default(), put()).await;
        assert_eq!(
            (status, body.as_str()),
            (StatusCode::OK, r#"{"now":"2026-06-30T10:00:00Z"}"#)
        );
        assert_eq!(scratch.ctx.now().to_rfc3339(), "2026-06-30T10:00:00+00:00");
        ctx.clock = Clock::system();
        assert_eq!(
            call(&ctx, &Readiness::default(), put()).await.0,
            StatusCode::METHOD_NOT_ALLOWED
        );
    }
}
