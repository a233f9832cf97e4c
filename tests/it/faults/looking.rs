//! A dry run makes the same read requests as the real run and ends with the same exit code. A real run checks S3 before
//! pg_dump starts.

use std::time::Duration;

use sponsor_backup::layout::key::Object;
use sponsor_backup::sponsors::Environment;

use super::s3::behind_a_proxy;
use crate::support::{Action, Moto, Outcome, Proxy, Run, Sponsor, Trial, clients, tools};

fn refusal(status: u16, code: &str) -> Action {
    Action::Status(status, format!("<Error><Code>{code}</Code><Message>On purpose</Message></Error>"))
}

/// A dry run and then a real run. Both end with the same exit code, and the dry run stores nothing.
#[track_caller]
fn both(trial: &Trial, run: impl Fn() -> Run, code: i32) -> [Outcome; 2] {
    let before = trial.store.keys_in(trial.bucket("callisto"));
    let dry = run().input("dry-run", "true").run();
    dry.assert_code(code);
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")), before);
    assert!(dry.logs().is_empty());
    let real = run().run();
    real.assert_code(code);
    [dry, real]
}

/// - fault: The backup bucket does not exist, in each environment
/// - injected: A secret with the name of a missing bucket, for a dry run and a real run
/// - seen: `NoSuchBucket`, the bucket, and the hint to create it or correct `SPONSOR_BACKUPS_BUCKET`. Exit code 14 for both
/// - left: Nothing in the backup bucket. The record of the real run
#[test]
fn a_dry_run_looks_for_the_bucket_in_every_environment() {
    for environment in ["production", "staging", "development"] {
        let trial = Trial::plan([Sponsor::named("callisto").empty()]).environment(environment).start();
        trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some("nobody-made-this-bucket"));
        for outcome in both(&trial, || trial.run(), 14) {
            let visible = outcome.visible();
            assert!(visible.contains("s3://nobody-made-this-bucket/"), "{visible}");
            assert!(visible.contains("NoSuchBucket"), "{visible}");
            let hint = "hint: Create bucket nobody-made-this-bucket, or correct SPONSOR_BACKUPS_BUCKET.";
            assert!(visible.contains(hint), "{visible}");
        }
    }
}

/// - fault: The record bucket does not exist
/// - injected: A secret with the name of a missing bucket, for a dry run and a real run
/// - seen: `record not saved`, and the bucket. Exit code 15 for both
/// - left: The backup of the real run
#[test]
fn a_dry_run_looks_for_the_bucket_of_the_records() {
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).environment("staging").start();
    trial.secret("callisto", "SPONSOR_AUDIT_LOGS_BUCKET", Some("nobody-made-this-bucket"));
    let [dry, real] = both(&trial, || trial.run(), 15);
    for outcome in [&dry, &real] {
        let visible = outcome.visible();
        assert!(visible.contains("s3://nobody-made-this-bucket/"), "{visible}");
    }
    assert!(
        real.visible().contains(
            "warning: callisto: cannot use audit-log store s3://nobody-made-this-bucket/: NoSuchBucket. The backup continues."
        ),
        "{}",
        real.visible()
    );
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), 3);
}

/// - fault: S3 rejects every request because of expired keys, another region, another account's bucket or unknown keys
/// - injected: A proxy that answers each request with that error, and a pg_dump that leaves a trace
/// - seen: S3's error code, the bucket, and what to do. Exit code 14 for a dry run and a real run
/// - left: An empty bucket. pg_dump never started
#[test]
fn what_s3_refuses_ends_the_run_before_the_dump_begins() {
    let (trial, proxy) = behind_a_proxy(None);
    let traces = tools::open_folder("traces");
    let trace = traces.path().join("pg_dump");
    let script = format!(": > {}; exec {} \"$@\"", trace.display(), clients::real("pg_dump"));
    let folder = clients::misbehaving(&script);
    for (status, code, told) in [
        (
            400,
            "ExpiredToken",
            "Set new temporary keys in SPONSOR_AWS_ACCESS_KEY_ID and SPONSOR_AWS_SECRET_ACCESS_KEY",
        ),
        (301, "PermanentRedirect", "Correct SPONSOR_AWS_REGION"),
        (400, "AuthorizationHeaderMalformed", "Correct SPONSOR_AWS_REGION"),
        (403, "AccessDenied", "hint: "),
        (403, "InvalidAccessKeyId", "in hht-diary-callisto/production"),
    ] {
        proxy.rule(move |_| refusal(status, code));
        let run = || trial.run().input("s3-endpoint-url", proxy.endpoint()).path(folder.path());
        for outcome in both(&trial, run, 14) {
            let visible = outcome.visible();
            assert!(visible.contains(&format!("s3://{}/", trial.bucket("callisto"))), "{visible}");
            assert!(visible.contains(code) && visible.contains(told), "{code}: {visible}");
        }
        assert!(!trace.exists(), "{code}: pg_dump was started");
    }
    assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty());
}

