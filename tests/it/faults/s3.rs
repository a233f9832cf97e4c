//! What S3 may do to us on small dumps: refuse, fail, lose answers, lie. A backup is said to exist only when it does.
//! Rows F4, F5, F14, F15, F20, F31 of the failures that happened to others; dumps in parts are in `faults_upload`.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;

use crate::support::{Action, Moto, Outcome, Proxy, Run, Seen, Sponsor, StrictS3, Trial, tools};

/// A trial of one sponsor whose requests to S3 pass a proxy.
fn behind_a_proxy(strict: Option<&StrictS3>) -> (Trial, Proxy) {
    let plan = Trial::plan([Sponsor::named("callisto").diary(3, 30)]);
    let trial = strict.map(|strict| Trial::plan([Sponsor::named("callisto").diary(3, 30)]).store(strict));
    let trial = trial.unwrap_or(plan).start();
    let proxy = Proxy::before(trial.store.endpoint());
    (trial, proxy)
}

fn run(trial: &Trial, proxy: &Proxy) -> Run {
    trial.run().input("s3-endpoint-url", proxy.endpoint())
}

fn is_dump(seen: &Seen) -> bool {
    seen.path.ends_with(".sql.gz")
}

/// The failure of the only sponsor, in the archive.
#[track_caller]
fn failure(outcome: &Outcome) -> String {
    outcome.assert_code(14);
    let result = outcome.result("callisto");
    assert_eq!((&result["outcome"], &result["stage"]), (&"failure".into(), &"archive".into()));
    assert_eq!(outcome.output("backup_location"), "");
    let record = &outcome.logs()[0].1;
    assert_eq!((&record["outcome"], &record["backup_location"]), (&"failure".into(), &json!(null)));
    result["message"].as_str().unwrap().to_owned()
}

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
#[test]
fn wrong_keys_and_missing_rights_are_told_apart() {
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
    assert!(outcome.stdout.contains("Grant s3:PutObject"), "{}", outcome.transcript());
    assert!(outcome.stdout.contains("The AWS keys of this sponsor are wrong"), "{}", outcome.transcript());
    assert!(trial.store.keys_in(trial.bucket("titan")).is_empty());
    assert!(!outcome.everything().contains("another-secret-altogether"));
}

#[test]
fn failures_that_pass_are_waited_out() {
    let (trial, proxy) = behind_a_proxy(None);
    let slow_down = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
    let failed = Mutex::new(BTreeSet::new());
    // Each different request fails once.
    proxy.rule(move |seen| {
        let first =
            failed.lock().unwrap().insert((seen.method.clone(), seen.path.clone(), seen.query.clone()));
        if first { Action::Status(503, slow_down.to_owned()) } else { Action::Pass }
    });
    run(&trial, &proxy).run().assert_code(0);
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), 3);
    assert_eq!(trial.store.keys_in(trial.log_bucket("callisto")).len(), 1);
}

#[test]
fn an_s3_that_cannot_be_reached_is_named_with_its_remedy() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let nobody = format!("http://127.0.0.1:{}", tools::free_port());
    let outcome = trial.run().input("s3-endpoint-url", nobody).run();
    failure(&outcome);
    assert!(outcome.stdout.contains("Check `s3-endpoint-url`"), "{}", outcome.transcript());
}

/// F20's other half: the second sending of a write that was done is refused as "taken", and what is there is our own.
#[test]
fn a_write_whose_answer_was_lost_is_known_as_our_own() {
    let (trial, proxy) = behind_a_proxy(None);
    let lost = Mutex::new(BTreeSet::new());
    proxy.rule(move |seen| {
        let first = seen.method == "PUT" && lost.lock().unwrap().insert(seen.path.clone());
        if first { Action::CloseAfter } else { Action::Pass }
    });
    run(&trial, &proxy).run().assert_code(0);
    let puts = proxy.requests().into_iter().filter(|seen| seen.method == "PUT").count();
    assert_eq!(puts, 8, "dump, checksum, manifest and record, twice each");
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), 3);
    assert_eq!(trial.store.keys_in(trial.log_bucket("callisto")).len(), 1);
}

/// F20: somebody else's object appears under the very key, a moment before our write.
#[test]
fn what_stands_under_the_key_already_is_left_alone() {
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
        let says_what_is_left = message.ends_with("stands there without a manifest: it is no backup");
        assert_eq!(says_what_is_left, suffix != ".sql.gz", "{message}");
        assert_eq!(trial.store.get(bucket, squatted), b"somebody else's");
        let keys = trial.store.keys_in(bucket);
        let manifests = keys.iter().filter(|key| key.ends_with(".manifest.json") && *key != squatted).count();
        assert_eq!(manifests, 0, "{keys:?}");
    }
}

