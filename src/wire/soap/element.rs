//! A bounded tree of elements, built from untrusted bytes.

use quick_xml::Reader;
use quick_xml::errors::Error as XmlError;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::{NamespaceResolver, ResolveResult};

use super::{
    ATTRIBUTES_MAX, BODY_BYTES_MAX, DEPTH_MAX, ELEMENTS_MAX, TEXT_BYTES_MAX, Unreadable, Why,
};
use crate::wire::text::{is_space, is_xml_char, predefined};

/// One element: attributes are checked and forgotten, because no message of ours has any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// URI of its namespace; empty when it is in none.
    pub namespace: String,
    /// Local name, without prefix.
    pub name: String,
    /// Its own character data, joined, references resolved. White space alone between child
    /// elements is dropped.
    pub text: String,
    /// Child elements in document order.
    pub children: Vec<Self>,
    /// Where its tag starts, in bytes from the start of the message.
    pub offset: u64,
}

/// Parses one document. See the constants of [`super`] for the limits.
pub(super) fn parse(bytes: &[u8]) -> Result<Element, Unreadable> {
    let (text, start) = decode(bytes)?;
    let mut tree = Tree {
        namespaces: NamespaceResolver::default(),
        open: Vec::new(),
        root: None,
        elements: 0,
    };
    let mut reader = Reader::from_str(text);
    loop {
        let position = reader.buffer_position();
        let at = |offset: u64, why: Why| Unreadable {
            offset: offset.saturating_add(start),
            why,
        };
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => return Err(at(reader.error_position(), markup(&error))),
        };
        if event == Event::Eof {
            return tree.finish().map_err(|why| at(position, why));
        }
        let offset = position.saturating_add(start);
        tree.take(event, offset, position == 0)
            .map_err(|why| at(position, why))?;
    }
}

/// Checks size, encoding and characters; returns the text after the byte order mark, and the
/// length of that mark.
fn decode(bytes: &[u8]) -> Result<(&str, u64), Unreadable> {
    let offset_of = |at: usize| u64::try_from(at).unwrap_or(u64::MAX);
    if bytes.len() > BODY_BYTES_MAX {
        return Err(Unreadable {
            offset: offset_of(BODY_BYTES_MAX),
            why: Why::TooLarge,
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|e| Unreadable {
        offset: offset_of(e.valid_up_to()),
        why: Why::NotUtf8,
    })?;
    let (text, start) = match text.strip_prefix('\u{feff}') {
        Some(rest) => (rest, 3),
        None => (text, 0),
    };
    match text.char_indices().find(|(_, c)| !is_xml_char(*c)) {
        None => Ok((text, start)),
        Some((at, _)) => Err(Unreadable {
            offset: offset_of(at).saturating_add(start),
            why: Why::IllegalCharacter,
        }),
    }
}

fn markup(error: &XmlError) -> Why {
    match error {
        XmlError::Io(_) | XmlError::Syntax(_) => Why::Markup,
        XmlError::IllFormed(_) => Why::Tags,
        XmlError::InvalidAttr(_) => Why::Attribute,
        XmlError::Encoding(_) => Why::NotUtf8,
        XmlError::Escape(_) => Why::Entity,
        XmlError::Namespace(_) => Why::Prefix,
    }
}

struct Tree {
    namespaces: NamespaceResolver,
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
}

impl Tree {
    fn take(&mut self, event: Event<'_>, offset: u64, first: bool) -> Result<(), Why> {
        match event {
            Event::Decl(declaration) => check_declaration(&declaration, first),
            Event::Start(start) => self.start(&start, offset),
            Event::Empty(start) => {
                self.start(&start, offset)?;
                self.end()
            }
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(&text.xml10_content()),
            Event::CData(text) => self.text(&text.xml10_content()),
            Event::GeneralRef(reference) => self.reference(&reference),
            Event::Comment(_) | Event::Eof => Ok(()),
            Event::PI(_) => Err(Why::ProcessingInstruction),
            Event::DocType(_) => Err(Why::DocumentType),
        }
    }

    fn start(&mut self, start: &BytesStart<'_>, offset: u64) -> Result<(), Why> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(Why::DocumentElement);
        }
        if self.open.len() >= DEPTH_MAX {
            return Err(Why::TooDeep);
        }
        self.elements = self.elements.saturating_add(1);
        if self.elements > ELEMENTS_MAX {
            return Err(Why::TooManyElements);
        }
        if !start.name().as_ref().split(':').all(is_name) {
            return Err(Why::Markup);
        }
        check_attributes(start)?;
        self.namespaces.push(start).or(Err(Why::Prefix))?;
        let (bound, local) = self.namespaces.resolve_element(start.name());
        let namespace = match bound {
            ResolveResult::Bound(namespace) => namespace.0.to_owned(),
            ResolveResult::Unbound => String::new(),
            ResolveResult::Unknown(_) => return Err(Why::Prefix),
        };
        let name = local.as_ref().to_owned();
        let (text, children) = (String::new(), Vec::new());
        self.open.push(Element {
            namespace,
            name,
            text,
            children,
            offset,
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Why> {
        self.namespaces.pop();
        let mut element = self.open.pop().ok_or(Why::Tags)?;
        if !element.children.is_empty() && element.text.chars().all(is_space) {
            element.text.clear();
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Why> {
        match self.open.last_mut() {
            None if text.chars().all(is_space) => Ok(()),
            None => Err(Why::TextOutsideElements),
            Some(element) if element.text.len().saturating_add(text.len()) > TEXT_BYTES_MAX => {
                Err(Why::TextTooLong)
            }
            Some(element) => {
                element.text.push_str(text);
                Ok(())
            }
        }
    }

    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), Why> {
        let resolved = match reference.resolve_char_ref() {
            Ok(Some(c)) if is_xml_char(c) => c,
            Ok(Some(_)) => return Err(Why::IllegalCharacter),
            // Every entity but XML's own needs a document type, which is refused.
            Ok(None) => predefined(reference).ok_or(Why::Entity)?,
            Err(_) => return Err(Why::Entity),
        };
        if self.open.is_empty() {
            return Err(Why::TextOutsideElements);
        }
        self.text(resolved.encode_utf8(&mut [0; 4]))
    }

    fn finish(self) -> Result<Element, Why> {
        if !self.open.is_empty() {
            return Err(Why::Tags);
        }
        self.root.ok_or(Why::DocumentElement)
    }
}

/// A name without colon, near enough to XML's `NCName`: the parser takes anything.
fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    first && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '\u{b7}'))
}

fn check_declaration(declaration: &BytesDecl<'_>, first: bool) -> Result<(), Why> {
    let version = declaration.version().or(Err(Why::Declaration))?;
    if !first || version != "1.0" {
        return Err(Why::Declaration);
    }
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") => Ok(()),
        Some(_) => Err(Why::Encoding),
    }
}

/// Iteration stops at the limit, so that the duplicate check of the parser, which is quadratic,
/// stays cheap.
fn check_attributes(start: &BytesStart<'_>) -> Result<(), Why> {
    for (seen, attribute) in start.attributes().enumerate() {
        if seen >= ATTRIBUTES_MAX {
            return Err(Why::TooManyAttributes);
        }
        let attribute = attribute.or(Err(Why::Attribute))?;
        if attribute.value.contains('<') {
            return Err(Why::Attribute);
        }
        unescape(&attribute.value).or(Err(Why::Entity))?;
    }
    Ok(())
}
