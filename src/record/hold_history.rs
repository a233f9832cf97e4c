//! Finds the backups that a sponsor's hold records hold.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;

use super::RecordError;
use super::hold::{ToldHold, held};
use crate::layout::key::Object;
use crate::sponsors::Environment;
use crate::store::{Store, StoreError};

/// Records that are read in parallel.
const IN_FLIGHT: usize = 16;
/// Records are a few KiB long.
const RECORD_BYTES: u64 = 1 << 20;

/// The hold records of one sponsor and environment.
#[derive(Debug, Clone, Copy)]
pub struct HoldRecords<'a> {
    /// The store of the records.
    pub audit_logs: &'a Store,
    /// Its environment.
    pub environment: Environment,
    /// Its name.
    pub sponsor: &'a str,
}

impl HoldRecords<'_> {
    /// The keys of all that can be hold records, in the order of time.
    ///
    /// # Errors
    /// They cannot be listed.
    pub async fn keys(&self) -> Result<Vec<String>, StoreError> {
        let listed =
            self.audit_logs.list(&format!("{}/", Object::HoldRecord.folder(self.environment))).await?;
        let keys = listed.into_iter().map(|object| object.key);
        // The order of keys is that of time.
        Ok(keys.filter(|key| Object::HoldRecord.time_in(self.environment, key).is_some()).collect())
    }

    /// The backups that these records hold, by the key of the dump.
    ///
    /// # Errors
    /// One cannot be read, so that what is held is unknown.
    pub async fn held(
        &self,
        keys: &[String],
        now: Timestamp,
    ) -> Result<BTreeMap<String, ToldHold>, RecordError> {
        let read = |key: &String| {
            let key = key.clone();
            async move {
                let unread =
                    |why: String| RecordError::UnreadHold { location: self.audit_logs.location(&key), why };
                match self.audit_logs.read_small(&key, RECORD_BYTES).await {
                    Ok(document) => {
                        ToldHold::parse(&key, &document, (self.sponsor, self.environment)).map_err(unread)
                    }
                    Err(error @ StoreError::Oversized { .. }) => Err(unread(error.to_string())),
                    Err(error) => Err(error.into()),
                }
            }
        };
        let told: Vec<Option<ToldHold>> =
            futures_util::stream::iter(keys).map(read).buffered(IN_FLIGHT).try_collect().await?;
        Ok(held(told.into_iter().flatten(), now))
    }
}
