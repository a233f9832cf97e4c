//! What every record but a deployment log and a drill report shows of itself: whose it is, what it came to, and who ran it. Pure.

use serde::Serialize;

use super::RunIdentity;
use crate::sponsors::{Environment, Sponsor};
use crate::verification::{Conclusion, Outcome, State};

/// The current version of the documents that begin with it.
const FORMAT_VERSION: u32 = 1;

/// The keys that such documents share. An absent fact is `null`.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the schemas describe each key")]
pub struct RecordHead {
    pub format_version: u32,
    pub outcome: Outcome,
    pub state: Option<State>,
    pub environment: String,
    pub sponsor: String,
    pub sponsor_code: String,
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

impl RecordHead {
    /// The head of a record that knows nothing but what was asked for, and what it came to.
    #[must_use]
    pub fn new(
        (sponsor, environment): (&Sponsor, Environment),
        conclusion: Conclusion,
        run: &RunIdentity,
    ) -> Self {
        let run = run.clone();
        Self {
            format_version: FORMAT_VERSION,
            outcome: conclusion.outcome(),
            state: conclusion.state(),
            environment: environment.name().to_owned(),
            sponsor: sponsor.name.clone(),
            sponsor_code: sponsor.code.clone(),
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
}