/// F5: nothing is said to exist, and nothing is written beside it, when what is read back is not what was sent.
#[track_caller]
fn assert_not_believed(trial: &Trial, run: Run, told: &str) {
    let message = failure(&run.run());
    assert!(message.contains(told), "{message}");
    let keys = trial.store.keys_in(trial.bucket("callisto"));
    assert!(keys.iter().all(|key| key.ends_with(".sql.gz")), "{keys:?}");
}

#[test]
fn a_size_or_checksum_that_differs_is_not_believed() {
    let strict = StrictS3::start();
    for (header, value, told) in [
        ("content-length", "17", "the stored size is 17, but "),
        ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=", "the stored CRC64NVME is AAAAAAAAAAA=, but "),
    ] {
        let (trial, proxy) = behind_a_proxy(Some(&strict));
        proxy.spoil(99, Action::ChangeHeader(header, value.to_owned()), |seen| {
            seen.method == "HEAD" && is_dump(seen)
        });
        assert_not_believed(&trial, run(&trial, &proxy), told);
    }
}

/// A store that is sent no checksums keeps none.
fn without_checksums(run: Run) -> Run {
    run.env("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
}

#[test]
fn a_store_that_keeps_no_checksums_is_read_through() {
    for (checksums, reads) in [(true, 0), (false, 1)] {
        let (trial, proxy) = behind_a_proxy(None);
        let run = run(&trial, &proxy);
        let outcome = if checksums { run } else { without_checksums(run) }.run();
        outcome.assert_code(0);
        let requests = proxy.requests();
        let seen = requests
            .iter()
            .filter(|seen| seen.method == "GET" && is_dump(seen) && !seen.has("tagging"))
            .count();
        assert_eq!(seen, reads, "checksums: {checksums}");
    }
}

#[test]
fn a_dump_that_reads_back_changed_or_cut_is_not_believed() {
    for (action, told) in [
        (Action::ReplaceBody(b"something else".to_vec()), "the stored SHA-256 is "),
        (Action::CutAnswer(100), "the stream broke"),
    ] {
        let (trial, proxy) = behind_a_proxy(None);
        proxy.spoil(99, action, |seen| seen.method == "GET" && is_dump(seen));
        assert_not_believed(&trial, without_checksums(run(&trial, &proxy)), told);
    }
}

/// One bit turns over on the way. Without checksums, reading through finds it; a server that checks them refuses.
#[test]
fn a_bit_that_turned_over_on_the_way_is_found() {
    let writing = |seen: &Seen| seen.method == "PUT" && is_dump(seen);
    let (trial, proxy) = behind_a_proxy(None);
    proxy.spoil(99, Action::SpoilRequest, writing);
    assert_not_believed(&trial, without_checksums(run(&trial, &proxy)), "the stored SHA-256 is ");
    let strict = StrictS3::start();
    let (trial, proxy) = behind_a_proxy(Some(&strict));
    proxy.spoil(99, Action::SpoilRequest, writing);
    assert_not_believed(&trial, run(&trial, &proxy), "PutObject failed");
    assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty());
}

/// F14 and F15: a locking bucket refuses a write without a checksum, and some stores refuse one with.
#[test]
fn every_write_carries_a_checksum_unless_it_was_switched_off() {
    let strict = StrictS3::start();
    for (switch, carried) in [("when_supported", true), ("when_required", false)] {
        let (trial, proxy) = behind_a_proxy(Some(&strict));
        let outcome = run(&trial, &proxy).env("AWS_REQUEST_CHECKSUM_CALCULATION", switch).run();
        outcome.assert_code(0);
        let writes: Vec<_> = proxy.requests().into_iter().filter(|seen| seen.method == "PUT").collect();
        assert_eq!(writes.len(), 4);
        for seen in writes {
            let names = seen.headers.keys().map(|name| name.as_str().to_owned()).collect::<Vec<_>>();
            let direct = names.iter().any(|name| name == "x-amz-checksum-crc64nvme");
            let trailing = seen.header("x-amz-trailer") == "x-amz-checksum-crc64nvme";
            assert_eq!(direct || trailing, carried, "{} {names:?}", seen.path);
            assert!(carried || !names.iter().any(|name| name.contains("checksum")), "{names:?}");
        }
    }
}

#[test]
fn the_buckets_owner_is_named_in_every_request() {
    let (trial, proxy) = behind_a_proxy(None);
    run(&trial, &proxy).input("expected-bucket-owner", "123456789012").run().assert_code(0);
    let requests = proxy.requests();
    let owner = |seen: &Seen| seen.header("x-amz-expected-bucket-owner").to_owned();
    assert!(requests.len() >= 7, "{requests:?}");
    assert!(requests.iter().all(|seen| owner(seen) == "123456789012"), "{requests:?}");
}
