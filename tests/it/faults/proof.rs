//! What a store must return for the objects before the run reports success: lock, tags, encryption, and the bucket's
//! owner.

use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule,
};

use crate::support::{Action, Outcome, Proxy, Run, Seen, Sponsor, StrictS3, Trial, runtime};

const REFUSAL: &str = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";

/// A trial of one sponsor whose two buckets have Object Lock, behind a proxy.
fn locking() -> (Trial, Proxy, String) {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let bucket = format!("{}-locks", trial.bucket("callisto"));
    trial.store.bucket_with_object_lock(&bucket);
    trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some(&bucket));
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.tell_the_right_checksum();
    (trial, proxy, bucket)
}

fn run(trial: &Trial, proxy: &Proxy) -> Run {
    trial.run().input("s3-endpoint-url", proxy.endpoint())
}

/// The run failed in the archive stage with these messages, and left this number of objects, but not a manifest.
#[track_caller]
fn assert_not_believed(trial: &Trial, bucket: &str, outcome: &Outcome, told: &[&str], objects: usize) {
    outcome.assert_code(14);
    let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(told.iter().all(|told| message.contains(told)), "{message}");
    assert!(
        message.ends_with("was uploaded but has no manifest, so it does not count as a backup"),
        "{message}"
    );
    assert_eq!(outcome.output("backup_location"), "");
    let keys = trial.store.keys_in(bucket);
    assert_eq!(keys.len(), objects, "{keys:?}");
    assert!(keys.iter().all(|key| !key.ends_with(".manifest.json")), "{keys:?}");
}

// serves: 11.10(c)/locked
/// - fault: The store accepted the dump and did not lock it
/// - injected: A proxy that removes `x-amz-object-lock-mode` from the HEAD response, for a dump in a single request
/// - seen: `lock missing instead of GOVERNANCE until …`, and the hint to grant `s3:GetObjectRetention`. Exit code 14
/// - left: The dump, which does not count as a backup
/// - fault: The store locked the dump for a shorter time than requested
/// - injected: A proxy that changes the date in the HEAD response to one in 2030
/// - seen: `lock GOVERNANCE until 2030-01-01T00:00:00Z instead of …`. Exit code 14
/// - left: The dump, which does not count as a backup
/// - fault: The store locked the dump in another mode
/// - injected: A proxy that changes the mode in the HEAD response
/// - seen: `lock … instead of …`. Exit code 14
/// - left: The dump, which does not count as a backup
/// - fault: The store locked the dump, but not the files next to it
/// - injected: A proxy that removes the mode from the HEAD response for the checksum file
/// - seen: `.sha256 was not stored as sent: lock missing`. Exit code 14
/// - left: The dump and its checksum file, which do not count as a backup
#[test]
fn a_lock_that_was_not_kept_is_a_failure() {
    let date = "x-amz-object-lock-retain-until-date";
    let mode = "x-amz-object-lock-mode";
    for (ending, action, told, objects) in [
        (".sql.gz", Action::DropHeader(mode), "lock missing instead of GOVERNANCE until 20", 1),
        (
            ".sql.gz",
            Action::ChangeHeader(date, "2030-01-01T00:00:00Z".to_owned()),
            "lock GOVERNANCE until 2030-01-01T00:00:00Z instead of GOVERNANCE until 20",
            1,
        ),
        (".sql.gz", Action::ChangeHeader(mode, "COMPLIANCE".to_owned()), "lock COMPLIANCE until 20", 1),
        (".sha256", Action::DropHeader(mode), ".sha256 was not stored as sent: lock missing", 2),
    ] {
        let (trial, proxy, bucket) = locking();
        proxy.spoil(99, action, move |seen| seen.method == "HEAD" && seen.path.ends_with(ending));
        let outcome = run(&trial, &proxy).run();
        assert_not_believed(&trial, &bucket, &outcome, &[told], objects);
        assert!(outcome.stdout.contains("Grant s3:GetObjectRetention"), "{}", outcome.transcript());
    }
}

