//! One enum, one macro: every query body is written once and type-checked against both databases.

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::migration::MigrationSource;
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::Error;
use super::trail::Notes;

/// A connection to either database.
pub enum Conn {
    /// PostgreSQL, by URL.
    Pg(PgConnection),
    /// SQLite, a file.
    Lite(SqliteConnection),
}

/// Runs the same body on whichever connection is there.
#[macro_export]
macro_rules! on {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::store::Conn::Pg($c) => $body,
            $crate::store::Conn::Lite($c) => $body,
        }
    };
}

/// Inserts rows and counts those made. A list of rows is another statement for every length, and only what
/// is the same statement stays prepared: so SQLite, where a statement is no journey, writes row by row, and
/// PostgreSQL in lists of a few lengths.
macro_rules! insert_rows {
    ($tx:expr, $rows:expr, |$values:ident| $insert:expr) => {{
        use diesel::RunQueryDsl as _;
        let mut rows: &[_] = $rows;
        let mut made = 0usize;
        match &mut **$tx {
            $crate::store::Conn::Lite(c) => {
                for $values in rows {
                    made = made.saturating_add($crate::kept!($insert).execute(c)?);
                }
            }
            $crate::store::Conn::Pg(c) => {
                insert_rows!(@lists 64, c, rows, made, $values, $insert);
                insert_rows!(@lists 8, c, rows, made, $values, $insert);
                insert_rows!(@lists 2, c, rows, made, $values, $insert);
                insert_rows!(@lists 1, c, rows, made, $values, $insert);
            }
        }
        made
    }};
    (@lists $length:literal, $c:ident, $rows:ident, $made:ident, $values:ident, $insert:expr) => {
        while let Some(($values, rest)) = $rows.split_first_chunk::<$length>() {
            $made = $made.saturating_add($crate::kept!($insert).execute($c)?);
            $rows = rest;
        }
    };
}

/// From so many rows on PostgreSQL takes them in one journey, and no longer in lists that stay prepared.
pub(super) const MANY: usize = 64;

/// Appends rows to a table in which none of them can be yet: many are a copy on PostgreSQL, without a
/// parameter to bind for each value.
macro_rules! append_rows {
    ($tx:expr, $table:expr, $rows:expr) => {{
        let rows: &[_] = $rows;
        match &mut **$tx {
            $crate::store::Conn::Pg(c) if rows.len() >= $crate::store::conn::MANY => {
                use diesel::ExecuteCopyFromDsl as _;
                diesel::copy_from($table).from_insertable(rows).execute(c)?;
            }
            $crate::store::Conn::Pg(_) | $crate::store::Conn::Lite(_) => {
                insert_rows!($tx, rows, |values| diesel::insert_into($table)
                    .values(values));
            }
        }
    }};
}

/// A connection inside a write transaction: the only thing that write functions accept. It also carries what
/// the transaction says it changes, for the audit trail.
pub struct Tx<'a> {
    conn: &'a mut Conn,
    notes: Notes,
}

impl Tx<'_> {
    pub(super) fn notes(&mut self) -> &mut Notes {
        &mut self.notes
    }
}

impl std::ops::Deref for Tx<'_> {
    type Target = Conn;
    fn deref(&self) -> &Conn {
        self.conn
    }
}

impl std::ops::DerefMut for Tx<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        self.conn
    }
}

const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Tells SQLite's planner what the tables will look like. Without statistics it takes the creditor, which
/// leads every index, for a column that narrows a search to ten rows, and walks all rows of a town rather
/// than sort three. One town in ten, a handful of rows for each further column.
const EXPECTED_SIZES: &str = "
    ANALYZE sqlite_schema;
    DELETE FROM sqlite_stat1;
    INSERT INTO sqlite_stat1 (tbl, idx, stat)
    SELECT t.name,
           CASE WHEN t.wr AND i.origin = 'pk' THEN t.name ELSE i.name END,
           '1000000'
           || CASE WHEN n.columns > 1 THEN ' 100000' ELSE '' END
           || CASE WHEN n.columns > 2
                   THEN replace(hex(zeroblob(n.columns - 2)), '00', ' 10') ELSE '' END
           || CASE WHEN i.\"unique\" THEN ' 1' ELSE ' 10' END
    FROM pragma_table_list t
    JOIN pragma_index_list(t.name) i
    JOIN (SELECT t2.name AS tbl, i2.name AS idx,
                 (SELECT COUNT(*) FROM pragma_index_info(i2.name)) AS columns
          FROM pragma_table_list t2 JOIN pragma_index_list(t2.name) i2) n
      ON n.tbl = t.name AND n.idx = i.name
    WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%';
