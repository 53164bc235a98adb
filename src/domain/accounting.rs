//! Accounting keys of revenue: where in the budget what is paid belongs (*capitolo*, *articolo*,
//! *accertamento*, *piano dei conti*), and how a transfer is split over several of them.
//!
//! A plan belongs to a service for a time. It follows the debt: the plan in force on the day the position was
//! issued counts, because the *accertamento* was made with it (D.Lgs. 118/2011, annex 4/2).

mod naming;

use std::collections::{BTreeMap, BTreeSet};

pub use naming::{BudgetName, Issued};

use crate::domain::calendar::Day;
use crate::domain::creditor::Validity;
use crate::domain::findings::Findings;
use crate::domain::money::{Cents, MoneyError, ratio};
use crate::domain::service::DetailsError;
use crate::domain::text::{Rule, Text};

/// Most keys of one plan.
const SHARES_MAX: usize = 20;
/// Basis points of the whole.
const WHOLE_BP: u32 = 10_000;

/// An account of the integrated plan of accounts, level V, as `E.1.01.01.51.001`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanCode(String);

/// The text is no account of revenue of level V.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a revenue account of level V, as E.1.01.01.51.001")]
pub struct BadPlanCode;

impl Rule for BadPlanCode {
    fn italian(&self) -> String {
        "deve essere una voce di entrata del piano dei conti di V livello, come E.1.01.01.51.001"
            .to_owned()
    }
}

impl PlanCode {
    /// Reads an account.
    ///
    /// # Errors
    /// [`BadPlanCode`].
    pub fn parse(text: &str) -> Result<PlanCode, BadPlanCode> {
        let mut parts = text.split('.');
        let is_revenue = parts.next() == Some("E");
        let widths: Vec<usize> = parts.clone().map(str::len).collect();
        let digits = parts.all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        if is_revenue && digits && widths == [1, 2, 2, 2, 3] {
            Ok(PlanCode(text.to_owned()))
        } else {
            Err(BadPlanCode)
        }
    }

    /// The account with its dots.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The SIOPE code that orders of collection carry: the ten digits.
    #[must_use]
    pub fn siope(&self) -> String {
        self.0.chars().filter(char::is_ascii_digit).collect()
    }

    /// The seven digits of title and typology (*titolo, tipologia*) that the budget votes on and orders name
    /// (TUEL art. 180 c. 3): taxes and transfers have theirs on level III of the account, the other titles on
    /// level II (D.Lgs. 118/2011, annex 13).
    #[must_use]
    pub fn typology(&self) -> String {
        let parts: Vec<&str> = self.0.split('.').skip(1).collect();
        let levels = match parts.first() {
            Some(&("1" | "2")) => 3,
            Some(_) | None => 2,
        };
        let head: String = parts.into_iter().take(levels).collect();
        format!("{head:0<7}")
    }
}

/// A recorded claim (*accertamento*) in the year's accounts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BudgetClaim {
    /// Financial year it was recorded in.
    pub year: i32,
    /// Its number, with the sub-claim when there is one, as `145/2`.
    pub number: Text<20>,
}

/// Where in the budget an amount belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountingKey {
    /// *Capitolo*; absent while the office has registered no plan.
    pub chapter: Option<Text<20>>,
    /// *Articolo* of the chapter.
    pub article: Option<Text<20>>,
    /// *Accertamento*, once it is recorded.
    pub claim: Option<BudgetClaim>,
    /// Account of the plan of accounts, which is the SIOPE code.
    pub plan_code: PlanCode,
}

impl AccountingKey {
    /// Whether money of this key, cashed in a financial year, belongs to an earlier one (*residui*).
    #[must_use]
    pub fn is_residual(&self, year: i32) -> bool {
        self.claim.as_ref().is_some_and(|claim| claim.year < year)
    }
}

/// What a key takes of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Takes {
    /// What the rows with these codes are worth.
    Rows(Vec<String>),
    /// So many basis points of what no row is taken for.
    Share(u32),
}

