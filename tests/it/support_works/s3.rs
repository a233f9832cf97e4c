//! The S3 servers and the proxy: what is stored is there, what must be refused is refused, what is spoiled is spoiled.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;

use crate::support::{Action, Keys, Moto, Proxy, Store, StrictS3, runtime, tools};

fn bucket(store: &Store) -> String {
    let name = format!("bucket-{}", tools::unique());
    store.bucket(&name);
    name
}

/// Puts with the keys that the product would get, through `endpoint`; gives the error's code.
fn put(endpoint: &str, keys: &Keys, bucket: &str) -> Result<(), String> {
    let as_product = Store::new(endpoint, keys, keys.clone());
    let config = as_product
        .client()
        .config()
        .to_builder()
        .retry_config(aws_sdk_s3::config::retry::RetryConfig::disabled());
    let client = aws_sdk_s3::Client::from_conf(config.build());
    let body = ByteStream::from_static(b"the dump");
    let put = client.put_object().bucket(bucket).key("key").body(body).tagging("type=database-backup");
    let answer = runtime().block_on(put.send());
    answer.map(drop).map_err(|error| error.code().unwrap_or("no code").to_owned())
}

#[test]
fn moto_keeps_bytes_tags_and_versions() {
    let moto = Moto::shared();
    let bucket = format!("bucket-{}", tools::unique());
    moto.versioned_bucket(&bucket);
    put(moto.endpoint(), moto.keys(), &bucket).unwrap();
    assert_eq!(moto.get(&bucket, "key"), b"the dump");
    assert_eq!(moto.objects(&bucket)[0].size, 8);
    assert_eq!(moto.tags(&bucket, "key")["type"], "database-backup");
    assert!(moto.head(&bucket, "key").version_id().is_some());
    assert!(moto.uploads(&bucket).is_empty());
    let begun = moto.client().create_multipart_upload().bucket(&bucket).key("left-over").send();
    runtime().block_on(begun).unwrap();
    assert_eq!(moto.uploads(&bucket), ["left-over"]);
}

#[test]
fn moto_locks_where_the_bucket_can() {
    let moto = Moto::shared();
    let bucket = format!("locked-{}", tools::unique());
    moto.bucket_with_object_lock(&bucket);
    let lock =
        runtime().block_on(moto.client().get_object_lock_configuration().bucket(&bucket).send()).unwrap();
    assert_eq!(lock.object_lock_configuration().unwrap().object_lock_enabled().unwrap().as_str(), "Enabled");
}

#[test]
fn moto_with_iam_lets_its_keys_into_their_bucket_alone() {
    let moto = Moto::with_iam(&["hht-diary-backups-callisto"]);
    moto.bucket("hht-diary-backups-titan");
    put(moto.endpoint(), moto.keys(), "hht-diary-backups-callisto").unwrap();
    assert_eq!(put(moto.endpoint(), moto.keys(), "hht-diary-backups-titan").unwrap_err(), "AccessDenied");
    let wrong = Keys { secret: "wrong".into(), ..moto.keys().clone() };
    assert_eq!(
        put(moto.endpoint(), &wrong, "hht-diary-backups-callisto").unwrap_err(),
        "SignatureDoesNotMatch"
    );
    let unknown = Keys { id: "AKIAUNKNOWNUNKNOWNUN".into(), secret: "wrong".into() };
    assert_eq!(
        put(moto.endpoint(), &unknown, "hht-diary-backups-callisto").unwrap_err(),
        "InvalidAccessKeyId"
    );
}

#[test]
fn the_strict_server_refuses_a_wrong_secret_and_an_unknown_key() {
    let strict = StrictS3::start();
    let bucket = bucket(&strict);
    put(strict.endpoint(), strict.keys(), &bucket).unwrap();
    assert_eq!(strict.get(&bucket, "key"), b"the dump");
    let wrong = Keys { secret: "wrong".into(), ..strict.keys().clone() };
    assert_eq!(put(strict.endpoint(), &wrong, &bucket).unwrap_err(), "SignatureDoesNotMatch");
    let unknown = Keys { id: "AKIAUNKNOWNUNKNOWNUN".into(), secret: "wrong".into() };
    assert_eq!(put(strict.endpoint(), &unknown, &bucket).unwrap_err(), "NotSignedUp");
}

#[test]
fn the_strict_server_refuses_a_body_that_was_changed_on_the_way() {
    let strict = StrictS3::start();
    let bucket = bucket(&strict);
    let proxy = Proxy::before(strict.endpoint());
    proxy.rule(|_| Action::SpoilRequest);
    // The signed hash of the body does not fit, which this library calls an internal error.
    assert_eq!(put(&proxy.endpoint(), strict.keys(), &bucket).unwrap_err(), "InternalError");
    assert!(strict.objects(&bucket).is_empty());
}

