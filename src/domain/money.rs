//! Money: integer euro cents, checked arithmetic, one rounding primitive.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::text::Rule;

/// The largest magnitude a [`Cents`] may hold: ten thousand billion euro.
const LIMIT: i64 = 1_000_000_000_000_000;

/// An amount of euro cents, within ±10^15. Arithmetic is checked: there is no silent overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Cents(i64);

/// What can be wrong with an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The result does not fit ±10^15 cents.
    #[error("amount out of range")]
    OutOfRange,
    /// The text is not `digits.dd`.
    #[error("amount must be written with two decimals, as in 12.30")]
    BadText,
    /// Division into no parts.
    #[error("an amount cannot be split in zero parts")]
    NoParts,
}

impl Rule for MoneyError {
    fn italian(&self) -> String {
        let rule = match self {
            MoneyError::OutOfRange => "l'importo è fuori dai limiti",
            MoneyError::BadText => "un importo si scrive con due decimali, come 12.30",
            MoneyError::NoParts => "un importo non si divide in zero parti",
        };
        rule.to_owned()
    }
}

/// Which instalment takes the cents that do not divide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemainderOn {
    /// The first pays more.
    First,
    /// The last settles ("ultima a conguaglio").
    #[default]
    Last,
}

impl Cents {
    /// Nothing.
    pub const ZERO: Cents = Cents(0);
    /// The largest amount a notice may carry on the wire (`stAmount`), 999 999 999.99 euro.
    pub const NOTICE_MAX: Cents = Cents(99_999_999_999);

    /// Cents from an integer.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] beyond ±10^15.
    pub const fn new(cents: i64) -> Result<Cents, MoneyError> {
        if cents > LIMIT || cents < -LIMIT {
            return Err(MoneyError::OutOfRange);
        }
        Ok(Cents(cents))
    }

    /// The integer number of cents.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Reads the wire form, `digits.dd` (`stAmount` of paForNode.xsd): no sign, exactly two decimals.
    ///
    /// # Errors
    /// [`MoneyError::BadText`] or [`MoneyError::OutOfRange`].
    pub fn parse(text: &str) -> Result<Cents, MoneyError> {
        let (euro, cents) = text.split_once('.').ok_or(MoneyError::BadText)?;
        let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
        if !digits(euro) || !digits(cents) || cents.len() != 2 {
            return Err(MoneyError::BadText);
        }
        let euro: i64 = euro.parse().map_err(|_overflow| MoneyError::OutOfRange)?;
        let cents: i64 = cents.parse().map_err(|_overflow| MoneyError::OutOfRange)?;
        let total = euro.checked_mul(100).and_then(|c| c.checked_add(cents));
        Cents::new(total.ok_or(MoneyError::OutOfRange)?)
    }

