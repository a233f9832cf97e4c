//! Large dumps go in parts and small ones by one put; what travels carries checksums and overwrites nothing.

use super::{dump_key, restored_from};
use crate::support::{Moto, Proxy, Run, Seen, Sponsor, Store, StrictS3, Trial};

const ROWS: u32 = 20;

/// One sponsor with 20 MiB that do not compress.
fn large(store: &Store) -> Trial {
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).store(store).start();
    trial.database("callisto").psql_as_owner(&format!(
        "CREATE TABLE scans (n int PRIMARY KEY, scan bytea); ALTER TABLE scans ALTER scan SET STORAGE EXTERNAL;
         INSERT INTO scans SELECT n, (SELECT string_agg(uuid_send(gen_random_uuid()), ''::bytea)
                                      FROM generate_series(1, 65536 + 0 * n)) FROM generate_series(1, {ROWS}) n"
    ));
    trial
}

/// Through the proxy, with so little memory that parts have 8 MiB.
fn in_parts(trial: &Trial, proxy: &Proxy) -> Run {
    trial.run().input("s3-endpoint-url", proxy.endpoint()).input("memory-limit", "40MiB")
}

fn puts(seen: &[Seen]) -> Vec<&Seen> {
    let is_object = |seen: &&Seen| !seen.has("partNumber") && !seen.has("tagging");
    seen.iter().filter(|seen| seen.method == "PUT").filter(is_object).collect()
}

fn parts(seen: &[Seen]) -> Vec<&Seen> {
    seen.iter().filter(|seen| seen.method == "PUT" && seen.has("partNumber")).collect()
}

fn completions(seen: &[Seen]) -> Vec<&Seen> {
    seen.iter().filter(|seen| seen.method == "POST" && seen.has("uploadId")).collect()
}

fn checksum_headers(seen: &Seen) -> Vec<&str> {
    let names = seen.headers.keys().map(hyper::header::HeaderName::as_str);
    let ours = |name: &&str| {
        name.starts_with("x-amz-checksum-")
            || *name == "x-amz-sdk-checksum-algorithm"
            || *name == "x-amz-trailer"
    };
    // Asking for a checksum is not sending one.
    names.filter(ours).filter(|name| *name != "x-amz-checksum-mode").collect()
}

fn assert_whole(trial: &Trial) {
    let key = dump_key(trial, "callisto");
    let stored = trial.store.get(trial.bucket("callisto"), &key);
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(stored.as_slice()), &mut plain)
        .unwrap();
    let copy = restored_from(&plain);
    assert_eq!(copy.content_digest(), trial.database("callisto").content_digest());
    assert_eq!(copy.row_counts()["public.scans"], i64::from(ROWS));
}

#[test]
fn a_large_dump_sends_equal_parts_with_valid_checksums() {
    let strict = StrictS3::start();
    let (trial, proxy) = (large(&strict), Proxy::before(strict.endpoint()));
    in_parts(&trial, &proxy).run().assert_code(0);
    let seen = proxy.requests();
    let parts = parts(&seen);
    assert!(parts.len() >= 3, "{} parts", parts.len());
    let sizes: Vec<usize> = parts.iter().map(|part| part.body_length).collect();
    assert_eq!(sizes.iter().filter(|size| **size != 8 << 20).count(), 1, "equal but for the last: {sizes:?}");
    for part in &parts {
        assert!(!part.header("x-amz-checksum-crc64nvme").is_empty(), "{:?}", part.headers);
    }
    let completions = completions(&seen);
    assert_eq!(completions.len(), 1);
    assert_eq!(completions[0].header("if-none-match"), "*");
    assert!(!completions[0].header("x-amz-checksum-crc64nvme").is_empty());
    assert_eq!(completions[0].header("x-amz-checksum-type"), "FULL_OBJECT");
    assert_eq!(completions[0].header("x-amz-mp-object-size"), sizes.iter().sum::<usize>().to_string());
    for put in puts(&seen) {
        assert_eq!(put.header("if-none-match"), "*", "{}", put.path);
        assert!(!put.header("x-amz-checksum-crc64nvme").is_empty(), "{}", put.path);
    }
    assert_eq!(puts(&seen).len(), 3, "checksum file, manifest and record");
    assert!(strict.unfinished_uploads().is_empty());
    assert_whole(&trial);
}

#[test]
fn a_store_that_forgets_checksums_is_read_back() {
    for (strict, reads) in [(StrictS3::start(), 1), (StrictS3::with_checksums(), 0)] {
        let (trial, proxy) = (large(&strict), Proxy::before(strict.endpoint()));
        in_parts(&trial, &proxy).run().assert_code(0);
        let seen = proxy.requests();
        assert!(parts(&seen).len() >= 3);
        let dump = dump_key(&trial, "callisto");
        let read = |seen: &&Seen| seen.method == "GET" && seen.path.ends_with(&dump) && !seen.has("tagging");
        assert_eq!(seen.iter().filter(read).count(), reads);
        assert_whole(&trial);
    }
}

#[test]
fn a_multipart_upload_sets_its_tags_and_leaves_no_upload_open() {
    let trial = large(Moto::shared());
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.tell_the_right_checksum();
    in_parts(&trial, &proxy).run().assert_code(0);
    assert!(parts(&proxy.requests()).len() >= 3);
    let (bucket, key) = (trial.bucket("callisto"), dump_key(&trial, "callisto"));
    assert_eq!(trial.store.tags(bucket, &key)["type"], "database-backup");
    assert_eq!(trial.store.head(bucket, &key).metadata().unwrap()["deployer"], "octocat");
    assert!(trial.store.uploads(bucket).is_empty());
    assert_whole(&trial);
}

#[test]
fn a_store_that_refuses_checksums_gets_none() {
    let trial = large(Moto::shared());
    let proxy = Proxy::before(trial.store.endpoint());
    let run = in_parts(&trial, &proxy).env("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required");
    run.run().assert_code(0);
    let seen = proxy.requests();
    assert!(parts(&seen).len() >= 3 && completions(&seen).len() == 1 && puts(&seen).len() == 3);
    // A list of tags is never sent without one: S3 wants it there.
    for request in seen.iter().filter(|seen| !seen.has("tagging")) {
        assert_eq!(checksum_headers(request), Vec::<&str>::new(), "{} {}", request.method, request.path);
    }
    assert_whole(&trial);
}

#[test]
fn a_small_dump_is_one_put_and_requests_name_the_owner() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let proxy = Proxy::before(trial.store.endpoint());
    let run = trial.run().input("s3-endpoint-url", proxy.endpoint());
    run.input("expected-bucket-owner", "123456789012").run().assert_code(0);
    let seen = proxy.requests();
    assert!(parts(&seen).is_empty() && completions(&seen).is_empty());
    let key = dump_key(&trial, "callisto");
    let paths: Vec<String> = puts(&seen).iter().map(|put| put.path.clone()).collect();
    let place = format!("/{}/{key}", trial.bucket("callisto"));
    let order = [place.clone(), format!("{place}.sha256"), format!("{place}.manifest.json")];
    assert_eq!(paths[..3], order, "the manifest is written last");
    for put in puts(&seen) {
        assert_eq!(put.header("if-none-match"), "*", "{}", put.path);
        assert!(!put.header("x-amz-checksum-crc64nvme").is_empty(), "{}", put.path);
    }
    for request in &seen {
        assert_eq!(request.header("x-amz-expected-bucket-owner"), "123456789012", "{}", request.path);
    }
}
