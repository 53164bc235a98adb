//! Receipts, their transfers, and the messages as they came.

pub mod kept;
pub mod lists;

use std::collections::HashMap;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::prepared::among;
use super::schema::{receipt, receipt_message, receipt_transfer};
use super::types::{At, Id, Json};
use super::{Conn, Error, Inserted, Tx};
use crate::domain::calendar::{Day, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::lifecycle::Anomaly;
use crate::domain::money::{Cents, MoneyError};
use crate::domain::notice_number::{Iuv, NoticeNumber};
use crate::domain::position::DebtorKind;
use crate::domain::receipt::{Party, Psp, Receipt, ReceiptTransfer};
use crate::domain::school_expense::part_of;

const TABLE: &str = "receipt";

#[derive(Queryable, Insertable)]
#[diesel(table_name = receipt, treat_none_as_default_value = false)]
struct ReceiptRow {
    creditor: String,
    receipt_id: String,
    id: Id,
    notice_number: String,
    iuv: String,
    primary_creditor: String,
    position_id: Option<Id>,
    service_code: Option<String>,
    amount_cents: i64,
    fee_cents: Option<i64>,
    description: String,
    paid_at: Option<At>,
    paid_on: Day,
    application_on: Option<Day>,
    transfer_on: Option<Day>,
    psp_id: String,
    psp_name: String,
    psp_channel: String,
    method: Option<String>,
    parties: Json,
    stand_in: bool,
    anomaly: Option<String>,
    received_at: At,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = receipt_transfer, treat_none_as_default_value = false)]
struct TransferRow {
    creditor: String,
    receipt_id: String,
    idx: i16,
    beneficiary: String,
    iban: Option<String>,
    amount_cents: i64,
    taxonomy: String,
    own: bool,
    stamp: Option<Vec<u8>>,
    owed_back_cents: i64,
    kept_cents: i64,
}

/// A receipt on file: the fact, and what the books made of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filed {
    /// Id in the API, UUID version 7.
    pub id: Uuid,
    /// The fact.
    pub receipt: Receipt,
    /// The position it paid, when it is in these books.
    pub position_id: Option<Uuid>,
    /// The service it paid for.
    pub service_code: Option<String>,
    /// Legal day of payment.
    pub paid_on: Day,
    /// What is odd about it.
    pub anomaly: Option<Anomaly>,
    /// What of its own parts was not owed and goes back to who paid, by transfer.
    pub owed_back: Vec<(u8, Cents)>,
    /// What of them was not owed either, and the creditor keeps.
    pub kept: Cents,
    /// When it arrived.
    pub received_at: Instant,
}

impl Filed {
    /// What of a part goes back to who paid.
    #[must_use]
    pub fn owed_back_of(&self, index: i32) -> Cents {
        let mut parts = self.owed_back.iter();
        let found = parts.find(|(of, _)| i32::from(*of) == index);
        found.map_or(Cents::ZERO, |(_, amount)| *amount)
    }

    /// What of its own parts was not owed, whether it goes back or is kept.
    ///
    /// # Errors
    /// [`MoneyError`].
    pub fn undue(&self) -> Result<Cents, MoneyError> {
        self.goes_back()?.plus(self.kept)
    }

    /// What of its own parts goes back to who paid.
    ///
    /// # Errors
    /// [`MoneyError`].
    pub fn goes_back(&self) -> Result<Cents, MoneyError> {
        Cents::sum(self.owed_back.iter().map(|(_, amount)| *amount))
    }

    /// What of the whole payment was owed: in the proportion of the creditor's own parts.
    ///
    /// # Errors
    /// [`MoneyError`].
    pub fn owed(&self) -> Result<Cents, MoneyError> {
        self.without(self.undue()?)
    }

    /// What of the whole payment stays where it is: what was owed, and what is kept.
    ///
    /// # Errors
    /// [`MoneyError`].
    pub fn stays(&self) -> Result<Cents, MoneyError> {
        self.without(self.goes_back()?)
    }

