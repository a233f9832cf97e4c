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
mod tests;
