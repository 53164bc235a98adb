use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::store::Conn;
use crate::store::conn::{Access, SchemaState};

#[derive(QueryableByName, Debug, PartialEq)]
struct Statement {
    #[diesel(sql_type = Text)]
    sql: String,
}

fn dump(conn: &mut Conn) -> Vec<Statement> {
    let Conn::Lite(c) = conn else {
        panic!("SQLite only")
    };
    let all = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL \
               AND name NOT LIKE 'sqlite_%' ORDER BY type, name";
    diesel::sql_query(all).load(c).unwrap()
}

#[test]
fn migrations_go_up_down_and_up_to_the_same_schema() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("db.sqlite").display());
    let mut conn = Conn::open(&url, Access::Write).unwrap();
    assert!(matches!(
        conn.schema_state().unwrap(),
        SchemaState::Behind(_)
    ));
    let up = conn.migrate().unwrap();
    assert_eq!(conn.schema_state().unwrap(), SchemaState::Current);
    assert!(conn.migrate().unwrap().is_empty());
    let first = dump(&mut conn);
    let mut down = conn.revert().unwrap();
    down.reverse();
    assert_eq!(down, up);
    let left = dump(&mut conn);
    assert!(
        left.iter()
            .all(|s| s.sql.contains("__diesel_schema_migrations")),
        "{left:?}"
    );
    conn.migrate().unwrap();
    assert_eq!(dump(&mut conn), first);
}

#[test]
fn both_databases_have_the_same_migrations_each_with_its_way_back() {
    let names = |engine: &str| {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("migrations")
            .join(engine);
        let mut names: Vec<String> = std::fs::read_dir(root)
            .unwrap()
            .map(Result::unwrap)
            .filter(|entry| entry.path().is_dir())
            .inspect(|entry| {
                for file in ["up.sql", "down.sql"] {
                    assert!(
                        entry.path().join(file).is_file(),
                        "{:?} {file}",
                        entry.path()
                    );
                }
            })
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
}
