//! Amounts as the schemas write them: euro, a dot, exactly two decimals.

use std::fmt;

/// The largest amount of `stAmount`, in cents: 999999999.99 euro.
pub const AMOUNT_CENTS_MAX: i64 = 99_999_999_999;

/// An amount that satisfies `stAmount` (`\d+\.\d{2}`, at most 999999999.99), kept as the text on
/// the wire beside its value.
///
/// `stAmountNotZero` is the same type with [`Amount::is_zero`] false.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount {
    text: String,
    cents: i64,
}

impl Amount {
    /// Reads the text of the wire; `None` when it is not a `stAmount`.
    pub fn parse(text: &str) -> Option<Self> {
        let (euros, decimals) = text.split_once('.')?;
        if decimals.len() != 2 || euros.is_empty() {
            return None;
        }
        let cents = digits(euros)?
            .checked_mul(100)?
            .checked_add(digits(decimals)?)?;
        (cents <= AMOUNT_CENTS_MAX).then(|| Self {
            text: text.to_owned(),
            cents,
        })
    }

    /// The amount of so many cents; `None` below zero and above [`AMOUNT_CENTS_MAX`].
    pub fn from_cents(cents: i64) -> Option<Self> {
        if !(0..=AMOUNT_CENTS_MAX).contains(&cents) {
            return None;
        }
        let text = format!("{}.{:02}", cents.div_euclid(100), cents.rem_euclid(100));
        Some(Self { text, cents })
    }

    /// The value in integer cents, never negative.
    pub fn cents(&self) -> i64 {
        self.cents
    }

    /// The text exactly as it stood, or will stand, on the wire.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether this is 0.00, which `stAmountNotZero` refuses.
    pub fn is_zero(&self) -> bool {
        self.cents == 0
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Reads ASCII digits only: `i64::from_str` would also take a sign.
pub(super) fn digits(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_decimals_and_a_dot_are_an_amount() {
        for (text, cents) in [
            ("0.00", 0),
            ("0.01", 1),
            ("10.00", 1_000),
            ("012.30", 1_230),
        ] {
            let amount = Amount::parse(text).unwrap();
            assert_eq!((amount.as_str(), amount.cents()), (text, cents));
        }
        assert_eq!(
            Amount::parse("999999999.99").unwrap().cents(),
            AMOUNT_CENTS_MAX
        );
    }

    #[test]
    fn anything_else_is_not() {
        for text in [
            "",
            ".",
            "1",
            "1.",
            "1.2",
            "1,20",
            "1.234",
            ".10",
            "-1.00",
            "+1.00",
            " 1.00",
            "1.0a",
            "1.+1",
            "1e3.00",
            "1219087657.34",
            "99999999999999999999.00",
            "١.٠٠",
            "1.2.3",
        ] {
            assert_eq!(Amount::parse(text), None, "{text}");
        }
    }

    #[test]
    fn cents_print_with_two_decimals() {
        assert_eq!(Amount::from_cents(5).unwrap().to_string(), "0.05");
        assert_eq!(
            Amount::from_cents(AMOUNT_CENTS_MAX).unwrap().as_str(),
            "999999999.99"
        );
        assert_eq!(Amount::from_cents(-1), None);
        assert_eq!(Amount::from_cents(AMOUNT_CENTS_MAX + 1), None);
    }

    proptest::proptest! {
        #[test]
        fn print_then_parse_is_identity(cents in 0..=AMOUNT_CENTS_MAX) {
            let amount = Amount::from_cents(cents).unwrap();
            proptest::prop_assert_eq!(Amount::parse(amount.as_str()).unwrap(), amount);
        }
    }
}
