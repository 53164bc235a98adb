//! The treasurer's entries and the flows they name.

pub mod files;
mod matching;
pub mod orders;
pub mod provisionals;

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use uuid::Uuid;

use super::prepared::{among, among_ids};
use super::schema::{treasury_also, treasury_entry};
use super::types::{At, Id};
use super::{Conn, Error, Tx};
use crate::domain::calendar::{Day, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::reconciliation::Quality;
use crate::domain::treasury::{
    Direction, DocumentKind, FlowReference, KnownFlow, Movement, Operation, Reference, named_by,
    prefixes,
};

const TABLE: &str = "treasury_entry";

#[derive(Queryable, Insertable)]
#[diesel(table_name = treasury_entry, treat_none_as_default_value = false)]
struct EntryRow {
    creditor: String,
    id: Id,
    year: i32,
    account: String,
    number: String,
    direction: String,
    document: String,
    operation: String,
    provisional: Option<i64>,
    amount_cents: i64,
    booked_on: Day,
    value_on: Option<Day>,
    remittance: String,
    payer: String,
    bank_reference: Option<String>,
    reference_kind: String,
    reference: Option<String>,
    reference_joined: Option<String>,
    reference_open: Option<String>,
    matched_psp: Option<String>,
    matched_key: Option<String>,
    match_quality: Option<String>,
    ingested_at: At,
    held_by: Option<Id>,
    reference_also: Option<String>,
    given_iuv: Option<String>,
    matched_iuv: Option<String>,
}

/// A stored entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// UUID version 7.
    pub id: Uuid,
    /// As the treasurer wrote it.
    pub movement: Movement,
    /// What its text refers to.
    pub reference: Reference,
    /// The flow that explains it.
    pub matched: Option<Matched>,
    /// When it came.
    pub ingested_at: Instant,
    /// The decision that says what it pays, whatever its text names.
    pub held_by: Option<Uuid>,
    /// The payment that the decision says it is for.
    pub given: Option<String>,
    /// The payment that explains it, without a flow.
    pub paid: Option<String>,
}

impl Filed {
    /// The payment that it is for, as its text or an officer says.
    #[must_use]
    pub fn payment(&self) -> Option<&str> {
        match (&self.reference, self.held_by) {
            (_, Some(_)) => self.given.as_deref(),
            (Reference::Single(iuv), None) => Some(iuv),
            (Reference::Flow(_) | Reference::None, None) => None,
        }
    }

    /// What explains it.
    #[must_use]
    pub fn explained(&self) -> Option<Explained> {
        let flow = self.matched.clone().map(Explained::Flow);
        flow.or_else(|| self.paid.clone().map(Explained::Payment))
    }
}

/// What explains an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Explained {
    /// A flow.
    Flow(Matched),
    /// A payment without a flow, by its reference.
    Payment(String),
}

pub use matching::{Held, held_by, hold, set_explained, set_reference};

/// The flow that explains an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// Which flow.
    pub flow: KnownFlow,
    /// How much of its identifier the text held.
    pub quality: Quality,
}

/// Which entries a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this financial year.
    pub year: Option<i32>,
    /// Explained by a flow, or not.
    pub matched: Option<bool>,
    /// Booked on this day or later.
    pub booked_from: Option<Day>,
    /// Booked on this day or earlier.
    pub booked_to: Option<Day>,
}

/// Files the entries whose year, account and number are not taken, and counts them.
///
/// # Errors
/// The database's.
pub fn insert_new(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    entries: &[Filed],
) -> Result<usize, Error> {
    let rows: Vec<EntryRow> = entries
        .iter()
        .map(|filed| EntryRow::from_domain(creditor, filed))
        .collect();
    let made = insert_rows!(tx, &rows, |values| diesel::insert_into(
        treasury_entry::table
    )
    .values(values)
    .on_conflict_do_nothing());
    for filed in entries {
        matching::name_also(tx, creditor, filed.id, &filed.reference)?;
    }
    Ok(made)
}

