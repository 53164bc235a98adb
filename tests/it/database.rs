//! Databases for tests: an empty, migrated one for each story, gone afterwards.
//!
//! Migrations run once: SQLite copies a file, PostgreSQL a template database of the throw-away cluster.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use avviso::on;
use avviso::store::Conn;
use avviso::store::conn::Access;
use diesel::prelude::*;
use diesel::sql_types::Text;
use sha2::{Digest, Sha256};

/// Which database a story runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// A database of its own for one story; dropped with this.
pub(crate) struct Database {
    pub(crate) url: String,
    held: Held,
}

enum Held {
    Folder(
        #[expect(dead_code, reason = "removes the folder when it is dropped")] tempfile::TempDir,
    ),
    Name {
        maintenance: String,
        name: String,
    },
}

/// What to do when there is no PostgreSQL at hand: a story that is not run must not look as if it held.
const NO_POSTGRES: &str = "TEST_POSTGRES_URL is not set, so this story cannot run on PostgreSQL.\n\
    Run the tests with `make test`, or one of them with\n    \
    tests/scripts/postgres cargo nextest run NAME\n\
    which start a throw-away cluster. Without PostgreSQL: TEST_POSTGRES=off (SQLite alone).";

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told where their cluster is"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Database {
    /// A migrated database. `None` for PostgreSQL when it is switched off by `TEST_POSTGRES=off`.
    pub(crate) fn migrated(engine: Engine) -> Option<Database> {
        Database::make(engine, true)
    }

    /// A database without any table.
    pub(crate) fn empty(engine: Engine) -> Option<Database> {
        Database::make(engine, false)
    }

    fn make(engine: Engine, migrated: bool) -> Option<Database> {
        match engine {
            Engine::Sqlite => Some(sqlite(migrated)),
            Engine::Postgres if variable("TEST_POSTGRES").as_deref() == Some("off") => None,
            Engine::Postgres => {
                let maintenance = variable("TEST_POSTGRES_URL").expect(NO_POSTGRES);
                Some(postgres(maintenance, migrated))
            }
        }
    }

    pub(crate) fn connect(&self) -> Conn {
        Conn::open(&self.url, Access::Write).unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Held::Name { maintenance, name } = &self.held
            && let Ok(mut conn) = Conn::open(maintenance, Access::Write)
        {
            // The engine of the story may still hold connections; a failure leaves it to the cluster's end.
            let _left = conn.execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

/// A name that changes with the migrations, so that a template is never older than the schema.
fn schema_hash(side: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("migrations")
        .join(side);
    let mut files: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path().join("up.sql"))
        .collect();
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.to_string_lossy().as_bytes());
        hash.update(std::fs::read(file).unwrap());
    }
    // The binary holds the migrations too, and may be older than the folder.
    hash.update(
        std::fs::metadata(std::env::current_exe().unwrap())
            .unwrap()
            .len()
            .to_le_bytes(),
    );
    hash.finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn unique() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!(
        "{}_{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

fn sqlite(migrated: bool) -> Database {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("avviso.sqlite");
    if migrated {
        std::fs::copy(sqlite_template(), &file).unwrap();
    }
    Database {
        url: format!("sqlite:{}", file.display()),
        held: Held::Folder(folder),
    }
}

fn sqlite_template() -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let template = home.join(format!("template-{}.sqlite", schema_hash("sqlite")));
    if !template.exists() {
        // Test processes race: each builds its own, and the last one to finish gives it its name.
        let folder = tempfile::tempdir_in(home).unwrap();
        let file = folder.path().join("new.sqlite");
        let mut conn = Conn::open(&format!("sqlite:{}", file.display()), Access::Write).unwrap();
        conn.migrate().unwrap();
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        drop(conn);
        std::fs::rename(file, &template).unwrap();
    }
    template
}

fn postgres(maintenance: String, migrated: bool) -> Database {
    let name = format!("avviso_test_{}", unique());
    let mut conn = Conn::open(&maintenance, Access::Write).unwrap();
    let template = if migrated {
        postgres_template(&mut conn, &maintenance)
    } else {
        "template0".to_owned()
    };
    conn.execute(&format!(
        "CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"
    ))
    .unwrap();
    Database {
        url: database_url(&maintenance, &name),
        held: Held::Name { maintenance, name },
    }
}

fn postgres_template(conn: &mut Conn, maintenance: &str) -> String {
    let name = format!("avviso_template_{}", schema_hash("postgres"));
    // One process makes the template, the others wait for it.
    conn.execute("SELECT pg_advisory_lock(20260101)").unwrap();
    let there = rows(
        conn,
        &format!("SELECT datname AS row FROM pg_database WHERE datname = '{name}'"),
    );
    if there.is_empty() {
        let unfinished = format!("{name}_new");
        conn.execute(&format!(
            "DROP DATABASE IF EXISTS {unfinished} WITH (FORCE)"
        ))
        .unwrap();
        conn.execute(&format!("CREATE DATABASE {unfinished} TEMPLATE template0"))
            .unwrap();
        let mut new = Conn::open(&database_url(maintenance, &unfinished), Access::Write).unwrap();
        new.migrate().unwrap();
        drop(new);
        conn.execute(&format!("ALTER DATABASE {unfinished} RENAME TO {name}"))
            .unwrap();
    }
    conn.execute("SELECT pg_advisory_unlock(20260101)").unwrap();
    name
}

/// The same server, another database.
fn database_url(maintenance: &str, name: &str) -> String {
    let (base, options) = match maintenance.split_once('?') {
        Some((base, options)) => (base, format!("?{options}")),
        None => (maintenance, String::new()),
    };
    let (scheme, rest) = base.split_once("://").unwrap();
    let host = rest.split('/').next().unwrap();
    format!("{scheme}://{host}/{name}{options}")
}

/// One column of text, called `row`.
#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    row: String,
}

/// The lines that a statement answers; its one column is called `row` and is a text.
pub(crate) fn rows(conn: &mut Conn, statement: &str) -> Vec<String> {
    let found: Vec<Row> = on!(conn, |c| diesel::sql_query(statement).load(c)).unwrap();
    found.into_iter().map(|found| found.row).collect()
}

/// Every table of the engine.
pub(crate) fn tables(conn: &mut Conn) -> Vec<String> {
    let statement = match conn {
        Conn::Pg(_) => {
            "SELECT tablename::text AS row FROM pg_tables WHERE schemaname = 'public' \
             AND tablename NOT LIKE '\\_\\_%' ORDER BY tablename"
        }
        Conn::Lite(_) => {
            "SELECT name AS row FROM sqlite_schema WHERE type = 'table' \
             AND name NOT LIKE '\\_\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' ORDER BY name"
        }
    };
    rows(conn, statement)
}

/// Everything the database holds, as text in a stable order: equal dumps mean that nothing changed.
pub(crate) fn dump(conn: &mut Conn) -> String {
    let mut out = String::new();
    for table in tables(conn) {
        let statement = match conn {
            Conn::Pg(_) => format!("SELECT t::text AS row FROM {table} t ORDER BY 1"),
            Conn::Lite(_) => {
                let quoted = format!(
                    "SELECT 'quote(\"' || name || '\")' AS row FROM pragma_table_info('{table}') ORDER BY cid"
                );
                let columns = rows(conn, &quoted).join(" || '|' || ");
                format!("SELECT {columns} AS row FROM {table} ORDER BY 1")
            }
        };
        for row in rows(conn, &statement) {
            out.push_str(&format!("{table}: {row}\n"));
        }
    }
    out
}
