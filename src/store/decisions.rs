//! What officers decide about lines, and the creditor's terms for it.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::upsert::excluded;
use serde_json::{Value, json};
use uuid::Uuid;

use super::prepared::among;
use super::schema::{reconciliation_decision, reconciliation_terms};
use super::types::{At, Id, Json};
use super::{Conn, Error, Tx};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::reconciliation::decision::{
    Decision, DecisionKind, DecisionReason, DecisionState, Mark, Subject,
};
use crate::domain::reconciliation::{Forcing, LineKind, LineRef, ReconciliationTerms};
use crate::domain::text::Text;

const TABLE: &str = "reconciliation_decision";
const TERMS: &str = "reconciliation_terms";

#[derive(Queryable, Insertable)]
#[diesel(table_name = reconciliation_decision, treat_none_as_default_value = false)]
struct DecisionRow {
    creditor: String,
    id: Id,
    kind: String,
    subject: Json,
    line_kind: Option<String>,
    line_key: Option<String>,
    reason: String,
    state: String,
    proposed_by: Id,
    proposed_at: At,
    note: String,
    decided_by: Option<Id>,
    decided_at: Option<At>,
    decided_note: Option<String>,
    reopened_by: Option<Id>,
    reopened_at: Option<At>,
    reopened_note: Option<String>,
    revision: i64,
}

/// Which decisions a list shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// That stand here.
    pub state: Option<DecisionState>,
    /// Of this kind.
    pub kind: Option<DecisionKind>,
}

/// Writes a new decision down.
///
/// # Errors
/// The database's.
pub fn insert(tx: &mut Tx<'_>, creditor: &FiscalCode, decision: &Decision) -> Result<(), Error> {
    let row = DecisionRow::from_domain(creditor, decision);
    on!(&mut **tx, |c| diesel::insert_into(
        reconciliation_decision::table
    )
    .values(&row)
    .execute(c))?;
    Ok(())
}

/// Writes a step of a decision down, on the revision before it.
///
/// # Errors
/// [`Error::Changed`], or the database's.
pub fn update(tx: &mut Tx<'_>, creditor: &FiscalCode, decision: &Decision) -> Result<(), Error> {
    let row = DecisionRow::from_domain(creditor, decision);
    let before = decision.revision.saturating_sub(1);
    let of = reconciliation_decision::table
        .find((creditor.as_str(), Id(decision.id)))
        .filter(reconciliation_decision::revision.eq(before));
    let changed = on!(&mut **tx, |c| diesel::update(of)
        .set((
            reconciliation_decision::state.eq(&row.state),
            reconciliation_decision::decided_by.eq(row.decided_by),
            reconciliation_decision::decided_at.eq(row.decided_at),
            reconciliation_decision::decided_note.eq(&row.decided_note),
            reconciliation_decision::reopened_by.eq(row.reopened_by),
            reconciliation_decision::reopened_at.eq(row.reopened_at),
            reconciliation_decision::reopened_note.eq(&row.reopened_note),
            reconciliation_decision::revision.eq(row.revision),
        ))
        .execute(c))?;
    match changed {
        1 => Ok(()),
        _ => Err(Error::Changed {
            table: TABLE,
            id: decision.id.to_string(),
        }),
    }
}

/// The decision with this id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Option<Decision>, Error> {
    let row: Option<DecisionRow> = on!(conn, |c| reconciliation_decision::table
        .find((creditor.as_str(), Id(id)))
        .get_result(c)
        .optional())?;
    row.map(DecisionRow::into_domain).transpose()
}

/// One page of decisions, in the order they were made, after the given id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    filter: Filter,
    (after, limit): (Option<Uuid>, i64),
) -> Result<Vec<Decision>, Error> {
    let after = Id(after.unwrap_or_default());
    let rows: Vec<DecisionRow> = on!(conn, |c| {
        let mut query = reconciliation_decision::table
            .filter(reconciliation_decision::creditor.eq(creditor.as_str()))
            .filter(reconciliation_decision::id.gt(after))
            .order(reconciliation_decision::id)
            .limit(limit)
            .into_boxed();
        if let Some(state) = filter.state {
            query = query.filter(reconciliation_decision::state.eq(state.as_str()));
        }
        if let Some(kind) = filter.kind {
            query = query.filter(reconciliation_decision::kind.eq(kind.as_str()));
        }
        query.load(c)
    })?;
    rows.into_iter().map(DecisionRow::into_domain).collect()
}

