//! What officers decide about lines: close one, give cash to flows, take it away, reopen. A decision is a
//! fact like others: the rules find the same lines with it, and the history says who made it.

use std::collections::BTreeSet;

use serde_json::json;
use uuid::Uuid;

use crate::app::reconciliation::{self, Touched};
use crate::app::{refunds, treasury};
use crate::ctx::Ctx;
use crate::domain::calendar::Instant;
use crate::domain::findings::Findings;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::reconciliation::decision::{
    Decision, DecisionError, DecisionReason, DecisionState, DecisionStep, Mark, Subject,
};
use crate::domain::reconciliation::{Cause, Origin, Quality, ReconciliationTerms};
use crate::domain::service::DetailsError;
use crate::domain::text::Text;
use crate::domain::trail::{AuditAction, AuditChange, AuditedEntity};
use crate::domain::treasury::{KnownFlow, Reference};
pub use crate::store::decisions::Filter;
use crate::store::treasury::{Explained, Filed, Held, Matched};
use crate::store::{self, Conn, Tx, db::Retry};

/// What can end a use case about decisions.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No decision has this id.
    #[error("no decision has this id")]
    Unknown,
    /// The caller changed an older revision.
    #[error("the decision is at revision {current} by now")]
    Stale {
        /// The revision it has.
        current: i64,
    },
    /// The step is not possible.
    #[error(transparent)]
    Step(#[from] DecisionError),
    /// What it is about breaks rules, with pointers into the request.
    #[error("the decision breaks {} rules", .0.len())]
    Details(Vec<DetailsError>),
    /// The database's.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Retry for Error {
    fn retryable(&self) -> bool {
        match self {
            Error::Store(error) => error.retryable(),
            Error::Unknown | Error::Stale { .. } | Error::Step(_) | Error::Details(_) => false,
        }
    }
}

/// What is asked to be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Close a line, by the id of its reconciliation.
    Force(Uuid),
    /// Give entries to flows, by their ids.
    Match {
        /// Treasury entries.
        credits: Vec<Uuid>,
        /// Flows.
        flows: Vec<Uuid>,
    },
    /// Give entries to one payment, by its receipt.
    MatchReceipt {
        /// Treasury entries.
        credits: Vec<Uuid>,
        /// Receipt id.
        receipt_id: String,
    },
    /// Take entries from what their texts name, by their ids.
    Unmatch(Vec<Uuid>),
}

/// A decision to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct New {
    /// What.
    pub wanted: Wanted,
    /// Why.
    pub reason: DecisionReason,
    /// The rest of why.
    pub note: Text<1000>,
}

/// Decides; the decision holds at once, or waits for another officer, as the creditor's terms say.
///
/// # Errors
/// [`Error::Details`], or the database's.
pub fn decide(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    (creditor, actor): (&FiscalCode, Uuid),
    new: New,
) -> Result<Decision, Error> {
    store::settlement::hold(tx, creditor)?;
    let terms = store::decisions::terms(tx, creditor)?.0;
    let mut findings = Findings::default();
    let subject = subject(tx, creditor, new.wanted, &mut findings)?;
    let subject = checked(findings, subject)?;
    let mark = Mark {
        by: actor,
        at: now,
        note: Some(new.note),
    };
    let decision = Decision::new(ctx.ids.next(), subject, new.reason, mark, terms);
    let plan = plan(tx, creditor, &decision)?;
    store::decisions::insert(tx, creditor, &decision)?;
    if decision.state == DecisionState::InForce {
        enforce(tx, now, ctx, (creditor, actor), (&decision, plan))?;
    }
    let what = (AuditedEntity::ReconciliationDecision, decision.id);
    let said = audited(&decision);
    tx.note(AuditChange::new(creditor, AuditAction::Created, what, said));
    Ok(decision)
}

