//! The audit trail: read it, seal it, check that it is what was sealed.
//!
//! Whoever writes says what it changes with [`Tx::note`]; the context files it in the same transaction under
//! the name of who acts, and refuses a change that nobody owns up to. Entries are added without a seal, so that
//! no two writers wait for each other; a job seals what it sees, later ones under later seals.

use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::calendar::Instant;
use crate::domain::client::Tenant;
use crate::domain::trail::{SealedEntry, compare};
use crate::store::{self, Conn, Tx, trail as rows};

pub use crate::domain::trail::{AuditEntry, AuditSeal};
pub use crate::store::trail::Filter;

/// Entries under one seal at most.
pub const BATCH: usize = 500;

/// One page of entries, the newest first, older than the one given.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut Conn,
    tenant: &Tenant,
    filter: &Filter,
    slice: (Option<Uuid>, i64),
) -> Result<Vec<AuditEntry>, store::Error> {
    rows::page(conn, tenant, filter, slice)
}

/// The entry with this id.
///
/// # Errors
/// The database's.
pub fn get(conn: &mut Conn, tenant: &Tenant, id: Uuid) -> Result<Option<AuditEntry>, store::Error> {
    rows::get(conn, tenant, id)
}

/// One page of seals, the newest first, older than the one of this number.
///
/// # Errors
/// The database's.
pub fn seals(
    conn: &mut Conn,
    tenant: &Tenant,
    slice: (Option<i64>, i64),
) -> Result<Vec<AuditSeal>, store::Error> {
    rows::seals(conn, tenant, slice)
}

/// Seals the oldest entries that have no seal, one batch of them; how many. An entry that becomes visible only
/// afterwards is under a later seal, whatever its id.
///
/// # Errors
/// [`store::Error::Changed`] when another process sealed meanwhile, or the database's.
pub fn seal(tx: &mut Tx<'_>, now: Instant, tenant: &Tenant) -> Result<usize, store::Error> {
    let most = i64::try_from(BATCH).unwrap_or(i64::MAX);
    let entries: Vec<SealedEntry> = digests(&rows::unsealed(tx, tenant, most)?);
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else {
        return Ok(0);
    };
    let head = rows::seals(tx, tenant, (None, 1))?.pop();
    let mut seal = AuditSeal {
        tenant: tenant.clone(),
        number: head
            .as_ref()
            .map_or(1, |head| head.number.saturating_add(1)),
        sealed_at: now,
        count: i64::try_from(entries.len()).unwrap_or(i64::MAX),
        first: first.id,
        last: last.id,
        previous: head.map_or([0; 32], |head| head.sha256),
        sha256: [0; 32],
    };
    seal.sha256 = Sha256::digest(seal.canonical(&entries)).into();
    rows::seal(tx, &seal, &entries)?;
    Ok(entries.len())
}

fn digests(entries: &[AuditEntry]) -> Vec<SealedEntry> {
    let digest = |entry: &AuditEntry| SealedEntry {
        id: entry.id,
        sha256: Sha256::digest(entry.canonical()).into(),
    };
    entries.iter().map(digest).collect()
}

/// Walks the whole chain and says the first thing that is not as it was sealed: a seal, or an entry.
///
/// # Errors
/// The database's; a row that cannot be read back is such a thing, not an error.
pub fn tampered(conn: &mut Conn, tenant: &Tenant) -> Result<Option<String>, store::Error> {
    match walk(conn, tenant) {
        Err(store::Error::Corrupt { table, id, why }) => Ok(Some(format!("{table} {id}: {why}"))),
        found => found,
    }
}

fn walk(conn: &mut Conn, tenant: &Tenant) -> Result<Option<String>, store::Error> {
    let (mut number, mut previous) = (0i64, [0; 32]);
    while let Some((seal, sealed)) = rows::seal_after(conn, tenant, number)? {
        let next = number.saturating_add(1);
        if seal.number != next {
            return Ok(Some(format!("seal {next} is missing")));
        }
        let digest: [u8; 32] = Sha256::digest(seal.canonical(&sealed)).into();
        let bounds = (sealed.first().map(|e| e.id), sealed.last().map(|e| e.id));
        let told = usize::try_from(seal.count).is_ok_and(|count| count == sealed.len());
        let whole = digest == seal.sha256
            && seal.previous == previous
            && bounds == (Some(seal.first), Some(seal.last))
            && told;
        if !whole {
            return Ok(Some(format!(
                "seal {number} was altered",
                number = seal.number
            )));
        }
        let found = digests(&rows::under(conn, tenant, seal.number)?);
        if let Err(tampered) = compare(&sealed, &found) {
            return Ok(Some(format!("{tampered}, under seal {}", seal.number)));
        }
        (number, previous) = (seal.number, seal.sha256);
    }
    // Numbers that no seal has: below the first, and above the last.
    for bounds in [(i64::MIN, 1), (number, i64::MAX)] {
        if let Some(id) = rows::under_no_seal(conn, tenant, bounds)? {
            return Ok(Some(format!("entry {id} is under a seal that is missing")));
        }
    }
    Ok(None)
}
