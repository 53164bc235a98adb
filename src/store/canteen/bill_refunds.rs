//! What was paid back of canteen bills that had been paid.

use diesel::prelude::*;

use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::school_expense::BillRefund;
use crate::domain::text::Text;
use crate::store::reports::Period;
use crate::store::schema::canteen_bill_refund;
use crate::store::types::{At, Id};
use crate::store::{Conn, Error, Tx};

const TABLE: &str = "canteen_bill_refund";

#[derive(Queryable, Insertable)]
#[diesel(table_name = canteen_bill_refund, treat_none_as_default_value = false)]
struct RefundRow {
    creditor: String,
    receipt_id: String,
    id: Id,
    pupil_tax_code: String,
    payee_tax_code: String,
    amount_cents: i64,
    paid_on: crate::domain::calendar::Day,
    note: Option<String>,
    at: At,
}

/// Writes a refund down.
///
/// # Errors
/// The database's.
pub fn insert_bill_refund(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    refund: &BillRefund,
    now: Instant,
) -> Result<(), Error> {
    let row = RefundRow {
        creditor: creditor.to_string(),
        receipt_id: refund.receipt_id.clone(),
        id: Id(refund.id),
        pupil_tax_code: refund.pupil_tax_code.clone(),
        payee_tax_code: refund.payee.to_string(),
        amount_cents: refund.amount.get(),
        paid_on: refund.paid_on,
        note: refund.note.as_ref().map(ToString::to_string),
        at: At(now),
    };
    on!(&mut **tx, |c| diesel::insert_into(
        canteen_bill_refund::table
    )
    .values(&row)
    .execute(c))?;
    Ok(())
}

/// The refunds of a receipt, oldest first.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn bill_refunds_of(
    conn: &mut Conn,
    creditor: &FiscalCode,
    receipt_id: &str,
) -> Result<Vec<BillRefund>, Error> {
    let rows: Vec<RefundRow> = on!(conn, |c| canteen_bill_refund::table
        .filter(canteen_bill_refund::creditor.eq(creditor.as_str()))
        .filter(canteen_bill_refund::receipt_id.eq(receipt_id))
        .order(canteen_bill_refund::id)
        .load(c))?;
    rows.into_iter().map(RefundRow::into_domain).collect()
}

/// The refunds that were paid in a period.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn bill_refunds(
    conn: &mut Conn,
    creditor: &FiscalCode,
    period: Period,
) -> Result<Vec<BillRefund>, Error> {
    let rows: Vec<RefundRow> = on!(conn, |c| canteen_bill_refund::table
        .filter(canteen_bill_refund::creditor.eq(creditor.as_str()))
        .filter(canteen_bill_refund::paid_on.between(period.from, period.to))
        .order((canteen_bill_refund::receipt_id, canteen_bill_refund::id))
        .load(c))?;
    rows.into_iter().map(RefundRow::into_domain).collect()
}

impl RefundRow {
    fn into_domain(self) -> Result<BillRefund, Error> {
        let id = self.id.0;
        let corrupt = |why: &dyn std::fmt::Display| Error::corrupt(TABLE, id, why);
        let note = self.note.map(|note| Text::parse(&note)).transpose();
        Ok(BillRefund {
            id,
            receipt_id: self.receipt_id,
            pupil_tax_code: self.pupil_tax_code,
            payee: FiscalCode::as_stated(&self.payee_tax_code).map_err(|e| corrupt(&e))?,
            amount: Cents::new(self.amount_cents).map_err(|e| corrupt(&e))?,
            paid_on: self.paid_on,
            note: note.map_err(|e| corrupt(&e))?,
        })
    }
}
