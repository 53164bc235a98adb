//! What a town decides about its fines: the forms of its notices, the table of amounts, instalments.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::details::FineViolation;
use super::notification::Deadlines;
use crate::domain::calendar::{Calendar, Day, LocalCalendar, PatronSaint};
use crate::domain::findings::Findings;

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
    /// One notice that changes its price, or one for each price.
    #[serde(default)]
    pub form: FineForm,
    /// After the days of the discount its notice asks the reduced payment; otherwise it expires.
    #[serde(default = "yes")]
    pub cds_repricing: bool,
    /// What the notice of the reduced payment asks after its days.
    #[serde(default)]
    pub after_60: AfterReduced,
    /// Present when the service prices the slips left on a windscreen, which carry no costs: the days
    /// of the discount, from the violation (5, in some towns 15).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preavviso_days: Option<u32>,
    /// Whether a payment short of the reduced one may be completed within its days.
    #[serde(default = "yes")]
    pub allow_integration: bool,
    /// Months from the issue to the due date that a payment message cannot do without while the notification
    /// is still to come (12): a technical date, which ends nothing.
    #[serde(default = "year")]
    pub technical_due_months: u32,
    /// Increase of the sanction for each semester of delay when the claim goes to the roll, basis points
    /// (L. 689/1981 art. 27 c. 6: 1 000); zero where the town does not ask it for the highway code.
    #[serde(default = "semester")]
    pub semester_surcharge_bp: u32,
    /// Instalments for who is poor (art. 202-bis); absent where the town does not grant them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instalments: Option<FineInstalments>,
    /// Whether a term that ends on a Saturday moves on, as procedural terms do (art. 155 c. 5 c.p.c.);
    /// towns do not apply it to payments.
    #[serde(default)]
    pub saturday_rolls: bool,
    /// The feast of the patron saint, where the town counts it as a holiday.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patron: Option<PatronSaint>,
    /// The table of amounts: an article has a row for each time its amounts changed.
    pub articles: Vec<FineArticle>,
}

const fn yes() -> bool {
    true
}

const fn year() -> u32 {
    12
}

const fn two() -> u16 {
    2
}

const fn semester() -> u32 {
    1_000
}

/// How many notices a report has while two prices are possible.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FineForm {
    /// One number; its price depends on the day.
    #[default]
    OneNotice,
    /// A number for the discounted payment and one for the reduced payment.
    TwoNotices,
}

/// What follows the days of the reduced payment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterReduced {
    /// The notice asks half the maximum (art. 203 c. 3).
    #[default]
    LateAmount,
    /// The notice can no longer be paid: the claim goes to the roll.
    Expired,
}

/// Which law prices a violation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FineRegime {
    /// The highway code: the minimum, less the discount (art. 202).
    #[default]
    HighwayCode,
    /// Regulations, ordinances and other laws: a third of the maximum or twice the minimum
    /// (L. 689/1981 art. 16).
    Administrative,
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
    /// Which law prices it.
    #[serde(default)]
    pub regime: FineRegime,
    /// Minimum, cents; some administrative sanctions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_cents: Option<i64>,
    /// Maximum, cents.
    pub maximum_cents: i64,
    /// Reduced payment set by the town's Giunta for its regulations (L. 689/1981 art. 16 c. 2), cents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub giunta_cents: Option<i64>,
    /// No discount: confiscation or suspension of the licence is provided (art. 202 c. 1).
    #[serde(default)]
    pub discount_excluded: bool,
    /// No reduced payment: the report goes to the Prefect (art. 202 c. 3-bis).
    #[serde(default)]
    pub reduced_excluded: bool,
    /// One third more at night (art. 195 c. 2-bis).
    #[serde(default)]
    pub night_increase: bool,
}

/// When a report may be paid in instalments (art. 202-bis), and what they cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FineInstalments {
    /// The report must ask more than this, cents (20 000).
    pub above_cents: i64,
    /// Least amount of an instalment, cents (10 000).
    pub least_cents: i64,
    /// Highest yearly income, cents (1 062 816).
    pub income_cents: i64,
    /// More income for each relative who lives in, cents (103 291).
    pub income_per_relative_cents: i64,
    /// Days from the notification to ask (30).
    pub request_days: u32,
    /// Yearly interest on what is still owed, basis points (450).
    pub rate_bp: u32,
    /// Missed instalments after the first that end the plan (2); the first alone always does.
    #[serde(default = "two")]
    pub missed_instalments: u16,
    /// How many instalments for how much, by rising amount; the last has no end.
    pub bands: Vec<InstalmentBand>,
}

/// Most instalments up to an amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstalmentBand {
    /// Up to this amount, cents; absent in the last band.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to_cents: Option<i64>,
    /// Most instalments (12, 24, 60).
    pub most: u16,
}

impl FineTerms {
    /// How the end of a term moves.
    pub(super) fn calendar(&self) -> LocalCalendar {
        let rule = match self.saturday_rolls {
            true => Calendar::Tax,
            false => Calendar::Civil,
        };
        rule.with(self.patron)
    }

