//! What officers decide about lines: close one, give cash to flows, take it away, approve, reopen.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, patch, post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::Caller;
use super::faults::Faults;
use super::input::{Conditions, FromBody, FromPath, FromQuery, IdempotencyKey};
use super::page::Slice;
use super::problem::{Problem, catalogue};
use super::repeat::Asked;
use super::scalars::{
    EntityTagHeader, EntityTagsHeader, IdempotencyKeyHeader, Line1000, ReceiptId, Revision,
    UriHeader,
};
use super::tagged;
use crate::app::decisions::{self, Error, Filter, New, Wanted};
use crate::app::idempotency;
use crate::domain::reconciliation::decision::{self as rules, Decision, Mark, Subject};
use crate::domain::text::Text;

/// Why an officer decides; the note says the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionReason {
    /// The bank's text names nothing.
    ReferenceMissing,
    /// The bank's text names something wrong, or holds only a part.
    ReferenceWrong,
    /// One transfer for several flows, or several for one.
    OtherGrouping,
    /// The money came, or was given back, on another way.
    SettledElsewhere,
    /// The payer has the money back.
    Refunded,
    /// A difference too small to pursue.
    Rounding,
    /// A fault of the bank, the provider or the node, which they have confirmed.
    ConfirmedFault,
    /// None of these.
    Other,
}

twins!(
    DecisionReason = rules::DecisionReason: ReferenceMissing, ReferenceWrong, OtherGrouping, SettledElsewhere, Refunded, Rounding, ConfirmedFault, Other,
);

/// Where a decision stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionState {
    /// It waits for another client.
    Proposed,
    /// It holds.
    InForce,
    /// It was refused, or taken back before it held.
    Refused,
    /// It held, and holds no more.
    Reopened,
}

twins!(DecisionState = rules::DecisionState: Proposed, InForce, Refused, Reopened);

/// What a decision can be made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WantedDecisionState {
    /// Approve what another client has proposed.
    InForce,
    /// Refuse what another client has proposed, or take back one's own proposal.
    Refused,
    /// Take back what holds: rules and bank texts decide again.
    Reopened,
}

/// Which kind of decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionKind {
    /// A line is closed.
    Force,
    /// Cash is given to flows, or to a payment.
    Match,
    /// Cash is taken from what its text names.
    Unmatch,
}

twins!(DecisionKind = rules::DecisionKind: Force, Match, Unmatch);

/// A line to close, whatever the rules find.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ForcedLine {
    /// Its reconciliation.
    pub reconciliation_id: Uuid,
}

/// Movements that are the cash of settlement flows, all together, several for one or one for several; or the
/// cash of one payment, by its receipt. Exactly one of `settlement_flow_ids` and `receipt_id`.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 2, max_properties = 2)]
pub struct MatchedCash {
    /// The movements: pending credits that no other decision is about.
    #[schema(min_items = 1, max_items = 50)]
    pub treasury_entry_ids: Vec<Uuid>,
    /// The flows, each by one of its revisions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, min_items = 1, max_items = 50)]
    pub settlement_flow_ids: Option<Vec<Uuid>>,
    /// The receipt of a payment that came by itself. When a flow reports the payment, the movements are money
    /// of the flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub receipt_id: Option<ReceiptId>,
}

/// Movements that are not the cash of the flow, or of the payment, that their text names.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnmatchedCash {
    /// The movements.
    #[schema(min_items = 1, max_items = 50)]
    pub treasury_entry_ids: Vec<Uuid>,
}

/// A decision to be made: exactly one of `force`, `match` and `unmatch`.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 3, max_properties = 3, example = json!({
    "match": {"treasury_entry_ids": ["019a0000-0000-7000-8000-000000000001"], "settlement_flow_ids": ["019a0000-0000-7000-8000-000000000002"]},
    "reason": "reference_missing", "note": "Causale vuota, importo e giorno del flusso"
}))]
pub struct NewReconciliationDecision {
    /// Close a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub force: Option<ForcedLine>,
    /// Give cash to flows, or to a payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub r#match: Option<MatchedCash>,
    /// Take cash from what its text names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub unmatch: Option<UnmatchedCash>,
    /// Why.
    pub reason: DecisionReason,
    /// The rest of why, for whoever reads it in years.
    pub note: Line1000,
}

