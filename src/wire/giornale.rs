//! The treasurer's cash journal as CSV: one movement per line.
//!
//! The treasurer's own format is the XML *giornale di cassa* of OPI/SIOPE+; this is the layout we
//! ask for when it cannot be had, with the words of that schema.
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

use std::io::{self, BufRead as _, BufReader, Read};

use chrono::NaiveDate;
use csv::ByteRecord;

mod columns;

#[cfg(test)]
mod tests;

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

/// Longest line read, in bytes. Reading stops at a longer one.
pub const LINE_BYTES_MAX: usize = 64 << 10;

/// Largest `importo`, in cents: the schema's 15 digits.
pub const AMOUNT_CENTS_MAX: i64 = 999_999_999_999_999;

/// One movement of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The line it stands on, from 1.
    pub line: u64,
    /// `esercizio`.
    pub year: u16,
    /// `conto`.
    pub account: String,
    /// `numero_movimento`, without leading zeros.
    pub number: i64,
    /// `tipo_movimento`.
    pub direction: Direction,
    /// `tipo_documento`.
    pub document: Document,
    /// `tipo_operazione`.
    pub operation: Operation,
    /// `numero_provvisorio`, without leading zeros; with the year, the key of a *provvisorio*.
    pub provisional: Option<i64>,
    /// `importo`, in cents, above zero.
    pub amount_cents: i64,
    /// `data_movimento`.
    pub booked_on: NaiveDate,
    /// `data_valuta`.
    pub value_on: Option<NaiveDate>,
    /// `ordinante`.
    pub payer: Option<String>,
    /// `causale`; empty when the treasurer gave none.
    pub remittance: String,
}

/// `tipo_movimento`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// `ENTRATA`: money in.
    In,
    /// `USCITA`: money out.
    Out,
}

/// `tipo_documento`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// `REVERSALE`: collection order.
    CollectionOrder,
    /// `MANDATO`: payment order.
    PaymentOrder,
    /// `SOSPESO ENTRATA`: money that came without an order (*provvisorio di entrata*).
    PendingIn,
    /// `SOSPESO USCITA`.
    PendingOut,
    /// `ANTICIPAZIONE`: cash advance.
    Advance,
    /// `GIROCONTO`: transfer between own accounts.
    OwnTransfer,
    /// `FONDO DI CASSA`: opening balance.
    CashFund,
    /// `DEFICIT DI CASSA`.
    CashDeficit,
}

/// `tipo_operazione`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `ESEGUITO`: done.
    Executed,
    /// `STORNATO`: cancelled.
    Reversed,
    /// `REGOLARIZZATO`: a *sospeso* closed by an order.
    Regularised,
    /// `RIPRISTINATO`: a *sospeso* opened again.
    Reinstated,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, {}: {rule}", column.unwrap_or("whole line"))]
pub struct LineError {
    /// From 1, the header included.
    pub line: u64,
    /// The column, when it is about one.
    pub column: Option<&'static str>,
    /// The rule.
    pub rule: Rule,
}

/// The rules a line can break. The texts never quote the line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// Nothing to read.
    #[error("no header")]
    NoHeader,
    /// A wrong name in the header.
    #[error("must be the name of column {position} of the header")]
    Header {
        /// From 1.
        position: usize,
    },
    /// Too few or too many fields.
    #[error("{found} fields, must be 12")]
    Fields {
        /// How many there are.
        found: usize,
    },
    /// Not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// A quoted field that does not end on its line.
    #[error("quote left open")]
    OpenQuote,
    /// An empty field.
    #[error("missing")]
    Missing,
    /// Another form than the column's.
    #[error("must be {0}")]
    Form(&'static str),
    /// More than [`LINE_BYTES_MAX`]; nothing after it was read.
    #[error("longer than {LINE_BYTES_MAX} bytes, reading stopped")]
    TooLong,
    /// The source failed; nothing after it was read.
    #[error("reading stopped: {0}")]
    Unreadable(io::ErrorKind),
}

/// Reads movements one at a time; memory does not grow with the file.
pub struct Giornale<R> {
    source: BufReader<R>,
    bytes: Vec<u8>,
    line: u64,
    stopped: bool,
}

impl<R: Read> Giornale<R> {
    /// Checks the header.
    ///
    /// # Errors
    ///
    /// [`LineError`] at the header's line, naming the first column that is not as expected.
    pub fn open(source: R) -> Result<Self, LineError> {
        let source = BufReader::new(source);
        let mut giornale = Self {
            source,
            bytes: Vec::new(),
            line: 0,
            stopped: false,
        };
        let Some(header) = giornale.advance()? else {
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
            Ok(giornale)
        } else {
            Err(header.error(None, Rule::Fields { found }))
        }
    }

