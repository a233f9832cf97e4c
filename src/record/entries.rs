//! What readers need of a stored record, of any kind and release. Pure.
//!
//! A document is ours if [`Object::key`] writes its key and if it has the sponsor, the environment, the version of this
//! program and the time of that key. Everything else can be missing: release 0.1 wrote less.

mod measures;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use super::RecordedOutcome;
use super::log::SECONDS_TRIED;
use crate::layout::key::Object;
use crate::sponsors::Environment;

pub use measures::Measures;

/// The stage of what a signal stopped.
const CANCELLED: &str = "cancelled";

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordedEvent {
    /// A backup, before a deployment or not.
    Backup,
    /// A deployment.
    Deployment,
    /// A drill.
    Drill,
    /// A verification.
    Verification,
    /// A restore.
    Restore,
    /// A copy.
    Copy,
    /// A legal hold that was added or removed.
    Hold,
    /// Backups that were removed by a retention policy, or brought back.
    Prune,
}

impl RecordedEvent {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Backup,
        Self::Deployment,
        Self::Drill,
        Self::Verification,
        Self::Restore,
        Self::Copy,
        Self::Hold,
        Self::Prune,
    ];

    /// The value in documents and inputs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Deployment => "deployment",
            Self::Drill => "drill",
            Self::Verification => "verification",
            Self::Restore => "restore",
            Self::Copy => "copy",
            Self::Hold => "hold",
            Self::Prune => "prune",
        }
    }

    /// The kind of object that records it.
    #[must_use]
    pub fn object(self) -> Object<'static> {
        match self {
            Self::Backup | Self::Deployment => Object::DeploymentLog,
            Self::Drill => Object::DrillReport,
            Self::Verification => Object::VerificationRecord,
            Self::Restore => Object::RestoreRecord,
            Self::Copy => Object::CopyRecord,
            Self::Hold => Object::HoldRecord,
            Self::Prune => Object::PruneRecord,
        }
    }
}

/// One record. What it does not say is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordEntry {
    /// Its key.
    pub key: String,
    /// What it is about.
    pub event: RecordedEvent,
    /// Start of the event, to the second. The time in the key can be a few seconds later.
    pub at: Timestamp,
    /// Sponsor's name.
    pub sponsor: String,
    /// Environment.
    pub environment: Environment,
    /// How it ended. A drill that passed is a success.
    pub outcome: Option<RecordedOutcome>,
    /// What is really known: `complete`, `proven`, `verified` and so on.
    pub state: Option<String>,
    /// Version being deployed.
    pub version: Option<String>,
    /// Reason that a person gave.
    pub reason: Option<String>,
    /// Who started it.
    pub actor: Option<String>,
    /// Workflow run.
    pub run_id: Option<String>,
    /// Attempt of that run.
    pub run_attempt: Option<String>,
    /// Page of that run.
    pub run_url: Option<String>,
    /// Location of the backup that it is about.
    pub backup_location: Option<String>,
    /// Bytes of that backup, as stored.
    pub backup_bytes: Option<u64>,
    /// SHA-256 of that backup, 64 hexadecimal digits.
    pub backup_sha256: Option<String>,
    /// Store or database that a copy or restore went to.
    pub target: Option<String>,
    /// What a hold or a prune did.
    pub action: Option<String>,
    /// Whether something was left out of the backup, or of the backup that a drill was of.
    pub is_partial: bool,
    /// Whether it is the first of the two records of a prune: nothing was removed yet.
    pub is_begun: bool,
    /// Keys of the dumps that a prune was about to remove, or has removed, in its order.
    pub removed: Vec<String>,
    /// Keys of the dumps that a prune left after all, or brought back.
    pub returned: Vec<String>,
    /// Stage in which it failed.
    pub stage: Option<String>,
    /// Why it failed.
    pub message: Option<String>,
    /// How long it took, in whole seconds.
    pub seconds: Option<u64>,
    /// Version of the program that wrote it.
    pub tool_version: String,
    /// What it says in numbers.
    pub measures: Measures,
}

