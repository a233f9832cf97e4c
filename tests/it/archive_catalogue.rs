//! What the archive learns without opening anything, from the library against real servers: listings of many pages,
//! objects that are not there, small files, frozen objects and their thaw.

use std::collections::BTreeSet;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::StorageClass;
use futures_util::{StreamExt as _, stream};
use sponsor_backup::archive::catalogue::{Piece, catalogue, prefix};
use sponsor_backup::archive::codec::Format;
use sponsor_backup::archive::{ArchiveError, Identities, SealedObject, open};
use sponsor_backup::sponsors::Environment;
use sponsor_backup::store::thaw::{Thaw, ThawState};
use sponsor_backup::store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use super::archive::store_at;
use crate::support::{Action, Moto, Proxy, StrictS3, runtime};

const KEY: &str = "backups/2026/01/01/backup-prod-20260101-000000.sql.gz";

fn put_all(moto: &Moto, bucket: &str, keys: &BTreeSet<String>) {
    let put = |key: &String| {
        let body = ByteStream::from_static(b"1234567");
        let request = moto.client().put_object().bucket(bucket).key(key).body(body).send();
        async move { drop(request.await.unwrap()) }
    };
    runtime().block_on(stream::iter(keys.iter().map(put)).buffer_unordered(16).collect::<()>());
}

/// 700 backups of three objects each; of one the manifest is missing.
fn backups(dumps: &mut Vec<String>) -> BTreeSet<String> {
    let key = |at: usize| {
        let (day, second) = (at % 28 + 1, at % 60);
        format!("backups/2026/02/{day:02}/backup-prod-202602{day:02}-{:06}.sql.gz", at / 28 * 100 + second)
    };
    dumps.extend((0..700).map(key));
    let beside = |dump: &String| [dump.clone(), format!("{dump}.sha256"), format!("{dump}.manifest.json")];
    let mut keys: BTreeSet<String> = dumps.iter().flat_map(beside).collect();
    keys.remove(&format!("{}.manifest.json", dumps[350]));
    keys
}

#[test]
fn a_listing_of_many_pages_is_read_whole() {
    let moto = Moto::shared();
    moto.bucket("many-pages");
    let mut dumps = Vec::new();
    let mut keys = backups(&mut dumps);
    let strange = ["a b+c", "100%25", "José", "&<>\""];
    keys.extend(strange.iter().map(|name| format!("backups/{name}")));
    let staging = "staging/backups/2026/02/01/backup-staging-20260201-000000.sql.gz";
    let mut all = keys.clone();
    all.extend(["deployments/x.json".to_owned(), staging.to_owned()]);
    put_all(moto, "many-pages", &all);

    let proxy = Proxy::before(moto.endpoint());
    let store = store_at(&proxy.endpoint(), moto, "many-pages");
    let listed = runtime().block_on(store.list(&prefix(Environment::Production))).unwrap();
    assert!(proxy.requests().len() > 2, "{} pages", proxy.requests().len());
    assert!(listed.iter().all(|object| object.bytes == 7 && object.modified.is_some()));
    assert!(listed.iter().all(|object| object.storage_class.as_deref() == Some("STANDARD")));
    let listed_keys: BTreeSet<String> = listed.iter().map(|object| object.key.clone()).collect();
    assert_eq!((listed.len(), &listed_keys), (keys.len(), &keys));

    let catalogue = catalogue(Environment::Production, listed);
    let lacking = dumps.remove(350);
    assert_eq!(catalogue.incomplete.len(), 1);
    assert_eq!(catalogue.incomplete[0].backup.key, lacking);
    assert_eq!(catalogue.incomplete[0].lacks, [Piece::Manifest]);
    dumps.sort_unstable_by(|left, right| right.cmp(left));
    let found: Vec<&str> = catalogue.backups.iter().map(|entry| entry.backup.key.as_str()).collect();
    assert_eq!(found, dumps);
}

/// As S3 answers; the servers of the tests take no such keys, or do not encode them.
#[test]
fn keys_that_xml_cannot_carry_stay_the_same() {
    let server = StrictS3::start();
    server.bucket("odd");
    let proxy = Proxy::before(server.endpoint());
    let answer = |keys: &[&str]| {
        let object = |key: &&str| format!("<Contents><Key>{key}</Key><Size>1</Size></Contents>");
        let objects: String = keys.iter().map(object).collect();
        let head = "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>";
        format!("{head}{objects}</ListBucketResult>").into_bytes()
    };
    let encoded = [KEY.to_owned(), format!("{KEY}%0A"), "a+b%2Bc".into(), "%01".into(), "%FF".into()];
    let encoded: Vec<&str> = encoded.iter().map(String::as_str).collect();
    proxy.rule({
        let answer = answer(&encoded);
        move |_| Action::ReplaceBody(answer.clone())
    });
    let store = store_at(&proxy.endpoint(), &server, "odd");
    let listed = runtime().block_on(store.list("")).unwrap();
    let keys: Vec<&str> = listed.iter().map(|object| object.key.as_str()).collect();
    assert_eq!(keys, [KEY, &format!("{KEY}\n"), "a b+c", "\u{1}"]);
    assert_eq!(catalogue(Environment::Production, listed).incomplete.len(), 1);
    assert!(proxy.requests()[0].has("encoding-type"));
}

