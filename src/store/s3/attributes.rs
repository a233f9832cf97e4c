//! Tags, metadata and lock of an object: how they are sent, and what S3 shows of them afterwards. Lifecycle rules and
//! auditors rely on them, so they are read back.

use aws_sdk_s3::types::{Tag, Tagging};

use super::S3Bucket;
use crate::layout::tags::with_lock;
use crate::store::{BucketDefault, CheckedAttributes, LockState, ObjectAttributes, ObjectLock, StoreError};

/// Codes of stores without tags, and of objects in a frozen storage class, whose tags cannot be read.
const NO_TAGS: [&str; 5] = [
    "NotImplemented",
    "501 Not Implemented",
    "MethodNotAllowed",
    "405 Method Not Allowed",
    "InvalidObjectState",
];

impl ObjectAttributes {
    /// The tags as a header carries them.
    pub(super) fn tagging(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.tags).finish()
    }
}

impl S3Bucket {
    /// Sets the lock tag of an object that was just written to what S3 shows, and reads its tags back.
    pub(in crate::store) async fn check_attributes(
        &self,
        key: &str,
        shown: Option<ObjectLock>,
        sent: &ObjectAttributes,
    ) -> Result<CheckedAttributes, StoreError> {
        let checked = self.tag_lock_as(key, shown, sent).await;
        self.compare_tags(key, checked, sent).await
    }

    /// Sets the lock tag of an object that was just written to what S3 shows. A failure is only a warning: the object is
    /// stored, and its tag says `unknown`, which is true.
    pub(in crate::store) async fn tag_lock(&self, key: &str, sent: &ObjectAttributes) -> CheckedAttributes {
        match self.examine(key).await {
            Ok(stored) => self.tag_lock_as(key, stored.lock, sent).await,
            Err(error) => CheckedAttributes {
                lock: LockState::Unknown,
                tags: sent.tags.clone(),
                warning: Some(format!("the lock of {} could not be checked: {error}", self.location(key))),
                remark: None,
            },
        }
    }

    async fn tag_lock_as(
        &self,
        key: &str,
        shown: Option<ObjectLock>,
        sent: &ObjectAttributes,
    ) -> CheckedAttributes {
        let lock = match shown {
            Some(lock) => LockState::Until(lock),
            None if sent.lock.is_none() && sent.by_default == BucketDefault::Nothing => LockState::No,
            None => self.read_lock(key).await,
        };
        let wanted = with_lock(&sent.tags, lock.name());
        let set = if wanted == sent.tags { Ok(()) } else { self.put_tags(key, &wanted).await };
        let (tags, warning) = match set {
            Ok(()) => (wanted, None),
            // A store without tags can say nothing untrue by them.
            Err(StoreError::S3 { code, .. }) if NO_TAGS.contains(&code.as_str()) => (sent.tags.clone(), None),
            Err(error) => {
                (sent.tags.clone(), Some(format!("the tag `object-lock` stays `unknown`: {error}")))
            }
        };
        CheckedAttributes { lock, tags, warning, remark: None }
    }

    /// A store without tags cannot get them wrong. If the answer to a tag change was lost, reading back shows whether it
    /// was made.
    async fn compare_tags(
        &self,
        key: &str,
        checked: CheckedAttributes,
        sent: &ObjectAttributes,
    ) -> Result<CheckedAttributes, StoreError> {
        if sent.tags.is_empty() {
            return Ok(checked);
        }
        let Some(stored) = self.tags(key).await? else {
            let location = self.location(key);
            let remark = format!("the store does not support tags, so those of {location} were not checked");
            return Ok(CheckedAttributes { remark: Some(remark), ..checked });
        };
        // Either the tags with the lock, or, if that change failed, the ones of the upload. Anything else was not sent by us.
        let wanted = with_lock(&sent.tags, checked.lock.name());
        if stored == sorted(&wanted) {
            return Ok(CheckedAttributes { tags: wanted, warning: None, ..checked });
        }
        let expected = sorted(&checked.tags);
        if stored == expected {
            return Ok(checked);
        }
        Err(self.differs(key, "tags", &list_tags(&expected), &list_tags(&stored)))
    }

    /// Replaces all tags of an object.
    async fn put_tags(&self, key: &str, tags: &[(String, String)]) -> Result<(), StoreError> {
        let bad = |error: aws_sdk_s3::error::BuildError| StoreError::Broken(error.to_string());
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

    /// An object's tags, sorted; `None` if the store has no tags.
    ///
    /// # Errors
    /// S3 refuses.
    pub(in crate::store) async fn tags(
        &self,
        key: &str,
    ) -> Result<Option<Vec<(String, String)>>, StoreError> {
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
            Err(StoreError::S3 { code, .. }) if NO_TAGS.contains(&code.as_str()) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn sorted(tags: &[(String, String)]) -> Vec<(String, String)> {
    let mut tags = tags.to_vec();
    tags.sort();
    tags
}

fn list_tags(tags: &[(String, String)]) -> String {
    let pairs: Vec<_> = tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if pairs.is_empty() { "none".to_owned() } else { pairs.join(" ") }
}
