//! What makes the details of a waste-tax position valid.

use std::collections::BTreeSet;

use super::TariDetails;
use crate::domain::findings::{Findings, none_of};
use crate::domain::money::Cents;
use crate::domain::service::tari::TariTerms;

/// Every rule that the details break.
pub(in super::super) fn check(details: &TariDetails, terms: &TariTerms, findings: &mut Findings) {
    check_user(details, terms, findings);
    findings.range("/area_m2", details.area_m2, 1..=999_999);
    for (pointer, value, allowed) in [
        ("/annex_area_m2", details.annex_area_m2, 1..=999_999),
        (
            "/social_bonus_base_cents",
            details.social_bonus_base_cents,
            1..=Cents::NOTICE_MAX.get(),
        ),
        (
            "/advance_base_cents",
            details.advance_base_cents,
            1..=Cents::NOTICE_MAX.get(),
        ),
        (
            "/previous_unpaid_cents",
            details.previous_unpaid_cents,
            0..=Cents::NOTICE_MAX.get(),
        ),
        ("/daily_days", details.daily_days, 1..=182),
        ("/bags", details.bags, 0..=99_999),
    ] {
        if let Some(value) = value {
            findings.range(pointer, value, allowed);
        }
    }
    check_period(details, terms, findings);
    check_changes(details, terms, findings);
    check_offered(details, terms, findings);
    check_codes(details, terms, findings);
    for (pointer, text) in [
        ("/user_code", &details.user_code),
        ("/premises_code", &details.premises_code),
    ] {
        if let Some(text) = text {
            findings.text::<35>(pointer, text);
        }
    }
    if let Some(text) = &details.premises_address {
        findings.text::<140>("/premises_address", text);
    }
    if let Some(text) = &details.cadastral_reference {
        findings.text::<70>("/cadastral_reference", text);
    }
}

fn check_user(details: &TariDetails, terms: &TariTerms, findings: &mut Findings) {
    if let Some(occupants) = details.occupants {
        findings.range("/occupants", occupants, 1..=99);
    }
    if let Some(category) = &details.category {
        check_category("/category".to_owned(), category, terms, findings);
    }
    match (details.occupants, &details.category) {
        (None, None) => findings.add(
            "/occupants",
            "serve il numero di occupanti (abitazioni) oppure la categoria (attività)",
            "give the number of occupants (dwellings) or the category (businesses)",
        ),
        (Some(_), Some(_)) => findings.add(
            "/category",
            "occupanti e categoria si escludono",
            "occupants and category exclude each other",
        ),
        (Some(_), None) => {}
        (None, Some(_)) => {
            for (pointer, given) in [
                ("/annex_area_m2", details.annex_area_m2.is_some()),
                ("/bags", details.bags.is_some()),
            ] {
                if given {
                    findings.add(
                        pointer,
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

fn check_period(details: &TariDetails, terms: &TariTerms, findings: &mut Findings) {
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
}

fn check_changes(details: &TariDetails, terms: &TariTerms, findings: &mut Findings) {
    findings.count("/changes", details.changes.len(), 0..=12);
    let (mut before, last) = details.period(terms);
    for (i, change) in details.changes.iter().enumerate() {
        let at = |field: &str| format!("/changes/{i}/{field}");
        if change.from <= before || change.from > last {
            findings.add(
                at("from"),
                format!("deve essere un giorno dopo il {before} e fino al {last}"),
                format!("must be a day after {before} and up to {last}"),
            );
        }
        before = change.from;
        for (field, value, low) in [
            ("occupants", change.occupants, 1),
            ("area_m2", change.area_m2, 1),
            ("annex_area_m2", change.annex_area_m2, 0),
        ] {
            let high = if field == "occupants" { 99 } else { 999_999 };
            if let Some(value) = value {
                findings.range(at(field), value, low..=high);
            }
        }
        let of_dwelling = change.occupants.or(change.annex_area_m2);
        if details.category.is_some() && of_dwelling.is_some() {
            findings.add(
                format!("/changes/{i}"),
                "occupanti e pertinenze valgono solo per le abitazioni",
                "occupants and annexes are for dwellings only",
            );
        }
        if let Some(category) = &change.category {
            check_category(at("category"), category, terms, findings);
            if details.category.is_none() {
                findings.add(
                    at("category"),
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
        ("/bags", details.bags.is_some(), terms.punctual.is_some()),
        (
            "/daily_days",
            details.daily_days.is_some(),
            terms.daily_surcharge_bp.is_some(),
        ),
        (
            "/social_bonus_base_cents",
            details.social_bonus_base_cents.is_some(),
            terms.social_bonus_bp.is_some(),
        ),
    ] {
        if given && !offered {
            findings.add(
                pointer,
                "questo servizio non prevede il campo",
                "is not used by this service",
            );
        }
    }
    if details.daily_days.is_none() {
        return;
    }
    for (pointer, given) in [
        ("/occupants", details.occupants.is_some()),
        ("/occupied_from", details.occupied_from.is_some()),
        ("/occupied_to", details.occupied_to.is_some()),
        ("/changes", !details.changes.is_empty()),
        ("/bags", details.bags.is_some()),
        (
            "/social_bonus_base_cents",
            details.social_bonus_base_cents.is_some(),
        ),
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

fn check_codes(details: &TariDetails, terms: &TariTerms, findings: &mut Findings) {
    findings.count("/reductions", details.reductions.len(), 0..=10);
    let mut seen = BTreeSet::new();
    for (i, code) in details.reductions.iter().enumerate() {
        if terms.reduction(code).is_none() {
            let known = terms.reductions.iter().map(|r| r.code.as_str());
            findings.push(none_of(format!("/reductions/{i}"), known));
        } else if !seen.insert(code) {
            findings.add(
                format!("/reductions/{i}"),
                "riduzione indicata due volte",
                "the reduction is given twice",
            );
        }
    }
    let Some(plan) = &details.plan else { return };
    if terms.plans.iter().all(|known| known.code != *plan) {
        let known = terms.plans.iter().map(|plan| plan.code.as_str());
        findings.push(none_of("/plan", known));
    }
}
