//! A small seeded generator (splitmix64). Every "random" choice of the gateway is drawn from the
//! seed and the identity of the thing it is about, never from a shared stream, so the order in
//! which things arrive cannot change what happens to them.

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// One stream of numbers, bound to the seed and to a name.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The stream of `parts` under `seed`. Parts are kept apart, so `["ab", "c"]` is not `["a", "bc"]`.
    pub(crate) fn of(seed: u64, parts: &[&str]) -> Self {
        let mut hash = 0xCBF2_9CE4_8422_2325_u64 ^ mix(seed.wrapping_add(GOLDEN));
        for part in parts {
            for byte in part.bytes().chain(std::iter::once(0xFF)) {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
            }
        }
        Self(mix(hash))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number in `0..bound`; 0 when the bound is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next()) * u128::from(bound);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A number in the closed range `low..=high`; `low` when the range is empty.
    pub(crate) fn between(&mut self, low: u64, high: u64) -> u64 {
        let width = high.saturating_sub(low).saturating_add(1);
        low.saturating_add(self.below(width))
    }

    /// True in `per_mille` cases of a thousand.
    pub(crate) fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < u64::from(per_mille)
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let length = u64::try_from(from.len()).unwrap_or(0);
        usize::try_from(self.below(length))
            .ok()
            .and_then(|index| from.get(index))
    }

    /// Thirty-two hexadecimal digits: the shape of a payment token.
    pub(crate) fn token(&mut self) -> String {
        format!("{:016x}{:016x}", self.next(), self.next())
    }
}

fn mix(value: u64) -> u64 {
    let mut mixed = value;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn the_same_name_gives_the_same_stream() {
        let first: Vec<u64> = {
            let mut r = Rng::of(7, &["a", "b"]);
            (0..5).map(|_| r.next()).collect()
        };
        let again: Vec<u64> = {
            let mut r = Rng::of(7, &["a", "b"]);
            (0..5).map(|_| r.next()).collect()
        };
        assert_eq!(first, again);
        assert_ne!(Rng::of(7, &["ab"]).next(), Rng::of(7, &["a", "b"]).next());
        assert_ne!(Rng::of(7, &["a"]).next(), Rng::of(8, &["a"]).next());
    }

    #[test]
    fn ranges_are_closed_and_covered() {
        let mut rng = Rng::of(1, &["range"]);
        let mut seen = [false; 4];
        for _ in 0..200 {
            let value = rng.between(3, 6);
            assert!((3..=6).contains(&value));
            seen[usize::try_from(value).unwrap() - 3] = true;
        }
        assert_eq!(seen, [true; 4]);
        assert_eq!(rng.below(0), 0);
        assert_eq!(rng.token().len(), 32);
    }
}
