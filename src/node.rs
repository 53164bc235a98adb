//! The SOAP door that pagoPA's node calls: parse, dispatch, answer. It translates and never decides.
//!
//! Whatever is wrong with a payment is answered inside the response (outcome KO with a fault, HTTP 200);
//! a SOAP fault is only for messages that cannot be read.

mod admission;
pub mod client;
mod demand;
pub mod fault;
mod journal;
mod options;
mod payment;
mod receipt;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::payments::{self, Outcome};
use crate::ctx::Ctx;
use crate::domain::creditor::Creditor;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::notice_number::NoticeNumber;
use crate::domain::trail::Actor;
use crate::wire::amount::Amount;
use crate::wire::pa_for_node::{
    self as wire, Failure, GetPaymentReq, Header, Message, Request, Response, SendRtReq, VerifyReq,
    Version,
};
use crate::wire::soap;

use fault::{Fault, Refusal};
use journal::Heard;

/// The notice number with which pagoPA probes stations: answered as unknown, without a look-up.
const PROBE: &str = "000000000000000000";

/// Mounts the door.
pub fn configure(cfg: &mut web::ServiceConfig, ctx: &Ctx) {
    cfg.app_data(web::Data::new(ctx.by(Actor::Node)))
        .app_data(web::PayloadConfig::new(soap::BODY_BYTES_MAX))
        .service(web::resource("/node").route(web::post().to(serve)))
        .service(web::resource(options::PATH).route(web::post().to(options::serve)));
}

/// Answers one message. The operation is known by its body, whatever `SOAPAction` says.
async fn serve(
    ctx: web::Data<Ctx>,
    request: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
) -> HttpResponse {
    if !admission::admitted(&ctx.config, &request) {
        return HttpResponse::Forbidden().finish();
    }
    let Ok(body) = body else {
        return soap_fault(soap::fault(
            soap::FaultCode::Client,
            "the message is too large or was cut off",
        ));
    };
    match wire::parse(&body) {
        Ok(message) => {
            let heard = Heard::message(&ctx, &message);
            let namespace = message.namespace;
            let operation = message.operation;
            let creditor = message.header.id_pa.clone();
            let response = match answer(&ctx, message, body.clone()).await {
                Ok(response) => response,
                Err(refusal) => Response::Ko(operation, fault::of(&refusal, &creditor).into_wire()),
            };
            tracing::debug!(operation = %operation, creditor, ok = !matches!(response, Response::Ko(..)), "node call");
            let told = response.to_xml(namespace);
            heard.note(&ctx, journal::ended(&response), (&body, &told));
            xml(told)
        }
        Err(Failure::Refused(refused)) => {
            let heard = Heard::refused(&ctx, &refused);
            let creditor = refused.header.id_pa.clone().unwrap_or_else(|| "-".into());
            let fault = Fault::syntax(&creditor, &refused.violation.to_string());
            tracing::info!(operation = %refused.operation, violation = %refused.violation, "node call breaks its schema");
            let response = Response::Ko(refused.operation, fault.into_wire());
            let told = response.to_xml(refused.namespace);
            heard.note(&ctx, journal::ended(&response), (&body, &told));
            xml(told)
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
        Request::SendRt(request) => {
            send_rt(ctx, (&creditor, &message.header.id_station), &request, body).await
        }
        Request::Demand(request) => demand::answer(ctx, &creditor, &request).await,
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
    Ok(Response::Verify(payment::due(creditor, &payable, today)?))
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
    let how = (payment::paid_through(request.transfer_type), ctx.today());
    let payment = payment::of(creditor, &payable, how)?;
    match request.version {
        Version::V2 => Ok(Response::GetPaymentV2(Box::new(payment))),
        Version::V1 => {
            let payment = payment.into_v1().ok_or(payments::Error::StampInV1)?;
            Ok(Response::GetPaymentV1(Box::new(payment)))
        }
    }
}

/// Persist and acknowledge; nobody is asked whether the receipt fits. `receipt.fiscalCode` may be another
/// body: this one is a beneficiary of its notice.
async fn send_rt(
    ctx: &Ctx,
    (creditor, station): (&Creditor, &str),
    request: &SendRtReq,
    body: web::Bytes,
) -> Result<Response, Refusal> {
    // Failed payments have no receipt.
    if request.receipt.outcome != wire::Outcome::Ok {
        return Err(Refusal::Semantics("outcome"));
    }
    let receipt = receipt::read(&creditor.tax_code, request)?;
    let muted = ctx.config.muted_stations.contains(station);
    let inner = ctx.clone();
    let outcome = ctx
        .write(move |tx, now| payments::receive(tx, now, &inner, &receipt, &body))
        .await?;
    match outcome {
        Outcome::Filed | Outcome::AlreadyFiled => Ok(Response::Ack(request.version)),
        // The message is kept: a station may ask not to hear of it.
        Outcome::Conflicting if muted => Ok(Response::Ack(request.version)),
        Outcome::Conflicting => Err(Refusal::OtherReceiptFiled),
    }
}

fn amount(cents: Cents) -> Result<Amount, Refusal> {
    Amount::from_cents(cents.get()).ok_or(Refusal::Broken("an amount does not fit the message"))
}

fn cents(amount: &Amount) -> Result<Cents, Refusal> {
    Cents::new(amount.cents()).map_err(|_range| Refusal::Semantics("amount"))
}
