//! Payments: what the node asks before one, and the receipt after it.

use uuid::Uuid;

use crate::app::reconciliation::hold_for_receipt;
use crate::app::{archive, canteen, notices, reconciliation};
use crate::ctx::Ctx;
use crate::domain::calendar::{self, Day, Instant};
use crate::domain::creditor::TECHNICAL_DUE_MONTHS;
use crate::domain::document::{DocumentParty, ReceiptDocument, ReceiptTransfer};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::notice_number::NoticeNumber;
use crate::domain::position::{NotPayable, Notice, Position, Summary};
use crate::domain::receipt::{self, Party, Receipt, ReceiptError, Seen};
use crate::domain::reconciliation::price::price_remarks;
use crate::render::pdf::RenderError;
use crate::render::receipt_pdf::receipt_pdf;
use crate::store::crash::{self, Point};
use crate::store::notices::Advance;
pub use crate::store::receipts::{Filed, Filter};
use crate::store::{self, Conn, Tx, db::Retry};

/// What can end a use case about payments.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No notice of this creditor has this number: verify and quote only, receipts are kept.
    #[error("no notice has this number")]
    UnknownNotice,
    /// No receipt has this id.
    #[error("no payment has this id")]
    UnknownPayment,
    /// It cannot be paid today.
    #[error(transparent)]
    NotPayable(#[from] NotPayable),
    /// A digital stamp was asked for with a message that cannot carry one.
    #[error("the notice buys a digital revenue stamp, which takes paGetPaymentV2")]
    StampInV1,
    /// The receipt contradicts itself.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The receipt cannot be printed.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The database's.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Retry for Error {
    fn retryable(&self) -> bool {
        match self {
            Error::Store(error) => error.retryable(),
            Error::UnknownNotice
            | Error::UnknownPayment
            | Error::NotPayable(_)
            | Error::StampInV1
            | Error::Receipt(_)
            | Error::Render(_) => false,
        }
    }
}

/// What is due for a notice on the day the node asks.
#[derive(Debug, Clone)]
pub struct Payable {
    /// The whole position.
    pub position: Position,
    /// The notice asked about.
    pub notice: Notice,
    /// Sum over the transfers.
    pub total: Cents,
    /// One amount per transfer; zero ones are left out of the answer.
    pub amounts: Vec<Cents>,
    /// Why this amount.
    pub reason: String,
    /// Last day to pay in time, or a technical one: some messages cannot do without.
    pub due_on: Day,
}

/// May this notice be paid today, and how much is due? The day decides, not a timer.
///
/// # Errors
/// [`Error::UnknownNotice`], [`Error::NotPayable`], or the database's.
pub fn verify(
    conn: &mut Conn,
    ctx: &Ctx,
    creditor: &FiscalCode,
    number: &NoticeNumber,
    today: Day,
) -> Result<Payable, Error> {
    let position =
        store::positions::find_by_number(conn, creditor, number)?.ok_or(Error::UnknownNotice)?;
    let notice = position
        .notice(number)
        .cloned()
        .ok_or(Error::UnknownNotice)?;
    let due = position.payable_on(&notice, today)?;
    let due_on = due_on(ctx, &position, &notice, today);
    let (total, amounts, reason) = (due.total, due.step.amounts.clone(), due.step.reason.clone());
    Ok(Payable {
        position,
        notice,
        total,
        amounts,
        reason,
        due_on,
    })
}

/// Last day to pay a notice in time, or a technical one: some messages cannot do without.
#[must_use]
pub fn due_on(ctx: &Ctx, position: &Position, notice: &Notice, today: Day) -> Day {
    notice.due_on.unwrap_or_else(|| {
        let (creditor, code) = (&position.creditor, &position.service_code);
        let service = ctx.registry.service(creditor, code, position.issued_on);
        let months = service.map_or(TECHNICAL_DUE_MONTHS, |row| row.technical_due_months());
        position.technical_due_on(today, months)
    })
}

