//! From answers to rows: each one exact rational, rounded once.

use super::GenericDetails;
use super::inputs::{Answer, Answers, THOUSAND};
use super::terms::{Condition, Factor, GenericTerms, Price, PriceRow};
use crate::domain::money::{Cents, MoneyError, ratio};
use crate::domain::service::Row;

/// The rows of the price, without those that come to nothing.
///
/// # Errors
/// [`MoneyError`] for a row or sum beyond all bounds.
pub(super) fn price(
    details: &GenericDetails,
    terms: &GenericTerms,
    answers: &Answers<'_>,
) -> Result<Vec<Row>, MoneyError> {
    let mut rows: Vec<Row> = Vec::new();
    for row in &terms.rows {
        if !holds(&row.when, answers, &rows)? {
            continue;
        }
        let amount = amount(row, details, (answers, &rows))?;
        if amount != Cents::ZERO {
            let label = label(row, answers);
            let code = row.code.clone().into();
            rows.push(Row {
                code,
                label,
                amount,
            });
        }
    }
    Ok(rows)
}

fn holds(when: &[Condition], answers: &Answers<'_>, before: &[Row]) -> Result<bool, MoneyError> {
    for condition in when {
        let holds = match condition {
            Condition::Chosen { input, is } => match answers.get(input.as_str()) {
                Some(Answer::Choice(chosen)) => is.contains(&chosen.value),
                Some(Answer::Quantity(..)) | None => false,
            },
            Condition::Above { cents } => {
                Cents::sum(before.iter().map(|row| row.amount))?.get() > *cents
            }
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}

fn amount(
    row: &PriceRow,
    details: &GenericDetails,
    (answers, before): (&Answers<'_>, &[Row]),
) -> Result<Cents, MoneyError> {
    let (mut numerator, mut denominator) = first_factor(&row.price, details, before)?;
    let mut multiply = |by: i64, over: i64| {
        numerator = numerator.checked_mul(by.into())?;
        denominator = denominator.checked_mul(over.into())?;
        Some(())
    };
    multiply(1, row.divisor).ok_or(MoneyError::OutOfRange)?;
    for factor in &row.times {
        let (by, over) = counted(factor, answers);
        multiply(by, over).ok_or(MoneyError::OutOfRange)?;
    }
    for name in &row.coefficients {
        let bp = match answers.get(name.as_str()) {
            Some(Answer::Choice(chosen)) => i64::from(chosen.coefficient_bp),
            Some(Answer::Quantity(..)) | None => 10_000,
        };
        multiply(bp, 10_000).ok_or(MoneyError::OutOfRange)?;
    }
    ratio(numerator, denominator)
}

/// The price of a row as a fraction of cents.
fn first_factor(
    price: &Price,
    details: &GenericDetails,
    before: &[Row],
) -> Result<(i128, i128), MoneyError> {
    Ok(match price {
        Price::Cents(cents) => ((*cents).into(), 1),
        Price::Micro(micro) => ((*micro).into(), 10_000),
        Price::Isee(isee) => (isee.price(details.isee_cents)?.get().into(), 1),
        Price::Typed { .. } => (details.amount_cents.unwrap_or(0).into(), 1),
        Price::Share { bp, of } => {
            let named = |row: &&Row| of.is_empty() || of.iter().any(|code| *code == row.code);
            let base = Cents::sum(before.iter().filter(named).map(|row| row.amount))?;
            let product = i128::from(base.get()).checked_mul((*bp).into());
            (product.ok_or(MoneyError::OutOfRange)?, 10_000)
        }
    })
}

/// A quantity as a fraction: thousandths, or whole groups.
pub(super) fn counted(factor: &Factor, answers: &Answers<'_>) -> (i64, i64) {
    let thousandths = match answers.get(factor.quantity.as_str()) {
        Some(Answer::Quantity(thousandths, _)) => *thousandths,
        Some(Answer::Choice(_)) | None => 0,
    };
    let Some(per) = factor.per else {
        return (thousandths, THOUSAND);
    };
    let group = per.saturating_mul(THOUSAND).max(1);
    let filled_up = thousandths.saturating_add(group.saturating_sub(1));
    (filled_up.checked_div(group).unwrap_or(0), 1)
}

/// `Canone: 7 m² × 12 giorni × 1,20 € × 0,8 (temporanea) / 9`.
fn label(row: &PriceRow, answers: &Answers<'_>) -> String {
    let mut factors: Vec<String> = Vec::new();
    for factor in &row.times {
        if let Some(Answer::Quantity(_, unit)) = answers.get(factor.quantity.as_str()) {
            let (by, over) = counted(factor, answers);
            let thousandths = by.saturating_mul(THOUSAND).checked_div(over).unwrap_or(0);
            let unit = match factor.per {
                Some(per) if per > 1 => format!("× {per} {unit}"),
                Some(_) | None => (*unit).to_owned(),
            };
            factors.push(format!("{} {unit}", decimal(thousandths, 3)));
        }
    }
    match &row.price {
        Price::Cents(cents) if !factors.is_empty() => {
            factors.push(format!("{} €", money(*cents, 2)));
        }
        Price::Micro(micro) => factors.push(format!("{} €", money(*micro, 6))),
        Price::Cents(_) | Price::Isee(_) | Price::Typed { .. } | Price::Share { .. } => {}
    }
    for name in &row.coefficients {
        if let Some(Answer::Choice(chosen)) = answers.get(name.as_str()) {
            let coefficient = decimal(chosen.coefficient_bp.into(), 4);
            factors.push(format!("{coefficient} ({})", chosen.label));
        }
    }
    let mut label = row.label.trim().to_owned();
    if !factors.is_empty() {
        label.push_str(": ");
        label.push_str(&factors.join(" × "));
    }
    if row.divisor != 1 {
        label.push_str(&format!(" / {}", row.divisor));
    }
    label
}

/// A scaled integer with a comma and no trailing zeros: 6500 of thousandths is `6,5`.
fn decimal(value: i64, places: u32) -> String {
    let one = 10_i64.saturating_pow(places);
    let whole = value.checked_div(one).unwrap_or(0);
    let part = value.checked_rem(one).unwrap_or(0).abs();
    let width = usize::try_from(places).unwrap_or(0);
    let part = format!("{part:0width$}");
    match part.trim_end_matches('0') {
        "" => whole.to_string(),
        part => format!("{whole},{part}"),
    }
}

/// Basis points as a percentage: 1250 is `12,5`.
pub(super) fn percent(bp: u32) -> String {
    decimal(bp.into(), 2)
}

/// As [`decimal`], with at least the two decimals of money.
fn money(value: i64, places: u32) -> String {
    let text = decimal(value, places);
    match text.split_once(',') {
        None => format!("{text},00"),
        Some((_, part)) if part.len() == 1 => format!("{text}0"),
        Some(_) => text,
    }
}
