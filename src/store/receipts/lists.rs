//! Receipts for reports: of a period by day and notice, and by their identifiers.

use diesel::prelude::*;

use super::{Filed, ReceiptRow, with_transfers};
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::store::prepared::among;
use crate::store::reports::Period;
use crate::store::schema::receipt;
use crate::store::{Conn, Error};

/// Where a page of receipts ends: day of payment, notice number, receipt id.
pub type ReceiptPlace = (Day, String, String);

/// Where a receipt stands.
#[must_use]
pub fn place(filed: &Filed) -> ReceiptPlace {
    let receipt = &filed.receipt;
    let number = receipt.notice_number.to_string();
    (filed.paid_on, number, receipt.receipt_id.clone())
}

/// Receipts paid in a period, by day, notice and identifier, after the given place.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn of_period(
    conn: &mut Conn,
    creditor: &FiscalCode,
    period: Period,
    (after_day, after_number, after_id): &ReceiptPlace,
    limit: i64,
) -> Result<Vec<Filed>, Error> {
    let after_day = *after_day;
    let rows: Vec<ReceiptRow> = on!(&mut *conn, |c| receipt::table
        .filter(receipt::creditor.eq(creditor.as_str()))
        .filter(receipt::paid_on.ge(period.from.max(after_day)))
        .filter(receipt::paid_on.le(period.to))
        .filter(
            receipt::paid_on
                .gt(after_day)
                .or(receipt::notice_number.gt(after_number))
                .or(receipt::notice_number
                    .eq(after_number)
                    .and(receipt::receipt_id.gt(after_id)))
        )
        .order((
            receipt::paid_on,
            receipt::notice_number,
            receipt::receipt_id
        ))
        .limit(limit)
        .load(c))?;
    with_transfers(conn, rows)
}

/// The receipts with these identifiers.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn with_ids(
    conn: &mut Conn,
    creditor: &FiscalCode,
    receipt_ids: &[&str],
) -> Result<Vec<Filed>, Error> {
    if receipt_ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<ReceiptRow> = on!(&mut *conn, |c| receipt::table
        .filter(receipt::creditor.eq(creditor.as_str()))
        .filter(among(receipt::receipt_id, receipt_ids))
        .order(receipt::receipt_id)
        .load(c))?;
    with_transfers(conn, rows)
}

/// The receipts of these payment references.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn of_iuvs(conn: &mut Conn, creditor: &FiscalCode, iuvs: &[&str]) -> Result<Vec<Filed>, Error> {
    if iuvs.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<ReceiptRow> = on!(&mut *conn, |c| receipt::table
        .filter(receipt::creditor.eq(creditor.as_str()))
        .filter(among(receipt::iuv, iuvs))
        .order((receipt::iuv, receipt::receipt_id))
        .load(c))?;
    with_transfers(conn, rows)
}

/// The receipts of these notices, by notice and identifier.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn of_notices(
    conn: &mut Conn,
    creditor: &FiscalCode,
    numbers: &[&str],
) -> Result<Vec<Filed>, Error> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<ReceiptRow> = on!(&mut *conn, |c| receipt::table
        .filter(receipt::creditor.eq(creditor.as_str()))
        .filter(among(receipt::notice_number, numbers))
        .order((receipt::notice_number, receipt::receipt_id))
        .load(c))?;
    with_transfers(conn, rows)
}
