//! Where objects are stored: a store puts an object once, whole or in parts, and shows, lists and reads it.
//!
//! [`Store`] is the only place that knows which kinds exist. What a kind cannot do, it reports as a capability or an
//! error, never as a silent success. It does not know what the objects are.

pub mod attributes;
pub mod folder;
pub mod hash;
pub mod parts;
pub mod place;
pub mod preflight;
pub mod s3;
pub mod thaw;
pub mod versions;

mod capabilities;
mod download;
mod error;
mod expectations;
mod object;
mod removal;
mod upload;

pub use attributes::{BucketDefault, CheckedAttributes, LockChoice, LockState, ObjectAttributes, ObjectLock};
pub use capabilities::Capabilities;
pub use download::Download;
pub use error::StoreError;
pub use expectations::StorageExpectations;
pub use folder::Surroundings;
pub use object::{ListedObject, ListedUpload, ObjectInfo, Published, Replicated, WholeObject};
pub use s3::{AwsSession, Caller, Endpoint, session_name};
pub use upload::Upload;
pub use versions::{ObjectVersion, Versioning};

use bytes::Bytes;
use jiff::Timestamp;

use folder::Folder;
use hash::SizeAndHash;
use s3::S3Bucket;

use crate::secrets::{StoreKind, StoreName};

/// One of a sponsor's two stores, and what it takes to access it.
#[derive(Debug, Clone)]
pub struct Store {
    kind: Kind,
    /// Whether other sponsors may write to it at the same time.
    is_shared: bool,
}

/// What it takes to open stores, of any kind.
#[derive(Debug, Clone, Copy)]
pub struct StoreAccess<'a> {
    /// Endpoint of the buckets.
    pub endpoint: &'a Endpoint,
    /// Who signs requests to buckets. `None` if the sponsor has none.
    pub caller: Option<&'a Caller>,
    /// Where folders are.
    pub surroundings: &'a Surroundings,
}

#[derive(Debug, Clone)]
enum Kind {
    S3(S3Bucket),
    Folder(Folder),
}

impl Store {
    /// Opens the store that a secret names. Sends no request, and creates nothing.
    ///
    /// # Errors
    /// A folder cannot be a store: it does not exist, or other users can write to it, for example. Or it takes AWS
    /// credentials, and none were given.
    pub fn open(name: &StoreName, access: StoreAccess<'_>) -> Result<Self, StoreError> {
        let kind = match (name.kind(), access.caller) {
            (StoreKind::Bucket(bucket), Some(caller)) => {
                Kind::S3(S3Bucket::open(access.endpoint, bucket, caller))
            }
            (StoreKind::Bucket(bucket), None) => {
                return Err(StoreError::NoCredentials { location: format!("s3://{bucket}/") });
            }
            (StoreKind::Folder(root), _) => Kind::Folder(Folder::open(root, access.surroundings)?),
        };
        Ok(Self { kind, is_shared: false })
    }

