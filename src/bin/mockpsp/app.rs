//! What all parts of the gateway share: the store, the line to the creditors, the locks.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::answers::CallError;
use crate::flows::plus_days;
use crate::journal::{JournalError, Store};
use crate::node::{Fault, NodeClient};
use crate::receipt_door::Calls;
use crate::state::{Day, Event, State};

/// The running gateway.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) seed: u64,
    /// Operating day of payments made before any day was run.
    pub(crate) wall_day: Day,
    pub(crate) node: NodeClient,
    pub(crate) stop: watch::Receiver<bool>,
    /// Where calls to creditors run, apart from the threads that answer.
    pub(crate) runtime: tokio::runtime::Handle,
    /// Held while a day runs or held-back receipts are delivered.
    pub(crate) day: tokio::sync::Mutex<()>,
    /// Questions for receipts, of which only so many are allowed.
    pub(crate) receipt_calls: Calls,
    running: Mutex<Option<Day>>,
    store: Mutex<Store>,
    /// Notices with an activation on its way.
    busy: Mutex<HashSet<(String, String)>>,
}

/// Why a step did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Halt {
    #[error("{}: {}", .0.code, .0.description)]
    Fault(Fault),
    #[error("the gateway is stopping; ask again when it runs")]
    Stopping,
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl From<CallError> for Halt {
    fn from(error: CallError) -> Self {
        if error == CallError::Stopping {
            Self::Stopping
        } else {
            Self::Fault(Fault::from(&error))
        }
    }
}

/// The parts an `App` is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) seed: u64,
    pub(crate) wall_day: Day,
    pub(crate) store: Store,
    pub(crate) node: NodeClient,
    pub(crate) stop: watch::Receiver<bool>,
}

impl App {
    pub(crate) fn new(parts: Parts, runtime: tokio::runtime::Handle) -> Self {
        let Parts {
            seed,
            wall_day,
            store,
            node,
            stop,
        } = parts;
        Self {
            seed,
            wall_day,
            node,
            stop,
            runtime,
            day: tokio::sync::Mutex::default(),
            receipt_calls: Calls::default(),
            running: Mutex::default(),
            store: Mutex::new(store),
            busy: Mutex::default(),
        }
    }

    /// Looks at the state. Nothing may wait inside.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&lock(&self.store).state)
    }

    /// Writes an event.
    pub(crate) fn record(&self, event: Event) -> Result<(), JournalError> {
        lock(&self.store).record(event)
    }

    /// Decides and writes in one go; the decision may be to write nothing.
    pub(crate) fn decide<T>(
        &self,
        decide: impl FnOnce(&State) -> (Option<Event>, T),
    ) -> Result<T, JournalError> {
        let mut store = lock(&self.store);
        let (event, value) = decide(&store.state);
        if let Some(event) = event {
            store.record(event)?;
        }
        Ok(value)
    }

    /// The operating day that is open now.
    pub(crate) fn open_day(&self) -> Day {
        self.read(State::last_closed)
            .map_or(self.wall_day, |day| plus_days(day, 1))
    }

    pub(crate) fn set_running(&self, day: Option<Day>) {
        *lock(&self.running) = day;
    }

    pub(crate) fn running(&self) -> Option<Day> {
        *lock(&self.running)
    }

    /// Claims a notice for one payer at a time; `None` while another activation is on its way.
    pub(crate) fn claim(&self, creditor: &str, notice_number: &str) -> Option<Claim<'_>> {
        let key = (creditor.to_owned(), notice_number.to_owned());
        lock(&self.busy)
            .insert(key.clone())
            .then_some(Claim { app: self, key })
    }

    pub(crate) fn stopping(&self) -> bool {
        *self.stop.borrow()
    }
}

/// A notice in the hands of one payer; released on drop.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    app: &'a App,
    key: (String, String),
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        lock(&self.app.busy).remove(&self.key);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
