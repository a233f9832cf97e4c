//! What needs attention.

use std::time::Duration;

use bytesize::ByteSize;
use jiff::Timestamp;
use serde::Serialize;

use super::{Limits, SponsorDigest, SponsorFacts};
use crate::record::RecordedOutcome;
use crate::record::entries::{RecordEntry, RecordedEvent};
use crate::verification::limits::words;

/// A backup that differs by more than this from the average is an exception, in percent.
const SIZE_CHANGE: f64 = 50.0;
/// What of the storage budget can be used without being an exception, in percent.
const BUDGET_USED: u64 = 85;
/// A replica that comes later than this is an exception.
const REPLICATION: Duration = Duration::from_secs(3600);

/// Kinds of exceptions, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExceptionKind {
    /// The sponsor's store or secrets could not be read.
    Unknown,
    /// The store holds no backup that counts.
    NoBackup,
    /// The newest backup is too old.
    BackupTooOld,
    /// A newer attempt should be a backup and is none, or a newer backup is gone.
    BackupDamaged,
    /// The newest run failed.
    BackupFailed,
    /// A deployment of the period had no backup.
    DeploymentWithoutBackup,
    /// A record could not be read, so that numbers may be too small.
    UnreadableRecord,
    /// The newest drill failed.
    DrillFailed,
    /// No drill passed, or too long ago.
    DrillTooOld,
    /// The newest backup is partial.
    PartialBackup,
    /// The newest backup is much smaller or larger than those before.
    SizeChanged,
    /// The newest backups are not replicated.
    NotReplicated,
    /// The backups use most of the storage budget.
    StorageNearBudget,
    /// Backups are disabled for this sponsor.
    Disabled,
}

/// One exception.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct Exception {
    pub kind: ExceptionKind,
    pub message: String,
}

