//! SOAP 1.1 envelopes, in and out.
//!
//! Reading refuses what an envelope has no right to hold (document types, entities, processing
//! instructions, encodings other than UTF-8) and tolerates what senders legitimately vary: byte
//! order mark, comments, white space, prefixes, default namespaces, unused declarations, CDATA,
//! headers. The result is a small bounded tree that message structs read from.

use crate::wire::text::fit;

pub use element::Element;
pub use error::{Unreadable, Why};
pub(super) use writer::Writer;

mod element;
mod error;
mod writer;

#[cfg(test)]
mod tests;

/// Largest message read, in bytes. A receipt with five signed stamps is well under 100 KiB.
pub const BODY_BYTES_MAX: usize = 1 << 20;
/// Deepest nesting, the envelope included. The deepest legal request has nine levels; headers of
/// security products need some more.
pub const DEPTH_MAX: usize = 32;
/// Most elements in a message. A full receipt (five transfers, all metadata) has about 300.
pub const ELEMENTS_MAX: usize = 2_000;
/// Most attributes on one element, namespace declarations included.
pub const ATTRIBUTES_MAX: usize = 64;
/// Longest text of one element, in bytes. Signed stamps in base64 are the longest legal ones.
pub const TEXT_BYTES_MAX: usize = 256 << 10;

/// Namespace of the SOAP 1.1 envelope, body and fault.
pub const ENVELOPE_NAMESPACE: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// Longest `faultstring` written, in characters.
const FAULT_CHARS_MAX: usize = 500;

/// Reads an envelope and returns the one element in its body.
///
/// # Errors
///
/// [`Unreadable`] says which rule was broken and at which byte.
pub fn read(bytes: &[u8]) -> Result<Element, Unreadable> {
    let envelope = element::parse(bytes)?;
    let at = |element: &Element, why: Why| Unreadable {
        offset: element.offset,
        why,
    };
    if envelope.name != "Envelope" {
        return Err(at(&envelope, Why::NotAnEnvelope));
    }
    if envelope.namespace != ENVELOPE_NAMESPACE {
        return Err(at(&envelope, Why::EnvelopeNamespace));
    }
    let offset = envelope.offset;
    let mut bodies = envelope
        .children
        .into_iter()
        .filter(|child| child.name == "Body" && child.namespace == ENVELOPE_NAMESPACE);
    let body = bodies.next().ok_or(Unreadable {
        offset,
        why: Why::NoBody,
    })?;
    if let Some(second) = bodies.next() {
        return Err(at(&second, Why::SeveralBodies));
    }
    if !body.text.is_empty() {
        return Err(at(&body, Why::TextOutsideElements));
    }
    let offset = body.offset;
    let mut contents = body.children.into_iter();
    let content = contents.next().ok_or(Unreadable {
        offset,
        why: Why::EmptyBody,
    })?;
    match contents.next() {
        Some(second) => Err(at(&second, Why::SeveralBodyChildren)),
        None => Ok(content),
    }
}

/// Reads a document that stands in no envelope, under the same limits.
///
/// # Errors
///
/// [`Unreadable`] says which rule was broken and at which byte.
pub fn document(bytes: &[u8]) -> Result<Element, Unreadable> {
    element::parse(bytes)
}

/// Who is to blame, in SOAP 1.1's words (§4.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultCode {
    /// The message was wrong; sending it again will not help.
    Client,
    /// The message may be right; the receiver could not deal with it.
    Server,
    /// The envelope is of another SOAP version.
    VersionMismatch,
}

impl FaultCode {
    fn name(self) -> &'static str {
        match self {
            Self::Client => "Client",
            Self::Server => "Server",
            Self::VersionMismatch => "VersionMismatch",
        }
    }
}

/// Writes a SOAP fault in its envelope: the answer to messages of which not even the operation
/// could be read. To be sent with HTTP status 500, as SOAP 1.1 asks (§6.2).
pub fn fault(code: FaultCode, text: &str) -> Vec<u8> {
    let mut out = Writer::envelope();
    out.open("soapenv:Fault");
    out.leaf("faultcode", &format!("soapenv:{}", code.name()));
    out.leaf("faultstring", &fit(text, FAULT_CHARS_MAX));
    out.close("soapenv:Fault");
    out.finish()
}
