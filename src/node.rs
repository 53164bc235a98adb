//! The SOAP door that pagoPA's node calls: parse, dispatch, answer. It translates and never decides.
//!
//! Whatever is wrong with a payment is answered inside the response (outcome KO with a fault, HTTP 200);
//! a SOAP fault is only for messages that cannot be read.

pub mod client;
pub mod fault;

use actix_web::{HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::app::payments::{self, Outcome, Payable};
use crate::ctx::Ctx;
use crate::domain::calendar;
use crate::domain::creditor::Creditor;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::iban::Iban;
use crate::domain::money::Cents;
use crate::domain::notice_number::{Iuv, NoticeNumber};
use crate::domain::position::{Debtor, DebtorKind};
use crate::domain::receipt::{Party, Psp, Receipt, ReceiptTransfer};
use crate::domain::service;
use crate::domain::stamp::Stamp;
use crate::wire::amount::Amount;
use crate::wire::pa_for_node::{
    self as wire, Account, Destination, Failure, GetPaymentReq, Header, MapEntry, Message, Payment,
    PersonKind, Request, Response, SendRtReq, StampDuty, Subject, TransferV2, VerifyReq, VerifyRes,
    Version,
};
use crate::wire::soap;
use crate::wire::time::Timestamp;

use fault::{Fault, Refusal};

/// The notice number with which pagoPA probes stations: answered as unknown, without a look-up.
const PROBE: &str = "000000000000000000";

/// Mounts the door.
pub fn configure(cfg: &mut web::ServiceConfig, ctx: &Ctx) {
    cfg.app_data(web::Data::new(ctx.clone()))
        .app_data(web::PayloadConfig::new(soap::BODY_BYTES_MAX))
        .service(web::resource("/node").route(web::post().to(serve)));
}

/// Answers one message. The operation is known by its body, whatever `SOAPAction` says.
async fn serve(ctx: web::Data<Ctx>, body: Result<web::Bytes, actix_web::Error>) -> HttpResponse {
    let Ok(body) = body else {
        return soap_fault(soap::fault(
            soap::FaultCode::Client,
            "the message is too large or was cut off",
        ));
    };
    match wire::parse(&body) {
        Ok(message) => {
            let namespace = message.namespace;
            let operation = message.operation;
            let creditor = message.header.id_pa.clone();
            let response = match answer(&ctx, message, body).await {
                Ok(response) => response,
                Err(refusal) => Response::Ko(operation, fault::of(&refusal, &creditor).into_wire()),
            };
            tracing::debug!(operation = %operation, creditor, ok = !matches!(response, Response::Ko(..)), "node call");
            xml(response.to_xml(namespace))
        }
        Err(Failure::Refused(refused)) => {
            let creditor = refused.header.id_pa.clone().unwrap_or_else(|| "-".into());
            let fault = Fault::syntax(&creditor, &refused.violation.to_string());
            tracing::info!(operation = %refused.operation, violation = %refused.violation, "node call breaks its schema");
            xml(Response::Ko(refused.operation, fault.into_wire()).to_xml(refused.namespace))
        }
        Err(failure @ (Failure::Unreadable(_) | Failure::UnknownOperation { .. })) => {
            tracing::info!(%failure, "unreadable node call");
            soap_fault(failure.to_soap_fault().unwrap_or_default())
        }
    }
}

/// SOAP 1.1 over HTTP answers faults with status 500.
fn soap_fault(body: Vec<u8>) -> HttpResponse {
    HttpResponse::InternalServerError()
        .content_type("text/xml; charset=utf-8")
        .body(body)
}

fn xml(body: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/xml; charset=utf-8")
        .body(body)
}

async fn answer(ctx: &Ctx, message: Message, body: web::Bytes) -> Result<Response, Refusal> {
    let creditor = addressee(ctx, &message.header)?;
    match message.request {
        Request::Verify(request) => verify(ctx, &creditor, &request).await,
        Request::GetPayment(request) => get_payment(ctx, &creditor, &request).await,
        Request::SendRt(request) => send_rt(ctx, &creditor, &request, body).await,
        Request::Demand(_) => Err(Refusal::NotOffered),
    }
}

/// Broker, station, body: in this order, each with its fault.
fn addressee(ctx: &Ctx, header: &Header) -> Result<std::sync::Arc<Creditor>, Refusal> {
    if !ctx.registry.broker_known(&header.id_broker_pa) {
        return Err(Refusal::UnknownBroker);
    }
    if !ctx.registry.station_known(&header.id_station) {
        return Err(Refusal::UnknownStation);
    }
    let tax_code =
        FiscalCode::as_stated(&header.id_pa).map_err(|_shape| Refusal::UnknownCreditor)?;
    let creditor = ctx
        .registry
        .creditor(&tax_code)
        .ok_or(Refusal::UnknownCreditor)?;
    let station = creditor
        .station(&header.id_station, ctx.today())
        .ok_or(Refusal::UnknownStation)?;
    if station.broker_tax_code.as_str() == header.id_broker_pa {
        Ok(creditor)
    } else {
        Err(Refusal::UnknownStation)
    }
}

/// The notice asked about, of this creditor.
fn notice_of(
    creditor: &Creditor,
    fiscal_code: &str,
    number: &str,
) -> Result<NoticeNumber, Refusal> {
    if fiscal_code != creditor.tax_code.as_str() {
        return Err(Refusal::UnknownCreditor);
    }
    if number == PROBE {
        return Err(Refusal::Payment(payments::Error::UnknownNotice));
    }
    NoticeNumber::parse(number).map_err(|_never_ours| payments::Error::UnknownNotice.into())
}

async fn verify(ctx: &Ctx, creditor: &Creditor, request: &VerifyReq) -> Result<Response, Refusal> {
    let number = notice_of(
        creditor,
        &request.qr_code.fiscal_code,
        &request.qr_code.notice_number,
    )?;
    let (of, inner, today) = (creditor.tax_code.clone(), ctx.clone(), ctx.today());
    let payable = ctx
        .read(move |conn| payments::verify(conn, &inner, &of, &number, today))
        .await?;
    Ok(Response::Verify(VerifyRes {
        amount: amount(payable.total)?,
        due_date: payable.notice.due_on,
        detail_description: None,
        all_ccp: payable
            .notice
            .transfers
            .iter()
            .all(|transfer| transfer.to.iban().is_some_and(Iban::is_postal)),
        payment_description: payable.notice.description.to_string(),
        fiscal_code_pa: creditor.tax_code.to_string(),
        company_name: creditor.legal_name.to_string(),
        office_name: creditor.office_name.as_ref().map(ToString::to_string),
    }))
}

async fn get_payment(
    ctx: &Ctx,
    creditor: &Creditor,
    request: &GetPaymentReq,
) -> Result<Response, Refusal> {
    let number = notice_of(
        creditor,
        &request.qr_code.fiscal_code,
        &request.qr_code.notice_number,
    )?;
    let (of, inner) = (creditor.tax_code.clone(), ctx.clone());
    let payable = match request.version {
        Version::V2 => {
            ctx.write(move |tx, now| payments::quote(tx, now, &inner, &of, &number))
                .await?
        }
        Version::V1 => {
            ctx.write(move |tx, now| payments::quote_in_v1(tx, now, &inner, &of, &number))
                .await?
        }
    };
    let payment = payment(creditor, &payable)?;
    match request.version {
        Version::V2 => Ok(Response::GetPaymentV2(Box::new(payment))),
        Version::V1 => {
            let payment = payment.into_v1().ok_or(payments::Error::StampInV1)?;
            Ok(Response::GetPaymentV1(Box::new(payment)))
        }
    }
}

fn payment(creditor: &Creditor, payable: &Payable) -> Result<Payment<TransferV2>, Refusal> {
    let iuv = payable.notice.iuv();
    let description = payable.notice.description.to_string();
    let parts = (1u8..).zip(&payable.notice.transfers).zip(&payable.amounts);
    let mut transfers = Vec::with_capacity(payable.amounts.len());
    for ((id, transfer), part) in parts.filter(|(_, part)| part.is_positive()) {
        let metadata = transfer.metadata.iter().map(|(key, value)| MapEntry {
            key: key.clone(),
            value: value.clone(),
        });
        // A stamp is asked for in the name of the creditor (ADR 0036).
        let (fiscal_code_pa, company_name) = match transfer.to.stamp() {
            Some(_) => (
                creditor.tax_code.to_string(),
                creditor.legal_name.to_string(),
            ),
            None => (
                transfer.to.tax_code.to_string(),
                transfer.to.legal_name.clone(),
            ),
        };
        transfers.push(TransferV2 {
            id,
            amount: amount(*part)?,
            fiscal_code_pa,
            company_name: Some(company_name),
            account: account(&transfer.to.account)?,
            remittance_information: format!("/RFB/{iuv}/{part}/TXT/{description}"),
            transfer_category: transfer.to.taxonomy.to_string(),
            metadata: metadata.collect(),
        });
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

fn account(of: &service::Destination) -> Result<Account, Refusal> {
    Ok(match of {
        service::Destination::Iban(iban) => Account::Iban(iban.to_string()),
        service::Destination::Stamp(Stamp { document, province }) => Account::Stamp(StampDuty {
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

/// Persist and acknowledge; nobody is asked whether the receipt fits. `receipt.fiscalCode` may be another
/// body: this one is a beneficiary of its notice.
async fn send_rt(
    ctx: &Ctx,
    creditor: &Creditor,
    request: &SendRtReq,
    body: web::Bytes,
) -> Result<Response, Refusal> {
    // Failed payments have no receipt.
    if request.receipt.outcome != wire::Outcome::Ok {
        return Err(Refusal::Semantics("outcome"));
    }
    let receipt = receipt(&creditor.tax_code, request)?;
    let inner = ctx.clone();
    let outcome = ctx
        .write(move |tx, now| payments::receive(tx, now, &inner, &receipt, &body))
        .await?;
    match outcome {
        Outcome::Filed | Outcome::AlreadyFiled => Ok(Response::Ack(request.version)),
        Outcome::Conflicting => Err(Refusal::OtherReceiptFiled),
    }
}

fn receipt(receiver: &FiscalCode, request: &SendRtReq) -> Result<Receipt, Refusal> {
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

fn amount(cents: Cents) -> Result<Amount, Refusal> {
    Amount::from_cents(cents.get()).ok_or(Refusal::Broken("an amount does not fit the message"))
}

fn cents(amount: &Amount) -> Result<Cents, Refusal> {
    Cents::new(amount.cents()).map_err(|_range| Refusal::Semantics("amount"))
}
