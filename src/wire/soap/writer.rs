//! Writing envelopes: escaped, compact, always well formed as long as opens and closes pair.

use super::ENVELOPE_NAMESPACE;
use crate::wire::text::is_xml_char;

/// An envelope under construction, open at its body.
pub(in crate::wire) struct Writer {
    out: String,
}

impl Writer {
    /// Opens an envelope and its body.
    pub(in crate::wire) fn envelope() -> Self {
        let mut out = String::with_capacity(2_048);
        out.push_str(r#"<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv=""#);
        out.push_str(ENVELOPE_NAMESPACE);
        out.push_str(r#""><soapenv:Body>"#);
        Self { out }
    }

    /// Opens the body's element under the prefix `pafn`. Only it is qualified: the schemas have no
    /// `elementFormDefault`.
    pub(in crate::wire) fn open_root(&mut self, name: &str, namespace: &str) {
        self.out.push_str("<pafn:");
        self.out.push_str(name);
        self.out.push_str(" xmlns:pafn=\"");
        self.escaped(namespace);
        self.out.push_str("\">");
    }

    /// Closes what [`Writer::open_root`] opened.
    pub(in crate::wire) fn close_root(&mut self, name: &str) {
        self.out.push_str("</pafn:");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// Opens an element that holds elements.
    pub(in crate::wire) fn open(&mut self, name: &str) {
        self.out.push('<');
        self.out.push_str(name);
        self.out.push('>');
    }

    /// Closes it.
    pub(in crate::wire) fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// Writes an element that holds text.
    pub(in crate::wire) fn leaf(&mut self, name: &str, text: &str) {
        self.open(name);
        self.escaped(text);
        self.close(name);
    }

    /// Writes the element only when there is a text to put in it: an empty optional element makes
    /// the node refuse the whole answer.
    pub(in crate::wire) fn leaf_if(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.leaf(name, text);
        }
    }

    /// Closes body and envelope.
    pub(in crate::wire) fn finish(mut self) -> Vec<u8> {
        self.out.push_str("</soapenv:Body></soapenv:Envelope>");
        self.out.into_bytes()
    }

    fn escaped(&mut self, text: &str) {
        for c in text.chars().filter(|c| is_xml_char(*c)) {
            match c {
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '&' => self.out.push_str("&amp;"),
                '"' => self.out.push_str("&quot;"),
                '\'' => self.out.push_str("&apos;"),
                // A bare carriage return would be read back as a line feed.
                '\r' => self.out.push_str("&#13;"),
                _ => self.out.push(c),
            }
        }
    }
}
