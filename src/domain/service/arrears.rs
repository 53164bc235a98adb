//! Taxes paid late (`charges.md` §2.7): the reminder, the taxpayer's own correction (ravvedimento,
//! art. 13 D.Lgs. 472/1997) and the assessment of the office (L. 160/2019 art. 1 c. 792 ff.).

use std::sync::Arc;

use serde_json::{Value, json};

use super::fine::FineNotification;
use super::{
    Assessment, Beneficiary, DetailsError, DetailsSchema, NoticeDraft, OptionDraft, OptionKind,
    Schedule, Service, ServiceKind, Step, TransferDraft, read_terms,
};
use crate::domain::balance::Notified;
use crate::domain::calendar::{Calendar, Day};
use crate::domain::findings::{Findings, read};
use crate::domain::money::{Cents, MoneyError};

mod details;
mod plan;
mod rows;
mod terms;

pub use details::{
    ArrearsAct, ArrearsDebt, ArrearsDeclaration, ArrearsDetails, ArrearsInstalmentRequest,
    DeclarationFault,
};
use rows::Owed;
pub use terms::{
    ArrearsBand, ArrearsInstalments, ArrearsTerms, CollectionCharge, DeclarationPenalty, Regime,
    Stage, Tier,
};

/// Taxes paid late.
pub struct Arrears;

impl ServiceKind for Arrears {
    fn code(&self) -> &'static str {
        "arrears"
    }

    fn assess(&self, details: &Value, service: &Service) -> Result<Assessment, Vec<DetailsError>> {
        let terms: &ArrearsTerms = service.terms(terms::check)?;
        let details: ArrearsDetails = read(details)?;
        let mut findings = Findings::default();
        details::check(&details, terms, service, &mut findings);
        findings.result()?;
        assess(&details, terms, service).map_err(|error| vec![error])
    }

    fn check_terms(&self, terms: &Value) -> Result<(), Vec<DetailsError>> {
        read_terms(terms, terms::check).map(|_: ArrearsTerms| ())
    }

    fn details_schema(&self) -> DetailsSchema {
        DetailsSchema::of::<ArrearsDetails>()
    }

    fn notified(
        &self,
        details: &Value,
        notification: Value,
    ) -> Result<Notified, Vec<DetailsError>> {
        let notification: FineNotification = read(&notification)?;
        let notification = notification.read().map_err(|error| vec![error])?;
        let mut details: ArrearsDetails = read(details)?;
        let before = details.notified_on.replace(notification.day());
        Ok(match before {
            None => Notified::First(json!(details)),
            Some(_) if before == details.notified_on => Notified::Same,
            Some(_) => Notified::Other(json!(details)),
        })
    }
}

/// The role of the Province among the beneficiaries of a service.
const PROVINCE: &str = "province";

fn assess(
    details: &ArrearsDetails,
    terms: &ArrearsTerms,
    service: &Service,
) -> Result<Assessment, DetailsError> {
    let (mut rows, mut owed) = rows::compute(details, terms, service.issued_on)?;
    let mut steps = stretches(details, terms, service, &owed)?;
    explain_first(&mut steps, &mut owed, &mut rows)?;
    let due = steps.first().and_then(|first| first.until);
    let parts = payees(&owed, service);
    let transfers = transfers(&parts, details, terms);
    let steps = steps.into_iter().map(|stretch| {
        let mut amounts = Vec::with_capacity(parts.len());
        for part in &parts {
            amounts.push(match stretch.accepted {
                true => part.amount.minus(part.spared)?,
                false => part.amount,
            });
        }
        if let Some(town) = amounts.first_mut() {
            *town = town.plus(stretch.charges)?;
        }
        Ok(Step {
            until: stretch.until.filter(|_| stretch.ends),
            reason: stretch.reason,
            amounts,
        })
    });
    let steps = steps.collect::<Result<Vec<Step>, MoneyError>>()?;
    let asked_first = steps.first().map(|step| step.amounts.clone());
    let schedule = Schedule::new(steps, transfers.len())?;
    let number = details.act_number.as_deref().map(str::trim);
    let what = match number {
        Some(number) => format!("{} n. {number}", details.act.italian()),
        None => format!("{} {}", details.act.italian(), details.year),
    };
    let mut options = vec![OptionDraft {
        kind: OptionKind::Single,
        lapse: None,
        notices: vec![NoticeDraft {
            description: service.description(&what),
            due_on: due,
            transfers: transfers.clone(),
            schedule,
        }],
    }];
    if let (Some(asked), Some(rules)) = (details.instalments, &terms.instalments) {
        let amounts = asked_first.unwrap_or_default();
        let plan = plan::Plan {
            asked,
            rules,
            calendar: Calendar::Tax.with(terms.patron),
        };
        let draft = |rest: &str| service.description(&format!("{what} - {rest}"));
        options.push(plan.option((&amounts, &transfers), draft)?);
    }
    Ok(Assessment { rows, options })
}

