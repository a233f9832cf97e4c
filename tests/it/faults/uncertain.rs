//! Requests whose result is unknown: lost answers, and writes that meet other writes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Action, Outcome, Proxy, Run, Seen, Sponsor, Trial, runtime, tools};

pub(super) fn refusal(code: &str) -> String {
    format!("<Error><Code>{code}</Code><Message>Refused on purpose</Message></Error>")
}

/// A sponsor behind a proxy in front of moto. With noise, its dump has several parts.
pub(super) fn behind_a_proxy(noise: u32) -> (Trial, Proxy) {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    if noise > 0 {
        trial.database("callisto").load_noise(noise);
    }
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.tell_the_right_checksum();
    (trial, proxy)
}

pub(super) fn run(trial: &Trial, proxy: &Proxy) -> Run {
    trial.run().input("s3-endpoint-url", proxy.endpoint()).input("memory-limit", "24MiB")
}

pub(super) fn is_creation(seen: &Seen) -> bool {
    seen.method == "POST" && seen.has("uploads")
}

pub(super) fn is_completion(seen: &Seen) -> bool {
    seen.method == "POST" && seen.has("uploadId")
}

pub(super) fn is_dump(seen: &Seen) -> bool {
    seen.method == "PUT" && seen.path.ends_with(".sql.gz")
}

/// Checks whether a request is of this kind.
pub(super) type Kind = fn(&Seen) -> bool;

#[track_caller]
pub(super) fn assert_backed_up(trial: &Trial, outcome: &Outcome) {
    outcome.assert_code(0);
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), 3);
    assert_eq!(trial.store.uploads(trial.bucket("callisto")), Vec::<String>::new());
}

#[track_caller]
pub(super) fn failure(outcome: &Outcome) -> String {
    outcome.assert_code(14);
    assert_eq!(outcome.output("backup_location"), "");
    outcome.result("callisto")["message"].as_str().unwrap().to_owned()
}

/// - fault: S3 creates an upload, and the answer with its id is lost or cut off
/// - injected: A proxy that forwards the request and closes the connection, or cuts off the body, once
/// - seen: Success
/// - left: The complete backup. The run finds the unknown upload by its key and aborts it, and leaves a neighbor's
///   upload alone
#[test]
fn an_upload_whose_id_never_came_is_taken_back() {
    for action in [Action::CloseAfter, Action::CutAnswer(60)] {
        let (trial, proxy) = behind_a_proxy(12);
        let bucket = trial.bucket("callisto").to_owned();
        proxy.spoil(1, action, is_creation);
        let begin = |key: String| {
            let request = trial.store.client().create_multipart_upload().bucket(&bucket).key(key);
            runtime().block_on(request.send()).unwrap();
        };
        begin("backups/another.sql.gz".to_owned());
        let outcome = run(&trial, &proxy).input("expected-bucket-owner", "123456789012").run();
        outcome.assert_code(0);
        assert_eq!(trial.store.keys_in(&bucket).len(), 3);
        assert_eq!(trial.store.uploads(&bucket), ["backups/another.sql.gz"]);
        assert_eq!(proxy.requests().iter().filter(|seen| is_creation(seen)).count(), 2);
        assert!(!outcome.stdout.contains("may be left"), "{}", outcome.stdout);
        let owned = |seen: &Seen| seen.header("x-amz-expected-bucket-owner") == "123456789012";
        assert!(proxy.requests().iter().all(owned), "{:?}", proxy.requests());
    }
}

/// - fault: S3 does not answer the creation of an upload, and the keys cannot list uploads
/// - injected: A proxy that closes the connection after the first creation, and answers ListMultipartUploads with 403
/// - seen: Success, and `may be left behind` with the reason
/// - left: The complete backup, and an upload without parts
/// - fault: The same, and S3 rejects every attempt to upload a part
/// - injected: The same, and 403 for each part
/// - seen: `a part of the upload to`, and `may be left behind`. Exit code 14
/// - left: An upload without parts
#[test]
fn an_upload_that_may_be_left_is_reported() {
    for parts_are_refused in [false, true] {
        let (trial, proxy) = behind_a_proxy(12);
        let created = AtomicUsize::new(0);
        proxy.rule(move |seen| match seen.method.as_str() {
            "POST" if is_creation(seen) && created.fetch_add(1, Ordering::Relaxed) == 0 => Action::CloseAfter,
            "GET" if seen.has("uploads") => Action::Status(403, refusal("AccessDenied")),
            "PUT" if parts_are_refused && seen.has("partNumber") => {
                Action::Status(403, refusal("AccessDenied"))
            }
            _ => Action::Pass,
        });
        let outcome = run(&trial, &proxy).run();
        let told = if parts_are_refused {
            failure(&outcome)
        } else {
            outcome.assert_code(0);
            outcome.stdout.clone()
        };
        let says = "may be left behind: S3 never answered its creation, and it could not be aborted: ";
        assert!(
            told.contains(says) && told.contains("S3 rejected the listing of unfinished uploads in s3://"),
            "{told}"
        );
        assert_eq!(trial.store.uploads(trial.bucket("callisto")).len(), 1);
    }
}

