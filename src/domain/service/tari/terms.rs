//! The tariff of a waste-tax service.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::domain::calendar::{Calendar, Day, PatronSaint};
use crate::domain::money::{Cents, MoneyError, RemainderOn, ratio};

use super::TariTopic;

mod check;

pub(super) use check::check;

/// Reserved metadata of a transfer.
type Reserved = Arc<[(String, String)]>;

/// The tariff of one year. The collection codes of the service and of the Province are those of the
/// current year (101, 102) or of earlier years (109, 133): a service that goes on issuing after its
/// year has a version with the other codes, by day of issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TariTerms {
    /// Year of the tax.
    pub year: i32,
    /// Land-registry code of the town (`A515`), for the `TARI-TEFA-n` metadata.
    pub cadastral_code: String,
    /// The resolution that approved the tariff, as printed: `delibera C.C. n. 21 del 28/04/2026`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// TEFA on the net tax, basis points (500 is 5 %).
    pub tefa_bp: u32,
    /// Tariffs by occupants, ordered from 1; the last also holds for more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domestic: Vec<DomesticTariff>,
    /// Tariffs of the categories of businesses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub non_domestic: Vec<CategoryTariff>,
    /// How measured bags or emptyings are charged, where they are (L. 147/2013 c. 667).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub punctual: Option<Punctual>,
    /// Increase of the tariff for a temporary use of public ground, basis points (c. 663: at most
    /// 10 000); no daily tax when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_surcharge_bp: Option<u32>,
    /// Reductions that the regulation of the town grants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reductions: Vec<Reduction>,
    /// What several reductions are taken from.
    #[serde(default)]
    pub reduction_mode: ReductionMode,
    /// The most that all reductions may take off the tax, basis points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduction_cap_bp: Option<u32>,
    /// The social bonus by the year it is for, in order; none when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub social_bonus: Vec<SocialBonus>,
    /// UR1 a year, cents.
    pub ur1_cents: i64,
    /// UR2 a year, cents.
    pub ur2_cents: i64,
    /// UR3 a year, cents.
    pub ur3_cents: i64,
    /// What UR1-UR3 are for a part of the year.
    #[serde(default)]
    pub ur_prorata: UrProrata,
    /// What is rounded to the euro.
    #[serde(default)]
    pub euro_rounding: EuroRounding,
    /// Nothing is asked below this total of a year, cents (L. 296/2006 c. 168; 12 euro without a rule
    /// of the town, art. 25 L. 289/2002). The daily tax has no minimum.
    #[serde(default = "usual_minimum")]
    pub min_amount_cents: i64,
    /// Least amount of an instalment, cents: a plan with a smaller one is not offered.
    #[serde(default)]
    pub min_instalment_cents: i64,
    /// Least days between issue and due day (TQRIF art. 25: 20): earlier due days are put off.
    #[serde(default = "usual_notice_days")]
    pub notice_days: u32,
    /// The feast of the town, where it moves due days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patron: Option<PatronSaint>,
    /// Day by which the whole is paid at once; only plans are offered when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub single_due_on: Option<NaiveDate>,
    /// Plans of instalments, alternative to each other and to the single payment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<Plan>,
    /// Smallest instalment of a plan that is granted on request, cents (TQRIF: 10000).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_instalment_cents: Option<i64>,
    /// Sentences of the notice in the town's own words, by topic (ARERA resolution 444/2019): they
    /// stand instead of the usual ones, and no sentence at all leaves the topic out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub information: BTreeMap<TariTopic, Vec<String>>,
    /// The reserved metadata of town and Province, written at first use: they are the same on every notice.
    #[serde(skip)]
    pub(super) reserved: OnceLock<[Reserved; 2]>,
}

fn usual_minimum() -> i64 {
    1_200
}

fn usual_notice_days() -> u32 {
    20
}

