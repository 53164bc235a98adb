//! Who owes beside the debtor of a position.

use diesel::prelude::*;
use uuid::Uuid;

use super::positions::Contact;
use super::schema::joint_debtor;
use super::types::{Id, Json};
use super::{Conn, Error, Tx};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::position::{Debtor, DebtorKind, Position};
use crate::domain::text::Text;

const TABLE: &str = "joint_debtor";

#[derive(Queryable, Insertable)]
#[diesel(table_name = joint_debtor, treat_none_as_default_value = false)]
struct JointDebtorRow {
    creditor: String,
    position_id: Id,
    place: i16,
    kind: String,
    tax_code: String,
    full_name: String,
    contact: Json,
}

/// Inserts the joint debtors of a new position.
pub(super) fn insert(tx: &mut Tx<'_>, position: &Position) -> Result<(), Error> {
    let mut rows = Vec::with_capacity(position.joint_debtors.len());
    for (place, debtor) in (1i16..).zip(&position.joint_debtors) {
        rows.push(JointDebtorRow {
            creditor: position.creditor.to_string(),
            position_id: Id(position.id),
            place,
            kind: debtor.kind.to_string(),
            tax_code: debtor.tax_code.to_string(),
            full_name: debtor.full_name.to_string(),
            contact: Contact::of(debtor, position.id)?,
        });
    }
    if rows.is_empty() {
        return Ok(());
    }
    on!(&mut **tx, |c| diesel::insert_into(joint_debtor::table)
        .values(&rows)
        .execute(c))?;
    Ok(())
}

/// The joint debtors of some positions, by position and place.
pub(super) fn of(
    conn: &mut Conn,
    creditor: &FiscalCode,
    positions: &[Id],
) -> Result<Vec<(Uuid, Debtor)>, Error> {
    if positions.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<JointDebtorRow> = on!(conn, |c| joint_debtor::table
        .filter(joint_debtor::creditor.eq(creditor.as_str()))
        .filter(joint_debtor::position_id.eq_any(positions))
        .order((joint_debtor::position_id, joint_debtor::place))
        .load(c))?;
    rows.into_iter()
        .map(|row| Ok((row.position_id.0, row.into_domain()?)))
        .collect()
}

impl JointDebtorRow {
    fn into_domain(self) -> Result<Debtor, Error> {
        let id = self.position_id.0;
        let corrupt = |why: &dyn std::fmt::Display| Error::corrupt(TABLE, id, why);
        let (email, address) = Contact::read(self.contact, id)?;
        Ok(Debtor {
            kind: DebtorKind::from_name(&self.kind).ok_or_else(|| corrupt(&"debtor kind"))?,
            tax_code: FiscalCode::as_stated(&self.tax_code).map_err(|e| corrupt(&e))?,
            full_name: Text::parse(&self.full_name).map_err(|e| corrupt(&e))?,
            address,
            email,
        })
    }
}
