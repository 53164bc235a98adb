//! The REST door as an office calls it. Every answer is held against the published document: the operation,
//! its status, the headers and the body; an answer that the document does not promise fails its test.

use actix_web::http::header::HeaderMap;
use actix_web::http::{Method, StatusCode};
use actix_web::{App, test, web};
use avviso::api;
use avviso::app::clients::{self, Key};
use avviso::domain::client::{ROLES, Tenant};
use avviso::domain::fiscal_code::FiscalCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::TestApp;

/// Who calls.
#[derive(Clone)]
pub(crate) struct Caller {
    app: TestApp,
    key: Option<String>,
}

/// A request before it is sent.
#[derive(Clone)]
pub(crate) struct Call {
    caller: Caller,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

/// An answer, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl TestApp {
    /// A client of the town that may do everything.
    pub(crate) async fn office(&self) -> Caller {
        let every: Vec<&str> = ROLES.iter().map(|(role, _)| *role).collect();
        self.client(&self.town(), &every).await
    }

    /// A client of a body with these roles.
    pub(crate) async fn client(&self, creditor: &FiscalCode, roles: &[&str]) -> Caller {
        self.holder(Tenant::Creditor(creditor.clone()), roles).await
    }

    /// The operator of the platform.
    pub(crate) async fn operator(&self) -> Caller {
        self.holder(Tenant::Platform, &["admin"]).await
    }

    async fn holder(&self, tenant: Tenant, roles: &[&str]) -> Caller {
        let key = Key::new(tenant, self.ctx.ids.next(), &[7; 32]);
        let text = key.reveal();
        let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
        let issue = move |tx: &mut avviso::store::Tx<'_>, now| {
            clients::issue(tx, now, &key, "test", &roles)
        };
        self.ctx.write(issue).await.unwrap();
        Caller {
            app: self.clone(),
            key: Some(format!("Bearer {text}")),
        }
    }

    /// Somebody without a key.
    pub(crate) fn stranger(&self) -> Caller {
        Caller {
            app: self.clone(),
            key: None,
        }
    }
}

impl Caller {
    pub(crate) fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// Posts JSON under a key of its own.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Call {
        let key = format!("key-{}", Uuid::simple(self.app.ctx.ids.next()));
        self.call(Method::POST, path)
            .header("idempotency-key", &key)
            .json(body)
    }

    pub(crate) fn put(&self, path: &str, body: &Value) -> Call {
        self.call(Method::PUT, path).json(body)
    }

    /// A merge patch of the revision that was read.
    pub(crate) fn patch(&self, path: &str, tag: &str, body: &Value) -> Call {
        let call = self
            .call(Method::PATCH, path)
            .header("if-match", tag)
            .json(body);
        call.header("content-type", "application/merge-patch+json")
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        Call {
            caller: self.clone(),
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }
}

