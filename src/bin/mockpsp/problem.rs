//! Errors of the control API, as `application/problem+json` with a detail a person can act on.

use actix_web::error::{JsonPayloadError, PathError, QueryPayloadError};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::json;

use crate::app::Halt;
use crate::day::DayError;
use crate::journal::JournalError;
use crate::plan::PlanError;

/// A refusal or a failure.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
}

impl Problem {
    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            detail: detail.into(),
        }
    }

    pub(crate) fn conflict(detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::CONFLICT,
            detail: detail.into(),
        }
    }

    pub(crate) fn unprocessable(detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            detail: detail.into(),
        }
    }

    fn internal(detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            detail: detail.into(),
        }
    }

    pub(crate) fn bad_request(detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            detail: detail.into(),
        }
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        HttpResponse::build(self.status)
            .content_type("application/problem+json")
            .body(body.to_string())
    }
}

impl From<Halt> for Problem {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Fault(fault) => Self::conflict(format!("{}: {}", fault.code, fault.description)),
            Halt::Stopping => Self {
                status: StatusCode::SERVICE_UNAVAILABLE,
                detail: halt.to_string(),
            },
            Halt::Journal(error) => error.into(),
        }
    }
}

impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Self {
        tracing::error!(%error, "the journal failed");
        Self::internal(error.to_string())
    }
}

impl From<DayError> for Problem {
    fn from(error: DayError) -> Self {
        match error {
            DayError::Past { .. } => Self::conflict(error.to_string()),
            DayError::Halt(halt) => halt.into(),
            DayError::Task(_) => Self::internal(error.to_string()),
        }
    }
}

impl From<PlanError> for Problem {
    fn from(error: PlanError) -> Self {
        Self::unprocessable(error.to_string())
    }
}

impl From<tokio::task::JoinError> for Problem {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::internal(error.to_string())
    }
}

impl From<csv::Error> for Problem {
    fn from(error: csv::Error) -> Self {
        Self::internal(error.to_string())
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature is given by the framework"
)]
pub(crate) fn of_json(error: JsonPayloadError, _: &HttpRequest) -> actix_web::Error {
    let detail = if let JsonPayloadError::Deserialize(reason) = &error {
        format!("the body is not what is expected here: {reason}")
    } else if let JsonPayloadError::ContentType = &error {
        "the body must be sent as application/json".to_owned()
    } else {
        error.to_string()
    };
    Problem::bad_request(detail).into()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature is given by the framework"
)]
pub(crate) fn of_query(error: QueryPayloadError, _: &HttpRequest) -> actix_web::Error {
    Problem::bad_request(format!("the query is not what is expected here: {error}")).into()
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the signature is given by the framework"
)]
pub(crate) fn of_path(error: PathError, _: &HttpRequest) -> actix_web::Error {
    Problem::bad_request(format!("the path is not what is expected here: {error}")).into()
}
