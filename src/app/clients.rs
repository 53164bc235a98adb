//! API clients: issue a key, verify it, revoke it.
//!
//! A key is `avk_<creditor>_<client>_<secret>`. The engine keeps SHA-256 of the secret: it is random and
//! long, so that nothing is gained by a slow hash.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::domain::calendar::Instant;
use crate::domain::client::{ApiClient, ROLES, Tenant};
use crate::domain::trail::{AuditAction, AuditChange, AuditedEntity};
use crate::store::{self, Conn, Tx, db::Retry};

/// The fewest bytes of a secret.
const SECRET_BYTES_MIN: usize = 16;

/// What can end a use case about clients.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such role.
    #[error("there is no role {0}")]
    UnknownRole(String),
    /// The database's.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Retry for Error {
    fn retryable(&self) -> bool {
        match self {
            Error::Store(error) => error.retryable(),
            Error::UnknownRole(_) => false,
        }
    }
}

/// A key, in its parts. It has no `Debug`: it is a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    tenant: Tenant,
    client_id: Uuid,
    secret: Vec<u8>,
}

impl Key {
    /// A key with this secret, which must be random.
    #[must_use]
    pub fn new(tenant: Tenant, client_id: Uuid, secret: &[u8; 32]) -> Key {
        Key {
            tenant,
            client_id,
            secret: secret.to_vec(),
        }
    }

    /// Reads a key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Key> {
        // The secret is base64url, so it may hold underscores: only the first three separate.
        let mut parts = text.splitn(4, '_');
        if parts.next() != Some("avk") {
            return None;
        }
        let tenant = Tenant::parse(parts.next()?)?;
        let client_id = Uuid::try_parse(parts.next()?).ok()?;
        let secret = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
        (secret.len() >= SECRET_BYTES_MIN).then_some(Key {
            tenant,
            client_id,
            secret,
        })
    }

    /// The text of the key, for its owner and nobody else.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!(
            "avk_{}_{}_{}",
            self.tenant,
            self.client_id,
            URL_SAFE_NO_PAD.encode(&self.secret)
        )
    }

    /// What is kept of it.
    #[must_use]
    pub fn secret_hash(&self) -> [u8; 32] {
        Sha256::digest(&self.secret).into()
    }
}

/// The client that a key belongs to, if the key is good.
///
/// # Errors
/// The database's.
pub fn verify(conn: &mut Conn, key: &Key) -> Result<Option<ApiClient>, store::Error> {
    let client = store::clients::find(conn, &key.tenant, key.client_id)?;
    Ok(client.filter(|client| same(&client.secret_hash, &key.secret_hash())))
}

/// Registers a client and the hash of its key.
///
/// # Errors
/// [`Error::UnknownRole`], or the database's.
pub fn issue(
    tx: &mut Tx<'_>,
    now: Instant,
    key: &Key,
    label: &str,
    roles: &[String],
) -> Result<(), Error> {
    if let Some(unknown) = roles
        .iter()
        .find(|role| ROLES.iter().all(|(name, _)| name != role))
    {
        return Err(Error::UnknownRole(unknown.clone()));
    }
    let client = ApiClient {
        tenant: key.tenant.clone(),
        id: key.client_id,
        label: label.to_owned(),
        roles: roles.to_vec(),
        secret_hash: key.secret_hash(),
    };
    store::clients::insert(tx, now, &client)?;
    let granted = json!({ "label": label, "roles": roles });
    let what = (AuditedEntity::Client, client.id);
    tx.note(AuditChange::new(
        client.tenant,
        AuditAction::Issued,
        what,
        granted,
    ));
    Ok(())
}

/// Revokes a client; whether there was one. Doors that remember a key forget it within ten seconds.
///
/// # Errors
/// The database's.
pub fn revoke(tx: &mut Tx<'_>, now: Instant, tenant: &Tenant, id: Uuid) -> Result<bool, Error> {
    let revoked = store::clients::revoke(tx, now, tenant, id)?;
    match revoked {
        true => {
            let what = (AuditedEntity::Client, id);
            let of = tenant.clone();
            tx.note(AuditChange::new(of, AuditAction::Revoked, what, json!({})));
        }
        false => tx.nothing_to_note(),
    }
    Ok(revoked)
}

/// The clients of a tenant.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn, tenant: &Tenant) -> Result<Vec<ApiClient>, Error> {
    Ok(store::clients::list(conn, tenant)?)
}

/// Comparison that takes the same time wherever the difference is.
fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    std::hint::black_box(
        a.iter()
            .zip(b)
            .fold(0u8, |different, (a, b)| different | (a ^ b)),
    ) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(tenant: &str) -> Key {
        Key::new(
            Tenant::parse(tenant).unwrap(),
            Uuid::from_u128(7),
            &[0xff; 32],
        )
    }

    #[test]
    fn a_revealed_key_is_read_back_even_with_underscores_in_its_secret() {
        for tenant in ["80012000826", "platform"] {
            let text = key(tenant).reveal();
            assert!(text.matches('_').count() > 3);
            assert!(Key::parse(&text) == Some(key(tenant)));
        }
    }

    #[test]
    fn what_is_not_a_key_is_not_looked_up() {
        let id = Uuid::from_u128(7);
        let secret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for bad in [
            String::new(),
            "test".into(),
            "avk_80012000826".into(),
            format!("avk_80012000826_{id}"),
            format!("avk_80012000826_{id}_short"),
            format!("avk_80012000827_{id}_{secret}"),
            format!("avk_RSSMRA80A01H501U_{id}_{secret}"),
            format!("avk_platform_x_{secret}"),
            format!("key_80012000826_{id}_{secret}"),
        ] {
            assert!(Key::parse(&bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn one_different_bit_anywhere_is_a_difference() {
        let a = [7u8; 32];
        assert!(same(&a, &a));
        for at in 0..32 {
            let mut b = a;
            b[at] ^= 1;
            assert!(!same(&a, &b));
        }
    }
}
