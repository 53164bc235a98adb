//! The SOAP reporting-flow interface, organisation side (`nodeForPa`): the two questions to ask, the answers
//! to read, and the flow that stands in the second of them, a `FlussoRiversamento`.
//!
//! A flow is read into the types of [`fdr_rest`](super::fdr_rest): whoever files it need not know how it came.
//! Names are compared without prefix and namespace, because senders differ in both.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDateTime, Utc};
use quick_xml::events::Event;

use super::fdr_rest::{Form, IDENTIFIER, Unread, is_identifier};
use super::giornale::Rule;
use super::giornale::xml::{Element, Part, Stream};
use super::soap::Writer;
use super::text::{fit, is_space};
use super::time::{self, Timestamp};

pub use flow_xml::flow;

mod flow_xml;

#[cfg(test)]
mod tests;

/// Largest answer read, in bytes: a flow of about a hundred and fifty thousand payments.
pub const ANSWER_BYTES_MAX: usize = 96 << 20;

const NAMESPACE: &str = "http://ws.pagamenti.telematici.gov/";
const TEXT_CHARS_MAX: usize = 255;

const INSTANT: Form = Form::new(
    "a time as 2026-12-31T23:59:59",
    "un istante come 2026-12-31T23:59:59",
);
const BASE64: Form = Form::new("base64", "base64");
const DEPOSITED: &str = "xmlRendicontazione";

/// What a time without offset means: the reader says which clock it is read on.
pub type Clock = fn(NaiveDateTime) -> DateTime<Utc>;

/// An operation of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Which flows there are.
    List,
    /// One of them.
    Fetch,
}

impl Operation {
    /// Its name, which is its `SOAPAction`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Operation::List => "nodoChiediElencoFlussiRendicontazione",
            Operation::Fetch => "nodoChiediFlussoRendicontazione",
        }
    }

    fn answer(self) -> &'static str {
        match self {
            Operation::List => "nodoChiediElencoFlussiRendicontazioneRisposta",
            Operation::Fetch => "nodoChiediFlussoRendicontazioneRisposta",
        }
    }
}

/// Who asks.
#[derive(Clone, Copy)]
pub struct Asker<'a> {
    /// `identificativoIntermediarioPA`: fiscal code of the broker.
    pub broker: &'a str,
    /// `identificativoStazioneIntermediarioPA`.
    pub station: &'a str,
    /// `password` of the station, 8 to 15 characters; a secret.
    pub password: &'a str,
    /// `identificativoDominio`: fiscal code of the creditor.
    pub organization_id: &'a str,
}

/// A line of the list: the latest version of each flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedFlow {
    /// `identificativoFlusso`.
    pub flow_id: String,
    /// `dataOraFlusso`: a later one replaces the earlier whole.
    pub flow_at: DateTime<Utc>,
}

