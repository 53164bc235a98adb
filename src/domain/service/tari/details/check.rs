//! What makes the details of a waste-tax position valid.

use std::collections::BTreeSet;

use super::{TariDetails, TariPremises};
use crate::domain::calendar::Day;
use crate::domain::findings::{Findings, none_of};
use crate::domain::money::Cents;
use crate::domain::service::tari::TariTerms;

/// How the premises are stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Form {
    /// By the fields of the details themselves.
    Fields,
    /// As a list.
    List,
}

impl Form {
    /// Pointer to the premises at a place.
    fn at(self, place: usize) -> String {
        match self {
            Form::Fields => String::new(),
            Form::List => format!("/premises/{place}"),
        }
    }
}

/// How the premises are stated; both ways at once, or neither, is a fault.
pub(in super::super) fn check_form(details: &TariDetails, findings: &mut Findings) -> Form {
    if details.premises.is_empty() {
        if details.area_m2.is_none() {
            findings.add("/area_m2", "è obbligatorio", "is required");
        }
        return Form::Fields;
    }
    for (pointer, given) in [
        ("/occupants", details.occupants.is_some()),
        ("/category", details.category.is_some()),
        ("/area_m2", details.area_m2.is_some()),
        ("/annex_area_m2", details.annex_area_m2.is_some()),
        ("/occupied_from", details.occupied_from.is_some()),
        ("/occupied_to", details.occupied_to.is_some()),
        ("/changes", !details.changes.is_empty()),
        ("/bags", details.bags.is_some()),
        ("/reductions", !details.reductions.is_empty()),
        ("/reduction_periods", !details.reduction_periods.is_empty()),
        ("/premises_code", details.premises_code.is_some()),
        ("/premises_address", details.premises_address.is_some()),
        (
            "/cadastral_reference",
            details.cadastral_reference.is_some(),
        ),
        ("/daily_days", details.daily_days.is_some()),
    ] {
        if given {
            findings.add(
                pointer,
                "non si usa con l'elenco delle utenze: va indicato in ciascuna",
                "is not used beside the list of premises: state it in each of them",
            );
        }
    }
    Form::List
}

/// Every rule that the details break.
pub(in super::super) fn check(
    details: &TariDetails,
    (form, premises): (Form, &[TariPremises]),
    terms: &TariTerms,
    findings: &mut Findings,
) {
    findings.count("/premises", premises.len(), 1..=20);
    let mut codes = BTreeSet::new();
    for (place, one) in premises.iter().enumerate() {
        let at = form.at(place);
        check_premises(&at, one, terms, findings);
        if let Some(code) = &one.premises_code
            && !codes.insert(code.trim())
        {
            findings.add(
                format!("{at}/premises_code"),
                "utenza indicata due volte",
                "the premises are given twice",
            );
        }
        if details.daily_days.is_some() {
            check_daily(one, details, findings);
        }
    }
    check_amounts(details, findings);
    check_offered(details, terms, findings);
    if let Some(plan) = &details.plan
        && terms.plans.iter().all(|known| known.code != *plan)
    {
        let known = terms.plans.iter().map(|plan| plan.code.as_str());
        findings.push(none_of("/plan", known));
    }
    if let Some(text) = &details.user_code {
        findings.text::<35>("/user_code", text);
    }
}

