//! The current code of every line, its history, and the facts that the classifier asks for.

mod facts;

use std::collections::{BTreeSet, HashMap};

use diesel::prelude::*;
use diesel::upsert::excluded;
use serde_json::{Value, json};
use uuid::Uuid;

use super::prepared::{among, among_ids};
use super::schema::{reconciliation, reconciliation_history};
use super::types::{At, Id, Json};
use super::{Conn, Error, Tx};
use crate::domain::calendar::{Day, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::reconciliation::{
    Cause, Code, Explanation, Finding, Flag, LineKind, LineRef, Origin, RULES_VERSION,
};

pub use facts::{NoticeFact, PaidFact, notices_around, paid};

const TABLE: &str = "reconciliation";
/// Findings compared with what is stored, and written, at a time.
const CHUNK: usize = 1000;

#[derive(Queryable, Insertable, Clone)]
#[diesel(table_name = reconciliation, treat_none_as_default_value = false)]
struct CodeRow {
    creditor: String,
    id: Id,
    line_kind: String,
    line_key: String,
    code: String,
    flags: String,
    rule: String,
    rule_version: i16,
    explanation: Json,
    amount_cents: i64,
    since: Day,
    iuv: Option<String>,
    updated_at: At,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = reconciliation_history, treat_none_as_default_value = false)]
struct HistoryRow {
    creditor: String,
    line_kind: String,
    line_key: String,
    id: Id,
    code: String,
    flags: String,
    rule: String,
    rule_version: i16,
    explanation: Json,
    amount_cents: i64,
    since: Day,
    recorded_at: At,
    cause: String,
    decision: Option<Id>,
    actor: Option<Id>,
}

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
    let Recording { next_id, now, .. } = *recording;
    let mut changed = 0usize;
    for chunk in findings.chunks(CHUNK) {
        let mut found: Vec<CodeRow> = chunk
            .iter()
            .map(|finding| CodeRow::from_domain(creditor, next_id(), finding, now))
            .collect();
        // Mostly all of it is said for the first time.
        let new = insert_rows!(tx, &found, |c, values| diesel::insert_into(
            reconciliation::table
        )
        .values(values)
        .on_conflict_do_nothing()
        .execute(c));
        if new < found.len() {
            let held = current(tx, creditor, chunk)?;
            let mut other = Vec::new();
            found.retain_mut(|row| {
                match held.get(&(row.line_kind.clone(), row.line_key.clone())) {
                    Some(held) if held.id != row.id => {
                        row.id = held.id;
                        let differs = !held.says_the_same(row);
                        other.extend(differs.then(|| row.clone()));
                        differs
                    }
                    Some(_) | None => true,
                }
            });
            upsert(tx, &other)?;
        }
        changed = changed.saturating_add(found.len());
        let history: Vec<HistoryRow> = found
            .into_iter()
            .map(|row| HistoryRow::from_code(row, recording))
            .collect();
        insert_rows!(tx, &history, |c, values| diesel::insert_into(
            reconciliation_history::table
        )
        .values(values)
        .execute(c));
    }
    Ok(changed)
}

/// What is stored of these lines, by kind and key.
fn current(
    conn: &mut Conn,
    creditor: &FiscalCode,
    findings: &[Finding],
) -> Result<HashMap<(String, String), CodeRow>, Error> {
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
        let keyed = |row: CodeRow| ((row.line_kind.clone(), row.line_key.clone()), row);
        found.extend(rows.into_iter().map(keyed));
    }
    Ok(found)
}

fn upsert(tx: &mut Tx<'_>, rows: &[CodeRow]) -> Result<(), Error> {
    insert_rows!(tx, rows, |c, values| diesel::insert_into(
        reconciliation::table
    )
    .values(values)
    .on_conflict((
        reconciliation::creditor,
        reconciliation::line_kind,
        reconciliation::line_key
    ))
    .do_update()
    .set((
        reconciliation::code.eq(excluded(reconciliation::code)),
        reconciliation::flags.eq(excluded(reconciliation::flags)),
        reconciliation::rule.eq(excluded(reconciliation::rule)),
        reconciliation::rule_version.eq(excluded(reconciliation::rule_version)),
        reconciliation::explanation.eq(excluded(reconciliation::explanation)),
        reconciliation::amount_cents.eq(excluded(reconciliation::amount_cents)),
        reconciliation::since.eq(excluded(reconciliation::since)),
        reconciliation::iuv.eq(excluded(reconciliation::iuv)),
        reconciliation::updated_at.eq(excluded(reconciliation::updated_at)),
    ))
    .execute(c));
    Ok(())
}

/// The code with this id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Option<Filed>, Error> {
    let row: Option<CodeRow> = on!(conn, |c| reconciliation::table
        .find((creditor.as_str(), Id(id)))
        .get_result(c)
        .optional())?;
    row.map(CodeRow::into_domain).transpose()
}

/// The codes with these ids.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get_all(conn: &mut Conn, creditor: &FiscalCode, ids: &[Uuid]) -> Result<Vec<Filed>, Error> {
    let ids: Vec<Id> = ids.iter().copied().map(Id).collect();
    let rows: Vec<CodeRow> = on!(conn, |c| reconciliation::table
        .filter(reconciliation::creditor.eq(creditor.as_str()))
        .filter(among_ids(reconciliation::id, &ids))
        .order(reconciliation::id)
        .load(c))?;
    rows.into_iter().map(CodeRow::into_domain).collect()
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
    let rows: Vec<CodeRow> = on!(conn, |c| reconciliation::table
        .filter(reconciliation::creditor.eq(creditor.as_str()))
        .filter(reconciliation::line_kind.eq(kind.as_str()))
        .filter(among(reconciliation::line_key, keys))
        .order(reconciliation::id)
        .load(c))?;
    rows.into_iter().map(CodeRow::into_domain).collect()
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
    let rows: Vec<CodeRow> = on!(conn, |c| {
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
        query.load(c)
    })?;
    rows.into_iter().map(CodeRow::into_domain).collect()
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
    #[diesel(sql_type = diesel::sql_types::Text)]
    code: String,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    lines: i64,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
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
    .bind::<diesel::sql_types::Text, _>(creditor.as_str())
    .bind::<diesel::sql_types::Text, _>(LineKind::FlowLine.as_str())
    .bind::<diesel::sql_types::Text, _>(prefix)
    .bind::<diesel::sql_types::Text, _>(&end)
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

