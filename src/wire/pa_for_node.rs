//! `paForNode`: the six calls that the pagoPA node makes to a creditor's station (SANP, creditor
//! side), both versions, as `paForNode.xsd` and `sac-common-types-1.0.xsd` say.
//!
//! Requests are checked against the facets of the schema. Three things are more tolerant than the
//! schema, on purpose: the order of elements, white space around values, and elements we do not
//! know (the platform adds optional ones in its releases, and a receipt refused for one would be
//! money lost from the books). Answers follow the schema by construction: order, lengths, no empty
//! optional element; texts too long are cut, e-mail addresses and countries the schema would refuse
//! are left out.

use std::fmt;

use crate::wire::soap::{self, Element, FaultCode, Unreadable};
use crate::wire::text::fit;

pub use fields::{Rule, Violation};
pub use general_service::{BadService, GENERAL_SERVICE, GeneralService, general_service};
pub use receipt::{Destination, MapEntry, Outcome, Psp, Receipt, ReceiptTransfer};
pub use request::{
    DemandReq, GetPaymentReq, Header, HeaderSeen, QrCode, SendRtReq, TransferType, VerifyReq,
};
pub use response::{
    Account, DemandRes, Fault, Payment, Response, StampDuty, TransferV1, TransferV2, VerifyRes,
};
pub use subject::{PersonKind, Subject};

mod facets;
mod fields;
mod general_service;
mod receipt;
mod request;
mod response;
mod subject;

#[cfg(test)]
mod tests;

/// Longest piece of an unknown body's name that is quoted, in characters.
const NAME_CHARS_MAX: usize = 100;

/// The two namespaces in which the messages travel. Answers go out in the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    /// `http://pagopa-api.pagopa.gov.it/pa/paForNode.xsd`.
    Current,
    /// `http://pagopa-api.pagopa.gov.it/paForNode`, deprecated and still seen.
    Deprecated,
}

impl Namespace {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Current, Self::Deprecated];

    /// The namespace URI.
    pub fn uri(self) -> &'static str {
        match self {
            Self::Current => "http://pagopa-api.pagopa.gov.it/pa/paForNode.xsd",
            Self::Deprecated => "http://pagopa-api.pagopa.gov.it/paForNode",
        }
    }
}

/// Version of the two calls that have two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `paGetPayment`, `paSendRT`.
    V1,
    /// `paGetPaymentV2`, `paSendRTV2`: these know the digital revenue stamp.
    V2,
}

/// The six operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `paVerifyPaymentNotice`.
    Verify,
    /// `paGetPayment`, `paGetPaymentV2`.
    GetPayment(Version),
    /// `paSendRT`, `paSendRTV2`.
    SendRt(Version),
    /// `paDemandPaymentNotice`.
    Demand,
}

impl Operation {
    /// All six.
    pub const ALL: [Self; 6] = [
        Self::Verify,
        Self::GetPayment(Version::V1),
        Self::GetPayment(Version::V2),
        Self::SendRt(Version::V1),
        Self::SendRt(Version::V2),
        Self::Demand,
    ];

    /// The operation's name, which is also its `SOAPAction` (senders may quote it). Routing is on
    /// the body's element, not on this header.
    pub fn soap_action(self) -> &'static str {
        match self {
            Self::Verify => "paVerifyPaymentNotice",
            Self::GetPayment(Version::V1) => "paGetPayment",
            Self::GetPayment(Version::V2) => "paGetPaymentV2",
            Self::SendRt(Version::V1) => "paSendRT",
            Self::SendRt(Version::V2) => "paSendRTV2",
            Self::Demand => "paDemandPaymentNotice",
        }
    }

    /// Name of the request's element. The schema is not regular here.
    pub fn request_root(self) -> &'static str {
        match self {
            Self::Verify => "paVerifyPaymentNoticeReq",
            Self::GetPayment(Version::V1) => "paGetPaymentReq",
            Self::GetPayment(Version::V2) => "paGetPaymentV2Request",
            Self::SendRt(Version::V1) => "paSendRTReq",
            Self::SendRt(Version::V2) => "paSendRTV2Request",
            Self::Demand => "paDemandPaymentNoticeRequest",
        }
    }

    /// Name of the answer's element.
    pub fn response_root(self) -> &'static str {
        match self {
            Self::Verify => "paVerifyPaymentNoticeRes",
            Self::GetPayment(Version::V1) => "paGetPaymentRes",
            Self::GetPayment(Version::V2) => "paGetPaymentV2Response",
            Self::SendRt(Version::V1) => "paSendRTRes",
            Self::SendRt(Version::V2) => "paSendRTV2Response",
            Self::Demand => "paDemandPaymentNoticeResponse",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.soap_action())
    }
}

