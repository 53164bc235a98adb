//! What was paid of fines, by article: the highway code binds what the town does with the money (art. 208,
//! art. 142 c. 12-bis).

use crate::domain::money::{Cents, MoneyError, ratio};
use crate::domain::service::fine::{FineDetails, FineRegime};

/// What the law says of the money of an article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FineDestination {
    /// Speeding: all of it is bound, half goes to who owns the road (art. 142 c. 12-bis).
    Speeding,
    /// The rest of the highway code: half of it is bound (art. 208 c. 4).
    HighwayCode,
    /// Regulations, ordinances, other laws, and costs: free.
    Free,
}

impl FineDestination {
    /// The destination of an article of the table of a service, named as `142-8`.
    #[must_use]
    pub fn of(article: &str, regime: FineRegime) -> FineDestination {
        match regime {
            FineRegime::Administrative => FineDestination::Free,
            FineRegime::HighwayCode if article.split('-').next() == Some("142") => {
                FineDestination::Speeding
            }
            FineRegime::HighwayCode => FineDestination::HighwayCode,
        }
    }

    /// The norm, as officers read it.
    #[must_use]
    pub fn norm(self) -> &'static str {
        match self {
            FineDestination::Speeding => "art. 142 c. 12-bis CdS",
            FineDestination::HighwayCode => "art. 208 CdS",
            FineDestination::Free => "",
        }
    }

    /// The part that is bound.
    ///
    /// # Errors
    /// [`MoneyError`].
    pub fn bound(self, amount: Cents) -> Result<Cents, MoneyError> {
        match self {
            FineDestination::Speeding => Ok(amount),
            FineDestination::HighwayCode => amount.share(5_000),
            FineDestination::Free => Ok(Cents::ZERO),
        }
    }
}

/// Splits a payment of a report: first its costs, which are never discounted, then its violations in the
/// proportion of their rows. `None` stands for the costs. The parts are the payment to the cent.
///
/// # Errors
/// [`MoneyError`].
pub fn by_article<'a>(
    details: &'a FineDetails,
    rows: &[(String, Cents)],
    paid: Cents,
) -> Result<Vec<(Option<&'a str>, Cents)>, MoneyError> {
    let costs = Cents::new(details.costs_cents)?.min(paid);
    let fine = paid.minus(costs)?;
    let weights = rows.iter().filter(|(code, _)| code == "violation");
    let weights: Vec<Cents> = weights.map(|(_, amount)| *amount).collect();
    let whole = Cents::sum(weights.iter().copied())?;
    let (mut upto, mut before) = (Cents::ZERO, Cents::ZERO);
    let mut parts = Vec::with_capacity(details.violations.len().saturating_add(1));
    for (violation, weight) in details.violations.iter().zip(weights) {
        upto = upto.plus(weight)?;
        let product = i128::from(fine.get()).checked_mul(upto.get().into());
        let product = product.ok_or(MoneyError::OutOfRange)?;
        let cut = ratio(product, whole.get().max(1).into())?;
        parts.push((Some(violation.article.as_str()), cut.minus(before)?));
        before = cut;
    }
    // Without rows of violations everything is left here.
    let rest = fine.minus(before)?.plus(costs)?;
    if rest != Cents::ZERO {
        parts.push((None, rest));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests;