/// A key, and what it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyShare {
    /// The key.
    pub key: AccountingKey,
    /// What it takes.
    pub takes: Takes,
}

/// The keys of a service for a time, by day of issue of the positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountingPlan {
    /// When it holds.
    pub valid: Validity,
    /// Its keys; the shares among them make the whole.
    pub shares: Vec<KeyShare>,
}

/// The plans of a creditor, by service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountingPlans(pub BTreeMap<String, Vec<AccountingPlan>>);

impl AccountingPlans {
    /// The plan of a service on a day.
    #[must_use]
    pub fn on(&self, service_code: &str, day: Day) -> Option<&AccountingPlan> {
        let plans = self.0.get(service_code)?;
        plans.iter().rev().find(|plan| plan.valid.holds(day))
    }

    /// Whether what a service charged for on a day has its place in the budget: what is paid of it is
    /// `ACCOUNTING_INCOMPLETE` otherwise. Who keeps no plan at all has nothing to complete.
    #[must_use]
    pub fn is_placed(&self, service_code: &str, day: Day) -> bool {
        let plan = self.on(service_code, day);
        self.0.values().all(Vec::is_empty) || plan.is_some_and(AccountingPlan::has_chapters)
    }
}

/// Part of a transfer on one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// The key; `None` when nobody has said where the money belongs.
    pub key: Option<AccountingKey>,
    /// How much.
    pub amount: Cents,
}

/// What is split: a transfer for the creditor, and the payment it is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paid {
    /// The transfer.
    pub transfer: Cents,
    /// All transfers of the payment for the creditor.
    pub own: Cents,
    /// The whole payment, the parts of other bodies included.
    pub whole: Cents,
}

impl AccountingPlan {
    /// The plan of a service that has registered none: the account of its terms, without a chapter.
    #[must_use]
    pub fn of_account(plan_code: PlanCode, valid: Validity) -> AccountingPlan {
        let key = AccountingKey {
            chapter: None,
            article: None,
            claim: None,
            plan_code,
        };
        let takes = Takes::Share(WHOLE_BP);
        AccountingPlan {
            valid,
            shares: vec![KeyShare { key, takes }],
        }
    }

    /// Whether each of its keys has a chapter: then every cent of its positions has its place in the budget.
    #[must_use]
    pub fn has_chapters(&self) -> bool {
        self.shares.iter().all(|share| share.key.chapter.is_some())
    }

    /// Splits a transfer over the keys: first what rows are taken for, in the proportion in which the payment
    /// stands to the whole charge, then the rest by shares. The parts are the
    /// transfer to the cent, whatever its sign; keys that get nothing are left out.
    ///
    /// # Errors
    /// [`MoneyError`].
    pub fn split(&self, paid: Paid, rows: &[(String, Cents)]) -> Result<Vec<Quota>, MoneyError> {
        let charge = Cents::sum(rows.iter().map(|(_, amount)| *amount))?;
        let mut rest = paid.transfer;
        let mut quotas = Vec::with_capacity(self.shares.len());
        let mut shares = Vec::new();
        for share in &self.shares {
            let amount = match &share.takes {
                Takes::Rows(codes) => {
                    let taken = rows.iter().filter(|(code, _)| codes.contains(code));
                    let taken = Cents::sum(taken.map(|(_, amount)| *amount))?;
                    within(part(paid, taken, charge)?, rest)
                }
                Takes::Share(bp) => {
                    shares.push((quotas.len(), *bp));
                    Cents::ZERO
                }
            };
            rest = rest.minus(amount)?;
            let key = Some(share.key.clone());
            quotas.push(Quota { key, amount });
        }
        // Cuts are rounded, not parts: parts that are all rounded up would be more than there is.
        let (mut upto, mut before) = (0u32, Cents::ZERO);
        for (at, bp) in shares {
            upto = upto.saturating_add(bp);
            let cut = rest.share(upto)?;
            if let Some(quota) = quotas.get_mut(at) {
                quota.amount = cut.minus(before)?;
            }
            before = cut;
        }
        quotas.retain(|quota| quota.amount != Cents::ZERO);
        Ok(quotas)
    }
}

