//! `mockpsp`: the mocked payment gateway. It plays both partners of a creditor: the node that
//! calls its station (with payment service providers behind it) and the node that it calls for
//! its reporting flows. It shares no code with the engine: they meet on the wire only.

mod anomalies;
mod answers;
mod app;
mod batches;
mod control;
mod day;
mod fdr;
mod flows;
mod journal;
mod messages;
mod money;
mod node;
mod payments;
mod plan;
mod problem;
mod psps;
mod rng;
mod rules;
mod scenario;
mod soap;
mod stamps;
mod state;
mod summary;
mod treasury;

use std::io::{IsTerminal, Write};
use std::net::IpAddr;
use std::path::PathBuf;

use actix_web::web::Data;
use actix_web::{App as Actix, HttpServer};
use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use tokio::sync::watch;

use crate::app::{App, Parts};
use crate::journal::Store;
use crate::node::NodeClient;

/// A pretended pagoPA node with five invented payment service providers behind it.
#[derive(Debug, Parser)]
#[command(name = "mockpsp", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the control API and the node's doors until Ctrl-C.
    #[command(after_long_help = GUIDE)]
    Serve(Serve),
}

#[derive(Debug, Args)]
struct Serve {
    /// Port to listen on; 0 takes a free one and prints it.
    #[arg(long, default_value_t = 8900)]
    port: u16,
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,
    /// Folder of the journal. The gateway begins where the journal ends: Ctrl-C, a kill and a
    /// restart lose nothing and pay nothing twice.
    #[arg(long, default_value = "mockpsp-state")]
    state: PathBuf,
    /// Decides who pays what, when and where, and every identifier. A journal keeps its seed.
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// Write every SOAP message exchanged into this folder, one file each.
    #[arg(long)]
    record: Option<PathBuf>,
    /// Threads that answer HTTP.
    #[arg(long, default_value_t = 1)]
    workers: usize,
}

const GUIDE: &str = "\
Tell it who the creditor is and where its SOAP door is, then pay a notice:

  curl -X PUT localhost:8900/control/creditors/80001230456 -H 'content-type: application/json' -d '
    {\"legal_name\": \"Comune di Roccaverde\", \"broker_tax_code\": \"80001230456\", \"ibans\": [],
     \"stations\": [{\"station_id\": \"80001230456_01\", \"segregation_code\": \"01\", \"version\": 2,
                   \"url\": \"http://localhost:8080/soap/node\"}]}'
  curl localhost:8900/control/payments -H 'content-type: application/json' -d '
    {\"creditor\": \"80001230456\", \"notice_number\": \"301000000000000158\"}'

Time is simulated. Payments made by hand fall on the open day; running a day closes it, and its
flows can be read once the day of their publication (one or two later) has been run as well:

  curl localhost:8900/control/days -H 'content-type: application/json' -d '{\"date\": \"2026-03-02\"}'

Control API:
  GET  /control/status                       where it stands
  PUT  /control/creditors/{tax_code}         a creditor and its stations
  PUT  /control/mischief                     flow_wrong_sum, flow_revised, cash_split, per mille
  POST /control/payments                     one payment now; scenario: pay, pay_twice,
                                             late_receipt, lost_answer, late_outcome,
                                             activate_only, verify_only
  POST /control/payments/{id}/complete       the outcome of an activation left open
  POST /control/notices                      plan a batch: exactly `pay` of its notices are paid
  POST /control/days                         run a simulated day
  POST /control/receipts/deliver             deliver every receipt held back
  GET  /control/treasury/{creditor}?from&to  the treasurer's journal (CSV)
  GET  /control/summary                      the ground truth
  GET  /control/anomalies/{creditor}         what went wrong, one by one

Node door for reporting flows: /fdr-org/service/v1/organizations/{tax_code}/fdrs";

fn main() -> anyhow::Result<()> {
    let Command::Serve(serve) = Cli::parse().command;
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::from_default_env()
                .add_directive(tracing::Level::INFO.into()),
        )
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(run(serve))
}

async fn run(serve: Serve) -> anyhow::Result<()> {
    let (stop, stopping) = watch::channel(false);
    let app = build(&serve, stopping)?;
    let data = Data::new(app);
    let server = HttpServer::new(move || {
        Actix::new()
            .app_data(data.clone())
            .service(control::scope())
            .service(fdr::scope())
    })
    .workers(serve.workers.max(1))
    .disable_signals()
    .shutdown_timeout(10)
    .bind((serve.host, serve.port))
    .with_context(|| format!("cannot listen on {}:{}", serve.host, serve.port))?;
    let address = server
        .addrs()
        .first()
        .copied()
        .context("the server has no address")?;
    let running = server.run();
    let handle = running.handle();
    tokio::spawn(async move {
        signal().await;
        tracing::info!("stopping");
        stop.send_replace(true);
        handle.stop(true).await;
    });
    let mut out = std::io::stdout();
    writeln!(out, "listening on http://{address}")?;
    out.flush()?;
    running.await?;
    Ok(())
}

fn build(serve: &Serve, stop: watch::Receiver<bool>) -> anyhow::Result<App> {
    // A second provider cannot be installed in one process; whoever came first is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let store = Store::open(&serve.state, serve.seed)?;
    let node = NodeClient::new(serve.record.clone(), stop.clone())?;
    let parts = Parts {
        seed: serve.seed,
        wall_day: wall_day(),
        store,
        node,
        stop,
    };
    Ok(App::new(parts, tokio::runtime::Handle::current()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "only the default of the first simulated day comes from the wall clock"
)]
fn wall_day() -> chrono::NaiveDate {
    flows::local_day(chrono::Utc::now())
}

/// Waits for SIGINT or SIGTERM.
async fn signal() {
    let mut terminate =
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(terminate) => terminate,
            Err(error) => {
                tracing::error!(%error, "SIGTERM cannot be watched");
                return std::future::pending().await;
            }
        };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(test)]
mod tests;
