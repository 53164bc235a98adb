//! Waste tax of a household (TARI, L. 147/2013 art. 1 c. 639 ff.) with the Province's TEFA
//! (D.Lgs. 504/1992 art. 19) and ARERA's equalisation components (UR1-UR3).

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    Assessment, Beneficiary, DetailsError, DetailsSchema, NoticeDraft, OptionDraft, OptionKind,
    Row, Schedule, Service, ServiceKind, TransferDraft, read_terms,
};
use crate::domain::calendar::{Calendar, Day, days_between, days_in_year};
use crate::domain::findings::{Findings, read};
use crate::domain::money::{Cents, MoneyError, ratio};

mod rows;

/// The waste tax.
pub struct Tari;

/// What the office states about one household in one year.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"occupants": 3, "area_m2": 100, "premises_address": "Via Garibaldi 12"}))]
pub struct TariDetails {
    /// Persons living in the premises.
    #[schema(format = Int64, minimum = 1, maximum = 99)]
    pub occupants: i64,
    /// Walkable surface of the dwelling, square metres.
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
    /// Codes of the reductions granted, among those of the service, applied in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(
        min_items = 0,
        max_items = 10,
        min_length = 1,
        max_length = 35,
        pattern = "^[a-z0-9_]+$"
    )]
    pub reductions: Vec<String>,
    /// Code of the only instalment plan to offer; every plan of the service when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 35,
        pattern = "^[a-z0-9_]+$"
    )]
    pub plan: Option<String>,
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

impl ServiceKind for Tari {
    fn code(&self) -> &'static str {
        "tari"
    }

    fn assess(&self, details: &Value, service: &Service) -> Result<Assessment, Vec<DetailsError>> {
        let terms: TariTerms = service.terms(check_terms)?;
        let details: TariDetails = read(details)?;
        let mut findings = Findings::default();
        check_details(&details, &terms, &mut findings);
        if terms.tefa_bp > 0 && !service.others.contains_key(PROVINCE) {
            let role = "manca il beneficiario con ruolo `province` (la Provincia, per la TEFA)";
            findings.add("", format!("al servizio {} {role}", service.code));
        }
        findings.result()?;
        assess(&details, &terms, service).map_err(|error| vec![error])
    }

    fn check_terms(&self, terms: &Value) -> Result<(), Vec<DetailsError>> {
        read_terms(terms, check_terms).map(|_: TariTerms| ())
    }

    fn details_schema(&self) -> DetailsSchema {
        DetailsSchema::of::<TariDetails>()
    }
}

/// The role of the Province among the beneficiaries of a service.
const PROVINCE: &str = "province";

/// What is owed, by beneficiary: each part is split among the instalments on its own.
struct Owed {
    tari: Cents,
    tefa: Cents,
    /// UR1-UR3: the town collects them, with the last instalment, for the equalisation fund.
    components: Cents,
}

fn assess(
    details: &TariDetails,
    terms: &TariTerms,
    service: &Service,
) -> Result<Assessment, DetailsError> {
    let (rows, owed) = rows::compute(details, terms)?;
    let town = owed.tari.plus(owed.components)?;
    let due = Calendar::Tax.roll(terms.single_due_on);
    let whole = notice(service, terms, ("rata unica", due), [town, owed.tefa])?;
    let mut options = vec![OptionDraft {
        kind: OptionKind::Single,
        notices: vec![whole],
    }];
    for plan in &terms.plans {
        let wanted = details.plan.as_ref();
        if wanted.is_some_and(|code| *code != plan.code) {
            continue;
        }
        match instalments(&owed, terms, plan, service)? {
            Some(notices) => options.push(OptionDraft {
                kind: OptionKind::Plan,
                notices,
            }),
            None if wanted.is_some() => {
                let detail =
                    "l'importo è troppo piccolo per questo piano: una rata sarebbe di zero euro";
                return Err(DetailsError {
                    pointer: "/plan".to_owned(),
                    detail: detail.to_owned(),
                });
            }
            None => {}
        }
    }
    Ok(Assessment { rows, options })
}

/// The notices of a plan; `None` when so little is owed that an instalment would be nothing.
fn instalments(
    owed: &Owed,
    terms: &TariTerms,
    plan: &Plan,
    service: &Service,
) -> Result<Option<Vec<NoticeDraft>>, DetailsError> {
    let count = plan.due_on.len();
    let (tari, tefa) = (plan.split(owed.tari)?, plan.split(owed.tefa)?);
    let mut notices = Vec::with_capacity(count);
    for (i, (due, (mut town, province))) in plan
        .due_on
        .iter()
        .zip(tari.into_iter().zip(tefa))
        .enumerate()
    {
        let place = i.saturating_add(1);
        if place == count {
            town = town.plus(owed.components)?;
        }
        if !town.is_positive() || province < Cents::ZERO {
            return Ok(None);
        }
        let due = Calendar::Tax.roll(*due);
        let rest = format!("rata {place} di {count}");
        notices.push(notice(service, terms, (&rest, due), [town, province])?);
    }
    Ok(Some(notices))
}

