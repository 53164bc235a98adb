//! The node at its busiest: 200 verifies and 50 receipts a second for a minute, against the engine as it is
//! shipped: `make load`.
//!
//! Calls begin when they are due, whether those before have been answered or not, and their time counts from
//! then: an engine that falls behind is not asked less.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::Context as _;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

const SECONDS: u32 = 60;
const CALLS_PER_SECOND: u32 = 250;
/// One call in so many brings a receipt, the others verify a notice.
const RECEIPT_EVERY: u32 = 5;
/// Answers that take longer are late.
const GOAL: Duration = Duration::from_millis(100);
const TOWN: &str = "99999000203";
const NAMESPACE: &str = "http://pagopa-api.pagopa.gov.it/pa/paForNode.xsd";

fn main() -> anyhow::Result<()> {
    // `cargo bench` adds words of its own.
    let url = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let url = url.context("the address of an empty database is missing")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run(&url))
}

async fn run(url: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    let _already = rustls::crypto::ring::default_provider().install_default();
    avviso(url, &["migrate"])?;
    avviso(url, &["import", "fixtures/comuni/avezzano.toml"])?;
    let key = avviso(
        url,
        &[
            "key",
            "--creditor",
            TOWN,
            "--role",
            "portal",
            "--name",
            "portal",
        ],
    )?;
    let engine = Engine::start(url)?;
    let client = reqwest::Client::new();
    let portal = Portal {
        client: client.clone(),
        url: format!("{}/v1/debt-positions", engine.door("rest")?),
        key: key.trim().to_owned(),
    };
    let calls = SECONDS * CALLS_PER_SECOND;
    let notices: Vec<Notice> = stream::iter(0..calls)
        .map(|n| portal.register(n))
        .buffered(16)
        .try_collect()
        .await?;
    let door = format!("{}/node", engine.door("node")?);
    writeln!(out, "load of the machine before: {}", machine_load())?;

    let under_way = send(&client, &door, notices).await;
    let mut times = [Vec::new(), Vec::new()];
    let mut wrong = Vec::new();
    for one in under_way {
        let (kind, answer, took) = one.await?;
        let [verifies, receipts] = &mut times;
        match kind {
            Kind::Verify => verifies.push(took),
            Kind::Receipt => receipts.push(took),
        }
        wrong.extend(answer.err());
    }
    writeln!(out, "load of the machine after: {}", machine_load())?;
    let [verifies, receipts] = times;
    show(&mut out, "verify", verifies)?;
    show(&mut out, "receipt", receipts)?;
    if let Some(first) = wrong.first() {
        anyhow::bail!(
            "{} of {calls} calls failed, the first with: {first:#}",
            wrong.len()
        );
    }
    writeln!(out, "{calls} calls, none failed")?;
    Ok(())
}

/// Sends each call when it is due, whether or not those before it were answered.
async fn send(client: &reqwest::Client, door: &str, notices: Vec<Notice>) -> Vec<UnderWay> {
    let start = Instant::now() + Duration::from_millis(100);
    let between = Duration::from_secs(1) / CALLS_PER_SECOND;
    let mut under_way = Vec::with_capacity(notices.len());
    for (n, notice) in (0u32..).zip(notices) {
        let due = start + between * n;
        let kind = if n.is_multiple_of(RECEIPT_EVERY) {
            Kind::Receipt
        } else {
            Kind::Verify
        };
        let call = call(client.clone(), door.to_owned(), kind, notice);
        sleep_until(due).await;
        under_way.push(tokio::spawn(async move {
            let answer = call.await;
            (kind, answer, due.elapsed())
        }));
    }
    under_way
}

/// A call, how it was answered, and the time from when it was due.
type UnderWay = JoinHandle<(Kind, anyhow::Result<()>, Duration)>;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Verify,
    Receipt,
}

struct Notice {
    number: String,
    iuv: String,
    cents: i64,
}

/// The portal, which registers what the node will ask for.
struct Portal {
    client: reqwest::Client,
    url: String,
    key: String,
}

impl Portal {
    async fn register(&self, n: u32) -> anyhow::Result<Notice> {
        let body = json!({
            "service_code": "LAMPADE",
            "reference": format!("lamp-{n}"),
            "debtor": {"type": "person", "tax_code": "RSSMRA85T10A562S", "full_name": "Mario Rossi"},
            "details": {"generic": {"inputs": [{"input": "lamps", "value": "1"}]}},
        });
        let call = self.client.post(&self.url).bearer_auth(&self.key);
        let call = call.header("idempotency-key", format!("lamp-{n:08}"));
        let said = call.json(&body).send().await?;
        let (status, text) = (said.status(), said.text().await?);
        anyhow::ensure!(status.is_success(), "{status} {text}");
        let position: Value = serde_json::from_str(&text)?;
        let notice = position
            .pointer("/payment_options/0/notices/0")
            .context("a position without a notice")?;
        let text = |member: &str| notice.get(member)?.as_str().map(str::to_owned);
        let number = text("notice_number").context("no number")?;
        let cents = notice.get("amount_cents").and_then(Value::as_i64);
        Ok(Notice {
            iuv: number.get(1..).unwrap_or_default().to_owned(),
            number,
            cents: cents.context("no amount")?,
        })
    }
}

/// One call of the node; anything but an OK is an error.
async fn call(
    client: reqwest::Client,
    door: String,
    kind: Kind,
    notice: Notice,
) -> anyhow::Result<()> {
    let (action, body) = match kind {
        Kind::Verify => ("paVerifyPaymentNotice", verify(&notice)),
        Kind::Receipt => ("paSendRTV2", receipt(&notice)),
    };
    let call = client.post(door).header("content-type", "text/xml");
    let said = call.header("soapaction", action).body(body).send().await?;
    let (status, text) = (said.status(), said.text().await?);
    anyhow::ensure!(
        status.is_success() && text.contains("<outcome>OK</outcome>"),
        "{action}: {status} {text}"
    );
    Ok(())
}

