//! The audit trail: who changed what, from what and to what. One entry for each change that somebody wanted;
//! facts (receipts, rows of flows, cash) carry their own provenance.
//!
//! An entry holds identifiers, codes and amounts: no name, no address, no contact of a person.

mod seal;

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use uuid::Uuid;

pub use seal::{AuditEntry, AuditSeal, SealedEntry, Tampered, compare};

use crate::domain::client::Tenant;
use crate::domain::fiscal_code::FiscalCode;

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Nobody in particular: the upkeep of the engine itself, which changes nothing of a creditor.
    Nobody,
    /// A client of the API.
    Client {
        /// The client.
        id: Uuid,
        /// What people call it.
        label: String,
        /// The request that it made.
        request_id: Option<Uuid>,
    },
    /// Whoever runs a command of the engine on its machine.
    Operator,
    /// A job of this kind.
    Job(String),
    /// The payment node, for who stands at a counter.
    Node,
}

impl Actor {
    /// Which sort it is, and what it is called; `None` for nobody.
    #[must_use]
    pub fn named(&self) -> Option<(ActorKind, &str)> {
        match self {
            Actor::Nobody => None,
            Actor::Client { label, .. } => Some((ActorKind::Client, label)),
            Actor::Operator => Some((ActorKind::Operator, "avviso")),
            Actor::Job(kind) => Some((ActorKind::Job, kind)),
            Actor::Node => Some((ActorKind::Node, "pagoPA")),
        }
    }

    /// Whether everything it writes must say what it changed.
    #[must_use]
    pub fn answers(&self) -> bool {
        match self {
            Actor::Client { .. } | Actor::Operator => true,
            Actor::Nobody | Actor::Job(_) | Actor::Node => false,
        }
    }
}

/// Which sort of actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActorKind {
    /// A client of the API.
    Client,
    /// The command line.
    Operator,
    /// A job.
    Job,
    /// The payment node.
    Node,
}

names!(ActorKind, {
    ActorKind::Client => "client",
    ActorKind::Operator => "operator",
    ActorKind::Job => "job",
    ActorKind::Node => "node",
});

/// What is changed. The identifier is the one that the API knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// A reporting flow.
    SettlementFlow,
    /// What could not be read of a reporting flow.
    SettlementFlowRefusal,
    /// A file of the treasurer.
    TreasuryImport,
    /// A movement that was typed.
    TreasuryEntry,
    /// What could not be read of a file.
    TreasuryRefusal,
    /// What the office has recorded of a collection order.
    OrderCovering,
    /// What an officer decided about lines.
    ReconciliationDecision,
    /// The work on a line.
    WorkItem,
    /// A closed month.
    AccountingPeriod,
    /// A report made by a job.
    ReportJob,
    /// A job.
    Job,
}

names!(AuditedEntity, {
    AuditedEntity::Creditor => "creditor",
    AuditedEntity::Station => "station",
    AuditedEntity::Account => "account",
    AuditedEntity::Service => "service",
    AuditedEntity::AccountingPlan => "accounting_plan",
    AuditedEntity::ReconciliationTerms => "reconciliation_terms",
    AuditedEntity::Client => "client",
    AuditedEntity::DebtPosition => "debt_position",
    AuditedEntity::Notice => "notice",
    AuditedEntity::Payment => "payment",
    AuditedEntity::CanteenAccount => "canteen_account",
    AuditedEntity::CanteenMealBatch => "canteen_meal_batch",
    AuditedEntity::SettlementFlow => "settlement_flow",
    AuditedEntity::SettlementFlowRefusal => "settlement_flow_refusal",
    AuditedEntity::TreasuryImport => "treasury_import",
    AuditedEntity::TreasuryEntry => "treasury_entry",
    AuditedEntity::TreasuryRefusal => "treasury_refusal",
    AuditedEntity::OrderCovering => "order_covering",
    AuditedEntity::ReconciliationDecision => "reconciliation_decision",
    AuditedEntity::WorkItem => "work_item",
    AuditedEntity::AccountingPeriod => "accounting_period",
    AuditedEntity::ReportJob => "report_job",
    AuditedEntity::Job => "job",
});

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// Credit went to another account.
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

