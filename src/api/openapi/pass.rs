//! The pass over the emitted JSON.

use serde_json::{Map, Value, json};

use super::super::contract::PREFIX;
use super::super::problem::{MEDIA_TYPE, catalogue};

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// Reusable error responses: status, component name, sentence.
const ERRORS: [(&str, &str, &str); 15] = [
    ("400", "BadRequest", "The request is malformed."),
    (
        "401",
        "Unauthorized",
        "Credentials are missing or not valid.",
    ),
    ("403", "Forbidden", "The credentials do not allow this."),
    ("404", "NotFound", "There is no such resource."),
    (
        "406",
        "NotAcceptable",
        "None of the accepted media types can be made.",
    ),
    (
        "409",
        "Conflict",
        "The state of things does not allow this.",
    ),
    (
        "412",
        "PreconditionFailed",
        "The resource is not as the caller knows it.",
    ),
    ("413", "ContentTooLarge", "The body is too large."),
    (
        "415",
        "UnsupportedMediaType",
        "The media type of the body is not supported.",
    ),
    (
        "422",
        "UnprocessableContent",
        "The request breaks the contract or a rule.",
    ),
    (
        "428",
        "PreconditionRequired",
        "The change needs a precondition.",
    ),
    (
        "429",
        "TooManyRequests",
        "Too many requests; try again after the stated time.",
    ),
    (
        "500",
        "InternalServerError",
        "Something failed on our side.",
    ),
    (
        "503",
        "ServiceUnavailable",
        "The service cannot answer now; try again after the stated time.",
    ),
    ("304", "NotModified", "The caller has this version already."),
];

/// Turns what utoipa emitted into the published contract.
pub(super) fn finish(mut document: Value, kinds: &[(&str, String)]) -> Value {
    head(&mut document);
    details(&mut document, kinds);
    components(&mut document);
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        for (path, item) in paths.iter_mut() {
            for method in METHODS {
                if let Some(operation) = item.get_mut(method) {
                    finish_operation(operation, path, method);
                }
            }
        }
    }
    prune(&mut document);
    bound(&mut document);
    document
}

fn set(value: &mut Value, key: &str, to: Value) {
    if let Some(object) = value.as_object_mut() {
        object.insert(key.to_owned(), to);
    }
}

fn child<'a>(value: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    value
        .as_object_mut()
        .map(|object| object.entry(key).or_insert_with(|| json!({})))
}

/// The fields of the head that utoipa has no place for.
fn head(document: &mut Value) {
    const SUMMARY: &str =
        "Payment notices of public bodies, from the charge to the reconciled cent";
    set(
        document,
        "jsonSchemaDialect",
        json!("https://spec.openapis.org/oas/3.1/dialect/base"),
    );
    if let Some(info) = child(document, "info") {
        set(info, "version", json!(env!("CARGO_PKG_VERSION")));
        set(info, "summary", json!(SUMMARY));
        set(info, "x-summary", json!(SUMMARY));
        set(
            info,
            "x-api-id",
            json!("019a0000-0000-7000-8000-00000a771500"),
        );
    }
    set(
        document,
        "servers",
        json!([{
            "url": format!("https://{{host}}{PREFIX}"),
            "description": "Production installation of the public body.",
            "x-internal": false,
            "variables": {"host": {
                "default": "avvisi.comune.esempio.it",
                "description": "Where the public body runs it.",
            }},
        }]),
    );
    set(document, "security", json!([{ "client": [] }]));
}

/// `details` is one object with exactly one property, named by the kind and described by it.
fn details(document: &mut Value, kinds: &[(&str, String)]) {
    let mut properties = Map::new();
    for (code, name) in kinds {
        properties.insert(
            (*code).to_owned(),
            json!({ "$ref": format!("#/components/schemas/{name}") }),
        );
    }
    let codes: Vec<&str> = kinds.iter().map(|(code, _)| *code).collect();
    let schema = |name: &str| format!("/components/schemas/{name}");
    let example = kinds.iter().rev().find_map(|(code, name)| {
        let example = document.pointer(&schema(name))?.get("example")?;
        Some(json!({ *code: example }))
    });
    let object = json!({
        "type": "object",
        "description": "What the price is made of: one property, named by the kind of the service.",
        "properties": properties, "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
    });
    let Some(schemas) = document.pointer_mut("/components/schemas") else {
        return;
    };
    set(schemas, super::DETAILS, object);
    if let Some(kind) = schemas.get_mut("KindCode") {
        *kind = json!({
            "type": "string", "enum": codes, "description": "Kind of a service: the code that prices it.",
        });
    }
    for body in ["/NewDebtPosition/example", "/NewAssessment/example"] {
        if let (Some(example), Some(body)) = (&example, schemas.pointer_mut(body)) {
            set(body, "details", example.clone());
        }
    }
}

