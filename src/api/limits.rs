//! Rate limits, one bucket for each client, or for each address of callers without credentials.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use uuid::Uuid;

use super::problem::{Problem, catalogue};
use crate::domain::client::Tenant;

/// Whose bucket a request is taken from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Bucket {
    /// A client whose key was verified.
    Client(Tenant, Uuid),
    /// Anybody else at this address.
    Address(Option<IpAddr>),
}

/// What is left of a quota, as the headers say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    limit: u32,
    remaining: u32,
    reset_seconds: u64,
}

type Buckets =
    RateLimiter<Bucket, DashMapStateStore<Bucket>, DefaultClock, StateInformationMiddleware>;

/// The limits of one engine. The default is generous: issuing a roll one by one must not be slowed.
pub struct Limits {
    buckets: Buckets,
    per_second: NonZeroU32,
    clock: DefaultClock,
    until_sweep: AtomicU32,
}

/// Requests between two sweeps of the buckets that are full again.
const SWEEP_EVERY: u32 = 100_000;

impl Limits {
    /// Limits of so many requests per second, and as many at once.
    #[must_use]
    pub fn new(per_second: NonZeroU32) -> Limits {
        let quota = Quota::per_second(per_second);
        Limits {
            buckets: RateLimiter::dashmap(quota).with_middleware::<StateInformationMiddleware>(),
            per_second,
            clock: DefaultClock::default(),
            until_sweep: AtomicU32::new(0),
        }
    }

    /// Takes one request from a bucket.
    ///
    /// # Errors
    /// `too-many-requests` (429) with the seconds to wait.
    pub fn take(&self, bucket: &Bucket) -> Result<Left, (Left, Box<Problem>)> {
        if self
            .until_sweep
            .fetch_add(1, Ordering::Relaxed)
            .checked_rem(SWEEP_EVERY)
            == Some(0)
        {
            self.buckets.retain_recent();
        }
        let limit = self.per_second.get();
        match self.buckets.check_key(bucket) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                // The whole quota comes back in one second.
                Ok(Left {
                    limit,
                    remaining,
                    reset_seconds: u64::from(remaining < limit),
                })
            }
            Err(not_until) => {
                let wait = not_until
                    .wait_time_from(self.clock.now())
                    .as_secs()
                    .saturating_add(1);
                let left = Left {
                    limit,
                    remaining: 0,
                    reset_seconds: wait,
                };
                Err((
                    left,
                    Box::new(Problem::of(&catalogue::TOO_MANY_REQUESTS).retry_after(wait)),
                ))
            }
        }
    }
}

impl Left {
    /// A quota of nothing in particular, for answers given before any bucket was asked.
    #[must_use]
    pub fn full(limits: &Limits) -> Left {
        let limit = limits.per_second.get();
        Left {
            limit,
            remaining: limit,
            reset_seconds: 0,
        }
    }

    /// Writes `RateLimit-Limit`, `-Remaining` and `-Reset`.
    pub fn stamp(self, headers: &mut HeaderMap) {
        let mut set = |name, value: u64| {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
        };
        set("ratelimit-limit", self.limit.into());
        set("ratelimit-remaining", self.remaining.into());
        set("ratelimit-reset", self.reset_seconds);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_runs_dry_and_others_do_not_feel_it() {
        let limits = Limits::new(NonZeroU32::new(2).unwrap());
        let one = Bucket::Client(Tenant::Platform, Uuid::from_u128(1));
        assert_eq!(limits.take(&one).unwrap().remaining, 1);
        assert_eq!(limits.take(&one).unwrap().remaining, 0);
        let (left, problem) = limits.take(&one).unwrap_err();
        assert_eq!((left.limit, left.remaining, left.reset_seconds), (2, 0, 1));
        assert_eq!(problem.kind(), &catalogue::TOO_MANY_REQUESTS);
        assert!(limits.take(&Bucket::Address(None)).is_ok());
    }
}
