//! The rows of a bill, and what each pupil has of it.

use std::collections::BTreeMap;

use chrono::Datelike;

use super::{CanteenDetails, CanteenMonth, CanteenPupil, CanteenTerms, Child, MealPrice, billed};
use crate::domain::calendar::Day;
use crate::domain::interest::{Accrued, InterestError};
use crate::domain::money::{Cents, MoneyError, ratio};
use crate::domain::school_expense::part_of;
use crate::domain::service::{DetailsError, Row};

const MONTHS: [&str; 12] = [
    "gennaio",
    "febbraio",
    "marzo",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "agosto",
    "settembre",
    "ottobre",
    "novembre",
    "dicembre",
];

/// The days of a month; none for a month that is not one.
pub(super) fn days_of(month: &CanteenMonth) -> impl Iterator<Item = Day> + use<> {
    let (of_year, of_month) = (i32::try_from(month.year), u32::try_from(month.month));
    let first = of_year
        .ok()
        .zip(of_month.ok())
        .and_then(|(year, month)| Day::from_ymd_opt(year, month, 1));
    let same = move |day: &Day| first.is_some_and(|first| day.month() == first.month());
    first
        .into_iter()
        .flat_map(|first| first.iter_days())
        .take_while(same)
}

fn name(month: &CanteenMonth) -> String {
    let at = month
        .month
        .checked_sub(1)
        .and_then(|m| usize::try_from(m).ok());
    let word = at
        .and_then(|at| MONTHS.get(at))
        .copied()
        .unwrap_or_default();
    format!("{word} {}", month.year)
}

/// What the notice is for, in words.
pub(super) fn period(details: &CanteenDetails) -> String {
    let months = match (details.months.first(), details.months.last()) {
        (Some(first), Some(last)) if first != last => format!("{} - {}", name(first), name(last)),
        (Some(only), _) => name(only),
        (None, _) => return "arretrati".to_owned(),
    };
    if details.arrears.is_empty() {
        months
    } else {
        format!("{months} e arretrati")
    }
}

/// The rows of the months, and their sum.
pub(super) fn of_months(
    details: &CanteenDetails,
    terms: &CanteenTerms,
) -> Result<(Vec<Row>, Cents), MoneyError> {
    let mut rows = Vec::new();
    for month in &details.months {
        for pupil in &month.pupils {
            let of = Of {
                details,
                terms,
                month,
                pupil,
            };
            of.fee(&mut rows)?;
            of.meals(&mut rows)?;
        }
    }
    let sum = Cents::sum(rows.iter().map(|row| row.amount))?;
    Ok((rows, sum))
}

/// One pupil in one month.
struct Of<'a> {
    details: &'a CanteenDetails,
    terms: &'a CanteenTerms,
    month: &'a CanteenMonth,
    pupil: &'a CanteenPupil,
}

