//! The audit trail: who changed what.

use actix_web::{HttpResponse, get, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Schema, SchemaType};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::State;
use super::auth::Caller;
use super::input::{FromPath, FromQuery};
use super::page::Slice;
use super::problem::{Problem, catalogue};
use super::scalars::{Count, EntityKey, Line140};
use crate::app::trail::{self, AuditEntry, Filter};
use crate::domain::text::fit;
use crate::domain::{calendar, trail as rules};

/// Which sort of actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActorType {
    /// A client of this API.
    Client,
    /// Whoever runs a command of the engine on its machine.
    Operator,
    /// A job of the engine.
    Job,
    /// The payment node, for who stands at a counter.
    Node,
}

/// What is changed; `entity_id` is the identifier that the API knows it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditedEntity {
    /// A public body, by its tax code.
    Creditor,
    /// A station, by its identifier.
    Station,
    /// An account, by its IBAN.
    Account,
    /// A service with its tariffs, by its code.
    Service,
    /// The accounting plans of a service, by its code.
    AccountingPlan,
    /// The terms of reconciliation, by the tax code of the body.
    ReconciliationTerms,
    /// A client of the API and its key.
    Client,
    /// A debt position.
    DebtPosition,
    /// A notice, by its number.
    Notice,
    /// A payment.
    Payment,
    /// A canteen account.
    CanteenAccount,
    /// Meals taken together.
    CanteenMealBatch,
    /// A settlement flow.
    SettlementFlow,
    /// What could not be read of a settlement flow.
    SettlementFlowRefusal,
    /// A file of the treasurer.
    TreasuryImport,
    /// A movement that was entered.
    TreasuryEntry,
    /// What could not be read of a file.
    TreasuryRefusal,
    /// What the office has recorded of a collection order.
    OrderCovering,
    /// A decision about lines.
    ReconciliationDecision,
    /// The work on a line, by its reconciliation.
    WorkItem,
    /// A month that was closed.
    AccountingPeriod,
    /// A report made by a job.
    ReportJob,
    /// A job.
    Job,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuditAction {
    /// It was made.
    Created,
    /// It says something else now.
    Changed,
    /// It is no more.
    Removed,
    /// A key was issued.
    Issued,
    /// A key was revoked.
    Revoked,
    /// It was made payable, or payable again.
    Opened,
    /// It was stopped for a time.
    Suspended,
    /// It was withdrawn.
    Withdrawn,
    /// Payments of it end.
    Expired,
    /// Its last day to pay is a later one.
    Extended,
    /// What was unpaid went on new notices.
    Replanned,
    /// Its plan has ended by itself.
    Lapsed,
    /// Its notification became known.
    Notified,
    /// What was missing of a payment was asked for.
    Integrated,
    /// Meals were taken.
    Debited,
    /// Credit went to another account, or came from one.
    Transferred,
    /// Money was paid back.
    Refunded,
    /// Credit was set right.
    Corrected,
    /// It was approved.
    Approved,
    /// It was refused.
    Refused,
    /// It was closed.
    Closed,
    /// It was opened again.
    Reopened,
    /// Somebody said something about it.
    Commented,
    /// It was asked for.
    Requested,
    /// It came in.
    Imported,
}

twins!(ActorType = rules::ActorKind: Client, Operator, Job, Node);
twins!(AuditedEntity = rules::AuditedEntity: Creditor, Station, Account, Service, AccountingPlan,
    ReconciliationTerms, Client, DebtPosition, Notice, Payment, CanteenAccount, CanteenMealBatch, SettlementFlow,
    SettlementFlowRefusal, TreasuryImport, TreasuryEntry, TreasuryRefusal, OrderCovering, ReconciliationDecision, WorkItem, AccountingPeriod, ReportJob,
    Job);
twins!(AuditAction = rules::AuditAction: Created, Changed, Removed, Issued, Revoked, Opened, Suspended, Withdrawn,
    Expired, Extended, Replanned, Lapsed, Notified, Integrated, Debited, Transferred, Refunded, Corrected, Approved,
    Refused, Closed, Reopened, Commented, Requested, Imported);

/// Members by name; which ones there are depends on what was changed.
fn members_schema(description: &str) -> RefOr<Schema> {
    let any = ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .build();
    ObjectBuilder::new()
        .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(Schema::Object(
            any,
        )))))
        .max_properties(Some(200))
        .description(Some(description))
        .into()
}

fn before_schema() -> RefOr<Schema> {
    members_schema(
        "What it said before, as far as it says something else now; empty for what is new.",
    )
}

fn after_schema() -> RefOr<Schema> {
    members_schema("What it says now; only what differs where there was a former state.")
}

/// A change that somebody wanted. It holds identifiers, codes and amounts, and no personal data.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AuditEntry, example = json!({
    "audit_entry_id": "01970000-0000-7000-8000-000000000001", "recorded_at": "2026-04-01T08:00:00Z",
    "actor_type": "client", "client_id": "01970000-0000-7000-8000-000000000002", "actor_name": "Ufficio Tributi",
    "request_id": "01970000-0000-7000-8000-000000000003", "action": "changed", "entity_type": "service",
    "entity_id": "LAMPADE", "before": {"2026-01-01": {"terms": {"unit_price_cents": 1500}}},
    "after": {"2026-01-01": {"terms": {"unit_price_cents": 1600}}}, "seal_number": 12
}))]
pub struct AuditEntryView {
    /// Identifier.
    pub audit_entry_id: Uuid,
    /// Instant of the change.
    pub recorded_at: DateTime<Utc>,
    /// Which sort of actor made it.
    pub actor_type: ActorType,
    /// The client, when it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub client_id: Option<Uuid>,
    /// What the client is called, or the job.
    pub actor_name: Line140,
    /// The request in which it was made, as its answer named it; absent for what no request made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub request_id: Option<Uuid>,
    /// What was done.
    pub action: AuditAction,
    /// What was changed.
    pub entity_type: AuditedEntity,
    /// Which one.
    pub entity_id: EntityKey,
    /// What it said before.
    #[schema(schema_with = before_schema)]
    pub before: Value,
    /// What it says now.
    #[schema(schema_with = after_schema)]
    pub after: Value,
    /// Number of the seal over it; absent until the next seal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub seal_number: Option<Count>,
}

