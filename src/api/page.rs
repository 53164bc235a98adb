//! Keyset pages: `cursor` is the key of the last item of the page before, `limit` is 1 to 200.
//!
//! Most lists are in the order of registration, so that a reader can come back for what is new. There are no totals and no links: `next_cursor` is in the body, and a
//! cursor is any identifier, so that every value the contract accepts is a place in the list.

use uuid::Uuid;

/// Items of a page when the caller does not say.
pub const LIMIT_DEFAULT: u16 = 50;
/// The most items of a page.
pub const LIMIT_MAX: u16 = 200;

/// The part of a list that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slice<K = Uuid> {
    /// Only items after this one.
    pub cursor: Option<K>,
    /// The most items.
    pub limit: u16,
}

/// [`LIMIT_DEFAULT`], for serde.
#[must_use]
pub fn limit_default() -> u16 {
    LIMIT_DEFAULT
}

impl<K: Copy> Slice<K> {
    /// How many to ask of the store: one more than shown tells whether there is a next page.
    #[must_use]
    pub fn fetch(self) -> i64 {
        i64::from(self.limit).saturating_add(1)
    }

    /// Cuts what was fetched to the page, and says the cursor of the next one.
    pub fn cut<T>(self, mut fetched: Vec<T>, id: impl Fn(&T) -> K) -> (Vec<T>, Option<K>) {
        let limit = usize::from(self.limit);
        let more = fetched.len() > limit;
        fetched.truncate(limit);
        let next = if more { fetched.last().map(id) } else { None };
        (fetched, next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_next_cursor_is_given_only_when_something_follows() {
        let slice = Slice {
            cursor: None,
            limit: 2,
        };
        assert_eq!(slice.fetch(), 3);
        let id = |n: &u128| Uuid::from_u128(*n);
        assert_eq!(
            slice.cut(vec![3, 2, 1], id),
            (vec![3, 2], Some(Uuid::from_u128(2)))
        );
        assert_eq!(slice.cut(vec![3, 2], id), (vec![3, 2], None));
        assert_eq!(slice.cut(vec![], id), (vec![], None));
    }
}
