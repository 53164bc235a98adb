//! A receipt as the platform hands it out again (`CtReceiptModelResponse` of `BizEvents`).

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::fdr_rest;
use super::time::Timestamp;

/// Where a receipt is, below the base of the service.
pub fn receipt_path(organization_id: &str, receipt_id: &str, iuv: &str) -> String {
    let part = fdr_rest::encoded;
    format!(
        "/organizations/{}/receipts/{}/paymentoptions/{}",
        part(organization_id),
        part(receipt_id),
        part(iuv)
    )
}

/// Why an answer is no receipt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not JSON of this shape.
    #[error("is not a receipt: line {line}, column {column}")]
    Shape {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// A member breaks a rule.
    #[error("{0} cannot be read")]
    Value(&'static str),
}

/// A person or body.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Party {
    /// `entityUniqueIdentifierType`: `F` or `G`.
    pub entity_unique_identifier_type: String,
    /// `entityUniqueIdentifierValue`.
    pub entity_unique_identifier_value: String,
    /// `fullName`.
    pub full_name: String,
}

/// One transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// `idTransfer`; the place in the list when it is absent.
    pub id: u8,
    /// `transferAmount`, cents.
    pub cents: i64,
    /// `fiscalCodePA`.
    pub beneficiary: String,
    /// `iban`.
    pub iban: Option<String>,
    /// `mbdAttachment`, base64.
    pub stamp: Option<String>,
    /// `transferCategory`.
    pub category: String,
}

/// The receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// `receiptId`.
    pub receipt_id: String,
    /// `noticeNumber`.
    pub notice_number: String,
    /// `fiscalCode` of the body that issued the notice.
    pub fiscal_code: String,
    /// `outcome`.
    pub outcome: String,
    /// `creditorReferenceId`.
    pub iuv: String,
    /// `paymentAmount`, cents.
    pub cents: i64,
    /// `description`.
    pub description: String,
    /// `debtor`.
    pub debtor: Party,
    /// `payer`.
    pub payer: Option<Party>,
    /// `transferList`.
    pub transfers: Vec<Transfer>,
    /// `idPSP`.
    pub psp_id: String,
    /// `pspCompanyName`.
    pub psp_name: String,
    /// `idChannel`.
    pub channel: String,
    /// `paymentMethod`.
    pub method: Option<String>,
    /// `fee`, cents.
    pub fee_cents: Option<i64>,
    /// `paymentDateTimeFormatted`; `paymentDateTime` has the day only.
    pub paid_at: Option<Timestamp>,
    /// `applicationDate`, or the day of `paymentDateTime` when that is absent.
    pub application_on: Option<NaiveDate>,
    /// `transferDate`.
    pub transfer_on: Option<NaiveDate>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransferJson {
    id_transfer: Option<u8>,
    transfer_amount: Box<RawValue>,
    #[serde(rename = "fiscalCodePA")]
    fiscal_code_pa: String,
    iban: Option<String>,
    mbd_attachment: Option<String>,
    transfer_category: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptJson {
    receipt_id: String,
    notice_number: String,
    fiscal_code: String,
    outcome: String,
    creditor_reference_id: String,
    payment_amount: Box<RawValue>,
    description: String,
    debtor: Party,
    payer: Option<Party>,
    transfer_list: Vec<TransferJson>,
    #[serde(rename = "idPSP")]
    id_psp: String,
    psp_company_name: String,
    id_channel: String,
    payment_method: Option<String>,
    fee: Option<Box<RawValue>>,
    payment_date_time: Option<String>,
    payment_date_time_formatted: Option<String>,
    application_date: Option<String>,
    transfer_date: Option<String>,
}

/// Reads an answer.
///
/// # Errors
/// [`Error`].
pub fn receipt(body: &[u8]) -> Result<Receipt, Error> {
    let read: ReceiptJson = serde_json::from_slice(body).map_err(|why| Error::Shape {
        line: why.line(),
        column: why.column(),
    })?;
    let day = |text: Option<&str>| text.and_then(|text| text.get(..10)?.parse().ok());
    let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let transfers = (1u8..).zip(read.transfer_list).map(|(place, transfer)| {
        Ok(Transfer {
            id: transfer.id_transfer.unwrap_or(place),
            cents: cents(&transfer.transfer_amount, "transferAmount")?,
            beneficiary: transfer.fiscal_code_pa,
            iban: filled(transfer.iban),
            stamp: filled(transfer.mbd_attachment),
            category: transfer.transfer_category,
        })
    });
    let moment = read.payment_date_time_formatted.as_deref();
    Ok(Receipt {
        transfers: transfers.collect::<Result<_, Error>>()?,
        cents: cents(&read.payment_amount, "paymentAmount")?,
        fee_cents: read.fee.map(|fee| cents(&fee, "fee")).transpose()?,
        paid_at: moment.and_then(Timestamp::parse),
        application_on: day(read.application_date.as_deref())
            .or_else(|| day(read.payment_date_time.as_deref())),
        transfer_on: day(read.transfer_date.as_deref()),
        receipt_id: read.receipt_id,
        notice_number: read.notice_number,
        fiscal_code: read.fiscal_code,
        outcome: read.outcome,
        iuv: read.creditor_reference_id,
        description: read.description,
        debtor: read.debtor,
        payer: read.payer,
        psp_id: read.id_psp,
        psp_name: read.psp_company_name,
        channel: read.id_channel,
        method: read.payment_method,
    })
}

fn cents(number: &RawValue, member: &'static str) -> Result<i64, Error> {
    fdr_rest::cents(number).ok_or(Error::Value(member))
}
