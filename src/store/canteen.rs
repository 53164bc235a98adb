//! Credit accounts of the canteen: the accounts, their movements (append only), what tops them up.

mod bill_refunds;
mod meals;

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use uuid::Uuid;

pub use bill_refunds::{bill_refunds, bill_refunds_of, insert_bill_refund};
pub use meals::{append_all, lock_among, meals_on_file};

use super::prepared::among_ids;
use super::reports::Period;
use super::schema::{canteen_account, canteen_movement, canteen_top_up, position, receipt};
use super::types::{At, Id, Json};
use super::{Conn, Error, Inserted, Tx};
use crate::domain::calendar::Day;
use crate::domain::canteen_account::{
    AccountHolder, CanteenAccount, CreditCause, CreditKind, CreditMovement,
};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::receipt::Party;
use crate::domain::text::Text;

const ACCOUNT: &str = "canteen_account";
const MOVEMENT: &str = "canteen_movement";

#[derive(Queryable, Insertable)]
#[diesel(table_name = canteen_account)]
struct AccountRow {
    creditor: String,
    id: Id,
    service_code: String,
    holder_tax_code: String,
    holder_full_name: String,
    family: Json,
    opened_at: At,
    revision: i64,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = canteen_movement, treat_none_as_default_value = false)]
struct MovementRow {
    creditor: String,
    account_id: Id,
    id: Id,
    kind: String,
    amount_cents: i64,
    day: Day,
    at: At,
    pupil_tax_code: Option<String>,
    meal_on: Option<Day>,
    receipt_id: Option<String>,
    transfer_id: Option<Id>,
    payee_tax_code: Option<String>,
    note: Option<String>,
}

/// Writes a new account down.
///
/// # Errors
/// The database's.
pub fn insert(tx: &mut Tx<'_>, account: &CanteenAccount) -> Result<(), Error> {
    let row = AccountRow {
        creditor: account.creditor.to_string(),
        id: Id(account.id),
        service_code: account.service_code.clone(),
        holder_tax_code: account.holder.tax_code.to_string(),
        holder_full_name: account.holder.full_name.to_string(),
        family: family(account)?,
        opened_at: At(account.opened_at),
        revision: account.revision,
    };
    on!(&mut **tx, |c| diesel::insert_into(canteen_account::table)
        .values(&row)
        .execute(c))?;
    Ok(())
}

/// Replaces who eats on an account; its revision moves on from the one that was read.
///
/// # Errors
/// [`Error::Changed`], or the database's.
pub fn set_family(tx: &mut Tx<'_>, account: &CanteenAccount) -> Result<(), Error> {
    let (next, family) = (account.revision.saturating_add(1), family(account)?);
    let of = canteen_account::table
        .find((account.creditor.as_str(), Id(account.id)))
        .filter(canteen_account::revision.eq(account.revision));
    let changed = on!(&mut **tx, |c| diesel::update(of)
        .set((
            canteen_account::family.eq(&family),
            canteen_account::revision.eq(next)
        ))
        .execute(c))?;
    match changed {
        1 => Ok(()),
        _ => Err(Error::Changed {
            table: ACCOUNT,
            id: account.id.to_string(),
        }),
    }
}

/// The account with this id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get(
    conn: &mut Conn,
    creditor: &FiscalCode,
    id: Uuid,
) -> Result<Option<CanteenAccount>, Error> {
    let row: Option<AccountRow> = on!(conn, |c| canteen_account::table
        .find((creditor.as_str(), Id(id)))
        .get_result(c)
        .optional())?;
    row.map(AccountRow::into_domain).transpose()
}

/// As [`get`], holding the account until the transaction ends: its balance is nobody else's to take.
/// SQLite has one writer.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn lock(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    id: Uuid,
) -> Result<Option<CanteenAccount>, Error> {
    if let Conn::Pg(c) = &mut **tx {
        let _locked: Option<Id> = canteen_account::table
            .find((creditor.as_str(), Id(id)))
            .select(canteen_account::id)
            .for_update()
            .get_result(c)
            .optional()?;
    }
    get(tx, creditor, id)
}

