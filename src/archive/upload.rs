//! Sends a stream of bytes to S3 as a multipart upload, or keeps it in memory if it is too short for that.
//! `pending.rs` completes it.

use std::time::Duration;

use aws_sdk_s3::types::CompletedPart;
use bytes::Bytes;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::ArchiveError;
use super::memory::BufferPlan;
use super::parts::{MOST_PARTS, PartSplitter};
use super::s3::{ObjectAttributes, Store, UnansweredCreates, UploadId};
use crate::stop::{Deadline, StopRequest};

/// Time limit to abort an upload. After that, it is left to the bucket's lifecycle.
const ABORT_TIMEOUT: Duration = Duration::from_secs(30);

/// An upload in progress. It is not visible before it is completed.
#[derive(Debug)]
pub struct Upload {
    pub(super) store: Store,
    pub(super) key: String,
    pub(super) attributes: ObjectAttributes,
    buffers: BufferPlan,
    pub(super) stop: StopRequest,
    splitter: PartSplitter,
    pub(super) creates: UnansweredCreates,
    started: Option<UploadId>,
    sending: JoinSet<Result<CompletedPart, ArchiveError>>,
    sent: Vec<CompletedPart>,
}

/// How the bytes are held until the commit.
#[derive(Debug)]
pub(super) enum PendingBytes {
    /// In memory: so few that one request will do.
    Whole(Bytes),
    /// A multipart upload at S3.
    Parts(UploadId, Vec<CompletedPart>),
}

impl Upload {
    /// Prepares an upload; nothing is sent yet. When `stop` is canceled it gives up at once. Needs a runtime around it.
    #[must_use]
    pub fn new(
        store: &Store,
        key: String,
        attributes: ObjectAttributes,
        buffers: BufferPlan,
        stop: CancellationToken,
    ) -> Self {
        Self {
            store: store.clone(),
            key,
            attributes,
            buffers,
            stop: StopRequest::new(stop),
            splitter: PartSplitter::new(buffers.part_bytes),
            creates: UnansweredCreates::default(),
            started: None,
            sending: JoinSet::new(),
            sent: Vec::new(),
        }
    }

    pub(super) fn members_in_flight(&self) -> usize {
        usize::try_from(self.buffers.members_in_flight).unwrap_or(usize::MAX)
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        for part in self.splitter.push(bytes) {
            self.send(Bytes::from(part)).await?;
        }
        Ok(())
    }

    /// Sends what is left and waits for all parts; a stream that filled no part is only kept.
    pub(super) async fn finish(&mut self) -> Result<PendingBytes, ArchiveError> {
        let rest = Bytes::from(self.splitter.rest());
        if self.started.is_none() {
            return Ok(PendingBytes::Whole(rest));
        }
        if !rest.is_empty() {
            self.send(rest).await?;
        }
        while !self.sending.is_empty() {
            self.await_one().await?;
        }
        // Parts end in any order, and S3 takes them in ascending order only.
        let mut parts = std::mem::take(&mut self.sent);
        parts.sort_by_key(|part| part.part_number);
        match self.started.clone() {
            Some(upload) => Ok(PendingBytes::Parts(upload, parts)),
            None => Ok(PendingBytes::Whole(Bytes::new())),
        }
    }

    /// Takes back what was sent. A part that is still on its way could outlive the abort, so those are ended first.
    pub(super) async fn abandon(mut self) -> Result<(), ArchiveError> {
        self.sending.shutdown().await;
        tokio::select! {
            aborted = self.store.take_back(&self.key, self.started.as_ref(), &self.creates) => aborted,
            () = tokio::time::sleep(ABORT_TIMEOUT) => Err(ArchiveError::Stopped),
            () = self.stop.passed(Deadline::Undo) => Err(ArchiveError::Stopped),
        }
    }

    async fn send(&mut self, part: Bytes) -> Result<(), ArchiveError> {
        // Waiting here holds up the whole pipeline, down to pg_dump: that is what keeps to the memory limit.
        while self.sending.len() as u64 >= self.buffers.parts_in_flight {
            self.await_one().await?;
        }
        let upload = match &self.started {
            Some(upload) => upload.clone(),
            None => {
                let created = tokio::select! {
                    created = self.store.create_upload(&self.key, &self.attributes, &self.creates) => created?,
                    () = self.stop.passed(Deadline::CompleteUpload) => return Err(ArchiveError::Stopped),
                };
                self.started.insert(created).clone()
            }
        };
        let number = u32::try_from(self.sent.len() + self.sending.len() + 1).unwrap_or(u32::MAX);
        if number > MOST_PARTS {
            return Err(ArchiveError::TooLong { location: self.store.location(&self.key) });
        }
        let (store, key) = (self.store.clone(), self.key.clone());
        self.sending.spawn(async move { store.upload_part(&key, &upload, number, part).await });
        Ok(())
    }

    async fn await_one(&mut self) -> Result<(), ArchiveError> {
        let ended = tokio::select! {
            ended = self.sending.join_next() => ended,
            () = self.stop.requested() => return Err(ArchiveError::Stopped),
        };
        match ended {
            Some(Ok(part)) => self.sent.push(part?),
            Some(Err(lost)) => return Err(ArchiveError::Stream(lost.to_string())),
            None => {}
        }
        Ok(())
    }
}
