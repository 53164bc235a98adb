//! Files of banks that are not UTF-8.

use std::io::{self, Read};

/// A character set that is read.
#[derive(Clone, Copy)]
enum Set {
    Utf8,
    Utf16(fn([u8; 2]) -> u16),
    /// Windows 1252, of which ISO 8859-1 uses a part, and what stands at A4.
    Western(char),
}

/// The set of a file that begins like this, and how long the mark is that says so. The character set is that
/// of its byte order mark, or the one that is declared (in the media type, or by an XML declaration), UTF-8
/// when none is. `None` when it is not one of UTF-8, UTF-16, ISO 8859-1, ISO 8859-15 and Windows 1252.
fn set_of(start: &[u8], declared: Option<&str>) -> Option<(Set, usize)> {
    let named = declared
        .map(str::to_ascii_lowercase)
        .or_else(|| xml_encoding(start));
    let (little, big) = (
        Set::Utf16(u16::from_le_bytes),
        Set::Utf16(u16::from_be_bytes),
    );
    let set = match (start, named.as_deref()) {
        ([0xFF, 0xFE, ..], _) => return Some((little, 2)),
        ([0xFE, 0xFF, ..], _) => return Some((big, 2)),
        // The mark of UTF-8 is a character, which readers pass over.
        ([0xEF, 0xBB, 0xBF, ..], _) => Set::Utf8,
        (_, Some("utf-16le")) => little,
        // Without a mark the first character tells: both `<` and a digit are below 256.
        ([_, 0, ..], Some("utf-16")) => little,
        (_, Some("utf-16" | "utf-16be")) => big,
        ([b'<', 0, b'?', 0, ..], None) => little,
        ([0, b'<', 0, b'?', ..], None) => big,
        (_, None | Some("utf-8" | "utf8" | "us-ascii")) => Set::Utf8,
        (_, Some("iso-8859-15")) => Set::Western('€'),
        (_, Some("iso-8859-1" | "latin1" | "windows-1252" | "cp1252")) => Set::Western('¤'),
        (_, Some(_)) => return None,
    };
    Some((set, 0))
}

/// The text of a file that is in memory. `None` when the bytes are not of its character set.
#[must_use]
pub fn decode(bytes: &[u8], declared: Option<&str>) -> Option<String> {
    let mut text = String::with_capacity(bytes.len());
    let mut decoder = Decoder::new(bytes, declared).ok()?;
    decoder.read_to_string(&mut text).ok()?;
    Some(text)
}

/// Bytes at the beginning of a file among which its character set is looked for.
const START: usize = 200;
/// Bytes that are decoded at a time.
const PIECE: usize = 32 << 10;

