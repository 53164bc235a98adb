//! The command line of the engine.

mod demo;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use avviso::app::audit;
use avviso::app::clients::{self, Key};
use avviso::app::creditors::{self, Registered, Taxonomy};
use avviso::boot::{self, Jobs};
use avviso::config::Config;
use avviso::domain::client::Tenant;
use avviso::domain::fiscal_code::FiscalCode;
use avviso::domain::lifecycle;
use avviso::domain::trail::Actor;
use avviso::jobs::seal_trail;
use avviso::store::Conn;
use avviso::store::conn::Access;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

/// The payment-notice engine of Italian public bodies: from a charge to a reconciled cent.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
First steps, on a file in this folder (no database to install):
  avviso migrate
  avviso import fixtures/comuni/avezzano.toml
  avviso key --creditor 99999000203 --role portal --name \"Sportello online\"
  avviso serve --with-jobs

On PostgreSQL:
  export DATABASE_URL=postgres://avviso@db.example/avviso
  avviso migrate && avviso serve &
  avviso work

With a simulated time (development only):
  AVVISO_CLOCK=2026-06-16T23:59:00+02:00 avviso serve
  curl -X PUT 127.0.0.1:8082/clock -H 'content-type: application/json' -d '{\"now\":\"2026-06-17T08:00:00Z\"}'

`avviso config` lists the environment variables.";

#[derive(Subcommand)]
enum Command {
    /// Serves REST, the SOAP door of the node and the operations door, until SIGINT or SIGTERM.
    ///
    /// Refuses to start when the schema of the database is not the one of this program.
    Serve {
        /// Also run jobs in this process: for small installations.
        #[arg(long)]
        with_jobs: bool,
    },
    /// Runs jobs only: flows to pull, timers, rolls to load.
    Work,
    /// Brings the schema of the database to this program's. Nothing else ever does.
    Migrate {
        /// Takes every migration back instead, newest first: all data is lost.
        #[arg(long)]
        down: bool,
    },
    /// Registers the town of a file: its stations, accounts, services and tariffs become those of the file.
    ///
    /// A file with faults changes nothing; all faults are listed with their lines.
    Import {
        /// TOML file, as `fixtures/comuni/avezzano.toml`.
        file: PathBuf,
        /// The official list of collection codes (CSV of pagoPA); codes that it lacks are refused.
        /// Without it only their shape is checked.
        #[arg(long, value_name = "FILE")]
        taxonomy: Option<PathBuf>,
    },
    /// Prints the file of a town. What was imported comes back unchanged; comments are not kept.
    Export {
        /// Tax code of the town.
        #[arg(long, value_name = "TAX_CODE", value_parser = tax_code)]
        creditor: FiscalCode,
    },
    /// Makes an API key and prints it; it is shown this once.
    Key {
        /// Tax code of the town.
        #[arg(long, value_name = "TAX_CODE", value_parser = tax_code)]
        creditor: FiscalCode,
        /// What the key may do.
        #[arg(long)]
        role: Role,
        /// Who holds the key: an office, a software.
        #[arg(long)]
        name: String,
    },
    /// Lives a year of a town against a pretended pagoPA: 25,000 notices, 18,000 payments, flows and cash.
    ///
    /// Needs `mockpsp` beside this program. Ctrl-C stops in order; the same command goes on from there.
    Demo(demo::Args),
    /// Seals the audit trail, and derives every invariant from the books again; fails when one is broken.
    Audit,
    /// Prints the OpenAPI document.
    Openapi,
    /// Prints the transition table of a notice as a Mermaid diagram.
    States,
    /// Prints the reference of the environment variables.
    Config,
}

/// Roles of API keys.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    /// Makes positions and shows notices.
    Portal,
    /// Reads receipts, flows and reports, reconciles.
    Accounting,
    /// Reads everything.
    Auditor,
    /// Manages the registry.
    Admin,
    /// Looks into calls of the node, with their messages.
    Support,
}

impl Role {
    /// The name that the API knows.
    fn name(self) -> &'static str {
        match self {
            Role::Portal => "portal",
            Role::Accounting => "accounting",
            Role::Auditor => "auditor",
            Role::Admin => "admin",
            Role::Support => "support",
        }
    }
}

