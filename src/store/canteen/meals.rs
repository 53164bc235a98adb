//! Many meals at once: each question once for all of them.

use diesel::prelude::*;
use uuid::Uuid;

use super::{AccountRow, MovementRow};
use crate::domain::calendar::Day;
use crate::domain::canteen_account::{CanteenAccount, CreditMovement};
use crate::domain::fiscal_code::FiscalCode;
use crate::store::prepared::{among, among_ids};
use crate::store::schema::{canteen_account, canteen_movement};
use crate::store::types::Id;
use crate::store::{Conn, Error, Tx};

/// The accounts with these ids, held until the transaction ends, in the order of their ids so that two who
/// hold many never wait for each other. SQLite has one writer.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn lock_among(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    ids: &[Uuid],
) -> Result<Vec<CanteenAccount>, Error> {
    let ids: Vec<Id> = ids.iter().copied().map(Id).collect();
    let query = canteen_account::table
        .filter(canteen_account::creditor.eq(creditor.as_str()))
        .filter(among_ids(canteen_account::id, &ids))
        .order(canteen_account::id);
    let rows: Vec<AccountRow> = match &mut **tx {
        Conn::Pg(c) => query.for_update().load(c)?,
        Conn::Lite(c) => query.load(c)?,
    };
    rows.into_iter().map(AccountRow::into_domain).collect()
}

/// The meals of pupils in a span of days that are on file, whichever account paid them.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn meals_on_file(
    conn: &mut Conn,
    creditor: &FiscalCode,
    pupils: &[&str],
    (from, to): (Day, Day),
) -> Result<Vec<CreditMovement>, Error> {
    let rows: Vec<MovementRow> = on!(conn, |c| canteen_movement::table
        .filter(canteen_movement::creditor.eq(creditor.as_str()))
        .filter(among(
            canteen_movement::pupil_tax_code.assume_not_null(),
            pupils
        ))
        .filter(canteen_movement::meal_on.ge(from))
        .filter(canteen_movement::meal_on.le(to))
        .load(c))?;
    rows.into_iter().map(MovementRow::into_domain).collect()
}

/// Appends movements; whether all of them are new. Otherwise the caller rolls back.
///
/// # Errors
/// The database's.
pub fn append_all(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    movements: &[CreditMovement],
) -> Result<bool, Error> {
    let row = |movement| MovementRow::from_domain(creditor, movement);
    let rows: Vec<MovementRow> = movements.iter().map(row).collect();
    let made = insert_rows!(tx, &rows, |values| diesel::insert_into(
        canteen_movement::table
    )
    .values(values)
    .on_conflict_do_nothing());
    Ok(made == rows.len())
}
