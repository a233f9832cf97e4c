//! How amounts read: one function for each, for the log, the summary and issues. Pure.

use std::time::Duration;

use crate::proof::limits::words;
use crate::proof::{counted, grouped};

/// Seconds as people write them: `0.3s`, `12s`, `1m 30s`, `6h`.
pub(super) fn duration(seconds: f64) -> String {
    words(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

/// `120,000`
#[must_use]
pub fn number(number: u64) -> String {
    grouped(number)
}

/// `1 row`, `52,500 rows`
#[must_use]
pub fn count(number: impl TryInto<u64>, noun: &str) -> String {
    counted(number.try_into().unwrap_or(u64::MAX), noun)
}

#[cfg(test)]
mod tests;
