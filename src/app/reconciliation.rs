//! Reconciliation: classify what new facts concern, show where each line of money has ended and why.

mod aging;
mod load;
mod suggest;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use crate::app::treasury;
use crate::ctx::Ctx;
use crate::domain::calendar::{self, Day, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::reconciliation::{
    self as rules, AgeBucket, Cause, Code, CreditTarget, Finding, Group, LineKind, Origin,
    ReconciliationTerms,
};
use crate::domain::treasury::{
    Chosen, FlowReference, KnownFlow, PREFIX_MIN, PaymentCash, Reference,
};
use crate::store::reconciliation::Recording;
pub use aging::{AGING, Aged, age};
pub use suggest::{Suggested, suggestions};

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

/// References, or cash entries, decided together: their facts are loaded in a handful of queries, whatever
/// their number.
const CHUNK: usize = 1000;

/// What new facts concern: it is classified again, each thing once.
#[derive(Debug, Clone)]
pub struct Touched {
    /// What happened.
    pub origin: Origin,
    /// Payment references, and with them the other notices of their positions.
    pub iuvs: BTreeSet<String>,
    /// Flows whose revision in force or whose cash is another one: their rows and their cash.
    pub flows: BTreeSet<KnownFlow>,
    /// Cash entries.
    pub entries: Vec<Uuid>,
}

impl Touched {
    /// Nothing yet.
    #[must_use]
    pub fn by(origin: impl Into<Origin>) -> Touched {
        Touched {
            origin: origin.into(),
            iuvs: BTreeSet::new(),
            flows: BTreeSet::new(),
            entries: Vec::new(),
        }
    }

    /// Touches lines: what they are about is classified again.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn lines<'a>(
        &mut self,
        conn: &mut Conn,
        creditor: &FiscalCode,
        lines: impl IntoIterator<Item = &'a Filed>,
    ) -> Result<(), store::Error> {
        let mut cash = Vec::new();
        for filed in lines {
            self.iuvs.extend(filed.iuv.clone());
            if filed.line.kind == LineKind::Treasury {
                cash.push(filed.line.key.as_str());
            }
        }
        let entries = store::treasury::by_keys(conn, creditor, &cash)?;
        self.entries
            .extend(entries.into_iter().map(|entry| entry.id));
        Ok(())
    }
}

/// Whether a receipt that is being filed keeps flows and cash from being matched meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matching {
    /// They wait.
    Held,
    /// They go on: no cash named the payment when it began.
    Free,
}

/// Keeps flows and cash from being matched while a receipt is filed that cash names. To be asked before the
/// receipt's position is held: flows and cash hold matching first and positions then, and who holds them the
/// other way round waits for who waits for it.
///
/// # Errors
/// The database's.
pub fn hold_for_receipt(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    iuv: &str,
) -> Result<Matching, store::Error> {
    Ok(match store::treasury::hold_if_named(tx, creditor, iuv)? {
        true => Matching::Held,
        false => Matching::Free,
    })
}

/// Classifies a receipt that has just been filed, and whatever it changes: rows that came before it,
/// other payments of the same debt, cash that is for it. Called in the transaction that files it.
///
/// # Errors
/// [`store::Error::Changed`] when cash for it came since it began, or the database's.
pub fn classify_receipt(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    (iuv, matching): (&str, Matching),
) -> Result<usize, store::Error> {
    let mut touched = Touched::by(Cause::Receipt);
    touched.iuvs.insert(iuv.to_owned());
    let waiting = store::treasury::singles(tx, creditor, &[iuv])?;
    if let Some(entry) = waiting.first() {
        if matching == Matching::Free {
            return Err(store::Error::Changed {
                table: "treasury_entry",
                id: entry.movement.key(),
            });
        }
        touched.flows = treasury::rematch(tx, now, ctx, creditor, &waiting)?;
    }
    classify(tx, now, ctx, creditor, touched)
}

