//! Judges one backup: whole, damaged or frozen. A failure to read it is an error and says nothing about the backup.

use super::super::stored;
use super::{Run, Shelf, or_stopped};
use crate::archive::ArchiveError;
use crate::archive::catalogue::BackupKey;
use crate::archive::description::Partial;
use crate::cli::order::Which;
use crate::failure::Failure;

/// The verdict on one backup.
pub(super) enum Judged {
    /// It is what its manifest says.
    Whole { bytes: u64, sha256: String, rows: u64, partial: Option<String>, is_empty: bool },
    /// It is something else, for these reasons.
    Bad(Vec<String>),
    /// It cannot be read before a thaw.
    Frozen(ArchiveError),
}

impl Run<'_> {
    pub(super) async fn judge(&self, shelf: &Shelf<'_>, backup: BackupKey) -> Result<Judged, Failure> {
        let key = backup.key.clone();
        match Box::pin(self.read(shelf, backup)).await {
            Err(Failure::Proof(error)) => Ok(Judged::Bad(error.findings)),
            Err(Failure::Archive(frozen @ ArchiveError::Frozen { .. })) => Ok(Judged::Frozen(frozen)),
            Err(Failure::Archive(error)) if self.is_finding(&error, &shelf.place.backups.location(&key)) => {
                Ok(Judged::Bad(vec![stored::in_words(&shelf.place.backups, &key, &error)]))
            }
            judged => judged,
        }
    }

    async fn read(&self, shelf: &Shelf<'_>, backup: BackupKey) -> Result<Judged, Failure> {
        let whose = (shelf.place.sponsor, self.order.scope.environment);
        let (identities, thaw) = (&self.identities, self.order.opening.thaw);
        let described = Box::pin(stored::describe(&shelf.place.backups, whose, backup, identities, thaw));
        let stored = or_stopped(shelf.stop, described).await?;
        let proven = match stored::prove(&stored, shelf.stop).await {
            // `describe` has checked that one of the identities is a recipient's.
            Err(Failure::Archive(ArchiveError::IdentityWrong { .. })) => {
                let finding =
                    "it is not encrypted to the recipients in its manifest, or its start is damaged";
                return Ok(Judged::Bad(vec![finding.to_owned()]));
            }
            proven => proven?,
        };
        let rows = proven.truth.tables.iter().map(|table| table.rows).sum();
        if let Some(lost) = stored.description.lost_everything() {
            return Ok(Judged::Bad(vec![lost]));
        }
        let told = stored.description.stored;
        let partial = stored.description.partial.as_ref().map(Partial::words);
        let is_empty = proven.truth.tables.is_empty();
        Ok(Judged::Whole { bytes: told.bytes, sha256: told.sha256, rows, partial, is_empty })
    }

    /// Whether an error is about the backup itself. If `backup` names one that does not exist, that does not count as a finding.
    fn is_finding(&self, error: &ArchiveError, dump: &str) -> bool {
        let was_listed = self.order.all || self.order.opening.which == Which::Latest;
        match error {
            ArchiveError::Missing { location } if location == dump => was_listed,
            error => error.is_finding(),
        }
    }
}

impl Shelf<'_> {
    /// See [`stored::is_a_partners`].
    pub(super) async fn is_a_partners(&self, backup: &BackupKey) -> Result<bool, Failure> {
        or_stopped(self.stop, async { Ok(self.place.is_a_partners(backup).await?) }).await
    }
}
