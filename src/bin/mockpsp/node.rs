//! The node's side of the wire: sends a message to a creditor station within the node's time
//! limits, and says what a payment service provider would be told when it fails.

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

use crate::answers::CallError;
use crate::day::IN_FLIGHT;
use crate::disturbances::{self, Disturbances, Held, Leg, Trouble};
use crate::messages::Door;

const ANSWER_LIMIT: usize = 1 << 20;
/// Times an answer that cannot be used is asked for again.
const WEAK_TRIES: u32 = 6;

/// The messages the node sends, with their time limits.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Call {
    Verify,
    Activate,
    Receipt,
    /// Asks for a notice that nobody issued.
    Demand,
}

impl Call {
    fn action(self, version: u8) -> &'static str {
        match (self, version) {
            (Self::Verify, _) => "paVerifyPaymentNotice",
            (Self::Activate, 1) => "paGetPayment",
            (Self::Activate, _) => "paGetPaymentV2",
            (Self::Receipt, 1) => "paSendRT",
            (Self::Receipt, _) => "paSendRTV2",
            (Self::Demand, _) => "paDemandPaymentNotice",
        }
    }

    /// The way that it goes.
    pub(crate) fn leg(self) -> Leg {
        match self {
            Self::Verify => Leg::Verify,
            Self::Activate => Leg::Activate,
            Self::Receipt => Leg::Receipt,
            Self::Demand => Leg::Demand,
        }
    }

    fn limit(self) -> Duration {
        match self {
            Self::Verify | Self::Activate | Self::Demand => Duration::from_secs(7),
            Self::Receipt => Duration::from_secs(15),
        }
    }
}

/// What the payment service provider is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Fault {
    pub(crate) code: String,
    pub(crate) description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) original_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) original_string: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) original_description: Option<String>,
}

impl Fault {
    /// A fault of the node itself.
    pub(crate) fn ppt(code: &str, description: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            description: description.into(),
            original_code: None,
            original_string: None,
            original_description: None,
        }
    }

    /// The creditor's code when it spoke, else the node's.
    pub(crate) fn tally_code(&self) -> &str {
        self.original_code.as_deref().unwrap_or(&self.code)
    }
}

impl From<&CallError> for Fault {
    fn from(error: &CallError) -> Self {
        match error {
            CallError::Unreachable(why) => {
                Self::ppt("PPT_STAZIONE_INT_PA_IRRAGGIUNGIBILE", why.as_str())
            }
            CallError::TimedOut => Self::ppt(
                "PPT_STAZIONE_INT_PA_TIMEOUT",
                "the station did not answer in time",
            ),
            CallError::Malformed(why) => {
                Self::ppt("PPT_STAZIONE_INT_PA_ERRORE_RESPONSE", why.as_str())
            }
            CallError::Stopping => Self::ppt("PPT_SYSTEM_ERROR", "the gateway is stopping"),
            CallError::Refused {
                code,
                string,
                description,
            } => Self {
                original_code: Some(code.clone()),
                original_string: Some(string.clone()),
                original_description: Some(description.clone()).filter(|text| !text.is_empty()),
                ..Self::ppt(
                    "PPT_ERRORE_EMESSO_DA_PAA",
                    "error given out by the creditor",
                )
            },
        }
    }
}

/// How long a call is repeated while the creditor cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// One try, for payments made by hand.
    Once,
    /// As long as it takes, for simulated days.
    Endless,
}

/// The HTTP client and the recorder.
#[derive(Debug)]
pub(crate) struct NodeClient {
    /// What goes wrong on purpose.
    pub(crate) disturbances: Disturbances,
    http: reqwest::Client,
    record: Option<Recorder>,
    stop: watch::Receiver<bool>,
}

#[derive(Debug)]
struct Recorder {
    folder: PathBuf,
    next: AtomicU64,
}