    fn without(&self, back: Cents) -> Result<Cents, MoneyError> {
        let receipt = &self.receipt;
        let own = receipt.transfers.iter();
        let own = own.filter(|part| part.is_own_of(&receipt.receiver));
        let own = Cents::sum(own.map(|part| part.amount))?;
        owed_of(receipt.amount, own, back)
    }
}

/// What is left of a payment without so much of the creditor's own part of it.
pub(super) fn owed_of(whole: Cents, own: Cents, back: Cents) -> Result<Cents, MoneyError> {
    match back.is_positive() {
        true => part_of(whole, own.minus(back)?, own),
        false => Ok(whole),
    }
}

/// Which receipts a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this notice.
    pub notice_number: Option<NoticeNumber>,
    /// Of this position.
    pub position_id: Option<Uuid>,
    /// Paid on this day or later.
    pub paid_from: Option<Day>,
    /// Paid on this day or earlier.
    pub paid_to: Option<Day>,
    /// With this anomaly.
    pub anomaly: Option<Anomaly>,
}

/// Files a receipt once: a repeat of the same `receipt_id` for the same body finds it there.
///
/// # Errors
/// The database's.
pub fn insert_once(tx: &mut Tx<'_>, filed: &Filed) -> Result<Inserted, Error> {
    let row = ReceiptRow::from_domain(filed)?;
    let made = on!(&mut **tx, |c| diesel::insert_into(receipt::table)
        .values(row)
        .on_conflict((receipt::creditor, receipt::receipt_id))
        .do_nothing()
        .execute(c))?;
    let outcome = Inserted::from_count(made);
    if !outcome.already() {
        let rows = transfer_rows(filed);
        append_rows!(tx, receipt_transfer::table, &rows);
    }
    Ok(outcome)
}

/// Keeps the message as it came: the first of a receipt, or one that contradicts it.
///
/// # Errors
/// The database's.
pub fn insert_message(
    tx: &mut Tx<'_>,
    (creditor, receipt_id): (&FiscalCode, &str),
    (id, body): (Uuid, &[u8]),
    now: Instant,
    conflicting: bool,
) -> Result<(), Error> {
    on!(&mut **tx, |c| diesel::insert_into(receipt_message::table)
        .values((
            receipt_message::creditor.eq(creditor.as_str()),
            receipt_message::receipt_id.eq(receipt_id),
            receipt_message::id.eq(Id(id)),
            receipt_message::body.eq(body),
            receipt_message::sha256.eq(Sha256::digest(body).as_slice()),
            receipt_message::received_at.eq(At(now)),
            receipt_message::conflicting.eq(conflicting),
        ))
        .execute(c))?;
    Ok(())
}

/// The message of a receipt, as received.
///
/// # Errors
/// The database's.
pub fn message(
    conn: &mut Conn,
    creditor: &FiscalCode,
    receipt_id: &str,
) -> Result<Option<Vec<u8>>, Error> {
    Ok(on!(conn, |c| receipt_message::table
        .filter(receipt_message::creditor.eq(creditor.as_str()))
        .filter(receipt_message::receipt_id.eq(receipt_id))
        .filter(receipt_message::conflicting.eq(false))
        .select(receipt_message::body)
        .get_result(c)
        .optional())?)
}

/// What is on file when a receipt arrives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnFile {
    /// The receipt with the same `receipt_id`.
    pub same: Option<Filed>,
    /// Whether another receipt is for the same notice.
    pub another: bool,
}

/// Looks for a receipt by its `receipt_id`, and for others of its notice.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn on_file(
    conn: &mut Conn,
    creditor: &FiscalCode,
    receipt_id: &str,
    number: &NoticeNumber,
) -> Result<OnFile, Error> {
    let rows: Vec<ReceiptRow> = on!(conn, |c| receipt::table
        .filter(receipt::creditor.eq(creditor.as_str()))
        .filter(
            receipt::receipt_id
                .eq(receipt_id)
                .or(receipt::notice_number.eq(number.as_str()))
        )
        .load(c))?;
    let (same, others): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .partition(|row| row.receipt_id == receipt_id);
    Ok(OnFile {
        same: with_transfers(conn, same)?.pop(),
        another: !others.is_empty(),
    })
}

