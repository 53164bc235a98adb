//! What a position charges for, without its notices: for reports over many.

use std::collections::BTreeMap;

use diesel::prelude::*;
use uuid::Uuid;

use super::amounts;
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::position::Position;
use crate::store::prepared::{among, among_ids};
use crate::store::schema::{notice, position};
use crate::store::types::{Id, Json};
use crate::store::{Conn, Error};

/// What a position charges for.
#[derive(Debug, Clone, PartialEq)]
pub struct Charge {
    /// The creditor's service.
    pub service_code: String,
    /// Tax code of who owes.
    pub debtor_tax_code: String,
    /// Name of who owes.
    pub debtor_name: String,
    /// Day of issue.
    pub issued_on: Day,
    /// What the office typed, by kind.
    pub details: serde_json::Value,
    /// Code and amount of each row.
    pub rows: Vec<(String, Cents)>,
}

impl Charge {
    /// What a position in hand charges for.
    #[must_use]
    pub fn of(position: &Position) -> Charge {
        let row = |row: &crate::domain::service::Row| (row.code.to_string(), row.amount);
        Charge {
            service_code: position.service_code.clone(),
            debtor_tax_code: position.debtor.tax_code.to_string(),
            debtor_name: position.debtor.full_name.to_string(),
            issued_on: position.issued_on,
            details: position.details.clone(),
            rows: position.rows.iter().map(row).collect(),
        }
    }
}

/// The charges with these ids.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get_all(
    conn: &mut Conn,
    creditor: &FiscalCode,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Charge>, Error> {
    type Found = (Id, String, String, String, Day, Json, Json);
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<Id> = ids.iter().copied().map(Id).collect();
    let rows: Vec<Found> = on!(conn, |c| position::table
        .filter(position::creditor.eq(creditor.as_str()))
        .filter(among_ids(position::id, &ids))
        .select((
            position::id,
            position::service_code,
            position::debtor_tax_code,
            position::debtor_full_name,
            position::issued_on,
            position::details,
            position::assessment_rows,
        ))
        .load(c))?;
    let charge =
        |(id, service_code, debtor_tax_code, debtor_name, issued_on, details, rows): Found| {
            let charge = Charge {
                service_code,
                debtor_tax_code,
                debtor_name,
                issued_on,
                details: details.0,
                rows: amounts(rows, id.0)?,
            };
            Ok((id.0, charge))
        };
    rows.into_iter().map(charge).collect()
}

/// The positions that these payment references belong to.
///
/// # Errors
/// The database's.
pub fn of_iuvs(
    conn: &mut Conn,
    creditor: &FiscalCode,
    iuvs: &[&str],
) -> Result<BTreeMap<String, Uuid>, Error> {
    if iuvs.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<(String, Id)> = on!(conn, |c| notice::table
        .filter(notice::creditor.eq(creditor.as_str()))
        .filter(among(notice::iuv, iuvs))
        .select((notice::iuv, notice::position_id))
        .load(c))?;
    Ok(rows.into_iter().map(|(iuv, id)| (iuv, id.0)).collect())
}
