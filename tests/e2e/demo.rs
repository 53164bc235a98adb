//! The demonstration: the same small year on two databases, and with the engine killed five times.

use std::path::Path;
use std::process::Command;

use crate::database::{Database, Engine};
use crate::laws;
use crate::programs::{self, Land, Town};

/// A hundredth of a town: some of every kind of mishap all the same.
const SIZE: [&str; 2] = ["--scale", "0.01"];

fn run(command: &mut Command) {
    let out = command.output().unwrap();
    let said = [out.stdout, out.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(out.status.success(), "{command:?}:\n{}", said.join("\n"));
}

fn year(out: &Path, database: Option<&Database>) {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_avviso"));
    demo.args(["demo", "--out"]).arg(out).args(SIZE);
    if let Some(database) = database {
        demo.args(["--database-url", &database.url]);
    }
    run(&mut demo);
}

#[test]
fn a_year_ends_the_same_on_either_database_and_whatever_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let postgres = Database::empty(Engine::Postgres);
    if postgres.is_none() {
        eprintln!("PostgreSQL is switched off: a second year on SQLite instead");
    }
    let sqlite = Database::empty(Engine::Sqlite).unwrap();
    std::thread::scope(|both| {
        both.spawn(|| year(&at("calm"), Some(&sqlite)));
        both.spawn(|| year(&at("again"), postgres.as_ref()));
    });
    run(Command::new("tests/scripts/demo-same").args([at("calm"), at("again")]));
    run(Command::new("tests/scripts/demo-crash")
        .args(SIZE)
        .env("AVVISO", env!("CARGO_BIN_EXE_avviso"))
        .env("OUT", at("crash"))
        .env("CALM", at("calm"))
        .env("DATABASE_URL", ""));
    let summary = std::fs::read_to_string(at("calm").join("summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let mishaps = summary["mischief"].as_object().unwrap();
    let happened = mishaps
        .values()
        .filter_map(serde_json::Value::as_u64)
        .sum::<u64>();
    assert_eq!(summary["mischief_accounted"], happened);
    assert!(happened > 10, "{summary}");
    // The reports of that year, on whichever database, agree with each other.
    for database in [Some(sqlite), postgres].into_iter().flatten() {
        programs::visit(database, Land::Settled, reports_agree);
    }
}

async fn reports_agree(town: Town) -> Town {
    let mut books = std::collections::BTreeMap::new();
    for name in laws::NAMES {
        let path = format!("reports/{name}?{}", laws::DAYS);
        let lines = town.lines(&path).await;
        books.insert(name, laws::Books::rows(&lines));
    }
    let aging = town.lines("aging").await;
    laws::Books(books, serde_json::from_str(&aging).unwrap()).hold();
    town
}
