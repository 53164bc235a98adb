//! Errors as RFC 9457 problem documents, from one catalogue.

pub mod catalogue;
mod translate;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpResponse, ResponseError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use catalogue::Kind;

use crate::domain::text::Said;

/// The media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Seconds that a refused client is asked to wait when nothing better is known.
const RETRY_SECONDS: u64 = 5;

/// The most field errors in one document.
pub const ERRORS_MAX: usize = 50;

/// An error, RFC 9457.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Problem, example = json!({"type": "https://avvisi.comune.esempio.it/problems/not-found", "title": "Not found", "status": 404, "detail": "There is no such resource, or it belongs to another creditor."}))]
pub struct Document {
    /// Identifies the kind of problem; it can be read at that address.
    #[schema(format = "uri-reference", min_length = 1, max_length = 500)]
    pub r#type: String,
    /// Short sentence, the same for every problem of this kind.
    #[schema(min_length = 1, max_length = 100, pattern = "^[^\\x00-\\x1f\\x7f]+$")]
    pub title: String,
    /// The HTTP status.
    #[schema(format = Int32, minimum = 400, maximum = 599)]
    pub status: u16,
    /// What happened this time.
    #[schema(min_length = 1, max_length = 1000, pattern = "^[^\\x00-\\x1f\\x7f]+$")]
    pub detail: String,
    /// This occurrence: `urn:uuid:` and the value of `Request-Id`. Name it when asking for help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 45,
        max_length = 45,
        pattern = "^urn:uuid:[0-9a-f-]{36}$"
    )]
    pub instance: Option<String>,
    /// What is wrong, field by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(min_items = 0, max_items = 50)]
    pub errors: Vec<FieldProblem>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"pointer": "/details/generic/amount_cents", "detail": "must be at least 1"}))]
pub struct FieldProblem {
    /// JSON pointer (RFC 6901) into the body, or `#query/`, `#path/`, `#header/` and a name.
    #[schema(min_length = 0, max_length = 500, pattern = "^[^\\x00-\\x1f\\x7f]*$")]
    pub pointer: String,
    /// The rule that is broken and what is allowed, in the language that was asked for; it never repeats
    /// the value.
    #[schema(min_length = 1, max_length = 500, pattern = "^[^\\x00-\\x1f\\x7f]+$")]
    pub detail: String,
}

/// What is wrong with one field, before it is known who reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) into the body, or `#query/`, `#path/`, `#header/` and a name.
    pub pointer: String,
    /// The rule that is broken and what is allowed; it never repeats the value.
    pub said: Said,
}

impl FieldError {
    /// An error at a place.
    #[must_use]
    pub fn at(pointer: impl Into<String>, said: Said) -> FieldError {
        FieldError {
            pointer: pointer.into(),
            said,
        }
    }

    fn told(&self, language: Language) -> FieldProblem {
        FieldProblem {
            pointer: printable(&self.pointer, 500),
            detail: sentence(language.of_two(&self.said.it, &self.said.en), 500),
        }
    }
}

/// The language of titles and details, from `Accept-Language`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// The default.
    English,
    /// Asked for by `it`.
    Italian,
}

impl Language {
    /// A sentence in this language.
    #[must_use]
    pub fn of_said(self, said: &Said) -> &str {
        self.of_two(&said.it, &said.en)
    }

    fn of_two<'a>(self, italian: &'a str, english: &'a str) -> &'a str {
        match self {
            Language::Italian => italian,
            Language::English => english,
        }
    }

    /// The first of `it` and `en` that the caller lists; weights are rarely sent and not weighed.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Language {
        let asked = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|v| v.to_str().ok())
            .unwrap_or("");
        let mut tags = asked.split(',').map(|tag| tag.trim().to_ascii_lowercase());
        match tags.find(|tag| tag.starts_with("it") || tag.starts_with("en")) {
            Some(tag) if tag.starts_with("it") => Language::Italian,
            _ => Language::English,
        }
    }
}

/// An occurrence of a kind of problem.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: &'static Kind,
    detail: Option<Said>,
    errors: Vec<FieldError>,
    allow: Option<String>,
    retry_seconds: u64,
}

impl Problem {
    /// A problem that has no more to say than its kind.
    #[must_use]
    pub fn of(kind: &'static Kind) -> Problem {
        Problem {
            kind,
            detail: None,
            errors: Vec::new(),
            allow: None,
            retry_seconds: RETRY_SECONDS,
        }
    }

    /// The same with what happened this time.
    #[must_use]
    pub fn saying(self, detail: Said) -> Problem {
        Problem {
            detail: Some(detail),
            ..self
        }
    }

