//! Object Lock: what an order asks for, and what a bucket makes of it.

use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{ObjectLockMode, ObjectLockRetentionMode};
use jiff::{SignedDuration, Timestamp};

use super::Store;
use super::failure::failed;
use super::read::time;
use crate::archive::ArchiveError;
use crate::archive::retention::retain_until;

pub(super) const NO_OBJECT_LOCK: [&str; 4] =
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

/// As messages tell it: `GOVERNANCE until 2033-11-20T12:00:00Z`.
impl std::fmt::Display for Lock {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} until {:.0}", self.mode().as_str(), self.until)
    }
}

impl Lock {
    /// What S3 tells of an object's lock; a mode that is unknown here is none to rely on.
    pub(super) fn told(mode: Option<ObjectLockMode>, until: Option<&DateTime>) -> Option<Self> {
        let compliance = match mode? {
            ObjectLockMode::Compliance => true,
            ObjectLockMode::Governance => false,
            _ => return None,
        };
        Some(Self { compliance, until: time(until?)? })
    }

    /// Whether it holds at least as long as another, and as strictly. S3 keeps whole seconds.
    pub(in crate::archive) fn keeps(&self, asked: &Self) -> bool {
        self.compliance == asked.compliance && self.until.as_second() >= asked.until.as_second()
    }

    pub(super) fn mode(&self) -> ObjectLockMode {
        if self.compliance { ObjectLockMode::Compliance } else { ObjectLockMode::Governance }
    }
}

impl Store {
    /// The lock that the choice comes to in this bucket, for an object that is written within a day of `at`. A default
    /// of the bucket that lasts longer than `years` is kept to: a date that is sent would shorten it.
    ///
    /// # Errors
    /// The bucket's configuration cannot be read. A store that knows no Object Lock has none.
    pub async fn lock(
        &self,
        choice: LockChoice,
        at: Timestamp,
        years: Option<u16>,
    ) -> Result<Option<Lock>, ArchiveError> {
        let written = at + SignedDuration::from_hours(24);
        let Some(until) = years.and_then(|years| retain_until(written, years)) else { return Ok(None) };
        Ok(match choice {
            LockChoice::Off => None,
            LockChoice::Governance => Some(Lock { compliance: false, until }),
            LockChoice::Compliance => Some(Lock { compliance: true, until }),
            LockChoice::Auto => self
                .default_lock(written)
                .await?
                .map(|default| Lock { compliance: default.compliance, until: until.max(default.until) }),
        })
    }

    /// What the bucket does by default, where it locks at all; without a rule that is nothing.
    async fn default_lock(&self, written: Timestamp) -> Result<Option<Lock>, ArchiveError> {
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
        let default = configuration.rule.and_then(|rule| rule.default_retention);
        let compliance =
            default.as_ref().is_some_and(|rule| rule.mode == Some(ObjectLockRetentionMode::Compliance));
        let years = default.as_ref().and_then(|rule| u16::try_from(rule.years?).ok());
        let days =
            default.as_ref().and_then(|rule| Some(SignedDuration::from_hours(24 * i64::from(rule.days?))));
        let after_years = years.and_then(|years| retain_until(written, years));
        let after_days = days.and_then(|days| written.checked_add(days).ok());
        let until = after_years.into_iter().chain(after_days).max().unwrap_or(written);
        Ok(Some(Lock { compliance, until }))
    }
}