/// The receipt with this id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Option<Filed>, Error> {
    let row: Option<ReceiptRow> = on!(conn, |c| receipt::table
        .filter(receipt::creditor.eq(creditor.as_str()))
        .filter(receipt::id.eq(Id(id)))
        .get_result(c)
        .optional())?;
    row.map(|row| with_transfers(conn, vec![row]))
        .transpose()
        .map(|found| found.and_then(|filed| filed.into_iter().next()))
}

/// One page of receipts, oldest first, after the given id.
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
    let rows: Vec<ReceiptRow> = on!(conn, |c| {
        let mut query = receipt::table
            .filter(receipt::creditor.eq(creditor.as_str()))
            .filter(receipt::id.gt(after))
            .order(receipt::id)
            .limit(limit)
            .into_boxed();
        if let Some(number) = &filter.notice_number {
            query = query.filter(receipt::notice_number.eq(number.as_str()));
        }
        if let Some(id) = filter.position_id {
            query = query.filter(receipt::position_id.eq(Id(id)));
        }
        if let Some(from) = filter.paid_from {
            query = query.filter(receipt::paid_on.ge(from));
        }
        if let Some(to) = filter.paid_to {
            query = query.filter(receipt::paid_on.le(to));
        }
        if let Some(anomaly) = filter.anomaly {
            query = query.filter(receipt::anomaly.eq(anomaly.as_str()));
        }
        query.load(c)
    })?;
    with_transfers(conn, rows)
}

/// The creditor's own part of some receipts and what of it was not owed, for those of which something was not.
///
/// # Errors
/// The database's, or a corrupt row.
pub(super) fn undue(
    conn: &mut Conn,
    creditor: &FiscalCode,
    receipt_ids: &[&str],
) -> Result<HashMap<String, (Cents, Cents)>, Error> {
    let parts: Vec<(String, i64, i64)> = on!(conn, |c| receipt_transfer::table
        .filter(receipt_transfer::creditor.eq(creditor.as_str()))
        .filter(among(receipt_transfer::receipt_id, receipt_ids))
        .filter(receipt_transfer::own.eq(true))
        .select((
            receipt_transfer::receipt_id,
            receipt_transfer::amount_cents,
            receipt_transfer::owed_back_cents + receipt_transfer::kept_cents,
        ))
        .load(c))?;
    let mut sums = HashMap::<String, (Cents, Cents)>::new();
    for (receipt_id, own, back) in parts {
        let id = receipt_id.clone();
        let corrupt = |why: MoneyError| Error::corrupt(TABLE, &id, why);
        let sum = sums.entry(receipt_id).or_insert((Cents::ZERO, Cents::ZERO));
        sum.0 = Cents::new(own)
            .and_then(|own| sum.0.plus(own))
            .map_err(corrupt)?;
        sum.1 = Cents::new(back)
            .and_then(|back| sum.1.plus(back))
            .map_err(corrupt)?;
    }
    sums.retain(|_, (_, back)| back.is_positive());
    Ok(sums)
}

/// What was paid on these notices while they were withdrawn is owed after all: they have come back.
///
/// # Errors
/// The database's.
pub fn owe_again(tx: &mut Tx<'_>, creditor: &FiscalCode, numbers: &[&str]) -> Result<(), Error> {
    let withdrawn = Anomaly::PaidAfterWithdrawal.as_str();
    let ids: Vec<String> = on!(&mut **tx, |c| receipt::table
        .filter(receipt::creditor.eq(creditor.as_str()))
        .filter(among(receipt::notice_number, numbers))
        .filter(receipt::anomaly.eq(withdrawn))
        .select(receipt::receipt_id)
        .load(c))?;
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    on!(&mut **tx, |c| diesel::update(
        receipt_transfer::table
            .filter(receipt_transfer::creditor.eq(creditor.as_str()))
            .filter(among(receipt_transfer::receipt_id, &ids))
    )
    .set(receipt_transfer::owed_back_cents.eq(0))
    .execute(c))?;
    Ok(())
}

