//! Penalties, interest and charges of arrears, by the law in force on the due day.

use chrono::{Months, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::domain::calendar::{Calendar, Day, PatronSaint, days_between};
use crate::domain::findings::Findings;
use crate::domain::interest::InterestTerms;
use crate::domain::money::{Cents, MoneyError, ratio};

use super::DeclarationFault;

/// How a service asks for what was not paid in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArrearsTerms {
    /// Land-registry code of the town (`A515`), for the `TARI-TEFA-n` metadata; none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cadastral_code: Option<String>,
    /// Legal rates; the spread is for assessments only.
    pub interest: InterestTerms,
    /// Penalties by the day of the violation, in order.
    pub regimes: Vec<Regime>,
    /// Charges of collection once an assessment is enforceable (L. 160/2019 art. 1 c. 803), in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<CollectionCharge>,
    /// Days to pay a reminder, from its issue.
    pub reminder_days: u32,
    /// Days to pay an assessment, from its notification.
    pub assessment_days: u32,
    /// Days to pay an agreement, from its day (D.Lgs. 218/1997 art. 8: 20).
    #[serde(default = "usual_agreement_days")]
    pub agreement_days: u32,
    /// How instalments are granted; not at all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instalments: Option<ArrearsInstalments>,
    /// The feast of the town, where it moves due days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patron: Option<PatronSaint>,
}

fn usual_agreement_days() -> u32 {
    20
}

/// How instalments are granted (L. 160/2019 c. 796).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArrearsInstalments {
    /// Yearly interest on what is still owed, basis points.
    pub rate_bp: u32,
    /// How many instalments for which sum, in order.
    pub bands: Vec<ArrearsBand>,
}

/// How many instalments there may be for a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArrearsBand {
    /// Largest sum, cents; none in the last band.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to_cents: Option<i64>,
    /// Fewest instalments.
    pub least: u32,
    /// Most instalments; 0 grants none.
    pub most: u32,
}

impl ArrearsInstalments {
    /// The band of a sum.
    pub(super) fn band(&self, sum: Cents) -> Option<&ArrearsBand> {
        let holds = |band: &&ArrearsBand| band.up_to_cents.is_none_or(|end| sum.get() <= end);
        self.bands.iter().find(holds)
    }
}

/// The penalties for taxes that fell due from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Regime {
    /// First due day, rolled, that it holds for.
    pub valid_from: NaiveDate,
    /// Penalties of who corrects it, by delay.
    pub correction: Vec<Tier>,
    /// Penalties of who is assessed, by delay.
    pub assessment: Vec<Tier>,
    /// Penalty for a declaration that was not made (L. 147/2013 c. 696).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub omitted: Option<DeclarationPenalty>,
    /// Penalty for a declaration that is not true (c. 697).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfaithful: Option<DeclarationPenalty>,
    /// What of a penalty for a declaration is asked of who accepts and pays within the days of the
    /// assessment (c. 699), as numerator and denominator; the whole when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acceptance: Option<[u32; 2]>,
    /// What of a penalty for a declaration is asked in an agreement; the whole when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<[u32; 2]>,
    /// Penalties of who corrects it after the office has begun to act.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
}

/// The penalty for a declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclarationPenalty {
    /// Least share of the tax, basis points: what is asked unless the office says more.
    pub from_bp: u32,
    /// Largest share of the tax, basis points.
    pub to_bp: u32,
    /// Least penalty of the town, cents.
    pub least_cents: i64,
}

/// The penalty of a correction once the office has got so far (art. 13 D.Lgs. 472/1997).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Named by the details: `draft_act`.
    pub code: String,
    /// What the citizen reads: `dopo lo schema d'atto`.
    pub label: String,
    /// Share of the tax as numerator and denominator: `[1, 24]`.
    pub fraction: [u32; 2],
}

impl Regime {
    /// The penalty for a declaration.
    pub(super) fn declaration(&self, fault: DeclarationFault) -> Option<&DeclarationPenalty> {
        match fault {
            DeclarationFault::Omitted => self.omitted.as_ref(),
            DeclarationFault::Unfaithful => self.unfaithful.as_ref(),
        }
    }

    /// The stage with this code.
    pub(super) fn stage(&self, code: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.code == code)
    }
}

/// A part of an amount, rounded once.
pub(super) fn part_of(amount: Cents, [part, whole]: [u32; 2]) -> Result<Cents, MoneyError> {
    let product = i128::from(amount.get()).saturating_mul(i128::from(part));
    ratio(product, i128::from(whole))
}

