//! The REST door under bad input: a precise problem, and nothing changed.

use actix_web::http::Method;
use serde_json::{Value, json};

use crate::rest::Call;
use crate::soap::check_text;

fn lamps() -> Value {
    json!({
        "service_code": "LAMPADE",
        "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
        "details": {"generic": crate::given::of_lamps(1)},
    })
}

/// The body with one value changed, by pointer; `null` takes it out.
fn with(pointer: &str, value: Value) -> Value {
    let mut body = lamps();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        parent.remove(name);
    } else {
        parent.insert(name.to_owned(), value);
    }
    body
}

/// What is answered to each of these calls in a language.
async fn complaints(cases: &[(&str, Call)], language: &str) -> String {
    let mut answers = String::new();
    for (name, call) in cases {
        let call = call.clone().header("accept-language", language);
        let reply = call.send().await;
        assert!(
            reply.status.is_client_error(),
            "{name}: {}",
            reply.complaint()
        );
        answers.push_str(&format!("{name}: {}\n", reply.complaint()));
    }
    answers
}

both_databases! {
    async fn bad_positions_are_refused_with_the_place_and_the_rule(app: TestApp) {
        let office = app.office().await;
        let path = "/debt-positions";
        let post = |body: &Value| office.post(path, body);
        let raw = |bytes: &[u8]| post(&lamps()).bytes("application/json", bytes.to_vec());
        let deep = format!("{}1{}", "[".repeat(2000), "]".repeat(2000));
        let cases: Vec<(&str, Call)> = vec![
            ("unknown field", post(&with("/colour", json!("red")))),
            ("unknown field below", post(&with("/debtor/nickname", json!("Gino")))),
            ("unknown detail", post(&with("/details/generic/colour", json!("red")))),
            ("missing debtor", post(&with("/debtor", Value::Null))),
            ("null debtor", raw(br#"{"service_code": "LAMPADE", "debtor": null, "details": {"generic": {}}}"#)),
            ("array for an object", post(&json!(["LAMPADE"]))),
            ("too many", post(&with("/details/generic/inputs/0/value", json!("51")))),
            ("unknown input", post(&with("/details/generic/inputs/0/input", json!("candles")))),
            ("beyond 64 bits", raw(
                lamps().to_string().replace("{\"inputs\"", "{\"amount_cents\":99999999999999999999,\"inputs\"").as_bytes())),
            ("NUL in a name", post(&with("/debtor/full_name", json!("Mario\u{0}Rossi")))),
            ("long name", post(&with("/debtor/full_name", json!("x".repeat(71))))),
            ("empty name", post(&with("/debtor/full_name", json!("")))),
            ("wrong tax code", post(&with("/debtor/tax_code", json!("RSSMRA85T10A562X")))),
            ("two kinds", post(&with("/details/fine", json!({})))),
            ("no kind", post(&with("/details", json!({})))),
            ("other kind", post(&with("/details", json!({"tari": {}})))),
            ("unknown service", post(&with("/service_code", json!("LUNA-PARK")))),
            ("impossible day", post(&with("/issued_date", json!("2026-02-30")))),
            ("number of others", post(&with("/notice_numbers", json!(["302000000000000083"])))),
            ("wrong check digits", post(&with("/notice_numbers", json!(["301000000000000100"])))),
            ("not JSON", raw(b"service_code=LAMPADE")),
            ("empty", raw(b"")),
            ("cut off", raw(&lamps().to_string().as_bytes()[..40])),
            ("byte order mark", raw(format!("\u{feff}{}", lamps()).as_bytes())),
            ("invalid UTF-8", raw(b"{\"service_code\": \"\xff\"}")),
            ("lone surrogate", raw(br#"{"service_code": "\ud800"}"#)),
            ("deep", raw(deep.as_bytes())),
            ("two megabytes", post(&with("/description", json!("x".repeat(2_000_000))))),
            ("no content type", post(&lamps()).without("content-type")),
            ("wrong content type", post(&lamps()).header("content-type", "application/xml")),
            ("no key", post(&lamps()).without("idempotency-key")),
            ("short key", post(&lamps()).header("idempotency-key", "short")),
            ("unknown parameter", office.post("/debt-positions?colour=red", &lamps())),
            ("unknown page size", office.get("/debt-positions?limit=0")),
            ("page size twice", office.get("/debt-positions?limit=1&limit=2")),
            ("no cursor", office.get("/debt-positions?cursor=last")),
            ("no id", office.get("/debt-positions/first")),
            ("unknown id", office.get("/debt-positions/01890000-0000-7000-8000-000000000000")),
            ("unknown path", office.get("/debts")),
            ("trailing slash", office.get("/debt-positions/")),
            ("unknown method", office.call(Method::DELETE, "/debt-positions")),
            ("patch without a tag", office
                .patch("/debt-positions/01890000-0000-7000-8000-000000000000", "\"1\"", &json!({"state": "open"}))
                .without("if-match")),
            ("stranger", app.stranger().get("/debt-positions")),
            ("stranger who writes", app.stranger().post(path, &lamps())),
            ("auditor who writes", app.client(&app.town(), &["auditor"]).await.post(path, &lamps())),
            ("portal that reads flows", app.client(&app.town(), &["portal"]).await.get("/settlement-flows")),
            ("operator without a town", app.operator().await.post(path, &lamps())),
        ];
        let before = app.dump();
        for (language, snapshot) in [("en", "bad_positions"), ("it", "bad_positions_it")] {
            check_text(snapshot, &complaints(&cases, language).await);
        }
        assert_eq!(app.dump(), before, "a refusal changes nothing");
    }

    async fn everything_that_is_wrong_is_told_at_once_and_in_both_languages(app: TestApp) {
        let office = app.office().await;
        // What the contract bounds, what the debtor's codes forbid and what the service does not know, of a
        // household, of a family, of a report.
        let bodies = [
            ("tari", json!({
                "service_code": "TARI",
                "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562X", "full_name": "\u{a0}"},
                "details": {"tari": {
                    "occupants": 3, "area_m2": -1, "occupied_from": "2024-01-01",
                    "reductions": ["compost"], "plan": "thirty"}},
            })),
            ("canteen", json!({
                "service_code": "MENSA",
                "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
                "details": {"canteen": {
                    "resident": true, "isee": [{"isee_cents": 1234567.891}],
                    "months": [{"year": 2026, "month": 13, "pupils": []}]}},
            })),
            ("fine", json!({
                "service_code": "CDS-VERBALI",
                "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
                "details": {"fine": {
                    "report_number": "V/1", "costs_cents": -5,
                    "violations": [{"article": "999-9", "committed_on": "2026-03-10", "at_night": false}]}},
            })),
        ];
        let before = app.dump();
        let mut answers = String::new();
        for (name, body) in &bodies {
            for language in ["en", "it"] {
                let priced = json!({"service_code": body["service_code"], "details": body["details"]});
                for (path, body) in [("/debt-positions", body), ("/assessments", &priced)] {
                    let reply = office.post(path, body).header("accept-language", language).send().await;
                    assert_eq!(reply.status, 422, "{}", reply.complaint());
                    let problem = reply.json();
                    answers.push_str(&format!(
                        "{name} {path} {language}\n  {}: {}\n", problem["title"], problem["detail"]));
                    for error in problem["errors"].as_array().unwrap() {
                        answers.push_str(&format!("  {} {}\n", error["pointer"], error["detail"]));
                    }
                    let text = String::from_utf8_lossy(&reply.body).into_owned();
                    for typed in ["1234567", "999-9", "compost\"", "thirty", "RSSMRA85T10A562X"] {
                        assert!(!text.contains(typed), "{typed} is repeated: {text}");
                    }
                }
            }
        }
        check_text("everything_at_once", &answers);
        assert_eq!(app.dump(), before, "a refusal changes nothing");
    }
}
