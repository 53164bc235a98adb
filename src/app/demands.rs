//! Payments that begin at a payment provider: the notice is made when a citizen asks for it, once.
//!
//! The node repeats a question that was not answered in time, and a citizen may look away and ask again. The
//! same question on the same day is therefore answered with the notice that it made, while that can be paid;
//! who has paid and asks once more gets another. What tells questions apart is the reference of their
//! position, unique for the creditor, so that two askers at once find one notice.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::app::payments::{self, Payable};
use crate::app::positions::{self, Create};
use crate::ctx::Ctx;
use crate::domain::calendar::Day;
use crate::domain::creditor::ServiceRow;
use crate::domain::demand::Demand;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::position::{NotPayable, Position, Publication};
use crate::domain::service;
use crate::domain::text::Text;
use crate::store::{self, Conn};

/// Times that one question may be paid on one day.
const A_DAY_MAX: u32 = 50;

/// What can end a demand.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No service of the creditor is offered under this code today.
    #[error("no service is offered under this code")]
    NotOffered,
    /// The position cannot be made.
    #[error(transparent)]
    Position(#[from] positions::Error),
    /// The notice cannot be paid.
    #[error(transparent)]
    Payment(#[from] payments::Error),
    /// The database's.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The service that providers offer under a code today.
///
/// # Errors
/// [`Error::NotOffered`].
pub fn offered(ctx: &Ctx, creditor: &FiscalCode, code: &str) -> Result<Arc<ServiceRow>, Error> {
    let services = ctx.registry.services(creditor, ctx.today());
    let mut offered = services.into_iter().filter(|row| {
        row.demand_code
            .as_ref()
            .is_some_and(|own| own.as_str() == code)
    });
    offered.next().ok_or(Error::NotOffered)
}

/// The notice of a demand: the one that it made before, or a new one.
///
/// # Errors
/// [`Error`]; nothing is stored then.
pub async fn demand(
    ctx: &Ctx,
    creditor: &FiscalCode,
    row: &ServiceRow,
    demand: &Demand,
) -> Result<Payable, Error> {
    let kind = service::kind(&row.kind).ok_or(Error::NotOffered)?;
    let details = kind.demanded(demand).ok_or(Error::NotOffered)?;
    let today = ctx.today();
    let question = digest(row, demand);
    for nth in 1..=A_DAY_MAX {
        let reference = format!("pagopa-{today}-{question}-{nth}");
        if let Some(made) = made_before(ctx, creditor, &reference).await? {
            match payable(ctx, creditor, &made, today).await {
                Err(payments::Error::NotPayable(_)) => continue,
                known => return Ok(known?),
            }
        }
        let command = Create {
            service_code: row.code.to_string(),
            reference: Text::parse(&reference).ok(),
            debtor: demand.debtor.clone(),
            joint_debtors: Vec::new(),
            description: None,
            kind: row.kind.clone(),
            details: details.clone(),
            numbers: Vec::new(),
            issued_on: None,
            publication: Publication::Now,
        };
        let made = positions::create(ctx, creditor, command, |_, _, made| Ok(made.clone())).await;
        let made = match made {
            // The same question, asked at the same moment, has made it.
            Err(positions::Error::ReferenceTaken) => made_before(ctx, creditor, &reference)
                .await?
                .ok_or(positions::Error::ReferenceTaken)?,
            made => made?,
        };
        return Ok(payable(ctx, creditor, &made, today).await?);
    }
    Err(payments::Error::NotPayable(NotPayable::AlreadyPaid).into())
}

/// The same for equal questions, whatever the document looked like.
fn digest(row: &ServiceRow, demand: &Demand) -> String {
    let debtor = &demand.debtor;
    let said = (
        row.code.as_str(),
        debtor.tax_code.as_str(),
        debtor.full_name.as_str(),
        demand.amount_cents(),
        &demand.answers,
    );
    let text = serde_json::json!(said).to_string();
    let hash = Sha256::digest(text);
    hash.iter()
        .take(12)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

async fn made_before(
    ctx: &Ctx,
    creditor: &FiscalCode,
    reference: &str,
) -> Result<Option<Position>, store::Error> {
    let filter = store::positions::Filter {
        reference: Some(reference.to_owned()),
        ..store::positions::Filter::default()
    };
    let of = creditor.clone();
    let find = move |conn: &mut Conn| store::positions::page(conn, &of, &filter, None, 1);
    Ok(ctx.read(find).await?.pop())
}

/// What is due for the one notice of a position made on demand.
async fn payable(
    ctx: &Ctx,
    creditor: &FiscalCode,
    made: &Position,
    today: Day,
) -> Result<Payable, payments::Error> {
    let notice = made.notices.first().ok_or(payments::Error::UnknownNotice)?;
    let (of, number, own) = (creditor.clone(), notice.number.clone(), ctx.clone());
    ctx.read(move |conn| payments::verify(conn, &own, &of, &number, today))
        .await
}
