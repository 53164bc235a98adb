//! Files of the treasurer or the bank: each is known by its digest.

use diesel::prelude::*;
use uuid::Uuid;

use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
use crate::store::schema::treasury_file;
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
