use proptest::prelude::*;

use super::*;

fn c(n: i64) -> Cents {
    Cents::new(n).unwrap()
}

fn filled(credits: &[i64], groups: &[i64]) -> Option<Vec<Vec<(usize, i64)>>> {
    let cents = |of: &[i64]| of.iter().map(|n| c(*n)).collect::<Vec<_>>();
    let filled = fill(&cents(credits), &cents(groups)).unwrap();
    let plain =
        |takes: Vec<(usize, Cents)>| takes.into_iter().map(|(at, n)| (at, n.get())).collect();
    filled.map(|all| all.into_iter().map(plain).collect())
}

#[test]
fn one_credit_takes_every_group_whole() {
    assert_eq!(
        filled(&[300], &[100, 0, 200]),
        Some(vec![vec![(0, 100), (2, 200)]])
    );
}

#[test]
fn a_flow_credited_in_two_parts_is_shared_to_the_cent() {
    let expected = vec![vec![(0, 100), (1, 20)], vec![(1, 180)]];
    assert_eq!(filled(&[120, 180], &[100, 200]), Some(expected));
}

#[test]
fn what_is_missing_stays_open_and_a_group_below_zero_is_for_people() {
    assert_eq!(
        filled(&[500, 10], &[100]),
        Some(vec![vec![(0, 100)], vec![]])
    );
    assert_eq!(filled(&[500], &[600, -100]), None);
}

#[test]
fn orders_cover_all_a_part_or_nothing() {
    for (covered, state) in [
        (-5, CoverState::Open),
        (0, CoverState::Open),
        (99, CoverState::Partly),
        (100, CoverState::Covered),
        (101, CoverState::Covered),
    ] {
        assert_eq!(CoverState::of(c(100), c(covered)), state);
    }
}

proptest! {
    #[test]
    fn nothing_is_overdrawn_and_as_much_as_possible_is_taken(
        credits in prop::collection::vec(0i64..10_000, 0..8),
        groups in prop::collection::vec(0i64..10_000, 0..8),
    ) {
        let filled = filled(&credits, &groups).unwrap();
        prop_assert_eq!(filled.len(), credits.len());
        let mut used = vec![0; groups.len()];
        let mut all = 0;
        for (credit, takes) in credits.iter().zip(&filled) {
            let sum: i64 = takes.iter().map(|(_, n)| n).sum();
            prop_assert!(sum <= *credit);
            for (at, n) in takes {
                prop_assert!(*n > 0);
                used[*at] += n;
                all += n;
            }
        }
        prop_assert!(used.iter().zip(&groups).all(|(used, group)| used <= group));
        let (credits, groups): (i64, i64) = (credits.iter().sum(), groups.iter().sum());
        prop_assert_eq!(all, credits.min(groups));
    }
}
