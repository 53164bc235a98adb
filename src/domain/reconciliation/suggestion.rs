//! What may belong together, when the rules cannot say so: with a score, and why. A suggestion is a question
//! to an officer and changes nothing.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::domain::calendar::Day;
use crate::domain::money::Cents;

/// The most suggestions for one line.
pub const SUGGESTIONS_MAX: usize = 10;
/// The most things that are added up.
const PARTS_MAX: usize = 4;
/// Things nearest in time of which sums are tried.
const SUMMED_MAX: usize = 32;
/// Sums tried at most: beyond that nobody could check them either.
const SUMS_MAX: usize = 40_000;
/// Characters that two texts have in common in one run, at least, to resemble each other: a date and more.
const RUN_MIN: usize = 12;

/// One side of a match: cash without a flow, or a flow without its cash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Treasury entry or flow.
    pub id: Uuid,
    /// What has no counterpart yet.
    pub amount: Cents,
    /// When it was booked, or should be.
    pub day: Day,
    /// Bank text, or identifier of the flow.
    pub text: String,
}

/// Why two sides may belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Likeness {
    /// To the cent.
    SameAmount,
    /// Within the creditor's tolerance.
    WithinTolerance,
    /// Several together come to the amount.
    SumOfSeveral,
    /// Within two days.
    SameDays,
    /// Within ten days.
    NearDays,
    /// The bank text and the identifier have most of their characters in common.
    TextResembles,
}

names!(Likeness, {
    Likeness::SameAmount => "same_amount",
    Likeness::WithinTolerance => "within_tolerance",
    Likeness::SumOfSeveral => "sum_of_several",
    Likeness::SameDays => "same_days",
    Likeness::NearDays => "near_days",
    Likeness::TextResembles => "text_resembles",
});

/// What may belong to a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// From 0 to 100.
    pub score: u8,
    /// Why.
    pub likenesses: BTreeSet<Likeness>,
    /// The other sides, all together.
    pub others: Vec<Uuid>,
    /// What they come to.
    pub amount: Cents,
    /// That less what is looked for.
    pub difference: Cents,
}

/// The best suggestions for one side among others, best first. The same for any order of the others.
#[must_use]
pub fn suggest(wanted: &Side, others: &[Side], tolerance: Cents) -> Vec<Suggestion> {
    let mut others: Vec<&Side> = others.iter().filter(|one| one.id != wanted.id).collect();
    others.sort_by_key(|one| (apart(wanted.day, one.day), one.day, one.id));
    others.dedup_by_key(|one| one.id);
    let alone = others.iter().map(|one| vec![*one]);
    let nearest: Vec<&Side> = others.iter().take(SUMMED_MAX).copied().collect();
    let sums = sums(wanted.amount, &nearest, tolerance);
    let mut found: Vec<Suggestion> = alone
        .chain(sums)
        .filter_map(|parts| judge(wanted, &parts, tolerance))
        .collect();
    found.sort_by(|a, b| (b.score, &a.others).cmp(&(a.score, &b.others)));
    found.truncate(SUGGESTIONS_MAX);
    found
}

fn apart(a: Day, b: Day) -> i64 {
    a.signed_duration_since(b).num_days().abs()
}

