//! An XML file as a sequence of entries: one of them is in memory at a time.
//!
//! Names are compared without prefix and namespace, elements that nobody asks for are passed over:
//! later versions of a schema add some. Document types, entities of their own and unreasonable
//! sizes are refused.

use std::io::{self, BufRead, BufReader, Read};

use quick_xml::Reader;
use quick_xml::errors::Error as XmlError;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::Rule;
use crate::wire::text::{is_xml_char, predefined};

/// Deepest nesting. The deepest legal element of camt.053 has some fifteen levels.
const DEPTH_MAX: usize = 32;
/// Longest tag or text, in bytes. Reading stops at a longer one.
const EVENT_BYTES_MAX: usize = 256 << 10;
/// What is kept of one entry, in bytes of memory, about. A longer entry is passed over.
const ENTRY_BYTES_MAX: usize = 4 << 20;

/// What an element costs beside its name and text.
const ELEMENT_BYTES: usize = 96;

/// One element of an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::wire) struct Element {
    pub(in crate::wire) name: String,
    /// The attribute `Ccy`, the only one that any format asks for.
    pub(in crate::wire) currency: Option<String>,
    /// Its own character data, references resolved, ends trimmed.
    pub(in crate::wire) text: String,
    pub(in crate::wire) children: Vec<Element>,
}

impl Element {
    /// The first descendant at this path of names.
    pub(in crate::wire) fn at(&self, path: &[&str]) -> Option<&Element> {
        match path.split_first() {
            None => Some(self),
            Some((name, rest)) => self.all(name).find_map(|child| child.at(rest)),
        }
    }

    /// Its text; `None` when it is not there or empty.
    pub(in crate::wire) fn text_at(&self, path: &[&str]) -> Option<&str> {
        let text = self.at(path)?.text.as_str();
        (!text.is_empty()).then_some(text)
    }

    /// Children with this name.
    pub(in crate::wire) fn all(&self, name: &str) -> impl Iterator<Item = &Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Written again, for people to read: without attributes, without blanks between elements.
    pub(in crate::wire) fn write(&self, out: &mut String) {
        for part in ["<", &self.name, ">"] {
            out.push_str(part);
        }
        out.push_str(&quick_xml::escape::partial_escape(self.text.as_str()));
        for child in &self.children {
            child.write(out);
        }
        for part in ["</", &self.name, ">"] {
            out.push_str(part);
        }
    }
}

/// What comes next.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::wire) enum Part {
    /// An element outside entries has ended: the names from the root to it, and its own text.
    Around(Vec<String>, String),
    /// An entry; the rule it breaks when it is too long or too deep to be kept.
    Entry(Element, Option<Rule>),
}

/// Reads a file part by part.
pub(in crate::wire) struct Stream<R> {
    xml: Reader<Metered<BufReader<R>>>,
    buffer: Vec<u8>,
    open: Vec<Element>,
    /// How many of `open` are around the entry at hand.
    around: Option<usize>,
    /// Longest tag or text, in bytes.
    event_bytes_max: usize,
    kept: usize,
    broken: Option<Rule>,
    rooted: bool,
}

/// Stops a tag or text that does not end.
struct Metered<R> {
    inner: R,
    left: usize,
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.left = self.left.saturating_sub(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount);
        self.inner.consume(amount);
    }
}

impl<R: Read> Stream<R> {
    pub(in crate::wire) fn new(source: R) -> Stream<R> {
        Stream::bounded(source, EVENT_BYTES_MAX)
    }

    /// As [`Stream::new`], for tags and texts of another length.
    pub(in crate::wire) fn bounded(source: R, event_bytes_max: usize) -> Stream<R> {
        let inner = BufReader::new(source);
        let left = event_bytes_max;
        Stream {
            xml: Reader::from_reader(Metered { inner, left }),
            buffer: Vec::new(),
            open: Vec::new(),
            around: None,
            event_bytes_max,
            kept: 0,
            broken: None,
            rooted: false,
        }
    }

    /// Reads up to the root and says its name.
    pub(in crate::wire) fn root(&mut self) -> Result<String, Rule> {
        self.named(1)
    }

    /// Reads up to the first child of the root and says its name; empty when it has none.
    pub(in crate::wire) fn child(&mut self) -> Result<String, Rule> {
        if self.open.is_empty() {
            return Ok(String::new());
        }
        self.named(2)
    }

    /// Reads up to the first element at a depth.
    fn named(&mut self, depth: usize) -> Result<String, Rule> {
        let last = depth.saturating_sub(1);
        while self.open.len() < depth {
            match self.advance(&|_| false)? {
                Step::Inside => {}
                // An element that has ended at once, or whose parent has.
                Step::Part(Part::Around(path, _)) => {
                    return Ok(path.get(last).cloned().unwrap_or_default());
                }
                Step::Part(Part::Entry(..)) | Step::End => return Err(Rule::Markup),
            }
        }
        Ok(self
            .open
            .get(last)
            .map(|one| one.name.clone())
            .unwrap_or_default())
    }