#[test]
fn a_missing_object_is_distinguished_from_a_missing_bucket() {
    let server = StrictS3::start();
    server.bucket("small");
    let store = store_at(server.endpoint(), &server, "small");
    let missing = |error: StoreError| {
        assert!(matches!(error, StoreError::Missing { .. }), "{error}");
        assert_eq!(error.to_string(), "s3://small/none does not exist");
        assert!(error.hint().unwrap().contains("sponsor-backup list"));
    };
    missing(runtime().block_on(store.examine("none")).unwrap_err());
    missing(runtime().block_on(store.read_small("none", 10)).unwrap_err());

    let moto = Moto::shared();
    let nowhere = store_at(moto.endpoint(), moto, "no-such-bucket");
    for error in [
        runtime().block_on(nowhere.read_small("none", 10)).unwrap_err(),
        runtime().block_on(nowhere.list("")).unwrap_err(),
    ] {
        assert!(matches!(&error, StoreError::S3 { code, .. } if code == "NoSuchBucket"), "{error}");
    }
}

#[test]
fn a_small_file_is_read_whole_or_refused() {
    let server = StrictS3::start();
    server.bucket("small");
    server.put("small", "ten", "0123456789");
    server.put("small", "none", "");
    let proxy = Proxy::before(server.endpoint());
    let store = store_at(&proxy.endpoint(), &server, "small");
    let read = |key, limit| runtime().block_on(store.read_small(key, limit));
    assert_eq!(read("ten", 10).unwrap(), "0123456789");
    assert_eq!(read("none", 0).unwrap(), "");
    let error = read("ten", 9).unwrap_err().to_string();
    assert_eq!(error, "s3://small/ten is longer than 9 bytes");
    proxy.spoil(2, Action::CutAnswer(4), |_| true);
    assert_eq!(read("ten", 10).unwrap(), "0123456789");
}

#[test]
fn a_right_that_is_missing_is_named() {
    let server = StrictS3::start();
    let proxy = Proxy::before(server.endpoint());
    let denied = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    proxy.rule(|_| Action::Status(403, denied.to_owned()));
    let store = store_at(&proxy.endpoint(), &server, "any");
    let hints = [
        (runtime().block_on(store.list("")).unwrap_err(), "Grant s3:ListBucket on"),
        (runtime().block_on(store.examine("k")).unwrap_err(), "Grant s3:GetObject on"),
        (runtime().block_on(store.read_small("k", 1)).unwrap_err(), "Grant s3:GetObject on"),
        (runtime().block_on(store.thaw("k", Some(1))).unwrap_err(), "Grant s3:RestoreObject on"),
    ];
    for (error, expected) in hints {
        let hint = error.hint().unwrap();
        assert!(hint.starts_with(expected), "{error}: {hint}");
    }
}

fn read(store: &Store) -> Result<Vec<u8>, ArchiveError> {
    runtime().block_on(async {
        let examined = store.examine(KEY).await?;
        let source = SealedObject {
            store: store.clone(),
            key: KEY.to_owned(),
            mark: examined.mark,
            bytes: examined.bytes,
            format: Format::Gzip,
            encrypted: false,
            identities: Identities::default(),
        };
        let mut reader = open(source, CancellationToken::new())?;
        let piece = reader.next().await?.unwrap_or_default();
        reader.finish().await?;
        Ok(piece.to_vec())
    })
}

// serves: REQ-o00008/long-term-archive
#[test]
fn a_frozen_backup_is_read_once_it_was_thawed() {
    let moto = Moto::shared();
    moto.bucket("frozen");
    let member = Format::Gzip.compress(b"one row", 1).unwrap();
    let put = moto.client().put_object().bucket("frozen").key(KEY).body(ByteStream::from(member));
    runtime().block_on(put.storage_class(StorageClass::DeepArchive).send()).unwrap();
    let proxy = Proxy::before(moto.endpoint());
    let store = store_at(&proxy.endpoint(), moto, "frozen");
    let examine = || runtime().block_on(store.examine(KEY)).unwrap();
    let thaw = || runtime().block_on(store.thaw(KEY, Some(3)));

    let frozen = examine();
    assert_eq!(
        (frozen.storage_class.as_deref().unwrap_or_default(), frozen.restored),
        ("DEEP_ARCHIVE", ThawState::No)
    );
    let listed = runtime().block_on(store.list("backups/")).unwrap();
    assert_eq!(listed[0].storage_class.as_deref(), Some("DEEP_ARCHIVE"));
    let expected = frozen.readable(&store.location(KEY)).unwrap_err().to_string();
    let refused = read(&store).unwrap_err();
    assert!(
        matches!(refused, ArchiveError::Store(StoreError::Frozen { thaw: Thaw::NotRequested, .. })),
        "{refused}"
    );
    assert_eq!(refused.to_string(), expected);

    proxy.rule(|_| Action::ChangeHeader("x-amz-restore", "ongoing-request=\"true\"".to_owned()));
    let refused = read(&store).unwrap_err();
    assert!(
        matches!(refused, ArchiveError::Store(StoreError::Frozen { thaw: Thaw::Ongoing, .. })),
        "{refused}"
    );
    let already = "<Error><Code>RestoreAlreadyInProgress</Code><Message>wait</Message></Error>";
    proxy.rule(|_| Action::Status(409, already.to_owned()));
    thaw().unwrap();

    proxy.rule(|_| Action::Pass);
    thaw().unwrap();
    thaw().unwrap();
    assert!(matches!(examine().restored, ThawState::Until(_)), "{:?}", examine());
    assert_eq!(read(&store).unwrap(), b"one row");
}

#[test]
fn what_is_not_frozen_is_not_thawed() {
    let moto = Moto::shared();
    moto.bucket("never-frozen");
    moto.put("never-frozen", KEY, "x");
    let store = store_at(moto.endpoint(), moto, "never-frozen");
    let error = runtime().block_on(store.thaw(KEY, Some(3))).unwrap_err();
    assert!(matches!(&error, StoreError::S3 { code, .. } if code == "InvalidObjectState"), "{error}");
    let missing = runtime().block_on(store.thaw("none", Some(3))).unwrap_err();
    assert!(matches!(missing, StoreError::Missing { .. }), "{missing}");
}
