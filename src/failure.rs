//! Everything that can fail, one variant a room: its stage, its exit code, its hint.

use std::time::Duration;

use crate::archive::ArchiveError;
use crate::cli::UsageError;
use crate::dump::DumpError;
use crate::manifest::ManifestError;
use crate::proof::ProofError;
use crate::record::RecordError;
use crate::report::sink::ReportError;
use crate::restore::RestoreError;
use crate::secrets::SecretsError;
use crate::sponsors::SponsorsError;

/// Why a command, or one sponsor's part of it, did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A bad flag, input or combination.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// The manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The selection.
    #[error(transparent)]
    Sponsors(#[from] SponsorsError),
    /// Secrets.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The dump.
    #[error(transparent)]
    Dump(#[from] DumpError),
    /// The archive.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The restore.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// A proof that did not hold.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The record.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The runner's files. They are checked before the start, so this is a disk that filled up since.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// One sponsor took too long, whatever it was doing.
    #[error(transparent)]
    TimedOut(TimedOut),
    /// Something failed once the target was not, or not for certain, what it was before.
    #[error(transparent)]
    Unproved(Box<Self>),
    /// Somebody stopped the program.
    #[error("stopped by {}", .0.name())]
    Cancelled(Signal),
    /// A bug in this program.
    #[error("this is a bug in sponsor-backup: {0}")]
    Bug(String),
}

/// The time of one sponsor is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("timed out after {:#} (input `timeout`)", jiff::SignedDuration::try_from(*.after).unwrap_or_default())]
pub struct TimedOut {
    after: Duration,
    doing: Doing,
}

/// What a sponsor's time is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// A backup.
    Dump,
    /// Reading what is stored.
    Archive,
    /// A restore or a drill.
    Restore,
}

impl TimedOut {
    /// What happens when so much time has gone.
    #[must_use]
    pub fn new(after: Duration, doing: Doing) -> Self {
        Self { after, doing }
    }

    /// How much time there is.
    #[must_use]
    pub fn after(self) -> Duration {
        self.after
    }
}

/// A request to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT.
    Interrupt,
    /// SIGTERM.
    Terminate,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }
}

/// The code of several failures that happened in different stages.
pub const SEVERAL: u8 = 20;

/// Every code with which the program ends, its stage and its meaning, for the documentation.
pub const EXIT_CODES: &[(u8, &str, &str)] = &[
    (0, "", "all well; a sponsor whose flag is off is well too"),
    (1, "bug", "a bug in this program, or a runner's file that could not be written"),
    (2, "usage", "a bad flag, input or combination"),
    (10, "manifest", "the sponsor manifest cannot be read, or is wrong"),
    (11, "sponsors", "a selected sponsor is unknown or not enabled, or nobody is enabled"),
    (
        12,
        "secrets",
        "a token or secret is missing, refused or malformed; a flag is off and `require-backup` is on",
    ),
    (13, "dump", "the database could not be dumped whole, or not within `timeout`"),
    (14, "archive", "a backup could not be stored or read, or what is stored is not what was sent"),
    (15, "record", "the record could not be kept; a backup that was taken is there all the same"),
    (16, "restore", "the backup was not restored, and the target is `unchanged`"),
    (
        17,
        "proof",
        "a proof failed: `verify` or `drill` found a difference, a restored database does not equal its backup, a limit was exceeded, such as `max-backup-age`, or a restore failed when its target was no longer `unchanged` (`target` in `results`)",
    ),
    (SEVERAL, "", "several sponsors failed, in different stages; the outputs and the summary tell which"),
    (130, "cancelled", "stopped by SIGINT; what was begun is no backup"),
    (143, "cancelled", "stopped by SIGTERM; what was begun is no backup"),
];

impl Failure {
    /// The room in which it happened, and the code with which the program ends.
    #[must_use]
    pub fn stage_and_code(&self) -> (&'static str, u8) {
        match self {
            Self::Bug(_) => ("bug", 1),
            Self::Report(_) => ("report", 1),
            Self::Usage(_) => ("usage", 2),
            Self::Manifest(_) => ("manifest", 10),
            Self::Sponsors(_) => ("sponsors", 11),
            Self::Secrets(_) => ("secrets", 12),
            Self::Dump(_) | Self::TimedOut(TimedOut { doing: Doing::Dump, .. }) => ("dump", 13),
            Self::Archive(_) | Self::TimedOut(TimedOut { doing: Doing::Archive, .. }) => ("archive", 14),
            Self::Record(_) => ("record", 15),
            Self::Restore(_) | Self::TimedOut(TimedOut { doing: Doing::Restore, .. }) => ("restore", 16),
            Self::Proof(_) | Self::Unproved(_) => ("proof", 17),
            Self::Cancelled(Signal::Interrupt) => ("cancelled", 130),
            Self::Cancelled(Signal::Terminate) => ("cancelled", 143),
        }
    }