    /// The next part; entries are the elements that `is_entry` names. `None` at the end.
    pub(in crate::wire) fn next(
        &mut self,
        is_entry: &dyn Fn(&str) -> bool,
    ) -> Result<Option<Part>, Rule> {
        loop {
            match self.advance(is_entry)? {
                Step::End => return Ok(None),
                Step::Part(part) => return Ok(Some(part)),
                Step::Inside => {}
            }
        }
    }

    fn advance(&mut self, is_entry: &dyn Fn(&str) -> bool) -> Result<Step, Rule> {
        self.xml.get_mut().left = self.event_bytes_max;
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        let step = match self.xml.read_event_into(&mut buffer) {
            Ok(Event::Start(start)) => self.start(&start, is_entry).map(|()| Step::Inside),
            Ok(Event::Empty(start)) => self.start(&start, is_entry).and_then(|()| self.end()),
            Ok(Event::End(_)) => self.end(),
            Ok(Event::Text(text)) => self.text(&text.xml10_content()),
            Ok(Event::CData(text)) => self.text(&text.xml10_content()),
            Ok(Event::GeneralRef(reference)) => {
                resolve(&reference).and_then(|c| self.text(c.encode_utf8(&mut [0; 4])))
            }
            Ok(Event::Eof) if self.open.is_empty() && self.rooted => Ok(Step::End),
            Ok(Event::Eof | Event::DocType(_)) => Err(Rule::Markup),
            Ok(Event::Decl(_) | Event::Comment(_) | Event::PI(_)) => Ok(Step::Inside),
            Err(XmlError::Io(error)) if error.kind() == io::ErrorKind::FileTooLarge => {
                Err(Rule::Endless)
            }
            Err(XmlError::Io(error)) => Err(Rule::Unreadable(error.kind())),
            Err(XmlError::Encoding(_)) => Err(Rule::NotUtf8),
            Err(
                XmlError::Syntax(_)
                | XmlError::IllFormed(_)
                | XmlError::InvalidAttr(_)
                | XmlError::Escape(_)
                | XmlError::Namespace(_),
            ) => Err(Rule::Markup),
        };
        self.buffer = buffer;
        step
    }

    fn start(
        &mut self,
        start: &BytesStart<'_>,
        is_entry: &dyn Fn(&str) -> bool,
    ) -> Result<(), Rule> {
        if (self.open.is_empty() && self.rooted) || self.open.len() >= DEPTH_MAX {
            return Err(Rule::Markup);
        }
        self.rooted = true;
        let name = start.local_name().as_ref().to_owned();
        if self.around.is_none() && is_entry(&name) {
            (self.around, self.kept, self.broken) = (Some(self.open.len()), 0, None);
        }
        let currency = start.attributes().flatten().take(64);
        let mut currency = currency.filter(|one| one.key.local_name().as_ref() == "Ccy");
        let currency = currency.next().map(|one| one.value.into_owned());
        self.keep(name.len().saturating_add(ELEMENT_BYTES));
        let element = Element {
            name,
            currency,
            ..Element::default()
        };
        self.open.push(element);
        Ok(())
    }

    fn end(&mut self) -> Result<Step, Rule> {
        let depth = self.open.len();
        let names = || self.open.iter().map(|one| one.name.clone()).collect();
        let path: Vec<String> = if self.around.is_none() {
            names()
        } else {
            Vec::new()
        };
        let Some(mut element) = self.open.pop() else {
            return Err(Rule::Markup);
        };
        let trimmed = element.text.trim();
        if trimmed.len() != element.text.len() {
            element.text = trimmed.to_owned();
        }
        match self.around {
            None => Ok(Step::Part(Part::Around(path, element.text))),
            Some(around) if around.saturating_add(1) == depth => {
                self.around = None;
                Ok(Step::Part(Part::Entry(element, self.broken.take())))
            }
            Some(_) => {
                if self.broken.is_none()
                    && let Some(parent) = self.open.last_mut()
                {
                    parent.children.push(element);
                }
                Ok(Step::Inside)
            }
        }
    }

    fn text(&mut self, text: &str) -> Result<Step, Rule> {
        if !text.chars().all(is_xml_char) {
            return Err(Rule::Markup);
        }
        let room = self.keep(text.len());
        match self.open.last_mut() {
            None if text.trim().is_empty() => Ok(Step::Inside),
            None => Err(Rule::Markup),
            Some(element) => {
                if room && element.text.len() <= self.event_bytes_max {
                    element.text.push_str(text);
                }
                Ok(Step::Inside)
            }
        }
    }

    /// Whether the entry at hand has room for so many bytes more.
    fn keep(&mut self, bytes: usize) -> bool {
        self.kept = self.kept.saturating_add(bytes);
        let fits = self.around.is_none() || self.kept <= ENTRY_BYTES_MAX;
        if !fits {
            self.broken = Some(Rule::TooLong);
        }
        fits
    }
}

#[derive(PartialEq, Eq)]
enum Step {
    Inside,
    Part(Part),
    End,
}

/// The entities that XML itself defines, and characters by number.
fn resolve(reference: &BytesRef<'_>) -> Result<char, Rule> {
    match reference.resolve_char_ref() {
        Ok(Some(c)) => Some(c),
        Ok(None) => predefined(reference),
        Err(_) => None,
    }
    .ok_or(Rule::Markup)
}
