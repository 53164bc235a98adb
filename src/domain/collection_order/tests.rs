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

fn told(told: Told, order: i64, amount: i64) -> OrderCover {
    OrderCover {
        year: 2026,
        account: "1".into(),
        movement: String::new(),
        order,
        provisional: 7,
        amount: c(amount),
        told,
    }
}

fn standing(all: &[OrderCover]) -> Vec<(i64, i64)> {
    let all = coverings(all.iter()).unwrap();
    all.iter()
        .map(|one| (one.order, one.amount.get()))
        .collect()
}

#[test]
fn the_journal_has_the_last_word_on_an_order() {
    let mut all = vec![told(Told::Office, 12, 300), told(Told::Office, 13, 50)];
    assert_eq!(standing(&all), [(12, 300), (13, 50)]);
    all.push(told(Told::Journal, 12, 290));
    assert_eq!(standing(&all), [(12, 290), (13, 50)]);
    all.push(told(Told::Journal, 12, -290));
    assert_eq!(standing(&all), [(13, 50)]);
    all.push(told(Told::Office, 13, -50));
    assert_eq!(standing(&all), []);
}

#[test]
fn what_the_office_records_must_fit_the_credit_and_what_was_told() {
    let pointers = |new: OrderCover, credit: Option<i64>, told: &[OrderCover]| -> Vec<String> {
        let found = check(&new, credit.map(c), told).err().unwrap_or_default();
        found.into_iter().map(|one| one.pointer).collect()
    };
    let before = [told(Told::Office, 12, 300), told(Told::Journal, 14, 100)];
    let ok: [&str; 0] = [];
    let new = |order, amount| told(Told::Office, order, amount);
    assert_eq!(pointers(new(13, 100), Some(500), &before), ok);
    assert_eq!(pointers(new(12, -300), Some(500), &before), ok);
    assert_eq!(
        pointers(new(13, 101), Some(500), &before),
        ["/amount_cents"]
    );
    assert_eq!(
        pointers(new(12, -301), Some(500), &before),
        ["/amount_cents"]
    );
    assert_eq!(pointers(new(13, 0), Some(500), &before), ["/amount_cents"]);
    assert_eq!(pointers(new(14, 1), Some(500), &before), ["/order_number"]);
    for nothing in [None, Some(0)] {
        assert_eq!(
            pointers(new(13, 1), nothing, &before),
            ["/provisional_number"]
        );
    }
}

proptest! {
    #[test]
    fn nothing_that_passes_the_rules_covers_more_than_the_credit(
        acts in prop::collection::vec((1i64..4, -300i64..600), 0..20)
    ) {
        let mut all: Vec<OrderCover> = Vec::new();
        for (order, amount) in acts {
            let new = told(Told::Office, order, amount);
            if check(&new, Some(c(1000)), &all).is_ok() {
                all.push(new);
            }
            let sum: i64 = standing(&all).iter().map(|(_, amount)| amount).sum();
            prop_assert!((0..=1000).contains(&sum));
            prop_assert!(standing(&all).iter().all(|(_, amount)| *amount > 0));
        }
    }
}