/// Classifies every receipt, row and cash entry that is touched, and those of the same debts, as today sees
/// them. Returns how many lines changed; with no new fact on the same day, none.
///
/// # Errors
/// The database's.
pub fn classify(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    touched: Touched,
) -> Result<usize, store::Error> {
    let own = load::own_references(ctx, creditor);
    let standing = store::periods::standing(tx, creditor)?;
    let around = Around {
        creditor,
        terms: standing.terms,
        today: calendar::today(now),
    };
    let next_id = || ctx.ids.next();
    let recording = Recording {
        next_id: &next_id,
        now,
        origin: touched.origin,
        books: standing.books,
    };
    let flows = with_companions(tx, creditor, touched.flows)?;
    let mut iuvs = touched.iuvs;
    iuvs.extend(store::settlement::live_iuvs(tx, creditor, &flows)?);
    let iuvs: Vec<&str> = iuvs.iter().map(String::as_str).collect();
    let mut changed = 0usize;
    let mut record = |tx: &mut Tx<'_>, mut findings: Vec<Finding>| {
        if standing.closes {
            findings = close(tx, creditor, findings)?;
        }
        let fresh = store::reconciliation::record(tx, creditor, &findings, &recording)?;
        changed = changed.saturating_add(fresh);
        Ok::<_, store::Error>(())
    };
    for chunk in iuvs.chunks(CHUNK) {
        let scope = load::scope(tx, (creditor, around.terms), chunk, &own)?;
        let cases = scope.cases(around.today);
        let mut findings: Vec<Finding> = cases.iter().flat_map(rules::classify).collect();
        findings.extend(credit_findings(tx, around, &scope.singles)?);
        record(tx, findings)?;
    }
    let entries = cash_of(tx, creditor, &flows, &touched.entries)?;
    for chunk in entries.chunks(CHUNK) {
        let findings = credit_findings(tx, around, chunk)?;
        record(tx, findings)?;
    }
    Ok(changed)
}

/// These flows, and those that officers have put together with them: their cash is the same.
fn with_companions(
    conn: &mut Conn,
    creditor: &FiscalCode,
    mut flows: BTreeSet<KnownFlow>,
) -> Result<BTreeSet<KnownFlow>, store::Error> {
    let keys: BTreeSet<&str> = flows.iter().map(|flow| flow.key.as_str()).collect();
    let keys: Vec<&str> = keys.into_iter().collect();
    let together = store::bonds::together(conn, creditor, &keys)?;
    flows.extend(together.into_iter().map(|one| one.flow));
    Ok(flows)
}

/// The findings, those that an officer has closed as such.
fn close(
    conn: &mut Conn,
    creditor: &FiscalCode,
    findings: Vec<Finding>,
) -> Result<Vec<Finding>, store::Error> {
    let mut closing = HashMap::new();
    for kind in LineKind::ALL {
        let of_kind = findings.iter().filter(|finding| finding.line.kind == *kind);
        let keys: Vec<&str> = of_kind.map(|finding| finding.line.key.as_str()).collect();
        if !keys.is_empty() {
            let found = store::decisions::closing_lines(conn, creditor, *kind, &keys)?;
            closing.insert(*kind, found);
        }
    }
    let closed = findings.into_iter().map(|finding| {
        let of_kind = closing.get(&finding.line.kind);
        match of_kind.and_then(|found| found.get(&finding.line.key)) {
            Some(forcing) => finding.forced(*forcing),
            None => finding,
        }
    });
    Ok(closed.collect())
}

/// Cash that flows explain or may explain, and these entries. What names a single payment is classified
/// with that payment.
fn cash_of(
    conn: &mut Conn,
    creditor: &FiscalCode,
    flows: &BTreeSet<KnownFlow>,
    entries: &[Uuid],
) -> Result<Vec<store::treasury::Filed>, store::Error> {
    let keys: BTreeSet<&str> = flows.iter().map(|flow| flow.key.as_str()).collect();
    let keys: Vec<&str> = keys.into_iter().collect();
    let mut found = store::treasury::matched_to(conn, creditor, &keys)?;
    found.extend(store::treasury::naming(conn, creditor, &keys)?);
    found.extend(store::treasury::get_all(conn, creditor, entries)?);
    found.retain(|entry| single_payment(entry).is_none());
    found.sort_by_key(|entry| entry.id);
    found.dedup_by_key(|entry| entry.id);
    Ok(found)
}

/// The payment that an entry is for by itself: no flow that reports it explains the entry.
pub(super) fn single_payment(entry: &store::treasury::Filed) -> Option<&str> {
    entry.payment().filter(|_| entry.matched.is_none())
}

