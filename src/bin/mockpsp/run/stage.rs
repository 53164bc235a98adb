//! Where a scenario is played: the gateway in this process, the engine beside it, and what the steps have
//! named so far.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use anyhow::Context as _;
use chrono::TimeDelta;
use serde_json::Value;
use tokio::sync::watch;

use super::engine::{BROKER, Desk, Engine, Gateway, TOWN, TOWN_NAME};
use super::script::{Script, StationIn, charge_of, place_of};
use super::{Run, Stop, summary, unmet};
use crate::app::{App, Parts};
use crate::flows::from_rome;
use crate::journal::Store;
use crate::node::NodeClient;
use crate::payments::Notice;
use crate::psps;
use crate::state::{Creditor, Day, Event, Offered, Station};

/// The first day of every scenario: a Monday.
const FIRST_DAY: (i32, u32, u32) = (2026, 3, 2);
const SEED: u64 = 2026;

/// The stage.
pub(super) struct Stage {
    pub(super) app: Arc<App>,
    pub(super) engine: Engine,
    /// Positions by the name of their charge, as they were when they were registered.
    pub(super) charges: BTreeMap<String, Value>,
    /// Payments of the gateway by the name of their token.
    pub(super) tokens: BTreeMap<String, usize>,
    /// What of every day is over.
    passed: TimeDelta,
    title: String,
    creditor: Creditor,
    server: ServerHandle,
    _stop: watch::Sender<bool>,
    _folder: tempfile::TempDir,
}

