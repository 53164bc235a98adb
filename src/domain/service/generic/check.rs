//! The rules that the terms of a generic service must keep.

use super::inputs;
use super::terms::{
    Asks, Condition, Factor, GenericTerms, Input, Plan, Price, PriceRow, StampTerms, Surcharge,
};
use crate::domain::findings::{Findings, none_of};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::taxonomy::TaxonomyCode;

/// Most euro of a tariff in millionths: a million euro.
const MICRO_MAX: i64 = 1_000_000_000_000;
/// Largest coefficient or share: a hundred times.
const BP_MAX: i64 = 1_000_000;
/// Longest term, days: ten years.
const DAYS_MAX: i64 = 3650;

/// Every rule that the terms break.
pub(super) fn check(terms: &GenericTerms, findings: &mut Findings) {
    findings.count("/inputs", terms.inputs.len(), 0..=10);
    let mut seen = Vec::new();
    for (i, input) in terms.inputs.iter().enumerate() {
        let at = format!("/inputs/{i}");
        check_input(&at, input, findings);
        unique(format!("{at}/name"), &input.name, &mut seen, findings);
    }
    findings.count("/rows", terms.rows.len(), 1..=30);
    let mut seen = Vec::new();
    let mut typed = 0_usize;
    for (i, row) in terms.rows.iter().enumerate() {
        let at = format!("/rows/{i}");
        check_row(&at, row, (terms, &seen), findings);
        unique(format!("{at}/code"), &row.code, &mut seen, findings);
        typed = typed.saturating_add(usize::from(matches!(row.price, Price::Typed { .. })));
    }
    if typed > 1 {
        findings.add(
            "/rows",
            "una sola riga può avere l'importo deciso dall'ufficio",
            "only one row may have an amount typed by the office",
        );
    }
    if let Some(stamps) = &terms.stamps {
        check_stamps(stamps, terms, findings);
    }
    findings.count("/plans", terms.plans.len(), 0..=10);
    let mut seen = Vec::new();
    for (i, plan) in terms.plans.iter().enumerate() {
        let at = format!("/plans/{i}");
        check_plan(&at, plan, findings);
        unique(format!("{at}/code"), &plan.code, &mut seen, findings);
    }
    check_late(&terms.late, findings);
    findings.range("/due_days", i64::from(terms.due_days), 0..=365);
    let most = Cents::NOTICE_MAX.get();
    let limits = [
        ("/minimum_cents", terms.minimum_cents),
        ("/maximum_cents", terms.maximum_cents),
        ("/minimum_instalment_cents", terms.minimum_instalment_cents),
    ];
    for (pointer, limit) in limits {
        if let Some(cents) = limit {
            findings.range(pointer, cents, 1..=most);
        }
    }
    if let (Some(least), Some(most)) = (terms.minimum_cents, terms.maximum_cents)
        && most < least
    {
        findings.add(
            "/maximum_cents",
            "non può essere minore di minimum_cents",
            "must not be less than minimum_cents",
        );
    }
}

/// Notes a name that was used before, and remembers it.
fn unique<'a>(pointer: String, name: &'a str, seen: &mut Vec<&'a str>, findings: &mut Findings) {
    if seen.contains(&name) {
        findings.add(pointer, "è già usato", "is used already");
    }
    seen.push(name);
}

/// A stable name, as the details and the API use it.
fn word(pointer: String, text: &str, findings: &mut Findings) {
    let bytes = text.as_bytes();
    let fits = (1..=35).contains(&bytes.len())
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_');
    if !fits {
        findings.add(
            pointer,
            "deve avere da 1 a 35 lettere minuscole, cifre o _, e cominciare con una lettera",
            "must have 1 to 35 lower case letters, digits or _, and begin with a letter",
        );
    }
}