/// One page of accounts, oldest first, after the given id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    service_code: Option<&str>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<CanteenAccount>, Error> {
    let after = Id(after.unwrap_or_default());
    let rows: Vec<AccountRow> = on!(conn, |c| {
        let mut query = canteen_account::table
            .filter(canteen_account::creditor.eq(creditor.as_str()))
            .filter(canteen_account::id.gt(after))
            .order(canteen_account::id)
            .limit(limit)
            .into_boxed();
        if let Some(code) = service_code {
            query = query.filter(canteen_account::service_code.eq(code));
        }
        query.load(c)
    })?;
    rows.into_iter().map(AccountRow::into_domain).collect()
}

/// Balances of accounts: the sums of their movements. An account without movements is not among them.
///
/// # Errors
/// The database's, or a sum out of range.
pub fn balances(
    conn: &mut Conn,
    creditor: &FiscalCode,
    accounts: &[Uuid],
) -> Result<BTreeMap<Uuid, Cents>, Error> {
    let ids: Vec<Id> = accounts.iter().copied().map(Id).collect();
    // The sum of BIGINT is NUMERIC on PostgreSQL; the cast keeps one row type for both.
    let sum = diesel::dsl::sql::<BigInt>("CAST(SUM(amount_cents) AS BIGINT)");
    let sums: Vec<(Id, i64)> = on!(conn, |c| canteen_movement::table
        .filter(canteen_movement::creditor.eq(creditor.as_str()))
        .filter(among_ids(canteen_movement::account_id, &ids))
        .group_by(canteen_movement::account_id)
        .select((canteen_movement::account_id, sum))
        .load(c))?;
    let cents = |(id, sum): (Id, i64)| {
        let sum = Cents::new(sum).map_err(|why| Error::corrupt(ACCOUNT, id.0, why))?;
        Ok((id.0, sum))
    };
    sums.into_iter().map(cents).collect()
}

