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
mod tests {
    use super::*;

    #[test]
    fn numbers_and_plurals_read_well() {
        let numbers = [0, 999, 1_000, 52_500, 120_000, 1_234_567].map(number);
        assert_eq!(numbers, ["0", "999", "1,000", "52,500", "120,000", "1,234,567"]);
        assert_eq!([count(1_u64, "row"), count(0_usize, "table")], ["1 row", "0 tables"]);
    }

    #[test]
    fn a_duration_that_is_none_reads_as_zero() {
        assert_eq!([duration(f64::NAN), duration(-1.0), duration(75.9)], ["0s", "0s", "1m 15s"]);
    }
}
