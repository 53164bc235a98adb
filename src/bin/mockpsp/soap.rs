//! The two halves of the wire: text templates that are filled, and answers that are read by
//! element path. There are no XML types here on purpose: if the gateway shared the engine's
//! reader and writer, a wrong namespace would be wrong on both sides and every test green.

use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::{Namespace, ResolveResult};

pub(crate) const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
pub(crate) const PA_FOR_NODE: &str = "http://pagopa-api.pagopa.gov.it/pa/paForNode.xsd";
pub(crate) const NODE_FOR_PSP: &str = "http://pagopa-api.pagopa.gov.it/node/nodeForPsp.xsd";
pub(crate) const NODE_FOR_PA: &str = "http://ws.pagamenti.telematici.gov/";
const DEEPEST: usize = 32;

pub(crate) const VERIFY: &str =
    include_str!("../../../fixtures/soap/mock/paVerifyPaymentNotice.xml");
pub(crate) const GET_V1: &str = include_str!("../../../fixtures/soap/mock/paGetPayment.xml");
pub(crate) const GET_V2: &str = include_str!("../../../fixtures/soap/mock/paGetPaymentV2.xml");
pub(crate) const DEMAND: &str =
    include_str!("../../../fixtures/soap/mock/paDemandPaymentNotice.xml");
/// The document inside a demand.
pub(crate) const GENERAL_SERVICE: &str =
    include_str!("../../../fixtures/soap/mock/generalService.xml");
pub(crate) const RT_V1: &str = include_str!("../../../fixtures/soap/mock/paSendRT.xml");
pub(crate) const RT_V2: &str = include_str!("../../../fixtures/soap/mock/paSendRTV2.xml");
pub(crate) const TRANSFER_V1: &str = include_str!("../../../fixtures/soap/mock/transfer.xml");
pub(crate) const TRANSFER_V2: &str = include_str!("../../../fixtures/soap/mock/transferV2.xml");
pub(crate) const STAMP: &str = include_str!("../../../fixtures/soap/mock/marcaDaBollo.xml");
pub(crate) const SUBJECT: &str = include_str!("../../../fixtures/soap/mock/subject.xml");
pub(crate) const PAYER: &str = include_str!("../../../fixtures/soap/mock/payer.xml");
pub(crate) const METADATA: &str = include_str!("../../../fixtures/soap/mock/metadata.xml");
pub(crate) const MAP_ENTRY: &str = include_str!("../../../fixtures/soap/mock/mapEntry.xml");

