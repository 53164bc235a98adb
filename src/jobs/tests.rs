use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::ctx::scratch::Scratch;
use crate::store::jobs::JobState;

static RUNS: AtomicU32 = AtomicU32::new(0);

static TEST_KINDS: &[Kind] = &[
    Kind {
        code: "double",
        run: |_, job| {
            Box::pin(async move {
                let n = job
                    .payload
                    .as_i64()
                    .ok_or(Failed::ForEver("no number".into()))?;
                Ok(Ran::Done((n * 2).into()))
            })
        },
    },
    Kind {
        code: "panic",
        run: |_, _| Box::pin(async { panic!("a fault of the program") }),
    },
    Kind {
        code: "thrice",
        run: |ctx, _| {
            Box::pin(async move {
                match RUNS.fetch_add(1, Ordering::SeqCst) {
                    0 => Ok(Ran::Again(ctx.now())),
                    1 => Err(Failed::ForNow("not yet".into())),
                    _ => Ok(Ran::Done(Value::Null)),
                }
            })
        },
    },
    Kind {
        code: "endless",
        run: |_, _| Box::pin(std::future::pending()),
    },
];

fn creditor() -> FiscalCode {
    FiscalCode::parse("99999000203").unwrap()
}

async fn enqueue(ctx: &Ctx, kind: &str, payload: Value) -> uuid::Uuid {
    let id = ctx.ids.next();
    let (kind, once_key, run_at) = (kind.to_owned(), None, ctx.now());
    let new = NewJob {
        creditor: creditor(),
        id,
        kind,
        once_key,
        payload,
        run_at,
    };
    ctx.write(move |tx, now| jobs::enqueue(tx, now, &new))
        .await
        .unwrap();
    ctx.jobs_due.notify_one();
    id
}

async fn reaches(ctx: &Ctx, id: uuid::Uuid, reached: impl Fn(&Job) -> bool) -> Job {
    loop {
        let now = ctx.now();
        let job = ctx
            .read::<_, store::Error>(move |c| jobs::get(c, &creditor(), id, now))
            .await;
        let job = job.unwrap().unwrap();
        if reached(&job) {
            return job;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_loop_runs_what_is_due_and_records_how_it_ended() {
    let scratch = Scratch::new();
    let ctx = &scratch.ctx;
    let worker = Worker::start(ctx.clone(), TEST_KINDS);
    let good = enqueue(ctx, "double", 21.into()).await;
    let bad = enqueue(ctx, "double", "x".into()).await;
    let broken = enqueue(ctx, "panic", Value::Null).await;
    let unknown = enqueue(ctx, "nobody", Value::Null).await;
    let done = reaches(ctx, good, |job| job.state == JobState::Done).await;
    assert_eq!(done.result, Some(42.into()));
    let dead = reaches(ctx, bad, |job| job.state == JobState::Dead).await;
    assert_eq!(dead.last_error.as_deref(), Some("no number"));
    for id in [broken, unknown] {
        let failed = reaches(ctx, id, |job| job.last_error.is_some()).await;
        assert_eq!((failed.state, failed.attempts), (JobState::Waiting, 1));
        assert!(failed.run_at > ctx.now());
    }
    worker.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_timer_comes_back_and_a_failure_is_tried_again_later() {
    let scratch = Scratch::new();
    let ctx = &scratch.ctx;
    let worker = Worker::start(ctx.clone(), TEST_KINDS);
    let id = enqueue(ctx, "thrice", Value::Null).await;
    reaches(ctx, id, |job| job.last_error.is_some()).await;
    ctx.clock.advance(TimeDelta::minutes(1)).unwrap();
    ctx.jobs_due.notify_one();
    let done = reaches(ctx, id, |job| job.state == JobState::Done).await;
    assert_eq!((RUNS.load(Ordering::SeqCst), done.attempts), (3, 2));
    worker.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_worker_that_stops_gives_its_leases_back() {
    let scratch = Scratch::new();
    let ctx = &scratch.ctx;
    let worker = Worker::start(ctx.clone(), TEST_KINDS);
    let id = enqueue(ctx, "endless", Value::Null).await;
    reaches(ctx, id, |job| job.state == JobState::Running).await;
    worker.stop(Duration::from_millis(200)).await;
    let free = reaches(ctx, id, |job| job.state == JobState::Waiting).await;
    assert_eq!(free.attempts, 0);
}

#[test]
fn waits_double_and_end() {
    let now: Instant = "2026-03-02T09:00:00Z".parse().unwrap();
    let job = |attempts: u32, last: u8| Job {
        creditor: creditor(),
        id: uuid::Uuid::from_u128(u128::from(last)),
        kind: "double".into(),
        payload: Value::Null,
        state: JobState::Running,
        run_at: now,
        attempts,
        last_error: None,
        result: None,
        created_at: now,
        finished_at: None,
    };
    let wait = |attempts, last| (next_attempt(&job(attempts, last), now) - now).num_milliseconds();
    assert_eq!([wait(1, 0), wait(2, 0), wait(5, 0)], [2_000, 4_000, 32_000]);
    assert_eq!([wait(60, 0), wait(64, 0), wait(200, 0)], [21_600_000; 3]);
    assert_eq!(wait(1, 255), 2_510);
    let failed = |attempts| ending(&job(attempts, 0), Err(Failed::ForNow("x".into())), now);
    assert!(
        matches!(failed(11), Ending::Retry { .. }) && matches!(failed(12), Ending::Dead { .. })
    );
}