/// Yearly tariff of a household.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomesticTariff {
    /// Persons.
    pub occupants: i64,
    /// Fixed part, millionths of euro a square metre.
    pub fixed_micro_m2: i64,
    /// Variable part, millionths of euro a household.
    pub variable_micro: i64,
    /// Bags or emptyings of a year that the variable part pays for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub included_bags: Option<i64>,
}

/// Yearly tariff of a category of businesses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CategoryTariff {
    /// Named by the details: `24`.
    pub code: String,
    /// What the citizen reads: `bar, caffè, pasticceria`.
    pub label: String,
    /// Fixed part, millionths of euro a square metre.
    pub fixed_micro_m2: i64,
    /// Variable part, millionths of euro a square metre.
    pub variable_micro_m2: i64,
}

/// The social bonus for the years from a day on (DPCM 24/2025): a year's bonus is set off in the year
/// after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocialBonus {
    /// First day it holds for.
    pub valid_from: NaiveDate,
    /// Share of the tax of that year, basis points.
    pub bp: u32,
    /// Largest ISEE of a family that is entitled, cents; no limit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isee_cents: Option<i64>,
    /// Limit of large families, as dependent children and cents: `[4, 2000000]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub large_family: Option<[i64; 2]>,
}

impl SocialBonus {
    /// Largest ISEE of a family with so many children.
    pub(super) fn limit(&self, children: i64) -> Option<i64> {
        match self.large_family {
            Some([from, limit]) if children >= from => Some(limit),
            Some(_) | None => self.isee_cents,
        }
    }
}

/// The price of what is measured beyond the included quantity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Punctual {
    /// What is counted, in the plural: `sacchi`.
    pub label: String,
    /// Price of one beyond the included ones, millionths of euro.
    pub extra_micro: i64,
}

/// A reduction of the regulation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reduction {
    /// Named by the details: `composting`.
    pub code: String,
    /// What the citizen reads.
    pub label: String,
    /// What it reduces.
    pub base: ReductionBase,
    /// Share taken off, basis points; or `fraction`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bp: Option<u32>,
    /// Share taken off as numerator and denominator: `[2, 3]`; or `bp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fraction: Option<[u32; 2]>,
    /// Place among the reductions granted: lower first, equal ones as the details list them.
    #[serde(default)]
    pub order: i32,
    /// The most it takes off, cents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap_cents: Option<i64>,
}

/// What a reduction reduces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReductionBase {
    /// The fixed part.
    Fixed,
    /// The variable part.
    Variable,
    /// The whole tax.
    Both,
}

/// What several reductions are taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReductionMode {
    /// Each from what the earlier ones left.
    #[default]
    Sequential,
    /// Each from the full tax.
    OnFull,
}

/// What the components of the authority are for a part of the year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UrProrata {
    /// By days, as the tax.
    #[default]
    Days,
    /// Due in full.
    Full,
}

/// Whether amounts are rounded to the euro (L. 296/2006 art. 1 c. 166).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EuroRounding {
    /// To the cent.
    #[default]
    None,
    /// The total and every instalment; the town bears the difference.
    Total,
}

/// A plan of instalments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Named by the details: `three`.
    pub code: String,
    /// Due days, in order; they roll by the tax calendar.
    pub due_on: Vec<NaiveDate>,
    /// Share of each instalment, basis points that sum to 10 000; equal parts when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares_bp: Vec<u32>,
    /// Which instalment takes the cents that do not divide.
    #[serde(default)]
    pub remainder_on: RemainderOn,
    /// What the instalments before the last are shares of.
    #[serde(default)]
    pub basis: Basis,
    /// Place of the instalment that carries UR1-UR3, from 1; the last when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ur_instalment: Option<usize>,
}

/// What the instalments before the last are shares of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The tax of the year.
    #[default]
    CurrentYear,
    /// The tax by the tariffs of the year before; the last one settles (art. 13 c. 15-ter
    /// D.L. 201/2011: due before 1 December).
    PreviousYear,
}

