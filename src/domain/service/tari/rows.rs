//! The rows of a waste-tax notice (`charges.md` §2.2-2.5): each is one exact rational, rounded once.

use std::fmt::{self, Display, Write};

use super::details::{Stretch, User};
use super::reductions::{Accrued, Parts, reduce};
use super::{EuroRounding, Owed, Punctual, TariDetails, TariPremises, TariTerms, UrProrata};
use crate::domain::calendar::days_in_year;
use crate::domain::money::{Cents, ratio};
use crate::domain::service::{DetailsError, Row};

/// Millionths of euro in a cent.
const MICRO_PER_CENT: i64 = 10_000;

/// The most rows that explain one position.
const ROWS_MAX: usize = 200;

/// The rows in the order they are shown, and their sums by beneficiary. Rows are rounded by premises;
/// TEFA is one row on the tax of all of them.
pub(super) fn compute(
    details: &TariDetails,
    premises: &[TariPremises],
    terms: &TariTerms,
) -> Result<(Vec<Row>, Owed), DetailsError> {
    let mut rows = Vec::with_capacity(8);
    let mut tari = Cents::ZERO;
    for (i, one) in premises.iter().enumerate() {
        let first = rows.len();
        let mut accrued = match details.daily_days {
            Some(days) => daily(one, terms, days, &mut rows)?,
            None => yearly(one, terms, &mut rows)?,
        };
        reduce(one, terms, &mut accrued, &mut rows)?;
        for some in accrued {
            tari = tari.plus(some.parts.total()?)?;
        }
        name((i, one), premises, rows.iter_mut().skip(first));
    }
    let tefa = tari.share(terms.tefa_bp)?;
    if terms.tefa_bp > 0 {
        let percent = Percent(terms.tefa_bp);
        rows.push(row(
            "tefa",
            format_args!("TEFA {percent} alla Provincia"),
            tefa,
        ));
    }
    let mut components = Cents::ZERO;
    if details.daily_days.is_none() {
        for (i, one) in premises.iter().enumerate() {
            let first = rows.len();
            components = components.plus(components_of(one, terms, &mut rows)?)?;
            name((i, one), premises, rows.iter_mut().skip(first));
        }
    }
    let [asked, asked_tefa] = advance(details, [tari, tefa], &mut rows)?;
    let (tari, tefa) = (tari.minus(asked)?, tefa.minus(asked_tefa)?);
    let bonus = bonus(details, terms, tari, &mut rows)?;
    let town = tari.minus(bonus)?.plus(components)?;
    let before = asked.plus(asked_tefa)?;
    enough(details, terms, (town.plus(tefa)?, before))?;
    let rounding = match terms.euro_rounding {
        EuroRounding::None => Cents::ZERO,
        EuroRounding::Total => to_euro(town, tefa)?,
    };
    if rounding != Cents::ZERO {
        let label = format_args!("Arrotondamento art. 1 c. 166 L. 296/2006");
        rows.push(row("rounding", label, rounding));
    }
    if rows.len() > ROWS_MAX {
        return Err(DetailsError::new(
            "/premises",
            format!("le utenze danno più di {ROWS_MAX} righe: vanno divise in più posizioni"),
            format!(
                "the premises make more than {ROWS_MAX} rows: divide them in several positions"
            ),
        ));
    }
    let owed = Owed {
        tari,
        tefa,
        components,
        bonus,
        rounding,
    };
    Ok((rows, owed))
}

/// Whether something is to be asked: the year's amount is not below its minimum, and an advance that was
/// asked before does not cover it.
fn enough(
    details: &TariDetails,
    terms: &TariTerms,
    (rest, before): (Cents, Cents),
) -> Result<(), DetailsError> {
    if details.daily_days.is_none() && rest.plus(before)?.get() < terms.min_amount_cents {
        let least = Cents::new(terms.min_amount_cents)?;
        let (it, en) = (least.italian(), least);
        return Err(DetailsError::new(
            "",
            format!("nulla da chiedere: l'importo dell'anno è inferiore a {it} €"),
            format!("nothing to ask: the amount of the year is below {en} euro"),
        ));
    }
    if before.is_positive() && !rest.is_positive() {
        return Err(DetailsError::new(
            "/advance_charged",
            "l'acconto copre l'intero importo: non resta nulla da chiedere",
            "the advance covers the whole amount: nothing is left to ask",
        ));
    }
    Ok(())
}

