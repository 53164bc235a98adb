//! Reading what people typed: every broken rule at once, each with its place and what is allowed.

use std::ops::RangeInclusive;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::service::DetailsError;
use crate::domain::text::Text;

/// The broken rules found so far.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<DetailsError>);

impl Findings {
    /// Notes a broken rule, in Italian and in English. It never repeats what was typed: that may be
    /// personal.
    pub(crate) fn add(
        &mut self,
        pointer: impl Into<String>,
        it: impl Into<String>,
        en: impl Into<String>,
    ) {
        self.0.push(DetailsError::new(pointer, it, en));
    }

    /// Notes a broken rule that is known already.
    pub(crate) fn push(&mut self, error: DetailsError) {
        self.0.push(error);
    }

    /// A whole number within bounds.
    pub(crate) fn range(
        &mut self,
        pointer: impl Into<String>,
        value: i64,
        allowed: RangeInclusive<i64>,
    ) {
        if !allowed.contains(&value) {
            let (low, high) = allowed.into_inner();
            self.add(
                pointer,
                format!("deve essere un numero intero da {low} a {high}"),
                format!("must be a whole number from {low} to {high}"),
            );
        }
    }

    /// A count of things within bounds.
    pub(crate) fn count(
        &mut self,
        pointer: impl Into<String>,
        count: usize,
        allowed: RangeInclusive<usize>,
    ) {
        if !allowed.contains(&count) {
            let (low, high) = allowed.into_inner();
            self.add(
                pointer,
                format!("deve avere da {low} a {high} elementi"),
                format!("must have {low} to {high} items"),
            );
        }
    }

    /// A printable text of at most `N` characters; blanks at its ends are not counted.
    pub(crate) fn text<const N: usize>(&mut self, pointer: impl Into<String>, text: &str) {
        if Text::<N>::parse(text).is_err() {
            let rule = "non tutti spazi e senza caratteri di controllo";
            self.add(
                pointer,
                format!("deve avere da 1 a {N} caratteri, {rule}"),
                format!(
                    "must have 1 to {N} characters, not all blank and none a control character"
                ),
            );
        }
    }

    /// A day of this century.
    pub(crate) fn day(&mut self, pointer: impl Into<String>, day: Day) {
        use chrono::Datelike;
        if !(2000..=2099).contains(&day.year()) {
            self.add(
                pointer,
                "deve essere una data dal 2000-01-01 al 2099-12-31",
                "must be a date from 2000-01-01 to 2099-12-31",
            );
        }
    }

    /// The tax code of a person: 16 characters in capital letters, with the right check character.
    pub(crate) fn person(&mut self, pointer: impl Into<String>, code: &str) {
        let is_a_person = || FiscalCode::parse(code).is_ok_and(|parsed| parsed.as_str() == code);
        if code.len() != 16 {
            self.add(
                pointer,
                "deve avere 16 caratteri",
                "must have 16 characters",
            );
        } else if !is_a_person() {
            self.add(
                pointer,
                "non è il codice fiscale di una persona, in lettere maiuscole, con il carattere di controllo giusto",
                "is not the tax code of a person, in capital letters, with the right check character",
            );
        }
    }

    /// Nothing found, or everything that was found.
    pub(crate) fn result(self) -> Result<(), Vec<DetailsError>> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.0)
        }
    }
}

/// A code that the terms of the service do not have, with those that they have.
pub(crate) fn none_of<'a>(
    pointer: impl Into<String>,
    known: impl IntoIterator<Item = &'a str>,
) -> DetailsError {
    let known: Vec<&str> = known.into_iter().collect();
    if known.is_empty() {
        return DetailsError::new(
            pointer,
            "il servizio non ne prevede",
            "the service has none of these",
        );
    }
    let known = known.join(", ");
    DetailsError::new(
        pointer,
        format!("valori previsti dal servizio: {known}"),
        format!("the service knows {known}"),
    )
}

/// Reads a JSON value into a closed struct.
///
/// # Errors
/// The first thing that does not fit, with its pointer; serde stops there.
pub(crate) fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Vec<DetailsError>> {
    if !value.is_object() {
        // serde would take an array for a struct.
        return Err(vec![DetailsError::new(
            "",
            "valore non ammesso; atteso: un oggetto",
            "not allowed; expected: an object",
        )]);
    }
    let error = match T::deserialize(value) {
        Ok(read) => return Ok(read),
        Err(error) => error,
    };
    // An error on a value has no place. Printed one member a line, its line number is one.
    let pretty = serde_json::to_string_pretty(value).unwrap_or_default();
    match serde_json::from_str::<T>(&pretty) {
        Ok(read) => Ok(read),
        Err(placed) if placed.line() > 0 => {
            let pointer = pointer_at(&pretty, placed.line());
            Err(vec![explain(pointer, &placed.to_string())])
        }
        Err(_) => Err(vec![explain(String::new(), &error.to_string())]),
    }
}

