//! Files of banks that are not UTF-8.

/// The text of a file. The character set is that of its byte order mark, or the one that is declared
/// (in the media type, or by an XML declaration), UTF-8 when none is. `None` when the bytes are not of
/// that set, or the set is not one of UTF-8, UTF-16, ISO 8859-1, ISO 8859-15 and Windows 1252.
#[must_use]
pub fn decode(bytes: Vec<u8>, declared: Option<&str>) -> Option<String> {
    let named = declared
        .map(str::to_ascii_lowercase)
        .or_else(|| xml_encoding(&bytes));
    match bytes.as_slice() {
        [0xFF, 0xFE, rest @ ..] => return utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => return utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, ..] => return String::from_utf8(bytes).ok(),
        _ => {}
    }
    match named.as_deref() {
        Some("utf-16le") => utf16(&bytes, u16::from_le_bytes),
        // Without a mark the first character tells: both `<` and a digit are below 256.
        Some("utf-16") if bytes.get(1) == Some(&0) => utf16(&bytes, u16::from_le_bytes),
        Some("utf-16" | "utf-16be") => utf16(&bytes, u16::from_be_bytes),
        None if bytes.starts_with(b"<\0?\0") => utf16(&bytes, u16::from_le_bytes),
        None if bytes.starts_with(b"\0<\0?") => utf16(&bytes, u16::from_be_bytes),
        None | Some("utf-8" | "utf8" | "us-ascii") => String::from_utf8(bytes).ok(),
        Some("iso-8859-1" | "latin1" | "iso-8859-15" | "windows-1252" | "cp1252") => {
            let euro = named.as_deref() == Some("iso-8859-15");
            Some(
                bytes
                    .into_iter()
                    .map(|byte| western(byte, euro.then_some('€')))
                    .collect(),
            )
        }
        Some(_) => None,
    }
}

/// UTF-16, two bytes a unit.
fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    let text: Result<String, _> = char::decode_utf16(units).collect();
    text.ok().filter(|_| rest.is_empty())
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

/// Windows 1252, of which ISO 8859-1 uses a part; `at_a4` is what stands at A4.
fn western(byte: u8, at_a4: Option<char>) -> char {
    const HIGH: [char; 32] = [
        '€', ' ', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', ' ', 'Ž', ' ', ' ', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', ' ', 'ž', 'Ÿ',
    ];
    match byte {
        0xA4 => at_a4.unwrap_or('¤'),
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
        assert_eq!(decode(latin(), None), None);
        assert_eq!(decode(latin(), Some("Windows-1252")).unwrap(), "caffè €");
        assert_eq!(decode(latin(), Some("utf-7")), None);
        assert_eq!(decode("caffè".into(), Some("UTF-8")).unwrap(), "caffè");
        assert_eq!(decode(vec![0xA4], Some("iso-8859-15")).unwrap(), "€");
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
            assert_eq!(decode(bytes(mark, order), None).as_deref(), Some(text));
        }
        let mut cut = bytes(&[], u16::to_le_bytes);
        cut.pop();
        assert_eq!(decode(cut, None), None);
        assert_eq!(decode(vec![0x41, 0], Some("UTF-16")).unwrap(), "A");
        assert_eq!(decode(vec![0x41, 0], Some("utf-16le")).unwrap(), "A");
    }

    #[test]
    fn a_mark_is_believed_before_a_declaration() {
        let xml = "\u{feff}<?xml version='1.0' encoding='ISO-8859-1'?><a>è</a>";
        assert_eq!(decode(xml.into(), None).as_deref(), Some(xml));
    }

    #[test]
    fn an_xml_declaration_declares_it() {
        let xml = b"<?xml version='1.0' encoding = 'ISO-8859-1'?><a>\xE8</a>".to_vec();
        assert!(decode(xml, None).unwrap().ends_with("<a>è</a>"));
        let none = b"<?xml version=\"1.0\"?><a>\xE8</a>".to_vec();
        assert_eq!(decode(none, None), None);
    }
}
