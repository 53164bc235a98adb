//! Files of the treasurer or the bank: each is known by its digest, and what could not be read of it is
//! kept as it came.

use diesel::prelude::*;
use uuid::Uuid;

use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::text::Said;
use crate::store::schema::{treasury_file, treasury_refusal};
use crate::store::types::{At, Id};
use crate::store::{Conn, Error, Inserted, Tx};

/// A file that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File {
    /// UUID version 7.
    pub id: Uuid,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// When it came first.
    pub ingested_at: Instant,
}

/// An entry that could not be filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// UUID version 7.
    pub id: Uuid,
    /// The file it stands in.
    pub file: Uuid,
    /// Its line, or the entry of an XML file, from 1.
    pub line: i64,
    /// What it says, as it came.
    pub text: String,
    /// The rule it breaks.
    pub reason: Said,
    /// When it came.
    pub ingested_at: Instant,
    /// What somebody has done about it.
    pub closing: Option<Closing>,
}

/// What somebody has done about an entry that could not be filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// The client.
    pub client: Uuid,
    /// What was done.
    pub note: String,
    /// The entry that was filed in its place.
    pub entry: Option<Uuid>,
    /// When.
    pub at: Instant,
}

/// How many refusals wait for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenRefusals {
    /// How many.
    pub count: i64,
    /// When the oldest of them came.
    pub oldest: Option<Instant>,
}

impl Refusal {
    /// Whether it is the same of the same line.
    #[must_use]
    pub fn says(&self, other: &Refusal) -> bool {
        (self.line, &self.text, &self.reason.en) == (other.line, &other.text, &other.reason.en)
    }
}

