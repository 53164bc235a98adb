//! Configuration: the environment in, one checked [`Config`] out. Nothing else reads the environment.
//!
//! Every fault is reported at once, each with the variable and the remedy. Names, defaults and meanings
//! stand in one table ([`VARIABLES`]), from which the reference is printed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use crate::domain::calendar::Instant;

mod network;

pub use network::{BadNetwork, Network};

/// What the engine is told when it starts.
#[derive(Debug, Clone)]
pub struct Config {
    /// `postgres://…`, or `sqlite:FILE`.
    pub database_url: String,
    /// Development allows what production refuses.
    pub profile: Profile,
    /// Address of the REST door.
    pub listen: SocketAddr,
    /// Address of the SOAP door, the one that pagoPA's node calls.
    pub node_listen: SocketAddr,
    /// Address of liveness, readiness and metrics.
    pub ops_listen: SocketAddr,
    /// Base of the links the engine writes, without a slash at the end.
    pub public_url: String,
    /// Connections for questions that must be answered quickly.
    pub db_threads: usize,
    /// Threads that serve HTTP, for each door.
    pub workers: usize,
    /// Seconds that running requests are given when the engine stops.
    pub stop_seconds: u64,
    /// Requests a second that one caller may make.
    pub rate_per_second: u32,
    /// Largest file of a treasurer or bank, in MiB.
    pub file_mib: u32,
    /// Where reporting flows are asked for; without it none are pulled.
    pub flows: Option<FlowSource>,
    /// Password of the stations: with it flows are asked for by SOAP, without it by REST.
    pub flow_password: Option<Secret>,
    /// Minutes between two pulls of reporting flows; zero pulls only when asked.
    pub flow_minutes: u32,
    /// Networks that may call the SOAP door; empty for every one.
    pub node_networks: Vec<Network>,
    /// Proxies whose `X-Forwarded-For` is believed at the SOAP door; empty for none.
    pub node_proxies: Vec<Network>,
    /// Stations for which a second, different receipt under a known id is answered OK.
    pub muted_stations: BTreeSet<String>,
    /// Months that the journal of events is kept, 24 at least.
    pub event_months: u32,
    /// Days that the messages of its calls are kept.
    pub message_days: u32,
    /// Where the platform's archive of notices (ACA) is told of changes.
    pub archive: Option<FlowSource>,
    /// Where receipts that nobody sent are asked for (`BizEvents`).
    pub receipts: Option<FlowSource>,
    /// A simulated clock begins at this instant.
    pub clock: Option<Instant>,
    /// Where the process is to die, as `receipt.filed:after`.
    pub crash_at: Option<String>,
    /// Filter of the log, in the words of `tracing-subscriber`.
    pub log: String,
    /// Variables that look like ours and are not; logged at start, because they are often typing errors.
    pub unknown: Vec<String>,
}

/// What the engine is run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// A simulated clock and plain HTTP are allowed.
    Development,
    /// Real time, TLS towards others.
    Production,
}

/// A REST service of the platform.
#[derive(Debug, Clone)]
pub struct FlowSource {
    /// Base URL without a slash at the end.
    pub url: String,
    /// Subscription key of the interface.
    pub key: Option<Secret>,
}

impl FlowSource {
    /// The subscription key, for the header that carries it.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_ref().map(Secret::reveal)
    }
}

/// A value that `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The value, for the header that carries it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// One line of the reference.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Name in the environment.
    pub name: &'static str,
    /// What holds when it is not set; empty for none.
    pub default: &'static str,
    /// What it is for, and which values it takes.
    pub meaning: &'static str,
}

