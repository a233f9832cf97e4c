//! A moment as people name it: a time, a day, or a time ago.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use super::kinds::FromInput;
use crate::layout::key::SECOND;

/// The value of `since` and `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A time.
    At(Timestamp),
    /// A day in UTC, from its first moment to its last.
    Day(Date),
    /// This long before the run.
    Ago(Duration),
}

impl Moment {
    /// The first moment that it names.
    #[must_use]
    pub fn begin(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            // The last days of the calendar are later than every time.
            Self::Day(day) => {
                midnight(day).unwrap_or(if day.year() > 0 { Timestamp::MAX } else { Timestamp::MIN })
            }
            Self::Ago(ago) => now.checked_sub(ago).unwrap_or(Timestamp::MIN),
        }
    }

    /// The last moment that it names.
    #[must_use]
    pub fn end(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Day(day) => {
                let next = day.tomorrow().ok().and_then(midnight);
                next.and_then(|next| next.checked_sub(Duration::from_nanos(1)).ok()).unwrap_or(Timestamp::MAX)
            }
            Self::At(_) | Self::Ago(_) => self.begin(now),
        }
    }
}

fn midnight(day: Date) -> Option<Timestamp> {
    day.to_zoned(TimeZone::UTC).ok().map(|midnight| midnight.timestamp())
}

impl FromInput for Moment {
    const EXPECTED: &'static str = "a time";
    const HINT: &'static str = "Write a duration before now such as `30d`, a UTC day such as `2026-11-20`, or a time such as `20261120-013000` or RFC 3339.";

    fn from_input(text: &str) -> Option<Self> {
        if let Some(at) = time(text) {
            return Some(Self::At(at));
        }
        let day = || text.parse().ok().filter(|_| text.len() == "YYYY-MM-DD".len());
        Duration::from_input(text).map(Self::Ago).or_else(|| day().map(Self::Day))
    }
}

/// A time as a list shows it, or as its JSON and the manifests do (RFC 3339).
pub(super) fn time(text: &str) -> Option<Timestamp> {
    // jiff also reads times with fewer digits, which no key has.
    let is_whole = text.len() == "YYYYMMDD-HHMMSS".len();
    let second = text.replacen('_', "-", 1);
    let in_key = DateTime::strptime(SECOND, second).ok().filter(|_| is_whole);
    match in_key {
        Some(at) => Some(at.to_zoned(TimeZone::UTC).ok()?.timestamp()),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests;