    /// Reads the next line that is not blank.
    fn advance(&mut self) -> Result<Option<Row>, LineError> {
        while !self.stopped {
            self.line = self.line.saturating_add(1);
            if !self.read_line()? {
                break;
            }
            let bytes = self
                .bytes
                .strip_prefix(b"\xEF\xBB\xBF")
                .filter(|_| self.line == 1);
            let bytes = bytes.unwrap_or(&self.bytes);
            if !bytes.iter().all(u8::is_ascii_whitespace) {
                let record = split(bytes).map_err(|rule| self.whole_line(rule))?;
                return Ok(Some(Row {
                    record,
                    line: self.line,
                }));
            }
        }
        self.stopped = true;
        Ok(None)
    }

    /// Reads one line into `self.bytes`, always ended by a line feed; false at the end.
    fn read_line(&mut self) -> Result<bool, LineError> {
        self.bytes.clear();
        let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
        let mut part = self.source.by_ref().take(limit);
        let result = part.read_until(b'\n', &mut self.bytes);
        let rule = match result {
            Ok(0) => return Ok(false),
            Ok(LINE_BYTES_MAX) => Rule::TooLong,
            Ok(_) => {
                if !self.bytes.ends_with(b"\n") {
                    self.bytes.push(b'\n');
                }
                return Ok(true);
            }
            Err(error) => Rule::Unreadable(error.kind()),
        };
        self.stopped = true;
        Err(self.whole_line(rule))
    }

    fn whole_line(&self, rule: Rule) -> LineError {
        LineError {
            line: self.line,
            column: None,
            rule,
        }
    }
}

impl<R: Read> Iterator for Giornale<R> {
    type Item = Result<Movement, LineError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.advance() {
            Ok(row) => row.map(|row| row.movement()),
            Err(error) => Some(Err(error)),
        }
    }
}

/// Splits one line, its line feed included, into fields. A quote left open keeps the line feed in
/// the last field, where it is noticed: read line by line, it cannot swallow the next ones.
fn split(line: &[u8]) -> Result<ByteRecord, Rule> {
    let mut record = ByteRecord::new();
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b';')
        .has_headers(false)
        .flexible(true)
        // A lone carriage return would otherwise end the record and drop what follows it.
        .terminator(csv::Terminator::Any(b'\n'))
        .buffer_capacity(line.len())
        .from_reader(line);
    let read = reader.read_byte_record(&mut record);
    read.map(|_| record)
        .or(Err(Rule::Unreadable(io::ErrorKind::InvalidData)))
}

struct Row {
    record: ByteRecord,
    line: u64,
}

impl Row {
    fn movement(&self) -> Result<Movement, LineError> {
        let found = self.record.len();
        if found != COLUMNS.len() {
            return Err(self.error(None, Rule::Fields { found }));
        }
        let document = self.required(4, columns::document)?;
        let pending = matches!(document, Document::PendingIn | Document::PendingOut);
        let provisional = self.optional(6, columns::number)?;
        if pending && provisional.is_none() {
            return Err(self.error(COLUMNS.get(6).copied(), Rule::Missing));
        }
        Ok(Movement {
            line: self.line,
            year: self.required(0, columns::year)?,
            account: self.required(1, columns::account)?,
            number: self.required(2, columns::number)?,
            direction: self.required(3, columns::direction)?,
            document,
            operation: self.required(5, columns::operation)?,
            provisional,
            amount_cents: self.required(7, columns::amount)?,
            booked_on: self.required(8, columns::day)?,
            value_on: self.optional(9, columns::day)?,
            payer: self.optional(10, |text| Ok(columns::free(text)))?.flatten(),
            remittance: self
                .optional(11, |text| Ok(columns::free(text)))?
                .flatten()
                .unwrap_or_default(),
        })
    }

    fn required<T>(
        &self,
        index: usize,
        read: impl Fn(&str) -> Result<T, Rule>,
    ) -> Result<T, LineError> {
        let value = self.optional(index, read)?;
        value.ok_or_else(|| self.error(COLUMNS.get(index).copied(), Rule::Missing))
    }

    fn optional<T>(
        &self,
        index: usize,
        read: impl Fn(&str) -> Result<T, Rule>,
    ) -> Result<Option<T>, LineError> {
        let column = COLUMNS.get(index).copied();
        let bytes = self.record.get(index).unwrap_or_default();
        let text = std::str::from_utf8(bytes).or(Err(self.error(column, Rule::NotUtf8)))?;
        if text.contains('\n') {
            return Err(self.error(column, Rule::OpenQuote));
        }
        match text.trim() {
            "" => Ok(None),
            text => read(text)
                .map(Some)
                .map_err(|rule| self.error(column, rule)),
        }
    }

    fn error(&self, column: Option<&'static str>, rule: Rule) -> LineError {
        LineError {
            line: self.line,
            column,
            rule,
        }
    }
}
