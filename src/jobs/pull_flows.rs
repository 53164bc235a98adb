//! Pulls the reporting flows of one creditor: list, fetch, keep the bytes, file.
//!
//! The cursor is the last publication up to which everything is filed. Each pull asks from a little
//! before it, and what is known is passed over, so a pull may be broken off anywhere. Every creditor has
//! a job of its own: one that fails never holds another up.
//!
//! What cannot be read is kept as it came: a row beside those that can be read, of a flow as of the list, and a
//! whole flow until it can be read, which each pull tries again (ADR 0084).

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::stream::{self, StreamExt as _};
use serde_json::json;

use super::{Failed, Kind, Ran};
use crate::app::settlement::{self, Arrived, Filed, Outcome, RevisionKey, Unread};
use crate::ctx::Ctx;
use crate::domain::calendar::{self, Instant};
use crate::domain::fiscal_code::FiscalCode;
use crate::domain::money::Cents;
use crate::domain::settlement::{Header, Line, Outcome as PaymentOutcome};
use crate::domain::text::{Rule as _, Said};
use crate::node::client::{
    self, FlowClient, Flows, Listing, Published, RestFlows, Retries, Service, SoapFlows, Station,
};
use crate::store::Error as StoreError;
use crate::wire::fdr_rest::{
    self as wire, Flow, FlowHeader, FlowPayment, FlowSummary, FlowsQuery, PayStatus,
};
use crate::wire::fdr_soap::{DatedFlow, psp_of};

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
/// The PSP of a flow whose identifier names none.
const NO_PSP: &str = "-";

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
    /// By SOAP a station asks, and the creditor has none.
    #[error("the creditor has no station that could ask for its flows")]
    NoStation,
    /// The list shows a version that was replaced long ago.
    #[error("the list shows an earlier version than the one that is filed")]
    Overtaken,
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
    /// Rows that could not be read of the flows that were filed.
    pub unread: usize,
    /// Rows of the list that cannot be read; they are kept.
    pub unread_listed: usize,
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
            "unread": self.unread,
            "unread_listed": self.unread_listed,
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
pub async fn pull(ctx: &Ctx, creditor: &FiscalCode) -> Result<PullSummary, Error> {
    let source = ctx.config.flows.as_ref().ok_or(Error::NotConfigured)?;
    let service = Service {
        url: &source.url,
        key: source.key(),
    };
    let (ids, retries) = (ctx.ids.clone(), Retries::default());
    let client = match &ctx.config.flow_password {
        None => FlowClient::Rest(RestFlows::new(service, ids, retries)?),
        Some(password) => {
            let registered = ctx.registry.creditor(creditor);
            let today = calendar::today(ctx.now());
            let station = registered
                .as_ref()
                .and_then(|one| one.issuing_station(today));
            let station = station.ok_or(Error::NoStation)?;
            let station = Station {
                broker: station.broker_tax_code.to_string(),
                station: station.station_id.to_string(),
                password: password.reveal().to_owned(),
            };
            FlowClient::Soap(SoapFlows::new(service, station, ids, retries)?)
        }
    };
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
    let mut listing = client.list(creditor, &from(ctx.now(), cursor)).await?;
    let held = held(ctx, creditor, &listing).await?;
    let mut summary = PullSummary {
        unread_listed: listing.unread.len(),
        ..PullSummary::default()
    };
    refuse_listed(ctx, creditor, std::mem::take(&mut listing.unread)).await?;
    let mut listed = Vec::new();
    for flow in numbered(listing.flows, &held) {
        summary.listed = summary.listed.saturating_add(1);
        match flow {
            Ok(flow) => listed.push(flow),
            Err(flow) => summary.fail(&flow.flow_id, &Error::Overtaken),
        }
    }
    let held: BTreeSet<Name> = held.into_iter().map(stored_name).collect();
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
            Ok(Some(Ok(fetched))) => batch.flows.push(fetched),
            Ok(Some(Err(unreadable))) => {
                summary.fail(&flow.flow_id, &unreadable.why.en);
                refuse(ctx, creditor, unreadable).await?;
            }
            Ok(None) => summary.known = summary.known.saturating_add(1),
            Err(error) => summary.fail(&flow.flow_id, &error),
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

/// Keeps the rows of the list that cannot be read, before the cursor passes them.
async fn refuse_listed(
    ctx: &Ctx,
    creditor: &FiscalCode,
    rows: Vec<wire::Unread<Said>>,
) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let (owner, inner) = (creditor.clone(), ctx.clone());
    let rows: Vec<(String, Said)> = rows.into_iter().map(|row| (row.text, row.error)).collect();
    ctx.import(move |tx, now| settlement::refuse_listed(tx, now, &inner, &owner, &rows))
        .await?;
    Ok(())
}