    /// Whether it only says that somebody wanted an end.
    #[must_use]
    pub fn is_stop(&self) -> bool {
        match self {
            Self::Dump(error) => matches!(error, DumpError::Stopped { .. }),
            Self::Archive(error) => error.stopped().is_some(),
            Self::Restore(error) => error.is_stop(),
            _ => false,
        }
    }

    /// The same failure, of something that is not, or not for certain, what it was before. Who stopped it, and what is a
    /// bug, stays the same.
    #[must_use]
    pub fn after_a_change(self) -> Self {
        match self.stage_and_code().1 {
            13..=16 => Self::Unproved(Box::new(self)),
            _ => self,
        }
    }

    /// What the reader can do about it.
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
            Self::TimedOut(TimedOut { doing: Doing::Archive, .. }) => {
                Some("Raise `timeout`, or look for what slows the transfer down.".to_owned())
            }
            Self::TimedOut(_) => {
                Some("Raise `timeout`, or look for what slows the database down.".to_owned())
            }
            Self::Unproved(failure) => failure.hint(),
            Self::Cancelled(_) => {
                Some("Only a dump with a manifest beside it is a backup. Run again.".to_owned())
            }
            Self::Report(_) => Some("Check that the runner's disk is not full.".to_owned()),
            Self::Bug(_) => Some("Please report it with this message and the version.".to_owned()),
        }
    }
}

/// The code of a whole run, from those of its failures.
#[must_use]
pub fn exit_code(codes: &[u8]) -> u8 {
    match codes {
        [] => 0,
        [first, others @ ..] if others.iter().all(|code| code == first) => *first,
        _ => SEVERAL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One failure a stage. The match has no wildcard: a new variant does not compile until it is added here too.
    fn one_of_each() -> Vec<Failure> {
        let bug = || Failure::Bug("x".to_owned());
        let failures = vec![
            bug(),
            UsageError::new("x").into(),
            ManifestError::Unreadable { place: "x".to_owned(), reason: "y".to_owned() }.into(),
            SponsorsError::NoneEnabled.into(),
            SecretsError::Required { disabled: "x".to_owned() }.into(),
            DumpError::NoClient.into(),
            Failure::TimedOut(TimedOut::new(Duration::ZERO, Doing::Dump)),
            Failure::TimedOut(TimedOut::new(Duration::ZERO, Doing::Archive)),
            Failure::TimedOut(TimedOut::new(Duration::ZERO, Doing::Restore)),
            Failure::from(RestoreError::Stopped).after_a_change(),
            ArchiveError::Stopped.into(),
            RecordError::Archive(ArchiveError::Stopped).into(),
            RestoreError::Stopped.into(),
            ProofError { place: "x".to_owned(), findings: Vec::new(), hint: "y".to_owned() }.into(),
            Failure::Cancelled(Signal::Interrupt),
            Failure::Cancelled(Signal::Terminate),
        ];
        match bug() {
            Failure::Usage(_)
            | Failure::Manifest(_)
            | Failure::Sponsors(_)
            | Failure::Secrets(_)
            | Failure::Dump(_)
            | Failure::Archive(_)
            | Failure::Record(_)
            | Failure::Restore(_)
            | Failure::Proof(_)
            // Shares its code with a bug; its fields are private to the report.
            | Failure::Report(_)
            | Failure::TimedOut(_)
            | Failure::Unproved(_)
            | Failure::Cancelled(_)
            | Failure::Bug(_) => failures,
        }
    }

    #[test]
    fn the_documented_codes_are_the_ones_that_failures_have() {
        let documented: Vec<(&str, u8)> = EXIT_CODES
            .iter()
            .map(|(code, stage, _)| (*stage, *code))
            .filter(|(_, code)| ![exit_code(&[]), SEVERAL].contains(code))
            .collect();
        let mut real: Vec<(&str, u8)> = one_of_each().iter().map(Failure::stage_and_code).collect();
        real.sort_by_key(|(_, code)| *code);
        real.dedup();
        assert_eq!(documented, real);
    }

    #[test]
    fn the_time_is_told_as_it_is_typed() {
        for (seconds, told) in [(21_600, "6h"), (5, "5s"), (90, "1m 30s")] {
            let over = TimedOut::new(Duration::from_secs(seconds), Doing::Restore);
            assert_eq!(over.to_string(), format!("timed out after {told} (input `timeout`)"));
        }
    }

    #[test]
    fn after_a_change_no_code_says_that_there_was_none() {
        for failure in one_of_each() {
            let before = failure.stage_and_code();
            let after = failure.after_a_change().stage_and_code();
            let expected = if (13..=16).contains(&before.1) { ("proof", 17) } else { before };
            assert_eq!(after, expected);
        }
    }

    #[test]
    fn failures_of_one_stage_keep_its_code_and_others_share_one() {
        assert_eq!(
            [exit_code(&[]), exit_code(&[13]), exit_code(&[13, 13]), exit_code(&[13, 14])],
            [0, 13, 13, 20]
        );
    }
}
