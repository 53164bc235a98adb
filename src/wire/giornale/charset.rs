//! Files of banks that are not UTF-8.

/// The text of a file. The character set is the one that is declared (in the media type, or by an
/// XML declaration), UTF-8 when none is. `None` when the bytes are not of that set, or the set is
/// not one of UTF-8, ISO 8859-1, ISO 8859-15 and Windows 1252.
#[must_use]
pub fn decode(bytes: Vec<u8>, declared: Option<&str>) -> Option<String> {
    let named = declared
        .map(str::to_ascii_lowercase)
        .or_else(|| xml_encoding(&bytes));
    match named.as_deref() {
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
        assert_eq!(decode(latin(), Some("utf-16")), None);
        assert_eq!(decode("caffè".into(), Some("UTF-8")).unwrap(), "caffè");
        assert_eq!(decode(vec![0xA4], Some("iso-8859-15")).unwrap(), "€");
    }

    #[test]
    fn an_xml_declaration_declares_it() {
        let xml = b"<?xml version='1.0' encoding = 'ISO-8859-1'?><a>\xE8</a>".to_vec();
        assert!(decode(xml, None).unwrap().ends_with("<a>è</a>"));
        let none = b"<?xml version=\"1.0\"?><a>\xE8</a>".to_vec();
        assert_eq!(decode(none, None), None);
    }
}
