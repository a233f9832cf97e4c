//! What a run left behind: objects in S3, records, artifacts. Panics if it is not what was expected.

use serde_json::Value;

use crate::act::Ran;
use crate::support::Trial;

impl Ran {
    /// The run ended so, and with it exactly these jobs, each so; every other one was skipped.
    #[track_caller]
    pub(crate) fn assert_jobs(&self, ended_well: bool, jobs: &[(&str, &str)]) {
        let expected = jobs.iter().map(|(name, result)| ((*name).to_owned(), (*result).to_owned())).collect();
        assert_eq!(self.jobs(), expected);
        assert_eq!(self.code == Some(0), ended_well, "act's exit code is {:?}", self.code);
    }

    /// The run kept exactly these artifacts.
    #[track_caller]
    pub(crate) fn assert_artifacts(&self, names: &[&str]) {
        let artifacts = self.artifacts();
        assert_eq!(artifacts.keys().map(String::as_str).collect::<Vec<_>>(), names);
        for file in artifacts.values().flatten() {
            let document: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
            assert!(document["sponsor"].is_string(), "{}", file.display());
        }
    }
}

/// A sponsor's dumps in S3, each with its checksum file and its manifest.
#[track_caller]
pub(crate) fn dumps(trial: &Trial, sponsor: &str) -> Vec<String> {
    let keys = trial.store.keys_in(trial.bucket(sponsor));
    let dumps: Vec<String> = keys.iter().filter(|key| key.ends_with(".sql.gz")).cloned().collect();
    assert_eq!(keys.len(), dumps.len() * 3, "{keys:?}");
    for dump in &dumps {
        let manifest = trial.store.get_json(trial.bucket(sponsor), &format!("{dump}.manifest.json"));
        assert_eq!(manifest["sponsor"], sponsor);
        assert!(trial.store.head(trial.bucket(sponsor), dump).content_length().unwrap() > 0);
    }
    dumps
}

/// A sponsor's records in S3 of one kind: `pre-deployment-backup`, `backup` or `deployment`.
pub(crate) fn records(trial: &Trial, sponsor: &str, event: &str) -> Vec<Value> {
    let bucket = trial.log_bucket(sponsor);
    let keys = trial.store.keys_in(bucket).into_iter().filter(|key| key.contains("deployments/"));
    let all = keys.map(|key| trial.store.get_json(bucket, &key));
    all.filter(|record| record["event"] == event).collect()
}

/// The only record of its kind.
#[track_caller]
pub(crate) fn record(trial: &Trial, sponsor: &str, event: &str) -> Value {
    let records = records(trial, sponsor, event);
    assert_eq!(records.len(), 1, "{sponsor}'s records of `{event}`: {records:#?}");
    records.into_iter().next().unwrap()
}
