//! Traffic fines (D.Lgs. 285/1992): one notice whose amount depends on the day it is paid
//! (`charges.md` §4.1-4.4).

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Assessment, DetailsError, DetailsSchema, NoticeDraft, OptionDraft, OptionKind, Row, Schedule,
    Service, ServiceKind, Step, TransferDraft, read_terms,
};
use crate::domain::calendar::{Calendar, Day};
use crate::domain::findings::{Findings, read};
use crate::domain::money::{Cents, MoneyError, ratio};

/// A report of violations of the highway code.
pub struct Fine;

/// What the police write in a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"report_number": "V/2026/1234", "plate": "AB123CD", "costs_cents": 1630,
    "violations": [{"article": "142-8", "committed_on": "2026-03-10", "at_night": false}]}))]
pub struct FineDetails {
    /// Number of the report, as printed on it.
    #[schema(min_length = 1, max_length = 35, pattern = "^[^\\x00-\\x1f\\x7f]+$")]
    pub report_number: String,
    /// Plate of the vehicle, capital letters and digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 10,
        pattern = "^[A-Z0-9]+$"
    )]
    pub plate: Option<String>,
    /// What was violated; each is computed, then summed.
    #[schema(min_items = 1, max_items = 10)]
    pub violations: Vec<FineViolation>,
    /// Costs of assessment and notification, cents: added once, never discounted.
    #[schema(format = Int64, minimum = 0, maximum = 99_999_999_999_i64)]
    pub costs_cents: i64,
    /// Day the report was handed over or notified; absent until it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub notified_on: Option<NaiveDate>,
}

/// One violation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"article": "142-8", "committed_on": "2026-03-10", "at_night": false}))]
pub struct FineViolation {
    /// Code of the article in the table of the service.
    #[schema(min_length = 1, max_length = 35, pattern = "^[A-Za-z0-9_-]+$")]
    pub article: String,
    /// Day of the violation, which picks the amounts in force.
    pub committed_on: NaiveDate,
    /// Whether after 22:00 and before 7:00 (art. 195 c. 2-bis); it counts only for some articles.
    pub at_night: bool,
}

/// Amounts and terms of the fines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FineTerms {
    /// Discount for who pays at once, basis points (art. 202 c. 1: 3 000).
    pub discount_bp: u32,
    /// Days of the discount (5).
    pub discount_days: u32,
    /// Days of the reduced payment (60).
    pub reduced_days: u32,
    /// The table of amounts: an article has a row for each time its amounts changed.
    pub articles: Vec<FineArticle>,
}

/// The limits that the law sets for a violation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FineArticle {
    /// Named by the details: `142-8`.
    pub code: String,
    /// What the citizen reads: `art. 142 c. 8 CdS`.
    pub label: String,
    /// First day of violation these amounts hold for, until the next row of the same code.
    pub valid_from: NaiveDate,
    /// Minimum, cents.
    pub minimum_cents: i64,
    /// Maximum, cents.
    pub maximum_cents: i64,
    /// No discount: confiscation or suspension of the licence is provided (art. 202 c. 1).
    #[serde(default)]
    pub discount_excluded: bool,
    /// One third more at night (art. 195 c. 2-bis).
    #[serde(default)]
    pub night_increase: bool,
}

impl ServiceKind for Fine {
    fn code(&self) -> &'static str {
        "fine"
    }

    fn assess(&self, details: &Value, service: &Service) -> Result<Assessment, Vec<DetailsError>> {
        let terms: &FineTerms = service.terms(check_terms)?;
        let details: FineDetails = read(details)?;
        let mut findings = Findings::default();
        check_details(&details, terms, service, &mut findings);
        findings.result()?;
        assess(&details, terms, service).map_err(|error| vec![error])
    }

    fn check_terms(&self, terms: &Value) -> Result<(), Vec<DetailsError>> {
        read_terms(terms, check_terms).map(|_: FineTerms| ())
    }

    fn details_schema(&self) -> DetailsSchema {
        DetailsSchema::of::<FineDetails>()
    }
}

/// The three prices of a report, costs included.
struct Tiers {
    /// Within the days of the discount; `None` when no violation allows it.
    discounted: Option<Cents>,
    /// Within the days of the reduced payment.
    reduced: Cents,
    /// Afterwards: half the maximum (art. 203 c. 3).
    late: Cents,
}

