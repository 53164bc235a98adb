//! What the office states about one user of the waste service in one year.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TariTerms;
use crate::domain::calendar::{Day, days_between};
use crate::domain::findings::Findings;
use crate::domain::money::Cents;
use crate::domain::service::DetailsError;

/// What the office states about one dwelling, or one business, in one year: either `occupants` or
/// `category` says which.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"occupants": 3, "area_m2": 100, "premises_address": "Via Garibaldi 12"}))]
pub struct TariDetails {
    /// Persons living in the premises; only and always for dwellings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 99)]
    pub occupants: Option<i64>,
    /// Category of the business in the tariff of the service; only and always for businesses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 35,
        pattern = "^[a-z0-9_]+$"
    )]
    pub category: Option<String>,
    /// Walkable surface of the premises, square metres.
    #[schema(format = Int64, minimum = 1, maximum = 999999)]
    pub area_m2: i64,
    /// Surface of annexes at the same address (garage, cellar), which pay the fixed part only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 999999)]
    pub annex_area_m2: Option<i64>,
    /// First day of possession within the year of the service; 1 January when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub occupied_from: Option<NaiveDate>,
    /// Last day of possession within the year of the service; 31 December when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub occupied_to: Option<NaiveDate>,
    /// What changed within the year, in order of day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(min_items = 0, max_items = 12)]
    pub changes: Vec<TariChange>,
    /// Days of a temporary use of public ground (daily tax, L. 147/2013 c. 662); never with a period
    /// or changes, and free of the components of the authority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 182)]
    pub daily_days: Option<i64>,
    /// Bags or emptyings measured in the period, where the service measures them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 0, maximum = 99999)]
    pub bags: Option<i64>,
    /// Codes of the reductions granted, among those of the service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(
        min_items = 0,
        max_items = 10,
        min_length = 1,
        max_length = 35,
        pattern = "^[a-z0-9_]+$"
    )]
    pub reductions: Vec<String>,
    /// Net tax of the year before, cents, of who is entitled to the social bonus (D.L. 124/2019
    /// art. 57-bis): the bonus is a share of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 99_999_999_999_i64)]
    pub social_bonus_base_cents: Option<i64>,
    /// Net tax by the tariffs of the year before, cents: the advances of a plan are shares of it. The
    /// tax of this year when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 99_999_999_999_i64)]
    pub advance_base_cents: Option<i64>,
    /// Code of the only instalment plan to offer; every plan of the service when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 35,
        pattern = "^[a-z0-9_]+$"
    )]
    pub plan: Option<String>,
    /// Code of the user (codice utente), printed on the notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 35,
        pattern = "^[^\\x00-\\x1f\\x7f]+$"
    )]
    pub user_code: Option<String>,
    /// Code of the premises in the register of the service (codice utenza), printed on the notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 35,
        pattern = "^[^\\x00-\\x1f\\x7f]+$"
    )]
    pub premises_code: Option<String>,
    /// Where the premises are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 140,
        pattern = "^[^\\x00-\\x1f\\x7f]+$"
    )]
    pub premises_address: Option<String>,
    /// Sheet, parcel and unit of the land registry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 70,
        pattern = "^[^\\x00-\\x1f\\x7f]+$"
    )]
    pub cadastral_reference: Option<String>,
}

/// A change within the year; what is absent stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "2026-09-16", "occupants": 3}))]
pub struct TariChange {
    /// First day of the new state, after the first day of possession.
    pub from: NaiveDate,
    /// Persons living in the dwelling from that day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 99)]
    pub occupants: Option<i64>,
    /// Category of the business from that day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 35,
        pattern = "^[a-z0-9_]+$"
    )]
    pub category: Option<String>,
    /// Walkable surface from that day, square metres.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 999999)]
    pub area_m2: Option<i64>,
    /// Surface of annexes from that day, square metres; 0 for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 0, maximum = 999999)]
    pub annex_area_m2: Option<i64>,
}

/// A stretch of days in which nothing changes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch<'a> {
    pub(super) days: i64,
    pub(super) user: User<'a>,
    pub(super) area: i64,
    pub(super) annex: i64,
}

/// Whose tariff holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum User<'a> {
    /// A household of so many persons.
    Household(i64),
    /// A business of this category.
    Business(&'a str),
}

impl TariDetails {
    /// First and last day of possession.
    fn period(&self, terms: &TariTerms) -> (Day, Day) {
        let from = self.occupied_from.unwrap_or(terms.first_day());
        (from, self.occupied_to.unwrap_or(terms.last_day()))
    }

    /// Days of possession.
    pub(super) fn days(&self, terms: &TariTerms) -> i64 {
        let (from, to) = self.period(terms);
        days_between(from, to)
    }

    /// The whole period, cut where something changes.
    pub(super) fn stretches(&self, terms: &TariTerms) -> Vec<Stretch<'_>> {
        let (mut from, to) = self.period(terms);
        let user = match &self.category {
            Some(category) => User::Business(category),
            None => User::Household(self.occupants.unwrap_or(0)),
        };
        let mut now = Stretch {
            days: 0,
            user,
            area: self.area_m2,
            annex: self.annex_area_m2.unwrap_or(0),
        };
        let mut stretches = Vec::with_capacity(self.changes.len().saturating_add(1));
        for change in &self.changes {
            now.days = days_between(from, change.from).saturating_sub(1);
            stretches.push(now);
            from = change.from;
            now.user = match (&change.category, change.occupants) {
                (Some(category), _) => User::Business(category),
                (None, Some(occupants)) => User::Household(occupants),
                (None, None) => now.user,
            };
            now.area = change.area_m2.unwrap_or(now.area);
            now.annex = change.annex_area_m2.unwrap_or(now.annex);
        }
        now.days = days_between(from, to);
        stretches.push(now);
        stretches
    }
}

/// Every rule that the details break.
pub(super) fn check(details: &TariDetails, terms: &TariTerms, findings: &mut Findings) {
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
        findings.push(one_of(pointer, known));
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
            findings.push(one_of(format!("/reductions/{i}"), known));
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
        findings.push(one_of("/plan".to_owned(), known));
    }
}

fn one_of<'a>(pointer: String, known: impl Iterator<Item = &'a str>) -> DetailsError {
    let known: Vec<&str> = known.collect();
    if known.is_empty() {
        return DetailsError::new(
            pointer,
            "il servizio non ne prevede",
            "the service has none of these",
        );
    }
    let known = known.join(", ");
    DetailsError::new(
        pointer,
        format!("valori previsti dal servizio: {known}"),
        format!("the service knows {known}"),
    )
}
