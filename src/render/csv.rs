//! Tables as CSV: columns in a constant order, RFC 4180 or as Italian spreadsheets read it.
//!
//! Text that a spreadsheet would take for a formula is guarded with an apostrophe: names and bank texts
//! are typed by strangers.

use std::fmt::Write as _;

use crate::domain::calendar::{Day, Instant};
use crate::domain::money::Cents;

/// What the cells of a column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Text.
    Text,
    /// An integer.
    Count,
    /// Euro with two decimals in CSV, integer cents in JSON.
    Cents,
    /// Basis points in JSON, per cent with two decimals elsewhere.
    Rate,
    /// A calendar day, ISO.
    Day,
    /// An instant in UTC, ISO.
    Instant,
}

/// A column: its stable name, what people read, what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Header of CSV, key of JSON.
    pub name: &'static str,
    /// What people read, in Italian.
    pub label: &'static str,
    /// What it means, in Italian.
    pub meaning: &'static str,
    /// What the cells hold.
    pub unit: Unit,
    /// Characters that most cells need, for pages and spreadsheets.
    pub width: u8,
}

impl Column {
    /// The column with room for so many characters.
    #[must_use]
    pub const fn wide(self, width: u8) -> Column {
        Column { width, ..self }
    }
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text.
    Text(String),
    /// An integer.
    Count(i64),
    /// An amount.
    Cents(Cents),
    /// A share, basis points.
    Rate(u32),
    /// A calendar day.
    Day(Day),
    /// An instant.
    Instant(Instant),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }
}

/// How CSV is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// Comma, decimal point.
    #[default]
    Rfc4180,
    /// Semicolon, decimal comma, and the mark by which spreadsheets know UTF-8.
    It,
}

impl Dialect {
    fn separator(self) -> char {
        match self {
            Dialect::Rfc4180 => ',',
            Dialect::It => ';',
        }
    }

    fn decimal(self, number: String) -> String {
        match self {
            Dialect::Rfc4180 => number,
            Dialect::It => number.replace('.', ","),
        }
    }
}

/// Writes a table row by row.
#[derive(Debug)]
pub struct Writer {
    dialect: Dialect,
    out: String,
}

impl Writer {
    /// Begins a table with its header.
    #[must_use]
    pub fn new(dialect: Dialect, columns: &[Column]) -> Writer {
        let out = match dialect {
            Dialect::Rfc4180 => String::new(),
            Dialect::It => String::from('\u{feff}'),
        };
        let mut writer = Writer { dialect, out };
        writer.fields(columns.iter().map(|column| column.name.to_owned()));
        writer
    }

    /// Writes one row.
    pub fn row(&mut self, cells: &[Cell]) {
        let dialect = self.dialect;
        self.fields(cells.iter().map(|cell| shown(cell, dialect)));
    }

    /// Takes what has been written since the last time.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out).into_bytes()
    }

    fn fields(&mut self, fields: impl Iterator<Item = String>) {
        let separator = self.dialect.separator();
        for (n, field) in fields.enumerate() {
            if n > 0 {
                self.out.push(separator);
            }
            let special = |c: char| c == separator || matches!(c, '"' | '\r' | '\n');
            if field.contains(special) {
                let _infallible = write!(self.out, "\"{}\"", field.replace('"', "\"\""));
            } else {
                self.out.push_str(&field);
            }
        }
        self.out.push_str("\r\n");
    }
}

fn shown(cell: &Cell, dialect: Dialect) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => guarded(text),
        Cell::Count(n) => n.to_string(),
        Cell::Cents(amount) => dialect.decimal(amount.to_string()),
        Cell::Rate(bp) => dialect.decimal(per_cent(*bp)),
        Cell::Day(day) => day.to_string(),
        Cell::Instant(at) => at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
    }
}

/// Basis points as per cent: `87.50`.
pub(super) fn per_cent(bp: u32) -> String {
    format!("{}.{:02}", bp / 100, bp % 100)
}

/// A spreadsheet runs a cell that begins with one of these, blanks before it included.
fn guarded(text: &str) -> String {
    let formula = text
        .trim_start_matches(' ')
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const COLUMNS: &[Column] = &[
        Column {
            name: "who",
            label: "Chi",
            meaning: "chi",
            unit: Unit::Text,
            width: 20,
        },
        Column {
            name: "amount",
            label: "Importo",
            meaning: "quanto",
            unit: Unit::Cents,
            width: 12,
        },
        Column {
            name: "day",
            label: "Giorno",
            meaning: "quando",
            unit: Unit::Day,
            width: 10,
        },
    ];

    fn cents(n: i64) -> Cell {
        Cell::Cents(Cents::new(n).unwrap())
    }

    fn table(dialect: Dialect, rows: &[[Cell; 3]]) -> String {
        let mut writer = Writer::new(dialect, COLUMNS);
        for row in rows {
            writer.row(row);
        }
        String::from_utf8(writer.take()).unwrap()
    }

    #[test]
    fn both_dialects_write_the_same_cells() {
        let day = Cell::Day("2026-03-02".parse().unwrap());
        let rows = [
            [
                "Rossi, \"Mario\"; figli".into(),
                cents(123_456),
                day.clone(),
            ],
            ["a\nb".into(), cents(-5), Cell::Empty],
        ];
        assert_eq!(
            table(Dialect::Rfc4180, &rows),
            "who,amount,day\r\n\"Rossi, \"\"Mario\"\"; figli\",1234.56,2026-03-02\r\n\"a\nb\",-0.05,\r\n"
        );
        assert_eq!(
            table(Dialect::It, &rows),
            "\u{feff}who;amount;day\r\n\"Rossi, \"\"Mario\"\"; figli\";1234,56;2026-03-02\r\n\"a\nb\";-0,05;\r\n"
        );
    }

    #[test]
    fn text_that_looks_like_a_formula_is_guarded_and_amounts_are_not() {
        for text in ["=1+1", "+39", "-1", "@x", "\tx", "  =cmd"] {
            assert_eq!(guarded(text), format!("'{text}"));
        }
        assert_eq!(guarded("TARI-2026"), "TARI-2026");
        assert!(
            table(Dialect::Rfc4180, &[["x".into(), cents(-1), Cell::Empty]]).contains("x,-0.01,")
        );
    }

    proptest! {
        #[test]
        fn a_reader_gets_back_what_was_written(texts in prop::collection::vec("[ -~\n\ràè;]{1,20}", 1..8)) {
            for (dialect, delimiter) in [(Dialect::Rfc4180, b','), (Dialect::It, b';')] {
                let rows: Vec<[Cell; 3]> =
                    texts.iter().map(|t| [Cell::Text(t.clone()), cents(1), Cell::Empty]).collect();
                let text = table(dialect, &rows);
                let text = text.trim_start_matches('\u{feff}');
                let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
                let back: Vec<String> = reader.records().map(|r| r.unwrap()[0].to_owned()).collect();
                let want: Vec<String> = texts.iter().map(|t| guarded(t)).collect();
                prop_assert_eq!(back, want);
            }
        }
    }
}
