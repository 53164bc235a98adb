//! A bank's own list of movements: columns by position, as the caller describes them.
//!
//! Banks agree on nothing but lines. A [`Layout`] says what each position holds; what it does not
//! name is skipped. A line of it becomes a movement without an order: money in is an entry that
//! waits for its flow, money out is outside of what is matched.

use std::io::Read;

use super::columns;
use super::lines::{Lines, Row};
use super::naming::Names;
use super::{
    AMOUNT_CENTS_MAX, Direction, Document, LineError, Movement, Operation, REFERENCE_CHARS_MAX,
    Rule,
};
use crate::wire::text::fit_optional;

/// What one position holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Day of booking.
    Booked,
    /// Day of value.
    Value,
    /// Amount with its sign: below zero is money out.
    Amount,
    /// Money in; empty on lines of money out.
    Credit,
    /// Money out, whatever its sign; empty on lines of money in.
    Debit,
    /// Remittance text. Several are joined by a blank.
    Text,
    /// Who sent the money.
    Payer,
    /// The bank's own reference, unique in the account: the name of the movement.
    Reference,
    /// Number of the provisional document.
    Provisional,
    /// Not read.
    Skip,
}

impl Field {
    /// Its word in a list of columns.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Value => "value",
            Self::Amount => "amount",
            Self::Credit => "credit",
            Self::Debit => "debit",
            Self::Text => "text",
            Self::Payer => "payer",
            Self::Reference => "reference",
            Self::Provisional => "provisional",
            Self::Skip => "skip",
        }
    }

    const ALL: [Self; 10] = [
        Self::Booked,
        Self::Value,
        Self::Amount,
        Self::Credit,
        Self::Debit,
        Self::Text,
        Self::Payer,
        Self::Reference,
        Self::Provisional,
        Self::Skip,
    ];

    /// The field with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == word)
    }
}

/// Which sign stands before the cents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Decimal {
    /// `1.234,56`
    #[default]
    Comma,
    /// `1,234.56`
    Point,
}

/// In which order a date that does not begin with four digits is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dates {
    /// `31/03/2026`, `31.03.26`, `31-03-2026`
    #[default]
    DayFirst,
    /// `03/31/2026`
    MonthFirst,
}

/// How a bank writes its movements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The account the list is of; lines do not say it.
    pub account: String,
    /// Between fields; an ASCII character.
    pub separator: u8,
    /// Lines that stand before the first movement, blank ones not counted.
    pub header_lines: u16,
    /// How amounts are written.
    pub decimal: Decimal,
    /// How dates are written.
    pub dates: Dates,
    /// What each position holds, from the first.
    pub columns: Vec<Field>,
}

/// Why a layout cannot be read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// Without a day nothing can be booked.
    #[error("must name exactly one booked column")]
    Booked,
    /// Neither an amount, nor credit with or without debit.
    #[error("must name one amount column, or one credit column and at most one debit column")]
    Amount,
    /// A field that may stand once stands twice.
    #[error("must name {} once at most", .0.as_str())]
    Twice(Field),
}

impl Layout {
    fn count(&self, field: Field) -> usize {
        self.columns.iter().filter(|one| **one == field).count()
    }

    /// Whether lines can be read by it.
    ///
    /// # Errors
    /// [`LayoutError`].
    pub fn check(&self) -> Result<(), LayoutError> {
        let [amount, credit, debit] =
            [Field::Amount, Field::Credit, Field::Debit].map(|field| self.count(field));
        if self.count(Field::Booked) != 1 {
            return Err(LayoutError::Booked);
        }
        if !matches!((amount, credit, debit), (1, 0, 0) | (0, 1, 0 | 1)) {
            return Err(LayoutError::Amount);
        }
        let once = [
            Field::Value,
            Field::Payer,
            Field::Reference,
            Field::Provisional,
        ];
        match once.into_iter().find(|field| self.count(*field) > 1) {
            Some(field) => Err(LayoutError::Twice(field)),
            None => Ok(()),
        }
    }
}

/// Reads a bank's list one line at a time.
pub(super) struct BankList<R> {
    lines: Lines<R>,
    layout: Layout,
    to_skip: u16,
    names: Names,
}

impl<R: Read> BankList<R> {
    pub(super) fn new(source: R, layout: Layout) -> BankList<R> {
        BankList {
            lines: Lines::new(source, layout.separator),
            to_skip: layout.header_lines,
            layout,
            names: Names::default(),
        }
    }

    pub(super) fn text(&self) -> String {
        self.lines.text()
    }

