//! Clients of the API: whose objects they see, and what their roles let them do.

use std::collections::BTreeSet;
use std::fmt;

use uuid::Uuid;

use crate::domain::fiscal_code::FiscalCode;

/// What stands in the place of the creditor for the operator of the engine.
pub const PLATFORM: &str = "platform";

/// Whose objects a client sees.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Tenant {
    /// The objects of one creditor.
    Creditor(FiscalCode),
    /// The registry of every creditor, and nothing else.
    Platform,
}

impl Tenant {
    /// Reads the tax code of a body, or [`PLATFORM`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Tenant> {
        if text == PLATFORM {
            return Some(Tenant::Platform);
        }
        FiscalCode::parse(text)
            .ok()
            .filter(FiscalCode::has_body_form)
            .map(Tenant::Creditor)
    }

    /// As it is stored and as it stands in a key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Tenant::Creditor(code) => code.as_str(),
            Tenant::Platform => PLATFORM,
        }
    }
}

impl From<&FiscalCode> for Tenant {
    fn from(creditor: &FiscalCode) -> Tenant {
        Tenant::Creditor(creditor.clone())
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A client as the registry keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiClient {
    /// Whose objects it sees.
    pub tenant: Tenant,
    /// Its identifier, part of its key.
    pub id: Uuid,
    /// What people call it.
    pub label: String,
    /// Its roles; unknown ones grant nothing.
    pub roles: Vec<String>,
    /// SHA-256 of the secret of its key.
    pub secret_hash: [u8; 32],
}

/// Bundles of scopes (who does what in a town hall). The names are stored and published.
pub const ROLES: &[(&str, &[&str])] = &[
    (
        "portal",
        &[
            "positions:read",
            "positions:write",
            "notices:read",
            "payments:read",
            "search:read",
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
            "search:read",
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
            "search:read",
            "events:read",
        ],
    ),
    // Who looks into a call that went wrong; the messages hold personal data.
    ("support", &["events:read", "events:messages"]),
    ("admin", &["registry:manage", "clients:manage"]),
];

/// The only scopes of the platform's operator, whatever the roles.
const PLATFORM_SCOPES: &[&str] = &["registry:manage", "clients:manage"];

impl ApiClient {
    /// What its roles let it do.
    #[must_use]
    pub fn scopes(&self) -> BTreeSet<&'static str> {
        let granted = ROLES
            .iter()
            .filter(|(role, _)| self.roles.iter().any(|own| own == role));
        let granted = granted.flat_map(|(_, scopes)| scopes.iter().copied());
        match self.tenant {
            Tenant::Creditor(_) => granted.collect(),
            Tenant::Platform => granted
                .filter(|scope| PLATFORM_SCOPES.contains(scope))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(tenant: &str, roles: &[&str]) -> ApiClient {
        ApiClient {
            tenant: Tenant::parse(tenant).unwrap(),
            id: Uuid::from_u128(1),
            label: "x".to_owned(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            secret_hash: [0; 32],
        }
    }

    #[test]
    fn the_platform_only_manages_the_registry() {
        let every: Vec<&str> = ROLES.iter().map(|(role, _)| *role).collect();
        let platform: Vec<_> = client(PLATFORM, &every).scopes().into_iter().collect();
        assert_eq!(platform, ["clients:manage", "registry:manage"]);
        assert!(
            client("80012000826", &every)
                .scopes()
                .contains("positions:write")
        );
        assert!(client("80012000826", &["nobody"]).scopes().is_empty());
    }

    #[test]
    fn a_tenant_is_a_body_or_the_platform() {
        assert_eq!(Tenant::parse("platform"), Some(Tenant::Platform));
        assert_eq!(
            Tenant::parse("80012000826").unwrap().to_string(),
            "80012000826"
        );
        assert_eq!(Tenant::parse("RSSMRA80A01H501U"), None);
        assert_eq!(Tenant::parse("80012000827"), None);
    }
}
