//! Until when an object must be kept. Pure; counted by the calendar, since 365 days a year fall short of it.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

/// The first moment (UTC) at which at least `years` calendar years have passed. A leap day's anniversary in a common
/// year is the first of March, not the day before.
///
/// Gives `None` beyond the year 9999.
#[must_use]
pub fn retain_until(written: Timestamp, years: u16) -> Option<Timestamp> {
    let written = written.to_zoned(TimeZone::UTC).datetime();
    let date = anniversary(written.date(), years)?;
    date.to_datetime(written.time()).to_zoned(TimeZone::UTC).ok().map(|until| until.timestamp())
}

fn anniversary(date: Date, years: u16) -> Option<Date> {
    let same_day = date.checked_add(i64::from(years).years()).ok()?;
    if same_day.day() == date.day() { Some(same_day) } else { same_day.tomorrow().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert, proptest};

    fn until(written: &str, years: u16) -> String {
        retain_until(written.parse().unwrap(), years).unwrap().to_string()
    }

    #[test]
    fn seven_years_are_seven_calendar_years() {
        assert_eq!(until("2026-11-20T12:00:00Z", 7), "2033-11-20T12:00:00Z");
        assert_eq!(until("2024-02-29T23:59:59Z", 7), "2031-03-01T23:59:59Z");
        assert_eq!(until("2024-02-29T00:00:00Z", 8), "2032-02-29T00:00:00Z");
    }

    proptest! {
        #[test]
        fn it_is_never_short_and_never_more_than_a_day_long(seconds in 0_i64..4_000_000_000, years in 1_u16..100) {
            let written = Timestamp::from_second(seconds).unwrap();
            let until = retain_until(written, years).unwrap();
            let (from, to) = (written.to_zoned(TimeZone::UTC), until.to_zoned(TimeZone::UTC));
            let key = |at: &jiff::Zoned| (at.month(), at.day(), at.time());
            prop_assert!(to.year() - from.year() == i16::try_from(years).unwrap());
            prop_assert!(key(&to) >= key(&from), "{from} to {to}");
            prop_assert!(to.date().day() == from.date().day() || (to.month(), to.day()) == (3, 1));
        }
    }
}
