//! The executor: threads that each own one connection, closures go in, results come out.
//!
//! SQLite has one writer, which folds what is queued into one durable commit and answers only after it
//! (group commit). PostgreSQL does its own group commit, so each closure is its own transaction there.
//! Reports and imports have their own lane, so that they never stand before a verify.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::oneshot;

use super::conn::{Access, Conn, Tx, is_postgres};
use super::{Error, crash};

/// Closures that wait for a thread of one lane; more are refused with [`Error::Busy`].
const QUEUE_MAX: usize = 4096;
/// Closures folded into one SQLite commit at most.
const GROUP_MAX: usize = 256;
/// Transactions after which the rows are counted for the first time.
const FIRST_COUNT: u64 = 64;
/// Times a transaction runs again after a conflict.
const RETRIES_MAX: u32 = 5;

/// Answers the caller, once it is known whether the surrounding commit held.
type Ack = Box<dyn FnOnce(Result<(), &Error>) + Send>;
type Task = Box<dyn FnOnce(&mut Conn) -> Ack + Send>;

/// Which queue a closure stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Hot,
    Report,
    Write,
    Import,
}

/// A handle to the executor; clones share it. When the last one is dropped the threads end.
#[derive(Clone)]
pub struct Db {
    hot: flume::Sender<Task>,
    report: flume::Sender<Task>,
    write: flume::Sender<Task>,
    import: flume::Sender<Task>,
    /// Transactions so far, by which a young database is seen to grow.
    written: Arc<AtomicU64>,
    threads: Arc<std::sync::Mutex<Vec<std::thread::JoinHandle<()>>>>,
}

impl Db {
    /// Opens the connections and starts the threads. `threads` is the number of hot connections.
    ///
    /// # Errors
    /// [`Error::Down`] when a connection cannot be opened.
    pub fn open(url: &str, threads: usize) -> Result<Db, Error> {
        let handles = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (hot, hot_rx) = flume::bounded(QUEUE_MAX);
        let (report, report_rx) = flume::bounded(QUEUE_MAX);
        let postgres = is_postgres(url);
        let hot_access = if postgres {
            Access::Write
        } else {
            Access::Read
        };
        for _ in 0..threads.max(1) {
            spawn(&handles, url, hot_access, hot_rx.clone(), run_each)?;
        }
        spawn(&handles, url, Access::Read, report_rx, run_each)?;
        let (write, import) = if postgres {
            (hot.clone(), report.clone())
        } else {
            let (write, write_rx) = flume::bounded(QUEUE_MAX);
            let (import, import_rx) = flume::bounded(QUEUE_MAX);
            let queues = Queues {
                write: write_rx,
                import: import_rx,
            };
            spawn(&handles, url, Access::Write, queues, run_grouped)?;
            (write, import)
        };
        Ok(Db {
            hot,
            report,
            write,
            import,
            written: Arc::default(),
            threads: handles,
        })
    }

