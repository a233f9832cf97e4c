//! Whether a restore fits into a server's lock table: it is one transaction, and holds a lock on each object until
//! its end. Pure.
//! | PostgreSQL guarantees max_locks_per_transaction × slots (backends and prepared transactions). It also lends the
//! rest of its shared memory: versions 15 to 18 take 1.3 to 1.9 times as many locks as guaranteed, by release and
//! size. Twice as many never fit. A restore that needs more is refused, any other is tried.

use serde::Deserialize;

use super::RestoreError;

/// Upper bound of what a server takes, as a multiple of what it guarantees.
const AT_MOST: u64 = 2;
/// Shared memory per lock: 248 bytes (PostgreSQL, `LOCK` and `PROCLOCK` with their hash entries), …
const LOCK_BYTES: u64 = 248;
/// … rounded up by at most this much on huge pages of the usual size.
const HUGE_PAGE: u64 = 2 << 20;
/// Slots of PostgreSQL's own processes: one up to version 17, two in 18.
const OF_THE_SERVER: u64 = 2;

/// A server's lock table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct LockTable {
    /// max_locks_per_transaction.
    per_transaction: u64,
    /// max_connections, max_prepared_transactions, and the settings that count workers and senders.
    slots: u64,
    /// Whether its memory is in huge pages; before version 17 only if it must be.
    is_in_huge_pages: bool,
    /// Locks needed to drop the database's contents.
    to_clear: u64,
}

impl LockTable {
    /// The same for a new, empty database on the server.
    #[must_use]
    pub fn of_an_empty_database(self) -> Self {
        Self { to_clear: 0, ..self }
    }

    /// The obstacle to a restore that takes at least `locks` locks, plus those for clearing the database if it
    /// `clears`.
    #[must_use]
    pub fn obstacle(&self, place: &str, locks: u64, clears: bool) -> Option<RestoreError> {
        let needed = locks.saturating_add(if clears { self.to_clear } else { 0 });
        let slots = self.slots.saturating_add(OF_THE_SERVER).max(1);
        let rounded = if self.is_in_huge_pages { HUGE_PAGE / LOCK_BYTES } else { 0 };
        let room = self.per_transaction.saturating_mul(slots).saturating_mul(AT_MOST).saturating_add(rounded);
        (needed > room).then(|| RestoreError::TooManyLocks {
            place: place.to_owned(),
            setting: self.per_transaction,
            wanted: needed.div_ceil(slots),
        })
    }
}

/// The max_locks_per_transaction for a temporary server with this many slots. A restore also takes uncounted locks,
/// so there is room for three times as many.
#[must_use]
pub fn setting_for(locks: u64, slots: u64) -> u64 {
    locks.saturating_mul(3).div_ceil(slots.max(1))
}

#[cfg(test)]
mod tests;
