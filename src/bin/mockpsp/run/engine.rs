//! The engine as a program beside this one: started, asked through its doors, stopped.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::script::Protocol;

/// The town of every scenario, as its file has it.
pub(super) const TOWN: &str = "99999000203";
pub(super) const TOWN_NAME: &str = "Comune di Avezzano";
pub(super) const BROKER: &str = "99999000302";
const TOWN_FILE: &str = include_str!("../../../../fixtures/comuni/avezzano.toml");
/// What a program may take to start, to stop, to answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Lines of the engine's log that are told when something went wrong.
const LOG_TOLD: usize = 15;

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Desk {
    Portal,
    Accounting,
}

/// Where the engine asks for flows, and for what the platform knows.
#[derive(Debug)]
pub(super) struct Gateway {
    /// Base address of the gateway's doors.
    pub(super) url: String,
    pub(super) flows: Protocol,
    /// The engine feeds the archive and asks for receipts.
    pub(super) platform: bool,
}

impl Gateway {
    /// The engine's variables.
    fn environment(&self) -> Vec<(&'static str, String)> {
        let (protocol, path, password) = match self.flows {
            Protocol::Rest => ("rest", "fdr-org/service/v1", ""),
            Protocol::Soap => ("soap", "node-for-pa/v1", "password"),
        };
        let at = |path: &str| format!("{}/{path}", self.url);
        let mut variables = vec![
            ("AVVISO_FDR_PROTOCOL", protocol.to_owned()),
            ("AVVISO_FDR_URL", at(path)),
            ("AVVISO_FDR_PASSWORD", password.to_owned()),
        ];
        if self.platform {
            variables.push(("AVVISO_ACA_URL", at("aca/v1")));
            variables.push(("AVVISO_BIZEVENTS_URL", at("bizevents/service/v1")));
        }
        variables
    }
}

/// The engine, its doors and its keys.
#[derive(Debug)]
pub(super) struct Engine {
    program: PathBuf,
    database_url: String,
    gateway: Gateway,
    client: reqwest::Client,
    running: Option<Child>,
    log: Arc<Mutex<Vec<String>>>,
    rest: String,
    ops: String,
    pub(super) node: String,
    portal: String,
    accounting: String,
    asked: u64,
}

impl Engine {
    /// Makes the tables, registers the town, makes its keys. Nothing runs afterwards.
    pub(super) async fn found(
        program: PathBuf,
        database_url: String,
        gateway: Gateway,
        folder: &std::path::Path,
    ) -> anyhow::Result<Self> {
        let mut engine = Self {
            program,
            database_url,
            gateway,
            client: reqwest::Client::builder()
                .no_proxy()
                .timeout(PATIENCE)
                .build()?,
            running: None,
            log: Arc::default(),
            rest: String::new(),
            ops: String::new(),
            node: String::new(),
            portal: String::new(),
            accounting: String::new(),
            asked: 0,
        };
        let town = folder.join("town.toml");
        std::fs::write(&town, TOWN_FILE)?;
        engine.command(&["migrate"]).await?;
        engine.command(&["import", &town.to_string_lossy()]).await?;
        engine.portal = engine.key("portal").await?;
        engine.accounting = engine.key("accounting").await?;
        Ok(engine)
    }

    async fn key(&self, role: &str) -> anyhow::Result<String> {
        let arguments = ["key", "--creditor", TOWN, "--role", role, "--name", role];
        Ok(self.command(&arguments).await?.trim().to_owned())
    }

