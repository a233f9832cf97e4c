//! Object Lock: what an order asks for, and what a bucket makes of it.

use aws_sdk_s3::types::{ObjectLockMode, ObjectLockRetentionMode};
use jiff::Timestamp;

use super::Store;
use super::failure::failed;
use crate::archive::ArchiveError;

const NO_OBJECT_LOCK: [&str; 4] =
    ["ObjectLockConfigurationNotFoundError", "NotImplemented", "MethodNotAllowed", "501 Not Implemented"];

/// An Object Lock retention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// Nobody shortens it, not even the account's root; else those who have the right may.
    pub compliance: bool,
    /// The end.
    pub until: Timestamp,
}

/// Which lock an order asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockChoice {
    /// As the bucket does by default; governance where it locks without a default.
    Auto,
    /// Governance.
    Governance,
    /// Compliance.
    Compliance,
    /// None.
    Off,
}

impl Lock {
    pub(super) fn mode(&self) -> ObjectLockMode {
        if self.compliance { ObjectLockMode::Compliance } else { ObjectLockMode::Governance }
    }
}

impl Store {
    /// The lock that the choice comes to in this bucket, until the given moment.
    ///
    /// # Errors
    /// The bucket's configuration cannot be read. A store that knows no Object Lock has none.
    pub async fn lock(
        &self,
        choice: LockChoice,
        until: Option<Timestamp>,
    ) -> Result<Option<Lock>, ArchiveError> {
        let Some(until) = until else { return Ok(None) };
        let compliance = match choice {
            LockChoice::Off => return Ok(None),
            LockChoice::Governance => false,
            LockChoice::Compliance => true,
            LockChoice::Auto => match self.default_lock().await? {
                Some(compliance) => compliance,
                None => return Ok(None),
            },
        };
        Ok(Some(Lock { compliance, until }))
    }

    /// Whether the bucket locks its objects, and then whether in compliance mode by default.
    async fn default_lock(&self) -> Result<Option<bool>, ArchiveError> {
        let answer = self
            .client
            .get_object_lock_configuration()
            .bucket(&self.bucket)
            .set_expected_bucket_owner(self.owner.clone())
            .send()
            .await;
        let configuration = match answer {
            Ok(answer) => answer.object_lock_configuration,
            Err(error) => match failed("GetObjectLockConfiguration", self.location(""), &error) {
                ArchiveError::S3 { code, .. } if NO_OBJECT_LOCK.contains(&code.as_str()) => return Ok(None),
                other => return Err(other),
            },
        };
        let Some(configuration) = configuration.filter(|found| found.object_lock_enabled.is_some()) else {
            return Ok(None);
        };
        let mode =
            configuration.rule.and_then(|rule| rule.default_retention).and_then(|default| default.mode);
        Ok(Some(mode == Some(ObjectLockRetentionMode::Compliance)))
    }
}
