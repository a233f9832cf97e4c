//! What earlier records of a sponsor say about an event: whether it follows a failure. Pure.

use std::cmp::Reverse;

use super::RecordedOutcome;
use super::entries::{RecordEntry, RecordedEvent};

/// What a sponsor's earlier records say about an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EarlierEvents {
    /// Whether the event of this kind before it failed.
    pub follows_failure: bool,
    /// The backup of the same workflow run, if it failed.
    pub failed_backup: Option<FailedBackup>,
}

/// Why a backup failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedBackup {
    /// Stage in which it failed.
    pub stage: Option<String>,
    /// Why it failed.
    pub message: Option<String>,
}

impl EarlierEvents {
    /// Whether an earlier event of the same kind failed or succeeded: no older record is needed.
    #[must_use]
    pub fn is_decided_by(own: &RecordEntry, earlier: &RecordEntry) -> bool {
        let is_stopped = earlier.outcome == Some(RecordedOutcome::Cancelled);
        let is_known = matches!(earlier.outcome, Some(RecordedOutcome::Success | RecordedOutcome::Failure))
            || is_stopped && own.event != RecordedEvent::Deployment;
        is_known && earlier.event == own.event && earlier.at < own.at && !earlier.is_begun
    }

    /// What other records of the sponsor say about an event. They come in any order, and may include its own.
    #[must_use]
    pub fn of(own: &RecordEntry, others: &[RecordEntry]) -> Self {
        let mut earlier: Vec<&RecordEntry> =
            others.iter().filter(|entry| entry.at < own.at && !entry.is_begun).collect();
        earlier.sort_by_key(|entry| Reverse(entry.at));
        let failed = (own.event == RecordedEvent::Deployment).then(|| failed_backup(own, &earlier)).flatten();
        Self {
            follows_failure: follows_failure(own.event, &earlier),
            failed_backup: failed
                .map(|entry| FailedBackup { stage: entry.stage.clone(), message: entry.message.clone() }),
        }
    }
}

/// An event that neither failed nor succeeded says nothing, so the one before it decides.
fn follows_failure(event: RecordedEvent, earlier: &[&RecordEntry]) -> bool {
    let before = earlier.iter().enumerate().filter(|(_, entry)| entry.event == event);
    let mut decided = before.filter_map(|(at, entry)| match entry.outcome? {
        RecordedOutcome::Success => Some(false),
        RecordedOutcome::Failure => Some(true),
        // A run that a signal stopped was reported, too. A deployment that a person stopped was not.
        RecordedOutcome::Cancelled if event != RecordedEvent::Deployment => Some(true),
        // A deployment is skipped if its backup failed, and that was reported as a failure.
        _ if failed_backup(entry, &earlier[at..]).is_some() => Some(true),
        _ => None,
    });
    decided.next().unwrap_or(false)
}

/// The newest backup of a deployment's run, if it failed.
fn failed_backup<'a>(deployment: &RecordEntry, earlier: &[&'a RecordEntry]) -> Option<&'a RecordEntry> {
    let run = deployment.run_id.as_ref()?;
    let is_of_run =
        |entry: &&&RecordEntry| entry.event == RecordedEvent::Backup && entry.run_id.as_ref() == Some(run);
    let newest = earlier.iter().find(is_of_run)?;
    (newest.outcome == Some(RecordedOutcome::Failure)).then_some(*newest)
}

#[cfg(test)]
mod tests;