/// What closes lines of one kind, by key.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn closing_lines(
    conn: &mut Conn,
    creditor: &FiscalCode,
    kind: LineKind,
    keys: &[&str],
) -> Result<HashMap<String, Forcing>, Error> {
    let rows: Vec<(Option<String>, Id, String)> = on!(conn, |c| reconciliation_decision::table
        .filter(reconciliation_decision::creditor.eq(creditor.as_str()))
        .filter(reconciliation_decision::kind.eq(DecisionKind::Force.as_str()))
        .filter(reconciliation_decision::state.eq(DecisionState::InForce.as_str()))
        .filter(reconciliation_decision::line_kind.eq(kind.as_str()))
        .filter(among(reconciliation_decision::line_key, keys))
        .select((
            reconciliation_decision::line_key,
            reconciliation_decision::id,
            reconciliation_decision::reason,
        ))
        .load(c))?;
    let mut closing = HashMap::with_capacity(rows.len());
    for (key, id, reason) in rows {
        let reason = DecisionReason::from_name(&reason)
            .ok_or_else(|| Error::corrupt(TABLE, id.0, "reason"))?;
        let decision = id.0;
        closing.insert(key.unwrap_or_default(), Forcing { decision, reason });
    }
    Ok(closing)
}

/// The creditor's terms and their revision; those of a creditor that has never set any are revision 0.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn terms(conn: &mut Conn, creditor: &FiscalCode) -> Result<(ReconciliationTerms, i64), Error> {
    let row: Option<(i64, bool, i64)> = on!(conn, |c| reconciliation_terms::table
        .find(creditor.as_str())
        .select((
            reconciliation_terms::tolerance_cents,
            reconciliation_terms::second_approver,
            reconciliation_terms::revision,
        ))
        .get_result(c)
        .optional())?;
    let Some((tolerance, second_approver, revision)) = row else {
        return Ok((ReconciliationTerms::default(), 0));
    };
    let tolerance =
        Cents::new(tolerance).map_err(|why| Error::corrupt(TERMS, creditor.as_str(), why))?;
    let terms = ReconciliationTerms {
        tolerance,
        second_approver,
    };
    Ok((terms, revision))
}

/// Writes the creditor's terms down as the given revision.
///
/// # Errors
/// The database's.
pub fn set_terms(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    terms: ReconciliationTerms,
    revision: i64,
) -> Result<(), Error> {
    let row = (
        reconciliation_terms::creditor.eq(creditor.as_str()),
        reconciliation_terms::tolerance_cents.eq(terms.tolerance.get()),
        reconciliation_terms::second_approver.eq(terms.second_approver),
        reconciliation_terms::revision.eq(revision),
    );
    on!(&mut **tx, |c| diesel::insert_into(
        reconciliation_terms::table
    )
    .values(row)
    .on_conflict(reconciliation_terms::creditor)
    .do_update()
    .set((
        reconciliation_terms::tolerance_cents.eq(excluded(reconciliation_terms::tolerance_cents)),
        reconciliation_terms::second_approver.eq(excluded(reconciliation_terms::second_approver)),
        reconciliation_terms::revision.eq(excluded(reconciliation_terms::revision)),
    ))
    .execute(c))?;
    Ok(())
}

fn subject_json(subject: &Subject) -> Value {
    match subject {
        Subject::Force {
            reconciliation_id, ..
        } => json!({ "reconciliation_id": reconciliation_id }),
        Subject::Match { credits, flows } => json!({ "credits": credits, "flows": flows }),
        Subject::MatchReceipt {
            credits,
            receipt_id,
        } => json!({ "credits": credits, "receipt_id": receipt_id }),
        Subject::Unmatch { credits } => json!({ "credits": credits }),
    }
}

