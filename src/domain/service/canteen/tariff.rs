//! What a meal costs a child on a day: the same for meals billed afterwards and paid in advance.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

use super::{CanteenReduction, percent};
use crate::domain::calendar::{Day, is_holiday};
use crate::domain::findings::Findings;
use crate::domain::isee::{
    ChildPrice, IseeDeclaration, IseeEffective, IseePrice, SiblingRule, check_siblings,
};
use crate::domain::money::{Cents, MoneyError};
use crate::domain::school_expense::SchoolDeduction;

/// Highest price of a meal, cents.
const PRICE_MAX: i64 = 10_000;

/// The prices of a school year, and when meals are served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MealTariff {
    /// Price of a meal.
    pub price: IseePrice,
    /// What brothers and sisters pay, from the second child on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub siblings: Vec<SiblingRule>,
    /// Shares that are taken off, by code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reductions: Vec<CanteenReduction>,
    /// From when a new ISEE counts.
    #[serde(default)]
    pub isee_effective: IseeEffective,
    /// Until when a family cancels the meal of the day, on a clock in Rome.
    #[serde(default = "nine")]
    pub cutoff: NaiveTime,
    /// Days without meals, besides Sundays and national holidays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed_days: Vec<NaiveDate>,
    /// What the income tax gives back, told on the yearly certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deduction: Option<SchoolDeduction>,
}

/// Nine in the morning, as most regulations have it.
fn nine() -> NaiveTime {
    NaiveTime::from_hms_opt(9, 0, 0).unwrap_or(NaiveTime::MIN)
}

/// A child at the table.
#[derive(Debug, Clone, Copy)]
pub struct Child<'a> {
    /// Whether the family lives in the town.
    pub resident: bool,
    /// ISEE of the family.
    pub isee: &'a [IseeDeclaration],
    /// Place by birth among the enrolled children, from 1.
    pub sibling_order: i64,
    /// Codes of the reductions the child has.
    pub reductions: &'a [String],
}

/// What a meal costs a child on a day, before it is multiplied.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MealPrice {
    /// Price of one meal.
    pub unit: Cents,
    /// What is taken off the row, one share of what is left after the other: label and basis points.
    pub discounts: Vec<(String, u32)>,
}

impl MealTariff {
    /// The ISEE that decides the price of a day; `None` for the full price.
    #[must_use]
    pub fn isee_on(&self, resident: bool, isee: &[IseeDeclaration], day: Day) -> Option<i64> {
        self.isee_effective.on(isee, day).filter(|_| resident)
    }

    /// Whether meals are served on a day.
    #[must_use]
    pub fn serves_on(&self, day: Day) -> bool {
        !is_holiday(day) && !self.closed_days.contains(&day)
    }

    /// What a meal costs a child on a day.
    ///
    /// # Errors
    /// [`MoneyError`], never for terms that were checked.
    pub fn meal(&self, child: Child<'_>, day: Day) -> Result<MealPrice, MoneyError> {
        let own = self
            .price
            .price(self.isee_on(child.resident, child.isee, day))?;
        let price = ChildPrice::of(own, &self.siblings, child.sibling_order)?;
        let sibling = (price.discount_bp > 0).then(|| {
            let label = format!("Riduzione {}° figlio", child.sibling_order);
            (label, price.discount_bp)
        });
        let named = child.reductions.iter().filter_map(|code| {
            let reduction = self.reductions.iter().find(|known| known.code == *code)?;
            Some((reduction.label.clone(), reduction.bp))
        });
        Ok(MealPrice {
            unit: price.unit,
            discounts: sibling.into_iter().chain(named).collect(),
        })
    }

    /// Checks the codes that a pupil has.
    pub(in crate::domain) fn check_reductions(
        &self,
        pointer: &str,
        codes: &[String],
        findings: &mut Findings,
    ) {
        findings.count(pointer, codes.len(), 0..=5);
        let mut seen = BTreeSet::new();
        for (i, code) in codes.iter().enumerate() {
            if !self.reductions.iter().any(|known| known.code == *code) {
                let known: Vec<&str> = self.reductions.iter().map(|r| r.code.as_str()).collect();
                let known = known.join(", ");
                findings.add(
                    format!("{pointer}/{i}"),
                    format!("riduzione non prevista; previste: {known}"),
                    format!("no such reduction; there are {known}"),
                );
            } else if !seen.insert(code) {
                findings.add(
                    format!("{pointer}/{i}"),
                    "riduzione indicata due volte",
                    "the reduction is given twice",
                );
            }
        }
    }

    /// Checks the tariff of a service.
    pub(in crate::domain::service) fn check(&self, at: &str, findings: &mut Findings) {
        self.price
            .check(&format!("{at}/price"), PRICE_MAX, findings);
        check_siblings(
            &format!("{at}/siblings"),
            &self.siblings,
            PRICE_MAX,
            findings,
        );
        findings.count(format!("{at}/reductions"), self.reductions.len(), 0..=20);
        let mut codes = BTreeSet::new();
        for (i, reduction) in self.reductions.iter().enumerate() {
            let at = |field: &str| format!("{at}/reductions/{i}/{field}");
            findings.text::<32>(at("code"), &reduction.code);
            findings.text::<70>(at("label"), &reduction.label);
            findings.range(at("bp"), i64::from(reduction.bp), 1..=10_000);
            if !codes.insert(&reduction.code) {
                findings.add(
                    at("code"),
                    "codice usato due volte",
                    "the code is used twice",
                );
            }
        }
        findings.count(format!("{at}/closed_days"), self.closed_days.len(), 0..=366);
        if let Some(deduction) = self.deduction {
            deduction.check(&format!("{at}/deduction"), findings);
        }
    }
}

impl MealPrice {
    /// What a number of meals costs, and each discount as a negative amount: one rounding for each row.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn rows(&self, meals: i64) -> Result<(Cents, Vec<(String, Cents)>), MoneyError> {
        let gross = self.unit.times(meals)?;
        let (mut left, mut discounts) = (gross, Vec::new());
        for (label, bp) in &self.discounts {
            let off = left.share(*bp)?;
            left = left.minus(off)?;
            discounts.push((format!("{label}: -{} %", percent(*bp)), off.negated()));
        }
        Ok((gross, discounts))
    }

    /// What a number of meals costs in the end.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn net(&self, meals: i64) -> Result<Cents, MoneyError> {
        let (gross, discounts) = self.rows(meals)?;
        Cents::sum(discounts.into_iter().map(|(_, off)| off))?.plus(gross)
    }
}
