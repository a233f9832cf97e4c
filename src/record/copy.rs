//! The record of a copy as a document, defined by `schemas/copy.v1.json`. Pure.

use jiff::Timestamp;
use serde::Serialize;

use super::RunIdentity;
use crate::sponsors::{Environment, Sponsor};
use crate::verification::conclusion::CopyProof;
use crate::verification::{Conclusion, Outcome, State};

/// The current version of [`CopyRecord`].
const FORMAT_VERSION: u32 = 1;

/// The document. Other programs read its keys, so they never change. An absent fact is `null`.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct CopyRecord {
    pub format_version: u32,
    pub outcome: Outcome,
    pub state: Option<State>,
    pub copy_timestamp: Timestamp,
    pub environment: String,
    pub sponsor: String,
    pub sponsor_code: String,
    pub source_location: Option<String>,
    pub source_size_bytes: Option<u64>,
    pub source_sha256: Option<String>,
    pub source_age_recipients: Vec<String>,
    pub target: String,
    pub backup_location: Option<String>,
    pub backup_size_bytes: Option<u64>,
    pub backup_sha256: Option<String>,
    pub dump_sha256: Option<String>,
    pub age_recipients: Vec<String>,
    pub already_copied: bool,
    pub proof: Option<CopyProof>,
    pub object_lock: Option<&'static str>,
    pub locked_until: Option<Timestamp>,
    pub duration_seconds: f64,
    pub warnings: Vec<String>,
    pub stage: Option<&'static str>,
    pub message: Option<String>,
    pub tool_version: &'static str,
    pub actor: Option<String>,
    pub repository: Option<String>,
    pub workflow: Option<String>,
    pub github_run_id: Option<String>,
    pub github_run_attempt: Option<String>,
    pub github_run_url: Option<String>,
}

impl CopyRecord {
    /// The record of a copy of which nothing is known yet but that it was asked for.
    #[must_use]
    pub fn new(
        (sponsor, environment): (&Sponsor, Environment),
        conclusion: Conclusion,
        at: Timestamp,
        run: &RunIdentity,
    ) -> Self {
        let run = run.clone();
        Self {
            format_version: FORMAT_VERSION,
            outcome: conclusion.outcome(),
            state: conclusion.state(),
            copy_timestamp: at,
            environment: environment.name().to_owned(),
            sponsor: sponsor.name.clone(),
            sponsor_code: sponsor.code.clone(),
            source_location: None,
            source_size_bytes: None,
            source_sha256: None,
            source_age_recipients: Vec::new(),
            target: String::new(),
            backup_location: None,
            backup_size_bytes: None,
            backup_sha256: None,
            dump_sha256: None,
            age_recipients: Vec::new(),
            already_copied: false,
            proof: None,
            object_lock: None,
            locked_until: None,
            duration_seconds: 0.0,
            warnings: Vec::new(),
            stage: None,
            message: None,
            tool_version: env!("CARGO_PKG_VERSION"),
            actor: run.actor,
            repository: run.repository,
            workflow: run.workflow,
            github_run_id: run.run_id,
            github_run_attempt: run.run_attempt,
            github_run_url: run.run_url,
        }
    }

    /// The document as it is stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        super::to_bytes(self)
    }
}
