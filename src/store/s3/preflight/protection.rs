//! Judges what protects a bucket's objects: versions, encryption, no public access, locks, a replica.

use super::Checked;
use super::question::Question;
use super::statements::is_public;
use crate::finding::{Check, Finding};
use crate::layout::key::Bucket;
use crate::store::LockChoice;
use crate::store::s3::{DefaultRetention, Encryption, PublicAccessBlock, Replication};
use crate::store::{StoreError, Versioning};

pub(super) const VERSIONING: Check =
    Check { name: "bucket-versioning", about: "Bucket keeps overwritten and deleted objects as versions" };
pub(super) const ENCRYPTION: Check = Check {
    name: "bucket-encryption",
    about: "Bucket encrypts new objects, with a bucket key if it uses KMS",
};
pub(super) const PUBLIC_ACCESS: Check =
    Check { name: "bucket-public-access", about: "Bucket blocks public access with all four settings" };
pub(super) const OBJECT_LOCK: Check =
    Check { name: "bucket-object-lock", about: "Bucket can lock objects, as `object-lock` requires" };
pub(super) const REPLICATION: Check =
    Check { name: "bucket-replication", about: "Production bucket is replicated to another bucket" };

const ASK_VERSIONING: Question =
    Question { check: VERSIONING, subject: "versioning", permission: "s3:GetBucketVersioning" };
const ASK_ENCRYPTION: Question = Question {
    check: ENCRYPTION,
    subject: "default encryption",
    permission: "s3:GetEncryptionConfiguration",
};
const ASK_BLOCK: Question = Question {
    check: PUBLIC_ACCESS,
    subject: "public access block",
    permission: "s3:GetBucketPublicAccessBlock",
};
const ASK_LOCK: Question = Question {
    check: OBJECT_LOCK,
    subject: "Object Lock settings",
    permission: "s3:GetBucketObjectLockConfiguration",
};
const ASK_REPLICATION: Question = Question {
    check: REPLICATION,
    subject: "replication rules",
    permission: "s3:GetReplicationConfiguration",
};

pub(super) fn versioning(bucket: &Checked<'_>, versioning: Result<&Versioning, &StoreError>) -> Finding {
    let name = bucket.name();
    match versioning {
        Ok(Versioning::Enabled) => VERSIONING.ok(format!("versioning of bucket {name} is on")),
        Ok(Versioning::Suspended | Versioning::Never) => {
            let what = format!("versioning of bucket {name} is off");
            let why = "An overwritten or deleted object is lost before its retention ends.";
            let fix = format!(
                "Run `aws s3api put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled`."
            );
            // In production, the law requires that nothing ends early. The other environments keep nothing by law.
            if bucket.expected.in_production() {
                VERSIONING.fail(what, why, fix)
            } else {
                VERSIONING.warn(what, why, fix)
            }
        }
        Err(error) => ASK_VERSIONING.unknown(bucket, error),
    }
}

