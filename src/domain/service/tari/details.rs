//! What the office states about one user of the waste service in one year.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TariTerms;
use crate::domain::calendar::{Day, days_between};

mod check;

pub(super) use check::check;

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
    /// What is still unpaid of earlier notices, cents, as the office knows it: 0 says that nothing is.
    /// The notice says nothing of it when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 0, maximum = 99_999_999_999_i64)]
    pub previous_unpaid_cents: Option<i64>,
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
    pub(super) fn period(&self, terms: &TariTerms) -> (Day, Day) {
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