impl Of<'_> {
    /// A row of this pupil: its code ends in the place by birth, so that the pupil is found again.
    fn row(&self, rule: &str, label: &str, amount: Cents) -> Row {
        let order = self.pupil.sibling_order;
        Row {
            code: format!("{rule}_{order}").into(),
            label: format!("{}, {order}° figlio: {label}", name(self.month)),
            amount,
        }
    }

    fn fee(&self, rows: &mut Vec<Row>) -> Result<(), MoneyError> {
        let (Some(fee), Some(first)) = (&self.terms.monthly_fee, days_of(self.month).next()) else {
            return Ok(());
        };
        let tariff = &self.terms.tariff;
        let isee = tariff.isee_on(self.details.resident, &self.details.isee, first);
        let whole = fee.price(isee)?;
        rows.push(if self.pupil.half_month {
            self.row(
                "fee",
                "quota fissa, mezzo mese",
                whole.share(self.terms.half_month_bp)?,
            )
        } else {
            self.row("fee", "quota fissa", whole)
        });
        Ok(())
    }

    fn meals(&self, rows: &mut Vec<Row>) -> Result<(), MoneyError> {
        for (price, meals) in self.by_price()? {
            let (gross, discounts) = price.rows(meals)?;
            let label = format!("{meals} pasti × {} €", price.unit.italian());
            rows.push(self.row("meals", &label, gross));
            for (label, off) in discounts {
                rows.push(self.row("discount", &label, off));
            }
        }
        Ok(())
    }

    /// How many meals at which price, in the order of the first of them.
    fn by_price(&self) -> Result<Vec<(MealPrice, i64)>, MoneyError> {
        let tariff = &self.terms.tariff;
        let child = Child {
            resident: self.details.resident,
            isee: &self.details.isee,
            sibling_order: self.pupil.sibling_order,
            reductions: &self.pupil.reductions,
        };
        if let (Some(meals), Some(first)) = (self.pupil.meals, days_of(self.month).next()) {
            return Ok(vec![(tariff.meal(child, first)?, meals)]);
        }
        let closed = |day| {
            self.month
                .closures
                .iter()
                .any(|closure| closure.date == day)
        };
        let served = |day| tariff.serves_on(day) && !closed(day);
        let mut parts: Vec<(MealPrice, i64)> = Vec::new();
        for booking in self
            .pupil
            .bookings
            .iter()
            .filter(|b| billed(b, tariff.cutoff, served))
        {
            let price = tariff.meal(child, booking.date)?;
            match parts.iter_mut().find(|(known, _)| *known == price) {
                Some((_, meals)) => *meals = meals.saturating_add(1),
                None => parts.push((price, 1)),
            }
        }
        Ok(parts)
    }
}

/// The rows of what is in arrears: the debts, the interest on each, the costs of asking once.
pub(super) fn of_arrears(
    details: &CanteenDetails,
    terms: &CanteenTerms,
    due_on: Day,
) -> Result<Vec<Row>, DetailsError> {
    let to = details.interest_to.unwrap_or(due_on);
    let mut rows = Vec::new();
    for (i, owed) in (1i64..).zip(&details.arrears) {
        let amount = Cents::new(owed.amount_cents)?;
        rows.push(Row {
            code: format!("arrears_{i}").into(),
            label: format!(
                "Arretrato {}, scaduto il {}",
                owed.description,
                owed.due_on.format("%d/%m/%Y")
            ),
            amount,
        });
        let Some(interest) = &terms.interest else {
            continue;
        };
        let Accrued { stretches, amount } = interest
            .accrue(amount, owed.due_on, to)
            .map_err(|error| without_rate(i, error))?;
        let days = stretches
            .iter()
            .fold(0i64, |sum, part| sum.saturating_add(part.days));
        if amount.is_positive() {
            rows.push(Row {
                code: format!("interest_{i}").into(),
                label: format!(
                    "Interessi legali fino al {}: {days} giorni",
                    to.format("%d/%m/%Y")
                ),
                amount,
            });
        }
    }
    let costs = Cents::new(terms.reminder_cents)?;
    if !rows.is_empty() && costs.is_positive() {
        rows.push(Row {
            code: "reminder".into(),
            label: "Spese di sollecito".to_owned(),
            amount: costs,
        });
    }
    Ok(rows)
}

fn without_rate(i: i64, error: InterestError) -> DetailsError {
    match error {
        InterestError::NoRate(day) => DetailsError::new(
            format!("/arrears/{}/due_on", i.saturating_sub(1)),
            format!("le condizioni del servizio non hanno il tasso legale del {day}"),
            format!("the terms of the service have no legal rate for {day}"),
        ),
        InterestError::Money(error) => error.into(),
    }
}

/// The VAT that is inside an amount: shown, never added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::domain::service) struct Vat {
    bp: u32,
    net: Cents,
    tax: Cents,
}

impl Vat {
    /// Splits a price into net and tax; `None` when there is nothing to show.
    pub(in crate::domain::service) fn inside(
        gross: Cents,
        bp: u32,
    ) -> Result<Option<Vat>, MoneyError> {
        if bp == 0 || !gross.is_positive() {
            return Ok(None);
        }
        let whole = i128::from(bp).saturating_add(10_000);
        let net = ratio(i128::from(gross.get()).saturating_mul(10_000), whole)?;
        let tax = gross.minus(net)?;
        Ok(Some(Vat { bp, net, tax }))
    }

