//! Money that was not owed and that the creditor keeps: no longer owed back, as long as the decision holds.

use diesel::prelude::*;

use crate::domain::fiscal_code::FiscalCode;
use crate::store::schema::receipt_transfer as part;
use crate::store::{Error, Tx};

/// What goes back of a part of a receipt is kept.
///
/// # Errors
/// The database's.
pub fn keep(tx: &mut Tx<'_>, creditor: &FiscalCode, place: (&str, u8)) -> Result<(), Error> {
    let set = (
        part::kept_cents.eq(part::kept_cents + part::owed_back_cents),
        part::owed_back_cents.eq(0),
    );
    let of = part::table.find(key(creditor, place));
    on!(&mut **tx, |c| diesel::update(of).set(set).execute(c))?;
    Ok(())
}

/// What was kept of a part of a receipt goes back again.
///
/// # Errors
/// The database's.
pub fn owe(tx: &mut Tx<'_>, creditor: &FiscalCode, place: (&str, u8)) -> Result<(), Error> {
    let set = (
        part::owed_back_cents.eq(part::owed_back_cents + part::kept_cents),
        part::kept_cents.eq(0),
    );
    let of = part::table.find(key(creditor, place));
    on!(&mut **tx, |c| diesel::update(of).set(set).execute(c))?;
    Ok(())
}

fn key<'a>(
    creditor: &'a FiscalCode,
    (receipt_id, index): (&'a str, u8),
) -> (&'a str, &'a str, i16) {
    (creditor.as_str(), receipt_id, index.into())
}
