//! The deployment log as a document, defined by `schemas/deployment-log.v1.json`. Pure.

use jiff::Timestamp;
use serde::Serialize;

use super::RunIdentity;
use crate::archive::backup_manifest::{Changes, Partial, PreviousBackup};
use crate::github::provenance::{Answer, Approval, Provenance, PullRequest};
use crate::sponsors::{Environment, Sponsor};
use crate::verification::{self, Conclusion, State};

/// The current version of [`DeploymentLog`].
pub const FORMAT_VERSION: u32 = 1;

/// The event that a record describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A backup before a deployment.
    PreDeploymentBackup,
    /// A backup without a deployment, such as a nightly one.
    Backup,
    /// The deployment itself.
    Deployment,
}

/// How a deployment or a backup ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordedOutcome {
    /// It succeeded.
    Success,
    /// It failed.
    Failure,
    /// Backups are disabled for the sponsor, so nothing was done.
    Disabled,
    /// It was stopped.
    Cancelled,
    /// It was not started.
    Skipped,
}

impl RecordedOutcome {
    /// The outcomes of a deployment, as GitHub names a job's result.
    pub const OF_A_DEPLOYMENT: [Self; 4] = [Self::Success, Self::Failure, Self::Cancelled, Self::Skipped];

    /// The outcome with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = Self::OF_A_DEPLOYMENT.into_iter().chain([Self::Disabled]);
        all.into_iter().find(|outcome| outcome.name() == name)
    }

    /// The value in documents and outputs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Disabled => "disabled",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }
}

impl From<Conclusion> for RecordedOutcome {
    fn from(conclusion: Conclusion) -> Self {
        match conclusion.outcome() {
            verification::Outcome::Success => Self::Success,
            verification::Outcome::Failure => Self::Failure,
            verification::Outcome::Disabled => Self::Disabled,
            // A dry run writes no record.
            verification::Outcome::Planned => Self::Skipped,
        }
    }
}

/// One record. Other programs read its keys, so they never change. An absent fact is `null`.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct DeploymentLog {
    pub format_version: u32,
    pub event: Event,
    pub outcome: RecordedOutcome,
    pub state: Option<State>,
    pub deployment_timestamp: Timestamp,
    pub environment: String,
    pub sponsor: String,
    pub sponsor_code: Option<String>,
    pub version: Option<String>,
    pub reason: Option<String>,
    pub commit_sha: Option<String>,
    pub deployer: Option<String>,
    pub actor: Option<String>,
    pub triggering_actor: Option<String>,
    pub repository: Option<String>,
    #[serde(rename = "ref")]
    pub git_ref: Option<String>,
    pub workflow: Option<String>,
    pub github_run_id: Option<String>,
    pub github_run_number: Option<String>,
    pub github_run_attempt: Option<String>,
    pub github_run_url: Option<String>,
    pub approvals: Answer<Approval>,
    pub pull_requests: Answer<PullRequest>,
    pub s3_archival_enabled: Option<bool>,
    pub backup_location: Option<String>,
    pub backup_size_bytes: Option<u64>,
    pub backup_sha256: Option<String>,
    pub object_lock: Option<&'static str>,
    pub locked_until: Option<Timestamp>,
    pub retained_until: Option<Timestamp>,
    pub backup_location_verified: Option<bool>,
    pub dump_size_bytes: Option<u64>,
    pub dump_sha256: Option<String>,
    pub partial: Option<Partial>,
    pub jobs: Option<u64>,
    pub tables_total: Option<u64>,
    pub rows_total: Option<u64>,
    pub previous_backup: Option<PreviousBackup>,
    pub changes: Option<Changes>,
    pub warnings: Vec<String>,
    pub duration_seconds: Option<f64>,
    pub server_version: Option<String>,
    pub pg_dump_version: Option<String>,
    pub tool_version: &'static str,
    pub stage: Option<&'static str>,
    pub message: Option<String>,
}

/// The part of a record that is known before anything happens.
#[derive(Debug, Clone)]
pub struct Heading<'a> {
    /// The event.
    pub event: Event,
    /// The sponsor.
    pub sponsor: &'a Sponsor,
    /// The environment.
    pub environment: Environment,
    /// Start of the event.
    pub at: Timestamp,
    /// Version being deployed, without secrets.
    pub version: Option<String>,
    /// Reason for the deployment, without secrets.
    pub reason: Option<String>,
    /// The run and its actors.
    pub run: &'a RunIdentity,
    /// Approvals and pull requests.
    pub provenance: &'a Provenance,
}

impl DeploymentLog {
    /// The record of a deployment. The caller passes its outcome.
    #[must_use]
    pub fn of_deployment(heading: Heading<'_>, outcome: RecordedOutcome) -> Self {
        Self::begin(heading, outcome)
    }

    /// The record of a backup.
    #[must_use]
    pub fn of_backup(heading: Heading<'_>, conclusion: Conclusion, was_cancelled: bool) -> Self {
        let outcome = if was_cancelled { RecordedOutcome::Cancelled } else { conclusion.into() };
        Self { state: conclusion.state(), ..Self::begin(heading, outcome) }
    }

    /// A record with its heading and no other facts.
    fn begin(heading: Heading<'_>, outcome: RecordedOutcome) -> Self {
        let Heading { event, sponsor, environment, at, version, reason, run, provenance } = heading;
        let (run, provenance) = (run.clone(), provenance.clone());
        Self {
            format_version: FORMAT_VERSION,
            event,
            outcome,
            state: None,
            deployment_timestamp: at,
            environment: environment.name().to_owned(),
            sponsor: sponsor.name.clone(),
            // A sponsor that the manifest no longer contains has no code.
            sponsor_code: Some(sponsor.code.clone()).filter(|code| !code.is_empty()),
            version,
            reason,
            commit_sha: run.commit_sha,
            deployer: run.actor.clone(),
            actor: run.actor,
            triggering_actor: run.triggering_actor,
            repository: run.repository,
            git_ref: run.git_ref,
            workflow: run.workflow,
            github_run_id: run.run_id,
            github_run_number: run.run_number,
            github_run_attempt: run.run_attempt,
            github_run_url: run.run_url,
            approvals: provenance.approvals,
            pull_requests: provenance.pull_requests,
            s3_archival_enabled: None,
            backup_location: None,
            backup_size_bytes: None,
            backup_sha256: None,
            object_lock: None,
            locked_until: None,
            retained_until: None,
            backup_location_verified: None,
            dump_size_bytes: None,
            dump_sha256: None,
            partial: None,
            jobs: None,
            tables_total: None,
            rows_total: None,
            previous_backup: None,
            changes: None,
            warnings: Vec::new(),
            duration_seconds: None,
            server_version: None,
            pg_dump_version: None,
            tool_version: env!("CARGO_PKG_VERSION"),
            stage: None,
            message: None,
        }
    }

    /// The document as it is stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        super::to_bytes(self)
    }
}
