//! The backup before this one: the newest whole backup of the same sponsor and environment, as its manifest describes it, and
//! the one that a new backup is compared with.

mod search;

use std::sync::Arc;

pub use search::{EarlierBackup, before, newest};

use super::backup_diff::{BackupDiff, DiffLimits, sizes_up_to};
use crate::archive::backup_manifest::{BackupManifest, Changes, Partial, PreviousBackup, SourceDatabase};

/// What a search for the previous backup is for.
#[derive(Debug, Clone, Copy)]
pub enum SearchFor<'a> {
    /// Whose the newest backup is, and of which database.
    Newest,
    /// A backup to compare a new one with.
    Baseline {
        /// What the new backup leaves out by request.
        partial: Option<&'a Partial>,
        /// Limits of the new backup.
        limits: DiffLimits,
    },
}

/// What a bucket says of the backup before this one.
#[derive(Debug)]
pub enum PreviousSearch {
    /// The bucket holds no whole backup of this sponsor and environment.
    None,
    /// The newest whole one, and the one that a new backup is compared with. A newer one whose manifest cannot be read is
    /// passed over, and named.
    Backup {
        /// `s3://bucket/key`.
        location: String,
        /// Its manifest.
        description: Arc<BackupManifest>,
        /// What a new backup is compared with.
        baseline: Option<Baseline>,
        /// Backups that it is not compared with, although they are newer.
        passed_over: PassedOver,
    },
    /// The newest whole backup here is of a sponsor that does not share this bucket.
    AnotherSponsors {
        /// That sponsor.
        owner: String,
    },
    /// The bucket cannot be listed, or a manifest cannot be read. The reason follows a colon.
    Unknown(String),
}

/// What a new backup is compared with: the newest one of the same scope, or what that one was compared with if it held no
/// row. Otherwise a first empty backup would make the next one look normal.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// Its totals.
    pub totals: PreviousBackup,
    /// The manifest of the newest one of the same scope.
    newest: Arc<BackupManifest>,
    /// Whether the totals are those of `newest`.
    is_newest: bool,
}

/// Backups that a new one cannot be compared with: the newest of each kind.
#[derive(Debug, Clone, Default)]
pub struct PassedOver {
    /// Why one cannot be read.
    unread: Option<String>,
    /// Location of one that does not record its rows.
    without_rows: Option<String>,
    /// Location of one that exceeded a limit. It counts again for a run without limits, which accepts what it holds.
    over_a_limit: Option<String>,
    /// Whether any is of other parts of the database.
    of_other_parts: bool,
    /// Number of manifests that were read, if there are more.
    only_read: Option<usize>,
}

/// Why a backup is passed over.
enum Unfit {
    OtherParts,
    WithoutRows,
    OverALimit,
}

/// A new backup compared with the one before it.
#[derive(Debug, Clone, Default)]
pub struct ComparedBackup {
    /// For its manifest and record. `None` if there is nothing to compare it with.
    pub changes: Option<Changes>,
    /// What is odd about it, each as a phrase.
    pub warnings: Vec<String>,
    /// What exceeds a limit, each as a phrase.
    pub findings: Vec<String>,
}

impl Baseline {
    fn of(
        location: &str,
        newest: &Arc<BackupManifest>,
        partial: Option<&Partial>,
        limits: &DiffLimits,
    ) -> Result<Self, Unfit> {
        if newest.partial.as_ref() != partial {
            return Err(Unfit::OtherParts);
        }
        // Otherwise the same run once more would be compared with what it has just lost.
        if limits.are_set() && newest.exceeded_a_limit() {
            return Err(Unfit::OverALimit);
        }
        let contents = newest.contents.as_ref().ok_or(Unfit::WithoutRows)?;
        let own = || PreviousBackup {
            location: location.to_owned(),
            rows_total: contents.rows_total,
            dump_size_bytes: newest.dump.bytes,
        };
        let earlier = newest.previous_backup.clone().filter(|_| contents.rows_total == 0);
        let is_newest = earlier.is_none();
        Ok(Self { totals: earlier.unwrap_or_else(own), newest: Arc::clone(newest), is_newest })
    }

    fn compare(&self, after: &BackupManifest, limits: &DiffLimits, earlier: &str) -> ComparedBackup {
        let diff = if self.is_newest {
            BackupDiff::between(&self.newest, after)
        } else {
            BackupDiff::of_totals(&self.totals, after)
        };
        let sizes = sizes_up_to(&self.newest);
        ComparedBackup {
            changes: diff.changes(&self.totals.location, &sizes),
            warnings: diff.warnings(&sizes),
            findings: diff.findings(limits, earlier),
        }
    }
}

