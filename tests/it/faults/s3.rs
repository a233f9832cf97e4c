//! Faults of S3 with small dumps: it rejects, fails, loses answers, or returns wrong ones. The run reports a backup
//! only if it exists. Covers incidents F4, F20 and F31. For multipart uploads, see `upload`. For reading back, see
//! `checksums` and `proof`. For requests that fail permanently, see `requests`.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;

use crate::support::{Action, Moto, Outcome, Proxy, Run, Seen, Sponsor, StrictS3, Trial, tools};

/// A trial of one sponsor whose requests to S3 go through a proxy.
pub(super) fn behind_a_proxy(strict: Option<&StrictS3>) -> (Trial, Proxy) {
    let plan = Trial::plan([Sponsor::named("callisto").diary(3, 30)]);
    let trial = strict.map(|strict| Trial::plan([Sponsor::named("callisto").diary(3, 30)]).store(strict));
    let trial = trial.unwrap_or(plan).start();
    let proxy = Proxy::before(trial.store.endpoint());
    (trial, proxy)
}

pub(super) fn run(trial: &Trial, proxy: &Proxy) -> Run {
    trial.run().input("s3-endpoint-url", proxy.endpoint())
}

pub(super) fn is_dump(seen: &Seen) -> bool {
    seen.path.ends_with(".sql.gz")
}

/// The failure of the only sponsor, in the archive stage.
#[track_caller]
pub(super) fn failure(outcome: &Outcome) -> String {
    outcome.assert_code(14);
    let result = outcome.result("callisto");
    assert_eq!((&result["outcome"], &result["stage"]), (&"failure".into(), &"archive".into()));
    assert_eq!(outcome.output("backup_location"), "");
    let record = &outcome.logs()[0].1;
    assert_eq!((&record["outcome"], &record["backup_location"]), (&"failure".into(), &json!(null)));
    result["message"].as_str().unwrap().to_owned()
}

/// - fault: The backup bucket does not exist
/// - injected: A secret with the name of a missing bucket
/// - seen: `NoSuchBucket`, the bucket, and the hint to create it or correct `SPONSOR_BACKUPS_BUCKET`. Exit code 14
/// - left: Nothing in the backup bucket. The record in the log bucket
#[test]
fn a_bucket_that_is_missing_is_named_with_its_remedy() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some("nobody-made-this-bucket"));
    let outcome = trial.run().run();
    let message = failure(&outcome);
    assert!(
        message.contains("s3://nobody-made-this-bucket/") && message.contains("NoSuchBucket"),
        "{message}"
    );
    assert!(outcome.stdout.contains("hint: Create bucket "), "{}", outcome.transcript());
    // F31: the log bucket exists and contains the record of the failure.
    let keys = trial.store.keys_in(trial.log_bucket("callisto"));
    assert_eq!(trial.store.get_json(trial.log_bucket("callisto"), &keys[0])["outcome"], "failure");
}

/// This server checks signatures and permissions. F4, F28: two sponsors fail, and the third gets its backup.
/// - fault: The sponsor's keys do not have permissions on its bucket
/// - injected: moto with IAM and a policy for another sponsor only
/// - seen: `AccessDenied`, and which permissions to grant. Exit code 14
/// - left: An empty bucket. The backup of the third sponsor
/// - fault: The secret access key is wrong
/// - injected: moto with IAM, and another secret in Doppler
/// - seen: `SignatureDoesNotMatch`, and which secrets to correct. Exit code 14
/// - left: An empty bucket. The backup of the third sponsor
#[test]
fn wrong_keys_and_missing_rights_are_distinguished() {
    let mine = "arn:aws:s3:::hht-diary-*-callisto-*";
    let moto = Moto::with_policy(&json!({"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": [mine, format!("{mine}/*")]}]}));
    let sponsors = ["callisto", "titan", "europa"].map(|name| Sponsor::named(name).empty());
    let trial = Trial::plan(sponsors).store(&moto).start();
    trial.secret("europa", "SPONSOR_AWS_SECRET_ACCESS_KEY", Some("another-secret-altogether"));
    let outcome = trial.run().run();
    outcome.assert_code(14);
    assert_eq!(outcome.result("callisto")["outcome"], "success");
    let message = |sponsor: &str| outcome.result(sponsor)["message"].to_string();
    assert!(message("titan").contains("AccessDenied"), "{}", message("titan"));
    assert!(message("europa").contains("SignatureDoesNotMatch"), "{}", message("europa"));
    assert!(outcome.stdout.contains("Grant s3:ListBucket on this bucket"), "{}", outcome.transcript());
    assert!(outcome.stdout.contains("S3 does not accept these AWS keys"), "{}", outcome.transcript());
    assert!(trial.store.keys_in(trial.bucket("titan")).is_empty());
    assert!(!outcome.everything().contains("another-secret-altogether"));
}

