//! The append-only journal: one JSON line per event, written before the effect is visible to
//! anybody else. A line is handed to the operating system in one write and not synced: the
//! gateway survives being killed, not the loss of power.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::state::{Corrupt, Event, State};

const FORMAT: u32 = 1;

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    #[error("{path}: {source}", path = path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path}, line {line}: {reason}", path = path.display())]
    Line {
        path: PathBuf,
        line: usize,
        reason: String,
    },
    #[error("{path} was begun with --seed {found}, not {asked}; use that seed or another --state folder", path = path.display())]
    Seed {
        path: PathBuf,
        found: u64,
        asked: u64,
    },
    #[error("{path} is in use by another gateway", path = path.display())]
    InUse { path: PathBuf },
    #[error("the journal contradicts itself: {0}")]
    Corrupt(#[from] Corrupt),
    #[error("an event could not be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// The state and the file that makes it last.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) state: State,
    file: File,
    path: PathBuf,
}

impl Store {
    /// Opens or begins the journal in `folder` and replays it. A last line cut off by a kill is
    /// removed: its effect never happened.
    pub(crate) fn open(folder: &Path, seed: u64) -> Result<Self, JournalError> {
        let path = folder.join("journal.jsonl");
        let in_path = |source| JournalError::File {
            path: path.clone(),
            source,
        };
        std::fs::create_dir_all(folder).map_err(in_path)?;
        let mut options = OpenOptions::new();
        let file = options
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(in_path)?;
        if file.try_lock().is_err() {
            return Err(JournalError::InUse { path });
        }
        let mut store = Self {
            state: State::default(),
            file,
            path,
        };
        store.replay()?;
        match store.state.seed {
            None => store.record(Event::Opened {
                seed,
                format: FORMAT,
            })?,
            Some(found) if found == seed => {}
            Some(found) => {
                return Err(JournalError::Seed {
                    path: store.path,
                    found,
                    asked: seed,
                });
            }
        }
        Ok(store)
    }

    /// Writes an event and applies it.
    pub(crate) fn record(&mut self, event: Event) -> Result<(), JournalError> {
        let mut line = serde_json::to_vec(&event)?;
        line.push(b'\n');
        self.file
            .write_all(&line)
            .map_err(|source| JournalError::File {
                path: self.path.clone(),
                source,
            })?;
        self.state.apply(event)?;
        Ok(())
    }

    fn replay(&mut self) -> Result<(), JournalError> {
        let path = self.path.clone();
        let in_path = |source| JournalError::File {
            path: path.clone(),
            source,
        };
        let mut reader = BufReader::with_capacity(1 << 20, &self.file);
        let (mut line, mut number, mut whole) = (Vec::new(), 0_usize, 0_u64);
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line).map_err(in_path)?;
            if read == 0 || line.last() != Some(&b'\n') {
                break;
            }
            number = number.saturating_add(1);
            whole = whole.saturating_add(u64::try_from(read).unwrap_or(0));
            let event = serde_json::from_slice(&line).map_err(|error| error.to_string());
            let applied = event.and_then(|event: Event| {
                self.state.apply(event).map_err(|error| error.to_string())
            });
            if let Err(reason) = applied {
                return Err(JournalError::Line {
                    path,
                    line: number,
                    reason,
                });
            }
        }
        self.file.set_len(whole).map_err(in_path)?;
        self.file.seek(SeekFrom::Start(whole)).map_err(in_path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Activated, Creditor, Reported, Status, Transfer};

    fn activated(token: &str) -> Event {
        Event::Activated(Box::new(Activated {
            token: token.into(),
            creditor: "80001230456".into(),
            notice_number: "301000000000000001".into(),
            iuv: "01000000000000001".into(),
            psp: 0,
            day: "2026-03-02".parse().unwrap(),
            cents: 1200,
            planned: None,
            complete_on: None,
            stand_in: false,
            transfers: vec![Transfer {
                n: 1,
                cents: 1200,
                org: "80001230456".into(),
                iban: "IT60".into(),
                stamp: None,
            }],
            details: Some(Box::default()),
        }))
    }

    fn paid(payment: usize) -> Event {
        let at = "2026-03-02T10:11:12".parse().unwrap();
        Event::Paid {
            payment,
            day: "2026-03-02".parse().unwrap(),
            at,
            deliver_on: None,
            reported: Reported::Executed,
        }
    }

    #[test]
    fn a_restart_knows_what_was_recorded_and_forgets_a_line_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        {
            let mut store = Store::open(folder.path(), 7).unwrap();
            let creditor = Creditor {
                legal_name: "Comune".into(),
                broker_tax_code: "80001230456".into(),
                stations: vec![],
                ibans: vec![],
                services: vec![],
            };
            store
                .record(Event::Creditor {
                    tax_code: "80001230456".into(),
                    creditor,
                })
                .unwrap();
            store.record(activated("t1")).unwrap();
            store.record(paid(0)).unwrap();
        }
        let path = folder.path().join("journal.jsonl");
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"delivered\":{\"payment\":0,").unwrap();
        drop(file);
        {
            let mut store = Store::open(folder.path(), 7).unwrap();
            assert_eq!(store.state.payments.len(), 1);
            assert_eq!(store.state.payments[0].status, Status::Paid);
            assert!(!store.state.payments[0].delivered);
            store.record(activated("t2")).unwrap();
        }
        let store = Store::open(folder.path(), 7).unwrap();
        assert_eq!(store.state.payments.len(), 2);
        assert_eq!(
            store
                .state
                .tallies
                .values()
                .map(|tally| tally.paid_cents)
                .sum::<u64>(),
            1200
        );
    }

    #[test]
    fn another_seed_and_a_second_gateway_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let first = Store::open(folder.path(), 7).unwrap();
        assert!(matches!(
            Store::open(folder.path(), 7),
            Err(JournalError::InUse { .. })
        ));
        drop(first);
        assert!(matches!(
            Store::open(folder.path(), 8),
            Err(JournalError::Seed {
                found: 7,
                asked: 8,
                ..
            })
        ));
    }

    #[test]
    fn a_contradiction_names_its_line() {
        let folder = tempfile::tempdir().unwrap();
        {
            let mut store = Store::open(folder.path(), 7).unwrap();
            assert!(matches!(
                store.record(paid(3)),
                Err(JournalError::Corrupt(Corrupt::Payment(3)))
            ));
        }
        assert!(matches!(
            Store::open(folder.path(), 7),
            Err(JournalError::Line { line: 2, .. })
        ));
    }
}
