//! Which deployments of the period had a backup, and which of these backups a drill has proven.

use std::cmp::Reverse;

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
    /// Of all records that were read.
    pub(super) fn of(entries: &[RecordEntry], period: Period) -> Self {
        let mut all = Self::default();
        for entry in deployed(entries, period) {
            all.count += 1;
            let named = |why| Deployment { timestamp: entry.at, version: entry.version.clone(), why };
            match backup_of(entry, entries) {
                Err(why) => all.without_backup.push(named(Some(why))),
                Ok(backup) if is_proven(backup, entries) => {
                    all.with_backup += 1;
                    all.with_proven_backup += 1;
                }
                Ok(_) => {
                    all.with_backup += 1;
                    all.without_proven_backup.push(named(None));
                }
            }
        }
        all
    }
}

/// The deployments of the period, the newest first. A second attempt of a workflow run is one of its own.
fn deployed(entries: &[RecordEntry], period: Period) -> Vec<&RecordEntry> {
    let mut all: Vec<&RecordEntry> = entries
        .iter()
        .filter(|entry| entry.event == RecordedEvent::Deployment && period.covers(entry.at))
        .filter(|entry| entry.outcome != Some(RecordedOutcome::Skipped))
        .collect();
    all.sort_by_key(|entry| Reverse(entry.at));
    all
}

/// The locations of backups that deployments of the period name, and whose records were not read.
pub fn unread_backups(entries: &[RecordEntry], period: Period) -> Vec<&str> {
    let is_read =
        |location: &&str| backups(entries).any(|entry| entry.backup_location.as_deref() == Some(*location));
    let named = deployed(entries, period).into_iter().filter_map(|entry| entry.backup_location.as_deref());
    named.filter(|location| !is_read(location)).collect()
}

fn backups(entries: &[RecordEntry]) -> impl Iterator<Item = &RecordEntry> {
    entries.iter().filter(|entry| entry.event == RecordedEvent::Backup)
}

/// The backup that a deployment had: the one that its record names, or else the newest one that its workflow run took before it.
/// Only a record of a complete one counts. What the store holds today shows nothing about that day.
fn backup_of<'e>(deployment: &RecordEntry, entries: &'e [RecordEntry]) -> Result<&'e RecordEntry, String> {
    let backup = match deployment.backup_location.as_deref() {
        Some(location) => backups(entries)
            .filter(|entry| entry.backup_location.as_deref() == Some(location))
            .max_by_key(|entry| entry.at)
            .ok_or_else(|| format!("no record of {location} was found"))?,
        None => {
            let run = deployment.run_id.as_ref();
            backups(entries)
                .filter(|entry| run.is_some() && entry.run_id.as_ref() == run && entry.at <= deployment.at)
                .max_by_key(|entry| entry.at)
                .ok_or("its record names none, and its run recorded none before it")?
        }
    };
    let second = backup.at.strftime(SECOND);
    match backup.outcome {
        _ if backup.at > deployment.at => Err(format!("the one that its record names is later ({second})")),
        Some(RecordedOutcome::Success) if backup.is_partial => {
            Err(format!("the one before it is partial ({second})"))
        }
        Some(RecordedOutcome::Success) if backup.backup_location.is_some() => Ok(backup),
        outcome => {
            let outcome = outcome.map_or("unknown", RecordedOutcome::name);
            Err(format!("the outcome of the run before it is {outcome} ({second})"))
        }
    }
}

/// Whether a drill of this very backup has passed: of the same bytes, and after it.
fn is_proven(backup: &RecordEntry, entries: &[RecordEntry]) -> bool {
    let is_same =
        |one: &Option<String>, other: &Option<String>| one.is_none() || other.is_none() || one == other;
    entries.iter().any(|drill| {
        drill.event == RecordedEvent::Drill
            && drill.outcome == Some(RecordedOutcome::Success)
            && !drill.is_partial
            && drill.at >= backup.at
            && drill.backup_location == backup.backup_location
            && is_same(&drill.backup_sha256, &backup.backup_sha256)
    })
}
