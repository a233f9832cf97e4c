//! Stores an object in one request, under a key that must be free.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::StorageClass;
use bytes::Bytes;

use super::{Labels, Lock, Store, WRITE_ID, aws_time, client, tagging};
use crate::archive::ArchiveError;

/// Number of times that a write is repeated after a conflict with another write to the same key.
const CONFLICTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(250);

impl Store {
    /// Stores a small object under a key that must be free.
    ///
    /// # Errors
    /// The key is taken, or S3 refuses.
    pub async fn put_new(&self, key: &str, body: Bytes, labels: &Labels) -> Result<(), ArchiveError> {
        let write_id = uuid::Uuid::new_v4().to_string();
        for conflict in 0..CONFLICTS {
            match self.put(key, body.clone(), labels, &write_id).await {
                // The next attempt shows which write won: the key is then free, taken or ours.
                Err(error) if error.is_conflict() => tokio::time::sleep(PAUSE * 2_u32.pow(conflict)).await,
                done => return done,
            }
        }
        self.put(key, body, labels, &write_id).await
    }

    async fn put(&self, key: &str, body: Bytes, labels: &Labels, write_id: &str) -> Result<(), ArchiveError> {
        let patience = client::patience(body.len());
        let sent = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .key(key)
            .body(ByteStream::from(body))
            .set_checksum_algorithm(self.checksum.clone())
            .if_none_match("*")
            .tagging(tagging(&labels.tags))
            .set_metadata(Some(labels.metadata.iter().cloned().collect()))
            .metadata(WRITE_ID, write_id)
            .content_type(labels.content_type)
            .set_storage_class(labels.storage_class.as_deref().map(StorageClass::from))
            .set_object_lock_mode(labels.lock.as_ref().map(Lock::mode))
            .set_object_lock_retain_until_date(labels.lock.as_ref().map(|lock| aws_time(lock.until)))
            .customize()
            .config_override(client::answered_within(patience))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => self.unless_ours(key, write_id, self.failed("PutObject", key, error)).await,
        }
    }
}