/// An answer or a flow that cannot be read. The texts name elements and rules, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// More than [`ANSWER_BYTES_MAX`].
    #[error("answer larger than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
    /// `faultCode`, as `PPT_ID_FLUSSO_SCONOSCIUTO`, or that of a SOAP fault.
    #[error("fault {0}")]
    Fault(String),
    /// Not XML, or not within its bounds.
    #[error("{0}")]
    Markup(#[from] Rule),
    /// Another document.
    #[error("document must be {0}")]
    OtherDocument(&'static str),
    /// An element whose text is missing or breaks a rule.
    #[error("{path}: must be {rule}")]
    Value {
        /// As `datiSingoliPagamenti[3].singoloImportoPagato`.
        path: String,
        /// The rule.
        rule: Form,
    },
}

impl Error {
    /// What is wrong, in Italian.
    #[must_use]
    pub fn italian(&self) -> String {
        match self {
            Error::TooLarge => format!("la risposta supera {ANSWER_BYTES_MAX} byte"),
            Error::Fault(code) => format!("errore {code}"),
            Error::Markup(_) => {
                "non è XML ben formato, o supera i limiti di un elemento".to_owned()
            }
            Error::OtherDocument(name) => format!("il documento deve essere {name}"),
            Error::Value { path, rule } => format!("{path}: deve essere {}", rule.it),
        }
    }
}

/// The question for the list.
#[must_use]
pub fn list_request(asker: Asker<'_>) -> Vec<u8> {
    request(Operation::List, asker, None)
}

/// The question for a flow.
#[must_use]
pub fn fetch_request(asker: Asker<'_>, flow_id: &str) -> Vec<u8> {
    request(Operation::Fetch, asker, Some(flow_id))
}

fn request(operation: Operation, asker: Asker<'_>, flow_id: Option<&str>) -> Vec<u8> {
    let mut out = Writer::envelope();
    out.open_root(operation.name(), NAMESPACE);
    out.leaf("identificativoIntermediarioPA", asker.broker);
    out.leaf("identificativoStazioneIntermediarioPA", asker.station);
    out.leaf("password", asker.password);
    out.leaf("identificativoDominio", asker.organization_id);
    out.leaf_if("identificativoFlusso", flow_id);
    out.close_root(operation.name());
    out.finish()
}

/// Reads the list of flows, row by row; one that is empty is no error.
///
/// # Errors
/// [`Error`] of the answer itself.
pub fn list(body: &[u8], clock: Clock) -> Result<Vec<Result<DatedFlow, Unread<Error>>>, Error> {
    let mut flows = Vec::new();
    answer(body, Operation::List, |part| {
        if let Part::Entry(row, broken) = part {
            let read = match broken {
                Some(rule) => Err(rule.into()),
                None => dated(flows.len(), &row, clock),
            };
            flows.push(read.map_err(|error| unread(&row, error)));
        }
        Ok(())
    })?;
    Ok(flows)
}

/// One row of the list, by its place.
fn dated(place: usize, row: &Element, clock: Clock) -> Result<DatedFlow, Error> {
    let at = |name: &str| format!("idRendicontazione[{place}].{name}");
    let text = |name: &str| text(&at(name), row.text_at(&[name]));
    let flow_id = text("identificativoFlusso")?;
    let made = "dataOraFlusso";
    let flow_at = instant(&at(made), &text(made)?, clock)?;
    Ok(DatedFlow { flow_id, flow_at })
}

/// A row that cannot be read, written again.
fn unread(row: &Element, error: Error) -> Unread<Error> {
    let mut text = String::new();
    row.write(&mut text);
    Unread { text, error }
}

/// Takes the flow out of its answer, as it was deposited.
///
/// # Errors
/// [`Error`], naming the element.
pub fn document(body: &[u8]) -> Result<Vec<u8>, Error> {
    if body.len() > ANSWER_BYTES_MAX {
        return Err(Error::TooLarge);
    }
    match deposited(body).filter(|document| !document.is_empty()) {
        Some(document) => Ok(document),
        None => {
            answer(body, Operation::Fetch, |_| Ok(()))?;
            Err(value(DEPOSITED, BASE64))
        }
    }
}

/// The flow in a regular answer, decoded where it stands: a large one is not copied before. `None` when the
/// answer is another one.
fn deposited(body: &[u8]) -> Option<Vec<u8>> {
    let whole = ["Envelope", "Body", Operation::Fetch.answer(), DEPOSITED];
    let mut reader = quick_xml::Reader::from_reader(body);
    let (mut depth, mut along) = (0usize, 0usize);
    let mut decoder = Base64::default();
    loop {
        let inside = along == whole.len() && depth == along;
        match reader.read_event().ok()? {
            Event::Start(start) => {
                let next = whole.get(depth).copied();
                if along == depth && next == Some(start.local_name().as_ref()) {
                    along = along.saturating_add(1);
                }
                depth = depth.saturating_add(1);
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                along = along.min(depth);
            }
            Event::Text(text) if inside => decoder.take(text.as_bytes())?,
            Event::CData(text) if inside => decoder.take(text.as_bytes())?,
            Event::Eof if depth == 0 => return decoder.finish(),
            Event::GeneralRef(_) if inside => return None,
            Event::Eof => return None,
            Event::Empty(_)
            | Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
    }
}

/// Decodes base64 that comes in pieces, with white space anywhere.
#[derive(Default)]
struct Base64 {
    dense: Vec<u8>,
    decoded: Vec<u8>,
}

impl Base64 {
    /// Decoded at a time; a multiple of four.
    const PIECE: usize = 64 << 10;

    fn take(&mut self, text: &[u8]) -> Option<()> {
        for piece in text.chunks(Base64::PIECE) {
            let dense = piece
                .iter()
                .copied()
                .filter(|byte| !is_space(char::from(*byte)));
            self.dense.extend(dense);
            let whole = self.dense.len().saturating_sub(self.dense.len() % 4);
            // The last group may be a padded one, which only the end of the text decides.
            let whole = whole.saturating_sub(4);
            let rest = self.dense.split_off(whole);
            STANDARD.decode_vec(&self.dense, &mut self.decoded).ok()?;
            self.dense = rest;
        }
        Some(())
    }

    fn finish(mut self) -> Option<Vec<u8>> {
        STANDARD.decode_vec(&self.dense, &mut self.decoded).ok()?;
        Some(self.decoded)
    }
}

/// The code of a fault, the interface's own or SOAP's; `None` when there is none to be read.
#[must_use]
pub fn fault(body: &[u8]) -> Option<String> {
    match answer(body, Operation::List, |_| Ok(())) {
        Err(Error::Fault(code)) => Some(code),
        Ok(())
        | Err(Error::TooLarge | Error::Markup(_) | Error::OtherDocument(_) | Error::Value { .. }) => {
            None
        }
    }
}

/// Walks through an answer: success is the absence of a fault.
fn answer(
    body: &[u8],
    operation: Operation,
    mut take: impl FnMut(Part) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut parts = parts(body)?;
    let mut answered = false;
    while let Some(part) = parts.next(&|name| name == "idRendicontazione")? {
        match part {
            Part::Around(path, text) => {
                let names: Vec<&str> = path.iter().map(String::as_str).collect();
                match names.as_slice() {
                    ["Envelope", "Body", "Fault", "faultcode"]
                    | ["Envelope", "Body", _, "fault", "faultCode"] => {
                        return Err(Error::Fault(fit(&text, TEXT_CHARS_MAX)));
                    }
                    ["Envelope", "Body", root] => answered = *root == operation.answer(),
                    _ => take(Part::Around(path, text))?,
                }
            }
            entry @ Part::Entry(..) => take(entry)?,
        }
    }
    if answered {
        Ok(())
    } else {
        Err(Error::OtherDocument(operation.answer()))
    }
}

/// A document part by part, within the bounds.
fn parts(document: &[u8]) -> Result<Stream<&[u8]>, Error> {
    if document.len() > ANSWER_BYTES_MAX {
        return Err(Error::TooLarge);
    }
    Ok(Stream::bounded(document, ANSWER_BYTES_MAX))
}

fn value(path: &str, rule: Form) -> Error {
    Error::Value {
        path: path.to_owned(),
        rule,
    }
}

fn text(path: &str, text: Option<&str>) -> Result<String, Error> {
    text.and_then(is_identifier)
        .ok_or_else(|| value(path, IDENTIFIER))
}

fn instant(path: &str, text: &str, clock: Clock) -> Result<DateTime<Utc>, Error> {
    match Timestamp::parse(text) {
        Some(Timestamp::Offset(at)) => Ok(at.with_timezone(&Utc)),
        Some(Timestamp::Local(at)) => Ok(clock(at)),
        None => Err(value(path, INSTANT)),
    }
}

/// The PSP that an identifier names: `<date><PSP>-<progressive>`. `None` in another form.
#[must_use]
pub fn psp_of(flow_id: &str) -> Option<&str> {
    time::date(flow_id.get(..10)?)?;
    let (psp, _) = flow_id.get(10..)?.split_once('-')?;
    (!psp.is_empty()).then_some(psp)
}