/// A change of a decision, a merge patch.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"state": "in_force", "note": "Verificato con la banca"}))]
pub struct ReconciliationDecisionAmendment {
    /// The state that is wanted.
    pub state: WantedDecisionState,
    /// Why.
    pub note: Line1000,
}

/// Who did something about a decision.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionMark {
    /// The client.
    pub client_id: Uuid,
    /// What there was to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub note: Option<Line1000>,
    /// The instant.
    pub at: DateTime<Utc>,
}

/// A decision about lines.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReconciliationDecision)]
pub struct ReconciliationDecisionView {
    /// Identifier.
    pub reconciliation_decision_id: Uuid,
    /// Which kind.
    pub kind: DecisionKind,
    /// The line that is closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub force: Option<ForcedLine>,
    /// The cash that is given to flows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub r#match: Option<MatchedCash>,
    /// The cash that is taken from a flow.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub unmatch: Option<UnmatchedCash>,
    /// Why.
    pub reason: DecisionReason,
    /// Where it stands.
    pub state: DecisionState,
    /// Who made it, with the note.
    pub proposed: DecisionMark,
    /// Who approved or refused it; absent when nobody has, or had to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub decided: Option<DecisionMark>,
    /// Who reopened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reopened: Option<DecisionMark>,
    /// Revision of the resource.
    pub revision: Revision,
}

/// One page of decisions.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconciliationDecisionPage {
    /// The decisions, in the order they were made.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<ReconciliationDecisionView>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// The decision of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ReconciliationDecisionPath {
    /// Identifier of the decision.
    pub reconciliation_decision_id: Uuid,
}

/// Which decisions.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReconciliationDecisionQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
    /// Only that stand here.
    #[param(nullable = false, inline)]
    pub state: Option<DecisionState>,
    /// Only of this kind.
    #[param(nullable = false, inline)]
    pub kind: Option<DecisionKind>,
}

/// Decide about lines
///
/// Close a line with a reason, give movements to the flows they pay (several for one, or one for several) or to
/// the receipt they pay, or take them from what their text names. The decision holds at once, or is proposed when the
/// creditor's terms want two clients. What it concerns is classified again in the same transaction.
#[utoipa::path(operation_id = "register_reconciliation_decision", tag = "reconciliations", security(("client" = ["reconciliations:write"])),
    params(("Idempotency-Key" = inline(IdempotencyKeyHeader), Header, description = "Key chosen by the caller, unique for each intent; kept at least 24 hours.")),
    request_body = NewReconciliationDecision,
    responses((status = 201, description = "Decided, or proposed.", body = ReconciliationDecisionView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource."),
                ("Location" = inline(UriHeader), description = "Where the resource is.")),
        links(("shown" = (operation_id = "show_reconciliation_decision", parameters(("reconciliation_decision_id" = "$response.body#/reconciliation_decision_id")), description = "Read it back."))))))]
#[post("/reconciliation-decisions")]
pub(super) async fn register_reconciliation_decision(
    state: web::Data<State>,
    caller: Caller,
    key: IdempotencyKey,
    body: FromBody<NewReconciliationDecision>,
) -> Result<HttpResponse, Problem> {
    let asked = Asked::new(
        &caller,
        "register_reconciliation_decision",
        &key,
        body.digest,
    )?;
    if let Some(answer) = asked.before(&state).await? {
        return Ok(answer);
    }
    let new = body.value.read()?;
    let (creditor, actor) = (caller.creditor()?.clone(), caller.client_id);
    let (ctx, sealed, at) = (state.ctx.clone(), asked.clone(), state.clone());
    let made = state.import(&caller, move |tx, now| {
        let made = decisions::decide(tx, now, &ctx, (&creditor, actor), new.clone())?;
        let location = at.address(&format!("/reconciliation-decisions/{}", made.id));
        let view = ReconciliationDecisionView::of(&made);
        let answer = sealed.answered(StatusCode::CREATED, location, (&view, Some(made.revision)));
        idempotency::remember(tx, now, &sealed.intent, &answer)?;
        Ok::<_, Error>(answer)
    });
    asked.end(&state, made.await.map_err(Problem::from)).await
}

