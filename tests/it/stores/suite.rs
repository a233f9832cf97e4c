//! The tests, each for any store.

use bytes::Bytes;
use sponsor_backup::store::hash::{Crc64, Hasher, SizeAndHash};
use sponsor_backup::store::parts::PartPlan;
use sponsor_backup::store::{Download, LockChoice, ObjectAttributes, Store, StoreError, Upload, WholeObject};
use tokio_util::sync::CancellationToken;

use super::Case;
use crate::archive::{MIB, bytes};
use crate::support::runtime;

pub(super) const KEY: &str = "backups/2026/11/29/backup-prod-20261129-013000.sql.gz";
const PLAN: PartPlan = PartPlan { part_bytes: 5 * MIB, parts_in_flight: 2 };

pub(super) fn run<T>(work: impl Future<Output = T>) -> T {
    runtime().block_on(work)
}

pub(super) fn attributes() -> ObjectAttributes {
    ObjectAttributes { content_type: "application/octet-stream", ..ObjectAttributes::default() }
}

pub(super) fn put(store: &Store, key: &str, content: &[u8]) -> Result<(), StoreError> {
    run(store.put_new(key, Bytes::copy_from_slice(content), &attributes()))
}

/// What an object is as a whole.
pub(super) fn sums(content: &[u8]) -> (SizeAndHash, String) {
    let (mut hasher, mut crc64) = (Hasher::default(), Crc64::default());
    hasher.feed(content);
    crc64.feed(content);
    (hasher.read(), crc64.read())
}

async fn begin(store: &Store, key: &str, content: &[u8]) -> Upload {
    let mut upload = Upload::new(store, key.to_owned(), attributes(), PLAN, CancellationToken::new());
    for piece in content.chunks(1 << 20) {
        upload.write(piece).await.unwrap();
    }
    upload.finish().await.unwrap();
    upload
}

async fn publish(upload: &mut Upload, content: &[u8]) -> Result<bool, StoreError> {
    let (sums, crc64) = sums(content);
    let whole = WholeObject { bytes: sums.bytes, sha256: &sums.sha256, crc64: &crc64 };
    Ok(upload.publish(whole).await?.is_proven)
}

/// Stores an object as a backup does.
fn store_object(store: &Store, key: &str, content: &[u8]) -> Result<(), StoreError> {
    run(async {
        let mut upload = begin(store, key, content).await;
        match publish(&mut upload, content).await {
            Ok(_) => Ok(()),
            Err(error) => {
                upload.abandon().await.unwrap();
                Err(error)
            }
        }
    })
}

pub(super) fn read(store: &Store, key: &str) -> Vec<u8> {
    run(async {
        let info = store.examine(key).await.unwrap();
        let mut download = Download::new(store, key.to_owned(), info.mark, info.bytes);
        let mut content = Vec::new();
        while let Some(piece) = download.next().await.unwrap() {
            content.extend_from_slice(&piece);
        }
        content
    })
}

pub(super) fn keys(store: &Store, prefix: &str) -> Vec<String> {
    run(store.list(prefix)).unwrap().into_iter().map(|object| object.key).collect()
}

pub(super) fn what_is_put_is_shown_listed_and_read(case: &Case) {
    let store = &case.store;
    put(store, KEY, b"content").unwrap();
    let info = run(store.examine(KEY)).unwrap();
    assert_eq!(info.bytes, 7);
    assert!(!info.mark.is_empty());
    let listed = run(store.list("backups/")).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].key.as_str(), listed[0].bytes), (KEY, 7));
    assert!(listed[0].modified.is_some());
    assert_eq!(&run(store.read_small(KEY, 7)).unwrap()[..], b"content");
    assert_eq!(run(store.measure(KEY)).unwrap(), sums(b"content").0);
    assert_eq!(read(store, KEY), b"content");
}

pub(super) fn every_length_around_a_part_comes_back(case: &Case) {
    let part = usize::try_from(PLAN.part_bytes).unwrap();
    for length in [0, 1, part - 1, part, part + 1, 2 * part + 7] {
        let (key, content) = (format!("{KEY}-{length}"), bytes(length, 7, true));
        store_object(&case.store, &key, &content).unwrap();
        assert_eq!(run(case.store.examine(&key)).unwrap().bytes, length as u64);
        assert!(read(&case.store, &key) == content, "{length} bytes came back changed");
    }
}

