//! The two programs of the demonstration: started, watched, started again when they die, stopped in order.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A program that ends sooner than this did not start.
const SETTLED: Duration = Duration::from_secs(2);
/// Starts in a row that may fail.
const FAILED_STARTS_MAX: u32 = 5;
/// How long a program may take to stop.
const STOP: Duration = Duration::from_secs(30);
/// Leases of a killed process last a minute of simulated time: the next one begins after their end.
const LEASES: TimeDelta = TimeDelta::minutes(2);

/// How a program is started.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) executable: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    /// Folder of logs and process ids.
    pub(crate) folder: PathBuf,
}

impl Program {
    fn log(&self) -> PathBuf {
        self.folder.join("logs").join(format!("{}.log", self.name))
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.join(format!("{}.pid", self.name))
    }

    /// Runs to its end and gives what it printed.
    ///
    /// # Errors
    /// When it cannot be started or fails; the message has what it said.
    pub(crate) async fn run(&self) -> anyhow::Result<String> {
        let (ok, out) = self.finish().await?;
        if ok {
            return Ok(out);
        }
        bail!(
            "`{} {}` failed: {}",
            self.name,
            self.arguments.join(" "),
            out.trim()
        )
    }

    /// Runs to its end: whether it succeeded, and what it printed (with its complaints when it failed).
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) async fn finish(&self) -> anyhow::Result<(bool, String)> {
        let output = Command::new(&self.executable)
            .args(&self.arguments)
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .output()
            .await
            .with_context(|| format!("{} cannot be started", self.executable.display()))?;
        let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            said.push_str(&String::from_utf8_lossy(&output.stderr));
        }
        Ok((output.status.success(), said))
    }

    fn start(&self, clock: Option<DateTime<Utc>>) -> anyhow::Result<Child> {
        let log = append(&self.log())?;
        let mut command = Command::new(&self.executable);
        command
            .args(&self.arguments)
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C reaches this process only, which stops the others in order.
            .process_group(0)
            .kill_on_drop(true);
        if let Some(clock) = clock {
            command.env("AVVISO_CLOCK", clock.to_rfc3339());
        }
        let child = command
            .spawn()
            .with_context(|| format!("{} cannot be started", self.executable.display()))?;
        if let Some(pid) = child.id() {
            std::fs::write(self.pid_file(), format!("{pid}\n"))?;
        }
        Ok(child)
    }

    /// Stops what an earlier demonstration, killed itself, has left running.
    ///
    /// # Errors
    /// When it does not stop.
    pub(crate) async fn stop_leftover(&self) -> anyhow::Result<()> {
        let Ok(text) = std::fs::read_to_string(self.pid_file()) else {
            return Ok(());
        };
        let Ok(pid) = text.trim().parse::<u32>() else {
            return Ok(());
        };
        let ours = || {
            let running = std::fs::read_link(format!("/proc/{pid}/exe")).ok();
            running.is_some_and(|path| path.file_name() == self.executable.file_name())
        };
        if ours() {
            terminate(pid).await;
        }
        let begun = Instant::now();
        while ours() {
            if begun.elapsed() > STOP {
                bail!(
                    "{} (process {pid}) of an earlier demonstration does not stop",
                    self.name
                );
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}

fn append(path: &Path) -> anyhow::Result<File> {
    let open = OpenOptions::new().create(true).append(true).open(path);
    open.with_context(|| format!("{} cannot be written", path.display()))
}

/// Sends SIGTERM. A process that is gone already is no fault.
async fn terminate(pid: u32) {
    let shell = ["-c", "kill -TERM \"$1\"", "sh"];
    let sent = Command::new("sh")
        .args(shell)
        .arg(pid.to_string())
        .stderr(Stdio::null())
        .status();
    let _gone = sent.await;
}

/// What is known of a running program.
#[derive(Debug, Default)]
struct Watched {
    pid: AtomicU32,
    starts: AtomicU32,
    peak_kib: AtomicU64,
    given_up: AtomicBool,
    clock: Mutex<Option<DateTime<Utc>>>,
}

/// Keeps one program running.
#[derive(Debug)]
pub(crate) struct Keeper {
    watched: Arc<Watched>,
    stop: watch::Sender<bool>,
    running: JoinHandle<anyhow::Result<()>>,
    log: PathBuf,
    name: &'static str,
}

impl Keeper {
    /// Starts a program; with a clock, each start begins at the simulated time reached.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(crate) fn start(program: Program, clock: Option<DateTime<Utc>>) -> anyhow::Result<Keeper> {
        let watched = Arc::new(Watched {
            clock: Mutex::new(clock),
            ..Watched::default()
        });
        let (stop, stopping) = watch::channel(false);
        let (log, name) = (program.log(), program.name);
        let first = program.start(clock)?;
        let running = tokio::spawn(keep(program, first, Arc::clone(&watched), stopping));
        Ok(Keeper {
            watched,
            stop,
            running,
            log,
            name,
        })
    }

    /// The simulated time at which the next start begins.
    pub(crate) fn set_clock(&self, now: DateTime<Utc>) {
        *self
            .watched
            .clock
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(now);
    }

    /// How often it had to be started again.
    pub(crate) fn restarts(&self) -> u32 {
        self.watched
            .starts
            .load(Ordering::Relaxed)
            .saturating_sub(1)
    }

    /// The most memory it ever had, in KiB, over all its starts.
    pub(crate) fn peak_kib(&self) -> u64 {
        sample(&self.watched);
        self.watched.peak_kib.load(Ordering::Relaxed)
    }

    /// # Errors
    /// When it does not stay up, with the end of its log.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if !self.watched.given_up.load(Ordering::Relaxed) {
            return Ok(());
        }
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().rev().take(5).collect();
        let tail: Vec<&str> = lines.into_iter().rev().collect();
        bail!(
            "{} does not stay up; the end of {}:\n{}",
            self.name,
            self.log.display(),
            tail.join("\n")
        )
    }

    /// Stops it with SIGTERM, and kills it when it does not listen.
    pub(crate) async fn stop(self) {
        sample(&self.watched);
        self.stop.send_replace(true);
        // The task only fails with the program, which is what was wanted.
        let _ended = self.running.await;
    }
}

