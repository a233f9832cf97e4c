//! How a run ended, as it is reported to people and programs elsewhere: one JSON document for a webhook, one message for Slack,
//! and the signals of a ping service. Pure.

pub mod email;
pub mod ping;
pub mod signature;
pub mod slack;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::SponsorResult;
use super::summary::Subject;
use super::workflow::visible;
use crate::record::RecordedOutcome;
use crate::record::recovery::EarlierEvents;
use crate::verification::{Outcome, State};

const FORMAT_VERSION: u32 = 1;
/// The stage of a deployment that failed: the only one that is not a stage of this program.
const DEPLOYMENT: &str = "deployment";

/// When messages are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotifyWhen {
    /// After a failure, and after the first success that follows it.
    Failure,
    /// After each run.
    Always,
    /// Not at all.
    Never,
}

/// A run that has ended: `schemas/notification.v1.json`.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct Notification {
    format_version: u32,
    pub id: String,
    event: &'static str,
    environment: String,
    outcome: RecordedOutcome,
    exit_code: u8,
    recovered: bool,
    pub occurred_at: Timestamp,
    version: Option<String>,
    reason: Option<String>,
    actor: Option<String>,
    run_url: Option<String>,
    tool_version: &'static str,
    stage: Option<String>,
    message: Option<String>,
    pub sponsors: Vec<SponsorPart>,
    #[serde(skip)]
    subject: Subject,
    /// Whether a signal stopped it.
    #[serde(skip)]
    is_stopped: bool,
}

/// One sponsor's part of a run.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct SponsorPart {
    pub sponsor: String,
    outcome: RecordedOutcome,
    state: Option<State>,
    stage: Option<String>,
    message: Option<String>,
    recovered: bool,
    backup_location: Option<String>,
    backup_size_bytes: Option<u64>,
    backup_sha256: Option<String>,
    /// The exit code of its failure.
    #[serde(skip)]
    exit_code: Option<u8>,
}

/// The run itself.
#[derive(Debug)]
pub struct NotifyingRun {
    /// Unique, without a dot.
    pub id: String,
    /// Name of its command.
    pub command: &'static str,
    /// What it did.
    pub subject: Subject,
    /// Environment's name.
    pub environment: String,
    /// Its exit code.
    pub exit_code: u8,
    /// Whether a signal stopped it.
    pub is_stopped: bool,
    /// When it ended.
    pub at: Timestamp,
    /// Version being deployed.
    pub version: Option<String>,
    /// Reason that a person gave.
    pub reason: Option<String>,
    /// Who started it.
    pub actor: Option<String>,
    /// Its page.
    pub url: Option<String>,
}

impl SponsorPart {
    /// A sponsor's part, with the outcome of the deployment if the run recorded one.
    #[must_use]
    pub fn new(
        result: &SponsorResult,
        exit_code: Option<u8>,
        earlier: &EarlierEvents,
        deployment: Option<RecordedOutcome>,
    ) -> Self {
        let own = if result.is_cancelled() {
            RecordedOutcome::Cancelled
        } else {
            RecordedOutcome::from(result.conclusion())
        };
        let stage = result.stage.map(str::to_owned);
        let (outcome, stage, message) = match (own, &earlier.failed_backup, deployment) {
            (RecordedOutcome::Failure | RecordedOutcome::Cancelled, ..) => {
                (own, stage, result.message.clone())
            }
            // A deployment is skipped if a backup failed. The record is the one place that sees both.
            (_, Some(failed), _) => (RecordedOutcome::Failure, failed.stage.clone(), failed.message.clone()),
            (_, None, Some(RecordedOutcome::Failure)) => {
                let message = "the deployment failed".to_owned();
                (RecordedOutcome::Failure, Some(DEPLOYMENT.to_owned()), Some(message))
            }
            (RecordedOutcome::Success, None, Some(deployed)) => (deployed, stage, result.message.clone()),
            _ => (own, stage, result.message.clone()),
        };
        // The location of a disabled sponsor is `not-configured`, for programs that read outputs.
        let is_stored = result.outcome() != Outcome::Disabled;
        Self {
            sponsor: result.sponsor.clone(),
            outcome,
            state: result.conclusion().state(),
            stage,
            message,
            recovered: outcome == RecordedOutcome::Success && earlier.follows_failure,
            backup_location: result.backup_location.clone().filter(|_| is_stored),
            backup_size_bytes: result.backup_size,
            backup_sha256: result.backup_sha256.clone(),
            exit_code,
        }
    }

    fn is_bad(&self) -> bool {
        matches!(self.outcome, RecordedOutcome::Failure | RecordedOutcome::Cancelled)
    }

    /// `titan: failure (dump): connection refused`
    fn line(&self) -> String {
        let stage = self.stage.as_ref().map(|stage| format!(" ({stage})")).unwrap_or_default();
        let message = self.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
        let state = self.notable().map(|state| format!(", {state}")).unwrap_or_default();
        format!("{}: {}{state}{stage}{message}", self.sponsor, self.outcome.name())
    }

