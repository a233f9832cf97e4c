//! What a kind of store can do. A kind that cannot do something says so here, so that a caller decides and nothing is
//! silently left out.

/// What a kind of store can do. A particular S3-compatible server may do less, and answers so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Locks objects until a date.
    pub locks: bool,
    /// Keeps what was replaced or deleted.
    pub versions: bool,
    /// Keeps tags next to objects.
    pub tags: bool,
    /// Keeps metadata with objects, which shows what this program wrote.
    pub metadata: bool,
    /// Never replaces an object, also if two runs write at once.
    pub conditional_put: bool,
    /// Removes objects by rules of its own.
    pub lifecycle: bool,
}

impl Capabilities {
    /// Of S3.
    pub const OF_S3: Self = Self {
        locks: true,
        versions: true,
        tags: true,
        metadata: true,
        conditional_put: true,
        lifecycle: true,
    };
    /// Of a folder.
    pub const OF_FOLDERS: Self = Self {
        locks: false,
        versions: false,
        tags: false,
        metadata: false,
        conditional_put: true,
        lifecycle: false,
    };
}
