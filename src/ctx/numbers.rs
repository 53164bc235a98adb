//! Blocks of sequence numbers that this process has reserved and not used up.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::fiscal_code::FiscalCode;
use crate::domain::notice_number::SegregationCode;

type Key = (FiscalCode, SegregationCode);

/// The blocks, by creditor and segregation code. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Numbers(Arc<Mutex<HashMap<Key, Vec<Range<u64>>>>>);

impl Numbers {
    /// Takes what is still missing of `count`, as far as the reserved blocks reach.
    pub fn take(
        &self,
        creditor: &FiscalCode,
        code: &SegregationCode,
        count: u64,
        have: usize,
    ) -> Vec<u64> {
        let mut missing = count.saturating_sub(u64::try_from(have).unwrap_or(u64::MAX));
        let mut taken = Vec::new();
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(blocks) = held.get_mut(&(creditor.clone(), code.clone())) else {
            return taken;
        };
        while missing > 0 {
            let Some(block) = blocks.first_mut() else {
                break;
            };
            match block.next() {
                Some(number) => {
                    taken.push(number);
                    missing = missing.saturating_sub(1);
                }
                None => {
                    blocks.remove(0);
                }
            }
        }
        taken
    }

    /// Adds a block that was reserved in the database.
    pub fn put(&self, creditor: &FiscalCode, code: &SegregationCode, block: Range<u64>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.entry((creditor.clone(), code.clone()))
            .or_default()
            .push(block);
    }
}
