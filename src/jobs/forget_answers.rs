//! Forgets answers to repeated requests once nobody can count on them any more.

use chrono::TimeDelta;

use super::{Failed, Kind, Ran};
use crate::app::idempotency;
use crate::ctx::Ctx;
use crate::domain::fiscal_code::FiscalCode;
use crate::store;

/// How long after a run the next one begins.
const EVERY: TimeDelta = TimeDelta::hours(6);
/// Batches of one run; what is left then is for a run that begins at once, behind the jobs that wait.
const BATCHES_MAX: usize = 100;

/// The job: one for each creditor, repeating for ever.
pub const KIND: Kind = Kind {
    code: "forget_answers",
    run: |ctx, job| {
        Box::pin(async move {
            let all = run(&ctx, &job.creditor).await?;
            let wait = if all { EVERY } else { TimeDelta::zero() };
            Ok(Ran::again_after(&ctx, wait))
        })
    },
};

/// Forgets what is old, batch by batch, each in a transaction of its own so that others are not held up.
/// Whether that was all.
///
/// # Errors
/// The database's.
pub async fn run(ctx: &Ctx, creditor: &FiscalCode) -> Result<bool, Failed> {
    for _ in 0..BATCHES_MAX {
        let owner = creditor.clone();
        let forgotten = ctx
            .write::<_, store::Error>(move |tx, now| idempotency::forget(tx, now, &owner))
            .await?;
        if forgotten < idempotency::BATCH {
            return Ok(true);
        }
    }
    Ok(false)
}
