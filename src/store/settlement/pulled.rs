//! What was pulled, as it came, and how far the pull has got.

use diesel::prelude::*;
use diesel::upsert::excluded;
use sha2::{Digest, Sha256};

use super::RevisionKey;
use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
use crate::store::schema::{flow_cursor, flow_document};
use crate::store::types::At;
use crate::store::{Conn, Error, Tx};

#[derive(Insertable)]
#[diesel(table_name = flow_document, treat_none_as_default_value = false)]
struct DocumentRow<'a> {
    creditor: &'a str,
    psp_id: &'a str,
    flow_id: &'a str,
    revision: i64,
    part: i32,
    body: &'a [u8],
    sha256: Vec<u8>,
    fetched_at: At,
}

/// Keeps the answers of a revision as they came: part 0 is the head, then the pages of rows. They stand in
/// place of those of an earlier try.
///
/// # Errors
/// The database's.
pub fn insert_documents(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    key: RevisionKey<'_>,
    bodies: &[Vec<u8>],
    now: Instant,
) -> Result<(), Error> {
    let rows: Vec<DocumentRow<'_>> = (0i32..)
        .zip(bodies)
        .map(|(part, body)| DocumentRow {
            creditor: creditor.as_str(),
            psp_id: key.psp_id,
            flow_id: key.flow_id,
            revision: key.revision,
            part,
            body,
            sha256: Sha256::digest(body).to_vec(),
            fetched_at: At(now),
        })
        .collect();
    let earlier = flow_document::table
        .filter(flow_document::creditor.eq(creditor.as_str()))
        .filter(flow_document::psp_id.eq(key.psp_id))
        .filter(flow_document::flow_id.eq(key.flow_id))
        .filter(flow_document::revision.eq(key.revision));
    on!(&mut **tx, |c| diesel::delete(earlier).execute(c))?;
    for row in &rows {
        on!(&mut **tx, |c| diesel::insert_into(flow_document::table)
            .values(row)
            .execute(c))?;
    }
    Ok(())
}

/// The answers of a revision, in order.
///
/// # Errors
/// The database's.
pub fn documents(
    conn: &mut Conn,
    creditor: &FiscalCode,
    key: RevisionKey<'_>,
) -> Result<Vec<Vec<u8>>, Error> {
    Ok(on!(conn, |c| flow_document::table
        .filter(flow_document::creditor.eq(creditor.as_str()))
        .filter(flow_document::psp_id.eq(key.psp_id))
        .filter(flow_document::flow_id.eq(key.flow_id))
        .filter(flow_document::revision.eq(key.revision))
        .order(flow_document::part)
        .select(flow_document::body)
        .load(c))?)
}

/// Up to which publication the flows of a creditor have been pulled.
///
/// # Errors
/// The database's.
pub fn cursor(conn: &mut Conn, creditor: &FiscalCode) -> Result<Option<Instant>, Error> {
    let at: Option<At> = on!(conn, |c| flow_cursor::table
        .find(creditor.as_str())
        .select(flow_cursor::published_at)
        .get_result(c)
        .optional())?;
    Ok(at.map(|at| at.0))
}

/// Moves the cursor.
///
/// # Errors
/// The database's.
pub fn set_cursor(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    published_at: Instant,
    now: Instant,
) -> Result<(), Error> {
    on!(&mut **tx, |c| diesel::insert_into(flow_cursor::table)
        .values((
            flow_cursor::creditor.eq(creditor.as_str()),
            flow_cursor::published_at.eq(At(published_at)),
            flow_cursor::pulled_at.eq(At(now)),
        ))
        .on_conflict(flow_cursor::creditor)
        .do_update()
        .set((
            flow_cursor::published_at.eq(excluded(flow_cursor::published_at)),
            flow_cursor::pulled_at.eq(excluded(flow_cursor::pulled_at)),
        ))
        .execute(c))?;
    Ok(())
}
