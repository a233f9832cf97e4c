//! Writes a stream of bytes to a pending file, and publishes it.

use bytes::Bytes;

use super::{Folder, FolderError, PendingFile};
use crate::stop::{Deadline, StopRequest};
use crate::store::hash::SizeAndHash;
use crate::store::{Published, StoreError, WholeObject};

/// An upload in progress. The file is created with its first bytes.
#[derive(Debug)]
pub(in crate::store) struct FolderUpload {
    folder: Folder,
    key: String,
    pending: Option<PendingFile>,
}

impl FolderUpload {
    /// Prepares an upload; nothing is created yet.
    pub(in crate::store) fn new(folder: Folder, key: String) -> Self {
        Self { folder, key, pending: None }
    }

    pub(in crate::store) async fn write(
        &mut self,
        bytes: &[u8],
        stop: &StopRequest,
    ) -> Result<(), StoreError> {
        let bytes = Bytes::copy_from_slice(bytes);
        unless_stopped(stop, Deadline::CompleteUpload, async {
            match &mut self.pending {
                Some(pending) => pending.write(bytes).await,
                None => self.pending.insert(self.folder.begin(&self.key).await?).write(bytes).await,
            }
        })
        .await
    }

    /// A stream without a byte becomes an empty file.
    pub(in crate::store) async fn finish(&mut self, stop: &StopRequest) -> Result<(), StoreError> {
        if self.pending.is_none() { self.write(&[], stop).await } else { Ok(()) }
    }

    /// Reads back what is on the disk, and makes it visible only if it is `whole`.
    pub(in crate::store) async fn publish(
        &mut self,
        whole: WholeObject<'_>,
        stop: &StopRequest,
    ) -> Result<Published, StoreError> {
        let Some(pending) = self.pending.take() else {
            return Err(StoreError::Broken("the upload was not finished".to_owned()));
        };
        let expected = SizeAndHash { bytes: whole.bytes, sha256: whole.sha256.to_owned() };
        unless_stopped(stop, Deadline::CompleteUpload, pending.publish(&expected)).await?;
        Ok(Published { remarks: Vec::new(), is_proven: true })
    }

    /// Removes the file.
    pub(in crate::store) async fn abandon(self, stop: &StopRequest) -> Result<(), StoreError> {
        match self.pending {
            Some(pending) => unless_stopped(stop, Deadline::Undo, pending.abandon()).await,
            None => Ok(()),
        }
    }
}

async fn unless_stopped(
    stop: &StopRequest,
    deadline: Deadline,
    work: impl Future<Output = Result<(), FolderError>>,
) -> Result<(), StoreError> {
    tokio::select! {
        done = work => Ok(done?),
        () = stop.passed(deadline) => Err(StoreError::Stopped),
    }
}
