//! What S3 may do to us on small dumps: refuse, fail, lose answers, lie. A backup is said to exist only when it does.
//! Rows F4, F20, F31 of the failures that happened to others; dumps in parts are in `upload`, what is read back in
//! `checksums` and `proof`, requests that fail for ever in `requests`.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;

use crate::support::{Action, Moto, Outcome, Proxy, Run, Seen, Sponsor, StrictS3, Trial, tools};

/// A trial of one sponsor whose requests to S3 pass a proxy.
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

/// The failure of the only sponsor, in the archive.
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

/// - fault: the bucket of backups does not exist
/// - injected: the secret names a bucket that nobody made
/// - seen: `NoSuchBucket`, the bucket, and to apply the sponsor's Terraform; exit code 14
/// - left: nothing in the bucket of backups; the record in the other bucket
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
    assert!(outcome.stdout.contains("Apply the sponsor's Terraform"), "{}", outcome.transcript());
    // F31: the other bucket is there, and has the record of the failure.
    let keys = trial.store.keys_in(trial.log_bucket("callisto"));
    assert_eq!(trial.store.get_json(trial.log_bucket("callisto"), &keys[0])["outcome"], "failure");
}

/// Signatures and rights are really checked here. F4, F28: two fail, and the third has its backup.
/// - fault: the sponsor's keys have no rights on its bucket
/// - injected: moto with IAM and a policy for another sponsor alone
/// - seen: `AccessDenied`, and which rights to grant; exit code 14
/// - left: an empty bucket; the third sponsor has its backup
/// - fault: the secret access key is wrong
/// - injected: moto with IAM, another secret in Doppler
/// - seen: `SignatureDoesNotMatch`, and which secrets to correct; exit code 14
/// - left: an empty bucket; the third sponsor has its backup
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

/// - fault: every request fails once with 503 `SlowDown`
/// - injected: a proxy that answers each different request so the first time
/// - seen: success
/// - left: the whole backup and its record
/// - fault: every request fails once with 500, or is cut off before it was done, or its answer is lost
/// - injected: a proxy, for each of three sponsors in another way
/// - seen: success
/// - left: the whole backup and its record
#[test]
fn failures_that_pass_are_waited_out() {
    let answer = |status, code: &str| Action::Status(status, format!("<Error><Code>{code}</Code></Error>"));
    let names = ["alpha", "bravo", "cargo", "delta"];
    let ways =
        [answer(503, "SlowDown"), answer(500, "InternalError"), Action::CloseBefore, Action::CloseAfter];
    let trial = Trial::of(names.map(|name| Sponsor::named(name).empty()));
    let proxy = Proxy::before(trial.store.endpoint());
    let failed = Mutex::new(BTreeSet::new());
    // Each different request fails once.
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

/// - fault: S3 cannot be reached
/// - injected: an endpoint at which nobody listens
/// - seen: to check `s3-endpoint-url`, region and network; exit code 14
/// - left: nothing at S3; the record in the workspace
#[test]
fn an_s3_that_cannot_be_reached_is_named_with_its_remedy() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let nobody = format!("http://127.0.0.1:{}", tools::free_port());
    let outcome = trial.run().input("s3-endpoint-url", nobody).run();
    failure(&outcome);
    assert!(outcome.stdout.contains("Check `s3-endpoint-url`"), "{}", outcome.transcript());
}

/// F20's other half: the second sending of a write that was done is refused as "taken", and what is there is our own.
/// - fault: the answer to each write is lost, and its second sending hears 412
/// - injected: a proxy that forwards and hangs up, once for each PUT
/// - seen: success: what is there is our own
/// - left: the whole backup and its record
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

/// F20: somebody else's object appears under the very key, a moment before our write.
/// - fault: somebody else's object has the dump's key
/// - injected: a proxy that delays the write while the test puts an object there
/// - seen: `exists already and was not overwritten`; exit code 14
/// - left: somebody else's object as it was
/// - fault: somebody else's object has the key of the checksum file or the manifest
/// - injected: the same, for each of the two
/// - seen: `exists already`, and that the dump has no manifest; exit code 14
/// - left: somebody else's object as it was, and a dump that is no backup
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

/// - fault: the bucket might be another account's
/// - injected: a recording proxy, `expected-bucket-owner` set, a dump in one request
/// - seen: success: every request names the owner
/// - left: the whole backup and its record
#[test]
fn the_buckets_owner_is_named_in_every_request() {
    let (trial, proxy) = behind_a_proxy(None);
    run(&trial, &proxy).input("expected-bucket-owner", "123456789012").run().assert_code(0);
    let requests = proxy.requests();
    let owner = |seen: &Seen| seen.header("x-amz-expected-bucket-owner").to_owned();
    assert!(requests.len() >= 7, "{requests:?}");
    assert!(requests.iter().all(|seen| owner(seen) == "123456789012"), "{requests:?}");
}
