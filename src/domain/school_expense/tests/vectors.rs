//! Vector M13 of `charges.md` §3.5.

use super::*;

#[test]
fn m13_three_payments_are_15736_and_give_back_2990() {
    let (pupil, payer) = (named("TRDVLI16C61A241T", ""), named("BNCLNE87L54A241C", ""));
    let mut expenses = SchoolExpenses::default();
    for amount in [5236, 4312, 6188] {
        expenses.paid((&pupil, ""), &payer, c(amount)).unwrap();
    }
    let net = expenses.lines().next().unwrap().net().unwrap();
    assert_eq!(net, c(15736));
    let deduction = SchoolDeduction {
        share_bp: 1900,
        ceiling_cents: 100_000,
    };
    assert_eq!(deduction.of(net), Ok(c(2990)));
}
