//! Compares what records say with what the store holds. Pure.
//!
//! A backup is *vanished* if its record says success and the store does not hold it as it was. It is an *orphan* if no record
//! names it. What a prune removed, or what is older than its retention, may be gone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::RecordedOutcome;
use super::entries::{RecordEntry, RecordedEvent};
use crate::archive::catalogue::BackupKey;
use crate::layout::key::{Object, retain_until};
use crate::sponsors::Environment;

/// A backup as the store holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBackup {
    /// Its key.
    pub backup: BackupKey,
    /// In which state.
    pub state: HeldState,
}

/// The state of a backup in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeldState {
    /// Its three objects agree.
    Whole {
        /// Bytes of the dump.
        bytes: Option<u64>,
        /// SHA-256 of the dump, 64 hexadecimal digits.
        sha256: Option<String>,
        /// Whether the store shows its checksum, or that a run of this program wrote it. A folder shows neither.
        is_identified: bool,
    },
    /// One of them is missing. Which, in words.
    Missing(String),
    /// They disagree. How, in words.
    Damaged(String),
    /// A run may still be writing it.
    InProgress,
    /// The store did not let it be looked at. Why, in words.
    Unknown(String),
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditKind {
    /// A record says success, and the backup is not there as it was.
    Vanished,
    /// No record names the backup.
    Orphan,
    /// It could not be compared.
    Unknown,
}

impl AuditKind {
    /// The value in documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Vanished => "vanished",
            Self::Orphan => "orphan",
            Self::Unknown => "unknown",
        }
    }
}

/// One backup with which something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditFinding {
    /// What.
    pub kind: AuditKind,
    /// The time in its key.
    pub at: Timestamp,
    /// Key of its dump.
    pub key: String,
    /// Key of its record.
    pub record: Option<String>,
    /// In words.
    pub what: String,
    /// Whether objects of it are missing, which a delete marker can explain.
    pub is_missing: bool,
}

/// Of a dump that another program may have stored again.
const UNIDENTIFIED: &str = "its dump has the size that its record says, but S3 shows neither its checksum nor that a run of ours wrote it: run `verify`";

/// The result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// Backups that were compared with their records.
    pub compared: u64,
    /// Backups that are gone, and that a prune has removed.
    pub pruned: u64,
    /// Backups that are gone, and that are older than their retention.
    pub expired: u64,
    /// Records whose backups are in another store.
    pub elsewhere: u64,
    /// By time, the newest first.
    pub findings: Vec<AuditFinding>,
}

/// Where and when the comparison takes place.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// Environment of the backups.
    pub environment: Environment,
    /// Location of the store, with a slash at the end.
    pub root: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// Compares all records and all backups of some time. `records` are the sponsor's own, in any order.
#[must_use]
pub fn audit(scene: Scene<'_>, records: &[RecordEntry], held: &[HeldBackup]) -> Audit {
    let mut audit = Audit::default();
    let held_by_key: BTreeMap<&str, &HeldBackup> =
        held.iter().map(|held| (held.backup.key.as_str(), held)).collect();
    let pruned = removed_by_prunes(records, &held_by_key);
    let mut named: BTreeSet<&str> = BTreeSet::new();
    let mut seconds: BTreeSet<i64> = BTreeSet::new();
    for record in records {
        let key = record.backup_location.as_deref().and_then(|location| location.strip_prefix(scene.root));
        if !matches!(record.event, RecordedEvent::Backup | RecordedEvent::Copy) {
            continue;
        }
        // The record of a run that failed names no backup, and its dump can be there all the same.
        if record.event == RecordedEvent::Backup && record.backup_location.is_none() {
            seconds.insert(record.at.as_second());
        }
        named.extend(key);
        if record.event != RecordedEvent::Backup || record.outcome != Some(RecordedOutcome::Success) {
            continue;
        }
        let parsed = key.and_then(|key| BackupKey::parse(scene.environment, key));
        match (parsed, record.backup_location.is_some()) {
            (Some(backup), _) => {
                let found = held_by_key.get(backup.key.as_str()).copied();
                audit.compare(scene, record, (&backup, found), pruned.contains(backup.key.as_str()));
            }
            (None, true) => audit.elsewhere += 1,
            (None, false) => {}
        }
    }
    for HeldBackup { backup, state } in held {
        let is_recorded = named.contains(backup.key.as_str()) || seconds.contains(&backup.at.as_second());
        if !is_recorded && *state != HeldState::InProgress {
            audit.findings.push(orphan(backup, state));
        }
    }
    audit
        .findings
        .sort_by(|one, other| (other.at, one.kind, &one.key).cmp(&(one.at, other.kind, &other.key)));
    audit
}

