//! Money that goes back to who paid it, in the books.

use uuid::Uuid;

use crate::ctx::Ctx;
use crate::domain::calendar::{Day, Instant, today};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::About;
use crate::domain::lifecycle::Anomaly;
use crate::domain::money::Cents;
use crate::domain::reconciliation::LineKind;
use crate::domain::reconciliation::decision::{Decision, Subject};
use crate::domain::refund;
use crate::store::worklist::Overpaid;
use crate::store::{self, Conn, Tx};

/// One page of payments of which something is owed back, in the order they came, after the given id.
///
/// # Errors
/// The database's.
pub(super) fn owed(
    conn: &mut Conn,
    creditor: &FiscalCode,
    slice: (Option<Uuid>, i64),
) -> Result<Vec<Overpaid>, store::Error> {
    store::worklist::overpaid(conn, creditor, slice)
}

/// Books what a decision in force says of a payment of what was not owed; of other lines it says nothing.
///
/// # Errors
/// The database's.
pub(super) fn close(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    decision: &Decision,
) -> Result<(), store::Error> {
    let Some((receipt_id, index)) = part_of(decision) else {
        return Ok(());
    };
    let filed = store::receipts::lists::with_ids(tx, creditor, &[receipt_id])?;
    let Some(filed) = filed.first() else {
        return Ok(());
    };
    let parts = filed.receipt.transfers.iter();
    let mut own = parts.filter(|part| part.is_own_of(creditor));
    let Some(part) = own.find(|part| part.index == index) else {
        return Ok(());
    };
    let mut back = filed.owed_back_of(part.index.into());
    // What would have paid a part of the debt is given back too, when an officer says so; what a top-up paid
    // twice is kept as credit.
    let given_back = refund::gives_back(decision.reason);
    let given_back = given_back && filed.anomaly.is_some_and(Anomaly::owes_refund);
    if !back.is_positive() && given_back && !store::canteen::of_receipt(tx, creditor, receipt_id)? {
        back = part.amount;
    }
    if !back.is_positive() {
        return Ok(());
    }
    let about = About {
        notice: Some(&filed.receipt.notice_number),
        service_code: filed.service_code.as_deref(),
        beneficiary: creditor,
    };
    if !refund::gives_back(decision.reason) {
        store::receipts::kept::keep(tx, creditor, (receipt_id, index))?;
    }
    let place = (decision.id.to_string(), today(now));
    let entry = refund::closed(decision.reason, place, (back, about));
    store::ledger::post(tx, creditor, [(ctx.ids.next(), entry)])
}

/// The part of a receipt that a decision closes, by receipt and place.
fn part_of(decision: &Decision) -> Option<(&str, u8)> {
    let Subject::Force { line, .. } = &decision.subject else {
        return None;
    };
    if line.kind != LineKind::Receipt {
        return None;
    }
    let (receipt_id, index) = line.key.rsplit_once('/')?;
    Some((receipt_id, index.parse().ok()?))
}

/// Takes back what [`close`] booked, because the decision is reopened.
///
/// # Errors
/// The database's.
pub(super) fn reopen(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    creditor: &FiscalCode,
    decision: &Decision,
) -> Result<(), store::Error> {
    if let Some(place) = part_of(decision).filter(|_| !refund::gives_back(decision.reason)) {
        store::receipts::kept::owe(tx, creditor, place)?;
    }
    let booked = store::ledger::of_reference(tx, creditor, &decision.id.to_string())?;
    let back = booked
        .iter()
        .map(|entry| refund::reopened(entry, today(now)));
    let back: Vec<_> = back.map(|entry| (ctx.ids.next(), entry)).collect();
    store::ledger::post(tx, creditor, back)
}

/// Books money of a service that is paid back though it was owed when it was paid.
///
/// # Errors
/// The database's.
pub(super) fn paid_back(
    tx: &mut Tx<'_>,
    ctx: &Ctx,
    (creditor, service_code): (&FiscalCode, &str),
    (id, amount, day): (Uuid, Cents, Day),
) -> Result<(), store::Error> {
    let about = About {
        notice: None,
        service_code: Some(service_code),
        beneficiary: creditor,
    };
    let entry = refund::paid_back((id.to_string(), day), (amount, about));
    store::ledger::post(tx, creditor, [(ctx.ids.next(), entry)])
}
