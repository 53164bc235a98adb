//! Starts the two programs on free ports with folders of their own, talks to their doors, ends them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::database::{Database, Engine};

pub(crate) const TOWN: &str = "99999000203";
/// When the engine's simulated time begins: a Monday, eight in the morning in Rome.
const START: &str = "2026-03-02T08:00:00+01:00";
/// What is waited for at most.
const PATIENCE: Duration = Duration::from_secs(30);

/// A program that runs, and what it has said.
struct Running {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
    lines: Receiver<String>,
}

impl Running {
    fn start(command: &mut Command, watched: &Watched) -> Running {
        command.stdin(Stdio::null());
        match watched {
            Watched::Output => command.stdout(Stdio::piped()).stderr(Stdio::null()),
            Watched::Log => command.stdout(Stdio::null()).stderr(Stdio::piped()),
        };
        let mut child = command.spawn().unwrap();
        let stream: Box<dyn std::io::Read + Send> = match watched {
            Watched::Output => Box::new(child.stdout.take().unwrap()),
            Watched::Log => Box::new(child.stderr.take().unwrap()),
        };
        let said = Arc::new(Mutex::new(Vec::new()));
        let (heard, lines) = channel();
        let kept = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line.clone());
                // Nobody listens any more once the program is up; what it says is kept all the same.
                let _unheard = heard.send(line);
            }
        });
        Running { child, said, lines }
    }

    /// The next line for which `wanted` has an answer.
    fn hear<T>(&self, wanted: impl Fn(&str) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    if let Some(found) = wanted(&line) {
                        return found;
                    }
                }
                Err(_silent) => panic!("not heard of:\n{}", self.said.lock().unwrap().join("\n")),
            }
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", name, &id])
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", self.said.lock().unwrap().join("\n"));
        }
    }
}

/// Where a program says what it is doing.
enum Watched {
    Output,
    Log,
}

/// A town with its engine, and the gateway beside it.
pub(crate) struct Town {
    engine: Option<Running>,
    /// Where the next engine is to die.
    crash_at: Option<String>,
    /// How many have.
    pub(crate) deaths: u32,
    hours: u32,
    _gateway: Running,
    client: reqwest::Client,
    rest: String,
    ops: String,
    node: String,
    mock: String,
    portal: String,
    accounting: String,
    folder: tempfile::TempDir,
    database: Database,
}

/// Runs a story in a town of its own, and audits the books at its end.
pub(crate) fn run<F>(engine: Engine, story: impl FnOnce(Town) -> F)
where
    F: Future<Output = Town>,
{
    let Some(database) = Database::empty(engine) else {
        eprintln!("not run: PostgreSQL is switched off");
        return;
    };
    visit(database, Land::New, |town| async {
        let mut town = story(town).await;
        town.stop();
        let books = town.avviso(&["audit"]);
        assert!(books.contains("the books agree"), "{books}");
        town
    });
}

/// What is in a database before its town is there.
pub(crate) enum Land {
    /// Nothing.
    New,
    /// A town that has lived in it.
    Settled,
}

/// Runs a story in the town of a database, and does not look at its books.
pub(crate) fn visit<F>(database: Database, land: Land, story: impl FnOnce(Town) -> F)
where
    F: Future<Output = Town>,
{
    // A second library cannot be installed in one process; whoever came first is as good.
    let _there = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        story(Town::found(database, land).await).await;
    });
}

impl Town {
    async fn found(database: Database, land: Land) -> Town {
        let folder = tempfile::tempdir().unwrap();
        let mut mockpsp = Command::new(env!("CARGO_BIN_EXE_mockpsp"));
        mockpsp
            .args(["serve", "--port", "0", "--state"])
            .arg(folder.path().join("gateway"))
            .arg("--record")
            .arg(folder.path().join("messages"));
        let gateway = Running::start(&mut mockpsp, &Watched::Output);
        let mock = gateway.hear(|line| line.strip_prefix("listening on ").map(str::to_owned));
        let mut town = Town {
            engine: None,
            crash_at: None,
            deaths: 0,
            hours: 8,
            _gateway: gateway,
            client: reqwest::Client::builder()
                .timeout(PATIENCE)
                .build()
                .unwrap(),
            rest: String::new(),
            ops: String::new(),
            node: String::new(),
            mock,
            portal: String::new(),
            accounting: String::new(),
            folder,
            database,
        };
        if matches!(land, Land::New) {
            town.avviso(&["migrate"]);
            town.avviso(&["import", "fixtures/comuni/avezzano.toml"]);
        }
        let key = |role| town.avviso(&["key", "--creditor", TOWN, "--role", role, "--name", role]);
        let (portal, accounting) = (key("portal"), key("accounting"));
        (town.portal, town.accounting) = (portal.trim().to_owned(), accounting.trim().to_owned());
        town.start().await;
        town
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_avviso"));
        let free = "127.0.0.1:0";
        command
            .env("DATABASE_URL", &self.database.url)
            .env("AVVISO_CLOCK", START)
            .env("AVVISO_LISTEN", free)
            .env("AVVISO_NODE_LISTEN", free)
            .env("AVVISO_OPS_LISTEN", free)
            .env("AVVISO_RATE_PER_SECOND", "100000")
            .env("AVVISO_DB_THREADS", "2")
            .env("AVVISO_FDR_MINUTES", "0")
            .env(
                "AVVISO_FDR_URL",
                format!("{}/fdr-org/service/v1", self.mock),
            );
        command
    }

