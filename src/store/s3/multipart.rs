//! Multipart uploads: created, filled, completed or aborted.
//!
//! A CreateMultipartUpload request without a response may have left an upload with an unknown id, so those are counted,
//! and the uploads that they may have left are aborted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_s3::config::interceptors::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumType, CompletedMultipartUpload, CompletedPart, StorageClass};
use bytes::Bytes;

use super::lock::{aws_time, time};
use super::objects::WRITE_ID;
use super::{S3Bucket, client};
use crate::store::{ListedUpload, ObjectAttributes, ObjectLock, StoreError};

const SERVICE_UNAVAILABLE: u16 = 503;

/// A multipart upload that is not visible yet.
#[derive(Debug, Clone)]
pub(in crate::store) struct UploadId {
    id: String,
    pub(in crate::store) write_id: String,
}

impl UploadId {
    /// As S3 gave it.
    pub(in crate::store) fn id(&self) -> &str {
        &self.id
    }
}

impl S3Bucket {
    /// `creates` counts each request that was sent and not answered.
    pub(in crate::store) async fn create_upload(
        &self,
        key: &str,
        attributes: &ObjectAttributes,
        creates: &UnansweredCreates,
    ) -> Result<UploadId, StoreError> {
        let write_id = uuid::Uuid::new_v4().to_string();
        let whole = self.checksum.as_ref().map(|_| ChecksumType::FullObject);
        let created = self
            .client
            .create_multipart_upload()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(key)
            .set_checksum_algorithm(self.checksum.clone())
            .set_checksum_type(whole)
            .tagging(attributes.tagging())
            .set_metadata(Some(attributes.metadata.iter().cloned().collect()))
            .metadata(WRITE_ID, &write_id)
            .content_type(attributes.content_type)
            .set_storage_class(attributes.storage_class.as_deref().map(StorageClass::from))
            .set_object_lock_mode(attributes.lock.as_ref().map(ObjectLock::mode))
            .set_object_lock_retain_until_date(attributes.lock.as_ref().map(|lock| aws_time(lock.until)))
            .customize()
            .interceptor(creates.clone())
            .send()
            .await
            .map_err(|error| self.failed("CreateMultipartUpload", key, error))?;
        let id = created.upload_id.ok_or_else(|| self.differs(key, "upload id", "an id", "missing"))?;
        // Only now: a 200 may break off before the id in its body.
        creates.answered();
        Ok(UploadId { id, write_id })
    }

    pub(in crate::store) async fn upload_part(
        &self,
        key: &str,
        upload: &UploadId,
        number: u32,
        body: Bytes,
    ) -> Result<CompletedPart, StoreError> {
        let number =
            i32::try_from(number).map_err(|_| StoreError::TooLong { location: self.location(key) })?;
        // A part that stalls must not hold up the dump behind it: it is sent again after this time.
        let limit = client::upload_limit(body.len());
        let sent = self
            .client
            .upload_part()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(key)
            .upload_id(&upload.id)
            .part_number(number)
            .body(ByteStream::from(body))
            .set_checksum_algorithm(self.checksum.clone())
            .customize()
            .config_override(client::for_part(limit))
            .send()
            .await
            .map_err(|error| self.failed_within(limit, "UploadPart", key, error))?;
        Ok(CompletedPart::builder()
            .part_number(number)
            .set_e_tag(sent.e_tag)
            .set_checksum_crc64_nvme(sent.checksum_crc64_nvme)
            .build())
    }

