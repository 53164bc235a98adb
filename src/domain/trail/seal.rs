//! Entries as they are stored, the bytes of them that are sealed, and the chain of seals.

use std::collections::BTreeMap;

use serde_json::Value;
use uuid::Uuid;

use super::{ActorKind, AuditChange};
use crate::domain::calendar::Instant;
use crate::domain::client::Tenant;

/// An entry of the trail, as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// UUID version 7.
    pub id: Uuid,
    /// When the change was made.
    pub at: Instant,
    /// Which sort of actor.
    pub actor: ActorKind,
    /// The client, when it was one.
    pub client_id: Option<Uuid>,
    /// What the actor is called.
    pub actor_name: String,
    /// The request in which it was made, when it was made in one.
    pub request_id: Option<Uuid>,
    /// What was changed.
    pub change: AuditChange,
    /// Number of the seal over it; none until the next seal.
    pub seal: Option<i64>,
}

impl AuditEntry {
    /// The bytes that are sealed: every field but the number of the seal, each with its length before it, so
    /// that no two entries have the same bytes. JSON is written with its members in order.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        let change = &self.change;
        field(&mut out, Some(change.tenant.as_str().as_bytes()));
        field(&mut out, Some(self.id.as_bytes()));
        let micros = self.at.timestamp_micros().to_string();
        field(&mut out, Some(micros.as_bytes()));
        field(&mut out, Some(self.actor.as_str().as_bytes()));
        let client = self.client_id;
        field(&mut out, client.as_ref().map(|id| id.as_bytes().as_slice()));
        field(&mut out, Some(self.actor_name.as_bytes()));
        let request = self.request_id;
        field(
            &mut out,
            request.as_ref().map(|id| id.as_bytes().as_slice()),
        );
        field(&mut out, Some(change.action.as_str().as_bytes()));
        field(&mut out, Some(change.entity.as_str().as_bytes()));
        field(&mut out, Some(change.entity_id.as_bytes()));
        for value in [&change.before, &change.after] {
            let mut text = String::new();
            write_sorted(&mut text, value);
            field(&mut out, Some(text.as_bytes()));
        }
        out
    }
}

/// A seal over entries: a link of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditSeal {
    /// Whose entries it seals.
    pub tenant: Tenant,
    /// From 1, without gaps.
    pub number: i64,
    /// When it was made.
    pub sealed_at: Instant,
    /// How many entries it is over.
    pub count: i64,
    /// The first of them.
    pub first: Uuid,
    /// The last of them.
    pub last: Uuid,
    /// SHA-256 of the seal before; zeros for the first one.
    pub previous: [u8; 32],
    /// SHA-256 of [`AuditSeal::canonical`].
    pub sha256: [u8; 32],
}

/// An entry under a seal: its id, and SHA-256 of [`AuditEntry::canonical`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedEntry {
    /// The entry.
    pub id: Uuid,
    /// What it said when it was sealed.
    pub sha256: [u8; 32],
}

impl AuditSeal {
    /// The bytes that the seal is the digest of: the seal before, the number, whose, when, and each entry.
    #[must_use]
    pub fn canonical(&self, entries: &[SealedEntry]) -> Vec<u8> {
        let mut out = Vec::with_capacity(entries.len().saturating_mul(48).saturating_add(128));
        field(&mut out, Some(&self.previous));
        field(&mut out, Some(self.number.to_string().as_bytes()));
        field(&mut out, Some(self.tenant.as_str().as_bytes()));
        let micros = self.sealed_at.timestamp_micros().to_string();
        field(&mut out, Some(micros.as_bytes()));
        for entry in entries {
            out.extend_from_slice(entry.id.as_bytes());
            out.extend_from_slice(&entry.sha256);
        }
        out
    }
}

/// The first thing that is not as it was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Tampered {
    /// An entry says something else.
    #[error("entry {0} was altered")]
    Altered(Uuid),
    /// An entry is gone, or under another seal.
    #[error("entry {0} is missing")]
    Missing(Uuid),
    /// An entry claims to be under this seal.
    #[error("entry {0} was added")]
    Added(Uuid),
}

/// Holds the entries that are found under a seal against those that it was made over, both in order of id.
///
/// # Errors
/// The first difference, by id.
pub fn compare(sealed: &[SealedEntry], found: &[SealedEntry]) -> Result<(), Tampered> {
    let mut found = found.iter().peekable();
    for entry in sealed {
        match found.peek() {
            Some(other) if other.id < entry.id => return Err(Tampered::Added(other.id)),
            Some(other) if other.id == entry.id && other.sha256 != entry.sha256 => {
                return Err(Tampered::Altered(entry.id));
            }
            Some(other) if other.id == entry.id => {
                found.next();
            }
            Some(_) | None => return Err(Tampered::Missing(entry.id)),
        }
    }
    match found.next() {
        Some(other) => Err(Tampered::Added(other.id)),
        None => Ok(()),
    }
}

/// A byte that says whether there is something, its length in eight bytes, and itself.
fn field(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    let Some(bytes) = bytes else {
        out.push(0);
        return;
    };
    out.push(1);
    out.extend(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn write_sorted(out: &mut String, value: &Value) {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, &Value> = members.iter().collect();
            out.push('{');
            for (place, (name, value)) in sorted.into_iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write_sorted(out, value);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (place, value) in items.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write_sorted(out, value);
            }
            out.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push_str(&value.to_string());
        }
    }
}