/// Whose lines are decided, how, and on which day.
#[derive(Clone, Copy)]
struct Around<'a> {
    creditor: &'a FiscalCode,
    terms: ReconciliationTerms,
    today: Day,
}

fn credit_findings(
    conn: &mut Conn,
    around: Around<'_>,
    entries: &[store::treasury::Filed],
) -> Result<Vec<Finding>, store::Error> {
    let Around {
        creditor, terms, ..
    } = around;
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<&str> = entries
        .iter()
        .filter_map(|e| e.matched.as_ref())
        .map(|m| m.flow.key.as_str())
        .collect();
    let live = store::settlement::live_by_keys(conn, creditor, &keys)?;
    let flows = load::flows(conn, (creditor, terms), live)?;
    let in_scope = entries.iter().filter(|entry| entry.movement.in_scope());
    let iuvs: BTreeSet<&str> = in_scope.filter_map(single_payment).collect();
    let iuvs: Vec<&str> = iuvs.into_iter().collect();
    let paid = store::reconciliation::paid(conn, creditor, &iuvs)?;
    let cash = store::treasury::singles(conn, creditor, &iuvs)?;
    let flow_of = |entry: &store::treasury::Filed| {
        let matched = entry.matched.as_ref()?;
        let ours = |flow: &&load::LoadedFlow| {
            flow.key == matched.flow.key && flow.psp_id == matched.flow.psp_id
        };
        flows.iter().find(ours)
    };
    let unexplained = || entries.iter().filter(|entry| flow_of(entry).is_none());
    let mut candidates = candidates(conn, creditor, unexplained())?;
    let unpaid = unexplained().filter(|entry| entry.movement.in_scope() && entry.paid.is_none());
    let unpaid: Vec<&str> = unpaid.filter_map(|entry| entry.payment()).collect();
    let reporting = treasury::of_payments(conn, creditor, &unpaid)?;
    let mut findings = Vec::with_capacity(entries.len());
    for entry in entries {
        let target = match (&entry.reference, flow_of(entry)) {
            _ if !entry.movement.in_scope() => CreditTarget::OutOfScope,
            (_, Some(flow)) => CreditTarget::Flow(&flow.fact),
            (reference, None) => match (single_payment(entry), &entry.paid, reference) {
                (Some(iuv), Some(_), _) => single_target(iuv, (&paid, &cash), terms.tolerance),
                (Some(iuv), None, _) => CreditTarget::Unknown(names(reporting.get(iuv))),
                (None, _, Reference::Flow(_)) => {
                    CreditTarget::Unknown(candidates.remove(&entry.id).unwrap_or_default())
                }
                (None, _, Reference::Single(_)) => CreditTarget::Unknown(Vec::new()),
                (None, _, Reference::None) => CreditTarget::NoReference,
            },
        };
        findings.push(rules::classify_credit(
            &load::credit(entry),
            &target,
            around.today,
        ));
    }
    Ok(findings)
}

/// The flows that report one payment, when they are several.
fn names(cash: Option<&PaymentCash>) -> Vec<String> {
    match cash {
        Some(PaymentCash::Ambiguous(flows)) => flows.iter().map(name).collect(),
        Some(PaymentCash::Flow(_) | PaymentCash::Receipt | PaymentCash::Nothing) | None => {
            Vec::new()
        }
    }
}

fn name(flow: &KnownFlow) -> String {
    format!("{}/{}", flow.psp_id, flow.key)
}

/// The flows that the texts of these entries may mean, for those that may mean several.
fn candidates<'a>(
    conn: &mut Conn,
    creditor: &FiscalCode,
    entries: impl Iterator<Item = &'a store::treasury::Filed>,
) -> Result<HashMap<Uuid, Vec<String>>, store::Error> {
    let named = entries.filter_map(|entry| match &entry.reference {
        Reference::Flow(reference) => Some((entry.id, (reference, entry.movement.amount))),
        Reference::Single(_) | Reference::None => None,
    });
    let (ids, references): (Vec<Uuid>, Vec<_>) = named.unzip();
    let chosen = choose(conn, creditor, &references)?;
    let several = ids
        .into_iter()
        .zip(chosen)
        .filter_map(|(id, chosen)| match chosen {
            Chosen::Ambiguous(flows) => Some((id, flows.iter().map(name).collect())),
            Chosen::Exact(_)
            | Chosen::Truncated(_)
            | Chosen::Together(_)
            | Chosen::Summed(_)
            | Chosen::Nothing => None,
        });
    Ok(several.collect())
}

