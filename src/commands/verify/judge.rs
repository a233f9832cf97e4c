//! One backup: whole, damaged, or frozen. What only kept it from being read is an error, and says nothing about it.

use super::super::stored;
use super::{Run, Shelf, or_stopped};
use crate::archive::ArchiveError;
use crate::archive::catalogue::{BackupKey, Incomplete, Piece};
use crate::archive::description::Partial;
use crate::archive::key::{checksum_key, description_key};
use crate::failure::Failure;

/// What a backup turned out to be.
pub(super) enum Judged {
    /// What its manifest says.
    Whole { bytes: u64, sha256: String, rows: u64, partial: Option<String> },
    /// Something else; what shows it, in words.
    Bad(Vec<String>),
    /// Not readable before it is thawed.
    Frozen(ArchiveError),
}

impl Run<'_> {
    pub(super) async fn judge(&self, shelf: &Shelf<'_>, backup: BackupKey) -> Result<Judged, Failure> {
        let key = backup.key.clone();
        match Box::pin(self.read(shelf, backup)).await {
            Err(Failure::Proof(error)) => Ok(Judged::Bad(error.findings)),
            Err(Failure::Archive(frozen @ ArchiveError::Frozen { .. })) => Ok(Judged::Frozen(frozen)),
            Err(Failure::Archive(error)) if self.is_finding(&error, &shelf.store.location(&key)) => {
                Ok(Judged::Bad(vec![stored::in_words(&shelf.store, &key, &error)]))
            }
            judged => judged,
        }
    }

    async fn read(&self, shelf: &Shelf<'_>, backup: BackupKey) -> Result<Judged, Failure> {
        let whose = (shelf.sponsor, self.order.scope.environment);
        let (identities, thaw) = (&self.identities, self.order.opening.thaw);
        let described = Box::pin(stored::describe(&shelf.store, whose, backup, identities, thaw));
        let stored = or_stopped(shelf.stop, described).await?;
        let proven = match stored::prove(&stored, shelf.stop).await {
            // One of the keys is a recipient's, or nothing would have been fetched.
            Err(Failure::Archive(ArchiveError::IdentityWrong { .. })) => {
                let finding = "it is not encrypted to those whom its manifest names, or its head is damaged";
                return Ok(Judged::Bad(vec![finding.to_owned()]));
            }
            proven => proven?,
        };
        let rows = proven.truth.tables.iter().map(|table| table.rows).sum();
        let told = stored.description.stored;
        let partial = stored.description.partial.as_ref().map(Partial::words);
        Ok(Judged::Whole { bytes: told.bytes, sha256: told.sha256, rows, partial })
    }

    /// Whether an error tells of the backup itself. Where one was asked for by its place, nothing there is no finding.
    fn is_finding(&self, error: &ArchiveError, dump: &str) -> bool {
        match error {
            ArchiveError::Malformed { .. } | ArchiveError::Corrupt { .. } | ArchiveError::Replaced { .. } => {
                true
            }
            ArchiveError::Missing { location } => self.order.all || location != dump,
            _ => false,
        }
    }
}

impl Shelf<'_> {
    /// See [`stored::is_a_partners`].
    pub(super) async fn is_a_partners(&self, backup: &BackupKey) -> Result<bool, Failure> {
        let told = stored::is_a_partners(&self.store, self.sponsor, &backup.key);
        let told = Box::pin(async { Ok(told.await?) });
        or_stopped(self.stop, told).await
    }

    /// Whether what was missing is there now.
    pub(super) async fn is_whole_by_now(&self, left: &Incomplete) -> Result<bool, Failure> {
        let key = &left.backup.key;
        for piece in &left.lacks {
            let key = match piece {
                Piece::Dump => key.clone(),
                Piece::Checksum => checksum_key(key),
                Piece::Manifest => description_key(key),
            };
            match self.store.examine(&key).await {
                Ok(_) => {}
                Err(ArchiveError::Missing { .. }) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }
}
