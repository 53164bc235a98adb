//! Reading the children of an element, with errors that carry the path.

use crate::wire::soap::Element;
use crate::wire::text::is_space;

/// A rule of the schema, broken, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {rule} (byte {offset})")]
pub struct Violation {
    /// From the request's element down, as `qrCode/noticeNumber` or
    /// `receipt/transferList/transfer[2]/IBAN`.
    pub path: String,
    /// Where the element starts, in bytes from the start of the message; of a missing element, its
    /// parent.
    pub offset: u64,
    /// The rule.
    pub rule: Rule,
}

/// The rules a request can break. The texts name the rule and never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// A mandatory element is not there.
    #[error("missing")]
    Missing,
    /// An element that may appear once appears again.
    #[error("present more than once")]
    Repeated,
    /// More than the schema's `maxOccurs`.
    #[error("present more than {max} times")]
    TooMany {
        /// `maxOccurs`.
        max: usize,
    },
    /// Two elements of which the schema wants one.
    #[error("only one of {among} may be present")]
    OnlyOne {
        /// The alternatives.
        among: &'static str,
    },
    /// Elements inside an element that holds text.
    #[error("holds elements, must hold text")]
    NotText,
    /// Text inside an element that holds elements.
    #[error("holds text, must hold elements")]
    NotElements,
    /// An empty element where the schema wants at least one character.
    #[error("empty")]
    Empty,
    /// Characters, outside the schema's bounds.
    #[error("{found} characters long, must be {min} to {max}")]
    Length {
        /// `minLength`.
        min: usize,
        /// `maxLength`.
        max: usize,
        /// What was found.
        found: usize,
    },
    /// The schema's pattern, or the lexical form of its type.
    #[error("must be {0}")]
    Form(&'static str),
}

/// An element that holds elements, with the path that led to it.
pub(super) struct Fields<'e> {
    element: &'e Element,
    path: String,
}

impl<'e> Fields<'e> {
    /// The request's own element; its path is empty.
    pub(super) fn root(element: &'e Element) -> Result<Self, Violation> {
        Self {
            element,
            path: String::new(),
        }
        .holding_elements()
    }

    /// A mandatory element that holds text, read by `facet`.
    pub(super) fn required<T>(
        &self,
        name: &str,
        facet: impl Fn(&str) -> Result<T, Rule>,
    ) -> Result<T, Violation> {
        self.optional(name, facet)?
            .ok_or_else(|| self.violation(name, Rule::Missing))
    }

    /// An optional element that holds text, read by `facet`.
    pub(super) fn optional<T>(
        &self,
        name: &str,
        facet: impl Fn(&str) -> Result<T, Rule>,
    ) -> Result<Option<T>, Violation> {
        let Some(element) = self.only(name)? else {
            return Ok(None);
        };
        let value = if element.children.is_empty() {
            facet(&element.text)
        } else {
            Err(Rule::NotText)
        };
        match value {
            Ok(value) => Ok(Some(value)),
            Err(rule) => Err(Violation {
                path: self.path_of(name),
                offset: element.offset,
                rule,
            }),
        }
    }

    /// A mandatory element that holds elements.
    pub(super) fn group(&self, name: &str) -> Result<Self, Violation> {
        self.optional_group(name)?
            .ok_or_else(|| self.violation(name, Rule::Missing))
    }

    /// An optional element that holds elements.
    pub(super) fn optional_group(&self, name: &str) -> Result<Option<Self>, Violation> {
        match self.only(name)? {
            None => Ok(None),
            Some(element) => Self {
                element,
                path: self.path_of(name),
            }
            .holding_elements()
            .map(Some),
        }
    }

    /// One to `max` elements of a name, each holding elements. Paths count from 1.
    pub(super) fn groups(&self, name: &str, max: usize) -> Result<Vec<Self>, Violation> {
        let mut groups = Vec::new();
        for element in self.named(name) {
            let path = format!("{}[{}]", self.path_of(name), groups.len().saturating_add(1));
            if groups.len() >= max {
                return Err(Violation {
                    path,
                    offset: element.offset,
                    rule: Rule::TooMany { max },
                });
            }
            groups.push(Self { element, path }.holding_elements()?);
        }
        if groups.is_empty() {
            return Err(self.violation(name, Rule::Missing));
        }
        Ok(groups)
    }

    /// A violation at the child `name`, placed where this element starts.
    pub(super) fn violation(&self, name: &str, rule: Rule) -> Violation {
        Violation {
            path: self.path_of(name),
            offset: self.element.offset,
            rule,
        }
    }

    fn named(&self, name: &str) -> impl Iterator<Item = &'e Element> {
        self.element
            .children
            .iter()
            .filter(move |child| child.name == name)
    }

    fn only(&self, name: &str) -> Result<Option<&'e Element>, Violation> {
        let mut named = self.named(name);
        let first = named.next();
        match named.next() {
            None => Ok(first),
            Some(second) => Err(Violation {
                path: self.path_of(name),
                offset: second.offset,
                rule: Rule::Repeated,
            }),
        }
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.path)
        }
    }

    fn holding_elements(self) -> Result<Self, Violation> {
        if self.element.text.chars().all(is_space) {
            return Ok(self);
        }
        let path = if self.path.is_empty() {
            self.element.name.clone()
        } else {
            self.path
        };
        Err(Violation {
            path,
            offset: self.element.offset,
            rule: Rule::NotElements,
        })
    }
}