";

/// The migration that lays the table of words: no SQL can cut and fold them.
const WORDS_LAID: &str = "20260101000086";

/// What a connection is for; SQLite readers may not write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Questions only.
    Read,
    /// Questions and writes.
    Write,
}

/// Where the schema stands against this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaState {
    /// Every migration of this program is applied, and nothing else.
    Current,
    /// These migrations are still to run.
    Behind(Vec<String>),
    /// The database knows these migrations and this program does not.
    Ahead(Vec<String>),
}

/// Whether the URL names PostgreSQL; anything else is a SQLite file.
#[must_use]
pub fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

impl Conn {
    /// Opens a connection: `postgres://…`, or `sqlite:FILE`, or a file name.
    ///
    /// # Errors
    /// [`Error::Down`] with the database's own words.
    pub fn open(url: &str, access: Access) -> Result<Conn, Error> {
        let down = |e: &dyn std::fmt::Display| Error::Down(e.to_string());
        if is_postgres(url) {
            let mut c = PgConnection::establish(url).map_err(|e| down(&e))?;
            // Prepared statements of the hot path are the same for every creditor: a generic plan is right.
            c.batch_execute(
                "SET TIME ZONE 'UTC'; SET statement_timeout = '60s'; SET lock_timeout = '10s'; \
                 SET plan_cache_mode = force_generic_plan; SET application_name = 'avviso'",
            )
            .map_err(|e| down(&e))?;
            return Ok(Conn::Pg(c));
        }
        set_sqlite_up();
        let file = url
            .strip_prefix("sqlite://")
            .or_else(|| url.strip_prefix("sqlite:"));
        let mut c = SqliteConnection::establish(file.unwrap_or(url)).map_err(|e| down(&e))?;
        c.batch_execute(
            "PRAGMA busy_timeout=10000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; \
             PRAGMA foreign_keys=ON; PRAGMA cache_size=-32768; \
             PRAGMA mmap_size=0; PRAGMA wal_autocheckpoint=16000",
        )
        .map_err(|e| down(&e))?;
        // A writer's temporary pages go to files: each closure can be taken back alone, so that SQLite keeps
        // the former state of every page that an import touches.
        if access == Access::Read {
            c.batch_execute(
                "PRAGMA query_only=ON; PRAGMA cache_size=-4096; PRAGMA temp_store=MEMORY",
            )
            .map_err(|e| down(&e))?;
        }
        Ok(Conn::Lite(c))
    }

    /// Runs statements as they are: session set-up, maintenance, tests.
    ///
    /// # Errors
    /// [`Error`] of the first statement that fails.
    pub fn execute(&mut self, statements: &str) -> Result<(), Error> {
        Ok(on!(self, |c| c.batch_execute(statements))?)
    }

    /// Counts what is in the tables, for the planner. PostgreSQL does so by itself a minute after a table has
    /// changed. Until then it takes the creditor for a column that narrows a search to a few rows, reads all
    /// rows of a town for one of them, and keeps to that plan. SQLite was told what to expect.
    ///
    /// # Errors
    /// [`Error`].
    pub fn analyze(&mut self) -> Result<(), Error> {
        match self {
            // A small sample tells how many there are of a kind, which is all that matters here.
            Conn::Pg(c) => Ok(c.batch_execute(
                "SET default_statistics_target = 10; \
                 DO $$ BEGIN EXECUTE (SELECT 'ANALYZE ' || string_agg(format('%I', tablename), ', ') \
                 FROM pg_tables WHERE schemaname = current_schema()); END $$; \
                 RESET default_statistics_target",
            )?),
            Conn::Lite(_) => Ok(()),
        }
    }

