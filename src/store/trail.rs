//! The audit trail: entries that are added and never changed, and the seals over them.
//!
//! Nothing here alters an entry but [`seal`], which gives it the number of its seal once.

mod seals;

use diesel::prelude::*;
use uuid::Uuid;

pub use seals::{seal, seal_after, seals, under, under_no_seal, unsealed};

use super::schema::audit_entry;
use super::types::{At, Id, Json};
use super::{Conn, Error, Tx};
use crate::domain::calendar::Instant;
use crate::domain::client::Tenant;
use crate::domain::trail::{Actor, ActorKind, AuditAction, AuditChange, AuditEntry, AuditedEntity};

const ENTRIES: &str = "audit_entry";

/// What a transaction has changed and not filed yet. It is part of the transaction, so that whatever writes
/// can say what it does, and nothing is filed that was rolled back.
#[derive(Debug, Default)]
pub struct Notes {
    changes: Vec<AuditChange>,
    quiet: bool,
}

impl Tx<'_> {
    /// Says what this transaction changes, for the audit trail.
    pub fn note(&mut self, change: AuditChange) {
        self.notes().changes.push(change);
    }

    /// Says that this transaction changes nothing that the audit trail is about: the request found
    /// everything as it wanted it, or the rows are upkeep.
    pub fn nothing_to_note(&mut self) {
        self.notes().quiet = true;
    }

    /// The changes that nobody has filed.
    pub(super) fn unfiled(&mut self) -> Result<(), Error> {
        let Some(first) = self.notes().changes.first() else {
            return Ok(());
        };
        let what = format!("{} {} {}", first.action, first.entity, first.entity_id);
        Err(Error::corrupt(ENTRIES, what, "nobody says who does this"))
    }
}

/// Which entries a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// About things of this type.
    pub entity: Option<AuditedEntity>,
    /// About the thing with this identifier.
    pub entity_id: Option<String>,
    /// Where this was done.
    pub action: Option<AuditAction>,
    /// By this client.
    pub client_id: Option<Uuid>,
    /// By this sort of actor.
    pub actor: Option<ActorKind>,
    /// At this instant or later.
    pub from: Option<Instant>,
    /// Before this instant.
    pub before: Option<Instant>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = audit_entry, treat_none_as_default_value = false)]
struct EntryRow {
    creditor: String,
    id: Id,
    at: At,
    actor: String,
    client: Option<Id>,
    actor_name: String,
    request: Option<Id>,
    action: String,
    entity_type: String,
    entity_id: String,
    before: Json,
    after: Json,
    seal: Option<i64>,
}

/// Files what the transaction noted, each change under an id of its own.
///
/// # Errors
/// [`Error::Corrupt`] when something was changed and nobody says who did, or when an actor that must say what
/// it changes says nothing: both are defects of a use case, and the transaction does not stand. Otherwise the
/// database's.
pub fn file(
    tx: &mut Tx<'_>,
    now: Instant,
    actor: &Actor,
    id: impl Fn() -> Uuid,
) -> Result<(), Error> {
    let Some((kind, name)) = actor.named() else {
        return tx.unfiled();
    };
    let notes = std::mem::take(tx.notes());
    if notes.changes.is_empty() {
        let silent = actor.answers() && !notes.quiet;
        return match silent {
            true => Err(Error::corrupt(ENTRIES, name, "a change is not noted")),
            false => Ok(()),
        };
    }
    let (client, request) = match actor {
        Actor::Client { id, request_id, .. } => (Some(Id(*id)), request_id.map(Id)),
        Actor::Nobody | Actor::Operator | Actor::Job(_) | Actor::Node => (None, None),
    };
    let row = |change: AuditChange| EntryRow {
        creditor: change.tenant.to_string(),
        id: Id(id()),
        at: At(now),
        actor: kind.as_str().to_owned(),
        client,
        actor_name: name.to_owned(),
        request,
        action: change.action.as_str().to_owned(),
        entity_type: change.entity.as_str().to_owned(),
        entity_id: change.entity_id,
        before: Json(change.before),
        after: Json(change.after),
        seal: None,
    };
    let rows: Vec<EntryRow> = notes.changes.into_iter().map(row).collect();
    append_rows!(tx, audit_entry::table, &rows);
    Ok(())
}