/// One page of the audit trail.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditEntryPage {
    /// The entries, newest first.
    #[schema(min_items = 0, max_items = 200)]
    pub items: Vec<AuditEntryView>,
    /// Value of `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<Uuid>,
}

/// The entry of a path.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct AuditEntryPath {
    /// Identifier of the entry.
    pub audit_entry_id: Uuid,
}

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditEntryQuery {
    /// `next_cursor` of the page before.
    #[param(nullable = false)]
    pub cursor: Option<Uuid>,
    /// Most items in the answer.
    #[serde(default = "super::page::limit_default")]
    #[param(format = Int32, minimum = 1, maximum = 200, default = 50, example = 50)]
    pub limit: u16,
    /// Only about things of this type.
    #[param(nullable = false, inline)]
    pub entity_type: Option<AuditedEntity>,
    /// Only about the thing with this identifier.
    #[param(nullable = false, inline)]
    pub entity_id: Option<EntityKey>,
    /// Only where this was done.
    #[param(nullable = false, inline)]
    pub action: Option<AuditAction>,
    /// Only by this sort of actor.
    #[param(nullable = false, inline)]
    pub actor_type: Option<ActorType>,
    /// Only by this client.
    #[param(nullable = false)]
    pub client_id: Option<Uuid>,
    /// Only of this day or later.
    #[param(nullable = false)]
    pub recorded_from_date: Option<NaiveDate>,
    /// Only of this day or earlier.
    #[param(nullable = false)]
    pub recorded_to_date: Option<NaiveDate>,
}

/// List who changed what
///
/// Newest first: the registry, debt positions, decisions, keys and files in one place. What payments, flows and
/// cash bring about is no change that somebody wanted: it is in the history of what it concerns.
#[utoipa::path(operation_id = "list_audit_entries", tag = "audit", security(("client" = ["audit:read"])), params(AuditEntryQuery),
    responses((status = 200, description = "One page.", body = AuditEntryPage)))]
#[get("/audit-entries")]
pub(super) async fn list_audit_entries(
    state: web::Data<State>,
    caller: Caller,
    query: FromQuery<AuditEntryQuery>,
) -> Result<HttpResponse, Problem> {
    let (tenant, query) = (caller.creditor()?.into(), query.0);
    let day_after = query.recorded_to_date.and_then(|day| day.succ_opt());
    let filter = Filter {
        entity: query.entity_type.map(rules::AuditedEntity::from),
        entity_id: query.entity_id.map(|id| id.as_str().to_owned()),
        action: query.action.map(rules::AuditAction::from),
        actor: query.actor_type.map(rules::ActorKind::from),
        client_id: query.client_id,
        from: query.recorded_from_date.map(calendar::start_of),
        before: day_after.map(calendar::start_of),
    };
    let slice = Slice {
        cursor: query.cursor,
        limit: query.limit,
    };
    let read =
        move |conn: &mut _| trail::page(conn, &tenant, &filter, (slice.cursor, slice.fetch()));
    let (found, next_cursor) = slice.cut(state.ctx.read(read).await?, |entry| entry.id);
    let items = found.iter().map(AuditEntryView::of).collect();
    Ok(HttpResponse::Ok().json(AuditEntryPage { items, next_cursor }))
}

/// Show a change
///
/// Who made it, in which request, from what and to what.
#[utoipa::path(operation_id = "show_audit_entry", tag = "audit", security(("client" = ["audit:read"])), params(AuditEntryPath),
    responses((status = 200, description = "The change.", body = AuditEntryView)))]
#[get("/audit-entries/{audit_entry_id}")]
pub(super) async fn show_audit_entry(
    state: web::Data<State>,
    caller: Caller,
    path: FromPath<AuditEntryPath>,
) -> Result<HttpResponse, Problem> {
    let (tenant, id) = (caller.creditor()?.into(), path.0.audit_entry_id);
    let found = state.ctx.read(move |conn| trail::get(conn, &tenant, id));
    let entry = found
        .await?
        .ok_or_else(|| Problem::of(&catalogue::NOT_FOUND))?;
    Ok(HttpResponse::Ok().json(AuditEntryView::of(&entry)))
}

impl AuditEntryView {
    fn of(entry: &AuditEntry) -> AuditEntryView {
        let change = &entry.change;
        AuditEntryView {
            audit_entry_id: entry.id,
            recorded_at: entry.at,
            actor_type: entry.actor.into(),
            client_id: entry.client_id,
            actor_name: Line140::new(fit(&entry.actor_name.replace(char::is_control, " "), 140)),
            request_id: entry.request_id,
            action: change.action.into(),
            entity_type: change.entity.into(),
            entity_id: EntityKey::new(change.entity_id.as_str()),
            before: change.before.clone(),
            after: change.after.clone(),
            seal_number: entry.seal.map(Count),
        }
    }
}
