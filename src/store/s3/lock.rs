//! Object Lock: what is requested, and what a bucket makes of it.

use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{
    ObjectLockConfiguration, ObjectLockMode, ObjectLockRetention, ObjectLockRetentionMode,
};
use jiff::{SignedDuration, Timestamp};

use super::S3Bucket;
use crate::layout::key::retain_until;
use crate::store::{BucketDefault, LockChoice, LockState, ObjectLock, StoreError};

/// Codes of buckets and stores without Object Lock.
pub(super) const NO_OBJECT_LOCK: [&str; 4] =
    ["ObjectLockConfigurationNotFoundError", "NotImplemented", "MethodNotAllowed", "501 Not Implemented"];

/// `GOVERNANCE until 2033-11-20T12:00:00Z`
impl std::fmt::Display for ObjectLock {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} until {:.0}", self.mode().as_str(), self.until)
    }
}

impl ObjectLock {
    /// The lock that S3 shows. An unknown mode does not count.
    pub(super) fn from_answer(mode: Option<ObjectLockMode>, until: Option<&DateTime>) -> Option<Self> {
        let compliance = match mode? {
            ObjectLockMode::Compliance => true,
            ObjectLockMode::Governance => false,
            _ => return None,
        };
        Some(Self { compliance, until: time(until?)? })
    }

    /// Whether it holds at least as long as another, and as strictly. S3 keeps whole seconds.
    pub(in crate::store) fn keeps(&self, asked: &Self) -> bool {
        self.compliance == asked.compliance && self.until.as_second() >= asked.until.as_second()
    }

    pub(super) fn mode(&self) -> ObjectLockMode {
        if self.compliance { ObjectLockMode::Compliance } else { ObjectLockMode::Governance }
    }
}

/// How a bucket locks.
struct DefaultLock {
    /// Of its own accord.
    by_default: BucketDefault,
    /// The least that is to be asked for; without a rule, a lock that ends at once.
    lock: Option<ObjectLock>,
}

impl S3Bucket {
    /// The lock that the choice comes to in this bucket, for an object that is written within a day of `at`, and what
    /// the bucket does where none is sent. A default of the bucket that lasts longer than `years` is kept to: a date that
    /// is sent would shorten it.
    ///
    /// # Errors
    /// The bucket's configuration decides and cannot be read. A store that knows no Object Lock has none.
    pub async fn resolve_lock(
        &self,
        choice: LockChoice,
        at: Timestamp,
        years: Option<u16>,
    ) -> Result<(Option<ObjectLock>, BucketDefault), StoreError> {
        let written = at + SignedDuration::from_hours(24);
        let until = years.and_then(|years| retain_until(written, years));
        let compliance = match (choice, until) {
            (LockChoice::Governance, Some(_)) => false,
            (LockChoice::Compliance, Some(_)) => true,
            // No lock is requested. The bucket's default explains what is read back after the upload.
            (LockChoice::Off, _) | (_, None) => {
                let by_default = self.default_lock(written).await;
                return Ok((None, by_default.map_or(BucketDefault::Unknown, |found| found.by_default)));
            }
            (LockChoice::Auto, Some(until)) => {
                let DefaultLock { by_default, lock } = self.default_lock(written).await?;
                let lock = lock.map(|default| ObjectLock { until: until.max(default.until), ..default });
                return Ok((lock, by_default));
            }
        };
        let lock = until.map(|until| ObjectLock { compliance, until });
        Ok((lock, BucketDefault::Unknown))
    }

    /// What S3 answers about an object's retention.
    ///
    /// # Errors
    /// It has none, or S3 refuses.
    pub(in crate::store) async fn retention(
        &self,
        key: &str,
    ) -> Result<Option<ObjectLockRetention>, StoreError> {
        let request = self.client.get_object_retention().bucket(&self.bucket).key(key);
        let answer = request.set_expected_bucket_owner(self.owner.clone()).send().await;
        answer.map(|answer| answer.retention).map_err(|error| self.failed("GetObjectRetention", key, error))
    }

    /// Whether a HEAD would show the lock of an object if it had one.
    ///
    /// # Errors
    /// S3 does not answer, or is busy.
    pub(in crate::store) async fn shows_locks(&self, key: &str) -> Result<bool, StoreError> {
        match self.retention(key).await {
            Err(error) if error.is_access_denied() => Ok(false),
            Err(error @ StoreError::S3 { status: 503, .. }) => Err(error),
            // Whatever else it answers, the right is there.
            Ok(_) | Err(StoreError::S3 { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// A HEAD shows no lock without s3:GetObjectRetention. This request distinguishes the reasons: no lock (400, 404), a
    /// store without locks (405, 501), or no permission (403).
    pub(super) async fn read_lock(&self, key: &str) -> LockState {
        let retention = match self.retention(key).await {
            Ok(retention) => retention,
            Err(StoreError::S3 { status: 200 | 400 | 404 | 405 | 501, .. }) => return LockState::No,
            Err(_) => return LockState::Unknown,
        };
        let Some(retention) = retention else { return LockState::No };
        let mode = retention.mode.map(|mode| ObjectLockMode::from(mode.as_str()));
        ObjectLock::from_answer(mode, retention.retain_until_date.as_ref())
            .map_or(LockState::Unknown, LockState::Until)
    }

    /// Checks that the bucket can lock objects, before a dump that takes hours begins. Without the permission to ask, it
    /// counts as able.
    ///
    /// # Errors
    /// It cannot, or S3 fails.
    pub async fn require_object_lock(&self) -> Result<(), StoreError> {
        match self.lock_configuration().await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(StoreError::NoObjectLock { location: self.location("") }),
            Err(error) if error.is_access_denied() => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The bucket's Object Lock settings; `None` if it has no Object Lock.
    pub(super) async fn lock_configuration(&self) -> Result<Option<ObjectLockConfiguration>, StoreError> {
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
                StoreError::S3 { code, .. } if NO_OBJECT_LOCK.contains(&code.as_str()) => None,
                error => return Err(error),
            },
        };
        Ok(configuration.filter(|found| found.object_lock_enabled.is_some()))
    }

    /// What the bucket does to an object that is written now.
    async fn default_lock(&self, written: Timestamp) -> Result<DefaultLock, StoreError> {
        let Some(configuration) = self.lock_configuration().await? else {
            return Ok(DefaultLock { by_default: BucketDefault::Nothing, lock: None });
        };
        let default = configuration.rule.and_then(|rule| rule.default_retention);
        let compliance =
            default.as_ref().is_some_and(|rule| rule.mode == Some(ObjectLockRetentionMode::Compliance));
        let years = default.as_ref().and_then(|rule| u16::try_from(rule.years?).ok());
        let days =
            default.as_ref().and_then(|rule| Some(SignedDuration::from_hours(24 * i64::from(rule.days?))));
        let after_years = years.and_then(|years| retain_until(written, years));
        let after_days = days.and_then(|days| written.checked_add(days).ok());
        let until = after_years.into_iter().chain(after_days).max().unwrap_or(written);
        let by_default = if default.is_some() { BucketDefault::Locks } else { BucketDefault::Nothing };
        Ok(DefaultLock { by_default, lock: Some(ObjectLock { compliance, until }) })
    }
}

pub(super) fn time(at: &DateTime) -> Option<Timestamp> {
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}

pub(super) fn aws_time(at: Timestamp) -> DateTime {
    DateTime::from_secs(at.as_second())
}
