//! What a store must do, on real directories. Faults that need another user, a full disk or a mount are in `tests/it`.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use bytes::Bytes;
use proptest::prelude::{ProptestConfig, any, prop, prop_assert_eq, proptest};
use tempfile::TempDir;

use super::*;
use crate::store::hash::{Hasher, SizeAndHash};

pub(super) const KEY: &str = "backups/2026/11/21/backup-prod-20261121-013000.sql.gz";

/// A new folder, which is removed at the end of the test.
pub(super) fn folder() -> (TempDir, Folder) {
    let place = tempfile::tempdir().unwrap();
    let folder = Folder::open(place.path(), &Surroundings::default()).unwrap();
    (place, folder)
}

pub(super) fn measured(bytes: &[u8]) -> SizeAndHash {
    let mut hasher = Hasher::default();
    hasher.feed(bytes);
    hasher.read()
}

pub(super) async fn put(folder: &Folder, key: &str, bytes: &[u8]) -> Result<(), FolderError> {
    folder.put_new(key, Bytes::copy_from_slice(bytes)).await
}

pub(super) async fn get(folder: &Folder, key: &str) -> Vec<u8> {
    let mut file = folder.open_file(key, None).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = file.next().await.unwrap() {
        assert!(piece.len() <= 256 << 10);
        bytes.extend_from_slice(&piece);
    }
    assert_eq!(file.next().await.unwrap(), None);
    bytes
}

/// Names in a directory, hidden ones too.
pub(super) fn names(path: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(path).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn objects_of_any_size_come_back() {
    let (_place, folder) = folder();
    for length in [0, 1, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, 3 << 20] {
        let bytes: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let key = format!("backups/{length}");
        put(&folder, &key, &bytes).await.unwrap();
        assert_eq!(get(&folder, &key).await, bytes, "{length}");
        assert_eq!(folder.examine(&key).await.unwrap().bytes, u64::try_from(length).unwrap());
        let error = folder.read_small(&key, 1 << 20).await;
        match u64::try_from(length).unwrap() > 1 << 20 {
            false => assert_eq!(error.unwrap(), bytes),
            true => assert_eq!(
                error.unwrap_err(),
                FolderError::TooLong { location: folder.location(&key), limit_bytes: 1 << 20 }
            ),
        }
    }
}

#[tokio::test]
async fn the_second_writer_of_a_key_loses() {
    let (place, folder) = folder();
    let mut late = folder.begin(KEY).await.unwrap();
    late.write(Bytes::from_static(b"second")).await.unwrap();
    put(&folder, KEY, b"first").await.unwrap();
    let taken = FolderError::AlreadyExists { location: folder.location(KEY) };
    assert_eq!(late.publish(&measured(b"second")).await.unwrap_err(), taken);
    assert_eq!(put(&folder, KEY, b"third").await.unwrap_err(), taken);
    assert_eq!(get(&folder, KEY).await, b"first");
    assert_eq!(names(&place.path().join("backups/2026/11/21")).len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_writers_at_once_wins() {
    let (place, folder) = folder();
    for round in 0..10_u32 {
        let key = format!("at/once/{round}");
        let writers = (0..12_u8).map(|writer| {
            let (folder, key) = (folder.clone(), key.clone());
            tokio::spawn(async move { put(&folder, &key, &[writer; 1000]).await.map(|()| writer) })
        });
        let mut winners = Vec::new();
        for writer in writers.collect::<Vec<_>>() {
            match writer.await.unwrap() {
                Ok(writer) => winners.push(writer),
                Err(error) => {
                    assert_eq!(error, FolderError::AlreadyExists { location: folder.location(&key) })
                }
            }
        }
        assert_eq!(winners.len(), 1);
        assert_eq!(get(&folder, &key).await, [winners[0]; 1000]);
    }
    assert_eq!(names(&place.path().join("at/once")).len(), 10);
}

#[test]
fn only_the_owner_can_read_whatever_the_umask() {
    for umask in ["0000", "0022", "0077", "0277"] {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir(place.path().join("store")).unwrap();
        // The umask belongs to the whole process, so a process of its own gets it.
        let done = Command::new("sh")
            .args(["-c", &format!("umask {umask}; exec \"$@\""), "sh"])
            .arg(std::env::current_exe().unwrap())
            .args([
                "--ignored",
                "--exact",
                "store::folder::tests::stores_an_object_below_the_current_directory",
            ])
            .current_dir(place.path())
            .output()
            .unwrap();
        assert!(String::from_utf8_lossy(&done.stdout).contains("1 passed"), "{done:?}");
        let path = place.path().join("store/one/two/three");
        assert_eq!(mode(&path), 0o600, "{umask}");
        for above in path.ancestors().skip(1).take(2) {
            assert_eq!(mode(above), 0o700, "{umask}");
        }
    }
}

#[tokio::test]
#[ignore = "the test of the umask runs it in a process of its own"]
async fn stores_an_object_below_the_current_directory() {
    let root = std::env::current_dir().unwrap().join("store");
    let folder = Folder::open(&root, &Surroundings::default()).unwrap();
    put(&folder, "one/two/three", b"bytes").await.unwrap();
}

#[test]
fn a_location_is_a_url_that_leads_back() {
    let place = tempfile::tempdir().unwrap();
    for name in ["plain", "with blank", "per%25cent", "a?b#c", "umläut", "a[b]^c|d`e\"f\\g{h}"] {
        let root = place.path().join(name);
        std::fs::create_dir(&root).unwrap();
        let folder = Folder::open(&root, &Surroundings::default()).unwrap();
        for key in [KEY, "one key/a%20b"] {
            let url = url::Url::parse(&folder.location(key)).unwrap();
            assert_eq!((url.scheme(), url.host()), ("file", None));
            assert_eq!(url.to_file_path().unwrap(), root.join(key));
            // The URL needs no further encoding.
            assert_eq!(url.as_str(), folder.location(key));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_bytes_in_any_pieces_come_back(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..100_000), 0..8)) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (_place, folder) = folder();
        let whole = pieces.concat();
        let back = runtime.block_on(async {
            let mut pending = folder.begin(KEY).await.unwrap();
            for piece in pieces {
                pending.write(Bytes::from(piece)).await.unwrap();
            }
            pending.publish(&measured(&whole)).await.unwrap();
            get(&folder, KEY).await
        });
        prop_assert_eq!(back, whole);
    }
}
