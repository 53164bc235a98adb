//! What a use case may ask for: the database, the clock, ids, the configuration, the registered creditors.
//!
//! Time and chance enter here and nowhere else, so that a test (or a simulation) can hold them.

mod clock;
mod ids;
mod journal;
mod numbers;
mod registry;
#[cfg(test)]
pub(crate) mod scratch;

use std::sync::Arc;

pub use clock::{Clock, ClockError};
pub use ids::Ids;
pub use journal::Journal;
pub use numbers::Numbers;
pub use registry::Registry;

use crate::config::Config;
use crate::domain::calendar::{self, Day, Instant};
use crate::domain::trail::Actor;
use crate::store::db::Retry;
use crate::store::{self, Conn, Db, Tx};

/// The context of every use case. Clones are cheap and share everything.
#[derive(Clone)]
pub struct Ctx {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// New ids.
    pub ids: Ids,
    /// What the engine was told when it started.
    pub config: Arc<Config>,
    /// The creditors, their stations and services, in memory.
    pub registry: Registry,
    /// Notice numbers reserved and not used up.
    pub numbers: Numbers,
    /// Calls of the node that are not in the journal of events yet.
    pub journal: Journal,
    /// Who acts: what is written says so. Nobody, until [`Ctx::by`].
    actor: Arc<Actor>,
    /// Wakes the job loop of this process; others find new work within a second.
    pub jobs_due: Arc<tokio::sync::Notify>,
}

impl Ctx {
    /// The context of a running engine: connections as configured, system or simulated clock.
    /// The registry is empty until [`Ctx::reload_registry`].
    ///
    /// # Errors
    /// [`store::Error::Down`] when a connection cannot be opened.
    pub fn open(config: Config) -> Result<Ctx, store::Error> {
        let clock = config.clock.map_or_else(Clock::system, Clock::simulated);
        let ids = Ids::system(clock.clone());
        Ctx::with(config, clock, ids)
    }

    /// A context with the given clock and ids, for tests and demonstrations.
    ///
    /// # Errors
    /// As [`Ctx::open`].
    pub fn with(config: Config, clock: Clock, ids: Ids) -> Result<Ctx, store::Error> {
        let db = Db::open(&config.database_url, config.db_threads)?;
        Ok(Ctx {
            db,
            clock,
            ids,
            config: Arc::new(config),
            registry: Registry::default(),
            numbers: Numbers::default(),
            journal: Journal::default(),
            actor: Arc::new(Actor::Nobody),
            jobs_due: Arc::default(),
        })
    }

    /// The same context for somebody: what is written through it is in the audit trail under this name.
    #[must_use]
    pub fn by(&self, actor: Actor) -> Ctx {
        Ctx {
            actor: Arc::new(actor),
            ..self.clone()
        }
    }

    /// Runs a use case in a transaction, and files what it noted under the name of who acts.
    ///
    /// # Errors
    /// The use case's own, or the database's.
    pub fn acted<T, E: From<store::Error>>(
        &self,
        tx: &mut Tx<'_>,
        now: Instant,
        f: impl FnOnce(&mut Tx<'_>, Instant) -> Result<T, E>,
    ) -> Result<T, E> {
        let value = f(tx, now)?;
        store::trail::file(tx, now, &self.actor, || self.ids.next())?;
        Ok(value)
    }

    /// The current instant.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The legal day: today in Rome.
    #[must_use]
    pub fn today(&self) -> Day {
        calendar::today(self.clock.now())
    }

    /// Reads every creditor from the database into the registry: at the start, after a change made by this
    /// process, and now and then for the changes made by others.
    ///
    /// # Errors
    /// [`store::Error`]; the registry stays as it was.
    pub async fn reload_registry(&self) -> Result<(), store::Error> {
        self.registry
            .replace(self.db.read(store::creditors::all).await?);
        Ok(())
    }

    /// Writes the calls that were noted to the journal of events; how many.
    ///
    /// # Errors
    /// [`store::Error`]; what could not be written waits for the next time.
    pub async fn file_events(&self) -> Result<usize, store::Error> {
        self.journal.file(&self.db).await
    }

    /// A question that must be answered quickly.
    ///
    /// # Errors
    /// The closure's own, or the database's.
    pub async fn read<T, E>(
        &self,
        f: impl Fn(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<store::Error> + Send + 'static,
    {
        self.db.read(f).await
    }

    /// A question that may take long.
    ///
    /// # Errors
    /// As [`Ctx::read`].
    pub async fn report<T, E>(
        &self,
        f: impl Fn(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<store::Error> + Send + 'static,
    {
        self.db.report(f).await
    }

    /// One transaction at one instant. The closure may run again after a conflict, with the same instant;
    /// when this returns `Ok`, what it wrote is durable, and what it noted is in the audit trail.
    ///
    /// # Errors
    /// The closure's own, after rolling back, or the database's.
    pub async fn write<T, E>(
        &self,
        f: impl Fn(&mut Tx<'_>, Instant) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<store::Error> + Retry + Send + 'static,
    {
        let (now, own) = (self.clock.now(), self.clone());
        self.db.write(move |tx| own.acted(tx, now, &f)).await
    }

    /// As [`Ctx::write`], for much at once: flows, journals.
    ///
    /// # Errors
    /// As [`Ctx::write`].
    pub async fn import<T, E>(
        &self,
        f: impl Fn(&mut Tx<'_>, Instant) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<store::Error> + Retry + Send + 'static,
    {
        let (now, own) = (self.clock.now(), self.clone());
        self.db.import(move |tx| own.acted(tx, now, &f)).await
    }
}
