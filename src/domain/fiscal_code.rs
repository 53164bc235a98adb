//! Codice fiscale: persons (16 characters), bodies and provisional persons (11 digits), anonymous debtors.

use std::fmt;

use crate::domain::text::Rule;

/// A checked tax code, upper case. `Debug` masks the middle, because logs use `Debug`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FiscalCode(String);

/// What can be wrong with a tax code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FiscalCodeError {
    /// Neither 16 characters of the personal form, nor 11 digits, nor ANONIMO.
    #[error("a tax code has 16 characters (a person) or 11 digits (a body)")]
    Shape,
    /// The check character or digit does not belong to the rest.
    #[error("the check character of the tax code is wrong")]
    CheckCharacter,
}

impl Rule for FiscalCodeError {
    fn italian(&self) -> String {
        let rule = match self {
            FiscalCodeError::Shape => {
                "un codice fiscale ha 16 caratteri (persona) o 11 cifre (ente)"
            }
            FiscalCodeError::CheckCharacter => {
                "il carattere di controllo del codice fiscale è errato"
            }
        };
        rule.to_owned()
    }
}

/// Values of characters at odd places (first, third, …) of the personal code, D.M. 23/12/1976.
const ODD: [u32; 26] = [
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

/// Letters that stand for the digits 0-9 where two persons would share a code (omocodia).
const OMOCODIA: &str = "LMNPQRSTUV";

impl FiscalCode {
    /// The debtor of an anonymous payment.
    pub const ANONYMOUS: &str = "ANONIMO";

    /// Reads a tax code; lower case is raised.
    ///
    /// # Errors
    /// [`FiscalCodeError`].
    pub fn parse(text: &str) -> Result<FiscalCode, FiscalCodeError> {
        let code = text.to_ascii_uppercase();
        match code.len() {
            11 => check_body(&code)?,
            16 => check_person(&code)?,
            _ if code == Self::ANONYMOUS => {}
            _ => return Err(FiscalCodeError::Shape),
        }
        Ok(FiscalCode(code))
    }

    /// Takes a code as a fact states it, without looking at its check character: 2 to 16 letters and
    /// digits (`entityUniqueIdentifierValue`). Receipts name bodies and persons that nobody here typed,
    /// and a fact is not refused for a spelling.
    ///
    /// # Errors
    /// [`FiscalCodeError::Shape`].
    pub fn as_stated(text: &str) -> Result<FiscalCode, FiscalCodeError> {
        let fits = (2..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits {
            Ok(FiscalCode(text.to_ascii_uppercase()))
        } else {
            Err(FiscalCodeError::Shape)
        }
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it has the form of a body (11 digits). A person may have a provisional code of that
    /// form too, so the kind of a debtor is stated and never inferred.
    #[must_use]
    pub fn has_body_form(&self) -> bool {
        self.0.len() == 11
    }
}

fn check_body(code: &str) -> Result<(), FiscalCodeError> {
    let digits: Option<Vec<u32>> = code.chars().map(|c| c.to_digit(10)).collect();
    let digits = digits.ok_or(FiscalCodeError::Shape)?;
    let (last, first) = digits.split_last().ok_or(FiscalCodeError::Shape)?;
    let sum: u32 = first
        .iter()
        .enumerate()
        .map(|(i, d)| {
            let doubled = d.saturating_mul(2);
            let folded = if doubled > 9 {
                doubled.saturating_sub(9)
            } else {
                doubled
            };
            if i.checked_rem(2) == Some(0) {
                *d
            } else {
                folded
            }
        })
        .sum();
    let zeros = digits.iter().all(|d| *d == 0);
    let check = 10u32
        .saturating_sub(sum.checked_rem(10).unwrap_or(0))
        .checked_rem(10);
    if check == Some(*last) && !zeros {
        Ok(())
    } else {
        Err(FiscalCodeError::CheckCharacter)
    }
}

fn check_person(code: &str) -> Result<(), FiscalCodeError> {
    let shaped = code.char_indices().all(|(i, c)| match i {
        6 | 7 | 9 | 10 | 12 | 13 | 14 => c.is_ascii_digit() || OMOCODIA.contains(c),
        8 => "ABCDEHLMPRST".contains(c),
        _ => c.is_ascii_uppercase(),
    });
    if !shaped || !plausible_day(code) {
        return Err(FiscalCodeError::Shape);
    }
    let mut sum = 0u32;
    for (i, c) in code.chars().take(15).enumerate() {
        let base36 = c.to_digit(36).ok_or(FiscalCodeError::Shape)?;
        let value = if c.is_ascii_digit() {
            base36
        } else {
            base36.saturating_sub(10)
        };
        let place = usize::try_from(value).unwrap_or(usize::MAX);
        let odd_place = i.checked_rem(2) == Some(0);
        let part = if odd_place {
            ODD.get(place).copied()
        } else {
            Some(value)
        };
        sum = sum.saturating_add(part.ok_or(FiscalCodeError::Shape)?);
    }
    let check = char::from_digit(sum.checked_rem(26).unwrap_or(0).saturating_add(10), 36);
    if check.map(|c| c.to_ascii_uppercase()) == code.chars().nth(15) {
        Ok(())
    } else {
        Err(FiscalCodeError::CheckCharacter)
    }
}

/// The day of birth is 1..31, or 41..71 for women; omocodia letters are read as their digits.
fn plausible_day(code: &str) -> bool {
    let digit = |at: usize| {
        let c = code.chars().nth(at)?;
        c.to_digit(10)
            .or_else(|| OMOCODIA.find(c).and_then(|i| u32::try_from(i).ok()))
    };
    let (Some(tens), Some(units)) = (digit(9), digit(10)) else {
        return false;
    };
    let day = tens.saturating_mul(10).saturating_add(units);
    (1..=31).contains(&day) || (41..=71).contains(&day)
}

impl fmt::Debug for FiscalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.0.get(..3).unwrap_or_default();
        let last = self
            .0
            .get(self.0.len().saturating_sub(1)..)
            .unwrap_or_default();
        write!(f, "{first}…{last}")
    }
}

impl fmt::Display for FiscalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    mod vectors;

    use super::*;

    #[test]
    fn persons_with_and_without_omocodia_are_accepted() {
        for code in [
            "RSSMRA80A01H501U",
            "BNCLNE87L54A241C",
            "DMTGFR65T31A515D",
            "FOXDIA92B69E715D",
            "PPSNIO79R05Z129P",
            "XUXLIX01P49Z210D",
            "RSSMRA80A01H50MM",
            "RSSMRA80A01H5LMX",
            "RSSMRA80A01HRLMS",
            "RSSMRAULALMHRLMD",
            "rssmra80a01h501u",
        ] {
            assert!(FiscalCode::parse(code).is_ok(), "{code}");
        }
    }

    #[test]
    fn wrong_persons_are_refused_with_the_rule() {
        use FiscalCodeError::{CheckCharacter, Shape};
        for (code, rule) in [
            ("RSSMRA80A01H501A", CheckCharacter),
            ("RSSMRA80F01H501U", Shape),
            ("RSSMRA80A72H501G", Shape),
            ("RSSMRA80A01H50", Shape),
            ("FFFCST83A15L113V", CheckCharacter),
            ("", Shape),
        ] {
            assert_eq!(FiscalCode::parse(code), Err(rule), "{code}");
        }
    }

    #[test]
    fn bodies_have_a_check_digit() {
        for code in [
            "15376371009",
            "01199250158",
            "80012000826",
            "12345678903",
            "99999000203",
        ] {
            assert!(FiscalCode::parse(code).is_ok(), "{code}");
        }
        for code in ["12345678901", "77777777777", "00000000000", "99999999999"] {
            assert_eq!(
                FiscalCode::parse(code),
                Err(FiscalCodeError::CheckCharacter),
                "{code}"
            );
        }
    }

    #[test]
    fn debug_does_not_show_who_it_is() {
        let code = FiscalCode::parse("RSSMRA80A01H501U").unwrap();
        assert_eq!(format!("{code:?}"), "RSS…U");
    }
}
