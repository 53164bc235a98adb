//! Names for movements to which their bank gives none.

use std::collections::HashMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// Digests of what movements say. Equal ones of a file are told apart by their order, so that the
/// same file, or another that holds them as well, gives the same names again.
///
/// This is the one thing that grows with a file: some thirty bytes for each movement without a
/// reference of its bank.
#[derive(Default)]
pub(super) struct Names {
    seen: HashMap<[u8; 16], u32>,
}

impl Names {
    /// The name of a movement that says this.
    pub(super) fn of(&mut self, parts: &[&str]) -> String {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update(part.as_bytes());
            digest.update([0]);
        }
        let digest: [u8; 32] = digest.finalize().into();
        let mut key = [0; 16];
        key.copy_from_slice(digest.first_chunk::<16>().unwrap_or(&[0; 16]));
        let count = self.seen.entry(key).or_default();
        *count = count.saturating_add(1);
        let mut name = String::from("~");
        for byte in key {
            let _infallible = write!(name, "{byte:02x}");
        }
        if *count > 1 {
            let _infallible = write!(name, ".{count}");
        }
        name
    }
}
