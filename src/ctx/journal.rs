//! The journal of events before it is on disk: calls are noted in memory and filed in batches, so that no call
//! of the node waits for its entry.

use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::node_event::{Messages, NodeEvent};
use crate::store::{self, Db};

/// Entries that wait at most; what comes then is counted and lost.
const WAITING_MAX: usize = 20_000;
/// Bytes of messages that wait at most.
const BYTES_MAX: usize = 64 << 20;
/// Entries of one transaction.
const BATCH: usize = 250;

/// The entries that wait. Clones share them.
#[derive(Clone, Default)]
pub struct Journal(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    entries: Vec<(NodeEvent, Messages)>,
    bytes: usize,
    lost: usize,
}

impl Journal {
    /// Notes a call; never waits.
    pub fn note(&self, event: NodeEvent, messages: Messages) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let size = size(&messages);
        let full =
            waiting.entries.len() >= WAITING_MAX || waiting.bytes.saturating_add(size) > BYTES_MAX;
        if full {
            waiting.lost = waiting.lost.saturating_add(1);
            return;
        }
        waiting.bytes = waiting.bytes.saturating_add(size);
        waiting.entries.push((event, messages));
    }

    /// Writes what waits, batch by batch; how many entries. What cannot be written waits on.
    ///
    /// # Errors
    /// The database's.
    pub async fn file(&self, db: &Db) -> Result<usize, store::Error> {
        let mut filed = 0usize;
        loop {
            let batch = Arc::new(self.take());
            if batch.is_empty() {
                return Ok(filed);
            }
            let written = Arc::clone(&batch);
            if let Err(error) = db
                .import(move |tx| store::node_events::insert(tx, &written))
                .await
            {
                self.give_back(&batch);
                return Err(error);
            }
            filed = filed.saturating_add(batch.len());
        }
    }

    fn take(&self) -> Vec<(NodeEvent, Messages)> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.lost > 0 {
            tracing::error!(
                lost = waiting.lost,
                "the journal of events was full: calls are missing in it"
            );
            waiting.lost = 0;
        }
        let most = waiting.entries.len().min(BATCH);
        let batch: Vec<_> = waiting.entries.drain(..most).collect();
        let bytes: usize = batch.iter().map(|(_, messages)| size(messages)).sum();
        waiting.bytes = waiting.bytes.saturating_sub(bytes);
        batch
    }

    /// Before what came meanwhile.
    fn give_back(&self, batch: &[(NodeEvent, Messages)]) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: usize = batch.iter().map(|(_, messages)| size(messages)).sum();
        waiting.bytes = waiting.bytes.saturating_add(bytes);
        waiting.entries.splice(0..0, batch.iter().cloned());
    }
}

fn size(messages: &Messages) -> usize {
    messages
        .request
        .len()
        .saturating_add(messages.response.len())
}
