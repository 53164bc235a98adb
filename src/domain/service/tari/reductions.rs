//! Reductions of the waste tax (`charges.md` §2.3): each has a base, an order and a cap.

use super::rows::Percent;
use super::{Reduction, ReductionBase, ReductionMode, TariDetails, TariTerms};
use crate::domain::money::{Cents, MoneyError};
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

    /// Takes an amount, not more than the base is worth, off it. Of both, the fixed part bears its
    /// share of the full amount and the variable part the rest.
    fn take(
        &mut self,
        base: ReductionBase,
        amount: Cents,
        of_fixed: Cents,
    ) -> Result<(), MoneyError> {
        let off_fixed = match base {
            ReductionBase::Fixed => amount,
            ReductionBase::Variable => Cents::ZERO,
            ReductionBase::Both => {
                let least = amount.minus(self.variable)?.max(Cents::ZERO);
                of_fixed.min(amount).min(self.fixed).max(least)
            }
        };
        self.fixed = self.fixed.minus(off_fixed)?;
        self.variable = self.variable.minus(amount.minus(off_fixed)?)?;
        Ok(())
    }
}

/// Applies the granted reductions in their order, one row each.
pub(super) fn reduce(
    details: &TariDetails,
    terms: &TariTerms,
    parts: &mut Parts,
    rows: &mut Vec<Row>,
) -> Result<(), DetailsError> {
    let full = *parts;
    let known = |code: &String| terms.reduction(code); // unknown codes were refused before
    let mut granted: Vec<&Reduction> = details.reductions.iter().filter_map(known).collect();
    granted.sort_by_key(|reduction| reduction.order);
    let mut allowed = match terms.reduction_cap_bp {
        Some(bp) => full.base(ReductionBase::Both)?.share(bp)?,
        None => full.base(ReductionBase::Both)?,
    };
    for reduction in granted {
        let from = match terms.reduction_mode {
            ReductionMode::Sequential => *parts,
            ReductionMode::OnFull => full,
        };
        let mut amount = reduction.of(from.base(reduction.base)?)?;
        if let Some(cap) = reduction.cap_cents {
            amount = amount.min(Cents::new(cap)?);
        }
        amount = amount.min(parts.base(reduction.base)?).min(allowed);
        allowed = allowed.minus(amount)?;
        let of_fixed = reduction.of(from.fixed)?;
        parts.take(reduction.base, amount, of_fixed)?;
        rows.push(Row {
            code: "reduction".into(),
            label: label(reduction),
            amount: amount.negated(),
        });
    }
    Ok(())
}

fn label(reduction: &Reduction) -> String {
    let name = &reduction.label;
    match (reduction.fraction, reduction.bp) {
        (Some([part, whole]), _) => format!("{name} (-{part}/{whole})"),
        (None, bp) => format!("{name} (-{})", Percent(bp.unwrap_or(0))),
    }
}
