//! Whether the credentials can read what a backup reads back. Each question is about a key that does not exist: S3 answers 404
//! to those who could read it, and 403 to the others.
//!
//! Facts: Amazon S3 API reference, HeadObject, GetObjectTagging, GetObjectRetention ("Permissions").

use super::Checked;
use crate::finding::{Check, Finding};
use crate::layout::key::Object;
use crate::store::StoreError;
use crate::store::s3::lifecycle::ObjectFamily;

pub(super) const PERMISSIONS: Check =
    Check { name: "bucket-permissions", about: "The credentials can list and read what a backup reads back" };

/// No run writes below this.
const NO_SUCH_OBJECT: &str = "0000/preflight";

/// What S3 answered to a question about a key that does not exist.
enum Answer {
    Allowed,
    Denied,
    /// Neither: the permission is not known.
    Unknown(StoreError),
}

impl Answer {
    fn of<T>(answered: Result<T, StoreError>) -> Self {
        match answered {
            Ok(_) | Err(StoreError::Missing { .. } | StoreError::S3 { status: 404, .. }) => Self::Allowed,
            // An answer to HEAD has no code. The credentials themselves are accepted, because the bucket was reached.
            Err(StoreError::S3 { status: 403, .. }) => Self::Denied,
            // A store without tags has no permission for them either.
            Err(error) if error.is_not_implemented() => Self::Allowed,
            Err(error) => Self::Unknown(error),
        }
    }
}

/// One finding per kind of object without a permission. `locks`: whether a backup requests a lock.
pub(super) async fn check(bucket: &Checked<'_>, locks: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for family in bucket.expected.families(bucket.which) {
        let (mut denied, mut unknown) = (Vec::new(), Vec::new());
        for (permission, answer) in ask(bucket, &family, locks).await {
            match answer {
                Answer::Allowed => {}
                Answer::Denied => denied.push(permission),
                Answer::Unknown(error) => unknown.push(format!("{permission} ({error})")),
            }
        }
        if !denied.is_empty() {
            findings.push(judge(bucket, &family, &denied));
        }
        if !unknown.is_empty() {
            let what = format!("{} on {}", unknown.join(", "), bucket.store.location(&family.prefix()));
            findings.push(PERMISSIONS.unknown(what, "Run again."));
        }
    }
    if findings.is_empty() {
        findings.push(PERMISSIONS.ok(format!("objects of bucket {} can be listed and read", bucket.name())));
    }
    findings
}

async fn ask(bucket: &Checked<'_>, family: &ObjectFamily<'_>, locks: bool) -> Vec<(&'static str, Answer)> {
    let (store, prefix) = (bucket.store, family.prefix());
    let key = format!("{prefix}{NO_SUCH_OBJECT}");
    let (listed, head, tags, retention) = tokio::join!(
        Box::pin(store.holds(&prefix)),
        Box::pin(store.examine(&key)),
        Box::pin(store.tags(&key)),
        Box::pin(store.retention(&key)),
    );
    vec![
        ("s3:ListBucket", Answer::of(listed)),
        ("s3:GetObject", Answer::of(head)),
        ("s3:GetObjectTagging", Answer::of(tags)),
        ("s3:GetObjectRetention", if locks { Answer::of(retention) } else { Answer::Allowed }),
    ]
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
        Object::CopyRecord => PERMISSIONS.warn(what, "A copy could not store its record.", fix),
        Object::RestoreRecord => PERMISSIONS.warn(what, "A restore could not store its record.", fix),
        Object::VerificationRecord => {
            PERMISSIONS.warn(what, "A verification could not store its record.", fix)
        }
        Object::HoldRecord => PERMISSIONS.warn(what, "A legal hold could not store its record.", fix),
        Object::PruneRecord => PERMISSIONS.warn(what, "`history` could not show what was pruned.", fix),
    }
}
