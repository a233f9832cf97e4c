//! What `preflight` finds in buckets: each flaw is made in a sound bucket, and found.

mod buckets;
mod probe;
pub(crate) mod session;
mod unknown;

use serde_json::json;
use sponsor_backup::store::LockChoice;

use super::{Findings, sound};
use crate::support::{Action, Moto, Proxy, Run, Sponsor, runtime};
use buckets::{
    Buckets, archive_rule, block_public_access, levels, lifecycle, line_of, of_check, put_policy, rule,
};

fn denial() -> Action {
    let error = "<Error><Code>AccessDenied</Code><Message>Refused on purpose</Message></Error>";
    Action::Status(403, error.to_owned())
}

fn moto() -> &'static Moto {
    Moto::shared()
}

#[test]
fn a_sound_set_up_has_nothing_to_fix() {
    let buckets = Buckets::sound(moto());
    let findings = buckets.check();
    // These tests do not set `expected-bucket-owner`.
    let rest: Vec<_> = findings.iter().filter(|finding| finding.check != "bucket-owner").cloned().collect();
    assert_eq!(levels(&rest), [rest.len(), 0, 0], "{rest:#?}");
    assert_eq!(of_check(&findings, "bucket-owner").count(), 2);
    for finding in findings {
        assert_eq!(finding.why.is_empty(), finding.check != "bucket-owner", "{finding:?}");
    }
}

#[test]
fn a_bare_bucket_lacks_each_protection() {
    let buckets = Buckets::bare(moto());
    let name = &buckets.backups;
    for (check, expected) in [
        ("bucket-exists", format!("ok: bucket {name} exists")),
        ("bucket-region", format!("ok: bucket {name} is in eu-west-1")),
        ("bucket-versioning", format!("fail: versioning of bucket {name} is off")),
        ("bucket-encryption", format!("warn: bucket {name} has no default encryption")),
        (
            "bucket-public-access",
            format!(
                "fail: bucket {name} does not block public access: BlockPublicAcls, IgnorePublicAcls, \
                 BlockPublicPolicy, RestrictPublicBuckets are off"
            ),
        ),
        ("bucket-tls-only", format!("warn: bucket {name} has no policy that denies requests without TLS")),
        ("bucket-object-lock", format!("warn: bucket {name} has no Object Lock")),
        ("bucket-replication", format!("warn: bucket {name} is not replicated")),
        ("bucket-lifecycle", format!("warn: bucket {name} has no lifecycle rule for `backups/`")),
        ("bucket-leftover-uploads", format!("ok: no incomplete upload in bucket {name} is older than a day")),
    ] {
        assert_eq!(buckets.found(check), expected);
    }
    let logs = buckets.check();
    let forgotten = of_check(&logs, "bucket-lifecycle").map(line_of).collect::<Vec<_>>();
    let expected = format!(
        "warn: bucket {} has no lifecycle rule for `deployments/`, `drills/`, `copies/`, `restores/`, \
         `verifications/`, `holds/`, `prunes/`",
        buckets.audit_logs
    );
    assert!(forgotten.contains(&expected), "{forgotten:?}");
}

// serves: REQ-o00049/tiers
#[test]
fn each_deliberate_flaw_of_the_lifecycle_rules_is_found() {
    let buckets = Buckets::sound(moto());
    let name = &buckets.backups;
    let found = |check, rules: Vec<_>| {
        lifecycle(moto(), name, rules);
        buckets.found(check)
    };
    assert_eq!(
        found("bucket-lifecycle", vec![archive_rule("backups/", 2555)]),
        format!(
            "fail: objects of s3://{name}/backups/ expire after 2555 days (rule `expire-backups`), up to 2 days before \
             7 calendar years have passed"
        )
    );
    // A rule for all objects that does not move or end them hides nothing.
    let aborts = rule("", 1).set_expiration(None).set_noncurrent_version_expiration(None).id("aborts");
    assert_eq!(
        found("bucket-lifecycle", vec![archive_rule("backup/", 2557), aborts.build().unwrap()]),
        format!(
            "warn: no enabled lifecycle rule of bucket {name} covers `backups/` (rule `expire-backup` covers `backup/`)"
        )
    );
    assert_eq!(
        found("bucket-lifecycle", vec![rule("backups/", 2557).build().unwrap()]),
        format!(
            "warn: objects of s3://{name}/backups/ expire after 2557 days (rule `expire-backups`), and never move to \
             DEEP_ARCHIVE"
        )
    );
    let mut no_noncurrent = archive_rule("backups/", 2557);
    no_noncurrent.noncurrent_version_expiration = None;
    assert_eq!(
        found("bucket-noncurrent-versions", vec![no_noncurrent]),
        format!("warn: noncurrent versions of bucket {name} are never deleted: backups/")
    );
    let mut no_abort = archive_rule("backups/", 2557);
    no_abort.abort_incomplete_multipart_upload = None;
    assert_eq!(
        found("bucket-incomplete-uploads", vec![no_abort]),
        format!("warn: incomplete uploads of bucket {name} are never aborted: backups/")
    );
    // Another team's rule for everything.
    let cleanup = rule("", 30).id("cleanup").build().unwrap();
    assert!(found("bucket-lifecycle", vec![archive_rule("backups/", 2557), cleanup]).starts_with(&format!(
        "fail: objects of s3://{name}/backups/ expire after 30 days (rule `cleanup`)"
    )));
    runtime().block_on(moto().client().delete_bucket_lifecycle().bucket(name).send()).unwrap();
    assert_eq!(
        buckets.found("bucket-lifecycle"),
        format!("warn: bucket {name} has no lifecycle rule for `backups/`")
    );
}

