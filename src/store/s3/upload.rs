//! Sends a stream of bytes to S3 as a multipart upload, or keeps it in memory if it is too short for that.

use std::time::Duration;

use aws_sdk_s3::types::CompletedPart;
use bytes::Bytes;
use tokio::task::JoinSet;

use super::{S3Bucket, UnansweredCreates, UploadId};
use crate::stop::{Deadline, StopRequest};
use crate::store::parts::{MOST_PARTS, PartPlan, PartSplitter};
use crate::store::{ObjectAttributes, Published, StoreError, WholeObject};

/// Time limit to abort an upload. After that, it is left to the bucket's lifecycle.
const ABORT_TIMEOUT: Duration = Duration::from_secs(30);

/// An upload in progress. It is not visible before it is completed.
#[derive(Debug)]
pub(in crate::store) struct S3Upload {
    bucket: S3Bucket,
    key: String,
    attributes: ObjectAttributes,
    plan: PartPlan,
    splitter: PartSplitter,
    creates: UnansweredCreates,
    started: Option<UploadId>,
    sending: JoinSet<Result<CompletedPart, StoreError>>,
    sent: Vec<CompletedPart>,
    /// A stream that filled no part, after its end.
    whole: Bytes,
}

impl S3Upload {
    /// Prepares an upload; nothing is sent yet.
    pub(in crate::store) fn new(
        bucket: S3Bucket,
        key: String,
        attributes: ObjectAttributes,
        plan: PartPlan,
    ) -> Self {
        Self {
            bucket,
            key,
            attributes,
            plan,
            splitter: PartSplitter::new(plan.part_bytes),
            creates: UnansweredCreates::default(),
            started: None,
            sending: JoinSet::new(),
            sent: Vec::new(),
            whole: Bytes::new(),
        }
    }

    pub(in crate::store) async fn write(
        &mut self,
        bytes: &[u8],
        stop: &StopRequest,
    ) -> Result<(), StoreError> {
        for part in self.splitter.push(bytes) {
            self.send(Bytes::from(part), stop).await?;
        }
        Ok(())
    }

    /// Sends what is left and waits for all parts; a stream that filled no part is only kept.
    pub(in crate::store) async fn finish(&mut self, stop: &StopRequest) -> Result<(), StoreError> {
        let rest = Bytes::from(self.splitter.rest());
        if self.started.is_none() {
            self.whole = rest;
            return Ok(());
        }
        if !rest.is_empty() {
            self.send(rest, stop).await?;
        }
        while !self.sending.is_empty() {
            self.await_one(stop).await?;
        }
        Ok(())
    }

    /// Makes the object visible. S3 compares it with `whole` if the bucket keeps checksums.
    pub(in crate::store) async fn publish(
        &mut self,
        whole: WholeObject<'_>,
        stop: &StopRequest,
    ) -> Result<Published, StoreError> {
        let in_one_request = self.started.is_none();
        let visible = tokio::select! {
            done = self.make_visible(whole) => done,
            () = stop.passed(Deadline::CompleteUpload) => Err(StoreError::Stopped),
        };
        match visible {
            Ok(remarks) => Ok(Published { remarks, is_proven: false }),
            // A multipart upload can be aborted. A single request that was given up may still succeed.
            Err(cause @ StoreError::Stopped) if in_one_request => {
                let location = self.bucket.location(&self.key);
                Err(StoreError::OutcomeUnknown { cause: Box::new(cause), location })
            }
            Err(cause) => Err(cause),
        }
    }

    async fn make_visible(&mut self, whole: WholeObject<'_>) -> Result<Vec<String>, StoreError> {
        let (bucket, key) = (&self.bucket, &self.key);
        let Some(id) = &self.started else {
            return bucket.put_new(key, self.whole.clone(), &self.attributes).await.map(|()| Vec::new());
        };
        // Parts end in any order, and S3 takes them in ascending order only.
        let mut parts = std::mem::take(&mut self.sent);
        parts.sort_by_key(|part| part.part_number);
        let orphans = bucket.abort_orphans(key, Some(id), &self.creates).await;
        bucket.complete_upload(key, id, parts, (whole.bytes, whole.crc64)).await?;
        Ok(orphans.err().map(|error| error.to_string()).into_iter().collect())
    }

    /// Takes back what was sent. A part that is still on its way could outlive the abort, so those are ended first.
    pub(in crate::store) async fn abandon(mut self, stop: &StopRequest) -> Result<(), StoreError> {
        self.sending.shutdown().await;
        tokio::select! {
            aborted = self.bucket.take_back(&self.key, self.started.as_ref(), &self.creates) => aborted,
            () = tokio::time::sleep(ABORT_TIMEOUT) => Err(StoreError::Stopped),
            () = stop.passed(Deadline::Undo) => Err(StoreError::Stopped),
        }
    }

    async fn send(&mut self, part: Bytes, stop: &StopRequest) -> Result<(), StoreError> {
        // Waiting here holds up the whole pipeline, down to pg_dump: that is what keeps to the memory limit.
        while self.sending.len() as u64 >= self.plan.parts_in_flight {
            self.await_one(stop).await?;
        }
        let upload = match &self.started {
            Some(upload) => upload.clone(),
            None => {
                let created = tokio::select! {
                    created = self.bucket.create_upload(&self.key, &self.attributes, &self.creates) => created?,
                    () = stop.passed(Deadline::CompleteUpload) => return Err(StoreError::Stopped),
                };
                self.started.insert(created).clone()
            }
        };
        let number = u32::try_from(self.sent.len() + self.sending.len() + 1).unwrap_or(u32::MAX);
        if number > MOST_PARTS {
            return Err(StoreError::TooLong { location: self.bucket.location(&self.key) });
        }
        let (bucket, key) = (self.bucket.clone(), self.key.clone());
        self.sending.spawn(async move { bucket.upload_part(&key, &upload, number, part).await });
        Ok(())
    }

    async fn await_one(&mut self, stop: &StopRequest) -> Result<(), StoreError> {
        let ended = tokio::select! {
            ended = self.sending.join_next() => ended,
            () = stop.requested() => return Err(StoreError::Stopped),
        };
        match ended {
            Some(Ok(part)) => self.sent.push(part?),
            Some(Err(lost)) => return Err(StoreError::Broken(lost.to_string())),
            None => {}
        }
        Ok(())
    }
}
