//! Reads back what is stored, to compare it with what was sent.

use aws_sdk_s3::types::{ChecksumMode, Tag, Tagging};

use super::{LockState, ObjectAttributes, ObjectLock, Store, WRITE_ID};
use crate::archive::ArchiveError;
use crate::archive::checksum::{Hasher, SizeAndHash};
use crate::archive::key::with_lock;

/// Codes of stores without tags, and of objects in a frozen storage class, whose tags cannot be read.
const NO_TAGS: [&str; 5] = [
    "NotImplemented",
    "501 Not Implemented",
    "MethodNotAllowed",
    "405 Method Not Allowed",
    "InvalidObjectState",
];

/// What is stored under a key.
#[derive(Debug)]
pub(in crate::archive) struct Stored {
    pub(in crate::archive) bytes: u64,
    pub(in crate::archive) crc64: Option<String>,
    pub(in crate::archive) lock: Option<ObjectLock>,
    write_id: Option<String>,
}

/// The lock that S3 showed, and whether the object's tag says so.
#[derive(Debug, Clone)]
pub struct CheckedAttributes {
    /// The lock.
    pub lock: LockState,
    /// The object's tags as they should be now.
    pub(in crate::archive) tags: Vec<(String, String)>,
    /// Why the tag does not say so.
    pub warning: Option<String>,
}

impl Store {
    /// Reads back the lock of an object that was just written, and sets its lock tag. A failure is only a warning: the
    /// object is stored, and its tag says `unknown`, which is true.
    pub async fn label(&self, key: &str, sent: &ObjectAttributes) -> CheckedAttributes {
        match self.head(key).await {
            Ok(stored) => self.label_as(key, stored.lock, sent).await,
            Err(error) => CheckedAttributes {
                lock: LockState::Unknown,
                tags: sent.tags.clone(),
                warning: Some(format!("the lock of {} could not be checked: {error}", self.location(key))),
            },
        }
    }

    /// The same, given what a HEAD request showed.
    pub(in crate::archive) async fn label_as(
        &self,
        key: &str,
        told: Option<ObjectLock>,
        sent: &ObjectAttributes,
    ) -> CheckedAttributes {
        let lock = self.locked(key, told, sent).await;
        let tags = with_lock(&sent.tags, lock.name());
        if tags == sent.tags {
            return CheckedAttributes { lock, tags, warning: None };
        }
        match self.put_tags(key, &tags).await {
            Ok(()) => CheckedAttributes { lock, tags, warning: None },
            // A store without tags can say nothing untrue by them.
            Err(ArchiveError::S3 { code, .. }) if NO_TAGS.contains(&code.as_str()) => {
                CheckedAttributes { lock, tags: sent.tags.clone(), warning: None }
            }
            Err(error) => {
                let warning = format!("the tag `object-lock` stays `unknown`: {error}");
                CheckedAttributes { lock, tags: sent.tags.clone(), warning: Some(warning) }
            }
        }
    }

    /// Replaces all tags of an object.
    async fn put_tags(&self, key: &str, tags: &[(String, String)]) -> Result<(), ArchiveError> {
        let bad = |error: aws_sdk_s3::error::BuildError| ArchiveError::Stream(error.to_string());
        let tag = |(name, value): &(String, String)| Tag::builder().key(name).value(value).build();
        let set = tags.iter().map(tag).collect::<Result<_, _>>().map_err(bad)?;
        let sent = self
            .client
            .put_object_tagging()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(key)
            .tagging(Tagging::builder().set_tag_set(Some(set)).build().map_err(bad)?)
            .send()
            .await;
        sent.map(drop).map_err(|error| self.failed("PutObjectTagging", key, error))
    }

    pub(in crate::archive) async fn head(&self, key: &str) -> Result<Stored, ArchiveError> {
        let head = self
            .client
            .head_object()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(key)
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await
            .map_err(|error| self.missing(key, self.failed("HeadObject", key, error)))?;
        Ok(Stored {
            bytes: head.content_length.and_then(|length| u64::try_from(length).ok()).unwrap_or_default(),
            crc64: head.checksum_crc64_nvme,
            lock: ObjectLock::told(head.object_lock_mode, head.object_lock_retain_until_date.as_ref()),
            write_id: head.metadata.and_then(|mut metadata| metadata.remove(WRITE_ID)),
        })
    }

    /// Reads an object through and measures it, a piece at a time.
    pub(in crate::archive) async fn measure(&self, key: &str) -> Result<SizeAndHash, ArchiveError> {
        let get = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(key)
            .send()
            .await
            .map_err(|error| self.failed("GetObject", key, error))?;
        let (mut body, mut meter) = (get.body, Hasher::default());
        while let Some(piece) = body.next().await {
            meter.feed(&piece.map_err(|error| ArchiveError::Stream(error.to_string()))?);
        }
        Ok(meter.read())
    }

    /// An object's tags, sorted; `None` if the store has no tags.
    pub(in crate::archive) async fn tags(
        &self,
        key: &str,
    ) -> Result<Option<Vec<(String, String)>>, ArchiveError> {
        let answer = self
            .client
            .get_object_tagging()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(key)
            .send()
            .await;
        match answer.map_err(|error| self.failed("GetObjectTagging", key, error)) {
            Ok(answer) => {
                let mut tags: Vec<_> = answer.tag_set.into_iter().map(|tag| (tag.key, tag.value)).collect();
                tags.sort();
                Ok(Some(tags))
            }
            Err(ArchiveError::S3 { code, .. }) if NO_TAGS.contains(&code.as_str()) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A failed write may have succeeded after all: its answer was lost or late, or a retry found the key taken or the
    /// upload gone. The write id shows whether the stored object is ours.
    pub(super) async fn check_lost_answer(
        &self,
        key: &str,
        write_id: &str,
        error: ArchiveError,
    ) -> Result<(), ArchiveError> {
        let taken = error.says_taken();
        if error.is_refusal() && !taken && !error.says_no_such_upload() {
            return Err(error);
        }
        match self.head(key).await {
            Ok(stored) if stored.write_id.as_deref() == Some(write_id) => Ok(()),
            _ if taken => Err(ArchiveError::AlreadyExists { location: self.location(key) }),
            Ok(_) | Err(ArchiveError::Missing { .. }) => Err(error),
            Err(_) => {
                let left = format!("the outcome of the upload to {} is unknown", self.location(key));
                Err(ArchiveError::Unfinished { cause: Box::new(error), left })
            }
        }
    }
}
