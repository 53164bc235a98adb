//! What is due for a notice, in the words of the wire.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::amount;
use super::fault::Refusal;
use crate::app::payments::Payable;
use crate::domain::calendar::Day;
use crate::domain::crediting::PaidThrough;
use crate::domain::creditor::Creditor;
use crate::domain::money::Cents;
use crate::domain::position::{Debtor, DebtorKind};
use crate::domain::service::{Destination, TransferDraft};
use crate::domain::stamp::Stamp;
use crate::wire::pa_for_node::{
    Account, MapEntry, Payment, PersonKind, StampDuty, Subject, TransferType, TransferV2, VerifyRes,
};

/// The way of paying that a request names.
pub(super) fn paid_through(stated: Option<TransferType>) -> PaidThrough {
    match stated {
        None => PaidThrough::AnyProvider,
        Some(TransferType::Postal) => PaidThrough::PostOffice,
        Some(TransferType::PagoPa) => PaidThrough::Platform,
    }
}

/// The answer to a question about a notice.
pub(super) fn due(creditor: &Creditor, payable: &Payable, day: Day) -> Result<VerifyRes, Refusal> {
    let mut transfers = payable.notice.transfers.iter();
    Ok(VerifyRes {
        amount: amount(payable.total)?,
        due_date: payable.notice.due_on,
        detail_description: None,
        all_ccp: transfers.all(|transfer| creditor.credits_postally(&transfer.to, day)),
        payment_description: payable.notice.description.to_string(),
        fiscal_code_pa: creditor.tax_code.to_string(),
        company_name: creditor.legal_name.to_string(),
        office_name: creditor.office_name.as_ref().map(ToString::to_string),
    })
}

/// The answer to a payment that starts, on a day and by a way of paying.
pub(super) fn of(
    creditor: &Creditor,
    payable: &Payable,
    how: (PaidThrough, Day),
) -> Result<Payment<TransferV2>, Refusal> {
    let iuv = payable.notice.iuv();
    let description = payable.notice.description.to_string();
    let parts = (1u8..).zip(&payable.notice.transfers).zip(&payable.amounts);
    let mut transfers = Vec::with_capacity(payable.amounts.len());
    for ((id, draft), part) in parts.filter(|(_, part)| part.is_positive()) {
        let remittance = format!("/RFB/{iuv}/{part}/TXT/{description}");
        transfers.push(transfer(creditor, (id, draft, *part), remittance, how)?);
    }
    Ok(Payment {
        creditor_reference_id: iuv.to_string(),
        payment_amount: amount(payable.total)?,
        due_date: payable.due_on,
        retention_date: None,
        last_payment: None,
        description,
        company_name: creditor.legal_name.to_string(),
        office_name: creditor.office_name.as_ref().map(ToString::to_string),
        debtor: subject(&payable.position.debtor),
        transfers,
        metadata: Vec::new(),
    })
}

fn transfer(
    creditor: &Creditor,
    (id, draft, part): (u8, &TransferDraft, Cents),
    remittance_information: String,
    (paid, day): (PaidThrough, Day),
) -> Result<TransferV2, Refusal> {
    let crediting = creditor.crediting(&draft.to, paid, day);
    let mut metadata = draft.metadata.to_vec();
    if let Some(crediting) = crediting {
        crediting.support(&mut metadata);
    }
    let account = match crediting {
        Some(crediting) => Account::Iban(crediting.iban.to_string()),
        None => account(&draft.to.account)?,
    };
    // A stamp is asked for in the name of the creditor (ADR 0036).
    let (fiscal_code_pa, company_name) = match draft.to.stamp() {
        Some(_) => (
            creditor.tax_code.to_string(),
            creditor.legal_name.to_string(),
        ),
        None => (draft.to.tax_code.to_string(), draft.to.legal_name.clone()),
    };
    Ok(TransferV2 {
        id,
        amount: amount(part)?,
        fiscal_code_pa,
        company_name: Some(company_name),
        account,
        remittance_information,
        transfer_category: draft.to.taxonomy.to_string(),
        metadata: metadata
            .into_iter()
            .map(|(key, value)| MapEntry { key, value })
            .collect(),
    })
}

fn account(of: &Destination) -> Result<Account, Refusal> {
    Ok(match of {
        Destination::Iban(iban) => Account::Iban(iban.to_string()),
        Destination::Stamp(Stamp { document, province }) => Account::Stamp(StampDuty {
            document_sha256: STANDARD
                .decode(document.as_str())
                .ok()
                .and_then(|bytes| bytes.try_into().ok())
                .ok_or(Refusal::Broken("a hash is not 32 bytes"))?,
            province: province.to_string(),
        }),
    })
}

fn subject(debtor: &Debtor) -> Subject {
    let address = debtor.address.as_ref();
    let text = |text: &dyn std::fmt::Display| text.to_string();
    Subject {
        kind: match debtor.kind {
            DebtorKind::Person => PersonKind::Natural,
            DebtorKind::Body => PersonKind::Legal,
        },
        code: debtor.tax_code.to_string(),
        full_name: debtor.full_name.to_string(),
        street_name: address.map(|a| text(&a.street)),
        civic_number: None,
        postal_code: address
            .and_then(|a| a.postal_code.as_ref())
            .map(|t| text(t)),
        city: address.map(|a| text(&a.city)),
        state_province_region: address.and_then(|a| a.province.as_ref()).map(|t| text(t)),
        country: address.and_then(|a| a.country.as_ref()).map(|t| text(t)),
        email: debtor.email.as_ref().map(ToString::to_string),
    }
}