pub(super) fn ten_thousand_small_pieces_become_one_object(case: &Case) {
    let content = bytes(10_001 * 1000, 11, true);
    run(async {
        let mut upload =
            Upload::new(&case.store, KEY.to_owned(), attributes(), PLAN, CancellationToken::new());
        for piece in content.chunks(1000) {
            upload.write(piece).await.unwrap();
        }
        upload.finish().await.unwrap();
        publish(&mut upload, &content).await.unwrap();
    });
    assert!(read(&case.store, KEY) == content);
}

pub(super) fn a_key_is_never_written_twice(case: &Case) {
    let long = bytes(11 << 20, 3, true);
    put(&case.store, KEY, b"first").unwrap();
    let again = put(&case.store, KEY, b"second").unwrap_err();
    assert!(matches!(again, StoreError::AlreadyExists { .. }), "{again}");
    let in_parts = store_object(&case.store, KEY, &long).unwrap_err();
    assert!(matches!(in_parts, StoreError::AlreadyExists { .. }), "{in_parts}");
    assert_eq!(read(&case.store, KEY), b"first");
    assert_eq!(case.names().len(), 1, "{:?}", case.names());
}

/// One after the other: the test servers, unlike S3 and folders, do not compare at the very moment of completion.
pub(super) fn of_two_uploads_begun_at_once_one_wins(case: &Case) {
    let (first, second) = (bytes(11 << 20, 3, true), bytes(11 << 20, 5, true));
    run(async {
        let (mut one, mut other) =
            tokio::join!(begin(&case.store, KEY, &first), begin(&case.store, KEY, &second));
        publish(&mut other, &second).await.unwrap();
        let late = publish(&mut one, &first).await.unwrap_err();
        assert!(matches!(late, StoreError::AlreadyExists { .. }), "{late}");
        one.abandon().await.unwrap();
    });
    assert!(read(&case.store, KEY) == second);
    assert_eq!(case.names().len(), 1, "{:?}", case.names());
}

pub(super) fn nothing_is_visible_before_it_is_published(case: &Case) {
    let content = bytes(11 << 20, 3, true);
    run(async {
        let mut upload = begin(&case.store, KEY, &content).await;
        assert!(!case.store.holds("backups/").await.unwrap());
        assert!(case.store.list("").await.unwrap().is_empty());
        let missing = case.store.examine(KEY).await.unwrap_err();
        assert!(matches!(missing, StoreError::Missing { .. }), "{missing}");
        publish(&mut upload, &content).await.unwrap();
        assert!(case.store.holds("backups/").await.unwrap());
    });
}

pub(super) fn what_is_abandoned_leaves_nothing(case: &Case) {
    for length in [0, 1000, 11 << 20] {
        run(async { begin(&case.store, KEY, &bytes(length, 3, true)).await.abandon().await.unwrap() });
        assert!(case.names().is_empty(), "{:?}", case.names());
    }
}

/// Neither a wrong size nor a wrong sum is proven. A store that cannot compare leaves that to its caller.
pub(super) fn what_is_not_what_was_sent_is_not_taken_for_it(case: &Case) {
    let content = bytes(11 << 20, 3, true);
    let mut other = content.clone();
    other[9 << 20] ^= 1;
    for (at, other) in [other, content[1..].to_vec()].into_iter().enumerate() {
        let key = format!("{KEY}-{at}");
        run(async {
            let mut upload = begin(&case.store, &key, &content).await;
            match publish(&mut upload, &other).await {
                Ok(is_proven) => assert!(!is_proven),
                Err(_) => {
                    upload.abandon().await.unwrap();
                    assert!(case.store.examine(&key).await.is_err());
                }
            }
        });
    }
}

pub(super) fn an_unfinished_upload_is_listed_with_its_key(case: &Case) {
    run(async {
        let upload = begin(&case.store, KEY, &bytes(11 << 20, 3, true)).await;
        match case.store.open_uploads("backups/").await {
            Ok(listed) => {
                assert_eq!(listed.len(), 1);
                assert_eq!(listed[0].key, KEY);
                assert_ne!(listed[0].is_being_written, Some(false));
            }
            Err(error) => assert!(error.is_not_implemented(), "{error}"),
        }
        assert!(case.store.remove_dead_uploads("backups/").await.unwrap().is_empty(), "its writer lives");
        upload.abandon().await.unwrap();
        if let Ok(listed) = case.store.open_uploads("backups/").await {
            assert!(listed.is_empty(), "{listed:?}");
        }
    });
}