/// List decisions
///
/// In the order they were made; those that wait for approval have the state `proposed`.
#[utoipa::path(operation_id = "list_reconciliation_decisions", tag = "reconciliations", security(("client" = ["reconciliations:read"])),
    params(ReconciliationDecisionQuery), responses((status = 200, description = "One page.", body = ReconciliationDecisionPage)))]
#[get("/reconciliation-decisions")]
pub(super) async fn list_reconciliation_decisions(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<ReconciliationDecisionQuery>,
) -> Result<HttpResponse, Problem> {
    let (creditor, query) = (caller.creditor()?.clone(), query.0);
    let filter = Filter {
        state: query.state.map(rules::DecisionState::from),
        kind: query.kind.map(rules::DecisionKind::from),
    };
    let slice = Slice {
        cursor: query.cursor,
        limit: query.limit,
    };
    let read =
        move |conn: &mut _| decisions::page(conn, &creditor, filter, (slice.cursor, slice.fetch()));
    let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |decision| decision.id);
    let items = found.iter().map(ReconciliationDecisionView::of).collect();
    Ok(HttpResponse::Ok().json(ReconciliationDecisionPage { items, next_cursor }))
}

/// Show a decision
///
/// What it is about, who made it, approved it, reopened it, and why.
#[utoipa::path(operation_id = "show_reconciliation_decision", tag = "reconciliations", security(("client" = ["reconciliations:read"])),
    params(ReconciliationDecisionPath),
    responses((status = 200, description = "The decision.", body = ReconciliationDecisionView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource.")))))]
#[get("/reconciliation-decisions/{reconciliation_decision_id}")]
pub(super) async fn show_reconciliation_decision(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<ReconciliationDecisionPath>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (
        caller.creditor()?.clone(),
        path.0.reconciliation_decision_id,
    );
    let read = move |conn: &mut _| decisions::get(conn, &creditor, id);
    let found = state.ctx.read(read).await?;
    Ok(tagged(
        &ReconciliationDecisionView::of(&found),
        found.revision,
    ))
}

/// Approve, refuse or reopen a decision
///
/// A merge patch; `If-Match` must carry the version that was read. Who proposed a decision cannot approve it.
/// A reopened decision stays on record; to decide again, make another one.
#[utoipa::path(operation_id = "amend_reconciliation_decision", tag = "reconciliations", security(("client" = ["reconciliations:write"])),
    params(ReconciliationDecisionPath, ("If-Match" = inline(EntityTagsHeader), Header, description = "Version that was read; without it the answer is 428.")),
    request_body(content = ReconciliationDecisionAmendment, content_type = "application/merge-patch+json"),
    responses((status = 200, description = "The decision as it is now.", body = ReconciliationDecisionView,
        headers(("ETag" = inline(EntityTagHeader), description = "Version of the resource.")))))]
#[patch("/reconciliation-decisions/{reconciliation_decision_id}")]
pub(super) async fn amend_reconciliation_decision(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<ReconciliationDecisionPath>,
    conditions: Conditions,
    body: FromBody<ReconciliationDecisionAmendment>,
) -> Result<HttpResponse, Problem> {
    let (creditor, id) = (
        caller.creditor()?.clone(),
        path.0.reconciliation_decision_id,
    );
    let conditions = conditions.required()?;
    let held = creditor.clone();
    let read = move |conn: &mut _| decisions::get(conn, &held, id);
    let found = state.ctx.read(read).await?;
    conditions.check(Some(found.revision))?;
    let mut faults = Faults::default();
    let note = faults.read("/note", Text::parse(body.value.note.as_str()));
    let note = faults.result(note)?;
    let step = match body.value.state {
        WantedDecisionState::InForce => rules::DecisionStep::Approve,
        WantedDecisionState::Refused => rules::DecisionStep::Refuse,
        WantedDecisionState::Reopened => rules::DecisionStep::Reopen,
    };
    let (ctx, by, seen) = (state.ctx.clone(), caller.client_id, found.revision);
    let changed = state.import(&caller, move |tx, now| {
        let mark = Mark {
            by,
            at: now,
            note: Some(note.clone()),
        };
        decisions::amend(tx, now, &ctx, (&creditor, id, seen), (step, mark))
    });
    let changed = changed.await.map_err(|error| match error {
        // What was proposed cannot hold any more; the request itself is sound.
        Error::Details(found) => {
            let said = found.first().map(|one| one.said.clone());
            let problem = Problem::of(&catalogue::STATE_FORBIDS);
            said.map_or_else(|| problem.clone(), |said| problem.clone().saying(said))
        }
        Error::Unknown | Error::Stale { .. } | Error::Step(_) | Error::Store(_) => error.into(),
    })?;
    Ok(tagged(
        &ReconciliationDecisionView::of(&changed),
        changed.revision,
    ))
}

