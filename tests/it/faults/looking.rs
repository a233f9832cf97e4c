//! What was not looked at is not fine: a dry run asks for everything that the real run needs, by the same requests, and
//! ends where the real run would end, with its code. In a real run S3 is asked before pg_dump starts.

use std::time::Duration;

use sponsor_backup::archive::key::Object;
use sponsor_backup::sponsors::Environment;

use super::s3::behind_a_proxy;
use crate::support::{Action, Moto, Outcome, Proxy, Run, Sponsor, Trial, clients, tools};

fn refusal(status: u16, code: &str) -> Action {
    Action::Status(status, format!("<Error><Code>{code}</Code><Message>On purpose</Message></Error>"))
}

/// A dry run and then a real one, which end alike; nothing is stored by the first.
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

/// - fault: the bucket of backups does not exist, in each environment
/// - injected: the secret names a bucket that nobody made; a dry run, then a real one
/// - seen: `NoSuchBucket`, the bucket, and to apply the sponsor's Terraform; exit code 14 of both
/// - left: nothing in the bucket of backups; the record of the real run
#[test]
fn a_dry_run_looks_for_the_bucket_in_every_environment() {
    for environment in ["production", "staging", "development"] {
        let trial = Trial::plan([Sponsor::named("callisto").empty()]).environment(environment).start();
        trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some("nobody-made-this-bucket"));
        for outcome in both(&trial, || trial.run(), 14) {
            let visible = outcome.visible();
            assert!(visible.contains("s3://nobody-made-this-bucket/"), "{visible}");
            assert!(visible.contains("NoSuchBucket"), "{visible}");
        }
    }
}

/// - fault: the bucket of the records does not exist
/// - injected: the secret names a bucket that nobody made; a dry run, then a real one
/// - seen: `record not saved`, and the bucket; exit code 15 of both
/// - left: the backup of the real run
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
        real.visible().contains("cannot use the audit-log bucket, but the backup continues"),
        "{}",
        real.visible()
    );
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), 3);
}

/// - fault: S3 refuses every request: expired keys, another region, another account's bucket, keys that it does not know
/// - injected: a proxy that answers each request so, and a pg_dump that leaves a trace
/// - seen: S3's code, the bucket, and what to do; exit code 14 of a dry run and of a real one
/// - left: an empty bucket; pg_dump never started
#[test]
fn what_s3_refuses_ends_the_run_before_the_dump_begins() {
    let (trial, proxy) = behind_a_proxy(None);
    let traces = tools::open_folder("traces");
    let trace = traces.path().join("pg_dump");
    let script = format!(": > {}; exec {} \"$@\"", trace.display(), clients::real("pg_dump"));
    let folder = clients::misbehaving(&script);
    for (status, code, told) in [
        (400, "ExpiredToken", "Set new temporary keys in SPONSOR_AWS_ACCESS_KEY_ID and SPONSOR_AWS_SECRET_ACCESS_KEY"),
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

/// - fault: keys of the environment that S3 does not know
/// - injected: `AWS_ACCESS_KEY_ID_CALLISTO`, and a proxy that answers `InvalidAccessKeyId`
/// - seen: to correct AWS_ACCESS_KEY_ID_CALLISTO and AWS_SECRET_ACCESS_KEY_CALLISTO; exit code 14
/// - left: an empty bucket
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

/// - fault: a certain lock is asked for, and a bucket has no Object Lock
/// - injected: `object-lock: governance`, buckets without it
/// - seen: `has no Object Lock`, and how to choose; exit code 14 of a dry run and of a real one
/// - left: an empty bucket
#[test]
fn a_lock_that_the_bucket_cannot_give_fails_before_the_dump() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    for outcome in both(&trial, || trial.run().input("object-lock", "governance"), 14) {
        assert!(outcome.visible().contains("has no Object Lock"), "{}", outcome.visible());
    }
    assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty());
}

/// - fault: another backup has the key of this second, and of the next ones
/// - injected: objects under the keys of this second and of the three after it
/// - seen: success, in a later second
/// - left: the other objects as they were; a whole backup
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

/// - fault: the role cannot read a table, a sequence, or the rows of a table whose policy it is subject to; a pattern
///   matches nothing; somebody holds a lock
/// - injected: in the database; a dry run, then a real one
/// - seen: what cannot be read, by name; exit code 13 of both
/// - left: an empty bucket
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
    // What is not dumped need not be read.
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

/// - fault: a file has the name of the folder of records
/// - injected: in the workspace; a dry run, then a real one
/// - seen: `cannot write record deployment-logs…`; exit code 15 of both
/// - left: the backup of the real run
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

/// The plan names what was asked and what was not, and in whose name; no request of a dry run writes, and none asks for
/// anything that the real run does not.
///
/// - fault: none: a dry run of a production that is all there
/// - injected: a recording proxy
/// - seen: the plan, with what was asked, what was not, and whose keys were used; exit code 0
/// - left: two empty buckets
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

/// - fault: the keys may write, and may not list
/// - injected: moto with IAM, and a policy without s3:ListBucket; a dry run, then a real one
/// - seen: to grant s3:ListBucket; exit code 14 of both
/// - left: an empty bucket
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
