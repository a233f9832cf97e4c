//! The findings of a drill, and its result. Pure.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::limits::{Measured, ahead, dated_ahead, words};
use super::{Comparison, Conclusion, State, conclusion};
use crate::archive::backup_manifest::Partial;
use crate::databases::postgres::restore::LeftOut;
use crate::databases::postgres::sql::without_comments;

/// The result of a drill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The restored database equals its backup (or its rows do, if versions differ), every check is true and every
    /// limit is met.
    Passed,
    /// The same, but something was left out on purpose.
    Incomplete,
    /// Something differs, a check is not true, or a limit is exceeded.
    Failed,
    /// The drill did not reach its end.
    Error,
    /// A signal stopped the drill.
    Cancelled,
}

impl Status {
    /// The value in documents and outputs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One of the sponsor's own checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The statement.
    pub statement: String,
    /// Whether it returned true.
    pub passed: bool,
    /// What it returned, or the error code.
    pub answer: String,
}

impl Check {
    /// The statement in one line, without the comments above it and the semicolon at its end.
    fn in_a_line(&self) -> String {
        let statement = without_comments(self.statement.as_bytes());
        let statement = String::from_utf8_lossy(statement);
        let words: Vec<&str> = statement.split_whitespace().collect();
        words.join(" ").trim_end_matches([';', ' ']).to_owned()
    }
}

/// What falls short although the restored database equals its backup.
struct Shortfall {
    words: String,
    remedy: &'static str,
}

/// Where it was restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Target {
    /// `throwaway` or `existing`.
    pub kind: &'static str,
    /// `host:port/database` of an existing server.
    pub place: Option<String>,
    /// The server's version.
    pub server_version: String,
    /// Whether the server, or the database on an existing server, was removed.
    pub removed: bool,
}

/// The backup of a drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// `s3://…`.
    pub location: String,
    /// Start of the backup, shortly before its snapshot. Later changes may be missing.
    pub snapshot_at: Timestamp,
    /// Stored size in bytes.
    pub bytes: u64,
    /// SHA-256 of the stored object, hexadecimal.
    pub sha256: String,
    /// What the user excluded.
    pub partial: Option<Partial>,
}

/// Duration of each phase, `None` if it was not reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Phases {
    /// Fetching the object and verifying its hash.
    pub fetch: Option<Duration>,
    /// Decrypting and decompressing it.
    pub decrypt: Option<Duration>,
    /// Starting the server and loading, including the second download.
    pub load: Option<Duration>,
    /// Reading the restored database, comparing and checking.
    pub verify: Option<Duration>,
}

/// Everything that a drill learned, as far as it came.
#[derive(Debug, Clone, Default)]
pub struct DrillFindings {
    /// The backup.
    pub backup: Option<Backup>,
    /// Newer backups that were skipped, each as a phrase.
    pub passed: Vec<String>,
    /// Where the backup was restored.
    pub target: Option<Target>,
    /// Durations.
    pub phases: Phases,
    /// Comparison of the restored database with the backup.
    pub comparison: Option<Comparison>,
    /// The sponsor's own checks.
    pub checks: Vec<Check>,
    /// What was left out.
    pub left_out: Vec<LeftOut>,
    /// Roles that the dump names and that the drill created.
    pub roles_made: Vec<String>,
}

/// How a drill was set up, and how it ended.
#[derive(Debug, Clone, Copy)]
pub struct DrillCourse<'a> {
    /// Start of the drill.
    pub at: Timestamp,
    /// Duration of the whole drill.
    pub took: Duration,
    /// Maximum age of the backup.
    pub max_rpo: Option<Duration>,
    /// Maximum duration of the drill.
    pub max_rto: Option<Duration>,
    /// Stage and message of what stopped the drill early, and whether it was a signal.
    pub broken: Option<(&'static str, &'a str, bool)>,
}

