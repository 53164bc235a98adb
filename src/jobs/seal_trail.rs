//! Seals the audit trail.

use chrono::TimeDelta;

use super::{Failed, Kind, Ran};
use crate::app::{StoreError, trail};
use crate::ctx::Ctx;
use crate::domain::client::Tenant;

/// How long after a run the next one begins.
const EVERY: TimeDelta = TimeDelta::minutes(5);

/// The job: one for each creditor, repeating for ever. What was done to the registry of all creditors is sealed
/// by whichever comes first.
pub const KIND: Kind = Kind {
    code: "seal_trail",
    run: |ctx, job| {
        Box::pin(async move {
            for tenant in [Tenant::Creditor(job.creditor), Tenant::Platform] {
                run(&ctx, &tenant).await?;
            }
            Ok(Ran::again_after(&ctx, EVERY))
        })
    },
};

/// Seals every entry that can be seen, batch by batch, each in a transaction of its own; how many. A run that
/// was cut off is taken up by the next one.
///
/// # Errors
/// The database's.
pub async fn run(ctx: &Ctx, tenant: &Tenant) -> Result<usize, Failed> {
    let mut sealed = 0usize;
    loop {
        let owner = tenant.clone();
        let batch = ctx
            .import::<_, StoreError>(move |tx, now| trail::seal(tx, now, &owner))
            .await?;
        sealed = sealed.saturating_add(batch);
        if batch < trail::BATCH {
            return Ok(sealed);
        }
    }
}
