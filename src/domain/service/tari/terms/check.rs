//! What makes a tariff valid.

use std::collections::BTreeSet;

use super::{Basis, Plan, Reduction, TariTerms};
use crate::domain::findings::Findings;
use crate::domain::money::{Cents, RemainderOn};

/// Largest tariff that can be typed, a thousand euro in millionths.
const MICRO_MAX: i64 = 1_000_000_000;

/// Largest yearly tariff of a household, ten thousand euro in millionths.
const HOUSEHOLD_MAX: i64 = 10_000_000_000;

/// Every rule that the terms break.
pub(in super::super) fn check(terms: &TariTerms, findings: &mut Findings) {
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
    if let Some(resolution) = &terms.resolution {
        findings.text::<140>("/resolution", resolution);
    }
    // Art. 19 D.Lgs. 504/1992: from 1 to 5 %; a town without TEFA (Aosta) says 0.
    findings.range("/tefa_bp", i64::from(terms.tefa_bp), 0..=500);
    check_tariffs(terms, findings);
    check_amounts(terms, findings);
    findings.count("/reductions", terms.reductions.len(), 0..=50);
    let mut codes = BTreeSet::new();
    for (i, reduction) in terms.reductions.iter().enumerate() {
        let at = format!("/reductions/{i}");
        check_code(&reduction.code, &format!("{at}/code"), &mut codes, findings);
        check_reduction(&at, reduction, findings);
    }
    if terms.patron.is_some_and(|patron| !patron.exists()) {
        findings.add(
            "/patron",
            "il giorno non esiste",
            "there is no such day of the year",
        );
    }
    if let Some(least) = terms.minimum_instalment_cents {
        findings.range("/minimum_instalment_cents", least, 1..=99_999_999_999);
    }
    if let Some(day) = terms.single_due_on {
        findings.day("/single_due_on", day);
    } else if terms.plans.is_empty() {
        findings.add(
            "/single_due_on",
            "serve la scadenza unica oppure almeno un piano",
            "give the single due day or at least one plan",
        );
    }
    check_plans(&terms.plans, findings);
    for (topic, sentences) in &terms.information {
        let at = format!("/information/{}", topic.code());
        findings.count(at.as_str(), sentences.len(), 0..=10);
        for (i, sentence) in sentences.iter().enumerate() {
            findings.text::<500>(format!("{at}/{i}"), sentence);
        }
    }
}

fn check_tariffs(terms: &TariTerms, findings: &mut Findings) {
    findings.count("/domestic", terms.domestic.len(), 0..=99);
    findings.count("/non_domestic", terms.non_domestic.len(), 0..=99);
    if terms.domestic.is_empty() && terms.non_domestic.is_empty() {
        findings.add(
            "/domestic",
            "serve almeno una tariffa",
            "give at least one tariff",
        );
    }
    for (i, tariff) in terms.domestic.iter().enumerate() {
        let at = |field: &str| format!("/domestic/{i}/{field}");
        if usize::try_from(tariff.occupants).ok() != Some(i.saturating_add(1)) {
            findings.add(
                at("occupants"),
                "le tariffe vanno in ordine di occupanti: 1, 2, 3 …",
                "the tariffs go by number of occupants: 1, 2, 3 …",
            );
        }
        findings.range(at("fixed_micro_m2"), tariff.fixed_micro_m2, 0..=MICRO_MAX);
        findings.range(
            at("variable_micro"),
            tariff.variable_micro,
            0..=HOUSEHOLD_MAX,
        );
        match (tariff.included_bags, &terms.punctual) {
            (Some(bags), Some(_)) => findings.range(at("included_bags"), bags, 0..=9_999),
            (None, Some(_)) | (Some(_), None) => findings.add(
                at("included_bags"),
                "va indicato se e solo se il servizio misura i conferimenti (punctual)",
                "is given if and only if the service measures bags (punctual)",
            ),
            (None, None) => {}
        }
    }
    let mut codes = BTreeSet::new();
    for (i, tariff) in terms.non_domestic.iter().enumerate() {
        let at = |field: &str| format!("/non_domestic/{i}/{field}");
        check_code(&tariff.code, &at("code"), &mut codes, findings);
        findings.text::<70>(at("label"), &tariff.label);
        findings.range(at("fixed_micro_m2"), tariff.fixed_micro_m2, 0..=MICRO_MAX);
        findings.range(
            at("variable_micro_m2"),
            tariff.variable_micro_m2,
            0..=MICRO_MAX,
        );
    }
    if let Some(punctual) = &terms.punctual {
        findings.text::<35>("/punctual/label", &punctual.label);
        findings.range("/punctual/extra_micro", punctual.extra_micro, 0..=MICRO_MAX);
    }
}

