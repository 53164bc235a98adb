//! A receipt of the wire as the domain knows it.

use super::cents;
use super::fault::Refusal;
use crate::domain::calendar;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::notice_number::{Iuv, NoticeNumber};
use crate::domain::position::DebtorKind;
use crate::domain::receipt::{Party, Psp, Receipt, ReceiptTransfer};
use crate::wire::pa_for_node::{Destination, PersonKind, SendRtReq, Subject};
use crate::wire::time::Timestamp;

/// Reads what a receipt says; whether it fits anything is not asked.
pub(super) fn read(receiver: &FiscalCode, request: &SendRtReq) -> Result<Receipt, Refusal> {
    let stated = &request.receipt;
    let indexes: std::collections::BTreeSet<u8> = stated.transfers.iter().map(|t| t.id).collect();
    if indexes.len() != stated.transfers.len() {
        return Err(Refusal::RepeatedTransfer);
    }
    let code =
        |text: &str| FiscalCode::as_stated(text).map_err(|_shape| Refusal::Semantics("tax code"));
    let party = |subject: &Subject| {
        Ok::<_, Refusal>(Party {
            kind: match subject.kind {
                PersonKind::Natural => DebtorKind::Person,
                PersonKind::Legal => DebtorKind::Body,
            },
            tax_code: code(&subject.code)?,
            full_name: subject.full_name.clone(),
        })
    };
    let transfers = stated.transfers.iter().map(|transfer| {
        Ok::<_, Refusal>(ReceiptTransfer {
            index: transfer.id,
            amount: cents(&transfer.amount)?,
            beneficiary: code(&transfer.fiscal_code_pa)?,
            iban: match &transfer.destination {
                Destination::Iban(iban) => Some(iban.clone()),
                Destination::Stamp(_) => None,
            },
            stamp: match &transfer.destination {
                Destination::Iban(_) => None,
                Destination::Stamp(stamp) => Some(stamp.clone()),
            },
            taxonomy: transfer.transfer_category.clone(),
        })
    });
    Ok(Receipt {
        receiver: receiver.clone(),
        receipt_id: stated.receipt_id.clone(),
        notice_number: NoticeNumber::parse(&stated.notice_number)
            .map_err(|_aux| Refusal::Semantics("noticeNumber"))?,
        primary: code(&stated.fiscal_code)?,
        iuv: Iuv::parse(&stated.creditor_reference_id)
            .ok_or(Refusal::Semantics("creditorReferenceId"))?,
        amount: cents(&stated.payment_amount)?,
        description: stated.description.clone(),
        debtor: party(&stated.debtor)?,
        payer: stated.payer.as_ref().map(party).transpose()?,
        transfers: transfers.collect::<Result<_, _>>()?,
        psp: Psp {
            id: stated.psp.id.clone(),
            name: stated.psp.company_name.clone(),
            channel: stated.psp.id_channel.clone(),
        },
        method: stated.payment_method.clone(),
        fee: stated.fee.as_ref().map(cents).transpose()?,
        paid_at: stated.paid_at.as_ref().map(instant),
        application_on: stated.application_date,
        transfer_on: stated.transfer_date,
        stand_in: stated.stand_in,
    })
}

/// A time without an offset is Rome's.
fn instant(stated: &Timestamp) -> calendar::Instant {
    match stated {
        Timestamp::Offset(at) => at.to_utc(),
        Timestamp::Local(at) => calendar::in_rome(*at),
    }
}
