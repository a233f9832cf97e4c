//! Faults of S3 with multipart uploads. Covers incidents F1, F13, F20 and F34. Whatever happens, an object becomes
//! visible only when it is complete, and the run leaves no unfinished upload behind.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use crate::support::{Action, Outcome, Proxy, Run, Seen, Sponsor, StrictS3, Trial, tools};

const INTERNAL: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>InternalError</Code>\
                        <Message>We encountered an internal error. Please try again.</Message></Error>";

/// A sponsor whose dump has three parts, on a server that checks checksums, behind a proxy.
fn behind_a_proxy() -> (StrictS3, Trial, Proxy) {
    let strict = StrictS3::start();
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).store(&strict).start();
    trial.database("callisto").load_noise(24);
    let proxy = Proxy::before(trial.store.endpoint());
    (strict, trial, proxy)
}

fn run(trial: &Trial, proxy: &Proxy) -> Run {
    trial.run().input("s3-endpoint-url", proxy.endpoint()).input("memory-limit", "24MiB")
}

fn refusal(code: &str) -> String {
    format!("<Error><Code>{code}</Code><Message>Refused on purpose</Message></Error>")
}

fn is_part(seen: &Seen) -> bool {
    seen.has("partNumber")
}

fn is_completion(seen: &Seen) -> bool {
    seen.method == "POST" && seen.has("uploadId")
}

fn is_creation(seen: &Seen) -> bool {
    seen.method == "POST" && seen.has("uploads")
}

#[track_caller]
fn assert_nothing_is_left(strict: &StrictS3, trial: &Trial, outcome: &Outcome) {
    outcome.assert_code(14);
    assert_eq!(outcome.result("callisto")["stage"], "archive");
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")), Vec::<String>::new());
    assert_eq!(strict.unfinished_uploads(), Vec::<String>::new());
}

#[track_caller]
fn assert_backed_up(strict: &StrictS3, trial: &Trial, outcome: &Outcome) {
    outcome.assert_code(0);
    let keys = trial.store.keys_in(trial.bucket("callisto"));
    assert_eq!(keys.len(), 3, "{keys:?}");
    let manifest = trial.store.get_json(trial.bucket("callisto"), &keys[1]);
    let head = trial.store.head(trial.bucket("callisto"), &keys[0]);
    assert_eq!(manifest["stored"]["bytes"].as_i64(), head.content_length());
    assert_eq!(strict.unfinished_uploads(), Vec::<String>::new());
}

/// F13: all parts but the last have equal size, in the order of their numbers, each within S3's limits.
/// - fault: A store accepts only parts of equal size, or at most 10,000 parts
/// - injected: A recording proxy in front of s3s, and a dump of three parts
/// - seen: Success. All parts but the last have the same size of at least 8 MiB
/// - left: The complete backup
#[test]
fn a_dump_goes_up_in_equal_parts() {
    let (strict, trial, proxy) = behind_a_proxy();
    let outcome = run(&trial, &proxy).run();
    assert_backed_up(&strict, &trial, &outcome);
    let parts: Vec<_> = proxy.requests().into_iter().filter(is_part).collect();
    assert!(parts.len() >= 3, "{}", parts.len());
    let lengths: BTreeSet<_> = parts[..parts.len() - 1].iter().map(|part| part.body_length).collect();
    assert_eq!(lengths.len(), 1, "{lengths:?}");
    assert!(lengths.first().is_some_and(|length| *length >= 8 << 20), "{lengths:?}");
}

/// - fault: Every request of a multipart upload fails once with 500
/// - injected: A proxy that answers each distinct request this way the first time
/// - seen: Success
/// - left: The complete backup
#[test]
fn failures_that_pass_are_waited_out() {
    let (strict, trial, proxy) = behind_a_proxy();
    let failed = Mutex::new(BTreeSet::new());
    proxy.rule(move |seen| {
        let first =
            failed.lock().unwrap().insert((seen.method.clone(), seen.path.clone(), seen.query.clone()));
        if first { Action::Status(500, INTERNAL.to_owned()) } else { Action::Pass }
    });
    assert_backed_up(&strict, &trial, &run(&trial, &proxy).run());
}