/// The entry with this year, account and number.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn find(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (year, account, number): (i32, &str, &str),
) -> Result<Option<Filed>, Error> {
    let row: Option<EntryRow> = on!(conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(treasury_entry::year.eq(year))
        .filter(treasury_entry::account.eq(account))
        .filter(treasury_entry::number.eq(number))
        .get_result(c)
        .optional())?;
    row.map(EntryRow::into_domain).transpose()
}

/// The entry with this id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Option<Filed>, Error> {
    let row: Option<EntryRow> = on!(conn, |c| treasury_entry::table
        .find((creditor.as_str(), Id(id)))
        .get_result(c)
        .optional())?;
    row.map(EntryRow::into_domain).transpose()
}

/// One page of entries, in the order they were filed, after the given id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    filter: &Filter,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Filed>, Error> {
    let after = Id(after.unwrap_or_default());
    let rows: Vec<EntryRow> = on!(conn, |c| {
        let mut query = treasury_entry::table
            .filter(treasury_entry::creditor.eq(creditor.as_str()))
            .filter(treasury_entry::id.gt(after))
            .order(treasury_entry::id)
            .limit(limit)
            .into_boxed();
        if let Some(year) = filter.year {
            query = query.filter(treasury_entry::year.eq(year));
        }
        query = match filter.matched {
            Some(true) => query.filter(treasury_entry::matched_key.is_not_null()),
            Some(false) => query.filter(treasury_entry::matched_key.is_null()),
            None => query,
        };
        if let Some(from) = filter.booked_from {
            query = query.filter(treasury_entry::booked_on.ge(from));
        }
        if let Some(to) = filter.booked_to {
            query = query.filter(treasury_entry::booked_on.le(to));
        }
        query.load(c)
    })?;
    rows.into_iter().map(EntryRow::into_domain).collect()
}

/// The entries with these ids, in the order they were filed.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get_all(conn: &mut Conn, creditor: &FiscalCode, ids: &[Uuid]) -> Result<Vec<Filed>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Id> = ids.iter().copied().map(Id).collect();
    let rows: Vec<EntryRow> = on!(conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(among_ids(treasury_entry::id, &ids))
        .order(treasury_entry::id)
        .load(c))?;
    rows.into_iter().map(EntryRow::into_domain).collect()
}

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
    let Conn::Pg(c) = &mut **tx else {
        return Ok(true);
    };
    let by_text = treasury_entry::reference
        .eq(iuv)
        .and(treasury_entry::reference_kind.eq(SINGLE));
    let named: Option<Id> = treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(by_text.or(treasury_entry::given_iuv.eq(iuv)))
        .select(treasury_entry::id)
        .first(c)
        .optional()?;
    if named.is_some() {
        super::settlement::hold(tx, creditor)?;
    }
    Ok(named.is_some())
}

/// Entries with one provisional number, in the order they were filed.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn of_provisional(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (year, provisional): (i32, i64),
) -> Result<Vec<Filed>, Error> {
    let mut found = of_provisionals(conn, creditor, &[provisional])?;
    found.retain(|entry| entry.movement.year == year);
    Ok(found)
}

/// Entries with one of these provisional numbers, of any year, in the order they were filed.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn of_provisionals(
    conn: &mut Conn,
    creditor: &FiscalCode,
    numbers: &[i64],
) -> Result<Vec<Filed>, Error> {
    let rows: Vec<EntryRow> = on!(conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(treasury_entry::provisional.eq_any(numbers))
        .order(treasury_entry::id)
        .load(c))?;
    rows.into_iter().map(EntryRow::into_domain).collect()
}

