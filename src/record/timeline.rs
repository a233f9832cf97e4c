//! The time line of a sponsor: which records and backups it is made of, and which backup preceded a workflow run. Pure.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};

use super::RecordedOutcome;
use super::entries::{RecordEntry, RecordedEvent};
use super::log::SECONDS_TRIED;
use crate::archive::catalogue::BackupKey;
use crate::layout::key::Object;
use crate::sponsors::Environment;
use crate::store::ListedObject;

/// A workflow run can last 35 days, and it can be re-run for 30 days.
const RUN_DAYS: i64 = 65;

/// The events that are shown.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Not before this time.
    pub since: Option<Timestamp>,
    /// Not after this time.
    pub until: Option<Timestamp>,
    /// Of this version.
    pub version: Option<String>,
    /// Of this workflow run.
    pub run: Option<String>,
    /// Of this kind.
    pub event: Option<RecordedEvent>,
    /// With this outcome.
    pub outcome: Option<RecordedOutcome>,
}

impl Wanted {
    /// Whether a time is within the limits.
    #[must_use]
    pub fn covers(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at <= until)
    }

    /// Whether a record is shown.
    #[must_use]
    pub fn fits(&self, entry: &RecordEntry) -> bool {
        let fits = |wanted: &Option<String>, told: &Option<String>| wanted.is_none() || wanted == told;
        self.covers(entry.at)
            && fits(&self.version, &entry.version)
            && fits(&self.run, &entry.run_id)
            && self.event.is_none_or(|event| event == entry.event)
            && self.outcome.is_none_or(|outcome| Some(outcome) == entry.outcome)
    }

    /// Whether records of a kind can be shown.
    #[must_use]
    pub fn has(&self, object: Object<'_>) -> bool {
        self.event.is_none_or(|event| event.object() == object)
    }

    /// Whether only what a record says decides if it is shown.
    #[must_use]
    pub fn is_searched(&self) -> bool {
        self.version.is_some() || self.run.is_some() || self.outcome.is_some()
    }

    /// Whether a backup without a record can be shown: it has no outcome, and its run is not looked up.
    #[must_use]
    pub fn has_unrecorded(&self) -> bool {
        !self.is_searched() && self.event.is_none_or(|event| event == RecordedEvent::Backup)
    }
}

/// An object of the time line that was not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate<T> {
    /// The time in its key.
    pub at: Timestamp,
    /// What it is.
    pub what: Found<T>,
}

/// What a candidate is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T> {
    /// A record that may be ours.
    Record(ListedObject),
    /// A backup, or what is left of one.
    Backup(T),
}

/// The objects within the limits, the newest first. A backup comes after every record that can name it.
#[must_use]
pub fn candidates<T>(
    wanted: &Wanted,
    environment: Environment,
    records: Vec<ListedObject>,
    backups: Vec<(BackupKey, T)>,
) -> Vec<Candidate<T>> {
    let late = SignedDuration::from_secs(SECONDS_TRIED);
    // The record of an event at the very end can have a later second in its key.
    let wider = Wanted {
        until: wanted.until.map(|until| until.checked_add(late).unwrap_or(until)),
        since: wanted.since,
        ..Wanted::default()
    };
    let kinds: Vec<Object<'_>> = Object::records().filter(|kind| wanted.has(*kind)).collect();
    let time_of = |key: &str| kinds.iter().find_map(|kind| kind.time_in(environment, key));
    let records = records.into_iter().filter_map(|object| {
        let at = time_of(&object.key).filter(|at| wider.covers(*at))?;
        Some(Candidate { at, what: Found::Record(object) })
    });
    let backups = backups.into_iter().filter(|(backup, _)| wanted.covers(backup.at));
    let backups = backups.map(|(backup, rest)| Candidate { at: backup.at, what: Found::Backup(rest) });
    let mut all: Vec<Candidate<T>> = records.chain(backups).collect();
    // Stable: of one second, records come first.
    all.sort_by_key(|candidate| Reverse(candidate.at));
    all
}

/// The record of the backup that preceded a workflow run, given all records from its last one back, the newest first. That is
/// the run's own first backup: a second attempt backs up what the first one has left. If it took none, it is the newest one
/// before its first record.
#[must_use]
pub fn preceding<'e>(run: &str, entries: &'e [RecordEntry]) -> Option<&'e RecordEntry> {
    let first = first_of(run, entries)?;
    let own = entries.iter().rev().find(|entry| is_of(run, entry) && is_backup(entry));
    own.or_else(|| entries.iter().find(|entry| is_backup(entry) && entry.at < first))
}

/// Whether records from this time on are enough for [`preceding`].
#[must_use]
pub fn is_settled(run: &str, entries: &[RecordEntry], oldest_read: Timestamp) -> bool {
    let Some(first) = first_of(run, entries) else { return false };
    let span = SignedDuration::from_hours(24 * RUN_DAYS);
    preceding(run, entries).is_some() && first.duration_since(oldest_read) > span
}

fn first_of(run: &str, entries: &[RecordEntry]) -> Option<Timestamp> {
    entries.iter().filter(|entry| is_of(run, entry)).map(|entry| entry.at).min()
}

fn is_of(run: &str, entry: &RecordEntry) -> bool {
    entry.run_id.as_deref() == Some(run)
}

fn is_backup(entry: &RecordEntry) -> bool {
    entry.event == RecordedEvent::Backup
        && entry.outcome == Some(RecordedOutcome::Success)
        && entry.backup_location.is_some()
}

#[cfg(test)]
mod tests;
