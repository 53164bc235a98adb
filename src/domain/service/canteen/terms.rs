//! The terms of a canteen that bills afterwards.

use serde::{Deserialize, Serialize};

use super::MealTariff;
use crate::domain::findings::Findings;
use crate::domain::interest::InterestTerms;
use crate::domain::isee::IseePrice;
use crate::domain::service::{DetailsError, Service};

/// The tariff of a school year, and how it is billed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CanteenTerms {
    /// Prices of the meals.
    pub tariff: MealTariff,
    /// Fixed fee of a pupil for a month, besides the meals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monthly_fee: Option<IseePrice>,
    /// What is due of the fee for half of a month, basis points.
    #[serde(default = "half")]
    pub half_month_bp: u32,
    /// Least amount of a bill, cents; months are put together until it is reached.
    #[serde(default)]
    pub min_bill_cents: i64,
    /// VAT inside the prices, basis points: 4 % (D.P.R. 633/1972 tab. A p. II n. 37) unless the terms say
    /// otherwise; 0 where the town does not run the canteen as a business.
    #[serde(default = "usual_vat")]
    pub vat_bp: u32,
    /// Interest on arrears (art. 1284 c.c.); without it arrears bear none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interest: Option<InterestTerms>,
    /// Costs of a reminder, added once where arrears are asked for; cents.
    #[serde(default)]
    pub reminder_cents: i64,
    /// Days to pay, from the issue.
    pub due_days: u32,
}

impl CanteenTerms {
    /// Reads the terms of a service of this kind.
    ///
    /// # Errors
    /// What is wrong with the terms, as one finding about the whole.
    pub fn of(service: &Service) -> Result<&CanteenTerms, Vec<DetailsError>> {
        service.terms(check)
    }
}

/// A share taken off the price: a meal brought from home, a flat tariff for large families.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CanteenReduction {
    /// What the office types.
    pub code: String,
    /// What people read, in Italian.
    pub label: String,
    /// Basis points.
    pub bp: u32,
}

fn half() -> u32 {
    5_000
}

fn usual_vat() -> u32 {
    400
}

/// Highest fee of a month, cents.
const FEE_MAX: i64 = 100_000;

pub(super) fn check(terms: &CanteenTerms, findings: &mut Findings) {
    terms.tariff.check("/tariff", findings);
    if let Some(fee) = &terms.monthly_fee {
        fee.check("/monthly_fee", FEE_MAX, findings);
    }
    findings.range("/half_month_bp", i64::from(terms.half_month_bp), 0..=10_000);
    findings.range("/min_bill_cents", terms.min_bill_cents, 0..=FEE_MAX);
    findings.range("/vat_bp", i64::from(terms.vat_bp), 0..=10_000);
    if let Some(interest) = &terms.interest {
        interest.check("/interest", findings);
    }
    findings.range("/reminder_cents", terms.reminder_cents, 0..=FEE_MAX);
    findings.range("/due_days", i64::from(terms.due_days), 0..=365);
}
