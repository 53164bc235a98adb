//! Receipts that flows name and nobody sent, and when the platform was asked for them.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Text};
use diesel::upsert::excluded;

use super::schema::receipt_search;
use super::settlement::FlowState;
use super::types::{At, Micros};
use super::{Conn, Error, Tx};
use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::settlement::Outcome;

/// A receipt that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// `IUR` of the flow.
    pub receipt_id: String,
    /// `IUV` of the flow.
    pub iuv: String,
    /// Times the platform was asked.
    pub attempts: i32,
}

#[derive(QueryableByName)]
struct MissingRow {
    #[diesel(sql_type = Text)]
    receipt_id: String,
    #[diesel(sql_type = Text)]
    iuv: String,
    #[diesel(sql_type = Integer)]
    attempts: i32,
}

/// Rows of flows in force whose receipt is not on file and may be asked for now, never asked ones first.
///
/// # Errors
/// The database's.
pub fn missing(
    conn: &mut Conn,
    creditor: &FiscalCode,
    now: Instant,
    most: i64,
) -> Result<Vec<Missing>, Error> {
    let asked = format!(
        "SELECT l.iur AS receipt_id, l.iuv AS iuv, COALESCE(MAX(s.attempts), 0) AS attempts          FROM flow_line l JOIN flow f ON f.creditor = l.creditor AND f.id = l.flow          LEFT JOIN receipt_search s          ON s.creditor = l.creditor AND s.receipt_id = l.iur AND s.iuv = l.iuv          WHERE l.creditor = $1 AND f.state = '{}' AND l.outcome <> {}          AND NOT EXISTS (SELECT 1 FROM receipt r          WHERE r.creditor = l.creditor AND r.receipt_id = l.iur)          AND (s.next_at IS NULL OR s.next_at <= $2)          GROUP BY l.iur, l.iuv ORDER BY 3, 1, 2 LIMIT $3",
        FlowState::Live.as_str(),
        Outcome::Revoked.code(),
    );
    let rows: Vec<MissingRow> = on!(conn, |c| diesel::sql_query(asked)
        .bind::<Text, _>(creditor.as_str())
        .bind::<Micros, _>(At(now))
        .bind::<BigInt, _>(most)
        .load(c))?;
    let missing = rows.into_iter().map(|row| Missing {
        receipt_id: row.receipt_id,
        iuv: row.iuv,
        attempts: row.attempts,
    });
    Ok(missing.collect())
}

/// When the platform was asked for this creditor since an instant, the oldest first.
///
/// # Errors
/// The database's.
pub fn asked_since(
    conn: &mut Conn,
    creditor: &FiscalCode,
    since: Instant,
) -> Result<Vec<Instant>, Error> {
    let rows: Vec<At> = on!(conn, |c| receipt_search::table
        .filter(receipt_search::creditor.eq(creditor.as_str()))
        .filter(receipt_search::asked_at.gt(At(since)))
        .order(receipt_search::asked_at)
        .select(receipt_search::asked_at)
        .load(c))?;
    Ok(rows.into_iter().map(|at| at.0).collect())
}

/// Writes down a call before it is made, so that none is forgotten: how it ended, and when the next may be.
///
/// # Errors
/// The database's.
pub fn record(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    asked: &Missing,
    (asked_at, next_at): (Instant, Instant),
    outcome: &str,
) -> Result<(), Error> {
    on!(&mut **tx, |c| diesel::insert_into(receipt_search::table)
        .values((
            receipt_search::creditor.eq(creditor.as_str()),
            receipt_search::receipt_id.eq(&asked.receipt_id),
            receipt_search::iuv.eq(&asked.iuv),
            receipt_search::asked_at.eq(At(asked_at)),
            receipt_search::attempts.eq(asked.attempts),
            receipt_search::next_at.eq(At(next_at)),
            receipt_search::outcome.eq(outcome),
        ))
        .on_conflict((
            receipt_search::creditor,
            receipt_search::receipt_id,
            receipt_search::iuv
        ))
        .do_update()
        .set((
            receipt_search::asked_at.eq(excluded(receipt_search::asked_at)),
            receipt_search::attempts.eq(excluded(receipt_search::attempts)),
            receipt_search::next_at.eq(excluded(receipt_search::next_at)),
            receipt_search::outcome.eq(excluded(receipt_search::outcome)),
        ))
        .execute(c))?;
    Ok(())
}
