//! Requests for one object: store it in one request under a key that must be free, inspect, read and thaw it. And the
//! listing of a bucket.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumMode, EncodingType, GlacierJobParameters, Object, ObjectLockLegalHoldStatus, ReplicationStatus,
    RestoreRequest, StorageClass, Tier,
};
use bytes::{Bytes, BytesMut};

use super::download::S3Download;
use super::lock::{aws_time, time};
use super::{S3Bucket, client};
use crate::store::{ListedObject, ObjectAttributes, ObjectInfo, ObjectLock, Replicated, StoreError};

use crate::store::hash::{Hasher, SizeAndHash};
use crate::store::thaw::ThawState;

/// Number of times that a write is repeated after a conflict with another write to the same key.
const CONFLICTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(250);
/// Metadata key that identifies our own write if its answer was lost.
pub(super) const WRITE_ID: &str = "write-id";
/// The storage class of objects for which S3 names none.
const STANDARD: &str = "STANDARD";
const GONE: [&str; 4] = ["NoSuchKey", "NotFound", "404 Not Found", "404"];

impl S3Bucket {
    /// Stores a small object under a key that must be free.
    ///
    /// # Errors
    /// The key is taken, or S3 refuses.
    pub async fn put_new(
        &self,
        key: &str,
        body: Bytes,
        attributes: &ObjectAttributes,
    ) -> Result<(), StoreError> {
        let write_id = uuid::Uuid::new_v4().to_string();
        for conflict in 0..CONFLICTS {
            match self.put(key, body.clone(), attributes, &write_id).await {
                // The next attempt shows which write won: the key is then free, taken or ours.
                Err(error) if error.is_conflict() => tokio::time::sleep(PAUSE * 2_u32.pow(conflict)).await,
                done => return done,
            }
        }
        self.put(key, body, attributes, &write_id).await
    }

