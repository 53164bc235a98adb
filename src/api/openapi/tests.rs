use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::api::contract::Contract;
use crate::domain::client::ROLES;

#[test]
fn the_committed_document_is_current() {
    let now = printed();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/avviso.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == now,
        "openapi/avviso.json is stale: UPDATE_OPENAPI=1"
    );
    assert_eq!(now, printed(), "two emissions differ");
}

#[test]
fn every_operation_compiles_and_its_scopes_are_granted_by_some_role() {
    let contract = Contract::new(&document()).unwrap();
    let granted: BTreeSet<&str> = ROLES
        .iter()
        .flat_map(|(_, scopes)| scopes.iter().copied())
        .collect();
    let mut public = Vec::new();
    for (method, path, operation) in contract.operations() {
        for scope in &operation.scopes {
            assert!(
                granted.contains(scope.as_str()),
                "{method} {path}: nobody has {scope}"
            );
        }
        if operation.public {
            public.push(path);
        }
    }
    assert_eq!(public, ["/v1/status"]);
    assert!(contract.operations().count() >= 30);
}

#[test]
fn details_have_one_property_for_each_kind() {
    let document = document();
    let details = document
        .pointer("/components/schemas/PositionDetails")
        .unwrap();
    assert_eq!(
        (&details["minProperties"], &details["maxProperties"]),
        (&json!(1), &json!(1))
    );
    for kind in service::ALL {
        assert!(
            details["properties"].get(kind.code()).is_some(),
            "{}",
            kind.code()
        );
    }
}

#[test]
fn every_instruction_to_create_carries_an_idempotency_key() {
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(post) = item.get("post") else {
            continue;
        };
        let keyed = post["parameters"]
            .as_array()
            .is_some_and(|p| p.iter().any(|p| p["name"] == "Idempotency-Key"));
        // A search and a price are questions, however long.
        let asks = path.ends_with("searches") || path == "/assessments";
        assert_eq!(keyed, !asks, "{path}");
    }
}
