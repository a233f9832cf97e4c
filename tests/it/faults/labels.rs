//! Tags, records and warnings report the lock that S3 returned after the upload, and no more.

use aws_sdk_s3::types::{
    DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockRetentionMode, ObjectLockRule,
};
use serde_json::{Value, json};

use crate::support::{Action, Outcome, Proxy, Run, Sponsor, Trial, runtime};

const DENIED: &str = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";

/// A trial with a sponsor whose buckets have Object Lock.
fn locking(environment: &str) -> Trial {
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).environment(environment).start();
    for (bucket, name) in [
        (trial.bucket("callisto"), "SPONSOR_BACKUPS_BUCKET"),
        (trial.log_bucket("callisto"), "SPONSOR_AUDIT_LOGS_BUCKET"),
    ] {
        let bucket = format!("{bucket}-locks");
        trial.store.bucket_with_object_lock(&bucket);
        trial.secret("callisto", name, Some(&bucket));
    }
    trial
}

/// The tag `object-lock` of each object of a run: dump, checksum file, manifest and record.
#[track_caller]
fn lock_tags(trial: &Trial, outcome: &Outcome) -> Vec<String> {
    let split = |location: String| {
        let (bucket, key) = location.strip_prefix("s3://").unwrap().split_once('/').unwrap();
        (bucket.to_owned(), key.to_owned())
    };
    let (bucket, dump) = split(outcome.output("backup_location"));
    let record = split(outcome.output("deployment_log"));
    let beside = ["", ".sha256", ".manifest.json"].map(|end| (bucket.clone(), format!("{dump}{end}")));
    let tags = beside.into_iter().chain([record]).map(|(bucket, key)| {
        let tags = trial.store.tags(&bucket, &key);
        assert!(tags.len() <= 10, "{tags:?}");
        tags["object-lock"].clone()
    });
    tags.collect()
}

fn warnings(outcome: &Outcome) -> String {
    outcome.annotations("warning").join("\n")
}

fn through(proxy: &Proxy, run: Run) -> Run {
    run.input("s3-endpoint-url", proxy.endpoint())
}

// serves: 11.10(c)/locked
/// - fault: A production backup goes to a bucket without Object Lock, and the user does not notice
/// - injected: moto without Object Lock
/// - seen: `not locked: the backup can be deleted early`, as a warning with what to do. Success
/// - left: The backup and its record, tagged `object-lock=none`, and `object_lock` in the record
/// - fault: The same on purpose
/// - injected: moto with Object Lock, and `object-lock` set to `off`
/// - seen: ``not locked, as `object-lock: off` requests``, as a warning. Success
/// - left: The same
#[test]
fn what_is_not_locked_is_said() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let on_purpose = locking("production");
    for (trial, run, told) in [
        (&trial, trial.run(), "not locked: the backup can be deleted"),
        (
            &on_purpose,
            on_purpose.run().input("object-lock", "off"),
            "not locked, as `object-lock: off` requests",
        ),
    ] {
        let outcome = run.run();
        outcome.assert_code(0);
        assert!(warnings(&outcome).contains(told), "{}", outcome.transcript());
        assert_eq!(lock_tags(trial, &outcome), ["none"; 4]);
        let log = outcome.log("callisto");
        assert_eq!((&log["object_lock"], &log["locked_until"]), (&json!("none"), &Value::Null));
    }
}

/// - fault: Tags and record could report another lock than S3 stores
/// - injected: moto with Object Lock, each mode
/// - seen: Success without a warning about the lock
/// - left: Every object is tagged with the mode from the HEAD response, and the record contains the date
#[test]
fn a_lock_is_reported_as_s3_returns_it() {
    for mode in ["governance", "compliance"] {
        let trial = locking("production");
        let outcome = trial.run().input("object-lock", mode).run();
        outcome.assert_code(0);
        assert_eq!(lock_tags(&trial, &outcome), [mode; 4]);
        let log = outcome.log("callisto");
        assert_eq!(log["object_lock"], mode);
        let (bucket, key) = outcome.output("backup_location")[5..]
            .split_once('/')
            .map(|(bucket, key)| (bucket.to_owned(), key.to_owned()))
            .unwrap();
        let until = trial.store.head(&bucket, &key).object_lock_retain_until_date().unwrap().secs();
        let told: jiff::Timestamp = log["locked_until"].as_str().unwrap().parse().unwrap();
        assert_eq!(told.as_second(), until);
        assert!(!warnings(&outcome).contains("not locked"), "{}", warnings(&outcome));
    }
}

