//! Whether a bucket exists, where, and whose it is.

use super::Checked;
use super::question::Question;
use crate::finding::{Check, Finding};
use crate::store::StoreError;
use crate::store::s3::BucketSighting;

pub(super) const EXISTS: Check =
    Check { name: "bucket-exists", about: "Bucket exists and the credentials can list it" };
pub(super) const OWNER: Check =
    Check { name: "bucket-owner", about: "Bucket belongs to the account `expected-bucket-owner`" };
pub(super) const REGION: Check =
    Check { name: "bucket-region", about: "Bucket is in the region `SPONSOR_AWS_REGION`" };

const LOCATION: Question = Question { check: REGION, subject: "region", permission: "s3:GetBucketLocation" };
pub(super) const NOTHING_STORED: &str = "Neither a backup nor its record can be stored or read.";

/// The findings, and whether other questions about the bucket make sense.
pub(super) async fn check(bucket: &Checked<'_>) -> (Vec<Finding>, bool) {
    let region = match bucket.store.sight().await {
        Ok(BucketSighting::Here(region)) => region,
        Ok(BucketSighting::Missing) => return (vec![missing(bucket)], false),
        Ok(BucketSighting::Elsewhere(region)) => return (vec![elsewhere(bucket, region.as_deref())], false),
        Ok(BucketSighting::Denied) => match denied(bucket).await {
            Some(finding) => return (vec![finding], false),
            None => None,
        },
        Err(error) if error.is_not_implemented() => None,
        Err(error) => return (vec![unusable(bucket, &error)], false),
    };
    let name = bucket.name();
    let exists = EXISTS.ok(format!("bucket {name} exists"));
    (vec![exists, owner(bucket), judge_region(bucket, region).await], true)
}

fn missing(bucket: &Checked<'_>) -> Finding {
    let (name, secret) = (bucket.name(), bucket.secret());
    let fix = format!("Create bucket {name} (docs/setup.md), or correct {secret}.");
    EXISTS.fail(format!("bucket {name} does not exist"), NOTHING_STORED, fix)
}

fn elsewhere(bucket: &Checked<'_>, region: Option<&str>) -> Finding {
    let (name, ours) = (bucket.name(), bucket.expected.region);
    let theirs = region.unwrap_or("another region");
    let fix = match region {
        Some(region) => format!("Set SPONSOR_AWS_REGION to {region}, or correct {}.", bucket.secret()),
        None => format!("Set SPONSOR_AWS_REGION to the bucket's region, or correct {}.", bucket.secret()),
    };
    REGION.fail(
        format!("bucket {name} is in {theirs}, but SPONSOR_AWS_REGION is {ours}"),
        "S3 rejects requests that are signed for another region.",
        fix,
    )
}

/// A policy that allows listing only below its prefixes denies HeadBucket. Then the listing itself shows that the bucket
/// exists.
async fn denied(bucket: &Checked<'_>) -> Option<Finding> {
    let name = bucket.name();
    if let Some(expected) = bucket.store.other_owner().await {
        return Some(OWNER.fail(
            format!("bucket {name} does not belong to account {expected}"),
            "S3 rejects every request, because the bucket may be someone else's.",
            format!("Correct `expected-bucket-owner`, or {}.", bucket.secret()),
        ));
    }
    for prefix in bucket.prefixes() {
        if let Err(error) = bucket.store.holds(&prefix).await {
            return Some(unusable(bucket, &error));
        }
    }
    None
}

fn unusable(bucket: &Checked<'_>, error: &StoreError) -> Finding {
    let what = format!("bucket {} cannot be used: {error}", bucket.name());
    EXISTS.fail(what, NOTHING_STORED, error.hint().unwrap_or_else(|| "Run again later.".to_owned()))
}

/// S3 has answered, so the bucket belongs to the expected account, if one is expected.
fn owner(bucket: &Checked<'_>) -> Finding {
    let name = bucket.name();
    match bucket.store.expected_owner() {
        Some(account) => OWNER.ok(format!("bucket {name} belongs to account {account}")),
        None => OWNER.warn(
            format!("owner of bucket {name} not checked"),
            "If the bucket is ever deleted, another account can create one with its name.",
            "Set `expected-bucket-owner` to your AWS account ID (`aws sts get-caller-identity`).",
        ),
    }
}

async fn judge_region(bucket: &Checked<'_>, named: Option<String>) -> Finding {
    let (name, ours) = (bucket.name(), bucket.expected.region);
    let is_here = || REGION.ok(format!("bucket {name} is in {ours}"));
    match named {
        Some(region) if region == ours => return is_here(),
        _ => {}
    }
    let asked = match named {
        Some(region) => Ok(region),
        None => bucket.store.region().await,
    };
    match asked {
        Ok(region) if region == ours => is_here(),
        // S3-compatible stores accept requests for other regions than the one that they name.
        Ok(region) => REGION.warn(
            format!(
                "the store names {region} as the region of bucket {name}, but SPONSOR_AWS_REGION is {ours}"
            ),
            "Requests were accepted, but AWS would reject them.",
            format!("Set SPONSOR_AWS_REGION to {region}."),
        ),
        Err(error) => LOCATION.unknown(bucket, &error),
    }
}
