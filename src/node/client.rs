//! The clients of the two interfaces for reporting flows, organisation side: [`RestFlows`] and [`SoapFlows`],
//! and [`FlowClient`], which is either.
//!
//! Time is bounded, sizes are bounded, what may pass later is tried again with growing, jittered waits.
//! Answers come back with their bytes: they are stored before anything is decided.

mod flows;
mod platform;
mod soap;

use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use reqwest::{RequestBuilder, StatusCode};

pub use flows::{FlowClient, Flows, Listing, Published};
pub use platform::{PlatformClient, PlatformError};
pub use soap::{SoapFlows, Station};

use crate::ctx::Ids;
use crate::wire::fdr_rest::{
    self as wire, ANSWER_BYTES_MAX, FlowHeader, FlowKey, FlowPayment, FlowSummary, FlowsQuery,
    Page, PageAt,
};
use crate::wire::fdr_soap;

/// Time to reach the other side.
const CONNECT: Duration = Duration::from_secs(5);
/// Time for a whole answer.
const ANSWER: Duration = Duration::from_secs(30);
/// Name of the header that carries the subscription key.
const KEY_HEADER: &str = "Ocp-Apim-Subscription-Key";

/// Where the service is.
#[derive(Clone, Copy)]
pub struct Service<'a> {
    /// Base of its addresses.
    pub url: &'a str,
    /// Subscription key, a secret.
    pub key: Option<&'a str>,
}

/// How often, and after how long, a call is repeated.
#[derive(Debug, Clone, Copy)]
pub struct Retries {
    /// Calls in all, at least one.
    pub attempts: u32,
    /// First wait in milliseconds; it doubles each time, and up to half of it is added by chance.
    pub wait_millis: u64,
}

impl Default for Retries {
    fn default() -> Retries {
        Retries {
            attempts: 4,
            wait_millis: 250,
        }
    }
}

/// What can end a call.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client cannot be made as configured.
    #[error("the client of reporting flows cannot be made: {0}")]
    Setup(String),
    /// No answer, or not all of it.
    #[error("the reporting-flow service cannot be reached: {0}")]
    Unreachable(String),
    /// An answer that is no success.
    #[error("the reporting-flow service answered {status} {code}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// `appErrorCode` or `faultCode`, empty when there is none.
        code: String,
    },
    /// An answer that cannot be read.
    #[error("the reporting-flow service answered: {0}")]
    Unreadable(#[from] wire::Error),
    /// The same of a SOAP answer, or of the flow in it.
    #[error("the reporting-flow service answered: {0}")]
    UnreadableXml(#[from] fdr_soap::Error),
    /// The flow was published anew between the list and the question for it.
    #[error("the flow is of another time than the list said")]
    OtherVersion,
}

impl Error {
    /// Whether the same call may succeed a moment later.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Error::Unreachable(_) => true,
            Error::Refused { status, .. } => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
            Error::Setup(_)
            | Error::Unreadable(_)
            | Error::UnreadableXml(_)
            | Error::OtherVersion => false,
        }
    }
}

/// An answer and what it says, when that can be read.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    /// As received.
    pub body: Vec<u8>,
    /// As read.
    pub value: Result<T, wire::Error>,
}

/// The client of the REST interface. Clones share connections.
#[derive(Clone)]
pub struct RestFlows {
    calls: Calls,
    base: String,
}

/// Calls that are repeated. Clones share connections.
#[derive(Clone)]
struct Calls {
    http: reqwest::Client,
    retries: Retries,
    ids: Ids,
}

/// What calls have in common, whichever the interface.
struct Habits {
    /// Longest answer read.
    answer_bytes_max: usize,
    /// What a longer one is.
    too_large: fn() -> Error,
    /// The code in an answer that is no success; empty when there is none.
    code: fn(&[u8]) -> String,
}

/// Connections to a service, with its key in every request; or what is wrong.
fn http(service: Service<'_>) -> Result<reqwest::Client, String> {
    // A second installation is refused and changes nothing.
    let _already = rustls::crypto::ring::default_provider().install_default();
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(key) = service.key {
        let mut value = HeaderValue::from_str(key)
            .map_err(|_secret| "the subscription key is no header".to_owned())?;
        value.set_sensitive(true);
        headers.insert(KEY_HEADER, value);
    }
    reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .timeout(ANSWER)
        .redirect(reqwest::redirect::Policy::none())
        .default_headers(headers)
        .build()
        .map_err(|why| why.to_string())
}

