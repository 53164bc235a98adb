//! What cannot be read of files, kept as it came.

use diesel::prelude::*;
use uuid::Uuid;

use crate::domain::fiscal_code::FiscalCode;
use crate::domain::text::Said;
use crate::store::refusals::{Closing, OpenRefusals, Refusal};
use crate::store::schema::treasury_refusal;
use crate::store::types::{At, Id};
use crate::store::{Conn, Error, Inserted, Tx};

/// Where something stands that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Uuid,
    /// Its line, or the entry of an XML file, from 1.
    pub line: i64,
}

impl Refusal<Place> {
    /// Whether it is the same of the same line.
    #[must_use]
    pub fn says(&self, other: &Refusal<Place>) -> bool {
        (self.place.line, &self.text, &self.reason.en)
            == (other.place.line, &other.text, &other.reason.en)
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = treasury_refusal, treat_none_as_default_value = false)]
struct Row {
    creditor: String,
    id: Id,
    file: Id,
    line: i64,
    remittance: String,
    reason: String,
    ingested_at: At,
    reason_it: Option<String>,
    closed_at: Option<At>,
    closed_by: Option<Id>,
    closed_note: Option<String>,
    closed_entry: Option<Id>,
}

#[derive(AsChangeset)]
#[diesel(table_name = treasury_refusal, treat_none_as_null = true)]
struct Closed<'a> {
    closed_at: Option<At>,
    closed_by: Option<Id>,
    closed_note: Option<&'a str>,
    closed_entry: Option<Id>,
}

impl Closed<'_> {
    fn of(closing: &Closing) -> Closed<'_> {
        Closed {
            closed_at: Some(At(closing.at)),
            closed_by: closing.client.map(Id),
            closed_note: Some(&closing.note),
            closed_entry: closing.entry.map(Id),
        }
    }
}

impl Row {
    fn from_domain(creditor: &FiscalCode, one: &Refusal<Place>) -> Row {
        let closing = one.closing.as_ref();
        Row {
            creditor: creditor.to_string(),
            id: Id(one.id),
            file: Id(one.place.file),
            line: one.place.line,
            remittance: one.text.clone(),
            reason: one.reason.en.clone(),
            ingested_at: At(one.came_at),
            reason_it: Some(one.reason.it.clone()),
            closed_at: closing.map(|closing| At(closing.at)),
            closed_by: closing.and_then(|closing| closing.client).map(Id),
            closed_note: closing.map(|closing| closing.note.clone()),
            closed_entry: closing.and_then(|closing| closing.entry).map(Id),
        }
    }

    /// A row is never corrupt: all of it is text and numbers.
    #[expect(clippy::unnecessary_wraps, reason = "as the rows of the other list")]
    fn into_domain(self) -> Result<Refusal<Place>, Error> {
        let reason = self.reason;
        let (client, note, entry) = (self.closed_by, self.closed_note, self.closed_entry);
        Ok(Refusal {
            id: self.id.0,
            place: Place {
                file: self.file.0,
                line: self.line,
            },
            text: self.remittance,
            reason: Said::new(self.reason_it.unwrap_or_else(|| reason.clone()), reason),
            came_at: self.ingested_at.0,
            closing: self.closed_at.map(|at| Closing {
                client: client.map(|id| id.0),
                note: note.unwrap_or_default(),
                entry: entry.map(|id| id.0),
                at: at.0,
            }),
        })
    }
}

/// Keeps what could not be filed.
///
/// # Errors
/// The database's.
pub fn insert(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    refusals: &[Refusal<Place>],
) -> Result<(), Error> {
    let rows: Vec<Row> = refusals
        .iter()
        .map(|one| Row::from_domain(creditor, one))
        .collect();
    append_rows!(tx, treasury_refusal::table, &rows);
    Ok(())
}

/// What could not be filed of some lines of one file, from the first to the last.
///
/// # Errors
/// The database's.
pub fn of_file(
    conn: &mut Conn,
    creditor: &FiscalCode,
    file: Uuid,
    (first, last): (i64, i64),
) -> Result<Vec<Refusal<Place>>, Error> {
    let rows: Vec<Row> = on!(conn, |c| treasury_refusal::table
        .filter(treasury_refusal::creditor.eq(creditor.as_str()))
        .filter(treasury_refusal::file.eq(Id(file)))
        .filter(treasury_refusal::line.ge(first))
        .filter(treasury_refusal::line.le(last))
        .select(Row::as_select())
        .load(c))?;
    rows.into_iter().map(Row::into_domain).collect()
}

refusal_list!(treasury_refusal, Row, Place, ingested_at, Closed::of);
