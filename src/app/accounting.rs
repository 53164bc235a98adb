//! Accounting plans: where in the budget the money of a service belongs.

pub mod bookkeeping;

use crate::app::creditors::{Expected, Registered};
use crate::ctx::Ctx;
use crate::domain::accounting::{self, AccountingPlan};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::service::DetailsError;
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
    match stored {
        None => {
            store::accounting::replace(tx, creditor, service_code, (plans, 1))?;
            Ok(Registered::New { revision: 1 })
        }
        Some((stored, revision)) if stored == plans => Ok(Registered::Unchanged { revision }),
        Some((_, revision)) => {
            let revision = revision.saturating_add(1);
            store::accounting::replace(tx, creditor, service_code, (plans, revision))?;
            Ok(Registered::Replaced { revision })
        }
    }
}
