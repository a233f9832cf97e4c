//! The write probe sends what a backup sends, needs no permission to delete, and leaves nothing.

use serde_json::{Value, json};
use sponsor_backup::finding::Level;
use sponsor_backup::store::LockChoice;
use tokio_util::sync::CancellationToken;

use crate::preflight::{Findings, secure};
use crate::support::{Action, Moto, Proxy, Seen, Sponsor, Store, Trial};

use super::buckets::{Buckets, line_of};

fn probed(buckets: &Buckets) -> Vec<String> {
    buckets.probe(&CancellationToken::new()).iter().map(line_of).collect()
}

#[track_caller]
fn assert_nothing_is_left(server: &Store, buckets: &Buckets) {
    for bucket in [&buckets.backups, &buckets.audit_logs] {
        assert_eq!(server.uploads(bucket), [""; 0]);
        assert_eq!(server.keys_in(bucket), [""; 0]);
    }
}

fn allow(actions: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
}

fn is_creation(seen: &Seen) -> bool {
    seen.method == "POST" && seen.has("uploads")
}

#[test]
fn the_probe_needs_no_permission_to_delete_and_leaves_nothing() {
    let actions = json!([
        "s3:PutObject",
        "s3:PutObjectTagging",
        "s3:PutObjectRetention",
        "s3:AbortMultipartUpload",
        "s3:ListBucket",
        "s3:ListBucketMultipartUploads",
        "s3:GetBucketObjectLockConfiguration",
    ]);
    let moto = Moto::with_policy(&allow(&actions));
    let buckets = Buckets::without_policy(&moto);
    let lines = probed(&buckets);
    let (backups, logs) = (&buckets.backups, &buckets.audit_logs);
    for (line, place) in lines.iter().zip([format!("{backups}/backups/"), format!("{logs}/deployments/")]) {
        assert!(line.starts_with(&format!("ok: the multipart upload to s3://{place}")), "{lines:?}");
        assert!(line.contains(" was created and aborted, with lock GOVERNANCE until "), "{lines:?}");
    }
    assert_nothing_is_left(&moto, &buckets);
}

#[test]
fn the_probe_has_the_headers_of_a_backup() {
    let moto = Moto::shared();
    let mut buckets = Buckets { lock: LockChoice::Compliance, ..Buckets::without_policy(moto) };
    let proxy = Proxy::before(moto.endpoint());
    buckets.endpoint = proxy.endpoint();
    assert!(probed(&buckets).iter().all(|line| line.starts_with("ok: ")));
    let requests = proxy.requests();
    let created: Vec<&Seen> = requests.iter().filter(|seen| is_creation(seen)).collect();
    assert_eq!(created.len(), 2);
    for seen in created {
        let kind = if seen.path.contains("/backups/") { "database-backup" } else { "deployment-log" };
        let tags = seen.header("x-amz-tagging");
        assert!(tags.contains(&format!("type={kind}")) && tags.contains("sponsor=callisto"), "{tags}");
        assert!(tags.contains("retention-years=7") && tags.contains("object-lock=unknown"), "{tags}");
        assert_eq!(seen.header("x-amz-object-lock-mode"), "COMPLIANCE");
        assert!(!seen.header("x-amz-object-lock-retain-until-date").is_empty());
        assert_eq!(seen.header("x-amz-checksum-algorithm"), "CRC64NVME");
        assert!(!seen.header("x-amz-meta-timestamp").is_empty());
        assert!(seen.path.rsplit('/').next().unwrap().starts_with("preflight-prod-"), "{}", seen.path);
    }
    assert!(requests.iter().all(|seen| seen.method != "DELETE" || seen.has("uploadId")), "{requests:?}");
    assert_nothing_is_left(moto, &buckets);
}

#[test]
fn credentials_that_cannot_write_fail() {
    let moto = Moto::with_policy(&allow(&json!(["s3:ListBucket", "s3:AbortMultipartUpload"])));
    let buckets = Buckets::without_policy(&moto);
    let findings = buckets.probe(&CancellationToken::new());
    assert!(findings.iter().all(|finding| finding.level == Level::Fail), "{findings:#?}");
    assert!(findings[0].what.contains("AccessDenied"), "{findings:#?}");
    assert!(findings[0].fix.starts_with("Grant s3:PutObject"), "{findings:#?}");
    assert_nothing_is_left(&moto, &buckets);
}

#[test]
fn an_upload_that_cannot_be_aborted_is_named_with_the_command() {
    let moto = Moto::with_policy(&allow(&json!(["s3:ListBucket", "s3:PutObject", "s3:PutObjectTagging"])));
    let buckets = Buckets::without_policy(&moto);
    let findings = buckets.probe(&CancellationToken::new());
    let left = moto.uploads(&buckets.backups);
    assert_eq!(left.len(), 1);
    assert_eq!(findings[0].level, Level::Warn, "{findings:#?}");
    let command = format!(
        "run `aws s3api abort-multipart-upload --bucket {} --key {} --upload-id ",
        buckets.backups, left[0]
    );
    assert!(findings[0].fix.contains(&command), "{findings:#?}");
}

/// The built binary, without a permission to delete.
#[test]
fn a_run_with_the_probe_leaves_nothing() {
    let actions = json!(["s3:Get*", "s3:List*", "s3:HeadBucket", "s3:PutObject*", "s3:AbortMultipartUpload"]);
    let moto = Moto::with_policy(&allow(&actions));
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).store(&moto).start();
    let buckets = [trial.bucket("callisto"), trial.log_bucket("callisto")];
    buckets.iter().for_each(|bucket| secure(&trial.store, bucket));
    let without = Findings::of(&trial, &[], 0);
    assert_eq!(without.check("write-probe").len(), 0);
    let found = Findings::of(&trial, &["--write-probe"], 0);
    let probes = found.check("write-probe");
    assert_eq!(probes.iter().map(|it| it["level"].as_str().unwrap()).collect::<Vec<_>>(), ["ok"; 2]);
    for bucket in buckets {
        assert_eq!(moto.uploads(bucket), [""; 0]);
        assert_eq!(moto.keys_in(bucket), [""; 0]);
    }
}

/// S3 created the upload, but its answer was lost, and then the run is stopped.
#[test]
fn a_stopped_probe_still_aborts_what_it_created() {
    let moto = Moto::shared();
    let mut buckets = Buckets::without_policy(moto);
    let proxy = Proxy::before(moto.endpoint());
    buckets.endpoint = proxy.endpoint();
    let stop = CancellationToken::new();
    let canceled = stop.clone();
    proxy.rule(move |seen| {
        if !is_creation(seen) {
            return Action::Pass;
        }
        let is_first = !canceled.is_cancelled();
        canceled.cancel();
        if is_first { Action::CloseAfter } else { Action::Pass }
    });
    buckets.probe(&stop);
    assert!(proxy.requests().iter().any(|seen| seen.method == "DELETE"));
    assert_nothing_is_left(moto, &buckets);
}
