//! Open notices whose end has come and is not written down.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use super::schema::notice;
use super::types::Id;
use super::{Conn, Error};
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;

/// A notice whose end has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The day after which something may have to be written down.
    pub on: Day,
    /// Its number.
    pub number: String,
    /// Its position.
    pub position_id: Uuid,
}

/// Open notices that ended before a day, in the order of their ends and numbers, after the given one.
///
/// # Errors
/// The database's.
pub fn ended(
    conn: &mut Conn,
    creditor: &FiscalCode,
    before: Day,
    after: Option<&Ended>,
    limit: i64,
) -> Result<Vec<Ended>, Error> {
    let (on, number) = after.map_or((Day::default(), ""), |last| (last.on, last.number.as_str()));
    // The state is part of the text, because an index holds open notices only.
    let rows: Vec<(Option<Day>, String, Id)> = on!(conn, |c| notice::table
        .filter(notice::creditor.eq(creditor.as_str()))
        .filter(sql::<Bool>("state = 'open'"))
        .filter(notice::ends_on.lt(before))
        .filter(notice::ends_on.ge(on))
        .filter(notice::ends_on.gt(on).or(notice::number.gt(number)))
        .order((notice::ends_on, notice::number))
        .limit(limit)
        .select((notice::ends_on, notice::number, notice::position_id))
        .load(c))?;
    let ended = |(on, number, position): (Option<Day>, String, Id)| {
        Some(Ended {
            on: on?,
            number,
            position_id: position.0,
        })
    };
    Ok(rows.into_iter().filter_map(ended).collect())
}
