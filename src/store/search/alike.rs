//! Positions that have something in common, and their payments: however many there are, only the first are
//! read.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Text};

use super::{HITS_MAX, Hit, Subject};
use crate::domain::accounting::Issued;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::search::{Wording, kept_words};
use crate::store::reports::Period;
use crate::store::schema::{description_word, position};
use crate::store::types::{Guid, Id};
use crate::store::{Conn, Error, Tx};

/// Positions of one kind that are held against receipts: of a roll on which nobody has paid yet there is no end.
const EXAMINED_MAX: i64 = 5000;
/// Words read in one go, and how often.
const PAGE: i64 = 1000;
const PAGES_MAX: usize = 10;

/// What positions have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alike {
    /// Their service, and when they were issued.
    Issued(Issued),
    /// Their description.
    Described(String),
}

impl Alike {
    /// The condition from the parameter of that number on, and the number after it. As a range and not as an
    /// equality, together with [`Alike::order`], it leaves PostgreSQL the index alone: of plans made before the
    /// values are known it takes others for cheaper, which read every position.
    fn condition(&self, next: usize) -> (String, usize) {
        let place = |more: usize| next.saturating_add(more);
        match self {
            Alike::Issued(_) => {
                let days = (place(1), place(2));
                let days = format!("issued_on >= ${} AND issued_on <= ${}", days.0, days.1);
                let service = format!("service_code BETWEEN ${next} AND ${next}");
                (format!("{service} AND {days}"), place(3))
            }
            Alike::Described(_) => (format!("description BETWEEN ${next} AND ${next}"), place(1)),
        }
    }

    /// The order of the index.
    fn order(&self) -> &'static str {
        match self {
            Alike::Issued(_) => "service_code, id",
            Alike::Described(_) => "description, id",
        }
    }

    /// The order in which the first are most likely those that are wanted.
    fn order_shown(&self) -> &'static str {
        match self {
            Alike::Issued(issued) if issued.on.until.is_none() => "service_code DESC, id DESC",
            Alike::Issued(_) | Alike::Described(_) => self.order(),
        }
    }
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Guid)]
    id: Id,
}

/// The question for the ids of one subject.
fn question(subject: Subject, alike: &[Alike]) -> String {
    let mut next = 2;
    let mut arms = Vec::with_capacity(alike.len());
    for (nth, one) in alike.iter().enumerate() {
        let (condition, after) = one.condition(next);
        next = after;
        let positions = "SELECT id FROM position WHERE creditor = $1";
        arms.push(match subject {
            Subject::Payment => format!(
                "SELECT r.id AS id FROM ({positions} AND {condition} ORDER BY {} LIMIT {EXAMINED_MAX}) a{nth} \
                 CROSS JOIN receipt r WHERE r.creditor = $1 AND r.position_id = a{nth}.id",
                one.order()
            ),
            Subject::Position | Subject::Flow | Subject::Treasury => {
                let order = one.order_shown();
                format!(
                    "SELECT id FROM ({positions} AND {condition} ORDER BY {order} LIMIT {HITS_MAX}) a{nth}"
                )
            }
        });
    }
    format!("{} LIMIT {HITS_MAX}", arms.join(" UNION ALL "))
}

/// The first positions that are alike in one of these ways, and the first payments of such positions.
///
/// # Errors
/// The database's.
pub fn of_alike(
    conn: &mut Conn,
    creditor: &FiscalCode,
    matched: &str,
    alike: &[Alike],
) -> Result<Vec<Hit>, Error> {
    let mut hits = Vec::new();
    if alike.is_empty() {
        return Ok(hits);
    }
    for subject in [Subject::Position, Subject::Payment] {
        let asked = question(subject, alike);
        let rows: Vec<Found> = on!(&mut *conn, |c| {
            let query = diesel::sql_query(asked).into_boxed();
            let mut query = query.bind::<Text, _>(creditor.as_str());
            for one in alike {
                query = match one {
                    Alike::Issued(issued) => query
                        .bind::<Text, _>(issued.service_code.as_str())
                        .bind::<Date, _>(issued.on.from)
                        .bind::<Date, _>(issued.on.until.unwrap_or(Period::EVER.to)),
                    Alike::Described(description) => query.bind::<Text, _>(description.as_str()),
                };
            }
            query.load(c)
        })?;
        let mut ids: Vec<Id> = rows.into_iter().map(|row| row.id).collect();
        ids.sort_by_key(|id| id.0);
        hits.extend(ids.into_iter().map(|id| Hit {
            subject,
            id: id.0,
            matched: matched.to_owned(),
        }));
    }
    Ok(hits)
}

