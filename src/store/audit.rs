//! Questions that derive the invariants of the books again from the stored rows.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::schema::{notice, notice_event, receipt_message};
use super::types::Id;
use super::{Conn, Error};
use crate::domain::fiscal_code::FiscalCode;

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    key: String,
}

#[derive(QueryableByName)]
struct Total {
    #[diesel(sql_type = BigInt)]
    total: i64,
}

/// Keys of the rows that break a rule, at most `SAMPLE`; the statement takes the creditor as `$1`.
///
/// # Errors
/// The database's.
pub fn offenders(
    conn: &mut Conn,
    creditor: &FiscalCode,
    statement: &str,
) -> Result<Vec<String>, Error> {
    let found: Vec<Found> = on!(conn, |c| diesel::sql_query(statement)
        .bind::<Text, _>(creditor.as_str())
        .load(c))?;
    Ok(found.into_iter().map(|row| row.key).collect())
}

/// A sum or count; the statement takes the creditor as `$1` and names its column `total`.
///
/// # Errors
/// The database's.
pub fn total(conn: &mut Conn, creditor: &FiscalCode, statement: &str) -> Result<i64, Error> {
    let total: Total = on!(conn, |c| diesel::sql_query(statement)
        .bind::<Text, _>(creditor.as_str())
        .get_result(c))?;
    Ok(total.total)
}

/// A stored state and the last step of the history that leads to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Life {
    /// The notice.
    pub number: String,
    /// The stored state.
    pub state: String,
    /// Steps in order, from and to.
    pub steps: Vec<(String, String)>,
}

/// One page of notices with their history, after a number.
///
/// # Errors
/// The database's.
pub fn lives(
    conn: &mut Conn,
    creditor: &FiscalCode,
    after: &str,
    limit: i64,
) -> Result<Vec<Life>, Error> {
    let notices: Vec<(String, String)> = on!(conn, |c| notice::table
        .filter(notice::creditor.eq(creditor.as_str()))
        .filter(notice::number.gt(after))
        .order(notice::number)
        .limit(limit)
        .select((notice::number, notice::state))
        .load(c))?;
    let (Some((first, _)), Some((last, _))) = (notices.first(), notices.last()) else {
        return Ok(Vec::new());
    };
    let steps: Vec<(String, String, String)> = on!(conn, |c| notice_event::table
        .filter(notice_event::creditor.eq(creditor.as_str()))
        .filter(notice_event::notice_number.between(first, last))
        .order((notice_event::notice_number, notice_event::id))
        .select((
            notice_event::notice_number,
            notice_event::from_state,
            notice_event::to_state
        ))
        .load(c))?;
    let mut steps = steps.into_iter().peekable();
    let mut lives = Vec::with_capacity(notices.len());
    for (number, state) in notices {
        let mut own = Vec::new();
        while let Some((_, from, to)) = steps.next_if(|(of, _, _)| *of == number) {
            own.push((from, to));
        }
        lives.push(Life {
            number,
            state,
            steps: own,
        });
    }
    Ok(lives)
}

/// Where a page of messages ended.
type Cursor = (String, Uuid);

/// One page of messages whose hash is checked: where it ended, and the receipts whose message is not what
/// was filed.
///
/// # Errors
/// The database's.
pub fn altered_messages(
    conn: &mut Conn,
    creditor: &FiscalCode,
    after: (&str, Uuid),
    limit: i64,
) -> Result<(Option<Cursor>, Vec<String>), Error> {
    let (receipt_id, id) = after;
    let rows: Vec<(String, Id, Vec<u8>, Vec<u8>)> = on!(conn, |c| receipt_message::table
        .filter(receipt_message::creditor.eq(creditor.as_str()))
        .filter(
            receipt_message::receipt_id
                .gt(receipt_id)
                .or(receipt_message::receipt_id
                    .eq(receipt_id)
                    .and(receipt_message::id.gt(Id(id)))),
        )
        .order((receipt_message::receipt_id, receipt_message::id))
        .limit(limit)
        .select((
            receipt_message::receipt_id,
            receipt_message::id,
            receipt_message::body,
            receipt_message::sha256,
        ))
        .load(c))?;
    let last = rows
        .last()
        .map(|(receipt_id, id, _, _)| (receipt_id.clone(), id.0));
    let altered = rows
        .into_iter()
        .filter(|(_, _, body, sha)| Sha256::digest(body).as_slice() != sha);
    Ok((
        last,
        altered.map(|(receipt_id, _, _, _)| receipt_id).collect(),
    ))
}
