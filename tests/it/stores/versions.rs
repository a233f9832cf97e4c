//! Removing, hiding, bringing back and holding objects, and what versioned buckets show of that.

use std::collections::BTreeSet;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use serde_json::json;
use sponsor_backup::store::{ObjectVersion, StoreError, Versioning};

use super::Case;
use super::suite::{KEY, keys, put, run};
use crate::archive::store_at;
use crate::support::{Action, Moto, Proxy, Store, tools};

/// More than a page holds.
const MANY: usize = 1_050;

fn bucket(kind: &str) -> (&'static Moto, String) {
    (Moto::shared(), format!("{kind}-{}", tools::unique()))
}

/// Puts versions of one key.
fn put_versions(moto: &Store, bucket: &str, key: &str, count: usize) {
    let put = |at: usize| {
        let body = ByteStream::from(at.to_string().into_bytes());
        moto.client().put_object().bucket(bucket).key(key).body(body).send()
    };
    // One after the other: Moto loses some of those that come at once.
    (0..count).for_each(|at| drop(run(put(at)).unwrap()));
}

fn shown(versions: &[ObjectVersion]) -> Vec<(&str, bool, bool, u64)> {
    versions.iter().map(|it| (it.key.as_str(), it.is_latest, it.is_delete_marker, it.bytes)).collect()
}

pub(super) fn what_is_removed_is_in_no_listing(case: &Case) {
    let (store, other) = (&case.store, format!("{KEY}.sha256"));
    put(store, KEY, b"content").unwrap();
    put(store, &other, b"hash").unwrap();
    let marker = run(store.remove(KEY)).unwrap();
    assert_eq!(marker.is_some(), run(store.versioning()).is_ok_and(|found| found == Versioning::Enabled));
    assert_eq!(keys(store, "backups/"), [other.as_str()]);
    assert!(matches!(run(store.examine(KEY)), Err(StoreError::Missing { .. })));
    put(store, KEY, b"again").unwrap();
    assert_eq!(&run(store.read_small(KEY, 5)).unwrap()[..], b"again");
}

#[test]
fn a_marker_hides_an_object_until_it_is_removed() {
    let Case { store, .. } = Case::moto();
    put(&store, KEY, b"content").unwrap();
    let marker = run(store.remove(KEY)).unwrap().unwrap();
    let versions = run(store.versions("backups/")).unwrap();
    assert_eq!(shown(&versions), [(KEY, true, true, 0), (KEY, false, false, 7)]);
    assert_eq!(versions[0].version, marker);
    assert!(versions.iter().all(|it| it.modified.is_some()));
    run(store.remove_marker(KEY, &marker)).unwrap();
    let info = run(store.examine(KEY)).unwrap();
    assert_eq!((info.bytes, info.version), (7, Some(versions[1].version.clone())));
    assert_eq!(shown(&run(store.versions("backups/")).unwrap()), [(KEY, true, false, 7)]);
    assert!(run(store.versions("other/")).unwrap().is_empty());
}

#[test]
fn all_pages_of_versions_are_read() {
    let (moto, bucket) = bucket("many");
    moto.versioned_bucket(&bucket);
    let proxy = Proxy::before(moto.endpoint());
    let store = store_at(&proxy.endpoint(), moto, &bucket);
    let odd = "backups/a b+c%2Bé";
    put_versions(moto, &bucket, odd, 3);
    put_versions(moto, &bucket, KEY, MANY);
    run(store.remove(odd)).unwrap();
    let versions = run(store.versions("backups/")).unwrap();
    let ids: BTreeSet<_> = versions.iter().map(|it| &it.version).collect();
    assert_eq!((versions.len(), ids.len()), (MANY + 4, MANY + 4));
    assert_eq!(proxy.requests().iter().filter(|seen| seen.has("versions")).count(), 2);
    let of = |key: &str| versions.iter().filter(|it| it.key == key).count();
    assert_eq!((of(KEY), of(odd)), (MANY, 4));
    assert!(versions.is_sorted_by_key(|it| &it.key));
    assert_eq!(versions.iter().filter(|it| it.is_latest).count(), 2);
}

#[test]
fn versioning_has_three_states() {
    let (moto, bucket) = bucket("states");
    moto.bucket(&bucket);
    let store = store_at(moto.endpoint(), moto, &bucket);
    assert_eq!(run(store.versioning()).unwrap(), Versioning::Never);
    for (status, expected) in [
        (BucketVersioningStatus::Enabled, Versioning::Enabled),
        (BucketVersioningStatus::Suspended, Versioning::Suspended),
    ] {
        let configuration = VersioningConfiguration::builder().status(status).build();
        let request =
            moto.client().put_bucket_versioning().bucket(&bucket).versioning_configuration(configuration);
        run(request.send()).unwrap();
        assert_eq!(run(store.versioning()).unwrap(), expected);
    }
}

