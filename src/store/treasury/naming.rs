//! What entries name and pay: flows in their texts, payments by themselves.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::Filed;
use super::row::{EntryRow, SINGLE};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::treasury::{KnownFlow, prefixes};
use crate::store::prepared::among;
use crate::store::schema::{treasury_also, treasury_entry};
use crate::store::{Conn, Error, Tx, settlement};

/// Entries whose text may mean a flow with one of these keys: written in full, with a blank, or cut.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn naming(conn: &mut Conn, creditor: &FiscalCode, keys: &[&str]) -> Result<Vec<Filed>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let cut: BTreeSet<&str> = keys.iter().flat_map(|key| prefixes(key)).collect();
    let cut: Vec<&str> = cut.into_iter().collect();
    let whole = on!(conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(among(treasury_entry::reference, keys))
        .load::<EntryRow>(c))?;
    let joined = on!(conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(among(treasury_entry::reference_joined, keys))
        .load::<EntryRow>(c))?;
    let open = on!(conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(among(treasury_entry::reference_open, &cut))
        .load::<EntryRow>(c))?;
    let also = on!(conn, |c| treasury_entry::table
        .inner_join(
            treasury_also::table.on(treasury_also::creditor
                .eq(treasury_entry::creditor)
                .and(treasury_also::entry.eq(treasury_entry::id)))
        )
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(among(treasury_also::reference, keys))
        .select(treasury_entry::all_columns)
        .load::<EntryRow>(c))?;
    let found = whole.into_iter().chain(joined).chain(open).chain(also);
    let mut rows: Vec<EntryRow> = found.collect();
    rows.sort_by_key(|row| row.id);
    rows.dedup_by_key(|row| row.id);
    rows.into_iter().map(EntryRow::into_domain).collect()
}

/// Entries that one of these flows explains, by normalised key.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn matched_to(
    conn: &mut Conn,
    creditor: &FiscalCode,
    keys: &[&str],
) -> Result<Vec<Filed>, Error> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<EntryRow> = on!(conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(among(treasury_entry::matched_key, keys))
        .order(treasury_entry::id)
        .load(c))?;
    rows.into_iter().map(EntryRow::into_domain).collect()
}

/// Entries for one of these payments, as their text or an officer says.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn singles(conn: &mut Conn, creditor: &FiscalCode, iuvs: &[&str]) -> Result<Vec<Filed>, Error> {
    if iuvs.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows: Vec<EntryRow> = on!(&mut *conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(among(treasury_entry::reference, iuvs))
        .filter(treasury_entry::reference_kind.eq(SINGLE))
        .load(c))?;
    let given: Vec<EntryRow> = on!(conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(treasury_entry::given_iuv.is_not_null())
        .filter(among(treasury_entry::given_iuv, iuvs))
        .load(c))?;
    rows.extend(given);
    rows.sort_by_key(|row| row.id);
    rows.dedup_by_key(|row| row.id);
    rows.into_iter().map(EntryRow::into_domain).collect()
}

/// Whether the settlement lock is held, which is taken when cash names the payment: before its position, in the
/// order in which flows and cash take both. SQLite has one writer, which holds everything.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn hold_if_named(tx: &mut Tx<'_>, creditor: &FiscalCode, iuv: &str) -> Result<bool, Error> {
    if matches!(&**tx, Conn::Lite(_)) {
        return Ok(true);
    }
    let named = !singles(tx, creditor, &[iuv])?.is_empty();
    if named {
        settlement::hold(tx, creditor)?;
    }
    Ok(named)
}

#[derive(QueryableByName)]
struct FlowName {
    #[diesel(sql_type = diesel::sql_types::Text)]
    psp_id: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    flow_key: String,
}

/// Flows in force whose cash is not what their rows come to: a tolerance makes a difference to them. Those
/// that officers have put together with others are all among them.
///
/// # Errors
/// The database's.
pub fn flows_that_differ(
    conn: &mut Conn,
    creditor: &FiscalCode,
) -> Result<BTreeSet<KnownFlow>, Error> {
    let rows: Vec<FlowName> = on!(conn, |c| diesel::sql_query(
        "SELECT f.psp_id, f.flow_key FROM flow f JOIN \
         (SELECT matched_psp, matched_key, SUM(CASE WHEN operation = 'reversed' \
           THEN -amount_cents ELSE amount_cents END) AS cash FROM treasury_entry \
          WHERE creditor = $1 AND matched_key IS NOT NULL GROUP BY matched_psp, matched_key) t \
         ON t.matched_psp = f.psp_id AND t.matched_key = f.flow_key \
         WHERE f.creditor = $1 AND f.state = 'live' AND (t.cash <> f.computed_sum_cents OR EXISTS \
          (SELECT 1 FROM flow_bond g WHERE g.creditor = f.creditor \
           AND g.psp_id = f.psp_id AND g.flow_key = f.flow_key))"
    )
    .bind::<diesel::sql_types::Text, _>(creditor.as_str())
    .load(c))?;
    let known = |row: FlowName| KnownFlow {
        key: row.flow_key,
        psp_id: row.psp_id,
    };
    Ok(rows.into_iter().map(known).collect())
}

/// Payments that entries are for, as their text or an officer says.
///
/// # Errors
/// The database's.
pub fn single_payments(conn: &mut Conn, creditor: &FiscalCode) -> Result<BTreeSet<String>, Error> {
    let found: Vec<Option<String>> = on!(&mut *conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(treasury_entry::reference_kind.eq(SINGLE))
        .select(treasury_entry::reference)
        .distinct()
        .load(c))?;
    let given: Vec<Option<String>> = on!(conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(treasury_entry::given_iuv.is_not_null())
        .select(treasury_entry::given_iuv)
        .distinct()
        .load(c))?;
    Ok(found.into_iter().chain(given).flatten().collect())
}
