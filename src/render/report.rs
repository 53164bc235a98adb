//! A report in every format: one head, rows that come one by one, totals at the end.
//!
//! Whatever the format, the rows have one digest: SHA-256 over their lines as JSON Lines writes them, line
//! feeds included. Two files of one report can be told to hold the same rows without being compared.

mod chart;
mod json;
mod pdf;
mod xlsx;

use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

use super::csv::{self, Cell, Column, Dialect};
use super::pdf::RenderError;
use crate::domain::calendar::{Day, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::{Cents, MoneyError};

pub use chart::Chart;
pub use pdf::ROWS_MAX as PDF_ROWS_MAX;

/// The formats there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One document: head, rows as texts, totals.
    Json,
    /// One object a line, then one with the totals.
    JsonLines,
    /// Rows only, for other programs.
    Csv(Dialect),
    /// A spreadsheet: typed cells, and the totals on a sheet of their own.
    Xlsx,
    /// To print: PDF/A-2a and PDF/UA-1.
    Pdf,
}

/// What a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its name in addresses.
    pub name: &'static str,
    /// What people call it, in Italian.
    pub title: &'static str,
    /// The creditor it is about.
    pub creditor: FiscalCode,
    /// Its name.
    pub creditor_name: String,
    /// What it is narrowed to: label and value, in Italian.
    pub filters: Vec<(&'static str, String)>,
    /// First and last day.
    pub period: (Day, Day),
    /// When it was made.
    pub made_at: Instant,
    /// Its columns.
    pub columns: &'static [Column],
    /// What is drawn of it where something can be drawn.
    pub chart: Option<Chart>,
}

impl Head {
    /// The creditor as people read it.
    fn body(&self) -> String {
        if self.creditor_name.is_empty() {
            return self.creditor.to_string();
        }
        format!("{} ({})", self.creditor_name, self.creditor)
    }
}

/// A total that can be checked against another book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlTotal {
    /// What is counted, in Italian.
    pub label: &'static str,
    /// How many.
    pub count: i64,
    /// How much.
    pub amount: Cents,
}

/// What a report says of itself at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trailer {
    /// How many rows it has.
    pub rows: i64,
    /// SHA-256 of the rows, in hexadecimal digits.
    pub rows_sha256: String,
    /// Totals.
    pub control_totals: Vec<ControlTotal>,
}

/// Why a report could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// More rows than anybody would print.
    #[error("more than {PDF_ROWS_MAX} rows cannot be printed")]
    TooLong,
    /// The file could not be written.
    #[error("the report cannot be written: {0}")]
    Io(#[from] io::Error),
    /// The spreadsheet could not be made.
    #[error("the spreadsheet cannot be written: {0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
    /// A sum overflows.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The print could not be made.
    #[error(transparent)]
    Pdf(#[from] RenderError),
}

/// A report being written. Nothing but the row at hand is in memory, the print excepted, which is short.
pub struct Report<'a> {
    head: &'a Head,
    out: &'a mut (dyn Write + Send),
    body: Body,
    line: String,
    digest: Sha256,
    rows: i64,
    sums: Option<chart::Sums>,
}

enum Body {
    Json,
    JsonLines,
    Csv(csv::Writer),
    Xlsx(Box<xlsx::Book>),
    Pdf(Vec<Vec<String>>),
}

impl<'a> Report<'a> {
    /// Begins a report.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn begin(
        form: Form,
        head: &'a Head,
        out: &'a mut (dyn Write + Send),
    ) -> Result<Report<'a>, WriteError> {
        let body = match form {
            Form::Json => {
                out.write_all(json::head(head).as_bytes())?;
                Body::Json
            }
            Form::JsonLines => Body::JsonLines,
            Form::Csv(dialect) => Body::Csv(csv::Writer::new(dialect, head.columns)),
            Form::Xlsx => Body::Xlsx(Box::new(xlsx::Book::new(head)?)),
            Form::Pdf => Body::Pdf(Vec::new()),
        };
        Ok(Report {
            head,
            out,
            body,
            line: String::new(),
            digest: Sha256::new(),
            rows: 0,
            sums: head
                .chart
                .as_ref()
                .and_then(|chart| chart::Sums::of(chart, head.columns)),
        })
    }

    /// Writes a row, one cell for each column. After a failure the report has no end.
    ///
    /// # Errors
    /// [`WriteError`], as when it is one row too many.
    pub fn row(&mut self, cells: &[Cell]) -> Result<(), WriteError> {
        self.line.clear();
        json::line(self.head.columns, cells, &mut self.line);
        self.digest.update(self.line.as_bytes());
        match &mut self.body {
            Body::Json => self
                .out
                .write_all(json::row(cells, self.rows == 0).as_bytes())?,
            Body::JsonLines => self.out.write_all(self.line.as_bytes())?,
            Body::Csv(writer) => {
                writer.row(cells);
                self.out.write_all(&writer.take())?;
            }
            Body::Xlsx(book) => book.row(self.head, cells)?,
            Body::Pdf(rows) if rows.len() >= PDF_ROWS_MAX => return Err(WriteError::TooLong),
            Body::Pdf(rows) => rows.push(cells.iter().map(pdf::shown).collect()),
        }
        if let Some(sums) = &mut self.sums {
            sums.add(cells)?;
        }
        self.rows = self.rows.saturating_add(1);
        Ok(())
    }

    /// Ends the report with its totals.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn finish(self, control_totals: Vec<ControlTotal>) -> Result<Trailer, WriteError> {
        let digest: [u8; 32] = self.digest.finalize().into();
        let trailer = Trailer {
            rows: self.rows,
            rows_sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            control_totals,
        };
        let pivot = self.sums.as_ref().map(chart::Sums::pivot).transpose()?;
        let pivot = pivot.as_ref();
        match self.body {
            Body::Json => self.out.write_all(json::tail(&trailer).as_bytes())?,
            Body::JsonLines => self.out.write_all(json::last_line(&trailer).as_bytes())?,
            Body::Csv(mut writer) => self.out.write_all(&writer.take())?,
            Body::Xlsx(book) => book.finish((self.head, &trailer, pivot), &mut *self.out)?,
            Body::Pdf(rows) => {
                let print = pdf::print(self.head, &rows, (&trailer, pivot))?;
                self.out.write_all(&print)?;
            }
        }
        self.out.flush()?;
        Ok(trailer)
    }
}

#[cfg(test)]
mod tests;
