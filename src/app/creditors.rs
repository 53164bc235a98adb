//! Public bodies, their stations, accounts and services: register, import, export.

mod audited;
mod check;
mod file;
mod taxonomy;

pub use crate::ctx::Registry;
pub use file::{FileError, FileErrors, parse, print};
pub use taxonomy::{Taxonomy, TaxonomyError};

use crate::ctx::Ctx;
use crate::domain::calendar::Instant;
use crate::domain::creditor::{Creditor, ServiceRow};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::service::DetailsError;
use crate::domain::trail::AuditChange;
use crate::store::creditors as rows;
pub use crate::store::creditors::Stored;
use crate::store::db::Retry;
use crate::store::{self, Conn, Tx};

/// What can end a use case of this file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No creditor has this tax code.
    #[error("no creditor has the tax code {0}")]
    UnknownCreditor(FiscalCode),
    /// The creditor has no such service.
    #[error("creditor {creditor} has no service {code}")]
    UnknownService {
        /// The creditor.
        creditor: FiscalCode,
        /// The code that was asked for.
        code: String,
    },
    /// The caller has not seen the present state.
    #[error("the creditor has been changed meanwhile; read it again")]
    Stale,
    /// Rules that the request breaks, all of them, with pointers.
    #[error("{} rules are broken, the first: {}", .0.len(), first(.0))]
    Invalid(Vec<DetailsError>),
    /// Faults of a file, all of them, with their places.
    #[error(transparent)]
    File(#[from] FileErrors),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
}

fn first(findings: &[DetailsError]) -> String {
    findings
        .first()
        .map(ToString::to_string)
        .unwrap_or_default()
}

impl Retry for Error {
    fn retryable(&self) -> bool {
        match self {
            Error::Store(error) => error.retryable(),
            Error::UnknownCreditor(_)
            | Error::UnknownService { .. }
            | Error::Stale
            | Error::Invalid(_)
            | Error::File(_) => false,
        }
    }
}

/// What the caller knows about the creditor that it registers (`If-Match`, `If-None-Match`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Whatever is there is replaced.
    Any,
    /// Nothing is there yet.
    Absent,
    /// The revision that was read.
    Revision(i64),
}

/// What registering did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registered {
    /// It was not there; the first revision.
    New {
        /// The revision.
        revision: i64,
    },
    /// It was there and is replaced.
    Replaced {
        /// The new revision.
        revision: i64,
    },
    /// It was there and is the same; nothing was written.
    Unchanged {
        /// The revision that stays.
        revision: i64,
    },
}

impl Registered {
    /// The revision after the call.
    #[must_use]
    pub fn revision(self) -> i64 {
        match self {
            Registered::New { revision }
            | Registered::Replaced { revision }
            | Registered::Unchanged { revision } => revision,
        }
    }
}

/// A creditor with every version of its services: what a file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Registration {
    /// The body, its stations and accounts.
    pub creditor: Creditor,
    /// Its services in the order of the file.
    pub services: Vec<ServiceRow>,
}

/// Registers a creditor with its stations and accounts, or replaces what is registered (PUT).
///
/// # Errors
/// [`Error::Invalid`] with every broken rule, [`Error::Stale`], or the database's.
pub fn register(
    tx: &mut Tx<'_>,
    now: Instant,
    creditor: &Creditor,
    expected: Expected,
) -> Result<Registered, Error> {
    valid(check::creditor(creditor))?;
    let stored = rows::get(tx, &creditor.tax_code)?;
    meets(expected, stored.as_ref().map(|stored| stored.revision))?;
    match stored {
        None => {
            rows::insert(tx, now, creditor)?;
            note(tx, audited::creditor(None, creditor));
            Ok(Registered::New { revision: 1 })
        }
        Some(stored) if stored.creditor == *creditor => Ok(unchanged(tx, stored.revision)),
        Some(stored) => {
            // An account that goes away must not leave a service without one.
            let services = rows::services(tx, &creditor.tax_code)?;
            valid(check::accounts(creditor, &services))?;
            let revision = rows::replace(tx, now, creditor, stored.revision)?;
            note(tx, audited::creditor(Some(&stored.creditor), creditor));
            Ok(Registered::Replaced { revision })
        }
    }
}

/// Says in the audit trail what changes.
fn note(tx: &mut Tx<'_>, changes: Vec<AuditChange>) {
    for change in changes {
        tx.note(change);
    }
}

/// What was there already is what is wanted.
fn unchanged(tx: &mut Tx<'_>, revision: i64) -> Registered {
    tx.nothing_to_note();
    Registered::Unchanged { revision }
}

