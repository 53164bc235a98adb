//! Search by any identifier: what people type, made comparable, and what in a position's details can be
//! looked for.

mod wording;

use std::collections::BTreeSet;

use serde_json::Value;

pub use wording::{Wording, kept_words, words};

/// Longest mark that is kept, in characters.
const MARK_CHARS_MAX: usize = 64;

/// What of a position's details people look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MarkKind {
    /// Number plate of a vehicle.
    Plate,
    /// Number of a police report (verbale).
    Report,
    /// Tax code of somebody beside the debtor: a pupil, a joint debtor.
    Person,
    /// The creditor's own code of a pupil, a contract, a file.
    Code,
}

names!(MarkKind, {
    MarkKind::Plate => "plate",
    MarkKind::Report => "report",
    MarkKind::Person => "person",
    MarkKind::Code => "code",
});

/// Capital letters and digits only: `AB 123-cd` and `ab123CD` are the same plate.
#[must_use]
pub fn normalised(text: &str) -> String {
    // A capital may come with marks of its own, so what is kept is decided last.
    let upper = text.chars().flat_map(char::to_uppercase);
    let kept = upper.filter(|c| c.is_alphanumeric());
    kept.take(MARK_CHARS_MAX).collect()
}

/// What kind of mark the member of the details with this name holds.
fn kind(name: &str) -> Option<MarkKind> {
    match name {
        "plate" | "number_plate" => Some(MarkKind::Plate),
        "report_number" => Some(MarkKind::Report),
        _ if name.ends_with("tax_code") => Some(MarkKind::Person),
        "pupil_code" | "contract_code" | "contract_number" | "file_number" | "protocol_number"
        | "user_code" | "premises_code" => Some(MarkKind::Code),
        _ => None,
    }
}

/// The marks in details of any kind: members are known by their names, wherever they stand.
#[must_use]
pub fn marks(details: &Value) -> BTreeSet<(MarkKind, String)> {
    let mut found = BTreeSet::new();
    let mut open = vec![details];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => {
                for (name, member) in members {
                    let text = member.as_str().map(normalised);
                    let mark = kind(name).zip(text.filter(|text| !text.is_empty()));
                    found.extend(mark);
                    open.push(member);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    found
}

/// One text in the forms in which identifiers are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// As typed, its ends trimmed.
    pub typed: String,
    /// In capital letters without blanks, as flows and tax codes are kept.
    pub joined: String,
    /// As marks are kept.
    pub normalised: String,
    /// As a number, when it is one of at most 18 digits.
    pub number: Option<i64>,
}

impl Sought {
    /// Reads what was typed; `None` when nothing is left of it.
    #[must_use]
    pub fn read(text: &str) -> Option<Sought> {
        let typed = text.trim();
        let joined: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        let normalised = normalised(typed);
        let digits = joined.len() <= 18 && joined.bytes().all(|byte| byte.is_ascii_digit());
        (!normalised.is_empty()).then(|| Sought {
            number: digits.then(|| joined.parse().ok()).flatten(),
            typed: typed.to_owned(),
            joined: joined.to_uppercase(),
            normalised,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn marks_are_found_wherever_they_stand() {
        let details = json!({
            "report_number": "V/2026-123", "plate": "ab 123 cd", "amount_cents": 5, "note": "ab123cd",
            "pupils": [{"pupil_tax_code": "RSSMRA85T10A562S", "pupil_code": "m-7"}, {"pupil_code": " "}],
        });
        let mark = |kind, text: &str| (kind, text.to_owned());
        let expected = [
            mark(MarkKind::Plate, "AB123CD"),
            mark(MarkKind::Report, "V2026123"),
            mark(MarkKind::Person, "RSSMRA85T10A562S"),
            mark(MarkKind::Code, "M7"),
        ];
        assert_eq!(marks(&details), BTreeSet::from(expected));
        assert!(marks(&json!("plate")).is_empty());
    }

    #[test]
    fn what_is_typed_is_read_in_every_form() {
        let sought = Sought::read(" 2026-03-03 pspX-1 ").unwrap();
        assert_eq!(sought.typed, "2026-03-03 pspX-1");
        assert_eq!(sought.joined, "2026-03-03PSPX-1");
        assert_eq!(sought.normalised, "20260303PSPX1");
        assert_eq!(sought.number, None);
        assert_eq!(Sought::read("000345").unwrap().number, Some(345));
        assert_eq!(Sought::read(&"9".repeat(19)).unwrap().number, None);
        assert_eq!(Sought::read(" -/ "), None);
    }

    #[test]
    fn a_capital_that_comes_with_a_mark_is_normalised_once() {
        assert_eq!(normalised("ὐ"), "Υ");
        assert_eq!(normalised(&normalised("ὐ")), "Υ");
    }

    proptest! {
        #[test]
        fn normalising_twice_is_normalising_once(text in ".{0,100}") {
            let once = normalised(&text);
            prop_assert_eq!(normalised(&once), once);
        }

        #[test]
        fn any_text_is_read_without_panic(text in ".{0,100}") {
            let _ = Sought::read(&text);
        }
    }
}
