//! Limits for a backup's age and a drill's duration. Pure.

use std::time::Duration;

use jiff::Timestamp;

use super::VerificationError;

/// Clocks differ. What is dated further in the future comes from a wrong clock, and would seem new forever.
const AHEAD: Duration = Duration::from_secs(3600);

/// How far a time is in the future, if no ordinary difference of two clocks explains it. Such a backup has no age, and might
/// not be the newest.
#[must_use]
pub fn ahead(at: Timestamp, now: Timestamp) -> Option<Duration> {
    Duration::try_from(at.duration_since(now)).ok().filter(|by| *by > AHEAD)
}

/// What is wrong with a backup that is dated [`ahead`].
#[must_use]
pub fn dated_ahead(by: Duration) -> String {
    format!("its time is {} ahead of this machine's clock", words(by))
}

/// Checks a sponsor's newest backup against `max-backup-age`, and returns its age. `place` is where the backups are.
///
/// # Errors
/// The newest backup is too old, or there is none.
pub fn freshness(
    place: &str,
    taken: impl IntoIterator<Item = Timestamp>,
    now: Timestamp,
    limit: Duration,
) -> Result<Measured, VerificationError> {
    let newest = taken.into_iter().filter(|at| ahead(*at, now).is_none()).max();
    // A little in the future counts as now.
    let age = |at: Timestamp| u64::try_from(now.as_second() - at.as_second()).unwrap_or_default();
    let newest = newest.map(|at| Duration::from_secs(age(at)));
    let finding = match newest {
        Some(age) if Measured { took: age, limit: Some(limit) }.is_compliant() == Some(true) => {
            return Ok(Measured { took: age, limit: Some(limit) });
        }
        Some(age) => {
            format!("the newest backup is {} old, more than `max-backup-age` ({})", words(age), words(limit))
        }
        None => "no backup found".to_owned(),
    };
    Err(VerificationError {
        place: place.to_owned(),
        findings: vec![finding],
        hint: "Take a backup. Then check the scheduled workflow: its runs may fail or be cancelled, or it may be disabled."
            .to_owned(),
    })
}

/// A measured time and its limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// What was measured.
    pub took: Duration,
    /// The limit, if there is one.
    pub limit: Option<Duration>,
}

impl Measured {
    /// Whether the limit was met. `None` without a limit.
    #[must_use]
    pub fn is_compliant(self) -> Option<bool> {
        self.limit.map(|limit| self.took <= limit)
    }

    /// Minutes, to two digits.
    #[must_use]
    pub fn minutes(self) -> f64 {
        minutes(self.took)
    }
}

/// Minutes, to two digits.
#[must_use]
pub fn minutes(time: Duration) -> f64 {
    (time.as_secs_f64() / 60.0 * 100.0).round() / 100.0
}

/// A duration as people write it: `0.3s`, `12s`, `1m 30s`, `6h`, `2d 1h`.
#[must_use]
pub fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    let two = |large: (u64, &str), small: (u64, &str)| match (large, small) {
        ((large, unit), (0, _)) => format!("{large}{unit}"),
        ((large, unit), (small, smaller)) => format!("{large}{unit} {small}{smaller}"),
    };
    match seconds {
        0..60 => {
            // Rounded up from zero: what took a moment did take one.
            let tenths = (time.as_millis() + 50) / 100;
            let tenths = if time.is_zero() { 0 } else { tenths.max(1) };
            if tenths % 10 == 0 {
                format!("{}s", tenths / 10)
            } else {
                format!("{}.{}s", tenths / 10, tenths % 10)
            }
        }
        60..3600 => two((seconds / 60, "m"), (seconds % 60, "s")),
        3600..86_400 => two((seconds / 3600, "h"), (seconds % 3600 / 60, "m")),
        _ => two((seconds / 86_400, "d"), (seconds % 86_400 / 3600, "h")),
    }
}

#[cfg(test)]
mod tests;
