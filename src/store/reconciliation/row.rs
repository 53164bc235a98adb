//! How a code and its history stand in the database.

use std::collections::BTreeSet;

use diesel::prelude::*;
use serde::Serialize;
use uuid::Uuid;

use super::{Filed, Past, Recording, TABLE, Verdict};
use crate::domain::calendar::Day;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::reconciliation::period::{ClosedBooks, Month};
use crate::domain::reconciliation::{
    Cause, Code, Explanation, Finding, Flag, LineKind, LineRef, Origin, RULES_VERSION,
};
use crate::store::Error;
use crate::store::schema::{reconciliation, reconciliation_history};
use crate::store::types::{At, Id, JsonText};

#[derive(Queryable, Insertable)]
#[diesel(table_name = reconciliation, treat_none_as_default_value = false)]
pub(super) struct CodeRow {
    pub(super) creditor: String,
    pub(super) id: Id,
    pub(super) line_kind: String,
    pub(super) line_key: String,
    pub(super) code: String,
    pub(super) flags: String,
    pub(super) rule: String,
    pub(super) rule_version: i16,
    pub(super) explanation: JsonText,
    pub(super) amount_cents: i64,
    pub(super) since: Day,
    pub(super) iuv: Option<String>,
    pub(super) updated_at: At,
    pub(super) period: Day,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = reconciliation_history, treat_none_as_default_value = false)]
pub(super) struct HistoryRow {
    creditor: String,
    line_kind: String,
    line_key: String,
    id: Id,
    code: String,
    flags: String,
    rule: String,
    rule_version: i16,
    explanation: JsonText,
    amount_cents: i64,
    since: Day,
    recorded_at: At,
    cause: String,
    decision: Option<Id>,
    actor: Option<Id>,
    period: Day,
}

/// The flags of a finding, and whether its month was closed when it came.
fn flags_text(flags: &BTreeSet<Flag>, late: bool) -> String {
    let late = late.then_some(Flag::AfterPeriodClose);
    let flags = flags.iter().copied().chain(late);
    flags.map(Flag::as_str).collect::<Vec<_>>().join(" ")
}

/// The flags without the last one, which says when something came and not what was found.
fn found_flags(text: &str) -> &str {
    text.strip_suffix(Flag::AfterPeriodClose.as_str())
        .map_or(text, str::trim_end)
}

fn read_flags(text: &str) -> Option<BTreeSet<Flag>> {
    text.split_whitespace().map(Flag::from_name).collect()
}

/// The explanation as the API shows it; members in the order of the alphabet, as documents always had them.
#[derive(Serialize)]
struct ExplanationDoc<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_by: Option<ClosedByDoc>,
    compared: Vec<ComparedDoc>,
    inputs: InputsDoc<'a>,
}

#[derive(Serialize)]
struct ClosedByDoc {
    instead_of: String,
    reason: &'static str,
    reconciliation_decision_id: Uuid,
}

#[derive(Serialize)]
struct ComparedDoc {
    difference_cents: i64,
    left_cents: i64,
    right_cents: i64,
    what: &'static str,
}

#[derive(Serialize)]
struct InputsDoc<'a> {
    candidates: &'a BTreeSet<String>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    companions: &'a BTreeSet<String>,
    credits: &'a BTreeSet<String>,
    flow_lines: &'a BTreeSet<String>,
    notices: &'a BTreeSet<String>,
    receipts: &'a BTreeSet<String>,
}

fn explanation_text(found: &Explanation) -> Result<JsonText, serde_json::Error> {
    let compared = found.compared.iter().map(|pair| ComparedDoc {
        difference_cents: pair.left.minus(pair.right).map_or(0, Cents::get),
        left_cents: pair.left.get(),
        right_cents: pair.right.get(),
        what: pair.what,
    });
    let closed_by = found.forced.map(|forced| ClosedByDoc {
        instead_of: forced.instead_of.as_str().to_ascii_lowercase(),
        reason: forced.by.reason.as_str(),
        reconciliation_decision_id: forced.by.decision,
    });
    let doc = ExplanationDoc {
        closed_by,
        compared: compared.collect(),
        inputs: InputsDoc {
            candidates: &found.candidates,
            companions: &found.companions,
            credits: &found.credits,
            flow_lines: &found.flow_lines,
            notices: &found.notices,
            receipts: &found.receipts,
        },
    };
    serde_json::to_string(&doc).map(JsonText)
}

impl CodeRow {
    pub(super) fn from_domain(
        creditor: &FiscalCode,
        finding: &Finding,
        recording: &Recording<'_>,
    ) -> Result<CodeRow, Error> {
        let own = Month::of(finding.day);
        let period = recording.books.counted_in(own);
        let flags = flags_text(&finding.flags, period != own);
        let explanation = explanation_text(&finding.explanation)
            .map_err(|why| Error::corrupt(TABLE, &finding.line.key, why))?;
        Ok(CodeRow {
            creditor: creditor.to_string(),
            id: Id((recording.next_id)()),
            line_kind: finding.line.kind.to_string(),
            line_key: finding.line.key.clone(),
            code: finding.code.to_string(),
            flags,
            rule: finding.rule.to_owned(),
            rule_version: RULES_VERSION,
            explanation,
            amount_cents: finding.amount.get(),
            since: finding.since,
            iuv: finding.iuv.clone(),
            updated_at: At(recording.now),
            period: period.first_day(),
        })
    }

    /// A further finding about a line that is held, unless it says the same: the same row. It counts in the
    /// line's month, unless that is closed.
    pub(super) fn following(
        mut self,
        held: &CodeRow,
        finding: &Finding,
        books: ClosedBooks,
    ) -> Option<CodeRow> {
        let home = Month::of(held.period);
        let late = books.counted_in(home) != home || home != Month::of(finding.day);
        self.id = held.id;
        self.period = held.period;
        self.flags = flags_text(&finding.flags, late);
        (!held.says_the_same(&self)).then_some(self)
    }

    fn says_the_same(&self, other: &CodeRow) -> bool {
        self.code == other.code
            && found_flags(&self.flags) == found_flags(&other.flags)
            && self.rule == other.rule
            && self.rule_version == other.rule_version
            && self.amount_cents == other.amount_cents
            && self.since == other.since
            && self.iuv == other.iuv
            && self.explanation.says_the_same(&other.explanation)
    }

    pub(super) fn into_domain(self) -> Result<Filed, Error> {
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
                explanation: self
                    .explanation
                    .parse()
                    .map_err(|why| Error::corrupt(TABLE, id, why))?,
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
    pub(super) fn from_code(row: CodeRow, recording: &Recording<'_>) -> HistoryRow {
        let Origin {
            cause,
            decision,
            actor,
        } = recording.origin;
        let home = Month::of(row.period);
        HistoryRow {
            period: recording.books.counted_in(home).first_day(),
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

    pub(super) fn into_domain(self) -> Result<Past, Error> {
        let id = self.id.0;
        let corrupt = |why: &'static str| Error::corrupt("reconciliation_history", id, why);
        Ok(Past {
            id,
            verdict: Verdict {
                code: Code::from_name(&self.code).ok_or_else(|| corrupt("code"))?,
                flags: read_flags(&self.flags).ok_or_else(|| corrupt("flags"))?,
                rule: self.rule,
                rule_version: self.rule_version,
                explanation: self
                    .explanation
                    .parse()
                    .map_err(|_not_json| corrupt("explanation"))?,
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