/// Approves, refuses or reopens a decision, on the revision the caller has seen. A decision that is there
/// already stays as it is.
///
/// # Errors
/// [`Error::Unknown`], [`Error::Stale`], [`Error::Step`], [`Error::Details`] when what it is about has
/// changed meanwhile, or the database's.
pub fn amend(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    (creditor, id, seen): (&FiscalCode, Uuid, i64),
    (step, mark): (DecisionStep, Mark),
) -> Result<Decision, Error> {
    store::settlement::hold(tx, creditor)?;
    let decision = get(tx, creditor, id)?;
    if decision.revision != seen {
        return Err(Error::Stale {
            current: decision.revision,
        });
    }
    let actor = mark.by;
    let Some(next) = decision.step(step, mark)? else {
        tx.nothing_to_note();
        return Ok(decision);
    };
    let action = match step {
        DecisionStep::Approve => AuditAction::Approved,
        DecisionStep::Refuse => AuditAction::Refused,
        DecisionStep::Reopen => AuditAction::Reopened,
    };
    let what = (AuditedEntity::ReconciliationDecision, id);
    let change = AuditChange::new(creditor, action, what, audited(&next));
    tx.note(change.from(&audited(&decision)));
    match next.state {
        DecisionState::InForce => {
            let plan = plan(tx, creditor, &next)?;
            store::decisions::update(tx, creditor, &next)?;
            enforce(tx, now, ctx, (creditor, actor), (&next, plan))?;
        }
        DecisionState::Reopened => {
            store::decisions::update(tx, creditor, &next)?;
            undo(tx, now, ctx, (creditor, actor), &next)?;
        }
        DecisionState::Proposed | DecisionState::Refused => {
            store::decisions::update(tx, creditor, &next)?;
        }
    }
    Ok(next)
}

/// The decision with this id.
///
/// # Errors
/// [`Error::Unknown`], or the database's.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Decision, Error> {
    store::decisions::get(conn, creditor, id)?.ok_or(Error::Unknown)
}

/// What the audit trail says of a decision: what it is about and where it stands.
fn audited(decision: &Decision) -> serde_json::Value {
    let (line, credits, flows, receipt_id) = match &decision.subject {
        Subject::Force {
            reconciliation_id, ..
        } => (Some(reconciliation_id), None, None, None),
        Subject::Match { credits, flows } => (None, Some(credits), Some(flows), None),
        Subject::MatchReceipt {
            credits,
            receipt_id,
        } => (None, Some(credits), None, Some(receipt_id)),
        Subject::Unmatch { credits } => (None, Some(credits), None, None),
    };
    json!({
        "kind": decision.subject.kind().as_str(),
        "reason": decision.reason.as_str(),
        "state": decision.state.as_str(),
        "reconciliation_id": line,
        "treasury_entry_ids": credits,
        "settlement_flow_ids": flows,
        "receipt_id": receipt_id,
    })
}

/// One page of decisions, in the order they were made, after the given id.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    filter: Filter,
    slice: (Option<Uuid>, i64),
) -> Result<Vec<Decision>, Error> {
    Ok(store::decisions::page(conn, creditor, filter, slice)?)
}

/// The creditor's terms and their revision; 0 when it has set none.
///
/// # Errors
/// The database's.
pub fn terms(
    conn: &mut Conn,
    creditor: &FiscalCode,
) -> Result<(ReconciliationTerms, i64), store::Error> {
    store::decisions::terms(conn, creditor)
}

/// Replaces the creditor's terms, on the revision the caller has seen if it has seen one. Lines that end
/// elsewhere under another tolerance are classified again. Returns the revision.
///
/// # Errors
/// [`Error::Stale`], or the database's.
pub fn set_terms(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    (creditor, actor): (&FiscalCode, Uuid),
    (terms, seen): (ReconciliationTerms, Option<i64>),
) -> Result<i64, Error> {
    store::settlement::hold(tx, creditor)?;
    let (before, current) = store::decisions::terms(tx, creditor)?;
    if seen.is_some_and(|seen| seen != current) {
        return Err(Error::Stale { current });
    }
    if before == terms && current > 0 {
        tx.nothing_to_note();
        return Ok(current);
    }
    let revision = current.saturating_add(1);
    store::decisions::set_terms(tx, creditor, terms, revision)?;
    let said = |terms: ReconciliationTerms| json!({"tolerance_cents": terms.tolerance.get(), "second_approver": terms.second_approver});
    let what = (AuditedEntity::ReconciliationTerms, creditor);
    let change = AuditChange::new(creditor, AuditAction::Changed, what, said(terms));
    tx.note(change.from(&said(before)));
    if before.tolerance != terms.tolerance {
        let mut touched = Touched::by(Origin {
            actor: Some(actor),
            ..Origin::from(Cause::Terms)
        });
        touched.flows = store::treasury::flows_that_differ(tx, creditor)?;
        touched.iuvs = store::treasury::single_payments(tx, creditor)?;
        reconciliation::classify(tx, now, ctx, creditor, touched)?;
    }
    Ok(revision)
}