/// Reversals and restorations with one of these references of the bank, without a provisional document and
/// without a flow or payment of their own.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn followers(
    conn: &mut Conn,
    creditor: &FiscalCode,
    references: &[&str],
) -> Result<Vec<Filed>, Error> {
    if references.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<EntryRow> = on!(conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(among(treasury_entry::bank_reference, references))
        .filter(treasury_entry::provisional.is_null())
        .filter(treasury_entry::reference_kind.eq(NONE))
        .filter(
            treasury_entry::operation
                .eq(Operation::Reversed.as_str())
                .or(treasury_entry::operation.eq(Operation::Restored.as_str()))
        )
        .order(treasury_entry::id)
        .load(c))?;
    rows.into_iter().map(EntryRow::into_domain).collect()
}

/// The entries with this reference of the bank, in the order they were filed.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn of_bank_reference(
    conn: &mut Conn,
    creditor: &FiscalCode,
    reference: &str,
) -> Result<Vec<Filed>, Error> {
    let rows: Vec<EntryRow> = on!(conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(treasury_entry::bank_reference.eq(reference))
        .order(treasury_entry::id)
        .load(c))?;
    rows.into_iter().map(EntryRow::into_domain).collect()
}

/// The entry with this key.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn by_key(conn: &mut Conn, creditor: &FiscalCode, key: &str) -> Result<Option<Filed>, Error> {
    match named_by(key) {
        Some((year, account, number)) => find(conn, creditor, (year, &account, number)),
        None => Ok(None),
    }
}

/// The entries with these keys.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn by_keys(conn: &mut Conn, creditor: &FiscalCode, keys: &[&str]) -> Result<Vec<Filed>, Error> {
    let mut journals: BTreeMap<(i32, String), Vec<&str>> = BTreeMap::new();
    for (year, account, number) in keys.iter().filter_map(|key| named_by(key)) {
        journals.entry((year, account)).or_default().push(number);
    }
    let mut found = Vec::with_capacity(keys.len());
    for ((year, account), numbers) in journals {
        let rows: Vec<EntryRow> = on!(&mut *conn, |c| treasury_entry::table
            .filter(treasury_entry::creditor.eq(creditor.as_str()))
            .filter(treasury_entry::year.eq(year))
            .filter(treasury_entry::account.eq(&account))
            .filter(among(treasury_entry::number, &numbers))
            .load(c))?;
        found.extend(rows);
    }
    found.into_iter().map(EntryRow::into_domain).collect()
}

/// Entries of these days that nothing explains and that no decision holds, by day of booking.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn free_between(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (from, to): (Day, Day),
    limit: i64,
) -> Result<Vec<Filed>, Error> {
    let rows: Vec<EntryRow> = on!(conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(treasury_entry::matched_key.is_null())
        .filter(treasury_entry::matched_iuv.is_null())
        .filter(treasury_entry::held_by.is_null())
        .filter(treasury_entry::direction.eq(Direction::In.as_str()))
        .filter(treasury_entry::document.eq(DocumentKind::PendingCredit.as_str()))
        .filter(treasury_entry::booked_on.ge(from))
        .filter(treasury_entry::booked_on.le(to))
        .order((treasury_entry::booked_on, treasury_entry::id))
        .limit(limit)
        .load(c))?;
    rows.into_iter().map(EntryRow::into_domain).collect()
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

const FLOW: &str = "flow";
const SINGLE: &str = "single";
const NONE: &str = "none";

fn quality_name(quality: Quality) -> &'static str {
    match quality {
        Quality::Whole => "whole",
        Quality::Beginning => "beginning",
        Quality::Hand => "hand",
    }
}

/// A reference as the columns of an entry have it.
struct ReferenceColumns {
    kind: &'static str,
    reference: Option<String>,
    joined: Option<String>,
    open: Option<String>,
    also: Option<String>,
}

