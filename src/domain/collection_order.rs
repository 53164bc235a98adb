//! Orders of collection (*reversali*): what the treasurer's provisional credits are made of, by accounting
//! key, and how far the office's orders cover them already (TUEL art. 180).

use crate::domain::money::{Cents, MoneyError};

/// How far orders cover a provisional credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CoverState {
    /// No order yet.
    Open,
    /// Orders for a part of it.
    Partly,
    /// Orders for all of it.
    Covered,
}

names!(CoverState, {
    CoverState::Open => "open",
    CoverState::Partly => "partly",
    CoverState::Covered => "covered",
});

impl CoverState {
    /// How far `covered` goes.
    #[must_use]
    pub fn of(credit: Cents, covered: Cents) -> CoverState {
        if !covered.is_positive() {
            CoverState::Open
        } else if covered < credit {
            CoverState::Partly
        } else {
            CoverState::Covered
        }
    }
}

/// What one order says of one provisional credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderCover {
    /// Financial year of both.
    pub year: i32,
    /// The treasury account of the order's movement.
    pub account: String,
    /// Number of the order's movement.
    pub movement: String,
    /// Number of the order (*reversale*).
    pub order: i64,
    /// Number of the provisional credit.
    pub provisional: i64,
    /// How much of it; negative when the order was taken back.
    pub amount: Cents,
}

/// For each credit, the places of the groups it takes from and how much.
pub type Filled = Vec<Vec<(usize, Cents)>>;

/// Fills credits, in their order, from groups, in theirs: for each credit the groups it takes from and how
/// much. No credit and no group is overdrawn, so that both sides add up to the cent, and one credit for
/// all groups takes them whole. `None` when a group is below zero: that no order can collect.
///
/// # Errors
/// [`MoneyError`].
pub fn fill(credits: &[Cents], groups: &[Cents]) -> Result<Option<Filled>, MoneyError> {
    if groups.iter().any(|group| *group < Cents::ZERO) {
        return Ok(None);
    }
    let mut left = groups.iter().copied().enumerate();
    let mut current = left.next();
    let mut filled = Vec::with_capacity(credits.len());
    for credit in credits {
        let (mut open, mut takes) = (*credit, Vec::new());
        while let Some((at, available)) = current.filter(|_| open.is_positive()) {
            let taken = available.min(open);
            if taken.is_positive() {
                takes.push((at, taken));
            }
            open = open.minus(taken)?;
            let rest = available.minus(taken)?;
            current = if rest.is_positive() {
                Some((at, rest))
            } else {
                left.next()
            };
        }
        filled.push(takes);
    }
    Ok(Some(filled))
}

#[cfg(test)]
mod tests;
