//! Vector M7 of `charges.md` §3.5.

use super::*;

/// A balance after a number of meals at 3.08.
fn after(balance: i64, meals: usize, floor: i64) -> Result<i64, CreditError> {
    let meal = |balance, _| taken(balance, c(308), c(floor));
    (0..meals).try_fold(c(balance), meal).map(Cents::get)
}

#[test]
fn m7a_12_40_and_a_top_up_of_30_less_eleven_meals_are_852() {
    assert_eq!(after(1240 + 3000, 11, 0), Ok(852));
}

#[test]
fn m7b_5_00_less_two_meals_is_a_debt_of_116() {
    assert_eq!(after(500, 2, -1000), Ok(-116));
    assert!(after(500, 2, 0).is_err());
}