/// Scores some sides together; `None` when neither amount nor text speak for them.
fn judge(wanted: &Side, parts: &[&Side], tolerance: Cents) -> Option<Suggestion> {
    let amount = Cents::sum(parts.iter().map(|one| one.amount)).ok()?;
    let difference = amount.minus(wanted.amount).ok()?;
    let mut likenesses = BTreeSet::new();
    let mut score: i32 = if difference == Cents::ZERO {
        likenesses.insert(Likeness::SameAmount);
        60
    } else if super::facts::near(amount, wanted.amount, tolerance) {
        likenesses.insert(Likeness::WithinTolerance);
        50
    } else {
        0
    };
    if parts.len() > 1 {
        likenesses.insert(Likeness::SumOfSeveral);
        // By chance, the more parts the more often.
        let parts = i32::try_from(parts.len().min(PARTS_MAX)).unwrap_or(0);
        score = parts
            .saturating_mul(10)
            .saturating_neg()
            .saturating_add(score);
    }
    let per_cent = parts.iter().map(|one| resemblance(&wanted.text, &one.text));
    let per_cent = per_cent.max().unwrap_or(0);
    if per_cent >= 60 {
        likenesses.insert(Likeness::TextResembles);
        score = score.saturating_add(per_cent.checked_div(4).unwrap_or(0));
    }
    let counterpart = likenesses.iter().any(|likeness| match likeness {
        Likeness::SameAmount | Likeness::WithinTolerance | Likeness::TextResembles => true,
        Likeness::SumOfSeveral | Likeness::SameDays | Likeness::NearDays => false,
    });
    let days = parts.iter().map(|one| apart(wanted.day, one.day)).max()?;
    if days <= 2 {
        likenesses.insert(Likeness::SameDays);
        score = score.saturating_add(15);
    } else if days <= 10 {
        likenesses.insert(Likeness::NearDays);
        score = score.saturating_add(8);
    }
    let mut others: Vec<Uuid> = parts.iter().map(|one| one.id).collect();
    others.sort_unstable();
    counterpart.then(|| Suggestion {
        score: u8::try_from(score.clamp(0, 100)).unwrap_or(0),
        likenesses,
        others,
        amount,
        difference,
    })
}

/// Two to [`PARTS_MAX`] sides that come to an amount within the tolerance. Amounts above zero only, so that a
/// sum that is too large needs no further part; the search ends after [`SUMS_MAX`] sums.
fn sums<'a>(amount: Cents, others: &[&'a Side], tolerance: Cents) -> Vec<Vec<&'a Side>> {
    let mut others: Vec<&Side> = others
        .iter()
        .filter(|one| one.amount.is_positive())
        .copied()
        .collect();
    others.sort_by_key(|one| (std::cmp::Reverse(one.amount), one.id));
    let mut search = Search {
        most: amount.get().saturating_add(tolerance.get()),
        least: amount.get().saturating_sub(tolerance.get()),
        left: SUMS_MAX,
        found: Vec::new(),
    };
    search.add(&others, &mut Vec::new(), 0);
    search.found
}

struct Search<'a> {
    least: i64,
    most: i64,
    left: usize,
    found: Vec<Vec<&'a Side>>,
}

