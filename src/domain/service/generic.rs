//! Any other charge: a fixed price, a price by quantity, or an amount the office decides.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Assessment, DetailsError, DetailsSchema, NoticeDraft, OptionDraft, OptionKind, Row, Schedule,
    Service, ServiceKind, TransferDraft, read_terms,
};
use crate::domain::calendar::Calendar;
use crate::domain::findings::{Findings, read};
use crate::domain::money::Cents;
use crate::domain::text::fit;

/// Charges without rules of their own: rights, rents, fees, lamps.
pub struct Generic;

/// What the office types; which fields are wanted depends on how the service is priced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"quantity": 3, "description": "Lampade votive 2026"}))]
pub struct GenericDetails {
    /// Units charged; only and always for services priced by unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 100_000)]
    pub quantity: Option<i64>,
    /// Amount, cents; only and always for services of free amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 99_999_999_999_i64)]
    pub amount_cents: Option<i64>,
    /// What is paid, added to the title of the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 100,
        pattern = "^[^\\x00-\\x1f\\x7f]+$"
    )]
    pub description: Option<String>,
    /// Last day to pay in time; from the terms of the service when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub due_on: Option<NaiveDate>,
}

/// How the service is priced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenericTerms {
    /// The price.
    pub price: Price,
    /// Days to pay, from the issue.
    pub due_days: u32,
}

/// A price of a generic service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Price {
    /// Always the same.
    Fixed {
        /// Cents.
        amount_cents: i64,
    },
    /// By quantity.
    Tariff {
        /// Price of one unit, cents.
        unit_cents: i64,
        /// What a unit is, in Italian: `lampada`.
        unit_label: String,
    },
    /// What the office types, within bounds.
    Free {
        /// Least, cents.
        minimum_cents: i64,
        /// Most, cents.
        maximum_cents: i64,
    },
}

impl ServiceKind for Generic {
    fn code(&self) -> &'static str {
        "generic"
    }

    fn assess(&self, details: &Value, service: &Service) -> Result<Assessment, Vec<DetailsError>> {
        let terms: &GenericTerms = service.terms(check_terms)?;
        let details: GenericDetails = read(details)?;
        let mut findings = Findings::default();
        check_details(&details, terms, service, &mut findings);
        findings.result()?;
        assess(&details, terms, service).map_err(|error| vec![error])
    }

    fn check_terms(&self, terms: &Value) -> Result<(), Vec<DetailsError>> {
        read_terms(terms, check_terms).map(|_: GenericTerms| ())
    }

    fn details_schema(&self) -> DetailsSchema {
        DetailsSchema::of::<GenericDetails>()
    }
}

fn assess(
    details: &GenericDetails,
    terms: &GenericTerms,
    service: &Service,
) -> Result<Assessment, DetailsError> {
    let (label, amount) = match &terms.price {
        Price::Fixed { amount_cents } => ("Importo fisso".to_owned(), Cents::new(*amount_cents)?),
        Price::Tariff {
            unit_cents,
            unit_label,
        } => {
            let (unit, quantity) = (Cents::new(*unit_cents)?, details.quantity.unwrap_or(1));
            let label = format!("{quantity} × {} € ({unit_label})", unit.italian());
            (label, unit.times(quantity)?)
        }
        Price::Free { .. } => (
            "Importo".to_owned(),
            Cents::new(details.amount_cents.unwrap_or(0))?,
        ),
    };
    let due = Calendar::Civil.deadline(service.issued_on, terms.due_days);
    let notice = NoticeDraft {
        description: match &details.description {
            Some(text) => service.description(text.trim()),
            None => fit(&service.title, super::DESCRIPTION_MAX),
        },
        due_on: Some(details.due_on.unwrap_or(due)),
        transfers: vec![TransferDraft {
            to: service.main.clone(),
            metadata: Vec::new(),
        }],
        schedule: Schedule::flat("importo dovuto", vec![amount])?,
    };
    Ok(Assessment {
        rows: vec![Row {
            code: "amount".into(),
            label,
            amount,
        }],
        options: vec![OptionDraft {
            kind: OptionKind::Single,
            notices: vec![notice],
        }],
    })
}

fn check_details(
    details: &GenericDetails,
    terms: &GenericTerms,
    service: &Service,
    findings: &mut Findings,
) {
    let (quantity, amount) = match &terms.price {
        Price::Fixed { .. } => (None, None),
        Price::Tariff { .. } => (Some(1..=100_000), None),
        Price::Free {
            minimum_cents,
            maximum_cents,
        } => (None, Some(*minimum_cents..=*maximum_cents)),
    };
    for (pointer, typed, allowed) in [
        ("/quantity", details.quantity, quantity),
        ("/amount_cents", details.amount_cents, amount),
    ] {
        match (typed, allowed) {
            (Some(value), Some(allowed)) => findings.range(pointer, value, allowed),
            (None, Some(_)) => {
                findings.add(
                    pointer,
                    "manca il campo, che questo servizio richiede",
                    "is missing: this service wants it",
                );
            }
            (Some(_), None) => findings.add(
                pointer,
                "questo servizio non prevede il campo",
                "is not used by this service",
            ),
            (None, None) => {}
        }
    }
    if let Some(text) = &details.description {
        findings.text::<100>("/description", text);
    }
    if let Some(day) = details.due_on {
        findings.day("/due_on", day);
        if day < service.issued_on {
            let issued = service.issued_on;
            findings.add(
                "/due_on",
                format!("non può precedere il giorno di emissione, {issued}"),
                format!("must not be before the day of issue, {issued}"),
            );
        }
    }
}

fn check_terms(terms: &GenericTerms, findings: &mut Findings) {
    let payable = 1..=Cents::NOTICE_MAX.get();
    match &terms.price {
        Price::Fixed { amount_cents } => {
            findings.range("/price/fixed/amount_cents", *amount_cents, payable);
        }
        Price::Tariff {
            unit_cents,
            unit_label,
        } => {
            findings.range("/price/tariff/unit_cents", *unit_cents, payable);
            findings.text::<35>("/price/tariff/unit_label", unit_label);
        }
        Price::Free {
            minimum_cents,
            maximum_cents,
        } => {
            findings.range("/price/free/minimum_cents", *minimum_cents, payable.clone());
            findings.range("/price/free/maximum_cents", *maximum_cents, payable);
            if maximum_cents < minimum_cents {
                findings.add(
                    "/price/free/maximum_cents",
                    "non può essere minore di minimum_cents",
                    "must not be less than minimum_cents",
                );
            }
        }
    }
    findings.range("/due_days", i64::from(terms.due_days), 0..=365);
}

#[cfg(test)]
mod tests;
