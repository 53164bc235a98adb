//! Taxes paid late (`charges.md` §2.7): the reminder, the taxpayer's own correction (ravvedimento,
//! art. 13 D.Lgs. 472/1997) and the assessment of the office (L. 160/2019 art. 1 c. 792 ff.).

use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Assessment, Beneficiary, DetailsError, DetailsSchema, NoticeDraft, OptionDraft, OptionKind,
    Schedule, Service, ServiceKind, Step, TransferDraft, read_terms,
};
use crate::domain::calendar::{Calendar, Day};
use crate::domain::findings::{Findings, read};
use crate::domain::money::{Cents, MoneyError};

mod rows;
mod terms;

use rows::Owed;
pub use terms::{ArrearsTerms, CollectionCharge, Regime, Tier};

/// Taxes paid late.
pub struct Arrears;

/// What was not paid in time, and what is done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"act": "assessment", "year": 2025, "on": "2026-11-23", "costs_cents": 970,
    "debts": [{"tax_cents": 48210, "due_on": "2025-12-02"}]}))]
pub struct ArrearsDetails {
    /// What is done: `reminder`, `correction` or `assessment`.
    #[schema(min_length = 8, max_length = 10, pattern = "^(reminder|correction|assessment)$", value_type = String)]
    pub act: ArrearsAct,
    /// Year of the tax.
    #[schema(format = Int64, minimum = 2000, maximum = 2099)]
    pub year: i64,
    /// What was owed, by due day.
    #[schema(min_items = 1, max_items = 12)]
    pub debts: Vec<ArrearsDebt>,
    /// Day it is paid (correction) or the act is dated (assessment); the day of issue when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub on: Option<NaiveDate>,
    /// Day the assessment was notified; absent until it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub notified_on: Option<NaiveDate>,
    /// Costs of the reminder or of notification, cents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 0, maximum = 100_000)]
    pub costs_cents: Option<i64>,
    /// Number of the act, as printed on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 35,
        pattern = "^[^\\x00-\\x1f\\x7f]+$"
    )]
    pub act_number: Option<String>,
}

/// What is done about a tax that was not paid in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArrearsAct {
    /// Sollecito: the tax and the costs of asking again.
    Reminder,
    /// Ravvedimento: the tax with a reduced penalty and legal interest, paid on one day.
    Correction,
    /// Accertamento: the tax with the penalty, interest and costs of notification.
    Assessment,
}

/// What was owed by a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"tax_cents": 20903, "province_cents": 1045, "due_on": "2026-06-16"}))]
pub struct ArrearsDebt {
    /// The last day to pay in time, as it was planned; it rolls by the tax calendar.
    pub due_on: NaiveDate,
    /// Tax of the town, cents.
    #[schema(format = Int64, minimum = 1, maximum = 99_999_999_999_i64)]
    pub tax_cents: i64,
    /// Tax of the Province (TEFA), cents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 99_999_999_999_i64)]
    pub province_cents: Option<i64>,
    /// What bears neither penalty nor interest (the components UR1-UR3), cents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 99_999_999_999_i64)]
    pub exempt_cents: Option<i64>,
}