/// Numbers of the position within their bounds.
fn check_amounts(details: &TariDetails, findings: &mut Findings) {
    let payable = Cents::NOTICE_MAX.get();
    for (pointer, value, allowed) in [
        (
            "/social_bonus_base_cents",
            details.social_bonus_base_cents,
            1..=payable,
        ),
        (
            "/advance_base_cents",
            details.advance_base_cents,
            1..=payable,
        ),
        (
            "/previous_unpaid_cents",
            details.previous_unpaid_cents,
            0..=payable,
        ),
        (
            "/social_bonus_isee_cents",
            details.social_bonus_isee_cents,
            0..=payable,
        ),
        (
            "/social_bonus_children",
            details.social_bonus_children,
            0..=30,
        ),
        (
            "/advance_charged/tari_cents",
            details.advance_charged.map(|advance| advance.tari_cents),
            1..=payable,
        ),
        (
            "/advance_charged/tefa_cents",
            details.advance_charged.map(|advance| advance.tefa_cents),
            0..=payable,
        ),
        ("/daily_days", details.daily_days, 1..=182),
    ] {
        if let Some(value) = value {
            findings.range(pointer, value, allowed);
        }
    }
}

/// Every rule that some premises break, under a pointer.
fn check_premises(at: &str, premises: &TariPremises, terms: &TariTerms, findings: &mut Findings) {
    check_user(at, premises, terms, findings);
    for (field, value, allowed) in [
        ("area_m2", Some(premises.area_m2), 1..=999_999),
        ("annex_area_m2", premises.annex_area_m2, 1..=999_999),
        ("bags", premises.bags, 0..=99_999),
    ] {
        if let Some(value) = value {
            findings.range(format!("{at}/{field}"), value, allowed);
        }
    }
    check_period(at, premises, terms, findings);
    check_changes(at, premises, terms, findings);
    if premises.bags.is_some() && terms.punctual.is_none() {
        not_offered(format!("{at}/bags"), findings);
    }
    check_reductions(at, premises, terms, findings);
    check_reduction_periods(at, premises, terms, findings);
    if let Some(text) = &premises.premises_code {
        findings.text::<35>(format!("{at}/premises_code"), text);
    }
    if let Some(text) = &premises.premises_address {
        findings.text::<140>(format!("{at}/premises_address"), text);
    }
    if let Some(text) = &premises.cadastral_reference {
        findings.text::<70>(format!("{at}/cadastral_reference"), text);
    }
}

fn check_user(at: &str, premises: &TariPremises, terms: &TariTerms, findings: &mut Findings) {
    if let Some(occupants) = premises.occupants {
        findings.range(format!("{at}/occupants"), occupants, 1..=99);
    }
    if let Some(category) = &premises.category {
        check_category(format!("{at}/category"), category, terms, findings);
    }
    match (premises.occupants, &premises.category) {
        (None, None) => findings.add(
            format!("{at}/occupants"),
            "serve il numero di occupanti (abitazioni) oppure la categoria (attività)",
            "give the number of occupants (dwellings) or the category (businesses)",
        ),
        (Some(_), Some(_)) => findings.add(
            format!("{at}/category"),
            "occupanti e categoria si escludono",
            "occupants and category exclude each other",
        ),
        (Some(_), None) => {
            for (field, given) in [
                ("annex_area_m2", premises.annex_area_m2.is_some()),
                ("bags", premises.bags.is_some()),
            ] {
                if given && premises.is_annex {
                    findings.add(
                        format!("{at}/{field}"),
                        "non si usa per una pertinenza",
                        "is not used for an annex",
                    );
                }
            }
        }
        (None, Some(_)) => {
            for (field, given) in [
                ("annex_area_m2", premises.annex_area_m2.is_some()),
                ("bags", premises.bags.is_some()),
                ("is_annex", premises.is_annex),
            ] {
                if given {
                    findings.add(
                        format!("{at}/{field}"),
                        "vale solo per le abitazioni",
                        "is for dwellings only",
                    );
                }
            }
        }
    }
}

fn check_category(pointer: String, category: &str, terms: &TariTerms, findings: &mut Findings) {
    if terms.category(category).is_none() {
        let known = terms.non_domestic.iter().map(|tariff| tariff.code.as_str());
        findings.push(none_of(pointer, known));
    }
}

