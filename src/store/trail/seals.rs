//! The seals over entries of the audit trail.

use diesel::prelude::*;
use uuid::Uuid;

use super::EntryRow;
use crate::domain::client::Tenant;
use crate::domain::trail::{AuditEntry, AuditSeal, SealedEntry};
use crate::store::prepared::among_ids;
use crate::store::schema::{audit_entry, audit_seal};
use crate::store::types::{At, Id};
use crate::store::{Conn, Error, Inserted, Tx};

const SEALS: &str = "audit_seal";
/// Bytes of an id and a digest.
const SEALED_BYTES: usize = 48;

#[derive(Queryable, Insertable)]
#[diesel(table_name = audit_seal, treat_none_as_default_value = false)]
struct SealRow {
    creditor: String,
    number: i64,
    sealed_at: At,
    entry_count: i64,
    first_entry: Id,
    last_entry: Id,
    entries: Vec<u8>,
    previous: Vec<u8>,
    sha256: Vec<u8>,
}

/// The columns of a seal without those it is over.
type HeadRow = (String, i64, At, i64, Id, Id, Vec<u8>, Vec<u8>);

/// The oldest entries without a seal, in order of id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn unsealed(conn: &mut Conn, creditor: &Tenant, most: i64) -> Result<Vec<AuditEntry>, Error> {
    let rows: Vec<EntryRow> = on!(conn, |c| audit_entry::table
        .filter(audit_entry::creditor.eq(creditor.as_str()))
        .filter(audit_entry::seal.is_null())
        .order(audit_entry::id)
        .limit(most)
        .load(c))?;
    rows.into_iter().map(EntryRow::into_domain).collect()
}

/// Writes a seal, and its number to its entries.
///
/// # Errors
/// [`Error::Changed`] when another process has made the seal of this number, or sealed one of these entries,
/// meanwhile: the caller runs again on what is left. Otherwise the database's.
pub fn seal(tx: &mut Tx<'_>, seal: &AuditSeal, entries: &[SealedEntry]) -> Result<(), Error> {
    let changed = || Error::Changed {
        table: SEALS,
        id: seal.number.to_string(),
    };
    let row = SealRow {
        creditor: seal.tenant.to_string(),
        number: seal.number,
        sealed_at: At(seal.sealed_at),
        entry_count: seal.count,
        first_entry: Id(seal.first),
        last_entry: Id(seal.last),
        entries: pack(entries),
        previous: seal.previous.to_vec(),
        sha256: seal.sha256.to_vec(),
    };
    let made = on!(&mut **tx, |c| diesel::insert_into(audit_seal::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(c))?;
    if Inserted::from_count(made).already() {
        return Err(changed());
    }
    let ids: Vec<Id> = entries.iter().map(|entry| Id(entry.id)).collect();
    let these = audit_entry::table
        .filter(audit_entry::creditor.eq(seal.tenant.as_str()))
        .filter(audit_entry::seal.is_null())
        .filter(among_ids(audit_entry::id, &ids));
    let set = audit_entry::seal.eq(Some(seal.number));
    let sealed = on!(&mut **tx, |c| crate::kept!(diesel::update(these).set(set))
        .execute(c))?;
    if sealed == entries.len() {
        Ok(())
    } else {
        Err(changed())
    }
}

/// One page of seals, the newest first, older than the one of this number.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn seals(
    conn: &mut Conn,
    creditor: &Tenant,
    (older_than, limit): (Option<i64>, i64),
) -> Result<Vec<AuditSeal>, Error> {
    let rows: Vec<HeadRow> = on!(conn, |c| audit_seal::table
        .filter(audit_seal::creditor.eq(creditor.as_str()))
        .filter(audit_seal::number.lt(older_than.unwrap_or(i64::MAX)))
        .order(audit_seal::number.desc())
        .limit(limit)
        .select((
            audit_seal::creditor,
            audit_seal::number,
            audit_seal::sealed_at,
            audit_seal::entry_count,
            audit_seal::first_entry,
            audit_seal::last_entry,
            audit_seal::previous,
            audit_seal::sha256,
        ))
        .load(c))?;
    rows.into_iter().map(head).collect()
}