/// What is asked first is explained by the rows, charges of collection and acceptance included.
fn explain_first(
    steps: &mut [Stretch],
    owed: &mut Owed,
    rows: &mut Vec<super::Row>,
) -> Result<(), MoneyError> {
    if let Some(first) = steps.first_mut() {
        let charges = std::mem::replace(&mut first.charges, Cents::ZERO);
        if charges.is_positive() {
            rows.push(super::Row {
                code: "collection_charges".into(),
                label: first.reason.clone(),
                amount: charges,
            });
            owed.town = owed.town.plus(charges)?;
            for later in steps.iter_mut().skip(1) {
                later.charges = later.charges.minus(charges)?;
            }
        }
    }
    let spared = owed.spared()?;
    if steps.first().is_some_and(|first| first.accepted) && spared.is_positive() {
        rows.push(super::Row {
            code: "acceptance".into(),
            label: "Riduzione delle sanzioni per acquiescenza".to_owned(),
            amount: spared.negated(),
        });
    }
    Ok(())
}

impl ArrearsAct {
    fn italian(self) -> &'static str {
        match self {
            ArrearsAct::Reminder => "sollecito",
            ArrearsAct::Correction => "ravvedimento",
            ArrearsAct::Assessment => "accertamento",
            ArrearsAct::Agreement => "adesione",
        }
    }
}

/// A stretch of days with one price.
struct Stretch {
    /// The last day to pay in time, or of the charge.
    until: Option<Day>,
    /// Whether the price ends on that day.
    ends: bool,
    reason: String,
    charges: Cents,
    /// Whether who pays then accepts the assessment, and is spared a part of the penalties.
    accepted: bool,
}

