//! What keeps a backup from removal: its hold and its lock. The one answer for every command.
//!
//! In a bucket, a HEAD of the dump shows both, if the credentials may see them. A folder has no locks, and the hold records
//! hold a backup there. What is not shown is unknown, never a no.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::backup_attempts::BackupHistory;
use crate::archive::catalogue::BackupKey;
use crate::record::RecordError;
use crate::record::hold::ToldHold;
use crate::record::hold_history::HoldRecords;
use crate::store::{ObjectInfo, Store, StoreError};

/// Why nothing is known of a hold.
const NO_RIGHT_FOR_HOLDS: &str = "S3 does not show holds without s3:GetObjectLegalHold";
/// Why nothing is known of a lock.
const NO_RIGHT_FOR_LOCKS: &str = "S3 does not show locks without s3:GetObjectRetention";

/// What keeps a backup. An error is why that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Protection {
    /// Whether it is under a hold.
    pub(super) held: Result<bool, String>,
    /// Until when it is locked; `None` if it is not locked.
    pub(super) locked_until: Result<Option<Timestamp>, String>,
}

/// Answers for the backups of one store.
pub(super) struct Protections<'a> {
    store: &'a Store,
    /// In a folder, where the records are the holds.
    by_record: Option<HeldByRecord<'a>>,
    /// Whether a HEAD shows holds, and why not. Asked once, of the first object that shows none.
    shows_holds: OnceCell<Result<(), String>>,
    /// The same of locks.
    shows_locks: OnceCell<Result<(), String>>,
}

/// The keys of hold records, and what they hold or why that is unknown.
type SeenHolds = (Vec<String>, Result<BTreeMap<String, ToldHold>, String>);

/// What the records of a folder hold, as of the last look.
struct HeldByRecord<'a> {
    records: HoldRecords<'a>,
    now: Timestamp,
    seen: Mutex<SeenHolds>,
}

impl HeldByRecord<'_> {
    /// Reads the records, if there are others than at the last look.
    async fn look(&self) -> Result<(), StoreError> {
        let keys = self.records.keys().await?;
        if !keys.is_empty() && lock(&self.seen).0 == keys {
            return Ok(());
        }
        let held = match self.records.held(&keys, self.now).await {
            Ok(held) => Ok(held),
            Err(RecordError::Store(error)) if error.affects_every_request() => return Err(error),
            Err(error) => Err(error.to_string()),
        };
        *lock(&self.seen) = (keys, held);
        Ok(())
    }

    fn holds(&self, key: &str) -> Result<bool, String> {
        lock(&self.seen).1.as_ref().map(|held| held.contains_key(key)).map_err(Clone::clone)
    }
}

impl<'a> Protections<'a> {
    /// Reads the hold records, if they are the holds.
    ///
    /// # Errors
    /// No request to the store of the records succeeds.
    pub(super) async fn of(place: &'a BackupHistory<'_>) -> Result<Self, StoreError> {
        let store = &place.backups;
        let by_record = (!store.capabilities().locks).then(|| HeldByRecord {
            records: place.hold_records(),
            now: place.context.now(),
            seen: Mutex::new((Vec::new(), Ok(BTreeMap::new()))),
        });
        let found = Self { store, by_record, shows_holds: OnceCell::new(), shows_locks: OnceCell::new() };
        found.look_again().await?;
        Ok(found)
    }

    /// Reads the hold records again, if they are the holds and there are others by now.
    ///
    /// # Errors
    /// They cannot be listed.
    pub(super) async fn look_again(&self) -> Result<(), StoreError> {
        match &self.by_record {
            Some(by_record) => by_record.look().await,
            None => Ok(()),
        }
    }

    /// What keeps a backup, given what the store showed of its dump.
    pub(super) async fn of_examined(&self, backup: &BackupKey, dump: &ObjectInfo) -> Protection {
        let key = &backup.key;
        let held = match (&self.by_record, dump.legal_hold) {
            (Some(by_record), _) => by_record.holds(key),
            (None, Some(held)) => Ok(held),
            (None, None) => self.shows_holds(key).await.map(|()| false),
        };
        let locked_until = match &dump.lock {
            Some(lock) => Ok(Some(lock.until)),
            None if self.by_record.is_some() => Ok(None),
            None => self.shows_locks(key).await.map(|()| None),
        };
        Protection { held, locked_until }
    }

    async fn shows_holds(&self, key: &str) -> Result<(), String> {
        let asked = async || explained(self.store.shows_legal_holds(key).await, NO_RIGHT_FOR_HOLDS);
        self.shows_holds.get_or_init(asked).await.clone()
    }

    async fn shows_locks(&self, key: &str) -> Result<(), String> {
        let asked = async || match self.store.require_object_lock().await {
            // Nothing is locked there.
            Err(StoreError::NoObjectLock { .. }) => Ok(()),
            Err(error) => Err(error.to_string()),
            Ok(()) => explained(self.store.shows_locks(key).await, NO_RIGHT_FOR_LOCKS),
        };
        self.shows_locks.get_or_init(asked).await.clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn explained(shown: Result<bool, StoreError>, why: &str) -> Result<(), String> {
    match shown {
        Ok(true) => Ok(()),
        Ok(false) => Err(why.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
