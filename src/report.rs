//! Everything that people and workflows read. Text is made here, purely. Only `sink` writes it, and
//! `metrics_file`, `pushgateway`, `notifier` and `mailer` what goes elsewhere.

pub mod diff;
pub mod digest;
pub mod disabled;
pub mod drill;
pub mod history;
pub mod holds;
pub mod issue;
pub mod leftovers;
pub mod lines;
pub mod listing;
pub mod mailer;
pub mod metrics;
pub mod metrics_file;
pub mod notification;
pub mod notifier;
pub mod outputs;
pub mod page;
pub mod posting;
pub mod preflight;
pub mod pruning;
pub mod pushgateway;
pub mod redaction;
pub mod restore;
pub mod shown_backup;
pub mod sink;
pub mod summary;
pub mod verify;
pub mod workflow;

mod columns;
mod markdown;
mod replaced_file;

use serde::Serialize;

use crate::databases::postgres::restore::TargetState;
use crate::verification::{Conclusion, Outcome, State};

/// The stage of what a signal stopped.
const CANCELLED: &str = "cancelled";
/// The stage of a record that was not saved.
const RECORD: &str = "record";

/// How one sponsor's part ended: an entry of the `results` output.
#[derive(Debug, Clone, Serialize)]
pub struct SponsorResult {
    /// Sponsor's name.
    pub sponsor: String,
    /// `outcome` and `state`, which only [`Conclusion`]'s own facts can make a success.
    #[serde(flatten)]
    conclusion: Conclusion,
    /// Stage in which it failed.
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
    /// What a restore's or drill's target holds now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetState>,
    /// What can be done about it. For people: not part of the output.
    #[serde(skip)]
    pub hint: Option<String>,
    /// Bytes before compression. For people: not part of the output.
    #[serde(skip)]
    pub dump_size: Option<u64>,
    /// What is odd about it, and what follows from its failure, each in words. For people: not part of the output.
    #[serde(skip)]
    pub warnings: Vec<String>,
    /// Until when its backup cannot be deleted: `2033-11-29 (compliance)`. For people: not part of the output.
    #[serde(skip)]
    pub locked_until: Option<String>,
    /// The plan of a dry run, each fact with its label. For people: not part of the output.
    #[serde(skip)]
    pub plan: Vec<(&'static str, String)>,
    /// Its deployment record. For people: not part of the output.
    #[serde(skip)]
    pub record: Option<Record>,
    /// What caused its failure, the nearest cause first: more detail for `RUNNER_DEBUG=1`.
    #[serde(skip)]
    pub causes: Vec<String>,
    /// More lines of its log, each a label and a text: `target`, `report`. For people: not part of the output.
    #[serde(skip)]
    pub labels: Vec<(&'static str, String)>,
    /// Backups in an archive tier that were left out by request. For people: not part of the output.
    #[serde(skip)]
    pub frozen: usize,
    /// Whether an earlier run had stored the copy. For people: its record has it.
    #[serde(skip)]
    pub was_there: bool,
}

/// A deployment record as it was written.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its JSON.
    pub text: String,
    /// Whether it is in S3.
    pub is_in_s3: bool,
}

impl SponsorResult {
    /// A result with its conclusion only.
    #[must_use]
    pub fn new(sponsor: &str, conclusion: Conclusion, duration_seconds: f64) -> Self {
        Self {
            sponsor: sponsor.to_owned(),
            conclusion,
            stage: None,
            message: None,
            backup_location: None,
            backup_size: None,
            backup_sha256: None,
            deployment_log: None,
            duration_seconds: (duration_seconds * 1000.0).round() / 1000.0,
            target: None,
            hint: None,
            dump_size: None,
            warnings: Vec::new(),
            labels: Vec::new(),
            locked_until: None,
            plan: Vec::new(),
            record: None,
            causes: Vec::new(),
            frozen: 0,
            was_there: false,
        }
    }

    /// Makes it a failure; what is known already stays.
    pub fn fail(&mut self, stage: &'static str, message: String, hint: Option<String>) {
        // The state stays: a backup whose record was not saved is a backup all the same.
        self.conclusion = self.conclusion.but_failed();
        self.stage = Some(stage);
        self.message = Some(message);
        self.hint = hint;
    }

    /// Whether a signal stopped it.
    fn is_cancelled(&self) -> bool {
        self.outcome() == Outcome::Failure && self.stage == Some(CANCELLED)
    }

    /// Whether everything was done and proved except for its record.
    fn lacks_only_its_record(&self) -> bool {
        let is_done = matches!(
            self.conclusion.state(),
            Some(State::Complete | State::Partial | State::Empty | State::Proven)
        );
        self.outcome() == Outcome::Failure && self.stage == Some(RECORD) && is_done
    }

    /// What it came to.
    #[must_use]
    pub fn conclusion(&self) -> Conclusion {
        self.conclusion
    }

    /// How it ended.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.conclusion.outcome()
    }

    /// The sign in front of it. The green one is for a success about which there is nothing more to say.
    fn sign(&self) -> &'static str {
        let is_notable = self.conclusion.state().is_some_and(State::is_notable);
        match self.outcome() {
            Outcome::Failure => "❌",
            Outcome::Success if self.warnings.is_empty() && !is_notable => "✅",
            Outcome::Success | Outcome::Disabled => "⚠️",
            Outcome::Planned => "📝",
        }
    }
}

/// What all results come to together.
#[must_use]
pub fn overall(results: &[SponsorResult]) -> Conclusion {
    Conclusion::overall(&results.iter().map(SponsorResult::conclusion).collect::<Vec<_>>())
}

