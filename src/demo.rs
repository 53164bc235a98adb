//! `avviso demo`: a year in the life of a town, through the same doors that everybody uses.
//!
//! One process is supervisor and conductor: it starts `avviso serve` and `mockpsp`, lets the simulated days
//! pass, starts the engine again when it dies, and at the end holds the engine's books against what really
//! happened. It uses nothing of the engine but its doors and some words of the domain.

mod anomalies;
mod bars;
mod books;
mod chance;
mod children;
mod conductor;
mod engine;
mod gateway;
mod http;
mod keepsakes;
mod people;
mod progress;
mod services;
mod stage;
mod summary;
mod year;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, bail};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use anomalies::{Found, Injected, OpenLines};
use bars::Bars;
use books::Books;
use conductor::Conductor;
use gateway::Truth;
use http::{Halt, Http, Interrupted};
use progress::{Progress, Terms};
use stage::{Place, Stage, Town};
use summary::Summary;
use year::{PAYMENTS, WHOLE, Year};

/// Exit code after Ctrl-C, as shells have it.
const INTERRUPTED: u8 = 130;

/// What the demonstration is told.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Database to fill, an empty one: `sqlite:FILE` or `postgres://…`. A file in the folder of results
    /// when not given.
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Folder of results: summary, reports, notices, a receipt, logs, and the progress that a second run
    /// resumes from.
    #[arg(long, default_value = "out")]
    out: PathBuf,
    /// Decides who lives in the town, who pays what and when, and what goes wrong.
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    /// Size of the town: 1 issues 25,000 notices, 0.02 a fiftieth of them.
    #[arg(long, default_value = "1", value_parser = scale)]
    scale: u64,
    /// Notices that are paid; 18,000 times the scale when not given.
    #[arg(long)]
    payments: Option<u64>,
    /// Begin anew, and forget what an earlier run in this folder has done.
    #[arg(long)]
    fresh: bool,
}

/// Reads a scale as ten-thousandths.
fn scale(text: &str) -> Result<u64, String> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let padded = format!("{decimals:0<4}");
    let read = format!("{whole}{padded}").parse::<u64>().ok();
    read.filter(|scale| padded.len() == 4 && digits(whole) && (1..=4 * WHOLE).contains(scale))
        .ok_or_else(|| "a scale is a number from 0.0001 to 4, as 0.02".to_owned())
}

/// Runs or resumes the demonstration.
///
/// # Errors
/// When a step fails, or the books differ from what happened.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let (stop, wanted) = watch::channel(false);
        tokio::spawn(async move {
            if first_signal().await.is_ok() {
                stop.send_replace(true);
            }
            // Without its sender a wish to stop could not be told from its absence.
            stop.closed().await;
        });
        match perform(args, Halt::new(wanted)).await {
            Ok(true) => Ok(ExitCode::SUCCESS),
            Ok(false) => Ok(ExitCode::FAILURE),
            Err(error) if error.is::<Interrupted>() => {
                bars::say("Interrotto: lo stesso comando riprende da qui.")?;
                Ok(ExitCode::from(INTERRUPTED))
            }
            Err(error) => Err(error),
        }
    })
}

async fn first_signal() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Everything; whether the year is as it should be.
async fn perform(args: &Args, halt: Halt) -> anyhow::Result<bool> {
    let place = place(args)?;
    let town = Town::first()?;
    let terms = terms(args, &place);
    stage::clear(&place).await?;
    let mut earlier = Progress::load(&place.state())?;
    if args.fresh {
        stage::forget(&place, earlier.as_ref(), &terms).await?;
        earlier = None;
    }
    if let Some(earlier) = &earlier {
        if earlier.terms != terms {
            bail!(
                "{} holds another demonstration (other seed, size or database); use --fresh or --out",
                place.out.display()
            );
        }
        if earlier.finished {
            bars::say("Già finito; --fresh ricomincia da capo.\n")?;
            bars::say(&std::fs::read_to_string(place.out.join("summary.txt"))?)?;
            return Ok(true);
        }
        bars::say("Riprendo da dove ero rimasto.")?;
    }
    let begun = Instant::now();
    let mut progress = stage::lay(&place, &town, earlier, terms).await?;
    let http = Http::new(halt.clone())?;
    let from = engine::morning(conductor::next_day(&progress));
    let stage = Stage::open(&place, &town, &http, (&progress, from)).await?;
    let outcome = play((&place, &town), &stage, (&halt, begun), &mut progress).await;
    progress.restarts = progress.restarts.saturating_add(stage.serve.restarts());
    progress.peak_kib = progress.peak_kib.max(stage.serve.peak_kib());
    let trouble = stage.close().await;
    let told = match (outcome, trouble) {
        (Ok(told), _) => told,
        (Err(error), Some(trouble)) if !error.is::<Interrupted>() => {
            return Err(trouble.context(error));
        }
        (Err(error), _) => {
            progress.save()?;
            return Err(error);
        }
    };
    let audit = stage::engine_program(&place, &["audit"])?.finish().await?;
    let differences = told
        .books
        .differences(&told.truth, &town.tax_code, progress.terms.payments);
    let anomalies = told.found.compare(&told.injected, &told.open);
    let summary = Summary {
        town: &town.legal_name,
        told: &told,
        differences: &differences,
        anomalies: &anomalies,
        audit: &audit,
    };
    finish(&place, &summary, &mut progress)
}

