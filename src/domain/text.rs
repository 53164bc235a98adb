//! Bounded text: 1 to N characters of what the node's XSD can carry.

use std::fmt;

/// One sentence in the two languages of the engine: officers read Italian, developers English.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// In Italian.
    pub it: String,
    /// In English.
    pub en: String,
}

impl Said {
    /// A sentence, in Italian and in English.
    pub fn new(it: impl Into<String>, en: impl Into<String>) -> Said {
        Said {
            it: it.into(),
            en: en.into(),
        }
    }
}

/// A rule that a value breaks. `Display` says it in English; neither language repeats the value.
pub trait Rule: fmt::Display {
    /// The rule and what is allowed, in Italian.
    fn italian(&self) -> String;

    /// The rule in both languages.
    fn said(&self) -> Said {
        Said::new(self.italian(), self.to_string())
    }
}

/// Text of 1 to `N` characters, trimmed, without control characters (`stText…` of the XSDs).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const N: usize>(String);

/// What can be wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing left after trimming.
    #[error("must not be empty")]
    Empty,
    /// Longer than the message can carry.
    #[error("must have at most {max} characters")]
    TooLong {
        /// The most characters allowed.
        max: usize,
    },
    /// A control character, a line break included.
    #[error("must not contain control characters or line breaks")]
    Control,
}

impl Rule for TextError {
    fn italian(&self) -> String {
        match self {
            TextError::Empty => "non può essere vuoto".to_owned(),
            TextError::TooLong { max } => format!("può avere al massimo {max} caratteri"),
            TextError::Control => "non può avere caratteri di controllo né a capo".to_owned(),
        }
    }
}

impl<const N: usize> Text<N> {
    /// Reads a text.
    ///
    /// # Errors
    /// [`TextError`].
    pub fn parse(text: &str) -> Result<Text<N>, TextError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if text
            .chars()
            .any(|c| c.is_control() || c == '\u{fffe}' || c == '\u{ffff}')
        {
            return Err(TextError::Control);
        }
        if text.chars().count() > N {
            return Err(TextError::TooLong { max: N });
        }
        Ok(Text(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The first `max` characters of a text, trimmed again: for composed descriptions, where the parts
/// are valid and the whole may be too long for its element.
#[must_use]
pub fn fit(text: &str, max: usize) -> String {
    head(text, max).to_owned()
}

/// As [`fit`], where the text is.
#[must_use]
pub fn head(text: &str, max: usize) -> &str {
    let text = text.trim();
    if text.len() <= max {
        return text; // no more characters than bytes
    }
    let end = text.char_indices().nth(max).map(|(end, _)| end);
    end.and_then(|end| text.get(..end))
        .map_or(text, str::trim_end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_trimmed_bounded_and_printable() {
        assert_eq!(Text::<5>::parse("  perù ").unwrap().as_str(), "perù");
        assert_eq!(Text::<5>::parse(" \t"), Err(TextError::Empty));
        assert_eq!(Text::<3>::parse("perù"), Err(TextError::TooLong { max: 3 }));
        assert_eq!(Text::<9>::parse("a\nb"), Err(TextError::Control));
    }

    #[test]
    fn fitting_cuts_by_characters_and_leaves_no_blank_at_the_end() {
        assert_eq!(fit("Città di Avezzano", 9), "Città di");
    }
}
