//! The scripts behind `make`: what cannot be checked is said, and is no success.

use std::process::Command;

/// Runs a script as continuous integration does, with one variable set: whether it succeeded, what it said.
fn ci(script: &str, (variable, value): (&str, &str)) -> (bool, String) {
    let out = Command::new(script)
        .env("CI", "true")
        .env(variable, value)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    (out.status.success(), said)
}

#[test]
fn schemas_and_demands_that_are_missing_fail_a_run_that_does_not_do_without_them() {
    for (script, variable) in [
        ("tests/scripts/conformance", "PAGOPA_SCHEMAS"),
        ("tests/scripts/contract", "CHECKS"),
    ] {
        for missing in ["", "no/such/folder"] {
            let (passed, said) = ci(script, (variable, missing));
            assert!(!passed && said.contains("not found"), "{script}: {said}");
        }
        let (passed, said) = ci(script, (variable, "off"));
        assert!(passed && said.contains("switched off"), "{script}: {said}");
    }
}