fn place(args: &Args) -> anyhow::Result<Place> {
    std::fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    let out = args.out.canonicalize()?;
    let own = format!("sqlite:{}", Place::default_file(&out).display());
    let given = args.database_url.clone().filter(|url| !url.is_empty());
    Ok(Place {
        own_file: given.is_none(),
        database: given.unwrap_or(own),
        out,
    })
}

fn terms(args: &Args, place: &Place) -> Terms {
    let whole = PAYMENTS
        .saturating_mul(args.scale)
        .checked_div(WHOLE)
        .unwrap_or(0);
    Terms {
        seed: args.seed,
        scale: args.scale,
        payments: args.payments.unwrap_or(whole),
        database: progress::digest(&place.database),
    }
}

/// What the engine and the gateway tell at the end.
#[derive(Debug)]
struct Told {
    books: Books,
    truth: Truth,
    /// What is odd in the engine's books.
    found: Found,
    /// What the gateway did wrong on purpose.
    injected: Vec<Injected>,
    /// The engine's report of the lines that are not reconciled.
    open: OpenLines,
}

/// The year itself, then the books, and what is kept of them.
async fn play(
    (place, town): (&Place, &Town),
    stage: &Stage,
    (halt, begun): (&Halt, Instant),
    progress: &mut Progress,
) -> anyhow::Result<Told> {
    let Terms {
        seed,
        scale,
        payments,
        ..
    } = progress.terms;
    let year = Year::of(seed, scale, payments);
    let code = town.segregation_code()?;
    let days = u64::try_from(conductor::days().count()).unwrap_or(0);
    let bars = Bars::new(days, year.notices(), year.payments);
    let millis_before = progress.real_millis;
    let mut conductor = Conductor {
        year: &year,
        stage,
        code: &code,
        bars: &bars,
        halt,
        progress,
        begun,
        millis_before,
    };
    let conducted = conductor.conduct().await;
    bars.end();
    conductor.save()?;
    conducted?;
    let reading = Instant::now();
    let truth = stage.gateway.truth().await?;
    let injected = stage.gateway.anomalies().await?;
    let (books, found, samples) = Books::read(&stage.engine).await?;
    let open = keepsakes::keep(&stage.engine, &town.tax_code, &samples, &place.out).await?;
    conductor.progress.spent.books += progress::millis_since(reading);
    conductor.save()?;
    Ok(Told {
        books,
        truth,
        found,
        injected,
        open,
    })
}

fn finish(place: &Place, summary: &Summary<'_>, progress: &mut Progress) -> anyhow::Result<bool> {
    let text = summary.text();
    std::fs::write(place.out.join("summary.txt"), &text)?;
    std::fs::write(
        place.out.join("summary.json"),
        format!("{:#}\n", summary.json()),
    )?;
    progress.finished = summary.good();
    progress.save()?;
    bars::say(&format!("\n{text}"))?;
    let spent = progress.spent;
    bars::say(&format!(
        "Tempo {} s (emissione {}, pagamenti {}, ragioneria {}, libri e stampe {}); memoria massima di \
         avviso {} MiB; riavvii {}.\nTutto in {}.",
        seconds(progress.real_millis),
        seconds(spent.issuing),
        seconds(spent.paying),
        seconds(spent.accounts),
        seconds(spent.books),
        progress.peak_kib.div_ceil(1024),
        progress.restarts,
        place.out.display()
    ))?;
    Ok(summary.good())
}

/// `12,3`.
fn seconds(millis: u64) -> String {
    format!("{},{}", millis / 1000, millis % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::scale;

    #[test]
    fn a_scale_is_a_decimal_number() {
        assert_eq!(scale("1"), Ok(10_000));
        assert_eq!(scale("0.02"), Ok(200));
        for wrong in ["", "0", "x", "0.00001", "5", "-1", "1.x"] {
            assert!(scale(wrong).is_err(), "{wrong}");
        }
    }
}