fn assess(
    details: &FineDetails,
    terms: &FineTerms,
    service: &Service,
) -> Result<Assessment, DetailsError> {
    let mut rows = Vec::new();
    let tiers = tiers(details, terms, &mut rows)?;
    let schedule = Schedule::new(steps(&tiers, details, terms, service.issued_on), 1)?;
    // The rows explain the reduced payment; what is asked first may be less, or already more.
    let adjustment = schedule.nominal().minus(tiers.reduced)?;
    if adjustment < Cents::ZERO {
        let label = format!(
            "Riduzione per pagamento entro {} giorni",
            terms.discount_days
        );
        rows.push(Row {
            code: "discount".into(),
            label,
            amount: adjustment,
        });
    } else if adjustment.is_positive() {
        let label = format!(
            "Aumento dopo {} giorni (art. 203 c. 3 CdS)",
            terms.reduced_days
        );
        rows.push(Row {
            code: "late_increase".into(),
            label,
            amount: adjustment,
        });
    }
    let due_on = details
        .notified_on
        .map(|day| Calendar::Civil.deadline(day, terms.reduced_days));
    let notice = NoticeDraft {
        description: service.description(&format!("verbale {}", details.report_number.trim())),
        due_on,
        transfers: vec![TransferDraft {
            to: service.main.clone(),
            metadata: Vec::new(),
        }],
        schedule,
    };
    let options = vec![OptionDraft {
        kind: OptionKind::Single,
        notices: vec![notice],
    }];
    Ok(Assessment { rows, options })
}

/// Sums the violations, each rounded once from the limits of the law, and adds the costs once.
fn tiers(
    details: &FineDetails,
    terms: &FineTerms,
    rows: &mut Vec<Row>,
) -> Result<Tiers, DetailsError> {
    let costs = Cents::new(details.costs_cents)?;
    let (mut discounted, mut reduced, mut late) = (costs, costs, costs);
    let mut any_discount = false;
    for (i, violation) in details.violations.iter().enumerate() {
        let Some(article) = terms.article(violation) else {
            let pointer = format!("/violations/{i}/article");
            return Err(unknown(pointer, terms, violation));
        };
        let night = violation.at_night && article.night_increase;
        let minimum = part_of(article.minimum_cents, night, FULL)?;
        let discount = terms.discount_bp > 0 && !article.discount_excluded;
        any_discount |= discount;
        let share = if discount {
            FULL.saturating_sub(terms.discount_bp)
        } else {
            FULL
        };
        discounted = discounted.plus(part_of(article.minimum_cents, night, share)?)?;
        reduced = reduced.plus(minimum)?;
        late = late.plus(part_of(article.maximum_cents, night, HALF)?)?;
        let hour = if night {
            ", di notte: un terzo in più"
        } else {
            ""
        };
        let label = format!("{}, minimo della sanzione{hour}", article.label);
        rows.push(Row {
            code: "violation".into(),
            label,
            amount: minimum,
        });
    }
    if costs.is_positive() {
        let label = "Spese di accertamento e notificazione".to_owned();
        rows.push(Row {
            code: "costs".into(),
            label,
            amount: costs,
        });
    }
    Ok(Tiers {
        discounted: any_discount.then_some(discounted),
        reduced,
        late,
    })
}

const FULL: u32 = 10_000;
const HALF: u32 = 5_000;

/// A share of a limit of the law, a third more at night: one rational, one rounding.
fn part_of(limit_cents: i64, night: bool, share_bp: u32) -> Result<Cents, MoneyError> {
    let (times, over) = if night { (4, 3) } else { (1, 1) };
    let share = i128::from(limit_cents).saturating_mul(i128::from(share_bp));
    ratio(
        share.saturating_mul(times),
        i128::from(FULL).saturating_mul(over),
    )
}

/// The price by day. Until the notification is known its terms have not begun, so the lowest price
/// holds without end; afterwards the steps that ended before the issue are left out.
fn steps(tiers: &Tiers, details: &FineDetails, terms: &FineTerms, issued_on: Day) -> Vec<Step> {
    let step = |until, reason: String, amount| Step {
        until,
        reason,
        amounts: vec![amount],
    };
    let (early, usual) = (terms.discount_days, terms.reduced_days);
    let reduced = format!("pagamento in misura ridotta entro {usual} giorni dalla notifica");
    let discounted = format!("importo scontato entro {early} giorni dalla notifica");
    let Some(notified_on) = details.notified_on else {
        return vec![match tiers.discounted {
            Some(amount) => step(None, discounted, amount),
            None => step(None, reduced, tiers.reduced),
        }];
    };
    let end = |days| Some(Calendar::Civil.deadline(notified_on, days));
    let late = format!("metà del massimo, dopo {usual} giorni dalla notifica");
    let mut steps: Vec<Step> = tiers
        .discounted
        .map(|amount| step(end(early), discounted, amount))
        .into_iter()
        .collect();
    steps.push(step(end(usual), reduced, tiers.reduced));
    steps.push(step(None, late, tiers.late));
    steps.retain(|step| step.until.is_none_or(|until| until >= issued_on));
    steps
}