impl NewReconciliationDecision {
    fn read(self) -> Result<New, Problem> {
        let wanted = match (self.force, self.r#match, self.unmatch) {
            (Some(line), None, None) => Wanted::Force(line.reconciliation_id),
            (None, Some(cash), None) => cash.read()?,
            (None, None, Some(cash)) => Wanted::Unmatch(cash.treasury_entry_ids),
            // The contract has exactly one of them.
            (Some(_), Some(_), _)
            | (Some(_), _, Some(_))
            | (_, Some(_), Some(_))
            | (None, None, None) => {
                return Err(Problem::of(&catalogue::CONTRACT_VIOLATION));
            }
        };
        let mut faults = Faults::default();
        let note = faults.read("/note", Text::parse(self.note.as_str()));
        let reason = self.reason.into();
        faults.result(note.map(|note| New {
            wanted,
            reason,
            note,
        }))
    }
}

impl MatchedCash {
    fn read(self) -> Result<Wanted, Problem> {
        let credits = self.treasury_entry_ids;
        match (self.settlement_flow_ids, self.receipt_id) {
            (Some(flows), None) => Ok(Wanted::Match { credits, flows }),
            (None, Some(receipt_id)) => Ok(Wanted::MatchReceipt {
                credits,
                receipt_id: receipt_id.as_str().to_owned(),
            }),
            // The contract has exactly one of them.
            (Some(_), Some(_)) | (None, None) => Err(Problem::of(&catalogue::CONTRACT_VIOLATION)),
        }
    }
}

impl DecisionMark {
    pub(super) fn of(mark: &Mark) -> DecisionMark {
        DecisionMark {
            client_id: mark.by,
            note: mark.note.as_ref().map(|note| Line1000::new(note.as_str())),
            at: mark.at,
        }
    }
}

impl ReconciliationDecisionView {
    fn of(decision: &Decision) -> ReconciliationDecisionView {
        let mut view = ReconciliationDecisionView {
            reconciliation_decision_id: decision.id,
            kind: decision.subject.kind().into(),
            force: None,
            r#match: None,
            unmatch: None,
            reason: decision.reason.into(),
            state: decision.state.into(),
            proposed: DecisionMark::of(&decision.proposed),
            decided: decision.decided.as_ref().map(DecisionMark::of),
            reopened: decision.reopened.as_ref().map(DecisionMark::of),
            revision: Revision(decision.revision),
        };
        match &decision.subject {
            Subject::Force {
                reconciliation_id, ..
            } => {
                view.force = Some(ForcedLine {
                    reconciliation_id: *reconciliation_id,
                });
            }
            Subject::Match { credits, flows } => {
                view.r#match = Some(MatchedCash {
                    treasury_entry_ids: credits.clone(),
                    settlement_flow_ids: Some(flows.clone()),
                    receipt_id: None,
                });
            }
            Subject::MatchReceipt {
                credits,
                receipt_id,
            } => {
                view.r#match = Some(MatchedCash {
                    treasury_entry_ids: credits.clone(),
                    settlement_flow_ids: None,
                    receipt_id: Some(ReceiptId::new(receipt_id.as_str())),
                });
            }
            Subject::Unmatch { credits } => {
                view.unmatch = Some(UnmatchedCash {
                    treasury_entry_ids: credits.clone(),
                });
            }
        }
        view
    }
}