/// The penalty up to a delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Longest delay in days; or `up_to_years`, or neither in the last tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to_days: Option<i64>,
    /// Longest delay in years, to the anniversary of the due day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to_years: Option<u32>,
    /// Share of the tax as numerator and denominator: `[1, 80]`.
    pub fraction: [u32; 2],
    /// Whether the share is for each day of delay.
    #[serde(default)]
    pub per_day: bool,
}

/// A charge of collection for so many days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollectionCharge {
    /// Share of what is owed, basis points.
    pub bp: u32,
    /// The most, cents.
    pub cap_cents: i64,
    /// Days it holds for, after the term before it; for ever when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

impl CollectionCharge {
    /// The charge on a total.
    pub(super) fn of(&self, total: Cents) -> Result<Cents, MoneyError> {
        Ok(total.share(self.bp)?.min(Cents::new(self.cap_cents)?))
    }

    /// Why it is asked, in Italian.
    pub(super) fn reason(&self) -> String {
        let percent = self.bp.checked_div(100).unwrap_or(0);
        match self.days {
            Some(days) => {
                format!("oneri di riscossione {percent} %, entro {days} giorni dall'esecutività")
            }
            None => format!("oneri di riscossione {percent} %"),
        }
    }
}

impl Tier {
    /// Whether a payment on a day falls in the tier.
    fn holds(&self, due: Day, on: Day) -> bool {
        match (self.up_to_days, self.up_to_years) {
            (Some(days), _) => delay(due, on) <= days,
            (None, Some(years)) => {
                let months = Months::new(years.saturating_mul(12));
                due.checked_add_months(months).is_none_or(|end| on <= end)
            }
            (None, None) => true,
        }
    }

    /// The penalty on a tax.
    fn of(&self, tax: Cents, days: i64) -> Result<Cents, MoneyError> {
        let [part, whole] = self.fraction;
        let times = if self.per_day { days } else { 1 };
        let product = i128::from(tax.get())
            .saturating_mul(i128::from(part))
            .saturating_mul(i128::from(times));
        ratio(product, i128::from(whole))
    }
}

/// The penalty on a tax that was due on a day, rolled, by the tiers of its regime; `None` without a
/// tier for the delay.
pub(super) fn penalty(
    tiers: &[Tier],
    tax: Cents,
    (due, on): (Day, Day),
) -> Result<Option<Cents>, MoneyError> {
    let tier = tiers.iter().find(|tier| tier.holds(due, on));
    tier.map(|tier| tier.of(tax, delay(due, on))).transpose()
}

/// Days after the due day, the day itself not counted.
fn delay(due: Day, on: Day) -> i64 {
    days_between(due, on).saturating_sub(1)
}

impl ArrearsTerms {
    /// The last day to pay in time, which is the day of the violation.
    pub(super) fn due(&self, planned: Day) -> Day {
        Calendar::Tax.with(self.patron).roll(planned)
    }

    /// The law in force on a due day.
    pub(super) fn regime(&self, due: Day) -> Option<&Regime> {
        self.regimes.iter().rev().find(|r| r.valid_from <= due)
    }
}

/// Every rule that the terms break.
pub(super) fn check(terms: &ArrearsTerms, findings: &mut Findings) {
    if let Some(code) = &terms.cadastral_code {
        findings.text::<4>("/cadastral_code", code);
    }
    terms.interest.check("/interest", findings);
    findings.count("/regimes", terms.regimes.len(), 1..=50);
    if !terms
        .regimes
        .is_sorted_by(|a, b| a.valid_from < b.valid_from)
    {
        findings.add(
            "/regimes",
            "devono essere in ordine di decorrenza",
            "must be in order of their first day",
        );
    }
    for (i, regime) in terms.regimes.iter().enumerate() {
        check_tiers(
            &format!("/regimes/{i}/correction"),
            &regime.correction,
            findings,
        );
        check_tiers(
            &format!("/regimes/{i}/assessment"),
            &regime.assessment,
            findings,
        );
    }
    check_regimes(&terms.regimes, findings);
    if let Some(instalments) = &terms.instalments {
        check_instalments(instalments, findings);
    }
    findings.range("/agreement_days", i64::from(terms.agreement_days), 1..=365);
    findings.count("/charges", terms.charges.len(), 0..=5);
    for (i, charge) in terms.charges.iter().enumerate() {
        let at = |field: &str| format!("/charges/{i}/{field}");
        findings.range(at("bp"), i64::from(charge.bp), 1..=10_000);
        findings.range(at("cap_cents"), charge.cap_cents, 1..=10_000_000);
        let last = i.saturating_add(1) == terms.charges.len();
        if charge.days.is_none() != last {
            findings.add(
                at("days"),
                "va indicato per ogni onere tranne l'ultimo",
                "is given for every charge but the last",
            );
        }
    }
    if !terms
        .charges
        .is_sorted_by(|a, b| a.bp <= b.bp && a.cap_cents <= b.cap_cents)
    {
        findings.add("/charges", "non possono calare", "must not fall");
    }
    for (pointer, days) in [
        ("/reminder_days", terms.reminder_days),
        ("/assessment_days", terms.assessment_days),
    ] {
        findings.range(pointer, i64::from(days), 1..=365);
    }
    if terms.patron.is_some_and(|patron| !patron.exists()) {
        findings.add(
            "/patron",
            "il giorno non esiste",
            "there is no such day of the year",
        );
    }
}

