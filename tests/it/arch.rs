//! The architecture, read from the source: what nobody enforces is not true for long.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Modules of the library and the modules they may use. Arrows point down only.
const MAY_USE: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("wire", &[]),
    ("store", &["domain"]),
    ("config", &["domain"]),
    ("ctx", &["store", "domain", "config"]),
    ("render", &["domain"]),
    ("app", &["ctx", "store", "domain", "render"]),
    ("api", &["app", "ctx", "domain", "wire"]),
    // The client of flows reads its address from the configuration that `ctx` carries.
    ("node", &["app", "ctx", "domain", "wire", "config"]),
    (
        "jobs",
        &["app", "ctx", "domain", "wire", "render", "node", "store"],
    ),
    (
        "boot",
        &[
            "api", "node", "jobs", "app", "ctx", "config", "domain", "store", "wire",
        ],
    ),
    ("demo", &["config"]),
];

/// Sideways arrows, and what alone they may reach.
const SIDEWAYS: &[(&str, &str, &[&str])] = &[
    // The bytes of the REST door: JSON bodies, and the treasurer's file.
    ("api", "wire", &["giornale", "strict_json"]),
    ("jobs", "node", &["client"]),
    ("jobs", "store", &["self", "jobs", "Error", "Tx"]),
];

/// Crates that the pure layers may use; the others use what they need, but for the lists below.
const PURE: &[(&str, &[&str])] = &[
    // The details of a service are a wire shape: one file is a kind (`docs/adding-a-service.md`).
    (
        "domain",
        &[
            "chrono",
            "chrono_tz",
            "thiserror",
            "uuid",
            "serde",
            "serde_json",
            "utoipa",
        ],
    ),
    (
        "wire",
        &[
            "chrono",
            "thiserror",
            "quick_xml",
            "csv",
            "sha2",
            "base64",
            "serde",
            "serde_json",
        ],
    ),
];

/// Crates that a layer has no business with.
const MAY_NOT_USE: &[(&str, &[&str])] = &[
    (
        "store",
        &["actix_web", "quick_xml", "reqwest", "utoipa", "krilla"],
    ),
    (
        "ctx",
        &["actix_web", "quick_xml", "reqwest", "diesel", "utoipa"],
    ),
    ("render", &["diesel", "actix_web", "reqwest", "quick_xml"]),
    (
        "app",
        &[
            "actix_web",
            "diesel",
            "quick_xml",
            "reqwest",
            "utoipa",
            "krilla",
            "tokio",
        ],
    ),
    ("api", &["diesel", "quick_xml", "reqwest", "krilla"]),
    ("node", &["diesel", "quick_xml", "utoipa", "krilla"]),
    (
        "jobs",
        &["diesel", "quick_xml", "actix_web", "utoipa", "krilla"],
    ),
    ("demo", &["diesel", "quick_xml", "utoipa", "krilla"]),
];

/// A file of the source.
struct Source {
    path: PathBuf,
    /// Without comments.
    all: String,
    /// Without comments and without the tests at its end.
    code: String,
}

fn files(under: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(under)];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
        {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn sources(under: &str) -> Vec<Source> {
    files(under, "rs")
        .into_iter()
        .map(|path| {
            let without_comments = |line: &str| line.split("//").next().unwrap_or("").to_owned();
            let all: Vec<String> = read(&path).lines().map(without_comments).collect();
            let all = all.join("\n");
            let code = match all.split_once("#[cfg(test)]\nmod tests {") {
                Some((code, _)) => code.to_owned(),
                None => all.clone(),
            };
            Source { path, all, code }
        })
        .collect()
}

/// Whether a file holds tests only.
fn is_test(path: &Path) -> bool {
    let text = path.to_string_lossy();
    text.ends_with("tests.rs")
        || text.contains("/tests/")
        || text.ends_with("/samples.rs")
        || text.ends_with("/scratch.rs")
}

/// The library without its tests, by top-level module.
fn library() -> Vec<(String, Source)> {
    sources("src")
        .into_iter()
        .filter(|source| !source.path.starts_with("src/bin") && !is_test(&source.path))
        .map(|source| {
            let part = source
                .path
                .components()
                .nth(1)
                .unwrap()
                .as_os_str()
                .to_string_lossy();
            (part.trim_end_matches(".rs").to_owned(), source)
        })
        .filter(|(module, _)| module != "lib" && module != "main")
        .collect()
}

/// Identifiers that stand behind `before`, first parts of paths.
fn behind<'a>(code: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    code.match_indices(before).map(move |(at, _)| {
        let rest = code.get(at + before.len()..).unwrap_or("");
        let end = rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        rest.get(..end).unwrap_or("")
    })
}

