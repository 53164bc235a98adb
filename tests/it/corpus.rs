//! The corpus of the fuzz targets, replayed: whatever once was interesting must do no harm again.

#[path = "../fuzz/targets.rs"]
mod targets;

use std::collections::BTreeSet;
use std::path::Path;

use targets::ALL;

/// Files and folders under `fixtures/fuzz`.
fn inside(folder: impl AsRef<Path>) -> BTreeSet<String> {
    let folder = Path::new("fixtures/fuzz").join(folder);
    let entries =
        std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect()
}

#[test]
fn what_was_found_once_is_harmless() {
    for (target, run) in ALL {
        let files = inside(target);
        assert!(files.len() >= 10, "{target} has hardly a corpus");
        for file in files {
            let path = format!("fixtures/fuzz/{target}/{file}");
            let bytes = std::fs::read(&path).unwrap();
            let quiet = std::panic::catch_unwind(|| run(&bytes));
            assert!(quiet.is_ok(), "{path}");
        }
    }
}

#[test]
fn every_target_is_fuzzed_and_has_a_corpus() {
    let names: BTreeSet<String> = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(inside(""), names);
    let manifest: toml::Table = std::fs::read_to_string("tests/fuzz/Cargo.toml")
        .unwrap()
        .parse()
        .unwrap();
    let binaries = manifest["bin"].as_array().unwrap().iter();
    let binaries: BTreeSet<String> = binaries
        .map(|binary| binary["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(binaries, names);
}