fn check_tiers(at: &str, tiers: &[Tier], findings: &mut Findings) {
    findings.count(at, tiers.len(), 1..=20);
    for (i, tier) in tiers.iter().enumerate() {
        let [part, whole] = tier.fraction;
        if part > whole || whole == 0 || whole > 1_000_000 {
            findings.add(
                format!("{at}/{i}/fraction"),
                "deve essere una parte dell'intero, come [1, 80]",
                "must be a part of the whole, as [1, 80]",
            );
        }
        let last = i.saturating_add(1) == tiers.len();
        let ends = tier.up_to_days.is_some() || tier.up_to_years.is_some();
        let both = tier.up_to_days.is_some() && tier.up_to_years.is_some();
        if ends == last || both {
            findings.add(
                format!("{at}/{i}"),
                "ogni scaglione finisce a un giorno o a un anno; l'ultimo non finisce",
                "every tier ends at a day or a year; the last has no end",
            );
        }
    }
}

/// What a regime says of declarations and stages.
fn check_regimes(regimes: &[Regime], findings: &mut Findings) {
    for (i, regime) in regimes.iter().enumerate() {
        let at = |field: &str| format!("/regimes/{i}/{field}");
        for (field, penalty) in [
            ("omitted", &regime.omitted),
            ("unfaithful", &regime.unfaithful),
        ] {
            let Some(penalty) = penalty else { continue };
            let (from, to) = (i64::from(penalty.from_bp), i64::from(penalty.to_bp));
            findings.range(at(&format!("{field}/from_bp")), from, 1..=30_000);
            findings.range(at(&format!("{field}/to_bp")), to, from..=30_000);
            let least = penalty.least_cents;
            findings.range(at(&format!("{field}/least_cents")), least, 0..=1_000_000);
        }
        for (field, part) in [
            ("acceptance", regime.acceptance),
            ("agreement", regime.agreement),
        ] {
            if let Some(part) = part {
                check_part(at(field), part, findings);
            }
        }
        findings.count(at("stages"), regime.stages.len(), 0..=10);
        for (n, stage) in regime.stages.iter().enumerate() {
            let at = |field: &str| at(&format!("stages/{n}/{field}"));
            findings.text::<35>(at("code"), &stage.code);
            findings.text::<70>(at("label"), &stage.label);
            check_part(at("fraction"), stage.fraction, findings);
        }
    }
}

fn check_part(pointer: String, [part, whole]: [u32; 2], findings: &mut Findings) {
    if part > whole || whole == 0 || whole > 1_000_000 {
        findings.add(
            pointer,
            "deve essere una parte dell'intero, come [1, 3]",
            "must be a part of the whole, as [1, 3]",
        );
    }
}

fn check_instalments(instalments: &ArrearsInstalments, findings: &mut Findings) {
    let rate = i64::from(instalments.rate_bp);
    findings.range("/instalments/rate_bp", rate, 0..=2_000);
    let bands = &instalments.bands;
    findings.count("/instalments/bands", bands.len(), 1..=20);
    let mut before = 0;
    for (i, band) in bands.iter().enumerate() {
        let at = |field: &str| format!("/instalments/bands/{i}/{field}");
        let last = i.saturating_add(1) == bands.len();
        let rises = band.up_to_cents.is_none_or(|end| end > before);
        if band.up_to_cents.is_none() != last || !rises {
            findings.add(
                at("up_to_cents"),
                "deve crescere e mancare solo nell'ultimo scaglione",
                "must rise, and be absent in the last band only",
            );
        }
        before = band.up_to_cents.unwrap_or(before);
        if band.least > band.most || band.most > 72 {
            findings.add(
                at("most"),
                "deve essere almeno least e al massimo 72",
                "must be at least least and at most 72",
            );
        }
    }
}
