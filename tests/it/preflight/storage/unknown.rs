//! What the credentials must not read is *unknown*, and the fix names the permission.

use serde_json::json;
use sponsor_backup::finding::{Finding, Level};

use crate::support::{Action, Moto, Proxy, Seen};

use super::buckets::{Buckets, line_of, of_check};
use super::denial;

#[track_caller]
fn assert_unknown(findings: &[Finding], bucket: &str, check: &str, permission: &str) {
    let named = of_check(findings, check).find(|finding| finding.what.contains(bucket));
    let finding = named.unwrap_or_else(|| panic!("no {check}: {findings:#?}"));
    assert_eq!(finding.level, Level::Warn, "{finding:?}");
    assert!(finding.what.starts_with("unknown: ") && finding.what.ends_with("AccessDenied"), "{finding:?}");
    assert_eq!(finding.fix, format!("Grant {permission} on bucket {bucket}."));
}

/// Moto asks IAM for these actions.
#[test]
fn credentials_that_only_list_leave_settings_unknown() {
    let reads = ["s3:ListBucket", "s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectRetention"];
    let only = json!({"Effect": "Allow", "Action": reads, "Resource": "*"});
    let moto = Moto::with_policy(&json!({"Version": "2012-10-17", "Statement": [only]}));
    let buckets = Buckets::sound(&moto);
    let findings = buckets.check();
    for bucket in [&buckets.backups, &buckets.audit_logs] {
        for (check, permission) in [
            ("bucket-region", "s3:GetBucketLocation"),
            ("bucket-versioning", "s3:GetBucketVersioning"),
            ("bucket-tls-only", "s3:GetBucketPolicy"),
            ("bucket-lifecycle", "s3:GetLifecycleConfiguration"),
            ("bucket-leftover-uploads", "s3:ListBucketMultipartUploads"),
        ] {
            assert_unknown(&findings, bucket, check, permission);
        }
    }
    // HeadBucket is an action of its own at moto, so that the listing showed that the bucket exists.
    assert_eq!(buckets.found("bucket-exists"), format!("ok: bucket {} exists", buckets.backups));
    assert!(findings.iter().all(|finding| finding.level != Level::Fail), "{findings:#?}");
}

/// AWS asks IAM for these, too.
#[test]
fn each_read_that_is_denied_names_its_permission() {
    let moto = Moto::shared();
    let mut buckets = Buckets::sound(moto);
    let proxy = Proxy::before(&buckets.endpoint);
    buckets.endpoint = proxy.endpoint();
    let cases = [
        ("versioning", "bucket-versioning", "s3:GetBucketVersioning"),
        ("encryption", "bucket-encryption", "s3:GetEncryptionConfiguration"),
        ("publicAccessBlock", "bucket-public-access", "s3:GetBucketPublicAccessBlock"),
        ("policy", "bucket-tls-only", "s3:GetBucketPolicy"),
        ("object-lock", "bucket-object-lock", "s3:GetBucketObjectLockConfiguration"),
        ("replication", "bucket-replication", "s3:GetReplicationConfiguration"),
        ("lifecycle", "bucket-lifecycle", "s3:GetLifecycleConfiguration"),
        ("uploads", "bucket-leftover-uploads", "s3:ListBucketMultipartUploads"),
    ];
    for (parameter, check, permission) in cases {
        proxy.rule(move |seen| if seen.has(parameter) { denial() } else { Action::Pass });
        let findings = buckets.check();
        assert_unknown(&findings, &buckets.backups, check, permission);
        assert_unknown(&findings, &buckets.audit_logs, check, permission);
        let failed: Vec<String> =
            findings.iter().filter(|finding| finding.level == Level::Fail).map(line_of).collect();
        assert_eq!(failed, [""; 0], "{check}");
    }
}

#[test]
fn a_store_without_a_setting_cannot_be_asked_for_it() {
    let moto = Moto::shared();
    let mut buckets = Buckets::sound(moto);
    let proxy = Proxy::before(moto.endpoint());
    buckets.endpoint = proxy.endpoint();
    let error = "<Error><Code>NotImplemented</Code><Message>x</Message></Error>";
    proxy.rule(
        move |seen: &Seen| {
            if seen.has("replication") { Action::Status(501, error.to_owned()) } else { Action::Pass }
        },
    );
    assert_eq!(
        buckets.found("bucket-replication"),
        format!(
            "warn: unknown: replication rules of bucket {}: the store cannot be asked for it",
            buckets.backups
        )
    );
}

/// Without the permission to list, a backup does not begin.
#[test]
fn a_bucket_that_cannot_be_listed_fails() {
    let moto = Moto::shared();
    let mut buckets = Buckets::sound(moto);
    let proxy = Proxy::before(moto.endpoint());
    buckets.endpoint = proxy.endpoint();
    proxy.rule(|_| denial());
    let findings = buckets.check();
    assert_eq!(findings.len(), 2, "{findings:#?}");
    assert!(
        findings.iter().all(|it| it.check == "bucket-exists" && it.level == Level::Fail),
        "{findings:#?}"
    );
    assert!(findings[0].what.contains("AccessDenied: Refused on purpose"), "{findings:#?}");
    assert!(findings[0].fix.starts_with("Grant s3:ListBucket on this bucket"), "{findings:#?}");
}

/// A backup reads back what it stored, so it would fail after hours. Only a key that exists nowhere is asked for.
#[test]
fn objects_that_cannot_be_read_back_are_an_obstacle() {
    let moto = Moto::shared();
    let mut buckets = Buckets::sound(moto);
    let proxy = Proxy::before(moto.endpoint());
    buckets.endpoint = proxy.endpoint();
    let is_of_a_key = |seen: &Seen| seen.path.matches('/').count() > 2;
    proxy.rule(move |seen| if is_of_a_key(seen) { denial() } else { Action::Pass });
    let findings = buckets.check();
    for bucket in [&buckets.backups, &buckets.audit_logs] {
        let found: Vec<&Finding> = of_check(&findings, "bucket-permissions")
            .filter(|it| it.what.contains(bucket.as_str()))
            .collect();
        assert_eq!(found[0].level, Level::Fail, "{found:?}");
        let names = "s3:GetObject, s3:GetObjectTagging, s3:GetObjectRetention denied on ";
        assert!(found[0].what.starts_with(names), "{found:?}");
    }
}
