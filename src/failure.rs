//! Everything that can fail, one variant per cause, each with its stage, exit code and hint.

use std::time::Duration;

use crate::archive::ArchiveError;
use crate::cli::UsageError;
use crate::databases::postgres::PostgresError;
use crate::databases::postgres::restore::RestoreError;
use crate::manifest::ManifestError;
use crate::record::RecordError;
use crate::report::sink::ReportError;
use crate::secrets::SecretsError;
use crate::sponsors::SponsorsError;
use crate::stop::Signal;
use crate::store::StoreError;
use crate::verification::VerificationError;

/// Why a command failed, for the whole run or for one sponsor.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// An invalid flag, input or combination.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// The sponsor manifest cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The selection of sponsors does not fit the manifest.
    #[error(transparent)]
    Sponsors(#[from] SponsorsError),
    /// A secret or token is missing, rejected or malformed.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The dump failed.
    #[error(transparent)]
    Dump(#[from] PostgresError),
    /// S3, or what it stores.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The restore failed.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// A check failed.
    #[error(transparent)]
    Proof(#[from] VerificationError),
    /// The record was not saved.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// One of the runner's files. They are checked before the start, so the disk has filled up since.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The system grants too few threads to begin with.
    #[error("cannot start: the system does not grant {needed} threads: {reason}")]
    NoThreads {
        /// Threads that the program begins with.
        needed: usize,
        /// Error of the system.
        reason: String,
    },
    /// One sponsor exceeded its time limit.
    #[error(transparent)]
    TimedOut(TimedOut),
    /// Something failed after the target had changed, or may have changed.
    #[error(transparent)]
    Unproved(Box<Self>),
    /// A signal stopped the program.
    #[error("cancelled by {}", .0.by.name())]
    Cancelled(Cancelled),
    /// A bug in this program.
    #[error("internal error: {0}")]
    Bug(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Archive(error.into())
    }
}

/// One sponsor exceeded its time limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("timed out after {:#} (input `timeout`)", jiff::SignedDuration::try_from(*.after).unwrap_or_default())]
pub struct TimedOut {
    after: Duration,
    doing: Doing,
}

/// What the time limit covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// A backup.
    Dump,
    /// Reading a stored backup.
    Archive,
    /// A restore.
    Restore,
    /// A drill.
    Drill,
    /// A copy of a stored backup.
    Copy,
}

impl TimedOut {
    /// The failure after a time limit.
    #[must_use]
    pub fn new(after: Duration, doing: Doing) -> Self {
        Self { after, doing }
    }

    /// The time limit.
    #[must_use]
    pub fn after(self) -> Duration {
        self.after
    }

    /// What the time limit covers.
    #[must_use]
    pub fn doing(self) -> Doing {
        self.doing
    }
}

/// A signal, and what it interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cancelled {
    by: Signal,
    /// `None` if no sponsor was being processed.
    doing: Option<Doing>,
}

impl Cancelled {
    /// A signal while a sponsor was processed.
    #[must_use]
    pub fn during(by: Signal, doing: Doing) -> Self {
        Self { by, doing: Some(doing) }
    }

    fn hint(self) -> &'static str {
        match self.doing {
            None => "Run it again.",
            Some(Doing::Dump) => "Run it again. An unfinished backup does not count as a backup.",
            Some(Doing::Archive) => "Run it again. It only reads, so nothing was changed.",
            Some(Doing::Restore) => "Check what became of the target, then run it again.",
            Some(Doing::Copy) => "Run it again. An unfinished copy does not count as a backup.",
            Some(Doing::Drill) => "Run the drill again. It changes no live database.",
        }
    }
}

impl From<Signal> for Cancelled {
    fn from(by: Signal) -> Self {
        Self { by, doing: None }
    }
}

/// The code of invalid usage.
pub const USAGE: u8 = 2;
/// The code of a check that found something.
pub const PROOF: u8 = 17;
/// The code of several failures in different stages.
pub const SEVERAL: u8 = 20;