/// - fault: The answers to two parts are lost
/// - injected: A proxy that forwards the request and closes the connection
/// - seen: Success
/// - left: The complete backup
#[test]
fn parts_whose_answer_was_lost_are_sent_again() {
    let (strict, trial, proxy) = behind_a_proxy();
    proxy.spoil(2, Action::CloseAfter, is_part);
    assert_backed_up(&strict, &trial, &run(&trial, &proxy).run());
}

/// Other requests fail after five attempts. A part gets more, because hours of a dump can depend on it.
/// - fault: S3 is too busy for a part for half a minute
/// - injected: A proxy that answers 503 `SlowDown` to one part six times
/// - seen: Success
/// - left: The complete backup
#[test]
fn a_part_is_not_given_up_while_s3_is_away_for_a_while() {
    let (strict, trial, proxy) = behind_a_proxy();
    proxy.spoil(6, Action::Status(503, refusal("SlowDown")), |seen| seen.query.contains("partNumber=2"));
    assert_backed_up(&strict, &trial, &run(&trial, &proxy).run());
    let tries = proxy.requests().iter().filter(|seen| seen.query.contains("partNumber=2")).count();
    assert_eq!(tries, 7);
}

/// - fault: S3 rejects a part after it stored another one
/// - injected: A proxy that answers 403 to the second part
/// - seen: `S3 rejected a part of the upload`, `AccessDenied`. Exit code 14
/// - left: An empty bucket. The upload is aborted
#[test]
fn a_part_that_is_refused_for_good_leaves_nothing_behind() {
    let (strict, trial, proxy) = behind_a_proxy();
    let refusal = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
    proxy.spoil(99, Action::Status(403, refusal.to_owned()), |seen| seen.query.contains("partNumber=2"));
    let outcome = run(&trial, &proxy).run();
    assert_nothing_is_left(&strict, &trial, &outcome);
    let message = outcome.result("callisto")["message"].to_string();
    assert!(
        message.contains("S3 rejected a part of the upload to s3://") && message.contains(": AccessDenied"),
        "{message}"
    );
    // Part 1 was stored, so the run had an upload to abort.
    assert!(proxy.requests().iter().any(|seen| seen.query.contains("partNumber=1")));
}

/// S3 answers 200 before it knows the result, and reports an error in the body.
/// - fault: S3 answers the completion with 200 and an error in the body
/// - injected: A proxy that answers with `InternalError` in this way, each time
/// - seen: `S3 failed during the completion of the upload`, `InternalError`. Exit code 14
/// - left: An empty bucket. The upload is aborted
#[test]
fn a_completion_that_says_200_and_means_no_is_a_failure() {
    let (strict, trial, proxy) = behind_a_proxy();
    proxy.spoil(99, Action::Status(200, INTERNAL.to_owned()), is_completion);
    let outcome = run(&trial, &proxy).run();
    assert_nothing_is_left(&strict, &trial, &outcome);
    let message = outcome.result("callisto")["message"].to_string();
    assert!(
        message.contains("S3 failed during the completion of the upload to s3://")
            && message.contains(": InternalError"),
        "{message}"
    );
}

/// - fault: The same once
/// - injected: A proxy that answers this way the first time
/// - seen: Success
/// - left: The complete backup
#[test]
fn a_completion_that_says_no_once_is_sent_again() {
    let (strict, trial, proxy) = behind_a_proxy();
    proxy.spoil(1, Action::Status(200, INTERNAL.to_owned()), is_completion);
    assert_backed_up(&strict, &trial, &run(&trial, &proxy).run());
}

/// The second attempt gets the error that the upload does not exist, or that the key is taken. The object is the run's
/// own.
/// - fault: The answer to a successful completion is lost, and the second attempt gets 404 `NoSuchUpload`
/// - injected: A proxy that forwards the request and closes the connection, then answers with that error
/// - seen: Success. The object is the run's own
/// - left: The complete backup
/// - fault: The same, and the second attempt gets 412
/// - injected: A proxy that forwards the request and closes the connection, then answers with that error
/// - seen: Success. The object is the run's own
/// - left: The complete backup
#[test]
fn a_completion_whose_answer_was_lost_is_known_as_our_own() {
    for (status, code) in [(404, "NoSuchUpload"), (412, "PreconditionFailed")] {
        let (strict, trial, proxy) = behind_a_proxy();
        let lost = Mutex::new(false);
        proxy.rule(move |seen| match is_completion(seen) {
            true if !std::mem::replace(&mut *lost.lock().unwrap(), true) => Action::CloseAfter,
            true => Action::Status(status, refusal(code)),
            false => Action::Pass,
        });
        let outcome = run(&trial, &proxy).run();
        assert_eq!(proxy.requests().iter().filter(|seen| is_completion(seen)).count(), 2);
        assert_backed_up(&strict, &trial, &outcome);
    }
}

