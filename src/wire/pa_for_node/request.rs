//! What the node asks: the header that all requests share, verify, get payment, demand.

use chrono::NaiveDate;

use super::facets::{amount, base64, date, exactly, fiscal_code_pa, notice_number, present, text};
use super::fields::{Fields, Rule, Violation};
use super::receipt::{self, Receipt};
use super::{Operation, Request, Version};
use crate::wire::amount::Amount;
use crate::wire::soap::Element;

/// To whom a request is addressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// `idPA`: fiscal code of the creditor; for a receipt, of the one that gets this copy.
    pub id_pa: String,
    /// `idBrokerPA`: fiscal code of the intermediary.
    pub id_broker_pa: String,
    /// `idStation`.
    pub id_station: String,
}

/// The valid parts of the [`Header`] of a refused request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HeaderSeen {
    /// `idPA`.
    pub id_pa: Option<String>,
    /// `idBrokerPA`.
    pub id_broker_pa: Option<String>,
    /// `idStation`.
    pub id_station: Option<String>,
}

/// `ctQrCode`: creditor and notice number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QrCode {
    /// `fiscalCode`, 11 digits.
    pub fiscal_code: String,
    /// `noticeNumber`, 18 digits.
    pub notice_number: String,
}

/// `paVerifyPaymentNoticeReq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReq {
    /// The notice asked about.
    pub qr_code: QrCode,
}

/// `paGetPaymentReq` and `paGetPaymentV2Request`, which are alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetPaymentReq {
    /// Which answer is expected.
    pub version: Version,
    /// The notice about to be paid.
    pub qr_code: QrCode,
    /// What the PSP read or typed. Not an offer: the creditor answers what is due now.
    pub amount: Option<Amount>,
    /// `paymentNote`: the cart of the creditor's own front end, otherwise the PSP's words.
    pub payment_note: Option<String>,
    /// `transferType`; absent when any account will do.
    pub transfer_type: Option<TransferType>,
    /// `dueDate`.
    pub due_date: Option<NaiveDate>,
}

/// `stTransferType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferType {
    /// The first transfer must go to the creditor's postal account.
    Postal,
    /// Paid through the platform's own channel.
    PagoPa,
}

/// `paSendRTReq` and `paSendRTV2Request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendRtReq {
    /// In which of the two forms it came.
    pub version: Version,
    /// The receipt.
    pub receipt: Receipt,
}

/// `paDemandPaymentNoticeRequest`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemandReq {
    /// `idServizio`, 5 characters.
    pub service: String,
    /// `idSoggettoServizio`, 5 characters.
    pub service_subject: String,
    /// `datiSpecificiServizioRequest`, decoded: an XML document of the service's own.
    pub details: Vec<u8>,
}

pub(super) fn read(op: Operation, root: &Element) -> Result<(Header, Request), Violation> {
    let fields = Fields::root(root)?;
    let header = Header {
        id_pa: fields.required("idPA", text::<35>)?,
        id_broker_pa: fields.required("idBrokerPA", text::<35>)?,
        id_station: fields.required("idStation", text::<35>)?,
    };
    let request = match op {
        Operation::Verify => Request::Verify(VerifyReq {
            qr_code: qr_code(&fields)?,
        }),
        Operation::GetPayment(version) => Request::GetPayment(get_payment(version, &fields)?),
        Operation::SendRt(version) => {
            let receipt = receipt::read(version, &fields)?;
            Request::SendRt(Box::new(SendRtReq { version, receipt }))
        }
        Operation::Demand => Request::Demand(DemandReq {
            service: fields.required("idServizio", exactly::<5>)?,
            service_subject: fields.required("idSoggettoServizio", exactly::<5>)?,
            details: fields.required("datiSpecificiServizioRequest", base64)?,
        }),
    };
    Ok((header, request))
}

/// What is valid of the header and the notice number of a request that is not.
pub(super) fn glimpse(root: &Element) -> (HeaderSeen, Option<String>) {
    let Ok(fields) = Fields::root(root) else {
        return (HeaderSeen::default(), None);
    };
    let seen = |name: &str| fields.optional(name, text::<35>).ok().flatten();
    let header = HeaderSeen {
        id_pa: seen("idPA"),
        id_broker_pa: seen("idBrokerPA"),
        id_station: seen("idStation"),
    };
    let number = ["qrCode", "receipt"].into_iter().find_map(|group| {
        let group = fields.optional_group(group).ok().flatten()?;
        group.optional("noticeNumber", notice_number).ok().flatten()
    });
    (header, number)
}

fn qr_code(fields: &Fields<'_>) -> Result<QrCode, Violation> {
    let qr_code = fields.group("qrCode")?;
    Ok(QrCode {
        fiscal_code: qr_code.required("fiscalCode", fiscal_code_pa)?,
        notice_number: qr_code.required("noticeNumber", notice_number)?,
    })
}

fn get_payment(version: Version, fields: &Fields<'_>) -> Result<GetPaymentReq, Violation> {
    Ok(GetPaymentReq {
        version,
        qr_code: qr_code(fields)?,
        amount: fields.optional("amount", amount)?,
        payment_note: present(fields.optional("paymentNote", text::<210>)?),
        transfer_type: fields.optional("transferType", transfer_type)?,
        due_date: fields.optional("dueDate", date)?,
    })
}

fn transfer_type(raw: &str) -> Result<TransferType, Rule> {
    match raw.trim() {
        "POSTAL" => Ok(TransferType::Postal),
        "PAGOPA" => Ok(TransferType::PagoPa),
        _ => Err(Rule::Form("POSTAL or PAGOPA")),
    }
}
