//! What a store keeps of objects that were replaced or hidden, and the requests that hide, bring back or hold one.

use jiff::Timestamp;

use super::{Kind, ObjectInfo, Store, StoreError};

/// A version of an object, or a delete marker, which hides all older ones from listings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectVersion {
    /// The whole key.
    pub key: String,
    /// Its id; `null` if the bucket was not versioned when it was written.
    pub version: String,
    /// Whether requests without a version get this one.
    pub is_latest: bool,
    /// Whether it is a delete marker.
    pub is_delete_marker: bool,
    /// When it was written.
    pub modified: Option<Timestamp>,
    /// Size; 0 for a delete marker.
    pub bytes: u64,
}

/// Whether a store keeps what is replaced or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versioning {
    /// It does.
    Enabled,
    /// Not any more. Old versions are still kept, but a delete replaces the version `null` for good.
    Suspended,
    /// It never did.
    Never,
}

impl Store {
    /// Inspects one version of an object.
    ///
    /// # Errors
    /// It does not exist, or the store refuses or keeps no versions.
    pub async fn examine_version(&self, key: &str, version: &str) -> Result<ObjectInfo, StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.examine_as(key, Some(version)).await,
            Kind::Folder(_) => Err(self.cannot("keep versions")),
        }
    }

    /// Every version and delete marker whose key begins with the prefix: by key, the newest of each first. Needs
    /// s3:ListBucketVersions.
    ///
    /// # Errors
    /// The store refuses or keeps no versions.
    pub async fn versions(&self, prefix: &str) -> Result<Vec<ObjectVersion>, StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.versions(prefix).await,
            Kind::Folder(_) => Err(self.cannot("keep versions")),
        }
    }

    /// Whether the store keeps what is replaced or deleted.
    ///
    /// # Errors
    /// The store refuses.
    pub async fn versioning(&self) -> Result<Versioning, StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.versioning().await,
            Kind::Folder(_) => Ok(Versioning::Never),
        }
    }

    /// Removes an object from all listings. A versioned bucket only hides it, under a delete marker whose version it returns,
    /// also if a lock or a hold is on the object, or if it does not exist. Everywhere else it is gone for good.
    ///
    /// # Errors
    /// The store refuses, or a folder does not have it.
    pub async fn remove(&self, key: &str) -> Result<Option<String>, StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.remove(key).await,
            Kind::Folder(folder) => Ok(folder.remove(key).await.map(|()| None)?),
        }
    }

    /// Removes a delete marker. Needs s3:DeleteObjectVersion. The caller makes sure that the version is a marker.
    ///
    /// # Errors
    /// The store refuses or keeps no versions.
    pub async fn remove_marker(&self, key: &str, version: &str) -> Result<(), StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.remove_marker(key, version).await,
            Kind::Folder(_) => Err(self.cannot("keep versions")),
        }
    }

    /// Whether a legal hold is on an object. `None` if the store does not show it, see [`Self::shows_legal_holds`].
    ///
    /// # Errors
    /// It does not exist, or the store refuses.
    pub async fn legal_hold(&self, key: &str) -> Result<Option<bool>, StoreError> {
        Ok(self.examine(key).await?.legal_hold)
    }

    /// Whether the store shows the legal hold of this object if it has one. An object that never had one shows nothing, and
    /// without s3:GetObjectLegalHold, no object does.
    ///
    /// # Errors
    /// The store fails.
    pub async fn shows_legal_holds(&self, key: &str) -> Result<bool, StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.shows_legal_holds(key).await,
            Kind::Folder(_) => Ok(true),
        }
    }

    /// Whether the store shows the lock of this object if it has one.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn shows_locks(&self, key: &str) -> Result<bool, StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.shows_locks(key).await,
            Kind::Folder(_) => Ok(true),
        }
    }

    /// Adds or removes the legal hold of one version. Needs s3:PutObjectLegalHold.
    ///
    /// # Errors
    /// The store refuses or has no Object Lock.
    pub async fn set_legal_hold(&self, key: &str, version: &str, on: bool) -> Result<(), StoreError> {
        match &self.kind {
            Kind::S3(bucket) => bucket.set_legal_hold(key, version, on).await,
            Kind::Folder(_) => Err(StoreError::CannotHold { location: self.location("") }),
        }
    }
}
