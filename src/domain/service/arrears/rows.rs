//! The rows of arrears: each beneficiary's tax, penalty and interest apart, each rounded once.

use super::terms::{Regime, Tier, part_of, penalty};
use super::{
    ArrearsAct, ArrearsDebt, ArrearsDeclaration, ArrearsDetails, ArrearsTerms, DeclarationFault,
};
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
    /// What of the penalty is not asked of who accepts the assessment.
    pub(super) spared: Cents,
}

impl Share {
    const NONE: Share = Share {
        tax: Cents::ZERO,
        penalty: Cents::ZERO,
        interest: Cents::ZERO,
        spared: Cents::ZERO,
    };

    fn total(self) -> Result<Cents, MoneyError> {
        Cents::sum([self.tax, self.penalty, self.interest])
    }

    fn plus(self, other: Share) -> Result<Share, MoneyError> {
        Ok(Share {
            tax: self.tax.plus(other.tax)?,
            penalty: self.penalty.plus(other.penalty)?,
            interest: self.interest.plus(other.interest)?,
            spared: self.spared.plus(other.spared)?,
        })
    }
}

/// What is owed, by beneficiary.
pub(super) struct Owed {
    /// Everything of the town: tax, penalty, interest, what bears neither, costs.
    pub(super) town: Cents,
    /// What of it is not asked of who accepts the assessment.
    pub(super) spared_town: Cents,
    /// The Province's.
    pub(super) province: Share,
}

impl Owed {
    /// What is not asked of who accepts the assessment.
    pub(super) fn spared(&self) -> Result<Cents, MoneyError> {
        self.spared_town.plus(self.province.spared)
    }

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
        ArrearsAct::Reminder | ArrearsAct::Assessment | ArrearsAct::Agreement => {
            terms.interest.clone()
        }
        // Who corrects pays the legal rate, whatever the regulation adds for others.
        ArrearsAct::Correction => terms.interest.without_spread(),
    };
    let mut owed = Owed {
        town: Cents::ZERO,
        spared_town: Cents::ZERO,
        province: Share::NONE,
    };
    for (i, debt) in details.debts.iter().enumerate() {
        let due = terms.due(debt.due_on);
        let late = Late {
            act: details.act,
            stage: details.stage.as_deref(),
            declaration: debt.declaration,
            regime: terms.regime(due),
            interest: &interest,
            place: i,
            due,
            on,
        };
        let town = late.share(debt.tax_cents, ["tax", "penalty", "interest"], &mut rows)?;
        owed.town = owed.town.plus(town.total()?)?;
        owed.spared_town = owed.spared_town.plus(town.spared)?;
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

/// A penalty and why it is asked.
struct Penalty {
    amount: Cents,
    why: String,
    /// What is not asked of who accepts the assessment.
    spared: Cents,
}

impl Penalty {
    fn of(amount: Cents, why: String) -> Penalty {
        Penalty {
            amount,
            why,
            spared: Cents::ZERO,
        }
    }
}

/// A debt in its delay.
struct Late<'a> {
    act: ArrearsAct,
    stage: Option<&'a str>,
    declaration: Option<ArrearsDeclaration>,
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
        let regime = match (self.act, self.regime) {
            (ArrearsAct::Reminder, _) => return Ok(Share { tax, ..Share::NONE }),
            (ArrearsAct::Correction | ArrearsAct::Assessment | ArrearsAct::Agreement, regime) => {
                regime.ok_or_else(|| self.no_regime())?
            }
        };
        let is_town = tax_code != "tefa";
        let penalty = self.penalty(regime, tax, is_town)?;
        let accrued = self.interest.accrue(tax, self.due, self.on);
        let interest = accrued.map_err(|error| self.no_interest(error))?.amount;
        let whose = if is_town { "" } else { " TEFA" };
        let why = &penalty.why;
        push(
            penalty_code,
            format!("Sanzione{whose}{why}"),
            penalty.amount,
        );
        push(interest_code, format!("Interessi{whose}"), interest);
        Ok(Share {
            tax,
            penalty: penalty.amount,
            interest,
            spared: penalty.spared,
        })
    }

    /// The penalty of the act, with what acceptance takes off it.
    fn penalty(&self, regime: &Regime, tax: Cents, is_town: bool) -> Result<Penalty, DetailsError> {
        let of_delay = |tiers: &[Tier]| -> Result<Penalty, DetailsError> {
            let amount = penalty(tiers, tax, (self.due, self.on))?;
            let amount = amount.ok_or_else(|| self.no_regime())?;
            Ok(Penalty::of(amount, String::new()))
        };
        match (self.act, self.declaration, self.stage) {
            (ArrearsAct::Correction, _, Some(code)) => {
                let stage = regime.stage(code).ok_or_else(|| self.no_regime())?;
                let amount = part_of(tax, stage.fraction)?;
                Ok(Penalty::of(amount, format!(" {}", stage.label)))
            }
            (ArrearsAct::Correction | ArrearsAct::Reminder, _, _) => of_delay(&regime.correction),
            (ArrearsAct::Assessment | ArrearsAct::Agreement, None, _) => {
                of_delay(&regime.assessment)
            }
            (ArrearsAct::Assessment | ArrearsAct::Agreement, Some(declaration), _) => {
                self.of_declaration(regime, declaration, (tax, is_town))
            }
        }
    }

    /// The penalty for a declaration: a share of the tax; the town's has a least amount.
    fn of_declaration(
        &self,
        regime: &Regime,
        declaration: ArrearsDeclaration,
        (tax, is_town): (Cents, bool),
    ) -> Result<Penalty, DetailsError> {
        let rule = regime.declaration(declaration.fault);
        let rule = rule.ok_or_else(|| self.no_regime())?;
        let chosen = declaration.penalty_bp.and_then(|bp| u32::try_from(bp).ok());
        let mut full = tax.share(chosen.unwrap_or(rule.from_bp))?;
        if is_town {
            full = full.max(Cents::new(rule.least_cents)?);
        }
        let name = match declaration.fault {
            DeclarationFault::Omitted => " per omessa dichiarazione",
            DeclarationFault::Unfaithful => " per infedele dichiarazione",
        };
        let whole = [1, 1];
        match self.act {
            ArrearsAct::Agreement => {
                let [part, parts] = regime.agreement.unwrap_or(whole);
                let amount = part_of(full, [part, parts])?;
                Ok(Penalty::of(
                    amount,
                    format!("{name}, ridotta a {part}/{parts}"),
                ))
            }
            ArrearsAct::Assessment | ArrearsAct::Correction | ArrearsAct::Reminder => {
                let asked = part_of(full, regime.acceptance.unwrap_or(whole))?;
                Ok(Penalty {
                    spared: full.minus(asked)?,
                    ..Penalty::of(full, name.to_owned())
                })
            }
        }
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
