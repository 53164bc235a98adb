//! The clock: the system's, a simulated one that runs on from a given instant, or one that stands still.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{SubsecRound, TimeDelta};

use crate::domain::calendar::Instant;

/// The only source of time. Clones share the same time.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    /// The simulated instant that was set last, and when it was set on the machine's steady clock.
    Simulated(Arc<Mutex<(Instant, std::time::Instant)>>),
    Fixed(Arc<Mutex<Instant>>),
}

/// Why the time was not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// The engine lives in real time.
    #[error("the clock is the system's and cannot be set; start the engine with AVVISO_CLOCK")]
    Real,
    /// The result would lie outside the calendar.
    #[error("the instant is out of range")]
    OutOfRange,
}

impl Clock {
    /// Real time.
    #[must_use]
    pub fn system() -> Clock {
        Clock(Source::System)
    }

    /// Begins at an instant and runs on with real time; can be set while it runs.
    #[must_use]
    pub fn simulated(start: Instant) -> Clock {
        Clock(Source::Simulated(Arc::new(Mutex::new((
            start,
            std::time::Instant::now(),
        )))))
    }

    /// Stands still until it is set.
    #[must_use]
    pub fn fixed(at: Instant) -> Clock {
        Clock(Source::Fixed(Arc::new(Mutex::new(at))))
    }

    /// The current instant, truncated to microseconds, the precision that both databases keep.
    #[must_use]
    pub fn now(&self) -> Instant {
        let now = match &self.0 {
            Source::System => system_now(),
            Source::Simulated(held) => {
                let (base, since) = *held.lock().unwrap_or_else(PoisonError::into_inner);
                let passed = TimeDelta::from_std(since.elapsed()).unwrap_or(TimeDelta::MAX);
                base.checked_add_signed(passed).unwrap_or(Instant::MAX_UTC)
            }
            Source::Fixed(held) => *held.lock().unwrap_or_else(PoisonError::into_inner),
        };
        now.trunc_subsecs(6)
    }

    /// Whether the time can be set.
    #[must_use]
    pub fn can_be_set(&self) -> bool {
        match self.0 {
            Source::System => false,
            Source::Simulated(_) | Source::Fixed(_) => true,
        }
    }

    /// Sets the time; a simulated clock runs on from there.
    ///
    /// # Errors
    /// [`ClockError::Real`].
    pub fn set(&self, to: Instant) -> Result<(), ClockError> {
        match &self.0 {
            Source::System => return Err(ClockError::Real),
            Source::Simulated(held) => {
                let next = (to, std::time::Instant::now());
                *held.lock().unwrap_or_else(PoisonError::into_inner) = next;
            }
            Source::Fixed(held) => *held.lock().unwrap_or_else(PoisonError::into_inner) = to,
        }
        Ok(())
    }

    /// Lets time pass at once.
    ///
    /// # Errors
    /// [`ClockError`].
    pub fn advance(&self, by: TimeDelta) -> Result<(), ClockError> {
        self.set(
            self.now()
                .checked_add_signed(by)
                .ok_or(ClockError::OutOfRange)?,
        )
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where real time enters"
)]
fn system_now() -> Instant {
    chrono::Utc::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    #[test]
    fn a_fixed_clock_stands_still_until_it_is_set() {
        let clock = Clock::fixed(at("2026-03-02T08:00:00.123456789Z"));
        let twin = clock.clone();
        assert_eq!(clock.now(), at("2026-03-02T08:00:00.123456Z"));
        clock.advance(TimeDelta::days(6)).unwrap();
        assert_eq!(twin.now(), at("2026-03-08T08:00:00.123456Z"));
        assert_eq!(clock.advance(TimeDelta::MAX), Err(ClockError::OutOfRange));
    }

    #[test]
    fn a_simulated_clock_runs_on_from_where_it_was_set() {
        let clock = Clock::simulated(at("2026-01-01T00:00:00Z"));
        let (first, second) = (clock.now(), clock.now());
        assert!(first >= at("2026-01-01T00:00:00Z") && second >= first);
        clock.set(at("2026-06-30T00:00:00Z")).unwrap();
        let now = clock.now();
        assert!(now >= at("2026-06-30T00:00:00Z") && now < at("2026-06-30T01:00:00Z"));
    }

    #[test]
    fn real_time_has_microseconds_and_cannot_be_set() {
        let clock = Clock::system();
        assert_eq!(clock.now().timestamp_subsec_nanos() % 1000, 0);
        assert!(!clock.can_be_set());
        assert_eq!(clock.set(at("2026-01-01T00:00:00Z")), Err(ClockError::Real));
    }
}
