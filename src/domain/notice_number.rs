//! The notice number (numero avviso, 18 digits) and the IUV inside it.
//!
//! Layouts by auxiliary digit are those of SANP; only aux 3 is generated, all are accepted on look-up.

use std::fmt;

use crate::domain::text::Rule;

/// What can be wrong with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// Not 18 decimal digits.
    #[error("a notice number has exactly 18 digits")]
    NotEighteenDigits,
    /// The first digit is none of 0, 1, 2, 3.
    #[error("a notice number begins with 0, 1, 2 or 3")]
    UnknownAuxDigit,
    /// The last two digits are not the remainder by 93.
    #[error("check digits are {found:02}, expected {expected:02}")]
    WrongCheckDigits {
        /// What the number says.
        found: u64,
        /// What the other sixteen digits give.
        expected: u64,
    },
    /// A segregation code is two digits.
    #[error("a segregation code has exactly 2 digits")]
    BadSegregationCode,
    /// The 13-digit counter is exhausted.
    #[error("the sequence of this segregation code is exhausted")]
    SequenceExhausted,
    /// The caller's number is not of the form this creditor issues.
    #[error("the number belongs to another segregation code")]
    OtherSegregationCode,
}

impl Rule for NumberError {
    fn italian(&self) -> String {
        match self {
            NumberError::NotEighteenDigits => "un numero avviso ha esattamente 18 cifre".to_owned(),
            NumberError::UnknownAuxDigit => "un numero avviso comincia con 0, 1, 2 o 3".to_owned(),
            NumberError::WrongCheckDigits { found, expected } => {
                format!("le cifre di controllo sono {found:02}, attese {expected:02}")
            }
            NumberError::BadSegregationCode => {
                "un codice di segregazione ha esattamente 2 cifre".to_owned()
            }
            NumberError::SequenceExhausted => {
                "la numerazione di questo codice di segregazione è esaurita".to_owned()
            }
            NumberError::OtherSegregationCode => {
                "il numero appartiene a un altro codice di segregazione".to_owned()
            }
        }
    }
}

/// Eighteen digits with a known auxiliary digit. Holding one says nothing about its check digits:
/// real notices with "wrong" ones exist, and look-up never rejects for them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoticeNumber(String);

/// The reference of one payment of one creditor: the notice number without its auxiliary digit
/// (and without the application code for aux 0).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Iuv(String);

/// Two digits that pagoPA grants to a station of a creditor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegregationCode(String);

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Remainder by 93 of the first sixteen digits.
fn check_digits(first_sixteen: &str) -> Option<u64> {
    first_sixteen.parse::<u64>().ok()?.checked_rem(93)
}

impl NoticeNumber {
    /// Reads 18 digits; check digits are not looked at.
    ///
    /// # Errors
    /// [`NumberError::NotEighteenDigits`], [`NumberError::UnknownAuxDigit`].
    pub fn parse(text: &str) -> Result<NoticeNumber, NumberError> {
        if text.len() != 18 || !all_digits(text) {
            return Err(NumberError::NotEighteenDigits);
        }
        match text.bytes().next() {
            Some(b'0'..=b'3') => Ok(NoticeNumber(text.to_owned())),
            _ => Err(NumberError::UnknownAuxDigit),
        }
    }

    /// Reads a number that a caller wants to give to a new notice: aux 3, this segregation code, right check digits.
    ///
    /// # Errors
    /// Any [`NumberError`] but the exhausted sequence.
    pub fn parse_own(text: &str, code: &SegregationCode) -> Result<NoticeNumber, NumberError> {
        let number = NoticeNumber::parse(text)?;
        if !number.0.starts_with('3') {
            return Err(NumberError::UnknownAuxDigit);
        }
        number.check()?;
        if number.segregation_code().as_ref() != Some(code) {
            return Err(NumberError::OtherSegregationCode);
        }
        Ok(number)
    }

    /// The number of the n-th notice of a segregation code: aux 3, 13 digits, check digits.
    ///
    /// # Errors
    /// [`NumberError::SequenceExhausted`] past 13 digits.
    pub fn generate(code: &SegregationCode, sequence: u64) -> Result<NoticeNumber, NumberError> {
        if sequence > 9_999_999_999_999 {
            return Err(NumberError::SequenceExhausted);
        }
        let first = format!("3{}{sequence:013}", code.0);
        let check = check_digits(&first).ok_or(NumberError::NotEighteenDigits)?;
        Ok(NoticeNumber(format!("{first}{check:02}")))
    }

    /// Whether the check digits are right; numbers of aux 1 have none.
    ///
    /// # Errors
    /// [`NumberError::WrongCheckDigits`].
    pub fn check(&self) -> Result<(), NumberError> {
        if self.0.starts_with('1') {
            return Ok(());
        }
        let (first, last) = self
            .0
            .split_at_checked(16)
            .ok_or(NumberError::NotEighteenDigits)?;
        let expected = check_digits(first).ok_or(NumberError::NotEighteenDigits)?;
        let found: u64 = last
            .parse()
            .map_err(|_not_digits| NumberError::NotEighteenDigits)?;
        if found == expected {
            Ok(())
        } else {
            Err(NumberError::WrongCheckDigits { found, expected })
        }
    }

    /// The IUV inside: aux 0 drops the application code too.
    #[must_use]
    pub fn iuv(&self) -> Iuv {
        let dropped = if self.0.starts_with('0') { 3 } else { 1 };
        Iuv(self.0.get(dropped..).unwrap_or_default().to_owned())
    }

    /// The segregation code; only aux 3 has one.
    #[must_use]
    pub fn segregation_code(&self) -> Option<SegregationCode> {
        let code = self.0.strip_prefix('3')?.get(..2)?;
        Some(SegregationCode(code.to_owned()))
    }

    /// The 18 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Iuv {
    /// Reads a reference as it travels: 1 to 35 printable characters (`creditorReferenceId`).
    #[must_use]
    pub fn parse(text: &str) -> Option<Iuv> {
        let fits = (1..=35).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Iuv(text.to_owned()))
    }

    /// The reference.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SegregationCode {
    /// Reads two digits.
    ///
    /// # Errors
    /// [`NumberError::BadSegregationCode`].
    pub fn parse(text: &str) -> Result<SegregationCode, NumberError> {
        if text.len() == 2 && all_digits(text) {
            Ok(SegregationCode(text.to_owned()))
        } else {
            Err(NumberError::BadSegregationCode)
        }
    }

    /// The two digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NoticeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Iuv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for SegregationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
