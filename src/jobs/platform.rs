//! What jobs that call the platform have in common: its client, and the note of a call in the journal of events.

use super::Failed;
use crate::ctx::Ctx;
use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::node_event::{Caller, Messages, NodeEvent};
use crate::node::client::{PlatformClient, PlatformError, Service};

/// The client of a configured service.
pub(super) fn client(service: Service<'_>) -> Result<PlatformClient, Failed> {
    PlatformClient::new(service).map_err(|why| Failed::ForNow(why.to_string()))
}

/// A call that was made.
pub(super) struct Call {
    pub(super) creditor: FiscalCode,
    pub(super) operation: &'static str,
    pub(super) asked_at: Instant,
    pub(super) notice_number: Option<String>,
    pub(super) iuv: String,
    pub(super) receipt_id: Option<String>,
    pub(super) request: Vec<u8>,
}

/// Notes a call and how it was answered.
pub(super) fn note(ctx: &Ctx, call: Call, answer: &Result<Vec<u8>, PlatformError>) {
    let lasted = ctx.now().signed_duration_since(call.asked_at);
    let event = NodeEvent {
        creditor: call.creditor,
        id: ctx.ids.next(),
        asked_at: call.asked_at,
        millis: lasted.num_milliseconds(),
        caller: Caller::Creditor,
        operation: call.operation.to_owned(),
        station: None,
        notice_number: call.notice_number,
        iuv: Some(call.iuv),
        receipt_id: call.receipt_id,
        psp_id: None,
        outcome: answer
            .as_ref()
            .map_or_else(PlatformError::outcome, |_| "OK".to_owned()),
    };
    let response = match answer {
        Ok(body) => body.clone(),
        Err(error) => error.body().to_vec(),
    };
    let request = call.request;
    ctx.journal.note(event, Messages { request, response });
}
