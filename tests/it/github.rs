//! What GitHub is asked and sent: approvals and pull requests in the record, and the issue of an environment that fails.

mod approvals;
mod contract;
mod issues;
mod issues_at_once;
mod trouble;

use crate::support::{GitHub, Run, Sponsor, Trial};

/// What `Run` says in GITHUB_RUN_ID and GITHUB_SHA.
const RUN_ID: &str = "17342009911";
const COMMIT: &str = "8d3b3ff0c7a1e5d24be1a07b8d9c6f5e4a3b2c1d";

fn one() -> Trial {
    Trial::of([Sponsor::named("callisto").empty()])
}

/// A step that may ask this GitHub.
fn asking(run: Run, github: &GitHub) -> Run {
    run.env("GITHUB_API_URL", github.url()).input("github-token", &github.token)
}

/// The same as a record of a deployment, which is quick.
fn record(trial: &Trial, github: &GitHub) -> Run {
    asking(trial.run(), github).input("command", "record").input("outcome", "success")
}