/// The position behind a notice, for who shows every way of paying it.
///
/// # Errors
/// [`Error::UnknownNotice`], which a draft is as well; [`Error::NotPayable`] when nothing is left to pay in
/// any way, or the database's.
pub fn with_options(
    conn: &mut Conn,
    creditor: &FiscalCode,
    number: &NoticeNumber,
    today: Day,
) -> Result<Position, Error> {
    let position =
        store::positions::find_by_number(conn, creditor, number)?.ok_or(Error::UnknownNotice)?;
    match position.summary(today) {
        Summary::Draft => Err(NotPayable::NotPublished.into()),
        Summary::Paid => Err(NotPayable::AlreadyPaid.into()),
        Summary::Expired => Err(NotPayable::Expired.into()),
        Summary::Suspended => Err(NotPayable::Suspended.into()),
        Summary::Cancelled => Err(NotPayable::Withdrawn.into()),
        Summary::Open | Summary::PartiallyPaid => Ok(position),
    }
}

/// As [`verify`], and remembers what was answered: after this the amount is frozen for the payment, and
/// its receipt will carry it whatever happens to the debt meanwhile. It locks nothing: the node does.
///
/// # Errors
/// As [`verify`].
pub fn quote(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    number: &NoticeNumber,
) -> Result<Payable, Error> {
    let payable = verify(tx, ctx, creditor, number, calendar::today(now))?;
    let told = (payable.total, payable.reason.as_str());
    store::notices::insert_quote(tx, creditor, (ctx.ids.next(), number), told, now)?;
    Ok(payable)
}

/// As [`quote`], for a caller whose message cannot carry a digital stamp: what cannot be said is not told,
/// so the quote is not kept.
///
/// # Errors
/// As [`verify`], and [`Error::StampInV1`].
pub fn quote_in_v1(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    number: &NoticeNumber,
) -> Result<Payable, Error> {
    let payable = quote(tx, now, ctx, creditor, number)?;
    if payable.notice.has_stamps() {
        return Err(Error::StampInV1);
    }
    Ok(payable)
}

/// What became of a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is new and filed.
    Filed,
    /// The same receipt was filed before: nothing changes.
    AlreadyFiled,
    /// A receipt with this id was filed before and says something else; the message is kept.
    Conflicting,
}

/// Files a receipt. Facts are never refused: an unknown, withdrawn or already paid notice makes an
/// anomaly, not an error.
///
/// # Errors
/// [`Error::Receipt`] for a receipt that contradicts itself, or the database's.
pub fn receive(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    new: &Receipt,
    message: &[u8],
) -> Result<Outcome, Error> {
    let creditor = &new.receiver;
    new.check()?;
    let matching = hold_for_receipt(tx, creditor, new.iuv.as_str())?;
    // Under its position's lock no other receipt of the notice is being filed.
    let position = match new.primary == *creditor {
        true => store::positions::lock_by_number(tx, creditor, &new.notice_number)?,
        false => None,
    };
    let number = &new.notice_number;
    let on_file = store::receipts::on_file(tx, creditor, &new.receipt_id, number)?;
    if let Some(filed) = on_file.same {
        if filed.receipt == *new {
            return Ok(Outcome::AlreadyFiled);
        }
        let key = (creditor, new.receipt_id.as_str());
        store::receipts::insert_message(tx, key, (ctx.ids.next(), message), now, true)?;
        return Ok(Outcome::Conflicting);
    }
    let seen = Seen {
        earlier_receipt: on_file.another,
        reported: store::settlement::reported(tx, creditor, new.iuv.as_str(), &new.receipt_id)?,
    };
    let today = calendar::today(now);
    let change = receipt::receive(position.as_ref(), new, &seen, today)?;
    let filed = Filed {
        id: ctx.ids.next(),
        receipt: new.clone(),
        position_id: position.as_ref().map(|position| position.id),
        service_code: position
            .as_ref()
            .map(|position| position.service_code.clone()),
        paid_on: new.paid_on(today),
        anomaly: change.anomaly,
        owed_back: match &position {
            // It is more credit.
            Some(position) if canteen::is_top_up(position) => Vec::new(),
            Some(_) | None => change.owed_back.clone(),
        },
        kept: Cents::ZERO,
        received_at: now,
    };
    if store::receipts::insert_once(tx, &filed)?.already() {
        // Another process filed it between the question and the write.
        return Err(store::Error::Changed {
            table: "receipt",
            id: new.receipt_id.clone(),
        }
        .into());
    }
    let key = (creditor, new.receipt_id.as_str());
    store::receipts::insert_message(tx, key, (ctx.ids.next(), message), now, false)?;
    apply(tx, now, ctx, &filed, change)?;
    let notice = position
        .as_ref()
        .and_then(|position| position.notice(number));
    if let Some(notice) = notice {
        let remarks = price_remarks(notice, new, filed.paid_on);
        let names = (new.iuv.as_str(), new.receipt_id.as_str());
        store::reconciliation::remark(tx, creditor, names, &remarks)?;
    }
    if let Some(position) = &position {
        canteen::credit(tx, now, ctx, &filed, position)?;
        archive::changed(tx, now, ctx, creditor, position.id)?;
    }
    reconciliation::classify_receipt(tx, now, ctx, creditor, (new.iuv.as_str(), matching))?;
    crash::point(Point::ReceiptFiled);
    Ok(Outcome::Filed)
}

