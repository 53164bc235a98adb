//! The tables: equal on both databases, taken back and laid again without a trace, distributable.

use std::collections::BTreeSet;

use avviso::store::Conn;
use avviso::store::conn::SchemaState;

use crate::database::{Database, Engine, rows, tables};

/// Every table, column, index and constraint, in a stable order.
fn structure(conn: &mut Conn) -> Vec<String> {
    match conn {
        Conn::Lite(_) => rows(
            conn,
            "SELECT type || ' ' || name || ': ' || COALESCE(sql, '-') AS row FROM sqlite_schema \
             WHERE name NOT LIKE '\\_\\_%' ESCAPE '\\' ORDER BY 1",
        ),
        Conn::Pg(_) => {
            let mut all = rows(
                conn,
                "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' ' || \
                 COALESCE(column_default, '-') AS row FROM information_schema.columns \
                 WHERE table_schema = 'public' ORDER BY 1",
            );
            all.extend(rows(
                conn,
                "SELECT indexdef AS row FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
            ));
            all.extend(rows(
                conn,
                "SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) AS row FROM pg_constraint \
                 WHERE connamespace = 'public'::regnamespace ORDER BY 1",
            ));
            all
        }
    }
}

fn up_down_up(engine: Engine) {
    let Some(database) = Database::empty(engine) else {
        return;
    };
    let mut conn = database.connect();
    let applied = conn.migrate().unwrap();
    assert!(!applied.is_empty());
    let first = structure(&mut conn);
    let mut reverted = conn.revert().unwrap();
    reverted.reverse();
    assert_eq!(reverted, applied);
    assert_eq!(
        tables(&mut conn),
        Vec::<String>::new(),
        "a way down leaves tables behind"
    );
    assert_eq!(conn.schema_state().unwrap(), SchemaState::Behind(applied));
    conn.migrate().unwrap();
    assert_eq!(structure(&mut conn), first);
    assert_eq!(conn.schema_state().unwrap(), SchemaState::Current);
    assert_eq!(conn.migrate().unwrap(), Vec::<String>::new());
}

#[test]
fn migrations_go_up_down_and_up_again_on_sqlite() {
    up_down_up(Engine::Sqlite);
}

#[test]
fn migrations_go_up_down_and_up_again_on_postgres() {
    up_down_up(Engine::Postgres);
}

/// `table.column` of every table.
fn columns(conn: &mut Conn) -> Vec<String> {
    match conn {
        Conn::Lite(_) => tables(conn)
            .into_iter()
            .flat_map(|table| {
                let of_table =
                    format!("SELECT '{table}.' || name AS row FROM pragma_table_info('{table}') ORDER BY cid");
                rows(conn, &of_table)
            })
            .collect(),
        Conn::Pg(_) => {
            rows(
                conn,
                "SELECT table_name || '.' || column_name AS row FROM information_schema.columns \
                 WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%' \
                 ORDER BY table_name, ordinal_position",
            )
        }
    }
}

#[test]
fn both_databases_have_the_same_tables_and_columns() {
    let Some(postgres) = Database::migrated(Engine::Postgres) else {
        return;
    };
    let sqlite = Database::migrated(Engine::Sqlite).unwrap();
    assert_eq!(
        columns(&mut sqlite.connect()),
        columns(&mut postgres.connect())
    );
}

/// Name and columns of every `table!` of the schema files, read from the source.
fn declared() -> Vec<(String, Vec<String>)> {
    let mut declared: Vec<(String, Vec<String>)> = Vec::new();
    for file in std::fs::read_dir("src/store/schema").unwrap() {
        let path = file.unwrap().path();
        if path.ends_with("tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        let mut renamed = None;
        for line in text.lines().map(str::trim) {
            let column = line.split_once(" -> ").map(|(name, _)| name.to_owned());
            if let Some(name) = line.strip_prefix("#[sql_name = \"") {
                renamed = name.strip_suffix("\"]").map(str::to_owned);
            } else if let (Some(column), Some(table)) = (column, declared.last_mut()) {
                table.1.push(renamed.take().unwrap_or(column));
            } else if line.ends_with(") {") && !line.starts_with("//") {
                let name = line.split_once(" (").map_or(line, |(name, _)| name);
                declared.push((
                    renamed.take().unwrap_or_else(|| name.to_owned()),
                    Vec::new(),
                ));
            }
        }
    }
    declared
}

fn every_declared_table_answers(engine: Engine) {
    let Some(database) = Database::migrated(engine) else {
        return;
    };
    let mut conn = database.connect();
    let declared = declared();
    let names: BTreeSet<&String> = declared.iter().map(|(name, _)| name).collect();
    let there = tables(&mut conn);
    assert_eq!(
        names,
        there.iter().collect(),
        "tables of the schema files and of the database"
    );
    for (name, fields) in declared {
        let statement = format!("SELECT {} FROM {name} WHERE 1 = 0", fields.join(", "));
        conn.execute(&statement)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn every_declared_table_answers_on_sqlite() {
    every_declared_table_answers(Engine::Sqlite);
}

#[test]
fn every_declared_table_answers_on_postgres() {
    every_declared_table_answers(Engine::Postgres);
}

/// What a distributed engine asks: the creditor leads every key and index, so that a row lives with its
/// creditor and a statement with a creditor asks one node.
#[test]
fn every_key_and_index_begins_with_the_creditor() {
    let Some(database) = Database::migrated(Engine::Postgres) else {
        return;
    };
    let others = rows(
        &mut database.connect(),
        "SELECT i.indexrelid::regclass::text AS row FROM pg_index i \
         JOIN pg_class t ON t.oid = i.indrelid \
         LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] \
         WHERE t.relnamespace = 'public'::regnamespace AND t.relname NOT LIKE '\\_\\_%' \
         AND a.attname IS DISTINCT FROM 'creditor' ORDER BY 1",
    );
    assert_eq!(others, Vec::<String>::new());
}

#[test]
fn the_schema_has_no_sequence_trigger_or_foreign_key() {
    let Some(database) = Database::migrated(Engine::Postgres) else {
        return;
    };
    let found = rows(
        &mut database.connect(),
        "SELECT relname::text AS row FROM pg_class \
           WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace \
         UNION ALL SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal \
         UNION ALL SELECT conname::text FROM pg_constraint WHERE contype = 'f'",
    );
    assert_eq!(found, Vec::<String>::new());
}

/// The tables apply as hash partitions by creditor: unique keys all hold the creditor.
#[test]
fn the_tables_can_be_partitioned_by_creditor() {
    let Some(database) = Database::migrated(Engine::Postgres) else {
        return;
    };
    let mut conn = database.connect();
    for table in tables(&mut conn) {
        conn.execute(&format!(
            "CREATE TABLE {table}_parts (LIKE {table} INCLUDING ALL) PARTITION BY HASH (creditor)"
        ))
        .unwrap_or_else(|error| panic!("{table}: {error}"));
    }
}
