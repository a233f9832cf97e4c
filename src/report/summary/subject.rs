//! What a summary is of, and the words for it. Pure.

use super::super::SponsorResult;

/// What a summary is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// Backups.
    Backup,
    /// Records of a deployment.
    Record,
    /// The job matrix.
    Matrix,
    /// A list of backups.
    List,
    /// What happened.
    History,
    /// One backup's description.
    Show,
    /// Two backups, compared.
    Diff,
    /// Stored backups, read through.
    Verify,
    /// A restore.
    Restore,
    /// A drill.
    Drill,
    /// A copy of a backup.
    Copy,
    /// The hold of a backup, added or removed.
    Hold,
    /// Backups under a hold.
    HoldList,
    /// Retention by policy.
    Prune,
    /// A digest of all backups.
    Report,
    /// Metrics of all backups.
    Metrics,
    /// A sample to every sink of notifications.
    NotifyTest,
    /// Checks before a backup.
    Preflight,
}

impl Subject {
    pub(in crate::report) fn name(self) -> &'static str {
        match self {
            Self::Backup => "Backup",
            Self::Record => "Deployment record",
            Self::Matrix => "Sponsor matrix",
            Self::List => "Backups",
            Self::History => "Backup history",
            Self::Show => "Stored backup",
            Self::Diff => "Backup comparison",
            Self::Verify => "Verification",
            Self::Restore => "Restore",
            Self::Drill => "Restore drill",
            Self::Copy => "Backup copy",
            Self::Hold => "Legal hold",
            Self::HoldList => "Legal holds",
            Self::Prune => "Prune",
            Self::Report => "Backup report",
            Self::Metrics => "Backup metrics",
            Self::NotifyTest => "Notification test",
            Self::Preflight => "Preflight",
        }
    }

    /// The word for a success.
    pub(super) fn done(self) -> &'static str {
        match self {
            Self::Backup => "backed up",
            Self::Record => "recorded",
            Self::Matrix | Self::List | Self::HoldList => "listed",
            Self::Hold => "changed",
            Self::History | Self::Show => "shown",
            Self::Diff => "compared",
            Self::Report => "reported",
            Self::Metrics => "measured",
            Self::NotifyTest => "notified",
            Self::Verify => "verified",
            Self::Restore => "restored",
            Self::Drill => "proved to restore",
            Self::Copy => "copied",
            Self::Prune => "pruned",
            Self::Preflight => "without obstacles",
        }
    }

    /// The words for a sponsor whose flag is off.
    pub(super) fn disabled(self) -> &'static str {
        match self {
            Self::Backup => "not enabled, nothing backed up",
            Self::Record | Self::Matrix => "not enabled, recorded locally only",
            _ => "not enabled, so no backup was looked for",
        }
    }

    /// The words of a dry run.
    pub(super) fn planned(self) -> &'static str {
        match self {
            Self::Backup => "nothing was backed up",
            Self::Record => "nothing was recorded",
            Self::Matrix | Self::List | Self::HoldList => "nothing was listed",
            Self::Hold => "no hold was changed",
            Self::History | Self::Show => "nothing was shown",
            Self::Diff => "nothing was compared",
            Self::Report => "nothing was reported",
            Self::Metrics => "nothing was published",
            Self::NotifyTest => "nothing was sent",
            Self::Verify => "nothing was verified",
            Self::Copy => "nothing was copied",
            Self::Prune => "nothing was removed",
            Self::Preflight => "nothing was checked",
            Self::Restore | Self::Drill => "nothing was restored",
        }
    }

    /// Location of the backup or record.
    pub(super) fn location(self, result: &SponsorResult) -> Option<&str> {
        match self {
            Self::Record | Self::Matrix => result.deployment_log.as_deref(),
            _ => result.backup_location.as_deref(),
        }
    }
}
