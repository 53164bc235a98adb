//! What a broken bound of the contract says: the rule and what is allowed, in Italian for officers and in
//! English for developers. Names of properties are shown where they are; values that were sent never are.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Broken};
use serde_json::Value;

use crate::api::problem::FieldError;
use crate::domain::text::Said;

/// Patterns of the contract that people can be told in words.
const PATTERNS: [(&str, &str, &str); 6] = [
    (
        "^[^\\x00-\\x1f\\x7f-\\x9f]+$",
        "deve essere una riga di testo, senza caratteri di controllo",
        "must be one line of text, without control characters",
    ),
    (
        "^([0-9]{11}|[A-Z0-9]{16})$",
        "deve avere 16 lettere maiuscole e cifre (persona) o 11 cifre (ente)",
        "must have 16 capital letters and digits (a person) or 11 digits (a body)",
    ),
    ("^[0-9]{11}$", "deve avere 11 cifre", "must have 11 digits"),
    (
        "^[0-3][0-9]{17}$",
        "deve avere 18 cifre, la prima da 0 a 3",
        "must have 18 digits, the first from 0 to 3",
    ),
    (
        "^[A-Z]{2}$",
        "deve avere due lettere maiuscole",
        "must have two capital letters",
    ),
    (
        "^IT[0-9]{2}[A-Z][0-9]{10}[A-Z0-9]{12}$",
        "deve essere un IBAN italiano, 27 caratteri che cominciano con IT",
        "must be an Italian IBAN, 27 characters that begin with IT",
    ),
];

/// Formats of the contract that people can be told in words.
const FORMATS: [(&str, &str, &str); 4] = [
    (
        "date",
        "deve essere una data del calendario, AAAA-MM-GG",
        "must be a date of the calendar, YYYY-MM-DD",
    ),
    (
        "date-time",
        "deve essere un istante RFC 3339, AAAA-MM-GGThh:mm:ssZ",
        "must be an instant of RFC 3339, YYYY-MM-DDThh:mm:ssZ",
    ),
    ("uuid", "deve essere un UUID", "must be a UUID"),
    (
        "email",
        "deve essere un indirizzo di posta elettronica",
        "must be an e-mail address",
    ),
];

/// One broken rule as field errors.
pub(super) fn explain(error: &ValidationError<'_>, place: &str) -> Vec<FieldError> {
    let at = format!("{place}{}", error.instance_path());
    let inside = |name: &str| format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "only these rules name other places than their own"
    )]
    match error.kind() {
        Broken::AdditionalProperties { unexpected } => unexpected
            .iter()
            .map(|name| {
                let said = Said::new("non è previsto dal contratto", "is not in the contract");
                FieldError::at(inside(name), said)
            })
            .collect(),
        Broken::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![FieldError::at(
                inside(name),
                Said::new("è obbligatorio", "is required"),
            )]
        }
        _ => vec![FieldError::at(at.as_str(), rule(error))],
    }
}

/// The rule that the value at a place breaks.
fn rule(error: &ValidationError<'_>) -> Said {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the contract uses no other rules; were one added, it would be told in English"
    )]
    match error.kind() {
        Broken::Type { kind } => typed(kind),
        Broken::Enum { options } => one_of(options),
        Broken::Pattern { pattern } => in_words(&PATTERNS, pattern)
            .unwrap_or_else(|| said("deve rispettare il modello", "must match", pattern)),
        Broken::Format { format } => in_words(&FORMATS, format)
            .unwrap_or_else(|| said("deve avere il formato", "must have the form of a", format)),
        Broken::Minimum { limit } => said("deve essere almeno", "must be at least", limit),
        Broken::Maximum { limit } => said("deve essere al massimo", "must be at most", limit),
        Broken::MinLength { limit } => counted("almeno", "at least", *limit, CHARACTERS),
        Broken::MaxLength { limit } => counted("al massimo", "at most", *limit, CHARACTERS),
        Broken::MinItems { limit } => counted("almeno", "at least", *limit, ITEMS),
        Broken::MaxItems { limit } => counted("al massimo", "at most", *limit, ITEMS),
        Broken::MinProperties { limit } => counted("almeno", "at least", *limit, PROPERTIES),
        Broken::MaxProperties { limit } => counted("al massimo", "at most", *limit, PROPERTIES),
        Broken::UniqueItems => {
            Said::new("non può avere elementi ripetuti", "must not repeat items")
        }
        _ => Said::new("non rispetta il contratto", error.masked().to_string()),
    }
}

/// Things that are counted, one and several, in Italian and in English.
type Counted = [&'static str; 4];

const CHARACTERS: Counted = ["carattere", "caratteri", "character", "characters"];
const ITEMS: Counted = ["elemento", "elementi", "item", "items"];
const PROPERTIES: Counted = ["proprietà", "proprietà", "property", "properties"];

fn said(it: &str, en: &str, what: impl std::fmt::Display) -> Said {
    Said::new(format!("{it} {what}"), format!("{en} {what}"))
}

fn counted(it: &str, en: &str, limit: u64, [uno, molti, one, many]: Counted) -> Said {
    let (cose, things) = if limit == 1 {
        (uno, one)
    } else {
        (molti, many)
    };
    Said::new(
        format!("deve avere {it} {limit} {cose}"),
        format!("must have {en} {limit} {things}"),
    )
}

fn in_words(known: &[(&str, &str, &str)], rule: &str) -> Option<Said> {
    let (_, it, en) = known.iter().find(|(known, _, _)| *known == rule)?;
    Some(Said::new(*it, *en))
}

fn one_of(options: &Value) -> Said {
    let options: Vec<String> = options
        .as_array()
        .into_iter()
        .flatten()
        .map(|option| {
            let text = option.as_str().map(str::to_owned);
            text.unwrap_or_else(|| option.to_string())
        })
        .collect();
    said("deve essere uno di:", "must be one of:", options.join(", "))
}

fn typed(kind: &TypeKind) -> Said {
    let name = match kind {
        TypeKind::Single(kind) => kind.to_string(),
        TypeKind::Multiple(_) => String::new(),
    };
    let (it, en) = match name.as_str() {
        "integer" => ("un numero intero", "a whole number"),
        "number" => ("un numero", "a number"),
        "string" => ("un testo", "a text"),
        "boolean" => ("true o false", "true or false"),
        "array" => ("un elenco", "a list"),
        "object" => ("un oggetto", "an object"),
        _ => ("del tipo previsto", "of the type in the contract"),
    };
    Said::new(format!("deve essere {it}"), format!("must be {en}"))
}
