//! What `preflight` finds out about a sponsor's two buckets. Reads only, unless the write probe is asked for.

use std::time::Duration;

use jiff::Timestamp;

use super::Store;
use super::s3::LockChoice;
use crate::finding::{Check, Finding};
use crate::sponsors::Environment;

/// What this module checks.
pub const CHECKS: &[Check] = &[];

/// What the buckets are judged by.
#[derive(Debug, Clone, Copy)]
pub struct StorageExpectations<'a> {
    /// Whose objects.
    pub environment: Environment,
    /// Sponsor's name, for tags.
    pub sponsor: &'a str,
    /// Region that the secrets name.
    pub region: &'a str,
    /// Input `object-lock`.
    pub lock: LockChoice,
    /// Input `retention-years`, with its default in production.
    pub retention_years: Option<u16>,
    /// Input `storage-class`.
    pub storage_class: &'a str,
    /// Input `max-rto`.
    pub max_rto: Option<Duration>,
    /// Now.
    pub now: Timestamp,
}

/// Checks both buckets.
pub async fn check(
    _backups: &Store,
    _audit_logs: &Store,
    _expected: StorageExpectations<'_>,
) -> Vec<Finding> {
    Vec::new()
}

/// Creates and aborts one multipart upload per bucket, with the headers of a real backup.
pub async fn probe_writes(
    _backups: &Store,
    _audit_logs: &Store,
    _expected: StorageExpectations<'_>,
) -> Vec<Finding> {
    Vec::new()
}