    /// As [`Conn::analyze`], of the tables that this very transaction is filling, which nobody else can count
    /// yet. A table that somebody else is counting is passed over.
    ///
    /// # Errors
    /// [`Error`].
    pub fn analyze_filling(&mut self, tables: &str) -> Result<(), Error> {
        match self {
            Conn::Pg(c) => Ok(c.batch_execute(&format!(
                "SET LOCAL default_statistics_target = 10; ANALYZE (SKIP_LOCKED) {tables}; \
                 SET LOCAL default_statistics_target TO DEFAULT"
            ))?),
            Conn::Lite(_) => Ok(()),
        }
    }

    /// Applies the migrations that are missing and names them.
    ///
    /// # Errors
    /// [`Error::Down`] with the migration's own words.
    pub fn migrate(&mut self) -> Result<Vec<String>, Error> {
        let applied = match self {
            Conn::Pg(c) => c.run_pending_migrations(POSTGRES).map(|v| names(&v)),
            Conn::Lite(c) => c.run_pending_migrations(SQLITE).map(|v| names(&v)),
        };
        let applied = applied.map_err(|e| Error::Down(e.to_string()))?;
        if let Conn::Lite(c) = self {
            c.batch_execute(EXPECTED_SIZES)?;
        }
        if applied.iter().any(|version| version == WORDS_LAID) {
            super::search::keep_all_words(self)?;
        }
        Ok(applied)
    }

    /// Takes every migration back, newest first.
    ///
    /// # Errors
    /// [`Error::Down`] with the migration's own words.
    pub fn revert(&mut self) -> Result<Vec<String>, Error> {
        let reverted = match self {
            Conn::Pg(c) => c.revert_all_migrations(POSTGRES).map(|v| names(&v)),
            Conn::Lite(c) => c.revert_all_migrations(SQLITE).map(|v| names(&v)),
        };
        reverted.map_err(|e| Error::Down(e.to_string()))
    }

