//! `mockpsp run`: a scenario from a file, played against an engine of its own. A person reads what happens
//! in plain words, a test reads the exit code and the summary.

mod engine;
mod expect;
mod platform;
mod script;
mod stage;
mod steps;
mod summary;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use self::script::Script;
use self::stage::Stage;

/// What is run, and on what.
#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Files of scenarios, as `fixtures/scenarios/paid.toml`.
    #[arg(required = true)]
    scenarios: Vec<PathBuf>,
    /// The engine's program; without it the `avviso` beside this program.
    #[arg(long, value_name = "PROGRAM")]
    avviso: Option<PathBuf>,
    /// An empty database (`sqlite:FILE` or `postgres://…`) for a single scenario; without it each has a
    /// SQLite file that is thrown away.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Write what the engine has reconciled at the end into this file (JSON); for a single scenario.
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
    /// Write every SOAP message exchanged into this folder, one file each.
    #[arg(long, value_name = "FOLDER")]
    record: Option<PathBuf>,
}

/// Why a scenario did not end well.
#[derive(Debug)]
pub(crate) enum Stop {
    /// Something is not as the scenario expects.
    Unmet(String),
    /// It cannot go on: a program or the machine failed.
    Broken(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Broken(error.into())
    }
}

/// Says that an expectation does not hold.
pub(crate) fn unmet<T>(what: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Unmet(what.into()))
}

/// Plays every scenario; the exit code says whether all of them ended as they say.
pub(crate) fn run(order: &Run) -> anyhow::Result<ExitCode> {
    let single = order.database_url.is_some() || order.summary.is_some();
    anyhow::ensure!(
        order.scenarios.len() == 1 || !single,
        "--database-url and --summary are for a single scenario"
    );
    // Read first: a file with a fault is told before anything is started.
    let scripts: Vec<Script> = order
        .scenarios
        .iter()
        .map(|path| Script::read(path))
        .collect::<anyhow::Result<_>>()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let mut failed = 0_usize;
    for script in &scripts {
        let held = runtime.block_on(play(order, script))?;
        failed = failed.saturating_add(usize::from(!held));
    }
    if scripts.len() > 1 {
        let held = scripts.len().saturating_sub(failed);
        say(&format!("{held} of {} scenarios hold", scripts.len()))?;
    }
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Plays one scenario; whether it held.
async fn play(order: &Run, script: &Script) -> anyhow::Result<bool> {
    say(&script.title)?;
    for line in script.about.trim().lines() {
        say(&format!("  {line}"))?;
    }
    let mut stage = Stage::set(order, script).await?;
    let mut outcome = Ok(String::new());
    for (number, step) in (1_usize..).zip(&script.steps) {
        let line = script.line_of(step.span().start);
        outcome = steps::play(&mut stage, step.get_ref()).await;
        match &outcome {
            Ok(told) => say(&format!("{number:>4}  {told}"))?,
            Err(Stop::Unmet(what)) => {
                say(&format!("{number:>4}  NOT SO: {what}"))?;
                say(&format!("      {}, line {line}", script.path.display()))?;
                break;
            }
            Err(Stop::Broken(error)) => {
                say(&format!("{number:>4}  cannot go on: {error:#}"))?;
                say(&format!("      {}, line {line}", script.path.display()))?;
                break;
            }
        }
    }
    let ended = match outcome {
        Ok(_) => stage.end(order).await,
        Err(stop) => Err(stop),
    };
    match ended {
        Ok(books) => {
            say(&format!("      {books}"))?;
            Ok(true)
        }
        Err(Stop::Unmet(what)) => {
            say(&format!("      {what}"))?;
            stage.tell_log()?;
            Ok(false)
        }
        Err(Stop::Broken(error)) => {
            stage.tell_log()?;
            Err(error).with_context(|| script.path.display().to_string())
        }
    }
}

fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}