impl<'a> Search<'a> {
    fn add(&mut self, others: &[&'a Side], parts: &mut Vec<&'a Side>, sum: i64) {
        for (at, one) in others.iter().enumerate() {
            if self.left == 0 || self.found.len() >= SUGGESTIONS_MAX {
                return;
            }
            self.left = self.left.saturating_sub(1);
            let with = sum.saturating_add(one.amount.get());
            if with > self.most {
                continue;
            }
            parts.push(one);
            if parts.len() > 1 && with >= self.least {
                self.found.push(parts.clone());
            } else if parts.len() < PARTS_MAX {
                let rest = others.get(at.saturating_add(1)..).unwrap_or_default();
                self.add(rest, parts, with);
            }
            parts.pop();
        }
    }
}

/// How much of the shorter text stands in the other one in a single run, per cent. Blanks and signs, which
/// banks put in and leave out, do not count.
fn resemblance(a: &str, b: &str) -> i32 {
    let plain = |text: &str| -> Vec<char> {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|c| c.to_ascii_uppercase()).take(300).collect()
    };
    let (a, b) = (plain(a), plain(b));
    let shorter = a.len().min(b.len());
    let mut longest = 0usize;
    let mut before = vec![0usize; b.len().saturating_add(1)];
    for x in &a {
        let mut now = vec![0usize];
        for (y, run) in b.iter().zip(&before) {
            let run = if x == y { run.saturating_add(1) } else { 0 };
            longest = longest.max(run);
            now.push(run);
        }
        before = now;
    }
    if longest < RUN_MIN {
        return 0;
    }
    let per_cent = longest.saturating_mul(100).checked_div(shorter);
    per_cent.and_then(|n| i32::try_from(n).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn side(id: u128, amount: i64, day: &str, text: &str) -> Side {
        Side {
            id: Uuid::from_u128(id),
            amount: Cents::new(amount).unwrap(),
            day: day.parse().unwrap(),
            text: text.to_owned(),
        }
    }

    fn flows() -> Vec<Side> {
        vec![
            side(1, 500, "2026-04-02", "2026-04-02BPPIITRRXXX-0000000001"),
            side(2, 300, "2026-04-02", "2026-04-02BPPIITRRXXX-0000000002"),
            side(3, 200, "2026-04-03", "2026-04-03UNCRITMM-77"),
            side(4, 500, "2026-03-27", "2026-03-27UNCRITMM-70"),
        ]
    }

    fn best(amount: i64, text: &str) -> Vec<(Vec<u128>, u8)> {
        let wanted = side(99, amount, "2026-04-03", text);
        let tolerance = Cents::new(2).unwrap();
        let found = suggest(&wanted, &flows(), tolerance);
        let told = |one: Suggestion| {
            let ids = one.others.iter().map(Uuid::as_u128).collect();
            (ids, one.score)
        };
        found.into_iter().map(told).collect()
    }

    #[test]
    fn amount_then_days_then_sums_decide_when_the_text_is_empty() {
        assert_eq!(
            best(500, ""),
            [(vec![1], 75), (vec![4], 68), (vec![2, 3], 55)]
        );
        assert_eq!(
            best(1000, ""),
            [(vec![1, 4], 48), (vec![1, 2, 3], 45), (vec![2, 3, 4], 38)]
        );
        assert_eq!(best(502, "")[0], (vec![1], 65));
        assert_eq!(best(7, ""), []);
    }

    #[test]
    fn a_mangled_text_finds_its_flow_whatever_the_amount() {
        let found = best(123, "BONIF 2026 04 03 UNCRITMM 7 7 DEL TESORIERE");
        assert_eq!(found[0].0, [3]);
        let whole = best(500, "URI/2026-04-02BPPIITRR XXX-00000 00001");
        assert_eq!(whole[0], (vec![1], 100));
        assert!(whole.iter().all(|(ids, _)| !ids.is_empty()));
    }

    #[test]
    fn the_search_ends_however_many_there_are() {
        let many: Vec<Side> = (0..500)
            .map(|n| side(n, 1000 + i64::try_from(n).unwrap(), "2026-04-02", ""))
            .collect();
        let wanted = side(9999, 3_333, "2026-04-02", "");
        assert!(suggest(&wanted, &many, Cents::ZERO).len() <= SUGGESTIONS_MAX);
    }

    proptest! {
        #[test]
        fn suggestions_are_what_they_say_in_any_order(
            amount in 1i64..60,
            amounts in prop::collection::vec((1i64..40, 0u32..20), 0..14),
            tolerance in 0i64..3,
        ) {
            let others: Vec<Side> = amounts.iter().enumerate().map(|(n, (amount, day))| {
                side(u128::try_from(n).unwrap(), *amount, &format!("2026-04-{:02}", day + 1), "")
            }).collect();
            let wanted = side(999, amount, "2026-04-10", "");
            let tolerance = Cents::new(tolerance).unwrap();
            let found = suggest(&wanted, &others, tolerance);
            let mut shuffled = others.clone();
            shuffled.reverse();
            prop_assert_eq!(&suggest(&wanted, &shuffled, tolerance), &found);
            prop_assert!(found.is_sorted_by(|a, b| a.score >= b.score));
            for one in &found {
                let parts: BTreeSet<Uuid> = one.others.iter().copied().collect();
                prop_assert_eq!(parts.len(), one.others.len());
                let sum: i64 = others.iter().filter(|o| parts.contains(&o.id)).map(|o| o.amount.get()).sum();
                prop_assert_eq!(sum, one.amount.get());
                prop_assert_eq!(sum - amount, one.difference.get());
                prop_assert!(one.difference.get().abs() <= tolerance.get());
            }
            // What fits alone is always among them.
            let alone = others.iter().any(|one| one.amount.get() == amount);
            prop_assert_eq!(alone, found.iter().any(|one| one.others.len() == 1 && one.difference == Cents::ZERO));
        }
    }
}
