//! What a drill learned, and what it came to: derived from what it found, here and nowhere else. Pure.

mod report;

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::RunIdentity;
use crate::proof::limits::Measured;
use crate::proof::{Comparison, Verdict};
use crate::sponsors::{Environment, Sponsor};
pub use report::DrillReport;

/// What a drill came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The restored database equals its backup (or its rows do, where versions differ), every check is true and every
    /// limit is kept.
    Passed,
    /// The same, but something was left out on purpose.
    Incomplete,
    /// Something differs, a check is not true, or a limit is exceeded.
    Failed,
    /// The drill could not be carried out to its end.
    Error,
    /// It was stopped.
    Cancelled,
}

impl Status {
    /// The word that documents and outputs use.
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

/// One of the sponsor's own assertions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The statement.
    pub statement: String,
    /// Whether it returned true.
    pub passed: bool,
    /// What it returned, or the server's error.
    pub answer: String,
}

/// A statement that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Its beginning.
    pub statement: String,
    /// What the server said.
    pub reason: String,
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
    /// Whether the server, or the database on the existing one, is gone again.
    pub removed: bool,
}

/// The backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// `s3://…`.
    pub location: String,
    /// Before its snapshot was taken.
    pub snapshot_at: Timestamp,
    /// Bytes stored.
    pub bytes: u64,
    /// SHA-256 of what is stored.
    pub sha256: String,
}

/// How long each phase took; `None` where it was not reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Phases {
    /// Fetching the object and proving its hash.
    pub fetch: Option<Duration>,
    /// Decrypting and decompressing it.
    pub decrypt: Option<Duration>,
    /// Starting the server and loading, the second fetch included.
    pub load: Option<Duration>,
    /// Reading the restored database, comparing and checking.
    pub verify: Option<Duration>,
}

/// All that a drill learned, as far as it came.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// The backup.
    pub backup: Option<Backup>,
    /// Where it was restored.
    pub target: Option<Target>,
    /// How long it took.
    pub phases: Phases,
    /// How it compares.
    pub comparison: Option<Comparison>,
    /// The sponsor's own checks.
    pub checks: Vec<Check>,
    /// What was left out.
    pub left_out: Vec<LeftOut>,
    /// Roles that the dump names and that were made for the drill.
    pub roles_made: Vec<String>,
}

/// How a drill was set up and how it ended.
#[derive(Debug, Clone, Copy)]
pub struct Course<'a> {
    /// Whose.
    pub sponsor: &'a Sponsor,
    /// Where.
    pub environment: Environment,
    /// When it began.
    pub at: Timestamp,
    /// How long all of it took.
    pub took: Duration,
    /// How old the backup may be.
    pub max_rpo: Option<Duration>,
    /// How long all may take.
    pub max_rto: Option<Duration>,
    /// What kept it from its end: stage and message, and whether somebody stopped it.
    pub broken: Option<(&'static str, &'a str, bool)>,
    /// Who runs it.
    pub run: &'a RunIdentity,
}

impl Course<'_> {
    /// How old the backup is.
    #[must_use]
    pub fn age(&self, findings: &Findings) -> Option<Measured> {
        let snapshot = findings.backup.as_ref()?.snapshot_at;
        // A clock that is behind makes no backup younger than new.
        let took = Duration::try_from(self.at.duration_since(snapshot)).unwrap_or_default();
        Some(Measured { took, limit: self.max_rpo })
    }

    fn restore_time(&self) -> Measured {
        Measured { took: self.took, limit: self.max_rto }
    }

    /// What is wrong, each in words: what differs, what is not true, what takes too long.
    #[must_use]
    pub fn wrong(&self, findings: &Findings) -> Vec<String> {
        let mut wrong = findings.comparison.as_ref().map(Comparison::findings).unwrap_or_default();
        let untrue = findings.checks.iter().filter(|check| !check.passed);
        wrong.extend(
            untrue.map(|check| format!("check is not true but {}: {}", check.answer, check.statement)),
        );
        let age = self.age(findings);
        let measured = [("the backup is", "old", age), ("the drill took", "", Some(self.restore_time()))];
        for (what, unit, measured) in measured {
            let Some(Measured { took, limit: Some(limit) }) = measured else { continue };
            if took > limit {
                let words = |time| crate::proof::limits::words(time);
                wrong.push(
                    format!("{what} {} {unit}, and at most {} are allowed", words(took), words(limit))
                        .replace(" ,", ","),
                );
            }
        }
        wrong
    }

    /// What the drill came to.
    #[must_use]
    pub fn status(&self, findings: &Findings) -> Status {
        match (self.broken, &findings.comparison) {
            (Some((_, _, true)), _) => Status::Cancelled,
            (Some(("proof", ..)), _) => Status::Failed,
            (Some(_), _) | (None, None) => Status::Error,
            (None, Some(comparison)) => match comparison.verdict() {
                _ if !self.wrong(findings).is_empty() => Status::Failed,
                Verdict::NotEqual => Status::Failed,
                Verdict::Incomplete => Status::Incomplete,
                Verdict::Equal | Verdict::RowsEqual => Status::Passed,
            },
        }
    }
}
