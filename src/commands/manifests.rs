//! Reads manifests in parallel, within a limit of memory.

use tokio::sync::Semaphore;

use crate::archive::ArchiveError;
use crate::archive::catalogue::BackupEntry;
use crate::layout::key::manifest_key;
use crate::store::Store;
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
        let mebibytes = u32::try_from(entry.manifest_bytes >> 20).unwrap_or(u32::MAX).saturating_add(1);
        // Never closed, so that this always gives one.
        let _held = self.memory.acquire_many(mebibytes.min(MEBIBYTES)).await.ok();
        let beside = manifest_key(&entry.backup.key);
        let document = store.read_small(&beside, MANIFEST_BYTES).await?;
        parse(&store.location(&beside), &document)
    }
}