/// - fault: S3 does not know the keys from the environment
/// - injected: `AWS_ACCESS_KEY_ID_CALLISTO`, and a proxy that answers `InvalidAccessKeyId`
/// - seen: The hint to correct AWS_ACCESS_KEY_ID_CALLISTO and AWS_SECRET_ACCESS_KEY_CALLISTO. Exit code 14
/// - left: An empty bucket
#[test]
fn the_keys_that_were_used_are_the_ones_to_correct() {
    let (trial, proxy) = behind_a_proxy(None);
    proxy.rule(|_| refusal(403, "InvalidAccessKeyId"));
    let run = || {
        let run = trial.run().input("s3-endpoint-url", proxy.endpoint());
        run.env("AWS_ACCESS_KEY_ID_CALLISTO", "AKIA1").env("AWS_SECRET_ACCESS_KEY_CALLISTO", "any-secret")
    };
    let told = "Correct AWS_ACCESS_KEY_ID_CALLISTO and AWS_SECRET_ACCESS_KEY_CALLISTO: ";
    for outcome in both(&trial, run, 14) {
        assert!(outcome.visible().contains(told), "{}", outcome.visible());
    }
    let listed = run().input("command", "list").run();
    listed.assert_code(14);
    assert!(listed.visible().contains(told), "{}", listed.visible());
}

/// - fault: The inputs request a certain lock, and a bucket does not have Object Lock
/// - injected: `object-lock: governance`, and buckets without Object Lock
/// - seen: `has no Object Lock`, and what to choose instead. Exit code 14 for a dry run and a real run
/// - left: An empty bucket
#[test]
fn a_lock_that_the_bucket_cannot_give_fails_before_the_dump() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    for outcome in both(&trial, || trial.run().input("object-lock", "governance"), 14) {
        assert!(outcome.visible().contains("has no Object Lock"), "{}", outcome.visible());
    }
    assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty());
}

/// - fault: Other backups use the keys of this second and of the next ones
/// - injected: Objects under the keys of this second and of the three seconds after it
/// - seen: Success, in a later second
/// - left: The other objects, unchanged. A complete backup
#[test]
fn a_second_that_is_taken_is_not_used() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let key = |later: u64| {
        let at = i64::try_from(now + later).unwrap();
        let at = jiff::Timestamp::from_second(at).unwrap();
        Object::Backup { suffix: ".sql.gz" }.key(Environment::Production, at)
    };
    let taken: Vec<String> = (0..4).map(key).collect();
    taken.iter().for_each(|key| trial.store.put(trial.bucket("callisto"), key, "somebody else's"));
    let outcome = trial.run().run();
    outcome.assert_code(0);
    let location = outcome.output("backup_location");
    assert!(!taken.iter().any(|key| location.ends_with(key.as_str())), "{location}");
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), taken.len() + 3);
    for key in &taken {
        assert_eq!(trial.store.get(trial.bucket("callisto"), key), b"somebody else's");
    }
    let record = outcome.log("callisto");
    let second = location.rsplit('-').next().unwrap().split('.').next().unwrap();
    let told = record["deployment_timestamp"].as_str().unwrap()[11..19].replace(':', "");
    assert_eq!(told, second, "record and key tell one time");
}