impl Plan {
    /// Splits what one beneficiary gets among the instalments; `base` is the same by the tariffs of
    /// the year before. Advances never exceed what is owed.
    pub(super) fn split(&self, amount: Cents, base: Cents) -> Result<Vec<Cents>, MoneyError> {
        let settles = match self.basis {
            Basis::CurrentYear => return self.parts(amount, self.remainder_on),
            Basis::PreviousYear => RemainderOn::Last,
        };
        let mut parts = self.parts(base, settles)?;
        parts.pop();
        let mut left = amount;
        for part in &mut parts {
            *part = (*part).min(left);
            left = left.minus(*part)?;
        }
        parts.push(left);
        Ok(parts)
    }

    fn parts(&self, amount: Cents, remainder_on: RemainderOn) -> Result<Vec<Cents>, MoneyError> {
        if !self.shares_bp.is_empty() {
            return amount.split_by(&self.shares_bp, remainder_on);
        }
        let count = u16::try_from(self.due_on.len()).unwrap_or(u16::MAX);
        amount.split(count, remainder_on)
    }

    /// Index of the instalment that carries UR1-UR3.
    pub(super) fn ur_index(&self) -> usize {
        let place = self.ur_instalment.unwrap_or(self.due_on.len());
        place.saturating_sub(1)
    }
}

impl Reduction {
    /// What it takes off an amount, before any cap.
    pub(super) fn of(&self, amount: Cents) -> Result<Cents, MoneyError> {
        let [part, whole] = self.fraction.unwrap_or([self.bp.unwrap_or(0), 10_000]);
        ratio(
            i128::from(amount.get()).saturating_mul(i128::from(part)),
            i128::from(whole),
        )
    }
}

impl TariTerms {
    /// The metadata `TARI-TEFA-n` of the town's transfer and of the Province's, with the tax codes of Revenue
    /// Agency resolutions 45/E 2014 and 5/E 2021.
    pub(super) fn reserved(&self) -> &[Reserved; 2] {
        self.reserved.get_or_init(|| {
            [(1, "3944"), (2, "TEFA")].map(|(id, tax)| {
                let value = format!("{}|{}|{tax}", self.cadastral_code, self.year);
                Arc::from([(format!("TARI-TEFA-{id}"), value)])
            })
        })
    }

    /// 1 January of the year.
    pub(super) fn first_day(&self) -> Day {
        Day::from_ymd_opt(self.year, 1, 1).unwrap_or(Day::MIN)
    }

    /// 31 December of the year.
    pub(super) fn last_day(&self) -> Day {
        Day::from_ymd_opt(self.year, 12, 31).unwrap_or(Day::MAX)
    }

    /// The tariff of a household.
    pub(super) fn household(&self, occupants: i64) -> Option<&DomesticTariff> {
        let mut classes = self.domestic.iter().rev();
        classes.find(|tariff| tariff.occupants <= occupants)
    }

    /// The tariff of a business.
    pub(super) fn category(&self, code: &str) -> Option<&CategoryTariff> {
        self.non_domestic.iter().find(|tariff| tariff.code == code)
    }

    /// The social bonus that is set off this year: that of the year before, by what held at its end.
    pub(super) fn social_bonus(&self) -> Option<&SocialBonus> {
        let first = self.first_day();
        self.social_bonus
            .iter()
            .rev()
            .find(|b| b.valid_from < first)
    }

    /// The reduction with this code.
    pub(super) fn reduction(&self, code: &str) -> Option<&Reduction> {
        self.reductions
            .iter()
            .find(|reduction| reduction.code == code)
    }

    /// The last day to pay in time: the planned one, but not too soon after the issue.
    pub(super) fn due(&self, planned: Day, issued_on: Day) -> Day {
        let soonest = issued_on.checked_add_days(Days::new(u64::from(self.notice_days)));
        let day = soonest.map_or(planned, |soonest| soonest.max(planned));
        Calendar::Tax.with(self.patron).roll(day)
    }
}