/// - fault: The keys cannot read the bucket's lock configuration, and the bucket locks by default
/// - injected: moto with a default retention behind a proxy that answers `GetObjectLockConfiguration` with 403
/// - seen: Success without a warning about the lock
/// - left: Every object is tagged with the mode from the HEAD response
/// - fault: The keys cannot read the bucket's lock configuration, and the bucket does not lock
/// - injected: moto without Object Lock behind the same proxy
/// - seen: `not locked`, as a warning with the permission to grant. Success
/// - left: The backup, tagged `none`
/// - fault: The keys cannot read an object's lock either
/// - injected: The same proxy, which also answers `GetObjectRetention` with 403
/// - seen: `not locked, as far as S3 shows`, as a warning with the permissions to grant. Success
/// - left: The backup, whose tag and record stay `unknown`
#[test]
fn where_the_bucket_does_not_say_how_it_locks_the_object_does() {
    let trial = locking("production");
    let bucket = format!("{}-locks", trial.bucket("callisto"));
    let default = DefaultRetention::builder().mode(ObjectLockRetentionMode::Governance).years(8).build();
    let rule = ObjectLockRule::builder().default_retention(default).build();
    let lock = ObjectLockConfiguration::builder();
    let lock = lock.object_lock_enabled(ObjectLockEnabled::Enabled).rule(rule).build();
    let put = trial.store.client().put_object_lock_configuration().bucket(&bucket);
    runtime().block_on(put.object_lock_configuration(lock).send()).unwrap();
    let denying = |trial: &Trial, query: &'static [&'static str]| {
        let proxy = Proxy::before(trial.store.endpoint());
        proxy.rule(move |seen| match seen.method == "GET" && query.iter().any(|name| seen.has(name)) {
            true => Action::Status(403, DENIED.to_owned()),
            false => Action::Pass,
        });
        proxy
    };
    let proxy = denying(&trial, &["object-lock"]);
    let outcome = through(&proxy, trial.run()).run();
    outcome.assert_code(0);
    assert_eq!(lock_tags(&trial, &outcome)[..3], ["governance"; 3]);
    assert!(!warnings(&outcome).contains("not locked"), "{}", warnings(&outcome));

    for (denied, tag, told) in [
        (&["object-lock"][..], "none", "s3:GetBucketObjectLockConfiguration"),
        (&["object-lock", "retention"][..], "unknown", "not locked, as far as S3 shows"),
    ] {
        let trial = Trial::of([Sponsor::named("callisto").empty()]);
        let proxy = denying(&trial, denied);
        let outcome = through(&proxy, trial.run()).run();
        outcome.assert_code(0);
        assert!(warnings(&outcome).contains("not locked"), "{}", outcome.transcript());
        assert!(warnings(&outcome).contains(told), "{}", warnings(&outcome));
        assert_eq!(lock_tags(&trial, &outcome), [tag; 4]);
        assert_eq!(outcome.log("callisto")["object_lock"], tag);
    }
}

/// - fault: S3 rejects the tag that shows the lock
/// - injected: A proxy that answers PutObjectTagging with 403
/// - seen: `` the tag `object-lock` stays `unknown` ``, as a warning. Success
/// - left: The complete backup, tagged `unknown`. Its record shows the lock
#[test]
fn a_tag_that_cannot_be_put_stays_unknown() {
    let trial = locking("production");
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.rule(|seen| match seen.method == "PUT" && seen.has("tagging") {
        true => Action::Status(403, DENIED.to_owned()),
        false => Action::Pass,
    });
    let outcome = through(&proxy, trial.run()).run();
    outcome.assert_code(0);
    assert!(warnings(&outcome).contains("the tag `object-lock` stays `unknown`"), "{}", outcome.transcript());
    assert_eq!(lock_tags(&trial, &outcome), ["unknown"; 4]);
    assert_eq!(outcome.log("callisto")["object_lock"], "governance");
}

// serves: 11.10(b)/complete
/// - fault: A partial backup is tagged as compliant
/// - injected: `exclude-table-data` in production
/// - seen: Success
/// - left: The partial backup, tagged `fda-compliant=false`
#[test]
fn a_partial_backup_is_not_called_compliant() {
    let trial = Trial::of([Sponsor::named("callisto").diary(2, 5)]);
    let outcome = trial.run().input("exclude-table-data", "public.diary_events").run();
    outcome.assert_code(0);
    let keys = trial.store.keys_in(trial.bucket("callisto"));
    assert_eq!(trial.store.tags(trial.bucket("callisto"), &keys[0])["fda-compliant"], "false");
}

// serves: 11.30/encrypted
/// - fault: The user requests encryption, but gives no usable key
/// - injected: `age-recipients` with only a comment, with a broken key among good ones, or empty with
///   `require-encryption`
/// - seen: A usage error that names the line or the input, before the run starts. Exit code 2
/// - left: Empty buckets
#[test]
fn encryption_that_was_asked_for_is_never_left_out() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let good = age::x25519::Identity::generate().to_public().to_string();
    for (recipients, required, told) in [
        ("# ops key: age1x".to_owned(), "false", "holds no age public key, only a comment in line 1"),
        (format!("{good}\nage1broken\n{good}"), "false", "is wrong in line 2: not an age public key"),
        (String::new(), "true", "`require-encryption` is set, but `age-recipients` is empty"),
    ] {
        let run = trial.run().input("age-recipients", &recipients).input("require-encryption", required);
        let outcome = run.run();
        outcome.assert_code(2);
        assert!(outcome.visible().contains(told), "{told}: {}", outcome.transcript());
        assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty() && outcome.logs().is_empty());
    }
    let run = trial.run().input("age-recipients", &good).input("require-encryption", "true");
    assert!(run.run().output("backup_location").ends_with(".age"));
}

/// - fault: Intelligent-Tiering moved a backup to an archive tier
/// - injected: A proxy that adds `x-amz-archive-status` to the HEAD response for the dump
/// - seen: `must be thawed before it can be read`, and with `thaw` also `is being thawed`. Exit code 14
/// - left: The backup. One RestoreObject request with `thaw`
#[test]
fn a_tier_of_intelligent_tiering_is_frozen() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.run().run().assert_code(0);
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.rule(|seen| match (seen.method.as_str(), seen.path.ends_with(".sql.gz")) {
        ("HEAD", true) => Action::ChangeHeader("x-amz-archive-status", "ARCHIVE_ACCESS".to_owned()),
        ("POST", true) if seen.has("restore") => Action::Status(202, String::new()),
        _ => Action::Pass,
    });
    let verify = || through(&proxy, trial.run()).input("command", "verify");
    let outcome = verify().run();
    outcome.assert_code(14);
    let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("in storage class ARCHIVE_ACCESS and must be thawed"), "{message}");
    let thawed = || proxy.requests().iter().filter(|seen| seen.method == "POST").count();
    assert_eq!(thawed(), 0);
    verify().input("thaw", "true").run().assert_code(14);
    assert_eq!(thawed(), 1);
}