/// - fault: The role cannot read a table, a sequence, or rows under a policy that applies to it. Or a pattern matches
///   nothing, or another session holds a lock
/// - injected: Changes in the database, for a dry run and a real run
/// - seen: The name of what the role cannot read. Exit code 13 for both
/// - left: An empty bucket
#[test]
fn a_dry_run_asks_the_database_what_the_dump_would_ask() {
    let trial = Trial::of([Sponsor::named("callisto").diary(2, 3)]);
    let database = trial.database("callisto");
    let fails = |sql: &str, told: &str| {
        database.psql(sql);
        let [dry, real] = both(&trial, || trial.run(), 13);
        assert!(dry.visible().contains(told), "{sql}\n{}", dry.visible());
        assert!(real.visible().contains("pg_dump"), "{sql}\n{}", real.visible());
    };
    fails("CREATE TABLE closed (a int)", "permission denied for table closed");
    database.psql("DROP TABLE closed");
    fails("CREATE SEQUENCE \"no way\"", "cannot read sequence public.no way (no SELECT right)");
    database.psql("DROP SEQUENCE \"no way\"");
    let owner = &database.user;
    fails(
        &format!(
            "CREATE TABLE hidden (a int); ALTER TABLE hidden OWNER TO \"{owner}\"; \
             ALTER TABLE hidden ENABLE ROW LEVEL SECURITY; ALTER TABLE hidden FORCE ROW LEVEL SECURITY"
        ),
        "cannot read table public.hidden (row-level security)",
    );
    // The run does not need to read what it does not dump.
    database.psql("CREATE SCHEMA other; ALTER TABLE hidden SET SCHEMA other");
    let without = || trial.run().input("exclude-schemas", "other");
    let dry = without().input("dry-run", "true").run();
    dry.assert_code(0);
    without().run().assert_code(0);
    database.psql("DROP TABLE other.hidden");
    for outcome in both(&trial, || trial.run().input("schemas", "nothing_like_it"), 13) {
        assert!(outcome.visible().contains("no matching schemas"), "{}", outcome.visible());
    }
    let _held = database.hold("LOCK TABLE patients");
    for outcome in both(&trial, || trial.run().input("lock-wait-timeout", "1s"), 13) {
        assert!(outcome.visible().contains("Another session holds a lock"), "{}", outcome.visible());
    }
}

/// - fault: A file has the name of the record folder
/// - injected: A file in the workspace, for a dry run and a real run
/// - seen: `cannot write record deployment-logs…`. Exit code 15 for both
/// - left: The backup of the real run
#[test]
fn a_dry_run_looks_whether_the_record_can_be_written() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let run = || trial.run().file("deployment-logs", "a file");
    let dry = run().input("dry-run", "true").run();
    dry.assert_code(15);
    let real = run().run();
    real.assert_code(15);
    for outcome in [dry, real] {
        assert!(outcome.visible().contains("record deployment-logs"), "{}", outcome.visible());
        assert!(outcome.visible().contains("cannot write record deployment-logs"), "{}", outcome.visible());
    }
}

/// The plan lists what the dry run checked, what it did not check, and which keys it used. A dry run sends no write
/// request, and no read request that the real run does not send.
///
/// - fault: None: a dry run in a complete production environment
/// - injected: A recording proxy
/// - seen: The plan, with what was checked, what was not checked, and whose keys were used. Exit code 0
/// - left: Two empty buckets
#[test]
fn a_plan_shows_what_was_asked_and_what_was_not() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let proxy = Proxy::before(trial.store.endpoint());
    let run = || trial.run().input("s3-endpoint-url", proxy.endpoint());
    let dry = run().input("dry-run", "true").run();
    dry.assert_code(0);
    let visible = dry.visible();
    let record = format!("s3://{}/deployments/", trial.log_bucket("callisto"));
    for part in ["checked", "not checked", "s3:PutObject", "access key AKIA", &record] {
        assert!(visible.contains(part), "{part} in {visible}");
    }
    let asked = proxy.requests();
    assert!(asked.iter().all(|seen| seen.method == "GET"), "{asked:?}");
    for bucket in [trial.bucket("callisto"), trial.log_bucket("callisto")] {
        let of_it = asked.iter().filter(|seen| seen.path.split('/').nth(1) == Some(bucket));
        let queries: Vec<&str> = of_it.map(|seen| seen.query.as_str()).collect();
        assert!(queries.iter().any(|query| query.contains("list-type=2")), "{queries:?}");
        assert!(queries.iter().any(|query| query.contains("object-lock")), "{queries:?}");
        assert!(trial.store.objects(bucket).is_empty());
    }
}

/// - fault: The keys can write but cannot list
/// - injected: moto with IAM and a policy without s3:ListBucket, for a dry run and a real run
/// - seen: The hint to grant s3:ListBucket. Exit code 14 for both
/// - left: An empty bucket
#[test]
fn keys_that_cannot_list_are_reported_before_the_dump() {
    let bucket = "arn:aws:s3:::hht-diary-*-callisto-*";
    let statement = serde_json::json!({"Effect": "Allow",
        "Action": ["s3:PutObject", "s3:PutObjectTagging", "s3:GetObject", "s3:GetObjectTagging"],
        "Resource": [bucket, format!("{bucket}/*")]});
    let moto = Moto::with_policy(&serde_json::json!({"Version": "2012-10-17", "Statement": [statement]}));
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).store(&moto).start();
    for outcome in both(&trial, || trial.run().deadline(Duration::from_secs(60)), 14) {
        assert!(outcome.visible().contains("Grant s3:ListBucket on this bucket"), "{}", outcome.visible());
    }
    assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty());
}