/// Remembers a file once: its digest names it.
///
/// # Errors
/// The database's.
pub fn insert_once(tx: &mut Tx<'_>, creditor: &FiscalCode, file: &File) -> Result<Inserted, Error> {
    let made = on!(&mut **tx, |c| diesel::insert_into(treasury_file::table)
        .values((
            treasury_file::creditor.eq(creditor.as_str()),
            treasury_file::sha256.eq(file.sha256.as_slice()),
            treasury_file::id.eq(Id(file.id)),
            treasury_file::ingested_at.eq(At(file.ingested_at)),
        ))
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(Inserted::from_count(made))
}

/// The file with this digest.
///
/// # Errors
/// The database's.
pub fn find(
    conn: &mut Conn,
    creditor: &FiscalCode,
    sha256: [u8; 32],
) -> Result<Option<File>, Error> {
    let row: Option<(Id, At)> = on!(conn, |c| treasury_file::table
        .find((creditor.as_str(), sha256.as_slice()))
        .select((treasury_file::id, treasury_file::ingested_at))
        .get_result(c)
        .optional())?;
    Ok(row.map(|(id, at)| File {
        id: id.0,
        sha256,
        ingested_at: at.0,
    }))
}

/// Rows of one insert: within the variables that SQLite binds.
const ROWS: usize = 500;

/// Keeps what could not be filed.
///
/// # Errors
/// The database's.
pub fn keep(tx: &mut Tx<'_>, creditor: &FiscalCode, refusals: &[Refusal]) -> Result<(), Error> {
    for some in refusals.chunks(ROWS) {
        let rows: Vec<_> = some
            .iter()
            .map(|one| {
                (
                    treasury_refusal::creditor.eq(creditor.as_str()),
                    treasury_refusal::id.eq(Id(one.id)),
                    treasury_refusal::file.eq(Id(one.file)),
                    treasury_refusal::line.eq(one.line),
                    treasury_refusal::remittance.eq(one.text.as_str()),
                    treasury_refusal::reason.eq(one.reason.en.as_str()),
                    treasury_refusal::ingested_at.eq(At(one.ingested_at)),
                    treasury_refusal::reason_it.eq(one.reason.it.as_str()),
                )
            })
            .collect();
        on!(&mut **tx, |c| diesel::insert_into(treasury_refusal::table)
            .values(&rows)
            .execute(c))?;
    }
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = treasury_refusal)]
struct RefusalRow {
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

impl RefusalRow {
    fn into_domain(self) -> Refusal {
        let (reason, closed) = (self.reason, self.closed_at.zip(self.closed_by));
        let note = self.closed_note.unwrap_or_default();
        Refusal {
            id: self.id.0,
            file: self.file.0,
            line: self.line,
            text: self.remittance,
            reason: Said::new(self.reason_it.unwrap_or_else(|| reason.clone()), reason),
            ingested_at: self.ingested_at.0,
            closing: closed.map(|(at, by)| Closing {
                client: by.0,
                note,
                entry: self.closed_entry.map(|id| id.0),
                at: at.0,
            }),
        }
    }
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
) -> Result<Vec<Refusal>, Error> {
    let rows: Vec<RefusalRow> = on!(conn, |c| treasury_refusal::table
        .filter(treasury_refusal::creditor.eq(creditor.as_str()))
        .filter(treasury_refusal::file.eq(Id(file)))
        .filter(treasury_refusal::line.ge(first))
        .filter(treasury_refusal::line.le(last))
        .select(RefusalRow::as_select())
        .load(c))?;
    Ok(rows.into_iter().map(RefusalRow::into_domain).collect())
}

/// One entry that could not be filed.
///
/// # Errors
/// The database's.
pub fn refusal(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Option<Refusal>, Error> {
    let row: Option<RefusalRow> = on!(conn, |c| treasury_refusal::table
        .find((creditor.as_str(), Id(id)))
        .select(RefusalRow::as_select())
        .get_result(c)
        .optional())?;
    Ok(row.map(RefusalRow::into_domain))
}

/// One page of what could not be filed, in the order it came, after the given id; what waits for somebody, or
/// what does not, when asked.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    open: Option<bool>,
    (after, limit): (Option<Uuid>, i64),
) -> Result<Vec<Refusal>, Error> {
    let rows: Vec<RefusalRow> = on!(conn, |c| {
        let mut query = treasury_refusal::table
            .filter(treasury_refusal::creditor.eq(creditor.as_str()))
            .filter(treasury_refusal::id.gt(Id(after.unwrap_or_default())))
            .order(treasury_refusal::id)
            .limit(limit)
            .select(RefusalRow::as_select())
            .into_boxed();
        match open {
            Some(true) => query = query.filter(treasury_refusal::closed_at.is_null()),
            Some(false) => query = query.filter(treasury_refusal::closed_at.is_not_null()),
            None => {}
        }
        query.load(c)
    })?;
    Ok(rows.into_iter().map(RefusalRow::into_domain).collect())
}

/// Writes down what somebody has done about a refusal; nothing when somebody had.
///
/// # Errors
/// The database's.
pub fn close(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    id: Uuid,
    closing: &Closing,
) -> Result<Inserted, Error> {
    let open = treasury_refusal::table
        .filter(treasury_refusal::creditor.eq(creditor.as_str()))
        .filter(treasury_refusal::id.eq(Id(id)))
        .filter(treasury_refusal::closed_at.is_null());
    let set = (
        treasury_refusal::closed_at.eq(Some(At(closing.at))),
        treasury_refusal::closed_by.eq(Some(Id(closing.client))),
        treasury_refusal::closed_note.eq(Some(closing.note.as_str())),
        treasury_refusal::closed_entry.eq(closing.entry.map(Id)),
    );
    let made = on!(&mut **tx, |c| diesel::update(open).set(set).execute(c))?;
    Ok(Inserted::from_count(made))
}

/// How many refusals wait for somebody.
///
/// # Errors
/// The database's.
pub fn open(conn: &mut Conn, creditor: &FiscalCode) -> Result<OpenRefusals, Error> {
    let waiting = || {
        treasury_refusal::table
            .filter(treasury_refusal::creditor.eq(creditor.as_str()))
            .filter(treasury_refusal::closed_at.is_null())
    };
    let count: i64 = on!(conn, |c| waiting().count().get_result(c))?;
    let oldest: Option<At> = on!(conn, |c| waiting()
        .order(treasury_refusal::id)
        .select(treasury_refusal::ingested_at)
        .first(c)
        .optional())?;
    Ok(OpenRefusals {
        count,
        oldest: oldest.map(|at| at.0),
    })
}
