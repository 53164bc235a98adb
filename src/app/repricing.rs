//! Positions priced again: the notification becomes known after the notice was printed, and what was paid
//! too little is asked for.

mod lapses;

use uuid::Uuid;

pub use lapses::{Lapsed, end_plan, write_lapses};

use crate::app::{archive, numbers, positions};
use crate::ctx::Ctx;
use crate::domain::balance::{Balance, Notified, Payment};
use crate::domain::calendar::{self, Day, Instant};
use crate::domain::creditor::Creditor;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::Entry;
use crate::domain::lifecycle::Anomaly;
use crate::domain::money::{Cents, MoneyError};
use crate::domain::notice_number::{NoticeNumber, NumberError};
use crate::domain::position::{Position, ReplanError, RepriceError};
use crate::domain::service::{self, DetailsError, Service, ServiceKind};
use crate::domain::trail::AuditAction;
use crate::store::receipts::{Filed, Filter};
use crate::store::{self, Conn, Tx, db::Retry};

/// What can end a use case about prices.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No position has this id.
    #[error("no position has this id")]
    Unknown,
    /// The caller changed an older revision.
    #[error("the position is at revision {current} by now")]
    Stale {
        /// The revision it has.
        current: i64,
    },
    /// The creditor is not registered any more, or has no station that issues numbers.
    #[error("the creditor cannot issue notices")]
    NoStation,
    /// The service of the position is not registered any more.
    #[error("the service of the position is not registered any more")]
    NoService,
    /// What was given does not fit the charge.
    #[error("the change breaks {} rules", .0.len())]
    Details(Vec<DetailsError>),
    /// Another notification is known, and something has been paid since.
    #[error("another notification is known and something has been paid since")]
    NotificationKnown,
    /// Nothing is missing.
    #[error("what was paid covers what was due")]
    NothingShort {
        /// More than was due, when it is more.
        over: Cents,
    },
    /// The position cannot be priced again.
    #[error(transparent)]
    Reprice(#[from] RepriceError),
    /// The rest of a plan that has ended cannot be asked for.
    #[error(transparent)]
    Replan(#[from] ReplanError),
    /// No number is left.
    #[error(transparent)]
    Number(#[from] NumberError),
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
            Error::Unknown
            | Error::Stale { .. }
            | Error::NoStation
            | Error::NoService
            | Error::Details(_)
            | Error::NotificationKnown
            | Error::NothingShort { .. }
            | Error::Reprice(_)
            | Error::Replan(_)
            | Error::Number(_)
            | Error::Money(_) => false,
        }
    }
}

impl From<numbers::Error> for Error {
    fn from(error: numbers::Error) -> Error {
        match error {
            numbers::Error::Number(why) => Error::Number(why),
            numbers::Error::Store(error) => Error::Store(error),
        }
    }
}

/// How a stored position is priced: its kind, what the office typed, its service on a day.
struct Pricing {
    kind: &'static dyn ServiceKind,
    details: serde_json::Value,
    service: Service,
}

impl Pricing {
    /// The terms are those the position was issued with; `on` is the day the kind takes for today.
    fn of(ctx: &Ctx, position: &Position, on: Day) -> Result<Pricing, Error> {
        let creditor = creditor(ctx, &position.creditor)?;
        let code = &position.service_code;
        let row = ctx
            .registry
            .service(&creditor.tax_code, code, position.issued_on)
            .ok_or(Error::NoService)?;
        let kind = service::kind(&row.kind).ok_or(Error::NoService)?;
        let details = position.details.get(kind.code()).cloned();
        Ok(Pricing {
            kind,
            details: details.unwrap_or_default(),
            service: row.in_force(&creditor, on),
        })
    }
}

fn creditor(ctx: &Ctx, tax_code: &FiscalCode) -> Result<std::sync::Arc<Creditor>, Error> {
    ctx.registry.creditor(tax_code).ok_or(Error::NoStation)
}

