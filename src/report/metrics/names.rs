//! The metrics: name, help, and nothing else. Rules and dashboards read them, so they never change.

/// A metric of this program. All are gauges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "`help` describes each")]
pub enum Metric {
    LastAttempt,
    LastSuccess,
    LastFailure,
    LastOutcome,
    Duration,
    ExpectedDuration,
    StoredBytes,
    DumpBytes,
    Rows,
    Partial,
    LockedUntil,
    RetainUntil,
    DrillLastSuccess,
    DrillLastFailure,
    DrillRpo,
    DrillRpoLimit,
    DrillRto,
    DrillRtoLimit,
    VerifyLastSuccess,
    VerifyLastFailure,
    PruneLastSuccess,
    RestoreLastSuccess,
    StorageBytes,
    StorageBudget,
    ReplicationPending,
    ExpectedWithin,
    BuildInfo,
}

impl Metric {
    /// With which every name begins.
    pub(super) const PREFIX: &'static str = "sponsor_backup_";

    /// All of them, in the order of the text.
    pub const ALL: [Self; 27] = [
        Self::LastAttempt,
        Self::LastSuccess,
        Self::LastFailure,
        Self::LastOutcome,
        Self::Duration,
        Self::ExpectedDuration,
        Self::StoredBytes,
        Self::DumpBytes,
        Self::Rows,
        Self::Partial,
        Self::LockedUntil,
        Self::RetainUntil,
        Self::DrillLastSuccess,
        Self::DrillLastFailure,
        Self::DrillRpo,
        Self::DrillRpoLimit,
        Self::DrillRto,
        Self::DrillRtoLimit,
        Self::VerifyLastSuccess,
        Self::VerifyLastFailure,
        Self::PruneLastSuccess,
        Self::RestoreLastSuccess,
        Self::StorageBytes,
        Self::StorageBudget,
        Self::ReplicationPending,
        Self::ExpectedWithin,
        Self::BuildInfo,
    ];

    /// What describes the newest backup that succeeded.
    pub(super) const OF_THE_NEWEST: [Self; 8] = [
        Self::LastSuccess,
        Self::StoredBytes,
        Self::DumpBytes,
        Self::Rows,
        Self::Partial,
        Self::LockedUntil,
        Self::RetainUntil,
        Self::BuildInfo,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LastAttempt => "sponsor_backup_last_attempt_timestamp_seconds",
            Self::LastSuccess => "sponsor_backup_last_success_timestamp_seconds",
            Self::LastFailure => "sponsor_backup_last_failure_timestamp_seconds",
            Self::LastOutcome => "sponsor_backup_last_outcome",
            Self::Duration => "sponsor_backup_duration_seconds",
            Self::ExpectedDuration => "sponsor_backup_expected_duration_seconds",
            Self::StoredBytes => "sponsor_backup_stored_bytes",
            Self::DumpBytes => "sponsor_backup_dump_bytes",
            Self::Rows => "sponsor_backup_rows",
            Self::Partial => "sponsor_backup_partial",
            Self::LockedUntil => "sponsor_backup_locked_until_timestamp_seconds",
            Self::RetainUntil => "sponsor_backup_retain_until_timestamp_seconds",
            Self::DrillLastSuccess => "sponsor_backup_drill_last_success_timestamp_seconds",
            Self::DrillLastFailure => "sponsor_backup_drill_last_failure_timestamp_seconds",
            Self::DrillRpo => "sponsor_backup_drill_rpo_seconds",
            Self::DrillRpoLimit => "sponsor_backup_drill_rpo_limit_seconds",
            Self::DrillRto => "sponsor_backup_drill_rto_seconds",
            Self::DrillRtoLimit => "sponsor_backup_drill_rto_limit_seconds",
            Self::VerifyLastSuccess => "sponsor_backup_verify_last_success_timestamp_seconds",
            Self::VerifyLastFailure => "sponsor_backup_verify_last_failure_timestamp_seconds",
            Self::PruneLastSuccess => "sponsor_backup_prune_last_success_timestamp_seconds",
            Self::RestoreLastSuccess => "sponsor_backup_restore_last_success_timestamp_seconds",
            Self::StorageBytes => "sponsor_backup_storage_bytes",
            Self::StorageBudget => "sponsor_backup_storage_budget_bytes",
            Self::ReplicationPending => "sponsor_backup_replication_oldest_pending_seconds",
            Self::ExpectedWithin => "sponsor_backup_expected_within_seconds",
            Self::BuildInfo => "sponsor_backup_build_info",
        }
    }

    /// What its value is.
    #[must_use]
    pub fn help(self) -> &'static str {
        match self {
            Self::LastAttempt => "Start of the newest backup run.",
            Self::LastSuccess => "Time of the newest backup that succeeded.",
            Self::LastFailure => "Start of the newest backup run that failed.",
            Self::LastOutcome => "Outcome of the newest backup run: 1 for the one it had.",
            Self::Duration => "Duration of the newest backup run. NaN or absent if it was stopped.",
            Self::ExpectedDuration => "Median duration of the newest seven backup runs that succeeded.",
            Self::StoredBytes => "Size of the newest backup as stored.",
            Self::DumpBytes => "Size of the newest backup before compression.",
            Self::Rows => "Rows of all tables of the newest backup.",
            Self::Partial => "1 if something was left out of the newest backup on request, otherwise 0.",
            Self::LockedUntil => "End of the newest backup's Object Lock. NaN or absent without a lock.",
            Self::RetainUntil => "End of the newest backup's retention in years. NaN or absent without one.",
            Self::DrillLastSuccess => "Start of the newest drill that passed.",
            Self::DrillLastFailure => "Start of the newest drill that failed.",
            Self::DrillRpo => "Age of the backup of the newest drill.",
            Self::DrillRpoLimit => "Limit of that age. NaN or absent without one.",
            Self::DrillRto => "Duration of the newest drill.",
            Self::DrillRtoLimit => "Limit of that duration. NaN or absent without one.",
            Self::VerifyLastSuccess => "Start of the newest verification that succeeded.",
            Self::VerifyLastFailure => "Start of the newest verification that failed.",
            Self::PruneLastSuccess => "Start of the newest prune that removed backups.",
            Self::RestoreLastSuccess => "Start of the newest restore that succeeded.",
            Self::StorageBytes => "Size of all backups, with older versions where S3 lists them.",
            Self::StorageBudget => "The input `storage-budget`.",
            Self::ReplicationPending => {
                "Age of the oldest of the newest backups that S3 has not replicated yet."
            }
            Self::ExpectedWithin => "Maximum age of the newest backup of an enabled sponsor.",
            Self::BuildInfo => "Versions that took the newest backup.",
        }
    }

    /// The metric with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }
}