/// The keys of all kinds of records. One of an unexpected type counts as absent.
#[derive(Deserialize)]
struct Document {
    sponsor: String,
    environment: String,
    tool_version: String,
    #[serde(default, deserialize_with = "lenient")]
    event: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    deployment_timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    drill_timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    verification_timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    restore_timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    copy_timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    hold_timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    prune_timestamp: Option<Timestamp>,
    #[serde(default, deserialize_with = "lenient")]
    outcome: Option<String>,
    /// Of a drill. Release 0.1 wrote no outcome next to it.
    #[serde(default, deserialize_with = "lenient")]
    status: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    state: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    version: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    reason: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    actor: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    github_run_id: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    github_run_attempt: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    github_run_url: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    backup_location: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    backup_size_bytes: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    backup_sha256: Option<String>,
    /// Of a copy.
    #[serde(default, deserialize_with = "lenient")]
    target: Option<String>,
    /// Of a backup or a drill.
    #[serde(default, deserialize_with = "lenient")]
    partial: Option<serde_json::Value>,
    /// Of a restore.
    #[serde(default, deserialize_with = "lenient")]
    restored_into: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    action: Option<String>,
    /// Of a prune.
    #[serde(default, deserialize_with = "lenient")]
    backups: Option<Vec<PrunedKey>>,
    #[serde(default, deserialize_with = "lenient")]
    phase: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    stage: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    message: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    duration_seconds: Option<f64>,
}

/// A backup in the record of a prune.
#[derive(Deserialize)]
struct PrunedKey {
    key: String,
    #[serde(default)]
    fate: String,
}

/// Keys of what a prune removed, and of what it left or brought back. Only its second record shows what became of them.
fn removed_and_returned(
    (action, phase): (Option<&str>, Option<&str>),
    backups: Vec<PrunedKey>,
) -> (Vec<String>, Vec<String>) {
    let is_gone = |fate: &str| matches!(fate, "removed" | "partly-removed");
    // What another run removed meanwhile did not come back.
    let is_left = |fate: &str| fate != "gone-already";
    let is_back = |fate: &str| matches!(fate, "brought-back" | "partly-brought-back");
    let keys = |of: Vec<PrunedKey>| of.into_iter().map(|backup| backup.key).collect();
    match (action, phase) {
        (Some("remove"), Some("begun")) => (keys(backups), Vec::new()),
        (Some("remove"), Some("ended")) => {
            let (gone, left): (Vec<_>, Vec<_>) =
                backups.into_iter().partition(|backup| is_gone(&backup.fate));
            (keys(gone), keys(left.into_iter().filter(|backup| is_left(&backup.fate)).collect()))
        }
        (Some("undo"), Some("ended")) => {
            (Vec::new(), keys(backups.into_iter().filter(|backup| is_back(&backup.fate)).collect()))
        }
        _ => (Vec::new(), Vec::new()),
    }
}

/// The value, or `None` if it is of another type.
fn lenient<'de, T: DeserializeOwned, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    let value = serde_json::Value::deserialize(from)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

impl RecordEntry {
    /// The record of this environment with this key. `None` if the document is not ours.
    #[must_use]
    pub fn parse(environment: Environment, key: &str, document: &[u8]) -> Option<Self> {
        let (object, in_key) =
            Object::records().find_map(|object| Some((object, object.time_in(environment, key)?)))?;
        let measures = Measures::parse(document)?;
        let document: Document = serde_json::from_slice(document).ok()?;
        let event = document.event_of(object)?;
        let at = Timestamp::from_second(document.time_of(event)?.as_second()).ok()?;
        let late = in_key.as_second().checked_sub(at.as_second())?;
        let is_ours = document.environment == environment.name()
            && !document.tool_version.is_empty()
            && (0..SECONDS_TRIED).contains(&late);
        is_ours.then(|| document.into_entry(key, (event, at), (environment, measures)))
    }