/// Keeps a flow that cannot be read.
async fn refuse(ctx: &Ctx, creditor: &FiscalCode, flow: Unreadable) -> Result<(), Error> {
    let (owner, inner) = (creditor.clone(), ctx.clone());
    ctx.import(move |tx, now| {
        let key = key(&flow.listed);
        settlement::keep(tx, now, &owner, key, &flow.bodies)?;
        settlement::refuse(tx, now, &inner, &owner, (key, &flow.why))
    })
    .await?;
    Ok(())
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
        for (flow, outcome) in flows.iter().zip(outcomes) {
            summary.count(flow, outcome);
        }
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
                .for_each(|outcome| summary.count(flow, outcome)),
            Err(error) => {
                summary.fail(&flow.listed.flow_id, &error);
                if let settlement::Error::Money(why) = error {
                    refuse(ctx, creditor, flow.unreadable(why.said())).await?;
                }
            }
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
    fn count(&mut self, flow: &Fetched, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Filed(_) => &mut self.filed,
            Outcome::Replaced(_) => &mut self.replaced,
            Outcome::Repeat(_) => &mut self.known,
            Outcome::Late(_) => &mut self.late,
        };
        *counter = counter.saturating_add(1);
        if !matches!(outcome, Outcome::Repeat(_)) {
            self.unread = self.unread.saturating_add(flow.unread.len());
        }
    }

    fn fail(&mut self, flow_id: &str, error: &dyn std::fmt::Display) {
        self.failed.push(format!("{flow_id}: {error}"));
    }
}

/// What names a revision: PSP, flow, version.
type Name = (String, String, i64);

fn name(flow: &FlowSummary) -> Name {
    (flow.psp_id.clone(), flow.flow_id.clone(), flow.revision)
}

fn stored_name(held: Filed) -> Name {
    let header = held.header;
    (header.psp_id, header.flow_id, header.revision)
}

/// The revisions that are stored, of the flows that were listed.
async fn held(ctx: &Ctx, creditor: &FiscalCode, listing: &Listing) -> Result<Vec<Filed>, Error> {
    let owner = creditor.clone();
    let ids = listing.flow_ids();
    let stored = ctx
        .read(move |conn| {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            settlement::held(conn, &owner, &ids)
        })
        .await?;
    Ok(stored)
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

/// The flows with their revisions, in the order of publication: one without that instant comes last. A flow
/// that has no place among the stored versions is told instead.
fn numbered(listed: Flows, held: &[Filed]) -> Vec<Result<FlowSummary, DatedFlow>> {
    match listed {
        Flows::Numbered(mut rows) => {
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
            rows.into_iter().map(Ok).collect()
        }
        Flows::Dated(rows) => rows.into_iter().map(|flow| dated(flow, held)).collect(),
    }
}

/// SOAP counts no revisions: the version of a moment that is stored keeps its number, a later one has the
/// next. An earlier one than the newest stored is no answer of the node's (ADR 0058).
fn dated(flow: DatedFlow, held: &[Filed]) -> Result<FlowSummary, DatedFlow> {
    let psp_id = psp_of(&flow.flow_id).unwrap_or(NO_PSP).to_owned();
    let versions = held.iter().map(|filed| &filed.header);
    let versions = versions.filter(|one| one.flow_id == flow.flow_id && one.psp_id == psp_id);
    let mut next = 1i64;
    let mut same = None;
    let mut overtaken = false;
    for version in versions {
        // SOAP writes seconds, REST may write fractions of them.
        match version.flow_at.timestamp().cmp(&flow.flow_at.timestamp()) {
            Ordering::Equal => same = same.max(Some(version.revision)),
            Ordering::Less => next = next.max(version.revision.saturating_add(1)),
            Ordering::Greater => overtaken = true,
        }
    }
    let revision = match same {
        Some(revision) => revision,
        None if overtaken => return Err(flow),
        None => next,
    };
    Ok(FlowSummary {
        psp_id,
        revision,
        published_at: None,
        flow_at: Some(flow.flow_at),
        flow_id: flow.flow_id,
    })
}

/// A revision with its answers as they came.
struct Fetched {
    listed: FlowSummary,
    header: Header,
    lines: Vec<Line>,
    unread: Vec<Unread>,
    bodies: Vec<Vec<u8>>,
}

/// A revision whose answers cannot be read.
struct Unreadable {
    listed: FlowSummary,
    bodies: Vec<Vec<u8>>,
    why: Said,
}

fn key(listed: &FlowSummary) -> RevisionKey<'_> {
    RevisionKey {
        psp_id: &listed.psp_id,
        flow_id: &listed.flow_id,
        revision: listed.revision,
    }
}

