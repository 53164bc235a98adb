//! Reductions of the waste tax (`charges.md` §2.3): each has a base, an order and a cap.

use super::rows::Percent;
use super::{Reduction, ReductionBase, ReductionMode, TariPremises, TariTerms};
use crate::domain::calendar::Day;
use crate::domain::money::{Cents, MoneyError, ratio};
use crate::domain::service::{DetailsError, Row};

/// The tax of the town, in its two parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    pub(super) fixed: Cents,
    pub(super) variable: Cents,
}

impl Default for Parts {
    fn default() -> Parts {
        Parts {
            fixed: Cents::ZERO,
            variable: Cents::ZERO,
        }
    }
}

impl Parts {
    /// What a base is worth.
    fn base(self, base: ReductionBase) -> Result<Cents, MoneyError> {
        match base {
            ReductionBase::Fixed => Ok(self.fixed),
            ReductionBase::Variable => Ok(self.variable),
            ReductionBase::Both => self.fixed.plus(self.variable),
        }
    }

    /// How an amount, not more than the base is worth, is borne by the fixed and the variable part. Of
    /// both, the fixed part bears its share of the full amount and the variable part the rest.
    fn bear(
        self,
        base: ReductionBase,
        amount: Cents,
        of_fixed: Cents,
    ) -> Result<Parts, MoneyError> {
        let fixed = match base {
            ReductionBase::Fixed => amount,
            ReductionBase::Variable => Cents::ZERO,
            ReductionBase::Both => {
                let least = amount.minus(self.variable)?.max(Cents::ZERO);
                of_fixed.min(amount).min(self.fixed).max(least)
            }
        };
        let variable = amount.minus(fixed)?;
        Ok(Parts { fixed, variable })
    }

    /// Adds what has accrued.
    pub(super) fn add(&mut self, other: Parts) -> Result<(), MoneyError> {
        self.fixed = self.fixed.plus(other.fixed)?;
        self.variable = self.variable.plus(other.variable)?;
        Ok(())
    }

    /// Fixed and variable part together.
    pub(super) fn total(self) -> Result<Cents, MoneyError> {
        self.fixed.plus(self.variable)
    }
}

/// The tax of some days, or of the period as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Accrued {
    /// First and last day; none for what is measured over the whole period.
    pub(super) days: Option<(Day, Day)>,
    pub(super) parts: Parts,
}

/// A reduction with its days; none when it holds for the whole period.
struct Granted<'a> {
    reduction: &'a Reduction,
    days: Option<(Day, Day)>,
}

impl Granted<'_> {
    /// Whether it lowers what has accrued: days are cut so that it holds for all of them or for none.
    fn covers(&self, accrued: &Accrued) -> bool {
        match (self.days, accrued.days) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some((first, last)), Some((from, to))) => first <= from && to <= last,
        }
    }

    fn of(&self, accrued: &[Accrued]) -> Result<Parts, MoneyError> {
        let mut sum = Parts::default();
        for some in accrued.iter().filter(|some| self.covers(some)) {
            sum.add(some.parts)?;
        }
        Ok(sum)
    }

    /// Takes what each part bears off the stretches it holds for, by what they are worth.
    fn spread(&self, off: Parts, accrued: &mut [Accrued]) -> Result<(), MoneyError> {
        let whole = self.of(accrued)?;
        let (mut seen, mut given) = (Parts::default(), Parts::default());
        for some in accrued.iter_mut().filter(|some| self.covers(some)) {
            let parts = &mut some.parts;
            seen.add(*parts)?;
            let so_far = Parts {
                fixed: part_of(off.fixed, (seen.fixed, whole.fixed))?,
                variable: part_of(off.variable, (seen.variable, whole.variable))?,
            };
            parts.fixed = parts.fixed.minus(so_far.fixed.minus(given.fixed)?)?;
            parts.variable = parts
                .variable
                .minus(so_far.variable.minus(given.variable)?)?;
            given = so_far;
        }
        Ok(())
    }
}

/// `amount` by `part` of `whole`. Cumulated, no stretch gives more than it is worth.
fn part_of(amount: Cents, (part, whole): (Cents, Cents)) -> Result<Cents, MoneyError> {
    if part == whole {
        return Ok(amount);
    }
    let product = i128::from(amount.get()).saturating_mul(i128::from(part.get()));
    ratio(product, i128::from(whole.get()))
}

/// Applies the granted reductions in their order, one row each, to what has accrued on some premises.
pub(super) fn reduce(
    premises: &TariPremises,
    terms: &TariTerms,
    accrued: &mut [Accrued],
    rows: &mut Vec<Row>,
) -> Result<(), DetailsError> {
    let granted = granted(premises, terms);
    if granted.is_empty() {
        return Ok(());
    }
    let full = accrued.to_vec();
    let mut allowed = Cents::sum(parts_of(&full)?)?;
    if let Some(bp) = terms.reduction_cap_bp {
        allowed = allowed.share(bp)?;
    }
    for one in granted {
        let (reduction, left) = (one.reduction, one.of(accrued)?);
        let from = match terms.reduction_mode {
            ReductionMode::Sequential => left,
            ReductionMode::OnFull => one.of(&full)?,
        };
        let mut amount = reduction.of(from.base(reduction.base)?)?;
        if let Some(cap) = reduction.cap_cents {
            amount = amount.min(Cents::new(cap)?);
        }
        amount = amount.min(left.base(reduction.base)?).min(allowed);
        allowed = allowed.minus(amount)?;
        let off = left.bear(reduction.base, amount, reduction.of(from.fixed)?)?;
        one.spread(off, accrued)?;
        rows.push(Row {
            code: "reduction".into(),
            label: label(&one),
            amount: amount.negated(),
        });
    }
    Ok(())
}

fn parts_of(accrued: &[Accrued]) -> Result<Vec<Cents>, MoneyError> {
    accrued.iter().map(|some| some.parts.total()).collect()
}

/// Those of the whole period, then those of some days, by their order.
fn granted<'a>(premises: &'a TariPremises, terms: &'a TariTerms) -> Vec<Granted<'a>> {
    // Unknown codes were refused before.
    let whole = premises.reductions.iter().map(|code| (code, None));
    let some = premises.reduction_periods.iter();
    let some = some.map(|period| (&period.reduction, Some((period.from, period.to))));
    let known = whole.chain(some).filter_map(|(code, days)| {
        let reduction = terms.reduction(code)?;
        Some(Granted { reduction, days })
    });
    let mut granted: Vec<Granted<'_>> = known.collect();
    granted.sort_by_key(|granted| granted.reduction.order);
    granted
}

fn label(granted: &Granted<'_>) -> String {
    let reduction = granted.reduction;
    let name = &reduction.label;
    let mut label = match (reduction.fraction, reduction.bp) {
        (Some([part, whole]), _) => format!("{name} (-{part}/{whole})"),
        (None, bp) => format!("{name} (-{})", Percent(bp.unwrap_or(0))),
    };
    if let Some((from, to)) = granted.days {
        let (from, to) = (from.format("%d/%m/%Y"), to.format("%d/%m/%Y"));
        label.push_str(&format!(" dal {from} al {to}"));
    }
    label
}
