//! Collection codes of the pagoPA taxonomy (`transferCategory`): `9/0101101IM/`.

use std::fmt;

use crate::domain::text::Rule;

/// A taxonomy code: optional accounting prefix and the nine characters that name the service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaxonomyCode {
    prefix: u8,
    code: String,
}

/// The text is no taxonomy code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a taxonomy code looks like 9/0101101IM/")]
pub struct BadTaxonomyCode;

impl Rule for BadTaxonomyCode {
    fn italian(&self) -> String {
        "un codice di tassonomia si scrive come 9/0101101IM/".to_owned()
    }
}

/// Legal reasons, the two letters at the end: imposta, tassa, servizio pubblico, sanzione, altro.
const REASONS: [&str; 5] = ["IM", "TS", "SP", "SA", "AP"];

impl TaxonomyCode {
    /// Reads the bare form (`0101101IM`) or the full one (`9/0101101IM/`); the prefix is 9 unless 6, 7 or 8.
    ///
    /// # Errors
    /// [`BadTaxonomyCode`].
    pub fn parse(text: &str) -> Result<TaxonomyCode, BadTaxonomyCode> {
        let (prefix, rest) = match text.split_once('/') {
            Some((prefix @ ("6" | "7" | "8" | "9"), rest)) => (prefix, rest),
            Some(("", _)) | None => ("9", text),
            Some((_, "")) => ("9", text),
            Some(_) => return Err(BadTaxonomyCode),
        };
        let code = rest.strip_suffix('/').unwrap_or(rest);
        let (digits, reason) = code.split_at_checked(7).ok_or(BadTaxonomyCode)?;
        if !digits.bytes().all(|b| b.is_ascii_digit()) || !REASONS.contains(&reason) {
            return Err(BadTaxonomyCode);
        }
        let prefix = prefix.parse().map_err(|_not_a_digit| BadTaxonomyCode)?;
        Ok(TaxonomyCode {
            prefix,
            code: code.to_owned(),
        })
    }

    /// The nine characters, as the taxonomy lists them.
    #[must_use]
    pub fn bare(&self) -> &str {
        &self.code
    }
}

/// The full form: since SEPA request-to-pay the prefix carries meaning, so it is always sent.
impl fmt::Display for TaxonomyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/", self.prefix, self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_written_forms_are_one_code() {
        for text in ["0101101IM", "9/0101101IM/", "9/0101101IM", "0101101IM/"] {
            assert_eq!(
                TaxonomyCode::parse(text).unwrap().to_string(),
                "9/0101101IM/",
                "{text}"
            );
        }
        assert_eq!(
            TaxonomyCode::parse("7/0107101TS/").unwrap().to_string(),
            "7/0107101TS/"
        );
        for bad in [
            "",
            "9/",
            "5/0101101IM/",
            "9/0101101XX/",
            "9/101101IM/",
            "paGetPaymentTest",
        ] {
            assert_eq!(TaxonomyCode::parse(bad), Err(BadTaxonomyCode), "{bad}");
        }
    }
}
