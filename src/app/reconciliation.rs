//! Reconciliation: classify what new facts concern, show where each line of money has ended and why.

mod load;

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::ctx::Ctx;
use crate::domain::calendar::{self, Day, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::reconciliation::{self as rules, AgeBucket, Code, CreditTarget, Finding, Group};
use crate::domain::treasury::{Chosen, Reference};
pub use crate::store::reconciliation::{CodeCount, Filed, Filter, Past};
use crate::store::{self, Conn, Tx, db::Retry};

/// What can end a use case about reconciliation.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No line has this id.
    #[error("no reconciliation has this id")]
    UnknownLine,
    /// The database's.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Retry for Error {
    fn retryable(&self) -> bool {
        match self {
            Error::Store(error) => error.retryable(),
            Error::UnknownLine => false,
        }
    }
}

/// References decided together: their facts are loaded in a dozen queries, whatever their number.
const CHUNK: usize = 1000;

/// Classifies a receipt that has just been filed, and whatever it changes: rows that came before it,
/// other payments of the same debt, cash that names it. Called in the transaction that files it.
///
/// # Errors
/// The database's.
pub fn classify_receipt(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    iuv: &str,
) -> Result<usize, store::Error> {
    classify(tx, now, ctx, creditor, &BTreeSet::from([iuv.to_owned()]))
}

/// Classifies every receipt, row and single transfer with these references, and of the same debts.
/// Returns how many lines changed; with no new fact, none.
///
/// # Errors
/// The database's.
pub fn classify(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    iuvs: &BTreeSet<String>,
) -> Result<usize, store::Error> {
    let own = load::own_references(ctx, creditor);
    let next_id = || ctx.ids.next();
    let all: Vec<&str> = iuvs.iter().map(String::as_str).collect();
    let mut changed = 0usize;
    for chunk in all.chunks(CHUNK) {
        let scope = load::scope(tx, creditor, chunk, &own)?;
        let mut findings: Vec<Finding> = scope.cases().iter().flat_map(rules::classify).collect();
        let singles = scope.singles.clone();
        findings.extend(credit_findings(tx, creditor, &singles)?);
        let fresh = store::reconciliation::record(tx, creditor, &findings, &next_id, now)?;
        changed = changed.saturating_add(fresh);
    }
    Ok(changed)
}

/// Classifies these cash entries. Returns how many changed.
///
/// # Errors
/// The database's.
pub fn classify_credits(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    entries: &[store::treasury::Filed],
) -> Result<usize, store::Error> {
    let next_id = || ctx.ids.next();
    let mut changed = 0usize;
    for chunk in entries.chunks(CHUNK) {
        let findings = credit_findings(tx, creditor, chunk)?;
        let fresh = store::reconciliation::record(tx, creditor, &findings, &next_id, now)?;
        changed = changed.saturating_add(fresh);
    }
    Ok(changed)
}

fn credit_findings(
    conn: &mut Conn,
    creditor: &FiscalCode,
    entries: &[store::treasury::Filed],
) -> Result<Vec<Finding>, store::Error> {
    let keys: Vec<&str> = entries
        .iter()
        .filter_map(|e| e.matched.as_ref())
        .map(|m| m.flow.key.as_str())
        .collect();
    let live = store::settlement::live_by_keys(conn, creditor, &keys)?;
    let flows = load::flows(conn, creditor, live)?;
    let single = |entry: &store::treasury::Filed| match &entry.reference {
        Reference::Single(iuv) if entry.movement.in_scope() => Some(iuv.clone()),
        Reference::Single(_) | Reference::Flow(_) | Reference::None => None,
    };
    let iuvs: BTreeSet<String> = entries.iter().filter_map(single).collect();
    let iuvs: Vec<&str> = iuvs.iter().map(String::as_str).collect();
    let paid = store::reconciliation::paid(conn, creditor, &iuvs)?;
    let cash = store::treasury::singles(conn, creditor, &iuvs)?;
    let mut findings = Vec::with_capacity(entries.len());
    for entry in entries {
        let credit = load::credit(entry);
        let flow = entry.matched.as_ref().and_then(|matched| {
            let ours = |flow: &&load::LoadedFlow| {
                flow.key == matched.flow.key && flow.psp_id == matched.flow.psp_id
            };
            flows.iter().find(ours)
        });
        let target = match (&entry.reference, flow) {
            _ if !entry.movement.in_scope() => CreditTarget::OutOfScope,
            (_, Some(flow)) => CreditTarget::Flow(&flow.fact),
            (Reference::Single(iuv), None) => single_target(iuv, &paid, &cash),
            (Reference::Flow(reference), None) => {
                CreditTarget::Unknown(candidates(conn, creditor, reference)?)
            }
            (Reference::None, None) => CreditTarget::NoReference,
        };
        findings.push(rules::classify_credit(&credit, &target));
    }
    Ok(findings)
}