/// - fault: The store forgot the lock of a multipart upload
/// - injected: moto, which does this by itself
/// - seen: `lock missing instead of …`. Exit code 14
/// - left: The dump, which does not count as a backup
#[test]
fn a_store_that_forgets_the_lock_of_parts_is_not_believed() {
    let (trial, proxy, bucket) = locking();
    trial.database("callisto").load_noise(12);
    // The proxy corrects moto's answers about parts, including the checksum. The lock stays as moto reports it.
    let as_moto = Action::DropHeader("x-amz-object-lock-mode");
    proxy.spoil(99, as_moto, |seen| seen.method == "HEAD");
    let outcome = run(&trial, &proxy).input("memory-limit", "24MiB").run();
    assert_not_believed(&trial, &bucket, &outcome, &["lock missing instead of GOVERNANCE until"], 1);
}

/// - fault: The store lost one tag of the dump, or all of them
/// - injected: A proxy that changes the GetObjectTagging response
/// - seen: `tags … instead of …`, and `was uploaded but has no manifest`. Exit code 14
/// - left: The dump, which does not count as a backup
#[test]
fn tags_that_were_not_kept_are_a_failure() {
    let set = |tags: &str| format!("<Tagging><TagSet>{tags}</TagSet></Tagging>").into_bytes();
    let one = "<Tag><Key>environment</Key><Value>production</Value></Tag>";
    for (answer, told) in
        [(set(one), "tags environment=production instead of "), (set(""), "tags none instead of ")]
    {
        let trial = Trial::of([Sponsor::named("callisto").empty()]);
        let proxy = Proxy::before(trial.store.endpoint());
        proxy.spoil(99, Action::ReplaceBody(answer), |seen| seen.method == "GET" && seen.has("tagging"));
        let outcome = run(&trial, &proxy).run();
        let sent = "environment=production fda-compliant=true object-lock=none pre-migration=true retention-years=7 \
                    sponsor=callisto type=database-backup";
        assert_not_believed(&trial, trial.bucket("callisto"), &outcome, &[told, sent], 1);
    }
}

// serves: 11.10(e)/kept
/// - fault: The store did not lock the record
/// - injected: A proxy that removes the mode from the HEAD response for the record
/// - seen: `.json was not stored as sent: lock missing instead of …`. Exit code 15
/// - left: The complete backup, and the record in S3 and in the workspace
/// - fault: The store lost the tags of the record
/// - injected: A proxy that changes the GetObjectTagging response for the record
/// - seen: `.json was not stored as sent: tags none instead of …`. Exit code 15
/// - left: The same
/// - fault: The tags of the record cannot be read
/// - injected: A proxy that answers 403 to GetObjectTagging for the record
/// - seen: `could not be checked`, as a warning. Success
/// - left: The same
#[test]
fn a_record_without_its_lock_or_tags_is_not_kept() {
    let is_record = |seen: &Seen| seen.path.contains("/deployments/");
    let reads_tags = move |seen: &Seen| seen.method == "GET" && seen.has("tagging") && is_record(seen);
    let refusal = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>".to_owned();
    for (action, of_tags, told) in [
        (
            Action::DropHeader("x-amz-object-lock-mode"),
            false,
            Some("lock missing instead of GOVERNANCE until"),
        ),
        (
            Action::ReplaceBody(b"<Tagging><TagSet></TagSet></Tagging>".to_vec()),
            true,
            Some("tags none instead of environment=production"),
        ),
        (Action::Status(403, refusal), true, None),
    ] {
        let (trial, proxy, bucket) = locking();
        let logs = format!("{}-locks", trial.log_bucket("callisto"));
        trial.store.bucket_with_object_lock(&logs);
        trial.secret("callisto", "SPONSOR_AUDIT_LOGS_BUCKET", Some(&logs));
        proxy.spoil(99, action, move |seen| match of_tags {
            true => reads_tags(seen),
            false => seen.method == "HEAD" && is_record(seen),
        });
        let outcome = run(&trial, &proxy).run();
        let result = outcome.result("callisto");
        let message = result["message"].as_str().unwrap_or_default();
        match told {
            Some(told) => {
                outcome.assert_code(15);
                assert_eq!(result["stage"], "record", "{result}");
                assert!(
                    message.contains(".json was not stored as sent: ") && message.contains(told),
                    "{message}"
                );
            }
            None => {
                outcome.assert_code(0);
                let warnings = outcome.annotations("warning").join("\n");
                assert!(warnings.contains("could not be checked"), "{}", outcome.transcript());
            }
        }
        assert_eq!(trial.store.keys_in(&bucket).len(), 3);
        assert_eq!(trial.store.keys_in(&logs).len(), 1);
        assert!(outcome.log("callisto").is_object());
    }
}