/// - fault: S3 rejects the request to abort an upload
/// - injected: A proxy that answers 403 to each part and to AbortMultipartUpload
/// - seen: `a part of the upload to`, and `its uploaded parts stay until a lifecycle rule of the bucket removes them`.
///   Exit code 14
/// - left: The upload, as reported
#[test]
fn an_upload_that_cannot_be_taken_back_is_reported() {
    let (trial, proxy) = behind_a_proxy(12);
    proxy.spoil(99, Action::Status(403, refusal("AccessDenied")), |seen| {
        seen.method == "DELETE" || seen.has("partNumber")
    });
    let message = failure(&run(&trial, &proxy).run());
    assert!(
        message.contains("S3 rejected a part of the upload to s3://") && message.contains(": AccessDenied"),
        "{message}"
    );
    assert!(
        message.ends_with("its uploaded parts stay until a lifecycle rule of the bucket removes them"),
        "{message}"
    );
    assert_eq!(trial.store.uploads(trial.bucket("callisto")).len(), 1);
    assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty());
}

/// - fault: S3 aborts an upload, the answer is lost, and the second attempt gets the error that the upload does not
///   exist
/// - injected: A proxy that answers 403 to each part. For AbortMultipartUpload, it forwards the request and closes the
///   connection, once
/// - seen: `a part of the upload to`, without a line about remaining parts. Exit code 14
/// - left: An empty bucket
#[test]
fn an_upload_that_was_taken_back_already_is_none() {
    let (trial, proxy) = behind_a_proxy(12);
    let aborted = AtomicUsize::new(0);
    proxy.rule(move |seen| {
        let first = seen.method == "DELETE" && aborted.fetch_add(1, Ordering::Relaxed) == 0;
        match seen.has("partNumber") {
            true => Action::Status(403, refusal("AccessDenied")),
            false if first => Action::CloseAfter,
            false => Action::Pass,
        }
    });
    let message = failure(&run(&trial, &proxy).run());
    assert!(
        message.contains("S3 rejected a part of the upload to s3://") && message.contains(": AccessDenied"),
        "{message}"
    );
    assert!(!message.contains("stay"), "{message}");
    assert_eq!(proxy.requests().iter().filter(|seen| seen.method == "DELETE").count(), 2);
    assert_eq!(trial.store.uploads(trial.bucket("callisto")), Vec::<String>::new());
}

/// - fault: S3 sees another write to the same key at the same time
/// - injected: A proxy that answers each PUT with 409 `ConditionalRequestConflict` twice
/// - seen: Success. The run sends the request again
/// - left: The complete backup
/// - fault: The same, permanently
/// - injected: A proxy that answers each PUT of the dump with 409
/// - seen: `ConditionalRequestConflict`, and the hint to run again. Exit code 14
/// - left: An empty bucket
/// - fault: The same for the completion of a multipart upload, after which S3 requires a new upload
/// - injected: A proxy that answers the completion with 409
/// - seen: `S3 rejected the completion of the upload`, `ConditionalRequestConflict`, and the hint to run again. Exit
///   code 14
/// - left: An empty bucket. The upload is aborted
#[test]
fn a_write_that_meets_another_one_is_repeated_or_reported() {
    let is_write = |seen: &Seen| seen.method == "PUT" && !seen.has("tagging");
    let conflict = || Action::Status(409, refusal("ConditionalRequestConflict"));
    let (trial, proxy) = behind_a_proxy(0);
    let sent = AtomicUsize::new(0);
    proxy.rule(move |seen| {
        let met = is_write(seen) && !sent.fetch_add(1, Ordering::Relaxed).is_multiple_of(3);
        if met { conflict() } else { Action::Pass }
    });
    // Every write succeeds only at its third attempt.
    assert_backed_up(&trial, &run(&trial, &proxy).run());
    assert_eq!(proxy.requests().iter().filter(|seen| is_write(seen)).count(), 10);
    for (noise, which) in [(0, is_dump as Kind), (12, is_completion)] {
        let (trial, proxy) = behind_a_proxy(noise);
        proxy.spoil(99, conflict(), which);
        let outcome = run(&trial, &proxy).run();
        let message = failure(&outcome);
        assert!(message.contains(": ConditionalRequestConflict"), "{message}");
        assert!(outcome.stdout.contains("Run again. Another run was writing to the same key."));
        assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty());
        assert_eq!(trial.store.uploads(trial.bucket("callisto")), Vec::<String>::new());
    }
}

