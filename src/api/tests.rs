//! The edge as a client sees it: every answer is inside the contract, those of the framework included.

use std::sync::{Arc, OnceLock};

use actix_web::body::to_bytes;
use actix_web::test::{TestRequest, init_service};
use actix_web::{App, get};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::app::clients::{self, Key};
use crate::app::creditors::{self, Taxonomy};
use crate::ctx::scratch::Scratch;
use crate::domain::client::{ROLES, Tenant};

mod chain;

const TOWN: &str = "99999000203";
const OTHER: &str = "99999000104";
const ID: &str = "019a0000-0000-7000-8000-000000000001";

/// An engine with two towns and a client for each role of each; it lives as long as the tests.
struct Engine {
    state: web::Data<State>,
    counters: prometheus::Registry,
    _scratch: Scratch,
}

/// The key of a client with one role of a creditor; its number is the role's place.
fn key_of(creditor: &str, role: &str) -> Key {
    let place = ROLES.iter().position(|(name, _)| *name == role).unwrap();
    Key::new(
        Tenant::parse(creditor).unwrap(),
        Uuid::from_u128(u128::try_from(place).unwrap()),
        &[7; 32],
    )
}

fn key(role: &str) -> String {
    format!("Bearer {}", key_of(TOWN, role).reveal())
}

async fn engine(rate_per_second: u32) -> Engine {
    let scratch = Scratch::new();
    let mut ctx = scratch.ctx.clone();
    let mut config = (*ctx.config).clone();
    config.rate_per_second = rate_per_second;
    config.public_url = "https://notices.example.it/".to_owned();
    ctx.config = Arc::new(config);
    for town in ["avezzano", "altopascio"] {
        let file = format!("{}/fixtures/comuni/{town}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(file).unwrap();
        creditors::import_file(&ctx, &text, &Taxonomy::Unlisted)
            .await
            .unwrap();
    }
    for creditor in [TOWN, OTHER, "platform"] {
        for (role, _) in ROLES {
            let (key, roles) = (key_of(creditor, role), [(*role).to_owned()]);
            ctx.write(move |tx, now| clients::issue(tx, now, &key, "test", &roles))
                .await
                .unwrap();
        }
    }
    let counters = prometheus::Registry::new();
    Engine {
        state: web::Data::new(State::new(&ctx, &counters).unwrap()),
        counters,
        _scratch: scratch,
    }
}

/// The engine that most tests share.
async fn shared() -> web::Data<State> {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    if let Some(engine) = ENGINE.get() {
        return engine.state.clone();
    }
    let fresh = engine(100_000).await;
    ENGINE.get_or_init(|| fresh).state.clone()
}

/// An answer, read whole.
struct Answer {
    status: u16,
    headers: actix_web::http::header::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// The problem document, checked for what every answer and every problem has.
    fn problem(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            problem::MEDIA_TYPE,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        for name in [
            "cache-control",
            "ratelimit-limit",
            "ratelimit-remaining",
            "ratelimit-reset",
            "request-id",
        ] {
            assert!(!self.header(name).is_empty(), "{name} is missing");
        }
        let problem: Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem["status"], self.status);
        assert_eq!(
            problem["instance"],
            format!("urn:uuid:{}", self.header("request-id"))
        );
        problem
    }

    fn slug(&self) -> String {
        let problem = self.problem();
        problem["type"]
            .as_str()
            .unwrap()
            .strip_prefix("https://notices.example.it/problems/")
            .unwrap()
            .to_owned()
    }
}

async fn call_on(state: web::Data<State>, request: TestRequest) -> Answer {
    let app = init_service(App::new().configure(|cfg| configure(cfg, state))).await;
    let response = match actix_web::dev::Service::call(&app, request.to_request()).await {
        Ok(response) => response.into_parts().1.map_into_boxed_body(),
        Err(error) => error.error_response(),
    };
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = to_bytes(response.into_body())
        .await
        .unwrap_or_default()
        .to_vec();
    Answer {
        status,
        headers,
        body,
    }
}

async fn call(request: TestRequest) -> Answer {
    call_on(shared().await, request).await
}