/// - fault: Every request fails once with 503 `SlowDown`
/// - injected: A proxy that answers each distinct request this way the first time
/// - seen: Success
/// - left: The complete backup and its record
/// - fault: Every request fails once: with 500, by a connection that closes before it, or by a lost answer
/// - injected: A proxy, for each of three sponsors in another way
/// - seen: Success
/// - left: The complete backup and its record
#[test]
fn failures_that_pass_are_waited_out() {
    let answer = |status, code: &str| Action::Status(status, format!("<Error><Code>{code}</Code></Error>"));
    let names = ["alpha", "bravo", "cargo", "delta"];
    let ways =
        [answer(503, "SlowDown"), answer(500, "InternalError"), Action::CloseBefore, Action::CloseAfter];
    let trial = Trial::of(names.map(|name| Sponsor::named(name).empty()));
    let proxy = Proxy::before(trial.store.endpoint());
    let failed = Mutex::new(BTreeSet::new());
    // Each distinct request fails once.
    proxy.rule(move |seen| {
        let way = names.iter().position(|name| seen.path.contains(&format!("-{name}-"))).unwrap();
        let first =
            failed.lock().unwrap().insert((seen.method.clone(), seen.path.clone(), seen.query.clone()));
        if first { ways[way].clone() } else { Action::Pass }
    });
    run(&trial, &proxy).run().assert_code(0);
    for name in names {
        assert_eq!(trial.store.keys_in(trial.bucket(name)).len(), 3);
        assert_eq!(trial.store.keys_in(trial.log_bucket(name)).len(), 1);
    }
}

/// - fault: S3 is unreachable
/// - injected: An endpoint without a server
/// - seen: The hint to check `s3-endpoint-url`, region and network. Exit code 14
/// - left: Nothing at S3. The record in the workspace
#[test]
fn an_s3_that_cannot_be_reached_is_named_with_its_remedy() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let nobody = format!("http://127.0.0.1:{}", tools::free_port());
    let outcome = trial.run().input("s3-endpoint-url", nobody).run();
    failure(&outcome);
    assert!(outcome.stdout.contains("Check `s3-endpoint-url`"), "{}", outcome.transcript());
}

/// F20, the other half: S3 processed the first attempt of a write and rejects the second one because the key exists.
/// The object is the run's own.
/// - fault: The answer to each write is lost, and the second attempt gets 412
/// - injected: A proxy that forwards the request and closes the connection, once for each PUT
/// - seen: Success. The object is the run's own
/// - left: The complete backup and its record
#[test]
fn a_write_whose_answer_was_lost_is_known_as_our_own() {
    let (trial, proxy) = behind_a_proxy(None);
    let lost = Mutex::new(BTreeSet::new());
    proxy.rule(move |seen| {
        let first = seen.method == "PUT" && lost.lock().unwrap().insert(seen.path.clone());
        if first { Action::CloseAfter } else { Action::Pass }
    });
    run(&trial, &proxy).run().assert_code(0);
    let is_write = |seen: &Seen| seen.method == "PUT" && !seen.has("tagging");
    let puts = proxy.requests().into_iter().filter(is_write).count();
    assert_eq!(puts, 8, "dump, checksum, manifest and record, twice each");
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), 3);
    assert_eq!(trial.store.keys_in(trial.log_bucket("callisto")).len(), 1);
}

// serves: 11.10(e)/not-replaced
/// F20: another writer's object appears under the same key, just before the run's write.
/// - fault: Another writer's object has the dump's key
/// - injected: A proxy that delays the write while the test uploads an object
/// - seen: `exists already and was not overwritten`. Exit code 14
/// - left: The other writer's object, unchanged
/// - fault: Another writer's object has the key of the checksum file or the manifest
/// - injected: The same, for each of the two
/// - seen: `exists already`, and `was uploaded but has no manifest`. Exit code 14
/// - left: The other writer's object, unchanged, and a dump that does not count as a backup
#[test]
fn what_is_under_the_key_already_is_left_alone() {
    for suffix in [".sql.gz", ".sha256", ".manifest.json"] {
        let (trial, proxy) = behind_a_proxy(None);
        let bucket = trial.bucket("callisto");
        let is_write = move |seen: &Seen| seen.method == "PUT" && seen.path.ends_with(suffix);
        proxy.spoil(1, Action::Delay(Duration::from_secs(3)), is_write);
        let running = run(&trial, &proxy).start();
        let path = tools::wait_for("the write", Duration::from_secs(60), || {
            proxy.requests().into_iter().find(is_write).map(|seen| seen.path)
        });
        let squatted = path.strip_prefix(&format!("/{bucket}/")).unwrap();
        trial.store.put(bucket, squatted, "somebody else's");
        let message = failure(&running.wait());
        assert!(message.contains(&format!("{suffix} exists already and was not overwritten")), "{message}");
        let says_what_is_left =
            message.ends_with("was uploaded but has no manifest, so it does not count as a backup");
        assert_eq!(says_what_is_left, suffix != ".sql.gz", "{message}");
        assert_eq!(trial.store.get(bucket, squatted), b"somebody else's");
        let keys = trial.store.keys_in(bucket);
        let manifests = keys.iter().filter(|key| key.ends_with(".manifest.json") && *key != squatted).count();
        assert_eq!(manifests, 0, "{keys:?}");
    }
}

/// - fault: The bucket could belong to another account
/// - injected: A recording proxy, `expected-bucket-owner`, and a dump in a single request
/// - seen: Success. Every request names the owner
/// - left: The complete backup and its record
#[test]
fn the_buckets_owner_is_named_in_every_request() {
    let (trial, proxy) = behind_a_proxy(None);
    run(&trial, &proxy).input("expected-bucket-owner", "123456789012").run().assert_code(0);
    let requests = proxy.requests();
    let owner = |seen: &Seen| seen.header("x-amz-expected-bucket-owner").to_owned();
    assert!(requests.len() >= 7, "{requests:?}");
    assert!(requests.iter().all(|seen| owner(seen) == "123456789012"), "{requests:?}");
}
