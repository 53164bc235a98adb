//! Runs the target that this binary is called after.
#![no_main]

mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let name = env!("CARGO_BIN_NAME");
    let (_, run) = targets::ALL
        .iter()
        .find(|(target, _)| *target == name)
        .expect("a target of this name");
    run(data);
});
