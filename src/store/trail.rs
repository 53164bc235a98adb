//! The audit trail: entries that are added and never changed, and the seals over them.
//!
//! Nothing here alters an entry but [`seal`], which gives it the number of its seal once.

use diesel::prelude::*;
use uuid::Uuid;

use super::prepared::among_ids;
use super::schema::{audit_entry, audit_seal};
use super::types::{At, Id, Json};
use super::{Conn, Error, Inserted, Tx};
use crate::domain::calendar::Instant;
use crate::domain::client::Tenant;
use crate::domain::trail::{
    Actor, ActorKind, AuditAction, AuditChange, AuditEntry, AuditSeal, AuditedEntity, SealedEntry,
};

const ENTRIES: &str = "audit_entry";
const SEALS: &str = "audit_seal";
/// Bytes of an id and a digest.
const SEALED_BYTES: usize = 48;

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
        let first = self.notes().changes.first();
        first.map_or(Ok(()), |change| Err(nobody(change)))
    }
}

fn nobody(change: &AuditChange) -> Error {
    let what = format!("{} {} {}", change.action, change.entity, change.entity_id);
    Error::corrupt(ENTRIES, what, "nobody says who does this")
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

#[derive(Queryable, Insertable)]
#[diesel(table_name = audit_seal, treat_none_as_default_value = false)]
struct SealRow {
    creditor: String,
    number: i64,
    sealed_at: At,
    entry_count: i64,
    first_entry: Id,
    last_entry: Id,
    entries: Vec<u8>,
    previous: Vec<u8>,
    sha256: Vec<u8>,
}

/// The columns of a seal without those it is over.
type HeadRow = (String, i64, At, i64, Id, Id, Vec<u8>, Vec<u8>);

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
    let notes = std::mem::take(tx.notes());
    let Some((kind, name)) = actor.named() else {
        return notes
            .changes
            .first()
            .map_or(Ok(()), |change| Err(nobody(change)));
    };
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
    insert_rows!(tx, &rows, |values| diesel::insert_into(audit_entry::table)
        .values(values));
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
        if let Some(entity) = filter.entity {
            query = query.filter(audit_entry::entity_type.eq(entity.as_str()));
        }
        if let Some(id) = &filter.entity_id {
            query = query.filter(audit_entry::entity_id.eq(id));
        }
        if let Some(action) = filter.action {
            query = query.filter(audit_entry::action.eq(action.as_str()));
        }
        if let Some(client) = filter.client_id {
            let of_client = audit_entry::actor.eq(ActorKind::Client.as_str());
            query = query
                .filter(of_client)
                .filter(audit_entry::client.eq(Id(client)));
        }
        if let Some(actor) = filter.actor {
            query = query.filter(audit_entry::actor.eq(actor.as_str()));
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

/// The oldest entries without a seal, in order of id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn unsealed(conn: &mut Conn, creditor: &Tenant, most: i64) -> Result<Vec<AuditEntry>, Error> {
    let rows: Vec<EntryRow> = on!(conn, |c| audit_entry::table
        .filter(audit_entry::creditor.eq(creditor.as_str()))
        .filter(audit_entry::seal.is_null())
        .order(audit_entry::id)
        .limit(most)
        .load(c))?;
    rows.into_iter().map(EntryRow::into_domain).collect()
}

/// Writes a seal, and its number to its entries.
///
/// # Errors
/// [`Error::Changed`] when another process has made the seal of this number, or sealed one of these entries,
/// meanwhile: the caller runs again on what is left. Otherwise the database's.
pub fn seal(tx: &mut Tx<'_>, seal: &AuditSeal, entries: &[SealedEntry]) -> Result<(), Error> {
    let changed = || Error::Changed {
        table: SEALS,
        id: seal.number.to_string(),
    };
    let row = SealRow {
        creditor: seal.tenant.to_string(),
        number: seal.number,
        sealed_at: At(seal.sealed_at),
        entry_count: seal.count,
        first_entry: Id(seal.first),
        last_entry: Id(seal.last),
        entries: pack(entries),
        previous: seal.previous.to_vec(),
        sha256: seal.sha256.to_vec(),
    };
    let made = on!(&mut **tx, |c| diesel::insert_into(audit_seal::table)
        .values(&row)
        .on_conflict_do_nothing()
        .execute(c))?;
    if Inserted::from_count(made).already() {
        return Err(changed());
    }
    let ids: Vec<Id> = entries.iter().map(|entry| Id(entry.id)).collect();
    let these = audit_entry::table
        .filter(audit_entry::creditor.eq(seal.tenant.as_str()))
        .filter(audit_entry::seal.is_null())
        .filter(among_ids(audit_entry::id, &ids));
    let set = audit_entry::seal.eq(Some(seal.number));
    let sealed = on!(&mut **tx, |c| crate::kept!(diesel::update(these).set(set))
        .execute(c))?;
    if sealed == entries.len() {
        Ok(())
    } else {
        Err(changed())
    }
}

/// One page of seals, the newest first, older than the one of this number.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn seals(
    conn: &mut Conn,
    creditor: &Tenant,
    (older_than, limit): (Option<i64>, i64),
) -> Result<Vec<AuditSeal>, Error> {
    let rows: Vec<HeadRow> = on!(conn, |c| audit_seal::table
        .filter(audit_seal::creditor.eq(creditor.as_str()))
        .filter(audit_seal::number.lt(older_than.unwrap_or(i64::MAX)))
        .order(audit_seal::number.desc())
        .limit(limit)
        .select((
            audit_seal::creditor,
            audit_seal::number,
            audit_seal::sealed_at,
            audit_seal::entry_count,
            audit_seal::first_entry,
            audit_seal::last_entry,
            audit_seal::previous,
            audit_seal::sha256,
        ))
        .load(c))?;
    rows.into_iter().map(head).collect()
}

