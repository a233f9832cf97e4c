//! How many bytes a stream holds in flight, and how all streams together keep to one limit.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::ArchiveError;
use crate::store::parts::{self, MIB, PartPlan};

/// Bytes of plain text in one member of the archive.
pub const MEMBER_BYTES: u64 = MIB;
/// A member in flight: its text, and what compression makes of it.
const MEMBER_IN_FLIGHT: u64 = 2 * MEMBER_BYTES;
/// Members in flight beyond those that are being compressed: the next to compress, and the next to store.
pub const MEMBERS_THAT_WAIT: usize = 2;
const SMALL_PART: u64 = 8 * MIB;
const PART: u64 = 16 * MIB;
/// Two connections to S3 upload more than one pg_dump can write, compressed.
const MOST_PARTS_IN_FLIGHT: u64 = 2;
const MOST_WORKERS: usize = 8;

/// The memory that one stream uses. Parts are held whole: a request can be sent again only while its bytes are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BufferPlan {
    /// Bytes of the first part; the others are alike (see [`parts::size`]).
    pub part_bytes: u64,
    /// Parts in flight to S3, in addition to the one that is being filled.
    pub parts_in_flight: u64,
    /// Members that are being compressed at once.
    pub members_in_flight: u64,
    /// Bytes that the source of the stream holds.
    pub source_bytes: u64,
}

impl BufferPlan {
    /// Plans for a database of this size, with `share_bytes` as what one stream should take and `limit_bytes` as what it
    /// may take at most. A dump is mostly far smaller than its database, so a database for which equal parts would not
    /// fit into the limit is begun with the largest that do; if its dump really is that long, the parts grow near
    /// the end, and the run exceeds the limit rather than fail the backup.
    ///
    /// # Errors
    /// Not even growing parts would hold the database.
    pub fn for_database(
        database_bytes: u64,
        share_bytes: u64,
        limit_bytes: u64,
        cores: usize,
    ) -> Result<Self, ArchiveError> {
        let workers = (cores.clamp(1, MOST_WORKERS) + MEMBERS_THAT_WAIT) as u64;
        let largest = limit_bytes.saturating_sub(2 * MEMBER_IN_FLIGHT) / 2 / MIB * MIB;
        let equal = parts::first_size_for(database_bytes);
        let needed = if parts::capacity(largest) >= database_bytes { equal.min(largest) } else { equal };
        let beside_parts = share_bytes.saturating_sub(2 * needed.max(SMALL_PART));
        let members_in_flight = workers.min((share_bytes / 3).min(beside_parts) / MEMBER_IN_FLIGHT).max(2);
        let members = members_in_flight * MEMBER_IN_FLIGHT;
        let roomy = share_bytes >= members + 3 * PART;
        let part_bytes = needed.max(if roomy { PART } else { SMALL_PART });
        let fitting = share_bytes.saturating_sub(members) / part_bytes;
        let parts_in_flight = fitting.saturating_sub(1).clamp(1, MOST_PARTS_IN_FLIGHT);
        let buffers = Self { part_bytes, parts_in_flight, members_in_flight, source_bytes: 0 };
        if buffers.bytes() > limit_bytes {
            return Err(ArchiveError::MemoryLimit {
                database_bytes,
                needed_bytes: buffers.bytes(),
                source_bytes: 0,
                limit_bytes,
            });
        }
        Ok(buffers)
    }

    /// The same for a stream whose source holds `source_bytes` itself.
    ///
    /// # Errors
    /// See [`BufferPlan::for_database`].
    pub fn with_source(
        source_bytes: u64,
        database_bytes: u64,
        (share_bytes, limit_bytes): (u64, u64),
        cores: usize,
    ) -> Result<Self, ArchiveError> {
        let [share, limit] = [share_bytes, limit_bytes].map(|bytes| bytes.saturating_sub(source_bytes));
        match Self::for_database(database_bytes, share, limit, cores) {
            Ok(buffers) => Ok(Self { source_bytes, ..buffers }),
            Err(ArchiveError::MemoryLimit { needed_bytes, .. }) => Err(ArchiveError::MemoryLimit {
                database_bytes,
                needed_bytes: needed_bytes + source_bytes,
                source_bytes,
                limit_bytes,
            }),
            Err(other) => Err(other),
        }
    }

    /// How the upload is cut into parts.
    #[must_use]
    pub fn parts(self) -> PartPlan {
        PartPlan { part_bytes: self.part_bytes, parts_in_flight: self.parts_in_flight }
    }

    /// Memory that the stream uses at most.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.members_in_flight * MEMBER_IN_FLIGHT
            + (self.parts_in_flight + 1) * self.part_bytes
            + self.source_bytes
    }
}

/// The smallest usable memory limit.
#[must_use]
pub fn smallest_limit() -> u64 {
    2 * MEMBER_IN_FLIGHT + 2 * SMALL_PART
}

/// Memory shared by all streams.
#[derive(Debug, Clone)]
pub struct MemoryBudget {
    limit_bytes: u64,
    free_mebibytes: Arc<Semaphore>,
}

impl MemoryBudget {
    /// A budget of `limit_bytes`.
    #[must_use]
    pub fn new(limit_bytes: u64) -> Self {
        let mebibytes = usize::try_from(limit_bytes / MIB).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { limit_bytes, free_mebibytes: Arc::new(Semaphore::new(mebibytes)) }
    }

    /// The whole of it.
    #[must_use]
    pub fn limit_bytes(&self) -> u64 {
        self.limit_bytes
    }

    /// Waits until the buffers's bytes are free, and holds them until the answer is dropped. A stream reserves all it will
    /// ever use at once, so two streams can never wait for each other.
    pub async fn reserve(&self, buffers: BufferPlan) -> Option<OwnedSemaphorePermit> {
        let mebibytes = u32::try_from(buffers.bytes().div_ceil(MIB)).ok()?;
        Arc::clone(&self.free_mebibytes).acquire_many_owned(mebibytes).await.ok()
    }
}

#[cfg(test)]
mod tests;
