//! Amounts are integer cents; these three functions are the only way in and out of text.

/// Reads `12.34` (two decimals, a point, no sign), the only form the schemas allow.
pub(crate) fn parse_euro(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if fraction.len() != 2 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let fraction: u64 = fraction.parse().ok()?;
    whole
        .checked_mul(100)?
        .checked_add(fraction)
        .filter(|cents| *cents <= 99_999_999_999)
}

/// `1234` as `12.34`.
pub(crate) fn euro(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// `1234` as `12,34`, the way the treasurer writes.
pub(crate) fn italian(cents: u64) -> String {
    format!("{},{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use super::{euro, italian, parse_euro};

    #[test]
    fn amounts_have_exactly_two_decimals() {
        assert_eq!(parse_euro("12.34"), Some(1234));
        for wrong in [
            "12.3",
            "12,34",
            "12.345",
            ".34",
            "12.",
            "-1.00",
            "1 2.00",
            "12",
            "1219087657.34",
        ] {
            assert_eq!(parse_euro(wrong), None, "{wrong}");
        }
        assert_eq!(euro(1205), "12.05");
        assert_eq!(italian(99), "0,99");
    }
}