    /// The same with what is wrong, field by field; the first fifty are shown.
    #[must_use]
    pub fn with(self, mut errors: Vec<FieldError>) -> Problem {
        errors.truncate(ERRORS_MAX);
        Problem { errors, ..self }
    }

    /// One wrong field.
    #[must_use]
    pub fn at(kind: &'static Kind, pointer: &str, said: Said) -> Problem {
        Problem::of(kind).with(vec![FieldError::at(pointer, said)])
    }

    /// Several problems of one request as one: the kind of the first, and every place that any of them
    /// names, each once.
    #[must_use]
    pub fn together(self, others: impl IntoIterator<Item = Problem>) -> Problem {
        let mut errors = self.errors;
        for error in others.into_iter().flat_map(|other| other.errors) {
            if errors.iter().all(|known| known.pointer != error.pointer) {
                errors.push(error);
            }
        }
        Problem {
            errors: Vec::new(),
            ..self
        }
        .with(errors)
    }

    /// Its word and what is wrong, in Italian, for an answer that reports many outcomes.
    #[must_use]
    pub fn in_italian(&self) -> (&'static str, String) {
        let places: Vec<&str> = self.errors.iter().map(|e| e.said.it.as_str()).collect();
        let own = self.detail.as_ref().map(|said| said.it.as_str());
        let why = match places.is_empty() {
            true => own.unwrap_or(self.kind.when.it).to_owned(),
            false => places.join("; "),
        };
        (self.kind.slug, sentence(&why, 500))
    }

    /// The methods that the path has.
    #[must_use]
    pub fn allowing(self, methods: &str) -> Problem {
        Problem {
            allow: Some(methods.to_owned()),
            ..self
        }
    }

    /// When to try again.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Problem {
        Problem {
            retry_seconds: seconds,
            ..self
        }
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// The problem that stands for an error status of the framework.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Problem {
        let same = |kind: &&&Kind| kind.status == status.as_u16();
        let fallback = if status.is_client_error() {
            &catalogue::MALFORMED_REQUEST
        } else {
            &catalogue::INTERNAL_ERROR
        };
        Problem::of(
            catalogue::ALL
                .iter()
                .find(same)
                .copied()
                .unwrap_or(fallback),
        )
    }

    /// The document: `base` is the public address of the engine, without a slash at the end.
    #[must_use]
    pub fn document(
        &self,
        base: &str,
        language: Language,
        request_id: Option<uuid::Uuid>,
    ) -> Document {
        let (title, when) = (self.kind.title, self.kind.when);
        let detail = match &self.detail {
            Some(said) => language.of_two(&said.it, &said.en),
            None => language.of_two(when.it, when.en),
        };
        Document {
            r#type: format!("{base}/problems/{}", self.kind.slug),
            title: language.of_two(title.it, title.en).to_owned(),
            status: self.kind.status,
            detail: sentence(detail, 1000),
            instance: request_id.map(|id| format!("urn:uuid:{id}")),
            errors: self.errors.iter().map(|e| e.told(language)).collect(),
        }
    }

    /// The response that carries a document of this problem.
    #[must_use]
    pub fn response(&self, document: &Document) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((header::CONTENT_TYPE, MEDIA_TYPE));
        if let Some(methods) = &self.allow {
            response.insert_header((header::ALLOW, methods.as_str()));
        }
        match self.kind.status {
            401 => {
                response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
            }
            429 | 503 => {
                response.insert_header((header::RETRY_AFTER, self.retry_seconds.to_string()));
            }
            _ => {}
        }
        response.body(serde_json::to_vec(document).unwrap_or_default())
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind.slug)
    }
}

/// Handlers fail with a problem. The edge finds it among the extensions of the response and writes it
/// again with what only it knows: address, language, request id.
impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = self.response(&self.document("", Language::English, None));
        response.extensions_mut().insert(self.clone());
        response
    }
}

fn printable(text: &str, max: usize) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(max)
        .collect()
}

fn sentence(text: &str, max: usize) -> String {
    let text = printable(text, max);
    if text.trim().is_empty() {
        "-".to_owned()
    } else {
        text
    }
}

/// The catalogue as a page, `openapi/problems.md`.
#[must_use]
pub fn page() -> String {
    let mut page = String::from(
        "# Problems\n\nGenerated from `src/api/problem/catalogue.rs`. Every error of the API is an \
         `application/problem+json` document (RFC 9457); its `type` ends with one of these words.\n",
    );
    for kind in catalogue::ALL {
        page.push_str(&format!(
            "\n## {}\n\n**{} — {}** ({})\n\n*When.* {}\n\n*What to do.* {}\n",
            kind.slug, kind.status, kind.title.en, kind.title.it, kind.when.en, kind.remedy
        ));
    }
    page
}

#[cfg(test)]
mod tests;
