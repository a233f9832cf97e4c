//! Limits for a backup's age and a drill's duration. Pure.

use std::time::Duration;

use jiff::Timestamp;

use super::ProofError;

/// Clocks differ. A backup that is dated further in the future comes from a wrong clock, and would seem new forever.
const AHEAD: Duration = Duration::from_secs(600);

/// Checks a sponsor's newest backup against `max-backup-age`, and returns its age. `place` is where the backups are.
///
/// # Errors
/// The newest backup is too old, or there is none.
pub fn freshness(
    place: &str,
    taken: impl IntoIterator<Item = Timestamp>,
    now: Timestamp,
    limit: Duration,
) -> Result<Measured, ProofError> {
    let now = now.as_second();
    let ahead = i64::try_from(AHEAD.as_secs()).unwrap_or(i64::MAX);
    let past = taken.into_iter().map(|at| now.saturating_sub(at.as_second())).filter(|age| *age >= -ahead);
    // A few seconds in the future count as now.
    let newest = past.min().map(|age| Duration::from_secs(u64::try_from(age).unwrap_or_default()));
    let finding = match newest {
        Some(age) if Measured { took: age, limit: Some(limit) }.is_compliant() == Some(true) => {
            return Ok(Measured { took: age, limit: Some(limit) });
        }
        Some(age) => {
            format!("the newest backup is {} old, more than `max-backup-age` ({})", words(age), words(limit))
        }
        None => "no backup found".to_owned(),
    };
    Err(ProofError {
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
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_kept_up_to_its_last_moment() {
        let measured = |took, limit: Option<u64>| Measured {
            took: Duration::from_secs(took),
            limit: limit.map(Duration::from_secs),
        };
        assert_eq!(measured(60, None).is_compliant(), None);
        assert_eq!(measured(60, Some(60)).is_compliant(), Some(true));
        assert_eq!(measured(61, Some(60)).is_compliant(), Some(false));
        assert_eq!(measured(100, None).minutes(), 1.67);
    }

    #[test]
    fn freshness_needs_a_recent_backup_that_is_not_in_the_future() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        let judged = |taken: &[&str]| {
            let taken: Vec<Timestamp> = taken.iter().map(|at| at.parse().unwrap()).collect();
            freshness("s3://b/backups/", taken, now, Duration::from_secs(8 * 3600))
                .map(|Measured { took, .. }| took.as_secs())
                .map_err(|error| error.to_string())
        };
        assert_eq!(judged(&["2026-11-28T04:00:00Z"]), Ok(8 * 3600), "to the last moment");
        assert_eq!(judged(&["2026-11-28T12:00:05Z"]), Ok(0), "a clock that is ahead by seconds");
        assert_eq!(judged(&["2026-11-01T00:00:00Z", "2026-11-28T11:00:00Z"]), Ok(3600));
        let late = "s3://b/backups/: the newest backup is 8h 1m old, more than `max-backup-age` (8h)";
        assert_eq!(judged(&["2026-11-28T03:59:00Z", "2026-11-27T11:00:00Z"]), Err(late.to_owned()));
        let none = "s3://b/backups/: no backup found";
        assert_eq!(judged(&[]), Err(none.to_owned()));
        assert_eq!(judged(&["2027-11-28T12:00:00Z"]), Err(none.to_owned()));
    }

    #[test]
    fn times_read_well() {
        let told = [0, 1, 40, 940, 12_340, 59_990, 90_000, 11_100_000, 21_600_000, 180_000_000]
            .map(|ms| words(Duration::from_millis(ms)));
        assert_eq!(told, ["0s", "0.1s", "0.1s", "0.9s", "12.3s", "60s", "1m 30s", "3h 5m", "6h", "2d 2h"]);
    }
}
