//! API keys: `Authorization: Bearer avk_<creditor>_<client>_<secret>`.
//!
//! A key belongs to one creditor, or to the operator of the platform, who may only manage the registry.
//! The engine keeps SHA-256 of the secret, which is random and long, so that no slow hash is needed.

use std::collections::{BTreeSet, HashMap};
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::LocalBoxFuture;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::contract::Operation;
use super::problem::{Problem, catalogue};
use crate::domain::fiscal_code::FiscalCode;

/// What stands in the place of the creditor in a key of the platform's operator.
pub const PLATFORM: &str = "platform";

/// How long a verified key is taken as verified: a revoked key stops within this time.
const REMEMBERED: Duration = Duration::from_secs(10);
/// The most verified keys remembered at once.
const REMEMBERED_MAX: usize = 4096;

/// Bundles of scopes (who does what in a town hall). The names are stored and published.
pub const ROLES: &[(&str, &[&str])] = &[
    (
        "portal",
        &[
            "positions:read",
            "positions:write",
            "notices:read",
            "payments:read",
        ],
    ),
    (
        "accounting",
        &[
            "payments:read",
            "settlements:read",
            "settlements:write",
            "treasury:read",
            "treasury:write",
            "reconciliations:read",
            "reconciliations:write",
            "reports:read",
        ],
    ),
    (
        "auditor",
        &[
            "positions:read",
            "notices:read",
            "payments:read",
            "settlements:read",
            "treasury:read",
            "reconciliations:read",
            "reports:read",
            "audit:read",
        ],
    ),
    ("admin", &["registry:manage", "clients:manage"]),
];

/// The only scopes of the platform's operator, whatever the roles of the key.
const PLATFORM_SCOPES: &[&str] = &["registry:manage", "clients:manage"];

/// Whose objects a caller sees.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Tenant {
    /// The objects of one creditor.
    Creditor(FiscalCode),
    /// The registry of every creditor, and nothing else.
    Platform,
}

/// Who calls, once the key has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Whose objects are seen.
    pub tenant: Tenant,
    /// The client that the key belongs to.
    pub client_id: Uuid,
    /// What it may do.
    pub scopes: BTreeSet<&'static str>,
}

impl Caller {
    /// The creditor whose objects the caller works on.
    ///
    /// # Errors
    /// `not-allowed` for the platform's operator, who has none.
    pub fn creditor(&self) -> Result<&FiscalCode, Problem> {
        match &self.tenant {
            Tenant::Creditor(creditor) => Ok(creditor),
            Tenant::Platform => Err(Problem::of(&catalogue::NOT_ALLOWED)),
        }
    }

    /// Reads the creditor of a path, which must be one that the caller sees.
    ///
    /// # Errors
    /// `not-found` for a wrong tax code and for a creditor of others.
    pub fn creditor_of_path(&self, tax_code: &str) -> Result<FiscalCode, Problem> {
        let missing = || Problem::of(&catalogue::NOT_FOUND);
        let asked = FiscalCode::parse(tax_code).map_err(|_no_such_body| missing())?;
        match &self.tenant {
            Tenant::Creditor(own) if *own != asked => Err(missing()),
            Tenant::Creditor(_) | Tenant::Platform => Ok(asked),
        }
    }
}

/// A client as the registry keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiClient {
    /// Its identifier, part of the key.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Its roles; unknown ones grant nothing.
    pub roles: Vec<String>,
    /// SHA-256 of the secret.
    pub secret_hash: [u8; 32],
}

/// The registry could not be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the registry of clients cannot be read")]
pub struct DirectoryDown;

/// Where clients are looked up.
pub trait Directory: Send + Sync {
    /// The client of a tenant, unless it is revoked.
    fn find<'a>(
        &'a self,
        tenant: &'a Tenant,
        client_id: Uuid,
    ) -> LocalBoxFuture<'a, Result<Option<ApiClient>, DirectoryDown>>;
}

