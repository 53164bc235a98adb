//! Positions with their notices.

pub mod charges;

use std::collections::HashMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::joint_debtors;
use super::notices::{self, NoticeRow};
use super::prepared::among_ids;
use super::schema::{joint_debtor, notice, position};
use super::types::{At, Id, Json};
use super::{Conn, Error, Tx};
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::notice_number::NoticeNumber;
use crate::domain::position::{Address, Debtor, DebtorKind, Position};
use crate::domain::service::Row;
use crate::domain::text::Text;

const TABLE: &str = "position";

diesel::alias!(const ASKED: Alias<Asked> = notice as asked);

/// The position of a notice. Written once as text: the query's type names the database it is for.
macro_rules! of_notice {
    ($creditor:expr, $number:expr) => {
        position::table
            .filter(position::creditor.eq($creditor.as_str()))
            .filter(
                position::id.eq_any(
                    ASKED
                        .filter(ASKED.field(notice::creditor).eq($creditor.as_str()))
                        .filter(ASKED.field(notice::number).eq($number.as_str()))
                        .select(ASKED.field(notice::position_id)),
                ),
            )
    };
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = position, treat_none_as_default_value = false)]
struct PositionRow {
    creditor: String,
    id: Id,
    reference: Option<String>,
    service_code: String,
    debtor_kind: String,
    debtor_tax_code: String,
    debtor_full_name: String,
    debtor_contact: Json,
    description: String,
    details: Json,
    assessment_rows: Json,
    issued_on: Day,
    created_at: At,
    revision: i64,
    joint_debtors: i16,
}

/// What became of an insert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placed {
    /// The position and its notices are new.
    New,
    /// The creditor has a position with this reference.
    ReferenceTaken,
    /// The creditor has a notice with one of these numbers.
    NumberTaken,
}

/// Which positions a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this service.
    pub service_code: Option<String>,
    /// Of this debtor.
    pub debtor_tax_code: Option<FiscalCode>,
    /// With this reference of the caller.
    pub reference: Option<String>,
    /// With this notice.
    pub notice_number: Option<NoticeNumber>,
}

/// Inserts a position and its notices. Unless the answer is [`Placed::New`], the caller rolls back.
///
/// # Errors
/// The database's.
pub fn insert(tx: &mut Tx<'_>, new: &Position) -> Result<Placed, Error> {
    let row = PositionRow::from_domain(new)?;
    let made = on!(&mut **tx, |c| diesel::insert_into(position::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    if made == 0 {
        return Ok(Placed::ReferenceTaken);
    }
    joint_debtors::insert(tx, new)?;
    if notices::insert(tx, new)? {
        Ok(Placed::New)
    } else {
        Ok(Placed::NumberTaken)
    }
}

/// The position with this id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Option<Position>, Error> {
    let row: Option<PositionRow> = on!(conn, |c| position::table
        .find((creditor.as_str(), Id(id)))
        .get_result(c)
        .optional())?;
    with_notices(conn, row)
}

/// The position that a notice belongs to, with all its notices.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn find_by_number(
    conn: &mut Conn,
    creditor: &FiscalCode,
    number: &NoticeNumber,
) -> Result<Option<Position>, Error> {
    let rows: Vec<(PositionRow, NoticeRow)> = on!(conn, |c| of_notice!(creditor, number)
        .inner_join(
            notice::table.on(notice::creditor
                .eq(position::creditor)
                .and(notice::position_id.eq(position::id)))
        )
        .order((notice::option_no, notice::sequence))
        .select((position::all_columns, notice::all_columns))
        .load(c))?;
    let (mut positions, notices): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let position = positions.pop();
    position
        .map(|row| with_debtors(conn, row, notices))
        .transpose()
}

/// As [`find_by_number`], holding the position until the transaction ends, so that two payments of one
/// debt are decided one after the other. SQLite has one writer and needs no lock.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn lock_by_number(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    number: &NoticeNumber,
) -> Result<Option<Position>, Error> {
    let query = of_notice!(creditor, number);
    let row: Option<PositionRow> = match &mut **tx {
        Conn::Pg(c) => query.for_update().get_result(c).optional()?,
        Conn::Lite(c) => query.get_result(c).optional()?,
    };
    with_notices(tx, row)
}

