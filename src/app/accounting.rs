//! Accounting plans: where in the budget the money of a service belongs.

pub mod bookkeeping;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::app::creditors::{Expected, Registered};
use crate::ctx::Ctx;
use crate::domain::accounting::{self, AccountingPlan, KeyShare, Takes};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::service::DetailsError;
use crate::domain::text::Text;
use crate::domain::trail::{self, AuditedEntity};
use crate::store::{self, Conn, Tx, db::Retry};

/// What can end a use case about accounting plans.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The creditor has no such service, or the service has no plan.
    #[error("the creditor has no such service, or the service has no accounting plan")]
    Unknown,
    /// Somebody else changed it.
    #[error("another revision is in force")]
    Stale,
    /// The plan breaks rules.
    #[error("the plan breaks {} rules", .0.len())]
    Invalid(Vec<DetailsError>),
    /// The database's.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Retry for Error {
    fn retryable(&self) -> bool {
        match self {
            Error::Store(error) => error.retryable(),
            Error::Unknown | Error::Stale | Error::Invalid(_) => false,
        }
    }
}

/// The plans of a service by day, and their revision.
///
/// # Errors
/// [`Error::Unknown`], or the database's.
pub fn get(
    conn: &mut Conn,
    creditor: &FiscalCode,
    service_code: &str,
) -> Result<(Vec<AccountingPlan>, i64), Error> {
    store::accounting::get(conn, creditor, service_code)?.ok_or(Error::Unknown)
}

/// Replaces the plans of a service of the creditor.
///
/// # Errors
/// [`Error`]; nothing changes then.
pub fn replace(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (creditor, service_code): (&FiscalCode, &str),
    plans: &[AccountingPlan],
    expected: Expected,
) -> Result<Registered, Error> {
    if !ctx.registry.has_service(creditor, service_code) {
        return Err(Error::Unknown);
    }
    accounting::check(plans).map_err(Error::Invalid)?;
    store::settlement::hold(tx, creditor)?;
    let stored = store::accounting::get(tx, creditor, service_code)?;
    let revision = stored.as_ref().map(|(_, revision)| *revision);
    let fits = match expected {
        Expected::Any => true,
        Expected::Absent => revision.is_none(),
        Expected::Revision(seen) => revision == Some(seen),
    };
    if !fits {
        return Err(Error::Stale);
    }
    let said =
        |plans: &[AccountingPlan]| BTreeMap::from([(service_code.to_owned(), audited(plans))]);
    let (before, revision) = match stored {
        None => (BTreeMap::new(), None),
        Some((stored, revision)) if stored == plans => {
            tx.nothing_to_note();
            return Ok(Registered::Unchanged { revision });
        }
        Some((stored, revision)) => (said(&stored), Some(revision.saturating_add(1))),
    };
    let written = (plans, revision.unwrap_or(1));
    store::accounting::replace(tx, creditor, service_code, written)?;
    let entity = AuditedEntity::AccountingPlan;
    for change in trail::replaced(creditor, entity, &before, &said(plans)) {
        tx.note(change);
    }
    Ok(match revision {
        None => Registered::New { revision: 1 },
        Some(revision) => Registered::Replaced { revision },
    })
}

/// What the audit trail says of plans, by their first day.
fn audited(plans: &[AccountingPlan]) -> Value {
    let key = |share: &KeyShare| {
        let (rows, share_bp) = match &share.takes {
            Takes::Rows(rows) => (Some(rows), None),
            Takes::Share(bp) => (None, Some(bp)),
        };
        let key = &share.key;
        let claim = key.claim.as_ref();
        json!({
            "chapter": key.chapter.as_ref().map(Text::as_str),
            "article": key.article.as_ref().map(Text::as_str),
            "claim": claim.map(|claim| format!("{}/{}", claim.year, claim.number)),
            "plan_code": key.plan_code.as_str(),
            "rows": rows,
            "share_bp": share_bp,
        })
    };
    let plan = |plan: &AccountingPlan| {
        let keys: Vec<Value> = plan.shares.iter().map(key).collect();
        let said = json!({ "valid_to_date": plan.valid.until, "keys": keys });
        (plan.valid.from.to_string(), said)
    };
    Value::Object(plans.iter().map(plan).collect())
}
