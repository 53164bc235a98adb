//! Tells the platform's archive of notices (ACA) what has changed, creditor by creditor.
//!
//! What is due waits in a table, so a run may be broken off anywhere. A position that the archive refuses is
//! told again later and holds nobody up; an archive that cannot be reached ends the run, and the job comes back
//! with growing, scattered waits.

use chrono::TimeDelta;
use serde_json::json;

use super::platform::{self, Call};
use super::{Failed, Kind, Ran};
use crate::app::archive::{self, Due};
use crate::app::payments;
use crate::ctx::Ctx;
use crate::domain::calendar::{Day, Instant};
use crate::domain::creditor::Creditor;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::lifecycle::State;
use crate::domain::position::{DebtorKind, Notice, Position};
use crate::node::client::{PlatformClient, Service};
use crate::store;
use crate::wire::aca::{self, ArchivedNotice};

/// How long after a run the next one begins.
const EVERY: TimeDelta = TimeDelta::seconds(30);
/// Positions of one batch, and batches of one run.
const BATCH: i64 = 50;
const BATCHES_MAX: usize = 20;
/// Longest wait after a refusal.
const WAIT_MINUTES_MAX: i64 = 24 * 60;

/// The job: one for each creditor, repeating for ever.
pub const KIND: Kind = Kind {
    code: "feed_archive",
    run: |ctx, job| {
        Box::pin(async move {
            let Some(source) = ctx.config.archive.as_ref() else {
                return Ok(Ran::Done(json!({ "configured": false })));
            };
            // A client loads the certificates of the system: not every half minute for every quiet town.
            if due(&ctx, &job.creditor, 1).await?.is_empty() {
                return Ok(Ran::again_after(&ctx, EVERY));
            }
            let client = platform::client(Service {
                url: &source.url,
                key: source.key(),
            })?;
            let fed = run(&ctx, &job.creditor, &client).await?;
            if fed != Fed::default() {
                tracing::info!(creditor = %job.creditor, ?fed, "the archive of notices was told");
            }
            Ok(Ran::again_after(&ctx, EVERY))
        })
    },
};

/// What a run has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fed {
    /// Positions that the archive knows now.
    pub told: usize,
    /// Positions that it refused.
    pub refused: usize,
}

/// Tells what is due.
///
/// # Errors
/// [`Failed::ForNow`] when the archive cannot be reached; what was told until then is written down.
pub async fn run(ctx: &Ctx, creditor: &FiscalCode, client: &PlatformClient) -> Result<Fed, Failed> {
    let mut fed = Fed::default();
    let Some(body) = ctx.registry.creditor(creditor) else {
        return Ok(fed);
    };
    for _ in 0..BATCHES_MAX {
        let due = due(ctx, creditor, BATCH).await?;
        let last = due.len() < usize::try_from(BATCH).unwrap_or(usize::MAX);
        for (due, position) in due {
            if tell(ctx, (&body, client), due, position).await? {
                fed.told = fed.told.saturating_add(1);
            } else {
                fed.refused = fed.refused.saturating_add(1);
            }
        }
        if last {
            break;
        }
    }
    Ok(fed)
}

async fn due(
    ctx: &Ctx,
    creditor: &FiscalCode,
    most: i64,
) -> Result<Vec<(Due, Position)>, store::Error> {
    let (owner, now) = (creditor.clone(), ctx.now());
    ctx.report(move |conn| archive::due(conn, &owner, now, most))
        .await
}

/// Tells the notices of a position; whether the archive took them.
async fn tell(
    ctx: &Ctx,
    (body, client): (&Creditor, &PlatformClient),
    due: Due,
    position: Position,
) -> Result<bool, Failed> {
    let day = ctx.today();
    let mut taken = true;
    for notice in position
        .notices
        .iter()
        .filter(|notice| notice.state != State::Draft)
    {
        let archived = archived(ctx, body, &position, (notice, day));
        let request = archived.to_json();
        let asked_at = ctx.now();
        let answer = client.post(aca::PATH, request.clone()).await;
        let call = Call {
            creditor: position.creditor.clone(),
            operation: "paCreatePosition",
            asked_at,
            notice_number: Some(notice.number.to_string()),
            iuv: notice.iuv().to_string(),
            receipt_id: None,
            request,
        };
        platform::note(ctx, call, &answer);
        match answer {
            Ok(_) => {}
            Err(error) if error.is_outage() => return Err(Failed::ForNow(error.to_string())),
            // What the archive has closed, or never had, is closed.
            Err(_) if archived.cents == 0 => {}
            Err(error) => {
                tracing::warn!(creditor = %position.creditor, position = %position.id, %error, "the archive of notices refuses a position");
                taken = false;
            }
        }
    }
    let again_at = again_at(ctx.now(), due);
    ctx.write::<_, store::Error>(move |tx, _| match taken {
        true => archive::told(tx, &position.creditor, (due, &position), day),
        false => archive::refused(tx, &position.creditor, due, again_at),
    })
    .await?;
    Ok(taken)
}

/// Twice as long each time, and up to a quarter more by the position's id.
fn again_at(now: Instant, due: Due) -> Instant {
    let doublings = u32::try_from(due.attempts).unwrap_or(0);
    let minutes = 1i64.checked_shl(doublings).unwrap_or(WAIT_MINUTES_MAX);
    let minutes = minutes.clamp(1, WAIT_MINUTES_MAX);
    let spread = i64::from(due.position_id.as_bytes().last().copied().unwrap_or(0));
    let seconds = minutes.saturating_mul(60);
    let more = seconds
        .saturating_mul(spread)
        .checked_div(1024)
        .unwrap_or(0);
    now.checked_add_signed(TimeDelta::seconds(seconds.saturating_add(more)))
        .unwrap_or(now)
}

fn archived(
    ctx: &Ctx,
    body: &Creditor,
    position: &Position,
    (notice, day): (&Notice, Day),
) -> ArchivedNotice {
    let own = notice
        .transfers
        .iter()
        .find_map(|transfer| transfer.to.iban());
    let postal = body
        .postal_account(day)
        .or_else(|| own.filter(|iban| iban.is_postal()));
    ArchivedNotice {
        creditor: position.creditor.to_string(),
        debtor_type: match position.debtor.kind {
            DebtorKind::Person => "F",
            DebtorKind::Body => "G",
        },
        debtor_code: position.debtor.tax_code.to_string(),
        debtor_name: position.debtor.full_name.to_string(),
        iuv: notice.iuv().to_string(),
        notice_number: notice.number.to_string(),
        cents: archive::amount(position, notice, day).get(),
        description: notice.description.to_string(),
        expires_on: payments::due_on(ctx, position, notice, day),
        iban: own
            .filter(|iban| !iban.is_postal())
            .map(ToString::to_string),
        postal_iban: postal.map(ToString::to_string),
        // In our place the node credits the creditor alone: what others share in would be theirs.
        pay_stand_in: notice.transfers.len() == 1,
    }
}