fn with_transfers(conn: &mut Conn, rows: Vec<ReceiptRow>) -> Result<Vec<Filed>, Error> {
    let Some(creditor) = rows.first().map(|row| row.creditor.clone()) else {
        return Ok(Vec::new());
    };
    let ids: Vec<&str> = rows.iter().map(|row| row.receipt_id.as_str()).collect();
    let found: Vec<TransferRow> = on!(conn, |c| receipt_transfer::table
        .filter(receipt_transfer::creditor.eq(&creditor))
        .filter(among(receipt_transfer::receipt_id, &ids))
        .order((receipt_transfer::receipt_id, receipt_transfer::idx))
        .load(c))?;
    let mut transfers = HashMap::<String, Vec<TransferRow>>::new();
    for transfer in found {
        let receipt_id = transfer.receipt_id.clone();
        transfers.entry(receipt_id).or_default().push(transfer);
    }
    rows.into_iter()
        .map(|row| {
            let own = transfers.remove(&row.receipt_id).unwrap_or_default();
            row.into_domain(own)
        })
        .collect()
}

fn transfer_rows(filed: &Filed) -> Vec<TransferRow> {
    let receipt = &filed.receipt;
    receipt
        .transfers
        .iter()
        .map(|transfer| TransferRow {
            creditor: receipt.receiver.to_string(),
            receipt_id: receipt.receipt_id.clone(),
            idx: i16::from(transfer.index),
            beneficiary: transfer.beneficiary.to_string(),
            iban: transfer.iban.clone(),
            amount_cents: transfer.amount.get(),
            taxonomy: transfer.taxonomy.clone(),
            own: transfer.is_own_of(&receipt.receiver),
            stamp: transfer.stamp.clone(),
            owed_back_cents: filed.owed_back_of(transfer.index.into()).get(),
            kept_cents: 0,
        })
        .collect()
}

#[derive(Serialize, Deserialize)]
struct Parties {
    debtor: PartyRow,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payer: Option<PartyRow>,
}

#[derive(Serialize, Deserialize)]
struct PartyRow {
    kind: String,
    tax_code: String,
    full_name: String,
}

impl PartyRow {
    fn from_domain(party: &Party) -> PartyRow {
        PartyRow {
            kind: party.kind.to_string(),
            tax_code: party.tax_code.to_string(),
            full_name: party.full_name.clone(),
        }
    }

    fn into_domain(self, id: Uuid) -> Result<Party, Error> {
        let tax_code = FiscalCode::as_stated(&self.tax_code);
        Ok(Party {
            kind: DebtorKind::from_name(&self.kind)
                .ok_or_else(|| Error::corrupt(TABLE, id, "kind of party"))?,
            tax_code: tax_code.map_err(|why| Error::corrupt(TABLE, id, why))?,
            full_name: self.full_name,
        })
    }
}

/// Who paid, else who owed, of a stored receipt.
pub(super) fn payer(parties: Json, id: Uuid) -> Result<Party, Error> {
    let parties: Parties =
        serde_json::from_value(parties.0).map_err(|why| Error::corrupt(TABLE, id, why))?;
    parties.payer.unwrap_or(parties.debtor).into_domain(id)
}