/// Every variable the engine reads.
pub const VARIABLES: &[Variable] = &[
    Variable {
        name: "DATABASE_URL",
        default: "sqlite:avviso.sqlite",
        meaning: "Database: `sqlite:FILE` or `postgres://user@host/name`.",
    },
    Variable {
        name: "AVVISO_PROFILE",
        default: "development",
        meaning: "`development` or `production`. Production refuses a simulated clock, crash points and \
                  plain HTTP towards others.",
    },
    Variable {
        name: "AVVISO_LISTEN",
        default: "127.0.0.1:8080",
        meaning: "Address of the REST door, `host:port`; port 0 takes a free one.",
    },
    Variable {
        name: "AVVISO_NODE_LISTEN",
        default: "127.0.0.1:8081",
        meaning: "Address of the SOAP door, which pagoPA's node calls.",
    },
    Variable {
        name: "AVVISO_OPS_LISTEN",
        default: "127.0.0.1:8082",
        meaning: "Address of `/live`, `/ready` and `/metrics`; keep it inside your network.",
    },
    Variable {
        name: "AVVISO_PUBLIC_URL",
        default: "http://127.0.0.1:8080",
        meaning: "Base of the links in answers, as the outside world sees it.",
    },
    Variable {
        name: "AVVISO_DB_THREADS",
        default: "the cores; PostgreSQL: four times as many",
        meaning: "Database connections for interactive work, 1 to 256. On PostgreSQL each of them waits for the disk at the end of a write.",
    },
    Variable {
        name: "AVVISO_WORKERS",
        default: "2",
        meaning: "HTTP threads of each door, 1 to 64.",
    },
    Variable {
        name: "AVVISO_STOP_SECONDS",
        default: "20",
        meaning: "How long running requests and jobs may take to finish at a stop, 0 to 600.",
    },
    Variable {
        name: "AVVISO_RATE_PER_SECOND",
        default: "2000",
        meaning: "REST requests a second for each caller, 1 to 100000; more are answered 429.",
    },
    Variable {
        name: "AVVISO_FILE_MIB",
        default: "256",
        meaning: "Largest file of a treasurer or bank that is taken, in MiB, 1 to 1024; it waits on the disk \
                  while it is read.",
    },
    Variable {
        name: "AVVISO_FDR_URL",
        default: "",
        meaning: "Base of the interface for reporting flows: by REST `…/fdr-org/service/v1`, by SOAP \
                  `…/node-for-pa/v1`. Without it no flows are pulled.",
    },
    Variable {
        name: "AVVISO_FDR_KEY",
        default: "",
        meaning: "Subscription key of that interface.",
    },
    Variable {
        name: "AVVISO_FDR_PROTOCOL",
        default: "rest",
        meaning: "How that interface is spoken to: `rest`, or `soap` (nodeForPa).",
    },
    Variable {
        name: "AVVISO_FDR_PASSWORD",
        default: "",
        meaning: "Password of the stations at the node, 8 to 15 characters; by SOAP only, which asks as \
                  the creditor's station of the day.",
    },
    Variable {
        name: "AVVISO_FDR_MINUTES",
        default: "15",
        meaning: "Minutes between two pulls of reporting flows; 0 pulls only when the API is asked to.",
    },
    Variable {
        name: "AVVISO_ACA_URL",
        default: "",
        meaning: "Base of the platform's archive of notices (ACA), told of every change; without it nobody is.",
    },
    Variable {
        name: "AVVISO_ACA_KEY",
        default: "",
        meaning: "Subscription key of that interface.",
    },
    Variable {
        name: "AVVISO_BIZEVENTS_URL",
        default: "",
        meaning: "Base of the interface that is asked for receipts which a flow names and nobody sent \
                  (BizEvents), ten times an hour for each creditor; without it nobody is.",
    },
    Variable {
        name: "AVVISO_BIZEVENTS_KEY",
        default: "",
        meaning: "Subscription key of that interface.",
    },
    Variable {
        name: "AVVISO_NODE_NETWORKS",
        default: "",
        meaning: "Networks that may call the SOAP door, with commas between them: \
                  `192.0.2.0/24,2001:db8::1`. Without it every address may.",
    },
    Variable {
        name: "AVVISO_NODE_PROXIES",
        default: "",
        meaning: "Networks of the proxies before the SOAP door whose `X-Forwarded-For` is believed; \
                  without it nobody's is.",
    },
    Variable {
        name: "AVVISO_NODE_MUTED_STATIONS",
        default: "",
        meaning: "Stations, with commas between them, that answer OK in place of \
                  PAA_RECEIPT_DUPLICATA. The message is kept as a conflict all the same.",
    },
    Variable {
        name: "AVVISO_EVENT_MONTHS",
        default: "24",
        meaning: "Months that the journal of events is kept, 24 to 240.",
    },
    Variable {
        name: "AVVISO_MESSAGE_DAYS",
        default: "90",
        meaning: "Days that the messages of its calls are kept, 1 to 3650: they hold personal data.",
    },
    Variable {
        name: "AVVISO_CLOCK",
        default: "",
        meaning: "An instant as `2026-03-02T09:00:00+01:00`: the engine's time begins there and runs on. \
                  Development only.",
    },
    Variable {
        name: "AVVISO_CRASH_AT",
        default: "",
        meaning: "A point as `receipt.filed:after`, at which the process dies, to be started again: for \
                  tests. Development only.",
    },
    Variable {
        name: "AVVISO_LOG",
        default: "info,actix_server=warn",
        meaning: "Log filter: `info`, `warn`, `avviso=debug,info` …",
    },
];

