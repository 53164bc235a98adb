//! The canteen paid in advance: accounts, top-ups, meals, transfers, refunds, corrections.

mod bill_refunds;
mod meals;

use serde_json::json;
use uuid::Uuid;

pub use bill_refunds::refund_bill;
pub use meals::{Meal, MealOutcome, debit_all};

use crate::app::{positions, refunds};
use crate::ctx::Ctx;
use crate::domain::calendar::{Day, Instant, today};
use crate::domain::canteen_account::{
    AccountHolder, CanteenAccount, CanteenFamily, CreditCause, CreditError, CreditKind,
    CreditMovement, taken,
};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::{About, Account as Book, Entry, Posting, Reason};
use crate::domain::lifecycle::Anomaly;
use crate::domain::money::{Cents, MoneyError};
use crate::domain::position::{Debtor, DebtorKind, Position, Publication};
use crate::domain::service::DetailsError;
use crate::domain::service::canteen_credit::{CanteenCreditDetails, CanteenCreditTerms, KIND};
use crate::domain::text::Text;
use crate::domain::trail::{AuditAction, AuditChange, AuditedEntity};
use crate::store::receipts::Filed;
use crate::store::{self, Conn, Tx, db::Retry};

/// What can end a use case about accounts.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The creditor has no service of a canteen paid in advance with this code in force.
    #[error("no canteen {0} that is paid in advance is in force")]
    UnknownService(String),
    /// No account has this id.
    #[error("no account has this id")]
    Unknown,
    /// The account that should receive a transfer is none.
    #[error("no other account of the same service has this id")]
    UnknownReceiver,
    /// The caller changed an older revision.
    #[error("the account is at revision {current} by now")]
    Stale {
        /// The revision it has.
        current: i64,
    },
    /// What was typed breaks rules.
    #[error("the request breaks {} rules", .0.len())]
    Details(Vec<DetailsError>),
    /// The meal is on file with another account.
    #[error("another account pays this meal")]
    PaidElsewhere,
    /// The credit does not suffice.
    #[error(transparent)]
    Credit(#[from] CreditError),
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
            | Error::Unknown
            | Error::UnknownReceiver
            | Error::Stale { .. }
            | Error::Details(_)
            | Error::PaidElsewhere
            | Error::Credit(_)
            | Error::Money(_) => false,
        }
    }
}

impl From<Vec<DetailsError>> for Error {
    fn from(found: Vec<DetailsError>) -> Error {
        Error::Details(found)
    }
}

impl From<DetailsError> for Error {
    fn from(found: DetailsError) -> Error {
        Error::Details(vec![found])
    }
}

/// An account as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The account.
    pub account: CanteenAccount,
    /// Sum of its movements.
    pub balance: Cents,
    /// Whether the family should top it up: the balance is below the threshold of the service.
    pub low: bool,
}

/// What a movement did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The movement.
    pub movement: CreditMovement,
    /// The balance after it.
    pub balance: Cents,
}

/// The terms of a service on a day.
fn terms(
    ctx: &Ctx,
    creditor: &FiscalCode,
    service_code: &str,
    day: Day,
) -> Result<CanteenCreditTerms, Error> {
    let unknown = || Error::UnknownService(service_code.to_owned());
    let body = ctx.registry.creditor(creditor).ok_or_else(unknown)?;
    let row = ctx.registry.service(creditor, service_code, day);
    let row = row.filter(|row| row.kind == KIND).ok_or_else(unknown)?;
    Ok(CanteenCreditTerms::of(&row.in_force(&body, day)).cloned()?)
}

/// Opens an account.
///
/// # Errors
/// [`Error::UnknownService`], [`Error::Details`] with pointers relative to the family, or the database's.
pub fn open(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    (creditor, service_code): (&FiscalCode, &str),
    (holder, family): (AccountHolder, CanteenFamily),
) -> Result<View, Error> {
    family.check(&terms(ctx, creditor, service_code, today(now))?.tariff)?;
    let account = CanteenAccount {
        creditor: creditor.clone(),
        id: ctx.ids.next(),
        service_code: service_code.to_owned(),
        holder,
        family,
        opened_at: now,
        revision: 1,
    };
    store::canteen::insert(tx, &account)?;
    let change = audited(&account, AuditAction::Created);
    tx.note(change);
    let mut views = views(tx, ctx, creditor, vec![account])?;
    views.pop().ok_or(Error::Unknown)
}