/// The next seal after the one of this number, with what it is over.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn seal_after(
    conn: &mut Conn,
    creditor: &Tenant,
    number: i64,
) -> Result<Option<(AuditSeal, Vec<SealedEntry>)>, Error> {
    let row: Option<SealRow> = on!(conn, |c| audit_seal::table
        .filter(audit_seal::creditor.eq(creditor.as_str()))
        .filter(audit_seal::number.gt(number))
        .order(audit_seal::number)
        .first(c)
        .optional())?;
    let Some(row) = row else {
        return Ok(None);
    };
    let entries =
        unpack(&row.entries).ok_or_else(|| Error::corrupt(SEALS, row.number, "entries"))?;
    let columns = (
        row.creditor,
        row.number,
        row.sealed_at,
        row.entry_count,
        row.first_entry,
        row.last_entry,
        row.previous,
        row.sha256,
    );
    Ok(Some((head(columns)?, entries)))
}

/// The entries that say they are under a seal, in order of id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn under(conn: &mut Conn, creditor: &Tenant, number: i64) -> Result<Vec<AuditEntry>, Error> {
    let rows: Vec<EntryRow> = on!(conn, |c| audit_entry::table
        .filter(audit_entry::creditor.eq(creditor.as_str()))
        .filter(audit_entry::seal.eq(number))
        .order(audit_entry::id)
        .load(c))?;
    rows.into_iter().map(EntryRow::into_domain).collect()
}

/// An entry under a seal with a number between these, both left out: no seal has such a number.
///
/// # Errors
/// The database's.
pub fn under_no_seal(
    conn: &mut Conn,
    creditor: &Tenant,
    (after, before): (i64, i64),
) -> Result<Option<Uuid>, Error> {
    let id: Option<Id> = on!(conn, |c| audit_entry::table
        .filter(audit_entry::creditor.eq(creditor.as_str()))
        .filter(audit_entry::seal.gt(after))
        .filter(audit_entry::seal.lt(before))
        .order((audit_entry::seal, audit_entry::id))
        .select(audit_entry::id)
        .first(c)
        .optional())?;
    Ok(id.map(|id| id.0))
}

fn pack(entries: &[SealedEntry]) -> Vec<u8> {
    let bytes = |entry: &SealedEntry| [entry.id.as_bytes().as_slice(), &entry.sha256].concat();
    entries.iter().flat_map(bytes).collect()
}

fn unpack(bytes: &[u8]) -> Option<Vec<SealedEntry>> {
    let (entries, rest) = bytes.as_chunks::<SEALED_BYTES>();
    let entry = |bytes: &[u8; SEALED_BYTES]| {
        let (id, sha256) = bytes.split_first_chunk::<16>()?;
        Some(SealedEntry {
            id: Uuid::from_bytes(*id),
            sha256: sha256.try_into().ok()?,
        })
    };
    let entries: Option<Vec<SealedEntry>> = entries.iter().map(entry).collect();
    entries.filter(|_| rest.is_empty())
}

fn head(row: HeadRow) -> Result<AuditSeal, Error> {
    let (creditor, number, sealed_at, count, first, last, previous, sha256) = row;
    let corrupt = |why: &str| Error::corrupt(SEALS, number, why);
    let digest = |bytes: Vec<u8>| <[u8; 32]>::try_from(bytes).map_err(|_length| corrupt("digest"));
    Ok(AuditSeal {
        tenant: Tenant::parse(&creditor).ok_or_else(|| corrupt("creditor"))?,
        number,
        sealed_at: sealed_at.0,
        count,
        first: first.0,
        last: last.0,
        previous: digest(previous)?,
        sha256: digest(sha256)?,
    })
}
