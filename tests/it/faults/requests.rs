//! Every kind of request in a run fails permanently, in every way in which S3 and the network fail. Each way has its
//! own sponsor, and one run covers all of them. For requests that fail once, see `s3` and `upload`.

use std::time::Duration;

use crate::support::{Action, Outcome, Proxy, Seen, Sponsor, Trial};

const NAMES: [&str; 6] = ["alpha", "bravo", "cargo", "delta", "ember", "fjord"];

/// The ways to fail, in the order of the sponsors, and what the message then contains. A HEAD response has no body, so
/// it has only the status.
fn ways() -> [(Action, &'static str, &'static str); 6] {
    let answer = |status, code: &str| {
        Action::Status(status, format!("<Error><Code>{code}</Code><Message>On purpose</Message></Error>"))
    };
    [
        (answer(500, "InternalError"), "InternalError", "500"),
        (answer(503, "SlowDown"), "SlowDown", "503"),
        (answer(400, "InvalidRequest"), "InvalidRequest", "400"),
        (answer(403, "AccessDenied"), "AccessDenied", "403"),
        (Action::CloseBefore, "", ""),
        (Action::CloseAfter, "", ""),
    ]
}

/// A run in which one kind of request fails permanently, for each sponsor in another way.
struct Played {
    trial: Trial,
    proxy: Proxy,
    outcome: Outcome,
}

fn play(noise: u32, kind: impl Fn(&Seen) -> bool + Send + Sync + 'static) -> Played {
    let trial = Trial::of(NAMES.map(|name| Sponsor::named(name).empty()));
    if noise > 0 {
        NAMES.iter().for_each(|name| trial.database(name).load_noise(noise));
    }
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.tell_the_right_checksum();
    let buckets = NAMES.map(|name| [trial.bucket(name).to_owned(), trial.log_bucket(name).to_owned()]);
    let ways = ways();
    proxy.rule(move |seen| {
        let bucket = seen.path.split('/').nth(1).unwrap_or_default();
        let sponsor = buckets.iter().position(|own| own.iter().any(|name| name == bucket));
        if kind(seen) { ways[sponsor.unwrap()].0.clone() } else { Action::Pass }
    });
    let run = trial.run().input("s3-endpoint-url", proxy.endpoint()).input("max-parallel", "6");
    let outcome = run.input("memory-limit", "144MiB").deadline(Duration::from_secs(300)).run();
    Played { trial, proxy, outcome }
}

impl Played {
    /// The sponsor's backup failed in the archive stage. Its message contains all of these texts, and the bucket has
    /// this number of objects.
    #[track_caller]
    fn assert_failed(&self, sponsor: &str, told: &[&str], objects: usize) {
        let result = self.outcome.result(sponsor);
        let told_all = result.to_string();
        assert_eq!(
            (&result["outcome"], &result["stage"]),
            (&"failure".into(), &"archive".into()),
            "{told_all}"
        );
        assert_eq!(result["backup_location"], serde_json::Value::Null, "{told_all}");
        let message = result["message"].as_str().unwrap();
        assert!(told.iter().all(|told| message.contains(told)), "{sponsor}: {message}");
        let keys = self.trial.store.keys_in(self.trial.bucket(sponsor));
        assert_eq!(keys.len(), objects, "{sponsor}: {keys:?}");
        // The message reports an unfinished backup if objects are visible, and only then.
        assert_eq!(
            message.contains("was uploaded but has no manifest, so it does not count as a backup"),
            objects > 0,
            "{message}"
        );
        self.assert_recorded(sponsor, "failure");
    }

    #[track_caller]
    fn assert_backed_up(&self, sponsor: &str) {
        let result = self.outcome.result(sponsor);
        assert_eq!(result["outcome"], "success", "{result}");
        let bucket = self.trial.bucket(sponsor);
        let keys = self.trial.store.keys_in(bucket);
        assert_eq!(keys.len(), 3, "{keys:?}");
        let manifest = self.trial.store.get_json(bucket, &keys[1]);
        let length = self.trial.store.head(bucket, &keys[0]).content_length();
        assert_eq!(manifest["stored"]["bytes"].as_i64(), length);
        self.assert_recorded(sponsor, "success");
    }

