//! Whether the credentials can read what a backup reads back. Each question is about a key that does not exist: S3 answers 404
//! to those who could read it, and 403 to the others.
//!
//! Facts: Amazon S3 API reference, HeadObject, GetObjectTagging, GetObjectRetention ("Permissions").

use super::Checked;
use crate::archive::ArchiveError;
use crate::archive::key::Object;
use crate::archive::lifecycle::ObjectFamily;
use crate::finding::{Check, Finding};

pub(super) const PERMISSIONS: Check =
    Check { name: "bucket-permissions", about: "The credentials can list and read what a backup reads back" };

/// No run writes below this.
const NO_SUCH_OBJECT: &str = "0000/preflight";

/// One finding per kind of object without a permission. `locks`: whether the bucket locks objects.
pub(super) async fn check(bucket: &Checked<'_>, locks: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for family in bucket.expected.families(bucket.which) {
        let missing = missing(bucket, &family, locks).await;
        if !missing.is_empty() {
            findings.push(judge(bucket, &family, &missing));
        }
    }
    if findings.is_empty() {
        findings.push(PERMISSIONS.ok(format!("objects of bucket {} can be listed and read", bucket.name())));
    }
    findings
}

async fn missing(bucket: &Checked<'_>, family: &ObjectFamily<'_>, locks: bool) -> Vec<&'static str> {
    let (store, key) = (bucket.store, format!("{}{NO_SUCH_OBJECT}", family.prefix()));
    let denied = |error: Option<ArchiveError>| error.is_some_and(|error| error.is_access_denied());
    let prefix = family.prefix();
    let (listed, head, tags, retention) = tokio::join!(
        Box::pin(store.holds(&prefix)),
        Box::pin(store.examine(&key)),
        Box::pin(store.tags(&key)),
        Box::pin(store.may_read_lock(&key)),
    );
    let asked = [
        (denied(listed.err()), "s3:ListBucket"),
        (denied(head.err()), "s3:GetObject"),
        (denied(tags.err()), "s3:GetObjectTagging"),
        (locks && !retention, "s3:GetObjectRetention"),
    ];
    asked.into_iter().filter(|(is_denied, _)| *is_denied).map(|(_, permission)| permission).collect()
}

fn judge(bucket: &Checked<'_>, family: &ObjectFamily<'_>, missing: &[&str]) -> Finding {
    let (place, names) = (bucket.store.location(&family.prefix()), missing.join(", "));
    let what = format!("{names} denied on {place}");
    let fix = format!("Grant {names} for {place} (docs/setup.md has the whole policy).");
    match family.object {
        Object::Backup { .. } => {
            PERMISSIONS.fail(what, "A backup is read back before it counts, so it would fail.", fix)
        }
        Object::DeploymentLog => {
            PERMISSIONS.fail(what, "A record is read back before it counts, so it would fail.", fix)
        }
        Object::DrillReport => PERMISSIONS.warn(what, "A drill could not store its report.", fix),
    }
}
