//! Months of the books. A closed month keeps its figures: what comes later counts in the next one, as an
//! adjustment.

use chrono::{Datelike, Months};

use super::Code;
use crate::domain::calendar::Day;
use crate::domain::money::Cents;

/// A calendar month, known by its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(Day);

impl Month {
    /// The month of a day.
    #[must_use]
    pub fn of(day: Day) -> Month {
        Month(day.with_day(1).unwrap_or(day))
    }

    /// Reads `2026-03`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Month> {
        (text.len() == 7).then_some(())?;
        format!("{text}-01").parse().ok().map(Month)
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(self) -> Day {
        self.0
    }

    /// The month after it.
    #[must_use]
    pub fn next(self) -> Month {
        Month(
            self.0
                .checked_add_months(Months::new(1))
                .unwrap_or(Day::MAX),
        )
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

/// How far the books are closed: a month, and every month before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClosedBooks {
    /// The last month that is closed.
    pub through: Option<Month>,
}

impl ClosedBooks {
    /// The month in whose figures something counts that belongs to a month: the first open one from there.
    #[must_use]
    pub fn counted_in(self, month: Month) -> Month {
        match self.through {
            Some(through) => month.max(through.next()),
            None => month,
        }
    }

    /// Whether a month may be closed on a day: it is over, and it follows the last closed one.
    ///
    /// # Errors
    /// [`PeriodError`].
    pub fn close(self, month: Month, today: Day) -> Result<ClosedBooks, PeriodError> {
        if Month::of(today) <= month {
            return Err(PeriodError::NotOver);
        }
        match self.through {
            Some(through) if month <= through => Err(PeriodError::Closed),
            Some(through) if month > through.next() => Err(PeriodError::Gap(through.next())),
            Some(_) | None => Ok(ClosedBooks {
                through: Some(month),
            }),
        }
    }

    /// Whether a month may be opened again: only the last closed one, so that no closed month follows it.
    ///
    /// # Errors
    /// [`PeriodError`].
    pub fn reopen(self, month: Month) -> Result<(), PeriodError> {
        match self.through {
            Some(through) if month == through => Ok(()),
            Some(through) if month < through => Err(PeriodError::Followed(through)),
            Some(_) | None => Err(PeriodError::Open),
        }
    }
}

/// Why a month cannot be closed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// Facts of it may still come in their normal course.
    #[error("the month is not over")]
    NotOver,
    /// It is closed.
    #[error("the month is closed")]
    Closed,
    /// An earlier month must be closed first.
    #[error("{0} must be closed first")]
    Gap(Month),
    /// It is open.
    #[error("the month is open")]
    Open,
    /// A later month is closed.
    #[error("{0} is closed and must be opened first")]
    Followed(Month),
}

/// What counts in a month under one code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeriodFigure {
    /// Which lines.
    pub kind: super::LineKind,
    /// Their code.
    pub code: Code,
    /// Whether they are about an earlier, closed month.
    pub adjustment: bool,
    /// Lines that came under the code, less those that left it.
    pub count: i64,
    /// Their amounts, likewise.
    pub amount: Cents,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn month(text: &str) -> Month {
        Month::parse(text).unwrap()
    }

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn months_are_read_written_and_followed() {
        assert_eq!(Month::of(day("2026-02-28")), month("2026-02"));
        assert_eq!(month("2026-12").next().to_string(), "2027-01");
        assert!(
            ["2026-13", "2026-1", "26-01", "2026-01-01", ""]
                .iter()
                .all(|t| Month::parse(t).is_none())
        );
    }

    #[test]
    fn months_are_closed_in_order_when_they_are_over_and_opened_from_the_last() {
        let open = ClosedBooks::default();
        let today = day("2026-04-01");
        assert_eq!(
            open.close(month("2026-04"), today),
            Err(PeriodError::NotOver)
        );
        let march = open.close(month("2026-03"), today).unwrap();
        assert_eq!(
            march.close(month("2026-03"), today),
            Err(PeriodError::Closed)
        );
        assert_eq!(
            march.close(month("2026-05"), day("2026-06-30")),
            Err(PeriodError::Gap(month("2026-04")))
        );
        let april = march.close(month("2026-04"), day("2026-05-02")).unwrap();
        assert_eq!(
            april.reopen(month("2026-03")),
            Err(PeriodError::Followed(month("2026-04")))
        );
        assert_eq!(april.reopen(month("2026-04")), Ok(()));
        assert_eq!(april.reopen(month("2026-05")), Err(PeriodError::Open));
    }

    proptest! {
        #[test]
        fn nothing_counts_in_a_closed_month(of in 0u32..48, through in prop::option::of(0u32..48)) {
            let at = |n: u32| Month(Month::of(day("2024-01-01")).0.checked_add_months(Months::new(n)).unwrap());
            let books = ClosedBooks { through: through.map(at) };
            let counted = books.counted_in(at(of));
            prop_assert!(counted >= at(of));
            prop_assert!(through.is_none_or(|through| counted > at(through)));
            prop_assert_eq!(books.counted_in(counted), counted);
        }
    }
}