impl FineTerms {
    /// The amounts in force on the day of the violation.
    fn article(&self, violation: &FineViolation) -> Option<&FineArticle> {
        self.articles
            .iter()
            .filter(|a| a.code == violation.article && a.valid_from <= violation.committed_on)
            .max_by_key(|article| article.valid_from)
    }
}

fn check_details(
    details: &FineDetails,
    terms: &FineTerms,
    service: &Service,
    findings: &mut Findings,
) {
    findings.text::<35>("/report_number", &details.report_number);
    let capital = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    if details
        .plate
        .as_ref()
        .is_some_and(|p| !(1..=10).contains(&p.len()) || !p.bytes().all(capital))
    {
        findings.add(
            "/plate",
            "deve avere da 1 a 10 lettere maiuscole o cifre",
            "must have 1 to 10 capital letters or digits",
        );
    }
    findings.range(
        "/costs_cents",
        details.costs_cents,
        0..=Cents::NOTICE_MAX.get(),
    );
    findings.count("/violations", details.violations.len(), 1..=10);
    for (i, violation) in details.violations.iter().enumerate() {
        let pointer = format!("/violations/{i}/committed_on");
        findings.day(pointer.as_str(), violation.committed_on);
        if violation.committed_on > service.issued_on {
            let issued = service.issued_on;
            findings.add(
                pointer,
                format!("non può seguire il giorno di emissione, {issued}"),
                format!("must not be after the day of issue, {issued}"),
            );
        } else if details
            .notified_on
            .is_some_and(|day| day < violation.committed_on)
        {
            findings.add(
                "/notified_on",
                "non può precedere il giorno della violazione",
                "must not be before the day of the violation",
            );
        }
        if terms.article(violation).is_none() {
            let pointer = format!("/violations/{i}/article");
            findings.push(unknown(pointer, terms, violation));
        }
    }
    if let Some(day) = details.notified_on {
        findings.day("/notified_on", day);
    }
}

/// Why no amount was found, with the articles that have one on that day.
fn unknown(pointer: String, terms: &FineTerms, violation: &FineViolation) -> DetailsError {
    let known: BTreeSet<&str> = terms
        .articles
        .iter()
        .filter(|article| article.valid_from <= violation.committed_on)
        .map(|article| article.code.as_str())
        .collect();
    let known: Vec<&str> = known.into_iter().collect();
    let known = known.join(", ");
    DetailsError::new(
        pointer,
        format!("articoli con importi in vigore quel giorno: {known}"),
        format!("the articles with amounts in force on that day are {known}"),
    )
}

fn check_terms(terms: &FineTerms, findings: &mut Findings) {
    findings.range("/discount_bp", i64::from(terms.discount_bp), 0..=9_999);
    findings.range("/discount_days", i64::from(terms.discount_days), 1..=365);
    findings.range("/reduced_days", i64::from(terms.reduced_days), 1..=365);
    if terms.reduced_days <= terms.discount_days {
        findings.add(
            "/reduced_days",
            "deve essere maggiore di discount_days",
            "must be greater than discount_days",
        );
    }
    findings.count("/articles", terms.articles.len(), 1..=2_000);
    let mut seen = BTreeSet::new();
    for (i, article) in terms.articles.iter().enumerate() {
        let at = |field: &str| format!("/articles/{i}/{field}");
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if !(1..=35).contains(&article.code.len()) || !article.code.bytes().all(plain) {
            findings.add(
                at("code"),
                "deve avere da 1 a 35 lettere, cifre, - o _",
                "must have 1 to 35 letters, digits, - or _",
            );
        }
        findings.text::<100>(at("label"), &article.label);
        findings.day(at("valid_from"), article.valid_from);
        if !seen.insert((article.code.as_str(), article.valid_from)) {
            findings.add(
                at("valid_from"),
                "due righe dello stesso articolo hanno la stessa data",
                "two rows of the same article have the same date",
            );
        }
        findings.range(at("minimum_cents"), article.minimum_cents, 1..=10_000_000);
        findings.range(at("maximum_cents"), article.maximum_cents, 1..=40_000_000);
        // Otherwise who pays late (half the maximum) would pay less.
        if article.maximum_cents < article.minimum_cents.saturating_mul(2) {
            findings.add(
                at("maximum_cents"),
                "deve essere almeno il doppio di minimum_cents",
                "must be at least twice minimum_cents",
            );
        }
    }
}

#[cfg(test)]
mod tests;
