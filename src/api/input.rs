//! What a handler may ask of a request, checked against the contract before it is seen.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::contract::Operation;
use super::problem::{FieldError, Problem, catalogue};
use crate::domain::text::Said;
use crate::wire::strict_json::{self, JsonError};

/// The largest JSON body, in bytes.
pub const JSON_BYTES_MAX: usize = 1024 * 1024;

/// The operation that a request calls and its query, left among the extensions by the edge.
#[derive(Clone)]
pub(super) struct Called {
    pub(super) operation: Arc<Operation>,
    pub(super) query: Value,
}

fn called(request: &HttpRequest) -> Result<Called, Problem> {
    let found = request.extensions().get::<Called>().cloned();
    // The edge puts it there before routing; a handler outside the contract has no input to check.
    found.ok_or_else(|| Problem::of(&catalogue::NOT_FOUND))
}

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_json::from_value(value)
        .map_err(|_contract_and_type_differ| Problem::of(&catalogue::CONTRACT_VIOLATION))
}

/// The parameters of the path; out of their bounds they name nothing (404).
pub struct FromPath<T>(pub T);

impl<T: DeserializeOwned> FromRequest for FromPath<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = || {
            let pair = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
            let pairs = request.match_info().iter().map(pair).collect();
            typed(called(request)?.operation.check_path(pairs)?)
        };
        ready(read().map(FromPath))
    }
}

/// The parameters of the query, checked by the edge.
pub struct FromQuery<T>(pub T);

impl<T: DeserializeOwned> FromRequest for FromQuery<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            called(request)
                .and_then(|called| typed(called.query))
                .map(FromQuery),
        )
    }
}

impl From<JsonError> for Problem {
    fn from(error: JsonError) -> Problem {
        match error {
            JsonError::Malformed => Problem::of(&catalogue::MALFORMED_BODY),
            JsonError::Repeated(pointer) => Problem::at(
                &catalogue::CONTRACT_VIOLATION,
                &pointer,
                Said::new("è indicato più di una volta", "is given more than once"),
            ),
        }
    }
}

/// A JSON body and the digest of its bytes, by which a repeated request is recognised.
pub struct FromBody<T> {
    /// What it says.
    pub value: T,
    /// SHA-256 of the bytes as they came.
    pub digest: [u8; 32],
}

impl<T: DeserializeOwned + 'static> FromRequest for FromBody<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let review = Review::from_request(request, payload);
        Box::pin(async move {
            let Review { body, broken } = review.await?;
            match broken.is_empty() {
                true => Ok(body),
                false => Err(Problem::of(&catalogue::CONTRACT_VIOLATION).with(broken)),
            }
        })
    }
}

/// A JSON body that may break bounds of the contract, as long as it can be read: whoever knows more
/// rules adds what else is wrong with it, so that the caller hears everything at once.
pub struct Review<T> {
    /// The body; not to be acted upon while something is broken.
    pub body: FromBody<T>,
    /// Every place that breaks the contract.
    pub broken: Vec<FieldError>,
}

impl<T: DeserializeOwned + 'static> FromRequest for Review<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let start = announced(request, JSON_BYTES_MAX);
        let mut payload = payload.take();
        let request = request.clone();
        Box::pin(async move {
            let (operation, media_type) = start?;
            let bytes = read(&request, &mut payload, JSON_BYTES_MAX).await?;
            let json = strict_json::read(&bytes)?;
            let (json, broken) = operation.review_body(&media_type, json);
            let value = typed(json).map_err(|unreadable| unreadable.with(broken.clone()))?;
            let digest = Sha256::digest(&bytes).into();
            let body = FromBody { value, digest };
            Ok(Review { body, broken })
        })
    }
}

/// The operation and the media type of a body that is about to be read.
pub(super) fn announced(
    request: &HttpRequest,
    max: usize,
) -> Result<(Arc<Operation>, String), Problem> {
    let operation = called(request)?.operation;
    let media_type = request.content_type().to_ascii_lowercase();
    if !operation.takes(&media_type) {
        return Err(Problem::of(&catalogue::UNSUPPORTED_MEDIA_TYPE));
    }
    let length = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok());
    match length.and_then(|text| text.parse::<usize>().ok()) {
        Some(length) if length > max => Err(Problem::of(&catalogue::CONTENT_TOO_LARGE)),
        Some(_) | None => Ok((operation, media_type)),
    }
}

async fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    max: usize,
) -> Result<Vec<u8>, Problem> {
    use futures_util::StreamExt as _;
    let mut bytes = Vec::new();
    let mut decoded = actix_web::dev::Decompress::from_headers(payload.take(), request.headers());
    while let Some(chunk) = decoded.next().await {
        let chunk = chunk.map_err(|_cut_off| Problem::of(&catalogue::MALFORMED_REQUEST))?;
        if bytes.len().saturating_add(chunk.len()) > max {
            return Err(Problem::of(&catalogue::CONTENT_TOO_LARGE));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// `Idempotency-Key`, quoted or bare, without its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        const AT: &str = "#header/Idempotency-Key";
        let Some(value) = request.headers().get("idempotency-key") else {
            return ready(Err(Problem::at(
                &catalogue::MISSING_HEADER,
                AT,
                Said::new("è obbligatoria", "is required"),
            )));
        };
        let text = value.to_str().unwrap_or_default();
        let bare = text
            .strip_prefix('"')
            .and_then(|t| t.strip_suffix('"'))
            .unwrap_or(text);
        let fits = (8..=64).contains(&bare.len())
            && bare
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        ready(if fits {
            Ok(IdempotencyKey(bare.to_owned()))
        } else {
            Err(Problem::at(
                &catalogue::MALFORMED_HEADER,
                AT,
                Said::new(
                    "deve avere da 8 a 64 lettere, cifre, - o _",
                    "must have 8 to 64 letters, digits, - or _",
                ),
            ))
        })
    }
}

/// `If-Match` and `If-None-Match`, held against the revision of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conditions {
    matches: Option<String>,
    matches_none: Option<String>,
}

impl Conditions {
    /// Asks for `If-Match`: changes of a resource need it.
    ///
    /// # Errors
    /// `precondition-required` (428).
    pub fn required(self) -> Result<Conditions, Problem> {
        match self.matches {
            Some(_) => Ok(self),
            None => Err(Problem::of(&catalogue::PRECONDITION_REQUIRED)),
        }
    }

    /// Whether a change of a resource at this revision (`None`: it does not exist) may go on.
    ///
    /// # Errors
    /// `precondition-failed` (412).
    pub fn check(&self, revision: Option<i64>) -> Result<(), Problem> {
        let tag = revision.map(entity_tag);
        let listed = |list: &str| lists(list, tag.as_deref());
        // What is no list of tags matches nothing; a writer that sent one meant some condition, so it fails.
        let none = |list: &str| listed(list) || !is_tag_list(list);
        let fails = self.matches.as_deref().is_some_and(|list| !listed(list))
            || self.matches_none.as_deref().is_some_and(none);
        if fails {
            Err(Problem::of(&catalogue::PRECONDITION_FAILED))
        } else {
            Ok(())
        }
    }

    /// The one revision that `If-Match` names, for a change that is checked where it is written.
    #[must_use]
    pub fn revision(&self) -> Option<i64> {
        self.matches
            .as_deref()?
            .strip_prefix('"')?
            .strip_suffix('"')?
            .parse()
            .ok()
    }

    /// Whether a reader already has this revision (304).
    #[must_use]
    pub fn is_known(&self, revision: i64) -> bool {
        self.matches_none
            .as_deref()
            .is_some_and(|list| lists(list, Some(&entity_tag(revision))))
    }
}

/// The entity tag of a revision.
#[must_use]
pub fn entity_tag(revision: i64) -> String {
    format!("\"{revision}\"")
}

fn lists(list: &str, tag: Option<&str>) -> bool {
    let Some(tag) = tag else { return false };
    list.split(',')
        .map(str::trim)
        .any(|one| one == "*" || one == tag || one.strip_prefix("W/") == Some(tag))
}

impl FromRequest for Conditions {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let fits = |text: &str| {
            (1..=200).contains(&text.trim().len())
                && text.bytes().all(|b| (b' '..=b'~').contains(&b))
        };
        let read = |name: &str| match request.headers().get(name).map(|value| value.to_str()) {
            None => Ok(None),
            Some(Ok(text)) if fits(text) => Ok(Some(text.to_owned())),
            Some(_) => {
                let at = format!("#header/{name}");
                Err(Problem::at(
                    &catalogue::MALFORMED_HEADER,
                    &at,
                    Said::new(
                        "deve avere da 1 a 200 caratteri stampabili",
                        "must have 1 to 200 printable characters",
                    ),
                ))
            }
        };
        ready(read("If-Match").and_then(|matches| {
            Ok(Conditions {
                matches,
                matches_none: read("If-None-Match")?,
            })
        }))
    }
}

fn is_tag_list(text: &str) -> bool {
    let quoted = |one: &str| {
        let one = one.trim();
        let one = one.strip_prefix("W/").unwrap_or(one);
        one.len() >= 2 && one.starts_with('"') && one.ends_with('"')
    };
    text == "*" || text.split(',').all(quoted)
}