/// What goes into a placeholder.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fill<'a> {
    /// Plain text, escaped on the way in.
    Text(&'a str),
    /// Text that is XML already: a filled template.
    Xml(&'a str),
}

/// Fills a template. A line whose placeholder is empty or unknown is left out, which is how
/// optional elements vanish (an empty element would break the schemas).
pub(crate) fn fill(template: &str, values: &[(&str, Fill<'_>)]) -> String {
    let mut out = String::with_capacity(template.len().saturating_mul(2));
    for line in template.lines() {
        let mark = out.len();
        if fill_line(&mut out, line, values) {
            out.push('\n');
        } else {
            out.truncate(mark);
        }
    }
    out
}

/// Writes one line; false when it must be left out.
fn fill_line(out: &mut String, line: &str, values: &[(&str, Fill<'_>)]) -> bool {
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else {
            return false;
        };
        out.push_str(before);
        match values.iter().find(|(key, _)| *key == name) {
            Some((_, Fill::Text(text))) if !text.is_empty() => escape(out, text),
            Some((_, Fill::Xml(xml))) if !xml.is_empty() => {
                out.push_str(xml.trim_end_matches('\n'));
            }
            Some(_) | None => return false,
        }
        rest = tail;
    }
    out.push_str(rest);
    true
}

fn escape(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
}

/// An element of an answer: its local name, its own text, its children.
#[derive(Debug, Default)]
pub(crate) struct Element {
    name: String,
    namespace: Option<String>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// The first element at `path` (`data/debtor/fullName`).
    pub(crate) fn at(&self, path: &str) -> Option<&Self> {
        path.split('/').try_fold(self, |here, name| {
            here.children.iter().find(|child| child.name == name)
        })
    }

    /// Trimmed text at `path`; `None` when the element is missing or empty.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.at(path)
            .map(|element| element.text.trim())
            .filter(|text| !text.is_empty())
    }

    /// Like `text`, empty when missing.
    pub(crate) fn owned(&self, path: &str) -> String {
        self.text(path).unwrap_or_default().to_owned()
    }

    /// The local name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Trimmed texts of all children of this name.
    pub(crate) fn texts(&self, name: &str) -> Vec<String> {
        self.all(name)
            .map(|child| child.text.trim().to_owned())
            .collect()
    }

    /// Names and texts in order: equal for messages that say the same.
    pub(crate) fn flat(&self) -> String {
        let inner: String = self.children.iter().map(Self::flat).collect();
        format!("({} {}{inner})", self.name, self.text.trim())
    }

    /// All children of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// `(key, value)` of a `metadata` child.
    pub(crate) fn metadata(&self) -> Vec<(String, String)> {
        let entries = self.at("metadata").map(|metadata| metadata.all("mapEntry"));
        entries
            .into_iter()
            .flatten()
            .map(|entry| (entry.owned("key"), entry.owned("value")))
            .collect()
    }

    fn only_unqualified(&self) -> Result<(), String> {
        for child in &self.children {
            if let Some(namespace) = &child.namespace {
                return Err(format!(
                    "element {} is in namespace {namespace}, it must be in none",
                    child.name
                ));
            }
            child.only_unqualified()?;
        }
        Ok(())
    }
}

/// Reads a request in this namespace and gives its message, whatever it is.
pub(crate) fn read_request(body: &str, namespace: &str) -> Result<Element, String> {
    let message = message_of(body)?;
    let name = message.name.clone();
    expect(&message, &name, namespace)?;
    message.only_unqualified()?;
    Ok(message)
}

/// Reads an answer and gives its message: the child of the SOAP body, which must be `root` in
/// the partner namespace with children in no namespace.
pub(crate) fn read_answer(body: &str, root: &str) -> Result<Element, String> {
    let message = message_of(body)?;
    if message.name == "Fault" {
        let text = message.text("faultstring").unwrap_or("without faultstring");
        return Err(format!("SOAP fault: {text}"));
    }
    expect(&message, root, PA_FOR_NODE)?;
    message.only_unqualified()?;
    Ok(message)
}

/// The child of the SOAP body.
fn message_of(body: &str) -> Result<Element, String> {
    let mut envelope = parse(body)?;
    expect(&envelope, "Envelope", ENVELOPE)?;
    let position = envelope
        .children
        .iter()
        .position(|child| child.name == "Body");
    let mut soap_body = position
        .map(|index| envelope.children.swap_remove(index))
        .ok_or("no Body in the Envelope")?;
    expect(&soap_body, "Body", ENVELOPE)?;
    let message = soap_body.children.pop().ok_or("the Body is empty")?;
    if !soap_body.children.is_empty() {
        return Err("the Body has more than one child".to_owned());
    }
    Ok(message)
}

fn expect(element: &Element, name: &str, namespace: &str) -> Result<(), String> {
    if element.name == name && element.namespace.as_deref() == Some(namespace) {
        return Ok(());
    }
    let found = element.namespace.as_deref().unwrap_or("no namespace");
    Err(format!(
        "expected {name} in {namespace}, found {} in {found}",
        element.name
    ))
}

fn parse(text: &str) -> Result<Element, String> {
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Element> = vec![Element::default()];
    loop {
        let (resolved, event) = reader
            .read_resolved_event()
            .map_err(|error| error.to_string())?;
        if let Event::Start(start) = &event {
            if open.len() > DEEPEST {
                return Err("elements are nested too deep".to_owned());
            }
            open.push(Element {
                name: start.local_name().as_ref().to_owned(),
                namespace: namespace_of(&resolved)?,
                ..Element::default()
            });
        } else if let Event::End(_) = &event {
            let done = open.pop().ok_or("an element ends that never began")?;
            open.last_mut()
                .ok_or("an element ends that never began")?
                .children
                .push(done);
        } else if let Event::Text(piece) = &event {
            add(&mut open, &piece.xml10_content());
        } else if let Event::CData(piece) = &event {
            add(&mut open, &piece.xml10_content());
        } else if let Event::GeneralRef(entity) = &event {
            let name = format!("&{};", entity.xml10_content());
            let value = quick_xml::escape::unescape(&name).map_err(|error| error.to_string())?;
            add(&mut open, &value);
        } else if let Event::DocType(_) = &event {
            return Err("a document type is not allowed".to_owned());
        } else if let Event::Eof = &event {
            break;
        }
    }
    match (open.pop(), open.is_empty()) {
        (Some(mut document), true) if document.children.len() == 1 => {
            document.children.pop().ok_or_else(String::new)
        }
        _ => Err("the document has no single root or is cut off".to_owned()),
    }
}

fn namespace_of(resolved: &ResolveResult<'_>) -> Result<Option<String>, String> {
    match resolved {
        ResolveResult::Bound(Namespace(name)) => Ok(Some((*name).to_owned())),
        ResolveResult::Unbound => Ok(None),
        ResolveResult::Unknown(prefix) => Err(format!("undeclared prefix {prefix:?}")),
    }
}

fn add(open: &mut [Element], piece: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::{Fill, fill, read_answer};

    const OK: &str = r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
        <p:paSendRTRes xmlns:p="http://pagopa-api.pagopa.gov.it/pa/paForNode.xsd"><outcome> OK </outcome>
        <a><b>Tarsu &amp; Tefa &#233;</b></a></p:paSendRTRes></s:Body></s:Envelope>"#;

    #[test]
    fn a_line_without_a_value_is_left_out() {
        let text = fill(
            "<a>{{a}}</a>\n<b>{{b}}</b>\n{{c}}\n<d/>",
            &[("a", Fill::Text("x & <y>")), ("c", Fill::Xml("<c/>\n"))],
        );
        assert_eq!(text, "<a>x &amp; &lt;y&gt;</a>\n<c/>\n<d/>\n");
    }

    #[test]
    fn answers_are_read_by_path() {
        let answer = read_answer(OK, "paSendRTRes").unwrap();
        assert_eq!(answer.text("outcome"), Some("OK"));
        assert_eq!(answer.text("a/b"), Some("Tarsu & Tefa é"));
        assert_eq!(answer.text("a/c"), None);
    }

    #[test]
    fn a_wrong_namespace_is_seen() {
        let qualified = OK
            .replace("<outcome>", "<p:outcome>")
            .replace("</outcome>", "</p:outcome>");
        assert!(
            read_answer(&qualified, "paSendRTRes")
                .unwrap_err()
                .contains("must be in none")
        );
        assert!(
            read_answer(
                &OK.replace("/pa/paForNode.xsd", "/paForNode"),
                "paSendRTRes"
            )
            .is_err()
        );
        assert!(read_answer(OK, "paSendRTV2Response").is_err());
    }

    #[test]
    fn half_a_document_and_a_document_type_are_refused() {
        assert!(
            read_answer(
                OK.strip_suffix("</s:Body></s:Envelope>").unwrap(),
                "paSendRTRes"
            )
            .is_err()
        );
        assert!(read_answer(&format!("<!DOCTYPE a>{OK}"), "paSendRTRes").is_err());
        assert!(read_answer("", "paSendRTRes").is_err());
        assert!(read_answer("not xml", "paSendRTRes").is_err());
    }
}