    fn program(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("DATABASE_URL", &self.database_url)
            .env("AVVISO_LISTEN", "127.0.0.1:0")
            .env("AVVISO_NODE_LISTEN", "127.0.0.1:0")
            .env("AVVISO_OPS_LISTEN", "127.0.0.1:0")
            .env("AVVISO_RATE_PER_SECOND", "100000")
            .env("AVVISO_DB_THREADS", "2")
            .env("AVVISO_FDR_MINUTES", "0")
            .env("AVVISO_CLOCK", "2026-03-02T08:00:00+01:00")
            .envs(self.gateway.environment())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs a command of the engine to its end, and answers what it printed.
    pub(super) async fn command(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let out = self.program().args(arguments).output().await;
        let out = out.with_context(|| {
            format!(
                "{} cannot be started; --avviso says where the engine is",
                self.program.display()
            )
        })?;
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        if !out.status.success() {
            let log = String::from_utf8_lossy(&out.stderr);
            bail!("`avviso {}` failed: {text}{log}", arguments.join(" "));
        }
        Ok(text)
    }

    /// Starts it, with its clock at `now`.
    pub(super) async fn start(&mut self, now: &str) -> anyhow::Result<()> {
        if self.running.is_some() {
            bail!("the engine runs already");
        }
        let mut command = self.program();
        command
            .args(["serve", "--with-jobs"])
            .env("AVVISO_CLOCK", now)
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let log = child.stderr.take().context("the engine has no log")?;
        let mut lines = BufReader::new(log).lines();
        let mut missing = vec!["rest", "node", "ops"];
        while !missing.is_empty() {
            let line = tokio::time::timeout(PATIENCE, lines.next_line()).await??;
            let Some(line) = line else {
                bail!("the engine did not start:\n{}", self.log().join("\n"));
            };
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            keep(&self.log, line);
            let said = |name: &str| event.get(name).and_then(Value::as_str);
            if let (Some(door), Some(address)) = (said("door"), said("address")) {
                let address = format!("http://{address}");
                match door {
                    "rest" => self.rest = address,
                    "node" => self.node = format!("{address}/node"),
                    _ => self.ops = address,
                }
                missing.retain(|other| *other != door);
            }
        }
        let log = Arc::clone(&self.log);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                keep(&log, line);
            }
        });
        self.running = Some(child);
        Ok(())
    }

    /// Ends it as an operator does. It must end in order.
    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        let mut child = self.running.take().context("the engine does not run")?;
        let id = child.id().context("the engine has ended by itself")?;
        let told = Command::new("sh")
            .args(["-c", "kill -TERM \"$1\"", "sh", &id.to_string()])
            .status()
            .await?;
        let ended = tokio::time::timeout(PATIENCE, child.wait()).await??;
        if !told.success() || !ended.success() {
            bail!("the engine did not stop in order");
        }
        Ok(())
    }

    /// Ends it as a power cut does.
    pub(super) async fn kill(&mut self) -> anyhow::Result<()> {
        let mut child = self.running.take().context("the engine does not run")?;
        Ok(child.kill().await?)
    }

    pub(super) fn runs(&self) -> bool {
        self.running.is_some()
    }

    /// The last lines of its log that warn of something.
    pub(super) fn log(&self) -> Vec<String> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let odd = log
            .iter()
            .filter(|line| !line.contains("\"level\":\"INFO\""));
        let mut told: Vec<String> = odd.rev().take(LOG_TOLD).cloned().collect();
        told.reverse();
        told
    }

    /// Sets its simulated time, when it runs.
    pub(super) async fn set_clock(&self, now: &str) -> anyhow::Result<()> {
        if !self.runs() {
            return Ok(());
        }
        let call = self.client.put(format!("{}/clock", self.ops));
        answer(call.json(&json!({"now": now})), "clock").await?;
        Ok(())
    }

    pub(super) async fn get(&self, desk: Desk, path: &str) -> anyhow::Result<Value> {
        let call = self.client.get(format!("{}/v1/{path}", self.rest));
        answer(call.bearer_auth(self.of(desk)), path).await
    }

    /// Every item of a list.
    pub(super) async fn all(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let (mut items, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self
                .get(Desk::Accounting, &format!("{path}?limit=200{cursor}"))
                .await?;
            let found = page.get("items").and_then(Value::as_array);
            items.extend(found.into_iter().flatten().cloned());
            match page.get("next_cursor").and_then(Value::as_str) {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(items),
            }
        }
    }

    pub(super) async fn post(
        &mut self,
        desk: Desk,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let call = self.making(desk, path);
        let call = if body.is_null() {
            call
        } else {
            call.json(body)
        };
        answer(call, path).await
    }

    /// Sends a file of this media type.
    pub(super) async fn upload(
        &mut self,
        path: &str,
        media_type: &str,
        file: Vec<u8>,
    ) -> anyhow::Result<Value> {
        let call = self.making(Desk::Accounting, path);
        answer(
            call.header("Content-Type", media_type.to_owned())
                .body(file),
            path,
        )
        .await
    }

    /// Changes what is there in this revision.
    pub(super) async fn patch(
        &self,
        path: &str,
        revision: u64,
        body: &Value,
    ) -> anyhow::Result<Value> {
        let call = self.client.patch(format!("{}/v1/{path}", self.rest));
        let call = call
            .bearer_auth(self.of(Desk::Portal))
            .header("Content-Type", "application/merge-patch+json")
            .header("If-Match", format!("\"{revision}\""))
            .body(body.to_string());
        answer(call, path).await
    }

    fn making(&mut self, desk: Desk, path: &str) -> RequestBuilder {
        self.asked = self.asked.saturating_add(1);
        self.client
            .post(format!("{}/v1/{path}", self.rest))
            .bearer_auth(self.of(desk))
            .header("Idempotency-Key", format!("scenario-{:08}", self.asked))
    }

    fn of(&self, desk: Desk) -> &str {
        match desk {
            Desk::Portal => &self.portal,
            Desk::Accounting => &self.accounting,
        }
    }
}

fn keep(log: &Mutex<Vec<String>>, line: String) {
    log.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(line);
}

async fn answer(call: RequestBuilder, what: &str) -> anyhow::Result<Value> {
    let answer = call
        .send()
        .await
        .with_context(|| format!("the engine does not answer {what}"))?;
    let status = answer.status();
    let text = answer.text().await?;
    if !status.is_success() {
        bail!("the engine answered {what} with {status}: {text}");
    }
    if text.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&text).with_context(|| format!("the engine's answer to {what} is no JSON"))
}
