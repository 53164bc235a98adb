//! Entries, filed once and found by what names them.

use std::collections::BTreeMap;

use diesel::prelude::*;
use uuid::Uuid;

use super::row::{EntryRow, NONE};
use super::{Filed, Filter, matching};
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::treasury::{Direction, DocumentKind, Operation, named_by};
use crate::store::prepared::{among, among_ids};
use crate::store::schema::treasury_entry;
use crate::store::types::Id;
use crate::store::{Conn, Error, Tx};

/// Files the entries whose year, account and number are not taken, and counts them.
///
/// # Errors
/// The database's.
pub fn insert_new(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    entries: &[Filed],
) -> Result<usize, Error> {
    let rows: Vec<EntryRow> = entries
        .iter()
        .map(|filed| EntryRow::from_domain(creditor, filed))
        .collect();
    let made = insert_rows!(tx, &rows, |values| diesel::insert_into(
        treasury_entry::table
    )
    .values(values)
    .on_conflict_do_nothing());
    for filed in entries {
        matching::name_also(tx, creditor, filed.id, &filed.reference)?;
    }
    Ok(made)
}

/// The entry with this year, account and number.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn find(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (year, account, number): (i32, &str, &str),
) -> Result<Option<Filed>, Error> {
    let row: Option<EntryRow> = on!(conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(treasury_entry::year.eq(year))
        .filter(treasury_entry::account.eq(account))
        .filter(treasury_entry::number.eq(number))
        .get_result(c)
        .optional())?;
    row.map(EntryRow::into_domain).transpose()
}

/// The entry with this id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Option<Filed>, Error> {
    let row: Option<EntryRow> = on!(conn, |c| treasury_entry::table
        .find((creditor.as_str(), Id(id)))
        .get_result(c)
        .optional())?;
    row.map(EntryRow::into_domain).transpose()
}

/// One page of entries, in the order they were filed, after the given id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    filter: &Filter,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Filed>, Error> {
    let after = Id(after.unwrap_or_default());
    let rows: Vec<EntryRow> = on!(conn, |c| {
        let mut query = treasury_entry::table
            .filter(treasury_entry::creditor.eq(creditor.as_str()))
            .filter(treasury_entry::id.gt(after))
            .order(treasury_entry::id)
            .limit(limit)
            .into_boxed();
        if let Some(year) = filter.year {
            query = query.filter(treasury_entry::year.eq(year));
        }
        query = match filter.matched {
            Some(true) => query.filter(treasury_entry::matched_key.is_not_null()),
            Some(false) => query.filter(treasury_entry::matched_key.is_null()),
            None => query,
        };
        if let Some(from) = filter.booked_from {
            query = query.filter(treasury_entry::booked_on.ge(from));
        }
        if let Some(to) = filter.booked_to {
            query = query.filter(treasury_entry::booked_on.le(to));
        }
        query.load(c)
    })?;
    rows.into_iter().map(EntryRow::into_domain).collect()
}

/// The entries with these ids, in the order they were filed.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get_all(conn: &mut Conn, creditor: &FiscalCode, ids: &[Uuid]) -> Result<Vec<Filed>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Id> = ids.iter().copied().map(Id).collect();
    let rows: Vec<EntryRow> = on!(conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(among_ids(treasury_entry::id, &ids))
        .order(treasury_entry::id)
        .load(c))?;
    rows.into_iter().map(EntryRow::into_domain).collect()
}

/// Entries with one provisional number, in the order they were filed.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn of_provisional(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (year, provisional): (i32, i64),
) -> Result<Vec<Filed>, Error> {
    let mut found = of_provisionals(conn, creditor, &[provisional])?;
    found.retain(|entry| entry.movement.year == year);
    Ok(found)
}

/// Entries with one of these provisional numbers, of any year, in the order they were filed.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn of_provisionals(
    conn: &mut Conn,
    creditor: &FiscalCode,
    numbers: &[i64],
) -> Result<Vec<Filed>, Error> {
    let rows: Vec<EntryRow> = on!(conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(treasury_entry::provisional.eq_any(numbers))
        .order(treasury_entry::id)
        .load(c))?;
    rows.into_iter().map(EntryRow::into_domain).collect()
}

/// Reversals and restorations with one of these references of the bank, without a provisional document and
/// without a flow or payment of their own.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn followers(
    conn: &mut Conn,
    creditor: &FiscalCode,
    references: &[&str],
) -> Result<Vec<Filed>, Error> {
    if references.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<EntryRow> = on!(conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(among(treasury_entry::bank_reference, references))
        .filter(treasury_entry::provisional.is_null())
        .filter(treasury_entry::reference_kind.eq(NONE))
        .filter(
            treasury_entry::operation
                .eq(Operation::Reversed.as_str())
                .or(treasury_entry::operation.eq(Operation::Restored.as_str()))
        )
        .order(treasury_entry::id)
        .load(c))?;
    rows.into_iter().map(EntryRow::into_domain).collect()
}

/// The entries with this reference of the bank, in the order they were filed.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn of_bank_reference(
    conn: &mut Conn,
    creditor: &FiscalCode,
    reference: &str,
) -> Result<Vec<Filed>, Error> {
    let rows: Vec<EntryRow> = on!(conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(treasury_entry::bank_reference.eq(reference))
        .order(treasury_entry::id)
        .load(c))?;
    rows.into_iter().map(EntryRow::into_domain).collect()
}

/// The entry with this key.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn by_key(conn: &mut Conn, creditor: &FiscalCode, key: &str) -> Result<Option<Filed>, Error> {
    match named_by(key) {
        Some((year, account, number)) => find(conn, creditor, (year, &account, number)),
        None => Ok(None),
    }
}

/// The entries with these keys.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn by_keys(conn: &mut Conn, creditor: &FiscalCode, keys: &[&str]) -> Result<Vec<Filed>, Error> {
    let mut journals: BTreeMap<(i32, String), Vec<&str>> = BTreeMap::new();
    for (year, account, number) in keys.iter().filter_map(|key| named_by(key)) {
        journals.entry((year, account)).or_default().push(number);
    }
    let mut found = Vec::with_capacity(keys.len());
    for ((year, account), numbers) in journals {
        let rows: Vec<EntryRow> = on!(&mut *conn, |c| treasury_entry::table
            .filter(treasury_entry::creditor.eq(creditor.as_str()))
            .filter(treasury_entry::year.eq(year))
            .filter(treasury_entry::account.eq(&account))
            .filter(among(treasury_entry::number, &numbers))
            .load(c))?;
        found.extend(rows);
    }
    found.into_iter().map(EntryRow::into_domain).collect()
}

/// Entries of these days that nothing explains and that no decision holds, by day of booking.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn free_between(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (from, to): (Day, Day),
    limit: i64,
) -> Result<Vec<Filed>, Error> {
    let rows: Vec<EntryRow> = on!(conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(treasury_entry::matched_key.is_null())
        .filter(treasury_entry::matched_iuv.is_null())
        .filter(treasury_entry::held_by.is_null())
        .filter(treasury_entry::direction.eq(Direction::In.as_str()))
        .filter(treasury_entry::document.eq(DocumentKind::PendingCredit.as_str()))
        .filter(treasury_entry::booked_on.ge(from))
        .filter(treasury_entry::booked_on.le(to))
        .order((treasury_entry::booked_on, treasury_entry::id))
        .limit(limit)
        .load(c))?;
    rows.into_iter().map(EntryRow::into_domain).collect()
}
