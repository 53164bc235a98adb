//! Any other charge, priced by terms that an office can read (`charges.md` §5): identity cards, copies,
//! nurseries, lamps, public ground, permits. What the rows may say is in `generic/terms.rs`.

mod check;
mod inputs;
mod rows;
pub mod terms;

use std::sync::Arc;

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Assessment, Beneficiary, Destination, DetailsError, DetailsSchema, NoticeDraft, OptionDraft,
    OptionKind, Row, Schedule, Service, ServiceKind, Step, TransferDraft,
};
use crate::domain::calendar::{Calendar, Day};
use crate::domain::demand::Demand;
use crate::domain::findings::{Findings, none_of, read};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::stamp::{DocumentHash, Province, Stamp};
use crate::domain::taxonomy::TaxonomyCode;
use crate::domain::terms::read_terms;
use crate::domain::text::fit;
use inputs::Answers;
use terms::{GenericTerms, Plan, StampTerms, Surcharge};

/// Charges without rules of their own: rights, rents, fees, lamps.
pub struct Generic;

/// What the office types; the terms of the service say which of it they want.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"inputs": [{"input": "lamps", "value": "3"}], "description": "Lampade votive 2026"}))]
pub struct GenericDetails {
    /// Answers to what the service asks: quantities and choices by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(min_items = 0, max_items = 10)]
    pub inputs: Vec<GenericInput>,
    /// Amount, cents; only and always for services whose amount the office decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 99_999_999_999_i64)]
    pub amount_cents: Option<i64>,
    /// Valid ISEE of the family, cents, for services priced by it; the full price when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 0, maximum = 99_999_999_999_i64)]
    pub isee_cents: Option<i64>,
    /// Code of an instalment plan of the service to offer beside paying at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 35,
        pattern = "^[a-z][a-z0-9_]*$"
    )]
    pub plan: Option<String>,
    /// The documents that bear a digital revenue stamp. A notice with stamps is paid online only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(min_items = 0, max_items = 4)]
    pub stamps: Vec<GenericStamp>,
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
    /// The child and the month that a fee is for, as of a nursery, for the certificate by month.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub attendance: Option<GenericAttendance>,
}

/// The child and the month that a fee is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"pupil_tax_code": "LNCNCL18S08A515N", "year": 2026, "month": 3}))]
pub struct GenericAttendance {
    /// Tax code of the child.
    #[schema(min_length = 16, max_length = 16, pattern = "^[A-Z0-9]{16}$")]
    pub pupil_tax_code: String,
    /// Name of the child.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 70,
        pattern = "^[^\\x00-\\x1f\\x7f]+$"
    )]
    pub pupil_name: Option<String>,
    /// Year of the month.
    #[schema(format = Int64, minimum = 2000, maximum = 2099)]
    pub year: i64,
    /// Month, 1 to 12.
    #[schema(format = Int64, minimum = 1, maximum = 12)]
    pub month: i64,
}

/// An answer to something the service asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"input": "lamps", "value": "3"}))]
pub struct GenericInput {
    /// Which one, by its name in the terms of the service.
    #[schema(min_length = 1, max_length = 35, pattern = "^[a-z][a-z0-9_]*$")]
    pub input: String,
    /// A number as `6.5`, or one of the values the service knows.
    #[schema(min_length = 1, max_length = 35, pattern = "^[a-z0-9_.]+$")]
    pub value: String,
}

/// A document that bears a digital revenue stamp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"document_sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "province": "AQ"}))]
pub struct GenericStamp {
    /// SHA-256 of the document: base64 of the 32 bytes.
    #[schema(min_length = 44, max_length = 44, pattern = "^[A-Za-z0-9+/]{43}=$")]
    pub document_sha256: String,
    /// Province the payer lives in.
    #[schema(min_length = 2, max_length = 2, pattern = "^[A-Z]{2}$")]
    pub province: String,
}

/// Most stamps of one notice: it has five transfers, and the first is the creditor's.
const STAMPS_MAX: usize = 4;