/// - fault: The store does not return tags
/// - injected: s3s, which answers 501
/// - seen: `the store does not support tags`. Success
/// - left: The complete backup
#[test]
fn a_store_without_tags_is_accepted_and_said() {
    let strict = StrictS3::start();
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).store(&strict).start();
    let outcome = trial.run().run();
    outcome.assert_code(0);
    assert!(
        outcome.stdout.contains("the store does not support tags, so those of s3://"),
        "{}",
        outcome.transcript()
    );
    assert_eq!(strict.keys_in(trial.bucket("callisto")).len(), 3);
}

/// The HEAD responses for all objects that a run stores in a bucket with default encryption.
fn encrypted(algorithm: ServerSideEncryption, key: Option<&str>, noise: u32) -> Vec<HeadObjectOutput> {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    if noise > 0 {
        trial.database("callisto").load_noise(noise);
    }
    let buckets = [trial.bucket("callisto"), trial.log_bucket("callisto")];
    for bucket in buckets {
        let default = ServerSideEncryptionByDefault::builder().sse_algorithm(algorithm.clone());
        let default = default.set_kms_master_key_id(key.map(str::to_owned)).build().unwrap();
        let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(default);
        let rule = rule.bucket_key_enabled(true).build();
        let configuration = ServerSideEncryptionConfiguration::builder().rules(rule).build().unwrap();
        let request = trial.store.client().put_bucket_encryption().bucket(bucket);
        runtime().block_on(request.server_side_encryption_configuration(configuration).send()).unwrap();
    }
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.tell_the_right_checksum();
    run(&trial, &proxy).input("memory-limit", "24MiB").run().assert_code(0);
    assert_eq!(proxy.requests().iter().any(|seen| seen.has("partNumber")), noise > 0);
    // Without an encryption header, the bucket's default applies. A header would override it.
    let own = |seen: &Seen| seen.headers.keys().any(|name| name.as_str().contains("server-side-encryption"));
    assert!(!proxy.requests().iter().any(own));
    let heads = buckets.iter().flat_map(|bucket| {
        let keys = trial.store.keys_in(bucket).into_iter();
        keys.map(|key| trial.store.head(bucket, &key)).collect::<Vec<_>>()
    });
    heads.collect()
}

/// - fault: The bucket encrypts with a KMS key and a bucket key, and a header could override this
/// - injected: moto with the default encryption `aws:kms`, for a dump in a single request and a multipart upload
/// - seen: Success. No request carries an encryption header
/// - left: Dump, checksum file, manifest and record, each encrypted with that key
/// - fault: The bucket encrypts with AES256
/// - injected: moto with the default encryption `AES256`
/// - seen: Success
/// - left: Dump, checksum file, manifest and record, each encrypted with AES256
#[test]
fn everything_is_encrypted_as_the_bucket_wants() {
    let key = "arn:aws:kms:eu-west-1:123456789012:key/0b0c7a0e-4f5a-4f4e-9f0b-2f5a5c0b7d11";
    for noise in [0, 12] {
        let heads = encrypted(ServerSideEncryption::AwsKms, Some(key), noise);
        assert_eq!(heads.len(), 4);
        for head in heads {
            assert_eq!(head.server_side_encryption(), Some(&ServerSideEncryption::AwsKms), "{head:?}");
            assert_eq!(head.ssekms_key_id(), Some(key), "{head:?}");
            assert_eq!(head.bucket_key_enabled(), Some(true), "{head:?}");
        }
    }
    let heads = encrypted(ServerSideEncryption::Aes256, None, 0);
    assert_eq!(heads.len(), 4);
    assert!(heads.iter().all(|head| head.server_side_encryption() == Some(&ServerSideEncryption::Aes256)));
}