fn with(role: &str, request: TestRequest) -> TestRequest {
    request.insert_header(("Authorization", key(role)))
}

fn post(path: &str) -> TestRequest {
    let request = TestRequest::post()
        .uri(path)
        .insert_header(("Idempotency-Key", "\"abcdefgh\""));
    request.insert_header(("Content-Type", "application/json"))
}

#[actix_web::test]
async fn the_status_is_public_and_the_document_and_the_pages_are_served() {
    let status = call(TestRequest::get().uri("/v1/status")).await;
    assert_eq!(status.status, 200);
    assert_eq!(status.header("cache-control"), "no-store");
    let document = call(TestRequest::get().uri("/openapi.json")).await;
    let served: Value = serde_json::from_slice(&document.body).unwrap();
    assert_eq!(served["servers"][0]["url"], "https://notices.example.it/v1");
    let page = call(TestRequest::get().uri("/docs/")).await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, "text/html")
    );
    let text = String::from_utf8(page.body).unwrap();
    assert!(
        !text.contains("https://") && !text.contains("http://"),
        "the page must not load from elsewhere: {text}"
    );
    assert_eq!(
        call(TestRequest::get().uri("/problems/not-found"))
            .await
            .status,
        200
    );
}

#[actix_web::test]
async fn every_documented_operation_is_routed_and_refuses_a_stranger() {
    let contract = Contract::new(&document()).unwrap();
    for (method, path, operation) in contract.operations() {
        let path = path
            .replace("{creditor_tax_code}", TOWN)
            .replace("{service_code}", "TARI-2026")
            .replace("{notice_number}", "301000000000012362")
            .replace("{report}", "receipts-by-day");
        let uri = path
            .split('/')
            .map(|s| if s.starts_with('{') { ID } else { s })
            .collect::<Vec<_>>()
            .join("/");
        let request = || TestRequest::with_uri(&uri).method(method.parse().unwrap());
        let stranger = call(request()).await;
        if operation.public {
            assert_eq!(stranger.status, 200, "{method} {uri}");
            continue;
        }
        assert_eq!(
            (stranger.status, stranger.header("www-authenticate")),
            (401, "Bearer"),
            "{method} {uri}"
        );
        assert_eq!(stranger.slug(), "credentials-required");
        for (role, scopes) in ROLES {
            let answer = call(with(role, request())).await;
            let allowed = operation
                .scopes
                .iter()
                .all(|scope| scopes.contains(&scope.as_str()));
            assert_eq!(
                answer.status == 403,
                !allowed,
                "{role} {method} {uri}: {}",
                answer.status
            );
            assert!(
                ![405, 401, 500].contains(&answer.status),
                "{role} {method} {uri}: {}",
                answer.status
            );
        }
    }
}

#[actix_web::test]
async fn a_wrong_secret_and_another_scheme_are_strangers() {
    let wrong = Key::new(Tenant::parse(TOWN).unwrap(), Uuid::from_u128(0), &[8; 32]).reveal();
    for value in [
        format!("Bearer {wrong}"),
        key("portal").replace("Bearer", "Basic"),
        "Bearer test".to_owned(),
    ] {
        let request = TestRequest::get()
            .uri("/v1/debt-positions")
            .insert_header(("Authorization", value));
        assert_eq!(call(request).await.slug(), "credentials-required");
    }
}

#[actix_web::test]
async fn a_wrong_method_says_which_are_right() {
    let answer = call(TestRequest::delete().uri("/v1/debt-positions")).await;
    assert_eq!(
        (answer.slug().as_str(), answer.header("allow")),
        ("method-not-allowed", "GET, HEAD, POST")
    );
    let answer = call(
        TestRequest::default()
            .method("TRACE".parse().unwrap())
            .uri("/v1/status"),
    )
    .await;
    assert_eq!(
        (answer.slug().as_str(), answer.header("allow")),
        ("method-not-allowed", "GET, HEAD")
    );
}