/// Replaces who eats on an account, on the revision the caller has seen.
///
/// # Errors
/// [`Error::Unknown`], [`Error::Stale`], [`Error::Details`], or the database's.
pub fn amend(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    (creditor, id, seen): (&FiscalCode, Uuid, i64),
    family: CanteenFamily,
) -> Result<View, Error> {
    let mut account = store::canteen::lock(tx, creditor, id)?.ok_or(Error::Unknown)?;
    if seen != account.revision {
        return Err(Error::Stale {
            current: account.revision,
        });
    }
    family.check(&terms(ctx, creditor, &account.service_code, today(now))?.tariff)?;
    let before = audited(&account, AuditAction::Changed).after;
    account.family = family;
    store::canteen::set_family(tx, &account)?;
    let change = audited(&account, AuditAction::Changed);
    tx.note(change.from(&before));
    get(tx, ctx, creditor, id)
}

/// What the audit trail says of an account: how many eat on it, and not who; how many declarations of their
/// means there are, and not what they say.
fn audited(account: &CanteenAccount, action: AuditAction) -> AuditChange {
    let family = &account.family;
    let said = json!({
        "service_code": account.service_code,
        "pupils": family.pupils.len(),
        "isee_declarations": family.isee.len(),
    });
    let what = (AuditedEntity::CanteenAccount, account.id);
    AuditChange::new(&account.creditor, action, what, said)
}

/// The account with this id.
///
/// # Errors
/// [`Error::Unknown`], or the database's.
pub fn get(conn: &mut Conn, ctx: &Ctx, creditor: &FiscalCode, id: Uuid) -> Result<View, Error> {
    let account = store::canteen::get(conn, creditor, id)?.ok_or(Error::Unknown)?;
    let mut views = views(conn, ctx, creditor, vec![account])?;
    views.pop().ok_or(Error::Unknown)
}

/// One page of accounts, oldest first.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut Conn,
    ctx: &Ctx,
    (creditor, service_code): (&FiscalCode, Option<&str>),
    (after, limit): (Option<Uuid>, i64),
) -> Result<Vec<View>, Error> {
    let accounts = store::canteen::page(conn, creditor, service_code, after, limit)?;
    views(conn, ctx, creditor, accounts)
}

fn views(
    conn: &mut Conn,
    ctx: &Ctx,
    creditor: &FiscalCode,
    accounts: Vec<CanteenAccount>,
) -> Result<Vec<View>, Error> {
    let ids: Vec<Uuid> = accounts.iter().map(|account| account.id).collect();
    let balances = store::canteen::balances(conn, creditor, &ids)?;
    let view = |account: CanteenAccount| {
        let balance = balances.get(&account.id).copied().unwrap_or(Cents::ZERO);
        // A service that has ended asks nobody for a top-up.
        let below = match terms(ctx, creditor, &account.service_code, ctx.today()) {
            Ok(terms) => balance < Cents::new(terms.reminder_below_cents)?,
            Err(Error::UnknownService(_)) => false,
            Err(error) => return Err(error),
        };
        Ok(View {
            account,
            balance,
            low: below,
        })
    };
    accounts.into_iter().map(view).collect()
}

/// One page of the movements of an account, oldest first.
///
/// # Errors
/// [`Error::Unknown`], or the database's.
pub fn movements(
    conn: &mut Conn,
    creditor: &FiscalCode,
    id: Uuid,
    (after, limit): (Option<Uuid>, i64),
) -> Result<Vec<CreditMovement>, Error> {
    store::canteen::get(conn, creditor, id)?.ok_or(Error::Unknown)?;
    Ok(store::canteen::movements(conn, creditor, id, after, limit)?)
}