/// What an advance has asked of town and Province, with its rows; never more than is owed. What is left
/// over is the town's to pay back.
fn advance(
    details: &TariDetails,
    owed: [Cents; 2],
    rows: &mut Vec<Row>,
) -> Result<[Cents; 2], DetailsError> {
    let mut taken = [Cents::ZERO; 2];
    let Some(charged) = details.advance_charged else {
        return Ok(taken);
    };
    let of = [
        ("advance", "Acconto già richiesto", charged.tari_cents),
        (
            "advance_tefa",
            "TEFA già richiesta in acconto",
            charged.tefa_cents,
        ),
    ];
    for ((taken, owed), (code, label, cents)) in taken.iter_mut().zip(owed).zip(of) {
        let charged = Cents::new(cents)?;
        *taken = charged.min(owed);
        if !charged.is_positive() {
            continue;
        }
        let mut row = row(code, format_args!("{label}"), taken.negated());
        with_rest(&mut row, charged.minus(*taken)?);
        rows.push(row);
    }
    Ok(taken)
}

/// Says in a row what it could not take off.
fn with_rest(row: &mut Row, left: Cents) {
    if left.is_positive() {
        let residue = format!(", residuo di {} € da rimborsare", left.italian());
        row.label.push_str(&residue);
    }
}

/// Says in the rows of one of several premises which of them they are about.
fn name<'a>(
    (i, one): (usize, &TariPremises),
    premises: &[TariPremises],
    rows: impl Iterator<Item = &'a mut Row>,
) {
    if premises.len() < 2 {
        return;
    }
    let mut name = format!("Utenza {}", i.saturating_add(1));
    if let Some(code) = &one.premises_code {
        name.push_str(&format!(" ({})", code.trim()));
    }
    for row in rows {
        row.label = format!("{name} - {}", row.label);
    }
}

/// What brings a notice to the nearest euro. The town bears it; when it would leave the town less than
/// nothing, the notice stays as it is.
pub(super) fn to_euro(town: Cents, tefa: Cents) -> Result<Cents, DetailsError> {
    let total = town.plus(tefa)?;
    let rounding = total.to_whole_euro()?.minus(total)?;
    let borne = town.plus(rounding)? >= Cents::ZERO;
    Ok(if borne { rounding } else { Cents::ZERO })
}

/// Longest usual label, bytes: room for it is taken once.
const LABEL_ROOM: usize = 64;

fn row(code: &'static str, text: fmt::Arguments<'_>, amount: Cents) -> Row {
    let mut label = String::with_capacity(LABEL_ROOM);
    // Writing to a string does not fail.
    let _written = label.write_fmt(text);
    Row {
        code: code.into(),
        label,
        amount,
    }
}

/// Fixed and variable part of the period by stretches, before reductions.
fn yearly(
    premises: &TariPremises,
    terms: &TariTerms,
    rows: &mut Vec<Row>,
) -> Result<Vec<Accrued>, DetailsError> {
    let year = days_in_year(terms.year);
    let stretches = premises.stretches(terms);
    let mut all = Vec::with_capacity(stretches.len().saturating_add(1));
    let mut included = 0i64;
    for stretch in stretches {
        let period = Period {
            days: stretch.days(),
            year,
        };
        let mut parts = Parts::default();
        match stretch.user {
            User::Household(occupants) | User::Annex(occupants) => {
                let bags = household(&stretch, occupants, (terms, period), (&mut parts, rows))?;
                included = included.saturating_add(bags.saturating_mul(period.days));
            }
            User::Business(code) => {
                business(&stretch, code, (terms, period), (&mut parts, rows))?;
            }
        }
        all.push(Accrued {
            days: Some((stretch.from, stretch.to)),
            parts,
        });
    }
    if let (Some(measured), Some(punctual)) = (premises.bags, &terms.punctual) {
        // A part of a bag that the period includes is included whole.
        let included = included.saturating_add(year.saturating_sub(1));
        let included = included.checked_div(year).unwrap_or(0);
        all.push(measured_extra((measured, included), punctual, rows)?);
    }
    Ok(all)
}