impl DrillCourse<'_> {
    /// Age of the backup when the drill began. `None` if none was found, or one from the future.
    #[must_use]
    pub fn age(&self, findings: &DrillFindings) -> Option<Measured> {
        let snapshot = findings.backup.as_ref()?.snapshot_at;
        if ahead(snapshot, self.at).is_some() {
            return None;
        }
        // A clock that is a little behind must not produce a negative age.
        let took = Duration::try_from(self.at.duration_since(snapshot)).unwrap_or_default();
        Some(Measured { took, limit: self.max_rpo })
    }

    /// Whether the age limit was met. A backup from the future does not meet it.
    #[must_use]
    pub fn is_rpo_kept(&self, findings: &DrillFindings) -> Option<bool> {
        findings.backup.as_ref()?;
        let limit = self.max_rpo?;
        Some(self.age(findings).is_some_and(|age| age.took <= limit))
    }

    /// Duration of the drill, with its limit.
    #[must_use]
    pub fn restore_time(&self) -> Measured {
        Measured { took: self.took, limit: self.max_rto }
    }

    /// Whether the duration limit was met. A drill that stopped early has an answer only if it took too long already.
    #[must_use]
    pub fn is_rto_kept(&self, findings: &DrillFindings) -> Option<bool> {
        let reached = self.broken.is_none() && findings.comparison.is_some();
        self.restore_time().is_compliant().filter(|kept| reached || !kept)
    }

    /// What is wrong, each as a phrase: differences, checks, age and duration.
    #[must_use]
    pub fn wrong(&self, findings: &DrillFindings) -> Vec<String> {
        let mut wrong = findings.comparison.as_ref().map(Comparison::findings).unwrap_or_default();
        wrong.extend(self.shortfalls(findings).into_iter().map(|shortfall| shortfall.words));
        wrong
    }

    /// What is wrong even if the restored database equals its backup.
    fn shortfalls(&self, findings: &DrillFindings) -> Vec<Shortfall> {
        let untrue = findings.checks.iter().filter(|check| !check.passed);
        let mut wrong: Vec<Shortfall> = untrue
            .map(|check| Shortfall {
                words: format!("check returned {}: {}", check.answer, check.in_a_line()),
                remedy: "Look at the data, or correct the check in `drill-checks`.",
            })
            .collect();
        let excess = |Measured { took, limit }: Measured| {
            let limit = limit.filter(|limit| took > *limit)?;
            Some((words(took), words(limit)))
        };
        let snapshot = findings.backup.as_ref().map(|backup| backup.snapshot_at);
        if let (Some(by), Some(_)) = (snapshot.and_then(|at| ahead(at, self.at)), self.max_rpo) {
            wrong.push(Shortfall {
                words: format!("the age of the backup is unknown (`max-rpo`): {}", dated_ahead(by)),
                remedy: "Check the clocks of this machine and of the one that took the backup.",
            });
        }
        if let Some((age, limit)) = self.age(findings).and_then(excess) {
            wrong.push(Shortfall {
                words: format!("the backup is {age} old, more than `max-rpo` ({limit})"),
                remedy: "Back up more often, or raise `max-rpo`.",
            });
        }
        if let Some((took, limit)) = excess(self.restore_time()) {
            wrong.push(Shortfall {
                words: format!("the drill took {took}, more than `max-rto` ({limit})"),
                remedy: "Use a faster machine, or raise `max-rto`.",
            });
        }
        wrong
    }

    /// What the reader can do about a drill that found something wrong.
    #[must_use]
    pub fn hint(&self, findings: &DrillFindings) -> String {
        let mut hints = if self.conclusion(findings).state() == Some(State::Proven) {
            vec!["The backup restores."]
        } else {
            vec![
                "The drill report lists every table and statement that differs. Do not rely on this backup alone until you know why.",
            ]
        };
        hints.extend(findings.comparison.as_ref().and_then(Comparison::remedy));
        for Shortfall { remedy, .. } in self.shortfalls(findings) {
            if !hints.contains(&remedy) {
                hints.push(remedy);
            }
        }
        hints.join(" ")
    }

    /// The facts for its conclusion.
    #[must_use]
    pub fn restored<'f>(&self, findings: &'f DrillFindings) -> conclusion::Restored<'f> {
        let falls_short = !self.shortfalls(findings).is_empty();
        conclusion::Restored { comparison: findings.comparison.as_ref(), falls_short }
    }

    /// The conclusion. A drill that stopped early is a failure, whatever it had found.
    #[must_use]
    pub fn conclusion(&self, findings: &DrillFindings) -> Conclusion {
        let found = Conclusion::of_restore(self.restored(findings));
        if self.broken.is_some() { found.but_failed() } else { found }
    }

    /// The conclusion as the report's status.
    #[must_use]
    pub fn status(&self, findings: &DrillFindings) -> Status {
        let conclusion = self.conclusion(findings);
        match (self.broken, conclusion.state()) {
            (Some((_, _, true)), _) => Status::Cancelled,
            (Some(("proof", ..)), _) => Status::Failed,
            (Some(_), _) | (None, None) => Status::Error,
            (None, Some(_)) if conclusion.is_success() => Status::Passed,
            (None, Some(State::Incomplete)) if self.wrong(findings).is_empty() => Status::Incomplete,
            (None, Some(_)) => Status::Failed,
        }
    }
}