    /// The last days of both terms of a report.
    pub(super) fn deadlines(&self, notified_on: Day) -> Deadlines {
        let days = (self.discount_days, self.reduced_days);
        Deadlines::after(notified_on, days, self.calendar())
    }

    /// The amounts in force on the day of the violation.
    pub(super) fn article(&self, violation: &FineViolation) -> Option<&FineArticle> {
        self.articles
            .iter()
            .filter(|a| a.code == violation.article && a.valid_from <= violation.committed_on)
            .max_by_key(|article| article.valid_from)
    }
}

pub(super) fn check_terms(terms: &FineTerms, findings: &mut Findings) {
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
    if terms.patron.is_some_and(|patron| !patron.exists()) {
        findings.add(
            "/patron",
            "deve essere un giorno del calendario",
            "must be a day of the calendar",
        );
    }
    if let Some(days) = terms.preavviso_days {
        findings.range("/preavviso_days", i64::from(days), 1..=365);
    }
    let months = i64::from(terms.technical_due_months);
    findings.range("/technical_due_months", months, 1..=120);
    let surcharge = i64::from(terms.semester_surcharge_bp);
    findings.range("/semester_surcharge_bp", surcharge, 0..=10_000);
    if let Some(instalments) = &terms.instalments {
        check_instalments(instalments, findings);
    }
    findings.count("/articles", terms.articles.len(), 1..=2_000);
    let mut seen = BTreeSet::new();
    for (i, article) in terms.articles.iter().enumerate() {
        if !seen.insert((article.code.as_str(), article.valid_from)) {
            findings.add(
                format!("/articles/{i}/valid_from"),
                "due righe dello stesso articolo hanno la stessa data",
                "two rows of the same article have the same date",
            );
        }
        check_article(article, i, findings);
    }
}

fn check_article(article: &FineArticle, i: usize, findings: &mut Findings) {
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
    findings.range(at("maximum_cents"), article.maximum_cents, 1..=100_000_000);
    if let Some(minimum) = article.minimum_cents {
        findings.range(at("minimum_cents"), minimum, 1..=10_000_000);
    }
    if let Some(cents) = article.giunta_cents {
        findings.range(at("giunta_cents"), cents, 1..=article.maximum_cents.max(1));
    }
    match (article.regime, article.minimum_cents) {
        (FineRegime::HighwayCode, None) => findings.add(
            at("minimum_cents"),
            "serve per gli articoli del codice della strada",
            "is needed for the articles of the highway code",
        ),
        // Otherwise who pays late (half the maximum) would pay less.
        (FineRegime::HighwayCode, Some(minimum))
            if article.maximum_cents < minimum.saturating_mul(2) =>
        {
            findings.add(
                at("maximum_cents"),
                "deve essere almeno il doppio di minimum_cents",
                "must be at least twice minimum_cents",
            );
        }
        (FineRegime::Administrative, Some(minimum)) if article.maximum_cents < minimum => findings
            .add(
                at("maximum_cents"),
                "non può essere minore di minimum_cents",
                "must not be less than minimum_cents",
            ),
        (FineRegime::HighwayCode | FineRegime::Administrative, _) => {}
    }
    if article.regime == FineRegime::HighwayCode && article.giunta_cents.is_some() {
        findings.add(
            at("giunta_cents"),
            "la Giunta non fissa le sanzioni del codice della strada",
            "the town does not set the fines of the highway code",
        );
    }
}

fn check_instalments(terms: &FineInstalments, findings: &mut Findings) {
    let at = |field: &str| format!("/instalments/{field}");
    findings.range(at("above_cents"), terms.above_cents, 0..=100_000_000);
    findings.range(at("least_cents"), terms.least_cents, 1..=100_000_000);
    findings.range(at("income_cents"), terms.income_cents, 0..=1_000_000_000);
    let per_relative = terms.income_per_relative_cents;
    let pointer = at("income_per_relative_cents");
    findings.range(pointer, per_relative, 0..=1_000_000_000);
    findings.range(at("request_days"), i64::from(terms.request_days), 1..=365);
    findings.range(at("rate_bp"), i64::from(terms.rate_bp), 0..=10_000);
    let missed = i64::from(terms.missed_instalments);
    findings.range(at("missed_instalments"), missed, 1..=60);
    findings.count(at("bands"), terms.bands.len(), 1..=10);
    let ends: Vec<i64> = terms
        .bands
        .iter()
        .map(|band| band.up_to_cents.unwrap_or(i64::MAX))
        .collect();
    let only_last_is_open = ends.iter().filter(|end| **end == i64::MAX).count() == 1;
    if !only_last_is_open || !ends.is_sorted_by(|a, b| a < b) {
        findings.add(
            at("bands"),
            "gli importi devono crescere e solo l'ultimo deve mancare",
            "the amounts must rise, and only the last must be absent",
        );
    }
    for (i, band) in terms.bands.iter().enumerate() {
        let pointer = format!("/instalments/bands/{i}/most");
        findings.range(pointer, i64::from(band.most), 2..=60);
    }
}