/// What was measured beyond the included quantity. It belongs to no day, so that only reductions of the
/// whole period lower it.
fn measured_extra(
    (measured, included): (i64, i64),
    punctual: &Punctual,
    rows: &mut Vec<Row>,
) -> Result<Accrued, DetailsError> {
    let extra = measured.saturating_sub(included).max(0);
    let product = i128::from(extra).saturating_mul(i128::from(punctual.extra_micro));
    let amount = ratio(product, i128::from(MICRO_PER_CENT))?;
    let (what, price) = (&punctual.label, Euro(punctual.extra_micro));
    let label = format_args!(
        "Quota variabile puntuale: {measured} {what}, {included} inclusi, {extra} × {price} €"
    );
    rows.push(row("variable_part_extra", label, amount));
    Ok(Accrued {
        days: None,
        parts: Parts {
            fixed: Cents::ZERO,
            variable: amount,
        },
    })
}

/// The rows of a household, or of its annex elsewhere, for a stretch; answers the bags a whole year
/// includes.
fn household(
    stretch: &Stretch<'_>,
    occupants: i64,
    (terms, period): (&TariTerms, Period),
    (parts, rows): (&mut Parts, &mut Vec<Row>),
) -> Result<i64, DetailsError> {
    let Some(tariff) = terms.household(occupants) else {
        return Err(DetailsError::new(
            "/occupants",
            "il servizio non ha una tariffa per questo numero di occupanti",
            "the service has no tariff for this number of occupants",
        ));
    };
    let rate = Euro(tariff.fixed_micro_m2);
    for (code, label, area) in [
        ("fixed_part", "Quota fissa", stretch.area),
        ("fixed_part_annex", "Quota fissa pertinenze", stretch.annex),
    ] {
        if area == 0 {
            continue;
        }
        let amount = period.of_micro(tariff.fixed_micro_m2, area)?;
        parts.fixed = parts.fixed.plus(amount)?;
        let label = format_args!("{label}: {area} m² × {rate} €{period}");
        rows.push(row(code, label, amount));
    }
    if matches!(stretch.user, User::Annex(_)) {
        return Ok(0);
    }
    let amount = period.of_micro(tariff.variable_micro, 1)?;
    parts.variable = parts.variable.plus(amount)?;
    let rate = Euro(tariff.variable_micro);
    let label = format_args!("Quota variabile: {occupants} occupanti, {rate} €{period}");
    rows.push(row("variable_part", label, amount));
    Ok(tariff.included_bags.unwrap_or(0))
}

/// The rows of a business for a stretch.
fn business(
    stretch: &Stretch<'_>,
    code: &str,
    (terms, period): (&TariTerms, Period),
    (parts, rows): (&mut Parts, &mut Vec<Row>),
) -> Result<(), DetailsError> {
    let Some(tariff) = terms.category(code) else {
        return Ok(()); // unknown categories were refused before
    };
    let area = stretch.area;
    let fixed = period.of_micro(tariff.fixed_micro_m2, area)?;
    let rate = Euro(tariff.fixed_micro_m2);
    let label = format_args!(
        "Quota fissa: cat. {code} {}, {area} m² × {rate} €{period}",
        tariff.label
    );
    rows.push(row("fixed_part", label, fixed));
    let variable = period.of_micro(tariff.variable_micro_m2, area)?;
    let rate = Euro(tariff.variable_micro_m2);
    let label = format_args!("Quota variabile: {area} m² × {rate} €{period}");
    rows.push(row("variable_part", label, variable));
    parts.fixed = parts.fixed.plus(fixed)?;
    parts.variable = parts.variable.plus(variable)?;
    Ok(())
}

/// The daily tax of a temporary use: fixed and variable tariff together, by day, increased.
fn daily(
    premises: &TariPremises,
    terms: &TariTerms,
    days: i64,
    rows: &mut Vec<Row>,
) -> Result<Vec<Accrued>, DetailsError> {
    let code = premises.category.as_deref().unwrap_or_default();
    let Some(tariff) = terms.category(code) else {
        return Ok(Vec::new()); // unknown categories were refused before
    };
    let (area, year) = (premises.area_m2, days_in_year(terms.year));
    let rate = tariff
        .fixed_micro_m2
        .saturating_add(tariff.variable_micro_m2);
    let surcharge = terms.daily_surcharge_bp.unwrap_or(0);
    let increased = 10_000_i64.saturating_add(i64::from(surcharge));
    let product = [area, days, increased]
        .iter()
        .fold(i128::from(rate), |product, factor| {
            product.saturating_mul(i128::from(*factor))
        });
    let whole = i128::from(MICRO_PER_CENT)
        .saturating_mul(10_000)
        .saturating_mul(i128::from(year));
    let amount = ratio(product, whole)?;
    let (rate, percent) = (Euro(rate), Percent(surcharge));
    let label = format_args!(
        "Tassa giornaliera: cat. {code} {}, {area} m² × {rate} € × {days}/{year} giorni + {percent}",
        tariff.label
    );
    rows.push(row("daily_tax", label, amount));
    let parts = Parts {
        fixed: Cents::ZERO,
        variable: amount,
    };
    Ok(vec![Accrued { days: None, parts }])
}

