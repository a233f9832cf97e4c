//! Doppler's limit of requests per minute, as its answers show it. A run of many sponsors waits instead of being refused.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The limit is per minute. A reset that is further away is a mistake, or another clock's.
const LONGEST: Duration = Duration::from_secs(90);

/// The limit, shared by all requests of a run.
#[derive(Debug, Default)]
pub(super) struct RateLimit(Mutex<Option<Shown>>);

/// What an answer shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    /// Requests per minute.
    pub(super) limit: u32,
    /// Requests that are left. Here without those that wait for their answers.
    pub(super) remaining: u32,
    /// When the minute ends, in seconds since 1970.
    pub(super) resets_at: i64,
    /// The same on this machine's clock, which may be wrong.
    pub(super) ends: Instant,
}

impl RateLimit {
    /// Learns from an answer.
    pub(super) fn learn(&self, answer: Shown) {
        let mut shown = self.lock();
        // Answers overtake each other, and requests are on their way.
        let known = shown.filter(|known| known.resets_at == answer.resets_at).map(|known| known.remaining);
        let remaining = known.map_or(answer.remaining, |known| known.min(answer.remaining));
        *shown = Some(Shown { remaining, ..answer });
    }

    /// Requests per minute.
    pub(super) fn per_minute(&self) -> Option<u32> {
        self.lock().map(|shown| shown.limit).filter(|limit| *limit > 0)
    }

    /// Takes the right to send one request, or says how long none is left.
    pub(super) fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut shown = self.lock();
        let Some(known) = shown.as_mut() else { return Ok(()) };
        let wait = known.ends.saturating_duration_since(now);
        if known.remaining == 0 && !wait.is_zero() && wait <= LONGEST {
            return Err(wait);
        }
        known.remaining = known.remaining.saturating_sub(1);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Option<Shown>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
