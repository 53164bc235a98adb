//! Orders of collection (*reversali*): what the treasurer's provisional credits are made of, by accounting
//! key, and how far the office's orders cover them already (TUEL art. 180).

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::findings::Findings;
use crate::domain::money::{Cents, MoneyError};
use crate::domain::service::DetailsError;

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

/// Who says what an order covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Told {
    /// The treasurer's journal.
    Journal,
    /// The office, before the journal does.
    Office,
}

names!(Told, {
    Told::Journal => "journal",
    Told::Office => "office",
});

/// What one order says of one provisional credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderCover {
    /// Financial year of both.
    pub year: i32,
    /// The treasury account of the order's movement.
    pub account: String,
    /// Number of the order's movement; the id of what the office has recorded.
    pub movement: String,
    /// Number of the order (*reversale*).
    pub order: i64,
    /// Number of the provisional credit.
    pub provisional: i64,
    /// How much of it; negative when the order was taken back.
    pub amount: Cents,
    /// Who says so.
    pub told: Told,
}

impl OrderCover {
    /// Whether it is about this credit: financial year, number and treasury account.
    #[must_use]
    pub fn is_of(&self, credit: (i32, i64, &str)) -> bool {
        (self.year, self.provisional, self.account.as_str()) == credit
    }
}

/// What an order covers of a provisional credit after all that was told of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Covering {
    /// Financial year of both.
    pub year: i32,
    /// Number of the provisional credit.
    pub provisional: i64,
    /// The treasury account.
    pub account: String,
    /// Number of the order.
    pub order: i64,
    /// How much of it, above zero.
    pub amount: Cents,
}

/// What orders cover after all that was told of them, by credit and order. Of an order that the journal names,
/// what the office has recorded counts no more; what was taken back covers nothing.
///
/// # Errors
/// [`MoneyError`].
pub fn coverings<'c>(
    told: impl Iterator<Item = &'c OrderCover> + Clone,
) -> Result<Vec<Covering>, MoneyError> {
    let place = |one: &'c OrderCover| (one.year, one.provisional, one.account.as_str(), one.order);
    let journal = told.clone().filter(|one| one.told == Told::Journal);
    let journal: BTreeSet<_> = journal.map(place).collect();
    let mut sums = BTreeMap::new();
    for one in told.filter(|one| one.told == Told::Journal || !journal.contains(&place(one))) {
        let sum = sums.entry(place(one)).or_insert(Cents::ZERO);
        *sum = sum.plus(one.amount)?;
    }
    let covering =
        |((year, provisional, account, order), amount): ((i32, i64, &str, i64), Cents)| Covering {
            year,
            provisional,
            account: account.to_owned(),
            order,
            amount,
        };
    let sums = sums.into_iter().filter(|(_, amount)| amount.is_positive());
    Ok(sums.map(covering).collect())
}

/// What orders cover of one credit (financial year, number, treasury account) after all that was told, and their
/// numbers.
///
/// # Errors
/// [`MoneyError`].
pub fn covered(
    told: &[OrderCover],
    credit: (i32, i64, &str),
) -> Result<(Cents, Vec<i64>), MoneyError> {
    let by_order = coverings(told.iter().filter(|one| one.is_of(credit)))?;
    let sum = Cents::sum(by_order.iter().map(|one| one.amount))?;
    Ok((sum, by_order.into_iter().map(|one| one.order).collect()))
}

/// Every rule that a record of the office breaks, beside what was told of the same credit: the credit must be
/// there, what is taken back must have been recorded, the journal has the last word, and no credit is covered by
/// more than it is worth.
///
/// # Errors
/// The rules, with pointers as `/order_number`.
pub fn check(
    new: &OrderCover,
    credit: Option<Cents>,
    told: &[OrderCover],
) -> Result<(), Vec<DetailsError>> {
    let mut found = Findings::default();
    let Some(credit) = credit.filter(|credit| credit.is_positive()) else {
        found.add(
            "/provisional_number",
            "nessun provvisorio di entrata di questo esercizio e conto ha questo numero",
            "no provisional credit of this year and account has this number",
        );
        return found.result();
    };
    if new.amount == Cents::ZERO {
        found.add("/amount_cents", "non può essere zero", "must not be zero");
        return found.result();
    }
    let of_order = told.iter().filter(|one| one.order == new.order);
    if of_order.clone().any(|one| one.told == Told::Journal) {
        found.add(
            "/order_number",
            "il giornale di cassa riporta già questa reversale per il provvisorio",
            "the journal names this order for the credit already",
        );
        return found.result();
    }
    let recorded = Cents::sum(of_order.map(|one| one.amount)).and_then(|sum| sum.plus(new.amount));
    if !recorded.is_ok_and(|sum| sum >= Cents::ZERO) {
        found.add(
            "/amount_cents",
            "storna più di quanto è stato registrato per questa reversale",
            "takes back more than was recorded of this order",
        );
    }
    let all = told.iter().chain([new]);
    let covered = coverings(all).and_then(|all| Cents::sum(all.iter().map(|one| one.amount)));
    if new.amount.is_positive() && !covered.is_ok_and(|covered| covered <= credit) {
        found.add(
            "/amount_cents",
            format!(
                "le reversali coprirebbero più dei {} euro del provvisorio",
                credit.italian()
            ),
            format!(
                "orders would cover more than the {} euro of the credit",
                credit.italian()
            ),
        );
    }
    found.result()
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
