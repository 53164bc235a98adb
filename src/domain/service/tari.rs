//! Waste tax of a household (TARI, L. 147/2013 art. 1 c. 639 ff.) with the Province's TEFA
//! (D.Lgs. 504/1992 art. 19) and ARERA's equalisation components (UR1-UR3).

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Assessment, Beneficiary, DetailsError, DetailsSchema, NoticeDraft, OptionDraft, OptionKind,
    Schedule, Service, ServiceKind, TransferDraft, read_terms,
};
use crate::domain::calendar::{Calendar, Day};
use crate::domain::findings::{Findings, read};
use crate::domain::money::Cents;

mod rows;
mod terms;

pub use terms::{DomesticTariff, Plan, Reduction, ReductionBase, TariTerms};

/// The waste tax.
pub struct Tari;

/// What the office states about one household in one year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"occupants": 3, "area_m2": 100, "premises_address": "Via Garibaldi 12"}))]
pub struct TariDetails {
    /// Persons living in the premises.
    #[schema(format = Int64, minimum = 1, maximum = 99)]
    pub occupants: i64,
    /// Walkable surface of the dwelling, square metres.
    #[schema(format = Int64, minimum = 1, maximum = 999999)]
    pub area_m2: i64,
    /// Surface of annexes at the same address (garage, cellar), which pay the fixed part only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 999999)]
    pub annex_area_m2: Option<i64>,
    /// First day of possession within the year of the service; 1 January when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub occupied_from: Option<NaiveDate>,
    /// Last day of possession within the year of the service; 31 December when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub occupied_to: Option<NaiveDate>,
    /// Codes of the reductions granted, among those of the service, applied in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(
        min_items = 0,
        max_items = 10,
        min_length = 1,
        max_length = 35,
        pattern = "^[a-z0-9_]+$"
    )]
    pub reductions: Vec<String>,
    /// Code of the only instalment plan to offer; every plan of the service when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 35,
        pattern = "^[a-z0-9_]+$"
    )]
    pub plan: Option<String>,
    /// Where the premises are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 140,
        pattern = "^[^\\x00-\\x1f\\x7f]+$"
    )]
    pub premises_address: Option<String>,
    /// Sheet, parcel and unit of the land registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 70,
        pattern = "^[^\\x00-\\x1f\\x7f]+$"
    )]
    pub cadastral_reference: Option<String>,
}

impl ServiceKind for Tari {
    fn code(&self) -> &'static str {
        "tari"
    }

    fn assess(&self, details: &Value, service: &Service) -> Result<Assessment, Vec<DetailsError>> {
        let terms: &TariTerms = service.terms(terms::check)?;
        let details: TariDetails = read(details)?;
        let mut findings = Findings::default();
        check_details(&details, terms, &mut findings);
        if terms.tefa_bp > 0 && !service.others.contains_key(PROVINCE) {
            let code = &service.code;
            findings.add(
                "",
                format!("al servizio {code} manca il beneficiario `province` (la Provincia, per la TEFA)"),
                format!("service {code} lacks the beneficiary `province` (which receives TEFA)"),
            );
        }
        findings.result()?;
        assess(&details, terms, service).map_err(|error| vec![error])
    }

    fn check_terms(&self, terms: &Value) -> Result<(), Vec<DetailsError>> {
        read_terms(terms, terms::check).map(|_: TariTerms| ())
    }

    fn details_schema(&self) -> DetailsSchema {
        DetailsSchema::of::<TariDetails>()
    }
}

/// The role of the Province among the beneficiaries of a service.
const PROVINCE: &str = "province";

/// What is owed, by beneficiary: each part is split among the instalments on its own.
struct Owed {
    tari: Cents,
    tefa: Cents,
    /// UR1-UR3: the town collects them, with the last instalment, for the equalisation fund.
    components: Cents,
}

fn assess(
    details: &TariDetails,
    terms: &TariTerms,
    service: &Service,
) -> Result<Assessment, DetailsError> {
    let (rows, owed) = rows::compute(details, terms)?;
    let town = owed.tari.plus(owed.components)?;
    let due = Calendar::Tax.roll(terms.single_due_on);
    let whole = notice(service, terms, ("rata unica", due), [town, owed.tefa])?;
    let mut options = vec![OptionDraft {
        kind: OptionKind::Single,
        notices: vec![whole],
    }];
    for plan in &terms.plans {
        let wanted = details.plan.as_ref();
        if wanted.is_some_and(|code| *code != plan.code) {
            continue;
        }
        match instalments(&owed, terms, plan, service)? {
            Some(notices) => options.push(OptionDraft {
                kind: OptionKind::Plan,
                notices,
            }),
            None if wanted.is_some() => {
                return Err(DetailsError::new(
                    "/plan",
                    "l'importo è troppo piccolo per questo piano: una rata sarebbe di zero euro",
                    "the amount is too small for this plan: an instalment would be zero",
                ));
            }
            None => {}
        }
    }
    Ok(Assessment { rows, options })
}

