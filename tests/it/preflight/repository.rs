//! GitHub: the secrets that the workflows name, and the reviewers of production.

use super::{Findings, sound, terminal};
use crate::support::{GitHub, REPOSITORY, Run, Sponsor, Trial};

const WORKFLOW: &str = "
jobs:
  backup:
    environment: production-backup
    steps:
    - uses: cure-hht/sponsor-backup@v1
      env:
        DOPPLER_TOKEN_CORE: ${{ secrets.DOPPLER_TOKEN_CORE }}
        DOPPLER_TOKEN_CALLISTO: ${{ secrets.DOPPLER_TOKEN_CALLISTO }}
        SLACK: ${{ secrets.SLACK_WEBHOOK_URL }}
  deploy:
    environment: production
";

fn callisto() -> Trial {
    sound([Sponsor::named("callisto").empty()])
}

fn asking(trial: &Trial, github: &GitHub) -> Run {
    terminal(trial)
        .file("workflows/deploy.yml", WORKFLOW)
        .args(["--workflows", "workflows", "--github-token", &github.token])
        .env("GITHUB_API_URL", github.url())
        .env("GITHUB_REPOSITORY", REPOSITORY)
}

#[test]
fn without_a_token_github_is_not_asked() {
    let found = Findings::of(&callisto(), &[], 0);
    assert!(found.one("github-secrets", "warn").contains("not asked"));
    assert!(found.one("github-reviewers", "warn").contains("not asked"));
}

#[test]
fn secrets_count_wherever_a_job_can_read_them() {
    let (trial, github) = (callisto(), GitHub::start());
    github.environment("production", 2);
    github.environment("production-backup", 0);
    github.secret("organization", "SLACK_WEBHOOK_URL");
    github.secret("actions", "DOPPLER_TOKEN_CORE");
    let missing = Findings::from(&asking(&trial, &github).run(), 17);
    assert!(missing.one("github-secrets", "fail").contains("DOPPLER_TOKEN_CALLISTO"));
    assert!(missing.one("github-reviewers", "ok").contains("2 required reviewers"));

    github.secret("production-backup", "DOPPLER_TOKEN_CALLISTO");
    let found = Findings::from(&asking(&trial, &github).run(), 0);
    assert_eq!(found.one("github-secrets", "ok"), "all 3 secrets of the workflows exist");
    assert!(github.requests().iter().all(|request| request.starts_with("GET ")));
}

/// A token of another environment does not help this job.
#[test]
fn a_secret_of_another_environment_does_not_count() {
    let (trial, github) = (callisto(), GitHub::start());
    github.environment("production", 1);
    github.environment("production-backup", 0);
    for name in ["DOPPLER_TOKEN_CORE", "SLACK_WEBHOOK_URL"] {
        github.secret("actions", name);
    }
    github.secret("production", "DOPPLER_TOKEN_CALLISTO");
    let found = Findings::from(&asking(&trial, &github).run(), 17);
    let what = found.one("github-secrets", "fail");
    assert_eq!(
        what,
        "no secret DOPPLER_TOKEN_CALLISTO, which a job in the environment production-backup names"
    );
}

#[test]
fn an_environment_without_reviewers_is_a_warning() {
    let (trial, github) = (callisto(), GitHub::start());
    let absent = Findings::from(&asking(&trial, &github).run(), 17);
    assert!(absent.one("github-reviewers", "warn").contains("no environment `production`"));
    github.environment("production", 0);
    let found = Findings::from(&asking(&trial, &github).run(), 17);
    assert!(found.one("github-reviewers", "warn").contains("no required reviewers"));
}

/// The job's own token cannot list secrets. What it cannot read is unknown, and names the permission.
#[test]
fn what_the_token_may_not_read_is_unknown() {
    let (trial, github) = (callisto(), GitHub::start());
    github.lacks("secrets");
    github.lacks("actions");
    let found = Findings::from(&asking(&trial, &github).run(), 0);
    assert!(found.one("github-secrets", "warn").starts_with("unknown: "));
    assert!(found.one("github-reviewers", "warn").starts_with("unknown: "));
}

/// A sponsor was added and a line forgotten.
#[test]
fn a_sponsor_whose_token_no_workflow_passes_is_an_obstacle() {
    let trial = sound([Sponsor::named("callisto").empty(), Sponsor::named("rhea").empty()]);
    let run = terminal(&trial).file("workflows/deploy.yml", WORKFLOW).args(["--workflows", "workflows"]);
    let found = Findings::from(&run.run(), 17);
    assert!(found.one("workflow-tokens", "fail").contains("does not pass DOPPLER_TOKEN_RHEA"));
    let complete = WORKFLOW.replace(
        "        SLACK:",
        "        DOPPLER_TOKEN_RHEA: ${{ secrets.DOPPLER_TOKEN_RHEA }}\n        SLACK:",
    );
    let run = terminal(&trial).file("workflows/deploy.yml", complete).args(["--workflows", "workflows"]);
    Findings::from(&run.run(), 0).one("workflow-tokens", "ok");
}
