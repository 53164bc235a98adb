//! The client of the platform's small services: one question, one answer, no second try. Who calls decides
//! whether to ask again, because some calls are scarce and others wait in a table.

use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;

use super::{Service, http};

/// Longest answer read, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// What can end a call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlatformError {
    /// The client cannot be made as configured.
    #[error("the client cannot be made: {0}")]
    Setup(String),
    /// No answer, or not all of it.
    #[error("the platform cannot be reached: {0}")]
    Unreachable(String),
    /// An answer that is no success.
    #[error("the platform answered {status}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What came with it.
        body: Vec<u8>,
    },
    /// An answer that is too long.
    #[error("the platform answered more than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
}

impl PlatformError {
    /// Whether the platform itself is in trouble: the next call would end as this one.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            PlatformError::Unreachable(_) => true,
            PlatformError::Refused { status, .. } => {
                matches!(status, 401 | 403 | 408 | 429 | 500..)
            }
            PlatformError::Setup(_) | PlatformError::TooLarge => false,
        }
    }

    /// How the journal of events calls it.
    #[must_use]
    pub fn outcome(&self) -> String {
        match self {
            PlatformError::Refused { status, .. } => format!("HTTP {status}"),
            PlatformError::Setup(_) => "SETUP".to_owned(),
            PlatformError::Unreachable(_) => "UNREACHABLE".to_owned(),
            PlatformError::TooLarge => "TOO_LARGE".to_owned(),
        }
    }

    /// What was answered all the same.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        match self {
            PlatformError::Refused { body, .. } => body,
            PlatformError::Setup(_) | PlatformError::Unreachable(_) | PlatformError::TooLarge => {
                &[]
            }
        }
    }
}

/// The client. Clones share connections.
#[derive(Clone)]
pub struct PlatformClient {
    http: reqwest::Client,
    base: String,
}

impl PlatformClient {
    /// A client of a configured service.
    ///
    /// # Errors
    /// [`PlatformError::Setup`].
    pub fn new(service: Service<'_>) -> Result<PlatformClient, PlatformError> {
        Ok(PlatformClient {
            http: http(service).map_err(PlatformError::Setup)?,
            base: service.url.trim_end_matches('/').to_owned(),
        })
    }

    /// Reads what is at a path.
    ///
    /// # Errors
    /// [`PlatformError`].
    pub async fn get(&self, path: &str) -> Result<Vec<u8>, PlatformError> {
        self.call(self.http.get(format!("{}{path}", self.base)))
            .await
    }

    /// Posts JSON to a path.
    ///
    /// # Errors
    /// [`PlatformError`].
    pub async fn post(&self, path: &str, body: Vec<u8>) -> Result<Vec<u8>, PlatformError> {
        let request = self.http.post(format!("{}{path}", self.base));
        let request = request.header(CONTENT_TYPE, "application/json").body(body);
        self.call(request).await
    }

    async fn call(&self, request: reqwest::RequestBuilder) -> Result<Vec<u8>, PlatformError> {
        // The address is left out: it names who is asked about.
        let unreachable =
            |why: reqwest::Error| PlatformError::Unreachable(why.without_url().to_string());
        let mut response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len().saturating_add(chunk.len()) > ANSWER_BYTES_MAX {
                return Err(PlatformError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        match status {
            StatusCode::OK | StatusCode::CREATED => Ok(body),
            other => Err(PlatformError::Refused {
                status: other.as_u16(),
                body,
            }),
        }
    }
}
