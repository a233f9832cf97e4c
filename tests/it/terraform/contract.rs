//! Names that users of the module rely on, and what its texts must be.

use std::collections::BTreeSet;

use hcl::Body;
use serde_json::{Value, json};

use super::bucket::Bucket;
use super::module::{Module, folder};

fn body(path: &str) -> Body {
    let path = folder().join(path);
    let text = std::fs::read_to_string(&path).unwrap();
    hcl::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The labels of all blocks of a kind in a file.
fn named(path: &str, kind: &str) -> BTreeSet<String> {
    let body = body(path);
    let blocks = body.blocks().filter(|block| block.identifier() == kind);
    blocks
        .map(|block| block.labels().iter().map(|label| label.as_str()).collect::<Vec<_>>().join("."))
        .collect()
}

#[test]
fn variables_and_outputs_have_the_names_that_users_know() {
    let variables = named("modules/sponsor-s3/variables.tf", "variable");
    for name in [
        "sponsor_name",
        "sponsor_code",
        "aws_region",
        "artifacts_bucket_name",
        "backup_bucket_name",
        "audit_logs_bucket_name",
        "create_test_buckets",
        "staging_artifacts_bucket_name",
        "dev_artifacts_bucket_name",
        "common_tags",
        "storage_budget_gib",
        "monthly_budget_usd",
        "alert_emails",
    ] {
        assert!(variables.contains(name), "{name}");
    }
    let outputs = named("modules/sponsor-s3/outputs.tf", "output");
    for name in [
        "backup_bucket_name",
        "backup_bucket_arn",
        "audit_logs_bucket_name",
        "audit_logs_bucket_arn",
        "backup_replica_bucket_name",
        "audit_logs_replica_bucket_name",
        "replica_region",
    ] {
        assert!(outputs.contains(name), "{name}");
    }
    let root = named("sponsors/callisto/outputs.tf", "output");
    assert!(root.contains("backup_bucket") && root.contains("audit_logs_bucket"), "{root:?}");
    let resources = named("modules/sponsor-s3/main.tf", "resource");
    assert!(resources.contains("aws_s3_bucket.backups") && resources.contains("aws_s3_bucket.audit_logs"));
}

// serves: REQ-o00041/buckets
#[test]
fn buckets_have_their_names_and_tags() {
    let common = json!({"Environment": "production", "ManagedBy": "terraform", "Sponsor": "callisto", "Compliance": "FDA-21-CFR-Part-11"});
    let module = Module::of_callisto(json!({"common_tags": common, "create_test_buckets": true}));
    for (name, expected, title, purpose) in [
        (
            "backups",
            "hht-diary-backups-callisto-eu-west-1",
            "CAL Database Backups",
            "FDA-compliant database backup storage",
        ),
        (
            "audit_logs",
            "hht-diary-audit-logs-callisto-eu-west-1",
            "CAL Audit Logs",
            "FDA-compliant deployment audit logs",
        ),
    ] {
        let bucket = Bucket::of(&module, name);
        assert_eq!(bucket.name, expected);
        let tags = json!({
            "Name": title, "Purpose": purpose, "Retention": "7 years", "Sponsor": "callisto", "SponsorCode": "CAL",
            "Environment": "production", "ManagedBy": "terraform", "Compliance": "FDA-21-CFR-Part-11",
        });
        assert_eq!(bucket.tags, tags);
    }
    for (name, expected) in [
        ("artifacts", "hht-diary-artifacts-callisto-eu-west-1"),
        ("artifacts_staging", "hht-diary-artifacts-callisto-staging"),
        ("artifacts_dev", "hht-diary-artifacts-callisto-dev"),
    ] {
        assert_eq!(module.resource("aws_s3_bucket", name)["bucket"], expected);
    }
    let without = Module::of_callisto(json!({}));
    assert_eq!(*without.resource("aws_s3_bucket", "artifacts_dev"), Value::Null);
}

/// An auditor searches for them.
#[test]
fn rule_ids_and_days_are_literals() {
    let text = std::fs::read_to_string(folder().join("modules/sponsor-s3/lifecycle.tf")).unwrap();
    for id in [
        "archive-production-backups",
        "expire-staging-backups",
        "expire-development-backups",
        "archive-production-logs",
        "expire-staging-logs",
        "expire-development-logs",
    ] {
        assert!(text.contains(&format!("id     = \"{id}\"\n")), "{id}");
    }
    assert_eq!(text.matches("days = 2557\n").count(), 4);
}

// serves: REQ-p00012/no-early-deletion
#[test]
fn buckets_cannot_be_destroyed_by_mistake() {
    for file in ["modules/sponsor-s3/main.tf", "modules/sponsor-s3-replica/main.tf"] {
        let buckets = body(file)
            .into_blocks()
            .filter(|block| block.labels().first().is_some_and(|kind| kind.as_str() == "aws_s3_bucket"));
        let mut seen = 0;
        for bucket in buckets {
            let lifecycle = bucket.body.blocks().find(|block| block.identifier() == "lifecycle").unwrap();
            let lifecycle = hcl::to_string(&lifecycle.body).unwrap();
            assert!(lifecycle.contains("prevent_destroy = true"), "{file}: {lifecycle}");
            // A bucket without Object Lock must not be replaced by an empty one with it.
            assert!(lifecycle.contains("object_lock_enabled"), "{file}: {lifecycle}");
            seen += 1;
        }
        assert_eq!(seen, 2, "{file}");
    }
}
