//! What the town charges for besides the TARI roll, the canteen and the fines: how many positions in a
//! year, in which months, and what an office types for each.

use serde_json::{Value, json};

use super::chance::Chance;

/// How the details of a position are made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Price {
    /// The service says it.
    Fixed,
    /// So many units.
    Units(i64, i64),
    /// So many cents, asked of a citizen.
    Cents(i64, i64),
    /// So many cents, asked of a firm.
    FirmCents(i64, i64),
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
    other("IMU-ACC", 160, (2, 10), Price::Cents(12_000, 180_000)),
    other("TRIB-SANZ", 40, (2, 10), Price::Cents(3_000, 40_000)),
    other("CUP", 200, (1, 3), Price::FirmCents(4_000, 90_000)),
    other("SOGGIORNO", 60, (2, 11), Price::FirmCents(2_000, 80_000)),
    other("CDS-PREAVVISI", 200, (1, 11), Price::Ticket),
    other("SANZ-REG", 60, (1, 10), Price::Cents(5_000, 50_000)),
    other("SANZ-AMB", 30, (1, 10), Price::Cents(5_000, 60_000)),
    other("INCIDENTI", 60, (1, 11), Price::Fixed),
    other("CUSTODIA", 40, (1, 11), Price::Units(1, 20)),
    other("SEGRETERIA", 180, (1, 11), Price::Cents(52, 6_000)),
    other("ACCESSO-ATTI", 100, (1, 11), Price::Cents(200, 3_000)),
    other("CONCORSI", 90, (4, 6), Price::Fixed),
    other("CIE", 340, (1, 11), Price::Fixed),
    other("CIE-DUPL", 40, (1, 11), Price::Fixed),
    other("SEPARAZIONI", 25, (1, 11), Price::Fixed),
    other("MATRIMONI", 35, (3, 10), Price::Cents(10_000, 40_000)),
    other("ANAGRAFE", 120, (1, 11), Price::Units(1, 4)),
    other("CI-CARTACEA", 30, (1, 11), Price::Fixed),
    other("SALE", 70, (1, 11), Price::Units(1, 3)),
    other("PASSI", 240, (1, 2), Price::Units(2, 6)),
    other("ONERI-URB", 60, (1, 10), Price::Cents(50_000, 900_000)),
    other("CONDONO", 25, (1, 10), Price::Cents(30_000, 400_000)),
    other("SUAP", 130, (1, 11), Price::FirmCents(3_000, 30_000)),
    other("DEP-GARE", 20, (1, 11), Price::FirmCents(10_000, 500_000)),
    other("TESSERA-ECO", 40, (1, 11), Price::Fixed),
    other("INGOMBRANTI", 140, (1, 11), Price::Units(1, 3)),
    other("SACCHI", 110, (1, 11), Price::Units(1, 6)),
    other("RETTE", 160, (1, 11), Price::Cents(3_000, 12_000)),
    other("TRASPORTO", 200, (8, 9), Price::Cents(9_000, 25_000)),
    other("PRESCUOLA", 120, (9, 10), Price::Units(3, 9)),
    other("DOPOSCUOLA", 120, (9, 10), Price::Units(3, 9)),
    other("NIDO", 220, (1, 11), Price::Cents(12_000, 45_000)),
    other("NIDO-MENSA", 130, (1, 11), Price::Meals),
    other("CORSI", 90, (9, 10), Price::Units(3, 8)),
    other("CENTRI-ESTIVI", 160, (6, 7), Price::Units(1, 6)),
    other("IMPIANTI", 200, (1, 11), Price::Units(1, 10)),
    other("TEATRO", 150, (1, 5), Price::Units(1, 4)),
    other("SOCIALE", 110, (1, 11), Price::Cents(4_000, 60_000)),
    other("AFFITTI", 90, (1, 11), Price::Cents(20_000, 120_000)),
    other("MERCATI", 130, (1, 11), Price::Units(20, 300)),
    other("LEGALI", 15, (1, 10), Price::Cents(50_000, 300_000)),
    other("LAMPADE", 240, (9, 10), Price::Units(1, 4)),
    other("ERP-CANONI", 220, (1, 11), Price::Cents(2_000, 25_000)),
    other("PARCHEGGI", 160, (1, 11), Price::Units(1, 12)),
    other("POLIZIA-MORT", 110, (1, 11), Price::Cents(5_000, 60_000)),
    other("VARIE", 110, (1, 11), Price::Cents(1_000, 60_000)),
];

/// Details of a service without rules of its own; nothing for the kinds that have some.
pub(crate) fn generic_details(chance: &mut Chance, price: Price) -> Option<Value> {
    let details = match price {
        Price::Fixed => json!({}),
        Price::Units(from, to) => json!({"quantity": chance.between(from, to)}),
        Price::Cents(from, to) | Price::FirmCents(from, to) => {
            json!({"amount_cents": chance.between(from, to)})
        }
        Price::Arrears | Price::Meals | Price::Ticket => return None,
    };
    Some(json!({"generic": details}))
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

/// Waste tax of the year before that nobody paid: tax, TEFA, components and costs of the act.
pub(crate) fn arrears_details(chance: &mut Chance) -> Value {
    let twentieths = chance.between(450, 2_100);
    json!({"arrears": {
        "act": "assessment",
        "year": 2025,
        "costs_cents": 970,
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