/// How many results have this outcome.
#[must_use]
pub fn count(results: &[SponsorResult], outcome: Outcome) -> usize {
    results.iter().filter(|result| result.outcome() == outcome).count()
}

#[cfg(test)]
pub(crate) mod sample {
    use super::{Outcome, SponsorResult, State};
    use crate::databases::postgres::proof::TablePair;
    use crate::databases::postgres::restore::LeftOut;
    use crate::record::drill::{DrillReport, Durations, Statements};
    use crate::verification::Conclusion;
    use crate::verification::conclusion::{BackupFacts, ContentTotals};
    use crate::verification::drill::{Check, Status, Target};

    /// A backup that is as it should be.
    pub(crate) fn backed_up() -> Conclusion {
        let held = ContentTotals { tables: 3, rows: 52_500, bytes: 53_687_091 };
        Conclusion::of_backup(&BackupFacts { held, partial: false, rows_before: Some(52_000) })
    }

    /// A result with plausible facts, for tests of texts.
    pub(crate) fn result(sponsor: &str, outcome: Outcome) -> SponsorResult {
        let conclusion = match outcome {
            Outcome::Success => backed_up(),
            Outcome::Failure => Conclusion::failed(None),
            Outcome::Disabled => Conclusion::disabled(),
            Outcome::Planned => Conclusion::planned(),
        };
        let well = outcome == Outcome::Success;
        let failed = outcome == Outcome::Failure;
        let location = format!(
            "s3://hht-diary-backups-{sponsor}-eu-west-1/backups/2026/11/20/backup-prod-20261120-120000.sql.gz"
        );
        SponsorResult {
            stage: failed.then_some("dump"),
            message: failed.then(|| {
                "db.example.org:5432/app: FATAL:  password authentication failed for user \"app\"".to_owned()
            }),
            backup_location: well.then_some(location),
            backup_size: well.then_some(13_421_773),
            backup_sha256: well.then(|| "0123456789abcdef".repeat(4)),
            deployment_log: Some(format!("deployment-logs/{sponsor}/deployment-prod-20261120-120000.json")),
            hint: failed.then(|| "Correct user and password in DATABASE_URL.".to_owned()),
            dump_size: well.then_some(53_687_091),
            locked_until: well.then(|| "2033-11-20 (compliance)".to_owned()),
            ..SponsorResult::new(sponsor, conclusion, 12.34)
        }
    }

    fn table(name: &str, rows_found: u64, is_equal: bool) -> TablePair {
        let (schema, name) = ("diary".to_owned(), name.to_owned());
        TablePair {
            schema,
            name,
            rows_expected: Some(120_000),
            rows_found: Some(rows_found),
            is_equal,
            generated_differ: false,
        }
    }

    fn check(statement: &str, passed: bool) -> Check {
        let answer = if passed { "t" } else { "f" }.to_owned();
        Check { statement: statement.to_owned(), passed, answer }
    }

    /// A drill that found one table different, with checks and limits.
    pub(crate) fn drilled() -> DrillReport {
        let at = jiff::Timestamp::UNIX_EPOCH;
        DrillReport {
            format_version: 1,
            status: Status::Failed,
            outcome: Outcome::Failure,
            state: Some(State::Different),
            verdict: Some("not equal"),
            drill_timestamp: at,
            environment: "production".to_owned(),
            sponsor: "callisto".to_owned(),
            sponsor_code: "CAL".to_owned(),
            backup_location: Some("s3://hht-diary-backups-callisto-eu-west-1/backups/2026/11/20/backup-prod-20261120-120000.sql.gz".to_owned()),
            backup_snapshot_at: Some(at),
            backup_size_bytes: Some(13_421_773),
            backup_sha256: Some("0123456789abcdef".repeat(4)),
            partial: None,
            passed_over: Vec::new(),
            backup_age_minutes: Some(0.07),
            max_rpo_minutes: Some(360.0),
            rpo_compliant: Some(true),
            restore_duration_minutes: 75.5,
            max_rto_minutes: Some(60.0),
            rto_compliant: Some(false),
            durations_ms: Durations {
                fetch: Some(37),
                decrypt: Some(5),
                load: Some(4_321),
                verify: Some(90_000),
                total: 95_000,
            },
            target: Some(Target {
                kind: "throwaway",
                place: None,
                server_version: "15.14".to_owned(),
                removed: true,
            }),
            rows_expected: Some(240_000),
            rows_found: Some(239_999),
            tables: vec![table("patients", 120_000, true), table("visits", 119_999, false)],
            statements: Some(Statements { expected: 12, found: 12, equal: Some(true) }),
            not_compared: vec!["materialized views: 1".to_owned()],
            checks: vec![
                check("-- Every visit has a patient.\nSELECT count(*) = 0\n  FROM diary.visits WHERE patient IS NULL", true),
                check("SELECT count(*) > 0 FROM diary.visits", false),
            ],
            left_out: vec![LeftOut { statement: "EXTENSION pg_cron".to_owned(), reason: "not available".to_owned() }],
            roles_made: vec!["app".to_owned()],
            findings: vec!["table diary.visits has 119,999 rows, expected 120,000".to_owned()],
            warnings: Vec::new(),
            stage: None,
            message: None,
            tool_version: "0.1.0",
            actor: None,
            repository: None,
            workflow: None,
            github_run_id: None,
            github_run_attempt: None,
            github_run_url: None,
        }
    }
}

#[cfg(test)]
mod tests;
