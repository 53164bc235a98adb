//! The rows of a waste-tax notice (`charges.md` §2.2-2.5): each is one exact rational, rounded once.

use super::{Owed, Reduction, ReductionBase, TariDetails, TariTerms};
use crate::domain::calendar::{days_between, days_in_year};
use crate::domain::money::{Cents, ratio};
use crate::domain::service::{DetailsError, Row};

/// Millionths of euro in a cent.
const MICRO_PER_CENT: i64 = 10_000;

/// The rows in the order they are shown, and their sums by beneficiary.
pub(super) fn compute(
    details: &TariDetails,
    terms: &TariTerms,
) -> Result<(Vec<Row>, Owed), DetailsError> {
    let period = Period::of(details, terms);
    let mut rows = Vec::new();
    let (mut fixed, mut variable) = parts(details, terms, period, &mut rows)?;
    for code in &details.reductions {
        let Some(reduction) = terms.reductions.iter().find(|r| r.code == *code) else {
            continue; // unknown codes were refused before
        };
        let row = reduce(reduction, &mut fixed, &mut variable)?;
        rows.push(row);
    }
    let tari = fixed.plus(variable)?;
    let tefa = tari.share(terms.tefa_bp)?;
    if terms.tefa_bp > 0 {
        let percent = percent(terms.tefa_bp);
        rows.push(Row {
            code: "tefa".into(),
            label: format!("TEFA {percent} alla Provincia"),
            amount: tefa,
        });
    }
    let mut components = Cents::ZERO;
    for (code, label, cents) in [
        ("ur1", "Componente perequativa UR1", terms.ur1_cents),
        ("ur2", "Componente perequativa UR2", terms.ur2_cents),
        ("ur3", "Componente perequativa UR3", terms.ur3_cents),
    ] {
        let whole = Period {
            days: period.year,
            ..period
        };
        let amount = (if terms.ur_whole_year { whole } else { period }).of_cents(cents)?;
        if amount.is_positive() {
            components = components.plus(amount)?;
            rows.push(Row {
                code: code.into(),
                label: label.to_owned(),
                amount,
            });
        }
    }
    Ok((
        rows,
        Owed {
            tari,
            tefa,
            components,
        },
    ))
}

/// Fixed and variable part, before reductions.
fn parts(
    details: &TariDetails,
    terms: &TariTerms,
    period: Period,
    rows: &mut Vec<Row>,
) -> Result<(Cents, Cents), DetailsError> {
    let class = terms
        .domestic
        .iter()
        .rev()
        .find(|tariff| tariff.occupants <= details.occupants);
    let Some(tariff) = class else {
        return Err(DetailsError::new(
            "/occupants",
            "il servizio non ha una tariffa per questo numero di occupanti",
            "the service has no tariff for this number of occupants",
        ));
    };
    let mut fixed = Cents::ZERO;
    for (code, label, area) in [
        ("fixed_part", "Quota fissa", Some(details.area_m2)),
        (
            "fixed_part_annex",
            "Quota fissa pertinenze",
            details.annex_area_m2,
        ),
    ] {
        let Some(area) = area else { continue };
        let amount = period.of_micro(&[tariff.fixed_micro_m2, area])?;
        let rate = euro_of_micro(tariff.fixed_micro_m2);
        rows.push(Row {
            code: code.into(),
            label: format!("{label}: {area} m² × {rate} €{period}"),
            amount,
        });
        fixed = fixed.plus(amount)?;
    }
    let variable = period.of_micro(&[tariff.variable_micro])?;
    let label = format!(
        "Quota variabile: {} occupanti, {} €{period}",
        details.occupants,
        euro_of_micro(tariff.variable_micro)
    );
    rows.push(Row {
        code: "variable_part".into(),
        label,
        amount: variable,
    });
    Ok((fixed, variable))
}

/// Takes a reduction off what is left of its base.
fn reduce(
    reduction: &Reduction,
    fixed: &mut Cents,
    variable: &mut Cents,
) -> Result<Row, DetailsError> {
    let discount = match reduction.base {
        ReductionBase::Fixed => fixed.share(reduction.bp)?,
        ReductionBase::Variable => variable.share(reduction.bp)?,
        ReductionBase::Both => fixed.plus(*variable)?.share(reduction.bp)?,
    };
    let off_fixed = match reduction.base {
        ReductionBase::Fixed => discount,
        ReductionBase::Variable => Cents::ZERO,
        // The row is rounded on the whole; which part the odd cent belongs to changes nothing owed.
        ReductionBase::Both => fixed.share(reduction.bp)?.min(discount),
    };
    *fixed = fixed.minus(off_fixed)?;
    *variable = variable.minus(discount.minus(off_fixed)?)?;
    let label = format!("{} (-{})", reduction.label, percent(reduction.bp));
    Ok(Row {
        code: "reduction".into(),
        label,
        amount: discount.negated(),
    })
}

/// Days of possession in the year: the tax accrues by day (L. 147/2013 c. 643).
#[derive(Clone, Copy)]
struct Period {
    days: i64,
    year: i64,
}

impl Period {
    fn of(details: &TariDetails, terms: &TariTerms) -> Period {
        let from = details.occupied_from.unwrap_or(terms.first_day());
        let to = details.occupied_to.unwrap_or(terms.last_day());
        Period {
            days: days_between(from, to),
            year: days_in_year(terms.year),
        }
    }

    fn of_micro(self, factors: &[i64]) -> Result<Cents, DetailsError> {
        let year = i128::from(self.year).saturating_mul(i128::from(MICRO_PER_CENT));
        let product = factors
            .iter()
            .fold(i128::from(self.days), |product, factor| {
                product.saturating_mul(i128::from(*factor))
            });
        Ok(ratio(product, year)?)
    }

    fn of_cents(self, cents: i64) -> Result<Cents, DetailsError> {
        let product = i128::from(cents).saturating_mul(i128::from(self.days));
        Ok(ratio(product, i128::from(self.year))?)
    }
}

impl std::fmt::Display for Period {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.days == self.year {
            return Ok(());
        }
        write!(f, " × {}/{} giorni", self.days, self.year)
    }
}

/// `0,7798` from 779 800: at least two decimals.
fn euro_of_micro(micro: i64) -> String {
    let micro = micro.unsigned_abs();
    let decimals = format!("{:06}", micro.checked_rem(1_000_000).unwrap_or(0));
    let trimmed = decimals.trim_end_matches('0');
    format!(
        "{},{trimmed:0<2}",
        micro.checked_div(1_000_000).unwrap_or(0)
    )
}

/// `5 %` from 500, `12,5 %` from 1 250.
fn percent(bp: u32) -> String {
    let (whole, rest) = (
        bp.checked_div(100).unwrap_or(0),
        bp.checked_rem(100).unwrap_or(0),
    );
    if rest == 0 {
        return format!("{whole} %");
    }
    let decimals = format!("{rest:02}");
    format!("{whole},{} %", decimals.trim_end_matches('0'))
}
