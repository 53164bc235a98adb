//! Italian IBANs (27 characters): modulo 97, national check letter, postal accounts.

use std::fmt;

use crate::domain::text::Rule;

/// A checked Italian IBAN, compact and upper case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Iban(String);

/// What can be wrong with an IBAN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IbanError {
    /// Not `IT`, two digits, a letter, ten digits, twelve letters or digits.
    #[error("an Italian IBAN has 27 characters and begins with IT")]
    Shape,
    /// The two check digits do not give remainder 1 by 97 (ISO 13616).
    #[error("the check digits of the IBAN are wrong")]
    CheckDigits,
    /// The control letter (CIN) does not belong to the account.
    #[error("the control letter (CIN) of the IBAN is wrong")]
    Cin,
}

impl Rule for IbanError {
    fn italian(&self) -> String {
        let rule = match self {
            IbanError::Shape => "un IBAN italiano ha 27 caratteri e comincia con IT",
            IbanError::CheckDigits => "le cifre di controllo dell'IBAN sono errate",
            IbanError::Cin => "la lettera di controllo (CIN) dell'IBAN è errata",
        };
        rule.to_owned()
    }
}

/// Values of characters at odd places for the Italian control letter; digits share the first ten.
const ODD: [u32; 26] = [
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

fn ordinal(c: char) -> Option<usize> {
    c.to_digit(36)
        .and_then(|v| usize::try_from(if v >= 10 { v.checked_sub(10)? } else { v }).ok())
}

impl Iban {
    /// Reads an IBAN; spaces are dropped, lower case is raised.
    ///
    /// # Errors
    /// [`IbanError`] naming the first rule that fails.
    pub fn parse(text: &str) -> Result<Iban, IbanError> {
        let iban: String = text
            .chars()
            .filter(|c| *c != ' ')
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let shaped = iban.len() == 27
            && iban.char_indices().all(|(i, c)| match i {
                0 => c == 'I',
                1 => c == 'T',
                4 => c.is_ascii_uppercase(),
                2 | 3 | 5..=14 => c.is_ascii_digit(),
                _ => c.is_ascii_uppercase() || c.is_ascii_digit(),
            });
        if !shaped {
            return Err(IbanError::Shape);
        }
        if remainder(&iban) != Some(1) {
            return Err(IbanError::CheckDigits);
        }
        if control_letter(&iban) != iban.chars().nth(4) {
            return Err(IbanError::Cin);
        }
        Ok(Iban(iban))
    }

    /// The compact form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the account is held at Poste Italiane (ABI 07601).
    #[must_use]
    pub fn is_postal(&self) -> bool {
        self.0.get(5..10) == Some("07601")
    }

    /// The 12-digit number of a postal account, as the Poste slip wants it.
    #[must_use]
    pub fn postal_account(&self) -> Option<&str> {
        if self.is_postal() {
            self.0.get(15..)
        } else {
            None
        }
    }
}

fn remainder(iban: &str) -> Option<u32> {
    let (head, tail) = iban.split_at_checked(4)?;
    tail.chars().chain(head.chars()).try_fold(0u32, |rest, c| {
        let value = c.to_digit(36)?;
        let factor = if value >= 10 { 100u32 } else { 10 };
        rest.checked_mul(factor)?
            .checked_add(value)?
            .checked_rem(97)
    })
}

fn control_letter(iban: &str) -> Option<char> {
    let mut sum = 0u32;
    for (i, c) in iban.get(5..)?.chars().enumerate() {
        let place = ordinal(c)?;
        let value = if i.checked_rem(2)? == 0 {
            *ODD.get(place)?
        } else {
            u32::try_from(place).ok()?
        };
        sum = sum.checked_add(value)?;
    }
    char::from_digit(sum.checked_rem(26)?.checked_add(10)?, 36).map(|c| c.to_ascii_uppercase())
}

impl fmt::Display for Iban {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    mod vectors;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_accounts_are_accepted() {
        for iban in [
            "IT60X0542811101000000123456",
            "IT57N0760114800000011050036",
            "IT96R0123454321000000012345",
            "IT62E9999924700000000000101",
            "IT92E9999940440000000000201",
            "it60 x054 2811 1010 0000 0123 456",
        ] {
            assert!(Iban::parse(iban).is_ok(), "{iban}");
        }
        assert_eq!(
            Iban::parse("IT02L1234500000111110000001"),
            Err(IbanError::CheckDigits)
        );
        assert_eq!(Iban::parse("DE89370400440532013000"), Err(IbanError::Shape));
    }

    #[test]
    fn a_postal_account_is_recognised_by_its_bank_code() {
        let iban = Iban::parse("IT57N0760114800000011050036").unwrap();
        assert_eq!(iban.postal_account(), Some("000011050036"));
        assert!(
            !Iban::parse("IT60X0542811101000000123456")
                .unwrap()
                .is_postal()
        );
    }

    proptest! {
        #[test]
        fn any_one_changed_digit_is_refused(at in 15usize..27, by in 1u8..10) {
            let mut iban = b"IT60X0542811101000000123456".to_vec();
            iban[at] = b'0' + (iban[at] - b'0' + by) % 10;
            prop_assert!(Iban::parse(std::str::from_utf8(&iban).unwrap()).is_err());
        }
    }
}
