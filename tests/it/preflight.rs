//! `preflight`: every obstacle is found before a backup meets it, nothing is changed, and the exit code is never a stage's.

mod database;
mod report;
mod repository;
mod setup;
pub(crate) mod storage;

use aws_sdk_s3::types::{BucketVersioningStatus, PublicAccessBlockConfiguration, VersioningConfiguration};
use serde_json::Value;

use crate::support::{Outcome, Run, Sponsor, Store, Trial, runtime};

/// A step that runs `preflight` on the trial's sponsors.
fn step(trial: &Trial) -> Run {
    trial.run().input("command", "preflight")
}

/// The findings, as a terminal gets them.
struct Findings(Vec<Value>);

impl Findings {
    /// Runs `preflight --json` with more arguments on a terminal.
    #[track_caller]
    fn of(trial: &Trial, arguments: &[&str], code: i32) -> Self {
        Self::from(&terminal(trial).args(arguments).run(), code)
    }

    #[track_caller]
    fn from(outcome: &Outcome, code: i32) -> Self {
        outcome.assert_code(code);
        let array: Value = serde_json::from_str(&outcome.stdout)
            .unwrap_or_else(|error| panic!("not JSON alone: {error}\n{}", outcome.transcript()));
        Self(array.as_array().unwrap().clone())
    }

    /// The findings of one check.
    fn check(&self, name: &str) -> Vec<&Value> {
        self.0.iter().filter(|finding| finding["check"] == name).collect()
    }

    /// The one finding of a check with this level; gives its words.
    #[track_caller]
    fn one(&self, check: &str, level: &str) -> String {
        let found = self.check(check);
        let [one] = found.as_slice() else { panic!("{} findings of {check}: {:#?}", found.len(), self.0) };
        assert_eq!(one["level"], level, "{one:#}");
        assert_eq!(one["fix"].is_null(), level == "ok", "{one:#}");
        one["what"].as_str().unwrap().to_owned()
    }

    /// The findings that are failures.
    fn failures(&self) -> Vec<&Value> {
        self.0.iter().filter(|finding| finding["level"] == "fail").collect()
    }
}

/// A trial of these sponsors, whose buckets have no flaw that would end or publish a backup.
fn sound(sponsors: impl IntoIterator<Item = Sponsor>) -> Trial {
    let trial = Trial::of(sponsors);
    trial.names().iter().flat_map(|name| [trial.bucket(name), trial.log_bucket(name)]).for_each(|bucket| {
        secure(&trial.store, bucket);
    });
    trial
}

/// Versioned, and closed to the public.
fn secure(store: &Store, bucket: &str) {
    let versioning = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    let block = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .ignore_public_acls(true)
        .block_public_policy(true)
        .restrict_public_buckets(true)
        .build();
    runtime().block_on(async {
        let client = store.client();
        client
            .put_bucket_versioning()
            .bucket(bucket)
            .versioning_configuration(versioning)
            .send()
            .await
            .unwrap();
        client
            .put_public_access_block()
            .bucket(bucket)
            .public_access_block_configuration(block)
            .send()
            .await
            .unwrap();
    });
}

fn terminal(trial: &Trial) -> Run {
    trial.wire(Run::terminal()).args(["preflight", "--json"])
}
