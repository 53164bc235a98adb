//! Prices a roll of a million households on one core and prints the rate: `make bench`.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use avviso::domain::fiscal_code::FiscalCode;
use avviso::domain::iban::Iban;
use avviso::domain::service::{self, Beneficiary, Destination, Service};
use avviso::domain::taxonomy::TaxonomyCode;
use serde_json::{Value, json};

const POSITIONS: u32 = 1_000_000;
/// Distinct households; the roll goes round them.
const HOUSEHOLDS: u32 = 10_000;

fn main() -> anyhow::Result<()> {
    let service = town()?;
    let kind = service::kind("tari").ok_or_else(|| anyhow::anyhow!("no kind tari"))?;
    let roll: Vec<Value> = (0..HOUSEHOLDS).map(household).collect();
    let (mut total, mut notices) = (0i64, 0usize);
    let before = on_processor().unwrap_or(0);
    let start = Instant::now();
    for details in roll.iter().cycle().take(usize::try_from(POSITIONS)?) {
        let priced = kind.assess(black_box(details), &service);
        let priced = priced.map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
        for row in &priced.rows {
            total = total.saturating_add(row.amount.get());
        }
        for option in &black_box(&priced).options {
            notices = notices.saturating_add(option.notices.len());
        }
    }
    let elapsed = start.elapsed().as_nanos();
    // A machine that others use gives a process a part of a core only.
    let busy = on_processor().map_or(elapsed, |now| now.saturating_sub(before));
    let mut out = std::io::stdout();
    writeln!(
        out,
        "{POSITIONS} positions, {notices} notices, {total} cents"
    )?;
    writeln!(out, "{} positions/s by the clock", rate(elapsed))?;
    writeln!(out, "{} positions/s and core", rate(busy))?;
    Ok(())
}

fn rate(nanoseconds: u128) -> u128 {
    let scaled = u128::from(POSITIONS).saturating_mul(1_000_000_000);
    scaled.checked_div(nanoseconds).unwrap_or(0)
}

/// Nanoseconds this process has spent on a processor, where the system tells (Linux).
fn on_processor() -> Option<u128> {
    let stat = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    stat.split_whitespace().next()?.parse().ok()
}

fn household(n: u32) -> Value {
    let mut details = json!({
        "occupants": n % 7 + 1,
        "area_m2": 40 + n % 140,
        "premises_address": format!("Via Garibaldi {n}"),
    });
    let mut set = |holds: bool, name: &str, value: Value| {
        if let Some(fields) = details.as_object_mut().filter(|_| holds) {
            fields.insert(name.to_owned(), value);
        }
    };
    set(n % 5 < 2, "annex_area_m2", json!(8 + n % 30));
    set(n.is_multiple_of(8), "reductions", json!(["composting"]));
    set(n.is_multiple_of(10), "occupied_from", json!("2026-05-10"));
    details
}

fn body(
    name: &str,
    tax_code: &str,
    iban: &str,
    taxonomy: &str,
) -> anyhow::Result<Arc<Beneficiary>> {
    Ok(Arc::new(Beneficiary {
        tax_code: FiscalCode::parse(tax_code)?,
        legal_name: name.to_owned(),
        account: Destination::Iban(Iban::parse(iban)?),
        taxonomy: TaxonomyCode::parse(taxonomy)?,
    }))
}

/// A town that is paid at once or in three instalments.
fn town() -> anyhow::Result<Service> {
    let (iban, province_iban) = ("IT92E9999940440000000000201", "IT82C9999903600000000000401");
    let province = body("Provincia", "90002000660", province_iban, "9/0201102IM/")?;
    let tariff = |(occupants, fixed, variable): (u32, i64, i64)| json!({"occupants": occupants, "fixed_micro_m2": fixed, "variable_micro": variable});
    let tariffs = [
        (1, 657_500, 51_140_000),
        (2, 718_700, 102_280_000),
        (3, 779_800, 131_050_000),
        (4, 841_000, 166_210_000),
        (5, 894_500, 207_760_000),
        (6, 940_400, 239_730_000),
    ];
    let terms = json!({
        "year": 2026,
        "cadastral_code": "A515",
        "tefa_bp": 500,
        "domestic": tariffs.map(tariff),
        "reductions": [{
            "code": "composting", "label": "Compostaggio domestico", "base": "variable", "bp": 1000,
        }],
        "ur1_cents": 10,
        "ur2_cents": 150,
        "ur3_cents": 600,
        "single_due_on": "2026-06-16",
        "plans": [{"code": "three", "due_on": ["2026-05-16", "2026-07-16", "2026-12-02"]}],
    });
    Ok(Service {
        code: "TARI".to_owned(),
        title: "TARI 2026".to_owned(),
        terms: terms.into(),
        issued_on: "2026-04-01".parse()?,
        main: body("Comune", "99999000203", iban, "9/0101101IM/")?,
        others: BTreeMap::from([("province".to_owned(), province)]),
    })
}
