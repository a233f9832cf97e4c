//! Reads documents in parallel, within a limit of memory.

use tokio::sync::Semaphore;

use crate::archive::ArchiveError;
use crate::archive::catalogue::BackupEntry;
use crate::layout::key::manifest_key;
use crate::store::{Store, StoreError};
use crate::verification::stored::MANIFEST_BYTES;

/// Memory for manifests, in MiB. A larger manifest is read alone.
const MEBIBYTES: u32 = 32;

/// Reads manifests, a few at a time.
#[derive(Debug)]
pub(super) struct ManifestReads {
    memory: Semaphore,
}

impl ManifestReads {
    pub(super) fn new() -> Self {
        Self { memory: Semaphore::new(MEBIBYTES as usize) }
    }

    /// What `parse` makes of a backup's manifest, given its location and its bytes.
    pub(super) async fn read<T>(
        &self,
        store: &Store,
        entry: &BackupEntry,
        parse: impl FnOnce(&str, &[u8]) -> Result<T, ArchiveError>,
    ) -> Result<T, ArchiveError> {
        let beside = manifest_key(&entry.backup.key);
        let told = (&*beside, entry.manifest_bytes, MANIFEST_BYTES);
        self.read_document(store, told, |document| parse(&store.location(&beside), document)).await?
    }

    /// What `parse` makes of a document, given its key, its bytes as listed, and its bytes at most.
    pub(super) async fn read_document<T>(
        &self,
        store: &Store,
        (key, bytes, limit_bytes): (&str, u64, u64),
        parse: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, StoreError> {
        let mebibytes = u32::try_from(bytes >> 20).unwrap_or(u32::MAX).saturating_add(1);
        // Never closed, so that this always gives one.
        let _held = self.memory.acquire_many(mebibytes.min(MEBIBYTES)).await.ok();
        Ok(parse(&store.read_small(key, limit_bytes).await?))
    }
}
