//! Wires everything once: configuration, log, context, the three doors, the job loop; and stops in order.

mod ops;

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use anyhow::{Context as _, bail};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use crate::api;
use crate::config::{Config, Profile};
use crate::ctx::Ctx;
use crate::jobs::{KINDS, Worker, timers};
use crate::node;
use crate::store::conn::{Access, SchemaState};
use crate::store::crash::{self, Crash};
use crate::store::{self, Conn};
use ops::Readiness;

/// How often the registry is read again, for changes made by other processes.
const REGISTRY_EVERY: Duration = Duration::from_secs(30);
/// How often the journal of events is written.
const EVENTS_EVERY: Duration = Duration::from_millis(250);
/// Connections that wait to be accepted.
const BACKLOG: u32 = 4096;
/// An idle connection is kept so long.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// The head of a request must arrive within this time.
const REQUEST_HEAD: Duration = Duration::from_secs(5);
/// The last rows must be on disk within this time of the end.
const CLOSE: Duration = Duration::from_secs(30);

/// Whether a serving process also runs jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jobs {
    /// For small installations: one process does everything.
    Here,
    /// `avviso work` runs elsewhere.
    Elsewhere,
}

/// Sends the log to standard error, one JSON object a line, and chooses the TLS library.
///
/// # Errors
/// When another log or library was installed before.
pub fn prepare(config: &Config) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log).context("AVVISO_LOG")?;
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_writer(std::io::stderr)
        .with_env_filter(filter)
        .try_init()
        .map_err(|error| anyhow::anyhow!("the log cannot be started: {error}"))?;
    if rustls::crypto::ring::default_provider()
        .install_default()
        .is_err()
    {
        bail!("another TLS library is installed already");
    }
    for name in &config.unknown {
        tracing::warn!(
            name,
            "{name} is not a variable of this program; see `avviso config`"
        );
    }
    Ok(())
}

/// Opens the context on a current schema, with the registry filled.
///
/// # Errors
/// When the database cannot be reached, or its schema is behind or ahead of this program.
pub async fn open(config: Config) -> anyhow::Result<Ctx> {
    if let Some(text) = &config.crash_at {
        let crash = Crash::parse(text);
        crash::arm(crash.with_context(|| format!("AVVISO_CRASH_AT: `{text}` is no point"))?);
    }
    let mut conn = Conn::open(&config.database_url, Access::Write)
        .context("the database of DATABASE_URL cannot be opened")?;
    if let Err(why) = current(&conn.schema_state()?) {
        bail!(why);
    }
    drop(conn);
    let ctx = Ctx::open(config)?;
    ctx.reload_registry().await?;
    Ok(ctx)
}

/// Says what is wrong with a schema, and the remedy.
fn current(state: &SchemaState) -> Result<(), String> {
    match state {
        SchemaState::Current => Ok(()),
        SchemaState::Behind(missing) => Err(format!(
            "the schema of the database is behind this program; run `avviso migrate` (missing: {})",
            missing.join(", ")
        )),
        SchemaState::Ahead(unknown) => Err(format!(
            "the schema of the database is ahead of this program; run the newer program, or take back \
             its migrations with it (unknown: {})",
            unknown.join(", ")
        )),
    }
}

/// Serves the three doors until SIGINT or SIGTERM.
///
/// # Errors
/// When the engine cannot start; stopping always succeeds.
pub async fn serve(config: Config, jobs: Jobs) -> anyhow::Result<()> {
    let ctx = open(config).await?;
    let signals = Signals::listen()?;
    let config = ctx.config.clone();
    let readiness = Readiness::default();
    let state = api::State::new(&ctx, prometheus::default_registry())?;
    let state = web::Data::new(state);
    let rest = move |cfg: &mut web::ServiceConfig, _: &Ctx| api::configure(cfg, state.clone());
    let doors = vec![
        Door::open("rest", config.listen, config.workers, &ctx, rest)?,
        Door::open(
            "node",
            config.node_listen,
            config.workers,
            &ctx,
            node::configure,
        )?,
    ];
    let ops = open_ops(&ctx, &readiness)?;
    let refresher = tokio::spawn(refresh(ctx.clone(), jobs));
    let filer = tokio::spawn(file_events(ctx.clone()));
    let worker = (jobs == Jobs::Here).then(|| Worker::start(ctx.clone(), KINDS));
    if config.profile == Profile::Development {
        tracing::info!("development profile: set AVVISO_PROFILE=production for real payments");
    }
    signals.first().await;
    readiness.stop();
    stop(ctx, doors, ops, [refresher, filer], worker).await;
    Ok(())
}

/// Runs jobs until SIGINT or SIGTERM; only the operations door is open.
///
/// # Errors
/// As [`serve`].
pub async fn work(config: Config) -> anyhow::Result<()> {
    let ctx = open(config).await?;
    let signals = Signals::listen()?;
    let readiness = Readiness::default();
    let ops = open_ops(&ctx, &readiness)?;
    let refresher = tokio::spawn(refresh(ctx.clone(), Jobs::Here));
    let filer = tokio::spawn(file_events(ctx.clone()));
    let worker = Worker::start(ctx.clone(), KINDS);
    signals.first().await;
    readiness.stop();
    stop(ctx, Vec::new(), ops, [refresher, filer], Some(worker)).await;
    Ok(())
}

