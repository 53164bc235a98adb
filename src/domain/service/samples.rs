//! A service and details of each kind, for the tests of every layer. Town and persons are invented.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Beneficiary, Destination, Service};
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::iban::Iban;
use crate::domain::taxonomy::TaxonomyCode;

pub(crate) fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub(crate) fn beneficiary(name: &str, tax_code: &str, iban: &str, taxonomy: &str) -> Beneficiary {
    Beneficiary {
        tax_code: FiscalCode::parse(tax_code).unwrap(),
        legal_name: name.to_owned(),
        account: Destination::Iban(Iban::parse(iban).unwrap()),
        taxonomy: TaxonomyCode::parse(taxonomy).unwrap(),
    }
}

/// A service of this kind with the sample terms, issued on 1 April 2026.
pub(crate) fn service(kind: &str) -> Service {
    let (code, title, taxonomy) = match kind {
        "tari" => ("TARI-2026", "TARI 2026", "9/0101101IM/"),
        "canteen" => ("MENSA", "Mensa scolastica", "9/0107101TS/"),
        "canteen_credit" => ("MENSA-CREDITO", "Mensa prepagata", "9/0107101TS/"),
        "fine" => ("CDS", "Violazione CdS", "9/0102100SA/"),
        "generic" => ("LAMPADE", "Lampade votive", "9/0114100TS/"),
        "arrears" => ("TARI-PREC", "TARI - anni precedenti", "9/0101109IM/"),
        other => panic!("no sample service of kind {other}"),
    };
    let town_iban = "IT92E9999940440000000000201";
    let province_iban = "IT82C9999903600000000000401";
    let province = beneficiary("Provincia B", "90002000660", province_iban, "9/0201102IM/");
    let others = match kind {
        "tari" | "arrears" => BTreeMap::from([("province".to_owned(), province.into())]),
        _ => BTreeMap::new(),
    };
    Service {
        code: code.to_owned(),
        title: title.to_owned(),
        terms: terms(kind).into(),
        issued_on: day("2026-04-01"),
        main: beneficiary("Comune B", "99999000203", town_iban, taxonomy).into(),
        others,
    }
}

/// Sample terms of a kind. The tariffs of TARI are T0 of `charges.md` §2.9.
pub(crate) fn terms(kind: &str) -> Value {
    match kind {
        "tari" => tari_terms(),
        "canteen" => canteen_terms(),
        "canteen_credit" => json!({
            "tariff": canteen_terms()["tariff"],
            "top_up_min_cents": 500,
            "top_up_max_cents": 30_000,
            "credit_floor_cents": -1_000,
            "reminder_below_cents": 1_000,
            "due_days": 30,
        }),
        "fine" => fine_terms(),
        "arrears" => arrears_terms(),
        "generic" => json!({
            "inputs": [
                {"name": "lamps", "label": "lampade", "asks": {"quantity": {"maximum": 100_000}}},
            ],
            "rows": [
                {"code": "lamps", "label": "Lampade votive", "price": {"cents": 1400}, "times": [{"quantity": "lamps"}]},
                {"code": "vat", "label": "IVA 22 %", "price": {"share": {"bp": 2200}}},
            ],
            "stamps": stamp_terms(),
            "plans": [{"code": "two", "due_days": [30, 180]}],
            "due_days": 30,
        }),
        other => panic!("no sample terms of kind {other}"),
    }
}

/// Stamps as the Revenue Agency sells them.
pub(crate) fn stamp_terms() -> Value {
    json!({
        "cents": 1600,
        "agency_tax_code": "06363391001",
        "agency_legal_name": "Agenzia delle entrate",
        "taxonomy": "9/0115103TS/",
    })
}

