//! What the office records of its collection orders before the treasurer's journal names them.

use serde_json::json;
use uuid::Uuid;

use crate::ctx::Ctx;
use crate::domain::calendar::{Day, Instant};
use crate::domain::collection_order::{CoverState, OrderCover, Told, check, covered};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::{Cents, MoneyError};
use crate::domain::service::DetailsError;
use crate::domain::trail::{AuditAction, AuditChange, AuditedEntity};
use crate::domain::treasury::Movement;
pub use crate::store::treasury::orders::Recorded;
use crate::store::{self, Conn, Tx, db::Retry};

/// What can end such a use case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What is recorded breaks rules.
    #[error("the record breaks {} rules", .0.len())]
    Invalid(Vec<DetailsError>),
    /// A sum overflows.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The database's.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Retry for Error {
    fn retryable(&self) -> bool {
        match self {
            Error::Store(error) => error.retryable(),
            Error::Invalid(_) | Error::Money(_) => false,
        }
    }
}

/// An order as the office records it; an amount below zero takes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCovering {
    /// Financial year of the credit and the order.
    pub year: i32,
    /// The treasury account.
    pub account: String,
    /// Number of the provisional credit.
    pub provisional: i64,
    /// Number of the order.
    pub order: i64,
    /// How much of the credit.
    pub amount: Cents,
    /// Day of the order.
    pub order_on: Day,
}

/// Records what an order covers of a credit; returns how far orders cover it now.
///
/// # Errors
/// [`Error`]; nothing changes then.
pub fn record(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    (creditor, client): (&FiscalCode, Uuid),
    new: &NewCovering,
) -> Result<(Recorded, CoverState), Error> {
    // Two records of one credit are decided one after the other.
    store::settlement::hold(tx, creditor)?;
    let place = (new.year, new.provisional);
    let entries = store::treasury::of_provisional(tx, creditor, place)?;
    let entries = entries.iter().map(|entry| &entry.movement);
    let credits = entries.filter(|entry| entry.in_scope() && entry.account == new.account);
    let amounts: Vec<Cents> = credits.map(Movement::effect).collect();
    let credit = Cents::sum(amounts.iter().copied())?;
    let mut told = store::treasury::orders::of_year(tx, creditor, new.year)?;
    let place = (new.year, new.provisional, new.account.as_str());
    told.retain(|one| one.is_of(place));
    let id = ctx.ids.next();
    let cover = OrderCover {
        year: new.year,
        account: new.account.clone(),
        movement: id.to_string(),
        order: new.order,
        provisional: new.provisional,
        amount: new.amount,
        told: Told::Office,
    };
    check(&cover, (!amounts.is_empty()).then_some(credit), &told).map_err(Error::Invalid)?;
    let recorded = Recorded {
        id,
        cover,
        order_on: new.order_on,
        client,
        at: now,
    };
    store::treasury::orders::record(tx, creditor, &recorded)?;
    let said = json!({
        "year": new.year,
        "account": new.account,
        "provisional_number": new.provisional,
        "order_number": new.order,
        "amount_cents": new.amount.get(),
        "order_date": new.order_on,
    });
    let what = (AuditedEntity::OrderCovering, id);
    tx.note(AuditChange::new(creditor, AuditAction::Created, what, said));
    told.push(recorded.cover.clone());
    let (covered, _orders) = covered(&told, place)?;
    Ok((recorded, CoverState::of(credit, covered)))
}

/// One page of what the office has recorded, in its order, after the given id.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    slice: (Option<Uuid>, i64),
) -> Result<Vec<Recorded>, Error> {
    Ok(store::treasury::orders::recorded(conn, creditor, slice)?)
}