/// The same answer, but without an object of the run.
/// - fault: Another process aborted the upload
/// - injected: A proxy that answers the completion with 404 `NoSuchUpload`
/// - seen: `S3 rejected the completion of the upload`, `NoSuchUpload`. Exit code 14
/// - left: An empty bucket
#[test]
fn an_upload_that_has_vanished_is_a_failure() {
    let (strict, trial, proxy) = behind_a_proxy();
    proxy.spoil(99, Action::Status(404, refusal("NoSuchUpload")), is_completion);
    let outcome = run(&trial, &proxy).run();
    assert_nothing_is_left(&strict, &trial, &outcome);
    let message = outcome.result("callisto")["message"].to_string();
    assert!(
        message.contains("S3 rejected the completion of the upload to s3://")
            && message.contains(": NoSuchUpload"),
        "{message}"
    );
}

/// F20: another writer's object appears under the same key during the upload.
/// - fault: Another writer's object gets the key during the upload
/// - injected: A proxy that delays the completion while the test uploads an object
/// - seen: `exists already and was not overwritten`. Exit code 14
/// - left: The other writer's object, unchanged. The upload is aborted
#[test]
fn what_is_under_the_key_already_is_left_alone() {
    let (strict, trial, proxy) = behind_a_proxy();
    proxy.spoil(1, Action::Delay(Duration::from_secs(3)), is_completion);
    let running = run(&trial, &proxy).start();
    let path = tools::wait_for("the completion", Duration::from_secs(60), || {
        proxy.requests().into_iter().find(is_completion).map(|seen| seen.path)
    });
    let bucket = trial.bucket("callisto");
    trial.store.put(bucket, path.strip_prefix(&format!("/{bucket}/")).unwrap(), "somebody else's");
    let outcome = running.wait();
    outcome.assert_code(14);
    let message = outcome.result("callisto")["message"].to_string();
    assert!(message.contains("exists already and was not overwritten"), "{message}");
    let keys = trial.store.keys_in(trial.bucket("callisto"));
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert_eq!(trial.store.get(trial.bucket("callisto"), &keys[0]), b"somebody else's");
    assert_eq!(strict.unfinished_uploads(), Vec::<String>::new());
}

/// F14: every write request carries a checksum, and every request names the owner.
/// - fault: A part is altered on the way, or the bucket belongs to another account
/// - injected: A recording proxy, `expected-bucket-owner`, and a multipart upload
/// - seen: Success. Each part and the whole object carry a CRC64NVME checksum, and every request names the owner
/// - left: The complete backup
#[test]
fn every_part_carries_a_checksum_and_every_request_the_owner() {
    let (strict, trial, proxy) = behind_a_proxy();
    let outcome = run(&trial, &proxy).input("expected-bucket-owner", "123456789012").run();
    assert_backed_up(&strict, &trial, &outcome);
    let requests = proxy.requests();
    for seen in requests.iter().filter(|seen| is_part(seen)) {
        let trailing = seen.header("x-amz-trailer") == "x-amz-checksum-crc64nvme";
        assert!(trailing || !seen.header("x-amz-checksum-crc64nvme").is_empty(), "{seen:?}");
    }
    let creation = requests.iter().find(|seen| is_creation(seen)).unwrap();
    assert_eq!(creation.header("x-amz-checksum-algorithm"), "CRC64NVME");
    assert_eq!(creation.header("x-amz-checksum-type"), "FULL_OBJECT");
    let completion = requests.iter().find(|seen| is_completion(seen)).unwrap();
    assert!(!completion.header("x-amz-checksum-crc64nvme").is_empty(), "{completion:?}");
    assert_eq!(completion.header("if-none-match"), "*");
    let owned = |seen: &Seen| seen.header("x-amz-expected-bucket-owner") == "123456789012";
    assert!(requests.iter().all(owned), "{requests:?}");
}