    /// The record is in the log bucket, and every multipart upload is completed or aborted.
    #[track_caller]
    fn assert_recorded(&self, sponsor: &str, outcome: &str) {
        let (store, bucket) = (&self.trial.store, self.trial.log_bucket(sponsor));
        let keys = store.keys_in(bucket);
        assert_eq!(keys.len(), 1, "{keys:?}");
        assert_eq!(store.get_json(bucket, &keys[0])["outcome"], outcome);
        assert_eq!(store.uploads(self.trial.bucket(sponsor)), Vec::<String>::new(), "{sponsor}");
    }

    /// Every way but the last: if an answer is lost, S3 may have processed the request.
    #[track_caller]
    fn assert_all_failed_but_the_last(&self, request: &str, objects: usize) {
        for (sponsor, (_, code, status)) in NAMES.iter().zip(ways()).take(5) {
            let code = if request == "the check of" { status } else { code };
            self.assert_failed(sponsor, &[&format!(" {request} s3://"), code], objects);
        }
    }
}

fn writes(ending: &'static str) -> impl Fn(&Seen) -> bool {
    move |seen| seen.method == "PUT" && seen.path.ends_with(ending)
}

/// - fault: S3 answers every attempt to upload the dump with 500, 503 `SlowDown`, 400 or 403, or the connection closes
///   before it
/// - injected: A proxy in front of moto, for each of five sponsors in another way
/// - seen: `the upload to`, with S3's error code. Exit code 14
/// - left: An empty bucket
/// - fault: S3 stores the dump, and every answer is lost
/// - injected: A proxy that forwards the request and closes the connection, each time
/// - seen: Success. A HEAD request shows that the object is the run's own
/// - left: The complete backup
#[test]
fn a_dump_that_cannot_be_put() {
    let played = play(0, writes(".sql.gz"));
    played.outcome.assert_code(14);
    played.assert_all_failed_but_the_last("the upload to", 0);
    played.assert_backed_up("fjord");
}

/// - fault: Every attempt to upload the checksum file fails with 500, 503, 400 or 403, or its connection closes
/// - injected: A proxy in front of moto, for each of five sponsors in another way
/// - seen: `the upload to`, and `was uploaded but has no manifest`. Exit code 14
/// - left: The dump, which does not count as a backup
/// - fault: S3 stores the checksum file, and every answer is lost
/// - injected: A proxy that forwards the request and closes the connection, each time
/// - seen: Success
/// - left: The complete backup
#[test]
fn a_checksum_file_that_cannot_be_put() {
    let played = play(0, writes(".sha256"));
    played.outcome.assert_code(14);
    played.assert_all_failed_but_the_last("the upload to", 1);
    played.assert_backed_up("fjord");
}

/// - fault: Every attempt to upload the manifest fails with 500, 503, 400 or 403, or its connection closes
/// - injected: A proxy in front of moto, for each of five sponsors in another way
/// - seen: `the upload to`, and `was uploaded but has no manifest`. Exit code 14
/// - left: The dump and its checksum file, which do not count as a backup
/// - fault: S3 stores the manifest, and every answer is lost
/// - injected: A proxy that forwards the request and closes the connection, each time
/// - seen: Success
/// - left: The complete backup
#[test]
fn a_manifest_that_cannot_be_put() {
    let played = play(0, writes(".manifest.json"));
    played.outcome.assert_code(14);
    played.assert_all_failed_but_the_last("the upload to", 2);
    played.assert_backed_up("fjord");
}

/// - fault: Every attempt to read the dump back fails with 500, 503, 400 or 403, or gets no answer
/// - injected: A proxy in front of moto, for each of six sponsors in another way
/// - seen: `the check of`, and `was uploaded but has no manifest`. Exit code 14
/// - left: The dump, which does not count as a backup
#[test]
fn a_dump_that_cannot_be_read_back() {
    let played = play(0, |seen| seen.method == "HEAD" && seen.path.ends_with(".sql.gz"));
    played.outcome.assert_code(14);
    played.assert_all_failed_but_the_last("the check of", 1);
    played.assert_failed("fjord", &["the check of "], 1);
}

/// - fault: Every attempt to read the tags back fails with 500, 503, 400 or 403, or gets no answer
/// - injected: A proxy in front of moto, for each of six sponsors in another way
/// - seen: `the request for the tags of`, and after 403 the permission to grant. Exit code 14
/// - left: The dump, which does not count as a backup
#[test]
fn tags_that_cannot_be_read_back() {
    let played = play(0, |seen| seen.method == "GET" && seen.has("tagging"));
    played.outcome.assert_code(14);
    played.assert_all_failed_but_the_last("the request for the tags of", 1);
    played.assert_failed("fjord", &["the request for the tags of "], 1);
    assert!(played.outcome.stdout.contains("Grant s3:GetObjectTagging"), "{}", played.outcome.transcript());
}

