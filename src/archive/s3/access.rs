//! Checks of a bucket before a dump begins: a dump takes hours, and S3 should not reject it at the end.

use aws_sdk_s3::types::EncodingType;

use super::Store;
use super::lock::NO_OBJECT_LOCK;
use crate::archive::ArchiveError;

impl Store {
    /// Whether an object's key begins with the prefix. An answer proves that the bucket exists in this region, belongs to
    /// the expected owner and can be listed. It does not prove that objects can be stored.
    ///
    /// # Errors
    /// S3 refuses.
    pub async fn holds(&self, prefix: &str) -> Result<bool, ArchiveError> {
        let answer = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .prefix(prefix)
            .max_keys(1)
            .encoding_type(EncodingType::Url)
            .send()
            .await;
        let answer = answer.map_err(|error| self.failed("ListObjectsV2", prefix, error))?;
        Ok(!answer.contents().is_empty())
    }

    /// Checks that the bucket can lock objects. Without the permission to ask, it counts as able.
    ///
    /// # Errors
    /// It cannot, or S3 fails.
    pub async fn can_lock(&self) -> Result<(), ArchiveError> {
        let answer = self
            .client
            .get_object_lock_configuration()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .send()
            .await;
        let configuration = match answer {
            Ok(answer) => answer.object_lock_configuration,
            Err(error) => match self.failed("GetObjectLockConfiguration", "", error) {
                ArchiveError::S3 { code, .. } if NO_OBJECT_LOCK.contains(&code.as_str()) => None,
                error if error.is_access_denied() => return Ok(()),
                error => return Err(error),
            },
        };
        match configuration.and_then(|found| found.object_lock_enabled) {
            Some(_) => Ok(()),
            None => Err(ArchiveError::NoObjectLock { location: self.location("") }),
        }
    }
}