/// - fault: The connection closes during a completion, and at the second attempt the key has another writer's object
/// - injected: A proxy that closes the connection before the completion once. The test uploads an object meanwhile
/// - seen: `exists already and was not overwritten`. Exit code 14
/// - left: The other writer's object, unchanged. The upload is aborted
#[test]
fn a_key_that_was_taken_meanwhile_is_not_taken_for_our_own() {
    let (trial, proxy) = behind_a_proxy(12);
    let bucket = trial.bucket("callisto");
    let sent = AtomicUsize::new(0);
    proxy.rule(move |seen| match (is_completion(seen), sent.load(Ordering::Relaxed)) {
        (true, 0) => {
            sent.store(1, Ordering::Relaxed);
            Action::CloseBefore
        }
        (true, _) => Action::Delay(Duration::from_secs(3)),
        _ => Action::Pass,
    });
    let running = run(&trial, &proxy).start();
    let path = tools::wait_for("the completion", Duration::from_secs(60), || {
        proxy.requests().into_iter().find(is_completion).map(|seen| seen.path)
    });
    let key = path.strip_prefix(&format!("/{bucket}/")).unwrap();
    trial.store.put(bucket, key, "somebody else's");
    let message = failure(&running.wait());
    assert!(message.ends_with("exists already and was not overwritten"), "{message}");
    assert_eq!(trial.store.keys_in(bucket), [key]);
    assert_eq!(trial.store.get(bucket, key), b"somebody else's");
    assert_eq!(trial.store.uploads(bucket), Vec::<String>::new());
}

/// - fault: S3 does not answer the upload of the dump, and the run cannot read the state of the object either
/// - injected: A proxy that closes the connection after the PUT of the dump, and after each HEAD
/// - seen: `the upload to`, and `the outcome of the upload to s3://… is unknown`. Exit code 14
/// - left: The dump without a manifest, which does not count as a backup
#[test]
fn what_cannot_be_known_is_reported() {
    let (trial, proxy) = behind_a_proxy(0);
    proxy.spoil(99, Action::CloseAfter, |seen| is_dump(seen) || seen.method == "HEAD");
    let message = failure(&run(&trial, &proxy).run());
    assert!(message.contains("the upload to "), "{message}");
    assert!(
        message.contains("; the outcome of the upload to s3://")
            && message.ends_with(" is unknown, but without a manifest it does not count as a backup"),
        "{message}"
    );
    let keys = trial.store.keys_in(trial.bucket("callisto"));
    assert!(keys.len() == 1 && keys[0].ends_with(".sql.gz"), "{keys:?}");
}

/// - fault: S3's error about a tag quotes the database password
/// - injected: A proxy that answers 400 to each PutObjectTagging, with the password in its message
/// - seen: A warning without the password. Exit code 0
/// - left: The backup, and its record and summary without the password
#[test]
fn a_secret_in_s3s_words_is_in_no_record_and_no_summary() {
    let (trial, proxy) = behind_a_proxy(0);
    let password = trial.database("callisto").password.clone();
    let answer = refusal("InvalidTag").replace("Refused on purpose", &format!("Refused for {password}"));
    proxy.rule(move |seen| match seen.method.as_str() {
        "PUT" if seen.has("tagging") => Action::Status(400, answer.clone()),
        _ => Action::Pass,
    });
    let outcome = run(&trial, &proxy).run();
    outcome.assert_code(0);
    let record = outcome.log("callisto").to_string();
    assert!(record.contains("Refused for ***"), "{record}");
    for text in [record, outcome.summary(), outcome.output("results")] {
        assert!(!text.contains(&password), "{text}");
    }
}
