//! The first answers to requests with an idempotency key.

use diesel::prelude::*;
use uuid::Uuid;

use super::schema::idempotency;
use super::types::{At, Id};
use super::{Conn, Error, Inserted, Tx};
use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;

const TABLE: &str = "idempotency";

/// Whose intent it is, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The creditor that the client works for.
    pub creditor: FiscalCode,
    /// The client.
    pub client_id: Uuid,
    /// The operation that is called.
    pub operation: String,
    /// The key that the client chose.
    pub key: String,
}

/// What was answered the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// SHA-256 of the body of the request.
    pub body_hash: [u8; 32],
    /// Status of the answer.
    pub status: u16,
    /// Entity tag of the answer.
    pub etag: Option<String>,
    /// Where the new resource is.
    pub location: Option<String>,
    /// Body of the answer.
    pub body: String,
}

#[derive(Queryable, Insertable, Selectable)]
#[diesel(table_name = idempotency, treat_none_as_default_value = false)]
struct AnsweredRow {
    creditor: String,
    client_id: Id,
    operation: String,
    idempotency_key: String,
    body_hash: Vec<u8>,
    status: i16,
    etag: Option<String>,
    location: Option<String>,
    body: String,
    created_at: At,
}

/// What was answered to an intent.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn find(conn: &mut Conn, intent: &Intent) -> Result<Option<Answered>, Error> {
    let row: Option<AnsweredRow> = on!(conn, |c| idempotency::table
        .find((
            intent.creditor.as_str(),
            Id(intent.client_id),
            intent.operation.as_str(),
            intent.key.as_str(),
        ))
        .get_result(c)
        .optional())?;
    let corrupt = |why: &dyn std::fmt::Display| Error::corrupt(TABLE, &intent.key, why);
    row.map(|row| {
        Ok(Answered {
            body_hash: <[u8; 32]>::try_from(row.body_hash.as_slice()).map_err(|e| corrupt(&e))?,
            status: u16::try_from(row.status).map_err(|e| corrupt(&e))?,
            etag: row.etag,
            location: row.location,
            body: row.body,
        })
    })
    .transpose()
}

/// Stores an answer once: a repeat of the intent finds it there.
///
/// # Errors
/// The database's.
pub fn insert_once(
    tx: &mut Tx<'_>,
    now: Instant,
    intent: &Intent,
    answered: &Answered,
) -> Result<Inserted, Error> {
    let row = AnsweredRow {
        creditor: intent.creditor.to_string(),
        client_id: Id(intent.client_id),
        operation: intent.operation.clone(),
        idempotency_key: intent.key.clone(),
        body_hash: answered.body_hash.to_vec(),
        status: i16::try_from(answered.status)
            .map_err(|why| Error::corrupt(TABLE, &intent.key, why))?,
        etag: answered.etag.clone(),
        location: answered.location.clone(),
        body: answered.body.clone(),
        created_at: At(now),
    };
    let made = on!(&mut **tx, |c| diesel::insert_into(idempotency::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(Inserted::from_count(made))
}

/// Forgets the oldest answers of a creditor that are older than an instant, so many at most (more only
/// when several are of the same microsecond); how many.
///
/// # Errors
/// The database's.
pub fn forget(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    before: Instant,
    most: usize,
) -> Result<usize, Error> {
    let last = i64::try_from(most).unwrap_or(i64::MAX).saturating_sub(1);
    let newest_of_them: Option<At> = on!(&mut **tx, |c| idempotency::table
        .filter(idempotency::creditor.eq(creditor.as_str()))
        .filter(idempotency::created_at.lt(At(before)))
        .order(idempotency::created_at)
        .offset(last)
        .select(idempotency::created_at)
        .first(c)
        .optional())?;
    let old = idempotency::table
        .filter(idempotency::creditor.eq(creditor.as_str()))
        .filter(idempotency::created_at.lt(At(before)));
    let forgotten = match newest_of_them {
        Some(newest) => {
            let batch = old.filter(idempotency::created_at.le(newest));
            on!(&mut **tx, |c| diesel::delete(batch).execute(c))?
        }
        None => on!(&mut **tx, |c| diesel::delete(old).execute(c))?,
    };
    Ok(forgotten)
}
