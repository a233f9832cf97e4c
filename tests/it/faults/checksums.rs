//! S3 stores or returns other bytes than the program sent. Covers incidents F5, F14 and F15.

use super::s3::{behind_a_proxy, failure, is_dump, run};
use crate::support::{Action, Run, Seen, StrictS3, Trial};

/// F5: if the stored bytes differ from the sent bytes, the run reports no backup and writes no further file.
#[track_caller]
fn assert_not_believed(trial: &Trial, run: Run, told: &str) {
    let message = failure(&run.run());
    assert!(message.contains(told), "{message}");
    let keys = trial.store.keys_in(trial.bucket("callisto"));
    assert!(keys.iter().all(|key| key.ends_with(".sql.gz")), "{keys:?}");
}

// serves: 11.30/intact, REQ-p00012/integrity
/// - fault: The stored size differs from the sent size
/// - injected: A proxy that changes `content-length` in the HEAD response
/// - seen: `size 17 instead of …`. Exit code 14
/// - left: The dump without checksum file and manifest
/// - fault: The stored checksum differs from the sent checksum
/// - injected: A proxy that changes `x-amz-checksum-crc64nvme` in the HEAD response
/// - seen: `CRC64NVME … instead of …`. Exit code 14
/// - left: The dump without checksum file and manifest
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

/// A store that receives no checksums stores none.
fn without_checksums(run: Run) -> Run {
    run.env("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
}

/// - fault: The store does not support checksums
/// - injected: moto, with checksums disabled by `AWS_REQUEST_CHECKSUM_CALCULATION`
/// - seen: Success, after the run read the dump back once and compared its SHA-256
/// - left: The complete backup
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

/// - fault: A store without checksums returns other bytes than it received
/// - injected: A proxy that replaces the GET response
/// - seen: `SHA-256 … instead of …`. Exit code 14
/// - left: The dump without checksum file and manifest
/// - fault: A store without checksums stops in the middle of returning the dump
/// - injected: A proxy that cuts the GET response after 100 bytes
/// - seen: `the data stream broke`. Exit code 14
/// - left: The dump without checksum file and manifest
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

/// One bit flips on the way. Without checksums, reading the dump back finds it. A server that checks them rejects the
/// upload.
/// - fault: One bit flips on the way to a store without checksums
/// - injected: A proxy that flips it
/// - seen: `SHA-256 … instead of …`. Exit code 14
/// - left: The dump without checksum file and manifest
/// - fault: One bit flips on the way to a store that checks checksums
/// - injected: The same proxy in front of s3s
/// - seen: `the upload to`. Exit code 14
/// - left: An empty bucket
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

// serves: 11.30/intact
/// F14 and F15: a bucket with Object Lock rejects a write without a checksum, and some stores reject a write with one.
/// - fault: The bucket rejects writes without a checksum
/// - injected: s3s behind a recording proxy
/// - seen: Success. Each write carries a CRC64NVME checksum
/// - left: The complete backup and its record
/// - fault: The store rejects checksums
/// - injected: The same, with checksums disabled
/// - seen: Success. No write carries a checksum
/// - left: The complete backup and its record
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
