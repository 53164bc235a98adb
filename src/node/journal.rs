//! What the journal of events says of a call.

use actix_web::web::Bytes;

use crate::ctx::Ctx;
use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::node_event::{Caller, Messages, NodeEvent};
use crate::domain::notice_number::NoticeNumber;
use crate::wire::pa_for_node::{Message, Refused, Request, Response};

/// What is known of a call before it is answered.
pub(super) struct Heard {
    asked_at: Instant,
    operation: String,
    creditor: Option<String>,
    station: Option<String>,
    notice_number: Option<String>,
    receipt_id: Option<String>,
    psp_id: Option<String>,
}

impl Heard {
    /// Of a message that could be read.
    pub(super) fn message(ctx: &Ctx, message: &Message) -> Heard {
        let (notice_number, receipt_id, psp_id) = match &message.request {
            Request::Verify(asked) => (Some(asked.qr_code.notice_number.clone()), None, None),
            Request::GetPayment(asked) => (Some(asked.qr_code.notice_number.clone()), None, None),
            Request::SendRt(sent) => (
                Some(sent.receipt.notice_number.clone()),
                Some(sent.receipt.receipt_id.clone()),
                Some(sent.receipt.psp.id.clone()),
            ),
            Request::Demand(_) => (None, None, None),
        };
        Heard {
            asked_at: ctx.now(),
            operation: message.operation.to_string(),
            creditor: Some(message.header.id_pa.clone()),
            station: Some(message.header.id_station.clone()),
            notice_number,
            receipt_id,
            psp_id,
        }
    }

    /// Of a message that breaks its schema.
    pub(super) fn refused(ctx: &Ctx, refused: &Refused) -> Heard {
        Heard {
            asked_at: ctx.now(),
            operation: refused.operation.to_string(),
            creditor: refused.header.id_pa.clone(),
            station: refused.header.id_station.clone(),
            notice_number: refused.notice_number.clone(),
            receipt_id: None,
            psp_id: None,
        }
    }

    /// Of the question for the ways of paying.
    pub(super) fn options(ctx: &Ctx, creditor: &str, number: &str) -> Heard {
        let is_number = number.len() == 18 && number.bytes().all(|byte| byte.is_ascii_digit());
        Heard {
            asked_at: ctx.now(),
            operation: "getPaymentOptions".to_owned(),
            creditor: Some(creditor.to_owned()),
            station: None,
            notice_number: is_number.then(|| number.to_owned()),
            receipt_id: None,
            psp_id: None,
        }
    }

    /// Notes the call with its answer: how it ended, and the notice that it made. A call for a creditor that
    /// is not of this engine belongs to nobody's journal; the log has it.
    pub(super) fn note(
        self,
        ctx: &Ctx,
        (outcome, made): (&str, Option<&str>),
        (asked, told): (&Bytes, &[u8]),
    ) {
        let creditor = self
            .creditor
            .and_then(|code| FiscalCode::as_stated(&code).ok());
        let Some(creditor) = creditor.and_then(|code| ctx.registry.creditor(&code)) else {
            return;
        };
        let notice_number = self.notice_number.or(made.map(str::to_owned));
        let number = notice_number.as_deref();
        let number = number.and_then(|text| NoticeNumber::parse(text).ok());
        let millis = ctx
            .now()
            .signed_duration_since(self.asked_at)
            .num_milliseconds();
        let event = NodeEvent {
            creditor: creditor.tax_code.clone(),
            id: ctx.ids.next(),
            asked_at: self.asked_at,
            millis,
            caller: Caller::Node,
            operation: self.operation,
            station: self.station,
            iuv: number.map(|number| number.iuv().to_string()),
            notice_number,
            receipt_id: self.receipt_id,
            psp_id: self.psp_id,
            outcome: outcome.to_owned(),
        };
        let messages = Messages {
            request: asked.to_vec(),
            response: told.to_vec(),
        };
        ctx.journal.note(event, messages);
    }
}

/// How a call ended, and the notice that it made.
pub(super) fn ended(response: &Response) -> (&str, Option<&str>) {
    match response {
        Response::Ko(_, fault) => (fault.code.as_str(), None),
        Response::Demand(made) => ("OK", Some(made.qr_code.notice_number.as_str())),
        Response::Verify(_)
        | Response::GetPaymentV1(_)
        | Response::GetPaymentV2(_)
        | Response::Ack(_) => ("OK", None),
    }
}
