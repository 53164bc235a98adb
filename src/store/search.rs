//! Search by any identifier: one question over the indexes that hold identifiers.

mod alike;

use std::collections::BTreeSet;

pub use alike::{Alike, descriptions, keep_all_words, keep_words, of_alike};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use uuid::Uuid;

use super::schema::position_mark;
use super::types::{Guid, Id};
use super::{Conn, Error, Tx};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::search::{MarkKind, Sought};

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A debt position.
    Position,
    /// A payment: a receipt.
    Payment,
    /// A settlement flow, any revision.
    Flow,
    /// A treasury entry.
    Treasury,
}

/// One thing found, and by which of its identifiers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hit {
    /// What it is.
    pub subject: Subject,
    /// Its id.
    pub id: Uuid,
    /// The identifier that is equal.
    pub matched: String,
}

/// Hits of one identifier at most: a tax code may have thousands of positions.
pub const HITS_MAX: usize = 50;

/// Keeps the marks of a position.
///
/// # Errors
/// The database's.
pub fn keep_marks(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    position: Uuid,
    marks: &BTreeSet<(MarkKind, String)>,
) -> Result<(), Error> {
    let rows: Vec<_> = marks
        .iter()
        .map(|(kind, mark)| {
            (
                position_mark::creditor.eq(creditor.as_str()),
                position_mark::mark.eq(mark.as_str()),
                position_mark::kind.eq(kind.as_str()),
                position_mark::position_id.eq(Id(position)),
            )
        })
        .collect();
    let _made: usize = insert_rows!(tx, &rows, |values| diesel::insert_into(
        position_mark::table
    )
    .values(values)
    .on_conflict_do_nothing());
    Ok(())
}

/// The positions with a mark of a kind.
macro_rules! positions_marked {
    ($kind:literal) => {
        concat!(
            "SELECT position_id AS id FROM position_mark WHERE creditor = $1 AND mark = $4 AND kind = '",
            $kind,
            "'"
        )
    };
}

/// The payments of positions with a mark of a kind.
macro_rules! payments_marked {
    ($kind:literal) => {
        concat!(
            "SELECT r.id AS id FROM position_mark m \
             JOIN notice n ON n.creditor = m.creditor AND n.position_id = m.position_id \
             JOIN receipt r ON r.creditor = n.creditor AND r.notice_number = n.number \
             WHERE m.creditor = $1 AND m.mark = $4 AND m.kind = '",
            $kind,
            "'"
        )
    };
}

/// Every place that holds an identifier: what it finds, the name of the identifier, and the question for its
/// ids. `$1` is the creditor, `$2` the text as typed, `$3` joined, `$4` normalised, `$5` the number.
const PLACES: &[(Subject, &str, &str)] = &[
    (
        Subject::Position,
        "notice_number",
        "SELECT position_id AS id FROM notice WHERE creditor = $1 AND number = $3",
    ),
    (
        Subject::Position,
        "iuv",
        "SELECT position_id AS id FROM notice WHERE creditor = $1 AND iuv = $3",
    ),
    (
        Subject::Position,
        "reference",
        "SELECT id FROM position WHERE creditor = $1 AND reference = $2",
    ),
    (
        Subject::Position,
        "debtor_tax_code",
        "SELECT id FROM position WHERE creditor = $1 AND debtor_tax_code = $3",
    ),
    (Subject::Position, "plate", positions_marked!("plate")),
    (
        Subject::Position,
        "report_number",
        positions_marked!("report"),
    ),
    (
        Subject::Position,
        "person_tax_code",
        positions_marked!("person"),
    ),
    (Subject::Position, "code", positions_marked!("code")),
    (
        Subject::Payment,
        "receipt_id",
        "SELECT id FROM receipt WHERE creditor = $1 AND receipt_id = $2",
    ),
    (
        Subject::Payment,
        "notice_number",
        "SELECT id FROM receipt WHERE creditor = $1 AND notice_number = $3",
    ),
    (
        Subject::Payment,
        "iuv",
        "SELECT id FROM receipt WHERE creditor = $1 AND iuv = $3",
    ),
    (
        Subject::Payment,
        "debtor_tax_code",
        "SELECT r.id AS id FROM position p JOIN notice n ON n.creditor = p.creditor AND n.position_id = p.id \
         JOIN receipt r ON r.creditor = n.creditor AND r.notice_number = n.number \
         WHERE p.creditor = $1 AND p.debtor_tax_code = $3",
    ),
    (Subject::Payment, "plate", payments_marked!("plate")),
    (
        Subject::Payment,
        "report_number",
        payments_marked!("report"),
    ),
    (
        Subject::Payment,
        "person_tax_code",
        payments_marked!("person"),
    ),
    (Subject::Payment, "code", payments_marked!("code")),
    (
        Subject::Flow,
        "flow_id",
        "SELECT id FROM flow WHERE creditor = $1 AND flow_key = $3",
    ),
    (
        Subject::Flow,
        "regulation",
        "SELECT id FROM flow WHERE creditor = $1 AND regulation = $2",
    ),
    (
        Subject::Flow,
        "iuv",
        "SELECT flow AS id FROM flow_line WHERE creditor = $1 AND iuv = $3",
    ),
    (
        Subject::Flow,
        "receipt_id",
        "SELECT flow AS id FROM flow_line WHERE creditor = $1 AND iur = $2",
    ),
    (
        Subject::Treasury,
        "flow_id",
        "SELECT id FROM treasury_entry WHERE creditor = $1 AND matched_key = $3",
    ),
    (
        Subject::Treasury,
        "reference",
        "SELECT id FROM treasury_entry WHERE creditor = $1 AND reference = $3",
    ),
    (
        Subject::Treasury,
        "bank_reference",
        "SELECT id FROM treasury_entry WHERE creditor = $1 AND bank_reference = $2",
    ),
    (
        Subject::Treasury,
        "provisional_number",
        "SELECT id FROM treasury_entry WHERE creditor = $1 AND provisional = $5",
    ),
];

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(sql_type = Guid)]
    id: Id,
}

