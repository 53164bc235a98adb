//! Prices that follow the ISEE of a family (`charges.md` §3.2): by bracket, on a straight line between
//! two points, or the same for all; and what brothers and sisters pay. Canteen, nursery and transport
//! price with these.
//!
//! The shapes are parts of the details and terms of services, hence serde and utoipa here.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::calendar::Day;
use crate::domain::findings::Findings;
use crate::domain::money::{Cents, MoneyError, ratio};

/// An ISEE of the family and the days it is valid on. Without one that is valid, the price is the full one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"isee_cents": 1_800_000, "valid_from": "2026-01-15", "valid_to": "2026-12-31"}))]
pub struct IseeDeclaration {
    /// The indicator, cents.
    #[schema(format = Int64, minimum = 0, maximum = 99_999_999_999_i64)]
    pub isee_cents: i64,
    /// Day it was handed in; valid from ever when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub valid_from: Option<NaiveDate>,
    /// Last day it is valid, 31 December as a rule; valid for ever when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub valid_to: Option<NaiveDate>,
}

/// From when a new ISEE counts. It never counts for days before it was handed in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IseeEffective {
    /// For the months that begin while it is valid.
    #[default]
    NextMonth,
    /// For each day it is valid on.
    Date,
}

impl IseeEffective {
    /// The ISEE that decides the price on a day; of several, the one handed in last.
    #[must_use]
    pub fn on(self, declarations: &[IseeDeclaration], day: Day) -> Option<i64> {
        let decisive = match self {
            IseeEffective::NextMonth => day.with_day(1).unwrap_or(day),
            IseeEffective::Date => day,
        };
        let valid = declarations.iter().filter(|one| {
            one.valid_from.is_none_or(|from| from <= decisive)
                && one.valid_to.is_none_or(|to| decisive <= to)
        });
        valid
            .max_by_key(|one| one.valid_from)
            .map(|one| one.isee_cents)
    }
}

/// Checks the declarations of a family.
pub(crate) fn check_declarations(
    pointer: &str,
    declarations: &[IseeDeclaration],
    findings: &mut Findings,
) {
    findings.count(pointer, declarations.len(), 0..=DECLARATIONS_MAX);
    for (i, one) in declarations.iter().enumerate() {
        let at = |field: &str| format!("{pointer}/{i}/{field}");
        findings.range(
            at("isee_cents"),
            one.isee_cents,
            0..=Cents::NOTICE_MAX.get(),
        );
        if one
            .valid_from
            .zip(one.valid_to)
            .is_some_and(|(from, to)| to < from)
        {
            findings.add(
                at("valid_to"),
                "non può precedere la data di presentazione",
                "must not be before the day it was handed in",
            );
        }
        let earlier = declarations.iter().take(i);
        if earlier
            .into_iter()
            .any(|other| other.valid_from == one.valid_from)
        {
            findings.add(
                at("valid_from"),
                "due ISEE hanno la stessa data di presentazione",
                "two declarations were handed in on the same day",
            );
        }
    }
}

/// Most declarations of one family.
const DECLARATIONS_MAX: usize = 10;

/// A price by ISEE.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum IseePrice {
    /// One price for each bracket.
    Brackets {
        /// The brackets, in rising order of ISEE and of price.
        steps: Vec<IseeBracket>,
        /// Price above the brackets, without ISEE, and for who lives elsewhere; cents.
        full_cents: i64,
    },
    /// A straight line between two points; the same price below the first and above the second.
    Linear {
        /// The lower point.
        from: IseePoint,
        /// The higher point.
        to: IseePoint,
        /// Price without ISEE and for who lives elsewhere, cents; that of the higher point when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        full_cents: Option<i64>,
    },
    /// The same for everybody.
    Flat {
        /// Cents.
        price_cents: i64,
    },
}

/// A price for families up to an ISEE.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IseeBracket {
    /// Highest ISEE of the bracket, which belongs to it; cents.
    pub up_to_cents: i64,
    /// Cents.
    pub price_cents: i64,
}