/// As [`get`], holding the position until the transaction ends.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn lock(tx: &mut Tx<'_>, creditor: &FiscalCode, id: Uuid) -> Result<Option<Position>, Error> {
    let query = position::table.find((creditor.as_str(), Id(id)));
    let row: Option<PositionRow> = match &mut **tx {
        Conn::Pg(c) => query.for_update().get_result(c).optional()?,
        Conn::Lite(c) => query.get_result(c).optional()?,
    };
    with_notices(tx, row)
}

/// As [`lock`], by the caller's reference.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn lock_by_reference(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    reference: &str,
) -> Result<Option<Position>, Error> {
    let query = position::table
        .filter(position::creditor.eq(creditor.as_str()))
        .filter(position::reference.eq(reference));
    let row: Option<PositionRow> = match &mut **tx {
        Conn::Pg(c) => query.for_update().get_result(c).optional()?,
        Conn::Lite(c) => query.get_result(c).optional()?,
    };
    with_notices(tx, row)
}

/// Notices are read after their position, so that under its lock they are those of the last payment.
fn with_notices(conn: &mut Conn, row: Option<PositionRow>) -> Result<Option<Position>, Error> {
    let Some(row) = row else {
        return Ok(None);
    };
    let notices: Vec<NoticeRow> = on!(conn, |c| notice::table
        .filter(notice::creditor.eq(&row.creditor))
        .filter(notice::position_id.eq(row.id))
        .order((notice::option_no, notice::sequence))
        .load(c))?;
    with_debtors(conn, row, notices).map(Some)
}

/// Most positions have one debtor: the others are asked for only when there are some.
fn with_debtors(
    conn: &mut Conn,
    row: PositionRow,
    notices: Vec<NoticeRow>,
) -> Result<Position, Error> {
    let others = match row.joint_debtors {
        0 => Vec::new(),
        _ => {
            let creditor = FiscalCode::as_stated(&row.creditor)
                .map_err(|why| Error::corrupt("position", row.id.0, why))?;
            joint_debtors::of(conn, &creditor, &[row.id])?
        }
    };
    let others = others.into_iter().map(|(_, debtor)| debtor).collect();
    row.into_domain(notices, others)
}

/// One page of positions, oldest first, after the given id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    filter: &Filter,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Position>, Error> {
    let after = Id(after.unwrap_or_default());
    let rows: Vec<PositionRow> = on!(conn, |c| {
        let mut query = position::table
            .filter(position::creditor.eq(creditor.as_str()))
            .filter(position::id.gt(after))
            .order(position::id)
            .limit(limit)
            .into_boxed();
        if let Some(code) = &filter.service_code {
            query = query.filter(position::service_code.eq(code));
        }
        if let Some(tax_code) = &filter.debtor_tax_code {
            let jointly = joint_debtor::table
                .filter(joint_debtor::creditor.eq(creditor.as_str()))
                .filter(joint_debtor::tax_code.eq(tax_code.as_str()))
                .select(joint_debtor::position_id);
            let alone = position::debtor_tax_code.eq(tax_code.as_str());
            query = query.filter(alone.or(position::id.eq_any(jointly)));
        }
        if let Some(reference) = &filter.reference {
            query = query.filter(position::reference.eq(reference));
        }
        if let Some(number) = &filter.notice_number {
            let of_notice = notice::table
                .filter(notice::creditor.eq(creditor.as_str()))
                .filter(notice::number.eq(number.as_str()))
                .select(notice::position_id);
            query = query.filter(position::id.eq_any(of_notice));
        }
        query.load(c)
    })?;
    all_with_notices(conn, creditor, rows)
}

/// The positions with these ids, oldest first; one that is not there is left out.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn among(conn: &mut Conn, creditor: &FiscalCode, ids: &[Uuid]) -> Result<Vec<Position>, Error> {
    let ids: Vec<Id> = ids.iter().copied().map(Id).collect();
    let rows: Vec<PositionRow> = on!(conn, |c| position::table
        .filter(position::creditor.eq(creditor.as_str()))
        .filter(among_ids(position::id, &ids))
        .order(position::id)
        .load(c))?;
    all_with_notices(conn, creditor, rows)
}

