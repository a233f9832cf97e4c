//! The records of a prune as documents, defined by `schemas/prune.v1.json`, and what a later run reads of them. Pure.
//!
//! A run writes two: one before it removes anything, so that a run that is cut off has left its plan, and one after its end.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::head::RecordHead;
use crate::layout::key::Object;
use crate::sponsors::Environment;
use crate::verification::retention::{Floors, Policy};

/// What a run does to backups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PruneAction {
    /// It removes them.
    Remove,
    /// It brings back what an earlier run hid.
    Undo,
}

/// Which of a run's two records it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PrunePhase {
    /// Nothing was changed yet. If it is the last one, the run was cut off.
    Begun,
    /// The run is over, whatever came of it.
    Ended,
}

/// What became of one backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PruneFate {
    /// The run has not come to it.
    Planned,
    /// All of its objects are removed.
    Removed,
    /// Some are. The next run removes the rest.
    PartlyRemoved,
    /// It stays: it changed after the plan.
    Kept,
    /// Something else removed it after the plan.
    GoneAlready,
    /// All of its objects are visible again.
    BroughtBack,
    /// Some are not.
    PartlyBroughtBack,
}

/// The document. Other programs read its keys, so they never change. An absent fact is `null`.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct PruneRecord {
    #[serde(flatten)]
    pub head: RecordHead,
    pub prune_timestamp: Timestamp,
    pub action: PruneAction,
    pub phase: PrunePhase,
    pub begun_record: Option<String>,
    pub undone_record: Option<String>,
    pub policy: Option<PrunePolicy>,
    pub place: String,
    pub kept: Option<u64>,
    pub gone_on: Option<Date>,
    pub backups: Vec<PrunedBackup>,
}

/// A policy with its floors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct PrunePolicy {
    #[serde(flatten)]
    pub rules: Policy,
    pub min_keep: u32,
    pub min_age_seconds: u64,
    pub foreign: bool,
}

/// One backup.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct PrunedBackup {
    pub key: String,
    pub timestamp: Timestamp,
    pub size_bytes: Option<u64>,
    pub reasons: Vec<String>,
    pub fate: PruneFate,
    pub objects: Vec<PrunedObject>,
}

/// One object of a backup, in the order in which it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct PrunedObject {
    pub key: String,
    pub version: Option<String>,
    pub delete_marker: Option<String>,
}

impl PrunePolicy {
    /// The policy of a run.
    #[must_use]
    pub fn new(rules: Policy, floors: Floors, foreign: bool) -> Self {
        let Floors { min_keep, min_age } = floors;
        Self { rules, min_keep, min_age_seconds: min_age.as_secs(), foreign }
    }
}

impl PruneRecord {
    /// The document as it is stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        super::to_bytes(self)
    }
}

/// What a later run needs of a stored record.
#[derive(Debug, Clone, Deserialize)]
pub struct StoredPrune {
    /// Sponsor's name.
    pub sponsor: String,
    /// `production`, `staging` or `development`.
    pub environment: String,
    /// Release that wrote it.
    pub tool_version: String,
    /// When the run began.
    pub prune_timestamp: Timestamp,
    /// What it did.
    pub action: PruneAction,
    /// Which of its records it is.
    pub phase: PrunePhase,
    /// The backups of its plan.
    pub backups: Vec<StoredPrunedBackup>,
}

/// What a later run needs of one backup.
#[derive(Debug, Clone, Deserialize)]
pub struct StoredPrunedBackup {
    /// Key of the dump.
    pub key: String,
    /// When it was taken.
    pub timestamp: Timestamp,
    /// Bytes of the dump.
    pub size_bytes: Option<u64>,
    /// What became of it.
    pub fate: PruneFate,
    /// Its objects.
    pub objects: Vec<PrunedObject>,
}

impl StoredPrune {
    /// Whether the run may have left only a part of this backup.
    #[must_use]
    pub fn may_have_left(&self, backup: &StoredPrunedBackup) -> bool {
        match self.phase {
            PrunePhase::Begun => true,
            PrunePhase::Ended => matches!(
                backup.fate,
                PruneFate::PartlyRemoved | PruneFate::Removed | PruneFate::PartlyBroughtBack
            ),
        }
    }
}

impl StoredPrune {
    /// The record with this key, if it is one of this sponsor's and environment's.
    #[must_use]
    pub fn parse(key: &str, document: &[u8], (sponsor, environment): (&str, Environment)) -> Option<Self> {
        let in_key = Object::PruneRecord.time_in(environment, key)?;
        let record: Self = serde_json::from_slice(document).ok()?;
        let late = in_key.as_second().checked_sub(record.prune_timestamp.as_second())?;
        let is_own = record.sponsor == sponsor && record.environment == environment.name();
        (is_own && !record.tool_version.is_empty() && late >= 0).then_some(record)
    }
}

#[cfg(test)]
mod tests;
