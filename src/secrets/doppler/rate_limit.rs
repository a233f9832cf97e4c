//! Doppler's limit of requests per minute, as its answers show it. A run of many sponsors waits instead of being refused.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;

const LIMIT: &str = "x-ratelimit-limit";
const REMAINING: &str = "x-ratelimit-remaining";
/// In seconds since 1970.
const RESET: &str = "x-ratelimit-reset";
/// The limit is per minute. A reset that is further away is a mistake, or another clock's.
const LONGEST: Duration = Duration::from_secs(90);

/// The limit, shared by all requests of a run.
#[derive(Debug, Default)]
pub(super) struct RateLimit(Mutex<Option<Shown>>);

/// What the answers to this minute's requests showed.
#[derive(Debug, Clone, Copy)]
struct Shown {
    limit: u32,
    /// Without the requests that wait for their answers.
    remaining: u32,
    resets_at: i64,
}

impl RateLimit {
    /// Learns from an answer.
    pub(super) fn learn(&self, headers: &HeaderMap) {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.parse::<i64>().ok();
        let count = |name: &str| u32::try_from(number(name)?).ok();
        let Some(limit) = count(LIMIT) else { return };
        let (remaining, resets_at) = (count(REMAINING).unwrap_or(limit), number(RESET).unwrap_or(0));
        let mut shown = self.lock();
        // Answers overtake each other, and requests are on their way.
        let known = shown.filter(|known| known.resets_at == resets_at).map(|known| known.remaining);
        let remaining = known.map_or(remaining, |known| known.min(remaining));
        *shown = Some(Shown { limit, remaining, resets_at });
    }

    /// Requests per minute.
    pub(super) fn per_minute(&self) -> Option<u32> {
        self.lock().map(|shown| shown.limit).filter(|limit| *limit > 0)
    }

    /// Takes the right to send one request, or says how long none is left.
    pub(super) fn take(&self, now: Timestamp) -> Result<(), Duration> {
        let mut shown = self.lock();
        let Some(known) = shown.as_mut() else { return Ok(()) };
        let left = u64::try_from(known.resets_at - now.as_second()).map(Duration::from_secs);
        match (known.remaining.checked_sub(1), left) {
            (None, Ok(left)) if !left.is_zero() && left <= LONGEST => Err(left),
            (remaining, _) => {
                known.remaining = remaining.unwrap_or_default();
                Ok(())
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Shown>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
