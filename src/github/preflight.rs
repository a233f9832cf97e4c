//! What `preflight` finds out about the repository: the secrets that its workflows name, and who reviews a deployment.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::{GitHub, GitHubError};
use crate::finding::{Check, Finding};
use crate::secrets::workflows::Named;
use crate::sponsors::Environment;

const SECRETS: Check =
    Check { name: "github-secrets", about: "The secrets that the workflows name exist on GitHub" };
const REVIEWERS: Check =
    Check { name: "github-reviewers", about: "The environment `production` has required reviewers" };

/// What this module checks.
pub const CHECKS: &[Check] = &[SECRETS, REVIEWERS];

const PER_PAGE: usize = 100;
/// GitHub allows fewer secrets than these pages hold.
const PAGES: usize = 10;
/// Without these, a workflow cannot back up.
const NEEDED: [&str; 2] = ["DOPPLER_TOKEN", "AWS_"];

/// A page of secrets, without values.
#[derive(Deserialize)]
struct SecretsPage {
    secrets: Vec<NamedSecret>,
}

#[derive(Deserialize)]
struct NamedSecret {
    name: String,
}

#[derive(Deserialize)]
struct EnvironmentRules {
    #[serde(default)]
    protection_rules: Vec<ProtectionRule>,
}

#[derive(Deserialize)]
struct ProtectionRule {
    r#type: String,
    #[serde(default)]
    reviewers: Vec<serde::de::IgnoredAny>,
}

/// Checks the repository. `github` is `None` without a token, `named` without the input `workflows`.
pub async fn check(
    github: Result<Option<GitHub>, GitHubError>,
    named: Option<&Named>,
    environment: Environment,
) -> Vec<Finding> {
    let github = match github {
        Ok(Some(github)) => github,
        Ok(None) => return not_asked("`github-token` is not set", "Set `github-token` to check this, too."),
        Err(error) => return not_asked(&error.to_string(), "Run in a workflow, or set GITHUB_REPOSITORY."),
    };
    let mut findings = match named {
        Some(named) => secrets(&github, named).await,
        None => vec![SECRETS.not_asked("`workflows` is not set", "Set `workflows` to `.github/workflows`.")],
    };
    if environment == Environment::Production {
        findings.push(reviewers(&github).await);
    }
    findings
}

fn not_asked(why: &str, fix: &str) -> Vec<Finding> {
    [SECRETS, REVIEWERS].map(|check| check.not_asked(why, fix)).into()
}

async fn secrets(github: &GitHub, named: &Named) -> Vec<Finding> {
    let mut places = vec!["/actions/secrets".to_owned(), "/actions/organization-secrets".to_owned()];
    // Names with other characters are not a path.
    let is_plain =
        |name: &&String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    places.extend(
        named.environments.iter().filter(is_plain).map(|name| format!("/environments/{name}/secrets")),
    );
    let mut existing = BTreeSet::new();
    for place in places {
        match github.secret_names(&place).await {
            Ok(names) => existing.extend(names),
            // The environment does not exist, so it has no secrets.
            Err(GitHubError::Refused { status: 404, .. }) => {}
            Err(error) => {
                let fix = "Set `github-token` to a token with the permission `secrets: read`. The job's own token cannot have it.";
                return vec![SECRETS.unknown(error, fix)];
            }
        }
    }
    let missing: Vec<&String> = named.secrets.difference(&existing).collect();
    if missing.is_empty() {
        return vec![SECRETS.ok(format!("all {} secrets of the workflows exist", named.secrets.len()))];
    }
    missing.into_iter().map(|name| missing_secret(name, named.has_dynamic_environment)).collect()
}

fn missing_secret(name: &str, may_be_elsewhere: bool) -> Finding {
    let what = format!("no secret {name}, which the workflows name");
    let fix = format!("Run `gh secret set {name}`, with `--env` if an environment is to hold it.");
    let is_needed = NEEDED.iter().any(|prefix| name.starts_with(prefix));
    match (is_needed, may_be_elsewhere) {
        (true, false) => {
            SECRETS.fail(what, "The workflow passes an empty value, so no backup is taken.", fix)
        }
        (true, true) => SECRETS.warn(what, "It may be in an environment whose name only a run knows.", fix),
        (false, _) => SECRETS.warn(what, "The workflow passes an empty value.", fix),
    }
}

async fn reviewers(github: &GitHub) -> Finding {
    const WHY: &str = "Anyone who can start the workflow can deploy to production.";
    const FIX: &str = "Add required reviewers under Settings > Environments > production.";
    let rules = github.get::<EnvironmentRules>("/environments/production").await;
    match rules {
        Ok(rules) => {
            let needed = rules.protection_rules.iter().filter(|rule| rule.r#type == "required_reviewers");
            match needed.map(|rule| rule.reviewers.len()).sum::<usize>() {
                0 => REVIEWERS.warn("the environment `production` has no required reviewers", WHY, FIX),
                some => REVIEWERS.ok(format!("the environment `production` has {some} required reviewers")),
            }
        }
        Err(GitHubError::Refused { status: 404, .. }) => REVIEWERS.warn(
            "no environment `production`, or the token cannot see it",
            "GitHub creates it without protection rules when a workflow first names it.",
            FIX,
        ),
        Err(error) => REVIEWERS.unknown(error, "Give the job `permissions: actions: read`."),
    }
}

impl GitHub {
    /// The names of all secrets at a place below the repository, in upper case.
    async fn secret_names(&self, below: &str) -> Result<BTreeSet<String>, GitHubError> {
        let mut names = BTreeSet::new();
        for page in 1..=PAGES {
            let found: SecretsPage = self.get(&format!("{below}?per_page={PER_PAGE}&page={page}")).await?;
            let is_last = found.secrets.len() < PER_PAGE;
            names.extend(found.secrets.into_iter().map(|secret| secret.name.to_ascii_uppercase()));
            if is_last {
                break;
            }
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests;
