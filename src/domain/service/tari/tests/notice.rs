//! What a notice says beside its amount (ARERA resolution 444/2019, annex A).

use super::*;
use crate::domain::document::{NoticeTopic, TopicEntry};
use crate::domain::service::samples::details;

/// Data of a topic: name and text.
fn facts(topics: &[NoticeTopic], code: &str) -> Vec<(&'static str, String)> {
    let topic = topics.iter().find(|topic| topic.code == code);
    let entries = topic.map_or(&[][..], |topic| &topic.entries).iter();
    let fact = |entry: &TopicEntry| match entry {
        TopicEntry::Fact { code, text, .. } => Some((*code, text.clone())),
        TopicEntry::Sentence(_) => None,
    };
    entries.filter_map(fact).collect()
}

fn sentences(topics: &[NoticeTopic], code: &str) -> Vec<String> {
    let topic = topics.iter().find(|topic| topic.code == code);
    let entries = topic.map_or(&[][..], |topic| &topic.entries).iter();
    let sentence = |entry: &TopicEntry| match entry {
        TopicEntry::Fact { .. } => None,
        TopicEntry::Sentence(text) => Some(text.clone()),
    };
    entries.filter_map(sentence).collect()
}

fn codes(topics: &[NoticeTopic]) -> Vec<&str> {
    topics.iter().map(|topic| topic.code).collect()
}

#[test]
fn a_notice_says_whom_and_what_it_taxes_and_by_which_act() {
    let topics = Tari.topics(&details("tari"), &service("tari"));
    let owned = |facts: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        facts
            .iter()
            .map(|(code, text)| (*code, (*text).to_owned()))
            .collect()
    };
    assert_eq!(facts(&topics, "user"), owned(&[("user_code", "U-000123")]));
    assert_eq!(
        facts(&topics, "premises"),
        owned(&[
            ("premises_code", "UT-000456"),
            ("premises_address", "Via Garibaldi 12"),
            ("cadastral_reference", "foglio 12, particella 345, sub. 6"),
            ("use", "domestica"),
            ("occupants", "3"),
            ("area", "100 m²"),
            ("annex_area", "20 m²"),
            ("period", "dal 01/01/2026 al 31/12/2026"),
            (
                "change",
                "dal 16/09/2026, occupanti 4, superficie 110 m², pertinenze 0 m²"
            ),
            ("reduction", "Compostaggio domestico"),
            (
                "reduction",
                "Zona servita in parte, dal 01/03/2026 al 31/10/2026"
            ),
            ("measured", "19 sacchi"),
        ])
    );
    assert_eq!(
        facts(&topics, "tariff"),
        owned(&[
            ("year", "2026"),
            ("resolution", "delibera C.C. n. 21 del 28/04/2026"),
            ("tefa", "5 % del tributo"),
        ])
    );
    assert_eq!(
        codes(&topics),
        [
            "user",
            "premises",
            "tariff",
            "previous_payments",
            "amount",
            "payment",
            "late_payment",
            "instalments",
            "rectification",
            "declarations",
            "contacts",
            "quality",
        ]
    );
}

#[test]
fn a_business_is_named_by_its_category() {
    let bar = json!({"category": "24", "area_m2": 80, "daily_days": 12});
    let topics = Tari.topics(&bar, &service("tari"));
    assert_eq!(
        facts(&topics, "premises"),
        [
            (
                "use",
                "non domestica, categoria 24 bar, caffè, pasticceria".to_owned()
            ),
            ("area", "80 m²".to_owned()),
            ("period", "12 giorni del 2026".to_owned()),
        ]
    );
}

#[test]
fn earlier_payments_are_spoken_of_when_they_are_known() {
    let of = |unpaid: Value| {
        let mut details = json!({"occupants": 3, "area_m2": 100});
        details["previous_unpaid_cents"] = unpaid;
        sentences(
            &Tari.topics(&details, &service("tari")),
            "previous_payments",
        )
    };
    assert_eq!(
        of(json!(0)),
        ["I pagamenti degli avvisi precedenti risultano regolari."]
    );
    assert!(
        of(json!(123_456))[0].contains("1.234,56 €"),
        "{:?}",
        of(json!(123_456))
    );
    assert_eq!(of(json!(null)), Vec::<String>::new());
    let details = json!({"occupants": 3, "area_m2": 100, "previous_unpaid_cents": -1});
    assert_eq!(
        refused(&details, &service("tari"))[0].0,
        "/previous_unpaid_cents"
    );
}

#[test]
fn the_town_says_it_in_its_own_words_or_not_at_all() {
    let mut service = service("tari");
    service.terms["information"] = json!({
        "contacts": ["Ufficio tributi, tel. 0863 000000.", "tari@comune.example"],
        "quality": [],
    });
    service.terms["minimum_instalment_cents"] = json!(10_000);
    let topics = Tari.topics(&json!({"occupants": 3, "area_m2": 100}), &service);
    assert_eq!(
        sentences(&topics, "contacts"),
        ["Ufficio tributi, tel. 0863 000000.", "tari@comune.example"]
    );
    assert!(!codes(&topics).contains(&"quality"));
    assert_eq!(
        sentences(&topics, "instalments")[1],
        "Nessuna rata può essere inferiore a 100,00 €."
    );
    service.terms["information"] = json!({"contacts": ["x".repeat(501), " "]});
    let errors = Tari.check_terms(&service.terms).unwrap_err();
    let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        ["/information/contacts/0", "/information/contacts/1"]
    );
    service.terms["information"] = json!({"weather": ["sole"]});
    assert!(Tari.check_terms(&service.terms).is_err());
}

#[test]
fn what_cannot_be_read_is_not_spoken_of() {
    assert_eq!(
        Tari.topics(&json!({"area_m2": "x"}), &service("tari")),
        Vec::new()
    );
}
