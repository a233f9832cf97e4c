//! Bytes that are not what was sent. Rows F5, F14 and F15 of the failures that happened to others.

use super::s3::{behind_a_proxy, failure, is_dump, run};
use crate::support::{Action, Run, Seen, StrictS3, Trial};

/// F5: nothing is said to exist, and nothing is written beside it, when what is read back is not what was sent.
#[track_caller]
fn assert_not_believed(trial: &Trial, run: Run, told: &str) {
    let message = failure(&run.run());
    assert!(message.contains(told), "{message}");
    let keys = trial.store.keys_in(trial.bucket("callisto"));
    assert!(keys.iter().all(|key| key.ends_with(".sql.gz")), "{keys:?}");
}

/// - fault: the stored size is another one than was sent
/// - injected: a proxy that changes `content-length` in the answer to HEAD
/// - seen: `size 17 instead of …`; exit code 14
/// - left: the dump without checksum file and manifest
/// - fault: the stored checksum is another one than was sent
/// - injected: a proxy that changes `x-amz-checksum-crc64nvme` in the answer to HEAD
/// - seen: `CRC64NVME … instead of …`; exit code 14
/// - left: the dump without checksum file and manifest
#[test]
fn a_size_or_checksum_that_differs_is_not_believed() {
    let strict = StrictS3::start();
    for (header, value, told) in [
        ("content-length", "17", "size 17 instead of "),
        ("x-amz-checksum-crc64nvme", "AAAAAAAAAAA=", "CRC64NVME AAAAAAAAAAA= instead of "),
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

/// - fault: the store knows no checksums
/// - injected: moto, checksums switched off by `AWS_REQUEST_CHECKSUM_CALCULATION`
/// - seen: success, after the dump was read through once and compared by SHA-256
/// - left: the whole backup
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

/// - fault: the dump reads back as something else, from a store without checksums
/// - injected: a proxy that replaces the answer to GET
/// - seen: `SHA-256 … instead of …`; exit code 14
/// - left: the dump without checksum file and manifest
/// - fault: reading the dump back breaks off, at a store without checksums
/// - injected: a proxy that cuts the answer to GET after 100 bytes
/// - seen: `the data stream broke`; exit code 14
/// - left: the dump without checksum file and manifest
#[test]
fn a_dump_that_reads_back_changed_or_cut_is_not_believed() {
    for (action, told) in [
        (Action::ReplaceBody(b"something else".to_vec()), "was not stored as sent: SHA-256 "),
        (Action::CutAnswer(100), "the data stream broke"),
    ] {
        let (trial, proxy) = behind_a_proxy(None);
        proxy.spoil(99, action, |seen| seen.method == "GET" && is_dump(seen));
        assert_not_believed(&trial, without_checksums(run(&trial, &proxy)), told);
    }
}

/// One bit turns over on the way. Without checksums, reading through finds it; a server that checks them refuses.
/// - fault: one bit turns over on the way to a store without checksums
/// - injected: a proxy that turns it over
/// - seen: `SHA-256 … instead of …`; exit code 14
/// - left: the dump without checksum file and manifest
/// - fault: one bit turns over on the way to a store that checks checksums
/// - injected: the same proxy before s3s
/// - seen: `the upload to`; exit code 14
/// - left: an empty bucket
#[test]
fn a_bit_that_turned_over_on_the_way_is_found() {
    let writing = |seen: &Seen| seen.method == "PUT" && is_dump(seen);
    let (trial, proxy) = behind_a_proxy(None);
    proxy.spoil(99, Action::SpoilRequest, writing);
    assert_not_believed(&trial, without_checksums(run(&trial, &proxy)), "was not stored as sent: SHA-256 ");
    let strict = StrictS3::start();
    let (trial, proxy) = behind_a_proxy(Some(&strict));
    proxy.spoil(99, Action::SpoilRequest, writing);
    assert_not_believed(&trial, run(&trial, &proxy), "the upload to s3://");
    assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty());
}

/// F14 and F15: a locking bucket refuses a write without a checksum, and some stores refuse one with.
/// - fault: the bucket refuses writes without a checksum
/// - injected: s3s behind a recording proxy
/// - seen: success: each write carries a CRC64NVME
/// - left: the whole backup and its record
/// - fault: the store refuses checksums
/// - injected: the same, checksums switched off
/// - seen: success: no write carries any
/// - left: the whole backup and its record
#[test]
fn every_write_carries_a_checksum_unless_it_was_switched_off() {
    let strict = StrictS3::start();
    for (switch, carried) in [("when_supported", true), ("when_required", false)] {
        let (trial, proxy) = behind_a_proxy(Some(&strict));
        let outcome = run(&trial, &proxy).env("AWS_REQUEST_CHECKSUM_CALCULATION", switch).run();
        outcome.assert_code(0);
        let is_write = |seen: &Seen| seen.method == "PUT" && !seen.has("tagging");
        let writes: Vec<_> = proxy.requests().into_iter().filter(is_write).collect();
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
