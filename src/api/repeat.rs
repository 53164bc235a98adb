//! Idempotent creation: the first answer is stored with what it did and given again to the same intent.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header;
use serde::Serialize;
use uuid::Uuid;

use super::State;
use super::auth::Caller;
use super::input::{IdempotencyKey, entity_tag};
use super::problem::{Problem, catalogue};
use crate::app::idempotency::{self, Answered, Intent};

/// An intent and the body it came with.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) intent: Intent,
    pub(super) digest: [u8; 32],
}

impl Asked {
    /// What a caller asks of an operation under a key.
    pub(super) fn new(
        caller: &Caller,
        operation: &str,
        key: &IdempotencyKey,
        digest: [u8; 32],
    ) -> Result<Asked, Problem> {
        let intent = Intent {
            creditor: caller.creditor()?.clone(),
            client_id: caller.client_id,
            operation: operation.to_owned(),
            key: key.as_str().to_owned(),
        };
        Ok(Asked { intent, digest })
    }

    /// What a caller asks of one resource: the same key for another one is another intent.
    pub(super) fn of(
        caller: &Caller,
        (operation, resource): (&str, Uuid),
        key: &IdempotencyKey,
        digest: [u8; 32],
    ) -> Result<Asked, Problem> {
        Asked::new(caller, &format!("{operation} {resource}"), key, digest)
    }

    /// The answer to a first request, to be stored with [`idempotency::remember`].
    pub(super) fn answered(
        &self,
        status: StatusCode,
        location: String,
        (view, revision): (&impl Serialize, Option<i64>),
    ) -> Answered {
        Answered {
            body_hash: self.digest,
            status: status.as_u16(),
            etag: revision.map(entity_tag),
            location: Some(location),
            body: serde_json::to_string(view).unwrap_or_default(),
        }
    }

    /// The stored answer, when the intent came before.
    ///
    /// # Errors
    /// `idempotency-key-reused` for another body, or the database's.
    pub(super) async fn before(&self, state: &State) -> Result<Option<HttpResponse>, Problem> {
        let intent = self.intent.clone();
        let found = state
            .ctx
            .read(move |conn| idempotency::recall(conn, &intent))
            .await?;
        match found {
            Some(answered) if answered.body_hash != self.digest => {
                Err(Problem::of(&catalogue::IDEMPOTENCY_KEY_REUSED))
            }
            Some(answered) => Ok(Some(respond(&answered, true))),
            None => Ok(None),
        }
    }

    /// The answer that was made; to a request that failed, that of the same intent, when it was answered
    /// meanwhile. The loser of such a race may fail on anything that the winner made, a reference for one.
    ///
    /// # Errors
    /// The problem that was given, unless there is an answer by now.
    pub(super) async fn end(
        &self,
        state: &State,
        made: Result<Answered, Problem>,
    ) -> Result<HttpResponse, Problem> {
        match made {
            Ok(answer) => Ok(respond(&answer, false)),
            Err(problem) => self.before(state).await?.ok_or(problem),
        }
    }
}

/// An answer as it was, or as it is for the first time.
fn respond(answered: &Answered, again: bool) -> HttpResponse {
    let status = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CONTENT_TYPE, "application/json"));
    if let Some(tag) = &answered.etag {
        response.insert_header((header::ETAG, tag.as_str()));
    }
    if let Some(location) = &answered.location {
        response.insert_header((header::LOCATION, location.as_str()));
    }
    if status == StatusCode::ACCEPTED {
        response.insert_header((header::RETRY_AFTER, "2"));
    }
    if again {
        response.insert_header(("Idempotent-Replayed", "true"));
    }
    response.body(answered.body.clone())
}