/// A price at an ISEE.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IseePoint {
    /// Cents.
    pub isee_cents: i64,
    /// Cents.
    pub price_cents: i64,
}

impl IseePrice {
    /// The price for an ISEE in cents, rounded once; the full price for `None`.
    ///
    /// # Errors
    /// [`MoneyError`], never for terms that [`IseePrice::check`] has passed.
    pub fn price(&self, isee: Option<i64>) -> Result<Cents, MoneyError> {
        match (self, isee) {
            (IseePrice::Brackets { steps, full_cents }, isee) => {
                let step = steps
                    .iter()
                    .find(|step| isee.is_some_and(|i| i <= step.up_to_cents));
                Cents::new(step.map_or(*full_cents, |step| step.price_cents))
            }
            (IseePrice::Linear { from, to, .. }, Some(isee)) => on_line(from, to, isee),
            (IseePrice::Linear { to, full_cents, .. }, None) => {
                Cents::new(full_cents.unwrap_or(to.price_cents))
            }
            (IseePrice::Flat { price_cents }, _) => Cents::new(*price_cents),
        }
    }

    /// Checks the terms: prices from 0 to `most` cents that never fall when the ISEE rises.
    pub(crate) fn check(&self, pointer: &str, most: i64, findings: &mut Findings) {
        match self {
            IseePrice::Brackets { steps, full_cents } => {
                check_brackets(
                    &format!("{pointer}/brackets"),
                    steps,
                    (*full_cents, most),
                    findings,
                );
            }
            IseePrice::Linear {
                from,
                to,
                full_cents,
            } => {
                let at = |field: &str| format!("{pointer}/linear/{field}");
                for (name, point) in [("from", from), ("to", to)] {
                    let isee = at(&format!("{name}/isee_cents"));
                    findings.range(isee, point.isee_cents, 0..=Cents::NOTICE_MAX.get());
                    findings.range(
                        at(&format!("{name}/price_cents")),
                        point.price_cents,
                        0..=most,
                    );
                }
                if to.isee_cents <= from.isee_cents {
                    findings.add(
                        at("to/isee_cents"),
                        "deve essere maggiore di quello del primo punto",
                        "must be greater than that of the first point",
                    );
                }
                let full = full_cents.unwrap_or(to.price_cents);
                findings.range(at("full_cents"), full, 0..=most);
                if to.price_cents < from.price_cents || full < to.price_cents {
                    findings.add(
                        at("to/price_cents"),
                        "il prezzo non può scendere quando l'ISEE sale, né superare il prezzo intero",
                        "the price must not fall when the ISEE rises, nor be above the full price",
                    );
                }
            }
            IseePrice::Flat { price_cents } => {
                findings.range(
                    format!("{pointer}/flat/price_cents"),
                    *price_cents,
                    0..=most,
                );
            }
        }
    }
}

/// One exact rational, one rounding: the prices outside the two points are those of the points.
fn on_line(from: &IseePoint, to: &IseePoint, isee: i64) -> Result<Cents, MoneyError> {
    let isee = isee.clamp(from.isee_cents, to.isee_cents.max(from.isee_cents));
    let less = |a: i64, b: i64| i128::from(a).checked_sub(i128::from(b));
    let exact = || {
        let width = less(to.isee_cents, from.isee_cents)?;
        let start = i128::from(from.price_cents).checked_mul(width)?;
        let rise =
            less(isee, from.isee_cents)?.checked_mul(less(to.price_cents, from.price_cents)?)?;
        Some((start.checked_add(rise)?, width))
    };
    let (numerator, width) = exact().ok_or(MoneyError::OutOfRange)?;
    ratio(numerator, width)
}

