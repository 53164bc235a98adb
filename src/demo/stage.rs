//! Sets the stage: folder, database, towns, keys, the two programs; and takes it down.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use avviso::domain::notice_number::SegregationCode;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::children::{self, Keeper, Program};
use super::engine::Engine;
use super::gateway::Gateway;
use super::http::Http;
use super::progress::{Progress, Terms};

/// The towns that are imported; the first one has the year.
const TOWNS: [(&str, &str); 2] = [
    (
        "avezzano.toml",
        include_str!("../../fixtures/comuni/avezzano.toml"),
    ),
    (
        "altopascio.toml",
        include_str!("../../fixtures/comuni/altopascio.toml"),
    ),
];

/// Where everything is.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The folder of results.
    pub(crate) out: PathBuf,
    /// Address of the database.
    pub(crate) database: String,
    /// Whether the database is the file that this program makes by itself.
    pub(crate) own_file: bool,
}

impl Place {
    pub(crate) fn state(&self) -> PathBuf {
        self.out.join("state")
    }

    /// The file of the default database.
    pub(crate) fn default_file(out: &Path) -> PathBuf {
        out.join("avviso.sqlite")
    }
}

/// What the demonstration knows of its town.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Town {
    pub(crate) tax_code: String,
    pub(crate) legal_name: String,
    stations: Vec<Station>,
    services: Vec<Service>,
}

#[derive(Debug, Clone, Deserialize)]
struct Service {
    code: String,
    accounting_key: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Station {
    station_id: String,
    broker_tax_code: String,
    segregation_code: String,
}

impl Town {
    /// The town with the year.
    ///
    /// # Errors
    /// When its file is not what this program was built with.
    pub(crate) fn first() -> anyhow::Result<Town> {
        let [(name, text), _] = TOWNS;
        toml::from_str(text).with_context(|| name.to_owned())
    }

    /// The code in the town's notice numbers.
    ///
    /// # Errors
    /// When it has no station.
    pub(crate) fn segregation_code(&self) -> anyhow::Result<SegregationCode> {
        let station = self.stations.first().context("the town has no station")?;
        Ok(SegregationCode::parse(&station.segregation_code)?)
    }

    /// The account of each service, by its code.
    fn accounts(&self) -> BTreeMap<&str, &str> {
        let services = self.services.iter();
        services
            .map(|one| (one.code.as_str(), one.accounting_key.as_str()))
            .collect()
    }

    /// How the gateway knows the town. Any account is taken: the Province has its share on its own.
    fn for_gateway(&self, node_url: &str) -> Value {
        let stations: Vec<Value> = self
            .stations
            .iter()
            .map(|station| {
                json!({
                    "station_id": station.station_id,
                    "segregation_code": station.segregation_code,
                    "version": 2,
                    "url": node_url,
                })
            })
            .collect();
        let broker = self
            .stations
            .first()
            .map(|station| station.broker_tax_code.as_str());
        json!({
            "legal_name": self.legal_name,
            "broker_tax_code": broker.unwrap_or_default(),
            "stations": stations,
        })
    }
}

/// The engine's program with these arguments.
pub(crate) fn engine_program(place: &Place, arguments: &[&str]) -> anyhow::Result<Program> {
    Ok(Program {
        name: "avviso",
        executable: std::env::current_exe()?,
        arguments: arguments
            .iter()
            .map(|&argument| argument.to_owned())
            .collect(),
        environment: vec![
            ("DATABASE_URL".into(), place.database.clone()),
            ("AVVISO_PROFILE".into(), "development".into()),
            ("AVVISO_LOG".into(), "warn".into()),
        ],
        folder: place.out.clone(),
    })
}

/// Makes the folders. What an earlier demonstration left running is stopped.
///
/// # Errors
/// When a folder cannot be made, or a program does not stop.
pub(crate) async fn clear(place: &Place) -> anyhow::Result<()> {
    for folder in ["logs", "state", "reports", "notices", "receipts"] {
        let folder = place.out.join(folder);
        std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    }
    serve_program(place)?.stop_leftover().await?;
    gateway_program(place, 0)?.stop_leftover().await
}

/// Forgets an earlier demonstration: its own file, or its own tables in a database that it has filled.
///
/// # Errors
/// When something cannot be removed.
pub(crate) async fn forget(
    place: &Place,
    earlier: Option<&Progress>,
    terms: &Terms,
) -> anyhow::Result<()> {
    if place.own_file {
        let file = Place::default_file(&place.out);
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let mut path = file.clone().into_os_string();
            path.push(suffix);
            remove(Path::new(&path))?;
        }
    } else if earlier.is_some_and(|earlier| earlier.terms.database == terms.database) {
        engine_program(place, &["migrate", "--down"])?.run().await?;
    }
    for folder in ["state", "reports", "notices", "receipts", "logs"] {
        let folder = place.out.join(folder);
        std::fs::remove_dir_all(&folder).with_context(|| folder.display().to_string())?;
        std::fs::create_dir_all(&folder)?;
    }
    for file in ["summary.txt", "summary.json"] {
        remove(&place.out.join(file))?;
    }
    Ok(())
}

fn remove(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| path.display().to_string())
        }
        _ => Ok(()),
    }
}

