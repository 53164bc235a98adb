//! Lines whose money has no place in the budget yet: asked whenever they are read, because the plans of the
//! day they are read on count.

use std::collections::HashSet;

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use uuid::Uuid;

use super::Filed;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::reconciliation::{Flag, LineKind};
use crate::store::prepared::among_ids;
use crate::store::schema::reconciliation;
use crate::store::types::Id;
use crate::store::{Conn, Error};

/// The town has plans, the debt of a line is in these books, and no plan with a chapter for each key held on the
/// day of its issue: what
/// [`AccountingPlans::is_placed`](crate::domain::accounting::AccountingPlans::is_placed) says, in SQL.
/// What is not ours is not ours to account for; of money whose debt is not known the classifier says so.
const KEYLESS: &str = "(reconciliation.line_kind <> 'treasury' AND reconciliation.code <> 'OUT_OF_SCOPE' \
    AND EXISTS (SELECT 1 FROM accounting_plan kt WHERE kt.creditor = reconciliation.creditor) \
    AND EXISTS (SELECT 1 FROM notice kn JOIN position kp ON kp.creditor = kn.creditor AND kp.id = kn.position_id \
     WHERE kn.creditor = reconciliation.creditor AND kn.iuv = reconciliation.iuv \
     AND NOT EXISTS (SELECT 1 FROM accounting_plan ka WHERE ka.creditor = kp.creditor \
      AND ka.service_code = kp.service_code AND ka.valid_from <= kp.issued_on \
      AND (ka.valid_until IS NULL OR ka.valid_until >= kp.issued_on) AND ka.with_chapters)))";

/// Lines that bear a flag, as they are shown.
pub(in crate::store) fn bearing(flag: Flag) -> SqlLiteral<Bool> {
    let stored = format!("(' ' || reconciliation.flags || ' ') LIKE '% {flag} %'");
    sql(&match flag {
        Flag::AccountingIncomplete => format!("({stored} OR {KEYLESS})"),
        Flag::StandIn
        | Flag::NoReceipt
        | Flag::FlowHeaderMismatch
        | Flag::FlowRowDuplicate
        | Flag::FlowWrongBody
        | Flag::FlowRevised
        | Flag::Ambiguous
        | Flag::ReferenceTruncated
        | Flag::SplitTransfer
        | Flag::MultiFlowTransfer
        | Flag::Late
        | Flag::PaidAfterCancel
        | Flag::UnknownOutcome
        | Flag::IbanMismatch
        | Flag::PaidLateTier
        | Flag::TefaSplitMismatch
        | Flag::AfterPeriodClose => format!("({stored})"),
    })
}

/// Flags the lines whose money has no place in the budget.
pub(super) fn flag(
    conn: &mut Conn,
    creditor: &FiscalCode,
    mut lines: Vec<Filed>,
) -> Result<Vec<Filed>, Error> {
    let may_be = |filed: &&Filed| filed.line.kind != LineKind::Treasury;
    let ids: Vec<Id> = lines
        .iter()
        .filter(may_be)
        .map(|filed| Id(filed.id))
        .collect();
    if ids.is_empty() {
        return Ok(lines);
    }
    let keyless: Vec<Id> = on!(conn, |c| reconciliation::table
        .filter(reconciliation::creditor.eq(creditor.as_str()))
        .filter(among_ids(reconciliation::id, &ids))
        .filter(sql::<Bool>(KEYLESS))
        .select(reconciliation::id)
        .load(c))?;
    let keyless: HashSet<Uuid> = keyless.into_iter().map(|id| id.0).collect();
    for filed in &mut lines {
        if keyless.contains(&filed.id) {
            filed.verdict.flags.insert(Flag::AccountingIncomplete);
        }
    }
    Ok(lines)
}