    fn note(&self) -> String {
        let (net, tax) = (self.net.italian(), self.tax.italian());
        format!("imponibile {net} €, IVA {} % {tax} €", percent(self.bp))
    }

    /// A row that says it and adds nothing.
    pub(in crate::domain::service) fn row(&self) -> Row {
        Row {
            code: "vat_included".into(),
            label: format!("Compresi nel prezzo: {}", self.note()),
            amount: Cents::ZERO,
        }
    }
}

/// Why the notice costs what it costs, with the VAT inside.
pub(super) fn reason(vat: Option<&Vat>) -> String {
    let vat = vat.map(|vat| format!(" (servizio: {})", vat.note()));
    format!("importo dovuto{}", vat.unwrap_or_default())
}

/// Basis points as people read them: `4`, `12,5`.
pub(in crate::domain::service) fn percent(bp: u32) -> String {
    let (whole, rest) = (
        bp.checked_div(100).unwrap_or(0),
        bp.checked_rem(100).unwrap_or(0),
    );
    if rest == 0 {
        return whole.to_string();
    }
    format!("{whole},{rest:02}")
        .trim_end_matches('0')
        .to_owned()
}

/// What a pupil has of a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PupilShare<'a> {
    /// Tax code of the pupil.
    pub pupil_tax_code: &'a str,
    /// Name, where the office gave it.
    pub pupil_name: Option<&'a str>,
    /// School, where the office gave it.
    pub school: Option<&'a str>,
    /// Meals, fees and arrears; interest and costs are no school expense.
    pub amount: Cents,
}

/// What a payment paid for each pupil of a bill, those left out who got nothing.
///
/// # Errors
/// [`MoneyError`].
pub fn parts_paid<'a>(
    details: &'a CanteenDetails,
    rows: &[(&str, Cents)],
    paid: Cents,
) -> Result<Vec<(PupilShare<'a>, Cents)>, MoneyError> {
    let bill = Cents::sum(rows.iter().map(|(_, amount)| *amount))?;
    let mut parts = Vec::new();
    for share in shares(details, rows)? {
        let part = part_of(paid, share.amount, bill)?;
        if part.is_positive() {
            parts.push((share, part));
        }
    }
    Ok(parts)
}

/// What each pupil has of a bill, read from its rows: the last part of a row's code is the place by birth,
/// or the number of the debt in arrears.
///
/// # Errors
/// [`MoneyError::OutOfRange`].
pub fn shares<'a>(
    details: &'a CanteenDetails,
    rows: &[(&str, Cents)],
) -> Result<Vec<PupilShare<'a>>, MoneyError> {
    let pupils = || details.months.iter().flat_map(|month| &month.pupils);
    let mut sums: BTreeMap<&str, Cents> = BTreeMap::new();
    for (code, amount) in rows {
        let Some((rule, at)) = code.rsplit_once('_') else {
            continue;
        };
        let Ok(at) = at.parse::<usize>() else {
            continue;
        };
        let pupil = match rule {
            "meals" | "fee" | "discount" => pupils()
                .find(|pupil| usize::try_from(pupil.sibling_order) == Ok(at))
                .map(|pupil| pupil.pupil_tax_code.as_str()),
            "arrears" => at
                .checked_sub(1)
                .and_then(|at| details.arrears.get(at))
                .map(|owed| owed.pupil_tax_code.as_str()),
            _ => None,
        };
        if let Some(pupil) = pupil {
            let sum = sums.entry(pupil).or_insert(Cents::ZERO);
            *sum = sum.plus(*amount)?;
        }
    }
    let of = |(code, amount)| {
        let known = || pupils().filter(move |pupil| pupil.pupil_tax_code == code);
        PupilShare {
            pupil_tax_code: code,
            pupil_name: known().find_map(|pupil| pupil.pupil_name.as_deref()),
            school: known().find_map(|pupil| pupil.school.as_deref()),
            amount,
        }
    };
    Ok(sums.into_iter().map(of).collect())
}
