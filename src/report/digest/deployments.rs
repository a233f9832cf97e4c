//! Which deployments of the period had a backup, and which of these backups a drill has proven.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::Period;
use crate::layout::key::SECOND;
use crate::record::RecordedOutcome;
use crate::record::entries::{RecordEntry, RecordedEvent};

/// The deployments of one sponsor.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct Deployments {
    pub count: usize,
    pub with_backup: usize,
    pub with_proven_backup: usize,
    pub without_backup: Vec<Deployment>,
    pub without_proven_backup: Vec<Deployment>,
}

/// One deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct Deployment {
    pub timestamp: Timestamp,
    pub version: Option<String>,
    pub why: Option<String>,
}

impl Deployment {
    /// `v1.4.2 (20261120-120000)`
    #[must_use]
    pub fn name(&self) -> String {
        let version = self.version.as_deref().unwrap_or("a deployment without version");
        format!("{version} ({})", self.timestamp.strftime(SECOND))
    }
}

impl Deployments {
    /// Of all records that were read, and the locations of the backups that the store holds.
    pub(super) fn of(entries: &[RecordEntry], stored: &BTreeSet<&str>, period: Period) -> Self {
        let proven: BTreeSet<&str> = entries
            .iter()
            .filter(|entry| entry.event == RecordedEvent::Drill && !entry.is_partial)
            .filter(|entry| entry.outcome == Some(RecordedOutcome::Success))
            .filter_map(|entry| entry.backup_location.as_deref())
            .collect();
        let mut all = Self::default();
        for entry in deployed(entries, period) {
            all.count += 1;
            let named = |why| Deployment { timestamp: entry.at, version: entry.version.clone(), why };
            match backup_of(entry, entries, stored) {
                Err(why) => all.without_backup.push(named(Some(why))),
                Ok(location) => {
                    all.with_backup += 1;
                    if proven.contains(location) {
                        all.with_proven_backup += 1;
                    } else {
                        all.without_proven_backup.push(named(None));
                    }
                }
            }
        }
        all
    }
}

/// The deployments of the period, each once: of the attempts of a workflow run the newest.
fn deployed(entries: &[RecordEntry], period: Period) -> Vec<&RecordEntry> {
    let mut runs = BTreeSet::new();
    let mut newest_first: Vec<&RecordEntry> = entries
        .iter()
        .filter(|entry| entry.event == RecordedEvent::Deployment && period.covers(entry.at))
        .filter(|entry| entry.outcome != Some(RecordedOutcome::Skipped))
        .collect();
    newest_first.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    newest_first.retain(|entry| {
        let run = entry.run_id.as_ref().map(|run| (run, &entry.version));
        run.is_none_or(|run| runs.insert(run))
    });
    newest_first
}

/// The location of the backup that a deployment had: the one that its record names, or else the one that its workflow run took
/// before it. A whole one counts that a run recorded as a success, or that the store still holds.
fn backup_of<'e>(
    deployment: &'e RecordEntry,
    entries: &'e [RecordEntry],
    stored: &BTreeSet<&str>,
) -> Result<&'e str, String> {
    let mut backups = entries.iter().filter(|entry| entry.event == RecordedEvent::Backup);
    let Some(location) = deployment.backup_location.as_deref() else {
        let run = deployment.run_id.as_ref();
        let of_its_run = backups
            .filter(|entry| run.is_some() && entry.run_id.as_ref() == run && entry.at <= deployment.at);
        let newest = of_its_run.max_by_key(|entry| entry.at);
        let newest = newest.ok_or("its record names none, and its run recorded none before it")?;
        return whole(newest, newest.backup_location.as_deref().unwrap_or_default());
    };
    match backups.find(|entry| entry.backup_location.as_deref() == Some(location)) {
        Some(backup) => whole(backup, location),
        None if stored.contains(location) => Ok(location),
        None => Err(format!("neither a record nor the store has {location}")),
    }
}

fn whole<'e>(backup: &RecordEntry, location: &'e str) -> Result<&'e str, String> {
    match (backup.outcome, backup.is_partial) {
        (Some(RecordedOutcome::Success), false) => Ok(location),
        (Some(RecordedOutcome::Success), true) => Err(format!("{location} is partial")),
        _ => Err(format!("the backup before it failed ({})", backup.at.strftime(SECOND))),
    }
}