/// What is meant, if it exists.
fn subject(
    conn: &mut Conn,
    creditor: &FiscalCode,
    wanted: Wanted,
    findings: &mut Findings,
) -> Result<Option<Subject>, Error> {
    Ok(match wanted {
        Wanted::Force(id) => {
            let line = store::reconciliation::get(conn, creditor, id)?;
            if line.is_none() {
                findings.add(
                    "/force/reconciliation_id",
                    "nessuna riconciliazione ha questo identificativo",
                    "no reconciliation has this id",
                );
            }
            line.map(|filed| Subject::Force {
                reconciliation_id: id,
                line: filed.line,
            })
        }
        Wanted::Match { credits, flows } => Some(Subject::Match { credits, flows }),
        Wanted::MatchReceipt {
            credits,
            receipt_id,
        } => Some(Subject::MatchReceipt {
            credits,
            receipt_id,
        }),
        Wanted::Unmatch(credits) => Some(Subject::Unmatch { credits }),
    })
}

/// What was made of a request, if it breaks no rule.
fn checked<T>(findings: Findings, made: Option<T>) -> Result<T, Error> {
    findings.result().map_err(Error::Details)?;
    made.ok_or(Error::Unknown)
}

/// What a decision moves.
enum Plan {
    Close(store::reconciliation::Filed),
    Give(Vec<Filed>, BTreeSet<KnownFlow>),
    /// Entries, and the reference of the payment.
    GiveToPayment(Vec<Filed>, String),
    Take(Vec<Filed>),
}

/// Checks that a decision can hold now, and loads what it moves.
fn plan(conn: &mut Conn, creditor: &FiscalCode, decision: &Decision) -> Result<Plan, Error> {
    let mut findings = Findings::default();
    let plan = match &decision.subject {
        Subject::Force {
            reconciliation_id, ..
        } => {
            let filed = store::reconciliation::get(conn, creditor, *reconciliation_id)?;
            let filed = filed.filter(|filed| filed.verdict.code.is_open());
            if filed.is_none() {
                findings.add(
                    "/force/reconciliation_id",
                    "la riga non è in sospeso né anomala: non c'è nulla da chiudere",
                    "the line is neither pending nor an anomaly: there is nothing to close",
                );
            }
            filed.map(Plan::Close)
        }
        Subject::Match { credits, flows } => {
            let entries = entries(conn, creditor, ("/match", credits), &mut findings)?;
            let flows = live_flows(conn, creditor, flows, &mut findings)?;
            Some(Plan::Give(entries, flows))
        }
        Subject::MatchReceipt {
            credits,
            receipt_id,
        } => {
            let entries = entries(conn, creditor, ("/match", credits), &mut findings)?;
            let iuv = payment(conn, creditor, receipt_id, &mut findings)?;
            iuv.map(|iuv| Plan::GiveToPayment(entries, iuv))
        }
        Subject::Unmatch { credits } => {
            let entries = entries(conn, creditor, ("/unmatch", credits), &mut findings)?;
            for (at, id) in credits.iter().enumerate() {
                let found = entries.iter().find(|entry| entry.id == *id);
                if found.is_some_and(|entry| entry.explained().is_none()) {
                    findings.add(
                        format!("/unmatch/treasury_entry_ids/{at}"),
                        "non è abbinato ad alcun flusso né pagamento",
                        "is not matched to any flow or payment",
                    );
                }
            }
            Some(Plan::Take(entries))
        }
    };
    checked(findings, plan)
}

