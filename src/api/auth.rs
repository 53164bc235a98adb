//! Who calls: `Authorization: Bearer avk_<creditor>_<client>_<secret>`, and what its scopes allow.
//!
//! A key belongs to one creditor, or to the operator of the platform, who may only manage the registry.

use std::collections::{BTreeSet, HashMap};
use std::future::{Ready, ready};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::contract::Operation;
use super::problem::{Problem, catalogue};
use crate::app::clients::{self, Key};
use crate::ctx::Ctx;
use crate::domain::client::Tenant;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::trail::Actor;

/// How long a verified key is taken as verified: a revoked key stops within this time.
const REMEMBERED: Duration = Duration::from_secs(10);
/// The most verified keys remembered at once.
const REMEMBERED_MAX: usize = 4096;

/// Who calls, once the key has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Whose objects are seen.
    pub tenant: Tenant,
    /// The client that the key belongs to.
    pub client_id: Uuid,
    /// What people call it.
    pub label: String,
    /// What it may do.
    pub scopes: BTreeSet<&'static str>,
    /// The request that it makes.
    pub request_id: Option<Uuid>,
}

impl Caller {
    /// Who acts, for the audit trail.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Client {
            id: self.client_id,
            label: self.label.clone(),
            request_id: self.request_id,
        }
    }

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

/// What the credentials of a request are worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// A verified key.
    Known(Caller),
    /// No key, or one that is not valid.
    Unknown,
}

/// The registry of clients could not be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the registry of clients cannot be read")]
pub struct RegistryDown;

/// Verifies keys, and remembers for a moment those that were good.
#[derive(Default)]
pub struct Authenticator {
    remembered: Mutex<HashMap<[u8; 32], (Caller, Instant)>>,
}

impl Authenticator {
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
    /// [`RegistryDown`].
    pub async fn identify(&self, ctx: &Ctx, headers: &HeaderMap) -> Result<Identity, RegistryDown> {
        let Some((text, key)) = bearer(headers).and_then(|text| Some((text, Key::parse(text)?)))
        else {
            return Ok(Identity::Unknown);
        };
        let digest: [u8; 32] = Sha256::digest(text).into();
        let client = ctx
            .read(move |conn| clients::verify(conn, &key))
            .await
            .map_err(|error| {
                tracing::error!(%error, "the registry of clients cannot be read");
                RegistryDown
            })?;
        let Some(client) = client else {
            return Ok(Identity::Unknown);
        };
        let scopes = client.scopes();
        let caller = Caller {
            tenant: client.tenant,
            client_id: client.id,
            label: client.label,
            scopes,
            request_id: None,
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

    #[test]
    fn a_creditor_of_others_is_not_found() {
        let tenant = Tenant::parse("80012000826").unwrap();
        let caller = Caller {
            tenant,
            client_id: Uuid::nil(),
            label: "x".to_owned(),
            scopes: BTreeSet::new(),
            request_id: None,
        };
        assert!(caller.creditor_of_path("80012000826").is_ok());
        let other = caller.creditor_of_path("15376371009").unwrap_err();
        assert_eq!(other.kind(), &catalogue::NOT_FOUND);
        let platform = Caller {
            tenant: Tenant::Platform,
            ..caller
        };
        assert!(platform.creditor_of_path("15376371009").is_ok());
        assert!(platform.creditor().is_err());
    }
}