    async fn put(
        &self,
        key: &str,
        body: Bytes,
        attributes: &ObjectAttributes,
        write_id: &str,
    ) -> Result<(), StoreError> {
        let limit = client::upload_limit(body.len());
        let sent = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(key)
            .body(ByteStream::from(body))
            .set_checksum_algorithm(self.checksum.clone())
            // S3 itself refuses a key that is taken. A check before would leave a gap between the two.
            .if_none_match("*")
            .tagging(attributes.tagging())
            .set_metadata(Some(attributes.metadata.iter().cloned().collect()))
            .metadata(WRITE_ID, write_id)
            .content_type(attributes.content_type)
            .set_storage_class(attributes.storage_class.as_deref().map(StorageClass::from))
            .set_object_lock_mode(attributes.lock.as_ref().map(ObjectLock::mode))
            .set_object_lock_retain_until_date(attributes.lock.as_ref().map(|lock| aws_time(lock.until)))
            .customize()
            .config_override(client::answered_within(limit))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => {
                let error = self.failed_within(limit, "PutObject", key, error);
                self.check_lost_answer(key, write_id, error).await
            }
        }
    }
    /// A failed write may have succeeded after all: its answer was lost or late, or a retry found the key taken or the
    /// upload gone. The write id shows whether the stored object is ours.
    pub(super) async fn check_lost_answer(
        &self,
        key: &str,
        write_id: &str,
        error: StoreError,
    ) -> Result<(), StoreError> {
        let taken = error.says_taken();
        if error.is_refusal() && !taken && !error.says_no_such_upload() {
            return Err(error);
        }
        match self.examine(key).await {
            Ok(stored) if stored.write_id.as_deref() == Some(write_id) => Ok(()),
            _ if taken => Err(StoreError::AlreadyExists { location: self.location(key) }),
            Ok(_) | Err(StoreError::Missing { .. }) => Err(error),
            Err(_) => {
                Err(StoreError::OutcomeUnknown { cause: Box::new(error), location: self.location(key) })
            }
        }
    }

    /// Every object whose key begins with the prefix, in the order of keys.
    ///
    /// # Errors
    /// S3 refuses.
    pub async fn list(&self, prefix: &str) -> Result<Vec<ListedObject>, StoreError> {
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .prefix(prefix)
            // XML cannot carry every key; one that it cannot would hide all others.
            .encoding_type(EncodingType::Url)
            .into_paginator()
            .send();
        let mut listed = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.failed("ListObjectsV2", prefix, error))?;
            let encoded = page.encoding_type == Some(EncodingType::Url);
            listed.extend(
                page.contents.unwrap_or_default().into_iter().filter_map(|it| to_listed(it, encoded)),
            );
        }
        Ok(listed)
    }

    /// Whether an object's key begins with the prefix. An answer proves that the bucket exists in this region, belongs to
    /// the expected owner and can be listed. It does not prove that objects can be stored.
    ///
    /// # Errors
    /// S3 refuses.
    pub async fn holds(&self, prefix: &str) -> Result<bool, StoreError> {
        let answer = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .prefix(prefix)
            .max_keys(1)
            .encoding_type(EncodingType::Url)
            .send()
            .await;
        let answer = answer.map_err(|error| self.failed("ListObjectsV2", prefix, error))?;
        Ok(!answer.contents().is_empty())
    }

    /// Inspects an object.
    ///
    /// # Errors
    /// It does not exist, or S3 refuses.
    pub async fn examine(&self, key: &str) -> Result<ObjectInfo, StoreError> {
        self.examine_as(key, None).await
    }

    /// Inspects an object, or one version of it.
    pub(in crate::store) async fn examine_as(
        &self,
        key: &str,
        version: Option<&str>,
    ) -> Result<ObjectInfo, StoreError> {
        let head = self
            .client
            .head_object()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(key)
            .set_version_id(version.map(str::to_owned))
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await
            .map_err(|error| self.missing(key, self.failed("HeadObject", key, error)))?;
        Ok(ObjectInfo {
            bytes: head.content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default(),
            mark: head.e_tag.unwrap_or_default(),
            storage_class: Some(
                head.storage_class.map_or(STANDARD.to_owned(), |class| class.as_str().to_owned()),
            ),
            archive_tier: head.archive_status.map(|tier| tier.as_str().to_owned()),
            crc64: head.checksum_crc64_nvme.filter(|text| is_crc64(text)),
            write_id: head.metadata.and_then(|mut metadata| metadata.remove(WRITE_ID)),
            restored: ThawState::parse(head.restore.as_deref()),
            lock: ObjectLock::from_answer(head.object_lock_mode, head.object_lock_retain_until_date.as_ref()),
            legal_hold: head.object_lock_legal_hold_status.and_then(|status| match status {
                ObjectLockLegalHoldStatus::On => Some(true),
                ObjectLockLegalHoldStatus::Off => Some(false),
                _ => None,
            }),
            replication: head.replication_status.map(|status| match status {
                ReplicationStatus::Complete | ReplicationStatus::Completed | ReplicationStatus::Replica => {
                    Replicated::Yes
                }
                _ => Replicated::NotYet,
            }),
            version: head.version_id,
        })
    }

    /// The bytes of an object that must not be longer than the limit.
    ///
    /// # Errors
    /// It does not exist, is longer, or S3 refuses.
    pub async fn read_small(&self, key: &str, limit_bytes: u64) -> Result<Bytes, StoreError> {
        let mut download = S3Download::of_whatever_is_there(self, key).await?;
        if download.bytes() > limit_bytes {
            return Err(StoreError::Oversized { location: self.location(key), limit_bytes });
        }
        let mut bytes = BytesMut::with_capacity(usize::try_from(download.bytes()).unwrap_or_default());
        // The announced length was checked, and a download ends with an error if more comes.
        while let Some(piece) = download.next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.freeze())
    }

    /// Requests a thaw that keeps an object readable for `days`, see [`ObjectInfo::thaw_days`]. A second request does no
    /// harm.
    ///
    /// # Errors
    /// It does not exist, is not frozen, or S3 refuses.
    pub async fn thaw(&self, key: &str, days: Option<u16>) -> Result<(), StoreError> {
        let standard = GlacierJobParameters::builder().tier(Tier::Standard).build();
        let request = standard.map(|tier| {
            let request = RestoreRequest::builder().set_days(days.map(i32::from));
            request.glacier_job_parameters(tier).build()
        });
        let request = request.map_err(|error| StoreError::Broken(error.to_string()))?;
        let sent = self
            .client
            .restore_object()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(key)
            .restore_request(request)
            .send()
            .await;
        match sent.map_err(|error| self.missing(key, self.failed("RestoreObject", key, error))) {
            Ok(_) => Ok(()),
            Err(StoreError::S3 { code, .. }) if code == "RestoreAlreadyInProgress" => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Reads an object through and measures it, a piece at a time.
    pub(in crate::store) async fn measure(&self, key: &str) -> Result<SizeAndHash, StoreError> {
        let get = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(key)
            .send()
            .await
            .map_err(|error| self.failed("GetObject", key, error))?;
        let (mut body, mut hasher) = (get.body, Hasher::default());
        while let Some(piece) = body.next().await {
            hasher.feed(&piece.map_err(|error| StoreError::Broken(error.to_string()))?);
        }
        Ok(hasher.read())
    }

    /// Turns the error for a missing object into [`StoreError::Missing`].
    pub(super) fn missing(&self, key: &str, error: StoreError) -> StoreError {
        match error {
            StoreError::S3 { code, .. } if GONE.contains(&code.as_str()) => {
                StoreError::Missing { location: self.location(key) }
            }
            error => error,
        }
    }
}

/// Whether a text is a checksum of eight bytes in base64. Some compatible stores answer with another kind of checksum,
/// which says nothing about the object.
fn is_crc64(text: &str) -> bool {
    base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).is_ok_and(|sum| sum.len() == 8)
}

/// `None` for a key that is not UTF-8: it is not ours.
fn to_listed(object: Object, encoded: bool) -> Option<ListedObject> {
    let key = object.key?;
    Some(ListedObject {
        key: if encoded { decoded(&key)? } else { key },
        bytes: object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
        storage_class: Some(
            object.storage_class.map_or(STANDARD.to_owned(), |class| class.as_str().to_owned()),
        ),
        modified: object.last_modified.and_then(|at| time(&at)),
    })
}

/// S3 writes a blank as a plus sign.
pub(super) fn decoded(key: &str) -> Option<String> {
    let key = key.replace('+', " ");
    percent_encoding::percent_decode_str(&key).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}