/// The notices of a plan; `None` when so little is owed that an instalment would be nothing.
fn instalments(
    owed: &Owed,
    terms: &TariTerms,
    plan: &Plan,
    service: &Service,
) -> Result<Option<Vec<NoticeDraft>>, DetailsError> {
    let count = plan.due_on.len();
    let (tari, tefa) = (plan.split(owed.tari)?, plan.split(owed.tefa)?);
    let mut notices = Vec::with_capacity(count);
    for (i, (due, (mut town, province))) in plan
        .due_on
        .iter()
        .zip(tari.into_iter().zip(tefa))
        .enumerate()
    {
        let place = i.saturating_add(1);
        if place == count {
            town = town.plus(owed.components)?;
        }
        if !town.is_positive() || province < Cents::ZERO {
            return Ok(None);
        }
        let due = Calendar::Tax.roll(*due);
        let rest = format!("rata {place} di {count}");
        notices.push(notice(service, terms, (&rest, due), [town, province])?);
    }
    Ok(Some(notices))
}

/// One notice: the town, then the Province unless it gets nothing.
fn notice(
    service: &Service,
    terms: &TariTerms,
    (rest, due): (&str, Day),
    [town, province]: [Cents; 2],
) -> Result<NoticeDraft, DetailsError> {
    // Tax codes of Revenue Agency resolutions 45/E 2014 and 5/E 2021.
    let mut transfers = vec![transfer(&service.main, terms, (1, "3944"))];
    let mut amounts = vec![town];
    if let (true, Some(to)) = (province.is_positive(), service.others.get(PROVINCE)) {
        transfers.push(transfer(to, terms, (2, "TEFA")));
        amounts.push(province);
    }
    let schedule = Schedule::flat("importo dovuto", amounts)?;
    let description = service.description(rest);
    Ok(NoticeDraft {
        description,
        due_on: Some(due),
        transfers,
        schedule,
    })
}

fn transfer(to: &Arc<Beneficiary>, terms: &TariTerms, (id, tax): (u8, &str)) -> TransferDraft {
    let value = format!("{}|{}|{tax}", terms.cadastral_code, terms.year);
    TransferDraft {
        to: Arc::clone(to),
        metadata: vec![(format!("TARI-TEFA-{id}"), value)],
    }
}

fn check_details(details: &TariDetails, terms: &TariTerms, findings: &mut Findings) {
    findings.range("/occupants", details.occupants, 1..=99);
    findings.range("/area_m2", details.area_m2, 1..=999_999);
    if let Some(area) = details.annex_area_m2 {
        findings.range("/annex_area_m2", area, 1..=999_999);
    }
    let year = terms.first_day()..=terms.last_day();
    let (from, to) = (details.occupied_from, details.occupied_to);
    for (pointer, day) in [("/occupied_from", from), ("/occupied_to", to)] {
        if day.is_some_and(|day| !year.contains(&day)) {
            let year = terms.year;
            findings.add(
                pointer,
                format!("deve essere un giorno del {year}"),
                format!("must be a day of {year}"),
            );
        }
    }
    if matches!((from, to), (Some(from), Some(to)) if to < from) {
        findings.add(
            "/occupied_to",
            "non può precedere occupied_from",
            "must not be before occupied_from",
        );
    }
    findings.count("/reductions", details.reductions.len(), 0..=10);
    let mut seen = BTreeSet::new();
    for (i, code) in details.reductions.iter().enumerate() {
        let known: Vec<&str> = terms.reductions.iter().map(|r| r.code.as_str()).collect();
        if !known.contains(&code.as_str()) {
            findings.push(one_of(format!("/reductions/{i}"), &known));
        } else if !seen.insert(code) {
            findings.add(
                format!("/reductions/{i}"),
                "riduzione indicata due volte",
                "the reduction is given twice",
            );
        }
    }
    if let Some(plan) = &details.plan {
        let known: Vec<&str> = terms.plans.iter().map(|plan| plan.code.as_str()).collect();
        if !known.contains(&plan.as_str()) {
            findings.push(one_of("/plan".to_owned(), &known));
        }
    }
    if let Some(text) = &details.premises_address {
        findings.text::<140>("/premises_address", text);
    }
    if let Some(text) = &details.cadastral_reference {
        findings.text::<70>("/cadastral_reference", text);
    }
}

fn one_of(pointer: String, known: &[&str]) -> DetailsError {
    if known.is_empty() {
        return DetailsError::new(
            pointer,
            "il servizio non ne prevede",
            "the service has none of these",
        );
    }
    let known = known.join(", ");
    DetailsError::new(
        pointer,
        format!("valori previsti dal servizio: {known}"),
        format!("the service knows {known}"),
    )
}

#[cfg(test)]
mod tests;
