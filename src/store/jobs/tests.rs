use chrono::TimeDelta;
use std::collections::BTreeSet;
use uuid::Uuid;

use super::*;
use crate::ctx::Ctx;
use crate::ctx::scratch::Scratch;

fn creditor() -> FiscalCode {
    FiscalCode::parse("99999000203").unwrap()
}

fn new(ctx: &Ctx, once_key: Option<&str>) -> NewJob {
    NewJob {
        creditor: creditor(),
        id: ctx.ids.next(),
        kind: "test".into(),
        once_key: once_key.map(Into::into),
        payload: serde_json::json!({"n": 1}),
        run_at: ctx.now(),
    }
}

async fn enqueue_many(ctx: &Ctx, count: usize) {
    let jobs: Vec<NewJob> = (0..count).map(|_| new(ctx, None)).collect();
    let all =
        move |tx: &mut Tx<'_>, now| jobs.iter().try_for_each(|j| enqueue(tx, now, j).map(drop));
    ctx.write(all).await.unwrap();
}

fn lease(ctx: &Ctx, by: Uuid) -> Lease {
    Lease {
        by,
        until: ctx.now() + TimeDelta::seconds(60),
    }
}

async fn claim_as(ctx: &Ctx, by: Uuid, most: i64) -> Vec<Job> {
    let lease = lease(ctx, by);
    ctx.write::<_, Error>(move |tx, now| claim(tx, now, lease, most))
        .await
        .unwrap()
}

async fn finish_as(ctx: &Ctx, by: Uuid, job: &Job, ending: Ending) -> bool {
    let job = job.clone();
    ctx.write::<_, Error>(move |tx, now| finish(tx, now, &job, by, &ending))
        .await
        .unwrap()
}

async fn stored(ctx: &Ctx, id: Uuid) -> Job {
    let now = ctx.now();
    ctx.read::<_, Error>(move |c| get(c, &creditor(), id, now))
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn many_workers_lease_each_job_exactly_once() {
    let scratch = Scratch::new();
    let ctx = &scratch.ctx;
    enqueue_many(ctx, 200).await;
    let worker = |by: u128| async move {
        let mut mine = Vec::new();
        loop {
            let claimed = claim_as(ctx, Uuid::from_u128(by), 7).await;
            if claimed.is_empty() {
                return mine;
            }
            mine.extend(claimed.into_iter().map(|job| job.id));
        }
    };
    let (a, b, c) = tokio::join!(worker(1), worker(2), worker(3));
    let all: Vec<Uuid> = [a, b, c].concat();
    assert_eq!(all.len(), 200);
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 200);
}

#[tokio::test]
async fn a_lease_that_runs_out_is_claimed_by_another_and_the_first_cannot_finish() {
    let scratch = Scratch::new();
    let ctx = &scratch.ctx;
    enqueue_many(ctx, 1).await;
    let (slow, quick) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let job = claim_as(ctx, slow, 9).await.remove(0);
    assert_eq!((job.state, job.attempts), (JobState::Running, 1));
    assert!(claim_as(ctx, quick, 9).await.is_empty());
    ctx.clock.advance(TimeDelta::seconds(61)).unwrap();
    assert_eq!(stored(ctx, job.id).await.state, JobState::Waiting);
    assert_eq!(claim_as(ctx, quick, 9).await[0].attempts, 2);
    assert!(!finish_as(ctx, slow, &job, Ending::Done(true.into())).await);
    assert!(finish_as(ctx, quick, &job, Ending::Done(true.into())).await);
    let done = stored(ctx, job.id).await;
    assert_eq!(
        (done.state, done.result),
        (JobState::Done, Some(true.into()))
    );
    assert!(claim_as(ctx, slow, 9).await.is_empty());
}

#[tokio::test]
async fn a_renewed_lease_stays_and_a_released_one_is_free_at_once() {
    let scratch = Scratch::new();
    let ctx = &scratch.ctx;
    enqueue_many(ctx, 2).await;
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    assert_eq!(claim_as(ctx, one, 9).await.len(), 2);
    ctx.clock.advance(TimeDelta::seconds(50)).unwrap();
    let longer = lease(ctx, one);
    assert_eq!(
        ctx.write::<_, Error>(move |tx, _| renew(tx, longer))
            .await
            .unwrap(),
        2
    );
    ctx.clock.advance(TimeDelta::seconds(50)).unwrap();
    assert!(claim_as(ctx, other, 9).await.is_empty());
    assert_eq!(
        ctx.write::<_, Error>(move |tx, _| release(tx, one))
            .await
            .unwrap(),
        2
    );
    let again = claim_as(ctx, other, 9).await;
    assert_eq!(
        again.iter().map(|job| job.attempts).collect::<Vec<_>>(),
        [1, 1]
    );
}

#[tokio::test]
async fn failures_wait_timers_come_back_and_the_dead_stay() {
    let scratch = Scratch::new();
    let ctx = &scratch.ctx;
    enqueue_many(ctx, 1).await;
    let me = Uuid::from_u128(1);
    let job = claim_as(ctx, me, 1).await.remove(0);
    let at = ctx.now() + TimeDelta::seconds(2);
    assert!(
        finish_as(
            ctx,
            me,
            &job,
            Ending::Retry {
                at,
                why: "no answer".into()
            }
        )
        .await
    );
    assert!(claim_as(ctx, me, 1).await.is_empty());
    ctx.clock.advance(TimeDelta::seconds(2)).unwrap();
    let job = claim_as(ctx, me, 1).await.remove(0);
    assert_eq!(
        (job.attempts, job.last_error.as_deref()),
        (2, Some("no answer"))
    );
    let at = ctx.now() + TimeDelta::days(1);
    assert!(finish_as(ctx, me, &job, Ending::Again(at)).await);
    ctx.clock.advance(TimeDelta::days(1)).unwrap();
    let job = claim_as(ctx, me, 1).await.remove(0);
    assert_eq!((job.attempts, job.last_error.clone()), (1, None));
    assert!(finish_as(ctx, me, &job, Ending::Dead { why: "gone".into() }).await);
    ctx.clock.advance(TimeDelta::days(1)).unwrap();
    assert!(claim_as(ctx, me, 1).await.is_empty());
    assert_eq!(stored(ctx, job.id).await.state, JobState::Dead);
    assert_eq!(ctx.report(count_open_and_dead).await.unwrap(), (0, 1));
}

#[tokio::test]
async fn a_key_makes_one_job_and_a_rolled_back_cause_makes_none() {
    let scratch = Scratch::new();
    let ctx = &scratch.ctx;
    let (first, second) = (new(ctx, Some("day 1")), new(ctx, Some("day 1")));
    let both = move |tx: &mut Tx<'_>, now| {
        Ok::<_, Error>((enqueue(tx, now, &first)?, enqueue(tx, now, &second)?))
    };
    assert_eq!(
        ctx.write(both).await.unwrap(),
        (Inserted::New, Inserted::Already)
    );
    let lost = new(ctx, None);
    let refused: Result<(), Error> = ctx
        .write(move |tx, now| {
            enqueue(tx, now, &lost)?;
            Err(Error::Down("the cause failed".into()))
        })
        .await;
    assert!(refused.is_err());
    let now = ctx.now();
    let all = ctx
        .read::<_, Error>(move |c| page(c, &creditor(), None, 9, now))
        .await
        .unwrap();
    assert_eq!(all.len(), 1);
}