/// - fault: A bucket policy denies the write, for example because it requires another encryption
/// - injected: A bucket policy of moto that denies `s3:PutObject` to all principals
/// - seen: `S3 rejected the upload`, `403 Forbidden`, and the hint that a bucket policy overrides grants. Exit code 14
/// - left: An empty bucket
#[test]
fn a_bucket_policy_that_denies_is_hinted_at() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let bucket = trial.bucket("callisto");
    let policy = serde_json::json!({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Principal": "*",
        "Action": "s3:PutObject", "Resource": format!("arn:aws:s3:::{bucket}/*")}]});
    let request = trial.store.client().put_bucket_policy().bucket(bucket).policy(policy.to_string());
    runtime().block_on(request.send()).unwrap();
    let outcome = trial.run().run();
    outcome.assert_code(14);
    let message = outcome.result("callisto")["message"].to_string();
    assert!(
        message.contains("S3 rejected the upload to s3://") && message.contains(": 403 Forbidden"),
        "{message}"
    );
    let hint = "A bucket policy that denies the request wins over every grant";
    assert!(
        outcome.stdout.contains(hint) && outcome.stdout.contains("kms:GenerateDataKey"),
        "{}",
        outcome.stdout
    );
    assert!(trial.store.keys_in(bucket).is_empty());
}

/// - fault: The bucket belongs to another AWS account than the one in `expected-bucket-owner`
/// - injected: A proxy that answers 403 to every request that does not name the owner 999999999999
/// - seen: `AccessDenied`, and the hint to check `expected-bucket-owner`. Exit code 14
/// - left: Nothing in either bucket. The record in the workspace
#[test]
fn a_bucket_of_another_owner_gets_nothing() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.spoil(99, Action::Status(403, REFUSAL.to_owned()), |seen| {
        seen.header("x-amz-expected-bucket-owner") != "999999999999"
    });
    let outcome = run(&trial, &proxy).input("expected-bucket-owner", "123456789012").run();
    outcome.assert_code(14);
    let message = outcome.result("callisto")["message"].to_string();
    assert!(message.contains("AccessDenied"), "{message}");
    assert!(outcome.stdout.contains("If `expected-bucket-owner` is set, check it"), "{}", outcome.stdout);
    assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty());
    assert!(trial.store.keys_in(trial.log_bucket("callisto")).is_empty());
    assert_eq!(outcome.log("callisto")["outcome"], "failure");
    let right = run(&trial, &proxy).input("expected-bucket-owner", "999999999999").run();
    right.assert_code(0);
}

/// - fault: One of the age identities of a backup is lost, or a key was rotated
/// - injected: Two recipients, then a third one. Each identity alone decrypts the objects in the buckets
/// - seen: Success. `verify` succeeds with any identity of the backup. With an identity that came later, `none of the
///   given age identities opens` and exit code 17
/// - left: Backups that each identity of their time can decrypt alone
#[test]
fn each_of_several_identities_opens_a_backup_alone() {
    use age::secrecy::ExposeSecret as _;
    let [old, kept, new] = std::array::from_fn(|_| age::x25519::Identity::generate());
    let public = |of: &[&age::x25519::Identity]| {
        of.iter().map(|identity| identity.to_public().to_string()).collect::<Vec<_>>().join("\n")
    };
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let backup = |recipients: String| {
        let outcome = trial.run().input("age-recipients", recipients).run();
        outcome.assert_code(0);
        outcome.output("backup_location")
    };
    let before = backup(public(&[&old, &kept]));
    let after = backup(public(&[&kept, &new]));
    for (location, identity, opens) in [
        (&before, &old, true),
        (&before, &kept, true),
        (&before, &new, false),
        (&after, &kept, true),
        (&after, &new, true),
        (&after, &old, false),
    ] {
        let run = trial.run().input("command", "verify").input("backup", location);
        let outcome = run.env("AGE_IDENTITY", identity.to_string().expose_secret()).run();
        assert_eq!(outcome.code == Some(0), opens, "{}", outcome.transcript());
        assert!(
            opens || outcome.stdout.contains("none of the given age identities opens"),
            "{}",
            outcome.stdout
        );
    }
}
