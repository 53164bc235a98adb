//! The credit of a family at the canteen (`charges.md` §3.3): what is paid in advance and what meals take.
//! The balance is the sum of the movements, which are never changed: a mistake is a further movement.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::calendar::{Day, Instant};
use crate::domain::findings::Findings;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::isee::{IseeDeclaration, check_declarations};
use crate::domain::money::{Cents, MoneyError};
use crate::domain::service::DetailsError;
use crate::domain::service::canteen::{Child, MealTariff};
use crate::domain::service::canteen_credit::CanteenCreditTerms;
use crate::domain::text::Text;

/// An account with what decides the price of its meals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CanteenAccount {
    /// The creditor it belongs to.
    pub creditor: FiscalCode,
    /// UUID version 7.
    pub id: Uuid,
    /// The service that prices its meals.
    pub service_code: String,
    /// Who opened it, and owes what it lacks.
    pub holder: AccountHolder,
    /// Who eats on it.
    pub family: CanteenFamily,
    /// When it was opened.
    pub opened_at: Instant,
    /// Counts changes of the family; the entity tag of the API.
    pub revision: i64,
}

/// Who owes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountHolder {
    /// Tax code.
    pub tax_code: FiscalCode,
    /// Name and surname.
    pub full_name: Text<70>,
}

/// Who eats on an account, and what decides the price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"resident": true, "isee": [{"isee_cents": 1_800_000}], "pupils":
    [{"pupil_tax_code": "TRDVLI16C61A241T", "pupil_name": "Viola Tarducci", "sibling_order": 1}]}))]
pub struct CanteenFamily {
    /// Whether the family lives in the town; others pay the full price.
    pub resident: bool,
    /// ISEE of the family; the full price on days without a valid one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(min_items = 0, max_items = 10)]
    pub isee: Vec<IseeDeclaration>,
    /// The pupils whose meals the account pays: one, or all of a family.
    #[schema(min_items = 1, max_items = 20)]
    pub pupils: Vec<EnrolledPupil>,
}

/// A pupil who eats at the canteen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"pupil_tax_code": "TRDVLI16C61A241T", "pupil_name": "Viola Tarducci",
    "school": "Primaria Don Milani", "sibling_order": 1}))]
pub struct EnrolledPupil {
    /// Tax code of the pupil.
    #[schema(min_length = 16, max_length = 16, pattern = "^[A-Z0-9]{16}$")]
    pub pupil_tax_code: String,
    /// Name of the pupil.
    #[schema(min_length = 1, max_length = 70, pattern = "^[^\\x00-\\x1f\\x7f]+$")]
    pub pupil_name: String,
    /// School of the pupil.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 70,
        pattern = "^[^\\x00-\\x1f\\x7f]+$"
    )]
    pub school: Option<String>,
    /// Place by birth among the enrolled children of the family, from the oldest: 1, 2, 3…
    #[schema(format = Int64, minimum = 1, maximum = 20)]
    pub sibling_order: i64,
    /// Codes of the reductions the pupil has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(
        min_items = 0,
        max_items = 5,
        min_length = 1,
        max_length = 32,
        pattern = "^[a-z0-9_]+$"
    )]
    pub reductions: Vec<String>,
}

/// What moved the credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CreditKind {
    /// A receipt for a top-up.
    TopUp,
    /// A meal.
    Meal,
    /// To another account.
    TransferOut,
    /// From another account.
    TransferIn,
    /// Paid back.
    Refund,
    /// Set right by an officer.
    Correction,
}

names!(CreditKind, {
    CreditKind::TopUp => "top_up",
    CreditKind::Meal => "meal",
    CreditKind::TransferOut => "transfer_out",
    CreditKind::TransferIn => "transfer_in",
    CreditKind::Refund => "refund",
    CreditKind::Correction => "correction",
});

/// A movement of the credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditMovement {
    /// UUID version 7.
    pub id: Uuid,
    /// The account that is moved.
    pub account_id: Uuid,
    /// Why, with what only that has.
    pub cause: CreditCause,
    /// What it adds; negative for what it takes.
    pub amount: Cents,
    /// Legal day: of the payment, of the meal, of the decision.
    pub day: Day,
    /// When it was written.
    pub at: Instant,
    /// The pupil it is about.
    pub pupil_tax_code: Option<String>,
    /// What the officer said.
    pub note: Option<Text<140>>,
}