impl Exception {
    /// An exception.
    #[must_use]
    pub fn new(kind: ExceptionKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// Whether a limit that was set is exceeded, or whether nothing is known. Such a report fails.
    #[must_use]
    pub fn is_failure(&self, limits: &Limits) -> bool {
        match self.kind {
            ExceptionKind::Unknown | ExceptionKind::UnreadableRecord | ExceptionKind::BackupDamaged => true,
            ExceptionKind::NoBackup | ExceptionKind::BackupTooOld => limits.max_backup_age_seconds.is_some(),
            ExceptionKind::Disabled => {
                limits.max_backup_age_seconds.is_some() || limits.max_drill_age_seconds.is_some()
            }
            ExceptionKind::DrillTooOld => limits.max_drill_age_seconds.is_some(),
            _ => false,
        }
    }
}

/// All exceptions of a sponsor whose numbers are known.
pub(super) fn exceptions(
    facts: &SponsorFacts,
    digest: &SponsorDigest,
    limits: &Limits,
    now: Timestamp,
) -> Vec<Exception> {
    let mut all = Vec::new();
    let mut add = |kind, message: Option<String>| {
        all.extend(message.map(|message| Exception { kind, message }));
    };
    let newest = digest.newest_backup.as_ref();
    add(ExceptionKind::NoBackup, newest.is_none().then(|| "no backup found".to_owned()));
    let age = newest.map(|newest| newest.age_seconds);
    let late = exceeded("the newest backup is", age, limits.max_backup_age_seconds);
    add(ExceptionKind::BackupTooOld, late);
    for (location, status) in &facts.store.passed_over {
        add(ExceptionKind::BackupDamaged, Some(format!("{location} is {status}")));
    }
    add(ExceptionKind::BackupDamaged, gone(facts));
    add(ExceptionKind::BackupFailed, newest_failure(&facts.entries, RecordedEvent::Backup, "run"));
    for deployment in &digest.deployments.without_backup {
        let why = deployment.why.as_deref().unwrap_or_default();
        let message = format!("{} had no backup: {why}", deployment.name());
        add(ExceptionKind::DeploymentWithoutBackup, Some(message));
    }
    for location in &facts.unread {
        add(ExceptionKind::UnreadableRecord, Some(format!("{location} could not be read")));
    }
    add(ExceptionKind::DrillFailed, newest_failure(&facts.entries, RecordedEvent::Drill, "drill"));
    add(ExceptionKind::DrillTooOld, drill_age(digest.last_passed_drill, limits.max_drill_age_seconds, now));
    let is_partial = newest.is_some_and(|newest| newest.partial == Some(true));
    add(ExceptionKind::PartialBackup, is_partial.then(|| "the newest backup is partial".to_owned()));
    add(ExceptionKind::SizeChanged, digest.size_change_percent.and_then(size_changed));
    let pending = facts.store.replication_pending.filter(|pending| *pending > REPLICATION);
    let pending = pending.map(|pending| format!("a backup is not replicated after {}", words(pending)));
    add(ExceptionKind::NotReplicated, pending);
    let budget = limits.storage_budget_bytes;
    add(
        ExceptionKind::StorageNearBudget,
        budget.zip(facts.store.storage_bytes).and_then(|(budget, used)| storage(used, budget)),
    );
    all
}

fn exceeded(what: &str, seconds: Option<u64>, limit: Option<u64>) -> Option<String> {
    let (seconds, limit) = (seconds?, limit?);
    let [age, limit_words] = [seconds, limit].map(|seconds| words(Duration::from_secs(seconds)));
    (seconds > limit).then(|| format!("{what} {age} old, limit {limit_words}"))
}

fn drill_age(passed: Option<Timestamp>, limit: Option<u64>, now: Timestamp) -> Option<String> {
    let Some(passed) = passed else {
        return limit.map(|_| "no drill has passed".to_owned());
    };
    let age = u64::try_from(now.duration_since(passed).as_secs()).unwrap_or_default();
    exceeded("the newest passed drill is", Some(age), limit)
}

/// The message of the newest run, if it failed or was stopped.
fn newest_failure(entries: &[RecordEntry], event: RecordedEvent, what: &str) -> Option<String> {
    let is_run = |entry: &&RecordEntry| entry.event == event && !entry.did_not_run();
    let newest = entries.iter().filter(is_run).max_by_key(|entry| entry.at)?;
    let ended = match newest.outcome {
        Some(RecordedOutcome::Failure) => "failed",
        Some(RecordedOutcome::Cancelled) => "was cancelled",
        _ => return None,
    };
    let stage = newest.stage.as_deref().filter(|_| ended == "failed");
    let stage = stage.map(|stage| format!(" at {stage}")).unwrap_or_default();
    let why = newest.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    Some(format!("the newest {what} {ended}{stage}{why}"))
}

/// The newest backup by the records, if the store does not hold it any more.
fn gone(facts: &SponsorFacts) -> Option<String> {
    let is_success = |entry: &&RecordEntry| {
        entry.event == RecordedEvent::Backup && entry.outcome == Some(RecordedOutcome::Success)
    };
    let newest = facts.entries.iter().filter(is_success).max_by_key(|entry| entry.at)?;
    let location = newest.backup_location.as_ref()?;
    let is_known =
        facts.store.newest.as_ref().is_some_and(|(at, stored)| stored == location || *at >= newest.at)
            || facts.store.passed_over.iter().any(|(damaged, _)| damaged == location);
    (!is_known).then(|| format!("{location} is recorded as a success and is not in the store"))
}

fn size_changed(percent: f64) -> Option<String> {
    let direction = if percent < 0.0 { "smaller" } else { "larger" };
    (percent.abs() > SIZE_CHANGE).then(|| {
        let by = percent.abs();
        format!("the newest backup is {by:.0}% {direction} than the average of the 7 days before")
    })
}

fn storage(used: u64, budget: u64) -> Option<String> {
    let [used_words, budget_words] = [used, budget].map(|bytes| ByteSize(bytes).to_string());
    let is_near = u128::from(used) * 100 > u128::from(budget) * u128::from(BUDGET_USED);
    is_near.then(|| format!("the backups use {used_words} of a budget of {budget_words}"))
}
