//! What every request goes through: identifier, quota, credentials, query, and an answer that is always
//! inside the contract, a panic included.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, web};
use futures_util::FutureExt as _;
use uuid::Uuid;

use super::State;
use super::auth::{Identity, authorise};
use super::contract::Operation;
use super::input::Called;
use super::limits::{Bucket, Left};
use super::problem::{Language, MEDIA_TYPE, Problem, catalogue};

static REQUEST_ID: HeaderName = HeaderName::from_static("request-id");

/// What is known of a request before it is answered.
struct Seen {
    request_id: Uuid,
    language: Language,
    operation: Option<Arc<Operation>>,
    method: Method,
    path: String,
    client: String,
    peer: String,
    started: Instant,
}

/// The identifier of the request at hand, for logs and for what it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestId(pub Uuid);

/// The middleware around every route. No clone of the request may be held while the inner service runs:
/// routing needs it alone and panics otherwise.
pub async fn edge(
    state: web::Data<State>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let mut seen = Seen::of(&state, &mut request);
    let (left, admitted) = admit(&state, &request, &mut seen).await;
    if let Err(problem) = admitted {
        let response = answer(
            &state,
            &seen,
            left,
            problem.response(&problem.document("", seen.language, None)),
            Some(problem),
        );
        return Ok(request.into_response(response));
    }
    let done = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    match done {
        Ok(Ok(response)) => {
            let (request, response) = response.into_parts();
            let response = answer(&state, &seen, left, response.map_into_boxed_body(), None);
            Ok(ServiceResponse::new(request, response))
        }
        Ok(Err(error)) => {
            let response = answer(&state, &seen, left, error.error_response(), None);
            Err(InternalError::from_response(error, response).into())
        }
        Err(_panic) => {
            tracing::error!(request.id = %seen.request_id, "a handler panicked: request {}", seen.request_id);
            let problem = Problem::of(&catalogue::INTERNAL_ERROR);
            let response = HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR);
            let response = answer(&state, &seen, left, response, Some(problem.clone()));
            Err(InternalError::from_response(problem, response).into())
        }
    }
}

impl Seen {
    fn of(state: &State, request: &mut ServiceRequest) -> Seen {
        let sent = request
            .headers()
            .get(&REQUEST_ID)
            .and_then(|v| v.to_str().ok());
        let request_id = sent
            .and_then(|text| Uuid::try_parse(text).ok())
            .unwrap_or_else(|| state.ctx.ids.next());
        let method = request.method().clone();
        if method == Method::HEAD {
            // A HEAD is routed as its GET; the connection leaves the body out, because it has seen the HEAD.
            request.head_mut().method = Method::GET;
        }
        let pattern = request.match_pattern().unwrap_or_default();
        request.extensions_mut().insert(RequestId(request_id));
        Seen {
            request_id,
            language: Language::of(request.headers()),
            operation: state
                .contract
                .operation(request.method().as_str(), &pattern),
            method,
            path: request.path().to_owned(),
            client: "-".to_owned(),
            peer: request
                .peer_addr()
                .map_or_else(|| "-".to_owned(), |peer| peer.ip().to_string()),
            started: Instant::now(),
        }
    }

    fn label(&self) -> &str {
        self.operation
            .as_ref()
            .map_or("other", |operation| &operation.id)
    }
}

/// Takes the request from its quota, and asks whether its caller may make it with this query.
async fn admit(
    state: &State,
    request: &ServiceRequest,
    seen: &mut Seen,
) -> (Left, Result<(), Problem>) {
    let known = state.authenticator.recall(request.headers());
    let bucket = match &known {
        Some(caller) => Bucket::Client(caller.tenant.clone(), caller.client_id),
        None => Bucket::Address(request.peer_addr().map(|peer| peer.ip())),
    };
    let left = match state.limits.take(&bucket) {
        Ok(left) => left,
        Err((left, problem)) => return (left, Err(*problem)),
    };
    let Some(operation) = seen.operation.clone() else {
        return (left, Ok(()));
    };
    let identity = match known {
        Some(caller) => Identity::Known(caller),
        None => match state
            .authenticator
            .identify(&state.ctx, request.headers())
            .await
        {
            Ok(identity) => identity,
            Err(_down) if operation.public => Identity::Unknown,
            Err(_down) => return (left, Err(Problem::of(&catalogue::UNAVAILABLE))),
        },
    };
    let checked =
        authorise(&operation, &identity).and_then(|()| query(&operation, request.query_string()));
    if let Identity::Known(mut caller) = identity {
        seen.client = caller.client_id.to_string();
        caller.request_id = Some(seen.request_id);
        request.extensions_mut().insert(caller);
    }
    let checked = checked.map(|query| {
        request.extensions_mut().insert(Called { operation, query });
    });
    (left, checked)
}

fn query(operation: &Operation, text: &str) -> Result<serde_json::Value, Problem> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(text)
        .map_err(|_unreadable| Problem::of(&catalogue::MALFORMED_REQUEST))?;
    operation.check_query(pairs.into_inner())
}

/// The answer as it leaves: errors as problem documents, and the headers that every answer has.
fn answer(
    state: &State,
    seen: &Seen,
    left: Left,
    mut response: HttpResponse<BoxBody>,
    problem: Option<Problem>,
) -> HttpResponse<BoxBody> {
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        let problem = problem.or_else(|| response.extensions_mut().remove::<Problem>());
        let is_problem = response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|v| v == MEDIA_TYPE);
        if problem.is_some() || !is_problem {
            let problem = problem.unwrap_or_else(|| Problem::of_status(status));
            let document =
                problem.document(&state.public_url, seen.language, Some(seen.request_id));
            response = problem.response(&document);
        }
    }
    stamp(response.headers_mut(), seen, left);
    let took = seen.started.elapsed();
    state
        .metrics
        .count(seen.label(), response.status().as_u16(), took);
    tracing::info!(
        request.id = %seen.request_id, http.method = %seen.method, http.path = %seen.path,
        http.status = response.status().as_u16(), client.id = %seen.client, client.address = %seen.peer,
        micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "{} {}", seen.label(), response.status().as_u16(),
    );
    response
}

fn stamp(headers: &mut HeaderMap, seen: &Seen, left: Left) {
    left.stamp(headers);
    if let Ok(id) = HeaderValue::from_str(&seen.request_id.to_string()) {
        headers.insert(REQUEST_ID.clone(), id);
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    let link = HeaderValue::from_static("</openapi.json>; rel=\"service-desc\"");
    headers.insert(header::LINK, link);
}

/// Everything that no route took: 405 with `Allow` when the path is in the contract, else 404.
pub async fn no_route(
    request: HttpRequest,
    state: web::Data<State>,
) -> Result<HttpResponse, Problem> {
    match state.contract.allowed(request.path()) {
        Some(methods) => Err(Problem::of(&catalogue::METHOD_NOT_ALLOWED).allowing(methods)),
        None => Err(Problem::of(&catalogue::NOT_FOUND)),
    }
}
