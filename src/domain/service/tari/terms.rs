//! The tariff of a waste-tax service and what makes it valid.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::calendar::Day;
use crate::domain::findings::Findings;
use crate::domain::money::{Cents, MoneyError, RemainderOn};

/// The tariff of one year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TariTerms {
    /// Year of the tax.
    pub year: i32,
    /// Land-registry code of the town (`A515`), for the `TARI-TEFA-n` metadata.
    pub cadastral_code: String,
    /// TEFA on the net tax, basis points (500 is 5 %).
    pub tefa_bp: u32,
    /// Tariffs by occupants, ordered from 1; the last also holds for more.
    pub domestic: Vec<DomesticTariff>,
    /// Reductions that the regulation of the town grants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reductions: Vec<Reduction>,
    /// UR1 a year, cents.
    pub ur1_cents: i64,
    /// UR2 a year, cents.
    pub ur2_cents: i64,
    /// UR3 a year, cents.
    pub ur3_cents: i64,
    /// Whether UR1-UR3 are due in full for a part of the year; by days when false.
    #[serde(default)]
    pub ur_whole_year: bool,
    /// Day by which the whole is paid at once.
    pub single_due_on: NaiveDate,
    /// Plans of instalments, alternative to each other and to the single payment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plans: Vec<Plan>,
    /// Smallest instalment of a plan that is granted on request, cents (TQRIF: 10000).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_instalment_cents: Option<i64>,
}

/// Yearly tariff of a household.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomesticTariff {
    /// Persons.
    pub occupants: i64,
    /// Fixed part, millionths of euro a square metre.
    pub fixed_micro_m2: i64,
    /// Variable part, millionths of euro a household.
    pub variable_micro: i64,
}

/// A reduction of the regulation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reduction {
    /// Named by the details: `composting`.
    pub code: String,
    /// What the citizen reads.
    pub label: String,
    /// What it reduces.
    pub base: ReductionBase,
    /// Share taken off what earlier reductions left, basis points.
    pub bp: u32,
}

/// What a reduction reduces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReductionBase {
    /// The fixed part.
    Fixed,
    /// The variable part.
    Variable,
    /// The whole tax.
    Both,
}

/// A plan of instalments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Named by the details: `three`.
    pub code: String,
    /// Due days, in order; they roll by the tax calendar.
    pub due_on: Vec<NaiveDate>,
    /// Share of each instalment, basis points that sum to 10 000; equal parts when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares_bp: Vec<u32>,
}

impl Plan {
    /// Splits what one beneficiary gets among the instalments.
    pub(super) fn split(&self, amount: Cents) -> Result<Vec<Cents>, MoneyError> {
        if self.shares_bp.is_empty() {
            amount.split(
                u16::try_from(self.due_on.len()).unwrap_or(u16::MAX),
                RemainderOn::Last,
            )
        } else {
            amount.split_by(&self.shares_bp, RemainderOn::Last)
        }
    }
}

impl TariTerms {
    /// 1 January of the year.
    pub(super) fn first_day(&self) -> Day {
        Day::from_ymd_opt(self.year, 1, 1).unwrap_or(Day::MIN)
    }

    /// 31 December of the year.
    pub(super) fn last_day(&self) -> Day {
        Day::from_ymd_opt(self.year, 12, 31).unwrap_or(Day::MAX)
    }
}

/// Largest tariff that can be typed, a thousand euro in millionths.
const MICRO_MAX: i64 = 1_000_000_000;

