//! What the town charges for besides the TARI roll, the canteen and the fines: how many positions in a
//! year, in which months, and what an office types for each.

use avviso::domain::calendar::Day;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::chance::Chance;

/// How the details of a position are made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Price {
    /// Terms that an office can read, asked of a citizen.
    Citizen(fn(&mut Chance) -> Value),
    /// The same, asked of a firm.
    Firm(fn(&mut Chance) -> Value),
    /// Waste tax of the year before, assessed.
    Arrears,
    /// A month of meals.
    Meals,
    /// A parking ticket.
    Ticket,
}

/// One of the other services.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Other {
    pub(crate) code: &'static str,
    /// Positions of a whole year.
    pub(crate) count: u64,
    /// First and last month of issue.
    pub(crate) months: (u32, u32),
    pub(crate) price: Price,
}

const fn other(code: &'static str, count: u64, months: (u32, u32), price: Price) -> Other {
    Other {
        code,
        count,
        months,
        price,
    }
}

/// Every other service of the town. Those with sixty days to pay end in October, so that the year
/// closes with what it has asked.
pub(crate) const OTHERS: &[Other] = &[
    other("TARI-PREC", 120, (1, 9), Price::Arrears),
    other(
        "IMU-ACC",
        160,
        (2, 10),
        Price::Citizen(|c| cents(c, 12_000, 180_000)),
    ),
    other(
        "TRIB-SANZ",
        40,
        (2, 10),
        Price::Citizen(|c| cents(c, 3_000, 40_000)),
    ),
    other("CUP", 200, (1, 3), Price::Firm(public_ground)),
    other("SOGGIORNO", 60, (2, 11), Price::Firm(stays)),
    other("CDS-PREAVVISI", 200, (1, 11), Price::Ticket),
    other(
        "SANZ-REG",
        60,
        (1, 10),
        Price::Citizen(|c| cents(c, 5_000, 50_000)),
    ),
    other(
        "SANZ-AMB",
        30,
        (1, 10),
        Price::Citizen(|c| cents(c, 5_000, 60_000)),
    ),
    other(
        "INCIDENTI",
        60,
        (1, 11),
        Price::Citizen(|c| units(c, "photos", 0, 8)),
    ),
    other(
        "CUSTODIA",
        40,
        (1, 11),
        Price::Citizen(|c| units(c, "days", 1, 20)),
    ),
    other("SEGRETERIA", 180, (1, 11), Price::Citizen(secretarial)),
    other("ACCESSO-ATTI", 100, (1, 11), Price::Citizen(copies)),
    other("CONCORSI", 90, (4, 6), Price::Citizen(fixed)),
    other("CIE", 340, (1, 11), Price::Citizen(fixed)),
    other("CIE-DUPL", 40, (1, 11), Price::Citizen(fixed)),
    other("SEPARAZIONI", 25, (1, 11), Price::Citizen(fixed)),
    other(
        "MATRIMONI",
        35,
        (3, 10),
        Price::Citizen(|c| one_of(c, "when", &["weekday", "saturday", "holiday"])),
    ),
    other(
        "ANAGRAFE",
        120,
        (1, 11),
        Price::Citizen(|c| units(c, "stamped", 1, 4)),
    ),
    other("CI-CARTACEA", 30, (1, 11), Price::Citizen(fixed)),
    other(
        "SALE",
        70,
        (1, 11),
        Price::Citizen(|c| halves(c, "days", 1, 6)),
    ),
    other(
        "PASSI",
        240,
        (1, 2),
        Price::Citizen(|c| halves(c, "metres", 4, 12)),
    ),
    other("ONERI-URB", 60, (1, 10), Price::Citizen(building)),
    other(
        "CONDONO",
        25,
        (1, 10),
        Price::Citizen(|c| cents(c, 30_000, 400_000)),
    ),
    other("SUAP", 130, (1, 11), Price::Firm(filing)),
    other(
        "DEP-GARE",
        20,
        (1, 11),
        Price::Firm(|c| cents(c, 10_000, 500_000)),
    ),
    other("TESSERA-ECO", 40, (1, 11), Price::Citizen(fixed)),
    other(
        "INGOMBRANTI",
        140,
        (1, 11),
        Price::Citizen(|c| units(c, "pickups", 1, 3)),
    ),
    other(
        "SACCHI",
        110,
        (1, 11),
        Price::Citizen(|c| units(c, "rolls", 1, 6)),
    ),
    other(
        "RETTE",
        160,
        (1, 11),
        Price::Citizen(|c| by_isee(c, Some(("months", 2)))),
    ),
    other(
        "TRASPORTO",
        200,
        (8, 9),
        Price::Citizen(|c| by_isee(c, None)),
    ),
    other(
        "PRESCUOLA",
        120,
        (9, 10),
        Price::Citizen(|c| units(c, "months", 3, 9)),
    ),
    other(
        "DOPOSCUOLA",
        120,
        (9, 10),
        Price::Citizen(|c| units(c, "months", 3, 9)),
    ),
    other("NIDO", 220, (1, 11), Price::Citizen(|c| by_isee(c, None))),
    other("NIDO-MENSA", 130, (1, 11), Price::Meals),
    other(
        "CORSI",
        90,
        (9, 10),
        Price::Citizen(|c| units(c, "months", 3, 8)),
    ),
    other(
        "CENTRI-ESTIVI",
        160,
        (6, 7),
        Price::Citizen(|c| units(c, "weeks", 1, 6)),
    ),
    other(
        "IMPIANTI",
        200,
        (1, 11),
        Price::Citizen(|c| halves(c, "hours", 2, 20)),
    ),
    other(
        "TEATRO",
        150,
        (1, 5),
        Price::Citizen(|c| units(c, "full", 1, 4)),
    ),
    other(
        "SOCIALE",
        110,
        (1, 11),
        Price::Citizen(|c| cents(c, 4_000, 60_000)),
    ),
    other(
        "AFFITTI",
        90,
        (1, 11),
        Price::Citizen(|c| cents(c, 20_000, 120_000)),
    ),
    other("MERCATI", 130, (1, 11), Price::Firm(market)),
    other(
        "LEGALI",
        15,
        (1, 10),
        Price::Citizen(|c| cents(c, 50_000, 300_000)),
    ),
    other(
        "LAMPADE",
        240,
        (9, 10),
        Price::Citizen(|c| units(c, "lamps", 1, 4)),
    ),
    other(
        "ERP-CANONI",
        220,
        (1, 11),
        Price::Citizen(|c| cents(c, 2_000, 25_000)),
    ),
    other(
        "PARCHEGGI",
        160,
        (1, 11),
        Price::Citizen(|c| units(c, "months", 1, 12)),
    ),
    other(
        "POLIZIA-MORT",
        110,
        (1, 11),
        Price::Citizen(|c| {
            one_of(
                c,
                "operation",
                &["burial", "exhumation", "transport", "cremation"],
            )
        }),
    ),
    other(
        "VARIE",
        110,
        (1, 11),
        Price::Citizen(|c| cents(c, 1_000, 60_000)),
    ),
];