pub(super) fn a_listing_takes_any_beginning_of_a_key(case: &Case) {
    for key in ["backups/2026/11/20/a", "backups/2026/11/21/b", "backups/2026/12/01/c", "staging/backups/d"] {
        put(&case.store, key, b"x").unwrap();
    }
    let listed = |prefix: &str| keys(&case.store, prefix).len();
    let counts =
        ["", "b", "backups/", "backups/2026/11/2", "backups/2026/11/20/a", "backups/2026/11/3", "x/"];
    assert_eq!(counts.map(listed), [4, 3, 3, 2, 1, 0, 0]);
    for prefix in counts {
        assert_eq!(run(case.store.holds(prefix)).unwrap(), listed(prefix) > 0, "{prefix}");
    }
}

pub(super) fn a_listing_is_whole_and_in_order(case: &Case) {
    // More than one page of S3.
    let wanted: Vec<String> = (0..1010).map(|at| format!("backups/{:02}/k-{at:04}", at % 7)).collect();
    run(async {
        let all = wanted.iter().map(|key| async {
            case.store.put_new(key, Bytes::from_static(b"x"), &attributes()).await.unwrap();
        });
        use futures_util::StreamExt as _;
        futures_util::stream::iter(all).buffer_unordered(16).collect::<Vec<()>>().await
    });
    let mut wanted = wanted;
    wanted.sort();
    assert_eq!(keys(&case.store, "backups/"), wanted);
}

pub(super) fn what_does_not_exist_is_missing(case: &Case) {
    put(&case.store, "backups/other", b"x").unwrap();
    let store = &case.store;
    let errors = [
        run(store.examine(KEY)).unwrap_err(),
        run(store.read_small(KEY, 10)).unwrap_err(),
        run(Download::new(store, KEY.to_owned(), String::new(), 1).next()).unwrap_err(),
    ];
    for error in errors {
        assert!(
            matches!(&error, StoreError::Missing { location } if *location == store.location(KEY)),
            "{error}"
        );
        assert!(error.is_finding());
    }
}

pub(super) fn a_long_file_is_not_read_as_a_small_one(case: &Case) {
    put(&case.store, KEY, b"12345678").unwrap();
    let error = run(case.store.read_small(KEY, 7)).unwrap_err();
    assert!(matches!(error, StoreError::Oversized { limit_bytes: 7, .. }), "{error}");
}

pub(super) fn an_object_that_changed_is_not_read_on(case: &Case) {
    let content = bytes(300_000, 3, true);
    put(&case.store, KEY, &content).unwrap();
    let info = run(case.store.examine(KEY)).unwrap();
    case.replace(KEY, &content[..200_000]);
    let error = run(async {
        let mut download = Download::new(&case.store, KEY.to_owned(), info.mark, info.bytes);
        loop {
            match download.next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("another object was read to its end"),
                Err(error) => return error,
            }
        }
    });
    // A server that does not know If-Match delivers the shorter object, and the rest cannot be fetched.
    assert!(
        matches!(error, StoreError::Replaced { .. } | StoreError::CutOff { .. } | StoreError::S3 { .. }),
        "{error}"
    );
}

pub(super) fn a_location_names_one_object(case: &Case) {
    let root = case.store.location("");
    assert!(root.ends_with('/'), "{root}");
    let (one, other) = (case.store.location("a b/c"), case.store.location("a%20b/c"));
    assert_ne!(one, other);
    assert!(one.starts_with(&root) && other.starts_with(&root));
}

pub(super) fn a_stop_ends_an_upload(case: &Case) {
    run(async {
        let stop = CancellationToken::new();
        let mut upload = Upload::new(&case.store, KEY.to_owned(), attributes(), PLAN, stop.clone());
        let content = bytes(11 << 20, 3, true);
        upload.write(&content).await.unwrap();
        upload.finish().await.unwrap();
        stop.cancel();
        // Its time to complete passes first.
        upload.stop().passed(sponsor_backup::stop::Deadline::CompleteUpload).await;
        upload.abandon().await.unwrap();
    });
    assert!(keys(&case.store, "").is_empty());
    assert!(case.names().is_empty(), "{:?}", case.names());
}

/// A capability that a store reports as missing is an error if it is asked for, and never a silent success.
pub(super) fn what_a_store_cannot_do_is_an_error(case: &Case) {
    let (store, can) = (&case.store, case.store.capabilities());
    put(store, KEY, b"x").unwrap();
    assert!(can.conditional_put, "every store must");
    let lock = run(store.resolve_lock(LockChoice::Governance, jiff::Timestamp::now(), Some(7)));
    assert_eq!(lock.is_ok(), can.locks);
    if !can.locks {
        assert!(matches!(run(store.require_object_lock()), Err(StoreError::NoObjectLock { .. })));
        assert!(run(store.thaw(KEY, Some(7))).is_err());
    }
    let tags = run(store.tags(KEY)).unwrap();
    assert!(can.tags || tags.is_none(), "{tags:?}");
}
