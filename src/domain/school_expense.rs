//! What a payer paid for a pupil in a period, for the yearly certificate of school expenses
//! (`charges.md` §3.4): by the day of payment, top-ups when they are paid, refunds deducted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::calendar::Day;
use crate::domain::findings::Findings;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::{Cents, MoneyError, ratio};
use crate::domain::text::Text;

/// What the income tax gives back of school expenses (art. 15 c. 1 lett. e-bis TUIR), for information.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchoolDeduction {
    /// Share, basis points.
    pub share_bp: u32,
    /// The most that counts for one pupil in a year, cents.
    pub ceiling_cents: i64,
}

impl SchoolDeduction {
    /// What is given back of an amount.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn of(self, amount: Cents) -> Result<Cents, MoneyError> {
        let counted = amount.min(Cents::new(self.ceiling_cents)?).max(Cents::ZERO);
        counted.share(self.share_bp)
    }

    pub(crate) fn check(self, at: &str, findings: &mut Findings) {
        findings.range(
            format!("{at}/share_bp"),
            i64::from(self.share_bp),
            1..=10_000,
        );
        findings.range(
            format!("{at}/ceiling_cents"),
            self.ceiling_cents,
            1..=1_000_000,
        );
    }
}

/// Somebody named in a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Tax code, as stated.
    pub tax_code: String,
    /// Name; empty when nobody said it.
    pub name: String,
}

/// Whom an expense is for, and who bore it: one line of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchoolExpense {
    /// The pupil.
    pub pupil: Named,
    /// The school; empty when nobody said it.
    pub school: String,
    /// Who paid: the payer of the receipt, else the debtor.
    pub payer: Named,
    /// Payments.
    pub payments: i64,
    /// What was paid.
    pub paid: Cents,
    /// What was paid back.
    pub refunded: Cents,
}

impl SchoolExpense {
    /// What was borne in the end.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn net(&self) -> Result<Cents, MoneyError> {
        self.paid.minus(self.refunded)
    }
}

/// The expenses of a period, by pupil and payer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchoolExpenses(BTreeMap<(String, String), SchoolExpense>);

impl SchoolExpenses {
    /// Counts a payment for a pupil.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn paid(
        &mut self,
        (pupil, school): (&Named, &str),
        payer: &Named,
        amount: Cents,
    ) -> Result<(), MoneyError> {
        let line = self.line((pupil, school), payer);
        line.payments = line.payments.saturating_add(1);
        line.paid = line.paid.plus(amount)?;
        Ok(())
    }

    /// Counts what was paid back for a pupil.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn refunded(
        &mut self,
        pupil: (&Named, &str),
        payee: &Named,
        amount: Cents,
    ) -> Result<(), MoneyError> {
        let line = self.line(pupil, payee);
        line.refunded = line.refunded.plus(amount)?;
        Ok(())
    }

    fn line(&mut self, (pupil, school): (&Named, &str), payer: &Named) -> &mut SchoolExpense {
        let key = (pupil.tax_code.clone(), payer.tax_code.clone());
        let first = || SchoolExpense {
            pupil: pupil.clone(),
            school: String::new(),
            payer: payer.clone(),
            payments: 0,
            paid: Cents::ZERO,
            refunded: Cents::ZERO,
        };
        let line = self.0.entry(key).or_insert_with(first);
        for (known, told) in [(&mut line.pupil, pupil), (&mut line.payer, payer)] {
            if known.name.is_empty() {
                known.name.clone_from(&told.name);
            }
        }
        if line.school.is_empty() {
            line.school = school.to_owned();
        }
        line
    }

    /// The lines, by tax code of the pupil and of the payer.
    pub fn lines(&self) -> impl Iterator<Item = &SchoolExpense> {
        self.0.values()
    }
}

/// Money that the town paid back of a canteen bill that had been paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillRefund {
    /// UUID version 7.
    pub id: Uuid,
    /// The receipt of the payment.
    pub receipt_id: String,
    /// The pupil whose expenses become less.
    pub pupil_tax_code: String,
    /// Who was paid.
    pub payee: FiscalCode,
    /// How much.
    pub amount: Cents,
    /// Day of the payment, by which it counts.
    pub paid_on: Day,
    /// Order of payment.
    pub note: Option<Text<140>>,
}

/// A pupil's part of a payment: the payment may differ from the bill, when interest was added or less was
/// paid, and is then shared in the proportion of the rows.
///
/// # Errors
/// [`MoneyError`].
pub fn part_of(paid: Cents, share: Cents, bill: Cents) -> Result<Cents, MoneyError> {
    let product = i128::from(paid.get()).checked_mul(i128::from(share.get()));
    ratio(
        product.ok_or(MoneyError::OutOfRange)?,
        i128::from(bill.get()),
    )
}

#[cfg(test)]
mod tests;
