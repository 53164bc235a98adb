//! Prices that replace those a position was printed with. The former ones are kept.

use diesel::prelude::*;
use serde::Deserialize;
use uuid::Uuid;

use super::notices::{NoticeRow, schedule_of};
use super::positions::rows_json;
use super::schema::{former_price, notice, position};
use super::types::{At, Id, Json};
use super::{Conn, Error, Tx};
use crate::domain::calendar::{Day, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::notice_number::NoticeNumber;
use crate::domain::position::{Notice, Position, Repriced};
use crate::domain::service::Schedule;

/// Writes the prices of a position anew and keeps the former ones. The state steps of the notices are
/// written with [`super::notices::advance`].
///
/// # Errors
/// The database's, or [`Error::Changed`] when a notice is not there any more.
pub fn replace(
    tx: &mut Tx<'_>,
    before: &Position,
    after: &Repriced,
    now: Instant,
) -> Result<(), Error> {
    keep(tx, before, now)?;
    let rows = Json(rows_json(before.id, &after.rows)?);
    on!(&mut **tx, |c| diesel::update(
        position::table.find((before.creditor.as_str(), Id(before.id)))
    )
    .set((
        position::details.eq(Json(after.details.clone())),
        position::assessment_rows.eq(rows),
    ))
    .execute(c))?;
    for (priced, _) in &after.notices {
        let row = NoticeRow::from_domain(before, priced)?;
        let updated = on!(&mut **tx, |c| diesel::update(
            notice::table.find((before.creditor.as_str(), priced.number.as_str()))
        )
        .set((
            notice::description.eq(&row.description),
            notice::due_on.eq(row.due_on),
            notice::amount_cents.eq(row.amount_cents),
            notice::terms.eq(&row.terms),
            notice::ends_on.eq(row.ends_on),
        ))
        .execute(c))?;
        if updated != 1 {
            return Err(Error::Changed {
                table: "notice",
                id: priced.number.to_string(),
            });
        }
    }
    Ok(())
}

fn keep(tx: &mut Tx<'_>, before: &Position, now: Instant) -> Result<(), Error> {
    let notice = |notice: &Notice| {
        let row = NoticeRow::from_domain(before, notice)?;
        Ok(serde_json::json!({
            "number": row.number,
            "description": row.description,
            "due_on": row.due_on,
            "terms": row.terms.0,
        }))
    };
    let notices = before.notices.iter().map(notice);
    let notices = notices.collect::<Result<Vec<_>, Error>>()?;
    let rows = rows_json(before.id, &before.rows)?;
    on!(&mut **tx, |c| diesel::insert_into(former_price::table)
        .values((
            former_price::creditor.eq(before.creditor.as_str()),
            former_price::position_id.eq(Id(before.id)),
            former_price::revision.eq(before.revision),
            former_price::replaced_at.eq(At(now)),
            former_price::details.eq(Json(before.details.clone())),
            former_price::assessment_rows.eq(Json(rows)),
            former_price::notices.eq(Json(serde_json::Value::Array(notices))),
        ))
        .execute(c))?;
    Ok(())
}

/// Adds a notice to a position; false when its number is taken.
///
/// # Errors
/// The database's.
pub fn add_notice(tx: &mut Tx<'_>, to: &Position, new: &Notice) -> Result<bool, Error> {
    let row = NoticeRow::from_domain(to, new)?;
    let made = on!(&mut **tx, |c| diesel::insert_into(notice::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(made == 1)
}

/// A price that a notice had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerPrice {
    /// Until when it was asked.
    pub replaced_at: Instant,
    /// Last day to pay in time, as it was printed.
    pub due_on: Option<Day>,
    /// What it cost by day.
    pub schedule: Schedule,
}

#[derive(Deserialize)]
struct FormerNotice {
    number: String,
    due_on: Option<Day>,
    terms: serde_json::Value,
}

/// The prices that a notice had before those it has now, oldest first.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn former(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (position_id, number): (Uuid, &NoticeNumber),
) -> Result<Vec<FormerPrice>, Error> {
    let rows: Vec<(At, Json)> = on!(conn, |c| former_price::table
        .filter(former_price::creditor.eq(creditor.as_str()))
        .filter(former_price::position_id.eq(Id(position_id)))
        .order(former_price::revision)
        .select((former_price::replaced_at, former_price::notices))
        .load(c))?;
    let mut found = Vec::new();
    for (at, notices) in rows {
        let corrupt = |why: &dyn std::fmt::Display| Error::corrupt("former_price", number, why);
        let notices: Vec<FormerNotice> =
            serde_json::from_value(notices.0).map_err(|why| corrupt(&why))?;
        for notice in notices.into_iter().filter(|n| n.number == number.as_str()) {
            found.push(FormerPrice {
                replaced_at: at.0,
                due_on: notice.due_on,
                schedule: schedule_of(notice.terms).map_err(|why| corrupt(&why))?,
            });
        }
    }
    Ok(found)
}