fn flags_text(flags: &BTreeSet<Flag>) -> String {
    flags
        .iter()
        .map(|flag| flag.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

fn read_flags(text: &str) -> Option<BTreeSet<Flag>> {
    text.split_whitespace().map(Flag::from_name).collect()
}

fn explanation_json(found: &Explanation) -> Value {
    let compared: Vec<Value> = found
        .compared
        .iter()
        .map(|pair| {
            let difference = pair.left.minus(pair.right).map_or(0, Cents::get);
            json!({
                "what": pair.what,
                "left_cents": pair.left.get(),
                "right_cents": pair.right.get(),
                "difference_cents": difference,
            })
        })
        .collect();
    let mut inputs = json!({
        "notices": found.notices,
        "receipts": found.receipts,
        "flow_lines": found.flow_lines,
        "credits": found.credits,
        "candidates": found.candidates,
    });
    if !found.companions.is_empty() {
        insert(&mut inputs, "companions", json!(found.companions));
    }
    let mut explanation = json!({ "inputs": inputs, "compared": compared });
    if let Some(forced) = found.forced {
        let closed = json!({
            "reconciliation_decision_id": forced.by.decision,
            "reason": forced.by.reason.as_str(),
            "instead_of": forced.instead_of.as_str().to_ascii_lowercase(),
        });
        insert(&mut explanation, "closed_by", closed);
    }
    explanation
}

fn insert(object: &mut Value, key: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(key.to_owned(), value);
    }
}

impl CodeRow {
    fn from_domain(creditor: &FiscalCode, id: Uuid, finding: &Finding, now: Instant) -> CodeRow {
        CodeRow {
            creditor: creditor.to_string(),
            id: Id(id),
            line_kind: finding.line.kind.to_string(),
            line_key: finding.line.key.clone(),
            code: finding.code.to_string(),
            flags: flags_text(&finding.flags),
            rule: finding.rule.to_owned(),
            rule_version: RULES_VERSION,
            explanation: Json(explanation_json(&finding.explanation)),
            amount_cents: finding.amount.get(),
            since: finding.since,
            iuv: finding.iuv.clone(),
            updated_at: At(now),
        }
    }

    fn says_the_same(&self, other: &CodeRow) -> bool {
        self.code == other.code
            && self.flags == other.flags
            && self.rule == other.rule
            && self.rule_version == other.rule_version
            && self.amount_cents == other.amount_cents
            && self.since == other.since
            && self.iuv == other.iuv
            && self.explanation == other.explanation
    }

    fn into_domain(self) -> Result<Filed, Error> {
        let id = self.id.0;
        let kind = LineKind::from_name(&self.line_kind)
            .ok_or_else(|| Error::corrupt(TABLE, id, "line kind"))?;
        Ok(Filed {
            id,
            line: LineRef {
                kind,
                key: self.line_key,
            },
            verdict: Verdict {
                code: Code::from_name(&self.code)
                    .ok_or_else(|| Error::corrupt(TABLE, id, "code"))?,
                flags: read_flags(&self.flags).ok_or_else(|| Error::corrupt(TABLE, id, "flags"))?,
                rule: self.rule,
                rule_version: self.rule_version,
                explanation: self.explanation.0,
                amount: Cents::new(self.amount_cents)
                    .map_err(|why| Error::corrupt(TABLE, id, why))?,
                since: self.since,
            },
            iuv: self.iuv,
            updated_at: self.updated_at.0,
        })
    }
}

impl HistoryRow {
    fn from_code(row: CodeRow, recording: &Recording<'_>) -> HistoryRow {
        let Origin {
            cause,
            decision,
            actor,
        } = recording.origin;
        HistoryRow {
            cause: cause.to_string(),
            decision: decision.map(Id),
            actor: actor.map(Id),
            creditor: row.creditor,
            line_kind: row.line_kind,
            line_key: row.line_key,
            id: Id((recording.next_id)()),
            code: row.code,
            flags: row.flags,
            rule: row.rule,
            rule_version: row.rule_version,
            explanation: row.explanation,
            amount_cents: row.amount_cents,
            since: row.since,
            recorded_at: row.updated_at,
        }
    }

    fn into_domain(self) -> Result<Past, Error> {
        let id = self.id.0;
        let corrupt = |why: &'static str| Error::corrupt("reconciliation_history", id, why);
        Ok(Past {
            id,
            verdict: Verdict {
                code: Code::from_name(&self.code).ok_or_else(|| corrupt("code"))?,
                flags: read_flags(&self.flags).ok_or_else(|| corrupt("flags"))?,
                rule: self.rule,
                rule_version: self.rule_version,
                explanation: self.explanation.0,
                amount: Cents::new(self.amount_cents).map_err(|_range| corrupt("amount"))?,
                since: self.since,
            },
            recorded_at: self.recorded_at.0,
            origin: Origin {
                cause: Cause::from_name(&self.cause).ok_or_else(|| corrupt("cause"))?,
                decision: self.decision.map(|id| id.0),
                actor: self.actor.map(|id| id.0),
            },
        })
    }
}
