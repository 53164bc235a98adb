//! Search by any identifier, and by the words of what is charged for, in one call.

use crate::domain::accounting::BudgetName;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::search::{Sought, Wording};
use crate::store::search::Alike;
pub use crate::store::search::{HITS_MAX, Hit, Subject};
use crate::store::{self, Conn};

/// The name under which words are told to have matched.
const DESCRIPTION: &str = "description";
/// Most plans of services that one place in the budget is looked for in.
const PLANS_MAX: usize = 50;

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// By subject, then by identifier.
    pub hits: Vec<Hit>,
    /// Whether there may be more than was looked at.
    pub more: bool,
}

impl Found {
    /// Where there are many positions, not every payment of theirs was looked for.
    fn add(&mut self, hits: Vec<Hit>) {
        self.more |= hits.len() >= HITS_MAX;
        self.hits.extend(hits);
    }
}

/// Everything of the creditor that the text names; nothing when no identifier is left of it.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, creditor: &FiscalCode, text: &str) -> Result<Found, store::Error> {
    let Some(sought) = Sought::read(text) else {
        return Ok(Found::default());
    };
    let mut found = Found {
        hits: store::search::find(conn, creditor, &sought)?,
        more: false,
    };
    let plans = store::accounting::all(conn, creditor)?;
    for name in BudgetName::ALL {
        let issued = plans.issued_under(*name, text).into_iter();
        let mut alike: Vec<Alike> = issued.map(Alike::Issued).collect();
        found.more |= alike.len() > PLANS_MAX;
        alike.truncate(PLANS_MAX);
        found.add(store::search::of_alike(
            conn,
            creditor,
            name.as_str(),
            &alike,
        )?);
    }
    if let Some(wording) = Wording::read(text) {
        let (described, more) = store::search::descriptions(conn, creditor, &wording)?;
        found.more |= more;
        let alike: Vec<Alike> = described.into_iter().map(Alike::Described).collect();
        found.add(store::search::of_alike(
            conn,
            creditor,
            DESCRIPTION,
            &alike,
        )?);
    }
    found.hits.sort_by_key(|hit| hit.subject);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::settlement::tests::{World, town};
    use crate::domain::search::kept_words;

    #[test]
    fn words_of_what_was_charged_for_before_are_kept_once() {
        let mut world = World::new();
        let named = |conn: &mut Conn, typed: &str| {
            store::search::descriptions(conn, &town(), &Wording::read(typed).unwrap()).unwrap()
        };
        let description = world.tari.description.to_string();
        let word = kept_words(&description).pop_first().unwrap();
        assert_eq!(named(&mut world.conn, &word), (Vec::new(), false));
        for _ in 0..2 {
            store::search::keep_all_words(&mut world.conn).unwrap();
            assert_eq!(
                named(&mut world.conn, &word),
                (vec![description.clone()], false)
            );
        }
    }
}