fn ids(subject: &Value, name: &str) -> Option<Vec<Uuid>> {
    let list = subject.get(name)?.as_array()?;
    list.iter()
        .map(|id| Uuid::parse_str(id.as_str()?).ok())
        .collect()
}

impl DecisionRow {
    fn from_domain(creditor: &FiscalCode, decision: &Decision) -> DecisionRow {
        let line = match &decision.subject {
            Subject::Force { line, .. } => Some(line),
            Subject::Match { .. } | Subject::MatchReceipt { .. } | Subject::Unmatch { .. } => None,
        };
        let (decided, reopened) = (decision.decided.as_ref(), decision.reopened.as_ref());
        let note = |mark: &Mark| mark.note.as_ref().map(ToString::to_string);
        DecisionRow {
            creditor: creditor.to_string(),
            id: Id(decision.id),
            kind: decision.subject.kind().to_string(),
            subject: Json(subject_json(&decision.subject)),
            line_kind: line.map(|line| line.kind.to_string()),
            line_key: line.map(|line| line.key.clone()),
            reason: decision.reason.to_string(),
            state: decision.state.to_string(),
            proposed_by: Id(decision.proposed.by),
            proposed_at: At(decision.proposed.at),
            note: note(&decision.proposed).unwrap_or_default(),
            decided_by: decided.map(|mark| Id(mark.by)),
            decided_at: decided.map(|mark| At(mark.at)),
            decided_note: decided.and_then(note),
            reopened_by: reopened.map(|mark| Id(mark.by)),
            reopened_at: reopened.map(|mark| At(mark.at)),
            reopened_note: reopened.and_then(note),
            revision: decision.revision,
        }
    }

    fn subject(&self) -> Option<Subject> {
        let subject = &self.subject.0;
        Some(match DecisionKind::from_name(&self.kind)? {
            DecisionKind::Force => {
                let id = subject.get("reconciliation_id")?.as_str()?;
                Subject::Force {
                    reconciliation_id: Uuid::parse_str(id).ok()?,
                    line: LineRef {
                        kind: LineKind::from_name(self.line_kind.as_deref()?)?,
                        key: self.line_key.clone()?,
                    },
                }
            }
            DecisionKind::Match => match subject.get("receipt_id") {
                Some(receipt_id) => Subject::MatchReceipt {
                    credits: ids(subject, "credits")?,
                    receipt_id: receipt_id.as_str()?.to_owned(),
                },
                None => Subject::Match {
                    credits: ids(subject, "credits")?,
                    flows: ids(subject, "flows")?,
                },
            },
            DecisionKind::Unmatch => Subject::Unmatch {
                credits: ids(subject, "credits")?,
            },
        })
    }

    fn into_domain(self) -> Result<Decision, Error> {
        let id = self.id.0;
        let corrupt = |why: &'static str| Error::corrupt(TABLE, id, why);
        let mark = |by: Option<Id>, at: Option<At>, note: Option<&str>| {
            let note = note.map(Text::parse).transpose();
            let note = note.map_err(|why| Error::corrupt(TABLE, id, why))?;
            Ok::<_, Error>(by.zip(at).map(|(by, at)| Mark {
                by: by.0,
                at: at.0,
                note,
            }))
        };
        let proposed = (Some(self.proposed_by), Some(self.proposed_at));
        let proposed = mark(proposed.0, proposed.1, Some(&self.note))?;
        Ok(Decision {
            id,
            subject: self.subject().ok_or_else(|| corrupt("subject"))?,
            reason: DecisionReason::from_name(&self.reason).ok_or_else(|| corrupt("reason"))?,
            state: DecisionState::from_name(&self.state).ok_or_else(|| corrupt("state"))?,
            proposed: proposed.ok_or_else(|| corrupt("proposal"))?,
            decided: mark(
                self.decided_by,
                self.decided_at,
                self.decided_note.as_deref(),
            )?,
            reopened: mark(
                self.reopened_by,
                self.reopened_at,
                self.reopened_note.as_deref(),
            )?,
            revision: self.revision,
        })
    }
}
