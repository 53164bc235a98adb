//! What entries refer to, what explains them and who says so, written down.

use diesel::prelude::*;
use uuid::Uuid;

use super::row::{EntryRow, columns_of, quality_name};
use super::{Explained, Filed};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::treasury::Reference;
use crate::store::prepared::among_ids;
use crate::store::schema::{treasury_also, treasury_entry};
use crate::store::types::Id;
use crate::store::{Conn, Error, Tx};

/// A decision about entries, and the payment that it says they are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The decision.
    pub decision: Uuid,
    /// The payment, when it says one.
    pub payment: Option<String>,
}

/// Writes down which flows a reference names besides the first, so that each of them finds the entry.
pub(super) fn name_also(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    id: Uuid,
    reference: &Reference,
) -> Result<(), Error> {
    let also = match reference {
        Reference::Flow(flow) => flow.also.as_slice(),
        Reference::Single(_) | Reference::None => &[],
    };
    for key in also {
        let row = (
            treasury_also::creditor.eq(creditor.as_str()),
            treasury_also::reference.eq(key),
            treasury_also::entry.eq(Id(id)),
        );
        on!(&mut **tx, |c| diesel::insert_into(treasury_also::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
    }
    Ok(())
}

/// Writes down what an entry refers to, found otherwise than in its text.
///
/// # Errors
/// The database's.
pub fn set_reference(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    id: Uuid,
    reference: &Reference,
) -> Result<(), Error> {
    let columns = columns_of(reference);
    on!(&mut **tx, |c| diesel::update(
        treasury_entry::table.find((creditor.as_str(), Id(id)))
    )
    .set((
        treasury_entry::reference_kind.eq(columns.kind),
        treasury_entry::reference.eq(columns.reference.as_deref()),
        treasury_entry::reference_joined.eq(columns.joined.as_deref()),
        treasury_entry::reference_open.eq(columns.open.as_deref()),
        treasury_entry::reference_also.eq(columns.also.as_deref()),
    ))
    .execute(c))?;
    name_also(tx, creditor, id, reference)
}

/// Writes down what explains an entry.
///
/// # Errors
/// The database's.
pub fn set_explained(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    id: Uuid,
    explained: Option<&Explained>,
) -> Result<(), Error> {
    let (flow, payment) = match explained {
        Some(Explained::Flow(matched)) => (Some(matched), None),
        Some(Explained::Payment(iuv)) => (None, Some(iuv.as_str())),
        None => (None, None),
    };
    let entry = treasury_entry::table.find((creditor.as_str(), Id(id)));
    let set = (
        treasury_entry::matched_psp.eq(flow.map(|m| m.flow.psp_id.as_str())),
        treasury_entry::matched_key.eq(flow.map(|m| m.flow.key.as_str())),
        treasury_entry::match_quality.eq(flow.map(|m| quality_name(m.quality))),
        treasury_entry::matched_iuv.eq(payment),
    );
    on!(&mut **tx, |c| diesel::update(entry).set(set).execute(c))?;
    Ok(())
}

/// Writes down which decision says what entries pay; without one, their texts do again.
///
/// # Errors
/// The database's.
pub fn hold(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    ids: &[Uuid],
    held: Option<&Held>,
) -> Result<(), Error> {
    let ids: Vec<Id> = ids.iter().copied().map(Id).collect();
    let entries = treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(among_ids(treasury_entry::id, &ids));
    let payment = held.and_then(|held| held.payment.as_deref());
    let set = (
        treasury_entry::held_by.eq(held.map(|held| Id(held.decision))),
        treasury_entry::given_iuv.eq(payment),
    );
    on!(&mut **tx, |c| diesel::update(entries).set(set).execute(c))?;
    Ok(())
}

/// Entries of which a decision says what they pay.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn held_by(
    conn: &mut Conn,
    creditor: &FiscalCode,
    decision: Uuid,
) -> Result<Vec<Filed>, Error> {
    let rows: Vec<EntryRow> = on!(conn, |c| treasury_entry::table
        .filter(treasury_entry::creditor.eq(creditor.as_str()))
        .filter(treasury_entry::held_by.eq(Id(decision)))
        .order(treasury_entry::id)
        .load(c))?;
    rows.into_iter().map(EntryRow::into_domain).collect()
}