/// A key as it is sent, in its parts.
#[derive(PartialEq, Eq)]
pub struct Key {
    tenant: Tenant,
    client_id: Uuid,
    secret: Vec<u8>,
}

impl Key {
    /// Reads a key.
    #[must_use]
    pub fn parse(text: &str) -> Option<Key> {
        // The secret is base64url, so it may hold underscores: only the first three separate.
        let mut parts = text.splitn(4, '_');
        if parts.next() != Some("avk") {
            return None;
        }
        let tenant = match parts.next()? {
            PLATFORM => Tenant::Platform,
            code => Tenant::Creditor(
                FiscalCode::parse(code)
                    .ok()
                    .filter(FiscalCode::has_body_form)?,
            ),
        };
        let client_id = Uuid::try_parse(parts.next()?).ok()?;
        let secret = URL_SAFE_NO_PAD
            .decode(parts.next()?)
            .ok()
            .filter(|secret| secret.len() >= 16)?;
        Some(Key {
            tenant,
            client_id,
            secret,
        })
    }

    /// The text of a key and the hash to keep, for whoever issues one.
    #[must_use]
    pub fn print(tenant: &Tenant, client_id: Uuid, secret: &[u8]) -> (String, [u8; 32]) {
        let owner = match tenant {
            Tenant::Creditor(code) => code.as_str(),
            Tenant::Platform => PLATFORM,
        };
        let text = format!("avk_{owner}_{client_id}_{}", URL_SAFE_NO_PAD.encode(secret));
        (text, Sha256::digest(secret).into())
    }
}

/// The scopes of some roles for a tenant.
#[must_use]
pub fn scopes(tenant: &Tenant, roles: &[String]) -> BTreeSet<&'static str> {
    let granted = ROLES
        .iter()
        .filter(|(role, _)| roles.iter().any(|r| r == role));
    let granted = granted.flat_map(|(_, scopes)| scopes.iter().copied());
    match tenant {
        Tenant::Creditor(_) => granted.collect(),
        Tenant::Platform => granted
            .filter(|scope| PLATFORM_SCOPES.contains(scope))
            .collect(),
    }
}

/// What the credentials of a request are worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// A verified key.
    Known(Caller),
    /// No key, or one that is not valid.
    Unknown,
}

/// Verifies keys, and remembers for a moment those that were good.
pub struct Authenticator {
    directory: Arc<dyn Directory>,
    remembered: Mutex<HashMap<[u8; 32], (Caller, Instant)>>,
}

impl Authenticator {
    /// An authenticator over a registry of clients.
    #[must_use]
    pub fn new(directory: Arc<dyn Directory>) -> Authenticator {
        Authenticator {
            directory,
            remembered: Mutex::new(HashMap::new()),
        }
    }

    /// The caller of a key that was verified a moment ago; asks nothing of anybody.
    #[must_use]
    pub fn recall(&self, headers: &HeaderMap) -> Option<Caller> {
        let digest: [u8; 32] = Sha256::digest(bearer(headers)?).into();
        let remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        remembered
            .get(&digest)
            .filter(|(_, at)| at.elapsed() < REMEMBERED)
            .map(|(caller, _)| caller.clone())
    }

    /// Verifies the credentials of a request.
    ///
    /// # Errors
    /// [`DirectoryDown`].
    pub async fn identify(&self, headers: &HeaderMap) -> Result<Identity, DirectoryDown> {
        let Some((text, key)) = bearer(headers).and_then(|text| Some((text, Key::parse(text)?)))
        else {
            return Ok(Identity::Unknown);
        };
        let digest: [u8; 32] = Sha256::digest(text).into();
        let Some(client) = self.directory.find(&key.tenant, key.client_id).await? else {
            return Ok(Identity::Unknown);
        };
        if !same(&Sha256::digest(&key.secret).into(), &client.secret_hash) {
            return Ok(Identity::Unknown);
        }
        let scopes = scopes(&key.tenant, &client.roles);
        let caller = Caller {
            tenant: key.tenant,
            client_id: client.id,
            scopes,
        };
        let mut remembered = self
            .remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.retain(|_, (_, at)| at.elapsed() < REMEMBERED);
        }
        if remembered.len() < REMEMBERED_MAX {
            remembered.insert(digest, (caller.clone(), Instant::now()));
        }
        Ok(Identity::Known(caller))
    }
}

