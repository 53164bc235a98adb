//! A service and details of each kind, for the tests of every layer. Town and persons are invented.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Beneficiary, Service};
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
        iban: Iban::parse(iban).unwrap(),
        taxonomy: TaxonomyCode::parse(taxonomy).unwrap(),
    }
}

/// A service of this kind with the sample terms, issued on 1 April 2026.
pub(crate) fn service(kind: &str) -> Service {
    let (code, title, taxonomy) = match kind {
        "tari" => ("TARI-2026", "TARI 2026", "9/0101101IM/"),
        "canteen" => ("MENSA", "Mensa scolastica", "9/0107101TS/"),
        "fine" => ("CDS", "Violazione CdS", "9/0102100SA/"),
        "generic" => ("LAMPADE", "Lampade votive", "9/0114100TS/"),
        other => panic!("no sample service of kind {other}"),
    };
    let town_iban = "IT92E9999940440000000000201";
    let province_iban = "IT82C9999903600000000000401";
    let province = beneficiary("Provincia B", "90002000660", province_iban, "9/0201102IM/");
    let others = match kind {
        "tari" => BTreeMap::from([("province".to_owned(), province.into())]),
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
        "canteen" => json!({
            "brackets": [
                {"up_to_cents": 600_000, "price_cents": 0},
                {"up_to_cents": 1_254_400, "price_cents": 214},
                {"up_to_cents": 1_500_000, "price_cents": 273},
                {"up_to_cents": 2_100_000, "price_cents": 308},
            ],
            "full_price_cents": 348,
            "second_child_cents": 273,
            "third_child_cents": 110,
            "due_days": 30,
        }),
        "fine" => fine_terms(),
        "generic" => json!({
            "price": {"tariff": {"unit_cents": 1708, "unit_label": "lampada"}},
            "due_days": 30,
        }),
        other => panic!("no sample terms of kind {other}"),
    }
}

fn tari_terms() -> Value {
    json!({
        "year": 2026,
        "cadastral_code": "A515",
        "tefa_bp": 500,
        "domestic": [
            {"occupants": 1, "fixed_micro_m2": 657_500, "variable_micro": 51_140_000},
            {"occupants": 2, "fixed_micro_m2": 718_700, "variable_micro": 102_280_000},
            {"occupants": 3, "fixed_micro_m2": 779_800, "variable_micro": 131_050_000},
            {"occupants": 4, "fixed_micro_m2": 841_000, "variable_micro": 166_210_000},
            {"occupants": 5, "fixed_micro_m2": 894_500, "variable_micro": 207_760_000},
            {"occupants": 6, "fixed_micro_m2": 940_400, "variable_micro": 239_730_000},
        ],
        "reductions": [
            {"code": "composting", "label": "Compostaggio domestico", "base": "variable", "bp": 1000},
            {"code": "single", "label": "Unico occupante", "base": "variable", "bp": 3000},
            {"code": "aire", "label": "Pensionato residente all'estero", "base": "both", "bp": 6667},
        ],
        "ur1_cents": 10,
        "ur2_cents": 150,
        "ur3_cents": 600,
        "ur_whole_year": false,
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
    })
}

/// Sample details of a kind, with every optional field.
pub(crate) fn details(kind: &str) -> Value {
    match kind {
        "tari" => json!({
            "occupants": 3,
            "area_m2": 100,
            "annex_area_m2": 20,
            "occupied_from": "2026-01-01",
            "occupied_to": "2026-12-31",
            "reductions": ["composting"],
            "plan": "three",
            "premises_address": "Via Garibaldi 12",
            "cadastral_reference": "foglio 12, particella 345, sub. 6",
        }),
        "canteen" => json!({
            "year": 2026,
            "month": 3,
            "resident": true,
            "isee_cents": 1_800_000,
            "pupils": [
                {"pupil_tax_code": "LNCNCL18S08A515N", "sibling_order": 1, "meals": 16},
                {"pupil_tax_code": "TRDVLI16C61A241T", "sibling_order": 2, "meals": 15},
            ],
        }),
        "fine" => json!({
            "report_number": "V/2026/1234",
            "plate": "AB123CD",
            "violations": [
                {"article": "142-8", "committed_on": "2026-03-10", "at_night": false},
            ],
            "costs_cents": 1630,
            "notified_on": "2026-04-29",
        }),
        "generic" => json!({
            "quantity": 3,
            "description": "loculo 12, anno 2026",
            "due_on": "2026-05-31",
        }),
        other => panic!("no sample details of kind {other}"),
    }
}
