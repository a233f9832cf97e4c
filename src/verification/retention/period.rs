//! Periods of time in UTC: hours, days, ISO weeks, months and years. Pure.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A length of periods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    Hour,
    Day,
    /// From Monday on. The days at the turn of a year belong to the week of its Thursday.
    Week,
    Month,
    Year,
}

impl Period {
    /// What distinguishes the period of this time from all others of its length.
    pub(super) fn of(self, at: Timestamp) -> (i16, i16) {
        let at = at.to_zoned(TimeZone::UTC);
        let hour_of_year = || at.day_of_year() * 24 + i16::from(at.hour());
        match self {
            Self::Hour => (at.year(), hour_of_year()),
            Self::Day => (at.year(), at.day_of_year()),
            Self::Week => {
                let week = at.date().iso_week_date();
                (week.year(), i16::from(week.week()))
            }
            Self::Month => (at.year(), i16::from(at.month())),
            Self::Year => (at.year(), 0),
        }
    }
}