/// Every exit code, its stage and its meaning, for the documentation.
pub const EXIT_CODES: &[(u8, &str, &str)] = &[
    (0, "", "Success. Disabled sponsors count as success"),
    (
        1,
        "bug",
        "Internal error, too few threads, or standard output or a runner's file that could not be written during the run",
    ),
    (
        USAGE,
        "usage",
        "Invalid flag, input or combination. Also a runner's file or `log-file` that cannot be written at the start",
    ),
    (10, "manifest", "Sponsor manifest unreadable or invalid"),
    (11, "sponsors", "Sponsor unknown or not enabled, or no sponsor enabled"),
    (
        12,
        "secrets",
        "Secret or token missing, rejected or malformed, or backups disabled despite `require-backup`",
    ),
    (13, "dump", "Dump failed, incomplete or timed out. Also a malformed `DATABASE_URL`"),
    (14, "archive", "Upload or download failed, no such backup, or the stored data does not match"),
    (15, "record", "Record not saved. A backup that was taken is stored"),
    (16, "restore", "Restore failed, the target is `unchanged`"),
    (
        PROOF,
        "proof",
        "A check failed: backup and database differ, a limit such as `max-backup-age` is exceeded, or `preflight` found an obstacle. Also a restore that failed after it changed the target (`target` in `results`)",
    ),
    (SEVERAL, "", "Several sponsors failed in different stages. See `results` or the summary"),
    (130, "cancelled", "Cancelled by SIGINT. Unfinished backups do not count as backups"),
    (143, "cancelled", "Cancelled by SIGTERM. Unfinished backups do not count as backups"),
];

impl Failure {
    /// The stage that failed, and the exit code.
    #[must_use]
    pub fn stage_and_code(&self) -> (&'static str, u8) {
        match self {
            Self::Bug(_) => ("bug", 1),
            Self::Report(_) => ("report", 1),
            Self::NoThreads { .. } => ("start", 1),
            Self::Usage(_) => ("usage", USAGE),
            Self::Manifest(_) => ("manifest", 10),
            Self::Sponsors(_) => ("sponsors", 11),
            Self::Secrets(_) => ("secrets", 12),
            Self::Dump(_) | Self::TimedOut(TimedOut { doing: Doing::Dump, .. }) => ("dump", 13),
            Self::Archive(_) | Self::TimedOut(TimedOut { doing: Doing::Archive | Doing::Copy, .. }) => {
                ("archive", 14)
            }
            Self::Record(_) => ("record", 15),
            Self::Restore(_) | Self::TimedOut(TimedOut { doing: Doing::Restore | Doing::Drill, .. }) => {
                ("restore", 16)
            }
            Self::Proof(_) | Self::Unproved(_) => ("proof", PROOF),
            Self::Cancelled(Cancelled { by: Signal::Interrupt, .. }) => ("cancelled", 130),
            Self::Cancelled(Cancelled { by: Signal::Terminate, .. }) => ("cancelled", 143),
        }
    }

    /// Whether it is only the consequence of a signal or a time limit.
    #[must_use]
    pub fn is_stop(&self) -> bool {
        match self {
            Self::Dump(error) => matches!(error, PostgresError::Stopped { .. }),
            Self::Archive(error) => error.stopped().is_some(),
            Self::Restore(error) => error.is_stop(),
            _ => false,
        }
    }

    /// The same failure after the target had changed, or may have changed. Cancellations and bugs stay what they are.
    #[must_use]
    pub fn after_a_change(self) -> Self {
        match self.stage_and_code().1 {
            13..=16 => Self::Unproved(Box::new(self)),
            _ => self,
        }
    }

    /// What the reader can do about it, one or more sentences.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage(error) => error.hint.clone(),
            Self::Manifest(error) => Some(error.hint()),
            Self::Sponsors(error) => Some(error.hint()),
            Self::Secrets(error) => Some(error.hint()),
            Self::Dump(error) => error.hint(),
            Self::Archive(error) => error.hint(),
            Self::Record(error) => error.hint(),
            Self::Restore(error) => error.hint(),
            Self::Proof(error) => Some(error.hint.clone()),
            Self::TimedOut(TimedOut { doing: Doing::Archive | Doing::Copy, .. }) => {
                Some("Raise `timeout`, or find out why the transfer is slow.".to_owned())
            }
            Self::TimedOut(_) => Some("Raise `timeout`, or find out why the database is slow.".to_owned()),
            Self::Unproved(failure) => failure.hint(),
            Self::Cancelled(cancelled) => Some(cancelled.hint().to_owned()),
            Self::Report(error) => Some(error.hint().to_owned()),
            Self::NoThreads { .. } => {
                Some("Raise the limit of processes, with `ulimit -u` or in the container.".to_owned())
            }
            Self::Bug(_) => {
                Some("Report this message and the output of `sponsor-backup --version`.".to_owned())
            }
        }
    }
}

/// The exit code of a run, from the codes of its failures.
#[must_use]
pub fn exit_code(codes: &[u8]) -> u8 {
    match codes {
        [] => 0,
        [first, others @ ..] if others.iter().all(|code| code == first) => *first,
        _ => SEVERAL,
    }
}

#[cfg(test)]
mod tests;
