use super::*;

fn contract() -> Contract {
    let document = json!({
        "paths": {"/things/{thing_id}": {"put": {
            "operationId": "replace_thing",
            "security": [{"client": []}],
            "x-required-scopes": ["things:write"],
            "parameters": [
                {"in": "path", "name": "thing_id", "required": true, "schema": {"type": "string", "format": "uuid"}},
                {"in": "query", "name": "limit", "schema": {"type": "integer", "minimum": 1, "maximum": 200}},
                {"in": "query", "name": "deep", "schema": {"type": "boolean"}},
            ],
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
            "responses": {"200": {"content": {"application/json": {}}}},
        }}},
        "components": {"schemas": {
            "Thing": {"type": "object", "required": ["amount_cents", "full_name"], "additionalProperties": false,
                "properties": {"amount_cents": {"type": "integer", "minimum": 1}, "full_name": {"$ref": "#/components/schemas/Line"}}},
            "Line": {"type": "string", "pattern": "^[^\\x00-\\x1f]+$", "maxLength": 5},
        }},
    });
    Contract::new(&document).unwrap()
}

fn operation() -> Arc<Operation> {
    contract()
        .operation("PUT", "/v1/things/{thing_id}")
        .unwrap()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

fn pointers(problem: &Problem) -> Vec<String> {
    assert_eq!(problem.kind(), &catalogue::CONTRACT_VIOLATION);
    problem
        .document("", crate::api::problem::Language::English, None)
        .errors
        .into_iter()
        .map(|e| e.pointer)
        .collect()
}

#[test]
fn scopes_and_media_types_are_read_from_the_document() {
    let operation = operation();
    assert_eq!(operation.scopes, ["things:write"]);
    assert!(!operation.public);
    assert!(operation.takes("application/json") && !operation.takes("text/csv"));
    assert_eq!(operation.answers, ["application/json"]);
    assert_eq!(contract().allowed("/v1/things/x"), Some("PUT"));
    assert_eq!(contract().allowed("/v1/things"), None);
}

#[test]
fn every_wrong_field_is_named_at_once_and_no_value_is_repeated() {
    let body = json!({"amount_cents": 0, "full_name": "secret name", "extra/part": 1});
    let problem = operation()
        .check_body("application/json", body)
        .unwrap_err();
    let document = problem.document("", crate::api::problem::Language::English, None);
    let text = serde_json::to_string(&document).unwrap();
    assert!(!text.contains("secret"), "{text}");
    let mut found = pointers(&problem);
    found.sort();
    assert_eq!(found, ["/amount_cents", "/extra~1part", "/full_name"]);
}

#[test]
fn a_missing_field_is_pointed_at_where_it_should_be() {
    let problem = operation()
        .check_body("application/json", json!({"amount_cents": 1}))
        .unwrap_err();
    assert_eq!(pointers(&problem), ["/full_name"]);
}

#[test]
fn an_array_is_no_object_and_nul_is_no_text() {
    assert!(
        operation()
            .check_body("application/json", json!([1, "x"]))
            .is_err()
    );
    let body = json!({"amount_cents": 1, "full_name": "a\u{0}"});
    assert_eq!(
        pointers(
            &operation()
                .check_body("application/json", body)
                .unwrap_err()
        ),
        ["/full_name"]
    );
}

#[test]
fn a_whole_float_is_an_integer() {
    let body = json!({"amount_cents": 5.0, "full_name": "x"});
    assert_eq!(
        operation().check_body("application/json", body).unwrap(),
        json!({"amount_cents": 5, "full_name": "x"})
    );
    assert!(
        operation()
            .check_body(
                "application/json",
                json!({"amount_cents": 5.5, "full_name": "x"})
            )
            .is_err()
    );
}

#[test]
fn query_parameters_are_typed_known_and_given_once() {
    let operation = operation();
    assert_eq!(
        operation
            .check_query(pairs(&[("limit", "7"), ("deep", "true")]))
            .unwrap(),
        json!({"limit": 7, "deep": true})
    );
    for wrong in [
        &[("limit", "201")][..],
        &[("limit", "x")],
        &[("deep", "1")],
        &[("unknown", "1")],
        &[("limit", "1"), ("limit", "2")],
    ] {
        let problem = operation.check_query(pairs(wrong)).unwrap_err();
        assert_eq!(
            pointers(&problem),
            [format!("#query/{}", wrong[0].0)],
            "{wrong:?}"
        );
    }
}

#[test]
fn a_path_out_of_bounds_names_nothing() {
    let operation = operation();
    assert_eq!(
        operation
            .check_path(pairs(&[("thing_id", "x")]))
            .unwrap_err()
            .kind(),
        &catalogue::NOT_FOUND
    );
    assert!(
        operation
            .check_path(pairs(&[(
                "thing_id",
                "019a0000-0000-7000-8000-000000000001"
            )]))
            .is_ok()
    );
}