#[actix_web::test]
async fn a_head_is_answered_as_its_get() {
    let answer = call(
        TestRequest::default()
            .method("HEAD".parse().unwrap())
            .uri("/v1/status"),
    )
    .await;
    assert_eq!(answer.status, 200);
}

#[actix_web::test]
async fn paths_that_name_nothing_are_not_found() {
    for uri in [
        "/",
        "/v1",
        "/v1/status/",
        "/v1//status",
        "/v1/unknown",
        "/v1/debt-positions/x",
        "/v1/debt-positions/%00",
        "/v1/debt-positions/%ff",
        "/v1/debt-positions/%2f",
        "/v1/creditors/1/notices/301000000000012362",
    ] {
        assert_eq!(
            call(with("portal", TestRequest::get().uri(uri)))
                .await
                .slug(),
            "not-found",
            "{uri}"
        );
    }
    let other = "/v1/creditors/99999000104/notices/301000000000012362";
    assert_eq!(
        call(with("portal", TestRequest::get().uri(other)))
            .await
            .slug(),
        "not-found"
    );
}

#[actix_web::test]
async fn bodies_that_cannot_be_read_are_told_apart() {
    let create = || with("portal", post("/v1/debt-positions"));
    for body in ["", "{", "\u{feff}{}", "{\"a\":1e400}", "nul"] {
        assert_eq!(
            call(create().set_payload(body)).await.slug(),
            "malformed-body",
            "{body}"
        );
    }
    assert_eq!(
        call(create().set_payload(&b"\"\xff\""[..])).await.slug(),
        "malformed-body"
    );
    assert_eq!(
        call(create().set_payload("[".repeat(100_000))).await.slug(),
        "malformed-body"
    );
    let twice = r#"{"service_code": "TARI", "debtor": {"type": "person", "type": "body"}}"#;
    let refused = call(create().set_payload(twice)).await;
    assert_eq!(refused.slug(), "contract-violation");
    assert_eq!(
        refused.problem()["errors"],
        json!([{"pointer": "/debtor/type", "detail": "is given more than once"}])
    );
    let large = "x".repeat(input::JSON_BYTES_MAX + 1);
    assert_eq!(
        call(create().set_payload(large)).await.slug(),
        "content-too-large"
    );
    for media_type in [
        "text/plain",
        "application/jsonx",
        "application/merge-patch+json",
    ] {
        let request = create()
            .insert_header(("Content-Type", media_type))
            .set_payload("{}");
        assert_eq!(
            call(request).await.slug(),
            "unsupported-media-type",
            "{media_type}"
        );
    }
}

#[actix_web::test]
async fn a_body_outside_the_contract_is_refused_with_every_place() {
    let body = json!({"service_code": "", "debtor": {"type": "x", "tax_code": "a\u{0}", "full_name": "Anna"}, "extra": 1});
    let answer = call(with("portal", post("/v1/debt-positions")).set_json(body)).await;
    assert_eq!(answer.slug(), "contract-violation");
    let problem = answer.problem();
    let mut pointers: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["pointer"].as_str().unwrap())
        .collect();
    pointers.sort_unstable();
    pointers.dedup();
    assert_eq!(
        pointers,
        [
            "/debtor/tax_code",
            "/debtor/type",
            "/details",
            "/extra",
            "/service_code"
        ]
    );
    assert!(!problem.to_string().contains("Anna"));
}

#[actix_web::test]
async fn an_intent_to_create_needs_a_key_of_the_right_form() {
    let request = || with("portal", TestRequest::post().uri("/v1/debt-positions"));
    assert_eq!(call(request()).await.slug(), "missing-header");
    assert_eq!(
        call(request().insert_header(("Idempotency-Key", "short")))
            .await
            .slug(),
        "malformed-header"
    );
}

#[actix_web::test]
async fn queries_are_held_to_the_contract() {
    for query in [
        "limit=0",
        "limit=201",
        "limit=x",
        "cursor=x",
        "unknown=1",
        "limit=1&limit=2",
        "status=open",
    ] {
        let answer = call(with(
            "portal",
            TestRequest::get().uri(&format!("/v1/debt-positions?{query}")),
        ))
        .await;
        assert_eq!(answer.slug(), "contract-violation", "{query}");
    }
    let answer = call(TestRequest::get().uri("/v1/status?x=1")).await;
    assert_eq!(answer.slug(), "contract-violation");
}