    /// The state of a success that is less than readers expect of one.
    fn notable(&self) -> Option<&'static str> {
        let is_success = self.outcome == RecordedOutcome::Success;
        self.state.filter(|state| is_success && state.is_notable()).map(State::name)
    }
}

impl Notification {
    /// A run that reached its sponsors, or has none.
    #[must_use]
    pub fn new(run: NotifyingRun, sponsors: Vec<SponsorPart>) -> Self {
        let outcome = overall(&run, &sponsors);
        let is_bad = matches!(outcome, RecordedOutcome::Failure | RecordedOutcome::Cancelled);
        Self {
            format_version: FORMAT_VERSION,
            id: run.id,
            event: run.command,
            environment: run.environment,
            outcome,
            exit_code: run.exit_code,
            recovered: !is_bad && sponsors.iter().any(|part| part.recovered),
            occurred_at: run.at,
            version: run.version,
            reason: run.reason,
            actor: run.actor,
            run_url: run.url,
            tool_version: env!("CARGO_PKG_VERSION"),
            stage: None,
            message: None,
            sponsors,
            subject: run.subject,
            is_stopped: run.is_stopped,
        }
    }

    /// A run that failed before it reached any sponsor.
    #[must_use]
    pub fn of_a_refusal(run: NotifyingRun, stage: &str, message: &str) -> Self {
        let refused = Self::new(run, Vec::new());
        Self { stage: Some(stage.to_owned()), message: Some(message.to_owned()), ..refused }
    }

    /// The same, with every text cleaned: without secrets, and without characters that change how other text looks.
    #[must_use]
    pub fn cleaned(mut self, redact: impl Fn(&str) -> String) -> Self {
        let clean = |text: &mut Option<String>| *text = text.take().map(|text| visible(&redact(&text)));
        for text in [
            &mut self.version,
            &mut self.reason,
            &mut self.actor,
            &mut self.run_url,
            &mut self.stage,
            &mut self.message,
        ] {
            clean(text);
        }
        for part in &mut self.sponsors {
            for text in
                [&mut part.stage, &mut part.message, &mut part.backup_location, &mut part.backup_sha256]
            {
                clean(text);
            }
        }
        self
    }

    /// Whether messages are sent.
    #[must_use]
    pub fn is_wanted(&self, when: NotifyWhen) -> bool {
        match when {
            NotifyWhen::Never => false,
            NotifyWhen::Always => true,
            // A deployment that a person stopped, or that was skipped, is neither.
            NotifyWhen::Failure => {
                let is_failure = self.exit_code != 0 || self.outcome == RecordedOutcome::Failure;
                is_failure || self.recovered
            }
        }
    }

    /// The document, as a webhook gets it.
    #[must_use]
    pub fn document(&self) -> String {
        // A struct of text, numbers and options cannot fail to become JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// `Backup, production: 2 of 3 failed`
    fn headline(&self) -> String {
        let failed = self.failed().count();
        let words = match self.outcome {
            RecordedOutcome::Failure if failed > 0 => format!("{failed} of {} failed", self.sponsors.len()),
            RecordedOutcome::Failure => "failed".to_owned(),
            RecordedOutcome::Success if self.recovered => "recovered".to_owned(),
            RecordedOutcome::Success => "succeeded".to_owned(),
            RecordedOutcome::Disabled => "not enabled".to_owned(),
            RecordedOutcome::Cancelled => "cancelled".to_owned(),
            RecordedOutcome::Skipped => "skipped".to_owned(),
        };
        let less: BTreeMap<&str, usize> = self.sponsors.iter().filter_map(SponsorPart::notable).fold(
            BTreeMap::new(),
            |mut counts, state| {
                *counts.entry(state).or_default() += 1;
                counts
            },
        );
        let less: String = less.iter().map(|(state, count)| format!(", {count} {state}")).collect();
        format!("{}, {}: {words}{less}", self.subject.name(), self.environment)
    }

    /// Whether a sponsor's success is less than readers expect of one.
    fn is_notable(&self) -> bool {
        self.sponsors.iter().any(|part| part.notable().is_some())
    }

    /// The sponsors that failed or were stopped.
    fn failed(&self) -> impl Iterator<Item = &SponsorPart> {
        self.sponsors.iter().filter(|part| part.is_bad())
    }
}

fn overall(run: &NotifyingRun, sponsors: &[SponsorPart]) -> RecordedOutcome {
    let has = |outcome| sponsors.iter().any(|part| part.outcome == outcome);
    if run.is_stopped {
        RecordedOutcome::Cancelled
    } else if run.exit_code != 0 || has(RecordedOutcome::Failure) {
        RecordedOutcome::Failure
    } else if has(RecordedOutcome::Success) || sponsors.is_empty() {
        RecordedOutcome::Success
    } else if has(RecordedOutcome::Cancelled) {
        RecordedOutcome::Cancelled
    } else if has(RecordedOutcome::Skipped) {
        RecordedOutcome::Skipped
    } else {
        RecordedOutcome::Disabled
    }
}