fn check_input(at: &str, input: &Input, findings: &mut Findings) {
    word(format!("{at}/name"), &input.name, findings);
    findings.text::<35>(format!("{at}/label"), &input.label);
    match &input.asks {
        Asks::Quantity { maximum, decimals } => {
            let pointer = format!("{at}/asks/quantity");
            findings.range(format!("{pointer}/maximum"), *maximum, 1..=1_000_000);
            findings.range(format!("{pointer}/decimals"), i64::from(*decimals), 0..=3);
        }
        Asks::Choice(values) => {
            let pointer = format!("{at}/asks/choice");
            findings.count(pointer.as_str(), values.len(), 1..=30);
            let mut seen = Vec::new();
            for (i, value) in values.iter().enumerate() {
                let at = |field: &str| format!("{pointer}/{i}/{field}");
                word(at("value"), &value.value, findings);
                findings.text::<70>(at("label"), &value.label);
                let bp = i64::from(value.coefficient_bp);
                findings.range(at("coefficient_bp"), bp, 0..=BP_MAX);
                unique(at("value"), &value.value, &mut seen, findings);
            }
        }
    }
    if let Some(default) = &input.default
        && let Err(error) = inputs::answer(&format!("{at}/default"), default, input)
    {
        findings.push(error);
    }
}

fn check_row(
    at: &str,
    row: &PriceRow,
    (terms, before): (&GenericTerms, &[&str]),
    findings: &mut Findings,
) {
    word(format!("{at}/code"), &row.code, findings);
    findings.text::<140>(format!("{at}/label"), &row.label);
    check_price(&format!("{at}/price"), &row.price, before, findings);
    findings.count(format!("{at}/times"), row.times.len(), 0..=5);
    for (i, factor) in row.times.iter().enumerate() {
        check_factor(&format!("{at}/times/{i}"), factor, terms, findings);
    }
    findings.count(format!("{at}/coefficients"), row.coefficients.len(), 0..=5);
    for (i, name) in row.coefficients.iter().enumerate() {
        known_choice(format!("{at}/coefficients/{i}"), name, terms, findings);
    }
    findings.range(format!("{at}/divisor"), row.divisor, 1..=1_000_000);
    findings.count(format!("{at}/when"), row.when.len(), 0..=5);
    for (i, condition) in row.when.iter().enumerate() {
        match condition {
            Condition::Chosen { input, is } => {
                let at = format!("{at}/when/{i}/chosen");
                let known = known_choice(format!("{at}/input"), input, terms, findings);
                findings.count(format!("{at}/is"), is.len(), 1..=30);
                for (i, value) in is.iter().enumerate() {
                    one_of(
                        format!("{at}/is/{i}"),
                        value,
                        known.iter().copied(),
                        findings,
                    );
                }
            }
            Condition::Above { cents } => {
                let pointer = format!("{at}/when/{i}/above/cents");
                findings.range(pointer, *cents, 0..=Cents::NOTICE_MAX.get());
            }
        }
    }
}

fn check_price(at: &str, price: &Price, before: &[&str], findings: &mut Findings) {
    let most = Cents::NOTICE_MAX.get();
    match price {
        Price::Cents(cents) => {
            findings.range(format!("{at}/cents"), *cents, most.saturating_neg()..=most);
        }
        Price::Micro(micro) => findings.range(format!("{at}/micro"), *micro, 0..=MICRO_MAX),
        Price::Isee(isee) => isee.check(&format!("{at}/isee"), most, findings),
        Price::Typed {
            minimum_cents,
            maximum_cents,
        } => {
            let at = |field: &str| format!("{at}/typed/{field}");
            findings.range(at("minimum_cents"), *minimum_cents, 1..=most);
            findings.range(at("maximum_cents"), *maximum_cents, 1..=most);
            if maximum_cents < minimum_cents {
                findings.add(
                    at("maximum_cents"),
                    "non può essere minore di minimum_cents",
                    "must not be less than minimum_cents",
                );
            }
        }
        Price::Share { bp, of } => {
            findings.range(format!("{at}/share/bp"), *bp, -10_000..=BP_MAX);
            for (i, code) in of.iter().enumerate() {
                let pointer = format!("{at}/share/of/{i}");
                one_of(pointer, code, before.iter().copied(), findings);
            }
        }
    }
}