/// UR1-UR3: once a premises, whatever it is used for; no TEFA and no reduction on them.
fn components_of(
    premises: &TariPremises,
    terms: &TariTerms,
    rows: &mut Vec<Row>,
) -> Result<Cents, DetailsError> {
    let year = days_in_year(terms.year);
    let days = match terms.ur_prorata {
        UrProrata::Days => premises.days(terms),
        UrProrata::Full => year,
    };
    let mut sum = Cents::ZERO;
    for (code, label, cents) in [
        ("ur1", "Componente perequativa UR1", terms.ur1_cents),
        ("ur2", "Componente perequativa UR2", terms.ur2_cents),
        ("ur3", "Componente perequativa UR3", terms.ur3_cents),
    ] {
        let product = i128::from(cents).saturating_mul(i128::from(days));
        let amount = ratio(product, i128::from(year))?;
        if amount.is_positive() {
            sum = sum.plus(amount)?;
            rows.push(row(code, format_args!("{label}"), amount));
        }
    }
    Ok(sum)
}

/// The social bonus: it lowers the tax of the town, never TEFA or the components, and never below
/// nothing; what is left over is the town's to pay back.
fn bonus(
    details: &TariDetails,
    terms: &TariTerms,
    tari: Cents,
    rows: &mut Vec<Row>,
) -> Result<Cents, DetailsError> {
    let (Some(base), Some(rule)) = (details.social_bonus_base_cents, terms.social_bonus()) else {
        return Ok(Cents::ZERO);
    };
    let bp = rule.bp;
    let base = Cents::new(base)?;
    let granted = base.share(bp)?;
    let bonus = granted.min(tari);
    let left = granted.minus(bonus)?;
    let (percent, base) = (Percent(bp), base.italian());
    let label = format_args!("Bonus sociale rifiuti: {percent} di {base} €");
    let mut row = row("social_bonus", label, bonus.negated());
    with_rest(&mut row, left);
    rows.push(row);
    Ok(bonus)
}

/// Days of possession in the year: the tax accrues by day (L. 147/2013 c. 643).
#[derive(Clone, Copy)]
struct Period {
    days: i64,
    year: i64,
}

impl Period {
    fn of_micro(self, rate: i64, quantity: i64) -> Result<Cents, DetailsError> {
        let year = i128::from(self.year).saturating_mul(i128::from(MICRO_PER_CENT));
        let product = i128::from(rate)
            .saturating_mul(i128::from(quantity))
            .saturating_mul(i128::from(self.days));
        Ok(ratio(product, year)?)
    }
}

impl Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.days == self.year {
            return Ok(());
        }
        write!(f, " × {}/{} giorni", self.days, self.year)
    }
}

/// Millionths of euro, printed as `0,7798`: at least two decimals.
struct Euro(i64);

impl Display for Euro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micro = self.0.unsigned_abs();
        let whole = micro.checked_div(1_000_000).unwrap_or(0);
        let mut decimals = micro.checked_rem(1_000_000).unwrap_or(0);
        let mut places = 6usize;
        while places > 2 && decimals.checked_rem(10) == Some(0) {
            decimals = decimals.checked_div(10).unwrap_or(0);
            places = places.saturating_sub(1);
        }
        write!(f, "{whole},{decimals:0places$}")
    }
}

/// Basis points, printed as `5 %` or `12,5 %`.
pub(super) struct Percent(pub(super) u32);

impl Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0.checked_div(100).unwrap_or(0);
        let rest = self.0.checked_rem(100).unwrap_or(0);
        match (rest, rest.checked_rem(10)) {
            (0, _) => write!(f, "{whole} %"),
            (_, Some(0)) => write!(f, "{whole},{} %", rest.checked_div(10).unwrap_or(0)),
            (_, _) => write!(f, "{whole},{rest:02} %"),
        }
    }
}