/// Details of a service that the office prices by its terms; nothing for the kinds with rules of their own.
pub(crate) fn generic_details(chance: &mut Chance, price: Price) -> Option<Value> {
    match price {
        Price::Citizen(details) | Price::Firm(details) => Some(json!({"generic": details(chance)})),
        Price::Arrears | Price::Meals | Price::Ticket => None,
    }
}

/// What the terms ask, answered.
fn given(answers: &[(&str, String)]) -> Value {
    let answer = |(name, value): &(&str, String)| json!({"input": name, "value": value});
    json!({"inputs": answers.iter().map(answer).collect::<Vec<_>>()})
}

fn fixed(_: &mut Chance) -> Value {
    json!({})
}

fn cents(chance: &mut Chance, from: i64, to: i64) -> Value {
    json!({"amount_cents": chance.between(from, to)})
}

fn units(chance: &mut Chance, name: &str, from: i64, to: i64) -> Value {
    given(&[(name, chance.between(from, to).to_string())])
}

/// So many halves of a unit: `1.5`.
fn halves(chance: &mut Chance, name: &str, from: i64, to: i64) -> Value {
    let tenths = chance.between(from, to).saturating_mul(5);
    let (whole, tenth) = (tenths.div_euclid(10), tenths.rem_euclid(10));
    given(&[(name, format!("{whole}.{tenth}"))])
}

fn one_of(chance: &mut Chance, name: &str, values: &[&str]) -> Value {
    given(&[(name, chance.pick(values).to_owned())])
}

fn public_ground(chance: &mut Chance) -> Value {
    let (area, days) = (chance.between(4, 120), chance.between(5, 90));
    let zone = chance.pick(&["first", "second", "third"]).to_owned();
    let mut answers = vec![("area", format!("{area}.5")), ("zone", zone)];
    if chance.percent(60) {
        let usage = chance.pick(&["shop", "tables", "advertising"]);
        answers.extend([("term", "annual".to_owned()), ("use", usage.to_owned())]);
    } else {
        answers.extend([
            ("term", "temporary".to_owned()),
            ("use", "works".to_owned()),
        ]);
        answers.push(("days", days.to_string()));
    }
    given(&answers)
}

fn stays(chance: &mut Chance) -> Value {
    let category = chance.pick(&["one_two", "three", "four"]).to_owned();
    let nights = chance.between(20, 500).to_string();
    given(&[("nights", nights), ("category", category)])
}

fn secretarial(chance: &mut Chance) -> Value {
    let act = chance.pick(&["cdu", "cadastre", "deed", "notification"]);
    let mut details = given(&[("act", act.to_owned())]);
    if act == "cdu" {
        // One on the request, one on the certificate.
        set(&mut details, "stamps", stamps(chance, 2));
    }
    details
}

