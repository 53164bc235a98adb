//! Why a message is not an envelope we can read.

use super::{ATTRIBUTES_MAX, BODY_BYTES_MAX, DEPTH_MAX, ELEMENTS_MAX, FaultCode, TEXT_BYTES_MAX};

/// A message of which nothing can be said but where reading stopped and why. The text names rules
/// and never quotes the message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why} (byte {offset})")]
pub struct Unreadable {
    /// Bytes from the start of the message.
    pub offset: u64,
    /// The rule that was broken.
    pub why: Why,
}

impl Unreadable {
    /// The SOAP fault code that fits: always the sender's side, and `VersionMismatch` for an
    /// envelope of another SOAP version.
    pub fn fault_code(&self) -> FaultCode {
        if self.why == Why::EnvelopeNamespace {
            FaultCode::VersionMismatch
        } else {
            FaultCode::Client
        }
    }
}

/// The rules an envelope can break.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// More than [`BODY_BYTES_MAX`].
    #[error("message larger than {BODY_BYTES_MAX} bytes")]
    TooLarge,
    /// Bytes that are not UTF-8.
    #[error("message is not UTF-8")]
    NotUtf8,
    /// The XML declaration names another encoding.
    #[error("declared encoding is not UTF-8")]
    Encoding,
    /// The XML declaration names another version of XML, or is not the first thing.
    #[error("XML declaration is misplaced or not of version 1.0")]
    Declaration,
    /// A character outside XML's `Char` production, raw or as a reference.
    #[error("character that XML forbids")]
    IllegalCharacter,
    /// `<!DOCTYPE`.
    #[error("document types are refused")]
    DocumentType,
    /// An entity that is not one of XML's five, or a broken reference.
    #[error("unknown entity or broken character reference")]
    Entity,
    /// `<?target …?>`.
    #[error("processing instructions are refused")]
    ProcessingInstruction,
    /// A tag, comment or CDATA section that does not end, or markup that is none of these.
    #[error("broken markup")]
    Markup,
    /// End tags do not match start tags.
    #[error("tags do not match")]
    Tags,
    /// An attribute without quotes or value, or twice.
    #[error("broken or repeated attribute")]
    Attribute,
    /// A prefix without a namespace, or a reserved one.
    #[error("prefix without a namespace, or wrong namespace declaration")]
    Prefix,
    /// Text where only elements may stand.
    #[error("text where only elements may stand")]
    TextOutsideElements,
    /// Nothing, or something after the document element.
    #[error("not exactly one document element")]
    DocumentElement,
    /// Deeper than [`DEPTH_MAX`].
    #[error("more than {DEPTH_MAX} levels of elements")]
    TooDeep,
    /// More than [`ELEMENTS_MAX`].
    #[error("more than {ELEMENTS_MAX} elements")]
    TooManyElements,
    /// More than [`ATTRIBUTES_MAX`] on one element.
    #[error("more than {ATTRIBUTES_MAX} attributes on an element")]
    TooManyAttributes,
    /// More than [`TEXT_BYTES_MAX`] in one element.
    #[error("text longer than {TEXT_BYTES_MAX} bytes")]
    TextTooLong,
    /// The document element is not called `Envelope`.
    #[error("document element is not a SOAP envelope")]
    NotAnEnvelope,
    /// The envelope is not in SOAP 1.1's namespace.
    #[error("envelope is not in the SOAP 1.1 namespace")]
    EnvelopeNamespace,
    /// No `Body` in the envelope.
    #[error("envelope without a body")]
    NoBody,
    /// More than one `Body`.
    #[error("envelope with several bodies")]
    SeveralBodies,
    /// Nothing in the body.
    #[error("empty body")]
    EmptyBody,
    /// More than one element in the body.
    #[error("several elements in the body")]
    SeveralBodyChildren,
}
