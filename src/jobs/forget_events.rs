//! Forgets the journal of events, and before it the messages, when they are kept no longer.

use chrono::TimeDelta;

use super::{Failed, Kind, Ran};
use crate::app::node_events;
use crate::ctx::Ctx;
use crate::domain::fiscal_code::FiscalCode;
use crate::store;

/// How long after a run the next one begins.
const EVERY: TimeDelta = TimeDelta::hours(6);
/// Batches of one run; what is left then is for a run that begins at once, behind the jobs that wait.
const BATCHES_MAX: usize = 100;

/// The job: one for each creditor, repeating for ever.
pub const KIND: Kind = Kind {
    code: "forget_events",
    run: |ctx, job| {
        Box::pin(async move {
            let all = run(&ctx, &job.creditor).await?;
            let wait = if all { EVERY } else { TimeDelta::zero() };
            Ok(Ran::again_after(&ctx, wait))
        })
    },
};

/// Forgets what is old, batch by batch. Whether that was all.
///
/// # Errors
/// The database's.
pub async fn run(ctx: &Ctx, creditor: &FiscalCode) -> Result<bool, Failed> {
    for _ in 0..BATCHES_MAX {
        let (owner, inner) = (creditor.clone(), ctx.clone());
        let all = ctx
            .import::<_, store::Error>(move |tx, now| node_events::forget(tx, now, &inner, &owner))
            .await?;
        if all {
            return Ok(true);
        }
    }
    Ok(false)
}
