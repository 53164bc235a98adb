//! Writes down what days have done to lines that wait for the rest of their flow.

use chrono::TimeDelta;

use super::{Failed, Kind, Ran};
use crate::app::StoreError;
use crate::app::reconciliation::{self, AGING, Aged};
use crate::ctx::Ctx;
use crate::domain::fiscal_code::FiscalCode;

/// How long after a run the next one begins.
const EVERY: TimeDelta = TimeDelta::hours(6);

/// The job: one for each creditor, repeating for ever.
pub const KIND: Kind = Kind {
    code: "age_lines",
    run: |ctx, job| {
        Box::pin(async move {
            run(&ctx, &job.creditor).await?;
            Ok(Ran::again_after(&ctx, EVERY))
        })
    },
};

/// Looks at every line that has waited for long enough, batch by batch, each in a transaction of its own, and
/// counts those that changed. A run that was cut off is taken up by the next one.
///
/// # Errors
/// The database's.
pub async fn run(ctx: &Ctx, creditor: &FiscalCode) -> Result<usize, Failed> {
    let mut changed = 0usize;
    for code in AGING {
        let mut after = None;
        loop {
            let (held, owner) = (ctx.clone(), creditor.clone());
            let batch: Aged = ctx
                .import::<_, StoreError>(move |tx, now| {
                    reconciliation::age(tx, now, &held, &owner, (code, after))
                })
                .await?;
            changed = changed.saturating_add(batch.changed);
            if batch.last.is_none() {
                break;
            }
            after = batch.last;
        }
    }
    Ok(changed)
}