    /// Whether nothing was done: the flag was off, or it was skipped.
    #[must_use]
    pub fn did_not_run(&self) -> bool {
        matches!(self.outcome, None | Some(RecordedOutcome::Disabled | RecordedOutcome::Skipped))
    }

    /// Whether it is the record of this sponsor's backup at this second, whatever its outcome.
    #[must_use]
    pub fn is_of_backup(&self, sponsor: &str, at: Timestamp) -> bool {
        self.event == RecordedEvent::Backup
            && self.sponsor == sponsor
            && self.at.as_second() == at.as_second()
    }
}

impl Document {
    fn event_of(&self, object: Object<'_>) -> Option<RecordedEvent> {
        let events = RecordedEvent::ALL.into_iter().filter(|event| event.object() == object);
        let is_meant = |event: &RecordedEvent| match (event, self.event.as_deref()) {
            (RecordedEvent::Backup, event) => matches!(event, Some("backup" | "pre-deployment-backup")),
            (RecordedEvent::Deployment, event) => event == Some("deployment"),
            _ => true,
        };
        events.into_iter().find(is_meant)
    }

    fn time_of(&self, event: RecordedEvent) -> Option<Timestamp> {
        match event {
            RecordedEvent::Backup | RecordedEvent::Deployment => self.deployment_timestamp,
            RecordedEvent::Drill => self.drill_timestamp,
            RecordedEvent::Verification => self.verification_timestamp,
            RecordedEvent::Restore => self.restore_timestamp,
            RecordedEvent::Copy => self.copy_timestamp,
            RecordedEvent::Hold => self.hold_timestamp,
            RecordedEvent::Prune => self.prune_timestamp,
        }
    }

    /// The status of a drill comes first: `incomplete` is not a success, whatever else the document says.
    fn outcome(&self) -> Option<RecordedOutcome> {
        let told = match self.status.as_deref() {
            Some("passed") => Some(RecordedOutcome::Success),
            Some(CANCELLED) => Some(RecordedOutcome::Cancelled),
            Some("incomplete" | "failed" | "error") => Some(RecordedOutcome::Failure),
            _ => RecordedOutcome::named(self.outcome.as_deref()?),
        };
        match (told, self.stage.as_deref()) {
            (Some(RecordedOutcome::Failure), Some(CANCELLED)) => Some(RecordedOutcome::Cancelled),
            (told, _) => told,
        }
    }

    fn into_entry(
        self,
        key: &str,
        (event, at): (RecordedEvent, Timestamp),
        (environment, measures): (Environment, Measures),
    ) -> RecordEntry {
        let told = (self.action.as_deref(), self.phase.as_deref());
        let outcome = self.outcome();
        let (removed, returned) = removed_and_returned(told, self.backups.unwrap_or_default());
        RecordEntry {
            key: key.to_owned(),
            event,
            at,
            environment,
            outcome,
            sponsor: self.sponsor,
            state: self.state,
            version: self.version,
            reason: self.reason,
            actor: self.actor,
            run_id: self.github_run_id,
            run_attempt: self.github_run_attempt,
            run_url: self.github_run_url,
            backup_location: self.backup_location,
            backup_bytes: self.backup_size_bytes,
            backup_sha256: self.backup_sha256,
            target: match event {
                RecordedEvent::Copy => self.target,
                RecordedEvent::Restore => self.restored_into,
                _ => None,
            },
            action: self.action,
            is_partial: self.partial.is_some_and(|partial| !partial.is_null()),
            is_begun: self.phase.as_deref() == Some("begun"),
            removed,
            returned,
            stage: self.stage,
            message: self.message,
            seconds: self.duration_seconds.map(whole_seconds),
            tool_version: self.tool_version,
            measures,
        }
    }
}

/// A number beyond the range becomes the end of the range.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
fn whole_seconds(seconds: f64) -> u64 {
    seconds as u64
}

#[cfg(test)]
mod tests;