#[actix_web::test]
async fn a_change_without_the_tag_that_was_read_is_refused() {
    let patch = || {
        let request = TestRequest::patch().uri(&format!("/v1/debt-positions/{ID}"));
        let request = request.insert_header(("Content-Type", "application/merge-patch+json"));
        with("portal", request).set_payload("{\"state\":\"cancelled\"}")
    };
    assert_eq!(call(patch()).await.slug(), "precondition-required");
}

#[actix_web::test]
async fn a_file_that_cannot_be_made_is_not_acceptable() {
    let request = || {
        with(
            "auditor",
            TestRequest::get().uri("/v1/reports/receipts-by-day"),
        )
    };
    assert_eq!(
        call(request().insert_header(("Accept", "image/png")))
            .await
            .slug(),
        "not-acceptable"
    );
    assert_ne!(
        call(request().insert_header(("Accept", "text/csv")))
            .await
            .status,
        406
    );
}

#[actix_web::test]
async fn titles_are_italian_for_who_asks_and_the_request_id_is_the_callers() {
    let id = "019a0000-0000-7000-8000-00000000abcd";
    let request = TestRequest::get()
        .uri("/v1/unknown")
        .insert_header(("Accept-Language", "it"));
    let answer = call(request.insert_header(("Request-Id", id))).await;
    assert_eq!(answer.problem()["title"], "Non trovato");
    assert_eq!(answer.header("request-id"), id);
    let answer = call(
        TestRequest::get()
            .uri("/v1/unknown")
            .insert_header(("Request-Id", "x y")),
    )
    .await;
    assert!(Uuid::parse_str(answer.header("request-id")).is_ok());
}

#[actix_web::test]
async fn a_quota_that_is_used_up_is_a_problem_with_the_time_to_wait() {
    let engine = engine(1).await;
    let state = engine.state.clone();
    let ask = || TestRequest::get().uri("/v1/status");
    assert_eq!(call_on(state.clone(), ask()).await.status, 200);
    let answer = call_on(state, ask()).await;
    assert_eq!(
        (answer.slug().as_str(), answer.header("retry-after")),
        ("too-many-requests", "1")
    );
    assert_eq!(answer.header("ratelimit-remaining"), "0");
}

#[get("/panic")]
async fn panics() -> HttpResponse {
    panic!("seeded")
}

#[actix_web::test]
async fn a_panic_is_an_internal_error_without_its_cause() {
    let state = shared().await;
    let held = state.clone();
    let around = from_fn(move |request: ServiceRequest, next: Next<_>| {
        edge::edge(held.clone(), request, next)
    });
    let app = init_service(App::new().service(web::scope("").wrap(around).service(panics))).await;
    let error =
        actix_web::dev::Service::call(&app, TestRequest::get().uri("/panic").to_request()).await;
    let response = match error {
        Ok(response) => response.into_parts().1.map_into_boxed_body(),
        Err(error) => error.error_response(),
    };
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = to_bytes(response.into_body()).await.unwrap().to_vec();
    let answer = Answer {
        status,
        headers,
        body,
    };
    assert_eq!(answer.slug(), "internal-error");
    assert!(!answer.problem().to_string().contains("seeded"));
}

#[actix_web::test]
async fn requests_are_counted_and_the_counters_are_not_for_the_public() {
    let Engine {
        state, counters, ..
    } = &engine(100_000).await;
    call_on(state.clone(), TestRequest::get().uri("/v1/status")).await;
    let text = prometheus::TextEncoder::new()
        .encode_to_string(&counters.gather())
        .unwrap();
    assert!(
        text.contains("avviso_http_requests_total{operation=\"show_status\",status=\"200\"} 1"),
        "{text}"
    );
    for path in ["/metrics", "/live", "/ready"] {
        let answer = call_on(state.clone(), TestRequest::get().uri(path)).await;
        assert_eq!(answer.slug(), "not-found");
    }
}
