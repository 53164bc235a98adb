//! The digital revenue stamp (marca da bollo digitale, @e.bollo): duty on one document, sold by a payment
//! provider on behalf of the Revenue Agency. It is tied to the document by its hash.

use std::fmt;

/// What is asked of the provider: a stamp for one document (`ctRichiestaMarcaDaBollo`, kind `01`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The document that bears the stamp.
    pub document: DocumentHash,
    /// Where the payer lives.
    pub province: Province,
}

/// SHA-256 of a document: the base64 text of its 32 bytes, 44 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentHash(String);

/// Two capital letters of an Italian province, `EE` for who lives abroad.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Province(String);

/// Why a stamp cannot be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// Not the base64 text of 32 bytes. The base64 of a hash in hexadecimal is the usual mistake.
    #[error("the hash of a document is the base64 text of 32 bytes, 44 characters ending in =")]
    Hash,
    /// Not two capital letters.
    #[error("a province is two capital letters")]
    Province,
}

impl DocumentHash {
    /// Reads the base64 text of a SHA-256.
    ///
    /// # Errors
    /// [`StampError::Hash`].
    pub fn parse(text: &str) -> Result<DocumentHash, StampError> {
        let body = text.strip_suffix('=').ok_or(StampError::Hash)?;
        let alphabet = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
        // 43 characters hold 258 bits: the two that 32 bytes do not fill are zero.
        let whole = body.ends_with(|last: char| "AEIMQUYcgkosw048".contains(last));
        if body.len() == 43 && body.bytes().all(alphabet) && whole {
            Ok(DocumentHash(text.to_owned()))
        } else {
            Err(StampError::Hash)
        }
    }

    /// The base64 text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Province {
    /// Reads the two letters.
    ///
    /// # Errors
    /// [`StampError::Province`].
    pub fn parse(text: &str) -> Result<Province, StampError> {
        if text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()) {
            Ok(Province(text.to_owned()))
        } else {
            Err(StampError::Province)
        }
    }

    /// The two letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DocumentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Province {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_the_base64_of_32_bytes() {
        let empty_file = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(
            DocumentHash::parse(empty_file).unwrap().as_str(),
            empty_file
        );
        for bad in [
            "",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
            "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF==",
        ] {
            assert_eq!(DocumentHash::parse(bad), Err(StampError::Hash), "{bad}");
        }
    }

    #[test]
    fn a_province_is_two_capital_letters() {
        assert_eq!(Province::parse("AQ").unwrap().as_str(), "AQ");
        for bad in ["", "A", "aq", "AQU", "1A"] {
            assert_eq!(Province::parse(bad), Err(StampError::Province), "{bad}");
        }
    }
}
