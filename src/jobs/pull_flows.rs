//! Pulls the reporting flows of one creditor: list, fetch, keep the bytes, file.
//!
//! The cursor is the last publication up to which everything is filed. Each pull asks from a little
//! before it, and what is known is passed over, so a pull may be broken off anywhere. Every creditor has
//! a job of its own: one that fails never holds another up.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::stream::{self, StreamExt as _};
use serde_json::json;

use super::{Failed, Kind, Ran};
use crate::app::settlement::{self, Arrived, Outcome, RevisionKey};
use crate::ctx::Ctx;
use crate::domain::calendar::{self, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::{Cents, MoneyError};
use crate::domain::settlement::{Header, Line, Outcome as PaymentOutcome};
use crate::node::client::{self, FlowClient, Retries, Service};
use crate::store::Error as StoreError;
use crate::wire::fdr_rest::{
    FlowHeader, FlowKey, FlowPayment, FlowSummary, FlowsQuery, PAGE_SIZE_MAX, PageAt, PayStatus,
};

/// Publications may become visible a little out of order; this much is asked again each time.
const OVERLAP: TimeDelta = TimeDelta::hours(2);
/// How far back the first pull asks: the list holds about a month.
const FIRST_PULL: TimeDelta = TimeDelta::days(35);
/// Flows are dated before they are published, corrected ones by days.
const DATED_BEFORE: TimeDelta = TimeDelta::days(30);
/// Flows that are fetched at the same time.
const IN_FLIGHT: usize = 4;
/// Flows, or rows of them, that are filed together: what concerns several of them is decided once.
const BATCH_FLOWS: usize = 50;
const BATCH_ROWS: usize = 1000;
/// Pages of one list or flow at most; a thousand rows each.
const PAGES_MAX: u32 = 1_000;

/// The job: one for each creditor, repeating for ever.
pub const KIND: Kind = Kind {
    code: CODE,
    run: |ctx, job| {
        Box::pin(async move {
            match pull(&ctx, &job.creditor).await {
                Ok(summary) => {
                    tracing::info!(creditor = %job.creditor, ?summary, "reporting flows pulled");
                    let once = job.payload.get("once") == Some(&json!(true));
                    let next = ctx.now().checked_add_signed(every(&ctx)).filter(|_| !once);
                    Ok(next.map_or_else(|| Ran::Done(summary.show()), Ran::Again))
                }
                Err(Error::NotConfigured) => Ok(Ran::Done(json!({ "configured": false }))),
                Err(error) => Err(Failed::ForNow(error.to_string())),
            }
        })
    },
};

const CODE: &str = "pull_flows";

/// What can end a pull.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No service is configured.
    #[error("no reporting-flow service is configured")]
    NotConfigured,
    /// The service's.
    #[error(transparent)]
    Client(#[from] client::Error),
    /// An amount that does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// The flow says of itself something else than the list said.
    #[error("flow {0} is not the one that was listed")]
    OtherFlow(String),
    /// The database's.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a pull has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullSummary {
    /// Flows in the list.
    pub listed: usize,
    /// Filed for the first time.
    pub filed: usize,
    /// Filed in place of an older revision.
    pub replaced: usize,
    /// Known already.
    pub known: usize,
    /// Older than the revision in force.
    pub late: usize,
    /// Flows that failed, each with its reason; the next pull tries them again.
    pub failed: Vec<String>,
}

impl PullSummary {
    /// For the record of the job.
    #[must_use]
    pub fn show(&self) -> serde_json::Value {
        json!({
            "listed": self.listed,
            "filed": self.filed,
            "replaced": self.replaced,
            "known": self.known,
            "late": self.late,
            "failed": self.failed,
        })
    }
}

fn every(ctx: &Ctx) -> TimeDelta {
    TimeDelta::minutes(i64::from(ctx.config.flow_minutes.max(1)))
}

/// Pulls what is new for a creditor. A flow that fails is counted and does not stop the others; the
/// cursor stays before it.
///
/// # Errors
/// [`Error`] when the list itself cannot be had.
#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "naming the method's type would need the configuration, which jobs do not know"
)]
pub async fn pull(ctx: &Ctx, creditor: &FiscalCode) -> Result<PullSummary, Error> {
    let source = ctx.config.flows.as_ref().ok_or(Error::NotConfigured)?;
    let service = Service {
        url: &source.url,
        key: source.key.as_ref().map(|key| key.reveal()),
    };
    let client = FlowClient::new(service, ctx.ids.clone(), Retries::default())?;
    pull_from(ctx, creditor, &client).await
}

