//! What the office's collection orders cover of provisional credits, as the journal says.

use diesel::prelude::*;

use uuid::Uuid;

use crate::domain::calendar::{Day, Instant};
use crate::domain::collection_order::{OrderCover, Told};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::store::schema::order_cover;
use crate::store::types::{At, Id};
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
                order_cover::told.eq(cover.told.as_str()),
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
    let rows: Vec<CoverRow> = on!(conn, |c| order_cover::table
        .filter(order_cover::creditor.eq(creditor.as_str()))
        .filter(order_cover::year.eq(year))
        .select(COVER)
        .order((order_cover::provisional, order_cover::order_number))
        .load(c))?;
    rows.into_iter().map(read).collect()
}

type CoverRow = (i32, i64, String, String, i64, i64, String);
type CoverColumns = (
    order_cover::year,
    order_cover::provisional,
    order_cover::account,
    order_cover::movement,
    order_cover::order_number,
    order_cover::amount_cents,
    order_cover::told,
);
/// The columns of a [`CoverRow`].
const COVER: CoverColumns = (
    order_cover::year,
    order_cover::provisional,
    order_cover::account,
    order_cover::movement,
    order_cover::order_number,
    order_cover::amount_cents,
    order_cover::told,
);

fn read(
    (year, provisional, account, movement, order, amount, told): CoverRow,
) -> Result<OrderCover, Error> {
    let amount = Cents::new(amount);
    let told = Told::from_name(&told);
    Ok(OrderCover {
        year,
        account,
        movement,
        order,
        provisional,
        amount: amount.map_err(|why| Error::corrupt("order_cover", provisional, why))?,
        told: told.ok_or_else(|| Error::corrupt("order_cover", provisional, "told"))?,
    })
}

/// What the office has recorded of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// UUID version 7.
    pub id: Uuid,
    /// What it covers; its movement is the id.
    pub cover: OrderCover,
    /// Day of the order.
    pub order_on: Day,
    /// The client of the API.
    pub client: Uuid,
    /// When.
    pub at: Instant,
}

/// Keeps what the office records.
///
/// # Errors
/// The database's.
pub fn record(tx: &mut Tx<'_>, creditor: &FiscalCode, new: &Recorded) -> Result<(), Error> {
    let cover = &new.cover;
    let row = (
        order_cover::creditor.eq(creditor.as_str()),
        order_cover::year.eq(cover.year),
        order_cover::provisional.eq(cover.provisional),
        order_cover::account.eq(cover.account.as_str()),
        order_cover::movement.eq(new.id.to_string()),
        order_cover::order_number.eq(cover.order),
        order_cover::amount_cents.eq(cover.amount.get()),
        order_cover::told.eq(cover.told.as_str()),
        order_cover::order_on.eq(Some(new.order_on)),
        order_cover::client.eq(Some(Id(new.client))),
        order_cover::recorded_at.eq(Some(At(new.at))),
    );
    on!(&mut **tx, |c| diesel::insert_into(order_cover::table)
        .values(row)
        .execute(c))?;
    Ok(())
}

/// One page of what the office has recorded, in its order, after the given id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn recorded(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (after, limit): (Option<Uuid>, i64),
) -> Result<Vec<Recorded>, Error> {
    type Row = (CoverRow, Option<Day>, Option<Id>, Option<At>);
    let after = after.unwrap_or_default().to_string();
    let rows: Vec<Row> = on!(conn, |c| order_cover::table
        .filter(order_cover::creditor.eq(creditor.as_str()))
        .filter(order_cover::told.eq(Told::Office.as_str()))
        .filter(order_cover::movement.gt(&after))
        .order(order_cover::movement)
        .limit(limit)
        .select((
            COVER,
            order_cover::order_on,
            order_cover::client,
            order_cover::recorded_at,
        ))
        .load(c))?;
    let one = |(cover, order_on, client, at): Row| {
        let cover = read(cover)?;
        let corrupt =
            |why: &dyn std::fmt::Display| Error::corrupt("order_cover", &cover.movement, why);
        Ok(Recorded {
            id: cover
                .movement
                .parse()
                .map_err(|why: uuid::Error| corrupt(&why))?,
            order_on: order_on.ok_or_else(|| corrupt(&"day"))?,
            client: client.ok_or_else(|| corrupt(&"client"))?.0,
            at: at.ok_or_else(|| corrupt(&"instant"))?.0,
            cover,
        })
    };
    rows.into_iter().map(one).collect()
}
