//! What a town has recorded, what it has collected of it and when, and what is to be set aside for the rest
//! (*fondo crediti di dubbia esigibilità*, FCDE; D.Lgs. 118/2011, annex 4/2, §3.3 and example 5).

use std::collections::BTreeMap;

use crate::domain::calendar::Day;
use crate::domain::money::{Cents, MoneyError, ratio};

/// Basis points of the whole.
const WHOLE_BP: u32 = 10_000;
/// Financial years that the average looks back on.
pub const LOOK_BACK: i32 = 5;

/// How long ago a debt fell due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DueBucket {
    /// It can still be paid in time.
    NotYet,
    /// Up to 30 days ago.
    Month,
    /// 31 to 90 days ago.
    Quarter,
    /// 91 to 180 days ago.
    HalfYear,
    /// 181 to 365 days ago.
    Year,
    /// More than a year ago, five years of 365 days at most.
    FiveYears,
    /// Earlier: many debts are barred by then (art. 2948 c.c., art. 28 L. 689/1981).
    Older,
    /// Nobody has said when, as for a fine that is not notified yet.
    Undated,
}

names!(DueBucket, {
    DueBucket::NotYet => "non scaduto",
    DueBucket::Month => "1-30",
    DueBucket::Quarter => "31-90",
    DueBucket::HalfYear => "91-180",
    DueBucket::Year => "181-365",
    DueBucket::FiveYears => "366-1825",
    DueBucket::Older => "1826+",
    DueBucket::Undated => "senza scadenza",
});

impl DueBucket {
    /// Where a due day stands, seen from a day.
    #[must_use]
    pub fn of(due_on: Option<Day>, today: Day) -> DueBucket {
        let Some(due_on) = due_on else {
            return DueBucket::Undated;
        };
        match today.signed_duration_since(due_on).num_days() {
            ..=0 => DueBucket::NotYet,
            1..=30 => DueBucket::Month,
            31..=90 => DueBucket::Quarter,
            91..=180 => DueBucket::HalfYear,
            181..=365 => DueBucket::Year,
            366..=1825 => DueBucket::FiveYears,
            _ => DueBucket::Older,
        }
    }
}

/// Claims of one financial year: what was collected of them by when, and what is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Claims {
    /// Collected in the year of the claims (*competenza*).
    pub in_year: Cents,
    /// Collected in the year after (*residui*).
    pub next_year: Cents,
    /// Collected later (*residui*).
    pub later: Cents,
    /// Still open.
    pub open: Cents,
}

impl Claims {
    /// Counts what was collected in a year of what belongs to an earlier one, or to the same. What came
    /// before its year counts in it.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn collect(&mut self, amount: Cents, of_year: i32, in_year: i32) -> Result<(), MoneyError> {
        let sum = match in_year.saturating_sub(of_year) {
            ..=0 => &mut self.in_year,
            1 => &mut self.next_year,
            _ => &mut self.later,
        };
        *sum = sum.plus(amount)?;
        Ok(())
    }

    /// Adds claims.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn plus(self, other: Claims) -> Result<Claims, MoneyError> {
        Ok(Claims {
            in_year: self.in_year.plus(other.in_year)?,
            next_year: self.next_year.plus(other.next_year)?,
            later: self.later.plus(other.later)?,
            open: self.open.plus(other.open)?,
        })
    }

    /// What was collected as *residui*.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn residual(self) -> Result<Cents, MoneyError> {
        self.next_year.plus(self.later)
    }

    /// What was recorded and is not withdrawn: collected or open.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn assessed(self) -> Result<Cents, MoneyError> {
        self.in_year.plus(self.residual()?)?.plus(self.open)
    }

    /// What was collected in its year and the next one: what the average counts.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn prompt(self) -> Result<Cents, MoneyError> {
        self.in_year.plus(self.next_year)
    }
}

/// A part of a whole in basis points, half away from zero; `None` when there is no whole.
///
/// # Errors
/// [`MoneyError::OutOfRange`].
pub fn rate_bp(part: Cents, whole: Cents) -> Result<Option<u32>, MoneyError> {
    if !whole.is_positive() {
        return Ok(None);
    }
    let above = i128::from(part.get()).checked_mul(i128::from(WHOLE_BP));
    let rate = ratio(above.ok_or(MoneyError::OutOfRange)?, whole.get().into())?;
    Ok(u32::try_from(rate.get()).ok())
}

/// How much of its claims a town collects, over the years that are looked back on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Mean of the rates of the years, as they are shown: whoever checks on paper finds the same.
    pub mean_bp: u32,
    /// Rate of the sums of the years.
    pub of_sums_bp: u32,
}

impl Capacity {
    /// Looks back on the five years before `year`, the last one whose collections are known: each has had
    /// the year after in which *residui* are counted. Years without claims do not count; `None` when no year
    /// does.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn before(
        year: i32,
        claims: &BTreeMap<i32, Claims>,
    ) -> Result<Option<Capacity>, MoneyError> {
        let (mut rates, mut years) = (0i128, 0i128);
        let (mut collected, mut assessed) = (Cents::ZERO, Cents::ZERO);
        for (_, claims) in claims.range(year.saturating_sub(LOOK_BACK)..year) {
            let (prompt, whole) = (claims.prompt()?, claims.assessed()?);
            let Some(rate) = rate_bp(prompt, whole)? else {
                continue;
            };
            rates = rates.saturating_add(rate.into());
            years = years.saturating_add(1);
            collected = collected.plus(prompt)?;
            assessed = assessed.plus(whole)?;
        }
        let Some(of_sums_bp) = rate_bp(collected, assessed)? else {
            return Ok(None);
        };
        let mean = ratio(rates, years)?;
        let mean_bp = u32::try_from(mean.get()).map_err(|_negative| MoneyError::OutOfRange)?;
        Ok(Some(Capacity {
            mean_bp,
            of_sums_bp,
        }))
    }
}

/// What a rate of collection leaves: the share of open claims that is set aside.
#[must_use]
pub fn complement(rate_bp: u32) -> u32 {
    WHOLE_BP.saturating_sub(rate_bp)
}

#[cfg(test)]
mod tests;