/// As [`pull`], from a given client.
///
/// # Errors
/// As [`pull`].
pub async fn pull_from(
    ctx: &Ctx,
    creditor: &FiscalCode,
    client: &FlowClient,
) -> Result<PullSummary, Error> {
    let owner = creditor.clone();
    let cursor = ctx
        .read(move |conn| settlement::cursor(conn, &owner))
        .await?;
    let listed = list(client, creditor, from(ctx.now(), cursor)).await?;
    let held = held(ctx, creditor, &listed).await?;
    let mut summary = PullSummary {
        listed: listed.len(),
        ..PullSummary::default()
    };
    let arrivals = listed.into_iter().map(|flow| {
        let known = held.contains(&name(&flow));
        async move {
            let arrival = match known {
                true => Ok(None),
                false => fetch(client, creditor, &flow).await.map(Some),
            };
            (flow, arrival)
        }
    });
    let mut arrivals = stream::iter(arrivals).buffered(IN_FLIGHT);
    let mut batch = Batch::default();
    while let Some((flow, arrival)) = arrivals.next().await {
        match arrival {
            Ok(Some(fetched)) => batch.flows.push(fetched),
            Ok(None) => summary.known = summary.known.saturating_add(1),
            Err(error) => summary.fail(&flow, &error),
        }
        if summary.failed.is_empty() {
            batch.until = flow.published_at.or(batch.until);
        }
        if batch.is_full() {
            file(ctx, creditor, std::mem::take(&mut batch), &mut summary).await?;
        }
    }
    file(ctx, creditor, batch, &mut summary).await?;
    Ok(summary)
}

/// Flows that are filed in one transaction.
#[derive(Default)]
struct Batch {
    flows: Vec<Fetched>,
    /// Whatever was published until then is in this batch, or filed.
    until: Option<Instant>,
}

impl Batch {
    fn is_full(&self) -> bool {
        let rows: usize = self.flows.iter().map(|flow| flow.lines.len()).sum();
        self.flows.len() >= BATCH_FLOWS || rows >= BATCH_ROWS
    }
}

/// Keeps the bytes, and when they are durable decides what they mean.
async fn file(
    ctx: &Ctx,
    creditor: &FiscalCode,
    batch: Batch,
    summary: &mut PullSummary,
) -> Result<(), Error> {
    let (flows, owner) = (Arc::new(batch.flows), creditor.clone());
    let kept = Arc::clone(&flows);
    ctx.import(move |tx, now| {
        let mut each = kept.iter();
        each.try_for_each(|flow| settlement::keep(tx, now, &owner, flow.key(), &flow.bodies))
    })
    .await?;
    let whole = ingest(ctx, creditor, (&flows, 0..flows.len()), batch.until).await;
    if let Ok(outcomes) = whole {
        outcomes
            .into_iter()
            .for_each(|outcome| summary.count(outcome));
        return Ok(());
    }
    // One of them cannot be filed and must not hold the others up: each alone.
    for (index, flow) in flows.iter().enumerate() {
        let until = flow.listed.published_at;
        let until = until.filter(|_| summary.failed.is_empty());
        let one = index..index.saturating_add(1);
        match ingest(ctx, creditor, (&flows, one), until).await {
            Ok(outcomes) => outcomes
                .into_iter()
                .for_each(|outcome| summary.count(outcome)),
            Err(error) => summary.fail(&flow.listed, &error),
        }
    }
    Ok(())
}

/// Files some of the flows and moves the cursor on.
async fn ingest(
    ctx: &Ctx,
    creditor: &FiscalCode,
    (flows, some): (&Arc<Vec<Fetched>>, Range<usize>),
    until: Option<Instant>,
) -> Result<Vec<Outcome>, settlement::Error> {
    let (flows, owner, inner) = (Arc::clone(flows), creditor.clone(), ctx.clone());
    ctx.import(move |tx, now| {
        let flows = flows.get(some.clone()).unwrap_or_default();
        let arrived: Vec<Arrived<'_>> = flows.iter().map(Fetched::arrived).collect();
        let outcomes = settlement::ingest(tx, now, &inner, &owner, &arrived)?;
        if let Some(until) = until {
            settlement::advance_cursor(tx, now, &owner, until)?;
        }
        Ok(outcomes)
    })
    .await
}

impl PullSummary {
    fn count(&mut self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Filed(_) => &mut self.filed,
            Outcome::Replaced(_) => &mut self.replaced,
            Outcome::Repeat(_) => &mut self.known,
            Outcome::Late(_) => &mut self.late,
        };
        *counter = counter.saturating_add(1);
    }

    fn fail(&mut self, flow: &FlowSummary, error: &dyn std::fmt::Display) {
        self.failed.push(format!("{}: {error}", flow.flow_id));
    }
}

/// What names a revision: PSP, flow, version.
type Name = (String, String, i64);

fn name(flow: &FlowSummary) -> Name {
    (flow.psp_id.clone(), flow.flow_id.clone(), flow.revision)
}

/// The revisions that are stored, of the flows that were listed.
async fn held(
    ctx: &Ctx,
    creditor: &FiscalCode,
    listed: &[FlowSummary],
) -> Result<BTreeSet<Name>, Error> {
    let owner = creditor.clone();
    let ids: Vec<String> = listed.iter().map(|flow| flow.flow_id.clone()).collect();
    let stored = ctx
        .read(move |conn| {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            settlement::held(conn, &owner, &ids)
        })
        .await?;
    let name = |held: settlement::Filed| {
        let header = held.header;
        (header.psp_id, header.flow_id, header.revision)
    };
    Ok(stored.into_iter().map(name).collect())
}