fn tari_terms() -> Value {
    json!({
        "year": 2026,
        "cadastral_code": "A515",
        "resolution": "delibera C.C. n. 21 del 28/04/2026",
        "tefa_bp": 500,
        "domestic": [
            {"occupants": 1, "fixed_micro_m2": 657_500, "variable_micro": 51_140_000, "included_bags": 5},
            {"occupants": 2, "fixed_micro_m2": 718_700, "variable_micro": 102_280_000, "included_bags": 9},
            {"occupants": 3, "fixed_micro_m2": 779_800, "variable_micro": 131_050_000, "included_bags": 13},
            {"occupants": 4, "fixed_micro_m2": 841_000, "variable_micro": 166_210_000, "included_bags": 16},
            {"occupants": 5, "fixed_micro_m2": 894_500, "variable_micro": 207_760_000, "included_bags": 16},
            {"occupants": 6, "fixed_micro_m2": 940_400, "variable_micro": 239_730_000, "included_bags": 18},
        ],
        "reductions": [
            {"code": "composting", "label": "Compostaggio domestico", "base": "variable", "bp": 1000},
            {"code": "single", "label": "Unico occupante", "base": "variable", "bp": 3000},
            {"code": "aire", "label": "Pensionato residente all'estero", "base": "both", "fraction": [2, 3]},
            {"code": "recycling", "label": "Avvio al riciclo", "base": "variable", "bp": 1500},
            {"code": "outskirts", "label": "Zona servita in parte", "base": "both", "bp": 1000},
        ],
        "non_domestic": [
            {
                "code": "24", "label": "bar, caffè, pasticceria",
                "fixed_micro_m2": 3_145_800, "variable_micro_m2": 6_221_000,
            },
            {
                "code": "11", "label": "uffici, agenzie",
                "fixed_micro_m2": 1_023_400, "variable_micro_m2": 2_011_700,
            },
        ],
        "punctual": {"label": "sacchi", "extra_micro": 3_600_000},
        "daily_surcharge_bp": 5000,
        "social_bonus": [{
            "valid_from": "2025-01-01", "bp": 2500,
            "isee_cents": 953_000, "large_family": [4, 2_000_000],
        }],
        "ur1_cents": 10,
        "ur2_cents": 150,
        "ur3_cents": 600,
        "min_amount_cents": 1,
        "single_due_on": "2026-06-16",
        "plans": [
            {"code": "three", "due_on": ["2026-05-16", "2026-07-16", "2026-12-02"]},
            {
                "code": "balance",
                "due_on": ["2026-05-16", "2026-10-31", "2026-12-02"],
                "shares_bp": [3500, 3500, 3000],
            },
        ],
    })
}

/// The prices of Avezzano 2018/19 (`charges.md` §3.2).
fn canteen_terms() -> Value {
    json!({
        "tariff": {
            "price": {"brackets": {
                "steps": [
                    {"up_to_cents": 600_000, "price_cents": 0},
                    {"up_to_cents": 1_254_400, "price_cents": 214},
                    {"up_to_cents": 1_500_000, "price_cents": 273},
                    {"up_to_cents": 2_100_000, "price_cents": 308},
                ],
                "full_cents": 348,
            }},
            "siblings": [
                {"from_order": 2, "pays": {"price_cents": 273}},
                {"from_order": 3, "pays": {"price_cents": 110}},
            ],
            "reductions": [{"code": "home", "label": "Frequenza pomeridiana ridotta", "bp": 3000}],
        },
        "interest": {"legal_rates": [
            {"valid_from": "2025-01-01", "rate_ppm": 20_000},
            {"valid_from": "2026-01-01", "rate_ppm": 16_000},
        ]},
        "reminder_cents": 520,
        "due_days": 30,
    })
}

