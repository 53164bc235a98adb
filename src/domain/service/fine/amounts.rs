//! The sums of a report (`charges.md` §4.2): each is one exact rational of a limit of the law, rounded
//! once; the costs are added once.

use chrono::{Datelike, Months};

use super::details::{FineDetails, FineViolation, unknown};
use super::terms::{FineArticle, FineRegime, FineTerms};
use crate::domain::calendar::Day;
use crate::domain::money::{Cents, MoneyError, ratio};
use crate::domain::service::{DetailsError, Row};

/// The prices of a report, costs included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prices {
    /// Within the days of the discount; `None` when no violation allows it.
    pub(super) discounted: Option<Cents>,
    /// Within the days of the reduced payment.
    pub(super) reduced: Cents,
    /// Afterwards: half the maximum (art. 203 c. 3). Other laws ask for an injunction first.
    pub(super) late: Option<Cents>,
    /// The costs in each of them.
    pub(super) costs: Cents,
}

const FULL: u32 = 10_000;
const HALF: u32 = 5_000;

/// Sums the violations, and explains the reduced payment line by line.
pub(super) fn prices(
    details: &FineDetails,
    terms: &FineTerms,
) -> Result<(Prices, Vec<Row>), DetailsError> {
    // Slips on a windscreen have no costs; the check of the details says so.
    let costs = Cents::new(details.costs_cents)?;
    let mut rows = Vec::new();
    let (mut discounted, mut reduced, mut late) = (costs, costs, Some(costs));
    let mut any_discount = false;
    for (i, violation) in details.violations.iter().enumerate() {
        let article = terms
            .article(violation)
            .ok_or_else(|| unknown(format!("/violations/{i}/article"), terms, violation))?;
        let price = of_violation(article, violation, terms.discount_bp)?;
        any_discount |= price.discounted.is_some();
        discounted = discounted.plus(price.discounted.unwrap_or(price.reduced))?;
        reduced = reduced.plus(price.reduced)?;
        let both = late.zip(price.late).map(|(sum, late)| sum.plus(late));
        late = both.transpose()?;
        rows.push(row(article, violation, price.reduced));
    }
    if costs.is_positive() {
        rows.push(Row {
            code: "costs".into(),
            label: "Spese di accertamento e notificazione".to_owned(),
            amount: costs,
        });
    }
    let prices = Prices {
        discounted: any_discount.then_some(discounted),
        reduced,
        late,
        costs,
    };
    Ok((prices, rows))
}

fn row(article: &FineArticle, violation: &FineViolation, amount: Cents) -> Row {
    let what = match (article.regime, is_increased(article, violation)) {
        (FineRegime::HighwayCode, false) => "minimo della sanzione",
        (FineRegime::HighwayCode, true) => "minimo della sanzione, di notte: un terzo in più",
        (FineRegime::Administrative, _) => "pagamento in misura ridotta",
    };
    Row {
        code: "violation".into(),
        label: format!("{}, {what}", article.label),
        amount,
    }
}

fn is_increased(article: &FineArticle, violation: &FineViolation) -> bool {
    violation.at_night && article.night_increase
}

/// The prices of one violation, without costs.
fn of_violation(
    article: &FineArticle,
    violation: &FineViolation,
    discount_bp: u32,
) -> Result<Prices, MoneyError> {
    let (times, over) = match is_increased(article, violation) {
        true => (4, 3),
        false => (1, 1),
    };
    let part = |limit: i64, share_bp: u32| {
        let share = i128::from(limit).saturating_mul(i128::from(share_bp));
        let over = i128::from(FULL).saturating_mul(over);
        ratio(share.saturating_mul(times), over)
    };
    match article.regime {
        FineRegime::HighwayCode => {
            // The check of the terms holds that there is a minimum.
            let minimum = article.minimum_cents.unwrap_or(article.maximum_cents);
            let discounted = match discount_bp > 0 && !article.discount_excluded {
                true => Some(part(minimum, FULL.saturating_sub(discount_bp))?),
                false => None,
            };
            Ok(Prices {
                discounted,
                reduced: part(minimum, FULL)?,
                late: Some(part(article.maximum_cents, HALF)?),
                costs: Cents::ZERO,
            })
        }
        FineRegime::Administrative => Ok(Prices {
            discounted: None,
            reduced: administrative(article)?,
            late: None,
            costs: Cents::ZERO,
        }),
    }
}

/// A third of the maximum or twice the minimum, the lower one (L. 689/1981 art. 16 c. 1); or what the
/// Giunta has set (c. 2).
fn administrative(article: &FineArticle) -> Result<Cents, MoneyError> {
    if let Some(set) = article.giunta_cents {
        return Cents::new(set);
    }
    let third = ratio(i128::from(article.maximum_cents), 3)?;
    let Some(minimum) = article.minimum_cents else {
        return Ok(third);
    };
    Ok(third.min(Cents::new(minimum)?.times(2)?))
}

/// Whole semesters from one day to another.
pub(super) fn semesters(from: Day, to: Day) -> u32 {
    let months = |day: Day| {
        let year = i64::from(day.year()).saturating_mul(12);
        year.saturating_add(i64::from(day.month()))
    };
    let between = u32::try_from(months(to).saturating_sub(months(from))).unwrap_or(0);
    let whole = match from.checked_add_months(Months::new(between)) {
        Some(reached) if reached <= to => between,
        Some(_) | None => between.saturating_sub(1),
    };
    whole.checked_div(6).unwrap_or(0)
}

/// The increase of a sanction for semesters of delay (L. 689/1981 art. 27 c. 6): simple, never on costs.
pub(super) fn surcharge(sanction: Cents, bp: u32, semesters: u32) -> Result<Cents, MoneyError> {
    let product = i128::from(sanction.get())
        .saturating_mul(i128::from(bp))
        .saturating_mul(i128::from(semesters));
    ratio(product, i128::from(FULL))
}