    /// A question that must be answered quickly.
    ///
    /// # Errors
    /// The closure's own, or [`Error::Busy`] when the queue is full.
    pub async fn read<T, E>(
        &self,
        f: impl Fn(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.send(Lane::Hot, move |c| f(c)).await
    }

    /// A question that may take long: reports, exports, audits.
    ///
    /// # Errors
    /// As [`Db::read`].
    pub async fn report<T, E>(
        &self,
        f: impl Fn(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.send(Lane::Report, move |c| f(c)).await
    }

    /// One transaction. The closure may run more than once, so it must not consume what it captures;
    /// when this returns `Ok`, what it wrote is durable.
    ///
    /// # Errors
    /// The closure's own, after rolling back, or the database's.
    pub async fn write<T, E>(
        &self,
        f: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Retry + Send + 'static,
    {
        self.transact(Lane::Write, f).await
    }

    /// As [`Db::write`], for much at once: flows, journals. It never stands before a receipt: on PostgreSQL it
    /// is with the reports, and SQLite's writer takes it when nothing else waits, in a commit of its own.
    ///
    /// # Errors
    /// As [`Db::write`].
    pub async fn import<T, E>(
        &self,
        f: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Retry + Send + 'static,
    {
        self.transact(Lane::Import, f).await
    }

    async fn transact<T, E>(
        &self,
        lane: Lane,
        f: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Retry + Send + 'static,
    {
        self.watch_growth();
        self.send(lane, move |c| {
            let mut attempt = 0u32;
            loop {
                match c.write(&f) {
                    Err(error)
                        if error.retryable() && attempt < RETRIES_MAX && !c.is_given_up() =>
                    {
                        attempt = attempt.saturating_add(1);
                        std::thread::sleep(std::time::Duration::from_millis(
                            u64::from(attempt) * 5,
                        ));
                    }
                    result => return result,
                }
            }
        })
        .await
    }

    /// Has the rows counted each time twice as much has been written; a reporting thread does it.
    fn watch_growth(&self) {
        let written = self.written.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        if written < FIRST_COUNT || !written.is_power_of_two() {
            return;
        }
        let task: Task = Box::new(|conn| {
            if let Err(error) = conn.analyze() {
                tracing::warn!(%error, "the rows of the tables cannot be counted");
            }
            Box::new(|_committed| ())
        });
        // With a full queue of reports the database is not young any more.
        let _full = self.report.try_send(task);
    }

    async fn send<T, E>(
        &self,
        lane: Lane,
        f: impl FnOnce(&mut Conn) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (tx, rx) = oneshot::channel();
        let task: Task = Box::new(move |conn| {
            let result = std::panic::catch_unwind(AssertUnwindSafe(|| f(conn)));
            Box::new(move |commit| {
                if commit.is_ok() {
                    crash::committed();
                }
                let answer = match (commit, result) {
                    (Ok(()), Ok(result)) => result,
                    (Err(why), Ok(Ok(_))) => Err(why.of_commit().into()),
                    (Err(_), Ok(Err(own))) => Err(own),
                    (_, Err(_panic)) => Err(Error::Down("a query ended in a panic".into()).into()),
                };
                // The caller may have gone away; what was committed stays committed.
                let _gone = tx.send(answer);
            })
        });
        let queue = match lane {
            Lane::Hot => &self.hot,
            Lane::Report => &self.report,
            Lane::Write => &self.write,
            Lane::Import => &self.import,
        };
        queue.try_send(task).map_err(|_full| Error::Busy)?;
        match rx.await {
            Ok(answer) => answer,
            Err(_ended) => Err(Error::Down("the executor has stopped".into()).into()),
        }
    }

    /// Waits until the queues are empty and the threads have ended. Other handles must be gone.
    pub fn close(self) {
        let Db {
            hot,
            report,
            write,
            import,
            written: _,
            threads,
        } = self;
        drop((hot, report, write, import));
        let handles = threads.lock().map(|mut held| std::mem::take(&mut *held));
        for handle in handles.unwrap_or_default() {
            let _panicked = handle.join();
        }
    }
}

/// Errors that say whether the same transaction may be run again.
pub trait Retry {
    /// True for conflicts with another writer.
    fn retryable(&self) -> bool;
}

impl Retry for Error {
    fn retryable(&self) -> bool {
        Error::retryable(self)
    }
}

type Loop<Q> = fn(&str, Access, Conn, &Q);

fn spawn<Q: Send + 'static>(
    handles: &Arc<std::sync::Mutex<Vec<std::thread::JoinHandle<()>>>>,
    url: &str,
    access: Access,
    queue: Q,
    run: Loop<Q>,
) -> Result<(), Error> {
    let conn = Conn::open(url, access)?;
    let url = url.to_owned();
    let handle = std::thread::Builder::new()
        .name("db".into())
        .spawn(move || run(&url, access, conn, &queue))
        .map_err(|e| Error::Down(e.to_string()))?;
    if let Ok(mut held) = handles.lock() {
        held.push(handle);
    }
    Ok(())
}

fn run_each(url: &str, access: Access, mut conn: Conn, queue: &flume::Receiver<Task>) {
    while let Ok(task) = queue.recv() {
        task(&mut conn)(Ok(()));
        reopen_if_broken(url, access, &mut conn);
    }
}

/// What waits for SQLite's writer.
struct Queues {
    write: flume::Receiver<Task>,
    import: flume::Receiver<Task>,
}

/// What the writer does next.
enum Next {
    /// This closure, and those that wait behind it.
    Group(Task),
    /// This one, by itself.
    Alone(Task),
}

impl Queues {
    /// Waits for a closure, imports last; `None` when nobody can send any more.
    fn next(&self) -> Option<Next> {
        if let Ok(task) = self.write.try_recv() {
            return Some(Next::Group(task));
        }
        let either = flume::Selector::new()
            .recv(&self.write, |task| task.map(Next::Group))
            .recv(&self.import, |task| task.map(Next::Alone))
            .wait();
        // All senders go at once, and may leave closures in the other queue.
        let rest = || self.write.recv().map(Next::Group);
        let rest = || rest().or_else(|_gone| self.import.recv().map(Next::Alone));
        either.or_else(|_gone| rest()).ok()
    }
}

/// SQLite's writer: whatever is queued becomes one durable commit, each closure in its own savepoint. An
/// import is a commit of its own: nobody waits for it to be answered, and SQLite need not keep the former
/// state of every page that it touches, as it does to take one of several closures back. When SQLite takes the
/// whole commit back by itself, because the disk is full, everybody in it is told to try again.
fn run_grouped(url: &str, access: Access, mut conn: Conn, queues: &Queues) {
    let mut acks: Vec<Ack> = Vec::with_capacity(GROUP_MAX);
    while let Some(next) = queues.next() {
        match next {
            Next::Alone(task) => task(&mut conn)(Ok(())),
            Next::Group(first) => run_group(&mut conn, first, &queues.write, &mut acks),
        }
        reopen_if_broken(url, access, &mut conn);
    }
    let _checkpoint = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

fn run_group(conn: &mut Conn, first: Task, queue: &flume::Receiver<Task>, acks: &mut Vec<Ack>) {
    let mut first = Some(first);
    let committed = conn.write(|tx| {
        while let Some(task) = first.take().or_else(|| queue.try_recv().ok()) {
            acks.push(task(tx));
            // The database may have taken all of them back: those that still wait are not part of it.
            if acks.len() == GROUP_MAX || tx.is_given_up() {
                break;
            }
        }
        Ok::<(), Error>(())
    });
    if let Some(unrun) = first.take() {
        // The group could not begin: the closure tries in a transaction of its own.
        unrun(conn)(Ok(()));
    }
    for ack in acks.drain(..) {
        ack(committed.as_ref().copied());
    }
}

fn reopen_if_broken(url: &str, access: Access, conn: &mut Conn) {
    while conn.is_broken() {
        match Conn::open(url, access) {
            Ok(fresh) => *conn = fresh,
            Err(error) => {
                tracing::error!(%error, "database connection lost, trying again in a second");
                std::thread::sleep(std::time::Duration::from_secs(1));
            }
        }
    }
}

#[cfg(test)]
mod tests;
