//! Pulls the reporting flows of one creditor: list, fetch, keep the bytes, file.
//!
//! The cursor is the last publication up to which everything is filed. Each pull asks from a little
//! before it, and what is known is passed over, so a pull may be broken off anywhere. Every creditor has
//! a job of its own: one that fails never holds another up.

use chrono::TimeDelta;
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
use crate::store::jobs::NewJob;
use crate::wire::fdr_rest::{
    FlowHeader, FlowKey, FlowPayment, FlowSummary, FlowsQuery, PAGE_SIZE_MAX, PageAt, PayStatus,
};

/// Publications may become visible a little out of order; this much is asked again each time.
const OVERLAP: TimeDelta = TimeDelta::hours(2);
/// How far back the first pull asks: the list holds about a month.
const FIRST_PULL: TimeDelta = TimeDelta::days(35);
/// Flows are dated before they are published, corrected ones by days.
const DATED_BEFORE: TimeDelta = TimeDelta::days(30);
/// How long after a pull the next one begins.
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
    /// Filing failed.
    #[error(transparent)]
    Settlement(#[from] settlement::Error),
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

/// The repeating job of a creditor, to be enqueued once.
#[must_use]
pub fn job(ctx: &Ctx, creditor: &FiscalCode) -> NewJob {
    NewJob {
        creditor: creditor.clone(),
        id: ctx.ids.next(),
        kind: CODE.to_owned(),
        once_key: Some(creditor.to_string()),
        payload: json!({}),
        run_at: ctx.now(),
    }
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
    let mut summary = PullSummary {
        listed: listed.len(),
        ..PullSummary::default()
    };
    let mut unbroken = true;
    for flow in &listed {
        match pull_one(ctx, creditor, client, flow).await {
            Ok(outcome) => summary.count(outcome),
            Err(error @ (Error::Store(_) | Error::NotConfigured)) => return Err(error),
            Err(error) => {
                summary.failed.push(format!("{}: {error}", flow.flow_id));
                unbroken = false;
            }
        }
        if let Some(published_at) = flow.published_at.filter(|_| unbroken) {
            let owner = creditor.clone();
            ctx.write(move |tx, now| settlement::advance_cursor(tx, now, &owner, published_at))
                .await?;
        }
    }
    Ok(summary)
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

async fn pull_one(
    ctx: &Ctx,
    creditor: &FiscalCode,
    client: &FlowClient,
    listed: &FlowSummary,
) -> Result<Outcome, Error> {
    let (owner, flow) = (creditor.clone(), listed.clone());
    let known = ctx
        .read(move |conn| settlement::known(conn, &owner, key_of(&flow)))
        .await?;
    if let Some(id) = known {
        return Ok(Outcome::Repeat(id));
    }
    let fetched = fetch(client, creditor, listed).await?;
    if fetched.header.revision != listed.revision || fetched.header.flow_id != listed.flow_id {
        return Err(Error::OtherFlow(listed.flow_id.clone()));
    }
    // The bytes are durable before anything is decided about them.
    let (owner, flow, bodies) = (creditor.clone(), listed.clone(), fetched.bodies);
    ctx.write(move |tx, now| settlement::keep(tx, now, &owner, key_of(&flow), &bodies))
        .await?;
    let (owner, inner) = (creditor.clone(), ctx.clone());
    let (header, lines) = (fetched.header, fetched.lines);
    let outcome = ctx
        .write(move |tx, now| {
            let arrived = Arrived {
                header: &header,
                lines: &lines,
            };
            settlement::ingest(tx, now, &inner, &owner, arrived)
        })
        .await?;
    Ok(outcome)
}

fn key_of(flow: &FlowSummary) -> RevisionKey<'_> {
    RevisionKey {
        psp_id: &flow.psp_id,
        flow_id: &flow.flow_id,
        revision: flow.revision,
    }
}

struct Fetched {
    header: Header,
    lines: Vec<Line>,
    bodies: Vec<Vec<u8>>,
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
        let answer = client
            .payments(
                &key,
                PageAt {
                    page,
                    size: PAGE_SIZE_MAX,
                },
            )
            .await?;
        bodies.push(answer.body);
        payments.extend(answer.value.rows);
        if page >= answer.value.pages {
            break;
        }
    }
    let header = header(head.value, listed)?;
    Ok(Fetched {
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
