//! Free text of XML: on its way out fitted to the schema's lengths, with nothing XML cannot carry.

use quick_xml::escape::resolve_xml_entity;

/// What stands in for a mandatory text that turned out empty: the schema refuses empty elements,
/// and the node refuses the whole answer with them.
const PLACEHOLDER: &str = "-";

/// Fits `text` into `chars_max` characters (not bytes, as the XSD counts): line breaks and tabs
/// become blanks, characters that XML 1.0 forbids are dropped, the ends are trimmed. Never empty:
/// a text with nothing left becomes `-`.
pub fn fit(text: &str, chars_max: usize) -> String {
    fit_optional(text, chars_max).unwrap_or_else(|| PLACEHOLDER.to_owned())
}

/// Like [`fit`], but `None` when nothing is left: an optional element is then omitted.
pub fn fit_optional(text: &str, chars_max: usize) -> Option<String> {
    let mut clean = String::with_capacity(text.len().min(1_024));
    let kept = text
        .chars()
        .filter(|c| is_xml_char(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .skip_while(|c| c.is_whitespace())
        .take(chars_max);
    clean.extend(kept);
    clean.truncate(clean.trim_end().len());
    (!clean.is_empty()).then_some(clean)
}

/// The `Char` production of XML 1.0 (§2.2): the only characters a document may hold, even escaped.
pub(super) fn is_xml_char(c: char) -> bool {
    matches!(
        c,
        '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..
    )
}

/// XML's white space (§2.3), which is narrower than Unicode's.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// What an entity stands for that XML itself defines; there are five.
pub(super) fn predefined(name: &str) -> Option<char> {
    resolve_xml_entity(name)?.chars().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_characters_and_trimmed() {
        assert_eq!(fit("  Città di Però  ", 7), "Città d");
        assert_eq!(fit("Città di", 6), "Città");
        assert_eq!(fit("àèìòù", 5), "àèìòù");
    }

    #[test]
    fn what_xml_cannot_carry_is_dropped_and_line_breaks_become_blanks() {
        assert_eq!(fit("a\u{0}b\u{1f}c\u{fffe}d\r\ne\tf", 20), "abcd  e f");
    }

    #[test]
    fn a_mandatory_text_is_never_empty() {
        assert_eq!(fit("", 5), "-");
        assert_eq!(fit(" \n ", 5), "-");
        assert_eq!(fit_optional("\u{1}", 5), None);
    }
}