fn check_period(at: &str, premises: &TariPremises, terms: &TariTerms, findings: &mut Findings) {
    let year = terms.first_day()..=terms.last_day();
    let (from, to) = (premises.occupied_from, premises.occupied_to);
    for (field, day) in [("occupied_from", from), ("occupied_to", to)] {
        if day.is_some_and(|day| !year.contains(&day)) {
            let year = terms.year;
            findings.add(
                format!("{at}/{field}"),
                format!("deve essere un giorno del {year}"),
                format!("must be a day of {year}"),
            );
        }
    }
    if matches!((from, to), (Some(from), Some(to)) if to < from) {
        findings.add(
            format!("{at}/occupied_to"),
            "non può precedere occupied_from",
            "must not be before occupied_from",
        );
    }
}

fn check_changes(at: &str, premises: &TariPremises, terms: &TariTerms, findings: &mut Findings) {
    findings.count(format!("{at}/changes"), premises.changes.len(), 0..=12);
    let (mut before, last) = premises.period(terms);
    for (i, change) in premises.changes.iter().enumerate() {
        let at = |field: &str| format!("{at}/changes/{i}{field}");
        if change.from <= before || change.from > last {
            findings.add(
                at("/from"),
                format!("deve essere un giorno dopo il {before} e fino al {last}"),
                format!("must be a day after {before} and up to {last}"),
            );
        }
        before = change.from;
        for (field, value, low) in [
            ("/occupants", change.occupants, 1),
            ("/area_m2", change.area_m2, 1),
            ("/annex_area_m2", change.annex_area_m2, 0),
        ] {
            let high = if field == "/occupants" { 99 } else { 999_999 };
            if let Some(value) = value {
                findings.range(at(field), value, low..=high);
            }
        }
        let of_dwelling = change.occupants.or(change.annex_area_m2);
        if premises.category.is_some() && of_dwelling.is_some() {
            findings.add(
                at(""),
                "occupanti e pertinenze valgono solo per le abitazioni",
                "occupants and annexes are for dwellings only",
            );
        }
        if premises.is_annex && change.annex_area_m2.is_some() {
            findings.add(
                at("/annex_area_m2"),
                "non si usa per una pertinenza",
                "is not used for an annex",
            );
        }
        if let Some(category) = &change.category {
            check_category(at("/category"), category, terms, findings);
            if premises.category.is_none() {
                findings.add(
                    at("/category"),
                    "vale solo per le attività",
                    "is for businesses only",
                );
            }
        }
    }
}

/// What only some services offer.
fn check_offered(details: &TariDetails, terms: &TariTerms, findings: &mut Findings) {
    for (pointer, given, offered) in [
        (
            "/daily_days",
            details.daily_days.is_some(),
            terms.daily_surcharge_bp.is_some(),
        ),
        (
            "/social_bonus_base_cents",
            details.social_bonus_base_cents.is_some(),
            terms.social_bonus().is_some(),
        ),
    ] {
        if given && !offered {
            not_offered(pointer.to_owned(), findings);
        }
    }
    check_bonus(details, terms, findings);
    if details.advance_charged.is_some() && details.advance_base_cents.is_some() {
        findings.add(
            "/advance_base_cents",
            "non si usa quando l'acconto è già stato richiesto",
            "is not used once the advance has been asked",
        );
    }
}

/// Who states the family's ISEE has it held against the limit.
fn check_bonus(details: &TariDetails, terms: &TariTerms, findings: &mut Findings) {
    for (pointer, given) in [
        (
            "/social_bonus_isee_cents",
            details.social_bonus_isee_cents.is_some(),
        ),
        (
            "/social_bonus_children",
            details.social_bonus_children.is_some(),
        ),
    ] {
        if given && details.social_bonus_base_cents.is_none() {
            findings.add(
                pointer,
                "si usa solo con social_bonus_base_cents",
                "is used with social_bonus_base_cents only",
            );
        }
    }
    let (Some(isee), Some(rule)) = (details.social_bonus_isee_cents, terms.social_bonus()) else {
        return;
    };
    let children = details.social_bonus_children.unwrap_or(0);
    if let Some(limit) = rule.limit(children)
        && isee > limit
    {
        let limit = Cents::new(limit).unwrap_or(Cents::NOTICE_MAX);
        findings.add(
            "/social_bonus_isee_cents",
            format!(
                "per il bonus sociale non può superare {} €",
                limit.italian()
            ),
            format!("must not be above {limit} euro for the social bonus"),
        );
    }
}