fn check_amounts(terms: &TariTerms, findings: &mut Findings) {
    for (pointer, bp) in [
        ("/daily_surcharge_bp", terms.daily_surcharge_bp),
        ("/reduction_cap_bp", terms.reduction_cap_bp),
    ] {
        if let Some(bp) = bp {
            findings.range(pointer, i64::from(bp), 0..=10_000);
        }
    }
    for (pointer, cents) in [
        ("/ur1_cents", terms.ur1_cents),
        ("/ur2_cents", terms.ur2_cents),
        ("/ur3_cents", terms.ur3_cents),
        ("/min_amount_cents", terms.min_amount_cents),
        ("/min_instalment_cents", terms.min_instalment_cents),
    ] {
        findings.range(pointer, cents, 0..=100_000);
    }
    let rules = &terms.social_bonus;
    findings.count("/social_bonus", rules.len(), 0..=50);
    if !rules.is_sorted_by(|a, b| a.valid_from < b.valid_from) {
        findings.add(
            "/social_bonus",
            "deve essere in ordine di decorrenza",
            "must be in order of the first day",
        );
    }
    for (i, rule) in rules.iter().enumerate() {
        let at = |field: &str| format!("/social_bonus/{i}/{field}");
        findings.range(at("bp"), i64::from(rule.bp), 0..=10_000);
        let limit = rule.isee_cents.unwrap_or(0);
        findings.range(at("isee_cents"), limit, 0..=Cents::NOTICE_MAX.get());
        if let Some([children, large]) = rule.large_family {
            findings.range(at("large_family/0"), children, 1..=30);
            findings.range(at("large_family/1"), large, limit..=Cents::NOTICE_MAX.get());
        }
    }
    findings.range("/notice_days", i64::from(terms.notice_days), 0..=120);
}

fn check_reduction(at: &str, reduction: &Reduction, findings: &mut Findings) {
    findings.text::<70>(format!("{at}/label"), &reduction.label);
    match (reduction.bp, reduction.fraction) {
        (Some(bp), None) => findings.range(format!("{at}/bp"), i64::from(bp), 1..=10_000),
        (None, Some([part, whole])) => {
            if part == 0 || part > whole || whole > 10_000 {
                findings.add(
                    format!("{at}/fraction"),
                    "deve essere una parte dell'intero, come [2, 3]",
                    "must be a part of the whole, as [2, 3]",
                );
            }
        }
        (None, None) | (Some(_), Some(_)) => findings.add(
            format!("{at}/bp"),
            "serve bp oppure fraction, non entrambi",
            "give either bp or fraction",
        ),
    }
    if let Some(cap) = reduction.cap_cents {
        findings.range(format!("{at}/cap_cents"), cap, 1..=Cents::NOTICE_MAX.get());
    }
}

fn check_plans(plans: &[Plan], findings: &mut Findings) {
    findings.count("/plans", plans.len(), 0..=10);
    let mut codes = BTreeSet::new();
    for (i, plan) in plans.iter().enumerate() {
        let at = |field: &str| format!("/plans/{i}/{field}");
        check_code(&plan.code, &at("code"), &mut codes, findings);
        findings.count(at("due_on"), plan.due_on.len(), 2..=12);
        for (k, day) in plan.due_on.iter().enumerate() {
            findings.day(format!("/plans/{i}/due_on/{k}"), *day);
        }
        if !plan.due_on.is_sorted_by(|earlier, later| earlier < later) {
            findings.add(
                at("due_on"),
                "le scadenze devono essere in ordine di data",
                "the due dates must be in order",
            );
        }
        let total: u64 = plan.shares_bp.iter().map(|bp| u64::from(*bp)).sum();
        let fits = plan.shares_bp.len() == plan.due_on.len() && total == 10_000;
        if !plan.shares_bp.is_empty() && !fits {
            findings.add(
                at("shares_bp"),
                "una quota per rata, in centesimi di punto percentuale, con somma 10000",
                "one share for each instalment, in basis points, that sum to 10000",
            );
        }
        if plan.basis == Basis::PreviousYear && plan.remainder_on == RemainderOn::First {
            findings.add(
                at("remainder_on"),
                "con gli acconti sull'anno prima è l'ultima rata che chiude",
                "with advances on the year before, the last instalment settles",
            );
        }
        if let Some(place) = plan.ur_instalment {
            let last = i64::try_from(plan.due_on.len()).unwrap_or(i64::MAX);
            let place = i64::try_from(place).unwrap_or(i64::MAX);
            findings.range(at("ur_instalment"), place, 1..=last);
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