impl ServiceKind for Arrears {
    fn code(&self) -> &'static str {
        "arrears"
    }

    fn assess(&self, details: &Value, service: &Service) -> Result<Assessment, Vec<DetailsError>> {
        let terms: &ArrearsTerms = service.terms(terms::check)?;
        let details: ArrearsDetails = read(details)?;
        let mut findings = Findings::default();
        check_details(&details, terms, service, &mut findings);
        findings.result()?;
        assess(&details, terms, service).map_err(|error| vec![error])
    }

    fn check_terms(&self, terms: &Value) -> Result<(), Vec<DetailsError>> {
        read_terms(terms, terms::check).map(|_: ArrearsTerms| ())
    }

    fn details_schema(&self) -> DetailsSchema {
        DetailsSchema::of::<ArrearsDetails>()
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
    let mut steps = stretches(details, terms, service, owed.total()?)?;
    // What is asked first is explained by the rows, charges of collection included.
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
    let due = steps.first().and_then(|first| first.until);
    let (transfers, amounts) = payees(&owed, details, terms, service);
    let steps = steps.into_iter().map(|stretch| {
        let mut amounts = amounts.clone();
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
    let schedule = Schedule::new(steps, transfers.len())?;
    let number = details.act_number.as_deref().map(str::trim);
    let notice = NoticeDraft {
        description: service.description(&match number {
            Some(number) => format!("{} n. {number}", details.act.italian()),
            None => format!("{} {}", details.act.italian(), details.year),
        }),
        due_on: due,
        transfers,
        schedule,
    };
    let options = vec![OptionDraft {
        kind: OptionKind::Single,
        lapse: None,
        notices: vec![notice],
    }];
    Ok(Assessment { rows, options })
}

impl ArrearsAct {
    fn italian(self) -> &'static str {
        match self {
            ArrearsAct::Reminder => "sollecito",
            ArrearsAct::Correction => "ravvedimento",
            ArrearsAct::Assessment => "accertamento",
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
}

/// The price by day: a correction holds on its day only; an assessment grows when it becomes
/// enforceable (c. 803), sixty days after its notification.
fn stretches(
    details: &ArrearsDetails,
    terms: &ArrearsTerms,
    service: &Service,
    total: Cents,
) -> Result<Vec<Stretch>, DetailsError> {
    let calendar = Calendar::Tax.with(terms.patron);
    let flat = |until: Option<Day>, ends: bool, reason: String| Stretch {
        until,
        ends,
        reason,
        charges: Cents::ZERO,
    };
    match (details.act, details.notified_on) {
        (ArrearsAct::Reminder, _) => {
            let until = calendar.deadline(service.issued_on, terms.reminder_days);
            Ok(vec![flat(Some(until), false, "importo dovuto".to_owned())])
        }
        (ArrearsAct::Correction, _) => {
            let day = details.on.unwrap_or(service.issued_on);
            let reason = format!("ravvedimento al {}", day.format("%d/%m/%Y"));
            Ok(vec![flat(Some(day), true, reason)])
        }
        (ArrearsAct::Assessment, None) => Ok(vec![flat(None, false, "importo dovuto".to_owned())]),
        (ArrearsAct::Assessment, Some(notified_on)) => {
            let mut until = calendar.deadline(notified_on, terms.assessment_days);
            let reason = format!("entro {} giorni dalla notifica", terms.assessment_days);
            let ends = !terms.charges.is_empty();
            let mut steps = vec![flat(Some(until), ends, reason)];
            for (i, charge) in terms.charges.iter().enumerate() {
                let end = charge.days.map(|days| calendar.deadline(until, days));
                until = end.unwrap_or(until);
                steps.push(Stretch {
                    until: end,
                    ends: i.saturating_add(1) < terms.charges.len(),
                    reason: charge.reason(),
                    charges: charge.of(total)?,
                });
            }
            let over = |step: &Stretch| {
                step.ends && step.until.is_some_and(|until| until < service.issued_on)
            };
            steps.retain(|step| !over(step));
            Ok(steps)
        }
    }
}

/// Who is paid how much: the town in one transfer, the Province in one for each of its tax codes.
fn payees(
    owed: &Owed,
    details: &ArrearsDetails,
    terms: &ArrearsTerms,
    service: &Service,
) -> (Vec<TransferDraft>, Vec<Cents>) {
    // Tax codes of Revenue Agency resolutions 45/E 2014 and 5/E 2021.
    let mut parts: Vec<(&Arc<Beneficiary>, &str, Cents)> = vec![(&service.main, "3944", owed.town)];
    if let Some(province) = service.others.get(PROVINCE) {
        for (code, amount) in [
            ("TEFA", owed.province.tax),
            ("TEFN", owed.province.interest),
            ("TEFZ", owed.province.penalty),
        ] {
            if amount.is_positive() {
                parts.push((province, code, amount));
            }
        }
    }
    let transfer = |(id, (to, code, _)): (u8, &(&Arc<Beneficiary>, &str, Cents))| {
        let cadastral = terms.cadastral_code.iter();
        let value = |town: &String| format!("{town}|{}|{code}", details.year);
        TransferDraft {
            to: Arc::clone(to),
            metadata: cadastral
                .map(|town| (format!("TARI-TEFA-{id}"), value(town)))
                .collect(),
        }
    };
    let transfers = (1u8..).zip(&parts).map(transfer).collect();
    (
        transfers,
        parts.into_iter().map(|(_, _, amount)| amount).collect(),
    )
}

fn check_details(
    details: &ArrearsDetails,
    terms: &ArrearsTerms,
    service: &Service,
    findings: &mut Findings,
) {
    findings.range("/year", details.year, 2000..=2099);
    findings.count("/debts", details.debts.len(), 1..=12);
    let on = details.on.unwrap_or(service.issued_on);
    for (i, debt) in details.debts.iter().enumerate() {
        let at = |field: &str| format!("/debts/{i}/{field}");
        findings.day(at("due_on"), debt.due_on);
        let payable = 1..=Cents::NOTICE_MAX.get();
        findings.range(at("tax_cents"), debt.tax_cents, payable.clone());
        for (field, value) in [
            ("province_cents", debt.province_cents),
            ("exempt_cents", debt.exempt_cents),
        ] {
            if let Some(value) = value {
                findings.range(at(field), value, payable.clone());
            }
        }
        if on <= terms.due(debt.due_on) {
            findings.add(
                at("due_on"),
                format!("alla data dell'atto o del pagamento, {on}, il termine non è scaduto"),
                format!("on {on}, the day of the act or payment, the term has not passed"),
            );
        }
        if debt.province_cents.is_some() && !service.others.contains_key(PROVINCE) {
            let code = &service.code;
            findings.add(
                at("province_cents"),
                format!("al servizio {code} manca il beneficiario `province`"),
                format!("service {code} lacks the beneficiary `province`"),
            );
        }
    }
    if details.act == ArrearsAct::Correction && on < service.issued_on {
        let issued = service.issued_on;
        findings.add(
            "/on",
            format!("non può precedere il giorno di emissione, {issued}"),
            format!("must not be before the day of issue, {issued}"),
        );
    }
    if let Some(day) = details.on {
        findings.day("/on", day);
    }
    if let Some(day) = details.notified_on {
        findings.day("/notified_on", day);
        if details.act != ArrearsAct::Assessment || day < on {
            findings.add(
                "/notified_on",
                "vale per un accertamento, dal giorno dell'atto in poi",
                "is for an assessment, not before the day of the act",
            );
        }
    }
    if let Some(costs) = details.costs_cents {
        findings.range("/costs_cents", costs, 0..=100_000);
    }
    if let Some(text) = &details.act_number {
        findings.text::<35>("/act_number", text);
    }
}

#[cfg(test)]
mod tests;