/// Balance of one account.
///
/// # Errors
/// As [`balances`].
pub fn balance(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Cents, Error> {
    let found = balances(conn, creditor, &[id])?;
    Ok(found.get(&id).copied().unwrap_or(Cents::ZERO))
}

/// Whether a receipt was credited to an account.
///
/// # Errors
/// The database's.
pub fn of_receipt(conn: &mut Conn, creditor: &FiscalCode, receipt_id: &str) -> Result<bool, Error> {
    let credited = canteen_movement::table
        .filter(canteen_movement::creditor.eq(creditor.as_str()))
        .filter(canteen_movement::receipt_id.eq(receipt_id));
    Ok(on!(conn, |c| diesel::select(diesel::dsl::exists(
        credited
    ))
    .get_result(c))?)
}

/// Appends a movement; one of a meal or a receipt that is on file already is found there.
///
/// # Errors
/// The database's.
pub fn append_once(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    movement: &CreditMovement,
) -> Result<Inserted, Error> {
    let row = MovementRow::from_domain(creditor, movement);
    let made = on!(&mut **tx, |c| diesel::insert_into(canteen_movement::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(Inserted::from_count(made))
}

/// The movement of a pupil's meal on a day, whichever account paid it.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn meal(
    conn: &mut Conn,
    creditor: &FiscalCode,
    pupil_tax_code: &str,
    meal_on: Day,
) -> Result<Option<CreditMovement>, Error> {
    let row: Option<MovementRow> = on!(conn, |c| canteen_movement::table
        .filter(canteen_movement::creditor.eq(creditor.as_str()))
        .filter(canteen_movement::pupil_tax_code.eq(pupil_tax_code))
        .filter(canteen_movement::meal_on.eq(meal_on))
        .get_result(c)
        .optional())?;
    row.map(MovementRow::into_domain).transpose()
}

/// One page of the movements of an account, oldest first, after the given id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn movements(
    conn: &mut Conn,
    creditor: &FiscalCode,
    account_id: Uuid,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<CreditMovement>, Error> {
    let after = Id(after.unwrap_or_default());
    let rows: Vec<MovementRow> = on!(conn, |c| canteen_movement::table
        .filter(canteen_movement::creditor.eq(creditor.as_str()))
        .filter(canteen_movement::account_id.eq(Id(account_id)))
        .filter(canteen_movement::id.gt(after))
        .order(canteen_movement::id)
        .limit(limit)
        .load(c))?;
    rows.into_iter().map(MovementRow::into_domain).collect()
}

/// Notes which account a new position tops up, for which pupil.
///
/// # Errors
/// The database's.
pub fn insert_top_up(
    tx: &mut Tx<'_>,
    (creditor, position_id): (&FiscalCode, Uuid),
    account_id: Uuid,
    pupil_tax_code: &str,
) -> Result<(), Error> {
    on!(&mut **tx, |c| diesel::insert_into(canteen_top_up::table)
        .values((
            canteen_top_up::creditor.eq(creditor.as_str()),
            canteen_top_up::position_id.eq(Id(position_id)),
            canteen_top_up::account_id.eq(Id(account_id)),
            canteen_top_up::pupil_tax_code.eq(pupil_tax_code),
        ))
        .execute(c))?;
    Ok(())
}

/// The account and the pupil that a position tops up.
///
/// # Errors
/// The database's.
pub fn top_up(
    conn: &mut Conn,
    creditor: &FiscalCode,
    position_id: Uuid,
) -> Result<Option<(Uuid, String)>, Error> {
    let found: Option<(Id, String)> = on!(conn, |c| canteen_top_up::table
        .find((creditor.as_str(), Id(position_id)))
        .select((canteen_top_up::account_id, canteen_top_up::pupil_tax_code))
        .get_result(c)
        .optional())?;
    Ok(found.map(|(id, pupil)| (id.0, pupil)))
}

/// A receipt of a canteen, with what its position says.
#[derive(Debug, Clone, PartialEq)]
pub struct SchoolReceipt {
    /// Id of the receipt: the place in the list.
    pub id: Uuid,
    /// `receiptId`.
    pub receipt_id: String,
    /// What was paid and owed.
    pub amount: Cents,
    /// Who paid: the payer, else the debtor.
    pub payer: Party,
    /// What the office typed.
    pub details: serde_json::Value,
    /// Code and amount of each row of the position.
    pub rows: Vec<(String, Cents)>,
}

/// One page of the receipts of some services paid in a period, by id, after the given one.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn receipts(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (services, period): (&[&str], Period),
    after: Uuid,
    limit: i64,
) -> Result<Vec<SchoolReceipt>, Error> {
    type Found = (Id, String, i64, Json, Json, Json);
    let of = receipt::creditor
        .eq(position::creditor)
        .and(receipt::position_id.eq(position::id.nullable()));
    let found: Vec<Found> = on!(&mut *conn, |c| receipt::table
        .inner_join(position::table.on(of))
        .filter(receipt::creditor.eq(creditor.as_str()))
        .filter(receipt::paid_on.between(period.from, period.to))
        .filter(receipt::service_code.eq_any(services))
        .filter(receipt::id.gt(Id(after)))
        .order(receipt::id)
        .limit(limit)
        .select((
            receipt::id,
            receipt::receipt_id,
            receipt::amount_cents,
            receipt::parties,
            position::details,
            position::assessment_rows,
        ))
        .load(c))?;
    let ids: Vec<String> = found.iter().map(|row| row.1.clone()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let back = super::receipts::undue(conn, creditor, &ids)?;
    let receipt = |(Id(id), receipt_id, amount, parties, details, rows): Found| {
        let corrupt = |why: &dyn std::fmt::Display| Error::corrupt("receipt", id, why);
        let amount = Cents::new(amount).map_err(|e| corrupt(&e))?;
        let owed = match back.get(&receipt_id) {
            Some((own, back)) => super::receipts::owed_of(amount, *own, *back),
            None => Ok(amount),
        };
        Ok(SchoolReceipt {
            id,
            receipt_id,
            amount: owed.map_err(|e| corrupt(&e))?,
            payer: super::receipts::payer(parties, id)?,
            details: details.0,
            rows: super::positions::amounts(rows, id)?,
        })
    };
    found.into_iter().map(receipt).collect()
}

/// Credit that was paid back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidBack {
    /// The account.
    pub account_id: Uuid,
    /// The pupil whose expenses become less.
    pub pupil_tax_code: Option<String>,
    /// Who was paid.
    pub payee: String,
    /// What the account lost, negative.
    pub amount: Cents,
}

/// What was paid back in a period.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn refunds(
    conn: &mut Conn,
    creditor: &FiscalCode,
    period: Period,
) -> Result<Vec<PaidBack>, Error> {
    let rows: Vec<(Id, Option<String>, Option<String>, i64)> =
        on!(conn, |c| canteen_movement::table
            .filter(canteen_movement::creditor.eq(creditor.as_str()))
            .filter(canteen_movement::day.between(period.from, period.to))
            .filter(canteen_movement::kind.eq(CreditKind::Refund.as_str()))
            .order(canteen_movement::id)
            .select((
                canteen_movement::account_id,
                canteen_movement::pupil_tax_code,
                canteen_movement::payee_tax_code,
                canteen_movement::amount_cents,
            ))
            .load(c))?;
    let paid_back =
        |(Id(account_id), pupil_tax_code, payee, amount): (Id, _, Option<String>, _)| {
            Ok(PaidBack {
                account_id,
                pupil_tax_code,
                payee: payee.unwrap_or_default(),
                amount: Cents::new(amount)
                    .map_err(|why| Error::corrupt(MOVEMENT, account_id, why))?,
            })
        };
    rows.into_iter().map(paid_back).collect()
}

