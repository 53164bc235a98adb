//! The current code of every line, its history, and the facts that the classifier asks for.

mod facts;
mod keys;
mod row;

use std::collections::{BTreeSet, HashMap, HashSet};

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::{Array, BigInt, Date, SmallInt, Text};
use serde_json::Value;
use uuid::Uuid;

use super::conn::MANY;
use super::prepared::{among, among_ids, ending};
use super::schema::{reconciliation, reconciliation_history};
use super::types::{Guid, Id, Micros};
use super::{Conn, Error, Tx};
use crate::domain::calendar::{Day, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::reconciliation::period::ClosedBooks;
use crate::domain::reconciliation::{Code, Finding, Flag, LineKind, LineRef, Origin};

pub use facts::{NoticeFact, PaidFact, notices_around, own_payment, paid, remark};
pub(super) use keys::bearing;
use row::{CodeRow, HistoryRow};

const TABLE: &str = "reconciliation";
/// Findings compared with what is stored, and written, at a time.
const CHUNK: usize = 1000;

/// The code of a line, as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Filed {
    /// UUID version 7, the same for the life of the line.
    pub id: Uuid,
    /// Which line.
    pub line: LineRef,
    /// What holds.
    pub verdict: Verdict,
    /// Payment reference, for lines that have one.
    pub iuv: Option<String>,
    /// When it was written last.
    pub updated_at: Instant,
}

/// What was found at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The primary code.
    pub code: Code,
    /// What else is worth knowing.
    pub flags: BTreeSet<Flag>,
    /// The rule that decided.
    pub rule: String,
    /// Version of the rules.
    pub rule_version: i16,
    /// Inputs and compared amounts.
    pub explanation: Value,
    /// What the line states.
    pub amount: Cents,
    /// The day its age counts from.
    pub since: Day,
}

/// An earlier verdict on a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// UUID version 7.
    pub id: Uuid,
    /// What was found.
    pub verdict: Verdict,
    /// When it was written.
    pub recorded_at: Instant,
    /// What it came from.
    pub origin: Origin,
}

/// How findings are written down.
pub struct Recording<'a> {
    /// Gives ids.
    pub next_id: &'a dyn Fn() -> Uuid,
    /// When.
    pub now: Instant,
    /// What they come from.
    pub origin: Origin,
    /// How far the books are closed.
    pub books: ClosedBooks,
}

/// Which lines a list shows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// With one of these codes; empty shows all.
    pub codes: Vec<Code>,
    /// Of this kind.
    pub kind: Option<LineKind>,
    /// With this payment reference.
    pub iuv: Option<String>,
    /// In this state since this day or longer.
    pub since_until: Option<Day>,
    /// In this state since this day or shorter.
    pub since_from: Option<Day>,
    /// With this flag.
    pub flag: Option<Flag>,
}

/// Writes what has changed: the current code in place, every change in the history. Returns how many
/// lines changed; a finding that says what is stored already writes nothing.
///
/// # Errors
/// The database's.
pub fn record(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    findings: &[Finding],
    recording: &Recording<'_>,
) -> Result<usize, Error> {
    let mut changed = 0usize;
    for chunk in findings.chunks(CHUNK) {
        let held = current(tx, creditor, chunk)?;
        let mut seen = HashSet::with_capacity(chunk.len());
        let (mut fresh, mut other, mut moved) = (Vec::new(), Vec::new(), Vec::new());
        for finding in chunk.iter().filter(|finding| seen.insert(&finding.line)) {
            let row = CodeRow::from_domain(creditor, finding, recording)?;
            match held.get(&finding.line) {
                Some(held) => {
                    let row = row.following(held, finding, recording.books);
                    let elsewhere = row.iter().filter(|row| row.iuv != held.iuv);
                    moved.extend(elsewhere.map(|row| (row.id, row.iuv.clone())));
                    other.extend(row);
                }
                None => fresh.push(row),
            }
        }
        insert(tx, &fresh)?;
        replace(tx, creditor, &other)?;
        refer(tx, creditor, moved)?;
        changed = changed.saturating_add(fresh.len().saturating_add(other.len()));
        let steps = fresh.into_iter().chain(other);
        let history: Vec<HistoryRow> = steps
            .map(|row| HistoryRow::from_code(row, recording))
            .collect();
        append_rows!(tx, reconciliation_history::table, &history);
    }
    Ok(changed)
}

/// What is stored of these lines.
fn current(
    conn: &mut Conn,
    creditor: &FiscalCode,
    findings: &[Finding],
) -> Result<HashMap<LineRef, CodeRow>, Error> {
    let mut found = HashMap::with_capacity(findings.len());
    for kind in LineKind::ALL {
        let of_kind = findings.iter().filter(|finding| finding.line.kind == *kind);
        let keys: Vec<&str> = of_kind.map(|finding| finding.line.key.as_str()).collect();
        if keys.is_empty() {
            continue;
        }
        let rows: Vec<CodeRow> = on!(&mut *conn, |c| reconciliation::table
            .filter(reconciliation::creditor.eq(creditor.as_str()))
            .filter(reconciliation::line_kind.eq(kind.as_str()))
            .filter(among(reconciliation::line_key, &keys))
            .load(c))?;
        let keyed = |row: CodeRow| {
            let key = row.line_key.clone();
            (LineRef { kind: *kind, key }, row)
        };
        found.extend(rows.into_iter().map(keyed));
    }
    Ok(found)
}