    /// Checked addition.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn plus(self, other: Cents) -> Result<Cents, MoneyError> {
        Cents::new(self.0.checked_add(other.0).ok_or(MoneyError::OutOfRange)?)
    }

    /// Checked subtraction.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn minus(self, other: Cents) -> Result<Cents, MoneyError> {
        Cents::new(self.0.checked_sub(other.0).ok_or(MoneyError::OutOfRange)?)
    }

    /// Checked multiplication by a count.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn times(self, count: i64) -> Result<Cents, MoneyError> {
        Cents::new(self.0.checked_mul(count).ok_or(MoneyError::OutOfRange)?)
    }

    /// The same amount with the opposite sign.
    #[must_use]
    pub const fn negated(self) -> Cents {
        // The range is symmetric, so the negation always fits.
        Cents(self.0.wrapping_neg())
    }

    /// Sum of amounts.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn sum(amounts: impl IntoIterator<Item = Cents>) -> Result<Cents, MoneyError> {
        amounts.into_iter().try_fold(Cents::ZERO, Cents::plus)
    }

    /// Splits into `n` equal parts that sum to the whole; one of them takes the odd cents
    /// (`charges.md` §0.4).
    ///
    /// # Errors
    /// [`MoneyError::NoParts`] when `n` is zero.
    pub fn split(self, n: u16, remainder_on: RemainderOn) -> Result<Vec<Cents>, MoneyError> {
        let each = self
            .0
            .checked_div(i64::from(n))
            .ok_or(MoneyError::NoParts)?;
        let others = vec![Cents(each); usize::from(n.saturating_sub(1))];
        self.settle(others, remainder_on)
    }

    /// Splits by basis points that sum to the whole: every part is rounded half-up but the one that
    /// takes what is left.
    ///
    /// # Errors
    /// [`MoneyError::NoParts`] when there are no shares.
    pub fn split_by(
        self,
        basis_points: &[u32],
        remainder_on: RemainderOn,
    ) -> Result<Vec<Cents>, MoneyError> {
        let others = match remainder_on {
            RemainderOn::First => basis_points.split_first().map(|(_, others)| others),
            RemainderOn::Last => basis_points.split_last().map(|(_, others)| others),
        };
        let others = others.ok_or(MoneyError::NoParts)?.iter();
        let others: Result<Vec<Cents>, MoneyError> = others.map(|bp| self.share(*bp)).collect();
        self.settle(others?, remainder_on)
    }

    /// The parts, with the one that makes them the whole.
    fn settle(
        self,
        mut others: Vec<Cents>,
        remainder_on: RemainderOn,
    ) -> Result<Vec<Cents>, MoneyError> {
        let rest = self.minus(Cents::sum(others.iter().copied())?)?;
        let at = match remainder_on {
            RemainderOn::First => 0,
            RemainderOn::Last => others.len(),
        };
        others.insert(at, rest);
        Ok(others)
    }

    /// The nearest whole euro, 50 cents upwards: local taxes (L. 296/2006 art. 1 c. 166).
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn to_whole_euro(self) -> Result<Cents, MoneyError> {
        ratio(i128::from(self.0), 100)?.times(100)
    }

    /// `basis_points` of the amount, rounded once, half away from zero. 10 000 is the whole.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`].
    pub fn share(self, basis_points: u32) -> Result<Cents, MoneyError> {
        let product = i128::from(self.0).checked_mul(i128::from(basis_points));
        ratio(product.ok_or(MoneyError::OutOfRange)?, 10_000)
    }

    /// Whether the amount is above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
}

/// The only rounding of the engine (`charges.md` §0.2): `numerator / denominator` in cents,
/// half away from zero. One notice row is one exact rational and one call of this.
///
/// # Errors
/// [`MoneyError::NoParts`] for a denominator of zero or less, [`MoneyError::OutOfRange`] beyond the limit.
pub fn ratio(numerator: i128, denominator: i128) -> Result<Cents, MoneyError> {
    if denominator <= 0 {
        return Err(MoneyError::NoParts);
    }
    let twice = numerator.checked_abs().and_then(|n| n.checked_mul(2));
    let rounded = twice
        .and_then(|n| n.checked_add(denominator))
        .and_then(|n| n.checked_div(denominator.checked_mul(2)?))
        .ok_or(MoneyError::OutOfRange)?;
    let magnitude = i64::try_from(rounded).map_err(|_too_large| MoneyError::OutOfRange)?;
    let cents = Cents::new(magnitude)?;
    Ok(if numerator < 0 {
        cents.negated()
    } else {
        cents
    })
}

/// The wire form: `1234.50`.
impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let (euro, cents) = (magnitude.checked_div(100), magnitude.checked_rem(100));
        write!(f, "{sign}{}.{:02}", euro.unwrap_or(0), cents.unwrap_or(0))
    }
}