fn single_target<'a>(
    iuv: &str,
    paid: &[store::reconciliation::PaidFact],
    cash: &[store::treasury::Filed],
) -> CreditTarget<'a> {
    let ours = || {
        paid.iter()
            .map(|fact| &fact.paid)
            .filter(|paid| paid.iuv == iuv)
    };
    let mut totals: Vec<(&str, Cents)> = ours()
        .map(|paid| (paid.receipt_id.as_str(), paid.total))
        .collect();
    totals.dedup();
    if totals.is_empty() {
        return CreditTarget::Unknown(Vec::new());
    }
    let same = |entry: &&store::treasury::Filed| {
        entry.movement.in_scope() && entry.reference == Reference::Single(iuv.to_owned())
    };
    let effects = cash
        .iter()
        .filter(same)
        .map(|entry| entry.movement.effect());
    CreditTarget::Single {
        receipts: ours().map(rules::Paid::key).collect(),
        total: Cents::sum(totals.into_iter().map(|(_, total)| total)).unwrap_or(Cents::ZERO),
        cash: Cents::sum(effects).unwrap_or(Cents::ZERO),
    }
}

/// The flows a reference may mean, when there are several.
fn candidates(
    conn: &mut Conn,
    creditor: &FiscalCode,
    reference: &crate::domain::treasury::FlowReference,
) -> Result<Vec<String>, store::Error> {
    match choose(conn, creditor, reference)? {
        Chosen::Ambiguous(flows) => Ok(flows
            .into_iter()
            .map(|flow| format!("{}/{}", flow.psp_id, flow.key))
            .collect()),
        Chosen::Exact(_) | Chosen::Truncated(_) | Chosen::Nothing => Ok(Vec::new()),
    }
}

/// Which live flow a reference means, as far as the flows known now say.
///
/// # Errors
/// The database's.
pub(super) fn choose(
    conn: &mut Conn,
    creditor: &FiscalCode,
    reference: &crate::domain::treasury::FlowReference,
) -> Result<Chosen, store::Error> {
    let keys: Vec<&str> = [Some(&reference.id), reference.joined.as_ref()]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let open = reference
        .open
        .as_deref()
        .filter(|open| open.len() >= crate::domain::treasury::PREFIX_MIN);
    let known = store::settlement::known(conn, creditor, &keys, open)?;
    Ok(reference.choose(&known))
}

/// A line and where it has ended, seen on a day.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// As stored.
    pub filed: Filed,
    /// Days since the newest fact behind its code.
    pub age_days: i64,
    /// The bucket of its age.
    pub bucket: AgeBucket,
    /// What it asks of an officer, its age considered: what should long have come is an anomaly.
    pub group: Group,
}

fn view(filed: Filed, today: Day) -> View {
    let age_days = today
        .signed_duration_since(filed.verdict.since)
        .num_days()
        .max(0);
    let bucket = AgeBucket::of(age_days);
    let group = filed.verdict.code.group_at(bucket);
    View {
        filed,
        age_days,
        bucket,
        group,
    }
}

/// Which lines a list shows.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// As stored.
    pub filter: Filter,
    /// Whose code belongs to this group, age not considered.
    pub group: Option<Group>,
}

/// One page of lines, in the order they were first classified, after the given id.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    question: &Question,
    (after, limit): (Option<Uuid>, i64),
    now: Instant,
) -> Result<Vec<View>, Error> {
    let mut filter = question.filter.clone();
    if let Some(group) = question.group {
        let of_group = Code::ALL
            .iter()
            .copied()
            .filter(|code| code.group() == group);
        let asked = |code: &Code| filter.codes.is_empty() || filter.codes.contains(code);
        let codes: Vec<Code> = of_group.filter(asked).collect();
        if codes.is_empty() {
            return Ok(Vec::new());
        }
        filter.codes = codes;
    }
    let today = calendar::today(now);
    let rows = store::reconciliation::page(conn, creditor, &filter, after, limit)?;
    Ok(rows.into_iter().map(|filed| view(filed, today)).collect())
}

/// One line, with every verdict it has had.
///
/// # Errors
/// [`Error::UnknownLine`], or the database's.
pub fn get(
    conn: &mut Conn,
    creditor: &FiscalCode,
    id: Uuid,
    now: Instant,
) -> Result<(View, Vec<Past>), Error> {
    let filed = store::reconciliation::get(conn, creditor, id)?.ok_or(Error::UnknownLine)?;
    let history = store::reconciliation::history(conn, creditor, &filed.line)?;
    Ok((view(filed, calendar::today(now)), history))
}

#[cfg(test)]
mod tests;
