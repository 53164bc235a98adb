//! Debt positions: register, show, list, publish, withdraw.

mod amend;
mod audited;
mod place;

use uuid::Uuid;

pub use amend::{Intent, Rest, amend, replan};
pub(super) use amend::{OFFICE, advances, apply};
pub(super) use audited::changed;

use crate::app::{archive, canteen, numbers};
use crate::ctx::Ctx;
use crate::domain::calendar::{Day, Instant};
use crate::domain::creditor::{Creditor, ServiceRow};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::lifecycle::{Refused, State};
use crate::domain::money::MoneyError;
use crate::domain::notice_number::{NoticeNumber, NumberError, SegregationCode};
use crate::domain::position::{
    Debtor, IntentError, NewPosition, Position, PositionError, Publication, ReplanError,
};
use crate::domain::service::{self, Assessment, DetailsError};
use crate::domain::text::Text;
use crate::store::crash::{self, Point};
pub use crate::store::positions::Filter;
use crate::store::positions::Placed;
use crate::store::{self, Conn, Tx, db::Retry};

/// What can end a use case about positions.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The creditor has no such service on the day of issue.
    #[error("no service {0} is in force on the day of issue")]
    UnknownService(String),
    /// The creditor is not registered, or has no station that issues numbers.
    #[error("the creditor has no station in force on the day of issue")]
    NoStation,
    /// The details are for another kind than the service's.
    #[error("service {service} wants details of kind {kind}")]
    OtherKind {
        /// The service asked for.
        service: String,
        /// The kind that prices it.
        kind: String,
    },
    /// The details break rules of their kind.
    #[error("the details break {} rules", .0.len())]
    Details(Vec<DetailsError>),
    /// Numbers of the caller cannot be taken: which ones, from 0, and the rules they break.
    #[error("{} notice numbers cannot be taken", .0.len())]
    Numbers(Vec<(usize, NumberError)>),
    /// The creditor has a position with this reference.
    #[error("a position with this reference exists")]
    ReferenceTaken,
    /// The creditor has a notice with one of the given numbers.
    #[error("one of the notice numbers is taken")]
    NumberTaken,
    /// No position has this id.
    #[error("no position has this id")]
    Unknown,
    /// The caller changed an older revision.
    #[error("the position is at revision {current} by now")]
    Stale {
        /// The revision it has.
        current: i64,
    },
    /// The position's state does not allow it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The new last day to pay is past.
    #[error("the day to pay by must not be past")]
    TermPassed,
    /// The rest cannot be put on new notices.
    #[error(transparent)]
    Replan(#[from] ReplanError),
    /// The position cannot be made.
    #[error(transparent)]
    Position(#[from] PositionError),
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
            Error::UnknownService(_)
            | Error::NoStation
            | Error::OtherKind { .. }
            | Error::Details(_)
            | Error::Numbers(_)
            | Error::ReferenceTaken
            | Error::NumberTaken
            | Error::Unknown
            | Error::Stale { .. }
            | Error::Refused(_)
            | Error::TermPassed
            | Error::Replan(_)
            | Error::Position(_)
            | Error::Money(_) => false,
        }
    }
}

impl From<IntentError> for Error {
    fn from(error: IntentError) -> Error {
        match error {
            IntentError::Refused(refused) => Error::Refused(refused),
            IntentError::TermPassed => Error::TermPassed,
            IntentError::Money(money) => Error::Money(money),
        }
    }
}

impl From<numbers::Error> for Error {
    fn from(error: numbers::Error) -> Error {
        match error {
            numbers::Error::Number(why) => Error::Numbers(vec![(0, why)]),
            numbers::Error::Store(error) => Error::Store(error),
        }
    }
}

/// What an office gives to register a position.
#[derive(Debug, Clone)]
pub struct Create {
    /// The creditor's service.
    pub service_code: String,
    /// The caller's own identifier.
    pub reference: Option<Text<64>>,
    /// Who owes.
    pub debtor: Debtor,
    /// Who owes the same debt beside the debtor.
    pub joint_debtors: Vec<Debtor>,
    /// What the citizen reads; the service's title when absent.
    pub description: Option<Text<140>>,
    /// Code of the kind the details are for.
    pub kind: String,
    /// What the office typed.
    pub details: serde_json::Value,
    /// Own valid numbers, one per notice in order; empty to have them issued.
    pub numbers: Vec<String>,
    /// Day of issue; today when absent.
    pub issued_on: Option<Day>,
    /// Payable at once, or a draft.
    pub publication: Publication,
}

/// What is charged: the part of a new position that makes its price.
#[derive(Debug, Clone, Copy)]
pub struct Charge<'a> {
    /// The creditor's service.
    pub service_code: &'a str,
    /// Code of the kind the details are for.
    pub kind: &'a str,
    /// What the office typed.
    pub details: &'a serde_json::Value,
    /// Day of issue; today when absent.
    pub issued_on: Option<Day>,
}

impl Create {
    /// The part that makes the price.
    #[must_use]
    pub fn charge(&self) -> Charge<'_> {
        Charge {
            service_code: &self.service_code,
            kind: &self.kind,
            details: &self.details,
            issued_on: self.issued_on,
        }
    }
}

/// A price, before anything is stored.
#[derive(Debug, Clone)]
pub struct Assessed {
    /// The creditor.
    pub creditor: std::sync::Arc<Creditor>,
    /// The service in force.
    pub service: std::sync::Arc<ServiceRow>,
    /// Day of issue.
    pub issued_on: Day,
    /// What is owed and how it may be paid.
    pub assessment: Assessment,
}

