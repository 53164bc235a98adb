//! The journal of events (giornale degli eventi): one entry for each call between the node and a creditor.

use uuid::Uuid;

use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;

/// Who called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// The node called the creditor.
    Node,
    /// The creditor called the platform.
    Creditor,
}

names!(Caller, {
    Caller::Node => "node",
    Caller::Creditor => "creditor",
});

/// One call, question and answer. It holds identifiers and no personal data; those are in its messages,
/// which are kept apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeEvent {
    /// Whose call it is (identificativoDominio).
    pub creditor: FiscalCode,
    /// UUID version 7.
    pub id: Uuid,
    /// When it was asked (dataOraEvento).
    pub asked_at: Instant,
    /// How long the answer took, milliseconds.
    pub millis: i64,
    /// Who called whom.
    pub caller: Caller,
    /// What was called (tipoEvento), as `paGetPaymentV2`.
    pub operation: String,
    /// `idStation`, for calls through one.
    pub station: Option<String>,
    /// The notice that it was about.
    pub notice_number: Option<String>,
    /// Its reference (identificativoUnivocoVersamento).
    pub iuv: Option<String>,
    /// Receipt id or payment token (codiceContestoPagamento).
    pub receipt_id: Option<String>,
    /// The provider, when the message names one.
    pub psp_id: Option<String>,
    /// `OK`, the code of the fault, or the status of the platform.
    pub outcome: String,
}

/// The bytes of a call, as they came and went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Messages {
    /// The question; empty for one without a body.
    pub request: Vec<u8>,
    /// The answer.
    pub response: Vec<u8>,
}
