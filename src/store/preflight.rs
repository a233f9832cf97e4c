//! What `preflight` finds out about a sponsor's two stores. Reads only, unless the write probe is asked for.

use tokio_util::sync::CancellationToken;

use super::folder::preflight as folder;
use super::s3::preflight as s3;
use super::{Kind, StorageExpectations, Store, StoreError};
use crate::finding::{Check, Finding};
use crate::layout::key::{Bucket, Object};

/// What this module checks.
pub const CHECKS: &[Check] = &joined::<{ s3::CHECKS.len() + folder::CHECKS.len() }>();

const fn joined<const COUNT: usize>() -> [Check; COUNT] {
    let (mut all, mut at) = ([s3::CHECKS[0]; COUNT], 0);
    while at < COUNT {
        let of_s3 = s3::CHECKS.len();
        all[at] = if at < of_s3 { s3::CHECKS[at] } else { folder::CHECKS[at - of_s3] };
        at += 1;
    }
    all
}

/// The finding for a store that cannot be opened.
#[must_use]
pub fn unusable(error: &StoreError, which: Bucket) -> Finding {
    match error {
        StoreError::Folder(error) => folder::unusable(error, which),
        error => s3::unusable(error),
    }
}

/// The stores of backups and records, at least one of which cannot be opened. The other one is checked.
pub async fn check_each(
    [backups, audit_logs]: &[Result<Store, StoreError>; 2],
    expected: StorageExpectations<'_>,
) -> Vec<Finding> {
    let checked = async |store: &Result<Store, StoreError>, which| match store {
        Ok(store) => Box::pin(check_store(store, which, expected)).await,
        Err(error) => vec![unusable(error, which)],
    };
    let (mut findings, of_logs) =
        tokio::join!(checked(backups, Bucket::Backups), checked(audit_logs, Bucket::AuditLogs));
    findings.extend(of_logs);
    findings
}

/// Checks both stores.
pub async fn check(backups: &Store, audit_logs: &Store, expected: StorageExpectations<'_>) -> Vec<Finding> {
    let checked = |store, which| Box::pin(check_store(store, which, expected));
    let (mut findings, of_logs) =
        tokio::join!(checked(backups, Bucket::Backups), checked(audit_logs, Bucket::AuditLogs));
    findings.extend(of_logs);
    findings
}

async fn check_store(store: &Store, which: Bucket, expected: StorageExpectations<'_>) -> Vec<Finding> {
    match &store.kind {
        Kind::S3(bucket) => s3::check(bucket, which, expected).await,
        Kind::Folder(folder) => folder::check(folder, which, expected, store.is_shared).await,
    }
}

/// Begins an upload like a backup's in each store, and takes it back. When `stop` is canceled, it still takes back what it
/// began.
pub async fn probe_writes(
    backups: &Store,
    audit_logs: &Store,
    expected: StorageExpectations<'_>,
    stop: &CancellationToken,
) -> Vec<Finding> {
    let probe = |store, object| Box::pin(probe_store(store, object, expected, stop.clone()));
    let (backup, log) = tokio::join!(
        probe(backups, Object::Backup { suffix: "" }),
        probe(audit_logs, Object::DeploymentLog),
    );
    [backup, log].concat()
}

async fn probe_store(
    store: &Store,
    object: Object<'static>,
    expected: StorageExpectations<'_>,
    stop: CancellationToken,
) -> Vec<Finding> {
    match &store.kind {
        Kind::S3(bucket) => vec![s3::probe_writes(bucket, object, expected, stop).await],
        Kind::Folder(folder) => folder::probe_writes(folder, object, expected, stop).await,
    }
}