fn envelope(root: &str, content: &str) -> String {
    format!(
        "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:pafn=\"{NAMESPACE}\">\
         <soapenv:Body><pafn:{root}><idPA>{TOWN}</idPA><idBrokerPA>99999000302</idBrokerPA>\
         <idStation>99999000302_01</idStation>{content}</pafn:{root}></soapenv:Body></soapenv:Envelope>"
    )
}

fn verify(notice: &Notice) -> String {
    let number = &notice.number;
    let code = format!(
        "<qrCode><fiscalCode>{TOWN}</fiscalCode><noticeNumber>{number}</noticeNumber></qrCode>"
    );
    envelope("paVerifyPaymentNoticeReq", &code)
}

fn receipt(notice: &Notice) -> String {
    let Notice { number, iuv, cents } = notice;
    let amount = format!("{}.{:02}", cents / 100, cents % 100);
    let receipt = format!(
        "<receipt><receiptId>r{iuv}</receiptId><noticeNumber>{number}</noticeNumber>\
         <fiscalCode>{TOWN}</fiscalCode><outcome>OK</outcome><creditorReferenceId>{iuv}</creditorReferenceId>\
         <paymentAmount>{amount}</paymentAmount><description>Lampade votive</description>\
         <companyName>Comune di Avezzano</companyName><debtor><uniqueIdentifier>\
         <entityUniqueIdentifierType>F</entityUniqueIdentifierType>\
         <entityUniqueIdentifierValue>RSSMRA85T10A562S</entityUniqueIdentifierValue></uniqueIdentifier>\
         <fullName>Mario Rossi</fullName></debtor><transferList><transfer><idTransfer>1</idTransfer>\
         <transferAmount>{amount}</transferAmount><fiscalCodePA>{TOWN}</fiscalCodePA>\
         <IBAN>IT92E9999940440000000000201</IBAN><remittanceInformation>Lampade</remittanceInformation>\
         <transferCategory>9/0114100TS/</transferCategory></transfer></transferList><idPSP>AGID_01</idPSP>\
         <PSPCompanyName>Banca di prova</PSPCompanyName><idChannel>97735020584_03</idChannel>\
         <channelDescription>app</channelDescription><paymentMethod>creditCard</paymentMethod>\
         <fee>1.50</fee><paymentDateTime>2026-04-01T10:15:00</paymentDateTime>\
         <applicationDate>2026-04-01</applicationDate><transferDate>2026-04-02</transferDate></receipt>"
    );
    envelope("paSendRTV2Request", &receipt)
}

/// The engine, and the doors it has told of; ended with this.
struct Engine {
    child: Child,
    doors: Vec<(String, String)>,
    _log: Receiver<String>,
}

impl Engine {
    fn start(url: &str) -> anyhow::Result<Engine> {
        let mut child = command(url)
            .args(["serve", "--with-jobs"])
            .stderr(Stdio::piped())
            .spawn()?;
        let log = child.stderr.take().context("no log")?;
        let (said, heard) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(log).lines().map_while(Result::ok) {
                let _unheard = said.send(line);
            }
        });
        let mut doors = Vec::new();
        while doors.len() < 3 {
            let line = heard.recv_timeout(Duration::from_secs(30))?;
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            let text = |member: &str| event.get(member)?.as_str().map(str::to_owned);
            doors.extend(text("door").zip(text("address")));
        }
        Ok(Engine {
            child,
            doors,
            _log: heard,
        })
    }

    fn door(&self, name: &str) -> anyhow::Result<String> {
        let door = self.doors.iter().find(|(door, _)| door == name);
        let (_, address) = door.with_context(|| format!("the engine has no door {name}"))?;
        Ok(format!("http://{address}"))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn command(url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_avviso"));
    let free = "127.0.0.1:0";
    command
        .env("DATABASE_URL", url)
        .env("AVVISO_CLOCK", "2026-04-01T10:00:00+02:00")
        .env("AVVISO_LISTEN", free)
        .env("AVVISO_NODE_LISTEN", free)
        .env("AVVISO_OPS_LISTEN", free)
        .env("AVVISO_RATE_PER_SECOND", "100000")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// Runs a command of the engine to its end, and answers what it printed.
fn avviso(url: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let out = command(url)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()?;
    let log = String::from_utf8_lossy(&out.stderr);
    anyhow::ensure!(out.status.success(), "avviso {arguments:?}: {log}");
    Ok(String::from_utf8(out.stdout)?)
}

/// Processes that want a core, over one, five and fifteen minutes, where the system tells (Linux).
fn machine_load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let figures: Vec<&str> = load.split_whitespace().take(3).collect();
    figures.join(" ")
}

fn show(out: &mut impl std::io::Write, what: &str, mut times: Vec<Duration>) -> anyhow::Result<()> {
    times.sort();
    let at = |per_mille: usize| {
        let place = times.len().saturating_mul(per_mille).div_ceil(1000);
        times
            .get(place.saturating_sub(1))
            .copied()
            .unwrap_or_default()
    };
    let shown = |time: Duration| format!("{}.{:03} ms", time.as_millis(), time.as_micros() % 1000);
    let [p50, p95, p99, max] = [500, 950, 990, 1000].map(at);
    writeln!(
        out,
        "{what:8} {:>6} calls  p50 {}  p95 {}  p99 {}  max {}{}",
        times.len(),
        shown(p50),
        shown(p95),
        shown(p99),
        shown(max),
        if p99 > GOAL { "  LATE" } else { "" }
    )?;
    Ok(())
}