fn family(account: &CanteenAccount) -> Result<Json, Error> {
    serde_json::to_value(&account.family)
        .map(Json)
        .map_err(|why| Error::corrupt(ACCOUNT, account.id, why))
}

impl AccountRow {
    fn into_domain(self) -> Result<CanteenAccount, Error> {
        let id = self.id.0;
        let corrupt = |why: &dyn std::fmt::Display| Error::corrupt(ACCOUNT, id, why);
        Ok(CanteenAccount {
            creditor: FiscalCode::as_stated(&self.creditor).map_err(|e| corrupt(&e))?,
            id,
            service_code: self.service_code,
            holder: AccountHolder {
                tax_code: FiscalCode::as_stated(&self.holder_tax_code).map_err(|e| corrupt(&e))?,
                full_name: Text::parse(&self.holder_full_name).map_err(|e| corrupt(&e))?,
            },
            family: serde_json::from_value(self.family.0).map_err(|e| corrupt(&e))?,
            opened_at: self.opened_at.0,
            revision: self.revision,
        })
    }
}

impl MovementRow {
    fn from_domain(creditor: &FiscalCode, movement: &CreditMovement) -> MovementRow {
        let mut row = MovementRow {
            creditor: creditor.to_string(),
            account_id: Id(movement.account_id),
            id: Id(movement.id),
            kind: movement.cause.kind().to_string(),
            amount_cents: movement.amount.get(),
            day: movement.day,
            at: At(movement.at),
            pupil_tax_code: movement.pupil_tax_code.clone(),
            meal_on: None,
            receipt_id: None,
            transfer_id: None,
            payee_tax_code: None,
            note: movement.note.as_ref().map(ToString::to_string),
        };
        match &movement.cause {
            CreditCause::TopUp(receipt) => row.receipt_id = Some(receipt.clone()),
            CreditCause::Meal(day) => row.meal_on = Some(*day),
            CreditCause::TransferOut(id) | CreditCause::TransferIn(id) => {
                row.transfer_id = Some(Id(*id));
            }
            CreditCause::Refund(payee) => row.payee_tax_code = Some(payee.to_string()),
            CreditCause::Correction => {}
        }
        row
    }

    fn into_domain(self) -> Result<CreditMovement, Error> {
        let id = self.id.0;
        let corrupt = |why: &dyn std::fmt::Display| Error::corrupt(MOVEMENT, id, why);
        let incomplete = || corrupt(&"a movement without the fact behind it");
        let kind = CreditKind::from_name(&self.kind).ok_or_else(|| corrupt(&"kind"))?;
        let transfer = self.transfer_id.map(|id| id.0);
        let cause = match kind {
            CreditKind::TopUp => CreditCause::TopUp(self.receipt_id.ok_or_else(incomplete)?),
            CreditKind::Meal => CreditCause::Meal(self.meal_on.ok_or_else(incomplete)?),
            CreditKind::TransferOut => CreditCause::TransferOut(transfer.ok_or_else(incomplete)?),
            CreditKind::TransferIn => CreditCause::TransferIn(transfer.ok_or_else(incomplete)?),
            CreditKind::Refund => {
                let payee = self.payee_tax_code.ok_or_else(incomplete)?;
                CreditCause::Refund(FiscalCode::as_stated(&payee).map_err(|e| corrupt(&e))?)
            }
            CreditKind::Correction => CreditCause::Correction,
        };
        let note = self.note.map(|note| Text::parse(&note)).transpose();
        Ok(CreditMovement {
            id,
            account_id: self.account_id.0,
            cause,
            amount: Cents::new(self.amount_cents).map_err(|e| corrupt(&e))?,
            day: self.day,
            at: self.at.0,
            pupil_tax_code: self.pupil_tax_code,
            note: note.map_err(|e| corrupt(&e))?,
        })
    }
}