/// What is wrong with one variable, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The variable.
    pub name: &'static str,
    /// What is wrong, and the remedy.
    pub why: String,
}

/// The environment cannot be used; every fault is listed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(pub Vec<Fault>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration cannot be used:")?;
        for Fault { name, why } in &self.0 {
            write!(f, "\n  {name}: {why}")?;
        }
        write!(f, "\n`avviso --help` lists the variables.")
    }
}

impl Config {
    /// Reads the environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault.
    pub fn from_env() -> Result<Config, ConfigError> {
        Config::parse(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }))
    }

    /// Reads the given variables; those not given have their defaults.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault.
    pub fn parse(
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Config, ConfigError> {
        let mut read = Reader {
            given: variables.into_iter().collect(),
            faults: Vec::new(),
        };
        let profile = read.profile();
        let flows = read.service(["AVVISO_FDR_URL", "AVVISO_FDR_KEY"], profile);
        let flow_password = read.flow_password(flows.is_some());
        let archive = read.service(["AVVISO_ACA_URL", "AVVISO_ACA_KEY"], profile);
        let receipts = read.service(["AVVISO_BIZEVENTS_URL", "AVVISO_BIZEVENTS_KEY"], profile);
        let database_url = read.database();
        let config = Config {
            profile,
            listen: read.address("AVVISO_LISTEN"),
            node_listen: read.address("AVVISO_NODE_LISTEN"),
            ops_listen: read.address("AVVISO_OPS_LISTEN"),
            public_url: read.url("AVVISO_PUBLIC_URL", profile).unwrap_or_default(),
            db_threads: read.number("AVVISO_DB_THREADS", connections(&database_url), 1, 256),
            database_url,
            workers: read.number("AVVISO_WORKERS", 2, 1, 64),
            stop_seconds: read.number("AVVISO_STOP_SECONDS", 20, 0, 600),
            rate_per_second: read.number("AVVISO_RATE_PER_SECOND", 2000, 1, 100_000),
            file_mib: read.number("AVVISO_FILE_MIB", 256, 1, 1024),
            flows,
            flow_password,
            archive,
            receipts,
            flow_minutes: read.number("AVVISO_FDR_MINUTES", 15, 0, 1440),
            node_networks: read.networks("AVVISO_NODE_NETWORKS"),
            node_proxies: read.networks("AVVISO_NODE_PROXIES"),
            muted_stations: read.words("AVVISO_NODE_MUTED_STATIONS"),
            event_months: read.number("AVVISO_EVENT_MONTHS", 24, 24, 240),
            message_days: read.number("AVVISO_MESSAGE_DAYS", 90, 1, 3650),
            clock: read.clock(profile),
            crash_at: read.crash_at(profile),
            log: read.log(),
            unknown: read.unknown(),
        };
        if read.faults.is_empty() {
            Ok(config)
        } else {
            Err(ConfigError(read.faults))
        }
    }

    /// The reference of every variable, as a Markdown table.
    #[must_use]
    pub fn describe() -> String {
        let mut table = String::from("| variable | default | meaning |\n|---|---|---|\n");
        for Variable {
            name,
            default,
            meaning,
        } in VARIABLES
        {
            let default = if default.is_empty() {
                "none".into()
            } else {
                format!("`{default}`")
            };
            table.push_str(&format!("| `{name}` | {default} | {meaning} |\n"));
        }
        table
    }
}