/// What is said for the first time.
fn insert(tx: &mut Tx<'_>, rows: &[CodeRow]) -> Result<(), Error> {
    let append = |tx: &mut Tx<'_>| {
        append_rows!(tx, reconciliation::table, rows);
        Ok(())
    };
    append(tx).map_err(|error: DieselError| {
        let met = DatabaseErrorKind::UniqueViolation;
        if !matches!(&error, DieselError::DatabaseError(kind, _) if *kind == met) {
            return error.into();
        }
        Error::Changed {
            table: TABLE,
            id: "a line that another has classified meanwhile".to_owned(),
        }
    })
}

/// What is said otherwise of lines that are held. Their references are left to [`refer`]: SQLite would write each
/// to its index again, also where it is the same.
fn replace(tx: &mut Tx<'_>, creditor: &FiscalCode, rows: &[CodeRow]) -> Result<(), Error> {
    const SET: &str = " ON CONFLICT (creditor, line_kind, line_key) DO UPDATE SET \
        code = excluded.code, flags = excluded.flags, rule = excluded.rule, \
        rule_version = excluded.rule_version, explanation = excluded.explanation, \
        amount_cents = excluded.amount_cents, since = excluded.since, \
        updated_at = excluded.updated_at";
    match &mut **tx {
        Conn::Pg(c) if rows.len() >= MANY => replace_many(c, creditor, rows),
        Conn::Pg(_) | Conn::Lite(_) => {
            insert_rows!(tx, rows, |values| ending(
                diesel::insert_into(reconciliation::table).values(values),
                SET
            ));
            Ok(())
        }
    }
}

/// The same in one journey: each column is an array.
fn replace_many(
    conn: &mut PgConnection,
    creditor: &FiscalCode,
    rows: &[CodeRow],
) -> Result<(), Error> {
    fn column<'a, T>(rows: &'a [CodeRow], of: impl Fn(&'a CodeRow) -> T) -> Vec<T> {
        rows.iter().map(of).collect()
    }
    diesel::sql_query(
        "UPDATE reconciliation AS line SET code = said.code, flags = said.flags, \
         rule = said.rule, rule_version = said.rule_version, \
         explanation = CAST(said.explanation AS jsonb), amount_cents = said.amount_cents, \
         since = said.since, updated_at = said.updated_at \
         FROM unnest($2, $3, $4, $5, $6, $7, $8, $9, $10) AS said (id, code, flags, rule, \
         rule_version, explanation, amount_cents, since, updated_at) \
         WHERE line.creditor = $1 AND line.id = said.id",
    )
    .bind::<Text, _>(creditor.as_str())
    .bind::<Array<Guid>, _>(column(rows, |row| row.id))
    .bind::<Array<Text>, _>(column(rows, |row| row.code.as_str()))
    .bind::<Array<Text>, _>(column(rows, |row| row.flags.as_str()))
    .bind::<Array<Text>, _>(column(rows, |row| row.rule.as_str()))
    .bind::<Array<SmallInt>, _>(column(rows, |row| row.rule_version))
    .bind::<Array<Text>, _>(column(rows, |row| row.explanation.0.as_str()))
    .bind::<Array<BigInt>, _>(column(rows, |row| row.amount_cents))
    .bind::<Array<Date>, _>(column(rows, |row| row.since))
    .bind::<Array<Micros>, _>(column(rows, |row| row.updated_at))
    .execute(conn)?;
    Ok(())
}

/// The references of lines that are about another payment than before; an officer brings that about.
fn refer(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    moved: Vec<(Id, Option<String>)>,
) -> Result<(), Error> {
    for (id, iuv) in moved {
        on!(&mut **tx, |c| diesel::update(
            reconciliation::table.find((creditor.as_str(), id))
        )
        .set(reconciliation::iuv.eq(iuv))
        .execute(c))?;
    }
    Ok(())
}

/// The code with this id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Option<Filed>, Error> {
    let row: Option<CodeRow> = on!(&mut *conn, |c| reconciliation::table
        .find((creditor.as_str(), Id(id)))
        .get_result(c)
        .optional())?;
    Ok(shown(conn, creditor, row.into_iter().collect())?.pop())
}

/// Lines as they are shown: with what the plans of today say of their accounting keys.
fn shown(conn: &mut Conn, creditor: &FiscalCode, rows: Vec<CodeRow>) -> Result<Vec<Filed>, Error> {
    let lines = rows.into_iter().map(CodeRow::into_domain);
    keys::flag(conn, creditor, lines.collect::<Result<_, Error>>()?)
}

