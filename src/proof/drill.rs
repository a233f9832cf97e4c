//! What a drill learned, and what that comes to. Pure.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use super::limits::{Measured, words};
use super::{Comparison, Conclusion, State, conclusion};
use crate::archive::description::Partial;

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
    /// A moment before its snapshot was taken: nothing later is surely in it.
    pub snapshot_at: Timestamp,
    /// Size as it is stored, in bytes.
    pub bytes: u64,
    /// SHA-256 of what is stored, hexadecimal.
    pub sha256: String,
    /// What was left out of it by request.
    pub partial: Option<Partial>,
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
    /// Newer backups that were passed over, each in words.
    pub passed: Vec<String>,
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
}

impl Course<'_> {
    /// How old the backup was when the drill began; `None` where none was found.
    #[must_use]
    pub fn age(&self, findings: &Findings) -> Option<Measured> {
        let snapshot = findings.backup.as_ref()?.snapshot_at;
        // A clock that is behind makes no backup younger than new.
        let took = Duration::try_from(self.at.duration_since(snapshot)).unwrap_or_default();
        Some(Measured { took, limit: self.max_rpo })
    }

    /// How long it took.
    #[must_use]
    pub fn restore_time(&self) -> Measured {
        Measured { took: self.took, limit: self.max_rto }
    }

    /// Whether its time was kept. A drill that did not reach its end says so only where it took too long already.
    #[must_use]
    pub fn is_rto_kept(&self, findings: &Findings) -> Option<bool> {
        let reached = self.broken.is_none() && findings.comparison.is_some();
        self.restore_time().is_compliant().filter(|kept| reached || !kept)
    }

    /// What is wrong, each in words: what differs, what is not true, what is too old or takes too long.
    #[must_use]
    pub fn wrong(&self, findings: &Findings) -> Vec<String> {
        let mut wrong = findings.comparison.as_ref().map(Comparison::findings).unwrap_or_default();
        wrong.extend(self.shortfalls(findings));
        wrong
    }

    /// What is wrong although the restored database may equal its backup.
    fn shortfalls(&self, findings: &Findings) -> Vec<String> {
        let untrue = findings.checks.iter().filter(|check| !check.passed);
        let mut wrong: Vec<String> =
            untrue.map(|check| format!("check returned {}: {}", check.answer, check.statement)).collect();
        let excess = |Measured { took, limit }: Measured| {
            let limit = limit.filter(|limit| took > *limit)?;
            Some((words(took), words(limit)))
        };
        if let Some((age, limit)) = self.age(findings).and_then(excess) {
            wrong.push(format!("the backup is {age} old, more than `max-rpo` ({limit})"));
        }
        if let Some((took, limit)) = excess(self.restore_time()) {
            wrong.push(format!("the drill took {took}, more than `max-rto` ({limit})"));
        }
        wrong
    }

    /// What its conclusion is drawn from.
    #[must_use]
    pub fn restored<'f>(&self, findings: &'f Findings) -> conclusion::Restored<'f> {
        let falls_short = !self.shortfalls(findings).is_empty();
        conclusion::Restored { comparison: findings.comparison.as_ref(), falls_short }
    }

    /// What it comes to. A drill that was broken off is a failure, whatever it had found by then.
    #[must_use]
    pub fn conclusion(&self, findings: &Findings) -> Conclusion {
        let found = Conclusion::of_restore(self.restored(findings));
        if self.broken.is_some() { found.but_failed() } else { found }
    }

    /// The same in the words of the report.
    #[must_use]
    pub fn status(&self, findings: &Findings) -> Status {
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
