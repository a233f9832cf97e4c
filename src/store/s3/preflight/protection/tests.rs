use crate::sponsors::Environment;
use crate::store::s3::preflight::tests::{expected, judged, line, store};

use super::*;

const ON: PublicAccessBlock =
    PublicAccessBlock { block_acls: true, ignore_acls: true, block_policy: true, restrict_buckets: true };

fn production<T>(judge: impl FnOnce(&Checked<'_>) -> T) -> T {
    judged(Bucket::Backups, Environment::Production, judge)
}

fn staging<T>(judge: impl FnOnce(&Checked<'_>) -> T) -> T {
    judged(Bucket::Backups, Environment::Staging, judge)
}

#[test]
fn production_needs_versions() {
    let on = Versioning::Enabled;
    assert_eq!(line(&production(|it| versioning(it, Ok(&on)))), "ok: versioning of bucket b is on");
    for off in [Versioning::Suspended, Versioning::Never] {
        assert_eq!(line(&production(|it| versioning(it, Ok(&off)))), "fail: versioning of bucket b is off");
        assert_eq!(line(&staging(|it| versioning(it, Ok(&off)))), "warn: versioning of bucket b is off");
    }
}

#[test]
fn kms_without_a_bucket_key_is_expensive() {
    let judge = |algorithm: &str, bucket_key| {
        let found = Ok(Some(Encryption { algorithm: algorithm.to_owned(), bucket_key }));
        line(&production(|it| encryption(it, found)))
    };
    assert_eq!(judge("AES256", false), "ok: bucket b encrypts new objects with AES256");
    assert_eq!(judge("aws:kms", true), "ok: bucket b encrypts new objects with aws:kms");
    assert_eq!(judge("aws:kms", false), "warn: bucket b encrypts with aws:kms, without a bucket key");
    assert_eq!(line(&production(|it| encryption(it, Ok(None)))), "warn: bucket b has no default encryption");
}

#[test]
fn each_missing_block_fails() {
    let judge = |block, by| line(&production(|it| judge_public_access(it, Ok(block), by)));
    let open = PublicAccessBlock { restrict_buckets: false, ..ON };
    assert_eq!(
        judge(open, (false, false)),
        "fail: bucket b does not block public access: RestrictPublicBuckets is off"
    );
    assert_eq!(judge(open, (true, false)), "fail: bucket b is public by its policy");
    assert_eq!(
        judge(PublicAccessBlock::default(), (true, true)),
        "fail: bucket b is public by its policy and its ACL"
    );
    assert_eq!(ON.missing(), [""; 0]);
}

#[test]
fn object_lock_is_judged_by_what_is_required() {
    let judge = |environment, lock, found| {
        let (store, mut expected) = (store("b"), expected(environment));
        expected.lock = lock;
        line(&object_lock(&Checked { store: &store, which: Bucket::Backups, expected }, Ok(found)))
    };
    let fix = self::production(|it| object_lock(it, Ok(None))).fix;
    assert!(fix.ends_with(". This cannot be undone. Skip it for trial buckets."), "{fix}");
    let (production, staging) = (Environment::Production, Environment::Staging);
    let none = "bucket b has no Object Lock";
    let required = format!("fail: {none}, but `object-lock` requires it");
    assert_eq!(judge(production, LockChoice::Governance, None), required);
    assert_eq!(judge(staging, LockChoice::Compliance, None), required);
    assert_eq!(judge(production, LockChoice::Auto, None), format!("warn: {none}"));
    assert_eq!(judge(production, LockChoice::Off, None), format!("warn: {none}"));
    assert_eq!(judge(staging, LockChoice::Auto, None), format!("ok: {none}, which staging does not need"));
    let without_default = "ok: Object Lock of bucket b is on, without a default retention";
    assert_eq!(judge(production, LockChoice::Compliance, Some(None)), without_default);
    let default = |days| Some(Some(DefaultRetention { compliance: false, days }));
    let on = |days: u32| {
        format!("Object Lock of bucket b is on, with a default retention of {days} days in governance mode")
    };
    assert_eq!(judge(production, LockChoice::Auto, default(1)), format!("ok: {}", on(1)));
    assert_eq!(judge(staging, LockChoice::Auto, default(30)), format!("ok: {}", on(30)));
    assert_eq!(
        judge(staging, LockChoice::Auto, default(2555)),
        format!("warn: {}, also for the staging objects, which need 30 days", on(2555))
    );
}

#[test]
fn production_needs_a_replica_of_each_prefix() {
    let rule = |prefix: &str, narrowed| Replication {
        prefix: prefix.to_owned(),
        narrowed,
        destination: "arn:aws:s3:::replica".to_owned(),
    };
    let judge = |rules: &[Replication]| line(&production(|it| replication(it, Ok(rules.to_vec()))));
    assert_eq!(judge(&[]), "warn: bucket b is not replicated");
    let fix = production(|it| replication(it, Ok(Vec::new()))).fix;
    assert!(fix.contains("`replica_region` in `infrastructure/terraform/sponsors/callisto`"), "{fix}");
    let replicated = "ok: bucket b is replicated to arn:aws:s3:::replica";
    assert_eq!(judge(&[rule("", false)]), replicated);
    assert_eq!(judge(&[rule("backups/", false)]), replicated);
    let uncovered = "warn: no replication rule of bucket b covers all of backups/";
    assert_eq!(judge(&[rule("staging/", false)]), uncovered);
    assert_eq!(judge(&[rule("", true)]), uncovered);
    assert_eq!(
        line(&staging(|it| replication(it, Ok(Vec::new())))),
        "ok: bucket b is not replicated, which staging does not need"
    );
}