/// What serde says, without what the caller typed.
fn explain(pointer: String, error: &str) -> DetailsError {
    let error = error.split(" at line ").next().unwrap_or(error);
    if let Some(field) = error.strip_prefix("missing field ") {
        // Where it should be, as the contract points at it.
        let pointer = format!("{pointer}/{}", field.trim_matches('`'));
        return DetailsError::new(pointer, "è obbligatorio", "is required");
    }
    let expected = error.rsplit_once(", expected ").map(|(_, what)| what);
    let Some(what) = expected else {
        return DetailsError::new(
            pointer,
            "valore non ammesso; una data si scrive AAAA-MM-GG",
            "not allowed; a date is written YYYY-MM-DD",
        );
    };
    let (it, en) = match what {
        "i64" | "u32" | "i32" => ("un numero intero".to_owned(), "a whole number"),
        "a string" => ("un testo".to_owned(), "a text"),
        "a boolean" => ("true o false".to_owned(), "true or false"),
        "a sequence" => ("un elenco".to_owned(), "a list"),
        "a formatted date string" => ("una data AAAA-MM-GG".to_owned(), "a date YYYY-MM-DD"),
        other if other.starts_with("struct") => ("un oggetto".to_owned(), "an object"),
        other => {
            let names = other.trim_start_matches("one of ");
            (names.replace(" or ", " o "), names)
        }
    };
    if error.starts_with("unknown field") {
        return DetailsError::new(
            pointer,
            format!("campo sconosciuto; campi ammessi: {it}"),
            format!("unknown field; the fields are {en}"),
        );
    }
    DetailsError::new(
        pointer,
        format!("valore non ammesso; atteso: {it}"),
        format!("not allowed; expected: {en}"),
    )
}

/// A container still open while reading the printed JSON.
struct Open {
    token: String,
    /// Index of the next element, in arrays.
    next: Option<usize>,
}

/// The JSON pointer of what stands on a line of pretty-printed JSON (counted from 1).
fn pointer_at(pretty: &str, line: usize) -> String {
    let mut open: Vec<Open> = Vec::new();
    let mut lines = pretty.lines().take(line).map(str::trim).peekable();
    let mut here = None;
    while let Some(text) = lines.next() {
        let is_last = lines.peek().is_none();
        if text.starts_with(['}', ']']) {
            if !is_last {
                open.pop();
            }
            continue;
        }
        let token = match open.last_mut() {
            None => None,
            Some(Open {
                next: Some(index), ..
            }) => {
                let token = index.to_string();
                *index = index.saturating_add(1);
                Some(token)
            }
            Some(Open { next: None, .. }) => text.split_once("\": ").map(|(key, _)| {
                key.trim_start_matches('"')
                    .replace('~', "~0")
                    .replace('/', "~1")
            }),
        };
        if is_last {
            here = token;
        } else if text.ends_with(['{', '[']) {
            let next = text.ends_with('[').then_some(0);
            open.push(Open {
                token: token.unwrap_or_default(),
                next,
            });
        }
    }
    let parents = open.into_iter().skip(1).map(|container| container.token);
    parents
        .chain(here)
        .map(|token| format!("/{token}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "read only to be refused")]
        area: i64,
        #[expect(dead_code, reason = "read only to be refused")]
        rows: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "read only to be refused")]
        on: Day,
    }

    fn refused(value: &Value) -> (String, String, String) {
        let mut errors = read::<Outer>(value).unwrap_err();
        assert_eq!(errors.len(), 1);
        let error = errors.pop().unwrap();
        (error.pointer, error.said.it, error.said.en)
    }

    #[test]
    fn what_does_not_fit_is_found_at_its_place_and_not_repeated() {
        let on = |on: &str| json!({ "on": on });
        for (value, pointer, it, en) in [
            (
                json!({"rows": []}),
                "/area",
                "è obbligatorio",
                "is required",
            ),
            (
                json!({"area": "PIPPO", "rows": []}),
                "/area",
                "valore non ammesso; atteso: un numero intero",
                "not allowed; expected: a whole number",
            ),
            (
                json!({"area": 1.5, "rows": []}),
                "/area",
                "valore non ammesso; atteso: un numero intero",
                "not allowed; expected: a whole number",
            ),
            (
                json!({"area": 1, "rows": {}}),
                "/rows",
                "valore non ammesso; atteso: un elenco",
                "not allowed; expected: a list",
            ),
            (
                json!({"area": 1, "rows": [], "x/y": 1}),
                "/x~1y",
                "campo sconosciuto; campi ammessi: `area` o `rows`",
                "unknown field; the fields are `area` or `rows`",
            ),
            (
                json!({"area": 1, "rows": [on("2026-01-01"), {}]}),
                "/rows/1/on",
                "è obbligatorio",
                "is required",
            ),
            (
                json!({"area": 1, "rows": [on("2026-01-01"), on("2026-13-01")]}),
                "/rows/1/on",
                "valore non ammesso; una data si scrive AAAA-MM-GG",
                "not allowed; a date is written YYYY-MM-DD",
            ),
            (
                json!([]),
                "",
                "valore non ammesso; atteso: un oggetto",
                "not allowed; expected: an object",
            ),
            (
                json!("PIPPO"),
                "",
                "valore non ammesso; atteso: un oggetto",
                "not allowed; expected: an object",
            ),
        ] {
            assert_eq!(
                refused(&value),
                (pointer.to_owned(), it.to_owned(), en.to_owned()),
                "{value}"
            );
        }
    }
}
