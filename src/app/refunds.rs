//! Money that goes back to who paid it, in the books.

use uuid::Uuid;

use crate::ctx::Ctx;
use crate::domain::calendar::{Day, Instant, today};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::ledger::About;
use crate::domain::lifecycle::Anomaly;
use crate::domain::money::Cents;
use crate::domain::notice_number::NoticeNumber;
use crate::domain::reconciliation::LineKind;
use crate::domain::reconciliation::decision::{Decision, DecisionReason, Subject};
use crate::domain::refund;
use crate::store::worklist::Overpaid;
use crate::store::{self, Conn, Tx};

/// Whether a payment is owed back. One of a notice that was put on new ones is not as long as something is
/// owed on the position: it paid a part of that, and the next plan takes it off.
fn is_owed(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (anomaly, position_id, number): (Option<Anomaly>, Option<Uuid>, &NoticeNumber),
) -> Result<bool, store::Error> {
    if !anomaly.is_some_and(Anomaly::owes_refund) {
        return Ok(false);
    }
    let Some(id) = position_id.filter(|_| anomaly == Some(Anomaly::PaidAfterWithdrawal)) else {
        return Ok(true);
    };
    let Some(position) = store::positions::get(conn, creditor, id)? else {
        return Ok(true);
    };
    let notices = position.notices.iter();
    let was_replaced = notices
        .clone()
        .any(|notice| notice.replaces.contains(number));
    let numbers = notices.map(|notice| &notice.number);
    let receivable = store::ledger::receivable(conn, creditor, (id, numbers))?;
    Ok(!was_replaced || receivable.balance < Cents::ZERO)
}

/// One page of payments that are owed back, in the order they came, after the given id.
///
/// # Errors
/// The database's.
pub(super) fn owed(
    conn: &mut Conn,
    creditor: &FiscalCode,
    (mut after, limit): (Option<Uuid>, i64),
) -> Result<Vec<Overpaid>, store::Error> {
    let wanted = usize::try_from(limit).unwrap_or(0);
    let mut owed = Vec::new();
    while owed.len() < wanted {
        let page = store::worklist::overpaid(conn, creditor, (after, limit))?;
        let Some(last) = page.last() else {
            break;
        };
        after = Some(last.id);
        for one in page {
            let of = (Some(one.anomaly), one.position_id, &one.notice_number);
            if is_owed(conn, creditor, of)? {
                owed.push(one);
            }
        }
    }
    owed.truncate(wanted);
    Ok(owed)
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
    let Subject::Force { line, .. } = &decision.subject else {
        return Ok(());
    };
    let (LineKind::Receipt, Some((receipt_id, index))) = (line.kind, line.key.rsplit_once('/'))
    else {
        return Ok(());
    };
    let filed = store::receipts::lists::with_ids(tx, creditor, &[receipt_id])?;
    // What a top-up paid twice is kept as credit.
    let kept = store::canteen::of_receipt(tx, creditor, receipt_id)?;
    let Some(filed) = filed.iter().find(|_| !kept) else {
        return Ok(());
    };
    let number = &filed.receipt.notice_number;
    let of = (filed.anomaly, filed.position_id, number);
    let given_back = decision.reason == DecisionReason::Refunded
        && filed.anomaly.is_some_and(Anomaly::owes_refund);
    if !given_back && !is_owed(tx, creditor, of)? {
        return Ok(());
    }
    let own = filed.receipt.transfers.iter();
    let own = own.filter(|transfer| transfer.is_own_of(creditor));
    let Some(part) = own.into_iter().find(|part| part.index.to_string() == index) else {
        return Ok(());
    };
    let about = About {
        notice: Some(number),
        service_code: filed.service_code.as_deref(),
        beneficiary: creditor,
    };
    let place = (decision.id.to_string(), today(now));
    let entry = refund::closed(decision.reason, place, (part.amount, about));
    store::ledger::post(tx, creditor, [(ctx.ids.next(), entry)])
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