/// Keeps the words of a description. Those of one that is known are there.
///
/// # Errors
/// The database's.
pub fn keep_words(tx: &mut Tx<'_>, creditor: &FiscalCode, description: &str) -> Result<(), Error> {
    let words = kept_words(description);
    let row = |word: &String| {
        (
            description_word::creditor.eq(creditor.to_string()),
            description_word::word.eq(word.clone()),
            description_word::description.eq(description.to_owned()),
        )
    };
    let rows: Vec<_> = words.iter().map(row).collect();
    let (first, others) = rows.split_at(rows.len().min(1));
    for some in [first, others] {
        let made = insert_rows!(tx, some, |values| diesel::insert_into(
            description_word::table
        )
        .values(values)
        .on_conflict_do_nothing());
        if made == 0 {
            break;
        }
    }
    Ok(())
}

/// Keeps the words of what was charged for before they were kept.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn keep_all_words(conn: &mut Conn) -> Result<(), Error> {
    let creditors: Vec<String> = on!(&mut *conn, |c| position::table
        .select(position::creditor)
        .distinct()
        .load(c))?;
    for code in creditors {
        let creditor = FiscalCode::parse(&code);
        let creditor = creditor.map_err(|why| Error::corrupt("position", &code, why))?;
        let mut after = String::new();
        loop {
            let page: Vec<String> = on!(&mut *conn, |c| position::table
                .filter(position::creditor.eq(&code))
                .filter(position::description.gt(&after))
                .select(position::description)
                .distinct()
                .order(position::description)
                .limit(PAGE)
                .load(c))?;
            let Some(last) = page.last() else { break };
            after.clone_from(last);
            conn.write(|tx| {
                let mut found = page.iter();
                found.try_for_each(|description| keep_words(tx, &creditor, description))
            })?;
        }
    }
    Ok(())
}

/// Descriptions that have the words, [`HITS_MAX`] at most, and whether there may be more.
///
/// # Errors
/// The database's.
pub fn descriptions(
    conn: &mut Conn,
    creditor: &FiscalCode,
    wording: &Wording,
) -> Result<(Vec<String>, bool), Error> {
    let rarest = rarest(conn, creditor, wording)?;
    let end = end_of(rarest);
    let mut after = (rarest.to_owned(), String::new());
    let mut found = BTreeSet::new();
    for _ in 0..PAGES_MAX {
        let page = words_after(conn, creditor, &after, &end)?;
        let Some(last) = page.last() else {
            return Ok((found.into_iter().collect(), false));
        };
        after = (last.word.clone(), last.description.clone());
        for one in page {
            if found.len() < HITS_MAX && wording.fits(&one.description) {
                found.insert(one.description);
            }
        }
        if found.len() >= HITS_MAX {
            break;
        }
    }
    Ok((found.into_iter().collect(), true))
}

/// What comes after every word that begins so.
fn end_of(word: &str) -> String {
    format!("{word}{}", char::MAX)
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
    #[diesel(sql_type = Text)]
    description: String,
}

