//! What may have been done and may not: lost answers, and writes that meet others.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::support::{Action, Outcome, Proxy, Run, Seen, Sponsor, Trial, runtime, tools};

pub(super) fn refusal(code: &str) -> String {
    format!("<Error><Code>{code}</Code><Message>Refused on purpose</Message></Error>")
}

/// A sponsor behind a proxy before moto; its dump has parts where there is noise.
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

/// Whether a request is of this kind.
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

/// - fault: an upload is created, and the answer with its id is lost or cut in the middle
/// - injected: a proxy that forwards and hangs up, or breaks the body off, once
/// - seen: success
/// - left: the whole backup; the upload without an owner is found by its key and aborted, a neighbor's is not
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

/// - fault: an upload's creation is not answered, and listing uploads is not allowed
/// - injected: a proxy that hangs up after the creation once, and answers ListMultipartUploads with 403
/// - seen: success, and a line that an upload may be left, with the reason
/// - left: the whole backup, and an upload without parts
/// - fault: the same, and a part is refused for good
/// - injected: the same, and 403 to each part
/// - seen: `a part of the upload to`, and that an upload may be left; exit code 14
/// - left: an upload without parts
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

/// - fault: taking an upload back is refused
/// - injected: a proxy that answers 403 to each part and to AbortMultipartUpload
/// - seen: `a part of the upload to`, and that the parts stay until a lifecycle rule removes them; exit code 14
/// - left: the upload, as told
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

/// - fault: an upload is taken back, and the answer is lost, so that the second sending hears that there is none
/// - injected: a proxy that answers 403 to each part, and forwards AbortMultipartUpload and hangs up, once
/// - seen: `a part of the upload to`, and nothing of parts that stay; exit code 14
/// - left: an empty bucket
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

/// - fault: S3 sees another write to the same key under way
/// - injected: a proxy that answers each PUT with 409 `ConditionalRequestConflict` twice
/// - seen: success: it is sent again
/// - left: the whole backup
/// - fault: the same without end
/// - injected: a proxy that answers each PUT of the dump with 409
/// - seen: `ConditionalRequestConflict`, and to run again; exit code 14
/// - left: an empty bucket
/// - fault: the same when the upload in parts is completed, which S3 wants to be begun anew then
/// - injected: a proxy that answers the completion with 409
/// - seen: `S3 rejected the completion of the upload`, `ConditionalRequestConflict`, and to run again; exit code 14
/// - left: an empty bucket, the upload aborted
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
    // The first passes, and each later one only as its own third sending.
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

/// - fault: a completion is cut off, and by its second sending somebody else's object has the key
/// - injected: a proxy that hangs up before the completion once; the test puts an object there meanwhile
/// - seen: `exists already and was not overwritten`; exit code 14
/// - left: somebody else's object as it was; the upload aborted
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

/// - fault: the dump is sent, no answer comes, and what is there cannot be looked at either
/// - injected: a proxy that hangs up after the PUT of the dump, and after each HEAD
/// - seen: `the upload to`, and `the upload to s3://… may or may not have completed`; exit code 14
/// - left: the dump without a manifest, which is no backup
#[test]
fn what_cannot_be_known_is_reported() {
    let (trial, proxy) = behind_a_proxy(0);
    proxy.spoil(99, Action::CloseAfter, |seen| is_dump(seen) || seen.method == "HEAD");
    let message = failure(&run(&trial, &proxy).run());
    assert!(message.contains("the upload to "), "{message}");
    assert!(
        message.contains("; the upload to s3://") && message.ends_with(" may or may not have completed"),
        "{message}"
    );
    let keys = trial.store.keys_in(trial.bucket("callisto"));
    assert!(keys.len() == 1 && keys[0].ends_with(".sql.gz"), "{keys:?}");
}