impl RestFlows {
    /// A client of the configured service.
    ///
    /// # Errors
    /// [`Error::Setup`] when the key cannot be a header, or TLS cannot be set up.
    pub fn new(service: Service<'_>, ids: Ids, retries: Retries) -> Result<RestFlows, Error> {
        let calls = Calls::new(service, ids, retries)?;
        let base = service.url.trim_end_matches('/').to_owned();
        Ok(RestFlows { calls, base })
    }

    /// One page of the list of flows.
    ///
    /// # Errors
    /// [`Error`], after the last attempt.
    pub async fn flows(
        &self,
        organization_id: &str,
        query: &FlowsQuery,
        at: PageAt,
    ) -> Result<Page<FlowSummary>, Error> {
        let body = self
            .get(&wire::flows_path(organization_id, query, at))
            .await?;
        Ok(wire::flows(&body)?)
    }

    /// The head of a flow.
    ///
    /// # Errors
    /// [`Error`], after the last attempt.
    pub async fn flow(&self, key: &FlowKey) -> Result<Answer<FlowHeader>, Error> {
        let body = self.get(&wire::flow_path(key)).await?;
        let value = wire::flow(&body);
        Ok(Answer { body, value })
    }

    /// One page of the payments of a flow.
    ///
    /// # Errors
    /// [`Error`], after the last attempt.
    pub async fn payments(
        &self,
        key: &FlowKey,
        at: PageAt,
    ) -> Result<Answer<Page<FlowPayment>>, Error> {
        let body = self.get(&wire::payments_path(key, at)).await?;
        let value = wire::payments(&body);
        Ok(Answer { body, value })
    }

    async fn get(&self, path: &str) -> Result<Vec<u8>, Error> {
        let habits = Habits {
            answer_bytes_max: ANSWER_BYTES_MAX,
            too_large: || wire::Error::TooLarge.into(),
            code: |body| wire::error(body).map_or_else(String::new, |error| error.app_error_code),
        };
        let url = format!("{}{path}", self.base);
        self.calls.get(|http| http.get(&url), &habits).await
    }
}

impl Calls {
    fn new(service: Service<'_>, ids: Ids, retries: Retries) -> Result<Calls, Error> {
        let http = http(service).map_err(Error::Setup)?;
        Ok(Calls { http, retries, ids })
    }

    /// Sends the request until it is answered, or what went wrong will not pass.
    async fn get(
        &self,
        request: impl Fn(&reqwest::Client) -> RequestBuilder,
        habits: &Habits,
    ) -> Result<Vec<u8>, Error> {
        let mut attempt = 1u32;
        loop {
            match once(request(&self.http), habits).await {
                Err(error) if error.retryable() && attempt < self.retries.attempts => {
                    tokio::time::sleep(self.wait(attempt)).await;
                    attempt = attempt.saturating_add(1);
                }
                ended => return ended,
            }
        }
    }

    /// The doubled wait and up to half of it more, so that many callers do not come back together.
    fn wait(&self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(10);
        let wait = self.retries.wait_millis.saturating_mul(1u64 << doublings);
        let chance = u64::from(self.ids.next().as_bytes().last().copied().unwrap_or(0));
        let jitter = wait.saturating_mul(chance).checked_div(512).unwrap_or(0);
        Duration::from_millis(wait.saturating_add(jitter))
    }
}

async fn once(request: RequestBuilder, habits: &Habits) -> Result<Vec<u8>, Error> {
    // The address is left out: it names the body asked for.
    let unreachable = |why: reqwest::Error| Error::Unreachable(why.without_url().to_string());
    let mut response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len().saturating_add(chunk.len()) > habits.answer_bytes_max {
            return Err((habits.too_large)());
        }
        body.extend_from_slice(&chunk);
    }
    if status == StatusCode::OK {
        return Ok(body);
    }
    Err(Error::Refused {
        status: status.as_u16(),
        code: (habits.code)(&body),
    })
}

#[cfg(test)]
mod tests;