impl Stage {
    /// Starts both programs, with a town that has no debts.
    pub(super) async fn set(order: &Run, script: &Script) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let (stop, stopping) = watch::channel(false);
        // A second library cannot be installed in one process; whoever came first is as good.
        let _there = rustls::crypto::ring::default_provider().install_default();
        let (year, month, day) = FIRST_DAY;
        let parts = Parts {
            seed: SEED,
            wall_day: Day::from_ymd_opt(year, month, day).context("the first day is no day")?,
            store: Store::open(&folder.path().join("gateway"), SEED)?,
            node: NodeClient::new(order.record.clone(), stopping.clone())?,
            stop: stopping,
        };
        let app = Data::new(App::new(parts, tokio::runtime::Handle::current()));
        let (server, address) = crate::doors(app.clone(), ("127.0.0.1".parse()?, 0), 1)?;
        let handle = server.handle();
        tokio::spawn(server);
        let program = match &order.avviso {
            Some(program) => program.clone(),
            None => std::env::current_exe()?.with_file_name("avviso"),
        };
        let database = match &order.database_url {
            Some(url) => url.clone(),
            None => format!("sqlite:{}", folder.path().join("avviso.sqlite").display()),
        };
        let gateway = Gateway {
            url: format!("http://{address}"),
            flows: script.flows,
            platform: script.platform,
        };
        let engine = Engine::found(program, database, gateway, folder.path()).await?;
        let mut stage = Self {
            app: app.into_inner(),
            engine,
            charges: BTreeMap::new(),
            tokens: BTreeMap::new(),
            passed: TimeDelta::zero(),
            title: script.title.clone(),
            creditor: town(),
            server: handle,
            _stop: stop,
            _folder: folder,
        };
        stage.start().await?;
        Ok(stage)
    }

    /// Starts the engine, and tells the gateway where its door is.
    pub(super) async fn start(&mut self) -> anyhow::Result<()> {
        self.engine.start(&self.morning()).await?;
        self.register()
    }

    /// The morning of the open day, as the engine's clock wants it.
    pub(super) fn morning(&self) -> String {
        let eight = chrono::NaiveTime::from_hms_opt(8, 0, 0).unwrap_or_default();
        let morning = self.app.open_day().and_time(eight);
        from_rome(morning.checked_add_signed(self.passed).unwrap_or(morning)).to_rfc3339()
    }

    /// Lets time pass within the day; the days after begin later by as much.
    pub(super) async fn pass(&mut self, time: TimeDelta) -> anyhow::Result<()> {
        self.passed = self.passed.checked_add(&time).context("too late")?;
        self.engine.set_clock(&self.morning()).await
    }

    fn register(&mut self) -> anyhow::Result<()> {
        let url = self.engine.node.clone();
        for station in &mut self.creditor.stations {
            station.url.clone_from(&url);
        }
        let creditor = self.creditor.clone();
        let tax_code = TOWN.to_owned();
        Ok(self.app.record(Event::Creditor { tax_code, creditor })?)
    }

    /// Changes how the node knows the creditor's station.
    pub(super) fn change_station(&mut self, change: &StationIn) -> anyhow::Result<()> {
        if let Some(accounts) = &change.accounts {
            self.creditor.ibans.clone_from(accounts);
        }
        for station in &mut self.creditor.stations {
            station.version = change.version.unwrap_or(station.version);
            if let Some(code) = &change.segregation_code {
                station.segregation_code.clone_from(code);
            }
        }
        self.register()
    }

    /// The engine's position of a charge.
    pub(super) async fn position(&self, charge: &str) -> anyhow::Result<Value> {
        let path = self.path_of(charge)?;
        self.engine.get(Desk::Portal, &path).await
    }

    /// Where the engine has the position of a charge.
    pub(super) fn path_of(&self, charge: &str) -> anyhow::Result<String> {
        let position = self.charges.get(charge);
        let position = position.with_context(|| format!("there is no charge `{charge}`"))?;
        let id = text(position, "debt_position_id");
        Ok(format!("debt-positions/{id}"))
    }

    /// The engine's notice of this name.
    pub(super) async fn notice(&self, name: &str) -> Result<Value, Stop> {
        Self::pick(&self.position(charge_of(name)).await?, name)
    }

    fn pick(position: &Value, name: &str) -> Result<Value, Stop> {
        let Some((option, number)) = place_of(name) else {
            return unmet(format!("`{name}` is no notice: write charge:option.number"));
        };
        let notice = position
            .get("payment_options")
            .and_then(|options| options.get(option.saturating_sub(1)))
            .and_then(|option| option.get("notices"))
            .and_then(|notices| notices.get(number.saturating_sub(1)));
        match notice {
            Some(notice) => Ok(notice.clone()),
            None => unmet(format!("the charge has no notice `{name}`")),
        }
    }

    /// The notice of this name as its payer has it, on paper.
    pub(super) fn payable(&self, name: &str) -> Result<Notice, Stop> {
        let position = self.charges.get(charge_of(name)).unwrap_or(&Value::Null);
        let notice = Self::pick(position, name)?;
        Ok(Notice {
            creditor: TOWN.to_owned(),
            number: text(&notice, "notice_number").to_owned(),
        })
    }

    /// The payment of this token.
    pub(super) fn token(&self, name: &str) -> Result<usize, Stop> {
        match self.tokens.get(name) {
            Some(index) => Ok(*index),
            None => unmet(format!("no token `{name}` was given out")),
        }
    }

    /// Reads what was reconciled, stops both programs, and lets the engine audit its books.
    pub(super) async fn end(&mut self, order: &Run) -> Result<String, Stop> {
        if !self.engine.runs() {
            self.start().await?;
        }
        let mut summary = summary::of(&self.engine, &self.title).await?;
        self.engine.stop().await?;
        self.server.stop(false).await;
        let books = self.engine.command(&["audit"]).await;
        let books = match books {
            Ok(said) => said.lines().last().unwrap_or_default().to_owned(),
            Err(error) => return unmet(format!("the engine's audit fails: {error:#}")),
        };
        if let Some(file) = &order.summary {
            if let Some(fields) = summary.as_object_mut() {
                fields.insert("audit".to_owned(), books.clone().into());
            }
            std::fs::write(file, format!("{summary:#}\n"))
                .with_context(|| format!("{} cannot be written", file.display()))?;
        }
        Ok(books)
    }

    /// The end of the engine's log, for a scenario that failed.
    pub(super) fn tell_log(&self) -> anyhow::Result<()> {
        for line in self.engine.log() {
            super::say(&format!("      engine: {line}"))?;
        }
        Ok(())
    }
}

fn town() -> Creditor {
    Creditor {
        legal_name: TOWN_NAME.to_owned(),
        broker_tax_code: BROKER.to_owned(),
        stations: vec![Station {
            station_id: format!("{BROKER}_01"),
            segregation_code: "01".to_owned(),
            url: String::new(),
            version: 2,
            broadcast: false,
        }],
        ibans: Vec::new(),
        services: vec![Offered {
            subject: "00001".to_owned(),
            service: "00042".to_owned(),
        }],
    }
}

/// A provider by its id; without one the first.
pub(super) fn psp(id: Option<&str>) -> Result<usize, Stop> {
    match id.map(psps::find) {
        None => Ok(0),
        Some(Some(index)) => Ok(index),
        Some(None) => {
            let known: Vec<&str> = psps::ALL.iter().map(|psp| psp.id).collect();
            unmet(format!(
                "there is no such PSP; there are {}",
                known.join(", ")
            ))
        }
    }
}

/// A text of a JSON object; empty when it is not there.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}