    fn movement(&mut self, row: &Row) -> Result<Movement, LineError> {
        let one = |field: Field| self.one(row, field);
        let day = |field: Field| {
            let text = one(field)?;
            let form = Rule::Form(
                "a date in the order of the layout",
                "una data nell'ordine indicato",
            );
            text.map(|text| {
                day(text, self.layout.dates).ok_or_else(|| row.error(Some(field.as_str()), form))
            })
            .transpose()
        };
        let missing = |field: Field| row.error(Some(field.as_str()), Rule::Missing);
        let booked_on = day(Field::Booked)?.ok_or_else(|| missing(Field::Booked))?;
        let year = u16::try_from(chrono::Datelike::year(&booked_on)).unwrap_or_default();
        if !(1999..=2099).contains(&year) {
            return Err(row.error(Some(Field::Booked.as_str()), columns::OTHER_YEARS));
        }
        let signed = self.amount(row)?;
        let provisional = one(Field::Provisional)?
            .map(columns::number)
            .transpose()
            .map_err(|rule| row.error(Some(Field::Provisional.as_str()), rule))?;
        let reference =
            one(Field::Reference)?.and_then(|text| fit_optional(text, REFERENCE_CHARS_MAX));
        let (value_on, payer) = (
            day(Field::Value)?,
            one(Field::Payer)?.and_then(columns::free),
        );
        let mut remittance = Vec::new();
        for (index, _) in self.positions(Field::Text) {
            remittance.extend(
                row.field(index, Some(Field::Text.as_str()))?
                    .and_then(columns::free),
            );
        }
        let remittance = remittance.join(" ");
        let number = reference.clone().unwrap_or_else(|| {
            let parts = [
                &booked_on.to_string(),
                &format!("{value_on:?}"),
                &signed.to_string(),
                payer.as_deref().unwrap_or_default(),
                &remittance,
            ];
            self.names.of(&parts)
        });
        let (direction, document) = if signed > 0 {
            (Direction::In, Document::PendingIn)
        } else {
            (Direction::Out, Document::PendingOut)
        };
        Ok(Movement {
            line: row.line,
            year,
            account: self.layout.account.clone(),
            number,
            direction,
            document,
            operation: Operation::Executed,
            provisional,
            amount_cents: signed.saturating_abs(),
            booked_on,
            value_on,
            payer,
            remittance,
            bank_reference: reference,
            order: None,
        })
    }

    fn positions(&self, field: Field) -> impl Iterator<Item = (usize, &Field)> {
        let columns = self.layout.columns.iter().enumerate();
        columns.filter(move |(_, one)| **one == field)
    }

    fn one<'r>(&self, row: &'r Row, field: Field) -> Result<Option<&'r str>, LineError> {
        match self.positions(field).next() {
            Some((index, _)) => row.field(index, Some(field.as_str())),
            None => Ok(None),
        }
    }

    /// Cents, below zero for money out; never zero.
    fn amount(&self, row: &Row) -> Result<i64, LineError> {
        let read = |field: Field| {
            let Some(text) = self.one(row, field)? else {
                return Ok(None);
            };
            let form = Rule::Form(
                "an amount in euro, written as the layout says",
                "un importo in euro, scritto come indicato",
            );
            let cents = signed(text, self.layout.decimal);
            let cents =
                cents.filter(|cents| (-AMOUNT_CENTS_MAX..=AMOUNT_CENTS_MAX).contains(cents));
            let cents = cents.ok_or_else(|| row.error(Some(field.as_str()), form))?;
            Ok(Some(cents).filter(|cents| *cents != 0))
        };
        let (plain, credit, debit) = (
            read(Field::Amount)?,
            read(Field::Credit)?,
            read(Field::Debit)?,
        );
        let found = match (plain, credit, debit) {
            (Some(cents), None, None) => Some(cents),
            (None, Some(cents), None) => Some(cents).filter(|cents| *cents > 0),
            (None, None, Some(cents)) => Some(cents.saturating_abs().saturating_neg()),
            _ => None,
        };
        let rule = Rule::Form(
            "one amount that is not zero",
            "un solo importo diverso da zero",
        );
        let column = if self.count_of(Field::Amount) {
            Field::Amount
        } else {
            Field::Credit
        };
        found.ok_or_else(|| row.error(Some(column.as_str()), rule))
    }

    fn count_of(&self, field: Field) -> bool {
        self.positions(field).next().is_some()
    }
}

impl<R: Read> Iterator for BankList<R> {
    type Item = Result<Movement, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.lines.advance() {
                Ok(Some(row)) if self.to_skip > 0 => {
                    self.to_skip = self.to_skip.saturating_sub(1);
                    if self.movement(&row).is_ok() {
                        return Some(Err(row.error(None, Rule::Heading)));
                    }
                }
                Ok(Some(row)) => return Some(self.movement(&row)),
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// Cents of an amount with an optional sign (before or behind), currency and thousands.
pub(super) fn signed(text: &str, decimal: Decimal) -> Option<i64> {
    let text = text.replace("EUR", "").replace('€', "");
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let (negative, digits) = match (text.strip_prefix('-'), text.strip_suffix('-')) {
        (Some(rest), _) | (None, Some(rest)) => (true, rest),
        (None, None) => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let italian = match decimal {
        Decimal::Comma => digits.to_owned(),
        Decimal::Point => {
            let swap = |c| match c {
                '.' => ',',
                ',' => '.',
                other => other,
            };
            digits.chars().map(swap).collect()
        }
    };
    // Without a decimal sign a dot can only part thousands here: the layout has said so.
    let italian = if italian.contains(',') {
        italian
    } else {
        format!("{italian},00")
    };
    let cents = columns::euro(&italian)?;
    if negative {
        cents.checked_neg()
    } else {
        Some(cents)
    }
}

/// A day with four digits of the year first, or in the order of the layout.
pub(super) fn day(text: &str, order: Dates) -> Option<chrono::NaiveDate> {
    let text = text.split([' ', 'T']).next().unwrap_or(text);
    let mut parts = text.split(['/', '-', '.']);
    let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (year, month, day) = match (a.len(), order) {
        (4, _) => (a, b, c),
        (_, Dates::DayFirst) => (c, b, a),
        (_, Dates::MonthFirst) => (c, a, b),
    };
    let read = |text: &str| crate::wire::amount::digits(text).filter(|_| text.len() <= 4);
    let year = match year.len() {
        4 => read(year)?,
        2 => read(year)?.checked_add(2000)?,
        _ => return None,
    };
    let small = |text: &str| read(text).and_then(|n| u32::try_from(n).ok());
    chrono::NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, small(month)?, small(day)?)
}