fn fine_terms() -> Value {
    let article = |code: &str, label: &str, minimum: i64, maximum: i64| {
        json!({
            "code": code,
            "label": label,
            "valid_from": "2021-01-01",
            "minimum_cents": minimum,
            "maximum_cents": maximum,
            "discount_excluded": matches!(code, "142-9" | "142-9bis"),
            "night_increase": code.starts_with("142") || code.starts_with("146"),
        })
    };
    json!({
        "discount_bp": 3000,
        "discount_days": 5,
        "reduced_days": 60,
        "articles": [
            article("7-14", "art. 7 c. 14 CdS", 8300, 33200),
            article("7-15", "art. 7 c. 15 CdS", 4200, 17300),
            article("142-7", "art. 142 c. 7 CdS", 4200, 17300),
            article("142-8", "art. 142 c. 8 CdS", 17300, 69400),
            article("142-9", "art. 142 c. 9 CdS", 54300, 217_000),
            article("142-9bis", "art. 142 c. 9-bis CdS", 84500, 338_200),
            article("146-3", "art. 146 c. 3 CdS", 16700, 66500),
            article("158-5", "art. 158 c. 5 CdS", 8700, 34400),
            article("193-2", "art. 193 c. 2 CdS", 86600, 346_400),
        ],
        "instalments": {
            "above_cents": 20_000,
            "least_cents": 10_000,
            "income_cents": 1_062_816,
            "income_per_relative_cents": 103_291,
            "request_days": 30,
            "rate_bp": 450,
            "bands": [
                {"up_to_cents": 200_000, "most": 12},
                {"up_to_cents": 500_000, "most": 24},
                {"most": 60},
            ],
        },
    })
}

/// Sample details of a kind, with every optional field.
pub(crate) fn details(kind: &str) -> Value {
    match kind {
        "tari" => tari_details(),
        "canteen" => json!({
            "resident": true,
            "isee": [{"isee_cents": 1_800_000, "valid_from": "2026-01-15", "valid_to": "2026-12-31"}],
            "months": [{"year": 2026, "month": 3, "pupils": [
                {
                    "pupil_tax_code": "TRDVLI16C61A241T",
                    "sibling_order": 1,
                    "meals": 16,
                    "half_month": true,
                    "reductions": ["home"],
                    "pupil_name": "Viola Tarducci",
                    "school": "Primaria Don Milani",
                },
                {
                    "pupil_tax_code": "LNCNCL18S08A515N",
                    "sibling_order": 2,
                    "bookings": [
                        {"date": "2026-03-02", "cancelled_at": "2026-03-02T07:40:00Z"},
                        {"date": "2026-03-03"},
                    ],
                },
            ], "closures": [{"date": "2026-03-06", "reason": "sciopero"}]}],
            "arrears": [{
                "pupil_tax_code": "TRDVLI16C61A241T",
                "description": "novembre 2025",
                "amount_cents": 18480,
                "due_on": "2025-12-31",
            }],
            "interest_to": "2026-03-31",
            "last_bill": true,
        }),
        "canteen_credit" => json!({
            "account_id": "01970000-0000-7000-8000-000000000001",
            "pupil_tax_code": "TRDVLI16C61A241T",
            "amount_cents": 3000,
        }),
        "fine" => json!({
            "report_number": "V/2026/1234",
            "plate": "AB123CD",
            "violations": [
                {"article": "142-8", "committed_on": "2026-03-10", "at_night": false},
            ],
            "costs_cents": 1630,
            "notification": {"channel": "mail", "on": "2026-04-29"},
        }),
        "arrears" => arrears_details(),
        "generic" => json!({
            "inputs": [{"input": "lamps", "value": "3"}],
            "description": "loculo 12, anno 2026",
            "due_on": "2026-05-31",
        }),
        other => panic!("no sample details of kind {other}"),
    }
}

/// The penalties of D.Lgs. 87/2024, and those of L. 147/2013 for declarations.
fn regime_of_2024() -> Value {
    json!({
        "valid_from": "2024-09-01",
        "correction": [
            {"up_to_days": 14, "fraction": [1, 1200], "per_day": true},
            {"up_to_days": 30, "fraction": [1, 80]},
            {"up_to_days": 90, "fraction": [125, 9000]},
            {"up_to_years": 1, "fraction": [1, 32]},
            {"fraction": [1, 28]},
        ],
        "assessment": [
            {"up_to_days": 15, "fraction": [1, 120], "per_day": true},
            {"up_to_days": 90, "fraction": [125, 1000]},
            {"fraction": [25, 100]},
        ],
        "omitted": {"from_bp": 10_000, "to_bp": 20_000, "least_cents": 5_000},
        "unfaithful": {"from_bp": 5_000, "to_bp": 10_000, "least_cents": 5_000},
        "acceptance": [1, 3],
        "agreement": [1, 3],
        "stages": [
            {"code": "draft_act", "label": "dopo lo schema d'atto", "fraction": [1, 24]},
            {"code": "report", "label": "dopo il verbale", "fraction": [1, 20]},
            {
                "code": "draft_act_on_report", "label": "dopo lo schema d'atto sul verbale",
                "fraction": [1, 16],
            },
        ],
    })
}