/// Everything of the creditor that one of its identifiers names, [`HITS_MAX`] at most of each identifier,
/// in the order of the places and of registration.
///
/// # Errors
/// The database's.
pub fn find(conn: &mut Conn, creditor: &FiscalCode, sought: &Sought) -> Result<Vec<Hit>, Error> {
    let places = PLACES.iter().enumerate().map(|(place, (_, _, question))| {
        // `$1` to `$5` first appear in this order, as both databases number them.
        format!(
            "SELECT CAST({place} AS BIGINT) AS place, f{place}.id AS id FROM \
             (SELECT DISTINCT q.id AS id FROM ({question}) q ORDER BY 1 LIMIT {HITS_MAX}) f{place}"
        )
    });
    let places: Vec<String> = places.collect();
    let asked = format!(
        "WITH sought AS (SELECT CAST($1 AS TEXT) AS a, CAST($2 AS TEXT) AS b, CAST($3 AS TEXT) AS c, \
         CAST($4 AS TEXT) AS d, CAST($5 AS BIGINT) AS e) {} ORDER BY 1, 2",
        places.join(" UNION ALL ")
    );
    let rows: Vec<Found> = on!(conn, |c| diesel::sql_query(asked)
        .bind::<Text, _>(creditor.as_str())
        .bind::<Text, _>(&sought.typed)
        .bind::<Text, _>(&sought.joined)
        .bind::<Text, _>(&sought.normalised)
        .bind::<Nullable<BigInt>, _>(sought.number)
        .load(c))?;
    let hits = rows.into_iter().filter_map(|row| {
        let (subject, matched, _) = PLACES.get(usize::try_from(row.place).ok()?)?;
        Some(Hit {
            subject: *subject,
            id: row.id.0,
            matched: (*matched).to_owned(),
        })
    });
    Ok(hits.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::conn::Access;

    #[derive(QueryableByName)]
    struct Step {
        #[diesel(sql_type = Text)]
        detail: String,
    }

    #[test]
    fn every_place_is_asked_through_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("db.sqlite").display());
        Conn::open(&url, Access::Write).unwrap().migrate().unwrap();
        // What the planner is told of the tables, a connection reads when it opens.
        let mut conn = Conn::open(&url, Access::Write).unwrap();
        let Conn::Lite(c) = &mut conn else {
            panic!("SQLite only")
        };
        for (_, name, question) in PLACES {
            let literal = ["$1", "$2", "$3", "$4"].iter();
            let asked = literal.fold((*question).to_owned(), |sql, p| sql.replace(p, "'x'"));
            let asked = format!("EXPLAIN QUERY PLAN {}", asked.replace("$5", "5"));
            let steps: Vec<Step> = diesel::sql_query(asked).load(c).unwrap();
            assert!(!steps.is_empty());
            for step in steps {
                assert!(
                    step.detail.starts_with("SEARCH") && step.detail.matches("=?").count() >= 2,
                    "{name}: {}",
                    step.detail
                );
            }
        }
    }
}