/// The position of a top-up, to be registered as any other: a spontaneous payment of the holder.
///
/// # Errors
/// [`Error::Unknown`], [`Error::Details`] for a pupil of another account, or the database's.
pub fn top_up(
    conn: &mut Conn,
    creditor: &FiscalCode,
    id: Uuid,
    (amount_cents, pupil): (i64, Option<&str>),
) -> Result<positions::Create, Error> {
    let account = store::canteen::get(conn, creditor, id)?.ok_or(Error::Unknown)?;
    let pupil = account.family.pupil(pupil)?;
    let details = CanteenCreditDetails {
        account_id: id,
        pupil_tax_code: pupil.pupil_tax_code.clone(),
        amount_cents,
    };
    let details = serde_json::to_value(details)
        .map_err(|why| store::Error::corrupt("canteen_account", id, why))?;
    Ok(positions::Create {
        service_code: account.service_code,
        reference: None,
        debtor: Debtor {
            kind: DebtorKind::Person,
            tax_code: account.holder.tax_code,
            full_name: account.holder.full_name,
            address: None,
            email: None,
        },
        joint_debtors: Vec::new(),
        description: None,
        kind: KIND.to_owned(),
        details,
        numbers: Vec::new(),
        issued_on: None,
        publication: Publication::Now,
    })
}

/// What a position tops up, as its details say; `None` for every other charge.
fn details_of(position: &Position) -> Option<CanteenCreditDetails> {
    let details = position.details.get(KIND)?;
    serde_json::from_value(details.clone()).ok()
}

/// Ties a new position to the account it tops up, in the transaction that registers it. Other charges
/// have none.
///
/// # Errors
/// The broken rule, relative to the details, or the database's.
pub(super) fn tie(tx: &mut Tx<'_>, position: &Position) -> Result<(), positions::Error> {
    let Some(details) = details_of(position) else {
        return Ok(());
    };
    let (creditor, id) = (&position.creditor, details.account_id);
    let account = store::canteen::get(tx, creditor, id)?;
    let account = account.filter(|account| account.service_code == position.service_code);
    let broken = |error| positions::Error::Details(vec![error]);
    let account = account.ok_or_else(|| {
        broken(DetailsError::new(
            "/account_id",
            "nessun conto di questo servizio ha questo identificativo",
            "no account of this service has this identifier",
        ))
    })?;
    let pupil = account.family.pupil(Some(&details.pupil_tax_code));
    pupil.map_err(broken)?;
    let key = (creditor, position.id);
    store::canteen::insert_top_up(tx, key, id, &details.pupil_tax_code)?;
    let (what, asked) = (
        (AuditedEntity::CanteenAccount, id),
        json!({ "debt_position_id": position.id, "amount_cents": details.amount_cents }),
    );
    tx.note(AuditChange::new(
        creditor,
        AuditAction::Requested,
        what,
        asked,
    ));
    Ok(())
}

/// Whether what is paid for a position is credit of a family.
pub(super) fn is_top_up(position: &Position) -> bool {
    position.details.get(KIND).is_some()
}

/// Credits an account with a receipt, in the transaction that files it. The money is there, whatever
/// became of the notice: a top-up that was withdrawn or is paid twice is more credit, not a refund.
///
/// # Errors
/// The database's.
pub(super) fn credit(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    filed: &Filed,
    position: &Position,
) -> Result<(), store::Error> {
    if !is_top_up(position) {
        return Ok(());
    }
    let (creditor, receipt) = (&position.creditor, &filed.receipt);
    let Some((account_id, pupil)) = store::canteen::top_up(tx, creditor, position.id)? else {
        return Ok(());
    };
    let movement = CreditMovement {
        id: ctx.ids.next(),
        account_id,
        cause: CreditCause::TopUp(receipt.receipt_id.clone()),
        amount: receipt.amount,
        day: filed.paid_on,
        at: now,
        pupil_tax_code: Some(pupil),
        note: None,
    };
    store::canteen::append_once(tx, creditor, &movement)?;
    // What is kept as credit is not owed back: the books say so.
    let about = About {
        notice: Some(&receipt.notice_number),
        service_code: Some(&position.service_code),
        beneficiary: creditor,
    };
    let kept = match filed.anomaly {
        Some(Anomaly::PaidTwice | Anomaly::PaidAfterWithdrawal) => {
            Posting::new(Book::Receivable, Book::RevenueDue, receipt.amount, about)
        }
        Some(
            Anomaly::PaidBeforePublication
            | Anomaly::PaidAfterExpiry
            | Anomaly::PaidWhileSuspended
            | Anomaly::ReceiptAfterFlow
            | Anomaly::FlowWithoutReceipt
            | Anomaly::ReportedTwice,
        )
        | None => None,
    };
    let entry = Entry {
        reason: Reason::Repriced,
        day: today(now),
        reference: receipt.receipt_id.clone(),
        postings: kept.into_iter().collect(),
    };
    store::ledger::post(tx, creditor, [(ctx.ids.next(), entry)])
}