names!(AuditAction, {
    AuditAction::Created => "created",
    AuditAction::Changed => "changed",
    AuditAction::Removed => "removed",
    AuditAction::Issued => "issued",
    AuditAction::Revoked => "revoked",
    AuditAction::Opened => "opened",
    AuditAction::Suspended => "suspended",
    AuditAction::Withdrawn => "withdrawn",
    AuditAction::Expired => "expired",
    AuditAction::Extended => "extended",
    AuditAction::Replanned => "replanned",
    AuditAction::Lapsed => "lapsed",
    AuditAction::Notified => "notified",
    AuditAction::Integrated => "integrated",
    AuditAction::Debited => "debited",
    AuditAction::Transferred => "transferred",
    AuditAction::Refunded => "refunded",
    AuditAction::Corrected => "corrected",
    AuditAction::Approved => "approved",
    AuditAction::Refused => "refused",
    AuditAction::Closed => "closed",
    AuditAction::Reopened => "reopened",
    AuditAction::Commented => "commented",
    AuditAction::Requested => "requested",
    AuditAction::Imported => "imported",
});

/// A change, as a use case says it. Who acts, when, and in which request is known to the transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditChange {
    /// Whose it is.
    pub tenant: Tenant,
    /// What is changed.
    pub entity: AuditedEntity,
    /// Which one.
    pub entity_id: String,
    /// What was done.
    pub action: AuditAction,
    /// What it said before, as far as it says something else now.
    pub before: Value,
    /// What it says now.
    pub after: Value,
}

impl AuditChange {
    /// A change that has no former state.
    #[must_use]
    pub fn new(
        whose: impl Into<Tenant>,
        action: AuditAction,
        (entity, id): (AuditedEntity, impl ToString),
        after: Value,
    ) -> AuditChange {
        AuditChange {
            tenant: whose.into(),
            entity,
            entity_id: id.to_string(),
            action,
            before: empty(),
            after: said(after),
        }
    }

    /// The same change of something that said this before: only what differs is kept.
    #[must_use]
    pub fn from(mut self, before: &Value) -> AuditChange {
        (self.before, self.after) = difference(&said(before.clone()), &self.after);
        self
    }

    /// The same change with one more thing to know of it.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> AuditChange {
        if let Some(members) = self.after.as_object_mut() {
            members.insert(name.to_owned(), value);
        }
        self
    }
}

/// What was made, changed and removed when a set of things, by their identifiers, is replaced by another one.
#[must_use]
pub fn replaced(
    creditor: &FiscalCode,
    entity: AuditedEntity,
    before: &BTreeMap<String, Value>,
    after: &BTreeMap<String, Value>,
) -> Vec<AuditChange> {
    let mut changes = Vec::new();
    for (id, now) in after {
        let change = |action| AuditChange::new(creditor, action, (entity, id), now.clone());
        match before.get(id) {
            None => changes.push(change(AuditAction::Created)),
            Some(then) if then != now => changes.push(change(AuditAction::Changed).from(then)),
            Some(_same) => {}
        }
    }
    for (id, then) in before {
        if !after.contains_key(id) {
            let removed = AuditChange::new(creditor, AuditAction::Removed, (entity, id), empty());
            changes.push(removed.from(then));
        }
    }
    changes
}

/// Without the members that are null: absent is absent.
fn said(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(members.map(|(name, value)| (name, said(value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(said).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn empty() -> Value {
    Value::Object(Map::new())
}

/// The members of two objects that differ, objects inside them taken apart in the same way. What is given
/// back suffices to make either of the two out of the other.
#[must_use]
pub fn difference(before: &Value, after: &Value) -> (Value, Value) {
    let (Value::Object(then), Value::Object(now)) = (before, after) else {
        return (before.clone(), after.clone());
    };
    let (mut old, mut new) = (Map::new(), Map::new());
    for (name, value) in then {
        match now.get(name) {
            Some(same) if same == value => {}
            Some(other) => {
                let (value, other) = difference(value, other);
                old.insert(name.clone(), value);
                new.insert(name.clone(), other);
            }
            None => {
                old.insert(name.clone(), value.clone());
            }
        }
    }
    let added = now.iter().filter(|(name, _)| !then.contains_key(*name));
    new.extend(added.map(|(name, value)| (name.clone(), value.clone())));
    (Value::Object(old), Value::Object(new))
}

#[cfg(test)]
mod tests;