/// One notice: the town, then the Province unless it gets nothing.
fn notice(
    service: &Service,
    terms: &TariTerms,
    (rest, due): (&str, Day),
    [town, province]: [Cents; 2],
) -> Result<NoticeDraft, DetailsError> {
    // Tax codes of Revenue Agency resolutions 45/E 2014 and 5/E 2021.
    let mut transfers = vec![transfer(&service.main, terms, (1, "3944"))];
    let mut amounts = vec![town];
    if let (true, Some(to)) = (province.is_positive(), service.others.get(PROVINCE)) {
        transfers.push(transfer(to, terms, (2, "TEFA")));
        amounts.push(province);
    }
    let schedule = Schedule::flat("importo dovuto", amounts)?;
    let description = service.description(rest);
    Ok(NoticeDraft {
        description,
        due_on: Some(due),
        transfers,
        schedule,
    })
}

fn transfer(to: &Beneficiary, terms: &TariTerms, (id, tax): (u8, &str)) -> TransferDraft {
    let value = format!("{}|{}|{tax}", terms.cadastral_code, terms.year);
    TransferDraft {
        to: to.clone(),
        metadata: vec![(format!("TARI-TEFA-{id}"), value)],
    }
}

impl Plan {
    fn split(&self, amount: Cents) -> Result<Vec<Cents>, MoneyError> {
        if self.shares_bp.is_empty() {
            amount.split(u16::try_from(self.due_on.len()).unwrap_or(u16::MAX))
        } else {
            amount.split_by(&self.shares_bp)
        }
    }
}

impl TariTerms {
    fn first_day(&self) -> Day {
        Day::from_ymd_opt(self.year, 1, 1).unwrap_or(Day::MIN)
    }

    fn last_day(&self) -> Day {
        Day::from_ymd_opt(self.year, 12, 31).unwrap_or(Day::MAX)
    }
}

fn check_details(details: &TariDetails, terms: &TariTerms, findings: &mut Findings) {
    findings.range("/occupants", details.occupants, 1..=99);
    findings.range("/area_m2", details.area_m2, 1..=999_999);
    if let Some(area) = details.annex_area_m2 {
        findings.range("/annex_area_m2", area, 1..=999_999);
    }
    let year = terms.first_day()..=terms.last_day();
    let (from, to) = (details.occupied_from, details.occupied_to);
    for (pointer, day) in [("/occupied_from", from), ("/occupied_to", to)] {
        if day.is_some_and(|day| !year.contains(&day)) {
            findings.add(pointer, format!("deve essere un giorno del {}", terms.year));
        }
    }
    if matches!((from, to), (Some(from), Some(to)) if to < from) {
        findings.add("/occupied_to", "non può precedere occupied_from");
    }
    findings.count("/reductions", details.reductions.len(), 0..=10);
    let mut seen = BTreeSet::new();
    for (i, code) in details.reductions.iter().enumerate() {
        let known: Vec<&str> = terms.reductions.iter().map(|r| r.code.as_str()).collect();
        if !known.contains(&code.as_str()) {
            findings.add(format!("/reductions/{i}"), one_of(&known));
        } else if !seen.insert(code) {
            findings.add(format!("/reductions/{i}"), "riduzione indicata due volte");
        }
    }
    if let Some(plan) = &details.plan {
        let known: Vec<&str> = terms.plans.iter().map(|plan| plan.code.as_str()).collect();
        if !known.contains(&plan.as_str()) {
            findings.add("/plan", one_of(&known));
        }
    }
    if let Some(text) = &details.premises_address {
        findings.text::<140>("/premises_address", text);
    }
    if let Some(text) = &details.cadastral_reference {
        findings.text::<70>("/cadastral_reference", text);
    }
}

fn one_of(known: &[&str]) -> String {
    if known.is_empty() {
        return "il servizio non ne prevede".to_owned();
    }
    format!("valori previsti dal servizio: {}", known.join(", "))
}

/// Largest tariff that can be typed, a thousand euro in millionths.
const MICRO_MAX: i64 = 1_000_000_000;

fn check_terms(terms: &TariTerms, findings: &mut Findings) {
    findings.range("/year", i64::from(terms.year), 2014..=2099);
    let code = terms.cadastral_code.as_bytes();
    if !matches!(code, [letter, digits @ ..]
        if letter.is_ascii_uppercase() && digits.len() == 3 && digits.iter().all(u8::is_ascii_digit))
    {
        findings.add(
            "/cadastral_code",
            "deve essere una lettera maiuscola e tre cifre, come A515",
        );
    }
    // Art. 19 D.Lgs. 504/1992: from 1 to 5 %; a town without TEFA (Aosta) says 0.
    findings.range("/tefa_bp", i64::from(terms.tefa_bp), 0..=500);
    findings.count("/domestic", terms.domestic.len(), 1..=99);
    for (i, tariff) in terms.domestic.iter().enumerate() {
        if usize::try_from(tariff.occupants).ok() != Some(i.saturating_add(1)) {
            let rule = "le tariffe vanno in ordine di occupanti: 1, 2, 3 …";
            findings.add(format!("/domestic/{i}/occupants"), rule);
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
            findings.add(pointer, "le scadenze devono essere in ordine di data");
        }
        let total: u64 = plan.shares_bp.iter().map(|bp| u64::from(*bp)).sum();
        let fits = plan.shares_bp.len() == plan.due_on.len() && total == 10_000;
        if !plan.shares_bp.is_empty() && !fits {
            let rule = "una quota per rata, in centesimi di punto percentuale, con somma 10000";
            findings.add(format!("/plans/{i}/shares_bp"), rule);
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
        findings.add(pointer, "deve avere da 1 a 35 lettere minuscole, cifre o _");
    } else if !codes.insert(code) {
        findings.add(pointer, "codice già usato");
    }
}

#[cfg(test)]
mod tests;