impl Fetched {
    fn key(&self) -> RevisionKey<'_> {
        key(&self.listed)
    }

    fn arrived(&self) -> Arrived<'_> {
        Arrived {
            header: &self.header,
            lines: &self.lines,
            unread: &self.unread,
        }
    }

    /// As one that cannot be filed.
    fn unreadable(&self, why: Said) -> Unreadable {
        Unreadable {
            listed: self.listed.clone(),
            bodies: self.bodies.clone(),
            why,
        }
    }
}

async fn fetch(
    client: &FlowClient,
    creditor: &FiscalCode,
    listed: &FlowSummary,
) -> Result<Result<Fetched, Unreadable>, Error> {
    let Published { flow, bodies } = client.fetch(creditor, listed).await?;
    let listed = listed.clone();
    Ok(match flow.and_then(|flow| read(flow, &listed)) {
        Ok((header, lines, unread)) => Ok(Fetched {
            listed,
            header,
            lines,
            unread,
            bodies,
        }),
        Err(why) => Err(Unreadable {
            listed,
            bodies,
            why,
        }),
    })
}

type Read = (Header, Vec<Line>, Vec<Unread>);

/// The flow as the domain knows it, and the rows that are none of it.
fn read(flow: Flow<Said>, listed: &FlowSummary) -> Result<Read, Said> {
    let header = header(flow.header, listed)?;
    if header.revision != listed.revision || header.flow_id != listed.flow_id {
        return Err(Said::new(
            "il flusso non è quello elencato",
            "the flow is not the one that was listed",
        ));
    }
    let (mut lines, mut unread) = (Vec::with_capacity(flow.payments.len()), Vec::new());
    // Rows are numbered in the order of the answer: the service's own index may repeat.
    for (number, row) in (1i32..).zip(flow.payments) {
        let row = row.map_err(|row| (row.text, row.error));
        match row.and_then(|payment| line(number, payment)) {
            Ok(line) => lines.push(line),
            Err((text, reason)) => unread.push(Unread {
                number,
                text,
                reason,
            }),
        }
    }
    Ok((header, lines, unread))
}

fn header(head: FlowHeader, listed: &FlowSummary) -> Result<Header, Said> {
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
        declared_sum: Cents::new(head.payments_cents).map_err(|why| why.said())?,
        published_at: head
            .published_at
            .or(listed.published_at)
            .unwrap_or(head.flow_at),
    })
}

/// One row; one whose amount does not fit is told with its text.
fn line(number: i32, payment: FlowPayment) -> Result<Line, (String, Said)> {
    let amount = Cents::new(payment.pay_cents).map_err(|why| {
        let text = format!(
            "{} {} {} {}",
            payment.iuv, payment.iur, payment.id_transfer, payment.pay_cents
        );
        (text, why.said())
    })?;
    Ok(Line {
        number,
        amount,
        iuv: payment.iuv,
        iur: payment.iur,
        transfer: i16::from(payment.id_transfer),
        outcome: outcome(&payment.status),
        paid_on: calendar::today(payment.paid_at),
    })
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