/// Every rule that the terms break.
pub(super) fn check(terms: &TariTerms, findings: &mut Findings) {
    findings.range("/year", i64::from(terms.year), 2014..=2099);
    let code = terms.cadastral_code.as_bytes();
    if !matches!(code, [letter, digits @ ..]
        if letter.is_ascii_uppercase() && digits.len() == 3 && digits.iter().all(u8::is_ascii_digit))
    {
        findings.add(
            "/cadastral_code",
            "deve essere una lettera maiuscola e tre cifre, come A515",
            "must be a capital letter and three digits, as A515",
        );
    }
    // Art. 19 D.Lgs. 504/1992: from 1 to 5 %; a town without TEFA (Aosta) says 0.
    findings.range("/tefa_bp", i64::from(terms.tefa_bp), 0..=500);
    findings.count("/domestic", terms.domestic.len(), 1..=99);
    for (i, tariff) in terms.domestic.iter().enumerate() {
        if usize::try_from(tariff.occupants).ok() != Some(i.saturating_add(1)) {
            findings.add(
                format!("/domestic/{i}/occupants"),
                "le tariffe vanno in ordine di occupanti: 1, 2, 3 …",
                "the tariffs go by number of occupants: 1, 2, 3 …",
            );
        }
        let at = |field: &str| format!("/domestic/{i}/{field}");
        findings.range(at("fixed_micro_m2"), tariff.fixed_micro_m2, 0..=MICRO_MAX);
        findings.range(
            at("variable_micro"),
            tariff.variable_micro,
            0..=MICRO_MAX.saturating_mul(10),
        );
    }
    for (pointer, cents) in [
        ("/ur1_cents", terms.ur1_cents),
        ("/ur2_cents", terms.ur2_cents),
        ("/ur3_cents", terms.ur3_cents),
    ] {
        findings.range(pointer, cents, 0..=100_000);
    }
    findings.count("/reductions", terms.reductions.len(), 0..=50);
    let mut codes = BTreeSet::new();
    for (i, reduction) in terms.reductions.iter().enumerate() {
        check_code(
            &reduction.code,
            &format!("/reductions/{i}/code"),
            &mut codes,
            findings,
        );
        findings.text::<70>(format!("/reductions/{i}/label"), &reduction.label);
        findings.range(
            format!("/reductions/{i}/bp"),
            i64::from(reduction.bp),
            1..=10_000,
        );
    }
    findings.day("/single_due_on", terms.single_due_on);
    if let Some(least) = terms.minimum_instalment_cents {
        findings.range("/minimum_instalment_cents", least, 1..=99_999_999_999);
    }
    check_plans(&terms.plans, findings);
}

fn check_plans(plans: &[Plan], findings: &mut Findings) {
    findings.count("/plans", plans.len(), 0..=10);
    let mut codes = BTreeSet::new();
    for (i, plan) in plans.iter().enumerate() {
        check_code(
            &plan.code,
            &format!("/plans/{i}/code"),
            &mut codes,
            findings,
        );
        let pointer = format!("/plans/{i}/due_on");
        findings.count(pointer.as_str(), plan.due_on.len(), 2..=12);
        for (k, day) in plan.due_on.iter().enumerate() {
            findings.day(format!("{pointer}/{k}"), *day);
        }
        if !plan.due_on.is_sorted_by(|earlier, later| earlier < later) {
            findings.add(
                pointer,
                "le scadenze devono essere in ordine di data",
                "the due dates must be in order",
            );
        }
        let total: u64 = plan.shares_bp.iter().map(|bp| u64::from(*bp)).sum();
        let fits = plan.shares_bp.len() == plan.due_on.len() && total == 10_000;
        if !plan.shares_bp.is_empty() && !fits {
            findings.add(
                format!("/plans/{i}/shares_bp"),
                "una quota per rata, in centesimi di punto percentuale, con somma 10000",
                "one share for each instalment, in basis points, that sum to 10000",
            );
        }
    }
}

fn check_code<'a>(
    code: &'a str,
    pointer: &str,
    codes: &mut BTreeSet<&'a str>,
    findings: &mut Findings,
) {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if !(1..=35).contains(&code.len()) || !code.bytes().all(plain) {
        findings.add(
            pointer,
            "deve avere da 1 a 35 lettere minuscole, cifre o _",
            "must have 1 to 35 small letters, digits or _",
        );
    } else if !codes.insert(code) {
        findings.add(pointer, "codice già usato", "is used already");
    }
}