fn all_with_notices(
    conn: &mut Conn,
    creditor: &FiscalCode,
    rows: Vec<PositionRow>,
) -> Result<Vec<Position>, Error> {
    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
    let notices: Vec<NoticeRow> = on!(conn, |c| notice::table
        .filter(notice::creditor.eq(creditor.as_str()))
        .filter(among_ids(notice::position_id, &ids))
        .order((notice::position_id, notice::option_no, notice::sequence))
        .load(c))?;
    let shared = rows.iter().filter(|row| row.joint_debtors > 0);
    let shared: Vec<Id> = shared.map(|row| row.id).collect();
    let joint = joint_debtors::of(conn, creditor, &shared)?;
    let mut by_position = HashMap::<Uuid, Vec<NoticeRow>>::new();
    for notice in notices {
        let own = by_position.entry(notice.position_id.0).or_default();
        own.push(notice);
    }
    rows.into_iter()
        .map(|row| {
            let own = by_position.remove(&row.id.0).unwrap_or_default();
            let with = joint.iter().filter(|(of, _)| *of == row.id.0);
            let with = with.map(|(_, debtor)| debtor.clone()).collect();
            row.into_domain(own, with)
        })
        .collect()
}

/// Counts a change of a position: its entity tag.
///
/// # Errors
/// [`Error::Changed`] when the revision is another one by now.
pub fn advance_revision(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    id: Uuid,
    from: i64,
) -> Result<(), Error> {
    let updated = on!(&mut **tx, |c| diesel::update(
        position::table
            .find((creditor.as_str(), Id(id)))
            .filter(position::revision.eq(from))
    )
    .set(position::revision.eq(from.saturating_add(1)))
    .execute(c))?;
    if updated == 1 {
        Ok(())
    } else {
        Err(Error::Changed {
            table: TABLE,
            id: id.to_string(),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Contact {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<ContactAddress>,
}

#[derive(Serialize, Deserialize)]
struct ContactAddress {
    street: String,
    postal_code: Option<String>,
    city: String,
    province: Option<String>,
    country: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct AssessmentRow {
    code: String,
    label: String,
    amount_cents: i64,
}

/// Code and amount of each stored row of an assessment.
pub(super) fn amounts(rows: Json, id: Uuid) -> Result<Vec<(String, Cents)>, Error> {
    let rows: Vec<AssessmentRow> =
        serde_json::from_value(rows.0).map_err(|why| Error::corrupt(TABLE, id, why))?;
    let amount = |row: AssessmentRow| {
        let cents = Cents::new(row.amount_cents).map_err(|why| Error::corrupt(TABLE, id, why))?;
        Ok((row.code, cents))
    };
    rows.into_iter().map(amount).collect()
}

impl PositionRow {
    fn from_domain(position: &Position) -> Result<PositionRow, Error> {
        let debtor = &position.debtor;
        let joint = i16::try_from(position.joint_debtors.len());
        Ok(PositionRow {
            creditor: position.creditor.to_string(),
            id: Id(position.id),
            reference: position.reference.as_ref().map(ToString::to_string),
            service_code: position.service_code.clone(),
            debtor_kind: debtor.kind.to_string(),
            debtor_tax_code: debtor.tax_code.to_string(),
            debtor_full_name: debtor.full_name.to_string(),
            debtor_contact: Contact::of(debtor, position.id)?,
            description: position.description.to_string(),
            details: Json(position.details.clone()),
            assessment_rows: Json(rows_json(position.id, &position.rows)?),
            issued_on: position.issued_on,
            created_at: At(position.created_at),
            revision: position.revision,
            joint_debtors: joint.map_err(|e| Error::corrupt(TABLE, position.id, e))?,
        })
    }

    fn into_domain(
        self,
        notices: Vec<NoticeRow>,
        joint_debtors: Vec<Debtor>,
    ) -> Result<Position, Error> {
        let id = self.id.0;
        let corrupt = |why: &dyn std::fmt::Display| Error::corrupt(TABLE, id, why);
        let rows: Vec<AssessmentRow> =
            serde_json::from_value(self.assessment_rows.0).map_err(|e| corrupt(&e))?;
        let rows = rows.into_iter().map(|row| {
            Ok(Row {
                code: row.code.into(),
                label: row.label,
                amount: Cents::new(row.amount_cents).map_err(|e| corrupt(&e))?,
            })
        });
        let (email, address) = Contact::read(self.debtor_contact, id)?;
        let debtor = Debtor {
            kind: DebtorKind::from_name(&self.debtor_kind)
                .ok_or_else(|| corrupt(&"debtor kind"))?,
            tax_code: FiscalCode::as_stated(&self.debtor_tax_code).map_err(|e| corrupt(&e))?,
            full_name: Text::parse(&self.debtor_full_name).map_err(|e| corrupt(&e))?,
            address,
            email,
        };
        Ok(Position {
            creditor: FiscalCode::as_stated(&self.creditor).map_err(|e| corrupt(&e))?,
            id,
            reference: optional(self.reference, id)?,
            service_code: self.service_code,
            debtor,
            joint_debtors,
            description: Text::parse(&self.description).map_err(|e| corrupt(&e))?,
            details: self.details.0,
            rows: rows.collect::<Result<_, Error>>()?,
            issued_on: self.issued_on,
            notices: notices
                .into_iter()
                .map(NoticeRow::into_domain)
                .collect::<Result<_, _>>()?,
            created_at: self.created_at.0,
            revision: self.revision,
        })
    }
}

/// The lines that explain an amount, as stored.
pub(super) fn rows_json(id: Uuid, rows: &[Row]) -> Result<serde_json::Value, Error> {
    let rows: Vec<AssessmentRow> = rows
        .iter()
        .map(|row| AssessmentRow {
            code: row.code.to_string(),
            label: row.label.clone(),
            amount_cents: row.amount.get(),
        })
        .collect();
    serde_json::to_value(rows).map_err(|why| Error::corrupt(TABLE, id, why))
}

impl Contact {
    /// How a debtor of a position is reached, as stored.
    pub(super) fn of(debtor: &Debtor, id: Uuid) -> Result<Json, Error> {
        let contact = Contact {
            email: debtor.email.as_ref().map(ToString::to_string),
            address: debtor.address.as_ref().map(|address| ContactAddress {
                street: address.street.to_string(),
                postal_code: address.postal_code.as_ref().map(ToString::to_string),
                city: address.city.to_string(),
                province: address.province.as_ref().map(ToString::to_string),
                country: address.country.as_ref().map(ToString::to_string),
            }),
        };
        let stored = serde_json::to_value(contact);
        Ok(Json(stored.map_err(|why| Error::corrupt(TABLE, id, why))?))
    }

    /// What was stored.
    pub(super) fn read(
        stored: Json,
        id: Uuid,
    ) -> Result<(Option<Text<256>>, Option<Address>), Error> {
        let contact: Contact =
            serde_json::from_value(stored.0).map_err(|why| Error::corrupt(TABLE, id, why))?;
        let address = contact.address.map(|a| a.into_domain(id)).transpose()?;
        Ok((optional(contact.email, id)?, address))
    }
}

impl ContactAddress {
    fn into_domain(self, id: Uuid) -> Result<Address, Error> {
        let corrupt = |why: &dyn std::fmt::Display| Error::corrupt(TABLE, id, why);
        Ok(Address {
            street: Text::parse(&self.street).map_err(|e| corrupt(&e))?,
            postal_code: optional(self.postal_code, id)?,
            city: Text::parse(&self.city).map_err(|e| corrupt(&e))?,
            province: optional(self.province, id)?,
            country: optional(self.country, id)?,
        })
    }
}

fn optional<const N: usize>(text: Option<String>, id: Uuid) -> Result<Option<Text<N>>, Error> {
    text.map(|text| Text::parse(&text))
        .transpose()
        .map_err(|e| Error::corrupt(TABLE, id, e))
}
