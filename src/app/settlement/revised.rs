//! What a revision of a flow has changed, and which collection orders were issued for its cash already.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{Error, Filed};
use crate::domain::collection_order::{Covering, coverings};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::settlement::{self as rules, RowChange};
use crate::store::treasury::orders;
use crate::store::{self, Conn};

/// A revision held against the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revised {
    /// The revision.
    pub filed: Filed,
    /// The revision before it; none before the first.
    pub previous: Option<Filed>,
    /// Every row that differs, by payment.
    pub changes: Vec<RowChange>,
    /// What the office's collection orders cover of the credits that pay the flow.
    pub orders: Vec<Covering>,
}

/// Holds a revision against the one before it; the first adds every row.
///
/// # Errors
/// [`Error::UnknownFlow`], or the database's.
pub fn revised(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Revised, Error> {
    let filed = store::settlement::get(conn, creditor, id)?.ok_or(Error::UnknownFlow)?;
    let (previous, changes) = against_previous(conn, creditor, &filed)?;
    let orders = issued(conn, creditor, &filed)?;
    Ok(Revised {
        filed,
        previous,
        changes,
        orders,
    })
}

/// The revision before this one, and every row that differs.
///
/// # Errors
/// The database's.
pub(crate) fn against_previous(
    conn: &mut Conn,
    creditor: &FiscalCode,
    filed: &Filed,
) -> Result<(Option<Filed>, Vec<RowChange>), store::Error> {
    let mut others = store::settlement::revisions(conn, creditor, &[&filed.header.flow_id])?;
    others.retain(|other| other.name() == filed.name());
    let before = |other: &Filed| Some(other.header.revision) == filed.previous;
    let previous = others.into_iter().find(before);
    let before = match &previous {
        Some(old) => store::settlement::lines(conn, creditor, old.id, 0, i64::MAX)?,
        None => Vec::new(),
    };
    let after = store::settlement::lines(conn, creditor, filed.id, 0, i64::MAX)?;
    Ok((previous, rules::changes(&before, &after)))
}

/// What collection orders cover of the provisional credits that a flow explains.
fn issued(
    conn: &mut Conn,
    creditor: &FiscalCode,
    filed: &Filed,
) -> Result<Vec<Covering>, store::Error> {
    let known = filed.header.known();
    let cash = store::treasury::matched_to(conn, creditor, &[known.key.as_str()])?;
    let paying = cash
        .iter()
        .filter(|entry| entry.matched.as_ref().is_some_and(|m| m.flow == known));
    let credits: BTreeSet<(i32, i64, &str)> = paying
        .filter_map(|entry| {
            let movement = &entry.movement;
            Some((
                movement.year,
                movement.provisional?,
                movement.account.as_str(),
            ))
        })
        .collect();
    let years: BTreeSet<i32> = credits.iter().map(|(year, ..)| *year).collect();
    let mut covers = Vec::new();
    for year in years {
        covers.extend(orders::of_year(conn, creditor, year)?);
    }
    covers.retain(|one| credits.contains(&(one.year, one.provisional, one.account.as_str())));
    coverings(covers.iter()).map_err(|why| store::Error::corrupt("order_cover", "sum", why))
}
