//! What a store shows of its objects, and what it is given to publish one.

use jiff::Timestamp;

use super::StoreError;
use super::attributes::ObjectLock;
use super::folder::{FileEntry, FileInfo, UnfinishedFile};
use super::thaw::{self, ThawState};

/// An object in a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// The whole key.
    pub key: String,
    /// Size.
    pub bytes: u64,
    /// S3 storage class; `STANDARD` if S3 names none. `None` if the store has no classes.
    pub storage_class: Option<String>,
    /// When it was written.
    pub modified: Option<Timestamp>,
}

/// An upload that was begun and neither completed nor taken back. Nothing of it is visible as an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedUpload {
    /// Key that the object would get.
    pub key: String,
    /// When it began, if the store shows it.
    pub begun: Option<Timestamp>,
    /// Whether a run is still writing it, if the store shows it.
    pub is_being_written: Option<bool>,
}

/// What a store shows about one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Size.
    pub bytes: u64,
    /// What distinguishes this object from a later one under the same key, S3's ETag for example; empty if the store
    /// shows nothing of the kind.
    pub mark: String,
    /// S3 storage class; `STANDARD` if S3 names none. `None` if the store has no classes.
    pub storage_class: Option<String>,
    /// The archive tier that Intelligent-Tiering moved it to. It cannot be read from there.
    pub archive_tier: Option<String>,
    /// S3's CRC64NVME of the whole object, if S3 keeps one.
    pub crc64: Option<String>,
    /// Id of the write that created it. Only objects that sponsor-backup wrote have one.
    pub write_id: Option<String>,
    /// State of its thaw.
    pub restored: ThawState,
    /// Its Object Lock, if S3 shows it.
    pub lock: Option<ObjectLock>,
    /// Whether a legal hold is on it. `None` if S3 does not show it: it never had one, or the right is missing.
    pub legal_hold: Option<bool>,
    /// How far S3 has replicated it. `None` if no rule of the bucket replicates it.
    pub replication: Option<Replicated>,
    /// Id of the version. `None` if the store keeps none.
    pub version: Option<String>,
}

/// How far S3 has replicated an object to the buckets that the rules name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replicated {
    /// All of them have it, or it is itself a replica.
    Yes,
    /// At least one does not have it: S3 is at it, or has given up.
    NotYet,
}

impl ObjectInfo {
    /// Checks that the object can be read now.
    ///
    /// # Errors
    /// [`StoreError::Frozen`] if it must be thawed first.
    pub fn readable(&self, location: &str) -> Result<(), StoreError> {
        let class = self.storage_class.as_deref().unwrap_or_default();
        let frozen = thaw::why_frozen(class, self.archive_tier.as_deref(), self.restored);
        frozen.map_or(Ok(()), |thaw| {
            let class = self.archive_tier.as_deref().unwrap_or(class).to_owned();
            Err(StoreError::Frozen { location: location.to_owned(), class, thaw })
        })
    }

    /// Number of days to request. `None` for Intelligent-Tiering: the object leaves the archive tier for good.
    #[must_use]
    pub fn thaw_days(&self, days: u16) -> Option<u16> {
        self.archive_tier.is_none().then_some(days)
    }
}

/// What an object must be as a whole, measured while it was written.
#[derive(Debug, Clone, Copy)]
pub struct WholeObject<'a> {
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, 64 hexadecimal digits.
    pub sha256: &'a str,
    /// Its CRC64NVME, as S3 writes it.
    pub crc64: &'a str,
}

/// An object that is visible now.
#[derive(Debug, Clone, Default)]
pub struct Published {
    /// Remarks for the log.
    pub remarks: Vec<String>,
    /// Whether its stored bytes were already read back and compared.
    pub is_proven: bool,
}

impl From<FileEntry> for ListedObject {
    fn from(file: FileEntry) -> Self {
        Self { key: file.key, bytes: file.bytes, storage_class: None, modified: file.modified }
    }
}

impl From<UnfinishedFile> for ListedUpload {
    fn from(file: UnfinishedFile) -> Self {
        Self { key: file.key, begun: file.begun, is_being_written: Some(file.is_being_written) }
    }
}

impl From<FileInfo> for ObjectInfo {
    fn from(file: FileInfo) -> Self {
        Self {
            bytes: file.bytes,
            mark: file.mark,
            storage_class: None,
            archive_tier: None,
            crc64: None,
            write_id: None,
            restored: ThawState::No,
            lock: None,
            legal_hold: None,
            replication: None,
            version: None,
        }
    }
}
