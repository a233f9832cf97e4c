//! Durations as people type them: a number and `s`, `m`, `h`, `d` or `w`, also combined (`1d12h`). Pure.

use std::time::Duration;

use jiff::{Span, SpanRelativeTo};

/// Units and their milliseconds. A day has 24 hours.
const UNITS: [(&str, u128); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Reads a duration. `None` if the text is not one, or is less than a millisecond.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    // Months and years have no fixed length, so jiff does not convert them.
    let span = text.parse::<Span>().ok()?.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    Duration::try_from(span).ok().filter(|duration| *duration >= Duration::from_millis(1))
}

/// `6h`, `1d12h`, `1m30s`; [`parse`] reads it.
#[must_use]
pub fn words(duration: Duration) -> String {
    let mut rest = duration.as_millis();
    let mut words = String::new();
    for (name, milliseconds) in UNITS {
        let count = rest / milliseconds;
        rest %= milliseconds;
        if count > 0 {
            words += &format!("{count}{name}");
        }
    }
    if words.is_empty() { "0s".to_owned() } else { words }
}

#[cfg(test)]
mod tests;
