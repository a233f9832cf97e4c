//! Requests to S3. The only place that talks to it.
//!
//! Each request that writes carries a checksum, refuses to overwrite, and names the bucket's owner where one is expected.
//! Facts about S3's behaviour: Amazon S3 API reference, operation by operation.

mod client;
mod failure;
mod lock;
mod read;

pub(super) mod download;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart, StorageClass,
};
use bytes::Bytes;

use super::ArchiveError;
use super::measure::{Measure, Meter};
use crate::secrets::AwsCredentials;
pub use client::Endpoint;
use client::aws_time;
use failure::failed;
pub use lock::{Lock, LockChoice};

/// The metadata key by which a write that was answered late is known as our own.
const WRITE_ID: &str = "write-id";

/// One bucket, and the right to write into it.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    bucket: String,
    owner: Option<String>,
    checksum: Option<ChecksumAlgorithm>,
}

/// What stands beside an object's bytes.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    /// Object tags.
    pub tags: Vec<(String, String)>,
    /// Object metadata, printable ASCII.
    pub metadata: Vec<(String, String)>,
    /// Until when, and how strictly, the object is locked.
    pub lock: Option<Lock>,
    /// S3 storage class; S3's own default where absent.
    pub storage_class: Option<String>,
    /// `Content-Type`.
    pub content_type: &'static str,
}

/// An upload in parts that nobody can see yet.
#[derive(Debug, Clone)]
pub(super) struct UploadId {
    id: String,
    pub(super) write_id: String,
}

/// What is stored under a key.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) bytes: u64,
    pub(super) crc64: Option<String>,
    write_id: Option<String>,
}

impl Store {
    /// A bucket at an endpoint, with exactly these credentials: nothing is looked for elsewhere.
    #[must_use]
    pub fn open(endpoint: &Endpoint, bucket: &str, region: &str, credentials: &AwsCredentials) -> Self {
        Self {
            client: client::build(endpoint, bucket, region, credentials),
            bucket: bucket.to_owned(),
            owner: endpoint.expected_bucket_owner.clone(),
            checksum: endpoint.checksums.then_some(ChecksumAlgorithm::Crc64Nvme),
        }
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// `s3://bucket/key`.
    #[must_use]
    pub fn location(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    /// Stores a small object under a key that must be free.
    ///
    /// # Errors
    /// The key is taken, or S3 refuses.
    pub async fn put_new(&self, key: &str, body: Bytes, labels: &Labels) -> Result<(), ArchiveError> {
        let write_id = uuid::Uuid::new_v4().to_string();
        let sent = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(key)
            .body(ByteStream::from(body))
            .set_checksum_algorithm(self.checksum.clone())
            .if_none_match("*")
            .tagging(tagging(&labels.tags))
            .set_metadata(Some(labels.metadata.iter().cloned().collect()))
            .metadata(WRITE_ID, &write_id)
            .content_type(labels.content_type)
            .set_storage_class(labels.storage_class.as_deref().map(StorageClass::from))
            .set_object_lock_mode(labels.lock.as_ref().map(Lock::mode))
            .set_object_lock_retain_until_date(labels.lock.as_ref().map(|lock| aws_time(lock.until)))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => {
                self.unless_ours(key, &write_id, failed("PutObject", self.location(key), &error)).await
            }
        }
    }

    pub(super) async fn create_upload(&self, key: &str, labels: &Labels) -> Result<UploadId, ArchiveError> {
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
            .tagging(tagging(&labels.tags))
            .set_metadata(Some(labels.metadata.iter().cloned().collect()))
            .metadata(WRITE_ID, &write_id)
            .content_type(labels.content_type)
            .set_storage_class(labels.storage_class.as_deref().map(StorageClass::from))
            .set_object_lock_mode(labels.lock.as_ref().map(Lock::mode))
            .set_object_lock_retain_until_date(labels.lock.as_ref().map(|lock| aws_time(lock.until)))
            .send()
            .await
            .map_err(|error| failed("CreateMultipartUpload", self.location(key), &error))?;
        let id = created.upload_id.ok_or_else(|| self.differs(key, "upload id", "an id", "missing"))?;
        Ok(UploadId { id, write_id })
    }

    pub(super) async fn upload_part(
        &self,
        key: &str,
        upload: &UploadId,
        number: u32,
        body: Bytes,
    ) -> Result<CompletedPart, ArchiveError> {
        let number =
            i32::try_from(number).map_err(|_| ArchiveError::TooLong { location: self.location(key) })?;
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
            .config_override(client::patient())
            .send()
            .await
            .map_err(|error| failed("UploadPart", self.location(key), &error))?;
        Ok(CompletedPart::builder()
            .part_number(number)
            .set_e_tag(sent.e_tag)
            .set_checksum_crc64_nvme(sent.checksum_crc64_nvme)
            .build())
    }

    /// `parts` in ascending order. `crc64` is that of the whole object: S3 refuses to complete another one.
    pub(super) async fn complete_upload(
        &self,
        key: &str,
        upload: &UploadId,
        parts: Vec<CompletedPart>,
        (bytes, crc64): (u64, &str),
    ) -> Result<(), ArchiveError> {
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
            .set_checksum_type(checksum.map(|_| ChecksumType::FullObject))
            .set_checksum_crc64_nvme(checksum.map(|_| crc64.to_owned()))
            .set_mpu_object_size(checksum.and_then(|_| i64::try_from(bytes).ok()))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => {
                let error = failed("CompleteMultipartUpload", self.location(key), &error);
                self.unless_ours(key, &upload.write_id, error).await
            }
        }
    }