/// Registers a service of a creditor, all its versions in time, or replaces them (PUT).
///
/// # Errors
/// [`Error::UnknownCreditor`], [`Error::Invalid`] with every broken rule, [`Error::Stale`], or the database's.
pub fn register_service(
    tx: &mut Tx<'_>,
    now: Instant,
    tax_code: &FiscalCode,
    versions: &[ServiceRow],
    expected: Expected,
) -> Result<Registered, Error> {
    let stored = get(tx, tax_code)?;
    let all = rows::services(tx, tax_code)?;
    valid(check::versions(
        &stored.creditor,
        versions,
        &Taxonomy::Unlisted,
    ))?;
    let code = versions.first().map_or("", |row| row.code.as_str());
    let held: Vec<ServiceRow> = all
        .into_iter()
        .filter(|row| row.code.as_str() == code)
        .collect();
    meets(expected, (!held.is_empty()).then_some(stored.revision))?;
    if held == versions {
        return Ok(unchanged(tx, stored.revision));
    }
    let revision = rows::touch(tx, now, tax_code, stored.revision)?;
    rows::replace_service(tx, tax_code, code, versions)?;
    note(tx, audited::services(tax_code, &held, versions));
    Ok(match held.is_empty() {
        true => Registered::New { revision },
        false => Registered::Replaced { revision },
    })
}

/// Registers what a file holds: afterwards the creditor and its services are those of the file.
///
/// # Errors
/// [`Error::Store`]; the rules were checked by [`parse`].
pub fn import(tx: &mut Tx<'_>, now: Instant, new: &Registration) -> Result<Registered, Error> {
    let tax_code = &new.creditor.tax_code;
    let Some(stored) = rows::get(tx, tax_code)? else {
        rows::insert(tx, now, &new.creditor)?;
        rows::replace_services(tx, tax_code, &new.services)?;
        note(tx, audited::creditor(None, &new.creditor));
        note(tx, audited::services(tax_code, &[], &new.services));
        return Ok(Registered::New { revision: 1 });
    };
    let services = rows::services(tx, tax_code)?;
    if stored.creditor == new.creditor && services == new.services {
        return Ok(unchanged(tx, stored.revision));
    }
    let revision = rows::replace(tx, now, &new.creditor, stored.revision)?;
    rows::replace_services(tx, tax_code, &new.services)?;
    note(tx, audited::creditor(Some(&stored.creditor), &new.creditor));
    note(tx, audited::services(tax_code, &services, &new.services));
    Ok(Registered::Replaced { revision })
}

/// Reads, registers and publishes to the registry of this process what a file holds.
///
/// # Errors
/// [`Error::File`] with every fault, or the database's.
pub async fn import_file(
    ctx: &Ctx,
    text: &str,
    taxonomy: &Taxonomy,
) -> Result<(FiscalCode, Registered), Error> {
    let new = parse(text, taxonomy)?;
    let tax_code = new.creditor.tax_code.clone();
    let registered = ctx.write(move |tx, now| import(tx, now, &new)).await?;
    ctx.reload_registry().await?;
    Ok((tax_code, registered))
}

/// The file of a creditor. What was imported comes back with the same bytes, if it was written in this form.
///
/// # Errors
/// [`Error::UnknownCreditor`], or the database's.
pub fn export(conn: &mut Conn, tax_code: &FiscalCode) -> Result<String, Error> {
    let creditor = get(conn, tax_code)?.creditor;
    let services = rows::services(conn, tax_code)?;
    Ok(print(&Registration { creditor, services }))
}

/// A creditor as it is registered.
///
/// # Errors
/// [`Error::UnknownCreditor`], or the database's.
pub fn get(conn: &mut Conn, tax_code: &FiscalCode) -> Result<Stored, Error> {
    rows::get(conn, tax_code)?.ok_or_else(|| Error::UnknownCreditor(tax_code.clone()))
}

/// Every creditor as it is registered, by tax code.
///
/// # Errors
/// The database's.
pub fn list(conn: &mut Conn) -> Result<Vec<Stored>, Error> {
    Ok(rows::list(conn)?)
}

/// Every version of every service of a creditor, with the creditor's revision.
///
/// # Errors
/// [`Error::UnknownCreditor`], or the database's.
pub fn services(conn: &mut Conn, tax_code: &FiscalCode) -> Result<(Vec<ServiceRow>, i64), Error> {
    let stored = get(conn, tax_code)?;
    Ok((rows::services(conn, tax_code)?, stored.revision))
}

/// Every version of one service of a creditor, with the creditor's revision.
///
/// # Errors
/// [`Error::UnknownCreditor`], [`Error::UnknownService`], or the database's.
pub fn get_service(
    conn: &mut Conn,
    tax_code: &FiscalCode,
    code: &str,
) -> Result<(Vec<ServiceRow>, i64), Error> {
    let stored = get(conn, tax_code)?;
    let mut versions = rows::services(conn, tax_code)?;
    versions.retain(|row| row.code.as_str() == code);
    if versions.is_empty() {
        let creditor = tax_code.clone();
        return Err(Error::UnknownService {
            creditor,
            code: code.to_owned(),
        });
    }
    Ok((versions, stored.revision))
}

fn valid(findings: Vec<DetailsError>) -> Result<(), Error> {
    if findings.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(findings))
    }
}

fn meets(expected: Expected, found: Option<i64>) -> Result<(), Error> {
    let met = match expected {
        Expected::Any => true,
        Expected::Absent => found.is_none(),
        Expected::Revision(revision) => found == Some(revision),
    };
    if met { Ok(()) } else { Err(Error::Stale) }
}

#[cfg(test)]
mod tests;