impl Call {
    /// Sets a header, in place of one with this name.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Call {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Leaves a header out.
    pub(crate) fn without(mut self, name: &str) -> Call {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn json(self, body: &Value) -> Call {
        self.bytes("application/json", body.to_string().into_bytes())
    }

    pub(crate) fn bytes(self, media_type: &str, body: Vec<u8>) -> Call {
        let mut call = self.header("content-type", media_type);
        call.body = Some(body);
        call
    }

    /// The name of the operation that is called.
    pub(crate) fn operation_id(&self) -> String {
        let path = self.path.split('?').next().unwrap();
        let found = operation(&self.method, path).unwrap();
        found["operationId"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn send(self) -> Reply {
        let state = self.caller.app.rest_state();
        let door = App::new().configure(|cfg| api::configure(cfg, state));
        let door = test::init_service(door).await;
        let mut request =
            test::TestRequest::with_uri(&format!("/v1{}", self.path)).method(self.method.clone());
        if let Some(key) = &self.caller.key {
            request = request.insert_header(("authorization", key.as_str()));
        }
        for (name, value) in &self.headers {
            request = request.insert_header((name.as_str(), value.as_str()));
        }
        if let Some(body) = self.body {
            request = request.set_payload(body);
        }
        let response = match actix_web::dev::Service::call(&door, request.to_request()).await {
            Ok(response) => response.into_parts().1.map_into_boxed_body(),
            Err(error) => error.error_response(),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        let body = actix_web::body::to_bytes(response.into_body())
            .await
            .unwrap()
            .to_vec();
        let reply = Reply {
            status,
            headers,
            body,
        };
        let path = self.path.split('?').next().unwrap();
        promised(&self.method, path, &reply);
        reply
    }
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The JSON of an answer with this status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        self.json()
    }

    /// The last segment of a problem's type.
    pub(crate) fn slug(&self) -> String {
        let problem = self.json();
        let kind = problem["type"].as_str().unwrap_or("no problem");
        kind.rsplit('/').next().unwrap().to_owned()
    }

    /// Status and problem with its field errors, for snapshots.
    pub(crate) fn complaint(&self) -> String {
        let problem = self.json();
        let mut text = format!("{} {}", self.status.as_u16(), self.slug());
        for error in problem["errors"].as_array().into_iter().flatten() {
            text.push_str(&format!(
                " [{} {}]",
                error["pointer"].as_str().unwrap(),
                error["detail"].as_str().unwrap()
            ));
        }
        text
    }
}

/// The published document.
pub(crate) fn document() -> &'static Value {
    static DOCUMENT: std::sync::OnceLock<Value> = std::sync::OnceLock::new();
    DOCUMENT.get_or_init(api::document)
}

/// The operation that a request calls.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let segments: Vec<&str> = path.split('/').collect();
    let (_, item) = document()["paths"]
        .as_object()
        .unwrap()
        .iter()
        .find(|(template, _)| {
            let template: Vec<&str> = template.split('/').collect();
            template.len() == segments.len()
                && template
                    .iter()
                    .zip(&segments)
                    .all(|(t, s)| t.starts_with('{') || t == s)
        })?;
    item.get(method.as_str().to_ascii_lowercase())
}

fn resolved(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(reference) => document()
            .pointer(reference.strip_prefix('#').unwrap())
            .unwrap(),
        None => value,
    }
}

/// Asserts that the document promises this answer.
#[track_caller]
fn promised(method: &Method, path: &str, reply: &Reply) {
    let shown = || {
        format!(
            "{method} {path}: {} {}",
            reply.status,
            String::from_utf8_lossy(&reply.body)
        )
    };
    let Some(operation) = operation(method, path) else {
        assert!(
            matches!(reply.status.as_u16(), 404 | 405),
            "not in the document: {}",
            shown()
        );
        return;
    };
    let responses = operation["responses"].as_object().unwrap();
    let status = reply.status.as_u16().to_string();
    let response = responses.get(&status).or_else(|| responses.get("default"));
    let response = resolved(response.unwrap_or_else(|| panic!("undocumented status: {}", shown())));
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        let required = resolved(header)["required"].as_bool().unwrap_or(false);
        assert!(
            !required || reply.headers.contains_key(name.as_str()),
            "{name} is missing: {}",
            shown()
        );
    }
    let Some(content) = response["content"].as_object() else {
        assert!(
            reply.body.is_empty(),
            "a body was not promised: {}",
            shown()
        );
        return;
    };
    let media_type = reply
        .header("content-type")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let media = content.get(&media_type);
    let media = media.unwrap_or_else(|| panic!("{media_type} was not promised: {}", shown()));
    if media_type.ends_with("json") {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "components": document()["components"],
            "allOf": [media["schema"]],
        });
        let validator = jsonschema::validator_for(&schema).unwrap();
        let faults: Vec<String> = validator
            .iter_errors(&reply.json())
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(faults, Vec::<String>::new(), "{}", shown());
    }
}

/// The state of the door, made once for each engine.
pub(crate) fn state(app: &TestApp) -> web::Data<api::State> {
    web::Data::new(api::State::new(&app.ctx, &prometheus::Registry::new()).unwrap())
}