/// The first of our media types that `Accept` takes; ours are in the order of preference.
///
/// # Errors
/// `not-acceptable` (406).
pub fn negotiate(request: &HttpRequest, ours: &[&'static str]) -> Result<&'static str, Problem> {
    let accept: Vec<&str> = request
        .headers()
        .get_all(header::ACCEPT)
        .filter_map(|value| value.to_str().ok())
        .collect();
    if accept.is_empty() {
        return ours
            .first()
            .copied()
            .ok_or_else(|| Problem::of(&catalogue::NOT_ACCEPTABLE));
    }
    let mut best: Option<(u32, &'static str)> = None;
    for one in ours {
        let weight = accept
            .iter()
            .flat_map(|list| list.split(','))
            .filter_map(|range| weight(range, one))
            .max();
        // A later type of ours must be wanted more than an earlier one, not just as much.
        if let Some((_, per_mille)) = weight
            && per_mille > best.map_or(0, |(w, _)| w)
        {
            best = Some((per_mille, one));
        }
    }
    best.map(|(_, one)| one)
        .ok_or_else(|| Problem::of(&catalogue::NOT_ACCEPTABLE))
}

/// How precisely a range of `Accept` names a media type, and its weight in thousandths.
fn weight(range: &str, media_type: &str) -> Option<(u8, u32)> {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next()?.to_ascii_lowercase();
    let precision = match name.strip_suffix("/*") {
        _ if name == media_type => 2,
        Some(_) if name == "*/*" => 0,
        Some(group) if media_type.split('/').next() == Some(group) => 1,
        Some(_) | None => return None,
    };
    let q = parts.find_map(|p| p.strip_prefix("q=")).unwrap_or("1");
    let (whole, fraction) = q.split_once('.').unwrap_or((q, ""));
    let thousandths = if whole == "1" {
        1000
    } else {
        format!("{fraction:0<3}").parse().unwrap_or(0)
    };
    Some((precision, thousandths))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(matches: Option<&str>, matches_none: Option<&str>) -> Conditions {
        Conditions {
            matches: matches.map(Into::into),
            matches_none: matches_none.map(Into::into),
        }
    }

    #[test]
    fn a_change_needs_the_tag_that_was_read() {
        assert!(Conditions::default().required().is_err());
        let held = conditions(Some("\"3\""), None).required().unwrap();
        assert!(held.check(Some(3)).is_ok());
        assert!(held.check(Some(4)).is_err());
        assert!(held.check(None).is_err());
        assert_eq!(held.revision(), Some(3));
        assert!(conditions(Some("*"), None).check(Some(4)).is_ok());
    }

    #[test]
    fn a_star_creates_only_what_is_not_there() {
        let create = conditions(None, Some("*"));
        assert!(create.check(None).is_ok());
        assert!(create.check(Some(1)).is_err());
        assert!(conditions(None, Some("star")).check(None).is_err());
        assert!(conditions(Some("1"), None).check(Some(1)).is_err());
    }

    #[test]
    fn a_reader_with_the_same_tag_knows_it_already() {
        assert!(conditions(None, Some("\"1\", W/\"2\"")).is_known(2));
        assert!(!conditions(None, Some("\"1\"")).is_known(2));
        assert!(!Conditions::default().is_known(1));
    }

    #[test]
    fn a_condition_is_as_long_as_the_contract_says_and_printable() {
        let read = |text: &str| {
            let request = actix_web::test::TestRequest::default().insert_header(("If-Match", text));
            Conditions::from_request(&request.to_http_request(), &mut Payload::None).into_inner()
        };
        assert_eq!(
            read("\"1\", \"2\"").unwrap().matches.as_deref(),
            Some("\"1\", \"2\"")
        );
        assert!(read(&"a".repeat(200)).is_ok());
        for wrong in ["", " ", "a\tb", "\u{e8}", &"a".repeat(201)] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_preferred_type_that_is_accepted_is_made() {
        let ours = ["application/json", "text/csv"];
        let asked = |accept: Option<&str>| {
            let request = actix_web::test::TestRequest::default();
            let request = accept
                .into_iter()
                .fold(request, |r, a| r.insert_header((header::ACCEPT, a)));
            negotiate(&request.to_http_request(), &ours).ok()
        };
        assert_eq!(asked(None), Some("application/json"));
        assert_eq!(asked(Some("*/*")), Some("application/json"));
        assert_eq!(asked(Some("text/*")), Some("text/csv"));
        assert_eq!(
            asked(Some("text/csv, application/json;q=0.5")),
            Some("text/csv")
        );
        assert_eq!(
            asked(Some("application/json;q=0, */*;q=0.1")),
            Some("text/csv")
        );
        assert_eq!(asked(Some("image/png")), None);
    }
}
