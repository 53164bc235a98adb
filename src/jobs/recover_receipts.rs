//! Asks the platform for receipts that a flow names and nobody sent (`BizEvents`), ten times an hour at most.
//!
//! Each call is written down before it is made: a run that is broken off goes on where it was and never asks
//! more often than allowed. Every creditor has a job of its own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use serde_json::json;

use super::platform::{self, Call};
use super::{Failed, Kind, Ran};
use crate::app::payments::{self, Outcome};
use crate::app::receipt_searches::{self, Missing, Next};
use crate::ctx::Ctx;
use crate::domain::calendar::{self, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::notice_number::{Iuv, NoticeNumber};
use crate::domain::position::DebtorKind;
use crate::domain::receipt::{Party, Psp, Receipt, ReceiptTransfer};
use crate::node::client::{PlatformClient, Service};
use crate::store;
use crate::wire::biz_events::{self as wire, receipt_path};
use crate::wire::time::Timestamp;

/// How long after a run that left nothing the next one begins.
const EVERY: TimeDelta = TimeDelta::hours(1);

/// The job: one for each creditor, repeating for ever.
pub const KIND: Kind = Kind {
    code: "recover_receipts",
    run: |ctx, job| {
        Box::pin(async move {
            let Some(source) = ctx.config.receipts.as_ref() else {
                return Ok(Ran::Done(json!({ "configured": false })));
            };
            let client = platform::client(Service {
                url: &source.url,
                key: source.key(),
            })?;
            let found = run(&ctx, &job.creditor, &client).await?;
            if found.asked > 0 {
                tracing::info!(creditor = %job.creditor, ?found, "receipts were asked for");
            }
            let hour = || Ran::again_after(&ctx, EVERY);
            Ok(found.next.map_or_else(hour, Ran::Again))
        })
    },
};

/// What a run has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Calls.
    pub asked: usize,
    /// Receipts filed.
    pub filed: usize,
    /// Receipts that the platform does not know, or gave in another form.
    pub without: usize,
    /// When the platform allows the next call, if one is due.
    pub next: Option<Instant>,
}

/// Asks for what is missing, as long as it is allowed.
///
/// # Errors
/// [`Failed::ForNow`] when the platform cannot be reached; what was recovered until then is filed.
pub async fn run(
    ctx: &Ctx,
    creditor: &FiscalCode,
    client: &PlatformClient,
) -> Result<Recovered, Failed> {
    let mut found = Recovered::default();
    loop {
        let (owner, now) = (creditor.clone(), ctx.now());
        let next = ctx
            .report::<_, store::Error>(move |conn| receipt_searches::next(conn, &owner, now))
            .await?;
        let missing = match next {
            Next::Nothing => return Ok(found),
            Next::Wait(free) => {
                found.next = Some(free);
                return Ok(found);
            }
            Next::Ask(missing) => missing,
        };
        let (owner, asked) = (creditor.clone(), missing.clone());
        ctx.write::<_, store::Error>(move |tx, now| {
            receipt_searches::asking(tx, now, &owner, &asked)
        })
        .await?;
        found.asked = found.asked.saturating_add(1);
        if ask(ctx, creditor, client, &missing).await? {
            found.filed = found.filed.saturating_add(1);
        } else {
            found.without = found.without.saturating_add(1);
        }
    }
}

/// One call; whether its receipt is filed.
async fn ask(
    ctx: &Ctx,
    creditor: &FiscalCode,
    client: &PlatformClient,
    missing: &Missing,
) -> Result<bool, Failed> {
    let path = receipt_path(creditor.as_str(), &missing.receipt_id, &missing.iuv);
    let asked_at = ctx.now();
    let answer = client.get(&path).await;
    let call = Call {
        creditor: creditor.clone(),
        operation: "getReceipt",
        asked_at,
        notice_number: None,
        iuv: missing.iuv.clone(),
        receipt_id: Some(missing.receipt_id.clone()),
        request: Vec::new(),
    };
    platform::note(ctx, call, &answer);
    let body = match answer {
        Ok(body) => body,
        Err(error) if error.is_outage() => return Err(Failed::ForNow(error.to_string())),
        Err(_unknown) => return Ok(false),
    };
    let Some(receipt) = read(creditor, &body).filter(|it| it.receipt_id == missing.receipt_id)
    else {
        tracing::warn!(%creditor, receipt = missing.receipt_id, "an answer of the platform is not the receipt that was asked for");
        return Ok(false);
    };
    let inner = ctx.clone();
    let filed = ctx
        .write(move |tx, now| payments::receive(tx, now, &inner, &receipt, &body))
        .await;
    match filed {
        Ok(Outcome::Filed | Outcome::AlreadyFiled) => Ok(true),
        Ok(Outcome::Conflicting) | Err(payments::Error::Receipt(_)) => Ok(false),
        Err(error) => Err(Failed::ForNow(error.to_string())),
    }
}

/// The receipt of an answer; `None` when it is none.
fn read(creditor: &FiscalCode, body: &[u8]) -> Option<Receipt> {
    let told = wire::receipt(body)
        .ok()
        .filter(|told| told.outcome == "OK")?;
    let party = |party: &wire::Party| {
        Some(Party {
            kind: match party.entity_unique_identifier_type.as_str() {
                "G" => DebtorKind::Body,
                _ => DebtorKind::Person,
            },
            tax_code: FiscalCode::as_stated(&party.entity_unique_identifier_value).ok()?,
            full_name: party.full_name.clone(),
        })
    };
    let transfers = told.transfers.iter().map(|transfer| {
        let stamp = transfer.stamp.as_ref().filter(|_| transfer.iban.is_none());
        Some(ReceiptTransfer {
            index: transfer.id,
            amount: Cents::new(transfer.cents).ok()?,
            beneficiary: FiscalCode::as_stated(&transfer.beneficiary).ok()?,
            iban: transfer.iban.clone(),
            stamp: stamp.and_then(|stamp| STANDARD.decode(stamp).ok()),
            taxonomy: transfer.category.clone(),
        })
    });
    Some(Receipt {
        receiver: creditor.clone(),
        receipt_id: told.receipt_id,
        notice_number: NoticeNumber::parse(&told.notice_number).ok()?,
        primary: FiscalCode::as_stated(&told.fiscal_code).ok()?,
        iuv: Iuv::parse(&told.iuv)?,
        amount: Cents::new(told.cents).ok()?,
        description: told.description,
        debtor: party(&told.debtor)?,
        payer: told.payer.as_ref().and_then(party),
        transfers: transfers.collect::<Option<_>>()?,
        psp: Psp {
            id: told.psp_id,
            name: told.psp_name,
            channel: told.channel,
        },
        method: told.method,
        fee: told.fee_cents.and_then(|fee| Cents::new(fee).ok()),
        paid_at: told.paid_at.as_ref().map(|stated| match stated {
            Timestamp::Offset(at) => at.to_utc(),
            Timestamp::Local(at) => calendar::in_rome(*at),
        }),
        application_on: told.application_on,
        transfer_on: told.transfer_on,
        stand_in: false,
    })
}