/// The entry with this id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn get(conn: &mut Conn, creditor: &Tenant, id: Uuid) -> Result<Option<AuditEntry>, Error> {
    let row: Option<EntryRow> = on!(conn, |c| audit_entry::table
        .find((creditor.as_str(), Id(id)))
        .get_result(c)
        .optional())?;
    row.map(EntryRow::into_domain).transpose()
}

/// One page of entries, the newest first, older than the one given.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn page(
    conn: &mut Conn,
    creditor: &Tenant,
    filter: &Filter,
    (older_than, limit): (Option<Uuid>, i64),
) -> Result<Vec<AuditEntry>, Error> {
    // Where no entry is, the id alone says the place: ids are in the order of time.
    let cursor = match older_than {
        Some(id) => {
            let entry = get(conn, creditor, id)?;
            Some((entry.map(|entry| At(entry.at)), Id(id)))
        }
        None => None,
    };
    let rows: Vec<EntryRow> = on!(conn, |c| {
        let mut query = audit_entry::table
            .filter(audit_entry::creditor.eq(creditor.as_str()))
            .order((audit_entry::at.desc(), audit_entry::id.desc()))
            .limit(limit)
            .into_boxed();
        query = match cursor {
            Some((Some(at), id)) => {
                let older = audit_entry::at.lt(at).or(audit_entry::id.lt(id));
                query.filter(audit_entry::at.le(at)).filter(older)
            }
            Some((None, id)) => query.filter(audit_entry::id.lt(id)),
            None => query,
        };
        if let Some(id) = &filter.entity_id {
            query = query.filter(audit_entry::entity_id.eq(id));
        }
        // One thing has few entries. SQLite does not know that, and might read all of a type for one of them:
        // beside an identifier, nothing else is a reason to choose an index.
        let one = filter.entity_id.is_some();
        macro_rules! only {
            ($column:expr, $value:expr) => {
                query = match one {
                    true => query.filter($column.concat("").eq($value)),
                    false => query.filter($column.eq($value)),
                }
            };
        }
        if let Some(entity) = filter.entity {
            only!(audit_entry::entity_type, entity.as_str());
        }
        if let Some(action) = filter.action {
            only!(audit_entry::action, action.as_str());
        }
        if let Some(client) = filter.client_id {
            only!(audit_entry::actor, ActorKind::Client.as_str());
            query = query.filter(audit_entry::client.eq(Id(client)));
        }
        if let Some(actor) = filter.actor {
            only!(audit_entry::actor, actor.as_str());
            if actor != ActorKind::Client {
                // As the index is ordered: the few of them are found without reading those of clients.
                query = query.filter(audit_entry::client.is_null());
            }
        }
        if let Some(from) = filter.from {
            query = query.filter(audit_entry::at.ge(At(from)));
        }
        if let Some(before) = filter.before {
            query = query.filter(audit_entry::at.lt(At(before)));
        }
        query.load(c)
    })?;
    rows.into_iter().map(EntryRow::into_domain).collect()
}

impl EntryRow {
    fn into_domain(self) -> Result<AuditEntry, Error> {
        let corrupt = |why: &str| Error::corrupt(ENTRIES, self.id.0, why);
        let change = AuditChange {
            tenant: Tenant::parse(&self.creditor).ok_or_else(|| corrupt("creditor"))?,
            entity: AuditedEntity::from_name(&self.entity_type)
                .ok_or_else(|| corrupt("entity_type"))?,
            action: AuditAction::from_name(&self.action).ok_or_else(|| corrupt("action"))?,
            entity_id: self.entity_id,
            before: self.before.0,
            after: self.after.0,
        };
        Ok(AuditEntry {
            id: self.id.0,
            at: self.at.0,
            actor: ActorKind::from_name(&self.actor)
                .ok_or_else(|| Error::corrupt(ENTRIES, self.id.0, "actor"))?,
            client_id: self.client.map(|id| id.0),
            actor_name: self.actor_name,
            request_id: self.request.map(|id| id.0),
            change,
            seal: self.seal,
        })
    }
}
