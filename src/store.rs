//! Where objects are stored: a store puts an object once, whole or in parts, and shows, lists and reads it.
//!
//! [`Store`] is the only place that knows which kinds exist. What a kind cannot do, it reports as a capability or an
//! error, never as a silent success. It does not know what the objects are.

pub mod attributes;
pub mod hash;
pub mod parts;
pub mod preflight;
pub mod s3;
pub mod thaw;

mod download;
mod error;
mod expectations;
mod object;
mod upload;

pub use attributes::{BucketDefault, CheckedAttributes, LockChoice, LockState, ObjectAttributes, ObjectLock};
pub use download::Download;
pub use error::StoreError;
pub use expectations::StorageExpectations;
pub use object::{ListedObject, ObjectInfo, Published, WholeObject};
pub use s3::{AwsSession, Caller, Endpoint, session_name};
pub use upload::Upload;

use bytes::Bytes;
use jiff::Timestamp;

use hash::SizeAndHash;
use s3::S3Bucket;

/// One of a sponsor's two stores, and what it takes to access it.
#[derive(Debug, Clone)]
pub struct Store {
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    S3(S3Bucket),
}

impl Store {
    /// Opens a bucket at an endpoint with exactly these credentials. Sends no request.
    #[must_use]
    pub fn open(endpoint: &Endpoint, bucket: &str, caller: &Caller) -> Self {
        Self { kind: Kind::S3(S3Bucket::open(endpoint, bucket, caller)) }
    }

    /// The same store, with the name of the secret that its name came from. Hints show it.
    #[must_use]
    pub fn named_by(self, secret: &'static str) -> Self {
        let kind = match self.kind {
            Kind::S3(bucket) => Kind::S3(bucket.named_by(secret)),
        };
        Self { kind }
    }

    /// The same store, which other sponsors may use, too.
    #[must_use]
    pub fn shared(self, is_shared: bool) -> Self {
        let kind = match self.kind {
            Kind::S3(bucket) => Kind::S3(bucket.shared(is_shared)),
        };
        Self { kind }
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        match &self.kind {
            Kind::S3(bucket) => bucket.bucket(),
        }
    }

    /// `s3://bucket/key`.
    #[must_use]
    pub fn location(&self, key: &str) -> String {
        match &self.kind {
            Kind::S3(bucket) => bucket.location(key),
        }
    }

    /// Stores a small object under a key that must be free.
    ///
    /// # Errors
    /// The key is taken, or the store refuses.
    pub async fn put_new(
        &self,
        key: &str,
        body: Bytes,
        attributes: &ObjectAttributes,
    ) -> Result<(), StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.put_new(key, body, attributes).await,
        }
    }

    /// Every object whose key begins with the prefix, in the order of keys.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn list(&self, prefix: &str) -> Result<Vec<ListedObject>, StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.list(prefix).await,
        }
    }

    /// Whether an object's key begins with the prefix. An answer proves that the store exists and can be listed. It does not
    /// prove that objects can be stored.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn holds(&self, prefix: &str) -> Result<bool, StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.holds(prefix).await,
        }
    }

    /// Key and start time of every unfinished upload below the prefix.
    ///
    /// # Errors
    /// The store refuses, or knows no such list.
    pub async fn open_uploads(&self, prefix: &str) -> Result<Vec<(String, Option<Timestamp>)>, StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.open_uploads(prefix).await,
        }
    }

    /// Inspects an object.
    ///
    /// # Errors
    /// It does not exist, or the store refuses.
    pub async fn examine(&self, key: &str) -> Result<ObjectInfo, StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.examine(key).await,
        }
    }

    /// The bytes of an object that must not be longer than the limit.
    ///
    /// # Errors
    /// It does not exist, is longer, or the store refuses.
    pub async fn read_small(&self, key: &str, limit_bytes: u64) -> Result<Bytes, StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.read_small(key, limit_bytes).await,
        }
    }

    /// Reads an object through and measures it, a piece at a time.
    ///
    /// # Errors
    /// The store fails.
    pub async fn measure(&self, key: &str) -> Result<SizeAndHash, StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.measure(key).await,
        }
    }

    /// Requests a thaw that keeps an object readable for `days`, see [`ObjectInfo::thaw_days`]. A second request does no
    /// harm.
    ///
    /// # Errors
    /// It does not exist, is not frozen, or the store refuses.
    pub async fn thaw(&self, key: &str, days: Option<u16>) -> Result<(), StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.thaw(key, days).await,
        }
    }

    /// An object's tags, sorted; `None` if the store has no tags.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn tags(&self, key: &str) -> Result<Option<Vec<(String, String)>>, StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.tags(key).await,
        }
    }

    /// Reads back lock and tags of an object that was just written, and sets its lock tag to what the store shows.
    ///
    /// # Errors
    /// The stored object has not the lock or the tags that were sent, or the store does not show them.
    pub async fn check_attributes(
        &self,
        key: &str,
        sent: &ObjectAttributes,
    ) -> Result<CheckedAttributes, StoreError> {
        let shown = self.examine(key).await?.lock;
        self.check_attributes_as(key, shown, sent).await
    }

    /// The same, given the lock that [`Self::examine`] showed.
    ///
    /// # Errors
    /// The same.
    pub async fn check_attributes_as(
        &self,
        key: &str,
        shown: Option<ObjectLock>,
        sent: &ObjectAttributes,
    ) -> Result<CheckedAttributes, StoreError> {
        self.compare_lock(key, shown.as_ref(), sent)?;
        match &self.kind {
            Kind::S3(bucket) => bucket.check_attributes(key, shown, sent).await,
        }
    }

    /// Compares the lock that [`Self::examine`] showed with the one that was sent.
    ///
    /// # Errors
    /// The lock that was sent is missing, shorter or less strict.
    pub fn compare_lock(
        &self,
        key: &str,
        shown: Option<&ObjectLock>,
        sent: &ObjectAttributes,
    ) -> Result<(), StoreError> {
        match &sent.lock {
            Some(asked) if !shown.is_some_and(|shown| shown.keeps(asked)) => {
                let got = shown.map_or("missing".to_owned(), ToString::to_string);
                Err(self.differs(key, "lock", &asked.to_string(), &got))
            }
            _ => Ok(()),
        }
    }

    /// Sets the lock tag of an object that was just written to what the store shows. A failure is only a warning: the object
    /// is stored, and its tag says `unknown`, which is true.
    pub async fn tag_lock(&self, key: &str, sent: &ObjectAttributes) -> CheckedAttributes {
        match &self.kind {
            Kind::S3(bucket) => bucket.tag_lock(key, sent).await,
        }
    }

    /// The lock that the choice comes to in this store, for an object that is written within a day of `at`, and what the
    /// store does if none is sent.
    ///
    /// # Errors
    /// The store's settings decide and cannot be read.
    pub async fn resolve_lock(
        &self,
        choice: LockChoice,
        at: Timestamp,
        years: Option<u16>,
    ) -> Result<(Option<ObjectLock>, BucketDefault), StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.resolve_lock(choice, at, years).await,
        }
    }

    /// Checks that the store can lock objects, before a dump that takes hours begins.
    ///
    /// # Errors
    /// It cannot, or it fails.
    pub async fn require_object_lock(&self) -> Result<(), StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.require_object_lock().await,
        }
    }

    /// The error of an object that is not stored as it was sent.
    #[must_use]
    pub fn differs(&self, key: &str, what: &'static str, expected: &str, got: &str) -> StoreError {
        StoreError::Differs {
            location: self.location(key),
            what,
            expected: expected.to_owned(),
            got: got.to_owned(),
        }
    }
}
