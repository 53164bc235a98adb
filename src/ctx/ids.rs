//! New ids: UUIDv7, ordered by time; counted ones for tests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use uuid::{Builder, ContextV7, Timestamp, Uuid};

use super::Clock;

/// The only source of ids. Clones never give the same id.
#[derive(Debug, Clone)]
pub struct Ids(Source);

#[derive(Debug, Clone)]
enum Source {
    System(Clock, Arc<Mutex<ContextV7>>),
    Counted(Arc<AtomicU64>),
}

/// Milliseconds of 1 January 2026, the time inside counted ids.
const COUNTED_MILLIS: u64 = 1_767_225_600_000;

impl Ids {
    /// UUIDv7 with the clock's time and random bits; each id of a process is greater than the one before,
    /// even when the clock is set back.
    #[must_use]
    pub fn system(clock: Clock) -> Ids {
        Ids(Source::System(
            clock,
            Arc::new(Mutex::new(ContextV7::new())),
        ))
    }

    /// Valid UUIDv7 that count from 1, so that snapshots need no redaction.
    #[must_use]
    pub fn counted() -> Ids {
        Ids(Source::Counted(Arc::new(AtomicU64::new(0))))
    }

    /// The next id.
    #[must_use]
    pub fn next(&self) -> Uuid {
        match &self.0 {
            Source::System(clock, context) => {
                let now = clock.now();
                let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
                let context = context.lock().unwrap_or_else(PoisonError::into_inner);
                let nanos = now.timestamp_subsec_nanos().min(999_999_999);
                Uuid::new_v7(Timestamp::from_unix(&*context, seconds, nanos))
            }
            Source::Counted(counter) => {
                let n = counter.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
                let mut tail = [0u8; 10];
                for (to, from) in tail.iter_mut().skip(2).zip(n.to_be_bytes()) {
                    *to = from;
                }
                Builder::from_unix_timestamp_millis(COUNTED_MILLIS, &tail).into_uuid()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_ids_are_valid_v7_ordered_and_repeatable() {
        let ids: Vec<Uuid> = {
            let i = Ids::counted();
            (0..300).map(|_| i.next()).collect()
        };
        let again: Vec<Uuid> = {
            let i = Ids::counted();
            (0..300).map(|_| i.next()).collect()
        };
        assert_eq!(ids, again);
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
        assert_eq!(ids[0].to_string(), "019b76da-a800-7000-8000-000000000001");
    }

    #[test]
    fn system_ids_carry_the_clock_and_never_go_back() {
        let clock = Clock::fixed("2026-03-02T08:00:00Z".parse().unwrap());
        let ids = Ids::system(clock.clone());
        let first = ids.next();
        assert_eq!(first.get_timestamp().unwrap().to_unix().0, 1_772_438_400);
        clock.set("2026-03-01T08:00:00Z".parse().unwrap()).unwrap();
        let later: Vec<Uuid> = (0..100).map(|_| ids.next()).collect();
        assert!(first < later[0] && later.is_sorted_by(|a, b| a < b));
        assert!(later.iter().all(|id| id.get_version_num() == 7));
    }
}
