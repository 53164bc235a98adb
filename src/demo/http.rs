//! Requests to the engine's doors and to the gateway, asked again until they are answered: the other side
//! may have been killed, and every request bears repetition.

use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use reqwest::Method;
use reqwest::header::{ETAG, HeaderMap};
use serde::de::DeserializeOwned;
use tokio::sync::watch;

/// The longest that an unanswered request is asked again.
const PATIENCE: Duration = Duration::from_secs(120);
const FIRST_WAIT: Duration = Duration::from_millis(10);
const LONGEST_WAIT: Duration = Duration::from_millis(500);

/// The user wants to stop.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("interrupted")]
pub(crate) struct Interrupted;

/// Whether the user wants to stop.
#[derive(Debug, Clone)]
pub(crate) struct Halt(watch::Receiver<bool>);

impl Halt {
    pub(crate) fn new(wanted: watch::Receiver<bool>) -> Halt {
        Halt(wanted)
    }

    /// # Errors
    /// [`Interrupted`] once the user wants to stop.
    pub(crate) fn check(&self) -> Result<(), Interrupted> {
        if *self.0.borrow() {
            Err(Interrupted)
        } else {
            Ok(())
        }
    }
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    method: Method,
    url: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
    limit: Duration,
}

impl Ask {
    pub(crate) fn new(method: Method, url: String) -> Ask {
        Ask {
            method,
            url,
            headers: Vec::new(),
            body: None,
            limit: Duration::from_secs(60),
        }
    }

    pub(crate) fn get(url: String) -> Ask {
        Ask::new(Method::GET, url)
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Ask {
        self.headers.push((name, value.into()));
        self
    }

    /// With an API key of the engine.
    pub(crate) fn key(self, key: &str) -> Ask {
        self.header("authorization", format!("Bearer {key}"))
    }

    pub(crate) fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Ask {
        self.body = Some(body.into());
        self.header("content-type", media_type)
    }

    pub(crate) fn json(self, body: &serde_json::Value) -> Ask {
        self.body("application/json", body.to_string())
    }

    /// How long one answer may take.
    pub(crate) fn within(mut self, limit: Duration) -> Ask {
        self.limit = limit;
        self
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    asked: String,
}

impl Reply {
    pub(crate) fn etag(&self) -> Option<&str> {
        self.headers.get(ETAG)?.to_str().ok()
    }

    /// # Errors
    /// When the status is another one, with the beginning of the body.
    pub(crate) fn expect(self, statuses: &[u16]) -> anyhow::Result<Reply> {
        if statuses.contains(&self.status) {
            Ok(self)
        } else {
            Err(self.refusal())
        }
    }

    fn refusal(&self) -> anyhow::Error {
        let said: String = String::from_utf8_lossy(&self.body)
            .chars()
            .take(600)
            .collect();
        anyhow!("{} was answered with {}: {said}", self.asked, self.status)
    }

    /// # Errors
    /// When the body is not what is expected.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        serde_json::from_slice(&self.body).with_context(|| format!("the answer of {}", self.asked))
    }
}

/// A client that does not give up.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: reqwest::Client,
    halt: Halt,
}

impl Http {
    /// # Errors
    /// When no client can be made.
    pub(crate) fn new(halt: Halt) -> anyhow::Result<Http> {
        // Whoever installed a provider first is as good.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(3))
            .tcp_nodelay(true)
            .no_proxy()
            .build()?;
        Ok(Http { client, halt })
    }

    /// Asks until there is an answer that is not "try again".
    ///
    /// # Errors
    /// When nobody answers for two minutes, or the user wants to stop meanwhile.
    pub(crate) async fn ask(&self, ask: Ask) -> anyhow::Result<Reply> {
        let begun = Instant::now();
        let mut wait = FIRST_WAIT;
        loop {
            let trouble = match self.once(&ask).await {
                Ok(reply) if !matches!(reply.status, 429 | 500..=599) => return Ok(reply),
                Ok(reply) => reply.refusal(),
                Err(error) => error,
            };
            self.halt.check()?;
            if begun.elapsed() > PATIENCE {
                return Err(trouble.context("no usable answer for two minutes"));
            }
            tokio::time::sleep(wait).await;
            wait = wait.saturating_mul(2).min(LONGEST_WAIT);
        }
    }

    async fn once(&self, ask: &Ask) -> anyhow::Result<Reply> {
        let mut request = self
            .client
            .request(ask.method.clone(), &ask.url)
            .timeout(ask.limit);
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = &ask.body {
            request = request.body(body.clone());
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await?.to_vec();
        let path = ask.url.splitn(4, '/').last().unwrap_or_default();
        Ok(Reply {
            status,
            headers,
            body,
            asked: format!("{} /{path}", ask.method),
        })
    }
}
