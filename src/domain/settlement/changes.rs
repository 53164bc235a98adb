//! What a newer revision of a flow says otherwise.

use std::collections::BTreeMap;

use super::Line;

/// A payment of which two revisions of a flow say different things: a row of the older, of the newer, or of
/// both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowChange {
    /// What the older revision says; nothing when the newer has added the row.
    pub before: Option<Line>,
    /// What the newer revision says; nothing when it has taken the row out.
    pub after: Option<Line>,
}

/// The rows that differ between two revisions, by payment. Rows are of the same payment when their IUV, IUR and
/// transfer are equal; their places do not matter.
#[must_use]
pub fn changes(before: &[Line], after: &[Line]) -> Vec<RowChange> {
    let mut payments = BTreeMap::<(&str, &str, i16), (Vec<&Line>, Vec<&Line>)>::new();
    for line in before {
        payments.entry(payment(line)).or_default().0.push(line);
    }
    for line in after {
        payments.entry(payment(line)).or_default().1.push(line);
    }
    let mut changes = Vec::new();
    for (mut old, mut new) in payments.into_values() {
        // A payment may be in a flow twice: what is equal goes out in pairs.
        old.retain(
            |line| match new.iter().position(|other| same(line, other)) {
                Some(at) => {
                    new.remove(at);
                    false
                }
                None => true,
            },
        );
        let (mut old, mut new) = (old.into_iter(), new.into_iter());
        loop {
            let (before, after) = (old.next().cloned(), new.next().cloned());
            if before.is_none() && after.is_none() {
                break;
            }
            changes.push(RowChange { before, after });
        }
    }
    changes
}

fn payment(line: &Line) -> (&str, &str, i16) {
    (&line.iuv, &line.iur, line.transfer)
}

fn same(a: &Line, b: &Line) -> bool {
    (a.amount, a.outcome, a.paid_on) == (b.amount, b.outcome, b.paid_on)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Cents;
    use crate::domain::settlement::Outcome;

    fn row(number: i32, iuv: &str, amount: i64) -> Line {
        Line {
            number,
            iuv: iuv.into(),
            iur: "r".into(),
            transfer: 1,
            amount: Cents::new(amount).unwrap(),
            outcome: Outcome::Executed,
            paid_on: "2026-04-01".parse().unwrap(),
        }
    }

    fn amounts(before: &[Line], after: &[Line]) -> Vec<(Option<i64>, Option<i64>)> {
        let amount = |line: &Option<Line>| line.as_ref().map(|line| line.amount.get());
        let found = changes(before, after);
        found
            .iter()
            .map(|one| (amount(&one.before), amount(&one.after)))
            .collect()
    }

    #[test]
    fn rows_are_added_taken_out_and_changed_whatever_their_places() {
        let before = [row(1, "a", 10), row(2, "b", 20), row(3, "c", 30)];
        let after = [row(1, "c", 30), row(2, "b", 21), row(3, "d", 40)];
        let expected = [(Some(10), None), (Some(20), Some(21)), (None, Some(40))];
        assert_eq!(amounts(&before, &after), expected);
        assert_eq!(amounts(&before, &before), []);
        assert_eq!(amounts(&[], &before[..1]), [(None, Some(10))]);
    }

    #[test]
    fn a_payment_that_is_there_twice_is_compared_row_by_row() {
        let twice = [row(1, "a", 10), row(2, "a", 10)];
        assert_eq!(amounts(&twice, &twice[..1]), [(Some(10), None)]);
        assert_eq!(amounts(&twice[..1], &twice), [(None, Some(10))]);
        assert_eq!(
            amounts(&twice, &[row(1, "a", 11), row(2, "a", 10)]),
            [(Some(10), Some(11))]
        );
    }

    proptest::proptest! {
        #[test]
        fn the_changes_make_one_revision_of_the_other(
            before in proptest::collection::vec((0..4_u8, 1..4_i64), 0..8),
            after in proptest::collection::vec((0..4_u8, 1..4_i64), 0..8),
        ) {
            let rows = |some: &[(u8, i64)]| -> Vec<Line> {
                some.iter().map(|(iuv, amount)| row(1, &iuv.to_string(), *amount)).collect()
            };
            let (before, after) = (rows(&before), rows(&after));
            let mut made = before.clone();
            for change in changes(&before, &after) {
                if let Some(line) = change.before {
                    made.remove(made.iter().position(|held| *held == line).unwrap());
                }
                made.extend(change.after);
            }
            let key = |line: &Line| (line.iuv.clone(), line.amount);
            made.sort_by_key(key);
            let mut wanted = after;
            wanted.sort_by_key(key);
            proptest::prop_assert_eq!(made, wanted);
        }
    }
}
