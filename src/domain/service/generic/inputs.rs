//! The answers of an office to what a service asks.

use std::collections::BTreeMap;

use super::GenericInput;
use super::terms::{Asks, ChoiceValue, GenericTerms, Input};
use crate::domain::findings::{Findings, none_of};
use crate::domain::service::DetailsError;

/// Quantities are kept in thousandths.
pub(super) const THOUSAND: i64 = 1000;

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer<'a> {
    /// Thousandths of a unit, and what a unit is.
    Quantity(i64, &'a str),
    /// The value that was chosen.
    Choice(&'a ChoiceValue),
}

/// Every answer by the name of its input.
pub(super) type Answers<'a> = BTreeMap<&'a str, Answer<'a>>;

/// Reads what the details answer; every answer that is missing, unknown, repeated or not allowed is a
/// finding.
pub(super) fn read<'a>(
    given: &[GenericInput],
    terms: &'a GenericTerms,
    findings: &mut Findings,
) -> Answers<'a> {
    let mut answers = Answers::new();
    for (i, one) in given.iter().enumerate() {
        let at = |field: &str| format!("/inputs/{i}/{field}");
        let Some(input) = terms.input(&one.input) else {
            let known: Vec<&str> = terms.inputs.iter().map(|i| i.name.as_str()).collect();
            findings.push(none_of(at("input"), known));
            continue;
        };
        if answers.contains_key(input.name.as_str()) {
            findings.add(at("input"), "è indicato due volte", "is given twice");
            continue;
        }
        // A name that was answered wrongly is not missing as well.
        match answer(&at("value"), &one.value, input) {
            Ok(answer) => answers.insert(&input.name, answer),
            Err(error) => {
                findings.push(error);
                answers.insert(&input.name, Answer::Quantity(0, &input.label))
            }
        };
    }
    for input in &terms.inputs {
        if answers.contains_key(input.name.as_str()) {
            continue;
        }
        match input.default.as_deref().map(|text| answer("", text, input)) {
            Some(Ok(answer)) => {
                answers.insert(&input.name, answer);
            }
            Some(Err(_)) | None => findings.push(missing(input)),
        }
    }
    answers
}

fn missing(input: &Input) -> DetailsError {
    let (it, en) = allowed(input);
    let (name, label) = (&input.name, &input.label);
    DetailsError::new(
        "/inputs",
        format!("manca {name} ({label}): {it}"),
        format!("{name} is missing: {en}"),
    )
}

/// Reads one answer.
///
/// # Errors
/// What is allowed, at the pointer.
pub(super) fn answer<'a>(
    pointer: &str,
    text: &str,
    input: &'a Input,
) -> Result<Answer<'a>, DetailsError> {
    let read = match &input.asks {
        Asks::Quantity { maximum, decimals } => thousandths(text, *decimals)
            .filter(|n| *n <= maximum.saturating_mul(THOUSAND))
            .map(|n| Answer::Quantity(n, &input.label)),
        Asks::Choice(values) => {
            let chosen = values.iter().find(|value| value.value == text);
            chosen.map(Answer::Choice)
        }
    };
    read.ok_or_else(|| {
        let (it, en) = allowed(input);
        DetailsError::new(pointer, it, en)
    })
}

/// What an input takes, in Italian and in English.
fn allowed(input: &Input) -> (String, String) {
    match &input.asks {
        Asks::Quantity {
            maximum,
            decimals: 0,
        } => (
            format!("deve essere un numero intero da 0 a {maximum}"),
            format!("must be a whole number from 0 to {maximum}"),
        ),
        Asks::Quantity { maximum, decimals } => (
            format!(
                "deve essere un numero da 0 a {maximum}, con il punto e al più {decimals} decimali"
            ),
            format!(
                "must be a number from 0 to {maximum}, with a point and at most {decimals} decimals"
            ),
        ),
        Asks::Choice(values) => {
            let known: Vec<&str> = values.iter().map(|value| value.value.as_str()).collect();
            let known = known.join(", ");
            (
                format!("valori ammessi: {known}"),
                format!("the values are {known}"),
            )
        }
    }
}

/// Reads `6.5` as 6500: digits, and a point with as many decimals as are allowed.
fn thousandths(text: &str, decimals: u8) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let most = usize::from(decimals).max(usize::from(!text.contains('.')));
    if !digits(whole) || !digits(part) || whole.len() > 7 || part.len() > most {
        return None;
    }
    let part: i64 = format!("{part:0<3}").parse().ok()?;
    let whole: i64 = whole.parse().ok()?;
    whole.checked_mul(THOUSAND)?.checked_add(part)
}