/// First parts of `{a::b, c::{d, e}}` behind `before`, or the one part without braces.
fn parts_behind(code: &str, before: &str) -> BTreeSet<String> {
    let mut parts: BTreeSet<String> = behind(code, before)
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect();
    for (at, _) in code.match_indices(&format!("{before}{{")) {
        let mut depth = 0i32;
        let mut expected = true;
        let mut word = String::new();
        for c in code.get(at + before.len()..).unwrap_or("").chars() {
            match c {
                '{' => {
                    depth += 1;
                    expected = depth == 1;
                }
                '}' => depth -= 1,
                ',' if depth == 1 => expected = true,
                c if c.is_alphanumeric() || c == '_' => {
                    if depth == 1 && expected {
                        word.push(c);
                    }
                    continue;
                }
                _ => {}
            }
            if !word.is_empty() {
                parts.insert(std::mem::take(&mut word));
                expected = false;
            }
            if depth == 0 {
                break;
            }
        }
    }
    parts
}

#[test]
fn arrows_between_modules_point_down() {
    let mut wrong = Vec::new();
    for (module, source) in library() {
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!(
                "{}: module {module} is not in the table",
                source.path.display()
            ));
            continue;
        };
        for used in parts_behind(&source.code, "crate::") {
            let known = MAY_USE.iter().any(|(name, _)| *name == used);
            if known && used != module && !allowed.contains(&used.as_str()) {
                wrong.push(format!(
                    "{}: {module} must not use {used}",
                    source.path.display()
                ));
            }
        }
        for (from, to, only) in SIDEWAYS.iter().filter(|(from, _, _)| *from == module) {
            let reached = parts_behind(&source.code, &format!("{to}::"));
            let other = reached.iter().find(|part| !only.contains(&part.as_str()));
            if let Some(other) = other {
                wrong.push(format!(
                    "{}: {from} must not use {to}::{other}",
                    source.path.display()
                ));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn each_layer_keeps_to_its_crates() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let dependencies: BTreeSet<String> = manifest["dependencies"]
        .as_table()
        .unwrap()
        .keys()
        .map(|name| name.replace('-', "_"))
        .collect();
    let mut wrong = Vec::new();
    for (module, source) in library() {
        let words: BTreeSet<&str> = source
            .code
            .split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
            .filter_map(|path| path.split_once("::"))
            .map(|(first, _)| first)
            .collect();
        for used in words
            .into_iter()
            .filter(|word| dependencies.contains(*word))
        {
            let of = |list: &[(&str, &'static [&'static str])]| {
                list.iter()
                    .find(|(name, _)| *name == module)
                    .map(|(_, crates)| *crates)
            };
            let impure = of(PURE).is_some_and(|allowed| !allowed.contains(&used));
            let forbidden = of(MAY_NOT_USE).is_some_and(|refused| refused.contains(&used));
            if impure || forbidden {
                wrong.push(format!(
                    "{}: {module} must not use {used}",
                    source.path.display()
                ));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// A handler that wrote through the context of the door would write for nobody: it writes through
/// `State::write`, which says for whom.
#[test]
fn the_rest_door_writes_for_a_caller() {
    let mut writing = 0usize;
    let sources = sources("src/api");
    for source in sources.iter().filter(|source| !is_test(&source.path)) {
        let tight: String = source.code.split_whitespace().collect();
        writing += tight.matches("state.write(&").count() + tight.matches("state.import(&").count();
        for bare in [
            "ctx.write(",
            "ctx.import(",
            "ctx.write::",
            "ctx.import::",
            "ctx.by(",
        ] {
            let found = tight.contains(bare);
            assert!(!found, "{}: {bare}", source.path.display());
        }
    }
    assert!(writing >= 15, "only {writing} writes of the door were seen");
}

#[test]
fn the_mocked_gateway_uses_nothing_of_the_library() {
    for source in sources("src/bin/mockpsp") {
        assert!(
            !source.all.contains("avviso::"),
            "{}",
            source.path.display()
        );
    }
}

#[test]
fn every_kind_of_service_is_in_the_list() {
    let list = read("src/domain/service.rs");
    let (_, list) = list.split_once("pub static ALL").unwrap();
    let (list, _) = list.split_once("];").unwrap();
    for entry in std::fs::read_dir("src/domain/service").unwrap() {
        let path = entry.unwrap().path();
        let kind = path.file_stem().unwrap().to_string_lossy().into_owned();
        let is_kind = path.is_file() && kind != "samples" && kind != "tests";
        assert!(
            !is_kind || list.contains(&format!("&{kind}::")),
            "{kind} is not in ALL"
        );
    }
}

#[test]
fn no_module_is_called_mod_rs_and_no_file_has_a_name_without_meaning() {
    let all = ["src", "tests"]
        .into_iter()
        .flat_map(|folder| files(folder, "rs"));
    for path in all {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert_ne!(name, "mod", "{}", path.display());
        for word in name.split('_') {
            let meaningless = [
                "util", "utils", "helper", "helpers", "manager", "misc", "common",
            ];
            assert!(!meaningless.contains(&word), "{}", path.display());
        }
    }
}

#[test]
fn every_handler_is_routed_and_called_like_its_operation() {
    let routes = read("src/api.rs");
    let mut handlers = BTreeMap::new();
    for source in sources("src/api")
        .iter()
        .filter(|source| !is_test(&source.path))
    {
        // The macro of a handler; links inside it name other operations with `(operation_id`.
        for described in source.code.split("#[utoipa::path(").skip(1) {
            let operation = behind(described, "async fn ").next().unwrap_or("");
            let named = behind(described, "operation_id = \"").next().unwrap_or("");
            assert_eq!(named, operation, "{}", source.path.display());
            let twin = handlers.insert(operation.to_owned(), source.path.clone());
            assert_eq!(twin, None, "{operation} is written twice");
        }
    }
    assert!(handlers.len() > 20, "the handlers were not found");
    for operation in handlers.keys() {
        assert!(
            routes.contains(&format!("::{operation})")),
            "{operation} is not in the route table"
        );
    }
}

#[test]
fn migrations_have_the_same_names_on_both_sides_and_a_way_down() {
    let names = |side: &str| -> BTreeSet<String> {
        let folder = std::fs::read_dir(format!("migrations/{side}")).unwrap();
        let folders = folder
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir());
        folders
            .map(|path| {
                for file in ["up.sql", "down.sql"] {
                    assert!(
                        path.join(file).is_file(),
                        "{} has no {file}",
                        path.display()
                    );
                }
                path.file_name().unwrap().to_string_lossy().into_owned()
            })
            .collect()
    };
    assert_eq!(names("postgres"), names("sqlite"));
}

#[test]
fn every_decision_has_a_status_and_is_listed() {
    let list = read("docs/adr/README.md");
    for path in files("docs/adr", "md") {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name == "README.md" {
            continue;
        }
        let number = name.split('-').next().unwrap();
        assert!(
            number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit()),
            "{name}"
        );
        let text = read(&path);
        assert!(
            text.lines().any(|line| line.starts_with("Status: ")),
            "{name} has no status"
        );
        assert!(
            text.starts_with(&format!("# {number}. ")),
            "{name} has another title"
        );
        assert!(list.contains(&format!("({name})")), "{name} is not listed");
    }
}

#[test]
fn the_architecture_page_names_every_module_and_no_other() {
    let page = read("ARCHITECTURE.md");
    assert!(page.lines().count() < 200, "a page that nobody reads");
    let (_, modules) = page.split_once("## Modules").unwrap();
    let (modules, _) = modules.split_once("\n## ").unwrap();
    let described: BTreeSet<String> = modules
        .lines()
        .filter_map(|line| line.strip_prefix("- ")?.split_once(": "))
        .flat_map(|(names, _)| names.split(", "))
        .map(|name| name.trim_matches('`').to_owned())
        .collect();
    let declared = read("src/lib.rs") + &read("src/main.rs");
    let mut there: BTreeSet<String> = declared
        .lines()
        .filter_map(|line| {
            line.strip_prefix("pub ")
                .unwrap_or(line)
                .strip_prefix("mod ")?
                .strip_suffix(';')
        })
        .map(str::to_owned)
        .collect();
    there.insert("bin/mockpsp".to_owned());
    assert_eq!(described, there);
}

#[test]
fn the_glossary_knows_the_types_of_the_domain() {
    let glossary = read("docs/glossary.md");
    let mut missing = Vec::new();
    for source in sources("src/domain")
        .iter()
        .filter(|source| !is_test(&source.path))
    {
        // Below a file of the domain stand its private parts and the shapes of single kinds.
        if source.path.components().count() > 3 {
            continue;
        }
        for word in ["pub struct ", "pub enum ", "pub trait "] {
            for name in behind(&source.code, word).filter(|name| !name.ends_with("Error")) {
                if !glossary.contains(&format!("`{name}")) {
                    missing.push(format!("{}: {name}", source.path.display()));
                }
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn no_test_is_skipped_waits_or_expects_a_panic() {
    let tests = sources("tests").into_iter().chain(
        sources("src")
            .into_iter()
            .filter(|source| is_test(&source.path) || source.all != source.code),
    );
    for source in tests {
        // This file names what it refuses.
        if source.path.ends_with("it/arch.rs") {
            continue;
        }
        let text = match source.all.strip_prefix(source.code.as_str()) {
            Some(tests) if !tests.is_empty() => tests,
            _ => source.all.as_str(),
        };
        for refused in ["#[ignore", "should_panic", "sleep("] {
            assert!(
                !text.contains(refused),
                "{}: {refused}",
                source.path.display()
            );
        }
    }
}
