use std::collections::BTreeSet;

use actix_web::http::header::HeaderValue;

use super::*;

fn sources(folder: &str, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(path.to_str().unwrap(), into);
        } else if !path.ends_with("catalogue.rs") && !path.ends_with("tests.rs") {
            into.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_entry_is_unique_and_used() {
    let slugs: BTreeSet<_> = catalogue::ALL.iter().map(|kind| kind.slug).collect();
    assert_eq!(slugs.len(), catalogue::ALL.len());
    let mut text =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/api.rs")).unwrap();
    sources(concat!(env!("CARGO_MANIFEST_DIR"), "/src/api"), &mut text);
    for name in catalogue::NAMES {
        assert!(
            text.contains(&format!("catalogue::{name}")),
            "{name} is never answered"
        );
    }
    assert!(catalogue::ALL.is_sorted_by_key(|kind| kind.status));
}

#[test]
fn every_entry_is_within_the_bounds_of_the_contract() {
    for kind in catalogue::ALL {
        assert!((400..600).contains(&kind.status));
        for said in [kind.title.en, kind.title.it] {
            assert!((1..=100).contains(&said.chars().count()));
        }
        assert!(
            kind.slug
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b == b'-')
        );
    }
}

#[test]
fn the_first_language_that_we_speak_is_answered() {
    let of = |text: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(text));
        Language::of(&headers)
    };
    assert_eq!(of("de, it-IT;q=0.8, en;q=0.5"), Language::Italian);
    assert_eq!(of("en-GB, it"), Language::English);
    assert_eq!(of("fr"), Language::English);
    assert_eq!(Language::of(&HeaderMap::new()), Language::English);
}

#[test]
fn a_document_carries_no_control_characters_and_at_most_fifty_errors() {
    let errors = vec![FieldError::at("/a\u{0}b", Said::new("sì", "\n")); 60];
    let problem = Problem::of(&catalogue::NOT_FOUND)
        .saying(Said::new("c", "a\tb"))
        .with(errors);
    let document = problem.document("https://x", Language::English, None);
    assert_eq!(document.detail, "a b");
    assert_eq!(document.errors.len(), 50);
    let first = |detail: &str| FieldProblem {
        pointer: "/a b".into(),
        detail: detail.into(),
    };
    assert_eq!(document.errors[0], first("-"));
    assert_eq!(document.r#type, "https://x/problems/not-found");
    let document = problem.document("https://x", Language::Italian, None);
    assert_eq!(
        (document.detail.as_str(), &document.errors[0]),
        ("c", &first("sì"))
    );
}

#[test]
fn problems_of_one_request_name_each_place_once() {
    let at = |pointer: &str, en: &str| FieldError::at(pointer, Said::new("-", en));
    let contract = Problem::of(&catalogue::CONTRACT_VIOLATION).with(vec![at("/a", "first")]);
    let rules = Problem::of(&catalogue::RULE_VIOLATION);
    let rules = rules.with(vec![at("/a", "second"), at("/b", "third")]);
    let one = contract.together([rules]);
    assert_eq!(one.kind(), &catalogue::CONTRACT_VIOLATION);
    let errors = one.document("", Language::English, None).errors;
    let told: Vec<(&str, &str)> = errors
        .iter()
        .map(|error| (error.pointer.as_str(), error.detail.as_str()))
        .collect();
    assert_eq!(told, [("/a", "first"), ("/b", "third")]);
}

#[test]
fn the_committed_page_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/problems.md");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, page()).unwrap();
    }
    assert!(
        std::fs::read_to_string(path).unwrap_or_default() == page(),
        "openapi/problems.md is stale: UPDATE_OPENAPI=1"
    );
}
