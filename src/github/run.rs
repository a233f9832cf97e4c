//! Identity of the run, read once at the start and passed as a value. Pure.

/// The run's identity. Unknown fields are absent, for example on a terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunIdentity {
    /// Commit being deployed.
    pub commit_sha: Option<String>,
    /// Account that started the run, and whose permissions it has.
    pub actor: Option<String>,
    /// Account that started this attempt. Differs from the actor after a re-run.
    pub triggering_actor: Option<String>,
    /// `owner/name`.
    pub repository: Option<String>,
    /// `refs/heads/main`.
    pub git_ref: Option<String>,
    /// Name of the workflow.
    pub workflow: Option<String>,
    /// ID of the run.
    pub run_id: Option<String>,
    /// Number of the run.
    pub run_number: Option<String>,
    /// Attempt of the run, starting at 1.
    pub run_attempt: Option<String>,
    /// What started the run: `schedule`, `workflow_dispatch`, …
    pub event: Option<String>,
    /// URL of the run.
    pub run_url: Option<String>,
}

impl RunIdentity {
    /// Reads the variables of a runner (GitHub documentation, "Default environment variables"). On a terminal the
    /// login name is the actor.
    pub fn read<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> Self {
        let get =
            |name: &str| variable(name).map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned);
        let url = || {
            Some(format!(
                "{}/{}/actions/runs/{}",
                get("GITHUB_SERVER_URL")?,
                get("GITHUB_REPOSITORY")?,
                get("GITHUB_RUN_ID")?
            ))
        };
        Self {
            commit_sha: get("GITHUB_SHA"),
            actor: get("GITHUB_ACTOR").or_else(|| get("USER")),
            triggering_actor: get("GITHUB_TRIGGERING_ACTOR"),
            repository: get("GITHUB_REPOSITORY"),
            git_ref: get("GITHUB_REF"),
            workflow: get("GITHUB_WORKFLOW"),
            run_id: get("GITHUB_RUN_ID"),
            run_number: get("GITHUB_RUN_NUMBER"),
            run_attempt: get("GITHUB_RUN_ATTEMPT"),
            event: get("GITHUB_EVENT_NAME"),
            run_url: url(),
        }
    }
}