/// On SQLite these only read, and one for each core reads as much as many.
fn connections(database_url: &str) -> usize {
    let per_core = if database_url.starts_with("postgres") {
        4
    } else {
        1
    };
    std::thread::available_parallelism()
        .map_or(2, usize::from)
        .saturating_mul(per_core)
        .min(256)
}

struct Reader {
    given: BTreeMap<String, String>,
    faults: Vec<Fault>,
}

impl Reader {
    fn fault(&mut self, name: &'static str, why: impl Into<String>) {
        self.faults.push(Fault {
            name,
            why: why.into(),
        });
    }

    /// The value, if there is one that is not blank.
    fn text(&self, name: &str) -> Option<String> {
        self.given
            .get(name)
            .map(|value| value.trim())
            .filter(|v| !v.is_empty())
            .map(str::to_owned)
    }

    fn text_or_default(&self, name: &str) -> String {
        let default = VARIABLES.iter().find(|variable| variable.name == name);
        self.text(name)
            .unwrap_or_else(|| default.map_or("", |v| v.default).to_owned())
    }

    fn networks(&mut self, name: &'static str) -> Vec<Network> {
        let mut read = Vec::new();
        for word in self.words(name) {
            match Network::parse(&word) {
                Ok(network) => read.push(network),
                Err(why) => self.fault(name, format!("`{word}` {why}")),
            }
        }
        read
    }

    /// What stands between commas.
    fn words(&self, name: &str) -> BTreeSet<String> {
        let text = self.text_or_default(name);
        let words = text.split(',').map(str::trim);
        words
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    }

    fn profile(&mut self) -> Profile {
        match self.text_or_default("AVVISO_PROFILE").as_str() {
            "development" => Profile::Development,
            "production" => Profile::Production,
            other => {
                let why = format!("`{other}` is no profile; write `development` or `production`");
                self.fault("AVVISO_PROFILE", why);
                Profile::Development
            }
        }
    }

    fn database(&mut self) -> String {
        let url = self.text_or_default("DATABASE_URL");
        let known = ["postgres://", "postgresql://", "sqlite:"];
        if url.contains(':') && !known.iter().any(|scheme| url.starts_with(scheme)) {
            // The value may hold a password, so it is not repeated.
            let why = "has an unknown scheme; write `sqlite:FILE` or `postgres://user@host/name`";
            self.fault("DATABASE_URL", why);
        }
        url
    }