fn single_target<'a>(
    iuv: &str,
    (paid, cash): (
        &[store::reconciliation::PaidFact],
        &[store::treasury::Filed],
    ),
    tolerance: Cents,
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
        entry.movement.in_scope() && single_payment(entry) == Some(iuv)
    };
    let effects = cash
        .iter()
        .filter(same)
        .map(|entry| entry.movement.effect());
    CreditTarget::Single {
        receipts: ours().map(rules::Paid::key).collect(),
        total: Cents::sum(totals.into_iter().map(|(_, total)| total)).unwrap_or(Cents::ZERO),
        cash: Cents::sum(effects).unwrap_or(Cents::ZERO),
        tolerance,
    }
}

/// Which flows in force some references mean, each with the amount of its transfer, as far as the flows known
/// now say: the answer has one choice for each.
///
/// # Errors
/// The database's.
pub(super) fn choose(
    conn: &mut Conn,
    creditor: &FiscalCode,
    references: &[(&FlowReference, Cents)],
) -> Result<Vec<Chosen>, store::Error> {
    let whole = |reference: &FlowReference| {
        let keys = [Some(&reference.id), reference.joined.as_ref()];
        let keys = keys.into_iter().flatten().chain(&reference.also);
        keys.cloned().collect::<Vec<_>>()
    };
    let keys: BTreeSet<String> = references.iter().flat_map(|one| whole(one.0)).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let mut known: HashMap<String, Vec<KnownFlow>> = HashMap::new();
    for flow in store::settlement::known(conn, creditor, &keys)? {
        known.entry(flow.key.clone()).or_default().push(flow);
    }
    let mut chosen = Vec::with_capacity(references.len());
    let mut doubtful = BTreeSet::new();
    for (reference, _) in references {
        // Those that another reference names in full must not pass for all that begin like this one.
        let keys = whole(reference);
        let own = keys.iter().filter_map(|key| known.get(key)).flatten();
        let own: Vec<KnownFlow> = own.cloned().collect();
        let open = reference
            .open
            .as_deref()
            .filter(|open| open.len() >= PREFIX_MIN);
        let choice = match (reference.choose(&own), open) {
            (Chosen::Nothing, Some(open)) => {
                reference.choose(&store::settlement::beginning(conn, creditor, open)?)
            }
            (choice, _) => choice,
        };
        if let Chosen::Ambiguous(flows) = &choice {
            doubtful.extend(flows.iter().map(|flow| flow.key.clone()));
        }
        chosen.push(choice);
    }
    let keys: Vec<&str> = doubtful.iter().map(String::as_str).collect();
    let live = store::settlement::live_by_keys(conn, creditor, &keys)?;
    let sums: BTreeMap<KnownFlow, Cents> = live
        .into_iter()
        .map(|flow| (flow.header.known(), flow.totals.sum))
        .collect();
    let weighed = chosen.into_iter().zip(references);
    Ok(weighed
        .map(|(choice, (_, amount))| choice.by_amount(*amount, &sums))
        .collect())
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

pub(super) fn view(filed: Filed, today: Day) -> View {
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

/// One line.
///
/// # Errors
/// [`Error::UnknownLine`], or the database's.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid, now: Instant) -> Result<View, Error> {
    let filed = store::reconciliation::get(conn, creditor, id)?.ok_or(Error::UnknownLine)?;
    Ok(view(filed, calendar::today(now)))
}

/// One page of the verdicts that a line has had, oldest first, after the given id.
///
/// # Errors
/// [`Error::UnknownLine`], or the database's.
pub fn history(
    conn: &mut Conn,
    creditor: &FiscalCode,
    id: Uuid,
    slice: (Option<Uuid>, i64),
) -> Result<Vec<Past>, Error> {
    let filed = store::reconciliation::get(conn, creditor, id)?.ok_or(Error::UnknownLine)?;
    Ok(store::reconciliation::history(
        conn,
        creditor,
        &filed.line,
        slice,
    )?)
}

#[cfg(test)]
mod tests;
