//! What the office's collection orders cover of provisional credits, as the journal says.

use diesel::prelude::*;

use crate::domain::collection_order::OrderCover;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::store::schema::order_cover;
use crate::store::{Conn, Error, Tx};

/// Keeps what orders cover. The same journal again changes nothing.
///
/// # Errors
/// The database's.
pub fn keep(tx: &mut Tx<'_>, creditor: &FiscalCode, covers: &[OrderCover]) -> Result<(), Error> {
    let rows: Vec<_> = covers
        .iter()
        .map(|cover| {
            (
                order_cover::creditor.eq(creditor.as_str()),
                order_cover::year.eq(cover.year),
                order_cover::provisional.eq(cover.provisional),
                order_cover::account.eq(cover.account.as_str()),
                order_cover::movement.eq(cover.movement.as_str()),
                order_cover::order_number.eq(cover.order),
                order_cover::amount_cents.eq(cover.amount.get()),
            )
        })
        .collect();
    let _made: usize = insert_rows!(tx, &rows, |values| diesel::insert_into(order_cover::table)
        .values(values)
        .on_conflict_do_nothing());
    Ok(())
}

/// What orders cover of the provisional credits of a financial year, by number and order.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn of_year(
    conn: &mut Conn,
    creditor: &FiscalCode,
    year: i32,
) -> Result<Vec<OrderCover>, Error> {
    let rows: Vec<(i32, i64, String, String, i64, i64)> = on!(conn, |c| order_cover::table
        .filter(order_cover::creditor.eq(creditor.as_str()))
        .filter(order_cover::year.eq(year))
        .select((
            order_cover::year,
            order_cover::provisional,
            order_cover::account,
            order_cover::movement,
            order_cover::order_number,
            order_cover::amount_cents,
        ))
        .order((order_cover::provisional, order_cover::order_number))
        .load(c))?;
    let cover = |(year, provisional, account, movement, order, amount)| {
        let amount = Cents::new(amount);
        Ok(OrderCover {
            year,
            account,
            movement,
            order,
            provisional,
            amount: amount.map_err(|why| Error::corrupt("order_cover", provisional, why))?,
        })
    };
    rows.into_iter().map(cover).collect()
}