pub(super) fn encryption(bucket: &Checked<'_>, found: Result<Option<Encryption>, StoreError>) -> Finding {
    let name = bucket.name();
    let put = |rule: &str| {
        format!(
            "Run `aws s3api put-bucket-encryption --bucket {name} --server-side-encryption-configuration '{rule}'`."
        )
    };
    match found {
        // AWS encrypts every object with AES256 and shows that as the default, so this is another store.
        Ok(None) => ENCRYPTION.warn(
            format!("bucket {name} has no default encryption"),
            "AWS encrypts all objects anyway, but other stores may keep them in plain text.",
            put(r#"{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}"#),
        ),
        Ok(Some(Encryption { algorithm, bucket_key: false })) if algorithm == "aws:kms" => ENCRYPTION.warn(
            format!("bucket {name} encrypts with {algorithm}, without a bucket key"),
            "Each part of an upload and each download is a request to KMS, which costs money and may be throttled.",
            put(r#"{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"KEY"},"BucketKeyEnabled":true}]}"#),
        ),
        Ok(Some(Encryption { algorithm, .. })) => {
            ENCRYPTION.ok(format!("bucket {name} encrypts new objects with {algorithm}"))
        }
        Err(error) => ASK_ENCRYPTION.unknown(bucket, &error),
    }
}

/// With all four settings, neither an ACL nor a policy can make an object public. Otherwise, S3 is asked for both.
pub(super) async fn public_access(bucket: &Checked<'_>) -> Finding {
    let block = bucket.store.public_access_block().await;
    if block.as_ref().is_ok_and(|block| block.missing().is_empty()) {
        return PUBLIC_ACCESS
            .ok(format!("bucket {} blocks public access with all four settings", bucket.name()));
    }
    let settings = block.as_ref().copied().unwrap_or_default();
    let by_policy = !settings.restrict_buckets && has_public_policy(bucket).await;
    let by_acl = !settings.ignore_acls && bucket.store.has_public_acl().await.unwrap_or_default();
    judge_public_access(bucket, block, (by_policy, by_acl))
}

/// S3's own verdict, or else what the policy says.
async fn has_public_policy(bucket: &Checked<'_>) -> bool {
    match bucket.store.has_public_policy().await {
        Ok(is_public) => is_public,
        Err(_) => {
            bucket.store.bucket_policy().await.is_ok_and(|policy| policy.is_some_and(|it| is_public(&it)))
        }
    }
}

fn judge_public_access(
    bucket: &Checked<'_>,
    block: Result<PublicAccessBlock, StoreError>,
    (by_policy, by_acl): (bool, bool),
) -> Finding {
    let name = bucket.name();
    let fix = format!(
        "Run `aws s3api put-public-access-block --bucket {name} --public-access-block-configuration \
         BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true`."
    );
    let by = match (by_policy, by_acl) {
        (true, true) => Some("its policy and its ACL"),
        (true, false) => Some("its policy"),
        (false, true) => Some("its ACL"),
        (false, false) => None,
    };
    match (by, block) {
        (Some(by), _) => PUBLIC_ACCESS.fail(
            format!("bucket {name} is public by {by}"),
            "Anyone on the internet can use what they grant, and objects hold patients' data.",
            fix,
        ),
        (None, Err(error)) => ASK_BLOCK.unknown(bucket, &error),
        // Not a warning: a single ACL or policy, of any program that may write here, makes backups public.
        (None, Ok(block)) => PUBLIC_ACCESS.fail(
            format!("bucket {name} does not block public access: {} off", are(&block.missing())),
            "One ACL or one policy is enough to make backups public.",
            fix,
        ),
    }
}

/// `BlockPublicAcls is` or `BlockPublicAcls, IgnorePublicAcls are`
fn are(names: &[&str]) -> String {
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}

impl PublicAccessBlock {
    fn missing(self) -> Vec<&'static str> {
        let settings = [
            (self.block_acls, "BlockPublicAcls"),
            (self.ignore_acls, "IgnorePublicAcls"),
            (self.block_policy, "BlockPublicPolicy"),
            (self.restrict_buckets, "RestrictPublicBuckets"),
        ];
        settings.into_iter().filter(|(on, _)| !on).map(|(_, name)| name).collect()
    }
}

/// The outer `None` is a bucket without Object Lock, the inner one without a default retention.
pub(super) fn object_lock(
    bucket: &Checked<'_>,
    found: Result<Option<Option<DefaultRetention>>, StoreError>,
) -> Finding {
    match found {
        Ok(Some(default)) => lockable(bucket, default),
        Ok(None) => not_lockable(bucket),
        Err(error) => ASK_LOCK.unknown(bucket, &error),
    }
}

fn lockable(bucket: &Checked<'_>, default: Option<DefaultRetention>) -> Finding {
    let (name, expected) = (bucket.name(), &bucket.expected);
    let Some(DefaultRetention { compliance, days }) = default else {
        // Each object carries a date of its own, so no default is needed.
        return OBJECT_LOCK.ok(format!("Object Lock of bucket {name} is on, without a default retention"));
    };
    let mode = if compliance { "compliance" } else { "governance" };
    let what =
        format!("Object Lock of bucket {name} is on, with a default retention of {days} days in {mode} mode");
    let families = expected.families(bucket.which).into_iter();
    let needed = families.map(|it| it.object.retention(it.environment, it.retention_years).days()).max();
    // A production backup carries its own date, which replaces a shorter default.
    if expected.in_production() || needed.is_some_and(|needed| days <= needed) {
        return OBJECT_LOCK.ok(what);
    }
    OBJECT_LOCK.warn(
        format!("{what}, also for the {} objects, which need {} days", expected.environment, needed.unwrap_or(0)),
        "Objects without a date of their own get the default, and cannot be deleted before it ends.",
        format!("Remove the default: `aws s3api put-object-lock-configuration --bucket {name} --object-lock-configuration ObjectLockEnabled=Enabled`."),
    )
}

fn not_lockable(bucket: &Checked<'_>) -> Finding {
    let name = bucket.name();
    let what = format!("bucket {name} has no Object Lock");
    let enable = format!(
        "`aws s3api put-object-lock-configuration --bucket {name} --object-lock-configuration ObjectLockEnabled=Enabled`"
    );
    let early = "Anyone with s3:DeleteObjectVersion can delete objects before their retention ends.";
    match bucket.expected.lock {
        LockChoice::Governance | LockChoice::Compliance => OBJECT_LOCK.fail(
            format!("{what}, but `object-lock` requires it"),
            "S3 rejects objects with a lock, so neither a backup nor its record is stored.",
            format!(
                "Enable it with {enable}, which cannot be undone, or set `object-lock` to `auto` or `off`."
            ),
        ),
        LockChoice::Auto | LockChoice::Off if bucket.expected.in_production() => {
            let undo = "This cannot be undone. Skip it for trial buckets.";
            OBJECT_LOCK.warn(what, early, format!("Enable it with {enable}. {undo}"))
        }
        LockChoice::Auto | LockChoice::Off => {
            OBJECT_LOCK.ok(format!("{what}, which {} does not need", bucket.expected.environment))
        }
    }
}

pub(super) fn replication(bucket: &Checked<'_>, found: Result<Vec<Replication>, StoreError>) -> Finding {
    let name = bucket.name();
    let rules = match found {
        Ok(rules) => rules,
        Err(error) => return ASK_REPLICATION.unknown(bucket, &error),
    };
    let prefixes = bucket.prefixes();
    let covers =
        |prefix: &&String| rules.iter().any(|rule| !rule.narrowed && prefix.starts_with(&rule.prefix));
    let uncovered: Vec<&str> = prefixes.iter().filter(|it| !covers(it)).map(String::as_str).collect();
    if uncovered.is_empty() {
        let destinations: Vec<&str> = rules.iter().map(|rule| rule.destination.as_str()).collect();
        return REPLICATION.ok(format!("bucket {name} is replicated to {}", destinations.join(", ")));
    }
    let what = match rules.as_slice() {
        [] => format!("bucket {name} is not replicated"),
        _ => format!("no replication rule of bucket {name} covers all of {}", uncovered.join(", ")),
    };
    if !bucket.expected.in_production() {
        return REPLICATION.ok(format!("{what}, which {} does not need", bucket.expected.environment));
    }
    let lost = match bucket.which {
        Bucket::Backups => "If the bucket, its region or its account is lost, so are all backups.",
        Bucket::AuditLogs => "If the bucket, its region or its account is lost, so are all records.",
    };
    let fix = format!(
        "Set the Terraform variable `replica_region` in `infrastructure/terraform/sponsors/{}` to another region, and \
         run `terraform apply`.",
        bucket.expected.sponsor
    );
    REPLICATION.warn(what, lost, fix)
}

#[cfg(test)]
mod tests;
