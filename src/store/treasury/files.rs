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

type Found = (Id, Id, i64, String, String, At, Option<String>);

/// What could not be filed of one file.
///
/// # Errors
/// The database's.
pub fn of_file(conn: &mut Conn, creditor: &FiscalCode, file: Uuid) -> Result<Vec<Refusal>, Error> {
    let rows: Vec<Found> = on!(conn, |c| treasury_refusal::table
        .filter(treasury_refusal::creditor.eq(creditor.as_str()))
        .filter(treasury_refusal::file.eq(Id(file)))
        .select(COLUMNS)
        .load(c))?;
    Ok(rows.into_iter().map(refusal).collect())
}

/// One page of what could not be filed, in the order it came, after the given id.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (after, limit): (Option<Uuid>, i64),
) -> Result<Vec<Refusal>, Error> {
    let rows: Vec<Found> = on!(conn, |c| treasury_refusal::table
        .filter(treasury_refusal::creditor.eq(creditor.as_str()))
        .filter(treasury_refusal::id.gt(Id(after.unwrap_or_default())))
        .order(treasury_refusal::id)
        .limit(limit)
        .select(COLUMNS)
        .load(c))?;
    Ok(rows.into_iter().map(refusal).collect())
}

fn refusal((id, file, line, text, reason, at, reason_it): Found) -> Refusal {
    Refusal {
        id: id.0,
        file: file.0,
        line,
        text,
        reason: Said::new(reason_it.unwrap_or_else(|| reason.clone()), reason),
        ingested_at: at.0,
    }
}

/// What is read of a refusal, in the order of [`Found`].
const COLUMNS: (
    treasury_refusal::id,
    treasury_refusal::file,
    treasury_refusal::line,
    treasury_refusal::remittance,
    treasury_refusal::reason,
    treasury_refusal::ingested_at,
    treasury_refusal::reason_it,
) = (
    treasury_refusal::id,
    treasury_refusal::file,
    treasury_refusal::line,
    treasury_refusal::remittance,
    treasury_refusal::reason,
    treasury_refusal::ingested_at,
    treasury_refusal::reason_it,
);