fn integer_header(description: &str, maximum: i64, example: i64) -> Value {
    json!({
        "description": description, "example": example,
        "schema": {"type": "integer", "format": "int32", "minimum": 0, "maximum": maximum},
    })
}

fn text_header(description: &str, max: i64, pattern: &str, example: &str) -> Value {
    json!({
        "description": description, "example": example,
        "schema": {"type": "string", "minLength": 1, "maxLength": max, "pattern": pattern},
    })
}

/// The components that the macros cannot fill: headers, responses, the security scheme.
fn components(document: &mut Value) {
    const LINE: &str = "^[!-~ ]+$";
    const UUID: &str = "^[0-9a-f-]{36}$";
    let Some(components) = child(document, "components") else {
        return;
    };
    set(
        components,
        "headers",
        json!({
            "CacheControl": text_header("How the answer may be cached: `no-store` for personal data.", 100, LINE, "no-store"),
            "EntityTag": text_header("Version of the resource.", 21, "^\"[0-9]{1,19}\"$", "\"1\""),
            "RateLimitLimit": integer_header("Requests allowed in the window.", 1_000_000, 2000),
            "RateLimitRemaining": integer_header("Requests left in the window.", 1_000_000, 1999),
            "RateLimitReset": integer_header("Seconds until the window is whole again.", 86_400, 1),
            "RequestId": text_header("Identifier of the request, the caller's own if it sent a UUID.", 36, UUID, "019a0000-0000-7000-8000-000000000001"),
            "RetryAfter": integer_header("Seconds to wait before another try.", 86_400, 5),
        }),
    );
    let mut responses = Map::new();
    for (status, name, sentence) in ERRORS {
        responses.insert(name.to_owned(), error_response(status, sentence));
    }
    set(components, "responses", Value::Object(responses));
    set(
        components,
        "securitySchemes",
        json!({"client": {
            "type": "http", "scheme": "bearer", "bearerFormat": "API key",
            "description": "Key of a client, `avk_<creditor>_<client>_<secret>`. `x-required-scopes` of an operation \
                names the scopes that the client's roles must grant.",
        }}),
    );
}

/// An error response, with the types of problem that the catalogue has for its status.
fn error_response(status: &str, sentence: &str) -> Value {
    let mut headers = common_headers(status);
    let mut header = |name: &str, value: Value| {
        headers.insert(name.to_owned(), value);
    };
    match status {
        "304" => {
            header("ETag", json!({"$ref": "#/components/headers/EntityTag"}));
            return json!({"description": sentence, "headers": headers});
        }
        "401" => header(
            "WWW-Authenticate",
            text_header("How to authenticate.", 200, "^[!-~ ]+$", "Bearer"),
        ),
        "429" | "503" => header(
            "Retry-After",
            json!({"$ref": "#/components/headers/RetryAfter"}),
        ),
        _ => {}
    }
    let slugs: Vec<String> = catalogue::ALL
        .iter()
        .filter(|kind| kind.status.to_string() == status)
        .map(|kind| format!("`{}`", kind.slug))
        .collect();
    json!({
        "description": format!("{sentence} Types: {}.", slugs.join(", ")),
        "headers": headers,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    })
}

/// The headers that every answer of a status has.
fn common_headers(_status: &str) -> Map<String, Value> {
    [
        ("Cache-Control", "CacheControl"),
        ("RateLimit-Limit", "RateLimitLimit"),
        ("RateLimit-Remaining", "RateLimitRemaining"),
        ("RateLimit-Reset", "RateLimitReset"),
        ("Request-Id", "RequestId"),
    ]
    .into_iter()
    .map(|(name, component)| {
        (
            name.to_owned(),
            json!({"$ref": format!("#/components/headers/{component}")}),
        )
    })
    .collect()
}