/// Lays the database: schema, towns, keys. Repeats what an interrupted run has begun.
///
/// # Errors
/// When the database belongs to somebody else, or a step fails.
pub(crate) async fn lay(
    place: &Place,
    town: &Town,
    earlier: Option<Progress>,
    terms: Terms,
) -> anyhow::Result<Progress> {
    let mut progress = match earlier {
        Some(earlier) => earlier,
        None => {
            let export = ["export", "--creditor", &town.tax_code];
            if engine_program(place, &export)?.finish().await?.0 {
                bail!(
                    "the database has {} already, and {} does not know of it; choose an empty database",
                    town.legal_name,
                    place.out.display()
                );
            }
            Progress::new(&place.state(), terms, [String::new(), String::new()])
        }
    };
    progress.save()?;
    engine_program(place, &["migrate"])?.run().await?;
    if !progress.portal_key.is_empty() {
        return Ok(progress);
    }
    for (name, text) in TOWNS {
        let file = place.state().join(name);
        std::fs::write(&file, text)?;
        engine_program(place, &["import", &file.to_string_lossy()])?
            .run()
            .await?;
    }
    progress.accounting_key = key(place, town, "accounting", "Ragioneria").await?;
    progress.portal_key = key(place, town, "portal", "Sportello online").await?;
    progress.save()?;
    Ok(progress)
}

async fn key(place: &Place, town: &Town, role: &str, name: &str) -> anyhow::Result<String> {
    let arguments = [
        "key",
        "--creditor",
        &town.tax_code,
        "--role",
        role,
        "--name",
        name,
    ];
    let printed = engine_program(place, &arguments)?.run().await?;
    let key = printed
        .split_whitespace()
        .find(|word| word.starts_with("avk_"));
    Ok(key.context("`avviso key` printed no key")?.to_owned())
}

fn serve_program(place: &Place) -> anyhow::Result<Program> {
    let mut program = engine_program(place, &["serve", "--with-jobs"])?;
    program.name = "serve";
    Ok(program)
}

fn gateway_program(place: &Place, port: u16) -> anyhow::Result<Program> {
    Ok(Program {
        name: "mockpsp",
        executable: std::env::current_exe()?.with_file_name("mockpsp"),
        arguments: ["serve", "--port", &port.to_string(), "--state"]
            .into_iter()
            .map(str::to_owned)
            .chain([place.state().join("mockpsp").to_string_lossy().into_owned()])
            .collect(),
        environment: vec![("RUST_LOG".into(), "warn".into())],
        folder: place.out.clone(),
    })
}

/// Both programs, running.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) engine: Engine,
    pub(crate) gateway: Gateway,
    pub(crate) serve: Keeper,
    mockpsp: Keeper,
}

impl Stage {
    /// Starts both programs at this simulated time and introduces them to each other.
    ///
    /// # Errors
    /// When one of them does not answer.
    pub(crate) async fn open(
        place: &Place,
        town: &Town,
        http: &Http,
        (progress, now): (&Progress, DateTime<Utc>),
    ) -> anyhow::Result<Stage> {
        let [rest, node, ops, mock] = children::free_ports()?;
        let local = |port: u16| format!("http://127.0.0.1:{port}");
        let mut serve = serve_program(place)?;
        serve.environment.extend(
            [
                ("AVVISO_LISTEN", format!("127.0.0.1:{rest}")),
                ("AVVISO_NODE_LISTEN", format!("127.0.0.1:{node}")),
                ("AVVISO_OPS_LISTEN", format!("127.0.0.1:{ops}")),
                ("AVVISO_PUBLIC_URL", local(rest)),
                // The conductor asks for each pull, so that a year has the same steps every time.
                ("AVVISO_FDR_MINUTES", "0".to_owned()),
                (
                    "AVVISO_FDR_URL",
                    format!("{}/fdr-org/service/v1", local(mock)),
                ),
                ("AVVISO_RATE_PER_SECOND", "100000".to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let mut mockpsp = gateway_program(place, mock)?;
        mockpsp
            .arguments
            .extend(["--seed".to_owned(), progress.terms.seed.to_string()]);
        let stage = Stage {
            engine: Engine {
                http: http.clone(),
                rest: local(rest),
                ops: local(ops),
                portal: progress.portal_key.clone(),
                accounting: progress.accounting_key.clone(),
            },
            gateway: Gateway {
                http: http.clone(),
                base: local(mock),
                creditor: town.tax_code.clone(),
            },
            serve: Keeper::start(serve, Some(now))?,
            mockpsp: Keeper::start(mockpsp, None)?,
        };
        let introduced = stage
            .introduce(town, &format!("{}/node", local(node)))
            .await;
        match introduced {
            Ok(()) => Ok(stage),
            Err(error) => Err(stage.close().await.unwrap_or(error)),
        }
    }

    async fn introduce(&self, town: &Town, node_url: &str) -> anyhow::Result<()> {
        self.engine.ready().await?;
        self.gateway.ready().await?;
        // The accounts office has a chapter for each service before the year begins.
        for (chapter, (service, account)) in (100..).zip(town.accounts()) {
            let place = (town.tax_code.as_str(), service);
            self.engine.budget(place, (chapter, account)).await?;
        }
        self.gateway.introduce(&town.for_gateway(node_url)).await
    }

    /// Stops both programs, the gateway first so that no call of it meets a closed door. The answer is why
    /// one of them did not stay up, if so.
    pub(crate) async fn close(self) -> Option<anyhow::Error> {
        let trouble = self.serve.check().and_then(|()| self.mockpsp.check()).err();
        self.mockpsp.stop().await;
        self.serve.stop().await;
        trouble
    }
}