async fn keep(
    program: Program,
    first: Child,
    watched: Arc<Watched>,
    mut stopping: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let (mut child, mut failures) = (first, 0_u32);
    loop {
        watched.starts.fetch_add(1, Ordering::Relaxed);
        let pid = child.id().unwrap_or(0);
        watched.pid.store(pid, Ordering::Relaxed);
        let begun = Instant::now();
        tokio::select! {
            _ended = child.wait() => {}
            () = wanted(&mut stopping) => {
                terminate(pid).await;
                if tokio::time::timeout(STOP, child.wait()).await.is_err() {
                    child.kill().await?;
                }
                let _gone = std::fs::remove_file(program.pid_file());
                return Ok(());
            }
        }
        failures = if begun.elapsed() < SETTLED {
            failures.saturating_add(1)
        } else {
            0
        };
        if failures > FAILED_STARTS_MAX {
            watched.given_up.store(true, Ordering::Relaxed);
            bail!("{} does not stay up", program.name);
        }
        let clock = {
            let mut clock = watched.clock.lock().unwrap_or_else(PoisonError::into_inner);
            *clock = clock.and_then(|clock| clock.checked_add_signed(LEASES));
            *clock
        };
        tokio::time::sleep(Duration::from_millis(
            u64::from(failures).saturating_mul(200),
        ))
        .await;
        child = program.start(clock)?;
    }
}

/// Waits for the wish to stop; a wish that nobody can have any more is one.
async fn wanted(stopping: &mut watch::Receiver<bool>) {
    let _gone = stopping.wait_for(|stop| *stop).await;
}

/// Reads the high-water mark of the running process.
fn sample(watched: &Watched) {
    let pid = watched.pid.load(Ordering::Relaxed);
    let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) else {
        return;
    };
    let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = mark
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|kib| kib.parse().ok());
    if let Some(kib) = kib {
        watched.peak_kib.fetch_max(kib, Ordering::Relaxed);
    }
}

/// Free ports of this machine, all different.
///
/// # Errors
/// When there are none.
pub(crate) fn free_ports<const N: usize>() -> anyhow::Result<[u16; N]> {
    let mut held = Vec::new();
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}
