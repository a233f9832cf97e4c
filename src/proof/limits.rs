//! How old a backup may be, and how long its restore may take. Pure.

use std::time::Duration;

/// A measured time and what it may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// What was measured.
    pub took: Duration,
    /// The most that is allowed, where something is.
    pub limit: Option<Duration>,
}

impl Measured {
    /// Whether it keeps to its limit; `None` where there is none.
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

/// `3 h 5 min`, `2 d 1 h`, `12 s`.
#[must_use]
pub fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
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
    fn times_read_well() {
        let told = [12, 185, 11_100, 180_000].map(|seconds| words(Duration::from_secs(seconds)));
        assert_eq!(told, ["12 s", "3 min 5 s", "3 h 5 min", "2 d 2 h"]);
    }
}