fn check_factor(at: &str, factor: &Factor, terms: &GenericTerms, findings: &mut Findings) {
    let quantities = terms.inputs.iter().filter(|input| match &input.asks {
        Asks::Quantity { .. } => true,
        Asks::Choice(_) => false,
    });
    let known = quantities.map(|input| input.name.as_str());
    one_of(format!("{at}/quantity"), &factor.quantity, known, findings);
    if let Some(per) = factor.per {
        findings.range(format!("{at}/per"), per, 1..=1_000_000);
    }
}

/// The values of a choice that the terms know by this name.
fn known_choice<'a>(
    pointer: String,
    name: &str,
    terms: &'a GenericTerms,
    findings: &mut Findings,
) -> Vec<&'a str> {
    let choices = terms.inputs.iter().filter_map(|input| match &input.asks {
        Asks::Choice(values) => Some((input.name.as_str(), values)),
        Asks::Quantity { .. } => None,
    });
    let choices: Vec<_> = choices.collect();
    let known = choices.iter().map(|(name, _)| *name);
    one_of(pointer, name, known, findings);
    let values = choices.into_iter().find(|(known, _)| *known == name);
    values.map_or_else(Vec::new, |(_, values)| {
        values.iter().map(|value| value.value.as_str()).collect()
    })
}

fn one_of<'a>(
    pointer: String,
    name: &str,
    known: impl Iterator<Item = &'a str>,
    findings: &mut Findings,
) {
    let known: Vec<&str> = known.collect();
    if !known.contains(&name) {
        findings.push(none_of(pointer, known));
    }
}

fn check_stamps(stamps: &StampTerms, terms: &GenericTerms, findings: &mut Findings) {
    findings.range("/stamps/cents", stamps.cents, 1..=1_000_000);
    let is_body = FiscalCode::parse(&stamps.agency_tax_code).is_ok_and(|code| code.has_body_form());
    if !is_body {
        findings.add(
            "/stamps/agency_tax_code",
            "non è il codice fiscale di un ente, 11 cifre",
            "is not the tax code of a body, 11 digits",
        );
    }
    findings.text::<140>("/stamps/agency_legal_name", &stamps.agency_legal_name);
    if TaxonomyCode::parse(&stamps.taxonomy).is_err() {
        findings.add(
            "/stamps/taxonomy",
            "non è un codice della tassonomia, come 9/0115103TS/",
            "is not a collection code, as 9/0115103TS/",
        );
    }
    if let Some(factor) = &stamps.sheets {
        check_factor("/stamps/sheets", factor, terms, findings);
    }
}

fn check_plan(at: &str, plan: &Plan, findings: &mut Findings) {
    word(format!("{at}/code"), &plan.code, findings);
    findings.count(format!("{at}/due_days"), plan.due_days.len(), 1..=24);
    for (i, days) in plan.due_days.iter().enumerate() {
        findings.range(format!("{at}/due_days/{i}"), i64::from(*days), 0..=DAYS_MAX);
    }
    if !plan.due_days.is_sorted_by(|first, next| first < next) {
        findings.add(
            format!("{at}/due_days"),
            "le scadenze devono essere in ordine crescente",
            "the due days must be in rising order",
        );
    }
    let sum: u64 = plan.shares_bp.iter().copied().map(u64::from).sum();
    let shares = plan.shares_bp.len();
    if shares != 0 && (shares != plan.due_days.len() || sum != 10_000) {
        findings.add(
            format!("{at}/shares_bp"),
            "deve avere una quota per rata, in tutto 10000",
            "must have one share for each instalment, 10000 in all",
        );
    }
}

fn check_late(late: &[Surcharge], findings: &mut Findings) {
    findings.count("/late", late.len(), 0..=10);
    for (i, step) in late.iter().enumerate() {
        let days = i64::from(step.days);
        findings.range(format!("/late/{i}/days"), days, 1..=DAYS_MAX);
        findings.range(format!("/late/{i}/bp"), i64::from(step.bp), 0..=BP_MAX);
    }
    if !late.is_sorted_by(|first, next| first.days < next.days && first.bp <= next.bp) {
        findings.add(
            "/late",
            "i giorni devono crescere e la maggiorazione non può scendere",
            "the days must rise and the surcharge must not fall",
        );
    }
}