/// The built binary.
#[test]
fn a_flaw_fails_the_run() {
    let trial = sound([Sponsor::named("callisto").empty()]);
    let name = trial.bucket("callisto");
    lifecycle(&trial.store, name, [archive_rule("backups/", 2557)]);
    Findings::of(&trial, &[], 0);
    lifecycle(&trial.store, name, [archive_rule("backups/", 2555)]);
    let found = Findings::of(&trial, &[], 17);
    let [flaw] = found.failures()[..] else { panic!("{:#?}", found.failures()) };
    assert_eq!(flaw["check"], "bucket-lifecycle");
    assert!(flaw["fix"].as_str().unwrap().contains("of rule `expire-backups` to 2557."), "{flaw:#}");
}

/// With an expected owner, S3 denies what belongs to another account. Moto does not know owners.
#[test]
fn another_accounts_bucket_fails() {
    let trial = sound([Sponsor::named("callisto").empty()]);
    let proxy = Proxy::before(trial.store.endpoint());
    let run = || {
        let run = trial.wire(Run::terminal()).args(["preflight", "--json"]);
        run.input("s3-endpoint-url", proxy.endpoint()).input("expected-bucket-owner", "123456789012").run()
    };
    let owners = |findings: &Findings| {
        let findings = findings.check("bucket-owner");
        findings.iter().map(|it| format!("{}: {}", it["level"], it["what"])).collect::<Vec<_>>()
    };
    let names = [trial.bucket("callisto"), trial.log_bucket("callisto")];
    let own = names.map(|name| format!("\"ok\": \"bucket {name} belongs to account 123456789012\""));
    assert_eq!(owners(&Findings::from(&run(), 0)), own);
    proxy.rule(
        |seen| {
            if seen.header("x-amz-expected-bucket-owner").is_empty() { Action::Pass } else { denial() }
        },
    );
    let other =
        names.map(|name| format!("\"fail\": \"bucket {name} does not belong to account 123456789012\""));
    assert_eq!(owners(&Findings::from(&run(), 17)), other);
}

#[test]
fn a_public_bucket_fails() {
    let buckets = Buckets::sound(moto());
    let name = &buckets.backups;
    block_public_access(moto(), name, false);
    assert!(buckets.found("bucket-public-access").starts_with("fail: "));
    let open = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{name}/*"),
    }]});
    put_policy(moto(), name, &open);
    assert_eq!(buckets.found("bucket-public-access"), format!("fail: bucket {name} is public by its policy"));
    assert_eq!(
        buckets.found("bucket-tls-only"),
        format!(
            "warn: the policy of bucket {name} allows without TLS: s3:ListBucket on {name}, s3:GetObject on \
             {name}/backups/*, s3:PutObject on {name}/backups/*"
        )
    );
    let acl = moto().client().put_bucket_acl().bucket(name);
    runtime().block_on(acl.acl(aws_sdk_s3::types::BucketCannedAcl::PublicRead).send()).unwrap();
    assert_eq!(
        buckets.found("bucket-public-access"),
        format!("fail: bucket {name} is public by its policy and its ACL")
    );
    // The block makes both void.
    block_public_access(moto(), name, true);
    assert!(buckets.found("bucket-public-access").starts_with("ok: "));
}

#[test]
fn a_missing_bucket_and_another_region_end_the_questions() {
    let missing = Buckets::named(moto());
    moto().bucket(&missing.audit_logs);
    assert_eq!(missing.found("bucket-exists"), format!("fail: bucket {} does not exist", missing.backups));
    let findings = missing.check();
    let of_missing = findings.iter().filter(|it| it.what.contains(&missing.backups));
    assert_eq!(of_missing.count(), 1, "{findings:#?}");
    assert!(findings[0].fix.contains("SPONSOR_BACKUPS_BUCKET"), "{findings:#?}");

    let mut elsewhere = Buckets::sound(moto());
    elsewhere.region = "eu-central-1";
    assert_eq!(
        elsewhere.found("bucket-region"),
        format!(
            "warn: the store names eu-west-1 as the region of bucket {}, but SPONSOR_AWS_REGION is eu-central-1",
            elsewhere.backups
        )
    );
}

#[test]
fn a_lock_that_is_required_needs_object_lock() {
    let mut buckets = Buckets::bare(moto());
    buckets.lock = LockChoice::Governance;
    assert_eq!(
        buckets.found("bucket-object-lock"),
        format!("fail: bucket {} has no Object Lock, but `object-lock` requires it", buckets.backups)
    );
    let buckets = Buckets { lock: LockChoice::Governance, ..Buckets::sound(moto()) };
    assert!(buckets.found("bucket-object-lock").starts_with("ok: "));
}

#[test]
fn uploads_that_no_run_continues_are_listed_with_their_age() {
    let buckets = Buckets::without_policy(moto());
    let name = &buckets.backups;
    let begin = |key: &str| {
        let request = moto().client().create_multipart_upload().bucket(name).key(key);
        runtime().block_on(request.send()).unwrap();
    };
    // Another program's.
    begin("elsewhere/a");
    assert!(buckets.found("bucket-leftover-uploads").starts_with("ok: "));
    // Moto dates every upload back to 2010.
    begin("backups/2026/01/01/backup-prod-20260101-000000.sql.gz");
    let findings = buckets.check();
    let left = of_check(&findings, "bucket-leftover-uploads").next().unwrap();
    assert!(left.what.starts_with(&format!("1 incomplete upload in bucket {name}, the oldest ")), "{left:?}");
    assert!(left.what.ends_with(": backups/2026/01/01/backup-prod-20260101-000000.sql.gz"), "{left:?}");
}