    /// Runs a command of the engine to its end, and answers what it printed.
    pub(crate) fn avviso(&self, arguments: &[&str]) -> String {
        let out = self.command().args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let log = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success(), "avviso {arguments:?}:\n{text}\n{log}");
        text
    }

    /// Starts the engine, and tells the gateway where its door is.
    pub(crate) async fn start(&mut self) {
        let mut command = self.command();
        command.args(["serve", "--with-jobs"]);
        command.envs(self.crash_at.take().map(|at| ("AVVISO_CRASH_AT", at)));
        let engine = Running::start(&mut command, &Watched::Log);
        let mut doors = Vec::new();
        for _ in ["rest", "node", "ops"] {
            doors.push(engine.hear(|line| {
                let event: Value = serde_json::from_str(line).ok()?;
                Some((
                    event["door"].as_str()?.to_owned(),
                    event["address"].as_str()?.to_owned(),
                ))
            }));
        }
        let door = |name: &str| {
            let (_, address) = doors.iter().find(|(door, _)| door == name).unwrap();
            format!("http://{address}")
        };
        (self.rest, self.node, self.ops) = (door("rest"), door("node"), door("ops"));
        self.engine = Some(engine);
        let creditor = json!({
            "legal_name": "Comune di Avezzano",
            "broker_tax_code": "99999000302",
            "stations": [{
                "station_id": "99999000302_01", "segregation_code": "01", "version": 2,
                "url": format!("{}/node", self.node),
            }],
        });
        self.control(Method::PUT, &format!("creditors/{TOWN}"), &creditor)
            .await;
    }

    /// Ends the engine as an operator does.
    pub(crate) fn stop(&mut self) {
        let mut engine = self.engine.take().unwrap();
        engine.signal("TERM");
        assert!(
            engine.child.wait().unwrap().success(),
            "the engine did not stop in order"
        );
    }

    /// Ends the engine as a power cut does.
    pub(crate) fn kill(&mut self) {
        let mut engine = self.engine.take().unwrap();
        engine.signal("KILL");
        assert!(!engine.child.wait().unwrap().success());
    }

    /// Starts the engine again, this time to die at a point.
    pub(crate) async fn restart_to_die_at(&mut self, point: &str) {
        self.stop();
        self.crash_at = Some(point.to_owned());
        self.start_later().await;
    }

    /// Asks until the engine answers, which may die once meanwhile: at this point and nowhere else.
    pub(crate) async fn insist(
        &mut self,
        point: Option<&str>,
        call: impl Fn(&Town) -> RequestBuilder,
    ) -> Value {
        loop {
            match call(self).send().await {
                Ok(said) => {
                    let (status, text) = (said.status(), said.text().await.unwrap());
                    assert!(status.is_success(), "{status} {text}");
                    return serde_json::from_str(&text).unwrap_or(Value::Null);
                }
                Err(_nobody_there) => self.bury(point).await,
            }
        }
    }

    /// Sees that the engine died where it was told to, and starts another one, an hour later.
    async fn bury(&mut self, point: Option<&str>) {
        let mut engine = self.engine.take().unwrap();
        assert!(!engine.child.wait().unwrap().success());
        let said = engine.said.lock().unwrap().join("\n");
        let (name, side) = point.and_then(|point| point.split_once(':')).unwrap();
        let died = format!(r#""point":"{name}","side":"{side}""#);
        assert!(said.contains(&died), "not at {name}:{side}:\n{said}");
        self.deaths += 1;
        self.start_later().await;
    }

    /// Starts the engine after what the one before has leased.
    pub(crate) async fn start_later(&mut self) {
        self.start().await;
        self.hours += 1;
        let day = 2 + self.hours / 24;
        let hour = self.hours % 24;
        self.set_clock(&format!("2026-03-{day:02}T{hour:02}:30:00+01:00"))
            .await;
    }

    /// The folder with every message between the two programs.
    pub(crate) fn messages(&self) -> PathBuf {
        self.folder.path().join("messages")
    }

    /// Sets the engine's simulated time.
    pub(crate) async fn set_clock(&self, now: &str) {
        let call = self
            .client
            .put(format!("{}/clock", self.ops))
            .json(&json!({"now": now}));
        answer(call, "the clock").await;
    }

    /// Asks the gateway for something.
    pub(crate) async fn control(&self, method: Method, path: &str, body: &Value) -> Value {
        let call = self
            .client
            .request(method, format!("{}/control/{path}", self.mock));
        answer(call.json(body), path).await
    }

    /// Plays a payment at the gateway on the first day.
    pub(crate) async fn play(&self, number: &str, scenario: &str) -> Value {
        let wish = json!({
            "creditor": TOWN, "notice_number": number, "scenario": scenario, "on": "2026-03-02",
        });
        self.control(Method::POST, "payments", &wish).await
    }

    /// The treasurer's journal of these days.
    pub(crate) async fn journal(&self, from: &str, to: &str) -> String {
        let url = format!("{}/control/treasury/{TOWN}?from={from}&to={to}", self.mock);
        let answer = self.client.get(url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        answer.text().await.unwrap()
    }

    /// Registers votive lamps, and answers the position.
    pub(crate) async fn lamps(&self, quantity: i64) -> Value {
        let details = json!({"inputs": [{"input": "lamps", "value": quantity.to_string()}]});
        self.register("LAMPADE", quantity, &details).await
    }

    /// Registers a filing with two digital stamps, and answers the position.
    pub(crate) async fn filing(&self) -> Value {
        let stamp = |hash: &str| json!({"document_sha256": hash, "province": "AQ"});
        let stamps = [
            stamp("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
            stamp("ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs="),
        ];
        let inputs = [json!({"input": "filing", "value": "scia"})];
        let details = json!({"inputs": inputs, "stamps": stamps});
        self.register("SUAP", 1, &details).await
    }

    async fn register(&self, service: &str, n: i64, details: &Value) -> Value {
        answer(self.registration(service, n, details), "debt-positions").await
    }

    fn registration(&self, service: &str, n: i64, details: &Value) -> RequestBuilder {
        let body = json!({
            "service_code": service,
            "reference": format!("{service}-{n}"),
            "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
            "details": {"generic": details},
        });
        let url = format!("{}/v1/debt-positions", self.rest);
        let call = self.client.post(url).bearer_auth(&self.portal);
        call.header("idempotency-key", format!("{service}-{n:08}"))
            .json(&body)
    }

    /// A request of the portal to register votive lamps.
    pub(crate) fn lamps_wanted(&self, quantity: u32) -> RequestBuilder {
        let details = json!({"inputs": [{"input": "lamps", "value": quantity.to_string()}]});
        self.registration("LAMPADE", quantity.into(), &details)
    }

    /// A request of the accounts office.
    pub(crate) fn accounts(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/v1/{path}", self.rest);
        self.client
            .request(method, url)
            .bearer_auth(&self.accounting)
    }

    /// Reads a resource as accounting does; positions as the portal does.
    pub(crate) async fn read(&self, path: &str) -> Value {
        let key = if path.starts_with("debt-positions") {
            &self.portal
        } else {
            &self.accounting
        };
        let call = self
            .client
            .get(format!("{}/v1/{path}", self.rest))
            .bearer_auth(key);
        answer(call, path).await
    }

    /// Reads a report as JSON Lines.
    pub(crate) async fn lines(&self, path: &str) -> String {
        let call = self.accounts(Method::GET, path);
        let answer = call.header("accept", "application/jsonl").send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.unwrap()
    }

    /// A hand in the database.
    pub(crate) fn tamper(&self, statements: &str) {
        self.database.connect().execute(statements).unwrap();
    }

    /// Most memory that the engine has held so far, in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        let id = self.engine.as_ref().unwrap().child.id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let digits = peak.unwrap().trim().trim_end_matches(" kB");
        digits.parse().unwrap()
    }

    /// Posts a file or nothing as accounting does.
    pub(crate) async fn post(&self, path: &str, key: &str, file: Option<String>) -> Value {
        let call = self
            .client
            .post(format!("{}/v1/{path}", self.rest))
            .bearer_auth(&self.accounting);
        let mut call = call.header("idempotency-key", key);
        if let Some(file) = file {
            call = call.header("content-type", "text/csv").body(file);
        }
        answer(call, path).await
    }

    /// The job, once it has ended. Its own requests are the only pause.
    pub(crate) async fn ended(&self, job: &Value) -> Value {
        let path = format!("jobs/{}", job["job_id"].as_str().unwrap());
        let until = Instant::now() + PATIENCE;
        loop {
            let job = self.read(&path).await;
            if matches!(job["state"].as_str(), Some("done" | "failed")) {
                return job;
            }
            assert!(Instant::now() < until, "{job}");
            tokio::task::yield_now().await;
        }
    }
}

async fn answer(call: RequestBuilder, what: &str) -> Value {
    let answer = call
        .send()
        .await
        .unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{what}: {status} {text}");
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// Number of the only notice of a position.
pub(crate) fn number(position: &Value) -> &str {
    position["payment_options"][0]["notices"][0]["notice_number"]
        .as_str()
        .unwrap()
}

/// Every XML file of a folder, in order.
pub(crate) fn messages(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "xml"))
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect()
}
