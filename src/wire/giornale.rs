//! The treasurer's cash journal and the bank's statement, in the formats that offices have:
//!
//! * [`journal_csv`]: our own list, with the words of the treasurer's schema;
//! * [`opi`]: the treasurer's XML, *flusso giornale di cassa* of OPI/SIOPE+;
//! * [`camt`]: the bank's XML, ISO 20022 camt.053;
//! * [`bank_csv`]: any bank's list, its columns described by the caller.
//!
//! All are read one entry at a time, and memory does not grow with the file. An entry that cannot
//! be read is handed out with its text and the rule it breaks, and reading goes on where it can:
//! what a bank says about money is never dropped.

use std::collections::VecDeque;
use std::io::{self, Read};

use chrono::NaiveDate;

pub use bank_csv::{Dates, Decimal, Field, Layout, LayoutError};
pub use charset::{Decoder, decode};
pub use journal_csv::{COLUMNS, Giornale};

mod bank_csv;
mod camt;
mod charset;
mod columns;
mod journal_csv;
mod lines;
mod naming;
mod opi;
pub(in crate::wire) mod xml;

#[cfg(test)]
mod tests;

/// Longest reference of a bank that is kept, in characters.
pub const REFERENCE_CHARS_MAX: usize = 70;

/// Longest line read, in bytes. A longer one is refused, and reading goes on after it.
pub const LINE_BYTES_MAX: usize = 64 << 10;

/// Largest `importo`, in cents: the schema's 15 digits.
pub const AMOUNT_CENTS_MAX: i64 = 999_999_999_999_999;

/// One movement of the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The line it stands on, or the entry of an XML file it stands in, from 1.
    pub line: u64,
    /// `esercizio`.
    pub year: u16,
    /// `conto`.
    pub account: String,
    /// `numero_movimento` without leading zeros, or the bank's reference: unique in year and account.
    pub number: String,
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
    /// The bank's own reference of the transfer (TRN, *codice riferimento operazione*).
    pub bank_reference: Option<String>,
    /// What a collection order says of itself.
    pub order: Option<Order>,
}

/// A collection order (*reversale*) and the provisional credits it covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// `numero_documento`.
    pub number: i64,
    /// `sospeso`: number and amount in cents of each provisional credit.
    pub covers: Vec<(i64, i64)>,
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
    /// Of a list, its line from 1, the header included; of an XML file, the entry from 1.
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
    /// Not well-formed, or with what a statement has no right to hold; nothing after it was read.
    #[error("not well-formed XML, reading stopped")]
    Markup,
    /// A file of another kind.
    #[error("must be a flusso_giornale_di_cassa or a camt.053 statement")]
    NoStatement,
    /// Another form than the column's: the right one, in English and in Italian.
    #[error("must be {0}")]
    Form(&'static str, &'static str),
    /// More than [`LINE_BYTES_MAX`], or an XML entry beyond its bound.
    #[error("too long")]
    TooLong,
    /// An XML tag or text beyond its bound; nothing after it was read.
    #[error("a tag or text that is too long, reading stopped")]
    Endless,
    /// A line that the caller counts among those before the first movement, and that is one.
    #[error("reads as a movement, and is counted among the header lines")]
    Heading,
    /// The source failed; nothing after it was read.
    #[error("reading stopped: {0}")]
    Unreadable(io::ErrorKind),
}

/// An entry that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Where, and why.
    pub error: LineError,
    /// What it says, as it came.
    pub text: String,
}

/// The format of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// Our own list.
    Journal,
    /// A bank's list.
    Bank(Layout),
    /// The treasurer's or the bank's XML; the root tells which.
    Xml,
}

/// Reads the entries of a file, whatever its format.
pub struct Entries<R> {
    format: Format<R>,
    line: u64,
    ready: VecDeque<Movement>,
    stopped: bool,
}

enum Format<R> {
    Journal(Giornale<R>),
    Bank(bank_csv::BankList<R>),
    Opi(xml::Stream<R>, opi::Head),
    Camt(xml::Stream<R>, camt::Head, naming::Names),
}

impl<R: Read> Entries<R> {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// [`LineError`] when it is not of that format at all.
    pub fn open(form: Form, source: R) -> Result<Self, LineError> {
        let format = match form {
            Form::Journal => Format::Journal(Giornale::open(source)?),
            Form::Bank(layout) => Format::Bank(bank_csv::BankList::new(source, layout)),
            Form::Xml => Self::xml(source).map_err(|rule| LineError {
                line: 1,
                column: None,
                rule,
            })?,
        };
        Ok(Self {
            format,
            line: 0,
            ready: VecDeque::new(),
            stopped: false,
        })
    }

    fn xml(source: R) -> Result<Format<R>, Rule> {
        let mut stream = xml::Stream::new(source);
        match stream.root()?.as_str() {
            opi::ROOT => Ok(Format::Opi(stream, opi::Head::default())),
            camt::ROOT if stream.child()? == camt::MESSAGE => Ok(Format::Camt(
                stream,
                camt::Head::default(),
                naming::Names::default(),
            )),
            _ => Err(Rule::NoStatement),
        }
    }

    /// The next entry of an XML file: its movements, or why it has none.
    fn advance(&mut self) -> Option<Result<Vec<Movement>, Refused>> {
        let line = self.line.saturating_add(1);
        let (stream, entry) = match &mut self.format {
            Format::Journal(list) => {
                let read = list.next()?;
                return Some(read.map(|one| vec![one]).map_err(|error| Refused {
                    error,
                    text: list.text(),
                }));
            }
            Format::Bank(list) => {
                let read = list.next()?;
                return Some(read.map(|one| vec![one]).map_err(|error| Refused {
                    error,
                    text: list.text(),
                }));
            }
            Format::Opi(stream, _) => (stream, opi::ENTRY),
            Format::Camt(stream, _, _) => (stream, camt::ENTRY),
        };
        let whole = |rule| LineError {
            line,
            column: None,
            rule,
        };
        match stream.next(&|name| name == entry) {
            Ok(None) => None,
            Err(rule) => {
                self.stopped = true;
                let (error, text) = (whole(rule), String::new());
                Some(Err(Refused { error, text }))
            }
            Ok(Some(xml::Part::Around(path, text))) => {
                match &mut self.format {
                    Format::Opi(_, head) => head.take(&path, text),
                    Format::Camt(_, head, _) => head.take(&path, text),
                    Format::Journal(_) | Format::Bank(_) => {}
                }
                Some(Ok(Vec::new()))
            }
            Ok(Some(xml::Part::Entry(entry, broken))) => {
                self.line = line;
                let read = match (broken, &mut self.format) {
                    (Some(rule), _) => Err(whole(rule)),
                    (None, Format::Opi(_, head)) => {
                        opi::movement(head, &entry, line).map(|one| vec![one])
                    }
                    (None, Format::Camt(_, head, names)) => {
                        camt::movements(head, &entry, line, names)
                    }
                    (None, Format::Journal(_) | Format::Bank(_)) => Ok(Vec::new()),
                };
                Some(read.map_err(|error| {
                    let mut text = String::new();
                    entry.write(&mut text);
                    Refused { error, text }
                }))
            }
        }
    }
}

impl<R: Read> Iterator for Entries<R> {
    type Item = Result<Movement, Refused>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(one) = self.ready.pop_front() {
                return Some(Ok(one));
            }
            if self.stopped {
                return None;
            }
            match self.advance()? {
                Ok(several) => self.ready.extend(several),
                Err(refused) => return Some(Err(refused)),
            }
        }
    }
}