fn not_offered(pointer: String, findings: &mut Findings) {
    findings.add(
        pointer,
        "questo servizio non prevede il campo",
        "is not used by this service",
    );
}

/// What a temporary use of public ground does not have; it is stated by the fields.
fn check_daily(premises: &TariPremises, details: &TariDetails, findings: &mut Findings) {
    for (pointer, given) in [
        ("/occupants", premises.occupants.is_some()),
        ("/occupied_from", premises.occupied_from.is_some()),
        ("/occupied_to", premises.occupied_to.is_some()),
        ("/changes", !premises.changes.is_empty()),
        ("/bags", premises.bags.is_some()),
        ("/reduction_periods", !premises.reduction_periods.is_empty()),
        (
            "/social_bonus_base_cents",
            details.social_bonus_base_cents.is_some(),
        ),
        ("/advance_charged", details.advance_charged.is_some()),
    ] {
        if given {
            findings.add(
                pointer,
                "non si usa con la tassa giornaliera",
                "is not used with the daily tax",
            );
        }
    }
}

fn check_reductions(at: &str, premises: &TariPremises, terms: &TariTerms, findings: &mut Findings) {
    let at = format!("{at}/reductions");
    findings.count(at.as_str(), premises.reductions.len(), 0..=10);
    let mut seen = BTreeSet::new();
    for (i, code) in premises.reductions.iter().enumerate() {
        if terms.reduction(code).is_none() {
            unknown_reduction(format!("{at}/{i}"), terms, findings);
        } else if !seen.insert(code) {
            twice(format!("{at}/{i}"), findings);
        }
    }
}

/// Reductions of some days: within the period, and none twice on the same day.
fn check_reduction_periods(
    at: &str,
    premises: &TariPremises,
    terms: &TariTerms,
    findings: &mut Findings,
) {
    let at = format!("{at}/reduction_periods");
    findings.count(at.as_str(), premises.reduction_periods.len(), 0..=12);
    let (first, last) = premises.period(terms);
    let mut granted: Vec<(&String, Day, Day)> = Vec::new();
    for (i, period) in premises.reduction_periods.iter().enumerate() {
        let (code, from, to) = (&period.reduction, period.from, period.to);
        for (field, day) in [("from", from), ("to", to)] {
            if !(first..=last).contains(&day) {
                findings.add(
                    format!("{at}/{i}/{field}"),
                    format!("deve essere un giorno dal {first} al {last}"),
                    format!("must be a day from {first} to {last}"),
                );
            }
        }
        if to < from {
            findings.add(
                format!("{at}/{i}/to"),
                "non può precedere from",
                "must not be before from",
            );
        }
        let again = |&(other, a, b): &(&String, Day, Day)| other == code && from <= b && a <= to;
        if terms.reduction(code).is_none() {
            unknown_reduction(format!("{at}/{i}/reduction"), terms, findings);
        } else if premises.reductions.contains(code) || granted.iter().any(again) {
            twice(format!("{at}/{i}/reduction"), findings);
        }
        granted.push((code, from, to));
    }
}

fn unknown_reduction(pointer: String, terms: &TariTerms, findings: &mut Findings) {
    let known = terms.reductions.iter().map(|r| r.code.as_str());
    findings.push(none_of(pointer, known));
}

fn twice(pointer: String, findings: &mut Findings) {
    findings.add(
        pointer,
        "riduzione indicata due volte",
        "the reduction is given twice",
    );
}
