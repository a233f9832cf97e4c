//! Whose the remains of a backup are: this sponsor's, a partner's, or another program's.

use super::{AttemptStatus, BackupHistory};
use crate::archive::ArchiveError;
use crate::archive::catalogue::{BackupKey, Incomplete, Piece};
use crate::commands::stored;
use crate::layout::tags;
use crate::record::RecordedOutcome;
use crate::record::entries::RecordEntry;
use crate::record::log;

/// Records are a few KiB long.
const RECORD_BYTES: u64 = 4 << 20;

impl BackupHistory<'_> {
    /// Whether what is left of a backup in a shared bucket is a partner's, by its tag. Tags can be changed later, so a record of
    /// this sponsor's run at this second outweighs them. If in doubt, it counts as this sponsor's.
    async fn is_a_partners_rest(&self, left: &Incomplete) -> Result<bool, ArchiveError> {
        if self.sponsor.partners.is_empty() {
            return Ok(false);
        }
        let Some(key) = left.existing_key() else { return Ok(false) };
        let tags = match Box::pin(self.backups.tags(&key)).await {
            Ok(tags) => tags.unwrap_or_default(),
            Err(error) if error.affects_every_request() => return Err(error.into()),
            Err(_) => return Ok(false),
        };
        let is_tagged = |(name, value): &(String, String)| {
            name == tags::SPONSOR_TAG && self.sponsor.partners.contains(value)
        };
        Ok(tags.iter().any(is_tagged)
            && !self.is_recorded(&left.backup, &self.sponsor.name).await.unwrap_or(true))
    }

    /// Looks closer at a backup that lacks an object: in a shared bucket it may be another sponsor's, another run may be
    /// about to finish it, and a dump without the other two objects may be another program's.
    pub(in crate::commands) async fn look_closer(
        &self,
        left: Incomplete,
    ) -> Result<AttemptStatus, ArchiveError> {
        if Box::pin(self.is_a_partners_rest(&left)).await? {
            return Ok(AttemptStatus::PartnersRest);
        }
        if left.dump.is_none() || !left.lacks.contains(&Piece::Manifest) {
            return Ok(AttemptStatus::Lacks(left));
        }
        let why = match Box::pin(self.has_trace(&left)).await {
            Ok(true) if !left.is_bare() => return Ok(AttemptStatus::Lacks(left)),
            Ok(false) => return Ok(AttemptStatus::Foreign(left.dump)),
            Ok(true) => left.words(),
            Err(error) if error.affects_every_request() => return Err(error),
            Err(error) => {
                format!("{}, and whether a run of ours left it was not seen: {error}", left.words())
            }
        };
        Ok(AttemptStatus::Unfinished { dump: left.dump, why })
    }

    /// Whether a run of this program began a backup that has no manifest: in a bucket, each of its writes carries an id. In a
    /// folder, its checksum file shows it. And each run leaves a record.
    async fn has_trace(&self, left: &Incomplete) -> Result<bool, ArchiveError> {
        let key = &left.backup.key;
        let has_checksum = !left.lacks.contains(&Piece::Checksum);
        if self.backups.capabilities().metadata {
            let written = if has_checksum { Piece::Checksum } else { Piece::Dump }.key(key);
            if self.backups.examine(&written).await?.write_id.is_some() {
                return Ok(true);
            }
        } else if has_checksum && Box::pin(stored::checksum_of(&self.backups, key)).await.is_ok() {
            return Ok(true);
        }
        self.is_recorded(&left.backup, &self.sponsor.name).await
    }

    async fn is_recorded(&self, backup: &BackupKey, sponsor: &str) -> Result<bool, ArchiveError> {
        Ok(!self.records_of(backup, sponsor).await?.is_empty())
    }

    /// Whether a record says that this backup succeeded.
    pub(in crate::commands) async fn was_whole(&self, backup: &BackupKey) -> Result<bool, ArchiveError> {
        let records = self.records_of(backup, &self.sponsor.name).await?;
        Ok(records.iter().any(|record| record.outcome == Some(RecordedOutcome::Success)))
    }

    /// Whether what is left of a backup without a manifest is this sponsor's, for certain: by a record, or in a bucket by what its
    /// own run wrote beside the bytes. In a folder, everyone's checksum file looks like ours.
    pub(in crate::commands) async fn is_own_rest(&self, left: &Incomplete) -> Result<bool, ArchiveError> {
        if self.is_recorded(&left.backup, &self.sponsor.name).await? {
            return Ok(true);
        }
        let Some(key) = left.existing_key().filter(|_| self.backups.capabilities().metadata) else {
            return Ok(false);
        };
        if self.backups.examine(&key).await?.write_id.is_none() {
            return Ok(false);
        }
        let tags = match Box::pin(self.backups.tags(&key)).await {
            Ok(tags) => tags.unwrap_or_default(),
            Err(error) if error.affects_every_request() => return Err(error.into()),
            Err(_) => return Ok(false),
        };
        Ok(tags.iter().any(|(name, value)| name == tags::SPONSOR_TAG && *value == self.sponsor.name))
    }

    /// The records of a sponsor's run at this second.
    async fn records_of(&self, backup: &BackupKey, sponsor: &str) -> Result<Vec<RecordEntry>, ArchiveError> {
        let mut records = Vec::new();
        for prefix in log::record_prefixes(self.environment, backup.at) {
            for listed in self.audit_logs.list(&prefix).await? {
                if !log::can_be_key_of_record(self.environment, backup.at, &listed.key) {
                    continue;
                }
                let document = self.audit_logs.read_small(&listed.key, RECORD_BYTES).await?;
                let entry = RecordEntry::parse(self.environment, &listed.key, &document);
                records.extend(entry.filter(|entry| entry.is_of_backup(sponsor, backup.at)));
            }
        }
        Ok(records)
    }
}