/// Both bounds are always set: the service's own defaults forget what is older than last month.
fn from(now: Instant, cursor: Option<Instant>) -> FlowsQuery {
    let published = match cursor {
        Some(cursor) => cursor.checked_sub_signed(OVERLAP),
        None => now.checked_sub_signed(FIRST_PULL),
    };
    FlowsQuery {
        psp_id: None,
        published_gt: published,
        flow_date: published.and_then(|at| at.checked_sub_signed(DATED_BEFORE)),
    }
}

/// Every page of the list, in the order of publication: a flow without that instant comes last.
async fn list(
    client: &FlowClient,
    creditor: &FiscalCode,
    query: FlowsQuery,
) -> Result<Vec<FlowSummary>, Error> {
    let mut rows = Vec::new();
    for page in 1..=PAGES_MAX {
        let at = PageAt {
            page,
            size: PAGE_SIZE_MAX,
        };
        let answer = client.flows(creditor.as_str(), &query, at).await?;
        rows.extend(answer.rows);
        if page >= answer.pages {
            break;
        }
    }
    let order = |flow: &FlowSummary| {
        let last = flow.published_at.is_none();
        (
            last,
            flow.published_at,
            flow.psp_id.clone(),
            flow.flow_id.clone(),
            flow.revision,
        )
    };
    rows.sort_by_key(order);
    Ok(rows)
}

/// A revision with its answers as they came.
struct Fetched {
    listed: FlowSummary,
    header: Header,
    lines: Vec<Line>,
    bodies: Vec<Vec<u8>>,
}

impl Fetched {
    fn key(&self) -> RevisionKey<'_> {
        RevisionKey {
            psp_id: &self.listed.psp_id,
            flow_id: &self.listed.flow_id,
            revision: self.listed.revision,
        }
    }

    fn arrived(&self) -> Arrived<'_> {
        Arrived {
            header: &self.header,
            lines: &self.lines,
        }
    }
}

async fn fetch(
    client: &FlowClient,
    creditor: &FiscalCode,
    listed: &FlowSummary,
) -> Result<Fetched, Error> {
    let key = FlowKey {
        organization_id: creditor.to_string(),
        flow_id: listed.flow_id.clone(),
        revision: listed.revision,
        psp_id: listed.psp_id.clone(),
    };
    let head = client.flow(&key).await?;
    let mut bodies = vec![head.body];
    let mut payments = Vec::new();
    for page in 1..=PAGES_MAX {
        let at = PageAt {
            page,
            size: PAGE_SIZE_MAX,
        };
        let answer = client.payments(&key, at).await?;
        bodies.push(answer.body);
        payments.extend(answer.value.rows);
        if page >= answer.value.pages {
            break;
        }
    }
    let header = header(head.value, listed)?;
    if header.revision != listed.revision || header.flow_id != listed.flow_id {
        return Err(Error::OtherFlow(listed.flow_id.clone()));
    }
    Ok(Fetched {
        listed: listed.clone(),
        header,
        lines: lines(payments)?,
        bodies,
    })
}

fn header(head: FlowHeader, listed: &FlowSummary) -> Result<Header, Error> {
    Ok(Header {
        // The list names the flow; heads have been seen with the sender's other codes.
        psp_id: listed.psp_id.clone(),
        flow_id: head.flow_id,
        revision: head.revision,
        flow_at: head.flow_at,
        regulation: head.regulation,
        regulation_on: head.regulation_on,
        receiver: head.receiver.organization_id,
        declared_count: head.payments_count,
        declared_sum: Cents::new(head.payments_cents)?,
        published_at: head
            .published_at
            .or(listed.published_at)
            .unwrap_or(head.flow_at),
    })
}

/// The rows, numbered in the order of the answer: the service's own index may repeat.
fn lines(payments: Vec<FlowPayment>) -> Result<Vec<Line>, Error> {
    (1i32..)
        .zip(payments)
        .map(|(number, payment)| {
            Ok(Line {
                number,
                iuv: payment.iuv,
                iur: payment.iur,
                transfer: i16::from(payment.id_transfer),
                amount: Cents::new(payment.pay_cents)?,
                outcome: outcome(&payment.status),
                paid_on: calendar::today(payment.paid_at),
            })
        })
        .collect()
}

fn outcome(status: &PayStatus) -> PaymentOutcome {
    match status {
        PayStatus::Executed => PaymentOutcome::Executed,
        PayStatus::Revoked => PaymentOutcome::Revoked,
        PayStatus::StandIn => PaymentOutcome::StandIn,
        PayStatus::StandInNoRpt => PaymentOutcome::StandInNoReceipt,
        PayStatus::NoRpt => PaymentOutcome::NoReceipt,
        PayStatus::Other(_) => PaymentOutcome::Unknown,
    }
}

#[cfg(test)]
mod tests;