/// The entries of a decision: cash that waits for an explanation, and that no other decision holds.
fn entries(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (base, ids): (&str, &[Uuid]),
    findings: &mut Findings,
) -> Result<Vec<Filed>, Error> {
    let found = store::treasury::get_all(conn, creditor, ids)?;
    for (at, id) in ids.iter().enumerate() {
        let pointer = format!("{base}/treasury_entry_ids/{at}");
        match found.iter().find(|entry| entry.id == *id) {
            None => findings.add(
                pointer,
                "nessun movimento ha questo identificativo",
                "no treasury entry has this id",
            ),
            Some(entry) if !entry.movement.in_scope() => findings.add(
                pointer,
                "non è un sospeso di entrata: non può essere denaro di un flusso",
                "is no pending credit: it cannot be money of a flow",
            ),
            Some(entry) if entry.held_by.is_some() => findings.add(
                pointer,
                "un'altra decisione lo riguarda: va prima riaperta",
                "another decision is about it: reopen that one first",
            ),
            Some(_) => {}
        }
    }
    Ok(found)
}

/// The reference of the payment with this receipt: money that comes to the creditor's account.
fn payment(
    conn: &mut Conn,
    creditor: &FiscalCode,
    receipt_id: &str,
    findings: &mut Findings,
) -> Result<Option<String>, Error> {
    let iuv = store::reconciliation::own_payment(conn, creditor, receipt_id)?;
    if iuv.is_none() {
        findings.add(
            "/match/receipt_id",
            "nessuna ricevuta con questo identificativo porta denaro su un conto dell'ente",
            "no receipt with this id brings money to an account of the creditor",
        );
    }
    Ok(iuv)
}

/// The flows of a decision, of which a revision must be in force. Several must not be put together already.
fn live_flows(
    conn: &mut Conn,
    creditor: &FiscalCode,
    ids: &[Uuid],
    findings: &mut Findings,
) -> Result<BTreeSet<KnownFlow>, Error> {
    let filed = store::settlement::get_all(conn, creditor, ids)?;
    let known = |filed: &store::settlement::Filed| filed.header.known();
    let flows: BTreeSet<KnownFlow> = filed.iter().map(known).collect();
    let keys: Vec<&str> = flows.iter().map(|flow| flow.key.as_str()).collect();
    let decided = store::bonds::decided(conn, creditor, &keys)?;
    for (at, id) in ids.iter().enumerate() {
        let pointer = format!("/match/settlement_flow_ids/{at}");
        let Some(flow) = filed.iter().find(|flow| flow.id == *id).map(known) else {
            findings.add(
                pointer,
                "nessun flusso di rendicontazione ha questo identificativo",
                "no settlement flow has this id",
            );
            continue;
        };
        if flows.len() > 1 && decided.contains(&flow) {
            findings.add(
                pointer,
                "è già unito ad altri flussi da un'altra decisione",
                "another decision has put it together with other flows",
            );
        }
    }
    Ok(flows)
}

/// Lets a decision hold: cash moves, the books follow, the lines it concerns are classified again.
fn enforce(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    (creditor, actor): (&FiscalCode, Uuid),
    (decision, plan): (&Decision, Plan),
) -> Result<(), Error> {
    let mut touched = touched(decision, actor);
    let held = Held {
        decision: decision.id,
        payment: None,
    };
    match plan {
        Plan::Close(filed) => {
            refunds::close(tx, now, ctx, creditor, decision)?;
            touch_line(tx, creditor, &filed, &mut touched)?;
        }
        Plan::Give(entries, flows) => {
            let Some(flow) = flows.first().cloned() else {
                return Ok(());
            };
            if flows.len() > 1 {
                store::bonds::bind(tx, creditor, decision.id, &flows)?;
            }
            let explained = Explained::Flow(Matched {
                flow,
                quality: Quality::Hand,
            });
            touched.flows.extend(flows);
            let entries = take(tx, creditor, (entries, &held), &mut touched)?;
            let all = entries.iter();
            let moves: Vec<_> = all.map(|one| (one, Some(explained.clone()))).collect();
            let moved = treasury::give(tx, now, ctx, creditor, &moves)?;
            touched.flows.extend(moved);
        }
        Plan::GiveToPayment(entries, iuv) => {
            store::settlement::hold_positions(tx, creditor, &[iuv.as_str()])?;
            touched.iuvs.insert(iuv.clone());
            let payment = Some(iuv);
            let held = Held { payment, ..held };
            let entries = take(tx, creditor, (entries, &held), &mut touched)?;
            let ids: Vec<Uuid> = entries.iter().map(|entry| entry.id).collect();
            let entries = store::treasury::get_all(tx, creditor, &ids)?;
            let moved = treasury::rematch(tx, now, ctx, creditor, &entries)?;
            touched.flows.extend(moved);
        }
        Plan::Take(entries) => {
            let entries = take(tx, creditor, (entries, &held), &mut touched)?;
            let moves: Vec<_> = entries.iter().map(|entry| (entry, None)).collect();
            let moved = treasury::give(tx, now, ctx, creditor, &moves)?;
            touched.flows.extend(moved);
        }
    }
    reconciliation::classify(tx, now, ctx, creditor, touched)?;
    Ok(())
}