/// The price by day: a correction holds on its day only; an assessment costs less while it may be
/// accepted, and grows when it becomes enforceable (c. 803), sixty days after its notification.
fn stretches(
    details: &ArrearsDetails,
    terms: &ArrearsTerms,
    service: &Service,
    owed: &Owed,
) -> Result<Vec<Stretch>, DetailsError> {
    let calendar = Calendar::Tax.with(terms.patron);
    let flat = |until: Option<Day>, ends: bool, reason: String| Stretch {
        until,
        ends,
        reason,
        charges: Cents::ZERO,
        accepted: false,
    };
    let on = details.on.unwrap_or(service.issued_on);
    match (details.act, details.notified_on) {
        (ArrearsAct::Reminder, _) => {
            let until = calendar.deadline(service.issued_on, terms.reminder_days);
            Ok(vec![flat(Some(until), false, "importo dovuto".to_owned())])
        }
        (ArrearsAct::Correction, _) => {
            let reason = format!("ravvedimento al {}", on.format("%d/%m/%Y"));
            Ok(vec![flat(Some(on), true, reason)])
        }
        (ArrearsAct::Agreement, _) => {
            let until = calendar.deadline(on, terms.agreement_days);
            let reason = "accertamento con adesione".to_owned();
            Ok(vec![flat(Some(until), false, reason)])
        }
        (ArrearsAct::Assessment, None) => {
            let mut first = flat(None, false, "importo dovuto".to_owned());
            if owed.spared()?.is_positive() {
                first.accepted = true;
                first.reason = within(terms);
            }
            Ok(vec![first])
        }
        (ArrearsAct::Assessment, Some(notified_on)) => {
            let until = calendar.deadline(notified_on, terms.assessment_days);
            let accepted = owed.spared()?.is_positive();
            let mut first = flat(Some(until), !terms.charges.is_empty(), within(terms));
            first.accepted = accepted;
            let mut steps = vec![first];
            if terms.charges.is_empty() && accepted {
                steps.push(flat(None, false, "importo dovuto".to_owned()));
            }
            steps.extend(charged(terms, until, owed.total()?)?);
            let last = steps.len().saturating_sub(1);
            for step in steps.iter_mut().take(last) {
                step.ends = true;
            }
            let over = |step: &Stretch| {
                step.ends && step.until.is_some_and(|until| until < service.issued_on)
            };
            steps.retain(|step| !over(step));
            Ok(steps)
        }
    }
}

fn within(terms: &ArrearsTerms) -> String {
    format!("entro {} giorni dalla notifica", terms.assessment_days)
}

/// What an assessment costs from the day it is enforceable on.
fn charged(
    terms: &ArrearsTerms,
    mut until: Day,
    total: Cents,
) -> Result<Vec<Stretch>, DetailsError> {
    let calendar = Calendar::Tax.with(terms.patron);
    let mut steps = Vec::with_capacity(terms.charges.len());
    for charge in &terms.charges {
        let end = charge.days.map(|days| calendar.deadline(until, days));
        until = end.unwrap_or(until);
        steps.push(Stretch {
            until: end,
            ends: false,
            reason: charge.reason(),
            charges: charge.of(total)?,
            accepted: false,
        });
    }
    Ok(steps)
}

/// What one transfer carries.
struct Part<'a> {
    to: &'a Arc<Beneficiary>,
    /// Tax code of the metadata.
    tax: &'static str,
    amount: Cents,
    /// What is not asked of who accepts the assessment.
    spared: Cents,
}

/// Who is paid how much: the town in one transfer, the Province in one for each of its tax codes
/// (Revenue Agency resolutions 45/E 2014 and 5/E 2021).
fn payees<'a>(owed: &Owed, service: &'a Service) -> Vec<Part<'a>> {
    let part =
        |to: &'a Arc<Beneficiary>, (tax, amount, spared): (&'static str, Cents, Cents)| Part {
            to,
            tax,
            amount,
            spared,
        };
    let mut parts = vec![part(&service.main, ("3944", owed.town, owed.spared_town))];
    if let Some(province) = service.others.get(PROVINCE) {
        let of = &owed.province;
        for (tax, amount, spared) in [
            ("TEFA", of.tax, Cents::ZERO),
            ("TEFN", of.interest, Cents::ZERO),
            ("TEFZ", of.penalty, of.spared),
        ] {
            if amount.is_positive() {
                parts.push(part(province, (tax, amount, spared)));
            }
        }
    }
    parts
}

fn transfers(
    parts: &[Part<'_>],
    details: &ArrearsDetails,
    terms: &ArrearsTerms,
) -> Vec<TransferDraft> {
    let transfer = |(id, part): (u8, &Part<'_>)| {
        let cadastral = terms.cadastral_code.iter();
        let value = |town: &String| format!("{town}|{}|{}", details.year, part.tax);
        TransferDraft {
            to: Arc::clone(part.to),
            metadata: cadastral
                .map(|town| (format!("TARI-TEFA-{id}"), value(town)))
                .collect(),
        }
    };
    (1u8..).zip(parts).map(transfer).collect()
}

#[cfg(test)]
mod tests;