/// Whether an identity may call an operation: the scopes are those of the contract.
///
/// # Errors
/// `credentials-required` (401) or `not-allowed` (403).
pub fn authorise(operation: &Operation, identity: &Identity) -> Result<(), Problem> {
    match identity {
        _ if operation.public => Ok(()),
        Identity::Unknown => Err(Problem::of(&catalogue::CREDENTIALS_REQUIRED)),
        Identity::Known(caller)
            if operation
                .scopes
                .iter()
                .all(|s| caller.scopes.contains(s.as_str())) =>
        {
            Ok(())
        }
        Identity::Known(_) => Err(Problem::of(&catalogue::NOT_ALLOWED)),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Comparison that takes the same time wherever the difference is.
fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    std::hint::black_box(
        a.iter()
            .zip(b)
            .fold(0u8, |different, (a, b)| different | (a ^ b)),
    ) == 0
}

/// Handlers take the caller that the edge has verified and authorised.
impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = request.extensions().get::<Caller>().cloned();
        ready(found.ok_or_else(|| Problem::of(&catalogue::CREDENTIALS_REQUIRED)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn town() -> Tenant {
        Tenant::Creditor(FiscalCode::parse("80012000826").unwrap())
    }

    fn client() -> Uuid {
        Uuid::from_u128(7)
    }

    #[test]
    fn a_printed_key_parses_to_its_parts_even_with_underscores_in_the_secret() {
        for tenant in [town(), Tenant::Platform] {
            let secret = [0xffu8; 32];
            let (text, hash) = Key::print(&tenant, client(), &secret);
            assert!(text.matches('_').count() > 3);
            let key = Key::parse(&text).unwrap();
            assert!(
                key == Key {
                    tenant,
                    client_id: client(),
                    secret: secret.to_vec()
                }
            );
            assert!(same(&hash, &Sha256::digest(secret).into()));
        }
    }

    #[test]
    fn what_is_not_a_key_is_not_looked_up() {
        let id = client();
        for bad in [
            String::new(),
            "test".into(),
            "avk_80012000826".into(),
            format!("avk_80012000826_{id}"),
            format!("avk_80012000826_{id}_short"),
            format!("avk_80012000827_{id}_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            format!("avk_RSSMRA80A01H501U_{id}_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            "avk_platform_x_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into(),
        ] {
            assert!(Key::parse(&bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_platform_only_manages_the_registry() {
        let every: Vec<String> = ROLES.iter().map(|(role, _)| (*role).to_owned()).collect();
        assert_eq!(
            scopes(&Tenant::Platform, &every)
                .into_iter()
                .collect::<Vec<_>>(),
            ["clients:manage", "registry:manage"]
        );
        assert!(scopes(&town(), &every).contains("positions:write"));
        assert!(scopes(&town(), &["nobody".to_owned()]).is_empty());
    }

    #[test]
    fn a_creditor_of_others_is_not_found() {
        let caller = Caller {
            tenant: town(),
            client_id: client(),
            scopes: BTreeSet::new(),
        };
        assert!(caller.creditor_of_path("80012000826").is_ok());
        assert_eq!(
            caller.creditor_of_path("15376371009").unwrap_err().kind(),
            &catalogue::NOT_FOUND
        );
        let platform = Caller {
            tenant: Tenant::Platform,
            ..caller
        };
        assert!(platform.creditor_of_path("15376371009").is_ok());
        assert!(platform.creditor().is_err());
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