    /// What this kind of store can do.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        match &self.kind {
            Kind::S3(_) => Capabilities::OF_S3,
            Kind::Folder(_) => Capabilities::OF_FOLDERS,
        }
    }

    /// The same store, with the name of the secret that its name came from. Hints show it.
    #[must_use]
    pub fn named_by(self, secret: &'static str) -> Self {
        let kind = match self.kind {
            Kind::S3(bucket) => Kind::S3(bucket.named_by(secret)),
            Kind::Folder(folder) => Kind::Folder(folder),
        };
        Self { kind, ..self }
    }

    /// The same store, which other sponsors may use, too.
    #[must_use]
    pub fn shared(self, is_shared: bool) -> Self {
        let kind = match self.kind {
            Kind::S3(bucket) => Kind::S3(bucket.shared(is_shared)),
            Kind::Folder(folder) => Kind::Folder(folder),
        };
        Self { kind, is_shared }
    }

    /// `s3://bucket/key` or `file:///root/key`.
    #[must_use]
    pub fn location(&self, key: &str) -> String {
        match &self.kind {
            Kind::S3(bucket) => bucket.location(key),
            Kind::Folder(folder) => folder.location(key),
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
            Kind::Folder(folder) => Ok(folder.put_new(key, body).await?),
        }
    }

    /// Every object whose key begins with the prefix, in the order of keys.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn list(&self, prefix: &str) -> Result<Vec<ListedObject>, StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.list(prefix).await,
            Kind::Folder(folder) => {
                Ok(folder.list(prefix).await?.into_iter().map(ListedObject::from).collect())
            }
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
            Kind::Folder(folder) => Ok(folder.holds(prefix).await?),
        }
    }

    /// Checks that objects can be stored, as far as that shows without storing one. S3 shows it only then.
    ///
    /// # Errors
    /// A folder is read-only, closed to this process, or gone.
    pub async fn check_writable(&self) -> Result<(), StoreError> {
        match &self.kind {
            Kind::S3(_) => Ok(()),
            Kind::Folder(folder) => Ok(folder.check_writable().await?),
        }
    }

    /// Every unfinished upload below the prefix.
    ///
    /// # Errors
    /// The store refuses, or knows no such list.
    pub async fn open_uploads(&self, prefix: &str) -> Result<Vec<ListedUpload>, StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.open_uploads(prefix).await,
            Kind::Folder(folder) => {
                Ok(folder.unfinished(prefix).await?.into_iter().map(ListedUpload::from).collect())
            }
        }
    }

    /// Removes what runs that were killed left of uploads below the prefix, as far as it certainly belongs to no run any
    /// more. Returns their locations. S3 leaves this to the lifecycle rules of the bucket, because it does not show whether a
    /// run lives. In a store that other sponsors use, too, nothing is removed.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn remove_dead_uploads(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        match &self.kind {
            Kind::Folder(folder) if !self.is_shared => {
                let keys = folder.remove_dead(prefix).await?;
                Ok(keys.iter().map(|key| self.location(key)).collect())
            }
            Kind::S3(_) | Kind::Folder(_) => Ok(Vec::new()),
        }
    }

    /// Inspects an object.
    ///
    /// # Errors
    /// It does not exist, or the store refuses.
    pub async fn examine(&self, key: &str) -> Result<ObjectInfo, StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.examine(key).await,
            Kind::Folder(folder) => Ok(ObjectInfo::from(folder.examine(key).await?)),
        }
    }

    /// The bytes of an object that must not be longer than the limit.
    ///
    /// # Errors
    /// It does not exist, is longer, or the store refuses.
    pub async fn read_small(&self, key: &str, limit_bytes: u64) -> Result<Bytes, StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.read_small(key, limit_bytes).await,
            Kind::Folder(folder) => Ok(folder.read_small(key, limit_bytes).await?),
        }
    }

    /// Reads an object through and measures it, a piece at a time.
    ///
    /// # Errors
    /// The store fails.
    pub async fn measure(&self, key: &str) -> Result<SizeAndHash, StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.measure(key).await,
            Kind::Folder(folder) => Ok(folder.measure(key).await?),
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
            Kind::Folder(_) => Err(self.cannot("thaw objects")),
        }
    }

    /// An object's tags, sorted; `None` if the store has no tags.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn tags(&self, key: &str) -> Result<Option<Vec<(String, String)>>, StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.tags(key).await,
            Kind::Folder(_) => Ok(None),
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
            Kind::Folder(_) => Ok(CheckedAttributes::unlocked(sent)),
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
            Kind::Folder(_) => CheckedAttributes::unlocked(sent),
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
            Kind::Folder(_) => match choice {
                LockChoice::Auto | LockChoice::Off => Ok((None, BucketDefault::Nothing)),
                LockChoice::Governance | LockChoice::Compliance => {
                    Err(StoreError::NoObjectLock { location: self.location("") })
                }
            },
        }
    }

    /// Checks that the store can lock objects, before a dump that takes hours begins.
    ///
    /// # Errors
    /// It cannot, or it fails.
    pub async fn require_object_lock(&self) -> Result<(), StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.require_object_lock().await,
            Kind::Folder(_) => Err(StoreError::NoObjectLock { location: self.location("") }),
        }
    }

    fn cannot(&self, what: &'static str) -> StoreError {
        StoreError::Unsupported { location: self.location(""), what }
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