fn words_after(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (word, description): &(String, String),
    end: &str,
) -> Result<Vec<Word>, Error> {
    Ok(on!(conn, |c| diesel::sql_query(
        "SELECT word, description FROM description_word WHERE creditor = $1 \
         AND (word, description) > ($2, $3) AND word < $4 ORDER BY word, description LIMIT $5"
    )
    .bind::<Text, _>(creditor.as_str())
    .bind::<Text, _>(word)
    .bind::<Text, _>(description)
    .bind::<Text, _>(end)
    .bind::<BigInt, _>(PAGE)
    .load(c))?)
}

#[derive(QueryableByName)]
struct Frequency {
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(sql_type = BigInt)]
    uses: i64,
}

/// The word with the fewest descriptions, as far as one page tells.
fn rarest<'w>(
    conn: &mut Conn,
    creditor: &FiscalCode,
    wording: &'w Wording,
) -> Result<&'w str, Error> {
    let words = &wording.useful;
    let arm = |nth: usize| {
        let begin = nth.saturating_mul(2).saturating_add(2);
        format!(
            "SELECT CAST({nth} AS BIGINT) AS place, COUNT(*) AS uses FROM (SELECT 1 AS one FROM description_word \
             WHERE creditor = $1 AND word >= ${begin} AND word < ${} ORDER BY word, description LIMIT {PAGE}) w{nth}",
            begin.saturating_add(1)
        )
    };
    let arms: Vec<String> = (0..words.len()).map(arm).collect();
    let ends: Vec<String> = words.iter().map(|word| end_of(word)).collect();
    let counted: Vec<Frequency> = on!(conn, |c| {
        let query = diesel::sql_query(arms.join(" UNION ALL ")).into_boxed();
        let mut query = query.bind::<Text, _>(creditor.as_str());
        for (word, end) in words.iter().zip(&ends) {
            query = query
                .bind::<Text, _>(word.as_str())
                .bind::<Text, _>(end.as_str());
        }
        query.load(c)
    })?;
    let least = counted.iter().min_by_key(|one| (one.uses, one.place));
    let place = least.and_then(|one| usize::try_from(one.place).ok());
    let word = words.get(place.unwrap_or_default());
    Ok(word.map_or("", String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::creditor::Validity;
    use crate::store::conn::Access;

    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        detail: String,
    }

    #[test]
    fn what_is_alike_is_read_through_an_index_in_its_order() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("db.sqlite").display());
        Conn::open(&url, Access::Write).unwrap().migrate().unwrap();
        // What the planner is told of the tables, a connection reads when it opens.
        let mut conn = Conn::open(&url, Access::Write).unwrap();
        let Conn::Lite(c) = &mut conn else {
            panic!("SQLite only")
        };
        let days = |until: Option<&str>| Validity {
            from: "2026-01-01".parse().unwrap(),
            until: until.map(|day| day.parse().unwrap()),
        };
        let issued = |until| {
            Alike::Issued(Issued {
                service_code: "TARI".to_owned(),
                on: days(until),
            })
        };
        let alike = [
            issued(None),
            issued(Some("2026-12-31")),
            Alike::Described("TARI".to_owned()),
        ];
        for subject in [Subject::Position, Subject::Payment] {
            let asked = question(subject, &alike);
            let literal = (1..=8)
                .rev()
                .fold(asked, |sql, n| sql.replace(&format!("${n}"), "'x'"));
            let steps: Vec<Step> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {literal}"))
                .load(c)
                .unwrap();
            let told: Vec<&str> = steps.iter().map(|step| step.detail.as_str()).collect();
            let reads = |index: &str| told.iter().filter(|step| step.contains(index)).count();
            assert_eq!(
                reads("position_by_service (creditor=? AND service_code>?"),
                2,
                "{told:?}"
            );
            assert_eq!(
                reads("position_by_description (creditor=? AND description>?"),
                1,
                "{told:?}"
            );
            let receipts = if subject == Subject::Payment { 3 } else { 0 };
            assert_eq!(
                reads("receipt_by_position (creditor=? AND position_id=?"),
                receipts,
                "{told:?}"
            );
            assert_eq!(reads("TEMP B-TREE"), 0, "{told:?}");
        }
    }
}
