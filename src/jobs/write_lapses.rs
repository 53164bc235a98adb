//! Writes down what days have done to notices: terms that have ended, plans that ended by themselves.

use chrono::TimeDelta;

use super::{Failed, Kind, Ran};
use crate::app::StoreError;
use crate::app::repricing::{self, Lapsed};
use crate::ctx::Ctx;
use crate::domain::fiscal_code::FiscalCode;

/// How long after a run the next one begins.
const EVERY: TimeDelta = TimeDelta::hours(6);

/// The job: one for each creditor, repeating for ever.
pub const KIND: Kind = Kind {
    code: "write_lapses",
    run: |ctx, job| {
        Box::pin(async move {
            run(&ctx, &job.creditor).await?;
            Ok(Ran::again_after(&ctx, EVERY))
        })
    },
};

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    /// Notices that are expired by now.
    pub expired: usize,
    /// Plans that were ended, each with a notice for its rest.
    pub plans_ended: usize,
}

/// Looks at every open notice whose end has come, batch by batch, each in a transaction of its own. A run
/// that was cut off is taken up by the next one: what is written down is not found again.
///
/// # Errors
/// The database's. A plan whose rest cannot be priced is left as it is and logged.
pub async fn run(ctx: &Ctx, creditor: &FiscalCode) -> Result<Written, Failed> {
    let mut written = Written::default();
    let mut after = None;
    loop {
        let (held, owner) = (ctx.clone(), creditor.clone());
        let batch: Lapsed = ctx
            .write::<_, StoreError>(move |tx, now| {
                repricing::write_lapses(tx, now, &held, &owner, after.as_ref())
            })
            .await?;
        written.expired = written.expired.saturating_add(batch.expired);
        for id in batch.plans {
            match repricing::end_plan(ctx, creditor, id).await {
                Ok(ended) => {
                    let ended = usize::from(ended);
                    written.plans_ended = written.plans_ended.saturating_add(ended);
                }
                Err(repricing::Error::Store(error)) => return Err(error.into()),
                Err(error) => tracing::warn!(position.id = %id, %error, "a plan cannot be ended"),
            }
        }
        if batch.last.is_none() {
            return Ok(written);
        }
        after = batch.last;
    }
}
