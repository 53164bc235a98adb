//! Counters of the HTTP edge, in the text format of Prometheus, on the operations port.

use std::time::Duration;

use actix_web::{HttpResponse, get, web};
use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder,
};

use super::State;
use crate::app::health;

/// What the edge counts.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
}

impl Metrics {
    /// Counters registered in a registry; others may register theirs beside.
    ///
    /// # Errors
    /// When the registry already has counters of these names.
    pub fn new(registry: Registry) -> Result<Metrics, prometheus::Error> {
        let requests = IntCounterVec::new(
            Opts::new(
                "avviso_http_requests_total",
                "Requests answered, by operation and status.",
            ),
            &["operation", "status"],
        )?;
        let seconds = HistogramVec::new(
            HistogramOpts::new(
                "avviso_http_request_seconds",
                "Seconds to answer, by operation.",
            )
            .buckets(vec![
                0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
            ]),
            &["operation"],
        )?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        Ok(Metrics {
            registry,
            requests,
            seconds,
        })
    }

    /// Counts an answer.
    pub(super) fn count(&self, operation: &str, status: u16, took: Duration) {
        self.requests
            .with_label_values(&[operation, &status.to_string()])
            .inc();
        self.seconds
            .with_label_values(&[operation])
            .observe(took.as_secs_f64());
    }
}

/// The counters, for whoever scrapes them.
#[get("/metrics")]
pub(super) async fn scrape(state: web::Data<State>) -> HttpResponse {
    let mut text = Vec::new();
    let encoder = TextEncoder::new();
    match encoder.encode(&state.metrics.registry.gather(), &mut text) {
        Ok(()) => HttpResponse::Ok()
            .content_type(encoder.format_type().to_owned())
            .body(text),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// The process runs.
#[get("/live")]
pub(super) async fn live() -> HttpResponse {
    HttpResponse::Ok().body("live\n")
}

/// The process can serve: its database answers and has the schema of this build.
#[get("/ready")]
pub(super) async fn ready(state: web::Data<State>) -> HttpResponse {
    match state.ctx.read(health::check).await {
        Ok(()) => HttpResponse::Ok().body("ready\n"),
        Err(unready) => HttpResponse::ServiceUnavailable().body(format!("{unready}\n")),
    }
}