fn columns_of(reference: &Reference) -> ReferenceColumns {
    let none = ReferenceColumns {
        kind: NONE,
        reference: None,
        joined: None,
        open: None,
        also: None,
    };
    match reference {
        Reference::Flow(flow) => ReferenceColumns {
            kind: FLOW,
            reference: Some(flow.id.clone()),
            joined: flow.joined.clone(),
            open: flow.open.clone(),
            also: (!flow.also.is_empty()).then(|| flow.also.join(" ")),
        },
        Reference::Single(iuv) => ReferenceColumns {
            kind: SINGLE,
            reference: Some(iuv.clone()),
            ..none
        },
        Reference::None => none,
    }
}

fn words(text: Option<&str>) -> Vec<String> {
    let words = text.into_iter().flat_map(str::split_whitespace);
    words.map(str::to_owned).collect()
}

impl EntryRow {
    fn from_domain(creditor: &FiscalCode, filed: &Filed) -> EntryRow {
        let movement = filed.movement.clone();
        let columns = columns_of(&filed.reference);
        EntryRow {
            creditor: creditor.to_string(),
            id: Id(filed.id),
            year: movement.year,
            account: movement.account,
            number: movement.number,
            direction: movement.direction.to_string(),
            document: movement.document.to_string(),
            operation: movement.operation.to_string(),
            provisional: movement.provisional,
            amount_cents: movement.amount.get(),
            booked_on: movement.booked_on,
            value_on: movement.value_on,
            remittance: movement.text,
            payer: movement.payer,
            bank_reference: movement.bank_reference,
            reference_kind: columns.kind.to_owned(),
            reference: columns.reference,
            reference_joined: columns.joined,
            reference_open: columns.open,
            reference_also: columns.also,
            given_iuv: filed.given.clone(),
            matched_iuv: filed.paid.clone(),
            matched_psp: filed.matched.as_ref().map(|m| m.flow.psp_id.clone()),
            matched_key: filed.matched.as_ref().map(|m| m.flow.key.clone()),
            match_quality: filed
                .matched
                .as_ref()
                .map(|m| quality_name(m.quality).to_owned()),
            ingested_at: At(filed.ingested_at),
            held_by: filed.held_by.map(Id),
        }
    }

    fn into_domain(self) -> Result<Filed, Error> {
        let id = self.id.0;
        let corrupt = |why: &'static str| Error::corrupt(TABLE, id, why);
        let reference = match (self.reference_kind.as_str(), self.reference) {
            (FLOW, Some(id)) => Reference::Flow(FlowReference {
                id,
                joined: self.reference_joined,
                open: self.reference_open,
                also: words(self.reference_also.as_deref()),
            }),
            (SINGLE, Some(iuv)) => Reference::Single(iuv),
            (NONE, None) => Reference::None,
            _ => return Err(corrupt("reference")),
        };
        let quality = match self.match_quality.as_deref() {
            Some("beginning") => Quality::Beginning,
            Some("hand") => Quality::Hand,
            _ => Quality::Whole,
        };
        let matched = self.matched_psp.zip(self.matched_key);
        let matched = matched.map(|(psp_id, key)| Matched {
            flow: KnownFlow { key, psp_id },
            quality,
        });
        Ok(Filed {
            id,
            reference,
            matched,
            ingested_at: self.ingested_at.0,
            held_by: self.held_by.map(|id| id.0),
            given: self.given_iuv,
            paid: self.matched_iuv,
            movement: Movement {
                year: self.year,
                account: self.account,
                number: self.number,
                direction: Direction::from_name(&self.direction)
                    .ok_or_else(|| corrupt("direction"))?,
                document: DocumentKind::from_name(&self.document)
                    .ok_or_else(|| corrupt("document"))?,
                operation: Operation::from_name(&self.operation)
                    .ok_or_else(|| corrupt("operation"))?,
                provisional: self.provisional,
                amount: Cents::new(self.amount_cents).map_err(|_range| corrupt("amount"))?,
                booked_on: self.booked_on,
                value_on: self.value_on,
                text: self.remittance,
                payer: self.payer,
                bank_reference: self.bank_reference,
            },
        })
    }
}