/// Why the credit moved, with the fact behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreditCause {
    /// The receipt with this id.
    TopUp(String),
    /// The meal of this day.
    Meal(Day),
    /// This transfer, to another account.
    TransferOut(Uuid),
    /// This transfer, from another account.
    TransferIn(Uuid),
    /// To the person with this tax code.
    Refund(FiscalCode),
    /// An officer's decision.
    Correction,
}

impl CreditCause {
    /// The kind of movement.
    #[must_use]
    pub fn kind(&self) -> CreditKind {
        match self {
            CreditCause::TopUp(_) => CreditKind::TopUp,
            CreditCause::Meal(_) => CreditKind::Meal,
            CreditCause::TransferOut(_) => CreditKind::TransferOut,
            CreditCause::TransferIn(_) => CreditKind::TransferIn,
            CreditCause::Refund(_) => CreditKind::Refund,
            CreditCause::Correction => CreditKind::Correction,
        }
    }
}

/// Why credit cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CreditError {
    /// The account would fall too low.
    #[error(
        "the credit of {balance} does not suffice for {amount}: it must not fall below {floor}"
    )]
    BelowFloor {
        /// What is there.
        balance: Cents,
        /// What is wanted.
        amount: Cents,
        /// How low the account may fall.
        floor: Cents,
    },
    /// A sum overflows.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// The balance after taking an amount from it: never below the floor. A free meal is always had.
///
/// # Errors
/// [`CreditError`].
pub fn taken(balance: Cents, amount: Cents, floor: Cents) -> Result<Cents, CreditError> {
    let left = balance.minus(amount)?;
    if amount.is_positive() && left < floor {
        return Err(CreditError::BelowFloor {
            balance,
            amount,
            floor,
        });
    }
    Ok(left)
}

impl CanteenFamily {
    /// Checks who eats, against the tariff of the service.
    ///
    /// # Errors
    /// Every broken rule, with its pointer.
    pub fn check(&self, tariff: &MealTariff) -> Result<(), Vec<DetailsError>> {
        let mut findings = Findings::default();
        check_declarations("/isee", &self.isee, &mut findings);
        findings.count("/pupils", self.pupils.len(), 1..=20);
        let (mut codes, mut places) = (BTreeSet::new(), BTreeSet::new());
        for (i, pupil) in self.pupils.iter().enumerate() {
            let at = |field: &str| format!("/pupils/{i}/{field}");
            findings.person(at("pupil_tax_code"), &pupil.pupil_tax_code);
            findings.text::<70>(at("pupil_name"), &pupil.pupil_name);
            if let Some(school) = &pupil.school {
                findings.text::<70>(at("school"), school);
            }
            findings.range(at("sibling_order"), pupil.sibling_order, 1..=20);
            tariff.check_reductions(&at("reductions"), &pupil.reductions, &mut findings);
            if !codes.insert(&pupil.pupil_tax_code) || !places.insert(pupil.sibling_order) {
                findings.add(
                    format!("/pupils/{i}"),
                    "due alunni hanno lo stesso codice o lo stesso posto tra i figli",
                    "two pupils have the same code or the same place among the children",
                );
            }
        }
        findings.result()
    }

    /// The pupil with this tax code; the only one when none is said.
    ///
    /// # Errors
    /// One finding at `/pupil_tax_code`.
    pub fn pupil(&self, tax_code: Option<&str>) -> Result<&EnrolledPupil, DetailsError> {
        let found = match (tax_code, self.pupils.as_slice()) {
            (Some(code), pupils) => pupils.iter().find(|pupil| pupil.pupil_tax_code == code),
            (None, [only]) => Some(only),
            (None, _) => None,
        };
        found.ok_or_else(|| {
            DetailsError::new(
                "/pupil_tax_code",
                "indicare un alunno che mangia su questo conto",
                "name a pupil who eats on this account",
            )
        })
    }

    /// What a meal of a pupil costs on a day.
    ///
    /// # Errors
    /// A day without meals, a pupil of another account.
    pub fn meal(
        &self,
        terms: &CanteenCreditTerms,
        tax_code: &str,
        day: Day,
    ) -> Result<Cents, DetailsError> {
        let pupil = self.pupil(Some(tax_code))?;
        if !terms.tariff.serves_on(day) {
            return Err(DetailsError::new(
                "/meal_date",
                "in questo giorno la mensa è chiusa",
                "the canteen is closed on this day",
            ));
        }
        let child = Child {
            resident: self.resident,
            isee: &self.isee,
            sibling_order: pupil.sibling_order,
            reductions: &pupil.reductions,
        };
        Ok(terms.tariff.meal(child, day)?.net(1)?)
    }
}

#[cfg(test)]
mod tests;
