//! What the office states about one user of the waste service in one year.

use std::mem::take;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::TariTerms;
use crate::domain::calendar::{Day, days_between};

mod check;

pub(super) use check::{check, check_form};

/// What the office states about one user in one year. One dwelling or business is stated by the fields
/// themselves, of which `occupants` or `category` says what it is; several premises are a list.
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
    /// Walkable surface of the premises, square metres; required without the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 999999)]
    pub area_m2: Option<i64>,
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
    /// Reductions granted for a part of the period.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(min_items = 0, max_items = 12)]
    pub reduction_periods: Vec<TariReductionPeriod>,
    /// Several premises of the user: a dwelling, a shop, a second home, each with its own data. None of
    /// the fields about the premises is given beside the list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(min_items = 0, max_items = 20)]
    pub premises: Vec<TariPremises>,
    /// Net tax of the year before, cents, of who is entitled to the social bonus (D.L. 124/2019
    /// art. 57-bis): the bonus is a share of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 99_999_999_999_i64)]
    pub social_bonus_base_cents: Option<i64>,
    /// ISEE of the family for the year of the bonus, cents: held against the limit of the service. When
    /// absent, the bonus is granted as the national list says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 0, maximum = 99_999_999_999_i64)]
    pub social_bonus_isee_cents: Option<i64>,
    /// Dependent children of the family, which may raise the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 0, maximum = 30)]
    pub social_bonus_children: Option<i64>,
    /// Net tax by the tariffs of the year before, cents: the advances of a plan are shares of it. The
    /// tax of this year when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 99_999_999_999_i64)]
    pub advance_base_cents: Option<i64>,
    /// What an earlier position of the year has asked as an advance: this one asks the rest (saldo).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub advance_charged: Option<TariAdvance>,
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

/// One dwelling or business of a user: either `occupants` or `category` says which.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"category": "24", "area_m2": 80, "premises_address": "Corso della Libertà 3"}))]
pub struct TariPremises {
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
    /// Walkable surface, square metres.
    #[schema(format = Int64, minimum = 1, maximum = 999999)]
    pub area_m2: i64,
    /// Surface of annexes at the same address (garage, cellar), which pay the fixed part only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = Int64, minimum = 1, maximum = 999999)]
    pub annex_area_m2: Option<i64>,
    /// Whether it is an annex of a dwelling at another address: it pays the fixed part for `occupants`,
    /// no variable part, and the components.
    #[serde(default)]
    pub is_annex: bool,
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
    /// Reductions granted for a part of the period.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(min_items = 0, max_items = 12)]
    pub reduction_periods: Vec<TariReductionPeriod>,
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

/// An advance that was asked before, as the assessment of its position shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"tari_cents": 17017, "tefa_cents": 851}))]
pub struct TariAdvance {
    /// Tax of the town, cents.
    #[schema(format = Int64, minimum = 1, maximum = 99_999_999_999_i64)]
    pub tari_cents: i64,
    /// Tax of the Province, cents.
    #[schema(format = Int64, minimum = 0, maximum = 99_999_999_999_i64)]
    pub tefa_cents: i64,
}

/// A reduction granted for a part of the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reduction": "composting", "from": "2026-03-01", "to": "2026-12-31"}))]
pub struct TariReductionPeriod {
    /// Code of the reduction, among those of the service.
    #[schema(min_length = 1, max_length = 35, pattern = "^[a-z0-9_]+$")]
    pub reduction: String,
    /// Its first day, within the period of possession.
    pub from: NaiveDate,
    /// Its last day, within the period of possession.
    pub to: NaiveDate,
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
    pub(super) from: Day,
    pub(super) to: Day,
    pub(super) user: User<'a>,
    pub(super) area: i64,
    pub(super) annex: i64,
}

/// Whose tariff holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum User<'a> {
    /// A household of so many persons.
    Household(i64),
    /// The annex elsewhere of a household of so many persons.
    Annex(i64),
    /// A business of this category.
    Business(&'a str),
}

impl Stretch<'_> {
    /// How many days.
    pub(super) fn days(&self) -> i64 {
        days_between(self.from, self.to)
    }
}

impl TariDetails {
    /// The premises, whichever way they are stated: those of the list, or the one that the fields state.
    /// They are moved out.
    pub(super) fn take_premises(&mut self) -> Vec<TariPremises> {
        if !self.premises.is_empty() {
            return take(&mut self.premises);
        }
        vec![TariPremises {
            occupants: self.occupants.take(),
            category: self.category.take(),
            area_m2: self.area_m2.unwrap_or(1), // its absence was noted before
            annex_area_m2: self.annex_area_m2.take(),
            is_annex: false,
            occupied_from: self.occupied_from.take(),
            occupied_to: self.occupied_to.take(),
            changes: take(&mut self.changes),
            bags: self.bags.take(),
            reductions: take(&mut self.reductions),
            reduction_periods: take(&mut self.reduction_periods),
            premises_code: self.premises_code.take(),
            premises_address: self.premises_address.take(),
            cadastral_reference: self.cadastral_reference.take(),
        }]
    }
}

impl TariPremises {
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

    /// The whole period, cut where something changes or a reduction begins or ends.
    pub(super) fn stretches(&self, terms: &TariTerms) -> Vec<Stretch<'_>> {
        let (from, to) = self.period(terms);
        let mut now = Stretch {
            from,
            to,
            user: self.user(),
            area: self.area_m2,
            annex: self.annex_area_m2.unwrap_or(0),
        };
        let cuts = self.cuts(from, to);
        let mut stretches = Vec::with_capacity(cuts.len().saturating_add(1));
        let mut changes = self.changes.iter().peekable();
        for cut in cuts {
            now.to = cut.pred_opt().unwrap_or(cut);
            stretches.push(now);
            now.from = cut;
            while let Some(change) = changes.next_if(|change| change.from <= cut) {
                now.take(change);
            }
        }
        now.to = to;
        stretches.push(now);
        stretches
    }

    fn user(&self) -> User<'_> {
        let occupants = self.occupants.unwrap_or(0);
        match &self.category {
            Some(category) => User::Business(category),
            None if self.is_annex => User::Annex(occupants),
            None => User::Household(occupants),
        }
    }

    /// The first days of the stretches after the first, in order.
    fn cuts(&self, from: Day, to: Day) -> Vec<Day> {
        let mut cuts: Vec<Day> = self.changes.iter().map(|change| change.from).collect();
        for period in &self.reduction_periods {
            cuts.push(period.from);
            cuts.extend(period.to.succ_opt());
        }
        cuts.retain(|cut| *cut > from && *cut <= to);
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }
}

impl<'a> Stretch<'a> {
    /// Takes what a change names; the rest stays.
    fn take(&mut self, change: &'a TariChange) {
        self.user = match (&change.category, change.occupants, self.user) {
            (Some(category), _, _) => User::Business(category),
            (None, Some(occupants), User::Annex(_)) => User::Annex(occupants),
            (None, Some(occupants), User::Household(_) | User::Business(_)) => {
                User::Household(occupants)
            }
            (None, None, user) => user,
        };
        self.area = change.area_m2.unwrap_or(self.area);
        self.annex = change.annex_area_m2.unwrap_or(self.annex);
    }
}