impl ServiceKind for Generic {
    fn code(&self) -> &'static str {
        "generic"
    }

    fn assess(&self, details: &Value, service: &Service) -> Result<Assessment, Vec<DetailsError>> {
        let terms: &GenericTerms = service.terms(check::check)?;
        let details: GenericDetails = read(details)?;
        let mut findings = Findings::default();
        let answers = inputs::read(&details.inputs, terms, &mut findings);
        check_amounts(&details, terms, &mut findings);
        check_rest(&details, terms, service, &mut findings);
        let stamps = stamps(&details, terms, &answers, &mut findings);
        findings.result()?;
        let charge = Charge {
            details: &details,
            terms,
            service,
        };
        charge
            .assess(&answers, &stamps)
            .map_err(|error| vec![error])
    }

    /// The answers are those of the service's inputs; `documentHash` and `province` ask for a stamp.
    fn demanded(&self, demand: &Demand) -> Option<Value> {
        let stamped = ["documentHash", "province"];
        let inputs = demand
            .answers
            .iter()
            .filter(|(name, _)| !stamped.contains(&name.as_str()));
        let inputs =
            inputs.map(|(input, value)| serde_json::json!({ "input": input, "value": value }));
        let mut details = serde_json::Map::new();
        details.insert("inputs".to_owned(), inputs.collect());
        if let Some(cents) = demand.amount_cents() {
            details.insert("amount_cents".to_owned(), cents.into());
        }
        if let Some(hash) = demand.answer("documentHash") {
            let province = demand.answer("province").unwrap_or_default();
            let stamp = serde_json::json!({ "document_sha256": hash, "province": province });
            details.insert("stamps".to_owned(), Value::Array(vec![stamp]));
        }
        Some(Value::Object(details))
    }

    fn check_terms(&self, terms: &Value) -> Result<(), Vec<DetailsError>> {
        read_terms(terms, check::check).map(|_: GenericTerms| ())
    }

    fn details_schema(&self) -> DetailsSchema {
        DetailsSchema::of::<GenericDetails>()
    }
}

/// One charge, read and checked.
struct Charge<'a> {
    details: &'a GenericDetails,
    terms: &'a GenericTerms,
    service: &'a Service,
}

