//! The job loop: claim what is due, run it outside any transaction, write down how it ended.
//!
//! Work is enqueued by `store::jobs::enqueue` in the transaction of its cause; whoever did so calls
//! `ctx.jobs_due.notify_one()` after the commit, and a poll each second finds the rest. A job may run twice
//! (its worker died after the work and before the record), so every kind bears repetition.

pub mod age_lines;
pub mod feed_archive;
pub mod forget_answers;
pub mod forget_events;
pub mod make_report;
mod platform;
pub mod pull_flows;
pub mod recover_receipts;
pub mod seal_trail;
pub mod write_lapses;

use std::panic::AssertUnwindSafe;
use std::sync::LazyLock;
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use prometheus::{IntCounterVec, Opts};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::ctx::Ctx;
use crate::domain::calendar::Instant;
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::trail::Actor;
use crate::store;
use crate::store::jobs::{self, Ending, Job, Lease, NewJob};

/// One kind of job. A new kind is a file in `jobs/` and a line in [`KINDS`].
pub struct Kind {
    /// Stored with each job; never changes.
    pub code: &'static str,
    /// Does the work once.
    pub run: fn(Ctx, Job) -> BoxFuture<'static, Result<Ran, Failed>>,
}

/// Every kind of job.
pub static KINDS: &[Kind] = &[
    age_lines::KIND,
    feed_archive::KIND,
    forget_answers::KIND,
    make_report::KIND,
    forget_events::KIND,
    pull_flows::KIND,
    recover_receipts::KIND,
    seal_trail::KIND,
    write_lapses::KIND,
];

/// The jobs of a creditor that repeat by themselves, to be enqueued once.
#[must_use]
pub fn timers(ctx: &Ctx, creditor: &FiscalCode) -> Vec<NewJob> {
    let pulls = ctx.config.flows.is_some() && ctx.config.flow_minutes > 0;
    let kinds = [
        (&forget_answers::KIND, true),
        (&forget_events::KIND, true),
        (&pull_flows::KIND, pulls),
        (&feed_archive::KIND, ctx.config.archive.is_some()),
        (&recover_receipts::KIND, ctx.config.receipts.is_some()),
        (&write_lapses::KIND, true),
        (&age_lines::KIND, true),
        (&seal_trail::KIND, true),
    ];
    let wanted = kinds.into_iter().filter(|(_, wanted)| *wanted);
    wanted
        .map(|(kind, _)| repeating(ctx, creditor, kind))
        .collect()
}

fn repeating(ctx: &Ctx, creditor: &FiscalCode, kind: &Kind) -> NewJob {
    NewJob {
        creditor: creditor.clone(),
        id: ctx.ids.next(),
        kind: kind.code.to_owned(),
        once_key: Some(creditor.to_string()),
        payload: json!({}),
        run_at: ctx.now(),
    }
}

/// What a run made.
#[derive(Debug, Clone, PartialEq)]
pub enum Ran {
    /// All of it, with a result to show.
    Done(Value),
    /// Everything for now; the same job runs again at this instant.
    Again(Instant),
}

impl Ran {
    /// Again after a while; done when the calendar ends before.
    fn again_after(ctx: &Ctx, wait: TimeDelta) -> Ran {
        let next = ctx.now().checked_add_signed(wait);
        next.map_or_else(|| Ran::Done(json!({})), Ran::Again)
    }
}

/// Why a run made nothing. Texts are shown to officers and logged: no personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// May succeed later: a partner does not answer, the database is busy.
    #[error("{0}")]
    ForNow(String),
    /// Will never succeed: the job itself is wrong.
    #[error("{0}")]
    ForEver(String),
}

impl From<store::Error> for Failed {
    fn from(error: store::Error) -> Failed {
        match error {
            store::Error::Corrupt { .. } => Failed::ForEver(error.to_string()),
            store::Error::Busy
            | store::Error::Down(_)
            | store::Error::Full(_)
            | store::Error::ReadOnly(_)
            | store::Error::Changed { .. }
            | store::Error::Bug(_) => Failed::ForNow(error.to_string()),
        }
    }
}

