//! Our own layout, with the words of the treasurer's schema.
//!
//! * UTF-8, byte order mark allowed; lines end in LF or CRLF; blank lines are skipped.
//! * Fields are separated by `;` and may be quoted with `"` (doubled inside). A quoted field holds
//!   no line break: a quote left open would otherwise swallow the lines after it unseen.
//! * The first line is the header, exactly [`COLUMNS`] in this order (case and blanks around names
//!   do not matter).
//!
//! | column | content |
//! |---|---|
//! | `esercizio` | financial year, 1999 to 2099 |
//! | `conto` | account (*conto evidenza*), 1 to 25 characters |
//! | `numero_movimento` | up to 18 digits; with year and account, the key of a movement |
//! | `tipo_movimento` | `ENTRATA` or `USCITA` |
//! | `tipo_documento` | `REVERSALE`, `MANDATO`, `SOSPESO ENTRATA`, `SOSPESO USCITA`, `ANTICIPAZIONE`, `GIROCONTO`, `FONDO DI CASSA`, `DEFICIT DI CASSA` |
//! | `tipo_operazione` | `ESEGUITO`, `STORNATO`, `REGOLARIZZATO`, `RIPRISTINATO` |
//! | `numero_provvisorio` | up to 18 digits; mandatory when the document is a *sospeso* |
//! | `importo` | euro above zero: `1.234,56`, `1234,56`, `1234.56` or `1234`; never a sign, because the type of operation says which way the money goes |
//! | `data_movimento` | `2026-03-31` or `31/03/2026` |
//! | `data_valuta` | likewise; may be empty |
//! | `ordinante` | who sent the money; may be empty |
//! | `causale` | remittance text; may be empty |
//!
//! A wrong line is reported with its number, column and rule, and reading goes on with the next.

use std::io::Read;

use super::columns;
use super::lines::{Lines, Row};
use super::{Document, LineError, Movement, Rule};

/// The header, in order.
pub const COLUMNS: [&str; 12] = [
    "esercizio",
    "conto",
    "numero_movimento",
    "tipo_movimento",
    "tipo_documento",
    "tipo_operazione",
    "numero_provvisorio",
    "importo",
    "data_movimento",
    "data_valuta",
    "ordinante",
    "causale",
];

/// Reads movements one at a time; memory does not grow with the file.
pub struct Giornale<R> {
    lines: Lines<R>,
}

impl<R: Read> Giornale<R> {
    /// Checks the header.
    ///
    /// # Errors
    ///
    /// [`LineError`] at the header's line, naming the first column that is not as expected.
    pub fn open(source: R) -> Result<Self, LineError> {
        let mut lines = Lines::new(source, b';');
        let Some(header) = lines.advance()? else {
            return Err(LineError {
                line: 1,
                column: None,
                rule: Rule::NoHeader,
            });
        };
        for (index, expected) in COLUMNS.iter().enumerate() {
            let name = String::from_utf8_lossy(header.record.get(index).unwrap_or_default());
            if !name.trim().eq_ignore_ascii_case(expected) {
                let rule = Rule::Header {
                    position: index.saturating_add(1),
                };
                return Err(header.error(Some(expected), rule));
            }
        }
        let found = header.record.len();
        if found == COLUMNS.len() {
            Ok(Self { lines })
        } else {
            Err(header.error(None, Rule::Fields { found }))
        }
    }

    pub(super) fn text(&self) -> String {
        self.lines.text()
    }
}

impl<R: Read> Iterator for Giornale<R> {
    type Item = Result<Movement, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.lines.advance() {
            Ok(row) => row.map(|row| movement(&row)),
            Err(error) => Some(Err(error)),
        }
    }
}

fn movement(row: &Row) -> Result<Movement, LineError> {
    let found = row.record.len();
    if found != COLUMNS.len() {
        return Err(row.error(None, Rule::Fields { found }));
    }
    let document = required(row, 4, columns::document)?;
    let pending = matches!(document, Document::PendingIn | Document::PendingOut);
    let provisional = optional(row, 6, columns::number)?;
    if pending && provisional.is_none() {
        return Err(row.error(COLUMNS.get(6).copied(), Rule::Missing));
    }
    Ok(Movement {
        line: row.line,
        year: required(row, 0, columns::year)?,
        account: required(row, 1, columns::account)?,
        number: required(row, 2, columns::number)?.to_string(),
        direction: required(row, 3, columns::direction)?,
        document,
        operation: required(row, 5, columns::operation)?,
        provisional,
        amount_cents: required(row, 7, columns::amount)?,
        booked_on: required(row, 8, columns::day)?,
        value_on: optional(row, 9, columns::day)?,
        payer: optional(row, 10, |text| Ok(columns::free(text)))?.flatten(),
        remittance: optional(row, 11, |text| Ok(columns::free(text)))?
            .flatten()
            .unwrap_or_default(),
        bank_reference: None,
        order: None,
    })
}

fn required<T>(
    row: &Row,
    index: usize,
    read: impl Fn(&str) -> Result<T, Rule>,
) -> Result<T, LineError> {
    let value = optional(row, index, read)?;
    value.ok_or_else(|| row.error(COLUMNS.get(index).copied(), Rule::Missing))
}

fn optional<T>(
    row: &Row,
    index: usize,
    read: impl Fn(&str) -> Result<T, Rule>,
) -> Result<Option<T>, LineError> {
    let column = COLUMNS.get(index).copied();
    let text = row.field(index, column)?;
    let value = text.map(|text| read(text).map_err(|rule| row.error(column, rule)));
    value.transpose()
}
