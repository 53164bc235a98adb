//! The scenarios of `fixtures/scenarios`, each played by `mockpsp run` against the real engine: every
//! expectation holds, the engine's audit is clean, and what it has reconciled is the snapshot's.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::database::{Database, Engine};

const FOLDER: &str = "fixtures/scenarios";

macro_rules! scenarios {
    ($($name:ident)+) => {
        const NAMES: &[&str] = &[$(stringify!($name)),+];

        $(mod $name {
            #[test]
            fn sqlite() {
                super::play(super::Engine::Sqlite, stringify!($name));
            }

            #[test]
            fn postgres() {
                super::play(super::Engine::Postgres, stringify!($name));
            }
        })+
    };
}

scenarios! {
    activated_without_verify
    activation_twice_at_once
    alternatives_race
    amount_of_the_request
    archive_fed
    broken_answer
    broken_receipt
    cash_as_camt053
    cash_as_opi
    cash_before_flow
    credit_missing
    credit_restored
    credit_reversed
    credit_reversed_by_bank
    credit_short
    credit_split
    credit_text_cut
    credit_text_wrapped
    credit_unnamed
    delayed_receipt
    demanded
    double_payment
    engine_down
    engine_killed
    expired
    failed_then_paid
    flow_for_another_body
    flow_missing
    flow_revised
    flow_with_foreign_row
    flow_with_row_twice
    flow_with_short_row
    flow_with_unknown_debt
    flow_with_wrong_sum
    flows_broken
    flows_by_soap
    flows_unavailable
    instalments
    kept_with_9
    kept_without_other_payment
    late_negative_outcome
    late_outcome
    late_receipt
    lost_activation
    lost_answer
    lost_receipt
    many_payers
    missing_receipt
    old_token_wins
    one_credit_for_two_flows
    outcome_told_twice
    overtaken_receipt
    paid
    paid_at_station_v1
    read_again
    receipt_recovered
    receipt_twice_at_once
    receipt_with_wrong_sum
    stamps
    stand_in
    stand_in_of_two_beneficiaries
    stand_in_without_receipt
    token_in_progress
    two_beneficiaries
    unknown_account
    unknown_station
    withdrawn
    withdrawn_while_paid
    wrong_station
}

/// The same snapshot on either database.
fn play(engine: Engine, name: &str) {
    let Some(database) = Database::empty(engine) else {
        eprintln!("not run: PostgreSQL is switched off");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let summary = folder.path().join("summary.json");
    let out = Command::new(env!("CARGO_BIN_EXE_mockpsp"))
        .args(["run", "--avviso", env!("CARGO_BIN_EXE_avviso")])
        .args(["--database-url", &database.url, "--summary"])
        .arg(&summary)
        .arg(Path::new(FOLDER).join(name).with_extension("toml"))
        .output()
        .unwrap();
    let said = [out.stdout, out.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(out.status.success(), "{}", said.join("\n"));
    let summary = std::fs::read_to_string(summary).unwrap();
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name.to_owned(), summary);
    });
}

#[test]
fn every_file_is_played() {
    let files: BTreeSet<String> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let played: BTreeSet<String> = NAMES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(files, played);
}

#[test]
fn what_does_not_hold_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.toml");
    let steps = "title = \"A\"\nsteps = [\n  { charge = { name = \"a\", lamps = 1 } },\n  \
                 { expect_notice = { notice = \"a\", state = \"paid\" } },\n]\n";
    std::fs::write(&file, steps).unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_mockpsp"))
        .arg("run")
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stdout);
    assert_eq!(out.status.code(), Some(1), "{said}");
    assert!(said.contains("NOT SO: `a` is open, not paid"), "{said}");
    assert!(said.contains("wrong.toml, line 4"), "{said}");
}