/// Jobs that one process runs at a time.
const PARALLEL: usize = 4;
/// A worker that says nothing for so long is taken for dead.
const LEASE_SECONDS: i64 = 60;
/// How often leases are prolonged.
const RENEW: Duration = Duration::from_secs(20);
/// How often the table is asked when nothing wakes the loop.
const POLL: Duration = Duration::from_secs(1);
/// Failures after which a job is given up; with the waits below that is about a day.
const ATTEMPTS_MAX: u32 = 12;
/// Longest wait between two attempts.
const WAIT_SECONDS_MAX: i64 = 6 * 3600;

/// A counter that cannot be made must not stop the work, so it may be absent.
static ENDED: LazyLock<Option<IntCounterVec>> = LazyLock::new(|| {
    let about = Opts::new(
        "avviso_jobs_ended_total",
        "Runs of jobs by kind and ending.",
    );
    let counter = IntCounterVec::new(about, &["kind", "ending"]).ok()?;
    prometheus::register(Box::new(counter.clone())).ok()?;
    Some(counter)
});

/// The running loop of a process.
pub struct Worker {
    stop: watch::Sender<Option<Duration>>,
    running: JoinHandle<()>,
}

impl Worker {
    /// Starts the loop on the current runtime.
    #[must_use]
    pub fn start(ctx: Ctx, kinds: &'static [Kind]) -> Worker {
        let (stop, stopped) = watch::channel(None);
        let this = Loop {
            by: ctx.ids.next(),
            ctx,
            kinds,
        };
        Worker {
            stop,
            running: tokio::spawn(this.run(stopped)),
        }
    }

    /// Claims nothing more, waits so long for what runs, then ends it and gives the leases back.
    pub async fn stop(self, patience: Duration) {
        let Worker { stop, running } = self;
        // Both fail only when the loop has ended already.
        let _ended = stop.send(Some(patience));
        let _ended = running.await;
    }
}

struct Loop {
    ctx: Ctx,
    kinds: &'static [Kind],
    by: uuid::Uuid,
}

impl Loop {
    async fn run(self, mut stopped: watch::Receiver<Option<Duration>>) {
        let mut tasks = JoinSet::new();
        let mut renewed = tokio::time::Instant::now();
        let patience = loop {
            if let Some(patience) = *stopped.borrow() {
                break patience;
            }
            let more = self.fill(&mut tasks).await;
            if renewed.elapsed() >= RENEW && !tasks.is_empty() {
                self.renew().await;
                renewed = tokio::time::Instant::now();
            }
            if more {
                continue;
            }
            tokio::select! {
                ended = stopped.changed() => if ended.is_err() { break Duration::ZERO },
                () = self.ctx.jobs_due.notified(), if tasks.len() < PARALLEL => {}
                Some(_) = tasks.join_next() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        };
        let all = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, all).await.is_err() {
            tracing::warn!("jobs still run at the end of the stop; they will run again");
            tasks.shutdown().await;
        }
        self.release().await;
    }

    /// Begins as many due jobs as there is room for; whether there may be more.
    async fn fill(&self, tasks: &mut JoinSet<()>) -> bool {
        let room = PARALLEL.saturating_sub(tasks.len());
        if room == 0 {
            return false;
        }
        let most = i64::try_from(room).unwrap_or(1);
        let lease = self.lease();
        let claimed = self
            .ctx
            .write::<_, store::Error>(move |tx, now| jobs::claim(tx, now, lease, most))
            .await;
        match claimed {
            Ok(claimed) => {
                let more = claimed.len() == room;
                for job in claimed {
                    tasks.spawn(run_one(self.ctx.clone(), self.kinds, self.by, job));
                }
                more && tasks.len() < PARALLEL
            }
            Err(error) => {
                tracing::warn!(%error, "jobs cannot be claimed");
                false
            }
        }
    }

