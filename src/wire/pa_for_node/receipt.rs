//! The receipt (`ctReceipt`, `ctReceiptV2`): one model for both versions, because the version is
//! chosen per receiving station and says nothing about the payment.

use chrono::NaiveDate;

use super::Version;
use super::facets::{
    amount, amount_not_zero, base64, boolean, date, fiscal_code_pa, id_transfer, notice_number,
    present, receipt_id, text, timestamp,
};
use super::fields::{Fields, Rule, Violation};
use super::subject::Subject;
use crate::wire::amount::Amount;
use crate::wire::time::Timestamp;

/// `maxOccurs` of `transfer`.
const TRANSFERS_MAX: usize = 5;
/// `maxOccurs` of `mapEntry`.
const MAP_ENTRIES_MAX: usize = 15;

/// A payment that was made, as the node tells it. Texts have the lengths of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// `receiptId`: the payment token; with the creditor, the key of a receipt.
    pub receipt_id: String,
    /// `noticeNumber`, 18 digits.
    pub notice_number: String,
    /// `fiscalCode`: the creditor that owns the notice, which a broadcast copy may not be
    /// addressed to.
    pub fiscal_code: String,
    /// `outcome`.
    pub outcome: Outcome,
    /// `creditorReferenceId`: the IUV.
    pub creditor_reference_id: String,
    /// `paymentAmount`.
    pub payment_amount: Amount,
    /// `description`.
    pub description: String,
    /// `companyName` of the creditor; senders may write a blank.
    pub company_name: String,
    /// `officeName`.
    pub office_name: Option<String>,
    /// `debtor`.
    pub debtor: Subject,
    /// `transferList`, 1 to 5, in the order of the message.
    pub transfers: Vec<ReceiptTransfer>,
    /// Who collected.
    pub psp: Psp,
    /// `payer`.
    pub payer: Option<Subject>,
    /// `paymentMethod`.
    pub payment_method: Option<String>,
    /// `paymentNote` (V2).
    pub payment_note: Option<String>,
    /// `fee` that the payer paid.
    pub fee: Option<Amount>,
    /// `primaryCiIncurredFee` (V2): the part of the fee that the creditor bears.
    pub primary_ci_incurred_fee: Option<Amount>,
    /// `idBundle` (V2).
    pub id_bundle: Option<String>,
    /// `idCiBundle` (V2).
    pub id_ci_bundle: Option<String>,
    /// `paymentDateTime`: when the payer paid; may be missing.
    pub paid_at: Option<Timestamp>,
    /// `applicationDate`: when the PSP booked it.
    pub application_date: Option<NaiveDate>,
    /// `transferDate`: when the PSP will credit it.
    pub transfer_date: Option<NaiveDate>,
    /// `metadata`, at most 15 entries.
    pub metadata: Vec<MapEntry>,
    /// `standIn`: paid while the creditor could not be asked.
    pub stand_in: bool,
}

/// `stOutcome`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// `OK`. In practice the only one: failed payments have no receipt.
    Ok,
    /// `KO`.
    Ko,
}

/// The payment service provider of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Psp {
    /// `idPSP`.
    pub id: String,
    /// `pspFiscalCode`.
    pub fiscal_code: Option<String>,
    /// `pspPartitaIVA`.
    pub vat_number: Option<String>,
    /// `PSPCompanyName`.
    pub company_name: String,
    /// `idChannel`.
    pub id_channel: String,
    /// `channelDescription`.
    pub channel_description: String,
}

/// One transfer of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptTransfer {
    /// `idTransfer`, 1 to 5. The schema does not make it unique.
    pub id: u8,
    /// `transferAmount`, above zero.
    pub amount: Amount,
    /// `fiscalCodePA`: the body credited.
    pub fiscal_code_pa: String,
    /// `companyName` (V2).
    pub company_name: Option<String>,
    /// Where the money goes.
    pub destination: Destination,
    /// `remittanceInformation`.
    pub remittance_information: String,
    /// `transferCategory`: the taxonomy code, in whatever form the creditor gave it.
    pub transfer_category: String,
    /// `metadata`, at most 15 entries.
    pub metadata: Vec<MapEntry>,
}

/// The schema's choice in a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// `IBAN`, up to 35 characters as this schema has it.
    Iban(String),
    /// `MBDAttachment` (V2), decoded: the signed XML of a digital revenue stamp.
    Stamp(Vec<u8>),
}

/// `ctMapEntry`, 140 characters each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapEntry {
    /// `key`.
    pub key: String,
    /// `value`.
    pub value: String,
}

