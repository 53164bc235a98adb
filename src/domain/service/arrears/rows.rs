//! The rows of arrears: each beneficiary's tax, penalty and interest apart, each rounded once.

use super::terms::{Regime, penalty};
use super::{ArrearsAct, ArrearsDebt, ArrearsDetails, ArrearsTerms};
use crate::domain::calendar::Day;
use crate::domain::interest::{InterestError, InterestTerms};
use crate::domain::money::{Cents, MoneyError};
use crate::domain::service::{DetailsError, Row};

/// What a tax has become.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub(super) tax: Cents,
    pub(super) penalty: Cents,
    pub(super) interest: Cents,
}

impl Share {
    const NONE: Share = Share {
        tax: Cents::ZERO,
        penalty: Cents::ZERO,
        interest: Cents::ZERO,
    };

    fn total(self) -> Result<Cents, MoneyError> {
        Cents::sum([self.tax, self.penalty, self.interest])
    }

    fn plus(self, other: Share) -> Result<Share, MoneyError> {
        Ok(Share {
            tax: self.tax.plus(other.tax)?,
            penalty: self.penalty.plus(other.penalty)?,
            interest: self.interest.plus(other.interest)?,
        })
    }
}

/// What is owed, by beneficiary.
pub(super) struct Owed {
    /// Everything of the town: tax, penalty, interest, what bears neither, costs.
    pub(super) town: Cents,
    /// The Province's.
    pub(super) province: Share,
}

impl Owed {
    pub(super) fn total(&self) -> Result<Cents, MoneyError> {
        self.town.plus(self.province.total()?)
    }
}

/// The rows in the order they are shown, and their sums by beneficiary.
pub(super) fn compute(
    details: &ArrearsDetails,
    terms: &ArrearsTerms,
    issued_on: Day,
) -> Result<(Vec<Row>, Owed), DetailsError> {
    let mut rows = Vec::new();
    let on = details.on.unwrap_or(issued_on);
    let interest = match details.act {
        ArrearsAct::Reminder | ArrearsAct::Assessment => terms.interest.clone(),
        // Who corrects pays the legal rate, whatever the regulation adds for others.
        ArrearsAct::Correction => terms.interest.without_spread(),
    };
    let mut owed = Owed {
        town: Cents::ZERO,
        province: Share::NONE,
    };
    for (i, debt) in details.debts.iter().enumerate() {
        let due = terms.due(debt.due_on);
        let late = Late {
            act: details.act,
            regime: terms.regime(due),
            interest: &interest,
            place: i,
            due,
            on,
        };
        let town = late.share(debt.tax_cents, ["tax", "penalty", "interest"], &mut rows)?;
        owed.town = owed.town.plus(town.total()?)?;
        if let Some(tefa) = debt.province_cents {
            let codes = ["tefa", "tefa_penalty", "tefa_interest"];
            let share = late.share(tefa, codes, &mut rows)?;
            owed.province = owed.province.plus(share)?;
        }
        exempt(debt, &mut owed, &mut rows)?;
    }
    let costs = Cents::new(details.costs_cents.unwrap_or(0))?;
    if costs.is_positive() {
        owed.town = owed.town.plus(costs)?;
        rows.push(Row {
            code: "costs".into(),
            label: "Spese dell'atto".to_owned(),
            amount: costs,
        });
    }
    Ok((rows, owed))
}

fn exempt(debt: &ArrearsDebt, owed: &mut Owed, rows: &mut Vec<Row>) -> Result<(), DetailsError> {
    let Some(cents) = debt.exempt_cents else {
        return Ok(());
    };
    let amount = Cents::new(cents)?;
    owed.town = owed.town.plus(amount)?;
    rows.push(Row {
        code: "components".into(),
        label: "Componenti perequative, senza sanzione né interessi".to_owned(),
        amount,
    });
    Ok(())
}

/// A debt in its delay.
struct Late<'a> {
    act: ArrearsAct,
    regime: Option<&'a Regime>,
    interest: &'a InterestTerms,
    /// Which debt it is.
    place: usize,
    due: Day,
    on: Day,
}

impl Late<'_> {
    /// A beneficiary's part of the debt, with its rows.
    fn share(
        &self,
        cents: i64,
        [tax_code, penalty_code, interest_code]: [&'static str; 3],
        rows: &mut Vec<Row>,
    ) -> Result<Share, DetailsError> {
        let tax = Cents::new(cents)?;
        let due = self.due.format("%d/%m/%Y");
        let whose = if tax_code == "tefa" {
            "TEFA"
        } else {
            "Tributo"
        };
        let mut push = |code: &'static str, label: String, amount: Cents| {
            rows.push(Row {
                code: code.into(),
                label,
                amount,
            });
        };
        push(tax_code, format!("{whose}, scadenza {due}"), tax);
        let tiers = match (self.act, self.regime) {
            (ArrearsAct::Reminder, _) => return Ok(Share { tax, ..Share::NONE }),
            (ArrearsAct::Correction | ArrearsAct::Assessment, None) => {
                return Err(self.no_regime());
            }
            (ArrearsAct::Correction, Some(regime)) => &regime.correction,
            (ArrearsAct::Assessment, Some(regime)) => &regime.assessment,
        };
        let penalty = penalty(tiers, tax, (self.due, self.on))?;
        let penalty = penalty.ok_or_else(|| self.no_regime())?;
        let accrued = self.interest.accrue(tax, self.due, self.on);
        let interest = accrued.map_err(|error| self.no_interest(error))?.amount;
        let whose = if whose == "TEFA" { " TEFA" } else { "" };
        push(penalty_code, format!("Sanzione{whose}"), penalty);
        push(interest_code, format!("Interessi{whose}"), interest);
        Ok(Share {
            tax,
            penalty,
            interest,
        })
    }

    fn no_regime(&self) -> DetailsError {
        let (place, due) = (self.place, self.due);
        DetailsError::new(
            format!("/debts/{place}/due_on"),
            format!("il servizio non ha sanzioni per una scadenza del {due}"),
            format!("the service has no penalties for a term that ended on {due}"),
        )
    }

    fn no_interest(&self, error: InterestError) -> DetailsError {
        match error {
            InterestError::NoRate(day) => DetailsError::new(
                format!("/debts/{}/due_on", self.place),
                format!("il servizio non ha un tasso legale in vigore il {day}"),
                format!("the service has no legal rate in force on {day}"),
            ),
            InterestError::Money(error) => error.into(),
        }
    }
}
