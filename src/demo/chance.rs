//! Repeatable chance: every draw depends on the seed and on words, never on the order of the draws.

/// A stream of draws (splitmix64) that begins at the seed and some words.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The stream of these words.
    pub(crate) fn of(seed: u64, words: &[&str]) -> Chance {
        // FNV-1a over the words, each closed by a byte that no word contains.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for word in words {
            for byte in word.bytes().chain(std::iter::once(0xff)) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
        Chance(hash)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `0` to `end - 1`; zero when there is none.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// A number in the closed range.
    pub(crate) fn between(&mut self, from: i64, to: i64) -> i64 {
        let span = u64::try_from(to.saturating_sub(from)).unwrap_or(0);
        let step = i64::try_from(self.below(span.saturating_add(1))).unwrap_or(0);
        from.saturating_add(step)
    }

    /// True so many times in a hundred.
    pub(crate) fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// One of these; the first of an empty choice is the default.
    pub(crate) fn pick<'a>(&mut self, choice: &[&'a str]) -> &'a str {
        let len = u64::try_from(choice.len()).unwrap_or(0);
        let at = usize::try_from(self.below(len)).unwrap_or(0);
        choice.get(at).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn the_same_words_draw_the_same_and_other_words_draw_something_else() {
        let draw = |words: &[&str]| Chance::of(2026, words).between(1, 1_000_000);
        assert_eq!(draw(&["a", "b"]), draw(&["a", "b"]));
        assert_ne!(draw(&["a", "b"]), draw(&["ab"]));
        assert_ne!(draw(&["a"]), Chance::of(2027, &["a"]).between(1, 1_000_000));
    }

    #[test]
    fn draws_stay_in_their_range_and_reach_both_ends() {
        let mut chance = Chance::of(1, &["range"]);
        let drawn: std::collections::BTreeSet<i64> =
            (0..200).map(|_| chance.between(-1, 2)).collect();
        assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [-1, 0, 1, 2]);
        assert_eq!(chance.below(0), 0);
        assert_eq!(chance.pick(&[]), "");
    }
}
