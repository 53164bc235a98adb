//! School canteen paid in advance (`charges.md` §3.3): a position of this kind is a top-up of a credit
//! account. Meals take from the account on the day they are eaten, at the price of the tariff.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::canteen::{MealTariff, Vat};
use super::{
    Assessment, DetailsError, DetailsSchema, NoticeDraft, OptionDraft, OptionKind, Row, Schedule,
    Service, ServiceKind, TransferDraft,
};
use crate::domain::calendar::Calendar;
use crate::domain::findings::{Findings, read};
use crate::domain::money::Cents;
use crate::domain::terms::read_terms;

/// The school canteen, paid in advance.
pub struct CanteenCredit;

/// Code of the kind, and the key of its details.
pub const KIND: &str = "canteen_credit";

/// A top-up of a credit account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"account_id": "01970000-0000-7000-8000-000000000001",
    "pupil_tax_code": "TRDVLI16C61A241T", "amount_cents": 3000}))]
pub struct CanteenCreditDetails {
    /// The account that the payment credits.
    pub account_id: Uuid,
    /// Tax code of the pupil it is paid for, for the yearly certificate.
    #[schema(min_length = 16, max_length = 16, pattern = "^[A-Z0-9]{16}$")]
    pub pupil_tax_code: String,
    /// What is paid, within the limits of the service; cents.
    #[schema(format = Int64, minimum = 1, maximum = 99_999_999_999_i64)]
    pub amount_cents: i64,
}

/// The tariff of a school year, and what an account may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CanteenCreditTerms {
    /// Prices of the meals.
    pub tariff: MealTariff,
    /// Least top-up, cents.
    pub top_up_min_cents: i64,
    /// Highest top-up, cents.
    pub top_up_max_cents: i64,
    /// How far below zero meals may take an account; zero or less, cents.
    #[serde(default)]
    pub credit_floor_cents: i64,
    /// The account asks for a top-up below this; cents.
    #[serde(default)]
    pub reminder_below_cents: i64,
    /// VAT inside the prices, basis points; 0 where the town does not run the canteen as a business.
    #[serde(default = "usual_vat")]
    pub vat_bp: u32,
    /// Days that a top-up notice is meant to be paid in.
    pub due_days: u32,
}

fn usual_vat() -> u32 {
    400
}

impl CanteenCreditTerms {
    /// Reads the terms of a service of this kind.
    ///
    /// # Errors
    /// What is wrong with the terms, as one finding about the whole.
    pub fn of(service: &Service) -> Result<&CanteenCreditTerms, Vec<DetailsError>> {
        service.terms(check_terms)
    }
}

impl ServiceKind for CanteenCredit {
    fn code(&self) -> &'static str {
        KIND
    }

    fn assess(&self, details: &Value, service: &Service) -> Result<Assessment, Vec<DetailsError>> {
        let terms = CanteenCreditTerms::of(service)?;
        let details: CanteenCreditDetails = read(details)?;
        let mut findings = Findings::default();
        findings.person("/pupil_tax_code", &details.pupil_tax_code);
        let allowed = terms.top_up_min_cents..=terms.top_up_max_cents;
        findings.range("/amount_cents", details.amount_cents, allowed);
        findings.result()?;
        assess(&details, terms, service).map_err(|error| vec![error])
    }

    fn check_terms(&self, terms: &Value) -> Result<(), Vec<DetailsError>> {
        read_terms(terms, check_terms).map(|_: CanteenCreditTerms| ())
    }

    fn details_schema(&self) -> DetailsSchema {
        DetailsSchema::of::<CanteenCreditDetails>()
    }
}

fn assess(
    details: &CanteenCreditDetails,
    terms: &CanteenCreditTerms,
    service: &Service,
) -> Result<Assessment, DetailsError> {
    let amount = Cents::new(details.amount_cents)?;
    let top_up = Row {
        code: "top_up".into(),
        label: "Ricarica del credito mensa".to_owned(),
        amount,
    };
    let vat = Vat::inside(amount, terms.vat_bp)?;
    let rows = std::iter::once(top_up).chain(vat.as_ref().map(Vat::row));
    let notice = NoticeDraft {
        description: service.description("ricarica"),
        due_on: Some(Calendar::Civil.deadline(service.issued_on, terms.due_days)),
        transfers: vec![TransferDraft {
            to: service.main.clone(),
            metadata: Arc::default(),
        }],
        schedule: Schedule::flat("importo della ricarica", vec![amount])?,
    };
    Ok(Assessment {
        rows: rows.collect(),
        options: vec![OptionDraft {
            kind: OptionKind::Single,
            lapse: None,
            notices: vec![notice],
        }],
    })
}

/// Highest amount of one top-up, cents.
const TOP_UP_MAX: i64 = 1_000_000;

fn check_terms(terms: &CanteenCreditTerms, findings: &mut Findings) {
    terms.tariff.check("/tariff", findings);
    findings.range("/top_up_min_cents", terms.top_up_min_cents, 1..=TOP_UP_MAX);
    findings.range("/top_up_max_cents", terms.top_up_max_cents, 1..=TOP_UP_MAX);
    if terms.top_up_max_cents < terms.top_up_min_cents {
        findings.add(
            "/top_up_max_cents",
            "non può essere minore della ricarica minima",
            "must not be less than the least top-up",
        );
    }
    findings.range(
        "/credit_floor_cents",
        terms.credit_floor_cents,
        -TOP_UP_MAX..=0,
    );
    findings.range(
        "/reminder_below_cents",
        terms.reminder_below_cents,
        0..=TOP_UP_MAX,
    );
    findings.range("/vat_bp", i64::from(terms.vat_bp), 0..=10_000);
    findings.range("/due_days", i64::from(terms.due_days), 0..=365);
}

#[cfg(test)]
mod tests;