fn copies(chance: &mut Chance) -> Value {
    let sides = chance.between(2, 60);
    let mut details = given(&[("a4", sides.to_string()), ("searches", "1".to_owned())]);
    // A certified copy bears a stamp for each sheet of four sides, and a notice carries four.
    if sides <= 16 {
        set(&mut details, "stamps", stamps(chance, 1));
    }
    details
}

fn building(chance: &mut Chance) -> Value {
    let zone = chance.pick(&["a", "b", "c"]).to_owned();
    let volume = format!("{}.25", chance.between(90, 900));
    given(&[("volume", volume), ("zone", zone)])
}

fn filing(chance: &mut Chance) -> Value {
    let filing = chance.pick(&["scia", "authorisation", "event", "sue"]);
    let mut details = given(&[("filing", filing.to_owned())]);
    if filing != "scia" {
        set(&mut details, "stamps", stamps(chance, 2));
    }
    details
}

fn market(chance: &mut Chance) -> Value {
    let weekly = chance.percent(80);
    let (market, days) = if weekly { ("weekly", 52) } else { ("fair", 3) };
    given(&[
        ("area", chance.between(12, 48).to_string()),
        ("hours", chance.between(5, 8).to_string()),
        ("days", days.to_string()),
        ("market", market.to_owned()),
    ])
}

/// A family of some means, and how many of a unit at most.
fn by_isee(chance: &mut Chance, unit: Option<(&str, i64)>) -> Value {
    let mut details = match unit {
        Some((name, most)) => units(chance, name, 1, most),
        None => json!({}),
    };
    if chance.percent(85) {
        set(
            &mut details,
            "isee_cents",
            json!(chance.between(300_000, 4_500_000)),
        );
    }
    details
}

/// Stamps for so many invented documents.
fn stamps(chance: &mut Chance, count: usize) -> Value {
    let mut stamp = || {
        let document = chance.below(u64::MAX).to_be_bytes();
        let hash = STANDARD.encode(Sha256::digest(document));
        json!({"document_sha256": hash, "province": "AQ"})
    };
    std::iter::repeat_with(&mut stamp).take(count).collect()
}

/// A household for the waste tax of `year`.
pub(crate) fn tari_details(chance: &mut Chance, plan: &str) -> Value {
    let occupants = [1, 1, 2, 2, 2, 3, 3, 4, 4, 5];
    let at = usize::try_from(chance.below(10)).unwrap_or(0);
    let occupants = occupants.get(at).copied().unwrap_or(2);
    let mut reductions = Vec::new();
    if occupants == 1 {
        reductions.push("single");
    }
    if chance.percent(12) {
        reductions.push("composting");
    }
    let mut details = json!({
        "occupants": occupants,
        "area_m2": chance.between(48, 190),
        "premises_address": super::people::street(chance),
    });
    if chance.percent(40) {
        set(&mut details, "annex_area_m2", json!(chance.between(8, 40)));
    }
    if !reductions.is_empty() {
        set(&mut details, "reductions", json!(reductions));
    }
    set(&mut details, "plan", json!(plan));
    json!({"tari": details})
}

/// Waste tax of the year before that nobody paid: tax, TEFA, components and costs of the act, which is
/// handed over on the day it is issued.
pub(crate) fn arrears_details(chance: &mut Chance, day: Day) -> Value {
    let twentieths = chance.between(450, 2_100);
    json!({"arrears": {
        "act": "assessment",
        "year": 2025,
        "costs_cents": 970,
        "notified_on": day,
        "debts": [{
            "due_on": "2025-12-02",
            "tax_cents": twentieths * 20,
            "province_cents": twentieths,
            "exempt_cents": 760,
        }],
    }})
}

/// The meals of a family in a month. `month` is counted from the family's seed, so that the ISEE and the
/// children are the same all year.
pub(crate) fn meals_details(seed: u64, parent: u64, (year, month): (i64, i64)) -> Value {
    let mut family = Chance::of(seed, &["family", &parent.to_string()]);
    let children = [1, 1, 1, 1, 2, 2, 2, 3];
    let at = usize::try_from(family.below(8)).unwrap_or(0);
    let children = children.get(at).copied().unwrap_or(1);
    let isee = family.between(610_000, 2_900_000);
    let (resident, stated) = (family.percent(96), family.percent(85));
    let words = [
        "meals",
        &parent.to_string(),
        &year.to_string(),
        &month.to_string(),
    ];
    let mut chance = Chance::of(seed, &words);
    let pupils: Vec<Value> = (1..=children)
        .map(|place| {
            json!({
                "pupil_tax_code": super::people::child(seed, parent, place).tax_code,
                "sibling_order": place,
                "meals": chance.between(9, 21),
            })
        })
        .collect();
    let month = json!({"year": year, "month": month, "pupils": pupils});
    let mut details = json!({"resident": resident, "months": [month]});
    if stated {
        set(&mut details, "isee", json!([{"isee_cents": isee}]));
    }
    json!({"canteen": details})
}

fn set(details: &mut Value, name: &str, value: Value) {
    if let Some(fields) = details.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}
