//! What `preflight` finds out about the repository: the secrets that its workflows name, and who reviews a deployment.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{GitHub, GitHubError};
use crate::finding::{Check, Finding};
use crate::secrets::workflows::JobSecrets;
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

/// Checks the repository. `github` is `None` without a token, `jobs` without the input `workflows`.
pub async fn check(
    github: Result<Option<GitHub>, GitHubError>,
    jobs: Option<&[JobSecrets]>,
    environment: Environment,
) -> Vec<Finding> {
    let github = match github {
        Ok(Some(github)) => github,
        Ok(None) => {
            let fix = "Set `github-token` to check this, too.";
            return not_asked("`github-token` is not set", fix, environment);
        }
        Err(error) => {
            return not_asked(
                &error.to_string(),
                "Run in a workflow, or set GITHUB_REPOSITORY.",
                environment,
            );
        }
    };
    let mut findings = match jobs {
        Some(jobs) => secrets(&github, jobs).await,
        None => vec![SECRETS.not_asked("`workflows` is not set", "Set `workflows` to `.github/workflows`.")],
    };
    if environment == Environment::Production {
        findings.push(reviewers(&github).await);
    }
    findings
}

fn not_asked(why: &str, fix: &str, environment: Environment) -> Vec<Finding> {
    let checks: &[Check] =
        if environment == Environment::Production { &[SECRETS, REVIEWERS] } else { &[SECRETS] };
    checks.iter().map(|check| check.not_asked(why, fix)).collect()
}

async fn secrets(github: &GitHub, jobs: &[JobSecrets]) -> Vec<Finding> {
    let existing = match existing(github, jobs).await {
        Ok(existing) => existing,
        Err(error) => {
            let fix = "Set `github-token` to a token with the permission `secrets: read`. The job's own token cannot have it.";
            return vec![SECRETS.unknown(error, fix)];
        }
    };
    // In one job, a secret may be missing that another job has from its environment.
    let mut missing: BTreeMap<(&str, Option<&str>), bool> = BTreeMap::new();
    for job in jobs {
        let environment = job.environment.as_deref();
        let here = [None, environment].into_iter().flat_map(|place| existing.get(&place));
        let here: BTreeSet<&String> = here.flatten().collect();
        for name in job.secrets.iter().filter(|name| !here.contains(name)) {
            *missing.entry((name, environment)).or_insert(true) &= job.is_dynamic;
        }
    }
    let mut findings: Vec<Finding> = missing
        .into_iter()
        .map(|((name, environment), may_be_elsewhere)| missing_secret(name, environment, may_be_elsewhere))
        .collect();
    if findings.is_empty() {
        let named: BTreeSet<&String> = jobs.iter().flat_map(|job| &job.secrets).collect();
        findings.push(match (named.len(), jobs.iter().any(|job| job.is_dynamic)) {
            (_, true) => SECRETS.unknown(
                "a workflow chooses secrets or environments in an expression",
                "Check these secrets by hand, or name them.",
            ),
            (0, _) => SECRETS
                .unknown("the workflows name no secret", "Set `workflows` to the folder of your workflows."),
            (some, _) => SECRETS.ok(format!("all {some} secrets of the workflows exist")),
        });
    }
    findings
}

/// The names of all secrets: those that every job of the repository can read, under `None`, and those of each environment.
async fn existing<'a>(
    github: &GitHub,
    jobs: &'a [JobSecrets],
) -> Result<BTreeMap<Option<&'a str>, BTreeSet<String>>, GitHubError> {
    let mut everywhere = github.secret_names("/actions/secrets").await?;
    everywhere.extend(github.secret_names("/actions/organization-secrets").await?);
    let mut existing = BTreeMap::from([(None, everywhere)]);
    // Names with other characters are not a path.
    let is_plain =
        |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    let environments: BTreeSet<&str> = jobs.iter().filter_map(|job| job.environment.as_deref()).collect();
    for name in environments.into_iter().filter(is_plain) {
        let names = match github.secret_names(&format!("/environments/{name}/secrets")).await {
            // The environment does not exist, so it has no secrets. The repository was seen above.
            Err(GitHubError::Refused { status: 404, .. }) => BTreeSet::new(),
            names => names?,
        };
        existing.insert(Some(name), names);
    }
    Ok(existing)
}

fn missing_secret(name: &str, environment: Option<&str>, may_be_elsewhere: bool) -> Finding {
    let (whose, option) = match environment {
        Some(environment) => {
            (format!("a job in the environment {environment}"), format!(" --env {environment}"))
        }
        None => ("a job without an environment".to_owned(), String::new()),
    };
    let what = format!("no secret {name}, which {whose} names");
    let fix = format!("Run `gh secret set {name}{option}`.");
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
