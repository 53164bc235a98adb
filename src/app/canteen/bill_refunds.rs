//! Money paid back of a canteen bill that had been paid: it is deducted from the yearly certificate.

use serde_json::json;
use uuid::Uuid;

use super::{Error, Refund};
use crate::app::refunds;
use crate::ctx::Ctx;
use crate::domain::calendar::{Instant, today};
use crate::domain::canteen_account::CreditError;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::position::Position;
use crate::domain::school_expense::BillRefund;
use crate::domain::service::DetailsError;
use crate::domain::service::canteen::{CanteenDetails, parts_paid};
use crate::domain::trail::{AuditAction, AuditChange, AuditedEntity};
use crate::store::receipts::Filed;
use crate::store::{self, Tx};

/// Code of the kind that bills afterwards.
const BILLED: &str = "canteen";

/// Writes down what was paid back of a payment of a canteen bill: at most what was paid for the pupil and was
/// not paid back before. `None` pays all of that.
///
/// # Errors
/// [`Error::Unknown`], [`Error::Details`] for another charge or pupil, [`Error::Credit`], or the database's.
pub fn refund_bill(
    tx: &mut Tx<'_>,
    now: Instant,
    ctx: &Ctx,
    (creditor, payment): (&FiscalCode, Uuid),
    refund: Refund,
) -> Result<BillRefund, Error> {
    let filed = store::receipts::get(tx, creditor, payment)?.ok_or(Error::Unknown)?;
    // Under its position's lock no other refund of the bill is being written.
    let position = match filed.position_id {
        Some(id) => store::positions::lock(tx, creditor, id)?,
        None => None,
    };
    let (pupil_tax_code, part) = part(&filed, position.as_ref(), refund.pupil_tax_code.as_deref())?;
    let before = store::canteen::bill_refunds_of(tx, creditor, &filed.receipt.receipt_id)?;
    let of_pupil = before
        .iter()
        .filter(|earlier| earlier.pupil_tax_code == pupil_tax_code);
    let refunded = Cents::sum(of_pupil.map(|earlier| earlier.amount))?;
    let balance = part.minus(refunded)?;
    let amount = refund.amount.unwrap_or(balance);
    if !amount.is_positive() || amount > balance {
        let floor = Cents::ZERO;
        return Err(CreditError::BelowFloor {
            balance,
            amount,
            floor,
        }
        .into());
    }
    let receipt = &filed.receipt;
    let payer = receipt.payer.as_ref().unwrap_or(&receipt.debtor);
    let made = BillRefund {
        id: ctx.ids.next(),
        receipt_id: receipt.receipt_id.clone(),
        pupil_tax_code,
        payee: refund.payee.unwrap_or_else(|| payer.tax_code.clone()),
        amount,
        paid_on: refund.paid_on.unwrap_or_else(|| today(now)),
        note: refund.note,
    };
    store::canteen::insert_bill_refund(tx, creditor, &made, now)?;
    let service_code = filed.service_code.as_deref().unwrap_or_default();
    let paid = (made.id, made.amount, made.paid_on);
    refunds::paid_back(tx, ctx, (creditor, service_code), paid)?;
    let said = json!({
        "canteen_bill_refund_id": made.id,
        "amount_cents": made.amount.get(),
        "paid_date": made.paid_on,
    });
    let what = (AuditedEntity::Payment, payment);
    tx.note(AuditChange::new(
        creditor,
        AuditAction::Refunded,
        what,
        said,
    ));
    Ok(made)
}

/// The pupil that is meant, and what was paid for him or her.
fn part(
    filed: &Filed,
    position: Option<&Position>,
    wanted: Option<&str>,
) -> Result<(String, Cents), Error> {
    let paid = filed
        .owed()
        .map_err(|why| store::Error::corrupt("receipt", filed.id, why))?;
    let bill = position.and_then(|position| Some((position, position.details.get(BILLED)?)));
    let Some((position, details)) = bill.filter(|_| paid.is_positive()) else {
        return Err(DetailsError::new(
            "",
            "non è il pagamento di un conto della mensa, o è da restituire per intero",
            "is no payment of a canteen bill, or is owed back as a whole",
        )
        .into());
    };
    let details: CanteenDetails = serde_json::from_value(details.clone())
        .map_err(|why| store::Error::corrupt("position", position.id, why))?;
    let rows = position.rows.iter();
    let rows: Vec<(&str, Cents)> = rows.map(|row| (row.code.as_ref(), row.amount)).collect();
    let parts = parts_paid(&details, &rows, paid)?;
    let found = match (wanted, parts.as_slice()) {
        (Some(code), parts) => parts.iter().find(|(share, _)| share.pupil_tax_code == code),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let (share, part) = found.ok_or_else(|| {
        DetailsError::new(
            "/pupil_tax_code",
            "indicare un alunno di questo conto",
            "name a pupil of this bill",
        )
    })?;
    Ok((share.pupil_tax_code.to_owned(), *part))
}