impl Charge<'_> {
    fn assess(
        &self,
        answers: &Answers<'_>,
        stamps: &[TransferDraft],
    ) -> Result<Assessment, DetailsError> {
        let mut rows = rows::price(self.details, self.terms, answers)?;
        let own = Cents::sum(rows.iter().map(|row| row.amount))?;
        if !own.is_positive() {
            return Err(DetailsError::new(
                "",
                "nulla da pagare: con questi dati l'importo è zero",
                "nothing to pay: with these details the amount is zero",
            ));
        }
        self.within_limits(own)?;
        let mut options = vec![self.at_once(own, stamps)?];
        if let Some(plan) = self.plan() {
            options.push(self.instalments(own, plan, stamps)?);
        }
        if let Some(terms) = self.terms.stamps.as_ref().filter(|_| !stamps.is_empty()) {
            rows.push(stamp_row(terms, stamps.len())?);
        }
        Ok(Assessment { rows, options })
    }

    /// What the regulation lets the service ask, stamps left out.
    fn within_limits(&self, own: Cents) -> Result<(), DetailsError> {
        let limit = |cents: Option<i64>| cents.map(Cents::new).transpose();
        let refused = |it: String, en: String| Err(DetailsError::new("", it, en));
        if let Some(least) = limit(self.terms.minimum_cents)?.filter(|least| own < *least) {
            return refused(
                format!(
                    "l'importo di {} euro è sotto il minimo del servizio, {} euro: non si riscuote",
                    own.italian(),
                    least.italian()
                ),
                format!(
                    "{own} euro are below the least of the service, {least} euro: nothing is asked"
                ),
            );
        }
        if let Some(most) = limit(self.terms.maximum_cents)?.filter(|most| own > *most) {
            return refused(
                format!(
                    "l'importo di {} euro supera il massimo del servizio, {} euro",
                    own.italian(),
                    most.italian()
                ),
                format!("{own} euro are above the most of the service, {most} euro"),
            );
        }
        Ok(())
    }

    fn plan(&self) -> Option<&Plan> {
        let wanted = self.details.plan.as_ref()?;
        self.terms.plans.iter().find(|plan| plan.code == *wanted)
    }

    fn at_once(&self, own: Cents, stamps: &[TransferDraft]) -> Result<OptionDraft, DetailsError> {
        let due = Calendar::Civil.deadline(self.service.issued_on, self.terms.due_days);
        let due = self.details.due_on.unwrap_or(due);
        let mut transfers = vec![self.own_transfer()];
        transfers.extend(stamps.iter().cloned());
        let notice = NoticeDraft {
            description: self.description(""),
            due_on: Some(due),
            transfers,
            schedule: self.schedule(own, stamps.len(), due)?,
        };
        Ok(OptionDraft {
            kind: OptionKind::Single,
            lapse: None,
            notices: vec![notice],
        })
    }

    /// The creditor's part is divided; stamps cannot be, and are bought with the first instalment.
    fn instalments(
        &self,
        own: Cents,
        plan: &Plan,
        stamps: &[TransferDraft],
    ) -> Result<OptionDraft, DetailsError> {
        let least = self.terms.minimum_instalment_cents.map_or(1, |cents| cents);
        let least = Cents::new(least)?;
        let count = plan.due_days.len();
        let parts = if plan.shares_bp.is_empty() {
            own.split(u16::try_from(count).unwrap_or(u16::MAX), plan.remainder_on)?
        } else {
            own.split_by(&plan.shares_bp, plan.remainder_on)?
        };
        let mut notices = Vec::with_capacity(count);
        for (i, (days, part)) in (1u16..).zip(plan.due_days.iter().zip(parts)) {
            if part < least {
                return Err(DetailsError::new(
                    "/plan",
                    format!(
                        "l'importo è troppo piccolo per questo piano: una rata sarebbe di {} euro, \
                         il minimo è {} euro",
                        part.italian(),
                        least.italian()
                    ),
                    format!(
                        "the amount is too small for this plan: an instalment would be {part} euro, \
                         the least is {least} euro"
                    ),
                ));
            }
            let bought = if i == 1 { stamps } else { &[] };
            let mut transfers = vec![self.own_transfer()];
            transfers.extend(bought.iter().cloned());
            let due = Calendar::Civil.deadline(self.service.issued_on, *days);
            notices.push(NoticeDraft {
                description: self.description(&format!("rata {i} di {count}")),
                due_on: Some(due),
                transfers,
                schedule: self.schedule(part, bought.len(), due)?,
            });
        }
        Ok(OptionDraft {
            kind: OptionKind::Plan,
            lapse: None,
            notices,
        })
    }

    fn own_transfer(&self) -> TransferDraft {
        TransferDraft {
            to: self.service.main.clone(),
            metadata: Arc::default(),
        }
    }

    fn description(&self, instalment: &str) -> String {
        let typed = self.details.description.as_deref().map_or("", str::trim);
        let rest: Vec<&str> = [typed, instalment]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        if rest.is_empty() {
            fit(&self.service.title, super::DESCRIPTION_MAX)
        } else {
            self.service.description(&rest.join(" - "))
        }
    }

    /// The creditor's part may rise when it is paid late; stamps never do.
    fn schedule(&self, own: Cents, stamps: usize, due: Day) -> Result<Schedule, DetailsError> {
        let stamp = self.terms.stamps.as_ref().map_or(0, |stamps| stamps.cents);
        let stamp = Cents::new(stamp)?;
        let amounts = |own: Cents| {
            let stamps = std::iter::repeat_n(stamp, stamps);
            std::iter::once(own).chain(stamps).collect::<Vec<_>>()
        };
        let mut steps = vec![Step {
            until: (!self.terms.late.is_empty()).then_some(due),
            reason: "importo dovuto".to_owned(),
            amounts: amounts(own),
        }];
        for Surcharge { days, bp } in &self.terms.late {
            let last = due.checked_add_days(Days::new((*days).into()));
            steps.push(Step {
                until: Some(last.unwrap_or(Day::MAX)),
                reason: format!(
                    "maggiorazione del {} % per ritardo fino a {days} giorni",
                    rows::percent(*bp)
                ),
                amounts: amounts(own.plus(own.share(*bp)?)?),
            });
        }
        Ok(Schedule::new(steps, stamps.saturating_add(1))?)
    }
}

fn stamp_row(terms: &StampTerms, count: usize) -> Result<Row, DetailsError> {
    let (count, each) = (
        i64::try_from(count).unwrap_or(i64::MAX),
        Cents::new(terms.cents)?,
    );
    Ok(Row {
        code: "stamp_duty".into(),
        label: format!("Marca da bollo digitale: {count} × {} €", each.italian()),
        amount: each.times(count)?,
    })
}

