//! What the newest records and the store say about a sponsor now. Metrics and reports are made of it.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::RunContext;
use super::backup_attempts::{AttemptStatus, BackupAttempt, BackupHistory};
use super::backup_rows::{BackupRows, counts};
use super::record_reads::{RecordReads, unreadable};
use super::row_facts::RowFacts;
use crate::archive::catalogue::prefix;
use crate::failure::Failure;
use crate::record::RecordedOutcome;
use crate::record::entries::{RecordEntry, RecordedEvent};
use crate::report::listing::ListedBackup;
use crate::report::metrics::StoreFacts;
use crate::store::{Replicated, StoreError};
use crate::verification::limits::ahead;

/// Records of each kind that are read at most. Older ones say nothing about today.
const RECORDS: usize = 50;
/// Backups whose replication is asked for. S3 replicates in about the order of writing.
const REPLICATIONS: usize = 10;
/// What says how a sponsor's backups are.
const EVENTS: [RecordedEvent; 5] = [
    RecordedEvent::Backup,
    RecordedEvent::Drill,
    RecordedEvent::Verification,
    RecordedEvent::Restore,
    RecordedEvent::Prune,
];

/// Reads the state of sponsors.
pub(super) struct StateReads<'a> {
    pub(super) context: &'a RunContext,
    pub(super) rows: &'a BackupRows<'a>,
    pub(super) records: &'a RecordReads,
    /// Limit for the size of each sponsor's backups, in bytes.
    pub(super) storage_budget: Option<u64>,
}

impl StateReads<'_> {
    /// The newest records of each kind. One that cannot be read is an error: it may be that of a failure.
    pub(super) async fn newest_records(
        &self,
        place: &BackupHistory<'_>,
    ) -> Result<Vec<RecordEntry>, Failure> {
        let mut entries = Vec::new();
        for event in EVENTS {
            // Of the other events only times are of interest, so that records before a success say nothing more.
            let is_enough = |entry: &RecordEntry| {
                !matches!(event, RecordedEvent::Backup | RecordedEvent::Drill)
                    && entry.outcome == Some(RecordedOutcome::Success)
            };
            let newest = self.records.newest(place, (event, RECORDS), is_enough);
            let newest = Box::pin(newest).await?;
            if let Some(location) = newest.unreadable.into_iter().next() {
                return Err(unreadable(location, "is unknown").into());
            }
            entries.extend(newest.entries);
        }
        // A wrong clock wrote them, and they would seem new for ever.
        entries.retain(|entry| ahead(entry.at, self.context.now()).is_none());
        Ok(entries)
    }

    pub(super) async fn facts(
        &self,
        place: &BackupHistory<'_>,
        mut attempts: Vec<BackupAttempt>,
        entries: &[RecordEntry],
    ) -> Result<StoreFacts, Failure> {
        let replication_pending = self.replication_pending(place, &attempts).await?;
        let failed: BTreeSet<&str> = entries
            .iter()
            .filter(|entry| entry.event == RecordedEvent::Backup)
            .filter(|entry| entry.outcome != Some(RecordedOutcome::Success))
            .filter_map(|entry| entry.backup_location.as_deref())
            .collect();
        // One that exceeded a limit is stored all the same. Its run failed.
        attempts.retain(|attempt| !failed.contains(&*place.location(&attempt.backup)));
        let rows = self.rows.newest(place, attempts, &RowFacts::of_a_watcher()).await?;
        let is_newest =
            |row: &&ListedBackup| counts(row) && ahead(row.timestamp, self.context.now()).is_none();
        let newest = rows.iter().find(is_newest);
        Ok(StoreFacts {
            newest: newest.map(|row| (row.timestamp, row.location.clone())),
            stored_bytes: newest.and_then(|row| row.size_bytes),
            rows: newest.and_then(|row| row.rows),
            partial: newest.and_then(|row| row.partial),
            version: newest.and_then(|row| row.version.clone()),
            locked_until: newest.and_then(|row| row.locked_until),
            storage_bytes: storage_bytes(place).await?,
            passed_over: rows
                .iter()
                .take_while(|row| !is_newest(row))
                .filter(|row| is_damaged(row))
                .map(|row| (row.location.clone(), row.status.clone()))
                .collect(),
            storage_budget: self.storage_budget,
            replication_pending,
        })
    }

    /// The age of the oldest backup that is not replicated yet; `None` if the bucket replicates nothing.
    async fn replication_pending(
        &self,
        place: &BackupHistory<'_>,
        attempts: &[BackupAttempt],
    ) -> Result<Option<Duration>, StoreError> {
        let is_whole = |attempt: &&BackupAttempt| matches!(attempt.standing, AttemptStatus::Whole(_));
        let mut seen = Vec::new();
        for attempt in attempts.iter().filter(is_whole).take(REPLICATIONS) {
            let Some(state) = place.backups.examine(&attempt.backup.key).await?.replication else { continue };
            seen.push((attempt.backup.at, state));
        }
        Ok(oldest_pending(&seen, self.context.now()))
    }
}

/// Whether it should be a backup and is none. Another run may be writing one, and another program's file never was one.
fn is_damaged(row: &ListedBackup) -> bool {
    !counts(row) && !["in progress", "foreign"].contains(&&*row.status)
}

/// Zero if all of these backups are replicated; `None` if there are none.
fn oldest_pending(seen: &[(Timestamp, Replicated)], now: Timestamp) -> Option<Duration> {
    let pending = seen.iter().filter(|(_, state)| *state == Replicated::NotYet).map(|(at, _)| *at).min();
    let age =
        pending.map_or(Duration::ZERO, |at| Duration::try_from(now.duration_since(at)).unwrap_or_default());
    (!seen.is_empty()).then_some(age)
}

/// The size of everything below the environment's prefix, with what was replaced or hidden: S3 charges for it. Without the right to
/// list versions, of what listings show. `None` in a shared bucket, where nothing shows whose an object is.
async fn storage_bytes(place: &BackupHistory<'_>) -> Result<Option<u64>, StoreError> {
    if !place.sponsor.partners.is_empty() {
        return Ok(None);
    }
    let below = prefix(place.environment);
    match Box::pin(place.backups.versions(&below)).await {
        Ok(versions) => return Ok(Some(versions.iter().map(|version| version.bytes).sum())),
        Err(StoreError::Unsupported { .. }) => {}
        Err(error) if error.is_access_denied() || error.is_not_implemented() => {}
        Err(error) => return Err(error),
    }
    Ok(Some(Box::pin(place.backups.list(&below)).await?.iter().map(|object| object.bytes).sum()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_longest_for_its_replica_is_measured() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let (yes, not_yet) = (Replicated::Yes, Replicated::NotYet);
        let age = |seen: &[(Timestamp, Replicated)]| oldest_pending(seen, at(1000)).map(|age| age.as_secs());
        assert_eq!(age(&[]), None);
        assert_eq!(age(&[(at(900), yes), (at(800), yes)]), Some(0));
        assert_eq!(age(&[(at(900), not_yet), (at(800), not_yet), (at(700), yes)]), Some(200));
        assert_eq!(age(&[(at(900), yes), (at(300), not_yet)]), Some(700));
        // Another machine's clock may be ahead.
        assert_eq!(age(&[(at(1001), not_yet)]), Some(0));
    }
}