    fn lease(&self) -> Lease {
        let now = self.ctx.now();
        let until = now
            .checked_add_signed(TimeDelta::seconds(LEASE_SECONDS))
            .unwrap_or(now);
        Lease { by: self.by, until }
    }

    async fn renew(&self) {
        let lease = self.lease();
        let renewed = self
            .ctx
            .write::<_, store::Error>(move |tx, _| jobs::renew(tx, lease))
            .await;
        if let Err(error) = renewed {
            tracing::warn!(%error, "leases of jobs cannot be prolonged");
        }
    }

    async fn release(&self) {
        let by = self.by;
        let released = self
            .ctx
            .write::<_, store::Error>(move |tx, _| jobs::release(tx, by))
            .await;
        if let Err(error) = released {
            tracing::warn!(%error, "leases of jobs cannot be given back; they end by themselves");
        }
    }
}

async fn run_one(ctx: Ctx, kinds: &'static [Kind], by: uuid::Uuid, job: Job) {
    let outcome = match kinds.iter().find(|kind| kind.code == job.kind) {
        // A panic ends this job and not the loop.
        Some(kind) => match AssertUnwindSafe((kind.run)(
            ctx.by(Actor::Job(kind.code.to_owned())),
            job.clone(),
        ))
        .catch_unwind()
        .await
        {
            Ok(outcome) => outcome,
            Err(_panic) => Err(Failed::ForNow("the job ended in a panic".into())),
        },
        None => Err(Failed::ForNow(format!(
            "this program has no job of kind {}",
            job.kind
        ))),
    };
    let ending = ending(&job, outcome, ctx.now());
    let word = match &ending {
        Ending::Done(_) => "done",
        Ending::Again(_) => "again",
        Ending::Retry { .. } => "retry",
        Ending::Dead { .. } => "dead",
    };
    if let Some(ended) = &*ENDED {
        ended.with_label_values(&[job.kind.as_str(), word]).inc();
    }
    match &ending {
        Ending::Done(_) | Ending::Again(_) => {
            tracing::info!(job.id = %job.id, job.kind, "job {} {word}", job.id);
        }
        Ending::Retry { why, .. } => {
            tracing::warn!(job.id = %job.id, job.kind, why, "job {} failed for now", job.id);
        }
        Ending::Dead { why } => {
            tracing::error!(job.id = %job.id, job.kind, why, "job {} given up", job.id);
        }
    }
    let id = job.id;
    let record = move |tx: &mut store::Tx<'_>, now| jobs::finish(tx, now, &job, by, &ending);
    match ctx.write::<_, store::Error>(record).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!(job.id = %id, "job {id} was taken over by another worker"),
        Err(error) => tracing::error!(job.id = %id, %error, "the end of job {id} is not recorded"),
    }
}

fn ending(job: &Job, outcome: Result<Ran, Failed>, now: Instant) -> Ending {
    match outcome {
        Ok(Ran::Done(result)) => Ending::Done(result),
        Ok(Ran::Again(at)) => Ending::Again(at),
        Err(Failed::ForNow(why)) if job.attempts < ATTEMPTS_MAX => Ending::Retry {
            at: next_attempt(job, now),
            why,
        },
        Err(Failed::ForNow(why) | Failed::ForEver(why)) => Ending::Dead { why },
    }
}

/// Twice as long each time, and up to a fifth more by the job's id, so that many jobs which failed together
/// do not come back together.
fn next_attempt(job: &Job, now: Instant) -> Instant {
    let doubled = 1i64.checked_shl(job.attempts).unwrap_or(WAIT_SECONDS_MAX);
    let wait = doubled.clamp(1, WAIT_SECONDS_MAX);
    let spread = i64::from(job.id.as_bytes().last().copied().unwrap_or(0));
    let millis = wait
        .saturating_mul(1000)
        .saturating_add(wait.saturating_mul(spread));
    now.checked_add_signed(TimeDelta::milliseconds(millis))
        .unwrap_or(now)
}

#[cfg(test)]
mod tests;