    pub(super) async fn abort_upload(&self, key: &str, upload: &UploadId) -> Result<(), ArchiveError> {
        let sent = self
            .client
            .abort_multipart_upload()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(key)
            .upload_id(&upload.id)
            .send()
            .await;
        sent.map(drop).map_err(|error| failed("AbortMultipartUpload", self.location(key), &error))
    }

    pub(super) async fn head(&self, key: &str) -> Result<Stored, ArchiveError> {
        let head = self
            .client
            .head_object()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(key)
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await
            .map_err(|error| failed("HeadObject", self.location(key), &error))?;
        Ok(Stored {
            bytes: head.content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default(),
            crc64: head.checksum_crc64_nvme,
            write_id: head.metadata.and_then(|mut metadata| metadata.remove(WRITE_ID)),
        })
    }

    /// Reads an object through and measures it, a piece at a time.
    pub(super) async fn measure(&self, key: &str) -> Result<Measure, ArchiveError> {
        let get = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(key)
            .send()
            .await
            .map_err(|error| failed("GetObject", self.location(key), &error))?;
        let (mut body, mut meter) = (get.body, Meter::default());
        while let Some(piece) = body.next().await {
            meter.feed(&piece.map_err(|error| ArchiveError::Stream(error.to_string()))?);
        }
        Ok(meter.read())
    }

    /// "The key is taken" and "there is no such upload" may be the answers to the second sending of a request whose first
    /// one succeeded.
    async fn unless_ours(&self, key: &str, write_id: &str, error: ArchiveError) -> Result<(), ArchiveError> {
        let ArchiveError::S3 { code, .. } = &error else { return Err(error) };
        let taken = code == "PreconditionFailed" || code.starts_with("412");
        if !taken && code != "NoSuchUpload" {
            return Err(error);
        }
        match self.head(key).await {
            Ok(stored) if stored.write_id.as_deref() == Some(write_id) => Ok(()),
            _ if taken => Err(ArchiveError::AlreadyExists { location: self.location(key) }),
            _ => Err(error),
        }
    }

    pub(super) fn differs(&self, key: &str, what: &'static str, expected: &str, got: &str) -> ArchiveError {
        ArchiveError::Differs {
            location: self.location(key),
            what,
            expected: expected.to_owned(),
            got: got.to_owned(),
        }
    }
}

fn tagging(tags: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(tags).finish()
}