/// Notes how and when a printed position was notified, and prices it again: its open notices get the
/// terms that start on that day. The same notification again changes nothing; another one corrects it
/// until something is paid.
///
/// # Errors
/// [`Error`]; nothing changes then.
pub fn notify(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    (creditor, id, seen): (&FiscalCode, Uuid, i64),
    notification: serde_json::Value,
) -> Result<Position, Error> {
    let position = store::positions::lock(tx, creditor, id)?.ok_or(Error::Unknown)?;
    if seen != position.revision {
        return Err(Error::Stale {
            current: position.revision,
        });
    }
    let pricing = Pricing::of(ctx, &position, position.issued_on)?;
    let is_paid = position.chosen_option().is_some();
    let details = match pricing.kind.notified(&pricing.details, notification) {
        Err(found) => return Err(Error::Details(found)),
        Ok(Notified::Same) => {
            tx.nothing_to_note();
            return Ok(position);
        }
        Ok(Notified::Other(_)) if is_paid => return Err(Error::NotificationKnown),
        Ok(Notified::First(details) | Notified::Other(details)) => details,
    };
    let assessment = pricing
        .kind
        .assess(&details, &pricing.service)
        .map_err(Error::Details)?;
    let details = serde_json::json!({ pricing.kind.code(): details });
    let after = position.reprice(details, assessment, calendar::today(now))?;
    store::prices::replace(tx, &position, &after, now)?;
    // What a former print says stays findable: the marks it had are kept beside the new ones.
    let marks = crate::domain::search::marks(&after.details);
    store::search::keep_marks(tx, creditor, id, &marks)?;
    let moves = after.notices.iter();
    let steps = positions::advances(
        ctx,
        moves.map(|(notice, step)| (notice.number.clone(), *step)),
    );
    store::notices::advance(tx, creditor, &steps, now, positions::OFFICE)?;
    book(tx, ctx, creditor, after.entry)?;
    store::positions::advance_revision(tx, creditor, id, position.revision)?;
    archive::changed(tx, now, ctx, creditor, id)?;
    let notified = found(tx, creditor, id)?;
    positions::changed(tx, AuditAction::Notified, (&position, &notified));
    Ok(notified)
}

/// Asks for what is missing of a payment that came short, with a further notice of the option that was
/// paid. `seal` writes what must become durable with it and makes the result.
///
/// # Errors
/// [`Error`]; nothing is stored then.
pub async fn complete<R: Send + 'static>(
    ctx: &Ctx,
    tax_code: &FiscalCode,
    id: Uuid,
    seal: impl Fn(&mut Tx<'_>, Instant, &Position) -> Result<R, Error> + Send + 'static,
) -> Result<R, Error> {
    // Nothing is reserved for a position that is not there.
    let held = tax_code.clone();
    let known = ctx.read(move |conn| store::positions::get(conn, &held, id));
    if known.await?.is_none() {
        return Err(Error::Unknown);
    }
    let number = reserve(ctx, tax_code).await?;
    let (held, tax_code) = (ctx.clone(), tax_code.clone());
    ctx.write(move |tx, now| {
        let today = calendar::today(now);
        let position = store::positions::lock(tx, &tax_code, id)?.ok_or(Error::Unknown)?;
        let draft = match balance(tx, &held, &position, today)? {
            Balance::Short(draft) => *draft,
            Balance::Even => return Err(Error::NothingShort { over: Cents::ZERO }),
            Balance::Over(over) => return Err(Error::NothingShort { over }),
        };
        let made = position.complete(draft, number.clone(), today)?;
        if !store::prices::add_notice(tx, &position, &made.notice)? {
            // Reserved numbers are nobody else's, unless the caller's own took it.
            return Err(Error::NoStation);
        }
        book(tx, &held, &tax_code, Some(made.entry))?;
        store::positions::advance_revision(tx, &tax_code, id, position.revision)?;
        archive::changed(tx, now, &held, &tax_code, id)?;
        let completed = found(tx, &tax_code, id)?;
        positions::changed(tx, AuditAction::Integrated, (&position, &completed));
        seal(tx, now, &completed)
    })
    .await
}

