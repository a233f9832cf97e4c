//! What `preflight` finds out about a bucket. Reads only, unless the write probe is asked for.

use super::DefaultRetention;
use super::S3Bucket;
use super::lifecycle::ObjectFamily;
use crate::finding::{Check, Finding};
use crate::layout::key::Bucket;
use crate::secrets::{AUDIT_LOGS_BUCKET, BACKUPS_BUCKET};
use crate::store::StorageExpectations;
use crate::store::expectations::WRITE_PROBE;
use crate::store::{LockChoice, StoreError, Versioning};

mod archive_tier;
mod leftovers;
mod lifecycle;
mod permissions;
mod probe;
mod protection;
mod question;
mod reach;
mod rules_fix;
mod statements;
mod tls;
mod versions;

pub(in crate::store) use probe::probe_writes;

/// What this module checks.
pub const CHECKS: &[Check] = &[
    reach::EXISTS,
    reach::OWNER,
    reach::REGION,
    permissions::PERMISSIONS,
    protection::VERSIONING,
    protection::ENCRYPTION,
    protection::PUBLIC_ACCESS,
    tls::TLS_ONLY,
    statements::DENIALS,
    protection::OBJECT_LOCK,
    protection::REPLICATION,
    lifecycle::LIFECYCLE,
    versions::NONCURRENT,
    versions::DELETE_MARKERS,
    versions::INCOMPLETE_UPLOADS,
    archive_tier::ARCHIVE_TIER,
    leftovers::LEFTOVERS,
    WRITE_PROBE,
];

/// A bucket that is checked.
#[derive(Debug, Clone, Copy)]
struct Checked<'a> {
    store: &'a S3Bucket,
    which: Bucket,
    expected: StorageExpectations<'a>,
}

impl<'a> Checked<'a> {
    fn name(&self) -> &'a str {
        self.store.bucket()
    }

    /// The secret that holds its name.
    fn secret(&self) -> &'static str {
        match self.which {
            Bucket::Backups => BACKUPS_BUCKET,
            Bucket::AuditLogs => AUDIT_LOGS_BUCKET,
        }
    }

    /// `backups/`, or the prefixes of all kinds of records.
    fn prefixes(&self) -> Vec<String> {
        self.expected.families(self.which).iter().map(ObjectFamily::prefix).collect()
    }

    /// The variable with its name in the commands of docs/setup.md.
    fn shell_variable(&self) -> &'static str {
        match self.which {
            Bucket::Backups => "backups",
            Bucket::AuditLogs => "logs",
        }
    }
}

/// The finding for a bucket that cannot be opened.
pub(in crate::store) fn unusable(error: &StoreError) -> Finding {
    reach::EXISTS.fail(error.to_string(), reach::NOTHING_STORED, error.hint().unwrap_or_default())
}

/// Checks one bucket.
pub(in crate::store) async fn check(
    store: &S3Bucket,
    which: Bucket,
    expected: StorageExpectations<'_>,
) -> Vec<Finding> {
    check_bucket(Checked { store, which, expected }).await
}

async fn check_bucket(bucket: Checked<'_>) -> Vec<Finding> {
    let (mut findings, reached) = reach::check(&bucket).await;
    // Every other question would get the same refusal.
    if !reached {
        return findings;
    }
    let store = bucket.store;
    let (versioning, encryption, public, policy) = tokio::join!(
        Box::pin(store.versioning()),
        Box::pin(store.encryption()),
        Box::pin(protection::public_access(&bucket)),
        Box::pin(store.bucket_policy()),
    );
    let (lock, replication, rules, leftovers) = tokio::join!(
        Box::pin(store.object_lock()),
        Box::pin(store.replication()),
        Box::pin(store.lifecycle()),
        Box::pin(leftovers::check(&bucket)),
    );
    findings.extend(permissions::check(&bucket, requests_lock(&bucket.expected, &lock)).await);
    findings.extend(statements::denials(&bucket, &policy));
    findings.extend([
        protection::versioning(&bucket, versioning.as_ref()),
        protection::encryption(&bucket, encryption),
        public,
        tls::check(&bucket, policy),
        protection::object_lock(&bucket, lock),
        protection::replication(&bucket, replication),
    ]);
    match rules {
        Ok(rules) => {
            findings.extend(lifecycle::check(&bucket, &rules));
            findings.extend(versions::check(
                &bucket,
                &rules,
                versioning.is_ok_and(|found| found == Versioning::Enabled),
            ));
            findings.extend(archive_tier::check(&bucket, &rules));
        }
        Err(error) => findings.push(lifecycle::QUESTION.unknown(&bucket, &error)),
    }
    findings.push(leftovers);
    findings
}

/// Whether a backup would request a lock, which it then reads back. With `auto`, only in a bucket that shows Object Lock.
fn requests_lock(
    expected: &StorageExpectations<'_>,
    found: &Result<Option<Option<DefaultRetention>>, StoreError>,
) -> bool {
    let chosen = match expected.lock {
        LockChoice::Off => false,
        LockChoice::Auto => matches!(found, Ok(Some(_))),
        LockChoice::Governance | LockChoice::Compliance => true,
    };
    chosen && expected.retention_years.is_some()
}

#[cfg(test)]
mod tests;
