//! The Terraform modules. Without Terraform: their text is evaluated and put on an S3 server here, and what the program writes is
//! held against rules and permissions. With Terraform and its provider for AWS on this machine: see `real`.

pub(crate) mod bucket;
mod contract;
mod doctor;
pub(crate) mod module;
mod objects;
pub(crate) mod program;
mod real;

use serde_json::{Value, json};

use bucket::{Bucket, rules_on, settings_on};
use module::Module;

use crate::support::{Moto, tools};

/// Both buckets of the module on a server, under names of their own.
fn created(moto: &Moto, edits: &[(&str, &str)]) -> [Bucket; 2] {
    let unique = tools::unique();
    let variables = json!({
        "backup_bucket_name": format!("backups-{unique}"),
        "audit_logs_bucket_name": format!("logs-{unique}"),
    });
    let module = Module::edited(variables, edits);
    let buckets = ["backups", "audit_logs"].map(|name| Bucket::of(&module, name));
    buckets.iter().for_each(|bucket| bucket.create(moto));
    buckets
}

// serves: 11.30/in-transit, REQ-o00041/buckets
#[test]
fn both_buckets_are_protected_and_audit_logs_are_locked() {
    let moto = Moto::shared();
    let [backups, logs] = created(moto, &[]);
    let policy = |bucket: &Bucket| {
        let arn = format!("arn:aws:s3:::{}", bucket.name);
        json!({"Version": "2012-10-17", "Statement": [{
            "Sid": "DenyWithoutTls", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
            "Resource": [arn, format!("{arn}/*")], "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }]})
    };
    let expected = |bucket: &Bucket, lock: Option<&str>| {
        json!({
            "versioning": "Enabled", "encryption": "AES256", "bucket key": true, "public access": [true, true, true, true],
            "policy": policy(bucket), "lock": lock, "default retention": false,
        })
    };
    assert_eq!(settings_on(moto, &backups.name), expected(&backups, None));
    // A default retention would lock the records of staging and development, too.
    assert_eq!(settings_on(moto, &logs.name), expected(&logs, Some("Enabled")));
}

// serves: REQ-o00049/production, REQ-o00049/tiers
/// What S3 has is what the text says, rule by rule: what the next test reads is real.
#[test]
fn s3_accepts_the_lifecycle_rules_as_they_are() {
    let moto = Moto::shared();
    for bucket in created(moto, &[]) {
        assert_eq!(rules_on(moto, &bucket.name), bucket.rules);
    }
}

// serves: REQ-o00008/long-term-archive, REQ-o00041/per-environment, REQ-o00049/production, REQ-o00049/staging
// serves: REQ-o00049/development, REQ-o00049/deployment-logs, REQ-o00049/tiers
#[test]
fn lifecycle_rules_are_those_of_the_retention_policy() {
    let module = Module::of_callisto(json!({}));
    let [backups, logs] = ["backups", "audit_logs"].map(|name| Bucket::of(&module, name).rules);
    let rule = |prefix: &str, tiers: Value, days: u32, noncurrent: u32| {
        json!({
            "prefix": prefix, "tiers": tiers, "days": days, "markers": null, "noncurrent": noncurrent, "uploads": null,
        })
    };
    let archive = json!({"DEEP_ARCHIVE": 90});
    assert_eq!(backups["archive-production-backups"], rule("backups/", archive.clone(), 2557, 90));
    assert_eq!(backups["expire-staging-backups"], rule("staging/backups/", json!({}), 30, 7));
    assert_eq!(backups["expire-development-backups"], rule("development/backups/", json!({}), 7, 7));
    assert_eq!(logs["archive-production-logs"], rule("deployments/", archive, 2557, 90));
    assert_eq!(logs["expire-staging-logs"], rule("staging/deployments/", json!({}), 2557, 90));
    assert_eq!(logs["expire-development-logs"], rule("development/deployments/", json!({}), 2557, 90));
    for kind in ["drills", "restores", "verifications", "holds", "prunes", "copies", "promotions"] {
        for (environment, folder) in
            [("production", ""), ("staging", "staging/"), ("development", "development/")]
        {
            let found = &logs[&format!("expire-{environment}-{kind}")];
            assert_eq!(*found, rule(&format!("{folder}{kind}/"), json!({}), 2557, 90));
        }
    }
    let (mut markers, mut uploads) = (rule("", json!({}), 0, 0), rule("", json!({}), 0, 0));
    for rule in [&mut markers, &mut uploads] {
        (rule["days"], rule["noncurrent"]) = (Value::Null, Value::Null);
    }
    (markers["markers"], uploads["uploads"]) = (json!(true), json!(7));
    for rules in [&backups, &logs] {
        assert_eq!(rules["expire-test"], rule("test/", json!({}), 7, 7));
        assert_eq!(rules["expire-preflight"], rule("preflight/", json!({}), 7, 7));
        // S3 accepts a rule for delete markers only without days.
        assert_eq!(rules["remove-expired-delete-markers"], markers);
        assert_eq!(rules["abort-incomplete-uploads"], uploads);
    }
    assert_eq!((backups.len(), logs.len()), (3 + 4, 3 + 7 * 3 + 4));
}

#[test]
fn gradual_tiers_and_further_prefixes_become_rules() {
    let further = json!({"prefix": "wal/", "days": 31, "archive": true, "noncurrent_days": 1});
    let module = Module::of_callisto(
        json!({"gradual_tiers": true, "further_backup_prefixes": {"expire-wal": further}}),
    );
    let rules = Bucket::of(&module, "backups").rules;
    let tiers = json!({"STANDARD_IA": 30, "GLACIER": 90, "DEEP_ARCHIVE": 365});
    assert_eq!(rules["archive-production-backups"]["tiers"], tiers);
    assert_eq!(rules["expire-wal"]["days"], 31);
    assert_eq!(rules["expire-wal"]["tiers"], tiers);
}

// serves: REQ-o00008/disaster-drills
/// S3 copies no lifecycle rules.
#[test]
fn copies_are_kept_as_long_as_their_originals() {
    let variables = json!({
        "sponsor_name": "callisto", "sponsor_code": "CAL", "replica_region": "eu-central-1",
        "backup_bucket_name": "b", "audit_logs_bucket_name": "l",
    });
    let replica = Module::read(&module::folder().join("modules/sponsor-s3-replica"), &variables, &[]);
    let original = Module::of_callisto(json!({}));
    let days = |module: &Module| {
        let rules = Bucket::of(module, "backups").rules.into_values();
        let mut days: Vec<_> = rules
            .map(|rule| [&rule["prefix"], &rule["days"], &rule["noncurrent"]].map(Value::to_string))
            .collect();
        days.sort();
        days
    };
    assert_eq!(days(&replica), days(&original));
    let logs = Bucket::of(&replica, "audit_logs").rules;
    assert_eq!(logs["expire-records"]["prefix"], "");
    for rule in
        Bucket::of(&original, "audit_logs").rules.into_values().filter(|rule| rule["days"].as_i64() > Some(7))
    {
        assert_eq!(rule["days"], logs["expire-records"]["days"]);
    }
    for name in
        ["remove-expired-delete-markers", "abort-incomplete-uploads", "expire-test", "expire-preflight"]
    {
        assert!(logs.contains_key(name), "{name}");
    }
}