    /// `parts` in ascending order. `crc64` is that of the whole object: S3 refuses to complete another one.
    pub(in crate::store) async fn complete_upload(
        &self,
        key: &str,
        upload: &UploadId,
        parts: Vec<CompletedPart>,
        (bytes, crc64): (u64, &str),
    ) -> Result<(), StoreError> {
        let checksum = self.checksum.as_ref();
        let sent = self
            .client
            .complete_multipart_upload()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(key)
            .upload_id(&upload.id)
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
            .if_none_match("*")
            // S3 completes only an object with this size and checksum, so a lost or doubled part cannot become visible.
            .set_checksum_type(checksum.map(|_| ChecksumType::FullObject))
            .set_checksum_crc64_nvme(checksum.map(|_| crc64.to_owned()))
            .set_mpu_object_size(checksum.and_then(|_| i64::try_from(bytes).ok()))
            .customize()
            .config_override(client::answered_within(client::ASSEMBLY))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => {
                let error = self.failed("CompleteMultipartUpload", key, error);
                self.check_lost_answer(key, &upload.write_id, error).await
            }
        }
    }

    /// Aborts the upload, if one was created, and the uploads that unanswered creates may have left.
    pub(in crate::store) async fn take_back(
        &self,
        key: &str,
        upload: Option<&UploadId>,
        creates: &UnansweredCreates,
    ) -> Result<(), StoreError> {
        if let Some(upload) = upload {
            self.abort_upload(key, &upload.id).await?;
        }
        self.abort_orphans(key, None, creates).await
    }

    /// An upload that no longer exists counts as aborted.
    async fn abort_upload(&self, key: &str, id: &str) -> Result<(), StoreError> {
        let sent = self
            .client
            .abort_multipart_upload()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(key)
            .upload_id(id)
            .customize()
            .config_override(client::answered_within(client::ABORT))
            .send()
            .await;
        match sent.map_err(|error| self.failed("AbortMultipartUpload", key, error)) {
            Err(error) if !error.says_no_such_upload() => Err(error),
            _ => Ok(()),
        }
    }

    /// If a creation was never answered, S3 may hold an upload with an unknown id. So this aborts all uploads to this key
    /// except for the one that is needed. Only another run of the same sponsor in the same second could own one of them,
    /// and one of those two runs fails in any case. In a shared bucket it could be another sponsor's, so none is aborted
    /// there.
    pub(in crate::store) async fn abort_orphans(
        &self,
        key: &str,
        needed: Option<&UploadId>,
        creates: &UnansweredCreates,
    ) -> Result<(), StoreError> {
        if !creates.unanswered() {
            return Ok(());
        }
        let stray =
            |cause| StoreError::OrphanedUpload { location: self.location(key), cause: Box::new(cause) };
        for id in self.uploads_to(key).await.map_err(stray)? {
            if needed.is_none_or(|needed| needed.id != id) {
                if self.is_shared {
                    return Err(stray(StoreError::Shared));
                }
                self.abort_upload(key, &id).await.map_err(stray)?;
            }
        }
        Ok(())
    }

    /// Key and start time of every unfinished upload below the prefix.
    ///
    /// # Errors
    /// S3 refuses, or knows no such list.
    pub async fn open_uploads(&self, prefix: &str) -> Result<Vec<ListedUpload>, StoreError> {
        let (mut found, mut marker) = (Vec::new(), (None, None));
        loop {
            let asked = marker.clone();
            let request = self
                .client
                .list_multipart_uploads()
                .bucket(&self.bucket)
                .set_expected_bucket_owner(self.owner.clone())
                .prefix(prefix)
                .set_key_marker(marker.0)
                .set_upload_id_marker(marker.1);
            let page = request.send().await;
            let page = page.map_err(|error| self.failed("ListMultipartUploads", prefix, error))?;
            let uploads = page.uploads.unwrap_or_default().into_iter();
            found.extend(uploads.filter_map(|it| {
                let begun = it.initiated.and_then(|at| time(&at));
                Some(ListedUpload { key: it.key?, begun, is_being_written: None })
            }));
            let next = (page.next_key_marker, page.next_upload_id_marker);
            // A store that names the same page again would never end.
            if page.is_truncated != Some(true) || next.0.is_none() || next == asked {
                return Ok(found);
            }
            marker = next;
        }
    }

    /// The ids of the unfinished uploads to this very key. They come first of all whose keys begin with it, and one page
    /// holds a thousand.
    async fn uploads_to(&self, key: &str) -> Result<Vec<String>, StoreError> {
        let answer = self
            .client
            .list_multipart_uploads()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .prefix(key)
            .send()
            .await;
        let page = answer.map_err(|error| self.failed("ListMultipartUploads", key, error))?;
        let exactly =
            page.uploads.unwrap_or_default().into_iter().filter(|it| it.key.as_deref() == Some(key));
        Ok(exactly.filter_map(|upload| upload.upload_id).collect())
    }
}

/// Number of CreateMultipartUpload requests without a response. The SDK retries on its own, so this is an interceptor that
/// counts attempts.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct UnansweredCreates(Arc<AtomicU32>);

impl UnansweredCreates {
    /// Whether an upload with an unknown id may exist.
    pub(in crate::store) fn unanswered(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    pub(super) fn answered(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Intercept for UnansweredCreates {
    fn name(&self) -> &'static str {
        "creates"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// A rejected request created nothing, and neither did a busy server. A 200 counts only with the id in its body, and
    /// other server errors do not show what the server had done.
    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let status = context.response().status();
        if status.is_client_error() || status.as_u16() == SERVICE_UNAVAILABLE {
            self.answered();
        }
        Ok(())
    }
}
