//! `history --check`: compares every record with the store, and every backup with the records.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};

use super::HistoryRun;
use crate::archive::catalogue::{BackupEntry, Piece};
use crate::commands::backup_attempts::{AttemptStatus, BackupAttempt, BackupHistory};
use crate::commands::backup_rows::UNKNOWN;
use crate::commands::record_reads::{FoundRecord, IN_FLIGHT, unreadable};
use crate::commands::row_facts::RowFacts;
use crate::failure::Failure;
use crate::layout::key::Object;
use crate::record::audit::{AuditFinding, HeldBackup, HeldState, Scene, audit, reaches_back};
use crate::record::entries::RecordEntry;
use crate::record::timeline::{Found, Wanted, candidates};
use crate::report::history::CheckedRecords;
use crate::store::{ObjectVersion, StoreError};

/// A backup that became visible so lately may get its record in a moment.
const JUST_NOW: Duration = Duration::from_secs(60);
const A_MOMENT: Duration = Duration::from_secs(1);

impl HistoryRun<'_> {
    pub(super) async fn check(&self, place: &BackupHistory<'_>) -> Result<CheckedRecords, Failure> {
        let mut attempts = place.attempts().await?;
        attempts.retain(|attempt| self.reads.wanted.covers(attempt.backup.at));
        if attempts.iter().any(|attempt| self.is_new(attempt)) {
            tokio::time::sleep(A_MOMENT).await;
        }
        let held = futures_util::stream::iter(attempts).map(|attempt| self.held(place, attempt));
        let held: Vec<Option<HeldBackup>> = held.buffered(IN_FLIGHT).try_collect().await?;
        let held: Vec<HeldBackup> = held.into_iter().flatten().collect();
        let records = self.all_records(place).await?;
        let root = place.backups.location("");
        let scene = Scene { environment: place.environment, root: &root, now: self.context.now() };
        let mut found = audit(scene, &records, &held);
        let mut findings = Vec::new();
        for finding in std::mem::take(&mut found.findings) {
            findings.extend(self.look_again(place, finding).await?);
        }
        found.findings = findings;
        let locations = (&*root, &*place.audit_logs.location(""));
        Ok(CheckedRecords::new(&found, locations, |text| self.context.sink.redacted(text)))
    }

    fn is_new(&self, attempt: &BackupAttempt) -> bool {
        let AttemptStatus::Whole(BackupEntry { modified: Some(modified), .. }) = &attempt.standing else {
            return false;
        };
        let age = self.context.now().duration_since(*modified);
        Duration::try_from(age).map_or(true, |age| age < JUST_NOW)
    }

    /// A backup as the store holds it. `None` for a partner's.
    async fn held(
        &self,
        place: &BackupHistory<'_>,
        attempt: BackupAttempt,
    ) -> Result<Option<HeldBackup>, Failure> {
        let (backup, is_whole) =
            (attempt.backup.clone(), matches!(attempt.standing, AttemptStatus::Whole(_)));
        let in_progress = matches!(attempt.standing, AttemptStatus::InProgress);
        let Some(row) = Box::pin(self.reads.rows.row(place, attempt, &RowFacts::of_a_watcher())).await?
        else {
            return Ok(None);
        };
        let problem = row.problem.clone().unwrap_or_default();
        let state = match row.status.as_str() {
            _ if in_progress => HeldState::InProgress,
            UNKNOWN => HeldState::Unknown(problem),
            _ if is_whole && row.sha256.is_some() => HeldState::Whole {
                bytes: row.size_bytes,
                sha256: row.sha256,
                is_identified: row.is_identified,
            },
            _ if is_whole => HeldState::Damaged(problem),
            _ => HeldState::Missing(problem),
        };
        Ok(Some(HeldBackup { backup, state }))
    }

    /// The sponsor's records of the backups in question, and what became of them later. One that cannot be read fails the check.
    async fn all_records(&self, place: &BackupHistory<'_>) -> Result<Vec<RecordEntry>, Failure> {
        let is_wanted = |kind: Object<'static>| kind == Object::DeploymentLog || reaches_back(kind);
        let (later, sooner): (Vec<_>, Vec<_>) =
            self.reads.records.list(place, is_wanted).await?.into_iter().partition(|listed| {
                Object::records()
                    .any(|kind| reaches_back(kind) && kind.time_in(place.environment, &listed.key).is_some())
            });
        let ever = Wanted { since: self.reads.wanted.since, ..Wanted::default() };
        let sooner = candidates::<()>(&self.reads.wanted, place.environment, sooner, Vec::new());
        let later = candidates::<()>(&ever, place.environment, later, Vec::new());
        let read = futures_util::stream::iter(sooner.into_iter().chain(later)).map(|candidate| async move {
            let Found::Record(listed) = candidate.what else { return Ok(None) };
            match self.reads.records.read(place, &listed).await? {
                FoundRecord::Own(entry) => Ok(Some(*entry)),
                FoundRecord::Nothing => Ok(None),
                FoundRecord::Unreadable => {
                    let location = place.audit_logs.location(&listed.key);
                    Err(Failure::from(unreadable(location, "cannot be compared")))
                }
            }
        });
        let read: Vec<Option<RecordEntry>> = read.buffered(IN_FLIGHT).try_collect().await?;
        let is_meant =
            |entry: &RecordEntry| self.reads.wanted.covers(entry.at) || reaches_back(entry.event.object());
        Ok(read.into_iter().flatten().filter(is_meant).collect())
    }

    /// What is missing may have been stored since the listing, or may be hidden by delete markers.
    async fn look_again(
        &self,
        place: &BackupHistory<'_>,
        mut finding: AuditFinding,
    ) -> Result<Option<AuditFinding>, Failure> {
        if !finding.is_missing {
            return Ok(Some(finding));
        }
        let listed = Box::pin(place.backups.list(&finding.key)).await?;
        let missing: Vec<Piece> = [Piece::Dump, Piece::Checksum, Piece::Manifest]
            .into_iter()
            .filter(|piece| listed.iter().all(|object| object.key != piece.key(&finding.key)))
            .collect();
        if missing.is_empty() {
            return Ok(None);
        }
        let versions = match Box::pin(place.backups.versions(&finding.key)).await {
            Ok(versions) => versions,
            // What hides it is not needed to see that it is gone.
            Err(StoreError::Unsupported { .. }) => return Ok(Some(finding)),
            Err(error) if error.is_access_denied() || error.is_not_implemented() => return Ok(Some(finding)),
            Err(error) => return Err(error.into()),
        };
        let hidden: Vec<&str> = missing
            .iter()
            .filter(|piece| is_hidden(&versions, &piece.key(&finding.key)))
            .map(|piece| piece.name())
            .collect();
        if !hidden.is_empty() {
            let verb = if hidden.len() == 1 { "is" } else { "are" };
            finding.what = format!(
                "{}: its {} {verb} hidden by a delete marker",
                finding.what,
                hidden.join(" and its ")
            );
        }
        Ok(Some(finding))
    }
}

fn is_hidden(versions: &[ObjectVersion], key: &str) -> bool {
    versions.iter().any(|version| version.key == key && version.is_latest && version.is_delete_marker)
}