impl PassedOver {
    fn note(&mut self, location: &str, unfit: Unfit) {
        let place = match unfit {
            Unfit::OtherParts => {
                self.of_other_parts = true;
                return;
            }
            Unfit::WithoutRows => &mut self.without_rows,
            Unfit::OverALimit => &mut self.over_a_limit,
        };
        place.get_or_insert_with(|| location.to_owned());
    }

    /// Backups that would have been compared if they could, in words.
    fn newer(&self) -> Option<String> {
        let unread = self.unread.as_ref().map(|reason| format!("a newer backup cannot be read: {reason}"));
        let rows = self.without_rows.as_ref().map(|location| format!("{location} does not record its rows"));
        let over = self.over_a_limit.as_ref().map(|location| format!("{location} exceeded a limit"));
        let all: Vec<String> = [unread, rows, over].into_iter().flatten().collect();
        (!all.is_empty()).then(|| all.join("; "))
    }

    /// Why no backup was left to compare with, in words.
    fn words(&self) -> String {
        let parts = self.of_other_parts.then_some("the other backups are of other parts of the database");
        let read = self.only_read.map(|read| format!("only the newest {read} backups were read"));
        let all: Vec<String> = [self.newer(), parts.map(str::to_owned), read].into_iter().flatten().collect();
        all.join("; ")
    }
}

impl PreviousSearch {
    /// The database that it is of, where it says so.
    #[must_use]
    pub fn source(&self) -> Option<&SourceDatabase> {
        match self {
            Self::Backup { description, .. } => description.source.as_ref(),
            Self::None | Self::AnotherSponsors { .. } | Self::Unknown(_) => None,
        }
    }

    /// What a new backup is compared with.
    #[must_use]
    pub fn baseline(&self) -> Option<&Baseline> {
        match self {
            Self::Backup { baseline, .. } => baseline.as_ref(),
            Self::None | Self::AnotherSponsors { .. } | Self::Unknown(_) => None,
        }
    }

    /// Why a new backup is compared with none, although there may be one. `None` if it is compared, or if it is the first one
    /// of its sponsor and environment.
    #[must_use]
    pub fn not_compared(&self) -> Option<String> {
        match self {
            Self::None | Self::Backup { baseline: Some(_), .. } => None,
            Self::Backup { baseline: None, passed_over, .. } => Some(passed_over.words()),
            Self::AnotherSponsors { owner } => Some(format!("the newest backup is of {owner}")),
            Self::Unknown(reason) => Some(reason.clone()),
        }
    }

    /// The finding if limits are set that cannot be checked. Nothing is within them.
    #[must_use]
    pub fn unchecked(&self, limits: &DiffLimits) -> Option<String> {
        let reason = self.not_compared().filter(|_| limits.are_set())?;
        Some(format!("the limits cannot be checked: {reason}"))
    }

    /// A new backup compared with it. Only the first one of a sponsor and environment has nothing to lose.
    #[must_use]
    pub fn compare(&self, after: &BackupManifest, limits: &DiffLimits) -> ComparedBackup {
        match self {
            Self::Backup { baseline: Some(baseline), passed_over, .. } => {
                let was_within = passed_over.over_a_limit.is_some();
                let earlier =
                    if was_within { "the last backup within its limits" } else { "the previous backup" };
                baseline.compare(after, limits, earlier)
            }
            Self::None | Self::AnotherSponsors { .. } | Self::Backup { .. } | Self::Unknown(_) => {
                let findings = self.unchecked(limits).into_iter().collect();
                ComparedBackup { findings, ..ComparedBackup::default() }
            }
        }
    }

    /// What of it was not compared, in words.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        match self {
            Self::Unknown(reason) => {
                Some(format!("neither rows nor source were compared with the backup before: {reason}"))
            }
            Self::Backup { baseline: Some(baseline), passed_over, .. } => {
                let newer = passed_over.newer()?;
                Some(format!("compared with {}, since {newer}", baseline.totals.location))
            }
            Self::Backup { baseline: None, passed_over, .. } => {
                let newer = passed_over.newer()?;
                Some(format!("rows were not compared with the backup before: {newer}"))
            }
            Self::None | Self::AnotherSponsors { .. } => None,
        }
    }

    /// What a dry run shows of it.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::None => "none".to_owned(),
            Self::Backup { location, description, .. } => {
                let rows = description.contents.as_ref().map(|contents| contents.rows_total);
                rows.map_or_else(|| location.clone(), |rows| format!("{location}, {rows} rows"))
            }
            Self::AnotherSponsors { owner } => format!("of {owner}"),
            Self::Unknown(reason) => format!("unknown: {reason}"),
        }
    }
}

#[cfg(test)]
mod tests;