/// One transfer for each stamp.
fn stamps(
    details: &GenericDetails,
    terms: &GenericTerms,
    answers: &Answers<'_>,
    findings: &mut Findings,
) -> Vec<TransferDraft> {
    let Some(of) = &terms.stamps else {
        if !details.stamps.is_empty() {
            unused("/stamps", findings);
        }
        return Vec::new();
    };
    let each = of
        .sheets
        .as_ref()
        .map_or(1, |f| rows::counted(f, answers).0);
    let each = usize::try_from(each).unwrap_or(usize::MAX);
    check_count(details.stamps.len(), each, of, findings);
    let mut transfers = Vec::new();
    for (i, stamp) in details.stamps.iter().enumerate() {
        let at = |field: &str| format!("/stamps/{i}/{field}");
        let document = DocumentHash::parse(&stamp.document_sha256);
        if document.is_err() {
            findings.add(
                at("document_sha256"),
                "deve essere lo SHA-256 del documento: base64 dei 32 byte, 44 caratteri con = in fondo",
                "must be the SHA-256 of the document: base64 of the 32 bytes, 44 characters with = at the end",
            );
        }
        let province = Province::parse(&stamp.province);
        if province.is_err() {
            findings.add(
                at("province"),
                "deve essere la sigla di una provincia, due lettere maiuscole",
                "must be the two capital letters of a province",
            );
        }
        if let (Ok(document), Ok(province)) = (document, province) {
            let transfer = stamp_transfer(of, Stamp { document, province });
            transfers.extend(std::iter::repeat_n(transfer, each.min(STAMPS_MAX)).flatten());
        }
    }
    transfers
}

fn check_count(documents: usize, each: usize, of: &StampTerms, findings: &mut Findings) {
    if of.sheets.is_some() && documents > 1 {
        findings.add(
            "/stamps",
            "questo servizio prende un solo documento, con le marche di tutti i suoi fogli",
            "this service takes one document, with the stamps of all its sheets",
        );
    }
    let count = each.saturating_mul(documents);
    if count > STAMPS_MAX {
        let each = i64::try_from(count)
            .ok()
            .and_then(|n| of.cents.checked_mul(n));
        let total = each.and_then(|total| Cents::new(total).ok());
        let total = total.map_or_else(String::new, Cents::italian);
        findings.add(
            "/stamps",
            format!(
                "servono {count} marche da bollo ({total} €), ma un avviso ne porta al massimo {STAMPS_MAX} \
                 oltre all'importo dell'ente: dividere i documenti in più posizioni, o assolvere il bollo \
                 in modo virtuale"
            ),
            format!(
                "{count} stamps ({total} euro) are needed, but a notice carries {STAMPS_MAX} beside the \
                 creditor's amount: divide the documents among several positions, or pay the duty in \
                 virtual form"
            ),
        );
    }
}

/// The transfer of a stamp; `None` for terms that the check refuses.
fn stamp_transfer(of: &StampTerms, stamp: Stamp) -> Option<TransferDraft> {
    Some(TransferDraft {
        to: Arc::new(Beneficiary {
            tax_code: FiscalCode::parse(&of.agency_tax_code).ok()?,
            legal_name: of.agency_legal_name.clone(),
            account: Destination::Stamp(stamp),
            taxonomy: TaxonomyCode::parse(&of.taxonomy).ok()?,
        }),
        metadata: Arc::default(),
    })
}

fn check_amounts(details: &GenericDetails, terms: &GenericTerms, findings: &mut Findings) {
    match (details.amount_cents, terms.typed()) {
        (Some(cents), Some((least, most))) => {
            findings.range("/amount_cents", cents, least..=most);
        }
        (None, Some((least, most))) => findings.add(
            "/amount_cents",
            format!("manca l'importo, che per questo servizio decide l'ufficio: da {least} a {most} centesimi"),
            format!("is missing: the office decides the amount of this service, {least} to {most} cents"),
        ),
        (Some(_), None) => unused("/amount_cents", findings),
        (None, None) => {}
    }
    match details.isee_cents {
        Some(isee) if terms.by_isee() => {
            findings.range("/isee_cents", isee, 0..=Cents::NOTICE_MAX.get());
        }
        Some(_) => unused("/isee_cents", findings),
        None => {}
    }
}

fn check_rest(
    details: &GenericDetails,
    terms: &GenericTerms,
    service: &Service,
    findings: &mut Findings,
) {
    if let Some(plan) = &details.plan {
        let known: Vec<&str> = terms.plans.iter().map(|plan| plan.code.as_str()).collect();
        if !known.contains(&plan.as_str()) {
            findings.push(none_of("/plan", known));
        }
    }
    if let Some(text) = &details.description {
        findings.text::<100>("/description", text);
    }
    if let Some(attendance) = &details.attendance {
        findings.person("/attendance/pupil_tax_code", &attendance.pupil_tax_code);
        findings.range("/attendance/year", attendance.year, 2000..=2099);
        findings.range("/attendance/month", attendance.month, 1..=12);
        if let Some(name) = &attendance.pupil_name {
            findings.text::<70>("/attendance/pupil_name", name);
        }
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

fn unused(pointer: &str, findings: &mut Findings) {
    findings.add(
        pointer,
        "questo servizio non prevede il campo",
        "is not used by this service",
    );
}

#[cfg(test)]
mod tests;