fn check_brackets(
    pointer: &str,
    steps: &[IseeBracket],
    (full_cents, most): (i64, i64),
    findings: &mut Findings,
) {
    let all = format!("{pointer}/steps");
    findings.count(all.as_str(), steps.len(), 0..=50);
    for (i, step) in steps.iter().enumerate() {
        let at = |field: &str| format!("{all}/{i}/{field}");
        findings.range(
            at("up_to_cents"),
            step.up_to_cents,
            0..=Cents::NOTICE_MAX.get(),
        );
        findings.range(at("price_cents"), step.price_cents, 0..=most);
    }
    if !steps.is_sorted_by(|lower, higher| lower.up_to_cents < higher.up_to_cents) {
        findings.add(
            all.as_str(),
            "le fasce devono essere in ordine crescente di ISEE",
            "the brackets must be in rising order of ISEE",
        );
    }
    if !steps.is_sorted_by(|lower, higher| lower.price_cents <= higher.price_cents) {
        findings.add(
            all.as_str(),
            "il prezzo non può scendere quando l'ISEE sale",
            "the price must not fall when the ISEE rises",
        );
    }
    findings.range(format!("{pointer}/full_cents"), full_cents, 0..=most);
    if steps
        .last()
        .is_some_and(|last| last.price_cents > full_cents)
    {
        findings.add(
            format!("{pointer}/full_cents"),
            "non può essere minore del prezzo dell'ultima fascia",
            "must not be less than the price of the last bracket",
        );
    }
}

/// What a child pays who has enrolled older brothers or sisters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiblingRule {
    /// First place by birth, from the oldest, that the rule is for: 2 for the second child and the next.
    pub from_order: i64,
    /// What that child pays.
    pub pays: SiblingPrice,
}

/// A price of its own, or less of the price that the ISEE gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SiblingPrice {
    /// This price, where it is lower than the family's own; cents.
    PriceCents(i64),
    /// The family's own price less a share in basis points, as a row of its own.
    DiscountBp(u32),
}

/// What one unit costs one child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChildPrice {
    /// Price of a unit.
    pub unit: Cents,
    /// What is then taken off the row, basis points; 0 for nothing.
    pub discount_bp: u32,
}

impl ChildPrice {
    /// The price of the child at a place by birth: the lower of the family's and the sibling's, so that
    /// an exemption wins.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`], never for rules that were checked.
    pub fn of(own: Cents, rules: &[SiblingRule], order: i64) -> Result<ChildPrice, MoneyError> {
        let rule = rules.iter().rev().find(|rule| rule.from_order <= order);
        Ok(match rule.map(|rule| &rule.pays) {
            None => ChildPrice {
                unit: own,
                discount_bp: 0,
            },
            Some(SiblingPrice::PriceCents(cents)) => ChildPrice {
                unit: Cents::new(*cents)?.min(own),
                discount_bp: 0,
            },
            Some(SiblingPrice::DiscountBp(bp)) => ChildPrice {
                unit: own,
                discount_bp: *bp,
            },
        })
    }
}

/// Checks the rules for siblings: rising places from the second child on.
pub(crate) fn check_siblings(
    pointer: &str,
    rules: &[SiblingRule],
    most: i64,
    findings: &mut Findings,
) {
    findings.count(pointer, rules.len(), 0..=10);
    for (i, rule) in rules.iter().enumerate() {
        findings.range(format!("{pointer}/{i}/from_order"), rule.from_order, 2..=20);
        match rule.pays {
            SiblingPrice::PriceCents(cents) => {
                findings.range(format!("{pointer}/{i}/pays/price_cents"), cents, 0..=most);
            }
            SiblingPrice::DiscountBp(bp) => {
                findings.range(
                    format!("{pointer}/{i}/pays/discount_bp"),
                    i64::from(bp),
                    1..=10_000,
                );
            }
        }
    }
    if !rules.is_sorted_by(|lower, higher| lower.from_order < higher.from_order) {
        findings.add(
            pointer,
            "le regole devono essere in ordine di nascita",
            "the rules must be in the order of birth",
        );
    }
}

#[cfg(test)]
mod tests;