/// Common headers, and the errors that an operation can give by what it is.
fn finish_operation(operation: &mut Value, path: &str, method: &str) {
    let public = operation.get("security") == Some(&json!([{}]));
    // Scopes on an http scheme are lawful in 3.1, but linters refuse them: they stand beside.
    if let Some(scopes) = operation.pointer("/security/0/client").cloned() {
        set(operation, "security", json!([{ "client": [] }]));
        set(operation, "x-required-scopes", scopes);
    }
    for parameter in operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        not_null(parameter);
    }
    let body = operation.get("requestBody").is_some();
    let parameters = operation
        .get("parameters")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let has_header = |name: &str| {
        parameters
            .iter()
            .any(|p| p.get("name") == Some(&json!(name)))
    };
    let input = body || !parameters.is_empty();
    let changes = method == "post" || path.ends_with("/notification");
    let versioned = changes && has_header("If-Match");
    let Some(responses) = child(operation, "responses").and_then(Value::as_object_mut) else {
        return;
    };
    let mut several = false;
    for (status, response) in responses.iter_mut() {
        let media_types = response
            .get("content")
            .and_then(Value::as_object)
            .map_or(0, Map::len);
        several |= media_types > 1;
        let mut headers = common_headers(status);
        let own = response
            .get("headers")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        headers.extend(own);
        set(response, "headers", Value::Object(headers));
    }
    for (status, name, _) in ERRORS {
        let wanted = match status {
            "304" => method == "get" && has_header("If-None-Match"),
            "401" | "403" => !public,
            "400" | "422" => input,
            "404" => path.contains('{'),
            "406" => several,
            "409" => {
                matches!(method, "put" | "patch")
                    || has_header("Idempotency-Key")
                    // What can no longer be paid has no price and no print.
                    || path.ends_with("/amount")
                    || path.ends_with("/pdf")
                    // A report has no file before it is made.
                    || path.ends_with("/file")
            }
            "412" => matches!(method, "put" | "patch") || has_header("If-Match"),
            "428" => method == "patch" || versioned,
            "413" | "415" => body,
            _ => true,
        };
        if wanted {
            let reference = json!({"$ref": format!("#/components/responses/{name}")});
            responses.entry(status).or_insert(reference);
        }
    }
}

/// An optional header is one that may be left out, and never null.
fn not_null(parameter: &mut Value) {
    let null = json!({"type": "null"});
    let Some(either) = parameter.pointer("/schema/oneOf").and_then(Value::as_array) else {
        return;
    };
    if let Some(schema) = either.iter().find(|schema| **schema != null).cloned() {
        set(parameter, "schema", schema);
        set(parameter, "required", json!(false));
    }
}

/// Drops components that nothing points at.
fn prune(document: &mut Value) {
    loop {
        let text = document.to_string();
        let mut dropped = false;
        for kind in ["schemas", "responses", "headers"] {
            let Some(found) = document
                .pointer_mut(&format!("/components/{kind}"))
                .and_then(Value::as_object_mut)
            else {
                continue;
            };
            let before = found.len();
            found.retain(|name, _| text.contains(&format!("#/components/{kind}/{name}\"")));
            dropped |= found.len() != before;
        }
        if !dropped {
            return;
        }
    }
}

/// utoipa writes uuid, date and date-time without a length; every string has a bound.
fn bound(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let text = members.get("type") == Some(&json!("string"));
            let length = match members.get("format").and_then(Value::as_str) {
                Some("uuid") => Some(36),
                Some("date") => Some(10),
                Some("date-time") => Some(35),
                Some(_) | None => None,
            };
            if let (true, Some(length), false) = (text, length, members.contains_key("maxLength")) {
                members.insert("maxLength".to_owned(), json!(length));
            }
            for (key, member) in members.iter_mut() {
                if key != "example" && key != "examples" {
                    bound(member);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(bound),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