/// Takes a decision back: texts and rules say again what things are.
fn undo(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    (creditor, actor): (&FiscalCode, Uuid),
    decision: &Decision,
) -> Result<(), Error> {
    let mut touched = touched(decision, actor);
    match &decision.subject {
        Subject::Force {
            reconciliation_id, ..
        } => {
            refunds::reopen(tx, now, ctx, creditor, decision)?;
            if let Some(filed) = store::reconciliation::get(tx, creditor, *reconciliation_id)? {
                touch_line(tx, creditor, &filed, &mut touched)?;
            }
        }
        Subject::Match { .. } | Subject::MatchReceipt { .. } | Subject::Unmatch { .. } => {
            touched.flows = store::bonds::part(tx, creditor, decision.id)?;
            let entries = store::treasury::held_by(tx, creditor, decision.id)?;
            let moves: Vec<_> = entries.iter().map(|entry| (entry, None)).collect();
            let left = treasury::give(tx, now, ctx, creditor, &moves)?;
            keep(tx, creditor, (&entries, None), &mut touched)?;
            let ids: Vec<Uuid> = entries.iter().map(|entry| entry.id).collect();
            let mut free = store::treasury::get_all(tx, creditor, &ids)?;
            // What takes back an entry that another decision holds follows that one.
            let led = treasury::follow(tx, now, ctx, creditor, &mut free)?;
            let found = treasury::rematch(tx, now, ctx, creditor, &free)?;
            let moved = left.into_iter().chain(led).chain(found);
            touched.flows.extend(moved);
            touched.iuvs.extend(free.iter().flat_map(payments));
        }
    }
    reconciliation::classify(tx, now, ctx, creditor, touched)?;
    Ok(())
}

fn touched(decision: &Decision, actor: Uuid) -> Touched {
    Touched::by(Origin {
        cause: Cause::Decision,
        decision: Some(decision.id),
        actor: Some(actor),
    })
}

/// Puts entries under a decision, and with them those that take them back or restore them, whenever these
/// came. What their texts bound together is parted.
fn take(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    (mut entries, held): (Vec<Filed>, &Held),
    touched: &mut Touched,
) -> Result<Vec<Filed>, store::Error> {
    entries.extend(treasury::followers(tx, creditor, &entries)?);
    let ids: Vec<Uuid> = entries.iter().map(|entry| entry.id).collect();
    touched.flows.extend(treasury::unbind(tx, creditor, &ids)?);
    keep(tx, creditor, (&entries, Some(held)), touched)?;
    Ok(entries)
}

/// Marks entries as held by a decision, or as free, and touches them, with the payments that they are or were
/// for.
fn keep(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    (entries, held): (&[Filed], Option<&Held>),
    touched: &mut Touched,
) -> Result<(), store::Error> {
    let ids: Vec<Uuid> = entries.iter().map(|entry| entry.id).collect();
    store::treasury::hold(tx, creditor, &ids, held)?;
    touched.entries.extend(ids);
    touched.iuvs.extend(entries.iter().flat_map(payments));
    Ok(())
}

/// The payments that an entry is for, as its text and an officer say.
fn payments(entry: &Filed) -> impl Iterator<Item = String> {
    let named = match &entry.reference {
        Reference::Single(iuv) => Some(iuv.clone()),
        Reference::Flow(_) | Reference::None => None,
    };
    named.into_iter().chain(entry.given.clone())
}

/// Touches a line, holding the debt behind it as filing a receipt does.
fn touch_line(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    filed: &store::reconciliation::Filed,
    touched: &mut Touched,
) -> Result<(), store::Error> {
    if let Some(iuv) = &filed.iuv {
        store::settlement::hold_positions(tx, creditor, &[iuv.as_str()])?;
    }
    touched.lines(tx, creditor, [filed])
}