/// - fault: Every attempt to upload the record fails with 500, 503, 400 or 403, or its connection closes
/// - injected: A proxy in front of moto, for each of five sponsors in another way
/// - seen: `record not saved`, with S3's error code. Exit code 15
/// - left: The complete backup, and the record in the workspace
/// - fault: S3 stores the record, and every answer is lost
/// - injected: A proxy that forwards the request and closes the connection, each time
/// - seen: Success
/// - left: The complete backup and its record
#[test]
fn a_record_that_cannot_be_put() {
    let played = play(0, |seen| seen.method == "PUT" && seen.path.contains("/deployments/"));
    played.outcome.assert_code(15);
    for (sponsor, (_, code, _)) in NAMES.iter().zip(ways()).take(5) {
        let result = played.outcome.result(sponsor);
        let message = result["message"].as_str().unwrap();
        assert_eq!(result["stage"], "record", "{result}");
        assert!(message.contains("record not saved: ") && message.contains(code), "{message}");
        assert_eq!(played.trial.store.keys_in(played.trial.bucket(sponsor)).len(), 3);
        assert_eq!(played.trial.store.keys_in(played.trial.log_bucket(sponsor)).len(), 0);
        assert_eq!(played.outcome.log(sponsor)["outcome"], "success");
    }
    played.assert_backed_up("fjord");
}

/// - fault: Every attempt to create the multipart upload fails with 500, 503, 400 or 403, or its connection closes
/// - injected: A proxy in front of moto, for each of five sponsors in another way
/// - seen: `the multipart upload to`, with S3's error code. Exit code 14
/// - left: An empty bucket
/// - fault: S3 creates the multipart upload five times, and every answer with an upload id is lost
/// - injected: A proxy that forwards the request and closes the connection, each time
/// - seen: `the multipart upload to`. Exit code 14
/// - left: An empty bucket. The run lists the uploads under this key and aborts them
#[test]
fn an_upload_that_cannot_be_created() {
    let played = play(12, |seen| seen.method == "POST" && seen.has("uploads"));
    played.outcome.assert_code(14);
    played.assert_all_failed_but_the_last("the multipart upload to", 0);
    played.assert_failed("fjord", &["the multipart upload to "], 0);
    let bucket = played.trial.bucket("fjord");
    let aborted = played.proxy.requests().into_iter().filter(|seen| seen.method == "DELETE");
    let aborted = aborted.filter(|seen| seen.path.starts_with(&format!("/{bucket}/"))).count();
    assert_eq!(aborted, 5);
}

/// - fault: Every attempt to upload a part fails with 500, 503, 400 or 403, or its connection closes before or after S3
///   stores it
/// - injected: A proxy in front of moto, for each of six sponsors in another way
/// - seen: `a part of the upload to`, with S3's error code. Exit code 14
/// - left: An empty bucket. The upload is aborted
#[test]
fn a_part_that_cannot_be_sent() {
    let played = play(12, |seen| seen.query.contains("partNumber=1"));
    played.outcome.assert_code(14);
    played.assert_all_failed_but_the_last("a part of the upload to", 0);
    played.assert_failed("fjord", &["a part of the upload to "], 0);
}

/// - fault: Every attempt to complete the upload fails with 500, 503, 400 or 403, or its connection closes
/// - injected: A proxy in front of moto, for each of five sponsors in another way
/// - seen: `the completion of the upload to`, with S3's error code. Exit code 14
/// - left: An empty bucket. The upload is aborted
/// - fault: S3 completes the upload, and every answer is lost
/// - injected: A proxy that forwards the request and closes the connection, each time
/// - seen: Success. A HEAD request shows that the object is the run's own
/// - left: The complete backup
#[test]
fn an_upload_that_cannot_be_completed() {
    let played = play(12, |seen| seen.method == "POST" && seen.has("uploadId"));
    played.outcome.assert_code(14);
    played.assert_all_failed_but_the_last("the completion of the upload to", 0);
    played.assert_backed_up("fjord");
}
