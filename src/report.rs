//! Room 9: what people and workflows are told. Text is made here, purely; only `sink` writes it anywhere.

pub mod annotations;
mod comparison;
pub mod disabled;
pub mod drill;
pub mod issue;
pub mod listing;
mod markdown;
pub mod outputs;
pub mod plan;
pub mod progress;
pub mod redaction;
pub mod restored;
pub mod sink;
pub mod summary;
pub mod tally;
pub mod verdict;
pub mod workflow;

use serde::Serialize;

use crate::record::Outcome;

/// How one sponsor fared: an entry of the `results` output.
#[derive(Debug, Clone, Serialize)]
pub struct SponsorResult {
    /// Sponsor's name.
    pub sponsor: String,
    /// `success`, `failure` or `disabled`.
    pub outcome: Outcome,
    /// Room in which it failed.
    pub stage: Option<&'static str>,
    /// What went wrong, why it is disabled, or what was done where that is not plain.
    pub message: Option<String>,
    /// `s3://…`, or `not-configured` where disabled.
    pub backup_location: Option<String>,
    /// Bytes stored.
    pub backup_size: Option<u64>,
    /// SHA-256 of what is stored.
    pub backup_sha256: Option<String>,
    /// Where its record is.
    pub deployment_log: Option<String>,
    /// Wall clock.
    pub duration_seconds: f64,
    /// What can be done about it. For people: not part of the output.
    #[serde(skip)]
    pub hint: Option<String>,
    /// Bytes before compression. For people: not part of the output.
    #[serde(skip)]
    pub dump_size: Option<u64>,
}

impl SponsorResult {
    /// A success of which nothing else is known yet.
    #[must_use]
    pub fn success(sponsor: &str, duration_seconds: f64) -> Self {
        Self {
            sponsor: sponsor.to_owned(),
            outcome: Outcome::Success,
            stage: None,
            message: None,
            backup_location: None,
            backup_size: None,
            backup_sha256: None,
            deployment_log: None,
            duration_seconds: (duration_seconds * 1000.0).round() / 1000.0,
            hint: None,
            dump_size: None,
        }
    }

    /// Makes it a failure; what is known already stays.
    pub fn fail(&mut self, stage: &'static str, message: String, hint: Option<String>) {
        self.outcome = Outcome::Failure;
        self.stage = Some(stage);
        self.message = Some(message);
        self.hint = hint;
    }
}

/// One word for all sponsors: a failure of any is a failure; disabled only where nobody was enabled.
#[must_use]
pub fn overall(results: &[SponsorResult]) -> Outcome {
    let any = |outcome| results.iter().any(|result| result.outcome == outcome);
    if any(Outcome::Failure) {
        Outcome::Failure
    } else if any(Outcome::Disabled) && !any(Outcome::Success) {
        Outcome::Disabled
    } else {
        Outcome::Success
    }
}

/// How many results have this outcome.
#[must_use]
pub fn count(results: &[SponsorResult], outcome: Outcome) -> usize {
    results.iter().filter(|result| result.outcome == outcome).count()
}

#[cfg(test)]
pub(crate) mod sample {
    use super::{Outcome, SponsorResult};

    /// A result with plausible facts, for tests of texts.
    pub(crate) fn result(sponsor: &str, outcome: Outcome) -> SponsorResult {
        let well = outcome == Outcome::Success;
        let failed = outcome == Outcome::Failure;
        let location = format!(
            "s3://hht-diary-backups-{sponsor}-eu-west-1/backups/2026/11/20/backup-prod-20261120-120000.sql.gz"
        );
        SponsorResult {
            sponsor: sponsor.to_owned(),
            outcome,
            stage: failed.then_some("dump"),
            message: failed.then(|| {
                "db.example.org:5432/app: FATAL:  password authentication failed for user \"app\"".to_owned()
            }),
            backup_location: well.then_some(location),
            backup_size: well.then_some(13_421_773),
            backup_sha256: well.then(|| "0123456789abcdef".repeat(4)),
            deployment_log: Some(format!("deployment-logs/{sponsor}/deployment-prod-20261120-120000.json")),
            duration_seconds: 12.34,
            hint: failed.then(|| "Correct user and password in DATABASE_URL.".to_owned()),
            dump_size: well.then_some(53_687_091),
        }
    }
}