impl NodeClient {
    /// `record` is the folder that receives every message exchanged.
    pub(crate) fn new(
        record: Option<PathBuf>,
        stop: watch::Receiver<bool>,
    ) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(Duration::from_secs(3))
            .pool_max_idle_per_host(IN_FLIGHT)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let record = record.map(|folder| -> anyhow::Result<Recorder> {
            std::fs::create_dir_all(&folder)?;
            let mut next = 0_u64;
            for file in std::fs::read_dir(&folder)? {
                let name = file?.file_name();
                let number = name
                    .to_str()
                    .and_then(|name| name.split('-').next()?.parse().ok());
                next = next.max(number.unwrap_or(0));
            }
            Ok(Recorder {
                folder,
                next: AtomicU64::new(next),
            })
        });
        Ok(Self {
            disturbances: Disturbances::default(),
            http,
            record: record.transpose()?,
            stop,
        })
    }

    /// Sends one message and gives the text of the answer, unless something goes wrong on purpose.
    pub(crate) async fn send(
        &self,
        call: Call,
        door: &Door,
        message: String,
    ) -> Result<String, CallError> {
        self.release(None).await;
        let hold = |overtaken| {
            let (door, message) = (door.clone(), message.clone());
            self.disturbances.hold(Held {
                call,
                door,
                message,
                overtaken,
            });
            Err(CallError::TimedOut)
        };
        let answer = match self.disturbances.next(call.leg()) {
            None => self.exchange(call, door, message).await,
            Some(Trouble::LoseRequest) => Err(CallError::Unreachable(
                "the message was lost on purpose".to_owned(),
            )),
            Some(Trouble::LoseAnswer) => {
                let _lost = self.exchange(call, door, message).await;
                Err(CallError::TimedOut)
            }
            Some(Trouble::Delay) => return hold(false),
            Some(Trouble::Reorder) => return hold(true),
            Some(Trouble::Duplicate) => {
                let first = self.exchange(call, door, message.clone());
                tokio::join!(first, self.exchange(call, door, message)).0
            }
            Some(Trouble::MalformRequest) => {
                self.exchange(call, door, disturbances::cut(&message)).await
            }
            Some(Trouble::MalformAnswer) => {
                let answer = self.exchange(call, door, message).await;
                answer.map(|answer| disturbances::cut(&answer))
            }
            Some(Trouble::WrongSum) => {
                let message = disturbances::wrong_sum(call, &message);
                self.exchange(call, door, message).await
            }
            Some(Trouble::WrongStation) => {
                let message = disturbances::wrong_station(&message);
                self.exchange(call, door, message).await
            }
        };
        self.release(Some(call.leg())).await;
        answer
    }

    /// Lets messages arrive that nobody waits for any more.
    async fn release(&self, after: Option<Leg>) {
        for late in self.disturbances.release(after) {
            let answer = self.exchange(late.call, &late.door, late.message).await;
            tracing::info!(?late.call, ok = answer.is_ok(), "a message arrived late");
        }
    }

    async fn exchange(
        &self,
        call: Call,
        door: &Door,
        message: String,
    ) -> Result<String, CallError> {
        let action = call.action(door.version);
        let number = self
            .record
            .as_ref()
            .map(|recorder| recorder.begin(action, &message));
        let request = self
            .http
            .post(&door.url)
            .header("Content-Type", "text/xml; charset=utf-8")
            .header("SOAPAction", format!("\"{action}\""))
            .timeout(call.limit())
            .body(message);
        let response = request.send().await.map_err(|error| transport(&error))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|error| transport(&error))?;
        if let (Some(recorder), Some(number)) = (&self.record, number) {
            recorder.end(number, action, &body);
        }
        if status.is_server_error() || status.as_u16() == 429 {
            return Err(CallError::Unreachable(format!(
                "the station answered HTTP {status}"
            )));
        }
        if !status.is_success() {
            return Err(CallError::Malformed(format!(
                "the station answered HTTP {status}"
            )));
        }
        if body.len() > ANSWER_LIMIT {
            return Err(CallError::Malformed(
                "the answer is longer than 1 MiB".to_owned(),
            ));
        }
        String::from_utf8(body.into())
            .map_err(|_not_utf8| CallError::Malformed("the answer is not UTF-8".to_owned()))
    }

    /// Makes a call again, with longer and longer waits, as `patience` allows. A creditor that
    /// cannot be reached is waited for; an unusable answer is asked for a few times only.
    pub(crate) async fn insist<T, F>(
        &self,
        patience: Patience,
        mut call: impl FnMut() -> F,
    ) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, CallError>>,
    {
        let mut tries = 0_u32;
        loop {
            let error = match call().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let weak = match &error {
                CallError::Unreachable(_) | CallError::TimedOut => false,
                CallError::Malformed(_) => true,
                CallError::Refused { code, .. } if code == "PAA_SYSTEM_ERROR" => true,
                CallError::Refused { .. } | CallError::Stopping => return Err(error),
            };
            if patience == Patience::Once || (weak && tries >= WEAK_TRIES) {
                return Err(error);
            }
            if tries == 0 || tries % 10 == 9 {
                tracing::warn!(?error, tries, "the creditor is tried again");
            }
            self.wait(tries).await?;
            tries = tries.saturating_add(1);
        }
    }

    async fn wait(&self, tries: u32) -> Result<(), CallError> {
        let pause = Duration::from_millis(100)
            .saturating_mul(1_u32 << tries.min(4))
            .min(Duration::from_secs(1));
        let mut stop = self.stop.clone();
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            _ = stop.wait_for(|stopping| *stopping) => Err(CallError::Stopping),
        }
    }
}

impl Recorder {
    fn begin(&self, action: &str, message: &str) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        self.write(number, action, "request", message.as_bytes());
        number
    }

    fn end(&self, number: u64, action: &str, answer: &[u8]) {
        self.write(number, action, "response", answer);
    }

    fn write(&self, number: u64, action: &str, side: &str, content: &[u8]) {
        let path = self.folder.join(format!("{number:06}-{action}-{side}.xml"));
        if let Err(error) = std::fs::write(&path, content) {
            tracing::warn!(path = %path.display(), %error, "a message could not be recorded");
        }
    }
}

fn transport(error: &reqwest::Error) -> CallError {
    if error.is_timeout() {
        return CallError::TimedOut;
    }
    let mut reason = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        reason = cause.to_string();
        source = cause.source();
    }
    CallError::Unreachable(format!("the station cannot be reached: {reason}"))
}
