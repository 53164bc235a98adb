//! The ways of paying a notice: the node's REST question, beside the SOAP ones.

use actix_web::web::{Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, http::StatusCode};

use super::fault::{self, Refusal};
use super::journal::Heard;
use super::{admission, notice_of};
use crate::app::payments;
use crate::ctx::Ctx;
use crate::domain::calendar::Day;
use crate::domain::creditor::Creditor;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::payment_option::{Instalment, PaymentOption, Standing};
use crate::domain::position::Position;
use crate::wire::payment_options::{self as wire, PaymentOptions, Refused, Status};

/// Where the question is asked.
pub(super) const PATH: &str = "/payment-options/organizations/{creditor}/notices/{number}";

/// Answers the question.
pub(super) async fn serve(
    ctx: Data<Ctx>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> HttpResponse {
    if !admission::admitted(&ctx.config, &request) {
        return HttpResponse::Forbidden().finish();
    }
    let (creditor, number) = path.into_inner();
    let heard = Heard::options(&ctx, &creditor, &number);
    let (status, outcome, body) = match answer(&ctx, &creditor, &number).await {
        Ok(options) => (200, "OK", options.to_json()),
        Err(refusal) => {
            let fault = fault::of(&refusal, &creditor).into_wire();
            let (status, code) = code_of(&fault.code);
            let refused = Refused {
                status,
                code,
                message: format!("{} {}", fault.code, fault.string),
                seconds: ctx.now().timestamp(),
            };
            (status, code, refused.to_json())
        }
    };
    heard.note(&ctx, (outcome, None), (&Bytes::new(), &body));
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status)
        .content_type("application/json")
        .body(body)
}

async fn answer(ctx: &Ctx, creditor: &str, number: &str) -> Result<PaymentOptions, Refusal> {
    let tax_code = FiscalCode::as_stated(creditor).map_err(|_shape| Refusal::UnknownCreditor)?;
    let creditor = ctx
        .registry
        .creditor(&tax_code)
        .ok_or(Refusal::UnknownCreditor)?;
    let number = notice_of(&creditor, creditor.tax_code.as_str(), number)?;
    let today = ctx.today();
    let position = ctx
        .read(move |conn| payments::with_options(conn, &tax_code, &number, today))
        .await?;
    told(ctx, &creditor, &position, today)
}

fn told(
    ctx: &Ctx,
    creditor: &Creditor,
    position: &Position,
    today: Day,
) -> Result<PaymentOptions, Refusal> {
    let options = position
        .payment_options(today)
        .map_err(|_sum| Refusal::Broken("a sum does not fit"))?;
    let option = |option: &PaymentOption<'_>| wire::PaymentOption {
        description: position.description.to_string(),
        cents: option.amount.get(),
        status: status(option.standing),
        all_ccp: option.instalments.iter().all(|one| {
            let mut transfers = one.notice.transfers.iter();
            transfers.all(|transfer| creditor.credits_postally(&transfer.to, today))
        }),
        installments: option
            .instalments
            .iter()
            .map(|one| instalment(ctx, position, one, today))
            .collect(),
    };
    Ok(PaymentOptions {
        creditor: creditor.tax_code.to_string(),
        company_name: creditor.legal_name.to_string(),
        office_name: creditor.office_name.as_ref().map(ToString::to_string),
        options: options.iter().map(option).collect(),
    })
}

fn instalment(
    ctx: &Ctx,
    position: &Position,
    one: &Instalment<'_>,
    today: Day,
) -> wire::Installment {
    wire::Installment {
        notice_number: one.notice.number.to_string(),
        iuv: one.notice.iuv().to_string(),
        cents: one.amount.get(),
        description: one.notice.description.to_string(),
        due_on: payments::due_on(ctx, position, one.notice, today),
        valid_from: position.issued_on,
        status: status(one.standing),
    }
}

fn status(standing: Standing) -> Status {
    match standing {
        Standing::Unpaid => Status::Unpaid,
        Standing::Paid => Status::Paid,
        Standing::PartlyPaid => Status::PartiallyPaid,
        Standing::LateUnpaid => Status::ExpiredUnpaid,
        Standing::Lapsed => Status::ExpiredNotPayable,
        Standing::Invalid => Status::Invalid,
    }
}

/// The REST words for a fault: status and `appErrorCode`.
fn code_of(fault: &str) -> (u16, &'static str) {
    match fault {
        "PAA_SINTASSI_XSD" => (400, "ODP-101"),
        "PAA_SEMANTICA" => (422, "ODP-102"),
        "PAA_ID_DOMINIO_ERRATO" => (400, "ODP-104"),
        "PAA_PAGAMENTO_SCONOSCIUTO" => (404, "ODP-107"),
        "PAA_PAGAMENTO_DUPLICATO" => (409, "ODP-108"),
        "PAA_PAGAMENTO_SCADUTO" => (422, "ODP-110"),
        "PAA_PAGAMENTO_ANNULLATO" => (422, "ODP-111"),
        _ => (500, "ODP-103"),
    }
}