fn open_ops(ctx: &Ctx, readiness: &Readiness) -> anyhow::Result<Door> {
    let readiness = readiness.clone();
    let mount = move |cfg: &mut web::ServiceConfig, ctx: &Ctx| ops::configure(cfg, ctx, &readiness);
    Door::open("ops", ctx.config.ops_listen, 1, ctx, mount)
}

/// One HTTP server.
struct Door {
    handle: ServerHandle,
    running: JoinHandle<std::io::Result<()>>,
}

impl Door {
    fn open(
        name: &'static str,
        address: SocketAddr,
        workers: usize,
        ctx: &Ctx,
        mount: impl Fn(&mut web::ServiceConfig, &Ctx) + Clone + Send + 'static,
    ) -> anyhow::Result<Door> {
        let held = ctx.clone();
        let server = HttpServer::new(move || App::new().configure(|cfg| mount(cfg, &held)))
            .workers(workers)
            .backlog(BACKLOG)
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(REQUEST_HEAD)
            .shutdown_timeout(ctx.config.stop_seconds)
            .disable_signals()
            .bind(address)
            .with_context(|| format!("the {name} door cannot listen on {address}"))?;
        for address in server.addrs() {
            tracing::info!(door = name, %address, "{name} listens on {address}");
        }
        let server = server.run();
        Ok(Door {
            handle: server.handle(),
            running: tokio::spawn(server),
        })
    }

    /// Accepts nothing more and finishes the requests that run.
    async fn close(self) {
        self.handle.stop(true).await;
        // An error here is one of accepting connections, which is over.
        let _ended = self.running.await;
    }
}

/// Keeps the registry fresh and, where jobs run, sees that each creditor has those that repeat.
async fn refresh(ctx: Ctx, jobs: Jobs) {
    loop {
        if jobs == Jobs::Here
            && let Err(error) = enqueue_timers(&ctx).await
        {
            tracing::warn!(%error, "the jobs that repeat cannot be enqueued");
        }
        tokio::time::sleep(REGISTRY_EVERY).await;
        if let Err(error) = ctx.reload_registry().await {
            tracing::warn!(%error, "the registry of creditors cannot be read again");
        }
    }
}

/// The repeating jobs of each creditor; those that are there stay as they are.
async fn enqueue_timers(ctx: &Ctx) -> Result<(), store::Error> {
    let creditors = ctx.registry.creditors();
    let timers: Vec<_> = creditors
        .iter()
        .flat_map(|creditor| timers(ctx, &creditor.tax_code))
        .collect();
    ctx.write(move |tx, now| {
        for timer in &timers {
            store::jobs::enqueue(tx, now, timer)?;
        }
        Ok::<_, store::Error>(())
    })
    .await?;
    ctx.jobs_due.notify_one();
    Ok(())
}

/// Brings the calls that were noted to disk, a few times a second.
async fn file_events(ctx: Ctx) {
    loop {
        tokio::time::sleep(EVENTS_EVERY).await;
        if let Err(error) = ctx.file_events().await {
            tracing::warn!(%error, "the journal of events cannot be written; its entries wait");
        }
    }
}

/// What asks a program to stop. Heard from before the first door says that it is open: whoever reads that may
/// send one at once.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn first(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// In this order: requests end, jobs end and give their leases back, the operations door closes, the last
/// rows reach the disk.
async fn stop(
    ctx: Ctx,
    doors: Vec<Door>,
    ops: Door,
    background: [JoinHandle<()>; 2],
    worker: Option<Worker>,
) {
    tracing::info!("stopping");
    let patience = Duration::from_secs(ctx.config.stop_seconds);
    for task in background {
        task.abort();
        let _aborted = task.await;
    }
    futures_util::future::join_all(doors.into_iter().map(Door::close)).await;
    if let Some(worker) = worker {
        worker.stop(patience).await;
    }
    ops.close().await;
    if let Err(error) = ctx.file_events().await {
        tracing::error!(%error, "the last calls are missing in the journal of events");
    }
    let Ctx { db, .. } = ctx;
    let closed = tokio::task::spawn_blocking(move || db.close());
    match tokio::time::timeout(CLOSE, closed).await {
        Ok(_) => tracing::info!("stopped"),
        Err(_) => tracing::warn!("stopped while queries still ran; what was answered is on disk"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_that_does_not_fit_is_told_with_its_remedy() {
        assert_eq!(current(&SchemaState::Current), Ok(()));
        let behind = current(&SchemaState::Behind(vec!["20260101000005".into()])).unwrap_err();
        assert!(behind.contains("`avviso migrate`") && behind.contains("20260101000005"));
        let ahead = current(&SchemaState::Ahead(vec!["20270101000001".into()])).unwrap_err();
        assert!(ahead.contains("newer program") && ahead.contains("20270101000001"));
    }
}