    /// Compares the schema with the migrations of this program.
    ///
    /// # Errors
    /// [`Error::Down`].
    pub fn schema_state(&mut self) -> Result<SchemaState, Error> {
        let down = |e: &dyn std::fmt::Display| Error::Down(e.to_string());
        let applied = match self {
            Conn::Pg(c) => c.applied_migrations().map(|v| names(&v)),
            Conn::Lite(c) => c.applied_migrations().map(|v| names(&v)),
        }
        .map_err(|e| down(&e))?;
        let known: Vec<String> = MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE)
            .map_err(|e| down(&e))?
            .iter()
            .map(|migration| migration.name().version().to_string())
            .collect();
        let ahead: Vec<String> = applied
            .iter()
            .filter(|a| !known.contains(a))
            .cloned()
            .collect();
        let behind: Vec<String> = known.into_iter().filter(|k| !applied.contains(k)).collect();
        Ok(match (ahead.is_empty(), behind.is_empty()) {
            (false, _) => SchemaState::Ahead(ahead),
            (true, false) => SchemaState::Behind(behind),
            (true, true) => SchemaState::Current,
        })
    }

    /// Runs a closure in a write transaction (SQLite: `BEGIN IMMEDIATE`); inside one, a savepoint. A change
    /// that was noted and not filed in the audit trail does not stand.
    ///
    /// # Errors
    /// The closure's own, after rolling back, or the database's.
    pub fn write<T, E: From<Error>>(
        &mut self,
        f: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.begin().map_err(E::from)?;
        let mut tx = Tx {
            conn: self,
            notes: Notes::default(),
        };
        let done = f(&mut tx).and_then(|value| Ok(tx.unfiled().map(|()| value)?));
        match done {
            Ok(value) => {
                let commit = on!(self, |c| AnsiTransactionManager::commit_transaction(c));
                commit.map_err(|error| {
                    // A savepoint that is not there any more: neither is the transaction.
                    if self.is_inside() {
                        self.give_up();
                    }
                    Error::from(error)
                })?;
                Ok(value)
            }
            Err(error) => {
                // Where that fails, the database had taken the transaction back itself: what broke it is told.
                if let Err(unfinished) = self.roll_back() {
                    tracing::warn!(error = %unfinished, "a transaction was taken back by the database");
                    self.give_up();
                }
                Err(error)
            }
        }
    }

    /// Whether a transaction is open, as far as is known here.
    fn is_inside(&mut self) -> bool {
        on!(self, |c| {
            let status = AnsiTransactionManager::transaction_manager_status_mut(c);
            matches!(status.transaction_depth(), Ok(Some(_)))
        })
    }

    /// Whether the transaction is gone before its end, so that nothing more may be written in it.
    pub(super) fn is_given_up(&mut self) -> bool {
        on!(self, |c| {
            let status = AnsiTransactionManager::transaction_manager_status_mut(c);
            status.transaction_depth().is_err()
        })
    }

    /// The database has taken a transaction back whole (SQLite does when the disk is full or fails), and whoever
    /// is inside does not know it. The next savepoint would begin a transaction of its own, the next statement
    /// be one: neither may be, and the connection is opened again.
    fn give_up(&mut self) {
        on!(&mut *self, |c| {
            AnsiTransactionManager::transaction_manager_status_mut(c).set_in_error();
        });
        if let Conn::Lite(c) = self
            && let Err(error) = c.batch_execute("PRAGMA query_only=ON")
        {
            tracing::error!(%error, "a connection without its transaction takes writes");
        }
    }

    fn begin(&mut self) -> Result<(), Error> {
        type Manager = AnsiTransactionManager;
        match self {
            Conn::Pg(c) => Manager::begin_transaction(c)?,
            Conn::Lite(c) => {
                let status = Manager::transaction_manager_status_mut(c);
                if status.transaction_depth().map_err(Error::from)?.is_none() {
                    Manager::begin_transaction_sql(c, "BEGIN IMMEDIATE")?;
                } else {
                    Manager::begin_transaction(c)?;
                }
            }
        }
        Ok(())
    }

    fn roll_back(&mut self) -> Result<(), Error> {
        match on!(self, |c| AnsiTransactionManager::rollback_transaction(c)) {
            // A broken manager means the server already ended the transaction.
            Ok(()) | Err(diesel::result::Error::BrokenTransactionManager) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the connection is beyond use and must be opened again.
    pub fn is_broken(&mut self) -> bool {
        on!(self, |c| {
            AnsiTransactionManager::is_broken_transaction_manager(c)
        })
    }
}

fn names(versions: &[diesel::migration::MigrationVersion<'_>]) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}

/// Sets SQLite up, once. A connection here belongs to one thread, which needs no lock inside SQLite, and
/// nobody asks how much memory it has. And each connection gets the query planner stability guarantee:
/// without it SQLite looks at bound values when it plans, and each new value prepares the statement again,
/// five times slower.
#[expect(
    unsafe_code,
    reason = "SQLite offers these switches only through its C interface"
)]
fn set_sqlite_up() {
    use libsqlite3_sys as ffi;
    unsafe extern "C" fn on_open(
        db: *mut ffi::sqlite3,
        _error: *mut *mut std::ffi::c_char,
        _api: *const ffi::sqlite3_api_routines,
    ) -> std::ffi::c_int {
        // SAFETY: SQLite hands over the connection it has just opened; the option takes an int and a null.
        unsafe {
            ffi::sqlite3_db_config(
                db,
                ffi::SQLITE_DBCONFIG_ENABLE_QPSG,
                1i32,
                std::ptr::null_mut::<std::ffi::c_int>(),
            )
        }
    }
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        // SAFETY: the first option takes nothing, the second an int, and the hook is a plain function that
        // lives for ever. An option that comes too late, after the first connection, is refused.
        unsafe {
            let _late = ffi::sqlite3_config(ffi::SQLITE_CONFIG_MULTITHREAD);
            let _late = ffi::sqlite3_config(ffi::SQLITE_CONFIG_MEMSTATUS, 0i32);
            let _result = ffi::sqlite3_auto_extension(Some(on_open));
        }
    });
}
