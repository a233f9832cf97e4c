//! The numbers of one sponsor's digest.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Period;
use crate::record::RecordedOutcome;
use crate::record::entries::{RecordEntry, RecordedEvent};

/// Days that are shown at most.
const DAYS: usize = 92;
/// The newest backup is compared with the average of this time before it.
const BEFORE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How many runs ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct Runs {
    pub succeeded: usize,
    pub failed: usize,
    pub cancelled: usize,
    pub success_rate: Option<f64>,
}

impl Runs {
    pub(super) fn of<'e>(entries: impl IntoIterator<Item = &'e RecordEntry>) -> Self {
        let mut runs = Self::default();
        for entry in entries {
            match entry.outcome {
                Some(RecordedOutcome::Success) => runs.succeeded += 1,
                Some(RecordedOutcome::Failure) => runs.failed += 1,
                Some(RecordedOutcome::Cancelled) => runs.cancelled += 1,
                Some(RecordedOutcome::Disabled | RecordedOutcome::Skipped) | None => {}
            }
        }
        runs.rated()
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.cancelled += other.cancelled;
        *self = self.rated();
    }

    /// All of them.
    #[must_use]
    pub fn count(&self) -> usize {
        self.succeeded + self.failed + self.cancelled
    }

    #[expect(clippy::cast_precision_loss, reason = "no one makes that many backups")]
    fn rated(self) -> Self {
        let rate = || (10_000.0 * self.succeeded as f64 / self.count() as f64).floor() / 10_000.0;
        Self { success_rate: (self.count() > 0).then(rate), ..self }
    }
}

/// The newest backup that counts.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct NewestBackup {
    pub location: String,
    pub timestamp: Timestamp,
    pub age_seconds: u64,
    pub size_bytes: Option<u64>,
    pub rows: Option<u64>,
    pub partial: Option<bool>,
    pub version: Option<String>,
    pub locked_until: Option<Timestamp>,
    pub retained_until: Option<Timestamp>,
}

/// The newest drill, whatever its outcome.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct NewestDrill {
    pub timestamp: Timestamp,
    pub outcome: Option<&'static str>,
    pub backup_location: Option<String>,
    pub rpo_seconds: Option<u64>,
    pub max_rpo_seconds: Option<u64>,
    pub rto_seconds: Option<u64>,
    pub max_rto_seconds: Option<u64>,
}

impl NewestDrill {
    pub(super) fn of(entry: &RecordEntry) -> Self {
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs());
        let ((rpo, max_rpo), (rto, max_rto)) = (entry.measures.rpo, entry.measures.rto);
        Self {
            timestamp: entry.at,
            outcome: entry.outcome.map(RecordedOutcome::name),
            backup_location: entry.backup_location.clone(),
            rpo_seconds: seconds(rpo),
            max_rpo_seconds: seconds(max_rpo),
            rto_seconds: seconds(rto),
            max_rto_seconds: seconds(max_rto),
        }
    }
}

/// The size of one backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct StoredSize {
    pub timestamp: Timestamp,
    pub size_bytes: u64,
}

impl StoredSize {
    pub(super) fn of(entry: &RecordEntry) -> Option<Self> {
        Some(Self { timestamp: entry.at, size_bytes: entry.backup_bytes? })
    }
}

/// How much larger the last of these is than the average of those of seven days before it, in percent. `None` without any.
#[expect(clippy::cast_precision_loss, reason = "a percentage")]
pub(super) fn size_change(sizes: &[StoredSize]) -> Option<f64> {
    let (newest, before) = sizes.split_last()?;
    let begin = newest.timestamp.checked_sub(BEFORE).unwrap_or(Timestamp::MIN);
    let recent: Vec<f64> =
        before.iter().filter(|size| size.timestamp >= begin).map(|size| size.size_bytes as f64).collect();
    let average = recent.iter().sum::<f64>() / recent.len() as f64;
    // Not a number without any.
    (average > 0.0).then(|| (1_000.0 * (newest.size_bytes as f64 / average - 1.0)).round() / 10.0)
}

/// A backup of the store, with dump, checksum file and manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct StoredBackup {
    pub location: String,
    pub timestamp: Timestamp,
    pub size_bytes: u64,
}

/// What happened on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DayState {
    /// A backup succeeded.
    BackedUp,
    /// None succeeded, at least one failed or was cancelled.
    Failed,
    /// No run left a record.
    Nothing,
}

/// One day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct Day {
    pub date: Date,
    pub state: DayState,
}

/// The days of the period, the newest ones if it is long.
pub(super) fn days(entries: &[RecordEntry], period: Period) -> Vec<Day> {
    let day_of = |at: Timestamp| at.to_zoned(TimeZone::UTC).date();
    let (first, last) = (day_of(period.since), day_of(period.until));
    let newest = std::iter::successors(Some(last), |day| day.yesterday().ok());
    let shown = newest.take_while(|day| *day >= first).take(DAYS);
    let state = |day: Date| {
        let runs = Runs::of(entries.iter().filter(|entry| {
            entry.event == RecordedEvent::Backup && period.covers(entry.at) && day_of(entry.at) == day
        }));
        match (runs.succeeded, runs.count()) {
            (0, 0) => DayState::Nothing,
            (0, _) => DayState::Failed,
            _ => DayState::BackedUp,
        }
    };
    let mut days: Vec<Day> = shown.map(|date| Day { date, state: state(date) }).collect();
    days.reverse();
    days
}