#[test]
fn a_hold_is_on_one_version_and_does_not_stop_a_marker() {
    let Case { store, .. } = Case::moto();
    put(&store, KEY, b"content").unwrap();
    assert_eq!(run(store.legal_hold(KEY)).unwrap(), None, "it never had one");
    assert!(run(store.shows_legal_holds(KEY)).unwrap());
    let version = run(store.examine(KEY)).unwrap().version.unwrap();
    run(store.set_legal_hold(KEY, &version, true)).unwrap();
    assert_eq!(run(store.legal_hold(KEY)).unwrap(), Some(true));
    let marker = run(store.remove(KEY)).unwrap().unwrap();
    assert_eq!(run(store.examine_version(KEY, &version)).unwrap().legal_hold, Some(true));
    // Whatever the right, a version under a hold stays.
    assert!(run(store.remove_marker(KEY, &version)).unwrap_err().is_access_denied());
    run(store.remove_marker(KEY, &marker)).unwrap();
    run(store.set_legal_hold(KEY, &version, false)).unwrap();
    assert_eq!(run(store.legal_hold(KEY)).unwrap(), Some(false));
}

#[test]
fn a_bucket_without_object_lock_cannot_hold() {
    let (moto, bucket) = bucket("no-lock");
    moto.versioned_bucket(&bucket);
    let store = store_at(moto.endpoint(), moto, &bucket);
    put(&store, KEY, b"content").unwrap();
    let version = run(store.examine(KEY)).unwrap().version.unwrap();
    let error = run(store.set_legal_hold(KEY, &version, true)).unwrap_err();
    assert!(matches!(error, StoreError::CannotHold { .. }), "{error}");
    assert_eq!(run(store.legal_hold(KEY)).unwrap(), None);
}

/// Not to see a hold is not the same as to see that there is none.
#[test]
fn without_the_right_holds_are_not_shown() {
    let (moto, bucket) = bucket("blind");
    moto.bucket_with_object_lock(&bucket);
    let proxy = Proxy::before(moto.endpoint());
    let store = store_at(&proxy.endpoint(), moto, &bucket);
    put(&store, KEY, b"content").unwrap();
    // Moto knows no rights of their own for holds.
    proxy.rule(|seen| {
        let denied = "<Error><Code>AccessDenied</Code></Error>";
        if seen.has("legal-hold") { Action::Status(403, denied.into()) } else { Action::Pass }
    });
    assert!(!run(store.shows_legal_holds(KEY)).unwrap());
    assert!(run(store.shows_locks(KEY)).unwrap());
    let denied = run(store.set_legal_hold(KEY, "null", true)).unwrap_err();
    assert!(denied.hint().unwrap().starts_with("Grant s3:PutObjectLegalHold"), "{denied:?}");
}

#[test]
fn without_the_rights_nothing_is_listed_or_hidden() {
    let actions = json!(["s3:PutObject", "s3:PutObjectTagging", "s3:GetObject", "s3:ListBucket"]);
    let allow = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    let moto = Moto::with_policy(&json!({"Version": "2012-10-17", "Statement": [allow]}));
    moto.bucket_with_object_lock("held");
    let store = store_at(moto.endpoint(), &moto, "held");
    put(&store, KEY, b"content").unwrap();
    for denied in [run(store.versions("backups/")).unwrap_err(), run(store.remove(KEY)).unwrap_err()] {
        assert!(denied.is_access_denied(), "{denied}");
        assert!(denied.hint().unwrap().starts_with("Grant s3:"), "{denied:?}");
    }
    assert_eq!(keys(&store, "backups/"), [KEY]);
}

#[test]
fn a_folder_keeps_nothing_that_is_removed() {
    let case = Case::folder();
    let store = &case.store;
    put(store, KEY, b"content").unwrap();
    assert_eq!(run(store.versioning()).unwrap(), Versioning::Never);
    assert!(matches!(run(store.versions("")), Err(StoreError::Unsupported { .. })));
    assert!(matches!(run(store.set_legal_hold(KEY, "1", true)), Err(StoreError::CannotHold { .. })));
    assert_eq!(run(store.remove(KEY)).unwrap(), None);
    assert!(matches!(run(store.remove(KEY)), Err(StoreError::Missing { .. })));
    assert!(matches!(run(store.remove("no/such/folder")), Err(StoreError::Missing { .. })));
}

#[test]
fn what_is_no_file_is_not_removed_from_a_folder() {
    let root = tools::open_folder("store");
    let store = super::case::open_folder(root.path()).unwrap();
    std::fs::create_dir_all(root.path().join("backups/folder")).unwrap();
    std::fs::write(root.path().join("target"), b"kept").unwrap();
    std::os::unix::fs::symlink(root.path().join("target"), root.path().join("backups/link")).unwrap();
    for key in ["backups/folder", "backups/link", "../target"] {
        run(store.remove(key)).unwrap_err();
    }
    assert!(root.path().join("backups/link").is_symlink() && root.path().join("backups/folder").is_dir());
    assert_eq!(std::fs::read(root.path().join("target")).unwrap(), b"kept");
}