/// A request that satisfies its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The namespace to answer in.
    pub namespace: Namespace,
    /// What was asked.
    pub operation: Operation,
    /// To whom it was asked; the same three elements in all six requests.
    pub header: Header,
    /// The rest of the request.
    pub request: Request,
}

/// What the node asks, beyond the [`Header`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// May this notice be paid, and how much is due?
    Verify(VerifyReq),
    /// A payment starts: how much, to whom?
    GetPayment(GetPaymentReq),
    /// A payment was made.
    SendRt(Box<SendRtReq>),
    /// A citizen at a PSP asks for a notice.
    Demand(DemandReq),
}

/// A message that cannot be served, by how it is to be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Not an envelope we can read: answer with a SOAP fault.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// An envelope with something else in it: answer with a SOAP fault.
    #[error("no operation has the body {{{namespace}}}{name} (byte {offset})")]
    UnknownOperation {
        /// Namespace of the body's element, cut to a printable length.
        namespace: String,
        /// Its local name, cut likewise.
        name: String,
        /// Where it starts.
        offset: u64,
    },
    /// A known operation with a body that breaks its schema: answer in the operation's own words,
    /// outcome KO.
    #[error("{}: {}", .0.operation, .0.violation)]
    Refused(Box<Refused>),
}

impl Failure {
    /// The SOAP fault to answer with; `None` when the operation is known and deserves a KO.
    pub fn to_soap_fault(&self) -> Option<Vec<u8>> {
        match self {
            Self::Unreadable(error) => Some(soap::fault(error.fault_code(), &error.to_string())),
            Self::UnknownOperation { .. } => {
                Some(soap::fault(FaultCode::Client, &self.to_string()))
            }
            Self::Refused(_) => None,
        }
    }
}

/// A request whose operation is known and whose body breaks the schema, with what could be read of
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The namespace to answer in.
    pub namespace: Namespace,
    /// The operation to answer.
    pub operation: Operation,
    /// The parts of the header that are valid.
    pub header: HeaderSeen,
    /// The notice number (of the QR code or of the receipt), when valid.
    pub notice_number: Option<String>,
    /// The first rule found broken.
    pub violation: Violation,
}

/// Reads one request of the node.
///
/// # Errors
///
/// [`Failure`] tells what can only be answered with a SOAP fault from what is answered KO.
pub fn parse(body: &[u8]) -> Result<Message, Failure> {
    let root = soap::read(body)?;
    let (namespace, operation) = route(&root).ok_or_else(|| Failure::UnknownOperation {
        namespace: fit(&root.namespace, NAME_CHARS_MAX),
        name: fit(&root.name, NAME_CHARS_MAX),
        offset: root.offset,
    })?;
    match request::read(operation, &root) {
        Ok((header, request)) => Ok(Message {
            namespace,
            operation,
            header,
            request,
        }),
        Err(violation) => {
            let (header, notice_number) = request::glimpse(&root);
            let refused = Refused {
                namespace,
                operation,
                header,
                notice_number,
                violation,
            };
            Err(Failure::Refused(Box::new(refused)))
        }
    }
}

fn route(root: &Element) -> Option<(Namespace, Operation)> {
    let namespace = Namespace::ALL
        .into_iter()
        .find(|ns| ns.uri() == root.namespace)?;
    let operation = Operation::ALL
        .into_iter()
        .find(|op| op.request_root() == root.name)?;
    Some((namespace, operation))
}
