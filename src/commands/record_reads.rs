//! Reads a sponsor's records, of any kind.

use futures_util::{StreamExt as _, TryStreamExt as _};

use super::backup_attempts::BackupHistory;
use super::manifests::ManifestReads;
use crate::layout::key::Object;
use crate::record::entries::{RecordEntry, RecordedEvent};
use crate::store::{ListedObject, StoreError};
use crate::verification::VerificationError;

/// Records that are read in parallel.
pub(super) const IN_FLIGHT: usize = 16;
/// Records that are passed over in search of a sponsor's own.
const PASSED_OVER: usize = 1_000;
/// The record of a verification of thousands of backups is the longest.
const RECORD_BYTES: u64 = 16 << 20;

/// Reads records, a few at a time.
pub(super) struct RecordReads {
    documents: ManifestReads,
}

/// What is at the key of a record.
pub(super) enum FoundRecord {
    /// One of the sponsor's own records.
    Own(Box<RecordEntry>),
    /// Another's or another program's, or one that was removed since it was listed.
    Nothing,
    /// No JSON.
    Unreadable,
}

/// A sponsor's newest records.
#[derive(Default)]
pub(super) struct NewestRecords {
    pub(super) entries: Vec<RecordEntry>,
    /// Locations of those that are not JSON: what they recorded is unknown.
    pub(super) unreadable: Vec<String>,
}

/// Nothing can be said about what such a record is about.
pub(super) fn unreadable(location: String, consequence: &str) -> VerificationError {
    let findings = vec![format!("it is not JSON, so what it recorded {consequence}")];
    let hint = "Find out who changed it. A versioned bucket has its older versions.".to_owned();
    VerificationError { place: location, findings, hint }
}

impl RecordReads {
    pub(super) fn new() -> Self {
        Self { documents: ManifestReads::new() }
    }

    /// All objects that may be records, of these kinds.
    pub(super) async fn list(
        &self,
        place: &BackupHistory<'_>,
        is_wanted: impl Fn(Object<'static>) -> bool,
    ) -> Result<Vec<ListedObject>, StoreError> {
        let mut records = Vec::new();
        for kind in Object::records().filter(|kind| is_wanted(*kind)) {
            let below = format!("{}/", kind.folder(place.environment));
            records.extend(Box::pin(place.audit_logs.list(&below)).await?);
        }
        Ok(records)
    }

    /// The newest records of a kind, among them at least `most` of the sponsor's own that are wanted, or down to about the first
    /// that is enough. Records of partners and of other events are passed over, up to [`PASSED_OVER`].
    pub(super) async fn newest(
        &self,
        place: &BackupHistory<'_>,
        (event, most): (RecordedEvent, usize),
        is_enough: impl Fn(&RecordEntry) -> bool,
    ) -> Result<NewestRecords, StoreError> {
        let mut listed = self.list(place, |kind| kind == event.object()).await?;
        // Keys begin with the date.
        listed.sort_unstable_by(|one, other| other.key.cmp(&one.key));
        listed.truncate(most + PASSED_OVER);
        let mut newest = NewestRecords::default();
        for some in listed.chunks(IN_FLIGHT) {
            let read = some.iter().map(|listed| self.read(place, listed));
            let found: Vec<FoundRecord> =
                futures_util::stream::iter(read).buffered(IN_FLIGHT).try_collect().await?;
            for (found, listed) in found.into_iter().zip(some) {
                match found {
                    FoundRecord::Own(entry) => newest.entries.push(*entry),
                    FoundRecord::Unreadable => newest.unreadable.push(place.audit_logs.location(&listed.key)),
                    FoundRecord::Nothing => {}
                }
            }
            let own = newest.entries.iter().filter(|entry| entry.event == event && !entry.did_not_run());
            if own.count() >= most || newest.entries.iter().any(&is_enough) {
                break;
            }
        }
        Ok(newest)
    }

    pub(super) async fn read(
        &self,
        place: &BackupHistory<'_>,
        listed: &ListedObject,
    ) -> Result<FoundRecord, StoreError> {
        let parse = |document: &[u8]| match RecordEntry::parse(place.environment, &listed.key, document) {
            Some(entry) if entry.sponsor == place.sponsor.name => FoundRecord::Own(Box::new(entry)),
            None if serde_json::from_slice::<serde::de::IgnoredAny>(document).is_err() => {
                FoundRecord::Unreadable
            }
            _ => FoundRecord::Nothing,
        };
        let told = (&*listed.key, listed.bytes, RECORD_BYTES);
        match self.documents.read_document(&place.audit_logs, told, parse).await {
            Err(StoreError::Missing { .. }) => Ok(FoundRecord::Nothing),
            found => found,
        }
    }
}
