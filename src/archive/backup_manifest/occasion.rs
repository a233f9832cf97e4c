//! Why a backup was taken, as its manifest says: before which deployment, by which run, by whom.

use serde::Deserialize;

use super::named_value::NamedValue;

/// The tag of a backup that was taken before a deployment.
const PRE_MIGRATION: &str = "pre-migration";

/// The fields of a manifest that say why it was taken. The others take no memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Occasion {
    /// Version that was about to be deployed.
    pub version: Option<String>,
    /// Commit that was about to be deployed.
    pub git_sha: Option<String>,
    /// Workflow run.
    pub github_run_id: Option<String>,
    /// Attempt of that run.
    pub github_run_attempt: Option<String>,
    /// What started the workflow run, in GitHub's words.
    pub trigger: Option<String>,
    tags: Option<Vec<NamedValue>>,
    metadata: Option<Vec<NamedValue>>,
}

impl Occasion {
    /// Reads them from a manifest. Whether the document is one is not checked: fields of another form count as absent.
    #[must_use]
    pub fn of_manifest(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }

    /// Whether it was taken before a deployment. Release 0.1 wrote no tags down, but the version only of a deployment.
    #[must_use]
    pub fn is_deployment(&self) -> bool {
        match &self.tags {
            Some(tags) => tags.iter().any(|tag| tag.name == PRE_MIGRATION && tag.value == "true"),
            None => self.version.is_some(),
        }
    }

    /// The version before whose deployment it was taken.
    #[must_use]
    pub fn deployed_version(&self) -> Option<&str> {
        self.version.as_deref().filter(|_| self.is_deployment())
    }

    /// `deployment`, `schedule`, `manual`, `workflow` or the event of GitHub. `None` if a backup of release 0.1 does not say.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        if self.is_deployment() {
            return Some("deployment");
        }
        self.tags.as_ref()?;
        Some(match (self.trigger.as_deref(), &self.github_run_id) {
            (Some("workflow_dispatch"), _) | (None, None) => "manual",
            (Some(event), _) => event,
            (None, Some(_)) => "workflow",
        })
    }

    /// Who started it, as GitHub names them.
    #[must_use]
    pub fn actor(&self) -> Option<&str> {
        self.named("deployer")
    }

    /// The reason that was given for the deployment.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.named("reason")
    }

    fn named(&self, name: &str) -> Option<&str> {
        let metadata = self.metadata.as_ref()?;
        metadata.iter().find(|value| value.name == name).map(|value| value.value.as_str())
    }
}

#[cfg(test)]
mod tests;