fn tax_code(text: &str) -> Result<FiscalCode, String> {
    FiscalCode::parse(text).map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    match start() {
        Ok(code) => code,
        Err(error) => {
            // The chain of causes and no backtrace: what an operator can act on.
            let _closed = writeln!(std::io::stderr().lock(), "avviso: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> anyhow::Result<ExitCode> {
    let reference = format!("{EXAMPLES}\n\nEnvironment:\n\n{}", Config::describe());
    let matches = Cli::command().after_long_help(reference).get_matches();
    let Cli { command } = Cli::from_arg_matches(&matches)?;
    match command {
        Command::Config => return done(print(&Config::describe())),
        Command::States => return done(print(&lifecycle::mermaid())),
        Command::Openapi => return done(print(&format!("{:#}\n", avviso::api::document()))),
        Command::Demo(args) => return demo::run(&args),
        Command::Serve { .. }
        | Command::Work
        | Command::Migrate { .. }
        | Command::Import { .. }
        | Command::Export { .. }
        | Command::Key { .. }
        | Command::Audit => {}
    }
    let config = Config::from_env()?;
    boot::prepare(&config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    done(runtime.block_on(run(command, config)))
}

fn done(outcome: anyhow::Result<()>) -> anyhow::Result<ExitCode> {
    outcome.map(|()| ExitCode::SUCCESS)
}

/// The commands that need a configuration.
async fn run(command: Command, config: Config) -> anyhow::Result<()> {
    match command {
        Command::Serve { with_jobs } => {
            let jobs = if with_jobs {
                Jobs::Here
            } else {
                Jobs::Elsewhere
            };
            boot::serve(config, jobs).await
        }
        Command::Work => boot::work(config).await,
        Command::Migrate { down } => migrate(&config, down),
        Command::Import { file, taxonomy } => import(config, file, taxonomy).await,
        Command::Export { creditor } => export(config, creditor).await,
        Command::Key {
            creditor,
            role,
            name,
        } => key(config, creditor, role, name).await,
        Command::Audit => audit(config).await,
        Command::Demo(_) | Command::Openapi | Command::States | Command::Config => Ok(()),
    }
}

fn migrate(config: &Config, down: bool) -> anyhow::Result<()> {
    let mut conn = Conn::open(&config.database_url, Access::Write)
        .context("the database of DATABASE_URL cannot be opened")?;
    let (done, word) = if down {
        (conn.revert()?, "taken back")
    } else {
        (conn.migrate()?, "applied")
    };
    if done.is_empty() {
        return print("nothing to do: the schema is current\n");
    }
    print(&format!("{word}: {}\n", done.join(", ")))
}

async fn import(config: Config, file: PathBuf, taxonomy: Option<PathBuf>) -> anyhow::Result<()> {
    let read = |path: &PathBuf| {
        std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
    };
    let text = read(&file)?;
    let list = taxonomy.as_ref().map(read).transpose()?;
    let ctx = boot::open(config).await?.by(Actor::Operator);
    let taxonomy = match list {
        None => Taxonomy::Unlisted,
        Some(list) => Taxonomy::read(&list, ctx.today())?,
    };
    let imported = creditors::import_file(&ctx, &text, &taxonomy).await;
    let (tax_code, registered) = imported.with_context(|| file.display().to_string())?;
    let word = match registered {
        Registered::New { .. } => "registered",
        Registered::Replaced { .. } => "replaced",
        Registered::Unchanged { .. } => "unchanged",
    };
    let services = ctx.registry.services(&tax_code, ctx.today()).len();
    let revision = registered.revision();
    print(&format!(
        "{tax_code} {word}: revision {revision}, {services} services in force\n"
    ))
}

async fn export(config: Config, creditor: FiscalCode) -> anyhow::Result<()> {
    let ctx = boot::open(config).await?;
    print(
        &ctx.report(move |conn| creditors::export(conn, &creditor))
            .await?,
    )
}

/// Makes a key with a secret from the TLS library's random source.
async fn key(config: Config, creditor: FiscalCode, role: Role, name: String) -> anyhow::Result<()> {
    let ctx = boot::open(config).await?.by(Actor::Operator);
    if ctx.registry.creditor(&creditor).is_none() {
        bail!("no town {creditor} is registered; run `avviso import` first");
    }
    let mut secret = [0u8; 32];
    let random = rustls::crypto::ring::default_provider().secure_random;
    if random.fill(&mut secret).is_err() {
        bail!("the system has no random bytes to give");
    }
    let key = Key::new(Tenant::Creditor(creditor), ctx.ids.next(), &secret);
    let text = key.reveal();
    let roles = vec![role.name().to_owned()];
    ctx.write(move |tx, now| clients::issue(tx, now, &key, &name, &roles))
        .await?;
    print(&format!("{text}\n"))
}

/// Prints every invariant of every town and of the registry, and fails when one is broken.
async fn audit(config: Config) -> anyhow::Result<()> {
    let ctx = boot::open(config).await?;
    let mut broken = 0usize;
    for creditor in ctx.registry.creditors() {
        let of = creditor.tax_code.clone();
        seal_trail::run(&ctx, &Tenant::Creditor(of.clone())).await?;
        let checks = ctx.report(move |conn| audit::audit(conn, &of)).await?;
        print(&format!("{} {}\n", creditor.tax_code, creditor.legal_name))?;
        broken = broken.saturating_add(told(&checks)?);
    }
    seal_trail::run(&ctx, &Tenant::Platform).await?;
    let check = ctx.report(|conn| audit::trail(conn, &Tenant::Platform));
    print(&format!("{}\n", Tenant::Platform))?;
    broken = broken.saturating_add(told(&[check.await?])?);
    match broken {
        0 => print("the books agree\n"),
        broken => bail!("{broken} invariants are broken"),
    }
}

/// Prints what was checked; how many invariants are broken.
fn told(checks: &[audit::Check]) -> anyhow::Result<usize> {
    for check in checks {
        print(&format!("  {check}\n"))?;
    }
    Ok(checks.iter().filter(|check| !check.holds()).count())
}

fn print(text: &str) -> anyhow::Result<()> {
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}
