//! Tags, metadata and lock of an object: what is requested, and what the store shows of it. Plain values.

use jiff::Timestamp;

/// Attributes set on an uploaded object.
#[derive(Debug, Clone, Default)]
pub struct ObjectAttributes {
    /// Object tags.
    pub tags: Vec<(String, String)>,
    /// Object metadata, printable ASCII.
    pub metadata: Vec<(String, String)>,
    /// Object Lock to request.
    pub lock: Option<ObjectLock>,
    /// What the bucket does to objects without a requested lock.
    pub by_default: BucketDefault,
    /// S3 storage class; S3's default if absent.
    pub storage_class: Option<String>,
    /// `Content-Type`.
    pub content_type: &'static str,
}

/// The lock that S3 showed, and whether the object's tag says so.
#[derive(Debug, Clone)]
pub struct CheckedAttributes {
    /// The lock.
    pub lock: LockState,
    /// The object's tags as they should be now.
    pub tags: Vec<(String, String)>,
    /// Why the tag does not say so.
    pub warning: Option<String>,
    /// What could not be checked, for the log.
    pub remark: Option<String>,
}

/// An Object Lock retention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectLock {
    /// Compliance mode: even the account's root user cannot shorten it. Otherwise governance mode.
    pub compliance: bool,
    /// The end.
    pub until: Timestamp,
}

/// The lock to request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockChoice {
    /// The bucket's default; governance if it has Object Lock but no default.
    Auto,
    /// Governance.
    Governance,
    /// Compliance.
    Compliance,
    /// None.
    Off,
}

/// What a bucket does to an object for which no lock is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BucketDefault {
    /// Nothing: it has no Object Lock, or no default retention.
    Nothing,
    /// It locks it.
    Locks,
    /// S3 did not answer the question.
    #[default]
    Unknown,
}

/// Whether a stored object is locked, as S3 answered it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LockState {
    /// It is.
    Until(ObjectLock),
    /// It is not.
    No,
    /// S3 did not answer the question.
    #[default]
    Unknown,
}

impl LockState {
    /// As tags and records write it: `governance`, `compliance`, `none` or `unknown`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Until(ObjectLock { compliance: false, .. }) => "governance",
            Self::Until(ObjectLock { compliance: true, .. }) => "compliance",
            Self::No => "none",
            Self::Unknown => "unknown",
        }
    }

    /// The end of the lock.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        if let Self::Until(lock) = self { Some(lock.until) } else { None }
    }
}

impl CheckedAttributes {
    /// For a store without locks and tags: the object is not locked, and its tags are not kept.
    #[must_use]
    pub fn unlocked(sent: &ObjectAttributes) -> Self {
        Self { lock: LockState::No, tags: sent.tags.clone(), warning: None, remark: None }
    }
}