impl ReceiptRow {
    fn from_domain(filed: &Filed) -> Result<ReceiptRow, Error> {
        let receipt = &filed.receipt;
        let parties = Parties {
            debtor: PartyRow::from_domain(&receipt.debtor),
            payer: receipt.payer.as_ref().map(PartyRow::from_domain),
        };
        let parties = serde_json::to_value(parties)
            .map_err(|why| Error::corrupt(TABLE, &receipt.receipt_id, why))?;
        Ok(ReceiptRow {
            creditor: receipt.receiver.to_string(),
            receipt_id: receipt.receipt_id.clone(),
            id: Id(filed.id),
            notice_number: receipt.notice_number.to_string(),
            iuv: receipt.iuv.to_string(),
            primary_creditor: receipt.primary.to_string(),
            position_id: filed.position_id.map(Id),
            service_code: filed.service_code.clone(),
            amount_cents: receipt.amount.get(),
            fee_cents: receipt.fee.map(Cents::get),
            description: receipt.description.clone(),
            paid_at: receipt.paid_at.map(At),
            paid_on: filed.paid_on,
            application_on: receipt.application_on,
            transfer_on: receipt.transfer_on,
            psp_id: receipt.psp.id.clone(),
            psp_name: receipt.psp.name.clone(),
            psp_channel: receipt.psp.channel.clone(),
            method: receipt.method.clone(),
            parties: Json(parties),
            stand_in: receipt.stand_in,
            anomaly: filed.anomaly.map(|anomaly| anomaly.to_string()),
            received_at: At(filed.received_at),
        })
    }

    fn into_domain(self, transfers: Vec<TransferRow>) -> Result<Filed, Error> {
        let id = self.id.0;
        let corrupt = |why: &dyn std::fmt::Display| Error::corrupt(TABLE, id, why);
        let parties: Parties = serde_json::from_value(self.parties.0).map_err(|e| corrupt(&e))?;
        let mut owed_back = Vec::new();
        for transfer in transfers.iter().filter(|one| one.owed_back_cents > 0) {
            let amount = Cents::new(transfer.owed_back_cents).map_err(|e| corrupt(&e))?;
            let index = u8::try_from(transfer.idx).map_err(|e| corrupt(&e))?;
            owed_back.push((index, amount));
        }
        let kept = transfers.iter().map(|one| Cents::new(one.kept_cents));
        let kept = kept.collect::<Result<Vec<_>, _>>().and_then(Cents::sum);
        let kept = kept.map_err(|e| corrupt(&e))?;
        let transfers = transfers.into_iter().map(|transfer| {
            Ok(ReceiptTransfer {
                index: u8::try_from(transfer.idx).map_err(|e| corrupt(&e))?,
                amount: Cents::new(transfer.amount_cents).map_err(|e| corrupt(&e))?,
                beneficiary: FiscalCode::as_stated(&transfer.beneficiary)
                    .map_err(|e| corrupt(&e))?,
                iban: transfer.iban,
                stamp: transfer.stamp,
                taxonomy: transfer.taxonomy,
            })
        });
        let anomaly = self
            .anomaly
            .map(|name| Anomaly::from_name(&name).ok_or_else(|| corrupt(&"unknown anomaly")));
        let receipt = Receipt {
            receiver: FiscalCode::as_stated(&self.creditor).map_err(|e| corrupt(&e))?,
            receipt_id: self.receipt_id,
            notice_number: NoticeNumber::parse(&self.notice_number).map_err(|e| corrupt(&e))?,
            primary: FiscalCode::as_stated(&self.primary_creditor).map_err(|e| corrupt(&e))?,
            iuv: Iuv::parse(&self.iuv).ok_or_else(|| corrupt(&"iuv"))?,
            amount: Cents::new(self.amount_cents).map_err(|e| corrupt(&e))?,
            description: self.description,
            debtor: parties.debtor.into_domain(id)?,
            payer: parties
                .payer
                .map(|payer| payer.into_domain(id))
                .transpose()?,
            transfers: transfers.collect::<Result<_, Error>>()?,
            psp: Psp {
                id: self.psp_id,
                name: self.psp_name,
                channel: self.psp_channel,
            },
            method: self.method,
            fee: self
                .fee_cents
                .map(Cents::new)
                .transpose()
                .map_err(|e| corrupt(&e))?,
            paid_at: self.paid_at.map(|at| at.0),
            application_on: self.application_on,
            transfer_on: self.transfer_on,
            stand_in: self.stand_in,
        };
        Ok(Filed {
            id,
            receipt,
            position_id: self.position_id.map(|id| id.0),
            service_code: self.service_code,
            paid_on: self.paid_on,
            anomaly: anomaly.transpose()?,
            owed_back,
            kept,
            received_at: self.received_at.0,
        })
    }
}