/// A file as UTF-8, piece by piece: its bytes are never in memory as a whole. Bytes that are not of its
/// character set end it with [`io::ErrorKind::InvalidData`].
pub struct Decoder<R> {
    source: R,
    set: Set,
    /// Read and not decoded: the beginning of the file, and then parts of a character.
    raw: Vec<u8>,
    /// Decoded and not handed out, from `at` on.
    text: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Decoder<R> {
    /// Looks at the beginning of a file.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] for a character set that is not read, or the source's.
    pub fn new(mut source: R, declared: Option<&str>) -> io::Result<Decoder<R>> {
        let mut raw = Vec::with_capacity(START);
        let limit = u64::try_from(START).unwrap_or(u64::MAX);
        source.by_ref().take(limit).read_to_end(&mut raw)?;
        let (set, mark) = set_of(&raw, declared).ok_or(io::ErrorKind::InvalidData)?;
        raw.drain(..mark);
        Ok(Decoder {
            source,
            set,
            raw,
            text: Vec::new(),
            at: 0,
            ended: false,
        })
    }

    /// Decodes what was read; what is left is the beginning of a character.
    fn decode(&mut self) -> io::Result<()> {
        let invalid = || io::Error::from(io::ErrorKind::InvalidData);
        self.text.clear();
        self.at = 0;
        let whole = match self.set {
            Set::Utf8 => {
                let whole = match std::str::from_utf8(&self.raw) {
                    Ok(text) => text.len(),
                    Err(error) if error.error_len().is_none() => error.valid_up_to(),
                    Err(_) => return Err(invalid()),
                };
                self.text
                    .extend_from_slice(self.raw.get(..whole).unwrap_or_default());
                whole
            }
            Set::Western(at_a4) => {
                let mut text = String::with_capacity(self.raw.len());
                text.extend(self.raw.iter().map(|byte| western(*byte, at_a4)));
                self.text = text.into_bytes();
                self.raw.len()
            }
            Set::Utf16(unit) => {
                let (pairs, _) = self.raw.as_chunks::<2>();
                let last = pairs.last().map(|pair| unit(*pair));
                // The second half of its last character may be still to come.
                let halved = last.is_some_and(|unit| (0xD800..0xDC00).contains(&unit));
                let units = pairs.len().saturating_sub(usize::from(halved));
                let read = pairs.iter().take(units).map(|pair| unit(*pair));
                let text: Result<String, _> = char::decode_utf16(read).collect();
                self.text = text.map_err(|_half| invalid())?.into_bytes();
                units.saturating_mul(2)
            }
        };
        self.raw.drain(..whole);
        if self.ended && !self.raw.is_empty() {
            return Err(invalid());
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.text.len() && !(self.ended && self.raw.is_empty()) {
            let limit = u64::try_from(PIECE).unwrap_or(u64::MAX);
            let read = self
                .source
                .by_ref()
                .take(limit)
                .read_to_end(&mut self.raw)?;
            self.ended = read < PIECE;
            self.decode()?;
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.len().min(into.len());
        if let (Some(to), Some(from)) = (into.get_mut(..length), rest.get(..length)) {
            to.copy_from_slice(from);
        }
        self.at = self.at.saturating_add(length);
        Ok(length)
    }
}

/// The encoding in an XML declaration.
fn xml_encoding(bytes: &[u8]) -> Option<String> {
    let start = bytes.get(..bytes.len().min(200))?;
    let start = String::from_utf8_lossy(start);
    let declaration = start.trim_start_matches('\u{feff}').strip_prefix("<?xml")?;
    let declaration = declaration.split("?>").next()?;
    let value = declaration
        .split_once("encoding")?
        .1
        .trim_start()
        .strip_prefix('=')?
        .trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let value = value.strip_prefix(quote)?.split(quote).next()?;
    Some(value.to_ascii_lowercase())
}

/// Windows 1252; `at_a4` is what stands at A4.
fn western(byte: u8, at_a4: char) -> char {
    const HIGH: [char; 32] = [
        '€', ' ', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', ' ', 'Ž', ' ', ' ', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', ' ', 'ž', 'Ÿ',
    ];
    match byte {
        0xA4 => at_a4,
        0x80..=0x9F => HIGH.get(usize::from(byte & 0x1F)).copied().unwrap_or(' '),
        _ => char::from(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declared_set_is_read() {
        let latin = || b"caff\xE8 \x80".to_vec();
        assert_eq!(decode(&latin(), None), None);
        assert_eq!(decode(&latin(), Some("Windows-1252")).unwrap(), "caffè €");
        assert_eq!(decode(&latin(), Some("utf-7")), None);
        assert_eq!(decode("caffè".as_bytes(), Some("UTF-8")).unwrap(), "caffè");
        assert_eq!(decode(&[0xA4], Some("iso-8859-15")).unwrap(), "€");
    }

    #[test]
    fn two_bytes_a_character_are_read_in_either_order() {
        let text = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><a>caffè €</a>";
        type Order = fn(u16) -> [u8; 2];
        let bytes = |mark: &[u8], order: Order| {
            let units = text.encode_utf16().flat_map(order);
            mark.iter().copied().chain(units).collect::<Vec<u8>>()
        };
        let forms: [(&[u8], Order); 4] = [
            (&[0xFF, 0xFE], u16::to_le_bytes),
            (&[0xFE, 0xFF], u16::to_be_bytes),
            (&[], u16::to_le_bytes),
            (&[], u16::to_be_bytes),
        ];
        for (mark, order) in forms {
            assert_eq!(decode(&bytes(mark, order), None).as_deref(), Some(text));
        }
        let mut cut = bytes(&[], u16::to_le_bytes);
        cut.pop();
        assert_eq!(decode(&cut, None), None);
        assert_eq!(decode(&[0x41, 0], Some("UTF-16")).unwrap(), "A");
        assert_eq!(decode(&[0x41, 0], Some("utf-16le")).unwrap(), "A");
    }

    #[test]
    fn a_mark_is_believed_before_a_declaration() {
        let xml = "\u{feff}<?xml version='1.0' encoding='ISO-8859-1'?><a>è</a>";
        assert_eq!(decode(xml.as_bytes(), None).as_deref(), Some(xml));
    }

    #[test]
    fn an_xml_declaration_declares_it() {
        let xml = b"<?xml version='1.0' encoding = 'ISO-8859-1'?><a>\xE8</a>".to_vec();
        assert!(decode(&xml, None).unwrap().ends_with("<a>è</a>"));
        let none = b"<?xml version=\"1.0\"?><a>\xE8</a>".to_vec();
        assert_eq!(decode(&none, None), None);
    }

    #[test]
    fn a_character_may_be_cut_anywhere_by_the_pieces() {
        // Two, three and four bytes a character, so that each boundary falls into one.
        let text: String = "aè€😀".chars().cycle().take(PIECE).collect();
        for shift in ["", "x", "xx", "xxx"] {
            let text = format!("{shift}{text}");
            assert_eq!(
                decode(text.as_bytes(), None).as_deref(),
                Some(text.as_str())
            );
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert_eq!(decode(&wide, Some("utf-16be")), Some(text.clone()));
        }
        let mut cut = text.into_bytes();
        cut.pop();
        assert_eq!(decode(&cut, None), None);
        let half: Vec<u8> = [0xD83D_u16]
            .into_iter()
            .flat_map(u16::to_be_bytes)
            .collect();
        assert_eq!(decode(&half, Some("utf-16be")), None);
    }
}
