//! Whether a disk is certainly too small for a temporary server with the restored database.

use std::path::{Path, PathBuf};

use bytesize::ByteSize;

use super::RestoreError;

/// Size of an empty cluster, about 40 MB.
const CLUSTER: u64 = 32 << 20;
/// Bytes per row: a header of 24 and a pointer of 4 (PostgreSQL documentation, "Database Page Layout").
const ROW: u64 = 28;

/// Size of a backup, known before it is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Bytes of the dump's text.
    pub dump_bytes: u64,
    /// Bytes stored, compressed.
    pub stored_bytes: u64,
    /// Rows of all tables.
    pub rows: u64,
}

impl Size {
    /// The smallest size of the database. PostgreSQL compresses only long values, and less than the backup is
    /// compressed. But a dump writes bytes twice as long.
    fn least(&self) -> u64 {
        let rows = self.rows.saturating_mul(ROW);
        (self.stored_bytes / 2).max(rows).saturating_add(CLUSTER)
    }
}

/// A folder and its free space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    folder: PathBuf,
    free: u64,
}

impl Room {
    /// Queries the file system. `None` if it does not report its space.
    #[must_use]
    pub fn of(folder: &Path) -> Option<Self> {
        let found = rustix::fs::statvfs(folder).ok()?;
        Some(Self { folder: folder.to_owned(), free: found.f_bavail.saturating_mul(found.f_frsize) })
    }

    /// Refuses a backup that certainly does not fit.
    ///
    /// # Errors
    /// [`RestoreError::NoRoom`].
    pub fn check(&self, size: Size) -> Result<(), RestoreError> {
        if self.free >= size.least() {
            return Ok(());
        }
        Err(RestoreError::NoRoom {
            folder: self.folder.display().to_string(),
            free: ByteSize(self.free).to_string(),
            dump: ByteSize(size.dump_bytes).to_string(),
            needed: ByteSize(size.least()).to_string(),
        })
    }

    /// For the plan.
    #[must_use]
    pub fn words(&self, size: Size) -> String {
        let Size { dump_bytes, .. } = size;
        format!("{} free in {} (dump: {})", ByteSize(self.free), self.folder.display(), ByteSize(dump_bytes))
    }
}

#[cfg(test)]
mod tests;