/// Takes a meal from an account. The same meal again is found on file: a pupil eats once a day.
///
/// # Errors
/// [`Error::Unknown`], [`Error::Details`], [`Error::Credit`], [`Error::PaidElsewhere`], or the database's.
pub fn debit(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    (creditor, id): (&FiscalCode, Uuid),
    (pupil, meal_on): (&str, Day),
) -> Result<Moved, Error> {
    let account = store::canteen::lock(tx, creditor, id)?.ok_or(Error::Unknown)?;
    let balance = store::canteen::balance(tx, creditor, id)?;
    if let Some(movement) = store::canteen::meal(tx, creditor, pupil, meal_on)? {
        tx.nothing_to_note();
        return match movement.account_id == id {
            true => Ok(Moved { movement, balance }),
            false => Err(Error::PaidElsewhere),
        };
    }
    let (price, floor) = price(ctx, &account, (pupil, meal_on))?;
    let balance = taken(balance, price, floor)?;
    let movement = CreditMovement {
        id: ctx.ids.next(),
        account_id: id,
        cause: CreditCause::Meal(meal_on),
        amount: price.negated(),
        day: meal_on,
        at: now,
        pupil_tax_code: Some(pupil.to_owned()),
        note: None,
    };
    append(tx, creditor, movement, balance)
}

/// What a meal of a pupil costs on a day, and how low the account may fall.
fn price(
    ctx: &Ctx,
    account: &CanteenAccount,
    (pupil, meal_on): (&str, Day),
) -> Result<(Cents, Cents), Error> {
    let terms = terms(ctx, &account.creditor, &account.service_code, meal_on)?;
    let price = account.family.meal(&terms, pupil, meal_on)?;
    Ok((price, Cents::new(terms.credit_floor_cents)?))
}

/// Moves credit to another account of the same service: a brother or sister, a new school. `None` moves
/// all there is.
///
/// # Errors
/// [`Error::Unknown`], [`Error::UnknownReceiver`], [`Error::Credit`], or the database's.
pub fn transfer(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    (creditor, from, to): (&FiscalCode, Uuid, Uuid),
    amount: Option<Cents>,
) -> Result<Moved, Error> {
    // Both are locked in the order of their ids, so that two transfers never wait for each other.
    for id in [from.min(to), from.max(to)] {
        store::canteen::lock(tx, creditor, id)?;
    }
    let account = store::canteen::get(tx, creditor, from)?.ok_or(Error::Unknown)?;
    let receiver = store::canteen::get(tx, creditor, to)?
        .filter(|other| other.id != account.id && other.service_code == account.service_code);
    receiver.ok_or(Error::UnknownReceiver)?;
    let (balance, amount) = available(tx, creditor, from, amount)?;
    let transfer = ctx.ids.next();
    let movement = |account_id, cause, amount| CreditMovement {
        id: ctx.ids.next(),
        account_id,
        cause,
        amount,
        day: today(now),
        at: now,
        pupil_tax_code: None,
        note: None,
    };
    let received = movement(to, CreditCause::TransferIn(transfer), amount);
    append(tx, creditor, received, Cents::ZERO)?;
    let given = movement(from, CreditCause::TransferOut(transfer), amount.negated());
    append(tx, creditor, given, balance)
}