fn apply(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    filed: &Filed,
    change: receipt::Change,
) -> Result<(), Error> {
    let creditor = &filed.receipt.receiver;
    if let Some(step) = change.step {
        let paid_on = (step.from() != step.to()).then_some(filed.paid_on);
        let number = filed.receipt.notice_number.clone();
        let advance = Advance {
            id: ctx.ids.next(),
            number,
            step,
            paid_on,
        };
        store::notices::advance(tx, creditor, &[advance], now, "node")?;
    }
    let entries = change
        .entries
        .into_iter()
        .map(|entry| (ctx.ids.next(), entry));
    store::ledger::post(tx, creditor, entries.collect::<Vec<_>>())?;
    Ok(())
}

/// The payment with this id.
///
/// # Errors
/// [`Error::UnknownPayment`], or the database's.
pub fn get(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Filed, Error> {
    store::receipts::get(conn, creditor, id)?.ok_or(Error::UnknownPayment)
}

/// One page of payments, oldest first.
///
/// # Errors
/// The database's.
pub fn page(
    conn: &mut Conn,
    creditor: &FiscalCode,
    filter: &Filter,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Filed>, Error> {
    Ok(store::receipts::page(conn, creditor, filter, after, limit)?)
}

/// The receipt's message, byte for byte as the node sent it.
///
/// # Errors
/// [`Error::UnknownPayment`], or the database's.
pub fn message(conn: &mut Conn, creditor: &FiscalCode, id: Uuid) -> Result<Vec<u8>, Error> {
    let filed = get(conn, creditor, id)?;
    let message = store::receipts::message(conn, creditor, &filed.receipt.receipt_id)?;
    message.ok_or(Error::UnknownPayment)
}

/// Everything that is printed on a citizen's receipt.
///
/// # Errors
/// [`Error::UnknownPayment`], or the database's.
pub fn document(
    conn: &mut Conn,
    ctx: &Ctx,
    creditor: &FiscalCode,
    id: Uuid,
) -> Result<ReceiptDocument, Error> {
    let filed = get(conn, creditor, id)?;
    let body = ctx
        .registry
        .creditor(creditor)
        .ok_or(Error::UnknownPayment)?;
    let receipt = filed.receipt;
    let transfers = receipt.transfers.iter().map(|transfer| ReceiptTransfer {
        beneficiary_name: if transfer.stamp.is_some() {
            "Marca da bollo digitale".to_owned()
        } else if transfer.beneficiary == body.tax_code {
            body.legal_name.to_string()
        } else {
            transfer.beneficiary.to_string()
        },
        beneficiary_tax_code: transfer.beneficiary.to_string(),
        amount: transfer.amount,
    });
    Ok(ReceiptDocument {
        creditor: notices::creditor_of(&body),
        transfers: transfers.collect(),
        debtor: party_of(&receipt.debtor),
        payer: receipt.payer.as_ref().map(party_of),
        subject: receipt.description,
        notice_number: receipt.notice_number,
        iuv: receipt.iuv,
        receipt_id: receipt.receipt_id,
        psp_name: receipt.psp.name,
        paid_at: receipt
            .paid_at
            .unwrap_or_else(|| calendar::start_of(filed.paid_on)),
        amount: receipt.amount,
        fee: receipt.fee,
    })
}

/// The citizen's receipt as a page.
///
/// # Errors
/// [`Error`].
pub fn pdf(conn: &mut Conn, ctx: &Ctx, creditor: &FiscalCode, id: Uuid) -> Result<Vec<u8>, Error> {
    Ok(receipt_pdf(&document(conn, ctx, creditor, id)?)?)
}

fn party_of(party: &Party) -> DocumentParty {
    DocumentParty {
        full_name: party.full_name.clone(),
        tax_code: party.tax_code.to_string(),
        address: Vec::new(),
    }
}