impl Audit {
    fn compare(
        &mut self,
        scene: Scene<'_>,
        record: &RecordEntry,
        (backup, found): (&BackupKey, Option<&HeldBackup>),
        is_pruned: bool,
    ) {
        let finding = |kind, what: String, is_missing| AuditFinding {
            kind,
            at: backup.at,
            key: backup.key.clone(),
            record: Some(record.key.clone()),
            what,
            is_missing,
        };
        match found.map(|found| &found.state) {
            None if is_pruned => self.pruned += 1,
            None if is_expired(scene, backup) => self.expired += 1,
            None => self.findings.push(finding(AuditKind::Vanished, "it is gone".to_owned(), true)),
            // A prune that was cut off leaves parts, and the next one removes them.
            Some(HeldState::Missing(_)) if is_pruned => self.pruned += 1,
            Some(HeldState::Missing(what)) => {
                self.findings.push(finding(AuditKind::Vanished, what.clone(), true));
            }
            Some(HeldState::Damaged(what)) => {
                self.findings.push(finding(AuditKind::Vanished, what.clone(), false));
            }
            Some(HeldState::Unknown(why)) => {
                self.findings.push(finding(AuditKind::Unknown, why.clone(), false));
            }
            Some(HeldState::InProgress) => {}
            Some(HeldState::Whole { bytes, sha256, is_identified }) => {
                self.compared += 1;
                match differing(record, *bytes, sha256.as_deref()) {
                    Some(what) => self.findings.push(finding(AuditKind::Vanished, what, false)),
                    None if *is_identified => {}
                    None => self.findings.push(finding(AuditKind::Unknown, UNIDENTIFIED.to_owned(), false)),
                }
            }
        }
    }
}

/// How a whole backup differs from its record.
fn differing(record: &RecordEntry, bytes: Option<u64>, sha256: Option<&str>) -> Option<String> {
    if let (Some(told), Some(found)) = (record.backup_sha256.as_deref(), sha256)
        && told != found
    {
        return Some(format!("it was replaced: its SHA-256 is {found}, but its record has {told}"));
    }
    match (record.backup_bytes, bytes) {
        (Some(told), Some(found)) if told != found => {
            Some(format!("it was replaced: it has {found} bytes, but its record has {told}"))
        }
        _ => None,
    }
}

fn orphan(backup: &BackupKey, state: &HeldState) -> AuditFinding {
    let (kind, what) = match state {
        HeldState::Whole { .. } | HeldState::InProgress => {
            (AuditKind::Orphan, "no record names it".to_owned())
        }
        HeldState::Missing(what) | HeldState::Damaged(what) => {
            (AuditKind::Orphan, format!("no record names it, and {what}"))
        }
        HeldState::Unknown(why) => (AuditKind::Unknown, why.clone()),
    };
    AuditFinding { kind, at: backup.at, key: backup.key.clone(), record: None, what, is_missing: false }
}

/// Whether the lifecycle of the bucket may have removed it.
fn is_expired(scene: Scene<'_>, backup: &BackupKey) -> bool {
    let end = match (scene.environment.retention_years(), scene.environment.retention_days()) {
        (Some(years), _) => retain_until(backup.at, years),
        (None, Some(days)) => backup.at.checked_add(SignedDuration::from_hours(24 * i64::from(days))).ok(),
        (None, None) => None,
    };
    end.is_some_and(|end| scene.now >= end)
}

/// Keys of the dumps that prunes removed and that none brought back later.
fn removed_by_prunes<'a>(
    records: &'a [RecordEntry],
    held: &BTreeMap<&str, &HeldBackup>,
) -> BTreeSet<&'a str> {
    let mut prunes: Vec<&RecordEntry> =
        records.iter().filter(|record| record.event == RecordedEvent::Prune).collect();
    // Both records of a run have its time, and the second one the later key.
    prunes.sort_by_key(|record| (record.at, &record.key));
    let ended: BTreeSet<Timestamp> =
        prunes.iter().filter(|prune| !prune.is_begun).map(|prune| prune.at).collect();
    let is_whole =
        |key: &&str| matches!(held.get(key).map(|held| &held.state), Some(HeldState::Whole { .. }));
    let mut removed = BTreeSet::new();
    for prune in prunes {
        let keys = prune.removed.iter().map(String::as_str);
        // A run that was cut off came as far as the first backup that is still whole.
        if prune.is_begun && !ended.contains(&prune.at) {
            removed.extend(keys.take_while(|key| !is_whole(key)));
        } else {
            removed.extend(keys);
        }
        for key in &prune.returned {
            removed.remove(key.as_str());
        }
    }
    removed
}

/// The kinds of records that are read however late they are: a backup can be removed or copied years after it was taken.
#[must_use]
pub fn reaches_back(object: Object<'_>) -> bool {
    matches!(object, Object::PruneRecord | Object::CopyRecord)
}

#[cfg(test)]
mod tests;