/// The codes with these ids.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get_all(conn: &mut Conn, creditor: &FiscalCode, ids: &[Uuid]) -> Result<Vec<Filed>, Error> {
    let ids: Vec<Id> = ids.iter().copied().map(Id).collect();
    let rows: Vec<CodeRow> = on!(&mut *conn, |c| reconciliation::table
        .filter(reconciliation::creditor.eq(creditor.as_str()))
        .filter(among_ids(reconciliation::id, &ids))
        .order(reconciliation::id)
        .load(c))?;
    shown(conn, creditor, rows)
}

/// The codes of these lines of one kind.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn of_lines(
    conn: &mut Conn,
    creditor: &FiscalCode,
    kind: LineKind,
    keys: &[&str],
) -> Result<Vec<Filed>, Error> {
    let rows: Vec<CodeRow> = on!(&mut *conn, |c| reconciliation::table
        .filter(reconciliation::creditor.eq(creditor.as_str()))
        .filter(reconciliation::line_kind.eq(kind.as_str()))
        .filter(among(reconciliation::line_key, keys))
        .order(reconciliation::id)
        .load(c))?;
    shown(conn, creditor, rows)
}

/// One page of codes, in the order the lines were first classified, after the given id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    filter: &Filter,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Filed>, Error> {
    let after = Id(after.unwrap_or_default());
    let codes: Vec<&str> = filter.codes.iter().map(|code| code.as_str()).collect();
    let rows: Vec<CodeRow> = on!(&mut *conn, |c| {
        let mut query = reconciliation::table
            .filter(reconciliation::creditor.eq(creditor.as_str()))
            .filter(reconciliation::id.gt(after))
            .order(reconciliation::id)
            .limit(limit)
            .into_boxed();
        if !codes.is_empty() {
            query = query.filter(reconciliation::code.eq_any(codes));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(reconciliation::line_kind.eq(kind.as_str()));
        }
        if let Some(iuv) = &filter.iuv {
            query = query.filter(reconciliation::iuv.eq(iuv));
        }
        if let Some(day) = filter.since_until {
            query = query.filter(reconciliation::since.le(day));
        }
        if let Some(day) = filter.since_from {
            query = query.filter(reconciliation::since.ge(day));
        }
        if let Some(flag) = filter.flag {
            query = query.filter(bearing(flag));
        }
        query.load(c)
    })?;
    shown(conn, creditor, rows)
}

/// How many rows have a code, and what they come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeCount {
    /// The code.
    pub code: Code,
    /// How many.
    pub count: i64,
    /// Their sum.
    pub amount: Cents,
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = BigInt)]
    lines: i64,
    #[diesel(sql_type = BigInt)]
    total_cents: i64,
}

/// Counts the codes of the flow rows whose key begins with `psp/flow/revision/`.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn counts(
    conn: &mut Conn,
    creditor: &FiscalCode,
    prefix: &str,
) -> Result<Vec<CodeCount>, Error> {
    // `0` is the character after `/`.
    let end = format!("{}0", prefix.trim_end_matches('/'));
    let rows: Vec<CountRow> = on!(conn, |c| diesel::sql_query(
        "SELECT code, COUNT(*) AS lines, CAST(SUM(amount_cents) AS BIGINT) AS total_cents \
         FROM reconciliation WHERE creditor = $1 AND line_kind = $2 AND line_key >= $3 \
         AND line_key < $4 GROUP BY code"
    )
    .bind::<Text, _>(creditor.as_str())
    .bind::<Text, _>(LineKind::FlowLine.as_str())
    .bind::<Text, _>(prefix)
    .bind::<Text, _>(&end)
    .load(c))?;
    let mut counts = Vec::with_capacity(rows.len());
    for row in rows {
        let corrupt = |why: &'static str| Error::corrupt(TABLE, prefix, why);
        counts.push(CodeCount {
            code: Code::from_name(&row.code).ok_or_else(|| corrupt("code"))?,
            count: row.lines,
            amount: Cents::new(row.total_cents).map_err(|_range| corrupt("sum"))?,
        });
    }
    counts.sort_by_key(|count| count.code);
    Ok(counts)
}

/// One page of the verdicts on a line, oldest first, after the given id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn history(
    conn: &mut Conn,
    creditor: &FiscalCode,
    line: &LineRef,
    (after, limit): (Option<Uuid>, i64),
) -> Result<Vec<Past>, Error> {
    let after = Id(after.unwrap_or_default());
    let rows: Vec<HistoryRow> = on!(conn, |c| reconciliation_history::table
        .filter(reconciliation_history::creditor.eq(creditor.as_str()))
        .filter(reconciliation_history::line_kind.eq(line.kind.as_str()))
        .filter(reconciliation_history::line_key.eq(&line.key))
        .filter(reconciliation_history::id.gt(after))
        .order(reconciliation_history::id)
        .limit(limit)
        .load(c))?;
    rows.into_iter().map(HistoryRow::into_domain).collect()
}