/// What rows worth `taken` of a charge are worth in one transfer of a payment.
fn part(paid: Paid, taken: Cents, charge: Cents) -> Result<Cents, MoneyError> {
    if charge == Cents::ZERO || paid.own == Cents::ZERO {
        return Ok(Cents::ZERO);
    }
    let product = |a: Cents, b: Cents| i128::from(a.get()).checked_mul(i128::from(b.get()));
    let too_large = MoneyError::OutOfRange;
    let above = product(taken, paid.whole).ok_or(too_large)?;
    let above = above
        .checked_mul(paid.transfer.get().into())
        .ok_or(too_large)?;
    let below = product(charge, paid.own).ok_or(too_large)?;
    let sign = below.signum();
    let above = above.checked_mul(sign).ok_or(too_large)?;
    ratio(above, below.checked_abs().ok_or(too_large)?)
}

/// No more than there is, on the side of zero where it is.
fn within(amount: Cents, available: Cents) -> Cents {
    if available.is_positive() {
        amount.clamp(Cents::ZERO, available)
    } else {
        amount.clamp(available, Cents::ZERO)
    }
}

/// Whether every cent of an amount has its place in the budget: the parts make the whole, and each has a
/// chapter. What is not is `ACCOUNTING_INCOMPLETE`.
#[must_use]
pub fn is_complete(amount: Cents, quotas: &[Quota]) -> bool {
    let placed = |quota: &Quota| quota.key.as_ref().is_some_and(|key| key.chapter.is_some());
    let sum = Cents::sum(quotas.iter().map(|quota| quota.amount));
    sum == Ok(amount) && quotas.iter().all(placed)
}

/// Every broken rule of the plans of one service, with pointers as `/versions/0/keys/1/share_bp`.
///
/// # Errors
/// The rules.
pub fn check(plans: &[AccountingPlan]) -> Result<(), Vec<DetailsError>> {
    let mut found = Findings::default();
    for (i, plan) in plans.iter().enumerate() {
        let at = format!("/versions/{i}");
        if plan
            .valid
            .until
            .is_some_and(|until| until < plan.valid.from)
        {
            found.add(
                format!("{at}/valid_to_date"),
                "non può precedere valid_from_date",
                "must not be before valid_from_date",
            );
        }
        let earlier = plans.iter().take(i);
        if earlier.clone().any(|other| meet(other.valid, plan.valid)) {
            found.add(
                format!("{at}/valid_from_date"),
                "negli stessi giorni vale un'altra versione",
                "another version holds on the same days",
            );
        }
        keys(&mut found, &at, &plan.shares);
    }
    found.result()
}

fn keys(found: &mut Findings, at: &str, shares: &[KeyShare]) {
    found.count(format!("{at}/keys"), shares.len(), 1..=SHARES_MAX);
    let mut sum: u32 = 0;
    let mut seen = BTreeSet::new();
    for (j, share) in shares.iter().enumerate() {
        match &share.takes {
            Takes::Share(bp) => sum = sum.saturating_add(*bp),
            Takes::Rows(codes) => {
                for code in codes {
                    if !seen.insert(code.as_str()) {
                        found.add(
                            format!("{at}/keys/{j}/row_codes"),
                            format!("la riga {code} è già assegnata"),
                            format!("row {code} is taken already"),
                        );
                    }
                }
            }
        }
    }
    if sum != WHOLE_BP {
        found.add(
            format!("{at}/keys"),
            format!("le quote share_bp devono fare {WHOLE_BP} in tutto, e fanno {sum}"),
            format!("the share_bp must sum to {WHOLE_BP}, and sum to {sum}"),
        );
    }
}

/// Whether two periods share a day.
fn meet(a: Validity, b: Validity) -> bool {
    let ends_before = |x: Validity, y: Validity| x.until.is_some_and(|until| until < y.from);
    !ends_before(a, b) && !ends_before(b, a)
}

#[cfg(test)]
mod tests;