/// Reads `receipt` and the `standIn` that older senders write beside it.
pub(super) fn read(version: Version, request: &Fields<'_>) -> Result<Receipt, Violation> {
    let fields = request.group("receipt")?;
    let list = fields.group("transferList")?;
    let transfers = list.groups("transfer", TRANSFERS_MAX)?;
    Ok(Receipt {
        receipt_id: fields.required("receiptId", receipt_id)?,
        notice_number: fields.required("noticeNumber", notice_number)?,
        fiscal_code: fields.required("fiscalCode", fiscal_code_pa)?,
        outcome: fields.required("outcome", outcome)?,
        creditor_reference_id: fields.required("creditorReferenceId", text::<35>)?,
        payment_amount: fields.required("paymentAmount", amount)?,
        description: fields.required("description", text::<140>)?,
        company_name: fields.required("companyName", text::<140>)?,
        office_name: present(fields.optional("officeName", text::<140>)?),
        debtor: Subject::read(&fields.group("debtor")?)?,
        transfers: transfers
            .iter()
            .map(|transfer| read_transfer(version, transfer))
            .collect::<Result<_, _>>()?,
        psp: read_psp(&fields)?,
        payer: match fields.optional_group("payer")? {
            None => None,
            Some(payer) => Some(Subject::read(&payer)?),
        },
        payment_method: present(fields.optional("paymentMethod", text::<35>)?),
        payment_note: present(fields.optional("paymentNote", text::<210>)?),
        fee: fields.optional("fee", amount)?,
        primary_ci_incurred_fee: fields.optional("primaryCiIncurredFee", amount)?,
        id_bundle: present(fields.optional("idBundle", text::<70>)?),
        id_ci_bundle: present(fields.optional("idCiBundle", text::<70>)?),
        paid_at: fields.optional("paymentDateTime", timestamp)?,
        application_date: fields.optional("applicationDate", date)?,
        transfer_date: fields.optional("transferDate", date)?,
        metadata: read_metadata(&fields)?,
        stand_in: read_stand_in(&fields)? | read_stand_in(request)?,
    })
}

fn read_psp(fields: &Fields<'_>) -> Result<Psp, Violation> {
    Ok(Psp {
        id: fields.required("idPSP", text::<35>)?,
        fiscal_code: present(fields.optional("pspFiscalCode", text::<70>)?),
        vat_number: present(fields.optional("pspPartitaIVA", text::<20>)?),
        company_name: fields.required("PSPCompanyName", text::<70>)?,
        id_channel: fields.required("idChannel", text::<35>)?,
        channel_description: fields.required("channelDescription", text::<35>)?,
    })
}

fn read_transfer(version: Version, fields: &Fields<'_>) -> Result<ReceiptTransfer, Violation> {
    Ok(ReceiptTransfer {
        id: fields.required("idTransfer", id_transfer)?,
        amount: fields.required("transferAmount", amount_not_zero)?,
        fiscal_code_pa: fields.required("fiscalCodePA", fiscal_code_pa)?,
        company_name: present(fields.optional("companyName", text::<140>)?),
        destination: read_destination(version, fields)?,
        remittance_information: fields.required("remittanceInformation", text::<140>)?,
        transfer_category: fields.required("transferCategory", text::<140>)?,
        metadata: read_metadata(fields)?,
    })
}

fn read_destination(version: Version, fields: &Fields<'_>) -> Result<Destination, Violation> {
    if version == Version::V1 {
        return fields.required("IBAN", text::<35>).map(Destination::Iban);
    }
    let iban = fields.optional("IBAN", text::<35>)?;
    match (iban, fields.optional("MBDAttachment", base64)?) {
        (Some(iban), None) => Ok(Destination::Iban(iban)),
        (None, Some(stamp)) => Ok(Destination::Stamp(stamp)),
        (None, None) => Err(fields.violation("IBAN", Rule::Missing)),
        (Some(_), Some(_)) => {
            let rule = Rule::OnlyOne {
                among: "IBAN and MBDAttachment",
            };
            Err(fields.violation("MBDAttachment", rule))
        }
    }
}

fn read_metadata(fields: &Fields<'_>) -> Result<Vec<MapEntry>, Violation> {
    let Some(metadata) = fields.optional_group("metadata")? else {
        return Ok(Vec::new());
    };
    let entries = metadata.groups("mapEntry", MAP_ENTRIES_MAX)?;
    entries
        .iter()
        .map(|entry| {
            Ok(MapEntry {
                key: entry.required("key", text::<140>)?,
                value: entry.required("value", text::<140>)?,
            })
        })
        .collect()
}

/// Up to SANP 3.8 `standIn` stood beside the receipt, from 3.9.0 in it; it is spelled two ways.
fn read_stand_in(fields: &Fields<'_>) -> Result<bool, Violation> {
    let camel = fields.optional("standIn", boolean)?.unwrap_or(false);
    let lower = fields.optional("standin", boolean)?.unwrap_or(false);
    Ok(camel | lower)
}

fn outcome(raw: &str) -> Result<Outcome, Rule> {
    match raw.trim() {
        "OK" => Ok(Outcome::Ok),
        "KO" => Ok(Outcome::Ko),
        _ => Err(Rule::Form("OK or KO")),
    }
}
