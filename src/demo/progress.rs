//! How far the demonstration is, in a file that a second run resumes from.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use avviso::domain::calendar::Day;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What makes two runs the same demonstration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Terms {
    pub(crate) seed: u64,
    /// Ten-thousandths of a whole town.
    pub(crate) scale: u64,
    pub(crate) payments: u64,
    /// Digest of the database's address, which may hold a password.
    pub(crate) database: String,
}

/// Real time by what was done, in milliseconds.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Spent {
    pub(crate) issuing: u64,
    pub(crate) paying: u64,
    pub(crate) accounts: u64,
    pub(crate) books: u64,
}

/// Milliseconds since then.
pub(crate) fn millis_since(begun: std::time::Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Progress {
    pub(crate) terms: Terms,
    /// API keys of the two offices that use the REST door.
    pub(crate) portal_key: String,
    pub(crate) accounting_key: String,
    /// Last day whose every step is done.
    pub(crate) last_day: Option<Day>,
    /// Last day whose bank movements are imported.
    pub(crate) cash_until: Option<Day>,
    /// Real time used by all runs so far.
    pub(crate) real_millis: u64,
    /// Of which, by what was done.
    #[serde(default)]
    pub(crate) spent: Spent,
    /// Most memory of the engine so far.
    pub(crate) peak_kib: u64,
    /// How often the engine was started again.
    pub(crate) restarts: u32,
    pub(crate) finished: bool,
    #[serde(skip)]
    path: PathBuf,
}

impl Progress {
    /// A demonstration that has not begun.
    pub(crate) fn new(folder: &Path, terms: Terms, keys: [String; 2]) -> Progress {
        let [portal_key, accounting_key] = keys;
        Progress {
            terms,
            portal_key,
            accounting_key,
            last_day: None,
            cash_until: None,
            real_millis: 0,
            spent: Spent::default(),
            peak_kib: 0,
            restarts: 0,
            finished: false,
            path: path(folder),
        }
    }

    /// The one in this folder, if there is one.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn load(folder: &Path) -> anyhow::Result<Option<Progress>> {
        let path = path(folder);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        let read: Progress = serde_json::from_slice(&text).with_context(|| {
            format!(
                "{} is not readable; begin anew with --fresh",
                path.display()
            )
        })?;
        Ok(Some(Progress { path, ..read }))
    }

    /// Replaces the file in one step, readable by the owner only: it holds keys.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn save(&self) -> anyhow::Result<()> {
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        let draft = self.path.with_extension("new");
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&draft)?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.flush()?;
        std::fs::rename(&draft, &self.path).with_context(|| self.path.display().to_string())
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("progress.json")
}

/// The digest by which a database is known.
pub(crate) fn digest(url: &str) -> String {
    Sha256::digest(url)
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