/// The next seal after the one of this number, with what it is over.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn seal_after(
    conn: &mut Conn,
    creditor: &Tenant,
    number: i64,
) -> Result<Option<(AuditSeal, Vec<SealedEntry>)>, Error> {
    let row: Option<SealRow> = on!(conn, |c| audit_seal::table
        .filter(audit_seal::creditor.eq(creditor.as_str()))
        .filter(audit_seal::number.gt(number))
        .order(audit_seal::number)
        .first(c)
        .optional())?;
    let Some(row) = row else {
        return Ok(None);
    };
    let entries =
        unpack(&row.entries).ok_or_else(|| Error::corrupt(SEALS, row.number, "entries"))?;
    let columns = (
        row.creditor,
        row.number,
        row.sealed_at,
        row.entry_count,
        row.first_entry,
        row.last_entry,
        row.previous,
        row.sha256,
    );
    Ok(Some((head(columns)?, entries)))
}

/// The entries that say they are under a seal, in order of id.
///
/// # Errors
/// The database's, or a corrupt row.
pub fn under(conn: &mut Conn, creditor: &Tenant, number: i64) -> Result<Vec<AuditEntry>, Error> {
    let rows: Vec<EntryRow> = on!(conn, |c| audit_entry::table
        .filter(audit_entry::creditor.eq(creditor.as_str()))
        .filter(audit_entry::seal.eq(number))
        .order(audit_entry::id)
        .load(c))?;
    rows.into_iter().map(EntryRow::into_domain).collect()
}

/// An entry under a seal with a number between these, both left out: no seal has such a number.
///
/// # Errors
/// The database's.
pub fn under_no_seal(
    conn: &mut Conn,
    creditor: &Tenant,
    (after, before): (i64, i64),
) -> Result<Option<Uuid>, Error> {
    let id: Option<Id> = on!(conn, |c| audit_entry::table
        .filter(audit_entry::creditor.eq(creditor.as_str()))
        .filter(audit_entry::seal.gt(after))
        .filter(audit_entry::seal.lt(before))
        .order((audit_entry::seal, audit_entry::id))
        .select(audit_entry::id)
        .first(c)
        .optional())?;
    Ok(id.map(|id| id.0))
}

fn pack(entries: &[SealedEntry]) -> Vec<u8> {
    let bytes = |entry: &SealedEntry| [entry.id.as_bytes().as_slice(), &entry.sha256].concat();
    entries.iter().flat_map(bytes).collect()
}

fn unpack(bytes: &[u8]) -> Option<Vec<SealedEntry>> {
    let (entries, rest) = bytes.as_chunks::<SEALED_BYTES>();
    let entry = |bytes: &[u8; SEALED_BYTES]| {
        let (id, sha256) = bytes.split_first_chunk::<16>()?;
        Some(SealedEntry {
            id: Uuid::from_bytes(*id),
            sha256: sha256.try_into().ok()?,
        })
    };
    let entries: Option<Vec<SealedEntry>> = entries.iter().map(entry).collect();
    entries.filter(|_| rest.is_empty())
}

fn head(row: HeadRow) -> Result<AuditSeal, Error> {
    let (creditor, number, sealed_at, count, first, last, previous, sha256) = row;
    let corrupt = |why: &str| Error::corrupt(SEALS, number, why);
    let digest = |bytes: Vec<u8>| <[u8; 32]>::try_from(bytes).map_err(|_length| corrupt("digest"));
    Ok(AuditSeal {
        tenant: Tenant::parse(&creditor).ok_or_else(|| corrupt("creditor"))?,
        number,
        sealed_at: sealed_at.0,
        count,
        first: first.0,
        last: last.0,
        previous: digest(previous)?,
        sha256: digest(sha256)?,
    })
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