/// Pays credit back to somebody, at the end of the school or before. `None` pays all there is.
///
/// # Errors
/// [`Error::Unknown`], [`Error::Details`] for a pupil of another account, [`Error::Credit`], or the
/// database's.
pub fn refund(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    (creditor, id): (&FiscalCode, Uuid),
    refund: Refund,
) -> Result<Moved, Error> {
    let account = store::canteen::lock(tx, creditor, id)?.ok_or(Error::Unknown)?;
    let pupil = account.family.pupil(refund.pupil_tax_code.as_deref())?;
    let (balance, amount) = available(tx, creditor, id, refund.amount)?;
    let movement = CreditMovement {
        id: ctx.ids.next(),
        account_id: id,
        cause: CreditCause::Refund(refund.payee.unwrap_or(account.holder.tax_code)),
        amount: amount.negated(),
        day: refund.paid_on.unwrap_or_else(|| today(now)),
        at: now,
        pupil_tax_code: Some(pupil.pupil_tax_code.clone()),
        note: refund.note,
    };
    let paid = (movement.id, amount, movement.day);
    refunds::paid_back(tx, ctx, (creditor, &account.service_code), paid)?;
    append(tx, creditor, movement, balance)
}

/// Credit that is paid back.
#[derive(Debug, Clone, Default)]
pub struct Refund {
    /// How much; all there is when absent.
    pub amount: Option<Cents>,
    /// To whom; the holder when absent.
    pub payee: Option<FiscalCode>,
    /// The pupil whose school expenses become less; needed where several eat on the account.
    pub pupil_tax_code: Option<String>,
    /// Day it is paid; today when absent.
    pub paid_on: Option<Day>,
    /// Order of payment, bank account.
    pub note: Option<Text<140>>,
}

/// Sets the credit right: a meal that was not eaten, a payment made elsewhere.
///
/// # Errors
/// [`Error::Unknown`], [`Error::Credit`], or the database's.
pub fn correct(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    (creditor, id): (&FiscalCode, Uuid),
    (amount, note): (Cents, Text<140>),
) -> Result<Moved, Error> {
    let account = store::canteen::lock(tx, creditor, id)?.ok_or(Error::Unknown)?;
    if amount == Cents::ZERO {
        return Err(
            DetailsError::new("/amount_cents", "non può essere zero", "must not be zero").into(),
        );
    }
    let terms = terms(ctx, creditor, &account.service_code, today(now))?;
    let floor = Cents::new(terms.credit_floor_cents)?;
    let balance = store::canteen::balance(tx, creditor, id)?;
    let balance = taken(balance, amount.negated(), floor)?;
    let movement = CreditMovement {
        id: ctx.ids.next(),
        account_id: id,
        cause: CreditCause::Correction,
        amount,
        day: today(now),
        at: now,
        pupil_tax_code: None,
        note: Some(note),
    };
    append(tx, creditor, movement, balance)
}

/// The balance after taking an amount of the credit there is, and the amount: nobody transfers or is paid
/// what is not there.
fn available(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    id: Uuid,
    amount: Option<Cents>,
) -> Result<(Cents, Cents), Error> {
    let balance = store::canteen::balance(tx, creditor, id)?;
    let amount = amount.unwrap_or(balance);
    if !amount.is_positive() {
        return Err(CreditError::BelowFloor {
            balance,
            amount,
            floor: Cents::ZERO,
        }
        .into());
    }
    Ok((taken(balance, amount, Cents::ZERO)?, amount))
}

fn append(
    tx: &mut Tx<'_>,
    creditor: &FiscalCode,
    movement: CreditMovement,
    balance: Cents,
) -> Result<Moved, Error> {
    if store::canteen::append_once(tx, creditor, &movement)?.already() {
        // Another process wrote it between the question and the write.
        return Err(store::Error::Changed {
            table: "canteen_movement",
            id: movement.id.to_string(),
        }
        .into());
    }
    let action = match movement.cause.kind() {
        CreditKind::Meal => AuditAction::Debited,
        CreditKind::TransferOut | CreditKind::TransferIn => AuditAction::Transferred,
        CreditKind::Refund => AuditAction::Refunded,
        CreditKind::TopUp | CreditKind::Correction => AuditAction::Corrected,
    };
    let what = (AuditedEntity::CanteenAccount, movement.account_id);
    let said = json!({
        "canteen_movement_id": movement.id,
        "kind": movement.cause.kind().as_str(),
        "amount_cents": movement.amount.get(),
        "legal_date": movement.day,
    });
    tx.note(AuditChange::new(creditor, action, what, said));
    Ok(Moved { movement, balance })
}