/// Prices the details without storing anything.
///
/// # Errors
/// [`Error::UnknownService`], [`Error::NoStation`], [`Error::OtherKind`], [`Error::Details`].
pub fn assess(ctx: &Ctx, creditor: &FiscalCode, charge: Charge<'_>) -> Result<Assessed, Error> {
    let issued_on = charge.issued_on.unwrap_or_else(|| ctx.today());
    let creditor = ctx.registry.creditor(creditor).ok_or(Error::NoStation)?;
    let service = ctx
        .registry
        .service(&creditor.tax_code, charge.service_code, issued_on)
        .ok_or_else(|| Error::UnknownService(charge.service_code.to_owned()))?;
    let other_kind = || Error::OtherKind {
        service: charge.service_code.to_owned(),
        kind: service.kind.clone(),
    };
    if service.kind != charge.kind {
        return Err(other_kind());
    }
    let kind = service::kind(&service.kind).ok_or_else(other_kind)?;
    let in_force = service.in_force(&creditor, issued_on);
    let assessment = kind
        .assess(charge.details, &in_force)
        .map_err(Error::Details)?;
    Ok(Assessed {
        creditor,
        service,
        issued_on,
        assessment,
    })
}

/// Registers a position. `seal` writes what must become durable with it (the stored answer of an
/// idempotent request) and makes the result.
///
/// # Errors
/// [`Error`]; nothing is stored then.
pub async fn create<R: Send + 'static>(
    ctx: &Ctx,
    creditor: &FiscalCode,
    command: Create,
    seal: impl Fn(&mut Tx<'_>, Instant, &Position) -> Result<R, Error> + Send + 'static,
) -> Result<R, Error> {
    let assessed = assess(ctx, creditor, command.charge())?;
    let numbers = numbers_for(ctx, &assessed, &command).await?;
    let position = new_position(ctx, assessed, command, numbers)?;
    let (entry_id, held) = (ctx.ids.next(), ctx.clone());
    ctx.write(move |tx, now| {
        match store::positions::insert(tx, &position)? {
            Placed::New => {}
            Placed::ReferenceTaken => return Err(Error::ReferenceTaken),
            Placed::NumberTaken => return Err(Error::NumberTaken),
        }
        canteen::tie(tx, &position)?;
        let marks = crate::domain::search::marks(&position.details);
        store::search::keep_marks(tx, &position.creditor, position.id, &marks)?;
        store::search::keep_words(tx, &position.creditor, position.description.as_str())?;
        if position.notices.iter().any(|n| n.state == State::Open) {
            let entry = position.published(position.issued_on)?;
            store::ledger::post(tx, &position.creditor, [(entry_id, entry)])?;
            place::take(tx, now, &held, &position)?;
            archive::changed(tx, now, &held, &position.creditor, position.id)?;
        }
        audited::created(tx, &position);
        let sealed = seal(tx, now, &position)?;
        crash::point(Point::PositionRegistered);
        Ok(sealed)
    })
    .await
}

fn new_position(
    ctx: &Ctx,
    assessed: Assessed,
    command: Create,
    numbers: Vec<NoticeNumber>,
) -> Result<Position, Error> {
    let description = match command.description {
        Some(description) => description,
        None => Text::parse(assessed.service.title.as_str()).map_err(PositionError::from)?,
    };
    let details = serde_json::json!({ command.kind: command.details });
    let new = NewPosition {
        creditor: assessed.creditor.tax_code.clone(),
        id: ctx.ids.next(),
        reference: command.reference,
        service_code: command.service_code,
        debtor: command.debtor,
        joint_debtors: command.joint_debtors,
        description,
        details,
        issued_on: assessed.issued_on,
        created_at: ctx.now(),
    };
    Ok(Position::new(
        new,
        assessed.assessment,
        numbers,
        command.publication,
    )?)
}

/// The caller's own numbers, checked, or reserved ones.
async fn numbers_for(
    ctx: &Ctx,
    assessed: &Assessed,
    command: &Create,
) -> Result<Vec<NoticeNumber>, Error> {
    let options = &assessed.assessment.options;
    let needed: usize = options.iter().map(|option| option.notices.len()).sum();
    let from = (assessed.creditor.as_ref(), assessed.issued_on);
    numbers_from(ctx, from, &command.numbers, needed).await
}

/// The given numbers, checked, or as many as are needed from the creditor's station of a day.
async fn numbers_from(
    ctx: &Ctx,
    (creditor, day): (&Creditor, Day),
    given: &[String],
    needed: usize,
) -> Result<Vec<NoticeNumber>, Error> {
    let station = creditor.issuing_station(day).ok_or(Error::NoStation)?;
    let code = &station.segregation_code;
    if !given.is_empty() {
        return own_numbers(given, code);
    }
    let needed = u64::try_from(needed).unwrap_or(u64::MAX);
    Ok(numbers::reserve(ctx, &creditor.tax_code, code, needed).await?)
}

/// The caller's numbers, in order.
fn own_numbers(given: &[String], code: &SegregationCode) -> Result<Vec<NoticeNumber>, Error> {
    let (mut numbers, mut wrong) = (Vec::new(), Vec::new());
    for (index, text) in given.iter().enumerate() {
        match NoticeNumber::parse_own(text, code) {
            Ok(number) => numbers.push(number),
            Err(why) => wrong.push((index, why)),
        }
    }
    if wrong.is_empty() {
        Ok(numbers)
    } else {
        Err(Error::Numbers(wrong))
    }
}

/// The position with this id.
///
/// # Errors
/// [`Error::Unknown`], or the database's.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Position, Error> {
    store::positions::get(conn, creditor, id)?.ok_or(Error::Unknown)
}

/// One page of positions, oldest first.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    filter: &Filter,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Position>, Error> {
    Ok(store::positions::page(
        conn, creditor, filter, after, limit,
    )?)
}