    fn address(&mut self, name: &'static str) -> SocketAddr {
        let text = self.text_or_default(name);
        text.parse().unwrap_or_else(|_not_an_address| {
            let why = format!("`{text}` is no address; write `127.0.0.1:8080` or `[::]:8080`");
            self.fault(name, why);
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    }

    fn url(&mut self, name: &'static str, profile: Profile) -> Option<String> {
        let text = Some(self.text_or_default(name)).filter(|text| !text.is_empty())?;
        let given = self.text(name).is_some();
        let secure = text.starts_with("https://");
        if !secure && !text.starts_with("http://") {
            self.fault(
                name,
                format!("`{text}` is no URL; write `https://host/path`"),
            );
        } else if !secure && profile == Profile::Production {
            let why = if given {
                "must begin with https:// in production"
            } else {
                "must be set in production, and begin with https://"
            };
            self.fault(name, why);
        }
        Some(text.trim_end_matches('/').to_owned())
    }

    /// A service of the platform: its address, and the key without which it may be.
    fn service(&mut self, [url, key]: [&'static str; 2], profile: Profile) -> Option<FlowSource> {
        let secret = self.text(key).map(Secret);
        match self.url(url, profile) {
            Some(url) => Some(FlowSource { url, key: secret }),
            None => {
                if secret.is_some() {
                    self.fault(key, format!("is of no use without {url}; set both or none"));
                }
                None
            }
        }
    }

    /// The password with which flows are asked for by SOAP; `None` by REST.
    fn flow_password(&mut self, pulled: bool) -> Option<Secret> {
        let (protocol, name) = ("AVVISO_FDR_PROTOCOL", "AVVISO_FDR_PASSWORD");
        let password = self.text(name);
        match self.text_or_default(protocol).as_str() {
            "soap" if !pulled => {
                self.fault(
                    protocol,
                    "is of no use without AVVISO_FDR_URL; set both or none",
                );
            }
            "soap" => {
                let length = password.as_ref().map_or(0, |text| text.chars().count());
                if (8..=15).contains(&length) {
                    return password.map(Secret);
                }
                self.fault(name, "must be set for `soap`, with 8 to 15 characters");
            }
            "rest" => {
                if password.is_some() {
                    let why =
                        "is of no use by REST; set AVVISO_FDR_PROTOCOL to `soap`, or unset it";
                    self.fault(name, why);
                }
            }
            other => {
                let why = format!("`{other}` is no protocol; write `rest` or `soap`");
                self.fault(protocol, why);
            }
        }
        None
    }

    fn number<N>(&mut self, name: &'static str, default: N, min: N, max: N) -> N
    where
        N: FromStr + PartialOrd + fmt::Display + Copy,
    {
        let Some(text) = self.text(name) else {
            return default;
        };
        match text.parse::<N>() {
            Ok(n) if n >= min && n <= max => n,
            _ => {
                let why = format!("`{text}` is not a whole number from {min} to {max}");
                self.fault(name, why);
                default
            }
        }
    }

    fn clock(&mut self, profile: Profile) -> Option<Instant> {
        let name = "AVVISO_CLOCK";
        let text = self.text(name)?;
        if profile == Profile::Production {
            self.fault(
                name,
                "a simulated clock is refused in production; unset the variable",
            );
            return None;
        }
        match chrono::DateTime::parse_from_rfc3339(&text) {
            Ok(instant) => Some(instant.to_utc()),
            Err(_not_an_instant) => {
                let why = format!("`{text}` is no instant; write `2026-03-02T09:00:00+01:00`");
                self.fault(name, why);
                None
            }
        }
    }

    fn crash_at(&mut self, profile: Profile) -> Option<String> {
        let name = "AVVISO_CRASH_AT";
        let text = self.text(name)?;
        if profile == Profile::Production {
            self.fault(
                name,
                "a process that dies on purpose is refused in production",
            );
            return None;
        }
        Some(text)
    }

    fn log(&mut self) -> String {
        let text = self.text_or_default("AVVISO_LOG");
        if let Err(why) = tracing_subscriber::EnvFilter::try_new(&text) {
            self.fault(
                "AVVISO_LOG",
                format!("`{text}`: {why}; write `info` or `avviso=debug,info`"),
            );
        }
        text
    }

    fn unknown(&self) -> Vec<String> {
        let ours = |name: &String| name.starts_with("AVVISO_");
        let known = |name: &String| VARIABLES.iter().any(|variable| variable.name == *name);
        self.given
            .keys()
            .filter(|name| ours(name) && !known(name))
            .cloned()
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::parse(
            pairs
                .iter()
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned())),
        )
    }

    #[test]
    fn an_empty_environment_is_a_working_development_engine() {
        let config = parse(&[]).unwrap();
        assert_eq!(config.database_url, "sqlite:avviso.sqlite");
        assert_eq!(config.profile, Profile::Development);
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.public_url, "http://127.0.0.1:8080");
        assert!(config.flows.is_none() && config.clock.is_none());
    }

    #[test]
    fn every_fault_is_told_at_once_with_its_variable_and_remedy() {
        let wrong = parse(&[
            ("DATABASE_URL", "mysql://u:secret@h/d"),
            ("AVVISO_PROFILE", "prod"),
            ("AVVISO_LISTEN", "8080"),
            ("AVVISO_DB_THREADS", "0"),
            ("AVVISO_RATE_PER_SECOND", "many"),
            ("AVVISO_FDR_KEY", "k"),
            ("AVVISO_NODE_NETWORKS", "10.0.0.0/8, 10.0.0.0/99"),
            ("AVVISO_LOG", "avviso=shout"),
        ])
        .unwrap_err();
        let text = wrong.to_string();
        for name in [
            "DATABASE_URL",
            "AVVISO_PROFILE",
            "AVVISO_LISTEN",
            "AVVISO_DB_THREADS",
            "AVVISO_RATE_PER_SECOND",
            "AVVISO_FDR_KEY",
            "AVVISO_NODE_NETWORKS",
            "AVVISO_LOG",
        ] {
            assert!(text.contains(&format!("\n  {name}: ")), "{name} in {text}");
        }
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn production_refuses_a_simulated_clock_plain_http_and_a_crash() {
        let pairs = [
            ("AVVISO_PROFILE", "production"),
            ("AVVISO_CLOCK", "2026-03-02T09:00:00Z"),
            ("AVVISO_CRASH_AT", "receipt.filed:after"),
            ("AVVISO_FDR_URL", "http://fdr.example"),
        ];
        let names: Vec<_> = parse(&pairs)
            .unwrap_err()
            .0
            .into_iter()
            .map(|f| f.name)
            .collect();
        assert_eq!(
            names,
            [
                "AVVISO_FDR_URL",
                "AVVISO_PUBLIC_URL",
                "AVVISO_CLOCK",
                "AVVISO_CRASH_AT"
            ]
        );
        let development = parse(&[("AVVISO_CLOCK", "2026-03-02T09:00:00+01:00")]).unwrap();
        assert_eq!(
            development.clock,
            Some("2026-03-02T08:00:00Z".parse().unwrap())
        );
    }

    #[test]
    fn keys_do_not_show_and_typing_errors_are_kept() {
        let config = parse(&[
            ("AVVISO_FDR_URL", "https://fdr.example/v1/"),
            ("AVVISO_FDR_KEY", "hush"),
            ("AVVISO_LISTN", "x"),
        ])
        .unwrap();
        assert!(!format!("{config:?}").contains("hush"));
        assert_eq!(config.flows.unwrap().url, "https://fdr.example/v1");
        assert_eq!(config.unknown, ["AVVISO_LISTN"]);
    }

    #[test]
    fn flows_by_soap_need_an_address_and_a_password() {
        let url = ("AVVISO_FDR_URL", "https://node.example/node-for-pa/v1");
        let soap = ("AVVISO_FDR_PROTOCOL", "soap");
        let config = parse(&[url, soap, ("AVVISO_FDR_PASSWORD", "longenough")]).unwrap();
        assert_eq!(config.flow_password.unwrap().reveal(), "longenough");
        assert!(parse(&[url]).unwrap().flow_password.is_none());
        let refused: [(&[(&str, &str)], &str); 5] = [
            (&[soap], "AVVISO_FDR_PROTOCOL"),
            (&[url, soap], "AVVISO_FDR_PASSWORD"),
            (
                &[url, soap, ("AVVISO_FDR_PASSWORD", "short")],
                "AVVISO_FDR_PASSWORD",
            ),
            (
                &[url, ("AVVISO_FDR_PASSWORD", "longenough")],
                "AVVISO_FDR_PASSWORD",
            ),
            (
                &[url, ("AVVISO_FDR_PROTOCOL", "ftp")],
                "AVVISO_FDR_PROTOCOL",
            ),
        ];
        for (pairs, name) in refused {
            let faults = parse(pairs).unwrap_err();
            let names: Vec<_> = faults.0.iter().map(|fault| fault.name).collect();
            assert_eq!(names, [name]);
            assert!(!faults.to_string().contains("longenough"));
        }
    }

    #[test]
    fn the_reference_names_every_variable() {
        let table = Config::describe();
        assert_eq!(table.lines().count(), VARIABLES.len() + 2);
        assert!(table.contains("| `AVVISO_CLOCK` | none |"));
    }
}