impl Cents {
    /// The form printed for people in Italy: `1.234,50`.
    #[must_use]
    pub fn italian(self) -> String {
        let wire = Cents(self.0.wrapping_abs()).to_string();
        let (euro, cents) = wire.split_once('.').unwrap_or((&wire, "00"));
        let mut grouped = String::new();
        for (i, digit) in euro.chars().enumerate() {
            let left = euro.len().saturating_sub(i);
            if i > 0 && left.checked_rem(3) == Some(0) {
                grouped.push('.');
            }
            grouped.push(digit);
        }
        let sign = if self.0 < 0 { "-" } else { "" };
        format!("{sign}{grouped},{cents}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn c(n: i64) -> Cents {
        Cents::new(n).unwrap()
    }

    #[test]
    fn the_wire_form_has_exactly_two_decimals() {
        assert_eq!(Cents::parse("12.30"), Ok(c(1230)));
        for bad in [
            "12", "12.3", "12.345", "12,30", ".30", "-1.00", "+1.00", "1 2.00", "",
        ] {
            assert_eq!(Cents::parse(bad), Err(MoneyError::BadText), "{bad}");
        }
        assert_eq!(
            Cents::parse("99999999999999999999.00"),
            Err(MoneyError::OutOfRange)
        );
    }

    #[test]
    fn people_read_italian_amounts() {
        assert_eq!(c(123_456_789).italian(), "1.234.567,89");
        assert_eq!(c(5).italian(), "0,05");
        assert_eq!(c(-100_000).italian(), "-1.000,00");
    }

    #[test]
    fn a_tari_of_209_03_in_three_gives_the_odd_cents_to_the_last() {
        let last = RemainderOn::Last;
        let equal = c(20903).split(3, last).unwrap();
        assert_eq!(equal, [c(6967), c(6967), c(6969)]);
        let by_shares = c(20903).split_by(&[3500, 3500, 3000], last).unwrap();
        assert_eq!(by_shares, [c(7316), c(7316), c(6271)]);
        assert_eq!(c(100).split(0, last), Err(MoneyError::NoParts));
        assert_eq!(c(100).split_by(&[], last), Err(MoneyError::NoParts));
    }

    #[test]
    fn the_odd_cents_may_go_to_the_first_instalment() {
        let first = RemainderOn::First;
        let equal = c(20903).split(3, first).unwrap();
        assert_eq!(equal, [c(6969), c(6967), c(6967)]);
        let by_shares = c(20903).split_by(&[3500, 3500, 3000], first).unwrap();
        assert_eq!(by_shares, [c(7316), c(7316), c(6271)]);
        let by_shares = c(20905).split_by(&[5000, 5000], first).unwrap();
        assert_eq!(by_shares, [c(10452), c(10453)]);
        assert_eq!(c(100).split(0, first), Err(MoneyError::NoParts));
        assert_eq!(c(100).split(1, first), Ok(vec![c(100)]));
    }

    #[test]
    fn half_a_cent_rounds_away_from_zero() {
        assert_eq!(c(435).share(5000), Ok(c(218)));
        assert_eq!(c(-435).share(5000), Ok(c(-218)));
        assert_eq!(ratio(1, 3), Ok(c(0)));
        assert_eq!(ratio(1, 0), Err(MoneyError::NoParts));
    }

    proptest! {
        #[test]
        fn a_split_sums_to_the_whole(total in 0i64..10_000_000_000, n in 1u16..500) {
            for remainder_on in [RemainderOn::First, RemainderOn::Last] {
                let parts = c(total).split(n, remainder_on).unwrap();
                prop_assert_eq!(parts.len(), usize::from(n));
                prop_assert_eq!(Cents::sum(parts), Ok(c(total)));
            }
        }

        #[test]
        fn shares_sum_to_the_whole(
            total in 0i64..10_000_000_000,
            shares in proptest::collection::vec(0u32..=10_000, 1..20),
        ) {
            for remainder_on in [RemainderOn::First, RemainderOn::Last] {
                let parts = c(total).split_by(&shares, remainder_on).unwrap();
                prop_assert_eq!(parts.len(), shares.len());
                prop_assert_eq!(Cents::sum(parts), Ok(c(total)));
            }
        }

        #[test]
        fn a_whole_euro_is_at_most_fifty_cents_away(total in -10_000_000_000i64..10_000_000_000) {
            let whole = c(total).to_whole_euro().unwrap().get();
            prop_assert_eq!(whole % 100, 0);
            prop_assert!((whole - total).abs() <= 50);
        }

        #[test]
        fn print_then_parse_is_identity(total in 0i64..LIMIT) {
            prop_assert_eq!(Cents::parse(&c(total).to_string()), Ok(c(total)));
        }
    }

    /// `charges.md` §0.5 and T10.
    mod vectors {
        use super::c;

        fn whole_euro(cents: i64) -> (i64, i64) {
            let whole = c(cents).to_whole_euro().unwrap();
            (whole.get(), whole.minus(c(cents)).unwrap().get())
        }

        #[test]
        fn t10_22708_becomes_22700() {
            assert_eq!(whole_euro(22708), (22700, -8));
        }

        #[test]
        fn t10_23449_becomes_23400() {
            assert_eq!(whole_euro(23449), (23400, -49));
        }

        #[test]
        fn t10_23450_becomes_23500() {
            assert_eq!(whole_euro(23450), (23500, 50));
        }

        #[test]
        fn t10_30575_becomes_30600() {
            assert_eq!(whole_euro(30575), (30600, 25));
        }

        #[test]
        fn t10_11582_becomes_11600() {
            assert_eq!(whole_euro(11582), (11600, 18));
        }

        #[test]
        fn t10_8800_becomes_8800() {
            assert_eq!(whole_euro(8800), (8800, 0));
        }
    }
}