/// Sample terms of arrears: the two penalty tables and the legal rates of `charges.md` §2.7.
fn arrears_terms() -> Value {
    let rate = |(year, rate_ppm): (i32, i64)| json!({"valid_from": format!("{year}-01-01"), "rate_ppm": rate_ppm});
    let rates = [
        (2020, 500),
        (2021, 100),
        (2022, 12_500),
        (2023, 50_000),
        (2024, 25_000),
        (2025, 20_000),
        (2026, 16_000),
    ];
    json!({
        "cadastral_code": "A515",
        "interest": {"legal_rates": rates.map(rate)},
        "regimes": [
            {
                "valid_from": "2016-01-01",
                "correction": [
                    {"up_to_days": 14, "fraction": [1, 1000], "per_day": true},
                    {"up_to_days": 30, "fraction": [15, 1000]},
                    {"up_to_days": 90, "fraction": [15, 900]},
                    {"up_to_years": 1, "fraction": [375, 10_000]},
                    {"up_to_years": 2, "fraction": [3, 70]},
                    {"fraction": [5, 100]},
                ],
                "assessment": [
                    {"up_to_days": 15, "fraction": [1, 100], "per_day": true},
                    {"up_to_days": 90, "fraction": [15, 100]},
                    {"fraction": [30, 100]},
                ],
            },
            regime_of_2024(),
        ],
        "charges": [
            {"bp": 300, "cap_cents": 30_000, "days": 60},
            {"bp": 600, "cap_cents": 60_000},
        ],
        "reminder_days": 30,
        "assessment_days": 60,
        "instalments": {
            "rate_bp": 160,
            "bands": [
                {"up_to_cents": 10_000, "least": 0, "most": 0},
                {"up_to_cents": 50_000, "least": 2, "most": 4},
                {"up_to_cents": 300_000, "least": 5, "most": 12},
                {"up_to_cents": 600_000, "least": 13, "most": 24},
                {"up_to_cents": 2_000_000, "least": 25, "most": 36},
                {"least": 37, "most": 72},
            ],
        },
    })
}

/// A dwelling in which everything happens.
fn tari_details() -> Value {
    json!({
        "occupants": 3,
        "area_m2": 100,
        "annex_area_m2": 20,
        "occupied_from": "2026-01-01",
        "occupied_to": "2026-12-31",
        "changes": [
            {"from": "2026-09-16", "occupants": 4, "area_m2": 110, "annex_area_m2": 0},
        ],
        "bags": 19,
        "reductions": ["composting"],
        "reduction_periods": [{"reduction": "outskirts", "from": "2026-03-01", "to": "2026-10-31"}],
        "social_bonus_base_cents": 19876,
        "social_bonus_isee_cents": 1_500_000,
        "social_bonus_children": 4,
        "advance_charged": {"tari_cents": 7017, "tefa_cents": 351},
        "plan": "three",
        "previous_unpaid_cents": 0,
        "user_code": "U-000123",
        "premises_code": "UT-000456",
        "premises_address": "Via Garibaldi 12",
        "cadastral_reference": "foglio 12, particella 345, sub. 6",
    })
}

/// An assessment of the year before.
fn arrears_details() -> Value {
    json!({
        "act": "assessment",
        "year": 2025,
        "debts": [
            {
                "due_on": "2025-06-16", "tax_cents": 20903, "province_cents": 1045,
                "exempt_cents": 760, "declaration": {"fault": "unfaithful", "penalty_bp": 6_000},
            },
        ],
        "on": "2026-03-16",
        "notified_on": "2026-04-29",
        "instalments": {"count": 4, "starts_on": "2026-05-01"},
        "costs_cents": 970,
        "act_number": "A/2026/17",
    })
}
