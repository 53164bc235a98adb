//! `mockpsp`: the mocked payment gateway. It plays both partners of a creditor: the node that
//! calls its station (with payment service providers behind it) and the node that it calls for
//! its reporting flows. It shares no code with the engine: they meet on the wire only.

mod anomalies;
mod answers;
mod app;
mod batches;
mod contract;
mod control;
mod day;
mod demands;
mod disturbances;
mod fdr;
mod flow_door;
mod flows;
mod journal;
mod messages;
mod money;
mod node;
mod payments;
mod plan;
mod problem;
mod psp_door;
mod psps;
mod receipt_door;
mod rng;
mod rules;
mod run;
mod scenario;
mod soap;
mod stamps;
mod stand_in;
mod state;
mod summary;
mod treasury;

use std::io::{IsTerminal, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use actix_web::dev::Server;
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
    /// Play scenarios from files against an engine of their own, and say what happens in plain words.
    ///
    /// The exit code is 0 when every expectation holds, 1 when one does not or a program fails.
    #[command(after_long_help = LANGUAGE)]
    Run(run::Run),
    /// Print the OpenAPI document of the control API.
    Openapi,
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
  POST /control/disturbances                 what goes wrong with the next messages of a leg:
                                             lose, delay, duplicate, reorder, malform, falsify
  PUT  /control/mischief                     flow_wrong_sum, flow_revised, cash_split, per mille
  POST /control/payments                     one payment now; scenario: pay, pay_twice,
                                             late_receipt, lost_answer, late_outcome,
                                             activate_only, verify_only
  POST /control/demands                      a notice asked for at a provider, without a debt
  POST /control/payments/{id}/{step}         go on with a token: complete, fail, expire, keep
  POST /control/notices                      plan a batch: exactly `pay` of its notices are paid
  POST /control/days                         run a simulated day
  POST /control/receipts/deliver             deliver every receipt held back
  GET  /control/treasury/{creditor}?from&to  the treasurer's journal; format: csv, opi, camt053
  GET  /control/summary                      the ground truth
  GET  /control/anomalies/{creditor}         what went wrong, one by one

The contract is printed by `mockpsp openapi`.

Node doors: reporting flows   /fdr-org/service/v1/organizations/{tax_code}/fdrs
            the same by SOAP  POST /node-for-pa/v1
            archive           POST /aca/v1/paCreatePosition
            receipts          /bizevents/service/v1/organizations/{tax_code}/receipts/{iur}
            providers         POST /node-for-psp/v1 (SOAP: verifyPaymentNotice, verificaBollettino,
                              activatePaymentNotice and sendPaymentOutcome in V1 and V2,
                              demandPaymentNotice)";

const LANGUAGE: &str = "\
A scenario is a TOML file: a title, what it is about, and steps of one word each.

  title = \"Paid twice\"
  about = \"Two counters collect the same notice; the town owes one of them back.\"
  steps = [
    { charge = { name = \"lamps\", lamps = 2 } },
    { activate = { notice = \"lamps\", token = \"first\" } },
    { expire = { token = \"first\" } },
    { pay = { notice = \"lamps\", psp = \"CRVLIT2TXXX\" } },
    { outcome = { token = \"first\", told = \"PPT_PAGAMENTO_DUPLICATO\" } },
    { expect_payments = { count = 1 } },
  ]

`platform = true` beside the title lets the engine feed the archive and ask for lost receipts itself.

The town is Avezzano, the first day Monday 2 March 2026, time stands still until it is advanced.
`lamps` names the first notice of a charge, `tari:2.3` the third of the second option.

The town      charge { name, lamps | service + details }   amend { charge, state }
              pull { ends }   cash { format = csv | opi | camt053, new }   archive { notice }
              feed { notice, amount }   recover { payments }
              engine = stop | kill | start
The node      station { version, accounts, segregation_code }
              pay { notice, token, psp, told, amount, receipt = now | held }
              demand { notice, service, amount, answers, told }
              verify { notice, told, amount }   activate { notice, token, psp, told, amount }
              outcome { token, result = paid | paid_in_race | failed, told }
              expire { token }
              keep { token, code = 8 | 9 }   receipt { token, told }   retry { left }
Trouble       disturb { leg = verify | activate | receipt | demand | flows, times,
                        trouble = lose_request | lose_answer | delay | reorder | duplicate |
                                  malform_request | malform_answer | wrong_sum | wrong_station }
Days          settle { flow = wrong_sum | row_left_out | row_twice | row_short | row_unknown |
                              row_foreign | wrong_receiver | missing,
                       credit = split | missing | short | joined | reversed | restored |
                                truncated | wrapped | unnamed }      closes the open day
              advance { to }                                         closes every day up to one
What holds    expect_notice { notice, state }   expect_payments { count, amount, anomaly }
              expect_lines { kind, code, count, amount, flag }   expect_flows { count, state }

`told` is OK unless a step says which fault the provider hears, the node's (PPT_) or the creditor's
(PAA_). At its end each scenario lets the engine audit its books.";

fn main() -> ExitCode {
    match start() {
        Ok(code) => code,
        Err(error) => {
            // The chain of causes and no backtrace: what a person can act on.
            let _closed = writeln!(std::io::stderr().lock(), "mockpsp: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> anyhow::Result<ExitCode> {
    let command = Cli::parse().command;
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::from_default_env().add_directive(level(&command).into()),
        )
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    let serve = match command {
        Command::Run(order) => return run::run(&order),
        Command::Openapi => {
            std::io::stdout()
                .lock()
                .write_all(contract::document().as_bytes())?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Serve(serve) => serve,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(serve_until_stopped(serve))?;
    Ok(ExitCode::SUCCESS)
}

/// Somebody who reads a scenario is told by the scenario.
fn level(command: &Command) -> tracing::Level {
    match command {
        Command::Serve(_) => tracing::Level::INFO,
        Command::Run(_) | Command::Openapi => tracing::Level::ERROR,
    }
}

async fn serve_until_stopped(serve: Serve) -> anyhow::Result<()> {
    let (stop, stopping) = watch::channel(false);
    let app = build(&serve, stopping)?;
    let (running, address) = doors(
        Data::new(app),
        (serve.host, serve.port),
        serve.workers.max(1),
    )?;
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

/// All doors of the gateway, and the address where they are.
fn doors(
    app: Data<App>,
    (host, port): (IpAddr, u16),
    workers: usize,
) -> anyhow::Result<(Server, SocketAddr)> {
    let server = HttpServer::new(move || {
        Actix::new()
            .app_data(app.clone())
            .service(control::scope())
            .service(fdr::scope())
            .service(stand_in::scope())
            .service(receipt_door::scope())
            .service(psp_door::scope())
            .service(flow_door::scope())
    })
    .workers(workers)
    .disable_signals()
    .shutdown_timeout(10)
    .bind((host, port))
    .with_context(|| format!("cannot listen on {host}:{port}"))?;
    let address = server.addrs().first().copied();
    Ok((server.run(), address.context("the server has no address")?))
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