#[test]
fn the_strict_server_refuses_a_checksum_that_does_not_fit() {
    let strict = StrictS3::start();
    let bucket = bucket(&strict);
    let put = |hash| {
        let put = strict.client().put_object().bucket(&bucket).key("key").checksum_sha256(hash);
        let answer = runtime().block_on(put.body(ByteStream::from_static(b"the dump")).send());
        answer.map_err(|error| error.code().map(str::to_owned))
    };
    // The library answers so, but keeps the object all the same: a test must not conclude from what it finds there.
    let refusal = put("LHJMUJlQzowlxYvgp1JB+13LbCj5rwcABf5/CFNIERA=").unwrap_err();
    assert_eq!(refusal.as_deref(), Some("BadDigest"));
    put("LHJMUJlQzowlxYvgp1JB+13LbCj5rwcABf5/CFNIERo=").unwrap();
}

#[test]
fn the_strict_server_shows_unfinished_uploads() {
    let strict = StrictS3::start();
    let bucket = bucket(&strict);
    assert!(strict.unfinished_uploads().is_empty());
    let begun = runtime()
        .block_on(strict.client().create_multipart_upload().bucket(&bucket).key("k").send())
        .unwrap();
    assert!(!strict.unfinished_uploads().is_empty());
    let abort = strict
        .client()
        .abort_multipart_upload()
        .bucket(&bucket)
        .key("k")
        .upload_id(begun.upload_id().unwrap());
    runtime().block_on(abort.send()).unwrap();
    assert!(strict.unfinished_uploads().is_empty());
}

#[test]
fn the_proxy_keeps_signatures_valid_and_records_what_passed() {
    let strict = StrictS3::start();
    let bucket = bucket(&strict);
    let proxy = Proxy::before(strict.endpoint());
    put(&proxy.endpoint(), strict.keys(), &bucket).unwrap();
    let seen = proxy.requests();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].method.as_str(), seen[0].path.as_str()), ("PUT", format!("/{bucket}/key").as_str()));
    assert_eq!(seen[0].header("x-amz-tagging"), "type=database-backup");
    assert_eq!(seen[0].body_length, 8);
    assert!(seen[0].has("x-id") && !seen[0].has("uploads"), "{}", seen[0].query);
    assert_eq!(
        Store::new(&proxy.endpoint(), strict.keys(), strict.keys().clone()).get(&bucket, "key"),
        b"the dump"
    );
}

#[test]
fn the_proxy_spoils_what_it_is_asked_to() {
    let moto = Moto::shared();
    let bucket = bucket(moto);
    let proxy = Proxy::before(moto.endpoint());
    let through = Store::new(&proxy.endpoint(), moto.keys(), moto.keys().clone());
    let denied = "<Error><Code>SlowDown</Code></Error>";
    proxy.spoil(1, Action::Status(503, denied.into()), |_| true);
    assert_eq!(put(&proxy.endpoint(), moto.keys(), &bucket).unwrap_err(), "SlowDown");
    assert!(moto.objects(&bucket).is_empty());
    assert_eq!(through.keys_in(&bucket).len(), 0, "one request was to be spoiled, and this is the second");
    proxy.rule(|_| Action::CloseBefore);
    assert!(put(&proxy.endpoint(), moto.keys(), &bucket).is_err());
    assert!(moto.objects(&bucket).is_empty());
    proxy.rule(|_| Action::CloseAfter);
    assert!(put(&proxy.endpoint(), moto.keys(), &bucket).is_err());
    assert_eq!(moto.keys_in(&bucket), ["key"]);
    proxy.rule(|_| Action::ReplaceBody(b"something else".to_vec()));
    let got = runtime().block_on(through.client().get_object().bucket(&bucket).key("key").send()).unwrap();
    assert_eq!(got.content_length(), Some(14));
    proxy.rule(|_| Action::CutAnswer(3));
    let cut = runtime().block_on(async {
        through.client().get_object().bucket(&bucket).key("key").send().await.unwrap().body.collect().await
    });
    assert!(cut.is_err());
    proxy.rule(|_| Action::ChangeHeader("content-type", "text/x-changed".into()));
    assert_eq!(through.head(&bucket, "key").content_type(), Some("text/x-changed"));
    let pause = std::time::Duration::from_millis(300);
    proxy.rule(move |_| Action::Delay(pause));
    let started = std::time::Instant::now();
    assert_eq!(through.head(&bucket, "key").content_length(), Some(8));
    assert!(started.elapsed() >= pause);
}
