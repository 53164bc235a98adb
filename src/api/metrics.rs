//! Counters of the HTTP edge; the operations door shows them.

use std::time::Duration;

use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

/// What the edge counts.
pub struct Metrics {
    requests: IntCounterVec,
    seconds: HistogramVec,
}

impl Metrics {
    /// Counters registered in a registry; others may register theirs beside.
    ///
    /// # Errors
    /// When the registry already has counters of these names.
    pub fn new(registry: &Registry) -> Result<Metrics, prometheus::Error> {
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
        Ok(Metrics { requests, seconds })
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
