//! Simple interest on late payments: legal rates by validity, one exact sum, one rounding
//! (`charges.md` §2.7).

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use super::calendar::{Day, days_between};
use super::findings::Findings;
use super::money::{Cents, MoneyError, ratio};

/// Parts of a rate in the whole: a rate is in millionths of the capital a year, so that 1.6 % is
/// 16 000 and the 0.01 % of 2021 is 100.
const MILLION: i128 = 1_000_000;

/// A yearly rate from a day on, until the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegalRate {
    /// First day of the rate; legal rates change on 1 January (art. 1284 c.c.).
    pub valid_from: NaiveDate,
    /// Millionths of the capital a year: 16 000 is 1.6 %.
    pub rate_ppm: i64,
}

/// How a service computes interest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InterestTerms {
    /// The legal rates, in order of their first day.
    pub legal_rates: Vec<LegalRate>,
    /// Points the regulation adds to the legal rate or takes off it, basis points
    /// (L. 296/2006 art. 1 c. 165: at most 300).
    #[serde(default)]
    pub spread_bp: i64,
    /// Days of the year that a yearly rate is divided by.
    #[serde(default = "usual_divisor")]
    pub year_days: i64,
}

/// 365, in leap years too.
fn usual_divisor() -> i64 {
    365
}

/// Days at one rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RatedDays {
    /// How many.
    pub days: i64,
    /// The rate in force with the spread, millionths a year.
    pub rate_ppm: i64,
}

/// Interest accrued over a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accrued {
    /// The stretches of the period, in time order.
    pub stretches: Vec<RatedDays>,
    /// The sum of all stretches, rounded once.
    pub amount: Cents,
}

/// Why interest cannot be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InterestError {
    /// The table begins later, or has no rate for a year.
    #[error("no legal rate is in force on {0}")]
    NoRate(Day),
    /// The sum does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl InterestTerms {
    /// Interest on a capital from the day after `due` to `paid`, both counted. A rate holds within
    /// its own calendar year only: one that nobody entered must not be guessed from the year before.
    ///
    /// # Errors
    /// [`InterestError`].
    pub fn accrue(&self, capital: Cents, due: Day, paid: Day) -> Result<Accrued, InterestError> {
        let mut stretches = Vec::new();
        let mut from = due;
        while from < paid {
            let first = from.succ_opt().unwrap_or(paid);
            let (rate, until) = self.rate_on(first)?;
            let last = until.min(paid);
            stretches.push(RatedDays {
                days: days_between(first, last),
                rate_ppm: rate,
            });
            from = last;
        }
        let amount = simple_interest(capital, &stretches, self.year_days)?;
        Ok(Accrued { stretches, amount })
    }

    /// The same at the bare legal rate.
    #[must_use]
    pub fn without_spread(&self) -> InterestTerms {
        InterestTerms {
            spread_bp: 0,
            ..self.clone()
        }
    }

    /// The rate of a day with the spread, and its last day.
    fn rate_on(&self, day: Day) -> Result<(i64, Day), InterestError> {
        let in_force = self.legal_rates.iter().rev();
        let legal = in_force
            .into_iter()
            .find(|rate| rate.valid_from <= day && rate.valid_from.year() == day.year())
            .ok_or(InterestError::NoRate(day))?;
        let of_year = |rate: &&LegalRate| rate.valid_from > day;
        let next = self.legal_rates.iter().find(of_year);
        let year_end = Day::from_ymd_opt(day.year(), 12, 31).unwrap_or(day);
        let until = next.and_then(|rate| rate.valid_from.pred_opt());
        let rate = legal
            .rate_ppm
            .saturating_add(self.spread_bp.saturating_mul(100));
        Ok((rate.max(0), until.map_or(year_end, |day| day.min(year_end))))
    }

    /// Every rule that the terms break, under a pointer.
    pub(crate) fn check(&self, at: &str, findings: &mut Findings) {
        let rates = format!("{at}/legal_rates");
        findings.count(rates.as_str(), self.legal_rates.len(), 1..=200);
        for (i, rate) in self.legal_rates.iter().enumerate() {
            findings.day(format!("{rates}/{i}/valid_from"), rate.valid_from);
            findings.range(format!("{rates}/{i}/rate_ppm"), rate.rate_ppm, 0..=200_000);
        }
        let ordered = |a: &LegalRate, b: &LegalRate| a.valid_from < b.valid_from;
        if !self.legal_rates.is_sorted_by(ordered) {
            findings.add(
                rates,
                "i tassi devono essere in ordine di decorrenza",
                "the rates must be in order of their first day",
            );
        }
        findings.range(format!("{at}/spread_bp"), self.spread_bp, -300..=300);
        findings.range(format!("{at}/year_days"), self.year_days, 360..=366);
    }
}

/// Simple interest on a capital over stretches of days: the exact sum, rounded once.
///
/// # Errors
/// [`MoneyError`].
pub fn simple_interest(
    capital: Cents,
    stretches: &[RatedDays],
    year_days: i64,
) -> Result<Cents, MoneyError> {
    let mut rate_days: i128 = 0;
    for stretch in stretches {
        let product = i128::from(stretch.days).checked_mul(i128::from(stretch.rate_ppm));
        rate_days = product
            .and_then(|product| rate_days.checked_add(product))
            .ok_or(MoneyError::OutOfRange)?;
    }
    let numerator = rate_days.checked_mul(i128::from(capital.get()));
    let denominator = MILLION.checked_mul(i128::from(year_days));
    ratio(
        numerator.ok_or(MoneyError::OutOfRange)?,
        denominator.ok_or(MoneyError::OutOfRange)?,
    )
}

#[cfg(test)]
mod tests;
