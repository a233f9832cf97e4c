//! The rules of a policy, and the floors below it. Pure.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::period::Period;
use crate::verification::limits::words;

/// A policy. Without any rule it keeps nothing, and no command takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Policy {
    /// The newest backups, whenever they were taken.
    pub keep_last: Option<u32>,
    /// Hours.
    pub keep_hourly: Option<u32>,
    /// Days.
    pub keep_daily: Option<u32>,
    /// ISO weeks.
    pub keep_weekly: Option<u32>,
    /// Months.
    pub keep_monthly: Option<u32>,
    /// Years.
    pub keep_yearly: Option<u32>,
    /// All that are at most so much older than the newest of their series.
    #[serde(rename = "keep_within_seconds", serialize_with = "in_seconds")]
    pub keep_within: Option<Duration>,
}

/// What no policy undercuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Floors {
    /// The newest backups of each series.
    pub min_keep: u32,
    /// Younger backups stay.
    pub min_age: Duration,
}

/// One rule of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// `keep-last`
    Last(u32),
    /// `keep-hourly`
    Hourly(u32),
    /// `keep-daily`
    Daily(u32),
    /// `keep-weekly`
    Weekly(u32),
    /// `keep-monthly`
    Monthly(u32),
    /// `keep-yearly`
    Yearly(u32),
    /// `keep-within`
    Within(Duration),
}

impl Policy {
    /// Its rules.
    pub fn rules(&self) -> impl Iterator<Item = Rule> + use<> {
        let counted = [
            self.keep_last.map(Rule::Last),
            self.keep_hourly.map(Rule::Hourly),
            self.keep_daily.map(Rule::Daily),
            self.keep_weekly.map(Rule::Weekly),
            self.keep_monthly.map(Rule::Monthly),
            self.keep_yearly.map(Rule::Yearly),
            self.keep_within.map(Rule::Within),
        ];
        counted.into_iter().flatten()
    }

    /// `keep-daily 30, keep-within 12w`
    #[must_use]
    pub fn words(&self) -> String {
        self.rules().map(|rule| rule.to_string()).collect::<Vec<_>>().join(", ")
    }
}

impl Rule {
    /// Of these backups, the newest first, those that it keeps.
    pub(super) fn keeps(self, series: impl Iterator<Item = (usize, Timestamp)>) -> Vec<usize> {
        let (period, count) = match self {
            Self::Last(count) => return series.take(at_most(count)).map(|(at, _)| at).collect(),
            Self::Within(time) => return within(series, time),
            Self::Hourly(count) => (Period::Hour, count),
            Self::Daily(count) => (Period::Day, count),
            Self::Weekly(count) => (Period::Week, count),
            Self::Monthly(count) => (Period::Month, count),
            Self::Yearly(count) => (Period::Year, count),
        };
        let mut last = None;
        let newest_of_each =
            series.filter(|(_, time)| last.replace(period.of(*time)) != Some(period.of(*time)));
        newest_of_each.take(at_most(count)).map(|(at, _)| at).collect()
    }

    /// Whether a backup that it keeps takes a place that another would have.
    pub(super) fn takes_a_place(self) -> bool {
        !matches!(self, Self::Within(_))
    }
}

fn at_most(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// From the newest, not from now: what is not backed up any more keeps its last backups.
fn within(series: impl Iterator<Item = (usize, Timestamp)>, time: Duration) -> Vec<usize> {
    let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    let mut newest = None;
    let is_near = |(_, at): &(usize, Timestamp)| newest.get_or_insert(*at).duration_since(*at) <= time;
    series.take_while(is_near).map(|(at, _)| at).collect()
}

/// As the inputs are written: `keep-daily 30`.
impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Last(count) => write!(f, "keep-last {count}"),
            Self::Hourly(count) => write!(f, "keep-hourly {count}"),
            Self::Daily(count) => write!(f, "keep-daily {count}"),
            Self::Weekly(count) => write!(f, "keep-weekly {count}"),
            Self::Monthly(count) => write!(f, "keep-monthly {count}"),
            Self::Yearly(count) => write!(f, "keep-yearly {count}"),
            Self::Within(time) => write!(f, "keep-within {}", words(*time)),
        }
    }
}

/// Whole seconds.
pub(super) fn in_seconds<S: serde::Serializer>(time: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    time.map(|time| time.as_secs()).serialize(to)
}