/// A number for one further notice.
async fn reserve(ctx: &Ctx, tax_code: &FiscalCode) -> Result<NoticeNumber, Error> {
    let body = creditor(ctx, tax_code)?;
    let station = body.issuing_station(ctx.today()).ok_or(Error::NoStation)?;
    let numbers = numbers::reserve(ctx, tax_code, &station.segregation_code, 1);
    numbers.await?.pop().ok_or(Error::NoStation)
}

/// Holds what was paid for a position against what was due on that day.
fn balance(conn: &mut Conn, ctx: &Ctx, position: &Position, today: Day) -> Result<Balance, Error> {
    if position.has_paid_its_plan() {
        return Ok(Balance::Even);
    }
    let pricing = Pricing::of(ctx, position, today)?;
    let paid = paid(conn, position)?.ok_or(RepriceError::NothingPaid)?;
    pricing
        .kind
        .balance(&pricing.details, &pricing.service, paid)
        .map_err(Error::Details)
}

/// Receipts of one position that are read at most; a plan has not more instalments.
const RECEIPTS_MAX: i64 = 200;

/// What was paid for a position beyond what was due, to be paid back: more than the price of its day, once
/// that is known, and whatever was paid twice.
///
/// # Errors
/// The database's, or a sum out of range.
pub fn overpaid(conn: &mut Conn, ctx: &Ctx, position: &Position) -> Result<Cents, Error> {
    if position.notices.iter().all(|notice| !notice.is_paid()) {
        return Ok(Cents::ZERO);
    }
    let filed = receipts(conn, position)?;
    let twice = filed.iter().filter(|filed| is_paid_twice(filed));
    let twice = Cents::sum(twice.map(|filed| filed.receipt.amount))?;
    let over = match balance(conn, ctx, position, ctx.today()) {
        Ok(Balance::Over(over)) => over,
        Ok(Balance::Even | Balance::Short(_)) => Cents::ZERO,
        // The kind compares no payments, the notification is still to come, or there are no terms any more.
        Err(Error::Details(_) | Error::Reprice(_) | Error::NoService | Error::NoStation) => {
            Cents::ZERO
        }
        Err(error) => return Err(error),
    };
    Ok(over.plus(twice)?)
}

fn is_paid_twice(filed: &Filed) -> bool {
    filed.anomaly == Some(Anomaly::PaidTwice)
}

/// The sum of the receipts of a position, those that are owed back left out.
fn paid(conn: &mut Conn, position: &Position) -> Result<Option<Payment>, Error> {
    let filed = receipts(conn, position)?;
    let kept = filed.iter().filter(|filed| !is_paid_twice(filed));
    let on = kept.clone().map(|filed| filed.paid_on).max();
    let amount = Cents::sum(kept.map(|filed| filed.receipt.amount))?;
    Ok(on.map(|on| Payment { amount, on }))
}

fn receipts(conn: &mut Conn, position: &Position) -> Result<Vec<Filed>, store::Error> {
    let filter = Filter {
        position_id: Some(position.id),
        ..Filter::default()
    };
    store::receipts::page(conn, &position.creditor, &filter, None, RECEIPTS_MAX)
}

fn book(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    creditor: &FiscalCode,
    entry: Option<Entry>,
) -> Result<(), Error> {
    let entries: Vec<(Uuid, Entry)> = entry
        .into_iter()
        .map(|entry| (ctx.ids.next(), entry))
        .collect();
    Ok(store::ledger::post(tx, creditor, entries)?)
}

fn found(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Position, Error> {
    store::positions::get(conn, creditor, id)?.ok_or(Error::Unknown)
}
