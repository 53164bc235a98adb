//! Lines of separated values, one at a time: a wrong line never swallows the next.

use std::io::{BufRead as _, BufReader, Read};

use csv::ByteRecord;

use super::{LINE_BYTES_MAX, LineError, Rule};

/// Reads lines; holds one of them.
pub(super) struct Lines<R> {
    source: BufReader<R>,
    separator: u8,
    bytes: Vec<u8>,
    line: u64,
    stopped: bool,
}

/// One line, split.
pub(super) struct Row {
    pub(super) record: ByteRecord,
    pub(super) line: u64,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(source: R, separator: u8) -> Lines<R> {
        Lines {
            source: BufReader::new(source),
            separator,
            bytes: Vec::new(),
            line: 0,
            stopped: false,
        }
    }

    /// The line that was read last, as near to its bytes as a text can be.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).trim_end().to_owned()
    }

    /// Reads the next line that is not blank.
    pub(super) fn advance(&mut self) -> Result<Option<Row>, LineError> {
        while !self.stopped {
            self.line = self.line.saturating_add(1);
            if !self.read_line()? {
                break;
            }
            let bytes = self
                .bytes
                .strip_prefix(b"\xEF\xBB\xBF")
                .filter(|_| self.line == 1);
            let bytes = bytes.unwrap_or(&self.bytes);
            if !bytes.iter().all(u8::is_ascii_whitespace) {
                return Ok(Some(Row {
                    record: split(bytes, self.separator),
                    line: self.line,
                }));
            }
        }
        self.stopped = true;
        Ok(None)
    }

    /// Reads one line into `self.bytes`, always ended by a line feed; false at the end.
    fn read_line(&mut self) -> Result<bool, LineError> {
        self.bytes.clear();
        let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
        let mut part = self.source.by_ref().take(limit);
        let result = part.read_until(b'\n', &mut self.bytes);
        let rule = match result {
            Ok(0) => return Ok(false),
            Ok(LINE_BYTES_MAX) if !self.bytes.ends_with(b"\n") => {
                // The rest of it is passed over; the lines after it are read.
                let passed = self.source.skip_until(b'\n');
                passed.map_or_else(|error| Rule::Unreadable(error.kind()), |_| Rule::TooLong)
            }
            Ok(_) => {
                if !self.bytes.ends_with(b"\n") {
                    self.bytes.push(b'\n');
                }
                return Ok(true);
            }
            Err(error) => Rule::Unreadable(error.kind()),
        };
        self.stopped = matches!(rule, Rule::Unreadable(_));
        Err(self.whole_line(rule))
    }

    fn whole_line(&self, rule: Rule) -> LineError {
        LineError {
            line: self.line,
            column: None,
            rule,
        }
    }
}

/// Splits one line, its line feed included, into fields. A quote left open keeps the line feed in
/// the last field, where it is noticed: read line by line, it cannot swallow the next ones. A reader
/// of the library made for each line would cost more than everything else that is done with it.
fn split(line: &[u8], separator: u8) -> ByteRecord {
    let mut record = ByteRecord::new();
    let mut field = Vec::with_capacity(line.len());
    let (mut quoted, mut begun) = (false, false);
    let mut bytes = line.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if quoted && bytes.next_if_eq(&b'"').is_some() => field.push(byte),
            b'"' if quoted => quoted = false,
            b'"' if !begun => (quoted, begun) = (true, true),
            b'\n' if !quoted => break,
            _ if byte == separator && !quoted => {
                record.push_field(&field);
                field.clear();
                begun = false;
            }
            _ => {
                field.push(byte);
                begun = true;
            }
        }
    }
    record.push_field(&field);
    record
}

impl Row {
    /// The trimmed text of a field; `None` when it is empty or not there.
    pub(super) fn field(
        &self,
        index: usize,
        column: Option<&'static str>,
    ) -> Result<Option<&str>, LineError> {
        let bytes = self.record.get(index).unwrap_or_default();
        let text = std::str::from_utf8(bytes).or(Err(self.error(column, Rule::NotUtf8)))?;
        if text.contains('\n') {
            return Err(self.error(column, Rule::OpenQuote));
        }
        Ok(Some(text.trim()).filter(|text| !text.is_empty()))
    }

    pub(super) fn error(&self, column: Option<&'static str>, rule: Rule) -> LineError {
        LineError {
            line: self.line,
            column,
            rule,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the library's reader makes of one line.
    fn by_the_library(line: &[u8]) -> ByteRecord {
        let mut record = ByteRecord::new();
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(b';')
            .has_headers(false)
            .flexible(true)
            .terminator(csv::Terminator::Any(b'\n'))
            .from_reader(line);
        reader.read_byte_record(&mut record).unwrap();
        record
    }

    proptest::proptest! {
        #[test]
        fn lines_are_split_as_by_the_library(line in "[ab;\"\r ]{0,24}[ab;]") {
            let line = format!("{line}\n");
            proptest::prop_assert_eq!(split(line.as_bytes(), b';'), by_the_library(line.as_bytes()));
        }
    }
}
